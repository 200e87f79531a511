"""The way from an empty installation to its first order: one page a step, each to be skipped, none in the way."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpResponse
from django.utils.translation import gettext

from mekong.channels import commands as channel_commands
from mekong.channels import queries as channels
from mekong.faces.backoffice import channel_book, steps, words
from mekong.faces.backoffice.fields import Errors
from mekong.faces.backoffice.once import once
from mekong.faces.backoffice.visit import SETTING_UP, Visit, page
from mekong.foundation import company
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MekongError
from mekong.foundation.text import fold
from mekong.inventory import commands as inventory_commands
from mekong.inventory import queries as inventory
from mekong.inventory.contracts import LocationView
from mekong.orders import queries as orders
from mekong.orders.contracts import OrderFilter

COMPANY = ("name", "tax_code", "phone", "email", "address")


@page(steps.RIGHT, methods=("GET", "HEAD", "POST"))
def welcome(visit: Visit) -> HttpResponse:
    """A step, or the first that is not done. A POST does what the step asks for."""
    name = visit.param("step") or next((each.name for each in steps.all_steps(visit) if not each.is_done), "orders")
    if name not in _GIVEN:
        raise Http404
    errors, form = Errors(), dict[str, str]()
    if visit.is_post:
        act = _DONE.get((name, visit.posted("act", "save", longest=20)))
        if act is None:
            raise Http404
        form, work = act(visit)
        try:
            return once(visit, work)
        except MekongError as refused:
            errors.take(refused)
    return _show(visit, name, form, errors)


def _show(visit: Visit, name: str, form: dict[str, str], errors: Errors) -> HttpResponse:
    found = steps.all_steps(visit)
    # Every page leads back here for as long as something is left to do, no longer.
    if not all(each.is_done for each in found):
        visit.request.session[SETTING_UP] = True
    elif SETTING_UP in visit.request.session:
        del visit.request.session[SETTING_UP]
    at = next(place for place, each in enumerate(found) if each.name == name)
    context = {
        "steps": found, "step": found[at], "next": found[at + 1] if at + 1 < len(found) else None,
        "previous": found[at - 1] if at else None, "done": sum(each.is_done for each in found), "errors": errors,
        "form": form, **_GIVEN[name](visit, form),
    }  # fmt: skip
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "step"
    return visit.render("welcome_step.html" if part else "welcome.html", context, status=422 if errors else 200)


@page(steps.RIGHT, methods=("POST",))
def leave(visit: Visit) -> HttpResponse:
    """Put the first steps aside, or take them up again."""
    if visit.posted("again"):
        company.resume_setup(actor=visit.actor)
        return visit.redirect("/welcome/")
    company.leave_setup(actor=visit.actor, now=visit.now)
    visit.request.session.pop(SETTING_UP, None)
    visit.flash(gettext("The first steps are put aside"), undo=("/welcome/leave/", {"again": "1"}))
    return visit.redirect("/")


# --- what a step shows ------------------------------------------------------------------------------------------------


def _company(visit: Visit, form: dict[str, str]) -> dict[str, Any]:  # noqa: ARG001 - the form of every step
    known = company.get_company()
    return {"form": form or {name: getattr(known, name) for name in COMPANY}}


def _places(visit: Visit, form: dict[str, str]) -> dict[str, Any]:
    found = inventory.list_locations(actor=visit.actor)
    fresh = next((place for place in found if _is_untouched(place)), None)
    return {"places": found, "fresh": fresh, "form": form or {"name": "", "kind": "store", "address": "", "code": ""}}


def _is_untouched(place: LocationView) -> bool:
    """The place that is there from the start, as `mekong up` calls it."""
    return (place.code, place.name, dict(place.address)) == ("CH1", "Cửa hàng", {})


def _nothing(visit: Visit, form: dict[str, str]) -> dict[str, Any]:  # noqa: ARG001 - the form of every step
    return {}


def _channel(visit: Visit, form: dict[str, str]) -> dict[str, Any]:
    remote = [each for each in channels.list_channels(actor=visit.actor) if each.is_remote]
    return {
        "connectors": channels.list_connectors(),
        "known": [(each, channel_book.mark_of(each)) for each in remote],
        "form": form or {"kind": "", "name": "", "shop_id": ""},
    }


def _orders(visit: Visit, form: dict[str, str]) -> dict[str, Any]:  # noqa: ARG001 - the form of every step
    found = orders.list_orders(actor=visit.actor, wanted=OrderFilter(), limit=3).orders
    remote = [each for each in channels.list_channels(actor=visit.actor) if each.is_remote]
    return {
        "found": found,
        "marks": channel_book.marks([each.channel for each in found]),
        "known": [(each, channel_book.mark_of(each), channel_book.state_of(each, visit.now)) for each in remote],
    }


_GIVEN: dict[str, Callable[[Visit, dict[str, str]], dict[str, Any]]] = {
    "company": _company,
    "places": _places,
    "products": _nothing,
    "stock": _nothing,
    "channel": _channel,
    "orders": _orders,
}


# --- what a step does -------------------------------------------------------------------------------------------------

Done = tuple[dict[str, str], Callable[[], str]]


def _save_company(visit: Visit) -> Done:
    form = {name: visit.posted(name, longest=400) for name in COMPANY}

    def work() -> str:
        company.set_company(actor=visit.actor, **form)
        return "/welcome/?step=places"

    return form, work


def _save_place(visit: Visit) -> Done:
    form = {name: visit.posted(name, longest=400) for name in ("name", "kind", "address", "code")}

    def work() -> str:
        address = {"line": form["address"]} if form["address"] else {}
        if form["code"]:
            inventory_commands.update_location(actor=visit.actor, code=form["code"], name=form["name"], address=address)
        else:
            inventory_commands.create_location(
                actor=visit.actor, code=_free_code(form["name"]), name=form["name"], kind=form["kind"], address=address
            )
        return "/welcome/?step=places"

    return form, work


def _free_code(name: str) -> str:
    """A short code made of a place's name: “Lê Lợi” is LE-LOI, a second one LE-LOI-2."""
    plain = re.sub(r"[^A-Z0-9]+", "-", fold(name).upper()).strip("-")[:24].strip("-") or "KHO"
    taken = {each.code for each in inventory.list_locations(actor=SYSTEM)} | set(words.PLACES)
    return next(code for n in range(1, 10_000) if (code := plain if n == 1 else f"{plain}-{n}") not in taken)


def _save_channel(visit: Visit) -> Done:
    form = {name: visit.posted(name, longest=120) for name in ("kind", "name", "shop_id")}

    def work() -> str:
        taken = {each.code for each in channels.list_channels(actor=SYSTEM)}
        kind = form["kind"] if form["kind"] in {each.name for each in channels.list_connectors()} else ""
        code = next(each for n in range(1, 1000) if (each := f"{kind or 'x'}-{n}") not in taken)
        made = channel_commands.create_channel(
            actor=visit.actor, code=code, name=form["name"], kind=form["kind"], shop_id=form["shop_id"], now=visit.now
        )
        return f"/channels/{made.code}/orders-file/"

    return form, work


_DONE: dict[tuple[str, str], Callable[[Visit], Done]] = {
    ("company", "save"): _save_company,
    ("places", "save"): _save_place,
    ("channel", "file"): _save_channel,
}
