"""Webhooks from the fact to the receiver: signed, tried again, given up, switched off, sent again."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from mekong.catalog import commands as catalog
from mekong.catalog.contracts import NewProduct, NewVariant, PriceLine
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.delivery import deliver_due
from mekong.foundation.errors import MayNot, MayNotGrant
from mekong.foundation.events import emit
from mekong.foundation.models import AuditEntry, Delivery, OutboxEvent
from mekong.orders.events import OrderCancelled, OrderReturned
from mekong.partners import commands, queries
from mekong.partners.commands import deliveries
from mekong.partners.contracts import Answer
from mekong.partners.errors import (
    MessageNotFound,
    TooManyWebhooks,
    WebhookInvalid,
    WebhookNotFound,
    WebhookPaused,
)
from mekong.partners.models import Attempt, Message, Webhook
from mekong.partners.rules.webhooks import DISABLE_AFTER, SCHEDULE_S
from tests.integration.partners.conftest import Deliver
from tests.support.people import NOON, an_actor
from tests.support.receiver import Receiver

pytestmark = pytest.mark.django_db(transaction=True)

ORDER = "01936b1e-7d3c-7000-8000-000000000001"
SOON = NOON + timedelta(seconds=1)


def a_webhook(url: str, *types: str, actor: Actor = SYSTEM, **more: Any) -> Any:
    return commands.create_webhook(
        actor=actor, url=url, event_types=types or ["orders.order_cancelled"], now=NOON, **more
    )


def cancelled(at: datetime = SOON, *, key: object = 1) -> None:
    emit(SYSTEM, OrderCancelled(ORDER, "shopee-1", "2611QX", "buyer", by_channel=True), key=key, now=at)
    deliver_due(now=at)


def messages(made: Any, **more: Any) -> list[Any]:
    return queries.list_messages(actor=SYSTEM, webhook_id=made.webhook.id, **more).items


# --- delivering -------------------------------------------------------------------------------------------------------


def test_a_fact_arrives_signed_with_public_ids(receiver: Receiver, deliver: Deliver) -> None:
    made = a_webhook(receiver.url)
    cancelled()
    assert deliver(SOON) == 1
    assert deliver(SOON) == 0
    (arrived,) = receiver.arrived
    assert receiver.verify(made.secret)
    assert not receiver.verify("whsec_" + "A" * 43 + "=")
    assert arrived.said == {
        "type": "orders.order_cancelled",
        "version": 1,
        "timestamp": "2026-11-22T05:00:01Z",
        "data": {
            "order_id": "ord_01936b1e7d3c70008000000000000001", "channel": "shopee-1", "external_id": "2611QX",
            "reason": "buyer", "by_channel": True,
        },
    }  # fmt: skip
    assert arrived.headers["webhook-timestamp"] == str(int(SOON.timestamp()))
    assert arrived.headers["content-type"] == "application/json"
    (message,) = messages(made)
    assert (message.id, message.state, message.last_status) == (arrived.headers["webhook-id"], "delivered", 204)


def test_a_fact_nobody_asked_for_makes_no_message(receiver: Receiver, deliver: Deliver) -> None:
    made = a_webhook(receiver.url, "orders.order_placed")
    cancelled()
    emit(SYSTEM, OrderCancelled(ORDER, "a", "b", "c", by_channel=True), key=1, now=NOON - timedelta(seconds=1))
    deliver_due(now=SOON)
    assert messages(made) == []
    assert not Delivery.objects.exists()


def test_a_fact_heard_twice_is_one_message(receiver: Receiver) -> None:
    made = a_webhook(receiver.url)
    cancelled()
    event = OutboxEvent.objects.get(name="orders.order_cancelled")
    for _ in range(2):
        commands.note_fact(
            actor=SYSTEM, event=OrderCancelled(ORDER, "shopee-1", "2611QX", "buyer", by_channel=True),
            event_id=event.id, occurred_at=SOON, now=SOON,
        )  # fmt: skip
    assert len(messages(made)) == 1


def test_products_are_told_by_public_id_and_sku(receiver: Receiver, deliver: Deliver) -> None:
    a_webhook(receiver.url, "catalog.price_changed", "catalog.product_archived")
    made = catalog.create_product(actor=SYSTEM, product=NewProduct("Áo", (NewVariant("AO-1", 100_000),)), now=NOON)
    catalog.set_prices(actor=SYSTEM, lines=[PriceLine("AO-1", 120_000)], now=SOON)
    catalog.archive_product(actor=SYSTEM, product_id=made.id, now=SOON)
    deliver_due(now=SOON + timedelta(seconds=60))
    deliver(SOON + timedelta(days=3650))
    told = {each.said["type"]: each.said["data"] for each in receiver.arrived}
    product = f"prd_{made.uid.hex}"
    assert told == {
        "catalog.price_changed": {
            "product_id": product, "sku": "AO-1", "old_price_minor": 100_000, "price_minor": 120_000,
            "currency": "VND", "price_version": 2,
        },
        "catalog.product_archived": {"product_id": product, "skus": ["AO-1"]},
    }  # fmt: skip


def test_lines_of_a_return_are_named(receiver: Receiver, deliver: Deliver) -> None:
    a_webhook(receiver.url, "orders.order_returned")
    emit(SYSTEM, OrderReturned(ORDER, "web", ((1, 2, "damaged"),)), key=1, now=SOON)
    deliver_due(now=SOON)
    deliver(SOON)
    assert receiver.arrived[0].said["data"]["lines"] == [{"line": 1, "quantity": 2, "grade": "damaged"}]


def test_three_failures_then_it_is_taken_under_one_id(receiver: Receiver, deliver: Deliver) -> None:
    made = a_webhook(receiver.url)
    receiver.will(500, 503, 404, body="bảo trì".encode())
    cancelled()
    at = SOON
    for tries in range(1, 4):
        assert deliver(at) == 1
        (message,) = messages(made)
        assert (message.state, message.tries) == ("waiting", tries)
        pause = SCHEDULE_S[tries - 1]
        assert abs((message.next_at - at).total_seconds() - pause) <= pause * 0.1 + 0.001
        assert deliver(message.next_at - timedelta(milliseconds=10)) == 0
        at = message.next_at
    view = queries.get_webhook(actor=SYSTEM, webhook_id=made.webhook.id, now=at)
    assert view.failing_since == SOON
    assert deliver(at) == 1
    assert len({each.headers["webhook-id"] for each in receiver.arrived}) == 1
    assert len(receiver.arrived) == 4
    assert all(receiver.verify(made.secret, each) for each in receiver.arrived)
    whole = queries.get_message(actor=SYSTEM, webhook_id=made.webhook.id, message_id=messages(made)[0].id)
    assert [(each.status, each.problem) for each in whole.attempts] == [
        (500, "broken"), (503, "broken"), (404, "refused"), (204, ""),
    ]  # fmt: skip
    assert whole.attempts[0].excerpt == "bảo trì"
    assert queries.get_webhook(actor=SYSTEM, webhook_id=made.webhook.id, now=at).failing_since is None


def test_a_receiver_that_asks_for_a_pause_gets_it(receiver: Receiver, deliver: Deliver) -> None:
    made = a_webhook(receiver.url)
    receiver.will(429, retry_after="900")
    cancelled()
    deliver(SOON)
    assert messages(made)[0].next_at == SOON + timedelta(seconds=900)


def test_the_tenth_failure_is_the_last(receiver: Receiver, deliver: Deliver) -> None:
    made = a_webhook(receiver.url)
    receiver.will(*[500] * 20)
    cancelled()
    at = SOON
    while messages(made)[0].state == "waiting":
        deliver(at)
        at = messages(made)[0].next_at or at
    assert len(receiver.arrived) == 10
    assert messages(made, state="failed")[0].last_status == 500
    assert queries.get_webhook(actor=SYSTEM, webhook_id=made.webhook.id, now=at).is_active


def test_a_receiver_that_takes_nothing_for_days_is_switched_off_and_said_so(
    receiver: Receiver, deliver: Deliver
) -> None:
    made = a_webhook(receiver.url)
    listener = a_webhook(receiver.url, "partners.webhook_disabled")
    receiver.will(500)
    cancelled()
    deliver(SOON)
    late = SOON + DISABLE_AFTER
    cancelled(late, key=2)
    receiver.will(500, 500)
    deliver(late)
    view = queries.get_webhook(actor=SYSTEM, webhook_id=made.webhook.id, now=late)
    assert (view.is_active, view.disabled_reason, view.waiting) == (False, "failing", 0)
    deliver_due(now=late)
    deliver(late)
    told = receiver.arrived[-1].said
    assert told["type"] == "partners.webhook_disabled"
    assert told["data"] == {"webhook": f"whk_{made.webhook.id.hex}", "url": receiver.url, "reason": "failing"}
    assert messages(listener)[0].state == "delivered"
    before = len(receiver.arrived)
    cancelled(late + timedelta(seconds=5), key=3)
    assert deliver(late + timedelta(seconds=5)) == 0
    assert len(receiver.arrived) == before


def test_410_switches_off_at_once(receiver: Receiver, deliver: Deliver) -> None:
    made = a_webhook(receiver.url)
    receiver.will(410)
    cancelled()
    deliver(SOON)
    view = queries.get_webhook(actor=SYSTEM, webhook_id=made.webhook.id, now=SOON)
    assert (view.is_active, view.disabled_reason, view.failed) == (False, "gone", 1)
    back = commands.update_webhook(actor=SYSTEM, webhook_id=made.webhook.id, is_active=True, now=SOON)
    assert (back.is_active, back.disabled_reason, back.failing_since) == (True, "", None)


def test_a_receiver_that_hangs_is_left_and_holds_up_no_other(receiver: Receiver, deliver: Deliver) -> None:
    from tests.support.receiver import receiving

    release = threading.Event()
    with receiving() as quick:
        slow, other = a_webhook(receiver.url), a_webhook(quick.url)
        receiver.before = lambda: release.wait(20)
        cancelled()
        began = time.monotonic()
        deliver(SOON, answer_s=1.0)
        took = time.monotonic() - began
        release.set()
    assert took < 10
    assert messages(slow)[0].last_problem == "no_answer"
    assert messages(slow)[0].state == "waiting"
    assert messages(other)[0].state == "delivered"


def test_a_redirect_is_not_followed(receiver: Receiver, deliver: Deliver) -> None:
    made = a_webhook(receiver.url)
    receiver.will(302, 301, 307, 308, location=receiver.url)
    cancelled()
    deliver(SOON)
    assert len(receiver.arrived) == 1
    assert (messages(made)[0].last_status, messages(made)[0].last_problem) == (302, "redirected")


def test_an_answer_without_end_is_not_read(receiver: Receiver, deliver: Deliver) -> None:
    made = a_webhook(receiver.url)
    receiver.will(200, body=b"x" * 5_000_000)
    cancelled()
    deliver(SOON)
    assert messages(made)[0].state == "delivered"
    whole = queries.get_message(actor=SYSTEM, webhook_id=made.webhook.id, message_id=messages(made)[0].id)
    assert len(whole.attempts[0].excerpt) == 500


def test_nobody_there_and_no_such_name(receiver: Receiver, deliver: Deliver) -> None:
    nobody = a_webhook("http://127.0.0.1:9/x")
    nameless = a_webhook("http://no-such-name.invalid/x")
    cancelled()
    deliver(SOON)
    assert messages(nobody)[0].last_problem == "not_reached"
    assert messages(nameless)[0].last_problem == "no_such_name"


def test_what_became_private_is_not_reached(receiver: Receiver, deliver: Deliver) -> None:
    """The address was taken when it might be, or its name answers otherwise today."""
    made = a_webhook(receiver.url)
    Webhook.objects.update(url="https://localtest.example.vn/x")
    cancelled()
    import socket

    real = socket.getaddrinfo

    def poisoned(host: Any, *more: Any, **named: Any) -> Any:
        return real("127.0.0.1" if host == "localtest.example.vn" else host, *more, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", poisoned)
        deliver(SOON, reach_private=False)
    assert receiver.arrived == []
    assert messages(made)[0].last_problem == "not_allowed"


# --- crashes and races ------------------------------------------------------------------------------------------------


def test_a_crash_between_sending_and_booking_sends_it_again_under_the_same_id(
    receiver: Receiver, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = a_webhook(receiver.url)
    cancelled()

    def dies(**_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("mekong.partners.remote.note_answer", dies)
        with pytest.raises(KeyboardInterrupt):
            deliver(SOON)
    assert len(receiver.arrived) == 1
    assert messages(made)[0].state == "waiting"
    assert deliver(SOON + timedelta(seconds=30)) == 0, "another worker may still be at it"
    assert deliver(SOON + deliveries.LEASE) == 1
    assert receiver.arrived[0].headers["webhook-id"] == receiver.arrived[1].headers["webhook-id"]
    assert messages(made)[0].state == "delivered"


def test_two_workers_send_each_message_once(receiver: Receiver, deliver: Deliver) -> None:
    made = a_webhook(receiver.url)
    for number in range(30):
        emit(SYSTEM, OrderCancelled(ORDER, "web", f"W-{number}", "buyer", by_channel=True), key=number, now=SOON)
    deliver_due(now=SOON)
    receiver.before = lambda: time.sleep(0.01)
    with ThreadPoolExecutor(2) as pool:
        sent = sum(pool.map(lambda _: deliver(SOON), range(2)))
    assert sent == 30
    assert {(each.state, each.last_problem) for each in messages(made, limit=100)} == {("delivered", "")}
    assert len({each.headers["webhook-id"] for each in receiver.arrived}) == len(receiver.arrived) == 30


def test_one_slow_receiver_takes_only_its_share_of_a_worker(receiver: Receiver) -> None:
    a_webhook(receiver.url)
    for number in range(30):
        emit(SYSTEM, OrderCancelled(ORDER, "web", f"W-{number}", "buyer", by_channel=True), key=number, now=SOON)
    deliver_due(now=SOON)
    taken = commands.claim_messages(actor=SYSTEM, now=SOON, limit=64, busy={})
    assert len(taken) == deliveries.PER_WEBHOOK
    key = taken[0].webhook_key
    assert commands.claim_messages(actor=SYSTEM, now=SOON, limit=64, busy={key: deliveries.PER_WEBHOOK}) == []
    assert len(commands.claim_messages(actor=SYSTEM, now=SOON, limit=64, busy={key: 6})) == 2


def test_switching_off_while_answers_come_in_does_not_jam(receiver: Receiver) -> None:
    made = a_webhook(receiver.url)
    for number in range(20):
        emit(SYSTEM, OrderCancelled(ORDER, "web", f"W-{number}", "buyer", by_channel=True), key=number, now=SOON)
    deliver_due(now=SOON)
    ids = list(Message.objects.values_list("pk", flat=True))

    def book(place: int) -> None:
        try:
            status = 410 if place == 7 else 500
            commands.note_answer(
                actor=SYSTEM, message_id=ids[place], answer=Answer(status, "x", "", 1), jitter=0, now=SOON
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(book, range(20)))
    view = queries.get_webhook(actor=SYSTEM, webhook_id=made.webhook.id, now=SOON)
    assert (view.disabled_reason, view.waiting, view.failed) == ("gone", 0, 20)
    assert Attempt.objects.count() == 20
    assert OutboxEvent.objects.filter(name="partners.webhook_disabled").count() == 1


# --- secrets ----------------------------------------------------------------------------------------------------------


def test_both_secrets_sign_until_the_old_one_ends(receiver: Receiver, deliver: Deliver) -> None:
    made = a_webhook(receiver.url)
    fresh = commands.rotate_secret(actor=SYSTEM, webhook_id=made.webhook.id, overlap=timedelta(hours=2), now=SOON)
    assert fresh.webhook.secrets == 2
    assert fresh.webhook.secrets_until == SOON + timedelta(hours=2)
    cancelled()
    deliver(SOON)
    assert receiver.verify(made.secret)
    assert receiver.verify(fresh.secret)
    later = SOON + timedelta(hours=3)
    cancelled(later, key=2)
    deliver(later)
    assert receiver.verify(fresh.secret)
    assert not receiver.verify(made.secret)


def test_an_overlap_of_nothing_ends_the_old_secret_at_once(receiver: Receiver, deliver: Deliver) -> None:
    made = a_webhook(receiver.url)
    fresh = commands.rotate_secret(actor=SYSTEM, webhook_id=made.webhook.id, overlap=timedelta(0), now=NOON)
    cancelled()
    deliver(SOON)
    assert receiver.verify(fresh.secret)
    assert not receiver.verify(made.secret)
    with pytest.raises(WebhookInvalid):
        commands.rotate_secret(actor=SYSTEM, webhook_id=made.webhook.id, overlap=timedelta(days=31), now=NOON)


def test_secrets_are_sealed_and_looking_at_one_is_in_the_trail(receiver: Receiver) -> None:
    made = a_webhook(receiver.url)
    row = Webhook.objects.get()
    assert made.secret not in row.sealed_secrets
    owner = an_actor("webhooks.manage")
    assert commands.reveal_secret(actor=owner, webhook_id=made.webhook.id, now=SOON) == made.secret
    read = AuditEntry.objects.get(action="read")
    assert (read.table, read.row_id, read.actor) == ("partners_webhook", str(row.pk), "person:0")
    assert all(made.secret not in str(each.after) for each in AuditEntry.objects.all())
    assert row.sealed_secrets not in str(AuditEntry.objects.get(table="partners_webhook", action="insert").after)


# --- sending again, pausing -------------------------------------------------------------------------------------------


def test_one_message_and_all_that_failed_since_are_sent_again(receiver: Receiver, deliver: Deliver) -> None:
    made = a_webhook(receiver.url)
    for hours in range(3):
        cancelled(SOON + timedelta(hours=hours), key=hours)
    Message.objects.update(state="failed", tries=10)
    later = SOON + timedelta(hours=5)
    since = SOON + timedelta(hours=1)
    count = commands.resend_failed(actor=SYSTEM, webhook_id=made.webhook.id, since=since, now=later)
    assert count == 2
    assert commands.resend_failed(actor=SYSTEM, webhook_id=made.webhook.id, since=since, now=later) == 0
    assert deliver(later) == 2
    oldest = messages(made)[-1]
    assert oldest.state == "failed"
    again = commands.resend_message(actor=SYSTEM, webhook_id=made.webhook.id, message_id=oldest.id, now=later)
    assert (again.state, again.tries) == ("waiting", 0)
    assert deliver(later) == 1
    assert receiver.arrived[-1].headers["webhook-id"] == oldest.id
    done = commands.resend_message(actor=SYSTEM, webhook_id=made.webhook.id, message_id=oldest.id, now=later)
    assert done.state == "waiting", "a delivered one may be asked for again"


def test_a_ping_arrives(receiver: Receiver, deliver: Deliver) -> None:
    made = a_webhook(receiver.url)
    sent = commands.send_ping(actor=SYSTEM, webhook_id=made.webhook.id, now=SOON)
    deliver(SOON)
    assert receiver.arrived[0].said["type"] == "partners.ping"
    assert receiver.arrived[0].headers["webhook-id"] == sent.id


def test_a_paused_webhook_is_sent_nothing(receiver: Receiver, deliver: Deliver) -> None:
    made = a_webhook(receiver.url)
    known = {"actor": SYSTEM, "webhook_id": made.webhook.id, "now": SOON}
    cancelled()
    assert not commands.update_webhook(is_active=False, **known).is_active
    assert not commands.update_webhook(is_active=False, **known).is_active
    assert deliver(SOON) == 0
    cancelled(key=2)
    with pytest.raises(WebhookPaused):
        commands.send_ping(**known)
    with pytest.raises(WebhookPaused):
        commands.resend_message(message_id=messages(made)[0].id, **known)
    with pytest.raises(WebhookPaused):
        commands.resend_failed(since=NOON, **known)
    commands.update_webhook(is_active=True, **known)
    assert deliver(SOON) == 1, "what waited before the pause goes; what happened in it does not"


def test_a_removed_webhook_takes_its_log_with_it(receiver: Receiver, deliver: Deliver) -> None:
    made = a_webhook(receiver.url)
    receiver.will(500)
    cancelled()
    deliver(SOON)
    commands.remove_webhook(actor=SYSTEM, webhook_id=made.webhook.id)
    assert not Message.objects.exists()
    assert not Attempt.objects.exists()
    with pytest.raises(WebhookNotFound):
        commands.remove_webhook(actor=SYSTEM, webhook_id=made.webhook.id)
    deliveries.note_answer(actor=SYSTEM, message_id=1, answer=Answer(200, "", "", 1), jitter=0, now=SOON)


def test_messages_are_forgotten_after_a_month(receiver: Receiver, deliver: Deliver) -> None:
    made = a_webhook(receiver.url)
    cancelled()
    deliver(SOON)
    cancelled(SOON + timedelta(days=20), key=2)
    Message.objects.filter(occurred_at=SOON).update(created_at=SOON)
    Message.objects.exclude(occurred_at=SOON).update(created_at=SOON + timedelta(days=20))
    assert commands.forget_messages(actor=SYSTEM, now=SOON + timedelta(days=31)) == 1
    assert len(messages(made)) == 1
    assert not Attempt.objects.exists()


# --- who may ----------------------------------------------------------------------------------------------------------


def test_each_act_needs_the_right(receiver: Receiver) -> None:
    made = a_webhook(receiver.url)
    nobody = an_actor("orders.view")
    known = {"actor": nobody, "webhook_id": made.webhook.id}
    acts = [
        lambda: a_webhook(receiver.url, actor=nobody),
        lambda: commands.update_webhook(**known, now=NOON, name="x"),
        lambda: commands.remove_webhook(**known),
        lambda: commands.rotate_secret(**known, now=NOON),
        lambda: commands.reveal_secret(**known, now=NOON),
        lambda: commands.send_ping(**known, now=NOON),
        lambda: commands.resend_message(**known, message_id="msg_x", now=NOON),
        lambda: commands.resend_failed(**known, since=NOON, now=NOON),
        lambda: queries.get_webhook(**known, now=NOON),
        lambda: queries.list_messages(**known),
        lambda: queries.get_message(**known, message_id="msg_x"),
        lambda: queries.list_webhooks(actor=nobody, now=NOON),
    ]
    for act in acts:
        with pytest.raises(MayNot):
            act()
    with pytest.raises(MessageNotFound):
        queries.get_message(actor=SYSTEM, webhook_id=made.webhook.id, message_id="msg_x")


def test_nobody_has_facts_sent_that_they_may_not_see(receiver: Receiver) -> None:
    seller = an_actor("webhooks.manage", "catalog.view")
    with pytest.raises(MayNotGrant) as refused:
        a_webhook(receiver.url, "catalog.price_changed", "orders.order_placed", actor=seller)
    assert refused.value.params["permission"] == "orders.view"
    of_one_store = an_actor("webhooks.manage", "orders.view", locations=[3])
    with pytest.raises(MayNotGrant):
        a_webhook(receiver.url, "orders.order_placed", actor=of_one_store)
    without = an_actor("webhooks.manage", "orders.view")
    with pytest.raises(MayNotGrant) as refused:
        a_webhook(receiver.url, "orders.order_placed", actor=without, with_person=True)
    assert refused.value.params["permission"] == "customers.reveal"
    made = a_webhook(receiver.url, "orders.order_placed", actor=without)
    with pytest.raises(MayNotGrant):
        commands.update_webhook(actor=without, webhook_id=made.webhook.id, with_person=True, now=NOON)
    assert Webhook.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"url": "ftp://x"}, "url"),
        ({"event_types": []}, "event_types"),
        ({"event_types": ["orders.nothing"]}, "event_types"),
        ({"name": "x" * 81}, "name"),
    ],
)
def test_what_is_wrong_is_named_and_changes_nothing(receiver: Receiver, wrong: dict[str, Any], field: str) -> None:
    facts = {"url": receiver.url, "event_types": ["orders.order_placed"], **wrong}
    with pytest.raises(WebhookInvalid) as refused:
        commands.create_webhook(actor=SYSTEM, now=NOON, **facts)
    assert refused.value.params["field"] == field
    assert not Webhook.objects.exists()


def test_addresses_of_this_network_are_refused_without_the_setting() -> None:
    with pytest.raises(WebhookInvalid):
        a_webhook("https://127.0.0.1/x")


def test_there_is_an_end_to_webhooks(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mekong.partners.commands.webhooks.MOST", 1)
    a_webhook(receiver.url)
    with pytest.raises(TooManyWebhooks):
        a_webhook(receiver.url)


# --- persons ----------------------------------------------------------------------------------------------------------


def test_the_buyer_is_sent_along_only_where_asked_for_and_kept_nowhere(receiver: Receiver, deliver: Deliver) -> None:
    from mekong.channels import commands as channels
    from mekong.foundation.ids import new_id
    from mekong.inventory import commands as inventory
    from mekong.inventory.contracts import AdjustmentLine
    from mekong.inventory.engine import engine
    from mekong.orders import commands as orders
    from mekong.orders.book import book

    try:
        channels.ensure_own_channels(actor=SYSTEM, now=NOON)
        inventory.create_location(actor=SYSTEM, code="HN", name="Hà Nội", kind="store")
        made = catalog.create_product(actor=SYSTEM, product=NewProduct("Áo", (NewVariant("AO-1", 100_000),)), now=NOON)
        inventory.adjust_stock(
            actor=SYSTEM, location="HN", reason="opening", lines=[AdjustmentLine(made.variants[0].id, 5)], now=NOON
        )
        plain = a_webhook(receiver.url, "orders.order_placed", name="plain")
        person = a_webhook(receiver.url, "orders.order_placed", name="carrier", with_person=True)
        asked = orders.Asked(
            channel="web", lines=[orders.AskedLine("AO-1", 1)], customer_name="Nguyễn Thị Hồng",
            customer_phone="0903123218", idempotency_key=str(new_id()), is_confirmed=True,
        )  # fmt: skip
        orders.place_order(actor=SYSTEM, asked=asked, now=SOON)
    finally:
        engine().stop()
        book().stop()
    deliver_due(now=SOON + timedelta(days=3650))
    receiver.will(500, 500)
    later = SOON + timedelta(days=3650)
    deliver(later)
    deliver(later + timedelta(seconds=30))
    by_webhook: dict[str, list[Any]] = {}
    for each in receiver.arrived:
        name = "carrier" if receiver.verify(person.secret, each) else "plain"
        assert receiver.verify(person.secret if name == "carrier" else plain.secret, each)
        by_webhook.setdefault(name, []).append(each.said["data"])
    assert [len(each) for each in by_webhook.values()] == [2, 2]
    assert all("customer" not in each for each in by_webhook["plain"])
    assert all(each["total_minor"] == 100_000 for each in by_webhook["plain"])
    assert by_webhook["carrier"][0]["customer"]["name"] == "Nguyễn Thị Hồng"
    assert by_webhook["carrier"][0]["customer"]["phone"] == "+84903123218"
    assert "Hồng" not in str(list(Message.objects.values_list("data", flat=True)))
    (read,) = AuditEntry.objects.filter(action="read", table="orders_salesorder")
    assert read.actor == f"webhook:{person.webhook.id}"


def test_what_is_refused_is_said_in_vietnamese_too() -> None:
    """Sentences that rules answer with stand in the catalogue: the checks of catalogues cannot find them there."""
    from checks.catalogues import ROOT, read_po
    from mekong.partners.rules import feeds, webhooks

    said = {
        each.msgid: text
        for each, text in read_po(ROOT / "partners" / "locale" / "vi" / "LC_MESSAGES" / "django.po").items()
    }
    urls = ("", "https://" + "x" * 600 + ".vn/", "https://a:b@x.vn/", "http://x.vn/", "https://127.0.0.1/")
    problems = [webhooks.url_problem(each, private=False) for each in urls]
    problems += [webhooks.events_problem([], []), webhooks.events_problem(["x"], [])]
    problems += [feeds.template_problem(each) for each in ("https://x.vn/{", "https://x.vn/", "http://x.vn/{sku}")]
    assert len(set(problems)) == 10
    assert all(said.get(each or "") for each in problems)
