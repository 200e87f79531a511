"""What stands above every page of stock: where one can go, and what waits there."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mekong.faces.backoffice.visit import Visit
from mekong.inventory import queries


@dataclass(frozen=True)
class Tab:
    """`count` None: nothing is counted there."""

    name: str
    path: str
    word: str | Promise
    count: int | None = None
    tone: str = ""


def tabs(visit: Visit) -> list[Tab]:
    """Three statements."""
    return [
        Tab("levels", "/stock/", _("Levels")),
        Tab("low", "/stock/low/", _("Low stock"), queries.count_low(actor=visit.actor), "bad"),
        Tab("lots", "/stock/?view=lots", _("Lots")),
        Tab(
            "transfers", "/stock/transfers/", _("Transfers"), queries.count_transfers(actor=visit.actor)[queries.TO_DO]
        ),
        Tab("adjustments", "/stock/adjustments/", _("Approvals"), queries.count_waiting_adjustments(actor=visit.actor)),
        Tab("campaigns", "/stock/campaigns/", _("Set aside")),
        Tab("movements", "/stock/movements/", _("Movements")),
    ]
