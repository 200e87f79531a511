"""Feeds are written, and old messages forgotten, by the worker."""

from __future__ import annotations

from datetime import UTC, datetime

from procrastinate.contrib.django import app

from mekong.foundation.actor import SYSTEM
from mekong.partners import files
from mekong.partners.commands import forget_messages


def _now() -> datetime:
    return datetime.now(UTC)


@app.periodic(cron="* * * * *")
@app.task(name="partners.build_feeds", queueing_lock="partners.build_feeds")
def build_feeds(timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes the moment it was due
    """Write the feeds that are due."""
    files.build_due(now=_now)


@app.periodic(cron="41 * * * *")
@app.task(name="partners.forget_messages", queueing_lock="partners.forget_messages")
def forget(timestamp: int) -> None:  # noqa: ARG001 - as above
    """Forget what was sent a month ago."""
    while forget_messages(actor=SYSTEM, now=_now()):
        continue
