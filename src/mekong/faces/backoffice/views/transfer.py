"""One transfer: where it stands, what is in it, and the next step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import content_disposition_header
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import VariantView
from mekong.faces import printing
from mekong.faces.backoffice import sentences, words
from mekong.faces.backoffice.fields import Errors, read_number
from mekong.faces.backoffice.once import once
from mekong.faces.backoffice.templatetags.mekong import num
from mekong.faces.backoffice.views.transfers import names
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation import queries as people
from mekong.foundation.actor import Actor
from mekong.foundation.errors import MekongError
from mekong.inventory import commands, queries
from mekong.inventory.contracts import Settlement, TransferLine, TransferView

_PATH = (
    ("draft", words.TRANSFER_STATES["draft"].word, ("draft",)),
    ("requested", words.TRANSFER_STATES["requested"].word, ("requested",)),
    ("ready", words.TRANSFER_STATES["ready"].word, ("ready",)),
    ("in_transit", words.TRANSFER_STATES["in_transit"].word, ("in_transit",)),
    ("received", words.TRANSFER_STATES["received"].word, ("received", "differs", "settled")),
)


@dataclass(frozen=True)
class Act:
    """A step somebody may take now. `dialog`: it asks for a word first."""

    name: str
    word: str | Promise
    icon: str
    is_primary: bool = False
    dialog: bool = False
    key: str = ""


@dataclass
class Shown:
    """A line with what it is of, what stands at the source, and what was typed into it."""

    line: TransferLine
    variant: VariantView | None
    free: int | None
    codes: dict[str, int]
    typed: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> int:
        return self.line.variant_id

    @property
    def is_short(self) -> bool:
        """Whether the source lacks what is to leave."""
        return self.free is not None and self.free < self.line.quantity


def acts_for(actor: Actor, transfer: TransferView, *, is_above: bool) -> list[Act]:
    """What this actor may do with it now, the next step first."""
    at_source = actor.sees_location(transfer.from_id, "inventory.transfer")
    at_target = actor.sees_location(transfer.to_id, "inventory.transfer")
    own = actor.ref in (transfer.drafted_by, transfer.requested_by)
    may_approve = at_source and (
        not is_above
        or (transfer.state == "requested" and not own and actor.sees_location(transfer.from_id, "inventory.approve"))
    )
    found: list[Act] = []
    if transfer.state in ("draft", "requested") and may_approve:
        found.append(Act("approve", _("Approve"), "check", is_primary=True, key="d"))
    if transfer.state == "draft" and (at_source or at_target):
        found.append(Act("request", _("Ask for approval"), "arrow", is_primary=not may_approve))
    if transfer.state in ("requested", "ready") and (at_source or (own and transfer.state == "requested")):
        found.append(Act("send_back", _("Send back"), "undo", dialog=True))
    if transfer.state in ("draft", "requested", "ready") and (at_source or (own and transfer.state != "ready")):
        found.append(Act("cancel", _("Cancel transfer"), "trash", dialog=True))
    return found


@page("inventory.view")
def transfer(visit: Visit, code: str) -> HttpResponse:
    """The document, with the form of the step that is next for whoever looks."""
    found = queries.get_transfer(actor=visit.actor, code=code)
    return _show(visit, found)


def _show(
    visit: Visit,
    found: TransferView,
    *,
    errors: Errors | None = None,
    typed: Mapping[int, dict[str, str]] | None = None,
    refused: str = "",
) -> HttpResponse:
    errors = errors or Errors()
    actor = visit.actor
    is_above = found.state in ("draft", "requested") and commands.is_above_limit(found.lines)
    at_source = actor.sees_location(found.from_id, "inventory.transfer")
    context: dict[str, Any] = {
        "transfer": found, "lines": _lines(visit, found, typed or {}), "errors": errors, "refused": refused,
        "acts": acts_for(actor, found, is_above=is_above), "is_above": is_above, "steps": _steps(found),
        "by_code": names(visit), "who": people.names_of({each.actor for each in found.steps}),
        "step_words": words.TRANSFER_STEPS, "causes": words.CAUSES,
        "may_edit": found.state == "draft" and (at_source or actor.sees_location(found.to_id, "inventory.transfer")),
        "may_ship": found.state == "ready" and at_source,
        "may_receive": found.state == "in_transit" and actor.sees_location(found.to_id, "inventory.transfer"),
        "may_settle": found.state == "differs" and _may_settle(actor, found),
        "value": _value(visit, found),
    }  # fmt: skip
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "transfer"
    template = "stock/transfer_body.html" if part else "stock/transfer.html"
    return visit.render(template, context, status=422 if errors or refused else 200)


def _may_settle(actor: Actor, found: TransferView) -> bool:
    return actor.may("inventory.transfer") and (
        actor.sees_location(found.from_id, "inventory.adjust") or actor.sees_location(found.to_id, "inventory.transfer")
    )


def _value(visit: Visit, found: TransferView) -> int | None:
    if not visit.actor.may("money.view_cost"):
        return None
    return queries.value_of([(line.variant_id, line.quantity, None) for line in found.lines])


def _lines(visit: Visit, found: TransferView, typed: Mapping[int, dict[str, str]]) -> list[Shown]:
    ids = [line.variant_id for line in found.lines]
    known = catalog.variants_by_id(actor=visit.actor, ids=ids)
    packs = catalog.packs_of(actor=visit.actor, variant_ids=ids)
    free: dict[int, int] | None = None
    if found.state in ("draft", "requested", "ready") and visit.actor.sees_location(found.from_id, "inventory.view"):
        rows = queries.levels(actor=visit.actor, variant_ids=ids, location=found.from_code, limit=len(ids))
        free = {row.variant_id: row.free for row in rows}
    shown = []
    for line in found.lines:
        variant = known.get(line.variant_id)
        codes = {} if variant is None else dict.fromkeys((variant.sku, *variant.barcodes), 1)
        for pack in packs.get(line.variant_id, ()):
            if pack.barcode:
                codes[pack.barcode] = pack.factor
        at_source = None if free is None else free.get(line.variant_id, 0)
        shown.append(Shown(line, variant, at_source, codes, typed.get(line.variant_id, {})))
    return shown


def _steps(found: TransferView) -> list[tuple[str | Promise, str]]:
    """Word and shape of each stage; none for a transfer that was given up."""
    if found.state == "cancelled":
        return []
    rank = next(at for at, (*_rest, states) in enumerate(_PATH) if found.state in states)
    is_done = found.state in ("received", "settled")
    return [
        (
            words.TRANSFER_STATES[found.state].word if at == rank else word,
            "did" if at < rank or (at == rank and is_done) else "now" if at == rank else "",
        )
        for at, (_name, word, _states) in enumerate(_PATH)
    ]


# --- steps ----------------------------------------------------------------------------------------------------------------

_SIMPLE: Mapping[str, tuple[Callable[..., TransferView], str | Promise]] = {
    "request": (commands.request_transfer, _("{code} waits for approval")),
    "approve": (commands.approve_transfer, _("{code} is approved and can leave")),
    "send_back": (commands.send_back_transfer, _("{code} is a draft again")),
    "cancel": (commands.cancel_transfer, _("{code} is cancelled")),
}
_NOTED = ("send_back", "cancel")


@page("inventory.transfer", methods=("POST",))
def act(visit: Visit, code: str) -> HttpResponse:
    """Take a step. What was typed stays where the step is refused."""
    found = queries.get_transfer(actor=visit.actor, code=code)
    name = visit.posted("act")
    errors, typed = Errors(), _typed(visit, found)
    try:
        if name in _SIMPLE:
            return _simple(visit, found, name)
        if name == "ship":
            return _ship(visit, found, errors, typed)
        if name == "receive":
            return _receive(visit, found, errors, typed)
        if name == "settle":
            return _settle(visit, found, errors, typed)
    except MekongError as refused:
        now = queries.get_transfer(actor=visit.actor, code=code)
        return _show(visit, now, typed=typed, refused=sentences.of(refused))
    return visit.redirect(f"/stock/transfers/{found.code}/")


def _typed(visit: Visit, found: TransferView) -> dict[int, dict[str, str]]:
    return {
        line.variant_id: {
            name: visit.posted(f"{name}-{line.variant_id}", longest=100) for name in ("count", "cause", "instead")
        }
        for line in found.lines
    }


def _simple(visit: Visit, found: TransferView, name: str) -> HttpResponse:
    command, said = _SIMPLE[name]
    noted = {"note": visit.posted("note", longest=300)} if name in _NOTED else {}

    def work() -> str:
        command(actor=visit.actor, transfer_id=found.id, now=visit.now, **noted)
        return f"/stock/transfers/{found.code}/"

    answer = once(visit, work)
    visit.flash(str(said).format(code=found.code))
    return answer


def _counts(found: TransferView, errors: Errors, typed: Mapping[int, dict[str, str]]) -> dict[int, int]:
    """What was counted, line by line; a line left empty was not counted."""
    counts = {}
    for line in found.lines:
        most = line.asked if found.state == "ready" else line.quantity
        text, name = typed[line.variant_id]["count"], f"count-{line.variant_id}"
        if not text and most:
            errors.add(name, gettext("Count this line; write 0 where there is none."))
        elif text:
            counts[line.variant_id] = read_number(errors, name, text, most=most)
    return counts


def _ship(visit: Visit, found: TransferView, errors: Errors, typed: Mapping[int, dict[str, str]]) -> HttpResponse:
    counts = _counts(found, errors, typed)
    if errors and found.state == "ready":
        return _show(visit, found, errors=errors, typed=typed)

    def work() -> str:
        commands.send_transfer(actor=visit.actor, transfer_id=found.id, now=visit.now, shipped=counts)
        return f"/stock/transfers/{found.code}/"

    answer = once(visit, work)
    visit.flash(gettext("{code} has left with {units} units").format(code=found.code, units=num(sum(counts.values()))))
    return answer


def _receive(visit: Visit, found: TransferView, errors: Errors, typed: Mapping[int, dict[str, str]]) -> HttpResponse:
    counts = _counts(found, errors, typed)
    if errors and found.state == "in_transit":
        return _show(visit, found, errors=errors, typed=typed)
    causes = {variant: each["cause"] for variant, each in typed.items() if each["cause"]}

    def work() -> str:
        commands.receive_transfer(
            actor=visit.actor, transfer_id=found.id, now=visit.now, received=counts, causes=causes
        )
        return f"/stock/transfers/{found.code}/"

    answer = once(visit, work)
    now = queries.get_transfer(actor=visit.actor, code=found.code)
    if now.open_units:
        text = gettext("{code} is received; {units} units are missing and stay open")
        visit.flash(text.format(code=found.code, units=num(now.open_units)), tone="bad")
    else:
        visit.flash(gettext("{code} is received in full").format(code=found.code))
    return answer


def _settle(visit: Visit, found: TransferView, errors: Errors, typed: Mapping[int, dict[str, str]]) -> HttpResponse:
    instead = catalog.variants_by_sku(actor=visit.actor, skus={each["instead"] for each in typed.values()} - {""})
    wanted = []
    for line in found.lines:
        said = typed[line.variant_id]
        if not line.open_units or not said["cause"]:
            continue
        units = read_number(errors, f"count-{line.variant_id}", said["count"], least=1, most=line.open_units)
        other = instead.get(said["instead"])
        if said["cause"] == "wrong_item" and other is None:
            errors.add(f"instead-{line.variant_id}", gettext("Say which SKU came instead. Choose one from the list."))
        wanted.append(
            Settlement(
                line.variant_id, said["cause"], units, other.id if other and said["cause"] == "wrong_item" else None
            )
        )
    if not wanted and not errors and found.state == "differs":
        errors.whole = gettext("Choose a cause for at least one line.")
    if errors:
        return _show(visit, found, errors=errors, typed=typed)

    def work() -> str:
        commands.settle_transfer(
            actor=visit.actor, transfer_id=found.id, lines=wanted, now=visit.now,
            note=visit.posted("note", longest=300),
        )  # fmt: skip
        return f"/stock/transfers/{found.code}/"

    answer = once(visit, work)
    visit.flash(gettext("The difference of {code} is booked").format(code=found.code))
    return answer


# --- on paper -------------------------------------------------------------------------------------------------------------


@page("inventory.view")
def note(visit: Visit, code: str) -> HttpResponse:
    """The transfer note on A4, to go with the goods."""
    found = queries.get_transfer(actor=visit.actor, code=code)
    known = catalog.variants_by_id(actor=visit.actor, ids=[line.variant_id for line in found.lines])
    places = names(visit)
    who = people.names_of({each.actor for each in found.steps})
    by_step = {each.step: who.get(each.actor, "") for each in found.steps}

    def place(code: str) -> str:
        return f"{places[code].name} ({code})" if code in places else code

    data = {
        "title": gettext("Transfer note"), "code": found.code, "bars": printing.barcode_svg(found.code),
        "facts": [
            [pgettext("a transfer", "From"), place(found.from_code)], [pgettext("a transfer", "To"), place(found.to_code)],
            [gettext("State"), str(words.TRANSFER_STATES[found.state].word)],
            [gettext("Left"), _moment(found.shipped_at)], [gettext("Arrived"), _moment(found.received_at)],
            [gettext("Note"), found.note or "–"],
        ],
        "heads": [
            "#", "SKU", gettext("Product"), gettext("Unit"), gettext("Asked"), gettext("Shipped"), gettext("Received"),
        ],
        "rows": [
            [
                str(number), known[line.variant_id].sku, known[line.variant_id].full_name, known[line.variant_id].uom,
                num(line.asked), num(line.quantity) if found.shipped_at else "",
                "" if line.received is None else num(line.received),
            ]
            for number, line in enumerate(found.lines, 1)
            if line.variant_id in known
        ],
        "total": [gettext("In all"), num(sum(line.asked for line in found.lines)),
                  num(found.units) if found.shipped_at else "",
                  num(sum(line.received or 0 for line in found.lines)) if found.received_at else ""],
        "signs": [
            [gettext("Drafted by"), by_step.get("draft", "")], [gettext("Shipped by"), by_step.get("ship", "")],
            [gettext("Carried by"), ""], [gettext("Received by"), by_step.get("receive", "")],
        ],
        "sign_hint": gettext("(signature, full name)"),
        "printed": gettext("Printed {at}").format(at=_moment(visit.now)), "page": gettext("Page"),
    }  # fmt: skip
    name = content_disposition_header(False, f"{found.code}.pdf") or "inline"
    return HttpResponse(
        printing.render("transfer-note", data), content_type="application/pdf", headers={"Content-Disposition": name}
    )


def _moment(at: Any) -> str:
    return f"{timezone.localtime(at):%d/%m/%Y %H:%M}" if at else "–"
