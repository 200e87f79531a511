"""The stand-in of Tiki behaves as the protocol notes say."""

from __future__ import annotations

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.sandbox.driving import Sandbox
from tests.sandbox.selling_tiki import Tiki, open_tiki

VIETNAM = timezone(timedelta(hours=7))
HERE = "https://erp.example.vn/cb/tiki?x=1"
SCOPE = "offline product order inventory"


@pytest.fixture
def tiki(box: Sandbox) -> Tiki:
    box.control("POST", "/settings", {"tiki_event_delay_s": 0})
    return open_tiki(box)


# -- the token endpoint

VECTORS: list[tuple[str, str, str, str, tuple[int, str]]] = [
    (
        "7590139168389961",
        "mHHmX4JH-p-NSDUH8Y0ZU~lyFuz",
        "Basic NzU5MDEzOTE2ODM4OTk2MTptSEhtWDRKSC1wLU5TRFVIOFkwWlV+bHlGdXo=",
        "grant_type=client_credentials",
        (200, ""),
    ),
    (
        "1234567890123456",
        "sEcrEt/with+plus=and:colon",
        "Basic MTIzNDU2Nzg5MDEyMzQ1NjpzRWNyRXQvd2l0aCtwbHVzPWFuZDpjb2xvbg==",
        (
            "grant_type=authorization_code&code=cDzrX2vfBnp0m3Kq.Xb4"
            "&redirect_uri=https%3A%2F%2Ferp.example.vn%2Fcb%2Ftiki%3Fx%3D1&client_id=1234567890123456"
        ),
        (400, "invalid_grant"),
    ),
    (
        "7590139168389961",
        "mHHmX4JH-p-NSDUH8Y0ZU~lyFuz",
        "Basic NzU5MDEzOTE2ODM4OTk2MTptSEhtWDRKSC1wLU5TRFVIOFkwWlV+bHlGdXo=",
        "grant_type=refresh_token&refresh_token=R1.abc-DEF_ghi&client_id=7590139168389961",
        (400, "invalid_grant"),
    ),
    (
        "7590139168389961",
        "mHHmX4JH-p-NSDUH8Y0ZU~lyFuz",
        "",
        "grant_type=client_credentials&client_id=7590139168389961&client_secret=mHHmX4JH-p-NSDUH8Y0ZU~lyFuz",
        (200, ""),
    ),
]
"""Captured requests: client, secret, Authorization, body; whose code and refresh token nobody here issued."""


@pytest.mark.parametrize(("key", "secret", "header", "body", "outcome"), VECTORS)
def test_captured_token_requests_are_understood(
    box: Sandbox, key: str, secret: str, header: str, body: str, outcome: tuple[int, str]
) -> None:
    box.control("POST", "/tiki/apps", {"app_key": key, "app_secret": secret})
    headers = {"content-type": "application/x-www-form-urlencoded"} | ({"authorization": header} if header else {})
    reply = box.http.post(f"{box.url}/sc/oauth2/token", content=body, headers=headers)
    assert (reply.status_code, reply.json().get("error", "")) == outcome
    wrong = body.replace("client_secret=m", "client_secret=n")
    headers["authorization"] = header[:-6] + "AAAAA=" if header else ""
    reply = box.http.post(f"{box.url}/sc/oauth2/token", content=wrong, headers=headers)
    assert (reply.status_code, reply.json()["error"]) == (401, "invalid_client")


def test_an_app_may_be_registered_for_one_way_to_authenticate(tiki: Tiki) -> None:
    tiki.box.control("POST", "/tiki/apps", {"app_key": tiki.app_key, "auth_method": "client_secret_post"})
    assert tiki.grant(grant_type="client_credentials").status_code == 401
    form = {"grant_type": "client_credentials", "client_id": tiki.app_key, "client_secret": tiki.app_secret}
    assert tiki.box.http.post(f"{tiki.box.url}/sc/oauth2/token", data=form).status_code == 200


def test_the_token_endpoint_takes_forms_alone_and_known_grants(tiki: Tiki) -> None:
    url, auth = f"{tiki.box.url}/sc/oauth2/token", (tiki.app_key, tiki.app_secret)
    as_json = tiki.box.http.post(url, json={"grant_type": "client_credentials"}, auth=auth)
    assert (as_json.status_code, as_json.json()["error"]) == (400, "invalid_request")
    assert tiki.box.http.get(url, auth=auth).status_code == 405
    assert tiki.grant(grant_type="password").json()["error"] == "unsupported_grant_type"
    other = tiki.grant(grant_type="client_credentials", client_id="1")
    assert other.json()["error"] == "invalid_request"


def test_a_code_works_once_and_for_ten_minutes(tiki: Tiki) -> None:
    def code() -> str:
        return str(tiki.box.control("POST", "/tiki/codes", {"seller": tiki.seller_id})["code"])

    first = code()
    made = tiki.grant(grant_type="authorization_code", code=first).json()
    assert (made["token_type"], made["expires_in"]) == ("bearer", 86399)
    assert tiki.reply("GET", "v2/sellers/me", token=made["access_token"]).json()["sid"] == tiki.sid
    assert tiki.grant(grant_type="authorization_code", code=first).json()["error"] == "invalid_grant"
    late = code()
    tiki.box.control("POST", "/clock", {"advance_s": 601})
    assert tiki.grant(grant_type="authorization_code", code=late).json()["error"] == "invalid_grant"


def test_a_code_is_of_one_app(tiki: Tiki) -> None:
    code = tiki.box.control("POST", "/tiki/codes", {"seller": tiki.seller_id})["code"]
    thief = open_tiki(tiki.box)
    assert thief.grant(grant_type="authorization_code", code=code).json()["error"] == "invalid_grant"


def test_tokens_run_out_and_are_renewed(tiki: Tiki) -> None:
    tiki.box.control("POST", "/clock", {"advance_s": 86400})
    assert tiki.refused("GET", "v2/sellers/me")[0] == 401
    made = tiki.grant(grant_type="refresh_token", refresh_token=tiki.refresh_token).json()
    assert tiki.reply("GET", "v2/sellers/me", token=made["access_token"]).status_code == 200
    again = tiki.grant(grant_type="refresh_token", refresh_token=tiki.refresh_token)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    tiki.box.control("POST", "/clock", {"advance_s": 31 * 86400})
    late = tiki.grant(grant_type="refresh_token", refresh_token=made["refresh_token"])
    assert late.json()["error"] == "invalid_grant"


def test_there_is_no_refresh_token_without_the_scope_offline(tiki: Tiki) -> None:
    code = tiki.box.control("POST", "/tiki/codes", {"seller": tiki.seller_id, "scopes": ["order"]})["code"]
    made = tiki.grant(grant_type="authorization_code", code=code).json()
    assert made["scope"] == "order"
    assert "refresh_token" not in made


def test_an_in_house_app_acts_for_its_seller(box: Sandbox) -> None:
    tiki = open_tiki(box, in_house=True)
    token = tiki.app_token()
    assert tiki.reply("GET", "v2/sellers/me", token=token).json()["id"] == int(tiki.seller_id)


def test_the_token_of_a_public_app_has_no_seller(tiki: Tiki) -> None:
    assert tiki.refused("GET", "v2/sellers/me", token=tiki.app_token())[0] == 403
    asked = tiki.grant(grant_type="client_credentials", scope="offline")
    assert asked.json()["error"] == "invalid_scope"


# -- the consent page


def ask(tiki: Tiki, **changes: str) -> httpx.Response:
    query = {"response_type": "code", "client_id": tiki.app_key, "redirect_uri": HERE, "scope": SCOPE}
    query |= {"state": "st4te-of-8", **changes}
    return tiki.box.http.get(f"{tiki.box.url}/sc/oauth2/auth", params=query)


def test_a_seller_lets_an_app_in(tiki: Tiki) -> None:
    page = ask(tiki)
    assert (page.status_code, "Áo Việt" in page.text) == (200, True)
    form = {"response_type": "code", "client_id": tiki.app_key, "redirect_uri": HERE, "scope": SCOPE}
    form |= {"state": "st4te-of-8", "owner": tiki.seller_id}
    back = tiki.box.http.post(f"{tiki.box.url}/sc/oauth2/auth", data=form)
    target = back.headers["location"]
    query = parse_qs(urlsplit(target).query)
    assert target.startswith("https://erp.example.vn/cb/tiki?x=1&")
    assert (query["scope"], query["state"]) == ([SCOPE], ["st4te-of-8"])
    (code,) = query["code"]
    astray = tiki.grant(grant_type="authorization_code", code=code, redirect_uri="https://evil.example/")
    assert astray.json()["error"] == "invalid_grant"
    made = tiki.grant(grant_type="authorization_code", code=code, redirect_uri=HERE).json()
    assert tiki.reply("GET", "v2/products", token=made["access_token"]).status_code == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"state": "short"}, "invalid_state"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
    ],
)
def test_a_bad_wish_for_consent_is_told_to_the_app(tiki: Tiki, changes: dict[str, str], error: str) -> None:
    back = ask(tiki, **changes)
    query = parse_qs(urlsplit(back.headers["location"]).query)
    assert query["error"] == [error]
    assert query["error_description"]


def test_a_stranger_is_not_redirected_to(tiki: Tiki) -> None:
    assert ask(tiki, client_id="1").status_code == 422
    assert ask(tiki, redirect_uri="javascript:alert(1)").status_code == 422
    tiki.box.control("POST", "/tiki/apps", {"app_key": tiki.app_key, "redirect_uris": [HERE]})
    assert ask(tiki).status_code == 200
    assert ask(tiki, redirect_uri="https://evil.example/").status_code == 422
    form = {"response_type": "code", "client_id": tiki.app_key, "redirect_uri": HERE, "scope": SCOPE}
    form |= {"state": "st4te-of-8", "owner": "7"}
    assert tiki.box.http.post(f"{tiki.box.url}/sc/oauth2/auth", data=form).status_code == 422


# -- the door


def test_the_door_asks_for_a_living_token(tiki: Tiki) -> None:
    assert tiki.refused("GET", "v2/orders", token="gone")[0] == 401
    assert tiki.refused("GET", "v2/orders", token=tiki.refresh_token)[0] == 401
    url = f"{tiki.box.url}/integration/v2/orders"
    assert tiki.box.http.get(url, headers={"tiki-api": tiki.access_token}).status_code == 401


def test_paths_and_methods_are_known_or_refused(tiki: Tiki) -> None:
    assert tiki.refused("GET", "v2/nowhere")[0] == 404
    assert tiki.refused("GET", "v9/products")[0] == 404
    assert tiki.refused("GET", "v2.1/orders")[0] == 404
    assert tiki.refused("POST", "v2/orders")[0] == 405


@pytest.mark.parametrize(
    ("path", "scope"), [("v2/orders", "order"), ("v2.1/products", "product"), ("v2/sellers/me/warehouses", "inventory")]
)
def test_a_token_does_what_its_scopes_allow(tiki: Tiki, path: str, scope: str) -> None:
    def token(scopes: list[str]) -> str:
        asked = {"seller": tiki.seller_id, "scopes": scopes}
        return str(tiki.box.control("POST", "/tiki/tokens", asked)["access_token"])

    others = [one for one in ("order", "product", "inventory") if one != scope]
    status, error = tiki.refused("GET", path, token=token(others))
    assert (status, scope in error) == (403, True)
    assert tiki.reply("GET", path, token=token([scope])).status_code == 200


def test_calls_are_counted_by_the_second_and_the_minute(tiki: Tiki) -> None:
    tiki.box.control("POST", "/tiki/limits", {"seller": tiki.seller_id, "rate": 0.001, "burst": 2})
    replies = [tiki.reply("GET", "v2/sellers/me") for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert replies[2].json()["errors"]
    seen = [reply.headers["X-RateLimit-Remaining-Second"] for reply in replies]
    assert (seen, replies[0].headers["X-RateLimit-Limit-Second"]) == (["1", "0", "0"], "2")
    tiki.box.control("POST", "/tiki/limits", {"seller": tiki.seller_id, "rate": 1000, "burst": 1000})
    tiki.box.control("POST", "/settings", {"tiki_per_minute": 3})
    replies = [tiki.reply("GET", "v2/sellers/me") for _ in range(4)]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 429]
    assert replies[0].headers["X-RateLimit-Limit-Minute"] == "3"


def test_faults_are_answered_in_the_platforms_own_way(box: Sandbox, tiki: Tiki) -> None:
    box.fault(kind="rate_limit", market="tiki")
    limited = tiki.reply("GET", "v2/orders")
    assert (limited.status_code, limited.headers["X-RateLimit-Remaining-Second"]) == (429, "0")
    assert limited.json()["errors"]
    box.control("DELETE", "/faults")
    box.fault(kind="invalid_token", market="tiki", shop=tiki.seller_id, path="/integration/v2/orders")
    assert tiki.refused("GET", "v2/orders")[0] == 401
    assert tiki.reply("GET", "v2/sellers/me").status_code == 200


# -- sellers and products


def test_a_seller_sees_itself_and_its_warehouses(box: Sandbox) -> None:
    tiki = open_tiki(box, warehouses=["Kho Quận 3", "Kho Hà Nội"])
    me = tiki.get("v2/sellers/me")
    assert (me["id"], me["sid"], me["operation_models"]) == (int(tiki.seller_id), tiki.sid, ["dropship"])
    found = tiki.get("v2/sellers/me/warehouses", status=1, type=1)
    assert [(row["id"], row["name"]) for row in found["data"]] == list(
        zip(tiki.warehouse_ids, ["Kho Quận 3", "Kho Hà Nội"], strict=True)
    )
    assert found["paging"]["total"] == 2
    assert tiki.get("v2/sellers/me/warehouses", status=2)["data"] == []


def test_products_are_listed_by_page_with_their_stock(tiki: Tiki) -> None:
    for number in range(3):
        tiki.lists(f"A-{number}", stock=number)
    page = tiki.get("v2.1/products", limit=2, include="inventory")
    assert [row["original_sku"] for row in page["data"]] == ["A-2", "A-1"]
    assert page["paging"] == {"total": 3, "current_page": 1, "from": 0, "to": 2, "per_page": 2, "last_page": 2}
    inventory = page["data"][0]["inventory"]
    assert (inventory["quantity_available"], inventory["quantity_sellable"]) == (2, 2)
    assert inventory["warehouse_stocks"][0]["warehouse_id"] == tiki.warehouse_ids[0]
    rest = tiki.get("v2/products", limit=2, page=2)
    assert [row["original_sku"] for row in rest["data"]] == ["A-0"]
    assert "inventory" not in rest["data"][0]
    assert tiki.get("v2.1/products", limit=80)["paging"]["per_page"] == 50
    for bad in ("limit=101", "limit=x", "page=0", "active=maybe", "created_from_date=yesterday"):
        assert tiki.refused("GET", f"v2.1/products?{bad}")[0] == 400


def test_products_are_filtered_and_found(tiki: Tiki) -> None:
    _, (first,) = tiki.lists("A-1", name="Quần dài")
    tiki.lists("A-2", status="disabled")
    assert [row["product_id"] for row in tiki.get("v2.1/products", name="quần")["data"]] == [first]
    assert [row["original_sku"] for row in tiki.get("v2.1/products", active=0)["data"]] == ["A-2"]
    assert [row["product_id"] for row in tiki.get("v2/products/findBy", original_sku="A-1")["data"]] == [first]
    assert tiki.get("v2/products/findBy", original_sku="?")["data"] == []
    row = tiki.get(f"v2.1/products/{first}", includes="seller,categories,attributes,inventory,images")
    assert (row["name"], row["inventory"]["quantity_available"], row["seller"]["name"]) == ("Quần dài", 10, "Áo Việt")
    assert tiki.refused("GET", "v2.1/products/1")[0] == 404
    assert open_tiki(tiki.box).refused("GET", f"v2.1/products/{first}")[0] == 404


def test_variants_are_products_under_a_super_product(tiki: Tiki) -> None:
    models = [{"sku": "AO-M", "options": ["Đỏ", "M"], "stock": 1}, {"sku": "AO-L", "options": ["Đỏ", "L"]}]
    item_id, product_ids = tiki.lists(models=models)
    rows = tiki.get("v2.1/products", include="attributes")["data"]
    assert {row["product_id"] for row in rows} == set(product_ids)
    assert {row["super_id"] for row in rows} == {item_id}
    assert {row["name"] for row in rows} == {"Áo thun - Đỏ - M", "Áo thun - Đỏ - L"}


def write(tiki: Tiki, **row: Any) -> None:
    assert tiki.put("v2.1/products/updateSku", row) == {"state": "approved"}


def test_price_stock_and_state_are_written(tiki: Tiki) -> None:
    _, (product_id,) = tiki.lists(market_price=120000)
    (place,) = tiki.warehouse_ids
    quantities = [{"warehouse_id": place, "qty_available": 12}]
    write(tiki, product_id=product_id, price=95000, seller_warehouse=f"{place}", warehouse_quantities=quantities)
    row = tiki.get(f"v2.1/products/{product_id}", includes="inventory")
    assert (row["price"], row["inventory"]["quantity_available"], row["active"]) == (95000, 12, 1)
    tiki.put("v2/products/updateSku", {"original_sku": "AO-THUN", "active": 0})
    row = tiki.get(f"v2.1/products/{product_id}", includes="inventory")
    assert (row["price"], row["inventory"]["quantity_available"], row["active"]) == (95000, 12, 0)
    assert tiki.buy_reply({"sku": "AO-THUN"}).status_code == 409
    write(tiki, product_id=product_id, original_sku="something else", active=True)
    assert tiki.buy_reply({"sku": "AO-THUN"}).status_code == 201


@pytest.mark.parametrize(
    ("row", "status"),
    [
        ({"price": 0}, 422),
        ({"price": 11999}, 422),
        ({"price": "cheap"}, 422),
        ({"seller_warehouse": "7"}, 422),
        ({"warehouse_quantities": [{"warehouse_id": 7, "qty_available": 1}]}, 422),
        ({"warehouse_quantities": [{"qty_available": 1}]}, 422),
        ({"product_id": 7}, 404),
        ({"original_sku": "?"}, 404),
    ],
)
def test_a_bad_write_changes_nothing(tiki: Tiki, row: dict[str, Any], status: int) -> None:
    _, (product_id,) = tiki.lists(market_price=120000)
    good = {"price": 90000, "warehouse_quantities": [{"warehouse_id": tiki.warehouse_ids[0], "qty_available": 5}]}
    named = {} if "original_sku" in row else {"product_id": product_id}
    assert tiki.refused("PUT", "v2.1/products/updateSku", good | named | row)[0] == status
    assert tiki.figures() == (10, 0, 10)
    assert tiki.get(f"v2.1/products/{product_id}")["price"] == 99000


def test_negative_stock_and_no_json_are_refused(tiki: Tiki) -> None:
    tiki.lists()
    row = {
        "original_sku": "AO-THUN",
        "warehouse_quantities": [{"warehouse_id": tiki.warehouse_ids[0], "qty_available": -1}],
    }
    assert tiki.refused("PUT", "v2.1/products/updateSku", row)[0] == 422
    headers = {"Authorization": f"Bearer {tiki.access_token}"}
    url = f"{tiki.box.url}/integration/v2.1/products/updateSku"
    assert tiki.box.http.put(url, content=b"{", headers=headers).status_code == 400


def test_a_written_figure_counts_the_reserved_units(tiki: Tiki) -> None:
    tiki.lists(stock=10)
    tiki.sells(quantity=3)
    assert tiki.figures() == (10, 3, 7)
    quantities = [{"warehouse_id": tiki.warehouse_ids[0], "qty_available": 8}]
    write(tiki, original_sku="AO-THUN", warehouse_quantities=quantities)
    assert tiki.figures() == (8, 3, 5)
    tiki.box.control("POST", "/settings", {"tiki_stock_includes_reserved": False})
    write(tiki, original_sku="AO-THUN", warehouse_quantities=quantities)
    assert tiki.figures() == (11, 3, 8)


def test_a_batch_stands_or_falls_row_by_row_and_clears_other_warehouses(box: Sandbox) -> None:
    tiki = open_tiki(box, warehouses=["A", "B"])
    first, second = tiki.warehouse_ids
    for sku in ("A-1", "A-2", "A-3"):
        tiki.lists(sku, stock=4)
    only_second = [{"warehouse_id": second, "qty_available": 9}]
    rows = [
        {"original_sku": "A-1", "warehouse_quantities": only_second, "status": 2},
        {"original_sku": "A-2", "price": 0, "warehouse_quantities": only_second},
        {"original_sku": "A-3", "price": 98000},
        {"original_sku": 7.5, "price": []},
    ]
    told = tiki.put("v2.1/products/updateSkus", {"data": rows})["data"]
    assert [row["state"] for row in told] == ["approved", "rejected", "approved", "rejected"]
    assert told[1]["errors"] == ["price is invalid"]
    seen = tiki.get("v2/products/findBy", original_sku="A-1", include="inventory")["data"][0]
    by_place = {row["warehouse_id"]: row["quantity_available"] for row in seen["inventory"]["warehouse_stocks"]}
    assert (by_place, seen["active"]) == ({first: 0, second: 9}, 0)
    assert tiki.figures("A-2") == (4, 0, 4)
    assert tiki.figures("A-3") == (4, 0, 4)
    single = {"original_sku": "A-2", "warehouse_quantities": only_second}
    tiki.put("v2.1/products/updateSku", single)
    assert tiki.figures("A-2") == (13, 0, 13)
    assert tiki.refused("PUT", "v2.1/products/updateSkus", {"data": rows[1:2]}) == (422, "price is invalid")
    assert tiki.refused("PUT", "v2.1/products/updateSkus", {"data": []})[0] == 422


def test_a_seller_may_close_its_products_to_the_api(tiki: Tiki) -> None:
    _, (product_id,) = tiki.lists()
    tiki.put("v2/sellers/me/updateCanUpdateProduct", {"can_update_product": 0})
    assert tiki.refused("PUT", "v2.1/products/updateSku", {"product_id": product_id, "price": 90000})[0] == 403


def test_the_sellers_code_of_a_product_changes(tiki: Tiki) -> None:
    _, (product_id,) = tiki.lists("A-1")
    tiki.lists("A-2")
    path = "v2/products/updateOriginalSku"
    assert tiki.refused("POST", path, {"product_id": product_id, "original_sku": "A-2"})[0] == 422
    tiki.post(path, {"product_id": product_id, "original_sku": "A-9"})
    assert tiki.get("v2/products/findBy", original_sku="A-1")["data"] == []
    assert tiki.get("v2/products/findBy", original_sku="A-9")["data"][0]["product_id"] == product_id


# -- requests for products


def a_request(tiki: Tiki, **changes: Any) -> dict[str, Any]:
    (place,) = tiki.warehouse_ids
    stocks = [{"warehouseId": place, "qtyAvailable": 6}]
    variants = [
        {"sku": f"MOI-{size}", "option1": "Đỏ", "option2": size, "price": 99000, "warehouse_stocks": stocks}
        for size in ("M", "L")
    ]
    return {
        "category_id": 27528,
        "name": "Áo mới",
        "description": "Áo thun cotton",
        "market_price": 120000,
        "image": "https://img.example/a.jpg",
        "attributes": {"brand": "OEM", "material": ["Cotton", "Vải tre"], "gender": "Unisex"},
        "option_attributes": ["color", "size"],
        "variants": variants,
        "meta_data": {"is_auto_turn_on": True},
        **changes,
    }


def test_a_product_is_reviewed_and_then_on_sale(tiki: Tiki) -> None:
    tiki.box.control("POST", "/settings", {"tiki_review_s": 1000})
    sent = tiki.post("v2.1/requests", a_request(tiki))
    assert sent["state"] == "queuing"
    path, seen = f"v2/tracking/{sent['track_id']}", []
    for _ in range(4):
        seen.append(tiki.get(path)["state"])
        tiki.box.control("POST", "/clock", {"advance_s": 251})
    assert seen == ["queuing", "processing", "bot_awaiting_approve", "awaiting_approve"]
    assert tiki.get(path)["state"] == "approved"
    assert tiki.figures("MOI-M") == (6, 0, 6)
    (request,) = tiki.get("v2/requests", state="approved")["data"]
    assert [product["original_sku"] for product in request["products"]] == ["MOI-M", "MOI-L"]
    tiki.sells("MOI-L")
    assert tiki.refused("DELETE", f"v2/requests/{request['request_id']}")[0] == 422


def test_a_request_is_rejected_or_taken_back(tiki: Tiki) -> None:
    tiki.box.control("POST", "/settings", {"tiki_review_s": 0})
    track_id = tiki.post("v2.1/requests", a_request(tiki))["track_id"]
    assert tiki.get(f"v2/tracking/{track_id}")["state"] == "awaiting_approve"
    body = {"track_id": track_id, "state": "rejected", "reason": "Ảnh mờ"}
    tiki.box.control("POST", "/tiki/reviews", body)
    seen = tiki.get(f"v2/tracking/{track_id}")
    assert (seen["state"], seen["reason"]) == ("rejected", "Ảnh mờ")
    assert tiki.get("v2.1/products")["data"] == []
    track_id = tiki.post("v2.1/requests", a_request(tiki))["track_id"]
    request_id = tiki.get(f"v2/tracking/{track_id}")["request_id"]
    assert tiki.reply("DELETE", f"v2/requests/{request_id}").json()["state"] == "deleted"
    assert tiki.get(f"v2/requests/{request_id}")["state"] == "deleted"
    assert tiki.refused("GET", "v2/tracking/x")[0] == 404


def test_a_bad_request_for_a_product_is_refused(tiki: Tiki) -> None:
    tiki.lists("CU")
    one: dict[str, Any] = {"sku": "A", "price": 99000, "option1": "Đỏ", "option2": "M"}
    bad: list[tuple[dict[str, Any], str]] = [
        ({"variants": [one | {"sku": "CU"}]}, "taken"),
        ({"option_attributes": ["color", "size", "weight"]}, "option_attributes"),
        ({"option_attributes": []}, "option_attributes"),
        ({"category_id": 1}, "category_id"),
        ({"variants": []}, "variants"),
        ({"variants": [one, one]}, "twice"),
        ({"variants": [one | {"price": 0}]}, "price"),
        ({"variants": [one | {"option2": ""}]}, "option"),
        ({"variants": [one | {"warehouse_stocks": [{"warehouseId": 7, "qtyAvailable": 1}]}]}, "warehouse_stocks"),
        ({"name": " "}, "name"),
        ({"name": "Á" * 256}, "name"),
        ({"description": ""}, "description"),
        ({"image": ""}, "image"),
        ({"image": "a.jpg"}, "image"),
        ({"market_price": 0}, "market_price"),
        ({"category_id": 28003}, "category_id"),
        ({"attributes": {}}, "attributes.brand"),
        ({"attributes": {"brand": "OEM", "material": "Cotton"}}, "attributes.gender"),
        ({"attributes": {"brand": "OEM", "material": "Len", "gender": "Trẻ em"}}, "attributes.gender"),
        ({"attributes": {"brand": "OEM", "material": "Len", "gender": ["Nam", "Nữ"]}}, "attributes.gender"),
        ({"variants": [one, one | {"sku": "B"}]}, "same options"),
    ]
    for changes, word in bad:
        status, error = tiki.refused("POST", "v2.1/requests", a_request(tiki, **changes))
        assert (status, word in error) == (422, True), error


def test_facts_of_a_product_change_after_review(tiki: Tiki) -> None:
    _, (product_id,) = tiki.lists()
    tiki.box.control("POST", "/settings", {"tiki_review_s": 100})
    changes: dict[str, Any] = {"product_id": product_id, "market_price": 150000, "image": "https://img.example/a.jpg"}
    changes |= {"name": "Tên khác", "description": "Mới", "attributes": {"gender": "Nam"}}
    for wrong in ({"attributes": {"gender": "?"}}, {"category_id": 1}, {"image": "a.jpg"}, {"category_id": 27570}):
        assert tiki.refused("POST", "v2/requests/updateProductInfo", changes | wrong)[0] == 422
    tiki.post("v2/requests/updateProductInfo", changes)
    assert tiki.get(f"v2.1/products/{product_id}")["market_price"] == 99000
    tiki.box.control("POST", "/clock", {"advance_s": 101})
    row = tiki.get(f"v2.1/products/{product_id}")
    assert (row["market_price"], row["thumbnail"]) == (150000, "https://img.example/a.jpg")
    assert row["name"].startswith("Tên khác")
    said = tiki.get(f"v2.1/products/{product_id}", includes="attributes")["attributes"]
    assert (said["gender"]["value"], said["description"]["value"]) == ("Nam", "Mới")


def test_categories_are_told(tiki: Tiki) -> None:
    found = {row["id"]: row for row in tiki.get("v2/categories", limit="50", name="áo")["data"]}
    shirts = found[27528]
    men = tiki.get(f"v2/categories/{shirts['parent']}")
    fashion = tiki.get(f"v2/categories/{men['parent']}")
    assert (shirts["is_primary"], men["is_primary"], fashion["parent"]) == (True, False, 2)
    below = tiki.get("v2/categories", parent=str(men["id"]))["data"]
    assert 27528 in [row["id"] for row in below]
    rows = {row["code"]: row for row in tiki.get("v2/categories/27528/attributes")["data"]}
    assert (rows["brand"]["is_required"], rows["material"]["input_type"]) == (1, "multiselect")
    assert [row["value"] for row in rows["gender"]["values"]] == ["Nam", "Nữ", "Unisex"]
    labels = tiki.get("v2/categories/27528/optionLabels")["data"]
    assert [row["code"] for row in labels] == ["color", "size"]
    assert tiki.refused("GET", "v2/categories/7")[0] == 404


# -- orders


def test_an_order_has_a_row_a_line_and_a_masked_buyer(tiki: Tiki) -> None:
    tiki.lists()
    tiki.lists("QUAN")
    lines = [{"sku": "AO-THUN", "quantity": 3}, {"sku": "QUAN", "quantity": 2, "unit_price": 50000}]
    bought = tiki.buy_reply(*lines, buyer={"name": "Nguyễn Văn A", "phone": "0901234512"}, cod=True).json()
    order = tiki.order(bought["order_id"])
    assert [(row["product"]["seller_product_code"], row["qty"], row["price"]) for row in order["items"]] == [
        ("AO-THUN", 3, 99000),
        ("QUAN", 2, 50000),
    ]
    invoice = order["invoice"]
    assert (invoice["subtotal"], invoice["grand_total"], invoice["collectible_amount"]) == (397000, 412000, 412000)
    assert bought["total"] == 412000
    assert (order["status"], order["fulfillment_type"]) == ("queueing", "dropship")
    address = order["shipping"]["address"]
    assert (address["full_name"], address["phone"], address["street"]) == ("N** V** A", "09****12", "****")
    assert (order["payment"]["method"], order["payment"]["is_prepaid"]) == ("cod", False)
    assert {row["confirmation"]["status"] for row in order["items"]} == {"waiting"}
    assert open_tiki(tiki.box).refused("GET", f"v2/orders/{bought['order_id']}")[0] == 404


def test_orders_are_listed_by_page_and_filter(tiki: Tiki) -> None:
    tiki.lists(stock=20)
    tiki.lists("QUAN")
    codes = [tiki.sells() for _ in range(3)] + [tiki.sells("QUAN", unpaid=True)]
    tiki.advance(codes[0], "buyer_cancel")

    def found(**params: Any) -> list[str]:
        return [row["code"] for row in tiki.get("v2/orders", **params)["data"]]

    assert found() == codes[::-1]
    assert found(order_by="created_at|asc") == codes
    assert found(limit=3) + found(limit=3, page=2) == codes[::-1]
    assert found(status="queueing") == [codes[2], codes[1]]
    assert found(status="in|canceled,waiting_payment") == [codes[3], codes[0]]
    assert found(status="nin|canceled,waiting_payment") == [codes[2], codes[1]]
    assert found(code=f"{codes[1]},{codes[2]}") == [codes[2], codes[1]]
    assert found(sku="QUAN") == [codes[3]]
    assert found(fulfillment_type="in|tiki_delivery,seller_delivery") == []
    assert found(fulfillment_type="nin|tiki_delivery", filter_date_by="today") == codes[::-1]
    assert found(item_confirmation_status="seller_confirmed") == []
    assert found(item_inventory_type="backorder") == []
    paging = tiki.get("v2/orders", limit=100)["paging"]
    assert (paging["per_page"], paging["total"]) == (50, 4)
    for bad in ("limit=101", "status=gone", "status=not|canceled", "order_by=price", "filter_date_by=ever", "is_rma=2"):
        assert tiki.refused("GET", f"v2/orders?{bad}")[0] == 400


def test_moments_are_vietnams_and_windows_hold_both_ends(tiki: Tiki) -> None:
    tiki.lists()
    code = tiki.sells()
    at = tiki.order(code)["created_at"]
    stamp = datetime.strptime(at, "%Y-%m-%d %H:%M:%S").replace(tzinfo=VIETNAM)
    assert abs(stamp - datetime.now(UTC)) < timedelta(minutes=1)
    later, earlier = (f"{stamp + timedelta(seconds=shift):%Y-%m-%d %H:%M:%S}" for shift in (1, -1))
    for window, count in (((at, at), 1), ((later, later), 0), ((earlier, earlier), 0), ((earlier, later), 1)):
        got = tiki.get("v2/orders", created_from_date=window[0], created_to_date=window[1])
        assert len(got["data"]) == count
    assert tiki.refused("GET", f"v2/orders?created_from_date={stamp:%Y-%m-%d}")[0] == 400


def test_a_dropship_order_goes_its_way(tiki: Tiki) -> None:
    tiki.box.control("POST", "/settings", {"tiki_ready_delay_s": 100})
    tiki.lists(stock=10)
    code = tiki.sells(quantity=3, cod=True)
    assert tiki.figures() == (10, 3, 7)
    assert tiki.refused("GET", f"v2/orders/{code}/dropship/labels?format=html")[0] == 422
    slot = tiki.get("v2/orders/dropship/expected-pickup-slots")["pickup_slots"][0]["expected_pickup_time"]
    assert tiki.confirm(code, expected_pickup_time=slot)["status"] == "processing"
    order = tiki.order(code, include="status_histories,item.fees,item.confirmation_histories")
    assert order["items"][0]["confirmation"]["status"] == "seller_confirmed"
    assert order["items"][0]["confirmation"]["pickup_confirm_sla"] == slot
    assert order["items"][0]["seller_income_detail"]["seller_fees"][0]["final_amount"] == -29700
    assert order["shipping"]["tracking_code"]
    label = tiki.reply("GET", f"v2/orders/{code}/dropship/labels?format=html")
    assert label.headers["content-type"].startswith("text/html")
    assert order["shipping"]["tracking_code"] in label.text
    assert tiki.refused("GET", f"v2/orders/{code}/tiki-delivery/labels?format=html")[0] == 422
    tiki.box.control("POST", "/clock", {"advance_s": 101})
    assert tiki.order(code)["status"] == "ready_to_ship"
    assert tiki.figures() == (10, 3, 7)
    assert tiki.advance(code, "pickup") == "handover_to_partner"
    assert tiki.figures() == (7, 0, 7)
    assert tiki.advance(code, "shipped") == "shipping"
    assert tiki.order(code)["payment"]["status"] == "waiting"
    assert tiki.advance(code, "deliver") == "successful_delivery"
    assert tiki.order(code)["payment"]["status"] == "success"
    assert tiki.advance(code, "complete") == "complete"
    assert tiki.advance(code, "return") == "returned"
    assert tiki.figures() == (7, 0, 7)
    histories = tiki.order(code, include="status_histories")["status_histories"]
    assert [row["status"] for row in histories][:3] == ["queueing", "processing", "ready_to_ship"]


def test_an_order_is_confirmed_once_and_only_rightly(box: Sandbox) -> None:
    tiki = open_tiki(box, warehouses=["A", "B"])
    tiki.lists(stock=10)
    code = tiki.sells()
    path = f"v2/orders/{code}/dropship/confirm-available"
    first, second = tiki.warehouse_ids
    good = {"confirmation_status": "seller_confirmed", "seller_inventory_id": first}
    for bad in (
        {"confirmation_status": "yes"},
        {"seller_inventory_id": 7},
        {"seller_inventory_id": second},
        {"expected_pickup_time": "soon"},
        {"expected_pickup_time": "2020-01-01 09:00:00"},
    ):
        assert tiki.refused("POST", path, good | bad)[0] == 422
    other = {"available_item_ids": [], "seller_inventory_id": first}
    assert tiki.refused("POST", f"v2/orders/{code}/confirm-available", other)[0] == 422
    assert tiki.order(code)["status"] == "queueing"
    tiki.post(path, good)
    assert tiki.refused("POST", path, good)[0] == 422
    assert tiki.refused("POST", path, {"confirmation_status": "seller_canceled"})[0] == 422
    assert tiki.refused("POST", "v2/orders/1/dropship/confirm-available", good)[0] == 404


def test_the_warehouse_confirmed_is_the_one_that_gives_the_goods(box: Sandbox) -> None:
    tiki = open_tiki(box, warehouses=["A", "B"])
    first, second = tiki.warehouse_ids
    _, (product_id,) = tiki.lists(stock=5)
    quantities = [{"warehouse_id": second, "qty_available": 4}]
    write(tiki, product_id=product_id, warehouse_quantities=quantities)
    code = tiki.sells(quantity=3)
    tiki.confirm(code, seller_inventory_id=second)
    tiki.advance(code, "shipped")
    seen = tiki.get(f"v2.1/products/{product_id}", includes="inventory")["inventory"]["warehouse_stocks"]
    assert {row["warehouse_id"]: (row["quantity_available"], row["quantity_reserved"]) for row in seen} == {
        first: (5, 0),
        second: (1, 0),
    }


def test_a_line_may_come_from_two_warehouses(box: Sandbox) -> None:
    tiki = open_tiki(box, warehouses=["A", "B"])
    first, second = tiki.warehouse_ids
    tiki.lists(stock=2)
    write(tiki, original_sku="AO-THUN", warehouse_quantities=[{"warehouse_id": second, "qty_available": 3}])
    order = tiki.order(tiki.sells(quantity=4))
    assert [(row["seller_inventory_id"], row["qty"]) for row in order["items"]] == [(first, 2), (second, 2)]
    assert tiki.buy_reply({"sku": "AO-THUN", "quantity": 2}).status_code == 409


def test_a_refused_order_is_cancelled_and_gives_its_stock_back(tiki: Tiki) -> None:
    tiki.lists(stock=10)
    code = tiki.sells(quantity=3)
    assert tiki.confirm(code, "seller_canceled")["status"] == "canceled"
    order = tiki.order(code)
    assert (order["status"], order["cancel_info"]["comment"]) == ("canceled", "seller")
    assert tiki.figures() == (10, 0, 10)
    assert tiki.refused("GET", f"v2/orders/{code}/dropship/labels")[0] == 422


def test_items_left_out_of_a_confirmation_are_refused(box: Sandbox) -> None:
    tiki = open_tiki(box, operation_models=["tiki_delivery"])
    tiki.lists(stock=5)
    tiki.lists("QUAN", stock=5)
    code = tiki.buy_reply({"sku": "AO-THUN", "quantity": 2}, {"sku": "QUAN"}).json()["order_id"]
    first = tiki.order(code)["items"][0]
    path = f"v2/orders/{code}/confirm-available"
    body = {"available_item_ids": [first["id"]], "seller_inventory_id": tiki.warehouse_ids[0]}
    assert tiki.refused("POST", path, body | {"available_item_ids": [first["id"], 7]})[0] == 422
    tiki.post(path, body)
    order = tiki.order(code)
    assert [row["confirmation"]["status"] for row in order["items"]] == ["seller_confirmed", "seller_canceled"]
    assert order["invoice"]["subtotal"] == 2 * 99000
    assert tiki.figures("AO-THUN") == (5, 2, 3)
    assert tiki.figures("QUAN") == (5, 0, 5)
    dropship = {"confirmation_status": "seller_confirmed", "seller_inventory_id": tiki.warehouse_ids[0]}
    assert tiki.refused("POST", f"v2/orders/{code}/dropship/confirm-available", dropship)[0] == 422


def test_a_seller_delivers_by_itself(box: Sandbox) -> None:
    tiki = open_tiki(box, operation_models=["seller_delivery"])
    tiki.lists(stock=5)
    code, failed = tiki.sells(), tiki.sells()
    for each in (code, failed):
        item_ids = [row["id"] for row in tiki.order(each)["items"]]
        body = {"available_item_ids": item_ids, "seller_inventory_id": tiki.warehouse_ids[0]}
        tiki.post(f"v2/orders/{each}/confirm-available", body)
    path = f"v2/orders/{code}/seller-delivery/update-delivery"
    assert tiki.refused("POST", path, {"status": "failed_delivery"})[0] == 422
    assert tiki.refused("POST", path, {"status": "lost"})[0] == 422
    later = {"status": "failed_delivery", "failure_cause": "absent", "appointment_date": "2026-11-23 09:00:00"}
    assert tiki.post(path, later)["status"] == "shipping"
    assert tiki.figures() == (4, 1, 3)
    assert tiki.post(path, {"status": "successful_delivery"})["status"] == "successful_delivery"
    assert tiki.figures() == (4, 1, 3)
    assert tiki.refused("POST", path, {"status": "successful_delivery"})[0] == 422
    body = {"status": "failed_delivery", "failure_cause": "refused"}
    assert tiki.post(f"v2/orders/{failed}/seller-delivery/update-delivery", body)["status"] == "returned"


def test_inventories_of_a_warehouse_are_told(tiki: Tiki) -> None:
    found = tiki.get("v2/seller-inventories", tiki_warehouse_codes="sgn,hn")
    assert [row["id"] for row in found["seller_inventories"]] == tiki.warehouse_ids
    assert [row["seller_inventory_ids"] for row in found["mappings"]] == [tiki.warehouse_ids, []]
    assert tiki.refused("GET", "v2/seller-inventories")[0] == 400


def test_steps_out_of_turn_are_refused(tiki: Tiki) -> None:
    tiki.lists()
    code = tiki.sells(unpaid=True)
    confirmed = {"confirmation_status": "seller_confirmed", "seller_inventory_id": tiki.warehouse_ids[0]}
    status, error = tiki.refused("POST", f"v2/orders/{code}/dropship/confirm-available", confirmed)
    assert (status, "waiting_payment" in error) == (422, True)

    def refused(to: str) -> int:
        url = f"{tiki.box.url}/control/tiki/orders/{code}/advance"
        return tiki.box.http.post(url, json={"to": to}).status_code

    assert [refused(to) for to in ("shipped", "delivered", "completed", "return", "fly", "arranged")] == [409] * 6
    assert tiki.advance(code, "pay") == "queueing"
    assert tiki.advance(code, "arranged") == "ready_to_ship"
    assert tiki.advance(code, "shipped") == "shipping"
    assert [refused(to) for to in ("buyer_cancel", "arranged", "paid")] == [409] * 3
    assert tiki.advance(code, "failed_delivery") == "returned"
    assert tiki.box.http.post(f"{tiki.box.url}/control/tiki/orders/7/advance", json={"to": "pay"}).status_code == 404


def test_an_unpaid_order_lapses(tiki: Tiki) -> None:
    tiki.lists()
    code = tiki.sells(unpaid=True)
    assert tiki.figures() == (10, 1, 9)
    tiki.box.control("POST", "/clock", {"advance_s": 1801})
    assert tiki.order(code)["status"] == "canceled"
    assert tiki.figures() == (10, 0, 10)


def test_orders_may_live_by_themselves(tiki: Tiki) -> None:
    tiki.box.control("POST", "/settings", {"life": True})
    tiki.lists()
    code = tiki.sells(unpaid=True)
    tiki.box.control("POST", "/clock", {"advance_s": 60})
    tiki.confirm(code)
    for _ in range(5):
        tiki.box.control("POST", "/clock", {"advance_s": 60})
    assert tiki.order(code)["status"] == "complete"


# -- the event queue


def a_queue(tiki: Tiki, *kinds: str) -> str:
    code = str(tiki.post("v1/queues", {"name": "erp"}, token=tiki.app_token())["code"])
    for kind in kinds:
        row = tiki.post(f"v1/queues/{code}/subscriptions", {"event_type": kind})
        assert (row["event_type"], row["active"], row["sid"]) == (kind, True, tiki.sid)
    return code


def pull(tiki: Tiki, queue: str, ack_id: str | None = None) -> tuple[list[Any], str]:
    got = tiki.post(f"v1/queues/{queue}/events/pull", {"ack_id": ack_id}, token=tiki.app_token())
    return got["events"], got["ack_id"]


def test_a_batch_comes_again_until_it_is_acknowledged(tiki: Tiki) -> None:
    tiki.box.control("POST", "/settings", {"tiki_event_batch": 2})
    tiki.lists(stock=20)
    queue = a_queue(tiki, "ORDER_CREATED_SUCCESSFULLY")
    codes = [tiki.sells() for _ in range(3)]

    def told(batch: list[Any]) -> list[str]:
        return [event["payload"]["order_code"] for event in batch]

    first, ack = pull(tiki, queue)
    assert told(first) == codes[:2]
    assert pull(tiki, queue) == (first, ack)
    assert pull(tiki, queue, "not an id that was given") == (first, ack)
    second, next_ack = pull(tiki, queue, ack)
    assert told(second) == codes[2:]
    assert pull(tiki, queue, ack) == (second, next_ack)
    last, ack = pull(tiki, queue, next_ack)
    assert last == []
    code = tiki.sells()
    assert told(pull(tiki, queue, ack)[0]) == [code]


def test_events_say_what_changed(tiki: Tiki) -> None:
    _, (product_id,) = tiki.lists(stock=10)
    kinds = ("ORDER_CREATED_SUCCESSFULLY", "ORDER_STATUS_UPDATED", "PRODUCT_PRICE_UPDATED", "PRODUCT_INVENTORY_UPDATED")
    queue = a_queue(tiki, *kinds)
    write(tiki, product_id=product_id, price=98000)
    code = tiki.sells(quantity=2)
    tiki.advance(code, "buyer_cancel")
    events, _ = pull(tiki, queue)
    assert [event["type"] for event in events] == [
        "PRODUCT_PRICE_UPDATED",
        "PRODUCT_INVENTORY_UPDATED",
        "ORDER_CREATED_SUCCESSFULLY",
        "PRODUCT_INVENTORY_UPDATED",
        "ORDER_STATUS_UPDATED",
    ]
    named = {"product_id": product_id, "original_sku": "AO-THUN"}
    assert events[0]["payload"] == named | {"price_from": 99000, "price_to": 98000}
    assert events[1]["version"] == "v2"
    assert events[1]["payload"] == named | {
        "warehouse_id": tiki.warehouse_ids[0],
        "quantity_from": 10,
        "quantity_available_from": 10,
        "quantity_reserved_from": 0,
        "quantity_sellable_from": 10,
        "quantity_to": 10,
        "quantity_available_to": 10,
        "quantity_reserved_to": 2,
        "quantity_sellable_to": 8,
    }
    assert events[2]["payload"] == {"order_code": code, "status": "queueing"}
    assert events[4]["payload"] == {"order_code": code, "orderCode": code, "status": "canceled"}
    assert {event["sid"] for event in events} == {tiki.sid}
    assert abs(events[0]["created_at"] / 1000 - time.time()) < 60


def test_queues_belong_to_apps_and_subscriptions_to_sellers(tiki: Tiki) -> None:
    assert tiki.refused("POST", "v1/queues", {"name": "erp"})[0] == 403
    queue = a_queue(tiki)
    wish = {"event_type": "ORDER_STATUS_UPDATED"}
    assert tiki.refused("POST", f"v1/queues/{queue}/subscriptions", wish, token=tiki.app_token())[0] == 403
    assert tiki.refused("POST", f"v1/queues/{queue}/subscriptions", {"event_type": "RAIN"})[0] == 422
    assert tiki.refused("POST", "v1/queues", {"name": ""}, token=tiki.app_token())[0] == 422
    thief = open_tiki(tiki.box)
    path = f"v1/queues/{queue}/events/pull"
    assert thief.refused("POST", path, {"ack_id": None}, token=thief.app_token())[0] == 404
    assert thief.refused("POST", f"v1/queues/{queue}/subscriptions", wish)[0] == 404
    assert tiki.refused("POST", path, {"ack_id": 7})[0] == 422
    listed = tiki.reply("GET", "v1/queues", token=tiki.app_token()).json()
    assert listed == [{"code": queue, "name": "erp", "status": "ACTIVE"}]


def test_events_of_others_and_of_resting_wishes_stay_out(tiki: Tiki) -> None:
    tiki.lists(stock=20)
    other = open_tiki(tiki.box, app_key=tiki.app_key)
    other.lists()
    queue = a_queue(tiki, "ORDER_CREATED_SUCCESSFULLY")
    other.sells()
    (row,) = tiki.get(f"v1/queues/{queue}/subscriptions")
    tiki.put(f"v1/queues/{queue}/subscriptions/{row['code']}", {"active": False})
    tiki.sells()
    assert pull(tiki, queue)[0] == []
    tiki.post(f"v1/queues/{queue}/subscriptions", {"event_type": "ORDER_CREATED_SUCCESSFULLY"})
    tiki.reply("PUT", f"v1/queues/{queue}", {"status": "INACTIVE"}, token=tiki.app_token())
    tiki.sells()
    tiki.reply("PUT", f"v1/queues/{queue}", {"status": "ACTIVE"}, token=tiki.app_token())
    code = tiki.sells()
    assert [event["payload"]["order_code"] for event in pull(tiki, queue)[0]] == [code]
    assert tiki.reply("DELETE", f"v1/queues/{queue}", token=tiki.app_token()).status_code == 200
    tiki.sells()
    path = f"v1/queues/{queue}/events/pull"
    assert tiki.refused("POST", path, {"ack_id": None}, token=tiki.app_token())[0] == 404


def test_events_come_late_and_are_kept_for_a_week(tiki: Tiki) -> None:
    tiki.box.control("POST", "/settings", {"tiki_event_delay_s": 1000})
    tiki.lists()
    queue = a_queue(tiki, "ORDER_CREATED_SUCCESSFULLY")
    tiki.sells()
    assert pull(tiki, queue)[0] == []
    tiki.box.control("POST", "/clock", {"advance_s": 1001})
    assert len(pull(tiki, queue)[0]) == 1
    tiki.box.control("POST", "/clock", {"advance_s": 7 * 86400 + 1})
    assert pull(tiki, queue)[0] == []


def test_events_are_lost_repeated_and_late_on_purpose(box: Sandbox, tiki: Tiki) -> None:
    tiki.lists(stock=20)
    queue = a_queue(tiki, "ORDER_CREATED_SUCCESSFULLY")
    box.fault(kind="notice_drop", market="tiki", count=1)
    tiki.sells()
    box.fault(kind="notice_duplicate", market="tiki", count=1)
    doubled = tiki.sells()
    events, ack = pull(tiki, queue)
    assert [event["payload"]["order_code"] for event in events] == [doubled, doubled]
    assert len({event["id"] for event in events}) == 1
    box.fault(kind="notice_delay", market="tiki", count=1, ms=3_600_000)
    late, behind = tiki.sells(), tiki.sells()
    assert pull(tiki, queue, ack)[0] == []
    box.control("POST", "/clock", {"advance_s": 3601})
    assert [event["payload"]["order_code"] for event in pull(tiki, queue)[0]] == [late, behind]


# -- the process as a whole


def test_fifty_buyers_get_no_more_than_there_is(tiki: Tiki) -> None:
    tiki.lists(stock=20)

    def visit(_: int) -> list[int]:
        with httpx.Client(timeout=60) as client:
            body = {"seller": tiki.seller_id, "lines": [{"sku": "AO-THUN"}]}
            return [client.post(f"{tiki.box.url}/tiki/buy", json=body).status_code for _ in range(2)]

    with ThreadPoolExecutor(50) as pool:
        answers = [status for found in pool.map(visit, range(50)) for status in found]
    assert (answers.count(201), answers.count(409)) == (20, 80)
    assert tiki.figures() == (20, 20, 0)


def test_an_order_is_placed_whole_or_not_at_all(tiki: Tiki) -> None:
    tiki.lists("A", stock=5)
    tiki.lists("B", stock=1)
    lines: list[dict[str, Any]] = [{"sku": "A", "quantity": 2}, {"sku": "B"}, {"sku": "B"}]
    refused = tiki.buy_reply(*lines)
    assert (refused.status_code, refused.json()["available"]) == (409, 1)
    assert tiki.figures("A") == (5, 0, 5)
    assert tiki.buy_reply({"sku": "?"}).status_code == 404
    assert tiki.buy_reply({"sku": "A"}, currency="USD").status_code == 422
    assert tiki.buy_reply({"sku": "A"}, seller="nobody").status_code == 404
    _, (strange,) = open_tiki(tiki.box).lists()
    assert tiki.buy_reply({"sku_id": strange}).status_code == 404


def test_reads_can_be_stale(box: Sandbox, tiki: Tiki) -> None:
    _, (product_id,) = tiki.lists(stock=10)
    box.fault(kind="stale_reads", ms=60_000)
    write(
        tiki, original_sku="AO-THUN", warehouse_quantities=[{"warehouse_id": tiki.warehouse_ids[0], "qty_available": 3}]
    )
    code = tiki.sells()

    def seen() -> tuple[int, int, list[str]]:
        inventory = tiki.get(f"v2.1/products/{product_id}", includes="inventory")["inventory"]
        codes = [row["code"] for row in tiki.get("v2/orders")["data"]]
        return inventory["quantity_available"], inventory["quantity_sellable"], codes

    assert seen() == (10, 10, [])
    box.control("DELETE", "/faults")
    assert seen() == (3, 2, [code])


def test_a_shopper_sees_and_buys(tiki: Tiki) -> None:
    item_id, product_ids = tiki.lists(
        name="Áo <b>thun</b>", models=[{"sku": "M", "stock": 2, "name": "M"}, {"sku": "L"}]
    )
    front = tiki.box.http.get(tiki.box.url + "/tiki/")
    assert "Áo &lt;b&gt;thun&lt;/b&gt;" in front.text
    for name in (item_id, product_ids[0]):
        assert "Mua ngay" in tiki.box.http.get(f"{tiki.box.url}/tiki/item/{name}").text
    form = {"item_id": item_id, "variant": product_ids[0], "quantity": 2, "name": "An", "phone": "0901234567"}
    bought = tiki.box.http.post(f"{tiki.box.url}/tiki/buy", data=form, follow_redirects=True)
    assert "Đơn hàng" in bought.text
    seen = tiki.box.http.get(f"{tiki.box.url}/tiki/item/{item_id}.json").json()
    assert seen["stock"] == {str(product_ids[0]): 0, str(product_ids[1]): 0}
    assert tiki.box.http.post(f"{tiki.box.url}/tiki/buy", data=form).status_code == 409
    assert tiki.box.http.get(tiki.box.url + "/tiki/item/1").status_code == 404
    assert tiki.box.http.get(tiki.box.url + "/tiki/order/1").status_code == 404


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_process_comes_back_with_everything(tmp_path: Path, number: signal.Signals) -> None:
    box = Sandbox(tmp_path / "state").start()
    try:
        settings = {"tiki_event_delay_s": 0, "tiki_event_batch": 1, "tiki_ready_delay_s": 500, "tiki_review_s": 500}
        box.control("POST", "/settings", settings)
        tiki = open_tiki(box)
        tiki.lists(stock=10)
        queue = a_queue(tiki, "ORDER_CREATED_SUCCESSFULLY")
        codes = [tiki.sells(quantity=2), tiki.sells()]
        tiki.confirm(codes[0])
        track_id = tiki.post("v2.1/requests", a_request(tiki))["track_id"]
        first, ack = pull(tiki, queue)
        before = box.control("GET", f"/tiki/orders?seller={tiki.seller_id}"), tiki.figures(), tiki.order(codes[0])
        box.stop(number)
        box.start()
        after = box.control("GET", f"/tiki/orders?seller={tiki.seller_id}"), tiki.figures(), tiki.order(codes[0])
        assert after == before
        assert pull(tiki, queue) == (first, ack)
        (event,), _ = pull(tiki, queue, ack)
        assert event["payload"]["order_code"] == codes[1]
        box.control("POST", "/clock", {"advance_s": 501})
        assert tiki.order(codes[0])["status"] == "ready_to_ship"
        assert tiki.get(f"v2/tracking/{track_id}")["state"] == "approved"
        assert tiki.sells() not in codes
        assert tiki.grant(grant_type="refresh_token", refresh_token=tiki.refresh_token).status_code == 200
    finally:
        box.stop()


def test_twenty_thousand_listings_are_made_in_one_call(tiki: Tiki) -> None:
    listings = [{"name": f"Sản phẩm {number}", "sku": f"S-{number}", "stock": 5} for number in range(20_000)]
    began = time.monotonic()
    made = tiki.box.control("POST", "/tiki/listings", {"seller": tiki.seller_id, "listings": listings})["listings"]
    assert len(made) == 20_000
    assert time.monotonic() - began < 8
    assert len(tiki.box.control("GET", f"/tiki/stock?seller={tiki.seller_id}")["rows"]) == 20_000
    page = tiki.get("v2.1/products", limit=50, page=400, include="inventory")
    assert page["data"][-1]["product_id"] == made[0][0]


def test_control_says_what_is_wrong(tiki: Tiki) -> None:
    def status(path: str, body: dict[str, Any]) -> int:
        return tiki.box.http.post(f"{tiki.box.url}/control/tiki/{path}", json=body).status_code

    assert status("sellers", {"seller_id": tiki.seller_id}) == 409
    assert status("sellers", {"seller_id": "abc"}) == 422
    assert status("sellers", {"warehouses": []}) == 422
    assert status("apps", {"scopes": ["everything"]}) == 422
    assert status("tokens", {"seller": 7}) == 404
    assert status("tokens", {"seller": tiki.seller_id, "app_key": "7"}) == 404
    assert status("codes", {"seller": tiki.seller_id, "scopes": ["everything"]}) == 422
    assert status("listings", {"seller": tiki.seller_id, "listings": [{"name": "x"}]}) == 422
    assert status("reviews", {"track_id": "x", "state": "approved"}) == 404
    assert tiki.box.http.get(f"{tiki.box.url}/control/tiki/listing?seller=1&sku=x").status_code == 404


def test_reset_forgets_all_but_the_numbers(box: Sandbox, tiki: Tiki) -> None:
    item_id, _ = tiki.lists()
    box.control("POST", "/reset")
    assert box.control("GET", "")["tiki"] == {"apps": [], "sellers": {}, "products": 0, "orders": 0}
    assert tiki.refused("GET", "v2/sellers/me")[0] == 401
    again, _ = open_tiki(box).lists()
    assert again > item_id
