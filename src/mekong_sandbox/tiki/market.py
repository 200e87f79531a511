"""The state of the stand-in of Tiki: lookup, stock, tokens. Every change goes through here and is journalled."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, cast

from mekong_sandbox.tiki.events import Events
from mekong_sandbox.tiki.model import App, Grant, Held, Order, Product, Queue, Review, Seller, Subscription
from mekong_sandbox.tiki.pace import Pace

if TYPE_CHECKING:
    from mekong_sandbox.world import World

CODE_LIFE_S = 600
DAY_S = 86400


class TikiMarket:
    """Apps, sellers, products, orders, tokens and queues of the marketplace."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.events = Events(self)
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.pace = Pace()
        self.apps: dict[str, App] = {}
        self.sellers: dict[int, Seller] = {}
        self.grants: dict[str, Grant] = {}
        self.products: dict[int, Product] = {}
        self.seller_products: dict[int, list[Product]] = {}
        self.by_sku: dict[tuple[int, str], Product] = {}
        self.families: dict[int, list[Product]] = {}
        self.orders: dict[str, Order] = {}
        self.seller_orders: dict[int, list[Order]] = {}
        self.reviews: dict[str, Review] = {}
        self.queues: dict[str, Queue] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self.events.clear()

    def load(self) -> None:
        """Read everything back from the journal."""
        store = self.world.store
        self.apps = {row.app_key: row for _, row in store.load("tiki.app", App)}
        self.sellers = {row.seller_id: row for _, row in store.load("tiki.seller", Seller)}
        self.grants = {row.token: row for _, row in store.load("tiki.grant", Grant)}
        self.queues = {row.code: row for _, row in store.load("tiki.queue", Queue)}
        self.subscriptions = {row.code: row for _, row in store.load("tiki.subscription", Subscription)}
        reviews = sorted((row for _, row in store.load("tiki.review", Review)), key=lambda one: one.request_id)
        self.reviews = {row.track_id: row for row in reviews}
        for product in sorted((row for _, row in store.load("tiki.product", Product)), key=lambda one: one.product_id):
            self._index_product(product)
        for order in sorted((row for _, row in store.load("tiki.order", Order)), key=lambda one: one.order_id):
            self._index_order(order)
        self.events.load()

    # -- apps, sellers, tokens

    def save_app(self, app: App) -> App:
        self.apps[app.app_key] = app
        self.world.store.save("tiki.app", app.app_key, app)
        return app

    def save_seller(self, seller: Seller) -> Seller:
        self.sellers[seller.seller_id] = seller
        self.world.store.save("tiki.seller", seller.seller_id, seller)
        return seller

    def grant(self, kind: str, app_key: str, seller_id: int, scopes: list[str], life_s: float) -> Grant:
        """Issue a code, access token or refresh token."""
        now = self.world.clock.now()
        grant = Grant(kind, secrets.token_urlsafe(32), app_key, seller_id, scopes, now + life_s)
        self.grants[grant.token] = grant
        self.save_grant(grant)
        return grant

    def save_grant(self, grant: Grant) -> None:
        self.world.store.save("tiki.grant", grant.token, grant)

    def authorise(self, app_key: str, seller_id: int, scopes: list[str], redirect_uri: str = "") -> Grant:
        """Note the seller's consent and return the code for it."""
        seller = self.sellers[seller_id]
        if app_key not in seller.apps:
            seller.apps.append(app_key)
            self.save_seller(seller)
        code = self.grant("code", app_key, seller_id, scopes, CODE_LIFE_S)
        code.redirect_uri = redirect_uri
        return code

    def tokens(self, app_key: str, seller_id: int, scopes: list[str]) -> tuple[Grant, Grant | None]:
        """Issue an access token, and a refresh token where the scope `offline` was granted."""
        now, settings = self.world.clock.now(), self.world.settings
        for old in [one for one in self.grants.values() if one.app_key == app_key and one.ends < now - DAY_S]:
            del self.grants[old.token]
            self.world.store.delete("tiki.grant", old.token)
        access = self.grant("access", app_key, seller_id, scopes, settings.tiki_access_token_s)
        if "offline" not in scopes:
            return access, None
        return access, self.grant("refresh", app_key, seller_id, scopes, settings.tiki_refresh_token_s)

    # -- products and stock

    def _index_product(self, product: Product) -> None:
        self.products[product.product_id] = product
        self.seller_products.setdefault(product.seller_id, []).append(product)
        self.families.setdefault(product.item_id, []).append(product)
        self.by_sku.setdefault((product.seller_id, product.original_sku), product)

    def add_product(self, product: Product) -> Product:
        self._index_product(product)
        self.world.store.save("tiki.product", product.product_id, product)
        return product

    def save_product(self, product: Product) -> None:
        product.updated_at = self.world.clock.stamp()
        product.version += 1
        self.world.store.save("tiki.product", product.product_id, product)

    def rename_sku(self, product: Product, original_sku: str) -> None:
        """Give a product another code of its seller."""
        self.by_sku.pop((product.seller_id, product.original_sku), None)
        product.original_sku = original_sku
        self.by_sku[product.seller_id, original_sku] = product
        self.save_product(product)

    def set_stock(self, product: Product, warehouse_id: int, available: int, reserved: int) -> None:
        """Change the figures of a warehouse; the only place that does. Units, not negative."""
        held = product.stock.setdefault(warehouse_id, Held(0))
        if (held.available, held.reserved) == (available, reserved):
            return
        if self.world.faults.keeps_history:
            figures = {place: Held(one.available, one.reserved) for place, one in product.stock.items()}
            self.world.faults.remember(("tiki", product.product_id), self.world.clock.stamp(), figures)
        before = Held(held.available, held.reserved)
        held.available, held.reserved = available, reserved
        self.save_product(product)
        self.events.stock_changed(product, warehouse_id, before, held)

    def figures(self, product: Product, lag_s: float) -> dict[int, Held]:
        """Stock per warehouse as of `lag_s` ago."""
        if lag_s > 0:
            key, stamp = ("tiki", product.product_id), self.world.clock.stamp() - lag_s
            return cast("dict[int, Held]", self.world.faults.as_of(key, stamp, product.stock))
        return product.stock

    # -- orders, requests, queues

    def _index_order(self, order: Order) -> None:
        self.orders[order.code] = order
        self.seller_orders.setdefault(order.seller_id, []).append(order)

    def add_order(self, order: Order) -> None:
        self._index_order(order)
        self.world.store.save("tiki.order", order.code, order)

    def save_order(self, order: Order) -> None:
        order.updated_at = self.world.clock.stamp()
        self.world.store.save("tiki.order", order.code, order)

    def save_review(self, review: Review) -> None:
        self.reviews[review.track_id] = review
        self.world.store.save("tiki.review", review.track_id, review)

    def save_queue(self, queue: Queue) -> None:
        self.queues[queue.code] = queue
        self.world.store.save("tiki.queue", queue.code, queue)

    def delete_queue(self, queue: Queue) -> None:
        """Take a queue away with its subscriptions and events."""
        for wish in [one for one in self.subscriptions.values() if one.queue == queue.code]:
            del self.subscriptions[wish.code]
            self.world.store.delete("tiki.subscription", wish.code)
        self.events.drop_queue(queue.code)
        del self.queues[queue.code]
        self.world.store.delete("tiki.queue", queue.code)

    def save_subscription(self, wish: Subscription) -> None:
        self.subscriptions[wish.code] = wish
        self.world.store.save("tiki.subscription", wish.code, wish)
