"""Pages of settings: what is typed wrong is kept, a double click makes one, a secret is shown to whoever may see it."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest

from mekong.foundation.models import ApiToken, AuditEntry
from mekong.partners.models import App, AppKey, Feed, Message, Webhook
from tests.integration.backoffice.conftest import Visitor
from tests.support.partners import furnish_partners
from tests.support.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)

HOOK = {"url": "https://example.vn/x", "name": "ERP", "events": ["orders.order_placed", "catalog.price_changed"]}


@pytest.fixture(autouse=True)
def _folder(settings: Any, tmp_path: Any) -> None:
    settings.MEKONG = dataclasses.replace(settings.MEKONG, data=tmp_path)


def test_who_may_not_enter_a_section_is_told_the_right(shop: Shop, visitor: Visitor) -> None:
    cashier = visitor("cashier")
    text = cashier.get("/settings/").content.decode()
    assert "Quản lý webhook" in text
    assert 'href="/settings/webhooks/"' not in text
    manager = visitor("manager").get("/settings/").content.decode()
    assert 'href="/settings/webhooks/"' in manager
    assert 'href="/settings/apps/"' not in manager


def test_every_page_of_partners_answers_in_both_languages(shop: Shop, visitor: Visitor) -> None:
    pages = furnish_partners(datetime.now(UTC))
    owner = visitor("owner")
    for language in ("vi", "en"):
        owner.cookies["mekong_language"] = language
        for path in (*pages.values(), *(f"{pages[each]}edit/" for each in ("app", "webhook", "feed"))):
            answer = owner.get(path)
            assert answer.status_code == 200, path
        log = owner.get(pages["webhook"], headers={"HX-Request": "true", "HX-Target": "messages"}).content.decode()
        assert "<html" not in log
        assert ("Bên nhận từ chối (401)" if language == "vi" else "The receiver refuses (401)") in log


def test_a_double_click_adds_one_webhook(shop: Shop, visitor: Visitor) -> None:
    owner = visitor("owner")
    form = {**HOOK, "once": "t1"}
    first = owner.post("/settings/webhooks/new/", form)
    second = owner.post("/settings/webhooks/new/", form)
    assert first.status_code == second.status_code == 302
    assert first.headers["Location"] == second.headers["Location"]
    row = Webhook.objects.get()
    assert row.event_types == HOOK["events"]


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(shop: Shop, visitor: Visitor) -> None:
    owner = visitor("owner")
    answer = owner.post("/settings/webhooks/new/", {**HOOK, "url": "https://10.0.0.1/x"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Địa chỉ này nằm trong mạng nội bộ" in text
    assert 'value="https://10.0.0.1/x"' in text
    assert 'value="orders.order_placed" checked' in text
    answer = owner.post("/settings/webhooks/new/", {"url": "https://example.vn/x"})
    assert "Chọn ít nhất một sự kiện" in answer.content.decode()
    assert not Webhook.objects.exists()
    answer = owner.post("/settings/apps/new/", {"name": "x", "per_minute": "mười", "burst": "0"})
    assert answer.status_code == 422
    assert answer.content.decode().count('aria-invalid="true"') == 2
    answer = owner.post(
        "/settings/feeds/new/", {"kind": "google", "name": "x", "channel": "web", "link_template": "https://x.vn/"}
    )
    assert "{sku}" in answer.content.decode()
    assert answer.status_code == 422


def test_the_secret_of_a_webhook_is_shown_on_demand_and_noted(shop: Shop, visitor: Visitor) -> None:
    owner = visitor("owner")
    page = owner.post("/settings/webhooks/new/", {**HOOK, "once": "t1"}).headers["Location"]
    assert "whsec_" not in owner.get(page).content.decode()
    shown = owner.post(f"{page}act/", {"act": "reveal"})
    assert "whsec_" in shown.content.decode()
    assert AuditEntry.objects.filter(action="read", table="partners_webhook").count() == 1
    assert visitor("cashier").post(f"{page}act/", {"act": "reveal"}).status_code == 403


def test_acts_on_a_webhook(shop: Shop, visitor: Visitor) -> None:
    owner = visitor("owner")
    page = owner.post("/settings/webhooks/new/", {**HOOK, "once": "t1"}).headers["Location"]
    for act in ("ping", "rotate", "pause"):
        assert owner.post(f"{page}act/", {"act": act, "hours": "0"}).status_code == 302
    message = Message.objects.get()
    paused = owner.post(f"{page}act/", {"act": "resend", "message": f"msg_{message.uid.hex}"})
    assert paused.status_code == 409
    assert "đang tạm dừng" in paused.content.decode()
    owner.post(f"{page}act/", {"act": "resume"})
    Message.objects.update(state="failed")
    owner.post(f"{page}act/", {"act": "resend-failed", "since": "2020-01-01"})
    assert Message.objects.get().state == "waiting"
    stays = owner.post(f"{page}act/", {"act": "resend", "message": f"msg_{message.uid.hex}", "stay": "1"})
    assert stays.headers["Location"].endswith(f"/messages/msg_{message.uid.hex}/")
    assert owner.post(f"{page}act/", {"act": "remove"}).headers["Location"] == "/settings/webhooks/"
    assert owner.post(f"{page}act/", {"act": "remove"}).status_code == 404


def test_a_key_is_made_once_and_shown_until_it_is_put_away(shop: Shop, visitor: Visitor) -> None:
    owner = visitor("owner")
    form = {"name": "Kế toán", "scopes": ["orders.view"], "per_minute": "600", "burst": "100", "once": "t1"}
    page = owner.post("/settings/apps/new/", form).headers["Location"]
    assert App.objects.get().scopes == ["orders.view"]
    wanted = {"act": "key", "label": "máy chủ", "once": "t2"}
    for _ in range(2):
        assert owner.post(f"{page}act/", wanted).status_code == 302
    assert AppKey.objects.count() == 1
    for _ in range(2):
        assert "mk_" in owner.get(page).content.decode().partition('id="fresh-key"')[2][:60]
    kept = str(list(owner.session.items()))
    assert "mk_" not in kept
    owner.post(f"{page}act/", {"act": "hide"})
    assert "fresh-key" not in owner.get(page).content.decode()
    token = ApiToken.objects.get()
    owner.post(f"{page}act/", {"act": "rotate", "key": str(token.uid)})
    assert AppKey.objects.count() == 2
    wrong = owner.post(f"{page}act/", {"act": "key", "label": "", "expires": "hôm qua"})
    assert wrong.status_code == 422
    past = owner.post(f"{page}act/", {"act": "key", "label": "x", "expires": "2020-01-01"})
    assert past.status_code == 422
    assert 'id="expires-why"' in past.content.decode()
    assert AppKey.objects.count() == 2
    owner.post(f"{page}act/", {"act": "revoke", "key": str(token.uid)})
    assert ApiToken.objects.get(pk=token.pk).revoked_at is not None
    owner.post(f"{page}act/", {"act": "shut-out"})
    assert App.objects.get().revoked_at is not None
    assert not ApiToken.objects.filter(revoked_at=None).exists()
    assert "Bị khóa" in owner.get(page).content.decode()


def test_acts_on_a_feed(shop: Shop, visitor: Visitor) -> None:
    owner = visitor("owner")
    form = {
        "kind": "meta", "name": "Facebook", "channel": "web", "link_template": "https://x.vn/{sku}", "brand": "ML",
        "once": "t1",
    }  # fmt: skip
    for _ in range(2):
        page = owner.post("/settings/feeds/new/", form).headers["Location"]
    before = Feed.objects.get().key_digest
    for act in ("write", "address", "pause", "resume"):
        assert owner.post(f"{page}act/", {"act": act}).status_code == 302
    assert Feed.objects.get().key_digest != before
    changed = owner.post(f"{page}edit/", {**form, "name": "Instagram", "channel": "nowhere"})
    assert changed.status_code in (404, 422)
    assert owner.post(f"{page}edit/", {**form, "name": "Instagram"}).status_code == 302
    assert Feed.objects.get().name == "Instagram"
    owner.post(f"{page}act/", {"act": "remove"})
    assert not Feed.objects.exists()
