"""The state of the stand-in of TikTok Shop: lookup, stock, tokens. Every change goes through here and is journalled."""

from __future__ import annotations

import secrets
from bisect import bisect_left
from typing import TYPE_CHECKING, cast

from mekong_sandbox.tiktok.model import Activity, Aftersale, App, Grant, Held, Order, Product, Shop, Sku
from mekong_sandbox.tiktok.push import TikTokPush

if TYPE_CHECKING:
    from mekong_sandbox.world import World

CODE_LIFE_S = 1800
REFRESH_LIFE_S = 365 * 86400


class TikTokMarket:
    """Apps, shops, products, orders and tokens of the marketplace."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.push = TikTokPush(self)
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.apps: dict[str, App] = {}
        self.shops: dict[str, Shop] = {}
        self.ciphers: dict[str, Shop] = {}
        self.grants: dict[str, Grant] = {}
        self.products: dict[str, Product] = {}
        self.shop_products: dict[str, list[Product]] = {}
        self.skus: dict[str, tuple[Product, Sku]] = {}
        self.by_seller_sku: dict[tuple[str, str], tuple[Product, Sku]] = {}
        self.orders: dict[str, Order] = {}
        self.shop_orders: dict[str, list[Order]] = {}
        self.updated: dict[str, dict[str, Order]] = {}
        self.packages: dict[str, Order] = {}
        self.aftersales: dict[str, Aftersale] = {}
        self.activities: dict[str, Activity] = {}
        self.activities_of: dict[str, dict[str, Activity]] = {}

    def load(self) -> None:
        """Read everything back from the journal."""
        store = self.world.store
        self.apps = {row.app_key: row for _, row in store.load("tiktok.app", App)}
        for _, shop in store.load("tiktok.shop", Shop):
            self.shops[shop.shop_id] = self.ciphers[shop.cipher] = shop
        self.grants = {row.token: row for _, row in store.load("tiktok.grant", Grant)}
        self.aftersales = {row.aftersale_id: row for _, row in store.load("tiktok.aftersale", Aftersale)}
        for _, activity in store.load("tiktok.activity", Activity):
            self._index_activity(activity)
        for _, product in store.load("tiktok.product", Product):
            self._index_product(product)
        orders = [row for _, row in store.load("tiktok.order", Order)]
        for order in orders:
            self.orders[order.order_id] = order
            self.shop_orders.setdefault(order.shop_id, []).append(order)
            for package in order.packages:
                self.packages[package.package_id] = order
        for order in sorted(orders, key=lambda order: order.updated_at):
            self.updated.setdefault(order.shop_id, {})[order.order_id] = order

    # -- apps, shops, tokens

    def save_app(self, app: App) -> App:
        self.apps[app.app_key] = app
        self.world.store.save("tiktok.app", app.app_key, app)
        return app

    def save_shop(self, shop: Shop) -> Shop:
        self.shops[shop.shop_id] = self.ciphers[shop.cipher] = shop
        self.world.store.save("tiktok.shop", shop.shop_id, shop)
        return shop

    def app_of_service(self, service_id: str) -> App | None:
        """The app that a consent link names."""
        return next((app for app in self.apps.values() if app.service_id == service_id), None)

    def grant(self, kind: str, app_key: str, shop_id: str, life_s: float) -> Grant:
        """Issue a code, access token or refresh token."""
        token = ("ROW_" if kind != "code" else "") + secrets.token_urlsafe(32)
        grant = Grant(kind, token, app_key, shop_id, self.world.clock.now() + life_s)
        self.grants[grant.token] = grant
        self.save_grant(grant)
        return grant

    def save_grant(self, grant: Grant) -> None:
        self.world.store.save("tiktok.grant", grant.token, grant)

    def authorise(self, app_key: str, shop_id: str) -> Grant:
        """Note the seller's consent and return the code for it."""
        shop = self.shops[shop_id]
        if app_key not in shop.apps:
            shop.apps.append(app_key)
            self.save_shop(shop)
        return self.grant("code", app_key, shop_id, CODE_LIFE_S)

    def deauthorise(self, app_key: str, shop_id: str) -> None:
        """The seller shuts an app out: its tokens end, and it is told."""
        self.push.deauthorised(app_key, shop_id)
        shop = self.shops[shop_id]
        shop.apps.remove(app_key)
        self.save_shop(shop)
        self._drop_grants(app_key, shop_id, until=float("inf"))

    def token_pair(self, app_key: str, shop_id: str, refresh_ends: float | None = None) -> tuple[Grant, Grant]:
        """Issue access and refresh token; a refresh does not lengthen the seller's authorisation."""
        now = self.world.clock.now()
        self._drop_grants(app_key, shop_id, until=now - 86400)
        access = self.grant("access", app_key, shop_id, self.world.settings.tiktok_access_token_s)
        life_s = REFRESH_LIFE_S if refresh_ends is None else refresh_ends - now
        return access, self.grant("refresh", app_key, shop_id, life_s)

    def _drop_grants(self, app_key: str, shop_id: str, *, until: float) -> None:
        for grant in list(self.grants.values()):
            if grant.shop_id == shop_id and grant.app_key == app_key and grant.ends < until:
                del self.grants[grant.token]
                self.world.store.delete("tiktok.grant", grant.token)

    # -- products and stock

    def _index_product(self, product: Product) -> None:
        self.products[product.product_id] = product
        self.shop_products.setdefault(product.shop_id, []).append(product)
        for sku in product.skus:
            self.skus[sku.sku_id] = (product, sku)
            if sku.seller_sku and product.status != "DELETED":
                self.by_seller_sku.setdefault((product.shop_id, sku.seller_sku), (product, sku))

    def add_product(self, product: Product) -> Product:
        self._index_product(product)
        self.world.store.save("tiktok.product", product.product_id, product)
        return product

    def replace_skus(self, product: Product, skus: list[Sku]) -> None:
        """Give a product other SKUs; those that stay keep their ids."""
        for sku in product.skus:
            self.skus.pop(sku.sku_id, None)
            if self.by_seller_sku.get((product.shop_id, sku.seller_sku), (None, None))[1] is sku:
                del self.by_seller_sku[product.shop_id, sku.seller_sku]
        product.skus = skus
        for sku in skus:
            self.skus[sku.sku_id] = (product, sku)
            if sku.seller_sku:
                self.by_seller_sku.setdefault((product.shop_id, sku.seller_sku), (product, sku))

    def save_product(self, product: Product) -> None:
        product.updated_at = self.world.clock.stamp()
        self.world.store.save("tiktok.product", product.product_id, product)

    def withdraw(self, product: Product) -> None:
        """Delete a product; its seller SKUs are free again."""
        product.status = "DELETED"
        for sku in product.skus:
            if self.by_seller_sku.get((product.shop_id, sku.seller_sku), (None, None))[1] is sku:
                del self.by_seller_sku[product.shop_id, sku.seller_sku]
        self.save_product(product)

    def before_stock_change(self, sku: Sku) -> None:
        """Note stock figures for stale reads, when such a fault is in force."""
        if self.world.faults.keeps_history:
            figures = {name: Held(held.available, held.committed) for name, held in sku.stock.items()}
            self.world.faults.remember(("tiktok", sku.sku_id), self.world.clock.stamp(), figures)

    def figures(self, sku: Sku, lag_s: float) -> dict[str, Held]:
        """Stock per warehouse as of `lag_s` ago."""
        if lag_s > 0:
            seen = self.world.faults.as_of(("tiktok", sku.sku_id), self.world.clock.stamp() - lag_s, sku.stock)
            return cast("dict[str, Held]", seen)
        return sku.stock

    # -- promotions

    def _index_activity(self, activity: Activity) -> None:
        self.activities[activity.activity_id] = activity
        for product_id in activity.products:
            self.activities_of.setdefault(product_id, {})[activity.activity_id] = activity

    def save_activity(self, activity: Activity, *, changed: bool = True) -> None:
        """Journal an activity; `changed` by its seller, not by a sale."""
        if changed:
            activity.updated_at = self.world.clock.stamp()
        self._index_activity(activity)
        self.world.store.save("tiktok.activity", activity.activity_id, activity)

    def leave_activity(self, activity: Activity, product_id: str) -> None:
        """Take a product out; the caller saves."""
        del activity.products[product_id]
        self.activities_of.get(product_id, {}).pop(activity.activity_id, None)

    # -- orders

    def add_order(self, order: Order) -> None:
        self.orders[order.order_id] = order
        self.shop_orders.setdefault(order.shop_id, []).append(order)
        self.updated.setdefault(order.shop_id, {})[order.order_id] = order
        self.world.store.save("tiktok.order", order.order_id, order)

    def save_order(self, order: Order) -> None:
        """Journal a changed order and move it to the end of its shop's order of change."""
        order.updated_at = self.world.clock.stamp()
        updated = self.updated[order.shop_id]
        updated.pop(order.order_id, None)
        updated[order.order_id] = order
        self.world.store.save("tiktok.order", order.order_id, order)

    def orders_between(self, shop_id: str, field: str, since: float, before: float) -> list[Order]:
        """Orders created (`created_at`) or updated (`updated_at`) from `since` on and before `before`, oldest first."""
        if field == "created_at":
            orders = self.shop_orders.get(shop_id, [])
            start = bisect_left(orders, since, key=lambda order: order.created_at)
            return orders[start : bisect_left(orders, before, key=lambda order: order.created_at)]
        found = []
        for order in reversed(self.updated.get(shop_id, {}).values()):
            if order.updated_at < since:
                break
            if order.updated_at < before:
                found.append(order)
        found.reverse()
        return found

    def save_aftersale(self, one: Aftersale) -> None:
        """Journal a cancellation or return, and tell."""
        self.aftersales[one.aftersale_id] = one
        self.world.store.save("tiktok.aftersale", one.aftersale_id, one)
        self.push.aftersale(one)

    def move_aftersale(self, one: Aftersale, status: str, role: str) -> None:
        """Give it another status, with who did it."""
        one.status, one.updated_at = status, self.world.clock.stamp()
        one.records.append((one.updated_at, role, status))
        self.save_aftersale(one)
