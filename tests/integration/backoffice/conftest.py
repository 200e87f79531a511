from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from django.test import Client

if TYPE_CHECKING:
    from tests.support.shop import Shop

Visitor = Callable[..., Client]


@pytest.fixture
def shop() -> Shop:
    from tests.support.shop import furnish

    return furnish(datetime.now(UTC))


@pytest.fixture
def visitor() -> Visitor:
    """A browser where somebody with these roles is signed in; nobody without any."""
    from mekong.foundation.models import Person
    from tests.support.people import a_person

    def made(*roles: str, language: str = "vi") -> Client:
        client = Client(headers={"Host": "localhost"}, raise_request_exception=True)
        client.cookies["mekong_language"] = language
        if roles:
            person = a_person(*roles, email=f"{roles[0]}@example.vn")
            row = Person.objects.get(uid=person.id)
            row.must_change_password = False
            row.save()
            client.force_login(row, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return made
