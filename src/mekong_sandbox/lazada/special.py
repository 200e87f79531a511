"""A SKU's special price and when it holds, in the seller's own time. Codes as the platform's documents list them.

Without dates it holds until it is changed; a day alone means its first moment, at both ends (the documents' answers
show `2020-02-03` as `2020-02-03 00:00`). The end is not part of it.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from mekong_sandbox.lazada.model import Sku
from mekong_sandbox.money import exact_minor

ZONE_HOURS = {"vn": 7, "th": 7, "id": 7, "sg": 8, "my": 8, "ph": 8}
FORMATS = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S")
SHOWN = "%Y-%m-%d %H:%M:%S"


class Wrong(Exception):
    """A special price that cannot be; `place` says which of price, start and end is meant."""

    def __init__(self, code: str, name: str, message: str, place: int = 0) -> None:
        super().__init__(message)
        self.code, self.name, self.message, self.place = code, name, message, place


class Special(NamedTuple):
    """A price in minor units, 0 = none; its dates as text and in unix seconds, "" and 0 = open."""

    price: int = 0
    starts_text: str = ""
    ends_text: str = ""
    starts: float = 0.0
    ends: float = 0.0


def special_of(sku: Sku) -> Special:
    """The one a SKU has."""
    return Special(sku.special_price, sku.special_from, sku.special_to, sku.special_starts, sku.special_ends)


def give(sku: Sku, special: Special) -> None:
    """Put it on a SKU."""
    sku.special_price, sku.special_from, sku.special_to = special.price, special.starts_text, special.ends_text
    sku.special_starts, sku.special_ends = special.starts, special.ends


def _moment(text: str, country: str, place: int) -> tuple[str, float]:
    text = text.strip()
    if not text:
        return "", 0.0
    zone = timezone(timedelta(hours=ZONE_HOURS.get(country, 7)))
    for form in FORMATS:
        try:
            parsed = datetime.strptime(text, form).replace(tzinfo=zone)
        except ValueError:
            continue
        return parsed.strftime(SHOWN), parsed.timestamp()
    message = f"{text} is not a date of the form yyyy-MM-dd or yyyy-MM-dd HH:mm:ss"
    raise Wrong("4132", "Invalid Request Format", message, place)


def read(price: str, starts: str, ends: str, *, country: str, currency: str) -> Special | None:
    """What a payload says of it; None when nothing. A price of 0 takes it away. Raises: Wrong."""
    if not price.strip():
        if starts.strip() or ends.strip():
            raise Wrong("4108", "CHK_BASIC_REQUIRED", "the special price is mandatory with its dates")
        return None
    try:
        minor = exact_minor(price, currency)
    except ValueError:
        text = f"{price} is not a special price of this currency"
        raise Wrong("4121", "BIZ_CHECK_SPECIAL_PRICE_PRECISION_INVALID", text) from None
    if minor == 0:
        return Special()
    (starts_text, first), (ends_text, last) = _moment(starts, country, 1), _moment(ends, country, 2)
    if first and last and first > last:
        text = "the start of the special price is after its end"
        raise Wrong("4117", "BIZ_CHECK_SPECIAL_PRICE_FROM_DATE_AFTER_TO_DATE", text, 1)
    return Special(minor, starts_text, ends_text, first, last)


def check(special: Special, price: int, *, now: float, least_bp: int) -> None:
    """Compare with the price of the SKU, as long as it has not ended. Raises: Wrong."""
    if not special.price or (special.ends and special.ends <= now):
        return
    if special.price < 0 or special.price * 10_000 < price * least_bp:
        raise Wrong("4119", "BIZ_CHECK_SPECIAL_PRICE_RATE_OUT_OF_RANGE", "the special price is too low")
    if special.price >= price:
        text = "The discount price must be cheaper than the regular price"
        raise Wrong("4157", "BIZ_CHECK_SPECIAL_PRICE_GREATER_THAN_PRICE", text)
