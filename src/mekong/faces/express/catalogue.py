"""Variants and channels at hand in this process, so that a hot path needs no statement to know what is sold and where.

Kept until the database says that something changed (NOTIFY `mekong_catalog`, `mekong_channels`); while nobody listens to
it, for `DEAF_S` only.
"""

from __future__ import annotations

import time
from collections.abc import Collection

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import VariantView
from mekong.channels import queries as channels
from mekong.faces.express.http import in_thread
from mekong.faces.express.listening import CATALOG, CHANNELS, ear
from mekong.foundation.actor import SYSTEM
from mekong.inventory import queries as inventory
from mekong.orders.errors import UnknownChannel

KEPT_S, DEAF_S = 300.0, 10.0
"""Reading all of it anew holds up whoever asks meanwhile, so a process that would be told of changes does it rarely."""
_MOST = 200_000


class Catalogue:
    """What this process remembers. `turn` moves when it forgets: what was being read then is not kept."""

    def __init__(self) -> None:
        self._variants: dict[str, VariantView] = {}
        self._locations: dict[int, str] = {}
        self._channels: frozenset[str] = frozenset()
        self._turn = 0
        self._read_at = 0.0

    def forget(self) -> None:
        """Read everything anew when it is next asked for."""
        self._turn += 1
        self._variants.clear()
        self._locations.clear()
        self._channels = frozenset()
        self._read_at = time.monotonic()

    def hear(self, topic: str, _payload: str) -> None:
        """Listener of the process's ear."""
        if topic in (CATALOG, CHANNELS, "*"):
            self.forget()

    async def variants(self, skus: Collection[str]) -> dict[str, VariantView]:
        """Each known SKU's variant, under its SKU in lower case; unknown ones are missing."""
        kept_s = KEPT_S if ear.hears else DEAF_S
        if time.monotonic() - self._read_at > kept_s or len(self._variants) > _MOST:
            self.forget()
        # Taken before the wait below: everything may be forgotten while the rest is read.
        known = {key: view for sku in skus if (view := self._variants.get(key := sku.casefold())) is not None}
        missing = [sku for sku in skus if sku.casefold() not in known]
        if missing:
            turn = self._turn
            found = await in_thread(catalog.variants_by_sku, actor=SYSTEM, skus=missing)
            read = {view.sku.casefold(): view for view in found.values()}
            if turn == self._turn:
                self._variants.update(read)
            known.update(read)
        return known

    async def location_code(self, location_id: int) -> str:
        """A location's code, for answers."""
        if location_id not in self._locations:
            for view in await in_thread(inventory.list_locations, actor=SYSTEM):
                self._locations[view.id] = view.code
        return self._locations.get(location_id, str(location_id))

    async def channel(self, code: str) -> str:
        """The code of an open channel, as it is kept. Tills may call themselves pos or till. Raises: UnknownChannel."""
        if not self._channels:
            views = await in_thread(channels.list_channels, actor=SYSTEM)
            self._channels = frozenset(view.code for view in views if view.is_active)
        wanted = code.strip().lower()
        wanted = wanted if wanted in self._channels else _ALSO_CALLED.get(wanted, wanted)
        if wanted not in self._channels:
            raise UnknownChannel(field="channel", channel=code, known=", ".join(sorted(self._channels)))
        return wanted


_ALSO_CALLED = {"pos": "store", "till": "store", "shop": "web", "online": "web", "call": "phone"}

catalogue = Catalogue()
