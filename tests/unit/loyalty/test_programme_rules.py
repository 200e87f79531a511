"""Tiers that are reached and lost, and rules that contradict themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from mekong.loyalty.contracts import BurnRuleView, EarnRuleView, TierView
from mekong.loyalty.rules import programme
from mekong.loyalty.rules.tiers import after_validity, next_step, tier_for

BASE = TierView("member", "Thành viên", 0, 0)
SILVER = TierView("silver", "Bạc", 1, 100, 15_000, "silver", 12)
GOLD = TierView("gold", "Vàng", 2, 500, 20_000, "gold", 12)
TIERS = (BASE, SILVER, GOLD)
DAY = date(2026, 11, 23)
EARN = EarnRuleView("", 10_000, 1, DAY, None, 12)
BURN = BurnRuleView("", 100, DAY)


def test_the_highest_tier_that_is_reached() -> None:
    assert [tier_for(TIERS, each) for each in (0, 99, 100, 499, 500, 9_999)] == [BASE, BASE, SILVER, SILVER, GOLD, GOLD]
    assert tier_for((), 5) is None


def test_what_is_missing_for_the_next_tier() -> None:
    assert next_step(TIERS, BASE, 30) == (SILVER, 70)
    assert next_step(TIERS, SILVER, 30) == (GOLD, 470)
    assert next_step(TIERS, GOLD, 0) is None
    assert next_step(TIERS, None, 0) == (BASE, 0)


def test_after_its_validity_a_tier_falls_one_level_or_to_what_was_earned() -> None:
    assert after_validity(TIERS, GOLD, 0, downgrade="one") == SILVER
    assert after_validity(TIERS, GOLD, 0, downgrade="earned") == BASE
    assert after_validity(TIERS, GOLD, 150, downgrade="one") == SILVER
    assert after_validity(TIERS, GOLD, 600, downgrade="one") == GOLD
    assert after_validity(TIERS, SILVER, 600, downgrade="one") == GOLD
    assert after_validity(TIERS, None, 0, downgrade="one") == BASE


@pytest.mark.parametrize(
    ("tiers", "field"),
    [
        ((replace(BASE, threshold=1),), "tiers[0].threshold"),
        ((replace(BASE, validity_months=3),), "tiers[0].validity_months"),
        ((BASE, replace(SILVER, threshold=0)), "tiers[1].threshold"),
        ((BASE, GOLD, SILVER), "tiers[2].threshold"),
        ((BASE, replace(SILVER, code="member")), "tiers[1].code"),
        ((BASE, replace(SILVER, code="Bạc")), "tiers[1].code"),
        ((BASE, replace(SILVER, name="thành viên")), "tiers[1].name"),
        ((BASE, replace(SILVER, name="")), "tiers[1].name"),
        ((BASE, replace(SILVER, multiplier_bp=0)), "tiers[1].multiplier_bp"),
        ((BASE, replace(SILVER, multiplier_bp=100_001)), "tiers[1].multiplier_bp"),
        ((BASE, replace(SILVER, validity_months=0)), "tiers[1].validity_months"),
        ((BASE, replace(SILVER, price_group="x" * 41)), "tiers[1].price_group"),
        ((BASE,) * 21, "tiers"),
    ],
)
def test_tiers_that_contradict_each_other_are_named(tiers: tuple[TierView, ...], field: str) -> None:
    found = programme.tiers_problem(tiers)
    assert found is not None
    assert found.field == field
    assert found.problem.format(**found.params)


def test_tiers_that_agree_have_no_problem() -> None:
    assert programme.tiers_problem(TIERS) is None
    assert programme.tiers_problem(()) is None


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ([replace(EARN, spend_minor=0)], "earn_rules[0].spend_minor"),
        ([replace(EARN, points=0)], "earn_rules[0].points"),
        ([replace(EARN, validity_months=0)], "earn_rules[0].validity_months"),
        ([replace(EARN, ends_on=date(2026, 11, 22))], "earn_rules[0].ends_on"),
        ([replace(EARN, channel="Cửa hàng")], "earn_rules[0].channel"),
        ([EARN, replace(EARN, starts_on=date(2027, 1, 1))], "earn_rules[1].starts_on"),
        (
            [replace(EARN, starts_on=date(2027, 1, 1)), replace(EARN, ends_on=date(2027, 1, 1))],
            "earn_rules[1].starts_on",
        ),
    ],
)
def test_earn_rules_that_contradict_are_named(rules: list[EarnRuleView], field: str) -> None:
    found = programme.earn_rules_problem(rules)
    assert found is not None
    assert found.field == field
    assert found.problem.format(**found.params)


def test_rules_may_follow_one_another_and_stand_beside_the_one_of_all() -> None:
    then = replace(EARN, starts_on=date(2027, 1, 2))
    assert (
        programme.earn_rules_problem([replace(EARN, ends_on=date(2027, 1, 1)), then, replace(EARN, channel="web")])
        is None
    )


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ([replace(BURN, point_value_minor=0)], "burn_rules[0].point_value_minor"),
        ([replace(BURN, step=0)], "burn_rules[0].step"),
        ([replace(BURN, min_points=0)], "burn_rules[0].min_points"),
        ([replace(BURN, min_points=15, step=10)], "burn_rules[0].min_points"),
        ([replace(BURN, max_share_bp=0)], "burn_rules[0].max_share_bp"),
        ([replace(BURN, max_share_bp=10_001)], "burn_rules[0].max_share_bp"),
        ([BURN, BURN], "burn_rules[1].starts_on"),
    ],
)
def test_burn_rules_that_contradict_are_named(rules: list[BurnRuleView], field: str) -> None:
    found = programme.burn_rules_problem(rules)
    assert found is not None
    assert found.field == field
    assert found.problem.format(**found.params)


def test_points_may_not_pay_as_much_as_was_paid_for_them() -> None:
    assert programme.worth_problem([EARN], [BURN], "earn_rules") is None
    found = programme.worth_problem([EARN], [replace(BURN, point_value_minor=10_000)], "burn_rules")
    assert found is not None
    assert (found.field, found.params["back"]) == ("burn_rules[0].point_value_minor", 10_000)
    over = replace(BURN, point_value_minor=10_000, starts_on=date(2025, 1, 1), ends_on=date(2026, 11, 22))
    assert programme.worth_problem([EARN], [over], "earn_rules") is None
