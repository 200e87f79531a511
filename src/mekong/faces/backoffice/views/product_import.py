"""Products from Excel and to Excel: upload, read what is wrong cell by cell, then write all or nothing."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from django.http import HttpResponse
from django.utils.translation import gettext, ngettext

from mekong.catalog import commands, queries
from mekong.catalog.contracts import CellProblem, ImportReport
from mekong.faces.backoffice import kept_files, sentences
from mekong.faces.backoffice.templatetags.mekong import num
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.errors import Invalid

_MODES = ("upsert", "insert", "update")


@dataclass(frozen=True)
class BadCell:
    """A bad cell for people."""

    cell: str
    header: str
    value: str
    message: str


@page("catalog.import", methods=("GET", "HEAD", "POST"))
def upload(visit: Visit) -> HttpResponse:
    """Take a file and judge it without writing anything."""
    if not visit.is_post:
        return visit.render("products/import.html", {"mode": "upsert"})
    mode = visit.posted("mode")
    mode = mode if mode in _MODES else "upsert"
    try:
        key, path, name = kept_files.keep(visit)
    except kept_files.NoFile as refused:
        return visit.render("products/import.html", {"mode": mode, "message": str(refused)}, status=422)
    try:
        report = _run(visit, path, mode, dry_run=True)
    except Invalid as refused:
        path.unlink(missing_ok=True)
        context = {"mode": mode, "message": sentences.of(refused)}
        return visit.render("products/import.html", context, status=422)
    judged: dict[str, Any] = {
        "mode": mode,
        "key": key,
        "name": name,
        "report": report,
        "cells": cells(report.errors),
    }
    return visit.render("products/import_check.html", judged)


def _run(visit: Visit, path: Path, mode: str, *, dry_run: bool) -> ImportReport:
    chosen: Literal["insert", "update", "upsert"] = "upsert"
    if mode == "insert":
        chosen = "insert"
    elif mode == "update":
        chosen = "update"
    return commands.import_products(actor=visit.actor, file=path, now=visit.now, mode=chosen, dry_run=dry_run)


def cells(problems: tuple[CellProblem, ...]) -> list[BadCell]:
    """Bad cells as people name them: “C7”."""
    return [
        BadCell(f"{each.column}{each.row}", each.header, each.value[:80], _sentence(each)) for each in problems[:500]
    ]


def _sentence(problem: CellProblem) -> str:
    text = sentences.fill(problem.template, {**problem.params, "field": "\u2060"})
    bare = text.removeprefix("\u2060").lstrip(": ").replace("\u2060", problem.header).strip()
    return bare[:1].upper() + bare[1:]


@page("catalog.import", methods=("POST",))
def confirm(visit: Visit) -> HttpResponse:
    """Write what was judged good. A second press finds every row unchanged."""
    path = kept_files.kept(visit, visit.posted("key"))
    if path is None:
        message = gettext("The file is no longer kept. Upload it again.")
        return visit.render("products/import.html", {"mode": "upsert", "message": message}, status=404)
    report = _run(visit, path, visit.posted("mode"), dry_run=False)
    if not report.ok:
        context = {
            "mode": visit.posted("mode"), "key": visit.posted("key"), "name": path.name, "report": report,
            "cells": cells(report.errors),
        }  # fmt: skip
        return visit.render("products/import_check.html", context, status=422)
    path.unlink(missing_ok=True)
    visit.flash(
        ngettext(
            "{rows} row imported: {created} new, {updated} changed, {unchanged} as they were",
            "{rows} rows imported: {created} new, {updated} changed, {unchanged} as they were",
            report.rows,
        ).format(rows=num(report.rows), created=num(report.created), updated=num(report.updated),
                 unchanged=num(report.unchanged))
    )  # fmt: skip
    return visit.redirect("/products/?status=all")


@page("catalog.import", methods=("POST",))
def errors_file(visit: Visit) -> HttpResponse:
    """The rows with bad cells as a workbook, marked, with what to do in the last column."""
    path = kept_files.kept(visit, visit.posted("key"))
    if path is None:
        message = gettext("The file is no longer kept. Upload it again.")
        return visit.render("products/import.html", {"mode": "upsert", "message": message}, status=404)
    report = _run(visit, path, visit.posted("mode"), dry_run=True)
    out = io.BytesIO()
    commands.write_error_workbook(report=report, file=path, out=out)
    return kept_files.download(out, gettext("rows-to-mend.xlsx"))


@page("catalog.view")
def export(visit: Visit) -> HttpResponse:
    """Every product, or those with a variant that the filters of the query fit, in the columns the import reads."""
    only = _filtered(visit)
    chosen: Literal["xlsx", "csv"] = "csv" if visit.param("format") == "csv" else "xlsx"
    out = io.BytesIO()
    try:
        queries.export_products(actor=visit.actor, out=out, format=chosen, product_ids=only)
    except ValueError:
        # A cell that Excel cannot hold; CSV can.
        out, chosen = io.BytesIO(), "csv"
        queries.export_products(actor=visit.actor, out=out, format=chosen, product_ids=only)
    kind = kept_files.XLSX if chosen == "xlsx" else "text/csv; charset=utf-8"
    name = f"mekong-{gettext('products')}-{visit.now:%y%m%d}.{chosen}"
    return kept_files.download(out, name, kind)


def _filtered(visit: Visit) -> set[int] | None:
    """The products that the table of variants shows with these filters; None without any."""
    status = visit.param("status")
    status = status if status in ("active", "draft", "archived") else ""
    q, category, brand = visit.param("q"), visit.param("category"), visit.param("brand")
    if not (q or category or brand or status):
        return None
    found = queries.grid_index(actor=visit.actor, q=q, category=category, brand=brand, status=status)
    return queries.products_of(actor=visit.actor, variant_ids=found.ids)


@page("catalog.view")
def template(visit: Visit) -> HttpResponse:  # noqa: ARG001 - the form of every view
    """An empty file with the columns of the import."""
    out = io.BytesIO()
    queries.write_template(out=out)
    return kept_files.download(out, gettext("products-template.xlsx"))
