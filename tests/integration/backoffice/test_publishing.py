"""Products on their way to a platform, as people map, publish and follow them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from mekong.channels.models import CategoryMapping, Publication
from tests.integration.backoffice.conftest import Visitor
from tests.integration.backoffice.publishing_platform import Shelf, furnish, product_id
from tests.support.marketplaces import close_all

pytestmark = pytest.mark.django_db(transaction=True)
HERE = "/channels/bz/categories/"


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    yield furnish(monkeypatch)
    close_all()


def text(client: Client, path: str, status: int = 200) -> str:
    got = client.get(path)
    assert got.status_code == status, got.content
    return got.content.decode()


def act(client: Client, **fields: str) -> int:
    return client.post(f"{HERE}act/", fields).status_code


def mapped(client: Client) -> None:
    assert act(client, act="read") == 302
    assert act(client, act="map", category="ao-thun", external_id="111") == 302


def test_smoke(shelf: Shelf, visitor: Visitor) -> None:
    client = visitor("owner")
    for path in (HERE, "/channels/bz/", "/channels/bz/publishing/", "/products/publish/", "/products/AT-1-S/"):
        text(client, path)
    mapped(client)
    for path in (HERE, f"{HERE}ao-thun/", f"{HERE}ao/", f"{HERE}search/?find=ao", "/products/publish/?pick=AT-1-S", "/products/publish/?pick=AT-1-S&pick=AT-2-S"):
        print(text(client, path)[-12000:] if "pick" in path or "thun" in path else path)
    client.post("/products/publish/", {"pick": ["AT-1-S", "AT-2-S"], "channel": "bz", "once": "x"})
    print(text(client, "/channels/bz/publishing/")[-9000:])
    text(client, f"/channels/bz/publishing/{product_id('AT-1')}/")
    assert CategoryMapping.objects.count() == 1
    assert Publication.objects.count() == 2
