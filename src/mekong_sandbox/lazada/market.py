"""The state of the stand-in of Lazada: lookup, stock, tokens. Every change goes through here and is journalled."""

from __future__ import annotations

import secrets
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, cast

from mekong_sandbox.lazada.model import App, Grant, Held, Order, Product, Reverse, Seller, Sku
from mekong_sandbox.lazada.push import LazadaPush

if TYPE_CHECKING:
    from mekong_sandbox.world import World

CODE_LIFE_S = 1800
DAY_S = 86400


class LazadaMarket:
    """Apps, sellers, products, orders and tokens of the marketplace."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.push = LazadaPush(self)
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.apps: dict[str, App] = {}
        self.sellers: dict[str, Seller] = {}
        self.grants: dict[str, Grant] = {}
        self.products: dict[int, Product] = {}
        self.seller_products: dict[str, list[Product]] = {}
        self.skus: dict[int, tuple[Product, Sku]] = {}
        self.by_seller_sku: dict[tuple[str, str], tuple[Product, Sku]] = {}
        self.orders: dict[int, Order] = {}
        self.order_ids: list[int] = []
        self.seller_orders: dict[str, list[Order]] = {}
        self.updated: dict[str, dict[int, Order]] = {}
        self.packages: dict[str, int] = {}
        self.reverses: dict[int, Reverse] = {}

    def load(self) -> None:
        """Read everything back from the journal."""
        store = self.world.store
        self.apps = {row.app_key: row for _, row in store.load("lazada.app", App)}
        self.sellers = {row.seller_id: row for _, row in store.load("lazada.seller", Seller)}
        self.grants = {row.token: row for _, row in store.load("lazada.grant", Grant)}
        self.reverses = {row.reverse_id: row for _, row in store.load("lazada.reverse", Reverse)}
        for product in sorted((row for _, row in store.load("lazada.product", Product)), key=lambda one: one.item_id):
            self._index_product(product)
        orders = sorted((row for _, row in store.load("lazada.order", Order)), key=lambda order: order.order_id)
        for order in orders:
            self.orders[order.order_id] = order
            self.order_ids.append(order.order_id)
            self.seller_orders.setdefault(order.seller_id, []).append(order)
            for run in order.units:
                if run.package_id:
                    self.packages[run.package_id] = order.order_id
        for order in sorted(orders, key=lambda order: order.updated_at):
            self.updated.setdefault(order.seller_id, {})[order.order_id] = order

    # -- apps, sellers, tokens

    def save_app(self, app: App) -> App:
        self.apps[app.app_key] = app
        self.world.store.save("lazada.app", app.app_key, app)
        return app

    def save_seller(self, seller: Seller) -> Seller:
        self.sellers[seller.seller_id] = seller
        self.world.store.save("lazada.seller", seller.seller_id, seller)
        return seller

    def grant(self, kind: str, app_key: str, seller_id: str, life_s: float) -> Grant:
        """Issue a code, access token or refresh token."""
        prefix = {"code": f"0_{app_key}_", "access": "50000600", "refresh": "50001600"}[kind]
        grant = Grant(kind, prefix + secrets.token_hex(16), app_key, seller_id, self.world.clock.now() + life_s)
        self.grants[grant.token] = grant
        self.save_grant(grant)
        return grant

    def save_grant(self, grant: Grant) -> None:
        self.world.store.save("lazada.grant", grant.token, grant)

    def authorise(self, app_key: str, seller_id: str) -> Grant:
        """Note the seller's consent and return the code for it."""
        seller = self.sellers[seller_id]
        if app_key not in seller.apps:
            seller.apps.append(app_key)
            self.save_seller(seller)
        return self.grant("code", app_key, seller_id, CODE_LIFE_S)

    def lives(self, app: App) -> tuple[int, int]:
        """Seconds that access and refresh tokens of an app live."""
        return (7 * DAY_S, 14 * DAY_S) if app.test else (30 * DAY_S, 180 * DAY_S)

    def token_pair(self, app: App, seller_id: str, refresh_ends: float | None = None) -> tuple[Grant, Grant]:
        """Issue access and refresh token; a refresh does not lengthen the life of the refresh token."""
        now = self.world.clock.now()
        for grant in list(self.grants.values()):
            if grant.seller_id == seller_id and grant.app_key == app.app_key and grant.ends < now - DAY_S:
                del self.grants[grant.token]
                self.world.store.delete("lazada.grant", grant.token)
        access_s, refresh_s = self.lives(app)
        life_s = refresh_s if refresh_ends is None else refresh_ends - now
        access = self.grant("access", app.app_key, seller_id, access_s)
        return access, self.grant("refresh", app.app_key, seller_id, life_s)

    # -- products and stock

    def _index_product(self, product: Product) -> None:
        self.products[product.item_id] = product
        self.seller_products.setdefault(product.seller_id, []).append(product)
        for sku in product.skus:
            self.skus[sku.sku_id] = (product, sku)
            if sku.status != "deleted":
                self.by_seller_sku.setdefault((product.seller_id, sku.seller_sku), (product, sku))

    def add_product(self, product: Product) -> Product:
        self._index_product(product)
        self.world.store.save("lazada.product", product.item_id, product)
        return product

    def index_skus(self, product: Product) -> None:
        """Find the SKUs of a product by their ids and codes; withdrawn ones give their codes free."""
        for sku in product.skus:
            self.skus[sku.sku_id] = (product, sku)
            key = (product.seller_id, sku.seller_sku)
            if sku.status != "deleted":
                self.by_seller_sku[key] = (product, sku)
            elif self.by_seller_sku.get(key, (None, None))[1] is sku:
                del self.by_seller_sku[key]

    def save_product(self, product: Product) -> None:
        product.updated_at = self.world.clock.stamp()
        self.world.store.save("lazada.product", product.item_id, product)

    def before_stock_change(self, sku: Sku) -> None:
        """Note stock figures for stale reads, when such a fault is in force."""
        if self.world.faults.keeps_history:
            figures = {name: Held(held.total, held.withhold, held.occupy) for name, held in sku.stock.items()}
            self.world.faults.remember(("lazada", sku.sku_id), self.world.clock.stamp(), figures)

    def figures(self, sku: Sku, lag_s: float) -> dict[str, Held]:
        """Stock per warehouse as of `lag_s` ago."""
        if lag_s > 0:
            seen = self.world.faults.as_of(("lazada", sku.sku_id), self.world.clock.stamp() - lag_s, sku.stock)
            return cast("dict[str, Held]", seen)
        return sku.stock

    # -- orders

    def add_order(self, order: Order) -> None:
        self.orders[order.order_id] = order
        self.order_ids.append(order.order_id)
        self.seller_orders.setdefault(order.seller_id, []).append(order)
        self.updated.setdefault(order.seller_id, {})[order.order_id] = order
        self.world.store.save("lazada.order", order.order_id, order)

    def save_order(self, order: Order) -> None:
        """Journal a changed order and move it to the end of its seller's order of change."""
        order.updated_at = self.world.clock.stamp()
        updated = self.updated[order.seller_id]
        updated.pop(order.order_id, None)
        updated[order.order_id] = order
        self.world.store.save("lazada.order", order.order_id, order)

    def order_of_unit(self, unit_id: int) -> Order | None:
        """The order a line id belongs to; ids of an order's lines follow its own id."""
        at = bisect_right(self.order_ids, unit_id) - 1
        order = self.orders[self.order_ids[at]] if at >= 0 else None
        return order if order is not None and order.find(unit_id) is not None else None

    def orders_since(self, seller_id: str, field: str, after: float, before: float) -> list[Order]:
        """Orders created or updated after and before the moments given, oldest first."""
        if field == "created_at":
            orders = self.seller_orders.get(seller_id, [])
            start = bisect_left(orders, after, key=lambda order: order.created_at)
            return orders[start : bisect_left(orders, before, key=lambda order: order.created_at)]
        found = []
        for order in reversed(self.updated.get(seller_id, {}).values()):
            if order.updated_at < after:
                break
            if order.updated_at < before:
                found.append(order)
        found.reverse()
        return found
