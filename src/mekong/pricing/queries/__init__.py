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
from mekong.pricing.queries.list_file import export_price_list
from mekong.pricing.queries.lists import (
    get_price_list,
    hand_limit_of,
    hand_limits,
    list_entries,
    list_price_lists,
    list_priced,
    price_guard,
    unit_floor,
)
from mekong.pricing.queries.names import NAMED_FIELDS, Spoken, keys_of_effect, keys_of_goods
from mekong.pricing.queries.prices import Shown, articles, book, gift_variants, quote, shown_prices
from mekong.pricing.queries.promotions import (
    batch_codes,
    find_codes,
    get_promotion,
    list_promotions,
    list_vouchers,
    promotions_by_id,
    voucher_batches,
    written_code,
)
from mekong.pricing.queries.rehearsing import Rehearsal, rehearsal
from mekong.pricing.queries.trying import Tried, TryLine, try_promotion

__all__ = [
    "NAMED_FIELDS",
    "Rehearsal",
    "Shown",
    "Spoken",
    "Tried",
    "TryLine",
    "articles",
    "batch_codes",
    "book",
    "card_holds",
    "card_totals",
    "export_price_list",
    "find_codes",
    "get_batch",
    "get_card",
    "get_price_list",
    "get_promotion",
    "gift_variants",
    "hand_limit_of",
    "hand_limits",
    "keys_of_effect",
    "keys_of_goods",
    "list_batches",
    "list_card_entries",
    "list_cards",
    "list_entries",
    "list_price_lists",
    "list_priced",
    "list_promotions",
    "list_vouchers",
    "price_guard",
    "promotions_by_id",
    "quote",
    "rehearsal",
    "shown_prices",
    "try_promotion",
    "unit_floor",
    "voucher_batches",
    "written_code",
]
