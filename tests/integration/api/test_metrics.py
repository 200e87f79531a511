"""`GET /metrics` over the real ASGI application: figures move, and no label carries what a caller sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mekong.channels.models import Channel, SyncMinute
from mekong.channels.sync.figures import Counts, write_down
from mekong.faces.express import metrics
from tests.support.asgi import Door, a_door
from tests.support.http import send
from tests.support.people import NOON, a_caller

pytestmark = pytest.mark.django_db(transaction=True)
SKU = "SECRET-SKU-7"
Key = tuple[str, tuple[tuple[str, str], ...]]


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    metrics.reader.forget()
    yield
    metrics.reader.forget()


@pytest.fixture
def door() -> Door:
    client = a_caller()
    send(client, "/api/v1/locations", {"code": "HN", "name": "Hà Nội", "kind": "store"})
    send(client, "/api/v1/products", {"name": "Áo", "variants": [{"sku": SKU, "price_minor": 150_000}]})
    lines = [{"sku": SKU, "quantity": 3}]
    send(client, "/api/v1/stock/adjustments", {"location": "HN", "reason": "opening", "lines": lines})
    return a_door()


def scraped(door: Door) -> dict[Key, float]:
    metrics.reader.forget()
    answer = door.ask("GET", "/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def key(name: str, **labels: str) -> Key:
    return name, tuple(sorted(labels.items()))


def requests(lane: str, route: str, status: str) -> Key:
    return key("mekong_requests_total", lane=lane, route=route, status=status)


def test_figures_move_with_what_is_asked(door: Door) -> None:
    before = scraped(door)
    order = {"channel": "web", "lines": [{"sku": SKU, "quantity": 1}]}
    hold = {"channel": "web", "owner": "cart-1", "lines": [{"sku": SKU, "quantity": 9}]}
    answers = door.ask_all([
        ("POST", "/api/v1/orders", order, {}),
        ("POST", "/api/v1/reservations", hold, {}),
        ("DELETE", "/api/v1/reservations/res_unheard-of", None, {}),
        ("GET", f"/api/v1/variants/{SKU}", None, {}),
        ("GET", f"/no/such/page/{SKU}", None, {}),
        ("POST", "/hooks/nobody-here", b"{}", {}),
    ])  # fmt: skip
    assert [each.status_code for each in answers[:3]] == [201, 409, 404]
    after = scraped(door)

    def moved(which: Key) -> float:
        return after.get(which, 0) - before.get(which, 0)

    assert moved(requests("express", "/api/v1/orders", "2xx")) == 1
    assert moved(requests("express", "/api/v1/reservations", "4xx")) == 1
    assert moved(requests("express", "/api/v1/reservations/{reservation_id}", "4xx")) == 1
    assert moved(requests("express", "/hooks/{channel}", "4xx")) == 1
    assert moved(requests("django", "unmatched", "4xx")) == 1
    assert moved(key("mekong_request_seconds_count", lane="express")) == 5  # those four, and the scrape before
    assert moved(key("mekong_request_seconds_count", lane="django")) == 2
    assert moved(key("mekong_batches_total", writer="stock-engine")) == 2
    assert moved(key("mekong_batched_requests_total", writer="order-book")) == 1
    assert moved(key("mekong_batch_seconds_total", writer="order-book")) > 0
    assert moved(key("mekong_orders_placed_total")) == 1
    assert after[key("mekong_database_up")] == 1
    assert 0 < after[key("mekong_database_connections")] <= after[key("mekong_database_connections_used")]
    assert after[key("mekong_database_connections_max")] >= after[key("mekong_database_connections_used")]


def test_no_label_carries_a_path_or_a_sku(door: Door) -> None:
    door.ask_all([
        ("GET", f"/api/v1/variants/{SKU}", None, {}),
        ("GET", f"/products/{SKU}/", None, {}),
        ("GET", f"/{SKU}", None, {}),
        ("DELETE", f"/api/v1/reservations/{SKU}", None, {}),
        ("POST", f"/hooks/{SKU}", b"{}", {}),
        (SKU, "/api/v1/orders", None, {}),
    ])  # fmt: skip
    values = {value for _, labels in scraped(door) for _, value in labels}
    assert not [value for value in values if SKU.lower() in value.lower()]
    routes = {dict(labels)["route"] for name, labels in scraped(door) if name == "mekong_requests_total"}
    assert all(route == "unmatched" or route.startswith("/") for route in routes)


def test_how_channels_do_is_read_from_what_the_worker_wrote(door: Door) -> None:
    row = Channel.objects.create(
        code="shopee-hn", name="Shopee", kind="shopee", letters="SP", state="connected", created_at=NOON
    )
    standing: dict[str, Any] = {"waiting": 4, "oldest_waiting_s": 12.5, "is_breaker_open": True}
    for _ in range(2):
        write_down(row.id, Counts(acked=5, failed=1, calls=7, booked=2), standing, datetime.now(UTC))
    SyncMinute.objects.all().delete()  # swept, as old minutes are: totals stay
    found = scraped(door)
    expected = {
        "acknowledged_total": 10, "failed_total": 2, "calls_total": 14, "orders_booked_total": 4,
        "listings_waiting": 4, "oldest_waiting_seconds": 12.5, "breaker_open": 1, "listings_parked": 0,
        "notices_waiting": 0, "orders_parked": 0,
    }  # fmt: skip
    assert {name: found[key(f"mekong_channel_{name}", channel="shopee-hn")] for name in expected} == expected
    assert found[key("mekong_channel_state", channel="shopee-hn", state="connected")] == 1
    assert 0 <= found[key("mekong_channel_worker_silent_seconds", channel="shopee-hn")] < 60
    assert not [labels for _, labels in found if ("channel", "web") in labels]


def test_rates_incidents_and_the_end_of_access_are_there_to_alarm_on(door: Door) -> None:
    from mekong.channels.commands import Facts, note_trouble
    from mekong.foundation.actor import SYSTEM

    now = datetime.now(UTC)
    row = Channel.objects.create(
        code="shopee-hn", name="Shopee", kind="shopee", letters="SP", state="connected", created_at=NOON,
        authorised_until=now + timedelta(days=3), health={"lanes": {"stock": {"used": 0.96, "per_second": 10}}},
    )  # fmt: skip
    note_trouble(
        actor=SYSTEM, code=row.code, is_lost=False, problem={"code": "unavailable"}, facts=Facts(), since=now, now=now
    )
    found = scraped(door)
    assert found[key("mekong_channel_rate_used", channel="shopee-hn", lane="stock")] == 0.96
    assert found[key("mekong_channel_incident", channel="shopee-hn", kind="outage")] == 1
    assert found[key("mekong_channel_incident", channel="shopee-hn", kind="silence")] == 0
    assert 0 < found[key("mekong_channel_authorisation_seconds", channel="shopee-hn")] <= 3 * 86_400


def test_undelivered_events_are_counted_with_their_age(door: Door) -> None:
    from mekong.foundation.models import Delivery, OutboxEvent

    Delivery.objects.all().delete()
    fact = OutboxEvent.objects.create(name="test.fact", key="1", payload={}, actor="system", occurred_at=NOON)
    Delivery.objects.create(event=fact, subscriber="test", key="1", attempts=20, next_at=NOON)
    found = scraped(door)
    assert (found[key("mekong_events_undelivered")], found[key("mekong_events_parked")]) == (1, 1)
    assert found[key("mekong_events_oldest_seconds")] == pytest.approx(
        max(0.0, (datetime.now(UTC) - NOON).total_seconds()), abs=60
    )


def test_the_database_is_read_once_for_many_scrapes(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(metrics, "list_channels", lambda *, actor: asked.append(1) or [])
    metrics.reader.forget()
    door.ask_all([("GET", "/metrics", None, {})] * 3)
    assert asked == [1]
