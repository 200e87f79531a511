"""Differences between what channels show and what they should: found, put on record, set right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import connection
from django.db.models import Q

from mekong.catalog import queries as catalog
from mekong.channels import hints, matching
from mekong.channels.commands.prices import set_listing_price
from mekong.channels.commands.publishing import turn_publications
from mekong.channels.contracts import ListingView
from mekong.channels.contracts.consistency import FACTS, PRICES, WISHES, WORDS, RepairReport
from mekong.channels.errors import ChannelInvalid, ListingNotFound, NothingToRepair, ShownPriceMoved
from mekong.channels.models import Checked, Difference, Listing, MatchState, Publication
from mekong.channels.queries.consistency import checks_of, differences, kept_cells
from mekong.channels.queries.publishing import is_ours
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command

MOST_AT_ONCE = 5_000
"""Differences of one repair; a filter with more is repaired by so many at a time."""
REPAIRABLE = ("changed", "refused", "incomplete")

_FORGET = """
    with mine as (
        select listing_id from channels_listingsync where listing_id = any(%s) order by listing_id for no key update)
    update channels_listingsync s
       set acked_price_version = 0, acked_price_minor = null, acked_price_at = null, acked_sale = null,
           price_error_code = '', price_error_params = '{}'
      from mine where s.listing_id = mine.listing_id
"""


# --- found ------------------------------------------------------------------------------------------------------------


@command
def note_checked(*, actor: Actor, listing_ids: Collection[int], now: datetime) -> int:
    """Compare these listings with what they should show, and keep where they differ; how many faults they have.

    Safe to repeat. A few statements, however many listings. Raises: MayNot.
    """
    actor.require("channels.sync")
    # Two that check the same listings take turns, so that the later look has the last word.
    ids = list(
        Listing.objects.select_for_update(of=("self",), no_key=True)
        .filter(id__in=list(listing_ids)).order_by("id").values_list("id", flat=True)
    )  # fmt: skip
    rows = list(
        Listing.objects.select_related("channel", "sync").filter(
            id__in=ids, match_state=MatchState.MATCHED, is_live=True
        )
    )
    products = {each.id: each.product_id for each in matching.variants({row.variant_id or 0 for row in rows}).values()}
    checks = checks_of(rows, now)
    there = {(each.listing_id, each.fact): each for each in Difference.objects.filter(listing_id__in=ids)}
    fresh, moved, faults = [], [], 0
    for row in rows:
        for cell in kept_cells(checks[row.id]) if row.id in checks else ():
            faults += cell.is_fault
            known = there.pop((row.id, cell.fact), None)
            wanted = (cell.reason, cell.is_fault, products[row.variant_id or 0])
            if known is None:
                known = Difference(listing_id=row.id, channel_id=row.channel_id, fact=cell.fact, since=now)
                fresh.append(known)
            elif (known.reason, known.is_fault, known.product_id) != wanted:
                moved.append(known)
            known.reason, known.is_fault, known.product_id = wanted
    Difference.objects.filter(id__in=[each.id for each in there.values()]).delete()
    Difference.objects.bulk_create(
        fresh, batch_size=2000, update_conflicts=True, unique_fields=["listing", "fact"],
        update_fields=["reason", "is_fault", "product"],
    )  # fmt: skip
    Difference.objects.bulk_update(moved, ["reason", "is_fault", "product"], batch_size=2000)
    return faults


@command
def note_whole_check(*, actor: Actor, channel_id: int, now: datetime) -> None:
    """All of a channel's listings were compared; what is known of listings that are ours no more is forgotten.

    Raises: MayNot.
    """
    actor.require("channels.sync")
    gone = ~Q(listing__match_state=MatchState.MATCHED) | Q(listing__is_live=False)
    Difference.objects.filter(gone, channel_id=channel_id).delete()
    Checked.objects.update_or_create(channel_id=channel_id, defaults={"checked_at": now})


# --- set right --------------------------------------------------------------------------------------------------------


@command
def repair_difference(*, actor: Actor, listing_id: int, fact: str, now: datetime) -> RepairReport:
    """Have one fact of a listing set right: a price is pushed anew, words and pictures are published anew.

    Safe to repeat: what stands as it should, or is on its way, is left alone. Raises: MayNot, ListingNotFound,
    ChannelInvalid (no such fact), NothingToRepair (as people wished: prices are not sent there, listed by hand, …).
    """
    actor.require("channels.sync")
    if fact not in FACTS:
        raise ChannelInvalid(field="fact", problem="Choose one of {known}.", known=", ".join(FACTS))
    row = _find(listing_id)
    note_checked(actor=actor, listing_ids=[listing_id], now=now)
    cell = checks_of([row], now)[row.id].cells.get(fact) if row.is_live and row.variant_id else None
    if cell is not None and cell.reason in WISHES:
        raise NothingToRepair(channel=row.channel.name)
    known = Difference.objects.filter(listing=row, fact=fact).first()
    return _repair([known] if known is not None else [], now)


@command
def repair_product(*, actor: Actor, product_id: int, now: datetime, channel: str = "") -> RepairReport:
    """Have all of a product set right, on one channel or on all. Safe to repeat. Raises: MayNot, ChannelNotFound."""
    actor.require("channels.sync")
    note_checked(actor=actor, listing_ids=_listings_of(product_id), now=now)
    return _repair(list(differences(channel=channel).filter(product_id=product_id)), now)


@command
def repair_found(*, actor: Actor, now: datetime, channel: str = "", fact: str = "", reason: str = "") -> RepairReport:
    """Have everything set right that the last check found under a filter, `MOST_AT_ONCE` at a time.

    Safe to repeat: what is on its way is left alone. `left` says how many are still to be asked for. Raises: MayNot,
    ChannelNotFound, ChannelInvalid.
    """
    actor.require("channels.sync")
    rows = differences(channel=channel, fact=fact, reason=reason).filter(reason__in=REPAIRABLE)
    return _repair(list(rows.order_by("id")[:MOST_AT_ONCE]), now, left=max(0, rows.count() - MOST_AT_ONCE))


@command
def accept_price(*, actor: Actor, listing_id: int, price_minor: int, now: datetime) -> ListingView:
    """Take over the price that a platform shows as the listing's own, in place of setting it right there.

    `price_minor`: as the person saw it. Safe to repeat. Raises: MayNot, ListingNotFound, NotMatched, PricesNotSent,
    ShownPriceMoved (it shows another by now), ChannelInvalid.
    """
    actor.require("channels.manage")
    row = _find(listing_id)
    cell = checks_of([row], now)[row.id].cells.get("price") if row.is_live and row.variant_id else None
    if row.own_price_minor != price_minor and (cell is None or cell.shows != price_minor):
        raise ShownPriceMoved(channel=row.channel.name)
    view = set_listing_price(actor=actor, listing_id=listing_id, price_minor=price_minor)
    note_checked(actor=actor, listing_ids=[listing_id], now=now)
    return view


def _find(listing_id: int) -> Listing:
    row = Listing.objects.select_related("channel", "sync").filter(id=listing_id).first()
    if row is None:
        raise ListingNotFound(key=listing_id, channel="–")
    return row


def _listings_of(product_id: int) -> list[int]:
    views = catalog.variants_of(actor=SYSTEM, product_ids=[product_id]).get(product_id, ())
    return list(Listing.objects.filter(variant_id__in=[each.id for each in views]).values_list("id", flat=True))


def _repair(rows: Sequence[Difference], now: datetime, *, left: int = 0) -> RepairReport:
    wrong = [each for each in rows if each.reason in REPAIRABLE]
    prices = sorted({each.listing_id for each in wrong if each.fact in PRICES})
    if prices:
        with connection.cursor() as cursor:
            cursor.execute(_FORGET, [prices])
        Difference.objects.filter(listing_id__in=prices, fact__in=PRICES).filter(is_fault=True).update(reason="pending")
        hints.send(hints.PRICES)
    published = _publish({(each.channel_id, each.product_id) for each in wrong if each.fact in WORDS}, now)
    return RepairReport(prices=len(prices), products=published, waiting=len(rows) - len(wrong), left=left)


def _publish(wanted: Collection[tuple[int, int]], now: datetime) -> int:
    by_channel: dict[int, set[int]] = defaultdict(set)
    for channel, product in wanted:
        by_channel[channel].add(product)
    count = 0
    for channel, products in sorted(by_channel.items()):
        rows = Publication.objects.select_related("channel").filter(
            channel_id=channel, product_id__in=products, follows=True
        )
        ours = [each for each in rows if is_ours(each)]
        if not ours:
            continue
        mine = Publication.objects.filter(id__in=[each.id for each in ours])
        count += turn_publications(mine, ours[0].channel.code, now)
        mine.update(sent="")
        told = Difference.objects.filter(channel_id=channel, fact__in=WORDS, is_fault=True)
        told.filter(product_id__in=[each.product_id for each in ours]).update(reason="pending")
    return count
