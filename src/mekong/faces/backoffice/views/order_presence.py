"""People on orders: a page says every half minute that it is seen; others see it."""

from __future__ import annotations

from django.http import HttpResponse, JsonResponse

from mekong.faces.backoffice import presence
from mekong.faces.backoffice.visit import Visit, page
from mekong.orders import commands


@page("orders.view")
def present(visit: Visit) -> HttpResponse:
    """Who is on which order, by code: initials and the sentence behind them."""
    on = presence.people_on(visit)
    return JsonResponse({code: [[each.letters, each.sentence] for each in people] for code, people in on.items()})


@page("orders.view", methods=("POST",))
def here(visit: Visit, code: str) -> HttpResponse:
    """This page is seen; answers with who else is here."""
    others = commands.be_present(actor=visit.actor, code=code, now=visit.now)
    people = [each for found in presence.said(others).values() for each in found]
    return visit.render("orders/present.html", {"people": people})


@page("orders.view", methods=("POST",))
def gone(visit: Visit, code: str) -> HttpResponse:
    """This page was closed."""
    commands.leave(actor=visit.actor, code=code)
    return HttpResponse(status=204)
