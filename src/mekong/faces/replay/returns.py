"""A cancelling invoice carried out: an order that stands whole is cancelled, goods that left are taken back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from mekong.faces.replay.commands import key_of
from mekong.faces.replay.errors import NothingToReturn
from mekong.faces.replay.models import PlayedStep, StepState
from mekong.faces.replay.plan import Cancellation
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.inventory.queries import list_locations
from mekong.orders import commands as orders
from mekong.orders.contracts import GradedReturn, OrderView
from mekong.orders.errors import IllegalStep
from mekong.orders.queries import booked_orders, get_order

_TRIES = 3
_BEFORE_PACKED = frozenset({"confirmed", "allocated", "picking"})
"""Platforms take a parcel only once it was packed."""
_LEFT = frozenset({"shipped", "delivery_failed", "delivered", "completed", "returning"})


def play_cancellation(
    *,
    actor: Actor,
    step: Cancellation,
    sold: Mapping[str, tuple[str, str]],
    location: str,
    now: datetime,
) -> None:
    """Give back what an invoice cancels: one transaction for each sale, written down with it, so safe to repeat.

    An order that has not left and of which every unit comes back is cancelled, and its platform told. Of any other, the
    units are taken back graded resellable: an order not yet shipped is shipped and delivered first, for that is what
    must have happened before its goods could come back.

    Args:
        sold: of each sale it cancels, the channel and the channel's own number of the order.
        location: where goods go back to the shelf, when the order does not say.

    Raises: NothingToReturn, and what the steps of orders raise; sales before the one that failed stay taken back.
    """
    by_sale = _by_sale(step)
    for invoice in sorted(by_sale):
        for attempt in range(1, _TRIES + 1):
            try:
                order = _booked(actor, invoice, sold[invoice])
                if not _is_whole(order, by_sale[invoice]) and invoice not in _parts(step):
                    # Not in the transaction of the return: what one step locks, the next one's paper may wait for.
                    _deliver(actor, order, now)
                _take_back(
                    actor=actor,
                    step=step,
                    invoice=invoice,
                    units=by_sale[invoice],
                    sale=sold[invoice],
                    location=location,
                    is_last=invoice == max(by_sale),
                    now=now,
                )
                break
            except IllegalStep:
                # The platform's word moved the order on between our look and our step.
                if attempt == _TRIES:
                    raise


@command
def _take_back(
    *,
    actor: Actor,
    step: Cancellation,
    invoice: str,
    units: Mapping[tuple[str, int], int],
    sale: tuple[str, str],
    location: str,
    is_last: bool,
    now: datetime,
) -> None:
    row = PlayedStep.objects.select_for_update().get(key=key_of(step))
    if invoice not in row.parts:
        # Others may be taking goods of the same sale back: one after the other.
        PlayedStep.objects.select_for_update().filter(key=f"sale:{invoice}"[:80]).first()
        order = _booked(actor, invoice, sale)
        if _is_whole(order, units):
            orders.cancel_order(actor=actor, code=order.code, reason=f"customer: {step.invoice}", now=now)
        else:
            places = {place.id: place.code for place in list_locations(actor=actor)}
            shelf = places.get(order.allocation[0][1], location) if order.allocation else location
            graded = _graded(order, units, invoice)
            orders.receive_return(actor=actor, code=order.code, location=shelf, lines=graded, now=now)
        row.parts = [*row.parts, invoice]
    if is_last:
        row.state, row.reason = StepState.BOOKED, ""
    row.save(update_fields=["state", "reason", "parts"])


def _by_sale(step: Cancellation) -> dict[str, dict[tuple[str, int], int]]:
    """Units by sale, SKU and the price they were sold at."""
    found: dict[str, dict[tuple[str, int], int]] = defaultdict(lambda: defaultdict(int))
    for each in step.lines:
        for invoice, price, units in each.sources:
            found[invoice][each.line.sku, price] += units
    return found


def _parts(step: Cancellation) -> list[str]:
    """The sales whose goods this step has given back already."""
    parts: list[str] = PlayedStep.objects.values_list("parts", flat=True).get(key=key_of(step))
    return parts


def _booked(actor: Actor, invoice: str, sale: tuple[str, str]) -> OrderView:
    channel, external_id = sale
    found = booked_orders(actor=actor, channel=channel, external_ids=[external_id]).get(external_id)
    if found is None:
        raise NothingToReturn(invoice=invoice)
    return get_order(actor=actor, code=found.code)


def _is_whole(order: OrderView, units: Mapping[tuple[str, int], int]) -> bool:
    """Every unit of an order that has not left comes back."""
    return order.state not in _LEFT and sum(units.values()) == sum(line.quantity for line in order.lines)


def _deliver(actor: Actor, order: OrderView, now: datetime) -> None:
    if order.state == "pending_confirmation":
        order = orders.confirm_order(actor=actor, code=order.code, now=now)
    if order.state in _BEFORE_PACKED:
        order = orders.move_order(actor=actor, code=order.code, to="packed", now=now)
    if order.state not in _LEFT:
        order = orders.ship_order(actor=actor, code=order.code, now=now)
    if order.state == "shipped":
        orders.deliver_order(actor=actor, code=order.code, now=now)


def _graded(order: OrderView, units: Mapping[tuple[str, int], int], invoice: str) -> list[GradedReturn]:
    """Which lines of an order the units came from: platforms may have made one line of several."""
    graded: list[GradedReturn] = []
    for (sku, price), wanted in units.items():
        left = wanted
        for line in order.lines:
            if line.sku.casefold() == sku.casefold() and line.unit_price_minor == price:
                some = min(left, line.quantity - line.returned)
                if some > 0:
                    graded.append(GradedReturn(line.line, some, "resellable"))
                    left -= some
        if left:
            raise NothingToReturn(invoice=invoice)
    return graded
