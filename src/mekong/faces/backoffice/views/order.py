"""One order: where it stands, what is in it, who bought it, and the next step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mekong.catalog import queries as catalog
from mekong.channels import queries as channels
from mekong.faces.backoffice import channel_book, order_prices, paper, sentences, words
from mekong.faces.backoffice.once import once
from mekong.faces.backoffice.templatetags.mekong import cancel_word, remote_word
from mekong.faces.backoffice.views import earnings, order_desk, returns
from mekong.faces.backoffice.views.order_bulk import cancel_reason
from mekong.faces.backoffice.views.order_desk import ADDRESS_FIELDS
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation import audit, masking
from mekong.foundation import queries as people
from mekong.foundation.errors import Conflict, Invalid
from mekong.inventory import queries as inventory
from mekong.orders import commands, queries
from mekong.orders.contracts import GradedReturn, OrderView, TimelineView

_PATH = (
    ("placed", _("Placed"), ()),
    ("confirmed", _("Confirm"), ("confirmed", "allocated")),
    ("picking", _("Pick"), ("picking",)),
    ("packed", _("Pack"), ("packed",)),
    ("ready_to_ship", _("Hand over"), ("ready_to_ship", "ready_for_pickup")),
    ("shipped", _("On the way"), ("shipped", "delivery_failed")),
    ("delivered", _("Delivered"), ("delivered", "completed")),
)
_RANK = {
    "pending_confirmation": 0,
    "awaiting_stock": 0,
    "confirmed": 1,
    "allocated": 1,
    "picking": 2,
    "packed": 3,
    "ready_to_ship": 4,
    "ready_for_pickup": 4,
    "shipped": 5,
    "delivery_failed": 5,
    "delivered": 6,
    "completed": 7,
}


@dataclass(frozen=True)
class Step:
    word: str | Promise
    shape: str
    at: datetime | None


@dataclass(frozen=True)
class Act:
    """What may be done next. `dialog`: ask first, because there is no way back."""

    name: str
    word: str | Promise
    icon: str
    permission: str
    is_primary: bool = False
    dialog: bool = False
    key: str = ""


@dataclass(frozen=True)
class Happened:
    """One entry of the timeline for people."""

    word: str
    detail: str
    who: str
    at: datetime
    is_note: bool


def acts_for(order: OrderView) -> list[Act]:
    """The steps this order can take now, the next one first."""
    state = order.state
    held = [issue for issue in order.issues if issue in words.ISSUES]
    found: list[Act] = []
    if state == "pending_confirmation" and not held:
        found.append(Act("confirm", _("Confirm"), "check", "orders.confirm", is_primary=True, key="c"))
    if state in ("confirmed", "allocated", "picking") and not held:
        found.append(Act("pack", _("Pack"), "box", "orders.ship", is_primary=True, key="d"))
    if state in ("packed", "ready_to_ship") and not held:
        found.append(Act("ship", _("Hand over"), "truck", "orders.ship", is_primary=True, dialog=True, key="v"))
    if state in ("shipped", "ready_for_pickup", "delivery_failed"):
        found.append(Act("deliver", _("Delivered"), "check", "orders.ship", is_primary=True))
    if state == "delivered":
        found.append(Act("complete", _("Complete"), "check", "orders.confirm", is_primary=True))
    if state == "returning":
        found.append(Act("receive", _("Receive return"), "return", "orders.return", is_primary=True, dialog=True))
    if state in ("shipped", "delivery_failed", "delivered", "completed"):
        found.append(Act("return", _("Coming back"), "return", "orders.return", dialog=True))
    if state in (
        "pending_confirmation",
        "awaiting_stock",
        "confirmed",
        "allocated",
        "picking",
        "packed",
        "ready_to_ship",
        "ready_for_pickup",
    ):
        found.append(Act("cancel", _("Cancel order"), "trash", "orders.cancel", dialog=True))
    return found


@page("orders.view")
def order(visit: Visit, code: str) -> HttpResponse:
    """The whole order; its customer's phone and address are masked until somebody with the right asks to see it."""
    return show(visit, queries.get_order(actor=visit.actor, code=code))


def show(visit: Visit, found: OrderView, *, status: int = 200, **more: Any) -> HttpResponse:
    """The page of an order, with `more` for what an act on it has to say."""
    ids = [line.variant_id for line in found.lines if line.variant_id is not None]
    sees_catalog = visit.actor.may("catalog.view")
    variants = catalog.variants_by_id(actor=visit.actor, ids=ids) if sees_catalog else {}
    places = {place.id: place for place in inventory.list_locations(actor=visit.actor)}
    allocated: dict[int, list[str]] = {}
    for variant, place, units in found.allocation:
        name = places[place].name if place in places else "–"
        allocated.setdefault(variant, []).append(f"{units} × {name}")
    refs = {entry.actor for entry in found.timeline}
    acts = acts_for(found)
    outbound = (
        channels.list_outbound(actor=visit.actor, channel=found.channel, external_id=found.external_id, limit=5)
        if found.external_id and visit.actor.may("channels.view")
        else []
    )
    mark = channel_book.marks([found.channel])[found.channel]
    names = {f"channel:{found.channel}": mark.name, **people.names_of(refs)}
    told = dict if more.get("is_revealed") else masking.address
    shown = told(found.shipping_address)
    context = {
        "order": found,
        "mark": mark,
        "variants": variants,
        "allocated": allocated,
        "steps": _steps(found),
        "acts": [act for act in acts if visit.actor.may(act.permission)],
        "missing_rights": [act for act in acts if act.is_primary and not visit.actor.may(act.permission)],
        "timeline": _timeline(found.timeline, names),
        "address": [(word, shown[name]) for name, word in ADDRESS_FIELDS if shown.get(name)],
        "address_fields": [(name, word, found.shipping_address.get(name, "")) for name, word in ADDRESS_FIELDS],
        # The form holds the address as it is: it opens once that was asked for and booked.
        "may_correct": visit.actor.may("orders.edit")
        and _RANK.get(found.state, -1) < 5
        and found.state not in ("cancelled", "returned")
        and (more.get("is_revealed") or not found.shipping_address),
        "earlier": [
            (was, ", ".join(text for name, _word in ADDRESS_FIELDS if (text := told(was.address).get(name))))
            for was in reversed(found.earlier_addresses)
        ],
        "may_reveal": visit.actor.may("customers.reveal"),
        "may_edit": visit.actor.may("orders.edit"),
        "may_print": visit.actor.may("orders.ship"),
        "has_platform_labels": channel_book.gives_labels(found.channel),
        "why": order_prices.why(found),
        "unmatched": [line for line in found.lines if line.variant_id is None],
        "grades": words.GRADES,
        "places": places.values(),
        "rank": _RANK.get(found.state, -1),
        "step_count": len(_PATH),
        "outbound_problems": [each for each in outbound if each.state == "failed"],
        "is_over": found.state in ("cancelled", "returned"),
        **order_desk.context(visit, found),
        **returns.panel(visit, channel=found.channel, external_id=found.external_id),
        **earnings.panel(visit, channel=found.channel, external_id=found.external_id),
        **more,
    }
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "order"
    page_part = more.get("part") or ("orders/order_body.html" if part else "orders/order.html")
    return visit.render(page_part, context, status=status)


def _steps(found: OrderView) -> list[Step]:
    rank = _RANK.get(found.state, -1)
    times: Mapping[str, datetime | None] = {
        **{entry.kind: entry.at for entry in found.timeline},
        "placed": found.placed_at,
        "confirmed": found.confirmed_at,
        "shipped": found.shipped_at,
        "delivered": found.delivered_at,
    }
    made = []
    for place, (name, word, _states) in enumerate(_PATH):
        shape = "did" if place <= rank or (place == 0 and rank >= 0) else ""
        if place == rank + 1:
            shape = "now"
        made.append(Step(word, shape, times.get(name) if shape == "did" else None))
    return made


def _timeline(entries: Sequence[TimelineView], names: Mapping[str, str]) -> list[Happened]:
    made = []
    for entry in reversed(entries):
        word = str(words.TIMELINE.get(entry.kind, entry.kind))
        data = entry.data
        bits = [str(data[name]) for name in ("tracking_no", "text", "sku") if data.get(name)]
        bits += order_desk.told(entry.kind, data)
        if data.get("reason"):
            bits.insert(0, cancel_word(str(data["reason"])))
        if data.get("remote_state"):
            bits.append(remote_word(str(data["remote_state"])))
        if data.get("paper"):
            bits.append(paper.name_of(str(data["paper"]), int(data.get("copy", 1))))
        if data.get("tags"):
            bits.append(", ".join(map(str, data["tags"])))
        who = names.get(entry.actor) or (
            entry.actor.removeprefix("channel:") if entry.actor.startswith("channel:") else gettext("System")
        )
        made.append(Happened(word, " · ".join(bits), who, entry.at, entry.kind == "note"))
    return made


@page("orders.view", methods=("POST",))
def act(visit: Visit, code: str) -> HttpResponse:
    """Take a step. What cannot be done is said on the order's page, and changes nothing."""
    chosen = visit.posted("act", longest=20)
    steps: dict[str, Callable[[], object]] = {
        "confirm": lambda: commands.confirm_order(actor=visit.actor, code=code, now=visit.now),
        "pack": lambda: commands.move_order(actor=visit.actor, code=code, to="packed", now=visit.now),
        "ship": lambda: commands.ship_order(
            actor=visit.actor, code=code, now=visit.now, tracking_no=visit.posted("tracking_no", longest=60)
        ),
        "deliver": lambda: commands.deliver_order(actor=visit.actor, code=code, now=visit.now),
        "complete": lambda: commands.complete_order(actor=visit.actor, code=code, now=visit.now),
        "cancel": lambda: commands.cancel_order(
            actor=visit.actor, code=code, reason=cancel_reason(visit), now=visit.now
        ),
        "return": lambda: commands.request_return(
            actor=visit.actor, code=code, reason=visit.posted("reason_text", longest=200), now=visit.now
        ),
        "receive": lambda: _receive(visit, code),
        "match": lambda: commands.match_line(
            actor=visit.actor,
            code=code,
            line=_int(visit.posted("line")),
            sku=visit.posted("sku", longest=120),
            now=visit.now,
        ),
    }
    desk = order_desk.acts(visit, code)

    def work() -> str:
        if chosen in desk:
            said = desk[chosen]()
        else:
            steps[chosen]()
            said = _said(chosen, code)
        if not visit.is_partial:
            visit.flash(said)
        return f"/orders/{code}/"

    if chosen not in steps and chosen not in desk:
        return visit.redirect(f"/orders/{code}/")
    try:
        return once(visit, work)
    except (Conflict, Invalid) as refused:
        found = queries.get_order(actor=visit.actor, code=code)
        # A part is only put in place by an answer that is no error; what was refused stands in it.
        status = 200 if visit.is_partial else refused.status
        return show(visit, found, status=status, refused=sentences.of(refused), tried=visit.request.POST.dict())


def _int(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 9 else 0


def _receive(visit: Visit, code: str) -> None:
    visit.actor.require("orders.return")
    found = queries.get_order(actor=visit.actor, code=code)
    lines = []
    for line in found.lines:
        units = _int(visit.posted(f"units-{line.line}"))
        if units:
            lines.append(GradedReturn(line.line, units, visit.posted(f"grade-{line.line}") or "resellable"))
    commands.receive_return(actor=visit.actor, code=code, location=visit.posted("location"), lines=lines, now=visit.now)


def _said(chosen: str, code: str) -> str:
    said = {
        "confirm": gettext("{code} is confirmed"),
        "pack": gettext("{code} is packed"),
        "ship": gettext("{code} is handed over"),
        "deliver": gettext("{code} is delivered"),
        "complete": gettext("{code} is completed"),
        "cancel": gettext("{code} is cancelled, its goods are free again"),
        "return": gettext("{code} is coming back"),
        "receive": gettext("Returned goods of {code} are booked"),
        "match": gettext("The line of {code} is matched"),
    }
    return said[chosen].format(code=code)


@page("customers.reveal", methods=("POST",))
def reveal(visit: Visit, code: str) -> HttpResponse:
    """The customer's phone and address in full. That it was looked at is in the audit trail."""
    found = queries.get_order(actor=visit.actor, code=code)
    audit.record_read(
        visit.actor,
        table="orders_salesorder",
        row_id=found.id,
        now=visit.now,
        fields=["customer_phone", "shipping_address"],
    )
    if visit.is_partial:
        return show(visit, found, is_revealed=True, part="orders/buyer.html")
    return show(visit, found, is_revealed=True)
