"""The stand-in of Lazada behaves as the protocol notes say."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.sandbox.conftest import open_seller
from tests.sandbox.driving import Lazada, Sandbox
from tests.sandbox.selling import buy_on_lazada, list_on_lazada, on_lazada

SINCE = {"created_after": "2020-01-01T00:00:00+07:00"}


def xml(*skus: str) -> dict[str, str]:
    return {
        "payload": f"<Request> <Product><Skus>{''.join(f'<Sku>{sku}</Sku>' for sku in skus)}</Skus></Product></Request>"
    }


def figures(seller: Lazada, sku: str = "AO-THUN") -> tuple[int, int, int, int]:
    seen = on_lazada(seller, sku)
    return seen["total"], seen["withhold"], seen["occupy"], seen["available"]


def advance(seller: Lazada, order_id: int, to: str, **more: Any) -> Any:
    return seller.box.control("POST", f"/lazada/orders/{order_id}/advance", {"to": to, **more})


def items(seller: Lazada, order_id: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = seller.get("/order/items/get", {"order_id": str(order_id)})["data"]
    return rows


def pack(seller: Lazada, order_id: int, unit_ids: list[int]) -> Any:
    asked = {"pack_order_list": [{"order_id": order_id, "order_item_list": unit_ids}], "delivery_type": "dropship"}
    answer = seller.post("/order/fulfill/pack", {"packReq": json.dumps(asked | {"shipping_allocate_type": "TFS"})})
    return answer["result"]["data"]["pack_order_list"][0]["order_item_list"]


def rts(seller: Lazada, package_id: str) -> Any:
    asked = {"readyToShipReq": json.dumps({"packages": [{"package_id": package_id}]})}
    return seller.post("/order/package/rts", asked)["result"]["data"]["packages"][0]


def test_stock_follows_the_order(seller: Lazada) -> None:
    list_on_lazada(seller, stock=10)
    order_id = buy_on_lazada(seller, {"sku": "AO-THUN", "quantity": 3}, unpaid=True).json()["order_id"]
    assert figures(seller) == (10, 3, 0, 7)
    advance(seller, order_id, "paid")
    assert figures(seller) == (10, 0, 3, 7)
    units = [row["order_item_id"] for row in items(seller, order_id)]
    package = pack(seller, order_id, units)[0]["package_id"]
    assert figures(seller) == (10, 0, 3, 7)
    assert rts(seller, package)["item_err_code"] == "0"
    assert figures(seller) == (7, 0, 0, 7)
    assert advance(seller, order_id, "shipped")["statuses"] == ["shipped"]
    assert advance(seller, order_id, "delivered")["statuses"] == ["delivered"]


def test_an_unpaid_order_lapses_after_half_an_hour(box: Sandbox, seller: Lazada) -> None:
    list_on_lazada(seller, stock=10)
    order_id = buy_on_lazada(seller, {"sku": "AO-THUN", "quantity": 3}, unpaid=True).json()["order_id"]
    box.control("POST", "/clock", {"advance_s": 1799})
    assert figures(seller) == (10, 3, 0, 7)
    box.control("POST", "/clock", {"advance_s": 2})
    assert figures(seller) == (10, 0, 0, 10)
    assert items(seller, order_id)[0]["status"] == "canceled"


def test_quantity_is_the_total_and_covers_what_is_held(seller: Lazada) -> None:
    item_id, sku_id = list_on_lazada(seller, stock=10)
    buy_on_lazada(seller, {"sku": "AO-THUN", "quantity": 3})
    path, ids = "/product/price_quantity/update", f"<ItemId>{item_id}</ItemId><SkuId>{sku_id}</SkuId>"
    low = seller.post(path, xml(f"{ids}<Quantity>2</Quantity>"))
    assert low["code"] == "0"
    assert low["detail"][0]["message"].startswith("4171")
    assert figures(seller) == (10, 0, 3, 7)
    fine = seller.post(path, xml(f"{ids}<Quantity>5</Quantity><Price>120000</Price><SalePrice>99000</SalePrice>"))
    assert fine == {"code": "0", "request_id": fine["request_id"]}
    assert figures(seller) == (5, 0, 3, 2)
    assert (on_lazada(seller)["price"], on_lazada(seller)["special_price"]) == (120000, 99000)


def test_sellable_is_what_buyers_can_order(seller: Lazada) -> None:
    list_on_lazada(seller, stock=10)
    buy_on_lazada(seller, {"sku": "AO-THUN", "quantity": 3})
    path = "/product/stock/sellable/update"
    answer = seller.post(path, xml("<SellerSku>AO-THUN</SellerSku><SellableQuantity>2</SellableQuantity>"))
    assert answer["code"] == "0"
    assert figures(seller) == (5, 0, 3, 2)
    body = {"Request": {"Product": {"Skus": {"Sku": [{"SellerSku": "AO-THUN", "SellableQuantity": 4}]}}}}
    assert seller.post(path, {"payload": json.dumps(body)})["code"] == "0"
    assert figures(seller) == (7, 0, 3, 4)
    adjust = "/product/stock/sellable/adjust"
    seller.post(adjust, xml("<SellerSku>AO-THUN</SellerSku><SellableQuantity>-3</SellableQuantity>"))
    assert figures(seller) == (4, 0, 3, 1)
    refused = seller.post(adjust, xml("<SellerSku>AO-THUN</SellerSku><SellableQuantity>-3</SellableQuantity>"))
    assert refused["detail"]


@pytest.mark.parametrize(("zero", "code"), [(True, "0"), (False, "E0501")])
def test_failed_skus_are_named(box: Sandbox, seller: Lazada, zero: bool, code: str) -> None:
    box.control("POST", "/settings", {"lazada_detail_with_code_zero": zero})
    list_on_lazada(seller, stock=10)
    good = "<SellerSku>AO-THUN</SellerSku><Quantity>4</Quantity>"
    answer = seller.post("/product/price_quantity/update", xml(good, "<SellerSku>?</SellerSku><Quantity>4</Quantity>"))
    assert answer["code"] == code
    assert [(row["seller_sku"], row["message"]) for row in answer["detail"]] == [("?", "E0501: ITEM_NOT_FOUND")]
    assert figures(seller)[0] == 4


def test_payloads_are_checked(seller: Lazada) -> None:
    path = "/product/price_quantity/update"
    assert seller.post(path)["code"] == "E006"
    assert seller.post(path, {"payload": "<Request>"})["code"] == "30"
    assert seller.post(path, {"payload": "<!DOCTYPE a><Request/>"})["code"] == "1000"
    assert seller.post(path, xml(*["<SellerSku>A</SellerSku>"] * 51))["code"] == "6"
    answer = seller.post(path, xml("<SellerSku>A</SellerSku><Quantity>-1</Quantity>"))
    assert answer["detail"][0]["message"].startswith("E0501")


def test_products_are_paged_and_found(seller: Lazada) -> None:
    for number in range(3):
        list_on_lazada(seller, f"A-{number}", stock=number)
    page = seller.get("/products/get", {"filter": "all", "limit": "2"})["data"]
    assert (page["total_products"], len(page["products"])) == (3, 2)
    assert seller.get("/products/get", {"filter": "sold-out"})["data"]["total_products"] == 1
    assert seller.get("/products/get", {"sku_seller_list": '["A-1"]'})["data"]["total_products"] == 1
    assert seller.get("/products/get", {"limit": "51"})["code"] == "19"
    assert seller.get("/product/item/get", {"seller_sku": "A-2"})["data"]["skus"][0]["quantity"] == 2


def test_an_order_has_one_row_a_unit(seller: Lazada) -> None:
    list_on_lazada(seller, stock=10)
    list_on_lazada(seller, "QUAN", stock=10)
    lines = [{"sku": "AO-THUN", "quantity": 3}, {"sku": "QUAN", "quantity": 2, "unit_price": 50000}]
    order_id = buy_on_lazada(seller, *lines).json()["order_id"]
    rows = items(seller, order_id)
    assert [row["sku"] for row in rows] == ["AO-THUN"] * 3 + ["QUAN"] * 2
    assert len({row["order_item_id"] for row in rows}) == 5
    assert "quantity" not in rows[0]
    order = seller.get("/order/get", {"order_id": str(order_id)})["data"]
    assert (order["price"], order["items_count"], order["statuses"]) == ("397000.00", 5, ["pending"])
    several = seller.get("/orders/items/get", {"order_ids": f"[{order_id}]"})["data"]
    assert several[0]["order_items"] == rows


def test_orders_are_listed_by_moment(seller: Lazada) -> None:
    list_on_lazada(seller, stock=10)
    made = [buy_on_lazada(seller, {"sku": "AO-THUN"}).json()["order_id"] for _ in range(3)]
    page = seller.get("/orders/get", SINCE | {"limit": "2", "sort_by": "updated_at", "sort_direction": "ASC"})["data"]
    assert (page["count"], page["countTotal"]) == (2, 3)
    rest = seller.get("/orders/get", SINCE | {"limit": "2", "offset": "2", "sort_by": "updated_at"})["data"]
    assert [row["order_id"] for row in page["orders"] + rest["orders"]] == made
    assert seller.get("/orders/get")["code"] == "74"
    assert seller.get("/orders/get", {"update_after": "yesterday"})["code"] == "17"
    assert seller.get("/orders/get", SINCE | {"status": "gone"})["code"] == "36"
    assert seller.get("/orders/get", {"update_after": "2999-01-01T00:00:00+07:00"})["data"]["orders"] == []


def test_units_of_an_order_go_their_own_ways(seller: Lazada) -> None:
    list_on_lazada(seller, stock=10)
    order_id = buy_on_lazada(seller, {"sku": "AO-THUN", "quantity": 4}).json()["order_id"]
    units = [row["order_item_id"] for row in items(seller, order_id)]
    packed = pack(seller, order_id, units[1:3])
    assert {row["item_err_code"] for row in packed} == {"0"}
    assert pack(seller, order_id, units[1:2])[0]["item_err_code"] == "39"
    assert [row["status"] for row in items(seller, order_id)] == ["pending", "packed", "packed", "pending"]
    cancel = {"order_id": str(order_id), "order_item_id_list": json.dumps(units[3:]), "reason_id": "15"}
    validated = seller.get("/order/reverse/cancel/validate", {key: cancel[key] for key in list(cancel)[:2]})
    assert validated["data"]["reason_options"]
    assert seller.post("/order/reverse/cancel/create", cancel)["code"] == "0"
    assert seller.post("/order/reverse/cancel/create", cancel)["code"] == "38"
    assert figures(seller) == (10, 0, 3, 7)
    statuses = seller.get("/order/get", {"order_id": str(order_id)})["data"]["statuses"]
    assert statuses == ["pending", "packed", "canceled"]
    label = {"doc_type": "PDF", "packages": [{"package_id": packed[0]["package_id"]}]}
    file = seller.post("/order/package/document/get", {"getDocumentReq": json.dumps(label)})["result"]["data"]["file"]
    assert base64.b64decode(file).startswith(b"%PDF")


def test_only_packed_units_are_ready_to_ship(seller: Lazada) -> None:
    list_on_lazada(seller, stock=10)
    order_id = buy_on_lazada(seller, {"sku": "AO-THUN"}).json()["order_id"]
    assert rts(seller, "FP0")["item_err_code"] == "38"
    package = pack(seller, order_id, [order_id + 1])[0]["package_id"]
    assert rts(seller, package)["item_err_code"] == "0"
    assert rts(seller, package)["item_err_code"] == "38"


def test_the_legacy_calls_still_work(seller: Lazada) -> None:
    list_on_lazada(seller, stock=10)
    order_id = buy_on_lazada(seller, {"sku": "AO-THUN", "quantity": 2}).json()["order_id"]
    first, second = (row["order_item_id"] for row in items(seller, order_id))
    cancelled = seller.post("/order/cancel", {"order_item_id": str(second), "reason_id": "15", "reason_detail": "x"})
    assert cancelled["code"] == "0"
    ids = {"order_item_ids": f"[{first}]"}
    packed = seller.post("/order/pack", ids | {"delivery_type": "dropship", "shipping_provider": "LEX VN"})["data"]
    number = packed["order_items"][0]["tracking_number"]
    assert seller.post("/order/rts", ids | {"delivery_type": "dropship", "tracking_number": number})["code"] == "0"
    label = seller.get("/order/document/get", ids | {"doc_type": "shippingLabel"})["data"]["document"]
    assert base64.b64decode(label["file"]).startswith(b"%PDF")
    assert figures(seller) == (9, 0, 0, 9)


def test_a_buyer_asks_to_cancel_and_the_seller_decides(seller: Lazada) -> None:
    list_on_lazada(seller, stock=10)
    order_id = buy_on_lazada(seller, {"sku": "AO-THUN"}).json()["order_id"]
    reverse_id = advance(seller, order_id, "buyer_cancel_request")["reverse_order_id"]
    found = seller.get("/reverse/getreverseordersforseller", {"page_no": "1", "page_size": "10"})["result"]["items"]
    assert [(row["reverse_order_id"], row["request_type"]) for row in found] == [(reverse_id, "CANCEL")]
    decision = {"reverse_order_id": str(reverse_id), "action": "agree"}
    assert seller.post("/order/reverse/cancel/seller/decide", decision)["code"] == "0"
    assert items(seller, order_id)[0]["status"] == "canceled"
    assert figures(seller) == (10, 0, 0, 10)


def test_warehouses_are_written_and_sold_from(box: Sandbox) -> None:
    seller = open_seller(box, warehouses=["dropshipping", "kho-hn"])
    list_on_lazada(seller, stock=2)
    rows = (
        "<MultiWarehouseInventory><WarehouseCode>kho-hn</WarehouseCode><Quantity>3</Quantity></MultiWarehouseInventory>"
    )
    body = f"<SellerSku>AO-THUN</SellerSku><MultiWarehouseInventories>{rows}</MultiWarehouseInventories>"
    assert seller.post("/product/price_quantity/update", xml(body))["code"] == "0"
    order_id = buy_on_lazada(seller, {"sku": "AO-THUN", "quantity": 4}).json()["order_id"]
    assert [row["warehouse_code"] for row in items(seller, order_id)] == ["dropshipping"] * 2 + ["kho-hn"] * 2
    assert buy_on_lazada(seller, {"sku": "AO-THUN", "quantity": 2}).status_code == 409
    found = seller.get("/seller/warehouse/get")["result"]["data"]
    assert [row["code"] for row in found] == ["dropshipping", "kho-hn"]
