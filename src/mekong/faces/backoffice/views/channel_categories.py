"""Categories of a channel: which of the platform's each of ours is, and how what the platform asks there is answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from django.http import HttpResponse, QueryDict
from django.utils.translation import gettext, ngettext

from mekong.channels import commands
from mekong.channels import queries as channels
from mekong.channels.contracts.publishing import CategoryMappingView, MappedCategory
from mekong.channels.errors import ChannelInvalid
from mekong.channels.queries import publishing as queries
from mekong.channels.remote import publishing as remote
from mekong.faces.backoffice import channel_book, mapping_form, sentences
from mekong.faces.backoffice.fields import Errors
from mekong.faces.backoffice.templatetags.mekong import num
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.errors import MekongError
from mekong.foundation.text import fold

VIEWS = ("", "open", "unanswered")
_MOST_FOUND = 30


@page("channels.view")
def categories(visit: Visit, code: str) -> HttpResponse:
    """Our tree with what each category is on the platform."""
    return _list(visit, code)


def _list(visit: Visit, code: str, *, refused: str = "", status: int = 200) -> HttpResponse:
    mapped = queries.list_mappings(actor=visit.actor, channel=code)
    view = visit.param("view") if visit.param("view") in VIEWS else ""
    text = visit.param("text")
    shown = [each for each in mapped if _is_in(each, view) and fold(text) in fold(each.name)]
    context = {
        **_around(visit, code),
        "rows": shown,
        "names": {each.code: each.name for each in mapped},
        "counts": {each: sum(_is_in(row, each) for row in mapped) for each in VIEWS},
        "view": view,
        "text": text,
        "is_flat": bool(view or text),
        "known": queries.categories_read(actor=visit.actor, channel=code),
        "refused": refused,
    }
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "list"
    template = "publishing/categories_list.html" if part else "publishing/categories.html"
    return visit.render(template, context, status=status)


def _is_in(row: MappedCategory, view: str) -> bool:
    if view == "open":
        return row.platform is None and row.products > 0
    return row.unanswered > 0 and not row.inherited_from if view == "unanswered" else True


def _around(visit: Visit, code: str) -> dict[str, Any]:
    """What every page of a channel's publishing shows."""
    found = channels.get_channel(actor=visit.actor, code=code)
    mark = channel_book.mark_of(found)
    return {
        "channel": found,
        "mark": mark,
        "may_manage": visit.actor.may("channels.manage"),
        "may_sync": visit.actor.may("channels.sync"),
    }


@page("channels.view")
def search(visit: Visit, code: str) -> HttpResponse:
    """Categories of the platform, as somebody types."""
    words = visit.param("find").split()
    dropped: list[str] = []
    while True:
        text = " ".join(words)
        found = queries.search_platform_categories(actor=visit.actor, channel=code, text=text, limit=_MOST_FOUND)
        if found or len(words) <= 1:
            break
        # What a thing is stands first in Vietnamese, what kind of it after that.
        dropped.insert(0, words.pop())
    return visit.render("publishing/found.html", {"found": found, "left": " ".join(dropped) if found else ""})


@page("channels.manage", methods=("POST",))
def act(visit: Visit, code: str) -> HttpResponse:
    """Read the platform's categories, or say which of them ours is; what is refused is said on the list."""
    ours = visit.posted("category", longest=60)
    if visit.posted("act") == "map" and not visit.posted("external_id"):
        visit.flash(gettext("Choose one of the platform's categories."), tone="bad")
        return visit.redirect(f"/channels/{code}/categories/")
    try:
        to, said = _do(visit, code, ours)
    except MekongError as refused:
        return _list(visit, code, refused=sentences.of(refused), status=refused.status)
    visit.flash(said)
    return visit.redirect(to)


def _do(visit: Visit, code: str, ours: str) -> tuple[str, str]:
    chosen = visit.posted("act", longest=20)
    here = f"/channels/{code}/categories/"
    if chosen == "read":
        n = remote.read_categories(actor=visit.actor, channel=code)
        return here, ngettext("{n} category read", "{n} categories read", n).format(n=num(n))
    own = f"{here}{quote(ours, safe='')}/"
    query = QueryDict(visit.posted("query", longest=300)).urlencode()
    back = own if visit.posted("back") == "mapping" else f"{here}?{query}#at-{quote(ours, safe='')}"
    if chosen == "ask":
        kept = queries.get_mapping(actor=visit.actor, channel=code, category=ours).platform
        external_id = kept.external_id if kept else ""
    else:
        external_id = visit.posted("external_id", longest=120) if chosen == "map" else ""
    mapped = remote.map_category(actor=visit.actor, channel=code, category=ours, external_id=external_id)
    if mapped.platform is None or not external_id:
        return back, gettext("{name} goes to no category of its own there any more").format(name=mapped.category_name)
    return back, _mapped(mapped)


def _mapped(mapped: CategoryMappingView) -> str:
    path = " › ".join(mapped.platform.path) if mapped.platform else "–"
    said = gettext("{name} is {path} there").format(name=mapped.category_name, path=path)
    n = sum(each.is_required and not each.is_option and each.rule is None for each in mapped.attributes)
    if not n:
        return said
    left = ngettext("{n} required attribute is open", "{n} required attributes are open", n).format(n=num(n))
    return f"{said}. {left}"


# --- one mapping ------------------------------------------------------------------------------------------------------


@page("channels.view", methods=("GET", "HEAD", "POST"))
def mapping(visit: Visit, code: str, category: str) -> HttpResponse:
    """What the platform asks of products in a category; a post answers all of it at once."""
    found = queries.get_mapping(actor=visit.actor, channel=code, category=category)
    known = mapping_form.sources(visit, category)
    form = mapping_form.asks(visit, code, found, known)
    if visit.is_partial and visit.param("ask"):
        return _one_ask(visit, form, known)
    if not visit.is_post:
        return _mapping(visit, code, found, form, known)
    visit.actor.require("channels.manage")
    changed = mapping_form.read(visit, form)
    errors = Errors()
    if not any(ask.problems for ask in form):
        try:
            if changed:
                commands.set_attribute_rules(
                    actor=visit.actor, channel=code, category=category, rules=changed, now=visit.now
                )
        except MekongError as refused:
            _take(errors, form, refused)
        else:
            n = len(changed)
            said = ngettext("{n} answer saved", "{n} answers saved", n).format(n=num(n)) if n else gettext("Saved")
            visit.flash(said)
            return visit.redirect(f"/channels/{code}/categories/{quote(category, safe='')}/")
    return _mapping(visit, code, found, form, known, errors=errors, status=422)


def _take(errors: Errors, form: Sequence[mapping_form.Ask], refused: MekongError) -> None:
    told = mapping_form.place(form, str(refused.params.get("field", "")))
    if told is None:
        errors.whole = sentences.of(refused)
    else:
        told[0].problems[told[1]] = sentences.without_field(refused)


def _mapping(
    visit: Visit, code: str, found: CategoryMappingView, form: Sequence[mapping_form.Ask],
    known: mapping_form.Sources, *, errors: Errors | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    tree = queries.list_mappings(actor=visit.actor, channel=code)
    context = {
        **_around(visit, code),
        "found": found,
        "row": next((each for each in tree if each.code == found.category_code), None),
        "names": {each.code: each.name for each in tree},
        "required": [ask for ask in form if ask.asked.is_required],
        "others": [ask for ask in form if not ask.asked.is_required],
        "open": sum(ask.asked.is_required and not ask.asked.is_option and not ask.is_answered for ask in form),
        "known": known,
        "categories_known": queries.categories_read(actor=visit.actor, channel=code),
        "errors": errors or Errors(),
        "problems": sum(bool(ask.problems) for ask in form),
    }
    return visit.render("publishing/mapping.html", context, status=status)


def _one_ask(visit: Visit, form: Sequence[mapping_form.Ask], known: mapping_form.Sources) -> HttpResponse:
    """One thing that is asked, after another source was chosen for it: its table of values follows."""
    ask = next((each for each in form if each.asked.id == visit.param("ask")), None)
    if ask is None:
        raise ChannelInvalid(field="ask", problem="The platform asks nothing of this name here.")
    chosen = visit.request.GET.get(f"source-{ask.at}", "")[:200]
    if chosen != ask.source:
        ask.source, ask.values = chosen, ()
        ask.pairs = mapping_form.pairs(visit, ask, known, {})
    return visit.render("publishing/ask.html", {"ask": ask, "known": known, "may_manage": True})
