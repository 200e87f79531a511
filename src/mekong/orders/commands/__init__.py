"""What happens to orders. Each command is one transaction with its timeline entry and its event."""

from mekong.orders.commands.back import GRADES, cancel_order, receive_return, request_return
from mekong.orders.commands.following import advance_channel_order
from mekong.orders.commands.following_many import follow_forward, unheard
from mekong.orders.commands.steps import complete_order, confirm_order, deliver_order, move_order, ship_order
from mekong.orders.commands.stock import give_up_waiting, match_line, retry_awaiting_stock
from mekong.orders.commands.words import add_note, set_address, set_tags
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
    "complete_order",
    "confirm_order",
    "deliver_order",
    "follow_forward",
    "give_up_waiting",
    "match_line",
    "move_order",
    "place_order",
    "receive_return",
    "request_return",
    "retry_awaiting_stock",
    "set_address",
    "set_tags",
    "ship_order",
    "stock_facts_of",
    "unheard",
]
