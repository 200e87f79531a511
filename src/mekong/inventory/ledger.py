"""The one way stock changes: movements and reservations, written together with the levels they sum up to.

Every function here runs inside a command's transaction and keeps one order of locks: stock levels by (variant,
location), then lots, then holds. Whoever follows it cannot deadlock.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db import connection

from mekong.catalog import queries as catalog
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.arrays import texts, uuids
from mekong.foundation.pipeline import Cursor, server_cursor
from mekong.inventory import notices, rules
from mekong.inventory.errors import LotRequired, ShortStock
from mekong.inventory.models import KEPT_KINDS, HoldState, Location

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Move:
    """`quantity` units (above zero) of a variant from one location to another."""

    variant_id: int
    from_id: int
    to_id: int
    quantity: int
    lot: str = ""
    expires_on: date | None = None
    unit_cost_minor: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    on_hand: int
    reserved: int
    version: int


_ENSURE = """
    insert into inventory_stocklevel (variant_id, location_id, on_hand, reserved, version)
    select variant_id, location_id, 0, 0, 0 from unnest(%s::bigint[], %s::bigint[]) d(variant_id, location_id)
    on conflict do nothing
"""
_LOCK = """
    select variant_id, location_id, on_hand, reserved, version from inventory_stocklevel
     where (variant_id, location_id) in (select * from unnest(%s::bigint[], %s::bigint[]))
     order by variant_id, location_id for no key update
"""
_UPDATE = """
    update inventory_stocklevel s
       set on_hand = s.on_hand + d.units, reserved = s.reserved + d.held, version = s.version + 1
      from unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]) d(variant_id, location_id, units, held)
     where s.variant_id = d.variant_id and s.location_id = d.location_id
"""
_MOVE = """
    insert into inventory_stockmovement
           (variant_id, from_location_id, to_location_id, quantity, lot_id, unit_cost_minor, note,
            reason, reference, actor, occurred_at)
    select variant_id, from_id, to_id, units, lot_id, cost, note, %s, reference, %s, %s
      from unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[],
                  %s::text[])
           m(variant_id, from_id, to_id, units, lot_id, cost, note, reference)
"""

_kinds: dict[int, str] = {}


def kind_of(location_id: int) -> str:
    """A location's kind, which never changes."""
    if location_id not in _kinds:
        _kinds.update(Location.objects.values_list("id", "kind"))
    return _kinds[location_id]


def forget_kinds() -> None:
    _kinds.clear()


def is_kept(location_id: int) -> bool:
    return kind_of(location_id) in KEPT_KINDS


def post(
    *,
    actor: Actor,
    moves: Sequence[tuple[Move, str]],
    reason: str,
    now: datetime,
    unreserve: Mapping[Pair, int] | None = None,
) -> dict[Pair, Level]:
    """Book movements and give back reservations in one step; the levels touched, as they stand after.

    Args:
        moves: each with the reference it is booked under (an order code, a transfer).
        unreserve: units to take off `reserved`, by (variant, location).

    Raises:
        ShortStock: a level would fall below what is reserved of it, or below zero. Nothing is changed.
        LotRequired: goods of a variant kept by lot arrive without naming one.
    """
    unreserve = unreserve or {}
    units: Counter[Pair] = Counter()
    for move, _ in moves:
        if is_kept(move.from_id):
            units[move.variant_id, move.from_id] -= move.quantity
        if is_kept(move.to_id):
            units[move.variant_id, move.to_id] += move.quantity
    pairs = sorted({*units, *unreserve})
    levels = lock(pairs, create=[pair for pair in pairs if units.get(pair, 0) > 0])
    after: dict[Pair, Level] = {}
    for pair in pairs:
        level = levels.get(pair, Level(0, 0, 0))
        new = Level(level.on_hand + units.get(pair, 0), level.reserved - unreserve.get(pair, 0), level.version + 1)
        if not 0 <= new.reserved <= new.on_hand:
            raise _short(pairs, levels, units, unreserve)
        after[pair] = new
    booked = _with_lots(moves)
    with connection.cursor() as cursor:
        if pairs:
            cursor.execute(
                _UPDATE,
                [*_columns(pairs), [units.get(pair, 0) for pair in pairs], [-unreserve.get(pair, 0) for pair in pairs]],
            )
        if booked:
            rows = [
                (move.variant_id, move.from_id, move.to_id, move.quantity, lot, move.unit_cost_minor, move.note, ref)
                for move, ref, lot in booked
            ]
            cursor.execute(_MOVE, [reason, actor.ref, now, *(list(column) for column in zip(*rows, strict=True))])
        notices.stock_moved(cursor, {variant for variant, _ in pairs})
    return after


def lock(pairs: Sequence[Pair], *, create: Sequence[Pair] = ()) -> dict[Pair, Level]:
    """Lock stock levels in order, making those in `create` that do not exist yet."""
    with connection.cursor() as cursor:
        if create:
            cursor.execute(_ENSURE, _columns(create))
        if not pairs:
            return {}
        cursor.execute(_LOCK, _columns(sorted(pairs)))
        return {(row[0], row[1]): Level(*row[2:]) for row in cursor.fetchall()}


def _columns(pairs: Iterable[Pair]) -> list[list[int]]:
    listed = list(pairs)
    return [[variant for variant, _ in listed], [location for _, location in listed]]


def _short(
    pairs: Sequence[Pair], levels: Mapping[Pair, Level], units: Mapping[Pair, int], unreserve: Mapping[Pair, int]
) -> ShortStock:
    lines = []
    for pair in pairs:
        level = levels.get(pair, Level(0, 0, 0))
        free = level.on_hand - level.reserved + unreserve.get(pair, 0)
        if -units.get(pair, 0) > free:
            lines.append((pair, -units[pair], free))
    views = catalog.variants_by_id(actor=SYSTEM, ids=[variant for (variant, _), _, _ in lines])
    codes = dict(Location.objects.filter(id__in=[place for (_, place), _, _ in lines]).values_list("id", "code"))
    described = [
        {"sku": views[variant].sku, "location": codes[place], "requested": asked, "available": free}
        for (variant, place), asked, free in lines
    ]
    return short_stock(described)


def short_stock(lines: Sequence[Mapping[str, Any]]) -> ShortStock:
    """The error for lines that fell short: [{sku, requested, available, …}]."""
    summary = ", ".join(f"{line['sku']} {line['requested']} > {line['available']}" for line in lines)
    return ShortStock(summary=summary, lines=list(lines))


# --- lots ------------------------------------------------------------------------------------------------------------

_LOTS = """
    select variant_id, location_id, id, on_hand, code from inventory_stocklot
     where (variant_id, location_id) in (select * from unnest(%s::bigint[], %s::bigint[])) and on_hand > 0
     order by variant_id, location_id, expires_on nulls last, id for no key update
"""
_LOT_IN = """
    insert into inventory_stocklot as lot (variant_id, location_id, code, expires_on, on_hand)
    values (%s, %s, %s, %s, %s)
    on conflict (variant_id, location_id, code) do update
       set on_hand = lot.on_hand + excluded.on_hand, expires_on = coalesce(lot.expires_on, excluded.expires_on)
    returning id
"""


def _with_lots(moves: Sequence[tuple[Move, str]]) -> list[tuple[Move, str, int | None]]:
    """Split moves of lot-tracked variants by lot, earliest expiry first, and keep the lots' own sums."""
    tracked = catalog.lot_tracked(variant_ids={move.variant_id for move, _ in moves})
    if not tracked:
        return [(move, reference, None) for move, reference in moves]
    out = sorted({(m.variant_id, m.from_id) for m, _ in moves if m.variant_id in tracked and is_kept(m.from_id)})
    lots: dict[Pair, list[list[Any]]] = defaultdict(list)
    booked: list[tuple[Move, str, int | None]] = []
    with connection.cursor() as cursor:
        if out:
            cursor.execute(_LOTS, _columns(out))
            for variant, place, lot, on_hand, code in cursor.fetchall():
                lots[variant, place].append([lot, on_hand, code])
        for position, (move, reference) in enumerate(moves):
            if move.variant_id not in tracked:
                booked.append((move, reference, None))
                continue
            for part, taken_from in _parts(cursor, move, lots[move.variant_id, move.from_id], position):
                lot = taken_from
                if is_kept(part.to_id):
                    cursor.execute(_LOT_IN, [part.variant_id, part.to_id, part.lot, part.expires_on, part.quantity])
                    lot = cursor.fetchone()[0]
                booked.append((part, reference, lot))
    return booked


def _parts(cursor: Any, move: Move, lots: list[list[Any]], position: int) -> list[tuple[Move, int | None]]:
    if not is_kept(move.from_id):
        if not move.lot and is_kept(move.to_id):
            raise LotRequired(field=f"lines[{position}].lot")
        return [(move, None)]
    chosen = [lot for lot in lots if not move.lot or lot[2] == move.lot]
    taken = rules.take_lots(move.quantity, [(lot[0], lot[1]) for lot in chosen])
    if taken is None:
        sku = catalog.variants_by_id(actor=SYSTEM, ids=[move.variant_id])[move.variant_id].sku
        available = sum(lot[1] for lot in chosen)
        raise short_stock([{"sku": sku, "lot": move.lot, "requested": move.quantity, "available": available}])
    parts: list[tuple[Move, int | None]] = []
    for lot_id, units in taken:
        cursor.execute(
            "update inventory_stocklot set on_hand = on_hand - %s where id = %s returning code, expires_on",
            [units, lot_id],
        )
        code, expires_on = cursor.fetchone()
        next(lot for lot in lots if lot[0] == lot_id)[1] -= units
        parts.append((replace(move, quantity=units, lot=code, expires_on=expires_on), lot_id))
    return parts


# --- holds -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HeldLine:
    """`is_kept`: a running campaign has its units back, so they stay reserved."""

    hold_id: str
    variant_id: int
    location_id: int
    quantity: int
    is_kept: bool = False


_END = """
    with live as (
        select id from inventory_hold
         where id = any(%s::uuid[]) and state = any(%s) and (%s::timestamptz is null or expires_at <= %s)
         order by id for update)
    update inventory_hold h set state = %s, idempotency_key = null, expires_at = null
      from live where h.id = live.id returning h.id
"""
_DROP = """
    with lines as (
        delete from inventory_holdline where hold_id = any(%(holds)s::uuid[])
        returning hold_id, variant_id, location_id, quantity, control_id, campaign_stock_id
    ), bundles as (
        delete from inventory_holdbundle where hold_id = any(%(holds)s::uuid[]) returning hold_id, control_id, quantity
    ), sold as (
        insert into inventory_controlsale (hold_id, control_id, units)
        select hold_id, control_id, sum(quantity)
          from (select hold_id, control_id, quantity from lines where control_id is not null
                union all select hold_id, control_id, quantity from bundles) counted
         where not %(counts)s group by hold_id, control_id
    )
    select hold_id::text, variant_id, location_id, quantity, control_id, campaign_stock_id from lines
    union all select hold_id::text, null, null, quantity, control_id, null from bundles
"""
_UNCOUNT = """
    with locked as (select id from inventory_stockcontrol where id = any(%s::bigint[]) order by id for no key update)
    update inventory_stockcontrol c set used = greatest(0, c.used - d.units)
      from locked join unnest(%s::bigint[], %s::bigint[]) d(id, units) on d.id = locked.id
     where c.id = locked.id
"""
_PUT_ASIDE = """
    with live as (
        select s.id, s.hold_id, s.variant_id, s.location_id, d.units
          from unnest(%s::bigint[], %s::bigint[]) d(id, units)
          join inventory_campaignstock s on s.id = d.id
          join inventory_hold h on h.id = s.hold_id and h.state = 'held' and h.expires_at > %s
         order by s.id for update of h),
    aside as (
        insert into inventory_holdline as kept (hold_id, line, variant_id, location_id, quantity)
        select hold_id, 0, variant_id, location_id, units from live
        on conflict (hold_id, line) do update set quantity = kept.quantity + excluded.quantity)
    update inventory_campaignstock s set sold = s.sold - live.units from live where s.id = live.id returning s.id
"""


LIVE = (HoldState.HELD, HoldState.CLAIMED)
EXPIRING = (HoldState.HELD, HoldState.RELEASED)
"""States of holds that time ends. A released hold that has its expiry still keeps lines: the engine releases a hold,
but takes back only the levels it has locked."""


def end_holds(
    hold_ids: Collection[str],
    *,
    to: HoldState,
    now: datetime,
    of: Collection[HoldState] = LIVE,
    expired_by: datetime | None = None,
    counts: bool = True,
) -> list[HeldLine]:
    """End holds and take their lines away, with their levels locked; the caller books the lines by `post`.

    A hold that is not in one of the states `of` is left as it is: repeating changes nothing. `expired_by` ends only
    those that expired by then. `counts` gives units back to the caps, slices and campaigns they came from (a sale keeps
    them counted); what goes back to a campaign that runs at `now` stays reserved for it.
    """
    wanted = sorted(str(hold) for hold in hold_ids)
    with connection.cursor() as cursor:
        _lock_levels_of(cursor, wanted)
        cursor.execute(_END, [wanted, [str(state) for state in of], expired_by, expired_by, to])
        ended = [str(row[0]) for row in cursor.fetchall()]
        return _drop_lines(cursor, ended, counts=counts, now=now)


def merge_holds(*, into: str, source: str) -> None:
    """Put the lines of one claimed hold under another of the same owner. Touches the holds' rows alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            """with bundles as (
                   update inventory_holdbundle set hold_id = %(into)s::uuid where hold_id = %(source)s::uuid)
               update inventory_holdline l set hold_id = %(into)s::uuid, line = l.line + 1 +
                      (select coalesce(max(line), -1) from inventory_holdline where hold_id = %(into)s::uuid)
                where l.hold_id = %(source)s::uuid""",
            {"into": into, "source": source},
        )
        cursor.execute(
            "update inventory_hold set state = %s, idempotency_key = null where id = %s::uuid",
            [HoldState.RELEASED, source],
        )


def held_units(hold_ids: Collection[str], cursor: Cursor | None = None) -> dict[str, list[tuple[int, int, int]]]:
    """What live holds hold: (variant, location, units) of each; holds that have ended are missing.

    On the cursor of a batch where one is given.
    """
    if cursor is None:
        with server_cursor() as cursor:
            return held_units(hold_ids, cursor)
    cursor.execute(_HELD_UNITS, (uuids(list(hold_ids)), texts([str(state) for state in LIVE])))
    found: dict[str, list[tuple[int, int, int]]] = {}
    for hold, variant, place, units in cursor.fetchall():
        found.setdefault(hold, []).append((variant, place, units))
    return found


_HELD_UNITS = """
    select h.id::text, l.variant_id, l.location_id, sum(l.quantity)::bigint
      from inventory_hold h join inventory_holdline l on l.hold_id = h.id
     where h.id = any(%s::uuid[]) and h.state = any(%s::text[])
     group by h.id, l.variant_id, l.location_id order by h.id, min(l.line)
"""


def _lock_levels_of(cursor: Any, hold_ids: Sequence[str]) -> None:
    cursor.execute(
        "select distinct variant_id, location_id from inventory_holdline where hold_id = any(%s::uuid[])", [hold_ids]
    )
    lock(sorted((variant, location) for variant, location in cursor.fetchall()))


def _drop_lines(cursor: Any, hold_ids: Sequence[str], *, counts: bool, now: datetime) -> list[HeldLine]:
    cursor.execute(_DROP, {"holds": hold_ids, "counts": counts})
    rows = cursor.fetchall()
    returned: Counter[int] = Counter()
    to_campaigns: Counter[int] = Counter()
    for _, _, _, units, control, stock in rows:
        if control is not None:
            returned[control] += units
        if stock is not None:
            to_campaigns[stock] += units
    if counts and returned:
        uncount(cursor, returned)
    kept: set[int] = set()
    if counts and to_campaigns:
        cursor.execute(_PUT_ASIDE, [list(to_campaigns), list(to_campaigns.values()), now])
        kept = {row[0] for row in cursor.fetchall()}
    return [HeldLine(row[0], row[1], row[2], row[3], row[5] in kept) for row in rows if row[1] is not None]


def uncount(cursor: Any, units: Mapping[int, int]) -> None:
    """Give units back to caps and slices, by control. The levels the units stand at are locked already."""
    cursor.execute(_UNCOUNT, [list(units), list(units), list(units.values())])


def reserved_by(lines: Iterable[HeldLine]) -> dict[Pair, int]:
    """Units to give back, by (variant, location); 0 where only whose they are has changed."""
    units: Counter[Pair] = Counter()
    for line in lines:
        units[line.variant_id, line.location_id] += 0 if line.is_kept else line.quantity
    return dict(units)
