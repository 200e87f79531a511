"""Plays a plan: every channel at its own pace, each sale once, cancellations after the sales they cancel.

What was played is written down step by step. Stopped at any moment, by a person or by a power cut, the next run of the
same plan goes on where this one stood.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx

from mekong.catalog import queries as catalogue
from mekong.catalog.contracts import VariantView
from mekong.channels.contracts import ChannelView
from mekong.channels.sync.threads import Threads
from mekong.faces.replay import commands, queries
from mekong.faces.replay.arrivals import Arrivals
from mekong.faces.replay.contracts import REPLAYER, Progress, Record
from mekong.faces.replay.plan import Adjustment, Cancellation, Plan, Sale, Step
from mekong.faces.replay.returns import play_cancellation
from mekong.faces.replay.ways import Refusal, Shop, Unsure, note_of, place_own, shop_of
from mekong.foundation.errors import Rejected
from mekong.inventory.queries import count_oversells

_OWN_AT_ONCE = 64
_BUYERS = 4
_IN_FLIGHT = 150
"""Orders of one platform that are bought and not yet in the book; more would only wait in the worker's inbox."""
_BACK_AT_ONCE = 3
_NOTE_EVERY_S = 0.5

Sold = tuple[str, str]
"""Channel and the channel's own number of an order."""


def _now() -> datetime:
    return datetime.now(UTC)


class Player:
    """One run. Lives in one event loop.

    Args:
        channels: those that the plan's sales name.
        speed: times as fast as it happened; 0: as fast as it goes.
        run_id: the run to note progress of, and to be stopped by.
        show: told the progress twice a second.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        channels: Sequence[ChannelView],
        location: str,
        differing: frozenset[str] = frozenset(),
        speed: float = 0,
        run_id: UUID | None = None,
        show: Callable[[Progress], None] | None = None,
    ) -> None:
        self._plan, self._channels, self._location = plan, {each.code: each for each in channels}, location
        self._differing, self._speed, self._run_id, self._show = differing, speed, run_id, show
        self.stopping = asyncio.Event()
        self._threads = Threads("replay", 4)
        self._variants: dict[str, VariantView] = {}
        self._records: dict[str, Record] = {}
        self._sold: dict[str, asyncio.Future[Sold | None]] = {}
        self._booked: list[tuple[str, str, str]] = []
        self._orders: Counter[str] = Counter()
        self._units = self._done = self._short = self._oversold = self._flying = 0
        self._reached: dict[str, datetime] = {}
        self._last: datetime | None = None
        self._began = _now()

    async def play(self) -> bool:
        """Play until the end or until asked to stop; whether the end was reached. Raises: WorkerAway, Unavailable."""
        self._records = await self._threads.run(
            queries.records, actor=REPLAYER, keys=[commands.key_of(step) for step in self._plan.steps]
        )
        self._variants = await self._threads.run(catalogue.variants_by_sku, actor=REPLAYER, skus=list(self._plan.names))
        loop = asyncio.get_running_loop()
        self._sold = {sale.invoice: loop.create_future() for sale in self._plan.sales}
        try:
            async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
                await self._play(client)
        finally:
            await self._note()
            await asyncio.to_thread(self._threads.close)
        return not self.stopping.is_set()

    async def _play(self, client: httpx.AsyncClient) -> None:
        due = [step for step in self._plan.steps if self._is_due(step)]
        since = due[0].at if due else self._began
        by_way: dict[str, list[Step]] = defaultdict(list)
        for step in due:
            by_way[step.way if isinstance(step, Sale) else type(step).__name__].append(step)
        async with asyncio.TaskGroup() as watch:
            watches = [watch.create_task(self._keep_noting())]
            works: list[Awaitable[None]] = []
            for way, steps in by_way.items():
                play, at_once = self._playing(steps)
                if way in self._channels and self._channels[way].is_remote:
                    arrivals = Arrivals(way, self._threads)
                    watches.append(watch.create_task(arrivals.watch()))
                    shop = await self._threads.run(shop_of, actor=REPLAYER, channel=way, client=client)
                    play = _Remote(self, shop, arrivals).play
                    at_once = _IN_FLIGHT
                works.append(self._dispatch(way, steps, play, at_once, since))
            # A task that fails ends its siblings and the watches with it.
            async with asyncio.TaskGroup() as group:
                for work in works:
                    group.create_task(_awaited(work))
            for each in watches:
                each.cancel()

    def _playing(self, steps: Sequence[Step]) -> tuple[Callable[[Step], Awaitable[None]], int]:
        if isinstance(steps[0], Cancellation):
            return self._take_back, _BACK_AT_ONCE
        if isinstance(steps[0], Adjustment):
            return self._adjust, 1
        return self._place, _OWN_AT_ONCE

    def _is_due(self, step: Step) -> bool:
        """Whether a step is still to be played; what was played before is counted."""
        key = commands.key_of(step)
        record = self._records.get(key)
        if key in self._differing:
            self._settle(step, None)
            return False
        if record is None or record.state != "booked":
            return True
        if isinstance(step, Sale):
            self._count(step, record.way)
            self._settle(step, (record.way, record.external_id))
        self._done += 1
        return False

    async def _dispatch(
        self,
        way: str,
        steps: Sequence[Step],
        play: Callable[[Step], Awaitable[None]],
        at_once: int,
        since: datetime,
    ) -> None:
        """Begin the steps of one way in their order, so many under way at once, at the chosen speed."""
        room = asyncio.Semaphore(at_once)
        began = asyncio.get_running_loop().time()

        async def one(step: Step) -> None:
            try:
                await play(step)
            finally:
                room.release()

        async with asyncio.TaskGroup() as group:
            for step in steps:
                await self._until_due(step, since, began)
                await room.acquire()
                if self.stopping.is_set():
                    room.release()
                    break
                self._reached[way] = step.at
                self._last = max(step.at, self._last or step.at)
                group.create_task(one(step))
            if isinstance(steps[0], Sale):
                await self._let_go(steps)
        self._reached.pop(way, None)

    async def _let_go(self, steps: Sequence[Step]) -> None:
        """Asked to stop: nobody waits for sales that were not begun."""
        if not self.stopping.is_set():
            return
        for step in steps:
            if isinstance(step, Sale) and not self._sold[step.invoice].done():
                self._sold[step.invoice].cancel()

    async def _until_due(self, step: Step, since: datetime, began: float) -> None:
        if self._speed <= 0:
            await asyncio.sleep(0)
            return
        due = began + (step.at - since) / timedelta(seconds=1) / self._speed
        wait = due - asyncio.get_running_loop().time()
        if wait > 0:
            try:
                async with asyncio.timeout(wait):
                    await self.stopping.wait()
            except TimeoutError:
                return

    # --- steps -------------------------------------------------------------------------------------------------------

    async def _place(self, step: Step) -> None:
        assert isinstance(step, Sale)  # noqa: S101 - dispatched by kind
        try:
            external_id = await place_own(channel=step.way, sale=step, variants=self._variants)
        except Refusal as refused:
            await self.refuse(step, f"refused: {refused}")
        else:
            self.book(step, external_id)

    async def _adjust(self, step: Step) -> None:
        assert isinstance(step, Adjustment)  # noqa: S101 - dispatched by kind
        variants = {line.sku: self._variants[line.sku].id for line in step.lines}
        try:
            await self._threads.run(
                commands.play_adjustment,
                actor=REPLAYER,
                step=step,
                variants=variants,
                location=self._location,
                now=_now(),
            )
        except Rejected as refused:
            await self.refuse(step, f"{refused.code}: {refused}")
        else:
            self._done += 1

    async def _take_back(self, step: Step) -> None:
        assert isinstance(step, Cancellation)  # noqa: S101 - dispatched by kind
        sold: dict[str, Sold] = {}
        for invoice in step.sales:
            try:
                found = await asyncio.shield(self._sold[invoice])
            except asyncio.CancelledError:
                if self._sold[invoice].cancelled():
                    return
                raise
            if found is None:
                await self.refuse(step, "sale_refused")
                return
            sold[invoice] = found
        try:
            await self._threads.run(
                play_cancellation, actor=REPLAYER, step=step, sold=sold, location=self._location, now=_now()
            )
        except Rejected as refused:
            await self.refuse(step, f"{refused.code}: {refused}")
        else:
            self._done += 1

    # --- what came of them -------------------------------------------------------------------------------------------

    def record(self, step: Step) -> Record | None:
        return self._records.get(commands.key_of(step))

    @property
    def threads(self) -> Threads:
        return self._threads

    @contextmanager
    def flight(self) -> Iterator[None]:
        """Counts an order as on its way."""
        self._flying += 1
        try:
            yield
        finally:
            self._flying -= 1

    def book(self, sale: Sale, external_id: str, *, is_short: bool = False) -> None:
        self._booked.append((commands.key_of(sale), sale.way, external_id))
        self._count(sale, sale.way)
        self._short += is_short
        self._done += 1
        self._settle(sale, (sale.way, external_id))

    def _count(self, sale: Sale, way: str) -> None:
        self._orders[way] += 1
        self._units += sale.units

    async def refuse(self, step: Step, reason: str) -> None:
        await self._threads.run(commands.note_refused, actor=REPLAYER, key=commands.key_of(step), reason=reason)
        self._done += 1
        self._settle(step, None)

    def _settle(self, step: Step, sold: Sold | None) -> None:
        if isinstance(step, Sale) and not self._sold[step.invoice].done():
            self._sold[step.invoice].set_result(sold)

    async def _keep_noting(self) -> None:
        while True:
            await asyncio.sleep(_NOTE_EVERY_S)
            if not await self._note():
                self.stopping.set()

    async def _note(self) -> bool:
        """Write down what was booked, and how far it is; whether to go on."""
        booked, self._booked = self._booked, []
        try:
            await self._threads.run(commands.note_booked, actor=REPLAYER, booked=booked)
        except BaseException:
            self._booked = [*booked, *self._booked]
            raise
        self._oversold = self._short + await self._threads.run(count_oversells, since=self._began)
        progress = self.progress()
        if self._show is not None:
            self._show(progress)
        if self._run_id is None:
            return True
        return await self._threads.run(
            commands.keep_run, actor=REPLAYER, run_id=self._run_id, progress=progress, now=_now()
        )

    def progress(self) -> Progress:
        reached = min(self._reached.values(), default=self._last)
        orders: Mapping[str, int] = dict(sorted(self._orders.items()))
        return Progress(reached, self._done, len(self._plan.steps), orders, self._units, self._oversold, self._flying)


class _Remote:
    """Sales of one platform: bought as a shopper, then waited for until they have come in."""

    def __init__(self, player: Player, shop: Shop, arrivals: Arrivals) -> None:
        self._player, self._shop, self._arrivals = player, shop, arrivals
        self._buyers = asyncio.Semaphore(_BUYERS)

    async def play(self, step: Step) -> None:
        assert isinstance(step, Sale)  # noqa: S101 - dispatched by kind
        with self._player.flight():
            try:
                external_id = await self._bought_before(step) or await self._bought(step)
            except Refusal as refused:
                await self._player.refuse(step, f"refused: {refused}")
                return
            order = await self._arrivals.of(external_id)
        self._player.book(step, external_id, is_short="stock" in order.issues)

    async def _bought_before(self, sale: Sale) -> str:
        """The number of an order that an earlier run bought, or had begun to buy."""
        record = self._player.record(sale)
        if record is None or record.state != "sent":
            return ""
        if record.external_id or record.sent_at is None:
            return record.external_id
        return await self._arrivals.noted(note_of(sale), record.sent_at - timedelta(minutes=1))

    async def _bought(self, sale: Sale) -> str:
        run, key = self._player.threads.run, commands.key_of(sale)
        async with self._buyers:
            while True:
                asked_at = _now()
                await run(commands.note_sent, actor=REPLAYER, key=key, way=sale.way, now=asked_at)
                try:
                    external_id = await self._shop.buy(sale)
                except Unsure:
                    external_id = await self._arrivals.noted(note_of(sale), asked_at - timedelta(minutes=1))
                if external_id:
                    await run(commands.note_answered, actor=REPLAYER, key=key, external_id=external_id)
                    return external_id


async def _awaited(work: Awaitable[None]) -> None:
    await work
