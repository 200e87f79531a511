"""The control calls that all platforms have in common take and refuse the same."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.driving import Sandbox

SHOPS = {"shopee": "shop", "tiktok": "shop", "woocommerce": "shop", "shopify": "shop"}
WORDS = SHOPS | {"lazada": "seller", "tiki": "seller"}
every_platform = pytest.mark.parametrize(("platform", "word"), WORDS.items())


def opened(box: Sandbox, platform: str, word: str) -> dict[str, Any]:
    """What names a fresh shop or seller in bodies."""
    made = box.control("POST", f"/{platform}/{word}s", {"name": "Áo Việt"})
    return {word: made[f"{word}_id"]}


def status(box: Sandbox, path: str, body: object) -> int:
    return box.http.post(f"{box.url}/control{path}", json=body).status_code


def rows(box: Sandbox, platform: str, what: str, of: dict[str, Any]) -> list[dict[str, Any]]:
    (word, number), *_ = of.items()
    said = box.control("GET", f"/{platform}/{what}?{word}={number}")
    return [dict(zip(said["columns"], row, strict=True)) for row in said["rows"]]


@every_platform
def test_listings_are_made_seen_and_sold(box: Sandbox, platform: str, word: str) -> None:
    of = opened(box, platform, word)
    plain = {"name": "Nón lá", "sku": "NON", "price": 50000, "stock": 3}
    models = [{"sku": "AO-DO", "name": "Đỏ", "stock": 5, "price": 120000}, {"sku": "AO-DEN", "name": "Đen", "stock": 2}]
    wide = {"name": "Áo thun", "price": 99000, "models": models}
    made = box.control("POST", f"/{platform}/listings", of | {"listings": [plain, wide]})["listings"]
    assert [len(ids) for _, ids in made] == [1, 2]
    found = {row["sku"]: (row["total"], row["available"], row["price"]) for row in rows(box, platform, "stock", of)}
    assert found == {"NON": (3, 3, 50000), "AO-DO": (5, 5, 120000), "AO-DEN": (2, 2, 99000)}
    one = box.control("GET", f"/{platform}/listing?{word}={of[word]}&sku=AO-DEN")
    assert (str(one[word]), one["available"], one["price"], one["currency"]) == (str(of[word]), 2, 99000, "VND")

    bought = box.http.post(f"{box.url}/{platform}/buy", json=of | {"lines": [{"sku": "AO-DO", "quantity": 2}]})
    assert bought.status_code == 201
    (order,) = rows(box, platform, "orders", of)
    assert str(order.get("order_id") or order["order_sn"]) == str(bought.json()["order_id"])
    assert [line[2:5] for line in order["lines"]] == [["AO-DO", 2, 120000]]
    shipping = 15000 if platform == "tiki" else 0  # its totals count it
    assert (order["total"], order["currency"]) == (240000 + shipping, "VND")
    left = {row["sku"]: row["available"] for row in rows(box, platform, "stock", of)}
    assert left == {"NON": 3, "AO-DO": 3, "AO-DEN": 2}


@every_platform
def test_a_rate_is_set_and_taken_back(box: Sandbox, platform: str, word: str) -> None:
    of = opened(box, platform, word)
    path = f"/{platform}/limits"
    said = box.control("POST", path, of | {"rate": 5})
    assert (said["rate"], said["burst"]) == (5, 100 if platform == "shopify" else 5)
    said = box.control("POST", path, of | {"rate": 5, "burst": 2})
    assert (said["rate"], said["burst"]) == (5, 2)
    said = box.control("POST", path, of | {"rate": None})
    assert (said["rate"], said["burst"]) == (None, None)
    assert status(box, path, of) == 422


@every_platform
def test_nonsense_is_refused_and_makes_nothing(box: Sandbox, platform: str, word: str) -> None:
    of = opened(box, platform, word)
    listing = {"name": "Áo", "sku": "AO"}
    path = f"/{platform}/listings"
    for call in ("listings", "tokens", "limits"):
        rest = {"listings": [listing]} if call == "listings" else {"rate": 1} if call == "limits" else {}
        assert status(box, f"/{platform}/{call}", rest) == 422
        assert status(box, f"/{platform}/{call}", {word: "12345", **rest}) == 404
        assert status(box, f"/{platform}/{call}", of | rest | {"colour": "red"}) == 422
    many = [{"sku": f"A-{number}", "name": f"{number}"} for number in range(101)]
    assert status(box, path, of | {"listings": [listing | {"models": many}]}) == 422
    assert status(box, path, of | {"listings": [listing | {"price": "much"}]}) == 422
    assert status(box, path, of | {"listings": [listing | {"colour": "red"}]}) == 422
    assert status(box, f"/{platform}/{word}s", {"name": 7}) == 422
    assert box.http.get(f"{box.url}/control/{platform}/stock?{word}=12345").status_code == 404
    assert rows(box, platform, "stock", of) == []
