"""The order book: saved filters with live counts, search, and work on many orders at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from mekong.faces.backoffice import channel_book, sentences, shell, words
from mekong.faces.backoffice.marks import mark
from mekong.faces.backoffice.templatetags.mekong import num
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.errors import MekongError
from mekong.orders import commands, queries
from mekong.orders.contracts import OrderFilter, OrderSummary

PER_PAGE = 50
MOST_AT_ONCE = 200


@dataclass(frozen=True)
class Tab:
    """A saved filter. `tone` bad: a count above zero there is a worry."""

    name: str
    word: str | Promise
    states: tuple[str, ...] = ()
    issue: str = ""
    tone: str = ""


TABS = (
    Tab("todo", _("To do"), shell.TO_DO),
    Tab("confirm", _("Awaiting confirmation"), ("pending_confirmation",)),
    Tab("pack", _("To pack"), ("confirmed", "allocated", "picking")),
    Tab("hand", _("To hand over"), ("packed", "ready_to_ship")),
    Tab("pickup", _("Pick-up in store"), ("ready_for_pickup",)),
    Tab("way", _("Out for delivery"), ("shipped",)),
    Tab("failed", _("Delivery failed"), ("delivery_failed",), tone="bad"),
    Tab("back", _("Coming back"), ("returning",)),
    Tab("unmatched", _("Unmatched line"), issue="unmatched_line", tone="bad"),
    Tab("short", _("Short of stock"), issue="stock", tone="bad"),
    Tab("address", _("Address unclear"), issue="address", tone="bad"),
    Tab("duplicate", _("Possible duplicate"), issue="duplicate", tone="bad"),
    Tab("all", _("All")),
)
_BY_NAME = {tab.name: tab for tab in TABS}
_ALWAYS = {"todo", "confirm", "pack", "hand", "way", "all"}
"""Tabs that are there even when nothing is in them."""

DAYS = {"today": (0, 1), "yesterday": (1, 1), "week": (6, 7)}
_DAY_WORDS: Mapping[str, str | Promise] = {"today": _("Today"), "yesterday": _("Yesterday"), "week": _("7 days")}


@page("orders.view")
def orders(visit: Visit) -> HttpResponse:
    """A page of one saved filter, narrowed by channel, day and search."""
    context = _found(visit)
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "list"
    return visit.render("orders/list.html" if part else "orders/index.html", context)


def _found(visit: Visit) -> dict[str, Any]:
    tab = _BY_NAME.get(visit.param("tab", "todo"), TABS[0])
    text, channel, days = visit.param("q"), visit.param("channel"), visit.param("day")
    if text and "tab" not in visit.request.GET:
        tab = _BY_NAME["all"]
    since, until = _span(visit, days)
    wanted = OrderFilter(
        channel=channel,
        states=tab.states,
        issue=tab.issue,
        text=text,
        tag=visit.param("tag"),
        placed_from=since,
        placed_to=until,
    )
    found = queries.list_orders(actor=visit.actor, wanted=wanted, cursor=visit.param("cursor"), limit=PER_PAGE)
    by_state = queries.count_by_state(actor=visit.actor)
    by_issue = queries.count_by_issue(actor=visit.actor)
    by_channel = queries.count_by_channel(actor=visit.actor, states=tab.states)
    marks = channel_book.marks([*by_channel, *(order.channel for order in found.orders)])
    tabs = [(each, _count(each, by_state, by_issue)) for each in TABS]
    return {
        "tab": tab,
        "tabs": [(each, n) for each, n in tabs if n or each.name in _ALWAYS or each is tab],
        "orders": found.orders,
        "next_cursor": found.next_cursor,
        "marks": marks,
        "q": text,
        "channel": channel,
        "toggles": sorted(
            ((marks.get(code) or mark(code), n) for code, n in by_channel.items()), key=lambda each: each[0].place
        ),
        "day": days,
        "day_words": _DAY_WORDS,
        "tag": visit.param("tag"),
        "duplicates": _duplicates(found.orders),
        "may_confirm": visit.actor.may("orders.confirm"),
        "may_cancel": visit.actor.may("orders.cancel"),
        "may_ship": visit.actor.may("orders.ship"),
        "waiting": sum(by_state.get(state, 0) for state in shell.TO_DO),
        "next_due": min((each.ship_by for each in found.orders if each.ship_by), default=None),
        "is_filtered": bool(text or channel or days or visit.param("tag")),
        "reasons": words.CANCEL_REASONS,
        "is_known": any(by_state.values()),
    }


def _count(tab: Tab, by_state: Mapping[str, int], by_issue: Mapping[str, int]) -> int:
    if tab.issue:
        return by_issue.get(tab.issue, 0)
    return sum(by_state.get(state, 0) for state in tab.states) if tab.states else sum(by_state.values())


def _span(visit: Visit, days: str) -> tuple[Any, Any]:
    if days not in DAYS:
        return None, None
    back, length = DAYS[days]
    midnight = timezone.localtime(visit.now).replace(hour=0, minute=0, second=0, microsecond=0)
    start = midnight - timedelta(days=back)
    return start, start + timedelta(days=length)


def _duplicates(found: Sequence[OrderSummary]) -> list[OrderSummary]:
    return [each for each in found if each.duplicate_of and each.state == "pending_confirmation"][:3]


# --- many at once -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Failure:
    """An order that a bulk action could not take along."""

    code: str
    why: str


@page("orders.view", methods=("POST",))
def bulk(visit: Visit) -> HttpResponse:
    """One action on the selected orders. Each is its own transaction: what fails is listed, the rest is done."""
    acts: dict[str, tuple[str, Callable[[str], object]]] = {
        "confirm": ("orders.confirm", lambda code: commands.confirm_order(actor=visit.actor, code=code, now=visit.now)),
        "pack": (
            "orders.ship",
            lambda code: commands.move_order(actor=visit.actor, code=code, to="packed", now=visit.now),
        ),
        "cancel": (
            "orders.cancel",
            lambda code: commands.cancel_order(
                actor=visit.actor, code=code, reason=cancel_reason(visit), now=visit.now
            ),
        ),
    }
    back = "/orders/?" + urlencode(
        {name: visit.posted(name) for name in ("tab", "channel", "q", "day") if visit.posted(name)}
    )
    act = visit.posted("act")
    codes = list(dict.fromkeys(visit.request.POST.getlist("pick")))[:MOST_AT_ONCE]
    if act not in acts or not codes:
        visit.flash(gettext("Select orders first."), tone="bad")
        return visit.redirect(back)
    permission, do = acts[act]
    visit.actor.require(permission)
    failed = []
    for code in codes:
        try:
            do(code[:40])
        except MekongError as refused:
            failed.append(Failure(code[:40], sentences.of(refused)))
    done = len(codes) - len(failed)
    said = _said(act, done)
    if not failed:
        visit.flash(said)
        return visit.redirect(back)
    context = {"failed": failed, "done": done, "said": said, "back": back, "act": act}
    return visit.render("orders/bulk.html", context, status=207)


def _said(act: str, done: int) -> str:
    if act == "confirm":
        text = ngettext("{n} order confirmed", "{n} orders confirmed", done)
    elif act == "pack":
        text = ngettext("{n} order packed", "{n} orders packed", done)
    else:
        text = ngettext(
            "{n} order cancelled, its goods are free again", "{n} orders cancelled, their goods are free again", done
        )
    return text.format(n=num(done))


def cancel_reason(visit: Visit) -> str:
    chosen = visit.posted("reason", longest=40)
    typed = visit.posted("reason_text", longest=160)
    word = str(words.CANCEL_REASONS.get(chosen, words.CANCEL_REASONS["other"]))
    return f"{word}: {typed}" if typed else word
