"""The voucher game: committed before, drawn here, capped exactly, repeated safely, and proved afterwards."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MayNot
from mekong.foundation.models import OutboxEvent
from mekong.pricing import checks, commands, queries
from mekong.pricing.contracts.games import NewPrize, PlayView
from mekong.pricing.errors import (
    GameInvalid,
    GameNotDraft,
    GameNotFound,
    GameNotOpen,
    MembersOnly,
    PlayedEnough,
    TooManyPlays,
)
from mekong.pricing.models import Game, Play, Player, PlayRate, Prize
from mekong.pricing.rules import games as rules
from tests.support.cards import at_once
from tests.support.games import NOTHING, POINTS, TEN, Members, Vouchers, a_game, a_setup, giving, play
from tests.support.people import NOON, an_actor

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)
NOBODY = UUID(int=7)
SURE = NewPrize("Giảm 10K", "voucher", 1, promotion_code="TET10K", cost_minor=10_000)


@pytest.fixture
def vouchers() -> Iterator[Vouchers]:
    room = Vouchers()
    with giving(room):
        yield room


@pytest.fixture(autouse=True)
def _proved(db: None) -> Iterator[None]:
    """Whatever a test does, its games add up and prove themselves."""
    yield
    found = checks.games_add_up(NOON)
    assert found.ok, found.found
    for uid in Game.objects.values_list("uid", flat=True):
        assert queries.verify_game(actor=SYSTEM, game_id=uid).wrong == ()


# --- setting up -------------------------------------------------------------------------------------------------------


def test_a_game_commits_before_it_takes_plays_and_reveals_after(vouchers: Vouchers) -> None:
    boss = an_actor("pricing.manage", "pricing.view")
    draft = commands.create_game(actor=boss, setup=a_setup(starts_at=NOON + DAY), now=NOON)
    assert (draft.state, draft.commitment, draft.seed) == ("draft", "", "")
    with pytest.raises(GameNotFound):
        queries.public_game(slug="quay-tet", now=NOON)

    started = commands.start_game(actor=boss, game_id=draft.id, now=NOON)
    assert commands.start_game(actor=boss, game_id=draft.id, now=NOON) == started
    shown = queries.public_game(slug="quay-tet", now=NOON)
    assert (shown.is_open, shown.commitment, shown.seed) == (False, started.commitment, "")
    with pytest.raises(GameNotOpen):
        play(1)
    play(1, now=NOON + DAY)
    with pytest.raises(GameNotDraft):
        commands.change_game(actor=boss, game_id=draft.id, setup=a_setup(), now=NOON)

    ended = commands.stop_game(actor=boss, game_id=draft.id, now=NOON + 2 * DAY)
    assert commands.stop_game(actor=boss, game_id=draft.id, now=NOON + 3 * DAY) == ended
    assert rules.commitment(bytes.fromhex(ended.seed)) == started.commitment
    with pytest.raises(GameNotOpen):
        play(2, now=NOON + 2 * DAY)
    with pytest.raises(GameNotDraft):
        commands.start_game(actor=boss, game_id=draft.id, now=NOON)


def test_anybody_can_prove_a_game_from_what_is_published(vouchers: Vouchers) -> None:
    made = a_game(NOTHING, replace(TEN, stock=3), POINTS)
    told = {number: play(number) for number in range(1, 41)}
    ended = commands.stop_game(actor=SYSTEM, game_id=made.id, now=NOON)

    # From here on with the standard library and what the page shows.
    import hashlib
    import hmac

    seed = bytes.fromhex(ended.seed)
    assert hashlib.sha256(seed).hexdigest() == made.commitment
    weights = [each.weight for each in made.prizes]
    for line in queries.play_lines(game_id=made.id):
        text = f"{made.id.hex}|{line.number}|{line.client_seed}".encode()
        point = int(hmac.new(seed, text, hashlib.sha256).hexdigest(), 16) * sum(weights) >> 256
        place = next(at for at in range(3) if point < sum(weights[: at + 1]))
        assert line.drawn == place == told[line.number].position
    assert Counter(each.fell_for for each in told.values()) == Counter(
        line.fell_for for line in queries.play_lines(game_id=made.id)
    )


def test_the_seed_is_nowhere_in_the_database_while_the_game_runs(vouchers: Vouchers) -> None:
    made = a_game()
    stopped = None
    with connection.cursor() as cursor:
        found = []
        for table in ("pricing_game", "foundation_auditentry"):
            cursor.execute(f"select row_to_json(t)::text from {table} t")
            found += [row[0] for row in cursor.fetchall()]
        stopped = commands.stop_game(actor=SYSTEM, game_id=made.id, now=NOON)
    assert stopped.seed
    assert not [row for row in found if stopped.seed in row]


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("name", {"name": " "}),
        ("slug", {"slug": "Quay Tết"}),
        ("slug", {"slug": "-quay"}),
        ("kind", {"kind": "roulette"}),
        ("ends_at", {"ends_at": NOON}),
        ("ends_at", {"starts_at": NOON - 2 * DAY, "ends_at": NOON - DAY}),
        ("ends_at", {"ends_at": NOON + 400 * DAY}),
        ("per_day", {"per_day": 0}),
        ("per_day", {"kind": "check_in", "per_day": 2}),
        ("budget_minor", {"budget_minor": -1}),
        ("currency", {"currency": "dong"}),
        ("prizes", {"prizes": ()}),
        ("prizes", {"prizes": (NOTHING,) * 61}),
        ("prizes[0].name", {"prizes": (NewPrize(" ", "none", 1),)}),
        ("prizes[0].kind", {"prizes": (NewPrize("x", "car", 1),)}),
        ("prizes[0].weight", {"prizes": (NewPrize("x", "none", 0),)}),
        ("prizes[0].stock", {"prizes": (NewPrize("x", "none", 1, stock=-1),)}),
        ("prizes[0].daily_cap", {"prizes": (NewPrize("x", "none", 1, daily_cap=-1),)}),
        ("prizes[0].promotion_code", {"prizes": (NewPrize("x", "voucher", 1),)}),
        ("prizes[0].points", {"prizes": (NewPrize("x", "points", 1),)}),
        ("prizes[0].cost_minor", {"prizes": (NewPrize("x", "none", 1, cost_minor=5),)}),
        ("prizes[0].colour", {"prizes": (NewPrize("x", "none", 1, colour="red"),)}),
        ("prizes[0].day", {"prizes": (NewPrize("x", "none", 1, day=1),)}),
        ("prizes[0].day", {"kind": "check_in", "prizes": (NewPrize("x", "none", 1),)}),
    ],
)
def test_a_game_that_makes_no_sense_is_refused_by_field(field: str, given: dict[str, Any]) -> None:
    with pytest.raises(GameInvalid) as refused:
        commands.create_game(actor=SYSTEM, setup=a_setup(**given), now=NOON)
    assert refused.value.params["field"] == field
    assert not Game.objects.exists()


def test_a_draft_is_changed_and_its_address_is_its_own() -> None:
    first = commands.create_game(actor=SYSTEM, setup=a_setup(), now=NOON)
    with pytest.raises(GameInvalid) as refused:
        commands.create_game(actor=SYSTEM, setup=a_setup(), now=NOON)
    assert refused.value.params["field"] == "slug"
    other = commands.create_game(actor=SYSTEM, setup=a_setup(slug="cao-tet"), now=NOON)
    with pytest.raises(GameInvalid):
        commands.change_game(actor=SYSTEM, game_id=other.id, setup=a_setup(), now=NOON)
    changed = commands.change_game(actor=SYSTEM, game_id=first.id, setup=a_setup(NOTHING, name="Mới"), now=NOON)
    assert (changed.name, [each.name for each in changed.prizes]) == ("Mới", [NOTHING.name])
    assert [each.slug for each in queries.list_games(actor=SYSTEM)] == ["cao-tet", "quay-tet"]
    with pytest.raises(GameInvalid):
        commands.stop_game(actor=SYSTEM, game_id=first.id, now=NOON)
    with pytest.raises(GameInvalid):
        commands.start_game(actor=SYSTEM, game_id=first.id, now=NOON + 60 * DAY)
    for act in (commands.start_game, commands.stop_game):
        with pytest.raises(GameNotFound):
            act(actor=SYSTEM, game_id=NOBODY, now=NOON)


def test_a_game_does_not_start_with_prizes_that_nobody_gives() -> None:
    with giving(None):
        made = commands.create_game(actor=SYSTEM, setup=a_setup(), now=NOON)
        with pytest.raises(GameInvalid) as refused:
            commands.start_game(actor=SYSTEM, game_id=made.id, now=NOON)
        assert refused.value.params["field"] == "prizes"
        club = commands.create_game(actor=SYSTEM, setup=a_setup(NOTHING, slug="club", members_only=True), now=NOON)
        with pytest.raises(GameInvalid) as refused:
            commands.start_game(actor=SYSTEM, game_id=club.id, now=NOON)
        assert refused.value.params["field"] == "members_only"


def test_nobody_sets_up_or_looks_without_the_right(vouchers: Vouchers) -> None:
    made = a_game()
    lan = an_actor("orders.view")
    for act in (
        lambda: commands.create_game(actor=lan, setup=a_setup(slug="b"), now=NOON),
        lambda: commands.change_game(actor=lan, game_id=made.id, setup=a_setup(), now=NOON),
        lambda: commands.start_game(actor=lan, game_id=made.id, now=NOON),
        lambda: commands.stop_game(actor=lan, game_id=made.id, now=NOON),
        lambda: commands.play_game(
            actor=lan, slug="quay-tet", phone="0901234567", request_id="r", client_seed="c", now=NOON
        ),
        lambda: commands.count_call(actor=lan, address="1.2.3.4", phone="", now=NOON),
        lambda: queries.list_games(actor=lan),
        lambda: queries.get_game(actor=lan, game_id=made.id),
        lambda: queries.list_plays(actor=lan, game_id=made.id),
        lambda: queries.verify_game(actor=lan, game_id=made.id),
        lambda: queries.player_phone(actor=lan, player_id=str(NOBODY)),
    ):
        with pytest.raises(MayNot):
            act()  # type: ignore[no-untyped-call]  # a lambda of the list above
    assert not Play.objects.exists()


# --- playing ----------------------------------------------------------------------------------------------------------


def test_a_play_wins_its_voucher_once_and_a_repeat_shows_it_again(vouchers: Vouchers) -> None:
    made = a_game(SURE, per_day=2)
    won = play(1)
    assert (won.number, won.kind, won.code, won.prize, won.fell_for, won.left_today) == (
        1, "voucher", "V-1", "Giảm 10K", "", 1,
    )  # fmt: skip
    again = play(1, now=NOON + timedelta(minutes=5))
    assert again.is_repeat
    assert (again.id, again.code, again.left_today, again.at) == (won.id, "V-1", 1, NOON)
    assert list(vouchers.given.values()) == [("TET10K", "+84901000001")]
    assert queries.get_game(actor=SYSTEM, game_id=made.id).spent_minor == 10_000

    (event,) = OutboxEvent.objects.filter(name="pricing.prize_won")
    assert event.payload["kind"] == "voucher"
    assert event.payload["play_id"] == f"pla_{won.id.hex}"
    assert "901000001" not in json.dumps(event.payload)
    player = Player.objects.get()
    assert queries.player_phone(actor=SYSTEM, player_id=f"ply_{player.uid.hex}") == "+84901000001"
    assert queries.player_phone(actor=SYSTEM, player_id=str(NOBODY)) == ""
    (line,) = queries.list_plays(actor=SYSTEM, game_id=made.id).items
    assert (line.phone, line.prize, line.kind) == ("0901 ••• 001", "Giảm 10K", "voucher")
    assert "V-1" not in Play.objects.get().sealed_code


def test_points_are_told_and_nothing_is_told_of_no_prize() -> None:
    a_game(NewPrize("50 điểm", "points", 1, points=50))
    assert (play(1).points, play(2).kind) == (50, "points")
    assert [each.payload["points"] for each in OutboxEvent.objects.filter(name="pricing.prize_won")] == [50, 50]
    a_game(NOTHING, slug="khong")
    assert play(3, slug="khong").kind == "none"
    assert OutboxEvent.objects.filter(name="pricing.prize_won").count() == 2


def test_a_person_plays_so_often_a_day_by_the_calendar_of_vietnam() -> None:
    a_game(NOTHING, per_day=2)
    assert [play(1, request=f"r{n}").left_today for n in range(2)] == [1, 0]
    with pytest.raises(PlayedEnough) as refused:
        play(1, request="r9")
    assert refused.value.params == {"most": 2}
    # The same phone however it is typed; another one is free; midnight in Vietnam is 17:00 UTC.
    with pytest.raises(PlayedEnough):
        play(phone="+84 901 000 001", request="r9", now=NOON.replace(hour=16, minute=59))
    assert play(2).left_today == 1
    assert play(1, request="r9", now=NOON.replace(hour=17)).left_today == 1
    assert Play.objects.count() == 4


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("phone", {"phone": "12"}),
        ("request_id", {"request_id": ""}),
        ("request_id", {"request_id": "x" * 65}),
        ("client_seed", {"client_seed": "a|b"}),
    ],
)
def test_a_play_that_makes_no_sense_is_refused_by_field(field: str, given: dict[str, str]) -> None:
    a_game(NOTHING)
    asked = {"slug": "quay-tet", "phone": "0901234567", "request_id": "r", "client_seed": "c", **given}
    with pytest.raises(GameInvalid) as refused:
        commands.play_game(actor=SYSTEM, **asked, now=NOON)
    assert refused.value.params["field"] == field
    with pytest.raises(GameNotFound):
        play(1, slug="no-such-game")
    assert not Play.objects.exists()


def test_a_game_for_members_takes_members() -> None:
    with giving(None, Members("+84901000001")):
        a_game(NOTHING, members_only=True)
        assert play(1).number == 1
        with pytest.raises(MembersOnly):
            play(2)
        assert Play.objects.count() == 1


def test_what_is_used_up_falls_to_no_prize_and_is_never_drawn_again(vouchers: Vouchers) -> None:
    made = a_game(NewPrize("A", "voucher", 1, stock=2, promotion_code="A"))
    assert [play(n).fell_for for n in range(1, 5)] == ["", "", "stock", "stock"]
    fallen = play(3)
    assert (fallen.kind, fallen.code, fallen.prize, fallen.position) == ("none", "", "A", 0)
    assert [each.left for each in queries.get_game(actor=SYSTEM, game_id=made.id).prizes] == [0]

    a_game(NewPrize("B", "voucher", 1, daily_cap=1, promotion_code="B"), slug="b")
    assert [play(n, slug="b").fell_for for n in (1, 2)] == ["", "day"]
    assert play(3, slug="b", now=NOON + DAY).fell_for == ""

    c = a_game(NewPrize("C", "voucher", 1, cost_minor=30, promotion_code="C"), slug="c", budget_minor=100)
    assert [play(n, slug="c").fell_for for n in range(1, 6)] == ["", "", "", "budget", "budget"]
    assert queries.get_game(actor=SYSTEM, game_id=c.id).spent_minor == 90


def test_a_voucher_that_cannot_be_issued_ends_the_play_without_a_second_draw() -> None:
    with giving(Vouchers(most=1)):
        made = a_game(SURE)
        assert [play(n).fell_for for n in (1, 2)] == ["", "voucher"]
    proof = queries.verify_game(actor=SYSTEM, game_id=made.id)
    assert (proof.ok, proof.plays, proof.unissued) == (True, 2, 1)
    with giving(None):  # the room was taken away while the game ran
        assert play(3).fell_for == "voucher"
    assert queries.get_game(actor=SYSTEM, game_id=made.id).spent_minor == 10_000


def test_a_check_in_counts_days_in_a_row() -> None:
    prizes = (
        NewPrize("Ngày 1", "none", 1, day=1), NewPrize("Ngày 2", "points", 1, points=2, day=2),
        NewPrize("Ngày 4", "points", 1, points=4, day=4),
    )  # fmt: skip
    a_game(*prizes, kind="check_in")
    days = [play(1, request=f"d{n}", now=NOON + n * DAY) for n in (0, 1, 2, 3, 4, 6)]
    assert [(each.streak, each.prize, each.fell_for) for each in days] == [
        (1, "Ngày 1", ""), (2, "Ngày 2", ""), (3, "", "no_table"), (4, "Ngày 4", ""), (5, "Ngày 1", ""), (1, "Ngày 1", ""),
    ]  # fmt: skip
    with pytest.raises(PlayedEnough):
        play(1, request="again", now=NOON + 6 * DAY)


def test_games_end_by_themselves() -> None:
    made = a_game(NOTHING, ends_at=NOON + DAY)
    play(1)
    with pytest.raises(GameNotOpen):
        play(2, now=NOON + DAY)
    assert commands.end_games(now=NOON) == 0
    assert commands.end_games(now=NOON + DAY) == 1
    assert commands.end_games(now=NOON + DAY) == 0
    assert queries.get_game(actor=SYSTEM, game_id=made.id).seed
    assert queries.public_game(slug="quay-tet", now=NOON + DAY).is_over


def test_somebody_is_forgotten_and_the_game_still_proves(vouchers: Vouchers) -> None:
    made = a_game(SURE, per_day=1)
    play(1)
    play(2)
    player = Player.objects.get(phone="+84901000001").uid
    with pytest.raises(MayNot):
        commands.forget_player(actor=an_actor("pricing.manage"), phone="0901000001")
    with pytest.raises(GameInvalid):
        commands.forget_player(actor=SYSTEM, phone="12")
    assert commands.forget_player(actor=an_actor("customers.reveal"), phone="0901 000 001") == 1
    assert commands.forget_player(actor=SYSTEM, phone="0901 000 001") == 0
    assert queries.player_phone(actor=SYSTEM, player_id=str(player)) == ""
    assert [each.phone for each in queries.list_plays(actor=SYSTEM, game_id=made.id).items] == ["0901 ••• 002", ""]
    assert queries.verify_game(actor=SYSTEM, game_id=made.id).ok
    assert play(1, request="anew").number == 3


def test_calls_are_held_to_so_many_a_minute() -> None:
    def call(phone: str, address: str = "1.2.3.4", now: Any = NOON) -> None:
        commands.count_call(actor=SYSTEM, address=address, phone=phone, now=now)

    for _ in range(20):
        call("0901")
    with pytest.raises(TooManyPlays) as refused:
        call("0901", now=NOON + timedelta(seconds=20))
    assert refused.value.params == {"retry_after_s": 40}
    call("0902")
    for number in range(219):
        call(f"p{number}")
    with pytest.raises(TooManyPlays):
        call("another")
    call("another", address="5.6.7.8")
    call("0901", now=NOON + timedelta(minutes=1))
    call("0901", now=NOON + timedelta(hours=2))
    assert PlayRate.objects.count() == 2


# --- the proof finds what was bent ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bend", "what"),
    [
        # Of all five plays: one of them draws its old prize again now and then.
        ("update pricing_play set client_seed = 'other'", "drawn"),
        ("update pricing_play set number = 99 where number = 5", "plays"),
        ("update pricing_play set given_id = null, fell_for = 'stock' where number = 2", "fell"),
        ("delete from pricing_play where number = 4", "number"),
        ("update pricing_game set plays = 6", "plays"),
        ("update pricing_game set spent_minor = 1", "budget"),
        ("update pricing_game set commitment = repeat('0', 64)", "commitment"),
        ("update pricing_prize set weight = 2 where position = 0", "table"),
        ("update pricing_play p set player_id = (select player_id from pricing_play where number = 1)", "per_day"),
    ],
)
def test_a_play_or_a_table_changed_by_hand_does_not_prove(bend: str, what: str) -> None:
    prizes = tuple(NewPrize(f"p{n}", "points", 1, points=1, cost_minor=1) for n in range(50))
    made = a_game(*prizes)
    for number in range(1, 6):
        play(number)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        cursor.execute(bend)
        proof = queries.verify_game(actor=SYSTEM, game_id=made.id)
        assert what in {each for _, each in proof.wrong}
        transaction.set_rollback(True)


def test_the_database_refuses_what_the_code_would_not_do() -> None:
    a_game(NewPrize("A", "points", 1, points=1, stock=1), budget_minor=10)
    play(1)
    for table, change in (
        (Prize, {"given": 2}), (Game, {"spent_minor": 11}), (Game, {"seed": "x"}), (Game, {"commitment": ""}),
    ):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            table.objects.update(**change)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Play.objects.update(fell_for="stock")


# --- races ------------------------------------------------------------------------------------------------------------


def test_sixty_four_at_once_never_pass_the_budget(vouchers: Vouchers) -> None:
    made = a_game(SURE, budget_minor=205_000, per_day=1)
    answers = at_once([partial(play, number) for number in range(1, 65)])
    assert Counter(each.fell_for for each in answers) == {"": 20, "budget": 44}
    assert sorted(each.number for each in answers) == list(range(1, 65))
    view = queries.get_game(actor=SYSTEM, game_id=made.id)
    assert (view.spent_minor, view.prizes[0].given, view.plays, view.players) == (200_000, 20, 64, 64)
    assert len(vouchers.given) == OutboxEvent.objects.filter(name="pricing.prize_won").count() == 20
    assert len({each.code for each in answers if each.code}) == 20


def test_stock_and_daily_cap_hold_under_load(vouchers: Vouchers) -> None:
    a_game(
        NewPrize("A", "voucher", 1, stock=5, promotion_code="A"),
        NewPrize("B", "voucher", 1, daily_cap=3, promotion_code="B"),
    )
    at_once([partial(play, number) for number in range(1, 49)])
    assert dict(Prize.objects.values_list("name", "given")) == {"A": 5, "B": 3}


def test_one_person_on_many_phones_at_once_plays_as_often_as_allowed() -> None:
    a_game(NOTHING, per_day=3)
    answers = at_once([partial(play, 1, request=f"r{n}") for n in range(24)])
    assert Counter(type(each) for each in answers) == {PlayView: 3, PlayedEnough: 21}
    assert Play.objects.count() == 3


def test_one_request_sent_many_times_at_once_is_one_play(vouchers: Vouchers) -> None:
    a_game(SURE, per_day=5)
    answers = at_once([partial(play, 1) for _ in range(24)])
    assert {each.code for each in answers} == {"V-1"}
    assert sum(not each.is_repeat for each in answers) == Play.objects.count() == len(vouchers.given) == 1
