"""Variants and channels at hand in this process, so that a hot path needs no statement to know what is sold and where.

Kept until the database says that something changed (NOTIFY `mekong_catalog`, `mekong_channels`); while nobody listens to
it, for `DEAF_S` only.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from django.db import InterfaceError, OperationalError, connection

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import VariantView
from mekong.channels import queries as channels
from mekong.faces.express.listening import CATALOG, CHANNELS, PRICING, ear
from mekong.foundation.actor import SYSTEM
from mekong.foundation.combiner import Combiner
from mekong.foundation.errors import Unavailable
from mekong.foundation.pipeline import close_connection, reuse_connection
from mekong.inventory import queries as inventory
from mekong.orders.errors import UnknownChannel
from mekong.pricing.shelf import shelf

KEPT_S, DEAF_S = 300.0, 10.0
"""Reading all of it anew holds up whoever asks meanwhile, so a process that would be told of changes does it rarely."""
_MOST = 200_000


class _Read(NamedTuple):
    """What one look into the database found; channels and locations only when they were asked for."""

    variants: Mapping[str, VariantView]
    channels: frozenset[str]
    locations: Mapping[int, str]


def _read(asked: Sequence[Collection[str]]) -> list[_Read]:
    """Serve a batch of asks: SKUs, or none at all for channels and locations."""
    reuse_connection()
    skus = {sku for each in asked for sku in each}
    wants_places = any(not each for each in asked)
    try:
        found = catalog.variants_by_sku(actor=SYSTEM, skus=skus).values() if skus else ()
        codes = channels.open_channels() if wants_places else frozenset[str]()
        places = inventory.list_locations(actor=SYSTEM) if wants_places else ()
    except (OperationalError, InterfaceError) as lost:
        connection.close()
        raise Unavailable from lost
    read = _Read({view.sku.casefold(): view for view in found}, codes, {view.id: view.code for view in places})
    return [read] * len(asked)


class Catalogue:
    """What this process remembers. `turn` moves when it forgets: what was being read then is not kept.

    What many ask for at once is read at once: after it forgot, a thousand SKUs come back with a few statements.
    """

    def __init__(self) -> None:
        self._reader: Combiner[Collection[str], _Read] = Combiner("catalogue", _read, finish=close_connection)
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
        if topic in (CATALOG, "*"):
            shelf.forget_goods()
        if topic in (PRICING, "*"):
            shelf.forget()

    async def variants(self, skus: Collection[str]) -> dict[str, VariantView]:
        """Each known SKU's variant, under its SKU in lower case; unknown ones are missing."""
        kept_s = KEPT_S if ear.hears else DEAF_S
        if time.monotonic() - self._read_at > kept_s or len(self._variants) > _MOST:
            self.forget()
        # Taken before the wait below: everything may be forgotten while the rest is read.
        known = {key: view for sku in skus if (view := self._variants.get(key := sku.casefold())) is not None}
        missing = [sku for sku in skus if sku.casefold() not in known]
        if missing:
            read = (await self._ask(missing)).variants
            known.update({key: view for sku in missing if (view := read.get(key := sku.casefold())) is not None})
        return known

    async def location_code(self, location_id: int) -> str:
        """A location's code, for answers."""
        code = self._locations.get(location_id) or (await self._ask(())).locations.get(location_id)
        return code or str(location_id)

    async def channel(self, code: str) -> str:
        """The code of an open channel, as it is kept. Tills may call themselves pos or till. Raises: UnknownChannel."""
        known = self._channels or (await self._ask(())).channels
        wanted = code.strip().lower()
        wanted = wanted if wanted in known else _ALSO_CALLED.get(wanted, wanted)
        if wanted not in known:
            raise UnknownChannel(field="channel", channel=code, known=", ".join(sorted(known)))
        return wanted

    def stop(self) -> None:
        """End the reading thread. Afterwards the catalogue can be used again."""
        self._reader.stop()

    async def _ask(self, skus: Collection[str]) -> _Read:
        turn = self._turn
        read = await self._reader.acall(skus)
        if turn == self._turn:
            self._variants.update(read.variants)
            self._locations.update(read.locations)
            self._channels = read.channels or self._channels
        return read


_ALSO_CALLED = {"pos": "store", "till": "store", "shop": "web", "online": "web", "call": "phone"}

catalogue = Catalogue()
