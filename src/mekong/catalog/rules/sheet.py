"""Products as rows of a spreadsheet, a variant each: the columns, and what stands in their cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from mekong.catalog.contracts import NewPack, NewPart, NewProduct, NewVariant
from mekong.catalog.errors import BadChoice, BadPair, OutOfRange
from mekong.catalog.rules import numbers, products
from mekong.catalog.rules.barcodes import read_barcode
from mekong.catalog.rules.options import join_list, join_pairs, split_list, split_pairs
from mekong.catalog.rules.words import clean, clean_sku
from mekong.foundation.money import exponent, to_decimal
from mekong.foundation.text import fold

Cell = str | int | float | bool | date | datetime | time | timedelta | None


@dataclass(frozen=True)
class Column:
    """`header`: as exported. `names`: other headers understood, folded. `of_product`: equal in a product's rows."""

    key: str
    header: str
    names: tuple[str, ...]
    of_product: bool = False
    width: int = 12


COLUMNS = (
    Column("code", "Mã sản phẩm", ("product code", "code", "ma hang cha", "parent code"), True, 16),
    Column("sku", "Mã SKU", ("sku", "ma hang", "variant sku", "ma hang hoa"), False, 18),
    Column("name", "Tên hàng", ("ten san pham", "ten hang hoa", "product name", "name"), True, 48),
    Column("options", "Thuộc tính", ("phien ban", "tuy chon", "options", "variant options"), False, 24),
    Column("barcodes", "Mã vạch", ("barcode", "barcodes", "gtin", "ean", "upc"), False, 18),
    Column("category", "Danh mục", ("nhom hang", "category"), True, 28),
    Column("brand", "Nhãn hiệu", ("thuong hieu", "brand"), True, 16),
    Column("uom", "ĐVT", ("don vi tinh", "don vi", "unit", "unit of measure", "uom"), True, 8),
    Column("packs", "Quy đổi", ("quy doi don vi", "packs", "unit conversion"), False, 20),
    Column("price", "Giá bán lẻ", ("gia ban", "gia", "price", "retail price", "gia niem yet"), False, 14),
    Column("currency", "Tiền tệ", ("loai tien", "currency"), False, 8),
    Column("cost", "Giá vốn", ("cost", "unit cost"), False, 14),
    Column("tax", "Thuế", ("thue gtgt", "thue suat", "thue suat gtgt", "vat", "tax", "vat rate", "tax class"), True, 8),
    Column("weight", "Khối lượng (g)", ("khoi luong", "trong luong", "trong luong g", "weight", "weight g"), False, 12),
    Column("length", "Dài (mm)", ("chieu dai mm", "length mm", "length"), False, 10),
    Column("width", "Rộng (mm)", ("chieu rong mm", "width mm", "width"), False, 10),
    Column("height", "Cao (mm)", ("chieu cao mm", "height mm", "height"), False, 10),
    Column("lots", "Quản lý lô", ("quan ly lo serial", "theo lo", "tracks lots", "lots"), False, 10),
    Column("backorder", "Cho đặt trước", ("dat truoc", "allow backorder", "backorder"), False, 10),
    Column("parts", "Thành phần combo", ("combo", "bo san pham", "bundle", "bundle parts"), False, 28),
    Column("attributes", "Đặc tính", ("thong so", "attributes"), True, 28),
    Column("status", "Trạng thái", ("status",), False, 12),
    Column("description", "Mô tả", ("description",), True, 60),
)
BY_KEY = {column.key: column for column in COLUMNS}
_BY_NAME = {name: column for column in COLUMNS for name in (fold(column.header), *column.names)}

_TAXES = {"standard": "10%", "reduced": "8%", "vat5": "5%", "vat0": "0%", "exempt": "KCT"}
_TAX_NAMES = {
    "10": "standard", "10%": "standard", "0.1": "standard", "8": "reduced", "8%": "reduced", "0.08": "reduced",
    "5": "vat5", "5%": "vat5", "0.05": "vat5", "0": "vat0", "0%": "vat0", "kct": "exempt", "không chịu thuế": "exempt",
    "khong chiu thue": "exempt",
}  # fmt: skip
_STATUSES = {"draft": "nháp", "active": "đang bán", "archived": "ngừng bán"}
_STATUS_NAMES = {fold(name): status for status, name in _STATUSES.items()} | {each: each for each in _STATUSES}
MOST_ITEMS = 500


def column_of(header: str) -> Column | None:
    """The column a header names, with or without tone marks, in Vietnamese or English; a `*` behind it is nothing."""
    return _BY_NAME.get(fold(header))


def letter(place: int) -> str:
    """The spreadsheet's name of a column, counted from 0: A, B, …, Z, AA."""
    name = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(65 + rest) + name
    return name


def text_of(cell: Cell) -> str:
    """A cell as text. A whole number loses its `.0`, which Excel gives to every number."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "có" if cell else "không"
    if isinstance(cell, float):
        if cell.is_integer() and abs(cell) < 2**53:
            return str(int(cell))
        return repr(cell)
    if isinstance(cell, datetime):
        return cell.strftime("%d/%m/%Y" if cell.time() == time() else "%d/%m/%Y %H:%M:%S")
    return cell.strftime("%d/%m/%Y") if isinstance(cell, date) else str(cell).strip()


def is_blank(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


# Reading a cell. Each raises one of the catalog's `Invalid` errors; `field` is the header.


def _code_text(cell: Cell, field: str) -> str:
    """Text of a code. Excel keeps 15 digits of a number: longer ones have already lost their end."""
    if isinstance(cell, float) and not (cell.is_integer() and abs(cell) < 10**15):
        raise OutOfRange(field=field, value=cell, least=0, most=10**15 - 1)
    return text_of(cell)


def _number(cell: Cell) -> str | float | Decimal:
    return cell if isinstance(cell, int | float) and not isinstance(cell, bool) else text_of(cell)


def _size(cell: Cell, field: str) -> int:
    return numbers.read_whole(_number(cell), field)


def _pairs(cell: Cell, field: str) -> tuple[tuple[str, str], ...]:
    found = split_pairs(text_of(cell), ":")
    for pair in found:
        if len(pair) != 2 or not all(pair):
            raise BadPair(field=field, value=": ".join(pair), example="Màu: Đỏ; Size: M")
    return tuple((pair[0], pair[1]) for pair in found)


def _barcodes(cell: Cell, field: str) -> tuple[str, ...]:
    return tuple(read_barcode(code, field).code for code in split_list(_code_text(cell, field))[:MOST_ITEMS])


def _packs(cell: Cell, field: str) -> tuple[NewPack, ...]:
    packs = []
    for item in split_pairs(text_of(cell), "=|")[:MOST_ITEMS]:
        if len(item) < 2 or not item[0]:
            raise BadPair(field=field, value="=".join(item), example="thùng=24; lốc=6|8934567890123")
        factor = numbers.read_whole(item[1], field, least=2)
        packs.append(NewPack(item[0], factor, item[2] if len(item) > 2 else ""))
    return tuple(sorted(products.check_packs(packs, field), key=lambda pack: (pack.factor, pack.name)))


def _parts(cell: Cell, field: str) -> tuple[NewPart, ...]:
    parts = []
    for item in split_pairs(text_of(cell), "×")[:MOST_ITEMS]:
        if not item[0]:
            raise BadPair(field=field, value="×".join(item), example="AO-01 × 2; MU-03 × 1")
        parts.append(NewPart(item[0], numbers.read_whole(item[1], field, least=1) if len(item) > 1 else 1))
    return products.check_parts(parts, field, sku="")


def _category(cell: Cell, field: str) -> str:
    path = [clean(name, field, 120) for name in text_of(cell).split(">")]
    return " > ".join(name for name in path if name)


def _tax(cell: Cell, field: str) -> str:
    text = text_of(cell)
    return _TAX_NAMES.get(text.lower().replace(" %", "%").replace(",", "."), clean(text, field, 20))


def _status(cell: Cell, field: str) -> str:
    status = _STATUS_NAMES.get(fold(text_of(cell)))
    if status is None:
        raise BadChoice(field=field, value=text_of(cell), allowed=", ".join(_STATUSES.values()))
    return status


def _flag(cell: Cell, field: str) -> bool:
    return products.read_bool(text_of(cell), field)


def _text(limit: int, *, lines: bool = False) -> Callable[[Cell, str], str]:
    def read(cell: Cell, field: str) -> str:
        return clean(text_of(cell).replace("\r\n", "\n"), field, limit, lines=lines)

    return read


READERS: Mapping[str, Callable[[Cell, str], Any]] = {
    "code": lambda cell, field: clean(_code_text(cell, field), field, products.CODE_LIMIT),
    "sku": lambda cell, field: clean_sku(_code_text(cell, field), field)[0],
    "name": _text(products.NAME_LIMIT),
    "options": _pairs,
    "barcodes": _barcodes,
    "category": _category,
    "brand": _text(products.BRAND_LIMIT),
    "uom": _text(products.UOM_LIMIT),
    "packs": _packs,
    "currency": lambda cell, field: numbers.check_currency(text_of(cell).upper(), field),
    "tax": _tax,
    "weight": _size,
    "length": _size,
    "width": _size,
    "height": _size,
    "lots": _flag,
    "backorder": _flag,
    "parts": _parts,
    "attributes": _pairs,
    "status": _status,
    "description": _text(products.DESCRIPTION_LIMIT, lines=True),
}
"""By column key. Price and cost wait for the currency of their row: `read_money`."""


def read_money(cell: Cell, currency: str, field: str) -> int:
    return numbers.read_money(_number(cell), currency, field)


# Writing a row


def cells(product: NewProduct, variant: NewVariant, kinds: Mapping[str, str]) -> list[str | int | float]:
    """The row of a variant, in the order of `COLUMNS`. `product.category` holds the path; `kinds`: of attributes."""
    options = zip(product.options, variant.option_values, strict=True)
    packs = ((pack.name, f"{pack.factor}", pack.barcode) for pack in variant.packs)
    status = product.status if product.status == "draft" and variant.status == "active" else variant.status
    values: dict[str, str | int | float | None] = {
        "code": product.code,
        "sku": variant.sku,
        "name": product.name,
        "options": join_pairs(options),
        "barcodes": join_list(variant.barcodes),
        "category": product.category,
        "brand": product.brand,
        "uom": product.uom,
        "packs": "; ".join(
            join_pairs([(name, factor)], "=") + (f"|{join_list([code])}" if code else "")
            for name, factor, code in packs
        ),
        "price": _money(variant.price_minor, variant.currency),
        "currency": variant.currency,
        "cost": None if variant.cost_minor is None else _money(variant.cost_minor, variant.currency),
        "tax": _TAXES.get(product.tax_class, product.tax_class),
        "weight": variant.weight_g,
        "length": variant.length_mm,
        "width": variant.width_mm,
        "height": variant.height_mm,
        "lots": "có" if variant.tracks_lots else "không",
        "backorder": "có" if variant.allow_backorder else "không",
        "parts": join_pairs(((part.sku, str(part.quantity)) for part in variant.parts), " × "),
        "attributes": join_pairs(
            (code, _attribute(value, kinds.get(code))) for code, value in product.attributes.items()
        ),
        "status": _STATUSES[status],
        "description": product.description,
    }
    return ["" if (value := values[column.key]) is None else value for column in COLUMNS]


def _money(amount_minor: int, currency: str) -> int | str:
    if exponent(currency) == 0:
        return amount_minor
    return numbers.show(to_decimal(amount_minor, currency))


def _attribute(value: object, kind: str | None) -> str:
    if isinstance(value, bool):
        return "có" if value else "không"
    return numbers.show(Decimal(str(value))) if kind == "number" else str(value)


# A cell of a CSV file that begins like a formula would be run by Excel: an apostrophe before it makes it text.

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_DEFUSED = re.compile(r"''*[=+\-@\t\r]")


def defuse(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text


def arm(text: str) -> str:
    """What `defuse` was given."""
    return text[1:] if _DEFUSED.match(text) else text


def header_row() -> Sequence[str]:
    return [column.header + ("*" if column.key in {"sku", "name"} else "") for column in COLUMNS]
