"""Changing the company's security policy, and the rules of places and hours by role."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from mekong.foundation import access
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.errors import BadNetwork, BreakGlassNeeded, Invalid, NotFound, UnknownRole
from mekong.foundation.models import AccessRule, Person, RoleAssignment, SecurityPolicy
from mekong.foundation.permissions import ROLES
from mekong.foundation.security import rules
from mekong.foundation.security.policy import policy_of, rule_of
from mekong.foundation.security.rules import LEVELS, Policy, Rule

OWNER = "owner"


def _locked() -> SecurityPolicy:
    """The row, locked; made with the defaults when it is not there."""
    standard = Policy()
    SecurityPolicy.objects.get_or_create(
        pk=1,
        defaults={
            "idle_minutes": standard.idle_minutes,
            "absolute_hours": standard.absolute_hours,
            "confirm_minutes": standard.confirm_minutes,
            "grace_days": standard.grace_days,
            "second_factor": dict(standard.second_factor),
        },
    )
    return SecurityPolicy.objects.select_for_update().get(pk=1)


def _within(field: str, value: int, bounds: tuple[int, int]) -> int:
    least, most = bounds
    if not least <= value <= most:
        raise Invalid(field=field, problem="From {least} to {most}.", least=least, most=most)
    return value


@command
def set_policy(
    *,
    actor: Actor,
    idle_minutes: int,
    absolute_hours: int,
    confirm_minutes: int,
    grace_days: int,
    second_factor: Mapping[str, str],
    now: datetime,
) -> Policy:
    """Set the limits of sessions and who needs a second factor. Open sessions are held to them from the next request.

    A role that becomes required has `grace_days` from now.
    Raises: MayNot, Invalid, UnknownRole.
    """
    actor.require("settings.manage")
    if unknown := next((role for role in second_factor if role not in ROLES), None):
        raise UnknownRole(field="second_factor", role=unknown)
    if any(level not in LEVELS for level in second_factor.values()):
        raise Invalid(field="second_factor", problem="Choose off, recommended or required.")
    row = _locked()
    row.idle_minutes = _within("idle_minutes", idle_minutes, rules.IDLE_MINUTES)
    row.absolute_hours = _within("absolute_hours", absolute_hours, rules.ABSOLUTE_HOURS)
    row.confirm_minutes = _within("confirm_minutes", confirm_minutes, rules.CONFIRM_MINUTES)
    row.grace_days = _within("grace_days", grace_days, rules.GRACE_DAYS)
    row.second_factor = dict(second_factor)
    row.required_since = {
        role: row.required_since.get(role, now.isoformat())
        for role, level in second_factor.items()
        if level == "required"
    }
    row.save()
    return policy_of(row)


@command
def set_break_glass(*, actor: Actor, person_id: UUID | None) -> None:
    """Name the owner whom no rule of places and hours holds, or nobody.

    Raises: MayNot, NotFound, BreakGlassNeeded: not an active owner; or nobody, while owners have a rule.
    """
    actor.require("settings.manage")
    row = _locked()
    if person_id is None:
        if AccessRule.objects.filter(role=OWNER).exists():
            raise BreakGlassNeeded(field="break_glass")
        row.break_glass = None
    else:
        person = Person.objects.filter(uid=person_id).first()
        if person is None:
            raise NotFound(kind="Person", key=str(person_id))
        if not _is_owner(person):
            raise BreakGlassNeeded(field="break_glass")
        row.break_glass = person
    row.save(update_fields=["break_glass"])


def _is_owner(person: Person) -> bool:
    return person.is_active and RoleAssignment.objects.filter(person=person, role=OWNER).exists()


@command
def set_rule(
    *,
    actor: Actor,
    role: str,
    networks: str = "",
    days: Collection[int] = (),
    opens: str = "",
    closes: str = "",
) -> Rule | None:
    """From where and when a role opens; without networks, days and hours its rule goes. Holds from the next request.

    Args:
        networks: one a line or with commas, as 203.0.113.0/24.
        days: 0 Monday to 6 Sunday; empty for every day.
        opens, closes: as 08:00, both or neither, in the company's time zone; closing before opening runs over midnight.

    Raises: MayNot, UnknownRole, BadNetwork, Invalid, BreakGlassNeeded: for the owners' role, while no owner is free of it.
    """
    actor.require("settings.manage")
    if role not in ROLES:
        raise UnknownRole(field="role", role=role)
    try:
        nets = rules.read_networks(networks)
    except ValueError as wrong:
        raise BadNetwork(field="networks", network=str(wrong)) from wrong
    first, last = _hours(opens, closes)
    chosen = sorted(set(days))
    if any(not 0 <= day <= 6 for day in chosen):
        raise Invalid(field="days", problem="Days run from 0, Monday, to 6, Sunday.")
    if len(chosen) == 7:
        chosen = []
    if not nets and not chosen and first is None:
        AccessRule.objects.filter(role=role).delete()
        transaction.on_commit(access.authenticator.forget)
        return None
    if role == OWNER:
        row = _locked()
        if row.break_glass is None or not _is_owner(row.break_glass):
            raise BreakGlassNeeded(field="role")
    made, _ = AccessRule.objects.update_or_create(
        role=role, defaults={"networks": nets, "days": chosen, "opens_minute": first, "closes_minute": last}
    )
    transaction.on_commit(access.authenticator.forget)
    return rule_of(made)


def _hours(opens: str, closes: str) -> tuple[int | None, int | None]:
    if not opens.strip() and not closes.strip():
        return None, None
    first, last = rules.read_minute(opens), rules.read_minute(closes)
    if first is None or first == rules.DAY_MINUTES:
        raise Invalid(field="opens", problem="A time belongs here, such as 08:00.")
    if last is None or last == first:
        raise Invalid(field="closes", problem="A time belongs here, such as 18:00, and not the one it opens at.")
    return first, last


def require_not_break_glass(person: Person) -> None:
    """Before an owner loses the role or the account. Raises: BreakGlassNeeded."""
    if (
        AccessRule.objects.filter(role=OWNER).exists()
        and SecurityPolicy.objects.filter(pk=1, break_glass=person).exists()
    ):
        raise BreakGlassNeeded(field="break_glass")


@command
def lift(*, actor: Actor) -> int:
    """Take every rule of places and hours away, and let every role do without a second factor; how many rules went.

    For the one who can reach the machine when nobody gets in: `mekong security lift`.
    Raises: MayNot.
    """
    actor.require("settings.manage")
    gone, _ = AccessRule.objects.all().delete()
    row = _locked()
    row.second_factor = {
        role: "recommended" if level == "required" else level for role, level in row.second_factor.items()
    }
    row.required_since = {}
    row.save(update_fields=["second_factor", "required_since"])
    transaction.on_commit(access.authenticator.forget)
    return gone
