"""A platform in memory, for tests that must decide what happens between two calls."""
# ruff: noqa: ARG002 - a capability's shape is the socket's, needed here or not

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from mekong.channels.registry import Plug
from mekong.channels.socket import (
    Account,
    Connector,
    ListingKey,
    ListingPage,
    Looks,
    Manifest,
    Notice,
    NoticeKind,
    OrderRef,
    OrderRefPage,
    PricePush,
    PushResult,
    RateLimit,
    RemoteLine,
    RemoteListing,
    RemoteOrder,
    RemoteState,
    SalePrice,
    Shipment,
    StockPush,
    Transport,
)
from mekong.channels.socket.earnings import Earning, EarningKind, Earnings
from mekong.channels.socket.returns import RemoteReturn, RemoteReturnLine, ReturnPage, ReturnState
from mekong.foundation.errors import RemoteRefused

MANIFEST = Manifest(
    name="bazaar",
    title="Bazaar",
    letters="BZ",
    api_version="1",
    capabilities=frozenset({"PullsProducts", "ReadsListings", "PushesStock", "PushesPrice", "PullsOrders", "Ships",
                            "Cancels", "HandlesReturns", "TellsEarnings", "ReceivesNotices"}),
    limits={"default": RateLimit(10_000, 1000)},
    sale_prices=True,
    sale_dates=True,
)  # fmt: skip


@dataclass
class Platform:
    """What the platform has: quantities and orders. `pushed` is every figure it was sent, in order.

    `before_push`, when set, is awaited before a push takes effect; `failures` are raised by the next pushes, `troubles`
    by the next steps of orders; `refusals` names SKUs it refuses, with the reason.
    """

    quantities: dict[ListingKey, int] = field(default_factory=dict)
    prices: dict[ListingKey, int] = field(default_factory=dict)
    sales: dict[ListingKey, SalePrice] = field(default_factory=dict)
    skus: dict[ListingKey, str] = field(default_factory=dict)
    looks: dict[str, Looks] = field(default_factory=dict)
    orders: dict[str, RemoteOrder] = field(default_factory=dict)
    returns: dict[str, RemoteReturn] = field(default_factory=dict)
    earnings: dict[str, Earnings] = field(default_factory=dict)
    earning_trouble: Exception | None = None
    asked_earnings: list[str] = field(default_factory=list)
    pushed: list[tuple[str, int]] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    before_push: Callable[[Sequence[StockPush]], object] | None = None
    failures: list[Exception] = field(default_factory=list)
    troubles: list[Exception] = field(default_factory=list)
    return_trouble: Exception | None = None
    refusals: dict[str, PushResult] = field(default_factory=dict)
    clock: datetime = field(default_factory=lambda: datetime.now(UTC))
    number: int = 0

    def list_sku(self, sku: str, quantity: int = 0) -> ListingKey:
        key = ListingKey(f"i-{sku}", "")
        self.quantities[key], self.skus[key], self.prices[key] = quantity, sku, 1
        return key

    def tick(self) -> datetime:
        self.clock += timedelta(seconds=1)
        return self.clock

    def buy(self, *lines: tuple[str, int], state: RemoteState = RemoteState.PLACED) -> str:
        """Buy, whatever is there; the order's number."""
        self.number += 1
        at = self.tick()
        bought = tuple(
            RemoteLine((f"{self.number}-{sku}",), ListingKey(f"i-{sku}", ""), sku, f"Áo {sku}", units, 100_000)
            for sku, units in lines
        )
        for line in bought:
            self.quantities[line.key] = self.quantities.get(line.key, 0) - line.quantity
        order = RemoteOrder(
            f"B{self.number}", state, state.value, at, at, "VND", bought,
            total_minor=sum(line.quantity * line.unit_price_minor for line in bought),
        )  # fmt: skip
        self.orders[order.external_id] = order
        return order.external_id

    def ask_back(self, order: str, **changes: Any) -> str:
        """A buyer asks for the return of all of an order; the return's number."""
        self.number += 1
        at, bought = self.tick(), self.orders[order]
        lines = [RemoteReturnLine(line.key, line.sku, line.name, line.quantity, line.line_ids) for line in bought.lines]
        asked = RemoteReturn(
            f"R{self.number}", order, ReturnState.REQUESTED, "ASKED", lines, "VND", bought.total_minor, True, at, at,
            "DAMAGED", "Rách tay", at + timedelta(days=2),
        )  # fmt: skip
        self.returns[asked.external_id] = replace(asked, **changes)
        return asked.external_id

    def move_return(self, external_id: str, state: ReturnState, **changes: Any) -> RemoteReturn:
        moved = replace(
            self.returns[external_id], state=state, raw_state=state.value.upper(), updated_at=self.tick(), **changes
        )
        self.returns[external_id] = moved
        return moved

    def settle(
        self, order: str, *, is_final: bool = False, commission: int = -8_000, net: int | None = None
    ) -> Earnings:
        """What an order earns from now on: its goods and a commission, with the platform's own sum."""
        goods = self.orders[order].total_minor
        lines = (
            Earning(EarningKind.GOODS, "Giá bán", goods, self.clock, "S1"),
            Earning(EarningKind.COMMISSION, "Phí cố định", commission, self.clock, "S1"),
        )
        self.earnings[order] = Earnings(order, lines, goods + commission if net is None else net, "VND", is_final)
        return self.earnings[order]

    def move(self, external_id: str, state: RemoteState) -> None:
        order = self.orders[external_id]
        if state is RemoteState.CANCELLED:
            for line in order.lines:
                self.quantities[line.key] = self.quantities.get(line.key, 0) + line.quantity
        self.orders[external_id] = replace(order, state=state, raw_state=state.value, updated_at=self.tick())


@dataclass
class Bazaar:
    """Implements everything its manifest names, against a `Platform` in this process."""

    account: Account
    platform: Platform
    manifest: Manifest = MANIFEST
    order_window: timedelta = timedelta(days=15)
    return_window: timedelta = timedelta(days=15)

    async def pull_listings(self, *, cursor: str | None) -> ListingPage:
        return ListingPage([self._listing(key) for key in self.platform.quantities], None)

    async def read_listings(self, *, keys: Sequence[ListingKey]) -> list[RemoteListing]:
        return [self._listing(key) for key in keys if key in self.platform.quantities]

    def _listing(self, key: ListingKey) -> RemoteListing:
        platform, sale = self.platform, self.platform.sales.get(key)
        on = sale if sale is not None and sale.is_in_force(datetime.now(UTC)) else None
        return RemoteListing(
            key, platform.skus[key], f"Áo {platform.skus[key]}", platform.quantities[key], platform.prices[key],
            sale_minor=on.price_minor if on else None, sale_ends_at=on.ends_at if on else None,
            looks=platform.looks.get(key.item_id),
        )  # fmt: skip

    def stock_batches(self, pushes: Sequence[StockPush]) -> list[list[StockPush]]:
        return [list(pushes[start : start + 10]) for start in range(0, len(pushes), 10)]

    async def push_stock(self, batch: Sequence[StockPush]) -> list[PushResult]:
        platform = self.platform
        platform.pushed += [(push.sku, push.quantity) for push in batch]
        if platform.before_push is not None:
            waited = platform.before_push(batch)
            if asyncio.iscoroutine(waited):
                await waited
        if platform.failures:
            raise platform.failures.pop(0)
        results = []
        for push in batch:
            refused = platform.refusals.get(push.sku)
            if refused is None:
                platform.quantities[push.key] = push.quantity
            results.append(replace(refused, key=push.key) if refused else PushResult(push.key))
        return results

    def price_batches(self, pushes: Sequence[PricePush]) -> list[list[PricePush]]:
        return [list(pushes)]

    async def push_price(self, batch: Sequence[PricePush]) -> list[PushResult]:
        self.platform.prices.update({push.key: push.price_minor for push in batch})
        for push in batch:
            self.platform.sales.pop(push.key, None)
        self.platform.sales.update({push.key: push.sale for push in batch if push.sale is not None})
        return [PushResult(push.key) for push in batch]

    async def list_orders(self, *, updated_from: datetime, updated_to: datetime, cursor: str | None) -> OrderRefPage:
        found = [OrderRef(each.external_id, each.updated_at) for each in self.platform.orders.values()]
        return OrderRefPage(found, None)

    async def fetch_orders(self, *, external_ids: Sequence[str]) -> list[RemoteOrder]:
        return [self.platform.orders[each] for each in external_ids if each in self.platform.orders]

    async def pack(self, *, order: RemoteOrder) -> Shipment:
        return self._tell("pack", order, RemoteState.PACKED)

    async def ship(self, *, order: RemoteOrder) -> Shipment:
        return self._tell("ship", order, RemoteState.READY_TO_SHIP)

    async def cancel(self, *, order: RemoteOrder, reason: str) -> None:
        self._tell(f"cancel {reason}", order, RemoteState.CANCELLED)

    async def answer_cancellation(self, *, order: RemoteOrder, accept: bool) -> None:
        self._tell("accept" if accept else "reject", order, RemoteState.CANCELLED if accept else RemoteState.PLACED)

    async def list_returns(self, *, updated_from: datetime, updated_to: datetime, cursor: str | None) -> ReturnPage:
        if self.platform.return_trouble is not None:
            raise self.platform.return_trouble
        found = [each for each in self.platform.returns.values() if each.updated_at and each.updated_at >= updated_from]
        place = int(cursor or 0)
        return ReturnPage(found[place : place + 1], str(place + 1) if place + 1 < len(found) else None)

    async def answer_return(
        self, *, return_: RemoteReturn, accept: bool, reason: str, contact_email: str = ""
    ) -> RemoteReturn:
        platform = self.platform
        platform.told.append(("agree" if accept else f"refuse {reason} {contact_email}".strip(), return_.external_id))
        if platform.troubles:
            raise platform.troubles.pop(0)
        now = platform.returns[return_.external_id]
        if now.state is not ReturnState.REQUESTED:
            return now
        return platform.move_return(return_.external_id, ReturnState.ACCEPTED if accept else ReturnState.DISPUTED)

    async def fetch_earnings(self, *, order: RemoteOrder) -> Earnings:
        platform = self.platform
        platform.asked_earnings.append(order.external_id)
        if platform.earning_trouble is not None:
            raise platform.earning_trouble
        if order.external_id not in platform.earnings:
            raise RemoteRefused(remote="Bazaar", remote_code="not_settled", remote_message="not settled yet")
        return platform.earnings[order.external_id]

    def _tell(self, what: str, order: RemoteOrder, state: RemoteState) -> Shipment:
        self.platform.told.append((what, order.external_id))
        if self.platform.troubles:
            raise self.platform.troubles.pop(0)
        if (
            self.platform.orders[order.external_id].state is RemoteState.CANCELLED
            and state is not RemoteState.CANCELLED
        ):
            raise RemoteRefused(remote="Bazaar", remote_code="cancelled", remote_message="the order is cancelled")
        self.platform.move(order.external_id, state)
        return Shipment("TRACK1")

    def read_notices(self, *, headers: Mapping[str, str], body: bytes) -> list[Notice]:
        said = json.loads(body)
        return [Notice(NoticeKind.ORDER, self.account.shop_id, said["order"], said.get("id", ""))]


def plug(platform: Platform) -> Plug:
    def connect(account: Account, transport: Transport) -> Connector:
        return Bazaar(account, platform)

    return Plug(MANIFEST, connect, {"app_key": "Key"})
