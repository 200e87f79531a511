"""Everything one process stands in for, put together."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import msgspec

from mekong_sandbox.clock import Clock, Timers
from mekong_sandbox.faults import Faults
from mekong_sandbox.lazada.platform import LazadaPlatform
from mekong_sandbox.limits import Limits
from mekong_sandbox.notices import Outbox
from mekong_sandbox.pictures import Pictures
from mekong_sandbox.platform import Platform
from mekong_sandbox.settings import Settings
from mekong_sandbox.shopee.platform import ShopeePlatform
from mekong_sandbox.shopify.platform import ShopifyPlatform
from mekong_sandbox.stats import Stats
from mekong_sandbox.store import Store
from mekong_sandbox.tiki.platform import TikiPlatform
from mekong_sandbox.tiktok.platform import TikTokPlatform
from mekong_sandbox.woocommerce.platform import WooCommercePlatform

log = logging.getLogger("mekong_sandbox")


class Meta(msgspec.Struct):
    """Figures that must never fall back: skipped seconds and the last number given out per kind."""

    offset_s: float = 0.0
    numbers: dict[str, int] = {}


class World:
    """The platforms, their clock, faults, notices and what they remember."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder)
        stored = dict(self.store.load("settings", Settings))
        self.settings = stored.get("settings", Settings())
        self.meta = dict(self.store.load("meta", Meta)).get("meta", Meta())
        self.clock = Clock(self.meta.offset_s)
        self.timers = Timers(self.clock)
        self.faults = Faults()
        self.limits = Limits()
        self.stats = Stats()
        self.pictures = Pictures(self.store)
        self.outbox = Outbox(self)
        shopee, lazada = ShopeePlatform(self), LazadaPlatform(self)
        self.shopee, self.lazada = shopee.market, lazada.market
        woocommerce = WooCommercePlatform(self)
        self.woocommerce = woocommerce.market
        shopify = ShopifyPlatform(self)
        self.shopify = shopify.market
        tiki = TikiPlatform(self)
        self.tiki = tiki.market
        tiktok = TikTokPlatform(self)
        self.tiktok = tiktok.market
        # TikTok first: its two token paths are among those that Shopee claims.
        ordered = (tiktok, shopee, lazada, woocommerce, shopify, tiki)
        self.platforms: dict[str, Platform] = {one.name: one for one in ordered}
        self.outbox.senders = {one.name: one.push for one in self.platforms.values() if one.push is not None}
        self.outbox.load()
        for platform in self.platforms.values():
            platform.load()

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin writing, timing and sending."""
        self.store.start(loop)
        self.timers.start(loop)
        self.outbox.start()
        for platform in self.platforms.values():
            platform.resume()

    async def stop(self) -> None:
        """End sending and write everything."""
        await self.outbox.stop()
        self.store.close()

    def number(self, kind: str, first: int, step: int = 1) -> int:
        """The next number of a kind; `step` numbers are taken. Never given out twice, restarts included."""
        value = self.meta.numbers.get(kind, first)
        self.meta.numbers[kind] = value + step
        self.store.save("meta", "meta", self.meta)
        return value

    def use_settings(self, settings: Settings) -> None:
        """Switch and remember."""
        self.settings = settings
        self.store.save("settings", "settings", settings)

    def skip(self, seconds: float) -> None:
        """Fast-forward every deadline."""
        self.timers.advance(seconds)
        self.meta.offset_s = self.clock.offset_s
        self.store.save("meta", "meta", self.meta)

    def reset(self) -> None:
        """Forget shops, products, orders, tokens, faults and figures. Numbers go on, settings return to default."""
        numbers = self.meta.numbers
        self.store.wipe()
        self.timers.clear()
        self.outbox.clear()
        self.faults.clear()
        self.stats.clear()
        self.pictures.clear()
        self.meta = Meta(numbers=numbers)
        self.clock.offset_s = 0.0
        self.store.save("meta", "meta", self.meta)
        self.use_settings(Settings())
        for platform in self.platforms.values():
            platform.clear()
