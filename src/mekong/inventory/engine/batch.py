"""One batch of the engine: what it locks, decides and writes, and the statements it does so with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import uuid_utils

from mekong.foundation.arrays import bigints, floats, texts, uuids
from mekong.foundation.pipeline import Cursor
from mekong.inventory import notices, rules
from mekong.inventory.contracts import Held, ReserveRequest, Short
from mekong.inventory.policy import Policy
from mekong.inventory.rules import Control

_LOCK = """
    with locked as (
        select s.variant_id, s.location_id, s.on_hand - s.reserved
          from inventory_stocklevel s
         where (s.variant_id, s.location_id) in (select * from unnest(%s::bigint[], %s::bigint[]))
         order by s.variant_id, s.location_id for no key update)
    select 0::bigint, 0::bigint, version from inventory_stockpolicy where id = 1
    union all select * from locked
"""
_REPEATS = """
    select h.idempotency_key, h.id::text, h.state, l.variant_id, l.location_id, sum(l.quantity)::bigint
      from inventory_hold h left join inventory_holdline l on l.hold_id = h.id
     where h.idempotency_key = any(%s::text[])
     group by h.id, l.variant_id, l.location_id order by h.id, min(l.line)
"""
_CONTROLS = "select id, used from inventory_stockcontrol where id = any(%s::bigint[]) order by id for no key update"
_ASIDES = """
    select s.id, s.line_id, s.variant_id, s.location_id, coalesce(l.quantity, 0), h.expires_at
      from inventory_campaignstock s join inventory_hold h on h.id = s.hold_id and h.state = 'held'
      left join inventory_holdline l on l.hold_id = s.hold_id
     where s.line_id = any(%s::bigint[]) order by s.id
"""
_EXPIRED = """
    with spare as materialized (
        select c.id from inventory_stockcontrol c where c.id <> all(%(controls)s::bigint[])
         order by c.id for no key update skip locked
    ), busy as materialized (
        select coalesce(array_agg(c.id), '{}') as ids from inventory_stockcontrol c
         where c.id <> all(%(controls)s::bigint[]) and c.id not in (select id from spare)
    ), dead as materialized (
        select h.id from inventory_hold h cross join busy
          cross join lateral (select bool_or(l.variant_id = any(%(variants)s::bigint[])
                                             or l.control_id = any(%(controls)s::bigint[])) is true as is_wanted,
                                     bool_or(l.control_id = any(busy.ids)) is true as is_busy
                                from inventory_holdline l where l.hold_id = h.id) lines
          cross join lateral (select bool_or(b.control_id = any(%(controls)s::bigint[])) is true as is_wanted,
                                     bool_or(b.control_id = any(busy.ids)) is true as is_busy
                                from inventory_holdbundle b where b.hold_id = h.id) bundles
         where h.state in ('held', 'released') and h.expires_at <= %(now)s::timestamptz
           and (lines.is_wanted or bundles.is_wanted) and not lines.is_busy and not bundles.is_busy
         order by h.expires_at limit 200 for update of h skip locked
    ), gone as (
        delete from inventory_holdline l using dead
         where l.hold_id = dead.id and (l.variant_id, l.location_id) in
               (select * from unnest(%(locked_variants)s::bigint[], %(locked_locations)s::bigint[]))
        returning l.hold_id, l.variant_id, l.location_id, l.quantity, l.control_id, l.campaign_stock_id
    ), uncharged as (
        update inventory_holdline l set control_id = null
          from dead cross join lateral
               (select w.hold_id, w.line, w.control_id, w.quantity from inventory_holdline w
                 where w.hold_id = dead.id and w.control_id is not null and (w.variant_id, w.location_id) not in
                       (select * from unnest(%(locked_variants)s::bigint[], %(locked_locations)s::bigint[]))
                offset 0) was  -- or PostgreSQL 15 reads every line
         where l.hold_id = was.hold_id and l.line = was.line
        returning was.control_id, was.quantity
    ), unbundled as (
        delete from inventory_holdbundle b using dead where b.hold_id = dead.id returning b.control_id, b.quantity
    ), live as materialized (
        select s.id, s.hold_id, s.variant_id, s.location_id, g.units
          from (select campaign_stock_id as id, sum(quantity)::bigint as units from gone
                 where campaign_stock_id is not null group by 1) g
          join inventory_campaignstock s on s.id = g.id
          join inventory_hold h on h.id = s.hold_id and h.state = 'held' and h.expires_at > %(now)s::timestamptz
           for update of h
    ), aside as (
        insert into inventory_holdline as kept (hold_id, line, variant_id, location_id, quantity)
        select hold_id, 0, variant_id, location_id, units from live
        on conflict (hold_id, line) do update set quantity = kept.quantity + excluded.quantity
    ), unsold as (
        update inventory_campaignstock s set sold = s.sold - live.units from live where s.id = live.id
    ), counted as (
        select dead.id, coalesce(g.lines, 0) as gone,
               (select count(*) from inventory_holdline l where l.hold_id = dead.id) as kept
          from dead left join (select hold_id, count(*) as lines from gone group by 1) g on g.hold_id = dead.id
    ), marked as (
        update inventory_hold h set state = 'released', idempotency_key = null,
               expires_at = case when counted.kept > counted.gone then h.expires_at end
          from counted where h.id = counted.id
    ), uncounted as (
        update inventory_stockcontrol c set used = greatest(0, c.used - g.units)
          from (select control_id, sum(quantity) units
                  from (select control_id, quantity from gone where control_id is not null
                        union all select control_id, quantity from uncharged
                        union all select control_id, quantity from unbundled) each group by 1) g
         where c.id = g.control_id
        returning c.id, c.used
    ), back as (
        update inventory_stocklevel s set reserved = s.reserved - g.units, version = s.version + 1
          from (select each.variant_id, each.location_id, sum(each.units)::bigint as units
                  from (select variant_id, location_id, quantity as units from gone
                        union all select variant_id, location_id, -units from live) each group by 1, 2) g
         where s.variant_id = g.variant_id and s.location_id = g.location_id
        returning s.variant_id, s.location_id, g.units
    )
    select variant_id, location_id, units, 'level' from back union all select id, 0, used, 'control' from uncounted
    union all select id, 0, units, 'aside' from live
"""
_WRITE = """
    with moved as (
        update inventory_stocklevel s set reserved = s.reserved + d.units, version = s.version + 1
          from unnest(%s::bigint[], %s::bigint[], %s::bigint[]) d(variant_id, location_id, units)
         where s.variant_id = d.variant_id and s.location_id = d.location_id
    ), held as (
        insert into inventory_hold (id, channel, owner, state, expires_at, claimed_by, idempotency_key, created_at)
        select id, channel, owner, 'held', to_timestamp(expires_at), '', nullif(key, ''), %s::timestamptz
          from unnest(%s::uuid[], %s::text[], %s::text[], %s::float8[], %s::text[])
               h(id, channel, owner, expires_at, key)
    ), lines as (
        insert into inventory_holdline (hold_id, line, variant_id, location_id, quantity, control_id)
        select hold_id, line, variant_id, location_id, units, nullif(control_id, 0)
          from unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
               l(hold_id, line, variant_id, location_id, units, control_id)
    )
    select pg_notify(%s, %s)
"""
_COUNT = """
    update inventory_stockcontrol c set used = c.used + d.units
      from unnest(%s::bigint[], %s::bigint[]) d(id, units) where c.id = d.id
"""
_BUNDLES = """
    insert into inventory_holdbundle (hold_id, variant_id, control_id, quantity)
    select * from unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::bigint[])
"""
_SPEND = """
    with spent as (
        update inventory_campaignstock s set sold = s.sold + d.units
          from unnest(%s::bigint[], %s::bigint[]) d(id, units) where s.id = d.id returning s.hold_id, d.units
    ), gone as (
        delete from inventory_holdline l using spent where l.hold_id = spent.hold_id and l.quantity = spent.units
    ), marked as (
        update inventory_holdline l set campaign_stock_id = m.stock
          from unnest(%s::uuid[], %s::bigint[], %s::bigint[]) m(hold_id, line, stock)
         where l.hold_id = m.hold_id and l.line = m.line
    )
    update inventory_holdline l set quantity = l.quantity - spent.units
      from spent where l.hold_id = spent.hold_id and l.quantity > spent.units
"""

Answer = Held | Short
Places = Sequence[tuple[int, int, int]]
"""(variant, place, units)"""


def variants_of(requests: Sequence[ReserveRequest]) -> set[int]:
    """Whatever controls may name: what is asked for, and the bundles it was asked for as."""
    bundles = {bundle for request in requests for bundle, _, _ in request.bundles}
    return bundles | {variant for request in requests for variant, _ in request.lines}


class Batch:
    """One batch under way: what is free, what has been taken."""

    def __init__(self, cursor: Cursor, policy: Policy, requests: Sequence[ReserveRequest]) -> None:
        self.cursor = cursor
        self.policy = policy
        self.requests = requests
        self.free: dict[tuple[int, int], int] = {}
        self.used: dict[int, int] = {}
        self.taken: dict[tuple[int, int], int] = {}
        self.counted: dict[int, int] = {}
        self.locked_controls: list[int] = []
        self.freed: set[int] = set()
        self.holds: list[tuple[str, str, str, float, str]] = []
        self.rows: list[tuple[str, int, int, int, int, int]] = []
        self.bundles: list[tuple[str, int, int, int]] = []
        """Bundles that a cap or slice counts: (hold, bundle, control, bundles)."""
        self.asides: dict[int, list[tuple[int, int, int, datetime]]] = {}
        """By line of a campaign: (stock, variant, place, end) of what is set aside for it."""
        self.left: dict[int, int] = {}
        self.spent: dict[int, int] = {}
        self.marks: list[tuple[str, int, int]] = []

    def lock(self) -> bool:
        """Lock every level the batch may touch; False when the policy has moved on since it was read."""
        pairs: set[tuple[int, int]] = set()
        for request in self.requests:
            places = request.location_ids or self.policy.locations(request.channel)
            for variant, _ in request.lines:
                for place in places:
                    pairs.add((variant, place))
        ordered = sorted(pairs)
        self.cursor.execute(
            _LOCK,
            (bigints([pair[0] for pair in ordered]), bigints([pair[1] for pair in ordered])),
        )
        rows = self.cursor.fetchall()
        if rows[0][2] != self.policy.version:
            return False
        self.free = {(variant, place): units for variant, place, units in rows[1:]}
        if self.policy.has_controls:
            self._lock_controls(variants_of(self.requests))
        if self.policy.has_campaigns:
            self._read_asides()
        return True

    def is_overtaken(self) -> bool:
        """Whether the policy has moved since it was read: what fell short by the old one may not by the new."""
        self.cursor.execute("select version from inventory_stockpolicy where id = 1")
        row = self.cursor.fetchone()
        return row is not None and row[0] != self.policy.version

    def _read_asides(self) -> None:
        """What campaigns have left at the levels locked. Nobody else may touch it meanwhile."""
        lines = self.policy.every_campaign_line({variant for variant, _ in self.free})
        if not lines:
            return
        self.cursor.execute(_ASIDES, (bigints(lines),))
        for stock, line, variant, place, left, until in self.cursor.fetchall():
            if (variant, place) in self.free:
                self.asides.setdefault(line, []).append((stock, variant, place, until))
                self.left[stock] = left

    def _lock_controls(self, variants: set[int]) -> None:
        """Lock the caps and slices of these variants, of all channels: an expired hold may give back to any of them."""
        counted = {control for variant in variants for control in self.policy.counted(variant)}
        for request in self.requests:
            for variant, listing in request.listings:
                control = self.policy.control(request.channel, variant, listing)
                if control is not None and control.kind in rules.COUNTED_KINDS:
                    counted.add(control.id)
        if counted:
            self.locked_controls = sorted(counted)
            self.cursor.execute(_CONTROLS, (bigints(self.locked_controls),))
            self.used = dict(self.cursor.fetchall())

    def repeats(self) -> dict[str, tuple[Held, bool]]:
        """Holds that earlier requests with the same keys already took, and whether they still wait for their order."""
        keys = [request.key for request in self.requests if request.key]
        if not keys:
            return {}
        self.cursor.execute(_REPEATS, (texts(keys),))
        found: dict[str, tuple[Held, bool]] = {}
        for key, hold, state, variant, place, units in self.cursor.fetchall():
            lines = found[key][0].lines if key in found else ()
            if variant is not None:
                lines = (*lines, (variant, place, units))
            found[key] = Held(hold, lines, {}, True), state == "held"
        return found

    def decide(self, request: ReserveRequest) -> Answer:
        """Take what the request asks for, or say what is short. Nothing is written yet.

        What a running campaign of the channel has left goes first; controls concern the rest alone.
        """
        places = request.location_ids or self.policy.locations(request.channel)
        first = self._from_campaigns(request, places) if self.asides and not request.is_aside else []
        if not first:
            return self._settle(request, places, request.lines, [])
        got: dict[int, int] = {}
        for _, variant, _, units in first:
            got[variant] = got.get(variant, 0) + units
        rest = [(variant, units - got.get(variant, 0)) for variant, units in request.lines]
        answer = self._settle(request, places, [line for line in rest if line[1]], first)
        if isinstance(answer, Short):
            return Short(tuple((each, n + got.get(each, 0), have + got.get(each, 0)) for each, n, have in answer.lines))
        return answer

    def _from_campaigns(self, request: ReserveRequest, places: Sequence[int]) -> list[tuple[int, int, int, int]]:
        """(stock, variant, place, units) that campaigns give, at one place where one has all that is left to give."""
        named = dict(request.listings)
        given: list[tuple[int, int, int, int]] = []
        for variant, units in request.lines:
            stocks = [
                (stock, place)
                for line in self.policy.campaign_lines(request.channel, variant, named.get(variant, ""))
                for stock, of, place, until in self.asides.get(line, ())
                if of == variant and until > request.now and place in places and self.left[stock] > 0
            ]
            stocks.sort(key=lambda each: (self.left[each[0]] < units, places.index(each[1])))
            for stock, place in stocks:
                taken = min(units, self.left[stock])
                if taken:
                    given.append((stock, variant, place, taken))
                    units -= taken  # noqa: PLW2901 - what is still wanted of the line
        return given

    def _settle(
        self,
        request: ReserveRequest,
        places: Sequence[int],
        lines: Sequence[tuple[int, int]],
        first: Sequence[tuple[int, int, int, int]],
    ) -> Answer:
        """Take these lines from the shelf, and `first` from campaigns."""
        free = self.free
        most: dict[int, int] = {}
        if self.policy.has_controls and not request.is_sold:
            short, most = self._beyond_controls(request, places, lines, first)
            if short:
                return Short(tuple(short))
        if len(lines) == 1 and len(places) == 1 and not most and free.get((lines[0][0], places[0]), 0) >= lines[0][1]:
            return self._take(request, [(lines[0][0], places[0], lines[0][1])], {}, first)
        found = rules.place(lines, places, free) if not most else None
        if found is not None:
            return self._take(request, found, {}, first)
        short, there, missing = [], [], {}
        for variant, units in lines:
            have = min(units, most.get(variant, units), sum(max(0, free.get((variant, place), 0)) for place in places))
            if have < units and variant not in request.backorder:
                short.append((variant, units, have))
            elif have < units:
                missing[variant] = units - have
            if have:
                there.append((variant, have))
        if short:
            return Short(tuple(short))
        return self._take(request, rules.place(there, places, free) or [], missing, first)

    def _beyond_controls(
        self,
        request: ReserveRequest,
        places: Sequence[int],
        lines: Sequence[tuple[int, int]],
        first: Sequence[tuple[int, int, int, int]],
    ) -> tuple[list[tuple[int, int, int]], dict[int, int]]:
        """Lines that the channel's controls do not allow; and how many units on the shelf back-orders may take."""
        asked: dict[int, int] = {}
        short = [] if request.is_aside else self._bundles_beyond_controls(request, places, first, asked)
        most: dict[int, int] = {}
        for variant, units in lines:
            allowed = self._allowed(request, variant, units, places, asked)
            if allowed >= units:
                continue
            control = self.policy.control(request.channel, variant)
            if variant in request.backorder and (control is None or control.kind not in rules.HARD_KINDS):
                most[variant] = allowed
            else:
                short.append((variant, units, allowed))
        return short, most

    def _bundles_beyond_controls(
        self,
        request: ReserveRequest,
        places: Sequence[int],
        first: Sequence[tuple[int, int, int, int]],
        asked: dict[int, int],
    ) -> list[tuple[int, int, int]]:
        """Bundles that the channel's controls do not allow. `asked`: what this request has asked of each control."""
        short: list[tuple[int, int, int]] = []
        given: dict[int, int] = {}
        for _, variant, _, units in first:
            given[variant] = given.get(variant, 0) + units
        for bundle, units, parts in request.bundles:
            control = self.policy.control(request.channel, bundle)
            if control is None or (request.backorder and control.kind not in rules.HARD_KINDS):
                continue
            is_own = control.kind == "slice"
            free = min(
                (
                    given.get(part, 0)
                    + max(0, self._free(part, places) - (0 if is_own else self._sliced(request.channel, part)))
                )
                // each
                for part, each in parts
            )
            used = self.used.get(control.id, 0) + asked.get(control.id, 0)
            allowed = rules.shaped(control, free=free, sliced_to_others=0, used=used)
            if allowed < units:
                short.append((bundle, units, allowed))
            asked[control.id] = asked.get(control.id, 0) + units
        return short

    def _free(self, variant: int, places: Sequence[int]) -> int:
        return sum(max(0, self.free.get((variant, place), 0)) for place in places)

    def _sliced(self, channel: str, variant: int) -> int:
        """Units of a variant that other channels' slices still set aside."""
        return sum(
            max(0, control.amount - self.used.get(control.id, 0)) * each
            for control, each in self.policy.slices(variant)
            if control.channel != channel
        )

    def _allowed(
        self, request: ReserveRequest, variant: int, units: int, places: Sequence[int], asked: dict[int, int]
    ) -> int:
        """How many of these units the channel may sell; those inside bundles ask for the pool alone."""
        channel = request.channel
        control = None if request.is_aside else self.policy.control(channel, variant)
        free, sliced = self._free(variant, places), self._sliced(channel, variant)
        if control is None:
            return rules.shaped(None, free=free, sliced_to_others=sliced, used=0)
        inside = min(units, self._inside(request, variant, control)) if request.bundles else 0
        used = self.used.get(control.id, 0) + asked.get(control.id, 0)
        allowed = rules.shaped(control, free=free, sliced_to_others=sliced, used=used)
        asked[control.id] = asked.get(control.id, 0) + units - inside
        return min(inside + allowed, max(allowed, free - sliced)) if inside else allowed

    def _inside(self, request: ReserveRequest, variant: int, control: Control) -> int:
        """Units that go inside bundles which the control of the part meets as well.

        It has had its say about the bundle, or a narrower one in its place: asked for the parts too, it would count twice
        what is sold once. One that counts nothing may as well see all units, and so both lines of an order together.
        """
        is_counted = control.kind in rules.COUNTED_KINDS
        asked = dict(request.lines).get(variant, 0)
        return sum(
            units * each or asked
            for bundle, units, parts in request.bundles
            for part, each in parts
            if part == variant
            and (control.scope == "listing" or self.policy.meets(control, bundle))
            and (is_counted or self.policy.control(request.channel, bundle) != control)
        )

    def _take(
        self,
        request: ReserveRequest,
        chosen: Places,
        missing: dict[int, int],
        first: Sequence[tuple[int, int, int, int]] = (),
    ) -> Held:
        hold = str(uuid_utils.uuid7())
        is_counted = self.policy.has_controls and not request.is_aside
        inside = self._count_bundles(request, hold) if is_counted and request.bundles else {}
        line = len(first)
        for variant, place, units in chosen:
            key = (variant, place)
            self.free[key] -= units
            self.taken[key] = self.taken.get(key, 0) + units
            if inside and (uncounted := min(units, inside.get(variant, 0))):
                inside[variant] -= uncounted
                self.rows.append((hold, line, variant, place, uncounted, 0))
                line += 1
                units -= uncounted  # noqa: PLW2901 - what its own control counts
            if units:
                control_id = self._count(request, variant, units) if is_counted else 0
                self.rows.append((hold, line, variant, place, units, control_id))
                line += 1
        for line, (stock, variant, place, units) in enumerate(first):
            # Reserved already: they only change hands. The level's version moves all the same.
            self.taken.setdefault((variant, place), 0)
            self.left[stock] -= units
            self.spent[stock] = self.spent.get(stock, 0) + units
            self.rows.append((hold, line, variant, place, units, 0))
            self.marks.append((hold, line, stock))
        self.holds.append((hold, request.channel, request.owner, request.expires_at.timestamp(), request.key or ""))
        if not first:
            return Held(hold, tuple(chosen), missing)
        whole: dict[tuple[int, int], int] = {}
        for variant, place, units in (*((each[1], each[2], each[3]) for each in first), *chosen):
            whole[variant, place] = whole.get((variant, place), 0) + units
        return Held(hold, tuple((*key, units) for key, units in whole.items()), missing)

    def _count_bundles(self, request: ReserveRequest, hold: str) -> dict[int, int]:
        """Count each bundle as one unit; by part, the units inside bundles that its own control does not count as well."""
        inside: dict[int, int] = {}
        for bundle, units, parts in request.bundles:
            if units and (control_id := self._count(request, bundle, units)):
                self.bundles.append((hold, bundle, control_id, units))
            for part, _ in parts:
                control = self._control_of(request, part)
                if part not in inside and control is not None and control.kind in rules.COUNTED_KINDS:
                    inside[part] = self._inside(request, part, control)
        return inside

    def _control_of(self, request: ReserveRequest, variant: int) -> Control | None:
        return self.policy.control(request.channel, variant, dict(request.listings).get(variant, ""))

    def _count(self, request: ReserveRequest, variant: int, units: int) -> int:
        control = self._control_of(request, variant)
        if control is None or control.kind not in rules.COUNTED_KINDS:
            return 0
        self.used[control.id] = self.used.get(control.id, 0) + units
        self.counted[control.id] = self.counted.get(control.id, 0) + units
        return control.id

    def release_expired(self, variants: set[int], now: datetime) -> bool:
        """Give back what expired holds keep of these variants, at the levels locked; True when anything came back."""
        locked = list(self.free)
        self.cursor.execute(
            _EXPIRED,
            {
                "variants": bigints(sorted(variants)),
                "now": now,
                "controls": bigints(self.locked_controls),
                "locked_variants": bigints([variant for variant, _ in locked]),
                "locked_locations": bigints([place for _, place in locked]),
            },
        )
        back = self.cursor.fetchall()
        for which, place, units, kind in back:
            if kind == "level":
                self.free[which, place] += units
                self.freed.add(which)
            elif kind == "control":
                self.used[which] = units + self.counted.get(which, 0)
            elif which in self.left:
                self.left[which] += units
        return bool(back)

    def write(self) -> None:
        """Write everything taken with one statement, and tell the channels."""
        moved = self.freed | {variant for variant, _ in self.taken}
        if not self.holds:
            if moved:
                notices.stock_moved(self.cursor, moved)
            return
        if any(hold[4] for hold in self.holds):
            # In one order in all processes: two batches with the same two keys would wait for each other.
            self.holds.sort(key=lambda hold: hold[4])
        # Turned into columns at once: a generator for each column costs more than all else that is done here.
        ids, channels, owners, ends, keys = zip(*self.holds, strict=True)
        # A hold of what is all to come has no lines.
        of_hold, *numbers = zip(*self.rows, strict=True) if self.rows else ((),) * 6
        variants, places = zip(*self.taken, strict=True) if self.taken else ((), ())
        self.cursor.execute(
            _WRITE,
            (
                bigints(variants),
                bigints(places),
                bigints(tuple(self.taken.values())),
                self.requests[0].now,
                uuids(ids),
                texts(channels),
                texts(owners),
                floats(ends),
                texts(keys),
                uuids(of_hold),
                *map(bigints, numbers),
                notices.CHANNEL,
                notices.payload(moved),
            ),
        )
        if self.bundles:
            of_bundle, *counts = zip(*self.bundles, strict=True)
            self.cursor.execute(_BUNDLES, (uuids(of_bundle), *map(bigints, counts)))
        if self.spent:
            of_mark, *at = zip(*self.marks, strict=True)
            spent = bigints(tuple(self.spent)), bigints(tuple(self.spent.values()))
            self.cursor.execute(_SPEND, (*spent, uuids(of_mark), *map(bigints, at)))
        if self.counted:
            self.cursor.execute(
                _COUNT,
                (bigints(tuple(self.counted)), bigints(tuple(self.counted.values()))),
            )
