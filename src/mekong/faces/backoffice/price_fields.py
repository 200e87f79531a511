"""Fields of the forms of prices: described once, shown by one template, read as people type."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mekong.faces.backoffice import channel_book
from mekong.faces.backoffice.fields import Errors, read_moment, read_number
from mekong.faces.backoffice.templatetags.mekong import percent, weekday_word
from mekong.faces.backoffice.visit import Visit
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MekongError
from mekong.inventory.queries import list_locations

Kind = Literal["text", "number", "percent", "moment", "area", "check", "select", "checks", "goods"]
Word = str | Promise


@dataclass(frozen=True)
class Field:
    """`options`: codes and words of a choice. `is_needed`: asked for before the form is sent."""

    name: str
    word: Word
    kind: Kind = "text"
    hint: Word = ""
    is_needed: bool = False
    options: Sequence[tuple[str, Word]] = ()
    most: int = 200


@dataclass
class Shown:
    """A field with what was typed, and why it is wrong."""

    field: Field
    value: Any
    why: str = ""
    picked: Sequence[str] = ()


@dataclass
class Typed:
    """What a form holds: texts by field, and lists of those with boxes."""

    values: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)

    def show(self, wanted: Sequence[Field], errors: Errors) -> list[Shown]:
        return [
            Shown(
                each, self.values.get(each.name, ""), errors.by_field.get(each.name, ""), self.lists.get(each.name, ())
            )
            for each in wanted
        ]


def typed(visit: Visit, wanted: Sequence[Field]) -> Typed:
    """What was sent."""
    found = Typed()
    for each in wanted:
        if each.kind == "checks":
            found.lists[each.name] = [text[:64] for text in visit.request.POST.getlist(each.name)[:200]]
        else:
            found.values[each.name] = visit.posted(
                each.name, longest=20_000 if each.kind in ("area", "goods") else each.most
            )
    return found


# --- reading ----------------------------------------------------------------------------------------------------------


def read_percent(errors: Errors, name: str, text: str, *, most: int = 10_000) -> int | None:
    """A percentage as people type it (`10`, `12,5 %`), in basis points; None when the field is empty or wrong."""
    bare = text.replace("%", "").replace(",", ".").strip()
    if not bare:
        return None
    try:
        points = Decimal(bare) * 100
    except InvalidOperation:
        errors.add(name, gettext("A percentage belongs here, such as 10 or 12,5."))
        return None
    if points != points.to_integral_value() or not 0 <= points <= most:
        errors.add(name, gettext("From {least} to {most}.").format(least=0, most=f"{most // 100} %"))
        return None
    return int(points)


def read_whole(errors: Errors, name: str, text: str) -> int | None:
    """A whole number; None when the field is empty or wrong."""
    return read_number(errors, name, text) if text else None


def names_in(text: str) -> list[str]:
    """Names on lines, or between commas and semicolons."""
    return list(dict.fromkeys(each.strip() for each in re.split(r"[\n,;]", text) if each.strip()))


_SPAN = re.compile(r"(\d{1,2})(?:[:h](\d{2})?)?\s*[-–]\s*(\d{1,2})(?:[:h](\d{2})?)?")


def read_hours(errors: Errors, name: str, text: str) -> list[list[int]]:
    """Spans of the day: `11:00-13:30, 20h-22h`, in minutes since midnight."""
    found = []
    for each in names_in(text):
        span = _SPAN.fullmatch(each)
        if span is None:
            errors.add(name, gettext("Hours belong here, such as 11:00-13:30 or 20:00-22:00."))
            return []
        first, last = (int(span[at]) * 60 + int(span[at + 1] or 0) for at in (1, 3))
        found.append([first, last])
    return found


def hours(spans: Sequence[Sequence[int]]) -> str:
    return ", ".join(f"{a // 60:02d}:{a % 60:02d}-{b // 60:02d}:{b % 60:02d}" for a, b in spans)


def local(moment: datetime | None) -> str:
    """A moment as a field of the browser holds it."""
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M") if moment else ""


def bare_percent(points: int | None) -> str:
    return "" if points is None else percent(points).rstrip("%")


# --- for whom ---------------------------------------------------------------------------------------------------------


def audience_fields(*, has_more: bool) -> list[Field]:
    """When, where and for whom. `has_more`: also what only promotions ask."""
    found = [
        Field("starts_at", _("From"), "moment"),
        Field("ends_at", _("To"), "moment"),
        Field("channels", _("Channels"), "checks", _("None ticked: every channel."),
              options=[(code, mark.name) for code, mark in channel_book.marks().items()]),
        Field("locations", _("Locations"), "checks", _("None ticked: every location."),
              options=[(each.code, each.name) for each in list_locations(actor=SYSTEM)]),
        Field("groups", _("Customer groups"), hint=_("Codes, with commas between them.")),
        Field("weekdays", _("Days of the week"), "checks",
              options=[(str(day), weekday_word(day + 1)) for day in range(7)]),
        Field("hours", _("Hours of the day"), hint=_("Such as 11:00-13:30, 20:00-22:00. Empty: all day.")),
    ]  # fmt: skip
    if has_more:
        found += [
            Field("tiers", _("Membership tiers"), hint=_("Codes, with commas between them.")),
            Field("birthday_days", _("Days around the birthday"), "number", _("So many days before and after it.")),
            Field("first_order_only", _("Only somebody's first order"), "check"),
        ]
    return found


def audience_typed(audience: Mapping[str, Any], starts_at: datetime | None, ends_at: datetime | None) -> Typed:
    days = audience.get("birthday_days")
    return Typed(
        {
            "starts_at": local(starts_at), "ends_at": local(ends_at),
            "groups": ", ".join(audience.get("groups", ())), "tiers": ", ".join(audience.get("tiers", ())),
            "hours": hours(audience.get("minutes", ())), "birthday_days": "" if days is None else str(days),
            "first_order_only": "on" if audience.get("first_order_only") else "",
        },
        {
            "channels": list(audience.get("channels", ())), "locations": list(audience.get("locations", ())),
            "weekdays": [str(day) for day in audience.get("weekdays", ())],
        },
    )  # fmt: skip


def read_audience(errors: Errors, said: Typed, kept: Mapping[str, Any]) -> dict[str, Any]:
    """What the form says; conditions that it has no field for stay as they were kept."""
    found: dict[str, Any] = {name: kept[name] for name in ("segments", "payments", "deliveries") if kept.get(name)}
    for name in ("channels", "locations"):
        found[name] = said.lists.get(name, [])
    for name in ("groups", "tiers"):
        found[name] = names_in(said.values.get(name, ""))
    found["weekdays"] = [int(day) for day in said.lists.get("weekdays", ()) if day in "0123456"]
    found["minutes"] = read_hours(errors, "hours", said.values.get("hours", ""))
    found["birthday_days"] = read_whole(errors, "birthday_days", said.values.get("birthday_days", ""))
    found["first_order_only"] = bool(said.values.get("first_order_only"))
    return {name: value for name, value in found.items() if value not in ([], None, False)}


def read_dates(errors: Errors, said: Typed) -> dict[str, datetime | None]:
    return {name: read_moment(errors, name, said.values.get(name, "")) for name in ("starts_at", "ends_at")}


_FIELDS: Mapping[str, str] = {
    "audience.minutes": "hours", "goods.items": "skus", "goods.excluded": "excluded_skus", "effect.get": "get_skus",
    "effect.variant_id": "sku", "lines": "try",
}  # fmt: skip


def blame(errors: Errors, refused: MekongError, known: Sequence[str]) -> None:
    """Put a refusal beside the field of the form that it names."""
    told = re.sub(r"\[.*", "", str(refused.params.get("field", "")))
    name = _FIELDS.get(told) or told.removeprefix("goods.").removeprefix("audience.").removeprefix("effect.")
    name = name.replace("excluded.", "excluded_").replace("get.", "get_")
    errors.take(refused, {str(refused.params.get("field", "")): name if name in known else ""})
