"""A cap on a bundle over HTTP, on both lanes: what is held and ordered counts, and the lists say so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.asgi import Door, a_door
from tests.support.stock import a_location, a_variant, stock

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def door() -> Door:
    a_location("KHO")
    for part in ("XB", "KH"):
        stock(a_variant(part), "KHO", 40)
    a_variant("QUA", parts={"XB": 2, "KH": 1})
    door = a_door()
    cap = {"channel": "web", "scope": "sku", "target": "QUA", "kind": "cap", "amount": 5}
    made = door.ask("POST", "/api/v1/stock/controls", cap)
    assert made.status_code == 201, made.content
    return door


def used(door: Door) -> int:
    (cap,) = door.ask("GET", "/api/v1/stock/controls?channel=web").json()["items"]
    return int(cap["used"])


def gifts(units: int, **more: Any) -> dict[str, Any]:
    return {"channel": "web", "lines": [{"sku": "QUA", "quantity": units}], **more}


def test_a_reservation_and_an_order_share_the_cap_of_a_bundle(door: Door) -> None:
    hold = door.ask("POST", "/api/v1/reservations", gifts(3, owner="cart"))
    assert (hold.status_code, used(door)) == (201, 3)
    refused = door.ask("POST", "/api/v1/orders", gifts(3, customer={"name": "Lan"}))
    assert (refused.status_code, refused.json()["code"]) == (409, "inventory.short_stock")
    assert refused.json()["params"]["lines"] == [{"sku": "QUA", "requested": 3, "available": 2}]
    assert used(door) == 3
    order = door.ask("POST", "/api/v1/orders", gifts(2, customer={"name": "Lan"}))
    assert (order.status_code, used(door)) == (201, 5)
    shown = door.ask("GET", "/api/v1/stock/availability?sku=QUA&channel=web").json()
    assert (shown["quantity"], shown["rule"]) == (0, "cap")
    assert door.ask("DELETE", f"/api/v1/reservations/{hold.json()['id']}").status_code == 204
    assert used(door) == 2
    cancelled = door.ask("POST", f"/api/v1/orders/{order.json()['code']}/cancel", {"reason": "x"})
    assert (cancelled.status_code, used(door)) == (200, 0)


def test_a_held_basket_that_becomes_an_order_counts_once(door: Door) -> None:
    hold = door.ask("POST", "/api/v1/reservations", gifts(5, owner="cart")).json()
    order = door.ask("POST", "/api/v1/orders", gifts(5, customer={"name": "Lan"}, reservation_id=hold["id"]))
    assert (order.status_code, used(door)) == (201, 5), order.content


def test_parts_that_fall_short_are_named_on_the_express_lane(door: Door) -> None:
    other = {**gifts(41), "channel": "pos"}
    for path, body in (("reservations", other | {"owner": "cart"}), ("orders", other | {"customer": {"name": "Lan"}})):
        refused = door.ask("POST", f"/api/v1/{path}", body)
        assert (refused.status_code, refused.json()["code"]) == (409, "inventory.short_stock"), refused.content
        assert {line["sku"]: line["available"] for line in refused.json()["params"]["lines"]} == {"XB": 40, "KH": 40}
