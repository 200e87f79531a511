"""How channels do: incidents in steps, read-backs on record, silence, delays, rates, and the errors people mend."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections

from mekong.channels import checks, commands, queries, registry, remote
from mekong.channels.commands import Facts
from mekong.channels.errors import AuditRunNotFound, AuditUnderWay, ChannelNotFound, ChannelTaken, IncidentNotFound
from mekong.channels.models import AuditRun, Channel, Habit, Incident, IncidentStep, ListingSync
from mekong.channels.pacing import Pace
from mekong.channels.socket import RateLimit, Secrets, Tokens
from mekong.channels.sync.desk import Desk, Ledger
from mekong.channels.sync.figures import Counts, Rates, write_down
from mekong.channels.sync.runner import Runner
from mekong.channels.sync.threads import Threads
from mekong.channels.sync.troubles import Troubles
from mekong.channels.transport import Lane
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.errors import MayNot, NeedsReconnect, Unavailable
from tests.support.bazaar import Platform, plug
from tests.support.marketplaces import HURRY, a_catalogue, close_all
from tests.support.orders import a_draft, accept
from tests.support.people import an_actor

NOON = datetime(2026, 11, 17, 5, 0, tzinfo=UTC)
"""Tuesday, twelve o'clock in Saigon."""
NOBODY = Actor(kind="person", ref="person:9", name="Lan", permissions=frozenset())
AWAY = {"code": "unavailable", "params": {"reason": "503"}}
MINUTE = timedelta(minutes=1)


@pytest.fixture
def platform(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    platform = Platform()
    monkeypatch.setattr(registry, "connectors", lambda: {"bazaar": plug(platform)})
    a_catalogue(["AO-1", "AO-2"], 10)
    for sku in ("AO-1", "AO-2"):
        platform.list_sku(sku)
    now = datetime.now(UTC)
    commands.create_channel(actor=SYSTEM, code="bz", name="Bazaar", kind="bazaar", shop_id="1", now=now)
    commands.connect(actor=SYSTEM, code="bz", secrets=Secrets("k", "s", "t", "r"), now=now)
    remote.pull_listings(actor=SYSTEM, channel="bz")
    yield platform
    close_all()


def trouble(now: datetime, *, since: datetime = NOON, is_lost: bool = False, **facts: Any) -> None:
    commands.note_trouble(
        actor=SYSTEM, code="web", is_lost=is_lost, problem=AWAY, facts=Facts(**facts), since=since, now=now
    )


def steps(incident: Incident | None = None) -> list[tuple[str, int]]:
    found = incident or Incident.objects.get()
    return [(step.what, step.count) for step in IncidentStep.objects.filter(incident=found).order_by("id")]


# --- flows -----------------------------------------------------------------------------------------------------------


def test_flows_are_what_the_channels_say_of_themselves(platform: Platform) -> None:
    trouble(NOON + MINUTE)
    Channel.objects.filter(code="phone").update(is_active=False)
    Channel.objects.filter(code="bz").update(
        health={"p50_ms": 184.5, "p95_ms": 900.0, "acked": 7, "is_breaker_open": True, "lanes": {}, "other": 1},
        seen_at=NOON,
    )
    for state in ("connected", "needs_reconnect"):
        Channel.objects.filter(code="bz").update(state=state)
        views = {each.code: each for each in queries.list_channels(actor=SYSTEM)}
        flows = {each.code: each for each in queries.list_flows(actor=SYSTEM)}
        assert flows.keys() == views.keys()
        for code, flow in flows.items():
            assert {name: getattr(views[code], name) for name in flow.__dataclass_fields__} == vars(flow), code
        assert flows["web"].incidents == {"outage"}
        assert flows["bz"].is_authorised is (state == "connected")
        assert flows["bz"].figures.p50_ms == 184.5
    with pytest.raises(MayNot):
        queries.list_flows(actor=NOBODY)


# --- incidents --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_incident_is_told_in_steps_from_its_beginning_to_the_catching_up():
    trouble(NOON + MINUTE, tries=3, waiting=4)
    trouble(NOON + 2 * MINUTE, tries=2, waiting=7, is_held_back=True, failures=8)
    trouble(NOON + 3 * MINUTE, tries=1, waiting=9, is_held_back=True, failures=9)
    assert commands.note_well(actor=SYSTEM, code="web", waiting=9, now=NOON + 4 * MINUTE)
    commands.note_caught_up(actor=SYSTEM, code="web", sent=9, began=NOON + 4 * MINUTE, now=NOON + 5 * MINUTE)

    (view,) = queries.list_incidents(actor=SYSTEM, channel="web")
    assert [(step.what, step.count) for step in view.steps] == [
        ("began", 1), ("tried", 3), ("held_back", 1), ("tried", 3), ("ended", 1), ("caught_up", 1),
    ]  # fmt: skip
    assert (view.kind, view.began_at, view.ended_at) == ("outage", NOON, NOON + 4 * MINUTE)
    assert view.steps[3].at == NOON + 2 * MINUTE
    assert view.steps[3].last_at == NOON + 3 * MINUTE
    assert view.steps[3].params["waiting"] == 9
    assert view.steps[5].params == {"sent": 9, "took_s": 60}


@pytest.mark.django_db
def test_an_incident_that_is_back_within_minutes_is_the_same_one_and_later_a_new_one():
    trouble(NOON)
    commands.note_well(actor=SYSTEM, code="web", waiting=0, now=NOON + MINUTE)
    trouble(NOON + 3 * MINUTE, since=NOON + 3 * MINUTE)
    assert steps() == [("began", 1), ("ended", 1), ("again", 1)]

    commands.note_well(actor=SYSTEM, code="web", waiting=0, now=NOON + 4 * MINUTE)
    trouble(NOON + 10 * MINUTE, since=NOON + 10 * MINUTE)
    assert Incident.objects.count() == 2


@pytest.mark.django_db
def test_what_is_well_and_stays_well_leaves_no_record():
    assert not commands.note_well(actor=SYSTEM, code="web", waiting=0, now=NOON)
    commands.note_caught_up(actor=SYSTEM, code="web", sent=3, began=NOON, now=NOON)
    assert not Incident.objects.exists()


@pytest.mark.django_db
def test_lost_access_takes_over_from_an_outage_and_what_people_do_about_it_is_a_step():
    trouble(NOON, tries=1)
    trouble(NOON + MINUTE, is_lost=True)
    kinds = {each.kind: each for each in Incident.objects.all()}
    assert kinds["outage"].ended_at == NOON + MINUTE
    assert kinds["access"].ended_at is None
    assert queries.get_channel(actor=SYSTEM, code="web").incidents == {"access"}

    commands.pause_channel(actor=SYSTEM, code="web")
    kinds["access"].refresh_from_db()
    assert kinds["access"].ended_at is not None, "nobody watches a paused channel"
    assert steps(kinds["access"])[-1][0] == "acted"
    commands.pause_channel(actor=SYSTEM, code="web")
    assert len(steps(kinds["access"])) == 2, "a second pause says nothing new"


@pytest.mark.django_db
def test_an_incident_somebody_knows_of_raises_no_alarm_and_stays_open():
    trouble(NOON)
    incident = Incident.objects.get()
    with pytest.raises(MayNot):
        commands.hush_incident(actor=NOBODY, code="web", incident_id=incident.id, now=NOON)
    with pytest.raises(IncidentNotFound):
        commands.hush_incident(actor=SYSTEM, code="store", incident_id=incident.id, now=NOON)
    with pytest.raises(ChannelNotFound):
        commands.hush_incident(actor=SYSTEM, code="nowhere", incident_id=incident.id, now=NOON)
    assert queries.get_channel(actor=SYSTEM, code="web").incidents == {"outage"}

    at_one_store = an_actor("channels.sync", locations=[1])  # channels belong to no location
    for _ in range(2):
        commands.hush_incident(actor=at_one_store, code="web", incident_id=incident.id, now=NOON + MINUTE)
    assert queries.get_channel(actor=SYSTEM, code="web").incidents == frozenset()
    incident.refresh_from_db()
    assert (incident.ended_at, incident.hushed_at) == (None, NOON + MINUTE)
    assert steps() == [("began", 1), ("acted", 1)]


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_see_the_same_trouble_at_once_open_one_incident():
    gate = threading.Barrier(4)

    def see() -> None:
        try:
            gate.wait(30)
            trouble(NOON, tries=1)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(see) for _ in range(4)]:
            done.result(60)
    assert steps() == [("began", 1), ("tried", 4)]


def told(keeper: Troubles, error: Exception | None, at_s: float, *, sent: int = 0, **facts: Any) -> None:
    asyncio.run(keeper.keep(error, Facts(**facts), sent, NOON + timedelta(seconds=at_s)))  # type: ignore[arg-type]


@pytest.mark.django_db(transaction=True)
def test_a_hiccup_of_seconds_is_no_incident_and_trouble_that_lasts_is():
    threads = Threads("test", 1)
    keeper = Troubles("web", threads, Pace(incident_after_s=10))
    away = Unavailable(reason="503")
    try:
        told(keeper, None, 0)
        told(keeper, away, 5, tries=1)
        told(keeper, None, 9)
        assert not Incident.objects.exists()

        told(keeper, away, 20, tries=1)
        told(keeper, away, 31, tries=2, waiting=5)
        told(keeper, None, 40, waiting=5)
        told(keeper, None, 45, sent=3, waiting=2)
        told(keeper, None, 50, sent=2)
        told(keeper, None, 55, sent=4)
        assert steps() == [("began", 1), ("tried", 2), ("ended", 1), ("caught_up", 1)]
        assert Incident.objects.get().began_at == NOON + timedelta(seconds=20)
        assert IncidentStep.objects.get(what="caught_up").params["sent"] == 5
    finally:
        threads.close()


@pytest.mark.django_db(transaction=True)
def test_an_incident_a_dead_worker_left_open_ends_with_the_next_ones_first_good_answer():
    trouble(NOON)
    threads = Threads("test", 1)
    try:
        told(Troubles("web", threads, Pace()), None, 60)
        assert steps() == [("began", 1), ("ended", 1)]
        told(Troubles("web", threads, Pace()), NeedsReconnect(remote="x", remote_code="1", remote_message="m"), 600)
        assert Incident.objects.filter(kind="access", ended_at=None).exists()
    finally:
        threads.close()


# --- read-backs -------------------------------------------------------------------------------------------------------


def converge(platform: Platform) -> None:
    """Let a runner set everything right once."""

    async def story() -> None:
        row = await asyncio.to_thread(Channel.objects.get, code="bz")
        desk, ledger, threads = Desk(), Ledger(), Threads("test", 2)
        pace = replace(HURRY, poll_s=3600.0, figures_s=0.1)
        runner = Runner(row, desk=desk, ledger=ledger, threads=threads, pace=pace)
        task = asyncio.create_task(runner.run())
        try:
            async with asyncio.timeout(60):
                while set(platform.quantities.values()) != {10} or not runner.pusher.is_idle:  # noqa: ASYNC110 - a memory
                    await asyncio.sleep(0.02)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            for each in (desk.stop, ledger.stop, threads.close):
                await asyncio.to_thread(each)

    def run() -> None:
        try:
            asyncio.run(story())
        finally:
            connections.close_all()

    worker = threading.Thread(target=run)
    worker.start()
    worker.join(90)
    assert set(platform.quantities.values()) == {10}


def test_a_read_back_is_on_record_with_what_differed_and_what_became_of_it(platform: Platform):
    converge(platform)
    # What was acknowledged a moment ago is left alone: reads may be stale.
    ListingSync.objects.update(acked_at=datetime.now(UTC) - MINUTE)
    key = next(key for key, sku in platform.skus.items() if sku == "AO-1")
    platform.quantities[key] = 12
    gone = next(key for key, sku in platform.skus.items() if sku == "AO-2")
    del platform.quantities[gone]

    report = remote.audit_listings(actor=an_actor("channels.sync"), channel="bz")
    now = datetime.now(UTC)
    (run,) = queries.list_audits(actor=SYSTEM, channel="bz", now=now)
    assert (run.state, run.asked, run.read, run.missing, run.differed, run.repaired) == ("done", 2, 1, 1, 1, 0)
    assert run.asked_by.startswith("person")
    assert len(report.drifted) == 1
    (found,) = queries.audit_differences(actor=SYSTEM, channel="bz", run=run.id)
    assert (found.sku, found.acknowledged, found.shown, found.is_repaired) == ("AO-1", 10, 12, False)

    platform.quantities[gone] = 10
    converge(platform)
    (run,) = queries.list_audits(actor=SYSTEM, channel="bz", now=now)
    assert run.repaired == 1
    assert queries.audit_differences(actor=SYSTEM, channel="bz", run=run.id)[0].is_repaired


def test_a_read_back_that_a_platform_breaks_off_says_why(platform: Platform, monkeypatch: pytest.MonkeyPatch):
    async def away(self: Any, *, keys: Any) -> Any:
        raise Unavailable(reason="503")

    monkeypatch.setattr("tests.support.bazaar.Bazaar.read_listings", away)
    with pytest.raises(Unavailable):
        remote.audit_listings(actor=SYSTEM, channel="bz")
    (run,) = queries.list_audits(actor=SYSTEM, channel="bz", now=datetime.now(UTC))
    assert (run.state, run.unread, run.error and run.error.code) == ("failed", 2, "unavailable")


@pytest.mark.django_db
def test_one_read_back_of_a_channel_runs_at_a_time_and_one_cut_off_is_no_obstacle():
    commands.begin_audit(actor=SYSTEM, channel="web", asked=5, now=NOON)
    with pytest.raises(AuditUnderWay):
        commands.begin_audit(actor=SYSTEM, channel="web", asked=5, now=NOON + MINUTE)
    with pytest.raises(ChannelNotFound):
        commands.begin_audit(actor=SYSTEM, channel="nowhere", asked=5, now=NOON)
    commands.begin_audit(actor=SYSTEM, channel="store", asked=5, now=NOON)

    later = NOON + timedelta(hours=1)
    run = commands.begin_audit(actor=SYSTEM, channel="web", asked=5, now=later)
    commands.end_audit(actor=SYSTEM, run=run, error=None, now=later)
    assert [each.state for each in queries.list_audits(actor=SYSTEM, channel="web", now=later)] == ["done", "cut"]
    with pytest.raises(AuditRunNotFound):
        queries.audit_differences(actor=SYSTEM, channel="store", run=run)


@pytest.mark.django_db(transaction=True)
def test_two_people_who_ask_for_a_read_back_at_once_start_one():
    gate, said = threading.Barrier(2), []

    def ask() -> None:
        try:
            gate.wait(30)
            said.append(commands.begin_audit(actor=SYSTEM, channel="web", asked=1, now=NOON))
        except AuditUnderWay:
            said.append(None)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(ask) for _ in range(2)]:
            done.result(60)
    assert sum(each is not None for each in said) == 1
    assert AuditRun.objects.count() == 1


# --- silence ----------------------------------------------------------------------------------------------------------


def a_draft_at(at: datetime, channel: str = "web") -> None:
    accept(replace(a_draft((None, 1), channel=channel), placed_at=at))


@pytest.mark.django_db(transaction=True)
def test_a_channel_that_talks_every_ten_minutes_and_falls_silent_is_noticed_and_forgotten_when_it_talks_again():
    drafts = [replace(a_draft((None, 1), channel="web"), placed_at=NOON - place * 10 * MINUTE) for place in range(300)]
    accept(*drafts)
    assert commands.learn_habits(actor=SYSTEM, now=NOON) >= 3
    assert commands.learn_habits(actor=SYSTEM, now=NOON + MINUTE) == 0, "learned today already"
    assert Habit.objects.get(channel__code="web").gaps[""] == [298, 600, 600]

    assert commands.watch_silence(actor=SYSTEM, now=NOON + 30 * MINUTE) == 0
    assert commands.watch_silence(actor=SYSTEM, now=NOON + 31 * MINUTE) == 1
    assert commands.watch_silence(actor=SYSTEM, now=NOON + 32 * MINUTE) == 1
    incident = Incident.objects.get()
    assert (incident.kind, incident.began_at, steps()) == ("silence", NOON, [("began", 1)])
    assert incident.problem["params"]["limit_s"] == 1800
    assert queries.get_channel(actor=SYSTEM, code="web").incidents == {"silence"}
    finding = checks.channels_talking(NOON + 32 * MINUTE)
    assert not finding.ok
    assert "web" in finding.found

    a_draft_at(NOON + 40 * MINUTE)
    assert commands.watch_silence(actor=SYSTEM, now=NOON + 41 * MINUTE) == 0
    incident.refresh_from_db()
    assert incident.ended_at == NOON + 41 * MINUTE
    assert checks.channels_talking(NOON + 41 * MINUTE).ok


@pytest.mark.django_db(transaction=True)
def test_a_paused_channel_and_one_known_to_fail_raise_no_second_alarm():
    drafts = [replace(a_draft((None, 1), channel="web"), placed_at=NOON - place * 10 * MINUTE) for place in range(300)]
    accept(*drafts)
    commands.learn_habits(actor=SYSTEM, now=NOON)
    commands.note_problem(actor=SYSTEM, code="web", state="failing", problem=AWAY, now=NOON)
    assert commands.watch_silence(actor=SYSTEM, now=NOON + 60 * MINUTE) == 0
    commands.note_problem(actor=SYSTEM, code="web", state="connected", problem={}, now=NOON)
    commands.pause_channel(actor=SYSTEM, code="web")
    assert commands.watch_silence(actor=SYSTEM, now=NOON + 60 * MINUTE) == 0
    assert not Incident.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_nights_are_learned_as_what_they_are():
    """Twelve orders a day from nine to half past nine at night: the night is long every day, and no alarm."""
    zone = timedelta(hours=7)
    days = [
        NOON - zone + timedelta(hours=2) - timedelta(days=day) for day in range(1, 50)
    ]  # seven in the morning, UTC+7
    drafts = [
        replace(a_draft((None, 1), channel="web"), placed_at=day + timedelta(hours=2, minutes=5 * place))
        for day in days
        for place in range(150)
    ]
    for start in range(0, len(drafts), 1000):
        accept(*drafts[start : start + 1000])
    last = max(each.placed_at for each in drafts)
    commands.learn_habits(actor=SYSTEM, now=last + MINUTE)
    health = queries.get_health(actor=SYSTEM, code="web", now=last + timedelta(hours=8))
    assert health.quiet is not None
    assert health.quiet.slot == str((last + zone).hour)
    assert not health.quiet.is_alarming
    assert queries.get_health(actor=SYSTEM, code="web", now=last + timedelta(hours=13)).quiet.is_alarming


# --- delays, rates, authorisation, errors -----------------------------------------------------------------------------


@pytest.mark.django_db
def test_delays_are_told_over_an_hour_a_day_and_a_week():
    row = Channel.objects.get(code="web")
    for hours, bucket in ((0, 20), (5, 30), (100, 40), (200, 50)):
        counts = Counts(acked=10, calls=2)
        counts.buckets[bucket] = 10
        write_down(row.id, counts, {}, NOON - timedelta(hours=hours))

    delays = queries.get_health(actor=SYSTEM, code="web", now=NOON).delays

    assert {span: each.acked for span, each in delays.items()} == {"1h": 10, "24h": 20, "7d": 30}
    assert delays["1h"].p99_ms == pytest.approx(1.2**20, rel=0.01)
    assert delays["7d"].p50_ms == pytest.approx(1.2**30, rel=0.01)
    assert delays["7d"].p99_ms == pytest.approx(1.2**40, rel=0.01)


def test_the_part_of_a_rate_in_use_is_told_over_the_last_minute():
    lane, rates = Lane(RateLimit(10, 20)), Rates()
    rates.look({"default": lane}, 1000.0)
    lane.made += 300
    found = rates.look({"default": lane}, 1060.0)["default"]
    assert (found["used"], found["per_second"], found["burst"]) == (0.5, 10, 20)
    assert rates.look({"default": lane}, 1120.0)["default"]["used"] == 0
    lane.bucket.pause(1120.0, 30)
    assert rates.look({"default": lane}, 1121.0)["default"]["paused_s"] == 29


def test_a_runner_writes_its_rates_and_puts_an_open_breaker_on_record(platform: Platform):
    async def story() -> None:
        row = await asyncio.to_thread(Channel.objects.get, code="bz")
        desk, ledger, threads = Desk(), Ledger(), Threads("test", 2)
        runner = Runner(row, desk=desk, ledger=ledger, threads=threads, pace=replace(HURRY, poll_s=3600.0))
        try:
            for _ in range(8):
                runner.line.transport.breaker.failed(time.monotonic())
            await runner.line.transport.lane("default").acquire()
            await runner._figures_once()
            runner.line.transport.breaker.succeeded()
            await runner._figures_once()
        finally:
            await runner.wires.aclose()
            for each in (desk.stop, ledger.stop, threads.close):
                await asyncio.to_thread(each)

    asyncio.run(story())
    health = queries.get_health(actor=SYSTEM, code="bz", now=datetime.now(UTC))
    assert [lane.lane for lane in health.lanes] == ["default"]
    (incident,) = health.incidents
    assert [step.what for step in incident.steps] == ["began", "held_back", "ended"]
    assert incident.steps[1].params["failures"] == 8


@pytest.mark.django_db
def test_an_authorisation_that_ends_within_a_week_is_warned_of():
    commands.create_channel(actor=SYSTEM, code="lz", name="Lazada", kind="lazada", shop_id="1", now=NOON)
    commands.connect(actor=SYSTEM, code="lz", secrets=Secrets("k", "s"), now=NOON)
    tokens = Tokens("a", "r", NOON + timedelta(hours=4), NOON + timedelta(days=30))
    commands.adopt_tokens(actor=SYSTEM, code="lz", tokens=tokens, now=NOON)
    view = queries.get_channel(actor=SYSTEM, code="lz")
    assert view.authorised_until == NOON + timedelta(days=30)
    assert not queries.get_health(actor=SYSTEM, code="lz", now=NOON + timedelta(days=22)).is_ending
    assert checks.channels_authorised(NOON + timedelta(days=22)).ok

    late = NOON + timedelta(days=24)
    assert queries.get_health(actor=SYSTEM, code="lz", now=late).is_ending
    finding = checks.channels_authorised(late)
    assert not finding.ok
    assert "lz" in finding.found


def test_errors_stand_together_by_what_they_are_about_and_are_tried_again_together(platform: Platform):
    for listing in ListingSync.objects.select_related("listing"):
        listing.error_code, listing.is_parked = "remote_refused", True
        listing.error_params = {"remote_code": "item_banned", "remote_message": "Item is banned"}
        listing.save()
    (found,) = queries.list_troubles(actor=SYSTEM)
    assert (found.channel, found.about, found.count, found.is_parked) == ("bz", "gone", 2, True)
    assert [sku for _, _, sku in found.sample] == ["AO-1", "AO-2"]
    with pytest.raises(MayNot):
        commands.retry_refused(actor=NOBODY, channel="bz", error="remote_refused")
    assert commands.retry_refused(actor=SYSTEM, channel="bz", error="remote_refused", remote_code="other") == 0
    assert queries.list_troubles(actor=SYSTEM, channel="web") == []
    again = {"actor": SYSTEM, "channel": "bz", "error": "remote_refused", "remote_code": "item_banned"}
    assert [commands.retry_refused(**again) for _ in range(2)] == [2, 0]
    assert queries.list_troubles(actor=SYSTEM) == []


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["new", "health"])
def test_a_word_that_is_a_page_is_no_code_of_a_channel(code: str):
    with pytest.raises(ChannelTaken):
        commands.create_channel(actor=SYSTEM, code=code, name="X", kind="web", now=NOON)
