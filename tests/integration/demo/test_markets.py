"""The demo and its replay against the marketplace sandboxes: orders come in by notice and pull, through a worker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mekong.catalog.models import Media, Product
from mekong.channels.models import Channel, Listing
from mekong.channels.sync.threads import Threads
from mekong.faces.demo.load import load
from mekong.faces.replay import commands, queries
from mekong.faces.replay.contracts import REPLAYER
from mekong.faces.replay.models import PlayedStep
from mekong.faces.replay.report import report
from mekong.faces.replay.running import play, serve_replays, start_replay, stop_replay
from mekong.foundation import health
from mekong.foundation.actor import SYSTEM
from mekong.foundation.delivery import deliver_due
from mekong.foundation.errors import Conflict
from mekong.foundation.models import Person
from mekong.inventory.models import StockLevel, StockMovement
from mekong.orders.models import SalesOrder
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
    def once() -> int:
        loaded = load(
            actor=SYSTEM,
            sandbox_url=sandbox.url,
            base_url="http://127.0.0.1:1",
            now=datetime.now(UTC),
            report=lambda *_: None,
        )
        return len(loaded.accounts)

    def counted() -> tuple[int, ...]:
        models = (Person, Product, Media, Channel, Listing, StockMovement, SalesOrder, PlayedStep)
        return tuple(model.objects.count() for model in models)

    assert once() == 6
    before = counted()
    assert once() == 0
    assert counted() == before
    assert Media.objects.count() == 122
    assert set(Listing.objects.filter(match_state="unmatched").values_list("remote_sku", flat=True)) == {
        "ML-CU-2019-07", "COMBO-NEN-3", "KHAN-DONGSON",
    }  # fmt: skip
    assert {"web", "store", "phone"} <= set(SalesOrder.objects.values_list("channel", flat=True))
    while deliver_due(now=datetime.now(UTC)):
        pass
    assert [name for name, finding in health.run_all(datetime.now(UTC)) if not finding.ok] == []
