"""Which products are to be listed on a channel from here, as people say it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db.models import F

from mekong.catalog import queries as catalog
from mekong.channels import hints
from mekong.channels.contracts.publishing import PublicationView, PublishReport
from mekong.channels.errors import ChannelInvalid, ListedByHand, PublicationNotFound
from mekong.channels.models import Publication
from mekong.channels.queries.publishing import find_publisher, prepare, publication_views
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command

MOST_AT_ONCE = 500
_TOLD_AT_ONCE = 20
"""So many products are looked at while a person waits; more are by the worker, a moment later."""


def turn_publications(rows: Any, channel: str, now: datetime) -> int:
    """Have publications looked at again, whatever was sent; how many."""
    ids = list(rows.order_by("id").select_for_update().values_list("id", flat=True))
    if ids:
        Publication.objects.filter(id__in=ids).update(turn=F("turn") + 1, next_at=now, attempts=0)
        hints.send(hints.PUBLICATIONS, channel)
    return len(ids)


@command
def publish_products(*, actor: Actor, channel: str, product_ids: Sequence[int], now: datetime) -> PublishReport:
    """List these products on a channel: each is sent as soon as nothing is missing for it, and kept in step from then on.

    Safe to repeat: one that was published before, hidden or refused, is sent again. Raises: MayNot, ChannelNotFound,
    CannotDo, ChannelInvalid (unknown or too many products, or one in the archive).
    """
    actor.require("channels.manage")
    row = find_publisher(channel)
    wanted = list(dict.fromkeys(product_ids))
    if not wanted or len(wanted) > MOST_AT_ONCE:
        raise ChannelInvalid(field="products", problem="Choose 1 to {most} products.", most=MOST_AT_ONCE)
    known = catalog.products_by_id(actor=SYSTEM, ids=wanted)
    for each in wanted:
        if each not in known:
            raise ChannelInvalid(field="products", problem="One of these products does not exist any more.")
        if known[each].status == "archived":
            problem = "{name} is in the archive. Bring it back first."
            raise ChannelInvalid(field="products", problem=problem, name=known[each].name)
    there = set(Publication.objects.filter(channel=row, product_id__in=wanted).values_list("product_id", flat=True))
    Publication.objects.bulk_create(
        [
            Publication(channel=row, product_id=each, asked_by=actor.ref, asked_at=now, next_at=now)
            for each in wanted
            if each not in there
        ],
        ignore_conflicts=True,
    )
    again = Publication.objects.filter(channel=row, product_id__in=there)
    again.update(is_shown=True)
    turn_publications(again, row.code, now)
    incomplete = 0
    for each in wanted if len(wanted) <= _TOLD_AT_ONCE else ():
        gaps = prepare(row=row, product_id=each).drafted.gaps
        if gaps:
            incomplete += 1
            Publication.objects.filter(channel=row, product_id=each).update(
                gaps=msgspec.to_builtins(list(gaps)), state="incomplete"
            )
    hints.send(hints.PUBLICATIONS, row.code)
    return PublishReport(asked=len(wanted), incomplete=incomplete, known=len(there))


@command
def set_shown(*, actor: Actor, channel: str, product_id: int, is_shown: bool, now: datetime) -> PublicationView:
    """Take a published product off sale on a channel, or put it back. Raises: MayNot, ChannelNotFound, CannotDo,
    PublicationNotFound."""
    actor.require("channels.manage")
    kept = _lock(channel, product_id)
    if kept.is_shown != is_shown:
        kept.is_shown = is_shown
        _again(kept, now)
    return publication_views([kept])[0]


@command
def set_follows(*, actor: Actor, channel: str, product_id: int, follows: bool, now: datetime) -> PublicationView:
    """Whether changes of the catalogue are sent by themselves. Raises: MayNot, ChannelNotFound, CannotDo,
    PublicationNotFound."""
    actor.require("channels.manage")
    kept = _lock(channel, product_id)
    if kept.follows != follows:
        kept.follows = follows
        if follows:
            _again(kept, now)
        else:
            kept.save()
    return publication_views([kept])[0]


@command
def retry_publication(*, actor: Actor, channel: str, product_id: int, now: datetime) -> PublicationView:
    """Send a product again now, whatever was sent before; over what was listed there by hand, where that was met.

    Raises: MayNot, ChannelNotFound, CannotDo, PublicationNotFound.
    """
    actor.require("channels.sync")
    kept = _lock(channel, product_id)
    kept.sent = ""
    kept.takes_over = kept.takes_over or kept.problem.get("code") == ListedByHand.code
    _again(kept, now)
    return publication_views([kept])[0]


@command
def forget_publication(*, actor: Actor, channel: str, product_id: int) -> None:
    """No longer keep a product in step with a channel. What is listed there stays as it is.

    Raises: MayNot, ChannelNotFound, CannotDo, PublicationNotFound.
    """
    actor.require("channels.manage")
    _lock(channel, product_id).delete()


def _lock(channel: str, product_id: int) -> Publication:
    row = find_publisher(channel)
    kept = (
        Publication.objects.select_for_update(of=("self",))
        .select_related("channel")
        .filter(channel=row, product_id=product_id)
        .first()
    )
    if kept is None:
        raise PublicationNotFound(channel=row.name)
    return kept


def _again(kept: Publication, now: datetime) -> None:
    kept.turn += 1
    kept.next_at, kept.attempts = now, 0
    kept.save()
    hints.send(hints.PUBLICATIONS, kept.channel.code)
