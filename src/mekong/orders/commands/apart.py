"""One order into two, because part of it must wait: lines, goods and money are divided, and nothing is lost or made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.events import emit
from mekong.foundation.ids import new_id
from mekong.foundation.numbering import take_numbers
from mekong.inventory import commands as inventory
from mekong.inventory import ledger
from mekong.orders import events, rules
from mekong.orders.commands.steps import lock, stock_units, write_down
from mekong.orders.contracts import MovedLine, SplitOrders
from mekong.orders.errors import BadLine, PackedAlready, PaidWithTenders, PartlyPaid, PlatformKeepsWhole
from mekong.orders.models import OrderLine, SalesOrder
from mekong.orders.queries import platform_of, view
from mekong.orders.rules import OrderState, PaymentState

_DIVISIBLE = (PaymentState.UNPAID, PaymentState.PAID)


def require_unpacked(order: SalesOrder) -> None:
    """Raises: PackedAlready."""
    if OrderState(order.state) not in rules.BEFORE_PACKING:
        raise PackedAlready(number=order.code, state=order.state)


def require_open(order: SalesOrder) -> None:
    """Raises: PackedAlready, PartlyPaid: the order's goods or money can no longer go elsewhere."""
    require_unpacked(order)
    if PaymentState(order.payment_state) not in _DIVISIBLE:
        raise PartlyPaid(number=order.code)


@dataclass(frozen=True, slots=True)
class _Goods:
    """What a part holds, and what of its matched lines is not held."""

    hold_id: str | None
    allocation: list[tuple[int, int, int]]
    is_short: bool


@command
def split_order(*, actor: Actor, code: str, lines: Sequence[MovedLine], now: datetime) -> SplitOrders:
    """Move lines, or some of their units, into a second order with a number of its own.

    The first keeps the channel's number. Held goods stay with the first as far as it needs them; the second takes the
    rest, and waits for stock when that does not do. Money is divided by `rules.split_money`. Not safe to repeat: a
    repeat splits what is left.

    Raises: MayNot, OrderNotFound, PackedAlready, PartlyPaid, PlatformKeepsWhole, BadLine (nothing or all of it named, a
    line that is not there or named twice, units it does not have).
    """
    order = lock(actor, code, "orders.edit")
    require_open(order)
    if platform := platform_of(order.channel):
        raise PlatformKeepsWhole(platform=platform, number=order.code)
    if order.tenders:
        raise PaidWithTenders(number=order.code)
    sold = list(OrderLine.objects.select_for_update().filter(order=order).order_by("line"))
    moved = _checked(order, sold, lines)

    stays = [(line, line.quantity - moved.get(line.line, 0)) for line in sold]
    goes = [(line, moved[line.line]) for line in sold if line.line in moved]
    second = SalesOrder(id=new_id())
    kept, away = _divide_goods(order, second, stays, goes, now)
    amounts = rules.split_money(
        [
            rules.SoldLine(
                line.quantity, line.total_minor, line.tax_minor, moved.get(line.line, 0), line.discount_minor
            )
            for line in sold
        ],
        order.discount_minor,
        order.shipping_fee_minor,
    )
    _found(second, order, away, actor, now)
    was = OrderState(order.state)
    for part, goods, held, money in ((order, stays, kept, amounts[0]), (second, goes, away, amounts[1])):
        _settle(part, [line for line, units in goods if units], held, was, money)
    second.save(force_insert=True)
    order.save()
    _write_lines(order, second, sold, moved, amounts)

    named = [[line.sku or line.name, units] for line, units in goes]
    write_down(order, "split", actor, now, {"other": second.code, "lines": named})
    write_down(second, "split_from", actor, now, {"other": order.code, "lines": named})
    fact = events.OrderSplit(
        str(order.id), order.code, order.channel, str(second.id), second.code,
        tuple((line.sku, units) for line, units in goes),
    )  # fmt: skip
    emit(actor, fact, key=order.id, now=now)
    return SplitOrders(view(order), view(second))


def _checked(order: SalesOrder, sold: Sequence[OrderLine], lines: Sequence[MovedLine]) -> dict[int, int]:
    """Units to move by line. Raises: BadLine."""
    there = {line.line: line for line in sold}
    moved: dict[int, int] = {}
    if not lines:
        raise BadLine(field="lines", problem="Choose at least one line for the second order.")
    for position, wish in enumerate(lines):
        line = there.get(wish.line)
        if line is None:
            raise BadLine(
                field=f"lines[{position}].line", problem="Order {number} has no line {line}.", number=order.code,
                line=wish.line,
            )  # fmt: skip
        if wish.line in moved:
            raise BadLine(field=f"lines[{position}].line", problem="Line {line} is named twice.", line=wish.line)
        if not 1 <= wish.quantity <= line.quantity:
            raise BadLine(
                field=f"lines[{position}].quantity", problem="{sku}: move from 1 to {most} units.",
                sku=line.sku or line.name, most=line.quantity,
            )  # fmt: skip
        moved[wish.line] = wish.quantity
    if all(moved.get(line.line) == line.quantity for line in sold):
        raise BadLine(field="lines", problem="Leave at least one unit in order {number}.", number=order.code)
    return moved


def _divide_goods(
    order: SalesOrder,
    second: SalesOrder,
    stays: Sequence[tuple[OrderLine, int]],
    goes: Sequence[tuple[OrderLine, int]],
    now: datetime,
) -> tuple[_Goods, _Goods]:
    needs_first, needs_second = stock_units(stays), stock_units(goes)
    hold = str(order.hold_id) if order.hold_id else None
    new_hold = None
    moved: list[tuple[int, int, int]] = []
    if hold is not None:
        away = rules.given_away(_units(ledger.held_units([hold]).get(hold, [])), needs_first, needs_second)
        new_hold, moved = inventory.split_hold(
            hold_id=hold, claimed_by=str(second.id), units=away, now=now, sold=_sold(goes)
        )
    left = ledger.held_units([hold]).get(hold, []) if hold else []
    return (
        _Goods(hold, left, bool(rules.missing_units(list(needs_first.items()), left))),
        _Goods(new_hold, moved, bool(rules.missing_units(list(needs_second.items()), moved))),
    )


def _sold(goes: Sequence[tuple[OrderLine, int]]) -> Counter[int]:
    units: Counter[int] = Counter()
    for line, count in goes:
        if line.variant_id is not None:
            units[line.variant_id] += count
    return units


def _units(held: Sequence[tuple[int, int, int]]) -> Counter[int]:
    units: Counter[int] = Counter()
    for variant, _, count in held:
        units[variant] += count
    return units


def _found(second: SalesOrder, order: SalesOrder, goods: _Goods, actor: Actor, now: datetime) -> None:
    """The second order as a child of the first: the same buyer, place and promise, without the channel's number."""
    for name in (
        "channel", "payment_state", "is_cod", "currency", "customer_name", "customer_phone", "customer_ref",
        "shipping_address", "earlier_addresses", "note", "staff_note", "tags", "holds", "ship_by", "placed_at",
        "confirmed_at", "issues", "packed_with", "priced",
    ):  # fmt: skip
        setattr(second, name, getattr(order, name))
    second.code = take_numbers("DH", 1, now=now)[0]
    second.split_from = order.code
    second.hold_id = UUID(goods.hold_id) if goods.hold_id else None
    second.created_at, second.actor = now, actor.ref


def _settle(
    part: SalesOrder, lines: Sequence[OrderLine], goods: _Goods, was: OrderState, money: rules.PartMoney
) -> None:
    part.allocation = [list(each) for each in goods.allocation]
    part.issues = settled_issues(
        part.issues, is_short=goods.is_short, is_unmatched=any(line.variant_id is None for line in lines)
    )
    part.state = rules.state_of_part(was, is_short=goods.is_short)
    part.subtotal_minor, part.discount_minor = money.subtotal_minor, money.discount_minor
    part.shipping_fee_minor, part.tax_minor = money.shipping_fee_minor, money.tax_minor
    part.total_minor = money.total_minor


def settled_issues(issues: Sequence[str], *, is_short: bool, is_unmatched: bool) -> list[str]:
    """What holds an order back after its goods were divided or joined; what people said of it stays."""
    kept = [issue for issue in dict.fromkeys(issues) if issue not in ("stock", "unmatched_line")]
    return [*kept, *(["unmatched_line"] if is_unmatched else []), *(["stock"] if is_short else [])]


def _write_lines(
    order: SalesOrder,
    second: SalesOrder,
    sold: Sequence[OrderLine],
    moved: Mapping[int, int],
    amounts: tuple[rules.PartMoney, rules.PartMoney],
) -> None:
    fresh: list[OrderLine] = []
    for line, (stays_total, stays_tax, stays_off), (goes_total, goes_tax, goes_off) in zip(
        sold, amounts[0].lines, amounts[1].lines, strict=True
    ):
        units = moved.get(line.line, 0)
        if not units:
            continue
        fresh.append(
            OrderLine(
                order=second, line=len(fresh), variant_id=line.variant_id, sku=line.sku, name=line.name, quantity=units,
                unit_price_minor=line.unit_price_minor, total_minor=goes_total, tax_rate_bp=line.tax_rate_bp,
                tax_minor=goes_tax, discount_minor=goes_off, external_ids=line.external_ids if units == line.quantity else [],
                listing=line.listing,
            )
        )  # fmt: skip
        here = OrderLine.objects.filter(order=order, line=line.line)
        if units == line.quantity:
            here.delete()
        else:
            here.update(
                quantity=line.quantity - units, total_minor=stays_total, tax_minor=stays_tax, discount_minor=stays_off
            )
    OrderLine.objects.bulk_create(fresh)
