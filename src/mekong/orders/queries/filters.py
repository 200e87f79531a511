"""Saved filters as they are read."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Q

from mekong.foundation.actor import Actor
from mekong.orders.contracts import Conditions, SavedFilterView
from mekong.orders.errors import FilterNotFound
from mekong.orders.models import SavedFilter


def stored(conditions: Conditions) -> dict[str, Any]:
    """Conditions as a row keeps them: those that are set."""
    empty = _plain(Conditions())
    return {name: value for name, value in _plain(conditions).items() if value != empty[name]}


def _plain(conditions: Conditions) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(conditions))
    return plain


def view_of(row: SavedFilter, actor: Actor) -> SavedFilterView:
    return SavedFilterView(
        id=row.id, name=row.name, is_shared=row.is_shared, is_own=row.owner == actor.ref,
        conditions=msgspec.convert(row.conditions, Conditions),
    )  # fmt: skip


def list_filters(*, actor: Actor) -> list[SavedFilterView]:
    """One's own filters in one's own order, then those that others share, by name. One statement. Raises: MayNot."""
    actor.require("orders.view")
    rows = list(SavedFilter.objects.filter(Q(owner=actor.ref) | Q(is_shared=True)))
    rows.sort(key=lambda row: (row.owner != actor.ref, row.position if row.owner == actor.ref else 0, row.name))
    return [view_of(row, actor) for row in rows]


def get_filter(*, actor: Actor, filter_id: UUID) -> SavedFilterView:
    """Raises: MayNot, FilterNotFound."""
    for each in list_filters(actor=actor):
        if each.id == filter_id:
            return each
    raise FilterNotFound
