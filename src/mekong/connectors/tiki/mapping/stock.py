"""Stock of one product over the seller's warehouses: what is read, what is to be written, and whether it was.

Tiki counts `quantity_available = quantity_sellable + quantity_reserved` (Open API documentation, "Inventory type"): the
units of orders under way are part of what is available. A write sets the available number (`qty_available`), a shopper
sees the sellable one. So what orders hold is read first, and put on top of what is to be sold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct


class Warehouse(Struct, frozen=True):
    """Stock of a product in one warehouse, in units."""

    warehouse_id: int
    quantity: int | None = None
    quantity_available: int | None = None
    quantity_reserved: int | None = None
    quantity_sellable: int | None = None


class Inventory(Struct, frozen=True):
    """Stock of a product over all warehouses, in units."""

    inventory_type: str = ""
    fulfillment_type: str = ""
    quantity: int | None = None
    quantity_available: int | None = None
    quantity_reserved: int | None = None
    quantity_sellable: int | None = None
    warehouse_stocks: tuple[Warehouse, ...] = ()

    @property
    def is_tikis(self) -> bool:
        """Whether the goods lie with Tiki: their number is then what Tiki counted in, not ours to write."""
        return self.inventory_type.startswith("instock") or self.fulfillment_type.startswith("instock")

    @property
    def sellable(self) -> int | None:
        """What shoppers may buy now; None where nothing was said."""
        said = _sellable(self)
        if said is None and self.warehouse_stocks:
            parts = [part for place in self.warehouse_stocks if (part := _sellable(place)) is not None]
            return sum(parts) if parts else None
        return said


def targets(inventory: Inventory, homes: Sequence[int], quantity: int) -> dict[int, int]:
    """The available number to write for each warehouse, so that `quantity` units are sellable in all.

    Every warehouse that holds the product is named, because one left out is set to 0 (so the documentation says of the
    batch call; of the single one nothing is known). The others keep what they offer as far as `quantity` reaches; the
    first of `homes`, which is where the account sells from, gets the rest.

    Args:
        inventory: as read a moment ago.
        homes: the seller's warehouses, the preferred first.
        quantity: units to offer. Not negative.

    Returns:
        Warehouse to available units; empty where no warehouse is known.
    """
    places = {place.warehouse_id: place for place in inventory.warehouse_stocks}
    home = next((one for one in (*homes, *places) if not places or one in places), None)
    if home is None:
        return {}
    if not places:
        return {home: quantity + _held(inventory)}
    found, left = {home: 0}, quantity
    for number, place in places.items():
        if number != home:
            kept = min(max(_sellable(place) or 0, 0), left)
            found[number] = kept + _held(place)
            left -= kept
    found[home] = left + _held(places[home])
    return found


def is_shown(inventory: Inventory, wanted: Mapping[int, int], quantity: int) -> bool:
    """Whether a product read after a write shows it: the numbers written, and the units that should be sellable.

    Both are asked for. The platform may answer with figures from before the write, and the figures the write was
    computed from may have been old.
    """
    if inventory.sellable != quantity:
        return False
    places = {place.warehouse_id: _available(place) for place in inventory.warehouse_stocks}
    return all(places[number] in {units, None} for number, units in wanted.items() if number in places)


def _sellable(stock: Warehouse | Inventory) -> int | None:
    if stock.quantity_sellable is not None:
        return stock.quantity_sellable
    available = _available(stock)
    return None if available is None else available - (stock.quantity_reserved or 0)


def _available(stock: Warehouse | Inventory) -> int | None:
    if stock.quantity_available is not None:
        return stock.quantity_available
    if stock.quantity_sellable is not None and stock.quantity_reserved is not None:
        return stock.quantity_sellable + stock.quantity_reserved
    return stock.quantity


def _held(stock: Warehouse | Inventory) -> int:
    """Units that are available and not sellable: those of orders under way."""
    available, sellable = _available(stock), _sellable(stock)
    return 0 if available is None or sellable is None else max(available - sellable, 0)
