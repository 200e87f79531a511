"""What people and the machine do with product feeds. The files are written by `mekong.partners.files`."""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID

from mekong.channels.queries import get_channel
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.partners import vault
from mekong.partners.contracts import FeedView
from mekong.partners.errors import FeedInvalid
from mekong.partners.models import Feed, FeedBuild
from mekong.partners.queries.feeds import digest_of, feed_view, find_feed
from mekong.partners.rules import feeds as rules


def _text(value: str, field: str, most: int, *, least: int = 1) -> str:
    value = value.strip()
    if not least <= len(value) <= most or any(letter < " " for letter in value):
        raise FeedInvalid(field=field, problem="From {least} to {most} characters are needed.", least=least, most=most)
    return value


def _template(value: str) -> str:
    value = value.strip()
    problem = rules.template_problem(value)
    if problem:
        raise FeedInvalid(field="link_template", problem=problem)
    return value


def _channel(code: str) -> str:
    """Raises: ChannelNotFound."""
    return get_channel(actor=SYSTEM, code=code).code


def _give_path(row: Feed) -> None:
    key = secrets.token_urlsafe(32)
    row.sealed_key, row.key_digest = vault.seal(key), digest_of(key)


@command
def create_feed(
    *, actor: Actor, kind: str, name: str, channel: str, link_template: str, brand: str = "", now: datetime
) -> FeedView:
    """A feed under an address nobody can guess; its file is there within a minute.

    Args:
        channel: whose figures it shows: what that channel may sell is in stock.
        link_template: the shop's page of a variant, with {sku}, {code} or {product} in it.
        brand: of goods that name none.

    Raises: MayNot, FeedInvalid, ChannelNotFound.
    """
    actor.require("settings.manage")
    if kind not in rules.SHAPES:
        raise FeedInvalid(field="kind", problem="Choose google or meta.")
    row = Feed(
        kind=kind, name=_text(name, "name", 80), channel=_channel(channel), link_template=_template(link_template),
        brand=_text(brand, "brand", 70, least=0), created_at=now,
    )  # fmt: skip
    _give_path(row)
    row.save()
    row.build = FeedBuild.objects.create(feed=row, wanted_at=now)
    return feed_view(row)


@command
def update_feed(
    *,
    actor: Actor,
    feed_id: UUID,
    name: str | None = None,
    channel: str | None = None,
    link_template: str | None = None,
    brand: str | None = None,
    is_active: bool | None = None,
    now: datetime,
) -> FeedView:
    """Change what is given; the file follows within a minute. One that is not active answers as if it were not there.

    Raises: MayNot, FeedNotFound, FeedInvalid, ChannelNotFound.
    """
    actor.require("settings.manage")
    row = find_feed(feed_id, lock=True)
    if name is not None:
        row.name = _text(name, "name", 80)
    if channel is not None:
        row.channel = _channel(channel)
    if link_template is not None:
        row.link_template = _template(link_template)
    if brand is not None:
        row.brand = _text(brand, "brand", 70, least=0)
    if is_active is not None:
        row.is_active = is_active
    row.save()
    _want(row, now)
    return feed_view(row)


def _want(row: Feed, now: datetime) -> None:
    FeedBuild.objects.filter(feed=row).update(wanted_at=now)
    row.build.wanted_at = now


@command
def want_feed(*, actor: Actor, feed_id: UUID, now: datetime) -> FeedView:
    """Have the file written anew. Safe to repeat. Raises: MayNot, FeedNotFound."""
    actor.require("settings.manage")
    row = find_feed(feed_id, lock=True)
    _want(row, now)
    return feed_view(row)


@command
def want_feeds(*, actor: Actor, now: datetime) -> None:
    """Something that feeds show has changed. One statement, which changes nothing when they are due already."""
    actor.require("settings.manage")
    FeedBuild.objects.filter(wanted_at=None, feed__is_active=True).update(wanted_at=now)


@command
def change_feed_path(*, actor: Actor, feed_id: UUID, now: datetime) -> FeedView:
    """Another address for a feed; the old one ends at once. Raises: MayNot, FeedNotFound."""
    actor.require("settings.manage")
    row = find_feed(feed_id, lock=True)
    _give_path(row)
    row.save()
    _want(row, now)
    return feed_view(row)


@command
def remove_feed(*, actor: Actor, feed_id: UUID) -> None:
    """Take a feed away; its file is deleted with the next tidying. Raises: MayNot, FeedNotFound."""
    actor.require("settings.manage")
    find_feed(feed_id, lock=True).delete()
