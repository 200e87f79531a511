"""Every connector against its sandbox, under every fault: afterwards both sides agree, exactly.

Buyers buy and cancel on the platform, our own channels sell, and meanwhile calls are slow, refused, broken off after
they took effect, answered with halves of JSON or with old figures, tokens die, and notices are lost, repeated, late and
forged. Once a fault has passed, every listing shows what it should and every order is here, once, as it is there.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from mekong.channels.registry import connectors

if TYPE_CHECKING:  # Django is set up after the tests are collected
    from tests.support.marketplaces import Door, Sandbox, Shop

SKUS = [f"AO-{number}" for number in range(8)]
UNITS = 40
STORM_S = 0.6
"""How long a fault rages."""

FAULTS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "latency": [{"kind": "latency", "ms": [20, 400], "probability": 0.5}],
    "latency after the effect": [{"kind": "latency", "ms": [20, 400], "at": "after", "probability": 0.5}],
    "429 of a gateway": [{"kind": "http_429", "probability": 0.3}],
    "the platform's own rate limit": [{"kind": "rate_limit", "probability": 0.3}],
    "5xx": [{"kind": "http_5xx", "probability": 0.3}],
    "connections that break": [{"kind": "drop", "probability": 0.25}],
    "time-out after the effect": [{"kind": "timeout_after_effect", "ms": 150, "probability": 0.25}],
    "half of a JSON": [{"kind": "malformed_json", "probability": 0.25}],
    "stale reads": [{"kind": "stale_reads", "ms": 1500, "probability": 0.6}],
    "tokens refused": [{"kind": "invalid_token", "probability": 0.1}],
    "notices lost": [{"kind": "notice_drop", "probability": 0.7}],
    "notices repeated": [{"kind": "notice_duplicate", "copies": 2}],
    "notices out of order": [{"kind": "notice_delay", "ms": [0, 1500], "probability": 0.7}],
    "notices forged": [{"kind": "notice_bad_signature", "probability": 0.6}],
    "all at once": [
        {"kind": "latency", "ms": [0, 200], "probability": 0.2},
        {"kind": "http_5xx", "probability": 0.08},
        {"kind": "rate_limit", "probability": 0.08},
        {"kind": "timeout_after_effect", "ms": 150, "probability": 0.08},
        {"kind": "malformed_json", "probability": 0.08},
        {"kind": "notice_drop", "probability": 0.3},
        {"kind": "notice_delay", "ms": [0, 1000], "probability": 0.5},
    ],
}


@pytest.fixture(scope="module")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    from tests.support.marketplaces import Sandbox

    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield sandbox
    sandbox.stop()


@pytest.fixture
def sandbox(sandbox_process: Sandbox, transactional_db: None) -> Iterator[Sandbox]:
    from tests.support.marketplaces import close_all

    sandbox_process.reset()
    yield sandbox_process
    sandbox_process.mend()
    close_all()


@pytest.fixture
def door() -> Iterator[Door]:
    from tests.support.marketplaces import Door

    door = Door()
    yield door
    door.stop()


class Street:
    """Buyers and our own tills, by one seed."""

    def __init__(self, shop: Shop, seed: int) -> None:
        from mekong.channels.matching import skus as ids_of

        self.shop, self.random = shop, random.Random(seed)
        self.variants = list(ids_of(SKUS).values())
        self.open: list[str] = []
        self.sold = 0

    def bustle(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.step()
            time.sleep(0.02)

    def step(self) -> None:
        from mekong.foundation.actor import SYSTEM
        from mekong.inventory import commands as inventory

        match self.random.randrange(10):
            case 0 | 1 | 2 | 3:
                lines = [
                    (sku, self.random.randint(1, 2)) for sku in self.random.sample(SKUS, self.random.randint(1, 2))
                ]
                if order := self.shop.buy(*lines):
                    self.open.append(order)
            case 4 | 5 if self.open:
                order = self.open.pop(self.random.randrange(len(self.open)))
                self.shop.advance(order, "buyer_cancel")
            case 6 if self.open:
                order = self.open.pop(self.random.randrange(len(self.open)))
                self.shop.advance(order, "arranged")
                self.shop.advance(order, "shipped")
            case _:
                self.sold += 1
                inventory.reserve(
                    actor=SYSTEM, channel="web", owner=f"cart {self.sold}", ttl_s=3600, now=datetime.now(UTC),
                    lines=[(self.random.choice(self.variants), 1)],
                )  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", sorted(connectors()))
def test_after_any_fault_both_sides_agree(kind: str, sandbox: Sandbox, door: Door):
    from mekong.channels import queries
    from mekong.foundation import health
    from mekong.foundation.actor import SYSTEM
    from tests.support.marketplaces import a_catalogue, a_shop, a_worker, eventually, stock

    a_catalogue(SKUS, UNITS)
    shop = a_shop(sandbox, kind, f"{kind}-1", SKUS, door=door, models=2)
    street = Street(shop, seed=11)
    with a_worker():
        assert eventually(lambda: not shop.differences()), shop.differences()
        for seed, (fault, rules) in enumerate(FAULTS.items()):
            sandbox.break_things([{"market": kind, **rule} for rule in rules], seed)
            street.bustle(STORM_S)
            sandbox.mend()
            assert eventually(lambda: not shop.differences(), 120), f"after {fault}: {shop.differences()}"
            stock({sku: UNITS - units for sku, units in shop.desired().items() if units < UNITS // 2}, "receipt")

        sandbox.post("clock", {"advance_s": shop.token_life_s + 60})
        street.bustle(STORM_S)
        assert eventually(lambda: not shop.differences(), 120), f"after tokens died: {shop.differences()}"

        settled = eventually(lambda: all(found.ok for _, found in health.run_all(datetime.now(UTC))), 60)
        assert settled, [(name, found) for name, found in health.run_all(datetime.now(UTC)) if not found.ok]

        def listed() -> Sequence[Any]:
            return queries.list_listings(actor=SYSTEM, channel=f"{kind}-1").listings

        # An order that waited for stock may take the goods that came at this moment: then listings move once more.
        assert eventually(lambda: {each.state for each in listed()} == {"converged"})
    view = queries.get_channel(actor=SYSTEM, code=f"{kind}-1")
    assert (view.state, view.parked_orders, view.listings.parked) == ("connected", 0, 0)
    assert len(shop.orders()) > 50
