"""Returns that buyers asked platforms for: what waits for an answer, the nearest deadline first, and the answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext

from mekong.channels import queries, remote
from mekong.channels.contracts import ReturnView
from mekong.faces.backoffice import channel_book, sentences
from mekong.faces.backoffice.marks import mark
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation import queries as people
from mekong.foundation.errors import Conflict, Invalid, RemoteRefused, Unavailable
from mekong.foundation.ids import public
from mekong.orders import queries as orders

PER_PAGE = 50
PRESSING = timedelta(hours=24)
"""A deadline within this presses: platforms give a day or a few."""


@page("orders.view")
def returns(visit: Visit) -> HttpResponse:
    """A page of those that wait, or of all."""
    return _show(visit)


@page("orders.return", methods=("POST",))
def answer(visit: Visit) -> HttpResponse:
    """Tell the platform. What it does not take is said on the page that the answer was given on, and changes nothing."""
    from mekong.faces.backoffice.views import order

    code = visit.posted("order", longest=24)
    accept = visit.posted("answer", longest=6) == "accept"
    try:
        view = remote.answer_return(
            actor=visit.actor, return_id=visit.posted("return", longest=60), accept=accept,
            reason=visit.posted("reason", longest=1000),
        )  # fmt: skip
    except (Conflict, Invalid, RemoteRefused, Unavailable) as refused:
        more: dict[str, Any] = {"refused": sentences.of(refused), "tried": visit.request.POST.dict()}
        if code:
            return order.show(visit, orders.get_order(actor=visit.actor, code=code), status=refused.status, **more)
        return _show(visit, status=refused.status, **more)
    said = gettext("Return {number} is agreed to") if accept else gettext("Return {number} is refused")
    visit.flash(said.format(number=view.external_id))
    return visit.redirect(f"/orders/{code}/" if code else "/orders/returns/")


def _show(visit: Visit, *, status: int = 200, **more: Any) -> HttpResponse:
    every = visit.param("view") == "all"
    found = queries.list_returns(
        actor=visit.actor, is_waiting=None if every else True, cursor=visit.param("cursor"), limit=PER_PAGE
    )
    context = {
        **context_of(visit, found.returns),
        "rows": [(each, public("ret", each.id)) for each in found.returns],
        "marks": channel_book.marks(sorted({each.channel for each in found.returns})) if found.returns else {},
        "next_cursor": found.next_cursor,
        "every": every,
        "count": queries.count_waiting(actor=visit.actor),
        **more,
    }
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "list"
    return visit.render("orders/returns_list.html" if part else "orders/returns.html", context, status=status)


def context_of(visit: Visit, found: Sequence[ReturnView]) -> dict[str, Any]:
    """What is said of returns wherever they are shown: who answered, and whether the reader may."""
    return {
        "answerers": people.names_of({each.answered_by for each in found if each.answered_by}),
        "may_answer": visit.actor.may("orders.return"),
        "pressing": visit.now + PRESSING,
    }


def panel(visit: Visit, *, channel: str, external_id: str) -> dict[str, Any]:
    """The returns of one order."""
    found = queries.returns_of(actor=visit.actor, channel=channel, external_id=external_id)
    if not found:
        return {}
    return {
        **context_of(visit, found),
        "returns": [(each, public("ret", each.id)) for each in found],
        "return_platform": queries.platform_title(channel) or mark(channel).name,
    }
