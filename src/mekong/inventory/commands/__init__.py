"""What people and modules do to stock. Each is one transaction; every change is in the ledger."""

from mekong.inventory.commands.campaign_files import read_campaign_file
from mekong.inventory.commands.campaigns import (
    end_campaign,
    extend_campaign,
    plan_campaign,
    try_campaign_line,
    turn_campaigns,
)
from mekong.inventory.commands.checking import MAX_QUANTITY
from mekong.inventory.commands.controls import remove_control, set_control, turn_controls
from mekong.inventory.commands.goods import adjust_stock, expire_lots, sell_below_zero
from mekong.inventory.commands.holds import (
    ask_claim,
    book_delivery,
    claim,
    forget_released,
    give_back,
    receive_return,
    release_expired,
    release_hold,
    reservation,
    reserve,
    ship_beyond,
    ship_holds,
)
from mekong.inventory.commands.opening import import_opening_stock
from mekong.inventory.commands.places import create_location, set_channel_supply, set_reorder_level, update_location
from mekong.inventory.commands.transfers import receive_transfer, ship_transfer

__all__ = [
    "MAX_QUANTITY",
    "adjust_stock",
    "ask_claim",
    "book_delivery",
    "claim",
    "create_location",
    "end_campaign",
    "expire_lots",
    "extend_campaign",
    "forget_released",
    "give_back",
    "import_opening_stock",
    "plan_campaign",
    "read_campaign_file",
    "receive_return",
    "receive_transfer",
    "release_expired",
    "release_hold",
    "remove_control",
    "reservation",
    "reserve",
    "sell_below_zero",
    "set_channel_supply",
    "set_control",
    "set_reorder_level",
    "ship_beyond",
    "ship_holds",
    "ship_transfer",
    "try_campaign_line",
    "turn_campaigns",
    "turn_controls",
    "update_location",
]
