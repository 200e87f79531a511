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
from mekong.pricing.queries.lists import (
    get_price_list,
    hand_limit_of,
    hand_limits,
    list_entries,
    list_price_lists,
    price_guard,
)
from mekong.pricing.queries.prices import Shown, articles, book, gift_variants, quote, shown_prices
from mekong.pricing.queries.promotions import (
    find_codes,
    get_promotion,
    list_promotions,
    list_vouchers,
    promotions_by_id,
)

__all__ = [
    "Shown",
    "articles",
    "book",
    "card_holds",
    "card_totals",
    "cards_of",
    "find_codes",
    "get_batch",
    "get_card",
    "get_game",
    "get_price_list",
    "get_promotion",
    "gift_variants",
    "hand_limit_of",
    "hand_limits",
    "list_batches",
    "list_card_entries",
    "list_cards",
    "list_entries",
    "list_games",
    "list_plays",
    "list_price_lists",
    "list_promotions",
    "list_vouchers",
    "play_lines",
    "player_phone",
    "price_guard",
    "prize_table",
    "promotions_by_id",
    "public_game",
    "quote",
    "shown_prices",
    "verify_game",
]
