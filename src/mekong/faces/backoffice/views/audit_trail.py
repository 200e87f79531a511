"""The audit trail: who changed or looked at what, filtered, and out as a file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mekong.faces.backoffice import kept_files, streamed
from mekong.faces.backoffice.fields import Errors, read_date
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation import queries
from mekong.foundation.contracts import AuditView
from mekong.foundation.errors import Invalid
from mekong.foundation.models import Person
from mekong.foundation.security import trail

ACTIONS: dict[str, str | Promise] = {
    "insert": _("Added"), "update": _("Edited"), "delete": _("Deleted"), "read": _("Looked at personal data"),
    "export": _("Took out a file"), "sign_in": _("Signed in"), "sign_out": _("Signed out"), "locked": _("Locked"),
    "unlocked": _("Unlocked"), "refused": _("Refused"), "ended": _("Ended sessions"),
}  # fmt: skip
TABLES: dict[str, str | Promise] = {
    "foundation_person": _("Staff"), "foundation_roleassignment": _("Roles of staff"),
    "foundation_apitoken": _("API keys"), "foundation_secondfactor": _("Second steps"),
    "foundation_passkey": _("Passkeys"), "foundation_recoverycode": _("Recovery codes"),
    "foundation_securitypolicy": _("Security policy"), "foundation_accessrule": _("Places and hours"),
    "foundation_browsersession": _("Sessions"), "foundation_auditentry": _("Audit trail"),
    "orders_salesorder": _("Orders"), "channels_account": _("Access to platforms"), "channels_channel": _("Channels"),
    "channels_listing": _("Listings"), "channels_outbound": _("Messages to platforms"),
    "inventory_location": _("Locations"), "inventory_stockcontrol": _("Stock controls"),
    "inventory_channelsupply": _("Places that serve channels"), "inventory_reorderlevel": _("Low-stock levels"),
}  # fmt: skip

COLUMNS: dict[str, str | Promise] = {
    "name": _("Name"), "email": _("E-mail"), "phone": _("Phone number"), "language": _("Language"), "role": _("Role"),
    "password": _("Password"), "is_active": _("Works here"), "location_ids": _("Where"), "address": _("Address on the network"),
    "way": _("How"), "fields": _("Which data"), "networks": _("Networks"), "days": _("Days"), "sessions": _("Sessions"),
    "kind": _("Kind of file"), "scopes": _("Rights"), "expires_at": _("Until"), "revoked_at": _("Revoked"),
}  # fmt: skip
"""The columns that staff asks about most; others are named as they are."""


@dataclass(frozen=True)
class Shown:
    """An entry for people. `facts`: the column in words where there are any, before, after."""

    entry: AuditView
    who: str
    action: str
    table: str
    facts: list[tuple[str, str, str]]


@page("audit.view")
def audit_trail(visit: Visit) -> HttpResponse:
    """Newest first; `who`, `kind`, `table`, `from` and `to` narrow it."""
    errors = Errors()
    wanted = _wanted(visit, errors)
    found = (
        queries.list_audit(actor=visit.actor, cursor=visit.param("cursor") or None, **wanted) if not errors else None
    )
    context = {
        "entries": [_shown(each) for each in found.items] if found else [],
        "next_cursor": found.next_cursor if found else None,
        "errors": errors,
        "actions": ACTIONS,
        "tables": TABLES,
        "people": Person.objects.order_by("name").values_list("pk", "name")[:500],
        "form": {name: visit.param(name) for name in ("who", "kind", "table", "row", "from", "to")},
        "is_filtered": any(value is not None for value in wanted.values()),
        "query": visit.request.GET.urlencode(),
    }
    template = "audit/list.html" if visit.is_partial else "audit/index.html"
    return visit.render(template, context, status=422 if errors else 200)


def _wanted(visit: Visit, errors: Errors) -> dict[str, Any]:
    since, until = read_date(errors, "from", visit.param("from")), read_date(errors, "to", visit.param("to"))
    if since and until and until < since:
        errors.add("to", gettext("The last day lies before the first."))
    who = visit.param("who")
    return {
        "by": f"person:{who}" if who.isdecimal() else who or None,
        "action": visit.param("kind") or None,
        "table": visit.param("table") or None,
        "row_id": visit.param("row") or None,
        "since": _midnight(since),
        "until": _midnight(until + timedelta(days=1)) if until and until < date.max else None,
    }


def _midnight(day: date | None) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time())) if day else None


def _shown(entry: AuditView) -> Shown:
    before, after = entry.before or {}, entry.after or {}
    names = list(dict.fromkeys([*before, *after]))
    facts = [(str(COLUMNS.get(name, name)), _text(before.get(name)), _text(after.get(name))) for name in names]
    return Shown(
        entry,
        gettext("System") if entry.actor == "system" else entry.actor_name,
        str(ACTIONS.get(entry.action, entry.action)),
        str(TABLES.get(entry.table, entry.table)),
        [fact for fact in facts if fact[1] or fact[2]],
    )


def _text(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text[:300]


@page("audit.view", confirmed=True)
def audit_file(visit: Visit) -> HttpResponseBase:
    """What the filter finds, as CSV or Excel. That it was taken out is booked."""
    errors = Errors()
    wanted = _wanted(visit, errors)
    if errors:
        raise Invalid(field="from", problem="A day belongs here, such as 31/12/2026.")
    kind = "csv" if visit.param("as") == "csv" else "xlsx"
    trail.book(actor=visit.actor, kind=kind, wanted=wanted, now=visit.now)
    name = f"{gettext('audit')}-{visit.now:%y%m%d-%H%M}.{kind}"
    if kind == "csv":
        return streamed.Streamed(
            trail.csv_pieces(actor=visit.actor, wanted=wanted), name=name, kind="text/csv; charset=utf-8"
        )
    file = trail.excel_file(actor=visit.actor, wanted=wanted)
    return streamed.Streamed(streamed.of_file(file), name=name, kind=kept_files.XLSX)
