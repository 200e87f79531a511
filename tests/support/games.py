"""Games for tests, and a room that gives vouchers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.errors import Conflict
from mekong.pricing import commands
from mekong.pricing.contracts.games import GameSetup, GameView, NewPrize, PlayView, givers
from tests.support.people import NOON

NOTHING = NewPrize("Chúc may mắn lần sau", "none", 70)
TEN = NewPrize("Giảm 10K", "voucher", 25, promotion_code="TET10K", cost_minor=10_000)
POINTS = NewPrize("50 điểm", "points", 5, points=50)


class NoneLeft(Conflict):
    code = "tests.none_left"
    template = "This promotion gives no voucher now."


class Vouchers:
    """Gives codes by their reference, `most` of them."""

    def __init__(self, most: int = 10**6) -> None:
        self.most = most
        self.given: dict[str, tuple[str, str]] = {}
        self._lock = threading.Lock()

    def issue_for(self, *, actor: Actor, promotion_code: str, person: str, reference: str, now: datetime) -> str:  # noqa: ARG002 - the protocol's
        with self._lock:
            if len(self.given) >= self.most:
                raise NoneLeft
            self.given[reference] = (promotion_code, person)
            return f"V-{len(self.given)}"


class Members:
    def __init__(self, *phones: str) -> None:
        self.phones = set(phones)

    def is_member(self, *, phone: str) -> bool:
        return phone in self.phones


@contextmanager
def giving(vouchers: Vouchers | None, members: Members | None = None) -> Iterator[None]:
    """With these rooms in place, and those that were there before afterwards."""
    before = givers.vouchers, givers.members
    givers.vouchers, givers.members = vouchers, members
    try:
        yield
    finally:
        givers.vouchers, givers.members = before


def a_setup(*prizes: NewPrize, **more: Any) -> GameSetup:
    given = {
        "name": "Quay Tết", "slug": "quay-tet", "kind": "spin", "starts_at": NOON, "ends_at": NOON + timedelta(days=30),
        "prizes": prizes or (NOTHING, TEN, POINTS), **more,
    }  # fmt: skip
    return GameSetup(**given)


def a_game(*prizes: NewPrize, now: datetime = NOON, **more: Any) -> GameView:
    """One that runs."""
    made = commands.create_game(actor=SYSTEM, setup=a_setup(*prizes, **more), now=now)
    return commands.start_game(actor=SYSTEM, game_id=made.id, now=now)


def play(
    number: int = 1, *, phone: str | None = None, request: str = "", now: datetime = NOON, slug: str = "quay-tet"
) -> PlayView:
    """A play of the person with this number."""
    return commands.play_game(
        actor=SYSTEM, slug=slug, phone=phone or f"0901{number:06d}", request_id=request or f"r-{number}",
        client_seed=f"seed-{number}", now=now,
    )  # fmt: skip
