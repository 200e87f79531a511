"""The voucher game: set up, started, watched, checked and stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from mekong.faces.backoffice import offer_words as words
from mekong.faces.backoffice import sentences
from mekong.faces.backoffice.fields import Errors, read_moment, read_number
from mekong.faces.backoffice.once import once
from mekong.faces.backoffice.templatetags.mekong import num
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.errors import Invalid, MekongError
from mekong.pricing import commands, queries
from mekong.pricing.contracts.games import GameSetup, GameView, NewPrize, PrizeView

RIGHT = "pricing.manage"
MOST_PRIZES = 60
COLOURS = ("#2f6f5e", "#b4532a", "#3d4a94", "#8a5a00", "#7b2d5b", "#1f6aa5", "#66701a", "#5d4a9c")
"""Of prizes that were given no colour of their own; white letters can be read on each."""
_FIELDS = ("name", "slug", "kind", "starts_at", "ends_at", "per_day", "budget")


@dataclass
class Typed:
    """A prize of the form as it was typed."""

    name: str = ""
    prize: str = "none"
    weight: str = "1"
    stock: str = ""
    daily: str = ""
    promotion: str = ""
    points: str = ""
    cost: str = ""
    day: str = ""
    colour: str = COLOURS[0]


@dataclass(frozen=True)
class Row:
    """A prize with its chance in words."""

    prize: PrizeView
    chance: str


@page("pricing.view")
def games(visit: Visit) -> HttpResponse:
    """Every game, the latest first."""
    context = {
        "rows": queries.list_games(actor=visit.actor), "kinds": words.GAME_KINDS, "here_tab": "games",
        "may_set": visit.actor.may(RIGHT),
    }  # fmt: skip
    return visit.render("offers/games.html", context)


# --- the form ---------------------------------------------------------------------------------------------------------


@page(RIGHT, methods=("GET", "HEAD", "POST"))
def create(visit: Visit) -> HttpResponse:
    """A new game, as a draft."""
    return _set_up(visit, None)


@page(RIGHT, methods=("GET", "HEAD", "POST"))
def edit(visit: Visit, uid: UUID) -> HttpResponse:
    """A draft, set up otherwise."""
    return _set_up(visit, queries.get_game(actor=visit.actor, game_id=uid))


def _set_up(visit: Visit, known: GameView | None) -> HttpResponse:
    form, lines, errors = _form_of(visit, known), _lines_of(known), Errors()
    if visit.is_post:
        form = {name: visit.posted(name, longest=200) for name in _FIELDS}
        form["members_only"] = visit.posted("members_only", longest=5) == "on"
        lines = _typed(visit)
        setup = _read(form, lines, errors)
        if setup is not None:
            try:
                return _save(visit, setup, known)
            except MekongError as refused:
                errors.take(refused, _names(len(lines)))
    context = {
        "form": form, "lines": lines, "blank": Typed(), "errors": errors, "game": known, "kinds": words.GAME_KINDS,
        "prize_kinds": words.PRIZE_KINDS,
    }  # fmt: skip
    return visit.render("offers/game_form.html", context, status=422 if errors else 200)


def _save(visit: Visit, setup: GameSetup, known: GameView | None) -> HttpResponse:
    def work() -> str:
        if known is not None:
            made = commands.change_game(actor=visit.actor, game_id=known.id, setup=setup, now=visit.now)
        else:
            made = commands.create_game(actor=visit.actor, setup=setup, now=visit.now)
        return f"/offers/games/{made.id}/"

    answer = once(visit, work)
    visit.flash(gettext("Saved as a draft. Look it over, then start it."))
    return answer


def _form_of(visit: Visit, known: GameView | None) -> dict[str, Any]:
    begins = known.starts_at if known else visit.now
    ends = known.ends_at if known else visit.now + timedelta(days=14)
    return {
        "name": known.name if known else "", "slug": known.slug if known else "",
        "kind": known.kind if known else "spin", "per_day": str(known.per_day if known else 1),
        "budget": _text(known.budget_minor) if known else "", "members_only": bool(known and known.members_only),
        "starts_at": f"{timezone.localtime(begins):%Y-%m-%dT%H:%M}",
        "ends_at": f"{timezone.localtime(ends):%Y-%m-%dT%H:%M}",
    }  # fmt: skip


def _text(number: int | None) -> str:
    return "" if number is None else str(number)


def _lines_of(known: GameView | None) -> list[Typed]:
    if known is None:
        return [Typed(colour=COLOURS[0]), Typed(colour=COLOURS[1])]
    return [
        Typed(
            each.name, each.kind, str(each.weight), _text(each.stock), _text(each.daily_cap), each.promotion_code,
            _text(each.points or None), _text(each.cost_minor or None), _text(each.day or None), each.colour,
        )
        for each in known.prizes
    ]  # fmt: skip


def _typed(visit: Visit) -> list[Typed]:
    names = [each.name for each in fields(Typed)]
    columns = {name: visit.request.POST.getlist(f"p_{name}")[: MOST_PRIZES + 1] for name in names}
    rows = []
    for at in range(max(map(len, columns.values()), default=0)):
        texts = {
            name: (column[at] if at < len(column) else "")[:100].replace("\x00", "").strip()
            for name, column in columns.items()
        }
        rows.append(Typed(**texts))
    return rows or [Typed()]


def _read(form: dict[str, Any], lines: Sequence[Typed], errors: Errors) -> GameSetup | None:
    begins, ends = (read_moment(errors, name, form[name]) for name in ("starts_at", "ends_at"))
    for name, moment in (("starts_at", begins), ("ends_at", ends)):
        if moment is None:
            errors.add(name, gettext("Choose a day and a time."))
    prizes = tuple(_prize(at, line, errors) for at, line in enumerate(lines))
    per_day = read_number(errors, "per_day", form["per_day"], least=1, most=100)
    budget = read_number(errors, "budget", form["budget"]) if form["budget"] else None
    if errors or begins is None or ends is None:
        return None
    return GameSetup(
        name=form["name"], slug=form["slug"], kind=form["kind"], starts_at=begins, ends_at=ends, prizes=prizes,
        members_only=form["members_only"], per_day=per_day, budget_minor=budget,
    )  # fmt: skip


def _prize(at: int, line: Typed, errors: Errors) -> NewPrize:
    def optional(name: str, text: str, most: int = 2**31 - 1) -> int | None:
        return read_number(errors, f"{name}-{at}", text, most=most) if text else None

    return NewPrize(
        name=line.name, kind=line.prize, weight=read_number(errors, f"weight-{at}", line.weight, least=1, most=10**6),
        stock=optional("stock", line.stock), daily_cap=optional("daily", line.daily),
        promotion_code=line.promotion if line.prize == "voucher" else "",
        points=(optional("points", line.points, 10**9) or 0) if line.prize == "points" else 0,
        cost_minor=optional("cost", line.cost, 10**12) or 0, colour=line.colour.lower(),
        day=optional("day", line.day, 31) or 0,
    )  # fmt: skip


def _names(count: int) -> dict[str, str]:
    """The command's fields to the form's."""
    ours = {
        "name": "name", "kind": "prize", "weight": "weight", "stock": "stock", "daily_cap": "daily",
        "promotion_code": "promotion", "points": "points", "cost_minor": "cost", "colour": "colour", "day": "day",
    }  # fmt: skip
    return {"budget_minor": "budget"} | {
        f"prizes[{at}].{theirs}": f"{name}-{at}" for at in range(count) for theirs, name in ours.items()
    }


# --- one game ---------------------------------------------------------------------------------------------------------


@page("pricing.view")
def game(visit: Visit, uid: UUID) -> HttpResponse:
    """A game as it stands: given, left, spent; its plays; and, when asked for, the proof."""
    return _show(visit, uid)


def _show(visit: Visit, uid: UUID, *, status: int = 200, refused: str = "") -> HttpResponse:
    found = queries.get_game(actor=visit.actor, game_id=uid)
    plays = queries.list_plays(actor=visit.actor, game_id=uid, cursor=visit.param("cursor") or None)
    context = {
        "game": found, "prizes": _rows(visit, found), "plays": plays.items, "next_cursor": plays.next_cursor,
        "kinds": words.GAME_KINDS, "prize_kinds": words.PRIZE_KINDS, "falls": words.FALLS, "wrong_words": words.WRONG,
        "may_set": visit.actor.may(RIGHT), "refused": refused,
        "address": visit.request.build_absolute_uri(f"/play/{found.slug}/"),
        "is_checked": bool(visit.param("check")),
        "proof": queries.verify_game(actor=visit.actor, game_id=uid) if visit.param("check") else None,
    }  # fmt: skip
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "game"
    return visit.render("offers/game_body.html" if part else "offers/game.html", context, status=status)


def _rows(visit: Visit, found: GameView) -> list[Row]:
    sums: dict[int, int] = {}
    for each in found.prizes:
        sums[each.day] = sums.get(each.day, 0) + each.weight
    point = "." if visit.language.startswith("en") else ","
    rows = []
    for each in found.prizes:
        basis = each.weight * 10_000 // sums[each.day]
        rows.append(Row(each, f"{num(basis // 100)}{point}{basis % 100:02d}%"))
    return rows


@page(RIGHT, methods=("POST",), confirmed=True)
def act(visit: Visit, uid: UUID) -> HttpResponse:
    """Start or stop it; refusals are said on its page."""
    chosen = visit.posted("act", longest=20)
    try:
        if chosen == "start":
            commands.start_game(actor=visit.actor, game_id=uid, now=visit.now)
            visit.flash(gettext("The game is started: its seed is announced, its prizes stand"))
        elif chosen == "stop":
            commands.stop_game(actor=visit.actor, game_id=uid, now=visit.now)
            visit.flash(gettext("The game has ended and its seed is public"))
    except MekongError as refused:
        if refused.status == 404:
            raise
        text = sentences.without_field(refused) if isinstance(refused, Invalid) else sentences.of(refused)
        return _show(visit, uid, status=refused.status, refused=text)
    return visit.redirect(f"/offers/games/{uid}/")
