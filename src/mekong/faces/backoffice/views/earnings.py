"""What an order earns on its platform: on its page, for those who see reports."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext

from mekong.channels import queries, remote
from mekong.faces.backoffice import sentences, words
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.errors import Conflict, RemoteRefused, Unavailable
from mekong.orders import queries as orders


@page("reports.view", methods=("POST",))
def read(visit: Visit, code: str) -> HttpResponse:
    """Ask the platform now. What stands in the way is said on the order's page, and changes nothing."""
    from mekong.faces.backoffice.views import order

    found = orders.get_order(actor=visit.actor, code=code)
    try:
        view = remote.read_earnings(actor=visit.actor, channel=found.channel, external_id=found.external_id)
    except (Conflict, RemoteRefused, Unavailable) as refused:
        return order.show(visit, found, status=refused.status, refused=sentences.of(refused))
    platform = queries.platform_title(found.channel)
    if view.problem is None:
        visit.flash(gettext("Read from {platform}").format(platform=platform))
    else:
        visit.flash(gettext("{platform} has nothing new to tell yet").format(platform=platform))
    return visit.redirect(f"/orders/{found.code}/#earnings")


def panel(visit: Visit, *, channel: str, external_id: str) -> dict[str, Any]:
    """The part of an order's page; nothing where the platform tells none, or the reader may not see it."""
    if not external_id or not visit.actor.may("reports.view") or not queries.tells_earnings(channel):
        return {}
    view = queries.earnings_of(actor=visit.actor, channel=channel, external_id=external_id)
    return {
        "tells_earnings": True,
        "earnings": view,
        "earning_platform": queries.platform_title(channel),
        "earning_kinds": words.EARNING_KINDS,
        "earned_by_kind": [(words.EARNING_KINDS[kind], amount) for kind, amount in _ordered(view)],
    }


def _ordered(view: Any) -> list[tuple[str, int]]:
    """Sums by kind in the order of the kinds, so that two orders read alike."""
    sums = view.by_kind if view is not None else {}
    return [(kind, sums[kind]) for kind in words.EARNING_KINDS if kind in sums]
