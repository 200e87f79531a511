"""What a product looks like on a platform: the words and pictures that all of its listings share."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Final

_BREAK: Final = re.compile(r"<(?:br|hr|/p|/div|/li|/h[1-6]|/tr)\b[^<>]*>", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]*>")


@dataclass(frozen=True)
class Looks:
    """What a product shows, on each of its listings alike.

    `name`: of the product, without the words of its variants. `description`: plain text. `pictures`: how many the
    product itself has, those of single variants left out. None: the call that was made does not tell it.
    """

    name: str
    description: str | None = None
    pictures: int | None = None


def plain(markup: str) -> str:
    """The words of HTML, a line for each of its paragraphs and breaks; what is no HTML stays as it is."""
    spaced = _BREAK.sub("\n", markup)
    lines = (" ".join(line.split()) for line in html.unescape(_TAG.sub("", spaced)).splitlines())
    return "\n".join(line for line in lines if line)
