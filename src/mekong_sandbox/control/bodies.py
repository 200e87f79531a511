"""Bodies that the control calls of all platforms share, and the answers they have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

import msgspec

from mekong_sandbox.control.door import Wrong
from mekong_sandbox.http import Request
from mekong_sandbox.money import to_number

if TYPE_CHECKING:
    from mekong_sandbox.world import World

Amount = int | float | str
Id = int | str
Routes = dict[tuple[str, str], Callable[["World", Request], object]]
MAX_MODELS = 100
Listing = TypeVar("Listing", bound="NewListing")


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """What is sent; a field that is not known is an error."""


class OfOwner(Body, kw_only=True):
    """A call for one shop or seller, whichever word the platform has."""

    shop: Id = ""
    seller: Id = ""

    @property
    def owner(self) -> str:
        """Its id. Raises: Wrong."""
        if not (self.shop or self.seller):
            raise Wrong("name the shop or the seller")
        return str(self.shop or self.seller)


class NewOwner(Body):
    """A shop or seller. With a `callback_url` its app is told of changes there; `authorise` lets the app in at once."""

    name: str = "Cửa hàng thử"
    currency: str = "VND"
    callback_url: str | None = None
    rate: float | None = None
    burst: float | None = None
    authorise: bool = True


class AppBody(Body):
    """An app, made when there is none of that key."""

    app_key: str = ""
    app_secret: str = ""
    callback_url: str | None = None


class TokenBody(OfOwner):
    """Which app; "" = the first that was let in."""

    app_key: str = ""


class LimitBody(OfOwner, kw_only=True):
    """Null = as in the settings, 0 = no limit."""

    rate: float | None
    burst: float | None = None


class NewVariant(Body, kw_only=True):
    """`price` null: as the listing's."""

    sku: str
    name: str = ""
    price: Amount | None = None
    stock: int = 0
    barcode: str = ""
    options: list[str] = []


class NewListing(Body):
    """A listing. `status` "": on sale, in the platform's word. `stock` null: not counted, where the platform allows it."""

    name: str
    sku: str = ""
    price: Amount = 100000
    stock: int | None = 0
    barcode: str = ""
    image: str = ""
    description: str = ""
    status: str = ""
    tiers: list[str] = []
    models: list[NewVariant] = []

    def variants(self, most: int = MAX_MODELS, *, need_sku: bool = False) -> list[NewVariant]:
        """Its variants; a listing without any is its own only one. Raises: Wrong."""
        if len(self.models) > most:
            raise Wrong(f"listing {self.sku or self.name}: at most {most} models")
        own = NewVariant(sku=self.sku, price=self.price, stock=self.stock or 0, barcode=self.barcode)
        rows = self.models or [own]
        if need_sku and not all(row.sku for row in rows):
            raise Wrong(f"listing {self.name}: every variant needs a sku")
        return rows

    def price_of(self, row: NewVariant) -> Amount:
        return self.price if row.price is None else row.price

    def images(self) -> list[str]:
        return [self.image] if self.image else []


class ListingsBody(OfOwner, Generic[Listing], kw_only=True):
    """Many listings of one shop or seller."""

    listings: list[Listing]


class AdvanceBody(Body):
    """A step of an order."""

    to: str
    reason: str = "Change of mind"


class Decision(Body, kw_only=True):
    """What the platform's people say of a product; `reason` is why it was rejected."""

    state: Literal["approved", "rejected"]
    reason: str = ""


class Limited(Protocol):
    """What has a call rate of its own."""

    rate: float | None
    burst: float | None


def limit(row: Limited, body: LimitBody, times: float = 1.0) -> dict[str, float | None]:
    """Set a call rate; as many calls at once as `times` the rate, when not told otherwise."""
    row.rate = body.rate
    row.burst = body.burst if body.burst is not None or body.rate is None else body.rate * times
    return {"rate": row.rate, "burst": row.burst}


def sale(
    currency: str,
    list_price: int | None,
    selling_price: int | None,
    price: int | None = None,
    starts: float | None = None,
    ends: float | None = None,
    sale_id: int | str | None = None,
) -> dict[str, Any]:
    """What a unit costs without a sale and now, and the sale it is in or will be in.

    Prices in minor units, None = not for sale; moments in unix seconds, None = open.
    """
    prices = {"list_price": list_price, "selling_price": selling_price}
    shown = {name: None if minor is None else to_number(minor, currency) for name, minor in prices.items()}
    if price is None:
        return {**shown, "sale": None}
    return {**shown, "sale": {"id": sale_id, "price": to_number(price, currency), "from": starts, "to": ends}}


def table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Rows without the names of their columns."""
    return {"columns": columns, "rows": [[row[name] for name in columns] for row in rows]}
