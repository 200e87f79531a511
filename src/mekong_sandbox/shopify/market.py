"""The state of the stand-in of Shopify: lookup, stock, tokens. Every change goes through here and is journalled."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from mekong_sandbox.shopify.model import (
    App,
    Done,
    Fulfillment,
    FulfillmentOrder,
    Grant,
    Hook,
    Level,
    Order,
    Product,
    Shop,
    Staged,
    Variant,
)
from mekong_sandbox.shopify.push import ShopifyPush
from mekong_sandbox.shopify.rows import handle_of
from mekong_sandbox.shopify.throttle import Buckets

if TYPE_CHECKING:
    from mekong_sandbox.world import World

CODE_LIFE_S = 600
"""The platform publishes no figure."""
ACCESS_LIFE_S = 3600
REFRESH_LIFE_S = 90 * 86400
DAY_S = 86400
WITHDRAWN = "DELETED"
"""Status of a product that is gone; the platform has no word for it."""
SCOPES = "read_products,write_products,read_inventory,write_inventory,read_locations,read_orders,write_orders"
SCOPES += ",read_fulfillments,write_fulfillments,read_merchant_managed_fulfillment_orders"
SCOPES += ",write_merchant_managed_fulfillment_orders,read_publications,write_publications"


class ShopifyMarket:
    """Apps, shops, products, orders, subscriptions and tokens."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.push = ShopifyPush(self)
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.apps: dict[str, App] = {}
        self.shops: dict[str, Shop] = {}
        self.grants: dict[str, Grant] = {}
        self.products: dict[int, Product] = {}
        self.shop_products: dict[str, dict[int, Product]] = {}
        self.variants: dict[int, tuple[Product, Variant]] = {}
        self.items: dict[int, tuple[Product, Variant]] = {}
        self.by_sku: dict[tuple[str, str], tuple[Product, Variant]] = {}
        self.orders: dict[int, Order] = {}
        self.shop_orders: dict[str, list[Order]] = {}
        self.work: dict[int, Order] = {}
        self.parcels: dict[int, Order] = {}
        self.hooks: dict[int, Hook] = {}
        self.done: dict[str, Done] = {}
        self.staged: dict[str, Staged] = {}
        self.points, self.calls = Buckets(), Buckets()

    def load(self) -> None:
        """Read everything back from the journal."""
        store = self.world.store
        self.apps = {row.client_id: row for _, row in store.load("shopify.app", App)}
        self.shops = {row.shop_id: row for _, row in store.load("shopify.shop", Shop)}
        self.grants = {row.token: row for _, row in store.load("shopify.grant", Grant)}
        self.staged = {row.key: row for _, row in store.load("shopify.staged", Staged)}
        self.done = {row.key: row for _, row in store.load("shopify.done", Done)}
        for product in sorted((row for _, row in store.load("shopify.product", Product)), key=lambda one: one.id):
            self._index(product)
        for order in sorted((row for _, row in store.load("shopify.order", Order)), key=lambda one: one.id):
            self._index_order(order)
        hooks = sorted((row for _, row in store.load("shopify.hook", Hook)), key=lambda one: one.id)
        self.hooks = {hook.id: hook for hook in hooks}

    # -- apps, shops, tokens

    def save_app(self, app: App) -> App:
        self.apps[app.client_id] = app
        self.world.store.save("shopify.app", app.client_id, app)
        return app

    def save_shop(self, shop: Shop) -> Shop:
        self.shops[shop.shop_id] = shop
        self.world.store.save("shopify.shop", shop.shop_id, shop)
        return shop

    def grant(self, kind: str, client_id: str, shop_id: str, scope: str, life_s: float | None) -> Grant:
        """Issue a code, access token or refresh token."""
        prefix = {"code": "", "access": "shpat_", "refresh": "shprt_"}[kind]
        ends = None if life_s is None else self.world.clock.now() + life_s
        grant = Grant(kind, prefix + secrets.token_hex(16), client_id, shop_id, scope, ends)
        self.grants[grant.token] = grant
        self.save_grant(grant)
        return grant

    def save_grant(self, grant: Grant) -> None:
        self.world.store.save("shopify.grant", grant.token, grant)

    def drop(self, gone: Callable[[Grant], bool]) -> None:
        """Some grants hold no longer."""
        for grant in [one for one in self.grants.values() if gone(one)]:
            del self.grants[grant.token]
            self.world.store.delete("shopify.grant", grant.token)

    def install(self, client_id: str, shop_id: str, scope: str) -> Grant:
        """Note the merchant's consent and return the code for it."""
        shop = self.shops[shop_id]
        if client_id not in shop.apps:
            shop.apps.append(client_id)
            self.save_shop(shop)
        return self.grant("code", client_id, shop_id, scope, CODE_LIFE_S)

    def valid(self, token: str, kind: str) -> Grant | None:
        """A grant that holds now. The first use of one that came from a refresh ends what was before it."""
        grant = self.grants.get(token)
        if grant is None or grant.kind != kind or grant.used:
            return None
        if grant.ends is not None and grant.ends <= self.world.clock.now():
            return None
        if grant.replaces:
            self._settle(grant)
        return grant

    def _settle(self, grant: Grant) -> None:
        who, former = (grant.client_id, grant.shop_id), grant.replaces
        pair = [one for one in self.grants.values() if one.replaces == former]
        self.drop(
            lambda one: (
                (one.client_id, one.shop_id) == who and one.kind != "code" and one.ends is not None and one not in pair
            )
        )
        for one in pair:
            one.replaces = ""
            self.save_grant(one)

    # -- products and stock

    def _index(self, product: Product) -> None:
        is_there = product.status != WITHDRAWN
        if is_there:
            self.products[product.id] = product
            self.shop_products.setdefault(product.shop_id, {})[product.id] = product
        for variant in product.variants:
            self.variants[variant.id] = self.items[variant.item_id] = (product, variant)
            if variant.sku and is_there:
                self.by_sku.setdefault((product.shop_id, variant.sku), (product, variant))

    def add_product(self, product: Product) -> Product:
        self._index(product)
        self.world.store.save("shopify.product", product.id, product)
        return product

    def replace_variants(self, product: Product, variants: list[Variant]) -> None:
        """Give a product other variants; those with an id that was there stay what orders know them as."""
        for variant in product.variants:
            if self.by_sku.get((product.shop_id, variant.sku), (None, None))[1] is variant:
                del self.by_sku[product.shop_id, variant.sku]
        product.variants = variants
        for variant in variants:
            self.variants[variant.id] = self.items[variant.item_id] = (product, variant)
            if variant.sku:
                self.by_sku.setdefault((product.shop_id, variant.sku), (product, variant))

    def withdraw(self, product: Product) -> None:
        """Delete a product; orders of it still find their variants."""
        product.status = WITHDRAWN
        del self.products[product.id], self.shop_products[product.shop_id][product.id]
        for variant in product.variants:
            if self.by_sku.get((product.shop_id, variant.sku), (None, None))[1] is variant:
                del self.by_sku[product.shop_id, variant.sku]
        self.world.store.save("shopify.product", product.id, product)
        self.push.product(product, "delete")

    def by_handle(self, shop_id: str, handle: str) -> Product | None:
        """The product whose link ends so."""
        own = self.shop_products.get(shop_id, {}).values()
        return next((one for one in own if handle == (one.handle or handle_of(one.title))), None)

    def save_staged(self, staged: Staged) -> None:
        self.staged[staged.key] = staged
        self.world.store.save("shopify.staged", staged.key, staged)

    def save_product(self, product: Product) -> None:
        """Journal a changed product and tell its subscribers."""
        product.updated_at = self.world.clock.stamp()
        self.world.store.save("shopify.product", product.id, product)
        self.push.product(product, "update")

    def rename_sku(self, product: Product, variant: Variant, sku: str) -> None:
        """Give a variant another SKU; SKUs need not be unique here."""
        if self.by_sku.get((product.shop_id, variant.sku), (None, None))[1] is variant:
            del self.by_sku[product.shop_id, variant.sku]
        variant.sku = sku
        if sku:
            self.by_sku.setdefault((product.shop_id, sku), (product, variant))

    def change_level(self, product: Product, variant: Variant, place_id: int, available: int, committed: int) -> None:
        """Add to the figures of a level, journal, and tell its subscribers."""
        level = variant.levels[place_id]
        stamp = self.world.clock.stamp()
        if self.world.faults.keeps_history:
            before = Level(level.available, level.committed, level.updated_at)
            self.world.faults.remember(("shopify", variant.id, place_id), stamp, before)
        level.available += available
        level.committed += committed
        level.updated_at = stamp
        self.world.store.save("shopify.product", product.id, product)
        if available:
            self.push.level(product.shop_id, variant, place_id)

    def level(self, variant: Variant, place_id: int, lag_s: float) -> Level:
        """The figures of a level as of `lag_s` ago."""
        level = variant.levels[place_id]
        if lag_s > 0:
            seen_at = self.world.clock.stamp() - lag_s
            return cast("Level", self.world.faults.as_of(("shopify", variant.id, place_id), seen_at, level))
        return level

    # -- orders

    def _index_order(self, order: Order) -> None:
        self.orders[order.id] = order
        self.shop_orders.setdefault(order.shop_id, []).append(order)
        for work in order.work:
            self.work[work.id] = order
        for parcel in order.fulfillments:
            self.parcels[parcel.id] = order

    def add_order(self, order: Order) -> None:
        self._index_order(order)
        self.world.store.save("shopify.order", order.id, order)

    def add_work(self, order: Order, work: FulfillmentOrder) -> None:
        order.work.append(work)
        self.work[work.id] = order

    def add_parcel(self, order: Order, parcel: Fulfillment) -> None:
        order.fulfillments.append(parcel)
        self.parcels[parcel.id] = order

    def save_order(self, order: Order, *topics: str) -> None:
        """Journal a changed order and tell: `orders/updated`, and the topics given."""
        order.updated_at = self.world.clock.stamp()
        self.world.store.save("shopify.order", order.id, order)
        self.push.order(order, "orders/updated", *topics)

    # -- subscriptions, idempotency

    def save_hook(self, hook: Hook) -> Hook:
        self.hooks[hook.id] = hook
        self.world.store.save("shopify.hook", hook.id, hook)
        return hook

    def remove_hook(self, hook: Hook) -> None:
        self.hooks.pop(hook.id, None)
        self.world.store.delete("shopify.hook", hook.id)

    def remember(self, done: Done) -> None:
        """Keep what a key has done for a day."""
        for old in [one for one in self.done.values() if one.at < done.at - DAY_S]:
            del self.done[old.key]
            self.world.store.delete("shopify.done", old.key)
        self.done[done.key] = done
        self.world.store.save("shopify.done", done.key, done)
