"""The stand-in of Shopee behaves as the protocol notes say."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.sandbox.conftest import open_shop
from tests.sandbox.driving import Sandbox, Shopee
from tests.sandbox.selling import buy_on_shopee, list_on_shopee, on_shopee

MODELS = [{"sku": "AO-DO", "name": "Đỏ", "stock": 3}, {"sku": "AO-XANH", "name": "Xanh", "stock": 4}]


def write(shop: Shopee, item_id: int, *entries: tuple[int, int]) -> Any:
    rows = [{"model_id": model_id, "seller_stock": [{"stock": stock}]} for model_id, stock in entries]
    return shop.post("/product/update_stock", {"item_id": item_id, "stock_list": rows})


def orders(shop: Shopee, **more: Any) -> Any:
    now = int(time.time())
    window = {"time_range_field": "create_time", "time_from": now - 1000, "time_to": now + 1, "page_size": 100}
    return shop.get("/order/get_order_list", window | more)


def detail(shop: Shopee, order_sn: str, fields: str = "item_list") -> Any:
    params = {"order_sn_list": order_sn, "response_optional_fields": fields}
    return shop.get("/order/get_order_detail", params)["response"]["order_list"][0]


def test_items_are_paged_and_filtered(shop: Shopee) -> None:
    for number in range(3):
        list_on_shopee(shop, f"A-{number}")
    list_on_shopee(shop, "HIDDEN", status="UNLIST")
    page = shop.get("/product/get_item_list", {"offset": 0, "page_size": 2, "item_status": "NORMAL"})["response"]
    assert (len(page["item"]), page["total_count"], page["has_next_page"], page["next_offset"]) == (2, 3, True, 2)
    both = {"offset": 0, "page_size": 100, "item_status": ["NORMAL", "UNLIST"]}
    assert shop.get("/product/get_item_list", both)["response"]["total_count"] == 4
    for wrong in ({"page_size": 101}, {"item_status": "GONE"}, {"offset": "x"}):
        assert shop.get("/product/get_item_list", both | wrong)["error"] != ""


def test_no_more_than_fifty_ids_are_looked_up(shop: Shopee) -> None:
    ids = ",".join(str(number) for number in range(51))
    assert shop.get("/product/get_item_base_info", {"item_id_list": ids})["error"] == "error_param"
    assert shop.get("/order/get_order_detail", {"order_sn_list": ids})["error"] == "error_param"


def test_models_carry_the_stock_of_an_item_with_variants(shop: Shopee) -> None:
    item_id, model_ids = list_on_shopee(shop, models=MODELS)
    info = shop.get("/product/get_item_base_info", {"item_id_list": item_id})["response"]["item_list"][0]
    assert info["has_model"] is True
    assert "stock_info_v2" not in info
    models = shop.get("/product/get_model_list", {"item_id": item_id})["response"]["model"]
    assert [model["model_id"] for model in models] == model_ids
    assert models[1]["stock_info_v2"]["summary_info"]["total_available_stock"] == 4


def test_stock_is_written_entry_by_entry(shop: Shopee) -> None:
    item_id, model_ids = list_on_shopee(shop, models=MODELS)
    answer = write(shop, item_id, (model_ids[0], 7), (1, 5))
    assert answer["error"] == ""
    assert answer["response"]["success_list"] == [{"model_id": model_ids[0], "location_id": "VNZ", "stock": 7}]
    assert answer["response"]["failure_list"][0]["model_id"] == 1
    assert on_shopee(shop, "AO-DO")["total"] == 7
    assert write(shop, item_id, (1, 5))["error"] != ""
    assert write(shop, 1, (0, 5))["error"] == "product.error_item_not_found"


def test_stock_below_the_reserved_units_is_refused(box: Sandbox, shop: Shopee) -> None:
    box.control("POST", "/settings", {"shopee_stock_includes_reserved": True})
    item_id, _ = list_on_shopee(shop, stock=10)
    assert buy_on_shopee(shop, {"sku": "AO-THUN", "quantity": 3}).status_code == 201
    seen = shop.get("/product/get_item_base_info", {"item_id_list": item_id})["response"]["item_list"][0]
    assert seen["stock_info_v2"]["summary_info"] == {"total_reserved_stock": 3, "total_available_stock": 7}
    assert seen["stock_info_v2"]["seller_stock"][0]["stock"] == 7
    refused = write(shop, item_id, (0, 2))
    assert refused["error"] == "error.param"
    assert "reserved stock" in refused["message"]
    assert write(shop, item_id, (0, 3))["error"] == ""
    assert on_shopee(shop)["available"] == 0


def test_the_written_figure_is_what_is_available(shop: Shopee) -> None:
    item_id, _ = list_on_shopee(shop, stock=10)
    buy_on_shopee(shop, {"sku": "AO-THUN", "quantity": 3})
    assert write(shop, item_id, (0, 2))["error"] == ""
    assert on_shopee(shop)["available"] == 2


def test_locations_are_known_to_multi_warehouse_shops_alone(box: Sandbox, shop: Shopee) -> None:
    assert shop.get("/shop/get_warehouse_detail")["error"] == "warehouse.error_not_in_whitelist"
    wide = open_shop(box, locations=["VNHCM", "VNHN"])
    assert [row["location_id"] for row in wide.get("/shop/get_warehouse_detail")["response"]] == ["VNHCM", "VNHN"]
    item_id, _ = list_on_shopee(wide, stock=4)
    entry = {"model_id": 0, "seller_stock": [{"location_id": "VNHN", "stock": 6}]}
    assert wide.post("/product/update_stock", {"item_id": item_id, "stock_list": [entry]})["error"] == ""
    assert on_shopee(wide)["stock"] == {"VNHCM": 4, "VNHN": 6}


def test_prices_are_written(shop: Shopee) -> None:
    item_id, _ = list_on_shopee(shop)
    rows = [{"model_id": 0, "original_price": 120000}]
    assert shop.post("/product/update_price", {"item_id": item_id, "price_list": rows})["error"] == ""
    assert on_shopee(shop)["price"] == 120000


def test_the_order_window_is_fifteen_days(shop: Shopee) -> None:
    now = int(time.time())
    assert orders(shop, time_from=now - 15 * 86400, time_to=now)["error"] == ""
    assert orders(shop, time_from=now - 15 * 86400 - 1, time_to=now)["error"] == "order.order_list_invalid_time"
    assert orders(shop, time_from=now, time_to=now)["error"] == "order.order_list_invalid_time"


@pytest.mark.parametrize("field", ["create_time", "update_time"])
def test_orders_are_paged_by_cursor(shop: Shopee, field: str) -> None:
    list_on_shopee(shop, stock=100)
    made = [buy_on_shopee(shop, {"sku": "AO-THUN"}).json()["order_sn"] for _ in range(7)]
    seen, cursor = [], ""
    for _ in range(4):
        page = orders(shop, page_size=3, cursor=cursor, time_range_field=field)["response"]
        seen += [row["order_sn"] for row in page["order_list"]]
        cursor = page["next_cursor"]
        if not page["more"]:
            break
    assert seen == made
    assert cursor == ""


def test_an_order_shows_optional_fields_only_when_asked(shop: Shopee) -> None:
    list_on_shopee(shop)
    order_sn = buy_on_shopee(shop, {"sku": "AO-THUN", "quantity": 2}, unit_price=88000).json()["order_sn"]
    bare = shop.get("/order/get_order_detail", {"order_sn_list": order_sn})["response"]["order_list"][0]
    assert "item_list" not in bare
    assert bare["order_status"] == "READY_TO_SHIP"
    full = detail(shop, order_sn, "item_list,total_amount,recipient_address")
    assert full["total_amount"] == 176000
    assert full["item_list"][0]["model_quantity_purchased"] == 2
    assert "*" in full["recipient_address"]["name"]


def test_foreign_prices_keep_their_cents(box: Sandbox) -> None:
    shop = open_shop(box, currency="GBP")
    list_on_shopee(shop, price=2.55)
    lines = [{"sku": "AO-THUN", "quantity": 3, "unit_price": 2.1}]
    order_sn = buy_on_shopee(shop, *lines).json()["order_sn"]
    full = detail(shop, order_sn, "item_list,total_amount")
    assert (full["currency"], full["total_amount"]) == ("GBP", 6.3)
    assert full["item_list"][0]["model_discounted_price"] == 2.1


def test_an_order_is_shipped_labelled_and_delivered(box: Sandbox, shop: Shopee) -> None:
    box.control("POST", "/settings", {"shopee_tracking_delay_s": 60, "shopee_document_delay_s": 60})
    list_on_shopee(shop, stock=5)
    order_sn = buy_on_shopee(shop, {"sku": "AO-THUN", "quantity": 2}).json()["order_sn"]
    needed = shop.get("/logistics/get_shipping_parameter", {"order_sn": order_sn})["response"]
    slot = needed["pickup"]["address_list"][0]
    pickup = {
        "address_id": slot["address_id"],
        "pickup_time_id": slot["time_slot_list"][0]["pickup_time_id"],
    }
    shipped = shop.post("/logistics/ship_order", {"order_sn": order_sn, "pickup": pickup})
    assert shipped["error"] == ""
    assert "response" not in shipped
    assert shop.post("/logistics/ship_order", {"order_sn": order_sn, "dropoff": {}})["error"] != ""

    def tracking() -> Any:
        return shop.get("/logistics/get_tracking_number", {"order_sn": order_sn})["response"]

    assert tracking()["tracking_number"] == ""
    assert tracking()["hint"]
    box.control("POST", "/clock", {"advance_s": 61})
    number = tracking()["tracking_number"]
    row = {"order_sn": order_sn, "tracking_number": number, "shipping_document_type": "THERMAL_AIR_WAYBILL"}
    assert shop.post("/logistics/create_shipping_document", {"order_list": [row]})["error"] == ""

    def document() -> Any:
        rows = {"order_list": [{"order_sn": order_sn}]}
        return shop.post("/logistics/get_shipping_document_result", rows)["response"]["result_list"][0]["status"]

    assert document() == "PROCESSING"
    early = shop.post("/logistics/download_shipping_document", {"order_list": [{"order_sn": order_sn}]})
    assert early["error"] == "logistics.shipping_document_should_print_first"
    box.control("POST", "/clock", {"advance_s": 61})
    assert document() == "READY"
    file = shop.reply("POST", "/logistics/download_shipping_document", None, {"order_list": [{"order_sn": order_sn}]})
    assert file.headers["content-type"] == "application/pdf"
    assert file.content.startswith(b"%PDF")

    assert (on_shopee(shop)["total"], on_shopee(shop)["reserved"]) == (5, 2)
    for step, status in (("shipped", "SHIPPED"), ("delivered", "TO_CONFIRM_RECEIVE"), ("completed", "COMPLETED")):
        assert box.control("POST", f"/shopee/orders/{order_sn}/advance", {"to": step})["status"] == status
    assert (on_shopee(shop)["total"], on_shopee(shop)["reserved"]) == (3, 0)


def test_cancelling_gives_the_stock_back(shop: Shopee) -> None:
    list_on_shopee(shop, stock=5)
    order_sn = buy_on_shopee(shop, {"sku": "AO-THUN", "quantity": 2}).json()["order_sn"]
    lacking = shop.post("/order/cancel_order", {"order_sn": order_sn, "cancel_reason": "OUT_OF_STOCK"})
    assert lacking["error"] == "order.error_param"
    done = shop.post("/order/cancel_order", {"order_sn": order_sn, "cancel_reason": "CUSTOMER_REQUEST"})
    assert done["response"]["update_time"]
    assert detail(shop, order_sn)["order_status"] == "CANCELLED"
    assert (on_shopee(shop)["total"], on_shopee(shop)["available"]) == (5, 5)
    again = shop.post("/order/cancel_order", {"order_sn": order_sn, "cancel_reason": "CUSTOMER_REQUEST"})
    assert again["error"] != ""


def test_a_buyer_asks_to_cancel_and_the_seller_decides(box: Sandbox, shop: Shopee) -> None:
    list_on_shopee(shop, stock=5)
    order_sn = buy_on_shopee(shop, {"sku": "AO-THUN"}).json()["order_sn"]
    asked = box.control("POST", f"/shopee/orders/{order_sn}/advance", {"to": "buyer_cancel_request"})
    assert asked["status"] == "IN_CANCEL"
    shop.post("/order/handle_buyer_cancellation", {"order_sn": order_sn, "operation": "REJECT"})
    assert detail(shop, order_sn)["order_status"] == "READY_TO_SHIP"
    box.control("POST", f"/shopee/orders/{order_sn}/advance", {"to": "buyer_cancel_request"})
    shop.post("/order/handle_buyer_cancellation", {"order_sn": order_sn, "operation": "ACCEPT"})
    assert detail(shop, order_sn)["order_status"] == "CANCELLED"


def test_a_return_is_listed_and_confirmed(box: Sandbox, shop: Shopee) -> None:
    list_on_shopee(shop)
    order_sn = buy_on_shopee(shop, {"sku": "AO-THUN"}).json()["order_sn"]
    for step in ("shipped", "delivered", "return"):
        box.control("POST", f"/shopee/orders/{order_sn}/advance", {"to": step})
    found = shop.get("/returns/get_return_list", {"page_no": 0, "page_size": 10})["response"]["return"]
    assert [row["order_sn"] for row in found] == [order_sn]
    assert shop.post("/returns/confirm", {"return_sn": found[0]["return_sn"]})["error"] == ""
    again = shop.get("/returns/get_return_detail", {"return_sn": found[0]["return_sn"]})
    assert again["response"]["status"] == "ACCEPTED"


def test_orders_live_by_themselves_when_asked(box: Sandbox, shop: Shopee) -> None:
    box.control(
        "POST", "/settings", {"life": True, "life_pay_s": 10, "life_pickup_s": 10, "shopee_tracking_delay_s": 0}
    )
    list_on_shopee(shop)
    order_sn = buy_on_shopee(shop, {"sku": "AO-THUN"}, unpaid=True).json()["order_sn"]
    assert detail(shop, order_sn)["order_status"] == "UNPAID"
    box.control("POST", "/clock", {"advance_s": 11})
    assert detail(shop, order_sn)["order_status"] == "READY_TO_SHIP"
    shop.post("/logistics/ship_order", {"order_sn": order_sn, "dropoff": {}})
    box.control("POST", "/clock", {"advance_s": 11})
    assert detail(shop, order_sn)["order_status"] == "SHIPPED"
