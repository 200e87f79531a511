"""Shopee as the socket sees it: each method makes the calls of one operation, each once."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from mekong.channels.socket import (
    Account,
    Connector,
    Label,
    ListingKey,
    ListingPage,
    Manifest,
    Notice,
    OrderRef,
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
from mekong.channels.socket.earnings import Earnings
from mekong.channels.socket.publishing import Draft, Picture, Published, RemoteAttribute, RemoteCategory
from mekong.channels.socket.returns import RemoteReturn, ReturnPage
from mekong.connectors.shopee.client import (
    ROOT,
    TITLE,
    Client,
    is_account_wide,
    is_unknown,
    sign,
)
from mekong.connectors.shopee.earnings import Escrow
from mekong.connectors.shopee.mapping import notices, orders, products
from mekong.connectors.shopee.prices import Prices, item_of
from mekong.connectors.shopee.publishing import Publishing
from mekong.connectors.shopee.returns import RETURN_WINDOW, Returns
from mekong.connectors.shopee.taxonomy import Taxonomy
from mekong.foundation.errors import (
    Invalid,
    NeedsReconnect,
    NeedsRefresh,
    NoticeForged,
    RemoteRefused,
    Unavailable,
)

PushT = TypeVar("PushT", StockPush, PricePush)

MANIFEST: Final = read_manifest("mekong.connectors.shopee")
ORDER_WINDOW: Final = timedelta(days=15)  # longer is refused: order.order_list_invalid_time
REFRESH_LIFE: Final = timedelta(days=30)  # stated by the documentation; replies name only the access token's
_PAGE = 50  # base info takes fifty ids, so a page of items is one call of it
_ORDER_PAGE = 100
_DETAILS = 50
_MODELS = 50
_WAYBILL = "THERMAL_AIR_WAYBILL"  # A6, what label printers take
_ON_SALE = ("NORMAL", "UNLIST", "REVIEWING", "BANNED")
_REASONS: Final[Mapping[str, str]] = {
    "out_of_stock": "OUT_OF_STOCK",
    "customer_request": "CUSTOMER_REQUEST",
    "other": "CUSTOMER_REQUEST",  # the platform has no reason of this meaning; this one costs the shop no penalty
}
_ARRANGED = frozenset({RemoteState.READY_TO_SHIP, RemoteState.SHIPPED, RemoteState.DELIVERED, RemoteState.COMPLETED})
_TRACKED = frozenset({RemoteState.READY_TO_SHIP, RemoteState.SHIPPED})


@dataclass
class Shopee:
    """One Shopee shop. Implements every capability its manifest names.

    Quantities pushed and read are what shoppers may buy now: the platform counts units of placed orders apart
    (`total_reserved_stock`).
    """

    account: Account
    transport: Transport = field(repr=False)
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC), repr=False)
    manifest: Manifest = field(default=MANIFEST, init=False, repr=False)
    order_window: timedelta = field(default=ORDER_WINDOW, init=False, repr=False)
    return_window: timedelta = field(default=RETURN_WINDOW, init=False, repr=False)

    def __post_init__(self) -> None:
        self.client = Client(self.account, self.transport, self.clock)
        self.escrow = Escrow(self.account, self.client)
        self.taxonomy = Taxonomy(self.client)
        self.publishing = Publishing(self.account, self.client, self.taxonomy)
        self.returns = Returns(self.account, self.client)
        self.prices = Prices(self.account, self.client, self.clock, self._listings)

    # Authorises

    def authorisation_url(self, *, redirect_url: str, state: str, now: datetime) -> str:
        """The signed link, good for five minutes. It knows no `state`, which rides in the redirect's query."""
        parts = urlsplit(redirect_url)
        query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), ("state", state)])
        path = "/shop/auth_partner"
        params = [*self.client.public_params(path, now), ("redirect", urlunsplit(parts._replace(query=query)))]
        return f"{self.account.auth_url or self.client.host}{ROOT}{path}?{urlencode(params)}"

    async def exchange(self, *, params: Mapping[str, str], now: datetime) -> Tokens:
        code, shop_id = params.get("code", ""), params.get("shop_id", "")
        body: dict[str, Any] = {"code": code, "partner_id": self.client.partner_id}
        if not code:
            raise Invalid(field="code", problem="It is missing from the redirect. Start the connection again.")
        if shop_id.isascii() and shop_id.isdigit():
            body["shop_id"] = int(shop_id)
        elif (main := params.get("main_account_id", "")).isascii() and main.isdigit():
            body["main_account_id"] = int(main)
        else:
            body["shop_id"] = self.client.shop_id
        said = await self.client.public("/auth/token/get", body)
        with wire.readable(TITLE):
            shops = [str(shop) for shop in said.get("shop_id_list", ())]
            chosen = shop_id or (self.account.shop_id if self.account.shop_id in shops else next(iter(shops), ""))
            return _tokens(said, chosen or self.account.shop_id, now)

    async def refresh(self, *, now: datetime) -> Tokens:
        token = self.account.secrets.refresh_token
        if not token:
            raise NeedsReconnect(remote=TITLE, remote_code="no_refresh_token", remote_message="no refresh token")
        body = {"refresh_token": token, "partner_id": self.client.partner_id, "shop_id": self.client.shop_id}
        try:
            said = await self.client.public("/auth/access_token/get", body)
        except NeedsRefresh as refused:
            raise NeedsReconnect(**refused.params) from refused
        except RemoteRefused as refused:
            if isinstance(refused, NeedsReconnect) or is_account_wide(refused.params["remote_code"]):
                raise
            raise NeedsReconnect(**refused.params) from refused
        with wire.readable(TITLE):
            return _tokens(said, self.account.shop_id, now)

    # PullsProducts, ReadsListings

    async def pull_listings(self, *, cursor: str | None) -> ListingPage:
        params = [("offset", cursor or "0"), ("page_size", str(_PAGE)), *(("item_status", one) for one in _ON_SALE)]
        said = await self.client.get("/product/get_item_list", params)
        with wire.readable(TITLE):
            page = msgspec.convert(said, products.ItemPage, strict=False)
        listings = await self._listings([str(item.item_id) for item in page.item])
        return ListingPage(listings, str(page.next_offset) if page.has_next_page else None)

    async def read_listings(self, *, keys: Sequence[ListingKey]) -> list[RemoteListing]:
        wanted = set(keys)
        items = list(dict.fromkeys(key.item_id for key in keys if key.item_id.isascii() and key.item_id.isdigit()))
        found: list[RemoteListing] = []
        for start in range(0, len(items), _PAGE):
            found += await self._listings(items[start : start + _PAGE])
        return [listing for listing in found if listing.key in wanted]

    async def _listings(self, item_ids: Sequence[str]) -> list[RemoteListing]:
        there = [
            (item, await self._models(str(item.item_id)) if item.has_model else None)
            for item in await self._items(item_ids)
            if item.item_status not in products.DELETED
        ]
        is_sale = any(products.is_on_sale(item, models) for item, models in there)
        ends = await self.prices.ends() if is_sale else {}
        with wire.readable(TITLE):
            return [
                one for item, models in there for one in products.listings(item, models, self.account.currency, ends)
            ]

    async def _items(self, item_ids: Sequence[str]) -> list[products.Item]:
        """Base info of these items. One unknown id makes some calls fail whole: then by halves, down to that id."""
        if not item_ids:
            return []
        try:
            said = await self.client.get("/product/get_item_base_info", [("item_id_list", ",".join(item_ids))])
        except RemoteRefused as refused:
            if not is_unknown(refused):
                raise
            middle = len(item_ids) // 2
            return [*await self._items(item_ids[:middle]), *await self._items(item_ids[middle:])] if middle else []
        with wire.readable(TITLE):
            return list(msgspec.convert(said, products.ItemList, strict=False).item_list)

    async def _models(self, item_id: str) -> products.Models:
        try:
            said = await self.client.get("/product/get_model_list", [("item_id", item_id)])
        except RemoteRefused as refused:
            if is_unknown(refused):
                return products.Models()
            raise
        with wire.readable(TITLE):
            return msgspec.convert(said, products.Models, strict=False)

    # PushesStock, PushesPrice

    def stock_batches(self, pushes: Sequence[StockPush]) -> list[list[StockPush]]:
        """By item, at most fifty models a call."""
        return _by_item(pushes)

    async def push_stock(self, batch: Sequence[StockPush]) -> list[PushResult]:
        rows = [{"model_id": products.model_id(push.key), "seller_stock": [{"stock": push.quantity}]} for push in batch]
        if not batch:
            return []
        body = {"item_id": int(item_of(batch)), "stock_list": rows}
        reply = await self.client.ask("POST", "/product/update_stock", body=body)
        if is_account_wide(reply.error):
            raise reply.refusal()
        with wire.readable(TITLE):
            lists = msgspec.convert(reply.response, products.PushReply, strict=False)
            return products.results(batch, lists, reply.error, reply.message)

    def price_batches(self, pushes: Sequence[PricePush]) -> list[list[PricePush]]:
        return _by_item(pushes)

    async def push_price(self, batch: Sequence[PricePush]) -> list[PushResult]:
        """Original prices, and sale prices by discounts of the shop's own: see `prices.py`."""
        return await self.prices.push(batch)

    # PullsOrders

    async def list_orders(self, *, updated_from: datetime, updated_to: datetime, cursor: str | None) -> OrderRefPage:
        if updated_to - updated_from > ORDER_WINDOW:
            raise Invalid(field="updated_to", problem="Shopee lists at most 15 days at once. Ask in shorter windows.")
        # The platform counts in whole seconds and wants them to differ.
        since = int(updated_from.timestamp())
        until = max(int(updated_to.timestamp()), since + 1)
        params = [
            ("time_range_field", "update_time"),
            ("time_from", str(since)),
            ("time_to", str(until)),
            ("page_size", str(_ORDER_PAGE)),
            ("cursor", cursor or ""),
            ("response_optional_fields", "order_status"),
            ("request_order_status_pending", "true"),
        ]
        said = await self.client.get("/order/get_order_list", params)
        with wire.readable(TITLE):
            page = msgspec.convert(said, orders.OrderPage, strict=False)
        next_cursor = str(page.next_cursor) if page.more else ""
        return OrderRefPage([OrderRef(str(row.order_sn)) for row in page.order_list], next_cursor or None)

    async def fetch_orders(self, *, external_ids: Sequence[str]) -> list[RemoteOrder]:
        """Whole orders; those on their way with their tracking number, at one more call each."""
        known = list(dict.fromkeys(one for one in external_ids if one.isascii() and one.isalnum()))
        found: list[RemoteOrder] = []
        for start in range(0, len(known), _DETAILS):
            for detail in await self._details(known[start : start + _DETAILS]):
                is_tracked = orders.state(detail.order_status) in _TRACKED
                tracking_no = await self._tracking(str(detail.order_sn)) if is_tracked else ""
                with wire.readable(TITLE):
                    found.append(orders.order(detail, self.account.currency, tracking_no))
        return found

    async def _details(self, order_sns: Sequence[str]) -> list[orders.Detail]:
        params = [
            ("order_sn_list", ",".join(order_sns)),
            ("response_optional_fields", orders.DETAIL_FIELDS),
            ("request_order_status_pending", "true"),
        ]
        try:
            said = await self.client.get("/order/get_order_detail", params)
        except RemoteRefused as refused:
            if not is_unknown(refused):
                raise
            middle = len(order_sns) // 2
            halves = order_sns[:middle], order_sns[middle:]
            return [*await self._details(halves[0]), *await self._details(halves[1])] if middle else []
        with wire.readable(TITLE):
            return list(msgspec.convert(said, orders.Details, strict=False).order_list)

    async def _tracking(self, order_sn: str, package: str = "") -> str:
        """The carrier's number, "" while the platform has none or cannot say: the order itself does not wait for it."""
        params = [("order_sn", order_sn), *([("package_number", package)] if package else [])]
        try:
            said = await self.client.get("/logistics/get_tracking_number", params)
        except (RemoteRefused, Unavailable):
            return ""
        return str(said.get("tracking_number", ""))

    # Ships

    async def pack(self, *, order: RemoteOrder) -> Shipment:
        """Shopee has no step of packing: what stands."""
        return Shipment(order.tracking_no, order.packages)

    async def ship(self, *, order: RemoteOrder) -> Shipment:
        """Arrange the hand-over of each parcel by pickup, drop-off or, with `order.tracking_no`, one's own carrier."""
        try:
            for package in order.packages if len(order.packages) > 1 else ("",):
                await self._arrange(order, package)
        except RemoteRefused:
            if await self._state(order) not in _ARRANGED:
                raise
        return Shipment(await self._tracking(order.external_id) or order.tracking_no, order.packages)

    async def _arrange(self, order: RemoteOrder, package: str) -> None:
        which = {"order_sn": order.external_id, **({"package_number": package} if package else {})}
        said = await self.client.get("/logistics/get_shipping_parameter", list(which.items()))
        with wire.readable(TITLE):
            parameter = msgspec.convert(said, orders.ShippingParameter, strict=False)
        arrangement = orders.arrangement(parameter, order.tracking_no)
        if arrangement is None:
            needs = ", ".join(f"{mode}: {' + '.join(names)}" for mode, names in parameter.info_needed.items())
            raise RemoteRefused(
                remote=TITLE,
                remote_code="no_shipping_mode",
                remote_message=f"no way of handing over can be met ({needs or 'none offered'})",
            )
        await self.client.post("/logistics/ship_order", {**which, **arrangement})

    # PrintsLabels

    async def fetch_labels(self, *, order: RemoteOrder) -> Sequence[Label]:
        """The waybills of all parcels in one file. Shopee makes it on request, which takes it a moment."""
        parcels = [
            {"order_sn": order.external_id, **({"package_number": package} if package else {})}
            for package in order.packages or ("",)
        ]
        if not await self._is_made(parcels):
            await self._make(order, parcels)
            if not await self._is_made(parcels):
                raise Unavailable(remote=TITLE, reason="the label is being made")
        body = {"shipping_document_type": _WAYBILL, "order_list": parcels}
        return [wire.label_of(TITLE, await self.client.document("/logistics/download_shipping_document", body))]

    async def _make(self, order: RemoteOrder, parcels: Sequence[Mapping[str, str]]) -> None:
        number = order.tracking_no if len(parcels) == 1 else ""
        named = {"shipping_document_type": _WAYBILL, **({"tracking_number": number} if number else {})}
        said = await self._documents("/logistics/create_shipping_document", [{**each, **named} for each in parcels])
        for row in said.result_list:
            refused = {"remote": TITLE, "remote_code": row.fail_error, "remote_message": row.fail_message}
            if row.fail_error.endswith("tracking_number_invalid") and order.state in _ARRANGED:
                raise Unavailable(**refused)  # the carrier's number comes minutes after the order is arranged
            if row.fail_error:
                raise RemoteRefused(**refused)

    async def _is_made(self, parcels: Sequence[Mapping[str, str]]) -> bool:
        """Whether the waybills are there; False when nobody asked for them yet. Raises: Unavailable while being made."""
        said = await self._documents("/logistics/get_shipping_document_result", parcels)
        if said.result_list and all(row.status == "READY" for row in said.result_list):
            return True
        if any(row.status == "PROCESSING" for row in said.result_list):
            raise Unavailable(remote=TITLE, reason="the label is being made")
        return False

    async def _documents(self, path: str, parcels: Sequence[Mapping[str, str]]) -> orders.Documents:
        """The rows of a call about waybills; where each row is refused, so is the call, and its rows say why."""
        reply = await self.client.ask("POST", path, body={"order_list": parcels})
        with wire.readable(TITLE):
            said = msgspec.convert(reply.response, orders.Documents, strict=False)
        if reply.error and not said.result_list:
            raise reply.refusal()
        return said

    # Cancels

    async def cancel(self, *, order: RemoteOrder, reason: str) -> None:
        """A cancellation that the buyer has asked for already is accepted instead."""
        if reason not in _REASONS:
            raise Invalid(field="reason", problem="Give out_of_stock, customer_request or other.")
        body: dict[str, Any] = {"order_sn": order.external_id, "cancel_reason": _REASONS[reason]}
        if reason == "out_of_stock":
            keys = dict.fromkeys(line.key for line in order.lines)
            body["item_list"] = [{"item_id": int(key.item_id), "model_id": products.model_id(key)} for key in keys]
        try:
            await self.client.post("/order/cancel_order", body)
        except RemoteRefused:
            state = await self._state(order)
            if state is RemoteState.CANCEL_REQUESTED:
                await self.answer_cancellation(order=order, accept=True)
            elif state is not RemoteState.CANCELLED:
                raise

    async def answer_cancellation(self, *, order: RemoteOrder, accept: bool) -> None:
        """Safe to repeat: an answer that stands already is no error."""
        body = {"order_sn": order.external_id, "operation": "ACCEPT" if accept else "REJECT"}
        try:
            await self.client.post("/order/handle_buyer_cancellation", body)
        except RemoteRefused:
            state = await self._state(order)
            is_open = state in {RemoteState.CANCEL_REQUESTED, None}
            if is_open or (state is RemoteState.CANCELLED) is not accept:
                raise

    async def _state(self, order: RemoteOrder) -> RemoteState | None:
        """Where the order stands at this moment; None when the platform does not know it."""
        details = await self._details([order.external_id])
        return orders.state(details[0].order_status) if details else None

    # HandlesReturns

    async def list_returns(self, *, updated_from: datetime, updated_to: datetime, cursor: str | None) -> ReturnPage:
        return await self.returns.listed(updated_from, updated_to, cursor)

    async def answer_return(
        self, *, return_: RemoteReturn, accept: bool, reason: str, contact_email: str = ""
    ) -> RemoteReturn:
        return await self.returns.answer(return_, accept=accept, reason=reason, contact_email=contact_email)

    # TellsEarnings

    async def fetch_earnings(self, *, order: RemoteOrder) -> Earnings:
        return await self.escrow.of(order)

    # PublishesProducts

    async def list_categories(self) -> list[RemoteCategory]:
        return await self.taxonomy.categories()

    async def list_attributes(self, *, category_id: str) -> list[RemoteAttribute]:
        return await self.taxonomy.attributes(category_id)

    async def upload_picture(self, *, picture: Picture) -> str:
        return await self.publishing.upload(picture)

    async def find_product(self, *, draft: Draft) -> Published | None:
        return await self.publishing.find(draft)

    async def create_product(self, *, draft: Draft) -> Published:
        return await self.publishing.create(draft)

    async def update_product(self, *, item_id: str, draft: Draft) -> Published:
        return await self.publishing.update(item_id, draft)

    async def check_product(self, *, item_id: str, ticket: str) -> Published | None:  # noqa: ARG002 - every item has its id
        return await self.publishing.check(item_id)

    # ReceivesNotices

    def read_notices(self, *, headers: Mapping[str, str], body: bytes) -> list[Notice]:
        secrets = self.account.secrets
        base = f"{self.account.notice_url}|".encode() + body
        expected = sign(secrets.notice_secret or secrets.app_secret, base)
        if not hmac.compare_digest(expected.encode(), headers.get("authorization", "").encode(errors="replace")):
            raise NoticeForged
        try:
            said = wire.present(msgspec.json.decode(body))
        except msgspec.MsgspecError as wrong:
            raise Invalid(field="body", problem="This notice is signed but is not JSON.") from wrong
        if not isinstance(said, dict):
            raise Invalid(field="body", problem="This notice is signed but is not an object.")
        return notices.notices(said, body)


def connect(account: Account, transport: Transport) -> Connector:
    """The entry point of the group `mekong.connectors`."""
    return Shopee(account, transport)


def _tokens(said: Mapping[str, Any], shop_id: str, now: datetime) -> Tokens:
    token = msgspec.convert(said, _TokenReply, strict=False)
    expires_at = now + timedelta(seconds=token.expire_in)
    return Tokens(token.access_token, token.refresh_token, expires_at, now + REFRESH_LIFE, shop_id)


class _TokenReply(msgspec.Struct, frozen=True):
    access_token: str
    refresh_token: str
    expire_in: int


def _by_item(pushes: Sequence[PushT]) -> list[list[PushT]]:
    items: dict[str, list[PushT]] = {}
    for push in pushes:
        items.setdefault(push.key.item_id, []).append(push)
    return [rows[start : start + _MODELS] for rows in items.values() for start in range(0, len(rows), _MODELS)]
