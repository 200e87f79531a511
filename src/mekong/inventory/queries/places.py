"""Places: warehouses, stores, and those of the system itself."""

from __future__ import annotations

from mekong.foundation.actor import Actor
from mekong.inventory.contracts import LocationView
from mekong.inventory.errors import LocationNotFound
from mekong.inventory.models import KEPT_KINDS, SELLING_KINDS, Location, LocationKind

_virtual: dict[str, int] = {}


_VIEW = ("id", "uid", "code", "name", "kind", "priority", "is_active", "address")


def location_view(row: Location) -> LocationView:
    return LocationView(row.id, row.uid, row.code, row.name, row.kind, row.priority, row.is_active, row.address)


def get_location(*, actor: Actor, code: str) -> LocationView:  # noqa: ARG001 - a query like any other
    """A place that keeps stock, by its code in any case. Raises: LocationNotFound."""
    row = Location.objects.filter(code=code.strip().upper(), kind__in=KEPT_KINDS).first()
    if row is None or (row.kind == LocationKind.TRANSIT):
        raise LocationNotFound(key=code)
    return location_view(row)


def list_locations(*, actor: Actor) -> list[LocationView]:
    """Warehouses and stores this actor works at, by priority."""
    rows = Location.objects.filter(kind__in=(LocationKind.WAREHOUSE, LocationKind.STORE)).order_by("priority", "id")
    found = [LocationView(*row) for row in rows.values_list(*_VIEW)]
    return [each for each in found if actor.sees_location(each.id, "inventory.view")]


def list_places(*, actor: Actor) -> list[LocationView]:
    """Names of every active warehouse and store, by priority: where goods can be asked from. What stands there is not told."""
    actor.require("inventory.view")
    rows = Location.objects.filter(kind__in=SELLING_KINDS, is_active=True).order_by("priority", "id")
    return [location_view(row) for row in rows]


def virtual_location(kind: LocationKind) -> int:
    """The id of the one place of a system kind: supplier, customer, delivery, loss, transit."""
    if kind not in _virtual:
        _virtual[kind] = Location.objects.only("id").get(kind=kind).id
    return _virtual[kind]


def forget_virtual() -> None:
    """Look system places up anew."""
    _virtual.clear()
