"""Writes of prices, offers, vouchers and gift cards."""

from mekong.pricing.commands.card_use import (
    check_card,
    claim_card_holds,
    give_back,
    hold_cards,
    release_card_holds,
    release_due,
)
from mekong.pricing.commands.cards import (
    activate_batch,
    activate_card,
    block_card,
    expire_cards,
    extend_card,
    forget_codes,
    issue_cards,
    reveal_codes,
    take_codes,
    top_up_card,
    unblock_card,
)

__all__ = [
    "activate_batch",
    "activate_card",
    "block_card",
    "check_card",
    "claim_card_holds",
    "expire_cards",
    "extend_card",
    "forget_codes",
    "give_back",
    "hold_cards",
    "issue_cards",
    "release_card_holds",
    "release_due",
    "reveal_codes",
    "take_codes",
    "top_up_card",
    "unblock_card",
]
