"""A listing's own price: set, pushed, refused, put back, and kept from going to the wrong goods."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connections

from mekong.channels import commands, queries
from mekong.channels.errors import ChannelInvalid, ListingNotFound, NotListed, NotMatched, OwnPriceMoved, PricesNotSent
from mekong.channels.matching import skus as ids_of
from mekong.channels.models import Listing
from mekong.channels.socket import PricePush, PushResult
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MayNot
from tests.integration.channels.test_overtaken import Stage, at_work, platform, thread, until
from tests.support.bazaar import Bazaar, Platform
from tests.support.people import an_actor

__all__ = ["platform"]


def own(sku: str, price: int | None, **more: Any) -> int:
    return commands.set_own_price(
        actor=more.pop("actor", SYSTEM), channel="bz", variant_id=ids_of([sku])[sku], price_minor=price, **more
    )


def listing(sku: str) -> Any:
    return queries.list_listings(actor=SYSTEM, channel="bz", sku=sku).listings[0]


def prices(platform: Platform) -> dict[str, int]:
    return {platform.skus[key]: price for key, price in platform.prices.items()}


def test_an_own_price_is_pushed_and_taken_back(platform: Platform):
    from mekong.catalog import commands as catalog
    from mekong.catalog.contracts import PriceLine

    async def story() -> None:
        async with at_work(platform) as stage:
            await until(lambda: set(platform.prices.values()) == {100_000})
            assert await thread(own)("AO-1", 88_000, seen=None) == 1
            stage.runner.heard_prices()
            await until(lambda: prices(platform) == {"AO-1": 88_000, "AO-2": 100_000})
            await until(lambda: listing("AO-1").acknowledged_price_minor == 88_000)

            # The catalogue's price moves on; the own one stays.
            lines = [PriceLine("AO-1", 120_000), PriceLine("AO-2", 120_000)]
            await thread(catalog.set_prices)(actor=SYSTEM, lines=lines, now=datetime.now(UTC))
            stage.runner.heard_prices()
            await until(lambda: prices(platform) == {"AO-1": 88_000, "AO-2": 120_000})

            assert await thread(own)("AO-1", None, seen=88_000) == 1
            stage.runner.heard_prices()
            await until(lambda: prices(platform) == {"AO-1": 120_000, "AO-2": 120_000})

    asyncio.run(story())


def test_a_push_under_way_when_the_price_changes_does_not_have_the_last_word(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
):
    async def story(stage: Stage) -> None:
        await until(lambda: set(platform.prices.values()) == {100_000})
        arrived, go_on = asyncio.Event(), asyncio.Event()
        plain = Bazaar.push_price

        async def held(self: Bazaar, batch: Sequence[PricePush]) -> list[PushResult]:
            arrived.set()
            await go_on.wait()
            return await plain(self, batch)

        monkeypatch.setattr(Bazaar, "push_price", held)
        await thread(own)("AO-1", 88_000)
        stage.runner.heard_prices()
        await arrived.wait()
        await thread(own)("AO-1", 77_000)
        monkeypatch.setattr(Bazaar, "push_price", plain)
        go_on.set()
        stage.runner.heard_prices()
        await until(lambda: prices(platform)["AO-1"] == 77_000)
        await until(lambda: listing("AO-1").acknowledged_price_minor == 77_000)

    async def run() -> None:
        async with at_work(platform) as stage:
            await story(stage)

    asyncio.run(run())


def test_a_refused_price_says_so_until_it_is_another(platform: Platform, monkeypatch: pytest.MonkeyPatch):
    plain = Bazaar.push_price

    async def refuse(self: Bazaar, batch: Sequence[PricePush]) -> list[PushResult]:
        return [PushResult(push.key, error="price", message="too low", is_final=True) for push in batch]

    async def story() -> None:
        async with at_work(platform) as stage:
            await until(lambda: set(platform.prices.values()) == {100_000})
            monkeypatch.setattr(Bazaar, "push_price", refuse)
            await thread(own)("AO-1", 1)
            stage.runner.heard_prices()
            await until(lambda: listing("AO-1").price_error is not None)
            monkeypatch.setattr(Bazaar, "push_price", plain)
            await thread(own)("AO-1", 99_000)
            assert (await thread(listing)("AO-1")).price_error is None
            stage.runner.heard_prices()
            await until(lambda: prices(platform)["AO-1"] == 99_000)

    asyncio.run(story())


def test_refusals_change_nothing(platform: Platform):
    stranger = an_actor("channels.view", "catalog.edit")
    with pytest.raises(MayNot):
        own("AO-1", 1000, actor=stranger)
    for price in (0, -1, 10**12 + 1):
        with pytest.raises(ChannelInvalid) as refused:
            own("AO-1", price)
        assert refused.value.params["field"] == "price_minor"
    assert own("AO-1", 88_000, seen=None) == 1
    with pytest.raises(OwnPriceMoved) as moved:
        own("AO-1", 77_000, seen=None)
    assert moved.value.params["current"] == 88_000
    assert own("AO-1", 88_000, seen=None) == 0, "the same again changes nothing"
    commands.set_price_sync(actor=SYSTEM, code="bz", on=False)
    with pytest.raises(PricesNotSent):
        own("AO-1", 77_000)
    commands.unmatch_listing(actor=SYSTEM, listing_id=listing("AO-2").id)
    with pytest.raises(NotListed):
        own("AO-2", 77_000)
    with pytest.raises(ListingNotFound):
        commands.set_listing_price(actor=SYSTEM, listing_id=10**9, price_minor=1000)
    with pytest.raises(NotMatched):
        commands.set_listing_price(
            actor=SYSTEM, listing_id=Listing.objects.get(variant=None).id, price_minor=1000
        )  # fmt: skip
    assert listing("AO-1").own_price_minor == 88_000


def test_an_own_price_does_not_go_to_other_goods(platform: Platform):
    own("AO-1", 88_000)
    commands.match_listing(actor=SYSTEM, listing_id=listing("AO-1").id, sku="AO-2")
    assert {each.own_price_minor for each in Listing.objects.all()} == {None}


def test_of_two_people_the_second_is_told(platform: Platform):
    variant = ids_of(["AO-1"])["AO-1"]

    def type_in(price: int) -> int | None:
        try:
            commands.set_own_price(actor=SYSTEM, channel="bz", variant_id=variant, price_minor=price, seen=None)
        except OwnPriceMoved:
            return None
        finally:
            connections.close_all()
        return price

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(type_in, [81_000, 82_000, 83_000, 84_000]))
    assert [each for each in said if each] == [listing("AO-1").own_price_minor]


def test_what_is_shown_where(platform: Platform):
    own("AO-1", 88_000)
    ids = ids_of(["AO-1", "AO-2"])
    shown = queries.shown_on(actor=SYSTEM, channel="bz")
    assert shown[ids["AO-1"]][0] == 88_000
    with pytest.raises(MayNot):
        queries.shown_on(actor=an_actor("catalog.view"), channel="bz")
