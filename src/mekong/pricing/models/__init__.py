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
from mekong.pricing.models.lists import Edition, HandLimit, PriceEntry, PriceList, PricePolicy
from mekong.pricing.models.promotions import (
    Allowance,
    CodeBatch,
    Promotion,
    PromotionState,
    Redemption,
    RedemptionState,
    Voucher,
)

__all__ = [
    "Allowance",
    "CardBatch",
    "CardEntry",
    "CardHold",
    "CardHoldState",
    "CardState",
    "CodeBatch",
    "CodeKey",
    "CodeTry",
    "Edition",
    "EntryKind",
    "GiftCard",
    "HandLimit",
    "PriceEntry",
    "PriceList",
    "PricePolicy",
    "Promotion",
    "PromotionState",
    "Redemption",
    "RedemptionState",
    "Voucher",
]
