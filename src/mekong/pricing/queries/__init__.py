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

__all__ = [
    "card_holds",
    "card_totals",
    "get_batch",
    "get_card",
    "list_batches",
    "list_card_entries",
    "list_cards",
]
