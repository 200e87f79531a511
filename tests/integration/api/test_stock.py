"""Locations, stock and orders over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from mekong.foundation.models import AuditEntry
from mekong.inventory import queries
from mekong.inventory.models import StockLevel, StockMovement
from tests.support.http import refused, send
from tests.support.people import a_caller

pytestmark = pytest.mark.django_db(transaction=True)
ADJUSTMENTS = "/api/v1/stock/adjustments"


@pytest.fixture
def client() -> Client:
    """A caller with every right, two locations, and a SKU."""
    client = a_caller()
    for code in ("HN", "SG"):
        made = send(client, "/api/v1/locations", {"code": code, "name": code, "kind": "store"})
        assert made.status_code == 201, made.content
    send(client, "/api/v1/products", {"name": "Áo", "variants": [{"sku": "AT-1", "price_minor": 150_000}]})
    return client


def adjusted(client: Client, quantity: int, location: str = "HN", **more: Any) -> Any:
    lines = [{"sku": "AT-1", "quantity": quantity, **more}]
    return send(client, ADJUSTMENTS, {"location": location, "reason": "opening", "lines": lines})


def test_goods_come_in_and_are_on_the_card(client: Client) -> None:
    done = adjusted(client, 5, unit_cost_minor=90_000)
    assert done.status_code == 201, done.content
    assert done.json()["levels"][0] | {"version": 0} == {
        "sku": "AT-1", "location": "HN", "on_hand": 5, "reserved": 0, "free": 5, "version": 0,
    }  # fmt: skip
    adjusted(client, 2, "SG")
    levels = client.get("/api/v1/stock/levels?sku=at-1").json()["items"]
    assert {(each["location"], each["on_hand"]) for each in levels} == {("HN", 5), ("SG", 2)}
    assert client.get("/api/v1/stock/levels?sku=AT-1&location=SG").json()["items"][0]["on_hand"] == 2
    card = client.get("/api/v1/stock/movements?sku=AT-1").json()["items"]
    assert [(each["change"], each["balance"], each["reason"]) for each in card] == [
        (2, 7, "opening"),
        (5, 5, "opening"),
    ]
    assert card[1]["unit_cost_minor"] == 90_000
    assert card[0]["actor_name"] == "test"
    promised = client.get("/api/v1/stock/availability?sku=AT-1&channel=web").json()
    assert (promised["quantity"], promised["rule"]) == (7, "pool")


def test_lists_of_stock_go_on_where_they_stopped(client: Client) -> None:
    for quantity in (1, 2, 3):
        adjusted(client, quantity)
    adjusted(client, 1, "SG")
    for path, count in (("/api/v1/stock/levels?", 2), ("/api/v1/stock/movements?sku=AT-1&", 4)):
        seen, cursor = [], ""
        while True:
            page = client.get(f"{path}limit=1" + (f"&cursor={cursor}" if cursor else "")).json()
            seen += [str(each) for each in page["items"]]
            if (cursor := page["next_cursor"]) is None:
                break
        assert len(seen) == len(set(seen)) == count


@pytest.mark.parametrize(
    ("line", "status", "field"),
    [
        ({"quantity": 1.5}, 422, "lines[0].quantity"),
        ({"quantity": 1.0}, 422, "lines[0].quantity"),
        ({"quantity": "1"}, 422, "lines[0].quantity"),
        ({"quantity": 0}, 422, "lines[0].quantity"),
        ({"quantity": 10**30}, 422, "lines[0].quantity"),
        ({"quantity": 1, "sku": "NOPE"}, 404, "lines[0].sku"),
        ({"quantity": 1, "sku": ""}, 422, "lines[0].sku"),
        ({"quantity": 1, "price": 1}, 422, "lines[0].price"),
        ({}, 422, "lines[0].quantity"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_moves(client: Client, line: dict[str, Any], status: int, field: str) -> None:
    body = {"location": "HN", "reason": "opening", "lines": [{"sku": "AT-1", **line}]}
    assert refused(send(client, ADJUSTMENTS, body), status)["errors"][0]["field"] == field
    assert not StockMovement.objects.exists()


def test_more_than_is_there_cannot_be_taken(client: Client) -> None:
    adjusted(client, 1)
    problem = refused(adjusted(client, -2), 409)
    assert problem["code"] == "inventory.short_stock"
    assert StockLevel.objects.get().on_hand == 1
    refused(adjusted(client, 1, "NOWHERE"), 404)
    refused(client.get("/api/v1/stock/levels?sku=NOPE"), 404)
    refused(client.get("/api/v1/stock/availability?sku=NOPE&channel=web"), 404)


def test_a_repeated_adjustment_counts_once(client: Client) -> None:
    body = {"location": "HN", "reason": "opening", "lines": [{"sku": "AT-1", "quantity": 5}]}
    answers = [send(client, ADJUSTMENTS, body, **{"Idempotency-Key": "a"}) for _ in range(3)]
    assert {each.content for each in answers} == {answers[0].content}
    assert StockLevel.objects.get().on_hand == 5


def test_a_token_of_one_store_moves_stock_there_alone(client: Client) -> None:
    here = next(each for each in client.get("/api/v1/locations").json()["items"] if each["code"] == "HN")
    adjusted(client, 3, "SG")
    till = a_caller("inventory.receive", "inventory.view", "inventory.adjust", locations=[here["location_id"]])
    assert adjusted(till, 1).status_code == 201
    assert refused(adjusted(till, 1, "SG"), 403)["code"] == "out_of_scope"
    assert [each["code"] for each in till.get("/api/v1/locations").json()["items"]] == ["HN"]
    assert [each["location"] for each in till.get("/api/v1/stock/levels?sku=AT-1").json()["items"]] == ["HN"]
    refused(a_caller("orders.view").get("/api/v1/stock/levels"), 403)
    refused(a_caller("orders.view").get("/api/v1/stock/availability?sku=AT-1&channel=web"), 403)


def test_controls_shape_what_a_channel_may_promise(client: Client) -> None:
    adjusted(client, 10)
    made = send(
        client,
        "/api/v1/stock/controls",
        {"channel": "web", "scope": "sku", "target": "AT-1", "kind": "cap", "amount": 3},
    )
    assert made.status_code == 201, made.content
    path = "/api/v1/stock/availability?sku=AT-1&channel=web"
    assert client.get(path).json()["quantity"] == 3
    assert len(client.get("/api/v1/stock/controls?channel=web").json()["items"]) == 1
    for _ in range(2):
        assert client.delete(f"/api/v1/stock/controls/{made.json()['id']}").status_code == 204
    assert client.get(path).json()["quantity"] == 10
    supply = {"channel": "web", "locations": ["SG"]}
    assert client.put("/api/v1/stock/supply", supply, content_type="application/json").status_code == 204
    assert client.get(path).json()["quantity"] == 0
    wrong = {"channel": "web", "scope": "channel", "kind": "share", "amount": 10_001}
    assert refused(send(client, "/api/v1/stock/controls", wrong), 422)["errors"][0]["field"] == "amount"


def test_goods_travel_between_locations(client: Client) -> None:
    adjusted(client, 5)
    lines = [{"sku": "AT-1", "quantity": 2}]
    made = send(client, "/api/v1/stock/transfers", {"from_location": "HN", "to_location": "SG", "lines": lines}).json()
    for _ in range(2):
        assert send(client, f"/api/v1/stock/transfers/{made['id']}/receive", {}).status_code == 204
    levels = client.get("/api/v1/stock/levels?sku=AT-1&location=SG").json()["items"]
    assert [each["on_hand"] for each in levels] == [2]
    refused(send(client, "/api/v1/stock/transfers/trf_0/receive", {}), 404)


def test_a_transfer_goes_step_by_step_and_its_difference_is_settled(client: Client) -> None:
    adjusted(client, 5)
    lines = [{"sku": "AT-1", "quantity": 4}]
    body = {"from_location": "HN", "to_location": "SG", "lines": lines, "step": "requested", "note": "Tết"}
    made = send(client, "/api/v1/stock/transfers", body).json()
    path = f"/api/v1/stock/transfers/{made['id']}"
    assert made["state"] == "requested"
    assert send(client, f"{path}/send-back", {"note": "chờ"}).json()["state"] == "draft"
    changed = {"from_location": "HN", "to_location": "SG", "lines": [{"sku": "AT-1", "quantity": 3}]}
    assert client.put(path, changed, content_type="application/json").json()["lines"][0]["asked"] == 3
    for step in ("request", "approve", "ship"):
        for _ in range(2):
            assert send(client, f"{path}/{step}", {} if step == "ship" else b"").status_code == 200, step
    short = {"lines": [{"sku": "AT-1", "quantity": 1, "cause": "lost"}]}
    assert send(client, f"{path}/receive", short).status_code == 204
    line = client.get(path).json()["lines"][0]
    assert (line["quantity"], line["received"], line["cause"], line["open"]) == (3, 1, "lost", 2)
    refused(send(client, f"{path}/settle", {"lines": [{"sku": "AT-1", "cause": "wrong_item"}]}), 422)
    done = send(client, f"{path}/settle", {"lines": [{"sku": "AT-1", "cause": "source_short"}]}).json()
    assert (done["state"], [each["step"] for each in done["steps"]][-1]) == ("settled", "settle")
    levels = {each["location"]: each["on_hand"] for each in client.get("/api/v1/stock/levels").json()["items"]}
    assert levels == {"HN": 4, "SG": 1, "TRANSIT": 0}
    found = client.get("/api/v1/stock/ledger?sign=in&location=HN").json()["items"]
    assert [(each["reason"], each["change"]) for each in found] == [("transfer", 2), ("opening", 5)]
    refused(client.get("/api/v1/stock/ledger?sku=NOPE"), 404)
    page = client.get("/api/v1/stock/ledger?limit=1").json()
    assert len(client.get(f"/api/v1/stock/ledger?limit=200&cursor={page['next_cursor']}").json()["items"]) == 3


def test_what_is_low_is_told_with_who_can_help(client: Client) -> None:
    adjusted(client, 9)
    adjusted(client, 1, "SG")
    level = {"sku": "AT-1", "location": "SG", "min_qty": 2, "max_qty": 6}
    client.put("/api/v1/stock/reorder-levels", level, content_type="application/json")
    (low,) = client.get("/api/v1/stock/low").json()["items"]
    assert (low["location"], low["free"], low["wanted"], low["spare_at"], low["spare"]) == ("SG", 1, 5, "HN", 9)


def test_limits_are_read_and_set_whole(client: Client) -> None:
    limits = {"transfer_units": 3, "transfer_value_minor": None, "adjustment_units": 1, "adjustment_value_minor": 9}
    path = "/api/v1/stock/approval-limits"
    assert client.put(path, limits, content_type="application/json").json() == limits
    assert client.get(path).json() == limits
    refused(client.put(path, {"transfer_units": -1}, content_type="application/json"), 422)
    adjusted(client, 5)
    body = {"from_location": "HN", "to_location": "SG", "lines": [{"sku": "AT-1", "quantity": 4}]}
    assert refused(send(client, "/api/v1/stock/transfers", body), 403)["code"] == "inventory.needs_approval"
    clerk = a_caller("inventory.adjust", "inventory.view")
    waiting = send(
        clerk, ADJUSTMENTS, {"location": "HN", "reason": "count", "lines": [{"sku": "AT-1", "quantity": -2}]}
    )
    code = waiting.json()["reference"]
    assert refused(send(clerk, f"{ADJUSTMENTS}/{code}/approve", {}), 403)["code"] == "may_not"
    assert (
        refused(send(client, f"{ADJUSTMENTS}/{code}/approve", {"on_hand": [4]}), 409)["code"]
        == "inventory.figures_moved"
    )
    assert send(client, f"{ADJUSTMENTS}/{code}/reject", {"note": "đếm lại"}).json()["decision"] == "đếm lại"
    assert refused(send(clerk, f"{ADJUSTMENTS}/{code}/withdraw", b""), 409)["code"] == "inventory.adjustment_decided"
    assert [each["code"] for each in client.get(f"{ADJUSTMENTS}?state=rejected").json()["items"]] == [code]
    assert client.get(f"{ADJUSTMENTS}/{code}").json()["lines"][0]["on_hand"] == 5


def test_locations_are_opened_changed_and_taken_once(client: Client) -> None:
    refused(send(client, "/api/v1/locations", {"code": "hn", "name": "x"}), 409)
    patch = client.patch("/api/v1/locations/HN", {"is_active": False}, content_type="application/json")
    assert patch.json()["is_active"] is False
    refused(client.patch("/api/v1/locations/NO", {}, content_type="application/json"), 404)
    from mekong.foundation.actor import SYSTEM

    assert queries.get_location(actor=SYSTEM, code="HN").name == "HN"


def test_the_trail_is_untouched_by_reads(client: Client) -> None:
    before = AuditEntry.objects.count()
    client.get("/api/v1/stock/levels")
    assert AuditEntry.objects.count() == before
