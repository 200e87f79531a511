"""Shopify as the socket sees it: each method makes the calls of one operation, each once."""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import msgspec

from mekong.channels.socket import (
    Account,
    Connector,
    ListingKey,
    ListingPage,
    Manifest,
    Notice,
    OrderRefPage,
    PricePush,
    PushResult,
    RemoteListing,
    RemoteOrder,
    RemoteState,
    Shipment,
    StockPush,
    Tokens,
    Transport,
    read_manifest,
    wire,
)
from mekong.channels.socket.publishing import Draft, Picture, Published, RemoteAttribute, RemoteCategory
from mekong.connectors.shopify.client import TITLE, Client, notice_signature, redirect_is_genuine, shop_domain
from mekong.connectors.shopify.mapping import UserError, documents, gid, notices, number, orders, products
from mekong.connectors.shopify.publishing import Publishing
from mekong.foundation.errors import Invalid, NeedsReconnect, NeedsRefresh, NoticeForged, RemoteRefused

MANIFEST: Final = read_manifest("mekong.connectors.shopify")
ORDER_WINDOW: Final = timedelta(days=3650)  # the platform names no longest window; all by pages are one
SCOPES: Final = (
    "read_locations,write_files,write_inventory,write_merchant_managed_fulfillment_orders,write_orders,write_products,"
    "write_publications"
)
_FOR_GOOD: Final = timedelta(days=36500)
"""A token without an end is good until the merchant takes it back."""
_VARIANT_PAGE = 50
_VARIANTS = 100
_ORDER_PAGE = 100
_ORDERS = 5  # of twenty lines each: the price of a call counts what is asked for, not what there is
_REASONS: Final[Mapping[str, str]] = {"out_of_stock": "INVENTORY", "customer_request": "CUSTOMER", "other": "OTHER"}
_LEFT = frozenset({RemoteState.SHIPPED, RemoteState.DELIVERED, RemoteState.DELIVERY_FAILED})

PushT = TypeVar("PushT", StockPush, PricePush)


@dataclass
class Shopify:
    """One Shopify shop. Implements every capability its manifest names.

    Quantities pushed and read are what shoppers may buy now (`available`) at one location: of those that fulfil online
    orders the oldest. The platform counts units of placed orders apart (`committed`).
    """

    account: Account
    transport: Transport = field(repr=False)
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC), repr=False)
    key: Callable[[], str] = field(default=lambda: str(uuid.uuid4()), repr=False)
    manifest: Manifest = field(default=MANIFEST, init=False, repr=False)
    order_window: timedelta = field(default=ORDER_WINDOW, init=False, repr=False)

    def __post_init__(self) -> None:
        self.client = Client(self.account, self.transport, self.clock)
        self._place = ""
        self.publishing = Publishing(self.account, self.client, self._located)

    # Authorises

    def authorisation_url(self, *, redirect_url: str, state: str, now: datetime) -> str:  # noqa: ARG002 - not signed here
        params = {
            "client_id": self.account.secrets.app_key,
            "scope": SCOPES,
            "redirect_uri": redirect_url,
            "state": state,
        }
        return f"{self.client.auth_host}/admin/oauth/authorize?{urlencode(params)}"

    async def exchange(self, *, params: Mapping[str, str], now: datetime) -> Tokens:
        """The redirect is believed for its `hmac`; the code goes to the account's own shop, whatever shop it names."""
        code, named = params.get("code", ""), shop_domain(params.get("shop", ""))
        if not code:
            raise Invalid(field="code", problem="It is missing from the redirect. Start the connection again.")
        if not redirect_is_genuine(self.account.secrets.app_secret, params):
            raise _refused("forged_redirect", "the redirect is not signed with this app's secret")
        try:
            said = await self.client.token({"code": code, "expiring": 1})
        except NeedsRefresh as refused:
            raise RemoteRefused(**refused.params) from refused
        is_ours = not named or named == shop_domain(self.account.shop_id)
        return _tokens(said, self.account.shop_id if is_ours else named, now)

    async def refresh(self, *, now: datetime) -> Tokens:
        """A token without an end has no successor: the platform is asked whether it is still good."""
        secrets = self.account.secrets
        if not secrets.refresh_token:
            try:
                await self.client.query(documents.SHOP, lane="auth")
            except NeedsRefresh as refused:
                raise NeedsReconnect(**refused.params) from refused
            return Tokens(secrets.access_token, "", now + _FOR_GOOD, shop_id=self.account.shop_id)
        try:
            said = await self.client.token({"grant_type": "refresh_token", "refresh_token": secrets.refresh_token})
        except (NeedsRefresh, RemoteRefused) as refused:
            raise NeedsReconnect(**refused.params) from refused
        return _tokens(said, self.account.shop_id, now)

    # PullsProducts, ReadsListings

    async def pull_listings(self, *, cursor: str | None) -> ListingPage:
        variables = {"first": _VARIANT_PAGE, "after": cursor, "place": gid("Location", await self._located())}
        said = await self.client.query(documents.VARIANTS, variables)
        with wire.readable(TITLE):
            page = msgspec.convert(said.get("productVariants"), products.VariantPage, strict=False)
            found = {one.key: one for one in (products.listing(each, self.account.currency) for each in page.nodes)}
        return ListingPage(list(found.values()), page.pageInfo.following)

    async def read_listings(self, *, keys: Sequence[ListingKey]) -> list[RemoteListing]:
        wanted = {each: variant for each in keys if (variant := products.variant_of(each))}
        variants = list(dict.fromkeys(wanted.values()))
        found: list[RemoteListing] = []
        for start in range(0, len(variants), _VARIANT_PAGE):
            ids = [gid("ProductVariant", one) for one in variants[start : start + _VARIANT_PAGE]]
            variables = {"ids": ids, "place": gid("Location", await self._located())}
            said = await self.client.query(documents.THESE_VARIANTS, variables)
            with wire.readable(TITLE):
                there = msgspec.convert(_nodes(said), list[products.Variant], strict=False)
                found += [products.listing(each, self.account.currency) for each in there]
        return [listing for listing in found if listing.key in wanted]

    async def _located(self) -> str:
        """The location that is kept, asked for once."""
        if not self._place:
            said = await self.client.query(documents.PLACES)
            with wire.readable(TITLE):
                self._place = products.place(msgspec.convert(said.get("locations"), products.Places, strict=False))
            if not self._place:
                raise _refused("no_location", "no active location of the shop fulfils online orders")
        return self._place

    # PushesStock, PushesPrice

    def stock_batches(self, pushes: Sequence[StockPush]) -> list[list[StockPush]]:
        return [list(pushes[start : start + _VARIANTS]) for start in range(0, len(pushes), _VARIANTS)]

    async def push_stock(self, batch: Sequence[StockPush]) -> list[PushResult]:
        """One call, and before the first of them one for the location."""
        known, strange = _known(batch)
        if not known:
            return strange
        body = products.stock_input(known, await self._located(), self.account.channel)
        said = await self.client.query(documents.SET_STOCK, {"i": body, "k": self.key()})
        errors = self._pushed(said.get("inventorySetQuantities"))
        if any(error.code in products.NO_PLACE for error in errors):
            self._place = ""  # closed since it was asked for
        return [*products.results(known, errors), *strange]

    def price_batches(self, pushes: Sequence[PricePush]) -> list[list[PricePush]]:
        """By product, at most a hundred variants a call."""
        by_product: dict[str, list[PricePush]] = {}
        for push in pushes:
            by_product.setdefault(push.key.item_id, []).append(push)
        return [
            rows[start : start + _VARIANTS] for rows in by_product.values() for start in range(0, len(rows), _VARIANTS)
        ]

    async def push_price(self, batch: Sequence[PricePush]) -> list[PushResult]:
        """Sets the price asked now, and the list price to compare it with while a sale is on. The platform begins and ends
        no sale by itself: a push at both ends of it does."""
        known, strange = _known(batch)
        if not known:
            return strange
        product = {push.key.item_id for push in known}
        if len(product) > 1:
            raise ValueError("a batch is of one product: group pushes with price_batches()")
        variables = {"product": gid("Product", product.pop()), "variants": products.price_input(known, self.clock())}
        said = await self.client.query(documents.SET_PRICES, variables)
        return [*products.results(known, self._pushed(said.get("productVariantsBulkUpdate"))), *strange]

    def _pushed(self, said: Any) -> Sequence[UserError]:
        with wire.readable(TITLE):
            return msgspec.convert(said, products.PushReply, strict=False).userErrors

    # PullsOrders

    async def list_orders(self, *, updated_from: datetime, updated_to: datetime, cursor: str | None) -> OrderRefPage:
        """Orders that changed since the window began, oldest change first; those that changed after its end come along.

        The cursor stands at an order, not at a count: one that changes meanwhile comes again later, and hides no other.
        """
        if updated_to - updated_from > ORDER_WINDOW:
            raise Invalid(field="updated_to", problem="Ask for ten years at most at once.")
        since = updated_from.astimezone(UTC).replace(microsecond=0)
        variables = {
            "first": _ORDER_PAGE,
            "after": cursor,
            "query": f"updated_at:>='{since:%Y-%m-%dT%H:%M:%SZ}'",
        }
        said = await self.client.query(documents.CHANGED_ORDERS, variables)
        with wire.readable(TITLE):
            page = msgspec.convert(said.get("orders"), orders.OrderPage, strict=False)
            return OrderRefPage(page.refs, page.pageInfo.following)

    async def fetch_orders(self, *, external_ids: Sequence[str]) -> list[RemoteOrder]:
        """Five a call, and one more for each fifty lines of an order beyond its first twenty."""
        known = list(dict.fromkeys(one for one in external_ids if one.isascii() and one.isdigit()))
        found: list[RemoteOrder] = []
        for start in range(0, len(known), _ORDERS):
            ids = [gid("Order", one) for one in known[start : start + _ORDERS]]
            said = await self.client.query(documents.THESE_ORDERS, {"ids": ids})
            with wire.readable(TITLE):
                there = msgspec.convert(_nodes(said), list[orders.Order], strict=False)
            for each in {order.id: order for order in there}.values():
                more = await self._more_lines(each)
                with wire.readable(TITLE):
                    found.append(orders.order(each, more, self.account.currency))
        return found

    async def _more_lines(self, order: orders.Order) -> list[orders.Line]:
        found: list[orders.Line] = []
        cursor = order.lineItems.pageInfo.following
        while cursor is not None:
            said = await self.client.query(
                documents.MORE_LINES, {"id": gid("Order", number(order.id)), "after": cursor}
            )
            with wire.readable(TITLE):
                page = msgspec.convert(_of(said, "order").get("lineItems"), orders.Lines, strict=False)
                if not page.nodes or page.pageInfo.following == cursor:
                    raise ValueError("the pages of lines do not go on")
            found += page.nodes
            cursor = page.pageInfo.following
        return found

    # Ships

    async def pack(self, *, order: RemoteOrder) -> Shipment:
        """The shop has no step of packing: what stands."""
        return Shipment(order.tracking_no, order.packages)

    async def ship(self, *, order: RemoteOrder) -> Shipment:
        """Mark all that is left of the order as sent, location by location, with `order.tracking_no` where there is one.

        The buyer is not written to by the platform.
        """
        said = await self.client.query(documents.PARCELS, {"id": _order_gid(order)})
        with wire.readable(TITLE):
            parcels = msgspec.convert(
                _of(said, "order").get("fulfillmentOrders", {}), orders.Parcels, strict=False
            ).nodes
        open_ones = [parcel for parcel in parcels if parcel.is_open]
        states = ", ".join(sorted({parcel.status.lower() for parcel in parcels})) or "none"
        refused = None if open_ones else _refused("nothing_open", f"no part of the order can be sent now ({states})")
        for parcel in open_ones:
            refused = refused or await self._fulfil(order, parcel)
        if refused is not None:
            standing = await self._present(order)
            if standing is None or standing.state not in _LEFT:
                raise refused
            return Shipment(standing.tracking_no or order.tracking_no, order.packages)
        return Shipment(order.tracking_no, order.packages)

    async def _fulfil(self, order: RemoteOrder, parcel: orders.Parcel) -> RemoteRefused | None:
        wish: dict[str, Any] = {
            "lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": gid("FulfillmentOrder", number(parcel.id))}],
            "notifyCustomer": False,
        }
        if order.tracking_no:
            wish["trackingInfo"] = {"number": order.tracking_no}
        said = await self.client.query(documents.FULFIL, {"f": wish})
        with wire.readable(TITLE):
            done = msgspec.convert(said.get("fulfillmentCreate"), orders.Fulfilled, strict=False)
        return _first(done.userErrors)

    async def _present(self, order: RemoteOrder) -> RemoteOrder | None:
        return next(iter(await self.fetch_orders(external_ids=[order.external_id])), None)

    # Cancels

    async def cancel(self, *, order: RemoteOrder, reason: str) -> None:
        """Cancel the order and give its units back. What was paid stays paid: the merchant refunds it in the shop.

        The platform does it a moment later, and does not write to the buyer.
        """
        if reason not in _REASONS:
            raise Invalid(field="reason", problem="Give out_of_stock, customer_request or other.")
        variables = {
            "id": _order_gid(order),
            "reason": _REASONS[reason],
            "refund": {"originalPaymentMethodsRefund": False},
        }
        said = await self.client.query(documents.CANCEL, variables)
        with wire.readable(TITLE):
            done = msgspec.convert(said.get("orderCancel"), orders.Cancelled, strict=False)
        if refused := _first(done.orderCancelUserErrors):
            standing = await self._present(order)
            if standing is None or standing.state is not RemoteState.CANCELLED:
                raise refused

    async def answer_cancellation(self, *, order: RemoteOrder, accept: bool) -> None:
        """A buyer's wish reaches the merchant outside of the shop: yes is a cancellation, no leaves all as it is."""
        if accept:
            await self.cancel(order=order, reason="customer_request")
            return
        standing = await self._present(order)
        if standing is None or standing.state is RemoteState.CANCELLED:
            raise _refused("already_cancelled", "the order is cancelled already, or gone")

    # PublishesProducts

    async def list_categories(self) -> list[RemoteCategory]:
        return await self.publishing.categories()

    async def list_attributes(self, *, category_id: str) -> list[RemoteAttribute]:  # noqa: ARG002 - nothing is asked in any
        return []

    async def upload_picture(self, *, picture: Picture) -> str:
        return await self.publishing.uploaded(picture)

    async def find_product(self, *, draft: Draft) -> Published | None:
        return await self.publishing.found(draft)

    async def create_product(self, *, draft: Draft) -> Published:
        return await self.publishing.created(draft)

    async def update_product(self, *, item_id: str, draft: Draft) -> Published:
        return await self.publishing.updated(item_id, draft)

    async def check_product(self, *, item_id: str, ticket: str) -> Published | None:  # noqa: ARG002 - nothing is reviewed
        return await self.publishing.standing(item_id)

    # ReceivesNotices

    def read_notices(self, *, headers: Mapping[str, str], body: bytes) -> list[Notice]:
        """Either secret will do: a new one of the app's takes up to an hour to be signed with."""
        secrets = self.account.secrets
        given = headers.get("x-shopify-hmac-sha256", "").encode(errors="replace")
        keys = [secret for secret in (secrets.notice_secret, secrets.app_secret) if secret]
        fits = [hmac.compare_digest(notice_signature(secret, body).encode(), given) for secret in keys]
        if not any(fits):
            raise NoticeForged
        try:
            said = wire.present(msgspec.json.decode(body))
        except msgspec.MsgspecError as wrong:
            raise Invalid(field="body", problem="This notice is signed but is not JSON.") from wrong
        if not isinstance(said, dict):
            raise Invalid(field="body", problem="This notice is signed but is not an object.")
        named = headers.get("x-shopify-shop-domain", "")
        is_ours = not named or shop_domain(named) == shop_domain(self.account.shop_id)
        return [notices.notice(said, headers, self.account.shop_id if is_ours else named, body)]


def connect(account: Account, transport: Transport) -> Connector:
    """The entry point of the group `mekong.connectors`."""
    return Shopify(account, transport)


class _TokenReply(msgspec.Struct, frozen=True):
    access_token: str
    refresh_token: str = ""
    expires_in: int | None = None
    refresh_token_expires_in: int | None = None


def _tokens(said: Mapping[str, Any], shop_id: str, now: datetime) -> Tokens:
    with wire.readable(TITLE):
        token = msgspec.convert(said, _TokenReply, strict=False)
        life = _FOR_GOOD if token.expires_in is None else timedelta(seconds=token.expires_in)
        rest = token.refresh_token_expires_in
        return Tokens(
            access_token=token.access_token,
            refresh_token=token.refresh_token,
            access_expires_at=now + life,
            refresh_expires_at=None if rest is None else now + timedelta(seconds=rest),
            shop_id=shop_id,
        )


def _known(batch: Sequence[PushT]) -> tuple[list[PushT], list[PushResult]]:
    """Pushes that name a variant, and the word on those that do not."""
    known = [push for push in batch if products.variant_of(push.key)]
    strange = [push for push in batch if not products.variant_of(push.key)]
    words = "This listing is not named by variant and inventory item: pull the listings again."
    return known, [PushResult(push.key, "unknown_listing", words, is_final=True) for push in strange]


def _nodes(said: Mapping[str, Any]) -> list[Any]:
    """What `nodes` found: an id that is unknown, or of another kind, left an empty place. Raises: ValueError."""
    nodes = said.get("nodes")
    if not isinstance(nodes, list):
        raise ValueError("a list was asked for")  # noqa: TRY004 - an unreadable reply, not a defect
    return [node for node in nodes if node]


def _of(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A member that is an object. Raises: RemoteRefused where the platform knows no such thing."""
    inner = said.get(name)
    if not isinstance(inner, dict):
        raise _refused("unknown_order", "the shop has no such order")
    return inner


def _order_gid(order: RemoteOrder) -> str:
    if not (order.external_id.isascii() and order.external_id.isdigit()):
        raise _refused("unknown_order", "the shop has no such order")
    return gid("Order", order.external_id)


def _first(errors: Sequence[UserError]) -> RemoteRefused | None:
    return _refused(errors[0].code or "refused", errors[0].message) if errors else None


def _refused(code: str, message: str) -> RemoteRefused:
    return RemoteRefused(remote=TITLE, remote_code=code, remote_message=message)
