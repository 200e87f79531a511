"""Channels over the API: from nothing to a shop that lists, and what is refused on the way."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from mekong.channels import commands
from mekong.channels.socket import ListingKey, RemoteListing
from mekong.foundation.actor import SYSTEM
from mekong.foundation.models import AuditEntry
from tests.support.http import refused, send
from tests.support.people import NOON, a_caller

pytestmark = pytest.mark.django_db
CHANNELS = "/api/v1/channels"
SHOP = {"code": "s1", "name": "Mộc Lan", "kind": "shopee", "shop_id": "1001", "api_url": "http://127.0.0.1:9"}
KEYS = {"app_key": "1000", "app_secret": "very-secret"}


@pytest.fixture
def caller() -> Client:
    return a_caller()


def a_shop(caller: Client, **more: Any) -> None:
    response = send(caller, CHANNELS, {**SHOP, **more})
    assert response.status_code == 201, response.content


def a_listing(caller: Client) -> int:
    a_shop(caller)
    send(caller, "/api/v1/products", {"name": "Áo", "variants": [{"sku": "AO-1", "price_minor": 1}]})
    there = [RemoteListing(key=ListingKey("5"), sku="?", name="Áo")]
    commands.store_listings(actor=SYSTEM, channel="s1", listings=there, now=NOON)
    found: int = caller.get("/api/v1/listings?channel=s1").json()["items"][0]["id"]
    return found


def test_the_connectors_say_which_keys_they_need(caller: Client) -> None:
    found = {each["name"]: each for each in caller.get("/api/v1/connectors").json()["items"]}
    assert {"shopee", "lazada"} <= set(found)
    assert {"app_key", "app_secret"} <= set(found["shopee"]["secrets"])


def test_a_channel_is_added_keyed_paused_and_resumed(caller: Client) -> None:
    a_shop(caller)
    assert caller.get(f"{CHANNELS}/s1").json()["state"] == "new"
    tokens = {"access_token": "a", "refresh_token": "r", "access_expires_at": "2027-01-01T00:00:00Z"}
    keyed = send(caller, f"{CHANNELS}/s1/secrets", {**KEYS, **tokens})
    assert (keyed.status_code, keyed.json()["state"]) == (200, "connected")
    assert b"very-secret" not in keyed.content
    assert "very-secret" not in str(list(AuditEntry.objects.values("before", "after")))
    assert send(caller, f"{CHANNELS}/s1/pause", b"").json()["is_active"] is False
    assert send(caller, f"{CHANNELS}/s1/resume", b"").json()["is_active"] is True


def test_the_same_channel_sent_twice_with_a_key_is_one(caller: Client) -> None:
    first = send(caller, CHANNELS, SHOP, **{"Idempotency-Key": "k1"})
    again = send(caller, CHANNELS, SHOP, **{"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again["Idempotency-Replayed"] == "true"
    assert refused(send(caller, CHANNELS, SHOP), 409)["code"] == "channels.channel_taken"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"shop_id": ""}, "channels.channel_invalid"),
        ({"kind": "ebay"}, "channels.kind_unknown"),
        ({"api_url": "ftp://x"}, "channels.channel_invalid"),
        ({"code": "S 1"}, "channels.channel_invalid"),
        ({"color": "red"}, "request.bad_fields"),
    ],
)
def test_a_wrong_field_is_named(caller: Client, wrong: dict[str, Any], code: str) -> None:
    problem = refused(send(caller, CHANNELS, {**SHOP, **wrong}), 422)
    assert problem["code"] == code
    assert next(iter(wrong)) in {*[each["field"] for each in problem["errors"]], problem["params"].get("field")}


def test_consent_begins_at_the_platform_and_comes_back_to_this_channel_alone(caller: Client) -> None:
    a_shop(caller)
    a_shop(caller, code="s2")
    begin = {"redirect_url": "https://shop.example/back"}
    assert refused(send(caller, f"{CHANNELS}/s1/authorisation", begin), 409)["code"] == "channels.not_connected"
    send(caller, f"{CHANNELS}/s1/secrets", KEYS)
    url = send(caller, f"{CHANNELS}/s1/authorisation", begin).json()["url"]
    redirect = parse_qs(urlsplit(url).query)["redirect"][0]
    state = parse_qs(urlsplit(redirect).query)["state"][0]
    back = {"params": {"state": state, "code": "c", "shop_id": "1001"}}
    other = refused(send(caller, f"{CHANNELS}/s2/authorisation/finish", back), 422)
    assert other["code"] == "channels.state_invalid"
    # It is still good for its own channel; here the platform behind it is away.
    assert refused(send(caller, f"{CHANNELS}/s1/authorisation/finish", back), 503)["code"] == "unavailable"
    assert refused(send(caller, f"{CHANNELS}/s1/authorisation/finish", back), 422)["code"] == "channels.state_invalid"


def test_what_needs_the_platform_says_when_it_is_not_connected(caller: Client) -> None:
    a_shop(caller)
    for what in ("pull", "audit"):
        assert send(caller, f"{CHANNELS}/s1/listings/{what}", b"").status_code in {409, 503}
        assert refused(send(caller, f"{CHANNELS}/nowhere/listings/{what}", b""), 404)


def test_a_listing_is_matched_let_go_and_left_alone(caller: Client) -> None:
    listing = f"/api/v1/listings/{a_listing(caller)}"
    assert refused(send(caller, f"{listing}/match", {"sku": "NO"}), 422)["code"] == "channels.channel_invalid"
    matched = send(caller, f"{listing}/match", {"sku": "AO-1"}).json()
    assert (matched["sku"], matched["match_state"], matched["match_how"]) == ("AO-1", "matched", "hand")
    assert send(caller, f"{listing}/retry", b"").status_code == 200
    assert send(caller, f"{listing}/unmatch", b"").json()["match_state"] == "unmatched"
    assert send(caller, f"{listing}/ignore", b"").json()["match_state"] == "ignored"
    assert refused(send(caller, "/api/v1/listings/99/match", {"sku": "AO-1"}), 404)


def patch(caller: Client, path: str, body: dict[str, Any]) -> Any:
    return caller.patch(path, body, content_type="application/json")


def test_a_listing_has_a_price_of_its_own(caller: Client) -> None:
    listing = f"/api/v1/listings/{a_listing(caller)}"
    price = {"own_price_minor": 88_000}
    assert refused(patch(caller, listing, price), 409)["code"] == "channels.not_matched"
    send(caller, f"{listing}/match", {"sku": "AO-1"})
    assert refused(patch(caller, listing, price), 409)["code"] == "channels.prices_not_sent"
    patch(caller, f"{CHANNELS}/s1", {"price_sync": True})
    for _ in range(2):
        found = patch(caller, listing, price).json()
        assert (found["own_price_minor"], found["desired_price_minor"], found["price_error"]) == (88_000, 88_000, None)
    assert refused(patch(caller, listing, {"own_price_minor": 0}), 422)
    assert patch(caller, listing, {"is_synced": True}).json()["own_price_minor"] == 88_000
    back = patch(caller, listing, {"own_price_minor": None}).json()
    assert (back["own_price_minor"], back["desired_price_minor"]) == (None, 1)
