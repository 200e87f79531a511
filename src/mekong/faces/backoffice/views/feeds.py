"""Product feeds: their addresses, their files, and what is left out."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext

from mekong.faces.backoffice import channel_book, sentences
from mekong.faces.backoffice import partner_words as words
from mekong.faces.backoffice.fields import Errors
from mekong.faces.backoffice.once import once
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.errors import MekongError
from mekong.partners import commands, queries
from mekong.partners.contracts import FeedView, Finding

RIGHT = "settings.manage"


@page(RIGHT)
def feeds(visit: Visit) -> HttpResponse:
    """Every feed."""
    found = queries.list_feeds(actor=visit.actor)
    return visit.render(
        "settings/feeds.html", {"rows": found, "kinds": words.FEED_KINDS, "marks": channel_book.marks()}
    )


@page(RIGHT, methods=("GET", "HEAD", "POST"))
def create(visit: Visit) -> HttpResponse:
    """A new feed."""
    form = {"kind": "google", "name": "", "channel": "web", "link_template": "", "brand": ""}
    errors = Errors()
    if visit.is_post:
        form = {name: visit.posted(name, longest=400) for name in form}

        def work() -> str:
            return f"/settings/feeds/{commands.create_feed(actor=visit.actor, now=visit.now, **form).id}/"

        try:
            answer = once(visit, work)
        except MekongError as refused:
            errors.take(refused)
        else:
            visit.flash(gettext("The feed is added; its file is there within a minute"))
            return answer
    return _form(visit, form, errors, None)


@page(RIGHT, methods=("GET", "HEAD", "POST"))
def edit(visit: Visit, uid: UUID) -> HttpResponse:
    """Other links, another channel."""
    known = queries.get_feed(actor=visit.actor, feed_id=uid)
    form = {name: getattr(known, name) for name in ("name", "channel", "link_template", "brand")}
    errors = Errors()
    if visit.is_post:
        form = {name: visit.posted(name, longest=400) for name in form}
        try:
            commands.update_feed(actor=visit.actor, feed_id=uid, now=visit.now, **form)
        except MekongError as refused:
            errors.take(refused)
        else:
            visit.flash(gettext("Saved"))
            return visit.redirect(f"/settings/feeds/{uid}/")
    return _form(visit, form, errors, known)


def _form(visit: Visit, form: dict[str, str], errors: Errors, known: FeedView | None) -> HttpResponse:
    channels = sorted(channel_book.marks().values(), key=lambda mark: mark.place)
    context = {"form": form, "errors": errors, "feed": known, "kinds": words.FEED_KINDS, "channels": channels}
    return visit.render("settings/feed_form.html", context, status=422 if errors else 200)


@page(RIGHT)
def feed(visit: Visit, uid: UUID) -> HttpResponse:
    """The address, the file, and the self-check."""
    return _show(visit, uid)


def _show(visit: Visit, uid: UUID, *, status: int = 200, **more: Any) -> HttpResponse:
    found = queries.get_feed(actor=visit.actor, feed_id=uid)
    counts = [
        (words.FINDINGS[code], n, code) for code, n in sorted(found.report.counts.items()) if code in words.FINDINGS
    ]
    context = {
        "feed": found, "url": f"{settings.MEKONG.base_url}{found.path}", "kinds": words.FEED_KINDS, "counts": counts,
        "is_public": settings.MEKONG.base_url.startswith("https://"), "goods": _by_sku(found),
        "mark": channel_book.marks().get(found.channel), **more,
    }  # fmt: skip
    return visit.render("settings/feed.html", context, status=status)


def _by_sku(feed: FeedView) -> list[tuple[str, list[str], bool]]:
    """What was found of each SKU, those kept out first."""
    found: dict[str, list[Finding]] = {}
    for each in feed.report.findings:
        found.setdefault(each.sku, []).append(each)
    rows = [
        (sku, [str(words.FINDINGS[each.code][0]) for each in told], any(each.is_left_out for each in told))
        for sku, told in found.items()
    ]
    return sorted(rows, key=lambda row: not row[2])


@page(RIGHT, methods=("POST",))
def act(visit: Visit, uid: UUID) -> HttpResponse:
    """Something done to a feed."""
    chosen = visit.posted("act", longest=20)
    known: dict[str, Any] = {"actor": visit.actor, "feed_id": uid}
    try:
        if chosen == "remove":
            commands.remove_feed(**known)
            visit.flash(gettext("The feed is removed"))
            return visit.redirect("/settings/feeds/")
        known["now"] = visit.now
        if chosen == "write":
            commands.want_feed(**known)
            visit.flash(gettext("The file is being written anew; that takes a minute at most"))
        if chosen == "address":
            commands.change_feed_path(**known)
            visit.flash(gettext("The feed has another address; give it to the platform"))
        if chosen in ("pause", "resume"):
            commands.update_feed(**known, is_active=chosen == "resume")
            visit.flash(gettext("Saved"))
    except MekongError as refused:
        if refused.status == 404:
            raise
        return _show(visit, uid, status=refused.status, refused=sentences.of(refused))
    return visit.redirect(f"/settings/feeds/{uid}/")
