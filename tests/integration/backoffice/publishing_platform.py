"""A platform in memory that takes products, for tests of the pages."""
# ruff: noqa: ARG002 - a capability's shape is the socket's, needed here or not

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from mekong.catalog import commands as catalog
from mekong.catalog import queries as catalogue
from mekong.catalog.contracts import NewProduct, NewVariant
from mekong.channels import commands, registry
from mekong.channels.calling import calls
from mekong.channels.registry import Plug
from mekong.channels.socket import Account, Connector, ListingKey, RemoteListing, Secrets, Transport
from mekong.channels.socket.listing_needs import Need
from mekong.channels.socket.publishing import (
    AttributeKind,
    Draft,
    Picture,
    Published,
    PublishedState,
    RemoteAttribute,
    RemoteCategory,
    RemoteChoice,
)
from mekong.foundation.actor import SYSTEM
from tests.support.bazaar import MANIFEST, Bazaar, Platform

TREE = (
    RemoteCategory("1", "Thời trang nữ", "", False),
    RemoteCategory("11", "Áo", "1", False),
    RemoteCategory("111", "Áo thun", "11"),
    RemoteCategory("112", "Áo <b>khoác</b>", "11"),
    RemoteCategory("2", "Nhà cửa", "", False),
    RemoteCategory("21", "Bình hoa", "2"),
)
MADE_OF = RemoteAttribute(
    "100", "Chất liệu", AttributeKind.CHOICE, is_required=True,
    choices=(RemoteChoice("c1", "Cotton"), RemoteChoice("c2", "Lụa")), takes_own_words=False,
)  # fmt: skip
ASKED = (
    MADE_OF,
    RemoteAttribute("101", "Xuất xứ", AttributeKind.TEXT, is_required=True),
    RemoteAttribute("102", "Cân nặng vải", AttributeKind.NUMBER, units=("g/m2", "oz")),
    RemoteAttribute(
        "103", "Mùa", AttributeKind.CHOICES,
        choices=(RemoteChoice("m1", "Hè"), RemoteChoice("m2", "Đông")), takes_own_words=False,
    ),
)  # fmt: skip


@dataclass
class Shelf(Platform):
    """`asked`: what it asks by category; `made`: drafts it took, in order; `trouble` is raised by the next call."""

    tree: Sequence[RemoteCategory] = TREE
    asked: dict[str, Sequence[RemoteAttribute]] = field(default_factory=lambda: {"111": ASKED})
    made: list[Draft] = field(default_factory=list)
    trouble: Exception | None = None

    def fail(self) -> None:
        if self.trouble is not None:
            trouble, self.trouble = self.trouble, None
            raise trouble


@dataclass
class Publisher(Bazaar):
    """A bazaar that takes products, too."""

    platform: Shelf = field(default_factory=Shelf)

    async def list_categories(self) -> list[RemoteCategory]:
        self.platform.fail()
        return list(self.platform.tree)

    async def list_attributes(self, *, category_id: str) -> list[RemoteAttribute]:
        self.platform.fail()
        return list(self.platform.asked.get(category_id, ()))

    async def upload_picture(self, *, picture: Picture) -> str:
        return f"p-{picture.name}"

    async def find_product(self, *, draft: Draft) -> Published | None:
        return next((self._said(each) for each in self.platform.made if each.code == draft.code), None)

    async def create_product(self, *, draft: Draft) -> Published:
        self.platform.fail()
        self.platform.made.append(draft)
        return self._said(draft)

    async def update_product(self, *, item_id: str, draft: Draft) -> Published:
        self.platform.made.append(draft)
        return self._said(draft)

    async def check_product(self, *, item_id: str, ticket: str) -> Published | None:
        return None

    def _said(self, draft: Draft) -> Published:
        listings = [
            RemoteListing(ListingKey(f"i-{draft.code}", each.sku), each.sku, draft.name, 0, each.price_minor)
            for each in draft.variants
        ]
        state = PublishedState.LIVE if draft.is_shown else PublishedState.HIDDEN
        return Published(state, f"i-{draft.code}", "", listings, (), f"https://bazaar.example/{draft.code}")


def furnish(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """The channel bz on such a platform; categories ao › ao-thun and an empty one, and three shirts."""
    calls.forget()
    shelf = Shelf()
    manifest = replace(MANIFEST, capabilities=MANIFEST.capabilities | {"PublishesProducts"})

    def connect(account: Account, transport: Transport) -> Connector:
        return Publisher(account, shelf, manifest)

    plug = Plug(manifest, connect, {"app_key": "Key"}, needs=(Need("category"),))
    monkeypatch.setattr(registry, "connectors", lambda: {"bazaar": plug})
    now = datetime.now(UTC)
    commands.create_channel(actor=SYSTEM, code="bz", name="Bazaar", kind="bazaar", shop_id="1", now=now)
    commands.connect(actor=SYSTEM, code="bz", secrets=Secrets("k", "s", "t", "r"), now=now)
    catalog.create_category(actor=SYSTEM, code="ao", name="Áo quần")
    catalog.create_category(actor=SYSTEM, code="ao-thun", name="Áo thun", parent="ao")
    catalog.create_category(actor=SYSTEM, code="trong", name="Để trống")
    for place, name in enumerate(("Áo thun trơn", "Áo thun <i>in</i>", "Áo thun dài tay"), 1):
        variants = tuple(
            NewVariant(sku=f"AT-{place}-{size}", price_minor=150_000, option_values=(size,)) for size in ("S", "M")
        )
        product = NewProduct(
            name=name, code=f"AT-{place}", category="ao-thun", brand="Mộc Lan", options=("Cỡ",), variants=variants
        )
        catalog.create_product(actor=SYSTEM, product=product, now=now)
    return shelf


def product_id(code: str) -> int:
    return catalogue.get_product(actor=SYSTEM, sku=code).id
