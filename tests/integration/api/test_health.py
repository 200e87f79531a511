"""The health of channels over the API."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from mekong.channels import commands
from mekong.channels.commands import Facts
from mekong.channels.models import Incident
from mekong.foundation.actor import SYSTEM
from tests.support.http import refused, send
from tests.support.people import NOON, a_caller

pytestmark = pytest.mark.django_db
WEB = "/api/v1/channels/web"


@pytest.fixture
def caller() -> Client:
    return a_caller()


def an_outage() -> int:
    commands.note_trouble(
        actor=SYSTEM, code="web", is_lost=False, problem={"code": "unavailable", "params": {}}, since=NOON,
        facts=Facts(3, 5), now=NOON + timedelta(minutes=1),
    )  # fmt: skip
    return Incident.objects.get().id


def test_health_names_open_incidents_and_a_person_says_to_know_of_one(caller: Client) -> None:
    incident = an_outage()
    health = caller.get(f"{WEB}/health").json()
    assert [each["kind"] for each in health["open_incidents"]] == ["outage"]
    assert [each["what"] for each in health["open_incidents"][0]["steps"]] == ["began", "tried"]
    assert caller.get(WEB).json()["incidents"] == ["outage"]
    for _ in range(2):
        assert send(caller, f"{WEB}/incidents/{incident}/hush", b"").status_code == 204
    assert caller.get(WEB).json()["incidents"] == []
    (found,) = caller.get(f"{WEB}/incidents").json()["items"]
    assert found["hushed_at"] is not None
    assert found["ended_at"] is None


def test_read_backs_are_listed_with_what_differed(caller: Client) -> None:
    run = commands.begin_audit(actor=SYSTEM, channel="web", asked=3, now=NOON)
    commands.note_audited(actor=SYSTEM, run=run, read=2, missing=1, differences=[], now=NOON)
    commands.end_audit(actor=SYSTEM, run=run, error=None, now=NOON)
    (found,) = caller.get(f"{WEB}/audits").json()["items"]
    assert (found["state"], found["read"], found["missing"]) == ("done", 2, 1)
    assert caller.get(f"{WEB}/audits/{run}").json() == {"items": []}


def test_what_is_not_there_is_named(caller: Client) -> None:
    incident = an_outage()
    assert refused(caller.get("/api/v1/channels/nowhere/health"), 404)["code"] == "channels.channel_not_found"
    assert refused(caller.get("/api/v1/channels/nowhere/incidents"), 404)["code"] == "channels.channel_not_found"
    assert refused(caller.get("/api/v1/channels/nowhere/audits"), 404)["code"] == "channels.channel_not_found"
    assert refused(caller.get(f"{WEB}/audits/99"), 404)["code"] == "channels.audit_not_found"
    unknown = send(caller, f"/api/v1/channels/store/incidents/{incident}/hush", b"")
    assert refused(unknown, 404)["code"] == "channels.incident_not_found"
    cashier = a_caller("orders.view")
    assert cashier.get(f"{WEB}/health").status_code == 403
    assert send(cashier, f"{WEB}/incidents/{incident}/hush", b"").status_code == 403
