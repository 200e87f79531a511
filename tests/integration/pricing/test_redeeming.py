"""Limits hold exactly, however many ask."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from mekong.foundation.actor import SYSTEM
from mekong.pricing import commands as pricing
from mekong.pricing import redeeming
from mekong.pricing.contracts.redeeming import Refused, Took
from mekong.pricing.models import Allowance, Redemption, Voucher
from mekong.pricing.queries import find_codes
from tests.support.baskets import NOON
from tests.support.offers import a_promotion, a_take

pytestmark = pytest.mark.django_db(transaction=True)


def counted(promotion: int) -> tuple[int, int]:
    row = Allowance.objects.get(promotion_id=promotion)
    return row.uses, row.spent_minor


def test_a_limit_of_uses_is_reached_and_not_passed() -> None:
    offer = a_promotion(most_uses=3)
    answers = redeeming.serve([a_take(f"gio-{n}", (offer.id, 1000)) for n in range(5)])
    assert [type(answer) for answer in answers] == [Took, Took, Took, Refused, Refused]
    assert answers[3] == Refused(offer.id, "uses")
    assert counted(offer.id) == (3, 3000)


def test_a_budget_is_spent_and_not_passed() -> None:
    offer = a_promotion(budget_minor=2500)
    answers = redeeming.serve(
        [a_take("a", (offer.id, 1000)), a_take("b", (offer.id, 2000)), a_take("c", (offer.id, 1500))]
    )
    assert answers == [Took("a"), Refused(offer.id, "budget"), Took("c")]
    assert counted(offer.id) == (2, 2500)


def test_each_person_has_their_share_and_nobody_unknown() -> None:
    offer = a_promotion(most_per_person=1)
    takes = [
        a_take("a", (offer.id, 10), person="+84901"),
        a_take("b", (offer.id, 10), person="+84901"),
        a_take("c", (offer.id, 10)),
    ]
    assert redeeming.serve(takes) == [Took("a"), Refused(offer.id, "person"), Refused(offer.id, "person")]
    assert redeeming.serve([a_take("d", (offer.id, 10), person="+84901")]) == [Refused(offer.id, "person")]


def test_all_that_a_checkout_wants_or_nothing() -> None:
    one, other = a_promotion("A", most_uses=1), a_promotion("B", most_uses=1)
    redeeming.serve([a_take("x", (other.id, 5))])
    assert redeeming.serve([a_take("y", (one.id, 5), (other.id, 5))]) == [Refused(other.id, "uses")]
    assert counted(one.id) == (0, 0)


def test_a_repeat_changes_nothing_and_another_benefit_is_refused() -> None:
    offer = a_promotion()
    for _ in range(3):
        assert redeeming.serve([a_take("a", (offer.id, 700))]) == [Took("a")]
    assert redeeming.serve([a_take("a", (offer.id, 700)), a_take("a", (offer.id, 700))]) == [Took("a")] * 2
    assert counted(offer.id) == (1, 700)
    assert redeeming.serve([a_take("a", (offer.id, 900))]) == [Refused(offer.id, "reference")]


def test_what_is_held_too_long_is_had_by_the_next() -> None:
    offer = a_promotion(most_uses=1)
    redeeming.serve([a_take("a", (offer.id, 700), ttl_s=60)])
    assert redeeming.serve([a_take("b", (offer.id, 700), now=NOON + timedelta(seconds=59))]) == [
        Refused(offer.id, "uses")
    ]
    assert redeeming.serve([a_take("b", (offer.id, 300), now=NOON + timedelta(seconds=60))]) == [Took("b")]
    assert counted(offer.id) == (1, 300)


def test_what_an_order_used_does_not_lapse_and_comes_back_when_it_is_cancelled() -> None:
    offer = a_promotion(most_uses=1)
    redeeming.serve([a_take("a", (offer.id, 700))])
    assert redeeming.use("a", "DH-1") == 1
    assert redeeming.lapse(NOON + timedelta(days=1)) == 0
    assert redeeming.give_free("a") == 0
    assert redeeming.give_back("DH-1") == 1
    assert redeeming.give_back("DH-1") == 0
    assert counted(offer.id) == (0, 0)


def test_housekeeping_gives_free_what_lapsed_and_says_how_many() -> None:
    offer = a_promotion()
    redeeming.serve([a_take(f"{n}", (offer.id, 7)) for n in range(4)])
    redeeming.use("0", "DH-1")
    assert redeeming.lapse(NOON + timedelta(hours=1)) == 3
    assert counted(offer.id) == (1, 7)


def test_a_voucher_is_used_as_often_as_it_says_and_by_whom_it_was_given() -> None:
    offer = a_promotion(needs_code=True)
    made = pricing.make_vouchers(actor=SYSTEM, promotion_id=offer.id, count=2, now=NOON)
    [first] = find_codes(typed=[made.codes[0].lower()], now=NOON)
    assert first.offer_id == offer.id
    takes = [a_take(name, (offer.id, first.voucher_id, 10)) for name in "ab"]
    assert redeeming.serve(takes) == [Took("a"), Refused(offer.id, "voucher")]
    assert find_codes(typed=[made.codes[0]], now=NOON)[0].offer_id == 0
    redeeming.give_free("a")
    assert Voucher.objects.get(id=first.voucher_id).uses == 0
    theirs = pricing.give_voucher(actor=SYSTEM, promotion_code="KM10", person="+84901", reference="qua-1", now=NOON)
    assert (
        pricing.give_voucher(actor=SYSTEM, promotion_code="KM10", person="+84901", reference="qua-1", now=NOON)
        == theirs
    )
    assert find_codes(typed=[theirs], person="+84902", now=NOON)[0].offer_id == 0
    [found] = find_codes(typed=[theirs], person="+84901", now=NOON)
    assert redeeming.serve([a_take("c", (offer.id, found.voucher_id, 10), person="+84902")]) == [
        Refused(offer.id, "voucher")
    ]
    assert redeeming.serve([a_take("c", (offer.id, found.voucher_id, 10), person="+84901")]) == [Took("c")]


def test_an_offer_that_was_paused_is_had_by_nobody() -> None:
    offer = a_promotion()
    pricing.turn_promotion(actor=SYSTEM, promotion_id=offer.id, state="paused", now=NOON)
    assert redeeming.serve([a_take("a", (offer.id, 7))]) == [Refused(offer.id, "ended")]
    assert redeeming.serve([a_take("a", (offer.id + 999, 7))]) == [Refused(offer.id + 999, "ended")]


def test_many_checkouts_in_several_engines_never_pass_a_limit() -> None:
    """Eight threads, each with its own connection as a process would have, against housekeeping and cancellations."""
    offer, hot = a_promotion("A", most_uses=40, budget_minor=10**9), a_promotion("B", budget_minor=100 * 37)
    wrong: list[BaseException] = []
    took: list[str] = []

    def check_out(worker: int) -> None:
        try:
            for turn in range(12):
                names = [f"{worker}-{turn}-{n}" for n in range(3)]
                answers = redeeming.serve([a_take(name, (offer.id, 50), (hot.id, 100)) for name in names])
                for name, answer in zip(names, answers, strict=True):
                    if isinstance(answer, Took):
                        took.append(name)
                        if turn % 5 == 0:
                            redeeming.give_free(name)
                        else:
                            redeeming.use(name, f"DH-{name}")
                redeeming.lapse(NOON - timedelta(hours=1))
        except BaseException as caught:  # noqa: BLE001 - told to the test
            wrong.append(caught)
        finally:
            connection.close()

    workers = [threading.Thread(target=check_out, args=(n,)) for n in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong
    held = Redemption.objects.exclude(state="released")
    assert (
        held.filter(promotion_id=offer.id).count() == held.filter(promotion_id=hot.id).count() == counted(offer.id)[0]
    )
    assert counted(offer.id)[0] <= 37
    assert counted(hot.id)[1] == 100 * counted(hot.id)[0] <= 3700
    assert counted(hot.id)[0] == 37  # as many asked that nothing is left over
