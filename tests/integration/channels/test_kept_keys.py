"""Accounts whose keys a merchant made: nothing to renew, and no hiccup of the platform's cuts them off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mekong.channels import queries
from mekong.foundation.actor import SYSTEM
from tests.support.marketplaces import Sandbox, a_catalogue, a_shop, a_worker, close_all, eventually

CALLS = "/woocommerce/shops"
"""Where its interface answers; shoppers go elsewhere."""

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    made = Sandbox(tmp_path_factory.mktemp("sandbox"))
    made.reset()
    yield made
    made.stop()
    close_all()


def state_of(code: str) -> str:
    return queries.get_channel(actor=SYSTEM, code=code).state


@pytest.mark.timeout(600)
def test_a_refusal_now_and_then_is_a_hiccup_and_a_key_taken_back_is_not(sandbox: Sandbox) -> None:
    a_catalogue(["AO-1"], 5)
    shop = a_shop(sandbox, "woocommerce", "woocommerce-1", ["AO-1"])
    with a_worker():
        assert eventually(lambda: not shop.differences()), shop.differences()
        sandbox.break_things([{"kind": "invalid_token", "market": "woocommerce", "path": CALLS, "count": 2}])
        assert shop.buy(("AO-1", 2))
        assert eventually(lambda: not shop.differences()), shop.differences()
        assert state_of("woocommerce-1") == "connected"
        sandbox.break_things([{"kind": "invalid_token", "market": "woocommerce", "path": CALLS}])
        assert eventually(lambda: state_of("woocommerce-1") == "needs_reconnect", 90)
