"""The order book: tabs and saved filters with counts, search, and news that wait until they are asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse, JsonResponse, QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mekong.channels import queries as channels
from mekong.faces.backoffice import channel_book, order_conditions, order_rows, presence, shell
from mekong.faces.backoffice.fields import Errors
from mekong.faces.backoffice.marks import Mark, mark
from mekong.faces.backoffice.templatetags.mekong import counted
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import NotFound
from mekong.inventory import queries as inventory
from mekong.orders import queries
from mekong.orders.contracts import (
    Conditions,
    OrderCount,
    OrderFilter,
    OrderPage,
    OrderSummary,
    SavedFilterView,
)

PER_PAGE = 50
MOST_AT_ONCE = 200
COUNTED_AT_ONCE = 4
"""Saved filters that one request counts: each may look at ten thousand orders."""
_OPEN = tuple(sorted(queries.OPEN))


@dataclass(frozen=True, eq=False)
class Tab:
    """A list that is always there, each the only one of its kind. `tone` bad: a count above zero there is a worry."""

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
    Tab("unmatched", _("Unmatched line"), _OPEN, issue="unmatched_line", tone="bad"),
    Tab("short", _("Short of stock"), _OPEN, issue="stock", tone="bad"),
    Tab("address", _("Address unclear"), _OPEN, issue="address", tone="bad"),
    Tab("duplicate", _("Possible duplicate"), ("pending_confirmation",), issue="duplicate", tone="bad"),
    Tab("all", _("All")),
)
_BY_NAME = {tab.name: tab for tab in TABS}
_ALWAYS = {"todo", "confirm", "pack", "hand", "way", "all"}
"""Tabs that are there even when nothing is in them."""


@dataclass(frozen=True)
class Asked:
    """What a list was asked for: a tab or a saved filter, and what narrows it further. `own`: without the tab's.

    `base`: the saved filter that these conditions began as.
    """

    tab: Tab | None
    saved: SavedFilterView | None
    base: SavedFilterView | None
    own: Conditions
    conditions: Conditions
    errors: Errors


class _Marks(dict[str, Mark]):
    """Marks of channels; one that is not known any more is told from its code."""

    def __missing__(self, code: str) -> Mark:
        return mark(code)


@page("orders.view")
def orders(visit: Visit) -> HttpResponse:
    """A page of one tab or saved filter, narrowed further, and searched."""
    asked = asked_for(visit, visit.request.GET)
    page_found = _page(visit, asked)
    around = _around(visit, asked)
    context = {**around, **_rows(visit, asked, page_found, around)}
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "list"
    return visit.render("orders/list.html" if part else "orders/index.html", context)


@page("orders.view")
def news(visit: Visit) -> HttpResponse:
    """What became of the orders on screen, and how many would stand there that do not: nothing moves by itself."""
    asked = asked_for(visit, visit.request.GET)
    shown = [each[:40] for each in visit.request.GET.get("shown", "")[:5000].split(",") if each][:PER_PAGE]
    page_found = _page(visit, asked)
    there = {order.code: order for order in page_found.orders}
    fresh = [code for code in there if code not in set(shown)]
    others = [code for code in shown if code not in there]
    wanted = replace(wanted_of(visit, asked), text="")
    fits = queries.codes_that_fit(actor=visit.actor, wanted=wanted, codes=others) if others else set()
    kept = [*(there[code] for code in shown if code in there)]
    kept += queries.orders_on_screen(actor=visit.actor, codes=others) if others else []
    around = _around(visit, asked)
    gone = {code for code in others if code not in fits}
    context = {**around, **_rows(visit, asked, OrderPage(kept, None), around, gone=gone), "fresh": len(fresh)}
    return visit.render("orders/news.html", context)


@page("orders.view")
def counts(visit: Visit) -> HttpResponse:
    """How many orders each of these saved filters has, by its id: the page stands before they are counted."""
    asked = set(visit.request.GET.get("of", "")[:400].split(","))
    found = [each for each in queries.list_filters(actor=visit.actor) if str(each.id) in asked][:COUNTED_AT_ONCE]
    return JsonResponse({str(each.id): counted(_count_saved(visit, each)) for each in found})


def asked_for(visit: Visit, query: QueryDict) -> Asked:
    """The list that an address names."""
    errors = Errors()
    own = order_conditions.read(query, errors)
    saved = _saved(visit, query.get("saved", ""))
    if saved is not None:
        return Asked(None, saved, saved, own, order_conditions.merged(saved.conditions, own), errors)
    tab = _BY_NAME.get(query.get("tab", ""))
    if tab is None:
        # A search, or conditions that name states themselves, mean the whole book.
        tab = _BY_NAME["all"] if own.text or own.states or own.issues else TABS[0]
    of_tab = Conditions(states=tab.states, issues=(tab.issue,) if tab.issue else ())
    return Asked(tab, None, _saved(visit, query.get("base", "")), own, order_conditions.merged(of_tab, own), errors)


def _saved(visit: Visit, text: str) -> SavedFilterView | None:
    try:
        return queries.get_filter(actor=visit.actor, filter_id=UUID(text)) if text else None
    except (ValueError, NotFound):
        return None


def wanted_of(visit: Visit, asked: Asked) -> OrderFilter:
    return queries.wanted_by(asked.conditions, visit.now)


def _page(visit: Visit, asked: Asked) -> OrderPage:
    try:
        return queries.list_orders(
            actor=visit.actor, wanted=wanted_of(visit, asked), cursor=visit.param("cursor"), limit=PER_PAGE
        )
    except NotFound:
        # A place that is no more: nothing stands there.
        return OrderPage([], None)


def _around(visit: Visit, asked: Asked) -> dict[str, Any]:
    """Tabs, filters and their counts, channels, and what the list is narrowed to."""
    by_issue = queries.count_by_issue(actor=visit.actor)
    by_state: Counter[str] = Counter()
    by_channel: Counter[str] = Counter()
    for (state, channel), n in queries.count_by_state_and_channel(actor=visit.actor).items():
        by_state[state] += n
        if not asked.conditions.states or state in asked.conditions.states:
            by_channel[channel] += n
    tabs = [(each, _count(each, by_state, by_issue)) for each in TABS]
    names = channels.channel_names()
    marks = _Marks(channel_book.marks_of(names))
    locations = inventory.list_locations(actor=SYSTEM)
    places = {place.code: place.name for place in locations}
    query = visit.request.GET
    waiting = sum(by_state[state] for state in shell.TO_DO)
    visit.context["waiting"] = waiting
    return {
        "tab": asked.tab,
        "saved": asked.saved,
        "base": asked.base,
        "tabs": [(each, n, each is asked.tab) for each, n in tabs if n or each.name in _ALWAYS or each is asked.tab],
        "filters": [(each, each == asked.saved) for each in queries.list_filters(actor=visit.actor)],
        "conditions": asked.conditions,
        "errors": asked.errors,
        "q": asked.own.text,
        "channels": asked.own.channels,
        "toggles": _toggles(asked, query, marks, by_channel),
        "marks": marks,
        "place_names": {place.id: place.name for place in locations},
        "all_channels": tuple(sorted(marks.values(), key=lambda each: each.place)),
        "locations": tuple(places.items()),
        "day": asked.own.day,
        "day_words": tuple(order_conditions.DAY_WORDS.items()),
        "day_chips": [(name, order_conditions.DAY_WORDS[name]) for name in order_conditions.CHIPS],
        "chips": order_conditions.chips(asked.own, query, marks, places),
        "carried": [
            (name, value) for name in query if name not in ("q", "cursor", "shown") for value in query.getlist(name)
        ],
        "query": order_conditions.write(asked.conditions).urlencode(),
        "may_confirm": visit.actor.may("orders.confirm"),
        "may_cancel": visit.actor.may("orders.cancel"),
        "may_ship": visit.actor.may("orders.ship"),
        "may_share": visit.actor.may("orders.edit"),
        "waiting": waiting,
        "is_paged": bool(query.get("cursor")),
        "is_filtered": asked.own != Conditions(),
        "is_known": any(by_state.values()),
        "most": MOST_AT_ONCE,
        "has_platform_labels": channel_book.gives_labels(names=names),
        "looked_at": queries.LOOKED_AT,
        "returns_waiting": channels.count_waiting(actor=visit.actor),
    }


def _toggles(
    asked: Asked, query: QueryDict, marks: Mapping[str, Mark], by_channel: Mapping[str, int]
) -> list[tuple[Mark, int, bool, str]]:
    """Channels with orders here: mark, count, whether the list is narrowed to it, and the address that turns that round."""
    without = order_conditions.without(query, "channel")
    glue = "&" if len(without) > 1 else ""
    found = [(marks[code], n, code in asked.own.channels) for code, n in by_channel.items()]
    found.sort(key=lambda each: each[0].place)
    return [
        (mark, n, is_on, without if is_on else f"{without}{glue}{urlencode({'channel': mark.code})}")
        for mark, n, is_on in found
    ]


def _rows(
    visit: Visit, asked: Asked, found: OrderPage, around: Mapping[str, Any], *, gone: Collection[str] = ()
) -> dict[str, Any]:
    by_deadline = wanted_of(visit, asked).order == "deadline"
    rows = order_rows.Rows(
        marks=around["marks"],
        places=around["place_names"],
        people=presence.people_on(visit, [order.code for order in found.orders]),
        by_deadline=by_deadline,
        now=visit.now,
        gone=gone,
        reveals=visit.actor.may("customers.reveal"),
    )
    return {
        "rows": [rows.html(order) for order in found.orders],
        "next_cursor": found.next_cursor,
        "is_partial": found.is_partial,
        "by_deadline": by_deadline,
        "duplicates": _duplicates(found.orders),
        "next_due": found.orders[0].ship_by if by_deadline and found.orders else None,
    }


def _count(tab: Tab, by_state: Mapping[str, int], by_issue: Mapping[str, int]) -> int:
    if tab.issue:
        return by_issue.get(tab.issue, 0)
    return sum(by_state.get(state, 0) for state in tab.states) if tab.states else sum(by_state.values())


def _count_saved(visit: Visit, saved: SavedFilterView) -> OrderCount:
    try:
        return queries.count_orders(actor=visit.actor, wanted=queries.wanted_by(saved.conditions, visit.now))
    except NotFound:
        return OrderCount(0)


def _duplicates(found: Sequence[OrderSummary]) -> list[OrderSummary]:
    return [each for each in found if each.duplicate_of and each.state == "pending_confirmation"][:3]
