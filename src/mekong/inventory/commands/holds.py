"""Reservations: taken by the engine, claimed by orders, ended by sale, release or time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from mekong.catalog import queries as catalog
from mekong.catalog.queries import StockFacts
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.arrays import texts, uuids
from mekong.foundation.command import command
from mekong.foundation.errors import OutOfScope
from mekong.foundation.pipeline import server_cursor
from mekong.inventory import ledger
from mekong.inventory.commands.checking import (
    check_units,
)
from mekong.inventory.contracts import (
    Held,
    ReserveRequest,
    Short,
)
from mekong.inventory.engine import engine
from mekong.inventory.errors import (
    BadQuantity,
    HoldNotFound,
)
from mekong.inventory.ledger import Move
from mekong.inventory.models import (
    Hold,
    HoldBundle,
    HoldState,
    LocationKind,
    MovementReason,
    OversellEntry,
)
from mekong.inventory.policy import Policy
from mekong.inventory.queries import virtual_location


def reservation(
    *,
    actor: Actor,
    channel: str,
    owner: str,
    lines: Sequence[tuple[int, int]],
    ttl_s: int,
    now: datetime,
    key: str | None = None,
    location_ids: tuple[int, ...] | None = None,
    is_sold: bool = False,
    listings: Mapping[int, str] | None = None,
    facts: Mapping[int, StockFacts] | None = None,
    rest_of: Collection[int] = (),
) -> ReserveRequest:
    """A checked request for the engine: lines of one variant added up, bundles taken apart, back-orders marked.

    `listings`: the listing (`item:model`) that a variant was sold from. `facts` of variants at hand already need
    not be read again; those of a bundle name its parts. `rest_of`: what `lines` are the missing units of, where it is
    held in part and so counted already. Raises: MayNot, BadQuantity.
    """
    actor.require("inventory.reserve")
    for place in location_ids or ():
        if not actor.sees_location(place, "inventory.reserve"):
            raise OutOfScope(location=place)
    wanted: dict[int, int] = {}
    for position, (variant, units) in enumerate(lines):
        check_units(f"lines[{position}].quantity", units)
        wanted[variant] = wanted.get(variant, 0) + units
    if not wanted:
        raise BadQuantity(field="lines", quantity="", range="in at least one line")
    known = dict(facts or {})
    if any(variant not in known for variant in (*wanted, *rest_of)):
        known.update(catalog.stock_facts(variant_ids=[each for each in {*wanted, *rest_of} if each not in known]))
    parts: dict[int, int] = {}
    backorder: set[int] = set()
    bundles: list[tuple[int, int, tuple[tuple[int, int], ...]]] = []
    for variant, units in wanted.items():
        fact = known[variant]
        if fact.parts:
            bundles.append((variant, units, tuple(fact.parts)))
        for part, each in fact.parts or ((variant, 1),):
            parts[part] = parts.get(part, 0) + units * each
            if fact.allow_backorder:
                backorder.add(part)
    bundles += [(variant, 0, tuple(known[variant].parts)) for variant in rest_of if known[variant].parts]
    return ReserveRequest(
        channel, owner, tuple(parts.items()), now + timedelta(seconds=ttl_s), now, key, location_ids, is_sold,
        frozenset(backorder), tuple(bundles), tuple((listings or {}).items()),
    )  # fmt: skip


def reserve(
    *,
    actor: Actor,
    channel: str,
    owner: str,
    lines: Sequence[tuple[int, int]],
    ttl_s: int,
    now: datetime,
    key: str | None = None,
    location_ids: tuple[int, ...] | None = None,
    is_sold: bool = False,
    listings: Mapping[int, str] | None = None,
    rest_of: Collection[int] = (),
) -> Held | Short:
    """Hold units for an owner for `ttl_s` seconds: all lines or none. The engine's own transaction, not the caller's."""
    request = reservation(
        actor=actor, channel=channel, owner=owner, lines=lines, ttl_s=ttl_s, now=now, key=key,
        location_ids=location_ids, is_sold=is_sold, listings=listings, rest_of=rest_of,
    )  # fmt: skip
    return engine().call(request)


def reserve_all(requests: Sequence[ReserveRequest]) -> list[Held | Short]:
    """As `reserve`, for many at once: they share the engine's batches. Raises what the first refused one is told; what
    was held for the others ends with its time, or is theirs again when they repeat with the same key.
    """
    answers: list[Held | Short] = []
    for answer in engine().call_all(requests) if requests else ():
        if isinstance(answer, BaseException):
            raise answer
        answers.append(answer)
    return answers


@command
def release_hold(*, actor: Actor, hold_id: UUID, now: datetime) -> None:
    """Give an unclaimed hold's units back. Repeating changes nothing. Raises: HoldNotFound (never made, or claimed)."""
    actor.require("inventory.reserve")
    state = Hold.objects.filter(id=hold_id).values_list("state", flat=True).first()
    if state is None or state in (HoldState.CLAIMED, HoldState.CONSUMED):
        raise HoldNotFound(key=hold_id)
    lines = ledger.end_holds([str(hold_id)], to=HoldState.RELEASED, of=[HoldState.HELD], now=now)
    if not lines and Hold.objects.filter(id=hold_id, state__in=(HoldState.CLAIMED, HoldState.CONSUMED)).exists():
        raise HoldNotFound(key=hold_id)  # an order claimed it meanwhile
    ledger.post(actor=actor, moves=[], reason="", now=now, unreserve=ledger.reserved_by(lines))


def give_back(*, hold_ids: Collection[str], actor: Actor, now: datetime) -> None:
    """Release holds, claimed or not, inside the caller's command: their units are free again."""
    lines = ledger.end_holds(hold_ids, to=HoldState.RELEASED, now=now)
    ledger.post(actor=actor, moves=[], reason="", now=now, unreserve=ledger.reserved_by(lines))


def claim(hold_ids_by_order: Mapping[str, str]) -> set[str]:
    """Bind holds to the orders they were taken for: {hold id: order id}; the holds that could be, inside a command.

    Touches the holds' own rows alone, never a stock level. A hold that expired but was not yet given to others is
    claimed all the same.
    """
    with server_cursor() as cursor:
        ask_claim(cursor, hold_ids_by_order)
        return {row[0] for row in cursor.fetchall()}


def ask_claim(cursor: Any, hold_ids_by_order: Mapping[str, str]) -> None:
    """As `claim`, for a writer that sends several statements before it reads: each row is the id of a claimed hold."""
    pairs = sorted(hold_ids_by_order.items())
    cursor.execute(
        """with mine as (select h.id, d.claimed_by from inventory_hold h
                           join unnest(%s::uuid[], %s::text[]) d(id, claimed_by) on d.id = h.id
                          where h.state = 'held' order by h.id for update of h)
           update inventory_hold h set state = 'claimed', expires_at = null, claimed_by = mine.claimed_by
             from mine where h.id = mine.id returning h.id::text""",
        [uuids([hold for hold, _ in pairs]), texts([order for _, order in pairs])],
    )


def split_hold(
    *,
    hold_id: str,
    claimed_by: str,
    units: Mapping[int, int],
    now: datetime,
    sold: Mapping[int, int] | None = None,
) -> tuple[str | None, list[tuple[int, int, int]]]:
    """Move units of a claimed hold, by variant, into a new hold that another order has claimed; inside a command.

    `sold`: what those units were sold as, by variant; of it, bundles that a cap or slice counts move along. Lines taken
    last go first, so that the first order keeps the places that were asked first. No unit is released or taken: stock
    levels stay untouched, and units stay counted against the caps and slices they came from. Only when no unit moved,
    and so there is nothing that could be given back later, are the bundles counted no more. Returns the new hold (None
    when no unit moved) and what it holds: (variant, location, units).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select channel, owner from inventory_hold where id = %s::uuid and state = 'claimed' for update", [hold_id]
        )
        row = cursor.fetchone()
        if row is None:
            return None, []
        cursor.execute(
            """select line, variant_id, location_id, quantity, control_id from inventory_holdline
                where hold_id = %s::uuid order by line desc""",
            [hold_id],
        )
        taken = _taken(cursor.fetchall(), units, sold or {})
        if not taken:
            _move_bundles(cursor, hold_id, None, sold or {})
            return None, []
        made = Hold.objects.create(
            channel=row[0], owner=row[1], state=HoldState.CLAIMED, claimed_by=claimed_by, created_at=now
        )
        for number, (line, variant, place, count, left, control) in enumerate(reversed(taken)):
            if left:
                cursor.execute(
                    "update inventory_holdline set quantity = %s where hold_id = %s::uuid and line = %s",
                    [left, hold_id, line],
                )
            else:
                cursor.execute("delete from inventory_holdline where hold_id = %s::uuid and line = %s", [hold_id, line])
            cursor.execute(
                """insert into inventory_holdline (hold_id, line, variant_id, location_id, quantity, control_id)
                   values (%s, %s, %s, %s, %s, %s)""",
                [made.id, number, variant, place, count, control],
            )
        _move_bundles(cursor, hold_id, made.id, sold or {})
    moved: Counter[tuple[int, int]] = Counter()
    for _, variant, place, count, _, _ in reversed(taken):
        moved[variant, place] += count
    return str(made.id), [(*pair, count) for pair, count in moved.items()]


def _taken(
    rows: Sequence[tuple[int, int, int, int, int | None]], units: Mapping[int, int], sold: Mapping[int, int]
) -> list[tuple[int, int, int, int, int, int | None]]:
    """Which of these lines give how many units: (line, variant, place, units, what is left, control).

    What was sold by itself is taken from what its control counts, what was sold inside bundles from the rest first.
    """
    wanted, by_itself = dict(units), dict(sold)
    given: Counter[int] = Counter()
    for is_by_itself, is_any in ((True, False), (False, False), (False, True)):
        for line, variant, _, quantity, control in rows:
            if not is_any and is_by_itself != (control is not None):
                continue
            most = min(wanted.get(variant, 0), by_itself.get(variant, 0) if is_by_itself else quantity)
            count = min(quantity - given[line], most)
            if count > 0:
                wanted[variant] -= count
                given[line] += count
                if is_by_itself:
                    by_itself[variant] -= count
    return [
        (line, variant, place, given[line], quantity - given[line], control)
        for line, variant, place, quantity, control in rows
        if given[line]
    ]


def _move_bundles(cursor: Any, hold_id: str, to: UUID | None, sold: Mapping[int, int]) -> None:
    """Move counted bundles to another hold; without one they are counted no more."""
    left = dict(sold)
    freed: Counter[int] = Counter()
    for row in HoldBundle.objects.filter(hold_id=hold_id, variant_id__in=sold).order_by("-id"):
        count = min(row.quantity, left[row.variant_id])
        if not count:
            continue
        left[row.variant_id] -= count
        if count < row.quantity:
            HoldBundle.objects.filter(id=row.id).update(quantity=row.quantity - count)
        else:
            row.delete()
        if to is None:
            freed[row.control_id] += count
        else:
            HoldBundle.objects.create(hold_id=to, variant_id=row.variant_id, control_id=row.control_id, quantity=count)
    if freed:
        ledger.uncount(cursor, freed)


def hand_over(*, hold_id: str, claimed_by: str) -> None:
    """Give a claimed hold to another order; inside the caller's command."""
    Hold.objects.filter(id=hold_id, state=HoldState.CLAIMED).update(claimed_by=claimed_by)


def ship_holds(*, holds: Mapping[str, str], actor: Actor, now: datetime) -> dict[str, list[ledger.HeldLine]]:
    """Goods of claimed holds leave the shelf for delivery: {hold id: reference}; inside the caller's command."""
    delivery = virtual_location(LocationKind.DELIVERY)
    lines = ledger.end_holds(holds, to=HoldState.CONSUMED, counts=False, now=now)
    moves = [
        (Move(line.variant_id, line.location_id, delivery, line.quantity), holds[line.hold_id])
        for line in sorted(lines, key=lambda each: (each.variant_id, each.location_id))
    ]
    ledger.post(actor=actor, moves=moves, reason=MovementReason.SHIPMENT, now=now, unreserve=ledger.reserved_by(lines))
    shipped: dict[str, list[ledger.HeldLine]] = {}
    for line in lines:
        shipped.setdefault(line.hold_id, []).append(line)
    return shipped


def ship_beyond(
    *,
    lines: Sequence[tuple[int, int]],
    hold_id: str | None,
    channel: str,
    reference: str,
    actor: Actor,
    now: datetime,
) -> list[tuple[int, int, int]]:
    """Goods that left although nothing was held for them: (variant, units); inside the caller's command.

    What is free at the channel's places leaves them. The rest was never known here: it is booked as found and gone, and
    put on the list of goods sold below zero. Levels of `hold_id`, which the caller ships next, are locked along, so
    that all are locked in one order. Returns (variant, place, units) of what left.
    """
    places = Policy().locations(channel)
    held = ledger.held_units([hold_id]).get(hold_id, []) if hold_id else []
    wanted = {(variant, place) for variant, _ in lines for place in places}
    levels = ledger.lock(sorted(wanted | {(variant, place) for variant, place, _ in held}))
    delivery, loss = virtual_location(LocationKind.DELIVERY), virtual_location(LocationKind.LOSS)
    moves: list[tuple[Move, str]] = []
    left: list[tuple[int, int, int]] = []
    for variant, units in lines:
        rest = units
        for place in places:
            level = levels.get((variant, place), ledger.Level(0, 0, 0))
            taken = min(rest, level.on_hand - level.reserved)
            if taken > 0:
                moves.append((Move(variant, place, delivery, taken), reference))
                left.append((variant, place, taken))
                rest -= taken
        if rest and places:
            moves.append((Move(variant, loss, delivery, rest, note="sold below zero"), reference))
            left.append((variant, places[0], rest))
            OversellEntry.objects.create(
                variant_id=variant, location_id=places[0], quantity=rest, reference=reference, channel=channel,
                actor=actor.ref, occurred_at=now,
            )  # fmt: skip
    ledger.post(actor=actor, moves=moves, reason=MovementReason.SHIPMENT, now=now)
    return left


def book_delivery(*, lines: Mapping[str, Sequence[tuple[int, int]]], actor: Actor, now: datetime) -> None:
    """Goods on the way have reached the buyer: (variant, units) by reference; inside the caller's command."""
    source, target = virtual_location(LocationKind.DELIVERY), virtual_location(LocationKind.CUSTOMER)
    moves = [
        (Move(variant, source, target, units), reference)
        for reference, each in lines.items()
        for variant, units in each
    ]
    ledger.post(actor=actor, moves=moves, reason=MovementReason.DELIVERY, now=now)


def receive_return(
    *,
    lines: Sequence[tuple[int, int, bool]],
    location_id: int,
    reference: str,
    was_delivered: bool,
    actor: Actor,
    now: datetime,
    note: str = "",
) -> None:
    """Returned goods, received and graded: (variant, units, is resellable); inside the caller's command.

    Resellable units go on the shelf at `location_id`; the others are written off. Lots of returned goods are kept
    under the lot `return:<reference>`, without a date, until someone counts them in.
    """
    source = virtual_location(LocationKind.CUSTOMER if was_delivered else LocationKind.DELIVERY)
    loss = virtual_location(LocationKind.LOSS)
    moves = [
        (
            Move(variant, source, location_id if good else loss, units, lot=f"return:{reference}"[:60], note=note),
            reference,
        )
        for variant, units, good in lines
    ]
    ledger.post(actor=actor, moves=moves, reason=MovementReason.RETURN, now=now)


def release_expired(*, now: datetime, limit: int = 500) -> int:
    """Housekeeping: release up to `limit` expired holds; returns how many. Sales never wait for it."""
    due = Hold.objects.filter(state__in=ledger.EXPIRING, expires_at__lte=now).order_by("expires_at")
    ids = [str(each) for each in due.values_list("id", flat=True)[:limit]]
    if ids:
        _release(ids, now)
    return len(ids)


@command
def _release(ids: Sequence[str], now: datetime) -> None:
    lines = ledger.end_holds(ids, to=HoldState.RELEASED, of=ledger.EXPIRING, expired_by=now, now=now)
    ledger.post(actor=SYSTEM, moves=[], reason="", now=now, unreserve=ledger.reserved_by(lines))


KEPT_FOR = timedelta(days=30)


def forget_released(*, now: datetime, limit: int = 10_000) -> int:
    """Housekeeping: carts come and go, so holds released a month ago are deleted, up to `limit`; returns how many.

    A hold that an order consumed stays with its order.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """delete from inventory_hold where id in (
                   select h.id from inventory_hold h
                    where h.state = 'released' and h.expires_at is null and h.created_at < %s
                      and not exists (select from inventory_holdline l where l.hold_id = h.id) limit %s)""",
            [now - KEPT_FOR, limit],
        )
        return int(cursor.rowcount)
