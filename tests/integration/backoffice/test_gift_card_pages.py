"""Gift cards on their pages: issued, found, looked after, printed, taken out once."""

from __future__ import annotations

import io
import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from python_calamine import CalamineWorkbook

from mekong.foundation.actor import SYSTEM
from mekong.foundation.models import AuditEntry
from mekong.pricing import commands, queries
from mekong.pricing.contracts.cards import CardView
from mekong.pricing.models import GiftCard
from tests.support.cards import a_card, held, some_cards
from tests.support.door import browser, member, sign_in
from tests.support.people import NOON

pytestmark = pytest.mark.django_db(transaction=True)

ISSUE = {"name": "Tết 2027", "value": "500.000", "count": "3", "until": "2030-12-31", "buyer": "An Bình", "once": "f1"}


@pytest.fixture
def boss() -> Client:
    return sign_in(member("manager"))


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def the_cards() -> list[CardView]:
    return queries.list_cards(actor=SYSTEM, now=NOON).items


def test_cards_are_issued_by_the_form_once(boss: Client) -> None:
    assert "No gift cards yet" in text(boss.get("/offers/cards/"))
    assert boss.get("/offers/").headers["Location"] == "/offers/cards/"
    form = {**ISSUE, "recipients": "Mai\nLan\n\nHoa", "is_active": "on"}
    made = boss.post("/offers/cards/new/", form)
    assert made.status_code == 302
    assert boss.post("/offers/cards/new/", form).headers["Location"] == made.headers["Location"]
    cards = the_cards()
    assert [(each.recipient, each.balance_minor, each.state) for each in cards] == [
        ("Hoa", 500_000, "active"), ("Lan", 500_000, "active"), ("Mai", 500_000, "active"),
    ]  # fmt: skip
    # Good until the last day is over in Vietnam: 17:00 UTC.
    assert cards[0].expires_at is not None
    assert cards[0].expires_at.isoformat() == "2030-12-31T17:00:00+00:00"
    page = text(boss.get(made.headers["Location"]))
    assert "3 gift cards issued" in page
    assert "good until 31/12/2030" in page
    listed = text(boss.get("/offers/cards/?q=mai"))
    assert f"…{cards[2].last4}" in listed
    assert f"…{cards[0].last4}" not in listed
    assert "1.500.000" in listed or "1,500,000" in listed
    code = commands.reveal_codes(actor=SYSTEM, card_ids=[cards[0].id], now=NOON)[0].code
    assert code not in boss.get(made.headers["Location"]).content.decode()


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", {"name": " "}),
        ("value", {"value": "x"}),
        ("value", {"value": "0"}),
        ("count", {"count": "10001"}),
        ("until", {"until": "2020-01-01"}),
        ("until", {"until": "soon"}),
        ("recipients", {"recipients": "Mai\nLan"}),
        ("buyer", {"buyer": "x" * 201}),
    ],
)
def test_a_wrong_field_is_marked_and_nothing_is_issued(boss: Client, field: str, typed: dict[str, str]) -> None:
    answer = boss.post("/offers/cards/new/", {**ISSUE, **typed})
    assert answer.status_code == 422
    assert f'id="{field}-why"' in answer.content.decode()
    assert not GiftCard.objects.exists()


def test_a_card_is_looked_after_on_its_page(boss: Client) -> None:
    card = a_card(500_000, is_active=False)
    here = f"/offers/cards/{card.id}/"

    def act(**form: str) -> str:
        return text(boss.post(f"{here}act/", form, follow=True))

    assert "Not active yet" in text(boss.get(here))
    assert "The card is active" in act(act="activate", reference="DH-1")
    assert "50,000" in act(act="top-up", amount="50.000", reference="PT-1")
    act(act="top-up", amount="50.000", reference="PT-1")
    held(card.id, 100_000)
    assert "Say why" in act(act="block", reason=" ")
    assert "Blocked: lost" in act(act="block", reason="lost")
    assert "can be used again" in act(act="unblock")
    later = date.today() + timedelta(days=400)  # noqa: DTZ011 - any day far enough
    assert "The card is good until" in act(act="extend", until=later.isoformat())
    assert "still to come" in act(act="extend", until="2020-01-01")
    assert "A day belongs here" in act(act="extend", until="one day")
    assert "no end now" in act(act="extend", until="")
    assert "A whole number" in act(act="top-up", amount="lots", reference="PT-2")
    page = text(boss.get(here))
    for word in ("Issued", "Activated", "Topped up", "Held for a basket", "Given free", "Unblocked", "550,000"):
        assert word in page
    assert boss.post(f"{here[:-37]}00000000-0000-7000-8000-000000000000/act/", {"act": "unblock"}).status_code == 404


def test_cards_come_on_paper_and_it_is_noted(boss: Client) -> None:
    cards = some_cards(12)
    issue = str(the_cards()[0].batch_id)
    page = boss.get(f"/offers/cards/issues/{issue}/").content.decode()
    assert "A4 sheet, 10 cards" in page
    for paper, pages in (("a4-2x5", 2), ("a4-2x4", 2), ("a6", 12), ("card", 12)):
        form = {
            "issue": issue,
            "paper": paper,
            "shop": "Mộc Lan",
            "terms": "Không đổi tiền mặt",
            "first": "1",
            "last": "",
        }
        answer = boss.post("/offers/cards/print/", form)
        assert answer.headers["Content-Type"] == "application/pdf"
        assert len(re.findall(rb"/Type\s*/Page\b", answer.content)) == pages
    one = boss.post("/offers/cards/print/", {"card": str(cards[0].id), "paper": "no such paper"})
    assert one.content.startswith(b"%PDF-")
    some = boss.post("/offers/cards/print/", {"issue": issue, "paper": "a6", "first": "3", "last": "5"})
    assert len(re.findall(rb"/Type\s*/Page\b", some.content)) == 3
    assert AuditEntry.objects.filter(table="pricing_giftcard", action="read").count() == 4 * 12 + 1 + 3
    assert "Choose from 1 to" in text(boss.post("/offers/cards/print/", {"card": "x"}))


def test_codes_come_as_a_file_once_and_can_be_forgotten(boss: Client) -> None:
    cards = some_cards(3, recipients=["Mai", "=1+1", "Hoa"], expires_at=NOON + timedelta(days=365))
    issue = the_cards()[0].batch_id
    here = f"/offers/cards/issues/{issue}/"
    answer = boss.post(f"{here}file/")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in rows[1:]] == [each.code for each in cards]
    assert rows[2][1:3] == [500_000, "VND"]
    assert rows[2][4] == "=1+1"
    again = boss.post(f"{here}file/")
    assert again.status_code == 409
    assert "were taken out on" in text(again)
    assert "Taken out as a file" in text(boss.get(here))
    assert "0 cards activated" in text(boss.post(f"{here}act/", {"act": "activate"}, follow=True))
    forgotten = text(boss.post(f"{here}act/", {"act": "forget"}, follow=True))
    assert "Not kept here since" in forgotten
    assert boss.post("/offers/cards/print/", {"card": str(cards[0].id)}).status_code == 409


def test_who_only_looks_sees_no_buttons_and_who_may_not_sees_nothing() -> None:
    card = a_card()
    accountant = sign_in(member("accountant", email="ketoan@example.vn"))
    page = accountant.get(f"/offers/cards/{card.id}/").content.decode()
    assert "do-block" not in page
    assert "do-print" not in page
    assert accountant.get("/offers/cards/new/").status_code == 403
    warehouse = sign_in(member("warehouse", email="kho@example.vn"), browser())
    assert warehouse.get("/offers/cards/").status_code == 403
    assert warehouse.post(f"/offers/cards/{card.id}/act/", {"act": "block", "reason": "x"}).status_code == 403


def test_the_pages_speak_vietnamese(boss: Client) -> None:
    card = a_card()
    boss.cookies["mekong_language"] = "vi"
    page = text(boss.get(f"/offers/cards/{card.id}/"))
    for word in ("Số dư", "Đang dùng", "Khóa thẻ", "Phát hành"):
        assert word.lower() in page.lower()
