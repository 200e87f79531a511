"""The demo and its replay against the marketplace sandboxes: orders come in by notice and pull, through a worker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mekong.catalog.models import Media, Product
from mekong.channels import queries as channels
from mekong.channels import remote
from mekong.channels.commands import create_channel
from mekong.channels.models import Channel, Listing
from mekong.channels.sync.threads import Threads
from mekong.faces.demo import markets as demo
from mekong.faces.demo.load import load
from mekong.faces.demo.markets import MARKETS, Offer
from mekong.faces.demo.shop import items
from mekong.faces.replay import commands, queries
from mekong.faces.replay.contracts import REPLAYER
from mekong.faces.replay.errors import UnknownWay
from mekong.faces.replay.models import PlayedStep
from mekong.faces.replay.report import report
from mekong.faces.replay.running import play, serve_replays, start_replay, stop_replay
from mekong.faces.replay.ways import choose
from mekong.foundation import health
from mekong.foundation.actor import SYSTEM
from mekong.foundation.delivery import deliver_due
from mekong.foundation.errors import Conflict
from mekong.foundation.models import Person
from mekong.inventory.models import StockLevel, StockMovement
from mekong.loyalty.models import Member
from mekong.orders.models import SalesOrder
from mekong.pricing.models import Game, GiftCard, Promotion, Voucher
from tests.integration.demo.test_replay import a_file, add_up, ready_for
from tests.support.marketplaces import Door, Sandbox, Shop, a_catalogue, a_shop, a_worker, eventually

pytestmark = pytest.mark.django_db(transaction=True)
SKUS = ("10001", "10002", "10003")


@dataclass
class Scene:
    shopee: Shop
    lazada: Shop


@pytest.fixture
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    made = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield made
    made.stop()


@pytest.fixture
def door() -> Iterator[Door]:
    made = Door()
    yield made
    made.stop()


def a_scene(sandbox: Sandbox, door: Door) -> Scene:
    a_catalogue(SKUS, 0)
    return Scene(
        a_shop(sandbox, "shopee", "shopee", SKUS, door=door), a_shop(sandbox, "lazada", "lazada", SKUS, door=door)
    )


def history(path: Path) -> Path:
    rows = []
    for number in range(1, 31):
        rows += [f"{number},{SKUS[number % 3]},{1 + number % 4},1.25", f"{number},{SKUS[(number + 1) % 3]},2,0.99"]
    rows += ["C90,10002,-1,1.25,17850.0", "C91,10001,-2,0.99,17850.0"]
    return a_file(path, *rows)


def test_a_history_flows_in_through_marketplaces_and_web_exactly_once(
    sandbox: Sandbox, door: Door, tmp_path: Path
) -> None:
    scene = a_scene(sandbox, door)
    ready = ready_for(history(tmp_path / "x.csv"), ("shopee", "lazada", "web"))
    with a_worker():
        assert asyncio.run(play(ready, speed=0, run_id=None))
        said = report(ready.plan, differing=frozenset(), oversold=0)
        again = asyncio.run(play(ready, speed=0, run_id=None))
        on_hand = {level.variant.sku: level.on_hand - level.reserved for level in StockLevel.objects.all()}
        assert eventually(lambda: scene.shopee.shown() == on_hand)
        assert eventually(lambda: scene.lazada.shown() == on_hand)

    assert again
    add_up(said)
    assert set(said["channels"]) == {"shopee", "lazada", "web"}
    assert said["orders"] == 30 == SalesOrder.objects.count()
    assert len(scene.shopee.orders()) == said["channels"]["shopee"]["orders"]
    assert len(scene.lazada.orders()) == said["channels"]["lazada"]["orders"]
    assert [name for name, finding in health.run_all(datetime.now(UTC)) if not finding.ok] == []


def test_a_purchase_whose_answer_was_lost_is_found_and_not_made_again(
    sandbox: Sandbox, door: Door, tmp_path: Path
) -> None:
    scene = a_scene(sandbox, door)
    ready = ready_for(a_file(tmp_path / "x.csv", "1,10001,2,1.25"), ("shopee",))
    with a_worker():
        assert asyncio.run(play(ready, speed=0, run_id=None))
        # As a power cut leaves it: bought and come in, and the number not written down.
        PlayedStep.objects.update(state="sent", external_id="", sent_at=datetime.now(UTC))
        assert asyncio.run(play(ready, speed=0, run_id=None))

    assert len(scene.shopee.orders()) == 1 == SalesOrder.objects.count()
    add_up(report(ready.plan, differing=frozenset(), oversold=0))


def test_the_demos_shop_on_each_platform_sells_and_the_others_follow(sandbox: Sandbox, door: Door) -> None:
    a_catalogue(["BINH"], 9)
    now, http = datetime.now(UTC), demo.Sandbox(sandbox.url)
    base_url = door.url.removesuffix("/hooks")

    def connected(base_url: str) -> list[tuple[str, bool]]:
        return [
            demo.connect_market(actor=SYSTEM, sandbox=http, market=each, base_url=base_url, now=now) for each in MARKETS
        ]

    numbers = [number for number, _ in connected(base_url)]
    shops = [Shop(each.kind, each.kind, number, sandbox) for each, number in zip(MARKETS, numbers, strict=True)]
    for each, number in zip(MARKETS, numbers, strict=True):
        offer = Offer("Bình hoa gốm", [("BINH", (), 1_850_000, 9, "")])
        assert http.offer(each, number, [offer]) == 1
        assert http.offer(each, number, [offer]) == 0
        remote.pull_listings(actor=SYSTEM, channel=each.kind)
    listings = channels.list_listings(actor=SYSTEM, sku="BINH", limit=50).listings
    assert {each.channel for each in listings} == {"shopee", "lazada", "tiktok", "tiki", "woocommerce"}
    with a_worker():
        bought = {
            (each.channel, str(remote.buy_test(actor=SYSTEM, listing_id=each.id, quantity=1)["order_id"]))
            for each in listings
        }
        assert eventually(lambda: [shop.shown()["BINH"] for shop in shops] == [4] * 5)
        assert eventually(lambda: SalesOrder.objects.count() == 5)
    assert set(SalesOrder.objects.values_list("channel", "external_id")) == bought

    # A start on another port: what platforms send goes there, and is signed as before.
    hooks = sandbox.get("woocommerce/webhooks", shop=numbers[-1])["webhooks"]
    assert connected("http://127.0.0.1:2") == [(number, False) for number in numbers]
    moved = sandbox.get("woocommerce/webhooks", shop=numbers[-1])["webhooks"]
    assert {each["delivery_url"] for each in moved} == {"http://127.0.0.1:2/hooks/woocommerce"}
    assert [each["secret"] for each in moved] == [each["secret"] for each in hooks]
    for each in MARKETS:
        seen = channels.get_channel(actor=SYSTEM, code=each.kind).notice_url
        assert seen == (f"http://127.0.0.1:2/hooks/{each.kind}" if each.has_notices else "")
    assert SalesOrder.objects.count() == 5
    http.close()


def test_a_history_goes_by_itself_only_where_its_goods_are_shown() -> None:
    for each in MARKETS:
        create_channel(
            actor=SYSTEM, code=each.kind, name=each.name, kind=each.kind, shop_id="1", now=datetime.now(UTC),
            test_purchase_url="http://127.0.0.1:1/buy",
        )  # fmt: skip

    def chosen(*names: str) -> set[str]:
        return {each.code for each in choose(actor=SYSTEM, names=list(names))}

    assert chosen() == {"web", "shopee", "lazada"}
    assert chosen("tiktok", "woocommerce") == {"tiktok", "woocommerce"}
    with pytest.raises(UnknownWay) as refused:
        choose(actor=SYSTEM, names=["tiki"])
    assert "tiki" not in refused.value.params["ways"]


def test_one_replay_at_a_time_and_stopping_repeats() -> None:
    a_catalogue(SKUS, 0)
    now = datetime.now(UTC)
    start_replay(actor=SYSTEM, speed=10, now=now)

    with pytest.raises(Conflict):
        start_replay(actor=SYSTEM, speed=10, now=now)
    for _ in range(2):
        stopped = stop_replay(actor=SYSTEM, now=now)
        assert stopped is not None
        assert stopped.is_stop_asked
    due = queries.due_run()
    assert due is not None
    commands.end_run(actor=REPLAYER, run_id=due.id, state="stopped", now=now)
    assert stop_replay(actor=SYSTEM, now=now) is None


def test_the_worker_plays_what_a_page_asked_for(tmp_path: Path) -> None:
    a_catalogue(SKUS, 0)
    now = datetime.now(UTC)
    file = a_file(tmp_path / "x.csv", "1,10001,2,1.25", "2,10002,2,1.25")
    run = start_replay(actor=SYSTEM, speed=0, now=now, file=file)

    async def served() -> None:
        threads = Threads("replays", 1)
        serving = asyncio.create_task(serve_replays(threads))
        async with asyncio.timeout(60):
            while await threads.run(_state) != "finished":  # noqa: ASYNC110 - the row is what says so
                await asyncio.sleep(0.05)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await asyncio.to_thread(threads.close)

    asyncio.run(served())
    assert run.state == "asked"
    assert SalesOrder.objects.filter(channel="web").count() == 2


def _state() -> str:
    latest = queries.latest_run(actor=SYSTEM, now=datetime.now(UTC))
    return "" if latest is None else latest.state


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_demo_is_loaded_once_and_loading_it_again_changes_nothing(sandbox: Sandbox) -> None:
    def once(base_url: str = "http://127.0.0.1:1") -> int:
        loaded = load(
            actor=SYSTEM,
            sandbox_url=sandbox.url,
            base_url=base_url,
            now=datetime.now(UTC),
            report=lambda *_: None,
        )
        return len(loaded.accounts)

    def counted() -> tuple[int, ...]:
        models = (
            Person, Product, Media, Channel, Listing, StockMovement, SalesOrder, PlayedStep, Promotion, Voucher, Member,
            GiftCard, Game,
        )  # fmt: skip
        return tuple(model.objects.count() for model in models)

    assert once() == 6
    before = counted()
    assert once("http://127.0.0.1:2") == 0
    assert counted() == before
    shops = {each.code: each for each in channels.list_channels(actor=SYSTEM) if each.is_remote}
    assert {code: shop.listings.unmatched for code, shop in shops.items()} == {
        "shopee": 3, "lazada": 3, "tiktok": 0, "tiki": 0, "woocommerce": 0,
    }  # fmt: skip
    own = sum(len(item.product.variants) for item in items())
    assert {shops[code].listings.matched for code in ("tiktok", "tiki", "woocommerce")} == {own}
    for each in MARKETS:
        named = each.named(channels.test_purchase_at(actor=SYSTEM, code=each.kind)[1])
        assert sandbox.get(f"{each.kind}/orders", **named)["rows"]
    assert Media.objects.count() == 122
    assert set(Listing.objects.filter(match_state="unmatched").values_list("remote_sku", flat=True)) == {
        "ML-CU-2019-07", "COMBO-NEN-3", "KHAN-DONGSON",
    }  # fmt: skip
    assert {"web", "store", "phone"} <= set(SalesOrder.objects.values_list("channel", flat=True))
    shown = SalesOrder.objects.get(external_id="demo-14")
    assert "CAMON" in [code for _, code, _, _ in shown.priced["offers"]]
    assert {"sale", "offer"} <= {reason[0] for reason in shown.priced["reasons"]}
    while deliver_due(now=datetime.now(UTC)):
        pass
    assert [name for name, finding in health.run_all(datetime.now(UTC)) if not finding.ok] == []
