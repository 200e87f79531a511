"""The columns of the table of variants: what each shows, who may change it, and what its cells may be typed as."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from mekong.catalog import queries as catalog
from mekong.channels import queries as channels
from mekong.channels.contracts import ChannelView
from mekong.faces.backoffice import channel_book, words
from mekong.faces.backoffice.fields import LARGEST, whole_number
from mekong.faces.backoffice.marks import Mark
from mekong.faces.backoffice.visit import Visit
from mekong.foundation.money import exponent, to_decimal, to_minor
from mekong.foundation.text import fold
from mekong.inventory.contracts import ControlView

FIRST_HIDDEN = frozenset({"barcode", "cost"})
"""Columns that are not shown before somebody asks for them."""


@dataclass(frozen=True)
class Column:
    """`why`: the reason why nothing can be typed here; "" where it can."""

    key: str
    word: str
    kind: str
    why: str = ""
    channel: Mark | None = None
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        mark = self.channel
        of = {"letters": mark.letters, "hue": mark.hue, "name": mark.name} if mark else None
        return {
            "key": self.key,
            "word": self.word,
            "kind": self.kind,
            "why": self.why,
            "channel": of,
            "note": self.note,
        }


@dataclass(frozen=True)
class Market:
    """A channel in the table. `since`: it does not flow, and has last been heard of then."""

    view: ChannelView
    mark: Mark
    is_stale: bool


def markets(visit: Visit) -> list[Market]:
    """Platforms this person may see, in their fixed order."""
    if not visit.actor.may("channels.view"):
        return []
    found = [each for each in channels.list_channels(actor=visit.actor) if each.is_remote and each.is_active]
    made = [
        Market(each, channel_book.mark_of(each), channel_book.state_of(each, visit.now) in channel_book.ALARMING)
        for each in found
    ]
    return sorted(made, key=lambda each: each.mark.place)


def columns(visit: Visit, shown: Sequence[Market]) -> list[Column]:
    """Every column this person may see, in order."""
    may = visit.actor.may
    locked = "" if may("catalog.edit") else _needs("catalog.edit")
    made = [
        Column("name", gettext("Product"), "text", locked),
        Column("sku", gettext("SKU"), "text", locked),
        Column("barcode", gettext("Barcode"), "text", locked),
        Column("category", gettext("Category"), "category", locked),
        Column("status", gettext("Status"), "status", locked),
        Column("price", gettext("Retail price"), "money", locked),
    ]
    if may("money.view_cost"):
        made.append(Column("cost", gettext("Cost"), "money", locked))
    if may("inventory.view"):
        made.append(
            Column("free", gettext("Free to sell"), "free", gettext("Stock is changed by an adjustment with a reason."))
        )
    for each in shown:
        stale = gettext("Does not flow now; figures may be old.") if each.is_stale else ""
        price_lock = "" if may("channels.manage") else _needs("channels.manage")
        if not each.view.price_sync:
            price_lock = gettext("Prices here are kept on the platform.")
        stock_lock = "" if may("inventory.controls") else _needs("inventory.controls")
        made.append(Column(f"p:{each.view.code}", gettext("Price"), "own", price_lock, each.mark, stale))
        made.append(Column(f"q:{each.view.code}", gettext("Stock"), "stock", stock_lock, each.mark, stale))
    return made


def _needs(permission: str) -> str:
    from mekong.faces.backoffice import sentences
    from mekong.foundation.errors import MayNot

    return sentences.of(MayNot(permission=permission))


def chosen(visit: Visit, all_of_them: Sequence[Column]) -> list[str]:
    """Keys of the columns to show: as this person left them, else all but those few ask for."""
    known = {each.key for each in all_of_them}
    kept = [key for key in catalog.grid_layout(actor=visit.actor) if key in known]
    return kept or [each.key for each in all_of_them if each.key not in FIRST_HIDDEN]


# --- values as they are typed ----------------------------------------------------------------------------------------


class Choices:
    """What may be typed into a cell of few values: its code, or its name as the page or an Excel file shows it."""

    def __init__(self, known: Iterable[tuple[str, Sequence[str]]]) -> None:
        self._codes: dict[str, str] = {}
        doubtful: set[str] = set()
        for code, names in known:
            for name in names:
                folded = fold(name)
                if self._codes.setdefault(folded, code) != code:
                    doubtful.add(folded)
        for folded in doubtful:
            del self._codes[folded]

    def code(self, typed: str) -> str:
        """The code meant; what was typed where none is."""
        return self._codes.get(fold(typed.strip()), typed.strip())


def status_choices() -> Choices:
    return Choices((code, (code, str(shape.word))) for code, shape in words.PRODUCT_STATES.items())


def category_choices(visit: Visit) -> Choices:
    found = catalog.list_categories(actor=visit.actor)
    codes = [(each.code, (" > ".join(each.path), " › ".join(each.path), each.name)) for each in found]
    return Choices([*((each.code, (each.code,)) for each in found), *codes])


def money_text(minor: int | None, currency: str) -> str:
    """An amount in major units without grouping; "" for none."""
    return "" if minor is None else f"{to_decimal(minor, currency):f}"


def read_money(typed: str, currency: str) -> int | None:
    """Minor units of what was typed in major units; None when it is no amount."""
    if exponent(currency) == 0:
        return whole_number(typed)
    try:
        return to_minor(typed.strip().replace(",", "."), currency)
    except ValueError:
        return None


_PREFIXES = {"=": "slice", "-": "buffer", "\u2212": "buffer"}
_SIGNS = {"cap": "", "slice": "=", "buffer": "-"}
_SHARE = re.compile(r"(\d{1,3})(?:[.,](\d{1,2}))?\s*%")


def read_limit(typed: str) -> tuple[str, int] | None:
    """Kind and amount of a limit as typed: `12`, `30%`, `=12`, `-3`; ("", 0) for none, None when it is none of these."""
    text = typed.strip()
    if not text:
        return ("", 0)
    if share := _SHARE.fullmatch(text):
        return ("share", int(share[1]) * 100 + int((share[2] or "0").ljust(2, "0")))
    kind = _PREFIXES.get(text[0], "cap")
    amount = whole_number(text if kind == "cap" else text[1:])
    return (kind, amount) if amount is not None and 0 <= amount <= LARGEST else None


def limit_text(limit: tuple[str, int] | None) -> str:
    """A limit as it is typed; a kind that cannot be typed is named."""
    if limit is None:
        return ""
    kind, amount = limit
    if kind == "share":
        whole, part = divmod(amount, 100)
        return f"{whole}.{part:02d}%" if part else f"{whole}%"
    return f"{_SIGNS[kind]}{amount}" if kind in _SIGNS else f"{kind} {amount}".removesuffix(" 0")


def limit_of(control: ControlView | None) -> str:
    return limit_text((control.kind, control.amount)) if control else ""


def limit_sentence(control: ControlView | None) -> str:
    """What the limit of a cell does, in words."""
    if control is None:
        return gettext("From the common pool.")
    if control.kind == "share":
        return gettext("Rule: {percent} of what is free.").format(percent=limit_of(control))
    known: Mapping[str, str] = {
        "cap": gettext("Rule: at most {amount}, {used} sold so far."),
        "slice": gettext("Rule: {amount} set aside for this channel, {used} sold so far."),
        "buffer": gettext("Rule: {amount} held back from this channel."),
        "floor": gettext("Rule: none once {amount} or fewer are left."),
    }
    template = known.get(control.kind, gettext("From the common pool."))
    return template.format(amount=control.amount, used=control.used)
