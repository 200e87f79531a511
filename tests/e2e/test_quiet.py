"""What a shop's own machine writes down while people work: little, and nothing that went wrong inside."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from tests.e2e.conftest import Installation
from tests.support.marketplaces import eventually


def lines(installation: Installation, process: str) -> list[dict[str, Any]]:
    text = (installation.data / "logs" / f"{process}.log").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines() if line.startswith("{") and line.endswith("}")]


def test_every_event_is_heard_and_nothing_breaks_inside(installation: Installation) -> None:
    said = [each for process in ("web", "worker") for each in lines(installation, process)]
    assert [each for each in said if each["event"] == "delivery_failed" or each["level"] in ("error", "critical")] == []


def test_channels_that_cannot_work_are_not_tried_without_pause(installation: Installation) -> None:
    """The keys of the furnished shop are of no platform: its channels fail as they do where a key was typed wrong."""

    def polls_failed() -> int:
        return sum(each["event"] == "poll_failed" for each in lines(installation, "worker"))

    assert eventually(lambda: polls_failed() >= 5)
    busiest = Counter(each["timestamp"][:18] for each in lines(installation, "worker"))  # ten seconds each
    assert max(busiest.values()) < 60, busiest.most_common(3)
