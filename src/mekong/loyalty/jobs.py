"""Points end and tiers are judged by the worker."""

from __future__ import annotations

from datetime import UTC, datetime

from procrastinate.contrib.django import app

from mekong.foundation.actor import SYSTEM
from mekong.loyalty.commands import expire_points, review_tiers


@app.periodic(cron="7 * * * *")
@app.task(name="loyalty.expire_points", queueing_lock="loyalty.expire_points")
def expire(timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes the moment it was due
    """Write down what has ended, a few accounts at a time."""
    while expire_points(actor=SYSTEM, now=datetime.now(UTC)):
        continue


@app.periodic(cron="11 17 * * *")
@app.task(name="loyalty.review_tiers", queueing_lock="loyalty.review_tiers")
def review(timestamp: int) -> None:  # noqa: ARG001 - as above
    """Judge the tiers whose validity is over, just after midnight in Ho Chi Minh City."""
    while review_tiers(actor=SYSTEM, now=datetime.now(UTC)):
        continue
