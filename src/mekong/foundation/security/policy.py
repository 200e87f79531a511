"""The company's security policy and the rules of places and hours by role, for reading."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mekong.foundation.models import AccessRule, Person, SecurityPolicy
from mekong.foundation.security.rules import Policy, Rule


def policy_of(row: SecurityPolicy | None) -> Policy:
    if row is None:
        return Policy()
    return Policy(
        row.idle_minutes,
        row.absolute_hours,
        row.confirm_minutes,
        row.grace_days,
        dict(row.second_factor),
        {role: datetime.fromisoformat(at) for role, at in row.required_since.items()},
        row.break_glass_id,
    )


def get_policy() -> Policy:
    """One statement."""
    return policy_of(SecurityPolicy.objects.filter(pk=1).first())


def get_rules() -> dict[str, Rule]:
    """The rules there are, by role. One statement."""
    return {row.role: rule_of(row) for row in AccessRule.objects.all()}


def rule_of(row: AccessRule) -> Rule:
    return Rule(row.role, tuple(row.networks), tuple(row.days), row.opens_minute, row.closes_minute)


def break_glass_person() -> Person | None:
    """The owner who is free of every rule."""
    row = SecurityPolicy.objects.filter(pk=1).select_related("break_glass").first()
    return row.break_glass if row else None


def policy_from(row: Mapping[str, Any] | None) -> Policy:
    """The policy of its row as JSON."""
    if not row:
        return Policy()
    since = {role: datetime.fromisoformat(at) for role, at in row["required_since"].items()}
    return Policy(
        row["idle_minutes"], row["absolute_hours"], row["confirm_minutes"], row["grace_days"], row["second_factor"], since,
        row["break_glass_id"],
    )  # fmt: skip


def rule_from(row: Mapping[str, Any] | None) -> Rule | None:
    """A rule of its row as JSON."""
    if not row:
        return None
    return Rule(row["role"], tuple(row["networks"]), tuple(row["days"]), row["opens_minute"], row["closes_minute"])
