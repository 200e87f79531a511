"""Orders that are split, merged, shipped and cancelled in any order keep every line, unit and đồng."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import Rejected
from mekong.inventory import commands as inventory
from mekong.inventory import queries
from mekong.orders import commands as orders
from mekong.orders.contracts import MovedLine
from mekong.orders.models import OrderLine, SalesOrder
from mekong.orders.rules import LEFT, OrderState
from tests.support.orders import asked, seen
from tests.support.people import NOON
from tests.support.stock import a_location, a_variant, assert_sound, level, stock
from tests.support.wiping import wipe

pytestmark = pytest.mark.django_db(transaction=True)

BUYER = {"customer_phone": "0903123218", "shipping_address": {"line": "27 Lê Lợi"}}
SKUS = ("AO", "MU", "NON")
which = st.integers(0, 30)
count = st.integers(1, 4)


class Parts(RuleBasedStateMachine):
    """One buyer's orders on two places; one of the goods may be sold beyond what there is, one bundle is capped."""

    @initialize(most=st.integers(3, 12), kind=st.sampled_from(["cap", "slice"]))
    def open(self, most: int, kind: str) -> None:
        wipe()
        self.places = [a_location("A", priority=1), a_location("B", priority=2)]
        self.variants = {sku: a_variant(sku, price=33_333, backorder=sku == "NON") for sku in SKUS}
        a_variant("BO", price=77_777, parts={"AO": 2, "MU": 1})
        self.most = most
        inventory.set_control(actor=SYSTEM, channel="web", scope="sku", kind=kind, target="BO", amount=most)
        self.shelf: Counter[str] = Counter()
        for sku, units in (("AO", 12), ("MU", 8), ("NON", 2)):
            for place in "AB":
                stock(self.variants[sku], place, units)
                self.shelf[sku] += units
        self.bought: Counter[str] = Counter()
        self.spent = Counter[str]()

    def code(self, number: int) -> str:
        codes = list(SalesOrder.objects.order_by("created_at", "id").values_list("code", flat=True))
        return codes[number % len(codes)] if codes else "DH-0"

    @rule(
        lines=st.dictionaries(st.sampled_from((*SKUS, "BO")), count, min_size=1),
        discount=st.integers(0, 99_999), fee=st.integers(0, 30_001), confirmed=st.booleans(),
    )  # fmt: skip
    def buy(self, lines: dict[str, int], discount: int, fee: int, confirmed: bool) -> None:
        wish = asked(*lines.items(), discount_minor=discount, shipping_fee_minor=fee, is_confirmed=confirmed, **BUYER)
        try:
            order = seen(orders.place_order(actor=SYSTEM, asked=wish, now=NOON).code)
        except Rejected as refused:
            assert refused.code == "inventory.short_stock"
            return
        self.bought += Counter(lines)
        for name in ("subtotal_minor", "discount_minor", "shipping_fee_minor", "tax_minor", "total_minor"):
            self.spent[name] += getattr(order, name)

    @rule(number=which, lines=st.lists(st.tuples(st.integers(0, 3), count), min_size=1, max_size=2))
    def split(self, number: int, lines: list[tuple[int, int]]) -> None:
        code = self.code(number)
        try:
            orders.split_order(actor=SYSTEM, code=code, lines=[MovedLine(*each) for each in lines], now=NOON)
        except Rejected as refused:
            assert refused.code in ("orders.bad_line", "orders.packed_already", "orders.order_not_found")

    @rule(number=which, others=st.lists(which, min_size=1, max_size=3))
    def merge(self, number: int, others: list[int]) -> None:
        code, rest = self.code(number), [self.code(each) for each in others]
        try:
            orders.merge_orders(actor=SYSTEM, code=code, others=rest, now=NOON)
        except Rejected as refused:
            assert refused.code in ("orders.nothing_to_join", "orders.packed_already", "orders.order_not_found")

    @rule(number=which, step=st.sampled_from(["confirm", "pick", "ship", "cancel", "retry", "hold", "lift"]))
    def act(self, number: int, step: str) -> None:
        code = self.code(number)
        acts = {
            "confirm": lambda: orders.confirm_order(actor=SYSTEM, code=code, now=NOON),
            "pick": lambda: orders.move_order(actor=SYSTEM, code=code, to="picking", now=NOON),
            "ship": lambda: orders.ship_order(actor=SYSTEM, code=code, now=NOON),
            "cancel": lambda: orders.cancel_order(actor=SYSTEM, code=code, reason="x", now=NOON),
            "retry": lambda: orders.lift_hold(actor=SYSTEM, code=code, hold="stock", now=NOON),
            "hold": lambda: orders.hold_order(actor=SYSTEM, code=code, hold="no_answer", now=NOON),
            "lift": lambda: orders.lift_hold(actor=SYSTEM, code=code, hold="no_answer", now=NOON),
        }
        before = seen(code) if SalesOrder.objects.exists() else None
        try:
            acts[step]()
        except Rejected:
            assert before is None or seen(code) == before

    @rule()
    def restock(self) -> None:
        stock(self.variants["NON"], "B", 2)
        self.shelf["NON"] += 2
        orders.retry_awaiting_stock(now=NOON)

    @invariant()
    def every_line_unit_and_money_is_in_one_order(self) -> None:
        if not hasattr(self, "shelf"):
            return
        units: Counter[str] = Counter()
        for sku, quantity in OrderLine.objects.filter(order__merged_into="").values_list("sku", "quantity"):
            units[sku] += quantity
        assert units == self.bought
        found: Counter[str] = Counter()
        for order in SalesOrder.objects.filter(merged_into=""):
            for name in ("subtotal_minor", "discount_minor", "shipping_fee_minor", "tax_minor", "total_minor"):
                found[name] += getattr(order, name)
            lines = OrderLine.objects.filter(order=order)
            assert order.tax_minor == sum(lines.values_list("tax_minor", flat=True))
        assert +found == +self.spent

    @invariant()
    def goods_stand_where_their_orders_are(self) -> None:
        if not hasattr(self, "shelf"):
            return
        promised, gone = Counter[int](), Counter[int]()
        for order in SalesOrder.objects.filter(merged_into="").exclude(state=OrderState.CANCELLED):
            for variant, _, quantity in order.allocation:
                (gone if OrderState(order.state) in LEFT else promised)[variant] += quantity
        for sku, variant in self.variants.items():
            on_hand, reserved = (sum(level(variant, place)[n] for place in self.places) for n in (0, 1))
            assert (on_hand, reserved) == (self.shelf[sku] - gone[variant], promised[variant]), sku

    @invariant()
    def the_cap_counts_every_bundle_that_is_sold_and_no_other(self) -> None:
        if not hasattr(self, "shelf"):
            return
        sold = OrderLine.objects.filter(sku="BO", order__merged_into="").exclude(order__state=OrderState.CANCELLED)
        (cap,) = queries.list_controls(actor=SYSTEM)
        assert cap.used == sum(sold.values_list("quantity", flat=True)) <= self.most

    def teardown(self) -> None:
        if hasattr(self, "shelf"):
            assert_sound()


@pytest.mark.timeout(900)
def test_every_history_of_parts_keeps_lines_units_and_money() -> None:
    limits = settings(max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Parts, settings=limits)  # type: ignore[no-untyped-call]  # Hypothesis does not say
