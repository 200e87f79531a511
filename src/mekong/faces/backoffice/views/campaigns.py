"""Stock set aside on one channel for a time: campaigns of marketplaces, livestreams; how they sell, what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import VariantView
from mekong.faces.backoffice import channel_book, kept_files, sentences, words
from mekong.faces.backoffice.fields import Errors, read_moment, read_number
from mekong.faces.backoffice.marks import Mark, mark
from mekong.faces.backoffice.once import once
from mekong.faces.backoffice.stock_tabs import tabs
from mekong.faces.backoffice.templatetags.mekong import num, when
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation import queries as people
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MekongError
from mekong.inventory import commands, queries
from mekong.inventory.contracts import CampaignLineView, CampaignStepView, CampaignView, WantedLine

TABS: Mapping[str, str | Promise] = {
    "running": _("Running now"), "planned": _("Coming up"), "ended": _("Over"), "": _("All"),
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    campaign: CampaignView
    mark: Mark
    shape: words.Shape
    kind: words.Word


@dataclass(frozen=True)
class Line:
    line: CampaignLineView
    variant: VariantView | None


@dataclass(frozen=True)
class Step:
    title: str
    detail: str
    who: str
    at: datetime


@dataclass
class Typed:
    """A line of the form as it was typed."""

    sku: str = ""
    quantity: str = ""
    listing: str = ""


def _row(campaign: CampaignView, known: Mapping[str, Mark]) -> Row:
    return Row(
        campaign, known.get(campaign.channel) or mark(campaign.channel), words.CAMPAIGN_STATES[campaign.state],
        words.CAMPAIGN_KINDS[campaign.kind],
    )  # fmt: skip


@page("inventory.view")
def campaigns(visit: Visit) -> HttpResponse:
    """Those that run first; or those to come, over, or all."""
    counts = queries.count_campaigns(actor=visit.actor)
    default = "running" if counts.get("running") or not counts else "planned" if counts.get("planned") else ""
    tab = visit.param("tab", default) if "tab" in visit.request.GET else default
    tab = tab if tab in TABS else default
    found, more = queries.list_campaigns(actor=visit.actor, state=tab, cursor=visit.param("cursor"))
    known = channel_book.marks()
    context = {
        "rows": [_row(each, known) for each in found], "next_cursor": more, "tab": tab, "tabs": TABS, "counts": counts,
        "total": sum(counts.values()), "may_set": visit.actor.may("inventory.controls"), "here_tab": "campaigns",
        "stock_tabs": tabs(visit),
    }  # fmt: skip
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "list"
    return visit.render("stock/campaign_list.html" if part else "stock/campaigns.html", context)


# --- one campaign -----------------------------------------------------------------------------------------------------


@page("inventory.view")
def campaign(visit: Visit, code: str) -> HttpResponse:
    """One campaign as it stands."""
    return _show(visit, code)


def _show(visit: Visit, code: str, *, status: int = 200, refused: str = "") -> HttpResponse:
    found = queries.get_campaign(actor=visit.actor, code=code)
    known = catalog.variants_by_id(actor=SYSTEM, ids={line.variant_id for line in found.lines})
    names = people.names_of({found.created_by, *(step.actor for step in found.steps)})
    context = {
        "row": _row(found, channel_book.marks()), "campaign": found,
        "lines": [Line(line, known.get(line.variant_id)) for line in found.lines],
        "steps": [_step(step, names) for step in reversed(found.steps)],
        "places": {each.code: each for each in queries.list_locations(actor=SYSTEM)},
        "is_open": found.state in ("planned", "running"),
        "may_set": visit.actor.may("inventory.controls"), "refused": refused,
    }  # fmt: skip
    part = visit.is_partial and visit.request.headers.get("HX-Target") == "campaign"
    return visit.render("stock/campaign_body.html" if part else "stock/campaign.html", context, status=status)


def _step(step: CampaignStepView, names: Mapping[str, str]) -> Step:
    said = {name: int(str(value)) for name, value in step.params.items() if str(value).isdigit()}
    title, detail = _told(step, said)
    return Step(title, detail, names.get(step.actor) or gettext("System"), step.at)


def _told(step: CampaignStepView, said: Mapping[str, int]) -> tuple[str, str]:
    units = num(said.get("units", 0))
    match step.what:
        case "planned":
            n = said.get("lines", 0)
            lines = ngettext("{n} line, {units} units", "{n} lines, {units} units", n).format(n=num(n), units=units)
            return gettext("Planned"), lines
        case "started":
            short = said.get("short", 0)
            detail = gettext("{units} units set aside").format(units=units)
            if short:
                detail += ", " + ngettext("{n} line short", "{n} lines short", short).format(n=num(short))
            return gettext("Begun"), detail
        case "tried":
            return gettext("Set aside later"), gettext("{units} units set aside").format(units=units)
        case "extended":
            until = datetime.fromisoformat(str(step.params["ends_at"]))
            return gettext("End moved to {when}").format(when=when(until)), ""
        case "cancelled":
            late = gettext("Nobody began it in time.") if step.params.get("is_late") else ""
            return gettext("Cancelled"), late
        case _:
            text = gettext("{sold} sold, {returned} back in the pool")
            detail = text.format(sold=num(said.get("sold", 0)), returned=num(said.get("returned", 0)))
            return gettext("Ended early") if step.params.get("is_early") else gettext("Ended"), detail


@page("inventory.controls", methods=("POST",))
def act(visit: Visit, code: str) -> HttpResponse:
    """End it, move its end, or try a line again."""
    errors = Errors()
    try:
        said = _do(visit, code, visit.posted("act", longest=20), errors)
    except MekongError as refused:
        return _show(visit, code, status=refused.status, refused=sentences.of(refused))
    if errors:
        return _show(visit, code, status=422, refused=next(iter(errors.by_field.values())))
    if said:
        visit.flash(said)
    return visit.redirect(f"/stock/campaigns/{code}/")


def _do(visit: Visit, code: str, chosen: str, errors: Errors) -> str:
    actor, now = visit.actor, visit.now
    if chosen == "end":
        ended = commands.end_campaign(actor=actor, code=code, now=now)
        if ended.state == "cancelled":
            return gettext("The campaign is cancelled")
        text = gettext("The campaign has ended: {sold} sold, {returned} back in the pool")
        return text.format(sold=num(ended.sold), returned=num(ended.returned))
    if chosen == "extend":
        until = read_moment(errors, "ends_at", visit.posted("ends_at", longest=30))
        if until is None:
            errors.add("ends_at", gettext("Choose the new end."))
            return ""
        commands.extend_campaign(actor=actor, code=code, ends_at=until, now=now)
        return gettext("The end is moved to {when}").format(when=when(until))
    if chosen == "try":
        position = read_number(errors, "position", visit.posted("position", longest=6))
        quantity = read_number(errors, "quantity", visit.posted("quantity", longest=14), least=1, most=10**9)
        if errors:
            return ""
        commands.try_campaign_line(actor=actor, code=code, position=position, quantity=quantity, now=now)
        return gettext("{units} units set aside").format(units=num(quantity))
    return ""


# --- a new one --------------------------------------------------------------------------------------------------------


@page("inventory.controls", methods=("GET", "HEAD", "POST"))
def plan(visit: Visit) -> HttpResponse:
    """Which units, on which channel, from when to when. Lines may come from a spreadsheet."""
    form = {name: visit.posted(name, longest=120) for name in ("name", "channel", "kind", "starts_at", "ends_at")}
    form["kind"] = form["kind"] or visit.param("kind", "campaign")
    lines, errors = [Typed(sku=visit.param("sku"))], Errors()
    if visit.is_post:
        lines = _typed(visit)
        if visit.posted("act") == "file":
            lines = _from_file(visit, errors, lines)
        else:
            begins, ends, wanted = _read(visit, errors, form, lines)
            if not errors and ends is not None:
                try:
                    return _plan(visit, form, begins, ends, wanted)
                except MekongError as refused:
                    _blame(errors, refused, lines)
    known = channel_book.marks()
    context = {
        "form": form, "lines": lines, "errors": errors, "kinds": words.CAMPAIGN_KINDS,
        "channels": sorted(known.values(), key=lambda each: each.place),
    }  # fmt: skip
    return visit.render("stock/campaign_form.html", context, status=422 if errors else 200)


def _typed(visit: Visit) -> list[Typed]:
    columns = [visit.request.POST.getlist(name)[:1001] for name in ("sku", "quantity", "listing")]
    length = max(map(len, columns), default=0)
    rows = [
        [(column[at] if at < len(column) else "")[:120].replace("\x00", "").strip() for column in columns]
        for at in range(length)
    ]
    return [Typed(*row) for row in rows if any(row)] or [Typed()]


def _from_file(visit: Visit, errors: Errors, lines: list[Typed]) -> list[Typed]:
    """What stands in the form, with the lines of the file that was sent added."""
    try:
        _key, path, _name = kept_files.keep(visit)
        read = commands.read_campaign_file(actor=visit.actor, file=path)
    except kept_files.NoFile as refused:
        errors.add("file", str(refused))
        return lines
    except MekongError as refused:
        errors.add("file", sentences.without_field(refused))
        return lines
    return [*(line for line in lines if line != Typed()), *(Typed(*row) for row in read)] or [Typed()]


def _read(
    visit: Visit, errors: Errors, form: dict[str, str], lines: Sequence[Typed]
) -> tuple[datetime | None, datetime | None, list[WantedLine]]:
    if not form["name"]:
        errors.add("name", gettext("Give it a name."))
    if form["channel"] not in channel_book.marks():
        errors.add("channel", gettext("Choose a channel."))
    begins = read_moment(errors, "starts_at", form["starts_at"])
    ends = read_moment(errors, "ends_at", form["ends_at"])
    if ends is None:
        errors.add("ends_at", gettext("Choose when it ends."))
    known = catalog.variants_by_sku(actor=visit.actor, skus=[line.sku for line in lines if line.sku])
    wanted = []
    for at, line in enumerate(lines):
        variant = known.get(line.sku)
        if variant is None:
            errors.add(f"sku-{at}", gettext("There is no SKU “{sku}”. Choose one from the list.").format(sku=line.sku))
            continue
        if variant.is_bundle:
            errors.add(f"sku-{at}", gettext("{sku} is a bundle: set its parts aside.").format(sku=line.sku))
            continue
        units = read_number(errors, f"quantity-{at}", line.quantity, least=1, most=10**9)
        wanted.append(WantedLine(variant.id, units, line.listing))
    return begins, ends, wanted


def _plan(
    visit: Visit, form: dict[str, str], begins: datetime | None, ends: datetime, wanted: Sequence[WantedLine]
) -> HttpResponse:
    said: list[str] = []

    def work() -> str:
        made = commands.plan_campaign(
            actor=visit.actor, channel=form["channel"], name=form["name"], kind=form["kind"], lines=wanted,
            starts_at=begins, ends_at=ends, now=visit.now,
        )  # fmt: skip
        if made.state == "planned":
            said.append(gettext("Planned. The units are set aside when it begins."))
        else:
            said.append(gettext("{units} units set aside").format(units=num(made.set_aside)))
        if made.short:
            said.append(ngettext("{n} line short", "{n} lines short", made.short).format(n=num(made.short)))
        return f"/stock/campaigns/{made.code}/"

    answer = once(visit, work)
    if said:
        visit.flash(", ".join(said))
    return answer


def _blame(errors: Errors, refused: MekongError, lines: Sequence[Typed]) -> None:
    """Put a refusal beside the lines it names."""
    short = {str(each["sku"]): int(each["available"]) for each in refused.params.get("lines", ())}
    if short:
        for at, line in enumerate(lines):
            if line.sku in short:
                text = gettext("Only {free} are free.").format(free=num(short[line.sku]))
                errors.add(f"quantity-{at}", text)
        errors.whole = gettext("Nothing was set aside: no line has enough free units.")
        return
    names = {f"lines[{at}].{name}": f"{name}-{at}" for at in range(len(lines)) for name in ("quantity", "listing")}
    errors.take(refused, names | {f"lines[{at}]": f"sku-{at}" for at in range(len(lines))})
