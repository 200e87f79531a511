"""The stock engine: takes holds in batches, one transaction a batch, so that a hot SKU is no slower than a cold one.

How a batch is served: lock the stock levels it asks for in (variant, location) order, decide in memory, write what was
taken with one statement, tell the channels which variants moved, commit, answer. Levels are always locked before holds
and holds are skipped when somebody else has them, so no two batches can wait for each other.

Expired holds never block a sale: before a request is refused, expired holds of its variants are released in the same
transaction.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

import psycopg
from django.db import DatabaseError, IntegrityError, connection

from mekong.foundation.combiner import Combiner, Serving, finished
from mekong.foundation.errors import IdempotencyMismatch, Unavailable
from mekong.foundation.pipeline import close_connection, limit_batches, piped, reuse_connection
from mekong.inventory.contracts import Held, ReserveRequest, Short
from mekong.inventory.engine.batch import Answer, Batch, variants_of
from mekong.inventory.policy import KEPT_S, Policy

_RESCAN_FACTOR = 10
_RESCAN_MOST_S = 1.0
"""A search for expired holds of a sold-out variant that found none is not made again for ten times as long as it took
(about three milliseconds), and at most a second: a pile of holds nobody has swept cannot slow all selling down."""
_ROUNDS = 100
"""Searches a batch makes before it refuses; each gives back up to two hundred holds."""

_policy: Policy | None = None
_policy_until = 0.0
_scanned: dict[int, tuple[float, datetime]] = {}
"""Variants whose expired holds were looked for in vain: not again before this clock, or a second of the requests' time."""


def _current_policy(now: datetime) -> Policy:
    global _policy, _policy_until
    clock = time.monotonic()
    if (
        _policy is None
        or (_policy.stale_at is not None and _policy.stale_at <= now)
        or (_policy.has_controls and _policy_until <= clock)
    ):
        _policy, _policy_until = Policy(), clock + KEPT_S
    return _policy


def forget_policy() -> None:
    """Read supply and controls again at the next batch. Only needed where the version was not moved (tests, restore)."""
    global _policy
    _policy = None
    _scanned.clear()


def serve(requests: Sequence[ReserveRequest]) -> list[Answer | BaseException]:
    """Serve one batch in one transaction; joins the caller's when there is one."""
    return finished(serving(requests))


def serving(requests: Sequence[ReserveRequest]) -> Serving[Answer]:
    """As `serve`, in two steps: it pauses when all that is left is for the database to write."""
    for attempt in range(_ATTEMPTS):
        reuse_connection()
        try:
            return (yield from _serve(requests))
        except (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected, IntegrityError) as beaten:
            # Another process served the same idempotency key meanwhile; its hold is visible now.
            if connection.in_atomic_block or attempt == _ATTEMPTS - 1:
                raise Unavailable from beaten
        except (psycopg.OperationalError, psycopg.InterfaceError, DatabaseError) as lost:
            if not connection.in_atomic_block:
                connection.close()
            raise Unavailable from lost
    raise Unavailable


_ATTEMPTS = 3


def _serve(requests: Sequence[ReserveRequest]) -> Serving[Answer]:
    for _ in range(5):
        policy = _current_policy(requests[0].now)
        if policy.has_controls:
            policy.know(variants_of(requests))
        with piped() as pipe:
            batch = Batch(pipe.cursor(), policy, requests)
            if batch.lock():
                answers = _decide_all(batch)
                if answers is not None:
                    batch.write()
                    pipe.commit()
                    yield
                    return answers
        forget_policy()
    raise Unavailable


def _decide_all(batch: Batch) -> list[Answer | BaseException] | None:
    """None where a request fell short by a policy that has moved since, and is to be decided by the one of now."""
    earlier = batch.repeats()
    answers: list[Answer | BaseException] = []
    short: list[int] = []
    for position, request in enumerate(batch.requests):
        answer = _decide(batch, request, earlier)
        if isinstance(answer, Short):
            short.append(position)
        answers.append(answer)
    if short and batch.is_overtaken():
        return None
    if short:
        _try_again(batch, answers, short, earlier)
    return answers


def _decide(
    batch: Batch, request: ReserveRequest, earlier: dict[str, tuple[Held, bool]]
) -> Answer | IdempotencyMismatch:
    if request.key is None:
        return batch.decide(request)
    if request.key in earlier:
        return _again(request, *earlier[request.key])
    answer = batch.decide(request)
    if isinstance(answer, Held):
        earlier[request.key] = answer, True
    return answer


def _again(request: ReserveRequest, held: Held, waits: bool) -> Held | IdempotencyMismatch:
    """The hold that this key took before, with what is missing of it; a key of other goods is refused.

    A hold that an order has claimed is given as it is: the order book knows that order.
    """
    asked = dict(request.lines)
    got: dict[int, int] = {}
    for variant, _, units in held.lines:
        got[variant] = got.get(variant, 0) + units
    missing = {
        variant: units - got.get(variant, 0)
        for variant, units in asked.items()
        if variant in request.backorder and units > got.get(variant, 0)
    }
    if waits and {variant: got.get(variant, 0) + missing.get(variant, 0) for variant in {*got, *missing}} != asked:
        return IdempotencyMismatch()
    return Held(held.hold_id, held.lines, missing, True)


def _try_again(
    batch: Batch,
    answers: list[Answer | BaseException],
    short: list[int],
    earlier: dict[str, tuple[Held, bool]],
) -> None:
    """Release expired holds of what fell short, and decide again, as long as that gives anything back."""
    now = max(request.now for request in batch.requests)
    for _ in range(_ROUNDS):
        began = time.monotonic()
        wanted = {line[0] for position in short for line in _short(answers[position]).lines}
        wanted |= _parts_of(wanted, [batch.requests[position] for position in short])
        due = {variant for variant in wanted if _is_due(variant, began, now)}
        if not due:
            return
        if not batch.release_expired(due, now):
            ended = time.monotonic()
            rest = ended + min(_RESCAN_MOST_S, (ended - began) * _RESCAN_FACTOR)
            if len(_scanned) > 100_000:
                _scanned.clear()
            _scanned.update(dict.fromkeys(due, (rest, now)))
            return
        for position in short:
            answers[position] = _decide(batch, batch.requests[position], earlier)
        short = [position for position in short if isinstance(answers[position], Short)]


def _parts_of(bundles: set[int], requests: Sequence[ReserveRequest]) -> set[int]:
    """What bundles that fell short are made of: expired holds are found by the parts they keep."""
    return {
        part for request in requests for bundle, _, parts in request.bundles if bundle in bundles for part, _ in parts
    }


def _is_due(variant: int, clock: float, now: datetime) -> bool:
    until, moment = _scanned.get(variant, (0.0, now))
    return until <= clock or not timedelta() <= now - moment < _RESCAN_MOST


_RESCAN_MOST = timedelta(seconds=_RESCAN_MOST_S)


def _short(answer: Answer | BaseException) -> Short:
    assert isinstance(answer, Short)  # noqa: S101 - the caller kept the positions of these
    return answer


class StockEngine(Combiner[ReserveRequest, Answer]):
    """One engine a process. `call` and `acall` answer with `Held` or `Short`; raise Unavailable when the database is away."""

    def __init__(self) -> None:
        super().__init__("stock-engine", serving, begin=limit_batches, finish=close_connection)


_engine = StockEngine()


def engine() -> StockEngine:
    """This process's engine. Its thread starts with the first request."""
    return _engine
