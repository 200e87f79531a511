"""The reconciler of one account's prices: as that of stock, without the hurry."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import connection

from mekong.channels import matching, rules
from mekong.channels.models import Listing, ListingSync, MatchState
from mekong.channels.queries.asked_prices import asked_prices
from mekong.channels.socket import ListingKey, PricePush, PushesPrice, PushResult, SalePrice
from mekong.channels.sync.line import Line, now
from mekong.channels.sync.threads import Threads
from mekong.foundation.errors import MekongError, NeedsReconnect, RemoteRefused

log = structlog.get_logger(__name__)
LANE = "price"
_AT_ONCE = 500
_ACK = """
    update channels_listingsync s
       set acked_price_version = a.version, acked_price_minor = a.price, acked_sale = nullif(a.sale, 'null'::jsonb),
           acked_price_at = %s, price_error_code = '', price_error_params = '{}'
      from unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::jsonb[]) a(id, version, price, sale)
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
    def price(self) -> tuple[int, int, str]:
        return (self.version, self.push.price_minor, json.dumps(rules.sale_key(self.push.sale)))


class PricePusher:
    """Keeps one account's prices at the catalogue's, or at a listing's own. Lives in one event loop."""

    def __init__(self, line: Line, threads: Threads) -> None:
        self.line, self.threads = line, threads
        self._wake = asyncio.Event()
        self.refused: dict[int, tuple[int, int, str]] = {}
        """Listing to the version, amount and sale of the price that the platform refused for good. Tried again when it
        is another, or when a person had the refusal forgotten."""

    def heard(self) -> None:
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                due = await self.threads.run(_due, self.line.channel_id, self.line.plug.manifest.sale_dates)
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


PROLONG = timedelta(days=30)
"""A sale without an end is told again so often: platforms keep one for half a year at most."""


def _due(channel_id: int, has_dates: bool) -> list[DuePrice]:
    moment = now()
    rows = list(
        Listing.objects.select_related("sync", "channel").filter(
            channel_id=channel_id, match_state=MatchState.MATCHED, is_synced=True
        )
    )
    found: list[DuePrice] = []
    for start in range(0, len(rows), 2000):
        part = rows[start : start + 2000]
        variants = matching.variants({row.variant_id for row in part if row.variant_id is not None})
        asked = asked_prices(rows=part, variants=variants, now=moment)
        for row in part:
            variant, shown = variants.get(row.variant_id or 0), asked.get(row.id)
            if variant is None or shown is None:
                continue
            sale = rules.sale_to_push(shown.sale_minor, shown.sale_from, shown.sale_to, has_dates=has_dates, now=moment)
            if _is_behind(row.sync, variant.price_version, shown.price_minor, sale, moment):
                key = ListingKey(row.item_id, row.model_id)
                push = PricePush(key, row.remote_sku, shown.price_minor, row.channel.currency, sale)
                found.append(DuePrice(row.id, push, variant.price_version, bool(row.sync.price_error_code)))
    return found


def _is_behind(sync: ListingSync, version: int, price_minor: int, sale: SalePrice | None, moment: datetime) -> bool:
    """Whether what was acknowledged is not what should stand.

    A push that was under way when the price moved may have been acknowledged after it, so the amounts tell, too.
    """
    if version > sync.acked_price_version or price_minor != sync.acked_price_minor:
        return True
    if rules.sale_key(sale) != sync.acked_sale:
        return True
    is_endless = sale is not None and sale.ends_at is None
    return is_endless and sync.acked_price_at is not None and sync.acked_price_at < moment - PROLONG


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
                [json.dumps(rules.sale_key(row.push.sale)) for row in rows],
            ],
        )
