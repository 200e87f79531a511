"""From what a buyer asks for to an order in the book: check, price, hold, then place.

The two steps that touch the database are batched (`inventory.engine`, `orders.book`), so many buyers cost little more
than one. A crash between them leaves a hold that expires.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from django.db import close_old_connections

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import VariantView
from mekong.foundation import phones
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.foundation.errors import IdempotencyMismatch, Unavailable
from mekong.foundation.ids import new_id
from mekong.inventory import commands as inventory
from mekong.inventory import ledger
from mekong.inventory.contracts import Held, ReserveRequest, Short
from mekong.inventory.engine import engine
from mekong.inventory.errors import HoldNotFound
from mekong.orders import rules
from mekong.orders.book import Draft, book, serve
from mekong.orders.checkout import MAX_TOTAL, Asked, AskedLine, Bill, make_bill, prices_at_hand
from mekong.orders.contracts import DraftLine, OrderDraft, OrderView, Placed
from mekong.orders.errors import BadLine, BadPhone, EmptyOrder, PriceMoved
from mekong.orders.queries import order_of_key
from mekong.orders.tenders import Tender, claim_tenders, hold_tenders, release_tenders
from mekong.pricing.contracts.quote import Quote
from mekong.pricing.contracts.redeeming import Refused, Take, Took
from mekong.pricing.errors import OfferGone
from mekong.pricing.redeeming import give_free, redeemer
from mekong.pricing.shelf import Prices

__all__ = [
    "Asked",
    "AskedLine",
    "accept_channel_orders",
    "aplace_order",
    "checked_phone",
    "known",
    "place_order",
    "prepare",
    "short",
    "stock_facts_of",
    "with_hold",
]

P = ParamSpec("P")
R = TypeVar("R")

CLAIM_WITHIN_S = 120
"""Seconds a hold waits for its order to be placed; a crash in between gives the goods back after it."""

MAX_LINES = 5000
MOST_TRIES = 10
"""How often an order is priced anew because an offer it would have had is gone."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An order checked and priced, with what to ask the stock engine and the engine of limits for."""

    draft: OrderDraft
    request: ReserveRequest
    bill: Bill
    take: Take | None


def prepare(
    *,
    actor: Actor,
    asked: Asked,
    variants: Mapping[str, VariantView],
    now: datetime,
    without: Collection[int] = (),
    prices: Prices | None = None,
) -> Prepared:
    """Check and price an order. `variants` by SKU as `catalog.queries.variants_by_sku` answers the system; `prices`: of
    `checkout.prices_at_hand`.

    Raises: MayNot, EmptyOrder, BadLine, UnknownSku, BadPhone, BelowFloor, HandLimitPassed, PriceMoved, each naming the field.
    """
    actor.require("orders.place")
    phone = checked_phone(asked)
    bill = make_bill(actor=actor, asked=asked, variants=variants, phone=phone, now=now, without=without, prices=prices)
    quote = bill.quote
    if asked.expected_total_minor is not None and asked.expected_total_minor != quote.total_minor:
        raise PriceMoved(field="expected_total_minor", total=quote.total_minor, expected=asked.expected_total_minor)
    wanted = [(line.variant_id, line.quantity) for line in bill.lines if line.variant_id is not None]
    owner = f"order:{asked.channel}:{asked.external_id or asked.idempotency_key or phone or asked.customer_name}"[:120]
    key = f"{asked.channel}:{asked.external_id}" if asked.external_id else asked.idempotency_key
    request = inventory.reservation(
        actor=actor, channel=asked.channel, owner=owner, lines=wanted, ttl_s=CLAIM_WITHIN_S, now=now,
        key=f"order:{key}" if key else None, location_ids=asked.location_ids, facts=stock_facts_of(variants.values()),
    )  # fmt: skip
    reference = (asked.checkout or f"order:{key or new_id()}")[:120]
    take = Take(reference, bill.person, bill.wants, now) if bill.wants else None
    draft = OrderDraft(
        channel=asked.channel,
        lines=bill.lines,
        currency=bill.currency,
        placed_at=asked.placed_at or now,
        state=rules.OrderState.CONFIRMED if asked.is_confirmed else rules.OrderState.PENDING_CONFIRMATION,
        external_id=asked.external_id,
        idempotency_key=asked.idempotency_key,
        hold_id=_hold_id(asked.reservation_id),
        wanted=request.lines if asked.reservation_id else (),
        payment_state=rules.PaymentState.PAID if asked.is_paid else rules.PaymentState.UNPAID,
        is_cod=asked.is_cod,
        customer_name=asked.customer_name,
        customer_phone=phone,
        shipping_address=dict(asked.shipping_address or {}),
        note=asked.note,
        discount_minor=quote.discount_minor,
        shipping_fee_minor=quote.delivery_minor,
        priced=_story(asked, quote),
        redeems=take.reference if take else "",
        member=asked.member,
    )
    return Prepared(draft, request, bill, take)


def _story(asked: Asked, quote: Quote) -> dict[str, Any]:
    """How the price came about, as the order keeps it; nothing where it is the catalogue's."""
    if not quote.reasons and not quote.gifts and quote.points_times_bp == WHOLE:
        return {}
    return {
        "offers": [[used.offer_id, used.code, used.name, used.benefit_minor] for used in quote.used],
        "reasons": [list(reason) for reason in quote.reasons],
        "gifts": [[gift.variant_id, gift.units, gift.offer_id, gift.name] for gift in quote.gifts],
        "points_times_bp": quote.points_times_bp,
        "guarded_minor": quote.guarded_minor,
        "by_hand_minor": asked.discount_minor,
        "fee_minor": asked.shipping_fee_minor,
    }


WHOLE = 10_000


def checked_phone(asked: Asked) -> str:
    """What an order says beside its lines: the buyer's phone in E.164, "" when none is given."""
    if not asked.lines:
        raise EmptyOrder(field="lines")
    if len(asked.lines) > MAX_LINES:
        raise BadLine(field="lines", problem="An order has at most {most} lines. Split it.", most=MAX_LINES)
    _check_words(asked)
    for field, amount in (("discount_minor", asked.discount_minor), ("shipping_fee_minor", asked.shipping_fee_minor)):
        if not 0 <= amount <= MAX_TOTAL:
            raise BadLine(
                field=field, problem="{amount} is not an amount. Send 0 or more, in minor units.", amount=amount
            )
    if not asked.customer_phone:
        return ""
    phone = phones.e164(asked.customer_phone)
    if phone is None:
        raise BadPhone(field="customer.phone", phone=asked.customer_phone)
    return phone


def _hold_id(reservation_id: str | None) -> str | None:
    if reservation_id is None:
        return None
    try:
        return str(UUID(reservation_id))
    except ValueError as wrong:
        raise HoldNotFound(key=reservation_id) from wrong


_LONGEST = {"external_id": 80, "customer.name": 160, "channel": 40, "note": 5000}


def _check_words(asked: Asked) -> None:
    """What the database would refuse must not get into a batch with others. Raises: BadLine naming the field."""
    words = {
        "channel": asked.channel, "external_id": asked.external_id, "customer.name": asked.customer_name,
        "note": asked.note, **{f"shipping_address.{key}": text for key, text in (asked.shipping_address or {}).items()},
    }  # fmt: skip
    for field, text in words.items():
        longest = _LONGEST.get(field, 500)
        if len(text) > longest:
            raise BadLine(field=field, problem="This is longer than {longest} characters. Shorten it.", longest=longest)
        if "\0" in text or (not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text)):
            raise BadLine(field=field, problem="This holds characters that are no text. Type it again.")


def stock_facts_of(variants: Iterable[VariantView]) -> dict[int, catalog.StockFacts]:
    """What stock needs to know of variants at hand; bundles are left out, for their parts must be read."""
    return {
        each.id: catalog.StockFacts(each.id, each.allow_backorder, each.tracks_lots)
        for each in variants
        if not each.is_bundle
    }


def with_hold(draft: OrderDraft, answer: Held | Short, asked: Sequence[DraftLine]) -> OrderDraft:
    """The draft with the hold that was taken for it. Raises: ShortStock naming the lines that fell short."""
    if isinstance(answer, Short):
        raise short(answer, asked)
    if answer.missing:
        return replace(
            draft, hold_id=answer.hold_id, allocation=answer.lines, issues=(*draft.issues, "stock"),
            state=rules.OrderState.AWAITING_STOCK,
        )  # fmt: skip
    return replace(draft, hold_id=answer.hold_id, allocation=answer.lines)


def short(answer: Short, lines: Sequence[DraftLine]) -> Exception:
    """ShortStock with the SKUs of the order; parts of bundles by their own SKU."""
    skus = {line.variant_id: line.sku for line in lines if line.variant_id is not None}
    unknown = [variant for variant, _, _ in answer.lines if variant not in skus]
    if unknown:
        skus.update({view.id: view.sku for view in catalog.variants_by_id(actor=SYSTEM, ids=unknown).values()})
    return ledger.short_stock(
        [
            {"sku": skus.get(variant, str(variant)), "requested": asked, "available": free}
            for variant, asked, free in answer.lines
        ]
    )


def place_order(*, actor: Actor, asked: Asked, now: datetime) -> Placed:
    """Place an order from a channel of our own, waiting for all batches. Safe to repeat with the same external id or key.

    An offer that is gone meanwhile is left out and the order priced anew, unless its buyer showed a voucher for it or was
    told a total. Raises: what `prepare` raises, OfferGone, ShortStock, HoldExpired, Unavailable.
    """
    variants = _variants(asked)
    without: set[int] = set()
    for _ in range(MOST_TRIES):
        prepared = prepare(actor=actor, asked=asked, variants=variants, now=now, without=without)
        if prepared.take is not None and (gone := _refused(prepared, redeemer().call(prepared.take))):
            without.add(gone)
            continue
        draft = prepared.draft
        try:
            if draft.hold_id is None:
                answer = engine().call(prepared.request)
                if scarce := _scarce_gifts(prepared.bill, answer):
                    _let_go(prepared)
                    without |= scarce
                    continue
                draft = with_hold(draft, answer, draft.lines)
            placed = (
                _pay_and_place(actor, asked, draft, now) if _has_tenders(asked) else book().call((actor, draft, now))
            )
        except BaseException:
            _let_go(prepared)
            raise
        if not placed.is_new:
            _spare(asked, draft, now)
        return placed
    raise Unavailable


async def aplace_order(*, actor: Actor, asked: Asked, variants: Mapping[str, VariantView], now: datetime) -> Placed:
    """As `place_order`, from a coroutine, with the variants at hand.

    What needs the database all the same goes to a thread: parts of bundles, what pricing does not know yet, vouchers.
    """
    if _has_tenders(asked):
        return await asyncio.to_thread(_beside, place_order, actor=actor, asked=asked, now=now)
    has_bundles = any(variant.is_bundle for variant in variants.values())
    prices = None if has_bundles else prices_at_hand(asked, variants.values())
    without: set[int] = set()
    for _ in range(MOST_TRIES):
        ask = partial(prepare, actor=actor, asked=asked, variants=variants, now=now, without=without, prices=prices)
        prepared = await asyncio.to_thread(_beside, ask) if prices is None else ask()
        if prepared.take is not None:
            answered = await redeemer().acall(prepared.take)
            if (
                gone := await asyncio.to_thread(_beside, _refused, prepared, answered)
                if answered != _took(prepared)
                else 0
            ):
                without.add(gone)
                continue
        draft = prepared.draft
        try:
            if draft.hold_id is None:
                answer = await engine().acall(prepared.request)
                if scarce := _scarce_gifts(prepared.bill, answer):
                    await asyncio.to_thread(_beside, _let_go, prepared)
                    without |= scarce
                    continue
                if has_bundles and isinstance(answer, Short):
                    raise await asyncio.to_thread(_beside, short, answer, draft.lines)
                draft = with_hold(draft, answer, draft.lines)
            entry: Draft = (actor, draft, now)
            placed = await book().acall(entry)
        except BaseException:
            if prepared.take is not None:
                await asyncio.to_thread(_beside, _let_go, prepared)
            raise
        if not placed.is_new:
            await asyncio.to_thread(_beside, _spare, asked, draft, now)
        return placed
    raise Unavailable


def _has_tenders(asked: Asked) -> bool:
    return bool(asked.points or asked.gift_cards)


def _pay_and_place(actor: Actor, asked: Asked, draft: OrderDraft, now: datetime) -> Placed:
    """Place an order that is paid with points or gift cards: they are set aside first, and taken with the order or not at
    all."""
    total = sum(line.quantity * line.unit_price_minor for line in draft.lines)
    total += draft.shipping_fee_minor - draft.discount_minor
    reference = draft.redeems or f"order:{draft.channel}:{draft.external_id or draft.idempotency_key or new_id()}"[:110]
    tenders = hold_tenders(
        actor=actor, asked=asked, total_minor=total, currency=draft.currency, reference=reference, now=now
    )
    paid = sum(tender.amount_minor for tender in tenders)
    state = draft.payment_state
    if state == rules.PaymentState.UNPAID and paid:
        state = rules.PaymentState.PAID if paid >= total else rules.PaymentState.PARTLY_PAID
    draft = replace(draft, tenders=tuple(tender.as_json() for tender in tenders), payment_state=state)
    placed: Placed | None = None
    try:
        placed = _place_paid(actor=actor, draft=draft, tenders=tenders, now=now)
    finally:
        if placed is None or not placed.is_new:
            release_tenders(tenders, now=now)
    return placed


@command
def _place_paid(*, actor: Actor, draft: OrderDraft, tenders: Sequence[Tender], now: datetime) -> Placed:
    [placed] = serve([(actor, draft, now)])
    if isinstance(placed, BaseException):
        raise placed
    if placed.is_new:
        claim_tenders(actor=actor, tenders=tenders, code=placed.code, now=now)
    return placed


def _took(prepared: Prepared) -> Took | None:
    return Took(prepared.take.reference) if prepared.take else None


def _refused(prepared: Prepared, answer: Took | Refused) -> int:
    """The offer that is gone, to be left out; 0 when all of them were taken.

    Raises: OfferGone: the buyer counts on it.
    """
    if isinstance(answer, Took) or prepared.take is None:
        return 0
    draft = prepared.draft
    if answer.reason == "reference":
        if give_free(prepared.take.reference) == 0:
            return 0  # an order has used them: the book answers with that order
        return _refused(prepared, redeemer().call(prepared.take))
    if any(code.offer_id == answer.promotion_id for code in prepared.bill.codes):
        offer = next(used for used in prepared.bill.quote.used if used.offer_id == answer.promotion_id)
        raise OfferGone(field="codes", offer=offer.name, reason=answer.reason, channel=draft.channel)
    return answer.promotion_id


def _let_go(prepared: Prepared) -> None:
    """Give free what was taken of offers, when the order is not placed after all."""
    if prepared.take is not None:
        give_free(prepared.take.reference)


def _scarce_gifts(bill: Bill, answer: Held | Short) -> set[int]:
    """Offers whose gift is what the shelf lacks: an order does not fail for a gift."""
    if not bill.gifts or not isinstance(answer, Short):
        return set()
    lacking = {variant for variant, _, _ in answer.lines}
    bought = {line.variant_id for line in bill.quote.lines}
    scarce = {gift.offer_id for gift in bill.quote.gifts if gift.variant_id in lacking}
    return scarce if lacking.isdisjoint(bought) else set()


def _beside(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Work on a thread of an event loop, which gives its connection back."""
    try:
        return work(*args, **kwargs)
    finally:
        close_old_connections()


def _spare(asked: Asked, draft: OrderDraft, now: datetime) -> None:
    """Give back what was held for an order that was in the book already.

    Raises: IdempotencyMismatch: the key was used for another order.
    """
    if draft.hold_id is not None:
        with contextlib.suppress(HoldNotFound):
            inventory.release_hold(actor=SYSTEM, hold_id=UUID(draft.hold_id), now=now)
    before = order_of_key(idempotency_key=asked.idempotency_key) if asked.idempotency_key else None
    if before is not None and not _is_same(before, asked, draft):
        raise IdempotencyMismatch


def _is_same(order: OrderView, asked: Asked, draft: OrderDraft) -> bool:
    """Whether this order is what is asked for, by what nobody can have changed since it was placed.

    A price counts only where one was named: the catalogue's may be another today.
    """
    name = order.earlier_addresses[0].name if order.earlier_addresses else order.customer_name
    if (order.channel, order.external_id, name) != (draft.channel, draft.external_id, draft.customer_name):
        return False
    if any(entry.kind in ("split", "merged") for entry in order.timeline):
        return True  # what it held when it was placed is in more than one order now
    by_hand = order.priced.get("by_hand_minor", order.discount_minor)
    fee = order.priced.get("fee_minor", order.shipping_fee_minor)
    if (fee, by_hand) not in ((asked.shipping_fee_minor, asked.discount_minor), (fee, order.subtotal_minor)):
        return False
    sold, wanted = Counter[str](), Counter[str]()
    gifts = {gift[0] for gift in order.priced.get("gifts", ())}
    for line in order.lines:
        if line.variant_id not in gifts or line.unit_price_minor:
            sold[line.sku.casefold()] += line.quantity
    for each in asked.lines:
        wanted[each.sku.casefold()] += each.quantity
    prices = {(line.sku.casefold(), line.unit_price_minor) for line in order.lines}
    named = {(each.sku.casefold(), each.unit_price_minor) for each in asked.lines if each.unit_price_minor is not None}
    return sold == wanted and named <= prices


def _variants(asked: Asked) -> Mapping[str, VariantView]:
    return catalog.variants_by_sku(actor=SYSTEM, skus=[line.sku for line in asked.lines])


def accept_channel_orders(*, actor: Actor, drafts: Sequence[OrderDraft], now: datetime) -> list[Placed]:
    """Book orders that were made on a channel, each exactly once, whatever is missing here.

    The sale is a fact: a line without a SKU of ours is kept and holds the order back (`unmatched_line`), and so does
    stock that does not suffice (`stock`: nothing is reserved, and the order waits as awaiting_stock). Repeating with
    orders already in the book changes nothing and takes no stock.
    """
    actor.require("orders.place")
    there = known(drafts)
    begun: list[OrderDraft] = []
    open_: dict[int, ReserveRequest] = {}
    facts = catalog.stock_facts(
        variant_ids={line.variant_id for draft in drafts for line in draft.lines if line.variant_id is not None}
    )
    for seen in drafts:
        # First seen when its goods had left: it is booked as promised, and follows its channel from there.
        has_left = seen.state in rules.LEFT - {rules.OrderState.RETURNED}
        draft = replace(seen, state=rules.OrderState.CONFIRMED) if has_left else seen
        name = (draft.channel, draft.external_id)
        if name not in there and draft.state not in (rules.OrderState.CANCELLED, rules.OrderState.RETURNED):
            there.add(name)
            if any(line.variant_id is None for line in draft.lines):
                draft = replace(draft, issues=(*draft.issues, "unmatched_line"))
            if (request := _sold(actor, draft, facts, now)) is not None:
                open_[len(begun)] = request
        begun.append(draft)
    for place, answer in zip(open_, inventory.reserve_all(list(open_.values())), strict=True):
        begun[place] = _after_sale(begun[place], answer)
    ready: list[Draft] = [(actor, draft, now) for draft in begun]
    return [book().call(each) for each in ready] if len(ready) == 1 else _place_all(ready)


def _place_all(ready: Sequence[Draft]) -> list[Placed]:
    placed: list[Placed] = []
    for answer in serve(ready) if ready else ():
        if isinstance(answer, BaseException):
            raise answer
        placed.append(answer)
    return placed


def known(drafts: Sequence[OrderDraft]) -> set[tuple[str, str]]:
    """(channel, external id) of those drafts that are in the book."""
    from mekong.orders.models import SalesOrder

    found: set[tuple[str, str]] = set()
    for channel in {draft.channel for draft in drafts}:
        ids = [draft.external_id for draft in drafts if draft.channel == channel]
        rows = SalesOrder.objects.filter(channel=channel, external_id__in=ids).values_list("channel", "external_id")
        found.update(rows)
    return found


def _sold(
    actor: Actor, draft: OrderDraft, facts: Mapping[int, catalog.StockFacts], now: datetime
) -> ReserveRequest | None:
    """What to hold for an order that a channel has sold; None when no line of it is a SKU of ours."""
    wanted = [(line.variant_id, line.quantity) for line in draft.lines if line.variant_id is not None]
    if not wanted:
        return None
    return inventory.reservation(
        actor=actor, channel=draft.channel, owner=f"order:{draft.channel}:{draft.external_id}"[:120], lines=wanted,
        ttl_s=CLAIM_WITHIN_S, now=now, key=f"order:{draft.channel}:{draft.external_id}", is_sold=True, facts=facts,
        listings={line.variant_id: line.listing for line in draft.lines if line.variant_id is not None and line.listing},
    )  # fmt: skip


def _after_sale(draft: OrderDraft, answer: Held | Short) -> OrderDraft:
    """The draft with what could be held for it. A sale is a fact: what is missing makes it wait, it is not refused."""
    issues, state = draft.issues, draft.state
    if isinstance(answer, Short) or answer.missing:
        issues, state = (*issues, "stock"), rules.OrderState.AWAITING_STOCK
    if isinstance(answer, Short):
        return replace(draft, issues=issues, state=state)
    return replace(draft, hold_id=answer.hold_id, allocation=answer.lines, issues=issues, state=state)
