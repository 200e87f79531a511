"""Codes of an app and recovery codes: when they open, and when they do not."""

from __future__ import annotations

import contextlib
import re
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest
from django.db import connection

from mekong.foundation import sealing
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import LockedOut, MayNotGrant, NotFound, SecondFactorStays
from mekong.foundation.models import AuditEntry, BrowserSession, Person, RecoveryCode, SecondFactor, SecurityPolicy
from mekong.foundation.security import factors, setting
from mekong.foundation.security.invitations import as_actor
from tests.support.door import browser, member, sign_in
from tests.support.people import a_person, acting

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 22, 5, 0, 0, tzinfo=UTC)
STEP = timedelta(seconds=30)


def secret_of(person: Person) -> str:
    return sealing.unseal(SecondFactor.objects.get(person=person).totp_secret)


def code(person: Person, at: datetime) -> str:
    return pyotp.TOTP(secret_of(person)).at(at)


def with_app(person: Person, at: datetime = NOON) -> Person:
    """Set up an app an hour before, so that its first code is long past."""
    before = at - timedelta(hours=1)
    factors.begin_app(actor=as_actor(person), person=person)
    assert factors.confirm_app(actor=as_actor(person), person=person, code=code(person, before), now=before)
    return person


def take(person: Person, text: str, now: datetime) -> str | None:
    return factors.take_code(actor=as_actor(person), person=person, code=text, now=now)


def test_a_secret_counts_once_its_first_code_was_given() -> None:
    lan = member("cashier")
    address = factors.begin_app(actor=as_actor(lan), person=lan)
    assert address.startswith("otpauth://totp/Mekong:lan%40example.vn?secret=")
    assert not factors.of(lan).any
    assert factors.confirm_app(actor=as_actor(lan), person=lan, code="000000", now=NOON) is False
    assert not factors.of(lan).any
    assert factors.confirm_app(actor=as_actor(lan), person=lan, code=code(lan, NOON), now=NOON)
    assert factors.of(lan).has_app


def test_the_secret_is_sealed_and_not_in_the_trail() -> None:
    lan = with_app(member("cashier"))
    row = SecondFactor.objects.get(person=lan)
    assert secret_of(lan) not in row.totp_secret
    told = str(list(AuditEntry.objects.filter(table="foundation_secondfactor").values_list("before", "after")))
    assert "•••" in told
    assert row.totp_secret not in told


@pytest.mark.parametrize(("drift", "opens"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_clocks_may_differ_by_one_step(drift: int, opens: bool) -> None:
    lan = with_app(member("cashier"))
    assert (take(lan, code(lan, NOON + drift * STEP), NOON) == "totp") is opens


def test_a_code_counts_once_and_no_older_one_after_it() -> None:
    lan = with_app(member("cashier"))
    older, now = code(lan, NOON - STEP), code(lan, NOON)
    assert take(lan, f" {now[:3]} {now[3:]} ", NOON) == "totp"
    assert take(lan, now, NOON + timedelta(seconds=5)) is None
    assert take(lan, older, NOON + timedelta(seconds=5)) is None
    assert take(lan, code(lan, NOON + STEP), NOON + STEP) == "totp"


@pytest.mark.parametrize("text", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "12345\x00", "x" * 40])
def test_what_is_no_code_is_wrong(text: str) -> None:
    assert take(with_app(member("cashier")), text, NOON) is None


def test_guessing_shuts_the_second_step_for_a_while() -> None:
    lan = with_app(member("cashier"))
    for second in range(5):
        assert take(lan, "000000", NOON + timedelta(seconds=second)) is None
    with pytest.raises(LockedOut) as refused:
        take(lan, code(lan, NOON), NOON + timedelta(seconds=5))
    assert refused.value.params["minutes"] == 15
    later = NOON + timedelta(minutes=16)
    assert take(lan, code(lan, later), later) == "totp"
    assert SecondFactor.objects.get(person=lan).failures == 0


def test_recovery_codes_open_once_each_and_new_ones_replace_them() -> None:
    lan = with_app(member("cashier"))
    codes = factors.make_codes(actor=as_actor(lan), person=lan, now=NOON)
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"[2-9a-z]{5}-[2-9a-z]{5}", each) for each in codes)
    assert codes[0].replace("-", "") not in str(list(RecoveryCode.objects.values()))
    assert take(lan, codes[0].upper().replace("-", " "), NOON) == "recovery"
    assert take(lan, codes[0], NOON) is None
    assert factors.of(lan).recovery_left == 9
    fresh = factors.make_codes(actor=as_actor(lan), person=lan, now=NOON)
    assert take(lan, codes[1], NOON) is None
    assert take(lan, fresh[1], NOON) == "recovery"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_use_one_recovery_code_one_comes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    lan = with_app(member("cashier"))
    (one, *_) = factors.make_codes(actor=as_actor(lan), person=lan, now=NOON)
    start, inside, taken = threading.Barrier(4), threading.Barrier(4), []
    save = RecoveryCode.save

    def late(row: RecoveryCode, *args: Any, **kwargs: Any) -> None:
        # Whoever has found the code waits for the others to find it too; behind the lock nobody else ever does.
        with contextlib.suppress(threading.BrokenBarrierError):
            inside.wait(2)
        save(row, *args, **kwargs)

    monkeypatch.setattr(RecoveryCode, "save", late)

    def use() -> None:
        try:
            start.wait(10)
            taken.append(take(lan, one, NOON))
        finally:
            connection.close()

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, taken)) == ["None", "None", "None", "recovery"]


def test_nobody_handles_another_persons_factors() -> None:
    lan, mai = with_app(member("cashier")), member("owner", email="mai@example.vn")
    for attempt in (
        lambda: factors.begin_app(actor=as_actor(mai), person=lan),
        lambda: factors.confirm_app(actor=as_actor(mai), person=lan, code="1", now=NOON),
        lambda: factors.remove_app(actor=as_actor(mai), person=lan),
        lambda: factors.make_codes(actor=as_actor(mai), person=lan, now=NOON),
        lambda: factors.take_code(actor=as_actor(mai), person=lan, code="1", now=NOON),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert factors.of(lan).has_app


def required(role: str, *, grace_days: int = 0, now: datetime = NOON) -> None:
    setting.set_policy(
        actor=SYSTEM, idle_minutes=720, absolute_hours=336, confirm_minutes=15, grace_days=grace_days,
        second_factor={role: "required"}, now=now,
    )  # fmt: skip


def test_the_last_factor_stays_where_the_role_needs_one() -> None:
    lan = with_app(member("cashier"))
    required("cashier")
    with pytest.raises(SecondFactorStays):
        factors.remove_app(actor=as_actor(lan), person=lan)
    SecurityPolicy.objects.update(second_factor={})
    factors.remove_app(actor=as_actor(lan), person=lan)
    factors.remove_app(actor=as_actor(lan), person=lan)
    assert not factors.of(lan).any


def test_codes_go_with_the_last_factor() -> None:
    lan = with_app(member("cashier"))
    factors.make_codes(actor=as_actor(lan), person=lan, now=NOON)
    factors.remove_app(actor=as_actor(lan), person=lan)
    assert not RecoveryCode.objects.filter(person=lan).exists()


def test_a_lost_factor_is_taken_by_who_stands_above() -> None:
    lan, now = with_app(member("owner", email="mai@example.vn")), datetime.now(UTC)
    sign_in(lan)
    manager = acting(a_person("manager", email="quanly@example.vn"))
    with pytest.raises(MayNotGrant):
        factors.reset(actor=manager, person=lan, now=now)
    assert factors.of(lan).any
    for _ in range(2):
        factors.reset(actor=SYSTEM, person=lan, now=now)
    assert not factors.of(lan).any
    assert not BrowserSession.objects.filter(person=lan, ended_at=None).exists()


# --- at the door ------------------------------------------------------------------------------------------------------


def test_the_password_alone_opens_nothing_when_there_is_an_app(calm: None) -> None:
    now = datetime.now(UTC)
    lan = with_app(member("owner"), now)
    client = sign_in(lan)
    assert client.answer.headers["Location"].startswith("/sign-in/second/")
    assert client.get("/orders/").headers["Location"].startswith("/sign-in/")
    assert client.get("/api/v1/me").status_code == 401
    wrong = client.post("/sign-in/second/", {"code": "000000"})
    assert wrong.status_code == 422
    assert "wrong or was used" in wrong.content.decode()
    right = client.post("/sign-in/second/", {"code": code(lan, now), "next": "/orders/"})
    assert right.headers["Location"] == "/orders/"
    assert client.get("/orders/").status_code == 200
    assert BrowserSession.objects.get(person=lan).way == "totp"


def test_the_second_step_does_not_outlive_ten_minutes_or_a_new_password(calm: None) -> None:
    now = datetime.now(UTC)
    lan = with_app(member("owner"), now)
    client = sign_in(lan)
    session = client.session
    assert client.get("/sign-in/second/").status_code == 200
    session["mekong_pending"] = {**session["mekong_pending"], "at": (now - timedelta(minutes=11)).isoformat()}
    session.save()
    assert client.post("/sign-in/second/", {"code": code(lan, now)}).headers["Location"].startswith("/sign-in/?")
    client = sign_in(lan)
    lan.set_password("một mật khẩu khác hẳn")
    lan.save()
    assert client.post("/sign-in/second/", {"code": code(lan, now)}).headers["Location"].startswith("/sign-in/?")
    assert client.get("/").status_code == 302


def test_the_second_step_is_nothing_without_the_first() -> None:
    assert browser().get("/sign-in/second/").headers["Location"].startswith("/sign-in/?")
    assert browser().post("/sign-in/second/", {"code": "123456"}).headers["Location"].startswith("/sign-in/?")


def test_an_app_is_set_up_on_the_account_page_and_codes_are_shown_once() -> None:
    lan = member("cashier")
    client = sign_in(lan)
    assert client.post("/account/app/begin/").headers["Location"] == "/account/app/"
    page = client.get("/account/app/").content.decode()
    assert "<svg" in page
    assert secret_of(lan)[:4] in page
    assert client.post("/account/app/", {"code": "000000"}).status_code == 422
    done = client.post("/account/app/", {"code": code(lan, datetime.now(UTC))})
    shown = re.findall(r"<li>([2-9a-z]{5}-[2-9a-z]{5})</li>", done.content.decode())
    assert len(shown) == 10
    assert shown[0] not in client.get("/account/").content.decode()
    assert client.get("/account/app/").headers["Location"] == "/account/"
    assert client.post("/account/app/begin/").status_code == 409


def test_a_role_that_needs_a_second_factor_is_warned_then_held() -> None:
    lan = member("cashier")
    Person.objects.update(created_at=NOON - timedelta(days=99))
    client = sign_in(lan)
    now = datetime.now(UTC)
    required("cashier", grace_days=7, now=now)
    page = client.get("/orders/")
    assert page.status_code == 200
    assert "needs a second step" in page.content.decode()
    row = SecurityPolicy.objects.get()
    row.required_since = {"cashier": (now - timedelta(days=8)).isoformat()}
    row.save()
    assert client.get("/orders/").headers["Location"] == "/account/"
    assert client.get("/account/").status_code == 200
    refused = client.get("/api/v1/orders").json()
    assert (refused["status"], refused["code"]) == (403, "staff.second_factor_needed")
    client.post("/account/app/begin/")
    client.post("/account/app/", {"code": code(lan, now)})
    assert client.get("/orders/").status_code == 200
