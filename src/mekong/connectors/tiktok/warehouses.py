"""Where each SKU lies. A stock write is taken only with every warehouse that the SKU is assigned to.

A write must not wait for a question that was answered before, so what was learned is kept in memory, for as long as the
connector lives. It may grow old: after a write that failed, the SKU is forgotten and asked about again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from mekong.channels.socket import wire
from mekong.connectors.tiktok import paths
from mekong.connectors.tiktok.client import TITLE, Client, is_unknown
from mekong.connectors.tiktok.mapping import products
from mekong.foundation.errors import NeedsReconnect, RemoteRefused

MOST_SKUS = 600
"""SKUs that one question takes."""


@dataclass
class Warehouses:
    """The warehouses of one shop and its SKUs."""

    client: Client

    def __post_init__(self) -> None:
        self._known: dict[str, tuple[str, ...]] = {}
        self._wanted: dict[str, None] = {}
        self._main: str | None = None
        self._turn = asyncio.Lock()

    def want(self, sku_ids: Iterable[str]) -> None:
        """These will be written soon: the next question asks about them as well."""
        self._wanted.update(dict.fromkeys(sku_id for sku_id in sku_ids if sku_id not in self._known))

    def learn(self, places: Mapping[str, Sequence[str]]) -> None:
        """What a reply said by the way: warehouses by SKU."""
        self._known.update({sku_id: tuple(each) for sku_id, each in places.items() if each})

    def forget(self, sku_ids: Iterable[str]) -> None:
        for sku_id in sku_ids:
            self._known.pop(sku_id, None)

    def remembered(self, sku_ids: Iterable[str]) -> frozenset[str]:
        """Those of these SKUs that need no question."""
        return frozenset(sku_id for sku_id in sku_ids if sku_id in self._known)

    async def of(self, sku_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The warehouses of each SKU. One that lies nowhere, or is unknown, gets the shop's main warehouse; none where
        the shop has none."""
        if any(sku_id not in self._known for sku_id in sku_ids):
            async with self._turn:
                await self._ask([sku_id for sku_id in sku_ids if sku_id not in self._known])
        places = {sku_id: self._known.get(sku_id, ()) for sku_id in sku_ids}
        if all(places.values()):
            return places
        main = await self.main()
        return {sku_id: each or ((main,) if main else ()) for sku_id, each in places.items()}

    async def _ask(self, missing: Sequence[str]) -> None:
        if not missing:
            return  # answered while we waited for our turn
        asked = list(dict.fromkeys([*missing, *self._wanted]))[: max(MOST_SKUS, len(missing))]
        found = await self.stock(asked)
        self.learn({sku_id: sku.warehouses for sku_id, sku in found.items()})
        for sku_id in asked:
            self._wanted.pop(sku_id, None)
        for sku_id in missing:
            self._known.setdefault(sku_id, ())

    async def stock(self, sku_ids: Sequence[str]) -> dict[str, products.SkuStock]:
        """What the platform has of these SKUs; those it does not know are missing."""
        found: dict[str, products.SkuStock] = {}
        for start in range(0, len(sku_ids), MOST_SKUS):
            found |= await self._search(sku_ids[start : start + MOST_SKUS])
        return found

    async def _search(self, sku_ids: Sequence[str]) -> dict[str, products.SkuStock]:
        """One question. Where one unknown SKU makes it fail whole: by halves, down to that SKU."""
        try:
            said = await self.client.post(paths.INVENTORY_SEARCH, {"sku_ids": list(sku_ids)})
        except RemoteRefused as refused:
            if not is_unknown(refused):
                raise
            middle = len(sku_ids) // 2
            halves = sku_ids[:middle], sku_ids[middle:]
            return {**await self._search(halves[0]), **await self._search(halves[1])} if middle else {}
        with wire.readable(TITLE):
            return msgspec.convert(said, products.Inventory, strict=False).by_sku()

    async def main(self) -> str:
        """The shop's main warehouse; "" while there is none, or where the app may not know."""
        if self._main is not None:
            return self._main
        try:
            said = await self.client.get(paths.WAREHOUSES)
        except NeedsReconnect:
            raise
        except RemoteRefused:
            self._main = ""  # a question of permission: it would be refused again before every write
            return ""
        with wire.readable(TITLE):
            found = msgspec.convert(said, products.WarehouseList, strict=False).main()
        self._main = found or None
        return found
