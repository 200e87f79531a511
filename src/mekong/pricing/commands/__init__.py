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
from mekong.pricing.commands.games import (
    change_game,
    count_call,
    create_game,
    end_games,
    play_game,
    start_game,
    stop_game,
)

__all__ = [
    "activate_batch",
    "activate_card",
    "block_card",
    "change_game",
    "check_card",
    "claim_card_holds",
    "count_call",
    "create_game",
    "end_games",
    "expire_cards",
    "extend_card",
    "forget_codes",
    "give_back",
    "hold_cards",
    "issue_cards",
    "play_game",
    "release_card_holds",
    "release_due",
    "reveal_codes",
    "start_game",
    "stop_game",
    "take_codes",
    "top_up_card",
    "unblock_card",
]
