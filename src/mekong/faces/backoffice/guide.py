"""Guides of the pages: short texts in both languages, found by a page's address, rendered without trusting them.

A guide is a file of the package in a small part of Markdown: `# title`, `## head`, paragraphs, `- ` and `1. ` lists,
`**strong**`, `[words](/address/)`, and `[[Button]]` for the words of something to press on the page itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

FOLDER = Path(__file__).parent / "guides"
LANGUAGES = ("vi", "en")

_PAGES: tuple[tuple[str, str], ...] = (
    (r"/", "home"),
    (r"/today/.*", "work"),
    (r"/welcome/.*", "welcome"),
    (r"/orders/", "orders"),
    (r"/orders/bulk/.*", "orders"),
    (r"/orders/filters/.*", "order-filters"),
    (r"/orders/returns/.*", "order-returns"),
    (r"/orders/.*", "order"),
    (r"/products/", "products"),
    (r"/products/new/|/products/.+/edit/", "product-form"),
    (r"/products/import/.*", "product-import"),
    (r"/products/categories/.*", "categories"),
    (r"/products/labels/.*", "labels"),
    (r"/products/grid/", "product-grid"),
    (r"/products/publish/.*", "publish"),
    (r"/products/.*", "product"),
    (r"/members/", "members"),
    (r"/members/join/", "member-join"),
    (r"/members/.*", "member"),
    (r"/stock/", "stock"),
    (r"/stock/(adjust|transfers)/file/", "stock-file"),
    (r"/stock/adjust/.*", "stock-adjust"),
    (r"/stock/controls/.*", "stock-rules"),
    (r"/stock/transfers/.*", "transfers"),
    (r"/stock/adjustments/.*", "approvals"),
    (r"/stock/limits/", "approval-limits"),
    (r"/stock/low/.*", "low-stock"),
    (r"/stock/movements/.*", "movements"),
    (r"/stock/campaigns/.*", "campaigns"),
    (r"/stock/.*", "stock-card"),
    (r"/offers/|/offers/cards/.*", "gift-cards"),
    (r"/offers/games/.*", "games"),
    (r"/channels/", "channels"),
    (r"/channels/new/", "channel-new"),
    (r"/channels/health/.*|/channels/[^/]+/read-backs/.*", "channel-health"),
    (r"/consistency/.*", "consistency"),
    (r"/channels/[^/]+/match/", "channel-match"),
    (r"/channels/[^/]+/categories/.*", "channel-categories"),
    (r"/channels/[^/]+/publishing/.*", "channel-publishing"),
    (r"/channels/[^/]+/orders-file/.*", "orders-file"),
    (r"/channels/.*", "channel"),
    (r"/prices/promotions/.*", "promotions"),
    (r"/prices/vouchers/.*", "vouchers"),
    (r"/prices/policy/.*", "price-policy"),
    (r"/prices/.*", "price-lists"),
    (r"/live/.*", "live"),
    (r"/account/.*", "account"),
    (r"/settings/", "settings"),
    (r"/settings/staff/seats/.*", "seats"),
    (r"/settings/staff/.*", "staff"),
    (r"/settings/membership/.*", "membership"),
    (r"/settings/security/.*", "security"),
    (r"/settings/audit/.*", "audit-trail"),
    (r"/settings/webhooks/.*", "webhooks"),
    (r"/settings/apps/.*", "apps"),
    (r"/settings/feeds/.*", "feeds"),
)
"""Addresses to guides; the first that fits. What none fits is helped by the guide of today's work."""

_INLINE = re.compile(r"\*\*(?P<strong>[^*]+)\*\*|\[\[(?P<press>[^\]]+)\]\]|\[(?P<words>[^\]]+)\]\((?P<to>/[^)\s]*)\)")


@dataclass(frozen=True)
class Guide:
    name: str
    title: str
    body: SafeString
    presses: tuple[str, ...]


def name_for(path: str) -> str:
    """The guide of the page at this address."""
    return next((name for pattern, name in _PAGES if re.fullmatch(pattern, path)), "home")


def names() -> list[str]:
    """Every guide there is, in the order of the pages."""
    return list(dict.fromkeys(name for _, name in _PAGES))


@lru_cache(maxsize=200)
def read(name: str, language: str) -> Guide:
    """A guide in a language. Raises: KeyError, where there is none of that name."""
    if name not in names():
        raise KeyError(name)
    text = (FOLDER / (language if language in LANGUAGES else "vi") / f"{name}.md").read_text(encoding="utf-8")
    head, _, rest = text.partition("\n")
    presses = tuple(found["press"] for found in _INLINE.finditer(text) if found["press"])
    return Guide(name, head.removeprefix("# ").strip(), rendered(rest), presses)


def rendered(text: str) -> SafeString:
    """A text in this small Markdown as HTML. Everything that is not of it stays text."""
    return mark_safe("\n".join(_blocks(text)))  # noqa: S308 - made of escaped pieces alone


def _blocks(text: str) -> Iterator[str]:
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = [line.strip() for line in block.splitlines() if line.strip()]
        if not lines:
            continue
        for kind, mark in (("ul", r"- "), ("ol", r"\d+\. ")):
            if all(re.match(mark, line) for line in lines):
                items = format_html_join(
                    "", "<li>{}</li>", ((_inline(re.sub(f"^{mark}", "", line)),) for line in lines)
                )
                yield str(format_html("<{}>{}</{}>", kind, items, kind))
                break
        else:
            if lines[0].startswith("## "):
                yield str(format_html("<h3>{}</h3>", lines[0].removeprefix("## ")))
                lines = lines[1:]
            if lines:
                yield str(format_html("<p>{}</p>", _inline(" ".join(lines))))


def _inline(text: str) -> SafeString:
    pieces, at = [], 0
    for found in _INLINE.finditer(text):
        pieces.append(conditional_escape(text[at : found.start()]))
        if found["strong"]:
            pieces.append(format_html("<b>{}</b>", found["strong"]))
        elif found["press"]:
            pieces.append(format_html('<span class="press">{}</span>', found["press"]))
        else:
            pieces.append(format_html('<a href="{}">{}</a>', found["to"], found["words"]))
        at = found.end()
    pieces.append(conditional_escape(text[at:]))
    return mark_safe("".join(pieces))  # noqa: S308 - as above
