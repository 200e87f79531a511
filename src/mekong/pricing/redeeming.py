"""The engine of limits: who may still have an offer, decided for many checkouts at once.

A checkout takes its offers before its order is placed: each is held for a while, then used by the order or given free. All
that ask while a transaction is under way are decided together in the next one (`foundation.combiner`): counters are locked
in the order of their ids, what held too long is given free, requests are served one after the other as they came, and the
counters are written once. So limits hold exactly however many ask, a hot voucher costs one row a batch, and two engines in two
processes only wait for each other's batches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from django.db import DatabaseError, connection

from mekong.foundation.arrays import bigints, texts, uuids
from mekong.foundation.combiner import Combiner
from mekong.foundation.errors import Unavailable
from mekong.foundation.ids import new_id
from mekong.foundation.pipeline import Cursor, Pipe, close_connection, limit_batches, piped, reuse_connection
from mekong.pricing.contracts.redeeming import Refused, Take, Took

_LOCK = """
    select a.promotion_id, a.uses, a.spent_minor, p.most_uses, p.most_per_person, p.budget_minor,
           p.state = 'active' and (p.ends_at is null or p.ends_at > %s)
      from pricing_allowance a join pricing_promotion p on p.id = a.promotion_id
     where a.promotion_id = any(%s::bigint[]) order by a.promotion_id for update of a
"""
_LOCK_VOUCHERS = """
    select id, promotion_id, uses, most_uses, person, not is_blocked and (expires_at is null or expires_at > %s)
      from pricing_voucher where id = any(%s::bigint[]) order by id for update
"""
_THERE = """
    select reference, promotion_id, voucher_id, benefit_minor, state from pricing_redemption
     where reference = any(%s::text[]) and state <> 'released'
"""
_LAPSE = """
    update pricing_redemption set state = 'released'
     where promotion_id = any(%s::bigint[]) and state = 'held' and expires_at <= %s
    returning promotion_id, voucher_id, benefit_minor
"""
_HAD = """
    select r.promotion_id, r.person, count(*)
      from pricing_redemption r join unnest(%s::bigint[], %s::text[]) a(promotion_id, person)
        on r.promotion_id = a.promotion_id and r.person = a.person
     where r.state <> 'released' group by 1, 2
"""
_COUNT = """
    update pricing_allowance a set uses = a.uses + n.uses, spent_minor = a.spent_minor + n.spent
      from unnest(%s::bigint[], %s::bigint[], %s::bigint[]) n(id, uses, spent) where a.promotion_id = n.id
"""
_COUNT_VOUCHERS = """
    update pricing_voucher v set uses = v.uses + n.uses
      from unnest(%s::bigint[], %s::bigint[]) n(id, uses) where v.id = n.id
"""
_TAKE = """
    insert into pricing_redemption (id, reference, promotion_id, voucher_id, person, benefit_minor, state, "order",
                                    expires_at, created_at)
    select id, reference, promotion_id, nullif(voucher_id, 0), person, benefit, 'held', '',
           %s::timestamptz + ttl * interval '1 second', %s
      from unnest(%s::uuid[], %s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[])
           t(id, reference, promotion_id, voucher_id, person, benefit, ttl)
"""


@dataclass
class _Left:
    """What a promotion still has."""

    uses: int
    spent: int
    most_uses: int | None
    most_per_person: int | None
    budget: int | None
    is_open: bool


@dataclass
class _Code:
    promotion: int
    uses: int
    most_uses: int | None
    person: str
    is_open: bool


class _Batch:
    def __init__(self, takes: Sequence[Take]) -> None:
        self.takes = takes
        self.now = max(take.now for take in takes)
        self.rows: list[tuple[Take, int, int, int]] = []
        self.counted: Counter[int] = Counter()
        self.spent: Counter[int] = Counter()
        self.used: Counter[int] = Counter()
        self.had: Counter[tuple[int, str]] = Counter()

    def serve(self, pipe: Pipe) -> list[Took | Refused | BaseException]:
        promotions = sorted({want.promotion_id for take in self.takes for want in take.wants})
        vouchers = sorted({want.voucher_id for take in self.takes for want in take.wants if want.voucher_id})
        left, codes = self._lock(pipe, promotions, vouchers)
        there: dict[str, dict[int, tuple[int, int]]] = {}
        for reference, promotion, voucher, benefit, _ in self._there:
            there.setdefault(reference, {})[promotion] = (voucher or 0, benefit)
        answers = [self._decide(take, left, codes, there) for take in self.takes]
        self._write(pipe.cursor())
        return list(answers)

    def _lock(
        self, pipe: Pipe, promotions: Sequence[int], vouchers: Sequence[int]
    ) -> tuple[dict[int, _Left], dict[int, _Code]]:
        """Counters and codes, locked in the order of their ids; what lapsed is given free first."""
        counters = pipe.cursor()
        counters.execute(_LOCK, (self.now, bigints(promotions)))
        named = pipe.cursor()
        if vouchers:
            named.execute(_LOCK_VOUCHERS, (self.now, bigints(vouchers)))
        there, lapsed, had = pipe.cursor(), pipe.cursor(), pipe.cursor()
        lapsed.execute(_LAPSE, (bigints(promotions), self.now))
        there.execute(_THERE, (texts([take.reference for take in self.takes]),))
        persons = sorted(
            {(want.promotion_id, take.person) for take in self.takes if take.person for want in take.wants}
        )
        if persons:
            had.execute(_HAD, (bigints([each[0] for each in persons]), texts([each[1] for each in persons])))
        left = {row[0]: _Left(*row[1:]) for row in counters.fetchall()}
        codes = {row[0]: _Code(*row[1:]) for row in named.fetchall()} if vouchers else {}
        self._there = there.fetchall()
        for promotion, voucher, benefit in lapsed.fetchall():
            self._count(left, codes, promotion, voucher or 0, -1, -benefit)
        if persons:
            self.had.update({(promotion, person): count for promotion, person, count in had.fetchall()})
        return left, codes

    def _count(
        self, left: dict[int, _Left], codes: dict[int, _Code], promotion: int, voucher: int, uses: int, benefit: int
    ) -> None:
        left[promotion].uses += uses
        left[promotion].spent += benefit
        self.counted[promotion] += uses
        self.spent[promotion] += benefit
        if voucher:
            self.used[voucher] += uses
            if voucher in codes:
                codes[voucher].uses += uses

    def _decide(
        self,
        take: Take,
        left: dict[int, _Left],
        codes: dict[int, _Code],
        there: dict[str, dict[int, tuple[int, int]]],
    ) -> Took | Refused:
        """All that a checkout wants, or nothing. What it has already is not counted again."""
        mine = there.get(take.reference, {})
        fresh = [want for want in take.wants if mine.get(want.promotion_id) != (want.voucher_id, want.benefit_minor)]
        for want in fresh:
            if want.promotion_id in mine:
                return Refused(want.promotion_id, "reference")
            reason = self._lacks(take, want.promotion_id, want.voucher_id, want.benefit_minor, left, codes)
            if reason:
                return Refused(want.promotion_id, reason)
        for want in fresh:
            self._count(left, codes, want.promotion_id, want.voucher_id, 1, want.benefit_minor)
            if take.person:
                self.had[want.promotion_id, take.person] += 1
            there.setdefault(take.reference, {})[want.promotion_id] = (want.voucher_id, want.benefit_minor)
            self.rows.append((take, want.promotion_id, want.voucher_id, want.benefit_minor))
        return Took(take.reference)

    def _lacks(
        self, take: Take, promotion: int, voucher: int, benefit: int, left: dict[int, _Left], codes: dict[int, _Code]
    ) -> str:
        there = left.get(promotion)
        if there is None or not there.is_open:
            return "ended"
        if there.most_uses is not None and there.uses >= there.most_uses:
            return "uses"
        if there.budget is not None and there.spent + benefit > there.budget:
            return "budget"
        if there.most_per_person is not None and (
            not take.person or self.had[promotion, take.person] >= there.most_per_person
        ):
            return "person"
        if not voucher:
            return ""
        code = codes.get(voucher)
        is_theirs = code is not None and code.promotion == promotion and code.person in ("", take.person)
        if code is None or not is_theirs or not code.is_open:
            return "voucher"
        return "voucher" if code.most_uses is not None and code.uses >= code.most_uses else ""

    def _write(self, cursor: Cursor) -> None:
        if moved := sorted(self.counted.keys() | self.spent.keys()):
            cursor.execute(
                _COUNT,
                (
                    bigints(moved),
                    bigints([self.counted[each] for each in moved]),
                    bigints([self.spent[each] for each in moved]),
                ),
            )
        if self.used:
            used = sorted(self.used)
            cursor.execute(_COUNT_VOUCHERS, (bigints(used), bigints([self.used[each] for each in used])))
        if self.rows:
            cursor.execute(
                _TAKE,
                (
                    self.now, self.now, uuids([str(new_id()) for _ in self.rows]),
                    texts([take.reference for take, *_ in self.rows]), bigints([row[1] for row in self.rows]),
                    bigints([row[2] for row in self.rows]), texts([take.person for take, *_ in self.rows]),
                    bigints([row[3] for row in self.rows]), bigints([take.ttl_s for take, *_ in self.rows]),
                ),
            )  # fmt: skip


def serve(takes: Sequence[Take]) -> list[Took | Refused | BaseException]:
    """Decide a batch in one transaction; joins the caller's when there is one."""
    for attempt in range(3):
        reuse_connection()
        try:
            with piped() as pipe:
                return _Batch(takes).serve(pipe)
        except (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected):
            # The same checkout asked in two processes at once; at the next try it is found.
            if attempt == 2 or connection.in_atomic_block:
                raise
        except (psycopg.OperationalError, psycopg.InterfaceError, DatabaseError) as lost:
            if not connection.in_atomic_block:
                connection.close()
            raise Unavailable from lost
    raise Unavailable


class Redeemer(Combiner[Take, "Took | Refused"]):
    """One a process. `call` and `acall` answer with `Took` or `Refused`; raise Unavailable."""

    def __init__(self) -> None:
        super().__init__("redeemer", serve, max_batch=500, begin=limit_batches, finish=close_connection)


_redeemer = Redeemer()


def redeemer() -> Redeemer:
    """This process's engine of limits. Its thread starts with the first checkout."""
    return _redeemer


_USE = """
    update pricing_redemption set state = 'used', "order" = %s, expires_at = null
     where reference = %s and state = 'held'
"""
_USE_ALL = """
    update pricing_redemption r set state = 'used', "order" = u.placed, expires_at = null
      from unnest(%s::text[], %s::text[]) u(reference, placed) where r.reference = u.reference and r.state = 'held'
"""
_BACK = """
    with counters as (
        -- Before the uses themselves, as takes do: whoever locked them the other way round would wait for a take for ever.
        select promotion_id from pricing_allowance
         where promotion_id in (select promotion_id from pricing_redemption where {which} and state <> 'released')
         order by promotion_id for update
    ), mine as (
        select r.id from pricing_redemption r join counters c on c.promotion_id = r.promotion_id
         where {which} and state <> 'released' order by r.id for update of r
    ), freed as (
        update pricing_redemption r set state = 'released', expires_at = null from mine where r.id = mine.id
        returning r.promotion_id, r.voucher_id, r.benefit_minor
    ), counted as (
        update pricing_allowance a set uses = a.uses - n.uses, spent_minor = a.spent_minor - n.spent
          from (select promotion_id, count(*) uses, sum(benefit_minor) spent from freed group by 1) n
         where a.promotion_id = n.promotion_id
    ), vouchers as (
        update pricing_voucher v set uses = v.uses - n.uses
          from (select voucher_id, count(*) uses from freed where voucher_id is not null group by 1) n
         where v.id = n.voucher_id
    )
    select count(*) from freed
"""


def _run(sql: str, parameters: Iterable[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, list(parameters))
        found: int = cursor.fetchone()[0] if cursor.description else cursor.rowcount
        return found


def ask_use(cursor: Cursor, orders: Mapping[str, str]) -> None:
    """Send the word that what checkouts hold (reference to order) is their orders' now, in the transaction that places them."""
    references = sorted(orders)
    cursor.execute(_USE_ALL, (texts(references), texts([orders[each] for each in references])))


def use(reference: str, order: str) -> int:
    """What a checkout holds becomes its order's; how many. Joins the caller's transaction."""
    return _run(_USE, (order, reference))


def give_free(reference: str) -> int:
    """Give free what a checkout holds; how many. What an order used stays."""
    return _run(_BACK.format(which="reference = %s and \"order\" = ''"), (reference, reference))


def give_back(order: str) -> int:
    """Give back what an order used, when it is cancelled; how many."""
    return _run(_BACK.format(which='"order" = %s'), (order, order))


def lapse(now: datetime) -> int:
    """Housekeeping: give free what was held beyond its time; how many. Takes do so themselves for the offers they want."""
    return _run(_BACK.format(which="state = 'held' and expires_at <= %s"), (now, now))
