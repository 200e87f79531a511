"""Prices that stand lower for a while, and how to cover a stretch of time with a platform's dated promotions.

Some platforms keep a sale price beside the list price. On others it is a promotion of its own: with a name, a beginning
that must lie ahead, an end, and listings in it, each at a price. For these `plan` decides, from what stands there now,
what is to be done so that a listing has its sale price when it should and at no other time. Asked again when that is
done, it finds nothing to do; asked when half of it is done, it finds the other half.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

MINUTE: Final = timedelta(minutes=1)
RENEW: Final = timedelta(days=30)
"""A sale without an end is prolonged by whatever push comes within this time of its promotion's end."""
FAR: Final = timedelta(days=730)
"""So far ahead a sale with an end is covered, by promotions one after the other where the platform allows none so long."""
_STEP_S: Final = 300


@dataclass(frozen=True)
class SalePrice:
    """A lower price beside the list price, from `starts_at` (None: at once) until before `ends_at` (None: no end)."""

    price_minor: int
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def is_in_force(self, now: datetime) -> bool:
        return (self.starts_at is None or self.starts_at <= now) and not self.is_over(now)

    def is_over(self, now: datetime) -> bool:
        return self.ends_at is not None and self.ends_at <= now


@dataclass(frozen=True)
class Terms:
    """What a platform asks of a promotion's times: how far ahead it must begin, and how long it may be."""

    lead: timedelta
    shortest: timedelta
    longest: timedelta


@dataclass(frozen=True)
class Promotion:
    """A promotion that is not over, by its number on the platform."""

    id: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Part:
    """A stretch of a sale: in the promotion of that number, or "" in one that is still to be made."""

    starts_at: datetime
    ends_at: datetime
    promotion_id: str = ""


@dataclass(frozen=True)
class Plan:
    """What to do with one listing: promotions to take it out of, those where its price is wrong, and those to enter.

    `is_too_late`: a sale is wanted, and the platform's terms leave no time for any of it. `is_barred`: for a connector
    to say that something else is in the way.
    """

    leave: tuple[str, ...] = ()
    reprice: tuple[str, ...] = ()
    enter: tuple[Part, ...] = ()
    is_too_late: bool = False
    is_barred: bool = False


def plan(
    sale: SalePrice | None,
    standing: Mapping[str, int],
    open_ones: Sequence[Promotion],
    terms: Terms,
    now: datetime,
    *,
    full: Collection[str] = (),
) -> Plan:
    """What is to be done so that the listing is on sale as wanted, to the minute, and never outside of it.

    A promotion that lies within the wanted time keeps the listing, so a sale that goes on is not interrupted. Time that
    is not covered yet is covered by promotions that are there, since these take a listing at once, and else by new ones.

    Args:
        sale: what is wanted; None, or one that is over: nothing.
        standing: of `open_ones`, those the listing is in, with its price there, in minor units.
        open_ones: every promotion of ours that is not over. Numbers that are higher were made later.
        full: those that take no more listings.
    """
    if sale is None or sale.is_over(now):
        return Plan(leave=tuple(standing))
    begins = max(_floor(sale.starts_at), now) if sale.starts_at else now
    ends = _floor(sale.ends_at) if sale.ends_at else None

    def lies_within(each: Promotion) -> bool:
        return max(each.starts_at, now) >= begins and (ends is None or each.ends_at <= ends)

    fitting = [each for each in open_ones if each.ends_at > now and lies_within(each)]
    stays = sorted((each for each in fitting if each.id in standing), key=_beginning)
    free = [each for each in fitting if each.id not in standing and each.id not in full]
    kept = {each.id for each in stays}
    enough = begins + (RENEW if ends is None else FAR)
    enter = [part for gap in _gaps(stays, begins, ends) for part in _cover(gap, free, terms, now, enough)]
    return Plan(
        leave=tuple(each for each in standing if each not in kept),
        reprice=tuple(each.id for each in stays if standing[each.id] != sale.price_minor),
        enter=tuple(enter),
        is_too_late=not stays and not enter,
    )


@dataclass(frozen=True)
class _Gap:
    """Time that is not covered; `ends_at` None: of a sale without an end. `is_last`: nothing comes after it."""

    starts_at: datetime
    ends_at: datetime | None
    is_last: bool = False


def _gaps(stays: Sequence[Promotion], begins: datetime, ends: datetime | None) -> Iterator[_Gap]:
    at = begins
    for each in stays:
        if each.starts_at > at:
            yield _Gap(at, each.starts_at)
        at = max(at, each.ends_at)
    if ends is None or ends > at:
        yield _Gap(at, ends, is_last=True)


def _cover(gap: _Gap, free: Sequence[Promotion], terms: Terms, now: datetime, enough: datetime) -> Iterator[Part]:
    """The parts that cover a gap as far as the platform's terms allow, each after the one before it, until `enough`."""
    at = gap.starts_at
    while at < enough:
        soonest = max(at, _ceil(now + terms.lead))
        if there := [each for each in free if _serves(each, gap, at, soonest, terms, now)]:
            best = min(
                there, key=lambda each: (max(each.starts_at, now), -each.ends_at.timestamp(), _latest_first(each))
            )
            yield Part(best.starts_at, best.ends_at, best.id)
            at = best.ends_at
            continue
        until = soonest + terms.longest
        if gap.ends_at is not None:
            if soonest + terms.shortest > gap.ends_at:
                return
            if gap.ends_at - terms.shortest < until < gap.ends_at:
                until = gap.ends_at - terms.shortest  # what is left over must be long enough by itself
            until = min(until, gap.ends_at)
        yield Part(soonest, until)
        at = until


def _serves(each: Promotion, gap: _Gap, at: datetime, soonest: datetime, terms: Terms, now: datetime) -> bool:
    """Whether a promotion that is there covers a gap from `at` on, no later than a new one would."""
    begins = max(each.starts_at, now)
    if not at <= begins <= soonest or (gap.ends_at is not None and each.ends_at > gap.ends_at):
        return False
    return (gap.is_last and each.ends_at == gap.ends_at) or each.ends_at - begins >= terms.shortest


def _beginning(each: Promotion) -> datetime:
    return each.starts_at


def _latest_first(each: Promotion) -> tuple[int, tuple[int, ...]]:
    """For `min`: of two numbers the higher one, which is of the promotion made later."""
    return (-len(each.id), tuple(-ord(letter) for letter in each.id))


def _floor(when: datetime) -> datetime:
    return when.astimezone(UTC).replace(second=0, microsecond=0)


def _ceil(when: datetime) -> datetime:
    """The next full five minutes, so that listings pushed one after the other begin together."""
    seconds = -(-int(when.timestamp()) // _STEP_S) * _STEP_S
    found = datetime.fromtimestamp(seconds, UTC)
    return found if found >= when else found + timedelta(seconds=_STEP_S)
