"""Orders by file: an export of a platform's seller centre, judged first; and the stock file to upload there."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from mekong.channels import files, queries
from mekong.channels.contracts import OrderFileReport
from mekong.faces.backoffice import channel_book, kept_files, sentences
from mekong.faces.backoffice.templatetags.mekong import num
from mekong.faces.backoffice.views.product_import import cells
from mekong.faces.backoffice.visit import Visit, page
from mekong.faces.backoffice.words import ORDER_STATES
from mekong.foundation.errors import Invalid, Rejected

FIELDS: Mapping[str, str | Promise] = {
    "order": _("Order number"), "status": _("Status"), "placed": _("Ordered at"), "sku": _("SKU"),
    "product_sku": _("SKU of the product"), "name": _("Name"), "variation": _("Variant"), "quantity": _("Quantity"),
    "price": _("Price of a unit"), "subtotal": _("Amount of the row"), "line": _("Row number"),
    "tracking": _("Tracking number"), "package": _("Parcel"), "updated": _("Changed at"), "paid": _("Paid at"),
    "shipped": _("Handed over at"), "delivered": _("Delivered at"), "completed": _("Completed at"),
    "ship_by": _("Hand over by"), "buyer": _("Buyer"), "recipient": _("Recipient"), "phone": _("Phone number"),
    "province": _("Province"), "district": _("District"), "ward": _("Ward"), "street": _("Street"), "note": _("Note"),
    "payment": _("Payment"), "shipping_fee": _("Shipping fee"), "discount": _("Discount"),
}  # fmt: skip
STEPS: Mapping[str, str | Promise] = {
    "unpaid": _("Unpaid"), "placed": ORDER_STATES["confirmed"].word, "packed": ORDER_STATES["packed"].word,
    "ready_to_ship": ORDER_STATES["ready_to_ship"].word, "shipped": ORDER_STATES["shipped"].word,
    "delivered": ORDER_STATES["delivered"].word, "completed": ORDER_STATES["completed"].word,
    "cancelled": ORDER_STATES["cancelled"].word, "delivery_failed": ORDER_STATES["delivery_failed"].word,
    "returning": ORDER_STATES["returning"].word, "returned": ORDER_STATES["returned"].word,
}  # fmt: skip
_MOST_ASKED = 40


@dataclass(frozen=True)
class Counted:
    """How many orders of the file stand where."""

    word: str | Promise
    orders: int


@page("channels.sync", methods=("GET", "HEAD", "POST"))
def upload(visit: Visit, code: str) -> HttpResponse:
    """Take an export and judge it without booking anything."""
    if not visit.is_post:
        return _ask(visit, code)
    try:
        key, path, name = kept_files.keep(visit)
    except kept_files.NoFile as refused:
        return _ask(visit, code, message=str(refused), status=422)
    try:
        report = _run(visit, code, path, dry_run=True)
    except Rejected as refused:
        path.unlink(missing_ok=True)
        return _ask(visit, code, message=sentences.of(refused), status=refused.status)
    return _judged(visit, code, key, name, report)


@page("channels.sync", methods=("POST",))
def judge(visit: Visit, code: str) -> HttpResponse:
    """Judge the file again with what was said of its columns and statuses; it is remembered."""
    key, name = visit.posted("key", longest=40), visit.posted("name", longest=200)
    path = kept_files.kept(visit, key)
    if path is None:
        return _ask(visit, code, message=gettext("The file is no longer kept. Upload it again."), status=404)
    columns = {field: header for field in FIELDS if (header := visit.posted(f"col-{field}", longest=300))}
    states = {}
    for number in range(_MOST_ASKED):
        text, step = visit.posted(f"text-{number}", longest=300), visit.posted(f"step-{number}", longest=30)
        if text and step:
            states[text] = step
    try:
        report = _run(visit, code, path, columns=columns, states=states, dry_run=True)
    except Invalid as refused:
        report = _run(visit, code, path, dry_run=True)
        return _judged(visit, code, key, name, report, message=sentences.of(refused), status=422)
    return _judged(visit, code, key, name, report)


@page("channels.sync", methods=("POST",))
def confirm(visit: Visit, code: str) -> HttpResponse:
    """Book what was judged. A second press finds every order known."""
    key = visit.posted("key", longest=40)
    path = kept_files.kept(visit, key)
    if path is None:
        return _ask(visit, code, message=gettext("The file is no longer kept. Upload it again."), status=404)
    report = _run(visit, code, path, dry_run=False)
    if not report.is_written:
        return _judged(visit, code, key, visit.posted("name", longest=200), report, status=422)
    path.unlink(missing_ok=True)
    visit.flash(
        ngettext(
            "{orders} order read: {placed} new, {advanced} moved on, {left} left out",
            "{orders} orders read: {placed} new, {advanced} moved on, {left} left out",
            report.orders,
        ).format(orders=num(report.orders), placed=num(report.placed), advanced=num(report.advanced),
                 left=num(len(report.left_out) + len(report.parked)))
    )  # fmt: skip
    return visit.redirect(f"/orders/?tab=all&channel={code}")


@page("channels.view")
def stock_file(visit: Visit, code: str) -> HttpResponse:
    """What may be sold there now, to upload on the platform's page."""
    out = io.BytesIO()
    files.write_stock_file(actor=visit.actor, channel=code, out=out)
    return kept_files.download(out, f"{gettext('stock')}-{code}-{visit.now:%y%m%d-%H%M}.xlsx")


def _run(
    visit: Visit, code: str, path: Path, *, dry_run: bool, columns: Mapping[str, str] | None = None,
    states: Mapping[str, str] | None = None,
) -> OrderFileReport:  # fmt: skip
    return files.import_orders(
        actor=visit.actor, channel=code, file=path, now=visit.now, columns=columns, states=states, dry_run=dry_run
    )


def _ask(visit: Visit, code: str, *, message: str = "", status: int = 200) -> HttpResponse:
    context = {**_channel(visit, code), "message": message}
    return visit.render("channels/orders_file.html", context, status=status)


def _channel(visit: Visit, code: str) -> dict[str, Any]:
    found = queries.get_channel(actor=visit.actor, code=code)
    return {"channel": found, "mark": channel_book.mark_of(found)}


def _judged(
    visit: Visit, code: str, key: str, name: str, report: OrderFileReport, *, message: str = "", status: int = 200
) -> HttpResponse:
    asked = [text for text in report.unknown_states if len(text) <= 300][:_MOST_ASKED]
    context = {
        **_channel(visit, code),
        "key": key,
        "name": name,
        "report": report,
        "message": message,
        "missing": [(field, FIELDS[field]) for field in report.missing],
        "headers": sorted({header for header in report.headers if header}, key=str.casefold),
        "recognised": [(FIELDS[field], header) for field, header in report.columns.items()],
        "asked": list(enumerate(asked)),
        "steps": STEPS,
        "counted": [Counted(STEPS.get(step, step), orders) for step, orders in report.by_state.items()],
        "cells": cells(report.problems),
        "unmatched": report.unmatched[:100],
        "unmatched_lines": sum(lines for sku, lines in report.unmatched),
        "new": report.orders - report.known,
    }
    return visit.render("channels/orders_file_check.html", context, status=status)
