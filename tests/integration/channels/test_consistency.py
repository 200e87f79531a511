"""What channels show against what they should: seen, told with its reason, set right by one click."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from mekong.channels import commands, queries, remote
from mekong.channels.contracts.consistency import Cell, ListingCheck
from mekong.channels.errors import (
    ChannelInvalid,
    ChannelNotFound,
    ListingNotFound,
    NothingToRepair,
    PricesNotSent,
    ShownPriceMoved,
)
from mekong.channels.models import Difference, ItemLooks, Listing, ListingSync
from mekong.channels.queries.consistency import consistency, count_differences, count_faults, list_inconsistent
from mekong.channels.remote.consistency import look_now
from mekong.channels.socket import Looks, PricePush, PushResult, SalePrice
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MayNot, Unavailable
from tests.integration.channels.test_overtaken import platform
from tests.support import fair as stalls
from tests.support.bazaar import Bazaar, Platform
from tests.support.fair import Fair, a_fair, change, product_id, publish
from tests.support.marketplaces import a_worker, close_all, eventually
from tests.support.people import an_actor

__all__ = ["platform"]


def now() -> datetime:
    return datetime.now(UTC)


def check(sku: str) -> ListingCheck:
    (found,) = consistency(actor=SYSTEM, product_ids=[product_id(sku)], now=now())
    (listing,) = found.listings
    return listing


def cell(sku: str, fact: str) -> Cell:
    return check(sku).cells[fact]


def told(sku: str, *facts: str) -> list[tuple[Any, Any, str]]:
    cells = check(sku).cells
    return [(cells[fact].should, cells[fact].shows, cells[fact].reason) for fact in facts]


def kept() -> list[tuple[str, str, str]]:
    rows = Difference.objects.order_by("listing__variant__sku", "fact")
    return list(rows.values_list("listing__variant__sku", "fact", "reason"))


def settle(platform: Platform) -> None:
    """All prices pushed, acknowledged and read back."""
    with a_worker():
        assert eventually(lambda: set(platform.prices.values()) == {100_000})
        acked = ListingSync.objects.filter(acked_price_minor=100_000)
        assert eventually(lambda: acked.count() == len(platform.prices))
    remote.audit_listings(actor=SYSTEM, channel="bz")
    recheck()


def recheck() -> None:
    ids = list(Listing.objects.values_list("id", flat=True))
    commands.note_checked(actor=SYSTEM, listing_ids=ids, now=now())


def key(platform: Platform, sku: str) -> Any:
    return next(key for key, each in platform.skus.items() if each == sku)


# --- prices -----------------------------------------------------------------------------------------------------------


def test_a_price_changed_there_is_seen_told_and_set_right(platform: Platform) -> None:
    settle(platform)
    assert kept() == []
    assert told("AO-1", "price", "sale") == [(100_000, 100_000, ""), (None, None, "")]

    platform.prices[key(platform, "AO-1")] = 89_000
    platform.sales[key(platform, "AO-2")] = SalePrice(70_000)
    remote.audit_listings(actor=SYSTEM, channel="bz")
    recheck()
    assert told("AO-1", "price", "sale") == [(100_000, 89_000, "changed"), (None, None, "")]
    assert told("AO-2", "price", "sale") == [(100_000, 100_000, ""), (None, 70_000, "changed")]
    assert kept() == [("AO-1", "price", "changed"), ("AO-2", "sale", "changed")]
    counts = count_differences(actor=SYSTEM)
    assert (counts.faults, counts.products, counts.unread) == (2, 2, 0)
    assert (counts.by_channel, counts.by_fact, counts.by_reason) == ({"bz": 2}, {"price": 1, "sale": 1}, {"changed": 2})
    assert count_faults() == (2, 2)

    with a_worker():
        report = commands.repair_difference(actor=SYSTEM, listing_id=check("AO-1").listing_id, fact="price", now=now())
        assert (report.prices, report.products, report.waiting) == (1, 0, 0)
        assert eventually(lambda: platform.prices[key(platform, "AO-1")] == 100_000)
        assert eventually(lambda: kept() == [("AO-2", "sale", "changed")])
        commands.repair_product(actor=SYSTEM, product_id=product_id("AO-2"), now=now())
        assert eventually(lambda: not platform.sales and kept() == [])
    remote.audit_listings(actor=SYSTEM, channel="bz")
    recheck()
    assert kept() == [], "it was not only believed to be right"


def test_a_repair_is_on_its_way_at_once_and_a_repeat_changes_nothing(platform: Platform) -> None:
    settle(platform)
    platform.prices[key(platform, "AO-1")] = 89_000
    remote.audit_listings(actor=SYSTEM, channel="bz")
    recheck()
    listing = check("AO-1").listing_id
    for expected in ((1, 0), (0, 1)):
        report = commands.repair_difference(actor=SYSTEM, listing_id=listing, fact="price", now=now())
        assert (report.prices, report.waiting) == expected
        assert told("AO-1", "price") == [(100_000, 89_000, "pending")]
        assert kept() == [("AO-1", "price", "pending")]
    assert commands.repair_difference(actor=SYSTEM, listing_id=listing, fact="sale", now=now()).prices == 0
    assert count_faults() == (0, 0), "what is on its way is nobody's work"


def test_a_filter_is_repaired_whole_and_leaves_the_others(platform: Platform) -> None:
    settle(platform)
    platform.prices.update(dict.fromkeys(platform.prices, 89_000))
    platform.sales[key(platform, "AO-1")] = SalePrice(70_000)
    remote.audit_listings(actor=SYSTEM, channel="bz")
    recheck()
    everything = {"actor": SYSTEM, "now": now()}
    assert commands.repair_found(**everything, reason="refused").prices == 0
    with pytest.raises(ChannelNotFound):
        commands.repair_found(**everything, channel="nowhere")
    with pytest.raises(ChannelInvalid) as refused:
        commands.repair_found(**everything, fact="colour")
    assert refused.value.params["field"] == "fact"
    assert commands.repair_found(**everything, channel="bz", fact="price").prices == 2
    assert {reason for _, _, reason in kept()} == {"pending"}, "a push tells both prices"
    assert commands.repair_found(**everything).prices == 0


def test_the_platforms_price_may_be_taken_over_as_the_listings_own(platform: Platform) -> None:
    settle(platform)
    platform.prices[key(platform, "AO-1")] = 89_000
    remote.audit_listings(actor=SYSTEM, channel="bz")
    listing = check("AO-1").listing_id
    with pytest.raises(ShownPriceMoved):
        commands.accept_price(actor=SYSTEM, listing_id=listing, price_minor=88_000, now=now())
    assert Listing.objects.get(id=listing).own_price_minor is None
    for _ in range(2):
        view = commands.accept_price(actor=SYSTEM, listing_id=listing, price_minor=89_000, now=now())
        assert view.own_price_minor == 89_000
    assert told("AO-1", "price") == [(89_000, 89_000, "own_price")]
    assert kept() == [("AO-1", "price", "own_price")]
    assert count_differences(actor=SYSTEM).faults == 0, "an explicit difference is no fault"
    page = list_inconsistent(actor=SYSTEM, reason="own_price", now=now())
    assert [each.code for each in page.products] == ["AO-1"]
    assert list_inconsistent(actor=SYSTEM, now=now()).products == []


def test_a_price_that_the_platform_refuses_is_told_in_its_words_and_tried_again(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(platform)
    plain = Bazaar.push_price

    async def refusing(self: Bazaar, batch: Sequence[PricePush]) -> list[PushResult]:
        return [PushResult(push.key, "too_low", "Giá thấp hơn mức cho phép", is_final=True) for push in batch]

    platform.prices[key(platform, "AO-1")] = 89_000
    remote.audit_listings(actor=SYSTEM, channel="bz")
    monkeypatch.setattr(Bazaar, "push_price", refusing)
    with a_worker():
        commands.repair_product(actor=SYSTEM, product_id=product_id("AO-1"), now=now())
        assert eventually(lambda: kept() == [("AO-1", "price", "refused")])
        problem = cell("AO-1", "price").problem
        assert problem is not None
        assert problem.params["remote_message"] == "Giá thấp hơn mức cho phép"
        monkeypatch.setattr(Bazaar, "push_price", plain)
        commands.repair_product(actor=SYSTEM, product_id=product_id("AO-1"), now=now())
        assert eventually(lambda: platform.prices[key(platform, "AO-1")] == 100_000 and kept() == [])


def test_where_prices_are_not_sent_a_difference_is_as_people_said(platform: Platform) -> None:
    commands.set_price_sync(actor=SYSTEM, code="bz", on=False)
    recheck()
    listing = check("AO-1").listing_id
    assert told("AO-1", "price") == [(100_000, 1, "prices_off")]
    assert (kept(), count_differences(actor=SYSTEM).faults) == (
        [("AO-1", "price", "prices_off"), ("AO-2", "price", "prices_off")],
        0,
    )
    with pytest.raises(NothingToRepair):
        commands.repair_difference(actor=SYSTEM, listing_id=listing, fact="price", now=now())
    with pytest.raises(PricesNotSent):
        commands.accept_price(actor=SYSTEM, listing_id=listing, price_minor=1, now=now())
    assert commands.repair_found(actor=SYSTEM, now=now()).prices == 0


def test_a_listing_that_is_taken_off_sale_or_unmatched_is_not_compared(platform: Platform) -> None:
    settle(platform)
    platform.prices.update(dict.fromkeys(platform.prices, 89_000))
    remote.audit_listings(actor=SYSTEM, channel="bz")
    recheck()
    assert len(kept()) == 2
    Listing.objects.filter(variant__sku="AO-1").update(is_live=False)
    commands.unmatch_listing(actor=SYSTEM, listing_id=check("AO-2").listing_id)
    recheck()
    assert kept() == []
    assert (check("AO-1").cells, check("AO-1").is_live) == ({}, False)


# --- words and pictures -----------------------------------------------------------------------------------------------


@pytest.fixture
def fair(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fair]:
    yield a_fair(monkeypatch)
    close_all()


def test_words_changed_there_are_seen_told_and_published_anew(fair: Fair) -> None:
    change("AO-1", description="Vải mềm")
    with a_worker():
        publish("AO-1")
        assert eventually(lambda: stalls.view("AO-1").state == "live" and not stalls.view("AO-1").is_behind, 20)
        assert told("AO-1", "name", "description", "pictures") == [
            ("Áo AO-1", "Áo AO-1", ""), ("Vải mềm", "Vải mềm", ""), (0, 0, ""),
        ]  # fmt: skip
        fair.looks["new1"] = Looks("Áo đổi tên", "Vải mềm", 4)
        look_now(actor=SYSTEM, product_id=product_id("AO-1"))
        assert told("AO-1", "name", "description", "pictures") == [
            ("Áo AO-1", "Áo đổi tên", "changed"), ("Vải mềm", "Vải mềm", ""), (0, 4, "changed"),
        ]  # fmt: skip
        words = [each for each in kept() if each[1] not in ("price", "sale")]
        assert words == [("AO-1", "name", "changed"), ("AO-1", "pictures", "changed")]
        report = commands.repair_difference(actor=SYSTEM, listing_id=check("AO-1").listing_id, fact="name", now=now())
        assert (report.prices, report.products) == (0, 1)
        assert eventually(lambda: fair.acts == ["create", "update new1"])
        assert eventually(lambda: not [each for each in kept() if each[1] not in ("price", "sale")])
    assert fair.looks["new1"] == Looks("Áo AO-1", "Vải mềm", 0)
    look_now(actor=SYSTEM, product_id=product_id("AO-1"))
    assert told("AO-1", "name", "pictures") == [("Áo AO-1", "Áo AO-1", ""), (0, 0, "")]


def test_words_of_what_was_listed_by_hand_are_theirs(platform: Platform) -> None:
    platform.looks["i-AO-1"] = Looks("Áo thun – hàng chính hãng", "Khác", 9)
    assert look_now(actor=SYSTEM, product_id=product_id("AO-1")) == []
    assert [each[2] for each in told("AO-1", "name", "description", "pictures")] == ["by_hand"] * 3
    assert [each for each in kept() if each[1] in ("name", "description", "pictures")] == []
    with pytest.raises(NothingToRepair):
        commands.repair_difference(actor=SYSTEM, listing_id=check("AO-1").listing_id, fact="name", now=now())


def test_a_call_that_tells_names_alone_forgets_no_description(platform: Platform) -> None:
    platform.looks["i-AO-1"] = Looks("Áo", "Vải mềm", 3)
    remote.pull_listings(actor=SYSTEM, channel="bz")
    before = ItemLooks.objects.get(item_id="i-AO-1")
    assert (before.name, before.description, before.pictures) == ("Áo", "Vải mềm", 3)
    platform.looks["i-AO-1"] = Looks("Áo mới")
    remote.pull_listings(actor=SYSTEM, channel="bz")
    after = ItemLooks.objects.get(item_id="i-AO-1")
    assert (after.name, after.description, after.pictures, after.seen_at) == ("Áo mới", "Vải mềm", 3, before.seen_at)


# --- who, how much, at the same time ----------------------------------------------------------------------------------


def test_a_platform_that_does_not_answer_is_named(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(self: Bazaar, *, keys: Any) -> Any:
        raise Unavailable(remote="bz", reason="away")

    monkeypatch.setattr(Bazaar, "read_listings", away)
    assert look_now(actor=SYSTEM, product_id=product_id("AO-1")) == ["Bazaar"]


def test_who_may_not_is_refused_and_nothing_changes(platform: Platform) -> None:
    settle(platform)
    platform.prices[key(platform, "AO-1")] = 89_000
    remote.audit_listings(actor=SYSTEM, channel="bz")
    recheck()
    nobody, sees = an_actor("catalog.view"), an_actor("channels.view", "channels.sync")
    listing, product = check("AO-1").listing_id, product_id("AO-1")
    attempts: list[Callable[[], Any]] = [
        lambda: consistency(actor=nobody, product_ids=[product], now=now()),
        lambda: list_inconsistent(actor=nobody, now=now()),
        lambda: count_differences(actor=nobody),
        lambda: commands.repair_difference(actor=nobody, listing_id=listing, fact="price", now=now()),
        lambda: commands.repair_product(actor=nobody, product_id=product, now=now()),
        lambda: commands.repair_found(actor=nobody, now=now()),
        lambda: commands.accept_price(actor=sees, listing_id=listing, price_minor=89_000, now=now()),
        lambda: commands.note_checked(actor=nobody, listing_ids=[listing], now=now()),
        lambda: look_now(actor=nobody, product_id=product),
    ]
    for attempt in attempts:
        with pytest.raises(MayNot):
            attempt()
    with pytest.raises(ListingNotFound):
        commands.repair_difference(actor=SYSTEM, listing_id=0, fact="price", now=now())
    with pytest.raises(ChannelInvalid):
        commands.repair_difference(actor=SYSTEM, listing_id=listing, fact="colour", now=now())
    with pytest.raises(ChannelInvalid):
        consistency(actor=SYSTEM, product_ids=range(201), now=now())
    assert kept() == [("AO-1", "price", "changed")]


def test_two_checks_at_once_keep_one_record_of_a_difference(platform: Platform) -> None:
    settle(platform)
    platform.prices.update(dict.fromkeys(platform.prices, 89_000))
    remote.audit_listings(actor=SYSTEM, channel="bz")
    failures: list[BaseException] = []
    gate = threading.Barrier(6)

    def one() -> None:
        try:
            gate.wait()
            for _ in range(5):
                recheck()
        except BaseException as failure:  # noqa: BLE001 - told below
            failures.append(failure)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failures == []
    assert kept() == [("AO-1", "price", "changed"), ("AO-2", "price", "changed")]


def test_a_product_more_costs_no_statement(platform: Platform) -> None:
    settle(platform)

    def statements(*skus: str) -> int:
        ids = [product_id(sku) for sku in skus]
        with CaptureQueriesContext(connection) as seen:
            consistency(actor=SYSTEM, product_ids=ids, now=now())
        return len(seen)

    statements("AO-1", "AO-2")
    assert statements("AO-1") == statements("AO-1", "AO-2") <= 14


def test_the_worker_compares_by_itself(platform: Platform) -> None:
    settle(platform)
    with a_worker():
        assert eventually(lambda: count_differences(actor=SYSTEM).checked_at is not None)
        platform.prices[key(platform, "AO-1")] = 89_000
        commands.ask_audit(actor=SYSTEM, channel="bz")
        assert eventually(lambda: kept() == [("AO-1", "price", "changed")])
    assert queries.list_listings(actor=SYSTEM, channel="bz", sku="AO-1").listings[0].remote_price_minor == 89_000
