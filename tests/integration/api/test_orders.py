"""Orders over HTTP, once they are placed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from mekong.foundation.actor import SYSTEM
from mekong.foundation.models import AuditEntry
from mekong.orders.placing import Asked, AskedLine, place_order
from tests.support.http import refused, send
from tests.support.people import a_caller

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = "+84901234567"


def an_order(quantity: int = 2, **facts: Any) -> str:
    asked = Asked("web", [AskedLine("AT-1", quantity)], customer_name="Lan", customer_phone=PHONE, **facts)
    return place_order(actor=SYSTEM, asked=asked, now=datetime.now(UTC)).code


def free(client: Client) -> int:
    return int(client.get("/api/v1/stock/availability?sku=AT-1&channel=web").json()["quantity"])


def test_an_order_goes_its_way(client: Client) -> None:
    code = an_order()
    assert free(client) == 8
    order = client.get(f"/api/v1/orders/{code}").json()
    assert (order["total_minor"], order["currency"], order["state"]) == (300_000, "VND", "pending_confirmation")
    assert order["lines"][0] | {"tax_minor": 0, "tax_rate_bp": 0} == {
        "line": 0, "sku": "AT-1", "name": "Áo", "quantity": 2, "returned": 0, "unit_price_minor": 150_000,
        "total_minor": 300_000, "tax_rate_bp": 0, "tax_minor": 0, "discount_minor": 0, "paid_minor": 300_000,
        "is_matched": True,
    }  # fmt: skip
    for step, body, state in (
        ("confirm", b"", "confirmed"),
        ("move", {"to": "picking"}, "picking"),
        ("move", {"to": "packed"}, "packed"),
        ("ship", {"tracking_no": "GHN1"}, "shipped"),
        ("deliver", b"", "delivered"),
        ("complete", b"", "completed"),
    ):
        for _ in range(2):
            answer = send(client, f"/api/v1/orders/{code}/{step}", body)
            assert answer.json().get("state") == state, answer.content
    kinds = [each["kind"] for each in client.get(f"/api/v1/orders/{code}").json()["timeline"]]
    assert kinds.count("shipped") == 1
    back = {"location": "HN", "lines": [{"line": 0, "quantity": 2, "grade": "resellable"}]}
    assert send(client, f"/api/v1/orders/{code}/returns", back).json()["state"] == "returned"
    assert free(client) == 10


def test_a_cancelled_order_gives_its_goods_back_once(client: Client) -> None:
    code = an_order()
    for _ in range(3):
        assert send(client, f"/api/v1/orders/{code}/cancel", {"reason": "đổi ý"}).json()["state"] == "cancelled"
    assert free(client) == 10
    assert send(client, f"/api/v1/orders/{an_order()}/cancel", b"").json()["cancel_reason"] == ""


def test_a_shipped_order_cannot_be_cancelled(client: Client) -> None:
    code = an_order()
    for step in ("confirm", "ship"):
        send(client, f"/api/v1/orders/{code}/{step}", b"")
    problem = refused(send(client, f"/api/v1/orders/{code}/cancel", {}), 409)
    assert problem["code"] == "orders.already_shipped"
    assert client.get(f"/api/v1/orders/{code}").json()["state"] == "shipped"


def test_personal_data_is_masked_and_its_reading_is_booked(client: Client) -> None:
    code = an_order(shipping_address={"line": "12 Lê Lợi"})
    masked = a_caller("orders.view").get(f"/api/v1/orders/{code}").json()
    assert (masked["customer_phone"], masked["shipping_address"]) == ("•••567", {})
    assert not AuditEntry.objects.filter(action="read").exists()
    reader = a_caller("orders.view", "customers.reveal")
    shown = reader.get(f"/api/v1/orders/{code}").json()
    assert (shown["customer_phone"], shown["shipping_address"]) == (PHONE, {"line": "12 Lê Lợi"})
    entry = AuditEntry.objects.get(action="read")
    assert entry.actor == reader.get("/api/v1/me").json()["ref"]
    assert client.get("/api/v1/orders").json()["items"][0]["customer_phone"] == "•••567"


def test_notes_tags_and_addresses_are_kept(client: Client) -> None:
    code = an_order()
    assert (
        send(client, f"/api/v1/orders/{code}/notes", {"text": "<b>Gói quà</b>"}).json()["staff_note"]
        == "<b>Gói quà</b>"
    )
    tags = client.put(f"/api/v1/orders/{code}/tags", {"tags": ["gấp", "gấp", " "]}, content_type="application/json")
    assert tags.json()["tags"] == ["gấp"]
    where = {"address": {"line": "1 Tràng Tiền"}}
    put = client.put(f"/api/v1/orders/{code}/address", where, content_type="application/json")
    assert put.json()["shipping_address"] == {"line": "1 Tràng Tiền"}


def test_orders_are_listed_in_pages_and_found(client: Client) -> None:
    codes = [an_order(1) for _ in range(3)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = client.get("/api/v1/orders?limit=2" + (f"&cursor={cursor}" if cursor else "")).json()
        seen += [each["code"] for each in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == codes[::-1]
    send(client, f"/api/v1/orders/{codes[0]}/cancel", {})
    found = client.get("/api/v1/orders?state=cancelled&state=shipped").json()["items"]
    assert [each["code"] for each in found] == codes[:1]
    assert [each["code"] for each in client.get(f"/api/v1/orders?q={codes[1]}").json()["items"]] == [codes[1]]
    assert client.get("/api/v1/orders?channel=shopee-1").json()["items"] == []
    for query in ("cursor=x", "cursor=MjAyNi0wMS0wMXw%3D", "state=lost", "placed_from=yesterday", "placed_from=1"):
        refused(client.get(f"/api/v1/orders?{query}"), 422)


@pytest.mark.parametrize("code", ["DH-000000-0000", "ord_zz", "x" * 500, "' or 1=1 --", "%00"])
def test_what_is_no_order_is_not_found(client: Client, code: str) -> None:
    refused(client.get(f"/api/v1/orders/{code}"), 404)
    refused(send(client, f"/api/v1/orders/{code}/cancel", {}), 404)
