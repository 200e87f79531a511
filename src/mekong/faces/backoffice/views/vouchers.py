"""Vouchers: made, found, blocked, and taken out as a file."""

from __future__ import annotations

import io
from dataclasses import dataclass
from uuid import UUID

import xlsxwriter
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from mekong.faces.backoffice import kept_files, promotion_words, sentences
from mekong.faces.backoffice.fields import Errors, read_moment, read_number
from mekong.faces.backoffice.offer_words import PAPERS, last_day
from mekong.faces.backoffice.once import once
from mekong.faces.backoffice.price_fields import Field, Typed, blame, read_whole, typed
from mekong.faces.backoffice.price_tabs import tabs
from mekong.faces.backoffice.print_choice import print_choice
from mekong.faces.backoffice.templatetags.mekong import day, num
from mekong.faces.backoffice.visit import Visit, page
from mekong.faces.backoffice.words import Shape
from mekong.faces.printing import vouchers as printing
from mekong.foundation.company import get_company
from mekong.foundation.errors import MekongError
from mekong.foundation.paging import decode_cursor, encode_cursor
from mekong.foundation.phones import e164
from mekong.pricing import commands, queries
from mekong.pricing.contracts.lists import VoucherView

PER_PAGE = 50
_STATES = {
    "ready": Shape(_("Can be used"), "done"),
    "used_up": Shape(_("Used up"), "off"),
    "expired": Shape(_("Expired"), "off"),
    "blocked": Shape(_("Blocked"), "fail"),
}
KINDS = (
    ("own", _("Codes of their own, each used once or so many times")),
    ("shared", _("One code for everybody, such as TET2027")),
    ("personal", _("One code for one person, who alone may use it")),
)


@dataclass(frozen=True)
class Row:
    view: VoucherView
    code: str
    shape: Shape


def _row(view: VoucherView, visit: Visit) -> Row:
    if view.is_blocked:
        state = "blocked"
    elif view.most_uses is not None and view.uses >= view.most_uses:
        state = "used_up"
    elif view.expires_at is not None and view.expires_at <= visit.now:
        state = "expired"
    else:
        state = "ready"
    return Row(view, queries.written_code(view.code), _STATES[state])


@page("vouchers.issue")
def vouchers(visit: Visit) -> HttpResponse:
    """The newest first; of one promotion, by the beginning of a code, or by whose they are."""
    return _show(visit)


def _show(visit: Visit, *, status: int = 200, refused: str = "") -> HttpResponse:
    q, cursor, code = visit.param("q"), visit.param("cursor"), visit.param("promotion")
    promotion = queries.get_promotion(actor=visit.actor, code=code) if code else None
    after = decode_cursor(cursor, tuple[int])[0] if cursor else None
    wanted = e164(q) if q and any(letter.isdigit() for letter in q) and len(q) > 8 and not q.isalpha() else None
    found = queries.list_vouchers(
        actor=visit.actor, promotion_id=promotion.id if promotion else None, text=wanted or q, after=after,
        limit=PER_PAGE + 1,
    )  # fmt: skip
    if wanted and not found:
        found = queries.list_vouchers(
            actor=visit.actor, promotion_id=promotion.id if promotion else None, text=q, after=after, limit=PER_PAGE + 1
        )
    batches = queries.voucher_batches(actor=visit.actor, promotion_id=promotion.id) if promotion else []
    context = {
        "rows": [_row(each, visit) for each in found[:PER_PAGE]], "q": q, "promotion": promotion, "batches": batches,
        "next_cursor": encode_cursor(found[PER_PAGE - 1].id) if len(found) > PER_PAGE else None, "refused": refused,
        "price_tabs": tabs(visit), "here_tab": "vouchers", "papers": PAPERS, "shop": get_company().name,
    }  # fmt: skip
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "list"
    return visit.render("prices/voucher_list.html" if part else "prices/vouchers.html", context, status=status)


@page("vouchers.issue", methods=("POST",))
def act(visit: Visit) -> HttpResponse:
    """Block a code, or let it be used again."""
    is_blocked = visit.posted("act", longest=20) == "block"
    try:
        commands.block_voucher(actor=visit.actor, code=visit.posted("code", longest=60), is_blocked=is_blocked)
    except MekongError as refused:
        return _show(visit, status=refused.status, refused=sentences.without_field(refused))
    visit.flash(gettext("The voucher is blocked") if is_blocked else gettext("The voucher can be used again"))
    back = visit.posted("promotion", longest=40)
    return visit.redirect(f"/prices/vouchers/?promotion={back}" if back.isascii() and back else "/prices/vouchers/")


@page("vouchers.issue")
def file(visit: Visit, uid: UUID) -> HttpResponse:
    """The codes that were made together, as Excel."""
    found = queries.batch_codes(actor=visit.actor, batch=uid)
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"constant_memory": True})
    sheet = book.add_worksheet(gettext("Vouchers"))
    sheet.set_column(0, 0, 20)
    for place, head in enumerate((gettext("Code"), gettext("Promotion"), gettext("Name"))):
        sheet.write_string(0, place, head, book.add_format({"bold": True, "bottom": 1}))
    for number, code in enumerate(found.codes, 1):
        for place, text in enumerate((queries.written_code(code), found.promotion, found.name)):
            sheet.write_string(number, place, text)
    book.close()
    return kept_files.download(out, f"{gettext('vouchers')}-{found.promotion}.xlsx")


@page("vouchers.issue", methods=("POST",))
def on_paper(visit: Visit, uid: UUID) -> HttpResponse:
    """Codes that were made together, from place to place, as a PDF with QR and bars."""
    found = queries.batch_codes(actor=visit.actor, batch=uid)
    promotion = queries.get_promotion(actor=visit.actor, code=found.promotion)
    asked = print_choice(visit)
    last = last_day(found.expires_at or promotion.ends_at)
    until = (gettext("Good until {day}").format(day=day(last)),) if last else ()
    made = [
        printing.Voucher(
            asked.shop,
            promotion.name,
            promotion_words.worth(promotion),
            queries.written_code(code),
            (*until, *asked.terms),
        )
        for code in found.codes[asked.first - 1 : asked.last]
    ]
    if not made:
        return _show(visit, status=422, refused=gettext("There is no code in these places. Choose others."))
    pdf = printing.voucher_pdf(printing.PAPERS[asked.paper], made, lang=visit.language)
    name = content_disposition_header(False, f"{gettext('vouchers')}-{found.promotion}.pdf")
    return HttpResponse(pdf, content_type="application/pdf", headers={"Content-Disposition": name or "inline"})


def _fields(visit: Visit) -> list[Field]:
    running = [
        each
        for state in ("active", "draft", "paused")
        for each in queries.list_promotions(actor=visit.actor, state=state, limit=200)
        if each.needs_code and (each.ends_at is None or each.ends_at > visit.now)
    ]
    return [
        Field("promotion", _("Promotion"), "select", _("Those that need a voucher."),
              options=[(each.code, f"{each.name} ({each.code})") for each in running]),
        Field("kind", _("Kind"), "select", options=KINDS),
        Field("count", _("How many"), "number", _("Up to 50.000 codes of their own at once.")),
        Field("name", _("Name of the batch"), most=120),
        Field("shared", _("The code"), hint=_("For a shared code: 3 to 20 letters A to Z and digits."), most=40),
        Field("person", _("Phone of the person"), hint=_("For a code of one person."), most=30),
        Field("most_uses", _("Uses of each code"), "number", _("Empty: once; a shared code as often as the promotion lets.")),
        Field("expires_at", _("Good until"), "moment", _("Empty: as long as the promotion.")),
    ]  # fmt: skip


@page("vouchers.issue", methods=("GET", "HEAD", "POST"))
def create(visit: Visit) -> HttpResponse:
    """Make codes for a promotion."""
    fields, errors = _fields(visit), Errors()
    said = typed(visit, fields) if visit.is_post else Typed({"promotion": visit.param("promotion"), "count": "100"})
    if visit.is_post:
        try:
            answer = _make(visit, said, errors)
            if answer is not None:
                return answer
        except MekongError as refused:
            blame(errors, refused, [each.name for each in fields] + ["code"])
            if "code" in errors.by_field:
                errors.add("shared", errors.by_field.pop("code"))
    context = {"shown": said.show(fields, errors), "errors": errors, "has_promotions": bool(fields[0].options)}
    return visit.render("prices/voucher_form.html", context, status=422 if errors else 200)


def _make(visit: Visit, said: Typed, errors: Errors) -> HttpResponse | None:
    values, actor, now = said.values, visit.actor, visit.now
    kind = values["kind"]
    expires = read_moment(errors, "expires_at", values["expires_at"])
    most = read_whole(errors, "most_uses", values["most_uses"])
    count = read_number(errors, "count", values["count"], least=1, most=10**6) if kind == "own" else 0
    person = e164(values["person"]) if kind == "personal" else ""
    if person is None:
        errors.add("person", gettext("This is no phone number. Write it as 0901 234 567."))
    if not values["promotion"]:
        errors.add("promotion", gettext("Choose a promotion that needs a voucher."))
    if errors:
        return None
    promotion = queries.get_promotion(actor=actor, code=values["promotion"])
    told: list[str] = []

    def work() -> str:
        if kind == "shared":
            code = commands.share_code(
                actor=actor,
                promotion_id=promotion.id,
                code=values["shared"],
                most_uses=most,
                expires_at=expires,
                now=now,
            )
            told.append(gettext("The code {code} opens the promotion").format(code=code))
        elif kind == "personal":
            code = commands.give_voucher(
                actor=actor,
                promotion_code=promotion.code,
                person=person or "",
                reference="",
                expires_at=expires,
                now=now,
            )
            told.append(gettext("Their code is {code}").format(code=queries.written_code(code)))
        else:
            made = commands.make_vouchers(
                actor=actor, promotion_id=promotion.id, count=count, name=values["name"], most_uses=most or 1,
                expires_at=expires, now=now,
            )  # fmt: skip
            n = len(made.codes)
            told.append(ngettext("{n} voucher is made", "{n} vouchers are made", n).format(n=num(n)))
        return f"/prices/vouchers/?promotion={promotion.code}"

    answer = once(visit, work)
    for text in told:
        visit.flash(text)
    return answer
