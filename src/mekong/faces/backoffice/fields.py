"""Fields of forms: read as people type, refused beside the field with what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext

from mekong.faces.backoffice import sentences
from mekong.foundation.errors import MekongError

_GROUPED = re.compile(r"[\s\u00a0\u202f.,'₫đ]")
LARGEST = 10**13


@dataclass
class Errors:
    """Problems by field; `whole` is what concerns no single one."""

    by_field: dict[str, str] = field(default_factory=dict)
    whole: str = ""

    def __bool__(self) -> bool:
        return bool(self.by_field or self.whole)

    def add(self, name: str, text: str) -> None:
        self.by_field.setdefault(name, text)

    def take(self, refused: MekongError, names: Mapping[str, str] | None = None) -> None:
        """Put a command's refusal beside the field it names. `names`: the command's fields to the form's."""
        told = str(refused.params.get("field", ""))
        name = (names or {}).get(told, told)
        if name:
            self.add(name, sentences.without_field(refused))
        else:
            self.whole = sentences.of(refused)


def whole_number(text: str) -> int | None:
    """A whole number as people type it: `1.234`, `1 234`, `−3`. None when it is none."""
    bare = _GROUPED.sub("", text.replace("\u2212", "-"))
    if not re.fullmatch(r"[+-]?\d{1,13}", bare):
        return None
    return int(bare)


def read_number(errors: Errors, name: str, text: str, *, least: int = 0, most: int = LARGEST) -> int:
    """The number of a field; 0 and an error when it is none."""
    number = whole_number(text)
    if number is None:
        errors.add(name, gettext("A whole number belongs here, in digits."))
        return 0
    if not least <= number <= most:
        errors.add(name, gettext("From {least} to {most}.").format(least=least, most=most))
        return 0
    return number


def read_date(errors: Errors, name: str, text: str) -> date | None:
    """An optional day as `31/12/2026`, or as a date field of the browser sends it."""
    if not text:
        return None
    found = re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", text)
    try:
        return date(int(found[3]), int(found[2]), int(found[1])) if found else date.fromisoformat(text)
    except ValueError:
        errors.add(name, gettext("A day belongs here, such as 31/12/2026."))
        return None


def read_moment(errors: Errors, name: str, text: str) -> datetime | None:
    """An optional moment by the clock on the wall: as a browser's field sends it, or as `31/12/2026 20:00`."""
    if not text:
        return None
    found = re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})[ ,]+(\d{1,2})[:h](\d{2})", text)
    try:
        if found:
            day, month, year, hour, minute = map(int, found.groups())
            there = datetime(year, month, day, hour, minute)  # noqa: DTZ001 - its zone is the reader's, below
        else:
            there = datetime.fromisoformat(text)
        return timezone.make_aware(there) if there.tzinfo is None else there
    except (ValueError, OverflowError):
        errors.add(name, gettext("A day and a time belong here, such as 31/12/2026 20:00."))
        return None
