"""The Shopee connector against answers composed from the platform's documented shapes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
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
from mekong.connectors.shopee.client import sign
from mekong.connectors.shopee.connector import MANIFEST, Shopee, connect
from mekong.connectors.shopee.mapping import orders, products
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
from tests.unit.connectors.wire import Answer, Wire, body, query, run, vectors

VECTORS = vectors("shopee")
KEY = "shpk5a6b7c8d9e0f11223344556677889900aabbccddeeff0011223344556677"
NOTICE_URL = "https://erp.example.vn/hooks/shopee/42"
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
OK: dict[str, Any] = {"error": "", "message": "", "request_id": "r"}
NO_DISCOUNTS: dict[str, Any] = {**OK, "response": {"discount_list": [], "more": False}}
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
    secrets = Secrets("2001887", KEY, "6b4d41576f6e4b5a7779675046726548", "refresh-1", **changes)
    return Account("shopee", "226581234", secrets, api_url="https://shopee.example", notice_url=NOTICE_URL)


def a_shop(answers: dict[str, Answer | list[Answer]] | None = None, now: datetime = NOW) -> tuple[Shopee, Wire]:
    """A shop whose wire answers so. Unless told otherwise it has no discounts."""
    wire = Wire({**(answers or {}), "/discount/get_discount_list": NO_DISCOUNTS})
    return Shopee(an_account(), wire, clock=lambda: now), wire


def ok(**response: Any) -> dict[str, Any]:
    return {**OK, "response": response}


def refused(error: str, message: str = "") -> dict[str, Any]:
    return {"error": error, "message": message, "request_id": "r"}


def a_detail(**changes: Any) -> dict[str, Any]:
    return {
        "order_sn": "251122ABCDEF01",
        "region": "VN",
        "currency": "VND",
        "cod": True,
        "order_status": "READY_TO_SHIP",
        "message_to_seller": "Gọi trước khi giao",
        "create_time": 1763769000,
        "update_time": 1763769799,
        "days_to_ship": 2,
        "ship_by_date": 1763942400,
        "total_amount": 218000.0,
        "buyer_user_id": 99001,
        "buyer_username": "ng***n",
        "recipient_address": {
            "name": "N****n",
            "phone": "****12",
            "town": "",
            "district": "Quận 3",
            "city": "Hồ Chí Minh",
            "state": "",
            "region": "VN",
            "zipcode": 700000,
            "full_address": "****",
        },
        "item_list": [
            {
                "item_id": 1000,
                "item_name": "Áo thun",
                "item_sku": "AO",
                "model_id": 3456,
                "model_name": "Đỏ,M",
                "model_sku": "AO-DO-M",
                "model_quantity_purchased": 2,
                "model_original_price": 120000,
                "model_discounted_price": 99000,
                "order_item_id": 1000,
                "promotion_group_id": 0,
            }
        ],
        "package_list": [{"package_number": "OFG1", "logistics_status": "LOGISTICS_READY"}],
        **changes,
    }


def an_order(**changes: Any) -> RemoteOrder:
    detail = msgspec.convert(present(a_detail(**changes)), orders.Detail, strict=False)
    return orders.order(detail, "VND")


# --- signatures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS["request_vectors"], ids=lambda vector: vector["name"])
def test_every_signature_vector_comes_out(vector: dict[str, Any]) -> None:
    assert sign(vector["partner_key"], vector["base_string"].encode()) == vector["sign"]


@pytest.mark.parametrize(
    "vector", [one for one in VECTORS["request_vectors"] if one["kind"] == "shop"], ids=lambda vector: vector["name"]
)
def test_a_call_for_the_shop_is_signed_as_the_vector_is(vector: dict[str, Any]) -> None:
    shop, wire = a_shop({"": ok()}, now=datetime.fromtimestamp(vector["timestamp"], UTC))
    run(shop.client.get(vector["path"].removeprefix("/api/v2"), [("order_sn", "1")]))
    sent = query(wire.requests[0])
    assert sent["sign"] == vector["sign"]
    assert (sent["partner_id"], sent["shop_id"]) == ("2001887", "226581234")
    assert sent["timestamp"] == str(vector["timestamp"])
    assert wire.paths == [vector["path"]]


@pytest.mark.parametrize(
    ("vector", "is_refresh"), [(VECTORS["request_vectors"][1], False), (VECTORS["request_vectors"][2], True)]
)
def test_calls_about_tokens_are_signed_without_one(vector: dict[str, Any], is_refresh: bool) -> None:
    now = datetime.fromtimestamp(vector["timestamp"], UTC)
    shop, wire = a_shop({"": {**OK, "access_token": "a", "refresh_token": "r", "expire_in": 14400}}, now=now)
    run(shop.refresh(now=now) if is_refresh else shop.exchange(params={"code": "c"}, now=now))
    assert query(wire.requests[0]) == {
        "partner_id": "2001887",
        "timestamp": str(vector["timestamp"]),
        "sign": vector["sign"],
    }
    assert wire.paths == [vector["path"]]


def test_the_link_to_authorise_is_signed_and_carries_the_state_in_the_redirect() -> None:
    vector = VECTORS["request_vectors"][0]
    shop, _ = a_shop()
    now = datetime.fromtimestamp(vector["timestamp"], UTC)
    link = urlsplit(shop.authorisation_url(redirect_url="https://erp.example.vn/cb?s=1", state="x y", now=now))
    said = {name: values[0] for name, values in parse_qs(link.query).items()}
    assert link.path == vector["path"]
    assert said["sign"] == vector["sign"]
    assert said["redirect"] == "https://erp.example.vn/cb?s=1&state=x+y"


# --- notices ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS["push_vectors"], ids=lambda vector: vector["name"])
def test_a_signed_notice_is_read(vector: dict[str, Any]) -> None:
    shop, _ = a_shop()
    found = shop.read_notices(headers={"authorization": vector["authorization"]}, body=vector["raw_body"].encode())
    assert [notice.reference for notice in found if notice.kind is NoticeKind.ORDER] == ["251122ABCDEF01"]
    assert {notice.shop_id for notice in found} == {"226581234"}


@pytest.mark.parametrize("vector", VECTORS["negative_push_vectors"], ids=lambda vector: vector["name"])
def test_a_notice_signed_by_another_recipe_is_refused(vector: dict[str, Any]) -> None:
    account = an_account()
    shop = Shopee(Account("shopee", "1", account.secrets, notice_url=vector["callback_url"]), Wire({}))
    with pytest.raises(NoticeForged):
        shop.read_notices(headers={"authorization": vector["authorization"]}, body=vector["raw_body"].encode())


@pytest.mark.parametrize("authorization", [None, "", "0" * 64, "không phải chữ ký", "\ud800"])
def test_a_notice_without_a_right_signature_is_refused(authorization: str | None) -> None:
    shop, _ = a_shop()
    headers = {} if authorization is None else {"authorization": authorization}
    with pytest.raises(NoticeForged):
        shop.read_notices(headers=headers, body=b'{"code":3}')


def test_a_notice_altered_by_one_byte_is_refused() -> None:
    vector = VECTORS["push_vectors"][0]
    shop, _ = a_shop()
    altered = vector["raw_body"].replace("ABCDEF01", "ABCDEF02").encode()
    with pytest.raises(NoticeForged):
        shop.read_notices(headers={"authorization": vector["authorization"]}, body=altered)


def test_the_push_key_of_its_own_replaces_the_partner_key() -> None:
    content = b'{"code":3,"shop_id":1,"data":{"ordersn":"A"}}'
    shop = Shopee(an_account(notice_secret="push"), Wire({}))
    right = sign("push", f"{NOTICE_URL}|".encode() + content)
    assert shop.read_notices(headers={"authorization": right}, body=content)[0].reference == "A"
    wrong = sign(KEY, f"{NOTICE_URL}|".encode() + content)
    with pytest.raises(NoticeForged):
        shop.read_notices(headers={"authorization": wrong}, body=content)


@pytest.mark.parametrize("content", [b"", b"not json", b"[1]", b'"text"'])
def test_a_signed_notice_that_cannot_be_read_is_invalid(content: bytes) -> None:
    shop, _ = a_shop()
    headers = {"authorization": sign(KEY, f"{NOTICE_URL}|".encode() + content)}
    with pytest.raises(Invalid):
        shop.read_notices(headers=headers, body=content)


def read(said: dict[str, Any]) -> list[Notice]:
    shop, _ = a_shop()
    content = json.dumps(said).encode()
    return shop.read_notices(headers={"authorization": sign(KEY, f"{NOTICE_URL}|".encode() + content)}, body=content)


def test_a_reserved_stock_change_points_at_the_item_and_at_the_order() -> None:
    data = {"action": "place_order", "item_id": 1000, "variation_id": 3456, "ordersn": "S1"}
    stock, order = read({"code": 8, "shop_id": 7, "timestamp": 1763769900, "data": data, "msg_id": "m1"})
    assert (stock.kind, stock.reference, stock.dedupe_id) == (NoticeKind.STOCK, "1000", "m1")
    assert (order.kind, order.reference, order.dedupe_id) == (NoticeKind.ORDER, "S1", "m1:order")
    assert order.sent_at == datetime.fromtimestamp(1763769900, UTC)


@pytest.mark.parametrize(
    ("said", "kind", "shop_id", "reference"),
    [
        ({"code": 3, "shop_id": 7, "data": {"ordersn": "S1"}}, NoticeKind.ORDER, "7", "S1"),
        ({"code": 4, "shop_id": 7, "data": {"ordersn": "S1", "tracking_no": "T"}}, NoticeKind.ORDER, "7", "S1"),
        ({"code": 30, "shop_id": 7, "data": {"order_sn": "S2"}}, NoticeKind.ORDER, "7", "S2"),
        ({"code": 16, "shop_id": 7, "data": {"item_id": 9}}, NoticeKind.PRODUCT, "7", "9"),
        ({"code": 22, "shop_id": 7, "data": {"item_id": "9"}}, NoticeKind.PRODUCT, "7", "9"),
        ({"code": 2, "data": {"shop_id": 7}}, NoticeKind.AUTHORISATION, "7", "7"),
        ({"code": 1, "shop_id": 8, "data": None}, NoticeKind.AUTHORISATION, "8", "8"),
        ({"code": 5, "shop_id": 7, "data": "news"}, NoticeKind.OTHER, "7", ""),
        ({"code": 3, "shop_id": 7}, NoticeKind.OTHER, "7", ""),
        ({"code": "99", "timestamp": 10**30}, NoticeKind.OTHER, "", ""),
    ],
)
def test_each_kind_of_notice_is_told(said: dict[str, Any], kind: NoticeKind, shop_id: str, reference: str) -> None:
    (notice,) = read(said)
    assert (notice.kind, notice.shop_id, notice.reference) == (kind, shop_id, reference)
    assert notice.dedupe_id


def test_an_expiry_warning_is_one_notice_a_shop() -> None:
    found = read({"code": 12, "data": {"shop_expire_soon": [7, 8], "expire_before": 1}})
    assert [notice.shop_id for notice in found] == ["7", "8"]


# --- authorisation ---------------------------------------------------------------------------------------------------


def test_a_code_becomes_tokens_of_the_shop() -> None:
    said = {
        **OK,
        "access_token": "a1",
        "refresh_token": "r1",
        "expire_in": 14400,
        "shop_id_list": [226581234],
    }
    shop, wire = a_shop({"/auth/token/get": said})
    tokens = run(shop.exchange(params={"code": "c1", "shop_id": "226581234"}, now=NOW))
    assert body(wire.requests[0]) == {"code": "c1", "partner_id": 2001887, "shop_id": 226581234}
    assert wire.requests[0].lane == "auth"
    assert (tokens.access_token, tokens.refresh_token, tokens.shop_id) == ("a1", "r1", "226581234")
    assert tokens.access_expires_at == NOW + timedelta(hours=4)
    assert tokens.refresh_expires_at == NOW + timedelta(days=30)


def test_a_used_code_is_refused_and_a_missing_one_is_invalid() -> None:
    shop, wire = a_shop({"/auth/token/get": refused("invalid_code", "Invalid code.")})
    with pytest.raises(RemoteRefused) as failed:
        run(shop.exchange(params={"code": "old"}, now=NOW))
    assert failed.value.params["remote_code"] == "invalid_code"
    assert not isinstance(failed.value, NeedsReconnect)
    with pytest.raises(Invalid):
        run(shop.exchange(params={}, now=NOW))
    assert len(wire.requests) == 1


def test_a_refresh_gives_the_new_pair() -> None:
    said = {**OK, "access_token": "a2", "refresh_token": "r2", "expire_in": "14400", "shop_id": 226581234}
    shop, wire = a_shop({"/auth/access_token/get": said})
    tokens = run(shop.refresh(now=NOW))
    assert body(wire.requests[0]) == {"refresh_token": "refresh-1", "partner_id": 2001887, "shop_id": 226581234}
    assert (tokens.access_token, tokens.refresh_token) == ("a2", "r2")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused("error_param", "Invalid refresh_token."), NeedsReconnect),
        (refused("invalid_acceess_token", "Invalid refresh_token"), NeedsReconnect),
        (refused("error_auth", "Invalid partner_id or shopid."), NeedsReconnect),
        (refused("source_ip_undeclared", "IP"), RemoteRefused),
        (refused("error_server", "busy"), Unavailable),
        (b"", Unavailable),
    ],
)
def test_a_refused_refresh_asks_for_a_new_connection_unless_it_may_pass(
    answer: Answer, error: type[MekongError]
) -> None:
    shop, _ = a_shop({"/auth/access_token/get": answer})
    with pytest.raises(error) as failed:
        run(shop.refresh(now=NOW))
    assert isinstance(failed.value, NeedsReconnect) is (error is NeedsReconnect)


def test_without_tokens_nothing_is_sent() -> None:
    wire = Wire({})
    secrets = Secrets("2001887", KEY)
    with pytest.raises(NeedsReconnect):
        run(Shopee(Account("shopee", "1", secrets), wire).pull_listings(cursor=None))
    half = Secrets("2001887", KEY, refresh_token="r")
    with pytest.raises(NeedsRefresh):
        run(Shopee(Account("shopee", "1", half), wire).pull_listings(cursor=None))
    assert not wire.requests


# --- failures --------------------------------------------------------------------------------------------------------

FAILURES: list[tuple[Answer, type[MekongError]]] = [
    (refused("error_sign", "Wrong sign."), NeedsReconnect),
    (refused("error_param", "Invalid partner_id"), NeedsReconnect),
    (refused("error_param", "There is no partner_id in query."), NeedsReconnect),
    (refused("error_param", "There is no access_token in query."), NeedsRefresh),
    (refused("error_param", "Timestamp is expired."), Unavailable),
    (refused("error_param", "There is no shop_id in query."), RemoteRefused),
    (refused("error_auth", "Invalid access_token."), NeedsRefresh),
    (refused("error_auth", "Invalid partner_id or shopid."), NeedsReconnect),
    (refused("error_auth", "No permission to current api."), RemoteRefused),
    (refused("invalid_acceess_token", "Invalid access_token."), NeedsRefresh),
    (refused("invalid_access_token"), NeedsRefresh),
    (refused("error_permission"), RemoteRefused),
    (refused("error_api_permission"), RemoteRefused),
    (refused("api_suspended"), RemoteRefused),
    (refused("error_kyc_auth"), RemoteRefused),
    (refused("error_limit"), RateLimited),
    (refused("error_rate_limit"), RateLimited),
    (refused("source_ip_undeclared"), RemoteRefused),
    (refused("partner_shop_no_link"), NeedsReconnect),
    (refused("shop_no_linked"), NeedsReconnect),
    (refused("shop_banned"), RemoteRefused),
    (refused("error_shop"), NeedsReconnect),
    (refused("error_partner_key_expired"), NeedsReconnect),
    (refused("invalid_partner_id"), NeedsReconnect),
    (refused("error_server"), Unavailable),
    (refused("error_network"), Unavailable),
    (refused("error_data"), Unavailable),
    (refused("error_inner"), Unavailable),
    (refused("product.error_server"), Unavailable),
    (refused("product.error_param", "bad"), RemoteRefused),
    (refused("order.order_list_invalid_time", "Start time"), RemoteRefused),
    (refused("warehouse.error_not_in_whitelist"), RemoteRefused),
    (b"", Unavailable),
    (b"<html>bad gateway</html>", Unavailable),
    (b"[]", Unavailable),
    (b'{"error":"","response":{"item":[{}]}}', Unavailable),
    (b'{"error":"","response":{"item":[{"item_id":1e999999}]}}', Unavailable),
    (Response(502, b"bad gateway"), Unavailable),
    (Response(503, b'{"error":"","response":{}}'), Unavailable),
    (Response(500, b'{"error":"common.unheard_of","message":""}'), Unavailable),
    (Response(404, b'{"message":"no route"}'), Unavailable),
    (Response(403, b'{"error":"error_sign","message":"Wrong sign."}'), NeedsReconnect),
    (Response(403, b'{"error":"invalid_acceess_token","message":""}'), NeedsRefresh),
    (Response(429, b""), RateLimited),
    (Response(429, b'{"error":"error_rate_limit","message":""}'), RateLimited),
    (Unavailable(), Unavailable),
]


@pytest.mark.parametrize(("answer", "error"), FAILURES)
def test_each_family_of_failures_has_its_meaning(answer: Answer, error: type[MekongError]) -> None:
    shop, wire = a_shop({"/product/get_item_list": answer})
    with pytest.raises(MekongError) as failed:
        run(shop.pull_listings(cursor=None))
    assert type(failed.value) is error
    assert len(wire.requests) == 1, "a failure is not tried again here"


def test_the_platforms_own_words_are_kept() -> None:
    shop, _ = a_shop({"/product/get_item_list": refused("product.error_param", "Wrong page size")})
    with pytest.raises(RemoteRefused) as failed:
        run(shop.pull_listings(cursor=None))
    assert failed.value.params["remote_code"] == "product.error_param"
    assert str(failed.value) == "Shopee refused: Wrong page size (product.error_param)"


@pytest.mark.parametrize(
    ("header", "wait"),
    [("7", 7.0), ("Sun, 22 Nov 2026 10:00:30 GMT", 30.0), ("Sun, 22 Nov 2026 09:00:00 GMT", 0.0), ("soon", None)],
)
def test_the_wait_that_the_platform_asks_for_is_passed_on(header: str, wait: float | None) -> None:
    shop, _ = a_shop({"/product/get_item_list": Response(429, b"", {"Retry-After": header})})
    with pytest.raises(RateLimited) as failed:
        run(shop.pull_listings(cursor=None))
    assert failed.value.params.get("retry_after_s") == wait


def test_the_daily_quota_waits_for_midnight_in_singapore() -> None:
    shop, _ = a_shop({"/product/get_item_list": refused("error_limit")})
    with pytest.raises(RateLimited) as failed:
        run(shop.pull_listings(cursor=None))
    assert failed.value.params["retry_after_s"] == 6 * 3600  # 18:00 there


# --- products --------------------------------------------------------------------------------------------------------

PLAIN = {
    "item_id": 2500139861,
    "item_name": "Áo thun cotton",
    "item_sku": "AO-THUN",
    "gtin_code": "8935001800019",
    "price_info": [{"currency": "VND", "original_price": 120000.0, "current_price": 99000}],
    "image": {"image_url_list": ["https://cf.example/i1"], "image_id_list": ["i1"]},
    "weight": "0.25",
    "item_status": "NORMAL",
    "has_model": False,
    "stock_info_v2": {
        "summary_info": {"total_reserved_stock": 1, "total_available_stock": 99},
        "seller_stock": [{"location_id": "VNZ", "stock": 99, "if_saleable": True}],
        "shopee_stock": [],
    },
}
VARIED = {**PLAIN, "item_id": 1000, "item_sku": "AO", "has_model": True, "item_status": "UNLIST", "price_info": None}
MODELS = {
    "tier_variation": [
        {"name": "Màu", "option_list": [{"option": "Đỏ", "image": {"image_url": "https://cf.example/do"}}]},
        {"name": "Cỡ", "option_list": [{"option": "M"}, {"option": "L"}]},
    ],
    "model": [
        {
            "model_id": 3456,
            "tier_index": [0, 1],
            "model_sku": "AO-DO-L",
            "model_status": "MODEL_NORMAL",
            "price_info": [{"currency": "VND", "original_price": 130000, "current_price": 130000}],
            "stock_info_v2": {"seller_stock": [{"stock": 4}, {"stock": 3}]},
            "gtin_code": "",
        },
        {"model_id": 3457, "tier_index": [-1, 9], "model_status": "MODEL_UNAVAILABLE"},
    ],
}


def test_a_page_of_products_is_one_page_of_the_list_with_its_variants() -> None:
    answers: dict[str, Answer | list[Answer]] = {
        "/product/get_item_list": ok(
            item=[{"item_id": 2500139861}, {"item_id": 1000}], has_next_page=True, next_offset=50
        ),
        "/product/get_item_base_info": ok(item_list=[PLAIN, VARIED, {**PLAIN, "item_status": "SELLER_DELETE"}]),
        "/product/get_model_list": ok(**MODELS),
    }
    shop, wire = a_shop(answers)
    page = run(shop.pull_listings(cursor=None))
    assert page.next_cursor == "50"
    plain, large, bare = page.listings
    assert plain.key == ListingKey("2500139861")
    assert (plain.sku, plain.barcode, plain.quantity, plain.price_minor) == ("AO-THUN", "8935001800019", 99, 120000)
    assert plain.image_url == "https://cf.example/i1"
    assert plain.is_active
    assert large.key == ListingKey("1000", "3456")
    assert (large.sku, large.name, large.quantity, large.price_minor) == (
        "AO-DO-L",
        "Áo thun cotton - Đỏ, L",
        7,
        130000,
    )
    assert large.image_url == "https://cf.example/do"
    assert not large.is_active, "the item is unlisted"
    assert (bare.sku, bare.price_minor, bare.quantity) == ("", None, 0)
    first = wire.requests[0]
    assert [value for name, value in first.params if name == "item_status"] == [
        "NORMAL",
        "UNLIST",
        "REVIEWING",
        "BANNED",
    ]
    assert query(wire.requests[1])["item_id_list"] == "2500139861,1000"
    assert len(wire.requests) - len(wire.asked("/discount/get_discount_list")) == 3


def test_the_last_page_has_no_cursor_and_an_empty_one_asks_no_more() -> None:
    shop, wire = a_shop({"/product/get_item_list": ok(item=[], has_next_page=False, next_offset=0)})
    page = run(shop.pull_listings(cursor="100"))
    assert (list(page.listings), page.next_cursor) == ([], None)
    assert query(wire.requests[0])["offset"] == "100"
    assert len(wire.requests) == 1


def test_reading_listings_leaves_out_what_the_platform_no_longer_knows() -> None:
    gone = refused("product.error_item_not_found", "Product not found")
    shop, wire = a_shop({"/product/get_item_base_info": [gone, ok(item_list=[PLAIN]), gone]})
    keys = [ListingKey("2500139861"), ListingKey("404"), ListingKey("not-a-number")]
    found = run(shop.read_listings(keys=keys))
    assert [listing.key for listing in found] == [ListingKey("2500139861")]
    asked = [query(request)["item_id_list"] for request in wire.asked("/product/get_item_base_info")]
    assert asked == ["2500139861,404", "2500139861", "404"]


def test_reading_listings_takes_fifty_items_a_call() -> None:
    shop, wire = a_shop({"/product/get_item_base_info": ok(item_list=[])})
    run(shop.read_listings(keys=[ListingKey(str(number)) for number in range(120)]))
    sizes = [len(query(request)["item_id_list"].split(",")) for request in wire.requests]
    assert sizes == [50, 50, 20]


# --- pushes ----------------------------------------------------------------------------------------------------------


def test_pushes_are_grouped_by_item_and_fifty_models() -> None:
    shop, _ = a_shop()
    pushes = [StockPush(ListingKey("1", str(model)), "", 5) for model in range(1, 121)]
    pushes.insert(7, StockPush(ListingKey("2"), "", 5))
    batches = shop.stock_batches(pushes)
    assert sorted(len(batch) for batch in batches) == [1, 20, 50, 50]
    assert all(len({push.key.item_id for push in batch}) == 1 for batch in batches)
    assert sorted(push.key for batch in batches for push in batch) == sorted(push.key for push in pushes)


def test_a_batch_that_is_not_one_call_is_a_defect() -> None:
    shop, wire = a_shop()
    with pytest.raises(ValueError, match="50 models of one item"):
        run(shop.push_stock([StockPush(ListingKey("1"), "", 1), StockPush(ListingKey("2"), "", 1)]))
    assert run(shop.push_stock([])) == []
    assert not wire.requests


def test_a_stock_push_is_absolute_and_each_gets_its_result() -> None:
    said = ok(success_list=[{"model_id": 3456, "stock": 100}, {"model_id": 3457, "stock": 0}], failure_list=[])
    shop, wire = a_shop({"/product/update_stock": said})
    batch = [StockPush(ListingKey("1000", "3456"), "A", 100), StockPush(ListingKey("1000", "3457"), "B", 0)]
    assert run(shop.push_stock(batch)) == [PushResult(push.key) for push in batch]
    assert body(wire.requests[0]) == {
        "item_id": 1000,
        "stock_list": [
            {"model_id": 3456, "seller_stock": [{"stock": 100}]},
            {"model_id": 3457, "seller_stock": [{"stock": 0}]},
        ],
    }


def test_an_item_without_variants_is_model_0() -> None:
    shop, wire = a_shop({"/product/update_stock": ok(success_list=[{"stock": 5}], failure_list=[])})
    results = run(shop.push_stock([StockPush(ListingKey("1000"), "A", 5)]))
    assert body(wire.requests[0])["stock_list"][0]["model_id"] == 0
    assert results == [PushResult(ListingKey("1000"))]


def test_a_partial_failure_under_an_empty_error_is_told_apart() -> None:
    said = ok(
        success_list=[{"model_id": 1}],
        failure_list=[
            {"model_id": 2, "failed_reason": "Can not update item with stock less than reserved stock"},
            {"model_id": 3, "failed_reason": "Model does not exist"},
        ],
    )
    shop, _ = a_shop({"/product/update_stock": said})
    batch = [StockPush(ListingKey("9", str(model)), "", 1) for model in (1, 2, 3, 4)]
    good, low, gone, unsaid = run(shop.push_stock(batch))
    assert good.error == ""
    assert (low.error, low.is_final) == ("failed", False)
    assert "reserved" in low.message
    assert (gone.error, gone.is_final) == ("failed", True)
    assert (unsaid.error, unsaid.is_final) == ("unconfirmed", False)


@pytest.mark.parametrize(
    ("answer", "is_final"),
    [
        (refused("error.param", "Can not update item with stock less than reserved stock"), False),
        (refused("product.error_item_not_found", "Item not found"), True),
        (
            {
                **refused("product.error_update_stock_fail", "all failed"),
                "response": {"failure_list": [{"model_id": 3456, "failed_reason": "stock reserved"}]},
            },
            False,
        ),
    ],
)
def test_a_refused_push_is_a_result_not_a_raise(answer: Answer, is_final: bool) -> None:
    shop, _ = a_shop({"/product/update_stock": answer})
    (result,) = run(shop.push_stock([StockPush(ListingKey("1000", "3456"), "A", 1)]))
    assert result.error
    assert result.message
    assert result.is_final is is_final


@pytest.mark.parametrize("code", ["shop_banned", "error_permission", "source_ip_undeclared"])
def test_a_refusal_of_the_whole_shop_blames_no_listing(code: str) -> None:
    shop, _ = a_shop({"/product/update_stock": refused(code)})
    with pytest.raises(RemoteRefused):
        run(shop.push_stock([StockPush(ListingKey("1000"), "A", 1)]))


@given(
    said=st.dictionaries(st.integers(0, 40), st.sampled_from(["ok", "failed", "silent"]), min_size=1, max_size=20),
    error=st.sampled_from(["", "product.error_busy"]),
)
def test_every_push_has_exactly_one_result_whatever_the_reply(said: dict[int, str], error: str) -> None:
    batch = [StockPush(ListingKey("1", str(model) if model else ""), "", 1) for model in said]
    reply = products.PushReply(
        tuple(products.Success(model) for model, word in said.items() if word == "ok"),
        tuple(products.Failure(model, "no") for model, word in said.items() if word == "failed"),
    )
    results = products.results(batch, reply, error, "why")
    assert [result.key for result in results] == [push.key for push in batch]
    for result in results:
        word = said[int(result.key.model_id or 0)]
        assert bool(result.error) or (word == "ok" or set(said.values()) == {"silent"})
        assert bool(result.error) == bool(error) or not error


@pytest.mark.parametrize(
    ("minor", "currency", "on_the_wire"),
    [(120000, "VND", b'"original_price":120000}'), (1250, "GBP", b'"original_price":12.50}')],
)
def test_a_price_goes_out_as_an_exact_number(minor: int, currency: str, on_the_wire: bytes) -> None:
    shop, wire = a_shop({"/product/update_price": ok(success_list=[{"model_id": 3}], failure_list=[])})
    results = run(shop.push_price([PricePush(ListingKey("1", "3"), "A", minor, currency)]))
    assert results == [PushResult(ListingKey("1", "3"))]
    assert on_the_wire in wire.asked("/product/update_price")[0].body
    assert shop.price_batches([PricePush(ListingKey("1", "3"), "A", minor, currency)])[0][0].price_minor == minor


@given(minor=st.integers(0, 10**12), currency=st.sampled_from(["VND", "GBP", "SGD", "KWD"]))
def test_a_price_pushed_and_read_again_is_the_same(minor: int, currency: str) -> None:
    shop, wire = a_shop({"/product/update_price": ok()})
    run(shop.push_price([PricePush(ListingKey("1"), "A", minor, currency)]))
    sent = wire.asked("/product/update_price")[0].body.partition(b'"original_price":')[2].partition(b"}")[0]
    item = (
        b'{"error":"","response":{"item_list":[{"item_id":1,"item_status":"NORMAL","price_info":[{"currency":"%s",'
        % (currency.encode())
    )
    shop, _ = a_shop({"/product/get_item_base_info": item + b'"original_price":' + sent + b"}]}]}}"})
    (listing,) = run(shop.read_listings(keys=[ListingKey("1")]))
    assert (listing.price_minor, listing.currency) == (minor, currency)


# --- orders ----------------------------------------------------------------------------------------------------------


def test_a_window_of_orders_is_listed_page_by_page() -> None:
    page = ok(more=True, next_cursor="20", order_list=[{"order_sn": "A", "order_status": "UNPAID"}])
    last = ok(more=False, next_cursor="", order_list=[{"order_sn": "B"}])
    shop, wire = a_shop({"/order/get_order_list": [page, last]})
    since = NOW - timedelta(days=15)
    first = run(shop.list_orders(updated_from=since, updated_to=NOW, cursor=None))
    assert ([ref.external_id for ref in first.refs], first.next_cursor) == (["A"], "20")
    second = run(shop.list_orders(updated_from=since, updated_to=NOW, cursor="20"))
    assert ([ref.external_id for ref in second.refs], second.next_cursor) == (["B"], None)
    sent = query(wire.requests[0])
    assert sent["time_range_field"] == "update_time"
    assert int(sent["time_to"]) - int(sent["time_from"]) == 15 * 86400
    assert sent["cursor"] == ""
    assert sent["request_order_status_pending"] == "true"


def test_a_window_too_long_is_invalid_and_a_moment_is_widened() -> None:
    shop, wire = a_shop({"/order/get_order_list": ok(more=False)})
    with pytest.raises(Invalid):
        run(shop.list_orders(updated_from=NOW - timedelta(days=15, seconds=1), updated_to=NOW, cursor=None))
    assert not wire.requests
    run(shop.list_orders(updated_from=NOW, updated_to=NOW, cursor=None))
    sent = query(wire.requests[0])
    assert int(sent["time_to"]) == int(sent["time_from"]) + 1


def test_an_order_is_mapped_whole() -> None:
    shop, wire = a_shop({"/order/get_order_detail": ok(order_list=[a_detail()])})
    (order,) = run(shop.fetch_orders(external_ids=["251122ABCDEF01"]))
    assert order.external_id == "251122ABCDEF01"
    assert (order.state, order.raw_state) == (RemoteState.PLACED, "READY_TO_SHIP")
    assert order.placed_at == datetime.fromtimestamp(1763769000, UTC)
    assert order.updated_at == datetime.fromtimestamp(1763769799, UTC)
    assert order.ship_by == datetime.fromtimestamp(1763942400, UTC)
    assert (order.total_minor, order.shipping_fee_minor, order.discount_minor) == (218000, 20000, 0)
    assert (order.buyer_name, order.buyer_phone, order.buyer_ref) == ("N****n", "", "99001")
    assert order.address == {
        "line": "****",
        "district": "Quận 3",
        "province": "Hồ Chí Minh",
        "postcode": "700000",
        "country": "VN",
    }
    assert order.is_cod
    assert order.packages == ("OFG1",)
    assert order.note == "Gọi trước khi giao"
    (line,) = order.lines
    assert line.key == ListingKey("1000", "3456")
    assert (line.sku, line.name, line.quantity) == ("AO-DO-M", "Áo thun - Đỏ,M", 2)
    assert (line.unit_price_minor, line.list_price_minor) == (99000, 120000)
    assert "total_amount" in query(wire.requests[0])["response_optional_fields"]


@pytest.mark.parametrize(("status", "state"), list(orders.STATES.items()))
def test_every_status_has_its_state(status: str, state: RemoteState) -> None:
    assert an_order(order_status=status).state is state


def test_a_status_of_the_future_comes_in_as_placed() -> None:
    order = an_order(order_status="TELEPORTED")
    assert (order.state, order.raw_state) == (RemoteState.PLACED, "TELEPORTED")


def test_a_whole_phone_number_is_kept_and_an_item_without_a_model_has_no_model_key() -> None:
    items = [
        {"item_id": 5, "item_sku": "BARE", "model_id": 0, "model_quantity_purchased": 1, "model_original_price": 10},
        {"item_id": 5, "item_sku": "BARE", "model_id": 0, "model_quantity_purchased": 1, "model_discounted_price": 0},
    ]
    order = an_order(item_list=items, recipient_address={"phone": 84901234512}, total_amount=None)
    assert order.buyer_phone == "84901234512"
    assert [line.key for line in order.lines] == [ListingKey("5"), ListingKey("5")]
    assert [line.unit_price_minor for line in order.lines] == [10, 0]
    assert [line.sku for line in order.lines] == ["BARE", "BARE"]
    assert len({line.line_ids for line in order.lines}) == 2
    assert order.total_minor == 10


@given(
    price=st.integers(0, 10**9),
    quantity=st.integers(1, 1000),
    total=st.integers(0, 10**12),
    fee=st.none() | st.integers(0, 10**6),
)
def test_the_sums_of_an_order_agree(price: int, quantity: int, total: int, fee: int | None) -> None:
    item = {"item_id": 1, "model_quantity_purchased": quantity, "model_discounted_price": f"{price}.0"}
    order = an_order(item_list=[item], total_amount=total, estimated_shipping_fee=fee)
    goods = sum(line.unit_price_minor * line.quantity for line in order.lines)
    assert goods == price * quantity
    assert order.total_minor == total == goods + order.shipping_fee_minor - order.discount_minor
    assert order.discount_minor >= 0


def test_details_are_asked_fifty_at_a_time_and_unknown_orders_are_missing() -> None:
    shop, wire = a_shop({"/order/get_order_detail": ok(order_list=[])})
    ids = [f"S{number}" for number in range(101)]
    assert run(shop.fetch_orders(external_ids=[*ids, *ids, "a,b", ""])) == []
    assert [len(query(request)["order_sn_list"].split(",")) for request in wire.requests] == [50, 50, 1]


def test_one_unknown_order_does_not_hide_the_others() -> None:
    gone = refused("order.error_not_found", "The order is not exist.")
    shop, _ = a_shop({"/order/get_order_detail": [gone, gone, ok(order_list=[a_detail()])]})
    orders = run(shop.fetch_orders(external_ids=["GONE", "251122ABCDEF01"]))
    assert [order.external_id for order in orders] == ["251122ABCDEF01"]


def test_an_order_on_its_way_has_its_tracking_number_and_waits_for_none() -> None:
    answers: dict[str, Answer | list[Answer]] = {
        "/order/get_order_detail": ok(
            order_list=[a_detail(order_status="PROCESSED"), a_detail(order_status="SHIPPED")]
        ),
        "/logistics/get_tracking_number": [ok(tracking_number="SPX1"), refused("logistics.error_param", "allocated")],
    }
    shop, _ = a_shop(answers)
    orders = run(shop.fetch_orders(external_ids=["251122ABCDEF01"]))
    assert [order.tracking_no for order in orders] == ["SPX1", ""]


# --- shipping and cancelling -----------------------------------------------------------------------------------------

PICKUP = {
    "info_needed": {"pickup": ["address_id", "pickup_time_id"]},
    "pickup": {
        "address_list": [
            {"address_id": 1, "time_slot_list": []},
            {"address_id": 2, "time_slot_list": [{"pickup_time_id": "a", "flags": []}]},
            {"address_id": 3, "time_slot_list": [{"pickup_time_id": "b", "flags": ["recommended"]}]},
        ]
    },
}


@pytest.mark.parametrize(
    ("parameter", "tracking_no", "sent"),
    [
        (PICKUP, "", {"pickup": {"address_id": 3, "pickup_time_id": "b"}}),
        (
            {**PICKUP, "pickup": {"address_list": PICKUP["pickup"]["address_list"][:2]}},  # type: ignore[index]  # a dict of the test
            "",
            {"pickup": {"address_id": 2, "pickup_time_id": "a"}},
        ),
        (
            {"info_needed": {"pickup": ["address_id"]}, "pickup": {"address_list": [{"address_id": 9}]}},
            "",
            {"pickup": {"address_id": 9}},
        ),
        ({"info_needed": {"dropoff": []}}, "", {"dropoff": {}}),
        ({"info_needed": {"pickup": ["address_id", "pickup_time_id"], "dropoff": []}}, "", {"dropoff": {}}),
        (
            {"info_needed": {"dropoff": ["branch_id"]}, "dropoff": {"branch_list": [{"branch_id": 4}]}},
            "",
            {"dropoff": {"branch_id": 4}},
        ),
        (
            {"info_needed": {"non_integrated": ["tracking_number"]}},
            "VN1",
            {"non_integrated": {"tracking_number": "VN1"}},
        ),
    ],
)
def test_the_parcel_is_handed_over_as_the_platform_allows(
    parameter: dict[str, Any], tracking_no: str, sent: dict[str, Any]
) -> None:
    shop, wire = a_shop(
        {
            "/logistics/get_shipping_parameter": ok(**parameter),
            "/logistics/ship_order": OK,
            "/logistics/get_tracking_number": ok(tracking_number="", hint="wait"),
        }
    )
    shipment = run(shop.ship(order=replace(an_order(), tracking_no=tracking_no)))
    assert body(wire.asked("/ship_order")[0]) == {"order_sn": "251122ABCDEF01", **sent}
    assert shipment == socket.Shipment(tracking_no, ("OFG1",))


def test_a_parcel_that_cannot_be_handed_over_is_refused_with_what_is_needed() -> None:
    parameter = {"info_needed": {"non_integrated": ["tracking_number"]}}
    shop, wire = a_shop(
        {
            "/logistics/get_shipping_parameter": ok(**parameter),
            "/order/get_order_detail": ok(order_list=[a_detail()]),
        }
    )
    with pytest.raises(RemoteRefused) as failed:
        run(shop.ship(order=an_order()))
    assert failed.value.params["remote_code"] == "no_shipping_mode"
    assert not wire.asked("/ship_order")


def test_a_split_order_is_arranged_parcel_by_parcel() -> None:
    shop, wire = a_shop(
        {
            "/logistics/get_shipping_parameter": ok(info_needed={"dropoff": []}),
            "/logistics/ship_order": OK,
            "/logistics/get_tracking_number": ok(tracking_number="SPX1"),
        }
    )
    order = an_order(package_list=[{"package_number": "P1"}, {"package_number": "P2"}])
    assert run(shop.ship(order=order)) == socket.Shipment("SPX1", ("P1", "P2"))
    assert [body(request)["package_number"] for request in wire.asked("/ship_order")] == ["P1", "P2"]


@pytest.mark.parametrize(("status", "is_safe"), [("PROCESSED", True), ("SHIPPED", True), ("CANCELLED", False)])
def test_shipping_again_changes_nothing(status: str, is_safe: bool) -> None:
    shop, _ = a_shop(
        {
            "/logistics/get_shipping_parameter": refused("logistics.error_status", "The order has been shipped."),
            "/order/get_order_detail": ok(order_list=[a_detail(order_status=status)]),
            "/logistics/get_tracking_number": ok(tracking_number="SPX1"),
        }
    )
    if is_safe:
        assert run(shop.ship(order=an_order())).tracking_no == "SPX1"
    else:
        with pytest.raises(RemoteRefused) as failed:
            run(shop.ship(order=an_order()))
        assert failed.value.params["remote_code"] == "logistics.error_status"


def test_packing_answers_with_what_stands() -> None:
    shop, wire = a_shop()
    assert run(shop.pack(order=an_order())).packages == ("OFG1",)
    assert not wire.requests


@pytest.mark.parametrize(
    ("reason", "sent"),
    [
        ("out_of_stock", {"cancel_reason": "OUT_OF_STOCK", "item_list": [{"item_id": 1000, "model_id": 3456}]}),
        ("customer_request", {"cancel_reason": "CUSTOMER_REQUEST"}),
        ("other", {"cancel_reason": "CUSTOMER_REQUEST"}),
    ],
)
def test_cancelling_names_the_platforms_reason(reason: str, sent: dict[str, Any]) -> None:
    shop, wire = a_shop({"/order/cancel_order": ok(update_time=1)})
    run(shop.cancel(order=an_order(), reason=reason))
    assert body(wire.requests[0]) == {"order_sn": "251122ABCDEF01", **sent}
    with pytest.raises(Invalid):
        run(shop.cancel(order=an_order(), reason="whim"))


@pytest.mark.parametrize(("status", "is_safe"), [("CANCELLED", True), ("SHIPPED", False)])
def test_cancelling_again_changes_nothing(status: str, is_safe: bool) -> None:
    shop, _ = a_shop(
        {
            "/order/cancel_order": refused("order.error_status", "already cancelled"),
            "/order/get_order_detail": ok(order_list=[a_detail(order_status=status)]),
        }
    )
    if is_safe:
        run(shop.cancel(order=an_order(), reason="other"))
    else:
        with pytest.raises(RemoteRefused):
            run(shop.cancel(order=an_order(), reason="other"))


def test_cancelling_what_the_buyer_asked_to_cancel_accepts_that() -> None:
    shop, wire = a_shop(
        {
            "/order/cancel_order": refused("order.error_status", "in cancel"),
            "/order/get_order_detail": ok(order_list=[a_detail(order_status="IN_CANCEL")]),
            "/order/handle_buyer_cancellation": ok(update_time=1),
        }
    )
    run(shop.cancel(order=an_order(), reason="other"))
    assert body(wire.requests[-1]) == {"order_sn": "251122ABCDEF01", "operation": "ACCEPT"}


@pytest.mark.parametrize(
    ("accept", "status", "is_safe"),
    [
        (True, "CANCELLED", True),
        (False, "READY_TO_SHIP", True),
        (True, "READY_TO_SHIP", False),
        (False, "CANCELLED", False),
        (False, "IN_CANCEL", False),
    ],
)
def test_answering_a_cancellation_again_changes_nothing(accept: bool, status: str, is_safe: bool) -> None:
    shop, _ = a_shop(
        {
            "/order/handle_buyer_cancellation": refused("order.error_status", "not in cancel"),
            "/order/get_order_detail": ok(order_list=[a_detail(order_status=status)]),
        }
    )
    if is_safe:
        run(shop.answer_cancellation(order=an_order(), accept=accept))
    else:
        with pytest.raises(RemoteRefused):
            run(shop.answer_cancellation(order=an_order(), accept=accept))


# --- the whole -------------------------------------------------------------------------------------------------------


def test_the_manifest_claims_what_the_class_does() -> None:
    shop = connect(an_account(), Wire({}))
    assert MANIFEST.name == "shopee"
    assert MANIFEST.capabilities == CAPABILITIES
    assert "default" in MANIFEST.limits
    for name in CAPABILITIES:
        assert isinstance(shop, getattr(socket, name))


def test_secrets_do_not_show_in_a_connectors_text() -> None:
    shop, _ = a_shop()
    assert KEY not in repr(shop)
    assert "refresh-1" not in repr(shop)


def test_a_shop_id_that_is_no_number_names_its_field() -> None:
    shop = Shopee(Account("shopee", "abc", an_account().secrets), Wire({}))
    with pytest.raises(Invalid) as failed:
        run(shop.pull_listings(cursor=None))
    assert failed.value.params["field"] == "shop_id"
