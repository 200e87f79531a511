"""The demo's own door: one click for each role, and nowhere else.

It opens in processes that `mekong up --demo` started, and for the accounts that loading the demo made. Both have to
hold: the supervisor of an installation that is no demo says so to its processes, whatever the environment held, and
processes without a supervisor never open it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import get_language

from mekong.faces.demo.people import PEOPLE
from mekong.foundation.models import Person
from mekong.foundation.permissions import ROLES


@dataclass(frozen=True)
class Way:
    """One button of the sign-in page."""

    role: str
    word: str
    name: str


def is_open() -> bool:
    """Whether this process is one of a demo's."""
    return os.environ.get("MEKONG_SUPERVISED") == "1" and os.environ.get("MEKONG_DEMO") == "1"


def people() -> list[Way]:
    """Who can be chosen; nobody outside of the demo. One statement in it."""
    if not is_open():
        return []
    there = set(_accounts().values_list("email", flat=True))
    language = get_language() or "vi"
    return [Way(each.role, ROLES[each.role].label(language), each.name) for each in PEOPLE if each.email in there]


def person(role: str) -> Person | None:
    """The demo's person of a role; None outside of the demo."""
    if not is_open():
        return None
    email = next((each.email for each in PEOPLE if each.role == role), None)
    return _accounts().filter(email=email).first() if email else None


def _accounts() -> QuerySet[Person]:
    return Person.objects.filter(email__in=[each.email for each in PEOPLE], is_active=True)
