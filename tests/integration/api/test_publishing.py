"""Publishing over the API: categories, mappings, products on their way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from mekong.channels.models import PlatformCategory, Publication
from tests.support.fair import MATERIAL, Fair, a_fair
from tests.support.http import refused
from tests.support.marketplaces import a_worker, close_all, eventually
from tests.support.people import a_caller


def send(client: Client, path: str, body: Any, method: str = "post") -> Any:
    answer = getattr(client, method)(path, body, content_type="application/json")
    assert answer.status_code < 300, answer.content
    return answer.json()


BZ = "/api/v1/channels/bz"
MAPPED = f"{BZ}/category-mappings/ao"


@pytest.fixture
def fair(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fair]:
    yield a_fair(monkeypatch)
    close_all()


@pytest.fixture
def client(fair: Fair) -> Client:
    return a_caller()


def test_from_the_platforms_tree_to_a_product_on_sale(fair: Fair, client: Client) -> None:
    fair.asks["111"] = (MATERIAL,)
    PlatformCategory.objects.all().delete()
    assert send(client, f"{BZ}/platform-categories/read", {}) == {"categories": 5}
    found = client.get(f"{BZ}/platform-categories?q=áo thun").json()["items"]
    assert [each["external_id"] for each in found] == ["111"]
    asked = send(client, MAPPED, {"external_id": "111"}, method="put")["attributes"]
    assert [(each["id"], each["is_required"], each["rule"]) for each in asked] == [("m", True, None)]
    (ours,) = client.get(f"{BZ}/category-mappings").json()["items"]
    assert (ours["code"], ours["products"], ours["unanswered"]) == ("ao", 3, 1)
    preview = client.get(f"{BZ}/publications/AO-1/preview").json()
    assert preview["gaps"] == [{"what": "attribute_missing", "params": {"attribute": "Chất liệu"}}]

    said = send(client, MAPPED, {"rules": {"m": {"source": "fixed", "values": ["Len"]}}}, method="patch")
    assert said["attributes"][0]["rule"]["values"] == ["Len"]
    preview = client.get(f"{BZ}/publications/AO-1/preview").json()
    assert (preview["gaps"], preview["attributes"]) == ([], [{"name": "Chất liệu", "value": "Len"}])
    assert preview["platform"]["path"] == ["Thời trang nữ", "Áo", "Áo thun"]

    assert send(client, f"{BZ}/publications", {"skus": ["AO-1", "AO-2"]}) == {"asked": 2, "incomplete": 0, "known": 0}
    with a_worker():
        assert eventually(lambda: client.get(f"{BZ}/publications/AO-1").json()["state"] == "live")
        shown = client.get(f"{BZ}/publications/AO-1").json()
        assert (shown["item_id"], shown["url"], shown["product_code"]) == (
            "new1", "https://bazaar.example/new1", "AO-1",
        )  # fmt: skip
        hidden = send(client, f"{BZ}/publications/AO-1", {"is_shown": False, "follows": False}, method="patch")
        assert (hidden["is_shown"], hidden["follows"]) == (False, False)
        assert eventually(lambda: client.get(f"{BZ}/publications/AO-1").json()["state"] == "hidden")
        assert send(client, f"{BZ}/publications/AO-1/retry", {})["is_behind"] is True
    listed = client.get(f"{BZ}/publications?limit=1").json()
    assert (len(listed["items"]), listed["next_cursor"] is not None) == (1, True)
    rest = client.get(f"{BZ}/publications?limit=1&cursor={listed['next_cursor']}").json()
    assert (len(rest["items"]), rest["next_cursor"]) == (1, None)
    assert client.delete(f"{BZ}/publications/AO-2").status_code == 204
    assert Publication.objects.count() == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("post", "/publications", {"skus": []}, 422, "skus"),
        ("post", "/publications", {"skus": ["NONE"]}, 404, "NONE"),
        ("post", "/publications", {"skus": ["AO-1"], "more": 1}, 422, "more"),
        ("put", "/category-mappings/ao", {"external_id": "11"}, 422, "categories below it"),
        ("put", "/category-mappings/nothing", {"external_id": "111"}, 422, "nothing"),
        ("patch", "/category-mappings/ao", {"rules": {"m": {"source": "magic"}}}, 422, "source"),
        ("patch", "/category-mappings/ao", {"rules": {"zz": {"source": "fixed", "values": ["x"]}}}, 422, "rules.zz"),
        ("patch", "/publications/AO-1", {"is_shown": False}, 404, "not published"),
        ("post", "/publications/AO-1/retry", {}, 404, "not published"),
        ("delete", "/publications/AO-1", None, 404, "not published"),
        ("get", "/publications/AO-1", None, 404, "not published"),
        ("get", "/publications?state=loud", None, 422, "state"),
        ("get", "/publications?cursor=x", None, 422, "cursor"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    client: Client, method: str, path: str, body: object, status: int, said: str
) -> None:
    sent = {} if body is None else {"data": body, "content_type": "application/json"}
    answer = getattr(client, method)(f"{BZ}{path}", **sent)
    assert answer.status_code == status, answer.content
    assert said in answer.content.decode()
    assert not Publication.objects.exists()


def test_a_channel_of_our_own_takes_no_products(client: Client) -> None:
    for path in ("publications", "category-mappings", "platform-categories"):
        assert refused(client.get(f"/api/v1/channels/web/{path}"), 409)["code"] == "channels.cannot_do"
