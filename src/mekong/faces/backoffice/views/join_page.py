"""Joining by oneself: a page for the web shop's footer, a poster's QR code or a chat, without signing in.

Nobody has shown yet that the phone is theirs, so the answer is the same whether it was a member's already or not, and no
card is shown: points come by the phone, and the card at the till.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt

from mekong.channels.queries import channel_names
from mekong.faces.backoffice.fields import Errors
from mekong.faces.backoffice.visit import render_apart
from mekong.foundation.actor import channel_actor
from mekong.foundation.addresses import address_of
from mekong.foundation.company import get_company
from mekong.foundation.errors import MekongError
from mekong.loyalty import commands

PLACE = "join page"


@csrf_exempt
def join(request: HttpRequest, channel: str) -> HttpResponse:
    """A phone, a name, a yes. It needs no cookie, for browsers inside apps keep none."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(("GET", "HEAD", "POST"))
    if channel not in {each.code for each in channel_names()}:
        said = {
            "title": gettext("This page is not here"), "code": "404",
            "message": gettext("Look at the address again, or ask the shop."),
        }  # fmt: skip
        return render_apart(request, "apart.html", said, status=404)
    form = {name: request.POST.get(name, "")[:300].strip() for name in ("phone", "name", "consent")}
    errors, is_done, status = Errors(), False, 200
    if request.method == "POST":
        try:
            _join(request, channel, form, timezone.now())
            is_done = True
        except MekongError as refused:
            errors.take(refused, {"has_consented": "consent"})
            status = refused.status
    context: dict[str, Any] = {
        "form": form, "errors": errors, "is_done": is_done, "channel": channel, "shop": get_company().name,
    }  # fmt: skip
    answer = render_apart(request, "members/join_page.html", context, status=status)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _join(request: HttpRequest, channel: str, form: dict[str, str], now: datetime) -> None:
    actor = channel_actor(channel)
    commands.count_join(actor=actor, address=address_of(request), phone=form["phone"], now=now)
    commands.join_member(
        actor=actor, phone=form["phone"], name=form["name"], has_consented=form["consent"] == "yes", channel=channel,
        place=PLACE, now=now,
    )  # fmt: skip
