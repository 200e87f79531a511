"""The pages of channel health: what they say, what their buttons do, and to whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mekong.channels import commands, queries
from mekong.channels.commands import Facts
from mekong.channels.models import AuditDifference, AuditRun, Channel, Habit, Incident, Listing, ListingSync
from mekong.channels.sync.figures import Counts, write_down
from mekong.foundation.actor import SYSTEM
from tests.integration.backoffice.conftest import Visitor
from tests.support.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)

AWAY = {"code": "unavailable", "params": {"reason": "503"}}


def outage(code: str = "lazada-1") -> Incident:
    now = datetime.now(UTC)
    commands.note_problem(actor=SYSTEM, code=code, state="failing", problem=AWAY, now=now)
    commands.note_trouble(
        actor=SYSTEM, code=code, is_lost=False, problem=AWAY, facts=Facts(4, 38, True, 8), now=now,
        since=now - timedelta(minutes=14),
    )  # fmt: skip
    return Incident.objects.get(channel__code=code)


def refused(code: str, message: str) -> ListingSync:
    sync = ListingSync.objects.filter(listing__channel__code="shopee-1", listing__match_state="matched").first()
    sync.is_parked, sync.error_code = True, "remote_refused"
    sync.error_params = {"remote_code": code, "remote_message": message}
    sync.save()
    return sync


def test_an_open_incident_is_told_in_steps_in_both_languages(shop: Shop, visitor: Visitor) -> None:
    outage()
    vi = visitor("owner").get("/channels/health/").content.decode()
    assert "Tạm ngừng gọi sau 8 lần lỗi liên tiếp" in vi
    assert "Thử lại 4 lần" in vi
    assert "38 tin đăng xếp hàng" in vi
    assert "14 phút" in vi
    en = visitor("manager", language="en").get("/channels/health/").content.decode()
    assert "Held back after 8 failures in a row" in en
    assert "Tried again 4 times" in en
    own = visitor("accountant", language="en").get("/channels/lazada-1/").content.decode()
    assert "Held back after 8 failures in a row" in own
    assert "I know of it" not in own, "who may not sync may not hush"


def test_a_silence_alarms_on_home_and_in_the_pulse_until_somebody_knows_of_it(shop: Shop, visitor: Visitor) -> None:
    now = datetime.now(UTC)
    gaps = {"": [500, 120, 1800]}
    Habit.objects.create(channel=Channel.objects.get(code="web"), gaps=gaps, since=now, learnt_at=now)
    assert commands.watch_silence(actor=SYSTEM, now=now) == 1
    browser = visitor("owner", language="en")
    health = browser.get("/channels/health/").content.decode()
    assert "has had no order since" in health
    assert health.count("The next order comes within 30 minutes in 99 of 100 cases (500 seen).") == 2
    home = browser.get("/").content.decode()
    assert "Web shop has had no order for longer than usual" in home
    assert "Not flowing: Web shop" in home

    incident = Incident.objects.get()
    sent = {"act": "hush", "channel": "web", "incident": str(incident.id)}
    assert visitor("cashier").post("/channels/health/act/", sent).status_code == 403
    for _ in range(2):
        assert browser.post("/channels/health/act/", sent).status_code == 302
    assert "no order for longer than usual" not in browser.get("/").content.decode()
    assert "knows of it: no alarm any more" in browser.get("/channels/health/").content.decode()


def test_an_error_is_told_in_plain_words_with_what_mends_it_and_is_tried_again(shop: Shop, visitor: Visitor) -> None:
    sync = refused("error.param", "Can not update item with stock less than <b>reserved stock</b>")
    browser = visitor("online_orders", language="en")
    page = browser.get("/channels/health/").content.decode()
    assert "The platform keeps more units for its own orders or a campaign than it was sent" in page
    assert "less than &lt;b&gt;reserved" in page
    assert "<b>reserved" not in page
    sent = {"act": "retry", "channel": "shopee-1", "error": "remote_refused", "remote_code": "error.param"}
    assert browser.post("/channels/health/act/", sent).status_code == 302
    sync.refresh_from_db()
    assert (sync.is_parked, sync.error_code) == (False, "")
    assert browser.post("/channels/health/act/", {**sent, "channel": "nowhere"}).status_code == 302
    assert "Channel nowhere does not exist." in browser.get("/channels/health/").content.decode()


def test_a_refusal_of_the_whole_channel_is_not_told_as_a_listings(shop: Shop, visitor: Visitor) -> None:
    outage()
    said = {"code": "remote_refused", "params": {"remote_code": "error_auth", "remote_message": "no permission"}}
    Incident.objects.update(problem=said)
    commands.note_problem(actor=SYSTEM, code="lazada-1", state="failing", problem=said, now=datetime.now(UTC))
    page = visitor("owner", language="en").get("/channels/").content.decode()
    assert "look at the shop and the app’s rights on the platform" in page
    assert "press Retry" not in page


def test_the_pulse_says_which_channels_are_slow(shop: Shop, visitor: Visitor) -> None:
    browser = visitor("owner", language="en")
    for more, says in ((2, "channels flowing<"), (8, "channels flowing, 1 slow<")):
        counts = Counts(acked=more)
        counts.buckets[45] = more  # some 3.7 s each
        write_down(Channel.objects.get(code="shopee-1").id, counts, {}, datetime.now(UTC))
        assert says in browser.get("/parts/pulse/").content.decode()


def test_what_a_read_back_found_has_a_page(shop: Shop, visitor: Visitor) -> None:
    now = datetime.now(UTC)
    channel = Channel.objects.get(code="shopee-1")
    run = AuditRun.objects.create(
        channel=channel, asked_by="system", asked=12, read=11, missing=1, differed=1, started_at=now, ended_at=now
    )
    listing = Listing.objects.filter(channel=channel, match_state="matched").order_by("id").first()
    AuditDifference.objects.create(run=run, listing=listing, acknowledged=11, shown=12, turn=99, read_at=now)
    browser = visitor("accountant", language="en")
    page = browser.get(f"/channels/shopee-1/read-backs/{run.id}/").content.decode()
    assert listing.name in page
    assert "Being set right" in page
    assert browser.get(f"/channels/lazada-1/read-backs/{run.id}/").status_code == 404
    assert "1 differed, 0 set right" in browser.get("/channels/health/").content.decode()


def test_spans_change_the_delays(shop: Shop, visitor: Visitor) -> None:
    row = Channel.objects.get(code="shopee-1")
    for hours, bucket in ((0, 28), (60, 45)):
        counts = Counts(acked=10)
        counts.buckets[bucket] = 10
        write_down(row.id, counts, {}, datetime.now(UTC) - timedelta(hours=hours))
    browser = visitor("owner", language="en")
    hour = browser.get("/channels/health/?span=1h").content.decode()
    week = browser.get("/channels/health/?span=7d").content.decode()
    assert "165\u00a0ms" in hour
    assert "3.7\u00a0s" in week
    assert browser.get("/channels/health/?span=nonsense").status_code == 200


def test_every_working_channel_is_asked_to_be_read_back(shop: Shop, visitor: Visitor) -> None:
    assert commands.ask_audit(actor=SYSTEM) == 2
    assert commands.ask_audit(actor=SYSTEM, channel="shopee-1") == 1
    browser = visitor("online_orders", language="en")
    browser.post("/channels/health/act/", {"act": "audit"})
    assert "2 channels are being read back" in browser.get("/channels/health/").content.decode()
    browser.post("/channels/health/act/", {"act": "audit", "channel": "web"})
    assert "is not connected yet" in browser.get("/channels/health/").content.decode()
    assert visitor("cashier").post("/channels/health/act/", {"act": "audit"}).status_code == 403
    assert queries.list_audits(actor=SYSTEM, channel="shopee-1", now=datetime.now(UTC)) == []
