"""Settings of membership: tiers, and the rules by which points are earned and spent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from mekong.faces.backoffice import channel_book
from mekong.faces.backoffice import member_words as words
from mekong.faces.backoffice.fields import Errors, read_date, read_number
from mekong.faces.backoffice.templatetags.mekong import num
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.errors import MekongError
from mekong.foundation.text import fold
from mekong.loyalty import commands, queries
from mekong.loyalty.contracts import BurnRuleView, EarnRuleView, ProgrammeView, TierView

MOST_ROWS = 60
_BLANK = 2
"""Empty rows below those there are, to add more."""


@dataclass
class Row:
    """A line of a form: its cells as typed, and what is wrong with each."""

    n: int
    cells: Mapping[str, Any]
    why: dict[str, str] = field(default_factory=dict)


@page("loyalty.manage", methods=("GET", "HEAD", "POST"))
def membership(visit: Visit) -> HttpResponse:
    """The programme, in three forms that are saved on their own."""
    found = queries.get_programme(actor=visit.actor)
    act, errors = visit.posted("act", longest=20) if visit.is_post else "", Errors()
    save = {"tiers": _save_tiers, "earn": _save_earn, "burn": _save_burn, "start": _start}.get(act)
    kept: list[int] = []
    if save is not None:
        try:
            save(visit, errors, kept)
        except MekongError as refused:
            errors.take(refused, _names(act, kept))
        if not errors:
            visit.flash(gettext("Saved"))
            return visit.redirect("/settings/membership/")
    rows = {
        "tiers": _rows(visit, "tiers", act, errors, [_tier_cells(each) for each in found.tiers]),
        "earn": _rows(visit, "earn", act, errors, [_earn_cells(each) for each in found.earn_rules]),
        "burn": _rows(visit, "burn", act, errors, [_burn_cells(each) for each in found.burn_rules]),
    }
    codes = sorted(({each.channel for each in found.earn_rules} | {each.channel for each in found.burn_rules}) - {""})
    marks = sorted(channel_book.marks(codes).values(), key=lambda mark: mark.place)
    context = {
        "rows": rows, "errors": errors, "act": act, "form": _head(visit, act, found), "channels": marks,
        "bases": words.BASES, "downgrades": words.DOWNGRADES, "today": timezone.localdate(visit.now).isoformat(),
        "is_new": not (found.tiers or found.earn_rules or found.burn_rules), "currency": found.currency,
    }  # fmt: skip
    return visit.render("settings/membership.html", context, status=422 if errors else 200)


def _head(visit: Visit, act: str, found: ProgrammeView) -> dict[str, str]:
    names = ("basis", "window_months", "downgrade", "grace_days")
    if act == "tiers":
        return {name: visit.posted(name, longest=20) for name in names}
    return {name: str(getattr(found, name)) for name in names}


FIELDS: Mapping[str, tuple[str, ...]] = {
    "tiers": ("code", "name", "threshold", "multiplier", "price_group", "validity_months"),
    "earn": (
        "channel",
        "spend_minor",
        "points",
        "validity_months",
        "starts_on",
        "ends_on",
        "counts_shipping",
        "counts_tax",
    ),
    "burn": ("channel", "point_value_minor", "min_points", "step", "max_share", "starts_on", "ends_on"),
}
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "tiers": ("name", "threshold"), "earn": ("spend_minor", "points"), "burn": ("point_value_minor",),
}  # fmt: skip
"""A row where all of these are empty is none."""


def _typed(visit: Visit, kind: str) -> list[tuple[int, dict[str, str]]]:
    found = []
    for n in range(MOST_ROWS):
        if f"{kind}-{n}-{FIELDS[kind][1]}" not in visit.request.POST:
            break
        found.append((n, {name: visit.posted(f"{kind}-{n}-{name}", longest=120) for name in FIELDS[kind]}))
    return found


def _rows(visit: Visit, kind: str, act: str, errors: Errors, known: list[dict[str, Any]]) -> list[Row]:
    """What was typed, where it is this form that was sent; else what is kept, and empty rows to add to it."""
    if act == kind:
        return [
            Row(n, cells, {name: errors.by_field.get(f"{kind}-{n}-{name}", "") for name in FIELDS[kind]})
            for n, cells in _typed(visit, kind)
        ]
    return [Row(n, cells) for n, cells in enumerate([*known, *({} for _ in range(_BLANK))])]


def _names(act: str, kept: list[int]) -> dict[str, str]:
    """The command's fields to the form's: a row that was left empty counts for none there."""
    of = {"tiers": "tiers", "earn": "earn_rules", "burn": "burn_rules"}.get(act, "")
    renamed = {"multiplier_bp": "multiplier", "max_share_bp": "max_share"}
    told = {
        f"{of}[{place}].{name}": f"{act}-{n}-{renamed.get(name, name)}"
        for place, n in enumerate(kept)
        for name in (*FIELDS.get(act, ()), "multiplier_bp", "max_share_bp")
    }
    return {**told, **{f"{of}[{place}].code": f"{act}-{n}-name" for place, n in enumerate(kept)}}


def _filled(visit: Visit, kind: str) -> list[tuple[int, dict[str, str]]]:
    return [(n, cells) for n, cells in _typed(visit, kind) if any(cells[name] for name in _NEEDED[kind])]


@dataclass
class _Reader:
    """Numbers and days of one row; what is wrong is noted beside its cell."""

    errors: Errors
    kind: str
    n: int
    cells: Mapping[str, str]

    def number(self, name: str, default: int | None = None) -> int:
        if not self.cells[name] and default is not None:
            return default
        return read_number(self.errors, f"{self.kind}-{self.n}-{name}", self.cells[name])

    def optional(self, name: str) -> int | None:
        return self.number(name) if self.cells[name] else None

    def percent(self, name: str) -> int:
        """Hundredths of a percent, from a figure such as `112,5`; 100 % where nothing is typed."""
        text = self.cells[name].removesuffix("%").strip() or "100"
        found = re.fullmatch(r"(\d{1,4})(?:[.,](\d{1,2}))?", text)
        if found is None:
            self.errors.add(f"{self.kind}-{self.n}-{name}", gettext("A percentage belongs here, such as 100 or 112,5."))
            return 0
        return int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))

    def day(self, name: str) -> date | None:
        return read_date(self.errors, f"{self.kind}-{self.n}-{name}", self.cells[name])


def _save_tiers(visit: Visit, errors: Errors, kept: list[int]) -> None:
    tiers: list[TierView] = []
    for n, cells in _filled(visit, "tiers"):
        kept.append(n)
        read = _Reader(errors, "tiers", n, cells)
        code = cells["code"] or "-".join(fold(cells["name"]).split())[:30] or f"tier-{n}"
        tiers.append(
            TierView(
                code, cells["name"], len(tiers), read.number("threshold", 0), read.percent("multiplier"),
                cells["price_group"], read.optional("validity_months"),
            )
        )  # fmt: skip
    window = read_number(errors, "window_months", visit.posted("window_months", longest=20))
    grace = read_number(errors, "grace_days", visit.posted("grace_days", longest=20))
    if not errors:
        commands.set_tiers(
            actor=visit.actor, tiers=tiers, basis=visit.posted("basis", longest=20), window_months=window,
            downgrade=visit.posted("downgrade", longest=20), grace_days=grace,
        )  # fmt: skip


def _save_earn(visit: Visit, errors: Errors, kept: list[int]) -> None:
    rules: list[EarnRuleView] = []
    for n, cells in _filled(visit, "earn"):
        kept.append(n)
        read = _Reader(errors, "earn", n, cells)
        rules.append(
            EarnRuleView(
                cells["channel"], read.number("spend_minor"), read.number("points"),
                read.day("starts_on") or timezone.localdate(visit.now), read.day("ends_on"), read.optional("validity_months"),
                bool(cells["counts_shipping"]), bool(cells["counts_tax"]),
            )
        )  # fmt: skip
    if not errors:
        commands.set_earn_rules(actor=visit.actor, rules_of=rules)


def _save_burn(visit: Visit, errors: Errors, kept: list[int]) -> None:
    rules: list[BurnRuleView] = []
    for n, cells in _filled(visit, "burn"):
        kept.append(n)
        read = _Reader(errors, "burn", n, cells)
        rules.append(
            BurnRuleView(
                cells["channel"], read.number("point_value_minor"), read.day("starts_on") or timezone.localdate(visit.now),
                read.day("ends_on"), read.number("min_points", 1), read.number("step", 1),
                read.percent("max_share"),
            )
        )  # fmt: skip
    if not errors:
        commands.set_burn_rules(actor=visit.actor, rules_of=rules)


def _start(visit: Visit, errors: Errors, kept: list[int]) -> None:  # noqa: ARG001 - the form of every save
    commands.start_programme(actor=visit.actor, now=visit.now)


def _percent(rate_bp: int) -> str:
    """10000 is `100`, 11250 is `112,5`."""
    return f"{rate_bp // 100},{rate_bp % 100:02d}".rstrip("0").rstrip(",") if rate_bp % 100 else str(rate_bp // 100)


def _tier_cells(tier: TierView) -> dict[str, Any]:
    return {
        "code": tier.code, "name": tier.name, "threshold": num(tier.threshold), "multiplier": _percent(tier.multiplier_bp),
        "price_group": tier.price_group, "validity_months": tier.validity_months,
    }  # fmt: skip


def _earn_cells(rule: EarnRuleView) -> dict[str, Any]:
    return {
        **vars(rule),
        "spend_minor": num(rule.spend_minor),
        "starts_on": rule.starts_on.isoformat(),
        "ends_on": rule.ends_on.isoformat() if rule.ends_on else "",
    }


def _burn_cells(rule: BurnRuleView) -> dict[str, Any]:
    ends = rule.ends_on.isoformat() if rule.ends_on else ""
    return {
        **vars(rule),
        "starts_on": rule.starts_on.isoformat(),
        "ends_on": ends,
        "max_share": _percent(rule.max_share_bp),
    }
