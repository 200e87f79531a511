"""The price floor, and how much people of each role may take off by hand."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import get_language, gettext

from mekong.faces.backoffice.fields import Errors
from mekong.faces.backoffice.once import once
from mekong.faces.backoffice.price_fields import bare_percent, read_percent
from mekong.faces.backoffice.price_tabs import tabs
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.errors import MekongError
from mekong.foundation.permissions import ROLES
from mekong.pricing import commands, queries

_GIVING = ("pricing.discount", "orders.edit")
"""Rights by which somebody lowers a price by hand."""


@page(methods=("GET", "HEAD", "POST"))
def policy(visit: Visit) -> HttpResponse:
    """Look at the policy; with the right, set it."""
    visit.actor.require("pricing.manage" if visit.is_post else "pricing.view")
    errors = Errors()
    roles = [each for each in ROLES.values() if each.permissions is None or not each.permissions.isdisjoint(_GIVING)]
    limits = queries.hand_limits(actor=visit.actor)
    guard = bare_percent(queries.price_guard(actor=visit.actor))
    rows = {each.name: bare_percent(limits.get(each.name)) for each in roles}
    if visit.is_post:
        guard = visit.posted("guard", longest=20)
        rows = {each.name: visit.posted(f"limit-{each.name}", longest=20) for each in roles}
        guard_bp = read_percent(errors, "guard", guard, most=100_000)
        said = {name: read_percent(errors, f"limit-{name}", text) for name, text in rows.items()}
        if not errors:
            try:
                return _save(visit, guard_bp, said)
            except MekongError as refused:
                errors.take(refused, {"guard_bp": "guard", **{f"hand_limits.{name}": f"limit-{name}" for name in rows}})
    language = get_language() or "vi"
    context = {
        "guard": guard, "limits": [(each.name, each.label(language), rows[each.name]) for each in roles], "errors": errors,
        "may_manage": visit.actor.may("pricing.manage"), "price_tabs": tabs(visit), "here_tab": "policy",
    }  # fmt: skip
    return visit.render("prices/policy.html", context, status=422 if errors else 200)


def _save(visit: Visit, guard_bp: int | None, limits: dict[str, int | None]) -> HttpResponse:
    def work() -> str:
        commands.set_policy(actor=visit.actor, guard_bp=guard_bp, limits=limits, now=visit.now)
        return "/prices/policy/"

    answer = once(visit, work)
    visit.flash(gettext("Floor and limits are saved"))
    return answer
