"""Words for what channels show and should: facts, reasons, and what to do about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from mekong.channels.contracts.consistency import Cell, ListingCheck
from mekong.faces.backoffice.marks import Mark
from mekong.faces.backoffice.templatetags.mekong import money, num
from mekong.faces.backoffice.words import Shape

Word = str | Promise

FACTS: Mapping[str, Word] = {
    "price": pgettext_lazy("what a channel shows", "Price"),
    "sale": pgettext_lazy("what a channel shows", "Sale price"),
    "name": pgettext_lazy("what a channel shows", "Name"),
    "description": pgettext_lazy("what a channel shows", "Description"),
    "pictures": pgettext_lazy("what a channel shows", "Pictures"),
}
REASONS: Mapping[str, Shape] = {
    "changed": Shape(pgettext_lazy("why a channel differs", "Changed on the platform"), "risk"),
    "refused": Shape(pgettext_lazy("why a channel differs", "Refused by the platform"), "fail"),
    "incomplete": Shape(pgettext_lazy("why a channel differs", "Something is missing here"), "risk"),
    "pending": Shape(pgettext_lazy("why a channel differs", "On its way"), fill=50),
    "own_price": Shape(pgettext_lazy("why a channel differs", "Own price of this listing"), "done"),
    "prices_off": Shape(pgettext_lazy("why a channel differs", "Prices are not sent to this channel"), "off"),
    "not_synced": Shape(pgettext_lazy("why a channel differs", "This listing is not kept in step"), "off"),
    "not_followed": Shape(pgettext_lazy("why a channel differs", "Does not follow the catalogue"), "off"),
    "by_hand": Shape(pgettext_lazy("why a channel differs", "Listed there by hand"), "off"),
    "currency": Shape(pgettext_lazy("why a channel differs", "No price in this currency"), "off"),
    "reviewing": Shape(pgettext_lazy("why a channel differs", "Under review there"), fill=75),
    "unread": Shape(pgettext_lazy("why a channel differs", "Not read yet"), "wait"),
}
REMEDIES: Mapping[str, Word] = {
    "changed": _("Somebody changed it there. Send ours again."),
    "refused": _("Mend what the platform names, then send it again."),
    "incomplete": _("Fill in what the publishing page names; it is sent by itself then."),
    "pending": _("Sent by itself, and gone from here once the platform has confirmed it."),
    "own_price": _("As somebody set it for this channel."),
    "prices_off": _("Switch sending of prices on in the channel’s settings to have them match."),
    "not_synced": _("Switch it on again on the channel’s page."),
    "not_followed": _("Have it follow the catalogue again on the publishing page."),
    "by_hand": _("Publish it from here to have the catalogue’s words there."),
    "currency": _("Give the listing its own price in the channel’s currency."),
    "reviewing": _("The platform looks at what it was sent."),
    "unread": _("Press Look now, or wait for the next reading back."),
}
_THEIRS = _("Somebody changed it there. Send ours again, or take theirs over.")
LONGEST = 160


@dataclass(frozen=True)
class Line:
    """One fact of one listing as it is said: `should` and `shows` in words, "" where nothing is known."""

    listing: ListingCheck
    mark: Mark
    cell: Cell
    word: Word
    shape: Shape | None
    should: str
    shows: str
    why: str
    remedy: Word


def line_of(listing: ListingCheck, mark: Mark, cell: Cell) -> Line:
    why = ""
    if cell.problem is not None and cell.reason == "refused":
        why = str(cell.problem.params.get("remote_message") or cell.problem.params.get("remote_code") or "")
    remedy = _THEIRS if cell.may_accept and cell.reason == "changed" else REMEDIES.get(cell.reason, "")
    return Line(
        listing, mark, cell, FACTS[cell.fact], REASONS.get(cell.reason), _said(cell, cell.should, listing.currency),
        _said(cell, cell.shows, listing.currency), why, remedy,
    )  # fmt: skip


def _said(cell: Cell, value: int | str | None, currency: str) -> str:
    if cell.fact == "sale" and value is None:
        return gettext("no sale price") if cell.reason not in ("unread", "currency") else ""
    if value is None:
        return ""
    if cell.fact == "pictures" and isinstance(value, int):
        return num(value)
    if isinstance(value, int):
        return money(value, currency)
    text = " ".join(value.split())
    if not text:
        return gettext("empty")
    return text if len(text) <= LONGEST else f"{text[:LONGEST].rstrip()}…"
