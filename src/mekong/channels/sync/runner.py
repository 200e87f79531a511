"""Everything one account needs done, side by side in one event loop: orders first, then figures."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection

from mekong.channels.commands import Facts, note_problem
from mekong.channels.figures import bucket_of, percentile_ms, summed
from mekong.channels.models import Channel, ChannelState
from mekong.channels.pacing import Pace, backoff_s
from mekong.channels.socket import (
    HandlesReturns,
    PublishesProducts,
    PullsOrders,
    PushesPrice,
    PushesStock,
    TellsEarnings,
)
from mekong.channels.sync.checking import CheckDesk
from mekong.channels.sync.desk import Desk, Ledger
from mekong.channels.sync.earnings import EarningsDesk
from mekong.channels.sync.figures import Counts, Rates, write_down
from mekong.channels.sync.intake import Intake
from mekong.channels.sync.line import Line, now
from mekong.channels.sync.prices import PricePusher
from mekong.channels.sync.publishing import PublishingDesk
from mekong.channels.sync.pushing import Pusher
from mekong.channels.sync.reading import Reader
from mekong.channels.sync.returns import ReturnsDesk
from mekong.channels.sync.sending import Sender
from mekong.channels.sync.telling import Teller
from mekong.channels.sync.threads import Threads
from mekong.channels.sync.troubles import Troubles
from mekong.channels.transport import Wires
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MekongError, NeedsReconnect, Unavailable
from mekong.inventory import queries as inventory

log = structlog.get_logger(__name__)

_BEHIND = """
    select l.id, l.variant_id, s.acked_version, s.turn > s.acked_turn, s.is_parked
      from channels_listing l join channels_listingsync s on s.listing_id = l.id
     where l.channel_id = %s and l.match_state = 'matched' and l.is_synced
     order by l.item_id, l.model_id
"""


class Runner:
    """One account, in the care of this worker. `run` until cancelled; hints come by the methods named `heard_…`."""

    def __init__(self, row: Channel, *, desk: Desk, ledger: Ledger, threads: Threads, pace: Pace) -> None:
        self.code, self.revision, self.pace, self.threads = row.code, row.revision, pace, threads
        self.wires = Wires()
        self.line = Line(row, self.wires, pace)
        self.counts = Counts()
        self.sender = Sender(self.line, self.counts, trouble=self._note)
        self.pusher = Pusher(
            self.line, desk, ledger, self.counts, sender=self.sender, gate=self._gate, verify=self._verify
        )
        self.intake = Intake(self.line, self.pusher, threads, row.order_cursor or now(), well=lambda: self._note(None))
        self.teller = Teller(self.line, self.intake, threads)
        self.returns = ReturnsDesk(self.line, threads)
        self.earnings = EarningsDesk(self.line, threads)
        self.publishing = PublishingDesk(self.line, threads)
        self.checking = CheckDesk(self.line, threads)
        self.reader = Reader(self.line, self.pusher, threads)
        self.prices = PricePusher(self.line, threads) if row.price_sync else None
        self._compare_now = asyncio.Event()
        self._trouble: MekongError | None = None
        self._told: MekongError | str | None = "nothing yet"
        self._silent = Unavailable(remote=self.code, reason="the platform does not answer")
        self._lost = asyncio.Event()
        self._pulse: tuple[int, int] | None = None
        self._calls = self._booked = 0
        self._rates = Rates()
        self._troubles = Troubles(self.code, threads, pace)

    # --- hints ---------------------------------------------------------------------------------------------------

    def heard_stock(self, variants: set[int] | None) -> None:
        if variants is None:
            self._compare_now.set()
        else:
            self.pusher.heard(variants)

    def heard_notice(self) -> None:
        self.intake.heard()

    def heard_outbound(self) -> None:
        self.teller.heard()

    def heard_prices(self) -> None:
        if self.prices is not None:
            self.prices.heard()
        self.checking.heard()

    def heard_publications(self) -> None:
        self.publishing.soon()
        self.checking.heard()

    def heard_listings(self, listings: list[int] | None) -> None:
        if listings is None:
            self._compare_now.set()
        else:
            self.pusher.forgive(listings)

    def audit_soon(self) -> None:
        self.reader.audit_soon()

    async def _gate(self) -> None:
        await self.intake.caught_up()

    def _verify(self, listings: Any) -> None:
        self.reader.soon(list(listings))

    def _note(self, trouble: MekongError | None) -> None:
        self._trouble = trouble
        if isinstance(trouble, NeedsReconnect):
            self._lost.set()

    # --- work ----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled, or until only the merchant can help: then the account waits, and says so."""
        tasks = [asyncio.create_task(self._keep(name, work)) for name, work in self._works().items()]
        lost = asyncio.create_task(self._lost.wait())
        try:
            await lost
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            log.warning("needs_reconnect", channel=self.code, error=repr(self._trouble))
            await self._figures_once()
            while True:
                await asyncio.sleep(self.pace.figures_s)
                await self._figures_once()
        finally:
            lost.cancel()
            for task in tasks:
                task.cancel()
            await asyncio.gather(lost, *tasks, return_exceptions=True)
            with contextlib.suppress(MekongError):
                await self._figures_once()
            await self.wires.aclose()

    def _works(self) -> dict[str, Callable[[], Awaitable[None]]]:
        works: dict[str, Callable[[], Awaitable[None]]] = {
            "figures": self._figures,
            "tokens": self.line.keep_fresh,
            "checking": self.checking.run,
        }
        if self.line.can(PullsOrders):
            works |= {"notices": self.intake.follow_notices, "poll": self.intake.poll, "telling": self.teller.run}
        else:
            self.intake.has_polled.set()
        if self.line.can(HandlesReturns):
            works["returns"] = self.returns.poll
        if self.line.can(TellsEarnings):
            works["earnings"] = self.earnings.poll
        if self.line.can(PublishesProducts):
            works["publishing"] = self.publishing.run
        if self.line.can(PushesStock):
            works |= {
                "push": self._push_after_orders,
                "compare": self._compare,
                "verify": self.reader.verify,
                "audit": self.reader.audit,
            }
        if self.prices is not None and self.line.can(PushesPrice):
            works["prices"] = self.prices.run
        return works

    async def _keep(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run a piece of work, and begin it anew when it fails."""
        failures = 0
        while True:
            began = time.monotonic()
            try:
                await work()
            except NeedsReconnect as lost:
                self._note(lost)
                return
            except Unavailable as away:
                log.warning("work_interrupted", channel=self.code, work=name, error=repr(away))
            except MekongError as failed:
                self._trouble = failed
                log.warning("work_refused", channel=self.code, work=name, error=repr(failed))
            except Exception:  # a defect in one piece of work must not stop the account's others
                log.exception("work_failed", channel=self.code, work=name)
            failures = 1 if time.monotonic() - began > 60 else failures + 1
            await asyncio.sleep(backoff_s(failures, first_s=0.5, longest_s=30.0))

    async def _push_after_orders(self) -> None:
        """At the start, what was sold while nobody looked is booked before any figure is computed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.pace.start_wait_s):
                await self.intake.has_polled.wait()
        await self.pusher.run()

    async def _compare(self) -> None:
        """Find listings that are behind, whatever hints said. Runs until cancelled."""
        is_first = True
        while True:
            pulse = await self.threads.run(inventory.stock_pulse)
            if is_first or self._compare_now.is_set() or pulse != self._pulse:
                self._compare_now.clear()
                behind = await self.threads.run(_behind, self.line.channel_id, self.code)
                # A push may have been under way when the last worker ended: what it acknowledged is not trusted.
                self.pusher.look(behind, is_doubted=is_first)
                self._pulse, is_first = pulse, False
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.pace.compare_s):
                    await self._compare_now.wait()

    async def _figures(self) -> None:
        while True:
            await asyncio.sleep(self.pace.figures_s)
            await self._figures_once()

    async def _figures_once(self) -> None:
        transport = self.line.transport
        counts, fresh = self.counts, Counts()
        took = summed([_histogram(transport.took_ms)])
        counts.calls, self._calls = transport.calls - self._calls, transport.calls
        booked = self.intake.booked.placed
        counts.booked, self._booked = booked - self._booked, booked
        clock, moment = time.monotonic(), now()
        retry_at = moment + timedelta(seconds=transport.breaker.wait_s(clock)) if transport.breaker.is_open else None
        standing = {
            "waiting": self.pusher.waiting,
            "oldest_waiting_s": round(self.pusher.oldest_s, 1),
            "is_breaker_open": transport.breaker.is_open,
            "failures": transport.breaker.failures,
            "retry_at": retry_at.isoformat() if retry_at else None,
            "lanes": self._rates.look(transport.lanes, clock),
            "remote_p50_ms": percentile_ms(took, 0.5),
            "remote_p99_ms": percentile_ms(took, 0.99),
        }
        self.counts = self.pusher.counts = self.sender.counts = fresh
        await self.threads.run(write_down, self.line.channel_id, counts, standing, moment)
        await self._tell_trouble()
        facts = Facts(
            counts.calls, self.pusher.waiting, transport.breaker.is_open, transport.breaker.failures, retry_at
        )  # fmt: skip
        await self._troubles.keep(self._trouble_now(), facts, counts.acked, moment)

    def _trouble_now(self) -> MekongError | None:
        if self._trouble is None and self.line.transport.breaker.is_open:
            return self._silent
        return self._trouble

    async def _tell_trouble(self) -> None:
        trouble = self._trouble_now()
        if trouble is self._told:
            return
        self._told = trouble
        await self.threads.run(_tell, self.code, trouble, now())


def _histogram(delays_ms: Any) -> list[int]:
    buckets = [0] * 64
    for delay in delays_ms:
        buckets[bucket_of(delay)] += 1
    return buckets


def _behind(channel_id: int, channel: str) -> list[int]:
    """Listings of the channel that are behind, items together."""
    with connection.cursor() as cursor:
        cursor.execute(_BEHIND, [channel_id])
        rows = cursor.fetchall()
    seen: dict[int, int] = {}
    for _, variant, version, _, _ in rows:
        seen[variant] = min(version, seen.get(variant, version))
    moved = inventory.moved_since(channel=channel, versions=seen) if seen else set()
    return [listing for listing, variant, _, is_turned, _ in rows if is_turned or variant in moved]


def _tell(code: str, trouble: MekongError | None, now_: datetime) -> None:
    if trouble is None:
        note_problem(actor=SYSTEM, code=code, state=ChannelState.CONNECTED, problem={}, now=now_)
        return
    state = ChannelState.NEEDS_RECONNECT if isinstance(trouble, NeedsReconnect) else ChannelState.FAILING
    params = {name: str(value)[:300] for name, value in trouble.params.items()}
    note_problem(actor=SYSTEM, code=code, state=state, problem={"code": trouble.code, "params": params}, now=now_)
