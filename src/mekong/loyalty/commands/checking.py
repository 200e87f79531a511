"""What people type about members, checked. Every refusal names the field and the remedy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from mekong.foundation import phones
from mekong.loyalty.contracts import Birthday
from mekong.loyalty.errors import MemberInvalid, PointsInvalid
from mekong.loyalty.rules.points import MOST_MINOR, MOST_MULTIPLIER_BP

MOST_GROUPS = 20
_CHANNEL = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def line(text: str, field: str, most: int, *, least: int = 0) -> str:
    """A text on one line. Raises: MemberInvalid."""
    text = " ".join(text.split())
    if not least <= len(text) <= most or not text.isprintable():
        problem = (
            "From {least} to {most} characters are needed." if least else "At most {most} characters, on one line."
        )
        raise MemberInvalid(field=field, problem=problem, least=least, most=most)
    return text


def phone(text: str, field: str = "phone") -> str:
    """E.164. Raises: MemberInvalid."""
    number = phones.e164(text) if text.strip() else None
    if number is None or len(number) > 20:
        raise MemberInvalid(field=field, problem="This is not a phone number. Write it like 0903 123 456.")
    return number


def groups(codes: Iterable[str]) -> list[str]:
    """Codes of customer groups, each once and sorted. Raises: MemberInvalid."""
    found = sorted({code.strip().lower() for code in codes if code.strip()})
    if len(found) > MOST_GROUPS:
        raise MemberInvalid(field="groups", problem="At most {most} groups. Leave some out.", most=MOST_GROUPS)
    for code in found:
        if not _CHANNEL.fullmatch(code):
            raise MemberInvalid(
                field="groups", problem="“{code}” is no code. Use letters a to z, digits and dashes.", code=code[:40]
            )
    return found


def email(text: str) -> str:
    """Raises: MemberInvalid."""
    text = text.strip().lower()
    try:
        if text:
            validate_email(text)
    except ValidationError as wrong:
        raise MemberInvalid(
            field="email", problem="This is not an e-mail address. Write it like lan@example.vn."
        ) from wrong
    return line(text, "email", 254)


def birthday(told: Birthday, today: date) -> Birthday:
    """Raises: MemberInvalid: no day of the calendar, or one that is still to come."""
    try:
        born = date(told.year or 2000, told.month, told.day)
    except ValueError as wrong:
        raise MemberInvalid(field="birthday", problem="There is no such day. Check day, month and year.") from wrong
    if told.year is not None and not (told.year >= 1900 and born <= today):
        raise MemberInvalid(field="birthday", problem="A birthday lies between 1900 and today. Check the year.")
    return told


def channel(code: str) -> str:
    """Raises: MemberInvalid."""
    if not _CHANNEL.fullmatch(code):
        raise MemberInvalid(field="channel", problem="Give the code of a channel: small letters, digits and dashes.")
    return code


def reference(text: str, field: str = "reference") -> str:
    """A document's own name. Raises: PointsInvalid."""
    text = text.strip()
    if not 1 <= len(text) <= 120 or not text.isprintable():
        raise PointsInvalid(field=field, problem="From 1 to 120 characters are needed: the number of a document.")
    return text


def amount(minor: int, field: str) -> int:
    """Raises: PointsInvalid."""
    if not 0 <= minor <= MOST_MINOR:
        raise PointsInvalid(field=field, problem="From 0 to {most} in minor units.", most=MOST_MINOR)
    return minor


def multiplier(rate_bp: int, field: str) -> int:
    """Raises: PointsInvalid."""
    if not 0 <= rate_bp <= MOST_MULTIPLIER_BP:
        raise PointsInvalid(field=field, problem="From 0 to {most} hundredths of a percent.", most=MOST_MULTIPLIER_BP)
    return rate_bp


def currency(code: str, ours: str) -> str:
    """Raises: PointsInvalid."""
    if code != ours:
        raise PointsInvalid(
            field="currency", problem="Points are reckoned in {currency}. Convert the amount.", currency=ours
        )
    return code
