"""What needs doing, by urgency and by whose desk it lies on: from figures to sentences."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext, pgettext
from django.utils.translation import gettext_lazy as _

from mekong.channels.contracts import ChannelView
from mekong.faces.backoffice import channel_book, problems
from mekong.faces.backoffice.templatetags.mekong import clock, left, money, num
from mekong.foundation.permissions import ROLES
from mekong.insights.contracts import Covers, OversoldRow, TransfersComing, Waiting
from mekong.inventory.contracts import CampaignView, LowStock

SOON = timedelta(hours=4)
"""A deadline within this presses: enough to pick, pack and hand over a morning's orders."""

RETURNS_SOON = timedelta(hours=24)
"""As `SOON`, for returns: platforms give a day or a few."""

NOW, TODAY, LATER = "now", "today", "later"
GROUPS: Mapping[str, str | Promise] = {
    NOW: _("Right now"),
    TODAY: _("Today"),
    LATER: _("When there is time"),
}
_RANK = {"bad": 0, "warn": 1, "": 2}

ALL = frozenset(ROLES)
OFFICE, STORE, SHELF, BOOKS = (
    frozenset({"online_orders"}), frozenset({"cashier"}), frozenset({"warehouse"}), frozenset({"accountant"}),
)  # fmt: skip
LEADS = frozenset({"owner", "manager"})
"""They answer for everything, so all work is theirs."""


@dataclass(frozen=True)
class Work:
    """One thing to do. `tone`: bad is broken or late, warn presses, "" waits. `desks`: the roles whose work it is."""

    icon: str
    tone: str
    title: str
    detail: str
    figure: str
    note: str
    link: str
    word: str
    group: str
    desks: frozenset[str]
    due: datetime | None = None


@dataclass(frozen=True)
class Kind:
    """A kind of waiting orders. `link`: the list with those orders and no others; `presses` without any deadline."""

    name: str
    icon: str
    link: str
    word: str | Promise
    desks: frozenset[str]
    group: str = TODAY
    presses: bool = False
    right: str = "orders.view"


KINDS = (
    Kind("confirm", "order", "/orders/?tab=confirm", _("Confirm"), OFFICE | STORE, NOW, presses=True, right="orders.confirm"),
    Kind("unmatched", "link", "/orders/?tab=unmatched", _("Match"), OFFICE, NOW, presses=True, right="orders.edit"),
    Kind("short", "stack", "/orders/?tab=short", _("Find goods"), OFFICE | SHELF, NOW, presses=True),
    Kind("address", "pin", "/orders/?tab=address", _("Correct"), OFFICE, right="orders.edit"),
    Kind("duplicate", "copy", "/orders/?tab=duplicate", _("Compare"), OFFICE, right="orders.confirm"),
    Kind("pack", "box", "/orders/?tab=pack", _("Pack"), OFFICE | SHELF, right="orders.ship"),
    Kind("hand", "truck", "/orders/?tab=hand", _("Hand over"), OFFICE | SHELF, right="orders.ship"),
    Kind("pickup", "store", "/orders/?tab=pickup", _("Hand out"), STORE | SHELF, right="orders.ship"),
    Kind("failed", "phone", "/orders/?tab=failed", _("Call"), OFFICE),
    Kind("back", "return", "/orders/?tab=back", _("Receive"), SHELF, right="orders.return"),
    Kind("refund", "cash", "/today/refund/", _("See orders"), BOOKS, presses=True, right="reports.view"),
    Kind("unpaid", "card", "/today/unpaid/", _("See orders"), BOOKS, right="reports.view"),
    Kind("cod", "truck", "/today/cod/", _("Ask the carrier"), BOOKS, LATER, right="reports.view"),
    Kind("platform-refund", "channels", "/today/platform-refund/", _("Check"), BOOKS, LATER, right="reports.view"),
)  # fmt: skip


def title_of(name: str, n: int) -> str:
    """What waits, in words, with how many."""
    said = {
        "confirm": ngettext("{n} order to confirm", "{n} orders to confirm", n),
        "unmatched": ngettext("{n} order has a line without a SKU", "{n} orders have a line without a SKU", n),
        "short": ngettext("{n} order is short of stock", "{n} orders are short of stock", n),
        "address": ngettext("{n} order has an unclear address", "{n} orders have an unclear address", n),
        "duplicate": ngettext("{n} order looks like another", "{n} orders look like another", n),
        "pack": ngettext("{n} order to pack", "{n} orders to pack", n),
        "hand": ngettext("{n} order to hand over", "{n} orders to hand over", n),
        "pickup": ngettext("{n} order waits for its buyer", "{n} orders wait for their buyers", n),
        "failed": ngettext("{n} delivery failed: call the buyer", "{n} deliveries failed: call the buyers", n),
        "back": ngettext("{n} parcel is coming back", "{n} parcels are coming back", n),
        "refund": ngettext("{n} order to refund", "{n} orders to refund", n),
        "unpaid": ngettext("{n} order is not paid", "{n} orders are not paid", n),
        "cod": ngettext(
            "{n} order delivered over 7 days ago has brought no money",
            "{n} orders delivered over 7 days ago have brought no money", n,
        ),
        "platform-refund": ngettext(
            "{n} paid order of a platform was cancelled or came back",
            "{n} paid orders of platforms were cancelled or came back", n,
        ),
    }  # fmt: skip
    return said[name].format(n=num(n))


def why_of(name: str) -> str:
    """Why it waits, or what to do about it."""
    said: dict[str, Callable[[], str]] = {
        "unmatched": lambda: gettext("No goods are held for it yet: say which SKU it is."),
        "short": lambda: gettext("Receive or move stock, or cancel in time."),
        "address": lambda: gettext("Call the buyer, correct it, then confirm."),
        "duplicate": lambda: gettext("Compare the two before confirming."),
        "failed": lambda: gettext("Agree on another day, or let it come back."),
        "back": lambda: gettext("Check the goods against the order when they arrive, then put them back."),
        "refund": lambda: gettext("Cancelled or returned after the buyer had paid us."),
        "unpaid": lambda: gettext("Of our own channels, not cash on delivery, in the last 90 days."),
        "cod": lambda: gettext("Cash on delivery that the carrier has not paid out."),
        "platform-refund": lambda: gettext("The platform gives the money back; its pay-out must not hold it."),
    }
    return said[name]() if name in said else ""


def amounts(sums: Mapping[str, int]) -> str:
    """Money in as many currencies as there are."""
    return " + ".join(money(total, currency) for currency, total in sums.items())


def of_orders(found: Mapping[str, Waiting], *, may: Callable[[str], bool], now: datetime) -> list[Work]:
    """What waits among the orders, the deadline telling how soon. Without the right to act it is there to be seen."""
    return [_of_kind(kind, found[kind.name], may, now) for kind in KINDS if kind.name in found]


def _of_kind(kind: Kind, each: Waiting, may: Callable[[str], bool], now: datetime) -> Work:
    tone, group = ("warn", NOW) if kind.presses else ("", kind.group)
    parts = []
    if each.late:
        tone, group = "bad", NOW
        parts.append(
            ngettext("{n} is past its deadline", "{n} are past their deadlines", each.late).format(n=num(each.late))
        )
    if each.soon:
        tone, group = tone or "warn", NOW
        text = ngettext("{n} is due before {time}", "{n} are due before {time}", each.soon)
        parts.append(text.format(n=num(each.soon), time=clock(now + SOON)))
    why = why_of(kind.name)
    detail = (", ".join(parts) + ". " if parts else "") + why
    word = str(kind.word) if may(kind.right) else gettext("See")
    note = left(each.first_due) if each.first_due else ""
    return Work(
        kind.icon, tone, title_of(kind.name, each.orders), detail.strip(), amounts(each.money), note, kind.link, word,
        group, kind.desks, each.first_due,
    )  # fmt: skip


# --- channels ---------------------------------------------------------------------------------------------------------


def of_channels(found: Sequence[ChannelView], now: datetime, differing: tuple[int, int] = (0, 0)) -> list[Work]:
    """What keeps channels from flowing. `differing`: products that some channel shows otherwise, and in how many facts."""
    works = [
        _broken(each, state) for each in found if (state := channel_book.state_of(each, now)) in channel_book.BROKEN
    ]
    works += [_silent(each) for each in found if channel_book.state_of(each, now) == "silent"]
    works += [
        _ending(each)
        for each in found
        if channel_book.is_ending(each, now) and channel_book.state_of(each, now) != "reconnect"
    ]
    parked = [each for each in found if each.listings.parked]
    if parked:
        n = sum(each.listings.parked for each in parked)
        title = ngettext("{n} listing is refused by its platform", "{n} listings are refused by their platform", n)
        works.append(
            Work(
                "channels", "warn", title.format(n=num(n)), gettext("They show an old figure until this is mended."),
                _listings(n), "", f"/channels/{parked[0].code}/?state=parked", gettext("See listings"), NOW, OFFICE,
            )
        )  # fmt: skip
    works += _differing(*differing)
    lost = sum(each.parked_orders for each in found)
    if lost:
        title = ngettext(
            "{n} order of a platform could not be booked", "{n} orders of platforms could not be booked", lost
        )
        works.append(
            Work(
                "order", "bad", title.format(n=num(lost)),
                gettext("Mekong tries them again by itself and says why."), "", "", "/channels/", gettext("See why"),
                NOW, OFFICE,
            )
        )  # fmt: skip
    unmatched = [each for each in found if each.listings.unmatched]
    if unmatched:
        n = sum(each.listings.unmatched for each in unmatched)
        title = ngettext("{n} listing is not matched to a SKU", "{n} listings are not matched to a SKU", n)
        works.append(
            Work(
                "link", "", title.format(n=num(n)), gettext("Its orders are held until the line is matched."),
                _listings(n), "", f"/channels/{unmatched[0].code}/?state=unmatched", gettext("Match"), LATER, OFFICE,
            )
        )  # fmt: skip
    return works


def _differing(products: int, differences: int) -> list[Work]:
    if not products:
        return []
    title = ngettext(
        "{n} product shows otherwise than it should", "{n} products show otherwise than they should", products
    )
    count = ngettext("{n} difference", "{n} differences", differences).format(n=num(differences))
    detail = gettext("Price, offer, name, description or pictures on some channel.")
    link, word = "/consistency/", pgettext("a channel", "Set right")
    return [Work("channels", "warn", title.format(n=num(products)), detail, count, "", link, word, TODAY, OFFICE)]


def _listings(n: int) -> str:
    return ngettext("{n} listing", "{n} listings", n).format(n=num(n))


def _broken(each: ChannelView, state: str) -> Work:
    name = channel_book.mark_of(each).name
    if state == "reconnect":
        title, word = gettext("{channel} must be connected again"), gettext("Connect again")
        detail = gettext("The platform no longer takes the access.")
    else:
        title, word = gettext("{channel} does not flow"), gettext("See channel")
        detail = gettext("Listings may show old figures. Mekong tries again by itself.")
    since = each.problem.at if each.problem else None
    return Work(
        "channels", "bad", title.format(channel=name), problems.sentence(each.problem) or detail,
        _listings(each.figures.waiting) if each.figures.waiting else "",
        gettext("since {time}").format(time=clock(since)) if since else "", f"/channels/{each.code}/", word, NOW, OFFICE,
    )  # fmt: skip


def _silent(each: ChannelView) -> Work:
    title = gettext("{channel} has had no order for longer than usual").format(channel=channel_book.mark_of(each).name)
    detail = gettext("See on the platform whether the shop sells.")
    where = f"/channels/{each.code}/#incidents"
    return Work("bell", "warn", title, detail, "", "", where, gettext("See why"), NOW, OFFICE)


def _ending(each: ChannelView) -> Work:
    title = gettext("The access to {channel} ends soon").format(channel=channel_book.mark_of(each).name)
    detail = gettext("The merchant says yes once more on the platform; until then orders and stock flow on.")
    note = left(each.authorised_until) if each.authorised_until else ""
    return Work(
        "lock", "warn", title, detail, "", note, f"/channels/{each.code}/", gettext("Connect again"), TODAY, OFFICE
    )


# --- returns ---


def of_returns(waiting: int, first_due: datetime | None, *, may: Callable[[str], bool], now: datetime) -> list[Work]:
    """What buyers ask platforms to return: a platform decides alone when its deadline has passed."""
    if not waiting:
        return []
    title = ngettext(
        "{n} buyer asks for a return and waits for an answer",
        "{n} buyers ask for a return and wait for an answer",
        waiting,
    )
    late, presses = first_due is not None and first_due < now, first_due is not None and first_due < now + RETURNS_SOON
    return [
        Work(
            "return", "bad" if late else "warn" if presses else "", title.format(n=num(waiting)),
            gettext("Agree or refuse before the deadline: after it the platform decides alone."), "",
            left(first_due) if first_due else "", "/orders/returns/",
            gettext("Answer returns") if may("orders.return") else gettext("See"),
            NOW if presses else TODAY, OFFICE, first_due,
        )
    ]  # fmt: skip


# --- units set aside ---


def of_campaigns(running: Sequence[CampaignView], ended: Sequence[CampaignView]) -> list[Work]:
    """What could not be set aside while a campaign runs; and what came back from those that ended."""
    works = []
    for each in running:
        if each.short:
            title = ngettext(
                "{n} line of {name} could not be set aside", "{n} lines of {name} could not be set aside", each.short
            ).format(n=num(each.short), name=each.name)
            detail = gettext("Receive stock or lower the quantity, then try again.")
            link, note = f"/stock/campaigns/{each.code}/", left(each.ends_at)
            works.append(Work("tag", "warn", title, detail, "", note, link, gettext("Open"), NOW, OFFICE))
    for each in ended:
        title = gettext("{name} has ended: {sold} of {all} sold, {returned} back in the pool").format(
            name=each.name, sold=num(each.sold), all=num(each.set_aside), returned=num(each.returned)
        )
        link = f"/stock/campaigns/{each.code}/"
        works.append(Work("tag", "", title, "", "", "", link, gettext("See report"), TODAY, OFFICE))
    return works


# --- people ---


def of_locks(locked: int) -> list[Work]:
    """Somebody tried passwords: told for a day, because a lock itself is over in minutes."""
    if not locked:
        return []
    title = ngettext(
        "{n} account was locked after wrong passwords", "{n} accounts were locked after wrong passwords", locked
    )
    detail = gettext("A forgotten password, or somebody who guesses: ask, then unlock.")
    where = "/settings/security/#locks"
    return [Work("lock", "warn", title.format(n=num(locked)), detail, "", "", where, gettext("See why"), NOW, OFFICE)]


# --- goods ------------------------------------------------------------------------------------------------------------


def of_goods(
    *, oversold: Sequence[OversoldRow], low: Sequence[LowStock], covers: Covers, coming: TransfersComing,
    names: Mapping[int, str],
) -> list[Work]:  # fmt: skip
    """What the shelves need."""
    works = []
    if oversold:
        n = sum(row.units for row in oversold)
        title = ngettext("{n} unit was sold below zero this week", "{n} units were sold below zero this week", n)
        works.append(
            Work(
                "warn", "bad", title.format(n=num(n)), gettext("Count the shelf and correct the stock."), "", "",
                "/today/oversold/", gettext("See the goods"), NOW, SHELF | BOOKS,
            )
        )  # fmt: skip
    if coming.transfers:
        title = ngettext("{n} transfer is on its way here", "{n} transfers are on their way here", coming.transfers)
        units = ngettext("{n} unit", "{n} units", coming.units).format(n=num(coming.units))
        works.append(
            Work(
                "transfer", "", title.format(n=num(coming.transfers)), gettext("Count the goods when they arrive."),
                units, "", "/stock/transfers/", gettext("See transfers"), TODAY, SHELF,
            )
        )  # fmt: skip
    if low:
        title = ngettext("{n} SKU runs low", "{n} SKUs run low", len(low)).format(n=num(len(low)))
        works.append(
            Work("stack", "", title, _named([row.variant_id for row in low], names), "", "", "/stock/low/",
                 gettext("See stock"), TODAY, SHELF)
        )  # fmt: skip
    if covers.soon:
        title = ngettext(
            "{n} SKU runs out within 7 days at this pace", "{n} SKUs run out within 7 days at this pace", covers.soon
        )
        works.append(
            Work("clock", "", title.format(n=num(covers.soon)), _named([row.variant_id for row in covers.rows], names),
                 "", "", "/today/cover/", gettext("See the goods"), TODAY, SHELF)
        )  # fmt: skip
    return works


def _named(ids: Sequence[int], names: Mapping[int, str]) -> str:
    return ", ".join(names[each] for each in list(dict.fromkeys(ids))[:3] if each in names)


# --- whose, and how soon ----------------------------------------------------------------------------------------------


def arranged(works: Sequence[Work], roles: Collection[str]) -> tuple[list[tuple[str, str, list[Work]]], list[Work]]:
    """One's own work by urgency, as (title, name, works), and the work of other desks."""
    mine = [each for each in works if LEADS & set(roles) or each.desks & set(roles)]
    others = [each for each in works if each not in mine]
    groups = [
        (str(title), name, sorted((each for each in mine if each.group == name), key=_urgency))
        for name, title in GROUPS.items()
    ]
    return [group for group in groups if group[2]], sorted(others, key=_urgency)


def _urgency(work: Work) -> tuple[int, float]:
    return _RANK[work.tone], work.due.timestamp() if work.due else float("inf")
