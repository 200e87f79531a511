"""The audit trail: who changed or looked at what, filtered, and out as a file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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
from mekong.faces.backoffice.templatetags.mekong import when
from mekong.faces.backoffice.templatetags.people import way
from mekong.faces.backoffice.visit import Visit, page
from mekong.foundation import queries
from mekong.foundation.actor import SYSTEM
from mekong.foundation.contracts import AuditView
from mekong.foundation.errors import Invalid
from mekong.foundation.models import Person, RoleAssignment
from mekong.foundation.permissions import ROLES
from mekong.foundation.security import trail
from mekong.inventory import queries as inventory

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
    "foundation_browsersession": _("Sessions"), "foundation_company": _("Your company"),
    "foundation_auditentry": _("Audit trail"),
    "orders_salesorder": _("Orders"), "channels_account": _("Access to platforms"), "channels_channel": _("Channels"),
    "channels_listing": _("Listings"), "channels_outbound": _("Messages to platforms"),
    "inventory_location": _("Locations"), "inventory_stockcontrol": _("Stock controls"),
    "inventory_channelsupply": _("Places that serve channels"), "inventory_reorderlevel": _("Low-stock levels"),
    "inventory_stockcampaign": _("Stock set aside"), "inventory_campaignline": _("Lines set aside"),
    "channels_channelreturn": _("Returns"), "partners_app": _("Apps"), "partners_appkey": _("Keys of apps"),
    "partners_webhook": _("Webhooks"), "partners_feed": _("Product feeds"),
}  # fmt: skip

COLUMNS: dict[str, str | Promise] = {
    "name": _("Name"), "email": _("E-mail"), "phone": _("Phone number"), "language": _("Language"), "role": _("Role"),
    "password": _("Password"), "is_active": _("Works here"), "location_ids": _("Where"), "address": _("Address on the network"),
    "way": _("How"), "fields": _("Which data"), "networks": _("Networks"), "days": _("Days"), "sessions": _("Sessions"),
    "kind": _("Kind"), "scopes": _("Rights"), "expires_at": _("Until"), "revoked_at": _("Revoked"), "code": _("Code"),
    "must_change_password": _("Must choose a new password"), "person_id": _("Person"), "state": _("State"),
    "channel_id": _("Channel number"), "variant_id": _("SKU number"), "location_id": _("Location number"),
    "created_at": _("Created"), "min_qty": _("Low from"), "max_qty": _("Fill up to"), "remote_sku": _("SKU on the platform"),
    "label": _("Name"), "problem": _("Problem"), "item_id": _("Listing"), "model_id": _("Variant of the listing"),
    "priority": _("Order of use"),
}  # fmt: skip
"""The columns that staff asks about most; others are named as they are."""

HIDDEN = frozenset({"id", "uid", "is_staff", "is_superuser", "token_id", "app_id"})
"""What only the database asks about. It stays in the files."""


@dataclass(frozen=True)
class Shown:
    """An entry for people. `subject`: what it is about, by name where that is known. `facts`: the column in words where
    there are any, before, after."""

    entry: AuditView
    who: str
    action: str
    table: str
    subject: str
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
        "entries": _all_shown(visit, found.items) if found else [],
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


def _all_shown(visit: Visit, entries: Sequence[AuditView]) -> list[Shown]:
    """Three statements, of people, their roles and places."""
    people = {str(number): name for number, name in Person.objects.values_list("pk", "name")[:1000]}
    places = {each.id: each.name for each in inventory.list_locations(actor=SYSTEM)}
    holders = {
        str(number): str(person) for number, person in RoleAssignment.objects.values_list("pk", "person_id")[:1000]
    }
    words = Words(people, holders, places, {each.name: each.label(visit.language) for each in ROLES.values()})
    return [_shown(each, words) for each in entries]


def _shown(entry: AuditView, words: Words) -> Shown:
    before, after = entry.before or {}, entry.after or {}
    names = [name for name in dict.fromkeys([*before, *after]) if name not in HIDDEN]
    facts = [
        (str(COLUMNS.get(name, name)), words.of(name, before.get(name)), words.of(name, after.get(name)))
        for name in names
    ]
    known = {**before, **after}
    person = str(known.get("person_id", ""))
    if entry.table == "foundation_person":
        person = entry.row_id
    elif entry.table == "foundation_roleassignment":
        person = person or words.holders.get(entry.row_id, "")
    return Shown(
        entry,
        _who(entry),
        str(ACTIONS.get(entry.action, entry.action)),
        str(TABLES.get(entry.table, entry.table)),
        words.people.get(person) or str(known.get("name") or known.get("code") or _number(entry.row_id)),
        [fact for fact in facts if fact[1] or fact[2]],
    )


def _who(entry: AuditView) -> str:
    if entry.actor == "system":
        return gettext("System")
    return gettext("In the database itself") if entry.actor.startswith("db:") else entry.actor_name


def _number(row: str) -> str:
    return gettext("No. {number}").format(number=row) if row.isdigit() else row


@dataclass(frozen=True)
class Words:
    """What stands in a column, as people write it."""

    people: Mapping[str, str]
    holders: Mapping[str, str]
    places: Mapping[int, str]
    roles: Mapping[str, str]

    def of(self, column: str, value: Any) -> str:
        if value is None or value in ("", [], {}):
            return ""
        if isinstance(value, bool):
            return gettext("Yes") if value else gettext("No")
        if column == "person_id":
            return self.people.get(str(value), str(value))
        if column == "role":
            return self.roles.get(str(value), str(value))
        if column == "way":
            return way(str(value))
        if column == "location_ids" and isinstance(value, list):
            return ", ".join(self.places.get(each, str(each)) for each in value)
        if column.endswith("_at") and isinstance(value, str):
            try:
                return when(datetime.fromisoformat(value))
            except ValueError:
                pass
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
