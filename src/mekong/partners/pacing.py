"""How fast apps may call, over all processes together, and what they called.

The bucket of an app is one row. A process takes a small lease of calls from it (a second's worth, at most a tenth of the
burst) and spends it from memory, so a call costs a dictionary, and about one in a lease a statement. What is leased is
out of the bucket: all processes together never let more through in any window than `burst + rate × window`, plus what
they had leased before the window began, which is one lease a process at most (`rules.limits.Limit.lease`). Calls are
counted in memory and written every few seconds; a process that is killed loses what it had not written.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

import structlog
from django.db import DatabaseError, connection, transaction

from mekong.foundation.actor import Actor
from mekong.partners.errors import OverAppLimit
from mekong.partners.rules import limits
from mekong.partners.rules.limits import VIETNAM, Limit

log = structlog.get_logger(__name__)

FRESH_S = 4.0
"""How long a token's app and limit are taken from memory."""
STALE_LEASE_S = 10.0
"""A lease not spent by then is forgotten: the calls were for then, not for now."""
WRITE_EVERY_S = 5.0
_MOST_REMEMBERED = 10_000


@dataclass
class _Held:
    """What this process knows of one app."""

    key: int
    limit: Limit
    leased: int = 0
    leased_at: float = 0.0
    in_bucket: float = 0.0
    empty_until: float = 0.0
    next_call_at: float = 0.0


@dataclass(frozen=True)
class Standing:
    """For the headers of an answer: `remaining` calls may be made now; the bucket is full again in `reset_s`."""

    limit: Limit
    remaining: int

    @classmethod
    def refused(cls, over: OverAppLimit) -> Standing:
        """Where a caller stands whose call was not taken."""
        return cls(Limit(over.params["per_minute"], over.params["burst"]), 0)

    @property
    def reset_s(self) -> int:
        return max(0, round((self.limit.burst - self.remaining) / self.limit.per_second))

    def headers(self) -> dict[str, str]:
        """Source: IETF draft-ietf-httpapi-ratelimit-headers-10: `q` quota, `w` its window, `r` remaining, `t` reset."""
        return {
            "RateLimit-Policy": f'"app";q={self.limit.per_minute};w=60',
            "RateLimit": f'"app";r={self.remaining};t={self.reset_s}',
        }


@dataclass
class _Count:
    calls: int = 0
    errors: int = 0
    limited: int = 0


@dataclass
class _Token:
    app: int | None
    until: float


@dataclass
class Gate:
    """Lets calls of apps through. Other callers pass untouched. `clock`: seconds that only grow."""

    clock: Callable[[], float] = time.monotonic
    _tokens: dict[str, _Token] = field(default_factory=dict)
    _apps: dict[int, _Held] = field(default_factory=dict)
    _counts: dict[tuple[int, date], _Count] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _leasing: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None
    _stop: threading.Event = field(default_factory=threading.Event)

    # --- letting through ----------------------------------------------------------------------------------------------

    def known(self, actor: Actor) -> tuple[bool, Standing | None]:
        """Let a call through from memory alone: (False, None) when the database must be asked by `admit`.

        Raises: OverAppLimit.
        """
        if actor.kind != "token":
            return True, None
        clock = self.clock()
        with self._lock:
            token = self._tokens.get(actor.ref)
            if token is None or token.until <= clock:
                return False, None
            if token.app is None:
                return True, None
            held = self._apps.get(token.app)
            if held is None:
                return False, None
            self._refuse_if_empty(held, clock)
            if held.leased <= 0 or clock - held.leased_at > STALE_LEASE_S:
                return False, None
            held.leased -= 1
            return True, _standing(held)

    def admit(self, actor: Actor) -> Standing | None:
        """Let a call through, reading the app's limit or taking a lease where memory has none. Blocks on the database.

        Raises: OverAppLimit.
        """
        while True:
            done, standing = self.known(actor)
            if done:
                return standing
            # One thread of the process fetches; the others find what it brought.
            with self._leasing:
                done, standing = self.known(actor)
                if done:
                    return standing
                self._fetch(actor)

    def _refuse_if_empty(self, held: _Held, clock: float) -> None:
        if held.leased <= 0 and held.empty_until > clock:
            wait = max(1, math.ceil(held.next_call_at - clock))
            raise OverAppLimit(retry_after_s=wait, per_minute=held.limit.per_minute, burst=held.limit.burst)

    def _fetch(self, actor: Actor) -> None:
        clock = self.clock()
        with self._lock:
            token = self._tokens.get(actor.ref)
        if token is None or token.until <= clock:
            found = _app_of_token(actor.ref)
            with self._lock:
                if len(self._tokens) >= _MOST_REMEMBERED:
                    self._tokens.clear()
                self._tokens[actor.ref] = _Token(found[0] if found else None, clock + FRESH_S)
                if found is None:
                    return
                app, limit = found
                held = self._apps.setdefault(app, _Held(app, limit))
                held.limit = limit
                if held.leased > 0 and clock - held.leased_at <= STALE_LEASE_S:
                    return
        else:
            assert token.app is not None  # noqa: S101 - of a token without an app memory knows all
            held = self._apps[token.app]
        given, left = _lease(held.key, held.limit)
        with self._lock:
            held.leased, held.leased_at, held.in_bucket = given, self.clock(), left
            if given == 0:
                # Another call is worth a look when one has flowed in; until then refusals cost no statement.
                flows_in = (1.0 - left) / held.limit.per_second
                held.empty_until, held.next_call_at = self.clock() + min(1.0, flows_in), self.clock() + flows_in
                wait = limits.wait_s(held.limit, left)
                raise OverAppLimit(retry_after_s=wait, per_minute=held.limit.per_minute, burst=held.limit.burst)

    def forget(self) -> None:
        """Read limits anew: after an app was changed in this process."""
        with self._lock:
            self._tokens.clear()

    # --- counting -----------------------------------------------------------------------------------------------------

    def count(self, actor: Actor, status: int, now: datetime) -> None:
        """Note what a call of an app was answered with."""
        if actor.kind != "token":
            return
        with self._lock:
            token = self._tokens.get(actor.ref)
            if token is None or token.app is None:
                return
            count = self._counts.setdefault((token.app, now.astimezone(VIETNAM).date()), _Count())
            count.calls += 1
            count.errors += status >= 400
            count.limited += status == OverAppLimit.status

    def write(self) -> None:
        """Add what was counted to the database. What cannot be written is kept for the next time."""
        with self._lock:
            counts, self._counts = self._counts, {}
        if not counts:
            return
        try:
            _write_counts(counts)
        except DatabaseError as away:
            log.warning("app_calls_not_written", error=repr(away))
            with self._lock:
                for key, count in counts.items():
                    kept = self._counts.setdefault(key, _Count())
                    kept.calls, kept.errors = kept.calls + count.calls, kept.errors + count.errors
                    kept.limited += count.limited

    def start(self) -> None:
        """Write counts every few seconds from a thread of its own, until `stop`."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="app-calls", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(WRITE_EVERY_S):
            self.write()
            with contextlib.suppress(DatabaseError):
                connection.close()
        self.write()
        connection.close()

    def stop(self) -> None:
        """Write what is left, and end the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(10)
            self._thread = None


gate = Gate()
"""The gate of this process."""


def _standing(held: _Held) -> Standing:
    return Standing(held.limit, held.leased + int(held.in_bucket))


_FIND = """
    select a.id, a.per_minute, a.burst from partners_appkey k
      join partners_app a on a.id = k.app_id join foundation_apitoken t on t.id = k.token_id
     where t.uid::text = %s
"""


def _app_of_token(ref: str) -> tuple[int, Limit] | None:
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [ref.removeprefix("token:")])
        row = cursor.fetchone()
    return (row[0], Limit(row[1], row[2])) if row else None


def _lease(app: int, limit: Limit) -> tuple[int, float]:
    """Calls taken from the bucket, and what is left in it. The database's clock counts: processes' own may differ.

    In a transaction of its own where none is open; in one that is, what is taken is kept or undone with it.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "insert into partners_appbucket (app_id, milli, filled_at) values (%s, %s, clock_timestamp())"
            " on conflict do nothing",
            [app, limit.burst * 1000],
        )
        cursor.execute(
            "select milli, extract(epoch from clock_timestamp() - filled_at)::float8"
            "  from partners_appbucket where app_id = %s for update",
            [app],
        )
        milli, elapsed = cursor.fetchone()
        tokens = limits.refilled(limit, milli / 1000, elapsed)
        given = min(limit.lease, int(tokens))
        left = tokens - given
        cursor.execute(
            "update partners_appbucket set milli = %s, filled_at = clock_timestamp() where app_id = %s",
            [int(left * 1000), app],
        )
    return given, left


def _write_counts(counts: dict[tuple[int, date], _Count]) -> None:
    rows = sorted((app, day, each.calls, each.errors, each.limited) for (app, day), each in counts.items())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(
            """insert into partners_appday (app_id, day, calls, errors, limited) values (%s, %s, %s, %s, %s)
               on conflict (app_id, day) do update set calls = partners_appday.calls + excluded.calls,
                   errors = partners_appday.errors + excluded.errors,
                   limited = partners_appday.limited + excluded.limited""",
            rows,
        )
