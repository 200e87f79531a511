"""One batch of stock figures sent to a platform, and what its answer means for each listing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mekong.channels.pacing import backoff_s
from mekong.channels.socket import PushesStock, PushResult, StockPush
from mekong.channels.sync.desk import Ack, Due, Fail, Mark
from mekong.channels.sync.figures import Counts
from mekong.channels.sync.line import Line, now
from mekong.channels.transport import Permit, permitted
from mekong.foundation.errors import MekongError, NeedsReconnect, NeedsRefresh, RateLimited, Unavailable

LANE = "stock"
SHOWN_AFTER = 3
"""Failed attempts after which a listing's trouble is written down for people."""


@dataclass
class Landing:
    """How a batch came back. `later`: listings to try again, and after how many seconds; `again`: at once; `doubted`:
    whose push may have taken effect unseen."""

    marks: list[Mark] = field(default_factory=list)
    acked: list[int] = field(default_factory=list)
    again: set[int] = field(default_factory=set)
    later: dict[int, float] = field(default_factory=dict)
    doubted: set[int] = field(default_factory=set)
    at: datetime = field(default_factory=now)
    at_clock: float = field(default_factory=time.monotonic)


class Sender:
    """Sends for one account. `trouble`: told what went wrong with the account as a whole, None when it works again."""

    def __init__(
        self,
        line: Line,
        counts: Counts,
        *,
        trouble: Callable[[MekongError | None], None],
    ) -> None:
        self.line, self.counts = line, counts
        self._trouble = trouble

    def grouped(self, rows: Sequence[Due]) -> list[list[Due]]:
        """Rows by call, as the platform takes them."""
        connector: PushesStock = self.line.speaker(PushesStock)
        by_key = {row.key: row for row in rows}
        return [[by_key[push.key] for push in batch] for batch in connector.stock_batches(_pushes(rows))]

    async def push(self, rows: Sequence[Due], permit: Permit, attempts: Mapping[int, int]) -> Landing:
        """Send one batch now. Failures are the answer's, not raised."""
        connector: PushesStock = self.line.speaker(PushesStock)
        ids, token = [row.listing_id for row in rows], self.line.secrets.access_token
        try:
            with permitted(permit):
                results = await connector.push_stock(_pushes(rows))
        except NeedsRefresh as stale:
            return await self._refreshed(rows, stale, token, attempts)
        except RateLimited as hasty:
            self.line.wait_out(hasty, LANE)
            return Landing(again=set(ids))
        except Unavailable as away:
            if away.params.get("reason") == "circuit_open":
                return Landing(again=set(ids))
            landing = self._failed(rows, away, attempts)
            if away.params.get("was_sent", True):
                landing.doubted.update(ids)
            return landing
        except MekongError as refused:
            # A refusal of the whole call, or keys with which none can be made.
            self._trouble(refused)
            return self._failed(rows, refused, attempts, at_least_s=60.0 if _is_lost(refused) else 15.0)
        self._trouble(None)
        self.line.heard()
        return self._answered(rows, results, attempts)

    async def _refreshed(
        self, rows: Sequence[Due], stale: NeedsRefresh, token: str, attempts: Mapping[int, int]
    ) -> Landing:
        try:
            await self.line.renew(token)
        except NeedsReconnect as gone:
            self._trouble(gone)
            return self._failed(rows, gone, attempts, at_least_s=60.0)
        except MekongError:
            return self._failed(rows, stale, attempts)
        # A platform that refuses the fresh token too is asked less and less often.
        tried = max((attempts.get(row.listing_id, 0) for row in rows), default=0)
        return self._failed(rows, stale, attempts, at_most_s=0.05 if tried < 2 else None)

    def _failed(
        self,
        rows: Sequence[Due],
        error: MekongError,
        attempts: Mapping[int, int],
        *,
        at_least_s: float = 0.0,
        at_most_s: float | None = None,
    ) -> Landing:
        """Nothing is known to have reached the platform: every listing is tried again."""
        landing = Landing()
        self.counts.failed += len(rows)
        for row in rows:
            tried = attempts.get(row.listing_id, 0) + 1
            wait_s = max(at_least_s, backoff_s(tried, longest_s=self.line.pace.longest_retry_s))
            landing.later[row.listing_id] = wait_s if at_most_s is None else min(wait_s, at_most_s)
            if tried >= SHOWN_AFTER:
                next_at = landing.at + timedelta(seconds=landing.later[row.listing_id])
                landing.marks.append(Fail(row.listing_id, tried, next_at, error.code, error.params))
        return landing

    def _answered(self, rows: Sequence[Due], results: Sequence[PushResult], attempts: Mapping[int, int]) -> Landing:
        landing = Landing()
        said = {result.key: result for result in results}
        for row in rows:
            result = said.get(row.key) or PushResult(
                row.key, "no_answer", "the platform did not answer for this listing"
            )
            if not result.error:
                landing.acked.append(row.listing_id)
                landing.marks.append(Ack(row.listing_id, row.quantity, row.version, row.turn, landing.at))
                continue
            self.counts.failed += 1
            tried = attempts.get(row.listing_id, 0) + 1
            params = {"remote_code": result.error, "remote_message": result.message}
            if result.is_final:
                next_at = landing.at + timedelta(seconds=self.line.pace.parked_retry_s)
                landing.marks.append(
                    Fail(
                        row.listing_id, tried, next_at, "remote_refused", params, is_parked=True, quantity=row.quantity
                    )
                )
            else:
                landing.later[row.listing_id] = backoff_s(tried, longest_s=self.line.pace.longest_retry_s)
                next_at = landing.at + timedelta(seconds=landing.later[row.listing_id])
                landing.marks.append(Fail(row.listing_id, tried, next_at, "remote_refused", params))
        return landing


def _pushes(rows: Sequence[Due]) -> list[StockPush]:
    return [StockPush(row.key, row.sku, row.quantity) for row in rows]


def _is_lost(refused: MekongError) -> bool:
    return isinstance(refused, NeedsReconnect)
