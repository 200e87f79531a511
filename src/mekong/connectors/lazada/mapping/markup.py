"""Descriptions: plain text here, HTML there."""

from __future__ import annotations

import html
import re


def as_html(text: str) -> str:
    """Plain text as paragraphs: what looks like a tag in it is no tag."""
    parts = re.split(r"\n\s*\n", text.strip().replace("\r\n", "\n"))
    return "".join(
        f"<p>{html.escape(part, quote=False).replace(chr(10), '<br/>')}</p>" for part in parts if part.strip()
    )


def lines_of(markup: str) -> list[str]:
    """The lines of words in HTML, to compare by: the platform writes its tags anew."""
    spaced = re.sub(r"<(?:br|/p|/div|/li)[^<>]*>", "\n", markup, flags=re.IGNORECASE)
    return lines(html.unescape(re.sub(r"<[^<>]*>", "", spaced)))


def lines(text: str) -> list[str]:
    return [words for line in text.splitlines() if (words := " ".join(line.split()))]
