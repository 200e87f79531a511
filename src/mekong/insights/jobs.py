"""Figures are counted while nobody waits for them."""

from __future__ import annotations

from datetime import UTC, datetime

from procrastinate.contrib.django import app

from mekong.foundation.actor import SYSTEM
from mekong.insights.commands import count_sales


@app.periodic(cron="*/10 * * * *")
@app.task(name="insights.count_sales", queueing_lock="insights.count_sales")
def count(timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes the moment it was due
    """Every ten minutes: the whole window is counted anew within three hours."""
    count_sales(actor=SYSTEM, now=datetime.now(UTC))
