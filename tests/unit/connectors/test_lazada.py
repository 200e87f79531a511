"""The Lazada connector against answers composed from the platform's documented shapes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

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
    Response,
    Secrets,
    StockPush,
)
from mekong.channels.socket.wire import present
from mekong.connectors.lazada.client import sign, signature
from mekong.connectors.lazada.connector import MANIFEST, Lazada, connect
from mekong.connectors.lazada.mapping import moment, orders, products
from mekong.foundation.errors import (
    Invalid,
    MekongError,
    NeedsReconnect,
    NeedsRefresh,
    NoticeForged,
    RateLimited,
    RemoteRefused,
    Unavailable,
)
from tests.unit.connectors.wire import Answer, Wire, form, query, run, vectors

VECTORS = vectors("lazada")
SECRET = "l4zS3cretForTests0123456789abcdef"
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
HCM = "2026-11-22 08:00:00 +0700"
CAPABILITIES = {
    "Authorises",
    "PullsProducts",
    "ReadsListings",
    "PushesStock",
    "PushesPrice",
    "PullsOrders",
    "Ships",
    "PrintsLabels",
    "Cancels",
    "HandlesReturns",
    "TellsEarnings",
    "PublishesProducts",
    "ReceivesNotices",
}


def an_account(**changes: Any) -> Account:
    secrets = Secrets("100240", SECRET, "50000600123abc", "50001600-refresh")
    said = {"api_url": "https://lazada.example", "auth_url": "https://auth.lazada.example", **changes}
    return Account("lazada", "200012345", secrets, **said)


def a_shop(answers: dict[str, Answer | list[Answer]] | None = None, now: datetime = NOW) -> tuple[Lazada, Wire]:
    wire = Wire(answers or {})
    return Lazada(an_account(), wire, clock=lambda: now), wire


def ok(data: Any = None, **more: Any) -> dict[str, Any]:
    return {"code": "0", "request_id": "r", **({} if data is None else {"data": data}), **more}


def result(data: Any = None) -> dict[str, Any]:
    return ok(result={"success": True, "error_code": "0", "data": data})


def refused(code: str, message: str = "", **more: Any) -> dict[str, Any]:
    return {"code": code, "type": "ISV", "message": message, "request_id": "r", **more}


def a_head(**changes: Any) -> dict[str, Any]:
    return {
        "order_id": 3400000001,
        "order_number": 3400000001,
        "statuses": ["pending"],
        "created_at": HCM,
        "updated_at": "2026-11-22 08:05:00 +0700",
        "price": "198000.00",
        "items_count": 2,
        "payment_method": "COD",
        "shipping_fee": 15000.0,
        "voucher": 10000.0,
        "buyer_note": "",
        "remarks": "gói kỹ",
        "customer_first_name": "N**",
        "address_shipping": {
            "first_name": "N**",
            "last_name": "",
            "phone": "84********12",
            "address1": "****",
            "address3": "Hồ Chí Minh",
            "address4": "Quận 3",
            "address5": "Phường 4",
            "city": "Quận 3",
            "country": "Vietnam",
        },
        **changes,
    }


def a_unit(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "order_item_id": 3400000000 + number,
        "order_id": 3400000001,
        "sku": "AO-DO-M",
        "shop_sku": "1234567_VNAMZ-7654321",
        "sku_id": "7654321",
        "product_id": "1234567",
        "name": "Áo thun",
        "variation": "Màu:Đỏ",
        "item_price": 99000.0,
        "paid_price": 94000.0,
        "status": "pending",
        "tracking_code": "",
        "package_id": "",
        "sla_time_stamp": "2026-11-24T23:59:59+07:00",
        "currency": "VND",
        "updated_at": HCM,
        **changes,
    }


def the_items(*units: dict[str, Any]) -> dict[str, Any]:
    return ok([{"order_id": 3400000001, "order_number": 3400000001, "order_items": list(units)}])


def an_order(*units: dict[str, Any], **changes: Any) -> RemoteOrder:
    head = msgspec.convert(present(a_head(**changes)), orders.Order, strict=False)
    rows = msgspec.convert(
        [present(unit) for unit in units or (a_unit(2), a_unit(3))], tuple[orders.Unit, ...], strict=False
    )
    return orders.order(head, rows, "VND")


# --- signatures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS["request_vectors"], ids=lambda vector: vector["name"])
def test_every_signature_vector_comes_out(vector: dict[str, Any]) -> None:
    assert signature(vector["app_secret"], vector["api_path"], vector["params"]) == vector["sign"]


def test_a_read_carries_everything_in_the_query_signed() -> None:
    shop, wire = a_shop({"/orders/items/get": ok([])})
    run(shop.client.get("/orders/items/get", {"order_ids": "[111,222]", "empty": ""}))
    sent = query(wire.requests[0])
    assert wire.requests[0].method == "GET"
    assert wire.requests[0].body == b""
    assert wire.requests[0].url == "https://lazada.example/rest/orders/items/get"
    assert sent.pop("sign") == signature(SECRET, "/orders/items/get", sent)
    assert sent == {
        "access_token": "50000600123abc",
        "app_key": "100240",
        "order_ids": "[111,222]",
        "sign_method": "sha256",
        "timestamp": str(int(NOW.timestamp()) * 1000),
    }


def test_a_write_carries_everything_in_the_form_signed() -> None:
    shop, wire = a_shop({"/stock/sellable/update": ok()})
    run(shop.push_stock([StockPush(ListingKey("1234567", "7654321"), "AO-THUN-Đ-M", 12)]))
    request = wire.requests[0]
    sent = form(request)
    vector = next(one for one in VECTORS["request_vectors"] if "sellable" in one["api_path"])
    assert request.method == "POST"
    assert request.params == ()
    assert request.lane == "stock"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert sent["payload"] == vector["params"]["payload"]
    assert sent.pop("sign") == signature(SECRET, "/product/stock/sellable/update", sent)


@pytest.mark.parametrize("url", ["https://lazada.example", "https://lazada.example/rest"])
def test_a_host_may_be_given_with_or_without_its_root(url: str) -> None:
    wire = Wire({"/products/get": ok({"total_products": 0})})
    run(Lazada(an_account(api_url=url), wire).pull_listings(cursor=None))
    assert wire.requests[0].url == "https://lazada.example/rest/products/get"


# --- notices ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS["push_vectors"], ids=lambda vector: vector["name"])
def test_a_signed_notice_is_known_as_genuine(vector: dict[str, Any]) -> None:
    shop = Lazada(Account("lazada", "1", Secrets(vector["app_key"], vector["app_secret"])), Wire({}))
    headers = {"authorization": vector["authorization"]}
    if vector["raw_body"].endswith("..}"):  # the printed example is not JSON
        with pytest.raises(Invalid):
            shop.read_notices(headers=headers, body=vector["raw_body"].encode())
    else:
        (notice,) = shop.read_notices(headers=headers, body=vector["raw_body"].encode())
        assert notice.shop_id == "200012345"
        assert notice.reference in {"3400000001", "1234567"}


@pytest.mark.parametrize("vector", VECTORS["negative_push_vectors"], ids=lambda vector: vector["name"])
def test_a_notice_signed_by_another_recipe_is_refused(vector: dict[str, Any]) -> None:
    shop, _ = a_shop()
    with pytest.raises(NoticeForged):
        shop.read_notices(headers={"authorization": vector["authorization"]}, body=vector["raw_body"].encode())


@pytest.mark.parametrize("authorization", [None, "", "0" * 64, "không phải chữ ký", "\ud800"])
def test_a_notice_without_a_right_signature_is_refused(authorization: str | None) -> None:
    shop, _ = a_shop()
    headers = {} if authorization is None else {"authorization": authorization}
    with pytest.raises(NoticeForged):
        shop.read_notices(headers=headers, body=b'{"message_type":0}')


def test_a_notice_altered_by_one_byte_is_refused() -> None:
    vector = VECTORS["push_vectors"][1]
    shop, _ = a_shop()
    altered = vector["raw_body"].replace("unpaid", "paid").encode()
    with pytest.raises(NoticeForged):
        shop.read_notices(headers={"authorization": vector["authorization"]}, body=altered)


def read(said: Any) -> Notice:
    shop, _ = a_shop()
    content = json.dumps(said).encode()
    (notice,) = shop.read_notices(headers={"authorization": sign(SECRET, b"100240" + content)}, body=content)
    return notice


@pytest.mark.parametrize(
    ("kind_no", "data", "kind", "reference"),
    [
        (0, {"trade_order_id": "34", "trade_order_line_id": "35"}, NoticeKind.ORDER, "34"),
        (10, {"trade_order_id": 34, "reverse_order_id": "9"}, NoticeKind.ORDER, "34"),
        (14, {"trade_order_id": "34", "fulfillment_package_id": "FP"}, NoticeKind.ORDER, "34"),
        (0, {}, NoticeKind.OTHER, ""),
        (1, {"itemId": 12}, NoticeKind.PRODUCT, "12"),
        (3, {"item_id": "12"}, NoticeKind.PRODUCT, "12"),
        (6, {"sku_id": 7, "seller_sku": "A"}, NoticeKind.STOCK, "7"),
        (8, {"seller_id": "200012345"}, NoticeKind.AUTHORISATION, "200012345"),
        (2, {"session_id": "s"}, NoticeKind.OTHER, ""),
        ("0", None, NoticeKind.OTHER, ""),
    ],
)
def test_each_kind_of_notice_is_told(kind_no: Any, data: Any, kind: NoticeKind, reference: str) -> None:
    notice = read({"seller_id": "200012345", "message_type": kind_no, "data": data, "timestamp": 1763769701})
    assert (notice.kind, notice.reference, notice.shop_id) == (kind, reference, "200012345")


@pytest.mark.parametrize("stamp", [1763769701, 1763769701000, "1763769701"])
def test_a_notice_may_be_dated_in_seconds_or_milliseconds(stamp: Any) -> None:
    assert read({"message_type": 0, "timestamp": stamp}).sent_at == datetime.fromtimestamp(1763769701, UTC)


def test_the_same_notice_twice_has_the_same_id_and_another_has_another() -> None:
    said = {"message_type": 0, "data": {"trade_order_id": "1"}, "seller_id": "null", "timestamp": "never"}
    assert read(said).dedupe_id == read(said).dedupe_id != read({**said, "timestamp": 1}).dedupe_id
    assert (read(said).shop_id, read(said).sent_at) == ("", None)


# --- authorisation ---------------------------------------------------------------------------------------------------

TOKENS = {
    "access_token": "50000600a",
    "refresh_token": "50001600r",
    "expires_in": 2592000,
    "refresh_expires_in": 15552000,
    "country": "vn",
    "account": "shop@example.vn",
    "country_user_info": [
        {"country": "sg", "user_id": "1", "seller_id": "999"},
        {"country": "vn", "user_id": "2", "seller_id": "200012345", "short_code": "VN1"},
    ],
    "code": "0",
    "request_id": "r",
}


def test_the_page_of_consent_is_asked_with_the_state() -> None:
    shop, _ = a_shop()
    link = urlsplit(shop.authorisation_url(redirect_url="https://erp.example.vn/cb?a=1", state="s t", now=NOW))
    said = {name: values[0] for name, values in parse_qs(link.query).items()}
    assert (link.netloc, link.path) == ("auth.lazada.example", "/oauth/authorize")
    assert said == {
        "response_type": "code",
        "force_auth": "true",
        "redirect_uri": "https://erp.example.vn/cb?a=1",
        "client_id": "100240",
        "state": "s t",
    }


def test_a_code_becomes_tokens_of_the_seller_of_that_country() -> None:
    wire = Wire({"/auth/token/create": TOKENS})
    shop = Lazada(Account("lazada", "", Secrets("100240", SECRET)), wire, clock=lambda: NOW)
    tokens = run(shop.exchange(params={"code": "0_100240_x", "state": "s"}, now=NOW))
    sent = form(wire.requests[0])
    assert wire.requests[0].url == "https://auth.lazada.com/rest/auth/token/create"
    assert "access_token" not in sent
    assert sent["code"] == "0_100240_x"
    assert (tokens.access_token, tokens.refresh_token, tokens.shop_id) == ("50000600a", "50001600r", "200012345")
    assert tokens.access_expires_at == NOW + timedelta(days=30)
    assert tokens.refresh_expires_at == NOW + timedelta(days=180)


def test_a_refresh_reads_the_expiry_anew() -> None:
    said = {**TOKENS, "refresh_expires_in": 60, "country_user_info_list": TOKENS["country_user_info"]}
    shop, wire = a_shop({"/auth/token/refresh": said})
    tokens = run(shop.refresh(now=NOW))
    assert form(wire.requests[0])["refresh_token"] == "50001600-refresh"
    assert tokens.refresh_expires_at == NOW + timedelta(seconds=60)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused("IllegalRefreshToken", "expired"), NeedsReconnect),
        (refused("InvalidCode", "used"), NeedsReconnect),
        (refused("IllegalAccessToken"), NeedsReconnect),
        (refused("SellerNotActive"), RemoteRefused),
        (refused("ApiCallLimit"), RateLimited),
        (b"", Unavailable),
    ],
)
def test_a_refused_refresh_asks_for_a_new_connection_unless_it_may_pass(
    answer: Answer, error: type[MekongError]
) -> None:
    shop, _ = a_shop({"/auth/token/refresh": answer})
    with pytest.raises(MekongError) as failed:
        run(shop.refresh(now=NOW))
    assert type(failed.value) is error


def test_a_used_code_is_refused_and_a_missing_one_is_invalid() -> None:
    shop, wire = a_shop({"/auth/token/create": refused("InvalidCode", "Invalid code")})
    with pytest.raises(RemoteRefused) as failed:
        run(shop.exchange(params={"code": "old"}, now=NOW))
    assert type(failed.value) is RemoteRefused
    with pytest.raises(Invalid):
        run(shop.exchange(params={}, now=NOW))
    assert len(wire.requests) == 1


def test_without_tokens_nothing_is_sent() -> None:
    wire = Wire({})
    for secrets, error in (
        (Secrets("100240", SECRET), NeedsReconnect),
        (Secrets("100240", SECRET, refresh_token="r"), NeedsRefresh),
    ):
        with pytest.raises(error):
            run(Lazada(Account("lazada", "1", secrets), wire).pull_listings(cursor=None))
    with pytest.raises(NeedsReconnect):
        run(Lazada(Account("lazada", "1", Secrets("100240", SECRET)), wire).refresh(now=NOW))
    assert not wire.requests


# --- failures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused("IllegalAccessToken", "The specified access token is invalid or expired"), NeedsRefresh),
        (refused("MissingParameter", "The input parameter access_token is missing"), NeedsRefresh),
        (refused("MissingParameter", "The input parameter payload is missing"), RemoteRefused),
        (refused("IllegalRefreshToken"), NeedsReconnect),
        (refused("InvalidAppKey"), NeedsReconnect),
        (refused("IncompleteSignature"), NeedsReconnect),
        (refused("IllegalTimestamp"), Unavailable),
        (refused("ApiCallLimit"), RateLimited),
        (refused("AppCallLimit"), RateLimited),
        (refused("901", "The request is over the limit"), RateLimited),
        (refused("AUTH_TYPE_UNSUPPORTED"), RemoteRefused),
        (refused("SellerNotVerified"), RemoteRefused),
        (refused("UnsupportedHTTPMethod"), RemoteRefused),
        (refused("E006", "missing payload"), RemoteRefused),
        (refused("14", "bad offset"), RemoteRefused),
        ({**refused("E999", "Service timed out, please try again"), "type": "SYSTEM"}, Unavailable),
        ({**refused("UnsupportedHTTPMethod", "GET is not supported"), "type": "SYSTEM"}, RemoteRefused),
        (refused("ServiceTimeout"), Unavailable),
        (ok(result={"success": False, "error_code": "1", "error_msg": "no"}), RemoteRefused),
        (ok(result={"success": "false", "error_code": "0"}), RemoteRefused),
        (b"", Unavailable),
        (b"<html>", Unavailable),
        (b"{}", Unavailable),
        (b'{"code":"0","data":{"products":[{}]}}', Unavailable),
        (b'{"code":"0","data":{"products":[{"item_id":1,"skus":[{"SkuId":1,"price":1e99999}]}]}}', Unavailable),
        (Response(500, b'{"code":"0","data":{}}'), Unavailable),
        (Response(502, b"bad gateway"), Unavailable),
        (Response(429, b""), RateLimited),
        (Response(400, b'{"code":"IllegalAccessToken","message":""}'), NeedsRefresh),
        (Unavailable(), Unavailable),
    ],
)
def test_each_family_of_failures_has_its_meaning(answer: Answer, error: type[MekongError]) -> None:
    shop, wire = a_shop({"/products/get": answer})
    with pytest.raises(MekongError) as failed:
        run(shop.pull_listings(cursor=None))
    assert type(failed.value) is error
    assert len(wire.requests) == 1, "a failure is not tried again here"


def test_the_wait_that_the_platform_asks_for_is_passed_on() -> None:
    waits: list[float | None] = []
    for answer in (
        refused("ApiCallLimit", "Api access frequency exceeds the limit. this ban will last 3 seconds"),
        Response(429, b"", {"retry-after": "7"}),
        Response(200, json.dumps(refused("901")).encode(), {"Retry-After": "2"}),
        refused("901"),
    ):
        shop, _ = a_shop({"/products/get": answer})
        with pytest.raises(RateLimited) as failed:
            run(shop.pull_listings(cursor=None))
        waits.append(failed.value.params.get("retry_after_s"))
    assert waits == [3.0, 7.0, 2.0, None]


# --- products --------------------------------------------------------------------------------------------------------

PRODUCT: dict[str, Any] = {
    "item_id": 1234567,
    "status": "Active",
    "images": ["https://img.example/a.jpg"],
    "attributes": {"name": "Áo thun", "description": "...", "brand": "No Brand"},
    "skus": [
        {
            "SkuId": 7654321,
            "SellerSku": "AO-DO-M",
            "Status": "active",
            "quantity": 12,
            "Available": 11,
            "price": 120000.0,
            "special_price": 99000.0,
            "Url": "https://www.lazada.example/1",
            "Images": [],
        },
        {
            "SkuId": 7654322,
            "SellerSku": "AO-DO-L",
            "Status": "inactive",
            "quantity": 12,
            "price": "130000.00",
            "Images": ["https://img.example/l.jpg"],
            "multiWarehouseInventories": [{"sellableQuantity": 3}, {"sellableQuantity": 4}],
        },
        {"SkuId": 7654323, "SellerSku": "GONE", "Status": "deleted"},
        {"SkuId": 7654324, "SellerSku": "BARE", "Status": "active", "quantity": 2, "price": None},
    ],
}


def test_a_page_of_products_gives_one_listing_a_sku() -> None:
    shop, wire = a_shop({"/products/get": ok({"total_products": 1, "products": [PRODUCT]})})
    page = run(shop.pull_listings(cursor=None))
    medium, large, bare = page.listings
    assert page.next_cursor is None
    assert medium.key == ListingKey("1234567", "7654321")
    assert (medium.sku, medium.name, medium.quantity, medium.price_minor) == ("AO-DO-M", "Áo thun", 11, 120000)
    assert (medium.url, medium.image_url, medium.is_active) == (
        "https://www.lazada.example/1",
        "https://img.example/a.jpg",
        True,
    )
    assert (large.quantity, large.price_minor, large.is_active) == (7, 130000, False)
    assert large.image_url == "https://img.example/l.jpg"
    assert (bare.quantity, bare.price_minor) == (2, None)
    sent = query(wire.requests[0])
    assert (sent["filter"], sent["limit"], sent["offset"]) == ("all", "50", "0")
    assert "update_after" not in sent


def pages_of(total: int, *, updated: list[int] | None = None) -> tuple[list[str], Wire]:
    """Pull everything from a platform of `total` products; `updated` are their times, in seconds."""
    times = updated or [1_700_000_000 + number for number in range(total)]

    class Platform(Wire):
        async def send(self, request: socket.Request) -> Response:
            self.requests.append(request)
            said = query(request)
            after = datetime.fromisoformat(said.get("update_after", "1970-01-01T00:00:00+00:00")).timestamp()
            before = datetime.fromisoformat(said.get("update_before", "2100-01-01T00:00:00+00:00")).timestamp()
            found = [number for number, when in enumerate(times) if after < when < before]
            offset = int(said["offset"])
            assert offset <= 10_000
            products = [{"item_id": n, "status": "Active", "skus": [{"SkuId": n}]} for n in found[offset : offset + 50]]
            return Response(200, json.dumps(ok({"total_products": len(found), "products": products})).encode())

    wire = Platform({})
    shop = Lazada(an_account(), wire, clock=lambda: NOW)
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(2000):
        page = run(shop.pull_listings(cursor=cursor))
        seen += [listing.key.item_id for listing in page.listings]
        cursor = page.next_cursor
        if cursor is None:
            return seen, wire
    raise AssertionError("the pull did not come to an end")


def test_a_small_shop_is_paged_by_offset() -> None:
    seen, wire = pages_of(120)
    assert seen == [str(number) for number in range(120)]
    assert [query(request)["offset"] for request in wire.requests] == ["0", "50", "100"]


def test_a_large_shop_is_read_whole_in_windows_of_time() -> None:
    seen, wire = pages_of(25_000)
    assert set(seen) == {str(number) for number in range(25_000)}
    assert len(seen) < 25_100, "windows overlap by a second, no more"
    assert len(wire.requests) < 600


def test_a_shop_that_was_filled_in_one_second_is_read_up_to_what_an_offset_reaches() -> None:
    seen, wire = pages_of(10_040, updated=[1_700_000_000] * 10_040)
    assert len(set(seen)) == 10_040
    assert len(wire.requests) < 350


def test_a_cursor_of_another_make_is_invalid() -> None:
    shop, wire = a_shop()
    with pytest.raises(Invalid):
        run(shop.pull_listings(cursor="next please"))
    assert not wire.requests


def test_reading_listings_asks_item_by_item_and_leaves_out_the_unknown() -> None:
    shop, wire = a_shop({"/product/item/get": [ok(PRODUCT), refused("E208", "ITEM_NOT_FOUND")]})
    keys = [ListingKey("1234567", "7654321"), ListingKey("1234567", "7654324"), ListingKey("404", "1")]
    found = run(shop.read_listings(keys=keys))
    assert [listing.key for listing in found] == keys[:2]
    assert [query(request)["item_id"] for request in wire.requests] == ["1234567", "404"]


# --- pushes ----------------------------------------------------------------------------------------------------------

A = StockPush(ListingKey("1", "11"), "A", 5)
B = StockPush(ListingKey("1", "12"), "B", 0)
C = StockPush(ListingKey("2", "21"), "C", 7)


def test_pushes_go_twenty_a_call() -> None:
    shop, wire = a_shop()
    pushes = [StockPush(ListingKey(str(number), "1"), str(number), 1) for number in range(45)]
    assert [len(batch) for batch in shop.stock_batches(pushes)] == [20, 20, 5]
    prices = [PricePush(ListingKey(str(number), "1"), str(number), 1) for number in range(21)]
    assert [len(batch) for batch in shop.price_batches(prices)] == [20, 1]
    with pytest.raises(ValueError, match="at most 20"):
        run(shop.push_stock(pushes))
    assert run(shop.push_stock([])) == []
    assert not wire.requests


def test_an_acknowledged_push_has_one_result_each() -> None:
    shop, _ = a_shop({"/stock/sellable/update": ok()})
    assert run(shop.push_stock([A, B, C])) == [PushResult(A.key), PushResult(B.key), PushResult(C.key)]


@pytest.mark.parametrize("code", ["0", "501"])
def test_a_filled_detail_names_the_failed_even_under_code_0(code: str) -> None:
    detail = [
        {"field": "SellableQuantity", "seller_sku": "B", "message": "E4225 stock is reserved"},
        {"field": "ItemId", "seller_sku": "C", "message": "E0501: ITEM_NOT_FOUND"},
    ]
    shop, _ = a_shop({"/stock/sellable/update": {**refused(code, "partly"), "detail": detail}})
    good, held, gone = run(shop.push_stock([A, B, C]))
    assert bool(good.error) is (code != "0")
    assert not good.is_final
    assert (held.error, held.is_final) == ("E4225", False)
    assert (gone.error, gone.is_final) == ("E0501", True)
    assert gone.message == "E0501: ITEM_NOT_FOUND"


def test_a_failure_that_names_no_one_acknowledges_no_one() -> None:
    shop, _ = a_shop({"/stock/sellable/update": ok(detail=[{"message": "E0501 ITEM_NOT_FOUND"}])})
    assert {(one.error, one.is_final) for one in run(shop.push_stock([A, B]))} == {("unconfirmed", False)}
    shop, _ = a_shop({"/stock/sellable/update": ok(detail=[{"message": "E0501 ITEM_NOT_FOUND"}])})
    (alone,) = run(shop.push_stock([A]))
    assert (alone.error, alone.is_final) == ("E0501", True)


def test_two_skus_of_one_name_are_told_apart_by_number_and_fail_together_by_name() -> None:
    twin = StockPush(ListingKey("9", "91"), "A", 5)
    by_number = {"sku_id": 91, "seller_sku": "A", "message": "no"}
    shop, _ = a_shop(
        {"/stock/sellable/update": [ok(detail=[by_number]), ok(detail=[{"seller_sku": "A", "message": "no"}])]}
    )
    assert [bool(one.error) for one in run(shop.push_stock([A, twin]))] == [False, True]
    assert [bool(one.error) for one in run(shop.push_stock([A, twin]))] == [True, True]


@pytest.mark.parametrize(
    ("code", "message", "is_final"),
    [
        ("212", "negative stock", True),
        ("4170", "SKU in campaign", False),
        ("4171", "refused", False),
        ("E4225", "refused", False),
        ("501", "bad payload", True),
    ],
)
def test_a_refused_push_of_one_sku_is_a_result(code: str, message: str, is_final: bool) -> None:
    shop, _ = a_shop({"/stock/sellable/update": refused(code, message)})
    assert run(shop.push_stock([A])) == [PushResult(A.key, code, message, is_final=is_final)]


def test_a_refusal_of_the_whole_shop_blames_no_listing() -> None:
    shop, _ = a_shop({"/price_quantity/update": refused("SELLER_NOT_PERMITTED")})
    with pytest.raises(RemoteRefused):
        run(shop.push_price([PricePush(A.key, "A", 1)]))


@given(
    sku=st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1),
    quantity=st.integers(0, 10**9),
)
def test_any_sku_survives_the_payload(sku: str, quantity: int) -> None:
    payload = products.stock_payload([StockPush(ListingKey("1", "2"), sku, quantity)])
    row = ET.fromstring(payload).find("Product/Skus/Sku")
    assert row is not None
    assert row.findtext("SellerSku") == sku
    assert row.findtext("SellableQuantity") == str(quantity)
    assert [child.tag for child in row] == ["ItemId", "SkuId", "SellerSku", "SellableQuantity"]


@given(minor=st.integers(0, 10**12), currency=st.sampled_from(["VND", "GBP", "SGD", "KWD"]))
def test_a_price_pushed_and_read_again_is_the_same(minor: int, currency: str) -> None:
    shop, wire = a_shop({"/price_quantity/update": ok()})
    run(shop.push_price([PricePush(A.key, "A", minor, currency)]))
    sent = ET.fromstring(form(wire.requests[0])["payload"]).findtext("Product/Skus/Sku/Price")
    said = b'{"code":"0","data":{"item_id":1,"skus":[{"SkuId":11,"Status":"active","price":%s}]}}' % str(sent).encode()
    wire = Wire({"/product/item/get": said})
    (listing,) = run(Lazada(an_account(currency=currency), wire).read_listings(keys=[A.key]))
    assert listing.price_minor == minor


# --- orders ----------------------------------------------------------------------------------------------------------


def list_all(times: list[datetime], since: datetime, until: datetime) -> tuple[list[str], Wire]:
    """List every order of a platform whose orders changed at `times`; it takes both borders of a window as outside."""

    class Platform(Wire):
        async def send(self, request: socket.Request) -> Response:
            self.requests.append(request)
            said = query(request)
            after, before = (datetime.fromisoformat(said[name]) for name in ("update_after", "update_before"))
            rows = sorted((when, number) for number, when in enumerate(times) if after < when < before)
            offset = int(said["offset"])
            heads = [
                a_head(order_id=number, updated_at=when.strftime("%Y-%m-%d %H:%M:%S +0000"))
                for when, number in rows[offset : offset + int(said["limit"])]
            ]
            return Response(200, json.dumps(ok({"countTotal": len(rows), "orders": heads})).encode())

    wire = Platform({})
    shop = Lazada(an_account(), wire, clock=lambda: NOW)
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(500):
        page = run(shop.list_orders(updated_from=since, updated_to=until, cursor=cursor))
        seen += [ref.external_id for ref in page.refs]
        cursor = page.next_cursor
        if cursor is None:
            return seen, wire
    raise AssertionError("the listing did not come to an end")


def test_the_borders_of_a_window_are_inside_it() -> None:
    since, until = NOW - timedelta(hours=1), NOW
    seen, wire = list_all([since, until, since - timedelta(minutes=1)], since, until)
    assert seen == ["0", "1"]
    sent = query(wire.requests[0])
    assert (sent["sort_by"], sent["sort_direction"], sent["limit"]) == ("updated_at", "ASC", "100")


def test_a_busy_window_is_listed_whole_by_moving_its_start() -> None:
    since = NOW - timedelta(days=1)
    times = [since + timedelta(seconds=number // 3) for number in range(6000)]
    seen, wire = list_all(times, since, NOW)
    assert set(seen) == {str(number) for number in range(6000)}
    assert {query(request)["offset"] for request in wire.requests} == {"0"}


def test_a_second_with_more_than_a_page_moves_the_offset() -> None:
    since = NOW - timedelta(days=1)
    seen, wire = list_all([since + timedelta(seconds=60)] * 350, since, NOW)
    assert set(seen) == {str(number) for number in range(350)}
    assert max(int(query(request)["offset"]) for request in wire.requests) == 300


def test_more_orders_in_a_second_than_the_platform_can_page_are_reported() -> None:
    since = NOW - timedelta(days=1)
    with pytest.raises(RemoteRefused) as failed:
        list_all([since] * 5200, since, NOW)
    assert failed.value.params["remote_code"] == "offset_cap"


def test_a_window_too_long_is_invalid() -> None:
    shop, wire = a_shop()
    with pytest.raises(Invalid):
        run(shop.list_orders(updated_from=NOW - timedelta(days=31), updated_to=NOW, cursor=None))
    assert not wire.requests


def test_an_order_is_mapped_whole_with_its_units_summed() -> None:
    units = [
        a_unit(2),
        a_unit(3),
        a_unit(4, paid_price=99000.0),
        a_unit(5, sku_id="7", sku="QUAN", item_price="5", paid_price=5),
    ]
    shop, wire = a_shop({"/order/get": ok(a_head()), "/orders/items/get": the_items(*units)})
    (order,) = run(shop.fetch_orders(external_ids=["3400000001"]))
    assert query(wire.requests[1])["order_ids"] == "[3400000001]"
    assert (order.external_id, order.state, order.raw_state) == ("3400000001", RemoteState.PLACED, "pending")
    assert order.placed_at == datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
    assert order.updated_at == datetime(2026, 11, 22, 1, 5, tzinfo=UTC)
    assert order.ship_by == datetime(2026, 11, 24, 16, 59, 59, tzinfo=UTC)
    assert [(line.sku, line.quantity, line.unit_price_minor, line.list_price_minor) for line in order.lines] == [
        ("AO-DO-M", 2, 94000, 99000),
        ("AO-DO-M", 1, 99000, 99000),
        ("QUAN", 1, 5, 5),
    ]
    assert order.lines[0].line_ids == ("3400000002", "3400000003")
    assert order.lines[0].key == ListingKey("1234567", "7654321")
    assert order.lines[0].name == "Áo thun - Màu:Đỏ"
    assert order.is_cod
    assert order.note == "gói kỹ"
    assert (order.buyer_name, order.buyer_phone) == ("N**", "")
    assert order.address == {
        "line": "****",
        "ward": "Phường 4",
        "district": "Quận 3",
        "province": "Hồ Chí Minh",
        "country": "Vietnam",
    }


def test_what_the_buyer_paid_is_price_less_voucher_plus_shipping() -> None:
    order = an_order()
    assert (order.total_minor, order.shipping_fee_minor, order.discount_minor) == (203000, 15000, 0)
    order = an_order(a_unit(2, paid_price=None), a_unit(3, paid_price=None))
    assert (order.total_minor, order.shipping_fee_minor, order.discount_minor) == (203000, 15000, 10000)


@given(
    prices=st.lists(st.integers(0, 10**7), min_size=1, max_size=8),
    voucher=st.integers(0, 10**6),
    fee=st.integers(0, 10**6),
)
def test_units_add_up_and_so_do_the_sums(prices: list[int], voucher: int, fee: int) -> None:
    units = [a_unit(number, item_price=f"{price}.0", paid_price=None) for number, price in enumerate(prices)]
    voucher = min(voucher, sum(prices))
    order = an_order(*units, price=f"{sum(prices)}.00", voucher=voucher, shipping_fee=fee)
    assert sum(line.quantity for line in order.lines) == len(prices)
    assert sorted(one for line in order.lines for one in line.line_ids) == sorted(
        str(3400000000 + n) for n in range(len(prices))
    )
    goods = sum(line.quantity * line.unit_price_minor for line in order.lines)
    assert goods == sum(prices)
    assert order.total_minor == goods + order.shipping_fee_minor - order.discount_minor == goods + fee - voucher


def test_cancelled_units_of_an_order_that_goes_on_are_left_out() -> None:
    order = an_order(a_unit(2, status="canceled"), a_unit(3))
    assert order.state is RemoteState.PLACED
    assert order.raw_state == "canceled,pending"
    assert [line.line_ids for line in order.lines] == [("3400000003",)]
    assert order.total_minor == 94000 + 15000


def test_an_order_cancelled_whole_keeps_its_lines() -> None:
    order = an_order(a_unit(2, status="canceled"), a_unit(3, status="canceled"))
    assert order.state is RemoteState.CANCELLED
    assert order.lines[0].quantity == 2


@pytest.mark.parametrize(("status", "state"), list(orders.STATES.items()))
def test_every_status_has_its_state(status: str, state: RemoteState) -> None:
    assert orders.state([status]) is state


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        (["delivered", "shipped"], RemoteState.SHIPPED),
        (["canceled", "ready_to_ship", "packed"], RemoteState.PACKED),
        (["returned", "delivered"], RemoteState.DELIVERED),
        (["canceled", "canceled"], RemoteState.CANCELLED),
        (["TELEPORTED"], RemoteState.PLACED),
        ([], RemoteState.PLACED),
    ],
)
def test_the_least_advanced_active_unit_decides(statuses: list[str], state: RemoteState) -> None:
    assert orders.state(statuses) is state


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22 08:00:00 +0700",
        "2026-11-22T08:00:00+07:00",
        "2026-11-22T01:00:00Z",
        "2026-11-22T01:00:00.000Z",
        1795309200000,
    ],
)
def test_both_kinds_of_times_are_read_as_utc(text: str | int) -> None:
    assert moment(text) == datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "2026-11-22 08:00:00", "tomorrow"])
def test_a_time_without_a_zone_is_not_guessed(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - three reasons, three texts
        moment(text)


def test_items_are_asked_fifty_orders_at_a_time_and_unknown_orders_are_missing() -> None:
    class Platform(Wire):
        async def send(self, request: socket.Request) -> Response:
            self.requests.append(request)
            said = query(request)
            if "order_ids" in said:
                ids = json.loads(said["order_ids"])
                return Response(
                    200, json.dumps(ok([{"order_id": one, "order_items": [a_unit(1)]} for one in ids])).encode()
                )
            if said["order_id"] == "13":
                return Response(200, json.dumps(refused("16", "E016: Invalid Order ID")).encode())
            return Response(200, json.dumps(ok(a_head(order_id=int(said["order_id"])))).encode())

    wire = Platform({})
    orders = run(Lazada(an_account(), wire).fetch_orders(external_ids=[*map(str, range(60)), "1", "x", ""]))
    assert [order.external_id for order in orders] == [str(number) for number in range(60) if number != 13]
    assert [len(json.loads(query(request)["order_ids"])) for request in wire.asked("/orders/items/get")] == [49, 10]


def test_an_order_without_its_items_does_not_come_in_empty() -> None:
    shop, _ = a_shop({"/order/get": ok(a_head()), "/orders/items/get": ok([])})
    with pytest.raises(Unavailable):
        run(shop.fetch_orders(external_ids=["3400000001"]))


# --- shipping and cancelling -----------------------------------------------------------------------------------------


def packed(*steps: dict[str, Any]) -> dict[str, Any]:
    return result({"pack_order_list": [{"order_id": 3400000001, "order_item_list": list(steps)}]})


STEP = {
    "order_item_id": 3400000002,
    "item_err_code": "0",
    "msg": "success",
    "retry": False,
    "tracking_number": "LEXVN0001",
    "shipment_provider": "LEX VN",
    "package_id": "FP0001",
}


def test_packing_gives_the_parcel_and_its_number() -> None:
    shop, wire = a_shop(
        {
            "/order/shipment/providers/get": result({"shipping_allocate_type": "TFS"}),
            "/order/fulfill/pack": packed(STEP, {**STEP, "order_item_id": 3400000003}),
        }
    )
    assert run(shop.pack(order=an_order())) == socket.Shipment("LEXVN0001", ("FP0001",))
    assert json.loads(query(wire.requests[0])["getShipmentProvidersReq"]) == {
        "orders": [{"order_id": 3400000001, "order_item_ids": [3400000002, 3400000003]}]
    }
    assert json.loads(form(wire.requests[1])["packReq"]) == {
        "pack_order_list": [{"order_id": 3400000001, "order_item_list": [3400000002, 3400000003]}],
        "delivery_type": "dropship",
        "shipping_allocate_type": "TFS",
    }


def test_a_seller_who_chooses_the_carrier_names_one() -> None:
    providers = {"shipping_allocate_type": "NTFS", "shipment_providers": [{"name": "GHN", "provider_code": "FM40"}]}
    shop, wire = a_shop({"/providers/get": result(providers), "/order/fulfill/pack": packed(STEP)})
    run(shop.pack(order=an_order()))
    sent = json.loads(form(wire.requests[1])["packReq"])
    assert (sent["shipping_allocate_type"], sent["shipment_provider_code"]) == ("NTFS", "FM40")


@pytest.mark.parametrize(
    "answer", [packed({**STEP, "item_err_code": "38", "msg": "already packed"}), refused("38", "already packed")]
)
@pytest.mark.parametrize(("status", "is_safe"), [("packed", True), ("ready_to_ship", True), ("canceled", False)])
def test_packing_again_changes_nothing(answer: Answer, status: str, is_safe: bool) -> None:
    unit = a_unit(2, status=status, package_id="FP0001", tracking_code="LEXVN0001")
    shop, _ = a_shop(
        {
            "/providers/get": refused("AUTH_TYPE_UNSUPPORTED"),
            "/order/fulfill/pack": answer,
            "/order/get": ok(a_head()),
            "/orders/items/get": the_items(unit),
        }
    )
    if is_safe:
        assert run(shop.pack(order=an_order())) == socket.Shipment("LEXVN0001", ("FP0001",))
    else:
        with pytest.raises(RemoteRefused) as failed:
            run(shop.pack(order=an_order()))
        assert failed.value.params["remote_code"] == "38"


def test_a_packing_that_may_work_later_is_unavailable() -> None:
    shop, _ = a_shop(
        {"/providers/get": result({}), "/order/fulfill/pack": packed({**STEP, "item_err_code": "9", "retry": True})}
    )
    with pytest.raises(Unavailable):
        run(shop.pack(order=an_order()))


def test_a_packed_order_is_made_ready_by_its_packages() -> None:
    shop, wire = a_shop({"/order/package/rts": result({"packages": [{"package_id": "FP0001", "item_err_code": "0"}]})})
    order = an_order(a_unit(2, status="packed", package_id="FP0001", tracking_code="T1"))
    assert run(shop.ship(order=order)) == socket.Shipment("T1", ("FP0001",))
    assert json.loads(form(wire.requests[0])["readyToShipReq"]) == {"packages": [{"package_id": "FP0001"}]}


@pytest.mark.parametrize(("status", "is_safe"), [("ready_to_ship", True), ("shipped", True), ("packed", False)])
def test_shipping_again_changes_nothing(status: str, is_safe: bool) -> None:
    unit = a_unit(2, status=status, package_id="FP0001", tracking_code="T1")
    shop, _ = a_shop(
        {
            "/order/package/rts": refused("39", "wrong state"),
            "/order/get": ok(a_head()),
            "/orders/items/get": the_items(unit),
        }
    )
    order = an_order(a_unit(2, status="packed", package_id="FP0001"))
    if is_safe:
        assert run(shop.ship(order=order)).tracking_no == "T1"
    else:
        with pytest.raises(RemoteRefused):
            run(shop.ship(order=order))


def test_an_order_that_is_not_packed_cannot_be_shipped() -> None:
    shop, wire = a_shop({"/order/get": ok(a_head()), "/orders/items/get": the_items(a_unit(2))})
    with pytest.raises(RemoteRefused) as failed:
        run(shop.ship(order=an_order(a_unit(2))))
    assert failed.value.params["remote_code"] == "not_packed"
    assert not wire.asked("/order/package/rts")


REASONS = {
    "tip_type": "info",
    "reason_options": [
        {"reason_id": 10, "reason_name": "Sourcing delay"},
        {"reason_id": 15, "reason_name": "Out of Stock"},
        {"reason_id": 16, "reason_name": "Requested by customer"},
    ],
}


@pytest.mark.parametrize(("reason", "reason_id"), [("out_of_stock", "15"), ("customer_request", "16"), ("other", "10")])
def test_cancelling_names_the_platforms_nearest_reason(reason: str, reason_id: str) -> None:
    shop, wire = a_shop({"/cancel/validate": ok(REASONS), "/cancel/create": ok({"tip_content": "ok"})})
    run(shop.cancel(order=an_order(), reason=reason))
    sent = query(wire.requests[1])
    assert (sent["order_id"], sent["reason_id"]) == ("3400000001", reason_id)
    assert sent["order_item_id_list"] == "[3400000002,3400000003]"
    with pytest.raises(Invalid):
        run(shop.cancel(order=an_order(), reason="whim"))


def test_a_method_that_the_gateway_refuses_is_changed_once() -> None:
    wrong = refused("UnsupportedHTTPMethod", "The HTTP method GET is not supported")
    shop, wire = a_shop({"/cancel/validate": ok(REASONS), "/cancel/create": [wrong, ok()]})
    run(shop.cancel(order=an_order(), reason="other"))
    assert [request.method for request in wire.asked("/cancel/create")] == ["GET", "POST"]
    assert form(wire.requests[-1])["reason_id"] == "10"


@pytest.mark.parametrize("answer", [refused("39", "cannot cancel"), ok({"reason_options": []})])
@pytest.mark.parametrize(("status", "is_safe"), [("canceled", True), ("shipped", False)])
def test_cancelling_again_changes_nothing(answer: Answer, status: str, is_safe: bool) -> None:
    shop, _ = a_shop(
        {
            "/cancel/validate": answer,
            "/order/get": ok(a_head()),
            "/orders/items/get": the_items(a_unit(2, status=status)),
        }
    )
    if is_safe:
        run(shop.cancel(order=an_order(), reason="other"))
    else:
        with pytest.raises(RemoteRefused):
            run(shop.cancel(order=an_order(), reason="other"))


@pytest.mark.parametrize("accept", [True, False])
def test_a_buyers_request_to_cancel_is_answered(accept: bool) -> None:
    items = [
        {"reverse_order_id": 77, "trade_order_id": 3400000001, "request_type": "CANCEL"},
        {"reverse_order_id": 78, "trade_order_id": 3400000001, "request_type": "RETURN"},
        {"reverse_order_id": 79, "trade_order_id": 5, "request_type": "CANCEL"},
    ]
    shop, wire = a_shop({"/getreverseordersforseller": ok(result={"items": items}), "/seller/decide": result({})})
    run(shop.answer_cancellation(order=an_order(), accept=accept))
    (decision,) = wire.asked("/seller/decide")
    assert query(decision)["reverse_order_id"] == "77"
    assert query(decision)["agree_cancel"] == str(accept).lower()


# --- the whole -------------------------------------------------------------------------------------------------------


def test_the_manifest_claims_what_the_class_does() -> None:
    shop = connect(an_account(), Wire({}))
    assert MANIFEST.name == "lazada"
    assert MANIFEST.capabilities == CAPABILITIES
    assert {"default", "stock", "auth"} == set(MANIFEST.limits)
    for name in CAPABILITIES:
        assert isinstance(shop, getattr(socket, name))


def test_secrets_do_not_show_in_a_connectors_text() -> None:
    shop, _ = a_shop()
    assert SECRET not in repr(shop)
    assert "50000600123abc" not in repr(shop)
