"""Staff pages: joining by a link, roles with places, leaving; seats counted by triggers; the demo's own door."""

from __future__ import annotations

import io
import re
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from python_calamine import CalamineWorkbook

from mekong.faces.cli.up import Supervisor
from mekong.faces.demo.people import PEOPLE
from mekong.foundation import commands
from mekong.foundation.actor import SYSTEM
from mekong.foundation.config import Config
from mekong.foundation.errors import Invalid, MayNot, NotFound
from mekong.foundation.models import ActiveDay, BrowserSession, Person, RoleAssignment, SeatPeriod
from mekong.foundation.security import invitations, seats
from mekong.inventory.models import Location
from tests.support.door import PASSWORD, browser, member, sign_in
from tests.support.people import a_person, acting, an_actor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("calm")]
NEW = {"name": "Mai", "email": "mai@example.vn", "role": "cashier", "phone": "0903 123 218"}


def hired(client: Any, **facts: Any) -> str:
    """The path of the link that is shown."""
    answer = client.post("/settings/staff/new/", {**NEW, **facts})
    assert answer.status_code == 200, answer.content.decode()
    found = re.search(r'value="http://localhost(/welcome/[^"]+)"', answer.content.decode())
    assert found
    return found[1]


# --- joining ----------------------------------------------------------------------------------------------------------


def test_somebody_joins_by_the_link_they_were_handed() -> None:
    link = hired(sign_in(member("owner")))
    client = browser()
    assert "Welcome, Mai" in client.get(link).content.decode()
    assert client.post(link, {"new": PASSWORD, "again": "khác"}).status_code == 422
    assert client.post(link, {"new": "123", "again": "123"}).status_code == 422
    assert client.post(link, {"new": PASSWORD, "again": PASSWORD}).headers["Location"] == "/"
    assert client.get("/account/").status_code == 200
    for _ in range(2):
        gone = browser().post(link, {"new": "kẻ gian chọn lại", "again": "kẻ gian chọn lại"})
        assert gone.status_code == 404
        assert "used already or is older" in gone.content.decode()


@pytest.mark.parametrize("how", ["password", "newer", "shut out", "torn"])
def test_a_link_dies_with_what_it_was_for(how: str) -> None:
    link = hired(sign_in(member("owner")))
    mai = Person.objects.get(email="mai@example.vn")
    if how == "password":
        mai.set_password(PASSWORD)
        mai.must_change_password = False
        mai.save()
    elif how == "newer":
        commands.reset_password(actor=SYSTEM, person_id=mai.uid)
    elif how == "shut out":
        commands.deactivate_person(actor=SYSTEM, person_id=mai.uid, now=datetime.now(UTC))
    else:
        link = link[:-2] + "x/"
    assert browser().get(link).status_code == 404
    assert browser().get("/welcome/nonsense/x/").status_code == 404


def test_a_link_is_good_for_three_days(monkeypatch: pytest.MonkeyPatch) -> None:
    link = hired(sign_in(member("owner")))
    generator = invitations.default_token_generator
    for days, status in ((2.9, 200), (3.1, 404)):
        later = datetime.now() + timedelta(days=days)  # noqa: DTZ005 - the generator counts in local time
        monkeypatch.setattr(generator, "_now", lambda later=later: later)
        assert browser().get(link).status_code == status


@pytest.mark.django_db(transaction=True)
def test_of_two_who_use_one_link_one_chooses() -> None:
    made = a_person("cashier", email="mai@example.vn")
    _, _, person, token, _ = invitations.link_of(made.id).split("/")
    row, start, outcomes = Person.objects.get(uid=made.id), threading.Barrier(2), []

    def choose(password: str) -> None:
        try:
            start.wait(10)
            invitations.choose_password(actor=invitations.as_actor(row), person_id=row.uid, token=token, new=password)
            outcomes.append("done")
        except NotFound:
            outcomes.append("gone")
        finally:
            connection.close()

    threads = [threading.Thread(target=choose, args=(f"mật khẩu dài số {n}",)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "gone"]
    assert person == row.uid.hex


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"email": "mai"}, "not an e-mail"),
        ({"name": ""}, "characters are needed"),
        ({"role": "boss"}, "There is no role"),
        ({"role": "owner", "place": ["1"]}, "holds at every location"),
        ({"email": "lan@example.vn"}, "already belongs"),
    ],
)
def test_wrong_facts_are_said_beside_their_field_and_nobody_is_added(wrong: dict[str, Any], said: str) -> None:
    client = sign_in(member("owner"))
    answer = client.post("/settings/staff/new/", {**NEW, **wrong})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not Person.objects.filter(email=NEW["email"]).exists()


def test_a_store_manager_hires_for_their_store_alone() -> None:
    here, there = (Location.objects.create(code=code, name=code, kind="store") for code in ("HN", "SG"))
    client = sign_in(member(("manager", [here.pk])))
    assert client.post("/settings/staff/new/", {**NEW, "place": [str(there.pk)]}).status_code == 422
    assert client.post("/settings/staff/new/", NEW).status_code == 422
    hired(client, place=[str(here.pk)])
    assert RoleAssignment.objects.get(person__email="mai@example.vn").location_ids == [here.pk]


# --- roles, leaving ---------------------------------------------------------------------------------------------------


def test_roles_are_given_moved_and_taken_on_the_persons_page() -> None:
    store = Location.objects.create(code="HN", name="Hàng Gai", kind="store")
    client, lan = sign_in(member("owner", email="chu@example.vn")), member("cashier")
    page = f"/settings/staff/{lan.uid}/"

    def act(**form: Any) -> int:
        return int(client.post(f"{page}act/", form).status_code)

    assert act(act="role", role="warehouse", place=[str(store.pk)]) == 302
    assert "Hàng Gai" in client.get(page).content.decode()
    assert act(act="role", role="warehouse") == 302
    assert RoleAssignment.objects.get(person=lan, role="warehouse").location_ids == []
    assert act(act="unrole", role="warehouse") == 302
    assert act(act="unrole", role="warehouse") == 302
    assert act(act="role", role="boss") == 422
    assert act(act="deactivate") == 302
    assert sign_in(lan).answer.status_code == 401
    assert act(act="reactivate") == 302
    assert sign_in(lan).answer.status_code == 302
    assert act(act="sessions") == 302
    assert not BrowserSession.objects.filter(person=lan, ended_at=None).exists()
    assert act(act="nonsense") == 302
    shown = client.post(f"{page}act/", {"act": "password"})
    assert "/welcome/" in shown.content.decode()


def test_the_last_owner_stays() -> None:
    owner = member("owner")
    client = sign_in(owner)
    for form in ({"act": "deactivate"}, {"act": "unrole", "role": "owner"}):
        answer = client.post(f"/settings/staff/{owner.uid}/act/", form)
        assert answer.status_code == 409
        assert "Someone must own the business" in answer.content.decode()


def test_a_manager_does_not_touch_the_owner() -> None:
    owner, client = member("owner", email="chu@example.vn"), sign_in(member("manager"))
    for act in ("deactivate", "password", "factors", "sessions", "unlock"):
        assert client.post(f"/settings/staff/{owner.uid}/act/", {"act": act}).status_code == 403, act
    sign_in(owner, REMOTE_ADDR="203.0.113.77")
    page = client.get(f"/settings/staff/{owner.uid}/").content.decode()
    assert "holds more than your role does" in page
    assert "203.0.113.77" not in page
    assert 'name="act"' not in page.split("do-password")[0]


def test_the_list_is_filtered() -> None:
    client = sign_in(member("owner", email="chu@example.vn"))
    member("cashier")
    gone = member("warehouse", email="cu@example.vn")
    commands.deactivate_person(actor=SYSTEM, person_id=gone.uid, now=datetime.now(UTC))

    def emails(query: str) -> set[str]:
        return set(
            re.findall(r"[a-z]+@example\.vn(?=</small>)", client.get(f"/settings/staff/?{query}").content.decode())
        )

    assert emails("") == {"chu@example.vn", "lan@example.vn"}
    assert emails("tab=gone") == {"cu@example.vn"}
    assert emails("role=cashier") == {"lan@example.vn"}
    assert emails("q=CHU@") == {"chu@example.vn"}
    assert emails("q=nobody") == set()


# --- seats ------------------------------------------------------------------------------------------------------------


def test_a_seat_is_an_active_account_with_a_role() -> None:
    lan = a_person()
    assert not SeatPeriod.objects.exists()
    for _ in range(2):
        commands.assign_role(actor=SYSTEM, person_id=lan.id, role="cashier")
    commands.assign_role(actor=SYSTEM, person_id=lan.id, role="warehouse")
    assert SeatPeriod.objects.filter(until=None).count() == 1
    commands.remove_role(actor=SYSTEM, person_id=lan.id, role="cashier")
    assert SeatPeriod.objects.filter(until=None).count() == 1
    commands.remove_role(actor=SYSTEM, person_id=lan.id, role="warehouse")
    assert SeatPeriod.objects.filter(until=None).count() == 0
    commands.assign_role(actor=SYSTEM, person_id=lan.id, role="cashier")
    commands.deactivate_person(actor=SYSTEM, person_id=lan.id, now=datetime.now(UTC))
    commands.reactivate_person(actor=SYSTEM, person_id=lan.id)
    assert [row.until is None for row in SeatPeriod.objects.order_by("pk")] == [False, False, True]
    assert {row.opened_by for row in SeatPeriod.objects.all()} == {"system"}


def test_seats_are_counted_though_somebody_writes_by_sql() -> None:
    lan = member("cashier")
    with connection.cursor() as cursor:
        cursor.execute("update foundation_person set is_active = false where id = %s", [lan.pk])
    assert SeatPeriod.objects.get().until is not None


def test_a_month_is_counted_in_days_and_comes_as_a_file() -> None:
    owner, lan = member("owner", email="chu@example.vn"), member("cashier")
    day = datetime(2026, 10, 10, 1, 0, tzinfo=UTC)
    SeatPeriod.objects.filter(person=owner).update(since=day - timedelta(days=90))
    SeatPeriod.objects.filter(person=lan).update(since=day, until=day + timedelta(days=2))
    ActiveDay.objects.create(person=lan, day=day.date())
    ActiveDay.objects.create(person=lan, day=day.date() + timedelta(days=9))
    now = datetime(2026, 11, 22, 5, tzinfo=UTC)
    found = {each.email: each for each in seats.month(actor=SYSTEM, year=2026, month=10, now=now)}
    assert (found["lan@example.vn"].days, found["lan@example.vn"].active) == (3, 1)
    assert (found["chu@example.vn"].days, found["chu@example.vn"].active) == (31, 0)
    out = io.BytesIO()
    seats.write_month(actor=SYSTEM, year=2026, month_number=10, now=now, out=out)
    rows = CalamineWorkbook.from_filelike(io.BytesIO(out.getvalue())).get_sheet_by_index(0).to_python()
    assert [row[1:4] for row in rows[1:3]] == [["lan@example.vn", 3, 1], ["chu@example.vn", 31, 0]] or [
        row[1:4] for row in rows[1:3]
    ] == [["chu@example.vn", 31, 0], ["lan@example.vn", 3, 1]]
    assert rows[3][2:4] == [34, 1]
    client = sign_in(owner)
    page = client.get("/settings/staff/seats/?month=2026-10").content.decode()
    assert ">34<" in page
    file = client.get("/settings/staff/seats/file/?month=2026-10")
    assert file.headers["Content-Disposition"].endswith('2026-10.xlsx"')
    for odd in ("", "2026-13", "x", "99999-01", "2026-1-1"):
        assert client.get(f"/settings/staff/seats/?month={odd}").status_code == 200, odd


def test_seats_are_for_who_manages_staff() -> None:
    now = datetime(2026, 11, 22, 5, tzinfo=UTC)
    for ask in (
        lambda actor: seats.count_now(actor=actor),
        lambda actor: seats.list_changes(actor=actor),
        lambda actor: seats.month(actor=actor, year=2026, month=11, now=now),
    ):
        with pytest.raises(MayNot):
            ask(an_actor("audit.view"))
    with pytest.raises(Invalid):
        seats.month(actor=SYSTEM, year=1, month=11, now=now)


def test_who_came_and_went_is_told_with_who_did_it() -> None:
    boss = a_person("owner", email="chu@example.vn")
    lan = a_person()
    commands.assign_role(actor=acting(boss), person_id=lan.id, role="cashier")
    commands.deactivate_person(actor=acting(boss), person_id=lan.id, now=datetime.now(UTC))
    left, came, _ = seats.list_changes(actor=SYSTEM)
    assert (left.added, left.person, left.by_name) == (False, lan.id, "Lan")
    assert (came.added, came.person) == (True, lan.id)


# --- the demo's own door ----------------------------------------------------------------------------------------------


@pytest.fixture
def demo_people() -> None:
    for each in PEOPLE:
        member(each.role, email=each.email)


def in_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEKONG_SUPERVISED", "1")
    monkeypatch.setenv("MEKONG_DEMO", "1")


def test_the_demo_offers_each_role_as_one_click(demo_people: None, monkeypatch: pytest.MonkeyPatch) -> None:
    in_demo(monkeypatch)
    page = browser().get("/sign-in/").content.decode()
    for each in PEOPLE:
        assert f'value="{each.role}"' in page
        client = browser()
        assert client.post("/sign-in/demo/", {"role": each.role}).headers["Location"] == "/"
        assert each.email in client.get("/account/").content.decode()
    assert browser().post("/sign-in/demo/", {"role": "boss"}).status_code == 404


@pytest.mark.parametrize(
    "environment", [{}, {"MEKONG_DEMO": "1"}, {"MEKONG_SUPERVISED": "1"}, {"MEKONG_SUPERVISED": "1", "MEKONG_DEMO": ""}]
)
def test_outside_of_the_demo_there_is_no_such_door(
    demo_people: None, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name in ("MEKONG_SUPERVISED", "MEKONG_DEMO"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert "/sign-in/demo/" not in browser().get("/sign-in/").content.decode()
    client = browser()
    assert client.post("/sign-in/demo/", {"role": "owner"}).status_code == 404
    assert client.get("/account/").status_code == 302


def test_the_demo_opens_for_its_own_people_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    in_demo(monkeypatch)
    member("owner")
    assert browser().post("/sign-in/demo/", {"role": "owner"}).status_code == 404


@pytest.mark.parametrize(("demo", "said"), [(True, "1"), (False, "")])
def test_the_supervisor_says_whether_it_is_a_demo_whatever_the_environment_holds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, demo: bool, said: str
) -> None:
    monkeypatch.setenv("MEKONG_DEMO", "1")
    supervisor = Supervisor(Config(data=tmp_path), demo=demo, browser=False)
    assert supervisor._child("web", "x").environment["MEKONG_DEMO"] == said
