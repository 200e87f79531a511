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
    forget_player,
    play_game,
    start_game,
    stop_game,
)
from mekong.pricing.commands.list_file import import_price_list
from mekong.pricing.commands.lists import (
    save_price_list,
    set_entries,
    set_hand_limits,
    set_policy,
    set_price_policy,
)
from mekong.pricing.commands.promotions import save_promotion, turn_promotion
from mekong.pricing.commands.vouchers import block_voucher, give_voucher, make_vouchers, share_code, show_codes

__all__ = [
    "activate_batch",
    "activate_card",
    "block_card",
    "block_voucher",
    "change_game",
    "check_card",
    "claim_card_holds",
    "count_call",
    "create_game",
    "end_games",
    "expire_cards",
    "extend_card",
    "forget_codes",
    "forget_player",
    "give_back",
    "give_voucher",
    "hold_cards",
    "import_price_list",
    "issue_cards",
    "make_vouchers",
    "play_game",
    "release_card_holds",
    "release_due",
    "reveal_codes",
    "save_price_list",
    "save_promotion",
    "set_entries",
    "set_hand_limits",
    "set_policy",
    "set_price_policy",
    "share_code",
    "show_codes",
    "start_game",
    "stop_game",
    "take_codes",
    "top_up_card",
    "turn_promotion",
    "unblock_card",
]
