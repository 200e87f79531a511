"""What an order earns on four platforms, against answers composed from their documented shapes."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from mekong.channels.socket import RemoteOrder, RemoteState, TellsEarnings
from mekong.channels.socket.earnings import Earning, EarningKind, Earnings
from mekong.connectors.lazada.mapping import earnings as lazada
from mekong.connectors.tiktok.mapping import earnings as tiktok
from mekong.foundation.errors import RemoteRefused, Unavailable
from tests.unit.connectors import test_lazada, test_shopee, test_tiki, test_tiktok
from tests.unit.connectors.wire import query, run

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
INCOME: dict[str, Any] = {
    "buyer_total_amount": 191000, "original_price": 198000, "seller_discount": 10000, "shopee_discount": 5000,
    "voucher_from_seller": 8000, "voucher_from_shopee": 4000, "coins": 0, "buyer_paid_shipping_fee": 20000,
    "buyer_transaction_fee": 0, "cross_border_tax": 0, "payment_promotion": 0, "commission_fee": 7200.4,
    "service_fee": "3000", "seller_transaction_fee": 4590, "seller_coin_cash_back": 0, "escrow_tax": 0,
    "final_shipping_fee": -20000, "drc_adjustable_refund": 0, "escrow_amount": 165210,
    "escrow_amount_after_adjustment": 164210, "total_adjustment_amount": -1000,
    "order_adjustment": [{"amount": -1000, "date": 1763769000, "currency": "VND", "adjustment_reason": "Cân lại"}],
    "items": [{"item_id": 1}],
}  # fmt: skip
FEE: dict[str, Any] = {
    "order_no": "57", "transaction_date": "17 May 2016", "amount": "-3960.00", "paid_status": "Paid",
    "fee_name": "Commission", "transaction_type": "Orders-Lazada Fees", "WHT_amount": "0.01",
    "WHT_included_in_amount": "Yes", "statement": "11 May 2016 - 17 May 2016", "orderItem_no": "58",
}  # fmt: skip


def an_order(state: RemoteState = RemoteState.COMPLETED) -> RemoteOrder:
    return RemoteOrder("57", state, "X", NOW, NOW, "VND", ())


def amounts(found: Earnings) -> list[tuple[str, str, int]]:
    return [(line.kind.value, line.name, line.amount_minor) for line in found.lines]


def test_shopee_escrow_adds_up_by_the_documented_formula() -> None:
    shop, wire = test_shopee.a_shop(
        {"/get_escrow_detail": test_shopee.ok(order_sn="57", return_order_sn_list=[], order_income=INCOME)}, now=NOW
    )
    found = run(shop.fetch_earnings(order=an_order()))
    assert amounts(found) == [
        ("goods", "original_price", 198000), ("shipping", "buyer_paid_shipping_fee", 20000),
        ("shipping", "final_shipping_fee", -20000), ("voucher", "seller_discount", -10000),
        ("voucher", "voucher_from_seller", -8000), ("commission", "commission_fee", -7200),
        ("service_fee", "service_fee", -3000), ("payment_fee", "seller_transaction_fee", -4590),
        ("adjustment", "Cân lại", -1000),
    ]  # fmt: skip
    assert (found.net_minor, sum(line.amount_minor for line in found.lines)) == (164210, 164210)
    assert (found.external_id, found.currency, found.is_final) == ("57", "VND", True)
    assert query(wire.asked("/get_escrow_detail")[0])["order_sn"] == "57"
    assert not run(shop.fetch_earnings(order=an_order(RemoteState.DELIVERED))).is_final


def test_a_shopee_refund_is_taken_off_and_taxes_are_too_however_they_are_signed() -> None:
    income = {"original_price": 100, "seller_return_refund": -60, "withholding_vat_tax": 3, "escrow_amount": 37}
    shop, _ = test_shopee.a_shop({"/get_escrow_detail": test_shopee.ok(order_sn="57", order_income=income)}, now=NOW)
    found = run(shop.fetch_earnings(order=an_order()))
    assert sum(line.amount_minor for line in found.lines) == found.net_minor == 37


def test_lazada_rows_are_turned_page_by_page_and_each_names_its_statement() -> None:
    goods = {**FEE, "amount": "99000.00", "fee_name": "Item Price Credit", "transaction_type": "Orders-Sales"}
    pages = [test_lazada.ok([goods] * 100), test_lazada.ok([FEE, {**FEE, "order_no": "58"}])]
    shop, wire = test_lazada.a_shop({lazada_path(): list(pages)}, now=NOW)
    found = run(shop.fetch_earnings(order=an_order()))
    assert len(found.lines) == 101, "a row of another order is none of this one's"
    day = datetime(2016, 5, 16, 17, tzinfo=UTC)
    assert found.lines[-1] == Earning(EarningKind.COMMISSION, "Commission", -3960, day, "11 May 2016 - 17 May 2016")
    assert (found.net_minor, found.is_final) == (None, True)
    first, second = (query(each) for each in wire.asked(lazada_path()))
    assert (first["trade_order_id"], first["trans_type"], first["offset"], second["offset"]) == ("57", "-1", "0", "100")
    assert (first["start_time"], first["end_time"]) == ("2026-11-22", "2026-11-23")


def lazada_path() -> str:
    return "/finance/transaction/details/get"


def test_lazada_is_not_settled_while_a_row_is_not_paid() -> None:
    shop, _ = test_lazada.a_shop({lazada_path(): test_lazada.ok([FEE, {**FEE, "paid_status": "Not paid"}])}, now=NOW)
    assert not run(shop.fetch_earnings(order=an_order())).is_final


@pytest.mark.parametrize(
    ("name", "type_", "kind"),
    [
        ("Item Price Credit", "Orders-Sales", "goods"), ("Reversal Item Price", "Refunds", "refund"),
        ("Reversal Commission", "Refunds", "commission"), ("Payment Fee", "", "payment_fee"),
        ("Phí thanh toán", "", "payment_fee"), ("Shipping Fee Paid by Seller", "", "shipping"),
        ("Promotional Charges Vouchers", "", "voucher"), ("WHT", "", "tax"), ("Sponsored Discovery Fee", "", "service_fee"),
        ("", "Lost claim", "adjustment"), ("feeName", "", "service_fee"), ("13", "14", "other"),
    ],
)  # fmt: skip
def test_lazada_fees_are_known_by_their_words(name: str, type_: str, kind: str) -> None:
    assert lazada.kind(lazada.Row(Decimal(1), name, type_)).value == kind


def sku(sku_id: str = "1", **changes: Any) -> dict[str, Any]:
    return {
        "sku_id": sku_id, "quantity": "1", "statement_id": "7238804564097517339", "statement_time": 1763769000,
        "settlement_amount": "83000", "revenue_amount": "90000", "fee_tax_amount": "-7000", "shipping_cost_amount": "0",
        "revenue_breakdown": {"subtotal_before_discount_amount": "99000", "seller_discount_amount": "-9000"},
        "shipping_cost_breakdown": {
            "actual_shipping_fee_amount": "-15000", "shipping_fee_discount_amount": "15000",
            "return_shipping_fee_amount": "0 ", "supplementary_component": {"customer_shipping_fee": "5"},
        },
        "fee_tax_breakdown": {
            "fee": {"platform_commission_amount": "-3000", "transaction_fee_amount": "-2000",
                    "affiliate_commission_amount": "-500", "affiliate_commission_amount_before_pit": "-525",
                    "sfp_service_fee_amount": "-500"},
            "tax": {"vat_amount": "-1000"},
        }, **changes,
    }  # fmt: skip


def told(*rows: dict[str, Any], **more: Any) -> Any:
    return test_tiktok.ok(**{"order_id": "57", "currency": "VND", "sku_transactions": list(rows), **more})


def test_tiktok_skus_of_one_statement_are_summed_and_what_explains_is_not_counted() -> None:
    shop, _ = test_tiktok.a_shop(
        {"/statement_transactions": told(sku(), sku("2"), settlement_amount="166000")}, now=NOW
    )
    found = run(shop.fetch_earnings(order=an_order()))
    assert amounts(found) == [
        ("goods", "subtotal_before_discount_amount", 198000), ("voucher", "seller_discount_amount", -18000),
        ("shipping", "actual_shipping_fee_amount", -30000), ("shipping", "shipping_fee_discount_amount", 30000),
        ("commission", "platform_commission_amount", -6000), ("payment_fee", "transaction_fee_amount", -4000),
        ("commission", "affiliate_commission_amount", -1000), ("service_fee", "sfp_service_fee_amount", -1000),
        ("tax", "vat_amount", -2000),
    ]  # fmt: skip
    assert {line.statement for line in found.lines} == {"7238804564097517339"}
    assert (found.net_minor, sum(line.amount_minor for line in found.lines), found.is_final) == (166000, 166000, True)


def test_tiktok_sums_without_parts_are_lines_and_no_statement_is_not_final() -> None:
    bare = sku(statement_id=None, revenue_breakdown=None, shipping_cost_breakdown=None, fee_tax_breakdown=None,
               adjustment_amount="-100")  # fmt: skip
    shop, _ = test_tiktok.a_shop({"/statement_transactions": told(bare)}, now=NOW)
    found = run(shop.fetch_earnings(order=an_order()))
    assert amounts(found) == [
        ("goods", "revenue_amount", 90000), ("service_fee", "fee_tax_amount", -7000),
        ("adjustment", "adjustment_amount", -100),
    ]  # fmt: skip
    assert (found.net_minor, found.is_final) == (83000, False), "the platform's own sum is kept, right or wrong"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("platform_commission_amount", "commission"), ("referral_fee_amount", "commission"),
        ("seller_paylater_handling_fee_amount", "payment_fee"), ("failed_delivery_shipping_fee", "shipping"),
        ("campaign_period_fee_sp_tax_amount", "tax"), ("vn_fix_infrastructure_fee", "service_fee"),
    ],
)  # fmt: skip
def test_tiktok_fees_are_known_by_their_names(name: str, kind: str) -> None:
    assert tiktok.fee_kind(name).value == kind


def tiki_order(*incomes: Any, status: str = "complete") -> dict[str, Any]:
    return {"id": 1, "code": "57", "status": status, "items": [{"seller_income_detail": each} for each in incomes]}


def test_tiki_items_say_what_they_earn() -> None:
    income = {
        "item_price": 150000, "item_qty": 1, "shipping_fee": 14000, "sub_total": 164000, "seller_income": 138900,
        "seller_fees": [
            {"fee_type_key": key, "fee_type_name": name, "total_amount": amount, "final_amount": amount}
            for key, name, amount in (
                ("percent_per_item_sales_value", "Chiết khấu", -3600), ("payment_processing_fee", "Phí thanh toán", -3000),
                ("shipping_fee", "Phí vận chuyển", -14000), ("freeship_plus", "Phí Freeship", -4500),
            )
        ], "discount": {"discount_coupon": {"seller_discount": 0}},
    }  # fmt: skip
    shop, wire = test_tiki.a_shop({"/orders/57": tiki_order(income, income)})
    found = run(shop.fetch_earnings(order=an_order()))
    assert query(wire.asked("/orders/57")[0]) == {"include": "item.fees"}, "else the fees stay out"
    assert amounts(found) == [
        ("goods", "item_price", 300000), ("shipping", "shipping_fee", 28000), ("commission", "Chiết khấu", -7200),
        ("payment_fee", "Phí thanh toán", -6000), ("shipping", "Phí vận chuyển", -28000),
        ("service_fee", "Phí Freeship", -9000),
    ]  # fmt: skip
    assert (found.net_minor, sum(line.amount_minor for line in found.lines), found.is_final) == (277800, 277800, True)


def test_tiki_fees_written_as_what_they_take_are_taken() -> None:
    fee = {"fee_type_key": "percent_per_item_sales_value", "fee_type_name": "Phí hoa hồng", "final_amount": 19800}
    income = {"item_price": 99000, "item_qty": 2, "sub_total": 198000, "seller_income": 178200, "seller_fees": [fee]}
    shop, _ = test_tiki.a_shop({"/orders/57": tiki_order(income)})
    found = run(shop.fetch_earnings(order=an_order()))
    assert amounts(found)[-1] == ("commission", "Phí hoa hồng", -19800)
    assert sum(line.amount_minor for line in found.lines) == found.net_minor


def test_tiki_gives_the_sellers_part_of_free_shipping_off() -> None:
    income = {"item_price": 92800, "item_qty": 1, "shipping_fee": 10400, "sub_total": 100000, "seller_income": 100000}
    shop, _ = test_tiki.a_shop({"/orders/57": tiki_order(income, status="delivered")})
    found = run(shop.fetch_earnings(order=an_order(RemoteState.DELIVERED)))
    assert amounts(found)[-1] == ("voucher", "discount", -3200)
    assert (sum(line.amount_minor for line in found.lines), found.is_final) == (100000, False)


NOTHING = [
    (test_shopee, "/get_escrow_detail", test_shopee.ok(order_sn="57")),
    (test_lazada, lazada_path(), test_lazada.ok([])),
    (test_tiktok, "/statement_transactions", told()),
    (test_tiki, "/orders/57", tiki_order(None)),
]
BROKEN = [
    (test_shopee, "/get_escrow_detail", test_shopee.ok(order_income=3)),
    (test_lazada, lazada_path(), test_lazada.ok([{"fee_name": "X"}])),
    (test_tiktok, "/statement_transactions", told(sku(revenue_breakdown={"x": "much"}))),
    (test_tiki, "/orders/57", tiki_order({"item_price": "much"})),
]


@pytest.mark.parametrize(("platform", "path", "answer"), NOTHING)
def test_what_there_is_nothing_to_tell_of_is_refused(platform: Any, path: str, answer: Any) -> None:
    shop, _ = platform.a_shop({path: answer})
    assert isinstance(shop, TellsEarnings)
    with pytest.raises(RemoteRefused):
        run(shop.fetch_earnings(order=an_order()))


@pytest.mark.parametrize(("platform", "path", "answer"), BROKEN)
def test_an_answer_that_makes_no_sense_is_the_platforms_trouble(platform: Any, path: str, answer: Any) -> None:
    shop, _ = platform.a_shop({path: answer})
    with pytest.raises(Unavailable):
        run(shop.fetch_earnings(order=an_order()))
