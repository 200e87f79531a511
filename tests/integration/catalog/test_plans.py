"""What is read grows with what is asked for, also while statistics still say that the catalog is empty."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from mekong.catalog import commands, queries
from tests.integration.catalog.builders import EDITOR, VIEWER, a_csv
from tests.support.people import NOON

PRODUCTS = 300
HEADER = "SKU,Name,Price,Barcode,Pack,Combo"
FILE = tuple(f"S{n},Hàng {n},1,NB-{n},,{f'S{n - 1} × 2' if n % 10 == 9 else ''}" for n in range(PRODUCTS))


def _bring_in() -> None:
    report = commands.import_products(actor=EDITOR, file=a_csv(HEADER, *FILE), now=NOON)
    assert report.created == PRODUCTS


def _read(ask: Callable[[], object]) -> dict[str, int]:
    """Rows that each statement of a question passed from node to node of its plan."""
    with CaptureQueriesContext(connection) as seen:
        ask()
    read = {}
    with connection.cursor() as cursor:
        for each in seen.captured_queries:
            if not each["sql"].lstrip().startswith(("select", "with")):
                continue
            cursor.execute("explain (analyze, format json) " + each["sql"])
            [(found,)] = cursor.fetchall()
            [plan] = json.loads(found) if isinstance(found, str) else found
            read[each["sql"]] = sum(_rows(plan["Plan"]))
    return read


def _rows(node: dict[str, Any]) -> Iterator[int]:
    for rows in (
        "Actual Rows",
        "Rows Removed by Filter",
        "Rows Removed by Join Filter",
        "Rows Removed by Index Recheck",
    ):
        yield int(node.get(rows, 0) * node["Actual Loops"])
    for below in node.get("Plans", ()):
        yield from _rows(below)


@pytest.mark.django_db(transaction=True)
def test_a_catalog_that_came_in_after_one_that_was_undone_is_read_row_by_row() -> None:
    """A table whose rows were all undone and swept is taken for empty, however many come in afterwards."""
    with transaction.atomic():
        _bring_in()
        transaction.set_rollback(True)
    tables = ("catalog_product", "catalog_variant", "catalog_barcode", "catalog_bundlepart")
    with connection.cursor() as cursor:
        # Not cut short, as when others are reading at that moment: it keeps pages, and has no rows.
        cursor.execute(f"vacuum (truncate false) {', '.join(tables)}")
        cursor.execute("select relname, relpages > 0, reltuples from pg_class where relname = any(%s)", [list(tables)])
        assert sorted(cursor.fetchall()) == sorted((table, True, 0) for table in tables)

    with transaction.atomic():
        _bring_in()
        moved = (f"S{n},,,NB-{(n + 1) % PRODUCTS},," for n in range(PRODUCTS))
        asked = {
            "an export": lambda: queries.export_products(actor=VIEWER, out=io.BytesIO(), format="csv"),
            "an import": lambda: commands.import_products(
                actor=EDITOR, file=a_csv(HEADER, *FILE), now=NOON, dry_run=True
            ),
            "an import of changes": lambda: commands.import_products(
                actor=EDITOR, file=a_csv(HEADER, *moved), now=NOON
            ),
        }  # fmt: skip
        for name, ask in asked.items():
            for sql, rows in _read(ask).items():
                assert rows <= 10 * PRODUCTS, f"{name} reads {rows} rows by\n{sql[:1000]}"
