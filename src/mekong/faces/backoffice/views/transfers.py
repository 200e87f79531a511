"""Transfers: the list of what waits for whom, and the form that writes one down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mekong.catalog import queries as catalog
from mekong.faces.backoffice import words
from mekong.faces.backoffice.fields import Errors, read_number
from mekong.faces.backoffice.once import once
from mekong.faces.backoffice.stock_tabs import tabs
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.errors import MekongError
from mekong.foundation.paging import decode_cursor, encode_cursor
from mekong.inventory import commands, queries
from mekong.inventory.contracts import TransferView

PER_PAGE = 50
MOST_LINES = 500


@dataclass(frozen=True)
class State:
    """A tab of the list. `tone`: of its count, when there is any."""

    name: str
    word: str | Promise
    tone: str = ""


STATES = (
    State(queries.TO_DO, _("To do here")),
    State("draft", words.TRANSFER_STATES["draft"].word),
    State("requested", words.TRANSFER_STATES["requested"].word),
    State("ready", words.TRANSFER_STATES["ready"].word),
    State("in_transit", words.TRANSFER_STATES["in_transit"].word),
    State("differs", _("Differences"), "bad"),
    State("", _("All transfers")),
)


@page("inventory.view")
def transfers(visit: Visit) -> HttpResponse:
    """Transfers from and to the places of this person, what waits for them first."""
    counts = queries.count_transfers(actor=visit.actor)
    asked = visit.param("tab", queries.TO_DO if counts[queries.TO_DO] else "all")
    known = {each.name or "all": each for each in STATES}
    state = known.get(asked, known["all"])
    q, location, cursor = visit.param("q"), visit.param("location"), visit.param("cursor")
    found = queries.list_transfers(
        actor=visit.actor,
        tab=state.name,
        location=location,
        **_wanted(visit, q),
        before=decode_cursor(cursor, tuple[UUID])[0] if cursor else None,
        limit=PER_PAGE + 1,
    )
    shown = found[:PER_PAGE]
    context = {
        "stock_tabs": tabs(visit), "here_tab": "transfers", "states": [(each, counts.get(each.name)) for each in STATES],
        "state": state, "transfers": shown, "q": q, "location": location,
        "next_cursor": encode_cursor(shown[-1].id) if len(found) > PER_PAGE else None,
        "places": queries.list_locations(actor=visit.actor), "by_code": names(visit),
        "first": _first_lines(visit, shown), "may_transfer": visit.actor.may("inventory.transfer"),
        "may_limit": visit.actor.may("settings.manage"),
    }  # fmt: skip
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "list"
    return visit.render("stock/transfers_list.html" if part else "stock/transfers.html", context)


def names(visit: Visit) -> dict[str, Any]:
    """Every place by its code: a transfer names the other end too."""
    return {each.code: each for each in queries.list_places(actor=visit.actor)}


def _wanted(visit: Visit, text: str) -> dict[str, Any]:
    """A code by its beginning, or transfers that bring what the text finds in the catalogue."""
    if not text:
        return {}
    if text.upper().startswith("CK"):
        return {"code": text}
    found = catalog.search_variants(actor=visit.actor, text=text, limit=20).variants
    return {"variant_ids": [each.id for each in found]}


def _first_lines(visit: Visit, shown: list[TransferView]) -> dict[UUID, Any]:
    known = catalog.variants_by_id(actor=visit.actor, ids={each.lines[0].variant_id for each in shown if each.lines})
    return {each.id: known.get(each.lines[0].variant_id) for each in shown if each.lines}


# --- the form -------------------------------------------------------------------------------------------------------------


@dataclass
class Typed:
    """A line of the form as it was typed."""

    sku: str = ""
    quantity: str = ""


@page("inventory.transfer", methods=("GET", "HEAD", "POST"))
def create(visit: Visit) -> HttpResponse:
    """Write a transfer down; nothing moves yet."""
    return _form(visit, None)


@page("inventory.transfer", methods=("GET", "HEAD", "POST"))
def edit(visit: Visit, code: str) -> HttpResponse:
    """Write a draft anew."""
    transfer = queries.get_transfer(actor=visit.actor, code=code)
    if transfer.state != "draft" and not visit.is_post:
        return visit.redirect(f"/stock/transfers/{transfer.code}/")
    return _form(visit, transfer)


def _form(visit: Visit, transfer: TransferView | None) -> HttpResponse:
    errors = Errors()
    if visit.is_post:
        form = {"from": visit.posted("from"), "to": visit.posted("to"), "note": visit.posted("note", longest=300)}
        lines = _typed(visit)
        wanted = _read(visit, errors, form, lines)
        if not errors:
            try:
                return _write(visit, transfer, form, wanted)
            except MekongError as refused:
                at = {f"lines[{n}].{name}": f"{field}-{n}" for n in range(len(lines))
                      for name, field in (("quantity", "quantity"), ("sku", "sku"))}  # fmt: skip
                errors.take(refused, at)
    elif transfer is None:
        form = {"from": visit.param("from"), "to": visit.param("to"), "note": ""}
        lines = [Typed(visit.param("sku"), visit.param("n"))]
    else:
        form = {"from": transfer.from_code, "to": transfer.to_code, "note": transfer.note}
        known = catalog.variants_by_id(actor=visit.actor, ids=[line.variant_id for line in transfer.lines])
        lines = [
            Typed(known[line.variant_id].sku, str(line.quantity)) for line in transfer.lines if line.variant_id in known
        ]
    own = {each.code for each in queries.list_locations(actor=visit.actor)}
    places = queries.list_places(actor=visit.actor)
    if not form["from"] and not form["to"] and len(own) == 1:
        # Whoever works at one place most often asks for goods to come there.
        form["to"] = next(iter(own))
    context = {"transfer": transfer, "form": form, "lines": lines, "errors": errors, "places": places}
    return visit.render("stock/transfer_form.html", context, status=422 if errors else 200)


def _typed(visit: Visit) -> list[Typed]:
    columns = [visit.request.POST.getlist(name)[:MOST_LINES] for name in ("sku", "quantity")]
    length = max(map(len, columns), default=0)
    rows = [[(column[at] if at < len(column) else "")[:200].strip() for column in columns] for at in range(length)]
    return [Typed(*row) for row in rows if any(row)] or [Typed()]


def _read(visit: Visit, errors: Errors, form: dict[str, str], lines: list[Typed]) -> list[tuple[int, int]]:
    if not form["from"]:
        errors.add("from", gettext("Choose where the goods leave."))
    if not form["to"]:
        errors.add("to", gettext("Choose where the goods go."))
    known = catalog.variants_by_sku(actor=visit.actor, skus=[line.sku for line in lines if line.sku])
    wanted = []
    for at, line in enumerate(lines):
        variant = known.get(line.sku)
        if variant is None:
            errors.add(f"sku-{at}", gettext("There is no SKU “{sku}”. Choose one from the list.").format(sku=line.sku))
            continue
        if variant.is_bundle:
            errors.add(f"sku-{at}", gettext("{sku} is a bundle: move its parts.").format(sku=line.sku))
            continue
        wanted.append((variant.id, read_number(errors, f"quantity-{at}", line.quantity, least=1, most=10**9)))
    return wanted


def _write(
    visit: Visit, transfer: TransferView | None, form: dict[str, str], wanted: list[tuple[int, int]]
) -> HttpResponse:
    said: dict[str, Any] = {
        "actor": visit.actor, "from_code": form["from"], "to_code": form["to"], "lines": wanted, "now": visit.now,
        "note": form["note"],
    }  # fmt: skip

    def work() -> str:
        if transfer is not None:
            return f"/stock/transfers/{commands.change_transfer(transfer_id=transfer.id, **said).code}/"
        return f"/stock/transfers/{commands.draft_transfer(**said).code}/"

    return once(visit, work)


@page("inventory.transfer")
def scan(visit: Visit) -> HttpResponse:
    """What a scanner read or a person typed: the SKU it is of, and how many units of it."""
    code = visit.param("code")
    found = catalog.scan_barcodes(actor=visit.actor, codes=[code]).get(code)
    variant = found.variant if found else catalog.variants_by_sku(actor=visit.actor, skus=[code]).get(code)
    if not code or variant is None:
        return JsonResponse({"message": gettext("Nothing has the code {code}").format(code=code)}, status=404)
    if variant.is_bundle:
        message = gettext("{sku} is a bundle: move its parts.").format(sku=variant.sku)
        return JsonResponse({"message": message}, status=409)
    return JsonResponse({"sku": variant.sku, "name": variant.full_name, "units": found.units if found else 1})
