"""What a runner counts of its account, written down every few seconds."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from mekong.channels.figures import BUCKETS, bucket_of, percentile_ms, summed
from mekong.channels.transport import Lane

_ADD = """
    insert into {table} as kept (channel_id, {unit}, acked, failed, calls, buckets)
    values (%(channel)s, date_trunc('{unit}', %(now)s::timestamptz), %(acked)s, %(failed)s, %(calls)s,
            %(buckets)s::int[])
    on conflict (channel_id, {unit}) do update
       set acked = kept.acked + excluded.acked, failed = kept.failed + excluded.failed,
           calls = kept.calls + excluded.calls,
           buckets = (select array_agg(coalesce(a, 0) + coalesce(b, 0) order by n)
                        from unnest(kept.buckets, excluded.buckets) with ordinality u(a, b, n))
"""
_MINUTE = _ADD.format(table="channels_syncminute", unit="minute")
_HOUR = _ADD.format(table="channels_synchour", unit="hour")
_RECENT = """
    select buckets, acked, failed, calls from channels_syncminute
     where channel_id = %s and minute > %s - interval '6 minutes'
"""
_HEALTH = """
    update channels_channel
       set health = %(health)s::jsonb || jsonb_build_object(
               'acked_total', coalesce((health->>'acked_total')::bigint, 0) + %(acked)s,
               'failed_total', coalesce((health->>'failed_total')::bigint, 0) + %(failed)s,
               'calls_total', coalesce((health->>'calls_total')::bigint, 0) + %(calls)s,
               'booked_total', coalesce((health->>'booked_total')::bigint, 0) + %(booked)s),
           seen_at = %(now)s,
           last_push_at = greatest(last_push_at, %(pushed)s::timestamptz)
     where id = %(channel)s
"""


@dataclass
class Counts:
    """Since the last time they were written down. `booked`: orders of the platform that were new to us."""

    acked: int = 0
    failed: int = 0
    calls: int = 0
    booked: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * BUCKETS)
    pushed_at: datetime | None = None

    def ack(self, delay_ms: float | None, at: datetime) -> None:
        self.acked += 1
        self.pushed_at = at
        if delay_ms is not None:
            self.buckets[bucket_of(delay_ms)] += 1

    @property
    def is_empty(self) -> bool:
        return not (self.acked or self.failed or self.calls)


class Rates:
    """How much of a platform's rate an account uses, over the last minute."""

    def __init__(self, over_s: float = 60.0) -> None:
        self._over_s = over_s
        self._seen: deque[tuple[float, dict[str, int]]] = deque()

    def look(self, lanes: Mapping[str, Lane], clock: float) -> dict[str, dict[str, float]]:
        """By lane: the part used of what the platform allows, its limit, calls that may be made at once now, and the
        seconds that the platform has asked to wait for."""
        self._seen.append((clock, {name: lane.made for name, lane in lanes.items()}))
        while len(self._seen) > 2 and clock - self._seen[1][0] >= self._over_s:
            self._seen.popleft()
        then, before = self._seen[0]
        found: dict[str, dict[str, float]] = {}
        for name, lane in lanes.items():
            allowed = lane.limit.per_second * max(1.0, clock - then)
            used = (lane.made - before.get(name, 0)) / allowed
            lane.bucket.wait_s(clock)  # fills it up to now
            found[name] = {
                "used": round(min(1.0, used), 3), "per_second": lane.limit.per_second, "burst": lane.limit.burst,
                "left": int(lane.bucket.tokens), "paused_s": round(max(0.0, lane.bucket.paused_until - clock), 1),
            }  # fmt: skip
        return found


def write_down(channel_id: int, counts: Counts, standing: Mapping[str, Any], now: datetime) -> None:
    """Add to the minute's histogram, and say how the account stands."""
    import json

    with connection.cursor() as cursor:
        if not counts.is_empty:
            added: dict[str, Any] = {
                "channel": channel_id, "now": now, "acked": counts.acked, "failed": counts.failed,
                "calls": counts.calls, "buckets": counts.buckets,
            }  # fmt: skip
            cursor.execute(_MINUTE, added)
            cursor.execute(_HOUR, added)
        cursor.execute(_RECENT, [channel_id, now])
        rows = cursor.fetchall()
        histogram = summed(row[0] for row in rows)
        health = {
            "p50_ms": percentile_ms(histogram, 0.5), "p95_ms": percentile_ms(histogram, 0.95),
            "p99_ms": percentile_ms(histogram, 0.99), "timed": sum(histogram), "acked": sum(row[1] for row in rows),
            "failed": sum(row[2] for row in rows), "calls": sum(row[3] for row in rows), **standing,
        }  # fmt: skip
        cursor.execute(
            _HEALTH,
            {
                "health": json.dumps(health), "now": now, "pushed": counts.pushed_at, "channel": channel_id,
                "acked": counts.acked, "failed": counts.failed, "calls": counts.calls, "booked": counts.booked,
            },
        )  # fmt: skip
