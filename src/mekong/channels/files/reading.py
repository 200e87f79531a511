"""An order export read into orders of the platform, row by row; what cannot be read is named cell by cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from mekong.catalog.commands import tables
from mekong.catalog.commands.tables import Cell, Source
from mekong.catalog.contracts import CellProblem
from mekong.catalog.errors import Missing, NoHeader
from mekong.channels.errors import LostDigits, StatusUnknown
from mekong.channels.socket import ListingKey, RemoteLine, RemoteOrder, RemoteState
from mekong.channels.socket.order_files import NEEDED, OrderField, OrderFileLayout, plain
from mekong.foundation.errors import MekongError

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
"""Exports name no zone; they are made for sellers in Vietnam."""
_MOST_UNITS = 1_000_000
_TIMES = (
    OrderField.UPDATED, OrderField.PLACED, OrderField.PAID, OrderField.SHIPPED, OrderField.DELIVERED, OrderField.COMPLETED,
)  # fmt: skip
_STEPS = tuple(RemoteState)


@dataclass
class OrderRows:
    """What a file holds. `missing`: what no column was found for; then there are no orders.

    `unknown_states`: status texts nobody knows yet; their orders are among `left_out`, as are those with bad cells.
    """

    headers: list[str] = field(default_factory=list)
    columns: dict[OrderField, int] = field(default_factory=dict)
    missing: list[OrderField] = field(default_factory=list)
    unknown_states: list[str] = field(default_factory=list)
    rows: int = 0
    orders: list[RemoteOrder] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    problems: list[CellProblem] = field(default_factory=list)


@dataclass
class _Row:
    number: int
    cells: Sequence[Cell]


def read_orders(file: Source, layout: OrderFileLayout, currency: str) -> OrderRows:
    """Raises: UnreadableFile, WrongEncoding, FileTooLarge, NoHeader."""
    found = OrderRows()
    by_order: dict[str, list[_Row]] = {}
    with tables.open_sheet(file) as opened:
        for number, cells in opened.rows:
            if all(tables.is_blank(cell) for cell in cells):
                continue
            if not found.headers:
                _read_header(found, layout, cells)
                if found.missing:
                    return found
                continue
            row = _Row(number, cells)
            order = _order_of(found, row)
            if order:
                found.rows += 1
                by_order.setdefault(order, []).append(row)
    if not found.headers:
        raise NoHeader(field="file", missing=OrderField.ORDER)
    for external_id, rows in by_order.items():
        _Reader(found, layout, currency, external_id, rows).read()
    return found


def _read_header(found: OrderRows, layout: OrderFileLayout, cells: Sequence[Cell]) -> None:
    """Exactly as the platform writes them first: two of Shopee's headers differ in the case of one letter."""
    found.headers = [tables.text_of(cell) for cell in cells]
    exact = {" ".join(header.split()): place for place, header in reversed(list(enumerate(found.headers))) if header}
    for name, headers in layout.columns.items():
        place = next((exact[header] for header in headers if header in exact), None)
        if place is not None:
            found.columns[name] = place
    loose: dict[str, list[int]] = {}
    for place, header in enumerate(found.headers):
        if place not in found.columns.values():
            loose.setdefault(plain(header), []).append(place)
    for name, headers in layout.columns.items():
        if name not in found.columns:
            places = next((loose[plain(header)] for header in headers if plain(header) in loose), [])
            if len(places) == 1:
                found.columns[name] = places[0]
    needed = [*NEEDED] if layout.row_is_unit else [*NEEDED, OrderField.QUANTITY]
    has_amount = OrderField.SUBTOTAL in found.columns
    if len(exact) < len(needed):
        order = layout.columns.get(OrderField.ORDER, (OrderField.ORDER,))[0]
        raise NoHeader(field="file", missing=order)
    found.missing = [
        name for name in needed if name not in found.columns and not (name is OrderField.PRICE and has_amount)
    ]


def _order_of(found: OrderRows, row: _Row) -> str:
    """The order's number; "" for a row that is none (TikTok explains its columns in the second row)."""
    cell = _cell(found, row, OrderField.ORDER)
    try:
        text = id_text(cell, found.headers[found.columns[OrderField.ORDER]])
    except MekongError as bad:
        _blame(found, row, OrderField.ORDER, bad)
        return ""
    return text if any(char.isdigit() for char in text) else ""


def id_text(cell: Cell, header: str) -> str:
    """A number of the platform's as text. Raises: LostDigits."""
    if isinstance(cell, float) and abs(cell) >= 10**15:
        raise LostDigits(field=header, value=repr(cell))
    return tables.text_of(cell).strip()


def _cell(found: OrderRows, row: _Row, name: OrderField) -> Cell:
    place = found.columns.get(name)
    return row.cells[place] if place is not None and place < len(row.cells) else None


def _blame(found: OrderRows, row: _Row, name: OrderField, error: MekongError) -> None:
    place = found.columns.get(name)
    header = found.headers[place] if place is not None else name.value
    found.problems.append(tables.problem(row.number, place, header, _cell(found, row, name), error))


class _Reader:
    """One order of the file."""

    def __init__(
        self, found: OrderRows, layout: OrderFileLayout, currency: str, external_id: str, rows: Sequence[_Row]
    ) -> None:
        self.found, self.layout, self.currency, self.external_id, self.rows = found, layout, currency, external_id, rows
        self.is_bad = False

    def read(self) -> None:
        states = [self._state(row) for row in self.rows]
        times = {name: self._moment(name) for name in _TIMES}
        alive = [row for row, state in zip(self.rows, states, strict=True) if state is not RemoteState.CANCELLED]
        lines = self._lines(alive or self.rows)
        money = {name: self._amount(self.rows[0], name) for name in (OrderField.SHIPPING_FEE, OrderField.DISCOUNT)}
        ship_by = self._moment(OrderField.SHIP_BY)
        placed = times[OrderField.PLACED]
        if placed is None and not self.is_bad:
            self._refuse(self.rows[0], OrderField.PLACED, Missing())
        if self.is_bad or placed is None:
            self.found.left_out.append(self.external_id)
            return
        known = [state for state in states if state is not None]
        said = [state for state in known if state is not RemoteState.CANCELLED] or known
        state = min(said, key=_STEPS.index)
        self.found.orders.append(
            RemoteOrder(
                external_id=self.external_id,
                state=state,
                raw_state=self._text(OrderField.STATUS),
                placed_at=placed,
                updated_at=max(each for each in times.values() if each is not None),
                currency=self.currency,
                lines=lines,
                buyer_name=self._text(OrderField.RECIPIENT) or self._text(OrderField.BUYER),
                buyer_phone=self._text(OrderField.PHONE),
                buyer_ref=self._text(OrderField.BUYER),
                address=self._address(),
                is_cod=plain(self._text(OrderField.PAYMENT)) in self.layout.cod_words,
                total_minor=sum(line.unit_price_minor * line.quantity for line in lines),
                shipping_fee_minor=money[OrderField.SHIPPING_FEE],
                discount_minor=money[OrderField.DISCOUNT],
                note=self._text(OrderField.NOTE),
                tracking_no=self._text(OrderField.TRACKING),
                packages=[package] if (package := self._text(OrderField.PACKAGE)) else [],
                ship_by=ship_by,
            )
        )

    def _refuse(self, row: _Row, name: OrderField, error: MekongError) -> None:
        self.is_bad = True
        _blame(self.found, row, name, error)

    def _state(self, row: _Row) -> RemoteState | None:
        text = tables.text_of(_cell(self.found, row, OrderField.STATUS))
        state = self.layout.state_of(text)
        if state is None:
            if text and text not in self.found.unknown_states:
                self.found.unknown_states.append(text)
            self._refuse(row, OrderField.STATUS, StatusUnknown(status=text) if text else Missing())
        return state

    def _text(self, name: OrderField) -> str:
        """Of the order: the first of its rows that says it."""
        for row in self.rows:
            cell = _cell(self.found, row, name)
            if not tables.is_blank(cell):
                return tables.text_of(cell).strip()
        return ""

    def _moment(self, name: OrderField) -> datetime | None:
        for row in self.rows:
            cell = _cell(self.found, row, name)
            if tables.is_blank(cell) or tables.text_of(cell) in ("-", "--"):
                continue
            try:
                return tables.read_moment(cell, name, ZONE).astimezone(UTC)
            except MekongError as bad:
                if name is OrderField.PLACED:
                    self._refuse(row, name, bad)
                return None  # the others only say more
        return None

    def _amount(self, row: _Row, name: OrderField) -> int:
        cell = _cell(self.found, row, name)
        if tables.is_blank(cell):
            return 0
        try:
            return tables.read_money(cell, self.currency, name)
        except MekongError as bad:
            self._refuse(row, name, bad)
            return 0

    def _lines(self, rows: Iterable[_Row]) -> list[RemoteLine]:
        """Rows of one thing at one price are one line."""
        made: dict[tuple[str, str, int], RemoteLine] = {}
        for row in rows:
            for sku, name, units, price, line_id in self._priced(row):
                known = made.get((sku, name, price))
                made[sku, name, price] = RemoteLine(
                    line_ids=[*(known.line_ids if known else ()), *([line_id] if line_id else ())],
                    key=ListingKey(""), sku=sku, name=name, quantity=units + (known.quantity if known else 0),
                    unit_price_minor=price,
                )  # fmt: skip
        return list(made.values())

    def _priced(self, row: _Row) -> list[tuple[str, str, int, int, str]]:
        """SKU, name, units, price of a unit, line's number. A subtotal that does not divide gives two prices."""
        cells = {name: _cell(self.found, row, name) for name in self.found.columns}
        sku = (
            tables.text_of(cells.get(OrderField.SKU)).strip()
            or tables.text_of(cells.get(OrderField.PRODUCT_SKU)).strip()
        )
        parts = [tables.text_of(cells.get(name)).strip() for name in (OrderField.NAME, OrderField.VARIATION)]
        name = " · ".join(part for part in parts if part) or sku
        units, line_id = 1, ""
        try:
            if OrderField.LINE in cells:
                line_id = id_text(cells[OrderField.LINE], OrderField.LINE)
        except MekongError as bad:
            self._refuse(row, OrderField.LINE, bad)
        if not self.layout.row_is_unit:
            try:
                if tables.is_blank(cells[OrderField.QUANTITY]):
                    raise Missing
                units = tables.read_units(cells[OrderField.QUANTITY], OrderField.QUANTITY, most=_MOST_UNITS)
            except MekongError as bad:
                self._refuse(row, OrderField.QUANTITY, bad)
        by_row = OrderField.SUBTOTAL in cells
        amount_in = OrderField.SUBTOTAL if by_row else OrderField.PRICE
        if tables.is_blank(cells[amount_in]):
            self._refuse(row, amount_in, Missing())
        amount = self._amount(row, amount_in)
        if not by_row:
            return [(sku, name, units, amount, line_id)]
        price, rest = divmod(amount, units)
        both = [(sku, name, units - rest, price, line_id), (sku, name, rest, price + 1, line_id)]
        return [each for each in both if each[2]]

    def _address(self) -> Mapping[str, str]:
        """As the order book keeps addresses."""
        said = {
            "line": self._text(OrderField.STREET),
            "ward": self._text(OrderField.WARD),
            "district": self._text(OrderField.DISTRICT),
            "province": self._text(OrderField.PROVINCE),
        }
        return {name: text for name, text in said.items() if text}
