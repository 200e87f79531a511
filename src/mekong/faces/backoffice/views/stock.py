"""Stock: levels, low stock, adjustments, and the rules of what channels may sell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import VariantView
from mekong.channels import queries as channels
from mekong.faces.backoffice import channel_book, words
from mekong.faces.backoffice.fields import Errors, read_date, read_number
from mekong.faces.backoffice.once import once
from mekong.faces.backoffice.stock_tabs import tabs
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.errors import MekongError
from mekong.foundation.paging import decode_cursor, encode_cursor
from mekong.inventory import commands, queries
from mekong.inventory.contracts import AdjustmentLine, LevelView, LotView

PER_PAGE = 50
REASONS = ("receipt", "opening", "count", "adjustment", "scrap", "internal_use")
TAKING = ("scrap", "internal_use")
"""Reasons that only take away: their quantities are typed without a sign."""


@dataclass
class Row:
    """A variant with its levels by location code."""

    variant: VariantView
    levels: dict[str, LevelView] = field(default_factory=dict)

    @property
    def on_hand(self) -> int:
        return sum(each.on_hand for each in self.levels.values())

    @property
    def reserved(self) -> int:
        return sum(each.reserved for each in self.levels.values())

    @property
    def free(self) -> int:
        return self.on_hand - self.reserved


@page("inventory.view")
def stock(visit: Visit) -> HttpResponse:
    """Levels by SKU and location, or lots by expiry."""
    view = visit.param("view", "levels")
    if view == "low":
        return visit.redirect("/stock/low/")
    places = queries.list_locations(actor=visit.actor)
    location = visit.param("location")
    context: dict[str, Any] = {
        "view": view, "places": places, "location": location, "q": visit.param("q"),
        "shown_places": [place for place in places if not location or place.code == location],
        "may_adjust": visit.actor.may("inventory.adjust") or visit.actor.may("inventory.receive"),
        "by_code": {place.code: place for place in places},
        "stock_tabs": tabs(visit), "here_tab": "lots" if view == "lots" else "levels",
    }  # fmt: skip
    if view == "lots":
        context["lots"] = _lots(visit, context["q"])
    else:
        context["rows"], context["next_cursor"] = _levels(visit, context["q"], location)
        context["most"] = max((row.on_hand for row in context["rows"]), default=0)
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "list"
    return visit.render("stock/list.html" if part else "stock/index.html", context)


def _levels(visit: Visit, text: str, location: str) -> tuple[list[Row], str | None]:
    if text:
        variants = catalog.search_variants(actor=visit.actor, text=text, limit=PER_PAGE).variants
        rows = {each.id: Row(each) for each in variants if not each.is_bundle}
        for level in queries.levels(actor=visit.actor, variant_ids=list(rows), location=location, limit=10_000):
            rows[level.variant_id].levels[level.location_code] = level
        return list(rows.values()), None
    cursor = visit.param("cursor")
    after = decode_cursor(cursor, tuple[int, int]) if cursor else (0, 0)
    found = queries.levels(actor=visit.actor, location=location, after=after, limit=PER_PAGE * 6)
    by_variant: dict[int, list[LevelView]] = {}
    for level in found:
        by_variant.setdefault(level.variant_id, []).append(level)
    ids = list(by_variant)[:PER_PAGE]
    if len(by_variant) > PER_PAGE or len(found) == PER_PAGE * 6:
        # The last variant may go on in the next page's first rows: it is shown there whole.
        ids = ids[:PER_PAGE] if len(by_variant) > PER_PAGE else ids[:-1] or ids
        last = by_variant[ids[-1]][-1]
        more: str | None = encode_cursor(last.variant_id, last.location_id)
    else:
        more = None
    known = catalog.variants_by_id(actor=visit.actor, ids=ids)
    return [
        Row(known[each], {level.location_code: level for level in by_variant[each]}) for each in ids if each in known
    ], more


def _lots(visit: Visit, text: str) -> list[tuple[VariantView, LotView]]:
    found = catalog.search_variants(actor=visit.actor, text=text, limit=20).variants if text else ()
    return [
        (variant, lot)
        for variant in found
        if variant.tracks_lots
        for lot in queries.list_lots(actor=visit.actor, variant_id=variant.id)
    ]


# --- adjustments ------------------------------------------------------------------------------------------------------


@dataclass
class Typed:
    """A line of the form as it was typed."""

    sku: str = ""
    quantity: str = ""
    lot: str = ""
    expires: str = ""


@page(methods=("GET", "HEAD", "POST"))
def adjust(visit: Visit) -> HttpResponse:
    """Change what stands at a place, for a reason. Taking back is the opposite change, and is offered at once."""
    if not visit.actor.may("inventory.adjust"):
        visit.actor.require("inventory.receive")
    form = {
        "location": visit.posted("location") or visit.param("location"),
        "reason": visit.posted("reason") or visit.param("reason", "receipt"),
        "note": visit.posted("note", longest=300),
    }
    lines, errors = [Typed(sku=visit.param("sku"))], Errors()
    if visit.is_post:
        lines = _typed(visit)
        wanted = _read(visit, errors, form, lines)
        if not errors:
            try:
                return _adjust(visit, form, wanted)
            except MekongError as refused:
                names = {
                    f"lines[{at}].{name}": f"{name}-{at}" for at in range(len(lines)) for name in ("quantity", "lot")
                }
                errors.take(refused, names)
    context = {
        "form": form, "lines": lines, "errors": errors, "reasons": {code: words.REASONS[code] for code in REASONS},
        "places": queries.list_locations(actor=visit.actor), "may_file": visit.actor.may("inventory.adjust"),
    }  # fmt: skip
    return visit.render("stock/adjust.html", context, status=422 if errors else 200)


def _typed(visit: Visit) -> list[Typed]:
    columns = [visit.request.POST.getlist(name)[:500] for name in ("sku", "quantity", "lot", "expires")]
    length = max(map(len, columns), default=0)
    rows = [[(column[at] if at < len(column) else "")[:200].strip() for column in columns] for at in range(length)]
    return [Typed(*row) for row in rows if any(row)] or [Typed()]


def _read(visit: Visit, errors: Errors, form: dict[str, str], lines: list[Typed]) -> list[AdjustmentLine]:
    if not form["location"]:
        errors.add("location", gettext("Choose where."))
    if form["reason"] not in REASONS:
        errors.add("reason", gettext("Choose a reason."))
    known = catalog.variants_by_sku(actor=visit.actor, skus=[line.sku for line in lines if line.sku])
    wanted = []
    for at, line in enumerate(lines):
        variant = known.get(line.sku)
        if variant is None:
            errors.add(f"sku-{at}", gettext("There is no SKU “{sku}”. Choose one from the list.").format(sku=line.sku))
            continue
        if variant.is_bundle:
            errors.add(f"sku-{at}", gettext("{sku} is a bundle: adjust its parts.").format(sku=line.sku))
            continue
        least = -(10**9) if form["reason"] in ("count", "adjustment") else 1
        number = read_number(errors, f"quantity-{at}", line.quantity, least=least, most=10**9)
        if number == 0:
            errors.add(f"quantity-{at}", gettext("0 changes nothing. Give the difference."))
        sign = -1 if form["reason"] in TAKING else 1
        expires = read_date(errors, f"expires-{at}", line.expires)
        wanted.append(AdjustmentLine(variant.id, sign * number, lot=line.lot, expires_on=expires))
    return wanted


def _adjust(visit: Visit, form: dict[str, str], wanted: Sequence[AdjustmentLine]) -> HttpResponse:
    units = sum(line.quantity for line in wanted)

    def work() -> str:
        asked = commands.request_adjustment(
            actor=visit.actor, location=form["location"], reason=form["reason"], lines=wanted, now=visit.now,
            note=form["note"],
        )  # fmt: skip
        if asked.waiting is not None:
            return f"{_WAITING}{asked.waiting.code}/"
        only = {line.variant_id for line in wanted}
        known = catalog.variants_by_id(actor=visit.actor, ids=only)
        return f"/stock/{known[next(iter(only))].sku}/" if len(only) == 1 else "/stock/"

    answer = once(visit, work)
    if answer.headers["Location"].startswith(_WAITING):
        code = answer.headers["Location"].removeprefix(_WAITING).strip("/")
        visit.flash(
            gettext("{code} is above the limit and waits for approval. Nothing has changed yet.").format(code=code)
        )
        return answer
    undo = None
    if visit.actor.may("inventory.adjust"):
        taken = ",".join(f"{line.variant_id}:{-line.quantity}:{line.lot}" for line in wanted)
        undo = (
            "/stock/adjust/undo/",
            {"location": form["location"], "lines": taken, "once": f"undo{visit.posted('once')}"},
        )
    text = gettext("Stock at {place} changed by {units}").format(
        place=form["location"], units=f"{'+' if units > 0 else chr(0x2212) if units < 0 else ''}{abs(units)}"
    )
    visit.flash(text, undo=undo)
    return answer


_WAITING = "/stock/adjustments/"


@page("inventory.adjust", methods=("POST",))
def undo_adjust(visit: Visit) -> HttpResponse:
    """The opposite of an adjustment; both stay in the ledger."""
    lines = []
    for part in visit.posted("lines").split(","):
        variant, _, rest = part.partition(":")
        units, _, lot = rest.partition(":")
        if variant.isdigit() and units.lstrip("-").isdigit():
            lines.append(AdjustmentLine(int(variant), int(units), lot=lot))

    def work() -> str:
        commands.adjust_stock(
            actor=visit.actor, location=visit.posted("location"), reason="adjustment", lines=lines, now=visit.now,
            note=gettext("Taken back"),
        )  # fmt: skip
        return "/stock/"

    answer = once(visit, work)
    visit.flash(gettext("Taken back"))
    return answer


# --- controls ---------------------------------------------------------------------------------------------------------

SCOPED = ("channel", "sku", "category", "listing", "exclusion")
KINDS = ("buffer", "share", "cap", "slice", "floor", "pool")


@page("inventory.view", methods=("GET", "HEAD", "POST"))
def controls(visit: Visit) -> HttpResponse:
    """The rules in the order in which they are asked, and a form for one more."""
    errors, form = (
        Errors(),
        {"channel": visit.param("channel"), "scope": "channel", "kind": "buffer", "target": "", "amount": ""},
    )
    if visit.is_post:
        form = {name: visit.posted(name, longest=120) for name in form}
        if form["scope"] == "exclusion":
            form["kind"] = "exclude"
        amount = 0 if form["kind"] in ("exclude", "pool") else read_number(errors, "amount", form["amount"], most=10**9)
        if not form["channel"]:
            errors.add("channel", gettext("Choose a channel."))
        _check_target(visit, errors, form)
        if not errors:
            try:
                return _set_control(visit, form, amount)
            except MekongError as refused:
                errors.take(refused)
    marks = channel_book.marks()
    context = {
        "controls": queries.list_controls(actor=visit.actor, channel=visit.param("channel")), "marks": marks,
        "kinds": words.CONTROL_KINDS, "scopes": words.CONTROL_SCOPES, "form": form, "errors": errors,
        "channels": sorted(marks.values(), key=lambda mark: mark.place), "choices": KINDS, "scoped": SCOPED,
        "may_set": visit.actor.may("inventory.controls"), "channel": visit.param("channel"),
        "categories": catalog.list_categories(actor=visit.actor),
    }  # fmt: skip
    return visit.render("stock/controls.html", context, status=422 if errors else 200)


def _check_target(visit: Visit, errors: Errors, form: dict[str, str]) -> None:
    target = form["target"]
    if form["scope"] == "sku" and target and not catalog.variants_by_sku(actor=visit.actor, skus=[target]):
        errors.add("target", gettext("There is no SKU “{sku}”. Choose one from the list.").format(sku=target))
    known = {each.code for each in catalog.list_categories(actor=visit.actor)}
    if form["scope"] == "category" and target and target not in known:
        errors.add("target", gettext("There is no category with the code “{code}”.").format(code=target))


def _set_control(visit: Visit, form: dict[str, str], amount: int) -> HttpResponse:
    def work() -> str:
        commands.set_control(
            actor=visit.actor, channel=form["channel"], scope=form["scope"], kind=form["kind"], target=form["target"],
            amount=amount * 100 if form["kind"] == "share" else amount,
        )  # fmt: skip
        return "/stock/controls/"

    answer = once(visit, work)
    visit.flash(gettext("The rule holds from now on"))
    return answer


@page("inventory.controls", methods=("POST",))
def remove_control(visit: Visit, uid: UUID) -> HttpResponse:
    """Take a rule away; its units return to the pool."""
    gone = next((each for each in queries.list_controls(actor=visit.actor) if each.uid == uid), None)
    commands.remove_control(actor=visit.actor, control_id=uid)
    undo = None
    if gone is not None:
        amount = gone.amount // 100 if gone.kind == "share" else gone.amount
        fields = {"channel": gone.channel, "scope": gone.scope, "kind": gone.kind, "target": gone.target}
        undo = ("/stock/controls/", {**fields, "amount": str(amount)})
    visit.flash(gettext("The rule is removed"), undo=undo)
    return visit.redirect("/stock/controls/")


def channel_codes(visit: Visit) -> Iterable[str]:
    """Channels in use that this person may see."""
    if not visit.actor.may("channels.view"):
        return []
    return [each.code for each in channels.list_channels(actor=visit.actor) if each.is_active]
