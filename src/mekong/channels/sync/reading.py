"""Reading listings back: after a push whose effect was unknown, and all of them now and then, against drift.

A figure that differs from the acknowledged one begins a new turn, so that it is pushed again. What is under way, or
was acknowledged a moment ago, is left alone: reads may be stale.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.db import connection, transaction

from mekong.channels.commands import begin_audit, end_audit, note_audited
from mekong.channels.commands.looks import keep_looks
from mekong.channels.errors import AuditUnderWay
from mekong.channels.events import ListingDrifted
from mekong.channels.socket import ListingKey, ReadsListings, RemoteListing
from mekong.channels.sync.line import Line, now
from mekong.channels.sync.pushing import Pusher
from mekong.channels.sync.threads import Threads
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.errors import MekongError, NeedsReconnect
from mekong.foundation.events import emit_many

log = structlog.get_logger(__name__)
_AT_ONCE = 50
_CALM_S = 2.0
"""Seconds after an acknowledgement in which a platform's read may still show the figure before it."""

_ACKED = """
    select l.id, l.item_id, l.model_id, s.acked_quantity, s.acked_at, s.turn = s.acked_turn
      from channels_listing l join channels_listingsync s on s.listing_id = l.id
     where l.id = any(%s) and l.match_state = 'matched' and l.is_synced and not s.is_parked
"""
_READ = """
    with said as (
        select * from unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[])
            r(id, quantity, price, sale, sale_ends_at))
    update channels_listingsync s
       set remote_quantity = said.quantity, remote_price_minor = said.price, remote_sale_minor = said.sale,
           remote_sale_ends_at = said.sale_ends_at, read_at = %s
      from said where s.listing_id = said.id
"""
_REPAIR = """
    with said as (select * from unnest(%s::bigint[], %s::bigint[]) r(id, acked))
    update channels_listingsync s set turn = s.turn + 1 from said
     where s.listing_id = said.id and s.turn = s.acked_turn and s.acked_quantity = said.acked
    returning s.listing_id, s.turn
"""


@dataclass(frozen=True)
class Acked:
    listing_id: int
    key: ListingKey
    quantity: int | None
    at: datetime | None
    is_settled: bool


@dataclass
class Audit:
    """What reading back found. `missing`: the platform no longer knows them."""

    read: int = 0
    drifted: list[int] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)


class Reader:
    """Reads one account's listings back. Lives in one event loop."""

    def __init__(self, line: Line, pusher: Pusher | None, threads: Threads) -> None:
        self.line, self.pusher, self.threads = line, pusher, threads
        self._due: list[tuple[float, int]] = []
        self._wake = asyncio.Event()
        self.last: Audit | None = None
        self._audit_now = asyncio.Event()

    def soon(self, listings: Sequence[int]) -> None:
        """Read these back when the dust has settled."""
        for listing in listings:
            heapq.heappush(self._due, (time.monotonic() + self.line.pace.verify_after_s, listing))
        self._wake.set()

    def audit_soon(self) -> None:
        self._audit_now.set()

    async def verify(self) -> None:
        """Read back what was pushed in doubt. Runs until cancelled."""
        while True:
            wait = max(0.0, self._due[0][0] - time.monotonic()) if self._due else None
            if wait is None or wait > 0:
                try:
                    async with asyncio.timeout(wait):
                        await self._wake.wait()
                except TimeoutError:
                    pass
                self._wake.clear()
                continue
            listings: set[int] = set()
            while self._due and self._due[0][0] <= time.monotonic() and len(listings) < _AT_ONCE:
                listings.add(heapq.heappop(self._due)[1])
            try:
                await self.read_back(sorted(listings))
            except NeedsReconnect:
                raise
            except MekongError as away:
                log.warning("verify_failed", channel=self.line.code, error=repr(away))
                self.soon(sorted(listings))

    async def audit(self) -> None:
        """Read everything back now and then. Runs until cancelled."""
        while True:
            try:
                async with asyncio.timeout(self.line.pace.audit_s):
                    await self._audit_now.wait()
            except TimeoutError:
                pass
            self._audit_now.clear()
            try:
                self.last = await self.whole(SYSTEM)
            except AuditUnderWay:  # a person has asked for one just now
                continue
            log.info("audit", channel=self.line.code, read=self.last.read, drifted=len(self.last.drifted))

    async def whole(self, actor: Actor) -> Audit:
        """Read every matched listing back, at a third of the platform's rate, so that orders and pushes go first.

        The run is put on record, with whoever asked for it. Raises: AuditUnderWay, and what the platform answers.
        """
        report = Audit()
        ids = await self.threads.run(_matched, self.line.channel_id)
        run = await self.threads.run(begin_audit, actor=actor, channel=self.line.code, asked=len(ids), now=now())
        try:
            for start in range(0, len(ids), _AT_ONCE):
                clock = time.monotonic()
                one = await self.read_back(ids[start : start + _AT_ONCE], run=run)
                report.read += one.read
                report.drifted += one.drifted
                report.missing += one.missing
                await asyncio.sleep(min(2.0, 2 * (time.monotonic() - clock)))
        except MekongError as away:
            await self.threads.run(end_audit, actor=actor, run=run, error=away, now=now())
            raise
        await self.threads.run(end_audit, actor=actor, run=run, error=None, now=now())
        return report

    async def read_back(self, listings: Sequence[int], *, run: int | None = None) -> Audit:
        """Compare what the platform shows with what it acknowledged, and begin a new turn where they differ.

        `run`: the audit that this is a part of.
        """
        if not listings or not self.line.can(ReadsListings):
            return Audit()
        before = await self.threads.run(_acked, listings)
        asked_at = now()
        keys = [row.key for row in before]
        shown = await self.line.call(lambda connector: connector.read_listings(keys=keys), tries=3)
        report = await self.threads.run(_compare, self.line, before, shown, asked_at, run)
        if self.pusher is not None:
            self.pusher.look(report.drifted, is_doubted=True)
        return report


def _matched(channel_id: int) -> list[int]:
    from mekong.channels.models import Listing, MatchState

    return list(
        Listing.objects.filter(channel_id=channel_id, match_state=MatchState.MATCHED, is_synced=True)
        .order_by("item_id", "model_id")
        .values_list("id", flat=True)
    )


def _acked(listings: Sequence[int]) -> list[Acked]:
    with connection.cursor() as cursor:
        cursor.execute(_ACKED, [list(listings)])
        return [Acked(row[0], ListingKey(row[1], row[2]), *row[3:]) for row in cursor.fetchall()]


def _compare(
    line: Line, before: Sequence[Acked], shown: Sequence[RemoteListing], asked_at: datetime, run: int | None
) -> Audit:
    by_key, channel = {each.key: each for each in shown}, line.code
    report = Audit(read=len(by_key), missing=[row.listing_id for row in before if row.key not in by_key])
    seen = [(row, by_key[row.key]) for row in before if row.key in by_key]
    differ = [
        (row, each.quantity)
        for row, each in seen
        if row.is_settled
        and row.quantity is not None
        and each.quantity is not None
        and each.quantity != row.quantity
        and (row.at is None or (asked_at - row.at).total_seconds() > _CALM_S)
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            _READ,
            [
                [row.listing_id for row, _ in seen], [each.quantity for _, each in seen],
                [each.price_minor for _, each in seen], [each.sale_minor for _, each in seen],
                [each.sale_ends_at for _, each in seen], asked_at,
            ],
        )  # fmt: skip
        keep_looks(line.channel_id, shown, asked_at)
        # Only where nothing was acknowledged meanwhile: else what was read is old news.
        cursor.execute(_REPAIR, [[row.listing_id for row, _ in differ], [row.quantity for row, _ in differ]])
        turns = dict(cursor.fetchall())
        report.drifted = sorted(turns)
        drifted = [(row.listing_id, row.quantity or 0, shows or 0) for row, shows in differ if row.listing_id in turns]
        facts = [(ListingDrifted(channel, *each), f"channel:{channel}") for each in drifted]
        emit_many(SYSTEM, facts, now=asked_at)
        if run is not None:
            note_audited(
                actor=SYSTEM, run=run, read=report.read, missing=len(report.missing), now=asked_at,
                differences=[(*each, turns[each[0]]) for each in drifted],
            )  # fmt: skip
    return report
