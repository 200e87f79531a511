"""What a platform shows beside its list price: kept when it is pulled, read back and asked live."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from mekong.channels import queries, remote
from mekong.channels.socket import SalePrice
from mekong.foundation.actor import SYSTEM
from tests.integration.channels.test_overtaken import platform
from tests.support.bazaar import Platform

__all__ = ["platform"]


def listing(sku: str) -> Any:
    return queries.list_listings(actor=SYSTEM, channel="bz", sku=sku).listings[0]


def shown(sku: str) -> tuple[Any, ...]:
    view = listing(sku)
    return (view.remote_price_minor, view.remote_sale_minor, view.remote_sale_ends_at)


def test_a_sale_price_is_kept_with_its_end_and_forgotten_when_it_is_over(platform: Platform):
    key = next(key for key, sku in platform.skus.items() if sku == "AO-1")
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    platform.prices[key], platform.sales[key] = 120_000, SalePrice(99_000, None, ends)
    assert shown("AO-1") == (1, None, None)

    remote.audit_listings(actor=SYSTEM, channel="bz")
    assert shown("AO-1") == (120_000, 99_000, ends)
    assert shown("AO-2") == (1, None, None)
    live = {each.listing_id: each for each in remote.live_listings(actor=SYSTEM, listings=[listing("AO-1")])}
    (asked,) = live.values()
    assert (asked.price_minor, asked.sale_minor, asked.sale_ends_at) == (120_000, 99_000, ends)

    platform.sales[key] = SalePrice(99_000, ends)
    remote.audit_listings(actor=SYSTEM, channel="bz")
    assert shown("AO-1") == (120_000, None, None), "it is still to begin"


def test_a_new_listing_is_pulled_with_its_sale_price(platform: Platform):
    key = platform.list_sku("AO-3", 5)
    platform.prices[key], platform.sales[key] = 120_000, SalePrice(99_000)
    remote.pull_listings(actor=SYSTEM, channel="bz")
    view = next(
        each for each in queries.list_listings(actor=SYSTEM, channel="bz").listings if each.remote_sku == "AO-3"
    )
    assert (view.remote_price_minor, view.remote_sale_minor, view.remote_sale_ends_at) == (120_000, 99_000, None)
