"""The part of the connector that makes products in the shop and keeps them as their drafts are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import msgspec

from mekong.channels.socket import Account, wire
from mekong.channels.socket.publishing import Draft, Picture, Published, RemoteCategory
from mekong.connectors.woocommerce.client import TITLE, Client, Reply, is_account_wide, is_unknown
from mekong.connectors.woocommerce.mapping import drafts, products, publishing
from mekong.foundation.errors import RemoteRefused, Unavailable

_PAGE: Final = 100
_SKUS: Final = 40
"""SKUs asked for in one call, so that its address stays short."""

StructT = TypeVar("StructT")
_Rows = list[Any]


@dataclass
class Publishing:
    """The products of one shop."""

    account: Account
    client: Client
    _units: publishing.Units | None = field(default=None, init=False, repr=False)

    async def categories(self) -> list[RemoteCategory]:
        found = await self._all("/products/categories", [("orderby", "id"), ("order", "asc")])
        with wire.readable(TITLE):
            return publishing.categories(msgspec.convert(found, list[publishing.Term], strict=False))

    def pictured(self, picture: Picture) -> str:
        """The shop fetches pictures itself, when they are named with a product."""
        if not picture.url:
            raise _refused("picture_url_needed", "the shop only takes pictures that it can fetch from an address")
        return picture.url

    async def found(self, draft: Draft) -> Published | None:
        """Of products that carry SKUs of the draft the one with most of them; of several the oldest.

        A product that was made and has none of its variants yet is known by our code, which it has for a SKU.
        """
        skus = list(dict.fromkeys(variant.sku for variant in draft.variants))
        code = drafts.parent_sku(draft) if draft.options else ""
        bearers: Counter[int] = Counter()
        for words in _searches([*skus, *([code] if code else [])]):
            reply = await self.client.get("/products", [("sku", words), ("per_page", str(_PAGE))])
            with wire.readable(TITLE):
                for each in msgspec.convert(reply.rows, list[publishing.Item], strict=False):
                    is_ours = str(each.sku) in skus or (code and str(each.sku) == code and each.is_variable)
                    if is_ours and each.status != "trash":
                        bearers[int(each.owner)] += 1
        for one, _ in sorted(bearers.items(), key=lambda each: (-each[1], each[0])):
            if (there := await self.standing(str(one))) is not None:
                return there
        return None

    async def created(self, draft: Draft) -> Published:
        """Made hidden and small, then brought to the draft: what stops on the way is finished by `updated`."""
        _fits(draft)
        units = await self._units_for(draft)
        reply = await self.client.ask("POST", "/products", body=drafts.first(draft, units))
        return await self._brought(reply.body, [], draft, units)

    async def updated(self, item_id: str, draft: Draft) -> Published:
        """No call changes anything where all is as in the draft."""
        _fits(draft)
        there = await self._read(item_id)
        if there is None:
            raise _refused("unknown_product", "the shop has no such product")
        return await self._brought(*there, draft, await self._units_for(draft))

    async def standing(self, item_id: str) -> Published | None:
        there = await self._read(item_id)
        return None if there is None else self._published(*there)

    async def _brought(self, row: Any, rows: _Rows, draft: Draft, units: publishing.Units) -> Published:
        """The product itself first, for a variation may only have values that it has; it appears when all is there."""
        item = _read(row, publishing.Item)
        if item.type in ("grouped", "external"):
            raise _refused(
                "wrong_kind", f"this product of the shop is {item.type}, and has nothing for sale of its own"
            )
        brand = await self._brand(item, draft.brand)
        variations = _read(rows, list[publishing.Item])
        draft = drafts.adopted(draft, item)
        with wire.readable(TITLE):
            number = int(item.id)
            wish = drafts.changed(item, draft, units, brand)
            batch = drafts.variations(variations, draft, units, item.copies)
        status = {} if item.is_shown is draft.is_shown else {"status": "publish" if draft.is_shown else "draft"}
        is_last = draft.is_shown and bool(draft.options)
        if batch.delete:  # the product itself takes over the SKU of one of them
            await self._batch(number, batch)
        if body := wish if is_last else {**wish, **status}:
            item = _read((await self._put(number, body)).body, publishing.Item)
            with wire.readable(TITLE):
                batch = drafts.variations(variations, draft, units, item.copies)
        if not batch.delete:
            await self._batch(number, batch)
        if status and is_last:
            await self._put(number, status)
        if not (wish or status or batch.parts(1)):
            return self._published(row, rows)
        there = await self.standing(str(number))
        if there is None:
            raise Unavailable(remote=TITLE, reason="the product is not there yet")
        return there

    async def _put(self, number: int, body: dict[str, Any]) -> Reply:
        return await self.client.ask("PUT", f"/products/{number}", body=body)

    async def _batch(self, number: int, batch: drafts.Batch) -> None:
        """Raises: what the first refused entry means, when the others of its call are done."""
        for part in batch.parts(_PAGE):
            reply = await self.client.ask("POST", f"/products/{number}/variations/batch", body=part)
            if trouble := _read(reply.body, publishing.BatchReply).trouble:
                said = {"remote": TITLE, "remote_code": trouble.code, "remote_message": trouble.message}
                raise Unavailable(**said) if trouble.is_passing else RemoteRefused(**said)

    async def _brand(self, item: publishing.Item, name: str) -> int | None:
        """The number of a brand that is to be set, made where the shop has none of this name.

        0 where nothing is to be set; None in a shop that has no brands (before 9.6, or switched off).
        """
        if not name or name.casefold() in {each.text.casefold() for each in item.brands or ()}:
            return 0
        if item.brands is None:
            return None
        reply = await self.client.get("/products/brands", [("search", name), ("per_page", str(_PAGE))])
        with wire.readable(TITLE):
            terms = msgspec.convert(reply.rows, list[publishing.Term], strict=False)
            same = [int(each.id) for each in terms if each.text.casefold() == name.casefold()]
        if same:
            return same[0]
        made = _read((await self.client.ask("POST", "/products/brands", body={"name": name})).body, publishing.Term)
        with wire.readable(TITLE):
            return int(made.id)

    async def _units_for(self, draft: Draft) -> publishing.Units:
        """In what the shop weighs and measures, asked for once. A key may not be let to know: nothing is sent then, for
        a figure in a wrong unit makes a wrong fee of every parcel."""
        facts = ("weight_g", "length_mm", "width_mm", "height_mm")
        if all(getattr(variant, fact) is None for variant in draft.variants for fact in facts):
            return publishing.Units()
        if self._units is None:
            try:
                reply = await self.client.get("/settings/products")
            except RemoteRefused as refused:
                if not (is_account_wide(refused) or is_unknown(refused)):
                    raise
                self._units = publishing.Units()
            else:
                with wire.readable(TITLE):
                    self._units = publishing.units(msgspec.convert(reply.rows, list[publishing.Setting], strict=False))
        return self._units

    async def _read(self, item_id: str) -> tuple[Any, _Rows] | None:
        """A product and its variations as they came; None where the shop has none of this number, or in its bin."""
        if not (item_id.isascii() and item_id.isdigit()):
            return None
        try:
            reply = await self.client.get(f"/products/{item_id}")
        except RemoteRefused as refused:
            if is_unknown(refused):
                return None
            raise
        item = _read(reply.body, publishing.Item)
        if item.status == "trash":
            return None
        if not item.is_variable:
            return reply.body, []
        return reply.body, await self._all(f"/products/{item_id}/variations", [("orderby", "id"), ("order", "asc")])

    async def _all(self, path: str, params: Sequence[tuple[str, str]]) -> _Rows:
        """The rows of all pages. A page that brings nothing new is the last one, whatever the shop says of more."""
        found: dict[Any, Any] = {}
        page = 1
        while True:
            reply = await self.client.get(path, [*params, ("page", str(page)), ("per_page", str(_PAGE))])
            with wire.readable(TITLE):
                fresh = {str(_read(row, publishing.Term).id): row for row in reply.rows}
                is_over = not fresh.keys() - found.keys() or not reply.has_more(page, _PAGE)
            found |= fresh
            if is_over:
                return list(found.values())
            page += 1

    def _published(self, row: Any, rows: _Rows) -> Published:
        item, currency, now = _read(row, publishing.Item), self.account.currency, self.client.clock()
        with wire.readable(TITLE):
            product = msgspec.convert(row, products.Product, strict=False)
            if item.is_variable:
                variations = msgspec.convert(rows, list[products.Variation], strict=False)
                listings = products.listings(product, variations, currency, now)
            else:
                listings = [products.listing(product, currency, now)]
        return Published(item.state, str(item.id), listings=listings, url=item.permalink)


def _fits(draft: Draft) -> None:
    for variant in draft.variants:
        if len(variant.values) != len(draft.options):
            raise ValueError(f"{variant.sku} has {len(variant.values)} values for {len(draft.options)} options")


def _searches(skus: Sequence[str]) -> list[str]:
    """A list of SKUs is parted by commas; one that has a comma in it goes by itself and is then taken whole too."""
    plain = [sku for sku in skus if "," not in sku]
    parts = [",".join(plain[start : start + _SKUS]) for start in range(0, len(plain), _SKUS)]
    return [*parts, *(sku for sku in skus if "," in sku)]


def _read(said: Any, kind: type[StructT]) -> StructT:
    with wire.readable(TITLE):
        return msgspec.convert(said, kind, strict=False)


def _refused(code: str, message: str) -> RemoteRefused:
    return RemoteRefused(remote=TITLE, remote_code=code, remote_message=message)
