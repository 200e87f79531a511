"""The state of the stand-in of WooCommerce: lookup, stock, keys. Every change goes through here and is journalled."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from mekong_sandbox.woocommerce.model import Key, Order, Product, Shop, Term, Webhook
from mekong_sandbox.woocommerce.push import WooPush
from mekong_sandbox.woocommerce.rows import status_of

if TYPE_CHECKING:
    from mekong_sandbox.http import Request
    from mekong_sandbox.world import World

UNLIMITED = 1_000_000
"""What a shopper's page shows of a stock that the shop does not count."""


class WooMarket:
    """Shops with their keys, products, orders and webhooks."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.push = WooPush(self)
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.shops: dict[str, Shop] = {}
        self.keys: dict[str, Key] = {}
        self.nonces: dict[str, dict[str, float]] = {}
        self.asked: Request | None = None
        self.terms: dict[tuple[str, str, int], Term] = {}
        self.turns: set[tuple[int, float]] = set()
        """Products and the moments their sales turn at, as planned."""
        self.products: dict[int, Product] = {}
        self.shop_products: dict[str, dict[int, Product]] = {}
        self.by_sku: dict[tuple[str, str], Product] = {}
        self.orders: dict[int, Order] = {}
        self.shop_orders: dict[str, list[Order]] = {}
        self.webhooks: dict[int, Webhook] = {}

    def load(self) -> None:
        """Read everything back from the journal."""
        store = self.world.store
        for _, term in store.load("woocommerce.term", Term):
            self.terms[term.shop_id, term.kind, term.id] = term
        self.shops = {row.shop_id: row for _, row in store.load("woocommerce.shop", Shop)}
        self.keys = {row.consumer_key: row for _, row in store.load("woocommerce.key", Key)}
        for product in sorted((row for _, row in store.load("woocommerce.product", Product)), key=lambda one: one.id):
            self._index(product)
        for order in sorted((row for _, row in store.load("woocommerce.order", Order)), key=lambda one: one.id):
            self.orders[order.id] = order
            self.shop_orders.setdefault(order.shop_id, []).append(order)
        hooks = sorted((row for _, row in store.load("woocommerce.webhook", Webhook)), key=lambda one: one.id)
        self.webhooks = {hook.id: hook for hook in hooks}

    # -- shops and keys

    def save_shop(self, shop: Shop) -> Shop:
        self.shops[shop.shop_id] = shop
        self.world.store.save("woocommerce.shop", shop.shop_id, shop)
        return shop

    def new_key(self, shop: Shop, permissions: str) -> Key:
        """Keys as the shop's owner makes them on the page of REST keys; they do not run out."""
        key = Key(f"ck_{secrets.token_hex(20)}", f"cs_{secrets.token_hex(20)}", shop.shop_id, permissions)
        self.keys[key.consumer_key] = key
        self.world.store.save("woocommerce.key", key.consumer_key, key)
        return key

    def revoke(self, key: Key) -> None:
        """The owner takes keys back."""
        del self.keys[key.consumer_key]
        self.world.store.delete("woocommerce.key", key.consumer_key)

    def is_fresh(self, key: Key, nonce: str, kept_s: float) -> bool:
        """Note a nonce; False when the key has used it in the last `kept_s` seconds."""
        now = self.world.clock.stamp()
        used = self.nonces.setdefault(key.consumer_key, {})
        for old in [one for one, at in used.items() if at < now - kept_s]:
            del used[old]
        if nonce in used:
            return False
        used[nonce] = now
        return True

    def number(self) -> int:
        """Products, variations, orders and refunds are posts, numbered alike."""
        return self.world.number("woocommerce.post", 794)

    def save_term(self, term: Term) -> Term:
        self.terms[term.shop_id, term.kind, term.id] = term
        self.world.store.save("woocommerce.term", f"{term.shop_id} {term.kind} {term.id}", term)
        return term

    # -- products and stock

    def _index(self, product: Product) -> None:
        self.products[product.id] = product
        self.shop_products.setdefault(product.shop_id, {})[product.id] = product
        if product.sku:
            self.by_sku.setdefault((product.shop_id, product.sku), product)

    def add_product(self, product: Product) -> Product:
        self._index(product)
        self.world.store.save("woocommerce.product", product.id, product)
        return product

    def save_product(self, product: Product) -> None:
        """Journal a changed product and tell the shop's webhooks."""
        product.modified_at = self.world.clock.stamp()
        self.world.store.save("woocommerce.product", product.id, product)
        self.push.product(product, "updated")

    def rename_sku(self, product: Product, sku: str) -> None:
        """Give a product another SKU; the caller has seen that it is free."""
        if self.by_sku.get((product.shop_id, product.sku)) is product:
            del self.by_sku[product.shop_id, product.sku]
        product.sku = sku
        if sku:
            self.by_sku[product.shop_id, sku] = product

    def remove_product(self, product: Product) -> None:
        """A product is gone for good, and its variations with it."""
        for number in list(product.variations):
            self.remove_product(self.products[number])
        parent = self.products.get(product.parent_id)
        if parent is not None:
            parent.variations.remove(product.id)
            self.world.store.save("woocommerce.product", parent.id, parent)
        del self.products[product.id], self.shop_products[product.shop_id][product.id]
        if self.by_sku.get((product.shop_id, product.sku)) is product:
            del self.by_sku[product.shop_id, product.sku]
        self.world.store.delete("woocommerce.product", product.id)
        self.push.product(product, "deleted")

    def family(self, product: Product) -> Iterator[Product]:
        """What can be bought of a product: its variations, or the product itself."""
        if product.type != "variable":
            yield product
        for number in product.variations:
            yield self.products[number]

    def holder(self, product: Product) -> Product | None:
        """Whose stock counts: the product's own, else its parent's; None when the shop does not count."""
        if product.manage_stock:
            return product
        parent = self.products.get(product.parent_id)
        return parent if parent is not None and parent.manage_stock else None

    def available(self, product: Product) -> int:
        """What a buyer can order now."""
        parent = self.products.get(product.parent_id)
        if (
            product.status != "publish"
            or product.price(self.world.clock.now()) is None
            or (parent and parent.status != "publish")
        ):
            return 0
        holder = self.holder(product)
        if holder is None:
            return 0 if product.stock_status == "outofstock" else UNLIMITED
        if holder.backorders != "no":
            return UNLIMITED
        return max(0, (holder.stock_quantity or 0) - holder.held)

    def put_quantity(self, holder: Product, quantity: int) -> None:
        """Set the counted stock of a product and the status that follows from it; `save_product` comes after."""
        if self.world.faults.keeps_history:
            self.world.faults.remember(("woocommerce", holder.id), self.world.clock.stamp(), holder.stock_quantity)
        holder.stock_quantity = quantity
        holder.stock_status = status_of(quantity, holder)

    def quantity(self, holder: Product, lag_s: float) -> int | None:
        """The counted stock as of `lag_s` ago."""
        if lag_s > 0:
            seen_at = self.world.clock.stamp() - lag_s
            return cast(
                "int | None", self.world.faults.as_of(("woocommerce", holder.id), seen_at, holder.stock_quantity)
            )
        return holder.stock_quantity

    # -- orders

    def add_order(self, order: Order) -> None:
        self.orders[order.id] = order
        self.shop_orders.setdefault(order.shop_id, []).append(order)
        self.world.store.save("woocommerce.order", order.id, order)

    def save_order(self, order: Order) -> None:
        """Journal a changed order and tell the shop's webhooks."""
        order.modified_at = self.world.clock.stamp()
        self.world.store.save("woocommerce.order", order.id, order)
        self.push.order(order, "updated")

    # -- webhooks

    def save_webhook(self, hook: Webhook) -> Webhook:
        self.webhooks[hook.id] = hook
        self.world.store.save("woocommerce.webhook", hook.id, hook)
        return hook

    def remove_webhook(self, hook: Webhook) -> None:
        del self.webhooks[hook.id]
        self.world.store.delete("woocommerce.webhook", hook.id)
