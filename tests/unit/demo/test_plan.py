"""What becomes of every line, decided without a database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from mekong.faces.replay.errors import UnreadableHistory
from mekong.faces.replay.lines import Line, read
from mekong.faces.replay.plan import REASONS, Adjustment, Cancellation, Plan, Way, is_goods, make_plan, way_of

WEB = Way("web", takes_carriage=True)
AT = datetime(2010, 12, 1, 8, 26, tzinfo=UTC)


def lines(*rows: tuple[str, str, int, str] | tuple[str, str, int, str, str]) -> list[Line]:
    """(invoice, code, quantity, price[, customer])."""
    made = []
    for number, row in enumerate(rows, 1):
        invoice, code, quantity, price = row[:4]
        amount = Decimal(price) * quantity
        exact = Decimal(price) * 100
        minor = int(exact) if exact == int(exact) else None
        customer = row[4] if len(row) > 4 else "17850"
        made.append(Line(number, invoice, code, code, quantity, AT, minor, price, amount, customer, "France"))
    return made


def plan(*rows: tuple[str, str, int, str] | tuple[str, str, int, str, str], ways: Sequence[Way] = (WEB,)) -> Plan:
    return make_plan(lines(*rows), ways)


def reasons(made: Plan) -> dict[int, str]:
    return {reject.line.number: reject.reason for reject in made.rejects}


def test_a_duplicate_line_is_sold_twice_as_the_invoice_says() -> None:
    made = plan(("1", "85123A", 6, "2.55"), ("1", "85123A", 6, "2.55"))

    assert [len(sale.goods) for sale in made.sales] == [2]
    assert made.sales[0].revenue_minor == 2 * 6 * 255


def test_a_gift_on_an_invoice_is_a_line_without_price() -> None:
    made = plan(("1", "22841", 1, "0"), ("1", "22842", 2, "1.00"))

    assert made.sales[0].units == 3
    assert made.sales[0].revenue_minor == 200


def test_goods_without_price_and_customer_were_found_not_sold() -> None:
    made = plan(("1", "22139", 56, "0", ""))

    assert made.sales == []
    assert [(type(step), step.lines[0].quantity) for step in made.steps if isinstance(step, Adjustment)] == [
        (Adjustment, 56)
    ]


def test_carriage_travels_with_its_invoice_on_a_channel_that_takes_it() -> None:
    shopee = Way("shopee")
    made = plan(("1", "10001", 1, "1.00"), ("1", "POST", 1, "18.00"), ways=[shopee, WEB])

    assert (made.sales[0].way, made.sales[0].revenue_minor) == ("web", 1900)
    alone = plan(("1", "10001", 1, "1.00"), ("1", "POST", 1, "18.00"), ways=[shopee])
    assert (alone.sales[0].way, reasons(alone)) == ("shopee", {2: "carriage_untaken"})


def test_an_invoice_too_large_for_a_platform_takes_another_way() -> None:
    small = Way("lazada", most_units=100)

    assert {plan((str(number), "10001", 101, "1.00"), ways=[small, WEB]).sales[0].way for number in range(20)} == {
        "web"
    }
    assert reasons(plan(("1", "10001", 101, "1.00"), ways=[small])) == {1: "no_channel"}


def test_the_way_of_an_invoice_is_the_same_at_every_run_and_all_are_used() -> None:
    ways = [Way("a"), Way("b"), Way("c")]
    chosen = [way_of(str(number), ways).code for number in range(300)]

    assert chosen == [way_of(str(number), ways).code for number in range(300)]
    assert {chosen.count(code) > 60 for code in "abc"} == {True}


def test_a_cancellation_takes_the_latest_sale_at_the_same_price_first() -> None:
    made = plan(
        ("1", "10001", 5, "1.00"), ("2", "10001", 5, "1.00"), ("3", "10001", 5, "2.00"), ("C4", "10001", -2, "1.00")
    )

    step = made.steps[-1]
    assert isinstance(step, Cancellation)
    assert step.lines[0].sources == (("2", 100, 2),)


def test_a_cancellation_at_another_price_is_matched_all_the_same() -> None:
    made = plan(("1", "10001", 5, "1.00"), ("C2", "10001", -2, "0.80"))

    assert isinstance(made.steps[-1], Cancellation)
    assert made.steps[-1].lines[0].sources == (("1", 100, 2),)


def test_a_cancellation_over_several_sales_is_all_or_nothing() -> None:
    made = plan(
        ("1", "10001", 2, "1.00"), ("2", "10001", 2, "1.00"), ("C3", "10001", -3, "1.00"), ("C4", "10001", -2, "1.00")
    )

    step = made.steps[-1]
    assert isinstance(step, Cancellation)
    assert step.lines[0].sources == (("2", 100, 2), ("1", 100, 1))
    assert reasons(made) == {4: "no_sale"}


def test_another_customers_sale_is_not_cancelled() -> None:
    made = plan(
        ("1", "10001", 5, "1.00", "17850"), ("C2", "10001", -5, "1.00", "12583"), ("C3", "10001", -5, "1.00", "")
    )

    assert reasons(made) == {2: "no_sale", 3: "no_sale"}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("1", "M", 1, "5.00"), "not_goods"),
        (("1", "BANK CHARGES", 1, "15.00"), "not_goods"),
        (("1", "POST", 1, "18.00"), "carriage_alone"),
        (("1", "PADS", 1, "0.001"), "price_too_fine"),
        (("1", "10001", 1, "-1.00"), "negative_price"),
        (("1", "10001", 0, "1.00"), "no_units"),
        (("1", "10001", -1, "1.00"), "negative_sale"),
        (("A1", "B", 1, "-11062.06"), "bad_debt"),
        (("Z1", "10001", 1, "1.00"), "unknown_invoice"),
        (("C1", "D", -1, "5.00"), "money_only"),
        (("C1", "10001", 1, "5.00"), "positive_cancellation"),
        (("C1", "10001", -1, "5.00"), "no_sale"),
    ],
)
def test_what_cannot_be_played_has_a_reason(row: tuple[str, str, int, str], reason: str) -> None:
    made = plan(row)

    assert (made.steps, reasons(made)) == ([], {1: reason})
    assert all(REASONS[reason])


def test_the_name_is_that_of_most_priced_lines() -> None:
    rows = lines(("1", "10001", 1, "1.00"), ("2", "10001", -3, "0"), ("3", "10001", 1, "1.00"))
    texts = ("WHITE LANTERN", "damaged", "WHITE LANTERN")
    named = [msgspec.structs.replace(each, description=text) for each, text in zip(rows, texts, strict=True)]

    made = make_plan(named, [WEB])
    assert (made.names, made.prices) == ({"10001": "WHITE LANTERN"}, {"10001": 100})


def test_codes_of_goods() -> None:
    assert all(is_goods(code) for code in ("85123A", "22086", "15056BL", "DCGS0003", "GIFT_0001_20", "PADS", "79323GR"))
    assert not any(is_goods(code) for code in ("POST", "DOT", "M", "D", "S", "AMAZONFEE", "BANK CHARGES", "CRUK", "C2"))


HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


def a_file(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes((HEADER + text).encode(encoding))
    return path


def test_a_line_is_read_exactly(tmp_path: Path) -> None:
    line = next(read(a_file(tmp_path / "x.csv", "536365,85123a,HEART,6,2010-12-01 08:26:00,2.55,17850.0,France\n")))

    assert (line.sku, line.quantity, line.price_minor, line.amount, line.customer) == (
        "85123A",
        6,
        255,
        Decimal("15.30"),
        "17850",
    )
    assert line.at == AT


def test_cells_that_cannot_be_read_are_named_and_the_line_kept(tmp_path: Path) -> None:
    rows = list(read(a_file(tmp_path / "x.csv", "1,10001,x,many,yesterday,free,,UK\n2,10001\n")))

    assert set(rows[0].problem.split(", ")) == {"Quantity", "InvoiceDate", "UnitPrice"}
    assert "columns" in rows[1].problem


def test_a_file_that_is_no_history_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "y.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UnreadableHistory, match="InvoiceNo"):
        list(read(tmp_path / "y.csv"))
    with pytest.raises(UnreadableHistory, match="UTF-8"):
        list(read(a_file(tmp_path / "x.csv", "1,10001,CAFÉ,1,2010-12-01 08:26:00,1,,UK\n", "latin-1")))
    with pytest.raises(UnreadableHistory):
        list(read(tmp_path / "absent.csv"))
    (tmp_path / "cut.csv.gz").write_bytes(b"\x1f\x8b\x08\x00")
    with pytest.raises(UnreadableHistory):
        list(read(tmp_path / "cut.csv.gz"))
