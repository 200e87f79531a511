"""What an order costs is what its basket was quoted, and what it took of an offer is counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mekong.catalog import commands as catalog
from mekong.catalog.contracts import NewProduct, NewVariant
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MayNot
from mekong.orders import commands as orders
from mekong.orders.commands import Asked, AskedLine
from mekong.orders.contracts import MovedLine
from mekong.orders.errors import PriceMoved
from mekong.orders.queries import get_order
from mekong.pricing import commands as pricing
from mekong.pricing.errors import BelowFloor, HandLimitPassed, OfferGone
from mekong.pricing.models import Allowance, Redemption
from tests.support.actors import an_actor
from tests.support.asgi import Door, a_door
from tests.support.baskets import NOON
from tests.support.offers import a_list, a_promotion
from tests.support.people import a_person, acting
from tests.support.stock import a_location, a_variant, stock

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = "0901234567"


@pytest.fixture(autouse=True)
def shop() -> None:
    a_location("HN")
    for sku, price in (("AO", 100_000), ("VAY", 250_000), ("QUA", 30_000)):
        stock(a_variant(sku, price=price), "HN", 100)


def asked(*lines: tuple[str, int], **more: Any) -> Asked:
    return Asked(more.pop("channel", "web"), [AskedLine(*line) for line in lines], customer_phone=PHONE, **more)


def place(*lines: tuple[str, int], **more: Any) -> Any:
    placed = orders.place_order(actor=SYSTEM, asked=asked(*lines, **more), now=NOON)
    return get_order(actor=SYSTEM, code=placed.code)


def uses(promotion: int) -> tuple[int, int]:
    row = Allowance.objects.get(promotion_id=promotion)
    return row.uses, row.spent_minor


def test_an_order_costs_what_its_basket_was_quoted_line_by_line() -> None:
    a_list("GIAM", {"AO": 90_000}, is_sale=True)
    a_promotion("KM10", {"kind": "basket_percent", "off_bp": 1000})
    quote = orders.quote_order(actor=SYSTEM, asked=asked(("AO", 2), ("VAY", 1)), now=NOON).bill.quote
    order = place(("AO", 2), ("VAY", 1))
    assert (order.subtotal_minor, order.discount_minor, order.total_minor) == (430_000, 43_000, 387_000)
    assert order.total_minor == quote.total_minor
    assert [line.paid_minor for line in order.lines] == [line.paid_minor for line in quote.lines] == [162_000, 225_000]
    assert order.tax_minor == quote.tax_minor == sum(line.tax_minor for line in order.lines)
    assert [offer[2] for offer in order.priced["offers"]] == ["Ưu đãi KM10"]
    assert order.priced["reasons"][0][:3] == ["sale", 0, -20_000]


def test_an_order_uses_its_offer_and_a_cancelled_one_gives_it_back() -> None:
    offer = a_promotion(most_uses=1)
    first = place(("AO", 1))
    assert uses(offer.id) == (1, 10_000)
    assert Redemption.objects.get().order == first.code
    assert place(("AO", 1)).discount_minor == 0  # nothing is left; the next buyer pays the price
    orders.cancel_order(actor=SYSTEM, code=first.code, reason="đổi ý", now=NOON)
    assert uses(offer.id) == (0, 0)
    assert place(("AO", 1)).discount_minor == 10_000


def test_a_repeat_is_the_same_order_and_takes_nothing_again() -> None:
    offer = a_promotion(most_uses=1)
    one = place(("AO", 1), external_id="W-1")
    again = orders.place_order(actor=SYSTEM, asked=asked(("AO", 1), external_id="W-1"), now=NOON)
    assert (again.code, again.is_new) == (one.code, False)
    assert uses(offer.id) == (1, 10_000)
    pricing.turn_promotion(actor=SYSTEM, promotion_id=offer.id, state="paused", now=NOON)
    assert orders.place_order(actor=SYSTEM, asked=asked(("AO", 1), external_id="W-1"), now=NOON).code == one.code
    assert uses(offer.id) == (1, 10_000)


def test_what_a_buyer_was_told_is_what_they_pay_or_nothing_is_placed() -> None:
    with pytest.raises(PriceMoved) as moved:
        place(("AO", 1), expected_total_minor=90_000)
    assert moved.value.params["total"] == 100_000
    assert place(("AO", 1), expected_total_minor=100_000).total_minor == 100_000


def test_a_voucher_is_kept_while_a_checkout_is_open_and_spent_by_its_order() -> None:
    offer = a_promotion("VIP", {"kind": "basket_amount", "off_minor": 20_000}, needs_code=True)
    [code] = pricing.make_vouchers(actor=SYSTEM, promotion_id=offer.id, count=1, now=NOON).codes
    mine = orders.quote_order(actor=SYSTEM, asked=asked(("AO", 1), codes=(code,)), hold_s=600, now=NOON)
    assert (mine.bill.quote.total_minor, bool(mine.checkout)) == (80_000, True)
    theirs = orders.quote_order(actor=SYSTEM, asked=asked(("AO", 1), codes=(code,)), now=NOON)
    assert theirs.bill.quote.total_minor == 100_000
    order = place(("AO", 1), codes=(code,), checkout=mine.checkout, expected_total_minor=80_000)
    assert order.total_minor == 80_000
    assert uses(offer.id) == (1, 20_000)
    left = orders.quote_order(actor=SYSTEM, asked=asked(("AO", 1), codes=(code,)), hold_s=600, now=NOON)
    assert left.bill.quote.idle_codes == ((code, "unknown"),)


def test_a_checkout_that_is_left_gives_its_voucher_free() -> None:
    offer = a_promotion("VIP", needs_code=True)
    pricing.share_code(actor=SYSTEM, promotion_id=offer.id, code="TET27", most_uses=1, now=NOON)
    mine = orders.quote_order(actor=SYSTEM, asked=asked(("AO", 1), codes=("tet27",)), hold_s=600, now=NOON)
    assert uses(offer.id) == (1, 10_000)
    orders.end_checkout(actor=SYSTEM, checkout=mine.checkout)
    orders.end_checkout(actor=SYSTEM, checkout=mine.checkout)
    assert uses(offer.id) == (0, 0)
    assert place(("AO", 1), codes=("TET27",)).discount_minor == 10_000


def test_a_voucher_that_somebody_else_was_first_to_is_refused_by_name() -> None:
    offer = a_promotion("VIP", needs_code=True, most_uses=1)
    pricing.share_code(actor=SYSTEM, promotion_id=offer.id, code="TET27", now=NOON)
    place(("AO", 1), codes=("TET27",))
    with pytest.raises(OfferGone) as gone:
        place(("AO", 1), codes=("TET27",))
    assert (gone.value.params["offer"], gone.value.params["reason"]) == ("Ưu đãi VIP", "uses")


def test_a_gift_is_a_line_of_its_own_and_an_order_does_not_fail_for_want_of_it() -> None:
    gift = {"kind": "gift", "variant_id": a_variant("TUI", price=15_000), "units": 1, "worth_minor": 15_000}
    a_promotion("QT", gift, least_minor=200_000)
    without = place(("VAY", 1))  # no bag is on the shelf
    assert [line.sku for line in without.lines] == ["VAY"]
    stock(gift["variant_id"], "HN", 5)
    order = place(("VAY", 1))
    assert [(line.sku, line.quantity, line.total_minor) for line in order.lines] == [("VAY", 1, 250_000), ("TUI", 1, 0)]
    assert order.total_minor == 250_000


def test_a_split_order_keeps_what_each_line_paid() -> None:
    shoe = a_variant("GIAY", price=99_999)
    stock(shoe, "HN", 9)
    a_promotion("KM10", {"kind": "percent_off", "off_bp": 1000}, goods={"items": [f"v{shoe}"]})
    order = place(("GIAY", 3), ("AO", 1))
    assert [line.discount_minor for line in order.lines] == [30_000, 0]
    parts = orders.split_order(actor=SYSTEM, code=order.code, lines=[MovedLine(0, 1)], now=NOON)
    assert [line.discount_minor for line in parts.first.lines] == [20_000, 0]
    assert [line.discount_minor for line in parts.second.lines] == [10_000]
    assert parts.first.total_minor + parts.second.total_minor == order.total_minor


def test_who_may_take_off_how_much_by_hand() -> None:
    with pytest.raises(MayNot):
        orders.place_order(actor=an_actor("orders.place"), asked=asked(("AO", 1), discount_minor=1), now=NOON)
    cashier = acting(a_person("cashier"))
    pricing.set_hand_limits(actor=SYSTEM, limits={"cashier": 500})
    taken = orders.place_order(actor=cashier, asked=asked(("AO", 1), discount_minor=5000), now=NOON)
    assert taken.total_minor == 95_000
    with pytest.raises(HandLimitPassed) as passed:
        orders.place_order(actor=cashier, asked=asked(("AO", 1), discount_minor=5001), now=NOON)
    assert passed.value.params["most"] == "5"


def test_nobody_sells_below_the_floor_without_a_manager() -> None:
    made = catalog.create_product(
        actor=SYSTEM,
        product=NewProduct(name="Rượu", variants=(NewVariant("RUOU", 120_000, cost_minor=100_000),)),
        now=NOON,
    )
    stock(made.variants[0].id, "HN", 9)
    pricing.set_price_policy(actor=SYSTEM, guard_bp=500, now=NOON)
    a_promotion("SOC", {"kind": "percent_off", "off_bp": 5000})
    order = place(("RUOU", 2))
    assert (order.total_minor, order.priced["guarded_minor"]) == (210_000, 90_000)
    with pytest.raises(BelowFloor) as low:
        orders.place_order(actor=SYSTEM, asked=Asked("web", [AskedLine("RUOU", 1, 100_000)]), now=NOON)
    assert (low.value.params["sku"], low.value.params["floor"]) == ("RUOU", 105_000)
    lifted = Asked("web", [AskedLine("RUOU", 1, 100_000)], allows_below_floor=True)
    assert orders.place_order(actor=SYSTEM, asked=lifted, now=NOON).total_minor == 100_000
    with pytest.raises(MayNot):
        orders.place_order(actor=acting(a_person("cashier")), asked=lifted, now=NOON)


@pytest.fixture
def door() -> Door:
    return a_door()


def test_till_and_web_are_told_the_same_and_pay_it(door: Door) -> None:
    a_list("CUAHANG", {"AO": 80_000}, audience={"channels": ["store"]}, priority=5)
    a_promotion("KM10")
    body = {"lines": [{"sku": "AO", "quantity": 2}], "customer": {"phone": PHONE}}
    for channel, total in (("store", 144_000), ("pos", 144_000), ("web", 180_000)):
        quote = door.ask("POST", "/api/v1/quotes", {**body, "channel": channel})
        assert quote.status_code == 200, quote.text
        assert quote.json()["total_minor"] == total
        order = door.ask("POST", "/api/v1/orders", {**body, "channel": channel, "expected_total_minor": total})
        assert (order.status_code, order.json()["total_minor"]) == (201, total)
    said = door.ask("POST", "/api/v1/quotes", {**body, "channel": "store"}).json()
    assert [reason["text"] for reason in said["reasons"]] == [
        "Price list “Bảng CUAHANG”: 40.000 ₫ less than retail",
        "Offer “Ưu đãi KM10”: 16.000 ₫ less",
    ]
    changed = door.ask("POST", "/api/v1/orders", {**body, "channel": "web", "expected_total_minor": 1})
    assert changed.status_code == 409
    assert changed.json()["code"] == "orders.price_moved"


def test_a_change_of_price_is_felt_by_the_next_order(door: Door) -> None:
    body = {"channel": "web", "lines": [{"sku": "AO", "quantity": 1}]}
    first = door.ask("POST", "/api/v1/orders", body)
    assert first.json().get("total_minor") == 100_000, first.text
    a_promotion("KM10")
    answers = door.ask_all([("POST", "/api/v1/orders", body, {}), ("POST", "/api/v1/orders", body, {})])
    assert [answer.status_code for answer in answers] == [201, 201], answers[0].text
    assert [answer.json()["total_minor"] for answer in answers] == [90_000, 90_000]


def test_a_quote_over_http_keeps_offers_and_lets_them_go(door: Door) -> None:
    offer = a_promotion(most_uses=1)
    body = {"channel": "web", "lines": [{"sku": "AO", "quantity": 1}]}
    kept = door.ask("POST", "/api/v1/quotes", {**body, "hold_seconds": 60}).json()
    assert kept["checkout_id"].startswith("chk_")
    assert datetime.fromisoformat(kept["expires_at"]) > datetime.now(UTC) + timedelta(seconds=30)
    assert door.ask("DELETE", f"/api/v1/checkouts/{kept['checkout_id']}").status_code == 204
    assert uses(offer.id) == (0, 0)
    assert door.ask("DELETE", "/api/v1/checkouts/nonsense").status_code == 422
