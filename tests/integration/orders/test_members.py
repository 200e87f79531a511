"""A member buys: points are earned, paid with, and come back with what is returned, to the đồng."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from mekong.foundation.actor import SYSTEM
from mekong.inventory.errors import ShortStock
from mekong.loyalty import commands as loyalty
from mekong.loyalty.contracts import Birthday, BurnRuleView, EarnRuleView, TierView
from mekong.loyalty.errors import NotEnoughPoints
from mekong.loyalty.queries import member_by
from mekong.orders import commands as orders
from mekong.orders.commands import Asked, AskedLine
from mekong.orders.commands.points import earn_points
from mekong.orders.contracts import GradedReturn, MovedLine, OrderView
from mekong.orders.errors import PaidWithTenders, PartlyPaid, UnknownGiftCard
from mekong.orders.queries import get_order
from mekong.pricing import commands as pricing
from mekong.pricing.queries import get_card
from mekong.pricing.rules.codes import GIFT_CARD, with_check
from tests.support.baskets import NOON
from tests.support.offers import a_list, a_promotion
from tests.support.stock import a_location, a_variant, stock

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = "+84901234567"
DAY = date(2026, 1, 1)


@pytest.fixture(autouse=True)
def shop() -> None:
    a_location("HN")
    for sku, price in (("AO", 100_000), ("VAY", 250_000)):
        stock(a_variant(sku, price=price), "HN", 100)
    tiers = [TierView("bac", "Bạc", 1, 0), TierView("vang", "Vàng", 2, 1_000_000, 20_000, "vip")]
    loyalty.set_tiers(actor=SYSTEM, tiers=tiers, basis="spend", window_months=12, downgrade="one")
    loyalty.set_earn_rules(actor=SYSTEM, rules_of=[EarnRuleView("", 10_000, 1, DAY)])
    loyalty.set_burn_rules(actor=SYSTEM, rules_of=[BurnRuleView("", 1000, DAY, max_share_bp=5000)])


def join(phone: str = PHONE) -> Any:
    return loyalty.join_member(
        actor=SYSTEM, phone=phone, name="Lan", has_consented=True, channel="store", place="HN", now=NOON
    ).member


def place(*lines: tuple[str, int], **more: Any) -> OrderView:
    asked = Asked(more.pop("channel", "web"), [AskedLine(*line) for line in lines], customer_phone=PHONE, **more)
    placed = orders.place_order(actor=SYSTEM, asked=asked, now=more.pop("now", NOON))
    return get_order(actor=SYSTEM, code=placed.code)


def deliver(order: OrderView) -> int:
    for state in ("confirmed", "picking", "packed"):
        if state == "confirmed":
            orders.confirm_order(actor=SYSTEM, code=order.code, now=NOON)
        else:
            orders.move_order(actor=SYSTEM, code=order.code, to=state, now=NOON)
    orders.ship_order(actor=SYSTEM, code=order.code, now=NOON)
    orders.deliver_order(actor=SYSTEM, code=order.code, now=NOON)
    return earn_points(actor=SYSTEM, order_id=order.id, now=NOON)


def points() -> int:
    return int(member_by(actor=SYSTEM, key=PHONE, now=NOON).points)


def take_back(order: OrderView, line: int, units: int) -> OrderView:
    return orders.receive_return(
        actor=SYSTEM, code=order.code, location="HN", lines=[GradedReturn(line, units, "resellable")], now=NOON
    )


def test_a_member_who_joined_in_a_store_earns_online_and_a_return_takes_it_back_exactly() -> None:
    join()
    a_promotion("KM15", {"kind": "basket_percent", "off_bp": 1500})
    order = place(("AO", 3), ("VAY", 1))
    assert order.total_minor == 467_500
    assert deliver(order) == 46
    assert earn_points(actor=SYSTEM, order_id=order.id, now=NOON) == 46
    assert points() == 46
    seen = [take_back(order, 0, 1), take_back(order, 1, 1), take_back(order, 0, 2)][-1]
    assert [each["amount_minor"] for each in seen.refunds] == [85_000, 212_500, 170_000]
    assert sum(each["amount_minor"] for each in seen.refunds) == order.total_minor
    assert points() == 0


def test_a_return_before_points_were_given_leaves_only_what_the_rest_earns() -> None:
    join()
    order = place(("AO", 3))
    for step in ("confirmed", "picking", "packed"):
        if step == "confirmed":
            orders.confirm_order(actor=SYSTEM, code=order.code, now=NOON)
        else:
            orders.move_order(actor=SYSTEM, code=order.code, to=step, now=NOON)
    orders.ship_order(actor=SYSTEM, code=order.code, now=NOON)
    orders.deliver_order(actor=SYSTEM, code=order.code, now=NOON)
    take_back(order, 0, 2)
    earn_points(actor=SYSTEM, order_id=order.id, now=NOON)
    assert points() == 10


def test_points_pay_and_what_they_paid_earns_nothing() -> None:
    member = join()
    loyalty.adjust_points(actor=SYSTEM, member_id=member.id, points=60, note="quà", now=NOON)
    order = place(("AO", 1), points=50)
    assert (order.total_minor, order.due_minor, order.payment_state) == (100_000, 50_000, "partly_paid")
    assert points() == 10
    assert deliver(order) == 5
    back = take_back(order, 0, 1)
    assert back.refunds[0]["money_minor"] == 50_000
    assert points() == 60


def test_an_order_that_cannot_be_placed_leaves_the_points_where_they_were() -> None:
    member = join()
    loyalty.adjust_points(actor=SYSTEM, member_id=member.id, points=60, note="quà", now=NOON)
    with pytest.raises(ShortStock):
        place(("AO", 101), points=10)
    with pytest.raises(NotEnoughPoints):
        place(("AO", 5), points=61)
    assert member_by(actor=SYSTEM, key=PHONE, now=NOON).free == 60
    order = place(("AO", 1), points=50, external_id="W-1")
    again = orders.place_order(
        actor=SYSTEM,
        asked=Asked("web", [AskedLine("AO", 1)], customer_phone=PHONE, points=50, external_id="W-1"),
        now=NOON,
    )
    assert again.code == order.code
    assert points() == 10


def test_a_cancelled_order_gives_points_and_gift_card_back() -> None:
    member = join()
    loyalty.adjust_points(actor=SYSTEM, member_id=member.id, points=20, note="quà", now=NOON)
    issued = pricing.issue_cards(actor=SYSTEM, name="Tết", value_minor=70_000, count=1, is_active=True, now=NOON)
    order = place(("AO", 1), points=20, gift_cards=((issued.cards[0].code, None),))
    assert [tender["amount_minor"] for tender in order.tenders] == [20_000, 70_000]
    assert order.due_minor == 10_000
    assert get_card(actor=SYSTEM, card_id=issued.cards[0].id, now=NOON).available_minor == 0
    with pytest.raises(PartlyPaid):
        orders.split_order(actor=SYSTEM, code=order.code, lines=[MovedLine(0, 1)], now=NOON)
    orders.cancel_order(actor=SYSTEM, code=order.code, reason="đổi ý", now=NOON)
    assert points() == 20
    assert get_card(actor=SYSTEM, card_id=issued.cards[0].id, now=NOON).available_minor == 70_000


def test_a_gift_card_nobody_has_is_refused_and_takes_nothing() -> None:
    join()
    with pytest.raises(UnknownGiftCard):
        place(("AO", 1), gift_cards=((with_check("2" * GIFT_CARD.letters), None),))


def test_a_tier_and_a_birthday_are_the_same_at_the_till_and_on_the_web() -> None:
    member = join()
    a_list("VIP", {"AO": 80_000}, audience={"groups": ["vip"]})
    a_promotion("SN", {"kind": "basket_amount", "off_minor": 5000}, audience={"birthday_days": 7})
    a_promotion("VANG", {"kind": "points_times", "times_bp": 30_000}, audience={"tiers": ["vang"]}, layer=2)
    quote = place(("AO", 1))
    assert quote.total_minor == 100_000
    earned = loyalty.earn_for(
        actor=SYSTEM,
        member_id=member.id,
        reference="HD-1",
        channel="store",
        amount_minor=1_000_000,
        currency="VND",
        now=NOON,
    )
    assert earned.points == 100
    soon = NOON + timedelta(days=3)
    loyalty.update_member(actor=SYSTEM, member_id=member.id, birthday=Birthday(soon.day, soon.month), now=NOON)
    for channel in ("web", "store"):
        order = place(("AO", 1), channel=channel)
        assert order.total_minor == 75_000
        assert order.priced["points_times_bp"] == 30_000


def test_a_group_is_priced_alike_everywhere_and_only_while_one_is_in_it() -> None:
    member = join()
    a_list("SI", {"AO": 70_000}, audience={"groups": ["Dai-Ly"]})
    a_promotion("KHU", {"kind": "basket_amount", "off_minor": 5000}, audience={"segments": ["dai-ly"]})
    assert place(("AO", 1)).total_minor == 100_000
    loyalty.set_groups(actor=SYSTEM, member_id=member.id, groups=["dai-ly"], now=NOON)
    assert {place(("AO", 1), channel=channel).total_minor for channel in ("web", "store", "phone")} == {65_000}
    loyalty.set_groups(actor=SYSTEM, member_id=member.id, groups=[], now=NOON)
    assert place(("AO", 1)).total_minor == 100_000


def test_an_order_paid_with_points_alone_stays_whole() -> None:
    member = join()
    loyalty.set_burn_rules(actor=SYSTEM, rules_of=[BurnRuleView("", 1000, DAY)])
    loyalty.adjust_points(actor=SYSTEM, member_id=member.id, points=200, note="quà", now=NOON)
    order = place(("AO", 2), points=200)
    assert (order.due_minor, order.payment_state) == (0, "paid")
    with pytest.raises(PaidWithTenders):
        orders.split_order(actor=SYSTEM, code=order.code, lines=[MovedLine(0, 1)], now=NOON)
