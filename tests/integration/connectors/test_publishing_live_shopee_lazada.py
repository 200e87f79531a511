"""Products made, found, changed and hidden on the stand-ins of Shopee and Lazada, over HTTP."""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import Coroutine, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
import pytest

from benchmarks.marketplaces import STALLS
from mekong.channels.registry import plug
from mekong.channels.socket import Account, ListingKey, PublishesProducts, Request, Response, StockPush
from mekong.channels.socket.publishing import (
    AttributeKind,
    Draft,
    DraftOption,
    DraftVariant,
    Picture,
    Published,
    PublishedState,
    RemoteAttribute,
    Value,
)
from mekong.foundation.errors import RemoteRefused
from tests.support.marketplaces import Sandbox

MARKETS = ("shopee", "lazada")
T = TypeVar("T")


class Wire:
    """Each request once, over HTTP; which of them were not mere readings is kept."""

    def __init__(self) -> None:
        self.writes: list[str] = []

    async def send(self, request: Request) -> Response:
        async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
            got = await http.request(
                request.method, request.url, params=list(request.params) or None, headers=dict(request.headers),
                content=request.body,
            )  # fmt: skip
        if request.method != "GET":
            self.writes.append(httpx.URL(request.url).path)
        return Response(got.status_code, got.content, dict(got.headers))


class Stall:
    """An empty shop on the stand-in, and the connector that speaks to it."""

    def __init__(self, sandbox: Sandbox, market: str) -> None:
        stall, now = STALLS[market], datetime.now(UTC)
        made = sandbox.post(f"{market}/{stall.shops}", {"callback_url": "", "rate": 0, "burst": 0})
        url = sandbox.url + made.get("base_path", "")
        account = Account(
            market, str(made[stall.number]), stall.secrets(made, now), url, url if stall.has_auth_host else ""
        )
        self.market, self.wire = market, Wire()
        self.shop: Any = plug(market).factory(account, self.wire)

    def leaf(self) -> tuple[str, list[RemoteAttribute]]:
        """A category that takes products and knows what sets variants apart, where there is one."""
        leaves = [one.id for one in run(self.shop.list_categories()) if one.is_leaf]
        asked = {leaf: run(self.shop.list_attributes(category_id=leaf)) for leaf in leaves[:20]}
        return max(asked.items(), key=lambda each: sum(one.is_option for one in each[1]))

    def listed(self) -> dict[str, ListingKey]:
        page = run(self.shop.pull_listings(cursor=None))
        return {one.sku: one.key for one in page.listings}


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield sandbox
    sandbox.stop()


@pytest.fixture(params=MARKETS)
def stall(request: pytest.FixtureRequest, stand_in: Sandbox) -> Stall:
    return Stall(stand_in, request.param)


def a_png(side: int, shade: int) -> bytes:
    """A real picture, of one colour."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = (b"\x00" + bytes([shade, 60, 60]) * side) * side
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def upload(stall: Stall, shade: int) -> str:
    picture = Picture(a_png(600, shade), "image/png", f"áo {shade}.png", 600, 600)
    return str(run(stall.shop.upload_picture(picture=picture)))


def answered(asked: list[RemoteAttribute]) -> dict[str, tuple[Value, ...]]:
    """Something for every attribute that must have a value."""
    words = {AttributeKind.NUMBER: "12", AttributeKind.DATE: "2026-12-31"}
    found: dict[str, tuple[Value, ...]] = {}
    for one in asked:
        if one.is_required and not one.is_option:
            unit = next(iter(one.units), "")
            choice = next(iter(one.choices), None)
            value = Value(choice.name, choice.id, unit) if choice else Value(words.get(one.kind, "Có"), unit=unit)
            found[one.id] = (value,)
    return found


def a_draft(stall: Stall, *, has_variants: bool) -> Draft:
    category_id, asked = stall.leaf()
    lead, red = upload(stall, 200), upload(stall, 90)
    draft = Draft(
        code="AO",
        category_id=category_id,
        name="Áo thun cotton cổ tròn",
        description="Mềm & mát, giặt máy được.\n\nCỡ < L thì rộng. " + "Vải dày dặn, không xù. " * 12,
        variants=(DraftVariant("AO-1", 120_000, (), "", 250, 200, 150, 31),),
        attributes=answered(asked),
        pictures=(lead,),
    )
    if not has_variants:
        return draft
    option = next((one for one in asked if one.is_option), None)
    values = [Value(one.name, one.id) for one in option.choices[:3]] if option and len(option.choices) > 2 else []
    values = values or [Value("Đỏ"), Value("Xanh"), Value("Lục")]
    return replace(
        draft,
        options=(DraftOption(option.name if option else "Màu sắc", option.id if option else ""),),
        variants=tuple(
            DraftVariant(f"AO-{at}", 120_000 + at * 1000, (value,), "", 250, 200, 150, 31, red if at == 0 else "")
            for at, value in enumerate(values)
        ),
    )


def on_sale(published: Published) -> dict[str, ListingKey]:
    return {one.sku: one.key for one in published.listings if one.is_active}


def settled(stall: Stall, made: Published) -> Published:
    """Where it stands once the platform is done with a first look at it."""
    found = run(stall.shop.check_product(item_id=made.item_id, ticket=made.ticket))
    assert found is not None
    return found  # type: ignore[no-any-return]


def test_both_connectors_publish_products(stall: Stall) -> None:
    assert "PublishesProducts" in stall.shop.manifest.capabilities
    assert isinstance(stall.shop, PublishesProducts)


def test_the_tree_has_parents_before_children_and_leaves_with_attributes(stall: Stall) -> None:
    tree = run(stall.shop.list_categories())
    seen = {""}
    for one in tree:
        assert one.parent_id in seen
        seen.add(one.id)
    parents = {one.parent_id for one in tree}
    assert all(one.is_leaf is (one.id not in parents) for one in tree)
    _, asked = stall.leaf()
    assert len({one.id for one in asked}) == len(asked) > 0


@pytest.mark.parametrize("has_variants", [False, True])
def test_a_product_is_made_once_and_found_again(stall: Stall, *, has_variants: bool) -> None:
    draft = a_draft(stall, has_variants=has_variants)
    assert run(stall.shop.find_product(draft=draft)) is None

    made = run(stall.shop.create_product(draft=draft))
    assert {one.sku for one in made.listings} == {one.sku for one in draft.variants}
    found = run(stall.shop.find_product(draft=draft))
    assert found is not None
    assert found.item_id == made.item_id
    assert {one.sku: one.key for one in found.listings} == stall.listed()
    prices = {one.sku: one.price_minor for one in found.listings}
    assert prices == {one.sku: one.price_minor for one in draft.variants}
    assert {one.quantity for one in found.listings} == {0}

    stall.wire.writes.clear()
    again = run(stall.shop.update_product(item_id=made.item_id, draft=draft))
    assert stall.wire.writes == []
    assert again.item_id == made.item_id


def test_a_product_is_renamed_and_its_variants_come_and_go(stall: Stall) -> None:
    draft = a_draft(stall, has_variants=True)
    first, second, third = draft.variants
    made = run(stall.shop.create_product(draft=replace(draft, variants=(first, second))))
    keys = {one.sku: one.key for one in made.listings}
    run(stall.shop.push_stock([StockPush(keys[first.sku], first.sku, 7)]))

    wider = replace(draft, name="Áo thun cotton tay dài", variants=(first, second, third))
    stands = run(stall.shop.update_product(item_id=made.item_id, draft=wider))
    assert {one.sku for one in stands.listings} == {first.sku, second.sku, third.sku}
    assert {one.sku: one.key for one in stands.listings}.items() >= keys.items()
    assert {one.sku: one.quantity for one in stands.listings} == {first.sku: 7, second.sku: 0, third.sku: 0}
    assert all("tay dài" in one.name for one in stands.listings)

    narrower = replace(wider, variants=(first, third))
    stands = run(stall.shop.update_product(item_id=made.item_id, draft=narrower))
    assert on_sale(stands).keys() == {first.sku, third.sku}
    assert on_sale(stands)[first.sku] == keys[first.sku]
    assert next(one.quantity for one in stands.listings if one.sku == first.sku) == 7

    stall.wire.writes.clear()
    run(stall.shop.update_product(item_id=made.item_id, draft=narrower))
    assert stall.wire.writes == []


@pytest.mark.parametrize("has_variants", [False, True])
def test_a_product_is_hidden_and_shown(stall: Stall, *, has_variants: bool) -> None:
    draft = a_draft(stall, has_variants=has_variants)
    made = run(stall.shop.create_product(draft=draft))
    if settled(stall, made).state is PublishedState.REVIEWING:
        pytest.skip("this stand-in reviews what is new first")
    hidden = run(stall.shop.update_product(item_id=made.item_id, draft=replace(draft, is_shown=False)))
    assert hidden.state is PublishedState.HIDDEN
    assert on_sale(hidden) == {}
    assert settled(stall, made).state is PublishedState.HIDDEN
    shown = run(stall.shop.update_product(item_id=made.item_id, draft=draft))
    assert shown.state is PublishedState.LIVE
    assert on_sale(shown).keys() == {one.sku for one in draft.variants}


def test_a_product_made_hidden_is_not_on_sale(stall: Stall) -> None:
    draft = replace(a_draft(stall, has_variants=True), is_shown=False)
    made = run(stall.shop.create_product(draft=draft))
    assert made.state in {PublishedState.HIDDEN, PublishedState.REVIEWING}
    assert on_sale(made) == {}


def test_a_draft_without_what_must_be_is_refused_in_the_platforms_words(stall: Stall) -> None:
    draft = a_draft(stall, has_variants=False)
    with pytest.raises(RemoteRefused) as failed:
        run(stall.shop.create_product(draft=replace(draft, pictures=(), name="")))
    assert failed.value.params["remote_message"]
    assert run(stall.shop.find_product(draft=draft)) is None


def test_what_the_platform_does_not_know_stands_nowhere(stall: Stall) -> None:
    assert run(stall.shop.check_product(item_id="987654321", ticket="")) is None
    with pytest.raises(RemoteRefused):
        run(stall.shop.update_product(item_id="987654321", draft=a_draft(stall, has_variants=False)))
    with pytest.raises(RemoteRefused):
        run(stall.shop.list_attributes(category_id="987654321"))
