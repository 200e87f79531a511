"""The list of products, and one product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.http import HttpResponse
from django.utils.translation import gettext

from mekong.catalog import commands, queries
from mekong.catalog.contracts import ProductPage, ProductRow, ProductView, VariantView
from mekong.channels import queries as channels
from mekong.channels.contracts import Completeness, ListingView
from mekong.faces import bundling
from mekong.faces.backoffice import channel_book, readiness, words
from mekong.faces.backoffice.marks import Mark
from mekong.faces.backoffice.once import once
from mekong.faces.backoffice.views import bundle, pictures, publish
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.errors import MekongError
from mekong.inventory import queries as inventory

PER_PAGE = 50
MOST_PAGES = 20
"""Of 200 products, looked through for one page of those that lack something."""
STATES = ("active", "draft", "archived")


@dataclass
class Figure:
    """What one channel says of a product's variants together. `problem`: a listing among them does not go through."""

    quantity: int | None = None
    shown: int | None = None
    listed: int = 0
    is_waiting: bool = False
    problem: bool = False


@dataclass
class Line:
    """One row of the list."""

    row: ProductRow
    variants: tuple[VariantView, ...]
    on_hand: int = 0
    reserved: int = 0
    on_channels: dict[str, Figure] = field(default_factory=dict)
    lacking: list[tuple[Mark, Completeness]] = field(default_factory=list)
    """Kinds of platform that require something it has not."""

    @property
    def is_bundle(self) -> bool:
        """Sells from its parts' stock, and has none of its own."""
        return bool(self.variants) and all(each.is_bundle for each in self.variants)

    @property
    def free(self) -> int:
        return self.on_hand - self.reserved


@page("catalog.view")
def products(visit: Visit) -> HttpResponse:
    """Search, filters, and a page of rows with stock and what every channel shows."""
    status = visit.param("status", "active")
    status = status if status in (*STATES, "all") else "active"
    q, category, brand = visit.param("q"), visit.param("category"), visit.param("brand")
    lacking = visit.param("lacking")
    shown = remote_channels(visit)
    asked = readiness.kinds(shown)
    lacking = lacking if lacking in asked else ""
    wanted = {"q": q, "category": category, "brand": brand, "status": "" if status == "all" else status}
    found = (_lacking if lacking else _found)(visit, wanted, shown, lacking)
    context = {
        "lines": _lines(visit, found.items, shown), "next_cursor": found.next_cursor, "status": status, "q": q,
        "category": category, "brand": brand, "channels": shown, "states": words.PRODUCT_STATES,
        "categories": queries.list_categories(actor=visit.actor), "lacking": lacking, "asked": asked,
        "is_filtered": bool(q or category or brand or lacking),
        "may_edit": visit.actor.may("catalog.edit"), "may_import": visit.actor.may("catalog.import"),
        "sees_stock": visit.actor.may("inventory.view"), "may_publish": publish.is_offered(visit),
    }  # fmt: skip
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "list"
    return visit.render("products/list.html" if part else "products/index.html", context)


def _found(visit: Visit, wanted: Mapping[str, str], shown: Sequence[Mark], lacking: str) -> ProductPage:  # noqa: ARG001 - the form of `_lacking`
    cursor = visit.param("cursor") or None
    return queries.list_products(actor=visit.actor, cursor=cursor, limit=PER_PAGE, **wanted)


def _lacking(visit: Visit, wanted: Mapping[str, str], shown: Sequence[Mark], lacking: str) -> ProductPage:
    """Products that lack something a kind of platform requires: page by page is looked through until there are enough.

    It stops after a bounded number, with the way on: a catalogue in which hardly anything is lacking is long.
    """
    rows: list[ProductRow] = []
    cursor = visit.param("cursor") or None
    asked = [mark for mark in shown if mark.kind == lacking]
    for _ in range(MOST_PAGES):
        page_found = queries.list_products(actor=visit.actor, cursor=cursor, limit=4 * PER_PAGE, **wanted)
        ready = readiness.of_products(visit, [row.id for row in page_found.items], asked)
        rows += [row for row in page_found.items if row.id in ready and ready[row.id][lacking].missing]
        cursor = page_found.next_cursor
        if cursor is None or len(rows) >= PER_PAGE:
            break
    return ProductPage(tuple(rows), cursor)


def remote_channels(visit: Visit) -> list[Mark]:
    """Marketplace channels this person may see, in their fixed order."""
    if not visit.actor.may("channels.view"):
        return []
    found = [each for each in channels.list_channels(actor=visit.actor) if each.is_remote and each.is_active]
    return sorted((channel_book.mark_of(each) for each in found), key=lambda mark: mark.place)


def _lines(visit: Visit, rows: Sequence[ProductRow], shown: Sequence[Mark]) -> list[Line]:
    variants = queries.variants_of(actor=visit.actor, product_ids=[row.id for row in rows])
    lines = [Line(row, variants.get(row.id, ())) for row in rows]
    owner = {each.id: line for line in lines for each in line.variants}
    if visit.actor.may("inventory.view") and owner:
        for level in inventory.levels(actor=visit.actor, variant_ids=list(owner), limit=20_000):
            owner[level.variant_id].on_hand += level.on_hand
            owner[level.variant_id].reserved += level.reserved
    ready = readiness.of_products(visit, [row.id for row in rows], shown) if shown else {}
    marks = readiness.kinds(shown)
    for line in lines:
        found = ready.get(line.row.id, {})
        line.lacking = [(marks[kind], each) for kind, each in found.items() if each.missing]
    if shown and owner:
        for listing in channels.listings_of(actor=visit.actor, variant_ids=list(owner)):
            if listing.variant_id is not None:
                _add(owner[listing.variant_id].on_channels.setdefault(listing.channel, Figure()), listing)
    return lines


def _add(figure: Figure, listing: ListingView) -> None:
    figure.listed += 1
    if listing.desired is not None:
        figure.quantity = (figure.quantity or 0) + listing.desired
    if listing.acknowledged is not None:
        figure.shown = (figure.shown or 0) + listing.acknowledged
    figure.is_waiting = figure.is_waiting or listing.state in ("queued", "retrying")
    figure.problem = figure.problem or listing.state == "parked"


@dataclass
class VariantLine:
    """One variant on the page of its product."""

    variant: VariantView
    on_hand: int
    reserved: int
    listings: list[ListingView]

    @property
    def free(self) -> int:
        return self.on_hand - self.reserved


@page("catalog.view")
def product(visit: Visit, sku: str) -> HttpResponse:
    """Everything of one product: facts, variants, parts, pictures, and its listings."""
    return _show(visit, queries.get_product(actor=visit.actor, sku=sku))


@page("catalog.edit", methods=("POST",))
def set_bundle(visit: Visit, sku: str) -> HttpResponse:
    """The parts of a bundle, in place of those it had."""
    found = queries.get_product(actor=visit.actor, sku=sku)
    typed = bundle.typed(visit, found)
    parts = bundle.read(typed)
    if not typed.errors:

        def work() -> str:
            bundling.set_bundle(actor=visit.actor, variant=typed.variant, parts=parts, now=visit.now)
            return f"/products/{sku}/#bundle"

        try:
            answer = once(visit, work)
        except MekongError as refused:
            names = {f"parts[{at}].{name}": f"{name}-{at}" for at in range(len(parts)) for name in ("sku", "quantity")}
            typed.errors.take(refused, names)
        else:
            visit.flash(gettext("Bundle {sku} is saved").format(sku=typed.variant.sku))
            return answer
    return _show(visit, found, typed, status=422)


def _show(visit: Visit, found: ProductView, typed: bundle.Bundle | None = None, *, status: int = 200) -> HttpResponse:
    ids = [each.id for each in found.variants]
    levels = (
        inventory.levels(actor=visit.actor, variant_ids=ids, limit=20_000) if visit.actor.may("inventory.view") else []
    )
    listings = channels.listings_of(actor=visit.actor, variant_ids=ids) if visit.actor.may("channels.view") else []
    lines = [
        VariantLine(
            each,
            sum(level.on_hand for level in levels if level.variant_id == each.id),
            sum(level.reserved for level in levels if level.variant_id == each.id),
            [listing for listing in listings if listing.variant_id == each.id],
        )
        for each in found.variants
    ]
    plain = [each for each in found.variants if not each.is_bundle and each.status == "active"]
    context = {
        "product": found, "lines": lines, "parts": _parts(found), "packs": found.packs,
        "marks": channel_book.marks(), "may_edit": visit.actor.may("catalog.edit"),
        "sees_stock": visit.actor.may("inventory.view"), "sees_channels": visit.actor.may("channels.view"),
        "tax": words.TAX_CLASSES.get(found.tax_class, found.tax_class), "listings": listings,
        "labels": {each.code: each for each in queries.list_attributes(actor=visit.actor)},
        "bundles": bundle.of_product(visit, found, typed), "plain_variants": plain,
        "readiness": readiness.of_product(visit, found, remote_channels(visit)),
        "published": publish.box(visit, found.id), "may_publish": visit.actor.may("channels.manage"),
        "new_bundle": bundle.Bundle(plain[0], [bundle.Line()]) if plain else None,
        **pictures.context(visit, found),
    }  # fmt: skip
    return visit.render("products/product.html", context, status=status)


def _parts(found: ProductView) -> dict[int, list[object]]:
    parts: dict[int, list[object]] = {}
    for part in found.parts:
        parts.setdefault(part.bundle_id, []).append(part)
    return parts


@page("catalog.edit", methods=("POST",))
def archive(visit: Visit, sku: str) -> HttpResponse:
    """Off sale, with a way back for eight seconds and on the product's page."""
    found = queries.get_product(actor=visit.actor, sku=sku)

    def work() -> str:
        commands.archive_product(actor=visit.actor, product_id=found.id, now=visit.now)
        return f"/products/{sku}/"

    answer = once(visit, work)
    undo: tuple[str, dict[str, str]] = (f"/products/{sku}/restore/", {})
    visit.flash(gettext("{name} is off sale").format(name=found.name), undo=undo)
    return answer


@page("catalog.edit", methods=("POST",))
def restore(visit: Visit, sku: str) -> HttpResponse:
    found = queries.get_product(actor=visit.actor, sku=sku)
    commands.restore_product(actor=visit.actor, product_id=found.id, now=visit.now)
    visit.flash(gettext("{name} is on sale again").format(name=found.name))
    return visit.redirect(f"/products/{sku}/")


@page("catalog.view")
def suggest(visit: Visit) -> HttpResponse:
    """Variants for a field that asks for a SKU, as somebody types."""
    text = visit.param("q") or visit.param("sku") or visit.param("find") or visit.param(visit.param("by"))
    found = queries.search_variants(actor=visit.actor, text=text, limit=8) if text else None
    return visit.render("parts/suggest.html", {"variants": found.variants if found else ()})
