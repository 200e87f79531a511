"""Places, what serves a channel, and when stock counts as low."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import IntegrityError, transaction

from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.inventory.commands.checking import (
    MAX_QUANTITY,
    policy_moved,
)
from mekong.inventory.contracts import (
    LocationView,
)
from mekong.inventory.errors import (
    BadQuantity,
    ControlInvalid,
    LocationNotFound,
    LocationTaken,
)
from mekong.inventory.models import (
    KEPT_KINDS,
    ChannelSupply,
    Location,
    LocationKind,
    ReorderLevel,
)
from mekong.inventory.queries import get_location, location_view

MAX_PRIORITY = 30_000
"""Places of the system itself stand behind every place of ours."""


@command
def create_location(
    *,
    actor: Actor,
    code: str,
    name: str,
    kind: str = "warehouse",
    priority: int = 100,
    address: Mapping[str, str] | None = None,
) -> LocationView:
    """Open a place that keeps stock: a warehouse or a store. Raises: MayNot, ControlInvalid (names the field), LocationTaken."""
    actor.require("settings.manage")
    if kind not in (LocationKind.WAREHOUSE, LocationKind.STORE):
        raise ControlInvalid(
            field="kind", problem="“{kind}” is not a kind of location. Use warehouse or store.", kind=kind
        )
    if not 1 <= len(code.strip()) <= 30 or not code.strip().isprintable():
        raise ControlInvalid(field="code", problem="A location needs a code of 1 to 30 characters.")
    _check_name(name)
    _check_priority(priority)
    try:
        with transaction.atomic():
            made = Location.objects.create(
                code=code.strip().upper(), name=name.strip(), kind=kind, priority=priority, address=dict(address or {})
            )
    except IntegrityError as taken:
        raise LocationTaken(code=code) from taken
    policy_moved()
    return location_view(made)


def _check_name(name: str) -> None:
    if not 1 <= len(name.strip()) <= 120:
        raise ControlInvalid(field="name", problem="A location needs a name of 1 to 120 characters.")


def _check_priority(priority: int) -> None:
    if not 0 <= priority <= MAX_PRIORITY:
        raise ControlInvalid(field="priority", problem="Send a whole number from 0 to {limit}.", limit=MAX_PRIORITY)


@command
def update_location(
    *,
    actor: Actor,
    code: str,
    name: str | None = None,
    priority: int | None = None,
    is_active: bool | None = None,
    address: Mapping[str, str] | None = None,
) -> LocationView:
    """Rename a place, change its address or priority, or take it out of selling. Its stock and history stay."""
    actor.require("settings.manage")
    # Not FOR UPDATE: every movement's foreign key would wait for it.
    held = Location.objects.select_for_update(no_key=True).exclude(kind=LocationKind.TRANSIT)
    place = held.filter(code__iexact=code.strip(), kind__in=KEPT_KINDS).first()
    if place is None:
        raise LocationNotFound(key=code)
    if name is not None:
        _check_name(name)
        place.name = name.strip()
    if priority is not None:
        _check_priority(priority)
        place.priority = priority
    if is_active is not None:
        place.is_active = is_active
    if address is not None:
        place.address = dict(address)
    place.save()
    policy_moved()
    return location_view(place)


@command
def set_channel_supply(*, actor: Actor, channel: str, location_codes: Sequence[str]) -> None:
    """Say which places serve a channel, first asked first. An empty list means every warehouse and store."""
    actor.require("inventory.controls")
    places = [get_location(actor=actor, code=code) for code in location_codes]
    ChannelSupply.objects.filter(channel=channel).delete()
    ChannelSupply.objects.bulk_create(
        ChannelSupply(channel=channel, location_id=place.id, priority=position) for position, place in enumerate(places)
    )
    policy_moved()


@command
def set_reorder_level(
    *, actor: Actor, variant_id: int, location: str, min_qty: int, max_qty: int | None = None
) -> None:
    """Say when stock counts as low at a place, in units. Raises: MayNot, BadQuantity."""
    actor.require("inventory.adjust")
    place = get_location(actor=actor, code=location)
    actor.require_location(place.id, place.code, "inventory.adjust")
    if not 0 <= min_qty <= MAX_QUANTITY:
        raise BadQuantity(field="min_qty", quantity=min_qty, range="from 0 up")
    if max_qty is not None and not min_qty <= max_qty <= MAX_QUANTITY:
        raise BadQuantity(field="max_qty", quantity=max_qty, range=f"from {min_qty} up")
    ReorderLevel.objects.update_or_create(
        variant_id=variant_id, location_id=place.id, defaults={"min_qty": min_qty, "max_qty": max_qty}
    )
