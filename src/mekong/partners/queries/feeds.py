"""Feeds: what they are, and the file each has now."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from mekong.foundation.actor import Actor
from mekong.foundation.ids import public
from mekong.partners import vault
from mekong.partners.contracts import FeedFile, FeedReport, FeedView, Finding
from mekong.partners.errors import FeedNotFound
from mekong.partners.models import Feed, FeedBuild
from mekong.partners.rules.feeds import SHAPES


def path_of(row: Feed) -> str:
    return f"/feeds/{vault.unseal(row.sealed_key)}/{row.kind}.{SHAPES[row.kind].suffix}"


def digest_of(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def report_of(kept: dict[str, Any]) -> FeedReport:
    findings = tuple(Finding(str(sku), str(code), bool(out)) for sku, code, out in kept.get("findings", ()))
    return FeedReport(kept.get("rows", 0), kept.get("left_out", 0), kept.get("counts", {}), findings)


def feed_view(row: Feed) -> FeedView:
    build: FeedBuild = row.build
    return FeedView(
        id=row.uid, kind=row.kind, name=row.name, channel=row.channel, link_template=row.link_template,
        brand=row.brand, is_active=row.is_active, path=path_of(row), etag=build.etag, size=build.size,
        built_at=build.built_at, changed_at=build.changed_at, fetched_at=build.fetched_at,
        is_due=build.wanted_at is not None, problem=build.problem, report=report_of(build.report),
    )  # fmt: skip


def find_feed(feed_id: UUID, *, lock: bool = False) -> Feed:
    rows = Feed.objects.select_related("build")
    if lock:
        rows = rows.select_for_update(of=("self",))
    row = rows.filter(uid=feed_id).first()
    if row is None:
        raise FeedNotFound(key=public("fed", feed_id))
    return row


def list_feeds(*, actor: Actor) -> list[FeedView]:
    """Every feed, oldest first. One statement. Raises: MayNot."""
    actor.require("settings.manage")
    return [feed_view(row) for row in Feed.objects.select_related("build").order_by("pk")]


def get_feed(*, actor: Actor, feed_id: UUID) -> FeedView:
    """Raises: MayNot, FeedNotFound."""
    actor.require("settings.manage")
    return feed_view(find_feed(feed_id))


def feed_file(*, key: str, kind: str) -> FeedFile | None:
    """The file that whoever knows this key may read; None when there is none. One statement."""
    row = Feed.objects.select_related("build").filter(key_digest=digest_of(key), kind=kind, is_active=True).first()
    if row is None or not row.build.stem or row.build.changed_at is None:
        return None
    changed: datetime = row.build.changed_at
    return FeedFile(row.build.stem, SHAPES[row.kind].media, row.build.etag, changed)
