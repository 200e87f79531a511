"""Adjustments that wait for somebody who may approve them, and the limits above which they do."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext

from mekong.catalog import queries as catalog
from mekong.faces.backoffice import sentences, words
from mekong.faces.backoffice.fields import Errors, read_number
from mekong.faces.backoffice.once import once
from mekong.faces.backoffice.stock_tabs import tabs
from mekong.faces.backoffice.templatetags.mekong import num
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation import queries as people
from mekong.foundation.errors import MekongError
from mekong.foundation.paging import decode_cursor, encode_cursor
from mekong.inventory import commands, queries
from mekong.inventory.contracts import AdjustmentView

PER_PAGE = 50
STATES = ("waiting", "booked", "rejected", "withdrawn")


@page("inventory.view")
def adjustments(visit: Visit) -> HttpResponse:
    """What waits, or was decided, at the places of this person."""
    state = visit.param("state", "waiting")
    state = state if state in STATES else "waiting"
    cursor = visit.param("cursor")
    found = queries.list_adjustments(
        actor=visit.actor, state=state, before=decode_cursor(cursor, tuple[UUID])[0] if cursor else None,
        limit=PER_PAGE + 1,
    )  # fmt: skip
    shown = found[:PER_PAGE]
    context = {
        "stock_tabs": tabs(visit), "here_tab": "adjustments", "state": state, "adjustments": shown,
        "states": [(each, words.ADJUSTMENT_STATES[each].word) for each in STATES],
        "next_cursor": encode_cursor(shown[-1].id) if len(found) > PER_PAGE else None,
        "who": people.names_of({ref for each in shown for ref in (each.asked_by, each.decided_by)}),
        "by_code": {each.code: each for each in queries.list_locations(actor=visit.actor)},
        "variants": catalog.variants_by_id(
            actor=visit.actor, ids={line.variant_id for each in shown for line in each.lines[:1]}
        ),
        "limit": queries.approval_limits().adjustment, "may_limit": visit.actor.may("settings.manage"),
    }  # fmt: skip
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "list"
    return visit.render("stock/adjustments_list.html" if part else "stock/adjustments.html", context)


@page("inventory.view")
def adjustment(visit: Visit, code: str) -> HttpResponse:
    """One of them: what it would do to what stands there now."""
    return _show(visit, queries.get_adjustment(actor=visit.actor, code=code))


def _show(visit: Visit, found: AdjustmentView, *, refused: str = "", errors: Errors | None = None) -> HttpResponse:
    actor = visit.actor
    may_approve = actor.sees_location(found.location_id, "inventory.approve") and actor.ref != found.asked_by
    value = None
    if actor.may("money.view_cost"):
        value = queries.value_of([(line.variant_id, line.quantity, line.unit_cost_minor) for line in found.lines])
    context: dict[str, Any] = {
        "adjustment": found, "refused": refused, "errors": errors or Errors(),
        "variants": catalog.variants_by_id(actor=actor, ids={line.variant_id for line in found.lines}),
        "who": people.names_of({found.asked_by, found.decided_by}),
        "by_code": {each.code: each for each in queries.list_locations(actor=actor)},
        "may_decide": found.state == "waiting" and may_approve,
        "may_withdraw": found.state == "waiting" and actor.ref == found.asked_by,
        "is_own": actor.ref == found.asked_by, "value": value,
        "has_moved": found.state == "waiting" and any(line.has_moved for line in found.lines),
    }  # fmt: skip
    return visit.render("stock/adjustment.html", context, status=422 if refused or errors else 200)


@page("inventory.view", methods=("POST",))
def act(visit: Visit, code: str) -> HttpResponse:
    """Approve, reject or withdraw. What has moved since the page was opened is shown before anything is booked."""
    found = queries.get_adjustment(actor=visit.actor, code=code)
    name, note = visit.posted("act"), visit.posted("note", longest=300)
    if name == "reject" and not note:
        errors = Errors()
        errors.add("note", gettext("Say why, for whoever asked."))
        return _show(visit, found, errors=errors)

    def work() -> str:
        said: dict[str, Any] = {"actor": visit.actor, "code": found.code, "now": visit.now}
        if name == "approve":
            commands.approve_adjustment(**said, seen=_seen(visit), note=note)
        elif name == "reject":
            commands.reject_adjustment(**said, note=note)
        elif name == "withdraw":
            commands.withdraw_adjustment(**said)
        return f"/stock/adjustments/{found.code}/"

    try:
        answer = once(visit, work)
    except MekongError as refused:
        return _show(visit, queries.get_adjustment(actor=visit.actor, code=code), refused=sentences.of(refused))
    done = queries.get_adjustment(actor=visit.actor, code=code)
    visit.flash(f"{done.code}: {words.ADJUSTMENT_STATES[done.state].word}")
    return answer


def _seen(visit: Visit) -> list[int] | None:
    """On hand of each line as the page showed it; None when it did not say."""
    parts = visit.posted("seen", longest=20_000).split(",")
    return [int(each) for each in parts] if all(each.isdigit() for each in parts) else None


# --- limits ---------------------------------------------------------------------------------------------------------------

FIELDS = ("transfer_units", "transfer_value_minor", "adjustment_units", "adjustment_value_minor")


@page("settings.manage", methods=("GET", "HEAD", "POST"))
def limits(visit: Visit) -> HttpResponse:
    """Above how much somebody else has to approve; an empty field is no limit."""
    errors = Errors()
    now = queries.approval_limits()
    stands = (now.transfer.units, now.transfer.value_minor, now.adjustment.units, now.adjustment.value_minor)
    form = {name: "" if most is None else num(most) for name, most in zip(FIELDS, stands, strict=True)}
    if visit.is_post:
        form = {name: visit.posted(name, longest=30) for name in FIELDS}
        wanted = {name: read_number(errors, name, text, most=10**12) if text else None for name, text in form.items()}
        if not errors:

            def work() -> str:
                commands.set_approval_limits(actor=visit.actor, **wanted)
                return "/stock/adjustments/"

            answer = once(visit, work)
            visit.flash(gettext("The limits hold from now on"))
            return answer
    context = {"form": form, "errors": errors}
    return visit.render("stock/limits.html", context, status=422 if errors else 200)
