"""What channels show against what they should: computed now for some listings, and counted for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, Min, OuterRef, Q

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import ListingWords, VariantView
from mekong.channels import matching, registry
from mekong.channels.contracts import Problem
from mekong.channels.contracts.consistency import (
    FACTS,
    REASONS,
    WORDS,
    Cell,
    DifferenceCounts,
    ListingCheck,
    ProductCheck,
    ProductCheckPage,
)
from mekong.channels.errors import ChannelInvalid
from mekong.channels.models import Checked, Difference, ItemLooks, Listing, ListingSync, MatchState, Publication
from mekong.channels.queries import find_channel
from mekong.channels.queries.asked_prices import asked_prices
from mekong.channels.queries.publishing import is_ours
from mekong.channels.rules.consistency import (
    PriceFacts,
    Publishing,
    Read,
    Shown,
    Told,
    WordFacts,
    price_cells,
    sale_told,
    word_cells,
)
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.paging import decode_cursor, encode_cursor

MOST_AT_ONCE = 200
"""Products of one question."""


def consistency(*, actor: Actor, product_ids: Collection[int], now: datetime) -> list[ProductCheck]:
    """Each of these products with what every channel shows of it against what it should, in the order asked for.

    Listings that are taken off sale there are named, and not compared. About a dozen statements, and one more for each
    channel. Raises: MayNot, ChannelInvalid (too many products).
    """
    actor.require("channels.view")
    wanted = list(dict.fromkeys(product_ids))
    if len(wanted) > MOST_AT_ONCE:
        raise ChannelInvalid(field="products", problem="Choose 1 to {most} products.", most=MOST_AT_ONCE)
    variants = catalog.variants_of(actor=SYSTEM, product_ids=wanted)
    ids = {each.id for views in variants.values() for each in views}
    rows = list(_live().filter(variant_id__in=ids)) + list(_gone().filter(variant_id__in=ids))
    checks = checks_of(rows, now)
    known = catalog.products_by_id(actor=SYSTEM, ids=wanted)
    of_product: dict[int, list[ListingCheck]] = defaultdict(list)
    product_of = {each.id: product for product, views in variants.items() for each in views}
    for row in rows:
        of_product[product_of[row.variant_id or 0]].append(checks[row.id])
    read = {row.id: row.sync.read_at for row in rows if row.is_live}
    found = []
    for product in wanted:
        if product not in known:
            continue
        listings = sorted(
            of_product[product], key=lambda each: (each.channel, each.item_id, not each.is_first, each.sku)
        )
        seen = [read[each.listing_id] for each in listings if each.listing_id in read]
        oldest = min((each for each in seen if each is not None), default=None) if None not in seen else None
        row = known[product]
        found.append(ProductCheck(product, row.code, row.name, row.thumbnail_url, listings, oldest))
    return found


def list_inconsistent(
    *,
    actor: Actor,
    channel: str = "",
    fact: str = "",
    reason: str = "",
    cursor: str = "",
    limit: int = 25,
    now: datetime,
) -> ProductCheckPage:
    """A page of the products that differ somewhere, newest first, each compared anew.

    `reason` "": only faults; else that reason, be it a fault or as people wished. Which products those are is known from
    the last check; what is said of them, from this moment. Raises: MayNot, ChannelNotFound, ChannelInvalid, BadCursor.
    """
    actor.require("channels.view")
    rows = differences(channel=channel, fact=fact, reason=reason)
    if cursor:
        rows = rows.filter(product_id__lt=decode_cursor(cursor, tuple[int])[0])
    limit = max(1, min(limit, MOST_AT_ONCE))
    ids = list(rows.order_by("-product_id").values_list("product_id", flat=True).distinct()[: limit + 1])
    found = consistency(actor=actor, product_ids=ids[:limit], now=now)
    return ProductCheckPage(found, encode_cursor(ids[limit - 1]) if len(ids) > limit else None)


def count_differences(*, actor: Actor, channel: str = "") -> DifferenceCounts:
    """How many differences the last check found, by channel, fact and reason. Four statements.

    Raises: MayNot, ChannelNotFound.
    """
    actor.require("channels.view")
    rows = Difference.objects.filter(channel__is_active=True)
    unread = Listing.objects.filter(
        channel__is_active=True, match_state=MatchState.MATCHED, is_live=True, sync__read_at=None
    )
    if channel:
        row = find_channel(channel)
        rows, unread = rows.filter(channel=row), unread.filter(channel=row)
    grouped = rows.order_by().values_list("channel__code", "fact", "reason", "is_fault").annotate(Count("id"))
    by_channel: dict[str, int] = defaultdict(int)
    by_fact: dict[str, int] = defaultdict(int)
    by_reason: dict[str, int] = defaultdict(int)
    for code, fact, reason, is_fault, count in grouped:
        by_reason[reason] += count
        if is_fault:
            by_channel[code] += count
            by_fact[fact] += count
    return DifferenceCounts(
        faults=sum(by_channel.values()),
        products=rows.filter(is_fault=True).aggregate(n=Count("product_id", distinct=True))["n"],
        by_channel=dict(by_channel),
        by_fact={fact: by_fact[fact] for fact in FACTS if fact in by_fact},
        by_reason={reason: by_reason[reason] for reason in REASONS if reason in by_reason},
        unread=unread.count(),
        checked_at=Checked.objects.filter(channel__is_active=True).aggregate(at=Min("checked_at"))["at"],
    )


def count_faults() -> tuple[int, int]:
    """Products that some channel shows otherwise than it should, but for what is on its way; and how many differences.
    One statement."""
    rows = Difference.objects.filter(channel__is_active=True, is_fault=True).exclude(reason="pending")
    said = rows.aggregate(products=Count("product_id", distinct=True), n=Count("id"))
    return said["products"], said["n"]


def differences(*, channel: str = "", fact: str = "", reason: str = "") -> Any:
    """Rows of what the last check found. Raises: ChannelNotFound, ChannelInvalid."""
    if fact and fact not in FACTS:
        raise ChannelInvalid(field="fact", problem="Choose one of {known}.", known=", ".join(FACTS))
    if reason and reason not in REASONS:
        raise ChannelInvalid(field="reason", problem="Choose one of {known}.", known=", ".join(REASONS))
    rows = Difference.objects.filter(channel__is_active=True)
    if channel:
        rows = rows.filter(channel=find_channel(channel))
    if fact:
        rows = rows.filter(fact=fact)
    return rows.filter(reason=reason) if reason else rows.filter(is_fault=True)


# --- listings compared ------------------------------------------------------------------------------------------------


def _live() -> Any:
    rows = Listing.objects.select_related("channel", "sync")
    return rows.filter(match_state=MatchState.MATCHED, is_live=True, channel__is_active=True)


def _gone() -> Any:
    rows = Listing.objects.select_related("channel", "sync")
    return rows.filter(match_state=MatchState.MATCHED, is_live=False, channel__is_active=True)


def checks_of(rows: Sequence[Listing], now: datetime) -> dict[int, ListingCheck]:
    """These matched listings (with channel and sync) compared, by id. Those taken off sale there have no cells."""
    rows = [row for row in rows if row.variant_id is not None]
    variants = matching.variants({row.variant_id for row in rows if row.variant_id is not None})
    live = [row for row in rows if row.is_live and row.variant_id in variants]
    prices = _prices(live, variants, now)
    words = _words(live, variants)
    return {
        row.id: ListingCheck(
            listing_id=row.id, channel=row.channel.code, channel_name=row.channel.name, kind=row.channel.kind,
            currency=row.channel.currency, item_id=row.item_id, model_id=row.model_id,
            sku=variants[row.variant_id or 0].sku, title=variants[row.variant_id or 0].title, url=row.url, is_live=row.is_live,
            is_first=row.id in words,
            cells={each.fact: each for each in (*prices.get(row.id, ()), *words.get(row.id, ()))},
        )
        for row in rows
        if row.variant_id in variants
    }  # fmt: skip


def _prices(rows: Sequence[Listing], variants: Mapping[int, VariantView], now: datetime) -> dict[int, tuple[Cell, ...]]:
    asked = asked_prices(rows=rows, variants=variants, now=now)
    found = {}
    for row in rows:
        shown, channel = asked.get(row.id), row.channel
        in_force = shown.at(now) if shown else None
        facts = PriceFacts(
            price_minor=shown.price_minor if shown else None,
            sale_minor=in_force if shown and in_force != shown.price_minor else None,
            shows_sales=not registry.is_remote(channel.kind) or registry.plug(channel.kind).manifest.sale_prices,
            is_own=row.own_price_minor is not None, sends=channel.price_sync, is_synced=row.is_synced,
            told=_told(row.sync), read=_read(row.sync), refused=_refused(row.sync),
        )  # fmt: skip
        found[row.id] = price_cells(facts, now)
    return found


def _told(sync: ListingSync) -> Told | None:
    if sync.acked_price_minor is None or sync.acked_price_at is None:
        return None
    return Told(sync.acked_price_minor, sync.acked_price_at, sale_told(sync.acked_sale))


def _read(sync: ListingSync) -> Read | None:
    if sync.read_at is None or sync.remote_price_minor is None:
        return None
    return Read(sync.remote_price_minor, sync.remote_sale_minor, sync.remote_sale_ends_at, sync.read_at)


def _refused(sync: ListingSync) -> Problem | None:
    return Problem(sync.price_error_code, dict(sync.price_error_params)) if sync.price_error_code else None


def _words(rows: Sequence[Listing], variants: Mapping[int, VariantView]) -> dict[int, tuple[Cell, ...]]:
    """Those of each product there, with the first of its listings. Three statements."""
    first: dict[tuple[int, str, int], Listing] = {}
    for row in sorted(rows, key=lambda each: each.id):
        first.setdefault((row.channel_id, row.item_id, variants[row.variant_id or 0].product_id), row)
    channels = {channel for channel, _, _ in first}
    products = {product for _, _, product in first}
    texts = catalog.listing_words(actor=SYSTEM, product_ids=products)
    looks = {
        (each.channel_id, each.item_id): each
        for each in ItemLooks.objects.filter(channel_id__in=channels, item_id__in={item for _, item, _ in first})
    }
    kept = {
        (each.channel_id, each.product_id): each
        for each in Publication.objects.filter(channel_id__in=channels, product_id__in=products)
    }
    return {
        row.id: word_cells(_word_facts(texts[product], looks.get((channel, item)), kept.get((channel, product)), item))
        for (channel, item, product), row in first.items()
        if product in texts
    }


def _word_facts(texts: ListingWords, looks: ItemLooks | None, kept: Publication | None, item: str) -> WordFacts:
    publishing = None
    if kept is not None and is_ours(kept) and kept.item_id in ("", item):
        publishing = Publishing(kept.state, kept.follows, kept.turn > kept.done_turn, kept.sent_at, tuple(kept.reasons))
    shown = Shown(looks.name, looks.description, looks.pictures, looks.seen_at) if looks else None
    return WordFacts(texts.name, texts.description, texts.pictures, shown, publishing)


def _by_channel(rows: Iterable[Listing]) -> dict[Any, list[Listing]]:
    found: dict[Any, list[Listing]] = defaultdict(list)
    for row in rows:
        found[row.channel].append(row)
    return found


def kept_cells(check: ListingCheck) -> list[Cell]:
    """The cells that are put on record as differences. What was never seen, and words that are not ours to say, are
    told where a product is looked at."""
    return [
        each
        for each in check.cells.values()
        if each.reason not in ("", "unread") and not (each.fact in WORDS and each.reason == "by_hand")
    ]


def stale(*, channel_id: int, since: datetime, most: int) -> list[int]:
    """Listings of a channel that were read, acknowledged or refused since a moment, or whose product was sent."""
    pending = Difference.objects.filter(listing=OuterRef("pk"), reason="pending")
    sent = Publication.objects.filter(channel_id=channel_id).filter(
        Q(sent_at__gt=since) | Q(state__in=("refused", "incomplete"), product__in=_pending_products(channel_id))
    )
    items = set(sent.values_list("item_id", flat=True)) - {""}
    rows = Listing.objects.filter(channel_id=channel_id, match_state=MatchState.MATCHED).filter(
        Q(sync__read_at__gt=since)
        | Q(sync__acked_price_at__gt=since)
        | (~Q(sync__price_error_code="") & Exists(pending))
        | Q(item_id__in=items)
    )
    return list(rows.order_by("id").values_list("id", flat=True)[:most])


def _pending_products(channel_id: int) -> Any:
    return Difference.objects.filter(channel_id=channel_id, reason="pending", fact__in=WORDS).values("product_id")
