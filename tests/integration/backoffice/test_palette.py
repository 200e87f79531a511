"""The palette: what each role may go to and begin, in either language, without tone marks; buyers by their number."""

from __future__ import annotations

import re

import pytest

from mekong.faces.backoffice import places
from mekong.faces.backoffice.urls import urlpatterns
from mekong.foundation.permissions import ROLES
from tests.integration.backoffice.conftest import Visitor
from tests.support.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)


def _offered(client: object, text: str) -> list[str]:
    answer = client.get("/palette/", {"q": text}, headers={"HX-Request": "true"})  # type: ignore[attr-defined]  # a client
    return re.findall(r'<a href="([^"]*)"', answer.content.decode().replace("&amp;", "&"))


def _may(role: str) -> object:
    held = ROLES[role].permissions
    return lambda right: held is None or right in held


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("nhap san pham", "/products/import/"), ("Nhập sản phẩm", "/products/import/"), ("import prod", "/products/import/"),
        ("dieu chinh", "/stock/adjust/"), ("adjust", "/stock/adjust/"), ("kiem ke", "/stock/adjust/?reason=count"),
        ("ton kho", "/stock/"), ("stock", "/stock/"), ("hoan tien", "/today/refund/"), ("shopee", "/channels/new/"),
        ("những bước đầu", "/welcome/"), ("first st", "/welcome/"),
    ],
)  # fmt: skip
def test_pages_and_acts_are_found_in_either_language_without_marks(typed: str, path: str) -> None:
    assert path in [each.path for each in places.find(typed, _may("owner"))]  # type: ignore[arg-type]  # as Actor.may


def test_what_begins_as_typed_comes_first() -> None:
    assert places.find("ton", _may("owner"))[0].path == "/stock/"  # type: ignore[arg-type]  # as Actor.may
    assert places.find("xyzzy", _may("owner")) == []  # type: ignore[arg-type]  # as Actor.may


@pytest.mark.parametrize("role", ROLES)
def test_nobody_is_offered_what_he_may_not_open(shop: Shop, visitor: Visitor, role: str) -> None:
    client = visitor(role)
    held = ROLES[role].permissions
    offered = set(_offered(client, ""))
    for place in places.ACTS:
        if place.path in _offered(client, place.word):
            offered.add(place.path)
            assert client.get(place.path).status_code == 200, (role, place.path)
        else:
            assert place.rights, (role, place.path)
            assert held is not None, (role, place.path)
            assert not set(place.rights) & held, (role, place.path)
    assert "/" in offered
    assert ("/channels/" in offered) == (held is None or "channels.view" in held)


def test_every_place_leads_to_a_page_there_is() -> None:
    routes = [re.compile(each.pattern.regex.pattern) for each in urlpatterns]
    for place in places.ACTS:
        path = place.path.lstrip("/").partition("?")[0]
        assert any(route.search(path) for route in routes), place.path


def test_a_buyer_is_found_by_the_number_however_it_is_written(shop: Shop, visitor: Visitor) -> None:
    client = visitor("online_orders")
    for typed in ("0937456650", "0937 456 650", "+84 937.456.650"):
        text = client.get("/palette/", {"q": typed}).content.decode()
        assert "Phạm Minh Châu" in text
        assert "0937 ••• 650" in text
        assert "/orders/?tab=all&amp;q=%2B84937456650" in text
        assert "2 đơn" in text, "two orders of hers are in the book"
    assert "0911" not in client.get("/palette/", {"q": "0911000111"}).content.decode().replace("0911000111", "")
    masked = visitor("cashier").get("/palette/", {"q": "0937456650"}).content.decode()
    assert "0937 ••• 650" in masked
    assert "Phạm Minh Châu" not in masked, "a name is told whole to those who may reveal it"
    keeper = visitor("warehouse").get("/palette/", {"q": "0937456650"}).content.decode()
    assert "Khách hàng" not in keeper, "who does not see customers is not told of them here"
