"""The stand-in of WooCommerce behaves as the protocol notes say."""

from __future__ import annotations

import base64
import hashlib
import hmac
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from mekong_sandbox.woocommerce import signing
from tests.sandbox.driving import Sandbox, wait_for
from tests.sandbox.selling_woocommerce import WooCommerce, buy_on_woo, list_on_woo, on_woo, open_woo

TWO = [{"sku": "AO-DO", "name": "Đỏ", "stock": 5, "price": 120000}, {"sku": "AO-DEN", "name": "Đen", "stock": 3}]


@pytest.fixture
def shop(box: Sandbox) -> WooCommerce:
    return open_woo(box)


@dataclass
class Hook:
    """A server that takes webhooks with all their headers; `status` is what it answers."""

    status: int = 200
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    def has(self, count: int) -> bool:
        return len(self.received) == count

    def topics(self) -> list[str]:
        return [headers.get("x-wc-webhook-topic", "ping") for headers, _ in self.received]


@pytest.fixture
def hook() -> Iterator[Hook]:
    taken = Hook()

    class Taker(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(taken.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    server.daemon_threads = True
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    taken.url = f"http://127.0.0.1:{server.server_port}/woo"
    yield taken
    server.shutdown()
    server.server_close()


def figures(shop: WooCommerce, sku: str = "AO-THUN") -> tuple[int, int, int]:
    seen = on_woo(shop, sku)
    return seen["total"], seen["held"], seen["available"]


def advance(shop: WooCommerce, order_id: int, to: str) -> Any:
    return shop.box.control("POST", f"/woocommerce/orders/{order_id}/advance", {"to": to})


def code_of(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["code"]


# -- signatures and keys


@pytest.mark.parametrize(
    ("params", "base_end", "signature"),
    [
        (
            {"page": "2", "per_page": "50", "status": "processing", "oauth_timestamp": "1763769600"}
            | {"oauth_nonce": "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"},
            "oauth_timestamp%3D1763769600%26page%3D2%26per_page%3D50%26status%3Dprocessing",
            "JS6lHnn9QkSdfEtuavqeOLU4lN6y8d+2QmpvoaqC79M=",
        ),
        (
            {"include[0]": "12", "after": "2026-11-01T00:00:00", "oauth_timestamp": "1763769602"}
            | {"oauth_nonce": "2a1b2c3d4e5f60718293a4b5c6d7e8f901234567"},
            "oauth_timestamp%3D1763769602",
            "i7Z311vaKNJTsLu12NQ4ccP7Hohcw6ERbiAeF4TlLPE=",
        ),
    ],
)
def test_calls_are_signed_as_recorded(params: dict[str, str], base_end: str, signature: str) -> None:
    key, secret = "ck_0123456789abcdef0123456789abcdef01234567", "cs_76543210fedcba9876543210fedcba9876543210"
    sent = params | {"oauth_consumer_key": key, "oauth_signature_method": "HMAC-SHA256", "oauth_signature": "left out"}
    url = "http://shop.example.vn/wp-json/wc/v3/orders"
    assert signing.base_of("GET", url, sent).endswith(base_end)
    assert signing.sign_call(secret, "GET", url, sent) == signature


def test_webhooks_are_signed_as_recorded() -> None:
    assert signing.sign_webhook("whsec_thu_nghiem_123", b'{"id":794}') == "A0aVSSdKZFr6LjMnAqc1usllBUnfCUUIARmvJvvPkIY="
    assert signing.sign_webhook("a&amp;b&#039;", b"{}") == signing.sign_webhook("a&b'", b"{}")


def test_keys_are_taken_as_basic_and_in_the_query(shop: WooCommerce) -> None:
    assert shop.reply("GET", "/products").json() == []
    keys = {"consumer_key": shop.consumer_key, "consumer_secret": shop.consumer_secret}
    assert shop.box.http.get(shop.url("/products"), params=keys).status_code == 200
    wrong = shop.box.http.get(shop.url("/products"), params=keys | {"consumer_secret": "cs_0"})
    assert (*code_of(wrong), wrong.json()["message"]) == (
        401,
        "woocommerce_rest_authentication_error",
        "Consumer secret is invalid.",
    )
    assert code_of(shop.box.http.get(shop.url("/products"))) == (401, "woocommerce_rest_cannot_view")
    stranger = shop.box.http.get(shop.url("/orders/1"), auth=("ck_0", "cs_0"))
    assert stranger.json() == {
        "code": "woocommerce_rest_cannot_view",
        "message": "Sorry, you cannot view this resource.",
        "data": {"status": 401},
    }


def test_a_call_is_signed_over_plain_http(box: Sandbox, shop: WooCommerce) -> None:
    box.control("POST", "/settings", {"woocommerce_over_tls": False})
    assert code_of(shop.reply("GET", "/orders")) == (401, "woocommerce_rest_cannot_view")
    url = shop.url("/orders")

    def ask(query: dict[str, str], *repeated: tuple[str, str]) -> tuple[int, str]:
        reply = box.http.get(f"{url}?{urlencode([*query.items(), *repeated])}")
        return reply.status_code, "" if reply.status_code == 200 else reply.json()["message"]

    query = shop.signed("GET", url, {"per_page": "5", "status": "processing", "after": "2026-01-01T00:00:00"})
    # The Python client repeats its business parameters behind the signed ones.
    assert ask(query, ("per_page", "5"), ("status", "processing")) == (200, "")
    assert ask(query) == (401, "Invalid nonce - nonce has already been used.")
    assert ask(query | {"per_page": "6"}) == (401, "Invalid signature - provided signature does not match.")
    late = shop.signed("GET", url, oauth_timestamp=str(int(time.time()) - 901))
    assert ask(late) == (401, "Invalid timestamp.")
    assert ask({"oauth_consumer_key": "ck_1", "oauth_nonce": "1"})[1].startswith(
        "Missing OAuth parameters oauth_timestamp"
    )
    assert ask(shop.signed("GET", url, oauth_consumer_key="ck_1")) == (401, "Consumer key is invalid.")


def test_a_body_is_not_signed(box: Sandbox, shop: WooCommerce) -> None:
    box.control("POST", "/settings", {"woocommerce_over_tls": False})
    item_id, _ = list_on_woo(shop)
    url = shop.url(f"/products/{item_id}")
    reply = box.http.put(url, params=shop.signed("PUT", url), json={"stock_quantity": 4})
    assert (reply.status_code, reply.json()["stock_quantity"]) == (200, 4)


def test_keys_serve_their_own_shop_within_their_permissions(box: Sandbox, shop: WooCommerce) -> None:
    other = open_woo(box)
    thief = WooCommerce(box, other.shop_id, other.base_path, shop.consumer_key, shop.consumer_secret)
    assert code_of(thief.reply("GET", "/products")) == (401, "woocommerce_rest_cannot_view")
    reader = box.control("POST", "/woocommerce/tokens", {"shop": shop.shop_id, "permissions": "read"})
    reading = WooCommerce(box, shop.shop_id, shop.base_path, reader["consumer_key"], reader["consumer_secret"])
    assert reading.reply("GET", "/products").status_code == 200
    refused = reading.reply("POST", "/products", body={"name": "Áo"})
    assert refused.json()["message"] == "The API key provided does not have write permissions."
    assert box.control("POST", "/woocommerce/revoke", {"shop": shop.shop_id}) == {"revoked": 2}
    assert shop.reply("GET", "/products").status_code == 401


def test_a_shop_without_permalinks_is_reached_by_query(shop: WooCommerce) -> None:
    item_id, _ = list_on_woo(shop)
    url, auth = f"{shop.box.url}{shop.base_path}/", (shop.consumer_key, shop.consumer_secret)
    reply = shop.box.http.get(url, params={"rest_route": f"/wc/v3/products/{item_id}"}, auth=auth)
    assert reply.json()["id"] == item_id
    assert shop.box.http.get(f"{shop.box.url}{shop.base_path}/wp-json/").json()["namespaces"] == ["wc/v3", "wp/v2"]


def test_odd_calls_are_refused(shop: WooCommerce) -> None:
    assert code_of(shop.reply("GET", "/none")) == (404, "rest_no_route")
    assert code_of(shop.reply("DELETE", "/orders")) == (404, "rest_no_route")
    assert code_of(shop.reply("GET", "/products/1")) == (404, "woocommerce_rest_product_invalid_id")
    assert code_of(shop.reply("PUT", "/products/1", body={})) == (400, "woocommerce_rest_product_invalid_id")
    assert code_of(shop.reply("GET", "/orders/1")) == (404, "woocommerce_rest_shop_order_invalid_id")
    too_many = shop.reply("GET", "/products", {"per_page": 101})
    assert code_of(too_many) == (400, "rest_invalid_param")
    assert too_many.json()["data"]["params"]["per_page"].startswith("per_page must be between 1")
    assert code_of(shop.reply("GET", "/products", {"page": "--1"})) == (400, "rest_invalid_param")
    assert code_of(shop.reply("GET", "/orders", {"status": "gone"})) == (400, "rest_invalid_param")
    assert code_of(shop.reply("GET", "/orders", {"after": "yesterday"})) == (400, "rest_invalid_param")
    bad = shop.box.http.put(
        shop.url("/orders/1"),
        content=b"{",
        headers={"Content-Type": "application/json"},
        auth=(shop.consumer_key, shop.consumer_secret),
    )
    assert code_of(bad) == (400, "rest_invalid_json")
    assert shop.box.http.get(f"{shop.box.url}/woocommerce/shops/none/wp-json/wc/v3/orders").status_code == 404


# -- products


def test_products_are_paged(shop: WooCommerce) -> None:
    made = [list_on_woo(shop, f"A-{number}", stock=number)[0] for number in range(5)]
    first = shop.reply("GET", "/products", {"per_page": 2, "order": "asc", "orderby": "id"})
    assert [row["id"] for row in first.json()] == made[:2]
    assert (first.headers["X-WP-Total"], first.headers["X-WP-TotalPages"]) == ("5", "3")
    assert 'rel="next"' in first.headers["Link"]
    assert shop.consumer_secret not in first.headers["Link"]
    second = shop.box.http.get(
        first.headers["Link"].partition(">")[0][1:], auth=(shop.consumer_key, shop.consumer_secret)
    )
    assert [row["id"] for row in second.json()] == made[2:4]
    assert shop.get("/products", page=4, per_page=2) == []
    assert [row["id"] for row in shop.get("/products", per_page=2)] == made[:2:-1]
    assert [row["sku"] for row in shop.get("/products", sku="A-1,A-3", orderby="id", order="asc")] == ["A-1", "A-3"]
    assert [row["sku"] for row in shop.get("/products", stock_status="outofstock")] == ["A-0"]
    assert shop.get("/products", **{"include[]": made[1], "_fields": "id,sku"}) == [{"id": made[1], "sku": "A-1"}]


def test_a_variable_product_has_variations(shop: WooCommerce) -> None:
    item_id, variation_ids = list_on_woo(shop, "AO", stock=None, models=TWO)
    row = shop.get(f"/products/{item_id}")
    assert (row["type"], row["variations"], row["price"], row["regular_price"]) == (
        "variable",
        variation_ids,
        "99000",
        "",
    )
    assert (row["manage_stock"], row["stock_quantity"], row["stock_status"]) == (False, None, "instock")
    assert row["attributes"][0]["options"] == ["Đỏ", "Đen"]
    listed = shop.get(f"/products/{item_id}/variations", order="asc", orderby="id")
    assert [(one["sku"], one["price"], one["stock_quantity"]) for one in listed] == [
        ("AO-DO", "120000", 5),
        ("AO-DEN", "99000", 3),
    ]
    alone = shop.get(f"/products/{variation_ids[0]}")
    assert (alone["type"], alone["parent_id"], alone["name"]) == ("variation", item_id, "Áo thun cotton - Đỏ")
    assert code_of(shop.reply("GET", f"/products/{item_id}/variations/{item_id}"))[0] == 404
    assert (
        shop.put(f"/products/{variation_ids[0]}", {"stock_quantity": 1})["code"]
        == "woocommerce_rest_invalid_product_id"
    )


def test_stock_and_prices_are_written(shop: WooCommerce) -> None:
    item_id, variation_ids = list_on_woo(shop, "AO", stock=None, models=TWO)
    path = f"/products/{item_id}/variations/{variation_ids[0]}"
    row = shop.put(path, {"manage_stock": True, "stock_quantity": 12, "regular_price": "150000", "sale_price": "99000"})
    assert (row["stock_quantity"], row["price"], row["on_sale"]) == (12, "99000", True)
    assert shop.put(path, {"sale_price": ""})["price"] == "150000"
    assert shop.put(path, {"stock_quantity": 0})["stock_status"] == "outofstock"
    assert shop.put(path, {"inventory_delta": 4})["stock_quantity"] == 4
    assert figures(shop, "AO-DO") == (4, 0, 4)
    # A shop that does not count this product keeps no figure, whatever is written.
    assert shop.put(path, {"manage_stock": False, "stock_quantity": 9})["stock_quantity"] is None


@pytest.mark.parametrize(
    "sent",
    [
        {"regular_price": 99000},
        {"regular_price": "abc"},
        {"regular_price": "-1"},
        {"stock_quantity": "many"},
        {"stock_quantity": None},
        {"stock_quantity": 1.5},
        {"manage_stock": "perhaps"},
        {"stock_status": "gone"},
        {"meta_data": [{"value": 1}]},
        {"meta_data": 5},
    ],
)
def test_what_does_not_fit_is_refused_whole(shop: WooCommerce, sent: dict[str, Any]) -> None:
    item_id, _ = list_on_woo(shop)
    refused = shop.reply("PUT", f"/products/{item_id}", body={"name": "Khác", **sent})
    assert code_of(refused) == (400, "rest_invalid_param")
    row = shop.get(f"/products/{item_id}")
    assert (row["name"], row["regular_price"], row["stock_quantity"]) == ("Áo thun cotton", "99000", 10)


def test_a_batch_does_each_for_itself(shop: WooCommerce) -> None:
    item_id, variation_ids = list_on_woo(shop, "AO", stock=None, models=TWO)
    rows: list[dict[str, Any]] = [{"id": variation_ids[0], "stock_quantity": 7, "regular_price": 130000}]
    rows.append({"id": 1, "stock_quantity": 1})
    rows.append({"id": variation_ids[1], "stock_quantity": "x"})
    reply = shop.reply("POST", f"/products/{item_id}/variations/batch", body={"update": rows})
    assert reply.status_code == 200
    done, absent, wrong = reply.json()["update"]
    assert (done["stock_quantity"], done["regular_price"]) == (7, "130000")
    assert (absent["id"], absent["error"]["code"]) == (1, "woocommerce_rest_product_variation_invalid_id")
    assert wrong["error"]["data"]["status"] == 400
    assert figures(shop, "AO-DEN") == (3, 0, 3)
    made = shop.post("/products/batch", {"create": [{"name": "Mũ", "sku": "MU"}, {"sku": "MU"}], "delete": [item_id]})
    assert made["create"][0]["sku"] == "MU"
    assert made["create"][1]["error"]["code"] == "product_invalid_sku"
    assert made["delete"][0]["id"] == item_id
    assert shop.reply("GET", f"/products/{variation_ids[0]}").status_code == 404
    many = shop.reply("POST", "/products/batch", body={"update": [{"id": 1}] * 101})
    assert code_of(many) == (413, "woocommerce_rest_request_entity_too_large")


def test_a_product_is_made_and_taken_away(shop: WooCommerce) -> None:
    sent = {
        "name": "Quần",
        "type": "variable",
        "attributes": [{"name": "Cỡ", "variation": True, "options": ["M", "L"]}],
    }
    made = shop.reply("POST", "/products", body=sent)
    assert made.status_code == 201
    product_id = made.json()["id"]
    option = {"sku": "Q-M", "regular_price": "50000", "manage_stock": True, "stock_quantity": 2}
    variation = shop.post(
        f"/products/{product_id}/variations", option | {"attributes": [{"name": "Cỡ", "option": "M"}]}
    )
    assert variation["stock_quantity"] == 2
    assert buy_on_woo(shop, {"sku": "Q-M", "quantity": 2}).status_code == 201
    duplicate = shop.reply("POST", "/products", body={"name": "Khác", "sku": "Q-M"})
    assert code_of(duplicate) == (400, "product_invalid_sku")
    assert shop.reply("DELETE", f"/products/{product_id}").json()["status"] == "trash"
    assert shop.get("/products") == []
    assert shop.reply("DELETE", f"/products/{product_id}", {"force": "true"}).status_code == 200
    assert shop.reply("GET", f"/products/{product_id}").status_code == 404
    assert shop.post("/products", {"name": "Khác", "sku": "Q-M"})["sku"] == "Q-M"


def test_twenty_thousand_products_are_made_in_one_call(shop: WooCommerce) -> None:
    listings = [{"name": f"Sản phẩm {number}", "sku": f"S-{number}", "stock": 5} for number in range(20_000)]
    began = time.monotonic()
    made = shop.box.control("POST", "/woocommerce/listings", {"shop": shop.shop_id, "listings": listings})["listings"]
    assert len(made) == 20_000
    assert time.monotonic() - began < 8
    assert len(shop.box.control("GET", f"/woocommerce/stock?shop={shop.shop_id}")["rows"]) == 20_000
    assert shop.reply("GET", "/products", {"per_page": 100, "page": 200}).headers["X-WP-Total"] == "20000"


# -- orders


def test_stock_follows_the_order(shop: WooCommerce) -> None:
    list_on_woo(shop, stock=10)
    order_id = buy_on_woo(shop, {"sku": "AO-THUN", "quantity": 3}, unpaid=True).json()["order_id"]
    assert figures(shop) == (10, 3, 7)
    assert advance(shop, order_id, "paid")["status"] == "processing"
    assert figures(shop) == (7, 0, 7)
    done = shop.put(f"/orders/{order_id}", {"status": "completed"})
    assert (done["status"], figures(shop)) == ("completed", (7, 0, 7))
    assert done["date_completed_gmt"]
    assert shop.put(f"/orders/{order_id}", {"status": "cancelled"})["status"] == "cancelled"
    assert figures(shop) == (10, 0, 10)


def test_a_written_figure_replaces_the_count_but_not_what_is_held(shop: WooCommerce) -> None:
    item_id, _ = list_on_woo(shop, stock=10)
    buy_on_woo(shop, {"sku": "AO-THUN", "quantity": 3}, unpaid=True)
    shop.put(f"/products/{item_id}", {"stock_quantity": 5})
    assert figures(shop) == (5, 3, 2)
    assert buy_on_woo(shop, {"sku": "AO-THUN", "quantity": 3}).status_code == 409


def test_an_unpaid_order_lapses(box: Sandbox, shop: WooCommerce) -> None:
    list_on_woo(shop, stock=10)
    order_id = buy_on_woo(shop, {"sku": "AO-THUN", "quantity": 3}, unpaid=True).json()["order_id"]
    box.control("POST", "/clock", {"advance_s": 3599})
    assert figures(shop) == (10, 3, 7)
    box.control("POST", "/clock", {"advance_s": 2})
    assert figures(shop) == (10, 0, 10)
    assert shop.get(f"/orders/{order_id}")["status"] == "cancelled"


def test_an_order_shows_what_was_bought(shop: WooCommerce) -> None:
    item_id, variation_ids = list_on_woo(shop, "AO", stock=None, models=TWO)
    lines: list[dict[str, Any]] = [
        {"sku": "AO-DO", "quantity": 2},
        {"item_id": item_id, "model_id": variation_ids[1], "unit_price": 50000},
    ]
    made = buy_on_woo(shop, *lines, cod=True, note="Gọi trước", buyer={"name": "Nguyễn Văn An", "phone": "0900000012"})
    assert made.json()["total"] == 290000
    row = shop.get(f"/orders/{made.json()['order_id']}")
    assert (row["status"], row["currency"], row["total"], row["payment_method"]) == (
        "processing",
        "VND",
        "290000",
        "cod",
    )
    assert row["date_paid"] is None
    assert (row["billing"]["last_name"], row["billing"]["first_name"]) == ("Nguyễn", "Văn An")
    assert (row["billing"]["phone"], row["shipping"]["phone"], row["customer_note"]) == (
        "0900000012",
        "0900000012",
        "Gọi trước",
    )
    assert "email" not in row["shipping"]
    shown = [
        (one["sku"], one["variation_id"], one["quantity"], one["price"], one["total"]) for one in row["line_items"]
    ]
    assert shown == [("AO-DO", variation_ids[0], 2, 120000, "240000"), ("AO-DEN", variation_ids[1], 1, 50000, "50000")]
    assert shop.put(f"/orders/{row['id']}", {"status": "completed"})["date_paid_gmt"]


def test_amounts_have_the_decimals_of_their_currency(box: Sandbox) -> None:
    shop = open_woo(box, currency="USD", shipping_fee="4.5")
    list_on_woo(shop, price="12.34")
    order_id = buy_on_woo(shop, {"sku": "AO-THUN", "quantity": 2}).json()["order_id"]
    row = shop.get(f"/orders/{order_id}")
    assert (row["total"], row["shipping_total"], row["line_items"][0]["price"]) == ("29.18", "4.50", 12.34)
    assert shop.get("/data/currencies/current")["code"] == "USD"
    assert shop.get("/system_status")["settings"]["number_of_decimals"] == 2


def test_orders_are_listed_by_status_and_moment(box: Sandbox, shop: WooCommerce) -> None:
    list_on_woo(shop, stock=10)
    made = [buy_on_woo(shop, {"sku": "AO-THUN"}, unpaid=number == 2).json()["order_id"] for number in range(3)]
    assert [row["id"] for row in shop.get("/orders", status="processing", order="asc")] == made[:2]
    assert [row["id"] for row in shop.get("/orders", status="pending,processing")] == made[::-1]
    row = shop.get(f"/orders/{made[0]}")
    utc, local = row["date_modified_gmt"], row["date_modified"]
    assert (int(local[11:13]) - int(utc[11:13])) % 24 == 7
    hour_ago = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - 3600))
    assert len(shop.get("/orders", modified_after=hour_ago, dates_are_gmt="true")) == 3
    ahead = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 3600))
    assert shop.get("/orders", modified_after=ahead, dates_are_gmt="true") == []
    # Without the flag the same text is a moment of the site's clock, seven hours earlier.
    assert len(shop.get("/orders", modified_after=ahead)) == 3
    assert len(shop.get("/orders", modified_after=ahead + "+07:00")) == 3
    seconds = [shop.get(f"/orders/{number}")["date_modified_gmt"] for number in made]
    latest = max(seconds)
    # The bound itself is left out, and it counts whole seconds.
    assert shop.get("/orders", modified_after=latest, dates_are_gmt="true") == []
    assert shop.reply("GET", "/orders", {"per_page": 2}).headers["X-WP-TotalPages"] == "2"


def test_an_order_is_written_to(shop: WooCommerce) -> None:
    list_on_woo(shop)
    order_id = buy_on_woo(shop, {"sku": "AO-THUN"}).json()["order_id"]
    meta = [{"key": "_tracking_number", "value": "GHN123"}]
    first = shop.put(f"/orders/{order_id}", {"meta_data": meta})["meta_data"]
    again = shop.put(f"/orders/{order_id}", {"meta_data": [{"key": "_tracking_number", "value": "GHN124"}]})[
        "meta_data"
    ]
    assert [(one["id"], one["value"]) for one in again] == [(first[0]["id"], "GHN124")]
    assert code_of(shop.reply("PUT", f"/orders/{order_id}", body={"status": "gone"})) == (400, "rest_invalid_param")
    note = shop.reply("POST", f"/orders/{order_id}/notes", body={"note": "GHN123", "customer_note": True})
    assert (note.status_code, note.json()["customer_note"]) == (201, True)
    assert [one["note"] for one in shop.get(f"/orders/{order_id}/notes")] == ["GHN123"]
    assert code_of(shop.reply("POST", f"/orders/{order_id}/notes", body={})) == (400, "rest_missing_callback_param")


def test_a_pending_order_is_set_paid(shop: WooCommerce) -> None:
    list_on_woo(shop)
    order_id = buy_on_woo(shop, {"sku": "AO-THUN"}, unpaid=True).json()["order_id"]
    row = shop.put(f"/orders/{order_id}", {"set_paid": True, "transaction_id": "VNP1"})
    assert (row["status"], row["transaction_id"]) == ("processing", "VNP1")
    assert row["date_paid_gmt"]
    assert figures(shop) == (9, 0, 9)


def test_money_is_given_back(shop: WooCommerce) -> None:
    list_on_woo(shop, stock=10)
    order_id = buy_on_woo(shop, {"sku": "AO-THUN", "quantity": 3}).json()["order_id"]
    line = shop.get(f"/orders/{order_id}")["line_items"][0]["id"]
    part = {"line_items": [{"id": line, "quantity": 1, "refund_total": 99000}], "reason": "Rách"}
    made = shop.reply("POST", f"/orders/{order_id}/refunds", body=part)
    assert (made.status_code, made.json()["amount"], made.json()["line_items"][0]["quantity"]) == (201, "99000", -1)
    row = shop.get(f"/orders/{order_id}")
    assert (row["status"], row["refunds"][0]["total"], figures(shop)) == ("processing", "-99000", (8, 0, 8))
    too_much = shop.reply("POST", f"/orders/{order_id}/refunds", body={"amount": "198001"})
    assert code_of(too_much) == (500, "woocommerce_rest_cannot_create_order_refund")
    assert code_of(shop.reply("POST", f"/orders/{order_id}/refunds", body={"amount": "-1"}))[0] == 400
    for wrong in ({"id": 1, "quantity": 1}, {"id": line, "quantity": "x"}, {"id": line, "refund_total": "x"}, 7):
        assert shop.reply("POST", f"/orders/{order_id}/refunds", body={"line_items": [wrong]}).status_code == 400
    assert shop.reply("POST", f"/orders/{order_id}/refunds", body={"line_items": 7}).status_code == 400
    rest = {
        "amount": "198000",
        "line_items": [{"id": line, "quantity": 2, "refund_total": 198000}],
        "api_restock": False,
    }
    shop.post(f"/orders/{order_id}/refunds", rest)
    assert (shop.get(f"/orders/{order_id}")["status"], figures(shop)) == ("refunded", (8, 0, 8))
    assert len(shop.get(f"/orders/{order_id}/refunds")) == 2


def test_cash_on_delivery_has_no_gateway_to_refund(shop: WooCommerce) -> None:
    list_on_woo(shop)
    order_id = buy_on_woo(shop, {"sku": "AO-THUN"}, cod=True).json()["order_id"]
    refused = shop.reply("POST", f"/orders/{order_id}/refunds", body={"amount": "1000"})
    assert "does not support automatic refunds" in refused.json()["message"]
    assert shop.get(f"/orders/{order_id}/refunds") == []
    assert shop.post(f"/orders/{order_id}/refunds", {"amount": "1000", "api_refund": False})["amount"] == "1000"


def test_the_world_outside_acts(shop: WooCommerce) -> None:
    list_on_woo(shop, stock=10)
    order_id = buy_on_woo(shop, {"sku": "AO-THUN", "quantity": 2}).json()["order_id"]
    assert advance(shop, order_id, "shipped") == {"order_id": order_id, "status": "processing"}
    assert advance(shop, order_id, "completed")["status"] == "completed"
    refused = shop.box.http.post(
        f"{shop.box.url}/control/woocommerce/orders/{order_id}/advance", json={"to": "buyer_cancel"}
    )
    assert refused.status_code == 409
    assert advance(shop, order_id, "return")["status"] == "refunded"
    assert figures(shop) == (10, 0, 10)
    other = buy_on_woo(shop, {"sku": "AO-THUN"}).json()["order_id"]
    assert advance(shop, other, "buyer_cancel")["status"] == "cancelled"
    assert figures(shop) == (10, 0, 10)
    unknown = shop.box.http.post(f"{shop.box.url}/control/woocommerce/orders/{other}/advance", json={"to": "flown"})
    assert (unknown.status_code, "known: paid" in unknown.json()["message"]) == (409, True)


def test_with_life_on_an_order_is_paid_by_itself(box: Sandbox, shop: WooCommerce) -> None:
    box.control("POST", "/settings", {"life": True, "life_pay_s": 0.05})
    list_on_woo(shop)
    order_id = buy_on_woo(shop, {"sku": "AO-THUN"}, unpaid=True).json()["order_id"]
    wait_for(lambda: shop.get(f"/orders/{order_id}")["status"] == "processing")


# -- buying


def test_fifty_buyers_get_no_more_than_there_is(shop: WooCommerce) -> None:
    list_on_woo(shop, stock=20)

    def visit(_: int) -> list[int]:
        with httpx.Client(timeout=60) as client:
            body = {"shop": shop.shop_id, "lines": [{"sku": "AO-THUN", "quantity": 1}]}
            return [client.post(f"{shop.box.url}/woocommerce/buy", json=body).status_code for _ in range(2)]

    with ThreadPoolExecutor(25) as pool:
        answers = [status for found in pool.map(visit, range(25)) for status in found]
    assert (answers.count(201), answers.count(409)) == (20, 30)
    assert figures(shop) == (0, 0, 0)


def test_an_order_is_placed_whole_or_not_at_all(shop: WooCommerce) -> None:
    list_on_woo(shop, "A", stock=5)
    list_on_woo(shop, "B", stock=1)
    refused = buy_on_woo(shop, {"sku": "A", "quantity": 2}, {"sku": "B"}, {"sku": "B"})
    assert (refused.status_code, refused.json()["error"], refused.json()["available"]) == (409, "sold_out", 1)
    assert figures(shop, "A") == (5, 0, 5)
    for line in ({"sku": "?"}, {"item_id": 1}, {"sku": "A", "quantity": 0}):
        assert buy_on_woo(shop, line).status_code in (404, 422)


def test_backorders_sell_what_is_not_there(shop: WooCommerce) -> None:
    item_id, _ = list_on_woo(shop, stock=1)
    shop.put(f"/products/{item_id}", {"backorders": "notify"})
    assert buy_on_woo(shop, {"sku": "AO-THUN", "quantity": 3}).status_code == 201
    row = shop.get(f"/products/{item_id}")
    assert (row["stock_quantity"], row["stock_status"]) == (-2, "onbackorder")


def test_a_product_that_is_not_counted_sells_without_end(shop: WooCommerce) -> None:
    item_id, _ = list_on_woo(shop, stock=None)
    assert buy_on_woo(shop, {"sku": "AO-THUN", "quantity": 500}).status_code == 201
    shop.put(f"/products/{item_id}", {"stock_status": "outofstock"})
    assert buy_on_woo(shop, {"sku": "AO-THUN"}).status_code == 409


def test_variations_can_share_the_stock_of_their_product(shop: WooCommerce) -> None:
    item_id, variation_ids = list_on_woo(shop, "AO", stock=None, models=TWO)
    shop.put(f"/products/{item_id}", {"manage_stock": True, "stock_quantity": 4})
    for number in variation_ids:
        shop.put(f"/products/{item_id}/variations/{number}", {"manage_stock": "parent"})
    row = shop.get(f"/products/{item_id}/variations/{variation_ids[0]}")
    assert (row["manage_stock"], row["stock_quantity"]) == ("parent", 4)
    assert buy_on_woo(shop, {"sku": "AO-DO", "quantity": 2}, {"sku": "AO-DEN", "quantity": 3}).status_code == 409
    assert buy_on_woo(shop, {"sku": "AO-DO", "quantity": 2}, {"sku": "AO-DEN", "quantity": 2}).status_code == 201
    assert shop.get(f"/products/{item_id}")["stock_quantity"] == 0


def test_a_shopper_sees_and_buys(shop: WooCommerce) -> None:
    item_id, variation_ids = list_on_woo(shop, "AO", stock=None, models=TWO)
    box = shop.box
    assert "Áo thun cotton" in box.http.get(f"{box.url}/woocommerce/").text
    page = box.http.get(f"{box.url}/woocommerce/item/{item_id}").text
    assert "Mua ngay" in page
    assert "Đen" in page
    form = {"item_id": item_id, "variant": variation_ids[1], "quantity": 3, "name": "An", "phone": "0901234567"}
    bought = box.http.post(f"{box.url}/woocommerce/buy", data=form, follow_redirects=True)
    assert "Đơn hàng" in bought.text
    seen = box.http.get(f"{box.url}/woocommerce/item/{item_id}.json").json()
    assert seen["stock"] == {str(variation_ids[0]): 5, str(variation_ids[1]): 0}
    assert box.http.post(f"{box.url}/woocommerce/buy", data=form).status_code == 409
    assert box.http.get(f"{box.url}/woocommerce/order/1").status_code == 404


# -- webhooks


def test_webhooks_are_managed(shop: WooCommerce, hook: Hook) -> None:
    assert code_of(shop.reply("POST", "/webhooks", body={"topic": "order.created"})) == (
        400,
        "rest_missing_callback_param",
    )
    for wrong in ({"topic": "order.flown"}, {"delivery_url": "ftp://x"}, {"status": "gone"}):
        body = {"topic": "order.created", "delivery_url": hook.url} | wrong
        assert shop.reply("POST", "/webhooks", body=body).status_code == 400
    made = shop.reply("POST", "/webhooks", body={"topic": "order.created", "delivery_url": hook.url, "secret": "s"})
    assert (made.status_code, made.json()["resource"], made.json()["event"]) == (201, "order", "created")
    assert "secret" not in made.json()
    wait_for(lambda: len(hook.received) == 1)
    headers, sent = hook.received[0]
    assert sent == f"webhook_id={made.json()['id']}".encode()
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert not any(name.startswith("x-wc-webhook") for name in headers)
    path = f"/webhooks/{made.json()['id']}"
    assert shop.put(path, {"status": "paused"})["status"] == "paused"
    assert [one["id"] for one in shop.get("/webhooks", status="paused")] == [made.json()["id"]]
    assert code_of(shop.reply("DELETE", path)) == (501, "woocommerce_rest_trash_not_supported")
    assert shop.reply("DELETE", path, {"force": "true"}).status_code == 200
    assert code_of(shop.reply("GET", path)) == (404, "woocommerce_rest_shop_webhook_invalid_id")
    many = shop.post("/webhooks/batch", {"create": [{"topic": "product.updated", "delivery_url": hook.url}, {}]})
    assert many["create"][0]["status"] == "active"
    assert many["create"][1]["error"]["code"] == "rest_missing_callback_param"


def test_a_sale_is_told_signed(box: Sandbox, hook: Hook) -> None:
    shop = open_woo(box, callback_url=hook.url, topics=["order.created", "order.updated", "product.updated"])
    wait_for(lambda: hook.topics() == ["ping"] * 3)
    item_id, _ = list_on_woo(shop)
    order_id = buy_on_woo(shop, {"sku": "AO-THUN", "quantity": 2}).json()["order_id"]
    wait_for(lambda: len(hook.received) == 6)
    assert sorted(hook.topics()[3:]) == ["order.created", "order.updated", "product.updated"]
    for headers, body in hook.received[3:]:
        digest = hmac.new(shop.webhook_secret.encode(), body, hashlib.sha256).digest()
        assert headers["x-wc-webhook-signature"] == base64.b64encode(digest).decode()
        assert headers["x-wc-webhook-source"].endswith("/")
        assert len(headers["x-wc-webhook-delivery-id"]) == 32
        assert headers["user-agent"].startswith("WooCommerce/")
    told = {headers["x-wc-webhook-topic"]: body for headers, body in hook.received[3:]}
    assert str(order_id).encode() in told["order.created"]
    row = httpx.Response(200, content=told["product.updated"]).json()
    assert (row["id"], row["stock_quantity"]) == (item_id, 8)
    shop.reply("DELETE", f"/products/{item_id}")
    assert box.control("GET", "/notices")["counts"]["delivered"] >= 6


def test_what_is_deleted_is_told_by_its_number(box: Sandbox, hook: Hook) -> None:
    shop = open_woo(box, callback_url=hook.url, topics=["product.deleted"])
    item_id, _ = list_on_woo(shop)
    shop.reply("DELETE", f"/products/{item_id}")
    wait_for(lambda: len(hook.received) == 2)
    assert hook.received[1][1] == f'{{"id":{item_id}}}'.encode()


def test_a_failing_webhook_is_not_repeated_and_turned_off(box: Sandbox, hook: Hook) -> None:
    hook.status = 500
    shop = open_woo(box, callback_url=hook.url, topics=["product.updated"])
    item_id, _ = list_on_woo(shop)
    path = f"/control/woocommerce/webhooks?shop={shop.shop_id}".removeprefix("/control")

    def state() -> tuple[str, int]:
        seen = box.control("GET", path)["webhooks"][0]
        return seen["status"], seen["failures"]

    wait_for(lambda: len(hook.received) == 1)
    for number in range(7):
        shop.put(f"/products/{item_id}", {"stock_quantity": number})
        wait_for(partial(hook.has, 2 + number))
    wait_for(lambda: state()[0] == "disabled")
    shop.put(f"/products/{item_id}", {"stock_quantity": 50})
    assert box.control("GET", "/notices")["pending"] == 0
    assert len(hook.received) == 8
    hook.status = 204
    hooks = shop.get("/webhooks")
    shop.put(f"/webhooks/{hooks[0]['id']}", {"status": "active"})
    shop.put(f"/products/{item_id}", {"stock_quantity": 51})
    wait_for(lambda: len(hook.received) == 9)
    assert state() == ("active", 0)


def test_webhooks_of_a_shop_are_sent_elsewhere_with_their_secret(box: Sandbox, hook: Hook) -> None:
    shop = open_woo(box, callback_url="http://127.0.0.1:9/gone", topics=["product.updated"])
    other = open_woo(box, callback_url="http://127.0.0.1:9/gone", topics=["product.updated"])
    item_id, _ = list_on_woo(shop)
    before = box.control("GET", f"/woocommerce/webhooks?shop={shop.shop_id}")["webhooks"]
    moved = {"shop": shop.shop_id, "callback_url": hook.url}
    assert box.control("POST", "/woocommerce/webhooks/move", moved) == {"webhooks": [before[0]["id"]]}
    after = box.control("GET", f"/woocommerce/webhooks?shop={shop.shop_id}")["webhooks"]
    assert [(one["delivery_url"], one["secret"], one["failures"]) for one in after] == [
        (hook.url, before[0]["secret"], 0)
    ]
    assert box.control("GET", f"/woocommerce/webhooks?shop={other.shop_id}")["webhooks"][0]["delivery_url"] != hook.url
    shop.put(f"/products/{item_id}", {"stock_quantity": 3})
    wait_for(lambda: len(hook.received) == 1)


# -- faults, limits, memory


def test_the_host_answers_with_errors(box: Sandbox, shop: WooCommerce) -> None:
    box.fault(kind="rate_limit", market="woocommerce", shop=shop.shop_id, count=1)
    limited = shop.reply("GET", "/orders")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "1")
    assert limited.headers["content-type"].startswith("text/html")
    box.fault(kind="invalid_token", market="woocommerce", path=f"{shop.base_path}/wp-json", count=1)
    assert code_of(shop.reply("GET", "/orders")) == (401, "woocommerce_rest_authentication_error")
    assert shop.reply("GET", "/orders").status_code == 200
    box.control("POST", "/woocommerce/limits", {"shop": shop.shop_id, "rate": 0.001, "burst": 2})
    assert [shop.reply("GET", "/orders").status_code for _ in range(3)] == [200, 200, 429]


def test_reads_can_be_stale(box: Sandbox, shop: WooCommerce) -> None:
    item_id, _ = list_on_woo(shop, stock=10)
    box.fault(kind="stale_reads", ms=60_000)
    shop.put(f"/products/{item_id}", {"stock_quantity": 3})
    order_id = buy_on_woo(shop, {"sku": "AO-THUN"}).json()["order_id"]
    seen = shop.get(f"/products/{item_id}")
    assert (seen["stock_quantity"], seen["stock_status"], shop.get("/orders")) == (10, "instock", [])
    box.control("DELETE", "/faults")
    assert shop.get(f"/products/{item_id}")["stock_quantity"] == 2
    assert [row["id"] for row in shop.get("/orders")] == [order_id]


def test_a_killed_process_comes_back_with_everything(tmp_path: Path) -> None:
    box = Sandbox(tmp_path / "state").start()
    try:
        shop = open_woo(box, callback_url="http://127.0.0.1:9/", topics=["order.created"])
        list_on_woo(shop, "AO", stock=None, models=TWO)
        buy_on_woo(shop, {"sku": "AO-DO", "quantity": 2}, unpaid=True)
        order_id = buy_on_woo(shop, {"sku": "AO-DEN", "quantity": 3}).json()["order_id"]
        shop.post(f"/orders/{order_id}/refunds", {"amount": "1000"})

        def state() -> list[Any]:
            names = ("stock", "orders", "webhooks")
            seen = [box.control("GET", f"/woocommerce/{name}?shop={shop.shop_id}") for name in names]
            return [*seen[:2], [one["topic"] for one in seen[2]["webhooks"]], shop.get(f"/orders/{order_id}")]

        before = state()
        box.stop(signal.SIGKILL)
        box.start()
        assert state() == before
        box.control("POST", "/clock", {"advance_s": 3601})
        assert figures(shop, "AO-DO") == (5, 0, 5)
        assert buy_on_woo(shop, {"sku": "AO-DO"}).json()["order_id"] > order_id
    finally:
        box.stop()


def test_control_refuses_nonsense(box: Sandbox, shop: WooCommerce) -> None:
    def asked(path: str, body: object) -> int:
        return box.http.post(f"{box.url}/control/woocommerce{path}", json=body).status_code

    assert asked("/shops", {"shop_id": shop.shop_id}) == 409
    assert asked("/shops", {"shop_id": "A B"}) == 422
    assert asked("/shops", {"permissions": "all"}) == 422
    assert asked("/tokens", {"shop": "none"}) == 404
    assert asked("/webhooks", {"shop": shop.shop_id, "callback_url": "http://x", "topics": ["order.flown"]}) == 422
    assert asked("/orders/1/advance", {"to": "paid"}) == 404
    assert box.http.get(f"{box.url}/control/woocommerce/listing?shop=none&sku=x").status_code == 404
    summary = box.control("GET", "")["woocommerce"]
    assert summary == {"shops": {shop.shop_id: "Áo Việt"}, "products": 0, "orders": 0}
