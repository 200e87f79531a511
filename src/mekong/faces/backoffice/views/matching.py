"""The matching workbench: what a platform lists and nobody has matched, with what each may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from mekong.channels import commands, queries
from mekong.channels.contracts import ListingView, OpenListing
from mekong.faces.backoffice import channel_book, sentences
from mekong.faces.backoffice.templatetags.mekong import num
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.errors import MekongError

REASONS: Mapping[str, str | Promise] = {
    "sku": _("the SKU, written differently"),
    "barcode": _("the barcode"),
    "name": _("the name"),
}
SURE = 0.9
"""From this confidence on a suggestion is chosen beforehand, unless another listing is that variant already."""
_MOST = 200


@page("channels.view", methods=("GET", "HEAD", "POST"))
def workbench(visit: Visit, code: str) -> HttpResponse:
    """Unmatched listings with suggestions; a post matches those chosen, and the held orders sold from them."""
    if not visit.is_post:
        return _show(visit, code)
    chosen = _chosen(visit)
    if not chosen:
        return _show(visit, code, message=gettext("Choose a SKU for at least one listing."), status=422)
    try:
        matched = commands.match_listings(actor=visit.actor, channel=code, chosen=chosen)
        resolved = commands.resolve_held_lines(actor=visit.actor, channel=code, listing_ids=chosen, now=visit.now)
    except MekongError as refused:
        return _show(visit, code, message=sentences.of(refused), status=refused.status)
    said = ngettext("{n} listing matched", "{n} listings matched", matched).format(n=num(matched))
    if resolved:
        lines = ngettext("{n} held order line released", "{n} held order lines released", resolved)
        said = f"{said}, {lines.format(n=num(resolved))}"
    visit.flash(said)
    return visit.redirect(f"/channels/{code}/match/")


def _chosen(visit: Visit) -> dict[int, str]:
    """The SKU said for each listing: typed, or one of those suggested."""
    chosen: dict[int, str] = {}
    for name in visit.request.POST:
        number = name.removeprefix("pick-")
        if number != name and number.isascii() and number.isdigit() and len(number) <= 18 and len(chosen) < _MOST:
            sku = visit.posted(f"sku-{number}", longest=120).strip() or visit.posted(name, longest=120).strip()
            if sku:
                chosen[int(number)] = sku
    return chosen


def _show(visit: Visit, code: str, *, message: str = "", status: int = 200) -> HttpResponse:
    found = queries.get_channel(actor=visit.actor, code=code)
    opened = queries.list_open_listings(actor=visit.actor, channel=code, cursor=visit.param("cursor"))
    context = {
        "channel": found,
        "mark": channel_book.mark_of(found),
        "rows": [_row(each) for each in opened.listings],
        "next_cursor": opened.next_cursor,
        "message": message,
        "may_manage": visit.actor.may("channels.manage"),
    }
    return visit.render("channels/match.html", context, status=status)


@dataclass(frozen=True)
class Choice:
    """One suggestion on the page. `percent`: its confidence."""

    sku: str
    name: str
    percent: int
    reason: str | Promise
    others: int


@dataclass(frozen=True)
class Row:
    """`sure`: the SKU to choose beforehand, "" for none."""

    listing: ListingView
    choices: Sequence[Choice]
    sure: str


def _row(found: OpenListing) -> Row:
    first = next(iter(found.suggestions), None)
    is_sure = first is not None and first.confidence >= SURE and not first.others
    choices = [
        Choice(each.sku, each.name, round(each.confidence * 100), REASONS[each.reason], each.others)
        for each in found.suggestions
    ]
    return Row(found.listing, choices, choices[0].sku if is_sure else "")
