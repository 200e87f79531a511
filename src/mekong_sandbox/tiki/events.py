"""What happened, put into the queues of those who wish to know, and given out batch by batch (protocol notes, section 6).

Faults of notices strike here, as the platform sends nothing: a dropped event never reaches its queue, a repeated one
is in it twice, a delayed one holds up those behind it, since a queue keeps its order. There is no signature to forge.
"""

from __future__ import annotations

import uuid
from collections import deque
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from mekong_sandbox.tiki.model import Event, Held, Order, Product, Queue

if TYPE_CHECKING:
    from mekong_sandbox.tiki.market import TikiMarket

TYPES = (
    "ORDER_CREATED_SUCCESSFULLY",
    "ORDER_STATUS_UPDATED",
    "PRODUCT_PRICE_UPDATED",
    "PRODUCT_MARKET_PRICE_UPDATED",
    "PRODUCT_INVENTORY_UPDATED",
)
KEPT_S = 7 * 86400


class Events:
    """Makes events and keeps them in order, per queue."""

    def __init__(self, market: TikiMarket) -> None:
        self._market = market
        self.waiting: dict[str, deque[Event]] = {}

    def clear(self) -> None:
        self.waiting = {}

    def load(self) -> None:
        """Read everything back from the journal."""
        rows = [row for _, row in self._market.world.store.load("tiki.event", Event)]
        for event in sorted(rows, key=lambda one: one.number):
            self.waiting.setdefault(event.queue, deque()).append(event)

    # -- what happened

    def order_created(self, order: Order) -> None:
        payload = {"order_code": order.code, "status": order.status}
        self._emit(order.seller_id, "ORDER_CREATED_SUCCESSFULLY", "v1", payload)

    def order_changed(self, order: Order) -> None:
        payload = {"order_code": order.code, "orderCode": order.code, "status": order.status}
        self._emit(order.seller_id, "ORDER_STATUS_UPDATED", "v1", payload)

    def price_changed(self, product: Product, before: int) -> None:
        payload = self._of(product) | {"price_from": before, "price_to": product.price}
        self._emit(product.seller_id, "PRODUCT_PRICE_UPDATED", "v1", payload)

    def market_price_changed(self, product: Product, before: int) -> None:
        payload = self._of(product) | {"market_price_from": before, "market_price_to": product.market_price}
        self._emit(product.seller_id, "PRODUCT_MARKET_PRICE_UPDATED", "v1", payload)

    def stock_changed(self, product: Product, warehouse_id: int, before: Held, after: Held) -> None:
        payload = self._of(product) | {"warehouse_id": warehouse_id}
        for end, held in (("from", before), ("to", after)):
            payload |= {
                f"quantity_{end}": held.available,
                f"quantity_available_{end}": held.available,
                f"quantity_reserved_{end}": held.reserved,
                f"quantity_sellable_{end}": held.sellable(),
            }
        self._emit(product.seller_id, "PRODUCT_INVENTORY_UPDATED", "v2", payload)

    @staticmethod
    def _of(product: Product) -> dict[str, Any]:
        return {"product_id": product.product_id, "original_sku": product.original_sku}

    def _emit(self, seller_id: int, kind: str, version: str, payload: dict[str, Any]) -> None:
        market, world = self._market, self._market.world
        for wish in market.subscriptions.values():
            queue = market.queues[wish.queue]
            wanted = wish.is_active and queue.status == "ACTIVE"
            if not wanted or (wish.seller_id, wish.event_type) != (seller_id, kind):
                continue
            verdict = world.faults.judge_notice("tiki", str(seller_id)) if world.faults.notices_at_risk else None
            if verdict is not None and verdict.drop:
                continue
            due = world.clock.now() + world.settings.tiki_event_delay_s + (verdict.delay_s if verdict else 0.0)
            sid, event_id = market.sellers[seller_id].sid, str(uuid.uuid4())
            for _ in range(verdict.copies if verdict else 1):
                number = world.number("tiki.event", 1)
                event = Event(number, event_id, queue.code, sid, kind, version, payload, world.clock.stamp(), due)
                self.waiting.setdefault(queue.code, deque()).append(event)
                world.store.save("tiki.event", number, event)

    # -- giving out

    def pull(self, queue: Queue, ack_id: str) -> list[Event]:
        """The batch of `queue.ack_id`: the one that is out, again, until its own `ack_id` comes; then the next."""
        waiting, now = self.waiting.setdefault(queue.code, deque()), self._market.world.clock.now()
        while waiting and waiting[0].due < now - KEPT_S:
            self._forget(waiting.popleft())
        if queue.ack_id and ack_id == queue.ack_id:
            while waiting and waiting[0].number <= queue.last:
                self._forget(waiting.popleft())
        if not waiting or waiting[0].number > queue.last:
            size = self._market.world.settings.tiki_event_batch
            due = list(takewhile(lambda event: event.due <= now, waiting))[:size]
            queue.ack_id, queue.last = str(uuid.uuid4()), due[-1].number if due else 0
            self._market.save_queue(queue)
        return list(takewhile(lambda event: event.number <= queue.last, waiting))

    def drop_queue(self, code: str) -> None:
        """Forget what waits in a queue that is no more."""
        for event in self.waiting.pop(code, ()):
            self._forget(event)

    def _forget(self, event: Event) -> None:
        self._market.world.store.delete("tiki.event", event.number)
