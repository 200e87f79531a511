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
from mekong.connectors.lazada.mapping.publishing import offline_request
from mekong.foundation.errors import RemoteRefused, Unavailable
from tests.support.marketplaces import Sandbox

MARKETS = ("shopee", "lazada")
T = TypeVar("T")


class Wire:
    """Each request once, over HTTP; the paths of those that were more than readings are kept."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.writes: list[str] = []

    async def send(self, request: Request) -> Response:
        if request.method != "GET":
            self.writes.append(httpx.URL(request.url).path)
        try:
            got = self.http.request(
                request.method, request.url, params=list(request.params) or None, headers=dict(request.headers),
                content=request.body,
            )  # fmt: skip
        except httpx.HTTPError as failed:
            raise Unavailable(remote="stand-in", reason=str(failed)) from failed
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
        self.market, self.sandbox, self.wire = market, sandbox, Wire(sandbox.http)
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
def stall(request: pytest.FixtureRequest, stand_in: Sandbox) -> Iterator[Stall]:
    yield Stall(stand_in, request.param)
    stand_in.mend()


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


MAKING = {"shopee": "/product/add_item", "lazada": "/product/create"}


def test_an_answer_that_is_lost_makes_no_second_product(stall: Stall) -> None:
    draft = a_draft(stall, has_variants=True)
    stall.sandbox.break_things([{"kind": "timeout_after_effect", "path": MAKING[stall.market], "ms": 20, "count": 1}])
    with pytest.raises(Unavailable):
        run(stall.shop.create_product(draft=draft))
    found = run(stall.shop.find_product(draft=draft))
    assert found is not None
    stands = run(stall.shop.update_product(item_id=found.item_id, draft=draft))
    assert {one.sku: one.key for one in stands.listings} == stall.listed()
    assert stall.listed().keys() == {one.sku for one in draft.variants}
    assert len({key.item_id for key in stall.listed().values()}) == 1


def test_a_product_made_by_half_is_found_and_finished(stand_in: Sandbox) -> None:
    stall = Stall(stand_in, "shopee")
    draft = a_draft(stall, has_variants=True)
    stand_in.break_things([{"kind": "http_5xx", "path": "/product/init_tier_variation", "count": 1}])
    try:
        with pytest.raises(Unavailable):
            run(stall.shop.create_product(draft=draft))
    finally:
        stand_in.mend()
    half = run(stall.shop.find_product(draft=draft))
    assert half is not None
    assert [one.key.model_id for one in half.listings] == [""]
    stands = run(stall.shop.update_product(item_id=half.item_id, draft=draft))
    assert {one.sku for one in stands.listings} == {one.sku for one in draft.variants}
    stall.wire.writes.clear()
    run(stall.shop.update_product(item_id=half.item_id, draft=draft))
    assert stall.wire.writes == []


def test_an_update_broken_off_anywhere_is_finished_by_its_repeat(stall: Stall) -> None:
    draft = a_draft(stall, has_variants=True)
    first, second, third = draft.variants
    made = run(stall.shop.create_product(draft=replace(draft, variants=(first, second))))
    changed = replace(
        draft, name="Áo thun cotton tay dài", variants=(third, replace(first, sku="AO-0-MOI", model_id=""))
    )
    faults = [
        {"kind": kind, "market": stall.market, "path": "/product/", "probability": 0.15, "ms": 20}
        for kind in ("timeout_after_effect", "http_5xx")
    ]
    stall.sandbox.break_things(faults, seed=5)
    broken = 0
    for _ in range(200):
        try:
            stands = run(stall.shop.update_product(item_id=made.item_id, draft=changed))
            break
        except Unavailable:
            broken += 1
    else:
        pytest.fail("it does not come to an end")
    assert broken > 0
    stall.sandbox.mend()
    stall.wire.writes.clear()
    stands = run(stall.shop.update_product(item_id=made.item_id, draft=changed))
    assert stall.wire.writes == []
    assert on_sale(stands).keys() == {"AO-0-MOI", third.sku}
    assert all("tay dài" in one.name for one in stands.listings)


@pytest.mark.parametrize("count", [1, 2])
def test_every_variant_is_replaced_in_its_place(stall: Stall, count: int) -> None:
    draft = a_draft(stall, has_variants=True)
    draft = replace(draft, variants=draft.variants[:count])
    made = run(stall.shop.create_product(draft=draft))
    run(stall.shop.push_stock([StockPush(one.key, one.sku, 7) for one in made.listings]))
    others = replace(draft, variants=tuple(replace(one, sku=f"{one.sku}-MOI") for one in draft.variants))
    stands = run(stall.shop.update_product(item_id=made.item_id, draft=others))
    assert on_sale(stands).keys() == {one.sku for one in others.variants}
    assert {one.quantity for one in stands.listings if one.is_active} == {0}
    stall.wire.writes.clear()
    run(stall.shop.update_product(item_id=made.item_id, draft=others))
    assert stall.wire.writes == []


def test_a_product_without_variants_becomes_one_with_them(stall: Stall) -> None:
    draft = a_draft(stall, has_variants=True)
    single = replace(draft, options=(), variants=(replace(draft.variants[0], values=()),))
    made = run(stall.shop.create_product(draft=single))
    stands = run(stall.shop.update_product(item_id=made.item_id, draft=draft))
    assert on_sale(stands).keys() == {one.sku for one in draft.variants}
    stall.wire.writes.clear()
    run(stall.shop.update_product(item_id=made.item_id, draft=draft))
    assert stall.wire.writes == []


def everything(asked: list[RemoteAttribute]) -> dict[str, tuple[Value, ...]]:
    """A value for every attribute, two where there may be several."""
    words = {AttributeKind.NUMBER: "12.5", AttributeKind.DATE: "2026-12-31"}
    found: dict[str, tuple[Value, ...]] = {}
    for one in asked:
        if one.is_option:
            continue
        unit = next(iter(one.units), "")
        count = 2 if one.kind is AttributeKind.CHOICES else 1
        chosen = [Value(choice.name, choice.id, unit) for choice in one.choices[-count:]]
        found[one.id] = tuple(chosen) or (Value(words.get(one.kind, "Có, rất tốt"), unit=unit),)
    return found


def test_everything_a_draft_says_is_there_and_said_once(stall: Stall) -> None:
    """In categories that ask for different things: two options, parcels of several sizes, barcodes, every attribute."""
    picture = upload(stall, 33)
    asked: dict[tuple[str, ...], tuple[str, list[RemoteAttribute]]] = {}
    for one in run(stall.shop.list_categories()):
        if one.is_leaf:
            said = run(stall.shop.list_attributes(category_id=one.id))
            asked.setdefault(tuple(sorted(each.id for each in said)), (one.id, said))
    assert len(asked) > 1
    for at, (category_id, said) in enumerate(asked.values()):
        names = [one for one in said if one.is_option][:2]
        options = [DraftOption(one.name, one.id) for one in names]
        options += [DraftOption(name) for name in ("Kiểu", "Phiên bản")[len(options) :]]
        values = [
            [Value(choice.name, choice.id) for choice in one.choices[:2]] or [Value("Một"), Value("Hai")]
            for one in names
        ]
        values += [[Value("Một"), Value("Hai")]] * (2 - len(values))
        pairs = [(first, second) for first in values[0] for second in values[1]]
        draft = Draft(
            code=f"MA-{at}",
            category_id=category_id,
            name="Hàng đủ mọi điều, bản thử",
            description="Dòng một.\nDòng hai & ba.\n\n" + "Đoạn hai dài hơn đoạn một. " * 10,
            variants=tuple(
                DraftVariant(
                    f"MA-{at}-{n}", 50_000 + n * 1000, pair, f"893850597419{n}", 200 + n * 50, 200, 150 + n * 10, 31
                )
                for n, pair in enumerate(pairs)
            ),
            options=tuple(options),
            attributes=everything(said),
            pictures=(picture,),
            brand="Hãng chưa ai nghe tên",
        )
        made = run(stall.shop.create_product(draft=draft))
        assert on_sale(made).keys() == {one.sku for one in draft.variants}
        bare = replace(draft, brand="")
        run(stall.shop.update_product(item_id=made.item_id, draft=bare))
        stall.wire.writes.clear()
        run(stall.shop.update_product(item_id=made.item_id, draft=bare))
        assert stall.wire.writes == [], category_id
        changed = {one: values[:1] for one, values in draft.attributes.items()}
        light = tuple(replace(one, weight_g=100, width_mm=90) for one in draft.variants)
        stands = run(
            stall.shop.update_product(item_id=made.item_id, draft=replace(bare, attributes=changed, variants=light))
        )
        assert {one.sku: one.key for one in stands.listings} == {one.sku: one.key for one in made.listings}
        stall.wire.writes.clear()
        run(stall.shop.update_product(item_id=made.item_id, draft=replace(bare, attributes=changed, variants=light)))
        assert stall.wire.writes == [], category_id


@pytest.fixture
def reviewed(stand_in: Sandbox) -> Iterator[None]:
    stand_in.post("settings", {f"{market}_review": True for market in MARKETS})
    yield
    stand_in.post("settings", {f"{market}_review": False for market in MARKETS})


@pytest.mark.usefixtures("reviewed")
def test_what_is_reviewed_is_refused_mended_and_shown(stall: Stall) -> None:
    draft = a_draft(stall, has_variants=True)
    made = run(stall.shop.create_product(draft=draft))
    assert made.state is PublishedState.REVIEWING
    assert on_sale(made) == {}
    found = run(stall.shop.find_product(draft=draft))
    assert found is not None
    assert (found.item_id, found.state) == (made.item_id, PublishedState.REVIEWING)

    item_id = int(made.item_id)
    stall.sandbox.post(f"{stall.market}/reviews", {"item_id": item_id, "state": "rejected", "reason": "Hình ảnh mờ"})
    refused = settled(stall, made)
    assert refused.state is PublishedState.REFUSED
    assert "Hình ảnh mờ" in " ".join(refused.reasons)

    mended = replace(draft, name="Áo thun cotton ảnh rõ")
    stands = run(stall.shop.update_product(item_id=made.item_id, draft=mended))
    assert stands.state is PublishedState.REVIEWING
    stall.sandbox.post(f"{stall.market}/reviews", {"item_id": item_id, "state": "approved"})
    stands = settled(stall, made)
    assert stands.state is PublishedState.LIVE
    assert on_sale(stands).keys() == {one.sku for one in draft.variants}
    stall.wire.writes.clear()
    run(stall.shop.update_product(item_id=made.item_id, draft=mended))
    assert stall.wire.writes == []


def test_the_call_that_takes_off_sale_takes_off_one_sku(stand_in: Sandbox) -> None:
    """Lazada heeds the state that an update names; where it would not, this call is next."""
    stall = Stall(stand_in, "lazada")
    draft = a_draft(stall, has_variants=True)
    made = run(stall.shop.create_product(draft=draft))
    first = made.listings[0]
    request = offline_request(made.item_id, {"SkuId": first.key.model_id, "SellerSku": first.sku})
    run(stall.shop.client.post("/product/deactivate", {"apiRequestBody": request}))
    assert on_sale(settled(stall, made)).keys() == {one.sku for one in draft.variants} - {first.sku}


def test_a_call_for_skus_that_is_not_there_is_made_up_for(stand_in: Sandbox) -> None:
    stall = Stall(stand_in, "lazada")
    draft = a_draft(stall, has_variants=True)
    made = run(stall.shop.create_product(draft=draft))
    stand_in_path = stall.shop.publishing.client.transport
    other = replace(draft.variants[1], sku="AO-KHAC")

    class WithoutTheCall:
        async def send(self, asked: Request) -> Response:
            if asked.url.endswith("/product/sku/remove"):
                return Response(
                    200, b'{"code":"InvalidApiPath","type":"SYSTEM","message":"no such path","request_id":"r"}'
                )
            return await stand_in_path.send(asked)  # type: ignore[no-any-return]

    shop = plug("lazada").factory(stall.shop.account, WithoutTheCall())
    changed = replace(draft, variants=(draft.variants[0], other, draft.variants[2]))
    stands = run(shop.update_product(item_id=made.item_id, draft=changed))  # type: ignore[attr-defined]
    assert on_sale(stands).keys() == {one.sku for one in changed.variants}
