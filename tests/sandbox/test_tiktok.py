"""The stand-in of TikTok Shop behaves as the protocol notes say."""

from __future__ import annotations

import hashlib
import hmac
import json
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from mekong_sandbox.tiktok import signing
from tests.sandbox.driving import Callback, Sandbox, Shopee, wait_for
from tests.sandbox.publishing_tiktok import draft, sku
from tests.sandbox.selling_tiktok import TikTok, open_tiktok

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors" / "tiktokshop.json").read_text())
PRODUCTS = "/product/202502/products/search"
ORDERS = "/order/202309/orders/search"
STOCK = "/product/202309/inventory/search"


@pytest.fixture
def tiktok(box: Sandbox) -> TikTok:
    return open_tiktok(box)


@pytest.fixture
def callback() -> Iterator[Callback]:
    with Callback() as opened:
        yield opened


def named(vectors: list[dict[str, Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", vectors, ids=[vector["name"] for vector in vectors])


# -- signatures


@named(VECTORS["request_vectors"])
def test_a_call_is_signed_as_recorded(vector: dict[str, Any]) -> None:
    kind = vector["content_type"].partition(";")[0]
    body = signing.signed_body(vector["method"], kind, (vector["body"] or "").encode())
    base = signing.base_of(vector["app_secret"], vector["path"], vector["query"], body)
    assert base.decode() == vector["base_string"]
    assert signing.sign_call(vector["app_secret"], vector["path"], vector["query"], body) == vector["sign"]


@named(VECTORS["webhook_vectors"])
def test_a_webhook_is_signed_as_recorded(vector: dict[str, Any]) -> None:
    signed = signing.sign_push(vector["app_secret"], vector["app_key"], vector["raw_body"].encode())
    assert signed == vector["authorization"]


def test_the_body_is_signed_byte_by_byte(tiktok: TikTok) -> None:
    query = {"app_key": tiktok.app_key, "timestamp": str(int(time.time())), "shop_cipher": tiktok.cipher}
    query |= {"page_size": "10"}
    query["sign"] = tiktok.sign(PRODUCTS, query, b'{"status":"ALL"}')
    headers = {"x-tts-access-token": tiktok.access_token, "content-type": "application/json"}

    def code(body: bytes) -> int:
        url = tiktok.box.url + PRODUCTS
        return int(tiktok.box.http.post(url, params=query, content=body, headers=headers).json()["code"])

    assert code(b'{"status":"ALL"}') == 0
    assert code(b'{"status": "ALL"}') == 106001


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"app_key": "nobody"}, 400, 36009004),
        ({"timestamp": "1"}, 400, 36009004),
        ({"timestamp": "9999999999"}, 400, 36009004),
        ({"timestamp": "soon"}, 400, 36009004),
        ({"sign": ""}, 400, 36009004),
        ({"sign": "0" * 64}, 401, 106001),
        ({"page_size": "20"}, 401, 106001),
        ({"shop_cipher": ""}, 401, 106001),
    ],
)
def test_a_call_not_signed_well_is_refused(tiktok: TikTok, changed: dict[str, Any], status: int, code: int) -> None:
    reply = tiktok.reply("POST", PRODUCTS, {"page_size": "10"}, {}, **changed)
    assert (reply.status_code, reply.json()["code"], reply.json()["data"]) == (status, code, None)


def test_an_upper_case_signature_is_wrong(tiktok: TikTok) -> None:
    sent = {"app_key": tiktok.app_key, "timestamp": str(int(time.time())), "shop_cipher": tiktok.cipher}
    sign = tiktok.sign("/logistics/202309/warehouses", sent).upper()
    assert tiktok.reply("GET", "/logistics/202309/warehouses", sign=sign).json()["code"] == 106001


def test_paths_methods_and_versions_are_checked(tiktok: TikTok) -> None:
    for method, path, status, code in (
        ("GET", "/order/202309/nothing", 404, 36009009),
        ("GET", "/finance/202309/withdrawals", 404, 36009009),
        ("GET", ORDERS, 405, 36009010),
        ("POST", "/order/202501/orders/search", 400, 36009014),
    ):
        reply = tiktok.reply(method, path)
        assert (reply.status_code, reply.json()["code"]) == (status, code), path


def test_the_cipher_is_required_or_refused(box: Sandbox, tiktok: TikTok) -> None:
    other = open_tiktok(box)
    shops = tiktok.get("/authorization/202309/shops", cipher=False)["shops"]
    assert [(row["id"], row["cipher"], row["region"]) for row in shops] == [(tiktok.shop_id, tiktok.cipher, "VN")]
    assert tiktok.reply("GET", "/authorization/202309/shops").json()["code"] == 36009004
    assert tiktok.reply("POST", PRODUCTS, {"page_size": "1"}, {}, cipher=False).json()["code"] == 106013
    tiktok.cipher = other.cipher
    assert tiktok.reply("POST", PRODUCTS, {"page_size": "1"}, {}).json()["code"] == 101000
    assert tiktok.get("/seller/202309/shops", cipher=False)["shops"] == [{"id": tiktok.shop_id, "region": "VN"}]


# -- authorisation


def tokens(tiktok: TikTok, path: str = "get", **query: str) -> Any:
    sent = {"app_key": tiktok.app_key, "app_secret": tiktok.app_secret, **query}
    return tiktok.box.http.get(f"{tiktok.box.url}/api/v2/token/{path}", params=sent).json()


def test_a_seller_lets_an_app_in_and_its_code_buys_tokens_once(box: Sandbox) -> None:
    tiktok = open_tiktok(box, authorise=False, redirect_url="https://shop.example/back?x=1")
    link = f"{box.url}/open/authorize"
    asked = {"service_id": tiktok.service_id, "state": "s 1"}
    page = box.http.get(link, params=asked)
    assert tiktok.shop_id in page.text
    assert "Cho phép" in page.text
    led = box.http.post(link, data=asked | {"owner": tiktok.shop_id}).headers["location"]
    told = parse_qs(urlsplit(led).query)
    assert led.startswith("https://shop.example/back?x=1&")
    assert (told["app_key"], told["state"], told["shop_region"]) == ([tiktok.app_key], ["s 1"], ["VN"])
    bought = tokens(tiktok, auth_code=told["code"][0], grant_type="authorized_code")
    assert bought["code"] == 0
    data = bought["data"]
    assert 0 <= time.time() + 7 * 86400 - data["access_token_expire_in"] < 5
    assert data["refresh_token_expire_in"] > data["access_token_expire_in"]
    assert data["seller_base_region"] == "VN"
    tiktok.access_token = data["access_token"]
    assert tiktok.get("/authorization/202309/shops", cipher=False)["shops"]
    assert tokens(tiktok, auth_code=told["code"][0], grant_type="authorized_code")["code"] == 36004004


def test_the_older_link_leads_to_the_same_page(box: Sandbox) -> None:
    tiktok = open_tiktok(box, redirect_url="https://shop.example/back")
    page = box.http.get(f"{box.url}/oauth/authorize", params={"app_key": tiktok.app_key, "state": "s"})
    assert (page.status_code, "TikTok" in page.text) == (200, True)
    lazada = box.http.get(f"{box.url}/oauth/authorize", params={"client_id": "1", "redirect_uri": "https://a.example"})
    assert "client_id" in lazada.text


def test_a_link_that_is_wrong_says_so(box: Sandbox, tiktok: TikTok) -> None:
    link = f"{box.url}/open/authorize"
    assert box.http.get(link, params={"service_id": "1"}).status_code == 422
    assert box.http.get(link, params={"service_id": tiktok.service_id}).status_code == 422  # no redirect URL is set
    box.control("POST", "/tiktok/apps", {"app_key": tiktok.app_key, "redirect_url": "https://shop.example"})
    assert box.http.post(link, data={"service_id": tiktok.service_id, "owner": "1"}).status_code == 422


def test_tokens_run_out_and_are_refreshed(box: Sandbox, tiktok: TikTok) -> None:
    box.control("POST", "/clock", {"advance_s": 7 * 86400 + 1})
    late = tiktok.reply("GET", "/authorization/202309/shops", cipher=False)
    assert (late.status_code, late.json()["code"]) == (401, 105002)
    fresh = tokens(tiktok, "refresh", refresh_token=tiktok.refresh_token, grant_type="refresh_token")["data"]
    assert fresh["access_token"] != tiktok.access_token
    assert 0 <= time.time() + 7 * 86400 - fresh["access_token_expire_in"] < 5  # unix seconds of the caller's clock
    tiktok.access_token = fresh["access_token"]
    assert tiktok.get("/authorization/202309/shops", cipher=False)["shops"]
    tiktok.access_token = "ROW_unknown"
    assert tiktok.reply("GET", "/authorization/202309/shops", cipher=False).json()["code"] == 36009004
    box.control("POST", "/clock", {"advance_s": 366 * 86400})
    last = tokens(tiktok, "refresh", refresh_token=fresh["refresh_token"], grant_type="refresh_token")
    assert last["code"] == 36004005


def test_calls_for_tokens_are_checked(box: Sandbox, tiktok: TikTok) -> None:
    code = box.control("POST", "/tiktok/codes", {"shop": tiktok.shop_id})["code"]
    url = f"{box.url}/api/v2/token/get"
    good = {"app_key": tiktok.app_key, "app_secret": tiktok.app_secret, "auth_code": code}
    good["grant_type"] = "authorized_code"
    assert box.http.get(url, params=good | {"app_secret": "x"}).json()["code"] == 36009004
    assert box.http.get(url, params=good | {"grant_type": "refresh_token"}).json()["code"] == 36009004
    assert box.http.get(url, params=good | {"auth_code": tiktok.refresh_token}).json()["code"] == 36004004
    assert box.http.post(url, params=good).json()["code"] == 36009010
    other = open_tiktok(box)
    assert tokens(other, auth_code=code, grant_type="authorized_code")["code"] == 36004004
    box.control("POST", "/clock", {"advance_s": 1801})
    assert box.http.get(url, params=good).json()["code"] == 36004004


def test_shopees_calls_stay_its_own(box: Sandbox, tiktok: TikTok, shop: Shopee) -> None:
    code = box.control("POST", "/shopee/codes", {"shop": shop.shop_id})["code"]
    body = {"code": code, "partner_id": shop.partner_id, "shop_id": shop.shop_id}
    assert shop.post("/auth/token/get", body, public=True)["access_token"]
    assert box.http.get(f"{box.url}/api/v2/token/none").json()["error"] == "error_not_found"


def test_a_seller_shuts_an_app_out(box: Sandbox, callback: Callback) -> None:
    tiktok = open_tiktok(box, callback_url=callback.url)
    box.control("POST", "/tiktok/deauthorise", {"shop": tiktok.shop_id, "app_key": tiktok.app_key})
    assert tiktok.reply("GET", "/authorization/202309/shops", cipher=False).json()["code"] == 36009004
    wait_for(lambda: [one.json["type"] for one in callback.received] == [6])
    refused = box.http.post(
        f"{box.url}/control/tiktok/deauthorise", json={"shop": tiktok.shop_id, "app_key": tiktok.app_key}
    )
    assert refused.status_code == 409


# -- products


def test_ids_are_text_too_long_for_a_double(tiktok: TikTok) -> None:
    product_id, sku_ids = tiktok.list(models=[{"sku": "A-1", "name": "Đỏ"}, {"sku": "A-2", "name": "Xanh"}])
    row = tiktok.post(PRODUCTS, {}, {"page_size": "10"})["products"][0]
    assert [row["id"], *(sku["id"] for sku in row["skus"])] == [product_id, *sku_ids]
    for one in (product_id, *sku_ids, tiktok.shop_id, *tiktok.warehouses):
        assert len(one) == 19
        assert int(one) > 2**53


def test_products_are_paged_and_found(tiktok: TikTok) -> None:
    made = [tiktok.list(f"A-{number}", stock=number)[0] for number in range(5)]
    first = tiktok.post(PRODUCTS, {}, {"page_size": "2"})
    tiktok.list("A-5")  # a product that comes while pages are read moves none of the others
    second = tiktok.post(PRODUCTS, {}, {"page_size": "2", "page_token": first["next_page_token"]})
    third = tiktok.post(PRODUCTS, {}, {"page_size": "2", "page_token": second["next_page_token"]})
    assert [row["id"] for page in (first, second, third) for row in page["products"]][:5] == made
    assert (first["total_count"], third["total_count"], third["next_page_token"]) == (5, 6, "")
    found = tiktok.post("/product/202309/products/search", {"seller_skus": ["A-1"]}, {"page_size": "9"})["products"]
    assert [row["id"] for row in found] == [made[1]]
    assert found[0]["skus"][0]["price"]["sale_price"] == "99000"
    assert tiktok.post(PRODUCTS, {"update_time_ge": int(time.time()) + 9}, {"page_size": "9"})["products"] == []
    window = {"create_time_ge": int(time.time()) - 9, "create_time_le": int(time.time())}
    assert len(tiktok.post(PRODUCTS, window, {"page_size": "9"})["products"]) == 6


def test_a_search_is_checked(tiktok: TikTok) -> None:
    for query, body in (
        ({}, {}),
        ({"page_size": "0"}, {}),
        ({"page_size": "101"}, {}),
        ({"page_size": "9", "page_token": "nonsense"}, {}),
        ({"page_size": "9"}, {"status": "GONE"}),
        ({"page_size": "9"}, {"seller_skus": "A"}),
        ({"page_size": "9"}, []),
    ):
        assert tiktok.code(PRODUCTS, body, query) != 0, (query, body)


def test_a_product_is_read_in_full(tiktok: TikTok) -> None:
    models = [{"sku": "A-M", "options": ["Đỏ", "M"], "stock": 3, "barcode": "8930000000017"}]
    product_id, (sku_id,) = tiktok.list("", models=models, image="https://img.example/a.jpg")
    one = tiktok.get(f"/product/202309/products/{product_id}")
    assert (one["title"], one["status"]) == ("Áo thun cotton", "ACTIVATE")
    assert one["main_images"][0]["urls"] == ["https://img.example/a.jpg"]
    sku = one["skus"][0]
    assert (sku["id"], sku["seller_sku"], sku["identifier_code"]["code"]) == (sku_id, "A-M", "8930000000017")
    assert [row["value_name"] for row in sku["sales_attributes"]] == ["Đỏ", "M"]
    assert sku["inventory"] == [{"warehouse_id": tiktok.warehouses[0], "quantity": 3}]
    assert tiktok.reply("GET", "/product/202309/products/1").json()["code"] == 12019150


def test_another_shops_product_is_not_there(box: Sandbox, tiktok: TikTok) -> None:
    product_id, (sku_id,) = open_tiktok(box).list()
    assert tiktok.reply("GET", f"/product/202309/products/{product_id}").json()["code"] == 12019150
    assert tiktok.post(STOCK, {"sku_ids": [sku_id]})["inventory"] == []
    assert tiktok.post(STOCK, {"product_ids": [product_id]})["inventory"] == []
    row = {"id": sku_id, "inventory": [{"quantity": 1}]}
    assert tiktok.code(f"/product/202309/products/{product_id}/inventory/update", {"skus": [row]}) == 12019150


def test_stock_is_searched_by_product_or_sku(tiktok: TikTok) -> None:
    product_id, (first, second) = tiktok.list(models=[{"sku": "A", "stock": 5}, {"sku": "B", "stock": 7}])
    tiktok.buy({"sku": "A", "quantity": 2})
    all_of_it = tiktok.post(STOCK, {"product_ids": [product_id, "1"]})["inventory"]
    assert [(row["product_id"], len(row["skus"])) for row in all_of_it] == [(product_id, 2)]
    one = tiktok.post(STOCK, {"sku_ids": [first], "product_ids": [product_id]})["inventory"][0]["skus"]
    assert [(row["id"], row["total_available_quantity"], row["total_committed_quantity"]) for row in one] == [
        (first, 3, 2)
    ]
    assert one[0]["warehouse_inventory"][0]["warehouse_id"] == tiktok.warehouses[0]
    assert second not in json.dumps(one)
    assert tiktok.code(STOCK, {}) == 36009004
    assert tiktok.code(STOCK, {"sku_ids": ["1"] * 601}) == 36009004


def test_warehouses_that_sell_are_told_from_the_one_that_takes_returns(box: Sandbox) -> None:
    tiktok = open_tiktok(box, warehouses=["Kho A", "Kho B"])
    rows = tiktok.get("/logistics/202309/warehouses")["warehouses"]
    assert [(row["name"], row["type"], row["is_default"]) for row in rows] == [
        ("Kho A", "SALES_WAREHOUSE", True),
        ("Kho B", "SALES_WAREHOUSE", False),
        ("Kho hoàn", "RETURN_WAREHOUSE", True),
    ]
    assert [row["id"] for row in rows[:2]] == tiktok.warehouses


# -- writes of stock and price


def test_a_written_figure_is_what_is_available_and_loses_no_sale(tiktok: TikTok) -> None:
    product_id, (sku_id,) = tiktok.list(stock=10)
    tiktok.bought(3)
    assert tiktok.figures() == (7, 3)
    assert tiktok.write(product_id, sku_id, 5) == {}
    assert tiktok.figures() == (5, 3)
    assert tiktok.write(product_id, sku_id, 0) == {}
    assert tiktok.figures() == (0, 3)
    refused = tiktok.buy({"sku": "AO-THUN"})
    assert (refused.status_code, refused.json()["available"]) == (409, 0)


def test_skus_that_cannot_be_written_are_named_and_the_others_are_done(tiktok: TikTok) -> None:
    product_id, (first, second, third) = tiktok.list(models=[{"sku": "A"}, {"sku": "B"}, {"sku": "C", "stock": 1}])
    own = tiktok.warehouses[0]
    rows = [
        {"id": first, "inventory": [{"warehouse_id": own, "quantity": 4}]},
        {"id": second, "inventory": [{"quantity": 6}]},  # with one warehouse its id may be left out
        {"id": third, "inventory": [{"warehouse_id": "7", "quantity": 9}]},
        {"id": "99", "inventory": [{"warehouse_id": own, "quantity": 9}]},
        {"id": first, "inventory": [{"warehouse_id": own, "quantity": 9}]},
    ]
    path = f"/product/202309/products/{product_id}/inventory/update"
    errors = tiktok.post(path, {"skus": rows})["errors"]
    assert [(row["detail"]["sku_id"], row["code"]) for row in errors] == [
        (third, 12052990),
        ("99", 12052557),
        (first, 12052553),
    ]
    inner = errors[0]["detail"]["extra_errors"]
    assert [(row["warehouse_id"], row["code"]) for row in inner] == [("7", 12052097), (own, 12052516)]
    assert [tiktok.figures(sku)[0] for sku in "ABC"] == [4, 6, 1]
    assert tiktok.code(path, {"skus": []}) == 36009004
    assert tiktok.code(path, {"skus": [{"id": 5, "inventory": []}]}) == 36009004  # ids are text
    assert tiktok.code(path, {"skus": [{"id": first, "inventory": [{"quantity": "4"}]}]}) == 36009004


@pytest.mark.parametrize("quantity", [-1, 100_000])
def test_quantities_out_of_range_are_refused(tiktok: TikTok, quantity: int) -> None:
    product_id, (sku_id,) = tiktok.list(stock=10)
    errors = tiktok.write(product_id, sku_id, quantity)["errors"]
    assert errors[0]["detail"]["extra_errors"][0]["code"] == 12052055
    assert tiktok.figures() == (10, 0)


def test_every_warehouse_of_a_sku_must_be_written(box: Sandbox) -> None:
    tiktok = open_tiktok(box, warehouses=["Kho A", "Kho B"])
    product_id, (sku_id,) = tiktok.list(stock=2)
    path = f"/product/202309/products/{product_id}/inventory/update"

    def write(*rows: tuple[int, int]) -> Any:
        inventory = [{"warehouse_id": tiktok.warehouses[at], "quantity": quantity} for at, quantity in rows]
        return tiktok.post(path, {"skus": [{"id": sku_id, "inventory": inventory}]})

    missing = write((0, 5))["errors"][0]["detail"]["extra_errors"]
    assert [(row["warehouse_id"], row["code"]) for row in missing] == [(tiktok.warehouses[1], 12052516)]
    assert tiktok.figures() == (2, 0)
    assert write((0, 5), (1, 3), (1, 4))["errors"][0]["detail"]["extra_errors"][0]["code"] == 12052555
    assert write((0, 5), (1, 3)) == {}
    assert tiktok.figures() == (8, 0)
    order = tiktok.order(tiktok.bought(6))
    assert [line["package_id"] for line in order["line_items"]] == [order["packages"][0]["id"]] * 5 + [
        order["packages"][1]["id"]
    ]


def test_writes_and_sales_in_a_race_lose_nothing(tiktok: TikTok) -> None:
    product_id, (sku_id,) = tiktok.list(stock=40)

    def visit(number: int) -> int:
        with httpx.Client(timeout=60) as client:
            body = {"shop": tiktok.shop_id, "lines": [{"sku": "AO-THUN"}]}
            return client.post(f"{tiktok.box.url}/tiktok/buy", json=body).status_code

    with ThreadPoolExecutor(20) as pool:
        answers = [pool.submit(visit, number) for number in range(60)]
        tiktok.write(product_id, sku_id, 10)
        sold = sum(one.result() == 201 for one in answers)
    available, committed = tiktok.figures()
    assert committed == sold
    assert available >= 0
    orders = tiktok.box.control("GET", f"/tiktok/orders?shop={tiktok.shop_id}")["rows"]
    assert len(orders) == sold


def test_prices_are_text_and_set_all_or_none(tiktok: TikTok) -> None:
    product_id, (first, second) = tiktok.list(models=[{"sku": "A"}, {"sku": "B"}])
    path = f"/product/202309/products/{product_id}/prices/update"

    def row(sku_id: str, amount: object, currency: str = "VND") -> dict[str, Any]:
        return {"id": sku_id, "price": {"amount": amount, "currency": currency}}

    assert tiktok.post(path, {"skus": [row(first, "120000"), row(second, "99000")]}) == {}
    for rows, code in (
        ([row(first, "1"), row("99", "1")], 12052557),
        ([row(first, "1"), row(second, "0")], 12052073),
        ([row(first, "1"), row(second, "nan")], 12052073),
        ([row(first, "1"), row(second, "1", "USD")], 12052084),
        ([row(first, "1"), row(second, 1)], 36009004),
        ([], 36009004),
    ):
        assert tiktok.code(path, {"skus": rows}) == code
    skus = tiktok.get(f"/product/202309/products/{product_id}")["skus"]
    assert [sku["price"]["sale_price"] for sku in skus] == ["120000", "99000"]
    tiktok.post("/product/202309/products/deactivate", {"product_ids": [product_id]})
    assert tiktok.code(path, {"skus": [row(first, "1")]}) == 12019113


def test_decimals_follow_the_currency(box: Sandbox) -> None:
    tiktok = open_tiktok(box, region="SG", currency="SGD")
    product_id, _ = tiktok.list(price="12.50")
    assert tiktok.get(f"/product/202309/products/{product_id}")["skus"][0]["price"]["sale_price"] == "12.50"


# -- publishing


def test_a_product_is_made_hidden_shown_and_deleted(tiktok: TikTok, callback: Callback) -> None:
    tiktok.box.control("POST", "/tiktok/apps", {"app_key": tiktok.app_key, "callback_url": callback.url})
    new = draft(tiktok, sku(tiktok, "MOI-1", "Đỏ", stock=12))
    made = tiktok.post("/product/202309/products", new)
    product_id = made["product_id"]
    assert made["skus"][0]["seller_sku"] == "MOI-1"
    assert tiktok.figures("MOI-1") == (12, 0)
    assert tiktok.post("/product/202309/products/deactivate", {"product_ids": [product_id]}) == {}
    assert tiktok.buy({"sku": "MOI-1"}).status_code == 409
    again = tiktok.post("/product/202309/products/deactivate", {"product_ids": [product_id, "1"]})["errors"]
    assert [(row["detail"]["product_id"], row["code"]) for row in again] == [(product_id, 12019113), ("1", 12019150)]
    assert tiktok.post("/product/202309/products/activate", {"product_ids": [product_id]}) == {}
    assert tiktok.post("/product/202309/products", {"product_ids": [product_id]}, method="DELETE") == {}
    assert tiktok.post(PRODUCTS, {}, {"page_size": "9"})["products"] == []
    assert tiktok.post(PRODUCTS, {"status": "DELETED"}, {"page_size": "9"})["total_count"] == 1
    assert tiktok.buy({"sku": "MOI-1"}).status_code == 404
    wait_for(lambda: [one.json["type"] for one in callback.received] == [5, 5, 5])
    assert {row["id"] for row in tiktok.get("/product/202309/categories")["categories"]} >= {"600001"}


# -- orders


def test_an_order_has_one_line_item_a_unit(tiktok: TikTok) -> None:
    tiktok.list(models=[{"sku": "AO-THUN", "name": "Đỏ", "stock": 10}, {"sku": "QUAN", "stock": 10}])
    lines = [{"sku": "AO-THUN", "quantity": 3}, {"sku": "QUAN", "quantity": 2, "unit_price": 50000}]
    order_id = str(tiktok.buy(*lines, note="Gọi trước").json()["order_id"])
    order = tiktok.order(order_id)
    assert [line["seller_sku"] for line in order["line_items"]] == ["AO-THUN"] * 3 + ["QUAN"] * 2
    assert len({line["id"] for line in order["line_items"]}) == 5
    assert "quantity" not in order["line_items"][0]
    assert (order["status"], order["payment"]["total_amount"], order["buyer_message"]) == (
        "AWAITING_SHIPMENT",
        "397000",
        "Gọi trước",
    )
    assert (order["line_items"][3]["original_price"], order["line_items"][3]["sale_price"]) == ("99000", "50000")
    assert order["recipient_address"]["name"] == "N***"
    assert "0901234567" not in json.dumps(order)
    assert order["paid_time"] >= order["create_time"]
    assert tiktok.get("/order/202309/orders", {"ids": f"{order_id},1"})["orders"] == [order]
    assert tiktok.reply("GET", "/order/202507/orders").json()["code"] == 36009004
    too_many = ",".join(["1"] * 51)
    assert tiktok.reply("GET", "/order/202507/orders", {"ids": too_many}).json()["code"] == 36009004


def test_orders_are_paged_by_change_and_by_creation(tiktok: TikTok) -> None:
    tiktok.list()
    made = [tiktok.bought() for _ in range(4)]
    newest = {"page_size": "3", "sort_field": "create_time", "sort_order": "DESC"}
    first = tiktok.post(ORDERS, {}, newest)
    second = tiktok.post(ORDERS, {}, newest | {"page_token": first["next_page_token"]})
    assert [row["id"] for row in first["orders"] + second["orders"]] == made[::-1]
    assert (first["total_count"], second["next_page_token"]) == (4, "")

    by_change = {"page_size": "2", "sort_field": "update_time", "sort_order": "ASC"}
    body = {"update_time_ge": int(time.time()) - 60}
    page = tiktok.post(ORDERS, body, by_change)
    tiktok.advance(made[0], "arranged")  # an order that changes between two pages is seen again, and hides no other
    rest = tiktok.post(ORDERS, body, by_change | {"page_token": page["next_page_token"], "page_size": "9"})
    assert [row["id"] for row in page["orders"]] == made[:2]
    assert [row["id"] for row in rest["orders"]] == [*made[2:], made[0]]


def test_orders_are_found_by_their_facts(box: Sandbox) -> None:
    tiktok = open_tiktok(box, warehouses=["Kho A", "Kho B"])
    tiktok.list()
    unpaid, paid = tiktok.bought(unpaid=True), tiktok.bought()
    tiktok.advance(paid, "buyer_cancel_request")
    now = int(time.time())

    def found(**body: Any) -> list[str]:
        return [row["id"] for row in tiktok.post(ORDERS, body, {"page_size": "9"})["orders"]]

    assert found(order_status="UNPAID") == [unpaid]
    assert found(is_buyer_request_cancel=True) == [paid]
    assert found(warehouse_ids=[tiktok.warehouses[1]]) == []
    assert found(shipping_type="SELLER") == []
    assert found(buyer_user_id=tiktok.order(unpaid)["user_id"]) == [unpaid]
    assert found(create_time_ge=now - 60, create_time_lt=now + 2) == [unpaid, paid]
    assert found(create_time_lt=now - 60) == []
    assert found(update_time_ge=now + 60) == []
    assert found(create_time_ge=now - 60, update_time_lt=now - 60) == []
    assert tiktok.code(ORDERS, {"order_status": "GONE"}, {"page_size": "9"}) == 36009004
    assert tiktok.code(ORDERS, {}, {"page_size": "9", "sort_field": "id"}) == 36009004
    assert tiktok.code(ORDERS, {}, {"page_size": "101"}) == 12019109
    assert open_tiktok(box).post(ORDERS, {}, {"page_size": "9"})["orders"] == []


def test_stock_follows_the_order(tiktok: TikTok) -> None:
    tiktok.list(stock=10)
    order_id = tiktok.bought(3, unpaid=True)
    unpaid = tiktok.order(order_id)
    assert (unpaid["status"], unpaid["packages"], "paid_time" in unpaid) == ("UNPAID", [], False)
    assert tiktok.figures() == (7, 3)
    assert tiktok.advance(order_id, "pay")["status"] == "AWAITING_SHIPMENT"
    package_id = tiktok.ship(order_id)
    shipped = tiktok.order(order_id)
    assert (shipped["status"], shipped["packages"]) == ("AWAITING_COLLECTION", [{"id": package_id}])
    assert shipped["tracking_number"] == shipped["line_items"][0]["tracking_number"] != ""
    assert tiktok.figures() == (7, 3)
    assert tiktok.advance(order_id, "pickup")["status"] == "IN_TRANSIT"
    assert tiktok.figures() == (7, 0)
    assert tiktok.advance(order_id, "deliver")["status"] == "DELIVERED"
    assert tiktok.advance(order_id, "complete")["status"] == "COMPLETED"
    assert tiktok.order(order_id)["line_items"][0]["package_status"] == "COMPLETED"
    tracked = tiktok.get(f"/fulfillment/202309/orders/{order_id}/tracking")["tracking"]
    assert [row["description"] for row in tracked][-1] == "Người bán đã chuẩn bị hàng"
    assert tracked[0]["update_time_millis"] >= tracked[-1]["update_time_millis"] > 10**12
    assert tiktok.figures() == (7, 0)


def test_a_step_the_order_does_not_allow_is_refused(tiktok: TikTok) -> None:
    tiktok.list()
    order_id = tiktok.bought()
    for to in ("paid", "shipped", "delivered", "completed", "return", "send_back", "fly"):
        url = f"{tiktok.box.url}/control/tiktok/orders/{order_id}/advance"
        assert tiktok.box.http.post(url, json={"to": to}).status_code == 409, to
    assert (
        tiktok.box.http.post(f"{tiktok.box.url}/control/tiktok/orders/1/advance", json={"to": "paid"}).status_code
        == 404
    )


def test_a_parcel_that_comes_back_ends_the_order(tiktok: TikTok) -> None:
    tiktok.list(stock=10)
    order_id = tiktok.bought(cod=True)
    for to in ("arranged", "shipped", "failed_delivery"):
        tiktok.advance(order_id, to)
    order = tiktok.order(order_id)
    assert (order["status"], order["cancellation_initiator"], order["is_cod"]) == ("CANCELLED", "SYSTEM", True)
    assert "paid_time" not in order
    assert tiktok.figures() == (9, 0)


def test_a_cod_order_is_paid_when_it_is_delivered(tiktok: TikTok) -> None:
    tiktok.list()
    order_id = tiktok.bought(cod=True)
    for to in ("arranged", "shipped", "delivered"):
        tiktok.advance(order_id, to)
    order = tiktok.order(order_id)
    assert order["paid_time"] == order["delivery_time"]


def test_an_order_may_be_held_before_it_can_be_shipped(box: Sandbox, tiktok: TikTok) -> None:
    box.control("POST", "/settings", {"tiktok_hold_s": 3600})
    tiktok.list(stock=10)
    order_id = tiktok.bought()
    held = tiktok.order(order_id)
    assert (held["status"], held["is_on_hold_order"], held["packages"]) == ("ON_HOLD", True, [])
    box.control("POST", "/clock", {"advance_s": 3601})
    wait_for(lambda: tiktok.order(order_id)["status"] == "AWAITING_SHIPMENT")
    assert tiktok.order(order_id)["packages"]
    assert tiktok.advance(tiktok.bought(), "release")["status"] == "AWAITING_SHIPMENT"


def test_orders_live_by_themselves_when_told_to(box: Sandbox, tiktok: TikTok) -> None:
    box.control("POST", "/settings", {"life": True, "life_pay_s": 0, "life_pickup_s": 0, "life_deliver_s": 0})
    box.control("POST", "/settings", {"life_complete_s": 0})
    tiktok.list()
    order_id = tiktok.bought(unpaid=True)
    wait_for(lambda: tiktok.order(order_id)["status"] == "AWAITING_SHIPMENT")
    tiktok.ship(order_id)
    wait_for(lambda: tiktok.order(order_id)["status"] == "COMPLETED")


# -- parcels


def test_a_parcel_is_shipped_once_and_has_a_label(box: Sandbox, tiktok: TikTok) -> None:
    tiktok.list()
    order_id = tiktok.bought()
    package_id = tiktok.order(order_id)["packages"][0]["id"]
    path = f"/fulfillment/202309/packages/{package_id}"
    documents = {"document_type": "SHIPPING_LABEL", "document_size": "A6"}
    assert tiktok.reply("GET", f"{path}/shipping_documents", documents).json()["code"] == 90021002
    slots = tiktok.get(f"{path}/handover_time_slots")["pickup_slots"]
    slot = {name: slots[0][name] for name in ("start_time", "end_time")}
    backwards = {"start_time": slot["end_time"], "end_time": slot["start_time"]}
    assert tiktok.code(f"{path}/ship", {"pickup_slot": backwards}) == 36009004
    assert tiktok.code(f"{path}/ship", {"handover_method": "DRONE"}) == 36009004
    assert tiktok.post(f"{path}/ship", {"handover_method": "PICKUP", "pickup_slot": slot}) == {}
    assert tiktok.code(f"{path}/ship") == 90021002
    one = tiktok.get(path)
    assert (one["package_status"], one["pickup_slot"], one["orders"][0]["id"]) == ("PROCESSING", slot, order_id)
    document = tiktok.get(f"{path}/shipping_documents", documents)
    assert document["tracking_number"] == one["tracking_number"]
    label = box.http.get(document["doc_url"])
    assert (label.headers["content-type"], label.content[:4]) == ("application/pdf", b"%PDF")
    assert box.http.get(document["doc_url"][:-1] + "x").status_code == 403
    assert box.http.get(f"{box.url}/tiktok/labels/1.pdf").status_code == 404
    assert tiktok.reply("GET", f"{path}/shipping_documents", {"document_type": "X"}).json()["code"] == 36009004
    box.control("POST", "/clock", {"advance_s": 86401})
    assert box.http.get(document["doc_url"]).status_code == 403


def test_several_parcels_are_shipped_in_one_call(tiktok: TikTok) -> None:
    tiktok.list()
    ids = [tiktok.order(tiktok.bought())["packages"][0]["id"] for _ in range(2)]
    body = {"packages": [{"id": one, "handover_method": "DROP_OFF"} for one in (*ids, "1", ids[0])]}
    errors = tiktok.post("/fulfillment/202309/packages/ship", body)["errors"]
    assert [(row["detail"]["package_id"], row["code"]) for row in errors] == [("1", 90021001), (ids[0], 90021002)]
    query = {"page_size": "1", "sort_order": "ASC"}
    search = "/fulfillment/202309/packages/search"
    page = tiktok.post(search, {"package_status": "PROCESSING"}, query)
    rest = tiktok.post(search, {"package_status": "PROCESSING"}, query | {"page_token": page["next_page_token"]})
    assert [row["id"] for row in page["packages"] + rest["packages"]] == ids
    assert tiktok.post(search, {"package_status": "TO_FULFILL"}, query)["packages"] == []
    assert tiktok.code(search, {"package_status": "GONE"}, query) == 36009004


def test_a_seller_with_a_carrier_of_his_own_names_it(box: Sandbox) -> None:
    tiktok = open_tiktok(box, shipping_type="SELLER")
    tiktok.list()
    order = tiktok.order(tiktok.bought())
    path = f"/fulfillment/202309/packages/{order['packages'][0]['id']}"
    assert (order["shipping_type"], tiktok.code(f"{path}/ship")) == ("SELLER", 90021003)
    own = {"tracking_number": "GHN123", "shipping_provider_id": "77"}
    tiktok.post(f"{path}/ship", {"self_shipment": own})
    assert tiktok.order(order["id"])["tracking_number"] == "GHN123"
    reply = tiktok.reply("GET", f"{path}/shipping_documents", {"document_type": "SHIPPING_LABEL"})
    assert reply.json()["code"] == 90021004


# -- what is cancelled, and what comes back


def test_a_seller_cancels_an_order_or_some_units(tiktok: TikTok, callback: Callback) -> None:
    tiktok.box.control("POST", "/tiktok/apps", {"app_key": tiktok.app_key, "callback_url": callback.url})
    _, (sku_id,) = tiktok.list(stock=10)
    order_id = tiktok.bought(4)
    path = "/return_refund/202602/cancellations"
    body: dict[str, Any] = {"order_id": order_id, "cancel_reason": "seller_cancel_reason_out_of_stock"}
    some = tiktok.post(path, body | {"skus": [{"sku_id": sku_id, "quantity": 1}]})
    assert some["cancel_status"] == "CANCELLATION_REQUEST_SUCCESS"
    assert tiktok.figures() == (7, 3)
    order = tiktok.order(order_id)
    assert [line["display_status"] for line in order["line_items"]] == ["CANCELLED"] + ["AWAITING_SHIPMENT"] * 3
    assert order["line_items"][0]["cancel_user"] == "SELLER"
    assert order["status"] == "AWAITING_SHIPMENT"
    wait_for(lambda: len(callback.received) == 3)
    # The order was told of when it was placed; a status that stays is not told again.
    assert sorted(one.json["type"] for one in callback.received) == [1, 4, 11]
    assert tiktok.code(path, body | {"skus": [{"sku_id": sku_id, "quantity": 4}]}) == 90025001
    assert tiktok.code(path, body | {"order_line_item_ids": ["1"]}) == 90025001
    assert tiktok.code(path, body | {"order_line_item_ids": ["x"]}) == 36009004
    line = order["line_items"][1]["id"]
    tiktok.post("/return_refund/202309/cancellations", body | {"order_line_item_ids": [line]})
    assert tiktok.figures() == (8, 2)
    tiktok.post(path, body)
    assert tiktok.figures() == (10, 0)
    done = tiktok.order(order_id)
    assert (done["status"], done["cancellation_initiator"]) == ("CANCELLED", "SELLER")
    assert tiktok.get(f"/fulfillment/202309/packages/{done['packages'][0]['id']}")["package_status"] == "CANCELLED"
    assert tiktok.code(path, body) == 90025001
    assert tiktok.code(path, body | {"order_id": "1"}) == 90011001
    assert tiktok.code(path, body | {"cancel_reason": ""}) == 36009004


def test_an_order_on_its_way_cannot_be_cancelled(tiktok: TikTok) -> None:
    tiktok.list()
    order_id = tiktok.bought()
    tiktok.ship(order_id)
    tiktok.advance(order_id, "shipped")
    assert tiktok.code("/return_refund/202602/cancellations", {"order_id": order_id, "cancel_reason": "x"}) == 90025001
    url = f"{tiktok.box.url}/control/tiktok/orders/{order_id}/advance"
    assert tiktok.box.http.post(url, json={"to": "buyer_cancel"}).status_code == 409


def test_units_shipped_apart_make_an_order_partially_shipping(box: Sandbox) -> None:
    tiktok = open_tiktok(box, warehouses=["Kho A", "Kho B"])
    product_id, (sku_id,) = tiktok.list(stock=1)
    inventory = [{"warehouse_id": one, "quantity": 1} for one in tiktok.warehouses]
    path = f"/product/202309/products/{product_id}/inventory/update"
    assert tiktok.post(path, {"skus": [{"id": sku_id, "inventory": inventory}]}) == {}
    order_id = tiktok.bought(2)
    tiktok.ship(order_id)
    assert tiktok.order(order_id)["status"] == "PARTIALLY_SHIPPING"
    tiktok.advance(order_id, "shipped")
    tiktok.advance(order_id, "arranged")
    assert tiktok.order(order_id)["status"] == "AWAITING_COLLECTION"


@pytest.mark.parametrize("agreed", [True, False])
def test_a_buyer_asks_to_cancel_and_the_seller_decides(tiktok: TikTok, agreed: bool) -> None:
    tiktok.list(stock=10)
    order_id = tiktok.bought(2)
    asked = tiktok.advance(order_id, "buyer_cancel_request", reason="Đổi ý")
    search = "/return_refund/202602/cancellations/search"
    rows = tiktok.post(search, {"cancel_status": ["CANCELLATION_REQUEST_PENDING"]})["cancellations"]
    assert [(row["cancel_id"], row["order_id"], row["role"]) for row in rows] == [
        (asked["cancel_id"], order_id, "BUYER")
    ]
    assert [len(row["cancel_line_items"]) for row in rows] == [2]
    assert (rows[0]["refund_amount"]["refund_total"], rows[0]["cancel_reason"]) == ("198000", "Đổi ý")
    assert tiktok.order(order_id)["is_buyer_request_cancel"] is True
    path = f"/return_refund/202309/cancellations/{asked['cancel_id']}"
    if agreed:
        assert tiktok.post(f"{path}/approve") == {}
    else:
        assert tiktok.code(f"{path}/reject", {"reject_reason": ""}) == 36009004
        reason = tiktok.get("/return_refund/202309/reject_reasons", {"return_or_cancel_id": asked["cancel_id"]})
        assert tiktok.post(f"{path}/reject", {"reject_reason": reason["reasons"][0]["name"]}) == {}
    assert tiktok.code(f"{path}/approve") == 90025003
    order = tiktok.order(order_id)
    assert order["status"] == ("CANCELLED" if agreed else "AWAITING_SHIPMENT")
    assert order["is_buyer_request_cancel"] is False
    assert tiktok.figures() == ((10, 0) if agreed else (8, 2))
    assert tiktok.code("/return_refund/202309/cancellations/1/approve") == 90025002


def test_the_carrier_ends_a_wish_to_cancel(tiktok: TikTok) -> None:
    tiktok.list()
    order_id = tiktok.bought()
    asked = tiktok.advance(order_id, "buyer_cancel_request")
    tiktok.ship(order_id)
    tiktok.advance(order_id, "shipped")
    assert tiktok.code(f"/return_refund/202309/cancellations/{asked['cancel_id']}/approve") == 90025003
    assert tiktok.order(order_id)["is_buyer_request_cancel"] is False


def test_a_buyer_cancels_alone(tiktok: TikTok) -> None:
    tiktok.list(stock=10)
    order_id = tiktok.bought(unpaid=True)
    assert tiktok.advance(order_id, "buyer_cancel")["status"] == "CANCELLED"
    assert tiktok.figures() == (10, 0)
    assert tiktok.order(order_id)["cancellation_initiator"] == "BUYER"


def delivered(tiktok: TikTok, quantity: int = 2) -> str:
    tiktok.list()
    order_id = tiktok.bought(quantity)
    for to in ("arranged", "shipped", "delivered"):
        tiktok.advance(order_id, to)
    return order_id


def test_goods_come_back_and_are_paid_for(tiktok: TikTok) -> None:
    order_id = delivered(tiktok)
    line = tiktok.order(order_id)["line_items"][1]["id"]
    opened = tiktok.advance(order_id, "return", order_line_item_ids=[line], reason="Rách")
    path = f"/return_refund/202309/returns/{opened['return_id']}"

    def status() -> str:
        rows = tiktok.post("/return_refund/202602/returns/search", {"order_ids": [order_id]})["return_orders"]
        assert [row["order_line_item_id"] for row in rows[0]["return_line_items"]] == [line]
        return str(rows[0]["return_status"])

    assert status() == "RETURN_OR_REFUND_REQUEST_PENDING"
    assert tiktok.code(f"{path}/approve", {"decision": "APPROVE_REFUND"}) == 90025003
    assert tiktok.code(f"{path}/approve", {"decision": "PERHAPS"}) == 36009004
    tiktok.post(f"{path}/approve", {"decision": "APPROVE_RETURN"})
    assert status() == "AWAITING_BUYER_SHIP"
    tiktok.advance(order_id, "send_back")
    tiktok.post(f"{path}/approve", {"decision": "APPROVE_RECEIVED_PACKAGE"})
    assert status() == "RETURN_OR_REFUND_REQUEST_COMPLETE"
    records = tiktok.get(f"{path}/records")["records"]
    assert [row["role"] for row in records] == ["SELLER", "BUYER", "SELLER", "BUYER"]
    assert tiktok.order(order_id)["status"] == "DELIVERED"


@pytest.mark.parametrize(
    ("kind", "call", "decision", "more", "outcome"),
    [
        ("refund", "approve", "APPROVE_REFUND", {}, "RETURN_OR_REFUND_REQUEST_COMPLETE"),
        ("refund", "reject", "REJECT_REFUND", {"reject_reason": "x"}, "REFUND_OR_RETURN_REQUEST_REJECT"),
        ("return", "reject", "REJECT_RETURN", {"reject_reason": "x"}, "REFUND_OR_RETURN_REQUEST_REJECT"),
        ("return", "approve", "DIRECT_REFUND", {}, "RETURN_OR_REFUND_REQUEST_COMPLETE"),
        ("return", "approve", "APPROVE_RETURN", {"buyer_keep_item": True}, "RETURN_OR_REFUND_REQUEST_COMPLETE"),
    ],
)
def test_a_return_is_decided(
    tiktok: TikTok, kind: str, call: str, decision: str, more: dict[str, Any], outcome: str
) -> None:
    order_id = delivered(tiktok)
    opened = tiktok.advance(order_id, kind)
    version = "202606" if call == "reject" else "202309"
    path = f"/return_refund/{version}/returns/{opened['return_id']}/{call}"
    assert tiktok.post(path, {"decision": decision, **more}) == {}
    rows = tiktok.post("/return_refund/202309/returns/search", {"return_ids": [opened["return_id"]]})["return_orders"]
    assert [row["return_status"] for row in rows] == [outcome]
    assert tiktok.code(path, {"decision": decision, **more}) == 90025003
    assert tiktok.code("/return_refund/202309/cancellations/" + opened["return_id"] + "/approve") == 90025002
    if call == "reject":
        assert tiktok.code(path, {"decision": decision, "reject_reason": ""}) == 36009004


# -- webhooks


def test_changes_of_an_order_are_told_once_each_and_signed(box: Sandbox, callback: Callback) -> None:
    tiktok = open_tiktok(box, callback_url=callback.url)
    tiktok.list()
    order_id = tiktok.bought(3)
    tiktok.ship(order_id)
    tiktok.advance(order_id, "shipped")
    wait_for(lambda: len(callback.received) == 3)
    told = [one.json for one in callback.received]
    assert [(one["type"], one["shop_id"], one["data"]["order_id"]) for one in told] == [
        (1, tiktok.shop_id, order_id)
    ] * 3
    assert [one["data"]["order_status"] for one in told] == ["AWAITING_SHIPMENT", "AWAITING_COLLECTION", "IN_TRANSIT"]
    assert len({one["tts_notification_id"] for one in told}) == 3
    assert all(len(one["tts_notification_id"]) == 19 for one in told)
    for one in callback.received:
        expected = hmac.new(tiktok.app_secret.encode(), tiktok.app_key.encode() + one.body, hashlib.sha256)
        assert one.authorization == expected.hexdigest()


def test_a_webhook_refused_comes_again_with_its_id(box: Sandbox, callback: Callback) -> None:
    box.control("POST", "/settings", {"notice_retry_scale": 0.0001})
    tiktok = open_tiktok(box, callback_url=callback.url)
    tiktok.list()
    callback.status = 500
    tiktok.bought()
    wait_for(lambda: len(callback.received) >= 1)
    callback.status = 200
    wait_for(lambda: box.control("GET", "/notices")["counts"]["delivered"] == 1)
    assert len(callback.received) >= 2
    assert len({each.body for each in callback.received}) == 1


def test_a_webhook_is_given_up_in_the_end(box: Sandbox, callback: Callback) -> None:
    box.control("POST", "/settings", {"notice_retry_scale": 0})
    tiktok = open_tiktok(box, callback_url=callback.url)
    tiktok.list()
    callback.status = 500
    tiktok.bought()
    wait_for(lambda: box.control("GET", "/notices")["counts"]["given_up"] == 1)
    assert len(callback.received) == 6


def test_a_shop_sends_events_where_it_likes(box: Sandbox, callback: Callback) -> None:
    with Callback() as own:
        tiktok = open_tiktok(box, callback_url=callback.url)
        tiktok.list()
        path = "/event/202309/webhooks"
        assert tiktok.post(path, {"event_type": "ORDER_STATUS_CHANGE", "address": own.url}, method="PUT") == {}
        assert tiktok.get(path)["webhooks"][0]["address"] == own.url
        order_id = tiktok.bought()
        wait_for(lambda: len(own.received) == 1)
        assert callback.received == []
        expected = hmac.new(tiktok.app_secret.encode(), tiktok.app_key.encode() + own.received[0].body, hashlib.sha256)
        assert own.received[0].authorization == expected.hexdigest()
        tiktok.post(path, {"event_type": "ORDER_STATUS_CHANGE"}, method="DELETE")
        assert tiktok.get(path)["total_count"] == 0
        tiktok.advance(order_id, "arranged")
        wait_for(lambda: len(callback.received) == 1)
    assert tiktok.reply("PUT", path, None, {"event_type": "RAIN", "address": "https://a"}).json()["code"] == 36009004
    wrong = {"event_type": "ORDER_STATUS_CHANGE", "address": "nowhere"}
    assert tiktok.reply("PUT", path, None, wrong).json()["code"] == 36009004


def test_webhooks_are_forged_and_dropped_on_demand(box: Sandbox, callback: Callback) -> None:
    tiktok = open_tiktok(box, callback_url=callback.url)
    tiktok.list()
    box.fault(kind="notice_drop", market="tiktok", count=1)
    tiktok.bought()
    box.fault(kind="notice_bad_signature", market="tiktok", count=1)
    forged = tiktok.bought()
    wait_for(lambda: len(callback.received) == 1)
    assert (callback.received[0].json["data"]["order_id"], callback.received[0].authorization) == (forged, "0" * 64)


# -- limits and faults


def test_calls_that_come_too_fast_are_refused(box: Sandbox, tiktok: TikTok) -> None:
    box.control("POST", "/tiktok/limits", {"shop": tiktok.shop_id, "rate": 0.001, "burst": 2})
    path = "/logistics/202309/warehouses"
    replies = [tiktok.reply("GET", path) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert replies[2].json()["code"] == 36009002
    box.control("POST", "/tiktok/limits", {"shop": tiktok.shop_id, "rate": None})
    box.control("POST", "/settings", {"tiktok_rate": 0.001, "tiktok_burst": 1})
    assert [tiktok.reply("GET", path).status_code for _ in range(2)] == [200, 429]


def test_the_platform_answers_faults_its_own_way(box: Sandbox, tiktok: TikTok) -> None:
    path = "/logistics/202309/warehouses"
    box.fault(kind="rate_limit", market="tiktok", shop=tiktok.shop_id, count=1)
    box.fault(kind="invalid_token", market="tiktok", path="/logistics", count=1)
    first = tiktok.reply("GET", path)
    assert (first.status_code, first.json()["code"]) == (401, 105002)
    second = tiktok.reply("GET", path)
    assert second.json()["code"] == 0
    box.fault(kind="rate_limit", market="tiktok", shop=tiktok.shop_id, count=1)
    assert tiktok.reply("GET", path).json()["code"] == 36009002
    box.fault(kind="http_5xx", path="/api/v2/token", count=1)
    assert box.http.get(f"{box.url}/api/v2/token/get").status_code == 503


def test_reads_can_be_stale(box: Sandbox, tiktok: TikTok) -> None:
    product_id, (sku_id,) = tiktok.list(stock=10)
    box.fault(kind="stale_reads", ms=60_000)
    tiktok.write(product_id, sku_id, 3)
    order_id = tiktok.bought()

    def seen() -> tuple[int, int, int, list[str]]:
        listed = tiktok.post(PRODUCTS, {}, {"page_size": "9"})["products"][0]["skus"][0]["inventory"][0]["quantity"]
        stock = tiktok.post(STOCK, {"sku_ids": [sku_id]})["inventory"][0]["skus"][0]
        orders = tiktok.post(ORDERS, {}, {"page_size": "9"})["orders"]
        figures = stock["total_available_quantity"], stock["total_committed_quantity"]
        return listed, *figures, [row["id"] for row in orders]

    assert seen() == (10, 10, 0, [])
    box.control("DELETE", "/faults")
    assert seen() == (2, 2, 1, [order_id])


def test_an_endpoint_is_counted_once_however_many_products_it_is_for(box: Sandbox, tiktok: TikTok) -> None:
    made = [tiktok.list(f"A-{number}") for number in range(3)]
    box.control("DELETE", "/stats")
    for product_id, (sku_id,) in made:
        tiktok.write(product_id, sku_id, 1)
    assert box.control("GET", "/stats")["endpoints"]["/product/products/*/inventory/update"]["count"] == 3


# -- shoppers, memory, control


def test_a_shopper_sees_and_buys(box: Sandbox, tiktok: TikTok) -> None:
    product_id, (sku_id,) = tiktok.list(stock=2, name="Áo <b>thun</b>")
    front = box.http.get(f"{box.url}/tiktok/")
    assert "Áo &lt;b&gt;thun&lt;/b&gt;" in front.text
    assert "99.000 ₫" in front.text
    assert "Mua ngay" in box.http.get(f"{box.url}/tiktok/item/{product_id}").text
    form = {"item_id": product_id, "variant": sku_id, "quantity": 2, "name": "An", "phone": "0901234567"}
    bought = box.http.post(f"{box.url}/tiktok/buy", data=form, follow_redirects=True)
    assert "Đơn hàng" in bought.text
    seen = box.http.get(f"{box.url}/tiktok/item/{product_id}.json").json()
    assert (seen["available"], seen["stock"]) == (0, {sku_id: 0})
    again = box.http.post(f"{box.url}/tiktok/buy", data=form)
    assert (again.status_code, "Hết hàng" in again.text) == (409, True)
    assert box.http.get(f"{box.url}/tiktok/item/1").status_code == 404
    assert box.http.get(f"{box.url}/tiktok/order/1").status_code == 404


def test_an_order_is_placed_whole_or_not_at_all(tiktok: TikTok) -> None:
    product_id, _ = tiktok.list("A", stock=5)
    _, (b,) = tiktok.list("B", stock=1)
    lines: list[dict[str, Any]] = [{"sku": "A", "quantity": 2}, {"sku": "B"}, {"sku_id": int(b)}]
    refused = tiktok.buy(*lines)
    assert (refused.status_code, refused.json()["error"], refused.json()["sku_id"]) == (409, "sold_out", b)
    assert tiktok.figures("A") == (5, 0)
    assert tiktok.buy({"item_id": int(product_id)}).status_code == 201
    assert tiktok.buy({"sku": "?"}).status_code == 404
    assert tiktok.buy({"sku": "A", "quantity": 0}).status_code == 422
    assert tiktok.buy({"sku": "A"}, shop="1").status_code == 404


def test_large_orders_and_many_listings_are_taken(tiktok: TikTok) -> None:
    listings = [{"name": f"Sản phẩm {number}", "sku": f"S-{number}", "stock": 50} for number in range(20_000)]
    began = time.monotonic()
    body = {"shop": tiktok.shop_id, "listings": listings}
    assert len(tiktok.box.control("POST", "/tiktok/listings", body)["listings"]) == 20_000
    assert time.monotonic() - began < 8
    assert len(tiktok.box.control("GET", f"/tiktok/stock?shop={tiktok.shop_id}")["rows"]) == 20_000
    lines = [{"sku": f"S-{number}", "quantity": 12} for number in range(300)]
    order_id = str(tiktok.buy(*lines).json()["order_id"])
    assert len(tiktok.order(order_id)["line_items"]) == 3600
    page = tiktok.post(PRODUCTS, {}, {"page_size": "100"})
    assert (page["total_count"], len(page["products"])) == (20_000, 100)


def test_a_killed_process_comes_back_with_everything(tmp_path: Path) -> None:
    box = Sandbox(tmp_path / "state").start()
    try:
        with Callback() as callback:
            tiktok = open_tiktok(box, callback_url=callback.url)
            product_id, (sku_id,) = tiktok.list(stock=10)
            callback.status = 500
            shipped, asked = tiktok.bought(2), tiktok.bought(3)
            package_id = tiktok.ship(shipped)
            cancel_id = tiktok.advance(asked, "buyer_cancel_request")["cancel_id"]
            tiktok.write(product_id, sku_id, 4)
            gone, _ = tiktok.list("LAI")
            tiktok.post("/product/202309/products", {"product_ids": [gone]}, method="DELETE")
            again, _ = tiktok.list("LAI")
            held = open_tiktok(box)
            held.list()
            box.control("POST", "/settings", {"tiktok_hold_s": 3600})
            waiting = held.bought()

            def everything() -> list[Any]:
                shops = [f"/tiktok/{what}?shop={one.shop_id}" for one in (tiktok, held) for what in ("orders", "stock")]
                return [box.control("GET", path) for path in shops] + [tiktok.order(shipped), tiktok.order(asked)]

            before = everything()
            wait_for(lambda: len(callback.received) >= 3)
            received = len(callback.received)
            time.sleep(0.1)  # a stock write is on disk within 50 ms
            box.stop(signal.SIGKILL)
            callback.status = 200
            box.start()
            assert everything() == before
            relisted = box.control("GET", f"/tiktok/listing?shop={tiktok.shop_id}&sku=LAI")
            assert relisted["item_id"] == again
            assert tiktok.get(f"/fulfillment/202309/packages/{package_id}")["package_status"] == "PROCESSING"
            wait_for(lambda: len(callback.received) > received)
            assert tiktok.post(f"/return_refund/202309/cancellations/{cancel_id}/approve") == {}
            assert tiktok.bought() not in (shipped, asked)
            assert tiktok.buy({"sku": "AO-THUN", "quantity": 7}).status_code == 409
            box.control("POST", "/clock", {"advance_s": 3601})
            wait_for(lambda: held.order(waiting)["status"] == "AWAITING_SHIPMENT")
    finally:
        box.stop()


def test_control_calls_are_checked(box: Sandbox, tiktok: TikTok) -> None:
    tiktok.list()

    def status(path: str, body: object) -> int:
        return box.http.post(f"{box.url}/control/tiktok{path}", json=body).status_code

    assert status("/shops", {"shop_id": tiktok.shop_id}) == 409
    assert status("/shops", {"warehouses": []}) == 422
    assert status("/shops", {"colour": 1}) == 422
    assert status("/tokens", {"shop": "1"}) == 404
    assert status("/tokens", {"shop": tiktok.shop_id, "app_key": "?"}) == 404
    assert status("/listings", {"shop": tiktok.shop_id, "listings": [{"name": "A", "price": "x"}]}) == 422
    assert status("/listings", {"shop": "1", "listings": []}) == 404
    assert box.http.get(f"{box.url}/control/tiktok/listing?shop={tiktok.shop_id}&sku=?").status_code == 404
    tiktok.access_token = box.control("POST", "/tiktok/tokens", {"shop": int(tiktok.shop_id)})["access_token"]
    assert tiktok.get("/authorization/202309/shops", cipher=False)["shops"]
    summary = box.control("GET", "")["tiktok"]
    assert summary == {
        "apps": [tiktok.app_key],
        "shops": {tiktok.shop_id: "Áo Việt"},
        "products": 1,
        "orders": 0,
    }


# -- a client written by others


def test_the_client_from_pypi_works(tiktok: TikTok) -> None:
    sdk = pytest.importorskip("tiktok_shop_api", reason="tiktok-shop-api is not installed")
    models = pytest.importorskip("tiktok_shop_api.generated.models", reason="tiktok-shop-api is not installed")
    product_id, (sku_id,) = tiktok.list(stock=5)
    order_id = tiktok.bought(2)
    code = tiktok.box.control("POST", "/tiktok/codes", {"shop": tiktok.shop_id})["code"]
    auth = sdk.TikTokShopAuth(tiktok.app_key, tiktok.app_secret, base_url=tiktok.box.url)
    token = auth.refresh(auth.exchange_code(code).refresh_token).access_token
    url = tiktok.box.url
    with sdk.TikTokShop(tiktok.app_key, tiktok.app_secret, token, tiktok.cipher, base_url=url) as client:
        assert client.authorization.get_authorized_shops().data.shops[0].cipher == tiktok.cipher
        listed = client.products.search_products(page_size=10, body=models.SearchProductsRequest())
        assert [one.id for one in listed.data.products] == [product_id]
        assert client.products.get_product(product_id).data.skus[0].id == sku_id
        row = {"id": sku_id, "inventory": [{"warehouse_id": tiktok.warehouses[0], "quantity": 9}]}
        body = models.UpdateInventoryRequest.from_dict({"skus": [row]})
        assert not client.products.update_inventory(product_id, body=body).data.errors
        assert tiktok.figures() == (9, 2)
        orders = client.orders.get_order_list(page_size=10, body=models.GetOrderListRequest())
        assert [one.id for one in orders.data.orders] == [order_id]
        detail = client.orders.get_order_detail(ids=[order_id]).data.orders[0]
        assert [line.seller_sku for line in detail.line_items] == ["AO-THUN"] * 2
        package_id = detail.packages[0].id
        client.fulfillment.ship_package(package_id, body=models.ShipPackageRequest())
        document = client.fulfillment.get_package_shipping_document(package_id, document_type="SHIPPING_LABEL")
        assert httpx.get(document.data.doc_url).content.startswith(b"%PDF")
        assert client.logistics.get_warehouse_list().data.warehouses[0].id == tiktok.warehouses[0]
