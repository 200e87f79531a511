"""Adjustments above a limit: who waits, who decides, what the approver sees; and lines from a spreadsheet."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import xlsxwriter

from mekong.foundation.actor import SYSTEM, channel_actor
from mekong.foundation.errors import MayNot, MekongError, OutOfScope
from mekong.foundation.models import AuditEntry
from mekong.inventory import commands as inventory
from mekong.inventory import queries
from mekong.inventory.contracts import AdjustmentAsked, AdjustmentLine, AdjustmentView, SheetReport
from mekong.inventory.errors import (
    AdjustmentDecided,
    AdjustmentNotFound,
    BadQuantity,
    ControlInvalid,
    FiguresMoved,
    NeedsApproval,
    OwnRequest,
    ShortStock,
)
from mekong.inventory.models import Adjustment, StockMovement, Transfer
from tests.integration.inventory.test_races import at_once
from tests.integration.inventory.test_transfers import somebody
from tests.support.people import NOON
from tests.support.stock import a_location, a_variant, assert_sound, level, stock

pytestmark = pytest.mark.django_db(transaction=True)

CLERK = ("inventory.view", "inventory.adjust", "inventory.receive", "inventory.transfer")


@pytest.fixture(autouse=True)
def _sound() -> Iterator[None]:
    yield
    assert_sound()


def limit(units: int | None = 5, value: int | None = None) -> None:
    inventory.set_approval_limits(
        actor=SYSTEM, transfer_units=None, transfer_value_minor=None, adjustment_units=units,
        adjustment_value_minor=value,
    )  # fmt: skip


class Shelf:
    """20 shirts; a clerk who may adjust up to five units, a boss who may approve."""

    def __init__(self) -> None:
        self.here, self.shirt = a_location("KHO"), a_variant("AO")
        stock(self.shirt, "KHO", 20)
        limit()
        self.clerk = somebody("clerk", self.here, rights=CLERK)
        self.boss = somebody("boss", self.here)
        self.far = somebody("far", a_location("XA"))

    def ask(self, units: int = -8, *, reason: str = "count", actor: Any = None, **more: Any) -> AdjustmentAsked:
        return inventory.request_adjustment(
            actor=actor or self.clerk, location="KHO", reason=reason, now=NOON, note="Vỡ khi dỡ hàng",
            lines=[AdjustmentLine(self.shirt, units, **more)],
        )  # fmt: skip

    def waiting(self, units: int = -8, **more: Any) -> AdjustmentView:
        waiting = self.ask(units, **more).waiting
        assert waiting is not None
        return waiting

    @property
    def stands(self) -> int:
        return level(self.shirt, self.here)[0]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def test_what_is_above_the_limit_waits_and_moves_nothing(shelf: Shelf) -> None:
    small = shelf.ask(-5)
    assert (small.waiting, shelf.stands) == (None, 15)
    waiting = shelf.waiting(-8)
    assert (waiting.code, waiting.state, waiting.lines[0].seen) == ("DC-261122-0001", "waiting", 15)
    assert shelf.stands == 15
    done = inventory.approve_adjustment(actor=shelf.boss, code=waiting.code, now=NOON, seen=[15], note="Đã kiểm")
    assert (done.state, done.decided_by, done.decision, shelf.stands) == ("booked", "person:boss", "Đã kiểm", 7)
    moved = StockMovement.objects.get(reference=waiting.code)
    assert (moved.quantity, moved.reason, moved.note, moved.actor) == (8, "count", "Vỡ khi dỡ hàng", "person:boss")
    assert AuditEntry.objects.filter(table="inventory_adjustment", row_id=str(waiting.id)).count() == 2


def test_papers_that_wait_and_papers_booked_at_once_never_wait_for_each_other(shelf: Shelf) -> None:
    acts = [partial(shelf.ask, units, reason="other") for units in (-8, 1, -8, 1, -8, 1, -8, 1)]
    for _ in range(5):
        assert [answer for answer in at_once(*acts) if isinstance(answer, Exception)] == []
    assert shelf.stands == 20 + 5 * 4


def test_who_may_approve_acts_at_once_and_others_are_told_to_ask(shelf: Shelf) -> None:
    assert shelf.ask(-8, actor=shelf.boss).change is not None
    with pytest.raises(NeedsApproval):
        inventory.adjust_stock(
            actor=shelf.clerk, location="KHO", reason="scrap", lines=[AdjustmentLine(shelf.shirt, -8)], now=NOON
        )
    for reason in ("receipt", "opening"):
        assert shelf.ask(50, reason=reason).change is not None
    for actor in (SYSTEM, channel_actor("web")):
        inventory.adjust_stock(
            actor=SYSTEM if actor.kind == "system" else somebody("x"), location="KHO", reason="count",
            lines=[AdjustmentLine(shelf.shirt, -8)], now=NOON,
        )  # fmt: skip
    limit(None, 700_000)
    assert shelf.ask(-7).waiting is None
    assert shelf.ask(-8).waiting is not None
    assert shelf.ask(8, unit_cost_minor=1).waiting is None
    limit(None, None)
    assert shelf.ask(-8).waiting is None


def test_stock_that_moved_meanwhile_is_shown_before_it_is_approved(shelf: Shelf) -> None:
    waiting = shelf.waiting()
    stock(shelf.shirt, "KHO", 1)
    assert queries.get_adjustment(actor=shelf.boss, code=waiting.code).lines[0].has_moved
    with pytest.raises(FiguresMoved):
        inventory.approve_adjustment(actor=shelf.boss, code=waiting.code, now=NOON, seen=[20])
    assert (shelf.stands, Adjustment.objects.get().state) == (21, "waiting")
    assert inventory.approve_adjustment(actor=shelf.boss, code=waiting.code, now=NOON, seen=[21]).state == "booked"
    assert shelf.stands == 13


REFUSED: list[tuple[str, Callable[[Shelf], Any], type[MekongError]]] = [
    ("ask without the right", lambda s: s.ask(actor=somebody("x", rights=("inventory.view",))), MayNot),
    ("ask elsewhere", lambda s: s.ask(actor=s.far), OutOfScope),
    ("ask for nothing", lambda s: s.ask(0), BadQuantity),
    (
        "approve by the clerk",
        lambda s: inventory.approve_adjustment(actor=s.clerk, code=s.waiting().code, now=NOON),
        MayNot,
    ),
    (
        "approve elsewhere",
        lambda s: inventory.approve_adjustment(actor=s.far, code=s.waiting().code, now=NOON),
        OutOfScope,
    ),
    (
        "approve one's own",
        lambda s: inventory.approve_adjustment(actor=somebody("clerk"), code=s.waiting().code, now=NOON),
        OwnRequest,
    ),
    (
        "approve more than is there",
        lambda s: inventory.approve_adjustment(actor=s.boss, code=s.waiting(-21).code, now=NOON),
        ShortStock,
    ),
    (
        "approve a ghost",
        lambda s: inventory.approve_adjustment(actor=s.boss, code="DC-0", now=NOON),
        AdjustmentNotFound,
    ),
    (
        "approve what is rejected",
        lambda s: inventory.approve_adjustment(actor=s.boss, code=rejected(s), now=NOON),
        AdjustmentDecided,
    ),
    (
        "reject without a word",
        lambda s: inventory.reject_adjustment(actor=s.boss, code=s.waiting().code, note=" ", now=NOON),
        ControlInvalid,
    ),
    (
        "reject elsewhere",
        lambda s: inventory.reject_adjustment(actor=s.far, code=s.waiting().code, note="x", now=NOON),
        OutOfScope,
    ),
    (
        "withdraw of another",
        lambda s: inventory.withdraw_adjustment(actor=somebody("x", rights=CLERK), code=s.waiting().code, now=NOON),
        MayNot,
    ),
    (
        "withdraw what is rejected",
        lambda s: inventory.withdraw_adjustment(actor=s.clerk, code=rejected(s), now=NOON),
        AdjustmentDecided,
    ),
    (
        "limits by the clerk",
        lambda s: inventory.set_approval_limits(
            actor=s.clerk, transfer_units=1, transfer_value_minor=1, adjustment_units=1, adjustment_value_minor=1
        ),
        MayNot,
    ),
    ("limits below zero", lambda s: limit(-1), BadQuantity),
]


def rejected(shelf: Shelf) -> str:
    return inventory.reject_adjustment(actor=shelf.boss, code=shelf.waiting().code, note="Đếm lại", now=NOON).code


@pytest.mark.parametrize(("act", "error"), [each[1:] for each in REFUSED], ids=[each[0] for each in REFUSED])
def test_what_is_refused_changes_nothing(shelf: Shelf, act: Callable[[Shelf], Any], error: type[MekongError]) -> None:
    with pytest.raises(error) as refused:
        act(shelf)
    assert type(refused.value) is error
    assert (shelf.stands, StockMovement.objects.count()) == (20, 1)
    assert queries.approval_limits().adjustment.units == 5


def test_a_decision_is_made_once_however_often_it_is_pressed(shelf: Shelf) -> None:
    waiting = shelf.waiting()
    for _ in range(2):
        assert inventory.approve_adjustment(actor=shelf.boss, code=waiting.code, now=NOON).state == "booked"
    assert shelf.stands == 12
    other = shelf.waiting()
    for _ in range(2):
        assert inventory.withdraw_adjustment(actor=shelf.clerk, code=other.code, now=NOON).state == "withdrawn"
    assert [each.code for each in queries.list_adjustments(actor=shelf.boss, state="")] == [other.code, waiting.code]
    assert queries.list_adjustments(actor=shelf.far, state="") == []
    assert queries.count_waiting_adjustments(actor=shelf.boss) == 0
    with pytest.raises(AdjustmentNotFound):
        queries.get_adjustment(actor=shelf.far, code=waiting.code)


def test_two_who_decide_at_once_decide_once(shelf: Shelf) -> None:
    waiting = shelf.waiting()
    acts = [
        lambda n=n: inventory.approve_adjustment(actor=somebody(f"b{n}"), code=waiting.code, now=NOON) for n in range(3)
    ]
    acts += [
        lambda n=n: inventory.reject_adjustment(actor=somebody(f"r{n}"), code=waiting.code, note="x", now=NOON)
        for n in range(3)
    ]
    answers = at_once(*acts)
    state = Adjustment.objects.get().state
    assert sum(isinstance(each, AdjustmentDecided) for each in answers) == 3
    assert shelf.stands == (12 if state == "booked" else 20)


# --- sheets ---------------------------------------------------------------------------------------------------------------


def a_sheet(*rows: tuple[object, ...]) -> io.BytesIO:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for place, row in enumerate(rows):
            sheet.write_row(place, 0, row)
    out.seek(0)
    return out


def said(report: SheetReport) -> list[tuple[str, str]]:
    return [(f"{each.column}{each.row}", each.code) for each in report.errors]


ADJUSTMENTS = ("Mã SKU", "Kho", "SL", "Lý do")
TRANSFERS = ("Kho đi", "Kho đến", "Mã SKU", "SL")


def test_adjustments_of_a_sheet_are_judged_then_booked_by_place_and_reason(shelf: Shelf) -> None:
    hat = a_variant("MU")
    rows = (
        ADJUSTMENTS,
        ("ao", "kho", "−2", "Lệch kiểm kho"),
        ("MU", "KHO", 4, "kiểm kê"),
        ("AO", "KHO", 9, "Xuất hủy"),
    )
    judged = inventory.import_adjustments(actor=shelf.clerk, file=a_sheet(*rows), now=NOON, dry_run=True)
    assert (judged.ok, judged.rows, judged.documents, shelf.stands) == (True, 3, (), 20)
    done = inventory.import_adjustments(actor=shelf.clerk, file=a_sheet(*rows), now=NOON)
    assert len(done.documents) == 2
    assert list(done.waiting) == list(Adjustment.objects.order_by("code").values_list("code", flat=True))
    assert level(hat, shelf.here) == (0, 0)


def test_small_adjustments_of_a_sheet_are_booked_at_once(shelf: Shelf) -> None:
    rows = (ADJUSTMENTS, ("AO", "KHO", -2, "Lệch kiểm kho"), ("AO", "KHO", -3, "Dùng nội bộ"), ("AO", "KHO", 1, "khác"))
    done = inventory.import_adjustments(actor=shelf.clerk, file=a_sheet(*rows), now=NOON)
    assert (len(done.documents), done.waiting, shelf.stands) == (3, (), 16)
    assert StockMovement.objects.filter(reason="internal_use").count() == 1


def test_bad_cells_of_adjustments_are_all_named_and_nothing_is_booked(shelf: Shelf) -> None:
    for sku in "ABCDEF":
        a_variant(sku)
    a_variant("SUA", tracks_lots=True)
    a_variant("QUA", parts={"AO": 1})
    rows = (
        ADJUSTMENTS,
        ("KHONG", "KHO", 1, "count"), ("A", "NAO", 1, "count"), ("B", "KHO", 0, "count"), ("C", "KHO", 1.5, "count"),
        ("D", "KHO", 2, "cho tặng"), ("", "KHO", 2, "count"), ("QUA", "KHO", 2, "count"), ("SUA", "KHO", 2, "count"),
        ("E", "XA", 2, "count"), ("F", "KHO", 1, "count"), ("f", "kho", 1, "Kiểm kho"),
    )  # fmt: skip
    report = inventory.import_adjustments(actor=shelf.clerk, file=a_sheet(*rows), now=NOON)
    assert said(report) == [
        ("A2", "catalog.variant_not_found"), ("B3", "inventory.location_not_found"), ("C4", "inventory.bad_quantity"),
        ("C5", "catalog.not_whole"), ("D6", "inventory.reason_unknown"), ("A7", "catalog.missing"),
        ("A8", "inventory.bundle_has_no_stock"), ("9", "inventory.lot_required"), ("B10", "out_of_scope"),
        ("A12", "catalog.repeated_value"),
    ]  # fmt: skip
    assert (report.documents, StockMovement.objects.count()) == ((), 1)


def test_transfers_of_a_sheet_are_drafted_by_pair_of_places(shelf: Shelf) -> None:
    hat = a_variant("MU")
    rows = (TRANSFERS, ("KHO", "XA", "AO", 2), ("XA", "KHO", "AO", 1), ("kho", "xa", "mu", "1.000"))
    judged = inventory.import_transfers(actor=shelf.clerk, file=a_sheet(*rows), now=NOON, dry_run=True)
    assert (judged.ok, judged.units, Transfer.objects.count()) == (True, 1003, 0)
    done = inventory.import_transfers(actor=shelf.clerk, file=a_sheet(*rows), now=NOON)
    views = [queries.get_transfer(actor=SYSTEM, code=code) for code in done.documents]
    assert [(each.from_code, each.to_code, each.state) for each in views] == [
        ("KHO", "XA", "draft"), ("XA", "KHO", "draft"),
    ]  # fmt: skip
    assert [(line.variant_id, line.quantity) for line in views[0].lines] == [(shelf.shirt, 2), (hat, 1000)]


def test_bad_cells_of_transfers_are_all_named_and_nothing_is_drafted(shelf: Shelf) -> None:
    a_location("DA")
    rows = (
        TRANSFERS,
        ("KHO", "KHO", "AO", 2), ("XA", "DA", "AO", 1), ("KHO", "X" * 31, "AO", 1), ("KHO", "XA", "AO", -1),
        ("XA", "KHO", "AO", 1), ("XA", "KHO", "AO", 2),
    )  # fmt: skip
    report = inventory.import_transfers(actor=shelf.clerk, file=a_sheet(*rows), now=NOON)
    assert said(report) == [
        ("B2", "inventory.control_invalid"), ("A3", "out_of_scope"), ("B4", "invalid"), ("D5", "catalog.out_of_range"),
        ("C7", "catalog.repeated_value"),
    ]  # fmt: skip
    assert (report.documents, Transfer.objects.count()) == ((), 0)


def test_a_sheet_without_the_right_is_not_read(shelf: Shelf) -> None:
    nobody = somebody("x", rights=("inventory.view",))
    for act in (inventory.import_adjustments, inventory.import_transfers):
        with pytest.raises(MayNot):
            act(actor=nobody, file=a_sheet(ADJUSTMENTS), now=NOON)
