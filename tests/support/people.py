"""Actors, people and callers of the API, for tests."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from django.test import Client

from mekong.foundation import access, commands
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.contracts import PersonView
from mekong.foundation.models import Person

NOON = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
"""Noon in Ho Chi Minh City."""


def an_actor(*permissions: str, locations: Collection[int] | None = None) -> Actor:
    """Someone with these permissions, at these locations or everywhere."""
    where = None if locations is None else frozenset(locations)
    return Actor(kind="person", ref="person:0", name="Lan", permissions=frozenset(permissions), location_ids=where)


def a_person(*roles: str | tuple[str, Collection[int]], email: str = "lan@example.vn") -> PersonView:
    """Someone who works here, with roles: a name, or a name and locations."""
    made = commands.create_person(actor=SYSTEM, email=email, name="Lan", now=NOON).person
    for role in roles:
        name, where = (role, ()) if isinstance(role, str) else role
        made = commands.assign_role(actor=SYSTEM, person_id=made.id, role=name, location_ids=where)
    return made


def acting(person: PersonView) -> Actor:
    """The actor that this person is now."""
    return access.resolve(Person.objects.get(uid=person.id))


def a_caller(*scopes: str, locations: Collection[int] = (), language: str = "en", **options: Any) -> Client:
    """A client of the API with a fresh token; everything is allowed when no scope is named."""
    made = commands.create_token(
        actor=SYSTEM, name="test", scopes=scopes or ["all"], location_ids=locations, now=datetime.now(UTC)
    )
    headers = {"Authorization": f"Bearer {made.text}", "Accept-Language": language, "Host": "localhost"}
    return Client(headers=headers, raise_request_exception=False, **options)
