"""Issuing gift cards: the form, what was issued, its codes on paper and, once, as a file."""

from __future__ import annotations

import io
from typing import Any
from uuid import UUID

import xlsxwriter
from django.http import HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext, ngettext

from mekong.faces.backoffice import kept_files, sentences
from mekong.faces.backoffice import offer_words as words
from mekong.faces.backoffice.fields import Errors, read_date, read_number
from mekong.faces.backoffice.once import once
from mekong.faces.backoffice.print_choice import PrintChoice, print_choice
from mekong.faces.backoffice.templatetags.mekong import day, money, num
from mekong.faces.backoffice.views.gift_cards import RIGHT
from mekong.faces.backoffice.visit import Visit, page
from mekong.faces.printing import vouchers
from mekong.foundation import queries as people
from mekong.foundation.company import get_company
from mekong.foundation.errors import MekongError
from mekong.foundation.money import to_decimal
from mekong.pricing import commands, queries
from mekong.pricing.contracts.cards import Issued, IssuedCard

_FIELDS = ("name", "value", "count", "until", "buyer", "recipients")


@page(RIGHT, methods=("GET", "HEAD", "POST"), confirmed=True)
def create(visit: Visit) -> HttpResponse:
    """What the cards are worth, how many, until when."""
    form: dict[str, Any] = {name: visit.posted(name, longest=20_000) for name in _FIELDS}
    form["count"] = form["count"] or "1"
    form["is_active"] = visit.posted("is_active", longest=5) == "on"
    errors = Errors()
    if visit.is_post:
        asked = _read(form, errors)
        if not errors:
            try:
                return _issue(visit, asked)
            except MekongError as refused:
                errors.take(refused, {"value_minor": "value", "expires_at": "until"})
    return visit.render("offers/card_form.html", {"form": form, "errors": errors}, status=422 if errors else 200)


def _read(form: dict[str, Any], errors: Errors) -> dict[str, Any]:
    last = read_date(errors, "until", form["until"])
    return {
        "name": form["name"],
        "value_minor": read_number(errors, "value", form["value"], least=1, most=10**12),
        "count": read_number(errors, "count", form["count"], least=1, most=10_000),
        "expires_at": words.after(last) if last else None,
        "is_active": form["is_active"],
        "buyer": form["buyer"],
        "recipients": [line.strip() for line in form["recipients"].splitlines() if line.strip()],
    }


def _issue(visit: Visit, asked: dict[str, Any]) -> HttpResponse:
    def work() -> str:
        made = commands.issue_cards(actor=visit.actor, **asked, now=visit.now)
        return f"/offers/cards/issues/{made.batch.id}/"

    answer = once(visit, work)
    n = asked["count"]
    visit.flash(ngettext("{n} gift card issued", "{n} gift cards issued", n).format(n=num(n)))
    return answer


@page("pricing.view")
def issue(visit: Visit, uid: UUID) -> HttpResponse:
    """Cards that were issued together."""
    return _show(visit, uid)


def _show(visit: Visit, uid: UUID, *, status: int = 200, **more: Any) -> HttpResponse:
    batch = queries.get_batch(actor=visit.actor, batch_id=uid)
    found = queries.list_cards(actor=visit.actor, batch_id=uid, cursor=visit.param("cursor") or None, now=visit.now)
    context = {
        "batch": batch, "rows": found.items, "next_cursor": found.next_cursor, "papers": words.PAPERS,
        "who": people.names_of({batch.issued_by}).get(batch.issued_by, ""), "last_day": words.last_day(batch.expires_at),
        "may_issue": visit.actor.may(RIGHT), "most": min(batch.count, vouchers.MOST_PRINTED), "shop": get_company().name,
        "may_print": visit.actor.may(RIGHT) and batch.forgotten_at is None, **more,
    }  # fmt: skip
    return visit.render("offers/card_issue.html", context, status=status)


@page(RIGHT, methods=("POST",), confirmed=True)
def act(visit: Visit, uid: UUID) -> HttpResponse:
    """Activate all of an issue, or keep its codes no longer."""
    chosen = visit.posted("act", longest=20)
    if chosen == "activate":
        n = commands.activate_batch(
            actor=visit.actor, batch_id=uid, reference=visit.posted("reference", longest=80), now=visit.now
        )
        visit.flash(ngettext("{n} card activated", "{n} cards activated", n).format(n=num(n)))
    elif chosen == "forget":
        commands.forget_codes(actor=visit.actor, batch_id=uid, now=visit.now)
        visit.flash(gettext("The codes are kept here no longer"))
    return visit.redirect(f"/offers/cards/issues/{uid}/")


@page(RIGHT, methods=("POST",), confirmed=True)
def file(visit: Visit, uid: UUID) -> HttpResponse:
    """All codes of an issue as an Excel file, once."""
    try:
        issued = commands.take_codes(actor=visit.actor, batch_id=uid, now=visit.now)
    except MekongError as refused:
        if refused.status == 404:
            raise
        return _show(visit, uid, status=refused.status, refused=sentences.of(refused))
    name = f"{gettext('gift-cards')}-{timezone.localtime(visit.now):%Y%m%d-%H%M}.xlsx"
    return kept_files.download(_sheet(issued), name)


def _sheet(issued: Issued) -> io.BytesIO:
    out = io.BytesIO()
    book: Any = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet(gettext("Gift cards"))
    head, date = book.add_format({"bold": True}), book.add_format({"num_format": "dd/mm/yyyy"})
    columns = (gettext("Code"), gettext("Value"), gettext("Currency"), gettext("Good until"), gettext("For whom"))
    for place, (word, width) in enumerate(zip(columns, (24, 14, 8, 14, 40), strict=True)):
        sheet.write_string(0, place, word, head)
        sheet.set_column(place, place, width)
    for row, card in enumerate(issued.cards, start=1):
        sheet.write_string(row, 0, card.code)
        sheet.write_number(row, 1, to_decimal(card.value_minor, card.currency))
        sheet.write_string(row, 2, card.currency)
        last = words.last_day(card.expires_at)
        if last is not None:
            sheet.write_datetime(row, 3, last, date)
        sheet.write_string(row, 4, card.recipient)
    sheet.freeze_panes(1, 0)
    book.close()
    return out


# --- on paper ---------------------------------------------------------------------------------------------------------


@page(RIGHT, methods=("POST",), confirmed=True)
def on_paper(visit: Visit) -> HttpResponse:
    """Some cards of an issue, or one card, as a PDF. What was printed is in the audit trail."""
    asked = print_choice(visit)
    ids = _chosen(visit, asked)
    shown = commands.reveal_codes(actor=visit.actor, card_ids=ids, now=visit.now)
    made = vouchers.voucher_pdf(
        vouchers.PAPERS[asked.paper], [_voucher(each, asked) for each in shown], lang=visit.language
    )
    name = content_disposition_header(False, f"{gettext('gift-cards')}-{timezone.localtime(visit.now):%Y%m%d-%H%M}.pdf")
    return HttpResponse(made, content_type="application/pdf", headers={"Content-Disposition": name or "inline"})


def _chosen(visit: Visit, asked: PrintChoice) -> list[UUID]:
    """The cards to print: one, or those of an issue from place to place, at most as many as a document holds."""
    try:
        if card := visit.posted("card", longest=40):
            return [UUID(card)]
        batch = UUID(visit.posted("issue", longest=40))
    except ValueError:
        return []
    return queries.cards_of(actor=visit.actor, batch_id=batch, first=asked.first, last=asked.last)


def _voucher(card: IssuedCard, asked: PrintChoice) -> vouchers.Voucher:
    lines = []
    if card.recipient:
        lines.append(gettext("For {name}").format(name=card.recipient[:60]))
    last = words.last_day(card.expires_at)
    if last is not None:
        lines.append(gettext("Good until {day}").format(day=day(last)))
    return vouchers.Voucher(
        asked.shop, gettext("Gift card"), money(card.value_minor, card.currency), card.code, (*lines, *asked.terms)
    )
