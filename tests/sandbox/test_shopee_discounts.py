"""Discounts of the stand-in of Shopee: what they ask for, what they refuse, and what buyers pay."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import open_shop
from tests.sandbox.driving import Sandbox, Shopee
from tests.sandbox.selling import buy_on_shopee, list_on_shopee, on_shopee

HOUR, DAY = 3600, 86400
MODELS = [{"sku": "AO-DO", "name": "Đỏ", "stock": 3}, {"sku": "AO-XANH", "name": "Xanh", "stock": 4}]


def now_of(shop: Shopee) -> int:
    return int(shop.box.control("GET", "/clock")["now"])


def skip(shop: Shopee, seconds: int) -> None:
    """Skip time, and go on with a token that lives."""
    shop.box.control("POST", "/clock", {"advance_s": seconds})
    shop.access_token = shop.box.control("POST", "/shopee/tokens", {"shop": shop.shop_id})["access_token"]


def plan(shop: Shopee, *, start_in: int = 2 * HOUR, lasts: int = DAY, name: str = "Sale cuối tuần") -> Any:
    starts = now_of(shop) + start_in
    return shop.post(
        "/discount/add_discount", {"discount_name": name, "start_time": starts, "end_time": starts + lasts}
    )


def planned(shop: Shopee, **more: Any) -> int:
    answer = plan(shop, **more)
    assert answer["error"] == "", answer
    return int(answer["response"]["discount_id"])


def put(shop: Shopee, discount_id: int, *rows: dict[str, Any], call: str = "add") -> Any:
    return shop.post(f"/discount/{call}_discount_item", {"discount_id": discount_id, "item_list": list(rows)})


def alone(item_id: int, price: float = 79000, limit: int = 0, **more: Any) -> dict[str, Any]:
    return {"item_id": item_id, "purchase_limit": limit, "item_promotion_price": price, **more}


def failures(answer: Any) -> list[tuple[int, int, str]]:
    return [(row["item_id"], row["model_id"], row["fail_error"]) for row in answer["response"]["error_list"]]


def discount(shop: Shopee, discount_id: int) -> Any:
    params = {"discount_id": discount_id, "page_no": 1, "page_size": 50}
    return shop.get("/discount/get_discount", params)["response"]


def price_of(shop: Shopee, item_id: int) -> tuple[int, int, int]:
    row = shop.get("/product/get_item_base_info", {"item_id_list": item_id})["response"]["item_list"][0]
    prices = row["price_info"][0]
    return prices["original_price"], prices["current_price"], row["promotion_id"]


def line_of(shop: Shopee, order_sn: str) -> Any:
    params = {"order_sn_list": order_sn, "response_optional_fields": "item_list,total_amount"}
    return shop.get("/order/get_order_detail", params)["response"]["order_list"][0]["item_list"][0]


def test_a_discount_begins_and_ends_by_the_clock(shop: Shopee) -> None:
    item_id, _ = list_on_shopee(shop, stock=10)
    discount_id = planned(shop)
    added = put(shop, discount_id, alone(item_id))
    assert added["response"] == {"discount_id": discount_id, "count": 1, "error_list": [], "warning": ""}
    assert discount(shop, discount_id)["status"] == "upcoming"
    assert price_of(shop, item_id) == (99000, 99000, 0)
    early = buy_on_shopee(shop, {"sku": "AO-THUN"}).json()
    assert early["total"] == 99000

    skip(shop, 2 * HOUR + 5)
    assert discount(shop, discount_id)["status"] == "ongoing"
    assert price_of(shop, item_id) == (99000, 79000, discount_id)
    bought = buy_on_shopee(shop, {"sku": "AO-THUN", "quantity": 2}).json()
    assert bought["total"] == 158000
    line = line_of(shop, bought["order_sn"])
    assert (line["model_original_price"], line["model_discounted_price"]) == (99000, 79000)
    assert (line["promotion_type"], line["promotion_id"]) == ("product_promotion", discount_id)

    skip(shop, DAY)
    assert discount(shop, discount_id)["status"] == "expired"
    assert price_of(shop, item_id) == (99000, 99000, 0)
    late = buy_on_shopee(shop, {"sku": "AO-THUN"}).json()
    assert late["total"] == 99000
    assert line_of(shop, late["order_sn"])["promotion_id"] == 0


def test_variants_have_prices_of_their_own(shop: Shopee) -> None:
    item_id, (red, blue) = list_on_shopee(shop, models=MODELS)
    discount_id = planned(shop)
    row = {"item_id": item_id, "purchase_limit": 2, "model_list": [{"model_id": red, "model_promotion_price": 60000}]}
    assert put(shop, discount_id, row)["response"]["count"] == 1
    blue_row = {**row, "model_list": [{"model_id": blue, "model_promotion_price": 70000, "model_promotion_stock": 2}]}
    assert put(shop, discount_id, blue_row)["response"]["count"] == 1
    shown = discount(shop, discount_id)["item_list"]
    assert [(one["item_original_price"], one["item_promotion_price"]) for one in shown] == [(0, 0)]
    models = [
        (one["model_id"], one["model_promotion_price"], one["model_normal_stock"]) for one in shown[0]["model_list"]
    ]
    assert models == [(red, 60000, 3), (blue, 70000, 4)]
    skip(shop, 2 * HOUR + 5)
    rows = shop.get("/product/get_model_list", {"item_id": item_id})["response"]["model"]
    assert [row["price_info"][0]["current_price"] for row in rows] == [60000, 70000]
    assert [(row["promotion_id"], row["has_promotion"]) for row in rows] == [(discount_id, True)] * 2

    gone = {"discount_id": discount_id, "item_id": item_id, "model_id": red}
    assert shop.post("/discount/delete_discount_item", gone)["response"]["error_list"] == []
    assert shop.post("/discount/delete_discount_item", gone)["error"] == "discount.discount_item_not_exist"
    rows = shop.get("/product/get_model_list", {"item_id": item_id})["response"]["model"]
    assert [(row["price_info"][0]["current_price"], row["promotion_id"]) for row in rows] == [
        (99000, 0),
        (70000, discount_id),
    ]


def test_an_order_keeps_to_the_limit_and_to_the_units_set_apart(shop: Shopee) -> None:
    item_id, (red, blue) = list_on_shopee(shop, models=MODELS)
    discount_id = planned(shop)
    models = [
        {"model_id": red, "model_promotion_price": 60000},
        {"model_id": blue, "model_promotion_price": 70000, "model_promotion_stock": 1},
    ]
    put(shop, discount_id, {"item_id": item_id, "purchase_limit": 2, "model_list": models})
    skip(shop, 2 * HOUR + 5)
    refused = buy_on_shopee(shop, {"sku": "AO-DO", "quantity": 2}, {"sku": "AO-XANH"})
    assert (refused.status_code, refused.json()["error"], refused.json()["limit"]) == (422, "purchase_limit", 2)
    assert on_shopee(shop, "AO-DO")["reserved"] == 0
    assert [buy_on_shopee(shop, {"sku": "AO-XANH"}).json()["total"] for _ in range(2)] == [70000, 99000]
    assert buy_on_shopee(shop, {"sku": "AO-DO", "quantity": 2}).json()["total"] == 120000


@pytest.mark.parametrize(
    ("start_in", "lasts", "error"),
    [
        (HOUR - 60, DAY, "discount.discount_start_time_smaller_than_now"),
        (-DAY, 2 * DAY, "discount.discount_start_time_smaller_than_now"),
        (2 * HOUR, 0, "discount.discount_end_time_smaller_than_start_time"),
        (2 * HOUR, HOUR - 1, "discount.discount_period_too_short"),
        (2 * HOUR, 180 * DAY, "discount.discount_period_too_long"),
    ],
)
def test_a_period_that_cannot_be_is_refused(shop: Shopee, start_in: int, lasts: int, error: str) -> None:
    answer = plan(shop, start_in=start_in, lasts=lasts)
    assert (answer["error"], answer["response"]) == (error, {})
    assert discounts(shop) == []


def discounts(shop: Shopee, status: str = "all", **more: Any) -> list[tuple[int, str]]:
    params = {"discount_status": status, "page_no": 1, "page_size": 100, **more}
    return [
        (row["discount_id"], row["status"])
        for row in shop.get("/discount/get_discount_list", params)["response"]["discount_list"]
    ]


def test_a_name_is_needed_and_not_too_long(shop: Shopee) -> None:
    for name in ("", " ", "x" * 151):
        assert plan(shop, name=name)["error"] == "error_param"
    assert shop.post("/discount/add_discount", {"discount_name": "A"})["error"] == "error_param"
    assert discount(shop, planned(shop, name="x" * 150))["discount_name"] == "x" * 150


def test_prices_that_cannot_be_are_refused_one_by_one(box: Sandbox, shop: Shopee) -> None:
    item_id, _ = list_on_shopee(shop, price=100000)
    other = open_shop(box, region="SG", currency="SGD")
    foreign, _ = list_on_shopee(other, price=10.0)
    discount_id = planned(shop)
    for price, error in (
        (100000, "discount.promotion_price_higher_input_price"),
        (100001, "discount.promotion_price_higher_input_price"),
        (49999, "discount.promotion_price_for_vn"),
        (999, "discount.promotion_price_too_low"),
        (120_000_001, "discount.promotoin_price_too_high"),
        (79000.5, "error_param"),
    ):
        answer = put(shop, discount_id, alone(item_id, price))
        assert (answer["error"], answer["response"]["count"]) == ("", 0)
        assert failures(answer) == [(item_id, 0, error)]
    assert discount(shop, discount_id)["item_list"] == []
    assert put(shop, discount_id, alone(item_id, 50000))["response"]["count"] == 1
    abroad = planned(other)
    assert put(other, abroad, alone(foreign, 2.55))["response"]["count"] == 1
    assert discount(other, abroad)["item_list"][0]["item_promotion_price"] == 2.55


def test_items_stand_or_fall_alone(box: Sandbox, shop: Shopee) -> None:
    good, _ = list_on_shopee(shop, "A", stock=5)
    hidden, _ = list_on_shopee(shop, "B", status="UNLIST")
    varied, (red, _) = list_on_shopee(shop, "C", models=MODELS)
    strange, _ = list_on_shopee(open_shop(box), "D")
    discount_id = planned(shop)
    models = [
        {"model_id": 1, "model_promotion_price": 80000},
        {"model_id": red, "model_promotion_price": 80000, "model_promotion_stock": 4},
        {"model_id": red, "model_promotion_price": 80000, "model_promotion_stock": 3},
        {"model_id": red, "model_promotion_price": 70000},
    ]
    answer = put(
        shop,
        discount_id,
        alone(good),
        alone(good),
        alone(hidden),
        alone(strange),
        alone(77),
        {"item_id": varied, "purchase_limit": 0, "model_list": models},
    )
    assert answer["response"]["count"] == 2
    assert failures(answer) == [
        (good, 0, "discount.item_id_repeated"),
        (hidden, 0, "discount.item_status_invalid"),
        (strange, 0, "discount.item_id_not_exist"),
        (77, 0, "discount.item_id_not_exist"),
        (varied, 1, "discount.model_id_not_exist"),
        (varied, red, "discount.error_item_not_enough_stock"),
        (varied, red, "discount.model_id_repeated"),
    ]
    assert answer["response"]["error_list"][0]["fail_message"] == (
        "The item id can't be upload due to it has duplicated."
    )
    assert [one["item_id"] for one in discount(shop, discount_id)["item_list"]] == [good, varied]
    again = put(shop, discount_id, alone(good), {"item_id": varied, "purchase_limit": 0, "model_list": models[1:2]})
    assert failures(again) == [
        (good, 0, "discount.item_in_promotion"),
        (varied, red, "discount.model_in_promotion"),
    ]


def test_what_an_item_needs_is_asked_for(shop: Shopee) -> None:
    plain, _ = list_on_shopee(shop, "A")
    varied, _ = list_on_shopee(shop, "B", models=MODELS)
    discount_id = planned(shop)
    answer = put(
        shop,
        discount_id,
        alone(plain, limit=-1),
        alone(varied),
    )
    assert failures(answer) == [
        (plain, 0, "discount.item_purchase_limit_error"),
        (varied, 0, "discount.item_need_model_id"),
    ]
    without_price = put(shop, discount_id, {"item_id": plain, "purchase_limit": 0})
    assert failures(without_price) == [(plain, 0, "discount.discount_need_promotion_price")]
    assert put(shop, discount_id, {"item_id": plain, "item_promotion_price": 79000})["error"] == "error_param"
    assert put(shop, discount_id)["error"] == "error_param"
    many = [alone(number) for number in range(51)]
    assert put(shop, discount_id, *many)["error"] == "discount.exceed_discount_item_batch_size"
    assert put(shop, 77, alone(plain))["error"] == "common.error_not_found"


def test_an_item_is_in_one_discount_at_a_time(shop: Shopee) -> None:
    item_id, (red, blue) = list_on_shopee(shop, models=MODELS)

    def row(model_id: int) -> dict[str, Any]:
        models = [{"model_id": model_id, "model_promotion_price": 80000}]
        return {"item_id": item_id, "purchase_limit": 0, "model_list": models}

    first, overlapping = planned(shop), planned(shop, start_in=3 * HOUR, lasts=2 * HOUR)
    later = planned(shop, start_in=2 * HOUR + DAY + 60)
    assert put(shop, first, row(red))["response"]["count"] == 1
    assert failures(put(shop, overlapping, row(blue))) == [(item_id, 0, "discount.item_in_other_promotion")]
    assert put(shop, later, row(red))["response"]["count"] == 1
    promotions = shop.get("/product/get_item_promotion", {"item_id_list": f"{item_id},77"})["response"]
    assert [(one["promotion_id"], one["promotion_staging"]) for one in promotions["success_list"][0]["promotion"]] == [
        (first, "upcoming"),
        (later, "upcoming"),
    ]
    assert [one["item_id"] for one in promotions["failure_list"]] == [77]
    shop.post("/discount/delete_discount", {"discount_id": first})
    assert put(shop, overlapping, row(blue))["response"]["count"] == 1


def test_prices_and_limits_are_changed(shop: Shopee) -> None:
    item_id, _ = list_on_shopee(shop, "A", stock=9)
    varied, (red, blue) = list_on_shopee(shop, "B", models=MODELS)
    stranger, _ = list_on_shopee(shop, "C")
    discount_id = planned(shop)
    models = [{"model_id": red, "model_promotion_price": 80000}]
    put(shop, discount_id, alone(item_id), {"item_id": varied, "purchase_limit": 0, "model_list": models})
    skip(shop, 2 * HOUR + 5)
    changed = [{"model_id": red, "model_promotion_price": 70000}, {"model_id": blue, "model_promotion_price": 70000}]
    answer = put(
        shop,
        discount_id,
        {"item_id": item_id, "item_promotion_price": 69000},
        {"item_id": varied, "purchase_limit": 3, "model_list": changed},
        {"item_id": stranger, "item_promotion_price": 69000},
        call="update",
    )
    assert answer["response"]["count"] == 2
    assert failures(answer) == [
        (varied, blue, "discount.model_not_in_promotion"),
        (stranger, 0, "discount.item_not_in_promotion"),
    ]
    assert price_of(shop, item_id) == (99000, 69000, discount_id)
    shown = {one["item_id"]: one for one in discount(shop, discount_id)["item_list"]}
    assert (shown[varied]["purchase_limit"], shown[varied]["model_list"][0]["model_promotion_price"]) == (3, 70000)
    limit = put(shop, discount_id, {"item_id": item_id, "purchase_limit": 1}, call="update")
    assert (limit["response"]["count"], price_of(shop, item_id)[1]) == (1, 69000)
    assert buy_on_shopee(shop, {"sku": "A", "quantity": 2}).status_code == 422
    too_high = put(shop, discount_id, {"item_id": item_id, "item_promotion_price": 99000}, call="update")
    assert failures(too_high) == [(item_id, 0, "discount.promotion_price_higher_input_price")]
    assert price_of(shop, item_id)[1] == 69000


def test_a_discount_becomes_only_shorter(shop: Shopee) -> None:
    discount_id = planned(shop)
    kept = discount(shop, discount_id)
    starts, ends = kept["start_time"], kept["end_time"]

    def update(**more: Any) -> str:
        return str(shop.post("/discount/update_discount", {"discount_id": discount_id, **more})["error"])

    assert update(start_time=starts - 1) == "discount.short_discount_start_time"
    assert update(end_time=ends + 1) == "discount.extend_discount_end_time_error"
    assert update(start_time=ends - HOUR + 1) == "discount.discount_period_too_short"
    assert update(discount_name="") == "error_param"
    assert discount(shop, discount_id) == kept
    assert update(start_time=starts + 60, end_time=ends - 60, discount_name="Ngắn hơn") == ""
    now = discount(shop, discount_id)
    assert (now["start_time"], now["end_time"], now["discount_name"]) == (starts + 60, ends - 60, "Ngắn hơn")

    skip(shop, 5 * HOUR)
    assert update(start_time=starts + 120) == "discount.update_ongoing_discount_start_time"
    assert update(end_time=starts + HOUR + 60) == "discount.discount_end_time_smaller_than_now"
    assert update(start_time=starts + 60, end_time=now_of(shop) + HOUR) == ""
    skip(shop, DAY)
    assert update(discount_name="Muộn") == "discount.discount_is_end"


def test_a_discount_is_deleted_before_it_begins_and_ended_after(shop: Shopee) -> None:
    item_id, _ = list_on_shopee(shop)
    discount_id, dropped = planned(shop), planned(shop)
    put(shop, discount_id, alone(item_id))
    one = {"discount_id": discount_id}
    assert shop.post("/discount/end_discount", one)["error"] == "discount.discount_not_ongoing"
    assert shop.post("/discount/delete_discount", {"discount_id": dropped})["response"]["discount_id"] == dropped
    assert shop.post("/discount/delete_discount", {"discount_id": dropped})["error"] == "common.error_not_found"

    skip(shop, 2 * HOUR + 5)
    assert shop.post("/discount/delete_discount", one)["error"] == "discount.discount_is_ongoing"
    assert shop.post("/discount/end_discount", one)["error"] == "discount.end_discount_time_error"
    assert discounts(shop, "ongoing") == [(discount_id, "ongoing")]
    skip(shop, HOUR)
    assert shop.post("/discount/end_discount", one)["response"]["discount_id"] == discount_id
    assert price_of(shop, item_id) == (99000, 99000, 0)
    assert discounts(shop) == [(discount_id, "expired")]
    assert shop.post("/discount/end_discount", one)["error"] == "discount.discount_not_ongoing"
    assert shop.post("/discount/delete_discount", one)["error"] == "discount.discount_is_end"
    assert put(shop, discount_id, alone(item_id))["error"] == "discount.discount_is_end"


def test_discounts_are_listed_by_status_and_page(box: Sandbox, shop: Shopee) -> None:
    soon, far = planned(shop, lasts=HOUR), planned(shop, start_in=9 * DAY)
    planned(open_shop(box))
    skip(shop, 2 * HOUR + 5)
    assert discounts(shop) == [(soon, "ongoing"), (far, "upcoming")]
    assert discounts(shop, "upcoming") == [(far, "upcoming")]
    page = {"discount_status": "all", "page_no": 1, "page_size": 1}
    assert shop.get("/discount/get_discount_list", page)["response"]["more"] is True
    assert discounts(shop, page_size=1, page_no=2) == [(far, "upcoming")]
    assert discounts(shop, update_time_from=int(time.time()) + 60) == []
    for wrong in ({"discount_status": "gone"}, {"page_size": 101}, {"page_no": 0}):
        assert shop.get("/discount/get_discount_list", page | wrong)["error"] == "error_param"
    span = {"update_time_from": 1, "update_time_to": 31 * DAY}
    assert shop.get("/discount/get_discount_list", page | span)["error"] == "error_param"


def test_the_price_of_an_item_in_a_discount_is_locked(shop: Shopee) -> None:
    item_id, _ = list_on_shopee(shop, "A")
    varied, (red, blue) = list_on_shopee(shop, "B", models=MODELS)
    discount_id = planned(shop)
    models = [{"model_id": red, "model_promotion_price": 80000}]
    put(shop, discount_id, alone(item_id), {"item_id": varied, "purchase_limit": 0, "model_list": models})

    def write(number: int, *rows: tuple[int, int]) -> Any:
        prices = [{"model_id": model_id, "original_price": price} for model_id, price in rows]
        return shop.post("/product/update_price", {"item_id": number, "price_list": prices})

    refused = write(item_id, (0, 120000))
    assert refused["error"] == "product.error_cannt_edit_price_in_promotion"
    assert write(varied, (red, 120000))["error"] == "product.error_cannot_update_price_in_promotion"
    partly = write(varied, (red, 120000), (blue, 120000))
    assert partly["error"] == ""
    assert [row["model_id"] for row in partly["response"]["success_list"]] == [blue]
    assert "promotion" in partly["response"]["failure_list"][0]["failed_reason"]
    assert (on_shopee(shop, "A")["price"], on_shopee(shop, "AO-DO")["price"]) == (99000, 99000)
    shop.post("/discount/delete_discount", {"discount_id": discount_id})
    assert write(item_id, (0, 120000))["error"] == ""


def test_discounts_are_seen_by_control_and_by_shoppers(shop: Shopee, box: Sandbox) -> None:
    item_id, _ = list_on_shopee(shop)
    assert (on_shopee(shop)["selling_price"], on_shopee(shop)["sale"]) == (99000, None)
    discount_id = planned(shop)
    put(shop, discount_id, alone(item_id))
    kept = discount(shop, discount_id)
    sale = {"id": discount_id, "price": 79000, "from": kept["start_time"], "to": kept["end_time"]}
    seen = on_shopee(shop)
    assert (seen["price"], seen["selling_price"], seen["sale"]) == (99000, 99000, sale)
    skip(shop, 2 * HOUR + 5)
    seen = on_shopee(shop)
    assert (seen["price"], seen["selling_price"], seen["sale"]) == (99000, 79000, sale)
    rows = box.control("GET", f"/shopee/discounts?shop={shop.shop_id}")["discounts"]
    assert [(row["discount_id"], row["status"]) for row in rows] == [(discount_id, "ongoing")]
    page = box.http.get(f"{box.url}/shopee/item/{item_id}")
    assert "<s>99.000 ₫</s> 79.000 ₫" in page.text
    variant = box.http.get(f"{box.url}/shopee/item/{item_id}.json").json()["variants"][0]
    assert (variant["price"], variant["list_price"]) == (79000, 99000)


def test_faults_strike_discount_calls(shop: Shopee, box: Sandbox) -> None:
    box.fault(kind="rate_limit", path="/discount/", count=1)
    assert plan(shop)["error"] == "error_rate_limit"
    assert discounts(shop) == []


def test_a_discount_outlives_a_restart(tmp_path: Path) -> None:
    box = Sandbox(tmp_path).start()
    try:
        shop = open_shop(box)
        item_id, _ = list_on_shopee(shop, stock=3)
        discount_id = planned(shop)
        put(shop, discount_id, alone(item_id))
        skip(shop, 2 * HOUR + 5)
        box.stop()
        box.start()
        assert price_of(shop, item_id) == (99000, 79000, discount_id)
        assert buy_on_shopee(shop, {"sku": "AO-THUN"}).json()["total"] == 79000
    finally:
        box.stop()


def test_many_buyers_at_once_get_no_more_units_than_were_set_apart(shop: Shopee) -> None:
    item_id, _ = list_on_shopee(shop, stock=40)
    discount_id = planned(shop)
    put(shop, discount_id, alone(item_id, item_promotion_stock=5))
    skip(shop, 2 * HOUR + 5)

    def visit(_: int) -> list[int]:
        body = {"shop": shop.shop_id, "lines": [{"sku": "AO-THUN"}]}
        with httpx.Client(timeout=60) as client:
            return [client.post(f"{shop.box.url}/shopee/buy", json=body).json()["total"] for _ in range(2)]

    with ThreadPoolExecutor(20) as pool:
        totals = [total for found in pool.map(visit, range(20)) for total in found]
    assert (totals.count(79000), totals.count(99000)) == (5, 35)
    assert price_of(shop, item_id) == (99000, 99000, 0)
