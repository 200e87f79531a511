"""A listing's own price, where a channel is to show another than the catalogue's."""

from __future__ import annotations

from collections.abc import Sequence

from mekong.catalog.contracts import KEEP, Keep
from mekong.channels import hints
from mekong.channels.commands.listings import turn
from mekong.channels.contracts import ListingView
from mekong.channels.errors import ChannelInvalid, ListingNotFound, NotListed, NotMatched, OwnPriceMoved, PricesNotSent
from mekong.channels.models import Channel, Listing, MatchState
from mekong.channels.queries import find_channel, listing_views
from mekong.foundation.actor import Actor
from mekong.foundation.command import command

MOST_MINOR = 10**12
"""As much as a price in the catalogue may be."""


@command
def set_own_price(
    *, actor: Actor, channel: str, variant_id: int, price_minor: int | None, seen: int | Keep | None = KEEP
) -> int:
    """Have a channel show this price for a variant, on every listing of it; None: the catalogue's again.

    Pushed as any price is. Safe to repeat: the same price changes nothing. Returns how many listings changed.

    Args:
        price_minor: in the channel's currency.
        seen: the own price (None: none) that the caller saw. When it is another by now, nothing is changed.

    Raises: MayNot, ChannelNotFound, ChannelInvalid, PricesNotSent, NotListed, OwnPriceMoved.
    """
    actor.require("channels.manage")
    _check(price_minor)
    row = find_channel(channel)
    rows = list(
        Listing.objects.select_for_update()
        .filter(channel=row, variant_id=variant_id, match_state=MatchState.MATCHED)
        .order_by("id")
    )
    if not rows:
        raise NotListed(channel=row.name)
    now = {each.own_price_minor for each in rows}
    if seen is not KEEP and now != {seen} and now != {price_minor}:
        current = next(iter(now - {seen}))
        raise OwnPriceMoved(current=current)
    return _write(row, rows, price_minor)


@command
def set_listing_price(*, actor: Actor, listing_id: int, price_minor: int | None) -> ListingView:
    """As `set_own_price`, of one listing alone.

    Raises: MayNot, ListingNotFound, NotMatched, ChannelInvalid, PricesNotSent.
    """
    actor.require("channels.manage")
    _check(price_minor)
    row = Listing.objects.select_for_update(of=("self",)).select_related("channel").filter(id=listing_id).first()
    if row is None:
        raise ListingNotFound(key=listing_id, channel="–")
    if row.match_state != MatchState.MATCHED:
        raise NotMatched(key=listing_id)
    _write(row.channel, [row], price_minor)
    return listing_views(rows=[row])[0]


def _check(price_minor: int | None) -> None:
    if price_minor is not None and not 0 < price_minor <= MOST_MINOR:
        raise ChannelInvalid(field="price_minor", problem="Send a whole number from 1 to {limit}.", limit=MOST_MINOR)


def _write(channel: Channel, rows: Sequence[Listing], price_minor: int | None) -> int:
    changed = [each for each in rows if each.own_price_minor != price_minor]
    if changed and price_minor is not None and not channel.price_sync:
        raise PricesNotSent(channel=channel.name)
    for each in changed:
        each.own_price_minor = price_minor
    Listing.objects.bulk_update(changed, ["own_price_minor"])
    if changed:
        turn(channel.code, [each.id for each in changed])
        hints.send(hints.PRICES)
    return len(changed)
