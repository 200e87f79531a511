"""The stock card: what can be sold and why, where it stands, and every movement with the balance after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import VariantView
from mekong.channels import queries as channels
from mekong.faces.backoffice import channel_book, charts, words
from mekong.faces.backoffice.fields import Errors, read_number
from mekong.faces.backoffice.marks import Mark
from mekong.faces.backoffice.templatetags.mekong import num, percent
from mekong.faces.backoffice.views.stock import channel_codes
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation import queries as people
from mekong.inventory import commands, queries
from mekong.inventory.contracts import Availability, ControlView, MovementView

PER_PAGE = 50
CHART_DAYS = 35
_CHART_MOVEMENTS = 2000


@dataclass(frozen=True)
class OnChannel:
    """What one channel may sell, and the reason in one line."""

    mark: Mark
    quantity: int
    kept_back: int
    why: str
    shown: int | None
    state: str


@dataclass(frozen=True)
class LedgerLine:
    """A movement with who did it."""

    movement: MovementView
    who: str
    mark: Mark | None


@page("inventory.view")
def card(visit: Visit, sku: str) -> HttpResponse:
    """One SKU. A bundle has no stock of its own: its parts are named instead."""
    product = catalog.get_product(actor=visit.actor, sku=sku)
    variant = next((each for each in product.variants if each.sku.casefold() == sku.casefold()), product.variants[0])
    location = visit.param("location")
    levels = queries.levels(actor=visit.actor, variant_ids=[variant.id], limit=1000)
    found = queries.stock_card(
        actor=visit.actor, variant_id=variant.id, location=location, before=_before(visit), limit=PER_PAGE + 1
    )
    on_channels = _on_channels(visit, variant)
    on_hand, reserved = sum(each.on_hand for each in levels), sum(each.reserved for each in levels)
    kept = min((each.kept_back for each in on_channels), default=0)
    places = {each.code: each for each in queries.list_locations(actor=visit.actor)}
    context = {
        "product": product,
        "variant": variant,
        "levels": levels,
        "places": places,
        "location": location,
        "on_hand": on_hand,
        "reserved": reserved,
        "free": on_hand - reserved,
        "kept": kept,
        "days": _by_day(found[:PER_PAGE]),
        "before": found[PER_PAGE - 1].id if len(found) > PER_PAGE else None,
        "chart": _chart(visit, variant, location),
        "chart_days": CHART_DAYS,
        "channels": on_channels,
        "lots": queries.list_lots(actor=visit.actor, variant_id=variant.id) if variant.tracks_lots else [],
        "parts": product.parts,
        "may_adjust": visit.actor.may("inventory.adjust") or visit.actor.may("inventory.receive"),
        "low": {
            each.location_code: each
            for each in queries.list_low_stock(actor=visit.actor, limit=5000)
            if each.variant_id == variant.id
        },
        "agrees": not location and bool(found) and _before(visit) is None and found[0].balance == on_hand,
    }
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "card"
    return visit.render("stock/card_body.html" if part else "stock/card.html", context)


def _before(visit: Visit) -> int | None:
    text = visit.param("before")
    return int(text) if text.isdigit() and len(text) < 18 else None


def _on_channels(visit: Visit, variant: VariantView) -> list[OnChannel]:
    codes = list(channel_codes(visit))
    known = channel_book.marks(codes)
    answers = queries.availability_on({code: {variant.id: ""} for code in codes})
    controls = queries.list_controls(actor=visit.actor)
    shown: dict[str, tuple[int | None, str]] = {}
    if visit.actor.may("channels.view"):
        for listing in channels.listings_of(actor=visit.actor, variant_ids=[variant.id]):
            shown[listing.channel] = (listing.acknowledged, listing.state)
    made = [
        OnChannel(known[code], answer.quantity, answer.kept_back, _why(answer, controls), *shown.get(code, (None, "")))
        for (code, _), answer in answers.items()
    ]
    return sorted(made, key=lambda each: each.mark.place)


def _why(answer: Availability, controls: Sequence[ControlView]) -> str:
    """“14 on hand − 3 held − 1 buffer”, in the reader's words."""
    text = gettext("{on_hand} on hand − {held} held").format(on_hand=num(answer.on_hand), held=num(answer.reserved))
    if answer.aside:
        text += " + " + gettext("{units} set aside for it").format(units=num(answer.aside))
    if answer.rule == "pool":
        return text
    word, _ = words.CONTROL_KINDS.get(answer.rule, (answer.rule, ""))
    rule = next((each for each in controls if each.channel == answer.channel and each.kind == answer.rule), None)
    if rule is None or answer.rule == "exclude":
        return f"{text} · {word}"
    size = percent(rule.amount) if answer.rule == "share" else num(rule.amount)
    return f"{text} · {word} {size}"


def _by_day(movements: Sequence[MovementView]) -> list[tuple[date, list[LedgerLine]]]:
    names = people.names_of({each.actor for each in movements})
    known = channel_book.marks()
    lines = [
        LedgerLine(
            each,
            _who(each.actor, names),
            known.get(each.actor.removeprefix("channel:")) if each.actor.startswith("channel:") else None,
        )
        for each in movements
    ]
    return [
        (day, list(group))
        for day, group in groupby(lines, lambda line: timezone.localtime(line.movement.occurred_at).date())
    ]


def _who(ref: str, names: dict[str, str]) -> str:
    if ref.startswith("channel:"):
        return ref.removeprefix("channel:")
    return names.get(ref) or gettext("System")


def _chart(visit: Visit, variant: VariantView, location: str) -> charts.Steps | None:
    found = queries.stock_card(actor=visit.actor, variant_id=variant.id, location=location, limit=_CHART_MOVEMENTS)
    if not found:
        return None
    start = visit.now - timedelta(days=CHART_DAYS)
    within = [each for each in reversed(found) if each.occurred_at > start]
    first = next((each.balance for each in found if each.occurred_at <= start), None)
    if first is None:
        first = within[0].balance - within[0].change if within else 0
    points = [(start, first), *((each.occurred_at, each.balance) for each in within)]
    return charts.steps(points, start=start, end=visit.now)


@page("inventory.adjust", methods=("POST",))
def reorder_level(visit: Visit, sku: str) -> HttpResponse:
    """When stock of a SKU counts as low at a place."""
    variant = catalog.variants_by_sku(actor=visit.actor, skus=[sku]).get(sku)
    if variant is None:
        return visit.redirect("/stock/")
    errors = Errors()
    least = read_number(errors, "min", visit.posted("min"), most=10**9)
    most = read_number(errors, "max", visit.posted("max"), most=10**9) if visit.posted("max") else None
    if errors:
        visit.flash(next(iter(errors.by_field.values())), tone="bad")
        return visit.redirect(f"/stock/{sku}/")
    commands.set_reorder_level(
        actor=visit.actor, variant_id=variant.id, location=visit.posted("location"), min_qty=least, max_qty=most
    )
    visit.flash(gettext("Counts as low from {units} down").format(units=num(least)))
    return visit.redirect(f"/stock/{sku}/")
