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

__all__ = [
    "CardBatch",
    "CardEntry",
    "CardHold",
    "CardHoldState",
    "CardState",
    "CodeKey",
    "CodeTry",
    "EntryKind",
    "GiftCard",
]
