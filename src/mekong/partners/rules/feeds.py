"""Product feeds: what may be in one, and how two platforms want it written.

Source: Google Merchant Center product data specification; Meta catalogue fields for feeds.
"""

from __future__ import annotations

import csv
import html
import io
import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape

from mekong.foundation.money import to_decimal
from mekong.foundation.text import fold
from mekong.partners.contracts import FeedRow, Finding

LONGEST_TEMPLATE = 300
_DESCRIPTION = 5000
_MORE_PICTURES = 10
_PLACES = frozenset({"sku", "code", "product"})


@dataclass(frozen=True)
class Shape:
    """What differs between platforms before a row is written. `id_chars`, `title_chars`: their limits."""

    kind: str
    suffix: str
    media: str
    id_chars: int
    title_chars: int
    needs_brand: bool


SHAPES: Mapping[str, Shape] = {
    "google": Shape("google", "xml", "application/xml", 50, 150, needs_brand=False),
    "meta": Shape("meta", "csv", "text/csv; charset=utf-8", 100, 100, needs_brand=True),
}

LEFT_OUT = ("no_picture", "no_price", "bad_link", "id_too_long", "no_brand", "no_title")
NOTED = ("no_description", "title_shortened", "options_alike", "backorder")

_OPTION_OF: Mapping[str, str] = {
    **dict.fromkeys(("mau", "mau sac", "color", "colour"), "color"),
    **dict.fromkeys(("size", "co", "kich co", "kich thuoc", "kich thuoc size"), "size"),
    **dict.fromkeys(("chat lieu", "material"), "material"),
    **dict.fromkeys(("hoa tiet", "hoa van", "pattern"), "pattern"),
}


def option_field(name: str) -> str:
    """The platforms' field for an option of ours (“Màu sắc” is color); "" when they have none."""
    return _OPTION_OF.get(fold(name), "")


def plain(text: str) -> str:
    """Text without tags and entities, and without characters that XML does not have (XML 1.0, 2.2)."""
    bare = html.unescape(re.sub(r"<[^>]{0,2000}>", " ", text))
    kept = "".join(each for each in bare if each in "\n\t" or " " <= each <= "\ud7ff" or "\ue000" <= each <= "\ufffd"
                   or each >= "\U00010000")  # fmt: skip
    return re.sub(r"[ \t]+", " ", kept).strip()


def gtin_of(codes: tuple[str, ...]) -> str:
    """The first of these that is a GTIN for the whole world: its check digit fits, and it is none of a shop's own.

    Source: GS1 General Specifications: prefixes 02, 04 and 20 to 29 are for use within a company.
    """
    for code in codes:
        if not (code.isascii() and code.isdecimal() and len(code) in (8, 12, 13, 14)):
            continue
        digits = [int(each) for each in code.zfill(14)]
        total = sum(digit * (3 if place % 2 == 0 else 1) for place, digit in enumerate(digits[:13]))
        whole = code.zfill(14)
        is_own = len(code) != 8 and (whole[1] == "2" or whole[1:3] in ("02", "04"))
        if (10 - total % 10) % 10 == digits[13] and not is_own:
            return code
    return ""


def template_problem(template: str) -> str | None:
    """What is wrong with the template of product links, as an English sentence with its remedy."""
    try:
        names = {name for _, name, spec, conversion in string.Formatter().parse(template) if name is not None}
        strange = any(spec or conversion for _, _, spec, conversion in string.Formatter().parse(template))
    except ValueError:
        return "A brace is not closed. Write it like https://shop.example.vn/p/{{sku}}."
    if not names or not names <= _PLACES or strange:
        return "Put {{sku}}, {{code}} or {{product}} where the shop has it, as in https://shop.example.vn/p/{{sku}}."
    if len(template) > LONGEST_TEMPLATE or not _is_https(template.format_map(dict.fromkeys(_PLACES, "x"))):
        return "The links must begin with https:// and the shop’s own name, as in https://shop.example.vn/p/{{sku}}."
    return None


def link(template: str, *, sku: str, code: str, product: str) -> str:
    return template.format_map({name: quote(value, safe="") for name, value in
                                (("sku", sku), ("code", code), ("product", product))})  # fmt: skip


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and "." in (parts.hostname or "") and not re.search(r"\s", url)
    except ValueError:
        return False


def judge(row: FeedRow, shape: Shape, seen: set[tuple[str, tuple[tuple[str, str], ...]]]) -> list[Finding]:
    """What is wrong with a row for this platform. `seen`: option values of groups met so far; added to."""
    left_out = {
        "no_title": not row.title,
        "no_picture": not row.pictures,
        "no_price": row.price_minor <= 0,
        "bad_link": not _is_https(row.link) or not all(_is_https(each) for each in row.pictures[:1]),
        "id_too_long": len(row.sku) > shape.id_chars,
        "no_brand": shape.needs_brand and not (row.brand or row.gtin),
    }
    mark = (row.group, tuple(sorted(row.options.items())))
    noted = {
        "no_description": not row.description,
        "title_shortened": len(row.title) > shape.title_chars,
        "backorder": shape.kind == "google" and row.allow_backorder and row.quantity <= 0,
        "options_alike": bool(row.group) and mark in seen,
    }
    seen.add(mark)
    found = [Finding(row.sku, code, is_left_out=True) for code, is_so in left_out.items() if is_so]
    return found + [Finding(row.sku, code, is_left_out=False) for code, is_so in noted.items() if is_so]


def price(row: FeedRow) -> str:
    """`99000 VND`: decimal point, ISO 4217."""
    return f"{to_decimal(row.price_minor, row.currency)} {row.currency}"


# --- Google -----------------------------------------------------------------------------------------------------------


def google_head(title: str, home: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>'
        f"<title>{escape(plain(title))}</title><link>{escape(home)}</link><description>Mekong</description>\n"
    )


GOOGLE_FOOT = "</channel></rss>\n"


def google_item(row: FeedRow) -> str:
    """One `<item>`, on a line of its own."""
    return "<item>" + "".join(f"<g:{name}>{escape(value)}</g:{name}>" for name, value in _google(row)) + "</item>\n"


def _google(row: FeedRow) -> Iterator[tuple[str, str]]:
    shape = SHAPES["google"]
    yield "id", row.sku
    yield "title", row.title[: shape.title_chars]
    yield "description", (row.description or row.title)[:_DESCRIPTION]
    yield "link", row.link
    yield "image_link", row.pictures[0]
    for each in row.pictures[1 : 1 + _MORE_PICTURES]:
        yield "additional_image_link", each
    # “backorder” needs a day from which there are goods again, which nobody has said.
    yield "availability", "in_stock" if row.quantity > 0 else "out_of_stock"
    yield "price", price(row)
    yield "condition", "new"
    if row.brand:
        yield "brand", row.brand[:70]
    if row.gtin:
        yield "gtin", row.gtin
    else:
        yield "identifier_exists", "no"
    if row.group:
        yield "item_group_id", row.group[: shape.id_chars]
    yield from row.options.items()
    if row.category:
        yield "product_type", row.category[:750]
    if row.weight_g:
        yield "shipping_weight", f"{row.weight_g} g"


# --- Meta -------------------------------------------------------------------------------------------------------------

META_COLUMNS = (
    "id", "title", "description", "image_link", "link", "product_type", "brand", "price", "availability", "condition",
    "item_group_id", "additional_image_link", "color", "size", "material", "pattern", "gtin",
    "quantity_to_sell_on_facebook",
)  # fmt: skip


def meta_head() -> str:
    return _csv(META_COLUMNS)


def meta_line(row: FeedRow) -> str:
    shape = SHAPES["meta"]
    is_there = row.quantity > 0
    values = {
        "id": row.sku,
        "title": row.title[: shape.title_chars],
        "description": (row.description or row.title)[:_DESCRIPTION],
        "image_link": row.pictures[0],
        "link": row.link,
        "product_type": row.category,
        "brand": row.brand[:100],
        "price": price(row),
        "availability": "in stock" if is_there else "available for order" if row.allow_backorder else "out of stock",
        "condition": "new",
        "item_group_id": row.group,
        "additional_image_link": ",".join(row.pictures[1 : 1 + _MORE_PICTURES]),
        "gtin": row.gtin,
        "quantity_to_sell_on_facebook": str(max(0, row.quantity)),
        **row.options,
    }
    return _csv(tuple(values.get(name, "") for name in META_COLUMNS))


def _csv(cells: tuple[str, ...]) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(cells)
    return out.getvalue()
