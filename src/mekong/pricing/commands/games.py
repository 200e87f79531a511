"""Setting a game up, starting it (which commits to its seed), playing, and ending it (which reveals the seed)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from functools import lru_cache
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import F

from mekong.foundation import phones
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.foundation.errors import Rejected
from mekong.foundation.events import emit
from mekong.foundation.ids import public
from mekong.pricing import vault
from mekong.pricing.commands.card_ledger import VIETNAM
from mekong.pricing.contracts.games import GameSetup, GameView, NewPrize, PlayView, givers
from mekong.pricing.errors import (
    GameInvalid,
    GameNotDraft,
    GameNotFound,
    GameNotOpen,
    MembersOnly,
    PlayedEnough,
    TooManyPlays,
)
from mekong.pricing.events import PrizeWon
from mekong.pricing.models import (
    Game,
    GameKind,
    GameState,
    Play,
    Player,
    PlayerDay,
    PlayRate,
    Prize,
    PrizeDay,
    PrizeKind,
)
from mekong.pricing.queries.games import GAME, PLAY, PLAYER, game_view, play_view, slot_of
from mekong.pricing.rules import games as rules

LONGEST = timedelta(days=366)
CALLS_OF_AN_ADDRESS = 240
"""In a minute. Mobile networks of Vietnam put many phones behind one address."""
CALLS_OF_A_PHONE = 20
"""In a minute, repeats of a lost answer included."""
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


# --- setting up -------------------------------------------------------------------------------------------------------


@command
def create_game(*, actor: Actor, setup: GameSetup, now: datetime) -> GameView:
    """A game as a draft, which nobody sees or plays yet. Raises: MayNot, GameInvalid naming the field."""
    actor.require("pricing.manage")
    _check(setup, now)
    row = Game(**_columns(setup), created_by=actor.ref, created_at=now)
    _save_under_its_address(row)
    _write_prizes(row, setup.prizes)
    return game_view(row)


@command
def change_game(*, actor: Actor, game_id: UUID, setup: GameSetup, now: datetime) -> GameView:
    """Set a draft up anew. Raises: MayNot, GameNotFound, GameNotDraft, GameInvalid naming the field."""
    actor.require("pricing.manage")
    row = _lock_draft(game_id)
    _check(setup, now)
    for name, value in _columns(setup).items():
        setattr(row, name, value)
    _save_under_its_address(row)
    row.prizes.all().delete()
    _write_prizes(row, setup.prizes)
    return game_view(row)


def _save_under_its_address(row: Game) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as taken:
        if "slug" not in str(taken):
            raise
        raise GameInvalid(field="slug", problem="Another game has this address. Choose another one.") from taken


def _columns(setup: GameSetup) -> dict[str, object]:
    return {
        "slug": setup.slug, "name": setup.name.strip(), "kind": setup.kind, "starts_at": setup.starts_at,
        "ends_at": setup.ends_at, "members_only": setup.members_only, "per_day": setup.per_day,
        "currency": setup.currency, "budget_minor": setup.budget_minor,
    }  # fmt: skip


def _write_prizes(game: Game, prizes: Sequence[NewPrize]) -> None:
    Prize.objects.bulk_create(Prize(game=game, position=place, **asdict(prize)) for place, prize in enumerate(prizes))


def _lock(game_id: UUID) -> Game:
    row = Game.objects.select_for_update().filter(uid=game_id).first()
    if row is None:
        raise GameNotFound(key=game_id)
    return row


def _lock_draft(game_id: UUID) -> Game:
    row = _lock(game_id)
    if row.state != GameState.DRAFT:
        raise GameNotDraft(name=row.name)
    return row


def _check(setup: GameSetup, now: datetime) -> None:
    if not 0 < len(setup.name.strip()) <= 120:
        raise GameInvalid(field="name", problem="Give it a name of at most 120 characters.")
    if not _SLUG.fullmatch(setup.slug) or len(setup.slug) > 60:
        raise GameInvalid(
            field="slug", problem="Write the address in small letters, digits and dashes, like quay-tet-2027."
        )
    if setup.kind not in GameKind.values:
        raise GameInvalid(field="kind", problem="Choose one of: {known}.", known=", ".join(GameKind.values))
    if not now < setup.ends_at or not setup.starts_at < setup.ends_at:
        raise GameInvalid(field="ends_at", problem="The end must come after the start, and after now.")
    if setup.ends_at - setup.starts_at > LONGEST:
        raise GameInvalid(field="ends_at", problem="A game lasts for a year at most.")
    if not 1 <= setup.per_day <= 100 or (setup.kind == GameKind.CHECK_IN and setup.per_day != 1):
        raise GameInvalid(field="per_day", problem="From 1 to 100 plays a day; a check-in is played once a day.")
    if setup.budget_minor is not None and not 0 <= setup.budget_minor <= 10**15:
        raise GameInvalid(field="budget_minor", problem="Give an amount that is not below zero.")
    if not re.fullmatch(r"[A-Z]{3}", setup.currency):
        raise GameInvalid(field="currency", problem="Give a currency by its three capitals, like VND.")
    if not 1 <= len(setup.prizes) <= rules.MOST_PRIZES:
        raise GameInvalid(field="prizes", problem="Give from 1 to {most} prizes.", most=rules.MOST_PRIZES)
    for place, prize in enumerate(setup.prizes):
        _check_prize(f"prizes[{place}]", prize, setup)


def _check_prize(field: str, prize: NewPrize, setup: GameSetup) -> None:
    def refuse(name: str, problem: str) -> GameInvalid:
        return GameInvalid(field=f"{field}.{name}", problem=problem)

    if not 0 < len(prize.name.strip()) <= 60:
        raise refuse("name", "Give it a name of at most 60 characters.")
    if prize.kind not in PrizeKind.values:
        raise refuse("kind", "Choose voucher, points or none.")
    if not 1 <= prize.weight <= rules.MOST_WEIGHT:
        raise refuse("weight", "Give a weight from 1 to 1,000,000.")
    for name, value in (("stock", prize.stock), ("daily_cap", prize.daily_cap)):
        if value is not None and not 0 <= value <= 2**31 - 1:
            raise refuse(name, "Give a number that is not below zero, or leave it empty for no limit.")
    if prize.kind == PrizeKind.VOUCHER and not 0 < len(prize.promotion_code) <= 60:
        raise refuse("promotion_code", "Name the promotion whose vouchers it gives.")
    if prize.kind == PrizeKind.POINTS and not 1 <= prize.points <= 10**9:
        raise refuse("points", "Say how many points it gives.")
    if not 0 <= prize.cost_minor <= 10**12 or (prize.cost_minor and prize.kind == PrizeKind.NONE):
        raise refuse("cost_minor", "Give an amount that is not below zero; no prize costs nothing.")
    if not _COLOUR.fullmatch(prize.colour):
        raise refuse("colour", "Give a colour like #2f6f5e.")
    if (setup.kind == GameKind.CHECK_IN) != (prize.day > 0) or prize.day > rules.LONGEST_STREAK:
        raise refuse("day", "Give the day of the streak, from 1 to 31, in a check-in, and in no other game.")


@command
def start_game(*, actor: Actor, game_id: UUID, now: datetime) -> GameView:
    """Publish a game: from here on its prizes stand, and the hash of its secret seed is public. Safe to repeat.

    It takes plays from its own start on. Raises: MayNot, GameNotFound, GameNotDraft (it has ended), GameInvalid.
    """
    actor.require("pricing.manage")
    row = _lock(game_id)
    if row.state == GameState.RUNNING:
        return game_view(row)
    if row.state != GameState.DRAFT:
        raise GameNotDraft(name=row.name)
    if row.ends_at <= now:
        raise GameInvalid(field="ends_at", problem="The end must come after the start, and after now.")
    prizes = list(row.prizes.order_by("position"))
    if givers.vouchers is None and any(each.kind == PrizeKind.VOUCHER for each in prizes):
        raise GameInvalid(field="prizes", problem="Nothing issues vouchers here. Take the voucher prizes out.")
    if givers.members is None and row.members_only:
        raise GameInvalid(field="members_only", problem="Nothing knows members here. Let anybody play.")
    seed = secrets.token_bytes(rules.SEED_BYTES)
    text = rules.table_text(
        [slot_of(each) for each in prizes], per_day=row.per_day, budget_minor=row.budget_minor, currency=row.currency
    )
    row.sealed_seed, row.commitment = vault.seal(seed.hex()), rules.commitment(seed)
    row.table_digest = rules.table_digest(text)
    row.state, row.started_at = GameState.RUNNING, now
    row.save()
    return game_view(row)


@command
def stop_game(*, actor: Actor, game_id: UUID, now: datetime) -> GameView:
    """End a game for good, and reveal its seed. Safe to repeat. Raises: MayNot, GameNotFound, GameInvalid (a draft)."""
    actor.require("pricing.manage")
    row = _lock(game_id)
    if row.state == GameState.DRAFT:
        raise GameInvalid(field="state", problem="It has not been started. Start it first.")
    if row.state == GameState.RUNNING:
        row.state, row.ended_at, row.seed = GameState.ENDED, now, vault.unseal(row.sealed_seed)
        row.save(update_fields=["state", "ended_at", "seed"])
    return game_view(row)


def end_games(*, now: datetime) -> int:
    """Housekeeping: end the games whose time is up; how many."""
    due = list(Game.objects.filter(state=GameState.RUNNING, ends_at__lte=now).values_list("uid", flat=True))
    for each in due:
        stop_game(actor=SYSTEM, game_id=each, now=now)
    return len(due)


@command
def forget_player(*, actor: Actor, phone: str) -> int:
    """Blank somebody's phone number in every game; in how many it stood. Their plays stay, so that games still prove.

    In a game that runs they count as a new person from then on. Safe to repeat. Raises: MayNot, GameInvalid.
    """
    actor.require("customers.reveal")
    number = phones.e164(phone)
    if number is None:
        raise GameInvalid(field="phone", problem="This is no phone number. Type it like 0901 234 567.")
    rows = list(Player.objects.select_for_update().filter(phone=number).order_by("pk"))
    for row in rows:
        row.phone = f"x{row.uid.hex}"
        row.save(update_fields=["phone"])
    PlayRate.objects.filter(who=f"phone:{number}").delete()
    return len(rows)


# --- playing ----------------------------------------------------------------------------------------------------------


@command
def count_call(*, actor: Actor, address: str, phone: str, now: datetime) -> None:
    """Count a call of a player against what an address and a phone ("": none) may send in a minute.

    Raises: MayNot, TooManyPlays.
    """
    actor.require("orders.place")
    minute = now.replace(second=0, microsecond=0)
    counted = [(f"address:{address}"[:120], CALLS_OF_AN_ADDRESS)]
    if phone:
        counted.append((f"phone:{phone}"[:120], CALLS_OF_A_PHONE))
    for who, most in counted:
        with connection.cursor() as cursor:
            cursor.execute(
                """insert into pricing_playrate as r (who, minute, calls) values (%s, %s, 1)
                   on conflict (who, minute) do update set calls = r.calls + 1 where r.calls < %s returning calls""",
                [who, minute, most],
            )
            taken = cursor.fetchone()
        if taken is None:
            raise TooManyPlays(retry_after_s=60 - now.second)
        if taken[0] == 1:
            with connection.cursor() as cursor:
                cursor.execute(
                    """delete from pricing_playrate where id in (
                           select id from pricing_playrate where minute < %s order by id for update skip locked)""",
                    [now - timedelta(hours=1)],
                )


@command
def play_game(*, actor: Actor, slug: str, phone: str, request_id: str, client_seed: str, now: datetime) -> PlayView:
    """One play of a person, drawn here and now, with what it won. The same `request_id` again gives the same play.

    Args:
        phone: who plays; as people type it.
        request_id: chosen by the caller for this play (letters, digits, - and _).
        client_seed: chosen by the player's browser; it is part of what is drawn from.

    Raises: MayNot, GameInvalid, GameNotFound, GameNotOpen, MembersOnly, PlayedEnough.
    """
    actor.require("orders.place")
    number = phones.e164(phone)
    if number is None:
        raise GameInvalid(field="phone", problem="This is no phone number. Type it like 0901 234 567.")
    for field, value in (("request_id", request_id), ("client_seed", client_seed)):
        if not _TOKEN.fullmatch(value):
            raise GameInvalid(field=field, problem="Send 1 to 64 letters, digits, dashes and underscores.")
    known = _played(slug, number, request_id)
    if known is not None:
        return known
    game = Game.objects.select_for_update().exclude(state=GameState.DRAFT).filter(slug=slug).first()
    if game is None:
        raise GameNotFound(key=slug)
    known = _played(slug, number, request_id)  # the same request, while this one waited for the lock
    if known is not None:
        return known
    if game.state != GameState.RUNNING or not game.starts_at <= now < game.ends_at:
        raise GameNotOpen(name=game.name, starts_at=game.starts_at, ends_at=game.ends_at)
    if game.members_only and (givers.members is None or not givers.members.is_member(phone=number)):
        raise MembersOnly(name=game.name)
    today = now.astimezone(VIETNAM).date()
    player, _ = Player.objects.get_or_create(game=game, phone=number, defaults={"created_at": now})
    plays_today = _count_play(game, player, today)
    return play_view(_draw(game, player, actor, request_id, client_seed, today, now), game.per_day - plays_today)


def _played(slug: str, phone: str, request_id: str) -> PlayView | None:
    row = (
        Play.objects.select_related("game", "drawn", "given")
        .filter(game__slug=slug, player__phone=phone, request_id=request_id)
        .first()
    )
    if row is None:
        return None
    plays = PlayerDay.objects.filter(player_id=row.player_id, day=row.day).values_list("plays", flat=True).first() or 0
    return play_view(row, max(0, row.game.per_day - plays), is_repeat=True)


def _count_play(game: Game, player: Player, today: date) -> int:
    """How many plays that makes today. Raises: PlayedEnough."""
    with connection.cursor() as cursor:
        cursor.execute(
            """insert into pricing_playerday as d (player_id, day, plays, cap) values (%s, %s, 1, %s)
               on conflict (player_id, day) do update set plays = d.plays + 1 where d.plays < d.cap returning plays""",
            [player.pk, today, game.per_day],
        )
        row = cursor.fetchone()
    if row is None:
        raise PlayedEnough(most=game.per_day)
    return int(row[0])


@lru_cache(maxsize=8)
def _seed(sealed: str) -> bytes:
    return bytes.fromhex(vault.unseal(sealed))


def _draw(
    game: Game, player: Player, actor: Actor, request_id: str, client_seed: str, today: date, now: datetime
) -> Play:
    prizes = {each.position: each for each in game.prizes.all()}
    streak = 0
    if game.kind == GameKind.CHECK_IN:
        last = Play.objects.filter(player=player).order_by("-number").first()
        streak = rules.streak(last.day, last.streak, today) if last else 1
    game.plays += 1
    table = rules.table_of([slot_of(each) for each in prizes.values()], game.kind, streak)
    slot = rules.drawn_from(table, _seed(game.sealed_seed), game.uid.hex, game.plays, client_seed)
    play = Play(
        game=game, number=game.plays, player=player, request_id=request_id, client_seed=client_seed, day=today,
        streak=streak, at=now,
    )  # fmt: skip
    if slot is None:
        play.fell_for = "no_table"
    else:
        play.drawn = prizes[slot.position]
        _give(play, game, prizes[slot.position], slot, actor, now)
    play.save(force_insert=True)
    game.save(update_fields=["plays", "spent_minor"])
    _tell(play, actor, now)
    return play


def _give(play: Play, game: Game, prize: Prize, slot: rules.Slot, actor: Actor, now: datetime) -> None:
    """Give what was drawn, or book why not: whatever comes of it, nothing is drawn again."""
    given_today = PrizeDay.objects.filter(prize=prize, day=play.day).values_list("given", flat=True).first() or 0
    play.fell_for = rules.why_falls(
        slot, given=prize.given, given_today=given_today, spent_minor=game.spent_minor, budget_minor=game.budget_minor
    )
    if not play.fell_for and prize.kind == PrizeKind.VOUCHER:
        code = _voucher(play, prize, actor, now)
        play.sealed_code, play.fell_for = (vault.seal(code), "") if code else ("", "voucher")
    if play.fell_for:
        return
    play.given, play.cost_minor = prize, prize.cost_minor
    game.spent_minor += prize.cost_minor
    Prize.objects.filter(pk=prize.pk).update(given=F("given") + 1)
    if prize.daily_cap is not None:
        with connection.cursor() as cursor:
            cursor.execute(
                """insert into pricing_prizeday as d (prize_id, day, given, cap) values (%s, %s, 1, %s)
                   on conflict (prize_id, day) do update set given = d.given + 1""",
                [prize.pk, play.day, prize.daily_cap],
            )


def _voucher(play: Play, prize: Prize, actor: Actor, now: datetime) -> str:
    """The code of a voucher; "" when its promotion gives none now.

    A refusal is booked here and not passed on: it would undo the play, and with it the draw, which the player could then
    repeat until it pleased.
    """
    if givers.vouchers is None:
        return ""
    try:
        with transaction.atomic():
            return givers.vouchers.issue_for(
                actor=actor, promotion_code=prize.promotion_code, person=play.player.phone,
                reference=public(PLAY, play.uid), now=now,
            )  # fmt: skip
    except Rejected:
        return ""


def _tell(play: Play, actor: Actor, now: datetime) -> None:
    prize = play.given
    if prize is None or prize.kind == PrizeKind.NONE:
        return
    emit(
        actor,
        PrizeWon(
            public(PLAY, play.uid), public(GAME, play.game.uid), public(PLAYER, play.player.uid), prize.kind, prize.name,
            prize.points, prize.promotion_code,
        ),
        key=f"player:{play.player_id}",
        now=now,
    )  # fmt: skip
