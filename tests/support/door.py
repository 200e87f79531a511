"""People with passwords, and browsers in which they sign in, for tests."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from mekong.foundation.models import Person
from tests.support.people import a_person

PASSWORD = "con sông lớn chảy về biển"


def member(*roles: Any, email: str = "lan@example.vn", password: str = PASSWORD) -> Person:
    """Somebody with these roles, and a password of their own."""
    row = Person.objects.get(uid=a_person(*roles, email=email).id)
    row.set_password(password)
    row.must_change_password = False
    row.save()
    return row


def browser(**headers: str) -> Client:
    client = Client(headers={"Host": "localhost", **headers})
    client.cookies["mekong_language"] = "en"
    return client


def sign_in(person: Person, client: Client | None = None, *, password: str = PASSWORD, **options: Any) -> Client:
    """By the form; the second step is the caller's."""
    client = client or browser()
    client.answer = client.post("/sign-in/", {"email": person.email, "password": password}, **options)  # type: ignore[attr-defined]
    return client


def post_json(client: Client, path: str, body: Any) -> Any:
    return client.post(path, json.dumps(body), content_type="application/json")
