"""WooCommerce as the socket sees it: each method makes the calls of one operation, each once."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

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
    Transport,
    read_manifest,
    wire,
)
from mekong.channels.socket.publishing import Draft, Picture, Published, RemoteAttribute, RemoteCategory
from mekong.connectors.woocommerce.client import TITLE, Client, is_account_wide, is_unknown, notice_signature
from mekong.connectors.woocommerce.mapping import notices, orders, products
from mekong.connectors.woocommerce.publishing import Publishing
from mekong.foundation.errors import Invalid, NoticeForged, RemoteRefused

MANIFEST: Final = read_manifest("mekong.connectors.woocommerce")
ORDER_WINDOW: Final = timedelta(days=3650)  # the shop names no longest window; all its orders by pages are one
_PAGE = 100  # the most that the shop gives
_PRODUCT_PAGE = 50  # each variable product takes a call more
_BATCH = 100  # objects in one batch, by the engine's default
_SECOND = timedelta(seconds=1)
_REASONS = frozenset({"out_of_stock", "customer_request", "other"})

PushT = TypeVar("PushT", StockPush, PricePush)


@dataclass
class WooCommerce:
    """One WooCommerce shop. Implements every capability its manifest names.

    Its key and secret are entered, not granted: there is no walk to a consent page that a redirect comes back from.
    Quantities pushed and read are what shoppers may buy now: the shop lowers them when an order is paid or put on hold.
    """

    account: Account
    transport: Transport = field(repr=False)
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC), repr=False)
    nonce: Callable[[], str] = field(default=lambda: secrets.token_hex(20), repr=False)
    manifest: Manifest = field(default=MANIFEST, init=False, repr=False)
    order_window: timedelta = field(default=ORDER_WINDOW, init=False, repr=False)

    def __post_init__(self) -> None:
        self.client = Client(self.account, self.transport, self.clock, self.nonce)
        self.publishing = Publishing(self.account, self.client)

    # PullsProducts, ReadsListings

    async def pull_listings(self, *, cursor: str | None) -> ListingPage:
        """One page of products by their number, so that new ones come last; and one call for each variable product."""
        page = _page(cursor)
        params = [("page", str(page)), ("per_page", str(_PRODUCT_PAGE)), ("orderby", "id"), ("order", "asc")]
        reply = await self.client.get("/products", params)
        with wire.readable(TITLE):
            found = msgspec.convert(reply.rows, list[products.Product], strict=False)
            has_more = bool(found) and reply.has_more(page, _PRODUCT_PAGE)
        listings: list[RemoteListing] = []
        for product in {product.id: product for product in found}.values():
            listings += await self._listings(product)
        return ListingPage(listings, str(page + 1) if has_more else None)

    async def read_listings(self, *, keys: Sequence[ListingKey]) -> list[RemoteListing]:
        wanted: dict[str, list[str]] = {}
        for key in keys:
            if _is_number(key.item_id) and (not key.model_id or _is_number(key.model_id)):
                wanted.setdefault(key.item_id, []).append(key.model_id)
        found: list[RemoteListing] = []
        items = list(wanted)
        for start in range(0, len(items), _PAGE):
            part = items[start : start + _PAGE]
            reply = await self.client.get("/products", [*_include(part), ("per_page", str(_PAGE))])
            with wire.readable(TITLE):
                there = msgspec.convert(reply.rows, list[products.Product], strict=False)
            for product in {str(product.id): product for product in there}.values():
                models = [model for model in wanted.get(str(product.id), ()) if model]
                found += await self._listings(product, models) if models or not product.has_variations else []
        return [listing for listing in found if listing.key in set(keys)]

    async def _listings(self, product: products.Product, models: Sequence[str] = ()) -> list[RemoteListing]:
        """What a product sells as. `models`: only these of its variations, where given."""
        if not product.is_listed:
            return []
        if not product.has_variations:
            with wire.readable(TITLE):
                return [products.listing(product, self.account.currency, self.clock())]
        variations: list[products.Variation] = []
        parts = [models[start : start + _PAGE] for start in range(0, len(models), _PAGE)] or [()]
        for part in parts:
            variations += await self._variations(str(product.id), part)
        with wire.readable(TITLE):
            return products.listings(product, variations, self.account.currency, self.clock())

    async def _variations(self, product_id: str, models: Sequence[str]) -> list[products.Variation]:
        found: dict[str, products.Variation] = {}
        page = 1
        while True:
            params = [*_include(models), ("page", str(page)), ("per_page", str(_PAGE))]
            try:
                reply = await self.client.get(f"/products/{product_id}/variations", params)
            except RemoteRefused as refused:
                if is_unknown(refused):
                    return []  # deleted since its product was read
                raise
            with wire.readable(TITLE):
                rows = msgspec.convert(reply.rows, list[products.Variation], strict=False)
                fresh = {str(row.id): row for row in rows}
                is_over = not fresh.keys() - found.keys() or not reply.has_more(page, _PAGE)
                found |= fresh
                if is_over:
                    return list(found.values())
            page += 1

    # PushesStock, PushesPrice

    def stock_batches(self, pushes: Sequence[StockPush]) -> list[list[StockPush]]:
        """At most a hundred products a call, or a hundred variations of one product."""
        return _batches(pushes)

    async def push_stock(self, batch: Sequence[StockPush]) -> list[PushResult]:
        return await self._push(batch, [products.stock_row(push) for push in batch])

    def price_batches(self, pushes: Sequence[PricePush]) -> list[list[PricePush]]:
        return _batches(pushes)

    async def push_price(self, batch: Sequence[PricePush]) -> list[PushResult]:
        """Sets the regular price, and the sale price with its dates or that there is none; entered with or without tax as
        the shop is set up."""
        now = self.clock()
        return await self._push(batch, [products.price_row(push, now) for push in batch])

    async def _push(
        self, batch: Sequence[StockPush] | Sequence[PricePush], rows: Sequence[Mapping[str, Any]]
    ) -> list[PushResult]:
        if not batch:
            return []
        parents = {_parent(push.key) for push in batch}
        if len(parents) > 1 or len(batch) > _BATCH:
            raise ValueError("a batch is at most 100 products, or variations of one: group with stock_batches()")
        parent = parents.pop()
        path = f"/products/{parent}/variations/batch" if parent else "/products/batch"
        try:
            reply = await self.client.ask("POST", path, body={"update": rows})
        except RemoteRefused as refused:
            if is_account_wide(refused):
                raise
            # Refused whole: that is about the product where there is but one, and else about none that can be named.
            is_final = len(batch) == 1 or (bool(parent) and is_unknown(refused))
            code, message = str(refused.params["remote_code"]), str(refused.params["remote_message"])
            return [PushResult(push.key, code, message, is_final=is_final) for push in batch]
        with wire.readable(TITLE):
            return products.results(batch, msgspec.convert(reply.body, products.BatchReply, strict=False))

    # PullsOrders

    async def list_orders(self, *, updated_from: datetime, updated_to: datetime, cursor: str | None) -> OrderRefPage:
        """Orders that changed since the window began, by their number; those that changed after its end come along.

        Without an end, and by number: an order that changes between two pages then keeps its place, and no other slips
        past between them. Baskets at the checkout are left out.
        """
        if updated_to - updated_from > ORDER_WINDOW:
            raise Invalid(field="updated_to", problem="Ask for ten years at most at once.")
        page = _page(cursor)
        # The shop takes what changed after the second given, not in it.
        since = updated_from.astimezone(UTC).replace(microsecond=0, tzinfo=None) - _SECOND
        params = [
            ("modified_after", since.isoformat()),
            ("dates_are_gmt", "true"),
            ("orderby", "id"),
            ("order", "asc"),
            ("page", str(page)),
            ("per_page", str(_PAGE)),
            ("_fields", "id,status,date_created_gmt,date_modified_gmt"),
        ]
        reply = await self.client.get("/orders", params)
        with wire.readable(TITLE):
            rows = msgspec.convert(reply.rows, list[orders.Order], strict=False)
            refs = {str(row.id): orders.ref(row) for row in rows if row.status not in orders.DRAFTS}
            has_more = bool(rows) and reply.has_more(page, _PAGE)
        return OrderRefPage(list(refs.values()), str(page + 1) if has_more else None)

    async def fetch_orders(self, *, external_ids: Sequence[str]) -> list[RemoteOrder]:
        """A hundred a call; one that a list does not show, being in the bin or deleted, is asked for by itself."""
        known = list(dict.fromkeys(one for one in external_ids if _is_number(one)))
        found: dict[str, orders.Order] = {}
        for start in range(0, len(known), _PAGE):
            part = known[start : start + _PAGE]
            reply = await self.client.get("/orders", [*_include(part), ("per_page", str(_PAGE))])
            with wire.readable(TITLE):
                rows = msgspec.convert(reply.rows, list[orders.Order], strict=False)
            found |= {str(row.id): row for row in rows}
            for one in part:
                if one not in found and (single := await self._order(one)) is not None:
                    found[one] = single
        with wire.readable(TITLE):
            return [
                orders.order(found[one], self.account.currency)
                for one in known
                if one in found and found[one].status not in orders.DRAFTS
            ]

    async def _order(self, order_id: str) -> orders.Order | None:
        try:
            reply = await self.client.get(f"/orders/{order_id}")
        except RemoteRefused as refused:
            if is_unknown(refused):
                return None
            raise
        with wire.readable(TITLE):
            return msgspec.convert(reply.body, orders.Order, strict=False)

    # Ships

    async def pack(self, *, order: RemoteOrder) -> Shipment:
        """The shop has no step of packing: what stands."""
        return Shipment(order.tracking_no, order.packages)

    async def ship(self, *, order: RemoteOrder) -> Shipment:
        """Mark the order as completed, upon which the shop writes to its buyer. There is no carrier to call."""
        await self._set(order, "completed", unless=RemoteState.CANCELLED)
        return Shipment(order.tracking_no, order.packages)

    # Cancels

    async def cancel(self, *, order: RemoteOrder, reason: str) -> None:
        """Mark the order as cancelled. What was paid online stays paid: the merchant refunds it in the shop."""
        if reason not in _REASONS:
            raise Invalid(field="reason", problem="Give out_of_stock, customer_request or other.")
        await self._set(order, "cancelled", unless=RemoteState.SHIPPED)

    async def answer_cancellation(self, *, order: RemoteOrder, accept: bool) -> None:
        """A buyer's wish reaches the merchant outside of the shop: yes is a cancellation, no leaves all as it is."""
        if accept:
            await self.cancel(order=order, reason="customer_request")
        elif orders.state(await self._status(order)) is RemoteState.CANCELLED:
            raise _refused("already_cancelled", "the order is cancelled already")

    async def _set(self, order: RemoteOrder, status: str, *, unless: RemoteState) -> None:
        """Give an order a status. The shop lets any follow any, so what must not is refused here."""
        standing = await self._status(order)
        if orders.state(standing) is unless:
            raise _refused("wrong_status", f"the order is {standing} and cannot become {status}")
        if orders.state(standing) is not orders.state(status):
            await self.client.ask("PUT", f"/orders/{order.external_id}", body={"status": status})

    async def _status(self, order: RemoteOrder) -> str:
        standing = await self._order(order.external_id) if _is_number(order.external_id) else None
        if standing is None:
            raise _refused("unknown_order", "the shop has no such order")
        return standing.status

    # PublishesProducts

    async def list_categories(self) -> list[RemoteCategory]:
        """The shop's own."""
        return await self.publishing.categories()

    async def list_attributes(self, *, category_id: str) -> list[RemoteAttribute]:  # noqa: ARG002 - nothing is asked in any
        return []

    async def upload_picture(self, *, picture: Picture) -> str:
        return self.publishing.pictured(picture)

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
        """The unsigned call that tries out a new webhook is taken, and says nothing."""
        given = headers.get("x-wc-webhook-signature", "")
        if not given and notices.is_ping(body):
            return []
        kept = self.account.secrets
        expected = notice_signature(kept.notice_secret or kept.app_secret, body)
        if not hmac.compare_digest(expected.encode(), given.encode(errors="replace")):
            raise NoticeForged
        try:
            said = wire.present(msgspec.json.decode(body))
        except msgspec.MsgspecError as wrong:
            raise Invalid(field="body", problem="This notice is signed but is not JSON.") from wrong
        if not isinstance(said, dict):
            raise Invalid(field="body", problem="This notice is signed but is not an object.")
        topic, delivery = headers.get("x-wc-webhook-topic", ""), headers.get("x-wc-webhook-delivery-id", "")
        return [notices.notice(said, topic, delivery, self.account.shop_id, body)]


def connect(account: Account, transport: Transport) -> Connector:
    """The entry point of the group `mekong.connectors`."""
    return WooCommerce(account, transport)


def _page(cursor: str | None) -> int:
    if cursor is None:
        return 1
    if not _is_number(cursor) or len(cursor) > 9:
        raise Invalid(field="cursor", problem="It is not one of this connector. Start from the first page.")
    return int(cursor)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _include(ids: Sequence[str]) -> list[tuple[str, str]]:
    return [(f"include[{place}]", one) for place, one in enumerate(ids)]


def _parent(key: ListingKey) -> str:
    """The product whose variation this is; "" for a product that has none."""
    return key.item_id if key.model_id else ""


def _batches(pushes: Sequence[PushT]) -> list[list[PushT]]:
    calls: dict[str, list[PushT]] = {}
    for push in pushes:
        calls.setdefault(_parent(push.key), []).append(push)
    return [rows[start : start + _BATCH] for rows in calls.values() for start in range(0, len(rows), _BATCH)]


def _refused(code: str, message: str) -> RemoteRefused:
    return RemoteRefused(remote=TITLE, remote_code=code, remote_message=message)
