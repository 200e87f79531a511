"""One sandbox process for the whole run; every test starts from an empty one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.driving import Lazada, Sandbox, Shopee


@pytest.fixture(scope="session")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    box = Sandbox(tmp_path_factory.mktemp("sandbox")).start()
    yield box
    box.stop()


@pytest.fixture
def box(process: Sandbox) -> Sandbox:
    process.control("POST", "/reset")
    process.control("POST", "/settings", {"shopee_rate": 0, "lazada_stock_rate": 0})
    return process


def open_shop(box: Sandbox, **more: object) -> Shopee:
    made = box.control("POST", "/shopee/shops", {"name": "Áo Việt", **more})
    return Shopee(
        box, made["partner_id"], made["partner_key"], made["shop_id"], made["access_token"], made["refresh_token"]
    )


def open_seller(box: Sandbox, **more: object) -> Lazada:
    made = box.control("POST", "/lazada/sellers", {"name": "Áo Việt", **more})
    return Lazada(
        box, made["app_key"], made["app_secret"], made["seller_id"], made["access_token"], made["refresh_token"]
    )


@pytest.fixture
def shop(box: Sandbox) -> Shopee:
    return open_shop(box)


@pytest.fixture
def seller(box: Sandbox) -> Lazada:
    return open_seller(box)
