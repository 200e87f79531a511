"""The state of the stand-in of Shopee: lookup, stock, tokens. Every change goes through here and is journalled."""

from __future__ import annotations

import secrets
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, cast

from mekong_sandbox.shopee.model import App, Discount, Grant, Item, LostPush, Model, Order, Return, Shop
from mekong_sandbox.shopee.push import ShopeePush

if TYPE_CHECKING:
    from mekong_sandbox.world import World

CODE_LIFE_S = 600
REFRESH_LIFE_S = 30 * 86400
LINK_LIFE_S = 365 * 86400
OVERLAP_S = 300
"""An access token lives on this long after it was replaced."""


class ShopeeMarket:
    """Apps, shops, items, orders and tokens of the marketplace."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.push = ShopeePush(self)
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.apps: dict[int, App] = {}
        self.shops: dict[int, Shop] = {}
        self.grants: dict[str, Grant] = {}
        self.items: dict[int, Item] = {}
        self.shop_items: dict[int, list[Item]] = {}
        self.by_sku: dict[tuple[int, str], tuple[Item, Model]] = {}
        self.skus: dict[int, list[str]] = {}
        self.orders: dict[str, Order] = {}
        self.shop_orders: dict[int, list[Order]] = {}
        self.updated: dict[int, dict[str, Order]] = {}
        self.returns: dict[str, Return] = {}
        self.lost: dict[int, LostPush] = {}
        self.discounts: dict[int, Discount] = {}
        self.discounts_of: dict[int, dict[int, Discount]] = {}
        """By item id, then by discount id; expired ones too."""
        self.listing_version = 0

    def load(self) -> None:
        """Read everything back from the journal."""
        store = self.world.store
        self.apps = {row.partner_id: row for _, row in store.load("shopee.app", App)}
        self.shops = {row.shop_id: row for _, row in store.load("shopee.shop", Shop)}
        self.grants = {row.token: row for _, row in store.load("shopee.grant", Grant)}
        self.lost = {row.id: row for _, row in store.load("shopee.lost", LostPush)}
        self.returns = {row.return_sn: row for _, row in store.load("shopee.return", Return)}
        for item in sorted((row for _, row in store.load("shopee.item", Item)), key=lambda item: item.item_id):
            self._index_item(item)
        for _, discount in store.load("shopee.discount", Discount):
            self._index_discount(discount)
        orders = sorted((row for _, row in store.load("shopee.order", Order)), key=lambda order: order.created_at)
        for order in orders:
            self.orders[order.order_sn] = order
            self.shop_orders.setdefault(order.shop_id, []).append(order)
        for order in sorted(orders, key=lambda order: order.updated_at):
            self.updated.setdefault(order.shop_id, {})[order.order_sn] = order

    # -- apps, shops, tokens

    def save_app(self, app: App) -> App:
        self.apps[app.partner_id] = app
        self.world.store.save("shopee.app", app.partner_id, app)
        return app

    def save_shop(self, shop: Shop) -> Shop:
        self.shops[shop.shop_id] = shop
        self.world.store.save("shopee.shop", shop.shop_id, shop)
        return shop

    def grant(self, kind: str, partner_id: int, shop_id: int, life_s: float) -> Grant:
        """Issue a code, access token or refresh token."""
        token = secrets.token_hex(16)
        grant = Grant(kind, token, partner_id, shop_id, self.world.clock.now() + life_s)
        self.grants[token] = grant
        self.save_grant(grant)
        return grant

    def save_grant(self, grant: Grant) -> None:
        self.world.store.save("shopee.grant", grant.token, grant)

    def authorise(self, partner_id: int, shop_id: int) -> Grant:
        """Link a shop with an app for a year and return the code that the seller brings back."""
        shop = self.shops[shop_id]
        shop.links[partner_id] = self.world.clock.now() + LINK_LIFE_S
        shop.linked_at = self.world.clock.stamp()
        self.save_shop(shop)
        return self.grant("code", partner_id, shop_id, CODE_LIFE_S)

    def token_pair(self, partner_id: int, shop_id: int) -> tuple[Grant, Grant]:
        """Issue access and refresh token. Older access tokens of the shop live on for a short overlap."""
        now = self.world.clock.now()
        for grant in list(self.grants.values()):
            if grant.shop_id == shop_id and grant.partner_id == partner_id and grant.ends < now - 86400:
                del self.grants[grant.token]
                self.world.store.delete("shopee.grant", grant.token)
        access_life_s = self.world.settings.shopee_access_token_s
        return (
            self.grant("access", partner_id, shop_id, access_life_s),
            self.grant("refresh", partner_id, shop_id, REFRESH_LIFE_S),
        )

    def shorten_access(self, partner_id: int, shop_id: int) -> None:
        """Leave the access tokens in use only the overlap."""
        last = self.world.clock.now() + OVERLAP_S
        for grant in self.grants.values():
            if (grant.kind, grant.partner_id, grant.shop_id) == ("access", partner_id, shop_id) and grant.ends > last:
                grant.ends = last
                self.save_grant(grant)

    # -- items and stock

    def _index_item(self, item: Item) -> None:
        self.items[item.item_id] = item
        self.shop_items.setdefault(item.shop_id, []).append(item)
        for model in item.models:
            if model.sku:
                self.by_sku.setdefault((item.shop_id, model.sku), (item, model))
        self.skus[item.item_id] = [model.sku for model in item.models if model.sku]
        self.listing_version += 1

    def add_item(self, item: Item) -> Item:
        self._index_item(item)
        self.world.store.save("shopee.item", item.item_id, item)
        return item

    def save_item(self, item: Item, *, relisted: bool = False) -> None:
        """Journal a changed item; `relisted` when its status or models changed."""
        item.updated_at = self.world.clock.stamp()
        self.world.store.save("shopee.item", item.item_id, item)
        if relisted:
            self.listing_version += 1
            for sku in self.skus.get(item.item_id, ()):
                if self.by_sku.get((item.shop_id, sku), (None,))[0] is item:
                    del self.by_sku[item.shop_id, sku]
            for model in item.models:
                if model.sku:
                    self.by_sku[item.shop_id, model.sku] = (item, model)
            self.skus[item.item_id] = [model.sku for model in item.models if model.sku]

    def before_stock_change(self, model: Model) -> None:
        """Note stock figures for stale reads, when such a fault is in force."""
        if self.world.faults.keeps_history:
            figures = (dict(model.stock), model.reserved)
            self.world.faults.remember(("shopee", id(model)), self.world.clock.stamp(), figures)

    def figures(self, model: Model, lag_s: float) -> tuple[dict[str, int], int]:
        """Stock per location (reserved included) and reserved units, as of `lag_s` ago."""
        if lag_s > 0:
            now = (model.stock, model.reserved)
            seen = self.world.faults.as_of(("shopee", id(model)), self.world.clock.stamp() - lag_s, now)
            return cast("tuple[dict[str, int], int]", seen)
        return model.stock, model.reserved

    # -- discounts

    def _index_discount(self, discount: Discount) -> None:
        self.discounts[discount.discount_id] = discount
        for one in discount.items:
            self.discounts_of.setdefault(one.item_id, {})[discount.discount_id] = discount

    def save_discount(self, discount: Discount) -> None:
        """Journal a new or changed discount."""
        discount.updated_at = self.world.clock.stamp()
        self._index_discount(discount)
        self.world.store.save("shopee.discount", discount.discount_id, discount)

    def drop_from_discount(self, discount: Discount, item_id: int) -> None:
        """Take a whole item out of a discount; to be saved by the caller."""
        discount.items = [one for one in discount.items if one.item_id != item_id]
        self.discounts_of.get(item_id, {}).pop(discount.discount_id, None)

    def delete_discount(self, discount: Discount) -> None:
        """Forget a discount."""
        for one in discount.items:
            self.drop_from_discount(discount, one.item_id)
        del self.discounts[discount.discount_id]
        self.world.store.delete("shopee.discount", discount.discount_id)

    # -- orders

    def add_order(self, order: Order) -> None:
        self.orders[order.order_sn] = order
        self.shop_orders.setdefault(order.shop_id, []).append(order)
        self.updated.setdefault(order.shop_id, {})[order.order_sn] = order
        self.world.store.save("shopee.order", order.order_sn, order)

    def save_order(self, order: Order) -> None:
        """Journal a changed order and move it to the end of its shop's order of change."""
        order.updated_at = self.world.clock.stamp()
        updated = self.updated[order.shop_id]
        updated.pop(order.order_sn, None)
        updated[order.order_sn] = order
        self.world.store.save("shopee.order", order.order_sn, order)

    def orders_between(self, shop_id: int, field: str, first: int, last: int) -> list[Order]:
        """Orders created or updated from second `first` to the end of second `last`, oldest first."""
        if field == "create_time":
            orders = self.shop_orders.get(shop_id, [])
            start = bisect_left(orders, float(first), key=lambda order: order.created_at)
            end = bisect_right(orders, last + 0.999999, key=lambda order: order.created_at)
            return orders[start:end]
        found = []
        for order in reversed(self.updated.get(shop_id, {}).values()):
            if order.updated_at < first:
                break
            if order.updated_at < last + 1:
                found.append(order)
        found.reverse()
        return found
