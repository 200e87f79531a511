"""What sellers are paid, as far as the stand-ins of the marketplaces tell: fees by the rates of the settings."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.conftest import open_seller, open_shop
from tests.sandbox.driving import Lazada, Sandbox, Shopee
from tests.sandbox.selling import buy_on_lazada, buy_on_shopee, list_on_lazada, list_on_shopee
from tests.sandbox.selling_tiktok import TikTok, open_tiktok
from tests.sandbox.test_lazada_returns import act, advance, delivered

DETAILS = "/finance/transaction/details/get"


@pytest.fixture(autouse=True)
def rates(box: Sandbox) -> None:
    box.control("POST", "/settings", {"commission_bp": 400, "payment_fee_bp": 255, "refund_delay_s": 0.01})


def shopee_step(shop: Shopee, order_sn: str, to: str, **more: Any) -> Any:
    return shop.box.control("POST", f"/shopee/orders/{order_sn}/advance", {"to": to, **more})


def income(shop: Shopee, order_sn: str) -> dict[str, Any]:
    found = shop.get("/payment/get_escrow_detail", {"order_sn": order_sn})["response"]
    assert found["order_sn"] == order_sn
    names = ("buyer_total_amount", "commission_fee", "seller_transaction_fee", "seller_return_refund", "escrow_amount")
    return {name: found["order_income"][name] for name in names} | {"returns": found["return_order_sn_list"]}


# -- Shopee


def test_an_order_earns_its_price_less_fees(shop: Shopee) -> None:
    item_id, _ = list_on_shopee(shop)
    order_sn = buy_on_shopee(shop, {"sku": "AO-THUN", "quantity": 3}).json()["order_sn"]
    expected = {"buyer_total_amount": 297000, "commission_fee": 11880, "seller_transaction_fee": 7574}  # 7573.5
    expected |= {"seller_return_refund": 0, "escrow_amount": 277546}
    assert income(shop, order_sn) == expected | {"returns": []}
    for to in ("shipped", "delivered", "completed"):
        shopee_step(shop, order_sn, to)
    return_sn = shopee_step(shop, order_sn, "refund", lines=[[item_id, 0, 1]])["return_sn"]
    assert income(shop, order_sn)["seller_return_refund"] == 0
    shop.post("/returns/confirm", {"return_sn": return_sn})
    shop.box.control("POST", "/clock", {"advance_s": 1})
    less = {"commission_fee": 7920, "seller_transaction_fee": 5049, "seller_return_refund": -99000}
    assert income(shop, order_sn) == expected | less | {"escrow_amount": 185031, "returns": [return_sn]}
    assert shop.get("/payment/get_escrow_detail", {"order_sn": "X"})["error"] == "order.error_not_found"


def test_rates_are_settings(box: Sandbox, shop: Shopee) -> None:
    list_on_shopee(shop)
    order_sn = buy_on_shopee(shop, {"sku": "AO-THUN"}).json()["order_sn"]
    box.control("POST", "/settings", {"commission_bp": 1000, "payment_fee_bp": 0})
    assert income(shop, order_sn)["escrow_amount"] == 89100
    shop.post("/order/cancel_order", {"order_sn": order_sn, "cancel_reason": "CUSTOMER_REQUEST"})
    assert (income(shop, order_sn)["escrow_amount"], income(shop, order_sn)["commission_fee"]) == (0, 0)


def test_cents_are_kept(box: Sandbox) -> None:
    shop = open_shop(box, currency="GBP")
    list_on_shopee(shop, price=2.55)
    order_sn = buy_on_shopee(shop, {"sku": "AO-THUN"}).json()["order_sn"]
    found = income(shop, order_sn)
    assert (found["commission_fee"], found["seller_transaction_fee"], found["escrow_amount"]) == (0.1, 0.07, 2.38)


def test_completed_orders_are_paid_out(box: Sandbox, shop: Shopee) -> None:
    list_on_shopee(shop)
    made = [buy_on_shopee(shop, {"sku": "AO-THUN"}).json()["order_sn"] for _ in range(4)]
    for order_sn in made[:3]:
        for to in ("shipped", "delivered", "completed"):
            shopee_step(shop, order_sn, to)
    now = int(time.time())
    window = {"release_time_from": now - 100, "release_time_to": now + 1}

    def listed(**params: int) -> Any:
        return shop.get("/payment/get_escrow_list", window | params)

    first, second = listed(page_size=2)["response"], listed(page_size=2, page_no=2)["response"]
    rows = first["escrow_list"] + second["escrow_list"]
    assert [(row["order_sn"], row["payout_amount"]) for row in rows] == [(one, 92515) for one in made[:3]]
    assert (first["more"], second["more"]) == (True, False)
    assert listed(release_time_from=now + 50, release_time_to=now + 60)["response"]["escrow_list"] == []
    assert listed(release_time_from=now - 16 * 86400)["error"] == "payment.error_param"
    other = open_shop(box)
    assert other.get("/payment/get_escrow_list", window)["response"]["escrow_list"] == []


# -- Lazada


def today_there() -> date:
    """The day in Vietnam, which is whose days are booked."""
    return (datetime.now(UTC) + timedelta(hours=7)).date()


def booked(seller: Lazada, **params: str) -> list[tuple[str, str, str]]:
    today = today_there()
    days = {"start_time": str(today - timedelta(days=2)), "end_time": str(today + timedelta(days=2))}
    rows = seller.get(DETAILS, days | params)["data"]
    return [(row["orderItem_no"], row["transaction_type"], row["amount"]) for row in rows]


def test_every_unit_and_fee_is_a_transaction(box: Sandbox, seller: Lazada) -> None:
    order_id = delivered(seller, 2)
    units = [str(order_id + 1), str(order_id + 2)]
    fees = [("Item Price Credit", "99000.00"), ("Commission", "-3960.00"), ("Payment Fee", "-2525.00")]
    assert booked(seller) == [(unit, *fee) for unit in units for fee in fees]
    assert booked(seller, trade_order_line_id=units[1]) == [(units[1], *fee) for fee in fees]
    assert booked(seller, trans_type="16") == [(unit, *fees[1]) for unit in units]
    assert booked(seller, limit="2", offset="5") == [(units[1], *fees[2])]
    assert booked(seller, trade_order_id="1") == []

    asked = advance(seller, order_id, "return", order_item_ids=[order_id + 1])
    act(seller, asked, "instantRefund")
    box.control("POST", "/clock", {"advance_s": 1})
    back = [(units[0], "Reversal Item Price", "-99000.00"), (units[0], "Reversal Commission", "3960.00")]
    assert set(booked(seller, trade_order_line_id=units[0])) >= {*back, (units[0], "Reversal Payment Fee", "2525.00")}
    assert sum(float(amount) for unit, _, amount in booked(seller) if unit == units[0]) == 0
    assert len(booked(seller)) == 9


def test_a_statement_is_a_week_and_then_paid(box: Sandbox, seller: Lazada) -> None:
    delivered(seller, 1)
    today = today_there()
    days = {"start_time": str(today - timedelta(days=2)), "end_time": str(today + timedelta(days=2))}
    row = seller.get(DETAILS, days)["data"][0]
    assert (row["paid_status"], len(row["statement"])) == ("Not paid", len("16 Nov 2026 - 22 Nov 2026"))
    box.control("POST", "/clock", {"advance_s": 8 * 86400})
    assert seller.get(DETAILS, days)["data"][0]["paid_status"] == "Paid"


def test_what_is_not_delivered_is_not_booked(box: Sandbox, seller: Lazada) -> None:
    list_on_lazada(seller)
    buy_on_lazada(seller, {"sku": "AO-THUN"})
    assert booked(seller) == []
    today = today_there()
    assert seller.get(DETAILS, {"start_time": str(today)})["code"] == "MissingParameter"
    assert seller.get(DETAILS, {"start_time": "yesterday", "end_time": str(today)})["code"] == "17"
    long = {"start_time": str(today - timedelta(days=180)), "end_time": str(today)}
    assert seller.get(DETAILS, long)["code"] == "1000012"
    assert seller.get(DETAILS, {"start_time": str(today), "end_time": str(today), "limit": "501"})["code"] == "19"
    other = open_seller(box)
    delivered(seller, 1)
    assert booked(other) == []


# -- TikTok Shop


def settled(tiktok: TikTok, order_id: str) -> Any:
    return tiktok.get(f"/finance/202501/orders/{order_id}/statement_transactions")


def test_a_completed_order_is_settled_by_sku(box: Sandbox) -> None:
    tiktok = open_tiktok(box)
    _, (first,) = tiktok.list("AO-1")
    _, (second,) = tiktok.list("AO-2", price=50000)
    bought = tiktok.buy({"sku": "AO-1", "quantity": 2}, {"sku": "AO-2", "quantity": 1})
    order_id = str(bought.json()["order_id"])
    for to in ("arranged", "shipped", "delivered"):
        tiktok.advance(order_id, to)
    assert settled(tiktok, order_id)["sku_transactions"] == []
    line = tiktok.order(order_id)["line_items"][0]["id"]
    return_id = tiktok.advance(order_id, "refund", order_line_item_ids=[line])["return_id"]
    tiktok.post(f"/return_refund/202309/returns/{return_id}/approve", {"decision": "APPROVE_REFUND"})
    tiktok.advance(order_id, "completed")
    found = settled(tiktok, order_id)
    assert (found["revenue_amount"], found["fee_and_tax_amount"]) == ("149000", "-9760")
    assert (found["settlement_amount"], found["currency"]) == ("139240", "VND")
    rows = {row["sku_id"]: row for row in found["sku_transactions"]}
    assert set(rows) == {first, second}
    assert (rows[first]["quantity"], rows[first]["revenue_amount"]) == (2, "99000")
    assert rows[first]["revenue_breakdown"]["refund_subtotal_before_discount_amount"] == "-99000"
    fee = rows[second]["fee_tax_breakdown"]["fee"]
    assert (fee["platform_commission_amount"], fee["transaction_fee_amount"]) == ("-2000", "-1275")
    path = f"/finance/202309/orders/{order_id}/statement_transactions"
    assert tiktok.reply("GET", path).json()["code"] == 36009014
    other = open_tiktok(box)
    path = f"/finance/202501/orders/{order_id}/statement_transactions"
    assert other.reply("GET", path).json()["code"] == 90011001
