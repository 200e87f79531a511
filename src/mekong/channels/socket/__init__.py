"""The socket: what a connector gives, and what it gets. Nothing here knows a framework or a platform.

A connector is a package with `manifest.toml`, `client.py` (wire: auth, signatures, paging, failures), `mapping.py`
(pure) and `connector.py` (a class that implements the capabilities it claims, no more). It is found by the entry
point group `mekong.connectors`; its value is a callable `(Account, Transport) -> Connector`.

Division of work. The connector knows the platform: how to sign, page, map and name failures. `channels/` knows time:
rate limits, retries, circuit breaking, token refresh, cursors, batches in flight. So a method of a connector makes
the calls of one operation, each once, and raises what happened; `channels/` decides what follows.

Failures a connector raises (from `mekong.foundation.errors`): `Unavailable` (try again later: network, 5xx, platform
busy; `reason="unreadable reply"` when an answer came that makes no sense), `RateLimited` (a kind of Unavailable, with
the wait when the platform says one), `NeedsRefresh` (the access
token is no longer good), `NeedsReconnect` (only the merchant can mend it, by authorising again), `RemoteRefused`
(final; code and message of the platform kept).
"""

from __future__ import annotations

import enum
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Protocol, runtime_checkable

from mekong.channels.socket.earnings import TellsEarnings as TellsEarnings
from mekong.channels.socket.looks import Looks as Looks
from mekong.channels.socket.publishing import PublishesProducts as PublishesProducts
from mekong.channels.socket.returns import HandlesReturns as HandlesReturns
from mekong.channels.socket.sales import SalePrice as SalePrice

# --- what a connector gets -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Secrets:
    """Everything needed to speak for one shop. Kept encrypted at rest; never logged.

    Expiries are aware UTC. `notice_secret` signs notices where the platform has a key apart; "" means `app_secret`.
    """

    app_key: str
    app_secret: str = field(repr=False)
    access_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    access_expires_at: datetime | None = None
    refresh_expires_at: datetime | None = None
    notice_secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class Account:
    """One shop on one platform, as its connector sees it.

    `api_url` and `auth_url` are the platform's hosts without a trailing slash; "" means the platform's production host.
    `notice_url` is the callback URL exactly as registered with the platform, byte for byte.
    """

    channel: str
    shop_id: str
    secrets: Secrets
    api_url: str = ""
    auth_url: str = ""
    notice_url: str = ""
    currency: str = "VND"


@dataclass(frozen=True)
class Request:
    """One HTTP request, signed and complete. `lane` names the platform's rate-limit bucket it draws from.

    Stock pushes draw from "stock" and price pushes from "price" where the manifest gives these a limit of their own;
    channels/ takes leave to send on that lane before it decides what to send.
    """

    method: str
    url: str
    params: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    lane: str = "default"


@dataclass(frozen=True)
class Response:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Transport(Protocol):
    """Sends one request, once, when the account's rate limit and circuit breaker allow it."""

    async def send(self, request: Request) -> Response:
        """Raises: Unavailable when no complete answer came (connection, time-out): the effect is then unknown."""
        ...


@dataclass(frozen=True)
class RateLimit:
    """At most `per_second` requests on average, `burst` at once."""

    per_second: float
    burst: int


@dataclass(frozen=True)
class Manifest:
    """What `manifest.toml` says. `limits` maps a lane to its limit; "default" must be there.

    `sale_prices`: the platform shows a sale price beside the list price. Where it does not, a price push shows what is
    in force at that moment (`PricePush.shown_minor`), and has to be made again when a sale begins or ends.
    `sale_dates`: the platform begins and ends a sale by itself.
    """

    name: str
    title: str
    letters: str
    api_version: str
    capabilities: frozenset[str]
    limits: Mapping[str, RateLimit]
    docs_url: str = ""
    sale_prices: bool = False
    sale_dates: bool = False


def read_manifest(package: str) -> Manifest:
    """The manifest of a connector package, e.g. "mekong.connectors.shopee": the `manifest.toml` beside its modules."""
    said = tomllib.loads(files(package).joinpath("manifest.toml").read_text("utf-8"))
    return Manifest(
        name=said["name"],
        title=said["title"],
        letters=said["letters"],
        api_version=said["api_version"],
        capabilities=frozenset(said["capabilities"]),
        limits={lane: RateLimit(float(limit["per_second"]), limit["burst"]) for lane, limit in said["limits"].items()},
        docs_url=said.get("docs_url", ""),
        sale_prices=bool(said.get("sale_prices", False)),
        sale_dates=bool(said.get("sale_dates", False)),
    )


# --- what travels ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class ListingKey:
    """How a platform names one sellable thing. `model_id` is "" where the item has no variants."""

    item_id: str
    model_id: str = ""


@dataclass(frozen=True)
class RemoteListing:
    """One sellable thing as the platform shows it. `quantity` is what shoppers may buy now, in units.

    `price_minor` is the seller's list price, what a price push sets. `sale_minor` is the lower price in force beside it
    at this moment, None where there is none; `sale_ends_at` when that ends, None where nothing says so. `looks`: None
    where the call does not tell them.
    """

    key: ListingKey
    sku: str
    name: str
    quantity: int | None = None
    price_minor: int | None = None
    currency: str = "VND"
    barcode: str = ""
    is_active: bool = True
    url: str = ""
    image_url: str = ""
    sale_minor: int | None = None
    sale_ends_at: datetime | None = None
    looks: Looks | None = None


@dataclass(frozen=True)
class ListingPage:
    listings: Sequence[RemoteListing]
    next_cursor: str | None


@dataclass(frozen=True)
class StockPush:
    """Set what shoppers may buy to `quantity` (absolute, sellable units)."""

    key: ListingKey
    sku: str
    quantity: int


@dataclass(frozen=True)
class PricePush:
    """Set the list price to `price_minor`, and the sale price beside it to `sale`; None: no sale price stands."""

    key: ListingKey
    sku: str
    price_minor: int
    currency: str = "VND"
    sale: SalePrice | None = None

    def sale_at(self, now: datetime) -> SalePrice | None:
        """The sale price in force or still to begin. One that is over, or no lower than the list price, is none."""
        is_one = self.sale is not None and not self.sale.is_over(now) and self.sale.price_minor < self.price_minor
        return self.sale if is_one else None

    def shown_minor(self, now: datetime) -> int:
        """What a shopper is to pay at this moment."""
        sale = self.sale_at(now)
        return sale.price_minor if sale is not None and sale.is_in_force(now) else self.price_minor


@dataclass(frozen=True)
class PushResult:
    """The platform's word on one listing of a push. `error` "" is acknowledged; `is_final`: a repeat is useless."""

    key: ListingKey
    error: str = ""
    message: str = ""
    is_final: bool = False


class RemoteState(enum.StrEnum):
    """Where an order of a platform stands, in the steps of our lifecycle. Every platform status maps to one."""

    UNPAID = "unpaid"
    PLACED = "placed"
    PACKED = "packed"
    READY_TO_SHIP = "ready_to_ship"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    COMPLETED = "completed"
    CANCEL_REQUESTED = "cancel_requested"
    CANCELLED = "cancelled"
    DELIVERY_FAILED = "delivery_failed"
    RETURNING = "returning"
    RETURNED = "returned"


@dataclass(frozen=True)
class RemoteLine:
    """`unit_price_minor` is what the buyer pays a unit, tax included. The connector sums up rows of one unit each."""

    line_ids: Sequence[str]
    key: ListingKey
    sku: str
    name: str
    quantity: int
    unit_price_minor: int
    list_price_minor: int | None = None


@dataclass(frozen=True)
class RemoteOrder:
    external_id: str
    state: RemoteState
    raw_state: str
    placed_at: datetime
    updated_at: datetime
    currency: str
    lines: Sequence[RemoteLine]
    buyer_name: str = ""
    buyer_phone: str = ""
    buyer_ref: str = ""
    address: Mapping[str, str] = field(default_factory=dict)
    is_cod: bool = False
    total_minor: int = 0
    shipping_fee_minor: int = 0
    discount_minor: int = 0
    note: str = ""
    tracking_no: str = ""
    packages: Sequence[str] = ()
    ship_by: datetime | None = None


@dataclass(frozen=True)
class OrderRef:
    external_id: str
    updated_at: datetime | None = None


@dataclass(frozen=True)
class OrderRefPage:
    refs: Sequence[OrderRef]
    next_cursor: str | None


class NoticeKind(enum.StrEnum):
    ORDER = "order"
    STOCK = "stock"
    PRODUCT = "product"
    AUTHORISATION = "authorisation"
    OTHER = "other"


@dataclass(frozen=True)
class Notice:
    """A hint from the platform: something about `reference` moved. Trusted for where to look, never for content."""

    kind: NoticeKind
    shop_id: str
    reference: str = ""
    dedupe_id: str = ""
    sent_at: datetime | None = None


@dataclass(frozen=True)
class Tokens:
    """A fresh pair. The caller stores it before using it."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    access_expires_at: datetime
    refresh_expires_at: datetime | None = None
    shop_id: str = ""


@dataclass(frozen=True)
class Shipment:
    """`tracking_no` may be "" for minutes after booking; ask again with `fetch_orders`."""

    tracking_no: str = ""
    packages: Sequence[str] = ()


@dataclass(frozen=True)
class Label:
    """A platform's own shipping label as it gave it: application/pdf, text/html, application/zip or image/png."""

    content: bytes = field(repr=False)
    media_type: str


# --- what a connector gives: capabilities ----------------------------------------------------------------------------


class Connector(Protocol):
    """What every connector has. Requests are signed with the clock of the moment they are sent."""

    manifest: Manifest
    account: Account


@runtime_checkable
class Authorises(Protocol):
    def authorisation_url(self, *, redirect_url: str, state: str, now: datetime) -> str:
        """Where the merchant says yes. `state` comes back with the redirect."""
        ...

    async def exchange(self, *, params: Mapping[str, str], now: datetime) -> Tokens:
        """Turn the redirect's query parameters into tokens; `redirect_uri` among them is the address it came to.

        Raises RemoteRefused when the code is used or wrong.
        """
        ...

    async def refresh(self, *, now: datetime) -> Tokens:
        """A new pair for the account's refresh token. Raises NeedsReconnect when it is no longer good."""
        ...


@runtime_checkable
class PullsProducts(Protocol):
    async def pull_listings(self, *, cursor: str | None) -> ListingPage:
        """One page of everything on sale, paused or sold out; deleted items are left out."""
        ...


@runtime_checkable
class ReadsListings(Protocol):
    async def read_listings(self, *, keys: Sequence[ListingKey]) -> list[RemoteListing]:
        """What the platform shows now for these keys; a key it no longer knows is missing from the answer."""
        ...


@runtime_checkable
class PushesStock(Protocol):
    def stock_batches(self, pushes: Sequence[StockPush]) -> list[list[StockPush]]:
        """Group pushes into calls: each batch is one request within the platform's limits."""
        ...

    async def push_stock(self, batch: Sequence[StockPush]) -> list[PushResult]:
        """Make one call for one batch. Exactly one result per push, in any order."""
        ...


@runtime_checkable
class PushesPrice(Protocol):
    def price_batches(self, pushes: Sequence[PricePush]) -> list[list[PricePush]]: ...

    async def push_price(self, batch: Sequence[PricePush]) -> list[PushResult]:
        """Make the calls for one batch: list prices, and sale prices where the manifest says `sale_prices`.

        Level-triggered: what stands there now decides what is called for. So a repeat changes nothing, and a push that
        broke off half way is finished by the next. Exactly one result per push; one without an error says that both
        prices stand, or will from the moment on that the platform's terms allow. What those terms are (how far ahead a
        sale must begin, how long it may last) is the connector's to know.
        """
        ...


@runtime_checkable
class PullsOrders(Protocol):
    order_window: timedelta
    """The longest window `list_orders` takes."""

    async def list_orders(self, *, updated_from: datetime, updated_to: datetime, cursor: str | None) -> OrderRefPage:
        """One page of the orders that changed in the window. A window longer than the platform takes is Invalid:
        `order_window` says the longest."""
        ...

    async def fetch_orders(self, *, external_ids: Sequence[str]) -> list[RemoteOrder]:
        """The orders whole, as they stand now; ids the platform does not know are missing. Any number of ids."""
        ...


@runtime_checkable
class Ships(Protocol):
    async def pack(self, *, order: RemoteOrder) -> Shipment:
        """Tell the platform the order is packed. Safe to repeat. Where there is no such step: answer what stands."""
        ...

    async def ship(self, *, order: RemoteOrder) -> Shipment:
        """Ask the platform's carrier to fetch the packed order. Safe to repeat."""
        ...


@runtime_checkable
class PrintsLabels(Protocol):
    async def fetch_labels(self, *, order: RemoteOrder) -> Sequence[Label]:
        """The labels of an order's parcels, at least one. Safe to repeat.

        Raises: Unavailable while the platform still makes them; RemoteRefused where there are none, or not yet (the
        order is not arranged for shipping).
        """
        ...


@runtime_checkable
class Cancels(Protocol):
    async def cancel(self, *, order: RemoteOrder, reason: str) -> None:
        """Cancel the whole order for the seller. `reason`: out_of_stock | customer_request | other. Safe to repeat."""
        ...

    async def answer_cancellation(self, *, order: RemoteOrder, accept: bool) -> None: ...


@runtime_checkable
class ReceivesNotices(Protocol):
    def read_notices(self, *, headers: Mapping[str, str], body: bytes) -> list[Notice]:
        """Check the signature over the raw body, then read it. Header names are lower case.

        Raises: NoticeForged when the signature is absent or wrong; Invalid when a signed body cannot be read.
        """
        ...
