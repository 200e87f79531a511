"""The reconciler of one account's stock: what should be shown, pushed until it is acknowledged.

A listing is looked at because a hint named its variant, because a comparison found it behind, or because something
failed before. Whatever the reason, its figure is computed anew right before it is sent, and nothing is sent that is
known to be overtaken. One push of a listing is under way at a time. So the order of hints, and their loss, is harmless.
"""

from __future__ import annotations

import asyncio
import heapq
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any

import structlog

from mekong.channels.pacing import backoff_s
from mekong.channels.socket import ListingKey
from mekong.channels.sync.desk import Ack, Ask, Desk, Due, Ledger, Mark
from mekong.channels.sync.figures import Counts
from mekong.channels.sync.line import Line, now
from mekong.channels.sync.sending import LANE, Landing, Sender
from mekong.channels.transport import Permit
from mekong.foundation.errors import MekongError

log = structlog.get_logger(__name__)

_MOST_VARIANTS = 1000
_FEWEST_LISTINGS, _MOST_LISTINGS = 10, 1000
_CROWD_CALLS = 10
"""From so many calls' worth of listings on, a cycle waits for leave to make several at once."""
_DROPS = 3
"""Times in a row that a figure overtaken by a sale elsewhere is dropped; a SKU that sells without pause is then pushed
as it was computed, and again at once. Figures overtaken by an order of the platform itself are always dropped."""


class Pusher:
    """Keeps one account's listings at what they should show. Lives in one event loop."""

    def __init__(
        self,
        line: Line,
        desk: Desk,
        ledger: Ledger,
        counts: Counts,
        *,
        sender: Sender,
        gate: Callable[[], Awaitable[None]],
        verify: Callable[[Sequence[int]], None],
    ) -> None:
        """`gate`: returns when orders waiting to be booked are booked. `verify`: has listings read back soon."""
        self.line, self.desk, self.ledger, self.counts, self.sender = line, desk, ledger, counts, sender
        self.pace = line.pace
        self._gate, self.verify = gate, verify
        self._moved: dict[int, float] = {}
        self._queue: dict[int, float] = {}
        self._flying: set[int] = set()
        self._again: set[int] = set()
        self._held: Counter[ListingKey] = Counter()
        self._touched: set[ListingKey] = set()
        """Keys that were held at any time since the last figures were asked for."""
        self._since: dict[int, float] = {}
        self._drops: Counter[int] = Counter()
        self._doubted: set[int] = set()
        self._suspects: set[int] = set()
        self._attempts: dict[int, int] = {}
        self._not_before: dict[int, float] = {}
        self._later: list[tuple[float, int]] = []
        self._wake = asyncio.Event()
        self._landed = asyncio.Event()
        self._batches = 0
        self._fill = 20.0
        self._tasks: set[asyncio.Task[None]] = set()

    # --- what is told to it --------------------------------------------------------------------------------------

    def heard(self, variants: Iterable[int]) -> None:
        """Stock of these variants moved, just now."""
        clock = time.monotonic()
        for variant in variants:
            self._moved.setdefault(variant, clock)
        self._wake.set()

    def look(self, listings: Iterable[int], *, is_doubted: bool = False) -> None:
        """These listings may be behind. `is_doubted`: what was acknowledged for them may not be what is shown."""
        clock = time.monotonic()
        for listing in listings:
            if is_doubted:
                self._doubted.add(listing)
            if listing in self._flying:
                self._again.add(listing)
            else:
                self._queue.setdefault(listing, self._since.get(listing, clock))
        self._wake.set()

    def forgive(self, listings: Iterable[int]) -> None:
        """Look at these without waiting for their next attempt: a person asked, or they changed."""
        listings = list(listings)
        for listing in listings:
            self._attempts.pop(listing, None)
            self._not_before.pop(listing, None)
        self.look(listings)

    def hold(self, keys: Iterable[ListingKey]) -> None:
        """Orders of the platform for these listings are about to be booked: compute and send nothing for them."""
        keys = list(keys)
        self._held.update(keys)
        self._touched.update(keys)

    def release(self, keys: Iterable[ListingKey]) -> None:
        self._held.subtract(keys)
        self._held = +self._held
        again, self._again = self._again, set()
        self.look(again)

    @property
    def waiting(self) -> int:
        return len(self._moved) + len(self._queue) + len(self._flying) + len(self._later)

    @property
    def oldest_s(self) -> float:
        first = min([*self._since.values(), *self._moved.values(), *self._queue.values()], default=None)
        return 0.0 if first is None else time.monotonic() - first

    @property
    def is_idle(self) -> bool:
        return not (self._moved or self._queue or self._flying or self._later or self._again)

    # --- what it does --------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                await self._woken()
                try:
                    while self._moved or self._queue:
                        await self._cycle()
                except MekongError as away:
                    log.warning("push_cycle_failed", channel=self.line.code, error=repr(away))
                    await asyncio.sleep(1.0)
                    self._wake.set()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _woken(self) -> None:
        clock = time.monotonic()
        wait = max(0.0, self._later[0][0] - clock) if self._later else None
        if wait is None or wait > 0:
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                pass
        self._wake.clear()
        clock = time.monotonic()
        while self._later and self._later[0][0] <= clock:
            _, listing = heapq.heappop(self._later)
            self.look([listing])

    async def _cycle(self) -> None:
        """Take leave to call, let orders in, compute, send. In this order, so that nothing waits after computing."""
        while self._batches >= self.pace.most_flying:
            self._landed.clear()
            await self._landed.wait()
        if (wait := self.line.breaker_wait_s()) > 0:
            await asyncio.sleep(wait)
        lane = self.line.transport.lane(LANE)
        await lane.acquire()
        permits = 1
        try:
            await self._gate()
            most = self.pace.most_flying - self._batches
            if len(self._queue) > _CROWD_CALLS * self._fill and most > 1:
                await asyncio.sleep(self.pace.crowd_s)
            permits += lane.take_more(min(most, len(self._moved) + len(self._queue)) - permits)
            batches = await self._computed(permits)
            for rows in batches:
                self._send(rows, Permit(self.line.transport.lane_name(LANE)))
                permits -= 1
        finally:
            lane.give_back(permits)

    async def _computed(self, permits: int) -> list[list[Due]]:
        """Batches to send now, at most `permits`; what does not fit goes back into the queue."""
        self._touched = set(self._held)
        heard = {variant: self._moved.pop(variant) for variant in list(self._moved)[:_MOST_VARIANTS]}
        share = min(_MOST_LISTINGS, max(_FEWEST_LISTINGS, math.ceil(permits * self._fill) + 1))
        asked = {listing: self._queue.pop(listing) for listing in list(self._queue)[:share]}
        try:
            rows = await self.desk.acall(Ask(self.line.channel_id, self.line.code, tuple(heard), tuple(asked)))
        except BaseException:
            for variant, since in heard.items():
                self._moved.setdefault(variant, since)
            self._queue = {**asked, **self._queue}
            raise
        for row in rows:
            first = min((heard[variant] for variant in row.moved_by if variant in heard), default=None)
            first = asked.get(row.listing_id, first) if first is None else first
            if first is not None:
                self._since.setdefault(row.listing_id, first)
        for listing in asked.keys() - {row.listing_id for row in rows}:
            self._forget(listing)
        same: list[Mark] = []
        due = [row for row in rows if self._is_due(row, same)]
        if same:
            self._start(self._record(same))
        batches = self.sender.grouped(due)
        if self._queue and 1 < len(batches) <= permits and len(batches[-1]) < len(batches[0]):
            permits = len(batches) - 1  # the last call is not full, and what would fill it is next in the queue
        rest = [row for batch in batches[permits:] for row in batch]
        if rest:
            self._queue = {**{row.listing_id: self._since.get(row.listing_id, 0.0) for row in rest}, **self._queue}
        self._pace_reading(batches, permits)
        return batches[:permits]

    def _pace_reading(self, batches: Sequence[Sequence[Due]], permits: int) -> None:
        """Learn how many listings fill a call: what is read and not sent was read for nothing."""
        if len(batches) > permits:
            self._fill = sum(map(len, batches[:permits])) / permits
        elif self._queue:
            self._fill = min(_MOST_LISTINGS, self._fill * 2)

    def _is_due(self, row: Due, same: list[Mark]) -> bool:
        """Whether to push a listing now; a figure that need not be sent is only recorded."""
        listing = row.listing_id
        if listing in self._flying or row.key in self._held:
            self._again.add(listing)
            return False
        if self._is_overtaken(row):
            self._drops[listing] += 1
            self.look([listing])
            return False
        if not row.is_dirty:
            self._forget(listing)
            return False
        if row.is_same and listing not in self._doubted:
            same.append(Ack(listing, row.quantity, row.version, row.turn, None))
            self._forget(listing)
            return False
        return not self._must_wait(row)

    def _must_wait(self, row: Due) -> bool:
        listing = row.listing_id
        if row.is_parked and row.quantity == row.failed_quantity:
            self._forget(listing)
            return True
        clock = time.monotonic()
        until = self._not_before.get(listing, 0.0)
        if row.is_parked and row.next_attempt_at is not None:
            until = max(until, clock + (row.next_attempt_at - now()).total_seconds())
        if until > clock:
            heapq.heappush(self._later, (until, listing))
            return True
        return False

    def _is_overtaken(self, row: Due) -> bool:
        """A newer fact than those the figure comes from is known: an order of the platform, or a sale elsewhere."""
        if row.key in self._touched:
            return True
        is_moved = any(variant in self._moved for variant in row.moved_by)
        return is_moved and self._drops[row.listing_id] < _DROPS

    def _forget(self, listing: int) -> None:
        for kept in (self._since, self._attempts, self._not_before, self._drops):
            kept.pop(listing, None)

    async def _record(self, marks: list[Mark]) -> None:
        try:
            await self.ledger.acall(marks)
        except MekongError as lost:
            log.warning("acks_not_written", channel=self.line.code, error=repr(lost))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _send(self, rows: list[Due], permit: Permit) -> None:
        self._flying.update(row.listing_id for row in rows)
        self._batches += 1
        self._start(self._fly(rows, permit))

    async def _fly(self, rows: list[Due], permit: Permit) -> None:
        # Between the decision and this moment a newer fact may have come in; from here on nothing waits.
        good = [row for row in rows if not self._is_overtaken(row)]
        ids = {row.listing_id for row in good}
        landing = Landing(again=ids, doubted=ids)
        try:
            landing = await self.sender.push(good, permit, self._attempts) if good else Landing()
            # What was never shown before was not late: a new shop's first figures are no delay of a sale.
            first = {row.listing_id for row in good if row.acked_quantity is None}
            for listing in landing.acked:
                since = None if listing in first else self._since.get(listing)
                self.counts.ack(None if since is None else (landing.at_clock - since) * 1000, landing.at)
            self._suspect(landing)
            if landing.marks:
                await self.ledger.acall(landing.marks)
        except MekongError as lost:
            log.warning("acks_not_written", channel=self.line.code, error=repr(lost))
            landing = self._put_off(ids)
        except Exception:  # a defect met by some listings must not keep the others waiting, nor be met without pause
            log.exception("push_failed", channel=self.line.code)
            landing = self._put_off(ids)
        finally:
            if not permit.is_used:
                self.line.transport.lane(LANE).give_back()
            self._land(rows, good, landing)

    def _put_off(self, listings: set[int]) -> Landing:
        """Nobody knows what became of them: each is sent anew, after ever longer waits while it goes on."""
        longest_s = self.pace.longest_retry_s
        waits = {each: backoff_s(self._attempts.get(each, 0) + 1, longest_s=longest_s) for each in listings}
        return Landing(later=waits, doubted=set(listings))

    def _suspect(self, landing: Landing) -> None:
        """After a push whose effect is unknown, one acknowledged is read back: the first may have arrived after it."""
        suspects = self._suspects.intersection(landing.acked)
        if suspects:
            self._suspects -= suspects
            self.verify(sorted(suspects))

    def _land(self, rows: Sequence[Due], good: Sequence[Due], landing: Landing) -> None:
        ids = {row.listing_id for row in rows}
        self._flying -= ids
        self._batches -= 1
        clock = time.monotonic()
        for listing in landing.acked:
            self._forget(listing)
        self._doubted.difference_update(landing.acked)
        self._doubted |= landing.doubted
        self._suspects |= landing.doubted
        for listing, wait_s in landing.later.items():
            self._attempts[listing] = self._attempts.get(listing, 0) + 1
            self._not_before[listing] = clock + wait_s
            heapq.heappush(self._later, (clock + wait_s, listing))
        dropped = ids - {row.listing_id for row in good}
        again = (self._again & ids) | landing.again | dropped
        self._again -= ids
        # What is held is looked at when it is released.
        held = {row.listing_id for row in rows if row.key in self._held}
        self._again |= again & held
        self.look(again - held)
        self._landed.set()
        self._wake.set()
