"""The desk of one order: what holds it back, who buys, which orders belong together, and the acts on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from mekong.faces.backoffice import words
from mekong.faces.backoffice.templatetags.mekong import num, when
from mekong.faces.backoffice.visit import Visit
from mekong.orders import commands, queries
from mekong.orders.contracts import BuyerHistory, BuyerOrder, HoldNote, MovedLine, OrderView
from mekong.orders.errors import BadHold

BEFORE_PACKING = ("pending_confirmation", "awaiting_stock", "confirmed", "allocated", "picking")
HERE = (*BEFORE_PACKING, "packed", "ready_to_ship", "ready_for_pickup")
"""States in which an order stands with us."""

ADDRESS_FIELDS: Sequence[tuple[str, str | Promise]] = (
    ("line", _("Number and street")),
    ("ward", _("Ward, commune")),
    ("district", _("District (old form)")),
    ("province", _("Province, city")),
    ("full", _("As the buyer wrote it")),
)

_LIFT: Mapping[str, str | Promise] = {
    "address": _("The address is right"),
    "stock": _("Hold the goods again"),
    "manual": _("Lift the hold"),
    "call_back": _("Called, go on"),
    "no_answer": _("Reached, go on"),
    "duplicate": _("Keep both"),
}
"""What a person says to lift a hold. A line is unmatched until it is matched."""


@dataclass(frozen=True)
class Hold:
    """One reason an order does not go on: what it is, what was said of it, what lifts it."""

    code: str
    word: str
    detail: str
    remedy: str
    lift: str


@dataclass(frozen=True)
class Companion:
    """Another open order of the same buyer and address."""

    order: BuyerOrder
    is_packed_with: bool


def context(visit: Visit, found: OrderView) -> dict[str, Any]:
    """What the desk shows beside the order itself."""
    is_here, is_open = found.state in HERE, found.state in BEFORE_PACKING
    may_edit = visit.actor.may("orders.edit")
    history = queries.buyer_history(actor=visit.actor, order=found) if visit.actor.may("customers.view") else None
    together = queries.packed_together(actor=visit.actor, order=found)
    platform = queries.platform_of(found.channel)
    companions = _companions(found, history, together) if is_open else []
    return {
        "holds": [_hold(name, found.holds.get(name)) for name in found.issues] if is_here else [],
        "history": history,
        "history_words": _history_words(history),
        "packed_together": together,
        "platform": platform,
        "companions": companions,
        "merge_ready": bool(companions) and not platform,
        "may_split": may_edit and is_open and not platform and sum(line.quantity for line in found.lines) > 1,
        "split_closed": may_edit and is_open and bool(platform),
        "may_hold": may_edit and is_here,
        "may_cancel_order": visit.actor.may("orders.cancel"),
        "tries": found.holds["no_answer"].tries if "no_answer" in found.holds else 0,
        "call_at": _local(visit.now + timedelta(hours=2)),
        "call_from": _local(visit.now),
    }


def _local(moment: datetime) -> str:
    """For a field of date and time: to the quarter of an hour."""
    there = timezone.localtime(moment)
    return (there - timedelta(minutes=there.minute % 15)).strftime("%Y-%m-%dT%H:%M")


def _hold(name: str, said: HoldNote | None) -> Hold:
    word, remedy = words.ISSUES.get(name, (name, ""))
    bits = []
    if said is not None:
        if said.tries:
            bits.append(ngettext("{n} call", "{n} calls", said.tries).format(n=said.tries))
        if said.reason:
            bits.append(said.reason)
        if said.call_at is not None:
            bits.append(gettext("call at {at}").format(at=when(said.call_at)))
    return Hold(name, str(word), " · ".join(bits), str(remedy), str(_LIFT.get(name, "")))


def _companions(found: OrderView, history: BuyerHistory | None, together: Sequence[str]) -> list[Companion]:
    recent = history.recent if history is not None else ()
    return [
        Companion(each, each.code in together)
        for each in recent
        if each.is_open and each.is_same_address and each.code != found.code
    ]


def _history_words(history: BuyerHistory | None) -> str:
    """“Đã nhận 8 · hoàn 1 · hủy 2”; that a buyer is new is worth saying too."""
    if history is None:
        return ""
    if not history.orders:
        return gettext("First order")
    said = [gettext("Received {n}").format(n=num(history.received))]
    if history.returned:
        said.append(gettext("came back {n}").format(n=num(history.returned)))
    if history.cancelled:
        said.append(gettext("cancelled {n}").format(n=num(history.cancelled)))
    return " · ".join(said)


# --- acts -------------------------------------------------------------------------------------------------------------


def acts(visit: Visit, code: str) -> Mapping[str, Callable[[], str]]:
    """Acts of the desk by name; each does its work and says what is done."""

    def step(do: Callable[..., object], said: str, **more: Any) -> str:
        do(actor=visit.actor, code=code, now=visit.now, **more)
        return said.format(code=code)

    others = [other[:40] for other in visit.request.POST.getlist("other")][:50]
    return {
        "split": lambda: _split(visit, code),
        "merge": lambda: step(commands.merge_orders, gettext("Merged into {code}"), others=others),
        "pack_with": lambda: step(commands.pack_together, gettext("Packed together with {code}"), others=others),
        "pack_apart": lambda: step(commands.pack_apart, gettext("{code} is packed on its own")),
        "duplicate": lambda: _settle(visit, code),
        "hold": lambda: step(
            commands.hold_order,
            gettext("{code} is held"),
            hold=visit.posted("hold", longest=20),
            reason=visit.posted("reason_text", longest=400),
            call_at=_moment(visit.posted("call_at", longest=30)),
        ),
        "lift": lambda: step(commands.lift_hold, gettext("{code} goes on"), hold=visit.posted("hold", longest=20)),
        "address": lambda: step(
            commands.edit_address,
            gettext("The address of {code} is corrected"),
            address={name: visit.posted(name, longest=600) for name, _word in ADDRESS_FIELDS if visit.posted(name)},
            name=visit.posted("name", longest=200) if "name" in visit.request.POST else None,
            phone=visit.posted("phone", longest=60) or None,
        ),
        "note": lambda: step(commands.add_note, gettext("Noted"), text=visit.posted("text")),
        "tags": lambda: step(
            commands.change_tags,
            gettext("Tags saved"),
            add=visit.posted("tags").split(","),
            remove=[visit.posted("remove", longest=60)],
        ),
    }


def _moment(text: str) -> datetime | None:
    """A field of date and time, in Ho Chi Minh City's. Raises: BadHold."""
    if not text:
        return None
    try:
        typed = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise BadHold(field="call_at", problem="Say when to call back.") from wrong
    return typed if timezone.is_aware(typed) else timezone.make_aware(typed)


def _split(visit: Visit, code: str) -> str:
    found = queries.get_order(actor=visit.actor, code=code)
    lines = []
    for line in found.lines:
        typed = visit.posted(f"units-{line.line}", longest=12)
        units = int(typed) if typed.isdigit() else 0 if not typed else -1
        if units:
            lines.append(MovedLine(line.line, units))
    parts = commands.split_order(actor=visit.actor, code=code, lines=lines, now=visit.now)
    return gettext("Split: {code} and {other}").format(code=parts.first.code, other=parts.second.code)


def _settle(visit: Visit, code: str) -> str:
    settled = commands.settle_duplicate(
        actor=visit.actor, code=code, other=visit.posted("other", longest=40), keep=visit.posted("keep", longest=40),
        now=visit.now,
    )  # fmt: skip
    return gettext("{dropped} is cancelled as a duplicate, {kept} goes on").format(
        dropped=settled.dropped, kept=settled.kept.code
    )


# --- the timeline -----------------------------------------------------------------------------------------------------

_CHANGED: Mapping[str, str | Promise] = {"name": _("recipient"), "phone": _("phone"), "address": _("address")}


def told(kind: str, data: Mapping[str, Any]) -> list[str]:
    """What an entry of the desk says beside its word."""
    bits: list[str] = []
    if data.get("other"):
        bits.append(str(data["other"]))
    if data.get("others"):
        bits.append(", ".join(map(str, data["others"])))
    if kind in ("split", "split_from"):
        bits.append(", ".join(f"{units} × {sku}" for sku, units in data.get("lines", [])))
    if data.get("hold"):
        bits.append(str(words.ISSUES.get(data["hold"], (data["hold"], ""))[0]))
    if data.get("tries"):
        bits.append(ngettext("{n} call", "{n} calls", data["tries"]).format(n=data["tries"]))
    if data.get("call_at"):
        bits.append(gettext("call at {at}").format(at=when(datetime.fromisoformat(data["call_at"]))))
    if data.get("changed"):
        bits.append(", ".join(str(_CHANGED.get(name, name)) for name in data["changed"]))
    if kind == "return_received" and data.get("number"):
        bits.append(str(data["number"]))
    return bits
