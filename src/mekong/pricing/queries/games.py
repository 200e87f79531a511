"""Games, their figures, their plays, and the proof that they were drawn as they were announced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import takewhile
from uuid import UUID

from django.db.models import Count

from mekong.foundation import masking
from mekong.foundation.actor import Actor
from mekong.foundation.contracts import Page
from mekong.foundation.ids import parse_public
from mekong.foundation.paging import decode_cursor, encode_cursor
from mekong.pricing import vault
from mekong.pricing.contracts.games import (
    GameProof,
    GameView,
    PlayFound,
    PlayLine,
    PlayView,
    PrizeView,
    PublicGame,
)
from mekong.pricing.errors import GameNotFound
from mekong.pricing.models import Game, GameState, Play, Player, Prize
from mekong.pricing.rules import games as rules

GAME, PLAYER, PLAY = "gam", "ply", "pla"
_MOST_WRONG = 100


def slot_of(prize: Prize) -> rules.Slot:
    return rules.Slot(
        prize.position, prize.name, prize.kind, prize.weight, prize.stock, prize.daily_cap, prize.promotion_code,
        prize.points, prize.cost_minor, prize.day,
    )  # fmt: skip


def _prize_view(row: Prize) -> PrizeView:
    return PrizeView(
        position=row.position, name=row.name, kind=row.kind, weight=row.weight, stock=row.stock,
        daily_cap=row.daily_cap, promotion_code=row.promotion_code, points=row.points, cost_minor=row.cost_minor,
        colour=row.colour, day=row.day, given=row.given, left=None if row.stock is None else row.stock - row.given,
    )  # fmt: skip


def game_view(row: Game, players: int | None = None) -> GameView:
    """Two statements, one where `players` is known."""
    return GameView(
        id=row.uid, slug=row.slug, name=row.name, kind=row.kind, state=row.state, starts_at=row.starts_at,
        ends_at=row.ends_at, members_only=row.members_only, per_day=row.per_day, currency=row.currency,
        budget_minor=row.budget_minor, spent_minor=row.spent_minor, plays=row.plays,
        players=row.players.count() if players is None else players, commitment=row.commitment,
        table_digest=row.table_digest, seed=row.seed, started_at=row.started_at, ended_at=row.ended_at,
        prizes=tuple(_prize_view(each) for each in sorted(row.prizes.all(), key=lambda each: each.position)),
    )  # fmt: skip


def list_games(*, actor: Actor) -> list[GameView]:
    """Every game, the latest first. Two statements. Raises: MayNot."""
    actor.require("pricing.view")
    rows = Game.objects.prefetch_related("prizes").annotate(count=Count("players")).order_by("-pk")[:200]
    return [game_view(row, row.count) for row in rows]


def find_game(game_id: UUID) -> Game:
    """Raises: GameNotFound."""
    row = Game.objects.filter(uid=game_id).first()
    if row is None:
        raise GameNotFound(key=game_id)
    return row


def get_game(*, actor: Actor, game_id: UUID) -> GameView:
    """Raises: MayNot, GameNotFound."""
    actor.require("pricing.view")
    return game_view(find_game(game_id))


def public_game(*, slug: str, now: datetime) -> PublicGame:
    """A game for its players: anybody may see it once it was started. Raises: GameNotFound."""
    row = Game.objects.exclude(state=GameState.DRAFT).filter(slug=slug).first()
    if row is None:
        raise GameNotFound(key=slug)
    is_over = row.state == GameState.ENDED or row.ends_at <= now
    return PublicGame(
        id=row.uid, slug=row.slug, name=row.name, kind=row.kind, starts_at=row.starts_at, ends_at=row.ends_at,
        is_open=not is_over and row.starts_at <= now, is_over=is_over, members_only=row.members_only,
        per_day=row.per_day, commitment=row.commitment, table_digest=row.table_digest, seed=row.seed,
        prizes=tuple(_prize_view(each) for each in row.prizes.order_by("position")),
    )  # fmt: skip


def prize_table(*, slug: str) -> str:
    """The text whose digest a game announces. Raises: GameNotFound."""
    row = Game.objects.exclude(state=GameState.DRAFT).filter(slug=slug).first()
    if row is None:
        raise GameNotFound(key=slug)
    slots = [slot_of(each) for each in row.prizes.order_by("position")]
    return rules.table_text(slots, per_day=row.per_day, budget_minor=row.budget_minor, currency=row.currency)


def play_view(row: Play, left_today: int, *, is_repeat: bool = False) -> PlayView:
    given = row.given
    return PlayView(
        id=row.uid, number=row.number, client_seed=row.client_seed, streak=row.streak,
        position=row.drawn.position if row.drawn else None, prize=row.drawn.name if row.drawn else "",
        kind=given.kind if given else "none", fell_for=row.fell_for,
        code=vault.unseal(row.sealed_code) if row.sealed_code else "", points=given.points if given else 0,
        left_today=left_today, at=row.at, is_repeat=is_repeat,
    )  # fmt: skip


def list_plays(*, actor: Actor, game_id: UUID, cursor: str | None = None, limit: int = 50) -> Page[PlayFound]:
    """Plays of a game, the latest first, with phones masked. Two statements. Raises: MayNot, GameNotFound."""
    actor.require("pricing.view")
    rows = Play.objects.select_related("player", "drawn", "given").filter(game=find_game(game_id)).order_by("-number")
    if cursor:
        (before,) = decode_cursor(cursor, tuple[int])
        rows = rows.filter(number__lt=before)
    found = list(rows[: limit + 1])
    more = encode_cursor(found[limit - 1].number) if len(found) > limit else None
    return Page([_found(row) for row in found[:limit]], more)


def _found(row: Play) -> PlayFound:
    return PlayFound(
        row.number, masking.phone(_known(row.player.phone)), row.drawn.name if row.drawn else "",
        row.given.kind if row.given else "none", row.fell_for, row.streak, row.at,
    )  # fmt: skip


def _known(phone: str) -> str:
    """A number that was forgotten on request is none."""
    return phone if phone.startswith("+") else ""


def player_phone(*, actor: Actor, player_id: str) -> str:
    """The phone of a player (E.164), for the rooms that give prizes; "" when it is not known any more. Raises: MayNot.

    `player_id`: as `PrizeWon` has it.
    """
    actor.require("customers.reveal")
    uid = parse_public(PLAYER, player_id)
    rows = Player.objects.filter(uid=uid) if uid is not None else Player.objects.none()
    return _known(rows.values_list("phone", flat=True).first() or "")


# --- the proof --------------------------------------------------------------------------------------------------------


def play_lines(*, game_id: UUID) -> Iterator[PlayLine]:
    """Every play in the order of its number, without anything about persons: the material of the proof.

    Whoever shows it waits for the end of the game. Raises: GameNotFound, when the first one is asked for.
    """
    rows = Play.objects.select_related("player", "drawn", "given").filter(game=find_game(game_id)).order_by("number")
    for row in rows.iterator(chunk_size=2000):
        yield PlayLine(
            row.number, row.player.uid, row.client_seed, row.day, row.streak,
            row.drawn.position if row.drawn else None, row.given.position if row.given else None, row.fell_for, row.at,
        )  # fmt: skip


def verify_game(*, actor: Actor, game_id: UUID) -> GameProof:
    """Draw every play of a game again, and follow stock, caps, budget, streaks and limits of persons through it.

    At any time; while a game runs its seed is used and not told. Raises: MayNot, GameNotFound, Unavailable.
    """
    actor.require("pricing.view")
    game = find_game(game_id)
    if game.state == GameState.DRAFT:
        return GameProof(0)
    seed = bytes.fromhex(game.seed or vault.unseal(game.sealed_seed))
    slots = [slot_of(each) for each in game.prizes.order_by("position")]
    text = rules.table_text(slots, per_day=game.per_day, budget_minor=game.budget_minor, currency=game.currency)
    replay = _Replay(game, slots, seed)
    replay.check(0, rules.commitment(seed) == game.commitment, "commitment")
    replay.check(0, rules.table_digest(text) == game.table_digest, "table")
    # Plays made since the game was read are for the next time.
    replay.follow(takewhile(lambda line: line.number <= game.plays, play_lines(game_id=game_id)))
    replay.check(0, replay.last == game.plays, "plays")
    replay.check(0, replay.spent == game.spent_minor, "budget")
    return GameProof(replay.last, tuple(replay.wrong[:_MOST_WRONG]), replay.unissued)


class _Replay:
    """The game played again from its seed."""

    def __init__(self, game: Game, slots: list[rules.Slot], seed: bytes) -> None:
        self.game, self.slots, self.seed = game, slots, seed
        self.wrong: list[tuple[int, str]] = []
        self.last = self.spent = self.unissued = 0
        self._given: Counter[int] = Counter()
        self._given_on: Counter[tuple[int, date]] = Counter()
        self._came: dict[UUID, tuple[date, int]] = {}
        self._played: Counter[tuple[UUID, date]] = Counter()

    def check(self, number: int, is_right: bool, what: str) -> None:
        if not is_right:
            self.wrong.append((number, what))

    def follow(self, lines: Iterable[PlayLine]) -> None:
        for line in lines:
            self.check(line.number, line.number == self.last + 1, "number")
            self.last = line.number
            self._person(line)
            self._draw(line)

    def _person(self, line: PlayLine) -> None:
        self._played[line.player, line.day] += 1
        self.check(line.number, self._played[line.player, line.day] <= self.game.per_day, "per_day")
        if self.game.kind == "check_in":
            came = self._came.get(line.player, (None, 0))
            self.check(line.number, line.streak == rules.streak(came[0], came[1], line.day), "streak")
            self._came[line.player] = (line.day, line.streak)

    def _draw(self, line: PlayLine) -> None:
        table = rules.table_of(self.slots, self.game.kind, line.streak)
        slot = rules.drawn_from(table, self.seed, self.game.uid.hex, line.number, line.client_seed)
        self.check(line.number, line.drawn == (slot.position if slot else None), "drawn")
        fell: str = "no_table"
        if slot is not None:
            fell = rules.why_falls(
                slot, given=self._given[slot.position], given_today=self._given_on[slot.position, line.day],
                spent_minor=self.spent, budget_minor=self.game.budget_minor,
            )  # fmt: skip
        if not fell and line.fell_for == "voucher" and slot is not None and slot.kind == "voucher":
            self.unissued += 1
            fell = "voucher"
        self.check(line.number, line.fell_for == fell, "fell")
        self.check(line.number, line.given == (None if fell or slot is None else slot.position), "given")
        if not fell and slot is not None:
            self._given[slot.position] += 1
            self._given_on[slot.position, line.day] += 1
            self.spent += slot.cost_minor
