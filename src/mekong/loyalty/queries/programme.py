"""Tiers and rules as they are."""

from __future__ import annotations

from datetime import datetime

from mekong.foundation.actor import Actor
from mekong.loyalty.contracts import BurnRuleView, EarnRuleView, ProgrammeView, TierView
from mekong.loyalty.models import BurnRule, EarnRule, Programme, Tier
from mekong.loyalty.rules.dates import day_of
from mekong.loyalty.rules.points import rule_of


def tier_view(row: Tier) -> TierView:
    return TierView(
        row.code, row.name, row.rank, row.threshold, row.multiplier_bp, row.price_group, row.validity_months
    )


def read_tiers() -> tuple[TierView, ...]:
    return tuple(tier_view(each) for each in Tier.objects.order_by("rank"))


def read_earn_rules() -> tuple[EarnRuleView, ...]:
    return tuple(
        EarnRuleView(
            row.channel, row.spend_minor, row.points, row.starts_on, row.ends_on, row.validity_months,
            row.counts_shipping, row.counts_tax,
        )
        for row in EarnRule.objects.order_by("channel", "starts_on")
    )  # fmt: skip


def read_burn_rules() -> tuple[BurnRuleView, ...]:
    return tuple(
        BurnRuleView(
            row.channel, row.point_value_minor, row.starts_on, row.ends_on, row.min_points, row.step, row.max_share_bp
        )
        for row in BurnRule.objects.order_by("channel", "starts_on")
    )


def read_programme() -> ProgrammeView:
    row = Programme.objects.get(pk=1)
    return ProgrammeView(
        row.currency, row.basis, row.window_months, row.downgrade, row.grace_days,
        read_tiers(), read_earn_rules(), read_burn_rules(),
    )  # fmt: skip


def get_programme(*, actor: Actor) -> ProgrammeView:
    """The programme with its tiers, lowest first, and rules, by channel and time. Four statements. Raises: MayNot."""
    actor.require("loyalty.view")
    return read_programme()


def earn_rule(*, channel: str, now: datetime) -> EarnRuleView | None:
    """The rule by which orders of a channel earn points today; None: they earn none. One SQL statement."""
    return rule_of(read_earn_rules(), channel, day_of(now))
