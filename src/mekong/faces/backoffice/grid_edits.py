"""Edits of the table of variants: each a command and a transaction of its own, so that one refused stops no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import msgspec
from django.utils.translation import gettext_noop as _n

from mekong.catalog import commands as catalog
from mekong.catalog import queries as catalogue
from mekong.catalog.contracts import KEEP, CellColumn, GridFacts, PriceShift
from mekong.catalog.errors import CellMoved
from mekong.channels import commands as channels
from mekong.channels import queries as listings
from mekong.channels.errors import ChannelNotFound, NotListed, OwnPriceMoved
from mekong.faces.backoffice import sentences
from mekong.faces.backoffice.grid_columns import (
    Market,
    category_choices,
    limit_of,
    limit_text,
    markets,
    money_text,
    read_limit,
    read_money,
    status_choices,
)
from mekong.faces.backoffice.visit import Visit
from mekong.foundation.errors import Invalid, MekongError
from mekong.inventory import commands as inventory
from mekong.inventory import queries as stock
from mekong.inventory.contracts import ControlView
from mekong.inventory.errors import ControlMoved

MOST_EDITS = 200
"""In one request; the page sends more in several."""
MOST_PLANNED = 20_000
MOST_EXAMPLES = 3
_AMOUNT = _n("“{value}” is no amount. Write it in digits.")
_LIMIT = _n("Write a limit (12), a share (30%), units set aside (=12) or held back (-3); empty for the pool.")


class Edit(msgspec.Struct):
    """One cell. `seen`: what stood there when it was typed; null where nobody looked."""

    row: int
    column: str
    value: str | None = None
    seen: str | None = None
    shift: Shift | None = None


class Shift(msgspec.Struct):
    percent_bp: int = 0
    add: str = ""
    round_to: str = ""


class Edits(msgspec.Struct):
    edits: list[Edit]


class Planned(msgspec.Struct):
    """The same for one column of many rows."""

    rows: list[int]
    column: str
    value: str | None = None
    shift: Shift | None = None


class CellInvalid(Invalid):
    code = "catalog.cell_invalid"


class Desk:
    """What the edits of one request have in common: who edits, the rows as they are, and what words mean."""

    def __init__(self, visit: Visit, ids: Sequence[int]) -> None:
        self.visit = visit
        self.facts: Mapping[int, GridFacts] = {
            each.id: each for each in catalogue.grid_facts(actor=visit.actor, ids=ids)
        }
        self.markets: Mapping[str, Market] = {each.view.code: each for each in markets(visit)}
        self._limits: Mapping[tuple[str, str], ControlView] | None = None
        self._own: dict[str, Mapping[int, int | None]] = {}
        self.categories, self.statuses = category_choices(visit), status_choices()

    def apply(self, edit: Edit) -> dict[str, Any]:
        """What became of an edit: what stood there before and stands there now, or why not."""
        try:
            before, after = self._apply(edit)
        except (CellMoved, OwnPriceMoved, ControlMoved) as moved:
            return {"ok": False, "message": sentences.without_field(moved), "current": self._current(edit, moved)}
        except MekongError as refused:
            return {"ok": False, "message": sentences.without_field(refused)}
        return {"ok": True, "before": before, "after": after}

    def _apply(self, edit: Edit) -> tuple[str, str]:
        kind, _, code = edit.column.partition(":")
        if kind == "p":
            return self._own_price(edit, self._market(code))
        if kind == "q":
            return self._limit(edit, self._market(code))
        if edit.column not in get_args(CellColumn):
            raise CellInvalid(field="column", problem=_n("There is no column “{column}”."), column=edit.column)
        column: Any = edit.column
        value, seen = self.typed(edit), edit.seen
        if edit.shift is not None:
            seen = self._stands(edit)
        done = catalog.edit_cell(
            actor=self.visit.actor, variant_id=edit.row, column=column, value=value,
            seen=KEEP if seen is None else seen, now=self.visit.now,
        )  # fmt: skip
        return done.before, done.after

    def _own_price(self, edit: Edit, market: Market) -> tuple[str, str]:
        currency = market.view.currency
        before = self._listed_price(edit.row, market.view.code) if edit.seen is None else edit.seen
        typed = self.typed(edit)
        wanted = read_money(typed, currency) if typed else None
        if typed and wanted is None:
            raise CellInvalid(field="price", problem=_AMOUNT, value=typed)
        seen = read_money(before, currency) if before else None
        channels.set_own_price(
            actor=self.visit.actor, channel=market.view.code, variant_id=edit.row, price_minor=wanted, seen=seen
        )
        return before, money_text(wanted, currency)

    def _limit(self, edit: Edit, market: Market) -> tuple[str, str]:
        facts = self._row(edit)
        wanted = read_limit(self.typed(edit))
        if wanted is None:
            raise CellInvalid(field="limit", problem=_LIMIT)
        before = self._standing_limit(market.view.code, facts.sku) if edit.seen is None else edit.seen
        seen: Any = KEEP
        if (known := read_limit(before)) is not None:
            seen = known if known[0] else None
        inventory.set_sku_control(
            actor=self.visit.actor, channel=market.view.code, sku=facts.sku, kind=wanted[0], amount=wanted[1], seen=seen
        )
        return before, limit_text(wanted if wanted[0] else None)

    def _market(self, code: str) -> Market:
        if code not in self.markets:
            raise ChannelNotFound(key=code)
        return self.markets[code]

    def _row(self, edit: Edit) -> GridFacts:
        if edit.row not in self.facts:
            raise CellInvalid(field="row", problem=_n("This row is no longer there. Load the page again."))
        return self.facts[edit.row]

    def typed(self, edit: Edit) -> str:
        """What is to stand there, in the words of the commands."""
        if edit.shift is not None:
            return self._shifted(edit, edit.shift)
        value = edit.value or ""
        match edit.column:
            case "category":
                return self.categories.code(value)
            case "status":
                return self.statuses.code(value)
        return value.strip()

    def _stands(self, edit: Edit) -> str:
        facts = self._row(edit)
        return (facts.cost or "") if edit.column == "cost" else facts.price

    def _listed_price(self, variant: int, channel: str) -> str:
        return money_text(self._own_prices(channel).get(variant), self.markets[channel].view.currency)

    def _own_prices(self, channel: str) -> Mapping[int, int | None]:
        """Of the variants listed there."""
        if channel not in self._own:
            ids = list(self.facts)
            self._own[channel] = listings.own_prices(actor=self.visit.actor, channel=channel, variant_ids=ids)
        return self._own[channel]

    def _standing_limit(self, channel: str, sku: str) -> str:
        if self._limits is None:
            skus = [each.sku for each in self.facts.values()]
            self._limits = stock.sku_controls(actor=self.visit.actor, skus=skus)
        return limit_of(self._limits.get((channel, sku)))

    def _shifted(self, edit: Edit, shift: Shift) -> str:
        facts, kind = self._row(edit), edit.column.partition(":")[0]
        if edit.column not in ("price", "cost") and kind != "p":
            raise CellInvalid(field="column", problem=_n("Only prices can be changed by a percentage or an amount."))
        base, currency = self._base(edit, facts)
        add, step = read_money(shift.add or "0", currency), read_money(shift.round_to or "0", currency)
        if add is None or step is None or step < 0:
            raise CellInvalid(field="price", problem=_AMOUNT, value=shift.add)
        if base is None:
            raise CellInvalid(field="price", problem=_n("There is no amount yet to change. Type one first."))
        if not -10_000 <= shift.percent_bp <= 1_000_000:
            raise CellInvalid(field="percent", problem=_n("From -100% to 10,000%."))
        made = PriceShift(shift.percent_bp, add, step).of(base)
        return money_text(made, currency)

    def _base(self, edit: Edit, facts: GridFacts) -> tuple[int | None, str]:
        """The amount that stands there now; of a channel without a price of its own, the catalogue's."""
        if edit.column == "price":
            return facts.price_minor, facts.currency
        if edit.column == "cost":
            return (read_money(facts.cost, facts.currency) if facts.cost else None), facts.currency
        market = self._market(edit.column.partition(":")[2])
        own = self._listed_price(edit.row, market.view.code)
        if own:
            return read_money(own, market.view.currency), market.view.currency
        fits = facts.currency == market.view.currency
        return (facts.price_minor if fits else None), market.view.currency

    def would(self, edit: Edit, facts: GridFacts) -> tuple[str, str]:
        """What stands in a cell, and what an edit would put there. Raises: what is wrong with the value itself."""
        kind, _, code = edit.column.partition(":")
        typed = self.typed(edit)
        if kind == "q":
            limit = read_limit(typed)
            if limit is None:
                raise CellInvalid(field="limit", problem=_LIMIT)
            return self._standing_limit(code, facts.sku), limit_text(limit if limit[0] else None)
        if kind == "p":
            market = self._market(code)
            if facts.id not in self._own_prices(code):
                raise NotListed(channel=market.view.name)
            return self._listed_price(facts.id, code), self._amount(typed, market.view.currency)
        if edit.column in ("price", "cost"):
            stands = facts.price if edit.column == "price" else facts.cost or ""
            return stands, self._amount(typed, facts.currency)
        return (facts.category if edit.column == "category" else facts.status), typed

    def _amount(self, typed: str, currency: str) -> str:
        minor = read_money(typed, currency) if typed else None
        if typed and (minor is None or minor < 0):
            raise CellInvalid(field="price", problem=_AMOUNT, value=typed)
        return money_text(minor, currency)

    def _current(self, edit: Edit, moved: CellMoved | OwnPriceMoved | ControlMoved) -> str:
        current = moved.params["current"]
        if isinstance(moved, OwnPriceMoved):
            return money_text(current, self.markets[edit.column.partition(":")[2]].view.currency)
        return limit_text(current) if isinstance(moved, ControlMoved) else str(current)


def apply(visit: Visit, edits: Sequence[Edit]) -> list[dict[str, Any]]:
    """Make these edits, one after another; what became of each, in their order."""
    desk = Desk(visit, [each.row for each in edits])
    return [desk.apply(each) for each in edits]


def plan(visit: Visit, asked: Planned) -> dict[str, Any]:
    """What a change of many rows would do, without doing it: how many cells change, and three of them.

    What is wrong with a single one (a SKU that is a part of a bundle, …) its command tells when it comes to it.
    """
    desk = Desk(visit, asked.rows)
    changed, wrong = 0, len(asked.rows) - len(desk.facts)
    examples: list[dict[str, str]] = []
    for facts in desk.facts.values():
        edit = Edit(facts.id, asked.column, asked.value, shift=asked.shift)
        try:
            before, after = desk.would(edit, facts)
        except MekongError:
            wrong += 1
            continue
        if after != before:
            changed += 1
            if len(examples) < MOST_EXAMPLES:
                examples.append({"name": facts.name, "title": facts.title, "before": before, "after": after})
    return {"rows": len(asked.rows), "changed": changed, "wrong": wrong, "examples": examples}
