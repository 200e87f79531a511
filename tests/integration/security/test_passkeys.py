"""Passkeys against a device of software: registering, the second step, signing in without a password, and copies."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from mekong.foundation.models import AuditEntry, BrowserSession, Passkey, Person
from mekong.foundation.security import factors
from mekong.foundation.security.passkeys import Site
from tests.integration.security.test_second_factor import required
from tests.support.door import browser, member, post_json, sign_in
from tests.support.passkey import Device

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("calm")]


def enrolled(client: Client, device: Device, name: str = "Phone") -> Any:
    asked = post_json(client, "/account/passkeys/options/", {})
    assert asked.status_code == 200
    return post_json(client, f"/account/passkeys/?name={name}", device.make(asked.json()))


def with_passkey(*roles: str, **facts: Any) -> tuple[Person, Device]:
    lan, device = member(*(roles or ("cashier",))), Device(**facts)
    assert enrolled(sign_in(lan), device).json() == {"to": "/account/"}
    return lan, device


def proved(client: Client, device: Device, path: str = "/sign-in/passkey/") -> Any:
    asked = post_json(client, f"{path}options/", {})
    return post_json(client, path, device.sign(asked.json()))


def test_a_passkey_is_registered_with_its_name() -> None:
    lan, _ = with_passkey()
    (key,) = factors.of(lan).passkeys
    assert (key.name, key.last_used_at) == ("Phone", None)
    told = str(list(AuditEntry.objects.filter(table="foundation_passkey").values_list("after", flat=True)))
    assert "•••" in told


def test_several_passkeys_and_none_twice() -> None:
    lan, device = member("cashier"), Device()
    client = sign_in(lan)
    assert enrolled(client, device).status_code == 200
    asked = post_json(client, "/account/passkeys/options/", {}).json()["publicKey"]
    assert len(asked["excludeCredentials"]) == 1
    again = enrolled(client, device)
    assert (again.status_code, again.json()["code"]) == (409, "staff.passkey_taken")
    assert enrolled(client, Device(), "Laptop").status_code == 200
    assert [key.name for key in factors.of(lan).passkeys] == ["Phone", "Laptop"]


@pytest.mark.parametrize(
    "facts", [{"origin": "http://evil.example"}, {"origin": "http://localhost:81"}, {"rp_id": "evil.example"}]
)
def test_what_was_made_for_another_site_is_refused(facts: dict[str, str]) -> None:
    lan = member("cashier")
    answer = enrolled(sign_in(lan), Device(**facts))
    assert (answer.status_code, answer.json()["code"]) == (422, "staff.passkey_refused")
    assert not Passkey.objects.exists()


def test_a_challenge_is_answered_once() -> None:
    lan = member("cashier")
    client, device = sign_in(lan), Device()
    made = device.make(post_json(client, "/account/passkeys/options/", {}).json())
    assert post_json(client, "/account/passkeys/?name=A", made).status_code == 200
    assert post_json(client, "/account/passkeys/?name=B", made).status_code == 422
    assert Passkey.objects.count() == 1


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id": 1}', b"\xff", b'{"id":"AA","rawId":"AA","response":{}}'])
def test_nonsense_is_refused(body: bytes) -> None:
    lan, _ = with_passkey()
    for path in ("/sign-in/passkey/", "/account/passkeys/", "/account/confirm/passkey/"):
        client = browser() if path.startswith("/sign-in/") else sign_in(lan)
        if path != "/sign-in/passkey/":
            client.force_login(lan, backend="django.contrib.auth.backends.ModelBackend")
        post_json(client, f"{path}options/", {})
        assert client.post(path, body, content_type="application/json").status_code == 422, path


def test_a_passkey_is_the_second_step() -> None:
    lan, device = with_passkey(verifies=False)
    client = sign_in(lan)
    assert client.answer.headers["Location"].startswith("/sign-in/second/")
    asked = post_json(client, "/sign-in/passkey/options/", {}).json()["publicKey"]
    assert [each["id"] for each in asked["allowCredentials"]]
    assert proved(client, device).json() == {"to": "/"}
    assert client.get("/account/").status_code == 200
    assert BrowserSession.objects.filter(person=lan).order_by("-created_at")[0].way == "passkey"


def test_a_passkey_opens_without_a_password_when_the_device_knows_its_owner() -> None:
    lan, device = with_passkey()
    client = browser()
    asked = post_json(client, "/sign-in/passkey/options/", {}).json()["publicKey"]
    assert "allowCredentials" not in asked
    assert asked["userVerification"] == "required"
    assert proved(client, device).json() == {"to": "/"}
    assert f'data-who="{lan.uid}"' in client.get("/account/").content.decode()

    careless = Device(key=device.key, id=device.id, handle=device.handle, verifies=False, count=50)
    refused = proved(browser(), careless)
    assert (refused.status_code, refused.json()["code"]) == (422, "staff.passkey_refused")


def test_another_persons_passkey_is_no_second_step() -> None:
    _, theirs = with_passkey()
    mai = member("cashier", email="mai@example.vn")
    assert enrolled(sign_in(mai), Device()).status_code == 200
    client = sign_in(mai)
    assert proved(client, theirs).status_code == 422
    assert client.get("/account/").status_code == 302


def test_a_counter_that_does_not_grow_means_a_copy() -> None:
    _, device = with_passkey()
    assert proved(browser(), device).status_code == 200
    copy = Device(key=device.key, id=device.id, handle=device.handle, count=device.count - 1)
    client = browser()
    assert proved(client, copy).status_code == 422
    assert client.get("/account/").status_code == 302
    (entry,) = AuditEntry.objects.filter(table="foundation_passkey", action="refused")
    assert entry.after == {"counter": 2, "last": 2}
    assert proved(browser(), device).status_code == 200


def test_devices_without_a_counter_are_taken() -> None:
    _, device = with_passkey(grows=False)
    for _ in range(2):
        assert proved(browser(), device).status_code == 200


@pytest.mark.parametrize("what", ["gone", "shut out"])
def test_who_may_not_come_in_does_not(what: str) -> None:
    lan, device = with_passkey()
    if what == "gone":
        Passkey.objects.all().delete()
    else:
        Person.objects.filter(pk=lan.pk).update(is_active=False)
    client = browser()
    assert proved(client, device).status_code == 422
    assert client.get("/account/").status_code == 302


def test_a_signature_of_something_else_is_refused() -> None:
    lan, device = with_passkey()
    stranger = Device(id=device.id, handle=device.handle, count=99)
    assert proved(browser(), stranger).status_code == 422
    assert Passkey.objects.get(person=lan).last_used_at is None


def test_renamed_and_removed_by_their_owner_alone() -> None:
    lan, _ = with_passkey()
    key = Passkey.objects.get()
    other = sign_in(member("owner", email="mai@example.vn"))
    for form in ({"act": "remove"}, {"act": "rename", "name": "Mine"}):
        assert other.post(f"/account/passkeys/{key.uid}/", form).status_code == 404
    client = browser()
    client.force_login(lan, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(f"/account/passkeys/{key.uid}/", {"act": "rename", "name": " "}).status_code == 422
    client.post(f"/account/passkeys/{key.uid}/", {"act": "rename", "name": "Điện thoại"})
    assert Passkey.objects.get().name == "Điện thoại"
    required("cashier")
    assert client.post(f"/account/passkeys/{key.uid}/", {"act": "remove"}).status_code == 409
    required("owner")
    assert client.post(f"/account/passkeys/{key.uid}/", {"act": "remove"}).status_code == 302
    assert not Passkey.objects.exists()


def test_a_proof_by_passkey_is_a_confirmation() -> None:
    lan, device = with_passkey()
    client = browser()
    client.force_login(lan, backend="django.contrib.auth.backends.ModelBackend")
    BrowserSession.objects.update(confirmed_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert client.post("/account/codes/").headers["Location"].startswith("/account/confirm/")
    done = proved(client, device, "/account/confirm/passkey/")
    assert done.json() == {"to": "/"}
    assert client.post("/account/codes/").status_code == 200


@pytest.mark.parametrize(
    ("origin", "host", "can"),
    [
        ("https://shop.example.vn", "shop.example.vn", True),
        ("http://shop.example.vn", "shop.example.vn", False),
        ("http://localhost:8000", "localhost", True),
        ("http://127.0.0.1:8000", "127.0.0.1", False),
        ("https://192.168.1.4", "192.168.1.4", False),
        ("https://[::1]:8000", "[::1]", False),
        ("https://shop.example.vn:8443", "shop.example.vn", True),
    ],
)
def test_browsers_have_passkeys_for_names(origin: str, host: str, can: bool) -> None:
    assert (Site(origin).host, Site(origin).can) == (host, can)
