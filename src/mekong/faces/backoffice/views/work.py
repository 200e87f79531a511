"""The documents behind the figures of today's work: every figure is as long as its list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from mekong.catalog import queries as catalog
from mekong.channels import queries as channels
from mekong.faces.backoffice import channel_book, todo
from mekong.faces.backoffice.templatetags.mekong import day as day_word
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.actor import SYSTEM
from mekong.insights import queries
from mekong.insights.contracts import OrderRows
from mekong.inventory import queries as inventory
from mekong.inventory.contracts import LocationView


@page()
def work(visit: Visit, name: str) -> HttpResponse:
    """One list. A name that none has is no page."""
    shown = _PAGES.get(name)
    if shown is not None:
        return shown(visit)
    kind = next((each for each in todo.KINDS if each.name == name), None)
    if kind is None:
        raise Http404
    if kind.right == "reports.view":
        visit.actor.require(kind.right)
    platforms = [each.code for each in channels.list_channels(actor=SYSTEM) if each.is_remote]
    found = queries.waiting_orders(
        actor=visit.actor, name=name, platforms=platforms, now=visit.now, cursor=visit.param("cursor")
    )
    return _orders(visit, found, title=todo.title_of(name, found.orders), why=todo.why_of(name))


def _orders(visit: Visit, found: OrderRows, *, title: str, why: str = "", units_word: str = "") -> HttpResponse:
    context = {
        "title": title, "why": why, "found": found, "units_word": units_word or gettext("Units"),
        "marks": channel_book.marks([row.channel for row in found.rows]), "money": todo.amounts(found.money),
    }  # fmt: skip
    return visit.render("work_orders.html", context)


def _day(visit: Visit) -> date:
    """The day of the address, else today."""
    try:
        return date.fromisoformat(visit.param("day"))
    except ValueError:
        return timezone.localtime(visit.now).date()


def _moment(day: date, hour: int = 0) -> datetime:
    return datetime.combine(day, time(hour), timezone.get_current_timezone())


def _sales(visit: Visit) -> HttpResponse:
    """Orders of a day, an hour, a channel: `?day=2026-11-22&hour=14&channel=web`."""
    day, hour, channel = _day(visit), visit.param("hour"), visit.param("channel")
    has_hour = hour.isascii() and hour.isdigit() and int(hour) < 24
    since = _moment(day, int(hour) if has_hour else 0)
    until = since + (timedelta(hours=1) if has_hour else timedelta(days=1))
    found = queries.sold_orders(
        actor=visit.actor, since=since, until=until, channel=channel, cursor=visit.param("cursor")
    )
    parts = [channel_book.marks([channel])[channel].name] if channel else []
    parts += [day_word(day)]
    if has_hour:
        parts.append(gettext("from {start}:00 to {end}:00").format(start=int(hour), end=int(hour) + 1))
    return _orders(
        visit, found, title=gettext("Sold: {what}").format(what=" · ".join(parts)),
        why=gettext("Every order placed then, but cancelled ones."),
    )  # fmt: skip


def _mover(visit: Visit) -> HttpResponse:
    """Orders that took a SKU's units in the seven days, or with `?week=before` in the seven before them."""
    visit.actor.require("orders.view")
    variant = catalog.variants_by_sku(actor=visit.actor, skus=[visit.param("sku")]).get(visit.param("sku"))
    through = queries.counted_through()
    if variant is None or through is None:
        raise Http404
    first, after = queries.window(through, days=7, before=7 if visit.param("week") == "before" else 0)
    found = queries.taking_orders(
        actor=visit.actor, variant_id=variant.id, since=_moment(first), until=_moment(after),
        cursor=visit.param("cursor"),
    )  # fmt: skip
    return _orders(
        visit, found, title=variant.full_name, units_word=gettext("Units of it"),
        why=gettext("Orders from {first} to {last} that took units of {sku}, in bundles too.").format(
            first=day_word(first), last=day_word(after - timedelta(days=1)), sku=variant.sku
        ),
    )  # fmt: skip


def _oversold(visit: Visit) -> HttpResponse:
    rows = queries.oversold(actor=visit.actor, since=visit.now - timedelta(days=7))
    known = catalog.variants_by_id(actor=visit.actor, ids={row.variant_id for row in rows}) if rows else {}
    context = {
        "rows": [(known[row.variant_id], row) for row in rows if row.variant_id in known],
        "may_adjust": visit.actor.may("inventory.adjust"), "kind": "oversold", "by_code": _places(),
    }  # fmt: skip
    return visit.render("work_goods.html", context)


def _cover(visit: Visit) -> HttpResponse:
    found = queries.covers(actor=visit.actor, within_days=14, limit=200)
    known = catalog.variants_by_id(actor=visit.actor, ids={row.variant_id for row in found.rows}) if found.rows else {}
    context = {
        "rows": [(known[row.variant_id], row) for row in found.rows if row.variant_id in known], "kind": "cover",
        "days": found.days, "within": found.within, "by_code": _places(),
    }  # fmt: skip
    return visit.render("work_goods.html", context)


def _transfers(visit: Visit) -> HttpResponse:
    coming = queries.transfers_coming(actor=visit.actor)
    return visit.render("work_goods.html", {"coming": coming, "kind": "transfers", "by_code": _places()})


def _places() -> dict[str, LocationView]:
    """Every place by its code, for its name: goods come from places where one does not work."""
    return {each.code: each for each in inventory.list_places(actor=SYSTEM)}


_PAGES: Mapping[str, Callable[[Visit], HttpResponse]] = {
    "sales": _sales,
    "mover": _mover,
    "oversold": _oversold,
    "cover": _cover,
    "transfers": _transfers,
}


def names() -> list[str]:
    """Every list there is."""
    return [*(each.name for each in todo.KINDS), *_PAGES]
