"""Opening stock from a spreadsheet: every bad cell is named, and it is all or nothing."""

from __future__ import annotations

import io
from datetime import date, datetime

import pytest
import xlsxwriter

from mekong.catalog.errors import NoHeader, WrongEncoding
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MayNot
from mekong.inventory.commands import import_opening_stock
from mekong.inventory.models import StockLot, StockMovement
from tests.support.people import NOON, an_actor
from tests.support.stock import a_location, a_variant, assert_sound, level

pytestmark = pytest.mark.django_db(transaction=True)


def a_csv(text: str) -> io.BytesIO:
    return io.BytesIO(text.encode("utf-8-sig"))


def test_a_good_file_is_booked_with_its_costs_and_lots() -> None:
    here, shirt, milk = a_location("KHO"), a_variant("AO"), a_variant("SUA", tracks_lots=True)
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    page = book.add_worksheet()
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    page.write_row(0, 0, ["Mã SKU *", "Kho", "SL", "Giá vốn", "Lý do", "Lô", "HSD", "Khác"])
    page.write_row(1, 0, ["ao", "kho", 12, "45.000", "Kiểm kê đầu kỳ"])
    page.write_row(2, 0, ["SUA", "KHO", 5, 9000, "", "L1"])
    page.write_datetime(2, 6, datetime(2027, 1, 31), day)  # noqa: DTZ001 - a cell has no zone
    page.write_row(3, 0, ["SUA", "KHO", 7, "", "", "L2", "28/02/2027"])
    book.close()

    report = import_opening_stock(actor=SYSTEM, file=file, now=NOON)

    assert (report.ok, report.written, report.rows, report.units) == (True, True, 3, 24)
    assert report.ignored_columns == ("Khác",)
    assert (level(shirt, here), level(milk, here)) == ((12, 0), (12, 0))
    assert dict(StockLot.objects.values_list("code", "expires_on")) == {
        "L1": date(2027, 1, 31),
        "L2": date(2027, 2, 28),
    }
    booked = StockMovement.objects.get(variant_id=shirt)
    assert (booked.reason, booked.unit_cost_minor, booked.note) == ("opening", 45_000, "Kiểm kê đầu kỳ")
    assert booked.reference == report.reference
    assert_sound()


def test_a_dry_run_judges_and_books_nothing() -> None:
    a_location("KHO")
    a_variant("AO")
    report = import_opening_stock(actor=SYSTEM, file=a_csv("Mã SKU,Kho,SL\nAO,KHO,3\n"), now=NOON, dry_run=True)
    assert (report.ok, report.written, report.units) == (True, False, 3)
    assert not StockMovement.objects.exists()


def test_every_bad_cell_is_named_and_nothing_is_booked() -> None:
    a_location("KHO")
    a_location("XA")
    a_variant("AO")
    a_variant("SUA", tracks_lots=True)
    a_variant("QUA", parts={"AO": 2})
    mine = an_actor("inventory.receive", locations=[a_location("CUA")])
    text = (
        "Mã SKU;Kho;SL;Giá vốn;Lô;HSD\n"
        "AO;CUA;0;;;\n"  # no units
        "LA;CUA;1;;;\n"  # unknown SKU
        "AO;HOA;1,5;;;\n"  # unknown place, a fraction
        "SUA;CUA;1;abc;;\n"  # a cost that is none, a lot missing
        "QUA;CUA;1;;;\n"  # a bundle
        ";CUA;;;;mai\n"  # no SKU, no units, no day
        "AO;KHO;1;;;\n"  # not my place
        "AO;CUA;2;;;\n"  # stands above already
    )
    report = import_opening_stock(actor=mine, file=a_csv(text), now=NOON)
    assert not report.written
    assert [(each.row, each.column, each.code) for each in report.errors] == [
        (2, "C", "catalog.out_of_range"),
        (3, "A", "catalog.variant_not_found"),
        (4, "B", "inventory.location_not_found"),
        (4, "C", "catalog.not_whole"),
        (5, "D", "catalog.not_a_number"),
        (5, "E", "inventory.lot_required"),
        (6, "A", "inventory.bundle_has_no_stock"),
        (7, "A", "catalog.missing"),
        (7, "C", "catalog.missing"),
        (7, "F", "catalog.bad_pair"),
        (8, "B", "out_of_scope"),
        (9, "A", "catalog.repeated_value"),
    ]
    assert all(each.message.strip() and "{" not in each.message for each in report.errors)
    assert not StockMovement.objects.exists()


def test_a_file_that_is_no_list_is_refused_by_name() -> None:
    with pytest.raises(NoHeader) as refused:
        import_opening_stock(actor=SYSTEM, file=a_csv("Mã SKU,SL\nAO,1\n"), now=NOON)
    assert refused.value.params["missing"] == "Kho"
    with pytest.raises(WrongEncoding):
        import_opening_stock(actor=SYSTEM, file=io.BytesIO("Mã SKU,Kho,SL\nÁo,KHO,1\n".encode("utf-16")), now=NOON)
    with pytest.raises(MayNot):
        import_opening_stock(actor=an_actor("inventory.adjust"), file=a_csv("Mã SKU,Kho,SL\n"), now=NOON)
