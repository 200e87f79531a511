"""Lazada as the socket sees it: each method makes the calls of one operation, each once."""

from __future__ import annotations

import base64
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
from mekong.connectors.lazada.client import TITLE, Client, is_account_wide, sign
from mekong.connectors.lazada.earnings import Transactions
from mekong.connectors.lazada.mapping import Word, moment, notices, orders, products
from mekong.connectors.lazada.publishing import Publishing
from mekong.connectors.lazada.returns import RETURN_WINDOW, Returns
from mekong.foundation.errors import (
    Invalid,
    NeedsReconnect,
    NeedsRefresh,
    NoticeForged,
    RemoteRefused,
    Unavailable,
)

MANIFEST: Final = read_manifest("mekong.connectors.lazada")
ORDER_WINDOW: Final = timedelta(days=30)  # the platform names no longest window; this keeps a first pull in steps
_PRODUCT_PAGE = 50
_ORDER_PAGE = 100
_ORDER_OFFSET_CAP = 5_000
_ITEM_ORDERS = 50
_PUSHES = 20  # fifty are allowed, twenty advised
_REVERSE_PAGE = 50
_SECOND = timedelta(seconds=1)
_SPECIAL_STANDS: Final = "The platform keeps a special price that it does not let end: take it away in Seller Center."
_UNKNOWN_CODES = frozenset({"16", "E016", "207", "E207", "208", "E208"})  # no such order; no such item
_PACKED = frozenset(
    {
        RemoteState.PACKED,
        RemoteState.READY_TO_SHIP,
        RemoteState.SHIPPED,
        RemoteState.DELIVERED,
        RemoteState.COMPLETED,
    }
)
_READY = _PACKED - {RemoteState.PACKED}

PushT = TypeVar("PushT", StockPush, PricePush)


@dataclass
class Lazada:
    """One Lazada seller in one country. Implements every capability its manifest names.

    Quantities pushed and read are sellable units: the platform's total less what unpaid orders withhold and paid ones
    occupy. It does that sum itself, so a push needs no knowledge of the orders under way.
    """

    account: Account
    transport: Transport = field(repr=False)
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC), repr=False)
    manifest: Manifest = field(default=MANIFEST, init=False, repr=False)
    order_window: timedelta = field(default=ORDER_WINDOW, init=False, repr=False)
    return_window: timedelta = field(default=RETURN_WINDOW, init=False, repr=False)

    def __post_init__(self) -> None:
        self.client = Client(self.account, self.transport, self.clock)
        self.transactions = Transactions(self.account, self.client)
        self.publishing = Publishing(self.account, self.client)
        self.returns = Returns(self.account, self.client)

    # Authorises

    def authorisation_url(self, *, redirect_url: str, state: str, now: datetime) -> str:  # noqa: ARG002 - not signed here
        params = {
            "response_type": "code",
            "force_auth": "true",
            "redirect_uri": redirect_url,
            "client_id": self.account.secrets.app_key,
            "state": state,
        }
        return f"{self.client.auth_host}/oauth/authorize?{urlencode(params)}"

    async def exchange(self, *, params: Mapping[str, str], now: datetime) -> Tokens:
        code = params.get("code", "")
        if not code:
            raise Invalid(field="code", problem="It is missing from the redirect. Start the connection again.")
        said = await self.client.public("/auth/token/create", {"code": code})
        with wire.readable(TITLE):
            return self._tokens(said, now)

    async def refresh(self, *, now: datetime) -> Tokens:
        token = self.account.secrets.refresh_token
        if not token:
            raise NeedsReconnect(remote=TITLE, remote_code="no_refresh_token", remote_message="no refresh token")
        try:
            said = await self.client.public("/auth/token/refresh", {"refresh_token": token})
        except NeedsRefresh as refused:
            raise NeedsReconnect(**refused.params) from refused
        except RemoteRefused as refused:
            if isinstance(refused, NeedsReconnect) or is_account_wide(refused.params["remote_code"]):
                raise
            raise NeedsReconnect(**refused.params) from refused
        with wire.readable(TITLE):
            return self._tokens(said, now)

    def _tokens(self, said: Mapping[str, Any], now: datetime) -> Tokens:
        token = msgspec.convert(said, _TokenReply, strict=False)
        rows = token.country_user_info or token.country_user_info_list
        sellers = [str(row.seller_id) for row in rows if row.country in {token.country, ""} or not token.country]
        is_ours = self.account.shop_id in [str(row.seller_id) for row in rows]
        return Tokens(
            access_token=token.access_token,
            refresh_token=token.refresh_token,
            access_expires_at=now + timedelta(seconds=token.expires_in),
            refresh_expires_at=now + timedelta(seconds=token.refresh_expires_in) if token.refresh_expires_in else None,
            shop_id=self.account.shop_id if is_ours else next(iter(sellers), self.account.shop_id),
        )

    # PullsProducts, ReadsListings

    async def pull_listings(self, *, cursor: str | None) -> ListingPage:
        """One call. By offset alone while the shop is small enough for it; a larger one in windows of update time.

        A window that holds more than an offset can reach answers with no listings and a cursor to its first half.
        """
        span = products.Span.read(cursor) if cursor else products.Span()
        params = {"filter": "all", "limit": str(_PRODUCT_PAGE), "offset": str(span.offset), **span.dates()}
        said = (await self.client.get("/products/get", params)).data
        with wire.readable(TITLE):
            page = msgspec.convert(said or {}, products.ProductPage, strict=False)
            if narrower := span.halved(page.total_products, int(self.clock().timestamp())):
                return ListingPage([], narrower.text())
            now, currency = self.clock(), self.account.currency
            found = [one for product in page.products for one in products.listings(product, currency, now)]
            following = span.following(page.total_products, len(page.products))
        return ListingPage(found, following.text() if following else None)

    async def read_listings(self, *, keys: Sequence[ListingKey]) -> list[RemoteListing]:
        """One call an item."""
        wanted = set(keys)
        found: list[RemoteListing] = []
        for item_id in dict.fromkeys(key.item_id for key in keys):
            try:
                said = (await self.client.get("/product/item/get", {"item_id": item_id})).data
            except RemoteRefused as refused:
                if not _is_unknown(refused):
                    raise
                continue
            if not said:
                continue
            with wire.readable(TITLE):
                product = msgspec.convert(said, products.Product, strict=False)
                found += products.listings(product, self.account.currency, self.clock())
        return [listing for listing in found if listing.key in wanted]

    # PushesStock, PushesPrice

    def stock_batches(self, pushes: Sequence[StockPush]) -> list[list[StockPush]]:
        return _batches(pushes)

    async def push_stock(self, batch: Sequence[StockPush]) -> list[PushResult]:
        """Sets what may be sold (`SellableQuantity`), not the total that orders under way are part of."""
        return await self._push("/product/stock/sellable/update", batch, products.stock_payload(batch), "stock")

    def price_batches(self, pushes: Sequence[PricePush]) -> list[list[PricePush]]:
        return _batches(pushes)

    async def push_price(self, batch: Sequence[PricePush]) -> list[PushResult]:
        """Sets the retail price, and the special price with its times or that there is none.

        Where the platform does not take that there is none, the retail price goes alone, and the listing is read: it is
        acknowledged unless a special price is in force.
        """
        now, path = self.clock(), "/product/price_quantity/update"
        said = {each.key: each for each in await self._push(path, batch, products.price_payload(batch, now), "default")}
        plain = [push for push in batch if push.sale_at(now) is None and products.is_about_special(said[push.key])]
        if plain:
            alone = products.price_payload(plain, now, is_alone=True)
            said |= {each.key: each for each in await self._push(path, plain, alone, "default")}
            keys = [push.key for push in plain if not said[push.key].error]
            still = [each.key for each in await self.read_listings(keys=keys) if each.sale_minor is not None]
            said |= {key: PushResult(key, "special_price_stands", _SPECIAL_STANDS) for key in still}
        return list(said.values())

    async def _push(
        self, path: str, batch: Sequence[StockPush] | Sequence[PricePush], payload: str, lane: str
    ) -> list[PushResult]:
        if not batch:
            return []
        if len(batch) > _PUSHES:
            raise ValueError("a batch is at most 20 SKUs: group pushes with stock_batches()")
        reply = await self.client.ask("POST", path, {"payload": payload}, lane=lane)
        if is_account_wide(reply.code):
            raise reply.refusal()
        with wire.readable(TITLE):
            detail = reply.body.get("detail", [])
            entries = detail if isinstance(detail, list) else [detail]
            troubles = [
                msgspec.convert(one, products.Trouble, strict=False)
                if isinstance(one, dict)
                else products.Trouble(message=str(one))
                for one in entries
            ]
            return products.results(batch, troubles, reply.code, reply.message)

    # PullsOrders

    async def list_orders(self, *, updated_from: datetime, updated_to: datetime, cursor: str | None) -> OrderRefPage:
        """Oldest change first. The next page starts one second before the last order of this one.

        By time rather than by offset: an order that changes between two pages leaves its place, and by offset the one
        after it would be skipped. Orders may come twice; none is missed. Only where a page does not get past its first
        second does the offset move, up to the platform's cap.
        """
        if updated_to - updated_from > ORDER_WINDOW:
            raise Invalid(
                field="updated_to", problem="Lazada is asked for at most 30 days at once. Use shorter windows."
            )
        offset, since = 0, updated_from.astimezone(UTC).replace(microsecond=0) - _SECOND
        if cursor:
            since_text, _, offset_text = cursor.partition("|")
            since, offset = datetime.fromisoformat(since_text), int(offset_text)
        params = {
            "update_after": since.isoformat(),
            "update_before": (updated_to.astimezone(UTC).replace(microsecond=0) + _SECOND).isoformat(),
            "sort_by": "updated_at",
            "sort_direction": "ASC",
            "limit": str(_ORDER_PAGE),
            "offset": str(offset),
        }
        said = (await self.client.get("/orders/get", params)).data
        with wire.readable(TITLE):
            page = msgspec.convert(said or {}, orders.OrderPage, strict=False)
            refs = [OrderRef(str(head.order_id), moment(head.updated_at)) for head in page.orders]
        total = page.countTotal
        is_last = len(refs) < _ORDER_PAGE if total is None else offset + len(refs) >= total
        if is_last or not refs:
            return OrderRefPage(refs, None)
        latest = max(ref.updated_at for ref in refs if ref.updated_at) - _SECOND
        since, offset = (latest, 0) if latest > since else (since, offset + len(refs))
        if offset + _ORDER_PAGE > _ORDER_OFFSET_CAP:
            raise RemoteRefused(
                remote=TITLE, remote_code="offset_cap", remote_message="more than 5000 orders changed in one second"
            )
        return OrderRefPage(refs, f"{since.isoformat()}|{offset}")

    async def fetch_orders(self, *, external_ids: Sequence[str]) -> list[RemoteOrder]:
        """One call an order for its head, and one for the units of fifty.

        Heads first: the units are then as new as `updated_at` or newer, never older.
        """
        known = list(dict.fromkeys(one for one in external_ids if one.isascii() and one.isdigit()))
        found: list[RemoteOrder] = []
        for start in range(0, len(known), _ITEM_ORDERS):
            heads = [head for one in known[start : start + _ITEM_ORDERS] if (head := await self._head(one)) is not None]
            if not heads:
                continue
            ids = ",".join(str(head.order_id) for head in heads)
            said = (await self.client.get("/orders/items/get", {"order_ids": f"[{ids}]"})).data
            with wire.readable(TITLE):
                rows = msgspec.convert(said or [], tuple[orders.OrderItems, ...], strict=False)
                units = {str(row.order_id): row.order_items for row in rows}
                if missing := [head for head in heads if not units.get(str(head.order_id))]:
                    raise ValueError(f"{len(missing)} orders came without their items")
                found += [orders.order(head, units[str(head.order_id)], self.account.currency) for head in heads]
        return found

    async def _head(self, order_id: str) -> orders.Order | None:
        try:
            said = (await self.client.get("/order/get", {"order_id": order_id})).data
        except RemoteRefused as refused:
            if _is_unknown(refused):
                return None
            raise
        with wire.readable(TITLE):
            return msgspec.convert(said, orders.Order, strict=False) if said else None

    # Ships

    async def pack(self, *, order: RemoteOrder) -> Shipment:
        """Pack all units of the order that are not cancelled; the platform gives the parcel and its number."""
        order_id, units = int(order.external_id), _units(order)
        asked = {"orders": [{"order_id": order_id, "order_item_ids": units}]}
        try:
            providers = await self._providers(asked)
            request: dict[str, Any] = {
                "pack_order_list": [{"order_id": order_id, "order_item_list": units}],
                "delivery_type": "dropship",
                "shipping_allocate_type": providers.shipping_allocate_type,
            }
            codes = [str(provider.provider_code) for provider in providers.shipment_providers if provider.provider_code]
            if providers.shipping_allocate_type != "TFS" and codes:
                request["shipment_provider_code"] = codes[0]
            steps = await self._step("/order/fulfill/pack", "packReq", request)
        except RemoteRefused as refused:
            return await self._standing(order, _PACKED, refused)
        return orders.shipment(steps)

    async def ship(self, *, order: RemoteOrder) -> Shipment:
        """Ready to ship: the carrier is asked to fetch the packages that packing gave."""
        packages = order.packages or await self._packages(order)
        if not packages:
            refused = RemoteRefused(remote=TITLE, remote_code="not_packed", remote_message="pack the order first")
            return await self._standing(order, _READY, refused)
        request = {"packages": [{"package_id": package} for package in packages]}
        try:
            await self._step("/order/package/rts", "readyToShipReq", request)
        except RemoteRefused as refused:
            return await self._standing(order, _READY, refused)
        return Shipment(order.tracking_no, tuple(packages))

    async def _providers(self, asked: Mapping[str, Any]) -> orders.Providers:
        """Whether the platform chooses the carrier (TFS) or the seller. Sellers who may not ask are given one."""
        try:
            said = (
                await self.client.get("/order/shipment/providers/get", {"getShipmentProvidersReq": _json(asked)})
            ).data
        except RemoteRefused:
            return orders.Providers()
        with wire.readable(TITLE):
            return msgspec.convert(said or {}, orders.Providers, strict=False)

    async def _step(self, path: str, name: str, request: Mapping[str, Any]) -> list[orders.Step]:
        """One call about several units or packages, each with a word of its own. Raises when any of them failed."""
        said = (await self.client.post(path, {name: _json(request)})).data
        with wire.readable(TITLE):
            steps = msgspec.convert(said if isinstance(said, dict) else {}, orders.Packed, strict=False).steps
        failed = [step for step in steps if str(step.item_err_code) != "0"]
        if not failed:
            return steps
        words = {"remote": TITLE, "remote_code": str(failed[0].item_err_code), "remote_message": str(failed[0].msg)}
        raise Unavailable(**words) if all(step.retry for step in failed) else RemoteRefused(**words)

    async def _packages(self, order: RemoteOrder) -> Sequence[str]:
        present_order = await self._present(order)
        return present_order.packages if present_order else ()

    async def _standing(self, order: RemoteOrder, reached: frozenset[RemoteState], refused: RemoteRefused) -> Shipment:
        """After a refusal: what stands, when the order is there already. Raises the refusal otherwise."""
        now = await self._present(order)
        if now is None or now.state not in reached:
            raise refused
        return Shipment(now.tracking_no, now.packages)

    async def _present(self, order: RemoteOrder) -> RemoteOrder | None:
        return next(iter(await self.fetch_orders(external_ids=[order.external_id])), None)

    # PrintsLabels

    async def fetch_labels(self, *, order: RemoteOrder) -> Sequence[Label]:
        """The labels of all packages in one file; there are none before the order is packed."""
        packages = order.packages or await self._packages(order)
        if not packages:
            raise RemoteRefused(remote=TITLE, remote_code="not_packed", remote_message="pack the order first")
        request = {"doc_type": "PDF", "packages": [{"package_id": package} for package in packages]}
        said = (await self.client.post("/order/package/document/get", {"getDocumentReq": _json(request)})).data
        with wire.readable(TITLE):
            document = msgspec.convert(said if isinstance(said, dict) else {}, orders.Document, strict=False)
            content = base64.b64decode(document.file, validate=True)
        return [wire.label_of(TITLE, content)]

    # Cancels

    async def cancel(self, *, order: RemoteOrder, reason: str) -> None:
        if reason not in {"out_of_stock", "customer_request", "other"}:
            raise Invalid(field="reason", problem="Give out_of_stock, customer_request or other.")
        asked = {"order_id": order.external_id, "order_item_id_list": _json(_units(order))}
        try:
            await self.client.act(
                "/order/reverse/cancel/create", {**asked, "reason_id": await self._reason(asked, reason)}
            )
        except RemoteRefused:
            now = await self._present(order)
            if now is None or now.state is not RemoteState.CANCELLED:
                raise

    async def _reason(self, asked: Mapping[str, str], reason: str) -> str:
        """The platform's id of our reason; asking also checks that the order may be cancelled."""
        said = (await self.client.get("/order/reverse/cancel/validate", asked)).data
        with wire.readable(TITLE):
            reasons = msgspec.convert(said if isinstance(said, dict) else {}, orders.Reasons, strict=False)
        if chosen := orders.reason_id(reasons, reason):
            return chosen
        raise RemoteRefused(remote=TITLE, remote_code="no_reason", remote_message="no reason to cancel is offered")

    async def answer_cancellation(self, *, order: RemoteOrder, accept: bool) -> None:
        """Answer every open request of the buyer to cancel this order. Safe to repeat."""
        asked = {"trade_order_id": order.external_id, "page_no": "1", "page_size": str(_REVERSE_PAGE)}
        said = (await self.client.get("/reverse/getreverseordersforseller", asked)).data
        with wire.readable(TITLE):
            reverse = msgspec.convert(said if isinstance(said, dict) else {}, orders.ReverseOrders, strict=False)
        for one in reverse.items:
            if one.request_type.upper() == "CANCEL" and str(one.trade_order_id) == order.external_id:
                await self._decide(order, str(one.reverse_order_id), accept=accept)

    async def _decide(self, order: RemoteOrder, reverse_order_id: str, *, accept: bool) -> None:
        params = {"reverse_order_id": reverse_order_id, "agree_cancel": "true" if accept else "false"}
        try:
            await self.client.act("/order/reverse/cancel/seller/decide", params)
        except RemoteRefused:
            now = await self._present(order)
            if now is None or (now.state is RemoteState.CANCELLED) is not accept:
                raise

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
        return await self.transactions.of(order)

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

    async def check_product(self, *, item_id: str, ticket: str) -> Published | None:  # noqa: ARG002 - every item has its id
        return await self.publishing.check(item_id)

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
        return [notices.notice(said, body)]


def connect(account: Account, transport: Transport) -> Connector:
    """The entry point of the group `mekong.connectors`."""
    return Lazada(account, transport)


class _Country(msgspec.Struct, frozen=True):
    country: str = ""
    seller_id: Word = ""


class _TokenReply(msgspec.Struct, frozen=True):
    access_token: str
    refresh_token: str
    expires_in: int
    refresh_expires_in: int = 0
    country: str = ""
    country_user_info: tuple[_Country, ...] = ()
    country_user_info_list: tuple[_Country, ...] = ()


def _batches(pushes: Sequence[PushT]) -> list[list[PushT]]:
    return [list(pushes[start : start + _PUSHES]) for start in range(0, len(pushes), _PUSHES)]


def _units(order: RemoteOrder) -> list[int]:
    return [int(line_id) for line in order.lines for line_id in line.line_ids]


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _is_unknown(refused: RemoteRefused) -> bool:
    words = str(refused.params.get("remote_message", "")).lower()
    return refused.params.get("remote_code") in _UNKNOWN_CODES or any(
        phrase in words for phrase in ("not found", "not_found", "not exist", "invalid order id")
    )
