"""Gift cards and games end, and what is held of cards is given free, by the worker."""

from __future__ import annotations

from datetime import UTC, datetime

from procrastinate.contrib.django import app

from mekong.pricing import commands, redeeming


@app.periodic(cron="17 * * * *")
@app.task(name="pricing.expire_cards", queueing_lock="pricing.expire_cards")
def expire_cards(timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes the moment it was due
    """Give free what is held beyond its time, and book the end of cards whose time is up."""
    now = datetime.now(UTC)
    while commands.release_due(now=now):
        continue
    while commands.expire_cards(now=now):
        continue


@app.periodic(cron="* * * * *")
@app.task(name="pricing.end_games", queueing_lock="pricing.end_games")
def end_games(timestamp: int) -> None:  # noqa: ARG001 - as above
    """End the games whose time is up, and reveal their seeds."""
    commands.end_games(now=datetime.now(UTC))


@app.periodic(cron="* * * * *")
@app.task(name="pricing.lapse", queueing_lock="pricing.lapse")
def lapse(timestamp: int) -> None:  # noqa: ARG001 - as above
    """Give free what checkouts that were left hold of offers."""
    redeeming.lapse(datetime.now(UTC))
