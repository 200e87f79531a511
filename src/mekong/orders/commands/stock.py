"""Orders that lack goods: a line that is no SKU of ours yet, or units that were sold beyond what there was."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from mekong.catalog import queries as catalog
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.inventory import commands as inventory
from mekong.inventory import ledger
from mekong.inventory.contracts import Short
from mekong.orders import rules
from mekong.orders.commands.back import cancel
from mekong.orders.commands.steps import lock, missing_of, step, write_down
from mekong.orders.contracts import OrderView
from mekong.orders.errors import BadLine, LineMatched
from mekong.orders.models import OrderLine, SalesOrder
from mekong.orders.queries import find, view
from mekong.orders.rules import OrderState

OUT_OF_STOCK = "out_of_stock"
"""The reason of a cancellation for want of goods, as platforms are told it."""


def match_line(*, actor: Actor, code: str, line: int, sku: str, now: datetime) -> OrderView:
    """Say which SKU an unmatched line is; when the last is matched, the order's goods are reserved and it goes on.

    Raises: MayNot, OrderNotFound, UnknownSku, LineMatched (matched already).
    """
    actor.require("orders.edit")
    variant = catalog.variants_by_sku(actor=SYSTEM, skus=[sku]).get(sku)
    if variant is None:
        raise BadLine(field="sku", problem="SKU {sku} does not exist. Check it in the catalogue.", sku=sku)
    _match(actor=actor, code=code, line=line, variant_id=variant.id, sku=variant.sku, now=now)
    return reserve_again(actor, code, now)


@command
def _match(*, actor: Actor, code: str, line: int, variant_id: int, sku: str, now: datetime) -> None:
    order = lock(actor, code, "orders.edit")
    found = OrderLine.objects.select_for_update().filter(order=order, line=line).first()
    if found is None:
        raise BadLine(field="line", problem="Order {number} has no line {line}.", number=order.code, line=line)
    if found.variant_id is not None:
        raise LineMatched(line=line, number=order.code)
    OrderLine.objects.filter(order=order, line=line).update(variant_id=variant_id, sku=sku)
    write_down(order, "line_matched", actor, now, {"line": line, "sku": sku})


def reserve_again(actor: Actor, code: str, now: datetime) -> OrderView:
    """Reserve what an open order still lacks and lift the holds that this mends."""
    order = find(actor, code, "orders.edit", SalesOrder.objects)
    lines = list(OrderLine.objects.filter(order=order))
    if OrderState(order.state) not in (*rules.RESERVED, OrderState.AWAITING_STOCK) or any(
        line.variant_id is None for line in lines
    ):
        return view(order)
    hold = str(order.hold_id) if order.hold_id else None
    missing = missing_of(lines, hold)
    if not missing:
        return _adopt(actor=actor, code=code, hold_id=None, allocation=(), now=now)
    # What holds nothing yet is asked for as it was sold, so that bundles are counted; otherwise they are already.
    sold = [(line.variant_id, line.quantity) for line in lines if line.variant_id is not None]
    answer = inventory.reserve(
        actor=SYSTEM, channel=order.channel, owner=f"order:{order.code}",
        lines=sorted(missing.items()) if hold else sold, ttl_s=120, now=now,
        key=f"order:{order.code}:{hold or ''}:{len(order.allocation)}", is_sold=True,
        rest_of={variant for variant, _ in sold} if hold else (),
    )  # fmt: skip
    if isinstance(answer, Short) or answer.missing:
        if not isinstance(answer, Short):
            inventory.release_hold(actor=SYSTEM, hold_id=UUID(answer.hold_id), now=now)
        return _mark_short(actor=actor, code=code, now=now)
    return _adopt(actor=actor, code=code, hold_id=answer.hold_id, allocation=answer.lines, now=now)


@command
def _mark_short(*, actor: Actor, code: str, now: datetime) -> OrderView:
    order = lock(actor, code, "orders.edit")
    issues = [issue for issue in order.issues if issue != "unmatched_line"]
    order.issues = issues if "stock" in issues else [*issues, "stock"]
    order.save(update_fields=["issues"])
    if order.state != OrderState.AWAITING_STOCK and rules.may(OrderState(order.state), OrderState.AWAITING_STOCK):
        step(order, OrderState.AWAITING_STOCK, actor, now)
    return view(order)


@command
def _adopt(
    *, actor: Actor, code: str, hold_id: str | None, allocation: Sequence[tuple[int, int, int]], now: datetime
) -> OrderView:
    """Add what was reserved to what the order holds already; nothing was needed when `hold_id` is None."""
    order = lock(actor, code, "orders.edit")
    if OrderState(order.state) not in (*rules.RESERVED, OrderState.AWAITING_STOCK):
        if hold_id is not None:
            inventory.give_back(hold_ids=[hold_id], actor=actor, now=now)
        return view(order)
    if hold_id is not None:
        if not inventory.claim({hold_id: str(order.id)}):
            return view(order)
        if order.hold_id is None:
            order.hold_id = UUID(hold_id)
        else:
            ledger.merge_holds(into=str(order.hold_id), source=hold_id)
        order.allocation = [*order.allocation, *(list(each) for each in allocation)]
    order.issues = [issue for issue in order.issues if issue not in ("stock", "unmatched_line")]
    order.save(update_fields=["hold_id", "allocation", "issues"])
    if order.state == OrderState.AWAITING_STOCK:
        step(order, OrderState.CONFIRMED, actor, now)
    else:
        write_down(order, "reserved", actor, now, {})
    return view(order)


def retry_awaiting_stock(*, now: datetime, limit: int = 100) -> int:
    """Reserve for orders that wait for stock, oldest first; returns how many went on. The worker asks when stock rose."""
    waiting = SalesOrder.objects.filter(state=OrderState.AWAITING_STOCK).order_by("placed_at", "id")
    went_on = 0
    for code in list(waiting.values_list("code", flat=True)[:limit]):
        went_on += reserve_again(SYSTEM, code, now).state == OrderState.CONFIRMED
    return went_on


def give_up_waiting(*, channel: str, since: datetime, now: datetime, limit: int = 100) -> list[str]:
    """Cancel a channel's orders that have waited for stock since before `since`; returns their numbers.

    Each is tried once more before: what came in meanwhile may suffice.
    """
    waiting = SalesOrder.objects.filter(channel=channel, state=OrderState.AWAITING_STOCK, created_at__lte=since)
    codes = list(waiting.order_by("placed_at", "id").values_list("code", flat=True)[:limit])
    return [code for code in codes if _give_up(actor=SYSTEM, code=code, now=now)]


def _give_up(*, actor: Actor, code: str, now: datetime) -> bool:
    return reserve_again(actor, code, now).state == OrderState.AWAITING_STOCK and _cancel_short(
        actor=actor, code=code, now=now
    )


@command
def _cancel_short(*, actor: Actor, code: str, now: datetime) -> bool:
    order = lock(actor, code, "orders.cancel")
    if order.state != OrderState.AWAITING_STOCK:
        return False
    cancel(order, actor, OUT_OF_STOCK, now, by_channel=False)
    return True
