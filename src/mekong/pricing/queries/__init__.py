"""Reads of prices, offers, vouchers and gift cards."""

from mekong.pricing.queries.cards import (
    card_holds,
    card_totals,
    cards_of,
    get_batch,
    get_card,
    list_batches,
    list_card_entries,
    list_cards,
)
from mekong.pricing.queries.games import (
    get_game,
    list_games,
    list_plays,
    play_lines,
    player_phone,
    prize_table,
    public_game,
    verify_game,
)

__all__ = [
    "card_holds",
    "card_totals",
    "cards_of",
    "get_batch",
    "get_card",
    "get_game",
    "list_batches",
    "list_card_entries",
    "list_cards",
    "list_games",
    "list_plays",
    "play_lines",
    "player_phone",
    "prize_table",
    "public_game",
    "verify_game",
]
