"""What commands take of lists, promotions and vouchers, and what queries answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from mekong.catalog.contracts import CellProblem


@dataclass(frozen=True)
class ListDraft:
    """A price list as somebody wants it. `audience`: JSON as `rules.forms` reads it."""

    code: str
    name: str
    currency: str = "VND"
    priority: int = 0
    is_sale: bool = False
    is_net: bool = False
    adjust_bp: int | None = None
    audience: Mapping[str, Any] = field(default_factory=dict)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    is_active: bool = True


@dataclass(frozen=True)
class ListView(ListDraft):
    id: int = 0
    uid: UUID | None = None
    entries: int = 0
    updated_at: datetime | None = None


class EntryLine(NamedTuple):
    """A price of a list. `price_minor` None takes the step away."""

    sku: str
    price_minor: int | None
    from_units: int = 1


@dataclass(frozen=True)
class EntriesReport:
    """What a file of prices would do, or did. `changed`: steps that are other than before; `blank`: rows without a price,
    which leave things as they are. `errors`: every bad cell; with one nothing is written."""

    rows: int
    changed: int
    blank: int
    errors: tuple[CellProblem, ...]
    dry_run: bool
    written: bool
    ignored_columns: tuple[str, ...] = ()


class EntryView(NamedTuple):
    variant_id: int
    from_units: int
    price_minor: int


@dataclass(frozen=True)
class PromotionDraft:
    """A promotion as somebody wants it. `effect`, `goods`, `audience`: JSON as `rules.forms` reads it."""

    code: str
    name: str
    effect: Mapping[str, Any]
    note: str = ""
    goods: Mapping[str, Any] = field(default_factory=dict)
    audience: Mapping[str, Any] = field(default_factory=dict)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    needs_code: bool = False
    layer: int = 1
    priority: int = 0
    is_exclusive: bool = False
    least_units: int = 0
    least_minor: int = 0
    most_uses: int | None = None
    most_per_person: int | None = None
    budget_minor: int | None = None


@dataclass(frozen=True)
class PromotionView(PromotionDraft):
    """`uses`, `spent_minor`: by orders, and by checkouts that are open."""

    id: int = 0
    uid: UUID | None = None
    state: str = "draft"
    uses: int = 0
    spent_minor: int = 0
    vouchers: int = 0
    updated_at: datetime | None = None


class VoucherView(NamedTuple):
    """`state`: ready, used_up, expired or blocked; `ends_at` of its promotion is not looked at."""

    id: int
    code: str
    promotion_id: int
    promotion: str
    person: str
    most_uses: int | None
    uses: int
    expires_at: datetime | None
    is_blocked: bool
    created_at: datetime


class BatchMade(NamedTuple):
    uid: UUID
    promotion: str
    name: str
    codes: tuple[str, ...]


@dataclass(frozen=True)
class BatchRow:
    """Vouchers that were made together."""

    uid: UUID
    name: str
    count: int
    created_at: datetime


class BatchCodes(NamedTuple):
    """The codes of a batch. `promotion`: its code; `expires_at`: when the vouchers end, None as their promotion does."""

    promotion: str
    name: str
    codes: Sequence[str]
    expires_at: datetime | None


class FoundCode(NamedTuple):
    """A voucher that was shown. `offer_id` 0: there is none, or it may not be used by this person or any more.

    `is_known`: there is such a code, whatever it may still do.
    """

    code: str
    voucher_id: int
    offer_id: int
    is_known: bool = False
