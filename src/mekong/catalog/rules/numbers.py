"""Numbers as people and spreadsheets write them."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from mekong.catalog.errors import BadCurrency, BadMoney, NotANumber, NotWhole, OutOfRange
from mekong.foundation.money import exponent, to_minor

MOST = 10**15
"""Largest amount or count taken: far above any price in đồng, far below what a 64-bit column holds."""
MOST_SIZE = 2**31 - 1

_BLANKS = re.compile(r"[\s\u00a0\u202f_']+")
_UNIT = re.compile(r"(?:đ|₫|vnd|vnđ)$", re.IGNORECASE)
_SHAPE = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)*$")
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+$|[1-9][0-9]{0,2}(?:,[0-9]{3})+$")


def read_number(written: str | float | Decimal, field: str) -> Decimal:
    """The number that was meant.

    Both habits are read: `1.234.567`, `1,234,567`, `1.234,50`, `1,234.50`, `99,5`, `99.5`, with or without `đ`. One
    separator with three digits after it parts thousands (`1.234` is 1234), except after a leading zero (`0,350`).
    A float comes from a spreadsheet cell and is taken as the cell shows it, by its shortest decimal form.

    Raises: NotANumber.
    """
    if isinstance(written, bool):
        raise NotANumber(field=field, value=written)
    if isinstance(written, int | Decimal):
        return Decimal(written)
    if isinstance(written, float):
        number = Decimal(repr(written))
        if not number.is_finite():
            raise NotANumber(field=field, value=written)
        return number
    bare = _UNIT.sub("", _BLANKS.sub("", written))
    if len(bare) > 40 or not bare.isascii() or not _SHAPE.match(bare):
        raise NotANumber(field=field, value=written)
    sign, digits = ("-", bare[1:]) if bare[0] == "-" else ("", bare.lstrip("+"))
    plain = _plain(digits)
    if plain is None:
        raise NotANumber(field=field, value=written)
    return Decimal(sign + plain)


def _plain(digits: str) -> str | None:
    """Digits with at most one point, from digits with points and commas."""
    if _GROUPED.match(digits):
        return digits.replace(".", "").replace(",", "")
    points, commas = digits.count("."), digits.count(",")
    if points + commas == 0:
        return digits
    if points + commas == 1:
        return digits.replace(",", ".")
    decimal = "," if digits.rfind(",") > digits.rfind(".") else "."
    whole, _, fraction = digits.rpartition(decimal)
    if decimal in whole or not _GROUPED.match(whole):
        return None
    return whole.replace(".", "").replace(",", "") + "." + fraction


def read_whole(written: str | float | Decimal, field: str, *, least: int = 0, most: int = MOST_SIZE) -> int:
    """A whole number within limits.

    Raises: NotANumber, NotWhole, OutOfRange.
    """
    number = read_number(written, field)
    if number != number.to_integral_value():
        raise NotWhole(field=field, value=written)
    if not least <= number <= most:
        raise OutOfRange(field=field, value=written, least=least, most=most)
    return int(number)


def read_money(written: str | float | Decimal, currency: str, field: str) -> int:
    """Minor units of an amount written in major units (`1.250.000` VND, `12,50` GBP).

    Raises: NotANumber, OutOfRange (negative, or above `MOST`), BadMoney (finer than the currency).
    """
    number = read_number(written, field)
    if not 0 <= number <= MOST:
        raise OutOfRange(field=field, value=written, least=0, most=MOST)
    try:
        return to_minor(number, currency)
    except ValueError as finer:
        raise BadMoney(field=field, value=written, currency=currency, digits=exponent(currency)) from finer


def canonical(value: str | float | Decimal, field: str) -> str:
    """A decimal as it is stored: `12.5`, always with a point, no exponent, no needless zeros. Floats are refused.

    Raises: NotANumber.
    """
    try:
        number = None if isinstance(value, bool | float) else Decimal(value)
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite() or abs(number.adjusted()) > 30:
        raise NotANumber(field=field, value=value)
    return f"{number.normalize():f}" if number else "0"


def show(number: Decimal) -> str:
    """Digits that `read_number` reads back as exactly this number."""
    text = f"{number:f}"
    return f"{text}0" if _GROUPED.match(text.lstrip("-")) else text


def check_amount(amount_minor: int, field: str) -> int:
    """Raises: NotWhole (a float or a bool is no amount), OutOfRange."""
    if isinstance(amount_minor, bool) or not isinstance(amount_minor, int):
        raise NotWhole(field=field, value=amount_minor)
    if not 0 <= amount_minor <= MOST:
        raise OutOfRange(field=field, value=amount_minor, least=0, most=MOST)
    return amount_minor


def check_size(size: int | None, field: str, *, least: int = 0) -> int | None:
    """A weight or length, or None. Raises: NotWhole, OutOfRange."""
    if size is None:
        return None
    if isinstance(size, bool) or not isinstance(size, int):
        raise NotWhole(field=field, value=size)
    if not least <= size <= MOST_SIZE:
        raise OutOfRange(field=field, value=size, least=least, most=MOST_SIZE)
    return size


def check_currency(code: str, field: str) -> str:
    """Raises: BadCurrency."""
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise BadCurrency(field=field, value=code)
    return code
