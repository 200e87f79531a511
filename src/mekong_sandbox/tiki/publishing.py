"""Requests for new products and changed facts, which the platform reviews, and categories (protocol notes, section 4).

A request passes by itself after `tiki_review_s` seconds, or is decided by the control call `POST /reviews`.
"""

from __future__ import annotations

import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from mekong_sandbox.tiki import taxonomy
from mekong_sandbox.tiki.gate import Answer, Call, Refused
from mekong_sandbox.tiki.model import DISABLED, ENABLED, Held, Product, Review
from mekong_sandbox.tiki.products import images, own_product
from mekong_sandbox.tiki.query import page, printed

if TYPE_CHECKING:
    from mekong_sandbox.tiki.market import TikiMarket

MOST_OPTIONS, MOST_VARIANTS, MOST_IMAGES, MOST_NAME = 2, 100, 20, 255
ENDED = ("approved", "rejected", "deleted")
STAGES = ((0.25, "queuing"), (0.5, "processing"), (0.75, "bot_awaiting_approve"))
"""Up to which share of the time of review a request is in which state; awaiting_approve after that."""


class NewStock(msgspec.Struct):
    warehouse_id: int = msgspec.field(name="warehouseId")
    available: int = msgspec.field(name="qtyAvailable")


class NewVariant(msgspec.Struct):
    sku: str
    price: int
    option1: str = ""
    option2: str = ""
    market_price: int = 0
    min_code: str = ""
    warehouse_stocks: list[NewStock] = []
    image: str = ""


class NewProduct(msgspec.Struct):
    category_id: int
    name: str
    market_price: int
    variants: list[NewVariant]
    description: str = ""
    image: str = ""
    images: list[str] = []
    option_attributes: list[str] = []
    attributes: dict[str, Any] = {}
    meta_data: dict[str, Any] = {}


class Changes(msgspec.Struct):
    product_id: int
    name: str = ""
    market_price: int = 0
    image: str = ""
    images: list[str] = []
    description: str = ""
    category_id: int = 0
    attributes: dict[str, Any] = {}


def _check_images(urls: list[str]) -> None:
    if any(not url.startswith(("http://", "https://")) for url in urls if url):
        raise Refused("image is not a URL")
    if len(urls) > MOST_IMAGES:
        raise Refused(f"images must hold at most {MOST_IMAGES} pictures")


def _check_variant(call: Call, variant: NewVariant, options: int) -> None:
    if not variant.sku.strip() or (call.seller.seller_id, variant.sku) in call.market.by_sku:
        raise Refused(f"sku {variant.sku!r} is empty or taken")
    if variant.price <= 0:
        raise Refused("price is invalid")
    if any(not option for option in (variant.option1, variant.option2)[:options]):
        raise Refused(f"sku {variant.sku!r} lacks an option")
    for row in variant.warehouse_stocks:
        if call.seller.warehouse(row.warehouse_id) is None or row.available < 0:
            raise Refused(f"warehouse_stocks of sku {variant.sku!r} is invalid")


def _sent(call: Call, kind: str, content: Any) -> Answer:
    world = call.world
    review = Review(
        uuid.uuid4().hex,
        str(world.number("tiki.review", 1_121_408_707_461_612_725)),
        call.seller.seller_id,
        kind,
        msgspec.to_builtins(content),
        world.clock.stamp(),
        world.clock.now(),
    )
    call.market.save_review(review)
    _plan(call.market, review)
    return {"track_id": review.track_id, "state": review.state}


def create(call: Call) -> Answer:
    """Ask for a product with its variants."""
    new = call.body(NewProduct)
    if not new.name.strip() or not new.variants:
        raise Refused("name and variants are required")
    category = taxonomy.leaf(new.category_id)
    if len(new.name) > MOST_NAME or len(new.variants) > MOST_VARIANTS:
        raise Refused(f"name must have at most {MOST_NAME} letters, variants at most {MOST_VARIANTS} rows")
    if not new.description.strip():
        raise Refused("description is required")
    if new.market_price <= 0:
        raise Refused("market_price is invalid")
    if not new.image:
        raise Refused("image is required")
    _check_images([new.image, *new.images, *(variant.image for variant in new.variants)])
    taxonomy.check_answers(category, new.attributes)
    if len(new.option_attributes) > MOST_OPTIONS or (len(new.variants) > 1 and not new.option_attributes):
        raise Refused("option_attributes is invalid")
    skus = [variant.sku for variant in new.variants]
    if len(set(skus)) < len(skus):
        raise Refused("a sku is there twice")
    for variant in new.variants:
        _check_variant(call, variant, len(new.option_attributes))
    chosen = [(variant.option1, variant.option2)[: len(new.option_attributes)] for variant in new.variants]
    if len(set(chosen)) < len(chosen):
        raise Refused("two variants have the same options")
    return _sent(call, "create_product", new)


def update_info(call: Call) -> Answer:
    """Ask for other facts of a product."""
    changes = call.body(Changes)
    product = own_product(call, changes.product_id)
    category_id = changes.category_id or product.category_id
    if changes.category_id or changes.attributes:
        same = category_id == product.category_id
        taxonomy.check_answers(taxonomy.leaf(category_id), changes.attributes, partial=same)
    if len(changes.name) > MOST_NAME:
        raise Refused(f"name must have at most {MOST_NAME} letters")
    _check_images([changes.image, *changes.images])
    if changes.market_price < 0:
        raise Refused("market_price is invalid")
    return _sent(call, "update_product_info", changes)


# -- what becomes of a request


def _plan(market: TikiMarket, review: Review) -> None:
    delay_s = market.world.settings.tiki_review_s
    if delay_s > 0 and review.state not in ENDED:
        market.world.timers.at(review.starts + delay_s, partial(_pass, market, review))


def resume(market: TikiMarket) -> None:
    """After a restart: plan again what was planned."""
    for review in market.reviews.values():
        _plan(market, review)


def _pass(market: TikiMarket, review: Review) -> None:
    if review.state not in ENDED:
        decide(market, review, "approved")


def decide(market: TikiMarket, review: Review, state: str, reason: str = "") -> None:
    """End a review; what was approved is there at once."""
    review.state, review.reason, review.decided_at = state, reason, market.world.clock.stamp()
    if state == "approved" and review.kind == "create_product":
        _make(market, review)
    elif state == "approved":
        _apply(market, review)
    market.save_review(review)


def _make(market: TikiMarket, review: Review) -> None:
    new = msgspec.convert(review.content, NewProduct)
    if any((review.seller_id, variant.sku) in market.by_sku for variant in new.variants):
        review.state, review.reason = "rejected", "a sku was taken meanwhile"
        return
    world, stamp, seller = market.world, market.world.clock.stamp(), market.sellers[review.seller_id]
    super_id = world.number("tiki.product", 2_071_000) if new.option_attributes else 0
    for variant in new.variants:
        master_id = world.number("tiki.product", 2_071_000, 2)
        stock = {place.id: Held(0) for place in seller.warehouses}
        stock |= {row.warehouse_id: Held(row.available) for row in variant.warehouse_stocks}
        urls = [url for url in (variant.image or new.image, *new.images) if url]
        product = Product(
            master_id + 1,
            seller.seller_id,
            master_id,
            variant.sku,
            new.name,
            variant.price,
            variant.market_price or new.market_price,
            stock,
            stamp,
            stamp,
            super_id,
            options=[variant.option1, variant.option2][: len(new.option_attributes)],
            barcode=variant.min_code,
            description=new.description,
            status=ENABLED if new.meta_data.get("is_auto_turn_on", False) else DISABLED,
            category_id=new.category_id,
            images=list(dict.fromkeys(urls)),
            attributes=new.attributes,
        )
        market.add_product(product)
        review.product_ids.append(product.product_id)


def _apply(market: TikiMarket, review: Review) -> None:
    changes = msgspec.convert(review.content, Changes)
    product = market.products[changes.product_id]
    before = product.market_price
    product.family = changes.name or product.family
    product.market_price = changes.market_price or product.market_price
    urls = [url for url in (changes.image, *changes.images) if url]
    product.images = list(dict.fromkeys(urls)) or product.images
    product.description = changes.description or product.description
    product.category_id = changes.category_id or product.category_id
    product.attributes = product.attributes | changes.attributes
    review.product_ids = [product.product_id]
    market.save_product(product)
    if product.market_price != before:
        market.events.market_price_changed(product, before)


def _state(call: Call, review: Review) -> str:
    delay_s = call.world.settings.tiki_review_s
    if review.state in ENDED or delay_s <= 0:
        return review.state if review.state in ENDED else "awaiting_approve"
    share = (call.world.clock.now() - review.starts) / delay_s
    return next((state for end, state in STAGES if share < end), "awaiting_approve")


# -- looking after it


def tracking(call: Call) -> Answer:
    """How far a request has come."""
    review = call.market.reviews.get(call.parts["track_id"])
    if review is None or review.seller_id != call.seller.seller_id:
        raise Refused("track_id is invalid", 404)
    return {
        "track_id": review.track_id,
        "state": _state(call, review),
        "reason": review.reason,
        "request_id": review.request_id,
    }


def _row(call: Call, review: Review) -> dict[str, Any]:
    products = [call.market.products[product_id] for product_id in review.product_ids]
    return {
        "request_id": review.request_id,
        "track_id": review.track_id,
        "state": _state(call, review),
        "kind": review.kind,
        "created_at": printed(review.created_at),
        "approved_at": printed(review.decided_at) if review.state == "approved" else None,
        "reasons": [review.reason] if review.reason else None,
        "products": [
            {
                "product_id": one.product_id,
                "sku": one.sku,
                "name": one.name,
                "original_sku": one.original_sku,
                "price": one.price,
                "market_price": one.market_price,
                "images": images(one.images),
            }
            for one in products
        ],
    }


def _own(call: Call) -> list[Review]:
    """The seller's requests, the newest first."""
    found = [one for one in call.market.reviews.values() if one.seller_id == call.seller.seller_id]
    return found[::-1]


def list_requests(call: Call) -> Answer:
    """A page of requests."""
    state = call.text("state", "")
    found = [one for one in _own(call) if state in ("", _state(call, one))]
    return page(call, found, lambda one: _row(call, one))


def _request(call: Call) -> Review:
    for review in _own(call):
        if review.request_id == call.parts["request_id"]:
            return review
    raise Refused("request not found", 404)


def get_request(call: Call) -> Answer:
    """One request."""
    return _row(call, _request(call))


def delete_request(call: Call) -> Answer:
    """Take a request back that was not decided."""
    review = _request(call)
    if review.state in ENDED:
        raise Refused(f"a request that is {review.state} cannot be deleted")
    review.state = "deleted"
    call.market.save_review(review)
    return {"request_id": review.request_id, "state": review.state}
