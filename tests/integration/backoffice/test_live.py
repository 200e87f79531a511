"""The tiles of the last unit: what each is called, and who may sell on it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client

from mekong.channels.models import Channel
from mekong.channels.socket import ListingKey, RemoteListing
from mekong.foundation.actor import SYSTEM
from tests.support.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)
Visitor = Callable[..., Client]
PAGE = "/live/?sku=BG-DB-07"


def tiles(text: str) -> dict[str, tuple[str, str]]:
    """What stands on each tile, first and below, by channel."""
    found = re.findall(
        r'<li class="tile".*?data-k="(.*?)".*?<b class="strong clip">(.*?)</b>(.*?)</span></div>', text, re.DOTALL
    )
    return {code: (name, "".join(re.findall(r">(.+?)</small>", below))) for code, name, below in found}


def listed(kind: str, code: str, name: str) -> None:
    """Another account, which lists the last unit, too."""
    from mekong.channels import commands

    now = datetime.now(UTC)
    commands.create_channel(actor=SYSTEM, code=code, name=name, kind=kind, shop_id=code, now=now)
    listing = RemoteListing(key=ListingKey(f"7-{code}"), sku="BG-DB-07", name="Bình gốm", quantity=1)
    commands.store_listings(actor=SYSTEM, channel=code, listings=[listing], now=now)


def test_a_tile_is_called_as_its_platform_until_there_are_two_accounts_on_it(shop: Shop, visitor: Visitor) -> None:
    listed("tiktok", "tiktok-1", "TikTok Shop")
    shown = tiles(visitor("owner").get(PAGE).content.decode())
    assert shown["shopee-1"] == ("Shopee", "Mộc Lan Official")
    assert shown["tiktok-1"] == ("TikTok Shop", "")

    listed("shopee", "shopee-2", "Mộc Lan Outlet")
    shown = tiles(visitor("manager").get(PAGE).content.decode())
    assert shown["shopee-1"] == ("Mộc Lan Official", "Shopee")
    assert shown["shopee-2"] == ("Mộc Lan Outlet", "Shopee")


def test_only_who_may_place_orders_is_offered_to_sell_and_only_where_somebody_can_buy(
    shop: Shop, visitor: Visitor
) -> None:
    """No platform has a test buyer here; the store and the web shop take orders of ours."""
    page = visitor("owner").get(PAGE).content.decode()
    assert set(re.findall(r'data-sell="([^"]+)" aria-label', page)) == {"store", "web"}

    Channel.objects.filter(code="lazada-1").update(test_purchase_url="http://127.0.0.1:9/lazada/buy")
    page = visitor("manager").get(PAGE).content.decode()
    assert set(re.findall(r'data-sell="([^"]+)" aria-label', page)) == {"store", "web", "lazada-1"}

    assert "data-sell=" not in visitor("accountant").get(PAGE).content.decode()
