"""Every page for every role: it answers, or says what right is missing; and what people typed stays text."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from mekong.catalog import commands as catalog
from mekong.catalog.contracts import NewProduct, NewVariant
from mekong.foundation.actor import SYSTEM
from mekong.foundation.models import AuditEntry, Person
from mekong.inventory import commands as stock_desk
from mekong.inventory import queries as inventory
from mekong.inventory.engine import engine
from mekong.orders.models import OrderLine, SalesOrder
from tests.integration.backoffice.conftest import Visitor
from tests.support.people import a_person
from tests.support.shop import Shop
from tests.support.stock import a_location, a_variant, asking, held, stock

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = {
    "/": "",
    "/today/sales/": "orders.view",
    "/today/unpaid/": "reports.view",
    "/today/refund/": "reports.view",
    "/today/pack/": "orders.view",
    "/today/oversold/": "inventory.view",
    "/today/cover/": "inventory.view",
    "/today/transfers/": "inventory.view",
    "/welcome/": "settings.manage",
    "/welcome/?step=places": "settings.manage",
    "/welcome/?step=products": "settings.manage",
    "/welcome/?step=stock": "settings.manage",
    "/welcome/?step=channel": "settings.manage",
    "/welcome/?step=orders": "settings.manage",
    "/orders/": "orders.view",
    "/orders/?tab=all&q=0903123218": "orders.view",
    "/orders/?tab=unmatched&channel=lazada-1&day=today": "orders.view",
    "/products/": "catalog.view",
    "/products/?q=binh+gom&category=gom": "catalog.view",
    "/products/TS-TH-100/": "catalog.view",
    "/products/QT-2027/": "catalog.view",
    "/products/new/": "catalog.edit",
    "/products/BG-ML-28/edit/": "catalog.edit",
    "/products/import/": "catalog.import",
    "/products/categories/": "catalog.view",
    "/products/categories/?at=gom": "catalog.view",
    "/products/labels/?pick=TS-TH-100": "catalog.view",
    "/products/?lacking=lazada": "catalog.view",
    "/products/TS-TH-100/pictures/": "catalog.view",
    "/stock/": "inventory.view",
    "/stock/?q=tra": "inventory.view",
    "/stock/low/": "inventory.view",
    "/stock/low/export/": "inventory.view",
    "/stock/transfers/": "inventory.view",
    "/stock/transfers/?tab=all&q=binh": "inventory.view",
    "/stock/transfers/new/": "inventory.transfer",
    "/stock/transfers/file/": "inventory.transfer",
    "/stock/transfers/scan/?code=BG-ML-28": "inventory.transfer",
    "/stock/adjust/file/": "inventory.adjust",
    "/stock/adjustments/": "inventory.view",
    "/stock/limits/": "settings.manage",
    "/stock/movements/": "inventory.view",
    "/stock/movements/?sku=BG-ML-28&sign=out&location=KHO-TD": "inventory.view",
    "/stock/?view=lots": "inventory.view",
    "/stock/BG-ML-28/": "inventory.view",
    "/stock/QT-2027/": "inventory.view",
    "/channels/health/": "channels.view",
    "/channels/health/?span=7d": "channels.view",
    "/stock/adjust/": "inventory.adjust",
    "/stock/controls/": "inventory.view",
    "/stock/campaigns/": "inventory.view",
    "/stock/campaigns/?tab=ended": "inventory.view",
    "/stock/campaigns/new/": "inventory.controls",
    "/channels/": "channels.view",
    "/channels/shopee-1/": "channels.view",
    "/channels/lazada-1/?state=unmatched": "channels.view",
    "/channels/lazada-1/match/": "channels.view",
    "/channels/shopee-1/orders-file/": "channels.sync",
    "/channels/shopee-1/stock-file/": "channels.view",
    "/channels/new/": "channels.manage",
    "/live/": "inventory.view",
    "/live/?view=replay": "inventory.view",
    "/live/figures/": "inventory.view",
    "/settings/": "",
    "/settings/webhooks/": "webhooks.manage",
    "/settings/webhooks/new/": "webhooks.manage",
    "/settings/apps/": "tokens.manage",
    "/settings/apps/new/": "tokens.manage",
    "/settings/feeds/": "settings.manage",
    "/settings/feeds/new/": "settings.manage",
    "/palette/?q=binh": "",
    "/parts/pulse/": "",
    "/password/": "",
}
ROLES = ("owner", "manager", "warehouse", "online_orders", "cashier", "accountant")


def test_every_page_answers_or_names_the_missing_right(shop: Shop, visitor: Visitor) -> None:
    from mekong.foundation.permissions import ROLES as PRESETS

    order = f"/orders/{shop.orders[0].code}/"
    for role in ROLES:
        client = visitor(role)
        held = PRESETS[role].permissions
        for path, right in {**PAGES, order: "orders.view"}.items():
            answer = client.get(path)
            may = held is None or not right or right in held
            assert answer.status_code == (200 if may else 403), (role, path)
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
            if not may:
                assert "quyền" in answer.content.decode(), (role, path)


def test_nobody_sees_a_page_without_signing_in(shop: Shop, visitor: Visitor) -> None:
    client = visitor()
    for path in PAGES:
        answer = client.get(path)
        assert answer.status_code == 302, path
        assert answer.headers["Location"].startswith("/sign-in/"), path
    assert client.get("/sign-in/").status_code == 200


def test_a_form_sent_after_the_session_ended_says_so_and_leads_back(shop: Shop, visitor: Visitor) -> None:
    client = visitor()
    sent = client.post(
        "/stock/adjust/", {"reason": "receipt"}, headers={"Referer": "http://localhost/stock/adjust/?sku=BG-ML-28"}
    )
    assert sent.headers["Location"] == "/sign-in/?next=%2Fstock%2Fadjust%2F%3Fsku%3DBG-ML-28&ended=1"
    assert "chưa có gì thay đổi" in client.get(sent.headers["Location"]).content.decode()
    stranger = client.post("/stock/adjust/", {}, headers={"Referer": "https://evil.example/stock/"})
    assert stranger.headers["Location"] == "/sign-in/?ended=1"
    part = client.get(
        "/products/suggest/?sku=b",
        headers={"HX-Request": "true", "HX-Current-URL": "http://localhost/stock/adjust/"},
    )
    assert (part.status_code, part.headers["HX-Redirect"]) == (401, "/sign-in/?next=%2Fstock%2Fadjust%2F")


def test_a_wrong_password_is_said_and_nobody_is_sent_elsewhere(shop: Shop, visitor: Visitor) -> None:
    person = a_person("owner", email="chu@example.vn")
    row = Person.objects.get(uid=person.id)
    row.set_password("mot mat khau dai")
    row.must_change_password = True
    row.save()
    client = visitor()
    form = {"email": "chu@example.vn", "password": "sai", "next": "https://evil.example/"}
    refused = client.post("/sign-in/", form)
    assert refused.status_code == 401
    assert "chu@example.vn" in refused.content.decode()
    taken = client.post("/sign-in/", {**form, "password": "mot mat khau dai"})
    assert taken.headers["Location"] == "/"
    assert client.get("/orders/").headers["Location"] == "/password/"
    done = client.post(
        "/password/", {"current": "mot mat khau dai", "new": "con song lon chay", "again": "con song lon chay"}
    )
    assert done.headers["Location"] == "/"
    assert client.get("/orders/").status_code == 200


SCRIPT = '<script>alert("x")</script>\'"><img src=x onerror=alert(1)>'


def test_script_in_every_text_stays_text(shop: Shop, visitor: Visitor) -> None:
    made = catalog.create_product(
        actor=SYSTEM, now=datetime.now(UTC),
        product=NewProduct(
            name=SCRIPT, description=SCRIPT, brand=SCRIPT[:60], uom="cái",
            variants=(NewVariant(sku="XSS-<b>1", price_minor=1),),
        ),
    )  # fmt: skip
    SalesOrder.objects.filter(code=shop.orders[0].code).update(
        customer_name=SCRIPT[:60], note=SCRIPT, tags=[SCRIPT[:40]], external_id="<i>x",
        shipping_address={"line": SCRIPT, "ward": SCRIPT},
    )  # fmt: skip
    client = visitor("owner")
    sku = made.variants[0].sku.replace("<", "%3C").replace(">", "%3E")
    for path in ("/products/?q=script", f"/products/{sku}/", f"/products/{sku}/edit/", f"/stock/{sku}/",
                 "/orders/?tab=all", f"/orders/{shop.orders[0].code}/", "/channels/lazada-1/?state=unmatched",
                 "/orders/?q=%3Cscript%3Ealert(1)%3C/script%3E", "/palette/?q=%3Cscript%3E", "/stock/?q=%3Cscript%3E",
                 "/products/?brand=%3Cscript%3E", "/"):  # fmt: skip
        answer = client.get(path)
        assert answer.status_code == 200, path
        text = answer.content.decode()
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path
        assert "<b>mới" not in text, path


def test_english_is_english(shop: Shop, visitor: Visitor) -> None:
    client = visitor("owner", language="en")
    text = client.get("/orders/").content.decode()
    assert "Awaiting confirmation" in text
    assert "Chờ xác nhận" not in text


def test_bulk_confirm_lists_what_could_not_be_taken_along(shop: Shop, visitor: Visitor) -> None:
    client = visitor("owner", language="en")
    free, unmatched = shop.orders[0].code, shop.orders[3].code
    answer = client.post("/orders/bulk/", {"act": "confirm", "pick": [free, unmatched]})
    assert answer.status_code == 207
    assert unmatched in answer.content.decode()
    states = dict(SalesOrder.objects.filter(code__in=[free, unmatched]).values_list("code", "state"))
    assert states == {free: "confirmed", unmatched: "pending_confirmation"}


def test_an_unmatched_line_is_matched_on_the_orders_page(shop: Shop, visitor: Visitor) -> None:
    client = visitor("online_orders")
    code = shop.orders[3].code
    line = OrderLine.objects.get(order__code=code, variant=None).line
    form = {"act": "match", "line": str(line)}
    assert client.post(f"/orders/{code}/act/", {**form, "sku": "NO-SUCH"}).status_code == 422
    assert client.post(f"/orders/{code}/act/", {**form, "sku": "BT-MN-15"}).status_code == 302
    assert SalesOrder.objects.get(code=code).issues == []


def test_how_long_orders_beyond_stock_wait_is_said_on_the_channels_page(shop: Shop, visitor: Visitor) -> None:
    client = visitor("owner")
    page = "/channels/shopee-1/"
    assert "Chờ hàng 60 phút" in client.get(page).content.decode()
    for typed, shown in (("0", "ngay trên sàn"), ("90", "Chờ hàng 90 phút"), ("", "cho đến khi có người quyết định")):
        assert client.post(f"{page}act/", {"act": "give-up", "minutes": typed}).status_code == 302
        assert shown in client.get(page).content.decode()
    for wrong in ("-5", "1.5", "99999", "<script>"):
        answer = client.post(f"{page}act/", {"act": "give-up", "minutes": wrong})
        assert answer.status_code == 422
        assert "43200" in answer.content.decode()
    assert "cho đến khi có người quyết định" in client.get(page).content.decode()


def test_a_cashier_cannot_cancel(shop: Shop, visitor: Visitor) -> None:
    client = visitor("cashier")
    code = shop.orders[0].code
    assert client.post(f"/orders/{code}/act/", {"act": "cancel", "reason": "other"}).status_code == 403
    assert SalesOrder.objects.get(code=code).state == "pending_confirmation"


def test_a_phone_number_is_masked_and_showing_it_is_logged(shop: Shop, visitor: Visitor) -> None:
    code = shop.orders[0].code
    page = f"/orders/{code}/"
    client = visitor("online_orders")
    assert "0937 ••• 650" in client.get(page).content.decode()
    assert "0937 456 650" not in client.get(page).content.decode()
    shown = client.post(f"{page}reveal/", headers={"HX-Request": "true"})
    assert "0937 456 650" in shown.content.decode()
    assert AuditEntry.objects.filter(action="read", table="orders_salesorder").count() == 1
    assert visitor("accountant").post(f"{page}reveal/").status_code == 403


def _on_hand(sku: str) -> int:
    from mekong.catalog.queries import variants_by_sku

    variant = variants_by_sku(actor=SYSTEM, skus=[sku])[sku]
    return sum(level.on_hand for level in inventory.levels(actor=SYSTEM, variant_ids=[variant.id]))


def test_a_double_click_changes_stock_once_and_undo_takes_it_back(shop: Shop, visitor: Visitor) -> None:
    client = visitor("warehouse")
    before = _on_hand("BG-ML-28")
    form = {"location": "KHO-TD", "reason": "receipt", "sku": ["BG-ML-28"], "quantity": ["5"], "once": "a" * 32}
    assert client.post("/stock/adjust/", form).status_code == 302
    assert client.post("/stock/adjust/", form).status_code == 302
    assert _on_hand("BG-ML-28") == before + 5
    undo = client.session["toasts"][-1]["undo"]
    assert client.post(undo["url"], undo["fields"]).status_code == 302
    assert client.post(undo["url"], undo["fields"]).status_code == 302
    assert _on_hand("BG-ML-28") == before


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ({"sku": ["KHONG-CO"], "quantity": ["5"]}, "KHONG-CO"),
        ({"sku": ["BG-ML-28"], "quantity": ["1,5x"]}, "số nguyên"),
        ({"sku": ["QT-2027"], "quantity": ["5"]}, "combo"),
        ({"sku": ["BG-ML-28"], "quantity": ["-5"]}, "Từ 1"),
    ],
)
def test_a_wrong_line_is_said_beside_its_field_and_the_input_stays(
    shop: Shop, visitor: Visitor, lines: dict[str, list[str]], said: str
) -> None:
    client = visitor("owner")
    before = _on_hand("BG-ML-28")
    answer = client.post("/stock/adjust/", {"location": "KHO-TD", "reason": "receipt", "note": "giữ tôi", **lines})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert said in text
    assert "giữ tôi" in text
    assert lines["quantity"][0] in text
    assert _on_hand("BG-ML-28") == before


def test_a_product_is_made_with_its_matrix(shop: Shop, visitor: Visitor) -> None:
    client = visitor("owner")
    form = {
        "name": "Áo thun", "options": "Cỡ: S, M\nMàu: Đỏ", "uom": "cái", "status": "active", "tax_class": "standard",
    }  # fmt: skip
    matrix = client.post("/products/new/", {**form, "act": "matrix", "row-sku": [""], "row-price": ["150000"]})
    assert "S / Đỏ" in matrix.content.decode()
    rows = {
        "row-values": ["S / Đỏ", "M / Đỏ"], "row-sku": ["AT-S", "BG-ML-28"], "row-price": ["150.000", "150000"],
        "row-barcode": ["", ""],
    }  # fmt: skip
    taken = client.post("/products/new/", {**form, **rows})
    assert taken.status_code == 409 or taken.status_code == 422
    assert "BG-ML-28" in taken.content.decode()
    made = client.post("/products/new/", {**form, **rows, "row-sku": ["AT-S", "AT-M"], "once": "b" * 32})
    assert made.status_code == 302
    assert "150.000" in client.get("/products/AT-S/").content.decode()


def test_what_there_is_not_is_a_page(shop: Shop, visitor: Visitor) -> None:
    client = visitor("owner")
    for path in ("/orders/DH-000000-0000/", "/products/NO-SUCH/", "/stock/NO-SUCH/", "/channels/none/", "/no/where/"):
        assert client.get(path).status_code == 404, path
    torn = client.get("/orders/?tab=all&cursor=nonsense")
    assert (torn.status_code, torn.headers["Location"]) == (302, "/orders/?tab=all")
    assert client.get("/media/../settings.py").status_code == 404


def test_a_form_of_another_site_is_refused(shop: Shop) -> None:
    client = Client(headers={"Host": "localhost"}, enforce_csrf_checks=True)
    assert client.post("/sign-in/", {"email": "a@b.vn", "password": "x"}).status_code == 403


LONG = "dài " * 1250
HOSTILE = (SCRIPT, "'; drop table orders_salesorder;--", "\u202eabc\u200f\u2067 xyz", LONG, "🏺🧵👩‍👩‍👧 hàng")


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_is_typed_is_stored_inertly_or_refused_beside_its_field(
    shop: Shop, visitor: Visitor, text: str
) -> None:
    client, code = visitor("owner"), shop.orders[0].code
    product = {
        "name": text, "brand": text, "uom": text, "description": text, "status": "active", "tax_class": "standard",
        "row-sku": text, "row-price": "1000", "row-barcode": text, "row-values": "",
    }  # fmt: skip
    line = {"location": "KHO-TD", "reason": "receipt", "sku": text, "quantity": text, "lot": text, "expires": text}
    control = {"channel": "web", "scope": "sku", "kind": "buffer", "target": text, "amount": "1"}
    channel = {"kind": "web", "name": text, "code": text}
    for path, form in (
        ("/products/new/", product), ("/stock/adjust/", {**line, "note": text}), ("/stock/controls/", control),
        ("/channels/new/", channel), (f"/orders/{code}/act/", {"act": "note", "text": text}),
        (f"/orders/{code}/act/", {"act": "tags", "tags": text}),
        (f"/orders/{code}/act/", {"act": "address", "line": text, "province": text}),
        (f"/orders/{code}/act/", {"act": "cancel", "reason": text, "reason_text": text}),
    ):  # fmt: skip
        answer = client.post(path, form)
        assert answer.status_code in (302, 409, 422), (path, answer.status_code)
        said = answer.content.decode()
        if answer.status_code != 302:
            assert 'class="error"' in said or 'role="alert"' in said, path
            assert "<script>alert" not in said, path
    shown = client.get(f"/orders/{code}/").content.decode()
    assert "<script>alert" not in shown


def test_a_product_says_what_is_wrong_with_its_unit_beside_the_unit(shop: Shop, visitor: Visitor) -> None:
    form = {"name": "Áo", "uom": "u" * 200, "status": "active", "tax_class": "standard"}
    rows = {"row-sku": "AO-1", "row-price": "1000", "row-barcode": "", "row-values": ""}
    said = visitor("owner").post("/products/new/", {**form, **rows}).content.decode()
    assert 'id="uom-why"' in said


def test_the_page_of_rules_says_how_many_bundles_a_cap_has_sold(shop: Shop, visitor: Visitor) -> None:
    a_location("KB")
    stock(a_variant("XB"), "KB", 4000)
    bundle = a_variant("QUA", parts={"XB": 1})
    stock_desk.set_control(
        actor=SYSTEM, channel="web", scope="sku", kind="cap", target="QUA", amount=2000
    )  # fmt: skip
    held(engine().call(asking((bundle, 1234))))
    said = visitor("owner").get("/stock/controls/").content.decode()
    assert "2.000" in said
    assert "1.234" in said


def test_a_rule_for_a_sku_that_is_not_there_is_refused(shop: Shop, visitor: Visitor) -> None:
    form = {"channel": "web", "kind": "buffer", "amount": "1", "target": "KHONG-CO"}
    client = visitor("owner")
    before = inventory.list_controls(actor=SYSTEM)
    for scope in ("sku", "category"):
        answer = client.post("/stock/controls/", {**form, "scope": scope})
        assert answer.status_code == 422
        assert "KHONG-CO" in answer.content.decode()
    assert inventory.list_controls(actor=SYSTEM) == before
