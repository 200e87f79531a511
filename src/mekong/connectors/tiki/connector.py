"""Tiki as the socket sees it: each method makes the calls of one operation, each once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from mekong.channels.socket import (
    Account,
    Connector,
    Label,
    ListingKey,
    ListingPage,
    Manifest,
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
from mekong.connectors.tiki.client import (
    CONSENT_PATH,
    LINK_GONE,
    TITLE,
    Client,
    access_token,
    is_account_wide,
    is_unknown,
)
from mekong.connectors.tiki.mapping import Word, earnings, events, has_more, inner, orders, products, stock
from mekong.connectors.tiki.mapping.rounds import Round, Walk
from mekong.connectors.tiki.publishing import Publishing
from mekong.connectors.tiki.queue import EventQueue
from mekong.foundation.errors import Invalid, NeedsReconnect, NeedsRefresh, RemoteRefused, Unavailable
from mekong.foundation.money import to_decimal

MANIFEST: Final = read_manifest("mekong.connectors.tiki")
ORDER_WINDOW: Final = timedelta(days=30)  # the platform names no longest window; this keeps a first pull in steps
SCOPES: Final = "offline product order inventory"
_PAGE = 50
_BATCHES = 200  # of events in one poll: a queue that never empties must not keep the list of orders from being read
_SHORTEST_STATE = 8  # the platform refuses shorter ones
_LEFT = frozenset({RemoteState.SHIPPED, RemoteState.DELIVERED, RemoteState.COMPLETED})

PushT = TypeVar("PushT", StockPush, PricePush)


@dataclass
class Tiki:
    """One Tiki seller. Implements every capability its manifest names.

    Quantities pushed and read are what shoppers may buy now, over all the seller's warehouses. Orders are found by
    events, which come within seconds, and by reading the list of orders, which needs no event to have come.
    """

    account: Account
    transport: Transport = field(repr=False)
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC), repr=False)
    manifest: Manifest = field(default=MANIFEST, init=False, repr=False)
    order_window: timedelta = field(default=ORDER_WINDOW, init=False, repr=False)
    _round: Round | None = field(default=None, init=False, repr=False)
    _homes: list[int] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self.client = Client(self.account, self.transport, self.clock)
        self.queue = EventQueue(self.client)
        self.publishing = Publishing(self.account, self.client, self._warehouses)

    # Authorises

    def authorisation_url(self, *, redirect_url: str, state: str, now: datetime) -> str:  # noqa: ARG002 - not signed
        if len(state) < _SHORTEST_STATE:
            raise ValueError("Tiki takes no state shorter than 8 characters")
        params = {
            "response_type": "code",
            "client_id": self.account.secrets.app_key,
            "redirect_uri": redirect_url,
            "scope": SCOPES,
            "state": state,
        }
        return f"{self.client.auth_host}{CONSENT_PATH}?{urlencode(params, quote_via=quote)}"

    async def exchange(self, *, params: Mapping[str, str], now: datetime) -> Tokens:
        """Besides the redirect's own parameters, `redirect_uri` is the address it came to: OAuth2 wants it repeated
        (RFC 6749, 4.1.3). Left out, the platform may refuse the code."""
        if error := params.get("error", ""):
            words = params.get("error_description", "") or error
            raise RemoteRefused(remote=TITLE, remote_code=error, remote_message=words)
        code, back = params.get("code", ""), params.get("redirect_uri", "")
        if not code:
            raise Invalid(field="code", problem="It is missing from the redirect. Start the connection again.")
        grant = {"grant_type": "authorization_code", "code": code, **({"redirect_uri": back} if back else {})}
        tokens = self._tokens(await self.client.token({**grant, "client_id": self.account.secrets.app_key}), now)
        try:
            return replace(tokens, shop_id=await self._shop_id(tokens.access_token))
        except NeedsRefresh as refused:
            raise RemoteRefused(**refused.params) from refused
        except RemoteRefused as refused:
            if is_account_wide(refused):
                return tokens  # whose shop it is may not be asked with the scopes given; they suffice all the same
            raise

    async def refresh(self, *, now: datetime) -> Tokens:
        """With the refresh token; without one, by the app's keys alone, which is how an app of the seller's own works.

        The keys of any other app open no shop: the token they give must answer for this one.
        """
        token = self.account.secrets.refresh_token
        if not token:
            return await self._by_keys(now)
        grant = {"grant_type": "refresh_token", "refresh_token": token}
        try:
            said = await self.client.token({**grant, "client_id": self.account.secrets.app_key})
        except RemoteRefused as refused:
            if refused.params["remote_code"] in LINK_GONE:
                raise NeedsReconnect(**refused.params) from refused
            raise
        return replace(self._tokens(said, now), shop_id=self.account.shop_id)

    async def _by_keys(self, now: datetime) -> Tokens:
        try:
            tokens = self._tokens(await self.client.token({"grant_type": "client_credentials"}), now)
            found = await self._shop_id(tokens.access_token)
        except (NeedsRefresh, RemoteRefused) as refused:
            raise NeedsReconnect(**refused.params) from refused
        if found != self.account.shop_id:
            words = f"the app's keys open shop {found}, not {self.account.shop_id}"
            raise NeedsReconnect(remote=TITLE, remote_code="no_refresh_token", remote_message=words)
        return replace(tokens, shop_id=found)

    def _tokens(self, said: Mapping[str, Any], now: datetime) -> Tokens:
        token, life_s = access_token(said)
        fresh = str(said.get("refresh_token", "") or self.account.secrets.refresh_token)
        return Tokens(token, fresh, now + timedelta(seconds=life_s))

    async def _shop_id(self, token: str) -> str:
        """The shop that a token speaks for: our account's way of naming it, if it is ours."""
        secrets = replace(self.account.secrets, access_token=token)
        asking = Client(replace(self.account, secrets=secrets), self.transport, self.clock)
        said = await asking.get("/v2/sellers/me")
        with wire.readable(TITLE):
            seller = msgspec.convert(inner(said), _Seller, strict=False)
        known = {str(seller.id), str(seller.sid)}
        return self.account.shop_id if self.account.shop_id in known else str(seller.id)

    # PullsProducts, ReadsListings

    async def pull_listings(self, *, cursor: str | None) -> ListingPage:
        page = _number(cursor or "1")
        params = [("page", str(page)), ("limit", str(_PAGE)), ("include", "inventory")]
        said = await self.client.get("/v2.1/products", params)
        with wire.readable(TITLE):
            found = msgspec.convert(said, products.ProductPage, strict=False)
            listings = products.listings(found.data, self.account.currency)
        is_last = not has_more(found.paging, page, len(found.data), _PAGE)
        return ListingPage(listings, None if is_last else str(page + 1))

    async def read_listings(self, *, keys: Sequence[ListingKey]) -> list[RemoteListing]:
        """One call a product."""
        found: list[products.Product] = []
        for number in dict.fromkeys(key.item_id for key in keys if _is_number(key.item_id)):
            try:
                found.append(await self._product(number))
            except RemoteRefused as refused:
                if not is_unknown(refused):
                    raise
        with wire.readable(TITLE):
            return [one for one in products.listings(found, self.account.currency) if one.key in set(keys)]

    async def _product(self, number: str, lane: str = "default") -> products.Product:
        said = inner(await self.client.get(f"/v2.1/products/{number}", [("includes", "inventory")], lane=lane))
        if not said:
            words = {"remote_code": "unknown_product", "remote_message": "no such product"}
            raise RemoteRefused(remote=TITLE, http_status=404, **words)
        with wire.readable(TITLE):
            return msgspec.convert(said, products.Product, strict=False)

    # PushesStock, PushesPrice

    def stock_batches(self, pushes: Sequence[StockPush]) -> list[list[StockPush]]:
        """One product each: the answer to the platform's call for several names no product that failed, and that call
        wants the state of each product, which is not ours to set."""
        return _singly(pushes)

    async def push_stock(self, batch: Sequence[StockPush]) -> list[PushResult]:
        """Read what orders hold, write it on top of what is to be sold, and read again.

        Only a product that shows the figure is acknowledged. Where an order or an old answer came in between, it shows
        another, and the push is to be computed anew: that is Unavailable, because what stands there now is in doubt.
        """
        if not batch:
            return []
        push = _single(batch)
        try:
            return [await self._set_stock(push)]
        except RemoteRefused as refused:
            return [_blamed(push.key, refused)]

    async def _set_stock(self, push: StockPush) -> PushResult:
        if not _is_number(push.key.item_id):
            return PushResult(push.key, "unknown_product", "Tiki numbers its products.", is_final=True)
        before = (await self._product(push.key.item_id, "stock")).stock or stock.Inventory()
        if before.is_tikis:
            return PushResult(push.key, "stock_at_tiki", "The goods lie in a warehouse of Tiki's.", is_final=True)
        homes = [] if len(before.warehouse_stocks) == 1 else await self._warehouses()
        wanted = stock.targets(before, homes, push.quantity)
        if not wanted:
            return PushResult(push.key, "no_warehouse", "The seller has no warehouse on Tiki.", is_final=True)
        body = {
            "product_id": int(push.key.item_id),
            "seller_warehouse": ", ".join(str(number) for number in wanted),
            "warehouse_quantities": [{"warehouse_id": one, "qty_available": units} for one, units in wanted.items()],
        }
        result = await self._write(push.key, body, "stock")
        if result.is_final:
            return result
        if result.error:
            raise Unavailable(remote=TITLE, reason=f"the change is {result.error}")
        after = (await self._product(push.key.item_id, "stock")).stock
        if after is None or after.sellable is None or stock.is_shown(after, wanted, push.quantity):
            return result
        raise Unavailable(remote=TITLE, reason="not shown", shown=after.sellable, wanted=push.quantity)

    def price_batches(self, pushes: Sequence[PricePush]) -> list[list[PricePush]]:
        return _singly(pushes)

    async def push_price(self, batch: Sequence[PricePush]) -> list[PushResult]:
        """Sets the one price a seller has on Tiki: what is in force now, of list price and sale price the lower.

        The market price that Tiki strikes out beside it is told with a product's information and reviewed; no write of a
        price takes it (Open API, "updateSku"). A push at both ends of a sale begins and ends it.
        """
        if not batch:
            return []
        push = _single(batch)
        if not _is_number(push.key.item_id):
            return [PushResult(push.key, "unknown_product", "Tiki numbers its products.", is_final=True)]
        body = {"product_id": int(push.key.item_id), "price": to_decimal(push.shown_minor(self.clock()), push.currency)}
        try:
            return [await self._write(push.key, body, "price")]
        except RemoteRefused as refused:
            return [_blamed(push.key, refused)]

    async def _write(self, key: ListingKey, body: Mapping[str, Any], lane: str) -> PushResult:
        said = await self.client.put("/v2.1/products/updateSku", body, lane=lane)
        with wire.readable(TITLE):
            return products.written(key, msgspec.convert(said, products.Written, strict=False))

    async def _warehouses(self) -> list[int]:
        """The seller's warehouses that work, in the platform's order, the first being where the account sells from.

        Asked for once. A seller who gave no leave to see them has none here.
        """
        if self._homes is None:
            try:
                said = await self.client.get("/v2/sellers/me/warehouses")
            except RemoteRefused:
                said = []
            with wire.readable(TITLE):
                rows = msgspec.convert(events.rows(said), tuple[orders.SellerWarehouse, ...], strict=False)
            self._homes = [row.id for row in rows if row.is_active]
        return self._homes

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

    async def check_product(self, *, item_id: str, ticket: str) -> Published | None:
        return await self.publishing.check(item_id, ticket)

    # PullsOrders

    async def list_orders(self, *, updated_from: datetime, updated_to: datetime, cursor: str | None) -> OrderRefPage:
        """First what events point at, then pages of the list of orders (see `mapping.rounds`).

        The cursor carries the `ack_id`: a batch of events is confirmed by asking for the next page, which is after its
        orders were booked. Orders that changed shortly before the window may come as well.
        """
        if updated_to - updated_from > ORDER_WINDOW:
            raise Invalid(field="updated_to", problem="Tiki is asked for at most 30 days at once. Use shorter windows.")
        kind, _, rest = (cursor or "events.0.").partition(".")
        match kind:
            case "events":
                count, _, ack_id = rest.partition(".")
                batch = await self.queue.pull(ack_id or None)
                if batch.events and batch.ack_id and _number(count) < _BATCHES:
                    return OrderRefPage(batch.orders, f"events.{int(count) + 1}.{batch.ack_id}")
                walk = Walk.start(self._round, updated_from, self.clock())
                return OrderRefPage(batch.orders, f"list.{walk.text()}")
            case "list":
                return await self._list(Walk.read(rest), updated_from)
            case "kept":
                self._round = Round.read(rest)
                return OrderRefPage([], None)
        raise Invalid(field="cursor", problem="It is not one of this connector. Start from the first page.")

    async def _list(self, walk: Walk, updated_from: datetime) -> OrderRefPage:
        params = [("page", str(walk.page)), ("limit", str(_PAGE)), *walk.filters()]
        said = await self.client.get("/v2/orders", params)
        with wire.readable(TITLE):
            page = msgspec.convert(said, orders.OrderPage, strict=False)
            refs = walk.changed(page.data)
            more = has_more(page.paging, walk.page, len(page.data), _PAGE)
            following = walk.following(page.data, updated_from, has_more=more)
        # What stands is kept only when the next page is asked for: by then the orders of this one are booked.
        return OrderRefPage(refs, f"{'kept' if isinstance(following, Round) else 'list'}.{following.text()}")

    async def fetch_orders(self, *, external_ids: Sequence[str]) -> list[RemoteOrder]:
        """One call an order."""
        known = dict.fromkeys(one for one in external_ids if one.isascii() and one.isalnum())
        read = [said for one in known if (said := await self._order(one)) is not None]
        with wire.readable(TITLE):
            return [orders.order(said, self.account.currency) for said in read]

    async def _order(self, code: str) -> orders.Order | None:
        said = await self._said(code)
        with wire.readable(TITLE):
            return msgspec.convert(said, orders.Order, strict=False) if said else None

    async def _said(self, code: str, params: Sequence[tuple[str, str]] = ()) -> Any:
        """The order as it came; None when the platform does not know it."""
        try:
            return inner(await self.client.get(f"/v2/orders/{code}", params))
        except RemoteRefused as refused:
            if is_unknown(refused):
                return None
            raise

    # Ships

    async def pack(self, *, order: RemoteOrder) -> Shipment:
        """Confirm that the goods are there; for a dropship order, with the first time at which a driver may come.

        It is the one step of the seller's: Tiki's drivers fetch what is confirmed.
        """
        said = await self._standing(order)
        if said.state is RemoteState.CANCELLED:
            raise RemoteRefused(remote=TITLE, remote_code="canceled", remote_message="the order is cancelled")
        if said.is_waiting and not said.is_tikis and said.state not in _LEFT:
            try:
                await self._confirm(said)
            except RemoteRefused:
                said = await self._standing(order)
                if said.is_waiting or said.state is RemoteState.CANCELLED:
                    raise
        return Shipment(str(said.shipping.tracking_code) or order.tracking_no, order.packages)

    async def ship(self, *, order: RemoteOrder) -> Shipment:
        """A confirmed order is fetched by itself; one that is not confirmed yet is confirmed."""
        return await self.pack(order=order)

    async def _confirm(self, said: orders.Order) -> None:
        where = await self._pickup_place(said)
        if where is None:
            raise RemoteRefused(remote=TITLE, remote_code="no_warehouse", remote_message="no warehouse to fetch from")
        if not said.is_dropship:
            body = {"available_item_ids": said.open_items, "seller_inventory_id": where}
            await self.client.post(f"/v2/orders/{said.code}/confirm-available", body)
            return
        pickup = orders.first_pickup(await self._pickup_slots())
        body = {
            "confirmation_status": "seller_confirmed",
            "seller_inventory_id": where,
            **({"expected_pickup_time": pickup} if pickup else {}),
        }
        await self.client.post(f"/v2/orders/{said.code}/dropship/confirm-available", body)

    async def _pickup_place(self, said: orders.Order) -> int | None:
        """The seller's warehouse that an order is fetched from: as the order says, else as Tiki's warehouse allows.

        None where no warehouse is known.
        """
        named = said.homes
        if not named and said.tiki_warehouse.code:
            params = [("tiki_warehouse_codes", str(said.tiki_warehouse.code))]
            found = await self.client.get("/v2/seller-inventories", params)
            with wire.readable(TITLE):
                serving = msgspec.convert(found, orders.SellerInventories, strict=False)
            named = serving.serving(said.tiki_warehouse.code)
        homes = [] if len(named) == 1 else await self._warehouses()
        return orders.warehouse(named, homes)

    async def _pickup_slots(self) -> Any:
        try:
            return await self.client.get("/v2/orders/dropship/expected-pickup-slots")
        except RemoteRefused:
            return {}  # the time is optional: Tiki then chooses it

    async def _standing(self, order: RemoteOrder) -> orders.Order:
        said = await self._order(order.external_id)
        if said is None:
            raise RemoteRefused(remote=TITLE, remote_code="unknown_order", remote_message="no such order")
        return said

    # PrintsLabels

    async def fetch_labels(self, *, order: RemoteOrder) -> Sequence[Label]:
        """The label of a confirmed order: a page of HTML, or what lies at the address that Tiki answers with."""
        said = await self._standing(order)
        kind = said.fulfillment_type.replace("_", "-")
        page = await self.client.page(f"/v2/orders/{said.code}/{kind}/labels", [("format", "html")])
        link = page.strip()
        return [
            wire.label_of(TITLE, await self.client.download(link.decode()) if link.startswith(b"https://") else page)
        ]

    # Cancels

    async def cancel(self, *, order: RemoteOrder, reason: str) -> None:
        """Tell Tiki that the goods are not there: the only cancellation it knows of a seller, and it takes no reason.

        Once the goods are confirmed it may refuse; the way back is then the seller's desk at Tiki.
        """
        if reason not in {"out_of_stock", "customer_request", "other"}:
            raise Invalid(field="reason", problem="Give out_of_stock, customer_request or other.")
        said = await self._standing(order)
        if said.state is RemoteState.CANCELLED:
            return
        if said.is_tikis:
            words = "Tiki sends this order from its own warehouse"
            raise RemoteRefused(remote=TITLE, remote_code="not_cancellable", remote_message=words)
        try:
            where = await self._pickup_place(said)
            place = {} if where is None else {"seller_inventory_id": where}
            if said.is_dropship:
                body = {"confirmation_status": "seller_canceled", **place}
                await self.client.post(f"/v2/orders/{said.code}/dropship/confirm-available", body)
            else:
                # An item that is not named as available is refused.
                await self.client.post(f"/v2/orders/{said.code}/confirm-available", {"available_item_ids": [], **place})
        except RemoteRefused:
            if (await self._standing(order)).state is not RemoteState.CANCELLED:
                raise

    async def answer_cancellation(self, *, order: RemoteOrder, accept: bool) -> None:
        """Buyers ask Tiki, not the seller, so no request ever waits here: to accept one is to cancel for the buyer."""
        if accept:
            await self.cancel(order=order, reason="customer_request")

    # TellsEarnings

    async def fetch_earnings(self, *, order: RemoteOrder) -> Earnings:
        """Each item of an order says what it earns, from the first day on; its fees come where they are asked for."""
        got = await self._said(order.external_id, [("include", "item.fees")])
        with wire.readable(TITLE):
            said = msgspec.convert(got, earnings.Order, strict=False) if got else None
        if said is None or not any(item.seller_income_detail for item in said.items):
            raise RemoteRefused(remote=TITLE, remote_code="no_income", remote_message="no income of this order yet")
        with wire.readable(TITLE):
            return earnings.earnings(said, order.currency or self.account.currency)


def connect(account: Account, transport: Transport) -> Connector:
    """The entry point of the group `mekong.connectors`."""
    return Tiki(account, transport)


class _Seller(msgspec.Struct, frozen=True):
    id: Word
    sid: Word = ""


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _number(text: str) -> int:
    if not _is_number(text):
        raise Invalid(field="cursor", problem="It is not one of this connector. Start from the first page.")
    return int(text)


def _singly(pushes: Sequence[PushT]) -> list[list[PushT]]:
    return [[push] for push in pushes]


def _single(batch: Sequence[PushT]) -> PushT:
    if len(batch) > 1:
        raise ValueError("a batch is one product: group pushes with stock_batches()")
    return batch[0]


def _blamed(key: ListingKey, refused: RemoteRefused) -> PushResult:
    """What a refusal means for the product it was about. Raises it again where it is about the shop."""
    if is_account_wide(refused):
        raise refused
    return products.refused(key, str(refused.params["remote_code"]), str(refused.params["remote_message"]))
