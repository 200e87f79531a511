"""The table of variants: thousands of rows, edited in place. The page is a frame; its script asks for rows by window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext

from mekong.catalog import commands, queries
from mekong.channels import queries as channels
from mekong.faces.backoffice import grid_edits, sentences, words
from mekong.faces.backoffice.grid_columns import Column, chosen, columns, markets
from mekong.faces.backoffice.grid_rows import rows
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.errors import MekongError
from mekong.inventory import queries as inventory

STATES = ("active", "draft", "archived")
MOST_WINDOW = 200
_OWN_SORTS = frozenset({"name", "sku", "barcode", "category", "status", "price", "cost"})
_BULK = frozenset({"category", "status", "price", "cost"})
"""Facts that many rows may have alike."""
T = TypeVar("T")


class Window(msgspec.Struct):
    ids: list[int]


class Layout(msgspec.Struct):
    columns: list[str]


@page("catalog.view")
def grid(visit: Visit) -> HttpResponse:
    """The frame: filters, columns, and what the script needs to know."""
    shown = markets(visit)
    all_of_them = columns(visit, shown)
    categories = queries.list_categories(actor=visit.actor)
    wanted = _wanted(visit)
    context = {
        **wanted, "states": words.PRODUCT_STATES, "categories": categories, "sort": visit.param("sort"),
        "status": wanted["status"] or "all", "may_edit": visit.actor.may("catalog.edit"),
        "may_import": visit.actor.may("catalog.import"), "columns": all_of_them,
        "shown": chosen(visit, all_of_them), "shared": [each for each in all_of_them if each.channel is None],
        "paired": [[each for each in all_of_them if each.channel == market.mark] for market in shown],
        "facts": _facts(visit, all_of_them, categories),
        "bulk": [each for each in all_of_them if each.key in _BULK or (each.channel and not each.why)],
        "rounds": (100, 500, 1_000, 5_000, 10_000),
    }  # fmt: skip
    return visit.render("products/grid.html", context)


def _facts(visit: Visit, all_of_them: Sequence[Column], categories: Sequence[Any]) -> dict[str, Any]:
    return {
        "columns": [each.as_json() for each in all_of_them],
        "shown": chosen(visit, all_of_them),
        "categories": [{"code": each.code, "word": " › ".join(each.path)} for each in categories],
        "states": [
            {"code": code, "word": str(shape.word), "tone": shape.tone} for code, shape in words.PRODUCT_STATES.items()
        ],
        "words": _words(),
    }


def _words() -> dict[str, str]:
    return {
        "rows": gettext("{count} variants"),
        "cut": gettext("The first {count} variants; narrow the filters to see the others."),
        "none": gettext("No variant with these filters"),
        "sending": gettext("saving…"),
        "saved": gettext("Saved: {count}"),
        "refused": gettext("Not saved: {count}"),
        "working": gettext("{done} of {count}"),
        "undone": gettext("Undone: {count}"),
        "nothing": gettext("Nothing to undo"),
        "locked": gettext("Cannot be typed here: {why}"),
        "picked": gettext("{count} selected"),
        "kept": gettext("Typed: {value}. Not saved: {why}"),
        "was": gettext("It is now: {value}."),
        "plan": gettext("{changed} of {count} cells change."),
        "planWrong": gettext("{count} cannot change."),
        "empty": gettext("empty"),
        "tooLong": gettext("At most {count} cells at once."),
        "limit": gettext("12: at most 12 · 30%: a share · =12: set aside · -3: hold back · empty: from the pool"),
        "select": gettext("Select {name}"),
        "adjust": gettext("Enter: adjust with a reason"),
        "ended": gettext("Signed out. Sign in again in another tab; what was typed stays here, and Enter sends it."),
        "cancelled": gettext("Stopped"),
    }


def _wanted(visit: Visit) -> dict[str, str]:
    status = visit.param("status", "active")
    status = status if status in (*STATES, "all") else "active"
    return {
        "q": visit.param("q"), "category": visit.param("category"), "brand": visit.param("brand"),
        "status": "" if status == "all" else status,
    }  # fmt: skip


@page("catalog.view")
def index(visit: Visit) -> HttpResponse:
    """The ids of every row that fits, in order."""
    sort, is_falling = visit.param("sort").removeprefix("-"), visit.param("sort").startswith("-")
    own = sort if sort in _OWN_SORTS else ""
    try:
        found = queries.grid_index(actor=visit.actor, sort=own, is_falling=is_falling, **_wanted(visit))
        ids = list(found.ids) if own or not sort else _sorted(visit, list(found.ids), sort, is_falling=is_falling)
    except MekongError as refused:
        return _refused(refused)
    return JsonResponse({"ids": ids, "is_cut": found.is_cut})


def _sorted(visit: Visit, ids: list[int], sort: str, *, is_falling: bool) -> list[int]:
    """By a figure that other modules keep: stock, or what a channel shows. What has none stands last."""
    kind, _, code = sort.partition(":")
    figures: dict[int, int | None] = {}
    if kind == "free":
        sums = inventory.stock_sums(actor=visit.actor, variant_ids=ids)
        figures = {variant: on_hand - reserved for variant, (on_hand, reserved) in sums.items()}
    elif kind in ("p", "q"):
        shown = channels.shown_on(actor=visit.actor, channel=code)
        figures = {variant: price if kind == "p" else quantity for variant, (price, quantity) in shown.items()}
    known = [each for each in ids if figures.get(each) is not None]
    known.sort(key=lambda each: figures[each] or 0, reverse=is_falling)
    return [*known, *(each for each in ids if figures.get(each) is None)]


@page("catalog.view", methods=("POST",))
def window(visit: Visit) -> HttpResponse:
    """The rows with these ids: as many as a screen and its surroundings hold."""
    asked = _read(visit, Window)
    if asked is None or len(asked.ids) > MOST_WINDOW:
        return _unread()
    return JsonResponse({"rows": rows(visit, asked.ids, markets(visit))})


@page("catalog.view", methods=("POST",))
def edit(visit: Visit) -> HttpResponse:
    """Make edits, each on its own; what became of each, and the rows as they are now."""
    asked = _read(visit, grid_edits.Edits)
    if asked is None or len(asked.edits) > grid_edits.MOST_EDITS:
        return _unread()
    results = grid_edits.apply(visit, asked.edits)
    touched = list(dict.fromkeys(each.row for each in asked.edits))
    return JsonResponse({"results": results, "rows": rows(visit, touched, markets(visit))})


@page("catalog.view", methods=("POST",))
def plan(visit: Visit) -> HttpResponse:
    """How many cells a change of many rows would change, without making it."""
    asked = _read(visit, grid_edits.Planned)
    if asked is None or len(asked.rows) > grid_edits.MOST_PLANNED:
        return _unread()
    return JsonResponse(grid_edits.plan(visit, asked))


@page("catalog.view", methods=("POST",))
def layout(visit: Visit) -> HttpResponse:
    """Remember which columns this person looks at."""
    asked = _read(visit, Layout)
    if asked is None:
        return _unread()
    try:
        commands.save_grid_layout(actor=visit.actor, columns=asked.columns, now=visit.now)
    except MekongError as refused:
        return _refused(refused)
    return JsonResponse({})


def _read(visit: Visit, shape: type[T]) -> T | None:
    try:
        return msgspec.json.decode(visit.request.body, type=shape)
    except msgspec.MsgspecError:
        return None


def _unread() -> HttpResponse:
    return JsonResponse({"message": gettext("This cannot be read. Load the page again.")}, status=422)


def _refused(refused: MekongError) -> HttpResponse:
    return JsonResponse({"message": sentences.of(refused)}, status=refused.status)
