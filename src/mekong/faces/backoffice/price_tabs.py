"""What stands above every page of prices: where one can go."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from mekong.faces.backoffice.stock_tabs import Tab
from mekong.faces.backoffice.visit import Visit


def tabs(visit: Visit) -> list[Tab]:
    """Those this person may open."""
    found = [
        Tab("lists", "/prices/lists/", _("Price lists")),
        Tab("promotions", "/prices/promotions/", _("Promotions")),
    ]
    if visit.actor.may("vouchers.issue"):
        found.append(Tab("vouchers", "/prices/vouchers/", _("Vouchers")))
    return [*found, Tab("policy", "/prices/policy/", _("Floor and limits"))]
