"""Prices of a list out to a spreadsheet and back."""

from __future__ import annotations

import io

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from mekong.catalog import commands as catalog
from mekong.catalog.contracts import NewProduct, NewVariant
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MayNot
from mekong.pricing import commands, queries
from mekong.pricing.contracts.lists import EntriesReport, EntryLine
from mekong.pricing.models import PriceEntry
from tests.support.baskets import NOON
from tests.support.offers import a_list
from tests.support.people import an_actor
from tests.support.stock import a_variant

pytestmark = pytest.mark.django_db
BOSS = an_actor("pricing.view", "pricing.manage", "money.view_cost", "catalog.view")


@pytest.fixture
def si() -> int:
    """A list with two steps for a shirt, and none for a hat."""
    a_variant("AO", price=150_000)
    a_variant("MU", price=60_000)
    made = a_list("SI", {"AO": 140_000})
    commands.set_entries(actor=BOSS, list_id=made.id, lines=[EntryLine("AO", 120_000, 10)], now=NOON)
    return made.id


def sheet(*rows: tuple[object, ...], head: tuple[str, ...] = ("Mã SKU", "Từ SL", "Giá trong bảng")) -> io.BytesIO:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    page = book.add_worksheet()
    for number, row in enumerate((head, *rows)):
        page.write_row(number, 0, row)
    book.close()
    out.seek(0)
    return out


def put(list_id: int, file: io.BytesIO, **more: bool) -> EntriesReport:
    return commands.import_price_list(actor=BOSS, list_id=list_id, file=file, now=NOON, **more)


def kept(list_id: int) -> dict[tuple[str, int], int]:
    rows = PriceEntry.objects.filter(price_list_id=list_id).select_related("variant")
    return {(row.variant.sku, row.from_units): row.price_minor for row in rows}


BEFORE = {("AO", 1): 140_000, ("AO", 10): 120_000}


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_a_list_comes_back_as_it_went(si: int, form: str) -> None:
    out = io.BytesIO()
    assert queries.export_price_list(actor=BOSS, list_id=si, out=out, format=form) == 2  # type: ignore[arg-type]
    out.seek(0)
    out.name = f"si.{form}"
    report = put(si, out)
    assert (report.rows, report.changed, report.blank, report.errors) == (2, 0, 0, ())
    assert set(report.ignored_columns) == {"Tên hàng", "Giá bán lẻ", "Giá vốn"}
    assert kept(si) == BEFORE


def test_the_whole_range_is_written_with_costs_for_those_who_may(si: int) -> None:
    def rows(*rights: str) -> list[tuple[object, ...]]:
        out = io.BytesIO()
        queries.export_price_list(actor=an_actor("pricing.view", *rights), list_id=si, out=out, is_whole=True)
        out.seek(0)
        return [tuple(row) for row in CalamineWorkbook.from_filelike(out).get_sheet_by_index(0).to_python()[1:]]

    seen = rows("money.view_cost")
    assert [(row[0], row[2], row[4], row[5]) for row in seen] == [
        ("AO", 150_000, 1, 140_000), ("AO", 150_000, 10, 120_000), ("MU", 60_000, 1, ""),
    ]  # fmt: skip
    assert {row[3] for row in rows()} == {""}


def test_prices_are_set_taken_away_and_left(si: int) -> None:
    file = sheet(("ao", 1, "139.000"), ("AO", 10, "xóa"), ("MU", None, 55_000), ("AO", 20, None))
    tried = put(si, file, dry_run=True)
    assert (tried.rows, tried.changed, tried.blank, tried.written, kept(si)) == (4, 3, 1, False, BEFORE)
    for changed in (3, 0):
        file.seek(0)
        report = put(si, file)
        assert (report.changed, report.written) == (changed, True)
        assert kept(si) == {("AO", 1): 139_000, ("MU", 1): 55_000}


def test_every_bad_cell_is_named_and_nothing_is_written(si: int) -> None:
    tee = NewVariant(sku="TEE", price_minor=1_250, currency="USD")
    catalog.create_product(actor=SYSTEM, product=NewProduct(name="Tee", variants=(tee,)), now=NOON)
    report = put(
        si,
        sheet(
            ("NONE", 1, 1), ("AO", 0, 1), ("AO", "many", 1), ("MU", 1, "cheap"), ("MU", 2, 5), ("MU", 2, 6), ("TEE", 1, 5),
            (None, 1, 5), ("AO", 1, 1),
        ),
    )  # fmt: skip
    assert [(f"{each.column}{each.row}", each.code) for each in report.errors] == [
        ("A2", "catalog.variant_not_found"),
        ("B3", "catalog.out_of_range"),
        ("B4", "catalog.not_a_number"),
        ("C5", "catalog.not_a_number"),
        ("A7", "catalog.repeated_value"),
        ("A8", "pricing.list_currency_differs"),
        ("A9", "catalog.missing"),
    ]
    assert (report.written, report.changed, kept(si)) == (False, 0, BEFORE)


def test_who_may_not_set_prices_sends_no_file(si: int) -> None:
    with pytest.raises(MayNot):
        commands.import_price_list(actor=an_actor("pricing.view"), list_id=si, file=sheet(("AO", 1, 1)), now=NOON)
    with pytest.raises(MayNot):
        queries.export_price_list(actor=an_actor("catalog.view"), list_id=si, out=io.BytesIO())
    assert kept(si) == BEFORE
