"""Transfers and adjustments from Excel: judged cell by cell first, written all or nothing when it is confirmed."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import xlsxwriter
from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from mekong.faces.backoffice import kept_files, sentences
from mekong.faces.backoffice.once import once
from mekong.faces.backoffice.templatetags.mekong import num
from mekong.faces.backoffice.views.product_import import cells
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.errors import MekongError
from mekong.inventory import commands
from mekong.inventory.contracts import SheetReport


@dataclass(frozen=True)
class Kind:
    """What a sheet makes. `columns`: its heading, and a row to show how it is filled."""

    title: str | Promise
    hint: str | Promise
    path: str
    back: str
    run: Callable[..., SheetReport]
    columns: tuple[str, ...]
    example: tuple[str | int, ...]
    file_name: str | Promise


TRANSFERS = Kind(
    _("Transfers from Excel"),
    _("One row a SKU. Rows of the same two places become one draft."),
    "/stock/transfers/file/",
    "/stock/transfers/?tab=draft",
    commands.import_transfers,
    ("Kho đi", "Kho đến", "Mã SKU", "SL", "Ghi chú"),
    ("KHO-TD", "LE-LOI", "BG-ML-28", 4, ""),
    _("transfers-template.xlsx"),
)
ADJUSTMENTS = Kind(
    _("Adjustments from Excel"),
    _(
        "One row a SKU and place, with the difference: 5 adds, −2 takes away. What is above the limit waits for approval."
    ),
    "/stock/adjust/file/",
    "/stock/adjustments/",
    commands.import_adjustments,
    ("Mã SKU", "Kho", "SL", "Lý do", "Lô", "Ghi chú"),
    ("BG-ML-28", "KHO-TD", -2, "Lệch kiểm kho", "", ""),
    _("adjustments-template.xlsx"),
)


class _StillBad(Exception):
    """Something has changed since the file was judged; nothing was written."""

    def __init__(self, report: SheetReport) -> None:
        super().__init__()
        self.report = report


@page("inventory.transfer", methods=("GET", "HEAD", "POST"))
def transfers(visit: Visit) -> HttpResponse:
    """Drafts of transfers from a sheet."""
    return _page(visit, TRANSFERS)


@page("inventory.adjust", methods=("GET", "HEAD", "POST"))
def adjustments(visit: Visit) -> HttpResponse:
    """Changes of stock from a sheet."""
    return _page(visit, ADJUSTMENTS)


def _page(visit: Visit, kind: Kind) -> HttpResponse:
    if visit.param("template"):
        return _template(kind)
    if not visit.is_post:
        return _ask(visit, kind)
    return _write(visit, kind) if visit.posted("key") else _judge(visit, kind)


def _ask(visit: Visit, kind: Kind, *, message: str = "", status: int = 200) -> HttpResponse:
    return visit.render("stock/file.html", {"kind": kind, "message": message}, status=status)


def _judge(visit: Visit, kind: Kind) -> HttpResponse:
    """Say what would become of the file; nothing is written."""
    try:
        key, path, name = kept_files.keep(visit)
    except kept_files.NoFile as refused:
        return _ask(visit, kind, message=str(refused), status=422)
    try:
        report = kind.run(actor=visit.actor, file=path, now=visit.now, dry_run=True)
    except MekongError as refused:
        path.unlink(missing_ok=True)
        return _ask(visit, kind, message=sentences.of(refused), status=refused.status)
    return _judged(visit, kind, key, name, report)


def _judged(
    visit: Visit, kind: Kind, key: str, name: str, report: SheetReport, *, message: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "kind": kind, "key": key, "name": name, "report": report, "cells": cells(tuple(report.errors)),
        "message": message,
    }  # fmt: skip
    return visit.render("stock/file_check.html", context, status=status)


def _write(visit: Visit, kind: Kind) -> HttpResponse:
    """Write what was judged good; the file is used up, so that a second press writes nothing."""
    key, name = visit.posted("key", longest=40), visit.posted("name", longest=200)
    path = kept_files.kept(visit, key)
    if path is None:
        return _ask(visit, kind, message=gettext("The file is no longer kept. Upload it again."), status=404)
    made: list[SheetReport] = []

    def work() -> str:
        report = kind.run(actor=visit.actor, file=path, now=visit.now)
        if not report.ok:
            raise _StillBad(report)
        made.append(report)
        return kind.back

    try:
        answer = once(visit, work)
    except _StillBad as bad:
        return _judged(visit, kind, key, name, bad.report, status=422)
    except MekongError as refused:
        report = kind.run(actor=visit.actor, file=path, now=visit.now, dry_run=True)
        return _judged(visit, kind, key, name, report, message=sentences.of(refused), status=refused.status)
    _done(visit, path, made)
    return answer


def _done(visit: Visit, path: Path, made: list[SheetReport]) -> None:
    path.unlink(missing_ok=True)
    for report in made:
        text = ngettext("{rows} row became {count} documents", "{rows} rows became {count} documents", report.rows)
        text = text.format(rows=num(report.rows), count=num(len(report.documents)))
        if report.waiting:
            text += ". " + gettext("{count} wait for approval").format(count=num(len(report.waiting)))
        visit.flash(text)


def _template(kind: Kind) -> HttpResponse:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, kind.columns, book.add_format({"bold": True}))
        sheet.write_row(1, 0, kind.example)
        sheet.set_column(0, len(kind.columns) - 1, 18)
        sheet.freeze_panes(1, 0)
    return kept_files.download(out, str(kind.file_name))
