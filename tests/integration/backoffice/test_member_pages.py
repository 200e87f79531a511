"""Pages of members: joining in ten seconds, the card with all of one, the programme, the card on a phone."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from mekong.foundation.actor import SYSTEM
from mekong.foundation.models import AuditEntry
from mekong.loyalty import queries
from mekong.loyalty.models import Entry, Member, Merge
from tests.integration.backoffice.conftest import Visitor
from tests.support.loyalty import furnish_members

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people() -> dict[str, UUID]:
    return furnish_members(datetime.now(UTC))


def text(answer: Any) -> str:
    shown = answer.content.decode()
    shown = shown[shown.index("<main") :]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", shown)).split())


def act(client: Client, member: UUID, what: str, **fields: str) -> Any:
    return client.post(f"/members/{member}/act/", {"act": what, **fields})


def seen(member: UUID) -> Any:
    return queries.get_member(actor=SYSTEM, member_id=member, now=datetime.now(UTC))


def test_the_list_finds_and_masks(people: dict[str, UUID], visitor: Visitor) -> None:
    client = visitor("cashier")
    page = text(client.get("/members/"))
    assert "3 thành viên" in page
    assert "0987 ••• 321" in page
    assert "0987654321" not in page
    assert "Đ••• Đạt" in text(client.get("/members/?q=dat"))
    assert "Không có ai khớp" in text(client.get("/members/?q=zzz"))
    part = client.get("/members/?q=khoi", headers={"HX-Request": "true", "HX-Target": "list"}).content.decode()
    assert "<html" not in part
    assert str(people["child"]) in part
    assert "Khôi" in text(visitor("owner").get("/members/?tier=member"))


def test_a_phone_a_name_and_a_yes_join(visitor: Visitor) -> None:
    client = visitor("cashier")
    form = client.get("/members/join/?phone=0903").content.decode()
    assert re.search(r'id="phone"[^>]*autofocus', form)
    assert 'value="0903"' in form
    said = {"phone": "0903 123 456", "name": "Lan", "consent": "yes", "day": "8", "month": "3", "place": "Quầy 1"}
    joined = client.post("/members/join/", said)
    member = Member.objects.get()
    assert (joined.status_code, joined["Location"]) == (302, f"/members/{member.uid}/")
    assert (member.birth_day, member.joined_channel, member.joined_by[:7]) == (8, "store", "person:")
    assert "đã tham gia" in client.get(joined["Location"]).content.decode()
    again = client.post("/members/join/", said | {"name": "Khác"})
    assert again["Location"] == joined["Location"]
    assert Member.objects.get().name == "Lan"


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"phone": "12"}, "Đây không phải số điện thoại"),
        ({"name": ""}, "Cần từ 1 đến 120 ký tự"),
        ({"consent": ""}, "đồng ý"),
        ({"day": "31", "month": "2"}, "Không có ngày này"),
        ({"day": "31"}, "Cần ngày và tháng"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(
    said: dict[str, str], problem: str, visitor: Visitor
) -> None:
    whole = {"phone": "0903 123 456", "name": "Lan Anh", "consent": "yes"} | said
    answer = visitor("cashier").post("/members/join/", whole)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert re.search(rf'class="error"[^>]*>[^<]*{problem}', unescape(page)), text(answer)
    assert f'value="{whole["name"]}"' in page
    assert not Member.objects.exists()


def test_a_card_shows_all_of_one(people: dict[str, UUID], visitor: Visitor) -> None:
    page = text(visitor("owner").get(f"/members/{people['lan']}/"))
    for words in (
        "Nguyễn Thị Lan", "0903 ••• 456", "Nhà Lan", "Trần Minh Khôi", "0 / 300 điểm trong tháng", "DH-0003", "HD-0001",
        "Xin lỗi vì giao chậm", "50 đang giữ", "Hoàn tác gộp", "chủ tài khoản", "nữa là lên",
    ):  # fmt: skip
        assert words in page, (words, page)
    card = visitor("cashier").get(f"/members/{people['lan']}/")
    assert "N••• Lan" in text(card)
    assert "Gộp thẻ khác" not in text(card)


def test_phones_are_shown_to_who_may_and_that_is_booked(people: dict[str, UUID], visitor: Visitor) -> None:
    shown = visitor("owner").post(f"/members/{people['lan']}/reveal/")
    assert "0903 123 456" in text(shown)
    assert AuditEntry.objects.filter(table="loyalty_member", action="read").count() == 1
    assert visitor("cashier").post(f"/members/{people['lan']}/reveal/").status_code == 403


def test_points_are_booked_by_hand_once(people: dict[str, UUID], visitor: Visitor) -> None:
    client, fresh = visitor("owner"), people["fresh"]
    for _ in range(2):
        act(client, fresh, "adjust", points="1.000", note="Quà khai trương", once="form-1")
    assert seen(fresh).points == 1000
    act(client, fresh, "adjust", points="−400", note="Cộng nhầm", once="form-2")
    assert seen(fresh).points == 600
    refused = act(client, fresh, "adjust", points="-601", note="Cộng nhầm", once="form-3")
    assert refused.status_code == 409
    assert "còn 600" in text(refused)
    assert act(client, fresh, "adjust", points="nhiều", note="x y z").status_code == 422
    assert act(visitor("cashier"), fresh, "adjust", points="5", note="Quà").status_code == 403
    assert Entry.objects.filter(account__members__uid=fresh).count() == 2


def test_groups_are_set_by_who_sets_the_rules(people: dict[str, UUID], visitor: Visitor) -> None:
    client, fresh = visitor("owner"), people["fresh"]
    act(client, fresh, "groups", groups="VIP; dai-ly,")
    assert seen(fresh).groups == ("dai-ly", "vip")
    assert "dai-ly" in text(client.get(f"/members/{fresh}/"))
    assert act(client, fresh, "groups", groups="đại lý").status_code == 422
    assert act(visitor("cashier"), fresh, "groups", groups="").status_code == 403
    assert seen(fresh).groups == ("dai-ly", "vip")


def test_two_are_merged_by_phone_and_parted_again(people: dict[str, UUID], visitor: Visitor) -> None:
    client = visitor("owner")
    assert act(client, people["child"], "merge", key="0987 654 321").status_code == 302
    gone = client.get(f"/members/{people['fresh']}/")
    assert "Thẻ này đã gộp vào" in text(gone)
    merge = Merge.objects.get(merged__uid=people["fresh"])
    act(client, people["child"], "undo", merge=str(merge.uid))
    assert seen(people["fresh"]).status == "active"
    missing = act(client, people["child"], "merge", key="0900 000 000")
    assert missing.status_code == 404
    assert "Chưa có thành viên" in text(missing)


def test_a_shared_account_is_managed_from_its_page(people: dict[str, UUID], visitor: Visitor) -> None:
    client, lan, child, fresh = visitor("owner"), people["lan"], people["child"], people["fresh"]
    act(client, lan, "share", key="0987654321", limit="50")
    assert (seen(fresh).account_name, seen(fresh).monthly_limit) == ("Nhà Lan", 50)
    back = act(client, fresh, "limit", limit="", back=str(lan))
    assert back["Location"] == f"/members/{lan}/"
    assert seen(fresh).monthly_limit is None
    assert act(client, lan, "leave").status_code == 409
    act(client, child, "own")
    act(client, fresh, "leave", points="100", back=str(lan))
    assert (seen(fresh).account_kind, seen(fresh).points) == ("personal", 100)
    act(client, fresh, "open", kind="company", name="Đạt Phát")
    assert seen(fresh).account_kind == "company"


def test_who_may_not_see_a_phone_leaves_it_empty_and_it_stays(people: dict[str, UUID], visitor: Visitor) -> None:
    cashier, there = visitor("cashier"), f"/members/{people['fresh']}/edit/"
    assert "0987" not in text(cashier.get(there))
    assert cashier.post(there, {"phone": "", "name": "Đỗ Tiến Đạt", "email": ""}).status_code == 302
    assert (seen(people["fresh"]).name, seen(people["fresh"]).phone) == ("Đỗ Tiến Đạt", "+84987654321")
    owner = visitor("owner")
    assert "+84987654321" in owner.get(there).content.decode()
    taken = owner.post(there, {"phone": "0903123456", "name": "Đạt"})
    assert taken.status_code == 422
    assert "TV-" in text(taken)


def test_a_closed_membership_is_empty(people: dict[str, UUID], visitor: Visitor) -> None:
    client = visitor("owner")
    act(client, people["fresh"], "close")
    assert "Thẻ đã đóng" in text(client.get(f"/members/{people['fresh']}/"))
    assert Member.objects.get(uid=people["fresh"]).phone == ""


def test_somebody_joins_by_oneself_and_the_page_tells_nobody_who_is_a_member(people: dict[str, UUID]) -> None:
    client, here = Client(), "/join/web/"
    form = {"phone": "0908 111 222", "name": "Vũ Thị Hoa", "consent": "yes"}
    first = client.post(here, form)
    member = Member.objects.get(phone="+84908111222")
    assert (member.joined_channel, member.joined_by) == ("web", "channel:web")
    assert member.consents.get().place == "join page"
    again, known = client.post(here, form), client.post(here, {**form, "phone": "0903 123 456"})
    assert {each.content for each in (again, known)} == {first.content}
    assert member.number.encode() not in first.content
    for change, field in (({"phone": "12"}, "phone"), ({"name": " "}, "name"), ({"consent": ""}, "consent")):
        wrong = client.post(here, {**form, "phone": "0908 333 444", **change})
        assert (wrong.status_code, f'id="{field}-why"' in wrong.content.decode()) == (422, True)
    assert not Member.objects.filter(phone="+84908333444").exists()
    assert client.get("/join/no-such/").status_code == 404
    assert client.put(here).status_code == 405


def test_joining_by_oneself_is_limited_by_phone_and_by_address(people: dict[str, UUID]) -> None:
    client, form = Client(), {"name": "Hoa", "consent": "yes"}
    told = [client.post("/join/web/", {**form, "phone": "0908111222"}).status_code for _ in range(6)]
    assert told == [200] * 5 + [429]
    many = [client.post("/join/web/", {**form, "phone": f"09084440{number:02d}"}).status_code for number in range(26)]
    assert many == [200] * 25 + [429]
    assert Member.objects.filter(phone__startswith="+849084440").count() == 25


def test_the_card_on_a_phone_needs_no_account(people: dict[str, UUID]) -> None:
    lan, client = seen(people["lan"]), Client(headers={"Host": "localhost"})
    answer = client.get(f"/card/{lan.card_token}/")
    page = text(answer)
    assert (answer.status_code, answer["Cache-Control"], answer["Referrer-Policy"]) == (
        200,
        "private, no-store",
        "no-referrer",
    )
    assert "noindex" in answer["X-Robots-Tag"]
    for words in (lan.number, "Chào Lan", "điểm", "nữa là lên"):
        assert words in page, (words, page)
    for hidden in ("Nguyễn", "0903", "•••"):
        assert hidden not in page
    assert answer.content.decode().count("<svg") == 2
    gone = client.get("/card/nobody/")
    assert gone.status_code == 404
    assert "Thẻ này không dùng được" in text(gone)


# --- the programme ----------------------------------------------------------------------------------------------------


def tiers(**changes: str) -> dict[str, str]:
    typed = {
        "act": "tiers", "basis": "spend", "window_months": "12", "downgrade": "one", "grace_days": "30",
        "tiers-0-code": "member", "tiers-0-name": "Thành viên", "tiers-0-threshold": "0", "tiers-0-multiplier": "",
        "tiers-1-code": "", "tiers-1-name": "", "tiers-1-threshold": "",
        "tiers-2-code": "", "tiers-2-name": "Hội viên Bạc", "tiers-2-threshold": "2.000.000", "tiers-2-multiplier": "112,5",
        "tiers-2-validity_months": "6", "tiers-2-price_group": "silver",
    }  # fmt: skip
    return typed | changes


def test_a_programme_to_begin_with_and_then_ones_own(visitor: Visitor) -> None:
    client, there = visitor("owner"), "/settings/membership/"
    assert "Dùng bộ này" in text(client.get(there))
    assert client.post(there, {"act": "start"}).status_code == 302
    assert len(queries.get_programme(actor=SYSTEM).tiers) == 4
    assert "Dùng bộ này" not in text(client.get(there))
    assert client.post(there, tiers()).status_code == 302
    found = queries.get_programme(actor=SYSTEM).tiers
    assert [(each.code, each.threshold, each.multiplier_bp, each.validity_months) for each in found] == [
        ("member", 0, 10_000, None), ("hoi-vien-bac", 2_000_000, 11_250, 6),
    ]  # fmt: skip
    assert 'value="112,5"' in client.get(there).content.decode()


def test_rules_are_set_and_contradictions_named_at_their_cell(visitor: Visitor) -> None:
    client, there = visitor("owner"), "/settings/membership/"
    earn = {
        "act": "earn", "earn-0-channel": "", "earn-0-spend_minor": "10.000", "earn-0-points": "1",
        "earn-0-starts_on": "2026-01-01",
        "earn-0-counts_tax": "1", "earn-1-channel": "store", "earn-1-spend_minor": "5.000", "earn-1-points": "1",
        "earn-1-starts_on": "2026-01-01", "earn-1-ends_on": "2026-12-31", "earn-2-spend_minor": "",
    }  # fmt: skip
    assert client.post(there, earn).status_code == 302
    rules = queries.get_programme(actor=SYSTEM).earn_rules
    assert [(each.channel, each.spend_minor, each.counts_tax, each.counts_shipping) for each in rules] == [
        ("", 10_000, True, False), ("store", 5_000, False, False),
    ]  # fmt: skip
    wrong = client.post(there, earn | {"earn-1-channel": ""})
    assert wrong.status_code == 422
    assert re.search(r'id="earn-1-starts_on-why">[^<]*2026-01-01', wrong.content.decode())
    assert 'value="5.000"' in wrong.content.decode()
    burn = {"act": "burn", "burn-0-channel": "", "burn-0-point_value_minor": "100", "burn-0-max_share": "120"}
    wrong = client.post(there, burn)
    assert re.search(r'id="burn-0-max_share-why"', wrong.content.decode())
    assert client.post(there, burn | {"burn-0-max_share": "50"}).status_code == 302
    assert queries.get_programme(actor=SYSTEM).burn_rules[0].max_share_bp == 5_000
    wrong = client.post(there, tiers(**{"tiers-2-threshold": "0"}))
    assert re.search(r'id="tiers-2-threshold-why"', wrong.content.decode())
    wrong = client.post(there, tiers(**{"tiers-2-multiplier": "nhiều"}))
    assert re.search(r'id="tiers-2-multiplier-why"', wrong.content.decode())
    assert queries.get_programme(actor=SYSTEM).tiers == ()


def test_the_settings_are_for_who_may(visitor: Visitor) -> None:
    assert visitor("manager").get("/settings/membership/").status_code == 200
    assert visitor("cashier").get("/settings/membership/").status_code == 403
    assert visitor("warehouse").get("/members/").status_code == 403
