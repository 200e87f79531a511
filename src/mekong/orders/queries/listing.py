"""Pages of the order list. Work is bounded: no page reads the whole book, whatever it is narrowed to.

`docs/decisions/0009-order-list-at-a-million.md` says why each statement is as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from math import inf
from typing import Any, Literal
from uuid import UUID

import msgspec
from django.db import connection

from mekong.foundation.actor import Actor
from mekong.foundation.paging import decode_cursor, encode_cursor
from mekong.orders.contracts import OrderFilter, OrderPage, OrderSummary
from mekong.orders.queries.narrowing import (
    SEVERAL,
    Narrowed,
    Sought,
    Where,
    narrowed,
    narrowed_but_for_tag,
)

LOOKED_AT = 10_000
"""Orders that are looked at, newest first, for conditions that no index answers."""

SAMPLED = 500
"""Orders that are read first for a text, in the list's order: so many hits as are among them tell how far one has to read
for a page. What is common is found at once, and what is rare is asked of the index of words."""

READ_AT_PLACES = 3_000
"""As many are read through before the index is asked where few places are walked: such orders lie far apart, and the
index names those of the places alone."""

READ_THROUGH = 5_000
"""Orders read through for a text of which the index of words names too many, and the sample held few."""

NAMED = 3_000
"""Orders that the index of words may name. A text that names more, and of which still no page was found, is common
and narrowed down by something else: then the list goes on from where it was read to."""

_COLUMNS = "o.id, o.placed_at, o.ship_by, o.total_minor, o.is_cod"
KEYS = {"newest": "o.placed_at desc, o.id desc", "deadline": "o.ship_by, o.id"}
_FROM_BEHIND = {"newest": "o.placed_at, o.id", "deadline": "o.ship_by desc, o.id desc"}
_Key = tuple[datetime | None, UUID]
"""Where a row stands in the list: the time it is ordered by, and its id."""


class _Walk:
    """A list's orders from a place on, in its order."""

    def __init__(self, narrow: Narrowed, order: Literal["newest", "deadline"], after: _Key | None) -> None:
        self.narrow = narrow
        self.by, self.from_behind = KEYS[order], _FROM_BEHIND[order]
        self.at = "placed_at" if order == "newest" else "ship_by"
        self.after = _after(order, after)
        self.where = narrow.walked.and_(self.after)

    def page(self, count: int) -> tuple[list[_Key], _Key | None]:
        """Up to so many rows, and where those end that were looked at when there may be more behind them."""
        sought = self.narrow.sought
        if sought is None:
            return self._told_apart(count)
        found, end = self._read_through(sought, count, SAMPLED)
        if end is None:
            return found, None
        for_a_page = count * SAMPLED / len(found) if found else inf
        is_read_first = for_a_page <= (LOOKED_AT if self.narrow.places is None else READ_AT_PLACES)
        if is_read_first:
            found, end = self._read_through(sought, count, LOOKED_AT)
            if end is None:
                return found, None
        named = self._named(sought, count)
        if named is not None:
            return named, None
        if is_read_first:
            return found, end
        return self._read_through(sought, count, LOOKED_AT if for_a_page <= LOOKED_AT else READ_THROUGH)

    def _told_apart(self, count: int) -> tuple[list[_Key], _Key | None]:
        apart = self.narrow.told_apart
        if apart:
            return self.looked_through(LOOKED_AT, "", apart, count)
        inner, params = walk(self.narrow, self.by, count, self.after)
        with connection.cursor() as cursor:
            cursor.execute(f"select o.{self.at}, o.id from ({inner}) o order by {self.by}", params)  # noqa: S608 - put together from constants
            return [(row[0], row[1]) for row in cursor.fetchall()], None

    def _read_through(self, sought: Sought, count: int, most: int) -> tuple[list[_Key], _Key | None]:
        lines = _lines_of(sought)
        has_line = f"exists (select 1 from orders_orderline l where l.order_id = o.id and {lines})"  # noqa: S608 - as above
        params = [sought.words, *lines.params]
        if not sought.variant_ids:
            # Hardly any text is what a channel calls a line that is not matched: that is asked once, not of each order.
            has_line = f"((select exists (select 1 from orders_orderline l where {lines})) and {has_line})"  # noqa: S608 - as above
            params += lines.params
        fits = Where([f"(s.words @@ %s::tsquery or {has_line})"], params).and_(self.narrow.told_apart)
        return self.looked_through(most, "join orders_ordersearch s on s.order_id = o.id", fits, count)

    def looked_through(self, most: int, join: str, fits: Where, count: int) -> tuple[list[_Key], _Key | None]:
        """Those that fit of so many orders, and where these end if that is no page yet and there may be more behind them."""
        inner, params = walk(self.narrow, self.by, most, self.after)
        # A page that is full stops the walk: `last` is asked of none but the others.
        sql = f"""
            with walked as materialized ({inner}),
            found as (select o.{self.at}, o.id from walked o {join} where {fits} order by {self.by} limit {count}),
            last as (select o.{self.at}, o.id from walked o order by {self.from_behind} limit 1)
            select o.* from (
                select true as is_found, f.* from found f
                union all select false, l.* from last l
                 where (select count(*) from found) < {count} and (select count(*) from walked) = {most}) o
             order by o.is_found desc, {self.by}"""  # noqa: S608 - as above
        with connection.cursor() as cursor:
            cursor.execute(sql, [*params, *fits.params])
            rows = cursor.fetchall()
        found = [(at, order) for is_found, at, order in rows if is_found]
        ends = [(at, order) for is_found, at, order in rows if not is_found]
        return found, ends[0] if ends else None

    def _named(self, sought: Sought, count: int) -> list[_Key] | None:
        """Of the orders that the index names; None when those are too many."""
        hits, hit_params = hits_of(sought, NAMED + 1)
        where = self.where.and_(self.narrow.told_apart)
        sql = f"""with hit as materialized ({hits}), named as (select count(*) n from hit)
            select named.n, o.{self.at}, o.id from named left join lateral (
                select {_COLUMNS} from hit join orders_salesorder o on o.id = hit.order_id
                 where named.n <= {NAMED} and {where} order by {self.by} limit {count}) o on true
             order by {self.by}"""  # noqa: S608 - as above
        with connection.cursor() as cursor:
            cursor.execute(sql, [*hit_params, *where.params])
            rows = cursor.fetchall()
        return None if rows[0][0] > NAMED else [(at, last) for _, at, last in rows if last is not None]


def walk(narrow: Narrowed, by: str, count: int, after: Where) -> tuple[str, list[Any]]:
    """So many orders in the list's order, by the index that goes that way: a statement and its parameters."""
    ordered, columns = f"order by {by} limit {count}", _COLUMNS + narrow.also
    if narrow.places is None or narrow.is_open:
        where = narrow.walked.and_(after)
        return f"select {columns} from orders_salesorder o where {where} {ordered}", where.params  # noqa: S608 - put together from constants
    # An order of one of few places is rare among all, so each place is walked for itself.
    ways, params = [], []
    for place in narrow.places:
        where = Where(["o.place = %s"], [place]).and_(narrow.but_places, after)
        if place == SEVERAL:
            where = where.and_(narrow.of_places)
        ways.append(f"(select {columns} from orders_salesorder o where {where} {ordered})")  # noqa: S608 - as above
        params += where.params
    return f"select o.* from ({' union all '.join(ways)}) o {ordered}", params  # noqa: S608 - as above


def _after(order: Literal["newest", "deadline"], key: _Key | None) -> Where:
    if key is None:
        return Where()
    at, last = key
    if order == "newest":
        return Where(["(o.placed_at, o.id) < (%s, %s)"], [at, last])
    if at is None:
        return Where(["o.ship_by is null and o.id > %s"], [last])
    return Where(["(o.ship_by > %s or (o.ship_by = %s and o.id > %s) or o.ship_by is null)"], [at, at, last])


def _lines_of(sought: Sought) -> Where:
    """Lines of one of the SKUs meant: of ours, or as a channel calls one that is not matched yet."""
    if sought.variant_ids:
        return Where(["l.variant_id = any(%s::bigint[])"], [list(sought.variant_ids)])
    return Where(["(l.variant_id is null and l.sku = %s)"], [sought.sku])


def hits_of(sought: Sought, most: int) -> tuple[str, list[Any]]:
    """Orders that a text names, by the indexes of words and of lines."""
    lines = _lines_of(sought)
    sql = f"""(select order_id from mekong_orders_named(%s::tsquery, {most}) named(order_id))
              union (select l.order_id from orders_orderline l where {lines} limit {most})"""  # noqa: S608 - as above
    return sql, [sought.words, *lines.params]


def list_orders(*, actor: Actor, wanted: OrderFilter, cursor: str = "", limit: int = 50) -> OrderPage:
    """A page of orders, newest first or in order of their deadlines. Two to six statements of bounded work.

    Where an amount, a deadline or cash on delivery is asked for among orders that have left, a page looks at 10,000
    orders, and where a common text is narrowed down by something rare, at 5,000; it may then hold fewer than `limit`, or
    none; `is_partial` says so, and its cursor goes on behind them.
    Raises: MayNot, LocationNotFound, Invalid (a cursor not of this list).
    """
    narrow = narrowed(actor, wanted)
    order: Literal["newest", "deadline"] = "deadline" if wanted.order == "deadline" and narrow.is_open else "newest"
    after = _decoded(order, cursor)
    found = _tagged_of_late(actor, wanted, narrow, after, limit + 1) if wanted.tag else None
    keys, looked_at = found or _Walk(narrow, order, after).page(limit + 1)
    more = len(keys) > limit
    keys = keys[:limit]
    go_on = keys[-1] if more else looked_at
    return OrderPage(_summaries([key[1] for key in keys]), _encoded(order, go_on), is_partial=not more and bool(go_on))


def _tagged_of_late(
    actor: Actor, wanted: OrderFilter, narrow: Narrowed, after: _Key | None, count: int
) -> tuple[list[_Key], None] | None:
    """A page of a tag that many orders bear, found among the newest: its index would name every one of them.

    None: it is rare, or the list is no walk through all.
    """
    if narrow.is_open or narrow.sought:
        return None
    apart = narrowed_but_for_tag(actor, wanted)
    found, end = _Walk(apart, "newest", after).looked_through(LOOKED_AT, "", apart.told_apart, count)
    return (found, None) if end is None else None


def _decoded(order: str, cursor: str) -> _Key | None:
    if not cursor:
        return None
    if order == "newest":
        return decode_cursor(cursor, tuple[datetime, UUID])
    _, at, last = decode_cursor(cursor, tuple[Literal["due"], datetime | None, UUID])
    return at, last


def _encoded(order: str, key: _Key | None) -> str | None:
    if key is None:
        return None
    return encode_cursor(*key) if order == "newest" else encode_cursor("due", *key)


def orders_on_screen(*, actor: Actor, codes: Collection[str]) -> list[OrderSummary]:
    """Those of these orders that the actor sees, as rows, in no order. Two statements. Raises: MayNot."""
    where = narrowed(actor, OrderFilter()).walked
    where.add("o.code = any(%s)", list(codes))
    with connection.cursor() as cursor:
        cursor.execute(f"select o.id from orders_salesorder o where {where}", where.params)  # noqa: S608 - as above
        return _summaries([row[0] for row in cursor.fetchall()])


def codes_that_fit(*, actor: Actor, wanted: OrderFilter, codes: Collection[str]) -> set[str]:
    """Those of these orders that a list has, whatever its text. One statement. Raises: MayNot, LocationNotFound."""
    narrow = narrowed(actor, wanted)
    where = narrow.walked.and_(narrow.told_apart)
    where.add("o.code = any(%s)", list(codes))
    with connection.cursor() as cursor:
        cursor.execute(f"select o.code from orders_salesorder o where {where}", where.params)  # noqa: S608 - as above
        return {row[0] for row in cursor.fetchall()}


_SUMMARIES = """
    select o.id, o.code, o.channel, o.external_id, o.state, o.payment_state, o.currency, o.total_minor, o.customer_name,
           o.customer_phone, coalesce(l.units, 0)::bigint, l.lines, coalesce(l.name, ''), o.issues, o.tags, o.duplicate_of,
           o.ship_by, o.placed_at, o.tracking_no, o.is_cod, o.place, o.places
      from orders_salesorder o
      cross join lateral (select sum(quantity) units, count(*) lines, (array_agg(name order by line))[1] as name
                            from orders_orderline where order_id = o.id) l
     where o.id = any(%s)
"""


def _summaries(ids: Sequence[UUID]) -> list[OrderSummary]:
    """One statement."""
    if not ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_SUMMARIES, [list(ids)])
        rows = {row[0]: _summary(row) for row in cursor.fetchall()}
    return [rows[each] for each in ids if each in rows]


def _summary(row: Sequence[Any]) -> OrderSummary:
    place, places = row[20], row[21]
    return OrderSummary(
        row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], row[10], row[11], row[12],
        _loaded(row[13]), _loaded(row[14]), row[15], row[16], row[17], row[18], row[19],
        _loaded(places) if places is not None else [place] if place else [],
    )  # fmt: skip


def _loaded(said: Any) -> Any:
    """JSON as Django's cursors give it: its text."""
    return msgspec.json.decode(said) if isinstance(said, str) else said
