"""Controls, lots, transfers, adjustments and what is read of them, on a real database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest import mock
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from mekong.catalog import commands as catalog
from mekong.catalog.contracts import ProductChange
from mekong.catalog.queries import variants_by_id
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import Invalid, MayNot, OutOfScope
from mekong.inventory import commands as inventory
from mekong.inventory import engine as engine_room
from mekong.inventory import policy as policy_room
from mekong.inventory import queries
from mekong.inventory.contracts import AdjustmentLine, Held, Short
from mekong.inventory.engine import engine
from mekong.inventory.errors import (
    BadQuantity,
    BundleHasNoStock,
    ControlInvalid,
    LocationNotFound,
    LocationTaken,
    LotRequired,
    ShortStock,
    TransferNotFound,
)
from mekong.inventory.ledger import Move, post
from mekong.inventory.models import LocationKind, OversellEntry, StockControl, StockLot, StockMovement
from tests.support.people import NOON, an_actor
from tests.support.stock import a_location, a_variant, asking, assert_sound, held, level, short, stock

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _sound() -> Iterator[None]:
    yield
    assert_sound()


def adjust(*lines: AdjustmentLine, reason: str = "count", location: str = "KHO", actor: Any = SYSTEM) -> Any:
    return inventory.adjust_stock(actor=actor, location=location, reason=reason, lines=lines, now=NOON)


def control(channel: str, kind: str, amount: int = 0, *, scope: str = "sku", target: str = "AO", **more: Any) -> Any:
    return inventory.set_control(
        actor=SYSTEM, channel=channel, scope=scope, kind=kind, target=target, amount=amount, **more
    )


def promised(variant: int, channel: str = "web") -> int:
    return queries.availability(channel=channel, variant_ids=[variant])[variant].quantity


def sold(variant: int, units: int, channel: str = "web", **more: Any) -> Held | Short:
    return engine().call(asking((variant, units), channel=channel, **more))


# --- goods ---------------------------------------------------------------------------------------------------------------


def test_an_adjustment_is_in_the_ledger_with_its_reason() -> None:
    here, shirt = a_location("KHO"), a_variant("AO")
    change = adjust(AdjustmentLine(shirt, 5, unit_cost_minor=900), reason="receipt")
    adjust(AdjustmentLine(shirt, -2), reason="trưng bày hỏng")
    assert level(shirt, here) == (3, 0)
    assert change.levels[0].on_hand == 5
    card = queries.stock_card(actor=SYSTEM, variant_id=shirt)
    assert [(row.change, row.balance, row.reason, row.from_code, row.note) for row in card] == [
        (-2, 3, "adjustment", "KHO", "trưng bày hỏng"), (5, 5, "receipt", "SUPPLIER", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda shirt, gift: adjust(AdjustmentLine(shirt, 0)), BadQuantity),
        (lambda shirt, gift: adjust(AdjustmentLine(shirt, True)), BadQuantity),
        (lambda shirt, gift: adjust(AdjustmentLine(shirt, 1.5)), BadQuantity),  # type: ignore[arg-type]  # the point
        (lambda shirt, gift: adjust(AdjustmentLine(shirt, 10**12 + 1)), BadQuantity),
        (lambda shirt, gift: adjust(), BadQuantity),
        (lambda shirt, gift: adjust(AdjustmentLine(shirt, -6)), ShortStock),
        (lambda shirt, gift: adjust(AdjustmentLine(shirt, 1), AdjustmentLine(shirt, -9)), ShortStock),
        (lambda shirt, gift: adjust(AdjustmentLine(gift, 1)), BundleHasNoStock),
        (lambda shirt, gift: adjust(AdjustmentLine(shirt, 1), location="NAO"), LocationNotFound),
        (lambda shirt, gift: adjust(AdjustmentLine(shirt, 1), location="TRANSIT"), LocationNotFound),
        (lambda shirt, gift: adjust(AdjustmentLine(shirt, 1), actor=an_actor("inventory.receive")), MayNot),
        (lambda shirt, gift: adjust(AdjustmentLine(shirt, 1), actor=an_actor("inventory.adjust", locations=[1])), OutOfScope),
    ],
)  # fmt: skip
def test_a_bad_adjustment_changes_nothing(act: Callable[[int, int], Any], error: type[Exception]) -> None:
    here, shirt = a_location("KHO"), a_variant("AO")
    gift = a_variant("QUA", parts={"AO": 1})
    stock(shirt, "KHO", 5)
    with pytest.raises(error):
        act(shirt, gift)
    assert (level(shirt, here), StockMovement.objects.count()) == ((5, 0), 1)


def test_what_is_promised_cannot_be_taken_away() -> None:
    here, shirt = a_location("KHO"), a_variant("AO")
    stock(shirt, "KHO", 5)
    held(sold(shirt, 3))
    with pytest.raises(ShortStock) as refused:
        adjust(AdjustmentLine(shirt, -3))
    assert refused.value.params["lines"] == [{"sku": "AO", "location": "KHO", "requested": 3, "available": 2}]
    assert level(shirt, here) == (5, 3)


def test_the_ledger_cannot_be_rewritten() -> None:
    a_location("KHO")
    stock(a_variant(), "KHO", 5)
    for change in (lambda: StockMovement.objects.update(quantity=9), lambda: StockMovement.objects.all().delete()):
        with pytest.raises(DatabaseError):
            change()
    assert StockMovement.objects.get().quantity == 5


def test_a_transfer_stands_in_transit_and_what_is_missing_stays_there() -> None:
    here, there, shirt = a_location("A"), a_location("B"), a_variant("AO")
    stock(shirt, "A", 5)
    sent, code = inventory.ship_transfer(
        actor=SYSTEM, from_code="a", to_code="b", lines=[(shirt, 2), (shirt, 2)], now=NOON
    )
    assert code == "CK-261122-0001"
    assert (level(shirt, here), promised(shirt)) == ((1, 0), 1)
    with pytest.raises(BadQuantity):
        inventory.receive_transfer(actor=SYSTEM, transfer_id=sent, now=NOON, received={shirt: 5})
    for _ in range(2):
        inventory.receive_transfer(actor=SYSTEM, transfer_id=sent, now=NOON, received={shirt: 3})
    assert (level(shirt, there), promised(shirt)) == ((3, 0), 4)
    assert level(shirt, queries.virtual_location(LocationKind.TRANSIT)) == (1, 0)
    assert queries.get_transfer(actor=SYSTEM, code=code).state == "differs"


def test_bad_transfers_are_refused() -> None:
    here, _, shirt = a_location("A"), a_location("B"), a_variant("AO")
    stock(shirt, "A", 1)

    def send(source: str, target: str, *lines: tuple[int, int], actor: Any = SYSTEM) -> None:
        inventory.ship_transfer(actor=actor, from_code=source, to_code=target, lines=lines, now=NOON)

    for wrong, error in (
        (lambda: send("A", "A", (shirt, 1)), ControlInvalid), (lambda: send("A", "B"), BadQuantity),
        (lambda: send("A", "B", (shirt, 0)), BadQuantity), (lambda: send("A", "B", (shirt, 2)), ShortStock),
        (lambda: send("A", "C", (shirt, 1)), LocationNotFound),
        (lambda: send("A", "B", (shirt, 1), actor=an_actor("inventory.transfer", locations=[-1])), OutOfScope),
        (lambda: inventory.receive_transfer(actor=SYSTEM, transfer_id=__import__("uuid").uuid4(), now=NOON), TransferNotFound),
    ):  # fmt: skip
        with pytest.raises(error):
            wrong()
    assert level(shirt, here) == (1, 0)


def test_selling_below_zero_needs_leave_and_is_on_its_own_list() -> None:
    here, shirt = a_location("KHO"), a_variant("AO")
    stock(shirt, "KHO", 2)

    def sell(actor: Any = SYSTEM) -> None:
        inventory.sell_below_zero(
            actor=actor, channel="till", location="KHO", lines=[(shirt, 2), (shirt, 3)], reference="DH-1", now=NOON
        )

    with pytest.raises(MayNot):
        sell(an_actor("inventory.reserve"))
    sell()
    assert (level(shirt, here), OversellEntry.objects.get().quantity) == ((5, 0), 3)
    assert queries.count_oversells(since=NOON) == 3
    held(sold(shirt, 5, "till"))


# --- lots ------------------------------------------------------------------------------------------------------------------


def test_lots_leave_by_their_dates_and_add_up_to_the_level() -> None:
    here, milk = a_location("KHO"), a_variant("SUA", tracks_lots=True)
    with pytest.raises(LotRequired):
        stock(milk, "KHO", 5)
    stock(milk, "KHO", 5, lot="MỚI", expires_on=date(2027, 6, 1))
    stock(milk, "KHO", 3, lot="CŨ", expires_on=date(2027, 1, 1))
    stock(milk, "KHO", 2, lot="KHÔNG HẠN")
    adjust(AdjustmentLine(milk, -4), reason="scrap")
    assert [(lot.code, lot.on_hand) for lot in queries.list_lots(actor=SYSTEM, variant_id=milk)] == [
        ("MỚI", 4), ("KHÔNG HẠN", 2),
    ]  # fmt: skip
    with pytest.raises(ShortStock):
        adjust(AdjustmentLine(milk, -5, lot="MỚI"), reason="scrap")
    assert level(milk, here) == (6, 0)


def test_lots_keep_their_names_and_dates_through_a_transfer() -> None:
    a_location("A")
    there, milk = a_location("B"), a_variant("SUA", tracks_lots=True)
    stock(milk, "A", 2, lot="L1", expires_on=date(2027, 1, 1))
    stock(milk, "A", 2, lot="L2", expires_on=date(2027, 2, 1))
    sent, _ = inventory.ship_transfer(actor=SYSTEM, from_code="A", to_code="B", lines=[(milk, 3)], now=NOON)
    inventory.receive_transfer(actor=SYSTEM, transfer_id=sent, now=NOON)
    arrived = StockLot.objects.filter(location_id=there).values_list("code", "expires_on", "on_hand")
    assert sorted(arrived) == [("L1", date(2027, 1, 1), 2), ("L2", date(2027, 2, 1), 1)]


def test_what_is_past_its_date_is_written_off_but_not_what_is_promised_or_on_its_way() -> None:
    here, milk = a_location("A"), a_variant("SUA", tracks_lots=True)
    a_location("B")
    stock(milk, "A", 10, lot="L1", expires_on=date(2026, 11, 22))
    sent, _ = inventory.ship_transfer(actor=SYSTEM, from_code="A", to_code="B", lines=[(milk, 2)], now=NOON)
    held(sold(milk, 3))
    midnight = datetime(2026, 11, 22, 17, tzinfo=UTC)  # in Ho Chi Minh City
    assert inventory.expire_lots(actor=SYSTEM, now=midnight - timedelta(seconds=1)) == 0
    assert inventory.expire_lots(actor=SYSTEM, now=midnight) == 5
    assert inventory.expire_lots(actor=SYSTEM, now=midnight) == 0
    assert level(milk, here) == (3, 3)
    inventory.receive_transfer(actor=SYSTEM, transfer_id=sent, now=midnight)


# --- controls ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "amount", "most"),
    [("exclude", 0, 0), ("pool", 0, 10), ("share", 5000, 5), ("cap", 3, 3), ("slice", 4, 4), ("floor", 10, 0), ("floor", 9, 10),
     ("buffer", 2, 8)],
)  # fmt: skip
def test_what_a_control_shows_is_what_the_engine_sells(kind: str, amount: int, most: int) -> None:
    a_location("KHO")
    shirt = a_variant("AO")
    stock(shirt, "KHO", 10)
    held(sold(shirt, 1, "till"))  # the engine has read the policy before
    inventory.release_expired(now=NOON + timedelta(days=1))
    control("web", kind, amount, scope="exclusion" if kind == "exclude" else "sku")
    assert promised(shirt) == most
    assert short(sold(shirt, most + 1)).lines == ((shirt, most + 1, most),)
    if most:
        held(sold(shirt, most))


@pytest.mark.parametrize(
    ("kind", "amount", "most"),
    [("exclude", 0, 0), ("share", 5000, 2), ("cap", 3, 3), ("floor", 5, 0), ("floor", 4, 5), ("buffer", 2, 3)],
)
def test_a_control_on_a_bundle_holds_for_it_and_not_for_its_parts(kind: str, amount: int, most: int) -> None:
    a_location("KHO")
    soap = a_variant("XB")
    gift = a_variant("QUA", parts={"XB": 2})
    stock(soap, "KHO", 10)
    control("web", kind, amount, scope="exclusion" if kind == "exclude" else "sku", target="QUA")
    assert promised(gift) == most
    assert short(sold(gift, most + 1)).lines[0] == (gift, most + 1, most)
    if most:
        inventory.release_hold(actor=SYSTEM, hold_id=UUID(held(sold(gift, most)).hold_id), now=NOON)
    held(sold(soap, 10))


def test_controls_of_a_category_follow_a_product_that_changes_its_category() -> None:
    a_location("KHO")
    shirt, cup = a_variant("SM-1"), a_variant("LY-1")
    stock(shirt, "KHO", 5)
    stock(cup, "KHO", 5)
    for name in ("Áo", "Ly"):
        catalog.create_category(actor=SYSTEM, name=name)
    control("web", "exclude", scope="exclusion", target="ao")
    held(sold(shirt, 1))
    product = variants_by_id(actor=SYSTEM, ids=[shirt])[shirt].product_id
    catalog.update_product(actor=SYSTEM, product_id=product, change=ProductChange(category="ao"), now=NOON)
    with mock.patch.object(engine_room, "_policy_until", 0.0):
        short(sold(shirt, 1))
    held(sold(cup, 1))


def test_a_slice_is_exclusive_and_counts() -> None:
    a_location("KHO")
    shirt = a_variant("AO")
    stock(shirt, "KHO", 10)
    control("live", "slice", 4)
    assert (promised(shirt, "live"), promised(shirt)) == (4, 6)
    short(sold(shirt, 7))
    hold = held(sold(shirt, 3, "live"))
    assert (promised(shirt, "live"), promised(shirt)) == (1, 6)
    with transaction.atomic():
        inventory.give_back(hold_ids=[hold.hold_id], actor=SYSTEM, now=NOON)
    assert (promised(shirt, "live"), promised(shirt), StockControl.objects.get().used) == (4, 6, 0)
    held(sold(shirt, 6))
    held(sold(shirt, 4, "live"))
    short(sold(shirt, 1, "live"))


def test_a_cap_on_a_listing_counts_what_that_listing_sold() -> None:
    a_location("KHO")
    shirt = a_variant("AO")
    stock(shirt, "KHO", 10)
    control("shopee-1", "cap", 3, scope="listing", target="77:1")
    flash, plain = {shirt: "77:1"}, {shirt: "88:1"}

    def shown(listings: dict[int, str]) -> int:
        return queries.availability(channel="shopee-1", variant_ids=[shirt], listings=listings)[shirt].quantity

    assert (shown(flash), shown(plain)) == (3, 10)
    hold = held(sold(shirt, 2, "shopee-1", is_sold=True, listings=flash))
    held(sold(shirt, 1, "shopee-1", is_sold=True, listings=plain))
    assert (shown(flash), shown(plain)) == (1, 7)
    with transaction.atomic():
        inventory.give_back(hold_ids=[hold.hold_id], actor=SYSTEM, now=NOON)
    assert (shown(flash), shown(plain)) == (3, 9)


def test_a_slice_on_a_listing_is_kept_from_all_others() -> None:
    a_location("KHO")
    shirt = a_variant("AO")
    stock(shirt, "KHO", 10)
    listed = {("shopee-1", "77:1"): shirt}
    with mock.patch.object(policy_room, "_listed", lambda named: {each: listed[each] for each in named}):
        control("shopee-1", "slice", 4, scope="listing", target="77:1")
        assert promised(shirt) == 6
        assert short(sold(shirt, 7)).lines == ((shirt, 7, 6),)
        held(sold(shirt, 3, "shopee-1", is_sold=True, listings={shirt: "77:1"}))
        assert promised(shirt) == 6
        held(sold(shirt, 6))
        assert (
            queries.availability(channel="shopee-1", variant_ids=[shirt], listings={shirt: "77:1"})[shirt].quantity == 1
        )


def test_a_cap_counts_what_was_sold_and_what_came_back() -> None:
    a_location("KHO")
    shirt = a_variant("AO")
    stock(shirt, "KHO", 10)
    made = control("web", "cap", 4)
    held(sold(shirt, 4, ttl_s=60))
    short(sold(shirt, 1))
    late = NOON + timedelta(hours=1)
    held(sold(shirt, 3, now=late))  # the expired hold gave its units back to the cap
    assert StockControl.objects.get().used == 3
    assert isinstance(sold(shirt, 2, now=late), Short)
    inventory.remove_control(actor=SYSTEM, control_id=made.uid)
    held(sold(shirt, 2, now=late))


def test_a_sale_made_elsewhere_is_not_refused_by_a_control() -> None:
    a_location("KHO")
    shirt = a_variant("AO")
    stock(shirt, "KHO", 2)
    control("shopee-1", "exclude", scope="exclusion")
    held(sold(shirt, 2, "shopee-1", is_sold=True))
    short(sold(shirt, 1, "shopee-1", is_sold=True))


def test_a_back_order_goes_beyond_stock_but_not_beyond_an_exclusion_or_a_cap() -> None:
    a_location("KHO")
    shirt = a_variant("AO", backorder=True)
    stock(shirt, "KHO", 5)
    control("live", "slice", 4)
    assert held(sold(shirt, 7)).missing == {shirt: 6}  # four stay for the livestream
    control("till", "exclude", scope="exclusion")
    short(sold(shirt, 1, "till"))
    control("zalo", "cap", 1)
    short(sold(shirt, 2, "zalo"))


def test_a_control_holds_between_its_start_and_its_end() -> None:
    a_location("KHO")
    shirt = a_variant("AO")
    stock(shirt, "KHO", 9)
    now = datetime.now(UTC)
    control("web", "cap", 0, ends_at=now + timedelta(seconds=0.7))
    control("till", "cap", 0, starts_at=now + timedelta(hours=1))
    short(sold(shirt, 1, now=now))
    held(sold(shirt, 1, "till", now=now))
    import time

    time.sleep(0.9)
    held(sold(shirt, 1, now=datetime.now(UTC)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"scope": "x"}, {"kind": "x"}, {"kind": "exclude"}, {"scope": "exclusion"}, {"target": ""}, {"amount": -1},
        {"kind": "share", "amount": 10_001}, {"starts_at": NOON, "ends_at": NOON},
    ],
)  # fmt: skip
def test_a_control_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    good = {"actor": SYSTEM, "channel": "web", "scope": "sku", "kind": "cap", "target": "AO", "amount": 1}
    with pytest.raises(ControlInvalid):
        inventory.set_control(**{**good, **wrong})  # type: ignore[arg-type]  # by name
    assert not StockControl.objects.exists()


# --- places and reads --------------------------------------------------------------------------------------------------------


def test_places_need_a_code_of_their_own() -> None:
    a_location("KHO")
    with pytest.raises(LocationTaken):
        a_location(" kho ")
    for code in ("", " " * 3, "X" * 31, "A\nB"):
        with pytest.raises(Invalid):
            inventory.create_location(actor=SYSTEM, code=code, name="x")
    with pytest.raises(LocationNotFound):
        inventory.update_location(actor=SYSTEM, code="TRANSIT", is_active=False)


def test_low_stock_is_told_and_bound_to_places() -> None:
    here, shirt = a_location("KHO"), a_variant("AO")
    a_location("XA")
    stock(shirt, "KHO", 3)
    inventory.set_reorder_level(actor=SYSTEM, variant_id=shirt, location="KHO", min_qty=3, max_qty=9)
    inventory.set_reorder_level(actor=SYSTEM, variant_id=shirt, location="XA", min_qty=1)
    assert [row.location_code for row in queries.list_low_stock(actor=SYSTEM)] == ["XA", "KHO"]
    mine = an_actor("inventory.view", "inventory.adjust", locations=[here])
    assert [row.location_code for row in queries.list_low_stock(actor=mine)] == ["KHO"]
    with pytest.raises(OutOfScope):
        inventory.set_reorder_level(actor=mine, variant_id=shirt, location="XA", min_qty=1)


def test_availability_costs_the_same_for_one_variant_as_for_many() -> None:
    a_location("KHO")
    variants = [a_variant() for _ in range(30)]
    control("web", "cap", 3)
    counts = []
    for wanted in (variants[:1], variants):
        with CaptureQueriesContext(
            connection,
        ) as queried:
            found = queries.availability(channel="web", variant_ids=wanted)
        counts.append(len(queried))
        assert set(found) == set(wanted)
    assert counts[1] <= counts[0] <= 10


def test_a_bundle_has_as_many_units_as_its_scarcest_part() -> None:
    a_location("KHO")
    soap, towel = a_variant("XB"), a_variant("KH")
    gift = a_variant("QUA", parts={"XB": 2, "KH": 1})
    stock(soap, "KHO", 7)
    stock(towel, "KHO", 9)
    assert promised(gift) == 3
    version = queries.availability(channel="web", variant_ids=[gift])[gift].version
    held(sold(soap, 2))
    after = queries.availability(channel="web", variant_ids=[gift])[gift]
    assert (after.quantity, after.version > version) == (2, True)


def test_a_posting_that_falls_short_leaves_no_trace() -> None:
    here, shirt, hat = a_location("KHO"), a_variant("AO"), a_variant("MU")
    stock(shirt, "KHO", 1)
    loss = queries.virtual_location("loss")  # type: ignore[arg-type]  # by its value
    with pytest.raises(ShortStock), transaction.atomic():
        moves = [(Move(shirt, here, loss, 1), "x"), (Move(hat, here, loss, 1), "x")]
        post(actor=SYSTEM, moves=moves, reason="scrap", now=NOON)
    assert (level(shirt, here), StockMovement.objects.count()) == ((1, 0), 1)


def test_a_change_without_a_reference_is_numbered_as_its_kind_of_document() -> None:
    a_location("KHO")
    shirt = a_variant("AO")
    numbers = [
        inventory.adjust_stock(
            actor=SYSTEM, location="KHO", reason=reason, lines=[AdjustmentLine(shirt, units)], now=NOON,
            reference=reference,
        ).reference
        for reason, units, reference in (
            ("opening", 5, ""), ("receipt", 5, ""), ("count", -1, ""), ("scrap", -1, ""), ("hàng mẫu", -1, ""),
            ("receipt", 1, "PO-7"),
        )
    ]  # fmt: skip
    assert numbers == [
        "PN-261122-0001", "PN-261122-0002", "KK-261122-0001", "XH-261122-0001", "DC-261122-0001", "PO-7",
    ]  # fmt: skip
