"""Objects of the GraphQL schema: shop, locations, products, variants, stock. Orders have a file of their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mekong_sandbox.catalogue.tree import CATEGORIES
from mekong_sandbox.money import exponent
from mekong_sandbox.pictures import absolute
from mekong_sandbox.shopify.execute import Arguments, GraphError, Node
from mekong_sandbox.shopify.model import Hook, Media, Place, Product, Shop, Variant
from mekong_sandbox.shopify.rows import gid, handle_of, number_of, price
from mekong_sandbox.shopify.search import connection

if TYPE_CHECKING:
    from mekong_sandbox.http import Request
    from mekong_sandbox.shopify.market import ShopifyMarket

QUANTITY_NAMES = (
    "available",
    "committed",
    "damaged",
    "incoming",
    "on_hand",
    "quality_control",
    "reserved",
    "safety_stock",
)


def moment(stamp: float | None) -> str | None:
    """A moment as GraphQL prints it."""
    if stamp is None:
        return None
    return datetime.fromtimestamp(int(stamp), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def bag(minor: int, currency: str) -> Node:
    """An amount in the currencies of shop and buyer, which are one here."""
    text = f"{minor}.0" if exponent(currency) == 0 else f"{minor / 100:.2f}"
    money = {"__typename": "MoneyV2", "amount": text, "currencyCode": currency}
    return {"__typename": "MoneyBag", "shopMoney": money, "presentmentMoney": money}


class Nodes:
    """Makes the objects of one shop, as they were `lag_s` ago where stock is concerned."""

    def __init__(self, market: ShopifyMarket, shop: Shop, lag_s: float) -> None:
        self.market, self.shop, self.lag_s = market, shop, lag_s
        self.request: Request | None = None

    def _url(self, address: str) -> str:
        return absolute(self.request, address) if self.request else address

    def shop_node(self) -> Node:
        """The shop itself."""
        shop = self.shop
        return {
            "__typename": "Shop",
            "id": gid("Shop", shop.number),
            "name": shop.name,
            "email": "shop@example.vn",
            "contactEmail": "shop@example.vn",
            "myshopifyDomain": shop.domain,
            "url": f"https://{shop.domain}",
            "primaryDomain": {"__typename": "Domain", "host": shop.domain, "url": f"https://{shop.domain}"},
            "currencyCode": shop.currency,
            "enabledPresentmentCurrencies": [shop.currency],
            "ianaTimezone": "Asia/Ho_Chi_Minh",
            "timezoneOffset": f"{shop.utc_offset_h:+03.0f}00",
            "timezoneOffsetMinutes": round(shop.utc_offset_h * 60),
            "taxesIncluded": True,
            "weightUnit": "GRAMS",
            "plan": {
                "__typename": "ShopPlan",
                "displayName": "Basic",
                "publicDisplayName": "Basic",
                "shopifyPlus": False,
            },
        }

    def place(self, place: Place) -> Node:
        """A location."""
        return {
            "__typename": "Location",
            "id": gid("Location", place.id),
            "legacyResourceId": str(place.id),
            "name": place.name,
            "isActive": True,
            "activatable": False,
            "deactivatable": False,
            "deletable": False,
            "isPrimary": place is self.shop.places[0],
            "fulfillsOnlineOrders": True,
            "hasActiveInventory": True,
            "shipsInventory": True,
            "isFulfillmentService": False,
            "address": {
                "__typename": "LocationAddress",
                "address1": "1 Võ Văn Tần",
                "address2": "",
                "city": "Hồ Chí Minh",
                "country": "Vietnam",
                "countryCode": "VN",
                "phone": "",
                "zip": "",
            },
        }

    def places(self, args: Arguments) -> Node:
        """The locations, as a connection."""
        return connection("Location", args, self.shop.places, lambda one: [one.id], self.place)

    def place_by_id(self, value: object) -> Place | None:
        number = number_of(value, "Location")
        return next((place for place in self.shop.places if place.id == number), None)

    # -- products

    def product(self, product: Product) -> Node:
        """A product with its variants."""
        alts = {one.url: one.alt or None for one in product.media}
        images = [self._image(product.id + 1 + at, url, alts.get(url)) for at, url in enumerate(product.images)]
        media = product.media or [Media(product.id + 1 + at, url) for at, url in enumerate(product.images)]
        handle = product.handle or handle_of(product.title)
        published = product.published_at or product.created_at
        is_shown = product.status == "ACTIVE" and published > 0
        return {
            "__typename": "Product",
            "id": gid("Product", product.id),
            "legacyResourceId": str(product.id),
            "title": product.title,
            "handle": handle,
            "status": product.status,
            "description": product.description,
            "descriptionHtml": product.description,
            "vendor": product.vendor or self.shop.name,
            "productType": product.product_type,
            "tags": product.tags,
            "category": self._category(product.category),
            "createdAt": moment(product.created_at),
            "updatedAt": moment(product.updated_at),
            "publishedAt": moment(published) if is_shown else None,
            "totalInventory": sum(one.available() for one in product.variants),
            "tracksInventory": any(one.tracked for one in product.variants),
            "hasOnlyDefaultVariant": [one.title for one in product.variants] == ["Default Title"],
            "onlineStoreUrl": f"https://{self.shop.domain}/products/{handle}" if is_shown else None,
            "options": lambda _: [
                {
                    "__typename": "ProductOption",
                    "id": gid("ProductOption", product.id * 10 + at),
                    "name": name,
                    "position": at + 1,
                    "values": values,
                    "optionValues": [
                        {
                            "__typename": "ProductOptionValue",
                            "id": gid("ProductOptionValue", (product.id * 10 + at) * 1000 + place),
                            "name": value,
                            "hasVariants": True,
                        }
                        for place, value in enumerate(values, 1)
                    ],
                }
                for at, (name, values) in enumerate(self.option_values(product).items())
            ],
            "variants": lambda args: self._variants(product, args),
            "priceRangeV2": self._range("VariantPrice", [one.price for one in product.variants]),
            "compareAtPriceRange": self._range(
                "VariantCompareAtPrice",
                [one.compare_at_price for one in product.variants if one.compare_at_price is not None],
            ),
            "variantsCount": {"__typename": "Count", "count": len(product.variants), "precision": "EXACT"},
            "media": lambda args: connection("Media", args, media, lambda one: [media.index(one)], self.media),
            "mediaCount": {"__typename": "Count", "count": len(media), "precision": "EXACT"},
            "featuredMedia": self.media(media[0]) if media else None,
            "featuredImage": images[0] if images else None,
            "images": lambda args: connection("Image", args, images, lambda one: [str(one["id"])], lambda one: one),
        }

    def _range(self, name: str, amounts: list[int]) -> Node | None:
        """The lowest and the highest of some prices; None without any."""
        if not amounts:
            return None
        money = self.shop.currency
        kind = "ProductPriceRangeV2" if name == "VariantPrice" else "ProductCompareAtPriceRange"
        ends = (("min", min(amounts)), ("max", max(amounts)))
        return {"__typename": kind} | {
            f"{end}{name}": {"__typename": "MoneyV2", "amount": price(minor, money), "currencyCode": money}
            for end, minor in ends
        }

    def option_values(self, product: Product) -> dict[str, list[str]]:
        """The options of a product, each with the values its variants have."""
        values = [[one.options[at] for one in product.variants if at < len(one.options)] for at in range(3)]
        return {
            name: list(dict.fromkeys(values[at])) or ["Default Title"] for at, name in enumerate(product.option_names)
        }

    def _image(self, number: int, url: str, alt: str | None) -> Node:
        return {"__typename": "Image", "id": gid("ImageSource", number), "url": self._url(url), "altText": alt}

    def media(self, one: Media) -> Node:
        """A picture."""
        image = self._image(one.id, one.url, one.alt or None)
        return {
            "__typename": "MediaImage",
            "id": gid("MediaImage", one.id),
            "alt": one.alt or None,
            "status": "READY",
            "mediaContentType": "IMAGE",
            "image": image,
            "preview": {"__typename": "MediaPreviewImage", "image": image, "status": "READY"},
        }

    def _category(self, key: str) -> Node | None:
        found = CATEGORIES.get(key)
        if found is None:
            return None
        number = f"gid://shopify/TaxonomyCategory/{key.replace('_', '-')}"
        return {
            "__typename": "TaxonomyCategory",
            "id": number,
            "name": found.english,
            "fullName": found.english,
            "isLeaf": found.is_leaf,
        }

    def _variants(self, product: Product, args: Arguments) -> Node:
        return connection(
            "ProductVariant", args, product.variants, lambda one: [one.id], lambda one: self.variant(product, one)
        )

    def variant(self, product: Product, variant: Variant) -> Node:
        """A variant; its stock stands at its inventory item."""
        money = self.shop.currency
        compared = variant.compare_at_price
        options = variant.options or [variant.title]
        return {
            "__typename": "ProductVariant",
            "id": gid("ProductVariant", variant.id),
            "legacyResourceId": str(variant.id),
            "title": variant.title,
            "displayName": f"{product.title} - {variant.title}",
            "sku": variant.sku,
            "barcode": variant.barcode or None,
            "price": price(variant.price, money),
            "compareAtPrice": None if compared is None else price(compared, money),
            "position": product.variants.index(variant) + 1,
            "taxable": True,
            "inventoryQuantity": variant.available(),
            "sellableOnlineQuantity": variant.available(),
            "availableForSale": not variant.tracked or variant.oversells or variant.available() > 0,
            "inventoryPolicy": "CONTINUE" if variant.oversells else "DENY",
            "selectedOptions": [
                {"__typename": "SelectedOption", "name": name, "value": value}
                for name, value in zip(product.option_names, options, strict=False)
            ],
            "createdAt": moment(product.created_at),
            "updatedAt": moment(product.updated_at),
            "image": self._image(variant.id, variant.image, None) if variant.image else None,
            "media": lambda args: connection(
                "Media",
                args,
                [one for one in product.media if variant.image and one.url == variant.image][:1],
                lambda one: [one.id],
                self.media,
            ),
            "product": lambda _: self.product(product),
            "inventoryItem": lambda _: self.item(product, variant),
        }

    def item(self, product: Product, variant: Variant) -> Node:
        """The inventory item of a variant, with its levels."""
        return {
            "__typename": "InventoryItem",
            "id": gid("InventoryItem", variant.item_id),
            "legacyResourceId": str(variant.item_id),
            "sku": variant.sku,
            "tracked": variant.tracked,
            "requiresShipping": True,
            "measurement": {
                "__typename": "InventoryItemMeasurement",
                "id": gid("InventoryItemMeasurement", variant.item_id),
                "weight": {"__typename": "Weight", "value": float(variant.weight_g), "unit": "GRAMS"},
            },
            "createdAt": moment(product.created_at),
            "updatedAt": moment(product.updated_at),
            "unitCost": None,
            "variant": lambda _: self.variant(product, variant),
            "locationsCount": {"__typename": "Count", "count": len(variant.levels), "precision": "EXACT"},
            "inventoryLevel": lambda args: self._one_level(product, variant, args),
            "inventoryLevels": lambda args: connection(
                "InventoryLevel",
                args,
                list(variant.levels),
                lambda place_id: [place_id],
                lambda place_id: self.level(product, variant, place_id),
            ),
        }

    def _one_level(self, product: Product, variant: Variant, args: Mapping[str, Any]) -> Node | None:
        place_id = number_of(args.get("locationId"), "Location")
        return self.level(product, variant, place_id) if place_id in variant.levels else None

    def level(self, product: Product, variant: Variant, place_id: int) -> Node:
        """The stock of a variant at a location."""
        level = self.market.level(variant, place_id, self.lag_s)
        place = next(one for one in self.shop.places if one.id == place_id)
        figures = {"available": level.available, "committed": level.committed, "on_hand": level.on_hand()}

        def quantities(args: Arguments) -> list[Node]:
            names = args.get("names")
            if not isinstance(names, list) or any(name not in QUANTITY_NAMES for name in names):
                raise GraphError("names must hold names of quantities", "BAD_REQUEST")
            return [
                {
                    "__typename": "InventoryQuantity",
                    "id": f"gid://shopify/InventoryQuantity/{place_id}?inventory_item_id={variant.item_id}&name={name}",
                    "name": name,
                    "quantity": figures.get(name, 0),
                    "updatedAt": moment(level.updated_at),
                }
                for name in names
            ]

        return {
            "__typename": "InventoryLevel",
            "id": f"gid://shopify/InventoryLevel/{place_id}?inventory_item_id={variant.item_id}",
            "isActive": True,
            "canDeactivate": True,
            "createdAt": moment(product.created_at),
            "updatedAt": moment(level.updated_at),
            "quantities": quantities,
            "location": lambda _: self.place(place),
            "item": lambda _: self.item(product, variant),
        }

    def hook(self, hook: Hook) -> Node:
        """A webhook subscription of the calling app."""
        endpoint = {"__typename": "WebhookHttpEndpoint", "callbackUrl": hook.uri}
        return {
            "__typename": "WebhookSubscription",
            "id": gid("WebhookSubscription", hook.id),
            "legacyResourceId": str(hook.id),
            "topic": topic_name(hook.topic),
            "uri": hook.uri,
            "callbackUrl": hook.uri,
            "endpoint": endpoint,
            "format": "JSON",
            "includeFields": [],
            "filter": None,
            "apiVersion": {"__typename": "ApiVersion", "handle": hook.api_version, "supported": True},
            "createdAt": moment(hook.created_at),
            "updatedAt": moment(hook.updated_at),
        }


def topic_name(topic: str) -> str:
    """A topic as the enumeration of GraphQL has it: `orders/create` is ORDERS_CREATE."""
    return topic.replace("/", "_").upper()
