"""Reading the list of orders again and again, a few pages at a time.

The list is by time of creation, newest first, and every row tells when it last changed. An order that changes stays
where it is, so the changed ones are found by reading on: in each poll the pages with orders created since the last one,
then a few pages more, from where the poll before left off. When the end is reached a round is complete, and the next
one looks for what changed since this one began. New orders push the others to later pages, never to earlier ones, so
that going up in pages meets some twice and misses none.

The platform's guide names a filter by time of change, its reference does not. It is sent along: where it works, a round
is over within one poll; where it is ignored, nothing is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from mekong.channels.socket import OrderRef
from mekong.connectors.tiki.mapping import Word, local, moment
from mekong.connectors.tiki.mapping.orders import OrderHead
from mekong.foundation.errors import Invalid

YOUNG: Final = timedelta(days=45)
"""Orders older than this when a round begins are not read again: delivered, and past the days for a return. What still
happens to them is told by events."""
TAIL: Final = 10
"""Pages read on in one poll: at two polls a minute, a twentieth of the rate that the platform allows."""
_MARGIN_S: Final = 60
"""Our clock and the platform's may differ by this."""


@dataclass(frozen=True)
class Round:
    """What stands between two polls: `page` is the next to read on from, 1 when a new round is to begin.

    Orders that changed after `since` are told. `begun` is when this round began. Both in seconds since 1970.
    """

    since: int
    begun: int = 0
    page: int = 1

    @classmethod
    def read(cls, text: str) -> Round:
        """Raises: Invalid."""
        return cls(*_numbers(text, 3))

    def text(self) -> str:
        return f"{self.since}.{self.begun}.{self.page}"


@dataclass(frozen=True)
class Walk:
    """Where one poll stands in the list. `left`: pages it may still read on; `resume`: the round's page to jump to."""

    page: int
    left: int
    since: int
    begun: int
    resume: int

    @classmethod
    def start(cls, kept: Round | None, updated_from: datetime, now: datetime) -> Walk:
        since, begun, page = int(updated_from.timestamp()), int(now.timestamp()), 1
        if kept is not None:
            since = min(kept.since, since)
            begun, page = (kept.begun, kept.page) if kept.page > 1 else (begun, 1)
        return cls(1, TAIL, since, begun, page)

    @classmethod
    def read(cls, text: str) -> Walk:
        """Raises: Invalid."""
        return cls(*_numbers(text, 5))

    def text(self) -> str:
        return f"{self.page}.{self.left}.{self.since}.{self.begun}.{self.resume}"

    def filters(self) -> list[tuple[str, str]]:
        since = datetime.fromtimestamp(self.since, UTC)
        return [
            ("order_by", "created_at|desc"),
            ("created_from_date", local(since - YOUNG)),
            ("updated_from_date", local(since)),
        ]

    def changed(self, rows: Sequence[OrderHead]) -> list[OrderRef]:
        """The orders of a page that changed since the round before, each once."""
        found: dict[str, OrderRef] = {}
        for row in rows:
            when = _moment(row.updated_at)
            if when is None or when.timestamp() >= self.since:
                found[str(row.code)] = OrderRef(str(row.code), when)
        return list(found.values())

    def following(self, rows: Sequence[OrderHead], updated_from: datetime, *, has_more: bool) -> Walk | Round:
        """The next page of this poll, or what is to be kept for the next poll."""
        if not has_more:
            return Round(since=self.begun - _MARGIN_S)
        created = [when for row in rows if (when := _moment(row.created_at)) is not None]
        if created and min(created) >= updated_from:
            return Walk(self.page + 1, self.left, self.since, self.begun, self.resume)
        page = max(self.page + 1, self.resume)
        if self.left <= 1:
            return Round(self.since, self.begun, page)
        return Walk(page, self.left - 1, self.since, self.begun, self.resume)


def _moment(said: Word) -> datetime | None:
    """One unreadable time must not keep a page of orders from coming in."""
    try:
        return moment(said)
    except (ValueError, OverflowError, OSError):
        return None


def _numbers(text: str, count: int) -> list[int]:
    parts = text.split(".")
    if len(parts) != count or not all(part.isascii() and part.isdigit() for part in parts):
        raise Invalid(field="cursor", problem="It is not one of this connector. Start from the first page.")
    return [int(part) for part in parts]
