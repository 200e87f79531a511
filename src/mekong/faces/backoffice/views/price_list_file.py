"""A price list from Excel and to Excel: upload, read what is wrong cell by cell, then write all or nothing."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Literal

from django.http import HttpResponse
from django.utils.translation import gettext, ngettext

from mekong.faces.backoffice import kept_files, sentences
from mekong.faces.backoffice.templatetags.mekong import num
from mekong.faces.backoffice.views.product_import import cells
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation.errors import Invalid
from mekong.pricing import commands, queries
from mekong.pricing.contracts.lists import EntriesReport, ListView


@page("pricing.view")
def export(visit: Visit, code: str) -> HttpResponse:
    """The prices of a list; with `all`, goods on sale without one too."""
    found = queries.get_price_list(actor=visit.actor, code=code)
    chosen: Literal["xlsx", "csv"] = "csv" if visit.param("format") == "csv" else "xlsx"
    out = io.BytesIO()
    queries.export_price_list(
        actor=visit.actor, list_id=found.id, out=out, format=chosen, is_whole=bool(visit.param("all"))
    )
    kind = kept_files.XLSX if chosen == "xlsx" else "text/csv; charset=utf-8"
    return kept_files.download(out, f"mekong-{gettext('price-list')}-{found.code}-{visit.now:%y%m%d}.{chosen}", kind)


@page("pricing.manage", methods=("GET", "HEAD", "POST"))
def upload(visit: Visit, code: str) -> HttpResponse:
    """Take a file and judge it without writing anything."""
    found = queries.get_price_list(actor=visit.actor, code=code)
    if not visit.is_post:
        return visit.render("prices/list_file.html", {"list": found})
    try:
        key, path, name = kept_files.keep(visit)
    except kept_files.NoFile as refused:
        return visit.render("prices/list_file.html", {"list": found, "message": str(refused)}, status=422)
    try:
        report = _run(visit, found, path, dry_run=True)
    except Invalid as refused:
        path.unlink(missing_ok=True)
        context = {"list": found, "message": sentences.of(refused)}
        return visit.render("prices/list_file.html", context, status=422)
    return visit.render("prices/list_file_check.html", _judged(found, report, key, name))


def _run(visit: Visit, found: ListView, path: Path, *, dry_run: bool) -> EntriesReport:
    return commands.import_price_list(actor=visit.actor, list_id=found.id, file=path, now=visit.now, dry_run=dry_run)


def _judged(found: ListView, report: EntriesReport, key: str, name: str) -> dict[str, Any]:
    return {"list": found, "report": report, "key": key, "name": name, "cells": cells(report.errors)}


@page("pricing.manage", methods=("POST",))
def confirm(visit: Visit, code: str) -> HttpResponse:
    """Write what was judged good. A second press finds every price as it is."""
    found = queries.get_price_list(actor=visit.actor, code=code)
    path = kept_files.kept(visit, visit.posted("key"))
    if path is None:
        message = gettext("The file is no longer kept. Upload it again.")
        return visit.render("prices/list_file.html", {"list": found, "message": message}, status=404)
    report = _run(visit, found, path, dry_run=False)
    if not report.written:
        context = _judged(found, report, visit.posted("key"), path.name)
        return visit.render("prices/list_file_check.html", context, status=422)
    path.unlink(missing_ok=True)
    text = ngettext("{n} price changed", "{n} prices changed", report.changed)
    visit.flash(text.format(n=num(report.changed)) if report.changed else gettext("No price is other than before"))
    return visit.redirect(f"/prices/lists/{found.code}/")
