"""Today's work: exactly what waits, for each role and each place, each figure as long as the list behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mekong.channels import commands as channels
from mekong.foundation import company
from mekong.foundation.actor import SYSTEM
from mekong.foundation.models import Person
from mekong.insights.commands import count_sales
from mekong.inventory import commands as inventory
from mekong.orders import commands as orders
from tests.support.orders import a_draft, accept, an_order
from tests.support.people import a_person
from tests.support.stock import a_location, a_variant, stock

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class Line:
    """One line of work as it is read."""

    group: str
    tone: str
    title: str
    detail: str
    figure: str
    note: str
    link: str
    word: str


def _text(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)).replace("\u00a0", " ")).strip()


def _lines(client: Client) -> dict[str, Line]:
    """Work on the page by its title; others' work stands in the group `others`."""
    page = client.get("/").content.decode()
    found = {}
    for section in re.findall(r'<(section|details) class="section[^"]*"(.*?)</\1>', page, re.DOTALL):
        head = section[1]
        group = (re.search(r'aria-labelledby="g-(\w+)"', head) or ["", "others"])[1]
        for tone, body in re.findall(r'<li><span class="ic (\w*)">(.*?)</li>', head, re.DOTALL):
            pieces = re.search(
                r'<b class="mid">(.*?)</b><span class="sub">(.*?)</span>.*?<span class="v">(.*?)<small[^>]*>(.*?)</small>'
                r'.*?<a class="btn s[^"]*" href="([^"]*)"[^>]*>(.*?)</a>',
                body, re.DOTALL,
            )  # fmt: skip
            assert pieces, body
            title, detail, figure, note, link, word = (_text(each) for each in pieces.groups())
            found[title] = Line(group, tone, title, detail, figure, note, link, word)
    return found


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def places(now: datetime) -> Iterator[dict[str, int]]:
    """Hà Nội and Sài Gòn, with an order in every kind of work at either."""
    where = {"HN": a_location("HN", "store"), "SG": a_location("SG", "warehouse", priority=200)}
    company.leave_setup(actor=SYSTEM, now=now)
    channels.ensure_own_channels(actor=SYSTEM, now=now)
    channels.create_channel(
        actor=SYSTEM,
        code="shopee-1",
        name="Gian hàng",
        kind="shopee",
        now=now,
        shop_id="1",
        api_url="http://127.0.0.1:9",
    )
    variant = a_variant("AO", price=100_000)
    for code in where:
        stock(variant, code, 100)
    for code, units in (("HN", 1), ("SG", 2)):
        there = {"location_ids": (where[code],), "now": now}
        an_order(("AO", units), is_paid=True, **there)  # to confirm
        an_order(("AO", units), state="confirmed", is_paid=True, **there)  # to pack
        packed = an_order(("AO", units), state="confirmed", is_paid=True, **there)
        orders.move_order(actor=SYSTEM, code=packed, to="packed", now=now)
        an_order(("AO", units * 10), state="confirmed", **there)  # to pack, and not paid
        gone = an_order(("AO", units * 5), is_paid=True, **there)
        orders.cancel_order(actor=SYSTEM, code=gone, reason="other", now=now)
        back = an_order(("AO", units), state="delivered", is_paid=True, **there)
        orders.request_return(actor=SYSTEM, code=back, reason="x", now=now)
    late = a_draft((None, 3), ship_by=now - timedelta(hours=1), payment_state="paid")
    accept(replace(late, placed_at=now), now=now)
    inventory.ship_transfer(actor=SYSTEM, from_code="SG", to_code="HN", lines=[(variant, 7)], now=now)
    inventory.sell_below_zero(
        actor=SYSTEM, channel="store", location="HN", lines=[(variant, 200)], reference="T1", now=now
    )
    inventory.set_reorder_level(actor=SYSTEM, variant_id=variant, location="SG", min_qty=500)
    yield where


def _client(role: str, *where: int, language: str = "vi") -> Client:
    person = a_person((role, where) if where else role, email=f"{role}-{'-'.join(map(str, where))}@example.vn")
    row = Person.objects.get(uid=person.id)
    row.must_change_password = False
    row.save()
    client = Client(headers={"Host": "localhost"})
    client.cookies["mekong_language"] = language
    client.force_login(row, backend="django.contrib.auth.backends.ModelBackend")
    return client


UNMATCHED, CONFIRM, REFUND = "1 đơn có dòng hàng chưa ghép SKU", "2 đơn chờ xác nhận", "2 đơn cần hoàn tiền"
PACK, HAND, BACK, UNPAID = "5 đơn chờ đóng gói", "2 đơn chờ bàn giao", "2 kiện đang hoàn", "2 đơn chưa thanh toán"
COMING, LOW, OVERSOLD = "1 phiếu chuyển đang đến", "1 SKU sắp hết", "114 cái bán âm trong tuần này"
EVERYTHING = {
    UNMATCHED: ("now", "3.000 ₫"), CONFIRM: ("now", "300.000 ₫"), REFUND: ("now", "1.500.000 ₫"),
    PACK: ("now", "3.303.000 ₫"), OVERSOLD: ("now", ""), HAND: ("today", "300.000 ₫"), BACK: ("today", "300.000 ₫"),
    UNPAID: ("today", "3.000.000 ₫"), COMING: ("today", "7 đơn vị"), LOW: ("today", ""),
}  # fmt: skip


def _shown(client: Client) -> dict[str, tuple[str, str]]:
    return {title: (line.group, line.figure) for title, line in _lines(client).items()}


@pytest.mark.parametrize("role", ["owner", "manager"])
def test_those_who_lead_have_all_work_before_them_with_its_money(places: dict[str, int], role: str) -> None:
    assert _shown(_client(role)) == EVERYTHING


@pytest.mark.parametrize(
    ("role", "mine", "missing"),
    [
        ("online_orders", {UNMATCHED, CONFIRM, PACK, HAND}, {REFUND, UNPAID, COMING}),
        ("warehouse", {PACK, HAND, BACK, OVERSOLD, COMING, LOW}, {REFUND, UNPAID}),
        ("cashier", {CONFIRM}, {REFUND, UNPAID, COMING}),
        ("accountant", {REFUND, UNPAID, OVERSOLD}, {COMING}),
    ],
)
def test_each_desk_has_its_own_work_first_and_that_of_others_apart(
    places: dict[str, int], role: str, mine: set[str], missing: set[str]
) -> None:
    expected = {
        title: (group if title in mine else "others", figure)
        for title, (group, figure) in EVERYTHING.items()
        if title not in missing
    }
    assert _shown(_client(role)) == expected


def test_who_works_at_one_place_has_the_work_of_that_place(places: dict[str, int]) -> None:
    assert _shown(_client("warehouse", places["HN"])) == {
        "3 đơn chờ đóng gói": ("now", "1.103.000 ₫"), "1 đơn chờ bàn giao": ("today", "100.000 ₫"),
        "1 kiện đang hoàn": ("today", "100.000 ₫"), OVERSOLD: ("now", ""), COMING: ("today", "7 đơn vị"),
        UNMATCHED: ("others", "3.000 ₫"), "1 đơn chờ xác nhận": ("others", "100.000 ₫"),
    }  # fmt: skip
    assert _shown(_client("warehouse", places["SG"])) == {
        "3 đơn chờ đóng gói": ("now", "2.203.000 ₫"), "1 đơn chờ bàn giao": ("today", "200.000 ₫"),
        "1 kiện đang hoàn": ("today", "200.000 ₫"), LOW: ("today", ""),
        UNMATCHED: ("others", "3.000 ₫"), "1 đơn chờ xác nhận": ("others", "200.000 ₫"),
    }  # fmt: skip
    assert _shown(_client("accountant", places["SG"])) == {
        "1 đơn cần hoàn tiền": ("now", "1.000.000 ₫"), "1 đơn chưa thanh toán": ("today", "2.000.000 ₫"),
        "3 đơn chờ đóng gói": ("others", "2.203.000 ₫"), "1 đơn chờ bàn giao": ("others", "200.000 ₫"),
        "1 kiện đang hoàn": ("others", "200.000 ₫"), LOW: ("others", ""), UNMATCHED: ("others", "3.000 ₫"),
        "1 đơn chờ xác nhận": ("others", "200.000 ₫"),
    }  # fmt: skip


def test_a_late_order_makes_its_work_red_and_says_how_late(places: dict[str, int]) -> None:
    found = _lines(_client("owner"))
    assert (found[PACK].tone, found[PACK].detail) == ("bad", "1 đơn quá hạn.")
    assert found[PACK].note == "quá 1 giờ"
    assert found[HAND].tone == ""
    assert [line.tone for line in found.values()][:4] == ["bad", "bad", "bad", "warn"], "what is late stands first"
    english = _lines(_client("manager", language="en"))
    assert english["5 orders to pack"].detail == "1 is past its deadline."
    assert english["5 orders to pack"].figure == "3,303,000 ₫"


def test_the_button_says_what_this_person_can_do(places: dict[str, int]) -> None:
    keeper = _lines(_client("warehouse"))
    assert (keeper[PACK].word, keeper[CONFIRM].word) == ("Đóng gói", "Xem")
    clerk = _lines(_client("online_orders"))
    assert (clerk[CONFIRM].word, clerk[BACK].word) == ("Xác nhận", "Nhận hàng")


@pytest.mark.parametrize("where", [(), ("HN",), ("SG",)])
def test_every_figure_is_as_long_as_the_list_it_opens(places: dict[str, int], where: tuple[str, ...]) -> None:
    client = _client("manager", *(places[code] for code in where))
    for title, line in _lines(client).items():
        page = client.get(line.link)
        assert page.status_code == 200, line.link
        html = page.content.decode()
        n = int(title.split(" ")[0])
        if line.link.startswith("/orders/"):
            assert html.count('<tr data-href="/orders/') == n, title
        elif title.endswith(("hoàn tiền", "thanh toán")):
            assert html.count('<tr data-href="/orders/') == n, title
            assert line.figure in _text(html), title


def test_lists_are_for_those_who_may(places: dict[str, int]) -> None:
    keeper = _client("warehouse")
    books = _client("accountant", places["HN"])
    for name in ("unpaid", "refund", "cod", "platform-refund"):
        assert keeper.get(f"/today/{name}/").status_code == 403
        assert books.get(f"/today/{name}/").status_code == 200
    assert keeper.get("/today/no-such-list/").status_code == 404
    assert keeper.get("/today/mover/?sku=NONE").status_code == 404
    for odd in ("day=2026-13-99", "hour=99", "hour=%00", "channel=%3Cb%3E", "cursor=x"):
        answer = keeper.get(f"/today/sales/?{odd}")
        assert answer.status_code in (200, 302), odd
        assert "<b>" not in answer.content.decode().replace('<b class="', ""), odd


def test_sales_are_in_money_for_those_who_see_reports_and_in_orders_for_others(places: dict[str, int]) -> None:
    owner = _text(_client("owner").get("/").content.decode())
    assert "Doanh số hôm nay" in owner
    # 1 + 1 + 1 + 10 + 1 of Hà Nội and twice that of Sài Gòn, and what the platform sold; the cancelled ones are not in.
    assert "4.203.000 ₫" in owner
    keeper = _text(_client("warehouse").get("/").content.decode())
    assert "Doanh số hôm nay" not in keeper
    assert "11 đơn" in keeper
    there = _text(_client("manager", places["SG"]).get("/").content.decode())
    assert "2.803.000 ₫" in there


def test_the_parts_of_the_page_renew_themselves(places: dict[str, int]) -> None:
    client = _client("owner")
    part = client.get("/", headers={"HX-Request": "true", "HX-Target": "home"}).content.decode()
    assert PACK in part
    assert "<html" not in part
    assert "Doanh số" not in part
    sales = client.get("/", headers={"HX-Request": "true", "HX-Target": "sales"}).content.decode()
    assert "Doanh số hôm nay" in sales
    assert PACK not in sales


def test_what_moves_and_what_runs_out_is_drawn_with_its_table(places: dict[str, int], now: datetime) -> None:
    lamp = a_variant("DEN", price=50_000)
    stock(lamp, "HN", 40)
    for days, units in ((1, 9), (3, 8), (9, 4), (20, 7)):
        an_order(("DEN", units), location_ids=(places["HN"],), placed_at=now - timedelta(days=days), now=now)
    count_sales(actor=SYSTEM, now=now)
    client = _client("owner")
    page = client.get("/").content.decode()
    assert "1 SKU sẽ hết trong 7 ngày theo tốc độ bán hiện nay" not in page, (
        "12 left of 28 in 20 days last 8 and a half"
    )
    text = _text(page)
    assert "Hàng DEN +13" in text.replace("  ", " ")
    assert re.search(r"DEN HN 12 28 8,5 ngày", text)
    assert "Xem bảng" in text
    listed = _text(client.get("/today/mover/?sku=DEN").content.decode())
    assert "2 đơn 17 đơn vị" in listed
    before = _text(client.get("/today/mover/?sku=DEN&week=before").content.decode())
    assert "1 đơn 4 đơn vị" in before
    assert "DEN" not in _text(_client("manager", places["SG"]).get("/").content.decode())
    assert "Hàng DEN" in _text(client.get("/today/cover/").content.decode())


def test_the_page_costs_a_bounded_number_of_statements(places: dict[str, int], now: datetime) -> None:
    client = _client("owner")
    client.get("/")

    def asked() -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get("/")
        return len(seen)

    few = asked()
    for n in range(12):
        an_order(("AO", 1), location_ids=(places["SG"],), now=now + timedelta(seconds=n))
    assert asked() == few <= 45, few


def test_nothing_to_do_says_so(now: datetime) -> None:
    a_location("HN", "store")
    text = _text(_client("manager").get("/").content.decode())
    assert "Đã xong hết việc" in text
