"""Settings: the sections there are."""

from __future__ import annotations

from django.http import HttpResponse

from mekong.faces.backoffice.sections import SECTIONS
from mekong.faces.backoffice.visit import Visit, page


@page()
def index(visit: Visit) -> HttpResponse:
    """Every section; those this person may not enter are named, with the right needed."""
    from mekong.foundation.permissions import PERMISSIONS

    rows = [
        {
            "section": section,
            "is_open": visit.actor.may(section.permission),
            "right": PERMISSIONS[section.permission].label(visit.language),
        }
        for section in SECTIONS
    ]
    return visit.render("settings/index.html", {"rows": rows})
