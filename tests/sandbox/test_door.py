"""Who may call: signatures, timestamps, tokens, rates."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.sandbox.driving import Lazada, Sandbox, Shopee

INFO = "/api/v2/shop/get_shop_info"


def ask(shop: Shopee, **changes: Any) -> tuple[int, str, str]:
    query = shop.query(INFO)
    for name, value in changes.items():
        if value is None:
            query.pop(name)
        else:
            query[name] = value
    reply = shop.box.http.get(shop.box.url + INFO, params=query)
    return reply.status_code, reply.json()["error"], reply.json()["message"]


def test_shopee_checks_in_its_order(shop: Shopee) -> None:
    assert ask(shop) == (200, "", "")
    assert ask(shop, partner_id=None, timestamp=None)[2] == "There is no partner_id in query."
    assert ask(shop, partner_id=1, timestamp=None)[2] == "Invalid partner_id"
    assert ask(shop, timestamp=None, sign=None)[2] == "There is no timestamp in query."
    assert ask(shop, sign=None, access_token=None)[2] == "There is no sign in query."
    assert ask(shop, access_token=None, sign="0" * 64)[2] == "There is no access_token in query."
    assert ask(shop, sign="0" * 64, access_token="gone") == (403, "error_sign", "Wrong sign.")


def test_shopee_refuses_stale_and_early_timestamps(shop: Shopee) -> None:
    for drift_s in (-301, 301):
        query = shop.query(INFO, timestamp=int(time.time()) + drift_s)
        assert shop.box.http.get(shop.box.url + INFO, params=query).json()["message"] == "Timestamp is expired."
    query = shop.query(INFO, timestamp=int(time.time()) - 290)
    assert shop.box.http.get(shop.box.url + INFO, params=query).json()["error"] == ""


def test_shopee_refuses_an_upper_case_signature(shop: Shopee) -> None:
    assert ask(shop, sign=shop.query(INFO)["sign"].upper())[1] == "error_sign"


def test_a_shopee_token_serves_its_own_shop_alone(box: Sandbox, shop: Shopee) -> None:
    made = box.control("POST", "/shopee/shops", {"partner_id": shop.partner_id})
    thief = Shopee(box, shop.partner_id, shop.partner_key, made["shop_id"], shop.access_token)
    assert thief.get("/shop/get_shop_info")["error"] == "error_auth"


def test_a_shopee_code_and_refresh_token_work_once(box: Sandbox, shop: Shopee) -> None:
    code = box.control("POST", "/shopee/codes", {"shop": shop.shop_id})["code"]
    body = {"code": code, "shop_id": shop.shop_id, "partner_id": shop.partner_id}
    first = shop.post("/auth/token/get", body, public=True)
    assert first["error"] == ""
    assert first["shop_id_list"] == [shop.shop_id]
    assert shop.post("/auth/token/get", body, public=True)["error"] == "invalid_code"

    again = {"refresh_token": first["refresh_token"], "shop_id": shop.shop_id, "partner_id": shop.partner_id}
    second = shop.post("/auth/access_token/get", again, public=True)
    assert second["error"] == ""
    assert second["refresh_token"] != first["refresh_token"]
    assert shop.post("/auth/access_token/get", again, public=True)["error"] == "error_auth"
    shop.access_token = second["access_token"]
    assert shop.get("/shop/get_shop_info")["error"] == ""


def test_shopee_tokens_run_out(box: Sandbox, shop: Shopee) -> None:
    box.control("POST", "/clock", {"advance_s": 4 * 3600 + 1})
    assert shop.get("/shop/get_shop_info")["error"] == "invalid_acceess_token"
    body = {"refresh_token": shop.refresh_token, "shop_id": shop.shop_id, "partner_id": shop.partner_id}
    box.control("POST", "/clock", {"advance_s": 30 * 86400})
    assert shop.post("/auth/access_token/get", body, public=True)["error"] == "error_auth"


def test_a_replaced_shopee_token_lives_on_for_five_minutes(box: Sandbox, shop: Shopee) -> None:
    body = {"refresh_token": shop.refresh_token, "shop_id": shop.shop_id, "partner_id": shop.partner_id}
    assert shop.post("/auth/access_token/get", body, public=True)["error"] == ""
    assert shop.get("/shop/get_shop_info")["error"] == ""
    box.control("POST", "/clock", {"advance_s": 301})
    assert shop.get("/shop/get_shop_info")["error"] == "invalid_acceess_token"


def test_shopee_throttles_a_shop(box: Sandbox, shop: Shopee) -> None:
    box.control("POST", "/shopee/limits", {"shop": shop.shop_id, "rate": 0.001, "burst": 2})
    replies = [shop.reply("GET", "/shop/get_shop_info") for _ in range(3)]
    assert [reply.json()["error"] for reply in replies] == ["", "", "error_rate_limit"]
    assert replies[2].status_code == 429


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"app_key": None}, "MissingParameter"),
        ({"app_key": "1"}, "InvalidAppKey"),
        ({"timestamp": "1000"}, "IllegalTimestamp"),
        ({"sign": None}, "MissingParameter"),
        ({"sign": "0" * 64}, "IncompleteSignature"),
        ({"order_id": "7"}, "IncompleteSignature"),
    ],
)
def test_lazada_refuses(seller: Lazada, changes: dict[str, str | None], code: str) -> None:
    params = seller.params("/seller/get")
    for name, value in changes.items():
        params.pop(name, None)
        if value is not None:
            params[name] = value
    assert seller.box.http.get(seller.box.url + "/rest/seller/get", params=params).json()["code"] == code


def test_lazada_refuses_a_lower_case_signature(seller: Lazada) -> None:
    params = seller.params("/seller/get")
    params["sign"] = params["sign"].lower()
    answer = seller.box.http.get(seller.box.url + "/rest/seller/get", params=params).json()
    assert answer["code"] == "IncompleteSignature"


def test_lazada_takes_query_form_and_json_together(seller: Lazada) -> None:
    path = "/product/stock/sellable/update"
    params = seller.params(path, {"payload": '{"Request":{}}'})
    system = {name: value for name, value in params.items() if name != "payload"}
    url = seller.box.url + "/rest" + path
    for sent in ({"data": {"payload": params["payload"]}}, {"json": {"payload": params["payload"]}}):
        answer = seller.box.http.post(url, params=system, **sent).json()  # type: ignore[arg-type]
        assert answer["code"] == "1000"


def test_lazada_refuses_get_on_a_write(seller: Lazada) -> None:
    assert seller.get("/product/price_quantity/update", {"payload": "x"})["code"] == "UnsupportedHTTPMethod"


def test_a_lazada_code_and_refresh_token_work_once(box: Sandbox, seller: Lazada) -> None:
    code = box.control("POST", "/lazada/codes", {"seller": seller.seller_id})["code"]
    first = seller.get("/auth/token/create", {"code": code}, token=False)
    assert first["country_user_info"][0]["seller_id"] == seller.seller_id
    assert seller.get("/auth/token/create", {"code": code}, token=False)["code"] == "InvalidCode"
    second = seller.post("/auth/token/refresh", {"refresh_token": first["refresh_token"]}, token=False)
    assert second["code"] == "0"
    assert "country_user_info_list" in second
    again = seller.post("/auth/token/refresh", {"refresh_token": first["refresh_token"]}, token=False)
    assert again["code"] == "IllegalRefreshToken"


def test_lazada_tokens_run_out(box: Sandbox, seller: Lazada) -> None:
    assert seller.get("/seller/get")["code"] == "0"
    box.control("POST", "/clock", {"advance_s": 30 * 86400 + 1})
    assert seller.get("/seller/get")["code"] == "IllegalAccessToken"


def test_lazada_throttles_stock_writes(box: Sandbox, seller: Lazada) -> None:
    box.control("POST", "/lazada/limits", {"seller": seller.seller_id, "rate": 0.001, "burst": 1})
    codes = [seller.post("/product/stock/sellable/update", {"payload": "{}"})["code"] for _ in range(2)]
    assert codes == ["1000", "901"]
    assert seller.get("/seller/get")["code"] == "0"


def test_the_consent_pages_lead_back_with_a_code(box: Sandbox, shop: Shopee, seller: Lazada) -> None:
    query = shop.query("/api/v2/shop/auth_partner", public=True) | {"redirect": "http://127.0.0.1:9/cb?s=1"}
    page = box.http.get(box.url + "/api/v2/shop/auth_partner", params=query, follow_redirects=True)
    assert "Cho phép / Allow" in page.text
    form = {"partner_id": shop.partner_id, "redirect": "http://127.0.0.1:9/cb?s=1", "owner": shop.shop_id}
    back = box.http.post(box.url + "/shopee/consent", data=form).headers["location"]
    assert back.startswith("http://127.0.0.1:9/cb?s=1&code=")
    assert back.endswith(f"&shop_id={shop.shop_id}")

    ask_lazada = {"response_type": "code", "client_id": seller.app_key, "redirect_uri": "http://127.0.0.1:9/cb"}
    page = box.http.get(box.url + "/oauth/authorize", params=ask_lazada | {"state": "a b"})
    assert "Cho phép / Allow" in page.text
    said_yes = ask_lazada | {"state": "a b", "owner": seller.seller_id}
    back = box.http.post(box.url + "/oauth/authorize", data=said_yes).headers["location"]
    code = back.split("code=")[1].split("&")[0]
    assert back.endswith("&state=a+b")
    assert seller.get("/auth/token/create", {"code": code}, token=False)["code"] == "0"
