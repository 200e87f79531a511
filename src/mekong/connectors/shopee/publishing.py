"""The part of the connector that makes products on the platform and keeps them as the shop has them.

Sources beside the protocol notes: Shopee Open Platform, developer guides 209 (category, attribute, brand), 211
(creating a product), 219 (variants), 221 (base information), and the API pages they name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from mekong.channels.socket import Account, RemoteListing, wire
from mekong.channels.socket.publishing import (
    Draft,
    Picture,
    Published,
    PublishedState,
)
from mekong.connectors.shopee.client import TITLE, Client, is_unknown
from mekong.connectors.shopee.mapping import products, publishing, tiers
from mekong.connectors.shopee.taxonomy import Taxonomy, is_called, known, refusal
from mekong.foundation.errors import RemoteRefused, Unavailable

_STATUSES: Final = ("NORMAL", "UNLIST", "REVIEWING", "BANNED")
_PAGE: Final = 50
_MOST_PAGES: Final = 10
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
    taxonomy: Taxonomy

    async def upload(self, picture: Picture) -> str:
        """The platform's id of the picture; the same picture again gets another id, or the same."""
        said = await self.client.upload(
            "/media_space/upload_image", "image", picture.content, picture.media_type, picture.name
        )
        with wire.readable(TITLE):
            return str(msgspec.convert(said, _Uploaded, strict=False).image_info.image_id)

    # what stands there

    async def find(self, draft: Draft) -> Published | None:
        """By its SKUs and, where the product has variants, by the code that a half-made one has instead.

        A search finds all that has the text somewhere in a SKU. By the code, which may be short, only what has it as
        its own is looked into.
        """
        seen: set[str] = set()
        code = draft.code if draft.options else ""
        for sku in dict.fromkeys((*(variant.sku for variant in draft.variants), code)):
            fresh = [one for one in await self._searched(sku) if one not in seen] if sku else []
            seen.update(fresh)
            for start in range(0, len(fresh), _PAGE):
                for item in await self._items(fresh[start : start + _PAGE]):
                    if sku == code and str(item.item_sku) != code:
                        continue
                    stand = await self._with_models(item)
                    if self._is_of(stand, draft):
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
        item = next((item for item in await self._items([item_id]) if str(item.item_id) == item_id), None)
        return None if item is None else await self._with_models(item)

    async def _items(self, item_ids: Sequence[str]) -> list[publishing.Item]:
        """Those that are there. One unknown id makes some calls fail whole: then each is asked for alone."""
        try:
            said = await self.client.get("/product/get_item_base_info", [("item_id_list", ",".join(item_ids))])
        except RemoteRefused as refused:
            if not is_unknown(refused):
                raise
            return [item for one in item_ids for item in await self._items([one])] if len(item_ids) > 1 else []
        with wire.readable(TITLE):
            rows = msgspec.convert(said, publishing.ItemList, strict=False).item_list
        return [row for row in rows if row.item_status not in products.DELETED]

    async def _with_models(self, item: publishing.Item) -> _Stand:
        return _Stand(item, await self._models(str(item.item_id)) if item.has_model else None)

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
        body = publishing.new_item(
            draft, await self.taxonomy.brand(draft), await self.taxonomy.logistics(), await self.taxonomy.dates(draft)
        )
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
            raise refusal("item_not_found", "the item is not there any more")
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
            body = publishing.changes(stand.item, draft, await self.taxonomy.dates(draft))
        now = stand.item.brand
        if not is_called(now, draft.brand):
            wanted = await self.taxonomy.brand(draft)
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
                raise refusal("has_variants", "the item has variants there, and none of them is this product")
        elif len(models.tier_variation or models.standardise_tier_variation) != len(draft.options):
            await self._initiate(stand.item_id, draft, plan)
            return True
        elif not plan.kept and models.model:
            await self._take_over(stand.item_id, draft, models)
            fresh = await self._models(str(stand.item_id))
            with wire.readable(TITLE):
                plan = tiers.planned(draft, fresh)
            await self._change_variants(stand.item_id, draft, plan)
            return True
        return await self._change_variants(stand.item_id, draft, plan)

    async def _take_over(self, item_id: int, draft: Draft, models: tiers.Models) -> None:
        """All models are to be others, and one must stay at any time: one becomes another article's.

        Nothing for sale first, then its price, its SKU last: broken off in between it is still the old article.
        """
        variant = draft.variants[0]
        with wire.readable(TITLE):
            model_id = int(models.model[0].model_id)
            price = publishing.price(variant, draft)
        emptied = [{"model_id": model_id, "seller_stock": [{"stock": 0}]}]
        await self._write("/product/update_stock", item_id, {"stock_list": emptied})
        await self._write(
            "/product/update_price", item_id, {"price_list": [{"model_id": model_id, "original_price": price}]}
        )
        renamed = {"model_id": model_id, "model_sku": variant.sku}
        await self._write("/product/update_model", item_id, {"model": [renamed]})

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
        _all_done(await self.client.post("/product/unlist_item", {"item_list": [row]}))
        return True

    async def _write(self, path: str, item_id: int, body: Mapping[str, Any]) -> None:
        _all_done(await self.client.post(path, {"item_id": item_id, **body}))


class _ImageInfo(msgspec.Struct, frozen=True):
    image_id: int | str


class _Uploaded(msgspec.Struct, frozen=True):
    image_info: _ImageInfo


class _Made(msgspec.Struct, frozen=True):
    item_id: int | str


def _all_done(said: Mapping[str, Any]) -> None:
    """Raises: RemoteRefused for what a call that went through says it did not do."""
    with wire.readable(TITLE):
        failed = msgspec.convert(said, publishing.Changed, strict=False).failure_list
    if failed:
        raise refusal("failed", failed[0].failed_reason or "the platform did not do it, and does not say why")


def _fits(draft: Draft) -> None:
    """Raises: RemoteRefused, before anything is made that would stay half."""
    known(draft.category_id, "category")
    if len(draft.options) > _MOST_TIERS:
        raise refusal("too_many_options", f"variants may differ in {_MOST_TIERS} options, not in {len(draft.options)}")
    if len(draft.variants) > _MOST_MODELS:
        raise refusal("too_many_variants", f"a product may have {_MOST_MODELS} variants, not {len(draft.variants)}")
