"""What somebody chose in the form that prints gift cards and vouchers (`offers/print_fields.html`)."""

from __future__ import annotations

from dataclasses import dataclass

from mekong.faces.backoffice.fields import whole_number
from mekong.faces.backoffice.visit import Visit
from mekong.faces.printing.vouchers import MOST_PRINTED, PAPERS
from mekong.foundation.company import get_company


@dataclass(frozen=True)
class PrintChoice:
    """`first`, `last`: places in what was made together, from 1, both printed; at most as many as a document holds."""

    paper: str
    shop: str
    terms: tuple[str, ...]
    first: int
    last: int


def print_choice(visit: Visit) -> PrintChoice:
    """As it was posted; what is not understood is as if it had not been said."""
    paper = visit.posted("paper")
    lines = [each.strip()[:90] for each in visit.posted("terms", longest=400).splitlines() if each.strip()]
    first = max(whole_number(visit.posted("first", "1", longest=8)) or 1, 1)
    most = first + MOST_PRINTED - 1
    last = whole_number(visit.posted("last", "0", longest=8)) or most
    return PrintChoice(
        paper if paper in PAPERS else "a4-2x5", visit.posted("shop", longest=40) or get_company().name,
        tuple(lines[:3]), first, min(last, most),
    )  # fmt: skip
