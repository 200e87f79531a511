"""Sessions, second factors and locks of people; from where and when roles open; seats."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from mekong.faces.api.auth import authenticate, confirmed, moment
from mekong.faces.api.shapes import Body, Moment, PageOf, public_id
from mekong.foundation import ids, queries
from mekong.foundation.actor import Actor
from mekong.foundation.models import Person
from mekong.foundation.security import factors, locks, seats, sessions, setting
from mekong.foundation.security.policy import break_glass_person, get_policy, get_rules
from mekong.foundation.security.rules import Rule, written_minute

router = Router(tags=["security"])


class SessionOut(Schema):
    """`way`: how the person signed in: password, totp, recovery, passkey, demo."""

    id: str
    way: str
    address: str
    agent: str
    created_at: Moment
    last_seen_at: Moment


class RuleOut(Schema):
    """Empty `networks`: from anywhere. Empty `days`: every day, else 0 Monday to 6 Sunday. Null hours: at any time."""

    role: str
    networks: list[str]
    days: list[int]
    opens: str | None
    closes: str | None


class SecurityOut(Schema):
    """`second_factor`: by role, off, recommended or required. `break_glass`: the owner whom no rule holds."""

    idle_minutes: int
    absolute_hours: int
    confirm_minutes: int
    grace_days: int
    second_factor: dict[str, str]
    break_glass: str | None
    rules: list[RuleOut]


class RuleIn(Body):
    """`opens` and `closes` as `08:00`, both or neither, in the company's time zone; all empty takes the rule away."""

    networks: Annotated[list[Annotated[str, Field(max_length=50)]], Field(max_length=200)] = Field(default_factory=list)
    days: Annotated[list[Annotated[int, Field(strict=True, ge=0, le=6)]], Field(max_length=7)] = Field(
        default_factory=list
    )
    opens: Annotated[str, Field(max_length=5)] = ""
    closes: Annotated[str, Field(max_length=5)] = ""


class SeatOut(Schema):
    """`days`: on which they could sign in. `active_days`: of those, on which they did something."""

    person_id: str
    name: str
    email: str
    days: int
    active_days: int
    last_day: date | None


def _person(actor: Actor, person_id: str) -> Person:
    uid: UUID = public_id("per", person_id, "Person")
    queries.get_person(actor=actor, person_id=uid)
    return Person.objects.get(uid=uid)


def _rule_out(rule: Rule) -> dict[str, Any]:
    return {
        "role": rule.role,
        "networks": list(rule.networks),
        "days": list(rule.days),
        "opens": None if rule.opens is None else written_minute(rule.opens),
        "closes": None if rule.closes is None else written_minute(rule.closes),
    }


@router.get("/people/{person_id}/sessions", response=PageOf[SessionOut])
def list_sessions(request: HttpRequest, person_id: str) -> Any:
    """The browsers where somebody is signed in; one's own, or with `staff.manage`."""
    actor = authenticate(request)
    found = sessions.list_sessions(actor=actor, person=_person(actor, person_id), now=moment(request))
    shown = [{**asdict(each), "id": ids.public("ses", each.id)} for each in found]
    return {"items": shown, "next_cursor": None}


@router.delete("/people/{person_id}/sessions", response={204: None})
def end_sessions(request: HttpRequest, person_id: str) -> Any:
    """End every session of somebody, within five seconds everywhere. A repeat changes nothing."""
    actor = confirmed(request)
    sessions.end_others(actor=actor, person=_person(actor, person_id), now=moment(request))
    return Status(204, None)


@router.delete("/people/{person_id}/second-factor", response={204: None})
def reset_second_factor(request: HttpRequest, person_id: str) -> Any:
    """Take app, passkeys and recovery codes from somebody who lost theirs; their sessions end."""
    actor = confirmed(request)
    actor.require("staff.manage")
    factors.reset(actor=actor, person=_person(actor, person_id), now=moment(request))
    return Status(204, None)


@router.post("/people/{person_id}/unlock", response={204: None})
def unlock(request: HttpRequest, person_id: str) -> Any:
    """Let somebody try their password again after too many wrong ones. A repeat changes nothing."""
    locks.unlock(actor=confirmed(request), person_id=public_id("per", person_id, "Person"), now=moment(request))
    return Status(204, None)


@router.get("/security", response=SecurityOut)
def security(request: HttpRequest) -> Any:
    """Limits of sessions, who needs a second factor, and from where and when roles open."""
    authenticate(request).require("staff.manage")
    policy, owner = get_policy(), break_glass_person()
    return {
        "idle_minutes": policy.idle_minutes,
        "absolute_hours": policy.absolute_hours,
        "confirm_minutes": policy.confirm_minutes,
        "grace_days": policy.grace_days,
        "second_factor": dict(policy.second_factor),
        "break_glass": ids.public("per", owner.uid) if owner else None,
        "rules": [_rule_out(rule) for rule in get_rules().values()],
    }


@router.put("/security/rules/{role}", response=RuleOut)
def set_rule(request: HttpRequest, role: str, body: RuleIn) -> Any:
    """From where and when a role opens, from the next request of everyone. All empty takes the rule away."""
    made = setting.set_rule(
        actor=confirmed(request),
        role=role,
        networks="\n".join(body.networks),
        days=body.days,
        opens=body.opens,
        closes=body.closes,
    )
    return _rule_out(made or Rule(role))


@router.get("/seats", response=PageOf[SeatOut])
def list_seats(
    request: HttpRequest,
    month: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="As 2026-11.")] = "",
) -> Any:
    """Who held a seat in a month, this one by default: an active account with a role, counted by days."""
    now = moment(request)
    year, number = seats.read_month(month, now)
    found = seats.month(actor=authenticate(request), year=year, month=number, now=now)
    shown = [
        {
            "person_id": ids.public("per", each.person), "name": each.name, "email": each.email, "days": each.days,
            "active_days": each.active, "last_day": each.last_day,
        }
        for each in found
    ]  # fmt: skip
    return {"items": shown, "next_cursor": None}
