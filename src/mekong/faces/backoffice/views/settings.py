"""Settings: what is set up once."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mekong.faces.backoffice.visit import Visit, page


@dataclass(frozen=True)
class Section:
    path: str
    icon: str
    word: str | Promise
    about: str | Promise
    permission: str


SECTIONS = (
    Section(
        "/settings/staff/", "users", _("Staff"), _("Who works here, with which roles where; seats."), "staff.manage"
    ),
    Section(
        "/settings/security/",
        "lock",
        _("Security"),
        _("Second step, sessions, places and hours, locks."),
        "staff.manage",
    ),
    Section("/settings/audit/", "clock", _("Audit trail"), _("Who changed or looked at what, and when."), "audit.view"),
)


@page()
def settings(visit: Visit) -> HttpResponse:
    sections = [(each, visit.actor.may(each.permission)) for each in SECTIONS]
    return visit.render("settings/index.html", {"sections": sections})
