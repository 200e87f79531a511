"""Options of a product and the choices its variants make of them; lists of pairs written in one cell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mekong.catalog.errors import DuplicateOptions, OptionsMismatch, RepeatedValue, TooLong
from mekong.catalog.rules.words import clean, key

MOST_OPTIONS = 5
_NAME_LIMIT = 50
_VALUE_LIMIT = 50


def title(values: Sequence[str]) -> str:
    """“Đỏ / M”; empty when there is nothing to choose."""
    return " / ".join(values)


def check_options(options: Sequence[str], field: str) -> tuple[str, ...]:
    """Names of options, each given once.

    Raises: Missing, TooLong (also above five options), UnstorableText, RepeatedValue.
    """
    if len(options) > MOST_OPTIONS:
        raise TooLong(field=field, length=len(options), limit=MOST_OPTIONS)
    kept: list[str] = []
    seen: dict[str, str] = {}
    for place, option in enumerate(options):
        at = f"{field}[{place}]"
        kept.append(clean(option, at, _NAME_LIMIT, required=True))
        if (known := seen.setdefault(key(option), at)) != at:
            raise RepeatedValue(field=at, value=option, first=known)
    return tuple(kept)


def check_values(values: Sequence[str], options: Sequence[str], field: str) -> tuple[str, ...]:
    """One value per option.

    Raises: OptionsMismatch, Missing, TooLong, UnstorableText.
    """
    if len(values) != len(options):
        raise OptionsMismatch(field=field, count=len(options), expected=", ".join(options))
    return tuple(clean(value, f"{field}[{place}]", _VALUE_LIMIT, required=True) for place, value in enumerate(values))


def check_matrix(choices: Iterable[tuple[str, Sequence[str]]]) -> None:
    """No two variants of one product make the same choice. `choices`: (field, values) of each active variant.

    Raises: DuplicateOptions.
    """
    seen: set[tuple[str, ...]] = set()
    for field, values in choices:
        choice = tuple(key(value) for value in values)
        if choice in seen:
            raise DuplicateOptions(field=field, value=title(values))
        seen.add(choice)


# A cell such as `Màu: Đỏ; Size: M`. A backslash keeps the sign after it as it is.

_ESCAPED = re.compile(r"([\\;:=|×])")
_SIGN = re.compile(r"\\(.)|(;)|([:=|×])|([^\\;:=|×]+)|\\$", re.DOTALL)


def join_pairs(pairs: Iterable[tuple[str, str]], between: str = ": ") -> str:
    return "; ".join(f"{_escape(left)}{between}{_escape(right)}" for left, right in pairs)


def join_list(values: Iterable[str]) -> str:
    return "; ".join(_escape(value) for value in values)


def _escape(text: str) -> str:
    return _ESCAPED.sub(r"\\\1", text)


def split_list(cell: str) -> list[str]:
    """The values of a cell written by `join_list`, or by hand: parted by semicolons, trimmed, blanks dropped."""
    return [text for text in ("".join(parts) for parts in _items(cell, ())) if text]


def split_pairs(cell: str, between: str = ":") -> list[tuple[str, ...]]:
    """The pairs of a cell written by `join_pairs`, or by hand.

    Each item is split at the first sign of `between`, then at the next one, and so on: `thùng=24|8934…` with
    `between="=|"` is three. An item with fewer signs gives a shorter tuple, for the caller to refuse.
    """
    return [tuple(parts) for parts in _items(cell, tuple(between)) if any(parts)]


def _items(cell: str, between: tuple[str, ...]) -> list[list[str]]:
    items: list[list[str]] = [[""]]
    for kept, semicolon, sign, run in _SIGN.findall(cell):
        parts = items[-1]
        if semicolon:
            items.append([""])
        elif sign and len(parts) <= len(between) and sign == between[len(parts) - 1]:
            parts.append("")
        else:
            parts[-1] += kept or sign or run
    return [[part.strip() for part in parts] for parts in items]
