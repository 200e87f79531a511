"""What the lanes count, and that a database that does not answer is a figure and not an error."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.db import OperationalError
from prometheus_client import generate_latest

from mekong.faces.express import metrics


def test_a_lane_counts_by_route_and_class_of_status() -> None:
    lane = metrics.Lane("test")
    for status, seconds in ((200, 0.001), (201, 0.005), (404, 0.2), (503, 9.0), (0, None)):
        lane.add("/a", status, seconds)
    assert lane.routes == {"/a": [1, 0, 2, 0, 1, 1]}
    assert lane.buckets == [2, 0, 0, 1, 0, 0, 0, 0, 1]
    assert lane.seconds == pytest.approx(9.206)


def test_the_other_lane_is_counted_by_the_route_that_django_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    lane = metrics.Lane("django")
    monkeypatch.setattr(metrics, "django", lane)

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        scope["mekong.route"] = "/orders/<str:code>/"
        await send({"type": "http.response.start", "status": 302})
        raise RuntimeError("the caller hung up")

    async def nothing(*_: Any) -> Any:
        return {}

    with pytest.raises(RuntimeError):
        asyncio.run(metrics.counted(app, {"path": "/orders/DH-1/"}, nothing, nothing))
    assert lane.routes == {"/orders/<str:code>/": [0, 0, 0, 1, 0, 0]}


def test_without_a_database_the_process_still_tells_what_it_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> Any:
        raise OperationalError("the server is away")

    monkeypatch.setattr(metrics.transaction, "atomic", refuse)
    metrics.reader.forget()
    text = generate_latest().decode()
    metrics.reader.forget()
    assert "mekong_database_up 0.0" in text
    assert "mekong_batches_total" in text
    assert "mekong_channel" not in text
