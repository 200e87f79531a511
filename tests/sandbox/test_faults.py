"""Every fault can be seen from outside, and goes when it is cleared."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from tests.sandbox.driving import Lazada, Sandbox, Shopee
from tests.sandbox.selling import buy_on_shopee, list_on_lazada, list_on_shopee, on_lazada, on_shopee

INFO = "/shop/get_shop_info"


def write(shop: Shopee, item_id: int, stock: int) -> httpx.Response:
    entry = {"model_id": 0, "seller_stock": [{"stock": stock}]}
    return shop.reply("POST", "/product/update_stock", None, {"item_id": item_id, "stock_list": [entry]})


def test_latency_comes_before_or_after_the_effect(box: Sandbox, shop: Shopee) -> None:
    item_id, _ = list_on_shopee(shop)
    box.fault(kind="latency", ms=[150, 200], path="/product/update_stock", count=1)
    began = time.monotonic()
    write(shop, item_id, 3)
    assert time.monotonic() - began >= 0.15
    began = time.monotonic()
    write(shop, item_id, 4)
    assert time.monotonic() - began < 0.15


@pytest.mark.parametrize(
    ("rule", "status"),
    [({"kind": "http_429"}, 429), ({"kind": "http_5xx"}, 503), ({"kind": "http_5xx", "status": 502}, 502)],
)
def test_the_gateway_answers_with_an_error(box: Sandbox, shop: Shopee, rule: dict[str, Any], status: int) -> None:
    box.fault(**rule)
    assert shop.reply("GET", INFO).status_code == status
    assert box.control("DELETE", "/faults") == {"removed": 1}
    assert shop.reply("GET", INFO).status_code == 200


def test_the_platform_answers_with_an_error(box: Sandbox, shop: Shopee, seller: Lazada) -> None:
    box.fault(kind="rate_limit")
    assert shop.get(INFO)["error"] == "error_rate_limit"
    assert seller.get("/seller/get")["code"] == "901"
    box.control("DELETE", "/faults")
    box.fault(kind="invalid_token", market="lazada")
    assert shop.get(INFO)["error"] == ""
    assert seller.get("/seller/get")["code"] == "IllegalAccessToken"


def test_a_dropped_connection_had_no_effect(box: Sandbox, shop: Shopee) -> None:
    item_id, _ = list_on_shopee(shop, stock=10)
    box.fault(kind="drop", count=1)
    with pytest.raises(httpx.TransportError):
        write(shop, item_id, 3)
    assert on_shopee(shop)["total"] == 10


def test_a_timeout_after_the_effect_leaves_the_effect(box: Sandbox, shop: Shopee, seller: Lazada) -> None:
    item_id, _ = list_on_shopee(shop, stock=10)
    box.fault(kind="timeout_after_effect", count=1, market="shopee", ms=100)
    began = time.monotonic()
    with pytest.raises(httpx.TransportError):
        write(shop, item_id, 3)
    assert time.monotonic() - began >= 0.1
    assert on_shopee(shop)["total"] == 3

    _, sku_id = list_on_lazada(seller, stock=10)
    box.fault(kind="timeout_after_effect", count=1, market="lazada")
    sku = f"<Sku><SkuId>{sku_id}</SkuId><Quantity>4</Quantity></Sku>"
    payload = {"payload": f"<Request><Product><Skus>{sku}</Skus></Product></Request>"}
    with pytest.raises(httpx.TransportError):
        seller.post("/product/price_quantity/update", payload)
    assert on_lazada(seller)["total"] == 4


def test_a_purchase_can_time_out_after_it_was_made(box: Sandbox, shop: Shopee) -> None:
    list_on_shopee(shop, stock=10)
    box.fault(kind="timeout_after_effect", path="/shopee/buy", count=1)
    with pytest.raises(httpx.TransportError):
        buy_on_shopee(shop, {"sku": "AO-THUN"})
    assert on_shopee(shop)["reserved"] == 1


def test_malformed_json_is_sent(box: Sandbox, shop: Shopee) -> None:
    box.fault(kind="malformed_json", count=1)
    reply = shop.reply("GET", INFO)
    assert reply.status_code == 200
    with pytest.raises(ValueError, match=r"Expecting|Unterminated|delimiter"):
        reply.json()
    assert shop.get(INFO)["error"] == ""


def test_reads_can_be_stale(box: Sandbox, shop: Shopee, seller: Lazada) -> None:
    item_id, _ = list_on_shopee(shop, stock=10)
    list_on_lazada(seller, stock=10)
    box.fault(kind="stale_reads", ms=60_000)
    write(shop, item_id, 3)
    payload = {"payload": '{"Request":{"Product":{"Skus":[{"SellerSku":"AO-THUN","Quantity":3}]}}}'}
    seller.post("/product/price_quantity/update", payload)
    order_sn = buy_on_shopee(shop, {"sku": "AO-THUN"}).json()["order_sn"]

    def seen() -> tuple[int, int, list[str]]:
        info = shop.get("/product/get_item_base_info", {"item_id_list": item_id})["response"]["item_list"][0]
        sku = seller.get("/product/item/get", {"seller_sku": "AO-THUN"})["data"]["skus"][0]
        now = int(time.time())
        window = {"time_range_field": "update_time", "time_from": now - 100, "time_to": now + 1, "page_size": 10}
        orders = shop.get("/order/get_order_list", window)["response"]["order_list"]
        available = info["stock_info_v2"]["summary_info"]["total_available_stock"]
        return available, sku["quantity"], [row["order_sn"] for row in orders]

    assert seen() == (10, 10, [])
    box.control("DELETE", "/faults")
    assert seen() == (2, 3, [order_sn])


def test_rules_match_by_shop_and_path_and_run_out(box: Sandbox, shop: Shopee) -> None:
    other = Shopee(box, shop.partner_id, shop.partner_key, shop.shop_id + 1, shop.access_token)
    box.fault(kind="http_5xx", shop=str(shop.shop_id), path="/api/v2/shop/", count=2)
    assert other.reply("GET", INFO).status_code == 403
    assert shop.reply("GET", "/logistics/get_channel_list").status_code == 200
    assert [shop.reply("GET", INFO).status_code for _ in range(3)] == [503, 503, 200]
    assert box.control("GET", "/faults")["rules"][0]["hits"] == 2


def test_a_seed_repeats_the_draw(box: Sandbox, shop: Shopee) -> None:
    def draw() -> list[int]:
        box.control("DELETE", "/faults")
        box.control("POST", "/faults", {"seed": 7, "rules": [{"kind": "http_5xx", "probability": 0.5}]})
        return [shop.reply("GET", INFO).status_code for _ in range(30)]

    first = draw()
    assert {200, 503} == set(first)
    assert draw() == first


def test_an_unknown_fault_is_refused(box: Sandbox) -> None:
    reply = box.http.post(box.url + "/control/faults", json={"kind": "earthquake"})
    assert reply.status_code == 422
    assert "kind" in reply.json()["message"]
