"""Sale prices of the stand-in of WooCommerce: when they hold, and what buyers pay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.driving import Callback, Sandbox, wait_for
from tests.sandbox.selling_woocommerce import WooCommerce, buy_on_woo, list_on_woo, on_woo, open_woo

HOUR, DAY = 3600, 86400
VIETNAM = timezone(timedelta(hours=7))


@pytest.fixture
def shop(box: Sandbox) -> WooCommerce:
    return open_woo(box)


def at(shop: WooCommerce, seconds: float, zone: timezone | Any = UTC) -> str:
    """A moment so far from now on the sandbox's clock, without its zone."""
    now = shop.box.control("GET", "/clock")["now"]
    return datetime.fromtimestamp(int(now + seconds), zone).strftime("%Y-%m-%dT%H:%M:%S")


def skip(shop: WooCommerce, seconds: int) -> None:
    shop.box.control("POST", "/clock", {"advance_s": seconds})


def shown(row: Any) -> tuple[str, str, str, bool]:
    return row["price"], row["regular_price"], row["sale_price"], row["on_sale"]


def test_a_sale_price_holds_from_its_first_to_its_last_second(shop: WooCommerce) -> None:
    item_id, _ = list_on_woo(shop)
    starts, ends = at(shop, HOUR), at(shop, DAY)
    row = shop.put(
        f"/products/{item_id}",
        {"sale_price": "79000", "date_on_sale_from_gmt": starts, "date_on_sale_to_gmt": ends},
    )
    assert shown(row) == ("99000", "99000", "79000", False)
    assert (row["date_on_sale_from_gmt"], row["date_on_sale_to_gmt"]) == (starts, ends)
    assert buy_on_woo(shop, {"sku": "AO-THUN"}).json()["total"] == 99000
    skip(shop, HOUR + 1)
    assert shown(shop.get(f"/products/{item_id}")) == ("79000", "99000", "79000", True)
    assert buy_on_woo(shop, {"sku": "AO-THUN", "quantity": 2}).json()["total"] == 158000
    skip(shop, DAY)
    row = shop.get(f"/products/{item_id}")
    assert shown(row) == ("99000", "99000", "79000", False)
    assert (row["date_on_sale_from_gmt"], row["date_on_sale_to_gmt"]) == (starts, ends)
    assert buy_on_woo(shop, {"sku": "AO-THUN"}).json()["total"] == 99000


def test_dates_are_told_by_the_clock_of_the_site_too(shop: WooCommerce) -> None:
    item_id, _ = list_on_woo(shop)
    path, local, utc = f"/products/{item_id}", at(shop, HOUR, VIETNAM), at(shop, HOUR)
    row = shop.put(path, {"sale_price": "79000", "date_on_sale_from": local})
    assert (row["date_on_sale_from"], row["date_on_sale_from_gmt"]) == (local, utc)
    assert (row["date_on_sale_to"], row["date_on_sale_to_gmt"]) == (None, None)
    row = shop.put(path, {"date_on_sale_to": "2031-05-01"})
    assert (row["date_on_sale_to"], row["date_on_sale_to_gmt"]) == ("2031-05-01T00:00:00", "2031-04-30T17:00:00")
    row = shop.put(path, {"date_on_sale_to": "2031-05-01", "date_on_sale_to_gmt": "2031-06-01T00:00:00"})
    assert row["date_on_sale_to"] == "2031-06-01T07:00:00"
    assert shop.put(path, {"date_on_sale_to": "2031-05-01T00:00:00Z"})["date_on_sale_to_gmt"] == "2031-05-01T00:00:00"
    row = shop.put(path, {"date_on_sale_from": None, "date_on_sale_to_gmt": ""})
    assert (row["date_on_sale_from"], row["date_on_sale_to"]) == (local, None)


def test_a_sale_is_taken_away_by_an_empty_price(shop: WooCommerce) -> None:
    item_id, _ = list_on_woo(shop)
    path = f"/products/{item_id}"
    assert shown(shop.put(path, {"sale_price": "79000"})) == ("79000", "99000", "79000", True)
    assert on_woo(shop)["sale"] == {"id": None, "price": 79000, "from": None, "to": None}
    assert (on_woo(shop)["list_price"], on_woo(shop)["selling_price"]) == (99000, 79000)
    assert shown(shop.put(path, {"sale_price": ""})) == ("99000", "99000", "", False)
    assert on_woo(shop)["sale"] is None
    # The engine takes a sale price that is no lower, and never sells at it.
    assert shown(shop.put(path, {"sale_price": "99000"})) == ("99000", "99000", "99000", False)


@pytest.mark.parametrize("wrong", ["mai", 5, "2026-13-01", "22/11/2026", "2026-11-22T25:00:00"])
def test_a_wrong_date_is_refused_and_changes_nothing(shop: WooCommerce, wrong: Any) -> None:
    item_id, _ = list_on_woo(shop)
    for name in ("date_on_sale_from", "date_on_sale_to_gmt"):
        refused = shop.reply("PUT", f"/products/{item_id}", body={"sale_price": "79000", name: wrong})
        assert (refused.status_code, refused.json()["code"]) == (400, "rest_invalid_param")
        assert name in refused.json()["data"]["params"]
    assert shown(shop.get(f"/products/{item_id}")) == ("99000", "99000", "", False)


def test_variations_have_sales_of_their_own(shop: WooCommerce) -> None:
    models = [{"sku": "AO-DO", "options": ["Đỏ"], "stock": 5}, {"sku": "AO-DEN", "options": ["Đen"], "stock": 3}]
    item_id, (red, _) = list_on_woo(shop, "AO", stock=None, tiers=["Màu"], models=models)
    path = f"/products/{item_id}/variations/{red}"
    row = shop.put(path, {"sale_price": "79000", "date_on_sale_to_gmt": at(shop, HOUR)})
    assert shown(row) == ("79000", "99000", "79000", True)
    parent = shop.get(f"/products/{item_id}")
    assert (parent["price"], parent["on_sale"], parent["date_on_sale_to"]) == ("79000", True, None)
    done = shop.post(
        f"/products/{item_id}/variations/batch", {"update": [{"id": red, "sale_price": 69000, "date_on_sale_to": ""}]}
    )
    assert shown(done["update"][0]) == ("69000", "99000", "69000", True)
    assert [buy_on_woo(shop, {"sku": sku}).json()["total"] for sku in ("AO-DO", "AO-DEN")] == [69000, 99000]
    page = shop.box.http.get(f"{shop.box.url}/woocommerce/item/{item_id}")
    assert "<s>99.000 ₫</s> 69.000 ₫" in page.text


def test_the_turns_of_a_sale_are_told_once(shop: WooCommerce) -> None:
    item_id, _ = list_on_woo(shop)
    with Callback() as callback:
        hook = {"topic": "product.updated", "delivery_url": callback.url, "secret": "s"}
        shop.post("/webhooks", hook)
        wait_for(lambda: len(callback.received) == 1)
        sale = {"sale_price": "79000", "date_on_sale_from_gmt": at(shop, HOUR), "date_on_sale_to_gmt": at(shop, DAY)}
        for quantity in (7, 8, 9):
            shop.put(f"/products/{item_id}", {**sale, "stock_quantity": quantity})
        wait_for(lambda: len(callback.received) == 4)
        skip(shop, HOUR + 1)
        wait_for(lambda: len(callback.received) == 5)
        skip(shop, DAY)
        wait_for(lambda: len(callback.received) == 6)
        told = [shown(one.json) for one in callback.received[3:]]
    assert told == [
        ("99000", "99000", "79000", False),
        ("79000", "99000", "79000", True),
        ("99000", "99000", "79000", False),
    ]
    assert shop.get(f"/products/{item_id}")["stock_quantity"] == 9


def test_a_sale_outlives_a_restart(tmp_path: Path) -> None:
    box = Sandbox(tmp_path).start()
    try:
        shop = open_woo(box)
        item_id, _ = list_on_woo(shop)
        shop.put(f"/products/{item_id}", {"sale_price": "79000", "date_on_sale_to_gmt": at(shop, HOUR)})
        box.stop()
        box.start()
        assert on_woo(shop)["selling_price"] == 79000
        skip(shop, HOUR + 2)
        assert on_woo(shop)["selling_price"] == 99000
    finally:
        box.stop()


def test_a_price_whose_answer_is_lost_holds(shop: WooCommerce) -> None:
    item_id, _ = list_on_woo(shop)
    shop.box.fault(kind="timeout_after_effect", market="woocommerce", ms=10, count=1)
    with pytest.raises(httpx.TransportError):
        shop.put(f"/products/{item_id}", {"sale_price": "79000"})
    assert shown(shop.get(f"/products/{item_id}")) == ("79000", "99000", "79000", True)
