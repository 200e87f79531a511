"""Listings and their matches, notices at the door, what platforms are told, and orders that cannot be booked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections

from mekong.catalog import commands as catalog
from mekong.catalog.contracts import NewProduct, NewVariant
from mekong.channels import commands, matching, queries, registry, remote
from mekong.channels.commands.notices import MAX_BODY
from mekong.channels.errors import CannotDo, ListingNotFound
from mekong.channels.models import Listing, ListingSync, NoticeInbox, Outbound
from mekong.channels.socket import ListingKey, RemoteState, Secrets
from mekong.channels.sync import booking
from mekong.foundation import health
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.errors import Invalid, MayNot, RemoteRefused
from mekong.orders import commands as orders
from mekong.orders.models import SalesOrder
from tests.support.bazaar import Platform, plug
from tests.support.marketplaces import (
    HURRY,
    Door,
    Sandbox,
    a_catalogue,
    a_shop,
    a_worker,
    close_all,
    eventually,
)

NOW = datetime.now(UTC)


@pytest.fixture
def platform(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    platform = Platform()
    monkeypatch.setattr(registry, "connectors", lambda: {"bazaar": plug(platform)})
    a_catalogue(["AO-1", "AO-2"], 10)
    commands.create_channel(actor=SYSTEM, code="bz", name="Bazaar", kind="bazaar", shop_id="1", now=NOW)
    commands.connect(actor=SYSTEM, code="bz", secrets=Secrets("k", "s", "t", "r"), now=NOW)
    yield platform
    close_all()
    connections.close_all()


def the_listing(sku: str) -> Listing:
    return Listing.objects.get(remote_sku=sku)


# --- listings ---------------------------------------------------------------------------------------------------------


def test_pulled_listings_are_matched_by_sku_and_the_rest_wait_for_a_person(platform: Platform):
    platform.list_sku("AO-1", 3)
    platform.list_sku("LA-9", 4)
    report = remote.pull_listings(actor=SYSTEM, channel="bz")
    assert (report.seen, report.added, report.matched, report.unmatched) == (2, 2, 1, 1)
    open_ones = queries.list_listings(actor=SYSTEM, channel="bz", state="unmatched").listings
    assert [(view.remote_sku, view.match_reason) for view in open_ones] == [("LA-9", "not_found")]

    matched = commands.match_listing(actor=SYSTEM, listing_id=open_ones[0].id, sku="AO-2")
    assert (matched.sku, matched.match_how, matched.state, matched.desired) == ("AO-2", "hand", "queued", 10)
    again = remote.pull_listings(actor=SYSTEM, channel="bz")
    assert (again.added, again.matched, again.unmatched) == (0, 2, 0), "a match by hand stays"


def test_a_listing_is_known_by_its_channel_and_its_name_there(platform: Platform):
    platform.list_sku("AO-1")
    remote.pull_listings(actor=SYSTEM, channel="bz")
    row = Listing.objects.get(channel__code="bz", variant_id__isnull=False)
    name = f"{row.item_id}:{row.model_id}"
    assert matching.listed([("bz", name), ("bz", "0:0"), ("web", name)]) == {("bz", name): row.variant_id}


def test_an_ignored_listing_stays_ignored_and_is_not_pushed(platform: Platform):
    platform.list_sku("AO-1")
    remote.pull_listings(actor=SYSTEM, channel="bz")
    commands.ignore_listing(actor=SYSTEM, listing_id=the_listing("AO-1").id)
    remote.pull_listings(actor=SYSTEM, channel="bz")
    (view,) = queries.list_listings(actor=SYSTEM, channel="bz").listings
    assert (view.state, view.desired) == ("ignored", None)


def test_a_listing_whose_sku_turns_up_later_is_matched_at_the_next_pull(platform: Platform):
    platform.list_sku("AO-3")
    assert remote.pull_listings(actor=SYSTEM, channel="bz").unmatched == 1
    product = NewProduct(name="Áo ba", variants=(NewVariant("AO-3", 1),))
    catalog.create_product(actor=SYSTEM, product=product, now=NOW)
    assert remote.pull_listings(actor=SYSTEM, channel="bz").matched == 1


def test_a_listing_that_is_gone_is_said_to_be(platform: Platform):
    key = platform.list_sku("AO-1")
    platform.list_sku("AO-2")
    remote.pull_listings(actor=SYSTEM, channel="bz")
    del platform.quantities[key]
    assert remote.pull_listings(actor=SYSTEM, channel="bz").gone == 1
    assert not the_listing("AO-1").is_live


def test_what_the_platform_shows_is_asked_of_it_now(platform: Platform):
    key = platform.list_sku("AO-1", 3)
    remote.pull_listings(actor=SYSTEM, channel="bz")
    views = list(queries.list_listings(actor=SYSTEM, channel="bz", sku="ao-1").listings)
    platform.quantities[key] = 7
    (live,) = remote.live_listings(actor=SYSTEM, listings=views)
    assert (live.quantity, live.listing_id) == (7, views[0].id)


def test_reading_back_finds_drift_and_has_it_set_right(platform: Platform):
    keys = [platform.list_sku(sku) for sku in ("AO-1", "AO-2")]
    remote.pull_listings(actor=SYSTEM, channel="bz")
    with a_worker(HURRY):
        assert eventually(lambda: [platform.quantities[key] for key in keys] == [10, 10])
        shown = lambda: {view.state for view in queries.list_listings(actor=SYSTEM, channel="bz").listings}  # noqa: E731
        assert eventually(lambda: shown() == {"converged"})
        platform.quantities[keys[0]] = 99
        ListingSync.objects.update(acked_at=NOW - timedelta(minutes=1))
        report = remote.audit_listings(actor=SYSTEM, channel="bz")
        assert (report.read, list(report.drifted)) == (2, [the_listing("AO-1").id])
        assert eventually(lambda: platform.quantities[keys[0]] == 10)


@pytest.mark.parametrize("trouble", [Invalid(field="app_key", problem="This is no number."), RuntimeError("a defect")])
def test_a_push_that_fails_for_whatever_reason_is_not_tried_without_pause(platform: Platform, trouble: Exception):
    key = platform.list_sku("AO-1", 3)
    remote.pull_listings(actor=SYSTEM, channel="bz")
    platform.failures = [trouble] * 1000
    with a_worker(HURRY):
        assert eventually(lambda: len(platform.failures) < 1000)
        assert not eventually(lambda: len(platform.failures) < 980, within_s=3)
        platform.failures.clear()
        commands.retry_listing(actor=SYSTEM, listing_id=the_listing("AO-1").id)
        assert eventually(lambda: platform.quantities[key] == 10)


def test_who_may_not_may_not(platform: Platform):
    nobody = Actor(kind="person", ref="person:9", name="Lan", permissions=frozenset())
    platform.list_sku("AO-1")
    remote.pull_listings(actor=SYSTEM, channel="bz")
    with pytest.raises(MayNot):
        remote.pull_listings(actor=nobody, channel="bz")
    with pytest.raises(MayNot):
        commands.match_listing(actor=nobody, listing_id=the_listing("AO-1").id, sku="AO-2")
    with pytest.raises(ListingNotFound):
        commands.retry_listing(actor=SYSTEM, listing_id=0)


# --- notices at the door ----------------------------------------------------------------------------------------------


def test_a_notice_is_kept_once_however_often_it_comes(platform: Platform):
    body = json.dumps({"order": "B1", "id": "n1"}).encode()
    for _ in range(3):
        assert commands.receive_notice(channel="bz", headers={}, body=body, now=NOW) == 200
    assert NoticeInbox.objects.count() == 1


@pytest.mark.parametrize(
    ("channel", "size", "status"), [("nowhere", 10, 404), ("web", 10, 404), ("bz", MAX_BODY + 1, 413)]
)
def test_what_is_no_notice_is_refused_and_kept_nowhere(platform: Platform, channel: str, size: int, status: int):
    assert commands.receive_notice(channel=channel, headers={}, body=b" " * size, now=NOW) == status
    assert not NoticeInbox.objects.exists()


def test_a_forged_notice_is_refused(sandbox: Sandbox, door: Door):
    a_catalogue(["AO-1"], 1)
    for market in ("shopee", "lazada"):
        a_shop(sandbox, market, market, ["AO-1"], door=door)
        status = commands.receive_notice(
            channel=market, headers={"authorization": "0" * 64}, body=b'{"code": 3, "data": {}}', now=NOW
        )
        assert status == 401
    assert not NoticeInbox.objects.exists()


# --- telling platforms ------------------------------------------------------------------------------------------------


def test_what_we_do_with_an_order_its_platform_is_told(platform: Platform):
    for sku in ("AO-1", "AO-2"):
        platform.list_sku(sku)
    remote.pull_listings(actor=SYSTEM, channel="bz")
    first, second = platform.buy(("AO-1", 1)), platform.buy(("AO-2", 1))
    with a_worker(HURRY):
        assert eventually(lambda: SalesOrder.objects.filter(channel="bz").count() == 2)
        code = SalesOrder.objects.get(external_id=first).code
        orders.move_order(actor=SYSTEM, code=code, to="packed", now=datetime.now(UTC))
        orders.cancel_order(
            actor=SYSTEM, code=SalesOrder.objects.get(external_id=second).code, reason="Hết hàng", now=datetime.now(UTC)
        )
        assert eventually(lambda: sorted(platform.told) == [("cancel out_of_stock", second), ("pack", first)])
        assert eventually(lambda: set(Outbound.objects.values_list("state", flat=True)) == {"done"})
    assert platform.orders[second].state is RemoteState.CANCELLED


def test_what_the_platform_refuses_about_an_order_is_listed_in_its_words(platform: Platform):
    platform.list_sku("AO-1")
    remote.pull_listings(actor=SYSTEM, channel="bz")
    order = platform.buy(("AO-1", 1))
    with a_worker(HURRY):
        assert eventually(lambda: SalesOrder.objects.filter(channel="bz").exists())
        platform.troubles = [RemoteRefused(remote="Bazaar", remote_code="locked", remote_message="Order is locked")]
        code = SalesOrder.objects.get(external_id=order).code
        orders.move_order(actor=SYSTEM, code=code, to="packed", now=datetime.now(UTC))
        assert eventually(lambda: Outbound.objects.filter(state="failed").exists())
        (view,) = queries.list_outbound(actor=SYSTEM, channel="bz", state="failed")
        assert view.error is not None
        assert view.error.params["remote_message"] == "Order is locked"
        commands.retry_outbound(actor=SYSTEM, outbound_id=view.id, now=datetime.now(UTC))
        assert eventually(lambda: Outbound.objects.filter(state="done").exists())


def test_a_channel_of_our_own_has_nobody_to_tell(platform: Platform):
    told = commands.tell_platform(actor=SYSTEM, channel="web", external_id="W1", action="ship", key="k", now=NOW)
    assert told is None
    with pytest.raises(CannotDo):
        commands.answer_cancellation(actor=SYSTEM, channel="web", external_id="W1", accept=True, now=NOW)


# --- orders that are not as they should be ----------------------------------------------------------------------------


def test_a_line_without_a_sku_of_ours_is_held_and_counted(platform: Platform):
    order = platform.orders[platform.buy(("LA-9", 2))]
    channel = queries.find_channel("bz")
    report = booking.book(channel_id=channel.id, channel="bz", orders_=[order], now=NOW)
    assert report.placed == 1
    booked = SalesOrder.objects.get(channel="bz")
    assert booked.issues == ["unmatched_line"]


def test_one_poisoned_order_stands_aside_and_the_others_come_in(platform: Platform):
    from dataclasses import replace

    good, bad = platform.orders[platform.buy(("AO-1", 1))], platform.orders[platform.buy(("AO-2", 1))]
    bad = replace(bad, lines=(replace(bad.lines[0], quantity=0),))
    channel = queries.find_channel("bz")
    report = booking.book(channel_id=channel.id, channel="bz", orders_=[bad, good], now=NOW)
    assert (report.placed, report.parked) == (1, [bad.external_id])
    (parked,) = queries.list_parked_orders(actor=SYSTEM, channel="bz")
    assert parked.external_id == bad.external_id
    finding = dict(health.run_all(NOW))["channels.notices_handled"]
    assert not finding.ok
    assert bad.external_id in finding.found

    mended = platform.orders[bad.external_id]
    booking.book(channel_id=channel.id, channel="bz", orders_=[mended], now=NOW)
    assert not queries.list_parked_orders(actor=SYSTEM, channel="bz")


def test_a_sale_is_matched_by_its_listing_whatever_the_platform_calls_it(platform: Platform):
    platform.list_sku("XX")
    remote.pull_listings(actor=SYSTEM, channel="bz")
    commands.match_listing(actor=SYSTEM, listing_id=the_listing("XX").id, sku="AO-1")
    order = platform.orders[platform.buy(("XX", 2))]
    assert order.lines[0].key == ListingKey("i-XX", "")
    booking.book(channel_id=queries.find_channel("bz").id, channel="bz", orders_=[order], now=NOW)
    assert SalesOrder.objects.get(channel="bz").issues == []
