"""Clients written by others drive the stand-ins: the official Lazada SDK and three Shopee clients from PyPI."""

from __future__ import annotations

import asyncio
import json
import sys
import time
import types
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.sandbox.driving import Lazada, Shopee
from tests.sandbox.pictures import png
from tests.sandbox.publishing_lazada import draft
from tests.sandbox.publishing_lazada import sku as new_sku
from tests.sandbox.selling import buy_on_lazada, buy_on_shopee, list_on_lazada, list_on_shopee, on_lazada, on_shopee


def test_the_official_lazada_sdk_works(seller: Lazada, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # the SDK writes a log below the home folder when it is imported
    lazop = pytest.importorskip("lazop_sdk.base", reason="lazop-sdk is not installed")
    client = lazop.LazopClient(seller.box.url + "/rest", seller.app_key, seller.app_secret)

    def call(path: str, method: str, token: str | None, **params: str) -> Any:
        request = lazop.LazopRequest(path, method)
        for name, value in params.items():
            request.add_api_param(name, value)
        response = client.execute(request, token)
        assert response.code == "0", response.body
        return response.body

    code = seller.box.control("POST", "/lazada/codes", {"seller": seller.seller_id})["code"]
    tokens = call("/auth/token/create", "POST", None, code=code)
    tokens = call("/auth/token/refresh", "GET", None, refresh_token=tokens["refresh_token"])
    token = tokens["access_token"]
    assert call("/seller/get", "GET", token)["data"]["seller_id"] == seller.seller_id

    item_id, sku_id = list_on_lazada(seller, "AO-THUN-Đ-M", stock=5)
    found = call("/products/get", "GET", token, filter="live", limit="50")["data"]["products"]
    assert found[0]["skus"][0]["SellerSku"] == "AO-THUN-Đ-M"
    ids = f"<ItemId>{item_id}</ItemId><SkuId>{sku_id}</SkuId><SellerSku>AO-THUN-Đ-M</SellerSku>"
    for path, field, figure in (
        ("/product/price_quantity/update", "Quantity", 12),
        ("/product/stock/sellable/update", "SellableQuantity", 9),
    ):
        sku = f"<Sku>{ids}<{field}>{figure}</{field}></Sku>"
        call(path, "POST", token, payload=f"<Request><Product><Skus>{sku}</Skus></Product></Request>")
        assert on_lazada(seller, "AO-THUN-Đ-M")["available"] == figure

    order_id = buy_on_lazada(seller, {"sku_id": sku_id, "quantity": 2}).json()["order_id"]
    orders = call("/orders/get", "GET", token, created_after="2020-01-01T00:00:00+07:00", sort_by="updated_at")
    assert [row["order_id"] for row in orders["data"]["orders"]] == [order_id]
    rows = call("/orders/items/get", "GET", token, order_ids=f"[{order_id}]")["data"][0]["order_items"]
    units = [row["order_item_id"] for row in rows]
    assert len(units) == 2
    asked = {"pack_order_list": [{"order_id": order_id, "order_item_list": units}], "delivery_type": "dropship"}
    packed = call("/order/fulfill/pack", "POST", token, packReq=json.dumps(asked))["result"]["data"]
    package_id = packed["pack_order_list"][0]["order_item_list"][0]["package_id"]
    packages = json.dumps({"packages": [{"package_id": package_id}]})
    call("/order/package/rts", "POST", token, readyToShipReq=packages)
    assert on_lazada(seller, "AO-THUN-Đ-M")["total"] == 7

    upload = lazop.LazopRequest("/image/upload")
    upload.add_file_param("image", png())
    image = client.execute(upload, token)
    assert image.code == "0", image.body
    new = draft(image.body["data"]["image"]["url"], new_sku("MOI-1", "Đỏ"), new_sku("MOI-2", "Xanh"))
    made = call("/product/create", "POST", token, payload=json.dumps({"Request": {"Product": new}}))["data"]
    assert [row["seller_sku"] for row in made["sku_list"]] == ["MOI-1", "MOI-2"]
    changes = {"ItemId": str(made["item_id"]), "Attributes": {"name": "Áo thun tên mới"}}
    call("/product/update", "POST", token, payload=json.dumps({"Request": {"Product": changes}}))
    one = call("/product/item/get", "GET", token, item_id=str(made["item_id"]))["data"]
    assert one["attributes"]["name"] == "Áo thun tên mới"


def test_mcp_shopee_seller_works(shop: Shopee, tmp_path: Path) -> None:
    missing = "mcp-shopee-seller is not installed"
    shopee_client = pytest.importorskip("shopee_mcp.client", reason=missing)
    shopee_config = pytest.importorskip("shopee_mcp.config", reason=missing)
    names = ("broker_url", "license_key", "redirect_url", "ads_partner_key", "ads_token_file", "ads_redirect_url")
    settings = shopee_config.Settings(
        **dict.fromkeys(names, ""),
        partner_id=shop.partner_id,
        partner_key=shop.partner_key,
        host=shop.box.url,
        shop_id=shop.shop_id,
        token_file=str(tmp_path / "tokens.json"),
        auth_port=0,
        env="sandbox",
        ads_partner_id=0,
    )
    item_id, model_ids = list_on_shopee(shop, models=[{"sku": "AO-M", "name": "M", "stock": 5}])
    order_sn = buy_on_shopee(shop, {"sku": "AO-M", "quantity": 2}).json()["order_sn"]
    code = shop.box.control("POST", "/shopee/codes", {"shop": shop.shop_id})["code"]

    async def drive() -> None:
        client = shopee_client.ShopeeClient(settings)
        try:
            tokens = await client.fetch_token(code, shop.shop_id)
            tokens.expires_at = 0  # so that the next call refreshes first
            client._store[shop.shop_id] = tokens
            params = {"offset": 0, "page_size": 50, "item_status": "NORMAL"}
            listed = await client.call("/api/v2/product/get_item_list", params=params)
            assert [row["item_id"] for row in listed["response"]["item"]] == [item_id]
            stock = [{"model_id": model_ids[0], "seller_stock": [{"stock": 9}]}]
            body = {"item_id": item_id, "stock_list": stock}
            written = await client.call("/api/v2/product/update_stock", method="POST", body=body)
            assert written["response"]["failure_list"] == []
            now = int(time.time())
            window = {"time_range_field": "create_time", "time_from": now - 100, "time_to": now + 1, "page_size": 20}
            orders = await client.call("/api/v2/order/get_order_list", params=window)
            assert [row["order_sn"] for row in orders["response"]["order_list"]] == [order_sn]
            params = {"order_sn_list": order_sn, "response_optional_fields": "item_list"}
            order = await client.call("/api/v2/order/get_order_detail", params=params)
            lines = order["response"]["order_list"][0]["item_list"]
            assert [(row["model_sku"], row["model_quantity_purchased"]) for row in lines] == [("AO-M", 2)]
            image = await client.upload_file(
                "/api/v2/media_space/upload_image", filename="a.jpg", content=b"\xff\xd8\xff"
            )
            assert image["response"]["image_info"]["image_id"]
        finally:
            await client.aclose()

    asyncio.run(drive())
    assert on_shopee(shop, "AO-M")["available"] == 9


def test_snowland_shopeeapi_works(shop: Shopee) -> None:
    snowland = pytest.importorskip("snowland_shopeeapi", reason="snowland-shopeeapi is not installed")
    item_id, _ = list_on_shopee(shop, stock=5)
    code = shop.box.control("POST", "/shopee/codes", {"shop": shop.shop_id})["code"]

    async def drive() -> None:
        # Its environments are constants; an object with the same attribute points it here.
        environment = SimpleNamespace(base_url=shop.box.url)
        options = {"backend": "httpx", "enable_retry": False}
        client = snowland.ShopeeClient(shop.partner_id, shop.partner_key, environment, **options)
        try:
            token = (await client.auth.get_token(code, shop.shop_id))["access_token"]
            who = {"access_token": token, "shop_id": shop.shop_id}
            info = await client.shop.get_shop_info(**who)
            assert info["shop_name"] == "Áo Việt"
            params = {"offset": 0, "page_size": 50, "item_status": "NORMAL"}
            listed = await client.request("GET", "/api/v2/product/get_item_list", params=params, **who)
            assert listed["response"]["item"][0]["item_id"] == item_id
            body = {"item_id": item_id, "stock_list": [{"seller_stock": [{"stock": 8}]}]}
            await client.request("POST", "/api/v2/product/update_stock", json=body, **who)
        finally:
            await client.close()

    asyncio.run(drive())
    assert on_shopee(shop)["total"] == 8


def test_pyshopee_works(shop: Shopee, monkeypatch: pytest.MonkeyPatch) -> None:
    # Its module imports a browser driver for a helper that is not used here.
    monkeypatch.setitem(sys.modules, "selenium", types.ModuleType("selenium"))
    monkeypatch.setattr(sys.modules["selenium"], "webdriver", None, raising=False)
    pyshopee = pytest.importorskip("pyshopee2.client", reason="pyshopee is not installed")
    item_id, _ = list_on_shopee(shop, stock=5)
    order_sn = buy_on_shopee(shop, {"sku": "AO-THUN", "quantity": 2}).json()["order_sn"]
    code = shop.box.control("POST", "/shopee/codes", {"shop": shop.shop_id})["code"]

    client = pyshopee.Client(shop.shop_id, shop.partner_id, shop.partner_key, "http://127.0.0.1:9/cb", code=code)
    client.host = shop.box.url
    _, life_s, refresh_token = client.get_token()
    assert life_s == 14400
    client.get_access_token(shop.shop_id, shop.partner_id, shop.partner_key, refresh_token)
    assert client.refresh_token != refresh_token
    listed = client.product.get_item_list(offset=0, page_size=50, item_status="NORMAL")
    assert [row["item_id"] for row in listed["response"]["item"]] == [item_id]
    stock = [{"model_id": 0, "seller_stock": [{"stock": 9}]}]
    assert client.product.update_stock(item_id=item_id, stock_list=stock)["error"] == ""
    now = int(time.time())
    window = {"time_range_field": "update_time", "time_from": now - 100, "time_to": now + 1, "page_size": 20}
    orders = client.order.get_order_list(**window)
    assert [row["order_sn"] for row in orders["response"]["order_list"]] == [order_sn]
    order = client.order.get_order_detail(order_sn_list=order_sn, response_optional_fields="item_list")
    assert order["response"]["order_list"][0]["item_list"][0]["model_quantity_purchased"] == 2
    assert on_shopee(shop)["available"] == 9
