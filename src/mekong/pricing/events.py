"""What happens with prices, vouchers and games. Events hold ids and facts of the moment, nothing about persons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class PricesMoved:
    """What something costs may be another from now on. `kind`: list, promotion or policy."""

    name: ClassVar[str] = "pricing.prices_moved"
    version: ClassVar[int] = 1
    kind: str
    code: str


@dataclass(frozen=True)
class PrizeWon:
    """A player won something in a game. Who it was is asked of `queries.player_phone`.

    `kind`: voucher, whose code was issued in the same transaction, or points, which are booked by whoever keeps them, once
    for each `play_id`. `points`: 0 for a voucher. `promotion_code`: "" for points.
    """

    name: ClassVar[str] = "pricing.prize_won"
    version: ClassVar[int] = 1

    play_id: str
    game_id: str
    player_id: str
    kind: str
    prize: str
    points: int
    promotion_code: str
