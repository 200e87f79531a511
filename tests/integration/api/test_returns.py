"""Returns over HTTP: a request promises goods, receiving and grading brings them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from mekong.foundation.actor import SYSTEM
from mekong.inventory.models import StockMovement
from mekong.orders import commands as orders
from tests.support.http import refused, send

pytestmark = pytest.mark.django_db(transaction=True)


def an_order(client: Client, *steps: str) -> str:
    """Three units, as far as these steps lead."""
    asked = orders.Asked("web", [orders.AskedLine("AT-1", 3)], customer_name="Lan")
    code = orders.place_order(actor=SYSTEM, asked=asked, now=datetime.now(UTC)).code
    for step in steps:
        assert send(client, f"/api/v1/orders/{code}/{step}", {}).status_code == 200
    return code


def back(client: Client, code: str, *lines: tuple[int, Any, str], location: str = "HN", **headers: str) -> Any:
    wanted = [{"line": line, "quantity": quantity, "grade": grade} for line, quantity, grade in lines]
    return send(client, f"/api/v1/orders/{code}/returns", {"location": location, "lines": wanted}, **headers)


def on_hand(client: Client) -> int:
    return int(client.get("/api/v1/stock/levels?sku=AT-1").json()["items"][0]["on_hand"])


def test_a_request_moves_no_goods_and_says_why_it_came(client: Client) -> None:
    code = an_order(client, "confirm", "ship", "deliver")
    moved = StockMovement.objects.count()
    for _ in range(2):
        asked = send(client, f"/api/v1/orders/{code}/return-requests", {"reason": "rộng quá"})
        assert asked.json()["state"] == "returning", asked.content
    assert (on_hand(client), StockMovement.objects.count()) == (7, moved)
    timeline = [each for each in asked.json()["timeline"] if each["kind"] == "returning"]
    assert [each["data"]["reason"] for each in timeline] == ["rộng quá"]
    assert asked.json()["lines"][0]["returned"] == 0


def test_stock_grows_by_what_is_received_and_resellable(client: Client) -> None:
    code = an_order(client, "confirm", "ship", "deliver", "return-requests")
    first = back(client, code, (0, 1, "resellable"))
    assert (first.json()["state"], first.json()["lines"][0]["returned"], on_hand(client)) == ("returning", 1, 8)
    rest = back(client, code, (0, 1, "damaged"), (0, 1, "missing"))
    assert (rest.json()["state"], rest.json()["lines"][0]["returned"], on_hand(client)) == ("returned", 3, 8)
    # What was graded is in the ledger, unit by unit.
    assert client.get("/api/v1/stock/availability?sku=AT-1&channel=web").json()["quantity"] == 8


def test_a_repeated_receipt_counts_once(client: Client) -> None:
    code = an_order(client, "confirm", "ship")
    sent = [back(client, code, (0, 1, "resellable"), **{"Idempotency-Key": "r"}) for _ in range(3)]
    assert [each.status_code for each in sent] == [200] * 3
    assert on_hand(client) == 8
    other = back(client, code, (0, 2, "resellable"), **{"Idempotency-Key": "r"})
    assert refused(other, 409)["code"] == "idempotency_mismatch"
    assert on_hand(client) == 8


@pytest.mark.parametrize("steps", [(), ("confirm",), ("cancel",)])
def test_what_has_not_left_cannot_come_back(client: Client, steps: tuple[str, ...]) -> None:
    code = an_order(client, *steps)
    before = on_hand(client)
    assert refused(send(client, f"/api/v1/orders/{code}/return-requests", {}), 409)["code"] == "orders.illegal_step"
    assert refused(back(client, code, (0, 1, "resellable")), 409)["code"] == "orders.illegal_step"
    assert on_hand(client) == before


@pytest.mark.parametrize(
    ("lines", "status", "field"),
    [
        ([(0, 4, "resellable")], 409, None),
        ([(0, 2, "resellable"), (0, 2, "damaged")], 409, None),
        ([(0, 0, "resellable")], 422, "lines[0].quantity"),
        ([(0, -1, "resellable")], 422, "lines[0].quantity"),
        ([(0, 1.0, "resellable")], 422, "lines[0].quantity"),
        ([(0, 1, "shiny")], 422, "lines[0].grade"),
        ([(0, 1, "resellable"), (7, 1, "resellable")], 422, "lines[1].line"),
        ([], 422, "lines"),
    ],
)
def test_a_wrong_return_is_refused_whole(client: Client, lines: Any, status: int, field: str | None) -> None:
    code = an_order(client, "confirm", "ship")
    moved = StockMovement.objects.count()
    problem = refused(back(client, code, *lines), status)
    if field is None:
        assert problem["code"] == "orders.too_many_returned"
    else:
        assert [each["field"] for each in problem["errors"]] == [field]
    assert (on_hand(client), StockMovement.objects.count()) == (7, moved)
    assert client.get(f"/api/v1/orders/{code}").json()["lines"][0]["returned"] == 0


def test_goods_come_back_to_a_place_that_is_there(client: Client) -> None:
    code = an_order(client, "confirm", "ship")
    refused(back(client, code, (0, 1, "resellable"), location="NOWHERE"), 404)
    assert on_hand(client) == 7


def test_a_reason_has_a_length(client: Client) -> None:
    code = an_order(client, "confirm", "ship")
    problem = refused(send(client, f"/api/v1/orders/{code}/return-requests", {"reason": "x" * 201}), 422)
    assert [each["field"] for each in problem["errors"]] == ["reason"]
