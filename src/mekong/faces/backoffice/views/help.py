"""Help beside every page: its guide in a drawer, or as a page of its own where scripts do not run."""

from __future__ import annotations

from django.http import Http404, HttpResponse

from mekong.faces.backoffice import guide
from mekong.faces.backoffice.visit import Visit, page


@page()
def help_page(visit: Visit, name: str = "") -> HttpResponse:
    """The guide of that name, or of the page at `?page=/stock/`, with the list of the others."""
    if name and name not in guide.names():
        raise Http404
    chosen = guide.read(name or guide.name_for(visit.param("page", "/")), visit.language)
    if visit.is_partial and visit.request.headers.get("HX-Target") == "help-text":
        return visit.render("parts/guide.html", {"guide": chosen})
    others = [guide.read(each, visit.language) for each in guide.names()]
    return visit.render("help.html", {"guide": chosen, "guides": others})
