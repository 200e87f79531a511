"""The stock desk as people use it: transfers, approvals, what is low, and the search through movements."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
import python_calamine
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import AsyncClient, Client

from mekong.catalog.queries import variants_by_sku
from mekong.foundation.actor import SYSTEM
from mekong.foundation.models import Person
from mekong.inventory import commands as inventory
from mekong.inventory import queries
from mekong.inventory.contracts import AdjustmentLine
from mekong.inventory.models import Adjustment, Location, StockLevel, Transfer
from tests.integration.backoffice.conftest import Visitor
from tests.support.people import NOON, a_person
from tests.support.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)

VASE = "BG-ML-28"


def worker(role: str, *codes: str) -> Client:
    """Somebody who works at these locations, signed in."""
    places = list(Location.objects.filter(code__in=codes).values_list("id", flat=True))
    made = a_person((role, places), email=f"{role}-{'-'.join(codes)}@example.vn".lower())
    row = Person.objects.get(uid=made.id)
    row.must_change_password = False
    row.save()
    client = Client(headers={"Host": "localhost"}, raise_request_exception=True)
    client.cookies["mekong_language"] = "vi"
    client.force_login(row, backend="django.contrib.auth.backends.ModelBackend")
    return client


def stands(sku: str, place: str) -> int:
    variant = variants_by_sku(actor=SYSTEM, skus=[sku])[sku].id
    return StockLevel.objects.get(variant_id=variant, location__code=place).on_hand


def vase() -> int:
    return variants_by_sku(actor=SYSTEM, skus=[VASE])[VASE].id


def drafted(client: Client, units: str = "4", **more: Any) -> str:
    form = {"from": "KHO-TD", "to": "LE-LOI", "sku": [VASE], "quantity": [units], "once": more.pop("once", ""), **more}
    answer = client.post("/stock/transfers/new/", form)
    assert answer.status_code == 302, re.findall(r'class="error"[^>]*>([^<]+)', answer.content.decode())
    return str(answer.headers["Location"])


def act(client: Client, path: str, name: str, **form: Any) -> Any:
    return client.post(f"{path}act/", {"act": name, **form})


def test_a_transfer_is_made_shipped_received_and_its_difference_booked(shop: Shop) -> None:
    store, depot = worker("warehouse", "LE-LOI"), worker("warehouse", "KHO-TD")
    before = stands(VASE, "KHO-TD"), stands(VASE, "LE-LOI")
    path = drafted(store, note="Hết <b>bình</b>")
    page = store.get(path).content.decode()
    assert "Hết &lt;b&gt;bình&lt;/b&gt;" in page
    assert "Yêu cầu duyệt" in page
    assert "Duyệt</button>" not in page
    assert act(store, path, "request").status_code == 302
    assert act(store, path, "approve").status_code == 422
    assert "Cần làm" in depot.get("/stock/transfers/").content.decode()
    assert act(depot, path, "approve").status_code == 302
    uncounted = act(depot, path, "ship")
    assert uncounted.status_code == 422
    assert "Đếm dòng này" in uncounted.content.decode()
    assert act(depot, path, "ship", **{f"count-{vase()}": "5"}).status_code == 422
    assert act(depot, path, "ship", **{f"count-{vase()}": "4"}).status_code == 302
    assert stands(VASE, "KHO-TD") == before[0] - 4
    received = {f"count-{vase()}": "3", f"cause-{vase()}": "lost", "once": "w" * 32}
    for _ in range(2):
        assert act(store, path, "receive", **received).status_code == 302
    assert stands(VASE, "LE-LOI") == before[1] + 3
    assert "thiếu 1" in depot.get(path).content.decode()
    assert act(depot, path, "settle").status_code == 422
    wrong = {f"count-{vase()}": "1", f"cause-{vase()}": "wrong_item"}
    assert "SKU nào đã đến thay" in act(depot, path, "settle", **wrong).content.decode()
    booked = act(depot, path, "settle", **{**wrong, f"instead-{vase()}": "TS-TH-100"})
    assert booked.status_code == 302
    assert Transfer.objects.get().state == "settled"
    assert (stands(VASE, "KHO-TD"), stands("TS-TH-100", "LE-LOI")) == (before[0] - 3, 4)


def test_a_form_sent_twice_makes_one_transfer(shop: Shop) -> None:
    store = worker("warehouse", "LE-LOI")
    assert drafted(store, once="a" * 32) == drafted(store, once="a" * 32)
    assert Transfer.objects.count() == 1


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"from": ""}, "Chọn kho đi."), ({"to": ""}, "Chọn kho đến."), ({"sku": ["LA"]}, "Không có SKU “LA”"),
        ({"sku": ["QT-2027"]}, "là combo"), ({"quantity": ["0"]}, "Từ 1 đến"), ({"quantity": ["ba"]}, "số nguyên"),
        ({"to": "KHO-TD"}, "hai địa điểm khác nhau"), ({"sku": [], "quantity": []}, "Không có SKU"),
        ({"from": "NAO"}, "không tồn tại"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_said_beside_it_and_nothing_is_written(shop: Shop, form: dict[str, Any], said: str) -> None:
    whole = {"from": "KHO-TD", "to": "LE-LOI", "sku": [VASE], "quantity": ["1"], **form}
    answer = worker("warehouse", "KHO-TD").post("/stock/transfers/new/", whole)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Transfer.objects.exists()


def test_what_is_elsewhere_is_out_of_reach(shop: Shop) -> None:
    inventory.create_location(actor=SYSTEM, code="HBT", name="Hai Bà Trưng", kind="store")
    path = drafted(worker("warehouse", "KHO-TD"))
    far = worker("warehouse", "HBT")
    for address in (path, f"{path}note/"):
        assert far.get(address).status_code == 404
    assert far.get(f"{path}edit/").status_code == 404
    assert act(far, path, "cancel").status_code == 404
    assert Transfer.objects.get().code not in far.get("/stock/transfers/?tab=all").content.decode()
    refused = far.post(
        "/stock/low/move/", {"sku": VASE, "units": "1", "from": "KHO-TD", "to": "LE-LOI", "once": "b" * 32}
    )
    assert refused.status_code == 403
    assert far.get("/stock/movements/").content.decode().count("<tr>") <= 1
    assert Transfer.objects.get().state == "draft"


def test_a_draft_is_changed_and_a_code_is_scanned(shop: Shop) -> None:
    store = worker("warehouse", "LE-LOI")
    path = drafted(store)
    form = {"from": "KHO-TD", "to": "LE-LOI", "sku": ["TS-TH-100", VASE], "quantity": ["2", "1"], "note": "x"}
    assert store.post(f"{path}edit/", form).status_code == 302
    assert [line["quantity"] for line in Transfer.objects.get().lines] == [2, 1]
    act(store, path, "request")
    assert store.get(f"{path}edit/").headers["Location"] == path
    assert store.post(f"{path}edit/", form).status_code == 422
    assert store.get("/stock/transfers/scan/?code=8936012840285").json() == {
        "sku": VASE, "name": "Bình gốm men lam cổ cao 28 cm", "units": 1,
    }  # fmt: skip
    assert store.get("/stock/transfers/scan/?code=bg-ml-28").json()["sku"] == VASE
    assert store.get("/stock/transfers/scan/?code=QT-2027").status_code == 409
    assert store.get("/stock/transfers/scan/?code=").status_code == 404


def test_the_note_is_a_page_of_paper(shop: Shop) -> None:
    store = worker("warehouse", "LE-LOI")
    answer = store.get(f"{drafted(store)}note/")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert "CK-" in answer.headers["Content-Disposition"]


# --- approvals ------------------------------------------------------------------------------------------------------------


def limits(units: int = 3) -> None:
    inventory.set_approval_limits(
        actor=SYSTEM, transfer_units=units, transfer_value_minor=None, adjustment_units=units,
        adjustment_value_minor=None,
    )  # fmt: skip


def test_an_adjustment_above_the_limit_waits_and_the_approver_sees_what_moved(shop: Shop, visitor: Visitor) -> None:
    limits()
    clerk, boss = worker("warehouse", "KHO-TD"), visitor("manager")
    before = stands(VASE, "KHO-TD")
    form = {"location": "KHO-TD", "reason": "internal_use", "sku": [VASE], "quantity": ["5"], "note": "Trưng bày"}
    sent = clerk.post("/stock/adjust/", form)
    path = sent.headers["Location"]
    assert path.startswith("/stock/adjustments/DC-")
    assert stands(VASE, "KHO-TD") == before
    page = boss.get(path).content.decode()
    seen = re.search(r'name="seen" value="(\d+)"', page)
    assert seen
    assert int(seen[1]) == before
    assert "Duyệt và ghi sổ" not in clerk.get(path).content.decode()
    inventory.adjust_stock(
        actor=SYSTEM, location="KHO-TD", reason="receipt", lines=[AdjustmentLine(vase(), 2)], now=NOON
    )
    late = act(boss, path, "approve", seen=seen[1])
    assert late.status_code == 422
    assert "đã thay đổi" in late.content.decode()
    assert f'value="{before + 2}"' in late.content.decode()
    assert act(boss, path, "reject").status_code == 422
    assert act(boss, path, "approve", seen=str(before + 2), note="Đúng").status_code == 302
    assert act(boss, path, "approve", seen=str(before + 2)).status_code == 302
    assert stands(VASE, "KHO-TD") == before - 3
    assert "Trưng bày" in boss.get("/stock/adjustments/?state=booked").content.decode()


def test_own_requests_are_withdrawn_not_approved(shop: Shop) -> None:
    limits()
    clerk = worker("warehouse", "KHO-TD")
    sent = clerk.post("/stock/adjust/", {"location": "KHO-TD", "reason": "count", "sku": [VASE], "quantity": ["−5"]})
    path = sent.headers["Location"]
    assert act(clerk, path, "approve", seen="").status_code == 422
    assert act(clerk, path, "withdraw").status_code == 302
    assert Adjustment.objects.get().state == "withdrawn"
    boss = worker("manager", "KHO-TD")
    assert boss.get(path).status_code == 200
    assert act(boss, path, "approve", seen="").status_code == 422


def test_limits_are_set_on_their_page_by_the_owner(shop: Shop, visitor: Visitor) -> None:
    owner = visitor("owner")
    wrong = {"transfer_units": "ba", "transfer_value_minor": "", "adjustment_units": "", "adjustment_value_minor": ""}
    assert owner.post("/stock/limits/", wrong).status_code == 422
    good = {**wrong, "transfer_units": "10", "adjustment_value_minor": "2.000.000"}
    assert owner.post("/stock/limits/", good).status_code == 302
    found = queries.approval_limits()
    assert (found.transfer.units, found.adjustment.value_minor, found.adjustment.units) == (10, 2_000_000, None)
    assert 'value="2.000.000"' in owner.get("/stock/limits/").content.decode()
    assert "2.000.000" in owner.get("/stock/adjustments/").content.decode()


def test_above_the_limit_the_page_says_who_approves(shop: Shop) -> None:
    limits()
    boss = worker("manager", "KHO-TD")
    path = drafted(boss)
    assert "Trên hạn mức" in boss.get(path).content.decode()
    assert act(boss, path, "approve").status_code == 422
    assert act(boss, path, "request").status_code == 302
    assert act(boss, path, "approve").status_code == 422
    other = worker("manager", "KHO-TD", "LE-LOI")
    assert act(other, path, "approve").status_code == 302
    assert Transfer.objects.get().state == "ready"


# --- files ----------------------------------------------------------------------------------------------------------------


def a_file(*rows: tuple[object, ...]) -> SimpleUploadedFile:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for place, row in enumerate(rows):
            sheet.write_row(place, 0, row)
    return SimpleUploadedFile("dong.xlsx", out.getvalue())


def key_of(answer: Any) -> str:
    found = re.search(r'name="key" value="([0-9a-f]{32})"', answer.content.decode())
    assert found
    return found[1]


def test_transfers_of_a_file_are_judged_then_drafted_once(shop: Shop, visitor: Visitor) -> None:
    client = visitor("manager")
    heads = ("Kho đi", "Kho đến", "Mã SKU", "SL")
    judged = client.post("/stock/transfers/file/", {"file": a_file(heads, ("KHO-TD", "LE-LOI", VASE, 2))})
    assert (judged.status_code, Transfer.objects.count()) == (200, 0)
    key = key_of(judged)
    done = client.post("/stock/transfers/file/", {"key": key, "once": key})
    assert (done.status_code, Transfer.objects.count()) == (302, 1)
    assert client.post("/stock/transfers/file/", {"key": key, "once": key}).status_code == 404
    assert Transfer.objects.count() == 1


def test_bad_cells_of_adjustments_are_named_and_nothing_is_booked(shop: Shop, visitor: Visitor) -> None:
    client = visitor("manager")
    before = stands(VASE, "KHO-TD")
    heads = ("Mã SKU", "Kho", "SL", "Lý do")
    rows = ((VASE, "KHO-TD", "hai", "Xuất hủy"), ("LA", "KHO-TD", 1, "vì thế"))
    judged = client.post("/stock/adjust/file/", {"file": a_file(heads, *rows)})
    text = judged.content.decode()
    for cell in ("C2", "A3", "D3"):
        assert f">{cell}<" in text
    assert client.post("/stock/adjust/file/", {"key": key_of(judged), "once": "c" * 32}).status_code == 422
    beyond = client.post("/stock/adjust/file/", {"file": a_file(heads, (VASE, "KHO-TD", 10**6, "Xuất hủy"))})
    short = client.post("/stock/adjust/file/", {"key": key_of(beyond), "once": "d" * 32})
    assert short.status_code == 409
    assert "Không đủ hàng" in short.content.decode()
    assert stands(VASE, "KHO-TD") == before
    assert client.post("/stock/adjust/file/", {}).status_code == 422
    template = client.get("/stock/adjust/file/?template=1")
    rows_read = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(template.content)).get_sheet_by_index(0)
    assert rows_read.to_python()[0][:4] == list(heads)


# --- looking --------------------------------------------------------------------------------------------------------------


def test_what_is_low_becomes_a_transfer_with_one_press(shop: Shop, visitor: Visitor) -> None:
    client = visitor("manager")
    inventory.set_reorder_level(actor=SYSTEM, variant_id=vase(), location="LE-LOI", min_qty=6, max_qty=10)
    page = client.get("/stock/low/?location=LE-LOI").content.decode()
    assert "Chuyển 7 từ Kho Thủ Đức" in page
    form = {"sku": VASE, "units": "7", "from": "KHO-TD", "to": "LE-LOI", "once": "e" * 32}
    answers = {client.post("/stock/low/move/", form).headers["Location"] for _ in range(2)}
    assert len(answers) == 1
    made = Transfer.objects.get()
    assert (made.state, made.lines[0]["quantity"]) == ("draft", 7)
    assert client.post("/stock/low/move/", {**form, "units": "0", "once": ""}).headers["Location"] == "/stock/low/"
    sheet = client.get("/stock/low/export/")
    rows = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(sheet.content)).get_sheet_by_index(0).to_python()
    assert rows[0][0] == "SKU"
    assert [VASE, "LE-LOI"] in [[row[0], row[2]] for row in rows]


def test_movements_are_found_and_wrong_filters_are_said(shop: Shop, visitor: Visitor) -> None:
    client = visitor("manager")
    found = client.get("/stock/movements/?sku=8936012840285&reason=scrap").content.decode()
    assert "vỡ khi trưng bày" in found
    assert "Nhập hàng<" not in found.split("<tbody>")[1]
    for query, said in (
        ("sku=LA", "Không có SKU “LA”"), ("since=hôm qua", "31/12/2026"), ("since=2026-02-02&until=2026-02-01", "Ngày cuối"),
    ):  # fmt: skip
        answer = client.get(f"/stock/movements/?{query}")
        assert answer.status_code == 422
        assert said in answer.content.decode()
    assert (
        client.get("/stock/movements/?cursor=torn&reason=scrap").headers["Location"] == "/stock/movements/?reason=scrap"
    )
    assert "Thay đổi" in client.get("/stock/movements/?sign=in&location=KHO-TD").content.decode()
    code = shop.orders[8].code
    assert f'href="/orders/{code}/"' in client.get(f"/stock/movements/?reference={code.lower()}").content.decode()


async def _streamed(client: AsyncClient, path: str) -> str:
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.streaming
    return b"".join([piece async for piece in answer.streaming_content]).decode("utf-8-sig")


def test_what_was_found_is_sent_whole_piece_by_piece(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    import asyncio

    from mekong.faces.backoffice.views import movements

    settings.ALLOWED_HOSTS = ["testserver"]
    monkeypatch.setattr(movements, "_AT_ONCE", 5)
    inventory.adjust_stock(
        actor=SYSTEM, location="KHO-TD", reason="count", lines=[AdjustmentLine(vase(), 1)], now=NOON,
        note='=cmd|"/C calc"!A1',
    )  # fmt: skip
    made = a_person("manager", email="boss@example.vn")
    row = Person.objects.get(uid=made.id)
    row.must_change_password = False
    row.save()
    client = AsyncClient()
    client.force_login(row, backend="django.contrib.auth.backends.ModelBackend")
    whole = asyncio.run(_streamed(client, "/stock/movements/export/")).splitlines()
    assert len(whole) == len(queries.find_movements(actor=SYSTEM, limit=1000)) + 1
    assert len(set(whole)) == len(whole)
    assert any("'=cmd|" in line for line in whole)
    some = asyncio.run(_streamed(client, f"/stock/movements/export/?sku={VASE}&sign=out")).splitlines()
    assert 2 < len(some) < len(whole)
