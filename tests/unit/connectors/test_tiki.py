"""The Tiki connector against answers composed from the platform's documented shapes: tokens, products, pushes."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mekong.channels import socket
from mekong.channels.socket import (
    Account,
    ListingKey,
    PricePush,
    PushResult,
    Response,
    Secrets,
    StockPush,
)
from mekong.connectors.tiki.connector import MANIFEST, Tiki, connect
from mekong.connectors.tiki.mapping import moment, stock
from mekong.foundation.errors import (
    Invalid,
    MekongError,
    NeedsReconnect,
    NeedsRefresh,
    RateLimited,
    RemoteRefused,
    Unavailable,
)
from tests.unit.connectors.wire import VECTORS, Answer, Wire, body, form, query, run

SECRET = "tikiS3cret-for~tests"
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
CAPABILITIES = {
    "Authorises",
    "PullsProducts",
    "ReadsListings",
    "PushesStock",
    "PushesPrice",
    "PublishesProducts",
    "PullsOrders",
    "Ships",
    "PrintsLabels",
    "Cancels",
    "TellsEarnings",
}


def an_account(**changes: Any) -> Account:
    secrets = Secrets("7590139168389961", SECRET, "TT", "R1.abc", **changes.pop("secrets", {}))
    return Account("tiki", "1234", secrets, **{"api_url": "https://tiki.example", **changes})


def a_shop(answers: Mapping[str, Answer | list[Answer]] | None = None, **changes: Any) -> tuple[Tiki, Wire]:
    wire = Wire(answers or {})
    return Tiki(an_account(**changes), wire, clock=lambda: NOW), wire


def refused(status: int, *sentences: str, **more: Any) -> Response:
    return Response(status, json.dumps({"errors": list(sentences), **more}).encode())


# --- the wire --------------------------------------------------------------------------------------------------------

_HOMES = (VECTORS, Path(__file__).resolve().parents[4] / "shared" / "protocols" / "vectors")


def the_vectors() -> Any:
    found = next((home / "tiki.json" for home in _HOMES if (home / "tiki.json").is_file()), None)
    return json.loads(found.read_text("utf-8")) if found else {}


SHARED = the_vectors()
TOKENS = {
    "access_token": "eyJhbGciOi.x",
    "expires_in": 86399,
    "scope": "order product inventory offline",
    "token_type": "bearer",
    "refresh_token": "sTqZ.2",
}
SELLER = {"id": 1234, "sid": "8D6B7A2C", "name": "Tiệm áo", "active": 1}


@pytest.mark.skipif(not SHARED, reason="the shared test vectors are not on this machine")
@pytest.mark.parametrize("vector", SHARED.get("token_vectors", []), ids=lambda vector: vector["name"])
def test_every_token_vector_comes_out(vector: dict[str, Any]) -> None:
    is_post = "authorization" not in vector["headers"]
    wrong = Response(401, b'{"error":"invalid_client"}')
    wire = Wire({"/oauth2/token": [wrong, TOKENS] if is_post else TOKENS, "/sellers/me": SELLER})
    asked = {name: values[0] for name, values in parse_qs(vector["body"]).items()}
    secrets = Secrets(vector["client_id"], vector["client_secret"], "", asked.get("refresh_token", ""))
    shop = Tiki(Account("tiki", "1234", secrets), wire, clock=lambda: NOW)
    if "code" in asked:
        run(shop.exchange(params={"code": asked["code"], "redirect_uri": asked["redirect_uri"]}, now=NOW))
    else:
        run(shop.refresh(now=NOW))
    sent = wire.asked("/oauth2/token")[-1]
    assert sent.method == vector["method"]
    assert urlsplit(sent.url).path == vector["path"]
    assert sent.body == vector["body"].encode()
    assert {name: value for name, value in sent.headers.items() if name != "accept"} == vector["headers"]
    assert (sent.params, sent.lane) == ((), "auth")


@pytest.mark.skipif(not SHARED, reason="the shared test vectors are not on this machine")
@pytest.mark.parametrize("vector", SHARED.get("api_call_vectors", []), ids=lambda vector: vector["name"])
def test_every_call_vector_comes_out(vector: dict[str, Any]) -> None:
    shop, wire = a_shop({"/orders": {"data": []}})
    run(shop.client.get(vector["path"].removeprefix("/integration"), list(vector["query"].items())))
    (sent,) = wire.requests
    assert sent.method == vector["method"]
    assert urlsplit(sent.url).path == vector["path"]
    assert query(sent) == vector["query"]
    assert sent.headers["authorization"] == vector["headers"]["authorization"]


def test_a_refresh_is_this_request_byte_for_byte() -> None:
    shop, wire = a_shop({"/oauth2/token": TOKENS})
    tokens = run(shop.refresh(now=NOW))
    (sent,) = wire.requests
    pair = base64.b64encode(b"7590139168389961:tikiS3cret-for~tests").decode()
    assert (sent.method, sent.url) == ("POST", "https://tiki.example/sc/oauth2/token")
    assert sent.headers == {
        "accept": "application/json",
        "authorization": f"Basic {pair}",
        "content-type": "application/x-www-form-urlencoded",
    }
    assert sent.body == b"grant_type=refresh_token&refresh_token=R1.abc&client_id=7590139168389961"
    assert tokens == socket.Tokens("eyJhbGciOi.x", "sTqZ.2", NOW + timedelta(seconds=86399), None, "1234")


def test_a_read_and_a_write_carry_the_token_and_nothing_signed() -> None:
    shop, wire = a_shop({"/v2/x": {}, "/v2/y": {}})
    run(shop.client.get("/v2/x", [("a", "b|c")]))
    run(shop.client.put("/v2/y", {"name": "Áo thun"}, lane="stock"))
    read, write = wire.requests
    assert (read.method, read.url, read.params) == ("GET", "https://tiki.example/integration/v2/x", (("a", "b|c"),))
    assert read.headers == {"accept": "application/json", "authorization": "Bearer TT"}
    assert (write.method, write.params, write.lane) == ("PUT", (), "stock")
    assert write.headers["content-type"] == "application/json"
    assert write.body == '{"name":"Áo thun"}'.encode()


@pytest.mark.parametrize("url", ["https://tiki.example", "https://tiki.example/integration"])
def test_a_host_may_be_given_with_or_without_its_root(url: str) -> None:
    shop, wire = a_shop({"/products": {}}, api_url=url)
    run(shop.pull_listings(cursor=None))
    assert wire.requests[0].url == "https://tiki.example/integration/v2.1/products"


def test_without_addresses_the_platforms_own_are_used() -> None:
    shop, wire = a_shop({"/products": {}, "/oauth2/token": TOKENS}, api_url="")
    run(shop.pull_listings(cursor=None))
    run(shop.refresh(now=NOW))
    assert [request.url for request in wire.requests] == [
        "https://api.tiki.vn/integration/v2.1/products",
        "https://api.tiki.vn/sc/oauth2/token",
    ]


# --- authorisation ---------------------------------------------------------------------------------------------------


def test_the_page_of_consent_is_asked_with_the_state() -> None:
    shop, _ = a_shop(auth_url="https://consent.example")
    link = shop.authorisation_url(redirect_url="https://erp.example.vn/cb?a=1", state="state 123", now=NOW)
    assert "scope=offline%20product%20order%20inventory" in link
    parts = urlsplit(link)
    assert (parts.netloc, parts.path) == ("consent.example", "/sc/oauth2/auth")
    assert {name: values[0] for name, values in parse_qs(parts.query).items()} == {
        "response_type": "code",
        "client_id": "7590139168389961",
        "redirect_uri": "https://erp.example.vn/cb?a=1",
        "scope": "offline product order inventory",
        "state": "state 123",
    }
    with pytest.raises(ValueError, match="8 characters"):
        shop.authorisation_url(redirect_url="https://erp.example.vn/cb", state="1234567", now=NOW)


@pytest.mark.parametrize(
    ("shop_id", "found"), [("", "1234"), ("1234", "1234"), ("8D6B7A2C", "8D6B7A2C"), ("9", "1234")]
)
@pytest.mark.parametrize("seller", [SELLER, {"data": SELLER}])
def test_a_code_becomes_tokens_of_the_shop_that_gave_it(shop_id: str, found: str, seller: Answer) -> None:
    wire = Wire({"/oauth2/token": TOKENS, "/sellers/me": seller})
    shop = Tiki(Account("tiki", shop_id, Secrets("id", "secret")), wire, clock=lambda: NOW)
    params = {"code": "c.1", "state": "s", "scope": "x", "redirect_uri": "https://erp.example.vn/cb"}
    tokens = run(shop.exchange(params=params, now=NOW))
    assert (tokens.access_token, tokens.refresh_token, tokens.shop_id) == ("eyJhbGciOi.x", "sTqZ.2", found)
    asked, seen = wire.requests
    assert asked.body == (
        b"grant_type=authorization_code&code=c.1&redirect_uri=https%3A%2F%2Ferp.example.vn%2Fcb&client_id=id"
    )
    assert urlsplit(seen.url).path == "/integration/v2/sellers/me"
    assert seen.headers["authorization"] == "Bearer eyJhbGciOi.x"


def test_an_app_that_may_not_ask_whose_shop_it_is_gets_its_tokens_all_the_same() -> None:
    shop, _ = a_shop({"/oauth2/token": TOKENS, "/sellers/me": refused(403, "scope")})
    assert run(shop.exchange(params={"code": "c"}, now=NOW)).shop_id == ""


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused(404, "no seller"), RemoteRefused),
        (refused(401, "expired"), RemoteRefused),
        (refused(503), Unavailable),
        (b'{"name":"no id"}', Unavailable),
    ],
)
def test_a_shop_that_cannot_be_told_is_not_connected(answer: Answer, error: type[MekongError]) -> None:
    shop, _ = a_shop({"/oauth2/token": TOKENS, "/sellers/me": answer})
    with pytest.raises(MekongError) as failed:
        run(shop.exchange(params={"code": "c"}, now=NOW))
    assert type(failed.value) is error


def test_a_used_code_is_refused_and_a_missing_one_is_invalid() -> None:
    used = Response(400, b'{"error":"invalid_grant","error_description":"The code was used"}')
    shop, wire = a_shop({"/oauth2/token": used})
    with pytest.raises(RemoteRefused) as failed:
        run(shop.exchange(params={"code": "old"}, now=NOW))
    assert type(failed.value) is RemoteRefused
    assert failed.value.params["remote_message"] == "The code was used"
    assert "redirect_uri" not in form(wire.requests[0])
    with pytest.raises(Invalid):
        run(shop.exchange(params={}, now=NOW))
    with pytest.raises(RemoteRefused) as failed:
        run(shop.exchange(params={"error": "access_denied", "error_description": "Không đồng ý"}, now=NOW))
    assert failed.value.params["remote_message"] == "Không đồng ý"
    assert len(wire.requests) == 1


def oauth(status: int, error: str) -> Response:
    return Response(status, json.dumps({"error": error, "error_description": "no"}).encode())


@pytest.mark.parametrize(
    ("answer", "error", "calls"),
    [
        (oauth(400, "invalid_grant"), NeedsReconnect, 1),
        (oauth(401, "invalid_client"), NeedsReconnect, 2),
        (refused(401), NeedsReconnect, 2),
        (oauth(400, "unauthorized_client"), NeedsReconnect, 1),
        (oauth(400, "invalid_request"), RemoteRefused, 1),
        (oauth(400, "temporarily_unavailable"), Unavailable, 1),
        (refused(429), RateLimited, 1),
        (refused(500), Unavailable, 1),
        (Response(401, b"<html>"), Unavailable, 1),
        (b"", Unavailable, 1),
        (b"[]", Unavailable, 1),
        (b'{"access_token":"a","expires', Unavailable, 1),
        (b'{"expires_in":5}', Unavailable, 1),
    ],
)
def test_a_refused_refresh_asks_for_a_new_connection_unless_it_may_pass(
    answer: Answer, error: type[MekongError], calls: int
) -> None:
    shop, wire = a_shop({"/oauth2/token": answer})
    with pytest.raises(MekongError) as failed:
        run(shop.refresh(now=NOW))
    assert type(failed.value) is error
    assert len(wire.requests) == calls


def test_the_old_refresh_token_stays_where_no_new_one_comes() -> None:
    shop, _ = a_shop({"/oauth2/token": {"access_token": "a"}})
    tokens = run(shop.refresh(now=NOW))
    assert (tokens.refresh_token, tokens.access_expires_at) == ("R1.abc", NOW + timedelta(hours=1))


def test_the_keys_of_the_sellers_own_app_are_enough() -> None:
    wire = Wire({"/oauth2/token": {**TOKENS, "refresh_token": ""}, "/sellers/me": SELLER})
    shop = Tiki(Account("tiki", "1234", Secrets("id", "secret", "old")), wire, clock=lambda: NOW)
    tokens = run(shop.refresh(now=NOW))
    assert (tokens.access_token, tokens.refresh_token, tokens.shop_id) == ("eyJhbGciOi.x", "", "1234")
    assert wire.requests[0].body == b"grant_type=client_credentials"


@pytest.mark.parametrize("answer", [{"id": 9}, refused(401), refused(403), refused(404)])
def test_the_keys_of_another_app_are_not(answer: Answer) -> None:
    wire = Wire({"/oauth2/token": TOKENS, "/sellers/me": answer})
    with pytest.raises(NeedsReconnect):
        run(Tiki(Account("tiki", "1234", Secrets("id", "secret")), wire).refresh(now=NOW))


def test_without_a_token_nothing_is_sent() -> None:
    wire = Wire({})
    with pytest.raises(NeedsRefresh):
        run(Tiki(Account("tiki", "1", Secrets("id", "secret")), wire).pull_listings(cursor=None))
    assert not wire.requests


# --- failures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused(401, "token expired"), NeedsRefresh),
        (Response(401, b""), NeedsRefresh),
        (Response(401, b"<html>"), NeedsRefresh),
        (refused(400, "bad page"), RemoteRefused),
        (refused(403, "no scope"), RemoteRefused),
        (refused(404, "not found"), RemoteRefused),
        (refused(422, "invalid"), RemoteRefused),
        (refused(200, "an error that came as a success"), RemoteRefused),
        (Response(400, b'{"error":{"code":"E1","message":"no"}}'), RemoteRefused),
        (Response(400, b""), RemoteRefused),
        (refused(503, "temporarily"), Unavailable),
        (Response(500, b"<html>"), Unavailable),
        (Response(429, b""), RateLimited),
        (Response(404, b"<html>"), Unavailable),
        (Response(302, b""), Unavailable),
        (b"<html>", Unavailable),
        (b"", Unavailable),
        (Response(204, b""), Unavailable),
        (b"null", Unavailable),
        (b'{"data":[{"product_id":1,"na', Unavailable),
        (b'{"data":[{"name":"no number"}]}', Unavailable),
        (b'{"data":[{"product_id":1,"price":1e99999}]}', Unavailable),
        (b'{"data":7}', Unavailable),
        (Unavailable(), Unavailable),
    ],
)
def test_each_family_of_failures_has_its_meaning(answer: Answer, error: type[MekongError]) -> None:
    shop, wire = a_shop({"/products": answer})
    with pytest.raises(MekongError) as failed:
        run(shop.pull_listings(cursor=None))
    assert type(failed.value) is error
    assert len(wire.requests) == 1, "a failure is not tried again here"


@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        (refused(422, "price is invalid", "giá không hợp lệ"), "http_422", "price is invalid; giá không hợp lệ"),
        (refused(400, error="E7"), "E7", "no reason given"),
        (Response(400, b'{"errors":[{"message":"one"},{"field":"x"}]}'), "http_400", "one; {'field': 'x'}"),
        (Response(400, b'{"errors":"alone","code":17}'), "17", "alone"),
        (Response(400, b'{"error":{"code":"E1","message":"inner"}}'), "E1", "inner"),
        (Response(400, '{"msg":"Kết nối đang tạm ngưng"}'.encode()), "http_400", "Kết nối đang tạm ngưng"),
        (Response(400, b"[]"), "http_400", "no reason given"),
    ],
)
def test_the_platforms_own_words_are_kept(answer: Response, code: str, message: str) -> None:
    shop, _ = a_shop({"/products": answer})
    with pytest.raises(RemoteRefused) as failed:
        run(shop.pull_listings(cursor=None))
    assert (failed.value.params["remote_code"], failed.value.params["remote_message"]) == (code, message)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"Retry-After": "7", "X-RateLimit-Remaining-Minute": "0"}, 7.0),
        ({"x-ratelimit-remaining-second": "0", "x-ratelimit-remaining-minute": "312"}, 1.0),
        ({"X-RateLimit-Remaining-Second": "0", "X-RateLimit-Remaining-Minute": "0"}, 10.0),
        ({"X-RateLimit-Limit-Minute": "500"}, None),
    ],
)
def test_the_wait_that_the_platform_asks_for_is_passed_on(headers: dict[str, str], wait_s: float | None) -> None:
    shop, _ = a_shop({"/products": Response(429, b'{"message":"API rate limit exceeded"}', headers)})
    with pytest.raises(RateLimited) as failed:
        run(shop.pull_listings(cursor=None))
    assert failed.value.params.get("retry_after_s") == wait_s


# --- products --------------------------------------------------------------------------------------------------------


def held(warehouse: int, available: int, reserved: int = 0) -> dict[str, int]:
    return {
        "warehouse_id": warehouse,
        "quantity": available,
        "quantity_available": available,
        "quantity_reserved": reserved,
        "quantity_sellable": available - reserved,
    }


def an_inventory(*places: dict[str, int], **changes: Any) -> dict[str, Any]:
    names = ("quantity", "quantity_available", "quantity_reserved", "quantity_sellable")
    sums = {name: sum(place[name] for place in places) for name in names}
    said = {"inventory_type": "dropship", "fulfillment_type": "dropship", **sums, "warehouse_stocks": list(places)}
    return {**said, **changes}


def a_product(**changes: Any) -> dict[str, Any]:
    return {
        "product_id": 2071618,
        "sku": "8412345678901",
        "original_sku": "ÁO-ĐỎ-M",
        "name": "Áo thun cổ tròn",
        "master_id": 2071000,
        "super_id": 0,
        "super_sku": "",
        "active": 1,
        "type": "simple",
        "entity_type": "seller_simple",
        "price": 99000,
        "market_price": 120000,
        "created_at": "2026-11-01 08:00:00",
        "thumbnail": "https://img.example/a.jpg",
        "images": [],
        "inventory": an_inventory(held(1034, 12, 1)),
        "attributes": [],
        **changes,
    }


def a_page(products: Sequence[dict[str, Any]], page: int = 1, last: int | None = 1) -> dict[str, Any]:
    paging = {"total": 1, "current_page": page, "per_page": 50, "last_page": last}
    return {"data": list(products), **({} if last is None else {"paging": paging})}


def test_a_page_of_products_gives_one_listing_each() -> None:
    rows = [
        a_product(),
        a_product(product_id=1, type="configurable"),
        a_product(product_id=2, entity_type="master_simple"),
        a_product(),
        {"id": "2071619", "active": "0", "inventory": [], "price": 12.0, "original_sku": None},
        a_product(product_id=2071620, inventory=[an_inventory(held(1, 5, 2))], active=True),
        a_product(product_id=2071621, inventory={"warehouse_stocks": [held(1, 5, 2), {"warehouse_id": 2}]}, active=2),
        a_product(product_id=2071622, inventory={"quantity": 9, "quantity_reserved": 4}),
    ]
    shop, wire = a_shop({"/products": a_page(rows)})
    page = run(shop.pull_listings(cursor=None))
    first, bare, listed, summed, counted = page.listings
    assert page.next_cursor is None
    assert first == socket.RemoteListing(
        key=ListingKey("2071618"),
        sku="ÁO-ĐỎ-M",
        name="Áo thun cổ tròn",
        quantity=11,
        price_minor=99000,
        image_url="https://img.example/a.jpg",
    )
    assert (bare.key, bare.sku, bare.quantity, bare.price_minor) == (ListingKey("2071619"), "", None, 12)
    assert [one.is_active for one in page.listings] == [True, False, True, False, True]
    assert [one.quantity for one in (listed, summed, counted)] == [3, 3, 5]
    (sent,) = wire.requests
    assert sent.method == "GET"
    assert sent.url == "https://tiki.example/integration/v2.1/products"
    assert query(sent) == {"page": "1", "limit": "50", "include": "inventory"}


@pytest.mark.parametrize(
    ("answer", "cursor", "following"),
    [
        (a_page([a_product()], 1, 3), None, "2"),
        (a_page([a_product()], 3, 3), "3", None),
        (a_page([], 4, 9), "4", None),
        (a_page([a_product()], last=None), None, None),
        (a_page([a_product(product_id=n) for n in range(1, 51)], last=None), "2", "3"),
        ({}, None, None),
    ],
)
def test_pages_end_where_the_platform_says(answer: Answer, cursor: str | None, following: str | None) -> None:
    shop, wire = a_shop({"/products": answer})
    assert run(shop.pull_listings(cursor=cursor)).next_cursor == following
    assert query(wire.requests[0])["page"] == (cursor or "1")


def test_a_cursor_of_another_make_is_invalid() -> None:
    shop, wire = a_shop()
    with pytest.raises(Invalid):
        run(shop.pull_listings(cursor="next please"))
    assert not wire.requests


def test_reading_listings_asks_product_by_product_and_leaves_out_the_unknown() -> None:
    shop, wire = a_shop(
        {
            "/products/2071618": a_product(),
            "/products/7": {"data": [a_product(product_id=7)]},
            "/products/404": refused(404, "product not found"),
            "/products/405": {"data": []},
        }
    )
    keys = [ListingKey(one) for one in ("2071618", "404", "405", "7", "2071618", "x", "")]
    found = run(shop.read_listings(keys=keys))
    assert [(one.key.item_id, one.quantity) for one in found] == [("2071618", 11), ("7", 11)]
    assert wire.paths == [f"/integration/v2.1/products/{one}" for one in ("2071618", "404", "405", "7")]
    assert query(wire.requests[0]) == {"includes": "inventory"}


def test_a_read_that_is_refused_for_the_shop_is_not_taken_for_unknown() -> None:
    shop, _ = a_shop({"/products/7": refused(403, "no scope")})
    with pytest.raises(RemoteRefused):
        run(shop.read_listings(keys=[ListingKey("7")]))


# --- stock -----------------------------------------------------------------------------------------------------------

KEY = ListingKey("2071618")


class Shelf(Wire):
    """Stock of one product, as the platform keeps it: reserved units are part of the available ones."""

    def __init__(self, *places: tuple[int, int, int], homes: Answer | None = None) -> None:
        super().__init__({"/warehouses": {"data": [{"id": 1034}, {"id": 1015}]} if homes is None else homes})
        self.places = {warehouse: (available, reserved) for warehouse, available, reserved in places}
        self.stale = 0

    async def send(self, request: socket.Request) -> Response:
        path = urlsplit(request.url).path
        if path.endswith("/updateSku"):
            self.requests.append(request)
            said = {row["warehouse_id"]: row["qty_available"] for row in body(request)["warehouse_quantities"]}
            reserved = {one: self.places.get(one, (0, 0))[1] for one in {*self.places, *said}}
            self.before, self.places = self.places, {one: (said.get(one, 0), units) for one, units in reserved.items()}
            return Response(200, b'{"state":"approved"}')
        if "/products/" in path:
            self.requests.append(request)
            shown = self.before if self.stale else self.places
            self.stale = max(0, self.stale - 1)
            places = [held(one, available, reserved) for one, (available, reserved) in shown.items()]
            return Response(200, json.dumps(a_product(inventory=an_inventory(*places))).encode())
        return await super().send(request)

    def sellable(self) -> dict[int, int]:
        return {one: available - reserved for one, (available, reserved) in self.places.items()}


def push(wire: Wire, quantity: int = 5) -> PushResult:
    shop = Tiki(an_account(), wire, clock=lambda: NOW)
    (result,) = run(shop.push_stock([StockPush(KEY, "ÁO-ĐỎ-M", quantity)]))
    return result


def test_what_orders_hold_is_put_on_top_of_what_is_to_be_sold() -> None:
    shelf = Shelf((1034, 12, 3))
    assert push(shelf, 5) == PushResult(KEY)
    assert shelf.places == {1034: (8, 3)}
    read, write, again = shelf.requests
    assert (write.method, write.url) == ("PUT", "https://tiki.example/integration/v2.1/products/updateSku")
    assert write.body == (
        b'{"product_id":2071618,"seller_warehouse":"1034","warehouse_quantities":'
        b'[{"warehouse_id":1034,"qty_available":8}]}'
    )
    assert {request.lane for request in shelf.requests} == {"stock"}
    assert [urlsplit(one.url).path for one in (read, again)] == ["/integration/v2.1/products/2071618"] * 2


def test_a_product_that_sold_out_still_holds_what_was_ordered() -> None:
    shelf = Shelf((1034, 12, 3))
    assert not push(shelf, 0).error
    assert shelf.places == {1034: (3, 3)}


def test_other_warehouses_keep_what_they_offer_and_none_is_left_out() -> None:
    shelf = Shelf((1015, 4, 1), (1034, 12, 2), (1099, 0, 0))
    assert not push(shelf, 20).error
    assert shelf.sellable() == {1034: 17, 1015: 3, 1099: 0}
    assert body(shelf.requests[2])["seller_warehouse"] == "1034, 1015, 1099"


def test_other_warehouses_give_up_only_what_is_too_much() -> None:
    shelf = Shelf((1034, 12, 2), (1015, 4, 0), (1099, 5, 0))
    assert not push(shelf, 6).error
    assert shelf.sellable() == {1034: 0, 1015: 4, 1099: 2}


@pytest.mark.parametrize(
    "homes",
    [
        {"data": [{"id": 1099, "status": 0}, {"id": 1034, "status": 1}, {"id": 1015}]},
        [{"id": 1034, "status": "active"}],
    ],
)
def test_a_product_without_stock_goes_to_the_first_warehouse_that_works(homes: Answer) -> None:
    wire = Shelf(homes=json.dumps(homes).encode())
    assert not push(wire).error
    assert wire.places == {1034: (5, 0)}
    assert wire.paths[1] == "/integration/v2/sellers/me/warehouses"


def test_the_sellers_warehouses_are_asked_for_once() -> None:
    wire = Shelf((1034, 1, 0), (1015, 1, 0))
    shop = Tiki(an_account(), wire)
    for quantity in (3, 4):
        run(shop.push_stock([StockPush(KEY, "A", quantity)]))
    assert len(wire.asked("/warehouses")) == 1


def test_without_leave_to_see_warehouses_those_of_the_product_serve() -> None:
    wire = Shelf((1015, 1, 0), (1034, 1, 0), homes=refused(403, "scope inventory"))
    assert not push(wire).error
    assert wire.sellable() == {1015: 4, 1034: 1}
    assert push(Shelf(homes=refused(403))).error == "no_warehouse"


def test_a_write_whose_effect_does_not_show_is_not_acknowledged() -> None:
    shelf = Shelf((1034, 12, 3))
    shelf.before = {1034: (12, 0)}
    shelf.stale = 1  # the read before the write knows nothing of three ordered units
    with pytest.raises(Unavailable) as failed:
        push(shelf, 5)
    assert failed.value.params == {"remote": "Tiki", "reason": "not shown", "shown": 2, "wanted": 5}
    assert push(shelf, 5) == PushResult(KEY)


def test_an_old_answer_after_the_write_confirms_nothing_even_where_its_sum_is_right() -> None:
    class Late(Shelf):
        async def send(self, request: socket.Request) -> Response:
            said = await super().send(request)
            if request.method == "PUT":
                self.stale, self.before = 1, {1034: (7, 2)}
            return said

    with pytest.raises(Unavailable):
        push(Late((1034, 12, 3)), 5)


@pytest.mark.parametrize("inventory", [None, {}, {"inventory_type": "dropship"}])
def test_a_product_that_shows_no_stock_is_written_and_taken_at_its_word(inventory: Any) -> None:
    answers: dict[str, Any] = {
        "/updateSku": {"state": "approved"},
        "/products/2071618": a_product(inventory=inventory),
        "/warehouses": {"data": [{"id": "77"}]},
    }
    wire = Wire(answers)
    assert push(wire) == PushResult(KEY)
    assert body(wire.asked("/updateSku")[0])["warehouse_quantities"] == [{"warehouse_id": 77, "qty_available": 5}]


def test_goods_that_lie_with_tiki_are_not_ours_to_count() -> None:
    wire = Wire({"/products/2071618": a_product(inventory=an_inventory(held(3, 1), inventory_type="instock"))})
    result = push(wire)
    assert (result.error, result.is_final) == ("stock_at_tiki", True)
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("answers", "code", "is_final"),
    [
        ({"/products/2071618": refused(404, "product not found")}, "http_404", True),
        ({"/products/2071618": {"data": []}}, "unknown_product", True),
        ({"/products/2071618": a_product(), "/updateSku": refused(422, "qty is invalid")}, "http_422", True),
        ({"/products/2071618": a_product(), "/updateSku": refused(400, "Please try again")}, "http_400", False),
        ({"/products/2071618": a_product(), "/updateSku": {"state": "rejected"}}, "rejected", True),
    ],
)
def test_a_refused_push_is_a_result(answers: dict[str, Any], code: str, is_final: bool) -> None:
    result = push(Wire(answers))
    assert (result.key, result.error, result.is_final) == (KEY, code, is_final)
    assert result.message


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused(403, "updates are switched off"), RemoteRefused),
        (refused(401), NeedsRefresh),
        (refused(429), RateLimited),
        (refused(502), Unavailable),
        (b'{"state":"appr', Unavailable),
        ({"state": "queuing"}, Unavailable),
        (Unavailable(was_sent=True), Unavailable),
    ],
)
def test_a_failure_that_is_not_about_the_product_is_raised(answer: Answer, error: type[MekongError]) -> None:
    with pytest.raises(MekongError) as failed:
        push(Wire({"/products/2071618": a_product(), "/updateSku": answer}))
    assert type(failed.value) is error


def test_pushes_go_one_a_call() -> None:
    shop, wire = a_shop()
    pushes = [StockPush(ListingKey(str(number)), "A", 1) for number in range(3)]
    assert shop.stock_batches(pushes) == [[one] for one in pushes]
    prices = [PricePush(ListingKey(str(number)), "A", 1) for number in range(2)]
    assert shop.price_batches(prices) == [[one] for one in prices]
    with pytest.raises(ValueError, match="one product"):
        run(shop.push_stock(pushes))
    with pytest.raises(ValueError, match="one product"):
        run(shop.push_price(prices))
    assert run(shop.push_stock([])) == run(shop.push_price([])) == []
    strange = ListingKey("no number")
    for (result,) in (
        run(shop.push_stock([StockPush(strange, "A", 1)])),
        run(shop.push_price([PricePush(strange, "A", 1)])),
    ):
        assert (result.key, result.error, result.is_final) == (strange, "unknown_product", True)
    assert not wire.requests


places_of = st.dictionaries(
    st.integers(1, 9), st.tuples(st.integers(0, 10**6), st.integers(0, 10**4)), min_size=1, max_size=5
)


@given(places=places_of, homes=st.lists(st.integers(1, 9), max_size=4), quantity=st.integers(0, 10**7))
def test_whatever_the_warehouses_hold_the_sum_offered_is_the_figure(
    places: dict[int, tuple[int, int]], homes: list[int], quantity: int
) -> None:
    rows = [held(one, sellable + reserved, reserved) for one, (sellable, reserved) in places.items()]
    inventory = msgspec.convert(an_inventory(*rows), stock.Inventory, strict=False)
    wanted = stock.targets(inventory, homes, quantity)
    assert wanted.keys() == places.keys()
    offered = {one: units - places[one][1] for one, units in wanted.items()}
    assert min(offered.values()) >= 0
    assert sum(offered.values()) == quantity
    home = next(iter(wanted))
    assert all(offered[one] <= places[one][0] for one in places if one != home)
    if sum(sellable for one, (sellable, _) in places.items() if one != home) <= quantity:
        assert all(offered[one] == places[one][0] for one in places if one != home)


# --- prices ----------------------------------------------------------------------------------------------------------


def test_a_price_is_written_alone() -> None:
    shop, wire = a_shop({"/updateSku": {"state": "approved"}})
    assert run(shop.push_price([PricePush(KEY, "A", 129000)])) == [PushResult(KEY)]
    (sent,) = wire.requests
    assert (sent.method, sent.lane) == ("PUT", "price")
    assert sent.body == b'{"product_id":2071618,"price":129000}'


def test_a_price_too_far_from_the_market_is_refused_for_good_and_one_in_a_deal_is_not() -> None:
    far = refused(422, "Price is not valid because less than ten percent listing price")
    deal = refused(400, "Sản phẩm đang trong khuyến mãi")
    shop, _ = a_shop({"/updateSku": [far, deal, {"state": "queuing"}, b"", refused(403)]})
    (result,) = run(shop.push_price([PricePush(KEY, "A", 1)]))
    assert (result.error, result.is_final) == ("http_422", True)
    (result,) = run(shop.push_price([PricePush(KEY, "A", 1)]))
    assert (result.error, result.is_final) == ("http_400", False)
    (result,) = run(shop.push_price([PricePush(KEY, "A", 1)]))
    assert (result.error, result.is_final) == ("queuing", False)
    assert run(shop.push_price([PricePush(KEY, "A", 1)])) == [PushResult(KEY)]
    with pytest.raises(RemoteRefused):
        run(shop.push_price([PricePush(KEY, "A", 1)]))


# --- the whole -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        "2026-11-22 10:00:00",
        "2026-11-22T10:00:00+07:00",
        "2026-11-22T03:00:00Z",
        "2026-11-22 10:00:00.0",
        1795316400000,
    ],
)
def test_times_without_a_zone_are_vietnams(said: str | int) -> None:
    assert moment(said) == NOW


@pytest.mark.parametrize("said", ["", "tomorrow", "0000-00-00 00:00:00"])
def test_what_is_no_time_is_not_guessed(said: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - three reasons, three texts
        moment(said)


def test_the_manifest_claims_what_the_class_does() -> None:
    shop = connect(an_account(), Wire({}))
    assert MANIFEST.name == "tiki"
    assert MANIFEST.capabilities == CAPABILITIES
    assert not isinstance(shop, socket.ReceivesNotices)
    assert {"default", "auth"} == set(MANIFEST.limits)
    assert sum(limit.per_second for limit in MANIFEST.limits.values()) * 60 <= 500
    for name in CAPABILITIES:
        assert isinstance(shop, getattr(socket, name))


def test_secrets_do_not_show_in_a_connectors_text() -> None:
    shop, _ = a_shop({"/queues": b"[]", "/oauth2/token": TOKENS})
    run(shop.client.as_app("GET", "/v1/queues"))
    for words in (repr(shop), repr(shop.client), repr(shop.queue), repr(replace(shop.account))):
        assert SECRET not in words
        assert "eyJhbGciOi.x" not in words
        assert "R1.abc" not in words
