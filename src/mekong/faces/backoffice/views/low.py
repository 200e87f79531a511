"""What runs low where, how long it lasts, and the transfer that mends it."""

from __future__ import annotations

import io
from collections.abc import Iterator

import xlsxwriter
from django.http import HttpResponse
from django.utils.translation import gettext

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import VariantView
from mekong.faces.backoffice import kept_files
from mekong.faces.backoffice.fields import Errors, read_number
from mekong.faces.backoffice.once import once
from mekong.faces.backoffice.stock_tabs import tabs
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.paging import decode_cursor, encode_cursor
from mekong.inventory import commands, queries
from mekong.inventory.contracts import LowLine

PER_PAGE = 50
_AT_ONCE = 500


@page("inventory.view")
def low(visit: Visit) -> HttpResponse:
    """The emptiest first; beside each what it needs and who has some to spare."""
    location, cursor = visit.param("location"), visit.param("cursor")
    after = {"after": decode_cursor(cursor, tuple[int, int, int])} if cursor else {}
    found = queries.list_low_lines(actor=visit.actor, now=visit.now, location=location, limit=PER_PAGE + 1, **after)
    shown = found[:PER_PAGE]
    places = queries.list_locations(actor=visit.actor)
    context = {
        "stock_tabs": tabs(visit), "here_tab": "low", "location": location, "places": places,
        "rows": _with_variants(visit, shown), "by_code": {each.code: each for each in places},
        "next_cursor": encode_cursor(*_key(shown[-1])) if len(found) > PER_PAGE else None,
        "may_transfer": visit.actor.may("inventory.transfer"),
        "count": queries.count_low(actor=visit.actor, location=location),
    }  # fmt: skip
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "list"
    return visit.render("stock/low_list.html" if part else "stock/low.html", context)


def _key(line: LowLine) -> tuple[int, int, int]:
    return line.free - line.min_qty, line.variant_id, line.location_id


def _with_variants(visit: Visit, lines: list[LowLine]) -> list[tuple[VariantView, LowLine]]:
    known = catalog.variants_by_id(actor=visit.actor, ids={each.variant_id for each in lines})
    return [(known[each.variant_id], each) for each in lines if each.variant_id in known]


@page("inventory.transfer", methods=("POST",))
def move(visit: Visit) -> HttpResponse:
    """Draft the transfer that a row offers; its page opens, where it can be changed before it goes on."""
    errors = Errors()
    units = read_number(errors, "units", visit.posted("units"), least=1, most=10**9)
    sku = visit.posted("sku", longest=200)
    variant = catalog.variants_by_sku(actor=visit.actor, skus=[sku]).get(sku)
    if errors or variant is None:
        visit.flash(gettext("There is no SKU “{sku}”. Choose one from the list.").format(sku=sku), tone="bad")
        return visit.redirect("/stock/low/")

    def work() -> str:
        made = commands.draft_transfer(
            actor=visit.actor, from_code=visit.posted("from", longest=30), to_code=visit.posted("to", longest=30),
            lines=[(variant.id, units)], now=visit.now, note=gettext("Runs low"),
        )  # fmt: skip
        return f"/stock/transfers/{made.code}/"

    return once(visit, work)


@page("inventory.view")
def export(visit: Visit) -> HttpResponse:
    """All that is low, as a workbook."""
    heads = (
        "SKU", gettext("Product"), gettext("Location"), gettext("Free to sell"), gettext("Low from"),
        gettext("Fill up to"), gettext("Incoming"), gettext("Sold in 28 days"), gettext("Lasts (days)"),
        gettext("Wanted"), gettext("Can come from"), gettext("To spare there"),
    )  # fmt: skip
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet(gettext("Low stock"))
        sheet.write_row(0, 0, heads, book.add_format({"bold": True}))
        sheet.set_column(0, 0, 16)
        sheet.set_column(1, 1, 40)
        sheet.freeze_panes(1, 0)
        for at, (variant, line) in enumerate(_all(visit), 1):
            cells = (
                variant.sku, variant.full_name, line.location_code, line.free, line.min_qty, line.max_qty,
                line.incoming, line.sold, line.days, line.wanted, line.spare_at, line.spare,
            )  # fmt: skip
            for column, cell in enumerate(cells):
                sheet.write(at, column, cell)
    return kept_files.download(out, f"mekong-{gettext('low-stock')}-{visit.now:%y%m%d}.xlsx")


def _all(visit: Visit) -> Iterator[tuple[VariantView, LowLine]]:
    after = queries.FIRST_LOW
    while True:
        found = queries.list_low_lines(
            actor=visit.actor, now=visit.now, location=visit.param("location"), after=after, limit=_AT_ONCE
        )
        yield from _with_variants(visit, found)
        if len(found) < _AT_ONCE:
            return
        after = _key(found[-1])
