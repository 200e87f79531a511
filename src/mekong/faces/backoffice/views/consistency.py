"""What every channel shows of a product against what it should, why it differs, and one press to set it right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, QueryDict
from django.utils.translation import gettext, ngettext

from mekong.catalog import queries as catalog
from mekong.catalog.errors import ProductNotFound
from mekong.channels import commands
from mekong.channels.contracts.consistency import (
    FACTS,
    PRICES,
    REASONS,
    WORDS,
    ListingCheck,
    ProductCheck,
    RepairReport,
)
from mekong.channels.queries import consistency as queries
from mekong.channels.remote import consistency as asking
from mekong.faces.backoffice import channel_book, consistency_words, sentences
from mekong.faces.backoffice.consistency_words import Line, line_of
from mekong.faces.backoffice.marks import Mark, mark
from mekong.faces.backoffice.templatetags.mekong import num
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.errors import MekongError

PER_PAGE = 25


@dataclass(frozen=True)
class Row:
    """A product with the lines that are shown of it. `may_repair`: a press sets something of it right."""

    product: ProductCheck
    sku: str
    lines: Sequence[Line]

    @property
    def may_repair(self) -> bool:
        return any(each.cell.may_repair for each in self.lines)


@dataclass(frozen=True)
class MatrixRow:
    """A listing as a row. `words` None: those of the product there stand with the first of its listings."""

    listing: ListingCheck
    mark: Mark
    prices: Sequence[Line | None]
    words: Sequence[Line | None] | None
    may_repair: bool


@page("channels.view")
def differences(visit: Visit) -> HttpResponse:
    """The products that differ somewhere, by channel, fact and reason."""
    counts = queries.count_differences(actor=visit.actor)
    chosen = _chosen(visit.request.GET)
    found = queries.list_inconsistent(
        actor=visit.actor, **chosen, cursor=visit.param("cursor"), limit=PER_PAGE, now=visit.now
    )
    rows = _rows(found.products, **chosen)
    # A channel that is paused or gone meanwhile has no chip; one that was chosen keeps its own.
    codes = sorted({*counts.by_channel, *([chosen["channel"]] if chosen["channel"] else [])})
    known = channel_book.marks(codes) if codes else {}
    context: dict[str, Any] = {
        "rows": rows, "counts": counts, "next_cursor": found.next_cursor, **chosen,
        "channels": [(code, known.get(code) or mark(code), counts.by_channel.get(code, 0)) for code in codes],
        "facts": [(fact, consistency_words.FACTS[fact], counts.by_fact.get(fact, 0)) for fact in FACTS],
        "reasons": [
            (reason, consistency_words.REASONS[reason].word, counts.by_reason.get(reason, 0)) for reason in REASONS
        ],
        "is_moving": counts.by_reason.get("pending", 0) > 0,
        "can_repair": sum(counts.by_reason.get(each, 0) for each in ("changed", "refused", "incomplete")),
        "may_sync": visit.actor.may("channels.sync"), "may_manage": visit.actor.may("channels.manage"),
    }  # fmt: skip
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "list"
    return visit.render("consistency/list.html" if part else "consistency/index.html", context)


@page("channels.view")
def product(visit: Visit, product: int) -> HttpResponse:
    """One product: channels by facts."""
    found = queries.consistency(actor=visit.actor, product_ids=[product], now=visit.now)
    if not found:
        raise ProductNotFound(key=str(product))
    check = found[0]
    row = catalog.products_by_id(actor=visit.actor, ids=[product])[product]
    known = channel_book.marks(sorted({each.channel for each in check.listings})) if check.listings else {}
    rows = [_matrix_row(each, known.get(each.channel) or mark(each.channel)) for each in check.listings]
    context: dict[str, Any] = {
        "check": check, "row": row, "rows": rows,
        "prices": [consistency_words.FACTS[each] for each in PRICES],
        "words": [consistency_words.FACTS[each] for each in WORDS],
        "is_moving": any(cell.reason == "pending" for each in check.listings for cell in each.cells.values()),
        "can_repair": any(each.may_repair for each in rows),
        "may_sync": visit.actor.may("channels.sync"), "may_manage": visit.actor.may("channels.manage"),
    }  # fmt: skip
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "matrix"
    return visit.render("consistency/matrix.html" if part else "consistency/product.html", context)


def _matrix_row(listing: ListingCheck, known: Mark) -> MatrixRow:
    said = {fact: line_of(listing, known, cell) for fact, cell in listing.cells.items()}
    return MatrixRow(
        listing, known, [said.get(fact) for fact in PRICES],
        [said.get(fact) for fact in WORDS] if listing.is_first else None,
        any(cell.may_repair for cell in listing.cells.values()),
    )  # fmt: skip


def _rows(found: Sequence[ProductCheck], *, channel: str, fact: str, reason: str) -> list[Row]:
    codes = sorted({each.channel for product_ in found for each in product_.listings})
    known = channel_book.marks(codes) if codes else {}
    made = []
    for each in found:
        lines = [
            line_of(listing, known.get(listing.channel) or mark(listing.channel), cell)
            for listing in each.listings
            for cell in listing.cells.values()
            if (cell.reason == reason if reason else cell.is_fault)
            and (not channel or listing.channel == channel)
            and (not fact or cell.fact == fact)
        ]
        sku = each.listings[0].sku if each.listings else each.code
        made.append(Row(each, sku, lines))
    return made


def _chosen(given: Any) -> dict[str, str]:
    """The filter of an address or a form; what is no such fact or reason is none."""
    fact, reason = given.get("fact", ""), given.get("reason", "")
    channel = "".join(letter for letter in given.get("channel", "")[:40] if letter > " ")
    return {
        "channel": channel,
        "fact": fact if fact in FACTS else "",
        "reason": reason if reason in REASONS else "",
    }


# --- acts -------------------------------------------------------------------------------------------------------------


@page("channels.sync", methods=("POST",))
def act(visit: Visit) -> HttpResponse:
    """Set right one fact, a listing's row, a product or all of a filter; look now; or take the platform's price over."""
    back = _back(visit)
    try:
        said = _do(visit, visit.posted("act", longest=20))
    except MekongError as refused:
        visit.flash(sentences.of(refused), tone="bad")
        return visit.redirect(back)
    if said:
        visit.flash(said)
    return visit.redirect(back)


def _back(visit: Visit) -> str:
    if visit.posted("back", longest=10) == "product":
        return f"/consistency/{_number(visit, 'product')}/"
    query = QueryDict(visit.posted("query", longest=300)).urlencode()
    return "/consistency/" + (f"?{query}" if query else "")


def _number(visit: Visit, name: str) -> int:
    said = visit.posted(name, longest=18)
    return int(said) if said.isascii() and said.isdigit() else 0


def _do(visit: Visit, chosen: str) -> str:
    actor, now = visit.actor, visit.now
    if chosen == "fact":
        listing, fact = _number(visit, "listing"), visit.posted("fact", longest=20)
        return _said(commands.repair_difference(actor=actor, listing_id=listing, fact=fact, now=now))
    if chosen == "product":
        channel = _chosen(visit.request.POST)["channel"]
        return _said(
            commands.repair_product(actor=actor, product_id=_number(visit, "product"), channel=channel, now=now)
        )
    if chosen == "found":
        return _said(commands.repair_found(actor=actor, **_chosen(visit.request.POST), now=now))
    if chosen == "accept":
        commands.accept_price(
            actor=actor, listing_id=_number(visit, "listing"), price_minor=_number(visit, "price"), now=now
        )
        return gettext("The platform’s price is the listing’s own now")
    if chosen == "look":
        silent = asking.look_now(actor=actor, product_id=_number(visit, "product"))
        if silent:
            visit.flash(gettext("No answer from {channels}").format(channels=", ".join(silent)), tone="bad")
            return ""
        return gettext("Read just now on every channel")
    return ""


def _said(report: RepairReport) -> str:
    parts = []
    if report.prices:
        text = ngettext("{n} listing’s price is sent again", "{n} listings’ prices are sent again", report.prices)
        parts.append(text.format(n=num(report.prices)))
    if report.products:
        text = ngettext("{n} product is published again", "{n} products are published again", report.products)
        parts.append(text.format(n=num(report.products)))
    if report.left:
        text = ngettext("{n} difference is left: press again", "{n} differences are left: press again", report.left)
        parts.append(text.format(n=num(report.left)))
    return ", ".join(parts) or gettext("Nothing to send: it is right, or on its way already")
