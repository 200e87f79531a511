"""Orders of a platform brought into the order book: each once, none lost, however often and in whatever order seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.db import DatabaseError, connection

from mekong.catalog.contracts import VariantView
from mekong.channels import matching, rules
from mekong.channels.commands.earnings import expect_earnings
from mekong.channels.models import ParkedOrder
from mekong.channels.pacing import backoff_s
from mekong.channels.queries.returns import coming_back
from mekong.channels.socket import ListingKey, RemoteLine, RemoteOrder
from mekong.foundation import phones
from mekong.foundation.actor import Actor, channel_actor
from mekong.foundation.errors import MekongError, Unavailable
from mekong.orders import commands as orders
from mekong.orders.contracts import ChannelWord, DraftLine, OrderDraft, Placed

log = structlog.get_logger(__name__)

_TURN = """
    with named as (select * from unnest(%s::text[], %s::text[]) n(item_id, model_id)),
         mine as (select s.listing_id from named
                    join channels_listing l
                      on l.channel_id = %s and l.item_id = named.item_id and l.model_id = named.model_id
                    join channels_listingsync s on s.listing_id = l.id
                   order by s.listing_id for no key update of s)
    update channels_listingsync s set turn = s.turn + 1 from mine where s.listing_id = mine.listing_id
    returning s.listing_id
"""
_PARK = """
    insert into channels_parkedorder (channel_id, external_id, error_code, error, attempts, first_at, next_at)
    values (%s, %s, %s, %s, 1, %s, %s)
    on conflict (channel_id, external_id) do update
       set error_code = excluded.error_code, error = excluded.error, attempts = channels_parkedorder.attempts + 1,
           next_at = excluded.next_at
    returning attempts
"""


@dataclass
class Booked:
    """`listings`: those the orders touched, to be set right again. `parked`: orders that could not be booked."""

    listings: list[int] = field(default_factory=list)
    placed: int = 0
    advanced: int = 0
    parked: list[str] = field(default_factory=list)


def book(*, channel_id: int, channel: str, orders_: Sequence[RemoteOrder], now: datetime) -> Booked:
    """Book what was fetched. First the listings begin a new turn: the platform has changed their figures by itself, so
    what it acknowledged before tells nothing. Should we die after it, they are pushed once more than needed.

    Raises: Unavailable; then none, some or all are booked, and a repeat books the rest.
    """
    report = Booked()
    keys = sorted({line.key for order in orders_ for line in order.lines})
    report.listings = begin_turn(channel_id, keys)
    actor = channel_actor(channel)
    variants = _variants(channel_id, [line for order in orders_ for line in order.lines])
    drafts: dict[str, OrderDraft] = {}
    for order in orders_:
        try:
            drafts[order.external_id] = draft(channel, order, variants)
        except (ValueError, TypeError, KeyError, MekongError) as wrong:
            _park(report, channel_id, order.external_id, wrong, now)
    _place(report, actor, channel_id, drafts, now)
    words = [
        word_of(order) for order in orders_ if order.external_id in drafts and order.external_id not in report.parked
    ]
    _follow(report, actor, channel_id, channel, words, now)
    done = [order.external_id for order in orders_ if order.external_id not in report.parked]
    ParkedOrder.objects.filter(channel_id=channel_id, external_id__in=done).delete()
    booked = set(done)
    over = [order for order in orders_ if order.state in rules.EARNS and order.external_id in booked]
    if over:
        expect_earnings(actor=actor, channel=channel, orders=over, now=now)
    return report


def begin_turn(channel_id: int, keys: Sequence[ListingKey]) -> list[int]:
    if not keys:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_TURN, [[key.item_id for key in keys], [key.model_id for key in keys], channel_id])
        return [row[0] for row in cursor.fetchall()]


def _place(report: Booked, actor: Actor, channel_id: int, drafts: Mapping[str, OrderDraft], now: datetime) -> None:
    """All at once; where one of them spoils it, each on its own."""
    if not drafts:
        return
    try:
        placed = orders.accept_channel_orders(actor=actor, drafts=list(drafts.values()), now=now)
    except Unavailable:
        raise
    except (MekongError, DatabaseError, ValueError, ArithmeticError) as spoilt:
        log.warning("orders_placed_one_by_one", channel_id=channel_id, error=repr(spoilt))
        placed = []
        for external_id, each in drafts.items():
            placed += _place_one(report, actor, channel_id, external_id, each, now)
    report.placed += sum(each.is_new for each in placed)


def _place_one(
    report: Booked, actor: Actor, channel_id: int, external_id: str, each: OrderDraft, now: datetime
) -> list[Placed]:
    try:
        return orders.accept_channel_orders(actor=actor, drafts=[each], now=now)
    except Unavailable:
        raise
    except (MekongError, DatabaseError, ValueError, ArithmeticError) as poisoned:
        _park(report, channel_id, external_id, poisoned, now)
        return []


def word_of(order: RemoteOrder) -> ChannelWord:
    """What the platform says of an order, as the order book hears it."""
    return ChannelWord(
        order.external_id, rules.ORDER_STATE[order.state], order.raw_state[:40], order.updated_at,
        order.tracking_no[:80], rules.is_paid(order.state, is_cod=order.is_cod),
    )  # fmt: skip


def _follow(
    report: Booked, actor: Actor, channel_id: int, channel: str, words: Sequence[ChannelWord], now: datetime
) -> None:
    """Those that simply move on as a set; the others, or all if one of them spoils it, each on its own."""
    news = orders.unheard(channel=channel, words=words)
    gone: set[str] = set()
    if len(news) > 1:
        try:
            gone = orders.follow_forward(actor=actor, channel=channel, words=news, now=now)
        except Unavailable:
            raise
        except (MekongError, DatabaseError) as spoilt:
            log.warning("orders_followed_one_by_one", channel_id=channel_id, error=repr(spoilt))
    report.advanced += len(gone)
    left = [word for word in news if word.external_id not in gone]
    coming = coming_back(channel_id, channel, [word.external_id for word in left]) if left else set()
    for word in left:
        _advance(report, actor, channel_id, channel, word, now, is_coming_back=word.external_id in coming)


def _advance(
    report: Booked,
    actor: Actor,
    channel_id: int,
    channel: str,
    word: ChannelWord,
    now: datetime,
    *,
    is_coming_back: bool,
) -> None:
    try:
        report.advanced += orders.advance_channel_order(
            actor=actor, channel=channel, external_id=word.external_id, state=word.state,
            remote_state=word.remote_state, remote_updated_at=word.remote_updated_at, now=now,
            tracking_no=word.tracking_no, is_paid=word.is_paid, is_coming_back=is_coming_back,
        )  # fmt: skip
    except Unavailable:
        raise
    except (MekongError, DatabaseError) as poisoned:
        _park(report, channel_id, word.external_id, poisoned, now)


def _park(report: Booked, channel_id: int, external_id: str, error: Exception, now: datetime) -> None:
    report.parked.append(external_id)
    park(channel_id, external_id, error, now)


def park(channel_id: int, external_id: str, error: Exception, now: datetime) -> None:
    """Put an order aside with its error; it is tried again ever more seldom."""
    from datetime import timedelta

    code = error.code if isinstance(error, MekongError) else type(error).__name__
    with connection.cursor() as cursor:
        cursor.execute(_PARK, [channel_id, external_id[:80], code[:80], str(error)[:2000], now, now])
        attempts = cursor.fetchone()[0]
        next_at = now + timedelta(seconds=backoff_s(attempts, first_s=2.0, longest_s=3600.0))
        cursor.execute(
            "update channels_parkedorder set next_at = %s where channel_id = %s and external_id = %s",
            [next_at, channel_id, external_id[:80]],
        )
    log.warning("order_parked", channel_id=channel_id, external_id=external_id, code=code, attempts=attempts)


def _variants(channel_id: int, lines: Sequence[RemoteLine]) -> dict[tuple[ListingKey, str], VariantView]:
    """What each line is of ours: by its listing's match, else by its SKU."""
    by_listing = matching.by_listing(channel_id, {line.key for line in lines})
    open_skus = {line.sku for line in lines if line.key not in by_listing and line.sku}
    by_sku = matching.skus(open_skus)
    ids = {(line.key, line.sku): by_listing.get(line.key) or by_sku.get(line.sku) for line in lines}
    views = matching.variants({each for each in ids.values() if each is not None})
    return {named: views[each] for named, each in ids.items() if each is not None and each in views}


def unmatched(channel_id: int, lines: Sequence[RemoteLine]) -> Counter[str]:
    """Lines that are no SKU of ours: what the platform calls them, and how many lines name each."""
    known = _variants(channel_id, lines)
    return Counter(line.sku or line.name for line in lines if (line.key, line.sku) not in known)


def _named(key: ListingKey) -> str:
    """A listing as order lines note it; "" where the platform's file does not name it."""
    return f"{key.item_id}:{key.model_id}"[:100] if key.item_id else ""


def draft(channel: str, order: RemoteOrder, variants: Mapping[tuple[ListingKey, str], VariantView]) -> OrderDraft:
    """An order of a platform as the order book takes it. Raises: ValueError for one that cannot be."""
    if not order.external_id or not order.lines:
        raise ValueError("an order needs an id and at least one line")
    lines = []
    for line in order.lines:
        if line.quantity < 1 or line.unit_price_minor < 0:
            raise ValueError(f"line {line.sku or line.key}: {line.quantity} × {line.unit_price_minor}")
        variant = variants.get((line.key, line.sku))
        lines.append(
            DraftLine(
                variant.id if variant else None, (variant.sku if variant else line.sku)[:120], line.name[:500],
                line.quantity, line.unit_price_minor, variant.tax_rate_bp if variant else 0,
                tuple(line.line_ids), _named(line.key),
            )
        )  # fmt: skip
    return OrderDraft(
        channel=channel,
        lines=tuple(lines),
        currency=order.currency,
        placed_at=order.placed_at,
        state=rules.first_state(order.state),
        external_id=order.external_id,
        payment_state="paid" if rules.is_paid(order.state, is_cod=order.is_cod) else "unpaid",
        is_cod=order.is_cod,
        customer_name=order.buyer_name[:160],
        customer_phone=(phones.e164(order.buyer_phone) or "") if order.buyer_phone else "",
        customer_ref=order.buyer_ref[:120],
        shipping_address=dict(order.address),
        note=order.note[:5000],
        discount_minor=order.discount_minor,
        shipping_fee_minor=order.shipping_fee_minor,
        ship_by=order.ship_by,
        remote_state=order.raw_state[:40],
        remote_updated_at=order.updated_at,
        tracking_no=order.tracking_no[:80],
    )
