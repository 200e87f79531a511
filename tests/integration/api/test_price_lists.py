"""Price lists and the policy of prices over the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from mekong.pricing.models import PriceEntry, PriceList, PricePolicy
from tests.support.http import refused, send
from tests.support.people import a_caller

pytestmark = pytest.mark.django_db
LISTS, POLICY = "/api/v1/price-lists", "/api/v1/price-policy"
SI = {"code": "si", "name": "Giá sỉ", "audience": {"groups": ["dai-ly"], "weekdays": [0, 5]}}


@pytest.fixture
def caller() -> Client:
    caller = a_caller()
    variants = [
        {"sku": "AO-S", "price_minor": 150_000, "cost_minor": 90_000, "option_values": ["S"]},
        {"sku": "AO-M", "price_minor": 160_000, "option_values": ["M"]},
    ]
    send(caller, "/api/v1/products", {"name": "Áo", "options": ["Size"], "variants": variants})
    return caller


def put(caller: Client, path: str, body: Any, **headers: str) -> Any:
    return caller.put(path, body, content_type="application/json", headers=headers)


def fields(problem: dict[str, Any]) -> list[str]:
    return [each["field"] for each in problem["errors"]]


def test_a_list_is_made_once_however_often_it_is_sent(caller: Client) -> None:
    made = send(caller, LISTS, SI, **{"Idempotency-Key": "si-1"})
    assert made.status_code == 201, made.content
    assert send(caller, LISTS, SI, **{"Idempotency-Key": "si-1"}).json() == made.json()
    assert (made.json()["code"], made.json()["entries"], made.json()["is_active"]) == ("SI", 0, True)
    assert made.json()["audience"]["groups"] == ["dai-ly"]
    assert caller.get(f"{LISTS}/si").json() == made.json()
    assert [each["code"] for each in caller.get(LISTS).json()["items"]] == ["SI"]
    assert refused(send(caller, LISTS, SI), 409)["code"] == "pricing.code_taken"
    assert PriceList.objects.count() == 1


def test_a_list_is_changed_whole_and_put_out_of_use(caller: Client) -> None:
    send(caller, LISTS, SI)
    body = {"code": "SI", "name": "Giá sỉ 2027", "adjust_bp": 9000, "is_active": False}
    for _ in range(2):
        changed = put(caller, f"{LISTS}/SI", body).json()
        assert (changed["name"], changed["adjust_bp"], changed["is_active"]) == ("Giá sỉ 2027", 9000, False)
        assert changed["audience"]["groups"] == []
    assert refused(put(caller, f"{LISTS}/NONE", body), 404)["code"] == "pricing.price_list_not_found"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": "giá sỉ"}, "code"),
        ({"adjust_bp": 0}, "adjust_bp"),
        ({"starts_at": "2027-02-01T00:00:00Z", "ends_at": "2027-01-01T00:00:00Z"}, "ends_at"),
        ({"audience": {"minutes": [[600, 540]]}}, "audience.minutes[0]"),
        ({"audience": {"weekdays": [7]}}, "audience.weekdays[0]"),
        ({"audience": {"channels": ["shopi"]}}, "audience.channels[0]"),
        ({"audience": {"locations": ["KHO-9"]}}, "audience.locations[0]"),
        ({"audience": {"colour": ["red"]}}, "audience.colour"),
        ({"priority": 1001}, "priority"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_field(caller: Client, change: dict[str, Any], field: str) -> None:
    problem = refused(send(caller, LISTS, {**SI, **change}), 422)
    assert fields(problem) == [field]
    assert not PriceList.objects.exists()


def test_prices_go_in_by_sku_and_come_out_with_retail_cost_and_floor(caller: Client) -> None:
    send(caller, LISTS, SI)
    assert put(caller, POLICY, {"guard_bp": 1000}).json() == {"guard_bp": 1000, "hand_limits": {}}
    lines = [
        {"sku": "ao-s", "price_minor": 140_000},
        {"sku": "AO-S", "price_minor": 120_000, "from_units": 10},
        {"sku": "AO-M", "price_minor": 150_000},
    ]
    entries = f"{LISTS}/SI/entries"
    assert put(caller, entries, {"lines": lines}).json() == {"changed": 3}
    assert put(caller, entries, {"lines": lines}).json() == {"changed": 0}
    first = caller.get(f"{entries}?limit=1").json()
    assert first["items"] == [
        {
            "sku": "AO-S", "name": "Áo - S", "currency": "VND", "retail_minor": 150_000, "cost_minor": 90_000,
            "floor_minor": 99_000,
            "steps": [{"from_units": 1, "price_minor": 140_000}, {"from_units": 10, "price_minor": 120_000}],
        }
    ]  # fmt: skip
    second = caller.get(entries, {"limit": 1, "cursor": first["next_cursor"]}).json()
    assert ([each["sku"] for each in second["items"]], second["next_cursor"]) == (["AO-M"], None)
    assert second["items"][0]["floor_minor"] is None
    assert [each["sku"] for each in caller.get(entries, {"sku": "AO-M"}).json()["items"]] == ["AO-M"]
    taken = {"lines": [{"sku": "AO-S", "price_minor": None, "from_units": 10}]}
    assert put(caller, entries, taken).json() == {"changed": 1}
    assert caller.get(f"{LISTS}/SI").json()["entries"] == 2


def test_costs_are_seen_by_those_alone_who_may(caller: Client) -> None:
    send(caller, LISTS, SI)
    put(caller, POLICY, {"guard_bp": 0})
    put(caller, f"{LISTS}/SI/entries", {"lines": [{"sku": "AO-S", "price_minor": 1}]})
    (entry,) = a_caller("pricing.view").get(f"{LISTS}/SI/entries").json()["items"]
    assert (entry["cost_minor"], entry["floor_minor"], entry["retail_minor"]) == (None, None, 150_000)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"sku": "NONE", "price_minor": 1}, "lines[1].sku"),
        ({"sku": "AO-M", "price_minor": 1, "from_units": 0}, "lines[1].from_units"),
        ({"sku": "AO-M", "price_minor": -1}, "lines[1].price_minor"),
        ({"sku": "AO-M", "price_minor": 10**13}, "lines[1].price_minor"),
        ({"sku": "AO-S", "price_minor": 2}, "lines[1].sku"),
    ],
)
def test_one_bad_price_keeps_all_out(caller: Client, line: dict[str, Any], field: str) -> None:
    send(caller, LISTS, SI)
    body = {"lines": [{"sku": "AO-S", "price_minor": 1}, line]}
    assert fields(refused(put(caller, f"{LISTS}/SI/entries", body), 422)) == [field]
    assert not PriceEntry.objects.exists()


def test_the_policy_is_set_whole_or_not_at_all(caller: Client) -> None:
    body = {"guard_bp": 500, "hand_limits": {"cashier": 1000, "owner": None}}
    for _ in range(2):
        assert put(caller, POLICY, body).json() == {"guard_bp": 500, "hand_limits": {"cashier": 1000}}
    wrong = {"guard_bp": 900, "hand_limits": {"boss": 1000}}
    assert fields(refused(put(caller, POLICY, wrong), 422)) == ["hand_limits.boss"]
    assert PricePolicy.objects.get().guard_bp == 500
    assert put(caller, POLICY, {"guard_bp": None, "hand_limits": {"cashier": None}}).json() == {
        "guard_bp": None, "hand_limits": {},
    }  # fmt: skip


def test_who_works_at_one_place_alone_looks_at_lists_and_sets_none(caller: Client) -> None:
    send(caller, "/api/v1/locations", {"code": "HN", "name": "Hà Nội", "kind": "store"})
    send(caller, LISTS, SI)
    from mekong.inventory.models import Location

    narrow = a_caller("pricing.view", "pricing.manage", locations=[Location.objects.get(code="HN").id])
    assert narrow.get(f"{LISTS}/SI").status_code == 200
    assert refused(send(narrow, LISTS, {**SI, "code": "B"}), 403)["params"]["permission"] == "pricing.manage"
