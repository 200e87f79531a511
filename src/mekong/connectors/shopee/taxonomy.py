"""The part of the connector that asks what the platform wants of products, and what it calls things."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from mekong.channels.socket import wire
from mekong.channels.socket.publishing import AttributeKind, Draft, RemoteAttribute, RemoteCategory, RemoteChoice
from mekong.connectors.shopee.client import TITLE, Client
from mekong.connectors.shopee.mapping import publishing, taxonomy, tiers
from mekong.foundation.errors import RemoteRefused

_LANGUAGE: Final = ("language", "vi")
_MOST_PAGES: Final = 10
_BRAND_PAGE: Final = 100
_VALUES: Final = 100
_MOST_BRAND_PAGES: Final = 50


@dataclass(frozen=True)
class Taxonomy:
    """The platform's words, as one shop may use them."""

    client: Client

    async def categories(self) -> list[RemoteCategory]:
        said = await self.client.get("/product/get_category", [_LANGUAGE])
        with wire.readable(TITLE):
            return taxonomy.categories(msgspec.convert(said, taxonomy.Categories, strict=False))

    async def attributes(self, category_id: str) -> list[RemoteAttribute]:
        return [*await self._attributes(category_id), *await self._options(category_id)]

    async def _attributes(self, category_id: str) -> list[RemoteAttribute]:
        asked = str(known(category_id, "category"))
        said = await self.client.get("/product/get_attribute_tree", [("category_id_list", asked), _LANGUAGE])
        with wire.readable(TITLE):
            trees = msgspec.convert(said, taxonomy.AttributeTrees, strict=False).list
            ours = next((tree.attribute_tree for tree in trees if str(tree.category_id) == asked), None)
            found = taxonomy.attributes(ours or ())
        if ours is None:
            raise refusal("unknown_category", "no such category takes products")
        searched = {str(one.attribute_id) for one in ours if one.is_searched}
        return [replace(one, choices=await self._choices(one)) if one.id in searched else one for one in found]

    async def _choices(self, attribute: RemoteAttribute) -> Sequence[RemoteChoice]:
        """All values of an attribute of which the tree tells a few; those few where the shop may not ask for more.

        Clients that are in use send what is asked in the query, the documentation has it in the body: it is in both.
        """
        found: dict[str, RemoteChoice] = {}
        cursor = 0
        for _ in range(_MOST_PAGES):
            body = {"attribute_id": int(attribute.id), "cursor": cursor, "limit": _VALUES}
            params = [(name, str(value)) for name, value in body.items()]
            reply = await self.client.ask("POST", "/product/search_attribute_value_list", params=params, body=body)
            with wire.readable(TITLE):
                page = msgspec.convert(reply.response, taxonomy.FoundValues, strict=False)
            found |= {
                str(one.value_id): RemoteChoice(str(one.value_id), str(one.value_name)) for one in page.value_list
            }
            if not page.page_info.has_next or page.page_info.cursor <= cursor:
                break
            cursor = page.page_info.cursor
        return tuple(found.values()) or attribute.choices

    async def _options(self, category_id: str) -> list[RemoteAttribute]:
        """The vocabulary for variants, answered under `data`; none where the shop may not ask for it."""
        reply = await self.client.ask("GET", "/product/get_variation_tree", params=[("category_id", category_id)])
        if reply.error:
            return []
        with wire.readable(TITLE):
            said = reply.body.get("data") or reply.response
            return taxonomy.options(msgspec.convert(said, taxonomy.Variations, strict=False))

    async def brand(self, draft: Draft) -> publishing.Brand:
        """The brand by its name among those of the category; "No brand" where there is none of it."""
        if not draft.brand:
            return publishing.Brand()
        offset = 0
        for _ in range(_MOST_BRAND_PAGES):
            params = {
                "offset": offset,
                "page_size": _BRAND_PAGE,
                "category_id": known(draft.category_id, "category"),
                "status": 1,
            }
            said = await self.client.get(
                "/product/get_brand_list", [*((name, str(value)) for name, value in params.items()), _LANGUAGE]
            )
            with wire.readable(TITLE):
                page = msgspec.convert(said, publishing.BrandPage, strict=False)
            if found := next((one for one in page.brand_list if is_called(one, draft.brand)), None):
                return found
            if not page.has_next_page or page.next_offset <= offset:
                break
            offset = page.next_offset
        return publishing.Brand()

    async def logistics(self) -> list[dict[str, Any]]:
        said = await self.client.get("/logistics/get_channel_list", [_LANGUAGE])
        with wire.readable(TITLE):
            return publishing.logistics(msgspec.convert(said, publishing.Channels, strict=False))

    async def dates(self, draft: Draft) -> AbstractSet[str]:
        """The attributes that are days; asked for only where a value looks like one."""
        if not publishing.has_days(draft):
            return frozenset()
        asked = await self._attributes(draft.category_id)
        return frozenset(each.id for each in asked if each.kind is AttributeKind.DATE)


def is_called(brand: publishing.Brand, name: str) -> bool:
    if not name:
        return not brand.brand_id
    return str(brand.original_brand_name).strip().casefold() == name.strip().casefold()


def known(text: str, what: str) -> int:
    number = tiers.number(text)
    if not number:
        raise refusal(f"unknown_{what}", f"no such {what}: {text!r}")
    return number


def refusal(code: str, message: str) -> RemoteRefused:
    return RemoteRefused(remote=TITLE, remote_code=code, remote_message=message)
