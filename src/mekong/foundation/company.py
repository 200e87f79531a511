"""Who runs this installation: one company, as its documents name it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from mekong.foundation import phones
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.errors import Invalid
from mekong.foundation.models import Company

_TAX_CODE = re.compile(r"[0-9]{10}|[0-9]{12}|[0-9]{13}")
"""Ten digits of a company, thirteen of its branch (the last three behind a dash), twelve of a household or a person.

Source: Circular 86/2024/TT-BTC on tax registration, article 5; twelve digits are the personal identification number.
"""


@dataclass(frozen=True)
class CompanyView:
    """`name` is empty until somebody has said it."""

    name: str = ""
    tax_code: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""
    setup_left_at: datetime | None = None


def get_company() -> CompanyView:
    """The company; an empty one before it was named. Everyone who works here may know who they work for."""
    row = Company.objects.filter(pk=1).first()
    if row is None:
        return CompanyView()
    return CompanyView(row.name, row.tax_code, row.phone, row.email, row.address, row.setup_left_at)


@command
def set_company(
    *, actor: Actor, name: str, tax_code: str = "", phone: str = "", email: str = "", address: str = ""
) -> CompanyView:
    """Say who runs this installation. Safe to repeat. Raises: MayNot, Invalid (names the field)."""
    actor.require("settings.manage")
    said = {
        "name": _line(name, "name", 160), "tax_code": _tax_code(tax_code), "phone": _phone(phone),
        "email": _email(email), "address": _line(address, "address", 300),
    }  # fmt: skip
    if not said["name"]:
        raise Invalid(field="name", problem="1 to {most} characters are needed.", most=160)
    Company.objects.update_or_create(pk=1, defaults=said)
    return get_company()


@command
def leave_setup(*, actor: Actor, now: datetime) -> None:
    """Put the first steps aside: today's work no longer shows what is left of them. Raises: MayNot."""
    actor.require("settings.manage")
    if get_company().setup_left_at is None:
        Company.objects.update_or_create(pk=1, defaults={"setup_left_at": now})


@command
def resume_setup(*, actor: Actor) -> None:
    """Take the first steps up again. Raises: MayNot."""
    actor.require("settings.manage")
    Company.objects.filter(pk=1, setup_left_at__isnull=False).update(setup_left_at=None)


def _line(text: str, field: str, most: int) -> str:
    text = " ".join(text.split())
    if len(text) > most or not text.isprintable():
        raise Invalid(field=field, problem="At most {most} characters, on one line.", most=most)
    return text


def _tax_code(text: str) -> str:
    bare = re.sub(r"[\s.-]", "", text)
    if not bare:
        return ""
    if not _TAX_CODE.fullmatch(bare):
        raise Invalid(
            field="tax_code",
            problem="A tax code has 10 digits, 13 for a branch, or 12 for a household. Check the digits.",
        )
    return f"{bare[:10]}-{bare[10:]}" if len(bare) == 13 else bare


def _phone(text: str) -> str:
    number = phones.e164(text) if text.strip() else ""
    if number is None:
        raise Invalid(field="phone", problem="This is not a phone number. Write it like 0903 123 456.")
    return number


def _email(text: str) -> str:
    text = text.strip().lower()
    try:
        if text:
            validate_email(text)
    except ValidationError as wrong:
        raise Invalid(field="email", problem="This is not an e-mail address. Write it like lan@example.vn.") from wrong
    return text
