"""Which rules contradict themselves or each other. Each answer names the field and the remedy."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain

from mekong.loyalty.contracts import BurnRuleView, EarnRuleView, TierView
from mekong.loyalty.rules.points import MOST_MINOR, MOST_MULTIPLIER_BP, WHOLE_BP, Dated

MOST_TIERS = 20
MOST_RULES = 200
MOST_MONTHS = 120
_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,29}")
_CHANNEL = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}|")


@dataclass(frozen=True)
class Problem:
    """`problem`: an English sentence with the remedy, filled by `params`."""

    field: str
    problem: str
    params: Mapping[str, object] = dataclasses.field(default_factory=dict)


def _n(text: str) -> str:
    """Marks a msgid for the catalogue."""
    return text


def tiers_problem(tiers: Sequence[TierView]) -> Problem | None:
    """What is wrong with tiers, lowest first; None when nothing is."""
    if len(tiers) > MOST_TIERS:
        return Problem("tiers", _n("At most {most} tiers. Leave some out."), {"most": MOST_TIERS})
    for place, tier in enumerate(tiers):
        wrong = next(chain(_names(tiers, place), _levels(tiers, place), _worth(tier)), None)
        if wrong is not None:
            return Problem(f"tiers[{place}].{wrong.field}", wrong.problem, wrong.params)
    return None


def _names(tiers: Sequence[TierView], place: int) -> Iterator[Problem]:
    tier, before = tiers[place], tiers[:place]
    if not _CODE.fullmatch(tier.code):
        yield Problem("code", _n("Use 1 to 30 small letters, digits and dashes."))
    if any(tier.code == other.code for other in before):
        yield Problem("code", _n("Two tiers have the code {code}. Give each its own."), {"code": tier.code})
    if not 1 <= len(tier.name) <= 60 or not tier.name.isprintable():
        yield Problem("name", _n("From 1 to 60 characters are needed."))
    if any(tier.name.casefold() == other.name.casefold() for other in before):
        yield Problem("name", _n("Two tiers are called {name}. Give each its own name."), {"name": tier.name})


def _levels(tiers: Sequence[TierView], place: int) -> Iterator[Problem]:
    tier = tiers[place]
    if place == 0:
        if tier.threshold != 0:
            yield Problem("threshold", _n("The lowest tier begins at 0: everybody who joins has it."))
        if tier.validity_months is not None:
            yield Problem("validity_months", _n("The lowest tier has no end. Leave this empty."))
        return
    if tier.threshold <= tiers[place - 1].threshold:
        yield Problem(
            "threshold",
            _n("{name} needs more than the tier below it ({below}). Raise it, or change the order."),
            {"name": tier.name, "below": tiers[place - 1].threshold},
        )
    if tier.threshold > MOST_MINOR:
        yield Problem("threshold", _n("At most {most}."), {"most": MOST_MINOR})
    if tier.validity_months is not None and not 1 <= tier.validity_months <= MOST_MONTHS:
        yield Problem("validity_months", _n("From 1 to 120 months, or empty for no end."))


def _worth(tier: TierView) -> Iterator[Problem]:
    if not 1 <= tier.multiplier_bp <= MOST_MULTIPLIER_BP:
        yield Problem("multiplier_bp", _n("From 0.01 % to 1,000 % of the points; 10000 is once."))
    if len(tier.price_group) > 40 or not tier.price_group.isprintable():
        yield Problem("price_group", _n("At most 40 characters."))


def earn_rules_problem(rules: Sequence[EarnRuleView]) -> Problem | None:
    """What is wrong with the rules by which points are earned; None when nothing is."""
    return next(_earn(rules), None) or _dates(rules, "earn_rules")


def _earn(rules: Sequence[EarnRuleView]) -> Iterator[Problem]:
    for place, rule in enumerate(rules):
        at = f"earn_rules[{place}]"
        if not 1 <= rule.spend_minor <= 10**9:
            yield Problem(f"{at}.spend_minor", _n("From 1 to 1,000,000,000: for how much money the points are given."))
        if not 1 <= rule.points <= 10_000:
            yield Problem(f"{at}.points", _n("From 1 to 10,000 points. A rule that gives none is no rule: remove it."))
        if rule.validity_months is not None and not 1 <= rule.validity_months <= MOST_MONTHS:
            yield Problem(f"{at}.validity_months", _n("From 1 to 120 months, or empty for no end."))


def burn_rules_problem(rules: Sequence[BurnRuleView]) -> Problem | None:
    """What is wrong with the rules by which points are spent; None when nothing is."""
    return next(_burn(rules), None) or _dates(rules, "burn_rules")


def _burn(rules: Sequence[BurnRuleView]) -> Iterator[Problem]:
    for place, rule in enumerate(rules):
        at = f"burn_rules[{place}]"
        if not 1 <= rule.point_value_minor <= 10**6:
            yield Problem(f"{at}.point_value_minor", _n("From 1 to 1,000,000: what one point pays."))
        if not 1 <= rule.step <= 10**6:
            yield Problem(f"{at}.step", _n("From 1 to 1,000,000 points."))
        if not 1 <= rule.min_points <= 10**9:
            yield Problem(f"{at}.min_points", _n("From 1 to 1,000,000,000 points."))
        if rule.step >= 1 and rule.min_points % rule.step:
            yield Problem(
                f"{at}.min_points",
                _n("{least} points can never be spent in steps of {step}. Take a multiple of the step."),
                {"least": rule.min_points, "step": rule.step},
            )
        if not 1 <= rule.max_share_bp <= WHOLE_BP:
            yield Problem(f"{at}.max_share_bp", _n("More than 0 % and at most 100 % of an order; 10000 is all of it."))


def _dates(rules: Sequence[Dated], of: str) -> Problem | None:
    if len(rules) > MOST_RULES:
        return Problem(of, _n("At most {most} rules. Leave some out."), {"most": MOST_RULES})
    for place, rule in enumerate(rules):
        at = f"{of}[{place}]"
        if not _CHANNEL.fullmatch(rule.channel):
            return Problem(f"{at}.channel", _n("Use a channel’s code, or leave it empty for every channel."))
        if rule.ends_on is not None and rule.ends_on < rule.starts_on:
            return Problem(f"{at}.ends_on", _n("It ends before it begins. Give a later day, or leave it empty."))
        for other in rules[:place]:
            if rule.channel == other.channel and _overlap(rule, other):
                return Problem(
                    f"{at}.starts_on",
                    _n("Another rule of this channel holds on {day} too. End that one before, or begin later."),
                    {"day": max(rule.starts_on, other.starts_on).isoformat()},
                )
    return None


def _overlap(one: Dated, other: Dated) -> bool:
    return one.starts_on <= (other.ends_on or date.max) and other.starts_on <= (one.ends_on or date.max)


def worth_problem(earn: Sequence[EarnRuleView], burn: Sequence[BurnRuleView], of: str) -> Problem | None:
    """Points that could pay as much as was paid for them, or more. `of`: the rules that were changed."""
    for i, given in enumerate(earn):
        for k, paid in enumerate(burn):
            back = given.points * paid.point_value_minor
            if back >= given.spend_minor and (paid.ends_on is None or paid.ends_on >= given.starts_on):
                place = f"earn_rules[{i}].points" if of == "earn_rules" else f"burn_rules[{k}].point_value_minor"
                return Problem(
                    place,
                    _n(
                        "Whoever spends {spend} would get {back} back in points. Give fewer points, or let a point pay less."
                    ),
                    {"spend": given.spend_minor, "back": back},
                )
    return None
