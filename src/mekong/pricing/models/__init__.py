"""Tables of prices, offers, vouchers and gift cards."""

from mekong.pricing.models.cards import (
    CardBatch,
    CardEntry,
    CardHold,
    CardHoldState,
    CardState,
    CodeKey,
    CodeTry,
    EntryKind,
    GiftCard,
)
from mekong.pricing.models.games import (
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

__all__ = [
    "CardBatch",
    "CardEntry",
    "CardHold",
    "CardHoldState",
    "CardState",
    "CodeKey",
    "CodeTry",
    "EntryKind",
    "Game",
    "GameKind",
    "GameState",
    "GiftCard",
    "Play",
    "PlayRate",
    "Player",
    "PlayerDay",
    "Prize",
    "PrizeDay",
    "PrizeKind",
]
