"""The part of the connector that makes products on the platform and keeps them as the shop has them.

Sources beside the protocol notes: Shopee Open Platform, developer guides 209 (category, attribute, brand), 211
(creating a product), 219 (variants), 221 (base information), and the API pages they name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from mekong.channels.socket import Account, RemoteListing, wire
from mekong.channels.socket.publishing import (
    AttributeKind,
    Draft,
    Picture,
    Published,
    PublishedState,
    RemoteAttribute,
    RemoteCategory,
)
from mekong.connectors.shopee.client import TITLE, Client, is_unknown
from mekong.connectors.shopee.mapping import products, publishing, taxonomy, tiers
from mekong.foundation.errors import RemoteRefused, Unavailable

_LANGUAGE: Final = ("language", "vi")
_STATUSES: Final = ("NORMAL", "UNLIST", "REVIEWING", "BANNED")
_PAGE: Final = 50
_MOST_PAGES: Final = 10
_BRAND_PAGE: Final = 100
_MOST_BRAND_PAGES: Final = 50
_MOST_TIERS: Final = 2
_MOST_MODELS: Final = 50


@dataclass(frozen=True)
class _Stand:
    """An item as it is there now; `models` None where it has no variants."""

    item: publishing.Item
    models: tiers.Models | None

    @property
    def item_id(self) -> int:
        return int(self.item.item_id)


@dataclass(frozen=True)
class Publishing:
    """The products of one shop."""

    account: Account
    client: Client

    # what the platform asks

    async def categories(self) -> list[RemoteCategory]:
        said = await self.client.get("/product/get_category", [_LANGUAGE])
        with wire.readable(TITLE):
            return taxonomy.categories(msgspec.convert(said, taxonomy.Categories, strict=False))

    async def attributes(self, category_id: str) -> list[RemoteAttribute]:
        return [*await self._attributes(category_id), *await self._options(category_id)]

    async def _attributes(self, category_id: str) -> list[RemoteAttribute]:
        asked = str(_known(category_id, "category"))
        said = await self.client.get("/product/get_attribute_tree", [("category_id_list", asked), _LANGUAGE])
        with wire.readable(TITLE):
            trees = msgspec.convert(said, taxonomy.AttributeTrees, strict=False).list
            ours = [tree for tree in trees if str(tree.category_id) == asked]
            if ours:
                return taxonomy.attributes(ours[0].attribute_tree)
        raise _refused("unknown_category", "no such category takes products")

    async def _options(self, category_id: str) -> list[RemoteAttribute]:
        """The vocabulary for variants, answered under `data`; none where the shop may not ask for it."""
        reply = await self.client.ask("GET", "/product/get_variation_tree", params=[("category_id", category_id)])
        if reply.error:
            return []
        with wire.readable(TITLE):
            said = reply.body.get("data") or reply.response
            return taxonomy.options(msgspec.convert(said, taxonomy.Variations, strict=False))

    async def upload(self, picture: Picture) -> str:
        """The platform's id of the picture; the same picture again gets another id, or the same."""
        said = await self.client.upload(
            "/media_space/upload_image", "image", picture.content, picture.media_type, picture.name
        )
        with wire.readable(TITLE):
            return str(msgspec.convert(said, _Uploaded, strict=False).image_info.image_id)

    # what stands there

    async def find(self, draft: Draft) -> Published | None:
        """By its SKUs and, where the product has variants, by the code that a half-made one has instead."""
        seen: set[str] = set()
        for sku in dict.fromkeys(([draft.code] if draft.options else []) + [one.sku for one in draft.variants]):
            if not sku:
                continue
            for item_id in await self._searched(sku):
                if item_id in seen:
                    continue
                seen.add(item_id)
                stand = await self._stand(item_id)
                if stand is not None and self._is_of(stand, draft):
                    return await self._published(stand)
        return None

    async def check(self, item_id: str) -> Published | None:
        stand = await self._stand(item_id)
        return None if stand is None else await self._published(stand)

    async def _searched(self, sku: str) -> list[str]:
        """Items with this text in a SKU of theirs: more than those that have it as their SKU."""
        found: list[str] = []
        offset = ""
        for _ in range(_MOST_PAGES):
            params = [("page_size", str(_PAGE)), ("item_sku", sku), *(("item_status", one) for one in _STATUSES)]
            said = await self.client.get("/product/search_item", [*params, *([("offset", offset)] if offset else [])])
            with wire.readable(TITLE):
                page = msgspec.convert(said, publishing.Found, strict=False)
            found += [str(item_id) for item_id in page.item_id_list]
            if not page.item_id_list or not page.next_offset or str(page.next_offset) == offset:
                break
            offset = str(page.next_offset)
        return found

    async def _stand(self, item_id: str) -> _Stand | None:
        if not tiers.number(item_id):
            return None
        try:
            said = await self.client.get("/product/get_item_base_info", [("item_id_list", item_id)])
        except RemoteRefused as refused:
            if is_unknown(refused):
                return None
            raise
        with wire.readable(TITLE):
            rows = msgspec.convert(said, publishing.ItemList, strict=False).item_list
            item = next((row for row in rows if str(row.item_id) == item_id), None)
        if item is None or item.item_status in products.DELETED:
            return None
        return _Stand(item, await self._models(item_id) if item.has_model else None)

    async def _models(self, item_id: str) -> tiers.Models:
        said = await self.client.get("/product/get_model_list", [("item_id", item_id)])
        with wire.readable(TITLE):
            return msgspec.convert(said, tiers.Models, strict=False)

    def _listings(self, stand: _Stand) -> list[RemoteListing]:
        with wire.readable(TITLE):
            return products.listings(stand.item, stand.models, self.account.currency)

    def _is_of(self, stand: _Stand, draft: Draft) -> bool:
        """Whether it carries a SKU of the draft, or is the draft's, made by half: its code, no variants, no stock."""
        if {listing.sku for listing in self._listings(stand)} & {
            variant.sku for variant in draft.variants if variant.sku
        }:
            return True
        is_bare = stand.models is None and not products.available(stand.item.stock_info_v2)
        return bool(draft.options) and is_bare and bool(draft.code) and str(stand.item.item_sku) == draft.code

    async def _published(self, stand: _Stand) -> Published:
        item_id = str(stand.item.item_id)
        reasons = await self._reasons(item_id) if stand.item.item_status == "BANNED" else []
        url = f"https://shopee.vn/product/{self.account.shop_id}/{item_id}" if self.account.currency == "VND" else ""
        return publishing.published(stand.item, self._listings(stand), reasons, url)

    async def _reasons(self, item_id: str) -> list[str]:
        reply = await self.client.ask("GET", "/product/get_item_violation_info", params=[("item_id_list", item_id)])
        if reply.error:
            return []
        with wire.readable(TITLE):
            return publishing.reasons(msgspec.convert(reply.response, publishing.Violations, strict=False), item_id)

    # making and updating

    async def create(self, draft: Draft) -> Published:
        """Two calls where there are variants: the item, then what sets them apart."""
        _fits(draft)
        body = publishing.new_item(draft, await self._brand(draft), await self._logistics(), await self._dates(draft))
        said = await self.client.post("/product/add_item", body)
        with wire.readable(TITLE):
            item_id = str(int(msgspec.convert(said, _Made, strict=False).item_id))
        if draft.options:
            await self._initiate(int(item_id), draft, tiers.planned(draft, tiers.Models()))
        stand = await self._stand(item_id)
        if stand is None:  # a read may be behind the write by some seconds
            return Published(PublishedState.REVIEWING, item_id)
        return await self._published(stand)

    async def update(self, item_id: str, draft: Draft) -> Published:
        _fits(draft)
        stand = await self._stand(item_id)
        if stand is None:
            raise _refused("item_not_found", "the item is not there any more")
        was_touched = [
            await self._items_own(stand, draft),
            await self._variants(stand, draft),
            await self._show(stand, draft),
        ]
        if any(was_touched):
            stand = await self._stand(item_id) or stand
        return await self._published(stand)

    async def _items_own(self, stand: _Stand, draft: Draft) -> bool:
        with wire.readable(TITLE):
            body = publishing.changes(stand.item, draft, await self._dates(draft))
        now = stand.item.brand
        if not _is_called(now, draft.brand):
            wanted = await self._brand(draft)
            if wanted.brand_id != now.brand_id or "category_id" in body:
                body["brand"] = publishing.brand_of(wanted)
        if body:
            await self.client.post("/product/update_item", {"item_id": stand.item_id, **body})
        return bool(body)

    async def _variants(self, stand: _Stand, draft: Draft) -> bool:
        models = stand.models
        with wire.readable(TITLE):
            plan = tiers.planned(draft, models or tiers.Models())
        if models is None:
            if draft.options:
                await self._initiate(stand.item_id, draft, plan)
            return bool(draft.options)
        if not draft.options:
            if not plan.kept:
                raise _refused("has_variants", "the item has variants there, and none of them is this product")
        elif len(models.tier_variation or models.standardise_tier_variation) != len(draft.options) or not plan.kept:
            await self._initiate(stand.item_id, draft, plan)
            return True
        return await self._change_variants(stand.item_id, draft, plan)

    async def _change_variants(self, item_id: int, draft: Draft, plan: tiers.Plan) -> bool:
        """Tiers first, then what goes, then what comes: a place in the tiers is free before it is taken."""
        gone: Sequence[int] = plan.gone
        is_moved = plan.is_moved and bool(draft.options)
        if is_moved:
            kept = [{"model_id": int(model.model_id), "tier_index": list(place.index)} for place, model in plan.kept]
            await self._write(
                "/product/update_tier_variation", item_id,
                {"standardise_tier_variation": publishing.tier_rows(plan.tiers), "model_list": kept},
            )  # fmt: skip
            if gone:  # the platform drops models that are not named here; any it kept is dropped by its id
                with wire.readable(TITLE):
                    left = {int(model.model_id) for model in (await self._models(str(item_id))).model}
                gone = [model_id for model_id in gone if model_id in left]
        for model_id in gone:
            await self._write("/product/delete_model", item_id, {"model_id": model_id})
        with wire.readable(TITLE):
            added, changed = publishing.new_models(plan.new, draft), publishing.model_changes(plan, draft)
        if added:
            await self._write("/product/add_model", item_id, {"model_list": added})
        if changed:
            await self._write("/product/update_model", item_id, {"model": changed})
        return bool(is_moved or plan.gone or added or changed)

    async def _initiate(self, item_id: int, draft: Draft, plan: tiers.Plan) -> None:
        """Set the tiers anew, which makes every model anew. An item just made may not be known to this call yet."""
        with wire.readable(TITLE):
            body = {
                "standardise_tier_variation": publishing.tier_rows(plan.tiers),
                "model": publishing.new_models(plan.places, draft),
            }
        try:
            await self._write("/product/init_tier_variation", item_id, body)
        except RemoteRefused as refused:
            if is_unknown(refused):
                raise Unavailable(**refused.params) from refused
            raise

    async def _show(self, stand: _Stand, draft: Draft) -> bool:
        """Only what is shown can be hidden and the other way round: the platform's own verdicts stay."""
        if stand.item.item_status != ("UNLIST" if draft.is_shown else "NORMAL"):
            return False
        row = {"item_id": stand.item_id, "unlist": not draft.is_shown}
        said = await self.client.post("/product/unlist_item", {"item_list": [row]})
        with wire.readable(TITLE):
            failed = msgspec.convert(said, publishing.Changed, strict=False).failure_list
        if failed:
            raise _refused("unlist_failed", failed[0].failed_reason or "it may not be shown or hidden now")
        return True

    async def _write(self, path: str, item_id: int, body: Mapping[str, Any]) -> None:
        await self.client.post(path, {"item_id": item_id, **body})

    # what a draft names by words

    async def _brand(self, draft: Draft) -> publishing.Brand:
        """The brand by its name among those of the category; "No brand" where there is none of it."""
        if not draft.brand:
            return publishing.Brand()
        offset = 0
        for _ in range(_MOST_BRAND_PAGES):
            params = {
                "offset": offset,
                "page_size": _BRAND_PAGE,
                "category_id": _known(draft.category_id, "category"),
                "status": 1,
            }
            said = await self.client.get(
                "/product/get_brand_list", [*((name, str(value)) for name, value in params.items()), _LANGUAGE]
            )
            with wire.readable(TITLE):
                page = msgspec.convert(said, publishing.BrandPage, strict=False)
            if found := next((one for one in page.brand_list if _is_called(one, draft.brand)), None):
                return found
            if not page.has_next_page or page.next_offset <= offset:
                break
            offset = page.next_offset
        return publishing.Brand()

    async def _logistics(self) -> list[dict[str, Any]]:
        said = await self.client.get("/logistics/get_channel_list", [_LANGUAGE])
        with wire.readable(TITLE):
            return publishing.logistics(msgspec.convert(said, publishing.Channels, strict=False))

    async def _dates(self, draft: Draft) -> AbstractSet[str]:
        """The attributes that are days; asked for only where a value looks like one."""
        if not publishing.has_days(draft):
            return frozenset()
        asked = await self._attributes(draft.category_id)
        return frozenset(each.id for each in asked if each.kind is AttributeKind.DATE)


class _ImageInfo(msgspec.Struct, frozen=True):
    image_id: int | str


class _Uploaded(msgspec.Struct, frozen=True):
    image_info: _ImageInfo


class _Made(msgspec.Struct, frozen=True):
    item_id: int | str


def _fits(draft: Draft) -> None:
    """Raises: RemoteRefused, before anything is made that would stay half."""
    _known(draft.category_id, "category")
    if len(draft.options) > _MOST_TIERS:
        raise _refused("too_many_options", f"variants may differ in {_MOST_TIERS} options, not in {len(draft.options)}")
    if len(draft.variants) > _MOST_MODELS:
        raise _refused("too_many_variants", f"a product may have {_MOST_MODELS} variants, not {len(draft.variants)}")


def _is_called(brand: publishing.Brand, name: str) -> bool:
    if not name:
        return not brand.brand_id
    return str(brand.original_brand_name).strip().casefold() == name.strip().casefold()


def _known(text: str, what: str) -> int:
    number = tiers.number(text)
    if not number:
        raise _refused(f"unknown_{what}", f"no such {what}: {text!r}")
    return number


def _refused(code: str, message: str) -> RemoteRefused:
    return RemoteRefused(remote=TITLE, remote_code=code, remote_message=message)
