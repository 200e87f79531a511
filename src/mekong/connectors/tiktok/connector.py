"""TikTok Shop as the socket sees it: each method makes the calls of one operation, each once."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

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
from mekong.connectors.tiktok import paths
from mekong.connectors.tiktok.client import TITLE, Client, is_account_wide, is_unknown, sign
from mekong.connectors.tiktok.earnings import Statements
from mekong.connectors.tiktok.mapping import following, listed, moment, notices, orders, products
from mekong.connectors.tiktok.mapping.authorisation import TokenReply
from mekong.connectors.tiktok.prices import Prices
from mekong.connectors.tiktok.publishing import Publishing
from mekong.connectors.tiktok.returns import RETURN_WINDOW, Returns
from mekong.connectors.tiktok.warehouses import Warehouses
from mekong.foundation.errors import (
    Invalid,
    MekongError,
    NeedsReconnect,
    NeedsRefresh,
    NoticeForged,
    RemoteRefused,
    Unavailable,
)

PushT = TypeVar("PushT", StockPush, PricePush)

MANIFEST: Final = read_manifest("mekong.connectors.tiktok")
ORDER_WINDOW: Final = timedelta(days=15)  # the platform names no longest window; this keeps a first pull in steps
_PRODUCT_PAGE = 50
_ORDER_PAGE = 100
_DETAILS = 50
_SKUS = 50  # a product has at most a hundred
_REQUESTS = 50
_ARRANGED = frozenset({RemoteState.READY_TO_SHIP, RemoteState.SHIPPED, RemoteState.DELIVERED, RemoteState.COMPLETED})


@dataclass
class TikTok:
    """One TikTok shop. Implements every capability its manifest names.

    Quantities pushed and read are what shoppers may buy now: the platform counts units that orders hold apart
    (`committed`). A shop with several warehouses gets all units of a SKU in one of them, the main one where it can be.
    """

    account: Account
    transport: Transport = field(repr=False)
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC), repr=False)
    manifest: Manifest = field(default=MANIFEST, init=False, repr=False)
    order_window: timedelta = field(default=ORDER_WINDOW, init=False, repr=False)
    return_window: timedelta = field(default=RETURN_WINDOW, init=False, repr=False)

    def __post_init__(self) -> None:
        self.client = Client(self.account, self.transport, self.clock)
        self.statements = Statements(self.account, self.client)
        self.returns = Returns(self.account, self.client, self._reject_reason)
        self.warehouses = Warehouses(self.client)
        self.publishing = Publishing(self.account, self.client, self.warehouses)
        self._one_by_one: set[str] = set()
        """Products of which a call about several SKUs was refused whole: from then on one SKU a call."""
        self.prices = Prices(self.account, self.client, self.clock, self.read_listings, self._one_by_one)

    # Authorises

    def authorisation_url(self, *, redirect_url: str, state: str, now: datetime) -> str:  # noqa: ARG002 - not signed here
        """The link by the app's key. Where it leads back to is set in the developer console, not here."""
        query = urlencode({"app_key": self.account.secrets.app_key, "state": state})
        return f"{self.client.auth_host}{paths.AUTHORISE}?{query}"

    async def exchange(self, *, params: Mapping[str, str], now: datetime) -> Tokens:  # noqa: ARG002 - expiries are given as moments
        """The reply names no shop, so those that the new token may speak for are asked for as well."""
        code = params.get("code", "")
        if not code:
            raise Invalid(field="code", problem="It is missing from the redirect. Start the connection again.")
        try:
            said = await self.client.token(paths.TOKEN_GET, {"auth_code": code, "grant_type": "authorized_code"})
        except NeedsRefresh as refused:
            raise RemoteRefused(**refused.params) from refused  # there is no token yet that could be renewed
        with wire.readable(TITLE):
            token = msgspec.convert(said, TokenReply, strict=False)
        try:
            shops = [str(shop.id) for shop in await self.client.bearing(token.access_token).shops()]
        except MekongError:
            shops = []  # the code is used up: the tokens must not be lost with it
        ours = self.account.shop_id
        with wire.readable(TITLE):
            return token.tokens(ours if ours in shops else next(iter(shops), ours))

    async def refresh(self, *, now: datetime) -> Tokens:  # noqa: ARG002 - expiries are given as moments
        token = self.account.secrets.refresh_token
        if not token:
            raise NeedsReconnect(remote=TITLE, remote_code="no_refresh_token", remote_message="no refresh token")
        asked = {"refresh_token": token, "grant_type": "refresh_token"}
        try:
            said = await self.client.token(paths.TOKEN_REFRESH, asked)
        except NeedsRefresh as refused:
            raise NeedsReconnect(**refused.params) from refused
        except RemoteRefused as refused:
            if isinstance(refused, NeedsReconnect) or is_account_wide(refused.params["remote_code"]):
                raise
            raise NeedsReconnect(**refused.params) from refused
        with wire.readable(TITLE):
            return msgspec.convert(said, TokenReply, strict=False).tokens(self.account.shop_id)

    # PullsProducts, ReadsListings

    async def pull_listings(self, *, cursor: str | None) -> ListingPage:
        params = [("page_size", str(_PRODUCT_PAGE)), *([("page_token", cursor)] if cursor else [])]
        said = await self.client.post(paths.PRODUCT_SEARCH, {}, params)
        with wire.readable(TITLE):
            page = msgspec.convert(said, products.ProductPage, strict=False)
            found = listed(page.products, page.total_count)
            token = following(page.next_page_token, cursor or "") if found else ""
        sales = await self.prices.sales() if found else {}
        with wire.readable(TITLE):
            rows = [one for product in found for one in products.listings(product, {}, self.account.currency, sales)]
        self._learn(found)
        return ListingPage(_once(rows), token or None)

    async def read_listings(self, *, keys: Sequence[ListingKey]) -> list[RemoteListing]:
        """One call an item for what it shows, and one for what is left of six hundred SKUs."""
        wanted = set(keys)
        found: list[products.Product] = []
        for item_id in dict.fromkeys(key.item_id for key in keys if _is_number(key.item_id)):
            try:
                said = await self.client.get(paths.PRODUCT.format(product_id=item_id))
            except RemoteRefused as refused:
                if not is_unknown(refused):
                    raise
                continue
            with wire.readable(TITLE):
                found.append(msgspec.convert({"id": item_id, **said}, products.Product, strict=False))
        self._learn(found)
        ours = {key.model_id for key in keys}
        skus = [str(sku.id) for product in found for sku in product.skus if str(sku.id) in ours]
        stock = await self.warehouses.stock(skus)
        self.warehouses.learn({sku_id: sku.warehouses for sku_id, sku in stock.items()})
        available = {sku_id: sku.available for sku_id, sku in stock.items()}
        sales, currency = await self.prices.sales() if found else {}, self.account.currency
        with wire.readable(TITLE):
            rows = [one for product in found for one in products.listings(product, available, currency, sales)]
        return [row for row in _once(rows) if row.key in wanted]

    def _learn(self, found: Sequence[products.Product]) -> None:
        for product in found:
            places = {str(sku.id): [str(heap.warehouse_id) for heap in sku.inventory] for sku in product.skus}
            self.warehouses.learn({sku_id: each for sku_id, each in places.items() if all(each)})

    # PushesStock, PushesPrice

    def stock_batches(self, pushes: Sequence[StockPush]) -> list[list[StockPush]]:
        """By product, at most fifty SKUs a call."""
        self.warehouses.want(push.key.model_id for push in pushes)
        return self._batches(pushes)

    async def push_stock(self, batch: Sequence[StockPush]) -> list[PushResult]:
        """One write. Before the first of a SKU, its warehouses are asked for: see `warehouses.py`."""
        if not batch:
            return []
        product_id, skus = _product_of(batch), [push.key.model_id for push in batch]
        remembered = self.warehouses.remembered(skus)
        places = await self.warehouses.of(skus)
        main = await self.warehouses.main() if any(len(each) > 1 for each in places.values()) else ""
        placed = [push for push in batch if places[push.key.model_id]]
        results = [
            PushResult(push.key, "no_warehouse", _NO_WAREHOUSE, is_final=True)
            for push in batch
            if not places[push.key.model_id]
        ]
        if placed:
            body = {"skus": products.stock_rows(placed, places, main)}
            path = paths.INVENTORY_UPDATE.format(product_id=product_id)
            results += await self._push(path, placed, body, remembered, "stock")
        self.warehouses.forget(result.key.model_id for result in results if result.error)
        return results

    def price_batches(self, pushes: Sequence[PricePush]) -> list[list[PricePush]]:
        return self._batches(pushes)

    async def push_price(self, batch: Sequence[PricePush]) -> list[PushResult]:
        """List prices, and sale prices by activities of the shop's own: see `prices.py`."""
        return await self.prices.push(batch)

    async def _push(
        self,
        path: str,
        batch: Sequence[StockPush],
        body: Mapping[str, Any],
        doubtful: frozenset[str],
        lane: str,
    ) -> list[PushResult]:
        reply = await self.client.ask("POST", path, (), body, lane=lane)
        if is_account_wide(reply.code):
            raise reply.refusal()
        if reply.is_refused and len(batch) > 1 and not products.may_pass(reply.code, reply.message):
            self._one_by_one.add(batch[0].key.item_id)
        with wire.readable(TITLE):
            said = msgspec.convert(reply.body.get("data", {}), products.Pushed, strict=False)
            return products.results(batch, said.errors, reply.code, reply.message, doubtful)

    def _batches(self, pushes: Sequence[PushT]) -> list[list[PushT]]:
        items: dict[str, list[PushT]] = {}
        for push in pushes:
            items.setdefault(push.key.item_id, []).append(push)
        batches: list[list[PushT]] = []
        for item_id, rows in items.items():
            most = 1 if item_id in self._one_by_one else _SKUS
            batches += [rows[start : start + most] for start in range(0, len(rows), most)]
        return batches

    # PublishesProducts

    async def list_categories(self) -> list[RemoteCategory]:
        return await self.publishing.categories()

    async def list_attributes(self, *, category_id: str) -> list[RemoteAttribute]:
        return await self.publishing.attributes(category_id)

    async def upload_picture(self, *, picture: Picture) -> str:
        return await self.publishing.upload(picture)

    async def find_product(self, *, draft: Draft) -> Published | None:
        return await self.publishing.find(draft)

    async def create_product(self, *, draft: Draft) -> Published:
        return await self.publishing.create(draft)

    async def update_product(self, *, item_id: str, draft: Draft) -> Published:
        return await self.publishing.update(item_id, draft)

    async def check_product(self, *, item_id: str, ticket: str) -> Published | None:  # noqa: ARG002 - it names what it makes at once
        return await self.publishing.check(item_id)

    # PullsOrders

    async def list_orders(self, *, updated_from: datetime, updated_to: datetime, cursor: str | None) -> OrderRefPage:
        """Oldest change first. The next page starts with the second of the last order of this one.

        By time rather than by the page's token, of which nothing is known: an order that changes between two pages
        leaves its place, and the one after it might be skipped. Orders may come twice; none is missed. Only where a
        page does not get past its first second, or is out of order, is the token followed.
        """
        if updated_to - updated_from > ORDER_WINDOW:
            raise Invalid(
                field="updated_to", problem="TikTok Shop is asked for at most 15 days at once. Use shorter windows."
            )
        since, asked = _place(cursor) if cursor else (int(updated_from.timestamp()), "")
        params = [("page_size", str(_ORDER_PAGE)), ("sort_field", "update_time"), ("sort_order", "ASC")]
        if asked:
            params.append(("page_token", asked))
        # The end is outside of the platform's window, in whole seconds.
        body = {"update_time_ge": since, "update_time_lt": int(updated_to.timestamp()) + 1}
        said = await self.client.post(paths.ORDER_SEARCH, body, params)
        with wire.readable(TITLE):
            page = msgspec.convert(said, orders.OrderPage, strict=False)
            rows = listed(page.orders, page.total_count)
            token = following(page.next_page_token, asked) if rows else ""
            refs = {
                str(row.id): OrderRef(str(row.id), moment(row.update_time) if row.update_time else None) for row in rows
            }
        if not token:
            return OrderRefPage(list(refs.values()), None)
        times = [row.update_time for row in rows]
        is_past = times[-1] > since and all(times) and times == sorted(times)
        return OrderRefPage(list(refs.values()), f"{times[-1]}|" if is_past else f"{since}|{token}")

    async def fetch_orders(self, *, external_ids: Sequence[str]) -> list[RemoteOrder]:
        known = list(dict.fromkeys(one for one in external_ids if _is_number(one)))
        found: list[RemoteOrder] = []
        for start in range(0, len(known), _DETAILS):
            details = await self._details(known[start : start + _DETAILS])
            with wire.readable(TITLE):
                found += [orders.order(detail, self.account.currency) for detail in details]
        return found

    async def _details(self, order_ids: Sequence[str]) -> list[orders.Order]:
        """These orders whole. Where one unknown id makes the call fail whole: by halves, down to that id."""
        try:
            said = await self.client.get(paths.ORDERS, [("ids", ",".join(order_ids))])
        except RemoteRefused as refused:
            if not is_unknown(refused):
                raise
            middle = len(order_ids) // 2
            halves = order_ids[:middle], order_ids[middle:]
            return [*await self._details(halves[0]), *await self._details(halves[1])] if middle else []
        with wire.readable(TITLE):
            details = msgspec.convert(said, orders.Orders, strict=False).orders
        return list({str(detail.id): detail for detail in details if str(detail.id) in order_ids}.values())

    async def _present(self, order: RemoteOrder) -> orders.Order | None:
        """The order as it stands at this moment; None when the platform does not know it."""
        return next(iter(await self._details([order.external_id])), None)

    async def _state(self, order: RemoteOrder) -> RemoteState | None:
        now = await self._present(order)
        return orders.state(now) if now else None

    # Ships

    async def pack(self, *, order: RemoteOrder) -> Shipment:
        """TikTok Shop has no step of packing: it makes the parcels itself. What stands."""
        return Shipment(order.tracking_no, order.packages)

    async def ship(self, *, order: RemoteOrder) -> Shipment:
        """Arrange the hand-over of every parcel that still waits: fetched, brought, or by one's own carrier.

        Raises: Unavailable while the platform has made no parcel of a paid order; RemoteRefused when the order cannot
        be shipped, or goes by a carrier of which it names no number.
        """
        now = await self._present(order)
        if now is None:
            raise RemoteRefused(remote=TITLE, remote_code="unknown_order", remote_message="no such order")
        state, packages = orders.state(now), orders.standing(now).packages
        if state in _ARRANGED:
            return orders.standing(now)
        if state not in {RemoteState.PLACED, RemoteState.CANCEL_REQUESTED}:
            raise RemoteRefused(remote=TITLE, remote_code="not_to_ship", remote_message=f"the order is {now.status}")
        if not packages:
            raise Unavailable(remote=TITLE, reason="no parcel yet")
        try:
            for package_id in orders.waiting_packages(now):
                body = await self._handover(now, package_id, order.tracking_no)
                await self.client.act(paths.SHIP.format(package_id=package_id), body)
        except RemoteRefused:
            if await self._state(order) not in _ARRANGED:
                raise
        return orders.standing(now)

    async def _handover(self, now: orders.Order, package_id: str, tracking_no: str) -> dict[str, Any]:
        if now.shipping_type == "SELLER":
            if own := orders.own_carrier(now, tracking_no):
                return own
            raise RemoteRefused(
                remote=TITLE,
                remote_code="own_carrier",
                remote_message="the shop's own carrier brings this order: its name and number are entered there",
            )
        said = await self.client.get(paths.HANDOVER_SLOTS.format(package_id=package_id))
        with wire.readable(TITLE):
            return orders.handover(msgspec.convert(said, orders.Handover, strict=False))

    # PrintsLabels

    async def fetch_labels(self, *, order: RemoteOrder) -> Sequence[Label]:
        """One label a parcel, each behind an address that the platform makes for it and that is good for a day."""
        packages = order.packages
        if not packages and (now := await self._present(order)):
            packages = orders.standing(now).packages
        if not packages:
            raise RemoteRefused(remote=TITLE, remote_code="no_parcel", remote_message="the order has no parcel yet")
        return [await self._label(package_id) for package_id in packages]

    async def _label(self, package_id: str) -> Label:
        wanted = [("document_type", "SHIPPING_LABEL"), ("document_size", "A6")]
        said = await self.client.get(paths.SHIPPING_DOCUMENTS.format(package_id=package_id), wanted)
        with wire.readable(TITLE):
            url = msgspec.convert(said, orders.ShippingDocument, strict=False).doc_url
        return wire.label_of(TITLE, await self.client.download(url))

    # Cancels

    async def cancel(self, *, order: RemoteOrder, reason: str) -> None:
        """A cancellation that the buyer has asked for already is accepted instead."""
        if reason not in orders.REASONS:
            raise Invalid(field="reason", problem="Give out_of_stock, customer_request or other.")
        try:
            await self.client.act(paths.CANCELLATIONS, orders.cancellation(order, reason))
        except RemoteRefused:
            state = await self._state(order)
            if state is RemoteState.CANCEL_REQUESTED:
                await self.answer_cancellation(order=order, accept=True)
            elif state is not RemoteState.CANCELLED:
                raise

    async def answer_cancellation(self, *, order: RemoteOrder, accept: bool) -> None:
        """Answer every open request of the buyer to cancel this order. Safe to repeat."""
        params = [("page_size", str(_REQUESTS))]
        said = await self.client.post(paths.CANCELLATION_SEARCH, {"order_ids": [order.external_id]}, params)
        with wire.readable(TITLE):
            page = msgspec.convert(said, orders.Cancellations, strict=False)
            requests = orders.open_requests(listed(page.cancellations, page.total_count), order.external_id)
        for cancel_id in requests:
            try:
                if accept:
                    await self.client.act(paths.APPROVE.format(cancel_id=cancel_id), {})
                else:
                    body = {"reject_reason": await self._reject_reason(cancel_id)}
                    await self.client.act(paths.REJECT.format(cancel_id=cancel_id), body)
            except RemoteRefused:
                state = await self._state(order)
                is_open = state in {RemoteState.CANCEL_REQUESTED, None}
                if is_open or (state is RemoteState.CANCELLED) is not accept:
                    raise

    async def _reject_reason(self, cancel_id: str) -> str:
        """The first reason that the platform offers; that the goods are packed where it offers none."""
        try:
            said = await self.client.get(paths.REJECT_REASONS, [("return_or_cancel_id", cancel_id)])
        except NeedsReconnect:
            raise
        except RemoteRefused:
            return orders.NO_BETTER_REASON
        with wire.readable(TITLE):
            offered = msgspec.convert(said, orders.Reasons, strict=False).reasons
        names = [str(reason.name) for reason in offered if reason.name]
        return orders.NO_BETTER_REASON if orders.NO_BETTER_REASON in names or not names else names[0]

    # HandlesReturns

    async def list_returns(self, *, updated_from: datetime, updated_to: datetime, cursor: str | None) -> ReturnPage:
        return await self.returns.listed(updated_from, updated_to, cursor)

    async def answer_return(
        self,
        *,
        return_: RemoteReturn,
        accept: bool,
        reason: str,
        contact_email: str = "",  # noqa: ARG002 - this platform asks for nobody
    ) -> RemoteReturn:
        return await self.returns.answer(return_, accept=accept, reason=reason)

    # TellsEarnings

    async def fetch_earnings(self, *, order: RemoteOrder) -> Earnings:
        return await self.statements.of(order)

    # ReceivesNotices

    def read_notices(self, *, headers: Mapping[str, str], body: bytes) -> list[Notice]:
        secrets = self.account.secrets
        expected = sign(secrets.notice_secret or secrets.app_secret, secrets.app_key.encode() + body)
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
    return TikTok(account, transport)


_NO_WAREHOUSE: Final = "The shop has no warehouse that sells. Add one, then assign the product to it."


def _product_of(batch: Sequence[StockPush] | Sequence[PricePush]) -> str:
    items = {push.key.item_id for push in batch}
    if len(items) > 1 or len(batch) > _SKUS:
        raise ValueError("a batch is at most 50 SKUs of one product: group pushes with stock_batches()")
    return items.pop()


def _once(rows: Sequence[RemoteListing]) -> list[RemoteListing]:
    """What stands twice in a reply counts once, as it stands last."""
    return list({row.key: row for row in rows}.values())


def _place(cursor: str) -> tuple[int, str]:
    """Where `list_orders` goes on: the second it starts from, and the token within it."""
    since, _, token = cursor.partition("|")
    if not _is_number(since):
        raise Invalid(field="cursor", problem="It is not one of this connector. Start from the first page.")
    return int(since), token


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
