"""The voucher game as its players see it: without signing in, by phone number, on any phone and a slow network.

The page works as a plain form; its script makes it move, and repeats a request that got no answer under the same id, which
is one play however often it arrives.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import wraps
from math import cos, pi, sin
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.http.response import HttpResponseBase
from django.utils import timezone, translation
from django.utils.translation import gettext, ngettext
from django.views.decorators.csrf import csrf_exempt

from mekong.faces.api import problems
from mekong.faces.api.entrance import as_error, check_media
from mekong.faces.api.errors import MalformedJson
from mekong.faces.backoffice import sentences
from mekong.faces.backoffice.streamed import Streamed
from mekong.faces.backoffice.visit import render_apart
from mekong.foundation import phones
from mekong.foundation.actor import channel_actor
from mekong.foundation.addresses import address_of
from mekong.foundation.company import get_company
from mekong.foundation.errors import MekongError
from mekong.pricing import commands, queries
from mekong.pricing.contracts.games import PlayLine, PlayView, PrizeView, PublicGame
from mekong.pricing.errors import GameNotFound

ACTOR = channel_actor("game")
_LONGEST_BODY = 2_000


class Wish(msgspec.Struct, forbid_unknown_fields=True):
    """A play as it is sent. `request_id` names it; sent again, it is the same play."""

    phone: str
    request_id: str
    client_seed: str


@dataclass(frozen=True)
class Slice:
    """A prize as a part of the wheel. `path`: of SVG, for a circle of 100 around the middle; "" for the only one."""

    prize: PrizeView
    path: str
    turn: str
    ink: str


def _slices(prizes: tuple[PrizeView, ...]) -> list[Slice]:
    """Equal parts, whatever their chances: the wheel shows what there is to win, the draw decides."""
    n = len(prizes)
    found = []
    for at, prize in enumerate(prizes):
        # From the top, clockwise.
        one, other = ((2 * pi * (at + step) / n - pi / 2) for step in (0, 1))
        path = (
            f"M0 0L{100 * cos(one):.3f} {100 * sin(one):.3f}"
            f"A100 100 0 {int(n < 2)} 1 {100 * cos(other):.3f} {100 * sin(other):.3f}Z"
        )
        found.append(Slice(prize, path if n > 1 else "", f"{360 * (at + 0.5) / n - 90:.3f}", _ink(prize.colour)))
    return found


def _ink(colour: str) -> str:
    """Black or white, whichever reads better on a colour (by relative luminance, WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return "#000000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 else "#ffffff"


# --- the page ---------------------------------------------------------------------------------------------------------


@csrf_exempt
def game(request: HttpRequest, slug: str) -> HttpResponse:
    """The game; a form that was sent without the script is answered on it. It changes nothing but what a play changes."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(("GET", "HEAD", "POST"))
    now = timezone.now()
    try:
        found = queries.public_game(slug=slug, now=now)
    except GameNotFound:
        return _apart(request)
    if request.method != "POST":
        return _show(request, found, now)
    wish = Wish(*(request.POST.get(name, "")[:100] for name in Wish.__struct_fields__))
    try:
        return _show(request, found, now, played=_play(request, slug, wish, now), phone=wish.phone)
    except MekongError as refused:
        told = sentences.without_field(refused) if refused.status == 422 else sentences.of(refused)
        return _show(request, found, now, refused=told, phone=wish.phone, status=refused.status)


def _apart(request: HttpRequest) -> HttpResponse:
    said = {
        "title": gettext("This game is not here"), "code": "404",
        "message": gettext("Look at the address again, or ask the shop."),
    }  # fmt: skip
    return render_apart(request, "play/gone.html", said, status=404)


def _show(request: HttpRequest, found: PublicGame, now: datetime, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {
        "game": found, "slices": _slices(found.prizes), "shop": get_company().name,
        "days": _days(found.prizes), "request_id": secrets.token_urlsafe(18), "client_seed": secrets.token_hex(8),
        "is_coming": found.starts_at > now and not found.is_over, "words": _words(), "said": _said(more.get("played")),
        **more,
    }  # fmt: skip
    return render_apart(request, "play/game.html", context, status=status)


def _days(prizes: tuple[PrizeView, ...]) -> list[tuple[int, str]]:
    """What each day of a streak can give."""
    days: dict[int, list[str]] = {}
    for prize in prizes:
        days.setdefault(prize.day, []).append(prize.name)
    return [(day, ", ".join(days.get(day, ()))) for day in range(1, max(days, default=0) + 1)]


def _words() -> dict[str, str]:
    """What the script says."""
    return {
        "sending": gettext("One moment…"),
        "again": gettext("The network is slow. Trying again; it stays one play."),
        "failed": gettext("No answer yet. Press again: it stays one play."),
        "copied": gettext("Copied"),
    }


def _said(played: PlayView | None) -> dict[str, Any] | None:
    """What came of a play, in words, for the page and for its script."""
    if played is None:
        return None
    headline, detail = _told(played)
    return {
        "headline": headline, "detail": detail, "code": played.code, "number": played.number,
        "client_seed": played.client_seed, "position": played.position, "streak": played.streak,
        "left_today": played.left_today, "left": _left(played),
        "is_won": played.kind != "none", "is_repeat": played.is_repeat,
    }  # fmt: skip


def _told(played: PlayView) -> tuple[str, str]:
    if played.fell_for == "no_table":
        return gettext("See you tomorrow"), gettext("Day {n} in a row.").format(n=played.streak)
    if played.fell_for:
        text = gettext("You drew “{prize}”, but all of them are given out.").format(prize=played.prize)
        return gettext("Not this time"), text
    if played.kind == "voucher":
        return played.prize, gettext("Your code is below. Keep it: it is yours.")
    if played.kind == "points":
        return played.prize, gettext("The points are booked to your phone number.")
    return played.prize, ""


def _left(played: PlayView) -> str:
    if not played.left_today:
        return gettext("That was all for today. Come back tomorrow.")
    return ngettext(
        "You can play {n} more time today.", "You can play {n} more times today.", played.left_today
    ).format(n=played.left_today)


def _play(request: HttpRequest, slug: str, wish: Wish, now: datetime) -> PlayView:
    commands.count_call(
        actor=ACTOR, address=address_of(request), phone=phones.e164(wish.phone) or wish.phone[:40], now=now
    )
    return commands.play_game(
        actor=ACTOR, slug=slug, phone=wish.phone[:40], request_id=wish.request_id, client_seed=wish.client_seed, now=now
    )


# --- for scripts and for those who check --------------------------------------------------------------------------------


def _for_anybody(
    method: str,
) -> Callable[[Callable[[HttpRequest, str, datetime], HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """A JSON address without sign-in; refusals are problem documents."""

    def wrap(view: Callable[[HttpRequest, str, datetime], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @csrf_exempt
        @wraps(view)
        def asked(request: HttpRequest, slug: str) -> HttpResponseBase:
            if request.method != method:
                return HttpResponseNotAllowed((method,))
            language = translation.get_language() or "vi"
            try:
                return view(request, slug, datetime.now(UTC))
            except Exception as failure:  # noqa: BLE001 - every failure becomes an answer; defects are logged
                made = problems.problem(as_error(failure), language, request.path)
                return HttpResponse(
                    made.encoded(), status=made.status, content_type=problems.MEDIA_TYPE, headers=made.headers
                )

        return asked

    return wrap


@_for_anybody("POST")
def plays(request: HttpRequest, slug: str, now: datetime) -> HttpResponseBase:
    """One play; the same `request_id` again gives the same answer."""
    check_media(request.content_type or "")
    if len(request.body) > _LONGEST_BODY:
        raise MalformedJson(reason="too long")
    try:
        wish = msgspec.json.decode(request.body, type=Wish)
    except msgspec.ValidationError as wrong:
        raise problems.from_msgspec(wrong) from wrong
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise MalformedJson(reason=str(wrong)) from wrong
    return JsonResponse(_said(_play(request, slug, wish, now)) or {})


@_for_anybody("GET")
def state(request: HttpRequest, slug: str, now: datetime) -> HttpResponseBase:
    """What the game is, whether it takes plays, and what it announced."""
    commands.count_call(actor=ACTOR, address=address_of(request), phone="", now=now)
    found = queries.public_game(slug=slug, now=now)
    shown = {name: getattr(found, name) for name in found.__dataclass_fields__ if name not in ("id", "prizes")}
    prizes = [
        {"position": each.position, "name": each.name, "kind": each.kind, "weight": each.weight, "day": each.day}
        for each in found.prizes
    ]
    return JsonResponse({**shown, "game": found.id.hex, "prizes": prizes})


@_for_anybody("GET")
def proof(request: HttpRequest, slug: str, now: datetime) -> HttpResponseBase:
    """After the game: its seed, its prizes and every play, one JSON document a line; nothing about persons."""
    commands.count_call(actor=ACTOR, address=address_of(request), phone="", now=now)
    found = queries.public_game(slug=slug, now=now)
    if not found.seed:
        raise GameNotFound(key=slug)
    table = queries.prize_table(slug=slug)
    return Streamed(_proof(found, table), name=f"{slug}.jsonl", kind="application/jsonl")


def _proof(found: PublicGame, table: str) -> Iterator[bytes]:
    head = {
        "game": found.id.hex, "seed": found.seed, "commitment": found.commitment, "table": table,
        "table_digest": found.table_digest, "draw": "HMAC-SHA256(seed, game|number|client_seed) * sum(weights) >> 256",
    }  # fmt: skip
    yield msgspec.json.encode(head) + b"\n"
    for line in queries.play_lines(game_id=found.id):
        yield msgspec.json.encode(_line(line)) + b"\n"


def _line(line: PlayLine) -> dict[str, Any]:
    return {**asdict(line), "player": line.player.hex}
