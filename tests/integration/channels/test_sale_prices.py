"""Price lists and sales reach the listings of their channel by the reconciler, and leave them again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mekong.channels import commands, queries
from mekong.channels.matching import skus as ids_of
from mekong.channels.models import ListingSync
from mekong.channels.rules import sale_to_push
from mekong.channels.socket import SalePrice
from mekong.foundation.actor import SYSTEM
from mekong.pricing import commands as pricing
from mekong.pricing.contracts.lists import ListDraft
from tests.integration.channels.test_overtaken import at_work, platform, thread, until
from tests.support.bazaar import Platform
from tests.support.offers import a_list

__all__ = ["platform"]
NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)


def shown(platform: Platform) -> dict[str, tuple[int, int | None]]:
    """Each SKU's list price and sale price as the platform has them."""
    found = {}
    for key, price in platform.prices.items():
        sale = platform.sales.get(key)
        found[platform.skus[key]] = (price, sale.price_minor if sale else None)
    return found


def test_a_sale_is_told_to_its_channel_changed_and_taken_away(platform: Platform) -> None:
    async def story() -> None:
        async with at_work(platform) as stage:
            await until(lambda: set(platform.prices.values()) == {100_000})
            sale = await thread(a_list)("GIAM", {"AO-1": 80_000}, is_sale=True, audience={"channels": ["bz"]})
            await thread(a_list)("TILL", {"AO-2": 50_000}, audience={"channels": ["store"]})
            stage.runner.heard_prices()
            await until(lambda: shown(platform) == {"AO-1": (100_000, 80_000), "AO-2": (100_000, None)})
            assert await thread(kept)("AO-1") == [80_000, "", ""]

            # The channel's own price list moves the list price; an own price is explicit and has no sale beside it.
            await thread(a_list)("BZ", {"AO-1": 120_000}, audience={"channels": ["bz"]})
            stage.runner.heard_prices()
            await until(lambda: shown(platform)["AO-1"] == (120_000, 80_000))
            own: dict[str, Any] = {"channel": "bz", "variant_id": (await thread(ids_of)(["AO-1"]))["AO-1"]}
            await thread(commands.set_own_price)(actor=SYSTEM, price_minor=99_000, **own)
            stage.runner.heard_prices()
            await until(lambda: shown(platform)["AO-1"] == (99_000, None))
            await thread(commands.set_own_price)(actor=SYSTEM, price_minor=None, **own)
            stage.runner.heard_prices()
            await until(lambda: shown(platform)["AO-1"] == (120_000, 80_000))

            draft = ListDraft("GIAM", "Giảm", is_sale=True, is_active=False)
            await thread(pricing.save_price_list)(actor=SYSTEM, draft=draft, list_id=sale.id, now=NOW)
            stage.runner.heard_prices()
            await until(lambda: shown(platform)["AO-1"] == (120_000, None))
            listing = (await thread(queries.list_listings)(actor=SYSTEM, channel="bz", sku="AO-1")).listings[0]
            assert (listing.desired_price_minor, listing.desired_sale_minor) == (120_000, None)

    asyncio.run(story())


def kept(sku: str) -> Any:
    return ListingSync.objects.get(listing__remote_sku=sku).acked_sale


@pytest.mark.parametrize("has_dates", [True, False])
def test_a_platform_without_dates_is_told_when_a_sale_begins_and_when_it_is_over(has_dates: bool) -> None:
    start, end = NOW, NOW + timedelta(days=2)
    told = [
        sale_to_push(80_000, start, end, has_dates=has_dates, now=at)
        for at in (start - timedelta(seconds=1), start, end - timedelta(seconds=1), end)
    ]
    if has_dates:
        assert told == [SalePrice(80_000, start, end)] * 4
    else:
        assert told == [None, SalePrice(80_000), SalePrice(80_000), None]
    assert sale_to_push(None, None, None, has_dates=has_dates, now=NOW) is None
