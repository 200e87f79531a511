"""Sessions: seen, ended from elsewhere, by age, by what happens to their person."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mekong.faces.express import watching
from mekong.foundation import commands
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MayNotGrant, NotFound
from mekong.foundation.models import ActiveDay, BrowserSession, Person
from mekong.foundation.security import sessions, setting
from tests.support.door import PASSWORD, browser, member, sign_in
from tests.support.people import NOON, a_person, acting

pytestmark = pytest.mark.django_db
IN = 200


def back(hours: float) -> datetime:
    return datetime.now(UTC) - timedelta(hours=hours)


def why(client: Any, path: str = "/account/") -> str:
    """What the sign-in page says to whom `path` sent there."""
    answer = client.get(path)
    assert answer.status_code == 302, answer.content
    return str(client.get(answer.headers["Location"]).content.decode())


def test_a_session_is_told_with_device_and_place() -> None:
    lan = member("cashier")
    agent = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0"
    client = sign_in(lan, browser(**{"User-Agent": agent}), REMOTE_ADDR="203.0.113.9")
    page = client.get("/account/", REMOTE_ADDR="203.0.113.9").content.decode()
    assert "Edge, Windows" in page
    assert "203.0.113.9" in page
    assert "this one" in page
    assert ActiveDay.objects.filter(person=lan).count() == 1


def test_one_session_or_all_others_are_ended() -> None:
    lan = member("cashier")
    here, there, elsewhere = sign_in(lan), sign_in(lan), sign_in(lan)
    other = BrowserSession.objects.filter(person=lan).order_by("created_at")[1]
    for _ in range(2):
        assert here.post("/account/sessions/end/", {"session": str(other.pk)}).status_code == 302
    assert there.get("/account/").status_code == 302
    assert elsewhere.get("/account/").status_code == IN
    here.post("/account/sessions/end/")
    assert elsewhere.get("/api/v1/me").json()["code"] == "session_ended"
    assert here.get("/account/").status_code == IN
    assert here.post("/account/sessions/end/", {"session": "nonsense"}).status_code == 302


def test_nobody_ends_a_strangers_session() -> None:
    lan = member("owner")
    theirs = sign_in(lan)
    row = BrowserSession.objects.get()
    cashier = sign_in(member("cashier", email="mai@example.vn"))
    assert cashier.post("/account/sessions/end/", {"session": str(row.pk)}).status_code == 403
    manager = acting(a_person("manager", email="quanly@example.vn"))
    with pytest.raises(MayNotGrant):
        sessions.end_session(actor=manager, session_id=row.pk, now=NOON)
    with pytest.raises(NotFound):
        sessions.end_session(actor=manager, session_id=lan.uid, now=NOON)
    assert theirs.get("/account/").status_code == IN


def test_idle_and_absolute_limits_end_it_and_say_so() -> None:
    lan = member("cashier")
    client = sign_in(lan)
    BrowserSession.objects.update(last_seen_at=back(13))
    assert "after a long time without use" in why(client)
    assert BrowserSession.objects.get().ended_for == "idle"
    client = sign_in(lan)
    BrowserSession.objects.filter(ended_at=None).update(created_at=back(15 * 24))
    assert "longest time" in why(client)
    client = sign_in(lan)
    setting.set_policy(
        actor=SYSTEM, idle_minutes=5, absolute_hours=1, confirm_minutes=15, grace_days=7, second_factor={}, now=NOON
    )
    BrowserSession.objects.filter(ended_at=None).update(last_seen_at=back(0.1))
    assert "after a long time without use" in why(client)


def test_use_keeps_it_and_is_written_once_a_minute() -> None:
    client = sign_in(member("cashier"))
    before = back(0.5)
    BrowserSession.objects.update(last_seen_at=before)
    client.get("/account/")
    seen = BrowserSession.objects.get().last_seen_at
    assert seen > before + timedelta(minutes=29)
    client.get("/account/")
    assert BrowserSession.objects.get().last_seen_at == seen


def test_a_day_of_use_is_a_day_though_nobody_signs_in_on_it() -> None:
    client = sign_in(member("cashier"))
    ActiveDay.objects.all().delete()
    BrowserSession.objects.update(last_seen_at=back(11.9), created_at=back(11.9))
    client.get("/account/")
    crossed = datetime.now(UTC) + timedelta(hours=7)
    assert ActiveDay.objects.count() == int(crossed.date() != (crossed - timedelta(hours=11.9)).date())


def test_a_new_password_ends_the_others() -> None:
    lan = member("cashier")
    here, there = sign_in(lan), sign_in(lan)
    new = "một mật khẩu mới dài"
    done = here.post("/password/", {"current": PASSWORD, "new": new, "again": new})
    assert done.headers["Location"] == "/"
    assert here.get("/account/").status_code == IN
    assert there.get("/account/").status_code == 302


@pytest.mark.parametrize("what", ["roles", "deactivated", "password"])
def test_what_happens_to_the_person_ends_it(what: str) -> None:
    member("owner", email="chu@example.vn")
    lan = member("cashier", "warehouse")
    client = sign_in(lan)
    if what == "roles":
        commands.remove_role(actor=SYSTEM, person_id=lan.uid, role="warehouse")
        assert "roles of this account were changed" in why(client)
    elif what == "deactivated":
        commands.deactivate_person(actor=SYSTEM, person_id=lan.uid, now=datetime.now(UTC))
        assert client.get("/account/").status_code == 302
    else:
        commands.reset_password(actor=SYSTEM, person_id=lan.uid)
        assert client.get("/account/").status_code == 302
    assert BrowserSession.objects.get(person=lan).ended_for == what
    assert client.get("/api/v1/me").status_code == 401


def test_taking_a_role_that_is_not_held_ends_nothing() -> None:
    lan = member("cashier")
    client = sign_in(lan)
    commands.remove_role(actor=SYSTEM, person_id=lan.uid, role="warehouse")
    assert client.get("/account/").status_code == IN


def test_signing_out_ends_it_even_for_a_copied_cookie() -> None:
    lan = member("cashier")
    client = sign_in(lan)
    copied = client.cookies["mekong_session"].value
    row = client.session
    kept = dict(row.items())
    client.post("/sign-out/")
    thief = browser()
    from django.contrib.sessions.backends.db import SessionStore

    # Even if the row of Django's session came back.
    store = SessionStore(copied)
    store.update(kept)
    store.save(must_create=True)
    thief.cookies["mekong_session"] = copied
    assert thief.get("/account/").status_code == 302
    assert BrowserSession.objects.get().ended_for == "signed_out"


def test_a_session_without_its_row_is_none() -> None:
    lan = member("cashier")
    client = sign_in(lan)
    BrowserSession.objects.all().delete()
    assert client.get("/account/").status_code == 302
    client = sign_in(lan)
    other = member("owner", email="chu@example.vn")
    BrowserSession.objects.update(person=other)
    assert client.get("/account/").status_code == 302


def test_old_rows_are_forgotten() -> None:
    lan = member("cashier")
    sign_in(lan)
    sign_in(lan)
    first = BrowserSession.objects.order_by("created_at").first()
    assert first
    BrowserSession.objects.filter(pk=first.pk).update(last_seen_at=back(91 * 24))
    assert sessions.forget_ended(now=datetime.now(UTC)) == 1
    assert sessions.forget_ended(now=datetime.now(UTC)) == 0
    assert BrowserSession.objects.count() == 1


# --- sensitive acts ---------------------------------------------------------------------------------------------------


def test_a_sensitive_act_asks_again_after_a_while() -> None:
    owner = member("owner")
    client = sign_in(owner)
    assert client.get("/settings/staff/new/").status_code == IN
    BrowserSession.objects.update(confirmed_at=back(0.26))
    asked = client.get("/settings/staff/new/")
    assert asked.headers["Location"] == "/account/confirm/?next=%2Fsettings%2Fstaff%2Fnew%2F"
    form = {"name": "Mai", "email": "mai@example.vn", "role": "cashier"}
    assert client.post("/settings/staff/new/", form).headers["Location"].startswith("/account/confirm/")
    assert not Person.objects.filter(email="mai@example.vn").exists()
    refused = client.post("/account/confirm/", {"password": "sai", "next": "/settings/staff/new/"})
    assert refused.status_code == 422
    right = client.post("/account/confirm/", {"password": PASSWORD, "next": "/settings/staff/new/"})
    assert right.headers["Location"] == "/settings/staff/new/"
    assert client.post("/settings/staff/new/", form).status_code == IN
    assert (
        client.post("/account/confirm/", {"password": PASSWORD, "next": "https://evil.example/"}).headers["Location"]
        == "/"
    )


def test_guessing_the_confirmation_is_shut() -> None:
    client = sign_in(member("owner"))
    for _ in range(5):
        assert client.post("/account/confirm/", {"password": "sai"}).status_code == 422
    assert client.post("/account/confirm/", {"password": PASSWORD}).status_code == 429


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "/api/v1/tokens", {"name": "t", "scopes": ["orders.view"]}),
        ("post", "/api/v1/people", {"name": "Mai", "email": "mai@example.vn"}),
        ("put", "/api/v1/security/rules/cashier", {}),
    ],
)
def test_the_api_asks_again_of_browsers_and_not_of_tokens(method: str, path: str, body: Any) -> None:
    from tests.support.people import a_caller

    client = sign_in(member("owner"))
    BrowserSession.objects.update(confirmed_at=back(1))
    answer = getattr(client, method)(path, body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "staff.confirm_needed")
    assert getattr(a_caller(), method)(path, body, content_type="application/json").status_code in (200, 201)


# --- streams ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_stream_ends_with_its_session(monkeypatch: pytest.MonkeyPatch) -> None:
    from mekong.faces.web import application

    monkeypatch.setattr(watching, "EVERY_S", 0.2)
    lan = member("owner")
    client = sign_in(lan)
    cookie = f"mekong_session={client.cookies['mekong_session'].value}".encode()
    scope = {
        "type": "http", "method": "GET", "path": "/live/events", "query_string": b"topics=stock",
        "headers": [(b"cookie", cookie), (b"host", b"localhost")], "client": ("127.0.0.1", 9),
    }  # fmt: skip

    async def run() -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []
        begun = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await asyncio.Event().wait()
            return {}

        async def send(message: Any) -> None:
            sent.append(message)
            begun.set()

        stream = asyncio.ensure_future(application(scope, receive, send))
        await asyncio.wait_for(begun.wait(), 10)
        await asyncio.sleep(0.5)
        assert not stream.done(), "it goes on while the session stands"
        await asyncio.to_thread(_end, lan.pk)
        await asyncio.wait_for(stream, 5)
        return sent

    assert asyncio.run(run())[0]["status"] == 200
    assert watching.EVERY_S < 5


def _end(person: int) -> None:
    from django.db import connection

    try:
        sessions.end_all(person, why="ended")
    finally:
        connection.close()
