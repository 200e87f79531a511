"""The voucher game in the back office and for its players, who do not sign in."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from mekong.foundation.actor import SYSTEM
from mekong.pricing import commands, queries
from mekong.pricing.contracts.games import GameView, NewPrize
from mekong.pricing.models import Game, Play, PlayRate
from tests.support.door import browser, member, post_json, sign_in
from tests.support.games import NOTHING, POINTS, TEN, Vouchers, a_game, giving

pytestmark = pytest.mark.django_db(transaction=True)

SURE = NewPrize("Giảm 10K", "voucher", 1, promotion_code="TET10K", cost_minor=10_000)


@pytest.fixture(autouse=True)
def _vouchers() -> Iterator[None]:
    with giving(Vouchers()):
        yield


@pytest.fixture
def boss() -> Client:
    return sign_in(member("manager"))


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def live(*prizes: NewPrize, **more: Any) -> GameView:
    now = timezone.now()
    return a_game(*prizes, now=now, starts_at=now - timedelta(hours=1), ends_at=now + timedelta(days=3), **more)


def filled(**more: Any) -> dict[str, Any]:
    now = timezone.localtime()
    return {
        "name": "Quay Tết", "slug": "quay-tet", "kind": "spin", "per_day": "1", "budget": "1.000.000",
        "starts_at": f"{now:%Y-%m-%dT%H:%M}", "ends_at": f"{now + timedelta(days=3):%Y-%m-%dT%H:%M}",
        "p_name": ["Chúc may mắn", "Giảm 10K"], "p_prize": ["none", "voucher"], "p_weight": ["70", "30"],
        "p_stock": ["", "100"], "p_daily": ["", "10"], "p_promotion": ["", "TET10K"], "p_points": ["", ""],
        "p_cost": ["", "10.000"], "p_colour": ["#2f6f5e", "#B4532A"], "p_day": ["", ""], "once": "g1", **more,
    }  # fmt: skip


# --- the shop's side --------------------------------------------------------------------------------------------------


def test_a_game_is_set_up_started_watched_checked_and_stopped(boss: Client) -> None:
    assert "No games yet" in text(boss.get("/offers/games/"))
    made = boss.post("/offers/games/new/", filled())
    assert made.status_code == 302, text(made)
    assert boss.post("/offers/games/new/", filled()).headers["Location"] == made.headers["Location"]
    here = made.headers["Location"]
    assert "Draft" in text(boss.get(here))
    assert boss.get("/play/quay-tet/").status_code == 404

    edited = boss.get(f"{here}edit/").content.decode()
    assert 'value="Giảm 10K"' in edited
    changed = filled(once="g2", name="Quay Tết 2027", p_stock=["", "50"])
    assert boss.post(f"{here}edit/", changed).status_code == 302
    assert "its seed is announced" in text(boss.post(f"{here}act/", {"act": "start"}, follow=True))
    assert boss.post(f"{here}edit/", filled(once="g3")).status_code == 422
    for number in range(5):
        post_json(browser(), "/play/quay-tet/plays/", wish(number))
    watched = text(boss.get(here))
    assert "Quay Tết 2027" in watched
    assert "0901 ••• 003" in watched
    assert "30.00%" in watched
    assert "spent of" in watched
    assert "5 plays were computed again" in text(boss.get(f"{here}?check=1"))
    part = boss.get(here, headers={"HX-Request": "true", "HX-Target": "game"})
    assert "<h1" not in part.content.decode()
    game = queries.list_games(actor=SYSTEM)[0]
    assert "secret until the game ends" in watched
    stopped = text(boss.post(f"{here}act/", {"act": "stop"}, follow=True))
    assert queries.get_game(actor=SYSTEM, game_id=game.id).seed in stopped
    assert "Ended" in text(boss.get("/offers/games/"))


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", {"name": " "}),
        ("slug", {"slug": "Quay Tết"}),
        ("starts", {"starts_at": ""}),
        ("ends", {"ends_at": "2020-01-01T00:00"}),
        ("per-day", {"per_day": "0"}),
        ("budget", {"budget": "much"}),
        ("weight-0", {"p_weight": ["0", "1"]}),
        ("name-1", {"p_name": ["a", " "]}),
        ("promotion-1", {"p_promotion": ["", ""]}),
        ("day-0", {"p_day": ["3", ""]}),
        ("stock-1", {"p_stock": ["", "x"]}),
    ],
)
def test_a_wrong_field_of_a_game_is_marked(boss: Client, field: str, typed: dict[str, Any]) -> None:
    answer = boss.post("/offers/games/new/", filled(**typed))
    assert answer.status_code == 422
    assert f'id="{field}-why"' in answer.content.decode()
    assert not Game.objects.exists()


def test_a_start_that_is_refused_is_said_on_the_page(boss: Client) -> None:
    here = boss.post("/offers/games/new/", filled()).headers["Location"]
    with giving(None):
        answer = boss.post(f"{here}act/", {"act": "start"})
    assert answer.status_code == 422
    assert "Nothing issues vouchers here" in text(answer)
    assert boss.post(f"{here}act/", {"act": "stop"}).status_code == 422


# --- the players' side ------------------------------------------------------------------------------------------------


def wish(number: int = 1, **more: str) -> dict[str, str]:
    return {"phone": f"0901 000 {number:03d}", "request_id": f"r-{number}", "client_seed": f"c{number}", **more}


def test_anybody_plays_without_signing_in_and_a_repeat_is_one_play() -> None:
    live(SURE, per_day=2)
    player = browser()
    page = player.get("/play/quay-tet/")
    assert page.status_code == 200
    assert "Content-Security-Policy" in page.headers
    assert "Giảm 10K" in text(page)
    assert "<svg" in page.content.decode()
    won = post_json(player, "/play/quay-tet/plays/", wish())
    assert won.status_code == 200, won.content
    assert (won.json()["code"], won.json()["is_won"], won.json()["left_today"]) == ("V-1", True, 1)
    again = post_json(browser(), "/play/quay-tet/plays/", wish()).json()
    assert again == {**won.json(), "is_repeat": True}
    assert Play.objects.count() == 1


def test_the_page_works_as_a_plain_form() -> None:
    live(SURE)
    player = browser()
    form = re.search(r'name="request_id" value="([^"]+)"', player.get("/play/quay-tet/").content.decode())
    assert form
    answer = player.post("/play/quay-tet/", {"phone": "0901234567", "request_id": form[1], "client_seed": "abc"})
    assert answer.status_code == 200
    assert "V-1" in text(answer)
    assert "That was all for today" in text(answer)
    refused = player.post("/play/quay-tet/", {"phone": "0901234567", "request_id": "other", "client_seed": "abc"})
    assert refused.status_code == 409
    assert "You have played 1 times today" in text(refused)
    wrong = player.post("/play/quay-tet/", {"phone": "12", "request_id": "x", "client_seed": "abc"})
    assert wrong.status_code == 422
    assert "no phone number" in text(wrong)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 415), (b"[]", 422), (b"{", 400), (b'{"phone": 1}', 422), (b"x" * 2001, 400), (b"\xff", 400),
        (json.dumps(wish(phone="12")).encode(), 422), (json.dumps(wish(client_seed="a|b")).encode(), 422),
        (json.dumps({**wish(), "more": 1}).encode(), 422),
    ],
)  # fmt: skip
def test_what_is_no_play_is_refused_as_a_problem(body: bytes, status: int) -> None:
    live(NOTHING)
    answer = browser().post("/play/quay-tet/plays/", body, content_type="application/json")
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert not Play.objects.exists()


def test_a_form_of_another_site_is_no_play() -> None:
    live(NOTHING)
    answer = browser().post("/play/quay-tet/plays/", json.dumps(wish()), content_type="text/plain")
    assert answer.status_code == 415
    assert not Play.objects.exists()


def test_a_scratch_card_and_a_check_in_have_their_pages() -> None:
    live(NOTHING, TEN, slug="cao", kind="scratch")
    assert "data-cover" in browser().get("/play/cao/").content.decode()
    days = tuple(NewPrize(f"{n} điểm", "points", 1, points=n, day=n) for n in range(1, 8))
    live(*days, slug="diem-danh", kind="check_in")
    page = browser().get("/play/diem-danh/").content.decode()
    assert page.count("data-day=") == 7
    answer = post_json(browser(), "/play/diem-danh/plays/", wish()).json()
    assert (answer["streak"], answer["headline"]) == (1, "1 điểm")
    shown = browser().post("/play/diem-danh/", wish())
    assert 'class="now" data-day="1"' in shown.content.decode()


def test_the_state_tells_what_was_announced_and_the_proof_comes_after() -> None:
    made = live(NOTHING, TEN, POINTS, budget_minor=50_000)
    player = browser()
    for number in range(10):
        post_json(player, "/play/quay-tet/plays/", wish(number))
    state = player.get("/play/quay-tet/state/").json()
    assert (state["is_open"], state["commitment"], state["seed"]) == (True, made.commitment, "")
    assert [each["weight"] for each in state["prizes"]] == [70, 25, 5]
    assert player.get("/play/quay-tet/proof/").status_code == 404
    commands.stop_game(actor=SYSTEM, game_id=made.id, now=timezone.now())
    assert "This game is over" in text(player.get("/play/quay-tet/"))
    proof = b"".join(player.get("/play/quay-tet/proof/").streaming_content)
    head, *lines = [json.loads(line) for line in proof.splitlines()]
    assert hashlib.sha256(bytes.fromhex(head["seed"])).hexdigest() == head["commitment"] == state["commitment"]
    assert hashlib.sha256(head["table"].encode()).hexdigest() == head["table_digest"] == state["table_digest"]
    assert [each["number"] for each in lines] == list(range(1, 11))
    assert not re.search(rb"\+?84901|0901 ?000", proof)
    refused = post_json(player, "/play/quay-tet/plays/", wish(99))
    assert (refused.status_code, refused.json()["code"]) == (409, "pricing.game_not_open")


def test_a_game_to_come_is_shown_and_takes_no_plays() -> None:
    now = timezone.now()
    a_game(NOTHING, now=now, starts_at=now + timedelta(days=1), ends_at=now + timedelta(days=2))
    assert "This game has not begun yet" in text(browser().get("/play/quay-tet/"))
    assert post_json(browser(), "/play/quay-tet/plays/", wish()).status_code == 409
    for path in ("/play/no-such/", "/play/no-such/state/", "/play/no-such/proof/"):
        assert browser().get(path).status_code == 404
    assert browser().put("/play/quay-tet/").status_code == 405
    assert browser().get("/play/quay-tet/plays/").status_code == 405


def test_one_phone_cannot_hammer_the_game_and_others_play_on() -> None:
    live(NOTHING, per_day=100)
    now = timezone.now().replace(second=0, microsecond=0)
    for minute in (now, now + timedelta(minutes=1)):
        PlayRate.objects.create(who="phone:+84901000001", minute=minute, calls=20)
    stopped = post_json(browser(), "/play/quay-tet/plays/", wish(1))
    assert (stopped.status_code, stopped.json()["code"]) == (429, "pricing.too_many_plays")
    assert 1 <= int(stopped.headers["Retry-After"]) <= 60
    assert post_json(browser(), "/play/quay-tet/plays/", wish(2)).status_code == 200


def test_the_players_page_speaks_vietnamese_and_names_the_reason_in_it() -> None:
    live(NOTHING)
    player = browser()
    player.cookies["mekong_language"] = "vi"
    assert "Quay ngay" in text(player.get("/play/quay-tet/"))
    answer = post_json(player, "/play/quay-tet/plays/", wish(phone="12"))
    assert "Số điện thoại không đúng" in answer.json()["detail"]
