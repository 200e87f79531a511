"""One cell of the table of variants: every column, every refusal, and two people in one cell."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from mekong.catalog import commands, queries
from mekong.catalog.contracts import CellEdited, PriceShift
from mekong.catalog.errors import (
    BadChoice,
    CategoryNotFound,
    CellMoved,
    DuplicateBarcode,
    DuplicateSku,
    Missing,
    NotANumber,
    TooManyColumns,
    VariantNotFound,
)
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MayNot
from tests.integration.catalog.builders import EDITOR, VIEWER, a_product, a_variant, events
from tests.support.people import NOON, an_actor

pytestmark = pytest.mark.django_db


def edit(variant_id: int, column: Any, value: str, **more: Any) -> CellEdited:
    return commands.edit_cell(
        actor=more.pop("actor", EDITOR), variant_id=variant_id, column=column, value=value, now=NOON, **more
    )


def facts(variant_id: int, **more: Any) -> Any:
    return queries.grid_facts(actor=more.get("actor", EDITOR), ids=[variant_id])[0]


@pytest.fixture
def shirts() -> tuple[int, int]:
    commands.create_category(actor=SYSTEM, code="ao", name="Áo")
    made = a_product(
        a_variant("AO-DO", option_values=("Đỏ",), barcodes=("8936012840285",)),
        a_variant("AO-XANH", option_values=("Xanh",)),
        options=("Màu",),
    )
    return made.variants[0].id, made.variants[1].id


@pytest.mark.parametrize(
    ("column", "typed", "before", "after"),
    [
        ("name", " Áo thun mới ", "Áo thun Đà Nẵng", "Áo thun mới"),
        ("sku", "AO-DO-2", "AO-DO", "AO-DO-2"),
        ("barcode", "8936012840308", "8936012840285", "8936012840308"),
        ("barcode", "", "8936012840285", ""),
        ("category", "ao", "", "ao"),
        ("price", "199.000", "150000", "199000"),
        ("cost", "90.000 đ", "", "90000"),
        ("status", "archived", "active", "archived"),
        ("status", "draft", "active", "draft"),
    ],
)
def test_each_column_is_written_and_can_be_put_back(
    shirts: tuple[int, int], column: str, typed: str, before: str, after: str
) -> None:
    done = edit(shirts[0], column, typed, seen=before)
    assert (done.before, done.after) == (before, after)
    assert getattr(facts(shirts[0]), column) == after
    told = len(events())

    again = edit(shirts[0], column, typed, seen=before)
    assert (again.before, again.after) == (after, after)
    assert len(events()) == told

    assert edit(shirts[0], column, before, seen=after).after == before
    assert getattr(facts(shirts[0]), column) == before


def test_what_belongs_to_the_product_changes_for_its_other_variants(shirts: tuple[int, int]) -> None:
    edit(shirts[0], "name", "Áo lụa")
    edit(shirts[0], "status", "archived")
    other = facts(shirts[1])
    assert (other.name, other.status) == ("Áo lụa", "active")


def test_the_last_variant_takes_its_product_off_sale_and_back(shirts: tuple[int, int]) -> None:
    for each in shirts:
        edit(each, "status", "archived")
    assert queries.get_product(actor=VIEWER, sku="AO-DO").status == "archived"
    edit(shirts[1], "status", "active", seen="archived")
    assert queries.get_product(actor=VIEWER, sku="AO-DO").status == "active"
    assert [facts(each).status for each in shirts] == ["archived", "active"]


def test_a_cell_that_somebody_else_changed_is_refused_with_what_stands_there(shirts: tuple[int, int]) -> None:
    edit(shirts[0], "price", "170000")
    with pytest.raises(CellMoved) as refused:
        edit(shirts[0], "price", "199000", seen="150000")
    assert refused.value.params["current"] == "170000"
    assert facts(shirts[0]).price == "170000"


@pytest.mark.parametrize(
    ("column", "typed", "error"),
    [
        ("name", "  ", Missing),
        ("sku", "ao-xanh", DuplicateSku),
        ("barcode", "4006381333931", DuplicateBarcode),
        ("category", "khong-co", CategoryNotFound),
        ("price", "mắc", NotANumber),
        ("price", "", Missing),
        ("status", "gone", BadChoice),
        ("colour", "x", BadChoice),
    ],
)
def test_what_is_refused_changes_nothing(shirts: tuple[int, int], column: str, typed: str, error: Any) -> None:
    commands.add_barcode(actor=EDITOR, variant_id=shirts[1], code="4006381333931", now=NOON)
    before = facts(shirts[0])
    with pytest.raises(error):
        edit(shirts[0], column, typed)
    assert facts(shirts[0]) == before


def test_rights(shirts: tuple[int, int]) -> None:
    with pytest.raises(MayNot):
        edit(shirts[0], "price", "1000", actor=VIEWER)
    with pytest.raises(MayNot):
        edit(shirts[0], "cost", "1000", actor=an_actor("catalog.edit"))
    with pytest.raises(MayNot):
        queries.grid_index(actor=VIEWER, sort="cost")
    with pytest.raises(VariantNotFound):
        edit(10**9, "price", "1000")
    assert facts(shirts[0], actor=VIEWER).cost is None


@pytest.mark.django_db(transaction=True)
def test_of_two_people_in_one_cell_the_second_is_told() -> None:
    variant = a_product(a_variant("AO-1")).variants[0].id

    def type_in(price: str) -> str:
        try:
            return edit(variant, "price", price, seen="150000").after
        except CellMoved as moved:
            return f"moved {moved.params['current']}"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        said = sorted(pool.map(type_in, ["160000", "170000", "180000", "190000"]))
    now = facts(variant).price
    assert said.count(now) == 1
    assert said.count(f"moved {now}") == 3


def test_the_index_filters_and_sorts(shirts: tuple[int, int]) -> None:
    cap = a_product(a_variant("MU-1", price_minor=90_000), name="Mũ vải", status="draft", brand="Yody").variants[0].id

    def ids(**wanted: Any) -> list[int]:
        return list(queries.grid_index(actor=EDITOR, **wanted).ids)

    assert ids() == [cap, *shirts]
    assert ids(status="active") == list(shirts)
    assert ids(status="draft") == [cap]
    assert ids(q="mu vai") == [cap]
    assert ids(q="ao-xanh") == [shirts[1]]
    assert ids(q="8936012840285") == [shirts[0]]
    assert ids(brand="yody") == [cap]
    assert ids(sort="price") == [cap, *shirts]
    assert ids(sort="price", is_falling=True) == [*shirts, cap]
    assert ids(sort="sku", is_falling=True) == [cap, shirts[1], shirts[0]]
    assert ids(sort="barcode")[0] == shirts[0]
    edit(shirts[0], "category", "ao")
    assert ids(category="ao") == list(shirts)
    assert ids(sort="category")[-1] == cap
    assert ids(q="\0") == []


def test_the_layout_is_kept_by_person() -> None:
    lan = an_actor("catalog.view")
    commands.save_grid_layout(actor=lan, columns=["price", "name", "price"], now=NOON)
    assert queries.grid_layout(actor=lan) == ("price", "name")
    assert queries.grid_layout(actor=SYSTEM) == ()
    with pytest.raises(TooManyColumns):
        commands.save_grid_layout(actor=lan, columns=["x" * 61], now=NOON)
    with pytest.raises(MayNot):
        commands.save_grid_layout(actor=an_actor("orders.view"), columns=[], now=NOON)
    assert queries.grid_layout(actor=lan) == ("price", "name")


@pytest.mark.parametrize(
    ("shift", "price", "becomes"),
    [
        (PriceShift(500), 100_000, 105_000),
        (PriceShift(333, 0, 1000), 149_000, 154_000),
        (PriceShift(0, 0, 1000), 149_500, 150_000),
        (PriceShift(0, 0, 1000), 149_499, 149_000),
        (PriceShift(0, -200_000), 150_000, 0),
        (PriceShift(-10_000), 150_000, 0),
        (PriceShift(1), 5_000, 5_001),
        (PriceShift(), 150_000, 150_000),
    ],
)
def test_prices_shift_alike(shift: PriceShift, price: int, becomes: int) -> None:
    assert shift.of(price) == becomes
