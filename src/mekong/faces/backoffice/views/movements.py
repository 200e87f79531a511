"""Looking through the ledger: by SKU, place, reason, document, person, time and sign; the whole answer as a file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext, override, pgettext

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import VariantView
from mekong.faces.backoffice import words
from mekong.faces.backoffice.fields import Errors, read_date
from mekong.faces.backoffice.stock_tabs import tabs
from mekong.faces.backoffice.templatetags.mekong import reason as reason_word
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation import queries as people
from mekong.foundation.actor import Actor
from mekong.foundation.paging import decode_cursor, encode_cursor
from mekong.inventory import queries
from mekong.inventory.contracts import MovementFound

PER_PAGE = 50
_AT_ONCE = 2_000
_FIELDS = ("sku", "location", "reason", "reference", "person", "since", "until", "sign")
DAYS = (("1", 0), ("7", 6), ("28", 27))


@dataclass
class Asked:
    """What is looked for: as typed, and as the query takes it."""

    form: dict[str, str]
    errors: Errors = field(default_factory=Errors)
    wanted: dict[str, Any] = field(default_factory=dict)

    @property
    def is_anything(self) -> bool:
        return any(self.form.values())


@page("inventory.view")
def movements(visit: Visit) -> HttpResponse:
    """Newest first, page by page."""
    asked = _asked(visit)
    cursor = visit.param("cursor")
    before = decode_cursor(cursor, tuple[datetime, int]) if cursor else None
    found = _find(visit.actor, asked, before, PER_PAGE + 1)
    shown = found[:PER_PAGE]
    today = timezone.localdate(visit.now)
    context = {
        "stock_tabs": tabs(visit), "here_tab": "movements", "form": asked.form, "errors": asked.errors,
        "is_filtered": asked.is_anything, "rows": shown, "people": _people(visit, asked), "reasons": words.REASONS,
        "places": queries.list_locations(actor=visit.actor), "by_code": _names(visit), "who": _who(shown),
        "variants": catalog.variants_by_id(actor=visit.actor, ids={each.variant_id for each in shown}),
        "next_cursor": encode_cursor(shown[-1].occurred_at, shown[-1].id) if len(found) > PER_PAGE else None,
        "spans": [(count, (today - timedelta(days=back)).isoformat()) for count, back in DAYS],
        "sees_costs": visit.actor.may("money.view_cost"),
    }  # fmt: skip
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "list"
    status = 422 if asked.errors else 200
    return visit.render("stock/movements_list.html" if part else "stock/movements.html", context, status=status)


def _asked(visit: Visit) -> Asked:
    asked = Asked({name: visit.param(name) for name in _FIELDS})
    form, errors = asked.form, asked.errors
    if form["sku"]:
        variant = _variant(visit, form["sku"])
        if variant is None:
            errors.add("sku", gettext("There is no SKU “{sku}”. Choose one from the list.").format(sku=form["sku"]))
        else:
            asked.wanted["variant_id"], form["sku"] = variant.id, variant.sku
    since, until = read_date(errors, "since", form["since"]), read_date(errors, "until", form["until"])
    if since:
        asked.wanted["since"] = _midnight(since)
    if until and until < date.max:
        asked.wanted["until"] = _midnight(until + timedelta(days=1))
    if since and until and until < since:
        errors.add("until", gettext("The last day is before the first. Swap them."))
    for name in ("location", "reason", "person"):
        if form[name]:
            asked.wanted[name] = form[name]
    if form["reference"]:
        text = form["reference"]
        asked.wanted["reference"] = text.upper() if text[2:3] == "-" else text
    if form["sign"] in ("in", "out"):
        asked.wanted["sign"] = form["sign"]
    return asked


def _variant(visit: Visit, text: str) -> VariantView | None:
    """By SKU, or by the code a scanner read."""
    found = catalog.variants_by_sku(actor=visit.actor, skus=[text]).get(text)
    if found is None and (scanned := catalog.scan_barcodes(actor=visit.actor, codes=[text]).get(text)):
        found = scanned.variant
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), timezone.get_current_timezone())


def _find(actor: Actor, asked: Asked, before: tuple[datetime, int] | None, limit: int) -> list[MovementFound]:
    if asked.errors:
        return []
    return queries.find_movements(actor=actor, before=before, limit=limit, **asked.wanted)


def _names(visit: Visit) -> dict[str, Any]:
    return {each.code: each for each in queries.list_places(actor=visit.actor)}


def _who(shown: Sequence[MovementFound]) -> dict[str, str]:
    names = people.names_of({each.actor for each in shown})
    refs = {each.actor for each in shown}
    return {
        ref: names.get(ref) or ref.removeprefix("channel:") if ref != "system" else gettext("System") for ref in refs
    }


def _people(visit: Visit, asked: Asked) -> dict[str, str]:
    """Who can be chosen: oneself, the system, whoever was clicked on, and all staff for those who manage it."""
    known = {visit.actor.ref: visit.actor.name, "system": gettext("System")}
    if visit.actor.may("staff.manage"):
        known |= people.staff_names(actor=visit.actor)
    if asked.form["person"] and asked.form["person"] not in known:
        ref = asked.form["person"]
        known |= {ref: people.names_of([ref]).get(ref, ref.removeprefix("channel:"))}
    return known


# --- the whole answer -----------------------------------------------------------------------------------------------------


@page("inventory.view")
def export(visit: Visit) -> HttpResponseBase:
    """Every movement that was found, as CSV that Excel opens; read and sent piece by piece, however long it is."""
    asked = _asked(visit)
    if asked.errors:
        return visit.redirect(f"/stock/movements/?{visit.request.GET.urlencode()}")
    disposition = content_disposition_header(True, f"mekong-{gettext('movements')}-{visit.now:%y%m%d}.csv")
    return StreamingHttpResponse(
        _csv(visit.actor, asked, visit.language), content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": disposition or "attachment"},
    )  # fmt: skip


async def _csv(actor: Actor, asked: Asked, language: str) -> AsyncIterator[bytes]:
    before: tuple[datetime, int] | None = None
    yield _lines([_heads(language, sees_costs=actor.may("money.view_cost"))], mark="\ufeff")
    while True:
        rows, before = await sync_to_async(_piece)(actor, asked, before, language)
        if rows:
            yield _lines(rows)
        if before is None:
            return


def _heads(language: str, *, sees_costs: bool) -> list[str]:
    with override(language):
        heads = [
            gettext("Time"), "SKU", gettext("Product"), pgettext("a transfer", "From"), pgettext("a transfer", "To"),
            gettext("Quantity"), gettext("Change"), gettext("Reason"), gettext("Document"), gettext("Note"),
            gettext("Lot"), gettext("Who"),
        ]  # fmt: skip
        return [*heads, gettext("Unit cost")] if sees_costs else heads


def _piece(
    actor: Actor, asked: Asked, before: tuple[datetime, int] | None, language: str
) -> tuple[list[list[str]], tuple[datetime, int] | None]:
    """The next rows, and where it goes on; the database's connection is given back until the next ones are wanted."""
    try:
        found = _find(actor, asked, before, _AT_ONCE)
        variants = catalog.variants_by_id(actor=actor, ids={each.variant_id for each in found})
        with override(language):
            who = _who(found)
            rows = [_cells(each, variants.get(each.variant_id), who, actor) for each in found]
    finally:
        connection.close()
    last = (found[-1].occurred_at, found[-1].id) if len(found) == _AT_ONCE else None
    return rows, last


def _cells(each: MovementFound, variant: VariantView | None, who: dict[str, str], actor: Actor) -> list[str]:
    cells = [
        f"{timezone.localtime(each.occurred_at):%d/%m/%Y %H:%M:%S}", variant.sku if variant else "",
        variant.full_name if variant else "", each.from_code, each.to_code, str(each.quantity), str(each.change),
        reason_word(each.reason), each.reference, each.note, each.lot, who[each.actor],
    ]  # fmt: skip
    if actor.may("money.view_cost"):
        cells.append("" if each.unit_cost_minor is None else str(each.unit_cost_minor))
    return cells


_FORMULA = re.compile(r"[=+@\t\r]|-(?!\d+$)")


def _lines(rows: Sequence[Sequence[str]], *, mark: str = "") -> bytes:
    """Rows as CSV; a text that a spreadsheet would take for a formula is marked as text."""
    out = io.StringIO()
    safe = [[f"'{cell}" if _FORMULA.match(cell) else cell for cell in row] for row in rows]
    csv.writer(out).writerows(safe)
    return (mark + out.getvalue()).encode()
