"""Promotions: which there are, what each says in plain words, how it is used; written down, tried, let go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mekong.catalog import queries as catalog
from mekong.channels.queries import channel_names
from mekong.faces.backoffice import promotion_form, sentences
from mekong.faces.backoffice.fields import Errors, read_number
from mekong.faces.backoffice.once import once
from mekong.faces.backoffice.price_fields import Typed, blame, typed
from mekong.faces.backoffice.price_tabs import tabs
from mekong.faces.backoffice.promotion_words import KINDS, STATES, Speaker, span_words
from mekong.faces.backoffice.visit import Visit, page
from mekong.faces.backoffice.words import Shape
from mekong.faces.price_checks import check_places
from mekong.faces.price_words import reason_words
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MekongError
from mekong.foundation.paging import decode_cursor, encode_cursor
from mekong.orders import queries as orders
from mekong.pricing import commands, queries
from mekong.pricing.contracts.lists import PromotionDraft, PromotionView
from mekong.pricing.errors import PromotionInvalid
from mekong.pricing.queries import Tried, TryLine

PER_PAGE = 50
TRY_ROWS = 3
TABS: Mapping[str, str | Promise] = {
    "": _("All"), "active": _("Running"), "draft": _("Drafts"), "paused": _("Paused"), "ended": _("Has ended"),
}  # fmt: skip

ASSUMED: Mapping[str, str | Promise] = {
    "locations": _("at its locations"), "groups": _("of its customer groups"), "segments": _("of its segments"),
    "tiers": _("of its tiers"), "payments": _("paying as it asks"), "deliveries": _("delivered as it asks"),
    "birthday_days": _("around the buyer's birthday"), "first_order_only": _("the buyer's first"),
    "needs_code": _("with its voucher"),
}  # fmt: skip
"""Conditions that are not known of past orders."""


@dataclass(frozen=True)
class Row:
    """`spent_of`: hundredths of the budget that are given; None without one."""

    view: PromotionView
    sentence: str
    span: str
    shape: Shape
    spent_of: int | None
    kind: Any


def state_of(view: PromotionView, now: datetime) -> str:
    """What its state comes to at this moment."""
    if view.ends_at is not None and view.ends_at <= now:
        return "ended"
    if view.state == "active" and view.starts_at is not None and view.starts_at > now:
        return "coming"
    return view.state


def _row(view: PromotionView, speaker: Speaker, now: datetime) -> Row:
    spent_of = None if not view.budget_minor else min(100, view.spent_minor * 100 // view.budget_minor)
    return Row(
        view, speaker.sentence(view), span_words(view.starts_at, view.ends_at), STATES[state_of(view, now)], spent_of,
        KINDS[str(view.effect["kind"])].word,
    )  # fmt: skip


@page("pricing.view")
def promotions(visit: Visit) -> HttpResponse:
    """The newest first; by state, or by a part of the name."""
    tab, q, cursor = visit.param("tab"), visit.param("q"), visit.param("cursor")
    tab = tab if tab in TABS else ""
    after = decode_cursor(cursor, tuple[int])[0] if cursor else None
    found = queries.list_promotions(actor=visit.actor, state=tab, text=q, after=after, limit=PER_PAGE + 1)
    more = encode_cursor(found[PER_PAGE - 1].id) if len(found) > PER_PAGE else None
    speaker = Speaker(found[:PER_PAGE])
    context = {
        "rows": [_row(each, speaker, visit.now) for each in found[:PER_PAGE]], "tab": tab, "tabs": TABS, "q": q,
        "next_cursor": more, "price_tabs": tabs(visit), "here_tab": "promotions",
        "may_manage": visit.actor.may("pricing.manage"),
    }  # fmt: skip
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "list"
    return visit.render("prices/promotion_list.html" if part else "prices/promotions.html", context)


# --- one promotion ----------------------------------------------------------------------------------------------------


@page("pricing.view")
def promotion(visit: Visit, code: str) -> HttpResponse:
    """What it says, how it is used, and what may be done."""
    return _show(visit, code)


def _show(visit: Visit, code: str, *, status: int = 200, **more: Any) -> HttpResponse:
    found = queries.get_promotion(actor=visit.actor, code=code)
    state = state_of(found, visit.now)
    context = {
        "row": _row(found, Speaker([found]), visit.now), "promotion": found, "state": state,
        "may_manage": visit.actor.may("pricing.manage"), "may_issue": visit.actor.may("vouchers.issue"),
        "try_rows": _rows([], []), "may_preview": visit.actor.may("reports.view"), **more,
    }  # fmt: skip
    return visit.render("prices/promotion.html", context, status=status)


@page("pricing.view")
def preview(visit: Visit, code: str) -> HttpResponse:
    """What it would have cost in the last 7, 30 or 90 days; asked for by the page, for it takes a while."""
    visit.actor.require("reports.view")
    found = queries.get_promotion(actor=visit.actor, code=code)
    days = int(visit.param("days")) if visit.param("days") in ("7", "30", "90") else 30
    own = [each.code for each in channel_names() if not each.is_remote]
    made = orders.preview_offer(
        actor=visit.actor, promotion_id=found.id, channels=own, starts_at=visit.now - timedelta(days=days),
        ends_at=visit.now,
    )  # fmt: skip
    context: dict[str, Any] = {
        "promotion": found, "preview": made, "days": days, "assumed": [ASSUMED[name] for name in made.assumed],
        "sees_costs": visit.actor.may("money.view_cost"), "may_preview": True,
    }  # fmt: skip
    if visit.is_partial:
        return visit.render("prices/preview.html", context)
    return _show(visit, code, **context)


@page("pricing.manage", methods=("POST",))
def act(visit: Visit, code: str) -> HttpResponse:
    """Let it run, pause it, end it."""
    found = queries.get_promotion(actor=visit.actor, code=code)
    said = {
        "active": gettext("The promotion runs"), "paused": gettext("The promotion is paused"),
        "ended": gettext("The promotion is over"),
    }  # fmt: skip
    chosen = visit.posted("act", longest=20)
    if chosen in said:
        try:
            commands.turn_promotion(actor=visit.actor, promotion_id=found.id, state=chosen, now=visit.now)
        except MekongError as refused:
            return _show(visit, code, status=refused.status, refused=sentences.of(refused))
        visit.flash(said[chosen])
    return visit.redirect(f"/prices/promotions/{found.code}/")


@page("pricing.view", methods=("POST",))
def try_out(visit: Visit, code: str) -> HttpResponse:
    """What a basket would cost with it, and without."""
    found = queries.get_promotion(actor=visit.actor, code=code)
    tried, rows, errors = _try(visit, found, found.id)
    status = 422 if errors else 200
    return _show(visit, code, status=status, tried=tried, try_rows=rows, try_why=_first(errors))


def _first(errors: Errors) -> str:
    return errors.whole or next(iter(errors.by_field.values()), "")


def _rows(skus: Sequence[str], units: Sequence[str]) -> list[tuple[str, str]]:
    rows = list(zip(skus, units, strict=False))
    return [*rows, *([("", "1")] * max(TRY_ROWS - len(rows), 0))]


def _try(
    visit: Visit, draft: PromotionDraft, promotion_id: int | None
) -> tuple[dict[str, Any] | None, list[tuple[str, str]], Errors]:
    """The test basket of the form: its result in words, its rows as typed, and what is wrong with them."""
    skus = [text[:64].replace("\x00", "").strip() for text in visit.request.POST.getlist("try_sku")[:20]]
    units = [text[:8] for text in visit.request.POST.getlist("try_units")[:20]]
    rows, errors = _rows(skus, units), Errors()
    lines = [TryLine(sku, read_number(errors, "try", text, least=1, most=100_000)) for sku, text in rows if sku]
    if not lines and not errors:
        errors.add("try", gettext("Choose at least one SKU for the test basket."))
    if errors:
        return None, rows, errors
    at = max(visit.now, draft.starts_at or visit.now)
    fee = read_number(errors, "try", visit.posted("try_fee", longest=14) or "0")
    try:
        tried = queries.try_promotion(
            actor=visit.actor, draft=draft, promotion_id=promotion_id, lines=lines, at=at, delivery_fee_minor=fee
        )
    except MekongError as refused:
        errors.whole = sentences.without_field(refused)
        return None, rows, errors
    return _told(tried), rows, errors


def _told(tried: Tried) -> dict[str, Any]:
    quote = tried.quote
    known = catalog.variants_by_id(
        actor=SYSTEM, ids={line.variant_id for line in quote.lines} | {gift.variant_id for gift in quote.gifts}
    )
    why = [(each.line, reason_words(each, quote.currency)) for each in quote.reasons]
    return {
        "tried": tried, "quote": quote, "saved": tried.without.total_minor - quote.total_minor,
        "lines": [(line, known[line.variant_id], [text for at, text in why if at == place])
                  for place, line in enumerate(quote.lines)],
        "gifts": [(gift, known[gift.variant_id]) for gift in quote.gifts],
        "whole": [text for at, text in why if at is None],
    }  # fmt: skip


# --- its form ---------------------------------------------------------------------------------------------------------


@page("pricing.manage", methods=("GET", "HEAD", "POST"))
def create(visit: Visit) -> HttpResponse:
    """First what it gives, then the form for that. `from`: a promotion to copy."""
    kind = visit.param("kind")
    kept = None
    if visit.param("from"):
        kept = queries.get_promotion(actor=visit.actor, code=visit.param("from"))
        kind = str(kept.effect["kind"])
    if kind not in KINDS:
        return visit.render("prices/promotion_kinds.html", {"kinds": KINDS})
    said = promotion_form.as_typed(kept) if kept else Typed({"layer": "1", "priority": "0"})
    if kept is not None:
        said.values |= {"code": "", "starts_at": "", "ends_at": ""}
    return _form(visit, kind, None, said)


@page("pricing.manage", methods=("GET", "HEAD", "POST"))
def edit(visit: Visit, code: str) -> HttpResponse:
    """Change a promotion, for baskets from now on."""
    kept = queries.get_promotion(actor=visit.actor, code=code)
    return _form(visit, str(kept.effect["kind"]), kept, promotion_form.as_typed(kept))


def _form(visit: Visit, kind: str, kept: PromotionView | None, said: Typed) -> HttpResponse:
    sections = promotion_form.sections(kind)
    fields = [each for _word, some in sections for each in some]
    errors, more = Errors(), {"try_rows": _rows([], [])}
    if visit.is_post:
        said = typed(visit, fields)
        try:
            draft = promotion_form.read(errors, said, kind, kept)
            if draft is not None:
                check_places(draft.audience, PromotionInvalid)
                if visit.posted("act") != "try":
                    return _save(visit, draft, kept)
                more |= {"sentence": Speaker([draft]).sentence(draft)}  # type: ignore[dict-item]  # context of a template
                told, rows, wrong = _try(visit, draft, kept.id if kept else None)
                more |= {"tried": told, "try_rows": rows, "try_why": _first(wrong)}  # type: ignore[dict-item]  # as above
        except MekongError as refused:
            blame(errors, refused, [each.name for each in fields])
    context = {
        "promotion": kept, "kind": KINDS[kind], "kind_code": kind, "errors": errors,
        "sections": [(word, said.show(some, errors)) for word, some in sections],
        "back": f"/prices/promotions/{kept.code}/" if kept else "/prices/promotions/", **more,
    }  # fmt: skip
    return visit.render("prices/promotion_form.html", context, status=422 if errors else 200)


def _save(visit: Visit, draft: PromotionDraft, kept: PromotionView | None) -> HttpResponse:
    def work() -> str:
        made = commands.save_promotion(
            actor=visit.actor, draft=draft, promotion_id=kept.id if kept else None, now=visit.now
        )
        return f"/prices/promotions/{made.code}/"

    answer = once(visit, work)
    visit.flash(
        gettext("The promotion is saved") if kept else gettext("The promotion is written down. It is not running yet.")
    )
    return answer
