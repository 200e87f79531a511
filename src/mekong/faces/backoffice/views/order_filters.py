"""Saving the list one looks at, and putting one's saved filters in order."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.utils.translation import gettext

from mekong.faces.backoffice import order_conditions, sentences
from mekong.faces.backoffice.fields import Errors
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.errors import MekongError
from mekong.orders import commands, queries
from mekong.orders.contracts import SavedFilterView


@page("orders.view", methods=("GET", "HEAD", "POST"))
def filters(visit: Visit) -> HttpResponse:
    """One's own filters: rename, share, move, delete. Posted to: keep the list that `query` names."""
    if not visit.is_post:
        return _show(visit)
    query = QueryDict(visit.posted("query", longest=4000))
    errors = Errors()
    conditions = order_conditions.read(query, errors)
    try:
        saved = commands.save_filter(
            actor=visit.actor, name=visit.posted("name", longest=200), conditions=conditions,
            is_shared=bool(visit.posted("is_shared")), now=visit.now,
        )  # fmt: skip
    except MekongError as refused:
        # What was typed is kept: the form stands on the page of the filters as well.
        return _show(visit, refused=refused, query=query)
    visit.flash(gettext("Saved as “{name}”").format(name=saved.name))
    return visit.redirect(f"/orders/?saved={saved.id}")


def _show(visit: Visit, *, refused: MekongError | None = None, query: QueryDict | None = None) -> HttpResponse:
    found = queries.list_filters(actor=visit.actor)
    own = [each for each in found if each.is_own]
    context = {
        "own": own,
        "shared": [each for each in found if not each.is_own],
        "may_share": visit.actor.may("orders.edit"),
        "may_manage": visit.actor.may("settings.manage"),
        "refused": sentences.of(refused) if refused else "",
        "query": query.urlencode() if query is not None else "",
        "name": visit.posted("name", longest=200),
        "is_shared": bool(visit.posted("is_shared")),
    }
    return visit.render("orders/filters.html", context, status=refused.status if refused else 200)


@page("orders.view", methods=("POST",))
def change(visit: Visit, uid: UUID) -> HttpResponse:
    """Rename, share, have it ask for what is on screen, move up or down, or delete."""
    act = visit.posted("act")
    try:
        if act == "delete":
            commands.remove_filter(actor=visit.actor, filter_id=uid)
            visit.flash(gettext("Filter deleted"))
        elif act in ("up", "down"):
            _move(visit, uid, -1 if act == "up" else 1)
        elif act == "replace":
            conditions = order_conditions.read(QueryDict(visit.posted("query", longest=4000)), Errors())
            commands.change_filter(actor=visit.actor, filter_id=uid, conditions=conditions, now=visit.now)
            visit.flash(gettext("Saved"))
            return visit.redirect(f"/orders/?saved={uid}")
        else:
            commands.change_filter(
                actor=visit.actor, filter_id=uid, name=visit.posted("name", longest=200),
                is_shared=bool(visit.posted("is_shared")), now=visit.now,
            )  # fmt: skip
            visit.flash(gettext("Saved"))
    except MekongError as refused:
        return _show(visit, refused=refused)
    return visit.redirect("/orders/filters/")


def _move(visit: Visit, uid: UUID, by: int) -> None:
    own: list[SavedFilterView] = [each for each in queries.list_filters(actor=visit.actor) if each.is_own]
    ids = [each.id for each in own]
    if uid not in ids:
        return
    at = ids.index(uid)
    there = min(len(ids) - 1, max(0, at + by))
    ids.insert(there, ids.pop(at))
    commands.order_filters(actor=visit.actor, filter_ids=ids)
