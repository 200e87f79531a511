"""The audit trail as a file, of any length: rows are read a thousand at a time and leave memory again."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterator
from datetime import datetime
from typing import IO, Any

import xlsxwriter
from django.utils import timezone
from django.utils.translation import gettext

from mekong.foundation import audit, queries
from mekong.foundation.actor import Actor
from mekong.foundation.contracts import AuditView
from mekong.foundation.errors import Invalid

MOST_IN_EXCEL = 1_000_000
"""Rows of one sheet; Excel itself ends at 1,048,576."""
_PAGE = 1000
_LONGEST_CELL = 32_000


def heads() -> tuple[str, ...]:
    return (
        gettext("Time"), gettext("Who"), gettext("Ref"), gettext("What"), gettext("Table"), gettext("Row"),
        gettext("Before"), gettext("After"),
    )  # fmt: skip


def book(*, actor: Actor, kind: str, wanted: dict[str, Any], now: datetime) -> None:
    """Write down that the trail is taken out, before it is. Raises: MayNot."""
    actor.require("audit.view")
    facts = {"kind": kind, **{name: str(value) for name, value in wanted.items() if value is not None}}
    audit.record(actor, action="export", table="foundation_auditentry", row_id="", now=now, facts=facts)


def rows(*, actor: Actor, wanted: dict[str, Any]) -> Iterator[AuditView]:
    """Every entry that fits, newest first. Raises: MayNot."""
    cursor: str | None = None
    while True:
        page = queries.list_audit(actor=actor, cursor=cursor, limit=_PAGE, **wanted)
        yield from page.items
        if (cursor := page.next_cursor) is None:
            return


def _cells(entry: AuditView) -> list[str]:
    return [
        timezone.localtime(entry.at).isoformat(sep=" ", timespec="seconds"), entry.actor_name, entry.actor, entry.action,
        entry.table, entry.row_id, _text(entry.before), _text(entry.after),
    ]  # fmt: skip


def _text(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, default=str)[:_LONGEST_CELL]


def _plain(cell: str) -> str:
    """A text that a spreadsheet does not take for a formula. Source: OWASP, “CSV Injection”."""
    return f"'{cell}" if cell[:1] in "=+-@\t\r" else cell


def csv_pieces(*, actor: Actor, wanted: dict[str, Any]) -> Iterator[bytes]:
    """A CSV file in UTF-8 that Excel opens, in pieces of about a thousand rows."""
    held = io.StringIO()
    writer = csv.writer(held)
    held.write("\ufeff")
    writer.writerow(heads())
    for place, entry in enumerate(rows(actor=actor, wanted=wanted), 1):
        writer.writerow([_plain(cell) for cell in _cells(entry)])
        if place % _PAGE == 0:
            yield held.getvalue().encode()
            held.seek(0)
            held.truncate()
    yield held.getvalue().encode()


def excel_file(*, actor: Actor, wanted: dict[str, Any]) -> IO[bytes]:
    """An Excel file on disk, open at its beginning; it is gone once it is closed.

    Raises: Invalid: more rows than a sheet holds.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever sends it
    try:
        workbook: Any = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False})
        sheet = workbook.add_worksheet(gettext("Audit trail"))
        sheet.write_row(0, 0, heads(), workbook.add_format({"bold": True}))
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, 5, 20)
        sheet.set_column(6, 7, 60)
        for place, entry in enumerate(rows(actor=actor, wanted=wanted), 1):
            if place > MOST_IN_EXCEL:
                raise Invalid(field="until", problem="More rows than Excel holds. Choose a shorter time, or CSV.")
            for column, cell in enumerate(_cells(entry)):
                sheet.write_string(place, column, cell)
        workbook.close()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file
