"""Publishing products: which, on which channels; seen as the platforms would have them, then sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.utils.translation import gettext, ngettext

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import ProductRow
from mekong.channels import commands
from mekong.channels.commands.publishing import MOST_AT_ONCE
from mekong.channels.contracts.publishing import PublicationView, PublishReport
from mekong.channels.queries import publishing as queries
from mekong.faces.backoffice import channel_book, publishing_words, sentences
from mekong.faces.backoffice.fields import Errors
from mekong.faces.backoffice.marks import Mark
from mekong.faces.backoffice.once import once
from mekong.faces.backoffice.publishing_words import Mender
from mekong.faces.backoffice.templatetags.mekong import num
from mekong.faces.backoffice.views.publishing import Seen, seen
from mekong.faces.backoffice.visit import Visit, page
from mekong.faces.backoffice.words import Shape
from mekong.foundation.errors import MekongError

LOOKED_AT = 20
"""So many products are looked at while somebody waits; the others by the worker, once they are published."""
_PER_PAGE = 200


@dataclass(frozen=True)
class Box:
    """Where a product is published, for its own page. `others`: channels that it could be published on."""

    rows: Sequence[tuple[Mark, PublicationView, Shape, int]]
    others: Sequence[Mark]


def box(visit: Visit, product_id: int) -> Box | None:
    """The channels of a product; None where there is nothing to say, or not to this person."""
    if not visit.actor.may("channels.view"):
        return None
    marks = _marks(visit)
    known = queries.publications_of(actor=visit.actor, product_id=product_id)
    if not marks and not known:
        return None
    every = channel_book.marks([each.channel for each in known])
    there = {each.channel for each in known}
    return Box(
        [(every[each.channel], each, publishing_words.STATES[each.state], len(each.gaps)) for each in known],
        [mark for mark in marks if mark.code not in there],
    )


def is_offered(visit: Visit) -> bool:
    """Whether this person may publish, and there is a channel for it."""
    may = visit.actor.may("channels.manage") and visit.actor.may("channels.view")
    return may and bool(queries.publishing_channels(actor=visit.actor))


def _marks(visit: Visit) -> list[Mark]:
    """Channels whose platforms take products, in their fixed order."""
    known = channel_book.marks()
    codes = [code for code, _ in queries.publishing_channels(actor=visit.actor)]
    return sorted((known[code] for code in codes), key=lambda mark: mark.place)


@page("channels.manage", methods=("GET", "HEAD", "POST"))
def publish(visit: Visit) -> HttpResponse:
    """The chosen products with what each channel would be sent; a post publishes them."""
    if not visit.is_post:
        return _show(visit, *_chosen(visit), chosen=visit.request.GET.getlist("channel"))
    rows, is_cut = _posted(visit)
    chosen = [each for each in visit.request.POST.getlist("channel") if each]
    errors, status = Errors(), 422
    if not rows or is_cut:
        errors.whole = gettext("Choose 1 to {most} products.").format(most=num(MOST_AT_ONCE))
    if not chosen:
        errors.add("channel", gettext("Choose a channel."))
    if not errors:
        said: list[tuple[str, str]] = []
        try:
            answer = once(visit, lambda: _publish(visit, rows, chosen, said))
        except MekongError as refused:
            errors.whole, status = sentences.of(refused), refused.status
        else:
            for text, tone in said:
                visit.flash(text, tone=tone)
            return answer
    return _show(visit, rows, False, chosen=chosen, errors=errors, status=status)


def _publish(visit: Visit, rows: Sequence[ProductRow], chosen: Sequence[str], said: list[tuple[str, str]]) -> str:
    """On every chosen channel, or on none. Where to go on; `said` takes what to say there."""
    ids = [each.id for each in rows]
    codes = list(dict.fromkeys(code[:60] for code in chosen))
    names = {code: mark.name for code, mark in channel_book.marks(codes).items()}
    for code in codes:
        queries.find_publisher(code)
    for code in codes:
        report = commands.publish_products(actor=visit.actor, channel=code, product_ids=ids, now=visit.now)
        said.append((_said(names[code], report), "ok" if report.incomplete < report.asked else "bad"))
    if len(codes) == 1:
        return f"/channels/{codes[0]}/publishing/"
    return f"/products/{rows[0].sku}/#publishing" if len(rows) == 1 else "/products/"


def _said(channel: str, report: PublishReport) -> str:
    n = report.asked
    if report.incomplete == n:
        kept = ngettext(
            "{n} product is kept for {channel} until nothing is lacking any more",
            "{n} products are kept for {channel} until nothing is lacking any more",
            n,
        )
        return kept.format(n=num(n), channel=channel)
    said = ngettext("{n} product is being sent to {channel}", "{n} products are being sent to {channel}", n)
    text = said.format(n=num(n), channel=channel)
    if not report.incomplete:
        return text
    lacks = ngettext("{n} of them lacks something and waits", "{n} of them lack something and wait", report.incomplete)
    return f"{text}; {lacks.format(n=num(report.incomplete))}"


@page("channels.manage", methods=("POST",))
def previews(visit: Visit) -> HttpResponse:
    """What the channels chosen so far would be sent, for the page to renew."""
    rows, _ = _posted(visit)
    context = _previews(visit, rows, visit.request.POST.getlist("channel"))
    return visit.render("publishing/previews.html", context)


def _show(
    visit: Visit, rows: Sequence[ProductRow], is_cut: bool, *, chosen: Sequence[str],
    errors: Errors | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    marks = _marks(visit)
    if not chosen and len(marks) == 1:
        chosen = [marks[0].code]
    context = {
        **_previews(visit, rows, chosen),
        "marks": marks,
        "chosen": chosen,
        "is_cut": is_cut,
        "most": MOST_AT_ONCE,
        "categories": catalog.list_categories(actor=visit.actor) if not rows else (),
        "errors": errors or Errors(),
    }
    return visit.render("publishing/publish.html", context, status=status)


def _previews(visit: Visit, rows: Sequence[ProductRow], chosen: Sequence[str]) -> dict[str, object]:
    wanted = [mark for mark in _marks(visit) if mark.code in chosen]
    menders = {mark.code: Mender(visit, mark.code, mark.name) for mark in wanted}
    found: list[tuple[Mark, list[Seen]]] = [
        (mark, [seen(visit, mark, row, menders[mark.code]) for row in rows[:LOOKED_AT]]) for mark in wanted
    ]
    lacking = sum(bool(each.lacks) for _, all_of in found for each in all_of)
    return {
        "rows": rows, "found": found, "more": max(0, len(rows) - LOOKED_AT), "lacking": lacking,
        "may_manage": True, "may_sync": False,
    }  # fmt: skip


# --- which products ---------------------------------------------------------------------------------------------------


def _chosen(visit: Visit) -> tuple[list[ProductRow], bool]:
    """Those the address names: by SKU, or all that a list's filters find. Whether there were more than fit."""
    if not visit.param("all"):
        return _by_sku(visit, visit.request.GET.getlist("pick"))
    status = visit.param("status", "active")
    wanted = {name: visit.param(name) for name in ("q", "category", "brand")}
    wanted["status"] = status if status in ("active", "draft") else "active"
    rows: list[ProductRow] = []
    cursor = None
    while len(rows) <= MOST_AT_ONCE:
        found = catalog.list_products(actor=visit.actor, cursor=cursor, limit=_PER_PAGE, **wanted)
        rows += found.items
        cursor = found.next_cursor
        if cursor is None:
            break
    return rows[:MOST_AT_ONCE], len(rows) > MOST_AT_ONCE


def _posted(visit: Visit) -> tuple[list[ProductRow], bool]:
    return _by_sku(visit, visit.request.POST.getlist("pick"))


def _by_sku(visit: Visit, picked: Sequence[str]) -> tuple[list[ProductRow], bool]:
    skus = list(dict.fromkeys(each[:120].replace("\x00", "").strip() for each in picked if each.strip()))
    variants = catalog.variants_by_sku(actor=visit.actor, skus=skus[:MOST_AT_ONCE]) if skus else {}
    ids = list(dict.fromkeys(each.product_id for each in variants.values()))
    rows = catalog.products_by_id(actor=visit.actor, ids=ids)
    return [rows[each] for each in ids if each in rows], len(skus) > MOST_AT_ONCE
