"""The WooCommerce connector against answers composed from the engine's documented shapes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mekong.channels import socket
from mekong.channels.socket import (
    Account,
    ListingKey,
    Notice,
    NoticeKind,
    PricePush,
    PushResult,
    RemoteOrder,
    RemoteState,
    Request,
    Response,
    Secrets,
    StockPush,
)
from mekong.channels.socket.wire import present
from mekong.connectors.woocommerce.client import notice_signature, oauth_signature
from mekong.connectors.woocommerce.connector import MANIFEST, WooCommerce, connect
from mekong.connectors.woocommerce.mapping import moment, orders
from mekong.foundation.errors import (
    Invalid,
    MekongError,
    NeedsRefresh,
    NoticeForged,
    RateLimited,
    RemoteRefused,
    Unavailable,
)
from tests.unit.connectors.wire import VECTORS, Answer, Wire, body, query, run

KEY, SECRET, HOOK = "ck_0123", "cs_4567", "whsec_thu_nghiem_123"
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
CAPABILITIES = {
    "PullsProducts",
    "ReadsListings",
    "PushesStock",
    "PushesPrice",
    "PullsOrders",
    "Ships",
    "Cancels",
    "ReceivesNotices",
    "PublishesProducts",
}
ROOT = "https://shop.example.vn/wp-json/wc/v3"


def published(kind: str) -> list[Any]:
    """Vectors that were made with the engine's own libraries; none where they are not at hand."""
    places = (VECTORS, Path(__file__).parents[4] / "shared" / "protocols" / "vectors")
    for place in places:
        if (place / "woocommerce.json").is_file():
            return list(json.loads((place / "woocommerce.json").read_text("utf-8"))[kind])
    return []


def an_account(**changes: Any) -> Account:
    return Account("web-shop", "shop.example.vn", Secrets(KEY, SECRET, notice_secret=HOOK), **changes)


def a_shop(
    answers: dict[str, Answer | list[Answer]] | None = None, account: Account | None = None
) -> tuple[WooCommerce, Wire]:
    wire = Wire(answers or {})
    return WooCommerce(account or an_account(), wire, clock=lambda: NOW, nonce=lambda: "n1"), wire


def answered(said: Any, status: int = 200, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, json.dumps(said).encode(), named)


def refused(code: str, message: str = "", status: int = 400) -> Response:
    return answered({"code": code, "message": message, "data": {"status": status}}, status)


def rows(*said: Any, **headers: str) -> Response:
    return answered(list(said), **headers)


# --- keys and signatures ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", published("oauth1_vectors"), ids=lambda vector: vector["name"])
def test_every_published_signature_comes_out(vector: dict[str, Any]) -> None:
    params = list(vector["params"].items())
    assert (
        oauth_signature(vector["consumer_secret"], vector["method"], vector["url"], params)
        == (vector["oauth_signature"])
    )


@pytest.mark.parametrize("vector", published("basic_vectors"), ids=lambda vector: vector["name"])
def test_over_tls_the_key_goes_in_the_header(vector: dict[str, Any]) -> None:
    account = replace(an_account(), secrets=Secrets(vector["consumer_key"], vector["consumer_secret"]))
    shop, wire = a_shop({"/products": rows()}, account)
    run(shop.pull_listings(cursor=None))
    assert wire.requests[0].headers["authorization"] == vector["authorization"]
    assert not [name for name, _ in wire.requests[0].params if "oauth" in name or "consumer" in name]


def test_without_tls_the_call_is_signed_and_the_secret_stays_here() -> None:
    # Reference by openssl: dgst -sha256 -hmac 'cs_2&' over the base string composed by hand (RFC 5849, 3.4.1).
    params = [
        ("_fields", "id,status"),
        ("search", "Áo thun ~+"),
        ("oauth_consumer_key", "ck_1"),
        ("oauth_timestamp", "1763770000"),
        ("oauth_nonce", "n1"),
        ("oauth_signature_method", "HMAC-SHA256"),
    ]
    expected = "aFX4kh9FtYReeuOqrJtgxJaiE6QEQu9/8+Cs7DJmBRU="
    url = "http://127.0.0.1:8088/wp-json/wc/v3/orders/9001"
    assert oauth_signature("cs_2", "PUT", url, params) == expected
    assert oauth_signature("cs_2", "PUT", url, params[::-1]) == expected, "the order of parameters is no matter"

    wire = Wire({"/orders/9001": {"id": 9001}})
    account = Account("w", "s", Secrets("ck_1", "cs_2"), api_url="http://127.0.0.1:8088")
    at = datetime.fromtimestamp(1763770000, UTC)
    shop = WooCommerce(account, wire, clock=lambda: at, nonce=lambda: "n1")
    run(shop.client.ask("PUT", "/orders/9001", params=params[:2], body={"status": "completed"}))
    sent = wire.requests[0]
    assert sent.url == url
    assert query(sent) == {**dict(params), "oauth_signature": expected}
    assert "authorization" not in sent.headers
    assert "cs_2" not in repr(sent)


def test_each_unsealed_call_has_a_nonce_of_its_own() -> None:
    wire = Wire({"/products": rows()})
    shop = WooCommerce(an_account(api_url="http://127.0.0.1:1"), wire)
    run(shop.pull_listings(cursor=None))
    run(shop.pull_listings(cursor=None))
    first, second = (query(request)["oauth_nonce"] for request in wire.requests)
    assert first != second
    assert len(first) == 40


@pytest.mark.parametrize(
    ("shop_id", "api_url", "root"),
    [
        ("shop.example.vn", "", ROOT),
        ("https://shop.example.vn/", "", ROOT),
        ("example.vn/cua-hang", "", "https://example.vn/cua-hang/wp-json/wc/v3"),
        ("1", "https://shop.example.vn", ROOT),
        ("1", "https://shop.example.vn/wp-json/wc/v3", ROOT),
        ("1", "https://shop.example.vn/wp-json/", ROOT),
        ("1", "http://127.0.0.1:8088/woo", "http://127.0.0.1:8088/woo/wp-json/wc/v3"),
    ],
)
def test_every_shop_is_its_own_host(shop_id: str, api_url: str, root: str) -> None:
    account = Account("w", shop_id, Secrets(KEY, SECRET), api_url=api_url)
    shop, wire = a_shop({"/products": rows()}, account)
    run(shop.pull_listings(cursor=None))
    assert wire.requests[0].url == f"{root}/products"


@pytest.mark.parametrize("shop_id", ["", "my shop", "shop.vn?x=1", "user@shop.vn", "ftp://shop.vn"])
def test_a_shop_without_an_address_is_told_so(shop_id: str) -> None:
    shop, wire = a_shop({}, Account("w", shop_id, Secrets(KEY, SECRET)))
    with pytest.raises(Invalid) as wrong:
        run(shop.pull_listings(cursor=None))
    assert wrong.value.params["field"] == "shop_id"
    assert not wire.requests


# --- failures --------------------------------------------------------------------------------------------------------

FAILURES: list[tuple[Answer, type[MekongError]]] = [
    (refused("woocommerce_rest_authentication_error", "Consumer key is invalid.", 401), NeedsRefresh),
    (refused("woocommerce_rest_cannot_view", "Sorry, you cannot list resources.", 401), NeedsRefresh),
    (Response(401, b"<html>Authorization Required</html>"), NeedsRefresh),
    (answered({"code": "rest_forbidden", "message": "", "data": {"status": 401}}), NeedsRefresh),
    (refused("woocommerce_rest_cannot_view", "Sorry", 403), RemoteRefused),
    (Response(403, b"<html>blocked by a firewall</html>"), Unavailable),
    (refused("rest_no_route", "No route was found", 404), RemoteRefused),
    (refused("rest_invalid_param", "Invalid parameter(s): orderby", 400), RemoteRefused),
    (answered({"code": "rest_invalid_param", "message": "", "data": {"status": 400}}), RemoteRefused),
    (answered({"code": "internal_server_error", "message": "critical", "data": {"status": 500}}), Unavailable),
    (refused("internal_server_error", "There has been a critical error on this website.", 500), Unavailable),
    (Response(404, b"<html>not found</html>"), Unavailable),
    (Response(404, b'{"message":"no such page"}'), Unavailable),
    (Response(404, b"[]"), Unavailable),
    (Response(429, b"slow down"), RateLimited),
    (refused("too_many", "", 429), RateLimited),
    (Response(502, b"bad gateway"), Unavailable),
    (Response(503, b"Briefly unavailable for scheduled maintenance."), Unavailable),
    (Response(302, b"", {"location": "/maintenance"}), Unavailable),
    (Response(301, b"", {"Location": "https://www.shop.example.vn/"}), RemoteRefused),
    (Response(308, b"", {}), RemoteRefused),
    (b"", Unavailable),
    (b"[{", Unavailable),
    (b'[{"id":1,"na', Unavailable),
    (b"<br />Warning: in plugin.php<br />[]", Unavailable),
    (b"<html>Just a moment</html>", Unavailable),
    (b"null", Unavailable),
    (b'"text"', Unavailable),
    (b"{}", Unavailable),
    (b"[1]", Unavailable),
    (b'[{"name":"no id"}]', Unavailable),
    (b'[{"id":1,"regular_price":"abc"}]', Unavailable),
    (b'[{"id":1,"regular_price":1e999999}]', Unavailable),
    (b'[{"id":1,"manage_stock":true,"stock_quantity":"NaN"}]', Unavailable),
    (b'[{"id":1,"manage_stock":true,"stock_quantity":1e999999999}]', Unavailable),
    (Unavailable(), Unavailable),
]


@pytest.mark.parametrize(("answer", "error"), FAILURES)
def test_each_family_of_failures_has_its_meaning(answer: Answer, error: type[MekongError]) -> None:
    shop, wire = a_shop({"/products": answer})
    with pytest.raises(MekongError) as failed:
        run(shop.pull_listings(cursor=None))
    assert type(failed.value) is error
    assert len(wire.requests) == 1, "a failure is not tried again here"


def test_the_shops_own_words_are_kept() -> None:
    shop, _ = a_shop({"/products": refused("woocommerce_rest_authentication_error", "Consumer key is invalid.", 401)})
    with pytest.raises(NeedsRefresh) as failed:
        run(shop.pull_listings(cursor=None))
    assert failed.value.params["remote_code"] == "woocommerce_rest_authentication_error"
    assert failed.value.params["remote_message"] == "Consumer key is invalid."


def test_a_shop_that_moved_is_not_followed_but_its_new_address_is_told() -> None:
    shop, _ = a_shop({"/products": Response(301, b"", {"Location": "https://www.shop.example.vn/"})})
    with pytest.raises(RemoteRefused, match=r"https://www\.shop\.example\.vn/"):
        run(shop.pull_listings(cursor=None))


@pytest.mark.parametrize(
    ("header", "wait"), [("7", 7.0), ("Sun, 22 Nov 2026 10:00:30 GMT", 30.0), ("soon", None), ("", None)]
)
def test_the_wait_that_a_host_asks_for_is_passed_on(header: str, wait: float | None) -> None:
    shop, _ = a_shop({"/products": Response(429, b"", {"Retry-After": header})})
    with pytest.raises(RateLimited) as failed:
        run(shop.pull_listings(cursor=None))
    assert failed.value.params.get("retry_after_s") == wait


# --- products --------------------------------------------------------------------------------------------------------

PLAIN = {
    "id": 790,
    "name": "Túi vải",
    "type": "simple",
    "status": "publish",
    "sku": "TUI",
    "permalink": "https://shop.example.vn/tui",
    "global_unique_id": "8935001800019",
    "price": "99000",
    "regular_price": "120000",
    "sale_price": "99000",
    "manage_stock": True,
    "stock_quantity": 7,
    "stock_status": "instock",
    "variations": [],
    "attributes": [],
    "images": [{"id": 9, "src": "https://shop.example.vn/tui.jpg"}],
    "meta_data": [],
}
VARIABLE = {
    **PLAIN,
    "id": 794,
    "name": "Áo thun",
    "type": "variable",
    "sku": "AO",
    "manage_stock": True,
    "stock_quantity": 30,
    "variations": [801, 802],
    "attributes": [{"id": 1, "name": "Màu", "variation": True, "visible": True, "options": ["Đỏ", "Đen"]}],
}
RED = {
    "id": 801,
    "sku": "AO-DO",
    "status": "publish",
    "permalink": "https://shop.example.vn/ao?mau=do",
    "price": "99000",
    "regular_price": "99000",
    "manage_stock": True,
    "stock_quantity": 12,
    "image": {"id": 3, "src": "https://shop.example.vn/do.jpg"},
    "attributes": [{"id": 1, "name": "Màu", "option": "Đỏ"}, {"id": 2, "name": "Cỡ", "option": "M"}],
}
BLACK = {
    "id": 802,
    "sku": "AO",
    "status": "private",
    "price": "",
    "regular_price": "",
    "global_unique_id": "8935001800019",
    "manage_stock": "parent",
    "stock_quantity": None,
    "image": [],
    "attributes": [],
}


def test_a_page_of_products_has_one_listing_each_and_one_for_each_variation() -> None:
    shop, wire = a_shop(
        {
            "/products/794/variations": rows(RED, BLACK, {**RED, "id": 803, "status": "trash"}),
            "/products": rows(PLAIN, VARIABLE, x_wp_totalpages="3"),
        }
    )
    page = run(shop.pull_listings(cursor=None))
    assert page.next_cursor == "2"
    plain, red, black = page.listings
    assert plain.key == ListingKey("790")
    assert (plain.sku, plain.name, plain.barcode) == ("TUI", "Túi vải", "8935001800019")
    assert (plain.quantity, plain.price_minor, plain.currency) == (7, 120000, "VND")
    assert (plain.url, plain.image_url, plain.is_active) == (
        PLAIN["permalink"],
        "https://shop.example.vn/tui.jpg",
        True,
    )
    assert red.key == ListingKey("794", "801")
    assert (red.sku, red.name, red.quantity, red.price_minor) == ("AO-DO", "Áo thun - Đỏ, M", 12, 99000)
    assert (red.url, red.image_url, red.is_active) == (RED["permalink"], "https://shop.example.vn/do.jpg", True)
    assert black.key == ListingKey("794", "802")
    assert (black.sku, black.barcode) == ("", ""), "what it shows of its product is not its own"
    assert (black.name, black.quantity, black.price_minor, black.is_active) == ("Áo thun", 30, None, False)
    assert black.image_url == "https://shop.example.vn/tui.jpg"
    assert query(wire.requests[0]) == {"page": "1", "per_page": "50", "orderby": "id", "order": "asc"}
    assert [urlsplit(request.url).path for request in wire.requests] == [
        "/wp-json/wc/v3/products",
        "/wp-json/wc/v3/products/794/variations",
    ]


@pytest.mark.parametrize(
    ("answer", "cursor", "following"),
    [
        (rows(PLAIN, x_wp_totalpages="1"), None, None),
        (rows(PLAIN, X_WP_TotalPages="2"), None, "2"),
        (rows(PLAIN, x_wp_totalpages="2"), "2", None),
        (rows(PLAIN, link='<https://shop.example.vn/x?page=2>; rel="next"'), None, "2"),
        (rows(PLAIN, link='<https://shop.example.vn/x?page=1>; rel="prev"'), "2", None),
        (rows(PLAIN), None, None),
        (rows(*({**PLAIN, "id": number} for number in range(50))), "4", "5"),
        (rows(x_wp_totalpages="9"), "4", None),
    ],
)
def test_the_pages_end_where_the_shop_says_or_where_one_is_not_full(
    answer: Answer, cursor: str | None, following: str | None
) -> None:
    shop, wire = a_shop({"/products": answer})
    assert run(shop.pull_listings(cursor=cursor)).next_cursor == following
    assert query(wire.requests[0])["page"] == (cursor or "1")


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.5", "²", "9" * 20])
def test_a_cursor_of_another_make_is_invalid(cursor: str) -> None:
    shop, wire = a_shop()
    for work in (
        lambda: shop.pull_listings(cursor=cursor),
        lambda: shop.list_orders(updated_from=NOW, updated_to=NOW, cursor=cursor),
    ):
        with pytest.raises(Invalid):
            run(work())
    assert not wire.requests


def test_products_without_stock_of_their_own_and_those_in_the_bin_are_left_out() -> None:
    gone = [{**PLAIN, "id": 1, "type": "grouped"}, {**PLAIN, "id": 2, "type": "external"}]
    shop, _ = a_shop({"/products": rows(*gone, {**PLAIN, "id": 3, "status": "trash"}, PLAIN, PLAIN)})
    assert [listing.key for listing in run(shop.pull_listings(cursor=None)).listings] == [ListingKey("790")]


@pytest.mark.parametrize(
    ("said", "quantity"),
    [
        ({"manage_stock": True, "stock_quantity": 5}, 5),
        ({"manage_stock": True, "stock_quantity": "5"}, 5),
        ({"manage_stock": True, "stock_quantity": None}, 0),
        ({"manage_stock": True, "stock_quantity": -3}, 0),
        ({"manage_stock": True, "stock_quantity": 2.75}, 2),
        ({"manage_stock": False, "stock_quantity": None, "stock_status": "instock"}, None),
        ({"manage_stock": False, "stock_quantity": None, "stock_status": "outofstock"}, 0),
    ],
)
def test_a_quantity_is_what_is_left_to_buy(said: dict[str, Any], quantity: int | None) -> None:
    shop, _ = a_shop({"/products": rows({**PLAIN, **said})})
    (listing,) = run(shop.pull_listings(cursor=None)).listings
    assert listing.quantity == quantity


def test_a_product_with_nothing_but_a_number_is_read() -> None:
    shop, _ = a_shop({"/products": rows({"id": "5"})})
    (listing,) = run(shop.pull_listings(cursor=None)).listings
    assert (listing.key, listing.sku, listing.price_minor, listing.quantity) == (ListingKey("5"), "", None, None)


@pytest.mark.parametrize(
    ("price", "currency", "price_minor"),
    [
        ("12.5", "GBP", 1250),
        ("12.505", "GBP", 1251),
        (12.5, "GBP", 1250),
        ("1.234", "KWD", 1234),
        ("99000.00", "VND", 99000),
    ],
)
def test_a_price_is_read_exactly(price: Any, currency: str, price_minor: int) -> None:
    shop, _ = a_shop({"/products": rows({**PLAIN, "regular_price": price})}, an_account(currency=currency))
    (listing,) = run(shop.pull_listings(cursor=None)).listings
    assert (listing.price_minor, listing.currency) == (price_minor, currency)


def test_all_variations_of_a_product_are_read_however_many_pages() -> None:
    many = [rows(RED, RED, x_wp_totalpages="2"), rows(RED, {**RED, "id": 900}, x_wp_totalpages="2")]
    shop, wire = a_shop({"/variations": many, "/products": rows(VARIABLE)})
    page = run(shop.pull_listings(cursor=None))
    assert [listing.key.model_id for listing in page.listings] == ["801", "900"]
    assert [query(request)["page"] for request in wire.asked("/variations")] == ["1", "2"]
    same = rows(RED, x_wp_totalpages="1000000")
    shop, wire = a_shop({"/variations": [same, same, Unavailable()], "/products": rows(VARIABLE)})
    assert len(run(shop.pull_listings(cursor=None)).listings) == 1, "a shop that gives the same page again has no more"


def test_a_product_deleted_while_it_is_read_has_no_variations() -> None:
    gone = refused("woocommerce_rest_product_invalid_id", "Invalid ID.", 404)
    shop, _ = a_shop({"/variations": gone, "/products": rows(VARIABLE, PLAIN)})
    assert [listing.key.item_id for listing in run(shop.pull_listings(cursor=None)).listings] == ["790"]
    shop, _ = a_shop({"/variations": refused("rest_no_route", "", 404), "/products": rows(VARIABLE)})
    with pytest.raises(RemoteRefused):
        run(shop.pull_listings(cursor=None))


def test_reading_listings_asks_for_those_and_leaves_out_what_is_gone() -> None:
    shop, wire = a_shop({"/794/variations": rows(RED, BLACK), "/products": rows(PLAIN, VARIABLE, {**PLAIN, "id": 5})})
    keys = [ListingKey("790"), ListingKey("794", "801"), ListingKey("404"), ListingKey("790", "1"), ListingKey("a/b")]
    found = run(shop.read_listings(keys=keys))
    assert [listing.key for listing in found] == [ListingKey("790"), ListingKey("794", "801")]
    first, second = wire.requests
    assert query(first) == {"include[0]": "790", "include[1]": "794", "include[2]": "404", "per_page": "100"}
    assert query(second) == {"include[0]": "801", "page": "1", "per_page": "100"}


def test_reading_listings_takes_a_hundred_products_a_call() -> None:
    shop, wire = a_shop({"/products": rows()})
    assert run(shop.read_listings(keys=[ListingKey(str(number)) for number in range(230)])) == []
    assert [len(request.params) - 1 for request in wire.requests] == [100, 100, 30]
    assert run(shop.read_listings(keys=[])) == []


def test_a_product_that_became_variable_is_not_read_as_one_thing() -> None:
    shop, wire = a_shop({"/products": rows(VARIABLE)})
    assert run(shop.read_listings(keys=[ListingKey("794")])) == []
    assert len(wire.requests) == 1


# --- pushes ----------------------------------------------------------------------------------------------------------


def test_pushes_are_grouped_by_what_one_call_takes() -> None:
    shop, _ = a_shop()
    pushes = [StockPush(ListingKey(str(number)), "", 5) for number in range(1, 231)]
    pushes += [StockPush(ListingKey("9", str(number)), "", 5) for number in range(1, 102)]
    pushes.insert(3, StockPush(ListingKey("8", "1"), "", 5))
    batches = shop.stock_batches(pushes)
    assert sorted(len(batch) for batch in batches) == [1, 1, 30, 100, 100, 100]
    assert sorted(push.key for batch in batches for push in batch) == sorted(push.key for push in pushes)
    for batch in batches:
        assert len({push.key.item_id for push in batch if push.key.model_id}) <= 1


def test_a_batch_that_is_not_one_call_is_a_defect() -> None:
    shop, wire = a_shop()
    with pytest.raises(ValueError, match="at most 100"):
        run(shop.push_stock([StockPush(ListingKey("1"), "", 1), StockPush(ListingKey("2", "3"), "", 1)]))
    with pytest.raises(ValueError, match="at most 100"):
        run(shop.push_stock([StockPush(ListingKey(str(number)), "", 1) for number in range(101)]))
    assert run(shop.push_stock([])) == []
    assert not wire.requests


def test_a_stock_push_sets_the_quantity_and_has_it_managed() -> None:
    shop, wire = a_shop({"/products/batch": {"update": [{**PLAIN, "stock_quantity": 0}, {"id": 791}]}})
    batch = [StockPush(ListingKey("790"), "TUI", 0), StockPush(ListingKey("791"), "MU", 4)]
    assert run(shop.push_stock(batch)) == [PushResult(push.key) for push in batch]
    (sent,) = wire.requests
    assert (sent.method, sent.url) == ("POST", f"{ROOT}/products/batch")
    assert sent.headers["content-type"] == "application/json"
    assert body(sent) == {
        "update": [
            {"id": 790, "manage_stock": True, "stock_quantity": 0},
            {"id": 791, "manage_stock": True, "stock_quantity": 4},
        ]
    }


def test_variations_are_pushed_under_their_product() -> None:
    shop, wire = a_shop({"/batch": {"update": [{"id": "801", "manage_stock": True}]}})
    push = StockPush(ListingKey("794", "801"), "AO-DO", 12)
    assert run(shop.push_stock([push])) == [PushResult(push.key)]
    assert wire.requests[0].url == f"{ROOT}/products/794/variations/batch"
    assert body(wire.requests[0]) == {"update": [{"id": 801, "manage_stock": True, "stock_quantity": 12}]}


def failed(number: int, code: str, status: int) -> dict[str, Any]:
    return {"id": number, "error": {"code": code, "message": f"{code}!", "data": {"status": status}}}


def test_each_push_of_a_batch_has_its_own_word() -> None:
    said = [
        {"id": 1, "manage_stock": True},
        failed(2, "woocommerce_rest_product_invalid_id", 404),
        failed(3, "internal_server_error", 500),
        {"id": 4, "manage_stock": False},
        {"id": 77, "error": {"code": "x"}},
    ]
    shop, _ = a_shop({"/products/batch": {"create": [], "update": said, "delete": []}})
    results = run(shop.push_stock([StockPush(ListingKey(str(number)), "", 1) for number in range(1, 6)]))
    assert [(result.key.item_id, result.error, result.is_final) for result in results] == [
        ("1", "", False),
        ("2", "woocommerce_rest_product_invalid_id", True),
        ("3", "internal_server_error", False),
        ("4", "stock_not_managed", True),
        ("5", "unconfirmed", False),
    ]
    assert results[1].message == "woocommerce_rest_product_invalid_id!"


def test_a_batch_refused_whole_blames_only_whom_it_can() -> None:
    one, other = (StockPush(ListingKey(str(number)), "", 1) for number in (1, 2))
    too_large = refused("woocommerce_rest_request_entity_too_large", "Unable to accept more than 1 items", 413)
    for batch, is_final in (([one, other], False), ([one], True)):
        shop, _ = a_shop({"/products/batch": too_large})
        results = run(shop.push_stock(batch))
        assert [result.key for result in results] == [push.key for push in batch]
        assert {(result.error, result.is_final) for result in results} == {
            ("woocommerce_rest_request_entity_too_large", is_final)
        }


def test_variations_of_a_product_that_is_gone_are_refused_for_good() -> None:
    shop, _ = a_shop({"/batch": refused("woocommerce_rest_product_invalid_id", "Invalid ID.", 404)})
    results = run(shop.push_stock([StockPush(ListingKey("9", model), "", 1) for model in ("1", "2")]))
    assert {result.is_final for result in results} == {True}
    assert len(results) == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused("woocommerce_rest_cannot_batch", "Sorry", 403), RemoteRefused),
        (refused("woocommerce_rest_authentication_error", "no write permissions", 401), NeedsRefresh),
        (refused("rest_no_route", "", 404), RemoteRefused),
        (Response(503, b""), Unavailable),
        (Response(429, b"", {"retry-after": "3"}), RateLimited),
        (b'{"update":', Unavailable),
        (b"{}", Unavailable),
        (b'{"update":{"id":1}}', Unavailable),
        (b"[]", Unavailable),
        (Unavailable(), Unavailable),
    ],
)
def test_what_concerns_the_whole_shop_blames_no_listing(answer: Answer, error: type[MekongError]) -> None:
    shop, _ = a_shop({"/products/batch": answer})
    with pytest.raises(MekongError) as failed_:
        run(shop.push_stock([StockPush(ListingKey("1"), "", 1)]))
    assert type(failed_.value) is error


@given(st.lists(st.sampled_from(["ok", "error", "silent"]), min_size=1, max_size=30))
def test_every_push_has_exactly_one_result_whatever_the_reply(said: list[str]) -> None:
    update = [
        {"id": number, **({"error": {"code": "no", "data": {"status": 400}}} if word == "error" else {})}
        for number, word in enumerate(said)
        if word != "silent"
    ]
    shop, _ = a_shop({"/products/batch": {"update": update[::-1]}})
    batch = [StockPush(ListingKey(str(number)), "", 1) for number in range(len(said))]
    results = run(shop.push_stock(batch))
    assert [result.key for result in results] == [push.key for push in batch]
    assert [bool(result.error) for result in results] == [word != "ok" for word in said]


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(120000, "VND", "120000"), (1250, "GBP", "12.50"), (5, "GBP", "0.05"), (0, "VND", "0")],
)
def test_a_price_goes_out_as_exact_text(minor: int, currency: str, text: str) -> None:
    push = PricePush(ListingKey("790"), "TUI", minor, currency)
    shop, wire = a_shop({"/products/batch": {"update": [{"id": 790, "manage_stock": False}]}})
    assert [len(batch) for batch in shop.price_batches([push])] == [1]
    assert run(shop.push_price([push])) == [PushResult(push.key)]
    no_sale = {"sale_price": "", "date_on_sale_from_gmt": "", "date_on_sale_to_gmt": ""}
    assert body(wire.requests[0]) == {"update": [{"id": 790, "regular_price": text, **no_sale}]}


@given(minor=st.integers(0, 10**12), currency=st.sampled_from(["VND", "GBP", "SGD", "KWD"]))
def test_a_price_pushed_and_read_again_is_the_same(minor: int, currency: str) -> None:
    shop, wire = a_shop({"/products/batch": {"update": [{"id": 790}]}}, an_account(currency=currency))
    run(shop.push_price([PricePush(ListingKey("790"), "", minor, currency)]))
    price = body(wire.requests[0])["update"][0]["regular_price"]
    shop, _ = a_shop({"/products": rows({**PLAIN, "regular_price": price})}, an_account(currency=currency))
    (listing,) = run(shop.read_listings(keys=[ListingKey("790")]))
    assert listing.price_minor == minor


# --- orders ----------------------------------------------------------------------------------------------------------


def an_item(**changes: Any) -> dict[str, Any]:
    return {
        "id": 315,
        "name": "Áo thun - Đỏ",
        "product_id": 794,
        "variation_id": 801,
        "quantity": 2,
        "sku": "AO-DO",
        "price": 99000,
        "subtotal": "198000",
        "subtotal_tax": "0",
        "total": "198000",
        "total_tax": "0",
        "meta_data": [],
        **changes,
    }


def a_said_order(**changes: Any) -> dict[str, Any]:
    return {
        "id": 727,
        "number": "727",
        "status": "processing",
        "currency": "VND",
        "date_created_gmt": "2026-11-22T01:00:00",
        "date_modified_gmt": "2026-11-22T01:05:00",
        "discount_total": "0",
        "shipping_total": "15000",
        "total": "213000",
        "prices_include_tax": True,
        "customer_id": 25,
        "customer_note": "Gọi trước",
        "payment_method": "cod",
        "transaction_id": "",
        "billing": {
            "first_name": "Nguyễn",
            "last_name": "A",
            "phone": "0900000012",
            "email": "a@example.vn",
            "address_1": "1 Lê Lợi",
            "address_2": "P. Bến Nghé",
            "city": "Hồ Chí Minh",
            "state": "",
            "postcode": "700000",
            "country": "VN",
        },
        "shipping": {},
        "line_items": [an_item()],
        "shipping_lines": [{"id": 316, "method_id": "flat_rate", "total": "15000"}],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [],
        **changes,
    }


def an_order(**changes: Any) -> RemoteOrder:
    return orders.order(msgspec.convert(present(a_said_order(**changes)), orders.Order, strict=False), "VND")


def test_an_order_is_mapped_whole() -> None:
    shop, wire = a_shop({"/orders": rows(a_said_order())})
    (order,) = run(shop.fetch_orders(external_ids=["727"]))
    assert query(wire.requests[0]) == {"include[0]": "727", "per_page": "100"}
    assert (order.external_id, order.state, order.raw_state) == ("727", RemoteState.PLACED, "processing")
    assert order.placed_at == datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
    assert order.updated_at == datetime(2026, 11, 22, 1, 5, tzinfo=UTC)
    assert (order.currency, order.is_cod, order.note) == ("VND", True, "Gọi trước")
    assert (order.total_minor, order.shipping_fee_minor, order.discount_minor) == (213000, 15000, 0)
    assert (order.buyer_name, order.buyer_phone, order.buyer_ref) == ("Nguyễn A", "0900000012", "25")
    assert order.address == {
        "line": "1 Lê Lợi, P. Bến Nghé",
        "province": "Hồ Chí Minh",
        "postcode": "700000",
        "country": "VN",
    }
    (line,) = order.lines
    assert (line.line_ids, line.key, line.sku) == (("315",), ListingKey("794", "801"), "AO-DO")
    assert (line.name, line.quantity, line.unit_price_minor, line.list_price_minor) == (
        "Áo thun - Đỏ",
        2,
        99000,
        99000,
    )


def test_a_bare_order_is_read_too() -> None:
    order = an_order(
        status="on-hold", billing=[], shipping=[], total=None, customer_id=0, currency="", date_modified_gmt=None,
        shipping_total="", fee_lines=None, payment_method="bacs", customer_note="",
        line_items=[{"id": 1, "quantity": 1, "product_id": 0, "total": "5"}, {"id": 2, "quantity": 0, "total": "9"}],
    )  # fmt: skip
    assert order.updated_at == order.placed_at
    assert (order.state, order.currency, order.is_cod) == (RemoteState.UNPAID, "VND", False)
    assert (order.total_minor, order.buyer_name, order.buyer_ref, order.address) == (5, "", "", {})
    (line,) = order.lines
    assert (line.key, line.unit_price_minor, line.list_price_minor) == (ListingKey("0"), 5, None)


def test_the_place_to_send_to_is_the_shipping_address_where_there_is_one() -> None:
    shipping = {"first_name": "B", "address_1": "2 Trần Phú", "city": "Quận 5", "state": "Hồ Chí Minh", "country": "VN"}
    order = an_order(shipping=shipping)
    assert (order.buyer_name, order.buyer_phone) == ("B", "0900000012")
    assert order.address == {
        "line": "2 Trần Phú", "district": "Quận 5", "province": "Hồ Chí Minh", "country": "VN"
    }  # fmt: skip


def test_tax_is_part_of_what_the_buyer_pays() -> None:
    line = an_item(total="180000", total_tax="18000", subtotal="200000", subtotal_tax="20000")
    order = an_order(line_items=[line], shipping_tax="1500", total="214500")
    assert (order.lines[0].unit_price_minor, order.lines[0].list_price_minor) == (99000, 110000)
    assert (order.shipping_fee_minor, order.discount_minor, order.total_minor) == (16500, 0, 214500)


def test_a_coupon_that_does_not_divide_keeps_the_sums_right() -> None:
    line = an_item(quantity=3, subtotal="297000", total="287000")
    order = an_order(line_items=[line], total="302000")
    assert (order.lines[0].unit_price_minor, order.lines[0].list_price_minor) == (95667, 99000)
    assert order.discount_minor == 1
    assert order.total_minor == 3 * 95667 + 15000 - 1


def test_a_surcharge_is_part_of_the_fee_and_a_rebate_a_discount() -> None:
    order = an_order(fee_lines=[{"total": "10000", "total_tax": "1000"}, {"total": "-20000"}], total="204000")
    assert (order.shipping_fee_minor, order.discount_minor, order.total_minor) == (26000, 20000, 204000)
    order = an_order(total="220000")
    assert (order.shipping_fee_minor, order.discount_minor) == (22000, 0), "what no row explains is a fee"


@given(
    lines=st.lists(st.tuples(st.integers(1, 9), st.integers(0, 10**7), st.integers(0, 10**5)), min_size=1, max_size=6),
    fee=st.integers(0, 10**6),
    off=st.integers(0, 10**5),
    currency=st.sampled_from(["VND", "GBP"]),
)
def test_the_sums_of_an_order_agree(lines: list[tuple[int, int, int]], fee: int, off: int, currency: str) -> None:
    items = [
        an_item(id=place, quantity=units, total=str(total), total_tax=str(tax))
        for place, (units, total, tax) in enumerate(lines)
    ]
    paid = max(0, sum(total + tax for _, total, tax in lines) + fee - off)
    order = an_order(line_items=items, shipping_total=str(fee), total=str(paid), currency=currency)
    goods = sum(line.quantity * line.unit_price_minor for line in order.lines)
    assert order.total_minor == goods + order.shipping_fee_minor - order.discount_minor
    assert order.total_minor == paid * (1 if currency == "VND" else 100)
    assert min(order.discount_minor, order.shipping_fee_minor) >= 0


def test_every_status_of_the_engine_has_its_state() -> None:
    statuses = "pending processing on-hold completed cancelled refunded failed checkout-draft trash"
    assert set(statuses.split()) <= set(orders.STATES)
    said = {status: orders.state(status) for status in statuses.split()}
    assert said == {
        "pending": RemoteState.UNPAID,
        "processing": RemoteState.PLACED,
        "on-hold": RemoteState.UNPAID,
        "completed": RemoteState.SHIPPED,
        "cancelled": RemoteState.CANCELLED,
        "refunded": RemoteState.CANCELLED,
        "failed": RemoteState.UNPAID,
        "checkout-draft": RemoteState.UNPAID,
        "trash": RemoteState.CANCELLED,
    }
    assert orders.state("wc-completed") is RemoteState.SHIPPED
    assert orders.state("dang-dong-goi") is RemoteState.PLACED


@pytest.mark.parametrize(
    "text", ["2026-11-22T01:00:00", "2026-11-22T01:00:00Z", "2026-11-22T08:00:00+07:00", "2026-11-22 01:00:00"]
)
def test_times_are_utc(text: str) -> None:
    assert moment(text) == datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


def test_orders_are_listed_by_when_they_changed() -> None:
    changed = {"id": 8, "status": "processing", "date_modified_gmt": "2026-11-22T09:30:00"}
    draft = {"id": 9, "status": "checkout-draft", "date_modified_gmt": "2026-11-22T09:30:00"}
    undated = {"id": 10, "status": "processing", "date_modified_gmt": "yesterday"}
    shop, wire = a_shop({"/orders": [rows(changed, draft, changed, undated, X_WP_TotalPages="2"), rows(changed)]})
    since = NOW - timedelta(hours=1, milliseconds=-300)
    page = run(shop.list_orders(updated_from=since, updated_to=NOW, cursor=None))
    assert page.refs == [
        socket.OrderRef("8", datetime(2026, 11, 22, 9, 30, tzinfo=UTC)),
        socket.OrderRef("10"),
    ]
    assert page.next_cursor == "2"
    assert query(wire.requests[0]) == {
        "modified_after": "2026-11-22T08:59:59",
        "dates_are_gmt": "true",
        "orderby": "id",
        "order": "asc",
        "page": "1",
        "per_page": "100",
        "_fields": "id,status,date_created_gmt,date_modified_gmt",
    }
    last = run(shop.list_orders(updated_from=since, updated_to=NOW, cursor=page.next_cursor))
    assert ([ref.external_id for ref in last.refs], last.next_cursor) == (["8"], None)
    assert query(wire.requests[1])["page"] == "2"


def test_a_window_that_begins_elsewhere_is_asked_for_in_utc() -> None:
    shop, wire = a_shop({"/orders": rows()})
    hcm = datetime.fromisoformat("2026-11-22T08:00:00+07:00")
    run(shop.list_orders(updated_from=hcm, updated_to=NOW, cursor=None))
    assert query(wire.requests[0])["modified_after"] == "2026-11-22T00:59:59"
    with pytest.raises(Invalid):
        run(shop.list_orders(updated_from=NOW - timedelta(days=3651), updated_to=NOW, cursor=None))


def test_no_order_is_missed_while_others_change_between_two_pages() -> None:
    """The shop moves what changes; by number each keeps its place."""
    shop_orders = {number: datetime(2026, 11, 22, 5, 0) for number in range(1, 251)}  # noqa: DTZ001 - as the shop has it

    class Shop(Wire):
        async def send(self, request: Request) -> Response:
            said = query(request)
            since = datetime.fromisoformat(said["modified_after"])
            changed = sorted(number for number, at in shop_orders.items() if at > since)
            start = (int(said["page"]) - 1) * 100
            there = [
                {"id": number, "status": "processing", "date_modified_gmt": shop_orders[number].isoformat()}
                for number in changed[start : start + 100]
            ]
            for number in (3, 120, 240):
                shop_orders[number] += timedelta(hours=1)
            pages = -(-len(changed) // 100)
            return rows(*there, x_wp_totalpages=str(pages))

    shop = WooCommerce(an_account(), Shop({}), clock=lambda: NOW)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        since = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
        page = run(shop.list_orders(updated_from=since, updated_to=since + timedelta(hours=2), cursor=cursor))
        seen += [ref.external_id for ref in page.refs]
        if (cursor := page.next_cursor) is None:
            break
    assert sorted(seen, key=int) == [str(number) for number in range(1, 251)]


def test_orders_are_fetched_a_hundred_at_a_time_and_those_not_listed_by_themselves() -> None:
    class Shop(Wire):
        async def send(self, request: Request) -> Response:
            self.requests.append(request)
            one = urlsplit(request.url).path.rpartition("/")[2]
            if one == "13":
                return answered(a_said_order(id=13, status="trash"))
            if one.isdigit():
                return refused("woocommerce_rest_shop_order_invalid_id", "Invalid ID.", 404)
            asked = [int(value) for name, value in request.params if name.startswith("include")]
            return rows(*(a_said_order(id=number) for number in asked if number not in (13, 14)))

    wire = Shop({})
    shop = WooCommerce(an_account(), wire, clock=lambda: NOW)
    ids = [*map(str, range(130)), "5", "", "x", "1/2", "²"]
    found = run(shop.fetch_orders(external_ids=ids))
    assert [order.external_id for order in found] == [str(number) for number in range(130) if number != 14]
    assert found[13].state is RemoteState.CANCELLED
    assert [len(request.params) - 1 for request in wire.asked("/orders")] == [100, 30]
    assert len(wire.requests) == 4
    assert run(shop.fetch_orders(external_ids=[])) == []


def test_a_basket_at_the_checkout_is_not_an_order() -> None:
    shop, _ = a_shop({"/orders": rows(a_said_order(status="checkout-draft"))})
    assert run(shop.fetch_orders(external_ids=["727"])) == []


@pytest.mark.parametrize(
    "answer",
    [
        rows(a_said_order(date_created_gmt="", date_modified_gmt="")),
        rows(a_said_order(line_items=[an_item(quantity=1.5)])),
        rows(a_said_order(total="a lot")),
        rows({"id": 727, "line_items": {}}),
    ],
)
def test_an_order_that_cannot_be_read_is_not_guessed(answer: Answer) -> None:
    shop, _ = a_shop({"/orders": answer})
    with pytest.raises(Unavailable) as failed_:
        run(shop.fetch_orders(external_ids=["727"]))
    assert failed_.value.params["reason"] == "unreadable reply"


def test_an_order_is_not_missing_because_the_shop_is_ill() -> None:
    shop, _ = a_shop({"/orders": rows(), "/orders/727": Response(500, b"")})
    with pytest.raises(Unavailable):
        run(shop.fetch_orders(external_ids=["727"]))
    shop, _ = a_shop({"/orders": rows(), "/orders/727": refused("woocommerce_rest_cannot_view", "", 403)})
    with pytest.raises(RemoteRefused):
        run(shop.fetch_orders(external_ids=["727"]))


# --- shipping and cancelling -----------------------------------------------------------------------------------------


def test_packing_is_no_step_of_the_shop() -> None:
    shop, wire = a_shop()
    assert run(shop.pack(order=an_order())) == socket.Shipment()
    assert not wire.requests


def test_a_shipped_order_is_completed_in_the_shop() -> None:
    shop, wire = a_shop({"/orders/727": [a_said_order(), a_said_order(status="completed")]})
    assert run(shop.ship(order=an_order())) == socket.Shipment()
    assert [request.method for request in wire.requests] == ["GET", "PUT"]
    assert body(wire.requests[1]) == {"status": "completed"}
    run(shop.ship(order=an_order()))
    assert [request.method for request in wire.requests] == ["GET", "PUT", "GET"], "once is enough"


@pytest.mark.parametrize("status", ["cancelled", "refunded", "trash"])
def test_an_order_that_was_cancelled_meanwhile_is_not_shipped(status: str) -> None:
    shop, wire = a_shop({"/orders/727": a_said_order(status=status)})
    with pytest.raises(RemoteRefused, match=status):
        run(shop.ship(order=an_order()))
    assert [request.method for request in wire.requests] == ["GET"]


@pytest.mark.parametrize("reason", ["out_of_stock", "customer_request", "other"])
def test_an_order_is_cancelled_once(reason: str) -> None:
    shop, wire = a_shop({"/orders/727": [a_said_order(), a_said_order(status="cancelled")]})
    run(shop.cancel(order=an_order(), reason=reason))
    assert body(wire.requests[1]) == {"status": "cancelled"}
    run(shop.cancel(order=an_order(), reason=reason))
    assert len(wire.requests) == 3


def test_what_has_left_is_not_cancelled_and_a_whim_is_no_reason() -> None:
    shop, wire = a_shop({"/orders/727": a_said_order(status="completed")})
    with pytest.raises(RemoteRefused) as failed_:
        run(shop.cancel(order=an_order(), reason="other"))
    assert failed_.value.params["remote_code"] == "wrong_status"
    assert len(wire.requests) == 1
    with pytest.raises(Invalid):
        run(shop.cancel(order=an_order(), reason="whim"))
    assert len(wire.requests) == 1


def test_an_order_the_shop_does_not_know_is_refused_before_anything_is_written() -> None:
    gone = refused("woocommerce_rest_shop_order_invalid_id", "Invalid ID.", 404)
    shop, wire = a_shop({"/orders/727": gone})
    for work in (lambda: shop.ship(order=an_order()), lambda: shop.cancel(order=an_order(), reason="other")):
        with pytest.raises(RemoteRefused) as failed_:
            run(work())
        assert failed_.value.params["remote_code"] == "unknown_order"
    with pytest.raises(RemoteRefused):
        run(shop.ship(order=replace(an_order(), external_id="../settings")))
    assert {request.method for request in wire.requests} == {"GET"}
    assert len(wire.requests) == 2


def test_a_refused_step_is_refused() -> None:
    shop, _ = a_shop({"/orders/727": [a_said_order(), refused("woocommerce_rest_invalid_order", "locked", 400)]})
    with pytest.raises(RemoteRefused, match="locked"):
        run(shop.ship(order=an_order()))


def test_a_buyers_wish_is_granted_by_cancelling_and_declined_by_nothing() -> None:
    shop, wire = a_shop({"/orders/727": a_said_order()})
    run(shop.answer_cancellation(order=an_order(), accept=True))
    assert body(wire.requests[-1]) == {"status": "cancelled"}
    run(shop.answer_cancellation(order=an_order(), accept=False))
    assert [request.method for request in wire.requests] == ["GET", "PUT", "GET"]
    shop, _ = a_shop({"/orders/727": a_said_order(status="cancelled")})
    with pytest.raises(RemoteRefused):
        run(shop.answer_cancellation(order=an_order(), accept=False))


# --- notices ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", published("webhook_vectors"), ids=lambda vector: vector["name"])
def test_every_published_notice_is_known_as_genuine(vector: dict[str, Any]) -> None:
    account = replace(an_account(), secrets=Secrets(KEY, SECRET, notice_secret=vector["secret"]))
    shop, _ = a_shop({}, account)
    signature = vector["x_wc_webhook_signature"]
    headers = {"x-wc-webhook-topic": vector["name"]}
    if signature is not None:
        headers["x-wc-webhook-signature"] = signature
        assert notice_signature(vector["secret"], vector["raw_body"].encode()) == signature
    found = shop.read_notices(headers=headers, body=vector["raw_body"].encode())
    assert len(found) == (signature is not None)


def test_a_secret_with_special_characters_signs_as_the_shop_does() -> None:
    # Reference by openssl: dgst -sha256 -hmac 'bí mật & "riêng"' -binary | base64
    content = b'{"id":9001,"status":"processing","total":"55000"}'
    expected = "FWAVfci/sjmNDj8k3kQPsiG3l2LT4fLDe4zy299BrQ4="
    for secret in ('bí mật & "riêng"', "bí mật &amp; &quot;riêng&quot;"):
        assert notice_signature(secret, content) == expected
        shop, _ = a_shop({}, replace(an_account(), secrets=Secrets(KEY, secret)))
        headers = {"x-wc-webhook-signature": expected, "x-wc-webhook-topic": "order.updated"}
        (notice,) = shop.read_notices(headers=headers, body=content)
        assert (notice.kind, notice.reference, notice.shop_id) == (NoticeKind.ORDER, "9001", "shop.example.vn")


@pytest.mark.parametrize("signature", [None, "", "0" * 44, "không phải chữ ký", "\ud800"])
def test_a_notice_without_a_right_signature_is_refused(signature: str | None) -> None:
    shop, _ = a_shop()
    headers = {"x-wc-webhook-topic": "order.updated"}
    headers |= {} if signature is None else {"x-wc-webhook-signature": signature}
    with pytest.raises(NoticeForged):
        shop.read_notices(headers=headers, body=b'{"id":1}')


def test_a_notice_altered_by_one_byte_or_signed_with_another_key_is_refused() -> None:
    shop, _ = a_shop()
    for content, secret in ((b'{"id":2}', HOOK), (b'{"id":1}', SECRET)):
        with pytest.raises(NoticeForged):
            shop.read_notices(headers={"x-wc-webhook-signature": notice_signature(secret, b'{"id":1}')}, body=content)


@pytest.mark.parametrize("content", [b"webhook_id=12&x=1", b"webhook_id=", b"", b"webhook_id=12\n{}"])
def test_only_the_very_call_that_tries_out_a_webhook_is_taken_unsigned(content: bytes) -> None:
    shop, _ = a_shop()
    assert shop.read_notices(headers={}, body=b"webhook_id=12") == []
    with pytest.raises(NoticeForged):
        shop.read_notices(headers={}, body=content)
    with pytest.raises(NoticeForged):
        shop.read_notices(headers={"x-wc-webhook-signature": "x"}, body=b"webhook_id=12")


@pytest.mark.parametrize("content", [b"", b"not json", b"[1]", b'"text"'])
def test_a_signed_notice_that_cannot_be_read_is_invalid(content: bytes) -> None:
    shop, _ = a_shop()
    with pytest.raises(Invalid):
        shop.read_notices(headers={"x-wc-webhook-signature": notice_signature(HOOK, content)}, body=content)


def read(said: Any, topic: str, delivery: str = "d1") -> Notice:
    shop, _ = a_shop()
    content = json.dumps(said).encode()
    headers = {
        "x-wc-webhook-signature": notice_signature(HOOK, content),
        "x-wc-webhook-topic": topic,
        "x-wc-webhook-delivery-id": delivery,
    }
    (notice,) = shop.read_notices(headers=headers, body=content)
    return notice


@pytest.mark.parametrize(
    ("topic", "said", "kind", "reference"),
    [
        ("order.created", {"id": 727, "status": "processing"}, NoticeKind.ORDER, "727"),
        ("order.updated", {"id": "727"}, NoticeKind.ORDER, "727"),
        ("order.deleted", {"id": 727}, NoticeKind.ORDER, "727"),
        ("order.updated", {"id": 727, "status": "checkout-draft"}, NoticeKind.OTHER, ""),
        ("order.updated", {"status": "processing"}, NoticeKind.OTHER, ""),
        ("order.updated", {"id": True}, NoticeKind.OTHER, ""),
        ("product.updated", {"id": 794}, NoticeKind.PRODUCT, "794"),
        ("customer.updated", {"id": 25}, NoticeKind.OTHER, ""),
        ("action.some_hook", {"action": "some_hook", "arg": 5}, NoticeKind.OTHER, ""),
        ("", {"id": 727}, NoticeKind.OTHER, ""),
        ("\ud800", {"id": 727}, NoticeKind.OTHER, ""),
    ],
)
def test_each_topic_is_told(topic: str, said: Any, kind: NoticeKind, reference: str) -> None:
    notice = read(said, topic)
    assert (notice.kind, notice.reference, notice.shop_id) == (kind, reference, "shop.example.vn")


def test_two_deliveries_of_one_second_are_two_and_the_same_delivery_is_one() -> None:
    one = read({"id": 1}, "order.updated")
    assert one.dedupe_id == read({"id": 1}, "order.updated").dedupe_id
    others = [
        read({"id": 2}, "order.updated"), read({"id": 1}, "order.updated", "d2"), read({"id": 1}, "order.deleted")
    ]  # fmt: skip
    assert len({one.dedupe_id, *(other.dedupe_id for other in others)}) == 4


# --- the whole -------------------------------------------------------------------------------------------------------


def test_the_manifest_claims_what_the_class_does() -> None:
    shop = connect(an_account(), Wire({}))
    assert MANIFEST.name == "woocommerce"
    assert MANIFEST.capabilities == CAPABILITIES
    assert "default" in MANIFEST.limits
    for name in CAPABILITIES:
        assert isinstance(shop, getattr(socket, name))
    assert not isinstance(shop, socket.Authorises), "keys are entered, so an account works as soon as it has them"


def test_secrets_do_not_show_in_a_connectors_text() -> None:
    shop, _ = a_shop()
    assert SECRET not in repr(shop)
    assert HOOK not in repr(shop)
