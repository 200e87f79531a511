"""Labels for goods: which, how many of each, on which paper; seen first, then printed."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from mekong.catalog import commands, queries
from mekong.catalog.contracts import VariantView
from mekong.faces.backoffice.fields import Errors, read_number, whole_number
from mekong.faces.backoffice.templatetags.mekong import money
from mekong.faces.backoffice.visit import Visit, page
from mekong.faces.printing import labels
from mekong.inventory import queries as inventory

PAPERS = {
    "50x30": _("Roll 50 × 30 mm"), "35x22x2": _("Roll 35 × 22 mm, 2 in a row"),
    "35x22x3": _("Roll 35 × 22 mm, 3 in a row"), "a4-3x8": _("A4 sheet, 3 × 8 labels of 70 × 37 mm"),
    "a4-5x13": _("A4 sheet, 5 × 13 labels of 38 × 21 mm"),
}  # fmt: skip
MOST_LINES = 300
MOST_COPIES = 1_000
_KEPT = "labels"
"""Paper, shop and what is shown stay with the session: the next labels are printed as these."""


@dataclass
class Line:
    """A variant as it was typed, and how many labels of it."""

    sku: str = ""
    copies: str = "1"
    variant: VariantView | None = None
    is_too_fine: bool = False

    @property
    def code(self) -> str:
        """What its bars say: its barcode, else its SKU."""
        if self.variant is None:
            return ""
        return self.variant.barcodes[0] if self.variant.barcodes else self.variant.sku


@dataclass
class Wanted:
    paper: str = "50x30"
    start: str = "1"
    shop: str = ""
    with_price: bool = True

    @property
    def sheet(self) -> labels.Paper:
        return labels.PAPERS[self.paper]


@page("catalog.view", methods=("GET", "HEAD", "POST"))
def sheet(visit: Visit) -> HttpResponse:
    """Choose, see, print. Everything that was chosen travels in the form."""
    if not visit.is_post:
        return _show(visit, _asked(visit), _kept(visit), Errors())
    wanted, lines, errors = _wanted(visit), _typed(visit), Errors()
    act = visit.posted("act")
    if act == "add":
        lines += _found(visit, errors, [line.sku for line in lines]) if visit.posted("find") or not lines else []
    elif act == "receipt":
        lines += _received(visit, errors)
    elif act == "stock":
        _by_stock(visit, lines)
    elif act == "codes":
        return _give_codes(visit, lines, wanted)
    elif act in ("print", "preview"):
        return _print(visit, lines, wanted, errors, is_preview=act == "preview")
    return _show(visit, lines, wanted, errors, status=422 if errors else 200)


def _show(
    visit: Visit, lines: list[Line], wanted: Wanted, errors: Errors, *, status: int = 200, **more: Any
) -> HttpResponse:
    _know(visit, lines, wanted)
    known = [line for line in lines if line.variant is not None]
    context = {
        "lines": lines, "wanted": wanted, "errors": errors, "papers": PAPERS,
        "without_code": sum(not line.variant.barcodes for line in known if line.variant is not None),
        "may_edit": visit.actor.may("catalog.edit"), "sees_stock": visit.actor.may("inventory.view"), **more,
    }  # fmt: skip
    context |= _figures(lines, wanted)
    return visit.render("products/labels.html", context, status=status)


def _figures(lines: Sequence[Line], wanted: Wanted) -> dict[str, int]:
    count = sum(max(whole_number(line.copies) or 0, 0) for line in lines if line.variant is not None)
    start = min(max(whole_number(wanted.start) or 1, 1), wanted.sheet.places)
    return {"count": count, "pages": labels.pages(wanted.sheet, count, start)}


def _know(visit: Visit, lines: Sequence[Line], wanted: Wanted) -> None:
    variants = queries.variants_by_sku(actor=visit.actor, skus={line.sku for line in lines if line.sku})
    for line in lines:
        line.variant = variants.get(line.sku)
        line.is_too_fine = bool(line.code) and labels.is_too_fine(wanted.sheet, line.code)


# --- what is chosen ---------------------------------------------------------------------------------------------------


def _asked(visit: Visit) -> list[Line]:
    """What a link names: products or variants picked in a list, what a search finds, or a receipt."""
    given = visit.request.GET
    products = [text[:64].replace("\x00", "") for text in given.getlist("pick")[:MOST_LINES]]
    lines = [Line(text[:64].replace("\x00", "")) for text in given.getlist("sku")[:MOST_LINES]]
    if products:
        named = queries.variants_by_sku(actor=visit.actor, skus=products)
        lines += _of_products(visit, list(dict.fromkeys(each.product_id for each in named.values())))
    elif visit.param("q") or visit.param("category") or visit.param("brand"):
        found = queries.list_products(
            actor=visit.actor, q=visit.param("q"), category=visit.param("category"), brand=visit.param("brand"),
            status="active", limit=100,
        )  # fmt: skip
        lines += _of_products(visit, [row.id for row in found.items])
    if visit.param("receipt") and visit.actor.may("inventory.view"):
        lines += _of_receipt(visit, visit.param("receipt"))
    return lines[:MOST_LINES]


def _of_products(visit: Visit, ids: Sequence[int]) -> list[Line]:
    found = queries.variants_of(actor=visit.actor, product_ids=ids)
    return [Line(each.sku) for key in ids for each in found.get(key, ()) if each.status == "active"]


def _of_receipt(visit: Visit, reference: str) -> list[Line]:
    units = inventory.units_received(actor=visit.actor, reference=reference)
    variants = queries.variants_by_id(actor=visit.actor, ids=units)
    return [Line(variants[key].sku, str(min(count, MOST_COPIES))) for key, count in units.items() if key in variants]


def _typed(visit: Visit) -> list[Line]:
    skus, copies = (visit.request.POST.getlist(name)[:MOST_LINES] for name in ("sku", "copies"))
    return [
        Line(sku.strip()[:64].replace("\x00", ""), count.strip()[:10])
        for sku, count in zip(skus, copies, strict=False)
        if sku.strip()
    ]


def _found(visit: Visit, errors: Errors, present: Sequence[str]) -> list[Line]:
    """What was searched for: the one that it names, else everything that it finds."""
    text = visit.posted("find", longest=200)
    if not text:
        errors.add("find", gettext("Type a SKU, a barcode or words of the name."))
        return []
    found = queries.search_variants(actor=visit.actor, text=text, limit=50).variants
    exact = [each for each in found if text in (each.sku, *each.barcodes)]
    if not found:
        errors.add("find", gettext("Nothing is found for “{text}”. Try a shorter word.").format(text=text))
    return [Line(each.sku) for each in exact or found if each.sku not in present]


def _received(visit: Visit, errors: Errors) -> list[Line]:
    reference = visit.posted("receipt", longest=80)
    found = _of_receipt(visit, reference) if reference else []
    if not found:
        errors.add("receipt", gettext("No goods came in under “{code}”. Check the code.").format(code=reference))
    return found


def _by_stock(visit: Visit, lines: Sequence[Line]) -> None:
    """As many labels as there are units on hand."""
    _know(visit, lines, _wanted(visit))
    ids = [line.variant.id for line in lines if line.variant is not None]
    on_hand: dict[int, int] = dict.fromkeys(ids, 0)
    for level in inventory.levels(actor=visit.actor, variant_ids=ids, limit=20_000):
        on_hand[level.variant_id] += level.on_hand
    for line in lines:
        if line.variant is not None:
            line.copies = str(min(max(on_hand[line.variant.id], 0), MOST_COPIES))


def _give_codes(visit: Visit, lines: list[Line], wanted: Wanted) -> HttpResponse:
    """Numbers of the shop's own for what has no barcode. A second click finds that all have one."""
    visit.actor.require("catalog.edit")
    _know(visit, lines, wanted)
    ids = [line.variant.id for line in lines if line.variant is not None]
    given = commands.give_internal_barcodes(actor=visit.actor, variant_ids=ids, now=visit.now)
    said = ngettext("{n} barcode given", "{n} barcodes given", len(given)).format(n=len(given))
    return _show(visit, lines, wanted, Errors(), said=said)


# --- on paper ---------------------------------------------------------------------------------------------------------


def _kept(visit: Visit) -> Wanted:
    kept = visit.request.session.get(_KEPT, {})
    paper = visit.param("paper") or str(kept.get("paper", ""))
    return Wanted(
        paper=paper if paper in PAPERS else "50x30",
        shop=str(kept.get("shop", "")),
        with_price=bool(kept.get("with_price", True)),
    )


def _wanted(visit: Visit) -> Wanted:
    paper = visit.posted("paper")
    return Wanted(
        paper=paper if paper in PAPERS else "50x30",
        start=visit.posted("start", "1", longest=6),
        shop=visit.posted("shop", longest=40),
        with_price=bool(visit.posted("with_price")),
    )


def _print(visit: Visit, lines: list[Line], wanted: Wanted, errors: Errors, *, is_preview: bool) -> HttpResponse:
    _know(visit, lines, wanted)
    chosen, start = _read(lines, wanted, errors)
    if is_preview:
        shown = ""
        if not errors:
            shown = base64.b64encode(labels.label_preview(wanted.sheet, chosen, start)).decode()
        context = {"picture": shown, "errors": errors, **_figures(lines, wanted)}
        return visit.render("products/labels_preview.html", context)
    if errors:
        return _show(visit, lines, wanted, errors, status=422)
    visit.request.session[_KEPT] = {"paper": wanted.paper, "shop": wanted.shop, "with_price": wanted.with_price}
    made = labels.label_pdf(wanted.sheet, chosen, start)
    name = content_disposition_header(False, f"{gettext('labels')}-{visit.now:%Y%m%d-%H%M}.pdf")
    return HttpResponse(made, content_type="application/pdf", headers={"Content-Disposition": name or "inline"})


def _read(lines: Sequence[Line], wanted: Wanted, errors: Errors) -> tuple[list[tuple[labels.Label, int]], int]:
    chosen = []
    for at, line in enumerate(lines):
        if line.variant is None:
            errors.add(f"sku-{at}", gettext("There is no SKU “{sku}”. Choose one from the list.").format(sku=line.sku))
            continue
        copies = read_number(errors, f"copies-{at}", line.copies, most=MOST_COPIES)
        if copies:
            chosen.append((_label(line, line.variant, wanted), copies))
    start = read_number(errors, "start", wanted.start, least=1, most=wanted.sheet.places)
    count = sum(copies for _, copies in chosen)
    if not errors and not count:
        errors.whole = gettext("No label yet: add goods and say how many of each.")
    elif count > labels.MOST_LABELS:
        most = labels.MOST_LABELS
        errors.whole = gettext("{count} labels are too many at once: print at most {most}.").format(
            count=count, most=most
        )
    return chosen, start


def _label(line: Line, variant: VariantView, wanted: Wanted) -> labels.Label:
    price = money(variant.price_minor, variant.currency) if wanted.with_price else ""
    return labels.Label(variant.product_name, variant.title, price, line.code, wanted.shop)
