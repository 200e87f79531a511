"""The audit trail as people read it: names and words where the tables have numbers and codes."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client

from mekong.foundation.actor import SYSTEM
from mekong.foundation.models import Person, RoleAssignment
from mekong.inventory import commands as inventory
from tests.integration.backoffice.conftest import Visitor
from tests.support.people import a_person

pytestmark = pytest.mark.django_db(transaction=True)


def _rows(client: Client, query: str = "") -> list[str]:
    page = client.get(f"/settings/audit/{query}").content.decode()
    body = page.split("<tbody>")[1].split("</tbody>")[0]
    return [re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", row))).strip() for row in body.split("</tr>")[:-1]]


def test_people_places_roles_and_answers_are_named(visitor: Visitor) -> None:
    owner = visitor("owner")
    shelf = inventory.create_location(actor=SYSTEM, code="KHO-TD", name="Kho Thủ Đức", kind="warehouse")
    someone = a_person("cashier", email="lan@example.vn")
    row = Person.objects.get(uid=someone.id)
    row.name, row.must_change_password = "Lan Anh", False
    row.save()
    held = RoleAssignment.objects.get(person=row)
    held.location_ids = [shelf.id]
    held.save()

    roles = _rows(owner, "?table=foundation_roleassignment&kind=update")
    assert any("Lan Anh" in each and "Kho Thủ Đức" in each for each in roles), roles
    given = _rows(owner, "?table=foundation_roleassignment&kind=insert")
    assert any("Thu ngân" in each for each in given), given
    changed = next(each for each in _rows(owner, "?table=foundation_person&kind=update") if "Phải đặt" in each)
    assert "Lan Anh" in changed
    assert "Không" in changed


def test_what_only_the_database_asks_about_is_not_shown(visitor: Visitor) -> None:
    owner = visitor("owner")
    shown = " ".join(_rows(owner))
    assert shown
    for code in ("must_change_password", "is_superuser", "is_staff", "uid ", "person_id", "foundation_"):
        assert code not in shown
