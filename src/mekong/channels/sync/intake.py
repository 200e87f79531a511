"""Orders of one account, from notices and by asking: fetched, booked, and only then are figures computed again.

Notices are hints and may be lost, repeated or late; the poll by time of change finds every order all the same. The
poll's mark moves on only after everything before it is booked, or put aside by name.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection

from mekong.channels.models import NoticeInbox, ParkedOrder
from mekong.channels.pacing import backoff_s
from mekong.channels.socket import ListingKey, NoticeKind, OrderRef, PullsOrders, ReceivesNotices, RemoteOrder
from mekong.channels.sync.booking import Booked, book, park
from mekong.channels.sync.line import Line, now
from mekong.channels.sync.pushing import Pusher
from mekong.channels.sync.threads import Threads
from mekong.foundation.errors import MekongError, NeedsReconnect, NeedsRefresh, RateLimited, Unavailable

log = structlog.get_logger(__name__)

CHUNK = 50
_NOTICES = 500
_GIVE_UP = 8
"""Times a notice's order is asked for that the platform does not know; the poll finds it, if it is ever there."""
_SETTLED = timedelta(seconds=30)
"""An order whose change is this old when we fetch it cannot change again under the same stamp of whole seconds."""
_SEEN = 20_000


class Intake:
    """Brings one account's orders in. Lives in one event loop."""

    def __init__(
        self, line: Line, pusher: Pusher, threads: Threads, cursor: datetime, *, well: Callable[[], None]
    ) -> None:
        """`well`: told whenever the platform has answered a whole poll."""
        self.line, self.pusher, self.threads, self.pace = line, pusher, threads, line.pace
        self.cursor, self._well = cursor, well
        is_told = line.can(ReceivesNotices)
        self._poll_s = self.pace.poll_s if is_told else min(self.pace.poll_s, self.pace.poll_unnoticed_s)
        self._wanted = self._done = 0
        self._wake = asyncio.Event()
        self._caught_up = asyncio.Condition()
        self._seen: OrderedDict[str, tuple[tuple[Any, ...], datetime]] = OrderedDict()
        self._gate_rests_until = 0.0
        self._poll_now = asyncio.Event()
        self.has_polled = asyncio.Event()
        self.booked = Booked()

    # --- the gate --------------------------------------------------------------------------------------------------

    def heard(self) -> None:
        """A notice has come in."""
        self._wanted += 1
        self._wake.set()

    def poll_soon(self) -> None:
        self._poll_now.set()

    async def caught_up(self) -> None:
        """Returns when the notices that are known now have led to booked orders; waits `gate_s` at most, and where the
        platform does not answer about orders not again for a while: stock must not wait for that."""
        wanted = self._wanted
        if self._done >= wanted or time.monotonic() < self._gate_rests_until:
            return
        try:
            async with asyncio.timeout(self.pace.gate_s), self._caught_up:
                await self._caught_up.wait_for(lambda: self._done >= wanted)
        except TimeoutError:
            self._gate_rests_until = time.monotonic() + self.pace.gate_rest_s

    # --- notices ---------------------------------------------------------------------------------------------------

    async def follow_notices(self) -> None:
        """Fetch what notices point at. Runs until cancelled."""
        while True:
            wanted = self._wanted
            left = True
            try:
                while left:
                    left = await self._some_notices()
            finally:
                async with self._caught_up:
                    self._done = max(self._done, wanted)
                    self._caught_up.notify_all()
            try:
                async with asyncio.timeout(min(5.0, self.pace.poll_s)):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()

    async def _some_notices(self) -> bool:
        """Handle what is due; whether there may be more."""
        rows = await self.threads.run(_due_notices, self.line.channel_id, now())
        parked = await self.threads.run(_due_parked, self.line.channel_id, now())
        ids = {row[2] for row in rows if row[1] == NoticeKind.ORDER and row[2]} | set(parked)
        if any(row[1] == NoticeKind.AUTHORISATION for row in rows):
            self.poll_soon()  # whether the account still works shows at its next call
        known: set[str] = set()
        if ids:
            known = await self.take(sorted(ids))
        lost = [row for row in rows if row[1] == NoticeKind.ORDER and row[2] and row[2] not in known]
        done = [row[0] for row in rows if row not in lost]
        if rows:
            await self.threads.run(_settle, done, [(row[0], row[3]) for row in lost], now())
        return len(rows) >= _NOTICES

    # --- the poll --------------------------------------------------------------------------------------------------

    async def poll(self) -> None:
        """Ask for what changed, now and then. Runs until cancelled."""
        refused = 0
        while True:
            try:
                await self._poll_once()
                self._well()
                self.has_polled.set()
                refused = 0
            except NeedsReconnect:
                raise
            except MekongError as away:
                log.warning("poll_failed", channel=self.line.code, error=repr(away))
                # The breaker keeps watch over a platform that is away; one that refuses is asked ever more rarely.
                refused = 0 if isinstance(away, Unavailable) else refused + 1
                wait_s = max(1.0, self.line.breaker_wait_s(), backoff_s(refused, longest_s=60.0))
                await asyncio.sleep(min(self._poll_s, wait_s))
                continue
            try:
                async with asyncio.timeout(self._poll_s):
                    await self._poll_now.wait()
            except TimeoutError:
                pass
            self._poll_now.clear()

    async def _poll_once(self) -> None:
        connector: PullsOrders = self.line.speaker(PullsOrders)
        until, begin = now(), self.cursor - timedelta(seconds=self.pace.poll_overlap_s)
        while begin < until:
            end = min(until, begin + connector.order_window)
            cursor: str | None = None
            while True:
                page = await self._page(begin, end, cursor)
                await self.take([ref.external_id for ref in page.refs if self._may_have_changed(ref)])
                cursor = page.next_cursor
                if cursor is None:
                    break
            # Stored to the last page: what comes before `end` never needs to be asked for again.
            self.cursor = max(self.cursor, end)
            await self.threads.run(_keep_cursor, self.line.channel_id, self.cursor, now())
            begin = end

    async def _page(self, begin: datetime, end: datetime, cursor: str | None) -> Any:
        return await self.line.call(
            lambda connector: connector.list_orders(updated_from=begin, updated_to=end, cursor=cursor), tries=6
        )

    def _may_have_changed(self, ref: OrderRef) -> bool:
        seen = self._seen.get(ref.external_id)
        if seen is None or ref.updated_at is None:
            return True
        mark, fetched_at = seen
        return bool(mark[0] != ref.updated_at or fetched_at - ref.updated_at < _SETTLED)

    # --- taking orders in ------------------------------------------------------------------------------------------

    async def take(self, ids: Sequence[str]) -> set[str]:
        """Fetch and book these orders; answers with those that the platform knows, or that are put aside.

        From the moment they are seen until they are booked, nothing is computed or sent for their listings.
        """
        known: set[str] = set()
        for start in range(0, len(ids), CHUNK):
            fetched, aside = await self._fetch(ids[start : start + CHUNK])
            known |= aside | {order.external_id for order in fetched}
            fetched_at = now()
            fresh = [order for order in fetched if self._mark(order) != self._seen.get(order.external_id, (None,))[0]]
            aside |= await self._book(fresh) if fresh else set()
            for order in fetched:
                if order.external_id in aside:
                    continue
                self._seen[order.external_id] = (self._mark(order), fetched_at)
                self._seen.move_to_end(order.external_id)
            while len(self._seen) > _SEEN:
                self._seen.popitem(last=False)
        return known

    async def _book(self, fresh: Sequence[RemoteOrder]) -> set[str]:
        """Book these; answers with those put aside."""
        keys: Collection[ListingKey] = {line.key for order in fresh for line in order.lines}
        self.pusher.hold(keys)
        report = Booked()
        try:
            report = await self._booked(fresh)
        finally:
            self.pusher.release(keys)
        self.booked.placed += report.placed
        self.booked.advanced += report.advanced
        self.pusher.look(report.listings)
        return set(report.parked)

    async def _booked(self, fresh: Sequence[RemoteOrder]) -> Booked:
        for attempt in range(1, 6):
            try:
                return await self.threads.run(
                    book, channel_id=self.line.channel_id, channel=self.line.code, orders_=fresh, now=now()
                )
            except Unavailable:
                if attempt == 5:
                    raise
                await asyncio.sleep(backoff_s(attempt, first_s=0.2, longest_s=5.0))
        raise AssertionError("the loop returns or raises")

    async def _fetch(self, ids: Sequence[str]) -> tuple[list[RemoteOrder], set[str]]:
        """The orders, and the ids of those that cannot be read and were put aside.

        A reply that stays unreadable is asked for by halves, down to the order that spoils it.
        """
        try:
            orders = await self.line.call(lambda connector: connector.fetch_orders(external_ids=ids), tries=3)
        except (RateLimited, NeedsRefresh):
            raise
        except Unavailable as away:
            if away.params.get("reason") != "unreadable reply":
                raise
            if len(ids) == 1:
                await self.threads.run(park, self.line.channel_id, ids[0], away, now())
                return [], set(ids)
            middle = len(ids) // 2
            first, second = await self._fetch(ids[:middle]), await self._fetch(ids[middle:])
            return first[0] + second[0], first[1] | second[1]
        return list(orders), set()

    @staticmethod
    def _mark(order: RemoteOrder) -> tuple[Any, ...]:
        lines = tuple((line.key, line.quantity) for line in order.lines)
        return (order.updated_at, order.raw_state, order.tracking_no, lines)


def _due_notices(channel_id: int, now_: datetime) -> list[tuple[int, str, str, int]]:
    return list(
        NoticeInbox.objects.filter(channel_id=channel_id, handled_at=None, next_at__lte=now_)
        .order_by("next_at", "id")
        .values_list("id", "kind", "reference", "attempts")[:_NOTICES]
    )


def _due_parked(channel_id: int, now_: datetime) -> list[str]:
    return list(
        ParkedOrder.objects.filter(channel_id=channel_id, next_at__lte=now_).values_list("external_id", flat=True)[
            :CHUNK
        ]
    )


def _settle(done: Sequence[int], lost: Sequence[tuple[int, int]], now_: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("update channels_noticeinbox set handled_at = %s where id = any(%s)", [now_, list(done)])
        for notice, attempts in lost:
            wait = timedelta(seconds=backoff_s(attempts + 1, first_s=0.5, longest_s=60.0))
            cursor.execute(
                """update channels_noticeinbox set attempts = attempts + 1, next_at = %s,
                          error = 'the platform does not know this order',
                          handled_at = case when attempts + 1 >= %s then %s::timestamptz end where id = %s""",
                [now_ + wait, _GIVE_UP, now_, notice],
            )


def _keep_cursor(channel_id: int, cursor: datetime, now_: datetime) -> None:
    with connection.cursor() as database:
        database.execute(
            "update channels_channel set order_cursor = greatest(order_cursor, %s), last_pull_at = %s where id = %s",
            [cursor, now_, channel_id],
        )
