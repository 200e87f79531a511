"""From an empty installation to its first order: every step is told done by what there is, and none stands in the way."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client

from mekong.channels import commands as channels
from mekong.channels import queries as known_channels
from mekong.foundation import company
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import Invalid, MayNot
from mekong.foundation.models import AuditEntry
from mekong.insights import queries
from mekong.inventory import commands as inventory
from mekong.inventory.queries import get_location, list_locations
from tests.integration.backoffice.conftest import Visitor
from tests.support.orders import a_draft, accept, an_order
from tests.support.people import a_caller, an_actor
from tests.support.stock import a_variant, stock

pytestmark = pytest.mark.django_db(transaction=True)

ALL = ["company", "places", "products", "stock", "channel", "orders"]


@pytest.fixture
def owner(visitor: Visitor) -> Client:
    """The owner of an installation as `mekong up` leaves it: one place, the channels of its own."""
    inventory.create_location(actor=SYSTEM, code="CH1", name="Cửa hàng", kind="store")
    channels.ensure_own_channels(actor=SYSTEM, now=datetime.now(UTC))
    return visitor("owner")


def _done() -> list[str]:
    begun = queries.begun(actor=SYSTEM)
    return [name for name in ALL if getattr(begun, name)]


def _left(client: Client) -> list[str]:
    """Steps that today's work still shows with a button."""
    return re.findall(r'<a class="btn s(?: primary)?" href="/welcome/\?step=(\w+)"', client.get("/").content.decode())


def test_each_step_is_done_by_what_there_is(owner: Client) -> None:
    assert _done() == []
    assert _left(owner) == ALL
    company.set_company(actor=SYSTEM, name="Mộc Lan")
    assert _done() == ["company"]
    inventory.update_location(actor=SYSTEM, code="CH1", name="Lê Lợi")
    assert _done() == ["company", "places"]
    variant = a_variant("AO")
    assert _done() == ["company", "places", "products"]
    stock(variant, "CH1", 5)
    assert _done() == ["company", "places", "products", "stock"]
    assert _left(owner) == ["channel", "orders"]
    work = owner.get("/").content.decode()
    assert re.findall(r'class="btn s primary" href="([^"]+)"', work) == ["/welcome/?step=channel"]
    owner.get("/welcome/")
    assert "Đang làm những bước đầu" in owner.get("/products/").content.decode()
    an_order(("AO", 1))
    assert _done() == ["company", "places", "products", "stock", "orders"], "an order of our own needs no platform"
    channels.create_channel(
        actor=SYSTEM,
        code="shopee-1",
        name="S",
        kind="shopee",
        now=datetime.now(UTC),
        shop_id="1",
        api_url="http://127.0.0.1:9",
    )
    assert "channel" not in _done(), "a platform that was only named brings nothing"
    accept(a_draft((variant, 1)))
    assert _done() == ALL
    assert _left(owner) == []
    assert "Những bước đầu" not in owner.get("/").content.decode().split("</main>")[0]
    owner.get("/welcome/")
    assert "Đang làm những bước đầu" not in owner.get("/products/").content.decode()


def test_the_company_is_named_in_the_first_step(owner: Client) -> None:
    form = {
        "name": "  Công ty  Mộc Lan ",
        "tax_code": "0312345678 001",
        "phone": "0903 123 218",
        "email": "A@Moclan.VN",
    }
    said = owner.post("/welcome/?step=company", form)
    assert (said.status_code, said.headers["Location"]) == (302, "/welcome/?step=places")
    assert company.get_company() == company.CompanyView(
        "Công ty Mộc Lan", "0312345678-001", "+84903123218", "a@moclan.vn", ""
    )
    assert AuditEntry.objects.filter(table="foundation_company", action="insert").exists()
    again = owner.post("/welcome/?step=company", form)
    assert again.status_code == 302
    assert owner.get("/welcome/").content.decode().count('aria-current="step"') == 1


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("name", "", "Cần từ 1 đến 160 ký tự"), ("name", "a" * 161, "Nhiều nhất 160 ký tự"),
        ("tax_code", "031234567", "Mã số thuế có 10 chữ số"), ("tax_code", "031234567x", "Mã số thuế có 10 chữ số"),
        ("phone", "123", "Đây không phải số điện thoại"), ("email", "lan@", "Đây không phải địa chỉ e-mail"),
        ("address", "x" * 301, "Nhiều nhất 300 ký tự"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_said_beside_it_and_nothing_is_kept(owner: Client, field: str, typed: str, said: str) -> None:
    form = {"name": "Mộc Lan", "address": "1 Lê Lợi", field: typed}
    answer = owner.post("/welcome/?step=company", form)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert said in text
    assert re.search(rf'id="{field}"[^>]*aria-invalid="true"', text)
    if field != "address":
        assert "1 Lê Lợi" in text, "what was typed stays"
    assert company.get_company() == company.CompanyView()


def test_places_are_named_and_added_once_however_often_the_form_is_sent(owner: Client) -> None:
    first = owner.get("/welcome/?step=places").content.decode()
    assert "“Cửa hàng” tên là gì?" in first
    owner.post("/welcome/?step=places", {"code": "CH1", "name": "Lê Lợi", "address": "65 Lê Lợi", "once": "a1"})
    place = get_location(actor=SYSTEM, code="CH1")
    assert (place.name, place.address) == ("Lê Lợi", {"line": "65 Lê Lợi"})
    for _ in range(2):
        owner.post("/welcome/?step=places", {"name": "Kho Thủ Đức", "kind": "warehouse", "once": "a2"})
    owner.post("/welcome/?step=places", {"name": "Kho Thủ Đức", "kind": "warehouse", "once": "a3"})
    owner.post("/welcome/?step=places", {"name": "Transit", "kind": "store", "once": "a4"})
    found = {each.code: (each.name, each.kind) for each in list_locations(actor=SYSTEM)}
    assert found == {
        "CH1": ("Lê Lợi", "store"), "KHO-THU-DUC": ("Kho Thủ Đức", "warehouse"),
        "KHO-THU-DUC-2": ("Kho Thủ Đức", "warehouse"), "TRANSIT-2": ("Transit", "store"),
    }  # fmt: skip
    assert "tên là gì?" not in owner.get("/welcome/?step=places").content.decode()
    for wrong in (
        {"name": "", "kind": "store"},
        {"name": "X", "kind": "supplier"},
        {"name": "x" * 121, "kind": "store"},
    ):
        assert owner.post("/welcome/?step=places", wrong).status_code == 422
    assert len(list_locations(actor=SYSTEM)) == 4


def test_a_shop_without_keys_is_added_for_its_order_files(owner: Client) -> None:
    form = {"act": "file", "kind": "shopee", "name": "Mộc Lan Official", "shop_id": "1001", "once": "c1"}
    said = owner.post("/welcome/?step=channel", form)
    assert said.headers["Location"] == "/channels/shopee-1/orders-file/"
    assert owner.post("/welcome/?step=channel", form).headers["Location"] == "/channels/shopee-1/orders-file/"
    assert [each.code for each in known_channels.list_channels(actor=SYSTEM) if each.is_remote] == ["shopee-1"]
    assert owner.get(said.headers["Location"]).status_code == 200
    for wrong in ({"name": ""}, {"shop_id": ""}, {"kind": "no-such"}):
        assert owner.post("/welcome/?step=channel", {**form, "once": "", **wrong}).status_code == 422
    assert "Chưa kết nối" in owner.get("/welcome/?step=channel").content.decode()


def test_the_steps_can_be_put_aside_and_taken_up_again(owner: Client) -> None:
    owner.get("/welcome/")
    assert "Quay lại những bước đầu" in owner.get("/products/").content.decode()
    assert owner.post("/welcome/leave/").headers["Location"] == "/"
    assert _left(owner) == []
    assert "Quay lại những bước đầu" not in owner.get("/products/").content.decode()
    assert owner.post("/welcome/leave/").status_code == 302
    assert owner.get("/welcome/").status_code == 200, "they can be looked at all the same"
    owner.post("/welcome/leave/", {"again": "1"})
    assert _left(owner) == ALL


def test_the_last_step_shows_the_first_order_by_itself(owner: Client) -> None:
    here = {"HX-Request": "true", "HX-Target": "step"}
    before = owner.get("/welcome/?step=orders", headers=here).content.decode()
    assert "<html" not in before
    assert "live-orders" in before
    stock(a_variant("AO"), "CH1", 2)
    code = an_order(("AO", 1))
    assert f"/orders/{code}/" in owner.get("/welcome/?step=orders", headers=here).content.decode()


def test_only_who_sets_the_installation_up_is_asked_to(owner: Client, visitor: Visitor) -> None:
    for role in ("manager", "warehouse", "online_orders", "cashier", "accountant"):
        client = visitor(role)
        assert _left(client) == []
        assert client.get("/welcome/").status_code == 403
        assert client.post("/welcome/?step=company", {"name": "X"}).status_code == 403
        assert client.post("/welcome/leave/").status_code == 403
    assert company.get_company() == company.CompanyView()
    assert owner.get("/welcome/?step=nonsense").status_code == 404
    assert owner.post("/welcome/?step=products", {"name": "x"}).status_code == 404
    assert owner.post("/welcome/?step=company", {"act": "file"}).status_code == 404


# --- the command and the API ------------------------------------------------------------------------------------------


def test_the_company_is_set_by_who_may_and_as_often_as_wanted() -> None:
    with pytest.raises(MayNot):
        company.set_company(actor=an_actor("orders.view"), name="X")
    with pytest.raises(MayNot):
        company.leave_setup(actor=an_actor("staff.manage"), now=datetime.now(UTC))
    with pytest.raises(Invalid):
        company.set_company(actor=SYSTEM, name="X\u0000Y")
    for _ in range(2):
        made = company.set_company(actor=SYSTEM, name="Hộ Lan", tax_code="012345678901")
    assert (made.name, made.tax_code) == ("Hộ Lan", "012345678901")
    assert company.set_company(actor=SYSTEM, name="Hộ Lan").tax_code == "", "what is left out becomes empty"


def test_two_who_name_the_company_at_once_leave_one() -> None:
    def name(text: str) -> None:
        try:
            company.set_company(actor=SYSTEM, name=text)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(name, [f"Công ty {n}" for n in range(12)]))
    assert company.get_company().name.startswith("Công ty ")


def test_the_company_over_the_api() -> None:
    caller = a_caller()
    assert caller.get("/api/v1/company").json()["name"] == ""
    body = {"name": "Mộc Lan", "tax_code": "0312345678", "phone": "0903123218"}
    put = caller.put("/api/v1/company", body, content_type="application/json", headers={"Idempotency-Key": "k1"})
    assert put.status_code == 200, put.content
    assert put.json() == {
        "name": "Mộc Lan", "tax_code": "0312345678", "phone": "+84903123218", "email": "", "address": "",
    }  # fmt: skip
    again = caller.put("/api/v1/company", body, content_type="application/json", headers={"Idempotency-Key": "k1"})
    assert again.json() == put.json()
    wrong = caller.put(
        "/api/v1/company",
        {"name": "M", "tax_code": "1"},
        content_type="application/json",
        headers={"Idempotency-Key": "k2"},
    )
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "tax_code")
    narrow = a_caller("orders.view")
    refused = narrow.put("/api/v1/company", body, content_type="application/json", headers={"Idempotency-Key": "k3"})
    assert refused.status_code == 403
    assert narrow.get("/api/v1/company").json()["name"] == "Mộc Lan"
