"""Notices arrive signed, at least once, and are kept when they are lost."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.sandbox.conftest import open_seller, open_shop
from tests.sandbox.driving import Callback, Sandbox, wait_for
from tests.sandbox.selling import buy_on_lazada, buy_on_shopee, list_on_lazada, list_on_shopee


@pytest.fixture
def callback() -> Iterator[Callback]:
    with Callback() as opened:
        yield opened


def test_a_shopee_purchase_is_told_by_push_8_then_3(box: Sandbox, callback: Callback) -> None:
    shop = open_shop(box, callback_url=callback.url)
    list_on_shopee(shop)
    order_sn = buy_on_shopee(shop, {"sku": "AO-THUN", "quantity": 2}).json()["order_sn"]
    wait_for(lambda: len(callback.received) == 2)
    first, second = (one.json for one in callback.received)
    assert (first["code"], second["code"]) == (8, 3)
    assert first["data"]["changed_values"] == [{"name": "reserved_stock", "old": 0, "new": 2}]
    assert (second["data"]["ordersn"], second["data"]["status"]) == (order_sn, "READY_TO_SHIP")
    for one in callback.received:
        expected = hmac.new(shop.partner_key.encode(), callback.url.encode() + b"|" + one.body, hashlib.sha256)
        assert one.authorization == expected.hexdigest()


def test_a_lazada_purchase_is_told_line_by_line(box: Sandbox, callback: Callback) -> None:
    seller = open_seller(box, callback_url=callback.url)
    list_on_lazada(seller)
    order_id = buy_on_lazada(seller, {"sku": "AO-THUN", "quantity": 2}).json()["order_id"]
    wait_for(lambda: len(callback.received) == 2)
    lines = {one.json["data"]["trade_order_line_id"] for one in callback.received}
    assert lines == {str(order_id + 1), str(order_id + 2)}
    for one in callback.received:
        expected = hmac.new(seller.app_secret.encode(), seller.app_key.encode() + one.body, hashlib.sha256)
        assert one.authorization == expected.hexdigest()


def test_a_refused_notice_comes_again(box: Sandbox, callback: Callback) -> None:
    box.control("POST", "/settings", {"notice_retry_scale": 0.0001})
    shop = open_shop(box, callback_url=callback.url)
    box.control("POST", "/shopee/apps", {"partner_id": shop.partner_id, "codes_on": [3]})
    list_on_shopee(shop)
    callback.status = 503
    buy_on_shopee(shop, {"sku": "AO-THUN"})
    wait_for(lambda: len(callback.received) == 1)
    callback.status = 200
    wait_for(lambda: len(callback.received) == 2)
    assert callback.received[0].body == callback.received[1].body
    wait_for(lambda: box.control("GET", "/notices")["counts"]["delivered"] == 1)


def test_a_push_given_up_is_kept_until_it_is_confirmed(box: Sandbox, callback: Callback) -> None:
    box.control("POST", "/settings", {"notice_retry_scale": 0})
    shop = open_shop(box, callback_url=callback.url)
    box.control("POST", "/shopee/apps", {"partner_id": shop.partner_id, "codes_on": [3]})
    list_on_shopee(shop)
    callback.status = 500
    order_sn = buy_on_shopee(shop, {"sku": "AO-THUN"}).json()["order_sn"]
    wait_for(lambda: box.control("GET", "/notices")["lost_push"] == 1)
    lost = shop.get("/push/get_lost_push_message", public=True)["response"]
    assert order_sn in lost["push_message_list"][0]["data"]
    shop.post("/push/confirm_consumed_lost_push_message", {"last_message_id": lost["last_message_id"]}, public=True)
    assert shop.get("/push/get_lost_push_message", public=True)["response"]["push_message_list"] == []


def test_a_lazada_retry_tells_the_state_of_now(box: Sandbox, callback: Callback) -> None:
    box.control("POST", "/settings", {"notice_retry_scale": 0.001})
    seller = open_seller(box, callback_url=callback.url)
    list_on_lazada(seller)
    callback.status = 500
    order_id = buy_on_lazada(seller, {"sku": "AO-THUN"}).json()["order_id"]
    wait_for(lambda: len(callback.received) == 1)
    box.control("POST", "/lazada/apps", {"app_key": seller.app_key, "types_on": []})
    box.control("POST", f"/lazada/orders/{order_id}/advance", {"to": "buyer_cancel"})
    callback.status = 200
    box.control("POST", "/clock", {"advance_s": 3})
    wait_for(lambda: len(callback.received) >= 2)
    assert callback.received[-1].json["data"]["order_status"] == "canceled"


def test_lazada_stops_sending_to_a_url_that_fails(box: Sandbox, callback: Callback) -> None:
    box.control("POST", "/settings", {"notice_retry_scale": 1})
    seller = open_seller(box, callback_url=callback.url)
    list_on_lazada(seller, stock=1000)
    callback.status = 500
    for _ in range(45):
        buy_on_lazada(seller, {"sku": "AO-THUN"})
    wait_for(lambda: box.control("GET", "/notices")["counts"]["stopped"] > 0)
    assert len(callback.received) < 45 + 1
    callback.status = 200
    box.control("POST", "/lazada/apps", {"app_key": seller.app_key, "callback_url": callback.url})
    before = len(callback.received)
    buy_on_lazada(seller, {"sku": "AO-THUN"})
    wait_for(lambda: len(callback.received) > before)


def test_notices_are_dropped_doubled_delayed_and_forged_on_demand(box: Sandbox, callback: Callback) -> None:
    shop = open_shop(box, callback_url=callback.url)
    box.control("POST", "/shopee/apps", {"partner_id": shop.partner_id, "codes_on": [3]})
    list_on_shopee(shop, stock=100)

    def bought() -> str:
        return str(buy_on_shopee(shop, {"sku": "AO-THUN"}).json()["order_sn"])

    box.fault(kind="notice_drop", market="shopee", count=1, to_lost_push=True)
    dropped = bought()
    box.fault(kind="notice_duplicate", count=1)
    doubled = bought()
    box.fault(kind="notice_delay", count=1, ms=400)
    late = bought()
    box.fault(kind="notice_bad_signature", count=1)
    forged = bought()
    last = bought()
    wait_for(lambda: len(callback.received) == 5)
    seen = [one.json["data"]["ordersn"] for one in callback.received]
    assert Counter(seen) == {doubled: 2, late: 1, forged: 1, last: 1}
    assert seen[-1] == late
    assert next(one for one in callback.received if forged in one.body.decode()).authorization == "0" * 64
    assert box.control("GET", "/notices")["lost_push"] == 1
    lost = shop.get("/push/get_lost_push_message", public=True)["response"]["push_message_list"]
    assert dropped in lost[0]["data"]
