"""The process as a whole: it sells no more than there is, remembers, counts, and shows pages."""

from __future__ import annotations

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.sandbox.conftest import open_seller, open_shop
from tests.sandbox.driving import Callback, Lazada, Sandbox, Shopee, wait_for
from tests.sandbox.pictures import png
from tests.sandbox.publishing_shopee import info, make, upload
from tests.sandbox.selling import (
    buy_on_lazada,
    buy_on_shopee,
    list_on_lazada,
    list_on_shopee,
    on_lazada,
    on_shopee,
)
from tests.sandbox.selling_shopify import open_shopify
from tests.sandbox.selling_woocommerce import list_on_woo, open_woo


def test_fifty_buyers_get_no_more_than_there_is(shop: Shopee, seller: Lazada) -> None:
    list_on_shopee(shop, stock=20)
    list_on_lazada(seller, stock=20)

    def visit(number: int) -> list[int]:
        with httpx.Client(timeout=60) as client:
            line = [{"sku": "AO-THUN", "quantity": 1}]
            found = []
            for _ in range(3):
                body = {"shop": shop.shop_id, "lines": line}
                found.append(client.post(f"{shop.box.url}/shopee/buy", json=body).status_code)
                body = {"seller": seller.seller_id, "lines": line}
                found.append(client.post(f"{seller.box.url}/lazada/buy", json=body).status_code)
            return found

    with ThreadPoolExecutor(50) as pool:
        answers = [status for found in pool.map(visit, range(50)) for status in found]
    assert answers.count(201) == 40
    assert answers.count(409) == 260
    assert (on_shopee(shop)["available"], on_shopee(shop)["reserved"]) == (0, 20)
    assert (on_lazada(seller)["available"], on_lazada(seller)["occupy"]) == (0, 20)


def test_an_order_is_placed_whole_or_not_at_all(shop: Shopee, seller: Lazada) -> None:
    for sku, stock in (("A", 5), ("B", 1)):
        list_on_shopee(shop, sku, stock=stock)
        list_on_lazada(seller, sku, stock=stock)
    lines = [{"sku": "A", "quantity": 2}, {"sku": "B", "quantity": 1}, {"sku": "B", "quantity": 1}]
    refused = buy_on_shopee(shop, *lines)
    assert (refused.status_code, refused.json()["error"]) == (409, "sold_out")
    assert buy_on_lazada(seller, *lines).status_code == 409
    assert on_shopee(shop, "A")["reserved"] == 0
    assert on_lazada(seller, "A")["occupy"] == 0


@pytest.mark.parametrize("line", [{"sku": "?"}, {"sku": "AO-THUN", "quantity": 0}, {"sku": "AO-THUN", "colour": 1}, 7])
def test_nonsense_is_not_bought(shop: Shopee, line: dict[str, object]) -> None:
    list_on_shopee(shop)
    assert buy_on_shopee(shop, line).status_code in (404, 422)


def test_large_orders_are_taken(shop: Shopee, seller: Lazada) -> None:
    lines = []
    for number in range(300):
        list_on_shopee(shop, f"S-{number}", stock=50)
        list_on_lazada(seller, f"S-{number}", stock=50)
        lines.append({"sku": f"S-{number}", "quantity": 12})
    assert buy_on_shopee(shop, *lines).json()["units"] == 3600
    order_id = buy_on_lazada(seller, *lines).json()["order_id"]
    assert len(seller.get("/order/items/get", {"order_id": str(order_id)})["data"]) == 3600


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_process_comes_back_with_everything(tmp_path: Path, number: signal.Signals) -> None:
    box = Sandbox(tmp_path / "state").start()
    try:
        shop, seller = open_shop(box), open_seller(box)
        item_id, _ = list_on_shopee(shop, stock=10)
        list_on_lazada(seller, stock=10)
        entry = {"model_id": 0, "seller_stock": [{"stock": 8}]}
        assert shop.post("/product/update_stock", {"item_id": item_id, "stock_list": [entry]})["error"] == ""
        order_sn = buy_on_shopee(shop, {"sku": "AO-THUN", "quantity": 2}).json()["order_sn"]
        order_id = buy_on_lazada(seller, {"sku": "AO-THUN", "quantity": 3}).json()["order_id"]
        before = [
            box.control("GET", f"/shopee/orders?shop={shop.shop_id}"),
            box.control("GET", f"/lazada/orders?seller={seller.seller_id}"),
            on_shopee(shop),
            on_lazada(seller),
        ]
        box.stop(number)
        box.start()
        assert before == [
            box.control("GET", f"/shopee/orders?shop={shop.shop_id}"),
            box.control("GET", f"/lazada/orders?seller={seller.seller_id}"),
            on_shopee(shop),
            on_lazada(seller),
        ]
        assert shop.get("/shop/get_shop_info")["error"] == ""
        assert seller.get("/order/get", {"order_id": str(order_id)})["code"] == "0"
        assert buy_on_shopee(shop, {"sku": "AO-THUN"}).json()["order_sn"] != order_sn
        assert buy_on_shopee(shop, {"sku": "AO-THUN", "quantity": 6}).status_code == 409
    finally:
        box.stop()


def test_a_stock_write_is_on_disk_soon_after(tmp_path: Path) -> None:
    box = Sandbox(tmp_path / "state").start()
    try:
        shop = open_shop(box)
        item_id, _ = list_on_shopee(shop, stock=10)
        entry = {"model_id": 0, "seller_stock": [{"stock": 4}]}
        shop.post("/product/update_stock", {"item_id": item_id, "stock_list": [entry]})
        time.sleep(0.2)
        box.stop(signal.SIGKILL)
        box.start()
        assert on_shopee(shop)["total"] == 4
    finally:
        box.stop()


def test_a_notice_not_delivered_survives_a_kill(tmp_path: Path) -> None:
    box = Sandbox(tmp_path / "state").start()
    try:
        with Callback() as callback:
            shop = open_shop(box, callback_url=callback.url)
            list_on_shopee(shop)
            callback.status = 500
            order_sn = buy_on_shopee(shop, {"sku": "AO-THUN"}).json()["order_sn"]
            wait_for(lambda: len(callback.received) == 2)
            box.stop(signal.SIGKILL)
            callback.status = 200
            box.start()
            wait_for(lambda: len(callback.received) == 4)
            assert {one.json["code"] for one in callback.received[2:]} == {3, 8}
            assert all(order_sn in one.body.decode() for one in callback.received)
    finally:
        box.stop()


def test_twenty_thousand_listings_are_made_in_one_call(shop: Shopee, seller: Lazada) -> None:
    listings = [{"name": f"Sản phẩm {number}", "sku": f"S-{number}", "stock": 5} for number in range(20_000)]
    began = time.monotonic()
    body = {"shop": shop.shop_id, "listings": listings}
    made = shop.box.control("POST", "/shopee/listings", body)["listings"]
    assert len(made) == 20_000
    assert time.monotonic() - began < 8
    body = {"seller": seller.seller_id, "listings": listings}
    assert len(seller.box.control("POST", "/lazada/listings", body)["listings"]) == 20_000
    assert len(shop.box.control("GET", f"/shopee/stock?shop={shop.shop_id}")["rows"]) == 20_000
    assert len(shop.box.control("GET", f"/lazada/stock?seller={seller.seller_id}")["rows"]) == 20_000


def test_calls_are_counted(box: Sandbox, shop: Shopee) -> None:
    box.control("DELETE", "/stats")
    for _ in range(5):
        shop.get("/shop/get_shop_info")
    seen = box.control("GET", "/stats")["endpoints"]["/api/v2/shop/get_shop_info"]
    assert (seen["count"], seen["status"]) == (5, {"200": 5})
    assert 0 < seen["p50_ms"] <= seen["p95_ms"] < 100


def test_calls_with_ids_in_their_paths_are_counted_by_what_they_do(box: Sandbox) -> None:
    woo, shopify = open_woo(box), open_shopify(box)
    made = [list_on_woo(woo, f"A-{number}")[0] for number in range(3)]
    box.control("DELETE", "/stats")
    for number in made:
        woo.put(f"/products/{number}", {"stock_quantity": 1})
    woo.get("/orders/1")
    shopify.ask("{ shop { name } locations(first: 1) { nodes { id } } }")
    shopify.refused("{ shop { ")
    shopify.rest("GET", "/locations.json")
    shopify.rest("GET", "/none.json")
    shopify.access_token = "no"
    shopify.reply("{ shop { name } }")
    box.http.get(f"{box.url}/shopify/")
    seen = {name: row["count"] for name, row in box.control("GET", "/stats")["endpoints"].items()}
    assert {name: count for name, count in seen.items() if not name.startswith("/control")} == {
        "/woocommerce/wp-json/wc/v3/products/#": 3,
        "/woocommerce/wp-json/wc/v3/orders/#": 1,
        "/shopify/admin/api/graphql query shop locations": 1,
        "/shopify/admin/api/graphql": 1,
        "/shopify/admin/api/locations": 1,
        "/shopify/(refused at the door)": 1,
        "/shopify/": 1,
        "(not found)": 1,
    }


def test_a_shopper_sees_and_buys(box: Sandbox, shop: Shopee, seller: Lazada) -> None:
    shopee_item, _ = list_on_shopee(shop, stock=2, name="Áo <b>thun</b>")
    lazada_item, sku_id = list_on_lazada(seller, stock=2)
    front = box.http.get(box.url + "/shopee/")
    assert "Áo &lt;b&gt;thun&lt;/b&gt;" in front.text
    assert "99.000 ₫" in front.text
    for market, item_id, variant in (("shopee", shopee_item, 0), ("lazada", lazada_item, sku_id)):
        assert "Mua ngay" in box.http.get(f"{box.url}/{market}/item/{item_id}").text
        form = {"item_id": item_id, "variant": variant, "quantity": 2, "name": "An", "phone": "0901234567"}
        bought = box.http.post(f"{box.url}/{market}/buy", data=form, follow_redirects=True)
        assert "Đơn hàng" in bought.text
        seen = box.http.get(f"{box.url}/{market}/item/{item_id}.json").json()
        assert (seen["available"], seen["stock"]) == (0, {str(variant): 0})
        again = box.http.post(f"{box.url}/{market}/buy", data=form)
        assert again.status_code == 409
        assert "Hết hàng" in again.text
    assert box.http.get(box.url + "/shopee/item/1").status_code == 404


def test_reset_forgets_all_but_the_numbers(box: Sandbox, shop: Shopee) -> None:
    item_id, _ = list_on_shopee(shop)
    box.control("POST", "/reset")
    assert box.control("GET", "")["shopee"] == {"apps": [], "shops": {}, "items": 0, "orders": 0}
    again, _ = list_on_shopee(open_shop(box))
    assert again > item_id


def test_odd_requests_are_answered(box: Sandbox) -> None:
    assert box.http.get(box.url + "/healthz").json() == {"ok": True}
    assert box.http.get(box.url + "/nowhere").status_code == 404
    assert box.http.get(box.url + "/api/v2/none").json()["error"] == "error_not_found"
    assert box.http.post(box.url + "/control/shopee/shops", content=b"{").status_code == 422
    chunks = (part for part in (b'{"advance', b'_s": 0}'))
    assert box.http.post(box.url + "/control/clock", content=chunks).status_code == 200
    assert box.http.get(box.url + "/control/shopee/listing?shop=x&sku=y").status_code == 422


def test_published_products_and_pictures_outlive_a_kill(tmp_path: Path) -> None:
    box = Sandbox(tmp_path).start()
    shop, content = open_shop(box), png(shade=12)
    item_id = make(shop, image={"image_id_list": [upload(shop, content)]})
    before = info(shop, item_id)
    port = int(box.url.rpartition(":")[2])
    box.stop(signal.SIGKILL)
    box.start(port)
    try:
        assert info(shop, item_id) == before
        assert box.http.get(before["image"]["image_url_list"][0]).content == content
        box.control("POST", "/reset")
        assert box.http.get(before["image"]["image_url_list"][0]).status_code == 404
    finally:
        box.stop()
