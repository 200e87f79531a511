"""The stock engine: takes holds in batches, one transaction a batch, so that a hot SKU is no slower than a cold one.

How a batch is served: lock the stock levels it asks for in (variant, location) order, decide in memory, write what was
taken with one statement, tell the channels which variants moved, commit, answer. Levels are always locked before holds
and holds are skipped when somebody else has them, so no two batches can wait for each other.

Expired holds never block a sale: before a request is refused, expired holds of its variants are released in the same
transaction.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import psycopg
import uuid_utils
from django.db import DatabaseError, IntegrityError, connection

from mekong.foundation.combiner import Combiner
from mekong.foundation.command import reuse_connection
from mekong.foundation.errors import Unavailable
from mekong.inventory import notices, rules
from mekong.inventory.contracts import Held, ReserveRequest, Short
from mekong.inventory.policy import Policy

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
    select h.idempotency_key, h.id::text, l.variant_id, l.location_id, l.quantity
      from inventory_hold h left join inventory_holdline l on l.hold_id = h.id
     where h.idempotency_key = any(%s::text[]) order by h.id, l.line
"""
_CONTROLS = "select id, used from inventory_stockcontrol where id = any(%s::bigint[]) order by id for no key update"
_EXPIRED = """
    with dead as (
        select h.id from inventory_hold h
         where h.state = 'held' and h.expires_at <= %(now)s
           and exists (select 1 from inventory_holdline l
                        where l.hold_id = h.id and l.variant_id = any(%(variants)s::bigint[]))
         limit 1000 for update skip locked
    ), marked as (
        update inventory_hold h set state = 'released', idempotency_key = null from dead where h.id = dead.id
    ), gone as (
        delete from inventory_holdline l using dead
         where l.hold_id = dead.id and (l.variant_id, l.location_id) in
               (select * from unnest(%(locked_variants)s::bigint[], %(locked_locations)s::bigint[]))
        returning l.variant_id, l.location_id, l.quantity, l.control_id
    ), uncounted as (
        update inventory_stockcontrol c set used = greatest(0, c.used - g.units)
          from (select control_id, sum(quantity) units from gone where control_id is not null group by 1) g
         where c.id = g.control_id
    )
    update inventory_stocklevel s set reserved = s.reserved - g.units, version = s.version + 1
      from (select variant_id, location_id, sum(quantity)::bigint units from gone group by 1, 2) g
     where s.variant_id = g.variant_id and s.location_id = g.location_id
    returning s.variant_id, s.location_id, g.units
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
          from unnest(%s::uuid[], %s::int[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
               l(hold_id, line, variant_id, location_id, units, control_id)
    )
    select pg_notify(%s, %s)
"""
_COUNT = """
    update inventory_stockcontrol c set used = c.used + d.units
      from unnest(%s::bigint[], %s::bigint[]) d(id, units) where c.id = d.id
"""

_RESCAN_S = 1.0
"""Seconds between two searches for expired holds of one sold-out variant."""

Answer = Held | Short


class _Batch:
    """One batch under way: what is free, what has been taken."""

    def __init__(self, cursor: psycopg.Cursor[Any], policy: Policy, requests: Sequence[ReserveRequest]) -> None:
        self.cursor = cursor
        self.policy = policy
        self.requests = requests
        self.free: dict[tuple[int, int], int] = {}
        self.used: dict[int, int] = {}
        self.taken: dict[tuple[int, int], int] = {}
        self.counted: dict[int, int] = {}
        self.holds: list[tuple[str, ReserveRequest]] = []
        self.rows: list[tuple[str, int, int, int, int, int]] = []

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
            _LOCK, (_array(pair[0] for pair in ordered), _array(pair[1] for pair in ordered)), prepare=True
        )
        rows = self.cursor.fetchall()
        if rows[0][2] != self.policy.version:
            return False
        self.free = {(variant, place): units for variant, place, units in rows[1:]}
        if self.policy.has_controls:
            self._lock_controls({variant for variant, _ in pairs})
        return True

    def _lock_controls(self, variants: set[int]) -> None:
        self.policy.know(variants)
        counted: set[int] = set()
        for request in self.requests:
            for variant, _ in request.lines:
                control = self.policy.control(request.channel, variant)
                if control is not None and control.kind in ("cap", "slice"):
                    counted.add(control.id)
                counted.update(each.id for each in self.policy.slices(variant))
        if counted:
            self.cursor.execute(_CONTROLS, (sorted(counted),))
            self.used = dict(self.cursor.fetchall())

    def repeats(self) -> dict[str, Held]:
        """Holds that earlier requests with the same keys already took."""
        keys = [request.key for request in self.requests if request.key]
        if not keys:
            return {}
        self.cursor.execute(_REPEATS, (keys,))
        found: dict[str, Held] = {}
        for key, hold, variant, place, units in self.cursor.fetchall():
            lines = found[key].lines if key in found else ()
            found[key] = Held(hold, (*lines, (variant, place, units)) if variant is not None else lines, {}, True)
        return found

    def decide(self, request: ReserveRequest) -> Answer:
        """Take what the request asks for, or say what is short. Nothing is written yet."""
        places = request.location_ids or self.policy.locations(request.channel)
        lines = request.lines
        free = self.free
        missing: dict[int, int] = {}
        if self.policy.has_controls and not request.is_sold:
            short = self._beyond_controls(request, places)
            if short:
                return Short(tuple(short))
        if len(lines) == 1 and len(places) == 1 and free.get((lines[0][0], places[0]), 0) >= lines[0][1]:
            chosen = [(lines[0][0], places[0], lines[0][1])]
        else:
            found = rules.place(lines, places, free)
            if found is None:
                short = [
                    (variant, units, have)
                    for variant, units in lines
                    if (have := sum(max(0, free.get((variant, place), 0)) for place in places)) < units
                ]
                if any(variant not in request.backorder for variant, _, _ in short):
                    return Short(tuple(line for line in short if line[0] not in request.backorder))
                missing = {variant: units - have for variant, units, have in short}
                there = [(variant, units - missing.get(variant, 0)) for variant, units in lines]
                found = rules.place([line for line in there if line[1]], places, free) or []
            chosen = found
        return self._take(request, chosen, missing)

    def _beyond_controls(self, request: ReserveRequest, places: Sequence[int]) -> list[tuple[int, int, int]]:
        return [
            (variant, units, allowed)
            for variant, units in request.lines
            if (allowed := self._allowed(request.channel, variant, places)) < units
        ]

    def _allowed(self, channel: str, variant: int, places: Sequence[int]) -> int:
        control = self.policy.control(channel, variant)
        sliced = sum(
            max(0, each.amount - self.used.get(each.id, 0))
            for each in self.policy.slices(variant)
            if each.channel != channel
        )
        free = sum(max(0, self.free.get((variant, place), 0)) for place in places)
        used = self.used.get(control.id, 0) if control else 0
        return rules.shaped(control, free=free, sliced_to_others=sliced, used=used)

    def _take(
        self, request: ReserveRequest, chosen: Sequence[tuple[int, int, int]], missing: dict[int, int]
    ) -> Held:
        hold = str(uuid_utils.uuid7())
        line = 0
        for variant, place, units in chosen:
            key = (variant, place)
            self.free[key] -= units
            self.taken[key] = self.taken.get(key, 0) + units
            control_id = self._count(request.channel, variant, units) if self.policy.has_controls else 0
            self.rows.append((hold, line, variant, place, units, control_id))
            line += 1
        self.holds.append((hold, request))
        return Held(hold, tuple(chosen), missing)

    def _count(self, channel: str, variant: int, units: int) -> int:
        control = self.policy.control(channel, variant)
        if control is None or control.kind not in ("cap", "slice"):
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
                "variants": sorted(variants),
                "now": now,
                "locked_variants": [variant for variant, _ in locked],
                "locked_locations": [place for _, place in locked],
            },
        )
        back = self.cursor.fetchall()
        for variant, place, units in back:
            self.free[variant, place] += units
        return bool(back)

    def write(self) -> None:
        """Write everything taken with one statement, and tell the channels."""
        if not self.holds:
            return
        taken = [(variant, place, units) for (variant, place), units in self.taken.items()]
        self.cursor.execute(
            _WRITE,
            (
                _array(row[0] for row in taken),
                _array(row[1] for row in taken),
                _array(row[2] for row in taken),
                self.requests[0].now,
                _array(hold for hold, _ in self.holds),
                _texts([request.channel for _, request in self.holds]),
                _texts([request.owner for _, request in self.holds]),
                _array(request.expires_at.timestamp() for _, request in self.holds),
                _texts([request.key or "" for _, request in self.holds]),
                _array(row[0] for row in self.rows),
                *(_array(row[column] for row in self.rows) for column in range(1, 6)),
                notices.CHANNEL,
                notices.payload({variant for variant, _ in self.taken}),
            ),
            prepare=True,
        )
        if self.counted:
            self.cursor.execute(_COUNT, (list(self.counted), list(self.counted.values())))


def _array(values: Iterable[object]) -> str:
    """An array literal of numbers or ids; far cheaper than adapting each element of a long list."""
    return f"{{{','.join(map(str, values))}}}"


def _texts(values: Sequence[str]) -> str:
    """An array literal of any texts."""
    joined = '","'.join(values)
    if "\\" in joined or joined.count('"') != 2 * (len(values) - 1):
        joined = '","'.join(value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return f'{{"{joined}"}}'


_policy: Policy | None = None
_scanned: dict[int, float] = {}


def _current_policy(now: datetime) -> Policy:
    global _policy
    if _policy is None or (_policy.stale_at is not None and _policy.stale_at <= now):
        _policy = Policy()
    return _policy


def forget_policy() -> None:
    """Read supply and controls again at the next batch. Only needed where the version was not moved (tests, restore)."""
    global _policy
    _policy = None
    _scanned.clear()


def serve(requests: Sequence[ReserveRequest]) -> list[Answer | BaseException]:
    """Serve one batch in one transaction; joins the caller's when there is one."""
    reuse_connection()
    try:
        return _serve(requests)
    except (psycopg.errors.UniqueViolation, IntegrityError):
        # Another process served the same idempotency key meanwhile; its hold is visible now.
        return _serve(requests)
    except (psycopg.OperationalError, psycopg.InterfaceError, DatabaseError) as lost:
        if not connection.in_atomic_block:
            connection.close()
        raise Unavailable from lost


def _serve(requests: Sequence[ReserveRequest]) -> list[Answer | BaseException]:
    for _ in range(5):
        policy = _current_policy(requests[0].now)
        with _transaction() as cursor:
            batch = _Batch(cursor, policy, requests)
            if batch.lock():
                answers = _decide_all(batch)
                batch.write()
                return list(answers)
        forget_policy()
    raise Unavailable


@contextlib.contextmanager
def _transaction() -> Iterator[psycopg.Cursor[Any]]:
    """A transaction in two round trips: begin goes out with the first statement, commit with the last.

    Each trip hands the interpreter to other threads and waits to get it back, so trips are what a batch costs most.
    Inside a caller's transaction the statements simply join it.
    """
    connection.ensure_connection()
    raw = connection.connection
    if connection.in_atomic_block:
        with psycopg.Cursor(raw) as cursor:
            yield cursor
        return
    with raw.pipeline():
        with psycopg.Cursor(raw) as cursor:
            cursor.execute("begin")
            try:
                yield cursor
            except BaseException:
                _roll_back(raw, cursor)
                raise
            cursor.execute("commit")


def _roll_back(raw: psycopg.Connection[Any], cursor: psycopg.Cursor[Any]) -> None:
    try:
        cursor.execute("rollback")
    except psycopg.Error:
        raw.close()


def _decide_all(batch: _Batch) -> list[Answer]:
    earlier = batch.repeats()
    answers: list[Answer] = []
    short: list[int] = []
    for position, request in enumerate(batch.requests):
        repeated = earlier.get(request.key) if request.key else None
        answer: Answer = repeated or batch.decide(request)
        if request.key and isinstance(answer, Held):
            earlier[request.key] = answer
        if isinstance(answer, Short):
            short.append(position)
        answers.append(answer)
    if short:
        _try_again(batch, answers, short, earlier)
    return answers


def _try_again(batch: _Batch, answers: list[Answer], short: Sequence[int], earlier: dict[str, Held]) -> None:
    now = batch.requests[0].now
    clock = time.monotonic()
    wanted = {line[0] for position in short for line in _short(answers[position]).lines}
    due = {variant for variant in wanted if _scanned.get(variant, 0.0) <= clock}
    if not due or not batch.release_expired(due, now):
        for variant in due:
            _scanned[variant] = clock + _RESCAN_S
        if len(_scanned) > 100_000:
            _scanned.clear()
        return
    for position in short:
        request = batch.requests[position]
        repeated = earlier.get(request.key) if request.key else None
        answer = repeated or batch.decide(request)
        if request.key and isinstance(answer, Held):
            earlier[request.key] = answer
        answers[position] = answer


def _short(answer: Answer) -> Short:
    assert isinstance(answer, Short)
    return answer


class StockEngine(Combiner[ReserveRequest, Answer]):
    """One engine a process. `call` and `acall` answer with `Held` or `Short`; raise Unavailable when the database is away."""

    def __init__(self) -> None:
        super().__init__("stock-engine", serve)


_engine = StockEngine()


def engine() -> StockEngine:
    """This process's engine. Its thread starts with the first request."""
    return _engine
