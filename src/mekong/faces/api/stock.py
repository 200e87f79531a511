"""Locations and stock."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field

from mekong.catalog import queries as catalog
from mekong.catalog.errors import VariantNotFound
from mekong.faces.api.auth import authenticate, moment
from mekong.faces.api.shapes import Cursor, Limit, PageOf, Sku, public_id
from mekong.faces.api.stock_shapes import (
    AdjustmentIn,
    AdjustmentOut,
    AvailabilityOut,
    Channel,
    ControlIn,
    ControlOut,
    ControlsOut,
    LevelOut,
    LocationIn,
    LocationOut,
    LocationPatchIn,
    LocationsOut,
    LotsOut,
    MovementOut,
    OversellIn,
    ReceiptIn,
    ReorderLevelIn,
    SupplyIn,
    TransferIn,
    TransferOut,
    control_out,
    level_out,
    location_out,
)
from mekong.foundation.actor import SYSTEM
from mekong.foundation.paging import decode_cursor, encode_cursor
from mekong.foundation.queries import names_of
from mekong.inventory import commands, queries
from mekong.inventory.contracts import AdjustmentLine, StockChange

router = Router(tags=["stock"])
Place = Annotated[str, Field(max_length=30)]


def ids_of(skus: Collection[str], field: str) -> dict[str, int]:
    """Ids of variants by SKU as written. `field` names a place, e.g. `lines[{}].sku`. Raises: VariantNotFound.

    Asked by the system: whoever may move stock may name what moves, with no right to the catalogue.
    """
    found = catalog.variants_by_sku(actor=SYSTEM, skus=skus)
    for position, sku in enumerate(skus):
        if sku not in found:
            raise VariantNotFound(field=field.format(position), key=sku)
    return {sku: variant.id for sku, variant in found.items()}


def skus_of(variant_ids: Collection[int]) -> dict[int, str]:
    return {key: each.sku for key, each in catalog.variants_by_id(actor=SYSTEM, ids=variant_ids).items()}


@router.get("/locations", response=LocationsOut)
def list_locations(request: HttpRequest) -> Any:
    """Warehouses and stores the caller works at, first asked first."""
    return {"items": [location_out(each) for each in queries.list_locations(actor=authenticate(request))]}


@router.post("/locations", response={201: LocationOut})
def create_location(request: HttpRequest, body: LocationIn) -> Any:
    """Open a warehouse or a store."""
    return Status(201, location_out(commands.create_location(actor=authenticate(request), **body.model_dump())))


@router.patch("/locations/{code}", response=LocationOut)
def change_location(request: HttpRequest, code: str, body: LocationPatchIn) -> Any:
    """Rename it, change its priority, or take it out of selling. Its stock and history stay."""
    return location_out(commands.update_location(actor=authenticate(request), code=code, **body.model_dump()))


@router.post("/stock/adjustments", response={201: AdjustmentOut})
def adjust_stock(request: HttpRequest, body: AdjustmentIn) -> Any:
    """Change what stands at a location, for a reason. All lines or none. Above a limit it waits for approval."""
    actor = authenticate(request)
    if not actor.may("inventory.receive"):
        actor.require("inventory.adjust")
    variants = ids_of([each.sku for each in body.lines], "lines[{}].sku")
    asked = commands.request_adjustment(
        actor=actor,
        location=body.location,
        reason=body.reason,
        lines=[
            AdjustmentLine(variants[each.sku], each.quantity, each.lot, each.expires_on, each.unit_cost_minor)
            for each in body.lines
        ],
        reference=body.reference,
        note=body.note,
        now=moment(request),
    )
    if asked.waiting is not None:
        return Status(201, {"reference": asked.waiting.code, "state": "waiting", "levels": []})
    done = asked.change or StockChange("", ())
    skus = skus_of({level.variant_id for level in done.levels})
    shown = [level_out(each, skus) for each in done.levels]
    return Status(201, {"reference": done.reference, "state": "booked", "levels": shown})


@router.get("/stock/levels", response=PageOf[LevelOut])
def list_levels(
    request: HttpRequest,
    sku: Sku | None = None,
    location: Place = "",
    cursor: Cursor | None = None,
    limit: Limit = 50,
) -> Any:
    """What stands where, and what of it is promised. A variant never stocked has no entry."""
    actor = authenticate(request)
    actor.require("inventory.view")
    found = queries.levels(
        actor=actor,
        variant_ids=None if sku is None else list(ids_of([sku], "sku").values()),
        location=location,
        after=decode_cursor(cursor, tuple[int, int]) if cursor else (0, 0),
        limit=limit + 1,
    )
    page = found[:limit]
    skus = skus_of({each.variant_id for each in page})
    more = encode_cursor(page[-1].variant_id, page[-1].location_id) if len(found) > limit else None
    return {"items": [level_out(each, skus) for each in page], "next_cursor": more}


@router.get("/stock/movements", response=PageOf[MovementOut])
def list_movements(
    request: HttpRequest, sku: Sku, location: Place = "", cursor: Cursor | None = None, limit: Limit = 50
) -> Any:
    """The stock card of a SKU: every movement, newest first, with the balance after it, who and why."""
    actor = authenticate(request)
    actor.require("inventory.view")
    variant = ids_of([sku], "sku")[sku]
    before = decode_cursor(cursor, tuple[int])[0] if cursor else None
    found = queries.stock_card(actor=actor, variant_id=variant, location=location, before=before, limit=limit + 1)
    page = found[:limit]
    names = names_of(each.actor for each in page)
    own = skus_of([variant])[variant]
    plain = set(MovementOut.model_fields) - {"sku", "from_location", "to_location", "actor_name", "unit_cost_minor"}
    items = [
        {
            **{name: getattr(each, name) for name in plain},
            "sku": own,
            "from_location": each.from_code,
            "to_location": each.to_code,
            "actor_name": names.get(each.actor, each.actor),
            "unit_cost_minor": each.unit_cost_minor if actor.may("money.view_cost") else None,
        }
        for each in page
    ]
    return {"items": items, "next_cursor": encode_cursor(page[-1].id) if len(found) > limit else None}


@router.get("/stock/availability", response=AvailabilityOut)
def get_availability(request: HttpRequest, sku: Sku, channel: Channel = "") -> Any:
    """What a channel may promise of a SKU now, and why. Without a channel: the pool of all locations."""
    authenticate(request).require("inventory.view")
    variant = ids_of([sku], "sku")[sku]
    found = queries.availability(channel=channel, variant_ids=[variant])[variant]
    shown = {name: getattr(found, name) for name in AvailabilityOut.model_fields if name != "sku"}
    return {**shown, "sku": skus_of([variant])[variant]}


@router.get("/stock/lots", response=LotsOut)
def list_lots(request: HttpRequest, sku: Sku) -> Any:
    """Lots of a SKU that have units, first to expire first."""
    actor = authenticate(request)
    actor.require("inventory.view")
    found = queries.list_lots(actor=actor, variant_id=ids_of([sku], "sku")[sku])
    return {
        "items": [
            {"location": each.location_code, "lot": each.code, "expires_on": each.expires_on, "on_hand": each.on_hand}
            for each in found
        ]
    }


@router.get("/stock/controls", response=ControlsOut)
def list_controls(request: HttpRequest, channel: Channel = "") -> Any:
    """Controls in the order in which they are asked; the first match wins."""
    found = queries.list_controls(actor=authenticate(request), channel=channel)
    return {"items": [control_out(each) for each in found]}


@router.post("/stock/controls", response={201: ControlOut})
def set_control(request: HttpRequest, body: ControlIn) -> Any:
    """Shape what a channel may show and sell."""
    return Status(201, control_out(commands.set_control(actor=authenticate(request), **body.model_dump())))


@router.delete("/stock/controls/{control_id}", response={204: None})
def remove_control(request: HttpRequest, control_id: str) -> Any:
    """Take a control away; its units return to the pool. A repeat changes nothing."""
    actor = authenticate(request)
    commands.remove_control(actor=actor, control_id=public_id("ctl", control_id, "Control"))
    return Status(204, None)


@router.put("/stock/supply", response={204: None})
def set_supply(request: HttpRequest, body: SupplyIn) -> Any:
    """Say which locations serve a channel, first asked first."""
    actor = authenticate(request)
    codes = list(dict.fromkeys(code.strip().upper() for code in body.locations))
    commands.set_channel_supply(actor=actor, channel=body.channel, location_codes=codes)
    return Status(204, None)


@router.put("/stock/reorder-levels", response={204: None})
def set_reorder_level(request: HttpRequest, body: ReorderLevelIn) -> Any:
    """Say when a SKU's stock counts as low at a location."""
    actor = authenticate(request)
    actor.require("inventory.adjust")
    commands.set_reorder_level(
        actor=actor,
        variant_id=ids_of([body.sku], "sku")[body.sku],
        location=body.location,
        min_qty=body.min_qty,
        max_qty=body.max_qty,
    )
    return Status(204, None)


@router.post("/stock/oversell", response={204: None})
def sell_below_zero(request: HttpRequest, body: OversellIn) -> Any:
    """Let goods be sold that the shelf has and the system does not: what is missing is gained and put on its list."""
    actor = authenticate(request)
    actor.require("inventory.sell_below_zero")
    variants = ids_of([each.sku for each in body.lines], "lines[{}].sku")
    commands.sell_below_zero(
        actor=actor,
        channel=body.channel,
        location=body.location,
        lines=[(variants[each.sku], each.quantity) for each in body.lines],
        reference=body.reference,
        now=moment(request),
    )
    return Status(204, None)


@router.post("/stock/transfers", response={201: TransferOut})
def ship_transfer(request: HttpRequest, body: TransferIn) -> Any:
    """Send goods to another location at once; they stand in transit until received. Or, with `step`, only draft or ask."""
    actor = authenticate(request)
    actor.require("inventory.transfer")
    variants = ids_of([each.sku for each in body.lines], "lines[{}].sku")
    said: dict[str, Any] = {
        "actor": actor,
        "from_code": body.from_location,
        "to_code": body.to_location,
        "lines": [(variants[each.sku], each.quantity) for each in body.lines],
        "now": moment(request),
        "note": body.note,
    }
    if body.step == "shipped":
        made, code = commands.ship_transfer(**said)
        return Status(201, {"id": f"trf_{made.hex}", "code": code, "state": "in_transit"})
    view = commands.draft_transfer(**said, ask=body.step == "requested")
    return Status(201, {"id": f"trf_{view.id.hex}", "code": view.code, "state": view.state})


@router.post("/stock/transfers/{transfer_id}/receive", response={204: None})
def receive_transfer(request: HttpRequest, transfer_id: str, body: ReceiptIn) -> Any:
    """Take a transfer in. What is missing stays open until it is settled. A repeat changes nothing."""
    actor = authenticate(request)
    actor.require("inventory.transfer")
    received, causes = None, None
    if body.lines is not None:
        variants = ids_of([each.sku for each in body.lines], "lines[{}].sku")
        received = {variants[each.sku]: each.quantity for each in body.lines}
        causes = {variants[each.sku]: each.cause for each in body.lines if each.cause}
    key = public_id("trf", transfer_id, "Transfer")
    commands.receive_transfer(actor=actor, transfer_id=key, now=moment(request), received=received, causes=causes)
    return Status(204, None)
