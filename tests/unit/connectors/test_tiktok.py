"""The TikTok Shop connector against answers composed from the platform's documented shapes: signatures, tokens, the
shop's cipher, refusals, notices."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from mekong.channels import socket
from mekong.channels.socket import Account, ListingKey, Notice, NoticeKind, Request, Response, Secrets, StockPush
from mekong.connectors.tiktok.client import sign, signature
from mekong.connectors.tiktok.connector import MANIFEST, TikTok, connect
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
from tests.unit.connectors.wire import Answer, Wire, query, run

KEY = "6g8abcdefghij"
SECRET = "e59af819cc0123456789abcdef0123456789abcd"
CIPHER = "ROW_Abc12345678deFghij"
SHOP_ID = "7494049642642441621"
PRODUCT_ID = "1729500000000000001"
SKU_ID = "1729500000000000011"
WAREHOUSE_ID = "7068517275539719942"
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
STAMP = 1763769600
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
    "HandlesReturns",
    "TellsEarnings",
    "ReceivesNotices",
}

# Calls whose signatures two SDKs agree on: path, second, query beside app_key, the body that is signed, signature.
SIGNED: list[tuple[str, int, dict[str, str], bytes, str]] = [
    (
        "/authorization/202309/shops",
        STAMP,
        {},
        b"",
        "38d549000d769a305cb0bd73ff736f01b8948b548eedaac9d5c04ee6e3dfd023",
    ),
    (
        "/order/202309/orders/search",
        STAMP + 1,
        {"shop_cipher": CIPHER, "page_size": "20", "sort_order": "ASC", "sort_field": "update_time"},
        b'{"order_status":"AWAITING_SHIPMENT","update_time_ge":1763683200}',
        "3d8c1830bc39711b9307d2af187945e1503200e4715a4f34cb44566297e3296c",
    ),
    (
        f"/product/202309/products/{PRODUCT_ID}/inventory/update",
        STAMP + 2,
        {"shop_cipher": CIPHER},
        b'{"skus":[{"id":"1729500000000000011","inventory":[{"warehouse_id":"7068517275539719942","quantity":99}]}]}',
        "bfebe94e489cb022d1b834efce754b8c760e93e71861f09ec19c0ccaa02409c5",
    ),
    (
        "/order/202507/orders",
        STAMP + 3,
        {"shop_cipher": CIPHER, "ids": "576461413038785752,576461413038785753"},
        b"",
        "cd10d76c92b10819abe1e53d834dbe3ef66aa38e9aa5914dedf93f58c871ac97",
    ),
    (  # a form with files: its body is left out, and a token in the query is not signed
        "/product/202309/images/upload",
        STAMP + 4,
        {"access_token": "TTP_should_not_be_signed"},
        b"",
        "d2d1a160d275e172473e96704c3c923073939b6c389ac2db81755f20d4019792",
    ),
]
ORDER_NOTICE = (
    b'{"type":1,"tts_notification_id":"7327112393057371910","shop_id":"7494049642642441621",'
    b'"timestamp":1763769700,"data":{"order_id":"576461413038785752","order_status":"AWAITING_SHIPMENT",'
    b'"is_on_hold_order":false,"update_time":1763769699}}'
)
PACKAGE_NOTICE = (
    b'{"type":4,"tts_notification_id":"7327112393057371911","shop_id":"7494049642642441621",'
    b'"timestamp":1763769701,"data":{"sc_type":1,"role_type":1,"package_list":[{"package_id":"1152921504606846976",'
    b'"order_id_list":["576461413038785752"]}],"update_time":1763769700}}'
)
NOTICES: list[tuple[bytes, str]] = [
    (ORDER_NOTICE, "bb9594aa987eab71a441c4e9f7236f4345077125a49bf41037827d198749961d"),
    (PACKAGE_NOTICE, "49e48036d4d53fec5593700ce3c36ac4ff7ce1dadad049fc4701e37a17e92413"),
]


def ok(**data: Any) -> dict[str, Any]:
    return {"code": 0, "message": "Success", "request_id": "r", "data": data}


def refused(code: int | str, message: str = "") -> dict[str, Any]:
    return {"code": code, "message": message, "request_id": "r"}


SHOPS = ok(shops=[{"id": "1", "cipher": "other"}, {"id": SHOP_ID, "name": "Shop VN", "region": "VN", "cipher": CIPHER}])


def an_account(**changes: Any) -> Account:
    secrets = Secrets(KEY, SECRET, "TTP_access", "TTP_refresh")
    said = {"api_url": "https://tiktok.example", "auth_url": "https://auth.tiktok.example", **changes}
    return Account("tiktok", said.pop("shop_id", SHOP_ID), said.pop("secrets", secrets), **said)


def a_shop(
    answers: dict[str, Answer | list[Answer]] | None = None, now: datetime = NOW, **changes: Any
) -> tuple[TikTok, Wire]:
    """A shop whose wire answers so. Unless told otherwise it may speak for one shop among two, and has no activities."""
    known: dict[str, Answer | list[Answer]] = {"/authorization/202309/shops": SHOPS, "/activities/search": ok()}
    wire = Wire({**known, **(answers or {})})
    return TikTok(an_account(**changes), wire, clock=lambda: now), wire


def asked(wire: Wire) -> list[Request]:
    """The requests, without the ones that find the cipher and the activities."""
    return [request for request in wire.requests if not request.url.endswith(("/shops", "/activities/search"))]


# --- signatures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "stamp", "said", "body", "right"), SIGNED, ids=[one[0] for one in SIGNED])
def test_every_signature_vector_comes_out(path: str, stamp: int, said: dict[str, str], body: bytes, right: str) -> None:
    params = {"app_key": KEY, "timestamp": str(stamp), **said}
    assert signature(SECRET, path, params, body) == right
    assert signature(SECRET, path, {**params, "sign": "x" * 64}, body) == right


@pytest.mark.parametrize(("path", "stamp", "said", "body", "right"), SIGNED[:4], ids=[one[0] for one in SIGNED[:4]])
def test_a_call_is_sent_as_the_vector_is(path: str, stamp: int, said: dict[str, str], body: bytes, right: str) -> None:
    shop, wire = a_shop({"": ok()}, now=datetime.fromtimestamp(stamp, UTC))
    params = [(name, value) for name, value in said.items() if name != "shop_cipher"]
    content = json.loads(body) if body else None
    run(shop.client.ask("POST" if body else "GET", path, params, content))
    request = wire.requests[-1]
    assert request.url == f"https://tiktok.example{path}"
    assert request.body == body
    assert query(request) == {"app_key": KEY, "timestamp": str(stamp), **said, "sign": right}
    assert request.headers["x-tts-access-token"] == "TTP_access"
    assert request.headers["content-type"] == "application/json"


def test_a_stock_push_is_the_vectors_own_bytes() -> None:
    path, stamp, _, body, right = SIGNED[2]
    shop, wire = a_shop({"/inventory/update": ok()}, now=datetime.fromtimestamp(stamp, UTC))
    shop.warehouses.learn({SKU_ID: [WAREHOUSE_ID]})
    run(shop.push_stock([StockPush(ListingKey(PRODUCT_ID, SKU_ID), "AO-DO-M", 99)]))
    (request,) = asked(wire)
    assert (urlsplit(request.url).path, request.body, query(request)["sign"]) == (path, body, right)


def test_a_signature_is_the_secret_around_path_query_and_body() -> None:
    base = 's3cret/a/202309/bapp_keykids1,2q=Áo thun{"n":1}s3cret'
    right = hmac.new(b"s3cret", base.encode(), hashlib.sha256).hexdigest()
    params = {"q": "=Áo thun", "ids": "1,2", "app_key": "k", "sign": "no", "access_token": "no"}
    assert signature("s3cret", "/a/202309/b", params, b'{"n":1}') == right


# --- the shop's cipher -----------------------------------------------------------------------------------------------


def test_the_cipher_is_asked_for_once_and_named_on_every_call_but_that_one() -> None:
    shop, wire = a_shop({"/products/search": ok(products=[], total_count=0)})
    run(shop.pull_listings(cursor=None))
    run(shop.pull_listings(cursor=None))
    first, *others = wire.requests
    assert (first.method, first.lane, "shop_cipher" in query(first)) == ("GET", "auth", False)
    assert wire.paths == ["/authorization/202309/shops", *["/product/202502/products/search"] * 2]
    assert [query(request)["shop_cipher"] for request in others] == [CIPHER, CIPHER]


def test_calls_at_the_same_time_ask_for_the_cipher_together() -> None:
    class Slow(Wire):
        async def send(self, request: Request) -> Response:
            await asyncio.sleep(0)
            return await super().send(request)

    wire = Slow({"/authorization/202309/shops": SHOPS, "/products/search": ok(products=[], total_count=0)})
    shop = TikTok(an_account(), wire)

    async def both() -> None:
        await asyncio.gather(shop.pull_listings(cursor=None), shop.pull_listings(cursor=None))

    run(both())
    assert len(wire.asked("/shops")) == 1


def test_a_cipher_that_did_not_come_is_asked_for_again() -> None:
    answers: dict[str, Answer | list[Answer]] = {
        "/authorization/202309/shops": [Response(503, b"busy"), SHOPS],
        "/products/search": ok(products=[], total_count=0),
    }
    shop, wire = a_shop(answers)
    with pytest.raises(Unavailable):
        run(shop.pull_listings(cursor=None))
    run(shop.pull_listings(cursor=None))
    assert len(wire.asked("/shops")) == 2


def test_a_shop_that_the_app_may_not_speak_for_is_to_be_connected_again() -> None:
    shop, wire = a_shop(shop_id="404")
    with pytest.raises(NeedsReconnect) as failed:
        run(shop.pull_listings(cursor=None))
    assert failed.value.params["remote_code"] == "shop_not_authorised"
    assert len(wire.requests) == 1


@pytest.mark.parametrize("answer", [ok(), refused(0), {**SHOPS, "data": []}, {**SHOPS, "data": {"shops": "none"}}])
def test_half_a_list_of_shops_is_no_reason_to_connect_again(answer: Answer) -> None:
    shop, _ = a_shop({"/authorization/202309/shops": answer})
    with pytest.raises(Unavailable) as failed:
        run(shop.pull_listings(cursor=None))
    assert failed.value.params["reason"] == "unreadable reply"


def test_a_shop_without_an_id_yet_is_the_first_and_one_without_a_cipher_names_none() -> None:
    answers: dict[str, Answer | list[Answer]] = {
        "/authorization/202309/shops": ok(shops=[{"id": 7494049642642441621, "cipher": ""}, {"id": "2"}]),
        "/products/search": ok(products=[], total_count=0),
    }
    shop, wire = a_shop(answers, shop_id="")
    run(shop.pull_listings(cursor=None))
    assert "shop_cipher" not in query(wire.requests[-1])


# --- authorisation ---------------------------------------------------------------------------------------------------

TOKENS = ok(
    access_token="TTP_new",
    access_token_expire_in=1795132800,
    refresh_token="TTP_next",
    refresh_token_expire_in=1795306800,
    open_id="7010",
    seller_name="Shop VN",
    seller_base_region="VN",
    user_type=0,
    granted_scopes=["seller.order.info"],
)


def test_the_page_of_consent_is_asked_with_the_state() -> None:
    shop, _ = a_shop()
    link = urlsplit(shop.authorisation_url(redirect_url="https://erp.example.vn/cb", state="s t&u", now=NOW))
    assert (link.scheme, link.netloc, link.path) == ("https", "auth.tiktok.example", "/oauth/authorize")
    assert parse_qs(link.query) == {"app_key": [KEY], "state": ["s t&u"]}


def test_a_code_becomes_tokens_of_the_shop() -> None:
    shop, wire = a_shop({"/api/v2/token/get": TOKENS})
    tokens = run(shop.exchange(params={"code": "ROW_c", "state": "s", "app_key": KEY}, now=NOW))
    exchange, shops = wire.requests
    assert (exchange.method, exchange.lane, exchange.body) == ("GET", "auth", b"")
    assert exchange.url == "https://auth.tiktok.example/api/v2/token/get"
    assert query(exchange) == {
        "app_key": KEY,
        "app_secret": SECRET,
        "auth_code": "ROW_c",
        "grant_type": "authorized_code",
    }
    assert shops.headers["x-tts-access-token"] == "TTP_new"
    assert (tokens.access_token, tokens.refresh_token, tokens.shop_id) == ("TTP_new", "TTP_next", SHOP_ID)
    assert tokens.access_expires_at == datetime.fromtimestamp(1795132800, UTC)
    assert tokens.refresh_expires_at == datetime.fromtimestamp(1795306800, UTC)


@pytest.mark.parametrize(
    ("shop_id", "shops", "found"),
    [
        ("", SHOPS, "1"),
        ("404", SHOPS, "1"),  # the caller sees that it is another shop
        (SHOP_ID, refused(36009003, "Internal error"), SHOP_ID),
        ("", Unavailable(), ""),
    ],
)
def test_tokens_are_not_lost_where_the_shop_cannot_be_told(shop_id: str, shops: Answer, found: str) -> None:
    shop, _ = a_shop({"/api/v2/token/get": TOKENS, "/authorization/202309/shops": shops}, shop_id=shop_id)
    tokens = run(shop.exchange(params={"code": "c"}, now=NOW))
    assert (tokens.access_token, tokens.shop_id) == ("TTP_new", found)


@pytest.mark.parametrize(
    "answer",
    [
        refused(36004004, "invalid auth code"),
        refused(105002, "Expired credentials"),
        Response(401, json.dumps(refused(40, "?")).encode()),
    ],
)
def test_a_used_code_is_refused_and_a_missing_one_is_invalid(answer: Answer) -> None:
    shop, wire = a_shop({"/api/v2/token/get": answer})
    with pytest.raises(MekongError) as failed:
        run(shop.exchange(params={"code": "old"}, now=NOW))
    assert type(failed.value) is RemoteRefused
    with pytest.raises(Invalid):
        run(shop.exchange(params={}, now=NOW))
    assert len(wire.requests) == 1


def test_a_refresh_gives_the_new_pair() -> None:
    shop, wire = a_shop({"/api/v2/token/refresh": TOKENS})
    tokens = run(shop.refresh(now=NOW))
    (request,) = wire.requests
    assert (request.method, request.lane) == ("GET", "auth")
    assert query(request) == {
        "app_key": KEY,
        "app_secret": SECRET,
        "refresh_token": "TTP_refresh",
        "grant_type": "refresh_token",
    }
    assert "x-tts-access-token" not in request.headers
    assert (tokens.access_token, tokens.refresh_token, tokens.shop_id) == ("TTP_new", "TTP_next", SHOP_ID)


def test_a_refresh_token_without_an_end_has_none() -> None:
    data = {**TOKENS["data"], "refresh_token_expire_in": None, "access_token_expire_in": "1795132800"}
    shop, _ = a_shop({"/api/v2/token/refresh": ok(**data)})
    tokens = run(shop.refresh(now=NOW))
    assert (tokens.refresh_expires_at, tokens.access_expires_at) == (None, datetime.fromtimestamp(1795132800, UTC))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused(98001006, "refresh token is invalid"), NeedsReconnect),
        (refused(105001, "gone"), NeedsReconnect),
        (refused(106001, "Invalid signature"), NeedsReconnect),
        (refused(36009004, "Invalid credentials. Invalid `app_key` query parameter."), NeedsReconnect),
        (refused(36009043, "The shop is inactive"), RemoteRefused),
        (refused(36009002, "Too many requests"), RateLimited),
        (refused(36009003, "Internal error"), Unavailable),
        (Response(502, b"bad gateway"), Unavailable),
        (ok(), Unavailable),
        (ok(access_token="a", refresh_token="", access_token_expire_in=1), Unavailable),
        (ok(access_token="a", refresh_token="r", access_token_expire_in=10**30), Unavailable),
        (refused(0), Unavailable),
        (b"", Unavailable),
        (Unavailable(), Unavailable),
    ],
)
def test_a_refused_refresh_asks_for_a_new_connection_unless_it_may_pass(
    answer: Answer, error: type[MekongError]
) -> None:
    shop, wire = a_shop({"/api/v2/token/refresh": answer})
    with pytest.raises(MekongError) as failed:
        run(shop.refresh(now=NOW))
    assert type(failed.value) is error
    assert len(wire.requests) == 1
    assert SECRET not in str(failed.value.params)


def test_without_tokens_nothing_is_sent() -> None:
    for secrets, error in (
        (Secrets(KEY, SECRET), NeedsReconnect),
        (Secrets(KEY, SECRET, refresh_token="r"), NeedsRefresh),
    ):
        shop, wire = a_shop(secrets=secrets)
        with pytest.raises(error):
            run(shop.pull_listings(cursor=None))
        assert not wire.requests
    shop, wire = a_shop(secrets=Secrets(KEY, SECRET))
    with pytest.raises(NeedsReconnect):
        run(shop.refresh(now=NOW))
    assert not wire.requests


def test_without_addresses_of_its_own_it_speaks_to_the_platform() -> None:
    shop, wire = a_shop(
        {"/api/v2/token/refresh": TOKENS, "/products/search": ok(products=[], total_count=0)}, api_url="", auth_url=""
    )
    run(shop.refresh(now=NOW))
    run(shop.pull_listings(cursor=None))
    hosts = [urlsplit(request.url).netloc for request in wire.requests]
    assert hosts == ["auth.tiktok-shops.com", "open-api.tiktokglobalshop.com", "open-api.tiktokglobalshop.com"]


# --- failures --------------------------------------------------------------------------------------------------------


def a_status(status: int, code: int | str, message: str = "") -> Response:
    return Response(status, json.dumps(refused(code, message)).encode())


FAILURES: list[tuple[Answer, type[MekongError]]] = [
    (refused(105001, "access token is invalid"), NeedsRefresh),
    (refused(105002, "Expired credentials"), NeedsRefresh),
    (refused("105002"), NeedsRefresh),
    (a_status(401, 105002, "Expired credentials"), NeedsRefresh),
    (a_status(401, 1, "no"), NeedsRefresh),
    (refused(36009004, "Invalid credentials. The `x-tts-access-token` header is invalid."), NeedsRefresh),
    (refused(36009004, "Invalid credentials. The `access_token` header is invalid."), NeedsRefresh),
    (refused(7, "The access token has expired"), NeedsRefresh),
    (refused(105005, "Access denied: no scope for this access token is invalid"), RemoteRefused),
    (refused(106001, "Invalid signature"), NeedsReconnect),
    (refused(36009004, "Missing credentials. The request does not include a required signature."), NeedsReconnect),
    (refused(36009004, "Invalid credentials. Invalid `app_key` query parameter."), NeedsReconnect),
    (refused(101000, "The token is not the seller's"), NeedsReconnect),
    (refused(106011, "shop_cipher invalid"), RemoteRefused),
    (a_status(401, 36009043, "The shop is inactive"), RemoteRefused),
    (a_status(404, 36009009, "Invalid path"), RemoteRefused),
    (refused(36009004, "Invalid timestamp. It must not be earlier than 5 minutes before now."), Unavailable),
    (refused(36009004, "Invalid `page_size`"), RemoteRefused),
    (refused(36009004), RemoteRefused),
    (refused(12052900, "The app_key of your product has a bad signature"), RemoteRefused),
    (refused(36009002, "Too many requests"), RateLimited),
    (refused(36009037), RateLimited),
    (refused(12052109), RateLimited),
    (refused(99, "Request rate limit exceeded"), RateLimited),
    (a_status(429, 36009002), RateLimited),
    (Response(429, b""), RateLimited),
    (a_status(429, 0), RateLimited),
    (refused(36009003, "Internal error. Please try again"), Unavailable),
    (refused(12001000), Unavailable),
    (refused(99, "The request timed out"), Unavailable),
    (a_status(500, 12052032, "no"), Unavailable),
    (a_status(503, 0), Unavailable),
    (Response(502, b"bad gateway"), Unavailable),
    (Response(400, b'{"code":0,"data":{"products":[],"total_count":0}}'), Unavailable),
    (refused(12019109, "Invalid page size"), RemoteRefused),
    (b"", Unavailable),
    (b"<html>bad gateway</html>", Unavailable),
    (b"[]", Unavailable),
    (b"{}", Unavailable),
    (b'{"code":0,"data":{"products":[{"id":"1"', Unavailable),
    (refused(0), Unavailable),
    ({**ok(), "data": None}, Unavailable),
    ({**ok(), "data": "text"}, Unavailable),
    (ok(), Unavailable),
    (ok(products=[{}], total_count=1), Unavailable),
    (ok(products={"id": "1"}, total_count=1), Unavailable),
    (b'{"code":0,"data":{"products":[{"id":"1","skus":[{"id":"2","price":{"sale_price":1e99999}}]}]}}', Unavailable),
    (Unavailable(), Unavailable),
]


@pytest.mark.parametrize(("answer", "error"), FAILURES)
def test_each_family_of_failures_has_its_meaning(answer: Answer, error: type[MekongError]) -> None:
    shop, wire = a_shop({"/products/search": answer})
    with pytest.raises(MekongError) as failed:
        run(shop.pull_listings(cursor=None))
    assert type(failed.value) is error
    assert len(asked(wire)) == 1, "a failure is not tried again here"


def test_the_platforms_own_words_are_kept() -> None:
    shop, _ = a_shop({"/products/search": refused(12019109, "Invalid page size")})
    with pytest.raises(RemoteRefused) as failed:
        run(shop.pull_listings(cursor=None))
    assert str(failed.value) == "TikTok Shop refused: Invalid page size (12019109)"


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (Response(429, b"", {"Retry-After": "7"}), 7.0),
        (Response(429, b"", {"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT"}), 30.0),
        (Response(200, json.dumps(refused(36009002)).encode(), {"Retry-After": "2"}), 2.0),
        (refused(36009002), None),
        (Response(429, b""), None),
    ],
)
def test_the_wait_that_the_platform_asks_for_is_passed_on(answer: Answer, wait: float | None) -> None:
    shop, _ = a_shop({"/products/search": answer})
    with pytest.raises(RateLimited) as failed:
        run(shop.pull_listings(cursor=None))
    assert failed.value.params.get("retry_after_s") == wait


# --- notices ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("body", "authorization"), NOTICES)
def test_a_signed_notice_is_read(body: bytes, authorization: str) -> None:
    shop, wire = a_shop()
    (notice,) = shop.read_notices(headers={"authorization": authorization}, body=body)
    assert (notice.kind, notice.reference, notice.shop_id) == (NoticeKind.ORDER, "576461413038785752", SHOP_ID)
    assert notice.dedupe_id == json.loads(body)["tts_notification_id"]
    assert notice.sent_at == datetime.fromtimestamp(json.loads(body)["timestamp"], UTC)
    assert not wire.requests


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "0" * 64,
        "không phải chữ ký",
        "\ud800",
        NOTICES[0][1].upper(),
        NOTICES[1][1],
        sign(SECRET, NOTICES[0][0]),  # without the app's key
        sign("other", KEY.encode() + NOTICES[0][0]),
    ],
)
def test_a_notice_without_a_right_signature_is_refused(authorization: str | None) -> None:
    shop, _ = a_shop()
    headers = {} if authorization is None else {"authorization": authorization}
    with pytest.raises(NoticeForged):
        shop.read_notices(headers=headers, body=NOTICES[0][0])


def test_a_notice_altered_by_one_byte_is_refused() -> None:
    shop, _ = a_shop()
    body, authorization = NOTICES[0]
    for altered in (body.replace(b"752", b"753"), body + b" "):
        with pytest.raises(NoticeForged):
            shop.read_notices(headers={"authorization": authorization}, body=altered)


def test_signatures_of_notices_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(right: bytes, given: bytes) -> bool:
        compared.append((right, given))
        return right == given

    monkeypatch.setattr(hmac, "compare_digest", compare)
    body, authorization = NOTICES[0]
    shop, _ = a_shop()
    assert shop.read_notices(headers={"authorization": authorization}, body=body)
    assert compared == [(authorization.encode(), authorization.encode())]


@pytest.mark.parametrize("content", [b"", b"not json", b"[1]", b'"text"', b"null"])
def test_a_signed_notice_that_cannot_be_read_is_invalid(content: bytes) -> None:
    shop, _ = a_shop()
    with pytest.raises(Invalid):
        shop.read_notices(headers={"authorization": sign(SECRET, KEY.encode() + content)}, body=content)


def read(said: Any) -> list[Notice]:
    shop, _ = a_shop()
    content = json.dumps(said).encode()
    return shop.read_notices(headers={"authorization": sign(SECRET, KEY.encode() + content)}, body=content)


@pytest.mark.parametrize(
    ("type_no", "data", "kind", "reference"),
    [
        (1, {"order_id": "57"}, NoticeKind.ORDER, "57"),
        ("1", {"order_id": 576461413038785752}, NoticeKind.ORDER, "576461413038785752"),
        (2, {"order_id": "57", "reverse_order_id": "9"}, NoticeKind.ORDER, "57"),
        (3, {"order_id": "57"}, NoticeKind.ORDER, "57"),
        (11, {"order_id": "57", "cancel_status": "CANCELLATION_REQUEST_PENDING"}, NoticeKind.ORDER, "57"),
        (12, {"order_id": "57"}, NoticeKind.ORDER, "57"),
        (99, {"order_id": "57", "product_id": "17"}, NoticeKind.ORDER, "57"),
        (5, {"product_id": "17", "status": "FREEZE"}, NoticeKind.PRODUCT, "17"),
        (15, {"product_id": 1729500000000000001}, NoticeKind.PRODUCT, "1729500000000000001"),
        (16, {"product_id": "17", "order_id": "57"}, NoticeKind.PRODUCT, "17"),
        (18, {}, NoticeKind.PRODUCT, ""),
        (37, {"product_id": "17"}, NoticeKind.PRODUCT, "17"),
        (99, {"product_id": "17"}, NoticeKind.PRODUCT, "17"),
        (6, {"message": "gone"}, NoticeKind.AUTHORISATION, SHOP_ID),
        (7, {"expiration_time": 1}, NoticeKind.AUTHORISATION, SHOP_ID),
        (13, {"conversation_id": "c"}, NoticeKind.OTHER, ""),
        (1, {}, NoticeKind.OTHER, ""),
        (1, None, NoticeKind.OTHER, ""),
        (4, {"package_list": "none"}, NoticeKind.OTHER, ""),
        (4, {"package_list": [7, {"order_id_list": None}, {"order_id_list": [None, True]}]}, NoticeKind.OTHER, ""),
        (None, "news", NoticeKind.OTHER, ""),
    ],
)
def test_each_kind_of_notice_is_told(type_no: Any, data: Any, kind: NoticeKind, reference: str) -> None:
    said = {"type": type_no, "tts_notification_id": "n1", "shop_id": SHOP_ID, "timestamp": 1763769700, "data": data}
    (notice,) = read(said)
    assert (notice.kind, notice.reference, notice.shop_id, notice.dedupe_id) == (kind, reference, SHOP_ID, "n1")


def test_a_notice_of_parcels_is_one_for_each_order_in_them() -> None:
    packages = [{"package_id": "p1", "order_id_list": ["57", "58"]}, {"package_id": "p2", "order_id_list": ["57", 59]}]
    found = read({"type": 4, "tts_notification_id": "n1", "data": {"package_list": packages}})
    assert [notice.reference for notice in found] == ["57", "58", "59"]
    assert len({notice.dedupe_id for notice in found}) == 3


def test_the_same_notice_twice_has_the_same_id_and_another_has_another() -> None:
    said = {"type": 1, "data": {"order_id": "1"}, "timestamp": "never"}
    (first,), (again,), (other,) = read(said), read(said), read({**said, "timestamp": 1})
    assert first.dedupe_id == again.dedupe_id != other.dedupe_id
    assert (first.shop_id, first.sent_at) == ("", None)


@pytest.mark.parametrize("stamp", [1763769701, 1763769701000, "1763769701"])
def test_a_notice_may_be_dated_in_seconds_or_milliseconds(stamp: Any) -> None:
    (notice,) = read({"type": 1, "timestamp": stamp})
    assert notice.sent_at == datetime.fromtimestamp(1763769701, UTC)


# --- the whole -------------------------------------------------------------------------------------------------------


def test_the_manifest_claims_what_the_class_does() -> None:
    shop = connect(an_account(), Wire({}))
    assert (MANIFEST.name, MANIFEST.title, MANIFEST.letters) == ("tiktok", "TikTok Shop", "TT")
    assert MANIFEST.capabilities == CAPABILITIES
    assert {"default", "stock", "auth"} <= MANIFEST.limits.keys()
    for name in CAPABILITIES:
        assert isinstance(shop, getattr(socket, name))


def test_secrets_do_not_show_in_a_connectors_text() -> None:
    shop, _ = a_shop()
    for text in (repr(shop), repr(shop.client), repr(shop.warehouses)):
        for secret in (SECRET, "TTP_access", "TTP_refresh"):
            assert secret not in text
