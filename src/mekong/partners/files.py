"""The files of feeds: written beside the old one as a stream, put in its place in one step, kept under `feeds/`.

A build reads the catalogue a few hundred variants at a time, so 50,000 take no more memory than 500. The file's name
carries the digest of what is in it; the row that names it is changed last, so a reader has the old file or the new one,
whole, plain and packed alike.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import mkstemp

import structlog
from django.conf import settings
from django.db.models import F, Q

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import ShownVariant
from mekong.foundation.actor import SYSTEM
from mekong.foundation.command import command
from mekong.inventory import queries as inventory
from mekong.partners.contracts import FeedRow, Finding
from mekong.partners.models import Feed, FeedBuild
from mekong.partners.rules import feeds as rules

log = structlog.get_logger(__name__)

EVERY = timedelta(minutes=30)
"""How often a feed is written though nothing was published: sales change stock without an event. Platforms fetch at
most hourly."""
AT_LEAST = timedelta(minutes=1)
"""Between two builds of one feed, however much changes."""
_LEASE = timedelta(minutes=30)
_KEPT_S = 3600
_MOST_FINDINGS = 300


def folder() -> Path:
    return Path(settings.MEKONG.data) / "feeds"


def file_of(stem: str, *, packed: bool) -> Path:
    return folder() / (f"{stem}.gz" if packed else stem)


def build_due(*, now: Callable[[], datetime]) -> int:
    """Write every feed that shows less than what is known, or is half an hour old; how many. One after the other."""
    built = 0
    while (row := _claim(now())) is not None:
        built += 1
        began = now()
        try:
            made = _written(row)
        except Exception as failure:
            log.exception("feed_failed", feed=str(row.uid))
            note_failure(feed=row, problem=f"{type(failure).__name__}: {failure}"[:200], now=now())
        else:
            note_build(feed=row, made=made, began=began, now=now())
    if built:
        _sweep()
    return built


@command
def _claim(now: datetime) -> Feed | None:
    due = Q(wanted_at__isnull=False) | Q(built_at__isnull=True) | Q(built_at__lte=now - EVERY)
    calm = Q(built_at__isnull=True) | Q(built_at__lte=now - AT_LEAST)
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=now)
    row = (
        FeedBuild.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(due, calm, free, feed__is_active=True)
        .order_by(F("built_at").asc(nulls_first=True))
        .first()
    )
    if row is None:
        return None
    row.claimed_until = now + _LEASE
    row.save(update_fields=["claimed_until"])
    return Feed.objects.select_related("build").get(pk=row.feed_id)


@dataclass
class _Made:
    """A file that was written, and what was found on the way."""

    stem: str = ""
    etag: str = ""
    size: int = 0
    rows: int = 0
    left_out: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)


def _written(feed: Feed) -> _Made:
    made = _Made()
    shape = rules.SHAPES[feed.kind]
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    draft, packed_draft = _draft(), _draft()
    digest = hashlib.sha256()
    try:
        with (
            draft.open("wb") as plain,
            packed_draft.open("wb") as under,
            gzip.GzipFile(filename="", fileobj=under, mode="wb", compresslevel=6, mtime=0) as packed,
        ):
            for text in _texts(feed, shape, made):
                data = text.encode()
                digest.update(data)
                plain.write(data)
                packed.write(data)
                made.size += len(data)
            packed.close()
            for file in (plain, under):
                file.flush()
                os.fsync(file.fileno())
        made.etag = digest.hexdigest()
        made.stem = f"{feed.uid.hex}-{made.etag[:16]}.{shape.suffix}"
        packed_draft.replace(file_of(made.stem, packed=True))
        draft.replace(file_of(made.stem, packed=False))
    finally:
        for left in (draft, packed_draft):
            left.unlink(missing_ok=True)
    return made


def _draft() -> Path:
    handle, name = mkstemp(prefix="draft-", dir=folder())
    os.close(handle)
    return Path(name)


def _texts(feed: Feed, shape: rules.Shape, made: _Made) -> Iterator[str]:
    if shape.kind == "google":
        yield rules.google_head(feed.name, feed.link_template.partition("{")[0])
    else:
        yield rules.meta_head()
    write = rules.google_item if shape.kind == "google" else rules.meta_line
    group, seen = "", set()  # type: ignore[var-annotated]  # as `judge` says
    for shown in catalog.shown_variants(actor=SYSTEM):
        free = inventory.availability(channel=feed.channel, variant_ids=[each.id for each in shown])
        for each in shown:
            row = _row(feed, each, free[each.id].quantity if each.id in free else 0)
            if row.group != group:
                group, seen = row.group, set()
            found = rules.judge(row, shape, seen)
            _note(made, found)
            if any(each.is_left_out for each in found):
                made.left_out += 1
                continue
            made.rows += 1
            yield write(row)
    if shape.kind == "google":
        yield rules.GOOGLE_FOOT


def _note(made: _Made, found: list[Finding]) -> None:
    made.counts.update(each.code for each in found)
    # What is left out comes first: notes give way to it.
    made.findings += [each for each in found if each.is_left_out or len(made.findings) < _MOST_FINDINGS // 2]
    if len(made.findings) > 2 * _MOST_FINDINGS:
        made.findings = _most_important(made.findings)


def _most_important(findings: list[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda each: not each.is_left_out)[:_MOST_FINDINGS]


def _row(feed: Feed, shown: ShownVariant, quantity: int) -> FeedRow:
    name = f"{shown.product_name} - {shown.title}" if shown.title else shown.product_name
    options = {rules.option_field(option): value for option, value in shown.options.items()}
    options.pop("", None)
    return FeedRow(
        sku=shown.sku,
        title=rules.plain(name),
        description=rules.plain(shown.description),
        link=rules.link(
            feed.link_template, sku=shown.sku, code=shown.product_code, product=f"prd_{shown.product_uid.hex}"
        ),
        pictures=tuple(f"{settings.MEKONG.base_url}{path}" for path in shown.pictures),
        quantity=quantity,
        allow_backorder=shown.allow_backorder,
        price_minor=shown.price_minor,
        currency=shown.currency,
        brand=rules.plain(shown.brand) or feed.brand,
        gtin=rules.gtin_of(shown.barcodes),
        group=shown.product_code if shown.siblings > 1 else "",
        options={option: rules.plain(str(value)) for option, value in options.items()},
        category=rules.plain(shown.category),
        weight_g=shown.weight_g,
    )


@command
def note_build(*, feed: Feed, made: _Made, began: datetime, now: datetime) -> None:
    """Put the new file in the old one's place. A change since the build began keeps the feed due."""
    row = FeedBuild.objects.select_for_update().filter(feed=feed).first()
    if row is None:
        return
    if row.etag != made.etag or row.stem != made.stem:
        row.stem, row.etag, row.size, row.changed_at = made.stem, made.etag, made.size, now
    row.built_at, row.claimed_until, row.problem = now, None, ""
    if row.wanted_at is not None and row.wanted_at <= began:
        row.wanted_at = None
    findings = [[each.sku, each.code, each.is_left_out] for each in _most_important(made.findings)]
    row.report = {"rows": made.rows, "left_out": made.left_out, "counts": dict(made.counts), "findings": findings}
    row.save()


@command
def note_failure(*, feed: Feed, problem: str, now: datetime) -> None:
    """The build failed: the old file stays, the next try comes with the next round."""
    FeedBuild.objects.filter(feed=feed).update(problem=problem, built_at=now, claimed_until=None, wanted_at=now)


def _sweep() -> None:
    """Delete files that no feed names any more, an hour after they were written: nobody is reading them by then."""
    named = {stem for (stem,) in FeedBuild.objects.exclude(stem="").values_list("stem")}
    for path in folder().iterdir():
        with contextlib.suppress(FileNotFoundError):
            if path.name.removesuffix(".gz") not in named and time.time() - path.stat().st_mtime > _KEPT_S:
                path.unlink()


def note_fetched(*, stem: str, now: datetime) -> None:
    """A platform fetched the file; noted at most once a minute."""
    before = now - timedelta(minutes=1)
    FeedBuild.objects.filter(Q(fetched_at=None) | Q(fetched_at__lt=before), stem=stem).update(fetched_at=now)
