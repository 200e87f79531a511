"""Looking through the ledger and at what runs low: right answers, own places only, and by an index however much there is."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MayNot
from mekong.inventory import commands as inventory
from mekong.inventory import queries
from mekong.inventory.contracts import AdjustmentLine, LowLine
from mekong.inventory.models import LocationKind
from mekong.inventory.queries import low, movements
from tests.integration.inventory.test_transfers import somebody
from tests.support.people import NOON, an_actor
from tests.support.stock import a_location, a_variant, stock

pytestmark = pytest.mark.django_db(transaction=True)

MOVEMENTS = int(os.environ.get("MEKONG_PLAN_MOVEMENTS", "60000"))


def found(**asked: Any) -> list[tuple[str, str, int, str]]:
    rows = queries.find_movements(**{"actor": SYSTEM, **asked})
    return [(each.from_code, each.to_code, each.change, each.reason) for each in rows]


# --- the ledger -----------------------------------------------------------------------------------------------------------


class Ledger:
    """Two places; a receipt of 10, a loss of 2, a transfer of 3 that arrived, in this order, an hour apart."""

    def __init__(self) -> None:
        self.a, self.b, self.shirt, self.hat = a_location("A"), a_location("B"), a_variant("AO"), a_variant("MU")
        stock(self.shirt, "A", 10)
        inventory.adjust_stock(
            actor=somebody("lan"), location="A", reason="scrap", lines=[AdjustmentLine(self.shirt, -2)],
            now=NOON + timedelta(hours=1),
        )  # fmt: skip
        sent, self.code = inventory.ship_transfer(
            actor=SYSTEM, from_code="A", to_code="B", lines=[(self.shirt, 3)], now=NOON + timedelta(hours=2)
        )
        inventory.receive_transfer(actor=SYSTEM, transfer_id=sent, now=NOON + timedelta(hours=3))


ARRIVED = ("TRANSIT", "B", 0, "transfer")
LEFT = ("A", "TRANSIT", 0, "transfer")
SCRAP = ("A", "LOSS", -2, "scrap")
CAME = ("SUPPLIER", "A", 10, "receipt")


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


def test_movements_are_found_by_what_one_knows_of_them(ledger: Ledger) -> None:
    assert found() == [ARRIVED, LEFT, SCRAP, CAME]
    assert found(variant_id=ledger.shirt, reason="scrap") == [SCRAP]
    assert found(variant_id=ledger.hat) == []
    assert found(reference=ledger.code) == [ARRIVED, LEFT]
    assert found(person="person:lan") == [SCRAP]
    assert found(since=NOON + timedelta(hours=1), until=NOON + timedelta(hours=2)) == [SCRAP]
    assert found(sign="in") == [CAME]
    assert found(sign="out") == [SCRAP]
    assert found(location="a") == [("A", "TRANSIT", -3, "transfer"), SCRAP, CAME]
    assert found(location="B") == [("TRANSIT", "B", 3, "transfer")]
    assert found(location="A", sign="in") == [CAME]
    assert found(location="A", sign="out", reason="transfer") == [("A", "TRANSIT", -3, "transfer")]
    assert found(location="NAO") == []


def test_goods_that_turn_round_on_the_way_came_in(ledger: Ledger) -> None:
    from tests.support.stock import asking, held

    hold = held(queries_engine().call(asking((ledger.shirt, 2))))
    with transaction.atomic():
        inventory.claim({hold.hold_id: "order"})
        inventory.ship_holds(holds={hold.hold_id: "DH-1"}, actor=SYSTEM, now=NOON)
        inventory.receive_return(
            actor=SYSTEM, location_id=ledger.a, lines=[(ledger.shirt, 2, True)], reference="DH-1", was_delivered=False,
            now=NOON,
        )  # fmt: skip
    assert ("DELIVERY", "A", 2, "return") in found(sign="in")
    assert found(sign="in", reason="return") == [("DELIVERY", "A", 2, "return")]
    assert found(sign="out", reason="shipment") == [("A", "DELIVERY", -2, "shipment")]


def queries_engine() -> Any:
    from mekong.inventory.engine import engine

    return engine()


def test_pages_of_movements_go_on_where_they_stopped(ledger: Ledger) -> None:
    for asked in ({}, {"location": "A"}, {"sign": "in"}, {"variant_id": ledger.shirt}):
        whole = queries.find_movements(actor=SYSTEM, **asked)
        seen: list[int] = []
        before: tuple[datetime, int] | None = None
        while page := queries.find_movements(actor=SYSTEM, before=before, limit=1, **asked):
            seen += [each.id for each in page]
            before = page[-1].occurred_at, page[-1].id
        assert seen == [each.id for each in whole]


def test_movements_elsewhere_are_not_told(ledger: Ledger) -> None:
    keeper = an_actor("inventory.view", locations=[ledger.b])
    assert found(actor=keeper) == [("TRANSIT", "B", 3, "transfer")]
    assert found(actor=keeper, location="A") == []
    assert found(actor=keeper, reference=ledger.code, sign="out") == []
    assert found(actor=an_actor("inventory.view", locations=[-1])) == []
    with pytest.raises(MayNot):
        found(actor=an_actor("orders.view"))


@pytest.fixture
def full() -> Iterator[tuple[int, int]]:
    """Many movements over 40 places and 500 SKUs in a year, most of them sales, written past the commands."""
    places = [a_location(f"K{n}", kind="store") for n in range(40)]
    a_variant("AO")
    ends = {kind: queries.virtual_location(kind) for kind in LocationKind if kind not in ("warehouse", "store")}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        cursor.execute(
            """insert into inventory_stockmovement (variant_id, from_location_id, to_location_id, quantity, reason, reference,
                      note, actor, occurred_at)
               select 1000000 + n %% 500,
                      case when n %% 10 < 5 then p.ids[1 + n / 7 %% 40] when n %% 10 < 8 then %(delivery)s
                           when n %% 10 = 8 then %(supplier)s else p.ids[1 + n / 7 %% 40] end,
                      case when n %% 10 < 5 then %(delivery)s when n %% 10 < 8 then %(customer)s
                           when n %% 10 = 8 then p.ids[1 + n / 7 %% 40] else %(transit)s end,
                      1 + n %% 3,
                      case when n %% 10 < 5 then 'shipment' when n %% 10 < 8 then 'delivery' when n %% 10 = 8 then 'receipt'
                           else 'transfer' end,
                      'DH-' || n / 2, '', 'person:' || n %% 90, %(now)s - n * interval '1 minute'
                 from generate_series(1, %(count)s) n, (select %(places)s::bigint[] as ids) p""",
            {**ends, "places": places, "now": NOON, "count": MOVEMENTS},
        )
        cursor.execute(
            """insert into inventory_reorderlevel (variant_id, location_id, min_qty)
               select 1000000 + v, l, 5 from generate_series(0, 499) v, unnest(%s::bigint[]) l""",
            [places],
        )
        cursor.execute(
            """insert into inventory_stocklevel (variant_id, location_id, on_hand, reserved, version)
               select 1000000 + v, l, (v + l) %% 12, 0, 1 from generate_series(0, 499) v, unnest(%s::bigint[]) l""",
            [places],
        )
    with connection.cursor() as cursor:
        cursor.execute("analyze inventory_stockmovement, inventory_stocklevel, inventory_reorderlevel")
    yield places[0], places[1]


ASKED: dict[str, dict[str, Any]] = {
    "everything": {},
    "a SKU": {"variant": 1000007},
    "a SKU at a place": {"variant": 1000007, "location": "K3"},
    "a place": {"location": "K3"},
    "what came to a place": {"location": "K3", "sign": "in"},
    "what left a place": {"location": "K3", "sign": "out"},
    "what came in": {"sign": "in"},
    "what went out": {"sign": "out"},
    "a reason": {"reason": "receipt"},
    "a reason that is not there": {"reason": "scrap"},
    "sales": {"reason": "shipment"},
    "a document": {"reference": "DH-4711"},
    "a person": {"person": "person:7"},
    "nobody": {"person": "person:none"},
    "a day": {"since": NOON - timedelta(days=20), "until": NOON - timedelta(days=19)},
    "a day of a person at a place": {
        "since": NOON - timedelta(days=20), "until": NOON - timedelta(days=19), "person": "person:7", "location": "K3",
    },
    "deep in the list": {"before_at": NOON - timedelta(days=30), "before_id": 10**6},
}  # fmt: skip


def pages_read(sql: str, values: Any) -> tuple[int, str]:
    with connection.cursor() as cursor:
        cursor.execute(f"explain (analyze, buffers) {sql}", values)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    buffers = re.search(r"Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?", plan)
    assert buffers, plan
    return int(buffers[1] or 0) + int(buffers[2] or 0), plan


def test_no_search_reads_the_whole_ledger(full: tuple[int, int]) -> None:
    keeper = somebody("keeper", *full, rights=("inventory.view",))
    wrong = []
    for actor in (SYSTEM, keeper):
        for name, asked in ASKED.items():
            wanted = {"variant": None, "reason": None, "reference": None, "person": None, "since": None, "until": None}
            wanted |= {"before_at": None, "before_id": None}
            wanted |= {key: value for key, value in asked.items() if key not in ("location", "sign")}
            made = movements.search(
                actor=actor, location=asked.get("location", ""), sign=asked.get("sign", ""), limit=51, wanted=wanted
            )
            if made is None:
                continue
            read, plan = pages_read(*made)
            if "Seq Scan on inventory_stockmovement" in plan or read > MOVEMENTS // 20:
                wrong.append(f"{actor.name}, {name}: {read} pages\n{plan}")
    assert wrong == [], "\n\n".join(wrong)


def test_a_page_of_what_is_low_reads_no_whole_table_of_movements(full: tuple[int, int]) -> None:
    values = {"scope": None, "location": "", "limit": 51, "since": NOON - timedelta(days=28), "gap": low.FIRST[0],
              "variant": 0, "place": 0}  # fmt: skip
    read, plan = pages_read(low._LOW, values)
    assert "Seq Scan on inventory_stockmovement" not in plan, plan
    assert read < MOVEMENTS // 2, plan


# --- what runs low --------------------------------------------------------------------------------------------------------


def sell(variant: int, place: int, units: int, when: datetime) -> None:
    """A sale that has left the shelf."""
    from tests.support.stock import asking, held

    hold = held(queries_engine().call(asking((variant, units), location_ids=(place,))))
    with transaction.atomic():
        inventory.claim({hold.hold_id: "order"})
        inventory.ship_holds(holds={hold.hold_id: "DH"}, actor=SYSTEM, now=when)


def test_what_is_low_says_how_long_it_lasts_and_who_can_help() -> None:
    store, depot, shirt, hat = a_location("LL", kind="store"), a_location("KHO"), a_variant("AO"), a_variant("MU")
    a_location("XA")
    stock(shirt, "LL", 20)
    stock(shirt, "KHO", 30)
    stock(shirt, "XA", 9)
    for variant, place, least, most in ((shirt, "LL", 6, 20), (shirt, "KHO", 10, None), (hat, "LL", 3, None)):
        inventory.set_reorder_level(actor=SYSTEM, variant_id=variant, location=place, min_qty=least, max_qty=most)
    sell(shirt, store, 7, NOON - timedelta(days=29))
    sell(shirt, store, 7, NOON - timedelta(days=27))
    made = inventory.draft_transfer(actor=SYSTEM, from_code="KHO", to_code="LL", lines=[(shirt, 2)], now=NOON)
    first, other = queries.list_low_lines(actor=SYSTEM, now=NOON)
    assert (first.variant_id, first.location_code, first.free, first.days) == (hat, "LL", 0, None)
    assert (first.wanted, first.spare_at, first.movable) == (6, "", 0)
    assert (other.free, other.sold, other.days, other.incoming) == (6, 7, 24, 0)
    assert (other.spare_at, other.spare, other.wanted, other.movable) == ("KHO", 20, 14, 14)
    inventory.request_transfer(actor=SYSTEM, transfer_id=made.id, now=NOON)
    assert queries.list_low_lines(actor=SYSTEM, now=NOON)[1].wanted == 12
    after = (other.free - other.min_qty, other.variant_id, other.location_id)
    assert queries.list_low_lines(actor=SYSTEM, now=NOON, after=after) == []
    assert queries.list_low_lines(actor=SYSTEM, now=NOON, limit=1) == [first]
    assert (queries.count_low(actor=SYSTEM), queries.count_low(actor=SYSTEM, location="kho")) == (2, 0)
    assert depot


def test_what_is_low_elsewhere_and_spare_elsewhere_is_not_told() -> None:
    store, shirt = a_location("LL", kind="store"), a_variant("AO")
    depot = a_location("KHO")
    stock(shirt, "KHO", 30)
    inventory.set_reorder_level(actor=SYSTEM, variant_id=shirt, location="LL", min_qty=6)
    here = queries.list_low_lines(actor=an_actor("inventory.view", locations=[store]), now=NOON)
    assert [(each.location_code, each.spare_at, each.movable) for each in here] == [("LL", "", 0)]
    there = an_actor("inventory.view", locations=[depot])
    assert (queries.list_low_lines(actor=there, now=NOON), queries.count_low(actor=there)) == ([], 0)
    with pytest.raises(MayNot):
        queries.list_low_lines(actor=an_actor("orders.view"), now=NOON)


@pytest.mark.parametrize(
    ("free", "incoming", "most", "sold", "spare", "days", "wanted", "movable"),
    [(0, 0, None, 0, 0, None, 10, 0), (3, 2, 20, 28, 100, 3, 15, 15), (5, 20, 20, 1, 9, 140, 0, 0),
     (-2, 0, None, 4, 3, 0, 12, 3)],
)  # fmt: skip
def test_figures_of_what_is_low(
    free: int, incoming: int, most: int | None, sold: int, spare: int, days: int | None, wanted: int, movable: int
) -> None:
    line = LowLine(1, 1, "A", free, 5, most, incoming, sold, "B", spare)
    assert (line.days, line.wanted, line.movable) == (days, wanted, movable)
