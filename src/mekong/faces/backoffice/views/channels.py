"""Channels: how each flows, what it lists, and how it is connected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from mekong.channels import commands, queries, remote
from mekong.channels.contracts import ChannelView
from mekong.channels.errors import ChannelInvalid
from mekong.channels.socket import Secrets
from mekong.faces.backoffice import channel_book, charts, health_book, marks, problems, sentences
from mekong.faces.backoffice.fields import Errors
from mekong.faces.backoffice.marks import Mark
from mekong.faces.backoffice.once import once
from mekong.faces.backoffice.templatetags.mekong import num
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.errors import MekongError

STATES: Mapping[str, tuple[str, int, str | Promise]] = {
    "well": ("done", 0, _("Flowing")),
    "slow": ("risk", 0, _("Slow")),
    "silent": ("risk", 0, _("Silent for longer than usual")),
    "failing": ("fail", 0, _("Not flowing, tries again by itself")),
    "reconnect": ("fail", 0, _("Connect it again")),
    "paused": ("off", 0, _("Paused")),
    "new": ("wait", 0, _("Not connected yet")),
}
LISTING_STATES: Mapping[str, str | Promise] = {
    "": _("All"),
    "unmatched": _("Not matched"),
    "parked": _("Refused"),
    "queued": _("Being sent"),
    "retrying": _("Trying again"),
    "converged": _("In step"),
    "off": _("Not kept in step"),
    "ignored": _("Left alone"),
}
OWN_KINDS: Mapping[str, str | Promise] = {"web": _("Web shop"), "store": _("Tills"), "phone": _("Telephone")}


@dataclass(frozen=True)
class Health:
    """One row of the list."""

    channel: ChannelView
    mark: Mark
    state: str
    shape: tuple[str, int, str | Promise]
    bars: str
    problem: str
    remedy: str


def health_of(visit: Visit, found: list[ChannelView]) -> list[Health]:
    """Channels as they flow, marketplaces' delays of a day as bars."""
    since = visit.now - timedelta(hours=24)
    recent = queries.delays_by_minute(actor=visit.actor, since=since)
    spans = charts.evenly(since, visit.now, 40)
    made = []
    for channel in found:
        rows = recent.get(channel.code, [])
        values = [
            max((row[2] for row in rows if row[2] is not None and start <= row[0] < end), default=None)
            for start, end in spans
        ]
        state = channel_book.state_of(channel, visit.now)
        made.append(
            Health(
                channel,
                channel_book.mark_of(channel),
                state,
                STATES[state],
                charts.bars(values) if rows else "",
                problems.sentence(channel.problem),
                problems.remedy_of_channel(channel.problem),
            )
        )
    return sorted(made, key=lambda each: (each.state not in channel_book.BROKEN, each.mark.place))


@page("channels.view")
def channels(visit: Visit) -> HttpResponse:
    """Every channel, the troubled ones first."""
    found = health_of(visit, queries.list_channels(actor=visit.actor))
    stuck = queries.list_listings(actor=visit.actor, state="parked", limit=8).listings
    context = {
        "rows": found,
        "broken": [each for each in found if each.state in channel_book.BROKEN],
        "stuck": stuck,
        "marks": {each.channel.code: each.mark for each in found},
        "may_manage": visit.actor.may("channels.manage"),
        "parked_orders": queries.list_parked_orders(actor=visit.actor, limit=8),
        "listed": sum(each.channel.listings.matched for each in found),
        "waiting": sum(each.channel.figures.waiting for each in found),
        "unmatched": sum(each.channel.listings.unmatched for each in found),
    }
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "list"
    return visit.render("channels/list.html" if part else "channels/index.html", context)


@page("channels.view")
def channel(visit: Visit, code: str) -> HttpResponse:
    """One channel with its listings."""
    return _show(visit, code)


def _show(visit: Visit, code: str, *, status: int = 200, **more: Any) -> HttpResponse:
    found = queries.get_channel(actor=visit.actor, code=code)
    state = visit.param("state")
    state = state if state in LISTING_STATES else ""
    listed = queries.list_listings(
        actor=visit.actor, channel=code, state=state, text=visit.param("text"), cursor=visit.param("cursor"), limit=50
    )
    connector = next((each for each in queries.list_connectors() if each.name == found.kind), None)
    standing = queries.get_health(actor=visit.actor, code=code, now=visit.now)
    mark = channel_book.mark_of(found)
    told = health_book.stories(visit, [standing])
    context = {
        "standing": standing,
        "quiet_word": health_book.usual_now(standing.quiet) if standing.quiet else "",
        "spans": health_book.SPANS,
        "open": [each for each in told if each.is_open],
        "ended": [each for each in told if not each.is_open],
        "marks": {found.code: mark},
        "troubles": health_book.troubles(visit, {found.code: mark}, found.code),
        "health": health_of(visit, [found])[0],
        "channel": found,
        "mark": mark,
        "listings": listed.listings,
        "next_cursor": listed.next_cursor,
        "state": state,
        "text": visit.param("text"),
        "listing_states": LISTING_STATES,
        "connector": connector,
        "may_manage": visit.actor.may("channels.manage"),
        "may_sync": visit.actor.may("channels.sync"),
        "parked_orders": queries.list_parked_orders(actor=visit.actor, channel=code, limit=20),
        "refusals": queries.list_outbound(actor=visit.actor, channel=code, state="failed", limit=10),
        **more,
    }
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "listings"
    return visit.render("channels/listings.html" if part else "channels/channel.html", context, status=status)


@page("channels.view", methods=("POST",))
def act(visit: Visit, code: str) -> HttpResponse:
    """Something done to a channel or one of its listings; refusals are said on the channel's page."""
    try:
        said = _do(visit, code, visit.posted("act", longest=20))
    except MekongError as refused:
        return _show(visit, code, status=refused.status, refused=sentences.of(refused))
    if said:
        visit.flash(said)
    back = f"/channels/{code}/"
    query = visit.posted("query", longest=300)
    return visit.redirect(f"{back}?{query}" if query else back)


def _do(visit: Visit, code: str, chosen: str) -> str:
    actor = visit.actor
    listing = visit.posted("listing", longest=18)
    if listing.isdigit():
        return _do_listing(visit, code, chosen, int(listing))
    if chosen == "push":
        n = commands.push_now(actor=actor, channel=code)
        return ngettext("{n} listing is being sent again", "{n} listings are being sent again", n).format(n=num(n))
    if chosen == "pull":
        report = remote.pull_listings(actor=actor, channel=code)
        text = gettext("{seen} listings read: {added} new, {matched} matched, {unmatched} not matched")
        return text.format(
            seen=num(report.seen), added=num(report.added), matched=num(report.matched), unmatched=num(report.unmatched)
        )
    if chosen == "audit":
        audit = remote.audit_listings(actor=actor, channel=code)
        text = gettext("{read} listings read back: {drifted} had drifted and are set right")
        return text.format(read=num(audit.read), drifted=num(len(audit.drifted)))
    if chosen == "pause":
        commands.pause_channel(actor=actor, code=code)
        return gettext("The channel is paused")
    if chosen == "resume":
        commands.resume_channel(actor=actor, code=code)
        return gettext("The channel goes on")
    if chosen in ("prices-on", "prices-off"):
        commands.set_price_sync(actor=actor, code=code, on=chosen == "prices-on")
        return gettext("Saved")
    if chosen == "give-up":
        commands.set_give_up(actor=actor, code=code, after_min=_minutes(visit.posted("minutes", longest=10).strip()))
        return gettext("Saved")
    return ""


def _minutes(typed: str) -> int | None:
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit()):
        raise ChannelInvalid(field="give_up_after_min", problem="Give minutes from 0 to 43200 (30 days), or nothing.")
    return int(typed)


def _do_listing(visit: Visit, code: str, chosen: str, listing: int) -> str:
    actor = visit.actor
    if chosen == "match":
        found = commands.match_listing(actor=actor, listing_id=listing, sku=visit.posted("sku", longest=120))
        commands.resolve_held_lines(actor=actor, channel=code, listing_ids=[listing], now=visit.now)
        return gettext("Matched to {sku}; its stock is being sent").format(sku=found.sku)
    if chosen == "unmatch":
        commands.unmatch_listing(actor=actor, listing_id=listing)
        return gettext("The match is taken away")
    if chosen == "ignore":
        commands.ignore_listing(actor=actor, listing_id=listing)
        return gettext("The listing is left alone")
    if chosen == "retry":
        commands.retry_listing(actor=actor, listing_id=listing)
        return gettext("Being sent again")
    if chosen in ("sync-on", "sync-off"):
        commands.set_listing_sync(actor=actor, listing_id=listing, on=chosen == "sync-on")
        return gettext("Saved")
    return ""


@page("channels.view")
def on_platform(visit: Visit, code: str, listing: int) -> HttpResponse:
    """What the platform's own server answers for one listing, asked now."""
    view = queries.get_listing(actor=visit.actor, listing_id=listing)
    found = remote.live_listings(actor=visit.actor, listings=[view])
    return visit.render(
        "channels/on_platform.html", {"live": found[0] if found else None, "listing": view, "code": code}
    )


# --- connecting -------------------------------------------------------------------------------------------------------


@page("channels.manage", methods=("GET", "HEAD", "POST"))
def create(visit: Visit) -> HttpResponse:
    """A new channel: of a marketplace with its keys, or one of our own. The form's fields come from the manifest."""
    connectors = queries.list_connectors()
    kind = visit.posted("kind", longest=30) or visit.param("kind") or (connectors[0].name if connectors else "web")
    connector = next((each for each in connectors if each.name == kind), None)
    names = ("name", "code", "shop_id", "api_url", "auth_url", "notice_url")
    form = {name: visit.posted(name, longest=300) for name in names}
    errors = Errors()
    if visit.is_post:
        if not form["name"]:
            errors.add("name", gettext("Give the channel a name."))
        if not errors:

            def work() -> str:
                made = commands.create_channel(
                    actor=visit.actor,
                    code=form["code"] or _free_code(kind),
                    name=form["name"],
                    kind=kind,
                    now=visit.now,
                    shop_id=form["shop_id"],
                    api_url=form["api_url"],
                    auth_url=form["auth_url"],
                    notice_url=form["notice_url"],
                )
                if connector is not None:
                    _store_keys(visit, made.code)
                return f"/channels/{made.code}/"

            try:
                answer = once(visit, work)
            except MekongError as refused:
                errors.take(refused)
            else:
                visit.flash(gettext("{name} is added").format(name=form["name"]))
                return answer
    context = {
        "connectors": connectors,
        "connector": connector,
        "kind": kind,
        "form": form,
        "errors": errors,
        "own_kinds": OWN_KINDS,
        "mark_of_kind": marks.mark,
    }
    return visit.render("channels/create.html", context, status=422 if errors else 200)


def _free_code(kind: str) -> str:
    from mekong.foundation.actor import SYSTEM

    taken = {each.code for each in queries.list_channels(actor=SYSTEM)}
    return next(code for n in range(1, 1000) if (code := f"{kind}-{n}") not in taken)


def _store_keys(visit: Visit, code: str) -> None:
    app_key = visit.posted("secret-app_key", longest=400)
    if app_key:
        secrets = Secrets(
            app_key=app_key,
            app_secret=visit.posted("secret-app_secret", longest=400),
            notice_secret=visit.posted("secret-notice_secret", longest=400),
            access_token=visit.posted("secret-access_token", longest=2000),
        )
        commands.connect(actor=visit.actor, code=code, secrets=secrets, now=visit.now)


@page("channels.manage", methods=("POST",))
def authorise(visit: Visit, code: str) -> HttpResponse:
    """Begin the walk to the platform's consent page. New keys, when given, are stored first.

    Where the keys alone open the shop, there is nowhere to walk to.
    """
    try:
        _store_keys(visit, code)
        if "Authorises" not in queries.get_channel(actor=visit.actor, code=code).capabilities:
            visit.flash(gettext("Saved"))
            return visit.redirect(f"/channels/{code}/")
        back = visit.request.build_absolute_uri(f"/channels/{code}/authorised/")
        url = commands.begin_authorisation(actor=visit.actor, code=code, redirect_url=back, now=visit.now)
    except MekongError as refused:
        return _show(visit, code, status=refused.status, refused=sentences.of(refused))
    found = queries.get_channel(actor=visit.actor, code=code)
    # A link rather than a redirect: forms of ours may post to this site alone.
    return visit.render("channels/leave.html", {"url": url, "channel": found, "mark": channel_book.mark_of(found)})


@page("channels.manage")
def authorised(visit: Visit, code: str) -> HttpResponse:
    """The merchant came back from the platform with a yes."""
    params = {name: visit.request.GET[name][:2000] for name in visit.request.GET}
    try:
        remote.finish_authorisation(actor=visit.actor, params=params)
    except MekongError as refused:
        return _show(visit, code, status=refused.status, refused=sentences.of(refused))
    visit.flash(gettext("Connected. Pull the listings next, so that they are matched to your SKUs."))
    return visit.redirect(f"/channels/{code}/")
