"""The platform in memory, as one that takes products: with categories, attributes and a reviewer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mekong.channels import commands, queries, registry
from mekong.channels.calling import calls
from mekong.channels.contracts.publishing import PublicationView
from mekong.channels.models import Listing, Publication
from mekong.channels.registry import Plug
from mekong.channels.remote import publishing as asking
from mekong.channels.socket import Account, Connector, ListingKey, Looks, RemoteListing, Secrets, Transport
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
from mekong.foundation.delivery import deliver_due
from mekong.foundation.errors import RemoteRefused
from tests.support.bazaar import MANIFEST, Bazaar, Platform
from tests.support.marketplaces import a_catalogue

CATEGORIES = (
    RemoteCategory("1", "Thời trang nữ", is_leaf=False),
    RemoteCategory("11", "Áo", "1", is_leaf=False),
    RemoteCategory("111", "Áo thun", "11"),
    RemoteCategory("112", "Áo sơ mi", "11"),
    RemoteCategory("2", "Sách"),
)
MATERIAL = RemoteAttribute(
    "m", "Chất liệu", AttributeKind.CHOICE, True,
    choices=(RemoteChoice("m1", "Cotton"), RemoteChoice("m2", "Len")), takes_own_words=False,
)  # fmt: skip


@dataclass
class Fair(Platform):
    """`products`: what was made, by item. `acts`: calls that write, in order. `trouble` is raised by the next of them,
    before or (`is_late`) after its effect. `reviews`: what is made waits for `decide`."""

    asks: dict[str, tuple[RemoteAttribute, ...]] = field(default_factory=dict)
    products: dict[str, Draft] = field(default_factory=dict)
    states: dict[str, PublishedState] = field(default_factory=dict)
    reasons: dict[str, tuple[str, ...]] = field(default_factory=dict)
    pictures: list[Picture] = field(default_factory=list)
    acts: list[str] = field(default_factory=list)
    trouble: Exception | None = None
    is_late: bool = False
    reviews: bool = False
    refuses: Callable[[Draft], str] = field(default=lambda draft: "")

    def act(self, what: str, effect: Callable[[], None]) -> None:
        self.acts.append(what)
        trouble, self.trouble = self.trouble, None
        if trouble is None or self.is_late:
            effect()
        if trouble is not None:
            raise trouble

    def put(self, item: str, draft: Draft) -> None:
        said = self.refuses(draft)
        if said:
            raise RemoteRefused(remote="Bazaar", remote_code="bad_product", remote_message=said)
        self.products[item] = draft
        self.looks[item] = Looks(draft.name, draft.description, len(draft.pictures))
        if self.reviews:
            self.states[item] = PublishedState.REVIEWING
            return
        self.states[item] = PublishedState.LIVE if draft.is_shown else PublishedState.HIDDEN
        for each in draft.variants:
            key = ListingKey(item, each.sku)
            self.quantities.setdefault(key, 0)
            self.prices.setdefault(key, each.price_minor)
            self.skus[key] = each.sku

    def decide(self, item: str, state: PublishedState, *reasons: str) -> None:
        """The reviewer's word: what is approved is on sale from then on, whatever was wished."""
        self.reviews, self.reasons[item] = False, reasons
        self.put(item, self.products[item])
        self.states[item] = state

    def shown(self, item: str) -> Published:
        listings = [
            RemoteListing(key, self.skus[key], self.products[item].name, quantity, self.prices[key])
            for key, quantity in self.quantities.items()
            if key.item_id == item
        ]
        state = self.states[item]
        is_named = state is not PublishedState.REVIEWING or bool(listings)
        return Published(
            state, item if is_named else "", "" if state is not PublishedState.REVIEWING else f"t-{item}", listings,
            self.reasons.get(item, ()), f"https://bazaar.example/{item}",
        )  # fmt: skip


@dataclass
class FairStall(Bazaar):
    platform: Fair

    async def list_categories(self) -> list[RemoteCategory]:
        return list(CATEGORIES)

    async def list_attributes(self, *, category_id: str) -> list[RemoteAttribute]:
        return list(self.platform.asks.get(category_id, ()))

    async def upload_picture(self, *, picture: Picture) -> str:
        self.platform.pictures.append(picture)
        return f"p{len(self.platform.pictures)}"

    async def find_product(self, *, draft: Draft) -> Published | None:
        skus = {each.sku for each in draft.variants}
        platform = self.platform
        for item, made in platform.products.items():
            if skus & {each.sku for each in made.variants}:
                return platform.shown(item)
        return None

    async def create_product(self, *, draft: Draft) -> Published:
        self.platform.number += 1
        item = f"new{self.platform.number}"
        self.platform.act("create", lambda: self.platform.put(item, draft))
        return self.platform.shown(item)

    async def update_product(self, *, item_id: str, draft: Draft) -> Published:
        self.platform.act(f"update {item_id}", lambda: self.platform.put(item_id, draft))
        return self.platform.shown(item_id)

    async def check_product(self, *, item_id: str, ticket: str) -> Published | None:
        item = item_id or ticket.removeprefix("t-")
        return self.platform.shown(item) if item in self.platform.products else None


def a_fair(monkeypatch: pytest.MonkeyPatch, *, needs: Sequence[Need] = (Need("category"),)) -> Fair:
    """A platform that takes products, with a shop of ours: the channel bz. Three shirts in the category `ao`, which is
    mapped to 111."""
    from mekong.catalog import commands as catalog

    calls.forget()
    fair = Fair()

    def connect(account: Account, transport: Transport) -> Connector:
        return FairStall(account, fair)

    manifest = replace(MANIFEST, capabilities=MANIFEST.capabilities | {"PublishesProducts"})
    plug = Plug(manifest, connect, {"app_key": "Key"}, needs=tuple(needs))
    monkeypatch.setattr(registry, "connectors", lambda: {"bazaar": plug})
    a_catalogue(["AO-1", "AO-2", "AO-3"], 10)
    catalog.create_category(actor=SYSTEM, name="Áo", code="ao")
    for sku in ("AO-1", "AO-2", "AO-3"):
        change(sku, category="ao")
    commands.create_channel(actor=SYSTEM, code="bz", name="Bazaar", kind="bazaar", shop_id="1", now=now())
    commands.connect(actor=SYSTEM, code="bz", secrets=Secrets("k", "s", "t", "r"), now=now())
    asking.read_categories(actor=SYSTEM, channel="bz")
    asking.map_category(actor=SYSTEM, channel="bz", category="ao", external_id="111")
    while deliver_due(now=now()):  # what was said until here turns nothing that is published later
        pass
    return fair


def now() -> datetime:
    return datetime.now(UTC)


def product_id(sku: str) -> int:
    from mekong.catalog import queries as catalog

    return catalog.get_product(actor=SYSTEM, sku=sku).id


def change(sku: str, **fields: Any) -> None:
    from mekong.catalog import commands as catalog
    from mekong.catalog.contracts import ProductChange

    catalog.update_product(actor=SYSTEM, product_id=product_id(sku), change=ProductChange(**fields), now=now())


def publish(*skus: str) -> Any:
    ids = [product_id(sku) for sku in skus]
    return commands.publish_products(actor=SYSTEM, channel="bz", product_ids=ids, now=now())


def view(sku: str) -> PublicationView:
    (found,) = queries.publishing.publications_of(actor=SYSTEM, product_id=product_id(sku))
    return found


def row(sku: str) -> Publication:
    return Publication.objects.get(product_id=product_id(sku))


def listing(sku: str) -> Listing:
    return Listing.objects.select_related("sync").get(variant__sku=sku)
