"""What a buyer did before: by phone or by the channel's name for them, as far as the reader may see."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MayNot
from mekong.orders import commands as orders
from mekong.orders.contracts import BuyerHistory
from mekong.orders.models import SalesOrder
from mekong.orders.queries import buyer_history, packed_together
from tests.support.orders import a_draft, accept, an_order, seen
from tests.support.people import NOON, an_actor
from tests.support.stock import a_location, a_variant, stock

pytestmark = pytest.mark.django_db(transaction=True)

BUYER = {"customer_phone": "0903123218", "shipping_address": {"line": "27 Lê Lợi"}}


@pytest.fixture
def shirt() -> int:
    a_location("KHO")
    shirt = a_variant("AO", price=100_000)
    stock(shirt, "KHO", 50)
    return shirt


def history(code: str, **more: object) -> BuyerHistory:
    return buyer_history(**{"actor": SYSTEM, "order": seen(code), **more})  # type: ignore[arg-type]  # by name


def test_what_was_received_came_back_and_was_cancelled_is_counted(shirt: int) -> None:
    for units in (1, 2):
        an_order(("AO", units), state="delivered", **BUYER)
    back = an_order(("AO", 1), state="shipped", **BUYER)
    orders.request_return(actor=SYSTEM, code=back, reason="không nhận", now=NOON)
    gone = an_order(("AO", 1), **BUYER)
    orders.cancel_order(actor=SYSTEM, code=gone, reason="x", now=NOON)
    an_order(("AO", 1), customer_phone="0909999999")
    other = an_order(("AO", 1), now=NOON + timedelta(minutes=1), **{**BUYER, "shipping_address": {"line": "1 Lê Lai"}})
    here = an_order(("AO", 1), now=NOON + timedelta(minutes=2), **BUYER)
    found = history(here)
    assert (found.orders, found.received, found.returned, found.cancelled) == (5, 2, 1, 1)
    assert (list(found.spent), found.last_at) == ([(300_000, "VND")], NOON + timedelta(minutes=1))
    assert (found.recent[0].code, found.recent[0].is_open, found.recent[0].is_same_address) == (other, True, False)
    assert [each.is_open for each in found.recent] == [True, False, False, False, False]


def test_a_buyer_whose_phone_is_hidden_is_known_by_the_channels_name(shirt: int) -> None:
    same = {"customer_ref": "nhung218"}
    first, second = (
        each.code
        for each in accept(a_draft((shirt, 1), external_id="S1", **same), a_draft((shirt, 1), external_id="S2", **same))
    )
    accept(a_draft((shirt, 1), external_id="L1", channel="lazada-1", **same), a_draft((shirt, 1), external_id="S3"))
    assert [each.code for each in history(first).recent] == [second]
    nobody = accept(a_draft((shirt, 1), external_id="S4"))[0].code
    assert history(nobody) == BuyerHistory(spent=[], recent=[])


def test_orders_that_went_into_another_count_once_there(shirt: int) -> None:
    first, other = an_order(("AO", 1), **BUYER), an_order(("AO", 2), **BUYER)
    orders.merge_orders(actor=SYSTEM, code=first, others=[other], now=NOON)
    found = history(an_order(("AO", 1), **BUYER))
    assert (found.orders, found.cancelled, [each.code for each in found.recent]) == (1, 0, [first])


def test_who_sees_which_of_a_buyers_orders(shirt: int) -> None:
    there = a_location("XA", priority=1)
    hat = a_variant("MU")
    stock(hat, "XA", 5)
    an_order(("MU", 1), **BUYER)
    code = an_order(("AO", 1), **BUYER)
    with pytest.raises(MayNot):
        history(code, actor=an_actor("orders.view"))
    far = an_actor("orders.view", "customers.view", locations=[there])
    assert history(code, actor=far).orders == 1
    nowhere = an_actor("orders.view", "customers.view", locations=[a_location("YA")])
    assert history(code, actor=nowhere).orders == 0


def test_two_statements_by_the_indexes_however_many_orders_there_are(shirt: int) -> None:
    code = an_order(("AO", 1), **BUYER)
    template = SalesOrder.objects.get(code=code)
    rows = []
    for number in range(3000):
        row = SalesOrder(
            code=f"X{number}", customer_phone=f"+8490{number:07d}", customer_ref=f"r{number}", hold=None,
            **{
                name: getattr(template, name)
                for name in ("channel", "state", "payment_state", "currency", "subtotal_minor", "tax_minor",
                             "total_minor", "placed_at", "created_at", "actor")
            },
        )  # fmt: skip
        rows.append(row)
    SalesOrder.objects.bulk_create(rows)
    order = seen(code)
    with connection.cursor() as cursor:
        cursor.execute("analyze orders_salesorder")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        buyer_history(actor=SYSTEM, order=order)
    assert len(asked) == 2
    with connection.cursor() as cursor:
        cursor.execute("explain " + asked[0]["sql"])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "order_by_phone" in plan
    assert "order_by_buyer" in plan
    assert "Seq Scan on orders_salesorder" not in plan


def test_orders_packed_together_name_each_other(shirt: int) -> None:
    one, two, three = (an_order(("AO", 1), **BUYER) for _ in range(3))
    orders.pack_together(actor=SYSTEM, code=one, others=[two, three], now=NOON)
    orders.cancel_order(actor=SYSTEM, code=three, reason="x", now=NOON)
    assert packed_together(actor=SYSTEM, order=seen(two)) == [one]
    assert packed_together(actor=SYSTEM, order=seen(an_order(("AO", 1)))) == []
