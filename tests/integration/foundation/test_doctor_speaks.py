"""Every check of the doctor, made to fail: what it found and the remedy are Vietnamese for Vietnamese, English for English."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import translation

from mekong.catalog.models import Media, Product
from mekong.channels.models import Channel, Incident, Listing, ListingSync, NoticeInbox, Outbound, ParkedOrder
from mekong.foundation import health
from mekong.foundation.actor import SYSTEM
from mekong.foundation.models import Delivery, OutboxEvent, Person, RoleAssignment
from mekong.insights.models import SalesPace
from mekong.inventory.engine import engine
from mekong.inventory.models import Location, StockCampaign, StockControl, StockLevel
from mekong.loyalty.models import Account
from mekong.orders.book import book
from mekong.orders.placing import Asked, AskedLine, place_order
from mekong.partners.models import Feed, FeedBuild, Webhook
from mekong.pricing.models import Allowance, CardBatch, Game, GiftCard, Promotion
from tests.support.http import send
from tests.support.people import NOON, a_caller

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _writers() -> Iterator[None]:
    yield
    engine().stop()
    book().stop()


def _break_everything(now: datetime) -> None:
    """Inside a transaction that is rolled back: no other test sees it."""
    with connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        cursor.execute(
            "select conname from pg_constraint where conrelid = 'inventory_stocklevel'::regclass and contype = 'c'"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f'alter table inventory_stocklevel drop constraint "{name}"')
        cursor.execute("update inventory_stocklevel set on_hand = on_hand + 1, reserved = -1")
        cursor.execute("update catalog_variant set tracks_lots = true where sku = 'AT-1'")
        cursor.execute("update catalog_variant set is_bundle = true where sku = 'AT-2'")
        cursor.execute(
            "select indexname from pg_indexes where tablename = 'orders_salesorder' and indexdef like '%external_id%'"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f'alter table orders_salesorder drop constraint if exists "{name}"')
            cursor.execute(f'drop index if exists "{name}"')
        cursor.execute("update orders_salesorder set total_minor = total_minor + 1, external_id = 'X1'")
        cursor.execute("delete from inventory_holdline")
        cursor.execute("delete from inventory_hold")
        cursor.execute("alter table foundation_person disable trigger mekong_audit")
        cursor.execute("delete from orders_tally")
    # No trigger runs in this transaction, so nobody is given a seat.
    RoleAssignment.objects.create(person=Person.objects.create(email="mai@example.vn", name="Mai"), role="cashier")
    place, transit = Location.objects.get(code="HN"), Location.objects.get(kind="transit")
    StockLevel.objects.create(variant_id=_variant(), location=transit, on_hand=1, reserved=0)
    StockControl.objects.create(channel="web", scope="sku", target="AT-1", kind="cap", amount=5, used=1)
    SalesPace.objects.create(
        location=place, variant_id=_variant(), last_7=5, before_7=0, last_28=5, through=now.date()
    )  # fmt: skip
    Webhook.objects.create(
        url="https://example.vn/x", sealed_secrets="", disabled_reason="failing", is_active=False, created_by="system",
        created_at=now,
    )  # fmt: skip
    late = now - timedelta(hours=1)
    feed = Feed.objects.create(
        kind="google", name="G", channel="web", link_template="https://example.vn/{sku}", sealed_key="", key_digest="0",
        created_at=late,
    )  # fmt: skip
    FeedBuild.objects.create(feed=feed, problem="x")
    channel = Channel.objects.create(
        code="sp", name="Shopee", kind="shopee", letters="SP", state="connected", created_at=late,
        authorised_until=now,
    )  # fmt: skip
    Incident.objects.create(channel=channel, kind="silence", began_at=late)
    listing = Listing.objects.create(channel=channel, item_id="1", variant_id=_variant(), match_state="matched")
    ListingSync.objects.create(listing=listing, turn=2)
    NoticeInbox.objects.create(channel=channel, dedupe="1", kind="order", received_at=late, next_at=late)
    ParkedOrder.objects.create(
        channel=channel, external_id="P1", error_code="x", error="x", first_at=late, next_at=late
    )
    Outbound.objects.create(channel=channel, external_id="P1", action="ship", key="1", next_at=late, created_at=late)
    StockCampaign.objects.create(
        code="CT-1", name="x", channel="sp", state="running", starts_at=late - timedelta(hours=1), ends_at=late,
        created_at=late, created_by="system",
    )  # fmt: skip
    fact = OutboxEvent.objects.create(name="test.fact", key="1", payload={}, actor="system", occurred_at=NOON)
    Delivery.objects.create(event=fact, subscriber="test", key="1", attempts=20, next_at=late)
    Media.objects.create(
        product=Product.objects.first(), sha256="0", path="lost.jpg", thumbnail="lost.jpg", thumbnail_large="lost.jpg",
        width=1, height=1, position=0, created_at=now,
    )  # fmt: skip
    _break_offers(now)


def _break_offers(now: datetime) -> None:
    """Counts without what they count: no trigger makes or minds them here."""
    offer = Promotion.objects.create(
        code="KM", name="KM", effect={"kind": "percent_off", "off_bp": 1000}, created_by="system", created_at=now,
        updated_at=now,
    )  # fmt: skip
    Allowance.objects.update_or_create(promotion=offer, defaults={"uses": 1})
    batch = CardBatch.objects.create(
        name="Tết", value_minor=5, currency="VND", count=1, issued_by="system", issued_at=now
    )
    GiftCard.objects.create(
        batch=batch, code_hash="0", last4="0000", currency="VND", value_minor=5, balance_minor=5, issued_at=now
    )
    Game.objects.create(
        slug="quay", name="Quay", kind="spin", starts_at=now, ends_at=now + timedelta(days=1), plays=1,
        created_by="system", created_at=now,
    )  # fmt: skip
    Account.objects.create(balance=1, created_at=now)


def _variant() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select id from catalog_variant where sku = 'AT-1'")
        return int(cursor.fetchone()[0])


def _told(language: str, now: datetime) -> dict[str, health.Finding]:
    with translation.override(language):
        return dict(health.run_all(now))


def _some_business() -> None:
    client = a_caller()
    send(client, "/api/v1/locations", {"code": "HN", "name": "Hà Nội", "kind": "store"})
    for sku in ("AT-1", "AT-2"):
        send(client, "/api/v1/products", {"name": "Áo", "variants": [{"sku": sku, "price_minor": 150_000}]})
    lines = [{"sku": "AT-1", "quantity": 10}]
    send(client, "/api/v1/stock/adjustments", {"location": "HN", "reason": "opening", "lines": lines})
    for _ in range(2):
        asked = Asked("web", [AskedLine("AT-1", 1)], customer_name="Lan", customer_phone="+84901234567")
        place_order(actor=SYSTEM, asked=asked, now=datetime.now(UTC))


def test_each_finding_and_remedy_is_in_the_language_asked_for() -> None:
    _some_business()
    now = datetime.now(UTC)
    good = _told("vi", now), _told("en", now)
    with transaction.atomic():
        _break_everything(now)
        bad = _told("vi", now), _told("en", now)
        transaction.set_rollback(True)

    assert [name for name, finding in bad[0].items() if finding.ok] == []
    assert [finding for finding in bad[1].values() if "could not run" in finding.found] == []
    for vi, en in (good, bad):
        for name, finding in vi.items():
            assert finding.found != en[name].found, name
            assert not finding.remedy or finding.remedy != en[name].remedy, name
            assert finding.remedy or finding.ok, name


def test_another_finding_about_listings_speaks_too() -> None:
    _some_business()
    channel = Channel.objects.create(
        code="sp", name="S", kind="shopee", letters="SP", state="connected", created_at=NOON
    )
    listing = Listing.objects.create(channel=channel, item_id="1", variant_id=_variant(), match_state="matched")
    ListingSync.objects.create(listing=listing, is_parked=True)
    now = datetime.now(UTC)
    vi, en = (_told(language, now)["channels.listings_converged"] for language in ("vi", "en"))
    assert (vi.ok, vi.remedy) == (False, "Hãy thử lại ở mục Kênh bán.")
    assert (en.found, en.remedy) == ("1 listings are parked without a reason.", "Retry them under Channels.")


def test_a_check_that_cannot_run_says_so_in_the_language_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(now: datetime) -> health.Finding:
        raise RuntimeError("x")

    monkeypatch.setattr(health, "_checks", {"test.broken": broken})
    assert _told("vi", NOON)["test.broken"].found == "Không chạy được bước kiểm tra: x"
    assert _told("en", NOON)["test.broken"].remedy == "Read the log and mend the cause."
