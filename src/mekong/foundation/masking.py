"""Personal data, recognisable to those who know the person and of no use to anyone else.

Who holds `customers.reveal` sees names as they are; phones and addresses they ask for one by one, and that is booked.
Everyone else sees what this module leaves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "•••"
_NAMES = re.compile(r"(customer|buyer|recipient|receiver|contact|shopper)_?name$|^full_name$")
_PHONES = re.compile(r"phone|mobile|(^|_)tel$")
_ADDRESSES = re.compile(r"(^|_)address(_\w+)?$|^(address_)?(line|street|full)\d?$")
_EMAILS = re.compile(r"e?mail")
_SHOWN_OF_ADDRESS = frozenset({"ward", "district", "province", "country", "city", "state"})


def name(text: str) -> str:
    """`Nguyễn Thị Hồng Nhung` as `N••• Nhung`: the family's letter and the given name."""
    words = text.split()
    if not words:
        return ""
    return f"{words[0][0]}{HIDDEN} {words[-1]}" if len(words) > 1 else f"{words[0][0]}{HIDDEN}"


def phone(text: str) -> str:
    """`+84903123218` as `0903 ••• 218`."""
    if not text:
        return ""
    local = "0" + text[3:] if text.startswith("+84") else text
    return f"{local[:4]} {HIDDEN} {local[-3:]}" if len(local) > 7 else HIDDEN


def email(text: str) -> str:
    """`lan@example.vn` as `l•••@example.vn`."""
    box, at, domain = text.partition("@")
    return f"{box[:1]}{HIDDEN}@{domain}" if at else HIDDEN if text else ""


def address(parts: Mapping[str, Any]) -> dict[str, str]:
    """The parts of an address that many people share; the others are there and not told."""
    return {part: str(text) if part in _SHOWN_OF_ADDRESS else HIDDEN for part, text in parts.items() if text}


def anything(value: Any, key: str = "") -> Any:
    """A value of JSON with what looks like a customer's data masked, by the names of its fields, however deep."""
    if isinstance(value, Mapping):
        if _ADDRESSES.search(key):
            return address({part: text for part, text in value.items() if not isinstance(text, Mapping | list)})
        return {each: anything(inner, str(each).lower()) for each, inner in value.items()}
    if isinstance(value, list):
        return [anything(each, key) for each in value]
    if not isinstance(value, str) or not value:
        return value
    for shape, mask in ((_PHONES, phone), (_EMAILS, email), (_NAMES, name)):
        if shape.search(key):
            return mask(value)
    return HIDDEN if _ADDRESSES.search(key) else value
