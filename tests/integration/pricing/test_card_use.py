"""Paying with gift cards: hold, claim, release, give back; wrong codes are counted; races never go below zero."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MayNot
from mekong.pricing import commands, queries
from mekong.pricing.commands.card_use import pass_of
from mekong.pricing.contracts.cards import CardCheck, CardHoldView, CardView, CardWanted
from mekong.pricing.errors import (
    CardBlocked,
    CardHoldNotFound,
    CardHoldOver,
    CardHoldUsed,
    CardInvalid,
    CardNotFound,
    CardReferenceTaken,
    CardShort,
    CardUsedUp,
    CodeMistyped,
    TooManyTries,
)
from mekong.pricing.models import CardEntry, CardHold, CodeTry
from mekong.pricing.rules import cards as rules
from mekong.pricing.rules import codes
from tests.support.cards import a_card, at_once, held, kinds, seen, some_cards, used, wanting
from tests.support.people import NOON, an_actor

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
NOBODY = UUID(int=7)
TELLER = an_actor("orders.place")


def unknown(number: int) -> str:
    """A code that is written right and that nobody has."""
    return codes.draw(number.to_bytes(32), codes.GIFT_CARD)


# --- hold, claim, release ---------------------------------------------------------------------------------------------


def test_a_card_pays_for_part_of_an_order_and_keeps_the_rest() -> None:
    card = a_card(500_000)
    hold = held(card.id, 120_000)
    assert (hold.state, hold.amount_minor, hold.expires_at) == ("held", 120_000, NOON + timedelta(seconds=600))
    assert (seen(card.id).balance_minor, seen(card.id).available_minor) == (500_000, 380_000)

    (paid,) = commands.claim_card_holds(actor=TELLER, hold_ids=[hold.id], used_by="DH-1", now=NOON)
    assert (paid.state, paid.used_minor, paid.used_by) == ("claimed", 120_000, "DH-1")
    view = seen(card.id)
    assert (view.balance_minor, view.held_minor, view.state) == (380_000, 0, "active")
    assert kinds(card.id) == ["issue", "activate", "hold", "use"]

    used(card.id, 380_000, "DH-2")
    assert (seen(card.id).state, seen(card.id).balance_minor) == ("used_up", 0)
    with pytest.raises(CardUsedUp):
        held(card.id, 1, "cart-9")


def test_a_hold_and_a_claim_repeat_without_a_second_effect() -> None:
    card = a_card(500_000)
    assert held(card.id, 120_000) == held(card.id, 120_000)
    with pytest.raises(CardReferenceTaken):
        held(card.id, 130_000)
    hold = held(card.id, 120_000)
    claims = [
        commands.claim_card_holds(actor=SYSTEM, hold_ids=[hold.id], used_by="DH-1", now=NOON + n * DAY) for n in (0, 1)
    ]
    assert claims[0] == claims[1]
    assert held(card.id, 120_000).state == "claimed"
    with pytest.raises(CardHoldUsed):
        commands.claim_card_holds(actor=SYSTEM, hold_ids=[hold.id], used_by="DH-2", now=NOON)
    with pytest.raises(CardHoldUsed):
        commands.release_card_holds(actor=SYSTEM, hold_ids=[hold.id], now=NOON)
    assert seen(card.id).balance_minor == 380_000


def test_a_card_is_never_asked_for_more_than_it_has() -> None:
    card = a_card(100_000)
    held(card.id, 70_000, "cart-1")
    with pytest.raises(CardShort) as refused:
        held(card.id, 30_001, "cart-2")
    assert refused.value.params["available_minor"] == 30_000
    assert "30.000 VND" in str(refused.value)
    wanted = [wanting(card.id, 90_000, is_partial=True)]
    (partly,) = commands.hold_cards(actor=TELLER, wanted=wanted, reference="cart-3", ttl_s=60, now=NOON)
    assert partly.amount_minor == 30_000
    assert commands.hold_cards(actor=TELLER, wanted=wanted, reference="cart-3", ttl_s=60, now=NOON) == [partly]
    with pytest.raises(CardShort):
        commands.hold_cards(actor=TELLER, wanted=wanted, reference="cart-4", ttl_s=60, now=NOON)


def test_several_cards_are_held_all_or_none() -> None:
    first, second = some_cards(2, 100_000)
    wanted = [wanting(second.id, 100_000), wanting(first.id, 100_001)]
    with pytest.raises(CardShort):
        commands.hold_cards(actor=TELLER, wanted=wanted, reference="c", ttl_s=60, now=NOON)
    assert not CardHold.objects.exists()
    wanted[1] = wanting(first.id, 40_000)
    made = commands.hold_cards(actor=TELLER, wanted=wanted, reference="c", ttl_s=60, now=NOON)
    assert [each.card_id for each in made] == [second.id, first.id]
    taken = commands.claim_card_holds(actor=TELLER, hold_ids=[each.id for each in made], used_by="DH-5", now=NOON)
    assert sum(each.used_minor for each in taken) == 140_000
    assert len(queries.card_holds(actor=SYSTEM, used_by=["DH-5", "DH-6"])) == 2


def test_an_order_may_take_less_than_was_held() -> None:
    card = a_card(100_000)
    hold = held(card.id, 80_000)
    for wrong in (0, 80_001):
        with pytest.raises(CardInvalid):
            commands.claim_card_holds(
                actor=SYSTEM, hold_ids=[hold.id], used_by="DH-1", amounts={hold.id: wrong}, now=NOON
            )
    commands.claim_card_holds(actor=SYSTEM, hold_ids=[hold.id], used_by="DH-1", amounts={hold.id: 50_000}, now=NOON)
    assert (seen(card.id).balance_minor, seen(card.id).held_minor) == (50_000, 0)


def test_a_hold_ends_with_its_time_when_somebody_needs_it() -> None:
    card = a_card(100_000)
    hold = held(card.id, 100_000, "cart-1", ttl_s=60)
    late = NOON + 2 * MINUTE
    with pytest.raises(CardShort):
        held(card.id, 1, "cart-2", now=NOON + timedelta(seconds=59))
    # Nobody needed it since: its own order still takes it.
    (paid,) = commands.claim_card_holds(actor=SYSTEM, hold_ids=[hold.id], used_by="DH-1", now=late)
    assert paid.used_minor == 100_000

    other = a_card(100_000)
    gone = held(other.id, 100_000, "cart-1", ttl_s=60)
    assert held(other.id, 60_000, "cart-2", now=late).amount_minor == 60_000
    with pytest.raises(CardHoldOver):
        commands.claim_card_holds(actor=SYSTEM, hold_ids=[gone.id], used_by="DH-2", now=late)
    with pytest.raises(CardShort):
        held(other.id, 100_000, "cart-1", now=late)
    assert held(other.id, 40_000, "cart-1", now=late).id != gone.id


def test_holds_are_given_free_by_hand_and_by_housekeeping() -> None:
    card = a_card(100_000)
    hold = held(card.id, 10_000, "cart-1")
    for _ in range(2):
        commands.release_card_holds(actor=TELLER, hold_ids=[hold.id], now=NOON)
    held(card.id, 20_000, "cart-2", ttl_s=60)
    held(card.id, 30_000, "cart-3", ttl_s=6000)
    assert commands.release_due(now=NOON + 2 * MINUTE) == 1
    assert commands.release_due(now=NOON + 2 * MINUTE) == 0
    assert seen(card.id).held_minor == 30_000


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("reference", {"reference": " "}),
        ("reference", {"reference": "x" * 81}),
        ("ttl_s", {"ttl_s": 0}),
        ("ttl_s", {"ttl_s": 31 * 24 * 3600}),
        ("cards", {"wanted": []}),
        ("cards", {"wanted": [CardWanted("x", 1)] * 21}),
        ("cards[0].card_pass", {}),
        ("cards[0].card_pass", {"wanted": [CardWanted("0" * 72, 1)]}),
        ("cards[0].amount_minor", {"wanted": [CardWanted("x", 0)]}),
    ],
)
def test_a_hold_that_makes_no_sense_is_refused_by_field(field: str, given: dict[str, Any]) -> None:
    asked = {"actor": SYSTEM, "wanted": [CardWanted("x", 1)], "reference": "c", "ttl_s": 60, "now": NOON}
    with pytest.raises(CardInvalid) as refused:
        commands.hold_cards(**{**asked, **given})
    assert refused.value.params["field"] == field


def test_who_may_not_place_orders_uses_no_card() -> None:
    card = a_card()
    hold = held(card.id, 1000)
    lan = an_actor("pricing.view", "vouchers.issue")
    for act in (
        lambda: commands.check_card(actor=lan, code=card.code, who="", now=NOON),
        lambda: commands.hold_cards(actor=lan, wanted=[wanting(card.id, 1)], reference="c", ttl_s=60, now=NOON),
        lambda: commands.claim_card_holds(actor=lan, hold_ids=[hold.id], used_by="DH-1", now=NOON),
        lambda: commands.release_card_holds(actor=lan, hold_ids=[hold.id], now=NOON),
        lambda: commands.give_back(actor=TELLER, hold_id=hold.id, amount_minor=1, reference="TH-1", now=NOON),
    ):
        with pytest.raises(MayNot):
            act()  # type: ignore[no-untyped-call]  # a lambda of the list above
    for unknown_one in (
        partial(commands.claim_card_holds, hold_ids=[NOBODY], used_by="DH-1"),
        partial(commands.release_card_holds, hold_ids=[NOBODY]),
        partial(commands.give_back, hold_id=NOBODY, amount_minor=1, reference="TH-1"),
    ):
        with pytest.raises(CardHoldNotFound):
            unknown_one(actor=SYSTEM, now=NOON)
    with pytest.raises(CardNotFound):
        held(NOBODY, 1)


def test_who_sees_a_card_and_not_its_code_cannot_spend_it() -> None:
    card, other = some_cards(2)
    checked = commands.check_card(actor=TELLER, code=card.code, who="", now=NOON)
    good = checked.card_pass

    def hold(card_pass: str, reference: str = "c", now: Any = NOON) -> CardHoldView:
        wanted = [CardWanted(card_pass, 1000)]
        return commands.hold_cards(actor=TELLER, wanted=wanted, reference=reference, ttl_s=7200, now=now)[0]

    last = "1" if good[-1] == "0" else "0"
    for wrong in (other.id.hex + good[32:], good[:32] + "ffffffff" + good[40:], good[:-1] + last, good + "0", ""):
        with pytest.raises(CardInvalid, match="once more"):
            hold(wrong)
    made = hold(good)
    late = NOON + timedelta(hours=1)
    with pytest.raises(CardInvalid, match="once more"):
        hold(good, "another basket", late)
    assert hold(good, "c", late) == made  # what was held before is told again
    assert [each.state for each in CardHold.objects.all()] == ["held"]


# --- refunds ----------------------------------------------------------------------------------------------------------


def test_a_refund_goes_back_to_the_same_card_once() -> None:
    card = a_card(100_000)
    paid = used(card.id, 100_000)
    back = an_actor("orders.return")
    for _ in range(2):
        view = commands.give_back(actor=back, hold_id=paid.id, amount_minor=60_000, reference="TH-1", now=NOON)
    assert (view.state, view.balance_minor) == ("active", 60_000)
    with pytest.raises(CardReferenceTaken):
        commands.give_back(actor=back, hold_id=paid.id, amount_minor=1, reference="TH-1", now=NOON)
    with pytest.raises(CardInvalid) as refused:
        commands.give_back(actor=back, hold_id=paid.id, amount_minor=40_001, reference="TH-2", now=NOON)
    assert "40.000 VND" in str(refused.value)
    commands.give_back(actor=back, hold_id=paid.id, amount_minor=40_000, reference="TH-2", now=NOON)
    assert seen(card.id).balance_minor == 100_000


def test_nothing_is_given_back_that_was_not_used() -> None:
    hold = held(a_card(100_000).id, 50_000)
    with pytest.raises(CardInvalid):
        commands.give_back(actor=SYSTEM, hold_id=hold.id, amount_minor=1, reference="TH-1", now=NOON)


def test_money_that_comes_back_to_a_card_at_its_end_can_still_be_spent() -> None:
    end = NOON + DAY
    card = a_card(100_000, expires_at=end)
    paid = used(card.id, 70_000)
    assert commands.expire_cards(now=end) == 1
    view = commands.give_back(actor=SYSTEM, hold_id=paid.id, amount_minor=70_000, reference="TH-1", now=end)
    assert (view.state, view.available_minor, view.expires_at) == ("active", 70_000, end + rules.GRACE)


def test_a_refund_to_a_blocked_card_leaves_it_blocked() -> None:
    card = a_card(100_000)
    paid = used(card.id, 70_000)
    commands.block_card(actor=SYSTEM, card_id=card.id, reason="stolen", now=NOON)
    view = commands.give_back(actor=SYSTEM, hold_id=paid.id, amount_minor=70_000, reference="TH-1", now=NOON)
    assert (view.state, view.balance_minor, view.available_minor) == ("blocked", 100_000, 0)
    with pytest.raises(CardBlocked):
        held(card.id, 1, "c2")


# --- wrong codes ------------------------------------------------------------------------------------------------------


def test_a_code_is_checked_however_it_is_typed() -> None:
    card = a_card()
    for typed in (card.code, card.code.lower(), card.code.replace("-", " ")):
        assert commands.check_card(actor=TELLER, code=typed, who="", now=NOON) == CardCheck(
            seen(card.id), 5, pass_of(card.id, NOON)
        )


def test_a_mistyped_code_is_no_guess() -> None:
    card = a_card()
    wrong = "2" if card.code[0] != "2" else "3"
    for typed, says in ((wrong + card.code[1:], "wrong"), ("", "Type"), ("Đ" * 18, "keyboard"), ("1" * 18, "0, O, 1")):
        for _ in range(9):
            with pytest.raises(CodeMistyped) as refused:
                commands.check_card(actor=TELLER, code=typed, who="", now=NOON)
            assert says in str(refused.value)
    assert not CodeTry.objects.exists()


def test_who_guesses_is_locked_out_and_told_until_when_while_others_go_on() -> None:
    card = a_card()
    for number in range(5):
        answer = commands.check_card(actor=TELLER, code=unknown(number), who="1.2.3.4", now=NOON + number * MINUTE)
        assert answer == CardCheck(None, 4 - number)
    now = NOON + 5 * MINUTE + timedelta(seconds=30)
    with pytest.raises(TooManyTries) as refused:
        commands.check_card(actor=TELLER, code=card.code, who="1.2.3.4", now=now)
    assert refused.value.params == {"retry_after_s": 570, "time": "12:15"}
    # Somebody else, and the same one when the first wrong code is a quarter of an hour old.
    assert commands.check_card(actor=TELLER, code=card.code, who="5.6.7.8", now=now).card
    again = commands.check_card(actor=TELLER, code=card.code, who="1.2.3.4", now=now + timedelta(seconds=570))
    assert again.card
    assert again.tries_left == 1


def test_when_many_guess_at_once_each_is_let_try_once_and_right_codes_go_on() -> None:
    card = a_card()
    CodeTry.objects.create(who="many others", minute=NOON, failures=rules.ALTOGETHER)
    assert commands.check_card(actor=TELLER, code=card.code, who="honest", now=NOON).card
    assert commands.check_card(actor=TELLER, code=unknown(1), who="new", now=NOON).tries_left == 0
    with pytest.raises(TooManyTries):
        commands.check_card(actor=TELLER, code=unknown(2), who="new", now=NOON)
    assert commands.check_card(actor=TELLER, code=card.code, who="honest", now=NOON).card
    later = NOON + rules.WINDOW + DAY
    assert commands.check_card(actor=TELLER, code=unknown(3), who="new", now=later).tries_left == 4
    assert list(CodeTry.objects.values_list("who", flat=True)) == ["person:0|new"]


# --- races ------------------------------------------------------------------------------------------------------------


def test_a_card_never_goes_below_zero_whoever_comes_first() -> None:
    card = a_card(100_000)
    answers = at_once([partial(used, card.id, 15_000, f"DH-{number}") for number in range(20)])
    outcomes = Counter(type(each) for each in answers)
    assert outcomes == {CardHoldView: 6, CardShort: 14}
    assert seen(card.id).balance_minor == 10_000
    assert CardEntry.objects.filter(kind="use").count() == 6


def test_one_reference_from_many_tills_is_one_hold_and_one_use() -> None:
    card = a_card(100_000)
    answers = at_once([partial(held, card.id, 60_000, "cart-1") for _ in range(12)])
    assert len({each.id for each in answers}) == 1
    claim = partial(commands.claim_card_holds, actor=SYSTEM, hold_ids=[answers[0].id], used_by="DH-1", now=NOON)
    at_once([claim for _ in range(12)])
    assert seen(card.id).balance_minor == 40_000


def test_claim_release_and_expiry_at_once_have_one_winner() -> None:
    for number in range(5):
        card = a_card(100_000)
        hold = held(card.id, 100_000, f"cart-{number}", ttl_s=60)
        late = NOON + 2 * MINUTE
        claimed, _, other = at_once([
            partial(commands.claim_card_holds, actor=SYSTEM, hold_ids=[hold.id], used_by=f"DH-{number}", now=late),
            partial(commands.release_card_holds, actor=SYSTEM, hold_ids=[hold.id], now=late),
            partial(held, card.id, 100_000, "another cart", now=late),
        ])  # fmt: skip
        was_used = isinstance(claimed, list)
        assert seen(card.id).balance_minor == (0 if was_used else 100_000)
        assert isinstance(other, CardHoldView) != was_used


def test_two_baskets_with_the_same_two_cards_do_not_jam() -> None:
    first, second = some_cards(2, 1_000_000)

    def pay(number: int) -> Any:
        cards = (first, second) if number % 2 else (second, first)
        wanted = [wanting(each.id, 1000) for each in cards]
        made = commands.hold_cards(actor=SYSTEM, wanted=wanted, reference=f"c{number}", ttl_s=60, now=NOON)
        ids = [each.id for each in made]
        return commands.claim_card_holds(
            actor=SYSTEM, hold_ids=ids[:: 1 - 2 * (number % 3 == 0)], used_by=f"DH-{number}", now=NOON
        )

    answers = at_once([partial(pay, number) for number in range(16)])
    assert all(isinstance(each, list) for each in answers)
    assert (seen(first.id).balance_minor, seen(second.id).balance_minor) == (984_000, 984_000)


def test_refunds_at_once_give_back_no_more_than_was_used() -> None:
    card = a_card(100_000)
    paid = used(card.id, 100_000)
    answers = at_once([
        partial(commands.give_back, actor=SYSTEM, hold_id=paid.id, amount_minor=30_000, reference=f"TH-{n % 6}", now=NOON)
        for n in range(12)
    ])  # fmt: skip
    assert sum(isinstance(each, CardView) for each in answers) == 6  # three references, each sent twice
    assert seen(card.id).balance_minor == 90_000


def test_many_guesses_at_one_moment_count_one_by_one() -> None:
    card = a_card()
    ask = partial(commands.check_card, actor=TELLER, who="1.2.3.4", now=NOON)
    answers = at_once([partial(ask, code=unknown(number)) for number in range(16)])
    assert Counter(type(each) for each in answers) == {CardCheck: 5, TooManyTries: 11}
    assert sorted(each.tries_left for each in answers if isinstance(each, CardCheck)) == [0, 1, 2, 3, 4]
    with pytest.raises(TooManyTries):
        ask(code=card.code)


def test_codes_are_taken_out_once_however_many_ask() -> None:
    batch = seen(some_cards(5)[0].id).batch_id
    answers = at_once([partial(commands.take_codes, actor=SYSTEM, batch_id=batch, now=NOON)] * 8)
    assert sum(hasattr(each, "cards") for each in answers) == 1
