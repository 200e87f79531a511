"""What a runner counts of its account, written down every few seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from mekong.channels.figures import BUCKETS, bucket_of, percentile_ms, summed

_MINUTE = """
    insert into channels_syncminute (channel_id, minute, acked, failed, calls, buckets)
    values (%(channel)s, %(minute)s, %(acked)s, %(failed)s, %(calls)s, %(buckets)s::int[])
    on conflict (channel_id, minute) do update
       set acked = channels_syncminute.acked + excluded.acked, failed = channels_syncminute.failed + excluded.failed,
           calls = channels_syncminute.calls + excluded.calls,
           buckets = (select array_agg(coalesce(a, 0) + coalesce(b, 0) order by n)
                        from unnest(channels_syncminute.buckets, excluded.buckets) with ordinality u(a, b, n))
"""
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


def write_down(channel_id: int, counts: Counts, standing: Mapping[str, Any], now: datetime) -> None:
    """Add to the minute's histogram, and say how the account stands."""
    import json

    with connection.cursor() as cursor:
        if not counts.is_empty:
            cursor.execute(
                _MINUTE,
                {
                    "channel": channel_id, "minute": now.replace(second=0, microsecond=0), "acked": counts.acked,
                    "failed": counts.failed, "calls": counts.calls, "buckets": counts.buckets,
                },
            )  # fmt: skip
        cursor.execute(_RECENT, [channel_id, now])
        rows = cursor.fetchall()
        histogram = summed(row[0] for row in rows)
        health = {
            "p50_ms": percentile_ms(histogram, 0.5), "p95_ms": percentile_ms(histogram, 0.95),
            "p99_ms": percentile_ms(histogram, 0.99), "acked": sum(row[1] for row in rows),
            "failed": sum(row[2] for row in rows), "calls": sum(row[3] for row in rows), **standing,
        }  # fmt: skip
        cursor.execute(
            _HEALTH,
            {
                "health": json.dumps(health), "now": now, "pushed": counts.pushed_at, "channel": channel_id,
                "acked": counts.acked, "failed": counts.failed, "calls": counts.calls, "booked": counts.booked,
            },
        )  # fmt: skip
