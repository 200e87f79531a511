"""Guessing vouchers is limited, and what is won in a game is really had."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mekong.foundation.actor import SYSTEM
from mekong.foundation.delivery import deliver_due
from mekong.foundation.models import Delivery, OutboxEvent
from mekong.loyalty import commands as loyalty
from mekong.loyalty.queries import member_by
from mekong.orders import commands as orders
from mekong.orders.commands import Asked, AskedLine
from mekong.pricing import commands as pricing
from mekong.pricing.contracts.games import NewPrize, givers
from mekong.pricing.errors import TooManyTries
from mekong.pricing.queries import find_codes
from tests.support.baskets import NOON
from tests.support.games import a_game, play
from tests.support.offers import a_promotion
from tests.support.stock import a_location, a_variant, stock

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def shop() -> None:
    a_location("HN")
    stock(a_variant("AO", price=100_000), "HN", 100)


def quote(*codes: str, **more: Any) -> Any:
    asked = Asked("web", [AskedLine("AO", 1)], codes=codes, **more)
    return orders.quote_order(actor=SYSTEM, asked=asked, now=NOON).bill.quote


def test_who_guesses_vouchers_is_stopped_and_others_are_not() -> None:
    offer = a_promotion("VIP", needs_code=True)
    pricing.share_code(actor=SYSTEM, promotion_id=offer.id, code="TET27", now=NOON)
    for number in range(5):
        assert quote(f"ABC{number}", visitor="phiên-1").idle_codes == ((f"ABC{number}", "unknown"),)
    with pytest.raises(TooManyTries) as stopped:
        quote("ABC9", visitor="phiên-1")
    assert stopped.value.params["retry_after_s"] > 0
    assert quote("TET27", visitor="phiên-2").total_minor == 90_000


def test_a_code_that_was_used_is_no_guess() -> None:
    offer = a_promotion("VIP", needs_code=True)
    pricing.share_code(actor=SYSTEM, promotion_id=offer.id, code="TET27", now=NOON)
    pricing.block_voucher(actor=SYSTEM, code="TET27", is_blocked=True)
    for _ in range(7):
        assert quote("TET27", visitor="phiên-1").idle_codes == (("TET27", "unknown"),)


def test_a_voucher_that_was_won_is_the_winners_alone_and_given_once() -> None:
    a_promotion("TRUNG", needs_code=True)
    assert givers.vouchers is not None
    won = [
        givers.vouchers.issue_for(actor=SYSTEM, promotion_code="TRUNG", person="+84901", reference="luot-1", now=NOON)
        for _ in range(2)
    ]
    assert won[0] == won[1]
    assert find_codes(typed=[won[0]], person="+84901", now=NOON)[0].offer_id
    assert not find_codes(typed=[won[0]], person="+84902", now=NOON)[0].offer_id


def test_points_that_were_won_are_the_members_once_and_nobody_elses() -> None:
    member = loyalty.join_member(
        actor=SYSTEM, phone="+84901000001", name="Lan", has_consented=True, channel="web", now=NOON
    ).member
    a_game(NewPrize("50 điểm", "points", 1, points=50))
    assert [play(number).points for number in (1, 2)] == [50, 50]
    now = datetime.now(UTC)
    for _ in range(2):
        deliver_due(now=now)
    assert list(Delivery.objects.values_list("subscriber", "error")) == []
    assert member_by(actor=SYSTEM, key="+84901000001", now=now).points == 50
    told = OutboxEvent.objects.filter(name="pricing.prize_won").order_by("occurred_at", "id")[0]
    Delivery.objects.create(event=told, subscriber="loyalty.prizes", key=told.key, next_at=now)
    assert deliver_due(now=now) == 1
    assert member_by(actor=SYSTEM, key=member.number, now=now).points == 50
    assert givers.members is not None
    assert [givers.members.is_member(phone=f"+8490100000{number}") for number in (1, 2)] == [True, False]
