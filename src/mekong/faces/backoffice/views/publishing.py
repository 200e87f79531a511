"""Products of the catalogue on a channel: where each stands, what it lacks, and what people do about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, QueryDict
from django.utils.translation import gettext, ngettext

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import ProductRow
from mekong.catalog.errors import ProductNotFound
from mekong.channels import commands
from mekong.channels import queries as channels
from mekong.channels.contracts.publishing import PublicationPreview, PublicationView
from mekong.channels.queries import publishing as queries
from mekong.faces.backoffice import channel_book, publishing_words, sentences
from mekong.faces.backoffice.marks import Mark
from mekong.faces.backoffice.publishing_words import STATES, Lack, Mender
from mekong.faces.backoffice.templatetags.mekong import num
from mekong.faces.backoffice.visit import Visit, page
from mekong.faces.backoffice.words import Shape
from mekong.foundation.errors import MekongError

MOST_AT_ONCE = 200
"""Rows that one act takes along."""


@dataclass(frozen=True)
class Row:
    """One product on the page. `why`, `mends`: what the last try ran into. `act`: what the send button says."""

    view: PublicationView
    product: ProductRow
    shape: Shape
    lacks: Sequence[Lack]
    why: str
    mends: str
    is_by_hand: bool


@page("channels.view")
def publications(visit: Visit, code: str) -> HttpResponse:
    """What is published on a channel, by state; the rows renew themselves while something is under way."""
    return _list(visit, code)


def _list(visit: Visit, code: str, *, refused: str = "", status: int = 200) -> HttpResponse:
    found = channels.get_channel(actor=visit.actor, code=code)
    mark = channel_book.mark_of(found)
    state = visit.param("state") if visit.param("state") in STATES else ""
    listed = queries.list_publications(
        actor=visit.actor, channel=code, state=state, cursor=visit.param("cursor"), limit=50
    )
    waiting = sum(listed.counts.get(each, 0) for each in ("waiting", "reviewing"))
    context = {
        "channel": found,
        "mark": mark,
        "rows": rows(visit, listed.publications, mark),
        "next_cursor": listed.next_cursor,
        "states": [(each, STATES[each].word, listed.counts.get(each, 0)) for each in STATES],
        "total": sum(listed.counts.values()),
        "state": state,
        "is_moving": waiting > 0 or any(each.is_behind for each in listed.publications),
        "may_manage": visit.actor.may("channels.manage"),
        "may_sync": visit.actor.may("channels.sync"),
        "refused": refused,
    }
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "list"
    template = "publishing/publications_list.html" if part else "publishing/publications.html"
    return visit.render(template, context, status=status)


def rows(visit: Visit, found: Sequence[PublicationView], mark: Mark) -> list[Row]:
    """Publications of one channel, each with what it lacks in words."""
    products = catalog.products_by_id(actor=visit.actor, ids={each.product_id for each in found})
    mender = Mender(visit, mark.code, mark.name)
    made = []
    for each in found:
        if each.product_id in products:
            product = products[each.product_id]
            why, mends = publishing_words.problem(each.problem, mark.name)
            is_by_hand = each.problem is not None and each.problem.code == publishing_words.BY_HAND
            told = "" if each.reasons and not is_by_hand else why
            lacks = mender.lacks(list(each.gaps), product) if each.state == "incomplete" else []
            made.append(Row(each, product, STATES[each.state], lacks, told, mends if told else "", is_by_hand))
    return made


# --- acts -------------------------------------------------------------------------------------------------------------


def _retry(visit: Visit, code: str, product: int) -> None:
    commands.retry_publication(actor=visit.actor, channel=code, product_id=product, now=visit.now)


def _shown(is_shown: bool) -> Callable[[Visit, str, int], None]:
    def work(visit: Visit, code: str, product: int) -> None:
        commands.set_shown(actor=visit.actor, channel=code, product_id=product, is_shown=is_shown, now=visit.now)

    return work


def _follows(follows: bool) -> Callable[[Visit, str, int], None]:
    def work(visit: Visit, code: str, product: int) -> None:
        commands.set_follows(actor=visit.actor, channel=code, product_id=product, follows=follows, now=visit.now)

    return work


def _forget(visit: Visit, code: str, product: int) -> None:
    commands.forget_publication(actor=visit.actor, channel=code, product_id=product)


ACTS: Mapping[str, tuple[str, Callable[[Visit, str, int], None]]] = {
    "retry": ("channels.sync", _retry),
    "show": ("channels.manage", _shown(True)),
    "hide": ("channels.manage", _shown(False)),
    "follow": ("channels.manage", _follows(True)),
    "leave": ("channels.manage", _follows(False)),
    "forget": ("channels.manage", _forget),
}
"""The right that each needs, and what it does to one product."""


@page("channels.view", methods=("POST",))
def act(visit: Visit, code: str) -> HttpResponse:
    """One act on the chosen products, each in a transaction of its own; what is refused is said."""
    queries.find_publisher(code)
    chosen = visit.posted("act", longest=20)
    picked = _picked(visit)
    query = QueryDict(visit.posted("query", longest=300)).urlencode()
    back = f"/channels/{code}/publishing/" + (f"?{query}" if query else "")
    if chosen not in ACTS or not picked:
        visit.flash(gettext("Select products first."), tone="bad")
        return visit.redirect(back)
    right, work = ACTS[chosen]
    visit.actor.require(right)
    done, refusals = [], []
    for product in picked:
        try:
            work(visit, code, product)
        except MekongError as refused:
            refusals.append(sentences.of(refused))
        else:
            done.append(product)
    if done:
        visit.flash(_said(chosen, len(done)), undo=_undo(visit, code, chosen, done))
    if refusals:
        left = ngettext("{n} product stays as it was: {why}", "{n} products stay as they were: {why}", len(refusals))
        visit.flash(left.format(n=num(len(refusals)), why=refusals[0]), tone="bad")
    return visit.redirect(back)


def _picked(visit: Visit) -> list[int]:
    """Those ticked, or the one whose menu was used."""
    said = [*visit.request.POST.getlist("pick"), *visit.request.POST.getlist("product")]
    bare = (each for each in said if each.isascii() and each.isdigit() and len(each) < 19)
    return list(dict.fromkeys(int(each) for each in bare))[:MOST_AT_ONCE]


def _undo(visit: Visit, code: str, chosen: str, done: Sequence[int]) -> tuple[str, dict[str, str]] | None:
    """One product that was hidden or shown by mistake is put back by one press."""
    other = {"hide": "show", "show": "hide", "follow": "leave", "leave": "follow"}.get(chosen)
    if other is None or len(done) != 1:
        return None
    fields = {"act": other, "pick": str(done[0]), "query": visit.posted("query", longest=300)}
    return f"/channels/{code}/publishing/act/", fields


def _said(chosen: str, n: int) -> str:
    said = {
        "retry": ngettext("{n} product is sent again", "{n} products are sent again", n),
        "show": ngettext("{n} product is put on sale there", "{n} products are put on sale there", n),
        "hide": ngettext("{n} product is taken off sale there", "{n} products are taken off sale there", n),
        "follow": ngettext("{n} product follows the catalogue", "{n} products follow the catalogue", n),
        "leave": ngettext("{n} product no longer follows the catalogue", "{n} products no longer follow the catalogue", n),
        "forget": ngettext(
            "{n} product is forgotten here; there it stays as it is",
            "{n} products are forgotten here; there they stay as they are",
            n,
        ),
    }  # fmt: skip
    return said[chosen].format(n=num(n))


# --- what would be sent -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """What would be sent of a product to a channel now. `known`: where it stands there already."""

    mark: Mark
    product: ProductRow
    preview: PublicationPreview
    lacks: Sequence[Lack]
    known: Row | None


def seen(visit: Visit, mark: Mark, product: ProductRow, mender: Mender | None = None) -> Seen:
    preview = queries.preview_publication(actor=visit.actor, channel=mark.code, product_id=product.id)
    mender = mender or Mender(visit, mark.code, mark.name)
    known = [each for each in queries.publications_of(actor=visit.actor, product_id=product.id)
             if each.channel == mark.code]  # fmt: skip
    row = next(iter(rows(visit, known, mark)), None)
    return Seen(mark, product, preview, mender.lacks(list(preview.gaps), product), row)


@page("channels.view")
def preview(visit: Visit, code: str, product: int) -> HttpResponse:
    """One product on a channel: where it stands, and what is sent of it."""
    mark = channel_book.mark_of(channels.get_channel(actor=visit.actor, code=code))
    found = catalog.products_by_id(actor=visit.actor, ids=[product]).get(product)
    if found is None:
        raise ProductNotFound(key=str(product))
    context: dict[str, Any] = {
        "each": seen(visit, mark, found),
        "channel": channels.get_channel(actor=visit.actor, code=code),
        "mark": mark,
        "may_manage": visit.actor.may("channels.manage"),
        "may_sync": visit.actor.may("channels.sync"),
    }
    return visit.render("publishing/product.html", context)
