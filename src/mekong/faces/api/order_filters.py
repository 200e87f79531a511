"""Saved filters of the order list."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from mekong.faces.api.auth import authenticate, moment
from mekong.faces.api.orders import OrderRowOut, State, row_out
from mekong.faces.api.shapes import Body, Cursor, Day, Flag, Limit, Minor, PageOf, public_id
from mekong.foundation import ids
from mekong.orders import commands, queries
from mekong.orders.contracts import Conditions, SavedFilterView

router = Router(tags=["orders"])
FilterName = Annotated[str, Field(min_length=1, max_length=60)]


class ConditionsIn(Body):
    """What the filter asks for. `day` moves on with time; `placed_to` is the last day itself; `due_h` hours from now."""

    states: Annotated[list[State], Field(max_length=20, default_factory=list)]
    issues: Annotated[
        list[Literal["address", "stock", "unmatched_line", "duplicate"]], Field(max_length=4, default_factory=list)
    ]
    channels: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=50, default_factory=list)]
    day: Literal["", "today", "yesterday", "week", "month"] = ""
    placed_from: Day | None = None
    placed_to: Day | None = None
    tag: Annotated[str, Field(max_length=40)] = ""
    location: Annotated[str, Field(max_length=40)] = ""
    text: Annotated[str, Field(max_length=120)] = ""
    due_h: Annotated[int, Field(strict=True, ge=0, le=2160)] | None = None
    is_cod: Flag | None = None
    money_from_minor: Minor | None = None
    money_to_minor: Minor | None = None


class ConditionsOut(ConditionsIn):
    """As it was saved."""


class FilterIn(Body):
    name: FilterName
    conditions: ConditionsIn
    is_shared: Flag = False


class FilterPatch(Body):
    """What is left out stays."""

    name: FilterName | None = None
    conditions: ConditionsIn | None = None
    is_shared: Flag | None = None


class FilterOut(Schema):
    id: str
    name: str
    is_shared: bool
    is_own: bool
    conditions: ConditionsOut


class FiltersOut(Schema):
    items: list[FilterOut]


def _asked(given: ConditionsIn) -> Conditions:
    plain = given.model_dump()
    for name in ("states", "issues", "channels"):
        plain[name] = tuple(plain[name])
    return Conditions(**plain)


def _out(saved: SavedFilterView) -> dict[str, Any]:
    asked = {each.name: getattr(saved.conditions, each.name) for each in fields(Conditions)}
    return {
        "id": ids.public("flt", saved.id), "name": saved.name, "is_shared": saved.is_shared, "is_own": saved.is_own,
        "conditions": {name: list(value) if isinstance(value, tuple) else value for name, value in asked.items()},
    }  # fmt: skip


@router.get("/order-filters", response=FiltersOut)
def list_filters(request: HttpRequest) -> Any:
    """The caller's own filters in their order, then those that others share."""
    return {"items": [_out(each) for each in queries.list_filters(actor=authenticate(request))]}


@router.post("/order-filters", response={201: FilterOut})
def save_filter(request: HttpRequest, body: FilterIn) -> Any:
    """Keep a filter under a name. The same again changes nothing. Sharing it needs `orders.edit`."""
    saved = commands.save_filter(
        actor=authenticate(request), name=body.name, conditions=_asked(body.conditions), is_shared=body.is_shared,
        now=moment(request),
    )  # fmt: skip
    return Status(201, _out(saved))


@router.patch("/order-filters/{filter_id}", response=FilterOut)
def change_filter(request: HttpRequest, filter_id: str, body: FilterPatch) -> Any:
    """Rename it, share it or not, or have it ask for something else."""
    actor = authenticate(request)
    actor.require("orders.view")
    return _out(
        commands.change_filter(
            actor=actor, filter_id=public_id("flt", filter_id, "Filter"), name=body.name, is_shared=body.is_shared,
            conditions=_asked(body.conditions) if body.conditions else None, now=moment(request),
        )
    )  # fmt: skip


@router.delete("/order-filters/{filter_id}", response={204: None})
def remove_filter(request: HttpRequest, filter_id: str) -> Any:
    """Forget it. A repeat changes nothing."""
    actor = authenticate(request)
    actor.require("orders.view")
    commands.remove_filter(actor=actor, filter_id=public_id("flt", filter_id, "Filter"))
    return Status(204, None)


@router.get("/order-filters/{filter_id}/orders", response=PageOf[OrderRowOut])
def filtered_orders(request: HttpRequest, filter_id: str, cursor: Cursor = "", limit: Limit = 50) -> Any:
    """The orders it asks for at this moment: open ones by their deadline, others newest first.

    A page of orders that have left may hold fewer than `limit`, or none, and still have a `next_cursor`: so many were
    looked at.
    """
    actor = authenticate(request)
    actor.require("orders.view")
    saved = queries.get_filter(actor=actor, filter_id=public_id("flt", filter_id, "Filter"))
    wanted = queries.wanted_by(saved.conditions, moment(request))
    found = queries.list_orders(actor=actor, wanted=wanted, cursor=cursor, limit=limit)
    return {"items": [row_out(each, actor) for each in found.orders], "next_cursor": found.next_cursor}
