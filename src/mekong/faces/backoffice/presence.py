"""Who is on which order, as the pages show it: initials, and a sentence that says who and since when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext

from mekong.faces.backoffice.templatetags.mekong import clock, initials
from mekong.faces.backoffice.visit import Visit
from mekong.foundation.queries import names_of
from mekong.orders import queries
from mekong.orders.contracts import Present


@dataclass(frozen=True)
class On:
    """One person on one order."""

    letters: str
    sentence: str
    name: str


def people_on(visit: Visit, codes: Sequence[str] | None = None) -> dict[str, list[On]]:
    """By order, everyone else who is on it. Two statements at most."""
    found = queries.people_on(actor=visit.actor, now=visit.now, codes=codes)
    return said([each for each in found if each.actor != visit.actor.ref])


def said(found: Iterable[Present]) -> dict[str, list[On]]:
    found = list(found)
    names = names_of(each.actor for each in found) if found else {}
    on: dict[str, list[On]] = {}
    for each in found:
        name = names.get(each.actor, each.actor)
        sentence = gettext("{name} has been on it since {at}").format(name=name, at=clock(each.since))
        on.setdefault(each.code, []).append(On(initials(name), sentence, name))
    return on
