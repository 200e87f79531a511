"""Orders split, merged, packed together and held; duplicates settled; what a buyer did before."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from mekong.faces.api.auth import authenticate, moment
from mekong.faces.api.orders import OrderOut, order_out
from mekong.faces.api.shapes import Body, Moment, Number
from mekong.faces.api.stock_shapes import Units
from mekong.orders import commands, queries
from mekong.orders.contracts import MovedLine

router = Router(tags=["orders"])


class MovedLineIn(Body):
    line: Number
    quantity: Units


class SplitIn(Body):
    lines: Annotated[list[MovedLineIn], Field(min_length=1, max_length=1_000)]


class SplitOut(Schema):
    """`first` keeps the channel's number."""

    first: OrderOut
    second: OrderOut


OrderCode = Annotated[str, Field(min_length=1, max_length=40)]


class JoinIn(Body):
    others: Annotated[list[OrderCode], Field(min_length=1, max_length=19)]


class DuplicateIn(Body):
    """`keep`: the code of the one to keep; by default the paid one, else the one further on its way, else the earlier."""

    other: OrderCode
    keep: Annotated[str, Field(max_length=40)] = ""


class DuplicateOut(Schema):
    """`kept` goes on; `dropped` is the code of the copy, which is cancelled."""

    kept: OrderOut
    dropped: str


class HoldIn(Body):
    """manual: `reason` is needed. call_back: `call_at` is. no_answer: counts a call, up to three."""

    hold: Literal["manual", "call_back", "no_answer"]
    reason: Annotated[str, Field(max_length=300)] = ""
    call_at: Moment | None = None


class BuyerOrderOut(Schema):
    code: str
    channel: str
    state: str
    total_minor: int
    currency: str
    placed_at: Moment
    is_same_address: bool
    is_open: bool


class SpentOut(Schema):
    total_minor: int
    currency: str


class BuyerOut(Schema):
    """What the buyer did before, this order left out: `returned` came back or could not be delivered."""

    orders: int
    received: int
    returned: int
    cancelled: int
    spent: list[SpentOut]
    last_at: Moment | None
    recent: list[BuyerOrderOut]


@router.post("/orders/{code}/split", response=SplitOut)
def split_order(request: HttpRequest, code: str, body: SplitIn) -> Any:
    """Move lines, or some of their units, into a second order. Goods and money are divided and add up exactly."""
    actor = authenticate(request)
    lines = [MovedLine(each.line, each.quantity) for each in body.lines]
    parts = commands.split_order(actor=actor, code=code, lines=lines, now=moment(request))
    return {"first": order_out(parts.first, actor), "second": order_out(parts.second, actor)}


@router.post("/orders/{code}/merge", response=OrderOut)
def merge_orders(request: HttpRequest, code: str, body: JoinIn) -> Any:
    """Join orders of the same buyer and address into this one, which is the answer. A repeat changes nothing."""
    actor = authenticate(request)
    return order_out(commands.merge_orders(actor=actor, code=code, others=body.others, now=moment(request)), actor)


@router.post("/orders/{code}/pack-with", response=OrderOut)
def pack_together(request: HttpRequest, code: str, body: JoinIn) -> Any:
    """Have orders of the same buyer and address packed side by side, each with its waybill. A repeat changes nothing."""
    actor = authenticate(request)
    return order_out(commands.pack_together(actor=actor, code=code, others=body.others, now=moment(request)), actor)


@router.delete("/orders/{code}/pack-with", response=OrderOut)
def pack_apart(request: HttpRequest, code: str) -> Any:
    """Pack it on its own again. A repeat changes nothing."""
    actor = authenticate(request)
    return order_out(commands.pack_apart(actor=actor, code=code, now=moment(request)), actor)


@router.post("/orders/{code}/duplicate", response=DuplicateOut)
def settle_duplicate(request: HttpRequest, code: str, body: DuplicateIn) -> Any:
    """Of this order and another for the same thing, cancel the copy and keep one. A repeat changes nothing."""
    actor = authenticate(request)
    settled = commands.settle_duplicate(actor=actor, code=code, other=body.other, keep=body.keep, now=moment(request))
    return {"kept": order_out(settled.kept, actor), "dropped": settled.dropped}


@router.post("/orders/{code}/holds", response=OrderOut)
def hold_order(request: HttpRequest, code: str, body: HoldIn) -> Any:
    """Keep it from going on until the hold is lifted."""
    actor = authenticate(request)
    held = commands.hold_order(
        actor=actor, code=code, hold=body.hold, reason=body.reason, call_at=body.call_at, now=moment(request)
    )
    return order_out(held, actor)


@router.delete("/orders/{code}/holds/{hold}", response=OrderOut)
def lift_hold(request: HttpRequest, code: str, hold: Annotated[str, Field(max_length=20)]) -> Any:
    """Lift a hold: one that people set, address (somebody checked it), stock (reserved now), duplicate (both go on).

    A repeat changes nothing.
    """
    actor = authenticate(request)
    actor.require("orders.edit")
    return order_out(commands.lift_hold(actor=actor, code=code, hold=hold, now=moment(request)), actor)


@router.get("/orders/{code}/buyer", response=BuyerOut)
def get_buyer(request: HttpRequest, code: str) -> Any:
    """What its buyer did before, as far as the caller sees orders. Needs `orders.view` and `customers.view`."""
    actor = authenticate(request)
    actor.require("customers.view")
    found = queries.buyer_history(actor=actor, order=queries.get_order(actor=actor, code=code))
    return {
        **{name: getattr(found, name) for name in ("orders", "received", "returned", "cancelled", "last_at")},
        "spent": [{"total_minor": total, "currency": currency} for total, currency in found.spent],
        "recent": [asdict(each) for each in found.recent],
    }
