"""Taking what is limited."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Want(NamedTuple):
    """One use of an offer that saves so much; `voucher_id` 0: without a voucher."""

    promotion_id: int
    voucher_id: int
    benefit_minor: int


class Take(NamedTuple):
    """What a checkout wants: all of it or nothing, for `ttl_s` seconds. The same reference again changes nothing."""

    reference: str
    person: str
    wants: tuple[Want, ...]
    now: datetime
    ttl_s: int = 900


class Took(NamedTuple):
    reference: str


class Refused(NamedTuple):
    """`reason`: uses, budget, person (its share is had, or nobody said who it is), voucher, ended, or reference (the same
    checkout took it with another benefit)."""

    promotion_id: int
    reason: str
