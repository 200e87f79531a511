"""The part of the connector that makes products in the shop and keeps them as their drafts are."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import msgspec

from mekong.channels.socket import Account, wire
from mekong.channels.socket.publishing import Draft, Picture, Published, RemoteCategory
from mekong.connectors.shopify.client import TITLE, Client
from mekong.connectors.shopify.mapping import UserError, documents, drafts, gid, number, publishing
from mekong.foundation.errors import RemoteRefused, Unavailable

_LANE: Final = "taxonomy"
_SKUS: Final = 25
"""SKUs asked for in one search, so that its words stay short."""
_VARIANTS: Final = 100
"""Variants changed in one call."""
_PASSING: Final = frozenset({"FILE_LOCKED", "GENERIC_ERROR", "JOB_ERROR", "NON_READY_STATE"})
"""Codes of ProductSetUserErrorCode and FilesErrorCode that ask to try again."""

StructT = TypeVar("StructT")


@dataclass(frozen=True)
class Publishing:
    """The products of one shop. `located`: the location that is kept."""

    account: Account
    client: Client
    located: Callable[[], Awaitable[str]] = field(repr=False)

    # categories and pictures

    async def categories(self) -> list[RemoteCategory]:
        """The tree of the platform, the same in every shop: the top in one call, and some calls for what is below each."""
        found = await self._category_pages(documents.TOP_CATEGORIES, {})
        for top in list(found):
            found += await self._category_pages(documents.LOWER_CATEGORIES, {"id": top.id})
        with wire.readable(TITLE):
            return publishing.categories(found)

    async def _category_pages(self, document: str, about: dict[str, Any]) -> list[publishing.Category]:
        found: list[publishing.Category] = []
        cursor: str | None = None
        while True:
            said = await self.client.query(document, {**about, "after": cursor}, lane=_LANE)
            page = _read(said.get("taxonomy"), publishing.Taxonomy).categories
            found += page.nodes
            following = page.pageInfo.following
            if following is None or not page.nodes or following == cursor:
                return found
            cursor = following

    async def uploaded(self, picture: Picture) -> str:
        """The id of a file of the shop: a place to send it to, the file itself, and the word that it is one.

        Source: Shopify, stagedUploadsCreate ("for images with POST, in a form whose last part is the file") and
        fileCreate, whose files are then named by id in productSet.
        """
        name = publishing.file_name(picture.name, picture.media_type)
        target = await self._staged(picture, name)
        with wire.readable(TITLE):
            boundary = hashlib.sha256(picture.content).hexdigest()
            body = publishing.form(target.parameters, name, picture.media_type, picture.content, boundary)
        await self.client.upload(target.url, {"content-type": f"multipart/form-data; boundary={boundary}"}, body)
        wish = {"originalSource": target.resourceUrl, "contentType": "IMAGE", "filename": name}
        said = await self.client.query(documents.CREATE_FILE, {"files": [wish]})
        filed = _read(said.get("fileCreate"), publishing.Filed)
        _refuse(filed.userErrors)
        if not filed.files or not filed.files[0].id:
            raise Unavailable(remote=TITLE, reason="unreadable reply")
        return filed.files[0].id

    async def _staged(self, picture: Picture, name: str) -> publishing.Target:
        wish = {
            "resource": "IMAGE",
            "filename": name,
            "mimeType": picture.media_type,
            "fileSize": str(len(picture.content)),
            "httpMethod": "POST",
        }
        said = await self.client.query(documents.STAGE_UPLOAD, {"input": [wish]})
        staged = _read(said.get("stagedUploadsCreate"), publishing.Staged)
        _refuse(staged.userErrors)
        if not staged.stagedTargets or not staged.stagedTargets[0].is_usable:
            raise Unavailable(remote=TITLE, reason="unreadable reply")
        return staged.stagedTargets[0]

    # products

    async def found(self, draft: Draft) -> Published | None:
        """The product at the address that the draft's would have, if it carries one of its SKUs; else of those that do
        the one with most of them, of several the oldest."""
        wanted = [variant.sku for variant in draft.variants]
        if (there := await self._at_its_address(draft)) is not None:
            return there
        bearers: Counter[int] = Counter()
        for start in range(0, len(wanted), _SKUS):
            part = wanted[start : start + _SKUS]
            said = await self.client.query(documents.BEARERS, {"query": publishing.search(part)})
            with wire.readable(TITLE):
                page = msgspec.convert(said.get("productVariants"), publishing.Bearers, strict=False)
                bearers.update(int(number(each.product.id)) for each in page.nodes if each.sku in part)
        for one, _ in sorted(bearers.items(), key=lambda each: (-each[1], each[0])):
            if (there := await self.standing(str(one))) is not None:
                return there
        return None

    async def created(self, draft: Draft) -> Published:
        _fits(draft)
        place = await self.located()
        await self._ready([*draft.pictures, *(variant.picture for variant in draft.variants)])
        wish = drafts.whole(draft, place)
        try:
            made = await self._set(wish, None)
        except RemoteRefused as refused:
            if refused.params.get("remote_code") != "HANDLE_NOT_UNIQUE":
                raise
            if (there := await self._at_its_address(draft)) is not None:
                return await self.updated(there.item_id, draft)
            # Some other product of the shop has the address: the platform finds one.
            made = await self._set({name: value for name, value in wish.items() if name != "handle"}, None)
        if draft.is_shown:
            await self._publish(made)
        return await self._standing(made)

    async def updated(self, item_id: str, draft: Draft) -> Published:
        """No call changes anything where all is as in the draft."""
        _fits(draft)
        there = await self._read(item_id)
        if there is None:
            raise _refused("unknown_product", "the shop has no such product")
        product, variants = there
        place = await self.located()
        with wire.readable(TITLE):
            words = drafts.changed_words(product, draft)
            goods = drafts.changed_goods(product, variants, draft, place)
        if goods:
            await self._ready(goods.fresh)
        if goods.whole:
            await self._set({**words, **goods.whole}, item_id)
        else:
            if words:
                wish = {"product": {"id": gid("Product", item_id), **words}}
                await self._change(documents.UPDATE_PRODUCT, "productUpdate", wish)
            await self._piecemeal(item_id, goods)
        is_to_appear = draft.is_shown and not product.publishedAt
        is_published = is_to_appear and await self._publish(item_id)
        if goods or words or is_published:
            return await self._standing(item_id)
        with wire.readable(TITLE):
            return publishing.published(product, variants, self.account.currency)

    async def _piecemeal(self, item_id: str, goods: drafts.Goods) -> None:
        """Pictures come first, for a variant shows one of its product's; what goes, goes before others take its place."""
        product = gid("Product", item_id)
        if goods.files:
            await self._change(documents.UPDATE_FILES, "fileUpdate", {"files": goods.files})
        if goods.moves:
            await self._change(documents.ORDER_MEDIA, "productReorderMedia", {"id": product, "moves": goods.moves})
        for document, name, rows in (
            (documents.DELETE_VARIANTS, "productVariantsBulkDelete", goods.delete),
            (documents.CHANGE_VARIANTS, "productVariantsBulkUpdate", goods.update),
            (documents.CREATE_VARIANTS, "productVariantsBulkCreate", goods.create),
        ):
            for start in range(0, len(rows), _VARIANTS):
                part = rows[start : start + _VARIANTS]
                await self._change(document, name, {"product": product, "variants": part})

    async def _change(self, document: str, name: str, variables: dict[str, Any]) -> None:
        said = await self.client.query(document, variables)
        done = _read(said.get(name), publishing.Set)
        _refuse([*done.userErrors, *done.mediaUserErrors])

    async def standing(self, item_id: str) -> Published | None:
        there = await self._read(item_id)
        if there is None:
            return None
        with wire.readable(TITLE):
            return publishing.published(*there, self.account.currency)

    async def _standing(self, item_id: str) -> Published:
        there = await self.standing(item_id)
        if there is None:
            raise Unavailable(remote=TITLE, reason="the product is not there yet")
        return there

    async def _at_its_address(self, draft: Draft) -> Published | None:
        handle = drafts.handle(draft)
        if not handle:
            return None
        said = await self.client.query(documents.BY_HANDLE, {"handle": handle})
        if said.get("productByIdentifier") is None:
            return None
        found = _read(said["productByIdentifier"], publishing.Handled)
        skus = {variant.sku for variant in draft.variants}
        with wire.readable(TITLE):
            item_id = number(found.id)
        return await self.standing(item_id) if any(each.sku in skus for each in found.variants.nodes) else None

    async def _read(self, item_id: str) -> tuple[publishing.Product, list[publishing.Kept]] | None:
        """A product and all its variants; None where the shop has none of this number."""
        if not (item_id.isascii() and item_id.isdigit()):
            return None
        place = gid("Location", await self.located())
        variants: list[publishing.Kept] = []
        cursor: str | None = None
        while True:
            said = await self.client.query(
                documents.PRODUCT, {"id": gid("Product", item_id), "place": place, "after": cursor}
            )
            if said.get("product") is None:
                return None
            product = _read(said["product"], publishing.Product)
            variants += product.variants.nodes
            following = product.variants.pageInfo.following
            if following is None or not product.variants.nodes or following == cursor:
                return product, variants
            cursor = following

    async def _set(self, wish: dict[str, Any], item_id: str | None) -> str:
        identifier = None if item_id is None else {"id": gid("Product", item_id)}
        said = await self.client.query(documents.SET_PRODUCT, {"input": wish, "identifier": identifier})
        done = _read(said.get("productSet"), publishing.Set)
        _refuse(done.userErrors)
        with wire.readable(TITLE):
            if done.product is None:
                raise ValueError("a product was set and is not named")
            return number(done.product.id)

    async def _ready(self, pictures: Sequence[str]) -> None:
        """Files are made ready by the platform after they came, and a product takes no other.

        Raises: Unavailable (not yet), RemoteRefused (never).
        """
        ids = list(dict.fromkeys(one for one in pictures if one))
        if not ids:
            return
        said = await self.client.query(documents.FILE_STATES, {"ids": ids})
        with wire.readable(TITLE):
            found = msgspec.convert(said.get("nodes"), list[publishing.File | None], strict=False)
            states = {each.fileStatus.upper() for each in found if each}
        if "FAILED" in states:
            raise _refused("picture_failed", "a picture cannot be used: save it as JPEG or PNG and upload it again")
        if states & {"UPLOADED", "PROCESSING"}:
            raise Unavailable(remote=TITLE, reason="a picture is still being processed")

    async def _publish(self, item_id: str) -> bool:
        """Show the product in the shop's online store; whether there is one. A product is made without being shown."""
        said = await self.client.query(documents.PUBLICATIONS)
        stores = _read(said.get("publications"), publishing.Publications).nodes
        with wire.readable(TITLE):
            wish = [{"publicationId": gid("Publication", number(one.id))} for one in stores if one.is_online_store]
        if not wish:
            return False
        await self._change(documents.PUBLISH, "publishablePublish", {"id": gid("Product", item_id), "input": wish})
        return True


def _read(said: Any, kind: type[StructT]) -> StructT:
    with wire.readable(TITLE):
        return msgspec.convert(said, kind, strict=False)


def _fits(draft: Draft) -> None:
    if len(draft.options) > publishing.MOST_OPTIONS:
        words = f"a product takes at most {publishing.MOST_OPTIONS} options, and this one has {len(draft.options)}"
        raise _refused("too_many_options", words)
    for variant in draft.variants:
        if len(variant.values) != len(draft.options):
            raise ValueError(f"{variant.sku} has {len(variant.values)} values for {len(draft.options)} options")


def _refuse(errors: Sequence[UserError]) -> None:
    """Raises: what the first of the errors means, if there is one."""
    if not errors:
        return
    first = errors[0]
    said = {"remote": TITLE, "remote_code": first.code or "refused", "remote_message": first.message}
    raise Unavailable(**said) if first.code in _PASSING else RemoteRefused(**said)


def _refused(code: str, message: str) -> RemoteRefused:
    return RemoteRefused(remote=TITLE, remote_code=code, remote_message=message)
