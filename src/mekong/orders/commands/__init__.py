"""What happens to orders. Each command is one transaction with its timeline entry and its event."""

from mekong.orders.commands.apart import split_order
from mekong.orders.commands.back import GRADES, cancel_order, receive_return, request_return
from mekong.orders.commands.following import advance_channel_order
from mekong.orders.commands.following_many import follow_forward, unheard, mekong.orders.commands.holding, hold_order, lift_hold
from mekong.orders.commands.steps import complete_order, confirm_order, deliver_order, move_order, ship_order
from mekong.orders.commands.stock import give_up_waiting, match_line, retry_awaiting_stock
from mekong.orders.commands.together import keep_both, merge_orders, pack_apart, pack_together, settle_duplicate
from mekong.orders.commands.words import add_note, change_tags, edit_address, set_tags
from mekong.orders.placing import Asked, AskedLine, accept_channel_orders, aplace_order, place_order, stock_facts_of

__all__ = [
    "GRADES",
    "Asked",
    "AskedLine",
    "accept_channel_orders",
    "add_note",
    "advance_channel_order",
    "aplace_order",
    "cancel_order",
    "change_tags",
    "complete_order",
    "confirm_order",
    "deliver_order",
    "follow_forward",
    "edit_address",
    "give_up_waiting",
    "hold_order",
    "keep_both",
    "lift_hold",
    "match_line",
    "merge_orders",
    "move_order",
    "pack_apart",
    "pack_together",
    "place_order",
    "receive_return",
    "request_return",
    "retry_awaiting_stock",
    "set_tags",
    "settle_duplicate",
    "ship_order",
    "split_order",
    "stock_facts_of",
    "unheard",
]
