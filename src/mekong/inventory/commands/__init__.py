"""What people and modules do to stock. Each is one transaction; every change is in the ledger."""

from mekong.inventory.commands.adjustments import (
    approve_adjustment,
    reject_adjustment,
    request_adjustment,
    set_approval_limits,
    withdraw_adjustment,
)
from mekong.inventory.commands.campaign_files import read_campaign_file
from mekong.inventory.commands.campaigns import (
    end_campaign,
    extend_campaign,
    plan_campaign,
    try_campaign_line,
    turn_campaigns,
)
from mekong.inventory.commands.checking import MAX_QUANTITY
from mekong.inventory.commands.controls import remove_control, set_control, set_sku_control, turn_controls
from mekong.inventory.commands.goods import adjust_stock, expire_lots, sell_below_zero
from mekong.inventory.commands.holds import (
    ask_claim,
    book_delivery,
    claim,
    forget_released,
    give_back,
    hand_over,
    receive_return,
    release_expired,
    release_hold,
    reservation,
    reserve,
    reserve_all,
    ship_beyond,
    ship_holds,
    split_hold,
)
from mekong.inventory.commands.line_files import import_adjustments, import_transfers
from mekong.inventory.commands.opening import import_opening_stock
from mekong.inventory.commands.places import create_location, set_channel_supply, set_reorder_level, update_location
from mekong.inventory.commands.transfers import (
    approve_transfer,
    cancel_transfer,
    change_transfer,
    draft_transfer,
    is_above_limit,
    request_transfer,
    send_back_transfer,
    ship_transfer,
)
from mekong.inventory.commands.transit import receive_transfer, send_transfer, settle_transfer

__all__ = [
    "MAX_QUANTITY",
    "adjust_stock",
    "approve_adjustment",
    "approve_transfer",
    "ask_claim",
    "book_delivery",
    "cancel_transfer",
    "change_transfer",
    "claim",
    "create_location",
    "draft_transfer",
    "end_campaign",
    "expire_lots",
    "extend_campaign",
    "forget_released",
    "give_back",
    "hand_over",
    "import_adjustments",
    "import_opening_stock",
    "import_transfers",
    "is_above_limit",
    "plan_campaign",
    "read_campaign_file",
    "receive_return",
    "receive_transfer",
    "reject_adjustment",
    "release_expired",
    "release_hold",
    "remove_control",
    "request_adjustment",
    "request_transfer",
    "reservation",
    "reserve",
    "reserve_all",
    "sell_below_zero",
    "send_back_transfer",
    "send_transfer",
    "set_approval_limits",
    "set_channel_supply",
    "set_control",
    "set_reorder_level",
    "set_sku_control",
    "settle_transfer",
    "ship_beyond",
    "ship_holds",
    "ship_transfer",
    "split_hold",
    "try_campaign_line",
    "turn_campaigns",
    "turn_controls",
    "update_location",
    "withdraw_adjustment",
]
