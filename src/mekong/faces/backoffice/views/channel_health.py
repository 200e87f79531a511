"""How the channels do: delays, queue, drift, rates, access; incidents told in steps; errors only a person can mend."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext, ngettext

from mekong.channels import commands, queries
from mekong.channels.contracts import ChannelHealth, Delays
from mekong.faces.backoffice import channel_book, health_book, sentences
from mekong.faces.backoffice.health_book import SPANS, stories, troubles
from mekong.faces.backoffice.templatetags.mekong import num
from mekong.faces.backoffice.views.channels import Health, health_of
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation import queries as people
from mekong.foundation.errors import MekongError
from mekong.orders import queries as orders

_CODE = re.compile(r"[a-z0-9][a-z0-9-]*")


@dataclass(frozen=True)
class Row:
    health: ChannelHealth
    shown: Health
    delay: Delays | None
    last_order_at: datetime | None

    @property
    def note(self) -> str:
        """The state in a few words, with what is special about it."""
        return health_book.usual_now(self.health.quiet) if self.shown.state == "silent" and self.health.quiet else ""


@page("channels.view")
def health(visit: Visit) -> HttpResponse:
    """Every channel; the troubled ones first."""
    span = visit.param("span")
    span = span if span in SPANS else "1h"
    found = {each.channel.code: each for each in queries.list_health(actor=visit.actor, now=visit.now)}
    last = orders.last_orders(channels=list(found))
    rows = [
        Row(found[each.channel.code], each, found[each.channel.code].delays.get(span), last.get(each.channel.code))
        for each in health_of(visit, [each.channel for each in found.values()])
    ]
    rows.sort(key=lambda row: row.shown.state not in channel_book.ALARMING)
    known = {row.health.channel.code: row.shown.mark for row in rows}
    told = stories(visit, list(found.values()))
    context: dict[str, Any] = {
        "rows": rows, "span": span, "spans": SPANS, "marks": known,
        "alarms": [row for row in rows if row.shown.state in channel_book.ALARMING],
        "ending": sorted((row for row in rows if row.health.is_ending), key=lambda row: row.health.channel.authorised_until),
        "open": [each for each in told if each.is_open], "ended": [each for each in told if not each.is_open][:6],
        "troubles": troubles(visit, known),
        "audited": [row for row in rows if row.health.audit is not None],
        "rated": [(row, lane) for row in rows for lane in row.health.lanes if lane.lane != "auth"],
        "listed": sum(row.health.channel.listings.matched for row in rows),
        "waiting": sum(row.health.channel.figures.waiting for row in rows),
        "may_sync": visit.actor.may("channels.sync"), "may_manage": visit.actor.may("channels.manage"),
    }  # fmt: skip
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "health"
    return visit.render("channels/health_body.html" if part else "channels/health.html", context)


@page("channels.sync", methods=("POST",))
def act(visit: Visit) -> HttpResponse:
    """Read everything back, try refused listings again, or say that an incident is known."""
    code = visit.posted("channel", longest=40)
    is_own = visit.posted("back") == "channel" and bool(_CODE.fullmatch(code))
    back = f"/channels/{code}/" if is_own else "/channels/health/"
    try:
        said = _do(visit, visit.posted("act", longest=20), code)
    except MekongError as refused:
        visit.flash(sentences.of(refused), tone="bad")
        return visit.redirect(back)
    if said:
        visit.flash(said)
    return visit.redirect(back)


def _do(visit: Visit, chosen: str, channel: str) -> str:
    actor = visit.actor
    if chosen == "audit":
        n = commands.ask_audit(actor=actor, channel=channel)
        text = ngettext("{n} channel is being read back", "{n} channels are being read back", n)
        return text.format(n=num(n))
    if chosen == "retry":
        n = commands.retry_refused(
            actor=actor, channel=channel, error=visit.posted("error", longest=80),
            remote_code=visit.posted("remote_code", longest=200),
        )  # fmt: skip
        return ngettext("{n} listing is being sent again", "{n} listings are being sent again", n).format(n=num(n))
    if chosen == "hush" and visit.posted("incident", longest=18).isdigit():
        commands.hush_incident(
            actor=actor, code=channel, incident_id=int(visit.posted("incident", longest=18)), now=visit.now
        )  # fmt: skip
        return gettext("Noted. It stays on record and raises no alarm any more.")
    return ""


@page("channels.view")
def audit(visit: Visit, code: str, run: int) -> HttpResponse:
    """What one reading back found."""
    found = queries.get_channel(actor=visit.actor, code=code)
    differences = queries.audit_differences(actor=visit.actor, channel=code, run=run)
    runs = queries.list_audits(actor=visit.actor, channel=code, now=visit.now, limit=50)
    context = {
        "channel": found, "mark": channel_book.mark_of(found), "differences": differences,
        "run": next((each for each in runs if each.id == run), None),
        "runs": runs, "who": people.names_of({each.asked_by for each in runs}),
    }  # fmt: skip
    return visit.render("channels/audit.html", context)
