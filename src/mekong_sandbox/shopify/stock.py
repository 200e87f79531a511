"""Mutations of stock (protocol notes, section 2). A mutation of stock is done whole or not at all.

Versions: until 2025-10 a write of stock compares by `compareQuantity` or says `ignoreCompareQuantity`; 2026-01 adds
`changeFromQuantity` and `@idempotent(key:)`; from 2026-04 both are mandatory and the former fields are gone.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec
from msgspec import UNSET, UnsetType

from mekong_sandbox.shopify.execute import Arguments, GraphError, Node
from mekong_sandbox.shopify.gate import Call
from mekong_sandbox.shopify.inputs import check_size, payload, read, undefined, user_error
from mekong_sandbox.shopify.model import Done, Level, Product, Variant
from mekong_sandbox.shopify.nodes import moment
from mekong_sandbox.shopify.rows import gid, number_of

COMPARES_NEWLY, COMPARES_ONLY_NEWLY = "2026-01", "2026-04"
REASONS = (
    "correction", "cycle_count_available", "damaged", "movement_canceled", "movement_created", "movement_received",
    "movement_updated", "other", "promotion", "quality_control", "received", "reservation_created",
    "reservation_deleted", "reservation_updated", "restock", "safety_stock", "shrinkage",
)  # fmt: skip
MAX_QUANTITY = 1_000_000_000


class QuantityInput(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A figure to write for an item at a location."""

    inventory_item_id: str
    location_id: str
    quantity: int
    compare_quantity: int | UnsetType | None = UNSET
    change_from_quantity: int | UnsetType | None = UNSET


class SetInput(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Input of inventorySetQuantities."""

    name: str
    reason: str
    quantities: list[QuantityInput]
    reference_document_uri: str | None = None
    ignore_compare_quantity: bool | UnsetType | None = UNSET


class ChangeInput(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A difference for an item at a location."""

    inventory_item_id: str
    location_id: str
    delta: int
    ledger_document_uri: str | None = None
    change_from_quantity: int | UnsetType | None = UNSET


class AdjustInput(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Input of inventoryAdjustQuantities."""

    name: str
    reason: str
    changes: list[ChangeInput]
    reference_document_uri: str | None = None


class Change(msgspec.Struct):
    """What happened to one figure."""

    name: str
    delta: int
    after: int
    item_id: int
    place_id: int


class Group(msgspec.Struct):
    """What a mutation of stock did; kept under its idempotency key."""

    id: int
    reason: str
    uri: str | None
    at: float
    changes: list[Change]


def _group_node(call: Call, group: Group) -> Node:
    def change(one: Change) -> Node:
        place = next((place for place in call.shop.places if place.id == one.place_id), None)
        found = call.market.items.get(one.item_id)
        return {
            "__typename": "InventoryChange",
            "name": one.name,
            "delta": one.delta,
            "quantityAfterChange": one.after,
            "ledgerDocumentUri": None,
            "item": lambda _: call.nodes.item(*found) if found else None,
            "location": lambda _: call.nodes.place(place) if place else None,
        }

    return {
        "__typename": "InventoryAdjustmentGroup",
        "id": gid("InventoryAdjustmentGroup", group.id),
        "createdAt": moment(group.at),
        "reason": group.reason,
        "referenceDocumentUri": group.uri,
        "changes": lambda args: [
            change(one) for one in group.changes if one.name in (args.get("quantityNames") or [one.name])
        ],
    }


def _once(call: Call, kind: str, sent: msgspec.Struct, act: Callable[[], Group | list[Node]]) -> Node:
    """Do a mutation, or answer what its key did before. A refused one leaves no trace under its key."""
    if call.key is None and call.version >= COMPARES_ONLY_NEWLY:
        text = "The @idempotent directive is required for this mutation but was not provided."
        raise GraphError(text, "BAD_REQUEST")
    name = f"{call.grant.client_id}:{call.shop.shop_id}:{kind}:{call.key}"
    encoded = msgspec.msgpack.encode(sent)
    known = call.market.done.get(name) if call.key else None
    if known is not None and known.input != encoded:
        text = "The same idempotency key cannot be used with different operation parameters."
        return payload(
            kind, [user_error(None, text, "IDEMPOTENCY_KEY_PARAMETER_MISMATCH")], inventoryAdjustmentGroup=None
        )
    if known is not None:
        group = msgspec.msgpack.decode(known.answer, type=Group)
        return payload(kind, inventoryAdjustmentGroup=_group_node(call, group))
    done = act()
    if not isinstance(done, Group):
        return payload(kind, done, inventoryAdjustmentGroup=None)
    if call.key:
        call.market.remember(Done(name, encoded, msgspec.msgpack.encode(done), call.world.clock.now()))
    return payload(kind, inventoryAdjustmentGroup=_group_node(call, done))


def _head_errors(name: str, names: tuple[str, ...], code: str, reason: str, uri: str | None) -> list[Node]:
    errors = []
    if name not in names:
        text = f"The quantity name must be either {' or '.join(repr(one) for one in names)}."
        errors.append(user_error(["input", "name"], text, code))
    if reason not in REASONS:
        text = f"The specified reason is invalid. Valid values are: {', '.join(REASONS)}."
        errors.append(user_error(["input", "reason"], text, "INVALID_REASON"))
    if uri is not None and not re.fullmatch(r"[a-z][a-z0-9+.-]*://\S+", uri):
        text = "The specified reference document is invalid."
        errors.append(user_error(["input", "referenceDocumentUri"], text, "INVALID_REFERENCE_DOCUMENT"))
    return errors


def _level_of(call: Call, item: str, location: str, path: list[str]) -> tuple[Product, Variant, int] | Node:
    """The level named, or what is wrong with the names."""
    found = call.market.items.get(number_of(item, "InventoryItem"))
    if found is None or found[0].shop_id != call.shop.shop_id:
        text = "The specified inventory item could not be found."
        return user_error([*path, "inventoryItemId"], text, "INVALID_INVENTORY_ITEM")
    place = call.nodes.place_by_id(location)
    if place is None:
        return user_error([*path, "locationId"], "The specified location could not be found.", "INVALID_LOCATION")
    if place.id not in found[1].levels:
        text = "The specified inventory item is not stocked at the location."
        return user_error([*path, "locationId"], text, "ITEM_NOT_STOCKED_AT_LOCATION")
    return (*found, place.id)


def set_quantities(call: Call, args: Arguments) -> Node:
    """inventorySetQuantities: write absolute figures, each only if the present one is as the caller thinks."""
    sent = read(args, "input", SetInput, "InventorySetQuantitiesInput")
    check_size(sent.quantities)
    _check_fields(call, sent)
    return _once(call, "InventorySetQuantities", sent, lambda: _set(call, sent))


def _check_fields(call: Call, sent: SetInput) -> None:
    """Raises: GraphError, for fields that this version does not have, or must have."""
    if call.version < COMPARES_NEWLY and any(one.change_from_quantity is not UNSET for one in sent.quantities):
        raise undefined("changeFromQuantity", "InventoryQuantityInput")
    if call.version >= COMPARES_ONLY_NEWLY:
        if sent.ignore_compare_quantity is not UNSET:
            raise undefined("ignoreCompareQuantity", "InventorySetQuantitiesInput")
        if any(one.compare_quantity is not UNSET for one in sent.quantities):
            raise undefined("compareQuantity", "InventoryQuantityInput")
        if call.key is not None and any(one.change_from_quantity is UNSET for one in sent.quantities):
            text = "InventoryQuantityInput must include the following argument: changeFromQuantity."
            raise GraphError(text, "INVALID_FIELD_ARGUMENTS")


def _figure(level: Level, name: str) -> int:
    return level.available if name == "available" else level.on_hand()


def _stale(level: Level, name: str, one: QuantityInput, path: list[str], *, ignored: bool) -> Node | None:
    """Whether the figure has changed since the caller read it."""
    if one.change_from_quantity is not UNSET:
        if one.change_from_quantity in (None, _figure(level, name)):
            return None
        text = "The changeFromQuantity value does not match persisted value."
        return user_error([*path, "changeFromQuantity"], text, "CHANGE_FROM_QUANTITY_STALE")
    if ignored or one.compare_quantity == _figure(level, name):
        return None
    if one.compare_quantity is UNSET or one.compare_quantity is None:
        text = "The compareQuantity argument must be given to each quantity or ignored using ignoreCompareQuantity."
        return user_error([*path, "compareQuantity"], text, "COMPARE_QUANTITY_REQUIRED")
    text = "The compareQuantity value does not match persisted value."
    return user_error([*path, "compareQuantity"], text, "COMPARE_QUANTITY_STALE")


def _set(call: Call, sent: SetInput) -> Group | list[Node]:
    errors = _head_errors(sent.name, ("available", "on_hand"), "INVALID_NAME", sent.reason, sent.reference_document_uri)
    found: list[tuple[Product, Variant, int, int]] = []
    seen: set[tuple[int, int]] = set()
    for at, one in enumerate(sent.quantities):
        path = ["input", "quantities", str(at)]
        named = _level_of(call, one.inventory_item_id, one.location_id, path)
        if not isinstance(named, tuple):
            errors.append(named)
            continue
        product, variant, place_id = named
        if (variant.id, place_id) in seen:
            text = "The combination of inventoryItemId and locationId must be unique."
            errors.append(user_error([*path, "locationId"], text, "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"))
        seen.add((variant.id, place_id))
        if not 0 <= one.quantity <= MAX_QUANTITY:
            code = "INVALID_QUANTITY_NEGATIVE" if one.quantity < 0 else "INVALID_QUANTITY_TOO_HIGH"
            errors.append(user_error([*path, "quantity"], f"The quantity {one.quantity} is out of range.", code))
        ignored = sent.ignore_compare_quantity is True
        stale = _stale(variant.levels[place_id], sent.name, one, path, ignored=ignored)
        if stale is not None:
            errors.append(stale)
        found.append((product, variant, place_id, one.quantity))
    if errors:
        return errors
    return _apply(
        call,
        sent.reason,
        sent.reference_document_uri,
        [
            (product, variant, place_id, quantity - _figure(variant.levels[place_id], sent.name))
            for product, variant, place_id, quantity in found
        ],
    )


def _apply(call: Call, reason: str, uri: str | None, deltas: list[tuple[Product, Variant, int, int]]) -> Group:
    """Change available figures; on hand follows by as much."""
    changes = []
    for product, variant, place_id, delta in deltas:
        if delta:
            call.market.change_level(product, variant, place_id, delta, 0)
        level = variant.levels[place_id]
        changes.append(Change("available", delta, level.available, variant.item_id, place_id))
        changes.append(Change("on_hand", delta, level.on_hand(), variant.item_id, place_id))
    number = call.world.number("shopify.group", 8_120_001)
    return Group(number, reason, uri, call.world.clock.stamp(), changes)


def adjust_quantities(call: Call, args: Arguments) -> Node:
    """inventoryAdjustQuantities: add to what is available."""
    sent = read(args, "input", AdjustInput, "InventoryAdjustQuantitiesInput")
    check_size(sent.changes)
    if call.version < COMPARES_NEWLY and any(one.change_from_quantity is not UNSET for one in sent.changes):
        raise undefined("changeFromQuantity", "InventoryChangeInput")
    missing = any(one.change_from_quantity is UNSET for one in sent.changes)
    if call.version >= COMPARES_ONLY_NEWLY and call.key is not None and missing:
        text = "InventoryChangeInput must include the following argument: changeFromQuantity."
        raise GraphError(text, "INVALID_FIELD_ARGUMENTS")
    return _once(call, "InventoryAdjustQuantities", sent, lambda: _adjust(call, sent))


def _adjust(call: Call, sent: AdjustInput) -> Group | list[Node]:
    names = ("available",)
    errors = _head_errors(sent.name, names, "INVALID_QUANTITY_NAME", sent.reason, sent.reference_document_uri)
    found: list[tuple[Product, Variant, int, int]] = []
    for at, one in enumerate(sent.changes):
        path = ["input", "changes", str(at)]
        named = _level_of(call, one.inventory_item_id, one.location_id, path)
        if not isinstance(named, tuple):
            errors.append(named)
            continue
        level = named[1].levels[named[2]]
        if isinstance(one.change_from_quantity, int) and one.change_from_quantity != level.available:
            text = "The changeFromQuantity value does not match persisted value."
            errors.append(user_error([*path, "changeFromQuantity"], text, "CHANGE_FROM_QUANTITY_STALE"))
        if abs(level.available + one.delta) > 2 * MAX_QUANTITY:
            code = "INVALID_QUANTITY_TOO_HIGH" if one.delta > 0 else "INVALID_QUANTITY_TOO_LOW"
            errors.append(user_error([*path, "delta"], "The quantity is out of range.", code))
        found.append((*named, one.delta))
    return errors or _apply(call, sent.reason, sent.reference_document_uri, found)


def activate(call: Call, args: Arguments) -> Node:
    """inventoryActivate: stock an item at a location, with a figure to begin with."""

    def failed(field: str, text: str) -> Node:
        return payload("InventoryActivate", [user_error([field], text)], inventoryLevel=None)

    found = call.market.items.get(number_of(args.get("inventoryItemId"), "InventoryItem"))
    if found is None or found[0].shop_id != call.shop.shop_id:
        return failed("inventoryItemId", "The product couldn't be stocked because it doesn't exist.")
    place = call.nodes.place_by_id(args.get("locationId"))
    if place is None:
        return failed("locationId", "The product couldn't be stocked because the location doesn't exist.")
    product, variant = found
    available = args.get("available")
    if place.id in variant.levels and available is not None:
        text = "Not allowed to set available quantity when the item is already active at the location."
        return failed("available", text)
    if place.id not in variant.levels:
        stamp = call.world.clock.stamp()
        variant.levels[place.id] = Level(available if isinstance(available, int) else 0, 0, stamp)
        call.world.store.save("shopify.product", product.id, product)
        call.market.push.level(product.shop_id, variant, place.id, "inventory_levels/connect")
    return payload("InventoryActivate", inventoryLevel=call.nodes.level(product, variant, place.id))
