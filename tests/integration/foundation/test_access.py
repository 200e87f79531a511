"""Tokens and passwords at the door."""

from __future__ import annotations

import dataclasses
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from axes.helpers import get_client_ip_address
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.test import RequestFactory
from pytest_django.fixtures import DjangoAssertNumQueries

from mekong.foundation import access, commands
from mekong.foundation.access import CACHED_FOR, Authenticator
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import BadCredentials, LockedOut, RateLimited, Unauthenticated
from mekong.foundation.models import ApiToken, AuditEntry, Person
from tests.support.people import NOON, a_person

pytestmark = pytest.mark.django_db


def a_token(**facts: Any) -> tuple[str, Any]:
    made = commands.create_token(actor=SYSTEM, **{"name": "erp", "scopes": ["orders.view"], "now": NOON, **facts})
    return f"Bearer {made.text}", made.token


def test_a_token_is_its_actor() -> None:
    header, token = a_token(location_ids=[3])
    actor = Authenticator().authenticate(header, NOON)
    assert (actor.kind, actor.ref, actor.name) == ("token", f"token:{token.id}", "erp")
    assert actor.permissions == {"orders.view"}
    assert actor.locations_for("orders.view") == {3}


@pytest.mark.parametrize("spell", [str.lower, str.upper])
def test_the_scheme_is_read_in_any_case(spell: Any) -> None:
    header, _ = a_token()
    scheme, text = header.split(" ")
    assert Authenticator().authenticate(f"{spell(scheme)} {text}", NOON).name == "erp"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic abc",
        "mk_abc",
        "Bearer mk_forged",
        "Bearer \x00",
        "Bearer \udcff",
        "Bearer ấ",
    ],
)
def test_what_is_no_token_is_refused(header: str | None) -> None:
    a_token()
    doors = Authenticator()
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            doors.authenticate(header, NOON)


def test_one_letter_makes_a_forgery() -> None:
    header, _ = a_token()
    forged = header[:-1] + ("A" if header[-1] != "A" else "B")
    with pytest.raises(Unauthenticated):
        Authenticator().authenticate(forged, NOON)


def test_expiry_is_looked_at_every_time() -> None:
    header, _ = a_token(expires_at=NOON + timedelta(seconds=2))
    doors = Authenticator()
    assert doors.authenticate(header, NOON)
    assert doors.authenticate(header, NOON + timedelta(seconds=1))
    with pytest.raises(Unauthenticated):
        doors.authenticate(header, NOON + timedelta(seconds=2))


def test_a_revocation_is_honoured_elsewhere_within_five_seconds() -> None:
    header, token = a_token()
    elsewhere = Authenticator()
    elsewhere.authenticate(header, NOON)
    commands.revoke_token(actor=SYSTEM, token_id=token.id, now=NOON)
    commands.revoke_token(actor=SYSTEM, token_id=token.id, now=NOON + timedelta(hours=1))
    assert ApiToken.objects.get().revoked_at == NOON
    assert timedelta(seconds=5) >= CACHED_FOR
    with pytest.raises(Unauthenticated):
        elsewhere.authenticate(header, NOON + CACHED_FOR)


def test_one_of_many_reads_anew_and_a_revocation_still_counts_within_five_seconds() -> None:
    header, token = a_token()
    doors = Authenticator()
    doors.authenticate(header, NOON)
    commands.revoke_token(actor=SYSTEM, token_id=token.id, now=NOON)
    stale = NOON + CACHED_FOR
    assert doors.known(header, stale) is None, "the first is sent to read"
    assert doors.known(header, stale) is not None, "the others go on with what is known"
    assert doors.known(header, NOON + timedelta(seconds=5)) is None, "but never beyond five seconds"
    with pytest.raises(Unauthenticated):
        doors.authenticate(header, stale)
    with pytest.raises(Unauthenticated):
        doors.known(header, stale)


def test_a_token_that_expires_is_not_used_while_it_is_read_anew() -> None:
    header, _ = a_token(expires_at=NOON + CACHED_FOR + timedelta(milliseconds=500))
    doors = Authenticator()
    doors.authenticate(header, NOON)
    doors.known(header, NOON + CACHED_FOR)
    assert doors.known(header, NOON + CACHED_FOR + timedelta(milliseconds=499)) is not None
    assert doors.known(header, NOON + CACHED_FOR + timedelta(milliseconds=500)) is None


def test_a_revocation_is_honoured_here_at_once(django_capture_on_commit_callbacks: Any) -> None:
    header, token = a_token()
    access.authenticator.authenticate(header, NOON)
    with django_capture_on_commit_callbacks(execute=True):
        commands.revoke_token(actor=SYSTEM, token_id=token.id, now=NOON)
    with pytest.raises(Unauthenticated):
        access.authenticator.authenticate(header, NOON)


def test_memory_answers_without_the_database(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    header, _ = a_token()
    doors = Authenticator()
    assert doors.known(header, NOON) is None
    with django_assert_num_queries(2):
        doors.authenticate(header, NOON)
    with django_assert_num_queries(0):
        assert doors.known(header, NOON) == doors.authenticate(header, NOON)

    rounds = 2_000
    began = time.perf_counter()
    for _ in range(rounds):
        doors.known(header, NOON)
    assert (time.perf_counter() - began) / rounds < 20e-6


def test_last_use_is_written_at_most_once_a_minute() -> None:
    header, _ = a_token()
    doors = Authenticator()
    for seconds, written in ((0, 0), (30, 0), (59, 0), (66, 66)):
        doors.authenticate(header, NOON + timedelta(seconds=seconds))
        assert ApiToken.objects.get().last_used_at == NOON + timedelta(seconds=written)


# --- passwords


def a_request(address: str = "203.0.113.9") -> Any:
    request = RequestFactory().post("/sign-in/", REMOTE_ADDR=address)
    request.session = SessionStore()
    return request


def with_password(email: str = "lan@example.vn") -> str:
    person = a_person("cashier", email=email)
    return commands.reset_password(actor=SYSTEM, person_id=person.id).password


@pytest.fixture(autouse=True)
def _calm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_failures", access._Failures())


def test_the_right_password_opens_a_session() -> None:
    password = with_password()
    request = a_request()
    person = access.sign_in(request, " LAN@example.vn ", password, now=NOON)
    assert get_user(request) == person
    assert AuditEntry.objects.filter(action="sign_in", actor=f"person:{person.pk}").count() == 1
    request.user = person
    access.sign_out(request, now=NOON)
    assert not get_user(request).is_authenticated
    assert AuditEntry.objects.filter(action="sign_out").count() == 1


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("lan@example.vn", "wrong"),
        ("nobody@example.vn", "wrong"),
        ("lan@example.vn", ""),
        ("lan@example.vn\x00", "wrong"),
        ("x" * 5000, "y"),
        ("lan@example.vn", "y" * 100_000),
        ("' or 1=1 --", "' or 1=1 --"),
    ],
)
def test_anything_else_does_not(email: str, password: str) -> None:
    with_password()
    request = a_request()
    with pytest.raises(BadCredentials):
        access.sign_in(request, email, password, now=NOON)
    assert not get_user(request).is_authenticated


def test_who_was_shut_out_stays_out() -> None:
    password = with_password()
    Person.objects.update(is_active=False)
    with pytest.raises(BadCredentials):
        access.sign_in(a_request(), "lan@example.vn", password, now=NOON)


def test_guessing_locks_the_door_for_the_right_password_too(settings: Any) -> None:
    settings.AXES_ENABLED = True
    settings.AXES_FAILURE_LIMIT = 3
    password = with_password()
    for _ in range(3):
        with pytest.raises((BadCredentials, LockedOut)):
            access.sign_in(a_request(), "lan@example.vn", "wrong", now=datetime.now(UTC))
    request = a_request()
    with pytest.raises(LockedOut) as refused:
        access.sign_in(request, "lan@example.vn", password, now=datetime.now(UTC))
    assert refused.value.params["minutes"] == 15
    assert not request.axes_locked_out
    assert access.sign_in(a_request("198.51.100.1"), "lan@example.vn", password, now=datetime.now(UTC))


def test_an_address_that_tries_many_people_is_slowed_down() -> None:
    password = with_password()
    for number in range(60):
        with pytest.raises(BadCredentials):
            access.sign_in(a_request(), f"{number}@example.vn", "x" * 2000, now=NOON)
    with pytest.raises(RateLimited):
        access.sign_in(a_request(), "lan@example.vn", password, now=NOON)
    assert access.sign_in(a_request("198.51.100.1"), "lan@example.vn", password, now=NOON)
    assert access.sign_in(a_request(), "lan@example.vn", password, now=NOON + timedelta(minutes=6))


@pytest.mark.parametrize(
    ("behind_proxy", "forwarded", "address"),
    [
        (False, "198.51.100.7", "192.0.2.1"),
        (True, "198.51.100.7", "198.51.100.7"),
        (True, "203.0.113.66, 198.51.100.7", "198.51.100.7"),
        (True, "nonsense", "192.0.2.1"),
    ],
)
def test_the_address_is_the_proxys_word_only_where_there_is_a_proxy(
    settings: Any, behind_proxy: bool, forwarded: str, address: str
) -> None:
    settings.MEKONG = dataclasses.replace(settings.MEKONG, behind_proxy=behind_proxy)
    request = a_request("192.0.2.1")
    request.META["HTTP_X_FORWARDED_FOR"] = forwarded
    assert access.address_of(request) == address
    assert get_client_ip_address(request) == address
