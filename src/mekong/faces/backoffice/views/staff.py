"""Staff: who works here, with which roles where; joining and leaving; seats."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext

from mekong.faces.backoffice import kept_files, sentences
from mekong.faces.backoffice.fields import Errors
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation import commands, queries
from mekong.foundation.actor import SYSTEM
from mekong.foundation.contracts import NewPerson, PersonView
from mekong.foundation.errors import Conflict, Forbidden, Invalid, MayNotGrant
from mekong.foundation.models import Person
from mekong.foundation.permissions import ROLES
from mekong.foundation.security import factors, invitations, locks, seats, sessions
from mekong.foundation.security.policy import get_policy
from mekong.inventory import queries as inventory


@page("staff.manage")
def staff(visit: Visit) -> HttpResponse:
    """Everyone who works here; `?tab=gone` those who no longer do."""
    tab = visit.param("tab") or "here"
    found = queries.list_people(
        actor=visit.actor,
        is_active={"here": True, "gone": False}.get(tab),
        role=visit.param("role"),
        text=visit.param("q"),
        cursor=visit.param("cursor") or None,
    )
    here, gone = queries.count_people(actor=visit.actor)
    rows = {row.uid: row for row in Person.objects.filter(uid__in=[each.id for each in found.items])}
    held = factors.with_factors(list(rows.values()))
    policy = get_policy()
    context = {
        "people": [
            {
                "person": each,
                "roles": _roles(visit, each),
                "has_factor": rows[each.id].pk in held,
                "level": policy.level(role.role for role in each.roles),
            }
            for each in found.items
        ],
        "seen": queries.last_seen(each.id for each in found.items),
        "tab": tab, "here_count": here, "gone_count": gone, "seats": seats.count_now(actor=visit.actor),
        "q": visit.param("q"), "role": visit.param("role"), "presets": _presets(visit),
        "next_cursor": found.next_cursor,
    }  # fmt: skip
    return visit.render("staff/list.html" if visit.is_partial else "staff/index.html", context)


def _places() -> dict[int, str]:
    return {
        place.id: place.name for place in inventory.list_locations(actor=SYSTEM) if place.kind in ("warehouse", "store")
    }


def _presets(visit: Visit) -> list[tuple[str, str]]:
    return [(role.name, role.label(visit.language)) for role in ROLES.values()]


def _roles(visit: Visit, person: PersonView) -> list[tuple[str, str, list[str]]]:
    """Code, word and places of each role; no places: everywhere."""
    places = _places() if any(held.location_ids for held in person.roles) else {}
    return [
        (held.role, ROLES[held.role].label(visit.language), [places.get(each, "–") for each in held.location_ids])
        for held in person.roles
        if held.role in ROLES
    ]


@page("staff.manage", methods=("GET", "HEAD", "POST"), confirmed=True)
def new(visit: Visit) -> HttpResponse:
    """Add somebody, with their first role; the answer has the link to hand over."""
    errors = Errors()
    form = {name: visit.posted(name, longest=300) for name in ("name", "email", "phone", "language", "role")}
    chosen = _chosen(visit)
    if visit.is_post:
        try:
            made = commands.hire(
                actor=visit.actor, email=form["email"], name=form["name"], phone=form["phone"],
                language=form["language"] or "vi", role=form["role"], location_ids=chosen, now=visit.now,
            )  # fmt: skip
        except (Invalid, Conflict, Forbidden) as refused:
            errors.take(refused, {"location_ids": "role"})
            if getattr(refused, "code", "") == "staff.email_taken":
                errors.whole = ""
                errors.add("email", sentences.of(refused))
        else:
            return _handed(visit, made)
    context = {"form": form, "errors": errors, "presets": _presets(visit), "places": _places(), "chosen": chosen}
    return visit.render("staff/new.html", context, status=422 if errors else 200)


def _chosen(visit: Visit) -> list[int]:
    return [int(each) for each in visit.request.POST.getlist("place")[:1000] if each.isdecimal() and len(each) < 12]


def _handed(visit: Visit, made: NewPerson) -> HttpResponse:
    """The link and the one-time password, shown once."""
    link = visit.request.build_absolute_uri(invitations.link_of(made.person.id))
    return visit.render("staff/handed.html", {"person": made.person, "link": link, "password": made.password})


@page("staff.manage")
def person(visit: Visit, uid: UUID) -> HttpResponse:
    """One person: roles and places, second factor, browsers, seat."""
    return _show(visit, uid)


def _show(visit: Visit, uid: UUID, *, status: int = 200, **more: Any) -> HttpResponse:
    found = queries.get_person(actor=visit.actor, person_id=uid)
    row = Person.objects.get(uid=uid)
    places = _places()
    try:
        commands.require_over(visit.actor, row)
        may_act = True
    except MayNotGrant:
        may_act = False
    context = {
        "person": found,
        "may_act": may_act,
        "is_me": row.pk == visit.person.pk,
        "roles": _roles(visit, found),
        "presets": _presets(visit),
        "places": places,
        "factors": factors.of(row),
        "level": get_policy().level(role.role for role in found.roles),
        "sessions": sessions.list_sessions(actor=visit.actor, person=row, now=visit.now, this=visit.session_id)
        if may_act
        else [],
        "locks": [each for each in locks.list_locks(actor=visit.actor, now=visit.now) if each.person == uid],
        **more,
    }
    return visit.render("staff/person.html", context, status=status)


@page("staff.manage", methods=("POST",), confirmed=True)
def act(visit: Visit, uid: UUID) -> HttpResponse:
    """Change somebody's roles, access or ways to sign in. What cannot be done is said on their page."""
    chosen = visit.posted("act", longest=20)
    steps: dict[str, Callable[[], object]] = {
        "role": lambda: commands.assign_role(
            actor=visit.actor, person_id=uid, role=visit.posted("role", longest=30), location_ids=_chosen(visit)
        ),
        "unrole": lambda: commands.remove_role(actor=visit.actor, person_id=uid, role=visit.posted("role", longest=30)),
        "deactivate": lambda: commands.deactivate_person(actor=visit.actor, person_id=uid, now=visit.now),
        "reactivate": lambda: commands.reactivate_person(actor=visit.actor, person_id=uid),
        "factors": lambda: factors.reset(actor=visit.actor, person=_row(visit, uid), now=visit.now),
        "sessions": lambda: sessions.end_others(actor=visit.actor, person=_row(visit, uid), now=visit.now),
        "unlock": lambda: locks.unlock(actor=visit.actor, person_id=uid, now=visit.now),
    }
    try:
        if chosen == "password":
            return _handed(visit, commands.reset_password(actor=visit.actor, person_id=uid))
        if (do := steps.get(chosen)) is None:
            return visit.redirect(f"/settings/staff/{uid}/")
        do()
    except (Conflict, Invalid, Forbidden) as refused:
        return _show(visit, uid, status=refused.status, refused=sentences.of(refused))
    visit.flash(_said(chosen))
    return visit.redirect(f"/settings/staff/{uid}/")


def _row(visit: Visit, uid: UUID) -> Person:
    queries.get_person(actor=visit.actor, person_id=uid)
    return Person.objects.get(uid=uid)


def _said(chosen: str) -> str:
    said = {
        "role": gettext("The role is given."),
        "unrole": gettext("The role is taken; open sessions have ended."),
        "deactivate": gettext("No sign-in any more; open sessions have ended."),
        "reactivate": gettext("May sign in again, with the roles of before."),
        "factors": gettext("The second step is gone. Password alone opens until a new one is set up."),
        "sessions": gettext("Every session is ended."),
        "unlock": gettext("Unlocked: the password may be tried again."),
    }
    return said[chosen]


@page("staff.manage")
def seats_page(visit: Visit) -> HttpResponse:
    """Seats now, month by month, and who came and went."""
    year, month = seats.read_month(visit.param("month"), visit.now)
    found = seats.month(actor=visit.actor, year=year, month=month, now=visit.now)
    context = {
        "month": f"{year}-{month:02d}",
        "rows": found,
        "days": sum(each.days for each in found),
        "active": sum(each.active for each in found),
        "now_count": seats.count_now(actor=visit.actor),
        "changes": seats.list_changes(actor=visit.actor, limit=50),
    }
    return visit.render("staff/seats.html", context)


@page("staff.manage")
def seats_file(visit: Visit) -> HttpResponse:
    """The month's report for Excel."""
    year, month = seats.read_month(visit.param("month"), visit.now)
    out = io.BytesIO()
    seats.write_month(actor=visit.actor, year=year, month_number=month, now=visit.now, out=out)
    return kept_files.download(out, f"{gettext('seats')}-{year}-{month:02d}.xlsx")
