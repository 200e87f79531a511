"""What stands around every page: where one can go, what waits there, how the channels flow."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mekong.faces.backoffice import channel_book
from mekong.foundation.actor import Actor
from mekong.foundation.errors import MekongError
from mekong.orders import queries as orders

log = logging.getLogger(__name__)

TO_DO = ("pending_confirmation", "awaiting_stock", "confirmed", "allocated", "picking", "packed", "ready_to_ship")
"""States in which somebody here has the next step of an order."""


@dataclass(frozen=True, eq=False)
class Room:
    """A place in the navigation, each the only one of its kind.

    `key`: the letter after G that goes there. `is_tab`: also in the phone's bar of five."""

    name: str
    path: str
    icon: str
    word: str | Promise
    short: str | Promise
    permission: str
    key: str
    gap: bool = False
    is_tab: bool = True


ROOMS = (
    Room("home", "/", "today", _("Today's work"), _("Work"), "", "v"),
    Room("orders", "/orders/", "order", _("Orders"), _("Orders"), "orders.view", "d"),
    Room("products", "/products/", "box", _("Products"), _("Products"), "catalog.view", "s", gap=True),
    Room("stock", "/stock/", "stack", _("Stock"), _("Stock"), "inventory.view", "t"),
    Room("members", "/members/", "users", _("Members"), _("Members"), "loyalty.view", "m", is_tab=False),
    Room("channels", "/channels/", "channels", _("Channels"), _("Channels"), "channels.view", "k", gap=True),
    Room("offers", "/offers/", "gift", _("Gift cards and games"), _("Gifts"), "pricing.view", "q", is_tab=False),
    Room("prices", "/prices/", "tag", _("Prices and promotions"), _("Prices"), "pricing.view", "b", is_tab=False),
    Room("live", "/live/", "eye", _("Live stream"), _("Live"), "inventory.view", "l", is_tab=False),
    Room("settings", "/settings/", "gear", _("Settings"), _("Settings"), "", "c", gap=True, is_tab=False),
)


def context(actor: Actor, path: str, now: datetime, *, waiting: int | None = None) -> dict[str, Any]:
    """Rooms this actor may enter, what waits in them, and the pulse of the channels. Three statements at most.

    `waiting`: orders to do, when the page has counted them already.
    """
    here = next((room.name for room in ROOMS if room.path != "/" and path.startswith(room.path)), "")
    if path == "/" or path.startswith("/today/"):
        here = "home"
    waiting = waiting_orders(actor) if waiting is None else waiting
    pulse = channel_book.pulse(actor, now)
    badges: dict[str, tuple[str, str]] = {}
    if waiting:
        badges["orders"] = (str(waiting), "")
    if pulse.failing:
        badges["channels"] = (gettext("{count} failing").format(count=pulse.failing), "bad")
    rooms = [
        {"room": room, "is_open": not room.permission or actor.may(room.permission), "badge": badges.get(room.name)}
        for room in ROOMS
    ]
    return {"rooms": rooms, "all_rooms": ROOMS, "room": here, "pulse": pulse}


def waiting_orders(actor: Actor) -> int:
    """Orders whose next step is ours; 0 for those who may not see orders."""
    if not actor.may("orders.view"):
        return 0
    try:
        counts = orders.count_by_state(actor=actor)
    except MekongError:
        log.exception("orders could not be counted")
        return 0
    return sum(counts.get(state, 0) for state in TO_DO)


def js_words() -> dict[str, str]:
    """Sentences the scripts say; they have no catalogue of their own."""
    return {
        "pages": gettext("Pages"),
        "products": gettext("Products"),
        "orders": gettext("Orders"),
        "nothing": gettext("Nothing found. Try a SKU, a name, or an order code."),
        "failed": gettext("That did not work. Check the connection and try again."),
        "offline": gettext("No network. What was typed is still here; send it again when the network is back."),
        "ended": gettext("Signed out in the meantime. Send the form: after signing in, what was typed is still here."),
        "restored": gettext("Signed in again. What was typed is still here; look it over and send it again."),
        "picked": gettext("{count} selected"),
        "most": gettext("At most {count} orders at once."),
        "pickFirst": gettext("Select orders first."),
        "units": gettext("{count} units"),
        "close": gettext("Close"),
        "recent": gettext("Recent"),
        "results": gettext("{count} results"),
        "soldHere": gettext("sold here"),
        "from": gettext("from {quantity}"),
        "to": gettext("To {quantity}"),
        "acknowledged": gettext("The platform confirms {quantity}"),
        "bought": gettext("A buyer takes 1, order {order} holds the goods"),
        "taken": gettext("A buyer takes 1, the platform has order {order}"),
        "boughtPlain": gettext("A buyer takes 1, the goods are held"),
        "lost": gettext("Wanted the same piece, {ms} ms late. Not taken"),
        "refusedWord": gettext("Not taken: {message}"),
        "agree": gettext("{count} channels agree with the shelf"),
        "beyond": gettext("{count} sold beyond stock by a platform: its order waits for goods, or is cancelled there"),
        "headReady": gettext("{units} on the shelf. {count} channels show it."),
        "headOne": gettext("One on the shelf. {count} channels show it."),
        "headNone": gettext("Sold out. {count} channels show 0."),
        "headSold": gettext("Sold once. {count} channels at {quantity} after {ms}."),
        "headBeyond": gettext("Sold twice in one moment. The second order is held back."),
        "headMoving": gettext("Sold. The channels are told…"),
        "putBack": gettext("Put back on the shelf"),
        "waiting": gettext("telling…"),
        "noAnswer": gettext("no answer"),
        "live": gettext("live"),
        "reconnecting": gettext("connection lost, trying again…"),
        "oversold": gettext("{count} oversold"),
        "running": gettext("running"),
        "stopping": gettext("Stopping: orders that are on their way are booked first."),
        "stopped": gettext("stopped"),
        "finished": gettext("finished"),
        "picturesAdded": gettext("Pictures added: {count}"),
        "notAPicture": gettext("This is not a JPEG, PNG, WebP or GIF file."),
        "pictureTooLarge": gettext("Larger than 20 MB. Make it smaller."),
        "scanned": gettext("{name}: {count}"),
        "scannedOf": gettext("{name}: {count} of {most}"),
        "scannedOver": gettext("{name}: {count}, the note says {most}. Count again."),
        "scannedElse": gettext("{code} is not on this note"),
        "countsFilled": gettext("Every line as on the note. Change what differs."),
        "perMinute": gettext("{count} orders a minute"),
    }
