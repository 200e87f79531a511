"""Vietnamese text: folding for search."""

from __future__ import annotations

import re
import unicodedata

_D = str.maketrans("đĐ", "dd")
_GAPS = re.compile(r"[^0-9a-z]+")


def fold(text: str) -> str:
    """Lower case without tone marks or diacritics, `đ` as `d`, runs of anything else as one space.

    `fold("Áo thun Đà Nẵng, size M") == "ao thun da nang size m"`. Two texts that a Vietnamese shopper would type alike
    fold alike.
    """
    plain = unicodedata.normalize("NFD", text.translate(_D).casefold())
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return _GAPS.sub(" ", bare).strip()
