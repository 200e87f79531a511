"""Gift cards: the list, one card with its ledger, and what is done to it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mekong.faces.backoffice import offer_words as words
from mekong.faces.backoffice import sentences
from mekong.faces.backoffice.fields import Errors, read_date, read_number
from mekong.faces.backoffice.templatetags.mekong import day, money
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation import queries as people
from mekong.foundation.errors import Invalid, MekongError
from mekong.foundation.money import exponent
from mekong.pricing import commands, queries
from mekong.pricing.contracts.cards import CardTotals

TABS = {"": _("All"), **{code: shape.word for code, shape in words.CARD_STATES.items()}}
RIGHT = "vouchers.issue"


@page("pricing.view")
def offers(visit: Visit) -> HttpResponse:
    """The way into the room: its first page."""
    return visit.redirect("/offers/cards/")


@page("pricing.view")
def cards(visit: Visit) -> HttpResponse:
    """Gift cards by state, found by their last letters or by a note."""
    state, q = visit.param("state"), visit.param("q")[:100]
    state = state if state in TABS else ""
    found = queries.list_cards(actor=visit.actor, q=q, state=state, cursor=visit.param("cursor") or None, now=visit.now)
    totals = queries.card_totals(actor=visit.actor)
    counts = {code: sum(each.count for each in totals if code in ("", each.state)) for code in TABS}
    context = {
        "rows": found.items, "next_cursor": found.next_cursor, "state": state, "q": q, "tabs": TABS, "counts": counts,
        "worth": _worth(totals), "issues": queries.list_batches(actor=visit.actor, limit=5),
        "may_issue": visit.actor.may(RIGHT), "here_tab": "cards",
    }  # fmt: skip
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "list"
    return visit.render("offers/card_list.html" if part else "offers/cards.html", context)


def _worth(totals: list[CardTotals]) -> list[str]:
    """What can still be bought with all cards together, a currency each."""
    sums: dict[str, int] = {}
    for each in totals:
        if each.state == "active":
            sums[each.currency] = sums.get(each.currency, 0) + each.balance_minor
    return [money(minor, currency) for currency, minor in sums.items()] or [money(0)]


@page("pricing.view")
def card(visit: Visit, uid: UUID) -> HttpResponse:
    """One card as it stands, and its ledger."""
    return _show(visit, uid)


def _show(visit: Visit, uid: UUID, *, status: int = 200, **more: Any) -> HttpResponse:
    found = queries.get_card(actor=visit.actor, card_id=uid, now=visit.now)
    entries = queries.list_card_entries(actor=visit.actor, card_id=uid, cursor=visit.param("cursor") or None)
    context = {
        "card": found, "entries": entries.items, "next_cursor": entries.next_cursor,
        "names": {"system": gettext("System"), **people.names_of({each.actor for each in entries.items})},
        "words": words.CARD_ENTRIES,
        "last_day": words.last_day(found.expires_at), "may_issue": visit.actor.may(RIGHT), "papers": words.PAPERS,
        "is_over": found.state == "expired" or (found.expires_at is not None and found.expires_at <= visit.now), **more,
    }  # fmt: skip
    return visit.render("offers/card.html", context, status=status)


@page(RIGHT, methods=("POST",), confirmed=True)
def act(visit: Visit, uid: UUID) -> HttpResponse:
    """Something done to a card; refusals are said on its page."""
    try:
        said = _do(visit, uid, visit.posted("act", longest=20))
    except MekongError as refused:
        if refused.status == 404:
            raise
        text = sentences.without_field(refused) if isinstance(refused, Invalid) else sentences.of(refused)
        return _show(visit, uid, status=refused.status, refused=text)
    if said:
        visit.flash(said)
    return visit.redirect(f"/offers/cards/{uid}/")


def _do(visit: Visit, uid: UUID, chosen: str) -> str:
    actor, now = visit.actor, visit.now
    match chosen:
        case "activate":
            commands.activate_card(actor=actor, card_id=uid, reference=visit.posted("reference", longest=80), now=now)
            return gettext("The card is active")
        case "block":
            commands.block_card(actor=actor, card_id=uid, reason=visit.posted("reason", longest=300), now=now)
            return gettext("The card is blocked")
        case "unblock":
            commands.unblock_card(actor=actor, card_id=uid, now=now)
            return gettext("The card can be used again")
        case "top-up":
            return _top_up(visit, uid)
        case "extend":
            return _extend(visit, uid)
    return ""


def _refuse(errors: Errors) -> None:
    """Raises: Invalid, with what was typed wrong."""
    for name, text in errors.by_field.items():
        raise Invalid(field=name, problem=text)


def _top_up(visit: Visit, uid: UUID) -> str:
    errors = Errors()
    currency = queries.get_card(actor=visit.actor, card_id=uid, now=visit.now).currency
    typed = read_number(errors, "amount", visit.posted("amount", longest=20), least=1)
    _refuse(errors)
    amount = typed * 10 ** exponent(currency)
    reference = visit.posted("reference", longest=100)
    commands.top_up_card(actor=visit.actor, card_id=uid, amount_minor=amount, reference=reference, now=visit.now)
    return gettext("{amount} was put on the card").format(amount=money(amount, currency))


def _extend(visit: Visit, uid: UUID) -> str:
    errors = Errors()
    last = read_date(errors, "until", visit.posted("until", longest=20))
    _refuse(errors)
    end = words.after(last) if last else None
    commands.extend_card(actor=visit.actor, card_id=uid, expires_at=end, now=visit.now)
    return gettext("The card is good until {day}").format(day=day(last)) if last else gettext("The card has no end now")
