"""Splitting, merging, holding over HTTP: one command each, repeats by key, refusals by field."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from mekong.foundation.actor import SYSTEM
from mekong.orders.placing import Asked, AskedLine, place_order
from tests.support.http import refused, send
from tests.support.people import a_caller

pytestmark = pytest.mark.django_db(transaction=True)
WHERE = {"line": "12 Lê Lợi"}


def an_order(quantity: int = 2, **facts: Any) -> str:
    asked = Asked("web", [AskedLine("AT-1", quantity)], customer_phone="+84901234567", shipping_address=WHERE, **facts)
    return place_order(actor=SYSTEM, asked=asked, now=datetime.now(UTC)).code


def test_an_order_is_split_once_for_one_key(client: Client) -> None:
    code = an_order(3)
    body = {"lines": [{"line": 0, "quantity": 1}]}
    answers = [send(client, f"/api/v1/orders/{code}/split", body, **{"Idempotency-Key": "k"}).json() for _ in range(2)]
    assert answers[0] == answers[1]
    first, second = answers[0]["first"], answers[0]["second"]
    assert (first["total_minor"], second["total_minor"], second["split_from"]) == (300_000, 150_000, code)
    assert len(client.get("/api/v1/orders").json()["items"]) == 2
    problem = refused(send(client, f"/api/v1/orders/{code}/split", {"lines": [{"line": 0, "quantity": 2}]}), 422)
    assert (problem["code"], problem["errors"][0]["field"]) == ("orders.bad_line", "lines")
    refused(send(client, f"/api/v1/orders/{code}/split", {"lines": []}), 422)
    refused(send(client, f"/api/v1/orders/{code}/split", {"lines": [{"line": 0, "quantity": 0}]}), 422)


def test_orders_are_merged_packed_together_and_told_apart(client: Client) -> None:
    one, two, three = an_order(1), an_order(2), an_order(3)
    packed = send(client, f"/api/v1/orders/{one}/pack-with", {"others": [two, three]}).json()
    assert packed["packed_with"] == one
    assert client.delete(f"/api/v1/orders/{three}/pack-with").json()["packed_with"] == ""
    for _ in range(2):
        merged = send(client, f"/api/v1/orders/{one}/merge", {"others": [two]}).json()
        assert (merged["total_minor"], len(merged["lines"])) == (450_000, 2)
    assert client.get(f"/api/v1/orders/{two}").json()["merged_into"] == one
    settled = refused(send(client, f"/api/v1/orders/{one}/duplicate", {"other": three, "keep": "DH-1"}), 422)
    assert settled["errors"][0]["field"] == "keep"
    copy = an_order(3)
    assert send(client, f"/api/v1/orders/{copy}/duplicate", {"other": three}).json()["dropped"] == copy
    mixed = refused(send(client, f"/api/v1/orders/{one}/merge", {"others": [an_order(1, is_cod=True)]}), 409)
    assert (mixed["code"], "paid in different ways" in mixed["detail"]) == ("orders.not_alike", True)


def test_holds_are_set_lifted_and_kept_from_whom_they_do_not_concern(client: Client) -> None:
    code = an_order()
    later = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    held = send(client, f"/api/v1/orders/{code}/holds", {"hold": "call_back", "call_at": later}).json()
    assert held["issues"] == ["call_back"]
    assert datetime.fromisoformat(held["holds"]["call_back"]["call_at"]) == datetime.fromisoformat(later)
    assert refused(send(client, f"/api/v1/orders/{code}/confirm", b""), 409)["code"] == "orders.on_hold"
    assert (
        refused(send(client, f"/api/v1/orders/{code}/holds", {"hold": "manual"}), 422)["errors"][0]["field"] == "reason"
    )
    refused(send(client, f"/api/v1/orders/{code}/holds", {"hold": "stock"}), 422)
    refused(client.delete(f"/api/v1/orders/{code}/holds/gremlins"), 422)
    for _ in range(2):
        assert client.delete(f"/api/v1/orders/{code}/holds/call_back").json()["issues"] == []
    refused(a_caller("orders.view").delete(f"/api/v1/orders/{code}/holds/manual"), 403)
    far = a_caller("orders.view", "orders.edit", locations=[999_999])
    refused(far.delete(f"/api/v1/orders/{code}/holds/manual"), 404)


def test_a_buyers_history_and_tags(client: Client) -> None:
    code, before = an_order(1), an_order(2)
    for step in ("confirm", "ship", "deliver"):
        send(client, f"/api/v1/orders/{before}/{step}", b"")
    found = client.get(f"/api/v1/orders/{code}/buyer").json()
    assert (found["orders"], found["received"], found["spent"]) == (1, 1, [{"total_minor": 300_000, "currency": "VND"}])
    assert [each["code"] for each in found["recent"]] == [before]
    refused(a_caller("orders.view").get(f"/api/v1/orders/{code}/buyer"), 403)
    assert send(client, f"/api/v1/orders/{code}/tags", {"add": ["VIP"]}).json()["tags"] == ["VIP"]
    assert send(client, f"/api/v1/orders/{code}/tags", {"add": ["Gấp"], "remove": ["vip"]}).json()["tags"] == ["Gấp"]


def test_who_gets_an_order_is_corrected(client: Client) -> None:
    code = an_order()
    body = {"address": {"line": "1 Tràng Tiền", "ward": "Phường Cửa Nam"}, "name": "Chị Lan", "phone": "0909 888 777"}
    url = f"/api/v1/orders/{code}/address"
    edited = client.put(url, body, content_type="application/json").json()
    assert (edited["customer_name"], edited["customer_phone"]) == ("Chị Lan", "+84909888777")
    assert "Lê Lợi" not in str(a_caller("orders.view").get(f"/api/v1/orders/{code}").json())
    for wrong, field in (({"address": {}}, "address.line"), ({"address": WHERE, "phone": "12"}, "phone")):
        problem = refused(client.put(url, wrong, content_type="application/json"), 422)
        assert problem["errors"][0]["field"] == field
