"""The order book's writer: places orders in batches, one transaction a batch, each order exactly once.

Placing claims the hold that was taken for the order (its own row, never a stock level), gives the order its number,
writes lines, timeline and event, and answers. A draft that is in the book already (same channel and external id, or
same idempotency key) is answered with the order that is there.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg
from django.db import DatabaseError, IntegrityError, connection

from mekong.foundation import events
from mekong.foundation.actor import Actor
from mekong.foundation.arrays import texts
from mekong.foundation.combiner import Combiner
from mekong.foundation.errors import Unavailable
from mekong.foundation.ids import new_id
from mekong.foundation.numbering import ask_numbers, read_numbers
from mekong.foundation.pipeline import Cursor, Pipe, close_connection, limit_batches, piped, reuse_connection
from mekong.inventory import commands as inventory
from mekong.inventory.errors import HoldExpired
from mekong.inventory.ledger import held_units
from mekong.orders import rules
from mekong.orders.contracts import OrderDraft, Placed
from mekong.orders.errors import ReservationDiffers
from mekong.orders.events import OrderPlaced
from mekong.pricing.redeeming import ask_use

DUPLICATE_WINDOW = timedelta(hours=24)
"""Two orders of one phone with the same basket within this time are pointed out as possible duplicates."""

LIVE_CHANNEL = "mekong_orders"
"""PostgreSQL NOTIFY channel: a hint that orders were placed or moved on, for live pages."""

_THERE = """
    with found as (
        select o.* from unnest(%s::text[], %s::text[]) n(channel, external_id)
          join orders_salesorder o on o.channel = n.channel and o.external_id = n.external_id and o.external_id <> ''
        union all select o.* from orders_salesorder o where o.idempotency_key = any(%s::text[])
    )
    select id::text, code, state, total_minor, currency, tax_minor, channel, external_id, idempotency_key, duplicate_of
      from found
"""
_ALIKE = """
    select customer_phone, basket, min(code) from orders_salesorder
     where customer_phone = any(%s::text[]) and customer_phone <> '' and placed_at > %s and state <> 'cancelled'
     group by 1, 2
"""
_ORDERS = """
    insert into orders_salesorder (id, code, channel, external_id, idempotency_key, state, remote_state,
        remote_updated_at, payment_state, is_cod, currency, subtotal_minor, discount_minor, shipping_fee_minor,
        tax_minor, total_minor, priced, member, tenders, customer_name, customer_phone, customer_ref, shipping_address,
        note, tags, issues,
        duplicate_of, basket, hold_id, allocation, tracking_no, cancel_reason, ship_by, placed_at, created_at,
        confirmed_at, actor)
    select id, code, channel, external_id, idempotency_key, state, remote_state, remote_updated_at, payment_state,
        is_cod, currency, subtotal_minor, discount_minor, shipping_fee_minor, tax_minor, total_minor, priced, member,
        tenders, customer_name,
        customer_phone, customer_ref, shipping_address, note, tags, issues, duplicate_of, basket, hold_id, allocation,
        tracking_no, '', ship_by, placed_at, created_at, confirmed_at, actor
      from json_to_recordset(%s::json) o(id uuid, code text, channel text, external_id text, idempotency_key text,
        state text, remote_state text, remote_updated_at timestamptz, payment_state text, is_cod bool, currency text,
        subtotal_minor bigint, discount_minor bigint, shipping_fee_minor bigint, tax_minor bigint, total_minor bigint,
        priced jsonb, member text, tenders jsonb, customer_name text, customer_phone text, customer_ref text,
        shipping_address jsonb, note text, tags jsonb,
        issues jsonb, duplicate_of text, basket text, hold_id uuid, allocation jsonb, tracking_no text,
        ship_by timestamptz, placed_at timestamptz, created_at timestamptz, confirmed_at timestamptz, actor text)
"""
_LINES = """
    insert into orders_orderline (order_id, line, variant_id, sku, name, quantity, unit_price_minor, total_minor,
        tax_rate_bp, tax_minor, discount_minor, external_ids, listing, returned)
    select order_id, line, variant_id, sku, name, quantity, unit_price_minor, total_minor, tax_rate_bp, tax_minor,
        discount_minor, external_ids, listing, 0
      from json_to_recordset(%s::json) l(order_id uuid, line int, variant_id bigint, sku text, name text,
        quantity bigint, unit_price_minor bigint, total_minor bigint, tax_rate_bp int, tax_minor bigint,
        discount_minor bigint, external_ids jsonb, listing text)
"""
_TIMELINE = """
    insert into orders_timelineentry (order_id, kind, data, actor, at)
    select order_id, kind, data, actor, at
      from json_to_recordset(%s::json) t(order_id uuid, kind text, data jsonb, actor text, at timestamptz)
"""

Draft = tuple[Actor, OrderDraft, datetime]
"""Who places what, and when."""


class _Batch:
    def __init__(self, drafts: Sequence[Draft]) -> None:
        self.drafts = drafts
        self.orders: list[dict[str, Any]] = []
        self.lines: list[dict[str, Any]] = []
        self.timeline: list[dict[str, Any]] = []
        self.events: list[tuple[Actor, OrderPlaced]] = []
        self.redeemed: dict[str, str] = {}

    def place(self, pipe: Pipe) -> list[Placed | BaseException]:
        drafts = [draft for _, draft, _ in self.drafts]
        found = _there(pipe.cursor(), drafts)
        answers: list[Placed | BaseException | None] = [_repeat(draft, found) for draft in drafts]
        fresh = self._fresh(answers)
        self._read_reservations(pipe.cursor(), fresh, answers)
        ready = [position for position in fresh if answers[position] is None]
        if ready:
            ids = {position: str(new_id()) for position in ready}
            claimed, codes, alike = self._ask(pipe, ready, ids)
            lost = []
            for position, code in zip(ready, codes, strict=True):
                if self.drafts[position][1].hold_id is None or position in claimed:
                    answers[position] = self._add(position, ids[position], code, alike)
                else:
                    lost.append(position)
            self._write(pipe.cursor())
            if lost:
                # Another process may have placed the same order since we looked: then its hold is that order's.
                found = _there(pipe.cursor(), [drafts[position] for position in lost])
                for position in lost:
                    answers[position] = _repeat(drafts[position], found) or HoldExpired()
        by_key = {_keys(drafts[position]): answers[position] for position in fresh}
        return [
            answer if answer is not None else _again(by_key[_keys(drafts[position])])
            for position, answer in enumerate(answers)
        ]

    def _ask(
        self, pipe: Pipe, fresh: Sequence[int], ids: Mapping[int, str]
    ) -> tuple[set[int], list[str], dict[tuple[str, str], str]]:
        """Claim the holds, take numbers and look for duplicates: three statements, one round trip.

        Answers with the positions whose hold is theirs; two orders of one batch that name one hold do not share it.
        """
        now = self.drafts[fresh[0]][2]
        by_hold: dict[str, int] = {}
        for position in fresh:
            hold = self.drafts[position][1].hold_id
            if hold is not None:
                by_hold.setdefault(hold, position)
        holds = {hold: ids[position] for hold, position in by_hold.items()}
        phones = sorted({phone for position in fresh if (phone := self.drafts[position][1].customer_phone)})
        claims, numbers, likes = pipe.cursor(), pipe.cursor(), pipe.cursor()
        if holds:
            inventory.ask_claim(claims, holds)
        if phones:
            likes.execute(_ALIKE, (texts(phones), now - DUPLICATE_WINDOW))
        ask_numbers(numbers, "DH", len(fresh), now=now)
        claimed = {by_hold[row[0]] for row in claims.fetchall()} if holds else set()
        alike = {(phone, basket): code for phone, basket, code in likes.fetchall()} if phones else {}
        return claimed, read_numbers(numbers, "DH", len(fresh), now=now), alike

    def _read_reservations(
        self, cursor: Cursor, fresh: Sequence[int], answers: list[Placed | BaseException | None]
    ) -> None:
        """A hold that was made before its order must hold exactly what the order lists; its places are read from it.

        What a hold keeps does not change while it waits: when it ends meanwhile, it can no longer be claimed.
        """
        holds = {p: hold for p in fresh if self.drafts[p][1].wanted and (hold := self.drafts[p][1].hold_id)}
        if not holds:
            return
        held = held_units(list(holds.values()), cursor)
        self.drafts = list(self.drafts)
        for position, hold in holds.items():
            actor, draft, now = self.drafts[position]
            lines = held.get(hold)
            if lines is None:
                continue
            units: Counter[int] = Counter()
            for variant, _, count in lines:
                units[variant] += count
            if units == Counter(dict(draft.wanted)):
                self.drafts[position] = (actor, dataclasses.replace(draft, allocation=tuple(lines)), now)
            else:
                answers[position] = ReservationDiffers(field="reservation_id")

    def _fresh(self, answers: Sequence[object]) -> list[int]:
        """Positions to place: not in the book, and the first of those alike within the batch."""
        first: dict[tuple[str, str, str], int] = {}
        for position, (_, draft, _) in enumerate(self.drafts):
            if answers[position] is None:
                keys = _keys(draft)
                first.setdefault(keys if any(keys) else ("", "", str(position)), position)
        return list(first.values())

    def _add(self, position: int, order_id: str, code: str, alike: dict[tuple[str, str], str]) -> Placed:
        actor, draft, now = self.drafts[position]
        subtotal = tax = 0
        amounts = rules.lines_money(
            [(line.quantity, line.unit_price_minor, line.tax_rate_bp) for line in draft.lines],
            draft.discount_minor,
            [line.discount_minor for line in draft.lines],
        )
        for number, (line, money) in enumerate(zip(draft.lines, amounts, strict=True)):
            subtotal += money.total_minor
            tax += money.tax_minor
            self.lines.append(
                {
                    "order_id": order_id, "line": number, "variant_id": line.variant_id, "sku": line.sku,
                    "name": line.name, "quantity": line.quantity, "unit_price_minor": line.unit_price_minor,
                    "total_minor": money.total_minor, "tax_rate_bp": line.tax_rate_bp, "tax_minor": money.tax_minor,
                    "discount_minor": money.discount_minor, "external_ids": line.external_ids, "listing": line.listing,
                }
            )  # fmt: skip
        basket = _basket(draft)
        discount = min(draft.discount_minor, subtotal)
        total = subtotal - discount + draft.shipping_fee_minor
        duplicate_of = alike.setdefault((draft.customer_phone, basket), code) if draft.customer_phone else ""
        duplicate_of = "" if duplicate_of == code else duplicate_of
        is_confirmed = draft.state != rules.OrderState.PENDING_CONFIRMATION
        self.orders.append(
            {
                "id": order_id, "code": code, "channel": draft.channel, "external_id": draft.external_id,
                "idempotency_key": draft.idempotency_key, "state": draft.state, "remote_state": draft.remote_state,
                "remote_updated_at": draft.remote_updated_at, "payment_state": draft.payment_state,
                "is_cod": draft.is_cod, "currency": draft.currency, "subtotal_minor": subtotal,
                "discount_minor": discount, "shipping_fee_minor": draft.shipping_fee_minor, "tax_minor": tax,
                "total_minor": total, "priced": draft.priced, "member": draft.member, "tenders": draft.tenders,
                "customer_name": draft.customer_name,
                "customer_phone": draft.customer_phone,
                "customer_ref": draft.customer_ref, "shipping_address": draft.shipping_address, "note": draft.note,
                "tags": draft.tags, "issues": draft.issues, "duplicate_of": duplicate_of, "basket": basket,
                "hold_id": draft.hold_id, "allocation": draft.allocation, "tracking_no": draft.tracking_no,
                "ship_by": draft.ship_by, "placed_at": draft.placed_at, "created_at": now,
                "confirmed_at": now if is_confirmed else None, "actor": actor.ref,
            }
        )  # fmt: skip
        self.timeline.append(
            {
                "order_id": order_id, "kind": "placed", "actor": actor.ref, "at": now,
                "data": {"channel": draft.channel, "state": draft.state, "issues": draft.issues},
            }
        )  # fmt: skip
        placed = OrderPlaced(order_id, code, draft.channel, draft.external_id, draft.currency, total)
        self.events.append((actor, placed))
        if draft.redeems:
            self.redeemed[draft.redeems] = code
        return Placed(order_id, code, draft.state, total, draft.currency, True, tax, duplicate_of)

    def _write(self, cursor: Cursor) -> None:
        if not self.orders:
            return
        # In one order in all processes: two batches with the same two keys would wait for each other.
        self.orders.sort(key=lambda row: (row["channel"], row["external_id"], row["idempotency_key"] or ""))
        for sql, rows in ((_ORDERS, self.orders), (_LINES, self.lines), (_TIMELINE, self.timeline)):
            cursor.execute(sql, (msgspec.json.encode(rows).decode(),))
        if self.redeemed:
            ask_use(cursor, self.redeemed)
        by_actor: dict[str, tuple[Actor, list[tuple[events.Event, object]]]] = {}
        for actor, event in self.events:
            by_actor.setdefault(actor.ref, (actor, []))[1].append((event, event.order_id))
        for actor, published in by_actor.values():
            events.emit_many(actor, published, now=self.drafts[0][2], cursor=cursor)
        cursor.execute(_TELL, (LIVE_CHANNEL,))


_TELL = "select pg_notify(%s, '')"


def tell_live() -> None:
    """Hint to live pages, with the transaction, that orders moved."""
    with connection.cursor() as cursor:
        cursor.execute(_TELL, [LIVE_CHANNEL])


def _there(cursor: Cursor, drafts: Sequence[OrderDraft]) -> dict[tuple[str, str, str], Placed]:
    named = [(draft.channel, draft.external_id) for draft in drafts if draft.external_id]
    keys = [draft.idempotency_key for draft in drafts if draft.idempotency_key]
    if not named and not keys:
        return {}
    found: dict[tuple[str, str, str], Placed] = {}
    cursor.execute(
        _THERE,
        (texts([each[0] for each in named]), texts([each[1] for each in named]), texts(keys)),
    )
    for row in cursor.fetchall():
        placed = Placed(row[0], row[1], row[2], row[3], row[4], False, row[5], row[9])
        if row[7]:
            found[row[6], row[7], ""] = placed
        if row[8]:
            found["", "", row[8]] = placed
    return found


def _keys(draft: OrderDraft) -> tuple[str, str, str]:
    if draft.external_id:
        return (draft.channel, draft.external_id, "")
    return ("", "", draft.idempotency_key or "")


def _repeat(draft: OrderDraft, found: Mapping[tuple[str, str, str], Placed]) -> Placed | None:
    if draft.external_id and (draft.channel, draft.external_id, "") in found:
        return found[draft.channel, draft.external_id, ""]
    return found.get(("", "", draft.idempotency_key)) if draft.idempotency_key else None


def _again(answer: Placed | BaseException | None) -> Placed | BaseException:
    """What a draft is told whose like was placed in the same batch."""
    if isinstance(answer, Placed):
        return dataclasses.replace(answer, is_new=False)
    return answer if answer is not None else Unavailable()


def _basket(draft: OrderDraft) -> str:
    return rules.basket_digest((line.sku, line.quantity) for line in draft.lines)


def serve(drafts: Sequence[Draft]) -> list[Placed | BaseException]:
    """Place a batch of orders in one transaction; joins the caller's when there is one."""
    for attempt in range(3):
        reuse_connection()
        try:
            with piped() as pipe:
                return _Batch(drafts).place(pipe)
        except (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected, IntegrityError):
            # Another process placed one of these meanwhile; at the next try it is found.
            if attempt == 2 or connection.in_atomic_block:
                raise
        except (psycopg.OperationalError, psycopg.InterfaceError, DatabaseError) as lost:
            if not connection.in_atomic_block:
                connection.close()
            raise Unavailable from lost
        except psycopg.Error as refused:
            raise DatabaseError(str(refused)) from refused
    raise Unavailable


class OrderBook(Combiner[Draft, Placed]):
    """One writer a process. `call` and `acall` answer with `Placed`; raise HoldExpired, or Unavailable.

    `placed`: orders that were new, since the process began.
    """

    def __init__(self) -> None:
        self.placed = 0
        super().__init__("order-book", self._write, max_batch=300, begin=limit_batches, finish=close_connection)

    def _write(self, drafts: Sequence[Draft]) -> Sequence[Placed | BaseException]:
        answers = serve(drafts)
        self.placed += sum(isinstance(answer, Placed) and answer.is_new for answer in answers)
        return answers


_book = OrderBook()


def book() -> OrderBook:
    """This process's writer. Its thread starts with the first order."""
    return _book
