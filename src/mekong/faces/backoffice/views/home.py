"""Today's work: what needs doing now, by urgency, each with the one next step; and how the shop sells."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.utils import timezone

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import VariantView
from mekong.channels import queries as channels
from mekong.channels.contracts import ChannelView
from mekong.channels.queries.consistency import count_faults
from mekong.faces.backoffice import charts, sales_day, steps, todo
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.actor import SYSTEM
from mekong.foundation.queries import person_view
from mekong.foundation.security import locks
from mekong.insights import queries
from mekong.insights.contracts import Cover, Covers, Mover, Movers, TransfersComing
from mekong.inventory import queries as inventory
from mekong.inventory.contracts import LowStock

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class MoverRow:
    variant: VariantView
    mover: Mover
    bar: charts.Bar


@dataclass(frozen=True)
class MoverRows:
    """Rising first. `since`, `until`: the first day of the seven, and the last; None before anything was counted."""

    rows: Sequence[MoverRow]
    since: date | None
    until: date | None


@dataclass(frozen=True)
class CoverRow:
    variant: VariantView
    cover: Cover
    bar: charts.Bar


@page()
def home(visit: Visit) -> HttpResponse:
    """The work, or one of the parts of the page that renew themselves."""
    part = visit.request.headers.get("HX-Target", "") if visit.is_partial else ""
    if part == "sales":
        return visit.render("home_sales.html", {"sales": _sales(visit)})
    covers = queries.covers(actor=visit.actor) if visit.actor.may("inventory.view") else Covers()
    movers = queries.movers(actor=visit.actor) if visit.actor.may("orders.view") and not part else Movers()
    low = inventory.list_low_stock(actor=visit.actor) if visit.actor.may("inventory.view") else []
    moved = [*movers.up, *reversed(movers.down)]
    shown = {each.variant_id for each in covers.rows} | {each.variant_id for each in moved}
    names = _variants(visit, shown | {each.variant_id for each in low[:3]})
    groups, others = todo.arranged(_work(visit, covers, low, names), _roles(visit))
    first_steps = steps.left(visit)
    context: dict[str, Any] = {
        "groups": groups, "others": others, "first_steps": first_steps,
        "next_step": next((each.name for each in first_steps if not each.is_done), ""),
    }  # fmt: skip
    if part:
        return visit.render("home_work.html", context)
    return visit.render(
        "home.html",
        {
            **context, "sales": _sales(visit), "covers": _covers(covers, names), "cover_days": covers.days,
            "movers": _movers(movers.through, [each for each in moved if each.variant_id in names], names),
            "sees_stock": visit.actor.may("inventory.view"), "sees_orders": visit.actor.may("orders.view"),
        },
    )  # fmt: skip


def platforms(found: Collection[ChannelView]) -> list[str]:
    """Channels whose buyers pay the platform, not us."""
    return [each.code for each in found if each.is_remote]


def _roles(visit: Visit) -> set[str]:
    held = {each.role for each in person_view(visit.person).roles}
    return held | ({"owner"} if visit.actor.permissions is None else set())


def _variants(visit: Visit, ids: Collection[int]) -> Mapping[int, VariantView]:
    if not ids or not visit.actor.may("catalog.view"):
        return {}
    return catalog.variants_by_id(actor=visit.actor, ids=ids)


def _work(visit: Visit, covers: Covers, low: Sequence[LowStock], names: Mapping[int, VariantView]) -> list[todo.Work]:
    actor, now = visit.actor, visit.now
    works: list[todo.Work] = []
    found = channels.list_channels(actor=SYSTEM)
    if actor.may("staff.manage"):
        works += todo.of_locks(locks.count_recent(actor=actor, since=now - timedelta(days=1)))
    if actor.may("channels.view"):
        works += todo.of_channels(found, now, count_faults())
    if actor.may("orders.view"):
        # What is owed is for those who see the shop's money.
        kinds = [kind.name for kind in todo.KINDS if kind.right != "reports.view" or actor.may("reports.view")]
        waiting = queries.waiting(actor=actor, names=kinds, platforms=platforms(found), now=now, soon=now + todo.SOON)
        works += todo.of_orders(waiting, may=actor.may, now=now)
        works += _returns(visit)
    if actor.may("inventory.view"):
        works += todo.of_campaigns(
            inventory.list_campaigns(actor=actor, state="running", limit=20)[0],
            inventory.list_campaigns(actor=actor, state="ended", since=now - timedelta(days=1), limit=20)[0],
        )
        works += todo.of_goods(
            oversold=queries.oversold(actor=actor, since=now - WEEK), low=low, covers=covers,
            coming=queries.transfers_coming(actor=actor) if actor.may("inventory.transfer") else TransfersComing(),
            names={each: variant.full_name for each, variant in names.items()},
        )  # fmt: skip
    return works


def _returns(visit: Visit) -> list[todo.Work]:
    waiting = channels.count_waiting(actor=visit.actor)
    first = channels.list_returns(actor=visit.actor, is_waiting=True, limit=1).returns if waiting else ()
    due = first[0].answer_by if first else None
    return todo.of_returns(waiting, due, may=visit.actor.may, now=visit.now)


def _sales(visit: Visit) -> sales_day.SalesDay | None:
    if not visit.actor.may("orders.view"):
        return None
    here = timezone.localtime(visit.now)
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
    found = queries.day_sales(actor=visit.actor, day_start=midnight, now=visit.now)
    return sales_day.of(found, midnight, is_money=visit.actor.may("reports.view"), until=here.hour)


def _movers(through: date | None, moved: Sequence[Mover], names: Mapping[int, VariantView]) -> MoverRows:
    bars = charts.from_middle([each.change for each in moved])
    rows = [MoverRow(names[each.variant_id], each, bar) for each, bar in zip(moved, bars, strict=True)]
    return MoverRows(rows, queries.window(through, days=7)[0] if through else None, through)


def _covers(found: Covers, names: Mapping[int, VariantView]) -> list[CoverRow]:
    known = [each for each in found.rows if each.variant_id in names]
    bars = charts.from_zero([each.lasts for each in known], most=14)
    return [CoverRow(names[each.variant_id], each, bar) for each, bar in zip(known, bars, strict=True)]
