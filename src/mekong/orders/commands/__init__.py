"""What happens to orders. Each command is one transaction with its timeline entry and its event."""

from mekong.orders.book import tell_live
from mekong.orders.commands.apart import split_order
from mekong.orders.commands.back import GRADES, cancel_order, receive_return, request_return
from mekong.orders.commands.filters import change_filter, order_filters, remove_filter, save_filter
from mekong.orders.commands.following import advance_channel_order
from mekong.orders.commands.following_many import follow_forward, unheard
from mekong.orders.commands.holding import hold_order, lift_hold
from mekong.orders.commands.papers import PAPERS, print_orders
from mekong.orders.commands.presence import be_present, leave
from mekong.orders.commands.quoting import QuotedOrder, end_checkout, quote_order
from mekong.orders.commands.steps import complete_order, confirm_order, deliver_order, move_order, ship_order
from mekong.orders.commands.stock import give_up_waiting, match_line, retry_awaiting_stock
from mekong.orders.commands.tally import fold_tally
from mekong.orders.commands.together import keep_both, merge_orders, pack_apart, pack_together, settle_duplicate
from mekong.orders.commands.words import add_note, change_tags, edit_address, set_tags
from mekong.orders.placing import Asked, AskedLine, accept_channel_orders, aplace_order, place_order, stock_facts_of

__all__ = [
    "GRADES",
    "PAPERS",
    "Asked",
    "AskedLine",
    "QuotedOrder",
    "accept_channel_orders",
    "add_note",
    "advance_channel_order",
    "aplace_order",
    "be_present",
    "cancel_order",
    "change_filter",
    "change_tags",
    "complete_order",
    "confirm_order",
    "deliver_order",
    "edit_address",
    "end_checkout",
    "fold_tally",
    "follow_forward",
    "give_up_waiting",
    "hold_order",
    "keep_both",
    "leave",
    "lift_hold",
    "match_line",
    "merge_orders",
    "move_order",
    "order_filters",
    "pack_apart",
    "pack_together",
    "place_order",
    "print_orders",
    "quote_order",
    "receive_return",
    "remove_filter",
    "request_return",
    "retry_awaiting_stock",
    "save_filter",
    "set_tags",
    "settle_duplicate",
    "ship_order",
    "split_order",
    "stock_facts_of",
    "tell_live",
    "unheard",
]
