"""Products for tests."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import xlsxwriter

from mekong.catalog import commands
from mekong.catalog.contracts import NewProduct, NewVariant, ProductView
from mekong.foundation.models import OutboxEvent
from tests.support.people import NOON, an_actor

EDITOR = an_actor("catalog.view", "catalog.edit", "catalog.import", "money.view_cost")
VIEWER = an_actor("catalog.view")
STRANGER = an_actor("orders.view")

HOSTILE = (
    "'); drop table catalog_product; --",
    "<script>alert(1)</script>",
    "=HYPERLINK(\"http://example.com\",\"x\")",
    "{{ 7*7 }} ${7*7} %s %(x)s",
    "\\'; DELETE FROM catalog_variant; \\",
    "\u202eÁo\u202c 👕 ZWJ\u200d",
)  # fmt: skip


def a_variant(sku: str = "AO-01", **fields: Any) -> NewVariant:
    return NewVariant(**{"sku": sku, "price_minor": 150_000, **fields})


def a_product(*variants: NewVariant, **fields: Any) -> ProductView:
    """A product that exists."""
    new = NewProduct(**{"name": "Áo thun Đà Nẵng", "variants": variants or (a_variant(),), **fields})
    return commands.create_product(actor=EDITOR, product=new, now=NOON)


def events() -> list[str]:
    """Names of the facts published so far, oldest first."""
    return list(OutboxEvent.objects.order_by("occurred_at", "id").values_list("name", flat=True))


def a_workbook(rows: Sequence[Sequence[Any]]) -> io.BytesIO:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        page = book.add_worksheet()
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                page.write(number, place, cell)
    out.seek(0)
    return out


def a_csv(*lines: str, encoding: str = "utf-8") -> io.BytesIO:
    return io.BytesIO("\r\n".join(lines).encode(encoding))
