"""Earning, spending, ending, and what returns take and give back."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MayNot
from mekong.foundation.models import OutboxEvent
from mekong.loyalty import commands, queries
from mekong.loyalty.contracts import BurnRuleView, EarnRuleView, MemberView, TakenBack
from mekong.loyalty.errors import (
    EarningNotFound,
    HoldClaimed,
    HoldEnded,
    HoldNotFound,
    MemberInvalid,
    MemberNotFound,
    NoBurnRule,
    NotEnoughPoints,
    PointsInvalid,
    ReferenceUsed,
)
from mekong.loyalty.models import Entry, Hold, Lot, Member
from tests.support.loyalty import START, a_member, a_programme, assert_points_sound, earn, hold, kinds, spend
from tests.support.people import NOON, an_actor

pytestmark = pytest.mark.django_db
TOMORROW = NOON + timedelta(days=1)
NEXT_YEAR = datetime(2027, 12, 1, tzinfo=NOON.tzinfo)


@pytest.fixture(autouse=True)
def _sound(db: None) -> Any:
    a_programme()
    yield
    assert_points_sound()


def now_of(member: MemberView, at: datetime = NOON) -> tuple[int, int, int]:
    seen = queries.get_member(actor=SYSTEM, member_id=member.id, now=at)
    return seen.points, seen.free, seen.owed


def take_back(reference: str, part: str, part_minor: int, now: datetime = NOON) -> TakenBack:
    return commands.take_back_for(actor=SYSTEM, reference=reference, part=part, part_minor=part_minor, now=now)


def give_back(reference: str, part: str, part_minor: int, now: datetime = NOON) -> int:
    return commands.give_back_for(actor=SYSTEM, reference=reference, part=part, part_minor=part_minor, now=now)


# --- earning ----------------------------------------------------------------------------------------------------------


def test_a_card_of_the_till_earns_and_burns_on_the_web() -> None:
    member = a_member()
    first = earn(member, "HD-1", 1_234_567, channel="store")
    assert (first.points, first.expires_at) == (123, datetime(2027, 11, 30, 17, tzinfo=NOON.tzinfo))
    found = queries.member_by(actor=SYSTEM, key="0903123456", now=NOON + timedelta(minutes=1))
    assert (found.points, found.tier.code, found.price_group) == (123, "silver", "silver")
    # Silver earns one and a half times.
    assert earn(found, "DH-1", 100_000, now=NOON + timedelta(minutes=1), channel="web").points == 15
    paid = spend(found, 100, "DH-2", NOON + timedelta(minutes=2))
    assert (paid.value_minor, paid.state) == (10_000, "claimed")
    assert now_of(member) == (38, 38, 0)


def test_a_reference_earns_once() -> None:
    member, other = a_member(), a_member("0912345678", "Hoa")
    first = earn(member, "HD-1", 100_000)
    assert earn(member, "HD-1", 100_000, now=TOMORROW, multiplier_bp=20_000) == first
    for someone, amount in ((member, 100_001), (other, 100_000)):
        with pytest.raises(ReferenceUsed):
            earn(someone, "HD-1", amount)
    assert kinds(member) == [("earn", 10)]


def test_multipliers_and_channels_rules() -> None:
    commands.set_earn_rules(
        actor=SYSTEM,
        rules_of=[EarnRuleView("", 10_000, 1, START), EarnRuleView("web", 10_000, 3, START, date(2026, 11, 22))],
    )
    member = a_member()
    assert earn(member, "1", 19_999, channel="web").points == 5
    assert earn(member, "2", 19_999, channel="web", now=TOMORROW).points == 1
    assert earn(member, "3", 19_999, multiplier_bp=25_000).points == 4
    assert earn(member, "4", 9_999).points == 0
    assert earn(member, "3", 19_999).expires_at is None


def test_without_a_rule_nothing_is_earned_and_the_money_counts() -> None:
    commands.set_earn_rules(actor=SYSTEM, rules_of=[])
    member = a_member()
    assert earn(member, "1", 1_000_000).points == 0
    assert queries.get_member(actor=SYSTEM, member_id=member.id, now=NOON).tier.code == "silver"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"reference": " "}, "reference"),
        ({"reference": "x" * 121}, "reference"),
        ({"amount_minor": -1}, "amount_minor"),
        ({"amount_minor": 10**12 + 1}, "amount_minor"),
        ({"multiplier_bp": 100_001}, "multiplier_bp"),
        ({"currency": "USD"}, "currency"),
    ],
)
def test_bad_figures_are_refused_by_name(said: dict[str, Any], field: str) -> None:
    told = {"reference": "HD-1", "amount_minor": 100_000, "currency": "VND", "channel": "store"} | said
    with pytest.raises(PointsInvalid) as refused:
        commands.earn_for(actor=SYSTEM, member_id=a_member().id, now=NOON, **told)
    assert refused.value.params["field"] == field
    assert not Entry.objects.exists()


def test_rights_are_asked_for_first() -> None:
    member, nobody = a_member(), an_actor("loyalty.view")
    for act in (
        lambda: commands.earn_for(
            actor=nobody, member_id=member.id, reference="1", channel="store", amount_minor=1, currency="VND", now=NOON
        ),
        lambda: commands.take_back_for(actor=nobody, reference="1", part="1", part_minor=1, now=NOON),
        lambda: commands.hold_points(
            actor=nobody,
            member_id=member.id,
            points=1,
            reference="1",
            channel="store",
            order_minor=1,
            currency="VND",
            now=NOON,
        ),
        lambda: commands.claim_hold(actor=nobody, hold_id=member.id, reference="1", now=NOON),
        lambda: commands.release_hold(actor=nobody, hold_id=member.id, now=NOON),
        lambda: commands.give_back_for(actor=nobody, reference="1", part="1", part_minor=1, now=NOON),
        lambda: commands.adjust_points(actor=nobody, member_id=member.id, points=1, note="quà tặng", now=NOON),
        lambda: commands.merge_members(actor=nobody, survivor_id=member.id, merged_id=member.id, now=NOON),
        lambda: commands.undo_merge(actor=nobody, merge_id=member.id, now=NOON),
        lambda: commands.close_member(actor=nobody, member_id=member.id, now=NOON),
        lambda: commands.review_tiers(actor=nobody, now=NOON),
        lambda: commands.expire_points(actor=nobody, now=NOON),
        lambda: commands.start_programme(actor=nobody, now=NOON),
        lambda: queries.list_members(actor=an_actor(), now=NOON),
        lambda: queries.get_card(actor=an_actor(), member_id=member.id, now=NOON),
        lambda: queries.list_entries(actor=an_actor(), member_id=member.id),
    ):
        with pytest.raises(MayNot):
            act()


def test_a_member_who_is_not_there() -> None:
    with pytest.raises(MemberNotFound):
        earn(Hold().uid, "HD-1", 1)


# --- returns take back ------------------------------------------------------------------------------------------------


def test_all_parts_take_back_what_was_earned_in_any_order() -> None:
    member = a_member()
    for reference, parts in (("A", (33_333, 33_333, 33_339)), ("B", (1, 99_999, 5)), ("C", (100_005,))):
        assert earn(member, reference, 100_005).points == 10
        taken = [take_back(reference, str(n), part) for n, part in enumerate(parts)]
        assert sum(each.points for each in taken) == 10
        assert all(each.owed == 0 for each in taken)
    assert now_of(member) == (0, 0, 0)


def test_a_part_is_taken_back_once() -> None:
    member = a_member()
    earn(member, "HD-1", 100_000)
    first = take_back("HD-1", "TH-1", 40_000)
    assert first == TakenBack(4, 0)
    assert take_back("HD-1", "TH-1", 40_000, TOMORROW) == first
    with pytest.raises(ReferenceUsed):
        take_back("HD-1", "TH-1", 50_000)
    with pytest.raises(PointsInvalid) as refused:
        take_back("HD-1", "TH-2", 60_001)
    assert (refused.value.params["field"], refused.value.params["left"]) == ("part_minor", 60_000)
    with pytest.raises(EarningNotFound):
        take_back("HD-9", "TH-1", 1)
    assert now_of(member) == (6, 6, 0)


def test_points_spent_already_are_owed_and_the_next_pay_them_first() -> None:
    member = a_member()
    earn(member, "HD-1", 100_000)
    spend(member, 8, "HD-2")
    assert take_back("HD-1", "TH-1", 100_000) == TakenBack(10, 8)
    assert now_of(member) == (0, 0, 8)
    assert earn(member, "HD-3", 50_000).paid_owed == 5
    assert now_of(member) == (0, 0, 3)
    assert earn(member, "HD-4", 50_000).paid_owed == 3
    assert now_of(member) == (2, 2, 0)
    assert kinds(member) == [
        ("earn", 10), ("burn", -8), ("take_back", -2), ("earn", 5), ("repay", -5), ("earn", 5), ("repay", -3),
    ]  # fmt: skip


def test_points_that_ended_unspent_are_not_asked_for_again() -> None:
    member = a_member()
    earn(member, "HD-1", 100_000)
    spend(member, 4, "HD-2")
    assert take_back("HD-1", "TH-1", 100_000, NEXT_YEAR) == TakenBack(10, 4)
    assert now_of(member, NEXT_YEAR) == (0, 0, 4)


def test_what_is_set_aside_is_not_taken_back() -> None:
    member = a_member()
    earn(member, "HD-1", 100_000)
    held = hold(member, 7, "basket")
    assert take_back("HD-1", "TH-1", 100_000) == TakenBack(10, 7)
    assert now_of(member) == (7, 0, 7)
    commands.claim_hold(actor=SYSTEM, hold_id=held.id, reference="HD-2", now=NOON)
    assert now_of(member) == (0, 0, 7)


# --- ending -----------------------------------------------------------------------------------------------------------


def test_points_end_with_the_month_and_what_ends_first_is_spent_first() -> None:
    member = a_member()
    earn(member, "HD-1", 100_000)
    earn(member, "HD-2", 100_000, now=NOON + timedelta(days=20))
    spend(member, 12, "HD-3", NOON + timedelta(days=21))
    assert list(Lot.objects.order_by("pk").values_list("left", flat=True)) == [0, 8]
    last = datetime(2027, 12, 31, 16, 59, 59, tzinfo=NOON.tzinfo)
    assert now_of(member, last) == (8, 8, 0)
    over = last + timedelta(seconds=1)
    assert now_of(member, over) == (0, 0, 0)
    assert commands.expire_points(actor=SYSTEM, now=over) == 1
    assert commands.expire_points(actor=SYSTEM, now=over) == 0
    assert kinds(member)[-1] == ("expire", -8)
    with pytest.raises(NotEnoughPoints):
        hold(member, 1, "late", over)


def test_points_set_aside_do_not_end_before_they_are_free_again() -> None:
    member = a_member()
    earn(member, "HD-1", 100_000)
    at = datetime(2027, 11, 30, 16, 55, tzinfo=NOON.tzinfo)
    one, other = hold(member, 6, "one", at), hold(member, 4, "other", at)
    over = at + timedelta(minutes=10)
    assert now_of(member, over) == (10, 0, 0)
    assert commands.claim_hold(actor=SYSTEM, hold_id=one.id, reference="HD-2", now=over).state == "claimed"
    commands.release_hold(actor=SYSTEM, hold_id=other.id, now=over)
    assert kinds(member) == [("earn", 10), ("burn", -6), ("expire", -4)]


# --- spending ---------------------------------------------------------------------------------------------------------


def test_points_are_set_aside_claimed_and_released() -> None:
    member = a_member()
    earn(member, "HD-1", 1_000_000)
    held = hold(member, 60, "basket-1")
    assert (held.value_minor, held.currency, held.state, held.expires_at) == (
        6_000,
        "VND",
        "held",
        NOON + timedelta(minutes=15),
    )
    assert hold(member, 60, "basket-1", TOMORROW - timedelta(days=1)) == held
    assert now_of(member) == (100, 40, 0)
    with pytest.raises(NotEnoughPoints) as refused:
        hold(member, 41, "basket-2")
    assert refused.value.params["free"] == 40
    with pytest.raises(ReferenceUsed):
        hold(member, 61, "basket-1")
    assert commands.release_hold(actor=SYSTEM, hold_id=held.id, now=NOON).state == "released"
    assert commands.release_hold(actor=SYSTEM, hold_id=held.id, now=NOON).state == "released"
    with pytest.raises(HoldEnded):
        commands.claim_hold(actor=SYSTEM, hold_id=held.id, reference="HD-2", now=NOON)
    again = hold(member, 100, "basket-1")
    assert again.id == held.id
    claimed = commands.claim_hold(actor=SYSTEM, hold_id=held.id, reference="HD-2", now=NOON)
    assert commands.claim_hold(actor=SYSTEM, hold_id=held.id, reference="HD-2", now=TOMORROW) == claimed
    for act in (
        lambda: commands.claim_hold(actor=SYSTEM, hold_id=held.id, reference="HD-3", now=NOON),
        lambda: commands.release_hold(actor=SYSTEM, hold_id=held.id, now=NOON),
    ):
        with pytest.raises(HoldClaimed):
            act()
    assert now_of(member) == (0, 0, 0)
    assert kinds(member) == [("earn", 100), ("burn", -100)]
    assert queries.get_hold(actor=SYSTEM, hold_id=held.id) == claimed


def test_a_document_claims_one_hold() -> None:
    member = a_member()
    earn(member, "HD-1", 1_000_000)
    spend(member, 10, "HD-2")
    other = hold(member, 10, "basket-2")
    with pytest.raises(ReferenceUsed):
        commands.claim_hold(actor=SYSTEM, hold_id=other.id, reference="HD-2", now=NOON)
    with pytest.raises(HoldNotFound):
        commands.claim_hold(actor=SYSTEM, hold_id=Hold().uid, reference="HD-2", now=NOON)


def test_a_hold_whose_time_is_over_blocks_nobody_and_is_claimed_while_nobody_else_asks() -> None:
    member = a_member()
    earn(member, "HD-1", 1_000_000)
    first = hold(member, 100, "basket-1", ttl=timedelta(minutes=1))
    later = NOON + timedelta(minutes=1)
    assert now_of(member, later) == (100, 100, 0)
    assert commands.claim_hold(actor=SYSTEM, hold_id=first.id, reference="HD-2", now=later).state == "claimed"
    earn(member, "HD-3", 1_000_000, now=later)
    second = hold(member, 100, "basket-2", later, ttl=timedelta(minutes=1))
    third = hold(member, 100, "basket-3", later + timedelta(minutes=1))
    with pytest.raises(HoldEnded):
        commands.claim_hold(actor=SYSTEM, hold_id=second.id, reference="HD-4", now=later + timedelta(minutes=1))
    assert third.state == "held"


def test_the_rule_of_the_channel_says_how_many_points_may_pay() -> None:
    commands.set_burn_rules(actor=SYSTEM, rules_of=[BurnRuleView("store", 100, START, None, 20, 10, 5_000)])
    member = a_member()
    earn(member, "HD-1", 1_000_000)
    quote = queries.quote_points(actor=SYSTEM, member_id=member.id, channel="store", order_minor=15_900, now=NOON)
    assert (quote.most, quote.most_value_minor, quote.free, quote.step) == (70, 7_000, 100, 10)
    for points, problem in ((10, "At least 20"), (25, "steps of 10"), (80, "At most 70")):
        with pytest.raises(PointsInvalid, match=problem):
            hold(member, points, "basket", order_minor=15_900)
    with pytest.raises(NoBurnRule):
        hold(member, 50, "basket", channel="web")
    with pytest.raises(NoBurnRule):
        queries.quote_points(actor=SYSTEM, member_id=member.id, channel="web", order_minor=1, now=NOON)
    for ttl in (timedelta(0), timedelta(days=8)):
        with pytest.raises(PointsInvalid, match="7 days"):
            hold(member, 50, "basket", ttl=ttl)
    assert not Hold.objects.exists()
    assert hold(member, 70, "basket", order_minor=15_900).value_minor == 7_000


# --- returns give back ------------------------------------------------------------------------------------------------


def test_points_come_back_by_parts_with_their_old_end() -> None:
    member = a_member()
    earn(member, "HD-1", 50_000)
    earn(member, "HD-2", 50_000, now=NOON + timedelta(days=20))
    at = NOON + timedelta(days=21)
    spend(member, 7, "HD-3", at)
    assert give_back("HD-3", "TH-1", 350, at) == 3
    assert give_back("HD-3", "TH-1", 350, at) == 3
    # The last taken come back first: two of December, then one of November.
    assert list(Lot.objects.order_by("pk").values_list("left", flat=True)) == [1, 5]
    with pytest.raises(PointsInvalid) as refused:
        give_back("HD-3", "TH-2", 351, at)
    assert refused.value.params["left"] == 350
    with pytest.raises(ReferenceUsed):
        give_back("HD-3", "TH-1", 351, at)
    with pytest.raises(HoldNotFound):
        give_back("HD-9", "TH-1", 1, at)
    assert give_back("HD-3", "TH-2", 350, at) == 4
    assert list(Lot.objects.order_by("pk").values_list("left", flat=True)) == [5, 5]
    assert now_of(member, at) == (10, 10, 0)


def test_points_that_come_back_after_their_end_have_thirty_days() -> None:
    member = a_member()
    earn(member, "HD-1", 100_000)
    spend(member, 10, "HD-2")
    assert give_back("HD-2", "TH-1", 1_000, NEXT_YEAR) == 10
    assert now_of(member, NEXT_YEAR) == (10, 10, 0)
    assert now_of(member, datetime(2027, 12, 31, 16, 59, tzinfo=NOON.tzinfo)) == (10, 10, 0)
    assert now_of(member, datetime(2027, 12, 31, 17, 0, tzinfo=NOON.tzinfo)) == (0, 0, 0)


def test_points_that_come_back_pay_what_is_owed() -> None:
    member = a_member()
    earn(member, "HD-1", 100_000)
    spend(member, 10, "HD-2")
    assert take_back("HD-1", "TH-1", 100_000) == TakenBack(10, 10)
    assert give_back("HD-2", "TH-2", 1_000) == 10
    assert now_of(member) == (0, 0, 0)


def test_every_step_is_told_without_a_name_or_a_phone() -> None:
    member = a_member()
    OutboxEvent.objects.all().delete()
    earn(member, "HD-1", 100_000)
    spend(member, 8, "HD-2")
    take_back("HD-1", "TH-1", 50_000)
    give_back("HD-2", "TH-2", 800)
    told = list(OutboxEvent.objects.order_by("id").values_list("name", "key", "payload"))
    key = f"member:{Member.objects.get().pk}"
    assert [(name, at) for name, at, _ in told] == [
        (f"loyalty.points_{each}", key) for each in ("earned", "spent", "taken_back", "given_back")
    ]
    assert [(payload["points"], payload.get("owed")) for _, _, payload in told] == [
        (10, 0),
        (8, None),
        (5, 3),
        (8, None),
    ]
    assert told[1][2]["value_minor"] == 800
    assert now_of(member) == (5, 5, 0)
    assert "Lan" not in str(told)


# --- by hand ----------------------------------------------------------------------------------------------------------


def test_points_are_given_and_taken_by_hand_with_a_reason() -> None:
    member = a_member()
    assert (
        commands.adjust_points(actor=SYSTEM, member_id=member.id, points=50, note="Xin lỗi khách", now=NOON).points
        == 50
    )
    assert (
        commands.adjust_points(actor=SYSTEM, member_id=member.id, points=-20, note="Cộng nhầm", now=NOON).points == 30
    )
    with pytest.raises(NotEnoughPoints):
        commands.adjust_points(actor=SYSTEM, member_id=member.id, points=-31, note="Cộng nhầm", now=NOON)
    for points in (0, 10**9 + 1):
        with pytest.raises(PointsInvalid):
            commands.adjust_points(actor=SYSTEM, member_id=member.id, points=points, note="Cộng nhầm", now=NOON)
    with pytest.raises(MemberInvalid):
        commands.adjust_points(actor=SYSTEM, member_id=member.id, points=1, note=" ", now=NOON)
    entries = queries.list_entries(actor=SYSTEM, member_id=member.id)
    assert [(each.points, each.balance_after, each.note) for each in entries.items] == [
        (-20, 30, "Cộng nhầm"), (50, 50, "Xin lỗi khách"),
    ]  # fmt: skip
    assert Lot.objects.get().expires_at == datetime(2027, 11, 30, 17, tzinfo=NOON.tzinfo)
    one = queries.list_entries(actor=SYSTEM, member_id=member.id, limit=1)
    rest = queries.list_entries(actor=SYSTEM, member_id=member.id, limit=1, cursor=one.next_cursor)
    assert [each.points for each in (*one.items, *rest.items)] == [-20, 50]
