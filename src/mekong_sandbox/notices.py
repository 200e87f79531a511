"""The outbox of notices: sent one order after the other on a few connections, retried, at least once.

Notices of one order keep their sequence on the first try; retries, faults and several orders at once mix it, as both
platforms reserve the right to.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from typing import TYPE_CHECKING, Protocol

import msgspec

from mekong_sandbox.poster import NotDelivered, Poster

if TYPE_CHECKING:
    from mekong_sandbox.world import World

LANES = 6
log = logging.getLogger("mekong_sandbox")


class Notice(msgspec.Struct):
    """A message to the callback URL of an app. `order` and `line` let the sender read the state again."""

    id: int
    market: str
    app: str
    shop: str
    type: int
    body: bytes
    order: str = ""
    line: str = ""
    attempts: int = 0


class Sender(Protocol):
    """What the outbox asks the platform of a notice."""

    signature_header: str

    def callback_url(self, app: str) -> str:
        """Where to send; "" = nowhere."""

    def may_send(self, app: str) -> bool:
        """False while the platform has stopped sending to this app."""

    def headers(self, notice: Notice) -> dict[str, str]:
        """Headers with the signature for the body as it is now."""

    def ack_timeout_s(self) -> float:
        """Seconds after which no answer counts as failure."""

    def retry_after_s(self, notice: Notice) -> float | None:
        """Seconds until the next try, before scaling; None = give up."""

    def refresh(self, notice: Notice) -> None:
        """Bring the body up to date before a retry."""

    def attempted(self, app: str, ok: bool) -> None:
        """Take note of a try."""

    def lost(self, notice: Notice) -> None:
        """Keep or forget a notice that was given up."""


class Outbox:
    """Queues of notices; counts of what became of them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lanes: dict[tuple[str, int], asyncio.Queue[tuple[Notice, bool]]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._waiting: list[Notice] = []
        self._running = False
        self.senders: dict[str, Sender] = {}
        self.last_id = 0
        self.counts = dict.fromkeys(("made", "delivered", "failed_tries", "given_up", "dropped_by_fault", "stopped"), 0)

    def load(self) -> None:
        """Take up what was not delivered when the process ended."""
        for _, notice in self._world.store.load("notice", Notice):
            self.last_id = max(self.last_id, notice.id)
            self._waiting.append(notice)
        self._waiting.sort(key=lambda notice: notice.id)

    def start(self) -> None:
        """Begin sending."""
        self._running = True
        waiting, self._waiting = self._waiting, []
        for notice in waiting:
            self._queue(notice)

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def add(self, notice: Notice) -> None:
        """Send a new notice, as far as the faults in force let it through."""
        self.counts["made"] += 1
        if not self.senders[notice.market].callback_url(notice.app):
            return
        verdict = None
        if self._world.faults.notices_at_risk:
            verdict = self._world.faults.judge_notice(notice.market, notice.shop)
        if verdict is None:
            self._world.store.save("notice", notice.id, notice)
            self._queue(notice)
            return
        if verdict.drop:
            self.counts["dropped_by_fault"] += 1
            if verdict.to_lost_push:
                self.senders[notice.market].lost(notice)
            return
        self._world.store.save("notice", notice.id, notice)
        for _ in range(verdict.copies):
            if verdict.delay_s > 0:
                delay_s = verdict.delay_s
                asyncio.get_running_loop().call_later(delay_s, self._queue, notice, verdict.bad_signature)
            else:
                self._queue(notice, verdict.bad_signature)

    def clear(self) -> None:
        """Forget everything not yet sent."""
        self._waiting.clear()
        for lane in self._lanes.values():
            while not lane.empty():
                lane.get_nowait()
        self.counts = dict.fromkeys(self.counts, 0)

    def pending(self) -> int:
        """Notices in the queues at this moment; those waiting for a retry not counted."""
        return sum(lane.qsize() for lane in self._lanes.values())

    async def stop(self) -> None:
        """End the connections; what was not delivered stays stored."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _queue(self, notice: Notice, bad_signature: bool = False) -> None:
        if not self._running:
            self._waiting.append(notice)
            return
        order = (notice.order or str(notice.id)).encode()
        key = (f"{notice.market}:{notice.app}", zlib.crc32(order) % LANES)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = asyncio.Queue()
            self._tasks.append(asyncio.create_task(self._send_all(lane)))
        lane.put_nowait((notice, bad_signature))

    async def _send_all(self, lane: asyncio.Queue[tuple[Notice, bool]]) -> None:
        poster = Poster()
        try:
            while True:
                notice, bad_signature = await lane.get()
                try:
                    await self._send(poster, notice, bad_signature)
                except Exception:  # one notice that cannot be sent must not hold up the others
                    log.exception("defect while sending notice %s", notice.id)
        finally:
            poster.close()

    async def _send(self, poster: Poster, notice: Notice, bad_signature: bool) -> None:
        sender = self.senders[notice.market]
        url = sender.callback_url(notice.app)
        if not url or not sender.may_send(notice.app):
            self.counts["stopped"] += 1
            self._world.store.delete("notice", notice.id)
            return
        if notice.attempts:
            sender.refresh(notice)
        headers = {"Content-Type": "application/json"} | sender.headers(notice)
        if bad_signature:
            headers[sender.signature_header] = "0" * 64
        notice.attempts += 1
        try:
            status = await poster.post(url, headers, notice.body, sender.ack_timeout_s())
            ok = 200 <= status < 300
        except NotDelivered as failed:
            log.debug("notice %s not delivered: %s", notice.id, failed)
            ok = False
        sender.attempted(notice.app, ok)
        if ok:
            self.counts["delivered"] += 1
            self._world.store.delete("notice", notice.id)
            return
        self.counts["failed_tries"] += 1
        wait_s = sender.retry_after_s(notice)
        if wait_s is None:
            self.counts["given_up"] += 1
            self._world.store.delete("notice", notice.id)
            sender.lost(notice)
            return
        self._world.store.save("notice", notice.id, notice)
        due = self._world.clock.now() + wait_s * self._world.settings.notice_retry_scale
        self._world.timers.at(due, lambda: self._queue(notice))
