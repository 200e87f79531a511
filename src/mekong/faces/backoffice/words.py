"""Words and shapes for the states and kinds that modules know by code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Word = str | Promise


@dataclass(frozen=True)
class Shape:
    """`tone` of a status mark: "" is a pie filled to `fill` percent; wait, done, risk, fail and off have a shape."""

    word: Word
    tone: str = ""
    fill: int = 0


ORDER_STATES: Mapping[str, Shape] = {
    "pending_confirmation": Shape(_("Awaiting confirmation"), "wait"),
    "awaiting_stock": Shape(_("Awaiting stock"), "risk"),
    "confirmed": Shape(_("Confirmed"), fill=15),
    "allocated": Shape(_("Allocated"), fill=30),
    "picking": Shape(_("Picking"), fill=45),
    "packed": Shape(_("Packed"), fill=60),
    "ready_to_ship": Shape(_("Ready to ship"), fill=70),
    "ready_for_pickup": Shape(_("Ready for pick-up"), fill=70),
    "shipped": Shape(_("Out for delivery"), fill=85),
    "delivery_failed": Shape(_("Delivery failed"), "fail"),
    "returning": Shape(_("Coming back"), fill=90),
    "delivered": Shape(_("Delivered"), fill=95),
    "completed": Shape(_("Completed"), "done"),
    "returned": Shape(_("Returned"), "off"),
    "cancelled": Shape(_("Cancelled"), "off"),
}

REMOTE_STATES: Mapping[str, Word] = {
    **dict.fromkeys(("unpaid", "waiting_payment", "payment_review"), _("Unpaid")),
    **dict.fromkeys(
        ("pending", "topack", "paid", "queueing", "processing", "holded", "picking", "packaging", "on_hold",
         "awaiting_shipment", "partially_shipping"), _("To pack"),
    ),
    **dict.fromkeys(("packed", "repacked", "processed", "finished_packing"), _("Packed")),
    **dict.fromkeys(("ready_to_ship", "toship", "retry_ship", "awaiting_collection"), _("Ready to ship")),
    **dict.fromkeys(("shipped", "shipping", "handover_to_partner", "in_transit"), _("Out for delivery")),
    **dict.fromkeys(("delivered", "to_confirm_receive", "successful_delivery"), _("Delivered")),
    **dict.fromkeys(("completed", "confirmed", "complete", "closed"), _("Completed")),
    **dict.fromkeys(("failed", "failed_delivery", "lost_by_3pl", "damaged_by_3pl"), _("Delivery failed")),
    "in_cancel": _("The buyer asks to cancel"),
    **dict.fromkeys(("canceled", "cancelled", "cancel"), _("Cancelled")),
    **dict.fromkeys(("to_return", "shipped_back"), _("Coming back")),
    **dict.fromkeys(("returned", "shipped_back_success"), _("Returned")),
}  # fmt: skip
"""Where a platform says an order stands, in our words; in small letters.

Source: Shopee Open Platform v2 `order_status`, Lazada Open Platform order item statuses, Tiki Open API and TikTok Shop
Partner API order statuses.
"""

CANCEL_REASONS: Mapping[str, Word] = {
    "out_of_stock": _("Out of stock"),
    "customer_request": _("The buyer asked for it"),
    "duplicate": _("Duplicate order"),
    "other": _("Other"),
}

PAYMENT_STATES: Mapping[str, Shape] = {
    "unpaid": Shape(_("Unpaid"), "wait"),
    "partly_paid": Shape(_("Partly paid"), fill=50),
    "paid": Shape(_("Paid"), "done"),
    "partly_refunded": Shape(_("Partly refunded"), fill=50),
    "refunded": Shape(_("Refunded"), "off"),
}

ISSUES: Mapping[str, tuple[Word, Word]] = {
    "address": (_("Address unclear"), _("Correct the delivery address, then confirm.")),
    "stock": (_("Short of stock"), _("Receive or move stock; the order goes on by itself.")),
    "unmatched_line": (_("Unmatched line"), _("Say which SKU the line is; its goods are then held.")),
    "manual": (_("Held"), _("It goes on when somebody lifts the hold.")),
    "call_back": (_("Call back"), _("Call the buyer at the agreed time, then let it go on or cancel it.")),
    "no_answer": (_("No answer"), _("Call again, up to three times; then cancel it or agree on a time.")),
    "duplicate": (_("Possible duplicate"), _("Compare the two orders; cancel one, or confirm both.")),
}
"""Why an order is held back, and what mends it."""

CONDITIONS: Mapping[str, Word] = {
    "from": _("Placed from"),
    "to": _("Placed up to"),
    "due": _("Hand over within"),
    "least": _("Total from"),
    "most": _("Total up to"),
    "channels": _("Channel"),
    "tag": _("Tag"),
}
"""Conditions of the order list that can be wrong, by their parameter in the address."""

PAPERS: Mapping[str, Word] = {
    "delivery_note": _("Delivery note"),
    "pick_list": _("Pick list"),
    "platform_label": _("Platform's label"),
}

PRODUCT_STATES: Mapping[str, Shape] = {
    "active": Shape(_("On sale"), "done"),
    "draft": Shape(_("Draft"), "wait"),
    "archived": Shape(_("Off sale"), "off"),
}

REASONS: Mapping[str, Word] = {
    "opening": _("Opening stock"),
    "receipt": _("Goods receipt"),
    "adjustment": _("Stock adjustment"),
    "count": _("Stocktake difference"),
    "scrap": _("Written off"),
    "internal_use": _("Used in the house"),
    "expiry": _("Past its date"),
    "transfer": _("Transfer"),
    "shipment": _("Handed to the carrier"),
    "delivery": _("Delivered to the buyer"),
    "return": _("Sales return"),
}

TRANSFER_STATES: Mapping[str, Shape] = {
    "draft": Shape(_("Draft"), "wait"),
    "requested": Shape(_("Awaiting approval"), "wait"),
    "ready": Shape(_("Ready to leave"), fill=35),
    "in_transit": Shape(_("In transfer"), fill=70),
    "received": Shape(pgettext_lazy("a transfer", "Received"), "done"),
    "differs": Shape(_("Received with a difference"), "risk"),
    "settled": Shape(_("Difference settled"), "done"),
    "cancelled": Shape(_("Cancelled"), "off"),
}

TRANSFER_STEPS: Mapping[str, Word] = {
    "draft": pgettext_lazy("a transfer", "Drafted"),
    "change": _("Draft changed"),
    "request": _("Approval asked for"),
    "approve": _("Approved"),
    "send_back": _("Sent back to the draft"),
    "cancel": _("Cancelled"),
    "ship": _("Shipped"),
    "receive": pgettext_lazy("a transfer", "Received"),
    "settle": _("Difference booked"),
}

CAUSES: Mapping[str, tuple[Word, Word]] = {
    "source_short": (_("The source sent too few"), _("The goods stand at the source again.")),
    "lost": (_("Lost on the way"), _("The goods are written off.")),
    "wrong_item": (
        _("Another item came"),
        _("The goods stand at the source again; as many of the other item left it."),
    ),
    "late": (_("Came later"), _("The goods are taken in at the destination.")),
}
"""Why goods of a transfer did not arrive, and what booking it does."""

ADJUSTMENT_STATES: Mapping[str, Shape] = {
    "waiting": Shape(_("Awaiting approval"), "wait"),
    "booked": Shape(_("Approved and booked"), "done"),
    "rejected": Shape(_("Rejected"), "fail"),
    "withdrawn": Shape(_("Withdrawn"), "off"),
}

PLACES: Mapping[str, Word] = {
    "SUPPLIER": _("Supplier"),
    "CUSTOMER": _("Customer"),
    "DELIVERY": pgettext_lazy("a place", "In delivery"),
    "LOSS": _("Loss and gain"),
    "TRANSIT": _("In transfer"),
}

CONTROL_KINDS: Mapping[str, tuple[Word, Word]] = {
    "pool": (_("Whole pool"), _("Sells everything that is free.")),
    "share": (_("Share"), _("Shows so many percent of what is free.")),
    "cap": (_("Cap"), _("Sells at most so many units in all.")),
    "slice": (_("Exclusive slice"), _("Keeps so many units for this channel alone.")),
    "floor": (_("Floor"), _("Stops when no more than so many units are left.")),
    "buffer": (_("Fixed buffer"), _("Holds so many units back.")),
    "exclude": (_("Not sold here"), _("Shows 0.")),
}

CONTROL_SCOPES: Mapping[str, Word] = {
    "exclusion": _("Exclusion"),
    "listing": _("Listing"),
    "sku": _("SKU"),
    "category": _("Category"),
    "channel": _("Whole channel"),
}

CAMPAIGN_STATES: Mapping[str, Shape] = {
    "planned": Shape(pgettext_lazy("a campaign", "Planned"), "wait"),
    "running": Shape(pgettext_lazy("a campaign", "Running"), fill=50),
    "ended": Shape(pgettext_lazy("a campaign", "Ended"), "done"),
    "cancelled": Shape(pgettext_lazy("a campaign", "Cancelled"), "off"),
}

CAMPAIGN_KINDS: Mapping[str, Word] = {
    "campaign": _("Campaign of a marketplace"),
    "livestream": _("Livestream"),
}

LANES: Mapping[str, Word] = {
    "default": pgettext_lazy("rate limit", "everything else"),
    "stock": pgettext_lazy("rate limit", "stock"),
    "price": pgettext_lazy("rate limit", "prices"),
    "orders": pgettext_lazy("rate limit", "orders"),
    "auth": pgettext_lazy("rate limit", "access"),
}
"""Rate limits that a platform gives apart."""

TIMELINE: Mapping[str, Word] = {
    "placed": _("Placed"),
    "reserved": _("Goods held"),
    "paid": _("Paid"),
    "note": _("Note"),
    "tags": _("Tags changed"),
    "address": _("Recipient corrected"),
    "split": _("Split into two"),
    "split_from": _("Split from"),
    "merged": _("Merged with"),
    "merged_into": _("Merged into"),
    "packed_together": _("Packed together with"),
    "packed_apart": _("Packed on its own"),
    "duplicate_dropped": _("Duplicate cancelled"),
    "dropped_for": _("Cancelled as a duplicate of"),
    "no_duplicate": _("Not a duplicate of"),
    "held_manual": _("Held"),
    "held_call_back": _("To be called back"),
    "held_no_answer": _("Nobody answered"),
    "released": _("Hold lifted"),
    "line_matched": _("Line matched"),
    "duplicate": _("Possible duplicate seen"),
    "received": _("Returned goods received"),
    "return_received": _("Returned goods received"),
    "oversold": _("Sold beyond stock"),
    "printed": _("Printed"),
    **{code: shape.word for code, shape in ORDER_STATES.items()},
}

GRADES: Mapping[str, Word] = {
    "resellable": _("Resellable"),
    "damaged": _("Damaged"),
    "missing": _("Missing"),
}

RETURN_STATES: Mapping[str, Shape] = {
    "requested": Shape(_("Awaiting an answer"), "wait"),
    "accepted": Shape(_("Agreed to"), fill=25),
    "shipping_back": Shape(pgettext_lazy("a return", "On its way back"), fill=50),
    "received": Shape(pgettext_lazy("a return", "Goods received"), fill=75),
    "disputed": Shape(_("The platform decides"), "risk"),
    "refunded": Shape(_("Refunded"), "done"),
    "closed": Shape(pgettext_lazy("a return", "Closed"), "off"),
}

EARNING_KINDS: Mapping[str, Word] = {
    "goods": _("Goods"),
    "voucher": _("Discounts the shop bears"),
    "shipping": _("Shipping"),
    "commission": _("Commission"),
    "payment_fee": _("Payment fee"),
    "service_fee": _("Service fees"),
    "tax": _("Tax withheld"),
    "refund": _("Refunded to the buyer"),
    "adjustment": pgettext_lazy("platform money", "Adjustments"),
    "other": _("Other"),
}
"""What an amount of an order's earnings is."""

RETURN_REASONS: Mapping[str, Word] = {
    **dict.fromkeys(("NOT_RECEIPT", "ITEM_NOT_RECEIVED"), _("Goods did not arrive")),
    "WRONG_ITEM": _("Wrong goods sent"),
    **dict.fromkeys(("ITEM_DAMAGED", "DAMAGED", "DAMAGED_OTHERS"), _("Goods arrived damaged")),
    **dict.fromkeys(("DIFFERENT_DESCRIPTION", "ITEM_WRONGDAMAGED"), _("Not as described")),
    **dict.fromkeys(("ITEM_MISSING", "MISSING_PARTS"), _("Something is missing")),
    **dict.fromkeys(("CHANGE_MIND", "MUTUAL_AGREE"), _("The buyer no longer wants it")),
    **dict.fromkeys(("FUNCTIONAL_DMG", "DEFECTIVE"), _("Does not work")),
    **dict.fromkeys(("ITEM_FAKE", "ITEM_COUNTERFEIT"), _("The buyer takes it for a fake")),
    "OTHER": _("Other"),
}
"""Why a buyer wants to return something, by the platform's code. Source: Shopee Open Platform v2, return `reason`."""

TAX_CLASSES: Mapping[str, Word] = {
    "standard": _("VAT 10 %"),
    "reduced": _("VAT 8 %"),
    "vat5": _("VAT 5 %"),
    "vat0": _("VAT 0 %"),
    "exempt": _("Not subject to VAT"),
}
