"""The part of the connector that makes products on the platform and keeps them as the shop has them.

Sources beside the protocol notes: Lazada Open Platform, "Query available product attributes" and "Create a product"
(docId 121541), the upgrade of self-defined sales attributes (GetProductItem, CreateProduct, UpdateProduct, RemoveSKU),
and the API pages these name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from mekong.channels.socket import Account, wire
from mekong.channels.socket.publishing import (
    Draft,
    DraftVariant,
    Picture,
    Published,
    PublishedState,
    RemoteAttribute,
    RemoteCategory,
)
from mekong.connectors.lazada.client import TITLE, Client, Reply
from mekong.connectors.lazada.mapping import products, publishing, taxonomy
from mekong.foundation.errors import RemoteRefused

_LANGUAGE: Final = "vi_VN"
_ITEM: Final = "/product/item/get"
_PRODUCTS: Final = "/products/get"
_CREATE: Final = "/product/create"
_UPDATE: Final = "/product/update"
_OFFLINE: Final = "/product/deactivate"
_REMOVE: Final = "/product/sku/remove"
_REMOVE_ANY: Final = "/product/remove"
_MOST_OPTIONS: Final = 3
_MOST_SKUS: Final = 50  # in a search, and in a product
_UNKNOWN_CODES: Final = frozenset({"207", "E207", "208", "E208", "EDIT_ITEM_NOT_BELONG_SELLER"})

Asked = Mapping[str, taxonomy.Attribute]


@dataclass(frozen=True)
class _Stand:
    """A product as it is there now."""

    product: publishing.Product
    published: Published

    @property
    def item_id(self) -> str:
        return str(self.product.item_id)


@dataclass(frozen=True)
class Publishing:
    """The products of one seller."""

    account: Account
    client: Client

    # what the platform asks

    async def categories(self) -> list[RemoteCategory]:
        said = (await self.client.get("/category/tree/get", {"language_code": _LANGUAGE})).data
        with wire.readable(TITLE):
            return taxonomy.categories(msgspec.convert(said, tuple[taxonomy.Category, ...], strict=False))

    async def attributes(self, category_id: str) -> list[RemoteAttribute]:
        return taxonomy.attributes(list((await self._asked(category_id)).values()))

    async def _asked(self, category_id: str) -> Asked:
        _known_category(category_id)
        asked = {"primary_category_id": category_id, "language_code": _LANGUAGE}
        said = (await self.client.get("/category/attributes/get", asked)).data
        with wire.readable(TITLE):
            rows = msgspec.convert(said or [], tuple[taxonomy.Attribute, ...], strict=False)
        return {row.name: row for row in rows}

    async def upload(self, picture: Picture) -> str:
        """The address of the platform's own copy: others are refused in products."""
        if picture.content:
            reply = await self.client.upload(
                "/image/upload", "image", picture.content, picture.media_type, picture.name
            )
        elif picture.url:
            reply = await self.client.post("/image/migrate", {"payload": publishing.migrate_request(picture.url)})
        else:
            raise _refused("picture_empty", "the picture has no content")
        with wire.readable(TITLE):
            return msgspec.convert(reply.data, _Uploaded, strict=False).image.url

    # what stands there

    async def find(self, draft: Draft) -> Published | None:
        skus = list(dict.fromkeys(variant.sku for variant in draft.variants if variant.sku))
        for start in range(0, len(skus), _MOST_SKUS):
            wanted = skus[start : start + _MOST_SKUS]
            params = {"filter": "all", "limit": "50", "offset": "0", "sku_seller_list": _json(wanted)}
            said = (await self.client.get(_PRODUCTS, params)).data
            with wire.readable(TITLE):
                rows = msgspec.convert(said or {}, _Found, strict=False).products
            for row in rows:
                stand = self._read(row)
                if stand is not None and {one.sku for one in stand.published.listings} & set(wanted):
                    return stand.published
        return None

    async def check(self, item_id: str) -> Published | None:
        stand = await self._stand(item_id)
        return None if stand is None else stand.published

    async def _stand(self, item_id: str) -> _Stand | None:
        if not (item_id.isascii() and item_id.isdigit()):
            return None
        try:
            said = (await self.client.get(_ITEM, {"item_id": item_id})).data
        except RemoteRefused as refused:
            if is_unknown(refused):
                return None
            raise
        return self._read(said) if said else None

    def _read(self, said: Any) -> _Stand | None:
        """The product, and its listings as every pull gives them; None where it is deleted."""
        with wire.readable(TITLE):
            product = msgspec.convert(said, publishing.Product, strict=False)
            shown = msgspec.convert(said, products.Product, strict=False)
            listings = products.listings(shown, self.account.currency, self.client.clock())
            published = publishing.published(product, listings)
        return None if published is None else _Stand(product, published)

    # making and updating

    async def create(self, draft: Draft) -> Published:
        _fits(draft)
        asked = await self._asked(draft.category_id)
        try:
            payload = publishing.new_payload(draft, asked, draft.brand or publishing.NO_BRAND)
            reply = await self._write(_CREATE, payload)
        except RemoteRefused as refused:
            if not _is_about_brand(refused, draft):
                raise
            reply = await self._write(_CREATE, publishing.new_payload(draft, asked, publishing.NO_BRAND))
        with wire.readable(TITLE):
            made = msgspec.convert(reply.data, publishing.Made, strict=False)
        stand = await self._stand(str(made.item_id))
        if stand is None:  # a read may be behind the write by some seconds
            return publishing.just_made(made, draft)
        return (await self._hidden(stand, draft)).published

    async def update(self, item_id: str, draft: Draft) -> Published:
        _fits(draft)
        stand = await self._stand(item_id)
        if stand is None:
            raise _refused("item_not_found", "the product is not there any more")
        asked = await self._asked(draft.category_id)
        with wire.readable(TITLE):
            plan = publishing.planned(draft, stand.product)
            clashing = publishing.clashing(plan, draft)
        is_last = bool(clashing) and not plan.kept and len(clashing) == len(plan.gone)
        if clashing and not is_last:
            await self._remove(stand, clashing)
            plan = replace(plan, gone=tuple(sku for sku in plan.gone if sku not in clashing))
        was_changed = await self._change(stand.product, plan, draft, asked)
        if is_last:
            await self._renew(stand, plan, draft, asked)
        elif plan.new:
            await self._add(stand, publishing.known_sku(plan), plan.new, plan, draft, asked)
        if was_changed or clashing or plan.new:
            stand = await self._stand(item_id) or stand
            stand = await self._hidden(stand, draft)
        return stand.published

    async def _renew(self, stand: _Stand, plan: publishing.Plan, draft: Draft, asked: Asked) -> None:
        """All SKUs are to be others, in the places of those that are there, one of which must be there at any time."""
        *first, last = plan.gone
        with wire.readable(TITLE):
            heir = publishing.successor(last, plan, draft)
            others = [variant for variant in plan.new if variant is not heir]
            payload = publishing.taken_over_payload(stand.item_id, last, heir, draft, asked)
        if first:
            await self._remove(stand, first)
        if not others:
            await self._write(_UPDATE, payload)
            return
        await self._add(stand, str(last.get("SellerSku", "")), others, replace(plan, gone=(last,)), draft, asked)
        await self._remove(stand, [last])
        await self._add(stand, others[0].sku, [heir], replace(plan, gone=()), draft, asked)

    async def _remove(self, stand: _Stand, skus: Sequence[Mapping[str, Any]]) -> None:
        """For good. Sellers who may not use the call for SKUs have the one for products, which takes SKUs as well."""
        with wire.readable(TITLE):
            payload = publishing.removal_request(stand.item_id, skus)
        try:
            await self._write(_REMOVE, payload)
        except RemoteRefused as refused:
            if refused.params.get("remote_code") not in {"InvalidApiPath", "REMOVE_SKU_PROHIBITION"}:
                raise
            ids = _json([f"SkuId_{stand.item_id}_{sku['SkuId']}" for sku in skus])
            _accepted(await self.client.ask("POST", _REMOVE_ANY, {"sku_id_list": ids}))

    async def _change(self, product: publishing.Product, plan: publishing.Plan, draft: Draft, asked: Asked) -> bool:
        with wire.readable(TITLE):
            payload = publishing.changed_payload(product, plan, draft, asked, draft.brand or publishing.NO_BRAND)
        if not payload:
            return False
        try:
            await self._write(_UPDATE, payload)
        except RemoteRefused as refused:
            if not _is_about_brand(refused, draft):
                raise
            with wire.readable(TITLE):
                payload = publishing.changed_payload(product, plan, draft, asked, "")
            if payload:
                await self._write(_UPDATE, payload)
        return True

    async def _add(
        self,
        stand: _Stand,
        beside: str,
        variants: Sequence[DraftVariant],
        plan: publishing.Plan,
        draft: Draft,
        asked: Asked,
    ) -> None:
        """New SKUs of a product: an update by the documentation; gateways that want an id of every SKU there take them
        in the call that makes products."""
        with wire.readable(TITLE):
            payload = publishing.added_payload(stand.item_id, beside, variants, plan, draft, asked)
        try:
            await self._write(_UPDATE, payload)
        except RemoteRefused as refused:
            if "skuid" not in str(refused.params.get("remote_message", "")).replace(" ", "").lower():
                raise
            await self._write(_CREATE, payload)

    async def _hidden(self, stand: _Stand, draft: Draft) -> _Stand:
        """Whatever is on sale yet and should not be is taken off by the call that does nothing else."""
        if stand.published.state is not PublishedState.LIVE:
            return stand
        with wire.readable(TITLE):
            shown = publishing.still_shown(stand.product, draft)
            requests = [publishing.offline_request(stand.item_id, sku) for sku in shown]
        for request in requests:
            _accepted(await self.client.ask("POST", _OFFLINE, {"apiRequestBody": request}))
        return (await self._stand(stand.item_id) or stand) if requests else stand

    async def _write(self, path: str, payload: str) -> Reply:
        return _accepted(await self.client.ask("POST", path, {"payload": payload}))


class _Image(msgspec.Struct, frozen=True):
    url: str


class _Uploaded(msgspec.Struct, frozen=True):
    image: _Image


class _Found(msgspec.Struct, frozen=True):
    products: tuple[Any, ...] = ()


def is_unknown(refused: RemoteRefused) -> bool:
    words = str(refused.params.get("remote_message", "")).lower()
    return refused.params.get("remote_code") in _UNKNOWN_CODES or "not exist" in words or "not found" in words


def _accepted(reply: Reply) -> Reply:
    """Raises: RemoteRefused with all that the platform says: the first words of a refused product are "it failed"."""
    if not reply.is_refused and not _details(reply):
        return reply
    words = "; ".join(dict.fromkeys(part for part in (reply.message, *_details(reply)) if part))
    raise _refused(reply.code if reply.is_refused else "failed", words)


def _details(reply: Reply) -> list[str]:
    said = reply.body.get("detail", [])
    with wire.readable(TITLE):
        rows = said if isinstance(said, list) else [said]
        found = [
            msgspec.convert(row, publishing.Detail, strict=False)
            if isinstance(row, dict)
            else publishing.Detail(message=str(row))
            for row in rows
        ]
    return [": ".join(str(part) for part in (one.seller_sku or one.field, one.message) if part) for one in found]


def _is_about_brand(refused: RemoteRefused, draft: Draft) -> bool:
    """Whether the draft's brand is what it was refused for. The platform cannot be asked for one of its 150,000 brands
    by name, so a name is tried."""
    return bool(draft.brand) and "brand" in str(refused.params.get("remote_message", "")).lower()


def _fits(draft: Draft) -> None:
    _known_category(draft.category_id)
    if len(draft.options) > _MOST_OPTIONS:
        raise _refused(
            "too_many_options", f"variants may differ in {_MOST_OPTIONS} options, not in {len(draft.options)}"
        )


def _known_category(category_id: str) -> None:
    if not (category_id.isascii() and category_id.isdigit()):
        raise _refused("unknown_category", f"no such category: {category_id!r}")


def _json(value: Sequence[str]) -> str:
    return msgspec.json.encode(value).decode()


def _refused(code: str, message: str) -> RemoteRefused:
    return RemoteRefused(remote=TITLE, remote_code=code, remote_message=message)
