"""The company's security: locks, sessions and second factors, from where and when roles open."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mekong.faces.backoffice.fields import Errors, read_number
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.errors import Conflict, Forbidden, Invalid
from mekong.foundation.models import Person
from mekong.foundation.permissions import ROLES
from mekong.foundation.queries import list_people
from mekong.foundation.security import factors, locks, rules, setting
from mekong.foundation.security.policy import break_glass_person, get_policy, get_rules

DAYS = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
LEVELS = {"off": _("Not asked for"), "recommended": _("Recommended"), "required": _("Required")}
_NUMBERS = {
    "idle_minutes": rules.IDLE_MINUTES,
    "absolute_hours": rules.ABSOLUTE_HOURS,
    "confirm_minutes": rules.CONFIRM_MINUTES,
    "grace_days": rules.GRACE_DAYS,
}


@page("staff.manage")
def security(visit: Visit) -> HttpResponse:
    """What holds; the owner changes it."""
    return _show(visit)


def _show(visit: Visit, errors: Errors | None = None, *, status: int = 200, **more: Any) -> HttpResponse:
    policy, held = get_policy(), get_rules()
    people = list(Person.objects.filter(is_active=True, roles__isnull=False).distinct())
    owners = list_people(actor=visit.actor, is_active=True, role="owner", limit=200).items
    context = {
        "policy": policy,
        "may_set": visit.actor.may("settings.manage"),
        "locks": locks.list_locks(actor=visit.actor, now=visit.now),
        "roles": [
            {
                "name": role.name,
                "word": role.label(visit.language),
                "level": policy.second_factor.get(role.name, "off"),
                "rule": held.get(role.name),
                "networks": "\n".join(held[role.name].networks) if role.name in held else "",
                "hours": _hours(held.get(role.name)),
                "days": [DAYS[day] for day in held[role.name].days] if role.name in held else [],
            }
            for role in ROLES.values()
        ],
        "levels": LEVELS,
        "days": list(enumerate(DAYS)),
        "owners": owners,
        "break_glass": break_glass_person(),
        "people_count": len(people),
        "factor_count": len(factors.with_factors(people)),
        "errors": errors or Errors(),
        **more,
    }
    return visit.render("security/security.html", context, status=status)


def _hours(rule: rules.Rule | None) -> tuple[str, str] | None:
    if rule is None or rule.opens is None or rule.closes is None:
        return None
    return rules.written_minute(rule.opens), rules.written_minute(rule.closes)


@page("settings.manage", methods=("POST",), confirmed=True)
def set_policy(visit: Visit) -> HttpResponse:
    errors = Errors()
    numbers = {
        name: read_number(errors, name, visit.posted(name, longest=20), least=least, most=most)
        for name, (least, most) in _NUMBERS.items()
    }
    levels = {role: visit.posted(f"level-{role}", longest=20) or "off" for role in ROLES}
    if not errors:
        try:
            setting.set_policy(actor=visit.actor, now=visit.now, second_factor=levels, **numbers)
        except Invalid as refused:
            errors.take(refused)
    if errors:
        return _show(visit, errors, status=422, tried=visit.request.POST.dict())
    visit.flash(gettext("Saved. It holds from the next click of everyone."))
    return visit.redirect("/settings/security/")


@page("settings.manage", methods=("POST",), confirmed=True)
def set_rule(visit: Visit) -> HttpResponse:
    """From where and when a role opens."""
    errors = Errors()
    role = visit.posted("role", longest=30)
    clears = visit.posted("act") == "clear"
    try:
        setting.set_rule(
            actor=visit.actor,
            role=role,
            networks="" if clears else visit.posted("networks", longest=5000),
            days=() if clears else [int(day) for day in visit.request.POST.getlist("day") if day in tuple("0123456")],
            opens="" if clears else visit.posted("opens", longest=10),
            closes="" if clears else visit.posted("closes", longest=10),
        )
    except (Invalid, Conflict) as refused:
        errors.take(refused, {"role": "networks"})
        return _show(visit, errors, status=refused.status, tried_role=role, tried=_tried(visit))
    visit.flash(gettext("Saved. It holds from the next click of everyone."))
    return visit.redirect("/settings/security/#rules")


def _tried(visit: Visit) -> dict[str, Any]:
    return {**visit.request.POST.dict(), "day": visit.request.POST.getlist("day")}


@page("settings.manage", methods=("POST",), confirmed=True)
def set_break_glass(visit: Visit) -> HttpResponse:
    """The owner whom no rule holds."""
    wanted = visit.posted("person", longest=40)
    try:
        setting.set_break_glass(actor=visit.actor, person_id=UUID(wanted) if wanted else None)
    except (Conflict, Forbidden) as refused:
        errors = Errors()
        errors.take(refused)
        return _show(visit, errors, status=refused.status)
    except ValueError:
        return visit.redirect("/settings/security/")
    visit.flash(gettext("Saved. It holds from the next click of everyone."))
    return visit.redirect("/settings/security/#rules")


@page("staff.manage", methods=("POST",), confirmed=True)
def unlock(visit: Visit) -> HttpResponse:
    try:
        locks.unlock(actor=visit.actor, person_id=UUID(visit.posted("person", longest=40)), now=visit.now)
    except ValueError:
        return visit.redirect("/settings/security/")
    visit.flash(gettext("Unlocked: the password may be tried again."))
    return visit.redirect("/settings/security/")
