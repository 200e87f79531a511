"""A member's card on their own phone: whoever has the link may look, and needs no account."""

from __future__ import annotations

import segno
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from mekong.faces.backoffice.visit import render_apart
from mekong.faces.printing import barcode_svg
from mekong.foundation.actor import SYSTEM
from mekong.foundation.company import get_company
from mekong.loyalty import queries
from mekong.loyalty.errors import MemberNotFound


@require_safe
def card(request: HttpRequest, token: str) -> HttpResponse:
    """Number as QR and bars for the till, points and when they end, tier and what is missing for the next."""
    try:
        found = queries.public_card(actor=SYSTEM, token=token[:60], now=timezone.now())
    except MemberNotFound:
        title = gettext("This card is not in use")
        message = gettext("Ask at the till for the link of the new one.")
        return _closed(
            render_apart(request, "apart.html", {"title": title, "message": message, "code": ""}, status=404)
        )
    step = found.progress.next
    reached = min(100, 100 * found.progress.figure // step.threshold) if step and step.threshold else 0
    bars = barcode_svg(found.number)
    qr = segno.make(found.number, error="m", micro=False).svg_inline(border=2, dark="#000", light="#fff", omitsize=True)
    context = {
        "card": found, "company": get_company().name, "reached": reached, "rest": 100 - reached,
        "qr": mark_safe(qr),  # noqa: S308 - drawn by segno from a number of ours
        "bars": mark_safe(bars[bars.index("<svg") :]),  # noqa: S308 - as above
    }  # fmt: skip
    return _closed(render_apart(request, "members/public.html", context))


def _closed(answer: HttpResponse) -> HttpResponse:
    """Neither kept on the way nor found by search engines, and the link is told to nobody."""
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
