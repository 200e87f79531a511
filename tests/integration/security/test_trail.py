"""The audit trail as a page and as files; personal data masked for those who may not see it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from python_calamine import CalamineWorkbook

from mekong.foundation import audit, queries
from mekong.foundation.actor import SYSTEM
from mekong.foundation.models import AuditEntry, BrowserSession
from mekong.foundation.security import trail
from mekong.orders import commands as orders
from mekong.orders.contracts import DraftLine, OrderDraft
from tests.support.door import member, sign_in
from tests.support.people import NOON, a_caller, an_actor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("calm")]
FACTS = {"customer_name": "Nguyễn Thị Nhung", "customer_phone": "+84903123218", "note": "=1+1"}


def entries(count: int = 1) -> None:
    for number in range(count):
        audit.record(SYSTEM, action="read", table="orders_salesorder", row_id=number, now=NOON, facts=FACTS)


def whole(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def test_the_page_is_filtered_by_person_time_and_kind() -> None:
    client = sign_in(member("owner"))
    entries()
    first = client.get("/settings/audit/").content.decode()
    assert "Looked at personal data" in first
    assert "Signed in" in first
    read = client.get("/settings/audit/?kind=read").content.decode()
    assert '<b class="mid">Signed in' not in read
    assert "customer_phone" in read
    assert "Nothing in the trail" in client.get("/settings/audit/?kind=delete").content.decode()
    assert "customer_phone" in client.get("/settings/audit/?who=system&from=22/11/2026&to=22/11/2026").content.decode()
    assert "customer_phone" not in client.get("/settings/audit/?who=system&to=21/11/2026").content.decode()
    assert "customer_phone" not in client.get("/settings/audit/?who=999").content.decode()
    for wrong in ("from=x", "from=31/02/2026", "from=22/11/2026&to=21/11/2026"):
        assert client.get(f"/settings/audit/?{wrong}").status_code == 422, wrong


def test_the_last_day_counts_whole_in_the_companys_time_zone() -> None:
    audit.record(SYSTEM, action="read", table="t", row_id=1, now=datetime(2026, 11, 22, 16, 59, tzinfo=UTC))
    audit.record(SYSTEM, action="read", table="t", row_id=2, now=datetime(2026, 11, 22, 17, 0, tzinfo=UTC))
    client = sign_in(member("owner"))
    page = client.get("/settings/audit/?kind=read&from=22/11/2026&to=22/11/2026").content.decode()
    assert page.count('<b class="mid">Looked at personal data') == 1


def test_customers_data_is_masked_for_who_may_not_see_it() -> None:
    entries()
    accountant, owner = sign_in(member("accountant")), sign_in(member("owner", email="chu@example.vn"))
    masked, shown = (each.get("/settings/audit/?kind=read").content.decode() for each in (accountant, owner))
    assert "0903 ••• 218" in masked
    assert "N••• Nhung" in masked
    assert "+84903123218" not in masked
    assert "Thị" not in masked
    assert "+84903123218" in shown
    told = a_caller("audit.view").get("/api/v1/audit?action=read").json()["items"][0]["after"]
    assert told["customer_phone"] == "0903 ••• 218"
    for kind in ("csv", "xlsx"):
        text = _text(accountant.get(f"/settings/audit/file/?as={kind}&kind=read"), kind)
        assert "0903 ••• 218" in text
        assert "+84903123218" not in text


def _text(answer: Any, kind: str) -> str:
    content = whole(answer)
    if kind == "csv":
        return content.decode("utf-8-sig")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    return "\n".join("\t".join(map(str, row)) for row in rows)


def test_files_hold_every_row_and_no_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "_PAGE", 7)
    entries(20)
    client = sign_in(member("owner"))
    rows = list(csv.reader(io.StringIO(_text(client.get("/settings/audit/file/?as=csv&kind=read"), "csv"))))
    assert len(rows) == 21
    assert [row[5] for row in rows[1:]] == [str(number) for number in range(19, -1, -1)]
    assert not any(cell[:1] in "=+-@" for row in rows for cell in row if cell)
    sheet = _text(client.get("/settings/audit/file/?as=xlsx&kind=read"), "xlsx").splitlines()
    assert len(sheet) == 21


def test_more_rows_than_excel_holds_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "MOST_IN_EXCEL", 5)
    entries(6)
    client = sign_in(member("owner"))
    answer = client.get("/settings/audit/file/?as=xlsx&kind=read")
    assert answer.status_code == 422
    assert "More rows than Excel holds" in answer.content.decode()
    assert len(whole(client.get("/settings/audit/file/?as=csv&kind=read")).splitlines()) == 7


def test_taking_it_out_is_booked_and_asks_again() -> None:
    client = sign_in(member("owner"))
    whole(client.get("/settings/audit/file/?as=csv&kind=read&to=22/11/2026"))
    (entry,) = AuditEntry.objects.filter(action="export")
    assert entry.after["kind"] == "csv"
    assert entry.after["until"].startswith("2026-11-2")
    BrowserSession.objects.update(confirmed_at=NOON - timedelta(days=9000))
    there = client.get("/settings/audit/file/?as=csv")
    assert there.headers["Location"].startswith("/account/confirm/?next=%2Fsettings%2Faudit%2Ffile%2F")
    assert AuditEntry.objects.filter(action="export").count() == 1


def test_a_csv_leaves_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "_PAGE", 5)
    entries(12)
    pieces = trail.csv_pieces(actor=SYSTEM, wanted={"action": "read"})
    assert next(pieces).count(b"\r\n") == 6
    assert next(pieces).count(b"\r\n") == 5


@pytest.mark.django_db(transaction=True)
def test_files_leave_the_asynchronous_server_too() -> None:
    from tests.support.asgi import Door

    entries(3)
    client = sign_in(member("owner"))
    cookie = f"mekong_session={client.cookies['mekong_session'].value}; mekong_language=en"
    for kind in ("csv", "xlsx"):
        answer = Door(headers={"cookie": cookie}).ask("GET", f"/settings/audit/file/?as={kind}&kind=read")
        assert answer.status_code == 200
        assert answer.content[:3] == (b"\xef\xbb\xbf" if kind == "csv" else b"PK\x03")


# --- masked by role wherever staff see it ---------------------------------------------------------------------------


@pytest.fixture
def code() -> str:
    draft = OrderDraft(
        channel="web", external_id="W-1", currency="VND", placed_at=datetime.now(UTC),
        lines=(DraftLine(None, "SKU", "Trà sen", 1, 1000, 1000),),
        customer_name="Nguyễn Thị Hồng Nhung", customer_phone="+84903123218",
        shipping_address={"line": "27/4 Nguyễn Thông", "ward": "Phường Xuân Hòa"},
    )  # fmt: skip
    (made,) = orders.accept_channel_orders(actor=SYSTEM, drafts=[draft], now=datetime.now(UTC))
    return str(made.code)


SECRETS = ("Thị Hồng", "0903 123 218", "+84903123218", "27/4")


@pytest.mark.parametrize("role", ["warehouse", "cashier", "accountant"])
def test_who_may_not_reveal_sees_masks_on_every_page(code: str, role: str) -> None:
    client = sign_in(member(role))
    for path in ("/orders/?tab=all", f"/orders/{code}/", "/palette/?q=nhung", "/orders/?tab=all&q=nhung", "/"):
        page = client.get(path).content.decode()
        assert not [secret for secret in SECRETS if secret in page], path
    assert "N••• Nhung" in client.get(f"/orders/{code}/").content.decode()
    assert "Phường Xuân Hòa" in client.get(f"/orders/{code}/").content.decode()
    assert client.post(f"/orders/{code}/reveal/").status_code == 403
    for path in ("/api/v1/orders", f"/api/v1/orders/{code}"):
        told = client.get(path).content.decode()
        assert not [secret for secret in SECRETS if secret in told], path
    assert not AuditEntry.objects.filter(action="read").exists()


def test_who_may_reveal_asks_and_that_is_booked(code: str) -> None:
    client = sign_in(member("online_orders"))
    page = client.get(f"/orders/{code}/").content.decode()
    assert "Nguyễn Thị Hồng Nhung" in page
    assert not [secret for secret in SECRETS[1:] if secret in page]
    assert "do-address" not in page
    assert not AuditEntry.objects.filter(action="read").exists()
    part = client.post(f"/orders/{code}/reveal/", headers={"HX-Request": "true"}).content.decode()
    for secret in ("0903 123 218", "27/4 Nguyễn Thông", "do-address"):
        assert secret in part
    assert "<nav" not in part
    assert AuditEntry.objects.get(action="read").after == {"fields": ["customer_phone", "shipping_address"]}


def test_every_answer_of_the_api_that_reveals_is_booked(code: str) -> None:
    caller: Client = a_caller("orders.view", "orders.edit", "customers.reveal")
    caller.post(f"/api/v1/orders/{code}/notes", {"text": "x"}, content_type="application/json")
    assert AuditEntry.objects.filter(action="read").count() == 1
    a_caller("orders.view", "orders.edit").post(
        f"/api/v1/orders/{code}/notes", {"text": "y"}, content_type="application/json"
    )
    assert AuditEntry.objects.filter(action="read").count() == 1


def test_reading_the_trail_needs_its_right() -> None:
    with pytest.raises(Exception, match="audit"):
        list(trail.rows(actor=an_actor("staff.manage"), wanted={}))
    assert queries.list_audit(actor=an_actor("audit.view"), action="export").items == []
