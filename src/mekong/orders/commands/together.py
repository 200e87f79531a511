"""Several orders of one buyer: joined into one, packed side by side, or known as the same order sent twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.events import emit
from mekong.inventory import commands as inventory
from mekong.inventory import ledger
from mekong.orders import events, rules
from mekong.orders.commands.apart import require_open, require_unpacked, settled_issues
from mekong.orders.commands.back import cancel
from mekong.orders.commands.steps import missing_of, write_down
from mekong.orders.contracts import OrderView, SettledDuplicate
from mekong.orders.errors import BadLine, NotAlike, NothingToJoin, OrderNotFound, PaidWithTenders, PlatformKeepsApart
from mekong.orders.models import OrderLine, SalesOrder
from mekong.orders.queries import find, platform_of, view
from mekong.orders.rules import OrderState, PaymentState

MOST_JOINED = 20
MOST_LINES = 5000
DUPLICATE = "duplicate"
"""The reason of a cancellation because the same order is there twice."""


def _lock_all(
    actor: Actor, codes: Sequence[str], permission: str, *, with_companions: bool = False
) -> list[SalesOrder]:
    """The orders, locked in one order in all processes, given back in the order they were named.

    `with_companions`: and those not packed yet that are packed together with one of them.
    """
    named = [find(actor, code, permission, SalesOrder.objects) for code in codes]
    ids = [order.id for order in named]
    if with_companions:
        parcels = {order.packed_with for order in named} - {""}
        open_ = SalesOrder.objects.filter(packed_with__in=parcels, state__in=rules.BEFORE_PACKING)
        ids += open_.values_list("id", flat=True)
    locked = {order.id: order for order in SalesOrder.objects.select_for_update().filter(id__in=ids).order_by("id")}
    if len(locked) < len(set(ids)):
        raise OrderNotFound(key=", ".join(codes))
    return [locked[each] for each in dict.fromkeys(ids)]


def _buyer(order: SalesOrder) -> tuple[str, str, str]:
    return order.customer_phone, order.channel, order.customer_ref


def _require_alike(order: SalesOrder, other: SalesOrder) -> None:
    """Raises: NotAlike: they are not of one buyer and one address."""
    if not rules.is_same_buyer(_buyer(order), _buyer(other)):
        raise NotAlike(number=order.code, other=other.code, problem="they are of different buyers.")
    if rules.address_key(order.shipping_address) != rules.address_key(other.shipping_address):
        raise NotAlike(number=order.code, other=other.code, problem="they go to different addresses.")


def _require_one_money(order: SalesOrder, other: SalesOrder) -> None:
    """Raises: NotAlike: their money cannot be added up."""
    if order.currency != other.currency:
        raise NotAlike(number=order.code, other=other.code, problem="they are in different currencies.")
    if (order.payment_state, order.is_cod) != (other.payment_state, other.is_cod):
        raise NotAlike(number=order.code, other=other.code, problem="they are paid in different ways.")


@command
def merge_orders(*, actor: Actor, code: str, others: Sequence[str], now: datetime) -> OrderView:
    """Join orders of one buyer and address into the order `code`: lines, held goods and money; the others are over.

    Every line and unit is kept, each line at its own price. The joined order stands where the least progressed stood.
    The others keep their lines as sold, are cancelled without a word to anybody, and name the order they went into.
    Orders of a platform are never merged: each has a waybill, a deadline and a payout there; see `pack_together`. Safe
    to repeat: an order that is in this one already changes nothing.

    Raises: MayNot, OrderNotFound, NothingToJoin, PlatformKeepsApart, PackedAlready, PartlyPaid, NotAlike, BadLine.
    """
    kept, *rest = _named(actor, code, others)
    rest = [order for order in rest if order.merged_into != kept.code]
    if not rest:
        return view(kept)
    for order in (kept, *rest):
        require_open(order)
        if platform := platform_of(order.channel):
            raise PlatformKeepsApart(platform=platform, number=order.code)
        if order.tenders:
            raise PaidWithTenders(number=order.code)
    for order in rest:
        _require_alike(kept, order)
        _require_one_money(kept, order)

    _join_lines(kept, rest)
    for order in rest:
        _join_goods(kept, order)
        _join_words(kept, order)
    lines = list(OrderLine.objects.filter(order=kept))
    is_short = bool(missing_of(lines, str(kept.hold_id) if kept.hold_id else None))
    least = rules.least_progressed([OrderState(order.state) for order in (kept, *rest)])
    was, kept.state = kept.state, rules.state_of_part(least, is_short=is_short).value
    if kept.state == OrderState.PENDING_CONFIRMATION:
        kept.confirmed_at = None
    kept.issues = settled_issues(
        kept.issues, is_short=is_short, is_unmatched=any(line.variant_id is None for line in lines)
    )
    kept.save()
    for order in rest:
        _end(order, kept, actor, now)
    codes = [order.code for order in rest]
    write_down(kept, "merged", actor, now, {"others": codes, "from": was})
    fact = events.OrdersMerged(
        str(kept.id), kept.code, kept.channel, tuple((str(order.id), order.code) for order in rest)
    )
    emit(actor, fact, key=kept.id, now=now)
    return view(kept)


def _named(actor: Actor, code: str, others: Sequence[str], *, with_companions: bool = False) -> list[SalesOrder]:
    actor.require("orders.edit")
    if not 1 <= len(others) < MOST_JOINED:
        raise NothingToJoin(field="others", most=MOST_JOINED - 1)
    found = _lock_all(actor, [code, *others], "orders.edit", with_companions=with_companions)
    if len(found) < 2:
        raise NothingToJoin(field="others", most=MOST_JOINED - 1)
    return found


def _join_lines(kept: SalesOrder, rest: Sequence[SalesOrder]) -> None:
    """Raises: BadLine: more lines than an order may have."""
    number = max(OrderLine.objects.filter(order=kept).values_list("line", flat=True), default=-1)
    fresh = []
    for order in rest:
        for line in OrderLine.objects.filter(order=order).order_by("line"):
            number += 1
            fresh.append(
                OrderLine(
                    order=kept, line=number, variant_id=line.variant_id, sku=line.sku, name=line.name,
                    quantity=line.quantity, unit_price_minor=line.unit_price_minor, total_minor=line.total_minor,
                    tax_rate_bp=line.tax_rate_bp, tax_minor=line.tax_minor, discount_minor=line.discount_minor,
                    external_ids=line.external_ids,
                    listing=line.listing,
                )
            )  # fmt: skip
        for name in ("subtotal_minor", "discount_minor", "shipping_fee_minor", "tax_minor", "total_minor"):
            setattr(kept, name, getattr(kept, name) + getattr(order, name))
    if number >= MOST_LINES:
        raise BadLine(field="others", problem="An order has at most {most} lines. Split it.", most=MOST_LINES)
    OrderLine.objects.bulk_create(fresh)


def _join_goods(kept: SalesOrder, order: SalesOrder) -> None:
    """Held units go over as they are; what the other order shows as its allocation stays, as it was."""
    if order.hold_id is not None:
        if kept.hold_id is None:
            kept.hold_id = order.hold_id
            inventory.hand_over(hold_id=str(order.hold_id), claimed_by=str(kept.id))
        else:
            ledger.merge_holds(into=str(kept.hold_id), source=str(order.hold_id))
        kept.allocation = [*kept.allocation, *order.allocation]
        order.hold_id = None


def _join_words(kept: SalesOrder, order: SalesOrder) -> None:
    kept.note, kept.staff_note = (
        "\n".join(dict.fromkeys(text for text in texts if text))
        for texts in ((kept.note, order.note), (kept.staff_note, order.staff_note))
    )
    kept.tags = list(dict.fromkeys([*kept.tags, *order.tags]))
    kept.issues = [*kept.issues, *order.issues]
    kept.holds = {**order.holds, **kept.holds}
    kept.ship_by = min((each for each in (kept.ship_by, order.ship_by) if each), default=None)
    if kept.duplicate_of == order.code:
        kept.duplicate_of = ""


def _end(order: SalesOrder, kept: SalesOrder, actor: Actor, now: datetime) -> None:
    was, order.state = order.state, OrderState.CANCELLED.value
    order.merged_into, order.cancelled_at, order.issues = kept.code, now, []
    order.save()
    write_down(order, "merged_into", actor, now, {"other": kept.code, "from": was})


@command
def pack_together(*, actor: Actor, code: str, others: Sequence[str], now: datetime) -> OrderView:
    """Have orders of one buyer and address picked and packed side by side, each under its own number and waybill.

    For orders of a platform this is what merging is for one's own. Orders that are packed with one of them already, and
    are not packed yet, come along. Safe to repeat. Raises: MayNot, OrderNotFound, NothingToJoin, PackedAlready, NotAlike.
    """
    first, *rest = _named(actor, code, others, with_companions=True)
    for order in (first, *rest):
        require_unpacked(order)
        if order is not first:
            _require_alike(first, order)
    whole = [first, *rest]
    parcel = min(whole, key=lambda order: (order.placed_at, order.code)).code
    codes = [order.code for order in whole]
    for order in whole:
        if order.packed_with != parcel:
            order.packed_with = parcel
            order.save(update_fields=["packed_with"])
            write_down(order, "packed_together", actor, now, {"others": [each for each in codes if each != order.code]})
    return view(first)


@command
def pack_apart(*, actor: Actor, code: str, now: datetime) -> OrderView:
    """Pack an order on its own again. Repeating changes nothing. Raises: MayNot, OrderNotFound."""
    (order,) = _lock_all(actor, [code], "orders.edit")
    if order.packed_with:
        order.packed_with = ""
        order.save(update_fields=["packed_with"])
        write_down(order, "packed_apart", actor, now, {})
    return view(order)


@command
def settle_duplicate(*, actor: Actor, code: str, other: str, now: datetime, keep: str = "") -> SettledDuplicate:
    """Of two orders for the same thing, cancel the copy and keep one.

    Kept is the one named by `keep`, else the paid one, else that which is further on its way, else the earlier. Safe to
    repeat: once settled, the answer is the same. Raises: MayNot, OrderNotFound, NotAlike (another buyer, other goods),
    BadLine (`keep` is neither), AlreadyShipped (the copy has left).
    """
    found = _lock_all(actor, [code, other], "orders.cancel")
    if len(found) < 2:
        raise NothingToJoin(field="other", most=1)
    one, two = found
    kept, copy = _which(one, two, keep)
    if not rules.is_same_buyer(_buyer(kept), _buyer(copy)):
        raise NotAlike(number=kept.code, other=copy.code, problem="they are of different buyers.")
    if _basket(kept) != _basket(copy):
        raise NotAlike(number=kept.code, other=copy.code, problem="they hold different goods.")
    if copy.state == OrderState.CANCELLED and copy.duplicate_of == kept.code:
        return SettledDuplicate(view(kept), copy.code)
    copy.duplicate_of = kept.code
    cancel(copy, actor, DUPLICATE, now, by_channel=False)
    write_down(copy, "dropped_for", actor, now, {"other": kept.code})
    if kept.duplicate_of == copy.code:
        kept.duplicate_of = ""
        kept.save(update_fields=["duplicate_of"])
    write_down(kept, "duplicate_dropped", actor, now, {"other": copy.code})
    return SettledDuplicate(view(kept), copy.code)


def _which(one: SalesOrder, two: SalesOrder, keep: str) -> tuple[SalesOrder, SalesOrder]:
    """(the one to keep, the copy). Raises: BadLine."""
    if keep:
        chosen: dict[str, Any] = {one.code: (one, two), two.code: (two, one)}
        if keep.strip().upper() not in chosen:
            raise BadLine(field="keep", problem="Keep {one} or {other}.", one=one.code, other=two.code)
        kept, copy = chosen[keep.strip().upper()]
        return kept, copy
    for order, twin in ((one, two), (two, one)):
        if order.state == OrderState.CANCELLED and twin.state != OrderState.CANCELLED:
            return twin, order
    best = rules.original(*(_twin(order) for order in (one, two)))
    return (one, two) if best.code == one.code else (two, one)


def _twin(order: SalesOrder) -> rules.Twin:
    return rules.twin(
        order.code, PaymentState(order.payment_state), OrderState(order.state), order.placed_at.timestamp()
    )


def _basket(order: SalesOrder) -> str:
    sold = OrderLine.objects.filter(order=order).values_list("sku", "quantity")
    units: dict[str, int] = {}
    for sku, quantity in sold:
        units[sku] = units.get(sku, 0) + quantity
    return rules.basket_digest(units.items())


@command
def keep_both(*, actor: Actor, code: str, now: datetime) -> OrderView:
    """Say that an order is no duplicate. Repeating changes nothing. Raises: MayNot, OrderNotFound."""
    (order,) = _lock_all(actor, [code], "orders.edit")
    if order.duplicate_of and order.state != OrderState.CANCELLED:
        other, order.duplicate_of = order.duplicate_of, ""
        order.save(update_fields=["duplicate_of"])
        write_down(order, "no_duplicate", actor, now, {"other": other})
    return view(order)
