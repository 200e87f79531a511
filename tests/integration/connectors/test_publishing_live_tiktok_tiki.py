"""Products made, found, changed and looked after on the stand-ins of TikTok Shop and Tiki, over HTTP."""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from mekong.channels.socket import Account, RateLimit
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
from mekong.channels.transport import HttpTransport, Wires, origins_of
from mekong.connectors.tiki.connector import Tiki
from mekong.connectors.tiktok.connector import TikTok
from mekong.foundation.errors import RemoteRefused, Unavailable

if TYPE_CHECKING:  # Django is set up after the tests are collected
    from tests.support.marketplaces import Sandbox

Seller = TikTok | Tiki
LIMITS = {"default": RateLimit(2000, 200)}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    from tests.support.marketplaces import Sandbox

    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield sandbox
    sandbox.stop()


@dataclass(frozen=True)
class Desk:
    """A shop on a stand-in, with its connector."""

    sandbox: Sandbox
    market: str
    shop_id: str
    seller: Seller
    sent: list[str]

    def settle(self, said: Published, *, approve: bool = True, reason: str = "") -> None:
        """The platform's people decide what waits."""
        decided = {"state": "approved" if approve else "rejected", "reason": reason}
        if self.market == "tiktok":
            self.sandbox.post("tiktok/reviews", {"product_id": said.item_id, **decided})
        for track in said.ticket.split(",") if self.market == "tiki" else ():
            self.sandbox.post("tiki/reviews", {"track_id": track, **decided})


def on(sandbox: Sandbox, market: str, play: Callable[[Desk], Awaitable[None]]) -> None:
    """Run a play at a new shop of a platform."""
    from benchmarks.marketplaces import STALLS

    stall = STALLS[market]
    sandbox.reset()
    sandbox.post("settings", {"tiktok_review": True, "tiki_review_s": 1000})
    made = sandbox.post(f"{market}/{stall.shops}", {"callback_url": "", "rate": 0, "burst": 0})
    url = sandbox.url + made.get("base_path", "")
    auth_url = url if stall.has_auth_host else ""
    account = Account(market, str(made[stall.number]), stall.secrets(made, datetime.now(UTC)), url, auth_url)

    async def played() -> None:
        transport = Counted(Wires(), LIMITS, origins_of(url))
        seller: Seller = TikTok(account, transport) if market == "tiktok" else Tiki(account, transport)
        try:
            await play(Desk(sandbox, market, account.shop_id, seller, transport.sent))
        finally:
            await transport.wires.aclose()

    asyncio.run(played())


class Counted(HttpTransport):
    """Keeps the writes that were sent."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.sent: list[str] = []

    async def send(self, request: Any) -> Any:
        if request.method != "GET" and not request.url.endswith("/search"):
            self.sent.append(f"{request.method} {request.url.rpartition('/')[2]}")
        return await super().send(request)


def a_png(side: int, shade: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\x00" + bytes([shade]) * side for _ in range(side))
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


async def a_draft(seller: Seller, *, code: str = "AO", options: int = 2) -> Draft:
    """A product for the first category that asks for an option and an answer, with all that it asks for."""
    tree = await seller.list_categories()
    seen: set[str] = {""}
    for node in tree:
        assert node.parent_id in seen, "a parent comes after its child"
        seen.add(node.id)
    leaves = [node for node in tree if node.is_leaf]
    assert leaves
    asked: Sequence[RemoteAttribute] = ()
    for leaf in leaves:
        asked = await seller.list_attributes(category_id=leaf.id)
        if sum(one.is_option for one in asked) >= options and any(one.is_required for one in asked):
            break
    apart = [one for one in asked if one.is_option][:options]
    pictures = [
        await seller.upload_picture(
            picture=Picture(a_png(600, shade), "image/png", f"ảnh {shade}.png", 600, 600, f"https://img.example/{shade}.png")
        )
        for shade in (40, 90)
    ]  # fmt: skip
    colours, sizes = ("Đỏ tươi", "Xanh rêu"), ("M", "L")
    variants = [
        DraftVariant(f"{code}-{n}{m}", 99000 + n * 1000, [Value(colour), Value(size)][:options], "", 250, 300, 200, 20)
        for n, colour in enumerate(colours if options else [""])
        for m, size in enumerate(sizes if options > 1 else [""])
    ]
    return Draft(
        code=code,
        category_id=leaf.id,
        name="Áo thun cotton cổ tròn tay ngắn",
        description="Vải mát & nhẹ\nGiặt máy\n\nĐổi trong 7 ngày nếu < 1 lần giặt. " + "Mặc hằng ngày. " * 10,
        options=[DraftOption(one.name, one.id) for one in apart],
        variants=variants,
        attributes={one.id: [an_answer(one)] for one in asked if one.is_required and not one.is_option},
        pictures=pictures,
    )


def an_answer(asked: RemoteAttribute) -> Value:
    if asked.choices:
        return Value(asked.choices[0].name, asked.choices[0].id, next(iter(asked.units), ""))
    words = {AttributeKind.NUMBER: "5", AttributeKind.BOOL: "true", AttributeKind.DATE: "2027-01-31"}
    return Value(words.get(asked.kind, "Vải dệt kim"), unit=next(iter(asked.units), ""))


async def answers_for(seller: Seller, category_id: str) -> dict[str, list[Value]]:
    asked = await seller.list_attributes(category_id=category_id)
    return {one.id: [an_answer(one)] for one in asked if one.is_required and not one.is_option}


async def until(desk: Desk, said: Published, *, approve: bool = True, reason: str = "") -> Published:
    """What comes of a review."""
    if said.state is not PublishedState.REVIEWING:
        return said
    again = await desk.seller.check_product(item_id=said.item_id, ticket=said.ticket)
    assert again is not None
    if again.state is PublishedState.REVIEWING:
        desk.settle(again, approve=approve, reason=reason)
        again = await desk.seller.check_product(item_id=said.item_id, ticket=said.ticket)
        assert again is not None
    return again


def skus(said: Published, *, is_active: bool | None = None) -> set[str]:
    return {one.sku for one in said.listings if is_active is None or one.is_active is is_active}


@pytest.mark.parametrize("market", ["tiktok", "tiki"])
@pytest.mark.parametrize("options", [2, 0])
def test_a_product_is_made_found_changed_and_taken_off_sale(sandbox: Sandbox, market: str, options: int) -> None:
    async def play(desk: Desk) -> None:
        seller = desk.seller
        draft = await a_draft(seller, options=options)
        assert await seller.find_product(draft=draft) is None
        desk.sent.clear()

        made = await seller.create_product(draft=draft)
        assert len(desk.sent) == 1
        there = await seller.find_product(draft=draft)
        assert there is not None, "what is under review is found by its SKUs"
        live = await until(desk, made)
        assert (live.state, skus(live)) == (PublishedState.LIVE, {one.sku for one in draft.variants})
        assert live.item_id
        assert all(listing.quantity == 0 for listing in live.listings)

        page = await seller.pull_listings(cursor=None)
        assert {one.key for one in page.listings} == {one.key for one in live.listings}
        there = await seller.find_product(draft=draft)
        assert there is not None
        assert {one.key for one in there.listings} == {one.key for one in live.listings}

        desk.sent.clear()
        for _ in range(2):
            said = await seller.update_product(item_id=live.item_id, draft=draft)
            assert (said.state, skus(said)) == (PublishedState.LIVE, skus(live))
        assert desk.sent == [], "a repeat writes nothing"

        renamed = replace(draft, name="Áo thun cotton cổ tròn kiểu mới", description=draft.description + "\nMàu bền")
        said = await until(desk, await seller.update_product(item_id=live.item_id, draft=renamed))
        assert said.state is PublishedState.LIVE
        assert all(listing.name.startswith(renamed.name) for listing in said.listings)
        desk.sent.clear()
        await seller.update_product(item_id=live.item_id, draft=renamed)
        assert desk.sent == []

        if options:
            new = DraftVariant("AO-MOI", 129000, [Value("Trắng"), Value("M")], "", 250, 300, 200, 20)
            changed = replace(renamed, variants=[*renamed.variants[1:], new])
            first = await seller.update_product(item_id=live.item_id, draft=changed)
            await until(desk, first)
            said = await seller.update_product(item_id=live.item_id, draft=changed)
            assert skus(said, is_active=True) == {one.sku for one in changed.variants}
            assert draft.variants[0].sku not in skus(said, is_active=True)
            renamed = changed

        hidden = await until(
            desk, await seller.update_product(item_id=live.item_id, draft=replace(renamed, is_shown=False))
        )
        assert (hidden.state, skus(hidden, is_active=True)) == (PublishedState.HIDDEN, set())
        again = await seller.check_product(item_id=live.item_id, ticket="")
        assert again is not None
        assert again.state is PublishedState.HIDDEN
        shown = await until(desk, await seller.update_product(item_id=live.item_id, draft=renamed))
        assert shown.state is PublishedState.LIVE

    on(sandbox, market, play)


@pytest.mark.parametrize("market", ["tiktok", "tiki"])
def test_what_the_platform_does_not_take_comes_back_with_its_reason(sandbox: Sandbox, market: str) -> None:
    async def play(desk: Desk) -> None:
        draft = await a_draft(desk.seller, options=0)
        wrong_ones = [replace(draft, category_id="1"), replace(draft, pictures=())]
        wrong_ones += [replace(draft, name="x")] if market == "tiktok" else []  # at Tiki it is for people to say
        for wrong in wrong_ones:
            with pytest.raises(RemoteRefused) as failed:
                await desk.seller.create_product(draft=wrong)
            assert failed.value.params["remote_message"]
        assert await desk.seller.find_product(draft=draft) is None
        assert await desk.seller.check_product(item_id="123456789", ticket="") is None
        with pytest.raises(RemoteRefused):
            await desk.seller.update_product(item_id="123456789", draft=draft)

    on(sandbox, market, play)


def test_a_product_moves_to_another_category_of_tiktok(sandbox: Sandbox) -> None:
    async def play(desk: Desk) -> None:
        draft = await a_draft(desk.seller, options=0)
        live = await until(desk, await desk.seller.create_product(draft=draft))
        other = [node for node in await desk.seller.list_categories() if node.is_leaf and node.id != draft.category_id][
            -1
        ]
        moved = replace(draft, category_id=other.id, attributes=await answers_for(desk.seller, other.id))
        desk.sent.clear()
        for _ in range(2):
            said = await until(desk, await desk.seller.update_product(item_id=live.item_id, draft=moved))
            assert (said.state, [one.key for one in said.listings]) == (
                PublishedState.LIVE, [one.key for one in live.listings],
            )  # fmt: skip
        assert [one.partition(" ")[0] for one in desk.sent] == ["PUT"]

    on(sandbox, "tiktok", play)


@pytest.mark.parametrize("market", ["tiktok", "tiki"])
def test_a_review_that_refuses_says_why(sandbox: Sandbox, market: str) -> None:
    async def play(desk: Desk) -> None:
        draft = await a_draft(desk.seller, options=0)
        made = await desk.seller.create_product(draft=draft)
        assert made.state is PublishedState.REVIEWING
        said = await until(desk, made, approve=False, reason="Ảnh mờ")
        assert said.state is PublishedState.REFUSED
        assert any("Ảnh mờ" in reason for reason in said.reasons)

    on(sandbox, market, play)


@pytest.mark.parametrize("market", ["tiktok", "tiki"])
def test_a_product_whose_answer_was_lost_is_found_and_finished(sandbox: Sandbox, market: str) -> None:
    async def play(desk: Desk) -> None:
        draft = await a_draft(desk.seller, options=0)
        path = "/product/202309/products" if market == "tiktok" else "/integration/v2.1/requests"
        desk.sandbox.break_things([{"kind": "timeout_after_effect", "ms": 10, "path": path, "count": 1}])
        with pytest.raises(Unavailable):
            await desk.seller.create_product(draft=draft)
        desk.sandbox.mend()
        if market == "tiki":  # nobody knows what it is about before it was read
            with pytest.raises(Unavailable):
                await desk.seller.find_product(draft=draft)
            desk.sandbox.post("clock", {"advance_s": 1001})
        found = await desk.seller.find_product(draft=draft)
        assert found is not None
        live = await until(desk, found)
        desk.sent.clear()
        said = await desk.seller.update_product(item_id=live.item_id, draft=draft)
        assert (said.state, skus(said), desk.sent) == (PublishedState.LIVE, {draft.variants[0].sku}, [])

    on(sandbox, market, play)
