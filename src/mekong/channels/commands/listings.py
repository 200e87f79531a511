"""What is listed on a channel, and which variant of ours each listing is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db import connection

from mekong.channels import hints, matching
from mekong.channels.commands.accounts import lock as lock_channel
from mekong.channels.commands.incidents import note_act
from mekong.channels.commands.looks import keep_looks, keep_reads
from mekong.channels.contracts import ListingView, PullReport
from mekong.channels.errors import ChannelInvalid, ListingNotFound
from mekong.channels.models import Channel, Listing, ListingSync, MatchState
from mekong.channels.queries import find_channel, listing_views
from mekong.channels.rules import Match
from mekong.channels.socket import ListingKey, RemoteListing
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.errors import OutOfScope
from mekong.orders import commands as orders
from mekong.orders import queries as order_queries
from mekong.orders.errors import LineMatched, OrderNotFound

TURN = """
    with mine as (
        select listing_id from channels_listingsync where listing_id = any(%s) order by listing_id for no key update)
    update channels_listingsync s
       set turn = s.turn + 1, is_parked = false, attempts = 0, next_attempt_at = null, failed_quantity = null,
           error_code = '', error_params = '{}',
           acked_price_version = case when asked.price then 0 else acked_price_version end,
           price_error_code = case when asked.price then '' else price_error_code end,
           price_error_params = case when asked.price then '{}' else price_error_params end
      from mine, (select %s::bool as price) asked where s.listing_id = mine.listing_id
"""


def turn(channel: str, listing_ids: Sequence[int], *, price: bool = True) -> None:
    """Have the worker set these listings right, whatever was acknowledged before; inside the caller's command."""
    if not listing_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(TURN, [list(listing_ids), price])
    hints.listings(channel, list(listing_ids))


@command
def store_listings(*, actor: Actor, channel: str, listings: Sequence[RemoteListing], now: datetime) -> PullReport:
    """Keep a page of what a channel lists. New and unmatched ones are matched by SKU, then by barcode.

    A match made by hand, and a listing ignored by hand, stay as they are. What the platform refused before is tried
    again where the listing has changed. Seven statements a page.
    """
    actor.require("channels.sync")
    row = Channel.objects.get(code=channel)
    unique = {listing.key: listing for listing in listings}
    there = {
        (each.item_id, each.model_id): each
        for each in Listing.objects.select_for_update()
        .filter(channel=row, item_id__in={key.item_id for key in unique})
        .order_by("id")
    }
    open_ones = [
        each
        for key, each in unique.items()
        if (known := there.get((key.item_id, key.model_id))) is None or _may_match(known, each)
    ]
    matches = matching.match_all(open_ones)
    fresh, changed, dirty, ambiguous = [], [], [], 0
    for key, each in unique.items():
        known = there.get((key.item_id, key.model_id))
        found = matches.get(key)
        ambiguous += found is not None and found.reason == "ambiguous"
        if known is None:
            known = Listing(channel=row, item_id=key.item_id, model_id=key.model_id)
            _apply(known, each, found, now)
            fresh.append(known)
        elif _apply(known, each, found, now):
            changed.append(known)
            dirty.append(known.id)
    made = Listing.objects.bulk_create(fresh)
    ListingSync.objects.bulk_create(
        ListingSync(
            listing=each,
            remote_quantity=unique_of.quantity,
            remote_price_minor=unique_of.price_minor,
            remote_sale_minor=unique_of.sale_minor,
            remote_sale_ends_at=unique_of.sale_ends_at,
            read_at=now,
        )
        for each, unique_of in ((each, _remote(unique, each)) for each in made)
    )
    Listing.objects.bulk_update(
        [*changed],
        ["remote_sku", "name", "barcode", "url", "image_url", "is_live", "variant", "match_state", "match_how",
         "match_reason", "pulled_at", "own_price_minor"],
    )  # fmt: skip
    kept = [each.id for each in there.values() if each.id not in set(dirty)]
    Listing.objects.filter(id__in=kept).update(pulled_at=now)
    seen = {each.id: unique[ListingKey(*key)] for key, each in there.items() if ListingKey(*key) in unique}
    keep_reads(seen, now)
    keep_looks(row.id, unique.values(), now)
    turn(channel, dirty)
    if made:
        hints.listings(channel, [each.id for each in made if each.match_state == MatchState.MATCHED])
    everything = [*made, *there.values()]
    matched = sum(each.match_state == MatchState.MATCHED for each in everything)
    unmatched = sum(each.match_state == MatchState.UNMATCHED for each in everything)
    return PullReport(channel, len(unique), len(made), matched, unmatched, ambiguous, 0)


def _remote(unique: Mapping[ListingKey, RemoteListing], listing: Listing) -> RemoteListing:
    return unique[ListingKey(listing.item_id, listing.model_id)]


def _may_match(known: Listing, remote: RemoteListing) -> bool:
    if known.match_how == "hand" or known.match_state == MatchState.IGNORED:
        return False
    return (
        known.match_state == MatchState.UNMATCHED
        or known.remote_sku != remote.sku[:120]
        or known.barcode != remote.barcode[:64]
    )


def _apply(known: Listing, remote: RemoteListing, match: Match | None, now: datetime) -> bool:
    """Take over what the platform shows; whether anything that matters to the sync changed."""
    before = (known.remote_sku, known.is_live, known.variant_id, known.match_state, known.name, known.url)
    known.remote_sku, known.name = remote.sku[:120], remote.name[:500]
    known.barcode, known.url, known.image_url = remote.barcode[:64], remote.url[:500], remote.image_url[:500]
    known.is_live, known.pulled_at = remote.is_active, now
    if match is not None:
        if known.variant_id != match.variant_id:
            known.own_price_minor = None
        known.variant_id = match.variant_id
        known.match_state = MatchState.MATCHED if match.variant_id else MatchState.UNMATCHED
        known.match_how, known.match_reason = match.how, match.reason
    return before != (known.remote_sku, known.is_live, known.variant_id, known.match_state, known.name, known.url)


@command
def mark_gone(*, actor: Actor, channel: str, pulled_before: datetime) -> int:
    """Listings that a whole pull, begun at this moment, did not meet again are no longer on sale; how many."""
    actor.require("channels.sync")
    return Listing.objects.filter(channel__code=channel, pulled_at__lt=pulled_before, is_live=True).update(
        is_live=False
    )


def _lock(listing_id: int) -> Listing:
    row = Listing.objects.select_for_update(of=("self",)).select_related("channel").filter(id=listing_id).first()
    if row is None:
        raise ListingNotFound(key=listing_id, channel="–")
    return row


@command
def match_listing(*, actor: Actor, listing_id: int, sku: str) -> ListingView:
    """Say by hand which variant a listing is; its stock is pushed from now on.

    Raises: MayNot, ListingNotFound, ChannelInvalid (no such SKU).
    """
    actor.require("channels.manage")
    row = _lock(listing_id)
    variant = matching.variant_by_sku(sku)
    if variant is None:
        raise ChannelInvalid(field="sku", problem="SKU {sku} does not exist. Check it in the catalogue.", sku=sku)
    if row.variant_id != variant.id:
        row.variant_id, row.match_state = variant.id, MatchState.MATCHED
        row.match_how, row.match_reason, row.own_price_minor = "hand", "", None
        row.save(update_fields=["variant", "match_state", "match_how", "match_reason", "own_price_minor"])
        turn(row.channel.code, [row.id])
    return listing_views(rows=[row])[0]


@command
def match_listings(*, actor: Actor, channel: str, chosen: Mapping[int, str]) -> int:
    """Say of many unmatched listings of a channel which SKU each is: {listing id: SKU}; all of them or none.

    Those that were matched or left alone meanwhile stay as they are; returns how many were matched.
    Raises: MayNot, ChannelNotFound, ChannelInvalid (no such SKU).
    """
    actor.require("channels.manage")
    known = matching.skus(set(chosen.values()))
    for sku in chosen.values():
        if sku not in known:
            raise ChannelInvalid(field="sku", problem="SKU {sku} does not exist. Check it in the catalogue.", sku=sku)
    rows = Listing.objects.select_for_update(of=("self",)).filter(
        id__in=list(chosen), channel=find_channel(channel), match_state=MatchState.UNMATCHED
    )
    matched = []
    for row in rows.order_by("id"):
        row.variant_id, row.match_state = known[chosen[row.id]], MatchState.MATCHED
        row.match_how, row.match_reason = "hand", ""
        matched.append(row)
    Listing.objects.bulk_update(matched, ["variant", "match_state", "match_how", "match_reason"])
    turn(channel, [row.id for row in matched])
    return len(matched)


def resolve_held_lines(*, actor: Actor, channel: str, listing_ids: Collection[int], now: datetime) -> int:
    """Match the open order lines that were sold from these listings as the listings are matched now; how many.

    Each order is a transaction of its own; one that cannot be mended so stays held. Raises: MayNot.
    """
    rows = Listing.objects.filter(id__in=listing_ids, channel__code=channel, match_state=MatchState.MATCHED)
    named = {f"{row.item_id}:{row.model_id}": row.variant_id for row in rows if row.variant_id is not None}
    variants = matching.variants(set(named.values()))
    resolved = 0
    for code, line, listing in order_queries.open_lines(actor=actor, channel=channel, listings=named):
        try:
            orders.match_line(actor=actor, code=code, line=line, sku=variants[named[listing]].sku, now=now)
        except (OutOfScope, LineMatched, OrderNotFound):
            continue
        resolved += 1
    return resolved


@command
def unmatch_listing(*, actor: Actor, listing_id: int) -> ListingView:
    """Take a wrong match away; the listing's stock is left as it stands until it is matched again."""
    return _leave(actor, listing_id, MatchState.UNMATCHED, "by_hand")


@command
def ignore_listing(*, actor: Actor, listing_id: int) -> ListingView:
    """Leave a listing alone for good: it is none of ours, or somebody else keeps it."""
    return _leave(actor, listing_id, MatchState.IGNORED, "by_hand")


def _leave(actor: Actor, listing_id: int, state: MatchState, reason: str) -> ListingView:
    actor.require("channels.manage")
    row = _lock(listing_id)
    row.variant_id, row.match_state, row.match_how, row.match_reason = None, state, "hand", reason
    row.own_price_minor = None
    row.save(update_fields=["variant", "match_state", "match_how", "match_reason", "own_price_minor"])
    turn(row.channel.code, [row.id])
    return listing_views(rows=[row])[0]


@command
def set_listing_sync(*, actor: Actor, listing_id: int, on: bool) -> ListingView:
    """Keep a listing's stock in step, or leave it to the platform for a while."""
    actor.require("channels.manage")
    row = _lock(listing_id)
    if row.is_synced != on:
        row.is_synced = on
        row.save(update_fields=["is_synced"])
        turn(row.channel.code, [row.id])
    return listing_views(rows=[row])[0]


@command
def retry_listing(*, actor: Actor, listing_id: int) -> ListingView:
    """Try again what the platform refused, now."""
    actor.require("channels.sync")
    row = _lock(listing_id)
    turn(row.channel.code, [row.id])
    return listing_views(rows=[row])[0]


@command
def retry_refused(*, actor: Actor, channel: str, error: str, remote_code: str = "") -> int:
    """Try again, now, every listing of a channel that stands with this error; how many. A repeat does no harm."""
    actor.require("channels.sync")
    row = lock_channel(channel)
    rows = Listing.objects.filter(channel=row, match_state=MatchState.MATCHED, is_synced=True, sync__error_code=error)
    if remote_code:
        rows = rows.filter(sync__error_params__remote_code=remote_code)
    ids = list(rows.order_by("id").values_list("id", flat=True))
    turn(row.code, ids)
    return len(ids)


@command
def push_now(*, actor: Actor, channel: str) -> int:
    """Push every matched listing of a channel again, whatever was acknowledged; how many."""
    actor.require("channels.sync")
    row = lock_channel(channel)
    ids = list(
        Listing.objects.filter(channel=row, match_state=MatchState.MATCHED, is_synced=True)
        .order_by("id")
        .values_list("id", flat=True)
    )
    note_act(row, actor, "push")
    turn(row.code, ids)
    return len(ids)
