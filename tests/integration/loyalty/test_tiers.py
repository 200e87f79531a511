"""Tiers that rise at once, hold for a time, and fall at its end; rules that are set and refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MayNot
from mekong.loyalty import commands, queries
from mekong.loyalty.contracts import BurnRuleView, EarnRuleView, MemberView
from mekong.loyalty.errors import ProgrammeInvalid, TierInUse
from mekong.loyalty.models import BurnRule, EarnRule, Member, Tier
from tests.support.loyalty import START, TIERS, a_member, a_programme, earn
from tests.support.people import NOON, an_actor

pytestmark = pytest.mark.django_db


def seen(member: MemberView, at: datetime = NOON) -> tuple[str, datetime | None]:
    found = queries.get_member(actor=SYSTEM, member_id=member.id, now=at)
    return (found.tier.code if found.tier else "", found.tier_until)


def changes(member: MemberView) -> list[tuple[str, str, str]]:
    card = queries.get_card(actor=SYSTEM, member_id=member.id, now=NOON)
    return [(each.before, each.after, each.reason) for each in reversed(card.tier_changes)]


END = datetime(2027, 11, 30, 17, tzinfo=UTC)


def test_a_tier_is_given_at_once_and_holds_to_the_end_of_a_month() -> None:
    a_programme()
    member = a_member()
    earn(member, "1", 999_999)
    assert seen(member) == ("member", None)
    earn(member, "2", 1)
    assert seen(member) == ("silver", END)
    earn(member, "3", 10_000_000)
    assert seen(member) == ("gold", END)
    assert changes(member) == [("", "member", "joined"), ("member", "silver", "reached"), ("silver", "gold", "reached")]


def test_a_return_leaves_the_tier_until_its_validity_is_over() -> None:
    a_programme()
    member = a_member()
    earn(member, "1", 6_000_000)
    commands.take_back_for(actor=SYSTEM, reference="1", part="TH", part_minor=6_000_000, now=NOON)
    assert seen(member)[0] == "gold"
    assert queries.get_card(actor=SYSTEM, member_id=member.id, now=NOON).progress.figure == 0
    assert commands.review_tiers(actor=SYSTEM, now=END - timedelta(seconds=1)) == 0
    assert commands.review_tiers(actor=SYSTEM, now=END) == 1
    assert commands.review_tiers(actor=SYSTEM, now=END) == 0
    assert seen(member) == ("silver", datetime(2028, 12, 31, 17, tzinfo=UTC))
    assert changes(member)[-1] == ("gold", "silver", "fell")


def test_it_may_fall_to_what_was_earned() -> None:
    a_programme(downgrade="earned")
    member, other = a_member(), a_member("0912345678", "Hoa")
    earn(member, "1", 6_000_000)
    earn(other, "2", 6_000_000)
    earn(other, "3", 2_000_000, now=END - timedelta(days=3))
    assert commands.review_tiers(actor=SYSTEM, now=END, limit=1) == 1
    assert commands.review_tiers(actor=SYSTEM, now=END, limit=1) == 1
    assert commands.review_tiers(actor=SYSTEM, now=END, limit=1) == 0
    assert (seen(member), seen(other)[0]) == (("member", None), "silver")


def test_who_reaches_a_tier_again_keeps_it() -> None:
    a_programme()
    member = a_member()
    earn(member, "1", 1_000_000)
    earn(member, "2", 1_500_000, now=END - timedelta(days=30))
    assert commands.review_tiers(actor=SYSTEM, now=END) == 1
    assert seen(member) == ("silver", datetime(2028, 12, 31, 17, tzinfo=UTC))
    assert changes(member)[-1] == ("silver", "silver", "kept")
    assert Member.objects.get().tier_since == NOON


def test_tiers_may_go_by_points() -> None:
    tiers = (TIERS[0], replace(TIERS[1], threshold=20))
    a_programme(tiers=tiers, basis="points")
    member = a_member()
    earn(member, "1", 199_999)
    assert seen(member)[0] == "member"
    earn(member, "2", 10_000)
    assert seen(member)[0] == "silver"


def test_members_from_before_the_programme_are_judged_too() -> None:
    member = a_member()
    assert seen(member) == ("", None)
    a_programme()
    assert commands.review_tiers(actor=SYSTEM, now=NOON) == 1
    assert seen(member) == ("member", None)
    assert queries.count_by_tier(actor=SYSTEM) == {"member": 1}


def test_tiers_are_known_by_their_code_and_kept_while_members_have_them() -> None:
    a_programme()
    member = a_member()
    earn(member, "1", 1_000_000)
    renamed = (TIERS[0], replace(TIERS[2], threshold=500_000), replace(TIERS[1], name="Bạch kim", threshold=2_000_000))
    found = commands.set_tiers(actor=SYSTEM, tiers=renamed, basis="spend", window_months=6, downgrade="one")
    assert [(each.code, each.rank) for each in found.tiers] == [("member", 0), ("gold", 1), ("silver", 2)]
    assert queries.get_member(actor=SYSTEM, member_id=member.id, now=NOON).tier.name == "Bạch kim"
    with pytest.raises(TierInUse) as refused:
        commands.set_tiers(actor=SYSTEM, tiers=renamed[:2], basis="spend", window_months=6, downgrade="one")
    assert refused.value.params == {"name": "Bạch kim", "count": 1}
    assert Tier.objects.count() == 3


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"basis": "visits"}, "basis"),
        ({"downgrade": "two"}, "downgrade"),
        ({"window_months": 0}, "window_months"),
        ({"grace_days": -1}, "grace_days"),
        ({"tiers": TIERS[1:]}, "tiers[0].threshold"),
    ],
)
def test_a_bad_programme_names_the_field_and_changes_nothing(said: dict[str, object], field: str) -> None:
    a_programme()
    before = queries.get_programme(actor=SYSTEM)
    told = {"tiers": TIERS, "basis": "points", "window_months": 3, "downgrade": "earned"} | said
    with pytest.raises(ProgrammeInvalid) as refused:
        commands.set_tiers(actor=SYSTEM, **told)
    assert refused.value.params["field"] == field
    assert str(refused.value)
    assert queries.get_programme(actor=SYSTEM) == before


def test_rules_that_contradict_are_refused_and_the_database_refuses_them_too() -> None:
    a_programme()
    before = queries.get_programme(actor=SYSTEM)
    twice = [EarnRuleView("", 10_000, 1, START), EarnRuleView("", 20_000, 1, date(2027, 1, 1))]
    with pytest.raises(ProgrammeInvalid) as refused:
        commands.set_earn_rules(actor=SYSTEM, rules_of=twice)
    assert "2027-01-01" in str(refused.value)
    with pytest.raises(ProgrammeInvalid):
        commands.set_burn_rules(actor=SYSTEM, rules_of=[BurnRuleView("", 10_000, START)])
    assert queries.get_programme(actor=SYSTEM) == before
    with pytest.raises(IntegrityError, match="earnrule_one_a_day"), transaction.atomic():
        EarnRule.objects.create(spend_minor=1, points=1, starts_on=date(2027, 1, 1))
    with pytest.raises(IntegrityError, match="burnrule_one_a_day"), transaction.atomic():
        BurnRule.objects.create(point_value_minor=1, starts_on=date(2025, 1, 1), ends_on=date(2026, 1, 1))
    with pytest.raises(MayNot):
        commands.set_earn_rules(actor=an_actor("loyalty.view"), rules_of=[])


def test_a_programme_to_begin_with_is_laid_down_once() -> None:
    first = commands.start_programme(actor=SYSTEM, now=NOON)
    assert [each.name for each in first.tiers] == ["Thành viên", "Bạc", "Vàng", "Kim cương"]
    assert (first.earn_rules[0].spend_minor, first.burn_rules[0].point_value_minor) == (10_000, 100)
    commands.set_burn_rules(actor=SYSTEM, rules_of=[])
    assert commands.start_programme(actor=SYSTEM, now=NOON).burn_rules == ()
