"""Price lists: which there are, for whom, and what stands in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from mekong.catalog import queries as catalog
from mekong.catalog.commands import tables
from mekong.catalog.contracts import VariantView
from mekong.faces.backoffice import channel_book
from mekong.faces.backoffice.fields import Errors
from mekong.faces.backoffice.once import once
from mekong.faces.backoffice.price_fields import (
    Field,
    Typed,
    audience_fields,
    audience_typed,
    bare_percent,
    blame,
    read_audience,
    read_dates,
    read_percent,
    read_whole,
    typed,
)
from mekong.faces.backoffice.price_tabs import tabs
from mekong.faces.backoffice.promotion_words import audience_words, span_words
from mekong.faces.backoffice.templatetags.mekong import num
from mekong.faces.backoffice.visit import Visit, page
from mekong.faces.price_checks import check_places
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import Invalid, MekongError
from mekong.foundation.paging import decode_cursor, encode_cursor
from mekong.pricing import commands, queries
from mekong.pricing.contracts.basket import Step
from mekong.pricing.contracts.lists import EntryLine, ListDraft, ListView
from mekong.pricing.errors import PriceListInvalid

PER_PAGE = 50
MOST_PASTED = 5_000
_KINDS = (("base", _("Base list: says what goods cost")), ("sale", _("Sale list: lowers the price while it lasts")))


@dataclass(frozen=True)
class ListRow:
    view: ListView
    whom: str
    span: str


@dataclass(frozen=True)
class PriceRow:
    """One step of one variant. `is_low`: below the price floor. `margin_bp`: of the price, where the cost is known."""

    variant: VariantView
    from_units: int
    price_minor: int | None
    cost_minor: int | None
    margin_bp: int | None
    is_low: bool
    why: str = ""


def _row(view: ListView, channels: Mapping[str, str]) -> ListRow:
    return ListRow(view, ". ".join(audience_words(view.audience, channels)), span_words(view.starts_at, view.ends_at))


@page("pricing.view")
def home(visit: Visit) -> HttpResponse:
    """The room opens at its lists."""
    return visit.redirect("/prices/lists/")


@page("pricing.view")
def lists(visit: Visit) -> HttpResponse:
    """Those in use first, by what decides."""
    channels = {code: mark.name for code, mark in channel_book.marks().items()}
    rows = [_row(each, channels) for each in queries.list_price_lists(actor=visit.actor)]
    context = {
        "rows": rows, "price_tabs": tabs(visit), "here_tab": "lists", "may_manage": visit.actor.may("pricing.manage"),
    }  # fmt: skip
    return visit.render("prices/lists.html", context)


# --- one list ---------------------------------------------------------------------------------------------------------


@page("pricing.view")
def price_list(visit: Visit, code: str) -> HttpResponse:
    """The prices of a list, searched or page by page."""
    return _show(visit, code)


def _show(
    visit: Visit,
    code: str,
    *,
    status: int = 200,
    refused: str = "",
    pasted: str = "",
    tried: Mapping[str, str] | None = None,
) -> HttpResponse:
    found = queries.get_price_list(actor=visit.actor, code=code)
    q, cursor = visit.param("q"), visit.param("cursor")
    more = None
    if q:
        variants = catalog.search_variants(actor=SYSTEM, text=q, limit=PER_PAGE).variants
        views = {each.id: each for each in variants if each.currency == found.currency}
        priced = dict(queries.list_priced(actor=visit.actor, list_id=found.id, variant_ids=list(views), limit=PER_PAGE))
    else:
        after = decode_cursor(cursor, tuple[int])[0] if cursor else 0
        page_of = queries.list_priced(actor=visit.actor, list_id=found.id, after=after, limit=PER_PAGE + 1)
        more = encode_cursor(page_of[PER_PAGE - 1][0]) if len(page_of) > PER_PAGE else None
        priced = dict(page_of[:PER_PAGE])
        views = catalog.variants_by_id(actor=SYSTEM, ids=list(priced))
    channels = {key: mark.name for key, mark in channel_book.marks().items()}
    context = {
        "list": found, "row": _row(found, channels), "rows": _prices(visit, views, priced, tried or {}), "q": q,
        "next_cursor": more, "sees_costs": visit.actor.may("money.view_cost"), "refused": refused, "pasted": pasted,
        "may_manage": visit.actor.may("pricing.manage"), "guard": queries.price_guard(actor=visit.actor),
    }  # fmt: skip
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "list"
    return visit.render("prices/list_rows.html" if part else "prices/list.html", context, status=status)


def _prices(
    visit: Visit, views: Mapping[int, VariantView], priced: Mapping[int, Sequence[Step]], tried: Mapping[str, str]
) -> list[PriceRow]:
    guard, sees_costs = queries.price_guard(actor=visit.actor), visit.actor.may("money.view_cost")
    rows = []
    for variant, view in views.items():
        cost = view.cost_minor if sees_costs else None
        floor = queries.unit_floor(cost_minor=cost, guard_bp=guard)
        steps: Sequence[tuple[int, int | None]] = priced.get(variant) or ((1, None),)
        for units, price in steps:
            margin = None if cost is None or not price else (price - cost) * 10_000 // price
            is_low = floor is not None and price is not None and price < floor
            why = tried.get(f"{view.sku}\t{units}", "")
            rows.append(PriceRow(view, units, price, cost, margin, is_low, why))
    return rows


@page("pricing.manage", methods=("POST",))
def prices(visit: Visit, code: str) -> HttpResponse:
    """Set the prices that were typed in the table or pasted from a sheet, all or none."""
    found = queries.get_price_list(actor=visit.actor, code=code)
    pasted = visit.posted("pasted", longest=500_000)
    errors: dict[str, str] = {}
    lines = _pasted(pasted, found.currency, errors) if pasted else _typed_prices(visit, found.currency, errors)
    if errors:
        first = next(iter(errors.values()))
        return _show(visit, code, status=422, refused=first, pasted=pasted, tried=errors)
    here = f"/prices/lists/{found.code}/"
    if not lines:
        visit.flash(gettext("No price is other than before"))
        return visit.redirect(here)
    try:
        changed = commands.set_entries(actor=visit.actor, list_id=found.id, lines=lines, now=visit.now)
    except Invalid as refused:
        whole = Errors()
        whole.take(refused, {str(refused.params.get("field", "")): "pasted"})
        return _show(visit, code, status=422, refused=whole.by_field.get("pasted", ""), pasted=pasted)
    text = ngettext("{n} price changed", "{n} prices changed", changed)
    visit.flash(text.format(n=num(changed)) if changed else gettext("No price is other than before"))
    return visit.redirect(here + (f"?q={visit.posted('q', longest=100)}" if visit.posted("q") else ""))


def _typed_prices(visit: Visit, currency: str, errors: dict[str, str]) -> list[EntryLine]:
    """Rows of the table whose price is another than the one it came with."""
    columns = [visit.request.POST.getlist(name)[: PER_PAGE * 40] for name in ("sku", "from", "price", "was")]
    lines = []
    for sku, units, text, was in zip(*columns, strict=False):
        if text.strip() == was.strip() or not units.isdigit() or len(units) > 7:
            continue
        price = _money(text, currency, f"{sku}\t{units}", errors)
        lines.append(EntryLine(sku.replace("\x00", ""), price, int(units)))
    return lines


def _pasted(text: str, currency: str, errors: dict[str, str]) -> list[EntryLine]:
    """Lines of SKU and price, or SKU, from units and price, with tabs between them as a sheet gives them."""
    lines = []
    for number, line in enumerate(text.splitlines()[: MOST_PASTED + 1], 1):
        cells = [cell.strip() for cell in line.split("\t" if "\t" in line else ";")]
        if not any(cells):
            continue
        if len(cells) not in (2, 3) or (len(cells) == 3 and not cells[1].isdigit()):
            errors[str(number)] = gettext("Line {n}: SKU and price belong there, or SKU, from units and price.").format(
                n=number
            )
            return []
        units = int(cells[1][:8]) if len(cells) == 3 else 1
        lines.append(EntryLine(cells[0], _money(cells[-1], currency, str(number), errors), units))
    if len(lines) > MOST_PASTED:
        errors["lines"] = gettext("At most {most} lines at once. Import a file instead.").format(most=num(MOST_PASTED))
    return lines


def _money(text: str, currency: str, key: str, errors: dict[str, str]) -> int | None:
    if not text.strip():
        return None
    try:
        return tables.read_money(text.strip(), currency, "price")
    except MekongError:
        errors[key] = gettext("“{text}” is no price. Write it in digits, such as 125.000.").format(text=text[:40])
        return None


# --- its form ---------------------------------------------------------------------------------------------------------


def _fields() -> list[Field]:
    return [
        Field("name", _("Name"), is_needed=True, most=120),
        Field("code", _("Code"), hint=_("Letters A to Z, digits, dots and dashes."), is_needed=True, most=40),
        Field("kind", _("Kind"), "select", options=_KINDS),
        Field("currency", _("Currency"), hint=_("Three letters, such as VND."), is_needed=True, most=3),
        Field("priority", _("Priority"), "number", _("Of base lists that hold, the highest decides.")),
        Field("adjust", _("Goods without a price of their own"), "percent",
              _("Percent of the retail price, such as 90. Empty: the retail price.")),
        Field("is_net", _("Prices are without tax"), "check"),
        Field("is_active", _("In use"), "check"),
        *audience_fields(has_more=False),
    ]  # fmt: skip


@page("pricing.manage", methods=("GET", "HEAD", "POST"))
def create(visit: Visit) -> HttpResponse:
    """Make a list."""
    return _form(visit, None)


@page("pricing.manage", methods=("GET", "HEAD", "POST"))
def edit(visit: Visit, code: str) -> HttpResponse:
    """Change a list."""
    return _form(visit, queries.get_price_list(actor=visit.actor, code=code))


def _form(visit: Visit, kept: ListView | None) -> HttpResponse:
    fields, errors = _fields(), Errors()
    said = typed(visit, fields) if visit.is_post else _as_typed(kept)
    if visit.is_post:
        draft = _read(errors, said, kept)
        if not errors:
            try:
                return _save(visit, draft, kept)
            except MekongError as refused:
                blame(errors, refused, [each.name for each in fields] + ["adjust_bp"])
                if "adjust_bp" in errors.by_field:
                    errors.add("adjust", errors.by_field.pop("adjust_bp"))
    context = {
        "list": kept, "shown": said.show(fields, errors), "errors": errors,
        "back": f"/prices/lists/{kept.code}/" if kept else "/prices/lists/",
    }  # fmt: skip
    return visit.render("prices/list_form.html", context, status=422 if errors else 200)


def _as_typed(kept: ListView | None) -> Typed:
    if kept is None:
        return Typed({"currency": "VND", "kind": "base", "is_active": "on", "priority": "0"})
    found = audience_typed(kept.audience, kept.starts_at, kept.ends_at)
    found.values |= {
        "name": kept.name, "code": kept.code, "kind": "sale" if kept.is_sale else "base", "currency": kept.currency,
        "priority": str(kept.priority), "adjust": bare_percent(kept.adjust_bp), "is_net": "on" if kept.is_net else "",
        "is_active": "on" if kept.is_active else "",
    }  # fmt: skip
    return found


def _read(errors: Errors, said: Typed, kept: ListView | None) -> ListDraft:
    values = said.values
    audience = read_audience(errors, said, kept.audience if kept else {})
    priority = values["priority"].lstrip("-−")
    number = read_whole(errors, "priority", priority) or 0
    return ListDraft(
        code=values["code"], name=values["name"], currency=values["currency"].upper(),
        priority=-number if priority != values["priority"] else number,
        is_sale=values["kind"] == "sale", is_net=bool(values["is_net"]),
        adjust_bp=read_percent(errors, "adjust", values["adjust"], most=100_000),
        audience=audience, is_active=bool(values["is_active"]), **read_dates(errors, said),
    )  # fmt: skip


def _save(visit: Visit, draft: ListDraft, kept: ListView | None) -> HttpResponse:
    check_places(draft.audience, PriceListInvalid)

    def work() -> str:
        made = commands.save_price_list(
            actor=visit.actor, draft=draft, list_id=kept.id if kept else None, now=visit.now
        )
        return f"/prices/lists/{made.code}/"

    answer = once(visit, work)
    visit.flash(gettext("The price list is saved"))
    return answer
