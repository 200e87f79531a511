"""Words for what partners know by code: facts that are sent, what came of it, what a feed leaves out."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from mekong.faces.backoffice.words import Shape

Word = str | Promise

EVENTS: Mapping[Word, Mapping[str, Word]] = {
    _("Orders"): {
        "orders.order_placed": _("An order is placed"),
        "orders.order_confirmed": _("An order is confirmed"),
        "orders.order_packed": _("An order is packed"),
        "orders.order_shipped": _("An order is handed to the carrier"),
        "orders.order_delivered": _("An order is delivered"),
        "orders.order_cancelled": _("An order is cancelled"),
        "orders.order_returned": _("Returned goods are received"),
    },
    _("Products"): {
        "catalog.product_created": _("A product is made"),
        "catalog.product_updated": _("A product is changed"),
        "catalog.price_changed": _("A price is changed"),
        "catalog.product_archived": _("A product is taken off sale"),
    },
    _("Channels"): {
        "channels.channel_connected": _("A channel is connected"),
        "channels.channel_needs_reconnect": _("A channel must be connected again"),
        "channels.listing_drifted": _("A platform showed another figure than it confirmed"),
        "channels.listing_parked": _("A platform refuses a listing"),
        "channels.outbound_failed": _("A platform refuses a step of an order"),
        "channels.return_asked": _("A buyer asks for a return"),
        "channels.return_moved": _("A return moves on at its platform"),
        "channels.return_answer_given": _("A return is answered"),
    },
    _("Prices and promotions"): {
        "pricing.prices_moved": _("A price list or a promotion is changed"),
        "pricing.prize_won": _("A prize is won in a game"),
    },
    _("Members"): {
        "loyalty.member_joined": _("Somebody becomes a member"),
        "loyalty.member_closed": _("A membership is closed"),
        "loyalty.points_earned": _("Points are earned"),
        "loyalty.points_taken_back": _("A return takes points back"),
        "loyalty.points_spent": _("Points are spent"),
        "loyalty.points_given_back": _("A return gives points back"),
        "loyalty.tier_changed": _("A member has another tier"),
        "loyalty.members_merged": _("Two memberships are merged"),
        "loyalty.merge_undone": _("A merge is undone"),
    },
    _("Webhooks"): {"partners.webhook_disabled": _("A webhook is switched off")},
}
EVENT: Mapping[str, Word] = {
    **{name: word for group in EVENTS.values() for name, word in group.items()},
    "partners.ping": _("Test"),
}

MESSAGE_STATES: Mapping[str, Shape] = {
    "waiting": Shape(_("Waiting"), "wait"),
    "delivered": Shape(pgettext_lazy("a message", "Delivered"), "done"),
    "failed": Shape(_("Given up"), "fail"),
}

PROBLEMS: Mapping[str, tuple[Word, Word]] = {
    "redirected": (_("The receiver points elsewhere"), _("Enter the address it points to.")),
    "refused": (_("The receiver refuses"), _("Read its answer; check the address and the secret there.")),
    "broken": (_("The receiver is broken"), _("Mekong tries again by itself. Tell whoever runs it.")),
    "gone": (_("The receiver wants nothing more"), _("Ask whoever runs it, then switch the webhook on again.")),
    "no_answer": (_("No answer in 15 seconds"), _("The receiver should answer first and work afterwards.")),
    "not_reached": (_("Nobody answers there"), _("Check the address, and that the receiver runs.")),
    "no_such_name": (_("There is no such name"), _("Check the spelling of the address.")),
    "not_allowed": (_("The address is inside a network"), _("Use an address that the open internet reaches.")),
    "bad_certificate": (_("The certificate does not fit"), _("Have it renewed for this very name.")),
    "connection_lost": (_("The connection broke"), _("Mekong tries again by itself.")),
}

DISABLED: Mapping[str, Word] = {
    "gone": _("The receiver answered that it wants nothing more (410)."),
    "failing": _("Nothing was taken for five days."),
    "app": _("The app it belongs to is shut out."),
}

FEED_KINDS: Mapping[str, Word] = {"google": "Google Merchant Center", "meta": "Facebook, Instagram (Meta)"}

FINDINGS: Mapping[str, tuple[Word, Word]] = {
    "no_title": (_("No name"), _("Give the product a name.")),
    "no_picture": (_("No picture"), _("Add a picture to the product.")),
    "no_price": (_("No price"), _("Set a price above 0.")),
    "bad_link": (_("A link without https"), _("Set public_url to the https address of this installation.")),
    "id_too_long": (_("SKU too long"), _("Google takes 50 characters, Meta 100. Shorten the SKU.")),
    "no_brand": (_("No brand"), _("Name a brand, a world-wide barcode, or a brand for the whole feed.")),
    "no_description": (_("No description"), _("The name stands in its place. Describe the product.")),
    "title_shortened": (_("Name shortened"), _("Google takes 150 characters, Meta 100.")),
    "options_alike": (
        _("Variants look alike"),
        _("Colour, size, material and pattern are the same. Name the option so."),
    ),
    "backorder": (_("Sold though there is none"), _("Shown as sold out: Google wants a day from which there is some.")),
}
"""What the self-check finds, and what to do."""
