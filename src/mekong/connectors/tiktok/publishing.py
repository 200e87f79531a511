"""The part of the connector that publishes products: the platform's tree, its questions, making and changing products.

A product is one call, and is looked at before it is shown. What has changed is told by a partial edit; only a move to
another category replaces the product whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from mekong.channels.socket import Account, wire
from mekong.channels.socket.publishing import (
    Draft,
    Picture,
    Published,
    PublishedState,
    RemoteAttribute,
    RemoteCategory,
)
from mekong.connectors.tiktok import paths
from mekong.connectors.tiktok.client import TITLE, Client, File, is_unknown
from mekong.connectors.tiktok.mapping import drafts, listed, products, publishing
from mekong.connectors.tiktok.warehouses import Warehouses
from mekong.foundation.errors import RemoteRefused

_VIETNAMESE: Final = ("locale", "vi-VN")
_SKUS = 50  # of one question
_PAGE = 100


@dataclass(frozen=True)
class Publishing:
    """The products of one shop, as they are made and changed."""

    account: Account
    client: Client
    warehouses: Warehouses

    async def categories(self) -> list[RemoteCategory]:
        said = await self.client.get(paths.CATEGORIES, [_VIETNAMESE])
        with wire.readable(TITLE):
            return publishing.categories(msgspec.convert(said, publishing.Tree, strict=False).categories)

    async def attributes(self, category_id: str) -> list[RemoteAttribute]:
        _numbered(category_id, "unknown_category", "no such category")
        said = await self.client.get(paths.CATEGORY_ATTRIBUTES.format(category_id=category_id), [_VIETNAMESE])
        with wire.readable(TITLE):
            return publishing.attributes(msgspec.convert(said, publishing.Attributes, strict=False).attributes)

    async def upload(self, picture: Picture) -> str:
        """Every upload makes another picture; those that no product shows do no harm."""
        file = File("data", picture.name, picture.media_type, picture.content)
        said = await self.client.upload(paths.IMAGE_UPLOAD, {"use_case": "MAIN_IMAGE"}, file)
        with wire.readable(TITLE):
            return msgspec.convert(said, publishing.Uploaded, strict=False).uri

    async def find(self, draft: Draft) -> Published | None:
        """Of several products with SKUs of the draft, the one with most of them. Deleted ones and drafts are none."""
        ours = list(dict.fromkeys(variant.sku for variant in draft.variants if variant.sku))
        shared: dict[str, int] = {}
        for start in range(0, len(ours), _SKUS):
            asked = set(ours[start : start + _SKUS])
            said = await self.client.post(
                paths.PRODUCT_SEARCH, {"seller_skus": sorted(asked)}, [("page_size", str(_PAGE))]
            )
            with wire.readable(TITLE):
                page = msgspec.convert(said, products.ProductPage, strict=False)
                for product in listed(page.products, page.total_count):
                    same = asked & {str(sku.seller_sku) for sku in product.skus}
                    if same and product.status not in products.NOT_FOR_SALE:
                        shared[str(product.id)] = shared.get(str(product.id), 0) + len(same)
        best = max(shared, key=lambda item_id: shared[item_id], default="")
        return await self.check(best) if best else None

    async def create(self, draft: Draft) -> Published:
        _options_fit(draft)
        body = drafts.creation(draft, await self._brand(draft, ""), await self._warehouse())
        said = await self.client.post(paths.PRODUCTS, body)
        with wire.readable(TITLE):
            item_id = str(msgspec.convert(said, publishing.Made, strict=False).product_id)
        there = await self._there(item_id)
        if there is None:
            return Published(PublishedState.REVIEWING, item_id)
        return await self._shown(there, draft)

    async def update(self, item_id: str, draft: Draft) -> Published:
        """Every SKU that is told of is told of with its stock: the figure read a moment ago, which a sale in between
        makes wrong until the next push."""
        _options_fit(draft)
        there = await self._there(item_id)
        if there is None:
            raise _refusal("unknown_product", "no such product")
        said = there.detail
        brand_id = await self._brand(draft, str(said.brand.name))
        is_any_new = drafts.Skus(draft, said.skus).is_any_new
        place = await (self._warehouse() if is_any_new else self.warehouses.main())
        with wire.readable(TITLE):
            changed = drafts.changes(draft, said, brand_id, place)
        if "category_id" in changed:
            body = drafts.whole(draft, said, brand_id, place)
            await self.client.put(paths.PRODUCT.format(product_id=item_id), body)
        elif changed:
            await self.client.post(paths.PARTIAL_EDIT.format(product_id=item_id), changed)
        return await self._shown(await self._again(item_id) if changed else there, draft)

    async def check(self, item_id: str) -> Published | None:
        there = await self._there(item_id)
        return there.published if there else None

    async def _shown(self, there: _There, draft: Draft) -> Published:
        """Put it on sale or off, as the draft has it. What is under review or refused cannot be switched yet."""
        switch = {"SELLER_DEACTIVATED": paths.ACTIVATE} if draft.is_shown else {"ACTIVATE": paths.DEACTIVATE}
        path, item_id = switch.get(there.detail.status), str(there.detail.id)
        if path is None:
            return there.published
        reply = await self.client.ask("POST", path, (), {"product_ids": [item_id]})
        if reply.is_refused:
            raise reply.refusal()
        with wire.readable(TITLE):
            said = msgspec.convert(reply.body.get("data", {}), publishing.Toggled, strict=False)
        for trouble in said.errors:
            raise _refusal(str(trouble.code) or "failed", str(trouble.message) or "no reason given")
        return (await self._again(item_id)).published

    async def _again(self, item_id: str) -> _There:
        """A product that was just written. Raises: RemoteRefused when it is gone."""
        there = await self._there(item_id)
        if there is None:
            raise _refusal("unknown_product", "no such product")
        return there

    async def _there(self, item_id: str) -> _There | None:
        """The product with the changes that are still looked at; None when it is unknown or deleted."""
        if not (item_id.isascii() and item_id.isdigit()):
            return None
        params = [("return_under_review_version", "true"), _VIETNAMESE]
        try:
            got = await self.client.get(paths.PRODUCT.format(product_id=item_id), params)
        except RemoteRefused as refused:
            if is_unknown(refused):
                return None
            raise
        named = {"id": item_id, **got}
        with wire.readable(TITLE):
            detail = msgspec.convert(named, publishing.Detail, strict=False)
            listings = products.listings(
                msgspec.convert(named, products.Product, strict=False), {}, self.account.currency
            )
            standing = publishing.published(detail, listings)
        places = {str(sku.id): [str(heap.warehouse_id) for heap in sku.inventory] for sku in detail.skus}
        self.warehouses.learn({sku_id: each for sku_id, each in places.items() if all(each)})
        return None if detail.status == "DELETED" else _There(detail, standing)

    async def _warehouse(self) -> str:
        if place := await self.warehouses.main():
            return place
        raise _refusal("no_warehouse", "The shop has no warehouse that sells. Add one in the seller centre.")

    async def _brand(self, draft: Draft, there: str) -> str:
        """The brand's id; "" for none, for one the platform does not know, and for the one that stands there."""
        name = draft.brand.strip()
        if not name or name.casefold() == there.strip().casefold():
            return ""
        params = [("brand_name", name), ("page_size", str(_PAGE))]
        params += [("category_id", draft.category_id)] if draft.category_id else []
        said = await self.client.get(paths.BRANDS, params)
        with wire.readable(TITLE):
            return msgspec.convert(said, publishing.Brands, strict=False).named(name)


@dataclass(frozen=True)
class _There:
    """A product as it stands: what a change is compared with, and what it means to us."""

    detail: publishing.Detail
    published: Published


def _options_fit(draft: Draft) -> None:
    if len(draft.options) > drafts.MOST_OPTIONS:
        raise _refusal(
            "too_many_options",
            f"TikTok Shop tells variants apart by at most {drafts.MOST_OPTIONS} options; this product has"
            f" {len(draft.options)}. Split the product, or merge options.",
        )


def _numbered(text: str, code: str, message: str) -> None:
    if not (text.isascii() and text.isdigit()):
        raise _refusal(code, message)


def _refusal(code: str, message: str) -> RemoteRefused:
    return RemoteRefused(remote=TITLE, remote_code=code, remote_message=message)
