"""The first steps of an installation: what there is tells which are done, so they can be left and taken up anywhere."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mekong.faces.backoffice.visit import Visit
from mekong.foundation.company import get_company
from mekong.insights import queries

RIGHT = "settings.manage"
"""Who sets an installation up: the owner."""


@dataclass(frozen=True)
class Step:
    """`name` is of `insights.contracts.Begun`, and of the step's page."""

    name: str
    word: str | Promise
    detail: str | Promise
    act: str | Promise
    is_done: bool = False

    @property
    def path(self) -> str:
        return f"/welcome/?step={self.name}"


STEPS = (
    Step("company", _("Your company"), _("The name and tax code that documents carry."), _("Name it")),
    Step("places", _("Stores and warehouses"), _("Every place that keeps stock."), _("Name the places")),
    Step("products", _("Your products"), _("From Excel, or typed: name, SKU, price."), _("Bring products")),
    Step("stock", _("Opening stock"), _("What stands on the shelves today."), _("Enter opening stock")),
    Step("channel", _("The first channel"), _("A marketplace, connected or by its order files."), _("Add a channel")),
    Step("orders", _("The first order"), _("It comes by itself from then on."), _("See how it comes")),
)


def all_steps(visit: Visit) -> list[Step]:
    """Every step, with whether it is done by now. One statement."""
    begun = queries.begun(actor=visit.actor)
    return [Step(each.name, each.word, each.detail, each.act, bool(getattr(begun, each.name))) for each in STEPS]


def left(visit: Visit) -> list[Step]:
    """All steps while some are left, for those who set the installation up and have not put them aside; else none."""
    if not visit.actor.may(RIGHT) or get_company().setup_left_at is not None:
        return []
    found = all_steps(visit)
    return [] if all(each.is_done for each in found) else found
