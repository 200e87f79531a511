"""What orders earn on their platforms."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from mekong.channels import queries, remote
from mekong.channels.contracts import EarningsView
from mekong.faces.api.auth import authenticate
from mekong.faces.api.shapes import Moment
from mekong.foundation.actor import Actor
from mekong.orders import queries as orders
from mekong.orders.contracts import OrderView

router = Router(tags=["orders"])


class EarningOut(Schema):
    """What the shop gets is positive, what the platform keeps is negative. `name`: the platform's own word. `kind`: goods,
    commission, payment_fee, service_fee, shipping, voucher, tax, refund, adjustment or other. `statement`: the settlement
    it stands in, "" while in none.
    """

    kind: str
    name: str
    amount_minor: int
    at: Moment | None
    statement: str


class EarningsOut(Schema):
    """`read_at` null: the platform told nothing yet, and `problem` names why where it was asked. `net_minor`: the platform's
    own sum, null where it says none; `difference_minor`: by how much it is above what the lines add up to. `is_final`: the
    platform has settled the order. `next_at`: when it is asked again, null when it is not.
    """

    order_code: str
    channel: str
    external_id: str
    currency: str
    lines: list[EarningOut]
    by_kind: dict[str, int]
    total_minor: int
    net_minor: int | None
    difference_minor: int
    is_final: bool
    asked_at: Moment | None
    read_at: Moment | None
    next_at: Moment | None
    problem: str


def _out(order: OrderView, view: EarningsView | None) -> dict[str, Any]:
    found = view or EarningsView(
        order.channel, order.external_id, order.currency, (), None, False, None, None, None, None
    )
    return {
        "order_code": order.code, "channel": found.channel, "external_id": found.external_id,
        "currency": found.currency or order.currency, "lines": [asdict(line) for line in found.lines],
        "by_kind": dict(found.by_kind), "total_minor": found.total_minor, "net_minor": found.net_minor,
        "difference_minor": found.difference_minor, "is_final": found.is_final, "asked_at": found.asked_at,
        "read_at": found.read_at, "next_at": found.next_at, "problem": found.problem.code if found.problem else "",
    }  # fmt: skip


def _order(actor: Actor, code: str) -> OrderView:
    actor.require("reports.view")
    return orders.get_order(actor=actor, code=code)


@router.get("/orders/{code}/earnings", response=EarningsOut)
def get_earnings(request: HttpRequest, code: str) -> Any:
    """What an order earns on its platform, fee by fee, as the platform last said. Needs `reports.view`."""
    actor = authenticate(request)
    order = _order(actor, code)
    named = {"channel": order.channel, "external_id": order.external_id}
    return _out(order, queries.earnings_of(actor=actor, **named) if order.external_id else None)


@router.post("/orders/{code}/earnings/read", response=EarningsOut)
def read_earnings(request: HttpRequest, code: str) -> Any:
    """Ask the platform now. What it has nothing to tell of yet stays as it was, with `problem`. Needs `reports.view`."""
    actor = authenticate(request)
    order = _order(actor, code)
    return _out(order, remote.read_earnings(actor=actor, channel=order.channel, external_id=order.external_id))
