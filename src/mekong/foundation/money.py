"""Money: an integer count of minor units and its ISO 4217 code. No floats, ever."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal, InvalidOperation
from fractions import Fraction

# ISO 4217: digits after the decimal point, where they are not two.
_EXPONENT = {"VND": 0, "JPY": 0, "KRW": 0, "IDR": 2, "BHD": 3, "KWD": 3}


_MOST_DIGITS = 30
"""Digits before the point beyond which a text is no amount; its value would take all memory (`1e999999999`)."""


def exponent(currency: str) -> int:
    """Digits after the point in this currency (VND 0, GBP 2). Source: ISO 4217."""
    return _EXPONENT.get(currency, 2)


def to_minor(amount: str | int | Decimal, currency: str) -> int:
    """Minor units of a decimal amount, exactly.

    Raises:
        ValueError: not a number, or finer than the currency's minor unit. Floats are refused: they are not exact.
    """
    if isinstance(amount, float):
        raise ValueError("a float is not an exact amount")  # noqa: TRY004 - callers catch one kind of error
    try:
        number = Decimal(amount)
    except InvalidOperation as wrong:
        raise ValueError(f"not an amount: {amount!r}") from wrong
    if not number:
        return 0
    if not number.is_finite() or number.adjusted() > _MOST_DIGITS:
        raise ValueError(f"not an amount: {amount!r}")
    minor, rest = divmod(Fraction(number) * 10 ** exponent(currency), 1) if number.adjusted() >= -3 else (0, 1)
    if rest:
        raise ValueError(f"finer than one minor unit of {currency}: {amount!r}")
    return int(minor)


def to_decimal(amount_minor: int, currency: str) -> Decimal:
    """The amount in major units: 1250 GBP minor units is Decimal('12.50')."""
    digits = exponent(currency)
    return Decimal(amount_minor).scaleb(-digits, Context(prec=len(str(amount_minor)) + digits))


def tax_inside(gross_minor: int, rate_bp: int) -> int:
    """The tax contained in a tax-inclusive amount, rounded half up to the minor unit.

    Args:
        gross_minor: amount with tax, in minor units. May be negative (a refund); rounding is then away from zero.
        rate_bp: rate in basis points; 1000 is 10 %.

    Source: gross × rate ÷ (1 + rate); rounding to the đồng per line, half up, as Vietnamese invoices do
    (Decree 123/2020/NĐ-CP leaves rounding to the usual rule of the Accounting Law).
    """
    if rate_bp <= 0:
        return 0
    numerator, denominator = abs(gross_minor) * rate_bp, 10_000 + rate_bp
    tax = (2 * numerator + denominator) // (2 * denominator)
    return tax if gross_minor >= 0 else -tax


def share(total_minor: int, weights: Sequence[int]) -> list[int]:
    """Split an amount over lines in proportion to their weights, losing no unit.

    Args:
        total_minor: amount to split, in minor units of one currency. Not negative.
        weights: one per line, any unit. Not negative, not all zero.

    Returns:
        One share per weight. They add up to `total_minor`; each is less than one minor unit from its proportion.

    Raises:
        ValueError: an argument breaks the rules above (a defect in the caller).

    Source:
        Largest-remainder (Hamilton) method; ties go to the earlier line.
    """
    whole = sum(weights)
    if total_minor < 0 or whole <= 0 or min(weights) < 0:
        raise ValueError("share() takes a total and weights that are not negative, and one weight above zero")
    floors = [total_minor * weight // whole for weight in weights]
    if missing := total_minor - sum(floors):
        remainders = [total_minor * weight % whole for weight in weights]
        # A reversed sort keeps equals in their order: the earlier line first.
        for line in sorted(range(len(weights)), key=remainders.__getitem__, reverse=True)[:missing]:
            floors[line] += 1
    return floors


def part_of(amount_minor: int, whole: int, before: int, now: int) -> int:
    """What of an amount falls on `now` parts of `whole`, after `before` of them were dealt with.

    All parts together make up the amount, whatever their sizes and order: what the first k parts are worth is the amount
    × k ÷ whole, rounded down, and a part is the difference of two such values. So a buyer who gives a line back in two
    steps gets what they paid for it, and not a unit more or less.

    Raises:
        ValueError: more parts than there are left, or fewer than none (a defect in the caller).
    """
    if min(amount_minor, before, now) < 0 or before + now > whole:
        raise ValueError("part_of() takes parts of a whole that were not dealt with before")
    return amount_minor * (before + now) // whole - amount_minor * before // whole if whole else 0
