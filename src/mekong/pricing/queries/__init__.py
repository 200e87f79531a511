"""Reads of prices, offers, vouchers and gift cards."""

from mekong.pricing.queries.cards import (
    card_holds,
    card_totals,
    get_batch,
    get_card,
    list_batches,
    list_card_entries,
    list_cards,
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
    "find_codes",
    "get_batch",
    "get_card",
    "get_price_list",
    "get_promotion",
    "gift_variants",
    "hand_limit_of",
    "hand_limits",
    "list_batches",
    "list_card_entries",
    "list_cards",
    "list_entries",
    "list_price_lists",
    "list_promotions",
    "list_vouchers",
    "price_guard",
    "promotions_by_id",
    "quote",
    "shown_prices",
]
