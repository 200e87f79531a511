"""Housekeeping of the ground floor, run by the worker."""

from __future__ import annotations

from datetime import UTC, datetime

from procrastinate.contrib.django import app

from mekong.foundation import idempotency


@app.periodic(cron="23 * * * *")
@app.task(name="foundation.purge_idempotency", queueing_lock="foundation.purge_idempotency")
def purge_idempotency(timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes the moment it was due
    """Drop answers to idempotent writes that are older than 48 hours."""
    while idempotency.purge(now=datetime.now(UTC)):
        continue
