"""Saved filters: one's own, or shared with everyone who sees orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Max

from mekong.foundation.actor import Actor
from mekong.foundation.command import act_as, command
from mekong.orders import rules
from mekong.orders.contracts import Conditions, SavedFilterView
from mekong.orders.errors import BadFilter, FilterNotFound, FilterOfAnother, FilterTaken, TooManyFilters
from mekong.orders.models import SavedFilter
from mekong.orders.queries.filters import stored, view_of

MOST = 30
"""Filters a person may keep: more than fit into a row of tabs."""
_NAME_LENGTH = 60


@command
def save_filter(*, actor: Actor, name: str, conditions: Conditions, is_shared: bool, now: datetime) -> SavedFilterView:
    """Keep a list of orders under a name. The same again changes nothing.

    Sharing it needs the right to edit orders. Raises: MayNot, BadFilter, FilterTaken, TooManyFilters.
    """
    actor.require("orders.view")
    if is_shared:
        actor.require("orders.edit")
    name = _named(name)
    _checked(conditions)
    _lock_owner(actor)
    own = SavedFilter.objects.filter(owner=actor.ref)
    same = own.filter(name__iexact=name).first()
    if same is not None:
        if same.conditions == stored(conditions) and same.is_shared == is_shared:
            return view_of(same, actor)
        raise FilterTaken(field="name", name=same.name)
    if own.count() >= MOST:
        raise TooManyFilters(most=MOST)
    last = own.aggregate(last=Max("position"))["last"]
    row = SavedFilter.objects.create(
        owner=actor.ref, name=name, is_shared=is_shared, conditions=stored(conditions),
        position=0 if last is None else last + 1, created_at=now, updated_at=now,
    )  # fmt: skip
    return view_of(row, actor)


@command
def change_filter(
    *,
    actor: Actor,
    filter_id: UUID,
    now: datetime,
    name: str | None = None,
    is_shared: bool | None = None,
    conditions: Conditions | None = None,
) -> SavedFilterView:
    """Rename a filter, share it or not, or have it ask for something else; what is None stays.

    Raises: MayNot, FilterNotFound, FilterOfAnother, BadFilter, FilterTaken.
    """
    row = _own(actor, filter_id)
    if name is not None and (name := _named(name)) != row.name:
        if SavedFilter.objects.filter(owner=row.owner, name__iexact=name).exclude(id=row.id).exists():
            raise FilterTaken(field="name", name=name)
        row.name = name
    if is_shared is not None and is_shared != row.is_shared:
        actor.require("orders.edit")
        row.is_shared = is_shared
    if conditions is not None:
        _checked(conditions)
        row.conditions = stored(conditions)
    row.updated_at = now
    row.save()
    return view_of(row, actor)


@command
def remove_filter(*, actor: Actor, filter_id: UUID) -> None:
    """Forget a filter; one that is gone already stays gone. Raises: MayNot, FilterOfAnother."""
    try:
        _own(actor, filter_id).delete()
    except FilterNotFound:
        return


@command
def order_filters(*, actor: Actor, filter_ids: Sequence[UUID]) -> None:
    """Put one's own filters into this order; those not named come after, as they stood. Raises: MayNot."""
    actor.require("orders.view")
    _lock_owner(actor)
    rows = list(SavedFilter.objects.filter(owner=actor.ref).order_by("position", "created_at"))
    place = {each: at for at, each in enumerate(filter_ids)}
    rows.sort(key=lambda row: place.get(row.id, len(place)))
    for at, row in enumerate(rows):
        row.position = at
    SavedFilter.objects.bulk_update(rows, ["position"])


def _lock_owner(actor: Actor) -> None:
    """One at a time for each person: two tabs that save at once find each other's filter."""
    from django.db import connection

    act_as(actor)
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('orders.saved_filter'), hashtext(%s))", [actor.ref])


def _own(actor: Actor, filter_id: UUID) -> SavedFilter:
    actor.require("orders.view")
    row = SavedFilter.objects.select_for_update().filter(id=filter_id).first()
    if row is None or (row.owner != actor.ref and not row.is_shared):
        raise FilterNotFound
    if row.owner != actor.ref and not actor.may("settings.manage"):
        raise FilterOfAnother(name=row.name)
    return row


def _named(name: str) -> str:
    name = " ".join(name.replace("\0", "").split())
    if not name:
        raise BadFilter(field="name", problem="Give the filter a name.")
    if len(name) > _NAME_LENGTH:
        raise BadFilter(field="name", problem="At most {most} letters.", most=_NAME_LENGTH)
    return name


def _checked(conditions: Conditions) -> None:
    wrong = rules.wrong_condition(conditions)
    if wrong is not None:
        field, problem, params = wrong
        raise BadFilter(field=field, problem=problem, **params)
