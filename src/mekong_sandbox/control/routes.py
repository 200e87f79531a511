"""Which control path does what. Everything a control call changes is on disk before it is answered."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from mekong_sandbox.control.door import Wrong, body_of, query_of
from mekong_sandbox.faults import Rule
from mekong_sandbox.http import Reply, Request, json_reply
from mekong_sandbox.settings import Settings
from mekong_sandbox.world import World

STARTED = time.monotonic()


class FaultsBody(msgspec.Struct, forbid_unknown_fields=True):
    rules: list[Rule]
    seed: int | None = None


class ClockBody(msgspec.Struct, forbid_unknown_fields=True):
    advance_s: float


def get_faults(world: World, request: Request) -> object:
    """The rules in force with their hits."""
    return {"rules": world.faults.rules}


def add_faults(world: World, request: Request) -> object:
    """Add rules: `{"rules": [...], "seed": 7}`, or one rule alone."""
    many = b'"rules"' in request.body
    body = body_of(request, FaultsBody) if many else FaultsBody([body_of(request, Rule)])
    return {"rules": world.faults.install(body.rules, body.seed)}


def clear_faults(world: World, request: Request) -> object:
    """Remove all rules, or the one with `?id=`."""
    rule_id = query_of(request).get("id", "")
    if rule_id and not rule_id.isdecimal():
        raise Wrong("id must be a whole number")
    return {"removed": world.faults.clear(int(rule_id) if rule_id else None)}


def get_clock(world: World, request: Request) -> object:
    return {"stamp": world.clock.stamp(), "now": world.clock.now(), "offset_s": world.clock.offset_s}


def skip_time(world: World, request: Request) -> object:
    """Fast-forward deadlines: token and code lives, delays, retries, automatic life."""
    body = body_of(request, ClockBody)
    if body.advance_s < 0:
        raise Wrong("advance_s must not be negative")
    world.skip(body.advance_s)
    return get_clock(world, request)


def get_settings(world: World, request: Request) -> object:
    return world.settings


def change_settings(world: World, request: Request) -> object:
    """Change some settings, leave the others."""
    changes = body_of(request, dict[str, object])
    try:
        world.use_settings(msgspec.convert(msgspec.to_builtins(world.settings) | changes, Settings))
    except msgspec.ValidationError as bad:
        raise Wrong(str(bad)) from None
    return world.settings


def get_stats(world: World, request: Request) -> object:
    return {"uptime_s": round(time.monotonic() - STARTED, 1), "endpoints": world.stats.report()}


def clear_stats(world: World, request: Request) -> object:
    world.stats.clear()
    return {}


def get_notices(world: World, request: Request) -> object:
    return {"counts": world.outbox.counts, "pending": world.outbox.pending(), "lost_push": len(world.shopee.lost)}


def reset(world: World, request: Request) -> object:
    world.reset()
    return {}


def summary(world: World, request: Request) -> object:
    """What is there."""
    return {name: platform.summary() for name, platform in world.platforms.items()}


ROUTES: dict[tuple[str, str], Callable[[World, Request], object]] = {
    ("GET", ""): summary,
    ("GET", "/faults"): get_faults,
    ("POST", "/faults"): add_faults,
    ("DELETE", "/faults"): clear_faults,
    ("GET", "/clock"): get_clock,
    ("POST", "/clock"): skip_time,
    ("GET", "/settings"): get_settings,
    ("POST", "/settings"): change_settings,
    ("GET", "/stats"): get_stats,
    ("DELETE", "/stats"): clear_stats,
    ("GET", "/notices"): get_notices,
    ("POST", "/reset"): reset,
}


def answer(world: World, request: Request) -> Reply:
    """Answer a control call."""
    path = request.path.removeprefix("/control").rstrip("/")
    try:
        got = _answered(world, request, path)
    except ValueError as bad:
        return json_reply({"error": "invalid", "message": str(bad)}, 422)
    except Wrong as wrong:
        return json_reply({"error": "refused", "message": str(wrong)}, wrong.status)
    if request.method != "GET":
        world.store.flush()
    return json_reply(got)


def _answered(world: World, request: Request, path: str) -> object:
    name, *below = path[1:].split("/")
    platform = world.platforms.get(name)
    if platform is None:
        route = ROUTES.get((request.method, path))
    elif request.method == "POST" and len(below) == 3 and (below[0], below[2]) == ("orders", "advance"):
        return platform.advance(request, below[1])
    else:
        route = platform.control.get((request.method, "/" + "/".join(below)))
    if route is None:
        raise Wrong(f"no control call {request.method} {request.path}", 404)
    return route(world, request)
