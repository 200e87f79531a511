"""However many orders are done, today's figures do not read them: plans over a large book, as PostgreSQL makes them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mekong.foundation.actor import SYSTEM, Actor
from mekong.insights import queries
from tests.support.people import NOON, an_actor
from tests.support.stock import a_location, a_variant

pytestmark = pytest.mark.django_db(transaction=True)

_MANY = """
    insert into orders_salesorder (
        id, code, channel, external_id, state, remote_state, payment_state, is_cod, currency, subtotal_minor,
        discount_minor, shipping_fee_minor, tax_minor, total_minor, customer_name, customer_phone, customer_ref,
        shipping_address, note, tags, issues, duplicate_of, basket, allocation, tracking_no, cancel_reason, placed_at,
        created_at, delivered_at, actor)
    select gen_random_uuid(), 'X' || n, (array['web', 'store', 'shopee-1'])[1 + n %% 3], '',
           case when n %% 500 = 0 then 'confirmed' when n %% 97 = 0 then 'cancelled' else 'completed' end, '',
           case when n %% 211 = 0 then 'unpaid' else 'paid' end, n %% 2 = 0, 'VND', 1000, 0, 0, 90, 1000, 'Lan',
           '+849' || lpad((n %% 5000)::text, 8, '0'), '', '{}', '', '[]',
           case when n %% 900 = 0 then '["address"]'::jsonb else '[]' end, '', '',
           jsonb_build_array(jsonb_build_array(%s, %s, 1)), '', '', %s - n * interval '3 minutes',
           %s, %s - n * interval '3 minutes', 'system'
      from generate_series(1, 30000) n
"""


def _plans(ask: Callable[[], object]) -> str:
    with CaptureQueriesContext(connection) as seen:
        ask()
    plans = []
    with connection.cursor() as cursor:
        for each in seen.captured_queries:
            cursor.execute("explain " + each["sql"])
            plans += [row[0] for row in cursor.fetchall()]
    return "\n".join(plans)


@pytest.mark.parametrize("scoped", [False, True])
def test_figures_of_today_read_no_order_that_is_done(scoped: bool) -> None:
    place, variant = a_location("HN"), a_variant("AO")
    with connection.cursor() as cursor:
        cursor.execute(_MANY, [variant, place, NOON, NOON, NOON])
        cursor.execute("analyze orders_salesorder")
    every = ("orders.view", "inventory.view", "customers.view")
    actor: Actor = an_actor(*every, locations=[place]) if scoped else SYSTEM
    day = NOON - timedelta(hours=12)
    asked: dict[str, Callable[[], object]] = {
        "waiting": lambda: queries.waiting(
            actor=actor, names=list(queries.WORK), platforms=["shopee-1"], now=NOON, soon=NOON + timedelta(hours=4)
        ),
        "sales": lambda: queries.day_sales(actor=actor, day_start=day, now=NOON),
        "sold": lambda: queries.sold_orders(actor=actor, since=day, until=NOON),
        "buyer": lambda: queries.buyer(actor=actor, phone="+84900000007"),
        "unpaid": lambda: queries.waiting_orders(actor=actor, name="unpaid", platforms=["shopee-1"], now=NOON),
        "refund": lambda: queries.waiting_orders(actor=actor, name="refund", platforms=["shopee-1"], now=NOON),
        "movers": lambda: queries.movers(actor=actor),
        "covers": lambda: queries.covers(actor=actor),
    }
    for name, ask in asked.items():
        plan = _plans(ask)
        assert not re.findall(r"Seq Scan on orders_salesorder", plan), f"{name} reads the whole order book:\n{plan}"
