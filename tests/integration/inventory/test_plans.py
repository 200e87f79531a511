"""Hot statements find their rows by an index, with generic plans, however many levels and orders there are."""

from __future__ import annotations

import os
import re

import pytest
from django.db import connection, transaction

from mekong.inventory import ledger, queries
from mekong.inventory.commands import holds
from mekong.inventory.engine import batch
from mekong.orders import book
from tests.support.stock import a_location, a_variant

pytestmark = pytest.mark.django_db(transaction=True)

LEVELS = int(os.environ.get("MEKONG_PLAN_LEVELS", "60000"))
ORDERS = LEVELS // 2
BIG = (
    "inventory_stocklevel",
    "inventory_hold",
    "inventory_holdline",
    "inventory_holdbundle",
    "orders_salesorder",
    "orders_orderline",
)


@pytest.fixture
def full() -> None:
    """Many levels, live and ended holds, and orders, written past the commands."""
    here, variant = a_location("KHO"), a_variant("AO")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        cursor.execute(
            """insert into inventory_stocklevel (variant_id, location_id, on_hand, reserved, version)
               select 1000000 + n, %s, 100, 0, 1 from generate_series(1, %s) n""",
            [here, LEVELS],
        )
        cursor.execute(
            """insert into inventory_hold (id, channel, owner, state, expires_at, claimed_by, idempotency_key, created_at)
               select gen_random_uuid(), 'web', 'x',
                      case when n %% 20 = 0 then 'held' when n %% 3 = 0 then 'released' else 'claimed' end,
                      case when n %% 20 = 0 then now() + n * interval '1 second' end, '', 'key-' || n, now()
                 from generate_series(1, %s) n""",
            [LEVELS],
        )
        cursor.execute(
            """insert into inventory_holdline (hold_id, line, variant_id, location_id, quantity)
               select id, 0, %s, %s, 1 from inventory_hold where state <> 'released'""",
            [variant, here],
        )
        cursor.execute(
            """insert into inventory_holdbundle (hold_id, variant_id, control_id, quantity)
               select id, %s, 1, 1 from inventory_hold where state <> 'released'""",
            [variant],
        )
        cursor.execute(
            """insert into orders_salesorder (id, code, channel, external_id, idempotency_key, state, remote_state, payment_state,
                      is_cod, currency, subtotal_minor, discount_minor, shipping_fee_minor, tax_minor, total_minor, customer_name,
                      customer_phone, customer_ref, shipping_address, note, tags, issues, duplicate_of, basket, allocation,
                      tracking_no, cancel_reason, placed_at, created_at, actor)
               select gen_random_uuid(), 'DH-' || n, 'c' || n %% 5, 'E' || n, 'K' || n, 'confirmed', '', 'unpaid', false, 'VND',
                      1, 0, 0, 0, 1, 'Lan', '+849' || n, '', '{}', '', '[]', '[]', '', '', '[]', '', '',
                      now() - n * interval '1 minute', now(), 'system' from generate_series(1, %s) n""",
            [ORDERS],
        )
    with connection.cursor() as cursor:
        cursor.execute("analyze " + ", ".join(BIG))


def plan(sql: str, types: str, *values: str) -> str:
    """The generic plan of a statement with `%s` parameters."""
    numbered = iter(range(1, 100))
    text = re.sub(r"%s", lambda _: f"${next(numbered)}", sql).replace("%%", "%")
    with connection.cursor() as cursor:
        cursor.execute("set plan_cache_mode = force_generic_plan")
        cursor.execute(f"prepare asked ({types}) as {text}".replace("%", "%%"))
        try:
            cursor.execute(f"explain execute asked ({', '.join(values)})".replace("%", "%%"))
            return "\n".join(row[0] for row in cursor.fetchall())
        finally:
            cursor.execute("deallocate asked")
            cursor.execute("reset plan_cache_mode")


HOLDS = "'{00000000-0000-0000-0000-000000000001}'"
EXPIRED = re.sub(r"%\((\w+)\)s", "%s", batch._EXPIRED)
CLAIM = """update inventory_hold h set state = 'claimed' from (select h.id from inventory_hold h
             join unnest(%s::uuid[]) d(id) on d.id = h.id where h.state = 'held' order by h.id for update of h) mine
            where h.id = mine.id"""
STATEMENTS = {
    "lock": (batch._LOCK, "bigint[], bigint[]", "'{1000001}'", "'{1}'"),
    "repeats": (batch._REPEATS, "text[]", "'{key-1}'"),
    "expired": (
        EXPIRED,
        "bigint[], bigint[], bigint[], bigint[], bigint[], timestamptz, bigint[], bigint[], bigint[], bigint[], timestamptz",
        "'{}'", "'{}'", "'{1}'", "'{1}'", "'{1}'", "now()", "'{1}'", "'{1}'", "'{1}'", "'{1}'", "now()",
    ),
    "asides": (batch._ASIDES, "bigint[]", "'{1}'"),
    "spend": (
        batch._SPEND, "bigint[], bigint[], uuid[], bigint[], bigint[]", "'{1}'", "'{1}'", HOLDS, "'{0}'", "'{1}'",
    ),
    "put aside": (ledger._PUT_ASIDE, "bigint[], bigint[], timestamptz", "'{1}'", "'{1}'", "now()"),
    "ledger lock": (ledger._LOCK, "bigint[], bigint[]", "'{1000001}'", "'{1}'"),
    "ledger update": (ledger._UPDATE, "bigint[], bigint[], bigint[], bigint[]", "'{1000001}'", "'{1}'", "'{1}'", "'{0}'"),
    "end holds": (ledger._END, "uuid[], text[], timestamptz, timestamptz, text", HOLDS, "'{held}'", "null", "null", "'released'"),
    "drop lines": (re.sub(r"%\((\w+)\)s", "%s", ledger._DROP), "uuid[], uuid[], bool", HOLDS, HOLDS, "true"),
    "claim": (CLAIM, "uuid[]", HOLDS),
    "levels": (queries._LEVELS, "bigint[]", "'{1000001}'"),
    "order there": (book._THERE, "text[], text[], text[]", "'{c1}'", "'{E1}'", "'{K1}'"),
    "order alike": (book._ALIKE, "text[], timestamptz", "'{+8491}'", "now()"),
}  # fmt: skip


def test_no_hot_statement_reads_a_whole_table(full: None) -> None:
    assert holds.ask_claim  # the statement copied above
    read: dict[str, str] = {}
    for name, (sql, types, *values) in STATEMENTS.items():
        shown = plan(sql, types, *values)
        if found := re.search(rf"Seq Scan on ({'|'.join(BIG)})\b", shown):
            read[name] = f"{found[0]}\n{shown}"
    assert not read, "\n\n".join(f"{name}: {shown}" for name, shown in read.items())
