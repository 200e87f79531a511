"""Text as people type it: what is kept, and the keys under which two spellings are the same."""

from __future__ import annotations

import re
import unicodedata

from mekong.catalog.errors import Missing, TooLong, UnstorableText

SKU_LIMIT = 64
KEY_LIMIT = 128
WORD_LIMIT = 60
"""Longer words are found by their first 60 letters."""

# Control characters (C0, C1) and lone surrogates.
_UNSTORABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_UNSTORABLE_IN_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def clean(text: str, field: str, limit: int, *, required: bool = False, lines: bool = False) -> str:
    """The text without blanks around it, otherwise as typed.

    Args:
        limit: most characters.
        required: refuse an empty text.
        lines: allow line breaks and tabs inside.

    Raises:
        Missing, TooLong, UnstorableText (control characters, lone surrogates).
    """
    kept = text.strip()
    if required and not kept:
        raise Missing(field=field)
    if len(kept) > limit:
        raise TooLong(field=field, length=len(kept), limit=limit)
    if (_UNSTORABLE_IN_LINES if lines else _UNSTORABLE).search(kept):
        raise UnstorableText(field=field)
    return kept


def key(text: str) -> str:
    """Texts with one key are the same to people: compared without case, and in one Unicode form."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text.strip()).casefold())


def clean_sku(sku: str, field: str) -> tuple[str, str]:
    """The SKU as typed, trimmed, and its key.

    Raises: Missing, TooLong, UnstorableText.
    """
    kept = clean(sku, field, SKU_LIMIT, required=True)
    sku_key = key(kept)
    if len(sku_key) > KEY_LIMIT:
        raise TooLong(field=field, length=len(sku_key), limit=KEY_LIMIT)
    return kept, sku_key
