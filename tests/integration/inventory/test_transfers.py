"""Transfers step by step: who may take which, what moves, what stays open, and what two people do at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest

from mekong.catalog.errors import VariantNotFound
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.errors import MayNot, MekongError, OutOfScope
from mekong.foundation.models import AuditEntry
from mekong.inventory import commands as inventory
from mekong.inventory import queries
from mekong.inventory.contracts import Settlement, TransferView
from mekong.inventory.errors import (
    BadQuantity,
    BundleHasNoStock,
    CauseUnknown,
    ControlInvalid,
    InsteadNeeded,
    NeedsApproval,
    NothingOpen,
    NotOnTransfer,
    OwnRequest,
    ShortStock,
    TransferMoved,
    TransferNotFound,
)
from mekong.inventory.models import LocationKind, StockLot, StockMovement, Transfer, TransferStep
from tests.integration.inventory.test_races import at_once
from tests.support.people import NOON
from tests.support.stock import a_location, a_variant, assert_sound, level, stock

pytestmark = pytest.mark.django_db(transaction=True)

RIGHTS = ("inventory.view", "inventory.transfer", "inventory.adjust", "inventory.approve")


@pytest.fixture(autouse=True)
def _sound() -> Iterator[None]:
    yield
    assert_sound()


def somebody(name: str, *places: int, rights: tuple[str, ...] = RIGHTS) -> Actor:
    where = frozenset(places) if places else None
    return Actor(kind="person", ref=f"person:{name}", name=name, permissions=frozenset(rights), location_ids=where)


class Desk:
    """A warehouse with 10 shirts and 10 hats, a store, and who works where."""

    def __init__(self) -> None:
        self.here, self.there = a_location("KHO"), a_location("LL", kind="store")
        self.shirt, self.hat = a_variant("AO"), a_variant("MU")
        stock(self.shirt, "KHO", 10)
        stock(self.hat, "KHO", 10)
        self.transit = queries.virtual_location(LocationKind.TRANSIT)
        self.keeper, self.boss = somebody("kho", self.here), somebody("boss")
        self.store = somebody("store", self.there)
        self.stranger = somebody("stranger", a_location("XA"))

    def draft(self, units: int = 4, actor: Actor | None = None, **more: Any) -> TransferView:
        lines = [(self.shirt, units)]
        return inventory.draft_transfer(
            **{"actor": actor or self.store, "from_code": "KHO", "to_code": "LL", "lines": lines, "now": NOON, **more}
        )

    def ready(self, units: int = 4) -> TransferView:
        return inventory.approve_transfer(actor=self.keeper, transfer_id=self.draft(units).id, now=NOON)

    def sent(self, units: int = 4) -> TransferView:
        return inventory.send_transfer(actor=self.keeper, transfer_id=self.ready(units).id, now=NOON)

    def short(self, received: int = 1, cause: str = "") -> TransferView:
        return inventory.receive_transfer(
            actor=self.store, transfer_id=self.sent().id, now=NOON, received={self.shirt: received},
            causes={self.shirt: cause} if cause else None,
        )  # fmt: skip

    def levels(self, variant: int | None = None) -> tuple[int, int, int]:
        return tuple(level(variant or self.shirt, place)[0] for place in (self.here, self.transit, self.there))  # type: ignore[return-value]  # three of them


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_goods_go_from_a_wish_to_the_shelf_step_by_step(desk: Desk) -> None:
    made = desk.draft(note="Hết áo ở cửa hàng")
    assert (made.code, made.state, made.units) == ("CK-261122-0001", "draft", 4)
    asked = inventory.request_transfer(actor=desk.store, transfer_id=made.id, now=NOON)
    assert (asked.state, asked.requested_by) == ("requested", "person:store")
    assert inventory.approve_transfer(actor=desk.keeper, transfer_id=made.id, now=NOON).state == "ready"
    assert desk.levels() == (10, 0, 0)
    assert inventory.send_transfer(actor=desk.keeper, transfer_id=made.id, now=NOON).state == "in_transit"
    assert desk.levels() == (6, 4, 0)
    done = inventory.receive_transfer(actor=desk.store, transfer_id=made.id, now=NOON)
    assert (done.state, desk.levels()) == ("received", (6, 0, 4))
    assert [(each.step, each.actor) for each in done.steps] == [
        ("draft", "person:store"), ("request", "person:store"), ("approve", "person:kho"), ("ship", "person:kho"),
        ("receive", "person:store"),
    ]  # fmt: skip
    assert set(StockMovement.objects.exclude(reason="receipt").values_list("reference", flat=True)) == {made.code}


def test_fewer_may_leave_than_were_asked_for(desk: Desk) -> None:
    lines = [(desk.shirt, 4), (desk.hat, 2)]
    made = inventory.draft_transfer(actor=desk.store, from_code="kho", to_code="ll", lines=lines, now=NOON)
    inventory.approve_transfer(actor=desk.keeper, transfer_id=made.id, now=NOON)
    sent = inventory.send_transfer(
        actor=desk.keeper, transfer_id=made.id, now=NOON, shipped={desk.shirt: 3, desk.hat: 0}
    )
    assert [(line.asked, line.quantity) for line in sent.lines] == [(4, 3), (2, 0)]
    done = inventory.receive_transfer(actor=desk.store, transfer_id=made.id, now=NOON)
    assert (done.state, desk.levels(), desk.levels(desk.hat)) == ("received", (7, 0, 3), (10, 0, 0))


@pytest.mark.parametrize(
    ("cause", "more", "shirts", "hats"),
    [
        ("lost", {}, (6, 0, 1), (10, 0, 0)),
        ("source_short", {}, (9, 0, 1), (10, 0, 0)),
        ("late", {}, (6, 0, 4), (10, 0, 0)),
        ("wrong_item", {"instead": "hat"}, (9, 0, 1), (7, 0, 3)),
    ],
)
def test_a_difference_is_open_until_it_is_booked_by_its_cause(
    desk: Desk, cause: str, more: dict[str, str], shirts: tuple[int, ...], hats: tuple[int, ...]
) -> None:
    short = desk.short(cause="lost")
    assert (short.state, short.open_units, short.lines[0].cause, desk.levels()) == ("differs", 3, "lost", (6, 3, 1))
    who = desk.store if cause == "late" else desk.keeper
    instead = desk.hat if more else None
    one = [Settlement(desk.shirt, cause, 1, instead)]
    part = inventory.settle_transfer(actor=who, transfer_id=short.id, lines=one, now=NOON)
    assert (part.state, part.open_units) == ("differs", 2)
    rest = [Settlement(desk.shirt, cause, None, instead)]
    for _ in range(2):
        done = inventory.settle_transfer(actor=who, transfer_id=short.id, lines=rest, now=NOON)
        assert (done.state, done.open_units) == ("settled", 0)
    assert (desk.levels(), desk.levels(desk.hat)) == (shirts, hats)
    assert [(each.cause, each.units) for each in done.lines[0].booked] == [(cause, 1), (cause, 2)]


def test_lots_of_one_transfer_are_not_received_by_another(desk: Desk) -> None:
    milk = a_variant("SUA", tracks_lots=True)
    stock(milk, "KHO", 2, lot="CŨ", expires_on=date(2027, 1, 1))
    first, _ = inventory.ship_transfer(actor=SYSTEM, from_code="KHO", to_code="XA", lines=[(milk, 2)], now=NOON)
    stock(milk, "KHO", 3, lot="MỚI", expires_on=date(2027, 6, 1))
    second, _ = inventory.ship_transfer(actor=SYSTEM, from_code="KHO", to_code="LL", lines=[(milk, 3)], now=NOON)
    inventory.receive_transfer(actor=SYSTEM, transfer_id=second, now=NOON, received={milk: 2})
    found = StockLot.objects.filter(location_id=desk.there, variant_id=milk).values_list("code", "on_hand")
    assert list(found) == [("MỚI", 2)]
    inventory.settle_transfer(actor=SYSTEM, transfer_id=second, lines=[Settlement(milk, "source_short")], now=NOON)
    assert StockLot.objects.get(location_id=desk.here, variant_id=milk, code="MỚI").on_hand == 1
    inventory.receive_transfer(actor=SYSTEM, transfer_id=first, now=NOON)


REFUSED: list[tuple[str, Callable[[Desk], Any], type[MekongError]]] = [
    ("draft elsewhere", lambda d: d.draft(actor=d.stranger), OutOfScope),
    ("draft without the right", lambda d: d.draft(actor=somebody("x", rights=("inventory.view",))), MayNot),
    ("draft to itself", lambda d: d.draft(to_code="KHO"), ControlInvalid),
    ("draft of nothing", lambda d: d.draft(lines=[]), BadQuantity),
    ("draft of too much", lambda d: d.draft(10**12 + 1), BadQuantity),
    ("draft of a ghost", lambda d: d.draft(lines=[(10**9, 1)]), VariantNotFound),
    ("draft of a bundle", lambda d: d.draft(lines=[(a_variant(parts={"AO": 1}), 1)]), BundleHasNoStock),
    ("draft of too many lines", lambda d: d.draft(lines=[(d.shirt, 1)] * 1001), ControlInvalid),
    (
        "request of a stranger",
        lambda d: inventory.request_transfer(actor=d.stranger, transfer_id=d.draft().id, now=NOON),
        OutOfScope,
    ),
    (
        "request of what is cancelled",
        lambda d: inventory.request_transfer(actor=d.store, transfer_id=cancelled(d).id, now=NOON),
        TransferMoved,
    ),
    (
        "approve by the store",
        lambda d: inventory.approve_transfer(actor=d.store, transfer_id=d.draft().id, now=NOON),
        OutOfScope,
    ),
    (
        "approve what is cancelled",
        lambda d: inventory.approve_transfer(actor=d.keeper, transfer_id=cancelled(d).id, now=NOON),
        TransferMoved,
    ),
    (
        "send back by the store",
        lambda d: inventory.send_back_transfer(actor=d.store, transfer_id=d.ready().id, now=NOON),
        OutOfScope,
    ),
    (
        "send back what left",
        lambda d: inventory.send_back_transfer(actor=d.keeper, transfer_id=d.sent().id, now=NOON),
        TransferMoved,
    ),
    (
        "cancel by a stranger",
        lambda d: inventory.cancel_transfer(actor=d.stranger, transfer_id=d.draft().id, now=NOON),
        OutOfScope,
    ),
    (
        "cancel what left",
        lambda d: inventory.cancel_transfer(actor=d.keeper, transfer_id=d.sent().id, now=NOON),
        TransferMoved,
    ),
    ("change what is ready", lambda d: change(d, d.ready(), d.keeper), TransferMoved),
    ("change by a stranger", lambda d: change(d, d.draft(), d.stranger), OutOfScope),
    (
        "ship by the store",
        lambda d: inventory.send_transfer(actor=d.store, transfer_id=d.ready().id, now=NOON),
        OutOfScope,
    ),
    (
        "ship a draft",
        lambda d: inventory.send_transfer(actor=d.keeper, transfer_id=d.draft().id, now=NOON),
        TransferMoved,
    ),
    (
        "ship more than is there",
        lambda d: inventory.send_transfer(actor=d.keeper, transfer_id=d.ready(11).id, now=NOON),
        ShortStock,
    ),
    ("ship more than was asked", lambda d: ship(d, {d.shirt: 5}), BadQuantity),
    ("ship nothing", lambda d: ship(d, {d.shirt: 0}), BadQuantity),
    ("ship something else", lambda d: ship(d, {d.hat: 1}), NotOnTransfer),
    (
        "receive at the source",
        lambda d: inventory.receive_transfer(actor=d.keeper, transfer_id=d.sent().id, now=NOON),
        OutOfScope,
    ),
    (
        "receive a draft",
        lambda d: inventory.receive_transfer(actor=d.store, transfer_id=d.draft().id, now=NOON),
        TransferMoved,
    ),
    ("receive more than was sent", lambda d: d.short(5), BadQuantity),
    ("receive for no known cause", lambda d: d.short(1, "magic"), CauseUnknown),
    (
        "receive again otherwise",
        lambda d: inventory.receive_transfer(actor=d.store, transfer_id=d.short().id, now=NOON, received={d.shirt: 2}),
        TransferMoved,
    ),
    (
        "receive a ghost",
        lambda d: inventory.receive_transfer(actor=d.store, transfer_id=__import__("uuid").uuid4(), now=NOON),
        TransferNotFound,
    ),
    ("settle by the store", lambda d: settle(d, d.short(), Settlement(d.shirt, "lost"), d.store), OutOfScope),
    (
        "settle without the right",
        lambda d: settle(d, d.short(), Settlement(d.shirt, "lost"), somebody("x", rights=("inventory.transfer",))),
        MayNot,
    ),
    ("settle as late by the source", lambda d: settle(d, d.short(), Settlement(d.shirt, "late")), OutOfScope),
    ("settle what is under way", lambda d: settle(d, d.sent(), Settlement(d.shirt, "lost")), TransferMoved),
    (
        "settle nothing",
        lambda d: inventory.settle_transfer(actor=d.keeper, transfer_id=d.short().id, lines=[], now=NOON),
        BadQuantity,
    ),
    ("settle too much", lambda d: settle(d, d.short(), Settlement(d.shirt, "lost", 4)), BadQuantity),
    ("settle something else", lambda d: settle(d, d.short(), Settlement(d.hat, "lost")), NotOnTransfer),
    ("settle for no known cause", lambda d: settle(d, d.short(), Settlement(d.shirt, "magic")), CauseUnknown),
    ("settle without what came", lambda d: settle(d, d.short(), Settlement(d.shirt, "wrong_item")), InsteadNeeded),
    (
        "settle by itself instead",
        lambda d: settle(d, d.short(), Settlement(d.shirt, "wrong_item", 1, d.shirt)),
        InsteadNeeded,
    ),
    (
        "settle by a ghost instead",
        lambda d: settle(d, d.short(), Settlement(d.shirt, "wrong_item", 1, 10**9)),
        VariantNotFound,
    ),
]


def cancelled(desk: Desk) -> TransferView:
    return inventory.cancel_transfer(actor=desk.store, transfer_id=desk.draft().id, now=NOON)


def change(desk: Desk, transfer: TransferView, actor: Actor) -> TransferView:
    return inventory.change_transfer(
        actor=actor, transfer_id=transfer.id, from_code="KHO", to_code="LL", lines=[(desk.hat, 1)], now=NOON
    )


def ship(desk: Desk, shipped: dict[int, int]) -> TransferView:
    return inventory.send_transfer(actor=desk.keeper, transfer_id=desk.ready().id, now=NOON, shipped=shipped)


def settle(desk: Desk, transfer: TransferView, line: Settlement, actor: Actor | None = None) -> TransferView:
    return inventory.settle_transfer(actor=actor or desk.keeper, transfer_id=transfer.id, lines=[line], now=NOON)


@pytest.mark.parametrize(("act", "error"), [each[1:] for each in REFUSED], ids=[each[0] for each in REFUSED])
def test_a_step_that_is_not_theirs_or_not_next_changes_nothing(
    desk: Desk, act: Callable[[Desk], Any], error: type[MekongError]
) -> None:
    with pytest.raises(error) as refused:
        act(desk)
    assert type(refused.value) is error
    # The refused step is the last that was tried: what it would have written is not there.
    steps = list(TransferStep.objects.order_by("id").values_list("step", flat=True))
    assert steps in (["draft", "approve", "ship", "receive"][: len(steps)], ["draft", "cancel"])
    ledger = sum(desk.levels()) + sum(desk.levels(desk.hat))
    assert ledger == 20


def test_a_repeat_of_any_step_changes_nothing(desk: Desk) -> None:
    made = desk.draft()
    for step, who in (
        (inventory.request_transfer, desk.store), (inventory.approve_transfer, desk.keeper),
        (inventory.send_transfer, desk.keeper), (inventory.receive_transfer, desk.store),
    ):  # fmt: skip
        first = step(actor=who, transfer_id=made.id, now=NOON)
        assert step(actor=who, transfer_id=made.id, now=NOON) == first
    assert TransferStep.objects.count() == 5
    assert desk.levels() == (6, 0, 4)


def test_what_was_asked_for_goes_back_to_a_draft_and_can_be_given_up(desk: Desk) -> None:
    made = desk.draft()
    inventory.request_transfer(actor=desk.store, transfer_id=made.id, now=NOON)
    back = inventory.send_back_transfer(actor=desk.keeper, transfer_id=made.id, now=NOON, note="Chờ hàng về")
    assert (back.state, back.requested_by, back.steps[-1].note) == ("draft", "", "Chờ hàng về")
    assert change(desk, made, desk.store).lines[0].variant_id == desk.hat
    for _ in range(2):
        gone = inventory.cancel_transfer(actor=desk.store, transfer_id=made.id, now=NOON, note="Thôi")
    assert (gone.state, len(gone.steps)) == ("cancelled", 5)
    assert AuditEntry.objects.filter(table="inventory_transfer", row_id=str(made.id)).count() == 5


def test_above_the_limit_somebody_else_approves(desk: Desk) -> None:
    inventory.set_approval_limits(
        actor=SYSTEM, transfer_units=3, transfer_value_minor=None, adjustment_units=None, adjustment_value_minor=None
    )
    under = inventory.draft_transfer(
        actor=desk.keeper, from_code="KHO", to_code="LL", lines=[(desk.shirt, 3)], now=NOON
    )
    assert inventory.approve_transfer(actor=desk.keeper, transfer_id=under.id, now=NOON).state == "ready"
    made = desk.draft(4, actor=desk.boss)
    with pytest.raises(NeedsApproval):
        inventory.approve_transfer(actor=desk.keeper, transfer_id=made.id, now=NOON)
    inventory.request_transfer(actor=desk.store, transfer_id=made.id, now=NOON)
    for own in (desk.boss, somebody("store")):
        with pytest.raises(OwnRequest):
            inventory.approve_transfer(actor=own, transfer_id=made.id, now=NOON)
    clerk = somebody("clerk", desk.here, rights=("inventory.transfer", "inventory.view"))
    with pytest.raises(MayNot):
        inventory.approve_transfer(actor=clerk, transfer_id=made.id, now=NOON)
    assert inventory.approve_transfer(actor=desk.keeper, transfer_id=made.id, now=NOON).state == "ready"
    with pytest.raises(NeedsApproval):
        inventory.ship_transfer(actor=desk.boss, from_code="KHO", to_code="LL", lines=[(desk.shirt, 4)], now=NOON)
    assert desk.levels() == (10, 0, 0)


def test_the_limit_of_value_counts_at_cost_or_price(desk: Desk) -> None:
    inventory.set_approval_limits(
        actor=SYSTEM, transfer_units=None, transfer_value_minor=399_999, adjustment_units=None,
        adjustment_value_minor=None,
    )  # fmt: skip
    made = desk.draft(4)
    with pytest.raises(NeedsApproval):
        inventory.approve_transfer(actor=desk.keeper, transfer_id=made.id, now=NOON)
    assert inventory.approve_transfer(actor=desk.keeper, transfer_id=desk.draft(3).id, now=NOON).state == "ready"


def test_what_is_elsewhere_is_not_there_and_not_counted(desk: Desk) -> None:
    made = desk.sent()
    assert [each.code for each in queries.list_transfers(actor=desk.store)] == [made.code]
    assert queries.list_transfers(actor=desk.stranger) == []
    with pytest.raises(TransferNotFound):
        queries.get_transfer(actor=desk.stranger, code=made.code)
    assert queries.count_transfers(actor=desk.store)["to_do"] == 1
    assert queries.count_transfers(actor=desk.keeper)["to_do"] == 0
    assert queries.count_transfers(actor=desk.stranger)["in_transit"] == 0
    assert queries.list_transfers(actor=desk.boss, variant_ids=[desk.shirt])[0].code == made.code
    assert queries.list_transfers(actor=desk.boss, variant_ids=[desk.hat]) == []
    assert queries.list_transfers(actor=desk.boss, code="CK-261122") != []
    assert queries.list_transfers(actor=desk.boss, tab="received") == []
    assert queries.list_transfers(actor=desk.boss, before=made.id) == []


# --- at once ------------------------------------------------------------------------------------------------------------


def test_two_people_who_receive_at_once_receive_once(desk: Desk) -> None:
    sent = desk.sent(8)

    def count(units: int) -> Any:
        return inventory.receive_transfer(
            actor=somebody(f"s{units}", desk.there), transfer_id=sent.id, now=NOON, received={desk.shirt: units}
        )

    answers = at_once(*[lambda units=units: count(units) for units in (5, 6, 7, 8)])
    assert sum(isinstance(each, TransferMoved) for each in answers) == 3
    counted = next(each for each in answers if isinstance(each, TransferView))
    assert desk.levels() == (2, 8 - (counted.lines[0].received or 0), counted.lines[0].received)
    assert TransferStep.objects.filter(step="receive").count() == 1


def test_a_transfer_is_approved_shipped_or_cancelled_once(desk: Desk) -> None:
    made = desk.ready()
    answers = at_once(
        *[lambda: inventory.send_transfer(actor=desk.keeper, transfer_id=made.id, now=NOON)] * 3,
        *[lambda: inventory.cancel_transfer(actor=desk.keeper, transfer_id=made.id, now=NOON)] * 3,
    )
    state = Transfer.objects.get(id=made.id).state
    assert state in ("in_transit", "cancelled")
    assert sum(isinstance(each, TransferMoved) for each in answers) == 3
    assert desk.levels() == ((6, 4, 0) if state == "in_transit" else (10, 0, 0))


def test_a_difference_is_booked_once(desk: Desk) -> None:
    short = desk.short()

    def book(cause: str) -> Any:
        return settle(desk, short, Settlement(desk.shirt, cause, 3), desk.boss)

    answers = at_once(*[lambda cause=cause: book(cause) for cause in ("lost", "source_short", "late")])
    assert all(isinstance(each, TransferView | NothingOpen) for each in answers)
    done = queries.get_transfer(actor=SYSTEM, code=short.code)
    assert (done.state, len(done.lines[0].booked), desk.levels()[1]) == ("settled", 1, 0)
