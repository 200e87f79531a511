"""Rows of the order list, written by hand: fifty of them through the template engine cost more than all else of a page.

What people typed goes through `escape` (Python's: Django's is that, and looks for lazy words first); every other piece is
a constant or comes from the pages' own tags. The words are looked up once a page.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache
from html import escape

import msgspec
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, ngettext

from mekong.faces.backoffice import words
from mekong.faces.backoffice.marks import Mark
from mekong.faces.backoffice.presence import On
from mekong.faces.backoffice.templatetags import mekong as tags
from mekong.foundation import masking
from mekong.orders.contracts import OrderSummary

DUE_STATES = frozenset(
    {"pending_confirmation", "awaiting_stock", "confirmed", "allocated", "picking", "packed", "ready_to_ship"}
)
"""States whose deadline still counts."""


@dataclass
class Rows:
    """How this page shows orders. `gone`: codes that are on screen and no longer in the list."""

    marks: Mapping[str, Mark]
    places: Mapping[int, str]
    people: Mapping[str, Sequence[On]]
    by_deadline: bool
    now: datetime
    gone: Collection[str] = ()
    reveals: bool = False
    words: dict[str, str] = field(init=False)
    language: str = field(init=False)
    today: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.language = get_language() or "vi"
        self.today = timezone.localtime(self.now)
        self.words = {
            "select": escape(gettext("Select {code}")),
            "gone": escape(gettext("no longer in this list")),
            "duplicate": escape(gettext("Possible duplicate")),
            "paid": escape(gettext("Paid")),
            "unpaid": escape(gettext("Unpaid")),
        }

    def _buyer(self, name: str) -> str:
        """Whole for those who may reveal personal data, masked for everyone else."""
        return escape(name if self.reveals else masking.name(name)) or "–"

    def html(self, order: OrderSummary) -> SafeString:
        """One order. `data-v` differs when anything that is shown does, but how long there is left."""
        code, is_gone = escape(order.code), order.code in self.gone
        version = zlib.crc32(msgspec.json.encode((order, is_gone)))
        mark = _mark(self.marks[order.channel], self.language)
        left = escape(tags.left(order.ship_by)) if order.ship_by else ""
        placed = "" if self.by_deadline else f'<td class="wide nw muted">{self._when(order.placed_at)}</td>'
        select = self.words["select"].replace("{code}", code)
        goods = escape(order.first_line)
        return mark_safe(  # noqa: S308 - every piece is escaped, or a constant
            f'<tr data-href="/orders/{code}/" data-code="{code}" data-v="{version}" data-total="{order.total_minor}"'
            f' data-currency="{escape(order.currency)}"{" class=gone" if is_gone else ""}>'
            f'<td class="wide"><input type="checkbox" name="pick" value="{code}" aria-label="{select}"></td>'
            f'<td><span class="row"><a class="mid nw" href="/orders/{code}/">{code}</a>'
            f'<span class="avas" data-on="{code}">{self._faces(order.code)}</span></span>'
            f'<small class="wide clip ext">{escape(order.external_id)}</small></td>'
            f'<td class="wide">{mark}</td>'
            f'<td class="who"><span class="narrow">{mark}&nbsp; </span>{self._buyer(order.customer_name)}'
            f"<small>{escape(tags.masked(order.customer_phone))}</small></td>"
            f'<td class="wide goods-cell"><span class="row">{tags.thumb("", order.first_line)}'
            f'<span class="goods">{goods}<small>{_units(order.units, order.line_count, self.language)}</small></span></span></td>'
            f'<td class="wide from">{self._from(order)}</td>'
            f'<td class="r">{_status(order.state, self.language)}{self._badges(order, is_gone=is_gone)}</td>'
            f'<td class="wide nw">{self._due(order, left)}</td>{placed}'
            f'<td class="n r strong">{escape(tags.money(order.total_minor, order.currency))}'
            f'<small class="faint wide">{self._paid(order)}</small></td>'
            f'<td class="narrow w small muted">{goods}{f" · <span class=warn>{left}</span>" if left else ""}</td></tr>'
        )

    def _when(self, at: datetime) -> str:
        return tags.moment(at.astimezone(self.today.tzinfo), self.today)

    def _faces(self, code: str) -> str:
        return "".join(
            f'<span class="ava s" role="img" title="{escape(each.sentence)}" aria-label="{escape(each.sentence)}">'
            f"{escape(each.letters)}</span>"
            for each in self.people.get(code, ())
        )

    def _from(self, order: OrderSummary) -> str:
        return escape(", ".join(dict.fromkeys(self.places.get(place, "–") for place in order.places))) or "–"

    def _badges(self, order: OrderSummary, *, is_gone: bool) -> str:
        said = [f'<span class="badge warn">{escape(tags.issue(each))}</span>' for each in order.issues]
        if order.duplicate_of and order.state == "pending_confirmation":
            said.append(f'<span class="badge warn">{self.words["duplicate"]}</span>')
        if is_gone:
            said.insert(0, self.words["gone"])
        return "".join(f"<small>{each}</small>" for each in said)

    def _due(self, order: OrderSummary, left: str) -> str:
        if order.ship_by is None:
            return '<span class="faint">–</span>'
        if order.state not in DUE_STATES:
            return self._when(order.ship_by)
        tone = "bad" if order.ship_by < self.now else "warn"
        return f'{self._when(order.ship_by)}<small class="{tone}">{left}</small>'

    def _paid(self, order: OrderSummary) -> str:
        if order.payment_state == "unpaid":
            return "COD" if order.is_cod else self.words["unpaid"]
        if order.payment_state == "paid":
            return self.words["paid"]
        return tags.payment(order.payment_state)


@lru_cache(maxsize=4096)
def _units(units: int, lines: int, language: str) -> str:  # noqa: ARG001 - the words are those of the language
    said = ngettext("%(n)s unit", "%(n)s units", units) % {"n": units}
    if lines > 1:
        said += " · " + ngettext("%(n)s line", "%(n)s lines", lines) % {"n": lines}
    return escape(said)


@cache
def _status(state: str, language: str) -> str:  # noqa: ARG001 - the words are those of the language
    return tags.status(state) if state in words.ORDER_STATES else escape(state)


@cache
def _mark(channel: Mark, language: str) -> str:  # noqa: ARG001 - as above
    return tags.ch(channel)
