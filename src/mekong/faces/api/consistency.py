"""What channels show against what they should, and setting it right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from mekong.catalog import queries as catalog
from mekong.channels import commands
from mekong.channels.contracts.consistency import Cell, ListingCheck, ProductCheck
from mekong.channels.queries import consistency as queries
from mekong.channels.remote import consistency as asking
from mekong.faces.api.auth import authenticate, moment
from mekong.faces.api.channels import TroubleOut, trouble_out
from mekong.faces.api.shapes import BIGGEST, Body, Cursor, Limit, Moment, PageOf, Sku

router = Router(tags=["channels"])
Fact = Literal["price", "sale", "name", "description", "pictures"]
Reason = Literal[
    "changed", "refused", "incomplete", "pending", "own_price", "prices_off", "not_synced", "not_followed", "by_hand",
    "currency", "reviewing", "unread",
]  # fmt: skip
ChannelCode = Annotated[str, Field(max_length=40)]
ListingId = Annotated[int, Field(strict=True, ge=1, le=BIGGEST)]


class FactOut(Schema):
    """`should`, `shows`: prices in minor units of the channel's currency, words, or a count; null: none, or not known.
    `reason` "": as it should be. `is_fault`: it counts as a difference; others are as people said."""

    fact: str
    should: int | str | None
    shows: int | str | None
    reason: str
    is_fault: bool
    may_repair: bool
    may_accept: bool
    problem: TroubleOut | None
    seen_at: Moment | None


class ListingFactsOut(Schema):
    """`facts` of the whole product there (name, description, pictures) stand with the first of its listings."""

    listing_id: int
    channel: str
    item_id: str
    model_id: str
    sku: str
    currency: str
    url: str
    is_live: bool
    facts: list[FactOut]


class ProductFactsOut(Schema):
    """`read_at`: the oldest look at any of its listings; null: one was never read."""

    code: str
    name: str
    differences: int
    read_at: Moment | None
    listings: list[ListingFactsOut]


class ProductsFactsOut(Schema):
    items: list[ProductFactsOut]
    no_answer: list[str]


class DifferenceCountsOut(Schema):
    """Of the last check: `faults` by channel and fact; `by_reason` counts those too that are as people said."""

    faults: int
    products: int
    by_channel: dict[str, int]
    by_fact: dict[str, int]
    by_reason: dict[str, int]
    unread: int
    checked_at: Moment | None


class RepairIn(Body):
    """What to set right: one fact of a listing, all of a product, or all that a filter finds (neither is given)."""

    listing_id: ListingId | None = None
    sku: Sku | None = None
    channel: ChannelCode = ""
    fact: Fact | None = None
    reason: Reason | None = None


class RepairOut(Schema):
    """`prices`: listings whose prices are sent again; `products`: published again; `waiting`: on their way already;
    `left`: found and not asked for yet, because there are too many for one time."""

    prices: int
    products: int
    waiting: int
    left: int


class AcceptIn(Body):
    """`price_minor`: the price that the platform shows, as it was seen."""

    price_minor: Annotated[int, Field(strict=True, ge=1, le=10**12)]


class AcceptOut(Schema):
    listing_id: int
    own_price_minor: int


@router.get("/consistency", response=PageOf[ProductFactsOut])
def list_inconsistent_products(
    request: HttpRequest,
    channel: ChannelCode = "",
    fact: Fact | None = None,
    reason: Reason | None = None,
    cursor: Cursor = "",
    limit: Limit = 25,
) -> Any:
    """Products that some channel shows otherwise than it should, newest first. `reason` null: differences alone; those
    that are as people said have a reason to ask for."""
    found = queries.list_inconsistent(
        actor=authenticate(request), channel=channel, fact=fact or "", reason=reason or "", cursor=cursor, limit=limit,
        now=moment(request),
    )  # fmt: skip
    return {"items": [_product(each) for each in found.products], "next_cursor": found.next_cursor}


@router.get("/consistency/counts", response=DifferenceCountsOut)
def count_differences(request: HttpRequest, channel: ChannelCode = "") -> Any:
    """How many differences the last check found."""
    return queries.count_differences(actor=authenticate(request), channel=channel)


@router.get("/products/{path:sku}/consistency", response=ProductFactsOut)
def get_product_consistency(request: HttpRequest, sku: str) -> Any:
    """What every channel shows of one product, compared at this moment. `sku`: of any of its variants."""
    actor = authenticate(request)
    actor.require("channels.view")
    product = catalog.get_product(actor=actor, sku=sku)
    (found,) = queries.consistency(actor=actor, product_ids=[product.id], now=moment(request))
    return _product(found)


@router.post("/products/{path:sku}/consistency/look", response=ProductsFactsOut)
def look_at_product(request: HttpRequest, sku: str) -> Any:
    """Read one product on every channel now. `no_answer`: names of channels that gave none."""
    actor = authenticate(request)
    actor.require("channels.sync")
    product = catalog.get_product(actor=actor, sku=sku)
    silent = asking.look_now(actor=actor, product_id=product.id)
    found = queries.consistency(actor=actor, product_ids=[product.id], now=moment(request))
    return {"items": [_product(each) for each in found], "no_answer": silent}


@router.post("/consistency/repair", response=RepairOut)
def repair_differences(request: HttpRequest, body: RepairIn) -> Any:
    """Push prices anew and publish words and pictures anew. Safe to repeat: what is on its way is left alone."""
    actor, now = authenticate(request), moment(request)
    actor.require("channels.sync")
    if body.listing_id is not None:
        return commands.repair_difference(actor=actor, listing_id=body.listing_id, fact=body.fact or "", now=now)
    if body.sku is not None:
        product = catalog.get_product(actor=actor, sku=body.sku)
        return commands.repair_product(actor=actor, product_id=product.id, channel=body.channel, now=now)
    return commands.repair_found(
        actor=actor, channel=body.channel, fact=body.fact or "", reason=body.reason or "", now=now
    )


@router.post("/listings/{listing_id}/accept-price", response=AcceptOut)
def accept_listing_price(request: HttpRequest, listing_id: int, body: AcceptIn) -> Any:
    """Take over the price that the platform shows as the listing's own."""
    view = commands.accept_price(
        actor=authenticate(request), listing_id=listing_id, price_minor=body.price_minor, now=moment(request)
    )
    return {"listing_id": view.id, "own_price_minor": view.own_price_minor}


def _product(each: ProductCheck) -> Mapping[str, Any]:
    return {
        "code": each.code, "name": each.name, "differences": each.faults, "read_at": each.read_at,
        "listings": [_listing(listing) for listing in each.listings],
    }  # fmt: skip


def _listing(each: ListingCheck) -> Mapping[str, Any]:
    plain = {
        name: getattr(each, name)
        for name in ("listing_id", "channel", "item_id", "model_id", "sku", "currency", "url", "is_live")
    }
    return {**plain, "facts": [_fact(cell) for cell in each.cells.values()]}


def _fact(cell: Cell) -> Mapping[str, Any]:
    return {
        "fact": cell.fact, "should": cell.should, "shows": cell.shows, "reason": cell.reason,
        "is_fault": cell.is_fault, "may_repair": cell.may_repair, "may_accept": cell.may_accept,
        "problem": trouble_out(cell.problem) if cell.problem else None, "seen_at": cell.seen_at,
    }  # fmt: skip
