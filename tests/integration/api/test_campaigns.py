"""Stock set aside, over the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from tests.support.http import refused, send
from tests.support.people import a_caller

pytestmark = pytest.mark.django_db(transaction=True)
THERE = "/api/v1/stock/campaigns"


@pytest.fixture
def caller() -> Client:
    client = a_caller()
    send(client, "/api/v1/locations", {"code": "KHO", "name": "Kho"})
    for sku in ("AO", "KHAN"):
        send(client, "/api/v1/products", {"name": sku, "variants": [{"sku": sku, "price_minor": 1}]})
    lines = [{"sku": "AO", "quantity": 10}]
    send(client, "/api/v1/stock/adjustments", {"location": "KHO", "reason": "opening", "lines": lines})
    return client


def asked(**more: Any) -> dict[str, Any]:
    ends = datetime.now(UTC) + timedelta(hours=1)
    return {
        "channel": "web", "name": "11.11", "ends_at": ends.isoformat(), "lines": [{"sku": "AO", "quantity": 6}], **more,
    }  # fmt: skip


def test_from_plan_to_report(caller: Client) -> None:
    body = asked()
    made = send(caller, THERE, body, **{"Idempotency-Key": "sale-1"})
    assert made.status_code == 201, made.content
    assert send(caller, THERE, body, **{"Idempotency-Key": "sale-1"}).json() == made.json()
    again = send(caller, THERE, body)
    assert refused(again, 409)["code"] == "inventory.nothing_set_aside"
    code = made.json()["code"]
    assert (made.json()["set_aside"], made.json()["lines"][0]["state"]) == (6, "aside")

    store = caller.get("/api/v1/stock/availability?sku=AO&channel=store").json()
    web = caller.get("/api/v1/stock/availability?sku=AO&channel=web").json()
    assert (store["quantity"], web["quantity"], web["aside"]) == (4, 10, 6)
    later = (datetime.now(UTC) + timedelta(hours=3)).isoformat()
    assert send(caller, f"{THERE}/{code}/extend", {"ends_at": later}).status_code == 200
    ended = send(caller, f"{THERE}/{code}/end", b"").json()
    assert (ended["state"], ended["returned"]) == ("ended", 6)
    assert send(caller, f"{THERE}/{code}/end", b"").json() == ended
    assert [each["code"] for each in caller.get(f"{THERE}?state=ended").json()["items"]] == [code]
    assert refused(send(caller, f"{THERE}/{code}/extend", {"ends_at": later}), 409)["code"] == "inventory.campaign_over"


def test_a_short_line_is_told_and_tried_again(caller: Client) -> None:
    lines = [{"sku": "AO", "quantity": 1}, {"sku": "KHAN", "quantity": 2}]
    made = send(caller, THERE, asked(lines=lines)).json()
    assert [(line["state"], line["free_seen"]) for line in made["lines"]] == [("aside", None), ("short", 0)]
    there = f"{THERE}/{made['code']}/lines/1/try"
    assert refused(send(caller, there, {}), 409)["code"] == "inventory.nothing_set_aside"
    send(
        caller, "/api/v1/stock/adjustments",
        {"location": "KHO", "reason": "receipt", "lines": [{"sku": "KHAN", "quantity": 5}]},
    )  # fmt: skip
    assert send(caller, there, {"quantity": 4}).json()["lines"][1]["set_aside"] == 4


def test_what_is_refused_names_its_field(caller: Client) -> None:
    for change, code, field in (
        ({"channel": "nowhere"}, "inventory.campaign_invalid", "channel"),
        ({"lines": [{"sku": "NO", "quantity": 1}]}, "inventory.campaign_invalid", "lines[0].sku"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "inventory.campaign_invalid", "ends_at"),
        ({"lines": [{"sku": "AO", "quantity": 1, "listing": "1:1"}]}, "inventory.campaign_invalid", "lines[0].listing"),
    ):
        problem = refused(send(caller, THERE, asked(**change)), 422)
        assert (problem["code"], problem["params"]["field"]) == (code, field)
    assert refused(caller.get(f"{THERE}/CT-NONE"), 404)["code"] == "inventory.campaign_not_found"
    assert caller.get(THERE).json()["items"] == []
    seller = a_caller("inventory.view")
    assert send(seller, THERE, asked()).status_code == 403
    assert seller.get(THERE).status_code == 200
