"""Gift cards and games in words, and their days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from mekong.faces.backoffice.words import Shape

Word = str | Promise

CARD_STATES: Mapping[str, Shape] = {
    "inactive": Shape(pgettext_lazy("a gift card", "Not active yet"), "wait"),
    "active": Shape(pgettext_lazy("a gift card", "Active"), fill=50),
    "used_up": Shape(pgettext_lazy("a gift card", "Used up"), "done"),
    "blocked": Shape(pgettext_lazy("a gift card", "Blocked"), "fail"),
    "expired": Shape(pgettext_lazy("a gift card", "Expired"), "off"),
}
CARD_ENTRIES: Mapping[str, Word] = {
    "issue": pgettext_lazy("a gift card was", "Issued"),
    "activate": pgettext_lazy("a gift card was", "Activated"),
    "top_up": pgettext_lazy("a gift card was", "Topped up"),
    "hold": pgettext_lazy("of a gift card", "Held for a basket"),
    "release": pgettext_lazy("of a gift card", "Given free"),
    "use": pgettext_lazy("of a gift card", "Used by an order"),
    "give_back": pgettext_lazy("to a gift card", "Given back by a refund"),
    "expire": pgettext_lazy("a gift card has", "Expired"),
    "extend": pgettext_lazy("a gift card was", "Given another end"),
    "block": pgettext_lazy("a gift card was", "Blocked"),
    "unblock": pgettext_lazy("a gift card was", "Unblocked"),
}
PAPERS: Mapping[str, Word] = {
    "a4-2x5": _("A4 sheet, 10 cards of 85 × 54 mm"),
    "a4-2x4": _("A4 sheet, 8 vouchers of 105 × 74 mm"),
    "a6": _("A6, one to a page"),
    "card": _("Card printer, 85.6 × 54 mm"),
}

GAME_KINDS: Mapping[str, Word] = {
    "spin": pgettext_lazy("a game", "Wheel"),
    "scratch": pgettext_lazy("a game", "Scratch card"),
    "check_in": pgettext_lazy("a game", "Daily check-in"),
}
GAME_STATES: Mapping[str, Shape] = {
    "draft": Shape(pgettext_lazy("a game", "Draft"), "off"),
    "running": Shape(pgettext_lazy("a game", "Running"), fill=50),
    "ended": Shape(pgettext_lazy("a game", "Ended"), "done"),
}
PRIZE_KINDS: Mapping[str, Word] = {
    "voucher": pgettext_lazy("a prize", "Voucher"),
    "points": pgettext_lazy("a prize", "Points"),
    "none": pgettext_lazy("a prize", "No prize"),
}
FALLS: Mapping[str, Word] = {
    "stock": _("all given out"),
    "day": _("given out for the day"),
    "budget": _("the budget is spent"),
    "voucher": _("its promotion gave no voucher"),
    "no_table": _("nothing on this day of the streak"),
}
WRONG: Mapping[str, Word] = {
    "commitment": _("the seed is not the one that was announced"),
    "table": _("the prizes are not those that were announced"),
    "plays": _("plays are missing"),
    "number": _("a number is missing"),
    "budget": _("the amount spent is another"),
    "per_day": _("more plays than a person has on a day"),
    "streak": _("the streak is another"),
    "drawn": _("the draw comes out otherwise"),
    "fell": _("what was left comes out otherwise"),
    "given": _("what was given comes out otherwise"),
}


def last_day(expires_at: datetime | None) -> date | None:
    """The last day on which a card buys something, which is how people say it."""
    return None if expires_at is None else timezone.localtime(expires_at - timedelta(microseconds=1)).date()


def after(day: date) -> datetime:
    """The moment at which a day is over."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time()))
