"""Apps, their keys, and what they called."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Q, Sum

from mekong.foundation.actor import Actor
from mekong.foundation.contracts import Page
from mekong.foundation.paging import decode_cursor, encode_cursor
from mekong.foundation.queries import token_view
from mekong.partners.contracts import AppDayView, AppDetail, AppView, KeyView
from mekong.partners.errors import AppNotFound
from mekong.partners.models import App, AppDay, AppKey
from mekong.partners.rules.limits import VIETNAM

DAYS = 7


def app_of(actor: Actor) -> App | None:
    """The app whose key the actor is, if it is one. One statement for tokens, none for others."""
    if actor.kind != "token":
        return None
    key = AppKey.objects.select_related("app").filter(token__uid=actor.ref.removeprefix("token:")).first()
    return key.app if key else None


def app_views(rows: Collection[App], now: datetime) -> list[AppView]:
    """Two statements, however many."""
    ids = [row.pk for row in rows]
    since = now.astimezone(VIETNAM).date() - timedelta(days=DAYS - 1)
    alive = Q(token__revoked_at=None) & (Q(token__expires_at=None) | Q(token__expires_at__gt=now))
    keys = {
        each["app_id"]: each
        for each in AppKey.objects.filter(app_id__in=ids)
        .values("app_id")
        .annotate(alive=Count("id", filter=alive), used=Max("token__last_used_at"))
    }
    sums = {
        each["app_id"]: each
        for each in AppDay.objects.filter(app_id__in=ids, day__gte=since)
        .values("app_id")
        .annotate(all=Sum("calls"), bad=Sum("errors"), fast=Sum("limited"))
    }
    made = []
    for row in rows:
        key: Any = keys.get(row.pk, {})
        counted: Any = sums.get(row.pk, {})
        made.append(
            AppView(
                id=row.uid, name=row.name, contact=row.contact, scopes=tuple(row.scopes), per_minute=row.per_minute,
                burst=row.burst, revoked_at=row.revoked_at, created_by=row.created_by, created_at=row.created_at,
                keys=key.get("alive", 0), last_used_at=key.get("used"), calls=counted.get("all") or 0,
                errors=counted.get("bad") or 0, limited=counted.get("fast") or 0,
            )
        )  # fmt: skip
    return made


def list_apps(*, actor: Actor, now: datetime, cursor: str | None = None, limit: int = 50) -> Page[AppView]:
    """Every app, those shut out too, newest first. Three statements. Raises: MayNot, BadCursor."""
    actor.require("tokens.manage")
    rows = App.objects.order_by("-pk")
    if cursor:
        (before,) = decode_cursor(cursor, tuple[int])
        rows = rows.filter(pk__lt=before)
    found = list(rows[: limit + 1])
    more = encode_cursor(found[limit - 1].pk) if len(found) > limit else None
    return Page(app_views(found[:limit], now), more)


def find_app(app_id: UUID) -> App:
    row = App.objects.filter(uid=app_id).first()
    if row is None:
        raise AppNotFound(key=str(app_id))
    return row


def key_view(key: AppKey) -> KeyView:
    return KeyView(key.label, token_view(key.token))


def get_app(*, actor: Actor, app_id: UUID, now: datetime) -> AppDetail:
    """One app with its keys, newest first, and its calls of the last seven days. Five statements.

    Raises: MayNot, AppNotFound.
    """
    actor.require("tokens.manage")
    row = find_app(app_id)
    today = now.astimezone(VIETNAM).date()
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    counted = {each.day: each for each in AppDay.objects.filter(app=row, day__in=days)}
    return AppDetail(
        app=app_views([row], now)[0],
        keys=tuple(key_view(key) for key in AppKey.objects.select_related("token").filter(app=row).order_by("-pk")),
        days=tuple(
            AppDayView(
                day.isoformat(), *(getattr(counted.get(day), name, 0) for name in ("calls", "errors", "limited"))
            )
            for day in days
        ),
    )
