"""Price lists, their prices, the price floor and the limits of discounts by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Status
from pydantic import Field

from mekong.catalog import queries as catalog
from mekong.faces.api.auth import authenticate, moment
from mekong.faces.api.price_shapes import (
    ChangedOut,
    EntriesIn,
    EntryOut,
    PolicyIn,
    PolicyOut,
    PriceListIn,
    PriceListOut,
)
from mekong.faces.api.shapes import Cursor, Limit, PageOf
from mekong.faces.price_checks import check_places
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.paging import decode_cursor, encode_cursor
from mekong.pricing import commands, queries
from mekong.pricing.contracts.basket import Step
from mekong.pricing.contracts.lists import EntryLine, ListDraft, ListView
from mekong.pricing.errors import PriceListInvalid

router = Router(tags=["prices"])
_PLAIN = frozenset(PriceListOut.model_fields)


def _out(view: ListView) -> dict[str, Any]:
    return {name: getattr(view, name) for name in _PLAIN}


def _draft(body: PriceListIn) -> ListDraft:
    audience = body.audience.kept()
    check_places(audience, PriceListInvalid)
    return ListDraft(**{**body.model_dump(), "audience": audience})


@router.get("/price-lists", response=PageOf[PriceListOut])
def list_price_lists(request: HttpRequest) -> Any:
    """All price lists, those in use first, by priority."""
    found = queries.list_price_lists(actor=authenticate(request))
    return {"items": [_out(each) for each in found], "next_cursor": None}


@router.post("/price-lists", response={201: PriceListOut})
def create_price_list(request: HttpRequest, body: PriceListIn) -> Any:
    """Make a price list. Its prices are set apart."""
    actor = authenticate(request)
    actor.require("pricing.manage")
    return Status(201, _out(commands.save_price_list(actor=actor, draft=_draft(body), now=moment(request))))


@router.get("/price-lists/{code}", response=PriceListOut)
def get_price_list(request: HttpRequest, code: str) -> Any:
    """One price list, without its prices."""
    return _out(queries.get_price_list(actor=authenticate(request), code=code))


@router.put("/price-lists/{code}", response=PriceListOut)
def change_price_list(request: HttpRequest, code: str, body: PriceListIn) -> Any:
    """Set everything of a price list but its prices; `is_active` false puts it out of use. A repeat changes nothing."""
    actor = _manager(request)
    list_id = queries.get_price_list(actor=SYSTEM, code=code).id
    return _out(commands.save_price_list(actor=actor, draft=_draft(body), list_id=list_id, now=moment(request)))


@router.get("/price-lists/{code}/entries", response=PageOf[EntryOut])
def list_entries(
    request: HttpRequest,
    code: str,
    sku: Annotated[list[Annotated[str, Field(max_length=64)]], Query(max_length=200)] = [],  # noqa: B006 - Ninja copies it
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Any:
    """Goods with a price of their own in a list, with all their steps. `sku`: these alone."""
    actor = authenticate(request)
    price_list = queries.get_price_list(actor=actor, code=code)
    after = decode_cursor(cursor, tuple[int])[0] if cursor else 0
    only = None
    if sku:
        only = [view.id for view in catalog.variants_by_sku(actor=SYSTEM, skus=sku).values()]
    rows = queries.list_priced(actor=actor, list_id=price_list.id, variant_ids=only, after=after, limit=limit + 1)
    more = encode_cursor(rows[limit - 1][0]) if len(rows) > limit else None
    return {"items": _entries(actor, rows[:limit]), "next_cursor": more}


def _entries(actor: Actor, rows: Sequence[tuple[int, tuple[Step, ...]]]) -> list[dict[str, Any]]:
    known = catalog.variants_by_id(actor=SYSTEM, ids=[variant for variant, _ in rows])
    guard, sees_costs = queries.price_guard(actor=actor), actor.may("money.view_cost")
    found = []
    for variant, steps in rows:
        view = known[variant]
        cost = view.cost_minor if sees_costs else None
        found.append({
            "sku": view.sku, "name": view.full_name, "currency": view.currency, "retail_minor": view.price_minor,
            "cost_minor": cost, "floor_minor": queries.unit_floor(cost_minor=cost, guard_bp=guard),
            "steps": [step._asdict() for step in steps],
        })  # fmt: skip
    return found


@router.put("/price-lists/{code}/entries", response=ChangedOut)
def set_entries(request: HttpRequest, code: str, body: EntriesIn) -> Any:
    """Set prices by SKU, all or none; how many are other than before. SKUs that no line names stay. A repeat changes none."""
    actor = _manager(request)
    list_id = queries.get_price_list(actor=SYSTEM, code=code).id
    lines = [EntryLine(line.sku, line.price_minor, line.from_units) for line in body.lines]
    return {"changed": commands.set_entries(actor=actor, list_id=list_id, lines=lines, now=moment(request))}


@router.get("/price-policy", response=PolicyOut)
def get_price_policy(request: HttpRequest) -> Any:
    """The price floor, and what people of each role may take off by hand; roles without a limit are left out."""
    actor = authenticate(request)
    return {"guard_bp": queries.price_guard(actor=actor), "hand_limits": queries.hand_limits(actor=actor)}


@router.put("/price-policy", response=PolicyOut)
def set_price_policy(request: HttpRequest, body: PolicyIn) -> Any:
    """Set the price floor and limits of discounts by hand. A repeat changes nothing."""
    actor = _manager(request)
    commands.set_policy(actor=actor, guard_bp=body.guard_bp, limits=body.hand_limits, now=moment(request))
    return {"guard_bp": queries.price_guard(actor=SYSTEM), "hand_limits": queries.hand_limits(actor=SYSTEM)}


def _manager(request: HttpRequest) -> Actor:
    """Who may not set prices is not told which there are."""
    actor = authenticate(request)
    actor.require("pricing.manage")
    return actor
