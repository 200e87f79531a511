"""What the order list is asked for: read from an address, said in words, written back into an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mekong.faces.backoffice import fields, sentences, words
from mekong.faces.backoffice.marks import Mark
from mekong.faces.backoffice.templatetags.mekong import day, money
from mekong.orders.contracts import Conditions
from mekong.orders.queries import wrong_condition

DAY_WORDS: Mapping[str, str | Promise] = {
    "today": _("Today"), "yesterday": _("Yesterday"), "week": _("7 days"), "month": _("30 days"),
}  # fmt: skip
CHIPS = ("today", "yesterday", "week")
"""Spans that stand ready beside the search."""

NAMES = (
    "state", "issue", "channel", "day", "from", "to", "tag", "at", "q", "due", "cod", "least", "most",
)  # fmt: skip
"""Parameters that narrow the list."""


@dataclass(frozen=True)
class Chip:
    """One condition in words. `without`: the address of the list without it."""

    word: str
    without: str


def read(query: QueryDict, errors: fields.Errors) -> Conditions:
    """The conditions of an address. What cannot be meant is left out, and said in `errors`."""
    said = {name: _clean(query.get(name, "")) for name in NAMES}
    span = said["day"]
    asked = Conditions(
        states=tuple(each for each in _many(query, "state") if each in words.ORDER_STATES),
        issues=tuple(each for each in _many(query, "issue") if each in words.ISSUES),
        channels=_many(query, "channel"),
        day=span if span in DAY_WORDS else "",
        placed_from=None if span in DAY_WORDS else fields.read_date(errors, "from", said["from"]),
        placed_to=None if span in DAY_WORDS else fields.read_date(errors, "to", said["to"]),
        tag=said["tag"][:40],
        location=said["at"][:40],
        text=said["q"][:120],
        due_h=_number(errors, "due", said["due"], most=2160),
        is_cod={"yes": True, "no": False}.get(said["cod"]),
        money_from_minor=_number(errors, "least", said["least"]),
        money_to_minor=_number(errors, "most", said["most"]),
    )
    wrong = None if errors or asked == Conditions() else wrong_condition(asked)
    if wrong is not None:
        name, problem, params = wrong
        errors.add(_PARAMETERS.get(name, name), sentences.fill(problem, params))
        asked = replace(asked, **{name: getattr(Conditions(), name)})
    return asked


_PARAMETERS = {
    "placed_from": "from", "placed_to": "to", "due_h": "due", "money_from_minor": "least", "money_to_minor": "most",
}  # fmt: skip


def _clean(text: str) -> str:
    return "".join(letter for letter in text[:200] if letter >= " ").strip()


def _many(query: QueryDict, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_clean(each)[:40] for each in query.getlist(name)[:50] if _clean(each)))


def _number(errors: fields.Errors, name: str, text: str, *, most: int = fields.LARGEST) -> int | None:
    return fields.read_number(errors, name, text, most=most) if text else None


def write(conditions: Conditions) -> QueryDict:
    """The parameters that `read` reads as these conditions."""
    query = QueryDict(mutable=True)
    query.setlist("state", list(conditions.states))
    query.setlist("issue", list(conditions.issues))
    query.setlist("channel", list(conditions.channels))
    plain = {
        "day": conditions.day,
        "from": _day(conditions.placed_from),
        "to": _day(conditions.placed_to),
        "tag": conditions.tag,
        "at": conditions.location,
        "q": conditions.text,
        "due": _figure(conditions.due_h),
        "cod": {True: "yes", False: "no", None: ""}[conditions.is_cod],
        "least": _figure(conditions.money_from_minor),
        "most": _figure(conditions.money_to_minor),
    }
    for name, value in plain.items():
        if value:
            query[name] = value
    return query


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""


def _figure(value: int | None) -> str:
    return "" if value is None else str(value)


def merged(base: Conditions, more: Conditions) -> Conditions:
    """A tab's or a saved filter's conditions, with those of an address put over them."""
    empty = Conditions()
    set_here = {
        name: getattr(more, name) for name in Conditions.__slots__ if getattr(more, name) != getattr(empty, name)
    }
    if "day" in set_here:
        set_here |= {"placed_from": None, "placed_to": None}
    elif "placed_from" in set_here or "placed_to" in set_here:
        set_here["day"] = ""
    return replace(base, **set_here)


def chips(conditions: Conditions, query: QueryDict, marks: Mapping[str, Mark], places: Mapping[str, str]) -> list[Chip]:
    """The conditions of an address in words, but for the search and the spans that stand beside it anyway."""
    said: list[tuple[str, str, str]] = []
    said += [("state", each, str(words.ORDER_STATES[each].word)) for each in conditions.states]
    said += [("issue", each, str(words.ISSUES[each][0])) for each in conditions.issues]
    said += [
        ("channel", each, gettext("Channel: {name}").format(name=marks[each].name if each in marks else each))
        for each in conditions.channels
    ]
    if conditions.day == "month":
        said.append(("day", "", str(DAY_WORDS["month"])))
    if conditions.placed_from:
        said.append(("from", "", gettext("From {day}").format(day=day(conditions.placed_from))))
    if conditions.placed_to:
        said.append(("to", "", gettext("Up to {day}").format(day=day(conditions.placed_to))))
    if conditions.tag:
        said.append(("tag", "", gettext("Tag: {tag}").format(tag=conditions.tag)))
    if conditions.location:
        name = places.get(conditions.location, conditions.location)
        said.append(("at", "", gettext("From: {place}").format(place=name)))
    if conditions.due_h is not None:
        said.append(("due", "", gettext("Hand over within {hours} h").format(hours=conditions.due_h)))
    if conditions.is_cod is not None:
        said.append(("cod", "", gettext("COD") if conditions.is_cod else gettext("Not COD")))
    if conditions.money_from_minor is not None:
        said.append(("least", "", gettext("From {money}").format(money=money(conditions.money_from_minor))))
    if conditions.money_to_minor is not None:
        said.append(("most", "", gettext("Up to {money}").format(money=money(conditions.money_to_minor))))
    return [Chip(word, without(query, name, value)) for name, value, word in said]


def without(query: QueryDict, name: str, value: str = "") -> str:
    """The address of a list without one condition; paging starts anew."""
    left = query.copy()
    left.pop("cursor", None)
    if value:
        left.setlist(name, [each for each in left.getlist(name) if each != value])
    else:
        left.pop(name, None)
    return f"?{left.urlencode()}"
