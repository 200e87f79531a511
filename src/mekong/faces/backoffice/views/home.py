"""Today's work: what needs doing now, by urgency, each with the one next step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from mekong.catalog import queries as catalog
from mekong.channels import queries as channels
from mekong.channels.contracts import ChannelView
from mekong.faces.backoffice import channel_book, problems
from mekong.faces.backoffice.marks import Mark, mark
from mekong.faces.backoffice.templatetags.mekong import left, num
from mekong.faces.backoffice.visit import Visit, page
from mekong.inventory import queries as inventory
from mekong.orders import queries as orders
from mekong.orders.contracts import OrderFilter


@dataclass(frozen=True)
class Work:
    """One thing to do. `tone`: bad is broken, warn presses, "" waits."""

    icon: str
    tone: str
    title: str
    detail: str
    figure: str
    note: str
    link: str
    word: str


@dataclass(frozen=True)
class Sold:
    """One channel's day. `part`: percent of the best channel."""

    mark: Mark
    orders: int
    total_minor: int
    currency: str
    part: int


@page()
def home(visit: Visit) -> HttpResponse:
    """Now, today, and whenever there is time; or the first steps of an installation that has nothing yet."""
    now_work, today, later = _work(visit)
    context: dict[str, Any] = {
        "groups": [
            (gettext("Right now"), "now", now_work),
            (gettext("Today"), "today", today),
            (gettext("When there is time"), "later", later),
        ],
        "is_calm": not (now_work or today or later),
        "first_steps": _first_steps(visit),
    }
    if visit.actor.may("orders.view"):
        midnight = timezone.localtime(visit.now).replace(hour=0, minute=0, second=0, microsecond=0)
        context["today_sold"] = _sold(visit, midnight)
        context["yesterday_sold"] = _sold(visit, midnight - timedelta(days=1))
        context["yesterday"] = midnight - timedelta(days=1)
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "home"
    return visit.render("home_body.html" if part else "home.html", context)


def _work(visit: Visit) -> tuple[list[Work], list[Work], list[Work]]:
    now_work: list[Work] = []
    today: list[Work] = []
    later: list[Work] = []
    if visit.actor.may("channels.view"):
        _channel_work(visit, now_work, today, later)
    if visit.actor.may("orders.view"):
        _order_work(visit, now_work, today)
    if visit.actor.may("inventory.view"):
        _stock_work(visit, now_work, today)
    return now_work, today, later


def _channel_work(visit: Visit, now_work: list[Work], today: list[Work], later: list[Work]) -> None:
    found = channels.list_channels(actor=visit.actor)
    for each in found:
        state = channel_book.state_of(each, visit.now)
        if state in channel_book.BROKEN:
            now_work.append(_broken(each, state))
        elif state == "silent":
            now_work.append(_silent(each))
        if channel_book.is_ending(each, visit.now) and state != "reconnect":
            today.append(_ending(each))
    parked = sum(each.listings.parked for each in found)
    if parked:
        title = ngettext("{n} listing is refused by its platform", "{n} listings are refused by their platform", parked)
        first = next((each for each in found if each.listings.parked), found[0])
        now_work.append(
            Work(
                "channels",
                "warn",
                title.format(n=num(parked)),
                gettext("They show an old figure until this is mended."),
                _count(parked, "listing"),
                "",
                f"/channels/{first.code}/?state=parked",
                gettext("See listings"),
            )
        )
    lost = sum(each.parked_orders for each in found)
    if lost:
        title = ngettext(
            "{n} order of a platform could not be booked", "{n} orders of platforms could not be booked", lost
        )
        now_work.append(
            Work(
                "order",
                "bad",
                title.format(n=num(lost)),
                gettext("Mekong tries them again by itself and says why."),
                "",
                "",
                "/channels/",
                gettext("See why"),
            )
        )
    unmatched = sum(each.listings.unmatched for each in found)
    if unmatched:
        title = ngettext("{n} listing is not matched to a SKU", "{n} listings are not matched to a SKU", unmatched)
        first = next(each for each in found if each.listings.unmatched)
        later.append(
            Work(
                "link",
                "",
                title.format(n=num(unmatched)),
                gettext("Its orders are held until the line is matched."),
                _count(unmatched, "listing"),
                "",
                f"/channels/{first.code}/?state=unmatched",
                gettext("Match"),
            )
        )


def _broken(each: ChannelView, state: str) -> Work:
    name = channel_book.mark_of(each).name
    waiting = _count(each.figures.waiting, "listing") if each.figures.waiting else ""
    if state == "reconnect":
        title = gettext("{channel} must be connected again").format(channel=name)
        return Work(
            "channels",
            "bad",
            title,
            problems.sentence(each.problem) or gettext("The platform no longer takes the access."),
            waiting,
            "",
            f"/channels/{each.code}/",
            gettext("Connect again"),
        )
    title = gettext("{channel} does not flow").format(channel=name)
    return Work(
        "channels",
        "bad",
        title,
        problems.sentence(each.problem) or gettext("Listings may show old figures. Mekong tries again by itself."),
        waiting,
        "",
        f"/channels/{each.code}/",
        gettext("See channel"),
    )


def _silent(each: ChannelView) -> Work:
    title = gettext("{channel} has had no order for longer than usual").format(channel=channel_book.mark_of(each).name)
    detail = gettext("See on the platform whether the shop sells.")
    return Work("bell", "warn", title, detail, "", "", f"/channels/{each.code}/#incidents", gettext("See why"))


def _ending(each: ChannelView) -> Work:
    title = gettext("The access to {channel} ends soon").format(channel=channel_book.mark_of(each).name)
    detail = gettext("The merchant says yes once more on the platform; until then orders and stock flow on.")
    note = left(each.authorised_until)
    return Work("lock", "warn", title, detail, "", note, f"/channels/{each.code}/", gettext("Connect again"))


def _count(n: int, what: str) -> str:
    if what == "listing":
        return ngettext("{n} listing", "{n} listings", n).format(n=num(n))
    return ngettext("{n} order", "{n} orders", n).format(n=num(n))


_HELD: Mapping[str, tuple[str, str]] = {
    "unmatched_line": ("link", "unmatched"),
    "stock": ("stack", "short"),
    "address": ("pin", "address"),
    "duplicate": ("copy", "duplicate"),
}


def _issue_title(issue: str, n: int) -> str:
    titles = {
        "unmatched_line": ngettext("{n} order has a line without a SKU", "{n} orders have a line without a SKU", n),
        "stock": ngettext("{n} order is short of stock", "{n} orders are short of stock", n),
        "address": ngettext("{n} order has an unclear address", "{n} orders have an unclear address", n),
        "duplicate": ngettext("{n} order looks like another", "{n} orders look like another", n),
    }
    return titles[issue].format(n=num(n))


def _order_work(visit: Visit, now_work: list[Work], today: list[Work]) -> None:
    by_state = orders.count_by_state(actor=visit.actor)
    by_issue = orders.count_by_issue(actor=visit.actor)
    details = {
        "unmatched_line": gettext("No goods are held for it yet: say which SKU it is."),
        "stock": gettext("Receive or move stock, or cancel in time."),
        "address": gettext("Call the buyer, correct it, then confirm."),
        "duplicate": gettext("Compare the two before confirming."),
    }
    for issue, (icon, tab) in _HELD.items():
        n = by_issue.get(issue, 0)
        if n:
            tone = "warn" if issue in ("unmatched_line", "stock") else ""
            (now_work if tone else today).append(
                Work(
                    icon,
                    tone,
                    _issue_title(issue, n),
                    details[issue],
                    _count(n, "order"),
                    "",
                    f"/orders/?tab={tab}",
                    gettext("Mend"),
                )
            )
    waiting = by_state.get("pending_confirmation", 0)
    if waiting:
        due = _first_due(visit, ("pending_confirmation",))
        title = ngettext("{n} order to confirm", "{n} orders to confirm", waiting).format(n=num(waiting))
        now_work.append(
            Work(
                "order",
                "warn",
                title,
                gettext("Their goods are held. The oldest deadline comes first."),
                _count(waiting, "order"),
                left(due) if due else "",
                "/orders/?tab=confirm",
                gettext("Open"),
            )
        )
    for states, tab, icon in _STEPS:
        n = sum(by_state.get(state, 0) for state in states)
        if n:
            due = _first_due(visit, states)
            note = left(due) if due else ""
            today.append(
                Work(
                    icon, "", _step_title(tab, n), "", _count(n, "order"), note, f"/orders/?tab={tab}", gettext("Open")
                )
            )


_STEPS = (
    (("confirmed", "allocated", "picking"), "pack", "box"),
    (("packed", "ready_to_ship"), "hand", "truck"),
    (("delivery_failed",), "failed", "phone"),
    (("returning",), "back", "return"),
)


def _step_title(tab: str, n: int) -> str:
    titles = {
        "pack": ngettext("{n} order to pack", "{n} orders to pack", n),
        "hand": ngettext("{n} order to hand over", "{n} orders to hand over", n),
        "failed": ngettext("{n} delivery failed: call the buyer", "{n} deliveries failed: call the buyers", n),
        "back": ngettext("{n} parcel is coming back", "{n} parcels are coming back", n),
    }
    return titles[tab].format(n=num(n))


def _first_due(visit: Visit, states: tuple[str, ...]) -> datetime | None:
    found = orders.list_orders(actor=visit.actor, wanted=OrderFilter(states=states), limit=200).orders
    return min((each.ship_by for each in found if each.ship_by), default=None)


def _campaign_work(visit: Visit, now_work: list[Work], today: list[Work]) -> None:
    """What could not be set aside while a campaign runs; and what came back from those that ended."""
    running, _more = inventory.list_campaigns(actor=visit.actor, state="running", limit=20)
    for each in running:
        if each.short:
            title = ngettext(
                "{n} line of {name} could not be set aside", "{n} lines of {name} could not be set aside", each.short
            ).format(n=num(each.short), name=each.name)
            detail = gettext("Receive stock or lower the quantity, then try again.")
            link, note = f"/stock/campaigns/{each.code}/", left(each.ends_at)
            now_work.append(Work("tag", "warn", title, detail, "", note, link, gettext("Open")))
    since = visit.now - timedelta(hours=24)
    ended, _more = inventory.list_campaigns(actor=visit.actor, state="ended", since=since, limit=20)
    for each in ended:
        title = gettext("{name} has ended: {sold} of {all} sold, {returned} back in the pool").format(
            name=each.name, sold=num(each.sold), all=num(each.set_aside), returned=num(each.returned)
        )
        link = f"/stock/campaigns/{each.code}/"
        today.append(Work("tag", "", title, "", "", "", link, gettext("See report")))


def _stock_work(visit: Visit, now_work: list[Work], today: list[Work]) -> None:
    _campaign_work(visit, now_work, today)
    since = visit.now - timedelta(days=7)
    oversold = inventory.count_oversells(since=since)
    if oversold:
        title = ngettext("{n} unit was sold below zero this week", "{n} units were sold below zero this week", oversold)
        now_work.append(
            Work(
                "warn",
                "bad",
                title.format(n=num(oversold)),
                gettext("Count the shelf and correct the stock."),
                "",
                "",
                "/stock/",
                gettext("See stock"),
            )
        )
    low = inventory.list_low_stock(actor=visit.actor)
    if low:
        known = (
            catalog.variants_by_id(actor=visit.actor, ids=[each.variant_id for each in low[:3]])
            if visit.actor.may("catalog.view")
            else {}
        )
        names = ", ".join(known[each.variant_id].full_name for each in low[:3] if each.variant_id in known)
        title = ngettext("{n} SKU runs low", "{n} SKUs run low", len(low)).format(n=num(len(low)))
        today.append(Work("stack", "", title, names, "", "", "/stock/?view=low", gettext("See stock")))


def _sold(visit: Visit, midnight: datetime) -> dict[str, Any]:
    found = orders.sales_of_day(actor=visit.actor, day_start=midnight)
    known = channel_book.marks(list(found))
    most = max((total for _, total, _ in found.values()), default=0) or 1
    rows = [
        Sold(known.get(code) or mark(code), count, total, currency, round(total / most * 100))
        for code, (count, total, currency) in found.items()
    ]
    totals: dict[str, int] = {}
    for row in rows:
        totals[row.currency] = totals.get(row.currency, 0) + row.total_minor
    return {
        "rows": sorted(rows, key=lambda row: -row.total_minor),
        "totals": totals,
        "orders": sum(row.orders for row in rows),
    }


def _first_steps(visit: Visit) -> list[tuple[str, str, str, str, bool]]:
    """What a fresh installation needs; empty once there are goods, stock and an order."""
    if not visit.actor.may("catalog.edit"):
        return []
    has_products = bool(catalog.list_products(actor=visit.actor, limit=1).items)
    has_stock = bool(inventory.levels(actor=visit.actor, limit=1))
    has_channel = (
        any(each.is_remote for each in channels.list_channels(actor=visit.actor))
        if visit.actor.may("channels.view")
        else True
    )
    has_order = any(orders.count_by_state(actor=visit.actor).values()) if visit.actor.may("orders.view") else True
    if has_products and has_stock and (has_channel or has_order):
        return []
    has_place = bool(inventory.list_locations(actor=visit.actor))
    return [
        (
            gettext("A place that keeps stock"),
            gettext("A store or a warehouse; the first is there from the start."),
            "/stock/",
            gettext("See stock"),
            has_place,
        ),
        (
            gettext("Your products"),
            gettext("From Excel, or typed: name, SKU, price."),
            "/products/import/",
            gettext("Import file"),
            has_products,
        ),
        (
            gettext("Opening stock"),
            gettext("What stands on the shelves today."),
            "/stock/adjust/?reason=opening",
            gettext("Enter opening stock"),
            has_stock,
        ),
        (
            gettext("A marketplace"),
            gettext("Its listings are matched by SKU and barcode; from then on stock and orders flow."),
            "/channels/new/",
            gettext("Connect a channel"),
            has_channel,
        ),
    ]
