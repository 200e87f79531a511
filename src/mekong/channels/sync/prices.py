"""The reconciler of one account's prices: as that of stock, without the hurry."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import connection

from mekong.channels import matching, rules
from mekong.channels.models import Listing, MatchState
from mekong.channels.socket import ListingKey, PricePush, PushesPrice, PushResult
from mekong.channels.sync.line import Line, now
from mekong.channels.sync.threads import Threads
from mekong.foundation.errors import MekongError, NeedsReconnect, RemoteRefused

log = structlog.get_logger(__name__)
LANE = "price"
_AT_ONCE = 500
_ACK = """
    update channels_listingsync s
       set acked_price_version = a.version, acked_price_minor = a.price, acked_price_at = %s, price_error_code = '',
           price_error_params = '{}'
      from unnest(%s::bigint[], %s::bigint[], %s::bigint[]) a(id, version, price)
     where s.listing_id = a.id and s.acked_price_version <= a.version
"""
_REFUSED = """
    update channels_listingsync set price_error_code = %s, price_error_params = %s where listing_id = %s
"""


@dataclass(frozen=True)
class DuePrice:
    listing_id: int
    push: PricePush
    version: int
    is_refused: bool

    @property
    def price(self) -> tuple[int, int]:
        return (self.version, self.push.price_minor)


class PricePusher:
    """Keeps one account's prices at the catalogue's, or at a listing's own. Lives in one event loop."""

    def __init__(self, line: Line, threads: Threads, currency: str) -> None:
        self.line, self.threads, self.currency = line, threads, currency
        self._wake = asyncio.Event()
        self.refused: dict[int, tuple[int, int]] = {}
        """Listing to the version and amount of the price that the platform refused for good. Tried again when it is
        another, or when a person had the refusal forgotten."""

    def heard(self) -> None:
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                due = await self.threads.run(_due, self.line.channel_id, self.currency)
                due = [row for row in due if not (row.is_refused and self.refused.get(row.listing_id) == row.price)]
                for start in range(0, len(due), _AT_ONCE):
                    await self._push(due[start : start + _AT_ONCE])
            except NeedsReconnect:
                raise
            except MekongError as away:
                log.warning("price_push_failed", channel=self.line.code, error=repr(away))
            try:
                async with asyncio.timeout(self.line.pace.price_compare_s):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()

    async def _push(self, due: Sequence[DuePrice]) -> None:
        connector: PushesPrice = self.line.speaker(PushesPrice)
        by_key = {row.push.key: row for row in due}
        for batch in connector.price_batches([row.push for row in due]):
            results = await self._answer(batch)
            good = [by_key[result.key] for result in results if not result.error and result.key in by_key]
            await self.threads.run(_record, good, now())
            for result in results:
                if result.error and result.is_final and result.key in by_key:
                    row = by_key[result.key]
                    self.refused[row.listing_id] = row.price
                    refused = RemoteRefused(
                        remote=self.line.code, remote_code=result.error, remote_message=result.message
                    )
                    await self.threads.run(_note_refusal, row.listing_id, refused)
                    log.warning("price_refused", channel=self.line.code, listing=row.listing_id, error=str(refused))

    async def _answer(self, batch: Sequence[PricePush]) -> Sequence[PushResult]:
        async def push(connector: PushesPrice) -> Sequence[PushResult]:
            return await connector.push_price(batch)

        return await self.line.call(push, tries=3, lane=LANE)


def _due(channel_id: int, currency: str) -> list[DuePrice]:
    rows = list(
        Listing.objects.select_related("sync").filter(
            channel_id=channel_id, match_state=MatchState.MATCHED, is_synced=True
        )
    )
    found: list[DuePrice] = []
    for start in range(0, len(rows), 2000):
        part = rows[start : start + 2000]
        variants = matching.variants({row.variant_id for row in part if row.variant_id is not None})
        for row in part:
            variant = variants.get(row.variant_id or 0)
            if variant is None:
                continue
            wanted = rules.desired_price(row.own_price_minor, variant.price_minor, variant.currency, currency)
            # A push that was under way when the price moved may have been acknowledged after it: the amount tells too.
            is_behind = variant.price_version > row.sync.acked_price_version or wanted != row.sync.acked_price_minor
            if wanted is not None and is_behind:
                push = PricePush(ListingKey(row.item_id, row.model_id), row.remote_sku, wanted, currency)
                found.append(DuePrice(row.id, push, variant.price_version, bool(row.sync.price_error_code)))
    return found


def _note_refusal(listing_id: int, refused: RemoteRefused) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_REFUSED, [refused.code, json.dumps(refused.params), listing_id])


def _record(rows: Sequence[DuePrice], at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _ACK,
            [
                at,
                [row.listing_id for row in rows],
                [row.version for row in rows],
                [row.push.price_minor for row in rows],
            ],
        )
