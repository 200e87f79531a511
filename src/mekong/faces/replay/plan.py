"""What becomes of every line of an order history: sold, taken back, adjusted, or refused with a reason.

Plain decisions, no database: a plan of the same lines and ways is always the same plan.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mekong.faces.replay.lines import Line

_GOODS = re.compile(r"\d{4,6}[A-Z]{0,3}|DCGS[0-9A-Z]*|GIFT_[0-9A-Z_]+|PADS")
_CARRIAGE = frozenset({"POST", "DOT", "C2", "C3"})
"""Postage and carriage: no goods, but part of what the customer paid, so they travel as the order's shipping fee."""

REASONS: Mapping[str, tuple[str, str]] = {
    "unreadable": ("Không đọc được ô dữ liệu.", "A cell of this line cannot be read."),
    "not_goods": (
        "Mã này không phải hàng hoá (phí, chiết khấu, bút toán tay).",
        "The code is no product: a fee, a discount, an entry by hand.",
    ),
    "money_only": (
        "Hoàn tiền không kèm hàng trả lại.",
        "A refund without goods: carriage, discount, fee or an entry by hand.",
    ),
    "carriage_alone": ("Phí vận chuyển không đi kèm hàng.", "Carriage on an invoice without goods."),
    "carriage_untaken": (
        "Không kênh nào được chọn nhận phí vận chuyển.",
        "None of the chosen channels takes a shipping fee; the web channel does.",
    ),
    "bad_debt": ("Bút toán nợ xấu, không phải bán hàng.", "An entry for bad debt, not a sale."),
    "negative_price": ("Giá âm.", "The price is below zero."),
    "price_too_fine": ("Giá lẻ hơn một xu.", "The price is finer than a penny."),
    "no_units": ("Số lượng bằng 0.", "The quantity is zero."),
    "negative_sale": (
        "Số lượng âm có giá nhưng không phải phiếu huỷ.",
        "Units below zero at a price, on an invoice that is no cancellation.",
    ),
    "positive_cancellation": ("Phiếu huỷ có số lượng dương.", "Units above zero on a cancellation."),
    "no_sale": (
        "Không tìm thấy lần bán trước đó của khách này để huỷ (bán trước khi tệp bắt đầu).",
        "No earlier sale of these goods to this customer is left to cancel: it was before the file begins.",
    ),
    "unknown_invoice": ("Loại chứng từ không rõ.", "This kind of invoice is not known."),
    "no_channel": (
        "Không kênh nào được chọn nhận được hoá đơn này.",
        "None of the chosen channels can take this invoice.",
    ),
    "refused": ("Kênh bán từ chối đơn.", "The channel refused the order."),
    "differs": (
        "Hoá đơn cùng số đã được nhập trước đó với nội dung khác.",
        "An invoice of this number was played before, with other lines.",
    ),
    "sale_refused": ("Lần bán cần huỷ đã bị từ chối.", "The sale it cancels was refused."),
}
"""Why a line ends in the list of rejects: in Vietnamese and English."""


@dataclass(frozen=True)
class Way:
    """A channel an invoice may go through, and what it can take.

    `most_units`: units of all lines; a platform with a row for each unit sets it. `takes_carriage`: an order placed
    there can bring its shipping fee.
    """

    code: str
    most_lines: int = 2000
    most_units: int = 10**9
    takes_carriage: bool = False


@dataclass(slots=True)
class Sale:
    """An invoice that goes whole through one channel. `goods` become lines of the order, `carriage` its fee."""

    invoice: str
    at: datetime
    way: str
    customer: str
    country: str
    goods: list[Line]
    carriage: list[Line]

    @property
    def units(self) -> int:
        return sum(line.quantity for line in self.goods)

    @property
    def revenue_minor(self) -> int:
        return sum(line.quantity * (line.price_minor or 0) for line in (*self.goods, *self.carriage))

    @property
    def lines(self) -> int:
        return len(self.goods) + len(self.carriage)


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Units of one line of a cancellation, and the sales they came from: (invoice, price in minor units, units)."""

    line: Line
    sources: tuple[tuple[str, int, int], ...]


@dataclass(slots=True)
class Cancellation:
    """A cancelling invoice: goods that come back."""

    invoice: str
    at: datetime
    lines: list[TakenBack]

    @property
    def sales(self) -> list[str]:
        return sorted({invoice for each in self.lines for invoice, _, _ in each.sources})


@dataclass(slots=True)
class Adjustment:
    """Stock found or written off without a sale. `lines` keep the file's signed quantities."""

    invoice: str
    at: datetime
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Reject:
    line: Line
    reason: str


Step = Sale | Cancellation | Adjustment


@dataclass
class Plan:
    """Steps in the file's order, and the lines that no step can take. Every line of the file stands in exactly one."""

    steps: list[Step] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    prices: dict[str, int] = field(default_factory=dict)
    line_count: int = 0

    @property
    def sales(self) -> list[Sale]:
        return [step for step in self.steps if isinstance(step, Sale)]


def make_plan(lines: Iterable[Line], ways: Sequence[Way], kept: Mapping[str, Way] | None = None) -> Plan:
    """Decide about every line.

    A sale goes whole through one of the ways that can take it, chosen by a digest of its invoice number. A cancelled
    line is matched to the latest earlier sale of the same code to the same customer, first at the same price, then at
    any: one line that covers it if there is one, else several; all of it or none.

    Args:
        lines: of one file, in its order, which is the order of time.
        ways: the channels, in any order.
        kept: the ways of invoices that were sold before: they are not chosen anew.
    """
    invoices: dict[str, list[Line]] = {}
    plan = Plan()
    naming = _Naming()
    for line in lines:
        plan.line_count += 1
        naming.see(line)
        if line.problem:
            plan.rejects.append(Reject(line, "unreadable"))
        else:
            invoices.setdefault(line.invoice.upper(), []).append(line)
    pool = _Pool()
    ordered = sorted(ways, key=lambda way: way.code)
    for invoice, group in invoices.items():
        kind = "" if invoice[0].isdigit() else invoice[0]
        if kind == "":
            _plan_invoice(plan, pool, invoice, group, [kept[invoice]] if kept and invoice in kept else ordered)
        elif kind == "C":
            _plan_cancellation(plan, pool, invoice, group)
        else:
            reason = "bad_debt" if kind == "A" else "unknown_invoice"
            plan.rejects += [Reject(line, reason) for line in group]
    plan.names, plan.prices = naming.answer()
    return plan


def is_goods(sku: str) -> bool:
    """Whether a stock code names a product; the others are fees, discounts and entries by hand."""
    return _GOODS.fullmatch(sku) is not None


def way_of(invoice: str, ways: Sequence[Way]) -> Way:
    """The way an invoice takes, of those that can: the same at every run."""
    digest = hashlib.blake2b(invoice.encode(), digest_size=8).digest()
    return ways[int.from_bytes(digest) % len(ways)]


def _refusal(line: Line) -> str:
    """Why a line of a plain invoice can be neither sold nor booked as an adjustment; "" when it can."""
    if line.price_minor is None:
        return "price_too_fine"
    if line.price_minor < 0:
        return "negative_price"
    if line.quantity == 0:
        return "no_units"
    if not is_goods(line.sku) and (line.sku not in _CARRIAGE or line.price_minor == 0 or line.quantity < 0):
        return "not_goods"
    if line.quantity < 0 and line.price_minor > 0:
        return "negative_sale"
    return ""


def _plan_invoice(plan: Plan, pool: _Pool, invoice: str, group: list[Line], ways: Sequence[Way]) -> None:
    usable = []
    for line in group:
        reason = _refusal(line)
        if reason:
            plan.rejects.append(Reject(line, reason))
        else:
            usable.append(line)
    goods = [line for line in usable if is_goods(line.sku) and line.quantity > 0]
    carriage = [line for line in usable if not is_goods(line.sku)]
    moved = [line for line in usable if is_goods(line.sku) and line.quantity < 0]
    # Without a price and without a customer nothing was sold: somebody found stock, and wrote it in.
    if not any(line.price_minor or line.customer for line in goods):
        moved, goods = sorted([*moved, *goods], key=lambda line: line.number), []
    if goods:
        _plan_sale(
            plan, pool, Sale(invoice, goods[0].at, "", _customer(goods), goods[0].country, goods, carriage), ways
        )
    else:
        plan.rejects += [Reject(line, "carriage_alone") for line in carriage]
    if moved:
        plan.steps.append(Adjustment(invoice, moved[0].at, moved))


def _customer(lines: Sequence[Line]) -> str:
    return next((line.customer for line in lines if line.customer), "")


def _plan_sale(plan: Plan, pool: _Pool, sale: Sale, ways: Sequence[Way]) -> None:
    def fitting(with_carriage: bool) -> list[Way]:
        return [
            way
            for way in ways
            if len(sale.goods) <= way.most_lines and sale.units <= way.most_units
            and (way.takes_carriage or not with_carriage)
        ]  # fmt: skip

    able = fitting(bool(sale.carriage))
    if not able and sale.carriage:
        able = fitting(False)
        if able:
            plan.rejects += [Reject(line, "carriage_untaken") for line in sale.carriage]
            sale.carriage = []
    if not able:
        plan.rejects += [Reject(line, "no_channel") for line in (*sale.goods, *sale.carriage)]
        return
    sale.way = way_of(sale.invoice, able).code
    plan.steps.append(sale)
    for line in sale.goods:
        pool.add(line)


def _plan_cancellation(plan: Plan, pool: _Pool, invoice: str, group: list[Line]) -> None:
    taken: list[TakenBack] = []
    for line in group:
        reason = "money_only" if not is_goods(line.sku) else "positive_cancellation" if line.quantity >= 0 else ""
        sources = () if reason else pool.take(line)
        if sources:
            taken.append(TakenBack(line, sources))
        else:
            plan.rejects.append(Reject(line, reason or "no_sale"))
    if taken:
        plan.steps.append(Cancellation(invoice, group[0].at, taken))


class _Pool:
    """Units sold and not yet taken back, by customer and code, oldest first."""

    def __init__(self) -> None:
        self._sold: dict[tuple[str, str], list[list[int | str]]] = defaultdict(list)

    def add(self, line: Line) -> None:
        self._sold[line.customer, line.sku].append([line.invoice.upper(), line.price_minor or 0, line.quantity])

    def take(self, line: Line) -> tuple[tuple[str, int, int], ...]:
        """Where the units of a cancelled line came from; empty when not all of them are found.

        A sale without a customer is only taken for the cancelled one when units and price are exactly its own.
        """
        sold = [each for each in self._sold.get((line.customer, line.sku), ()) if each[2]]
        wanted = -line.quantity
        same = [each for each in sold if each[1] == line.price_minor]
        if not line.customer:
            return self._take_one([each for each in same if each[2] == wanted], wanted)
        for choice in (same, sold):
            exact = [each for each in choice if each[2] == wanted]
            found = self._take_one(exact or [each for each in choice if int(each[2]) >= wanted], wanted)
            if found:
                return found
        for choice in (same, sold):
            if sum(int(each[2]) for each in choice) >= wanted:
                return self._take_several(choice, wanted)
        return ()

    @staticmethod
    def _take_one(choice: list[list[int | str]], wanted: int) -> tuple[tuple[str, int, int], ...]:
        if not choice:
            return ()
        latest = choice[-1]
        latest[2] = int(latest[2]) - wanted
        return ((str(latest[0]), int(latest[1]), wanted),)

    @staticmethod
    def _take_several(choice: list[list[int | str]], wanted: int) -> tuple[tuple[str, int, int], ...]:
        found: list[tuple[str, int, int]] = []
        for each in reversed(choice):
            units = min(int(each[2]), wanted)
            each[2] = int(each[2]) - units
            wanted -= units
            found.append((str(each[0]), int(each[1]), units))
            if not wanted:
                break
        return tuple(found)


class _Naming:
    """The name and price of each code: those that most of its priced lines have; the earlier one of equals."""

    def __init__(self) -> None:
        self._names: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._prices: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))

    def see(self, line: Line) -> None:
        if line.problem or not is_goods(line.sku):
            return
        # What people wrote beside stock without a price ("amazon", "damaged?") is a remark, not a name.
        names = self._names[line.sku]
        if line.description:
            names[line.description] += 1000 if line.price_minor else 1
        if line.price_minor is not None and line.price_minor >= 0:
            self._prices[line.sku][line.price_minor] += 1000 if line.price_minor else 1

    def answer(self) -> tuple[dict[str, str], dict[str, int]]:
        def most(counts: Mapping[str, int]) -> str:
            return max(counts, key=lambda each: counts[each])

        names = {sku: most(counts) if counts else sku for sku, counts in self._names.items()}
        prices = {sku: max(counts, key=lambda each: counts[each]) for sku, counts in self._prices.items()}
        return names, {sku: prices.get(sku, 0) for sku in names}
