"""Clients of web shops that others wrote drive the stand-ins: WooCommerce's own and Shopify's own, both from PyPI."""

from __future__ import annotations

import json
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.sandbox.driving import Sandbox
from tests.sandbox.selling_shopify import (
    SET,
    Shopify,
    buy_on_shopify,
    gid,
    list_on_shopify,
    on_shopify,
    open_shopify,
)
from tests.sandbox.selling_woocommerce import WooCommerce, buy_on_woo, list_on_woo, on_woo, open_woo
from tests.sandbox.test_shopify_publishing import SET as SET_PRODUCT
from tests.sandbox.test_shopify_publishing import draft

TWO = [{"sku": "AO-DO", "name": "Đỏ", "stock": 5}, {"sku": "AO-DEN", "name": "Đen", "stock": 3}]

# -- WooCommerce


@pytest.fixture
def woo(box: Sandbox) -> WooCommerce:
    return open_woo(box)


def woo_client(shop: WooCommerce, door: str = "signature", **changes: Any) -> Any:
    """The client over plain HTTP, where it signs; or told that TLS ends before the shop, where it sends the keys."""
    woocommerce = pytest.importorskip("woocommerce", reason="woocommerce is not installed")
    keys = {"consumer_key": shop.consumer_key, "consumer_secret": shop.consumer_secret} | changes
    client = woocommerce.API(url=f"{shop.box.url}{shop.base_path}", version="wc/v3", timeout=30, **keys)
    if door != "signature":
        client.is_ssl, client.query_string_auth = True, door == "query"
    return client


@pytest.mark.parametrize("door", ["signature", "header", "query"])
def test_the_official_woocommerce_client_works(woo: WooCommerce, door: str) -> None:
    woo.box.control("POST", "/settings", {"woocommerce_over_tls": door != "signature"})
    client = woo_client(woo, door)
    simple, _ = list_on_woo(woo, "NÓN-1", stock=10, name="Nón lá Huế")
    parent, (red, _) = list_on_woo(woo, "", models=TWO, name="Áo thun 100% cotton")

    first = client.get("products", params={"per_page": 1, "orderby": "id", "order": "asc"})
    assert (first.headers["X-WP-Total"], first.headers["X-WP-TotalPages"]) == ("2", "2")
    assert [row["id"] for row in first.json()] == [simple]
    second = client.get("products", params={"per_page": 1, "page": 2, "orderby": "id", "order": "asc"})
    assert [(row["id"], row["type"]) for row in second.json()] == [(parent, "variable")]
    found = client.get("products", params={"sku": "NÓN-1"})  # what is signed holds letters beyond ASCII
    assert [row["name"] for row in found.json()] == ["Nón lá Huế"]
    found = client.get("products", params={"search": "100% cotton"})
    assert [row["id"] for row in found.json()] == [parent]
    variations = client.get(f"products/{parent}/variations", params={"per_page": 100}).json()
    assert {row["sku"]: row["stock_quantity"] for row in variations} == {"AO-DO": 5, "AO-DEN": 3}

    written = client.put(f"products/{simple}", {"manage_stock": True, "stock_quantity": 7})
    assert (written.status_code, written.json()["stock_quantity"]) == (200, 7)
    batch = [{"id": red, "stock_quantity": 9, "regular_price": "120000"}]
    assert client.post(f"products/{parent}/variations/batch", {"update": batch}).status_code == 200
    assert (on_woo(woo, "NÓN-1")["available"], on_woo(woo, "AO-DO")["available"]) == (7, 9)

    order_id = buy_on_woo(woo, {"sku": "AO-DO", "quantity": 2}, cod=True).json()["order_id"]
    asked = {"status": "processing", "modified_after": "2020-01-01T00:00:00", "dates_are_gmt": "true"}
    orders = client.get("orders", params=asked).json()
    assert [row["id"] for row in orders] == [order_id]
    assert [(line["sku"], line["quantity"]) for line in orders[0]["line_items"]] == [("AO-DO", 2)]
    assert on_woo(woo, "AO-DO")["available"] == 7

    note = {"note": "GHN: GHN123 – đang giao", "customer_note": True}
    assert client.post(f"orders/{order_id}/notes", note).status_code == 201
    sent = {"status": "completed", "meta_data": [{"key": "_tracking_number", "value": "GHN123"}]}
    shipped = client.put(f"orders/{order_id}", sent).json()
    assert (shipped["status"], shipped["meta_data"][0]["value"]) == ("completed", "GHN123")
    assert [row["note"] for row in client.get(f"orders/{order_id}/notes").json()] == [note["note"]]
    refund = client.post(f"orders/{order_id}/refunds", {"amount": "50000", "api_refund": False})
    assert (refund.status_code, refund.json()["amount"]) == (201, "50000")

    second_id = buy_on_woo(woo, {"sku": "NÓN-1", "quantity": 3}).json()["order_id"]
    assert client.put(f"orders/{second_id}", {"status": "cancelled"}).json()["status"] == "cancelled"
    assert on_woo(woo, "NÓN-1")["available"] == 7
    sizes = [{"name": "Cỡ", "options": ["M", "L"], "variation": True, "visible": True}]
    made = client.post(
        "products", {"name": "Áo mới", "type": "variable", "attributes": sizes, "categories": [{"id": 104}]}
    )
    assert (made.status_code, made.json()["categories"][0]["name"]) == (201, "Áo sơ mi")
    new = [
        {"sku": f"M-{size}", "regular_price": "99000", "attributes": [{"name": "Cỡ", "option": size}]} for size in "ML"
    ]
    grown = client.post(f"products/{made.json()['id']}/variations/batch", {"create": new}).json()["create"]
    assert [row["attributes"][0]["option"] for row in grown] == ["M", "L"]
    assert client.put(f"products/{made.json()['id']}", {"name": "Áo tên khác"}).json()["name"] == "Áo tên khác"

    gone = client.delete(f"products/{simple}", params={"force": True})
    assert (gone.status_code, client.get(f"products/{simple}").status_code) == (200, 404)


def test_the_woocommerce_client_manages_webhooks(woo: WooCommerce) -> None:
    woo.box.control("POST", "/settings", {"woocommerce_over_tls": False})
    client = woo_client(woo)
    wanted = {"name": "Đơn mới", "topic": "order.created", "delivery_url": "http://127.0.0.1:9/hook", "secret": "s"}
    made = client.post("webhooks", wanted)
    assert (made.status_code, made.json()["status"]) == (201, "active")
    paused = client.put(f"webhooks/{made.json()['id']}", {"status": "paused"}).json()
    assert (paused["status"], paused["topic"]) == ("paused", "order.created")
    assert [row["id"] for row in client.get("webhooks").json()] == [made.json()["id"]]


@pytest.mark.parametrize(
    ("door", "changes", "code"),
    [
        ("signature", {"consumer_key": "ck_none"}, "woocommerce_rest_authentication_error"),
        ("signature", {"consumer_secret": "cs_none"}, "woocommerce_rest_authentication_error"),
        ("header", {"consumer_secret": "cs_none"}, "woocommerce_rest_authentication_error"),
        ("header", {"consumer_key": "ck_none"}, "woocommerce_rest_cannot_view"),
        ("query", {"consumer_secret": "cs_none"}, "woocommerce_rest_authentication_error"),
    ],
)
def test_the_woocommerce_client_sees_that_its_keys_are_wrong(
    woo: WooCommerce, door: str, changes: dict[str, str], code: str
) -> None:
    woo.box.control("POST", "/settings", {"woocommerce_over_tls": door != "signature"})
    list_on_woo(woo)
    refused = woo_client(woo, door, **changes).get("products")
    assert (refused.status_code, refused.json()["code"], refused.json()["data"]["status"]) == (401, code, 401)
    written = woo_client(woo, door, **changes).put("products/1", {"stock_quantity": 1})
    assert written.status_code == 401


def test_the_woocommerce_client_sees_what_it_may_not(woo: WooCommerce) -> None:
    item_id, _ = list_on_woo(woo, stock=4)
    keys = woo.box.control("POST", "/woocommerce/tokens", {"shop": woo.shop_id, "permissions": "read"})
    client = woo_client(woo, "header", **keys)
    assert client.get("products").status_code == 200
    refused = client.put(f"products/{item_id}", {"stock_quantity": 9})
    assert (refused.status_code, refused.json()["code"]) == (401, "woocommerce_rest_authentication_error")
    assert on_woo(woo)["available"] == 4
    missing = woo_client(woo, "header").get("orders/999999")
    assert (missing.status_code, missing.json()["code"]) == (404, "woocommerce_rest_shop_order_invalid_id")


def test_the_woocommerce_client_is_slowed_down_by_the_host(woo: WooCommerce) -> None:
    woo.box.control("POST", "/woocommerce/limits", {"shop": woo.shop_id, "rate": 0.001, "burst": 3})
    client = woo_client(woo)
    replies = [client.get("products") for _ in range(5)]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 429, 429]
    assert replies[-1].headers["Retry-After"] == "1"
    woo.box.control("POST", "/woocommerce/limits", {"shop": woo.shop_id, "rate": 0})
    assert client.get("products").status_code == 200


# -- Shopify


@pytest.fixture
def shop(box: Sandbox) -> Shopify:
    return open_shopify(box)


@pytest.fixture
def shopify(box: Sandbox, shop: Shopify, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The client with a session at the shop. It calls `<shop>.myshopify.com` and knows no base path: the stand-in is its
    proxy, and answers for that host."""
    library = pytest.importorskip("shopify", reason="ShopifyAPI is not installed")
    monkeypatch.setenv("http_proxy", box.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    # Whoever called somebody before left an opener that knows no proxy.
    monkeypatch.setattr(urllib.request, "_opener", None)
    monkeypatch.setattr(library.Session, "protocol", "http")
    library.Session.setup(api_key=shop.client_id, secret=shop.client_secret)
    start(library, shop)
    yield library
    library.ShopifyResource.clear_session()


def start(library: Any, shop: Shopify, token: str = "") -> None:
    session = library.Session(f"{shop.shop_id}.myshopify.com", shop.version, token or shop.access_token)
    library.ShopifyResource.activate_session(session)


def run(library: Any, query: str, variables: dict[str, Any] | None = None) -> Any:
    return json.loads(library.GraphQL().execute(query, variables))


def data(library: Any, query: str, variables: dict[str, Any] | None = None) -> Any:
    got = run(library, query, variables)
    assert "errors" not in got, got["errors"]
    return got["data"]


PRODUCTS = """query P($after: String) { products(first: 1, after: $after, query: "status:active") {
  pageInfo { hasNextPage endCursor }
  nodes { title variants(first: 10) { nodes { sku price inventoryItem { id } inventoryQuantity } } } } }"""
ORDERS = """query O($query: String!) { orders(first: 10, query: $query) { nodes {
  id name cancelledAt displayFinancialStatus displayFulfillmentStatus lineItems(first: 10) { nodes { sku quantity } }
  fulfillmentOrders(first: 5) { nodes { id status } } } } }"""
FULFIL = """mutation F($f: FulfillmentInput!) { fulfillmentCreate(fulfillment: $f) {
  fulfillment { status trackingInfo { company number } } userErrors { field message } } }"""
CANCEL = """mutation C($id: ID!) { orderCancel(orderId: $id, reason: CUSTOMER, restock: true, notifyCustomer: false,
  refundMethod: {originalPaymentMethodsRefund: true}) { job { id } orderCancelUserErrors { field message code } } }"""


def test_the_official_shopify_client_works(shop: Shopify, shopify: Any) -> None:
    _, _, hat = list_on_shopify(shop, "NÓN-1", stock=10, name="Nón lá")
    list_on_shopify(shop, "", models=TWO)

    own = shopify.Shop.current()
    assert (own.name, own.myshopify_domain, own.currency) == ("Áo Việt", f"{shop.shop_id}.myshopify.com", "VND")
    assert [one.id for one in shopify.Location.find()] == shop.locations
    page = data(shopify, PRODUCTS)["products"]
    assert page["pageInfo"]["hasNextPage"]
    rest = data(shopify, PRODUCTS, {"after": page["pageInfo"]["endCursor"]})["products"]
    assert not rest["pageInfo"]["hasNextPage"]
    variants = [row for one in page["nodes"] + rest["nodes"] for row in one["variants"]["nodes"]]
    assert {row["sku"]: row["inventoryQuantity"] for row in variants} == {"NÓN-1": 10, "AO-DO": 5, "AO-DEN": 3}

    level = shopify.InventoryLevel.set(shop.locations[0], hat, 12)
    assert (level.inventory_item_id, level.available) == (hat, 12)
    sent = {"name": "available", "reason": "correction", "quantities": [shop.row(hat, 8, 12)]}
    key = str(uuid.uuid4())
    for _ in range(2):  # a repeat with its key changes nothing more
        answered = data(shopify, SET, {"i": sent, "k": key})["inventorySetQuantities"]
        assert (answered["userErrors"], answered["inventoryAdjustmentGroup"]["changes"][0]["delta"]) == ([], -4)
    stale = data(shopify, SET, {"i": sent, "k": str(uuid.uuid4())})["inventorySetQuantities"]
    assert stale["userErrors"][0]["field"][0] == "input"
    assert on_shopify(shop, "NÓN-1")["available"] == 8

    order_id = buy_on_shopify(shop, {"sku": "NÓN-1", "quantity": 2}).json()["order_id"]
    (order,) = data(shopify, ORDERS, {"query": "updated_at:>=2020-01-01T00:00:00Z fulfillment_status:unfulfilled"})[
        "orders"
    ]["nodes"]
    assert order["id"] == gid("Order", order_id)
    assert [(line["sku"], line["quantity"]) for line in order["lineItems"]["nodes"]] == [("NÓN-1", 2)]
    by_rest = shopify.Order.find(order_id)
    assert (by_rest.name, by_rest.fulfillment_status) == (order["name"], None)
    assert [(line.sku, line.quantity) for line in by_rest.line_items] == [("NÓN-1", 2)]
    assert by_rest.shipping_address.city

    work = [{"fulfillmentOrderId": one["id"]} for one in order["fulfillmentOrders"]["nodes"]]
    tracking = {"company": "GHN", "number": "GHN123"}
    parcel = {"f": {"lineItemsByFulfillmentOrder": work, "trackingInfo": tracking, "notifyCustomer": False}}
    made = data(shopify, FULFIL, parcel)["fulfillmentCreate"]
    assert (made["userErrors"], made["fulfillment"]["trackingInfo"][0]["number"]) == ([], "GHN123")
    assert shopify.Order.find(order_id).fulfillment_status == "fulfilled"
    again = data(shopify, FULFIL, parcel)["fulfillmentCreate"]
    assert again["fulfillment"] is None
    assert again["userErrors"]

    second = buy_on_shopify(shop, {"sku": "AO-DO", "quantity": 2}).json()["order_id"]
    assert on_shopify(shop, "AO-DO")["available"] == 3
    cancelled = data(shopify, CANCEL, {"id": gid("Order", second)})["orderCancel"]
    assert (cancelled["orderCancelUserErrors"], on_shopify(shop, "AO-DO")["available"]) == ([], 5)
    assert shopify.Order.find(second).cancelled_at

    values = {"p": draft(shop, title="Áo mới")}
    made = data(shopify, SET_PRODUCT, values)["productSet"]
    assert made["userErrors"] == []
    values = {"p": draft(shop, title="Áo tên khác"), "by": {"id": made["product"]["id"]}}
    changed = data(shopify, SET_PRODUCT, values)["productSet"]["product"]
    assert (changed["id"], changed["title"]) == (made["product"]["id"], "Áo tên khác")


def test_the_shopify_client_checks_the_way_back_from_consent(shop: Shopify, shopify: Any) -> None:
    session = shopify.Session(shop.shop_id, shop.version)
    back = "http://127.0.0.1:9/cb"
    permission = session.create_permission_url(["write_orders", "read_products"], back, "nonce-1")
    # The client asks for https always; the stand-in speaks plain HTTP.
    page = shop.box.http.post(
        f"{shop.box.url}{urlsplit(permission).path}?{urlsplit(permission).query}",
        data={"owner": shop.shop_id},
        headers={"Host": urlsplit(permission).netloc},
    )
    assert page.status_code == 303
    params = dict(parse_qsl(urlsplit(page.headers["Location"]).query))
    assert params["state"] == "nonce-1"
    assert shopify.Session.validate_params(params)
    assert not shopify.Session.validate_params(params | {"shop": "other.myshopify.com"})


def test_the_shopify_client_sees_that_its_token_is_wrong(shop: Shopify, shopify: Any) -> None:
    errors = pytest.importorskip("pyactiveresource.connection", reason="pyactiveresource is not installed")
    with pytest.raises(errors.ResourceNotFound):
        shopify.Order.find(1)
    start(shopify, shop, "shpat_none")
    with pytest.raises(errors.UnauthorizedAccess):
        shopify.Shop.current()
    with pytest.raises(HTTPError, match="401"):
        shopify.GraphQL().execute("{ shop { name } }")
    other = open_shopify(shop.box)
    start(shopify, other, shop.access_token)  # a token serves its own shop
    with pytest.raises(errors.UnauthorizedAccess):
        shopify.Shop.current()


def test_the_shopify_client_is_slowed_down(shop: Shopify, shopify: Any) -> None:
    errors = pytest.importorskip("pyactiveresource.connection", reason="pyactiveresource is not installed")
    assert run(shopify, "{ shop { name } }")["extensions"]["cost"]["throttleStatus"]["maximumAvailable"] == 2000
    shop.box.control("POST", "/shopify/limits", {"shop": shop.shop_id, "rate": 0.001, "burst": 30})
    for number in range(8):
        list_on_shopify(shop, f"AO-{number}")
    asked = "{ products(first: 8) { nodes { id title } } }"
    answers = [run(shopify, asked) for _ in range(10)]
    throttled = [one["errors"][0] for one in answers if "errors" in one]
    assert 0 < len(throttled) < 10
    assert {(one["message"], one["extensions"]["code"]) for one in throttled} == {("Throttled", "THROTTLED")}

    shopify.Shop.current()
    assert (shopify.Limits.credit_limit(), shopify.Limits.credit_maxed()) == (40, False)
    with pytest.raises(errors.ClientError) as refused:
        for _ in range(200):
            shopify.Shop.current()
    assert refused.value.response.code == 429
    assert refused.value.response.headers["Retry-After"] == "2.0"
    assert b"Exceeded 2 calls per second" in refused.value.response.body


def test_a_host_without_a_shop_is_not_found(shop: Shopify) -> None:
    headers = {"X-Shopify-Access-Token": shop.access_token, "Host": "khong-co.myshopify.com"}
    assert shop.box.http.get(f"{shop.box.url}/admin/api/2026-07/shop.json", headers=headers).status_code == 404
    headers["Host"] = f"{shop.shop_id}.myshopify.com:8080"
    assert shop.box.http.get(f"{shop.box.url}/admin/api/2026-07/shop.json", headers=headers).status_code == 200
