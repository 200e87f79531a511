"""The stand-in of Shopify behaves as the protocol notes say."""

from __future__ import annotations

import base64
import hashlib
import hmac
import signal
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from mekong_sandbox.shopify import signing
from mekong_sandbox.shopify.graphql import Document, Field, Malformed, Selection, Variable, parse
from tests.sandbox.driving import Sandbox, wait_for
from tests.sandbox.selling_shopify import (
    SET,
    Shopify,
    buy_on_shopify,
    gid,
    list_on_shopify,
    on_shopify,
    open_shopify,
)

TWO = [{"sku": "AO-DO", "name": "Đỏ", "stock": 5, "price": 120000}, {"sku": "AO-DEN", "name": "Đen", "stock": 3}]
FULFIL = """mutation F($f: FulfillmentInput!) { fulfillmentCreate(fulfillment: $f) {
  fulfillment { id status displayStatus trackingInfo { company number url } } userErrors { field message } } }"""
WORK = """query W($id: ID!) { order(id: $id) { displayFulfillmentStatus fulfillmentOrders(first: 5) { nodes {
  id status assignedLocation { location { id } } supportedActions { action }
  lineItems(first: 10) { nodes { id totalQuantity remainingQuantity lineItem { sku } } } } } } }"""


@pytest.fixture
def shop(box: Sandbox) -> Shopify:
    return open_shopify(box)


@dataclass
class Hook:
    """A server that takes webhooks with all their headers; `status` is what it answers."""

    status: int = 200
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    def topics(self) -> list[str]:
        return [headers["x-shopify-topic"] for headers, _ in self.received]

    def has(self, count: int) -> bool:
        return len(self.received) >= count


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
    taken.url = f"http://127.0.0.1:{server.server_port}/shopify"
    yield taken
    server.shutdown()
    server.server_close()


def advance(shop: Shopify, order_id: int, to: str, **more: Any) -> Any:
    return shop.box.control("POST", f"/shopify/orders/{order_id}/advance", {"to": to, **more})


def figures(shop: Shopify, sku: str = "AO-THUN") -> tuple[int, int, int]:
    seen = on_shopify(shop, sku)
    return seen["total"], seen["committed"], seen["available"]


def work_of(shop: Shopify, order_id: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shop.ask(WORK, {"id": gid("Order", order_id)})["order"]["fulfillmentOrders"]["nodes"]
    return found


def fulfil(shop: Shopify, *work: dict[str, Any], **more: Any) -> Any:
    return shop.ask(FULFIL, {"f": {"lineItemsByFulfillmentOrder": list(work), **more}})["fulfillmentCreate"]


def codes(payload: Any) -> list[tuple[str, list[str]]]:
    return [(error["code"], error["field"]) for error in payload["userErrors"]]


# -- the language

DOCUMENTS = [
    "{ shop { name } }",
    "query Q { a: shop { name, id } b: shop { ...F } } fragment F on Shop { currencyCode }",
    """mutation M($i: In!, $k: [String!]! = ["a", "b"], $n: Int = 3) @d {
      x(input: $i, y: {z: [1, -2.5e3, true, null, RED]}) @idempotent(key: $k) { id } }""",
    "query($a: ID) { node(id: $a) { __typename ... on Order @include(if: true) { name } ... { id } ... @skip(if: $a) { id } } }",
    '# a comment\nquery { orders(first: 5, query: "updated_at:>=\\"2026\\" \\u0110") { nodes { id } } }',
    'query { x(text: """\n    Áo\n      thun\n    """) }',
    "query fragment { on: query fragment { mutation } }",
]


def shown(document: Document) -> Any:
    """A document as plain values, to hold against another reader's."""

    def value(one: Any) -> Any:
        if isinstance(one, Variable):
            return ("$", one.name)
        if isinstance(one, list):
            return [value(each) for each in one]
        return {name: value(each) for name, each in one.items()} if isinstance(one, dict) else one

    def marks(found: Any) -> Any:
        return {name: {key: value(each) for key, each in args.items()} for name, args in found.items()}

    def selection(one: Selection) -> Any:
        inner = [selection(each) for each in one.selections]
        if isinstance(one, Field):
            arguments = {name: value(each) for name, each in one.arguments.items()}
            return (one.alias, one.name, arguments, marks(one.directives), inner)
        return ("...", one.fragment, one.type_name, marks(one.directives), inner)

    operations = [
        (
            one.kind,
            one.name,
            [(each.name, each.type_name, each.has_default, each.default) for each in one.variables],
            [selection(each) for each in one.selections],
        )
        for one in document.operations
    ]
    fragments = {
        name: (one.type_name, [selection(each) for each in one.selections]) for name, one in document.fragments.items()
    }
    return operations, fragments


def value_by_graphql_core(node: Any) -> Any:
    match node.kind:
        case "variable":
            return ("$", node.name.value)
        case "list_value":
            return [value_by_graphql_core(each) for each in node.values]
        case "object_value":
            return {each.name.value: value_by_graphql_core(each.value) for each in node.fields}
        case "int_value":
            return int(node.value)
        case "float_value":
            return float(node.value)
        case "null_value":
            return None
    return node.value


def shown_by_graphql_core(text: str) -> Any:
    graphql = pytest.importorskip("graphql", reason="graphql-core is not installed")

    def marks(node: Any) -> Any:
        return {
            one.name.value: {each.name.value: value_by_graphql_core(each.value) for each in one.arguments or ()}
            for one in node.directives or ()
        }

    def selection(node: Any) -> Any:
        own = getattr(node, "selection_set", None)
        inner = [selection(each) for each in own.selections] if own else []
        if node.kind == "field":
            alias = node.alias.value if node.alias else node.name.value
            arguments = {each.name.value: value_by_graphql_core(each.value) for each in node.arguments or ()}
            return (alias, node.name.value, arguments, marks(node), inner)
        if node.kind == "fragment_spread":
            return ("...", node.name.value, "", marks(node), inner)
        condition = node.type_condition.name.value if node.type_condition else ""
        return ("...", "", condition, marks(node), inner)

    operations, fragments = [], {}
    for node in graphql.parse(text).definitions:
        inner = [selection(each) for each in node.selection_set.selections]
        if node.kind == "fragment_definition":
            fragments[node.name.value] = (node.type_condition.name.value, inner)
            continue
        asked = [
            (
                each.variable.name.value,
                graphql.print_ast(each.type),
                each.default_value is not None,
                value_by_graphql_core(each.default_value) if each.default_value is not None else None,
            )
            for each in node.variable_definitions or ()
        ]
        operations.append((node.operation.value, node.name.value if node.name else "", asked, inner))
    return operations, fragments


@pytest.mark.parametrize("text", DOCUMENTS)
def test_documents_are_read_as_graphql_core_reads_them(text: str) -> None:
    assert shown(parse(text)) == shown_by_graphql_core(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{ a",
        "query Q($a) { b }",
        "{ a(b: ) }",
        '{ a(b: "x) }',
        "{ a(b: $) }",
        "{ a } }",
        "sub { a }",
        "{ a ? }",
        "{ ... on }",
    ],
)
def test_what_is_no_document_is_refused_as_graphql_core_refuses_it(text: str) -> None:
    graphql = pytest.importorskip("graphql", reason="graphql-core is not installed")
    with pytest.raises(Malformed):
        parse(text)
    with pytest.raises(graphql.GraphQLError):
        graphql.parse(text)


def test_an_empty_selection_is_refused() -> None:
    with pytest.raises(Malformed, match="unexpected '}'"):
        parse("{ }")


def test_a_document_nested_without_end_is_refused() -> None:
    with pytest.raises(Malformed, match="nested deeper"):
        parse("{ a " * 5000 + "}" * 5000)


def test_answers_hold_what_was_selected(shop: Shopify) -> None:
    asked = """query Two($yes: Boolean!, $no: Boolean!) {
      mine: shop { ...Named ...Named myshopifyDomain @skip(if: $yes) currencyCode @include(if: $no) }
      shop { __typename name plan { displayName } }
    }
    fragment Named on Shop { called: name ... on Shop { id } }
    query Other { shop { id } }"""
    got = shop.ask(asked, {"yes": True, "no": False}, operationName="Two")
    assert set(got["mine"]) == {"called", "id"}
    assert got["mine"]["called"] == "Áo Việt"
    assert got["shop"]["__typename"] == "Shop"
    assert list(shop.ask(asked, {}, operationName="Other")["shop"]) == ["id"]
    assert shop.refused(asked)[1].startswith("An operation name is required")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ shop { colour } }", "undefinedField"),
        ("{ colours { id } }", "undefinedField"),
        ("{ shop }", "selectionMismatch"),
        ("{ shop { name { first } } }", "selectionMismatch"),
        ("{ shop { ...Gone } }", "useAndDefineFragment"),
        ("{ shop { ...A } } fragment A on Shop { ...B } fragment B on Shop { ...A }", "infiniteLoop"),
        ("{ shop { ...A } } fragment A on Shop { plan { ...A } }", "infiniteLoop"),
        ("query Q($id: ID!) { order(id: $id) { id } }", "INVALID_VARIABLE"),
        ("{ order(id: $id) { id } }", "variableNotDefined"),
        ("{ orders { nodes { id } } }", "BAD_REQUEST"),
        ("{ orders(first: 251) { nodes { id } } }", "BAD_REQUEST"),
        ('{ orders(first: 1, after: "x") { nodes { id } } }', "BAD_REQUEST"),
        ("{ shop { ", ""),
    ],
)
def test_what_cannot_be_answered_is_refused(shop: Shopify, query: str, code: str) -> None:
    assert shop.refused(query)[0] == code


def test_a_body_that_is_no_query_is_refused(shop: Shopify) -> None:
    url, headers = shop.url("/admin/api/2026-07/graphql.json"), {"X-Shopify-Access-Token": shop.access_token}
    assert shop.box.http.post(url, content=b"{", headers=headers).status_code == 400
    plain = headers | {"Content-Type": "application/graphql"}
    assert (
        shop.box.http.post(url, content=b"{ shop { name } }", headers=plain).json()["data"]["shop"]["name"] == "Áo Việt"
    )
    assert shop.box.http.get(url, headers=headers).status_code == 404


# -- who may call

CALLBACK = [
    ("0907a61c0c8d55e99db179b68161bc00", "YWRtaW4uc2hvcGlmeS5jb20vc3RvcmUvYWJj", "cua-hang.myshopify.com"),
    ("aa07a61c0c8d55e99db179b68161bc01", "YWRtaW4uc2hvcGlmeS5jb20vc3RvcmUveHl6", "giay-dep.myshopify.com"),
]


@pytest.mark.parametrize(
    ("params", "state", "timestamp", "digest"),
    [
        (
            CALLBACK[0],
            "0.6784241404160823",
            "1763769600",
            "9a6ce6af2108d81ef0120761a0e908a82c82a900e4f2be8fc51be16f084fb18c",
        ),
        (CALLBACK[1], "nonce-2", "1763769602", "f3e402cd52ea9adcd7034aa6c166e33c5806fdbfafad6b832e5edcb14f50ec9c"),
    ],
)
def test_the_way_back_is_signed_as_recorded(
    params: tuple[str, str, str], state: str, timestamp: str, digest: str
) -> None:
    secret = "shpss_0123456789abcdef0123456789abcdef"
    sent = dict(zip(("code", "host", "shop"), params, strict=True)) | {"state": state, "timestamp": timestamp}
    assert signing.sign_callback(secret, sent | {"hmac": "left out"}) == digest


def test_webhooks_are_signed_as_recorded() -> None:
    body = '{"inventory_item_id":271878346596884015,"location_id":24826418,"available":7,'
    body += '"updated_at":"2026-11-22T01:00:00+07:00",'
    body += '"admin_graphql_api_id":"gid://shopify/InventoryLevel/24826418?inventory_item_id=271878346596884015"}'
    signed = signing.sign_webhook("shpss_0123456789abcdef0123456789abcdef", body.encode())
    assert signed == "jvQzoERjK0V5uwWcma5VEJBUzzIjTH1UTS4nxe6w4/E="


def test_a_merchant_lets_an_app_in(box: Sandbox) -> None:
    shop = open_shopify(box, authorise=False, name="Giày Dép")
    page = shop.url("/admin/oauth/authorize")
    asked = {
        "client_id": shop.client_id,
        "scope": "read_orders,write_inventory",
        "redirect_uri": "http://127.0.0.1:9/cb?a=1",
    }
    asked |= {"state": "nonce-1"}
    assert "Giày Dép" in box.http.get(page, params=asked).text
    back = box.http.post(page, data=asked | {"owner": shop.shop_id})
    assert back.status_code == 303
    params = dict(parse_qsl(urlsplit(back.headers["Location"]).query))
    assert (params["shop"], params["state"], params["a"]) == (f"{shop.shop_id}.myshopify.com", "nonce-1", "1")
    signed = {name: params[name] for name in ("code", "host", "shop", "state", "timestamp")}
    base = "&".join(f"{name}={signed[name]}" for name in sorted(signed))
    assert hmac.new(shop.client_secret.encode(), base.encode(), hashlib.sha256).hexdigest() == params["hmac"]
    exchange = {"client_id": shop.client_id, "client_secret": shop.client_secret, "code": params["code"]}
    got = box.http.post(shop.url("/admin/oauth/access_token"), json=exchange)
    assert set(got.json()) == {"access_token", "scope"}
    again = box.http.post(shop.url("/admin/oauth/access_token"), json=exchange)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_request")
    shop.access_token = got.json()["access_token"]
    assert shop.ask("{ currentAppInstallation { accessScopes { handle } } }") == {
        "currentAppInstallation": {"accessScopes": [{"handle": "read_orders"}, {"handle": "write_inventory"}]}
    }
    assert shop.refused("{ products(first: 1) { nodes { id } } }")[0] == "ACCESS_DENIED"
    for wrong in ({"client_id": "none"}, {"redirect_uri": "ftp://x"}):
        assert box.http.get(page, params=asked | wrong).status_code == 422


def test_codes_and_secrets_are_checked(box: Sandbox, shop: Shopify) -> None:
    def exchange(**changes: str) -> str:
        code = box.control("POST", "/shopify/codes", {"shop": shop.shop_id})["code"]
        body = {"client_id": shop.client_id, "client_secret": shop.client_secret, "code": code, **changes}
        reply = box.http.post(shop.url("/admin/oauth/access_token"), data=body)
        return str(reply.json().get("error", ""))

    assert exchange(client_secret="no") == "application_cannot_be_found"
    assert exchange(code="no") == "invalid_request"
    other = open_shopify(box)
    code = box.control("POST", "/shopify/codes", {"shop": other.shop_id})["code"]
    assert exchange(code=code) == "invalid_request"
    late = box.control("POST", "/shopify/codes", {"shop": shop.shop_id})["code"]
    box.control("POST", "/clock", {"advance_s": 601})
    assert exchange(code=late) == "invalid_request"
    assert exchange() == ""


def test_expiring_tokens_run_out_and_are_refreshed(box: Sandbox) -> None:
    shop = open_shopify(box, expiring=True)
    assert shop.ask("{ shop { name } }")["shop"]["name"] == "Áo Việt"
    box.control("POST", "/clock", {"advance_s": 3601})
    reply = shop.reply("{ shop { name } }")
    assert (reply.status_code, reply.json()["errors"][:5]) == (401, "[API]")

    def refresh(token: str) -> httpx.Response:
        body = {"client_id": shop.client_id, "client_secret": shop.client_secret, "grant_type": "refresh_token"}
        return box.http.post(shop.url("/admin/oauth/access_token"), data=body | {"refresh_token": token})

    lost = refresh(shop.refresh_token).json()
    got = refresh(shop.refresh_token).json()
    assert (got["expires_in"], got["refresh_token_expires_in"]) == (3600, 7_776_000)
    shop.access_token = got["access_token"]
    assert shop.ask("{ shop { name } }")["shop"]["name"] == "Áo Việt"
    # An answer that never arrived locks nobody out, but its tokens are void, and the former one ends with the first use.
    shop.access_token = lost["access_token"]
    assert shop.reply("{ shop { name } }").status_code == 401
    stale = refresh(shop.refresh_token)
    assert (stale.status_code, stale.json()["error"]) == (400, "invalid_grant")
    box.control("POST", "/clock", {"advance_s": 90 * 86400 + 1})
    assert refresh(got["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_token_serves_its_own_shop(box: Sandbox, shop: Shopify) -> None:
    other = open_shopify(box)
    other.access_token = shop.access_token
    assert other.reply("{ shop { name } }").status_code == 401
    list_on_shopify(shop)
    order_id = buy_on_shopify(shop, {"sku": "AO-THUN"}).json()["order_id"]
    stranger = open_shopify(box, client_id=shop.client_id)
    assert stranger.ask("query Q($id: ID!) { order(id: $id) { id } }", {"id": gid("Order", order_id)}) == {
        "order": None
    }


def test_versions_are_told_apart(shop: Shopify) -> None:
    assert shop.reply("{ shop { name } }").headers["X-Shopify-API-Version"] == "2026-07"
    shop.version = "2020-01"
    assert shop.reply("{ shop { name } }").headers["X-Shopify-API-Version"] == "2024-10"
    shop.version = "2030-01"
    assert shop.reply("{ shop { name } }").status_code == 404
    shop.version = "newest"
    assert shop.reply("{ shop { name } }").status_code == 404


# -- throttle


def test_costs_are_told_and_throttled(box: Sandbox, shop: Shopify) -> None:
    box.control("POST", "/shopify/limits", {"shop": shop.shop_id, "rate": 0.001, "burst": 100})
    query = "{ orders(first: 40) { nodes { id lineItems(first: 4) { nodes { id } } } } }"
    cost = shop.reply(query).json()["extensions"]["cost"]
    assert cost["requestedQueryCost"] == 2 + 40 * 3 // 4
    assert cost["actualQueryCost"] == 2
    assert cost["throttleStatus"] == {"maximumAvailable": 100.0, "currentlyAvailable": 98, "restoreRate": 0.001}
    for _ in range(34):
        shop.reply(query)
    reply = shop.reply(query)
    assert (reply.status_code, reply.json()["errors"]) == (
        200,
        [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
    )
    assert reply.json()["extensions"]["cost"]["actualQueryCost"] is None
    assert reply.json()["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] < 32
    assert shop.ask("{ shop { name } }")
    stingy = "{ products(first: 250) { nodes { variants(first: 100) { nodes { id } } } } }"
    assert shop.refused(stingy)[0] == "MAX_COST_EXCEEDED"


def test_rest_counts_calls(shop: Shopify) -> None:
    replies = [shop.rest("GET", "/shop.json") for _ in range(45)]
    assert replies[0].headers["X-Shopify-Shop-Api-Call-Limit"] == "1/40"
    assert {reply.status_code for reply in replies} == {200, 429}
    assert replies[-1].headers["Retry-After"] == "2.0"


# -- products and stock


def test_products_are_paged_and_found(shop: Shopify) -> None:
    for number in range(5):
        list_on_shopify(shop, f"A-{number}", stock=number, name=f"Áo {number}")
    query = "query P($n: Int!, $c: String) { products(first: $n, after: $c) { nodes { title }"
    query += " pageInfo { hasNextPage endCursor } } }"
    titles, cursor = [], None
    for _ in range(3):
        page = shop.ask(query, {"n": 2, "c": cursor})["products"]
        titles += [row["title"] for row in page["nodes"]]
        cursor = page["pageInfo"]["endCursor"]
    assert titles == [f"Áo {number}" for number in range(5)]
    assert page["pageInfo"]["hasNextPage"] is False
    back = (
        '{ products(last: 2, before: "%s", query: "status:active") { nodes { title } pageInfo { hasPreviousPage } } }'
    )
    seen = shop.ask(back % cursor)["products"]
    assert seen == {"nodes": [{"title": "Áo 2"}, {"title": "Áo 3"}], "pageInfo": {"hasPreviousPage": True}}
    found = shop.ask('{ productVariants(first: 5, query: "sku:A-3 OR sku:A-1") { edges { node { sku } } } }')
    assert [edge["node"]["sku"] for edge in found["productVariants"]["edges"]] == ["A-1", "A-3"]
    assert shop.ask("{ products(first: 5, query: \"title:'Áo 4'\") { nodes { title } } }")["products"]["nodes"] == [
        {"title": "Áo 4"}
    ]
    newest = shop.ask("{ products(first: 1, sortKey: UPDATED_AT, reverse: true) { nodes { title } } }")
    assert newest["products"]["nodes"] == [{"title": "Áo 4"}]
    assert shop.refused('{ products(first: 1, query: "updated_at:>soon") { nodes { id } } }')[0] == "BAD_REQUEST"


def test_a_product_shows_its_variants_and_their_stock(shop: Shopify) -> None:
    product_id, variant_id, item_id = list_on_shopify(shop, models=TWO, tiers=["Màu"])
    got = shop.ask(
        """query P($id: ID!) { product(id: $id) { title status totalInventory options { name values } variants(first: 10) {
        nodes { id title sku price inventoryQuantity selectedOptions { name value } inventoryItem { id tracked
        inventoryLevels(first: 5) { nodes { location { name } quantities(names: ["available"]) { quantity } } } } } } } }""",
        {"id": gid("Product", product_id)},
    )["product"]
    assert (got["status"], got["totalInventory"], got["options"]) == (
        "ACTIVE",
        8,
        [{"name": "Màu", "values": ["Đỏ", "Đen"]}],
    )
    first, second = got["variants"]["nodes"]
    assert (first["id"], first["inventoryItem"]["id"]) == (
        gid("ProductVariant", variant_id),
        gid("InventoryItem", item_id),
    )
    assert (first["price"], first["selectedOptions"]) == ("120000", [{"name": "Màu", "value": "Đỏ"}])
    assert second["inventoryItem"]["inventoryLevels"]["nodes"] == [
        {"location": {"name": "Kho chính"}, "quantities": [{"quantity": 3}]}
    ]
    both = shop.ask(
        "query N($ids: [ID!]!) { nodes(ids: $ids) { id ... on Product { title } } }",
        {"ids": [got["variants"]["nodes"][0]["id"], gid("Product", product_id), "gid://shopify/Order/1"]},
    )
    assert both["nodes"] == [{"id": first["id"]}, {"id": gid("Product", product_id), "title": "Áo thun cotton"}, None]
    wrong = "query L($id: ID!) { inventoryItem(id: $id) { inventoryLevels(first: 1) { nodes {"
    wrong += ' quantities(names: ["x"]) { quantity } } } } }'
    assert shop.refused(wrong, {"id": gid("InventoryItem", item_id)})[0] == "BAD_REQUEST"


def test_stock_is_written_and_compared(shop: Shopify) -> None:
    _, _, item_id = list_on_shopify(shop, stock=12)
    done = shop.set_stock(shop.row(item_id, 11, 12), referenceDocumentUri="gid://my-erp/Sync/42")
    assert done["userErrors"] == []
    assert done["inventoryAdjustmentGroup"]["changes"] == [
        {"name": "available", "delta": -1, "quantityAfterChange": 11},
        {"name": "on_hand", "delta": -1, "quantityAfterChange": 11},
    ]
    stale = shop.set_stock(shop.row(item_id, 5, 12))
    assert stale["inventoryAdjustmentGroup"] is None
    assert codes(stale) == [("CHANGE_FROM_QUANTITY_STALE", ["input", "quantities", "0", "changeFromQuantity"])]
    assert shop.level(item_id) == (11, 0, 11)
    assert shop.set_stock(shop.row(item_id, 5))["userErrors"] == []
    assert shop.level(item_id) == (5, 0, 5)


def test_a_sale_in_between_is_not_lost(shop: Shopify) -> None:
    _, _, item_id = list_on_shopify(shop, stock=12)
    buy_on_shopify(shop, {"sku": "AO-THUN", "quantity": 2})
    assert codes(shop.set_stock(shop.row(item_id, 12, 12)))[0][0] == "CHANGE_FROM_QUANTITY_STALE"
    assert shop.level(item_id) == (10, 2, 12)
    assert shop.set_stock(shop.row(item_id, 20, 12), name="on_hand")["userErrors"] == []
    assert shop.level(item_id) == (18, 2, 20)


def test_a_write_of_stock_is_whole_or_not_at_all(shop: Shopify) -> None:
    _, _, item_id = list_on_shopify(shop, stock=12)
    _, _, other_id = list_on_shopify(shop, "QUAN", stock=3)
    rows = [shop.row(item_id, 1, 12), shop.row(other_id, -1), shop.row(1, 1), shop.row(item_id, 2, 12)]
    rows.append(shop.row(other_id, 1) | {"locationId": "gid://shopify/Location/1"})
    refused = shop.set_stock(*rows)
    assert [(code, field[2]) for code, field in codes(refused)] == [
        ("INVALID_QUANTITY_NEGATIVE", "1"),
        ("INVALID_INVENTORY_ITEM", "2"),
        ("NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR", "3"),
        ("INVALID_LOCATION", "4"),
    ]
    assert shop.level(item_id) == (12, 0, 12)
    assert codes(shop.set_stock(name="committed"))[0][0] == "INVALID_NAME"
    assert codes(shop.set_stock(reason="whim"))[0][0] == "INVALID_REASON"
    assert codes(shop.set_stock(referenceDocumentUri="42"))[0][0] == "INVALID_REFERENCE_DOCUMENT"
    sent = {"name": "available", "reason": "correction", "quantities": [shop.row(item_id, 1)] * 251}
    assert shop.refused(SET, {"i": sent, "k": "k"})[0] == "MAX_INPUT_SIZE_EXCEEDED"


def test_a_key_does_its_work_once(box: Sandbox, shop: Shopify) -> None:
    _, _, item_id = list_on_shopify(shop, stock=12)
    key = str(uuid.uuid4())
    first = shop.set_stock(shop.row(item_id, 5, 12), key=key)
    buy_on_shopify(shop, {"sku": "AO-THUN"})
    assert shop.set_stock(shop.row(item_id, 5, 12), key=key) == first
    assert shop.level(item_id) == (4, 1, 5)
    assert codes(shop.set_stock(shop.row(item_id, 6, 4), key=key))[0][0] == "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"
    # What was refused may be tried again under its key.
    other = str(uuid.uuid4())
    assert codes(shop.set_stock(shop.row(item_id, 9, 8), key=other))[0][0] == "CHANGE_FROM_QUANTITY_STALE"
    box.control("POST", "/clock", {"advance_s": 86_401})
    assert shop.set_stock(shop.row(item_id, 9, 4), key=other)["userErrors"] == []
    assert codes(shop.set_stock(shop.row(item_id, 5, 12), key=key))[0][0] == "CHANGE_FROM_QUANTITY_STALE"


PLAIN = (
    "mutation S($i: InventorySetQuantitiesInput!) { inventorySetQuantities(input: $i) { userErrors { code field } } }"
)


def test_the_newest_versions_demand_key_and_comparison(shop: Shopify) -> None:
    _, _, item_id = list_on_shopify(shop, stock=12)
    row = shop.row(item_id, 5, 12)
    sent = {"name": "available", "reason": "correction", "quantities": [row]}
    reply = shop.reply(PLAIN, {"i": sent}).json()
    assert reply["data"] == {"inventorySetQuantities": None}
    assert (
        reply["errors"][0]["message"] == "The @idempotent directive is required for this mutation but was not provided."
    )
    assert reply["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    del row["changeFromQuantity"]
    assert shop.refused(SET, {"i": sent, "k": "k"})[0] == "INVALID_FIELD_ARGUMENTS"
    assert shop.refused(SET, {"i": sent | {"ignoreCompareQuantity": True}, "k": "k"})[0] == "INVALID_VARIABLE"
    assert shop.refused(SET, {"i": {"name": "available", "quantities": []}, "k": "k"})[0] == "INVALID_VARIABLE"
    assert shop.level(item_id) == (12, 0, 12)


@pytest.mark.parametrize("version", ["2025-07", "2026-01"])
def test_former_versions_compare_their_own_way(shop: Shopify, version: str) -> None:
    _, _, item_id = list_on_shopify(shop, stock=12)
    shop.version = version
    row = shop.row(item_id, 5)
    del row["changeFromQuantity"]

    def write(**more: Any) -> list[str]:
        sent = {"name": "available", "reason": "correction", "quantities": [row], **more}
        return [error["code"] for error in shop.ask(PLAIN, {"i": sent})["inventorySetQuantities"]["userErrors"]]

    assert write() == ["COMPARE_QUANTITY_REQUIRED"]
    row["compareQuantity"] = 11
    assert write() == ["COMPARE_QUANTITY_STALE"]
    assert write(ignoreCompareQuantity=True) == []
    row |= {"compareQuantity": 5, "quantity": 7}
    assert write() == []
    assert shop.level(item_id) == (7, 0, 7)
    row["changeFromQuantity"] = 6
    sent = {"name": "available", "reason": "correction", "quantities": [row]}
    if version < "2026-01":
        assert shop.refused(PLAIN, {"i": sent})[0] == "INVALID_VARIABLE"
    else:
        assert write() == ["CHANGE_FROM_QUANTITY_STALE"]


def test_stock_is_adjusted_and_activated(box: Sandbox) -> None:
    shop = open_shopify(box, locations=["Kho HCM", "Kho HN"])
    _, _, item_id = list_on_shopify(shop, stock=12, everywhere=False)
    ids = {"inventoryItemId": gid("InventoryItem", item_id), "locationId": gid("Location", shop.locations[1])}
    assert codes(shop.set_stock(shop.row(item_id, 5, place=1)))[0][0] == "ITEM_NOT_STOCKED_AT_LOCATION"
    activate = (
        "mutation A($i: ID!, $l: ID!, $n: Int) { inventoryActivate(inventoryItemId: $i, locationId: $l, available: $n)"
    )
    activate += ' { inventoryLevel { quantities(names: ["available"]) { quantity } } userErrors { message } } }'
    values = {"i": ids["inventoryItemId"], "l": ids["locationId"]}
    made = shop.ask(activate, values | {"n": 4})["inventoryActivate"]
    assert made == {"inventoryLevel": {"quantities": [{"quantity": 4}]}, "userErrors": []}
    assert shop.ask(activate, values | {"n": 9})["inventoryActivate"]["userErrors"]
    assert shop.ask(activate, values | {"l": gid("Location", 1)})["inventoryActivate"]["userErrors"]
    assert shop.ask(activate, values | {"i": gid("InventoryItem", 1)})["inventoryActivate"]["userErrors"]
    adjust = (
        'mutation A($i: InventoryAdjustQuantitiesInput!) { inventoryAdjustQuantities(input: $i) @idempotent(key: "%s")'
    )
    adjust += " { userErrors { code } } }"

    def change(delta: int, expected: int | None, key: str) -> list[str]:
        row = ids | {"delta": delta, "changeFromQuantity": expected}
        sent = {"name": "available", "reason": "received", "changes": [row]}
        found = shop.ask(adjust % key, {"i": sent})["inventoryAdjustQuantities"]["userErrors"]
        return [error["code"] for error in found]

    assert change(3, 4, "a") == []
    assert change(3, 4, "a") == []
    assert change(3, 4, "b") == ["CHANGE_FROM_QUANTITY_STALE"]
    assert change(-1, None, "c") == []
    assert shop.level(item_id, 1) == (6, 0, 6)
    assert shop.level(item_id, 0) == (12, 0, 12)


def test_prices_are_written(shop: Shopify) -> None:
    product_id, variant_id, _ = list_on_shopify(shop, models=TWO)
    query = """mutation P($id: ID!, $v: [ProductVariantsBulkInput!]!, $some: Boolean) {
      productVariantsBulkUpdate(productId: $id, variants: $v, allowPartialUpdates: $some) {
        productVariants { id price compareAtPrice sku } userErrors { code field } } }"""

    def write(*rows: dict[str, Any], product: int = product_id, some: bool = False) -> Any:
        values = {"id": gid("Product", product), "v": list(rows), "some": some}
        return shop.ask(query, values)["productVariantsBulkUpdate"]

    good = {
        "id": gid("ProductVariant", variant_id),
        "price": "150000",
        "compareAtPrice": 200000,
        "inventoryItem": {"sku": "MOI"},
    }
    row = write(good)["productVariants"][0]
    assert (row["price"], row["compareAtPrice"], row["sku"]) == ("150000", "200000", "MOI")
    assert on_shopify(shop, "MOI")["price"] == 150000
    bad = {"id": gid("ProductVariant", variant_id + 1), "price": "-1"}
    refused = write(good | {"price": "1"}, bad)
    assert (refused["productVariants"], codes_of(refused)) == (None, [("GREATER_THAN_OR_EQUAL_TO", "1")])
    assert on_shopify(shop, "MOI")["price"] == 150000
    partly = write(good | {"price": "1"}, bad, some=True)
    assert (len(partly["productVariants"]), len(partly["userErrors"])) == (1, 1)
    assert on_shopify(shop, "MOI")["price"] == 1
    assert codes_of(write(good | {"price": "x"})) == [("INVALID_INPUT", "0")]
    assert codes_of(write(good | {"id": "gid://shopify/ProductVariant/1"})) == [("PRODUCT_VARIANT_DOES_NOT_EXIST", "0")]
    assert codes_of(write(good | {"inventoryQuantities": []})) == [("NO_INVENTORY_QUANTITIES_ON_VARIANTS_UPDATE", "0")]
    assert write(good, product=1)["userErrors"][0]["code"] == "PRODUCT_DOES_NOT_EXIST"


def codes_of(payload: Any) -> list[tuple[str, str]]:
    return [(error["code"], error["field"][1]) for error in payload["userErrors"]]


def test_rest_writes_stock_too(shop: Shopify) -> None:
    _, _, item_id = list_on_shopify(shop, stock=12)
    body = {"location_id": shop.locations[0], "inventory_item_id": item_id, "available": 7}
    assert shop.rest("POST", "/inventory_levels/set.json", body).json()["inventory_level"]["available"] == 7
    assert shop.level(item_id) == (7, 0, 7)
    assert shop.rest("POST", "/inventory_levels/set.json", body | {"location_id": 1}).status_code == 404
    assert shop.rest("POST", "/inventory_levels/set.json", {}).status_code == 400
    assert shop.rest("GET", "/locations.json").json()["locations"][0]["name"] == "Kho chính"
    assert shop.rest("GET", "/none.json").status_code == 404
    order_id = buy_on_shopify(shop, {"sku": "AO-THUN"}).json()["order_id"]
    assert shop.rest("GET", f"/orders/{order_id}.json").json()["order"]["total_price"] == "99000"
    assert shop.rest("GET", "/orders/1.json").status_code == 404


def test_twenty_thousand_products_are_made_in_one_call(shop: Shopify) -> None:
    listings = [{"name": f"Sản phẩm {number}", "sku": f"S-{number}", "stock": 5} for number in range(20_000)]
    began = time.monotonic()
    made = shop.box.control("POST", "/shopify/listings", {"shop": shop.shop_id, "listings": listings})["listings"]
    assert len(made) == 20_000
    assert time.monotonic() - began < 8
    assert len(shop.box.control("GET", f"/shopify/stock?shop={shop.shop_id}")["rows"]) == 20_000
    assert len(shop.ask("{ products(first: 250) { nodes { id } } }")["products"]["nodes"]) == 250


# -- orders


def test_an_order_shows_what_was_bought(box: Sandbox) -> None:
    shop = open_shopify(box, shipping_fee=15000)
    _, variant_id, _ = list_on_shopify(shop, models=TWO)
    lines: list[dict[str, Any]] = [{"sku": "AO-DO", "quantity": 2}, {"sku": "AO-DEN", "unit_price": 50000}]
    made = buy_on_shopify(
        shop, *lines, cod=True, note="Gọi trước", buyer={"name": "Nguyễn Văn An", "phone": "0900000012"}
    )
    assert (made.json()["name"], made.json()["total"], made.json()["status"]) == ("#1001", 305000, "PENDING")
    got = shop.ask(
        """query O($id: ID!) { order(id: $id) { name displayFinancialStatus displayFulfillmentStatus currencyCode note
        totalPriceSet { shopMoney { amount currencyCode } } shippingAddress { firstName lastName phone countryCodeV2 }
        paymentGatewayNames cancelledAt lineItems(first: 5) { edges { node { sku quantity currentQuantity
        originalUnitPriceSet { shopMoney { amount } } variant { id } } } } } }""",
        {"id": gid("Order", made.json()["order_id"])},
    )["order"]
    assert (got["name"], got["displayFinancialStatus"], got["displayFulfillmentStatus"]) == (
        "#1001",
        "PENDING",
        "UNFULFILLED",
    )
    assert got["totalPriceSet"]["shopMoney"] == {"amount": "305000.0", "currencyCode": "VND"}
    assert got["shippingAddress"] == {
        "firstName": "Văn An",
        "lastName": "Nguyễn",
        "phone": "0900000012",
        "countryCodeV2": "VN",
    }
    assert got["paymentGatewayNames"] == ["Cash on Delivery (COD)"]
    first, second = (edge["node"] for edge in got["lineItems"]["edges"])
    assert (first["sku"], first["quantity"], first["variant"]) == (
        "AO-DO",
        2,
        {"id": gid("ProductVariant", variant_id)},
    )
    assert second["originalUnitPriceSet"]["shopMoney"]["amount"] == "50000.0"


def test_orders_are_found_by_moment_and_state(shop: Shopify) -> None:
    list_on_shopify(shop, stock=10)
    made = [buy_on_shopify(shop, {"sku": "AO-THUN"}, unpaid=number == 2).json()["order_id"] for number in range(3)]
    advance(shop, made[0], "buyer_cancel")

    def found(query: str, more: str = "") -> list[int]:
        asked = f"query O($q: String) {{ orders(first: 10, query: $q{more}) {{ nodes {{ legacyResourceId }} }} }}"
        return [int(row["legacyResourceId"]) for row in shop.ask(asked, {"q": query})["orders"]["nodes"]]

    assert found("") == made
    assert found("", ", sortKey: UPDATED_AT") == [*made[1:], made[0]]
    assert found("financial_status:paid") == [made[1]]
    assert found("status:open AND fulfillment_status:unfulfilled") == made[1:]
    assert found("-status:cancelled") == made[1:]
    assert found("name:#1002") == [made[1]]
    assert found(f"id:>{made[1]}") == [made[2]]
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    ago = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
    assert found(f"updated_at:>={soon}") == []
    assert found(f"updated_at:>='{ago}' updated_at:<'{soon}'") == made
    # Without a zone the moment is on the shop's clock, seven hours ahead of UTC.
    assert found(f"updated_at:>={soon[:-1]}") == made


def test_stock_follows_the_order(shop: Shopify) -> None:
    list_on_shopify(shop, stock=10)
    order_id = buy_on_shopify(shop, {"sku": "AO-THUN", "quantity": 3}).json()["order_id"]
    assert figures(shop) == (10, 3, 7)
    (work,) = work_of(shop, order_id)
    assert (work["status"], work["supportedActions"][0]["action"]) == ("OPEN", "CREATE_FULFILLMENT")
    line = work["lineItems"]["nodes"][0]
    assert (line["totalQuantity"], line["remainingQuantity"]) == (3, 3)
    tracking = {"company": "GHN", "number": "GHN123", "url": "https://ghn.example/GHN123"}
    part = {"fulfillmentOrderId": work["id"], "fulfillmentOrderLineItems": [{"id": line["id"], "quantity": 1}]}
    made = fulfil(shop, part, trackingInfo=tracking, notifyCustomer=False)
    assert made["userErrors"] == []
    assert (made["fulfillment"]["status"], made["fulfillment"]["trackingInfo"]) == ("SUCCESS", [tracking])
    assert figures(shop) == (9, 2, 7)
    assert [one["status"] for one in work_of(shop, order_id)] == ["IN_PROGRESS"]
    assert fulfil(shop, {"fulfillmentOrderId": work["id"]})["userErrors"] == []
    assert figures(shop) == (7, 0, 7)
    got = shop.ask(WORK, {"id": gid("Order", order_id)})["order"]
    assert (got["displayFulfillmentStatus"], got["fulfillmentOrders"]["nodes"][0]["status"]) == ("FULFILLED", "CLOSED")
    again = fulfil(shop, {"fulfillmentOrderId": work["id"]})
    assert "unfulfillable status= closed" in again["userErrors"][0]["message"]
    update = "mutation T($id: ID!, $t: FulfillmentTrackingInput!) { fulfillmentTrackingInfoUpdate(fulfillmentId: $id,"
    update += " trackingInfoInput: $t) { fulfillment { trackingInfo { number } } userErrors { message } } }"
    values = {"id": made["fulfillment"]["id"], "t": {"numbers": ["GHN999"]}}
    told = shop.ask(update, values)["fulfillmentTrackingInfoUpdate"]
    assert told == {"fulfillment": {"trackingInfo": [{"number": "GHN999"}]}, "userErrors": []}
    assert shop.ask(update, values | {"id": "gid://shopify/Fulfillment/1"})["fulfillmentTrackingInfoUpdate"][
        "userErrors"
    ]
    for step, status in (("shipped", "IN_TRANSIT"), ("delivered", "DELIVERED")):
        advance(shop, order_id, step)
        asked = "query O($id: ID!) { order(id: $id) { fulfillments(first: 1) { displayStatus } } }"
        assert shop.ask(asked, {"id": gid("Order", order_id)})["order"]["fulfillments"] == [{"displayStatus": status}]


def test_a_parcel_holds_units_of_one_order_and_place(box: Sandbox) -> None:
    shop = open_shopify(box, locations=["Kho HCM", "Kho HN"])
    _, _, item_id = list_on_shopify(shop, stock=2)
    shop.set_stock(shop.row(item_id, 5, 0, place=1))
    order_id = buy_on_shopify(shop, {"sku": "AO-THUN", "quantity": 4}).json()["order_id"]
    here, there = work_of(shop, order_id)
    assert [one["assignedLocation"]["location"]["id"] for one in (here, there)] == [
        gid("Location", one) for one in shop.locations
    ]
    assert (shop.level(item_id, 0), shop.level(item_id, 1)) == ((0, 2, 2), (3, 2, 5))
    ids = [{"fulfillmentOrderId": one["id"]} for one in (here, there)]
    assert "same location" in fulfil(shop, *ids)["userErrors"][0]["message"]
    other_id = buy_on_shopify(shop, {"sku": "AO-THUN"}).json()["order_id"]
    other = {"fulfillmentOrderId": work_of(shop, other_id)[0]["id"]}
    assert "same order" in fulfil(shop, ids[1], other)["userErrors"][0]["message"]
    assert fulfil(shop, {"fulfillmentOrderId": "gid://shopify/FulfillmentOrder/1"})["userErrors"]
    line = here["lineItems"]["nodes"][0]["id"]
    many = ids[0] | {"fulfillmentOrderLineItems": [{"id": line, "quantity": 3}]}
    assert "quantity requested" in fulfil(shop, many)["userErrors"][0]["message"]
    assert fulfil(shop)["userErrors"]
    assert shop.refused(FULFIL, {"f": {}})[0] == "INVALID_VARIABLE"
    assert figures(shop) == (7, 5, 2)

    move = """mutation M($id: ID!, $to: ID!, $l: [FulfillmentOrderLineItemInput!]) {
      fulfillmentOrderMove(id: $id, newLocationId: $to, fulfillmentOrderLineItems: $l) {
        movedFulfillmentOrder { id } remainingFulfillmentOrder { id } userErrors { message } } }"""
    to = {"id": here["id"], "to": gid("Location", shop.locations[1])}
    part = shop.ask(move, to | {"l": [{"id": line, "quantity": 1}]})["fulfillmentOrderMove"]
    assert (part["remainingFulfillmentOrder"]["id"], part["userErrors"]) == (here["id"], [])
    assert part["movedFulfillmentOrder"]["id"] not in (here["id"], there["id"])
    assert (shop.level(item_id, 0), shop.level(item_id, 1)) == ((1, 1, 2), (1, 4, 5))
    rest = shop.ask(move, to)["fulfillmentOrderMove"]
    assert (rest["movedFulfillmentOrder"]["id"], rest["remainingFulfillmentOrder"]) == (here["id"], None)
    assert (shop.level(item_id, 0), shop.level(item_id, 1)) == ((2, 0, 2), (0, 5, 5))
    assert shop.ask(move, to)["fulfillmentOrderMove"]["userErrors"]
    assert shop.ask(move, to | {"to": gid("Location", 1)})["fulfillmentOrderMove"]["userErrors"]
    assert shop.ask(move, to | {"id": gid("FulfillmentOrder", 1)})["fulfillmentOrderMove"]["userErrors"]
    ready = [{"fulfillmentOrderId": one["id"]} for one in work_of(shop, order_id)]
    assert fulfil(shop, *ready)["userErrors"] == []
    assert shop.level(item_id, 1) == (0, 1, 1)


CANCEL = """mutation C($id: ID!, $r: OrderCancelReason!, $s: Boolean!) { orderCancel(orderId: $id, reason: $r, restock: $s,
  refundMethod: {originalPaymentMethodsRefund: true}, notifyCustomer: false) {
  job { id done } orderCancelUserErrors { code field message } userErrors { message } } }"""


@pytest.mark.parametrize(("restock", "left"), [(True, (10, 0, 10)), (False, (7, 0, 7))])
def test_an_order_is_cancelled(shop: Shopify, restock: bool, left: tuple[int, int, int]) -> None:
    list_on_shopify(shop, stock=10)
    order_id = buy_on_shopify(shop, {"sku": "AO-THUN", "quantity": 3}).json()["order_id"]
    values = {"id": gid("Order", order_id), "r": "INVENTORY", "s": restock}
    job = shop.ask(CANCEL, values)["orderCancel"]["job"]
    assert job["done"] is False
    assert shop.ask("query J($id: ID!) { job(id: $id) { done } }", {"id": job["id"]}) == {"job": {"done": True}}
    asked = "query O($id: ID!) { order(id: $id) { cancelledAt cancelReason displayFinancialStatus lineItems(first: 1) { nodes"
    asked += " { quantity currentQuantity } } } }"
    got = shop.ask(asked, {"id": values["id"]})["order"]
    assert got["cancelledAt"]
    assert (got["cancelReason"], got["displayFinancialStatus"]) == ("INVENTORY", "REFUNDED")
    assert got["lineItems"]["nodes"] == [{"quantity": 3, "currentQuantity": 0}]
    assert figures(shop) == left
    again = shop.ask(CANCEL, values)["orderCancel"]
    assert (again["job"], again["orderCancelUserErrors"][0]["code"]) == (None, "INVALID")
    assert (
        shop.ask(CANCEL, values | {"id": gid("Order", 1)})["orderCancel"]["orderCancelUserErrors"][0]["code"]
        == "NOT_FOUND"
    )
    assert shop.ask(CANCEL, values | {"r": "WHIM"})["orderCancel"]["orderCancelUserErrors"][0]["code"] == "INVALID"


def test_what_was_sent_is_not_cancelled_but_given_back(shop: Shopify) -> None:
    list_on_shopify(shop, stock=10)
    order_id = buy_on_shopify(shop, {"sku": "AO-THUN", "quantity": 3}).json()["order_id"]
    advance(shop, order_id, "arranged", tracking="GHN1")
    refused = shop.ask(CANCEL, {"id": gid("Order", order_id), "r": "CUSTOMER", "s": True})["orderCancel"]
    assert "outstanding fulfillments" in refused["orderCancelUserErrors"][0]["message"]
    assert figures(shop) == (7, 0, 7)
    assert advance(shop, order_id, "return") == {"order_id": order_id, "status": "REFUNDED", "fulfilment": "FULFILLED"}
    assert figures(shop) == (10, 0, 10)
    other = buy_on_shopify(shop, {"sku": "AO-THUN", "quantity": 2}).json()["order_id"]
    advance(shop, other, "refund")
    assert figures(shop) == (8, 0, 8)
    url = f"{shop.box.url}/control/shopify/orders/{other}/advance"
    for step in ("refund", "buyer_cancel_request", "shipped", "arranged", "paid"):
        assert shop.box.http.post(url, json={"to": step}).status_code == 409


def test_a_pending_order_is_marked_as_paid(shop: Shopify) -> None:
    list_on_shopify(shop)
    order_id = buy_on_shopify(shop, {"sku": "AO-THUN"}, cod=True).json()["order_id"]
    asked = "mutation P($id: ID!) { orderMarkAsPaid(input: {id: $id}) { order { displayFinancialStatus }"
    asked += " userErrors { message } } }"
    values = {"id": gid("Order", order_id)}
    assert shop.ask(asked, values)["orderMarkAsPaid"] == {"order": {"displayFinancialStatus": "PAID"}, "userErrors": []}
    assert shop.ask(asked, values)["orderMarkAsPaid"]["userErrors"]
    assert shop.ask(asked, {"id": gid("Order", 1)})["orderMarkAsPaid"]["userErrors"]


def test_with_life_on_an_order_goes_on_by_itself(box: Sandbox, shop: Shopify) -> None:
    box.control("POST", "/settings", {"life": True, "life_pay_s": 0.05, "life_pickup_s": 0.05, "life_deliver_s": 0.05})
    list_on_shopify(shop)
    order_id = buy_on_shopify(shop, {"sku": "AO-THUN"}, unpaid=True).json()["order_id"]
    asked = "query O($id: ID!) { order(id: $id) { displayFinancialStatus fulfillments(first: 1) { displayStatus } } }"

    def seen() -> Any:
        return shop.ask(asked, {"id": gid("Order", order_id)})["order"]

    wait_for(lambda: seen()["displayFinancialStatus"] == "PAID")
    advance(shop, order_id, "arranged")
    wait_for(lambda: seen()["fulfillments"] == [{"displayStatus": "DELIVERED"}])
    box.control("POST", "/settings", {"life": False})


# -- buying


def test_fifty_buyers_get_no_more_than_there_is(shop: Shopify) -> None:
    list_on_shopify(shop, stock=20)

    def visit(_: int) -> list[int]:
        with httpx.Client(timeout=60) as client:
            body = {"shop": shop.shop_id, "lines": [{"sku": "AO-THUN", "quantity": 1}]}
            return [client.post(f"{shop.box.url}/shopify/buy", json=body).status_code for _ in range(2)]

    with ThreadPoolExecutor(25) as pool:
        answers = [status for found in pool.map(visit, range(25)) for status in found]
    assert (answers.count(201), answers.count(409)) == (20, 30)
    assert figures(shop) == (20, 20, 0)


def test_an_order_is_placed_whole_or_not_at_all(shop: Shopify) -> None:
    list_on_shopify(shop, "A", stock=5)
    product_id, _, _ = list_on_shopify(shop, "B", stock=1)
    refused = buy_on_shopify(shop, {"sku": "A", "quantity": 2}, {"sku": "B"}, {"sku": "B"})
    assert (refused.status_code, refused.json()["error"], refused.json()["available"]) == (409, "sold_out", 1)
    assert figures(shop, "A") == (5, 0, 5)
    for line in ({"sku": "?"}, {"model_id": 1}, {"sku": "A", "quantity": 0}, {"item_id": product_id}):
        assert buy_on_shopify(shop, line).status_code in (404, 422)


def test_a_variant_may_be_sold_when_there_is_none(shop: Shopify) -> None:
    product_id, variant_id, item_id = list_on_shopify(shop, stock=1)
    asked = "mutation P($id: ID!, $v: [ProductVariantsBulkInput!]!) { productVariantsBulkUpdate(productId: $id, variants: $v)"
    asked += " { userErrors { code } } }"
    row = {"id": gid("ProductVariant", variant_id), "inventoryPolicy": "CONTINUE"}
    shop.ask(asked, {"id": gid("Product", product_id), "v": [row]})
    assert buy_on_shopify(shop, {"sku": "AO-THUN", "quantity": 3}).status_code == 201
    assert shop.level(item_id) == (-2, 3, 1)


def test_a_shopper_sees_and_buys(shop: Shopify) -> None:
    product_id, variant_id, _ = list_on_shopify(shop, models=TWO)
    box = shop.box
    assert "Áo thun cotton" in box.http.get(f"{box.url}/shopify/").text
    assert "Đen" in box.http.get(f"{box.url}/shopify/item/{product_id}").text
    form = {"item_id": product_id, "variant": variant_id, "quantity": 5, "name": "An", "phone": "0901234567"}
    assert "Đơn hàng" in box.http.post(f"{box.url}/shopify/buy", data=form, follow_redirects=True).text
    seen = box.http.get(f"{box.url}/shopify/item/{product_id}.json").json()
    assert seen["stock"] == {str(variant_id): 0, str(variant_id + 1): 3}
    assert box.http.post(f"{box.url}/shopify/buy", data=form).status_code == 409
    assert box.http.get(f"{box.url}/shopify/order/1").status_code == 404


# -- webhooks

SUBSCRIBE = """mutation W($t: WebhookSubscriptionTopic!, $w: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $t, webhookSubscription: $w) {
    webhookSubscription { id topic uri endpoint { ... on WebhookHttpEndpoint { callbackUrl } } }
    userErrors { field message } } }"""


def subscribe(shop: Shopify, topic: str, sent: dict[str, Any]) -> Any:
    return shop.ask(SUBSCRIBE, {"t": topic, "w": sent})["webhookSubscriptionCreate"]


def test_subscriptions_are_managed(box: Sandbox, shop: Shopify) -> None:
    made = subscribe(shop, "ORDERS_CREATE", {"uri": "https://app.example/hook", "format": "JSON"})
    assert made["userErrors"] == []
    row = made["webhookSubscription"]
    assert (row["topic"], row["endpoint"]["callbackUrl"]) == ("ORDERS_CREATE", "https://app.example/hook")
    again = subscribe(shop, "ORDERS_CREATE", {"callbackUrl": "https://app.example/hook"})
    assert again["userErrors"][0]["message"] == "Address for this topic has already been taken"
    assert subscribe(shop, "ORDERS_UPDATED", {"uri": "ftp://x"})["userErrors"][0]["message"] == "Address is invalid"
    assert shop.refused(SUBSCRIBE, {"t": "ORDERS_FLOWN", "w": {"uri": "https://x"}})[0] == "INVALID_VARIABLE"
    listed = "{ webhookSubscriptions(first: 5, topics: [ORDERS_CREATE]) { nodes { id uri } } }"
    update = "mutation U($id: ID!, $w: WebhookSubscriptionInput!) { webhookSubscriptionUpdate(id: $id, webhookSubscription: $w)"
    update += " { userErrors { message } } }"
    shop.ask(update, {"id": row["id"], "w": {"uri": "https://app.example/other"}})
    assert shop.ask(listed)["webhookSubscriptions"]["nodes"] == [{"id": row["id"], "uri": "https://app.example/other"}]
    other = box.control("POST", "/shopify/apps", {})
    token = box.control("POST", "/shopify/tokens", {"shop": shop.shop_id, "client_id": other["client_id"]})
    mine, shop.access_token = shop.access_token, token["access_token"]
    assert shop.ask(listed)["webhookSubscriptions"]["nodes"] == []
    shop.access_token = mine
    delete = "mutation D($id: ID!) { webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { message } } }"
    gone = shop.ask(delete, {"id": row["id"]})["webhookSubscriptionDelete"]
    assert gone == {"deletedWebhookSubscriptionId": row["id"], "userErrors": []}
    assert shop.ask(delete, {"id": row["id"]})["webhookSubscriptionDelete"]["userErrors"]
    assert shop.ask(update, {"id": row["id"], "w": {"uri": "https://x"}})["webhookSubscriptionUpdate"]["userErrors"]


def test_a_sale_is_told_signed(box: Sandbox, shop: Shopify, hook: Hook) -> None:
    for topic in ("ORDERS_CREATE", "ORDERS_UPDATED", "ORDERS_CANCELLED", "INVENTORY_LEVELS_UPDATE"):
        subscribe(shop, topic, {"uri": hook.url})
    _, _, item_id = list_on_shopify(shop)
    order_id = buy_on_shopify(shop, {"sku": "AO-THUN", "quantity": 2}).json()["order_id"]
    wait_for(partial(hook.has, 2))
    assert sorted(hook.topics()) == ["inventory_levels/update", "orders/create"]
    for headers, body in hook.received:
        digest = hmac.new(shop.client_secret.encode(), body, hashlib.sha256).digest()
        assert headers["x-shopify-hmac-sha256"] == base64.b64encode(digest).decode()
        assert headers["x-shopify-shop-domain"] == f"{shop.shop_id}.myshopify.com"
        assert headers["x-shopify-api-version"] == "2026-07"
        assert uuid.UUID(headers["x-shopify-webhook-id"]) != uuid.UUID(headers["x-shopify-event-id"])
        assert headers["x-shopify-triggered-at"].endswith("Z")
    told = {headers["x-shopify-topic"]: httpx.Response(200, content=body).json() for headers, body in hook.received}
    level, order = told["inventory_levels/update"], told["orders/create"]
    assert (level["inventory_item_id"], level["location_id"], level["available"]) == (item_id, shop.locations[0], 8)
    assert (order["id"], order["name"], order["financial_status"], order["fulfillment_status"]) == (
        order_id,
        "#1001",
        "paid",
        None,
    )
    assert (order["total_price"], order["line_items"][0]["sku"], order["line_items"][0]["quantity"]) == (
        "198000",
        "AO-THUN",
        2,
    )
    assert order["updated_at"].endswith("+07:00")
    advance(shop, order_id, "buyer_cancel")
    wait_for(partial(hook.has, 5))
    last = [headers for headers, body in hook.received[2:] if headers["x-shopify-topic"].startswith("orders/")]
    assert {one["x-shopify-topic"] for one in last} == {"orders/updated", "orders/cancelled"}
    assert len({one["x-shopify-event-id"] for one in last}) == 1
    assert len({one["x-shopify-webhook-id"] for one in last}) == 2


def test_a_delivery_is_repeated_under_its_id_and_the_subscription_dies_at_last(box: Sandbox, hook: Hook) -> None:
    box.control("POST", "/settings", {"notice_retry_scale": 0.0001})
    hook.status = 500
    shop = open_shopify(box, callback_url=hook.url, topics=["orders/create"])
    list_on_shopify(shop)
    buy_on_shopify(shop, {"sku": "AO-THUN"})
    wait_for(partial(hook.has, 9), 10)
    assert len({headers["x-shopify-webhook-id"] for headers, _ in hook.received}) == 1
    path = f"/shopify/webhooks?shop={shop.shop_id}"
    wait_for(lambda: box.control("GET", path)["webhooks"] == [])
    assert len(hook.received) == 9


def test_a_success_forgets_the_failures(box: Sandbox, hook: Hook) -> None:
    box.control("POST", "/settings", {"notice_retry_scale": 0.001})
    hook.status = 500
    shop = open_shopify(box, callback_url=hook.url, topics=["orders/create"])
    list_on_shopify(shop)
    buy_on_shopify(shop, {"sku": "AO-THUN"})
    wait_for(partial(hook.has, 2))
    hook.status = 200
    wait_for(partial(hook.has, 3))
    path = f"/shopify/webhooks?shop={shop.shop_id}"
    wait_for(lambda: box.control("GET", path)["webhooks"][0]["failures"] == 0)


def test_a_rotated_secret_signs_after_an_hour(box: Sandbox, shop: Shopify, hook: Hook) -> None:
    subscribe(shop, "PRODUCTS_CREATE", {"uri": hook.url})
    fresh = box.control("POST", "/shopify/apps", {"client_id": shop.client_id, "client_secret": "shpss_moi"})
    assert fresh["client_secret"] == "shpss_moi"
    list_on_shopify(shop, "A")
    wait_for(partial(hook.has, 1))
    box.control("POST", "/clock", {"advance_s": 3601})
    list_on_shopify(shop, "B")
    wait_for(partial(hook.has, 2))
    signed = [
        base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
        for secret, (_, body) in zip((shop.client_secret, "shpss_moi"), hook.received, strict=True)
    ]
    assert signed == [headers["x-shopify-hmac-sha256"] for headers, _ in hook.received]


def test_an_app_that_is_taken_out_is_told_and_shut_out(box: Sandbox, shop: Shopify, hook: Hook) -> None:
    subscribe(shop, "APP_UNINSTALLED", {"uri": hook.url})
    subscribe(shop, "ORDERS_CREATE", {"uri": hook.url})
    list_on_shopify(shop)
    box.control("POST", "/shopify/uninstall", {"shop": shop.shop_id})
    assert shop.reply("{ shop { name } }").status_code == 401
    buy_on_shopify(shop, {"sku": "AO-THUN"})
    wait_for(partial(hook.has, 1))
    path = f"/shopify/webhooks?shop={shop.shop_id}"
    wait_for(lambda: box.control("GET", path)["webhooks"] == [])
    assert hook.topics() == ["app/uninstalled"]


# -- faults, memory


def test_the_platform_answers_with_errors(box: Sandbox, shop: Shopify) -> None:
    box.fault(kind="rate_limit", market="shopify", shop=shop.shop_id, count=1)
    reply = shop.reply("{ shop { name } }")
    assert (reply.status_code, reply.json()["errors"][0]["extensions"]["code"]) == (200, "THROTTLED")
    box.fault(kind="invalid_token", market="shopify", path=f"{shop.base_path}/admin/api", count=1)
    assert shop.reply("{ shop { name } }").status_code == 401
    assert shop.reply("{ shop { name } }").status_code == 200
    assert box.http.get(f"{box.url}/shopify/shops/none/admin/api/2026-07/graphql.json").status_code == 404


def test_reads_can_be_stale(box: Sandbox, shop: Shopify) -> None:
    _, _, item_id = list_on_shopify(shop, stock=10)
    box.fault(kind="stale_reads", ms=60_000)
    shop.set_stock(shop.row(item_id, 3))
    buy_on_shopify(shop, {"sku": "AO-THUN"})
    assert shop.level(item_id) == (10, 0, 10)
    assert shop.ask("{ orders(first: 5) { nodes { id } } }")["orders"]["nodes"] == []
    # A write compares with the true figure, however old the reads are.
    assert codes(shop.set_stock(shop.row(item_id, 9, 10)))[0][0] == "CHANGE_FROM_QUANTITY_STALE"
    box.control("DELETE", "/faults")
    assert shop.level(item_id) == (2, 1, 3)
    assert len(shop.ask("{ orders(first: 5) { nodes { id } } }")["orders"]["nodes"]) == 1


def test_a_killed_process_comes_back_with_everything(tmp_path: Path) -> None:
    box = Sandbox(tmp_path / "state").start()
    try:
        shop = open_shopify(box, callback_url="http://127.0.0.1:9/", topics=["orders/create"])
        _, _, item_id = list_on_shopify(shop, models=TWO)
        order_id = buy_on_shopify(shop, {"sku": "AO-DO", "quantity": 2}).json()["order_id"]
        advance(shop, order_id, "arranged", tracking="GHN1")
        key = str(uuid.uuid4())
        done = shop.set_stock(shop.row(item_id, 1, 3), key=key)

        def state() -> list[Any]:
            names = ("stock", "orders")
            seen = [box.control("GET", f"/shopify/{name}?shop={shop.shop_id}") for name in names]
            hooks = box.control("GET", f"/shopify/webhooks?shop={shop.shop_id}")["webhooks"]
            return [*seen, [one["topic"] for one in hooks], work_of(shop, order_id), shop.level(item_id)]

        before = state()
        box.stop(signal.SIGKILL)
        box.start()
        assert state() == before
        assert shop.set_stock(shop.row(item_id, 1, 3), key=key) == done
        assert buy_on_shopify(shop, {"sku": "AO-DEN"}).json()["name"] == "#1002"
    finally:
        box.stop()


def test_control_refuses_nonsense(box: Sandbox, shop: Shopify) -> None:
    def asked(path: str, body: object) -> int:
        return box.http.post(f"{box.url}/control/shopify{path}", json=body).status_code

    assert asked("/shops", {"shop_id": shop.shop_id}) == 409
    assert asked("/shops", {"shop_id": "A B"}) == 422
    assert asked("/shops", {"locations": []}) == 422
    assert asked("/tokens", {"shop": "none"}) == 404
    assert asked("/tokens", {"shop": shop.shop_id, "client_id": "none"}) == 404
    assert asked("/webhooks", {"shop": shop.shop_id, "callback_url": "http://x", "topics": ["orders/flown"]}) == 422
    assert asked("/listings", {"shop": shop.shop_id, "listings": [{"name": "x", "status": "GONE"}]}) == 422
    assert asked("/orders/1/advance", {"to": "paid"}) == 404
    assert box.http.get(f"{box.url}/control/shopify/listing?shop=none&sku=x").status_code == 404
    summary = box.control("GET", "")["shopify"]
    assert summary == {"apps": [shop.client_id], "shops": {shop.shop_id: "Áo Việt"}, "products": 0, "orders": 0}
