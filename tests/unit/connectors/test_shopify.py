"""The Shopify connector against answers composed from the platform's documented shapes."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
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
from mekong.connectors.shopify.client import VERSION, notice_signature, redirect_is_genuine, shop_domain
from mekong.connectors.shopify.connector import MANIFEST, Shopify, connect
from mekong.connectors.shopify.mapping import documents, moment, number, orders
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
from tests.unit.connectors.wire import VECTORS, Answer, Wire, body, run

APP, SECRET, TOKEN = "app-1", "shpss_0123456789abcdef0123456789abcdef", "shpat_abc"
SHOP = "cua-hang.myshopify.com"
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
CAPABILITIES = {
    "Authorises",
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
PLACES = {"data": {"locations": {"nodes": [{"id": "gid://shopify/Location/9"}]}}}
END = {"hasNextPage": False, "endCursor": None}


def published(kind: str) -> list[Any]:
    """Vectors that were made with the platform's own libraries; none where they are not at hand."""
    places = (VECTORS, Path(__file__).parents[4] / "shared" / "protocols" / "vectors")
    for place in places:
        if (place / "shopify.json").is_file():
            return list(json.loads((place / "shopify.json").read_text("utf-8"))[kind])
    return []


class Graph(Wire):
    """As a wire, but answers by the name of the operation asked for: "SetStock", "token" for the OAuth endpoint."""

    async def send(self, request: Request) -> Response:
        self.requests.append(request)
        answer = self.answers[operation(request)]
        said = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(said, Exception):
            raise said
        if isinstance(said, Response):
            return said
        return Response(200, said if isinstance(said, bytes) else json.dumps(said).encode())

    @property
    def operations(self) -> list[str]:
        return [operation(request) for request in self.requests]

    def variables(self, name: str) -> list[dict[str, Any]]:
        return [body(request)["variables"] for request in self.requests if operation(request) == name]


def operation(request: Request) -> str:
    if not request.url.endswith("/graphql.json"):
        return "token"
    named = re.match(r"\s*(?:query|mutation) (\w+)", body(request)["query"])
    assert named
    return named[1]


def an_account(**changes: Any) -> Account:
    said = {"shop_id": SHOP, "secrets": Secrets(APP, SECRET, TOKEN), **changes}
    return Account("web-shop", **said)


def a_shop(
    answers: Mapping[str, Answer | list[Answer]] | None = None, account: Account | None = None
) -> tuple[Shopify, Graph]:
    wire = Graph({"Places": PLACES, **(answers or {})})
    return Shopify(account or an_account(), wire, clock=lambda: NOW, key=lambda: "k1"), wire


def data(**said: Any) -> dict[str, Any]:
    return {"data": said, "extensions": {"cost": {"requestedQueryCost": 10}}}


def errors(code: str, message: str = "no", **more: Any) -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": code}}], **more}


# --- signatures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", published("oauth_vectors"), ids=lambda vector: vector["name"])
def test_every_published_redirect_is_known_as_genuine(vector: dict[str, Any]) -> None:
    assert redirect_is_genuine(vector["secret"], {**vector["params"], "hmac": vector["hmac"]})
    assert not redirect_is_genuine(vector["secret"] + "0", {**vector["params"], "hmac": vector["hmac"]})
    for name in vector["params"]:
        assert not redirect_is_genuine(vector["secret"], {**vector["params"], name: "x", "hmac": vector["hmac"]})


# Reference by openssl: dgst -sha256 -hmac 'shpss_1' over "code=…&shop=…&state=…&timestamp=…", state as it stands and
# percent-encoded.
@pytest.mark.parametrize(
    "digest",
    [
        "ed5fd86ffa264b728a6f0e3d1b9df276b21023f690b95289a45eeb2e8e053b6b",
        "cff118b6bb65c49c88dde441cf33c8fb0d4b0ba68bc511183e77ce9ebc29aebd",
    ],
)
def test_a_state_with_a_colon_may_be_signed_in_either_way(digest: str) -> None:
    params = {"code": "c1", "shop": SHOP, "state": "W10:1abc:sig_-x", "timestamp": "1763770000"}
    assert redirect_is_genuine("shpss_1", {**params, "hmac": digest})
    assert redirect_is_genuine("shpss_1", {"hmac": digest, **dict(reversed(params.items()))})
    assert not redirect_is_genuine("shpss_1", params)
    assert not redirect_is_genuine("shpss_1", {**params, "hmac": "\ud800"})


def test_a_value_cannot_pass_for_a_further_parameter() -> None:
    one = {"code": "c1", "shop": SHOP}
    base = "&".join(f"{name}={value}" for name, value in one.items())
    digest = hmac.new(SECRET.encode(), base.encode(), hashlib.sha256).hexdigest()
    assert redirect_is_genuine(SECRET, {**one, "hmac": digest})
    assert not redirect_is_genuine(SECRET, {"code": f"c1&shop={SHOP}", "hmac": digest})


@pytest.mark.parametrize("vector", published("webhook_vectors"), ids=lambda vector: vector["name"])
def test_every_published_notice_is_known_as_genuine(vector: dict[str, Any]) -> None:
    content = vector["raw_body"].encode()
    assert notice_signature(vector["secret"], content) == vector["x_shopify_hmac_sha256"]
    shop, _ = a_shop({}, an_account(secrets=Secrets(APP, vector["secret"], TOKEN)))
    headers = {"x-shopify-hmac-sha256": vector["x_shopify_hmac_sha256"], "x-shopify-topic": vector["topic"]}
    (notice,) = shop.read_notices(headers=headers, body=content)
    assert (notice.kind, notice.reference) in {
        (NoticeKind.ORDER, "820982911946154508"),
        (NoticeKind.STOCK, "271878346596884015"),
    }


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("cua-hang.myshopify.com", SHOP),
        ("Cua-Hang", SHOP),
        ("https://cua-hang.myshopify.com/", SHOP),
        ("226581234", "226581234.myshopify.com"),
        ("shop.example.vn", ""),
        ("cua-hang.myshopify.com.evil.example", ""),
        ("evil.example/cua-hang.myshopify.com", ""),
        ("-x", ""),
        ("", ""),
    ],
)
def test_a_shop_is_known_by_its_own_host(text: str, domain: str) -> None:
    assert shop_domain(text) == domain


def test_calls_go_to_the_shops_own_host_unless_another_was_entered() -> None:
    for account, host in (
        (an_account(), f"https://{SHOP}"),
        (an_account(api_url="http://127.0.0.1:8088/s1"), "http://127.0.0.1:8088/s1"),
    ):
        shop, wire = a_shop({"Shop": data(shop={"id": "gid://shopify/Shop/1"})}, account)
        run(shop.client.query(documents.SHOP))
        (sent,) = wire.requests
        assert (sent.method, sent.url) == ("POST", f"{host}/admin/api/{VERSION}/graphql.json")
        assert sent.headers["x-shopify-access-token"] == TOKEN
        assert sent.headers["content-type"] == "application/json"
        assert body(sent) == {"query": documents.SHOP, "variables": {}}
    with pytest.raises(Invalid) as wrong:
        run(a_shop({}, an_account(shop_id="shop.example.vn"))[0].client.query(documents.SHOP))
    assert wrong.value.params["field"] == "shop_id"


# --- authorisation ---------------------------------------------------------------------------------------------------


def signed(**params: str) -> dict[str, str]:
    base = "&".join(f"{name}={value}" for name, value in sorted(params.items()))
    return {**params, "hmac": hmac.new(SECRET.encode(), base.encode(), hashlib.sha256).hexdigest()}


def test_the_page_of_consent_is_asked_for_what_is_needed() -> None:
    shop, _ = a_shop()
    link = urlsplit(shop.authorisation_url(redirect_url="https://erp.example.vn/cb?a=1", state="s t", now=NOW))
    said = {name: values[0] for name, values in parse_qs(link.query).items()}
    assert (link.scheme, link.netloc, link.path) == ("https", SHOP, "/admin/oauth/authorize")
    assert (said["client_id"], said["redirect_uri"], said["state"]) == (APP, "https://erp.example.vn/cb?a=1", "s t")
    assert {"write_inventory", "write_orders", "write_products", "read_locations"} <= set(said["scope"].split(","))


def test_a_code_becomes_a_token_that_ends_and_renews() -> None:
    said = {
        "access_token": "shpat_1", "scope": "write_orders", "expires_in": 3600, "refresh_token": "shprt_1",
        "refresh_token_expires_in": 7776000,
    }  # fmt: skip
    shop, wire = a_shop({"token": said}, an_account(secrets=Secrets(APP, SECRET)))
    tokens = run(shop.exchange(params=signed(code="c1", shop=SHOP, state="s"), now=NOW))
    (sent,) = wire.requests
    assert (sent.method, sent.url, sent.lane) == ("POST", f"https://{SHOP}/admin/oauth/access_token", "auth")
    assert body(sent) == {"client_id": APP, "client_secret": SECRET, "code": "c1", "expiring": 1}
    assert (tokens.access_token, tokens.refresh_token, tokens.shop_id) == ("shpat_1", "shprt_1", SHOP)
    assert tokens.access_expires_at == NOW + timedelta(hours=1)
    assert tokens.refresh_expires_at == NOW + timedelta(days=90)


def test_a_token_without_an_end_is_good_for_good() -> None:
    shop, _ = a_shop({"token": {"access_token": "shpat_1", "scope": "x"}}, an_account(shop_id="cua-hang"))
    tokens = run(shop.exchange(params=signed(code="c1", shop=SHOP), now=NOW))
    assert (tokens.access_token, tokens.refresh_token, tokens.refresh_expires_at) == ("shpat_1", "", None)
    assert tokens.access_expires_at > NOW + timedelta(days=3650)
    assert tokens.shop_id == "cua-hang", "as the account writes it"


def test_another_shop_than_ours_is_named_and_the_code_still_goes_to_ours() -> None:
    shop, wire = a_shop({"token": {"access_token": "shpat_1"}})
    tokens = run(shop.exchange(params=signed(code="c1", shop="giay-dep.myshopify.com"), now=NOW))
    assert tokens.shop_id == "giay-dep.myshopify.com"
    assert urlsplit(wire.requests[0].url).netloc == SHOP


def test_a_forged_redirect_is_refused_before_anything_is_sent() -> None:
    shop, wire = a_shop()
    for params in (
        {**signed(code="c1", shop=SHOP), "code": "c2"},
        {"code": "c1", "shop": SHOP},
        {"code": "c1", "hmac": ""},
    ):
        with pytest.raises(RemoteRefused) as failed:
            run(shop.exchange(params=params, now=NOW))
        assert failed.value.params["remote_code"] == "forged_redirect"
    with pytest.raises(Invalid):
        run(shop.exchange(params=signed(shop=SHOP), now=NOW))
    assert not wire.requests


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Response(400, b'{"error":"invalid_request","error_description":"already used"}'), RemoteRefused),
        (Response(401, b'{"error":"invalid_client"}'), RemoteRefused),
        (Response(400, b"<html>Oauth error invalid_request</html>"), Unavailable),
        (Response(503, b""), Unavailable),
        (b'{"scope":"x"}', Unavailable),
        (b'{"access_token":', Unavailable),
    ],
)
def test_a_code_that_is_not_taken_gives_no_token(answer: Answer, error: type[MekongError]) -> None:
    shop, _ = a_shop({"token": answer})
    with pytest.raises(MekongError) as failed:
        run(shop.exchange(params=signed(code="c1", shop=SHOP), now=NOW))
    assert type(failed.value) is error


def renewing() -> Account:
    return an_account(secrets=Secrets(APP, SECRET, TOKEN, "shprt_0"))


def test_a_refresh_gives_the_new_pair() -> None:
    said = {"access_token": "shpat_2", "refresh_token": "shprt_2", "expires_in": "3600"}
    shop, wire = a_shop({"token": said}, renewing())
    tokens = run(shop.refresh(now=NOW))
    assert body(wire.requests[0]) == {
        "client_id": APP, "client_secret": SECRET, "grant_type": "refresh_token", "refresh_token": "shprt_0"
    }  # fmt: skip
    assert (tokens.access_token, tokens.refresh_token) == ("shpat_2", "shprt_2")
    assert tokens.access_expires_at == NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Response(400, b'{"error":"invalid_grant","error_description":"expired or revoked"}'), NeedsReconnect),
        (Response(401, b'{"error":"invalid_client"}'), NeedsReconnect),
        (Response(429, b""), RateLimited),
        (Response(500, b""), Unavailable),
        (b"", Unavailable),
    ],
)
def test_a_refused_refresh_asks_for_a_new_connection_unless_it_may_pass(
    answer: Answer, error: type[MekongError]
) -> None:
    shop, _ = a_shop({"token": answer}, renewing())
    with pytest.raises(MekongError) as failed:
        run(shop.refresh(now=NOW))
    assert type(failed.value) is error


def test_a_token_without_an_end_is_asked_after_instead_of_renewed() -> None:
    shop, wire = a_shop({"Shop": data(shop={"id": "gid://shopify/Shop/1"})})
    tokens = run(shop.refresh(now=NOW))
    assert (tokens.access_token, tokens.refresh_token, tokens.shop_id) == (TOKEN, "", SHOP)
    assert wire.requests[0].lane == "auth"
    shop, _ = a_shop({"Shop": Response(401, b'{"errors":"[API] Invalid API key or access token"}')})
    with pytest.raises(NeedsReconnect) as gone:
        run(shop.refresh(now=NOW))
    assert "Invalid API key" in gone.value.params["remote_message"]
    shop, _ = a_shop({"Shop": Response(402, b'{"errors":"Unavailable Shop"}')})
    with pytest.raises(RemoteRefused) as frozen:
        run(shop.refresh(now=NOW))
    assert type(frozen.value) is RemoteRefused, "a frozen shop is not mended by authorising again"


def test_without_tokens_nothing_is_sent() -> None:
    for secrets, error in ((Secrets(APP, SECRET), NeedsReconnect), (Secrets(APP, SECRET, "", "r"), NeedsRefresh)):
        shop, wire = a_shop({}, an_account(secrets=secrets))
        with pytest.raises(error):
            run(shop.pull_listings(cursor=None))
        assert not wire.requests
    with pytest.raises(NeedsReconnect):
        run(a_shop({}, an_account(secrets=Secrets(APP, SECRET)))[0].refresh(now=NOW))


# --- failures --------------------------------------------------------------------------------------------------------

FAILURES: list[tuple[Answer, type[MekongError]]] = [
    (errors("THROTTLED", "Throttled"), RateLimited),
    (errors("INTERNAL_SERVER_ERROR"), Unavailable),
    (errors("TIMEOUT"), Unavailable),
    (errors("ACCESS_DENIED", "Access denied for orders field."), RemoteRefused),
    (errors("SHOP_INACTIVE"), RemoteRefused),
    (errors("MAX_COST_EXCEEDED"), RemoteRefused),
    (errors("ACCESS_DENIED", data={"orders": {"nodes": []}}), RemoteRefused),
    ({"errors": [{"message": "Field 'x' doesn't exist"}]}, RemoteRefused),
    ({"errors": ["just a text"]}, RemoteRefused),
    ({"errors": "Not Found"}, RemoteRefused),
    (Response(401, b'{"errors":"[API] Invalid API key or access token"}'), NeedsRefresh),
    (Response(401, b"<html></html>"), NeedsRefresh),
    (Response(402, b'{"errors":"Unavailable Shop"}'), RemoteRefused),
    (Response(403, b'{"errors":"Forbidden"}'), RemoteRefused),
    (Response(404, b'{"errors":"Not Found"}'), RemoteRefused),
    (Response(423, b'{"errors":"Locked"}'), RemoteRefused),
    (Response(404, b"<html></html>"), Unavailable),
    (Response(404, b"{}"), Unavailable),
    (Response(301, b"", {"location": "https://x.example"}), Unavailable),
    (Response(302, b"{}"), Unavailable),
    (Response(429, b'{"errors":"Exceeded 2 calls per second"}'), RateLimited),
    (Response(500, b'{"errors":"Internal Server Error"}'), Unavailable),
    (Response(502, b"bad gateway"), Unavailable),
    (b"", Unavailable),
    (b"null", Unavailable),
    (b"[]", Unavailable),
    (b"{}", Unavailable),
    (b'{"data":null}', Unavailable),
    (b'{"data":[]}', Unavailable),
    (b'{"data":{}}', Unavailable),
    (b'{"data":{"orders":null}}', Unavailable),
    (b'{"data":{"orders":{"nodes":[{"up', Unavailable),
    (b'{"data":{"orders":{"nodes":[{"updatedAt":"2026-11-22T01:00:00Z"}]}}}', Unavailable),
    (b'{"data":{"orders":{"nodes":[{"id":"gid://shopify/Order/x"}]}}}', Unavailable),
    (b'{"data":{"orders":{"nodes":[{"id":"gid://shopify/Order/1","updatedAt":"2026-11-22T01:00:00"}]}}}', Unavailable),
    (b"<html>gateway</html>", Unavailable),
    (Unavailable(), Unavailable),
]


def list_orders(shop: Shopify, cursor: str | None = None) -> socket.OrderRefPage:
    return run(shop.list_orders(updated_from=NOW - timedelta(hours=1), updated_to=NOW, cursor=cursor))


@pytest.mark.parametrize(("answer", "error"), FAILURES)
def test_each_family_of_failures_has_its_meaning(answer: Answer, error: type[MekongError]) -> None:
    shop, wire = a_shop({"ChangedOrders": answer})
    with pytest.raises(MekongError) as failed:
        list_orders(shop)
    assert type(failed.value) is error
    assert len(wire.requests) == 1, "a failure is not tried again here"


def test_the_platforms_own_words_are_kept() -> None:
    shop, _ = a_shop({"ChangedOrders": errors("ACCESS_DENIED", "Access denied for orders field.")})
    with pytest.raises(RemoteRefused) as failed:
        list_orders(shop)
    assert str(failed.value) == "Shopify refused: Access denied for orders field. (ACCESS_DENIED)"
    shop, _ = a_shop({"ChangedOrders": Response(402, b'{"errors":"Unavailable Shop"}')})
    with pytest.raises(RemoteRefused) as failed:
        list_orders(shop)
    assert str(failed.value) == "Shopify refused: Unavailable Shop (402)"


@pytest.mark.parametrize(
    ("cost", "wait"),
    [
        ({"requestedQueryCost": 600, "throttleStatus": {"currentlyAvailable": 350, "restoreRate": 100.0}}, 2.5),
        ({"requestedQueryCost": 10, "throttleStatus": {"currentlyAvailable": 40, "restoreRate": 100}}, 0.0),
        ({"requestedQueryCost": 10, "throttleStatus": {"currentlyAvailable": 4, "restoreRate": 0}}, None),
        ({"requestedQueryCost": "x", "throttleStatus": {"currentlyAvailable": 4, "restoreRate": 1}}, None),
        ({"requestedQueryCost": 10}, None),
        (None, None),
    ],
)
def test_a_throttled_call_waits_until_the_bucket_holds_its_price(cost: Any, wait: float | None) -> None:
    said = errors("THROTTLED", "Throttled", extensions={"cost": cost})
    shop, _ = a_shop({"ChangedOrders": said})
    with pytest.raises(RateLimited) as failed:
        list_orders(shop)
    assert failed.value.params.get("retry_after_s") == wait


@pytest.mark.parametrize("answer", [Response(429, b""), Response(200, json.dumps(errors("THROTTLED")).encode())])
def test_a_header_tells_the_wait_too(answer: Response) -> None:
    shop, _ = a_shop({"ChangedOrders": replace(answer, headers={"Retry-After": "2"})})
    with pytest.raises(RateLimited) as failed:
        list_orders(shop)
    assert failed.value.params["retry_after_s"] == 2.0


# --- products --------------------------------------------------------------------------------------------------------


def a_variant(**changes: Any) -> dict[str, Any]:
    return {
        "id": "gid://shopify/ProductVariant/808",
        "sku": "AO-DO-M",
        "barcode": "8935001800019",
        "title": "Đỏ / M",
        "price": "120000",
        "product": {"id": "gid://shopify/Product/77", "title": "Áo thun", "status": "ACTIVE"},
        "inventoryItem": {
            "id": "gid://shopify/InventoryItem/303",
            "tracked": True,
            "inventoryLevel": {"quantities": [{"name": "available", "quantity": 7}]},
        },
        **changes,
    }


KEY = ListingKey("77", "808-303")


def variants(*nodes: Any, page: Any = None) -> dict[str, Any]:
    return data(productVariants={"nodes": list(nodes), "pageInfo": END if page is None else page})


def test_a_page_of_variants_is_a_page_of_listings() -> None:
    plain = a_variant(
        id="gid://shopify/ProductVariant/809", title="Default Title", sku=None, barcode="", price="99000.00",
        product={"id": "gid://shopify/Product/78", "title": "Túi vải", "status": "DRAFT"},
        inventoryItem={"id": "gid://shopify/InventoryItem/304", "tracked": True, "inventoryLevel": None},
    )  # fmt: skip
    shop, wire = a_shop(
        {"Variants": variants(a_variant(), plain, a_variant(), page={"hasNextPage": True, "endCursor": "c2"})}
    )
    page = run(shop.pull_listings(cursor=None))
    assert page.next_cursor == "c2"
    red, bag = page.listings
    assert (red.key, red.sku, red.name, red.barcode) == (KEY, "AO-DO-M", "Áo thun - Đỏ / M", "8935001800019")
    assert (red.quantity, red.price_minor, red.currency, red.is_active) == (7, 120000, "VND", True)
    assert (bag.key, bag.sku, bag.name) == (ListingKey("78", "809-304"), "", "Túi vải")
    assert (bag.quantity, bag.price_minor, bag.is_active) == (0, 99000, False)
    assert wire.operations == ["Places", "Variants"]
    assert wire.variables("Variants") == [{"first": 50, "after": None, "place": "gid://shopify/Location/9"}]


@pytest.mark.parametrize(
    ("page", "following"),
    [
        (END, None),
        ({"hasNextPage": False, "endCursor": "c9"}, None),
        ({"hasNextPage": True, "endCursor": None}, None),
        ({"hasNextPage": True, "endCursor": "c9"}, "c9"),
        ({}, None),
    ],
)
def test_the_pages_end_where_the_platform_says(page: Any, following: str | None) -> None:
    shop, wire = a_shop({"Variants": variants(a_variant(), page=page)})
    assert run(shop.pull_listings(cursor="c1")).next_cursor == following
    assert wire.variables("Variants")[0]["after"] == "c1"


@pytest.mark.parametrize(
    ("item", "quantity"),
    [
        ({"tracked": True, "inventoryLevel": {"quantities": [{"name": "available", "quantity": -2}]}}, 0),
        ({"tracked": False, "inventoryLevel": {"quantities": [{"name": "available", "quantity": 5}]}}, None),
        ({"tracked": True, "inventoryLevel": {"quantities": []}}, 0),
        ({"inventoryLevel": {"quantities": [{"name": "on_hand", "quantity": 9}, {"quantity": 4}]}}, 4),
        ({}, 0),
    ],
)
def test_a_quantity_is_what_may_be_sold_at_the_kept_location(item: Any, quantity: int | None) -> None:
    shop, _ = a_shop({"Variants": variants(a_variant(inventoryItem={"id": "303", **item}))})
    (listing,) = run(shop.pull_listings(cursor=None)).listings
    assert listing.quantity == quantity


def test_the_kept_location_is_the_oldest_that_fulfils_online_orders_and_is_asked_for_once() -> None:
    nodes = [
        {"id": "gid://shopify/Location/3", "isActive": False, "fulfillsOnlineOrders": True},
        {"id": "gid://shopify/Location/40", "isActive": True, "fulfillsOnlineOrders": True},
        {"id": "gid://shopify/Location/5", "isActive": True, "fulfillsOnlineOrders": False},
        {"id": "gid://shopify/Location/7", "isActive": True, "fulfillsOnlineOrders": True},
    ]
    shop, wire = a_shop({"Places": data(locations={"nodes": nodes}), "Variants": variants()})
    run(shop.pull_listings(cursor=None))
    run(shop.pull_listings(cursor="x"))
    assert wire.operations == ["Places", "Variants", "Variants"]
    assert wire.variables("Variants")[1]["place"] == "gid://shopify/Location/7"
    shop, _ = a_shop({"Places": data(locations={"nodes": nodes[:1]})})
    with pytest.raises(RemoteRefused, match="no_location"):
        run(shop.pull_listings(cursor=None))


def test_reading_listings_asks_for_those_and_leaves_out_what_is_gone() -> None:
    shop, wire = a_shop({"TheseVariants": data(nodes=[a_variant(), None, {}])})
    keys = [KEY, ListingKey("77", "9-9"), ListingKey("77"), ListingKey("77", "808"), ListingKey("77", "8/x-1")]
    assert run(shop.read_listings(keys=[ListingKey("77", "808-1")])) == [], "another inventory item is another listing"
    shop, wire = a_shop({"TheseVariants": data(nodes=[a_variant(), None, {}])})
    found = run(shop.read_listings(keys=keys))
    assert [listing.key for listing in found] == [KEY]
    assert wire.variables("TheseVariants") == [
        {
            "ids": ["gid://shopify/ProductVariant/808", "gid://shopify/ProductVariant/9"],
            "place": "gid://shopify/Location/9",
        }
    ]
    assert run(shop.read_listings(keys=[])) == []
    assert len(wire.requests) == 2


def test_reading_listings_takes_fifty_variants_a_call() -> None:
    shop, wire = a_shop({"TheseVariants": data(nodes=[])})
    assert run(shop.read_listings(keys=[ListingKey("1", f"{n}-{n}") for n in range(120)])) == []
    assert [len(said["ids"]) for said in wire.variables("TheseVariants")] == [50, 50, 20]
    shop, _ = a_shop({"TheseVariants": data(nodes=None)})
    with pytest.raises(Unavailable):
        run(shop.read_listings(keys=[KEY]))


# --- pushes ----------------------------------------------------------------------------------------------------------


def pushed(*user_errors: Any, group: Any = None) -> dict[str, Any]:
    return data(inventorySetQuantities={"inventoryAdjustmentGroup": group, "userErrors": list(user_errors)})


def stock(*quantities: int) -> list[StockPush]:
    return [StockPush(ListingKey("77", f"{800 + n}-{300 + n}"), "A", units) for n, units in enumerate(quantities)]


def test_a_stock_push_sets_what_is_available_at_the_kept_location() -> None:
    shop, wire = a_shop({"SetStock": pushed(group={"id": "gid://shopify/InventoryAdjustmentGroup/1"})})
    batch = stock(11, 0)
    assert run(shop.push_stock(batch)) == [PushResult(push.key) for push in batch]
    assert wire.operations == ["Places", "SetStock"]
    assert wire.variables("SetStock") == [
        {
            "i": {
                "name": "available",
                "reason": "correction",
                "referenceDocumentUri": "gid://mekong/Channel/web-shop",
                "quantities": [
                    {
                        "inventoryItemId": "gid://shopify/InventoryItem/300",
                        "locationId": "gid://shopify/Location/9",
                        "quantity": 11,
                        "changeFromQuantity": None,
                    },
                    {
                        "inventoryItemId": "gid://shopify/InventoryItem/301",
                        "locationId": "gid://shopify/Location/9",
                        "quantity": 0,
                        "changeFromQuantity": None,
                    },
                ],
            },
            "k": "k1",
        }
    ]
    assert "@idempotent(key: $k)" in body(wire.requests[1])["query"]
    run(shop.push_stock(batch))
    assert wire.operations == ["Places", "SetStock", "SetStock"]


def test_each_push_has_a_key_of_its_own() -> None:
    wire = Graph({"Places": PLACES, "SetStock": pushed()})
    shop = Shopify(an_account(), wire)
    run(shop.push_stock(stock(1)))
    run(shop.push_stock(stock(1)))
    first, second = (said["k"] for said in wire.variables("SetStock"))
    assert first != second


def wrong(code: str, *path: str) -> dict[str, Any]:
    return {"code": code, "field": list(path) or None, "message": f"{code}!"}


def test_one_wrong_entry_spoils_the_call_and_only_it_is_blamed() -> None:
    path = ("input", "quantities", "1", "locationId")
    shop, _ = a_shop({"SetStock": pushed(wrong("ITEM_NOT_STOCKED_AT_LOCATION", *path), wrong("X", *path))})
    first, second, third = run(shop.push_stock(stock(1, 2, 3)))
    assert (second.error, second.is_final, second.message) == (
        "ITEM_NOT_STOCKED_AT_LOCATION", True, "ITEM_NOT_STOCKED_AT_LOCATION!"
    )  # fmt: skip
    for other in (first, third):
        assert (other.error, other.is_final) == ("not_done", False)


@pytest.mark.parametrize(
    ("code", "is_final"),
    [
        ("INVALID_INVENTORY_ITEM", True),
        ("INVALID_QUANTITY_TOO_HIGH", True),
        ("CHANGE_FROM_QUANTITY_STALE", False),
        ("COMPARE_QUANTITY_STALE", False),
        ("IDEMPOTENCY_CONCURRENT_REQUEST", False),
        ("INVALID_LOCATION", False),
        ("", True),
    ],
)
def test_a_refused_push_may_pass_or_not(code: str, is_final: bool) -> None:
    shop, _ = a_shop({"SetStock": pushed(wrong(code))})
    (result,) = run(shop.push_stock(stock(1)))
    assert (result.error, result.is_final) == (code or "refused", is_final)


@pytest.mark.parametrize("path", [(), ("input",), ("input", "quantities", "9")])
def test_an_error_that_names_no_listing_of_several_blames_none(path: tuple[str, ...]) -> None:
    shop, _ = a_shop({"SetStock": pushed(wrong("INVALID_REASON", *path))})
    results = run(shop.push_stock(stock(1, 2)))
    assert [(result.error, result.is_final) for result in results] == [("INVALID_REASON", False)] * 2


def test_a_location_that_was_closed_is_asked_for_anew() -> None:
    shop, wire = a_shop({"SetStock": [pushed(wrong("INVALID_LOCATION")), pushed()]})
    run(shop.push_stock(stock(1)))
    assert run(shop.push_stock(stock(1)))[0].error == ""
    assert wire.operations == ["Places", "SetStock", "Places", "SetStock"]


def test_a_listing_that_is_not_named_as_ours_is_refused_without_a_call() -> None:
    strange = StockPush(ListingKey("77"), "A", 1)
    shop, wire = a_shop({"SetStock": pushed()})
    (result,) = run(shop.push_stock([strange]))
    assert (result.key, result.error, result.is_final) == (strange.key, "unknown_listing", True)
    assert not wire.requests
    results = run(shop.push_stock([strange, *stock(3)]))
    assert {result.key: result.error for result in results} == {strange.key: "unknown_listing", stock(3)[0].key: ""}
    assert run(shop.push_stock([])) == []
    assert run(shop.push_price([])) == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (errors("THROTTLED"), RateLimited),
        (errors("ACCESS_DENIED"), RemoteRefused),
        (Response(401, b""), NeedsRefresh),
        (Response(503, b""), Unavailable),
        (data(inventorySetQuantities=None), Unavailable),
        (data(inventorySetQuantities=[]), Unavailable),
        (b'{"data":{"inventorySetQuantities":{"userErr', Unavailable),
        (Unavailable(), Unavailable),
    ],
)
def test_what_concerns_the_whole_call_blames_no_listing(answer: Answer, error: type[MekongError]) -> None:
    shop, _ = a_shop({"SetStock": answer})
    with pytest.raises(MekongError) as failed:
        run(shop.push_stock(stock(1)))
    assert type(failed.value) is error


@given(
    units=st.integers(1, 30),
    said=st.lists(st.tuples(st.sampled_from(["A", "B_STALE", ""]), st.integers(0, 40)), max_size=5),
)
def test_every_push_has_exactly_one_result_whatever_the_reply(units: int, said: list[tuple[str, int]]) -> None:
    user_errors = [wrong(code, "input", "quantities", str(place), "quantity") for code, place in said]
    shop, _ = a_shop({"SetStock": pushed(*user_errors)})
    batch = stock(*range(units))
    results = run(shop.push_stock(batch))
    assert [result.key for result in results] == [push.key for push in batch]
    assert all(bool(result.error) == bool(said) for result in results)
    blamed = {place for _, place in said} if units > 1 else {0}
    assert not [result for place, result in enumerate(results) if result.is_final and place not in blamed]


def test_pushes_are_grouped_by_what_one_call_takes() -> None:
    shop, _ = a_shop()
    pushes = stock(*range(230))
    assert [len(batch) for batch in shop.stock_batches(pushes)] == [100, 100, 30]
    assert [push for batch in shop.stock_batches(pushes) for push in batch] == pushes
    prices = [PricePush(ListingKey(str(n % 2), f"{n}-{n}"), "", 5) for n in range(205)]
    batches = shop.price_batches(prices)
    assert sorted(len(batch) for batch in batches) == [2, 3, 100, 100]
    assert all(len({push.key.item_id for push in batch}) == 1 for batch in batches)


def priced(*user_errors: Any) -> dict[str, Any]:
    return data(productVariantsBulkUpdate={"productVariants": [], "userErrors": list(user_errors)})


@pytest.mark.parametrize(
    ("minor", "currency", "text"), [(120000, "VND", "120000"), (1250, "GBP", "12.50"), (5, "GBP", "0.05")]
)
def test_a_price_goes_out_as_exact_text(minor: int, currency: str, text: str) -> None:
    shop, wire = a_shop({"SetPrices": priced()})
    push = PricePush(KEY, "AO", minor, currency)
    assert run(shop.push_price([push])) == [PushResult(KEY)]
    assert wire.variables("SetPrices") == [
        {
            "product": "gid://shopify/Product/77",
            "variants": [{"id": "gid://shopify/ProductVariant/808", "price": text, "compareAtPrice": None}],
        }
    ]
    assert wire.operations == ["SetPrices"]


def test_a_refused_price_is_blamed_on_its_variant() -> None:
    shop, _ = a_shop({"SetPrices": priced(wrong("PRODUCT_VARIANT_DOES_NOT_EXIST", "variants", "1", "id"))})
    batch = [PricePush(ListingKey("77", f"{n}-{n}"), "", 5) for n in (1, 2)]
    first, second = run(shop.push_price(batch))
    assert (first.error, first.is_final) == ("not_done", False)
    assert (second.error, second.is_final) == ("PRODUCT_VARIANT_DOES_NOT_EXIST", True)
    with pytest.raises(ValueError, match="one product"):
        run(shop.push_price([*batch, PricePush(ListingKey("78", "1-1"), "", 5)]))


@given(minor=st.integers(0, 10**12), currency=st.sampled_from(["VND", "GBP", "SGD", "KWD"]))
def test_a_price_pushed_and_read_again_is_the_same(minor: int, currency: str) -> None:
    shop, wire = a_shop({"SetPrices": priced()}, an_account(currency=currency))
    run(shop.push_price([PricePush(KEY, "", minor, currency)]))
    price = wire.variables("SetPrices")[0]["variants"][0]["price"]
    shop, _ = a_shop({"TheseVariants": data(nodes=[a_variant(price=price)])}, an_account(currency=currency))
    (listing,) = run(shop.read_listings(keys=[KEY]))
    assert listing.price_minor == minor


# --- orders ----------------------------------------------------------------------------------------------------------


def money(amount: Any) -> dict[str, Any]:
    return {"shopMoney": {"amount": str(amount)}}


def a_line(**changes: Any) -> dict[str, Any]:
    return {
        "id": "gid://shopify/LineItem/466",
        "name": "Áo thun - Đỏ / M",
        "sku": "AO-DO-M",
        "quantity": 2,
        "currentQuantity": 2,
        "product": {"id": "gid://shopify/Product/77"},
        "variant": {
            "id": "gid://shopify/ProductVariant/808",
            "inventoryItem": {"id": "gid://shopify/InventoryItem/303"},
        },
        "originalUnitPriceSet": money(120000),
        "discountedUnitPriceAfterAllDiscountsSet": money("99000.0"),
        "taxLines": [],
        **changes,
    }


def a_said_order(*lines: Any, **changes: Any) -> dict[str, Any]:
    return {
        "id": "gid://shopify/Order/8209",
        "createdAt": "2026-11-22T01:00:00Z",
        "updatedAt": "2026-11-22T08:05:00+07:00",
        "cancelledAt": None,
        "displayFinancialStatus": "PAID",
        "displayFulfillmentStatus": "UNFULFILLED",
        "currencyCode": "VND",
        "taxesIncluded": True,
        "note": "Gọi trước",
        "phone": None,
        "paymentGatewayNames": ["vnpay"],
        "totalPriceSet": money(213000),
        "currentTotalPriceSet": money(213000),
        "totalShippingPriceSet": money(15000),
        "customer": {"id": "gid://shopify/Customer/25", "displayName": "Nguyễn A"},
        "shippingAddress": {
            "name": "Nguyễn B",
            "phone": "0900000012",
            "address1": "1 Lê Lợi",
            "address2": "P. Bến Nghé",
            "city": "Hồ Chí Minh",
            "province": None,
            "zip": "700000",
            "countryCodeV2": "VN",
        },
        "fulfillments": [],
        "lineItems": {"nodes": list(lines or [a_line()]), "pageInfo": END},
        **changes,
    }


def said_order(*lines: Any, **changes: Any) -> orders.Order:
    return msgspec.convert(present(a_said_order(*lines, **changes)), orders.Order, strict=False)


def an_order(*lines: Any, **changes: Any) -> RemoteOrder:
    return orders.order(said_order(*lines, **changes), [], "VND")


def test_an_order_is_mapped_whole() -> None:
    shop, wire = a_shop({"TheseOrders": data(nodes=[a_said_order()])})
    (order,) = run(shop.fetch_orders(external_ids=["8209"]))
    assert wire.variables("TheseOrders") == [{"ids": ["gid://shopify/Order/8209"]}]
    assert (order.external_id, order.state, order.raw_state) == ("8209", RemoteState.PLACED, "paid/unfulfilled")
    assert order.placed_at == datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
    assert order.updated_at == datetime(2026, 11, 22, 1, 5, tzinfo=UTC)
    assert (order.currency, order.is_cod, order.note) == ("VND", False, "Gọi trước")
    assert (order.total_minor, order.shipping_fee_minor, order.discount_minor) == (213000, 15000, 0)
    assert (order.buyer_name, order.buyer_phone, order.buyer_ref) == ("Nguyễn B", "0900000012", "25")
    assert order.address == {
        "line": "1 Lê Lợi, P. Bến Nghé",
        "province": "Hồ Chí Minh",
        "postcode": "700000",
        "country": "VN",
    }
    (line,) = order.lines
    assert (line.line_ids, line.key, line.sku) == (("466",), KEY, "AO-DO-M")
    assert (line.name, line.quantity, line.unit_price_minor, line.list_price_minor) == (
        "Áo thun - Đỏ / M",
        2,
        99000,
        120000,
    )


def test_a_bare_order_is_read_too() -> None:
    bare = {
        "id": "gid://shopify/Order/1", "createdAt": "2026-11-22T01:00:00Z", "updatedAt": "2026-11-22T01:00:00Z",
        "customer": None, "shippingAddress": None, "lineItems": {"nodes": [{"id": "5", "quantity": 1, "variant": None}]},
    }  # fmt: skip
    order = orders.order(msgspec.convert(present(bare), orders.Order, strict=False), [], "GBP")
    assert (order.external_id, order.state, order.currency) == ("1", RemoteState.PLACED, "GBP")
    assert (order.buyer_name, order.buyer_ref, order.address, order.raw_state) == ("", "", {}, "")
    (line,) = order.lines
    assert (line.key, line.unit_price_minor, line.list_price_minor) == (ListingKey(""), 0, None)


def test_a_line_whose_variant_was_deleted_keeps_its_words_and_its_product() -> None:
    (line,) = an_order(a_line(variant=None)).lines
    assert (line.key, line.sku) == (ListingKey("77"), "AO-DO-M")


def test_units_removed_from_an_order_that_goes_on_are_left_out() -> None:
    gone = a_line(id="gid://shopify/LineItem/467", currentQuantity=0)
    order = an_order(a_line(currentQuantity=1), gone, currentTotalPriceSet=money(114000))
    assert [(line.line_ids, line.quantity) for line in order.lines] == [(("466",), 1)]
    assert (order.total_minor, order.shipping_fee_minor, order.discount_minor) == (114000, 15000, 0)


def test_an_order_that_is_cancelled_keeps_its_lines_and_its_total() -> None:
    order = an_order(
        a_line(currentQuantity=0), cancelledAt="2026-11-22T02:00:00Z", currentTotalPriceSet=money(0)
    )  # fmt: skip
    assert (order.state, order.raw_state) == (RemoteState.CANCELLED, "cancelled")
    assert (order.lines[0].quantity, order.total_minor) == (2, 213000)


def test_tax_that_is_not_in_the_prices_is_added() -> None:
    line = a_line(
        discountedUnitPriceAfterAllDiscountsSet=money(90000), taxLines=[{"priceSet": money(17000)}, {"priceSet": money(1001)}]
    )  # fmt: skip
    order = an_order(line, taxesIncluded=False, currentTotalPriceSet=money(213001))
    assert order.lines[0].unit_price_minor == 99001
    assert (order.discount_minor, order.shipping_fee_minor) == (1, 15000)
    order = an_order(line, taxesIncluded=True, currentTotalPriceSet=money(195000))
    assert order.lines[0].unit_price_minor == 90000


def test_a_tip_is_part_of_the_fee_and_free_shipping_a_discount() -> None:
    order = an_order(currentTotalPriceSet=money(233000))
    assert (order.shipping_fee_minor, order.discount_minor) == (35000, 0)
    order = an_order(currentTotalPriceSet=money(198000))
    assert (order.shipping_fee_minor, order.discount_minor) == (15000, 15000)


@given(
    lines=st.lists(st.tuples(st.integers(1, 9), st.integers(0, 10**6), st.integers(0, 10**4)), min_size=1, max_size=6),
    fee=st.integers(0, 10**6),
    off=st.integers(-(10**5), 10**5),
    currency=st.sampled_from(["VND", "GBP"]),
    included=st.booleans(),
)
def test_the_sums_of_an_order_agree(
    lines: list[tuple[int, int, int]], fee: int, off: int, currency: str, included: bool
) -> None:
    items = [
        a_line(
            id=str(place), quantity=units, currentQuantity=units, taxLines=[{"priceSet": money(tax)}],
            discountedUnitPriceAfterAllDiscountsSet=money(Decimal(price) / 8),
        )
        for place, (units, price, tax) in enumerate(lines)
    ]  # fmt: skip
    paid = max(0, sum(units * price // 8 for units, price, _ in lines) + fee - off)
    order = an_order(
        *items, totalShippingPriceSet=money(fee), currentTotalPriceSet=money(paid), currencyCode=currency,
        taxesIncluded=included,
    )  # fmt: skip
    goods = sum(line.quantity * line.unit_price_minor for line in order.lines)
    assert order.total_minor == goods + order.shipping_fee_minor - order.discount_minor
    assert order.total_minor == paid * (1 if currency == "VND" else 100)
    assert min(order.discount_minor, order.shipping_fee_minor) >= 0


FINANCIAL = ["AUTHORIZED", "EXPIRED", "PAID", "PARTIALLY_PAID", "PARTIALLY_REFUNDED", "PENDING", "REFUNDED", "VOIDED"]
FULFILMENT = [
    *("FULFILLED", "IN_PROGRESS", "ON_HOLD", "OPEN", "PARTIALLY_FULFILLED", "PENDING_FULFILLMENT", "REQUEST_DECLINED"),
    *("RESTOCKED", "SCHEDULED", "UNFULFILLED"),
]


@pytest.mark.parametrize("goods", FULFILMENT)
@pytest.mark.parametrize("paid", FINANCIAL)
def test_every_pair_of_statuses_has_its_state(paid: str, goods: str) -> None:
    assert set(FINANCIAL) == set(orders.FINANCIAL)
    assert set(FULFILMENT) == set(orders.FULFILMENT)
    found = orders.state(said_order(displayFinancialStatus=paid, displayFulfillmentStatus=goods))
    if goods == "FULFILLED":
        assert found is RemoteState.SHIPPED
    elif goods in ("IN_PROGRESS", "PARTIALLY_FULFILLED", "PENDING_FULFILLMENT"):
        assert found is RemoteState.PLACED
    elif paid in ("PENDING", "PARTIALLY_PAID", "EXPIRED", "VOIDED"):
        assert found is RemoteState.UNPAID
    else:
        assert found is (RemoteState.CANCELLED if paid == "REFUNDED" else RemoteState.PLACED)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"cancelledAt": "2026-11-22T02:00:00Z", "displayFulfillmentStatus": "FULFILLED"}, RemoteState.CANCELLED),
        ({"displayFinancialStatus": "LATER_ADDED", "displayFulfillmentStatus": "LATER_ADDED"}, RemoteState.PLACED),
        ({"displayFinancialStatus": "pending", "displayFulfillmentStatus": "unfulfilled"}, RemoteState.UNPAID),
        ({"displayFinancialStatus": "PENDING", "paymentGatewayNames": ["Cash on Delivery (COD)"]}, RemoteState.PLACED),
        (
            {"displayFinancialStatus": "PENDING", "paymentGatewayNames": ["Thanh toán khi nhận hàng"]},
            RemoteState.PLACED,
        ),
        ({"displayFinancialStatus": "PENDING", "paymentGatewayNames": ["Codeword Bank"]}, RemoteState.UNPAID),
    ],
)
def test_some_states_need_more_than_the_pair(changes: dict[str, Any], state: RemoteState) -> None:
    assert orders.state(said_order(**changes)) is state


def parcels(*display: str, status: str = "SUCCESS") -> list[dict[str, Any]]:
    return [{"status": status, "displayStatus": each, "trackingInfo": [{"number": f"T-{each}"}]} for each in display]


@pytest.mark.parametrize(
    ("said", "state", "tracking_no"),
    [
        (parcels("IN_TRANSIT"), RemoteState.SHIPPED, "T-IN_TRANSIT"),
        (parcels("DELIVERED"), RemoteState.DELIVERED, "T-DELIVERED"),
        (parcels("DELIVERED", "OUT_FOR_DELIVERY"), RemoteState.SHIPPED, "T-DELIVERED"),
        (parcels("FAILURE", "IN_TRANSIT"), RemoteState.SHIPPED, "T-FAILURE"),
        (parcels("DELIVERED", "FAILURE"), RemoteState.DELIVERY_FAILED, "T-DELIVERED"),
        (parcels("NOT_DELIVERED", status="SUCCESS"), RemoteState.DELIVERY_FAILED, "T-NOT_DELIVERED"),
        (parcels("CANCELED", status="CANCELLED") + parcels("PICKED_UP"), RemoteState.DELIVERED, "T-PICKED_UP"),
        (parcels("CANCELED", status="CANCELLED"), RemoteState.SHIPPED, ""),
        ([{"status": "SUCCESS"}], RemoteState.SHIPPED, ""),
    ],
)
def test_a_sent_order_is_as_far_as_its_parcels(said: Any, state: RemoteState, tracking_no: str) -> None:
    order = an_order(displayFulfillmentStatus="FULFILLED", fulfillments=said)
    assert (order.state, order.tracking_no) == (state, tracking_no)


def changed(*nodes: Any, page: Any = None) -> dict[str, Any]:
    return data(orders={"nodes": list(nodes), "pageInfo": END if page is None else page})


def test_orders_are_listed_by_when_they_changed() -> None:
    one = {"id": "gid://shopify/Order/1", "updatedAt": "2026-11-22T16:30:00+07:00"}
    two = {"id": "gid://shopify/Order/2"}
    shop, wire = a_shop(
        {"ChangedOrders": [changed(one, one, two, page={"hasNextPage": True, "endCursor": "c2"}), changed()]}
    )
    page = list_orders(shop)
    assert page.refs == [socket.OrderRef("1", datetime(2026, 11, 22, 9, 30, tzinfo=UTC)), socket.OrderRef("2")]
    assert page.next_cursor == "c2"
    last = list_orders(shop, "c2")
    assert (list(last.refs), last.next_cursor) == ([], None)
    assert wire.variables("ChangedOrders") == [
        {"first": 100, "after": None, "query": "updated_at:>='2026-11-22T09:00:00Z'"},
        {"first": 100, "after": "c2", "query": "updated_at:>='2026-11-22T09:00:00Z'"},
    ]
    assert "sortKey: UPDATED_AT" in body(wire.requests[0])["query"]


def test_a_window_that_begins_elsewhere_is_asked_for_in_utc() -> None:
    shop, wire = a_shop({"ChangedOrders": changed()})
    hcm = datetime.fromisoformat("2026-11-22T08:00:00.9+07:00")
    run(shop.list_orders(updated_from=hcm, updated_to=NOW, cursor=None))
    assert wire.variables("ChangedOrders")[0]["query"] == "updated_at:>='2026-11-22T01:00:00Z'"
    with pytest.raises(Invalid):
        run(shop.list_orders(updated_from=NOW - timedelta(days=3651), updated_to=NOW, cursor=None))


def test_orders_are_fetched_five_at_a_time_and_unknown_ones_are_missing() -> None:
    class Shop(Graph):
        async def send(self, request: Request) -> Response:
            self.requests.append(request)
            ids = [number(one) for one in body(request)["variables"]["ids"]]
            nodes = [None if one == "3" else a_said_order(id=f"gid://shopify/Order/{one}") for one in ids]
            return Response(200, json.dumps(data(nodes=[*nodes, nodes[0]])).encode())

    wire = Shop({})
    found = run(Shopify(an_account(), wire).fetch_orders(external_ids=[*map(str, range(12)), "1", "", "x", "²"]))
    assert [order.external_id for order in found] == [str(n) for n in range(12) if n != 3]
    assert [len(body(request)["variables"]["ids"]) for request in wire.requests] == [5, 5, 2]


def test_lines_beyond_the_first_page_are_read_too() -> None:
    def page(start: int, cursor: str | None) -> dict[str, Any]:
        nodes = [a_line(id=f"gid://shopify/LineItem/{n}") for n in range(start, start + 2)]
        return {"nodes": nodes, "pageInfo": {"hasNextPage": cursor is not None, "endCursor": cursor}}

    shop, wire = a_shop(
        {
            "TheseOrders": data(nodes=[a_said_order(lineItems=page(0, "a"))]),
            "MoreLines": [data(order={"lineItems": page(2, "b")}), data(order={"lineItems": page(4, None)})],
        }
    )
    (order,) = run(shop.fetch_orders(external_ids=["8209"]))
    assert [line.line_ids for line in order.lines] == [(str(n),) for n in range(6)]
    assert wire.variables("MoreLines") == [
        {"id": "gid://shopify/Order/8209", "after": "a"},
        {"id": "gid://shopify/Order/8209", "after": "b"},
    ]
    for lines in (
        {"nodes": [], "pageInfo": {"hasNextPage": True, "endCursor": "c"}},
        {"nodes": [a_line()], "pageInfo": {"hasNextPage": True, "endCursor": "a"}},
    ):
        first, second = data(nodes=[a_said_order(lineItems=page(0, "a"))]), data(order={"lineItems": lines})
        shop, wire = a_shop({"TheseOrders": first, "MoreLines": [second, Unavailable(reason="asked twice")]})
        with pytest.raises(Unavailable) as failed:
            run(shop.fetch_orders(external_ids=["8209"]))
        assert failed.value.params["reason"] == "unreadable reply"
        assert wire.operations.count("MoreLines") == 1


@pytest.mark.parametrize(
    "node",
    [
        {"id": "gid://shopify/Order/1"},
        a_said_order(updatedAt="yesterday"),
        a_said_order(currentTotalPriceSet=money("a lot")),
        a_said_order(a_line(quantity="many")),
        a_said_order(a_line(discountedUnitPriceAfterAllDiscountsSet=money("1e999999999"))),
        a_said_order(lineItems=[]),
    ],
)
def test_an_order_that_cannot_be_read_is_not_guessed(node: Any) -> None:
    shop, _ = a_shop({"TheseOrders": data(nodes=[node])})
    with pytest.raises(Unavailable) as failed:
        run(shop.fetch_orders(external_ids=["1"]))
    assert failed.value.params["reason"] == "unreadable reply"


@pytest.mark.parametrize("text", ["2026-11-22T01:00:00Z", "2026-11-22T08:00:00+07:00", "2026-11-22T01:00:00.000Z"])
def test_times_are_utc(text: str) -> None:
    assert moment(text) == datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
    with pytest.raises(ValueError, match="zone"):
        moment(text[:19])


# --- shipping and cancelling -----------------------------------------------------------------------------------------


def fulfilment_orders(*statuses: str) -> dict[str, Any]:
    nodes = [{"id": f"gid://shopify/FulfillmentOrder/{n}", "status": status} for n, status in enumerate(statuses, 1)]
    return data(order={"id": "gid://shopify/Order/8209", "fulfillmentOrders": {"nodes": nodes}})


def fulfilled(*user_errors: Any) -> dict[str, Any]:
    return data(fulfillmentCreate={"fulfillment": {"id": "x"}, "userErrors": list(user_errors)})


def test_packing_is_no_step_of_the_shop() -> None:
    shop, wire = a_shop()
    assert run(shop.pack(order=an_order())) == socket.Shipment()
    assert not wire.requests


def test_all_that_is_left_of_an_order_is_marked_as_sent_location_by_location() -> None:
    shop, wire = a_shop({"Parcels": fulfilment_orders("OPEN", "CLOSED", "IN_PROGRESS"), "Fulfil": fulfilled()})
    order = replace(an_order(), tracking_no="GHN1")
    assert run(shop.ship(order=order)) == socket.Shipment("GHN1")
    assert wire.variables("Parcels") == [{"id": "gid://shopify/Order/8209"}]
    assert wire.variables("Fulfil") == [
        {
            "f": {
                "lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": f"gid://shopify/FulfillmentOrder/{n}"}],
                "notifyCustomer": False,
                "trackingInfo": {"number": "GHN1"},
            }
        }
        for n in (1, 3)
    ]
    run(shop.ship(order=an_order()))
    assert "trackingInfo" not in wire.variables("Fulfil")[-1]["f"]


@pytest.mark.parametrize("status", ["CLOSED", "ON_HOLD", "SCHEDULED", "CANCELLED", "INCOMPLETE"])
@pytest.mark.parametrize("is_sent", [True, False])
def test_sending_again_changes_nothing_and_what_waits_is_refused(status: str, is_sent: bool) -> None:
    there = a_said_order(
        displayFulfillmentStatus="FULFILLED" if is_sent else "ON_HOLD", fulfillments=parcels("DELIVERED")
    )  # fmt: skip
    shop, wire = a_shop({"Parcels": fulfilment_orders(status), "TheseOrders": data(nodes=[there])})
    if is_sent:
        assert run(shop.ship(order=an_order())).tracking_no == "T-DELIVERED"
    else:
        with pytest.raises(RemoteRefused, match=status.lower()):
            run(shop.ship(order=an_order()))
    assert "Fulfil" not in wire.operations


@pytest.mark.parametrize("is_sent", [True, False])
def test_a_refused_fulfilment_is_refused_unless_somebody_else_has_done_it(is_sent: bool) -> None:
    there = a_said_order(displayFulfillmentStatus="FULFILLED" if is_sent else "UNFULFILLED")
    answers = {
        "Parcels": fulfilment_orders("OPEN", "OPEN"),
        "Fulfil": fulfilled({"field": ["fulfillment"], "message": "already closed"}),
        "TheseOrders": data(nodes=[there]),
    }
    shop, wire = a_shop(answers)
    if is_sent:
        run(shop.ship(order=an_order()))
    else:
        with pytest.raises(RemoteRefused, match="already closed"):
            run(shop.ship(order=an_order()))
    assert wire.operations.count("Fulfil") == 1, "the rest is not sent after a refusal"


def test_an_order_the_shop_does_not_know_is_refused() -> None:
    shop, wire = a_shop({"Parcels": data(order=None)})
    with pytest.raises(RemoteRefused) as failed:
        run(shop.ship(order=an_order()))
    assert failed.value.params["remote_code"] == "unknown_order"
    with pytest.raises(RemoteRefused):
        run(shop.ship(order=replace(an_order(), external_id="x")))
    assert len(wire.requests) == 1


def cancelled(*user_errors: Any) -> dict[str, Any]:
    return data(orderCancel={"job": {"id": "gid://shopify/Job/1"}, "orderCancelUserErrors": list(user_errors)})


@pytest.mark.parametrize(
    ("reason", "named"), [("out_of_stock", "INVENTORY"), ("customer_request", "CUSTOMER"), ("other", "OTHER")]
)
def test_an_order_is_cancelled_for_a_reason_and_without_moving_money(reason: str, named: str) -> None:
    shop, wire = a_shop({"Cancel": cancelled()})
    run(shop.cancel(order=an_order(), reason=reason))
    assert wire.variables("Cancel") == [
        {"id": "gid://shopify/Order/8209", "reason": named, "refund": {"originalPaymentMethodsRefund": False}}
    ]
    asked = body(wire.requests[0])["query"]
    assert "restock: true" in asked
    assert "notifyCustomer: false" in asked
    with pytest.raises(Invalid):
        run(shop.cancel(order=an_order(), reason="whim"))
    assert len(wire.requests) == 1


@pytest.mark.parametrize("is_done", [True, False])
def test_cancelling_again_changes_nothing(is_done: bool) -> None:
    there = a_said_order(cancelledAt="2026-11-22T02:00:00Z" if is_done else None)
    refusal = cancelled(wrong("INVALID", "orderId"))
    shop, _ = a_shop({"Cancel": refusal, "TheseOrders": data(nodes=[there])})
    if is_done:
        run(shop.cancel(order=an_order(), reason="other"))
    else:
        with pytest.raises(RemoteRefused) as failed:
            run(shop.cancel(order=an_order(), reason="other"))
        assert failed.value.params["remote_code"] == "INVALID"


def test_a_buyers_wish_is_granted_by_cancelling_and_declined_by_nothing() -> None:
    shop, wire = a_shop({"Cancel": cancelled(), "TheseOrders": data(nodes=[a_said_order()])})
    run(shop.answer_cancellation(order=an_order(), accept=True))
    assert wire.variables("Cancel")[0]["reason"] == "CUSTOMER"
    run(shop.answer_cancellation(order=an_order(), accept=False))
    assert wire.operations == ["Cancel", "TheseOrders"]
    for there in ([a_said_order(cancelledAt="2026-11-22T02:00:00Z")], []):
        shop, _ = a_shop({"TheseOrders": data(nodes=there)})
        with pytest.raises(RemoteRefused):
            run(shop.answer_cancellation(order=an_order(), accept=False))


@pytest.mark.parametrize("answer", [data(fulfillmentCreate=None), b'{"data":{"fulfillm', Response(500, b"")])
def test_a_half_answered_step_is_not_taken_as_done(answer: Answer) -> None:
    shop, _ = a_shop({"Parcels": fulfilment_orders("OPEN"), "Fulfil": answer})
    with pytest.raises(Unavailable):
        run(shop.ship(order=an_order()))
    shop, _ = a_shop({"Cancel": answer})
    with pytest.raises(Unavailable):
        run(shop.cancel(order=an_order(), reason="other"))


# --- notices ---------------------------------------------------------------------------------------------------------


def read(topic: str, said: Any, account: Account | None = None, **more: str) -> Notice:
    shop, _ = a_shop({}, account)
    content = json.dumps(said).encode()
    headers = {"x-shopify-hmac-sha256": notice_signature(SECRET, content), "x-shopify-topic": topic}
    headers |= {f"x-shopify-{name.replace('_', '-')}": value for name, value in more.items()}
    (notice,) = shop.read_notices(headers=headers, body=content)
    return notice


@pytest.mark.parametrize(
    ("topic", "said", "kind", "reference"),
    [
        ("orders/create", {"id": 820982911946154508, "name": "#1001"}, NoticeKind.ORDER, "820982911946154508"),
        ("orders/cancelled", {"id": "1"}, NoticeKind.ORDER, "1"),
        ("orders/delete", {"id": 1}, NoticeKind.ORDER, "1"),
        ("orders/edited", {"order_edit": {"id": 9, "order_id": 1}}, NoticeKind.ORDER, "1"),
        ("orders/updated", {"name": "#1001"}, NoticeKind.OTHER, ""),
        ("orders/updated", {"id": True}, NoticeKind.OTHER, ""),
        ("fulfillments/create", {"id": 5, "order_id": 1}, NoticeKind.ORDER, "1"),
        ("refunds/create", {"id": 5, "order_id": 1}, NoticeKind.ORDER, "1"),
        ("fulfillment_orders/moved", {"fulfillment_order": {"id": "gid://shopify/x/1"}}, NoticeKind.OTHER, ""),
        ("products/update", {"id": 77}, NoticeKind.PRODUCT, "77"),
        ("inventory_levels/update", {"inventory_item_id": 303, "available": 7}, NoticeKind.STOCK, "303"),
        ("app/uninstalled", {"id": 1, "domain": SHOP}, NoticeKind.AUTHORISATION, SHOP),
        ("customers/data_request", {"shop_id": 1}, NoticeKind.OTHER, ""),
        ("", {"id": 1}, NoticeKind.OTHER, ""),
        ("\ud800", {"id": 1}, NoticeKind.OTHER, ""),
    ],
)
def test_each_topic_is_told(topic: str, said: Any, kind: NoticeKind, reference: str) -> None:
    notice = read(topic, said)
    assert (notice.kind, notice.reference, notice.shop_id) == (kind, reference, SHOP)


def test_a_delivery_is_known_by_its_id_or_else_by_its_content() -> None:
    said = {"id": 1}
    assert read("orders/updated", said, webhook_id="w1").dedupe_id == "w1"
    one = read("orders/updated", said)
    assert one.dedupe_id == read("orders/updated", said).dedupe_id
    assert one.dedupe_id not in {read("orders/paid", said).dedupe_id, read("orders/updated", {"id": 2}).dedupe_id, ""}


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-22T08:00:00.123+07:00", datetime(2026, 11, 22, 1, 0, 0, 123000, tzinfo=UTC)),
        ("soon", None),
        ("", None),
    ],
)
def test_a_delivery_may_say_when_it_came_to_pass(text: str, at: datetime | None) -> None:
    assert read("orders/updated", {"id": 1}, triggered_at=text).sent_at == at


def test_a_delivery_for_another_shop_of_the_same_app_is_named_as_such() -> None:
    assert read("orders/updated", {"id": 1}, shop_domain=SHOP).shop_id == SHOP
    assert read("orders/updated", {"id": 1}, an_account(shop_id="cua-hang"), shop_domain=SHOP).shop_id == "cua-hang"
    assert read("orders/updated", {"id": 1}, shop_domain="giay-dep.myshopify.com").shop_id == "giay-dep.myshopify.com"


@pytest.mark.parametrize("signature", [None, "", "0" * 44, "không phải chữ ký", "\ud800"])
def test_a_notice_without_a_right_signature_is_refused(signature: str | None) -> None:
    shop, _ = a_shop()
    headers = {"x-shopify-topic": "orders/updated"}
    headers |= {} if signature is None else {"x-shopify-hmac-sha256": signature}
    with pytest.raises(NoticeForged):
        shop.read_notices(headers=headers, body=b'{"id":1}')


def test_a_notice_altered_by_one_byte_or_signed_with_another_key_is_refused() -> None:
    shop, _ = a_shop()
    for content, secret in ((b'{"id":2}', SECRET), (b'{"id":1}', "shpss_other")):
        with pytest.raises(NoticeForged):
            shop.read_notices(headers={"x-shopify-hmac-sha256": notice_signature(secret, b'{"id":1}')}, body=content)


def test_while_a_secret_is_changed_either_is_taken() -> None:
    # Reference by openssl: dgst -sha256 -hmac 'shpss_thử' -binary | base64
    content, expected = '{"id":820,"x":"đ"}'.encode(), "G+A4kiEsq3eACGbNaj8HM/KtKa5REdzjali8lhs3GHU="
    for secrets in (Secrets(APP, "shpss_thử"), Secrets(APP, "new", notice_secret="shpss_thử")):
        shop, _ = a_shop({}, an_account(secrets=secrets))
        headers = {"x-shopify-hmac-sha256": expected, "x-shopify-topic": "orders/paid"}
        assert shop.read_notices(headers=headers, body=content)[0].reference == "820"


def test_without_a_secret_nothing_is_genuine() -> None:
    shop, _ = a_shop({}, an_account(secrets=Secrets(APP, "")))
    with pytest.raises(NoticeForged):
        shop.read_notices(headers={"x-shopify-hmac-sha256": notice_signature("", b"{}")}, body=b"{}")


@pytest.mark.parametrize("content", [b"", b"not json", b"[1]", b'"text"'])
def test_a_signed_notice_that_cannot_be_read_is_invalid(content: bytes) -> None:
    shop, _ = a_shop()
    with pytest.raises(Invalid):
        shop.read_notices(headers={"x-shopify-hmac-sha256": notice_signature(SECRET, content)}, body=content)


# --- the whole -------------------------------------------------------------------------------------------------------


def test_every_document_is_balanced_and_uses_what_it_declares() -> None:
    for name, document in vars(documents).items():
        if not name.isupper() or name.startswith("_"):
            continue
        head, _, rest = document.partition("{")
        for opening, closing in ("{}", "()", "[]"):
            assert document.count(opening) == document.count(closing), name
        declared = set(re.findall(r"\$(\w+):", head))
        assert declared == set(re.findall(r"\$(\w+)", rest)), name


def test_the_manifest_claims_what_the_class_does() -> None:
    shop = connect(an_account(), Wire({}))
    assert (MANIFEST.name, MANIFEST.api_version) == ("shopify", VERSION)
    assert MANIFEST.capabilities == CAPABILITIES
    assert {"default", "auth", "taxonomy"} == set(MANIFEST.limits)
    for name in CAPABILITIES:
        assert isinstance(shop, getattr(socket, name))


def test_secrets_do_not_show_in_a_connectors_text() -> None:
    shop, _ = a_shop()
    assert SECRET not in repr(shop)
    assert TOKEN not in repr(shop)
