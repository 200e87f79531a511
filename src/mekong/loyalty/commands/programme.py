"""Setting tiers and rules. Each command says all of its kind; what is not said any more ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.loyalty.contracts import BurnRuleView, EarnRuleView, ProgrammeView, TierView
from mekong.loyalty.errors import ProgrammeInvalid, TierInUse
from mekong.loyalty.models import BurnRule, EarnRule, Member, Programme, Tier
from mekong.loyalty.queries.programme import read_burn_rules, read_earn_rules, read_programme
from mekong.loyalty.rules import programme as rules
from mekong.loyalty.rules.dates import day_of

_APART = 1_000
"""Ranks are set aside by so much while they change places."""


def _refuse(problem: rules.Problem | None) -> None:
    if problem is not None:
        raise ProgrammeInvalid(field=problem.field, problem=problem.problem, **problem.params)


def _lock() -> Programme:
    return Programme.objects.select_for_update().get(pk=1)


@command
def set_tiers(
    *,
    actor: Actor,
    tiers: Sequence[TierView],
    basis: str,
    window_months: int,
    downgrade: str,
    grace_days: int = 30,
) -> ProgrammeView:
    """Set all tiers, lowest first (their ranks are counted), and by what they are reached and lost. Safe to repeat.

    A tier is known by its code: members keep it when its name or threshold changes, until it is judged again.

    Raises: MayNot, ProgrammeInvalid, TierInUse: a tier that members have is left out.
    """
    actor.require("loyalty.manage")
    if basis not in ("spend", "points"):
        raise ProgrammeInvalid(field="basis", problem="Choose spend or points.")
    if downgrade not in ("one", "earned"):
        raise ProgrammeInvalid(field="downgrade", problem="Choose one or earned.")
    if not 1 <= window_months <= rules.MOST_MONTHS:
        raise ProgrammeInvalid(field="window_months", problem="From 1 to 120 months.")
    if not 0 <= grace_days <= 365:
        raise ProgrammeInvalid(field="grace_days", problem="From 0 to 365 days.")
    _refuse(rules.tiers_problem(tiers))
    row = _lock()
    row.basis, row.window_months, row.downgrade, row.grace_days = basis, window_months, downgrade, grace_days
    row.save()
    codes = [each.code for each in tiers]
    for gone in Tier.objects.exclude(code__in=codes):
        count = Member.objects.filter(tier=gone).count()
        if count:
            raise TierInUse(name=gone.name, count=count)
        gone.delete()
    known = {each.code: each for each in Tier.objects.all()}
    for each in known.values():
        each.rank += _APART
    Tier.objects.bulk_update(known.values(), ["rank"])
    for rank, tier in enumerate(tiers):
        Tier.objects.update_or_create(
            code=tier.code,
            defaults={
                "name": tier.name, "rank": rank, "threshold": tier.threshold, "multiplier_bp": tier.multiplier_bp,
                "price_group": tier.price_group, "validity_months": tier.validity_months,
            },
        )  # fmt: skip
    return read_programme()


@command
def set_earn_rules(*, actor: Actor, rules_of: Sequence[EarnRuleView]) -> ProgrammeView:
    """Set all rules by which points are earned. What was earned stays as it was reckoned. Safe to repeat.

    Raises: MayNot, ProgrammeInvalid: a rule contradicts itself or another one.
    """
    actor.require("loyalty.manage")
    _lock()
    _refuse(rules.earn_rules_problem(rules_of))
    _refuse(rules.worth_problem(rules_of, read_burn_rules(), "earn_rules"))
    if tuple(rules_of) != read_earn_rules():
        EarnRule.objects.all().delete()
        EarnRule.objects.bulk_create(EarnRule(**vars(each)) for each in rules_of)
    return read_programme()


@command
def set_burn_rules(*, actor: Actor, rules_of: Sequence[BurnRuleView]) -> ProgrammeView:
    """Set all rules by which points are spent. What is set aside keeps its value. Safe to repeat.

    Raises: MayNot, ProgrammeInvalid: a rule contradicts itself or another one.
    """
    actor.require("loyalty.manage")
    _lock()
    _refuse(rules.burn_rules_problem(rules_of))
    _refuse(rules.worth_problem(read_earn_rules(), rules_of, "burn_rules"))
    if tuple(rules_of) != read_burn_rules():
        BurnRule.objects.all().delete()
        BurnRule.objects.bulk_create(BurnRule(**vars(each)) for each in rules_of)
    return read_programme()


@command
def start_programme(*, actor: Actor, now: datetime) -> ProgrammeView:
    """Lay down a programme to begin with, where there is none: four tiers by spend of a year, 1 point for 10,000 đ that
    holds a year, and 1 point pays 100 đ of half an order. Where anything is set, nothing changes. Raises: MayNot.
    """
    actor.require("loyalty.manage")
    _lock()
    found = read_programme()
    if found.tiers or found.earn_rules or found.burn_rules:
        return found
    tiers = (
        TierView("member", "Thành viên", 0, 0),
        TierView("silver", "Bạc", 1, 5_000_000, 11_000, "silver", 12),
        TierView("gold", "Vàng", 2, 20_000_000, 12_500, "gold", 12),
        TierView("diamond", "Kim cương", 3, 50_000_000, 15_000, "diamond", 12),
    )
    today = day_of(now)
    set_tiers(actor=actor, tiers=tiers, basis="spend", window_months=12, downgrade="one")
    set_earn_rules(actor=actor, rules_of=[EarnRuleView("", 10_000, 1, today, None, 12)])
    return set_burn_rules(actor=actor, rules_of=[BurnRuleView("", 100, today, None, 10, 10, 5_000)])
