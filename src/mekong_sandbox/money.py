"""Amounts: integers in minor units inside, plain numbers of the major unit on the wire, as both platforms do."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

ZERO_DECIMALS = frozenset({"VND", "JPY", "KRW", "IDR", "TWD", "CLP"})


def exponent(currency: str) -> int:
    """Decimals of the currency on these platforms: 0 or 2."""
    return 0 if currency in ZERO_DECIMALS else 2


def to_minor(value: object, currency: str) -> int:
    """Minor units of a number or text in major units. Raises ValueError."""
    try:
        return int((Decimal(str(value)) * 10 ** exponent(currency)).to_integral_value(ROUND_HALF_EVEN))
    except (InvalidOperation, OverflowError) as bad:
        raise ValueError(f"not an amount: {value!r}") from bad


def exact_minor(value: object, currency: str) -> int:
    """Minor units of a number or text in major units that loses nothing by it. Raises ValueError."""
    minor = to_minor(value, currency)
    if Decimal(minor) != Decimal(str(value)) * 10 ** exponent(currency):
        raise ValueError(f"{value!r} has more decimals than {currency}")
    return minor


def to_number(minor: int, currency: str) -> int | float:
    """Number of the major unit: whole for VND, with decimals else."""
    return minor if exponent(currency) == 0 else minor / 100


def to_text(minor: int, currency: str) -> str:
    """Text of the major unit with two decimals, as Lazada prints totals."""
    return f"{minor / 10 ** exponent(currency):.2f}"


def fee_of(minor: int, rate_bp: int) -> int:
    """A fee of so many basis points, in minor units, rounded half up."""
    return (minor * rate_bp + 5000) // 10_000
