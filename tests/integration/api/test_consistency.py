"""What channels show against what they should, over the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from mekong.channels import commands
from mekong.channels.models import ListingSync
from mekong.channels.socket import ListingKey, RemoteListing
from mekong.foundation.actor import SYSTEM
from tests.support.http import send
from tests.support.people import a_caller

pytestmark = pytest.mark.django_db
LIST = "/api/v1/consistency"


@pytest.fixture
def caller() -> Client:
    return a_caller()


def a_drift(caller: Client) -> int:
    """AO-1 was 150.000, and shows 120.000."""
    shop = {"code": "s1", "name": "Mộc Lan", "kind": "shopee", "shop_id": "1001", "api_url": "http://127.0.0.1:9"}
    send(caller, "/api/v1/channels", shop)
    commands.set_price_sync(actor=SYSTEM, code="s1", on=True)
    send(caller, "/api/v1/products", {"name": "Áo", "variants": [{"sku": "AO-1", "price_minor": 150_000}]})
    now = datetime.now(UTC)
    there = [RemoteListing(key=ListingKey("5"), sku="AO-1", name="Áo", price_minor=120_000)]
    commands.store_listings(actor=SYSTEM, channel="s1", listings=there, now=now)
    sync = ListingSync.objects.get()
    sync.acked_price_minor, sync.acked_price_at = 150_000, now - timedelta(hours=1)
    sync.save()
    commands.note_checked(actor=SYSTEM, listing_ids=[sync.listing_id], now=now)
    return int(sync.listing_id)


def price_of(answer: Any) -> dict[str, Any]:
    (listing,) = answer.json()["listings"]
    return {each["fact"]: each for each in listing["facts"]}["price"]


def test_differences_are_listed_counted_and_set_right(caller: Client) -> None:
    listing = a_drift(caller)
    (found,) = caller.get(LIST).json()["items"]
    assert (found["code"], found["differences"]) == ("AO-1", 1)
    assert caller.get(f"{LIST}?fact=name").json()["items"] == []
    counts = caller.get(f"{LIST}/counts").json()
    assert (counts["faults"], counts["by_channel"], counts["by_reason"]) == (1, {"s1": 1}, {"changed": 1})
    price = price_of(caller.get("/api/v1/products/AO-1/consistency"))
    assert (price["should"], price["shows"], price["reason"], price["may_accept"]) == (
        150_000,
        120_000,
        "changed",
        True,
    )
    said = send(caller, f"{LIST}/repair", {"listing_id": listing, "fact": "price"})
    assert said.json() == {"prices": 1, "products": 0, "waiting": 0, "left": 0}
    assert price_of(caller.get("/api/v1/products/AO-1/consistency"))["reason"] == "pending"
    assert send(caller, f"{LIST}/repair", {"sku": "AO-1"}).json()["waiting"] == 1
    assert send(caller, f"{LIST}/repair", {"reason": "changed"}).json() == dict.fromkeys(said.json(), 0)


def test_the_price_there_is_taken_over(caller: Client) -> None:
    listing = a_drift(caller)
    path = f"/api/v1/listings/{listing}/accept-price"
    assert send(caller, path, {"price_minor": 119_000}).status_code == 409
    assert send(caller, path, {"price_minor": 0}).status_code == 422
    assert send(caller, path, {"price_minor": 120_000}).json() == {"listing_id": listing, "own_price_minor": 120_000}
    assert price_of(caller.get("/api/v1/products/AO-1/consistency"))["reason"] == "own_price"
    assert caller.get(LIST).json()["items"] == []
    assert len(caller.get(f"{LIST}?reason=own_price").json()["items"]) == 1


def test_what_is_not_there_is_refused_by_name(caller: Client) -> None:
    listing = a_drift(caller)
    for body, status in (
        ({"listing_id": 0, "fact": "price"}, 422), ({"listing_id": 10**9, "fact": "price"}, 404),
        ({"listing_id": listing}, 422), ({"listing_id": listing, "fact": "colour"}, 422), ({"sku": "NO"}, 404),
        ({"channel": "nowhere"}, 404), ({"surprise": 1}, 422),
    ):  # fmt: skip
        assert send(caller, f"{LIST}/repair", body).status_code == status, body
    assert caller.get(f"{LIST}?channel=nowhere").status_code == 404
    assert caller.get("/api/v1/products/NO/consistency").status_code == 404
    looked = send(caller, "/api/v1/products/AO-1/consistency/look", {})
    assert looked.json()["no_answer"] == ["Mộc Lan"], "nobody is at that address"
    assert price_of(caller.get("/api/v1/products/AO-1/consistency"))["reason"] == "changed"
