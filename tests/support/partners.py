"""Partners of the test shop: an app with keys and calls, a webhook with messages in every state, a feed with its file."""

from __future__ import annotations

from datetime import datetime, timedelta

from mekong.foundation.actor import SYSTEM
from mekong.partners import commands, files, queries
from mekong.partners.contracts import Answer
from mekong.partners.models import App, AppDay, Message

_EVENTS = ("orders.order_placed", "orders.order_shipped", "orders.order_cancelled", "catalog.price_changed")


def furnish_partners(now: datetime) -> dict[str, str]:
    """The pages of one of each, by kind."""
    app = commands.create_app(
        actor=SYSTEM, name="Kế toán Sông Hồng", contact="Trần Thị Mai, mai@songhong.example",
        scopes=["orders.view", "catalog.view", "webhooks.manage"], now=now - timedelta(days=20),
    )  # fmt: skip
    key = commands.create_key(actor=SYSTEM, app_id=app.id, label="máy chủ", now=now - timedelta(days=20))
    commands.rotate_key(actor=SYSTEM, app_id=app.id, token_id=key.key.token.id, now=now)
    for back in range(7):
        day = (now - timedelta(days=back)).date()
        AppDay.objects.create(
            app=App.objects.get(uid=app.id), day=day, calls=4200 - 310 * back, errors=37 * (back % 3), limited=3
        )
    hook = commands.create_webhook(
        actor=SYSTEM, url="https://erp.invalid/mekong/hooks", name="ERP Hạ Long", event_types=_EVENTS, now=now
    ).webhook
    answers = (
        Answer(204, "", "", 84), Answer(200, "", "ok", 120), Answer(503, "broken", "Bảo trì đến 22:00", 310),
        Answer(None, "no_answer", "", 15_000), Answer(401, "refused", '{"error": "bad signature"}', 55),
    )  # fmt: skip
    for place, answer in enumerate(answers):
        sent = commands.send_ping(actor=SYSTEM, webhook_id=hook.id, now=now - timedelta(minutes=30 - place))
        row = Message.objects.get(uid=sent.id.removeprefix("msg_"))
        row.event_type = _EVENTS[place % len(_EVENTS)]
        row.data = {"order_id": f"ord_{row.uid.hex}", "channel": "shopee-1", "external_id": f"26112{place}QX7L2"}
        row.tries = 1
        row.save()
        commands.note_answer(actor=SYSTEM, message_id=row.pk, answer=answer, jitter=0, now=now - timedelta(minutes=20))
    Message.objects.filter(attempts__status=401).update(state="failed")
    Message.objects.filter(state="waiting").update(next_at=now + timedelta(hours=2))
    feed = commands.create_feed(
        actor=SYSTEM, kind="google", name="Google Mua sắm", channel="web",
        link_template="https://shop.example.vn/p/{sku}", brand="Mộc Lan", now=now - timedelta(hours=1),
    )  # fmt: skip
    files.build_due(now=lambda: now)
    message = queries.list_messages(actor=SYSTEM, webhook_id=hook.id).items[0]
    return {
        "app": f"/settings/apps/{app.id}/",
        "webhook": f"/settings/webhooks/{hook.id}/",
        "message": f"/settings/webhooks/{hook.id}/messages/{message.id}/",
        "feed": f"/settings/feeds/{feed.id}/",
    }
