"""Pushes of the stand-in of Shopee about prices and discounts: codes 9 and 22, for apps that want them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.conftest import open_shop
from tests.sandbox.driving import Callback, Sandbox, Shopee, wait_for
from tests.sandbox.selling import list_on_shopee

HOUR, DAY = 3600, 86400


@pytest.fixture
def callback() -> Iterator[Callback]:
    with Callback() as opened:
        yield opened


@pytest.fixture
def shop(box: Sandbox, callback: Callback) -> Shopee:
    opened = open_shop(box, callback_url=callback.url)
    box.control("POST", "/shopee/apps", {"partner_id": opened.partner_id, "codes_on": [9, 22]})
    return opened


def told(callback: Callback, count: int) -> list[Any]:
    """What came, once `count` pushes did; in no sequence."""
    wait_for(lambda: len(callback.received) == count)
    return [one.json for one in callback.received]


def test_items_that_enter_and_leave_a_discount_are_told(shop: Shopee, callback: Callback) -> None:
    item_id = list_on_shopee(shop)[0]
    starts = int(shop.box.control("GET", "/clock")["now"]) + 2 * HOUR
    plan = {"discount_name": "Sale", "start_time": starts, "end_time": starts + 2 * DAY}
    discount_id = shop.post("/discount/add_discount", plan)["response"]["discount_id"]
    row = {"item_id": item_id, "purchase_limit": 0, "item_promotion_price": 79000}
    sent = {"discount_id": discount_id, "item_list": [row]}
    assert shop.post("/discount/add_discount_item", sent)["response"]["error_list"] == []
    (added,) = told(callback, 1)
    common = {"shop_id": shop.shop_id, "promotion_id": discount_id, "promotion_type": "seller_discount"}
    common |= {"item_id": item_id, "variation_id": 0}
    moments = {"start_time": starts, "end_time": starts + 2 * DAY}
    assert (added["code"], added["shop_id"]) == (9, shop.shop_id)
    assert added["data"] == {**common, **moments, "action": "added_in_promo"}
    assert shop.post("/discount/add_discount_item", sent)["response"]["error_list"] != []
    shop.post("/discount/update_discount", {"discount_id": discount_id, "end_time": starts + DAY})
    shop.post("/discount/update_discount", {"discount_id": discount_id, "discount_name": "Sale mới"})
    moved = told(callback, 2)[1]
    assert moved["data"] == {**common, "end_time": starts + DAY, "action": "promo_time_updated"}
    shop.post("/discount/delete_discount_item", {"discount_id": discount_id, "item_id": item_id, "model_id": 0})
    assert told(callback, 3)[2]["data"] == {**common, "action": "removed_from_promo"}


def test_new_prices_are_told(shop: Shopee, callback: Callback) -> None:
    item_id = list_on_shopee(shop)[0]
    for price in (89000, 89000, 79000):
        wish = {"item_id": item_id, "price_list": [{"model_id": 0, "original_price": price}]}
        assert shop.post("/product/update_price", wish)["error"] == ""
    rows = sorted((one["data"] for one in told(callback, 2)), key=lambda row: -row["old_value"])
    assert [(row["old_value"], row["new_value"]) for row in rows] == [(99000, 89000), (89000, 79000)]
    assert sorted(rows[0]) == ["item_id", "model_id", "new_value", "old_value", "update_field", "update_time"]
    assert (rows[0]["item_id"], rows[0]["model_id"], rows[0]["update_field"]) == (item_id, 0, "original_price")


def test_apps_that_did_not_ask_are_not_told(box: Sandbox, callback: Callback) -> None:
    shop = open_shop(box, callback_url=callback.url)
    item_id = list_on_shopee(shop)[0]
    made = box.control("GET", "/notices")["counts"]["made"]
    wish = {"item_id": item_id, "price_list": [{"model_id": 0, "original_price": 89000}]}
    assert shop.post("/product/update_price", wish)["error"] == ""
    assert box.control("GET", "/notices")["counts"]["made"] == made
