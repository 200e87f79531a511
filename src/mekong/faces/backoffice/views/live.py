"""The live page: one product on the shelf, every channel as its own server answers; and real history flowing in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import VariantView
from mekong.channels import queries as channels
from mekong.channels.contracts import ChannelView, Problem
from mekong.faces.backoffice import channel_book, charts, problems, sentences
from mekong.faces.backoffice.marks import Mark
from mekong.faces.backoffice.visit import Visit, page
from mekong.faces.replay import running as replay
from mekong.faces.replay.contracts import RunView
from mekong.foundation.errors import MekongError
from mekong.inventory import queries as inventory
from mekong.orders import queries as orders

SPEEDS = (10_000, 50_000, 250_000, 0)
"""Times faster than it happened; 0 is as fast as it goes."""

_BARS = 26
_LOOK_AT = 400


@dataclass(frozen=True)
class Tile:
    """One channel of the product: what it shows, as far as is known before its server answers.

    `title`: the platform where one account is on it, else what the account is called.
    """

    mark: Mark
    title: str
    sub: str
    is_remote: bool
    can_buy: bool
    quantity: int | None
    bars: str


@page("inventory.view")
def live(visit: Visit) -> HttpResponse:
    """The last unit, or with `?view=replay` the order history."""
    if visit.param("view") == "replay":
        return _replay(visit)
    variant = _chosen(visit)
    shown = _listed(visit, variant)
    tiles = _tiles(visit, variant, shown)
    levels = inventory.levels(actor=visit.actor, variant_ids=[variant.id]) if variant else []
    places = {place.code: place.name for place in inventory.list_locations(actor=visit.actor)}
    buyable = [tile for tile in tiles if tile.is_remote and tile.can_buy]
    # The buttons above are of a shop of our own and a stranger's: a marketplace, where there is one.
    market = next((tile for tile in buyable if tile.mark.hue != "web"), next(iter(buyable), None))
    till = next((tile for tile in tiles if tile.mark.hue == "store"), None) or next(
        (tile for tile in tiles if not tile.is_remote), None
    )
    context = {
        "variant": variant,
        "tiles": tiles,
        "levels": levels,
        "places": places,
        "market": market,
        "till": till,
        "on_hand": sum(each.on_hand for each in levels),
        "reserved": sum(each.reserved for each in levels),
        "atp": sum(each.free for each in levels),
        "oversold": channels.count_oversold(),
        "slowest": _slowest(visit),
        "view": "unit",
        "q": visit.param("q"),
        "may_sell": visit.actor.may("orders.place"),
        "may_put": visit.actor.may("inventory.adjust"),
        "setup": {
            "sku": variant.sku if variant else "",
            "places": places,
        },
    }
    return visit.render("live/unit.html", context)


def _chosen(visit: Visit) -> VariantView | None:
    """The SKU asked for; else the one with fewest units left that marketplaces list; else any that is stocked."""
    sku = visit.param("sku")
    if sku:
        found = catalog.variants_by_sku(actor=visit.actor, skus=[sku])
        if sku in found:
            return found[sku]
    levels = inventory.levels(actor=visit.actor, limit=_LOOK_AT)
    free: dict[int, int] = {}
    for level in levels:
        free[level.variant_id] = free.get(level.variant_id, 0) + level.free
    ids = sorted((variant for variant, units in free.items() if units > 0), key=lambda variant: free[variant])
    if visit.actor.may("channels.view") and ids:
        listed = {each.variant_id for each in channels.listings_of(actor=visit.actor, variant_ids=ids[:60])}
        ids = [each for each in ids if each in listed] or ids
    known = catalog.variants_by_id(actor=visit.actor, ids=ids[:1] or list(free)[:1])
    return next(iter(known.values()), None)


def _listed(visit: Visit, variant: VariantView | None) -> dict[str, int | None]:
    if variant is None or not visit.actor.may("channels.view"):
        return {}
    found = channels.listings_of(actor=visit.actor, variant_ids=[variant.id])
    return {
        each.channel: each.remote_quantity if each.remote_quantity is not None else each.acknowledged for each in found
    }


def _tiles(visit: Visit, variant: VariantView | None, shown: dict[str, int | None]) -> list[Tile]:
    if variant is None or not visit.actor.may("channels.view"):
        return []
    used: list[ChannelView] = [
        each
        for each in channels.list_channels(actor=visit.actor)
        if each.is_active and each.kind != "phone" and (not each.is_remote or each.code in shown)
    ]
    own = inventory.availability_on({each.code: {variant.id: ""} for each in used if not each.is_remote})
    recent = channels.delays_by_minute(actor=visit.actor, since=visit.now - timedelta(hours=2))
    accounts = Counter(each.title for each in used if each.is_remote)
    made = []
    for each in used:
        mark = channel_book.mark_of(each)
        title = each.title if each.is_remote and accounts[each.title] == 1 else mark.name
        account = mark.name if title == each.title else each.title
        quantity = shown.get(each.code) if each.is_remote else own[each.code, variant.id].quantity
        minutes: Sequence[Any] = recent.get(each.code, [])[-_BARS:]
        made.append(
            Tile(
                mark,
                title,
                account if each.is_remote and account != title else "",
                each.is_remote,
                each.has_test_buyer or not each.is_remote,
                quantity,
                charts.bars([minute[2] for minute in minutes], width=104, height=18),
            )
        )
    return sorted(made, key=lambda tile: tile.mark.place)[:8]


@dataclass(frozen=True)
class Slowest:
    """The slowest channel's p95 over a day. `top`: the figure at the top of the chart, in milliseconds."""

    path: str
    top: int
    worst: float | None
    limit_y: str


def _slowest(visit: Visit) -> Slowest | None:
    if not visit.actor.may("channels.view"):
        return None
    since = visit.now - timedelta(hours=24)
    worst: dict[datetime, float] = {}
    for rows in channels.delays_by_minute(actor=visit.actor, since=since).values():
        for at, _, _, p95, _ in rows:
            if p95 is not None:
                slot = at.replace(minute=at.minute // 10 * 10)
                worst[slot] = max(worst.get(slot, 0.0), p95)
    most = max(worst.values(), default=None)
    top = 1200 if most is None or most <= 1200 else round(most * 1.1)
    points = sorted(worst.items())
    if points:  # a figure stands for its ten minutes, so that a first one is seen
        points.append((min(points[-1][0] + timedelta(minutes=10), visit.now), points[-1][1]))
    line = charts.line(points, start=since, end=visit.now, top=top, width=440, height=118)
    return Slowest(line.path, top, most, f"{(1 - 1000 / top) * 116 + 2:.0f}")


def _replay(visit: Visit) -> HttpResponse:
    context = {
        "view": "replay",
        "speeds": SPEEDS,
        "channels": _streams(visit),
        "slowest": None,
        "oversold": channels.count_oversold(),
        "may_run": visit.actor.may("channels.manage"),
    }
    return visit.render("live/replay.html", context)


class Wish(msgspec.Struct):
    """What the buttons of the history page send."""

    action: str
    speed: float = 0.0


@page("channels.view", methods=("GET", "HEAD", "POST"))
def history(visit: Visit) -> HttpResponse:
    """Where the replay of order history stands; a POST starts or stops it. Refusals carry a sentence in `message`."""
    try:
        run = _played(visit)
    except msgspec.MsgspecError:
        return JsonResponse({"message": gettext("That did not work. Check the connection and try again.")}, status=422)
    except MekongError as refused:
        return JsonResponse({"message": sentences.of(refused), "code": refused.code}, status=refused.status)
    if run is None:
        return JsonResponse({"running": False, "stopping": False})
    said = {
        "running": run.is_live,
        "stopping": run.is_live and run.is_stop_asked,
        "state": run.state,
        "speed": run.speed,
        **run.progress,
    }
    if run.error:
        problem = Problem(str(run.error.get("code", "")), dict(run.error.get("params", {})))
        said["message"] = problems.sentence(problem)
    return JsonResponse(said)


def _played(visit: Visit) -> RunView | None:
    if visit.is_post:
        wish = msgspec.json.decode(visit.request.body, type=Wish)
        if wish.action == "stop":
            return replay.stop_replay(actor=visit.actor, now=visit.now)
        return replay.start_replay(actor=visit.actor, speed=max(0.0, min(wish.speed, 10.0**7)), now=visit.now)
    return replay.replay_status(actor=visit.actor, now=visit.now)


def _streams(visit: Visit) -> list[Mark]:
    if not visit.actor.may("channels.view"):
        return []
    through = {each.code for each in replay.ways(actor=visit.actor)}
    used = [
        each
        for each in channels.list_channels(actor=visit.actor)
        if each.is_active and each.kind != "phone" and (not each.is_remote or each.code in through)
    ]
    return sorted((channel_book.mark_of(each) for each in used), key=lambda mark: mark.place)


@page("inventory.view")
def figures(visit: Visit) -> HttpResponse:
    """What the charts draw, as of now: orders booked of each channel, delays, units sold beyond stock."""
    totals = orders.count_by_channel(actor=visit.actor) if visit.actor.may("orders.view") else {}
    seen = channels.list_channels(actor=visit.actor) if visit.actor.may("channels.view") else []
    return JsonResponse(
        {
            "at": visit.now.isoformat(),
            "orders": totals,
            "channels": {
                each.code: {
                    "p50": each.figures.p50_ms,
                    "p95": each.figures.p95_ms,
                    "waiting": each.figures.waiting,
                    "acked": each.figures.acked,
                }
                for each in seen
            },
            "oversold": channels.count_oversold(),
        }
    )
