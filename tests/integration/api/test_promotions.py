"""Promotions and vouchers over the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from mekong.pricing.models import Promotion, Voucher
from tests.support.http import refused, send
from tests.support.people import a_caller

pytestmark = pytest.mark.django_db
PROMOTIONS, VOUCHERS = "/api/v1/promotions", "/api/v1/vouchers"
KM = {"code": "KM10", "name": "Giảm 10 %", "effect": {"kind": "percent_off", "off_bp": 1000}}
GOODS = {
    "skus": ["ao-s"],
    "products": ["AO"],
    "categories": ["ao"],
    "brands": ["ACME"],
    "attributes": [{"code": "mau", "value": "đỏ"}],
    "excluded": {"skus": ["MU"]},
}


@pytest.fixture
def caller() -> Client:
    caller = a_caller()
    send(caller, "/api/v1/categories", {"name": "Áo", "code": "ao"})
    send(caller, "/api/v1/attributes", {"name": "Màu", "code": "mau", "kind": "choice", "choices": ["Đỏ", "Xanh"]})
    variants = [
        {"sku": "AO-S", "price_minor": 150_000, "option_values": ["S"]},
        {"sku": "AO-M", "price_minor": 150_000, "option_values": ["M"]},
    ]
    made = send(
        caller, "/api/v1/products",
        {"name": "Áo", "code": "AO", "brand": "Acme", "category": "ao", "options": ["Size"], "variants": variants},
    )  # fmt: skip
    assert made.status_code == 201, made.content
    send(caller, "/api/v1/products", {"name": "Mũ", "variants": [{"sku": "MU", "price_minor": 50_000}]})
    return caller


def put(caller: Client, path: str, body: Any) -> Any:
    return caller.put(path, body, content_type="application/json")


def fields(problem: dict[str, Any]) -> list[str]:
    return [each["field"] for each in problem["errors"]]


def test_goods_go_in_and_come_out_by_their_names(caller: Client) -> None:
    made = send(caller, PROMOTIONS, {**KM, "goods": GOODS}, **{"Idempotency-Key": "km"})
    assert made.status_code == 201, made.content
    assert send(caller, PROMOTIONS, {**KM, "goods": GOODS}, **{"Idempotency-Key": "km"}).json() == made.json()
    nothing: dict[str, Any] = {"skus": [], "products": [], "categories": [], "brands": [], "attributes": []}
    wanted = {
        "skus": ["AO-S"], "products": ["AO"], "categories": ["ao"], "brands": ["Acme"],
        "attributes": [{"code": "mau", "value": "Đỏ"}], "excluded": {**nothing, "skus": ["MU"]},
    }  # fmt: skip
    assert made.json()["goods"] == wanted
    assert caller.get(f"{PROMOTIONS}/km10").json() == made.json()
    kept = Promotion.objects.get()
    assert set(kept.goods) == {"items", "categories", "brands", "attributes", "excluded"}
    assert {key[0] for key in kept.goods["items"]} == {"v", "p"}
    assert (kept.goods["brands"], kept.goods["attributes"]) == (["bacme"], ["amau=Đỏ"])
    assert (made.json()["state"], made.json()["uses"], made.json()["effect"]["off_bp"]) == ("draft", 0, 1000)


@pytest.mark.parametrize(
    ("goods", "field"),
    [
        ({"skus": ["AO-S", "NONE"]}, "goods.skus[1]"),
        ({"products": ["NONE"]}, "goods.products[0]"),
        ({"categories": ["none"]}, "goods.categories[0]"),
        ({"brands": ["Acmee"]}, "goods.brands[0]"),
        ({"attributes": [{"code": "none", "value": "x"}]}, "goods.attributes[0].code"),
        ({"attributes": [{"code": "mau", "value": "tím"}]}, "goods.attributes[0].value"),
        ({"excluded": {"skus": ["NONE"]}}, "goods.excluded.skus[0]"),
        ({"skus": ["AO-S"], "excluded": {"skus": ["AO-S"]}}, "goods.excluded"),
        ({"colours": ["red"]}, "goods.colours"),
    ],
)
def test_goods_that_are_not_there_are_named(caller: Client, goods: dict[str, Any], field: str) -> None:
    problem = refused(send(caller, PROMOTIONS, {**KM, "goods": goods}), 422)
    assert fields(problem) == [field]
    assert not Promotion.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": "giảm"}, "code"),
        ({"effect": {"kind": "percent_off", "off_bp": 0}}, "effect.off_bp"),
        ({"effect": {"kind": "percent_off", "off_bp": 10_001}}, "effect.off_bp"),
        ({"effect": {"kind": "percent_off"}}, "effect.off_bp"),
        ({"effect": {"kind": "percent_off", "off_bp": 1000, "sku": "MU"}}, "effect.sku"),
        ({"effect": {"kind": "amount_off", "off_minor": 0}}, "effect.off_minor"),
        ({"effect": {"kind": "nth_item", "group": 2, "last": 2, "off_bp": 10_000}}, "effect.last"),
        ({"effect": {"kind": "basket_amount", "off_minor": 60_000, "per_minor": 50_000}}, "effect.off_minor"),
        ({"effect": {"kind": "gift", "sku": "NONE", "units": 1}}, "effect.sku"),
        ({"effect": {"kind": "gift", "sku": "MU", "units": 1}}, "least_minor"),
        ({"effect": {"kind": "gift", "sku": "MU", "units": 1}, "goods": {"skus": ["MU"]}}, "effect.sku"),
        ({"effect": {"kind": "bundle", "parts": [{"goods": {"skus": ["MU"]}}], "price_minor": 1}}, "effect.parts"),
        (
            {"effect": {"kind": "bundle", "price_minor": 1,
                        "parts": [{"goods": {"skus": ["MU"]}}, {"goods": {"skus": ["NONE"]}}]}},
            "effect.parts[1].goods.skus[0]",
        ),
        (
            {"effect": {"kind": "buy_get", "buy": 1, "get": {"skus": ["MU"]}, "get_units": 1, "off_bp": 10_000},
             "goods": {"skus": ["MU"]}},
            "effect.get",
        ),
        ({"starts_at": "2099-02-01T00:00:00Z", "ends_at": "2099-01-01T00:00:00Z"}, "ends_at"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "ends_at"),
        ({"budget_minor": 0}, "budget_minor"),
        ({"most_uses": 0}, "most_uses"),
        ({"most_uses": 1, "most_per_person": 2}, "most_per_person"),
        ({"layer": 10}, "layer"),
        ({"audience": {"channels": ["shopi"]}}, "audience.channels[0]"),
    ],
)  # fmt: skip
def test_bad_rules_are_refused_by_field_with_the_remedy(caller: Client, change: dict[str, Any], field: str) -> None:
    problem = refused(send(caller, PROMOTIONS, {**KM, **change}), 422)
    assert fields(problem) == [field]
    assert not Promotion.objects.exists()


def test_a_gift_is_worth_its_retail_price_unless_said(caller: Client) -> None:
    body = {**KM, "effect": {"kind": "gift", "sku": "mu", "units": 1}, "least_minor": 200_000}
    effect = send(caller, PROMOTIONS, body).json()["effect"]
    assert (effect["sku"], effect["units"], effect["worth_minor"]) == ("MU", 1, 50_000)


def test_a_promotion_goes_its_way_and_does_not_come_back(caller: Client) -> None:
    send(caller, PROMOTIONS, KM)

    def turn(state: str) -> Any:
        return send(caller, f"{PROMOTIONS}/KM10/state", {"state": state})

    for state in ("active", "active", "paused", "active", "ended", "ended"):
        assert turn(state).json()["state"] == state
    assert refused(turn("active"), 409)["code"] == "pricing.promotion_over"
    assert refused(put(caller, f"{PROMOTIONS}/KM10", KM), 409)["code"] == "pricing.promotion_over"
    assert caller.get(f"{PROMOTIONS}?state=active").json()["items"] == []
    send(caller, PROMOTIONS, {**KM, "code": "KM11"})
    first = caller.get(f"{PROMOTIONS}?limit=1").json()
    assert [each["code"] for each in first["items"]] == ["KM11"]
    rest = caller.get(PROMOTIONS, {"limit": 1, "cursor": first["next_cursor"]}).json()
    assert ([each["code"] for each in rest["items"]], rest["next_cursor"]) == (["KM10"], None)
    assert [each["code"] for each in caller.get(f"{PROMOTIONS}?q=km10").json()["items"]] == ["KM10"]


def test_a_draft_is_tried_on_a_basket_before_it_is_let_go(caller: Client) -> None:
    send(caller, PROMOTIONS, {**KM, "goods": {"categories": ["ao"]}, "least_units": 2, "needs_code": True})
    tried = send(
        caller, f"{PROMOTIONS}/KM10/try", {"lines": [{"sku": "AO-S", "units": 2}, {"sku": "MU", "units": 1}]}
    ).json()
    assert (tried["applies"], tried["benefit_minor"]) == (True, 30_000)
    assert (tried["total_minor"], tried["without_minor"]) == (320_000, 350_000)
    assert [(line["sku"], line["discount_minor"]) for line in tried["lines"]] == [("AO-S", 30_000), ("MU", 0)]
    assert [(each["line"], each["amount_minor"]) for each in tried["reasons"]] == [(0, -30_000)]
    few = send(caller, f"{PROMOTIONS}/KM10/try", {"lines": [{"sku": "AO-S", "units": 1}]}).json()
    assert (few["applies"], few["total_minor"]) == (False, 150_000)
    bad = send(caller, f"{PROMOTIONS}/KM10/try", {"lines": [{"sku": "NONE", "units": 1}]})
    assert fields(refused(bad, 422)) == ["lines[0].sku"]
    assert caller.get(f"{PROMOTIONS}/KM10").json()["uses"] == 0


def test_vouchers_are_made_once_found_given_and_blocked(caller: Client) -> None:
    send(caller, PROMOTIONS, {**KM, "needs_code": True})
    here = f"{PROMOTIONS}/KM10"
    made = send(caller, f"{here}/vouchers", {"count": 3, "name": "Tết"}, **{"Idempotency-Key": "v"})
    assert made.status_code == 201, made.content
    assert (
        send(caller, f"{here}/vouchers", {"count": 3, "name": "Tết"}, **{"Idempotency-Key": "v"}).json() == made.json()
    )
    codes = made.json()["codes"]
    assert (len(set(codes)), Voucher.objects.count()) == (3, 3)
    file = caller.get(f"/api/v1/voucher-batches/{made.json()['id']}/codes")
    assert file.content.decode("utf-8-sig").split("\r\n")[:-1] == [
        "code,promotion",
        *(f"{code},KM10" for code in codes),
    ]
    for _ in range(2):
        assert send(caller, f"{here}/shared-code", {"code": "tết2027".replace("ế", "e")}).json() == {"code": "TET2027"}
        given = send(caller, f"{here}/personal-vouchers", {"person": "0901 234 567", "reference": "sn-2026"})
        assert (given.status_code, Voucher.objects.count()) == (201, 5)
    found = caller.get(f"{VOUCHERS}?q=%2B84901234567").json()["items"]
    assert [each["person"] for each in found] == ["+84901234567"]
    for _ in range(2):
        assert send(caller, f"{VOUCHERS}/block", {"code": codes[0].lower()}).status_code == 200
    assert [each["is_blocked"] for each in caller.get(f"{VOUCHERS}?q={codes[0][:6]}").json()["items"]] == [True]
    send(caller, f"{VOUCHERS}/unblock", {"code": codes[0]})
    assert not Voucher.objects.filter(is_blocked=True).exists()
    assert len(caller.get(f"{VOUCHERS}?promotion=KM10&limit=2").json()["items"]) == 2
    assert caller.get(here).json()["vouchers"] == 5


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("promotions/KM10/vouchers", {"count": 0}, "count"),
        ("promotions/KM10/vouchers", {"count": 50_001}, "count"),
        ("promotions/KM10/vouchers", {"count": 1, "most_uses": 0}, "most_uses"),
        ("promotions/KM10/vouchers", {"count": 1, "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ("promotions/KM10/shared-code", {"code": "a b"}, "code"),
        ("promotions/KM10/personal-vouchers", {"person": "somebody"}, "person"),
        ("promotions/FREE/vouchers", {"count": 1}, "promotion"),
        ("vouchers/block", {"code": "NONE"}, "code"),
    ],
)
def test_vouchers_that_cannot_be_are_refused_by_field(caller: Client, path: str, body: Any, field: str) -> None:
    send(caller, PROMOTIONS, {**KM, "needs_code": True})
    send(caller, PROMOTIONS, {**KM, "code": "FREE"})
    assert fields(refused(send(caller, f"/api/v1/{path}", body), 422)) == [field]
    assert not Voucher.objects.exists()


def test_a_code_of_one_promotion_is_not_shared_by_another(caller: Client) -> None:
    for code in ("KM10", "KM11"):
        send(caller, PROMOTIONS, {**KM, "code": code, "needs_code": True})
    send(caller, f"{PROMOTIONS}/KM10/shared-code", {"code": "TET2027"})
    taken = send(caller, f"{PROMOTIONS}/KM11/shared-code", {"code": "TET2027"})
    assert refused(taken, 409)["code"] == "pricing.code_taken"
