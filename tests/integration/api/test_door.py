"""What the door of the API refuses, how it says so, and writes that are sent twice."""

from __future__ import annotations

import threading
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

from mekong.foundation import commands
from mekong.foundation.actor import SYSTEM
from mekong.foundation.models import ApiToken, AuditEntry, IdempotencyRecord, Person
from tests.support.http import refused, send
from tests.support.people import NOON, a_caller, a_person

pytestmark = pytest.mark.django_db
PEOPLE = "/api/v1/people"


# --- who


def test_a_token_says_who_it_is() -> None:
    assert a_caller("orders.view").get("/api/v1/me").json()["permissions"] == ["orders.view"]
    assert a_caller().get("/api/v1/me").json()["permissions"] is None


@pytest.mark.parametrize("header", [None, "Bearer mk_forged", "Basic eDp5", "Bearer"])
def test_no_token_no_entry(header: str | None) -> None:
    client = Client(headers={"Authorization": header, "Host": "localhost"} if header else {"Host": "localhost"})
    response = client.get("/api/v1/me")
    assert refused(response, 401)["code"] == "unauthenticated"
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_an_expired_and_a_revoked_token_do_not_enter() -> None:
    client = a_caller()
    assert client.get("/api/v1/me").status_code == 200
    from mekong.foundation.access import authenticator

    for change in ({"expires_at": NOON.replace(year=2020)}, {"expires_at": None, "revoked_at": NOON}):
        ApiToken.objects.update(**change)
        authenticator.forget()
        refused(client.get("/api/v1/me"), 401)


def test_a_permission_that_is_missing_is_named_in_both_languages() -> None:
    vi = refused(a_caller("orders.view", language="vi").get(PEOPLE), 403)
    en = refused(a_caller("orders.view", language="en-GB,vi;q=0.5").get(PEOPLE), 403)
    assert vi["code"] == en["code"] == "may_not"
    assert vi["params"] == en["params"] == {"permission": "staff.manage"}
    assert "Quản lý nhân viên và vai trò (staff.manage)" in vi["detail"]
    assert "cần quyền" in vi["detail"].lower()
    assert "Manage staff and roles (staff.manage)" in en["detail"]
    assert (vi["title"], en["title"]) == ("Không được phép", "Not allowed")


def test_a_person_signed_in_needs_the_csrf_token_to_write() -> None:
    person = Person.objects.get(uid=a_person("owner", email="boss@example.vn").id)
    person.must_change_password = False
    person.save()
    client = Client(enforce_csrf_checks=True, headers={"Host": "localhost", "Accept-Language": "en"})
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")

    assert client.get("/api/v1/me").json()["ref"] == f"person:{person.pk}"
    body = {"email": "a@example.vn", "name": "A"}
    assert refused(send(client, PEOPLE, body), 403)["code"] == "request.cross_site"
    assert Person.objects.count() == 1
    secret = "a" * 32
    client.cookies["mekong_csrf"] = secret
    assert send(client, PEOPLE, body, **{"X-CSRFToken": secret}).status_code == 201


def test_a_one_time_password_opens_nothing_but_its_change() -> None:
    person = Person.objects.get(uid=a_person("owner").id)
    client = Client(headers={"Host": "localhost"})
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    assert refused(client.get("/api/v1/me"), 403)["code"] == "staff.password_change_needed"


# --- what


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "request.bad_fields"),
        (b"{", 400, "request.malformed_json"),
        (b'{"name": NaN}', 400, "request.malformed_json"),
        (b'{"name": "\xff"}', 400, "request.malformed_json"),
        (b"[" * 100_000, 400, "request.malformed_json"),
        (b'{"name": ' + b"[" * 60 + b"]" * 60 + b"}", 400, "request.malformed_json"),
        (b'{"name": ' + b"9" * 5000 + b"}", 400, "request.malformed_json"),
        (b"[]", 422, "request.bad_fields"),
        (b'"x"', 422, "request.bad_fields"),
        (b"null", 422, "request.bad_fields"),
        (b'{"email": "a@b.vn", "name": "a\\u0000"}', 422, "request.bad_fields"),
        (b'{"email": "a@b.vn", "name": "\\ud800"}', 422, "request.bad_fields"),
        (b'{"email": "a@b.vn", "name": "a", "\\u0000": 1}', 422, "request.bad_fields"),
    ],
)
def test_a_body_that_cannot_be_read_changes_nothing(body: bytes, status: int, code: str) -> None:
    assert refused(send(a_caller(), PEOPLE, body), status)["code"] == code
    assert not Person.objects.exists()


def test_wrong_fields_are_named_with_problem_and_remedy_in_both_languages() -> None:
    body = {"name": 3, "nam": 1, "email": "x"}
    wanted = [
        ("email", "At least 3 characters are needed.", "Fill it in.", "Cần ít nhất 3 ký tự."),
        ("name", "A text is needed.", "Put it in quotes.", "Cần một chuỗi ký tự."),
        ("nam", "This field is not known here.", "Leave it out, or check its spelling.", "Trường này không có ở đây."),
    ]
    en = refused(send(a_caller(), PEOPLE, body), 422)["errors"]
    vi = refused(send(a_caller(language="vi"), PEOPLE, body), 422)["errors"]
    assert [(each["field"], each["problem"], each["remedy"]) for each in en] == [each[:3] for each in wanted]
    assert [(each["field"], each["problem"]) for each in vi] == [(each[0], each[3]) for each in wanted]
    assert all(each["remedy"] for each in vi)


def test_a_place_in_a_list_is_named_as_it_is_written() -> None:
    person = a_person()
    body = {"role": "cashier", "location_ids": [1, 2.0, 2**63]}
    errors = refused(send(a_caller(), f"{PEOPLE}/per_{person.id.hex}/roles", body), 422)["errors"]
    assert [each["field"] for each in errors] == ["location_ids[1]", "location_ids[2]"]


def test_a_large_body_is_refused_before_it_is_read() -> None:
    problem = refused(send(a_caller(), PEOPLE, b" " * (10 * 1024 * 1024 + 1)), 413)
    assert problem["code"] == "request.too_large"
    assert problem["params"] == {"limit_mb": 10}


def test_another_kind_of_body_is_refused() -> None:
    response = a_caller().post(PEOPLE, b"name=A", content_type="application/x-www-form-urlencoded")
    assert refused(response, 415)["params"]["expected"] == "application/json"


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/", "/api/v1/people/per_x/what/%00", "/api/v1/people/"])
def test_an_unknown_address_is_a_problem_document(path: str) -> None:
    refused(a_caller().get(path), 404)


@pytest.mark.parametrize("key", ["x", "per_", "per_zz", "1", "9" * 40, "per_%00", "..%2f", "' or 1=1"])
def test_an_id_that_is_none_is_not_found(key: str) -> None:
    assert refused(a_caller().get(f"{PEOPLE}/{key}"), 404)


def test_a_wrong_method_says_which_are_right() -> None:
    response = a_caller().put("/api/v1/me")
    assert refused(response, 405)["params"]["allowed"] == "GET"
    assert response["Allow"] == "GET"


@pytest.mark.parametrize(
    "query", ["cursor=zz", "cursor=W10", "cursor=%00", "limit=0", "limit=201", "limit=x", "limit=1.5"]
)
def test_a_wrong_query_is_named(query: str) -> None:
    errors = refused(a_caller().get(f"{PEOPLE}?{query}"), 422)["errors"]
    assert errors[0]["field"] == query.partition("=")[0]


def test_a_defect_is_an_answer_with_a_reference_and_no_detail(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: Any) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr("mekong.foundation.queries.list_people", broken)
    response = a_caller().get(PEOPLE)
    assert refused(response, 500)["params"]["reference"]
    assert b"hunter2" not in response.content


# --- pages


def test_pages_follow_each_other_without_gap_or_repeat() -> None:
    people = [a_person(email=f"{number}@example.vn") for number in range(5)]
    client, seen, cursor = a_caller(), [], ""
    while True:
        page = client.get(f"{PEOPLE}?limit=2" + (f"&cursor={cursor}" if cursor else "")).json()
        seen += [each["id"] for each in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == [f"per_{each.id.hex}" for each in people]


# --- twice


def test_a_repeated_write_gets_the_first_answer() -> None:
    client, key = a_caller(), str(uuid4())
    body = {"email": "lan@example.vn", "name": "Lan"}
    first = send(client, PEOPLE, body, **{"Idempotency-Key": key})
    again = send(client, PEOPLE, body, **{"Idempotency-Key": key})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert Person.objects.count() == 1
    # The answer has a password in it; what is kept must not.
    kept = bytes(IdempotencyRecord.objects.get().body or b"")
    assert first.json()["password"].encode() not in kept


def test_a_key_belongs_to_one_request_of_one_caller() -> None:
    client, key = a_caller(), {"Idempotency-Key": "k"}
    assert send(client, PEOPLE, {"email": "lan@example.vn", "name": "Lan"}, **key).status_code == 201
    other = send(client, PEOPLE, {"email": "mai@example.vn", "name": "Mai"}, **key)
    assert refused(other, 409)["code"] == "idempotency_mismatch"
    assert send(a_caller(), PEOPLE, {"email": "mai@example.vn", "name": "Mai"}, **key).status_code == 201


def test_a_refused_write_may_be_sent_again_with_its_key() -> None:
    client, key = a_caller(), {"Idempotency-Key": "k"}
    taken = commands.create_person(actor=SYSTEM, email="lan@example.vn", name="Lan", now=NOON).person
    body = {"email": "lan@example.vn", "name": "Lan"}
    refused(send(client, PEOPLE, body, **key), 409)
    assert not IdempotencyRecord.objects.exists()
    Person.objects.filter(uid=taken.id).update(email="other@example.vn")
    assert send(client, PEOPLE, body, **key).status_code == 201


@pytest.mark.parametrize("key", ["", " ", "é", "x" * 201, "a b"])
def test_a_key_has_a_form(key: str) -> None:
    response = send(a_caller(), PEOPLE, {"email": "lan@example.vn", "name": "Lan"}, **{"Idempotency-Key": key})
    assert refused(response, 422)["errors"][0]["field"] == "Idempotency-Key"


def test_a_key_without_a_token_leaves_nothing() -> None:
    client = Client(headers={"Host": "localhost", "Idempotency-Key": "k"})
    refused(send(client, PEOPLE, {"email": "lan@example.vn", "name": "Lan"}), 401)
    assert not IdempotencyRecord.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_same_write_at_once_happens_once() -> None:
    token = commands.create_token(actor=SYSTEM, name="t", scopes=["all"], now=NOON).text
    start, answers = threading.Barrier(8), []

    def write() -> None:
        client = Client(headers={"Authorization": f"Bearer {token}", "Host": "localhost", "Idempotency-Key": "k"})
        try:
            start.wait(60)
            answers.append(send(client, PEOPLE, {"email": "lan@example.vn", "name": "Lan"}))
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(90)
    assert [each.status_code for each in answers] == [201] * 8
    assert len({each.content for each in answers}) == 1
    assert sum("Idempotency-Replayed" in each for each in answers) == 7
    assert Person.objects.count() == 1


# --- people and tokens over HTTP


def test_hiring_over_http_is_in_the_trail_under_the_token() -> None:
    client = a_caller()
    ref = client.get("/api/v1/me").json()["ref"]
    made = send(client, PEOPLE, {"email": "lan@example.vn", "name": "<script>alert(1)</script>'; drop table x"}).json()
    path = f"{PEOPLE}/{made['person']['id']}"
    assert (
        send(client, f"{path}/roles", {"role": "cashier", "location_ids": [1]}).json()["roles"][0]["role"] == "cashier"
    )
    assert client.delete(f"{path}/roles/cashier").json()["roles"] == []
    assert client.patch(path, {"language": "en"}, content_type="application/json").json()["language"] == "en"
    assert client.get(path).json()["name"] == "<script>alert(1)</script>'; drop table x"
    trail = client.get("/api/v1/audit?table=foundation_roleassignment").json()["items"]
    assert [(each["action"], each["actor"]) for each in trail] == [("delete", ref), ("insert", ref)]
    refused(a_caller("orders.view").get("/api/v1/audit"), 403)
    assert set(AuditEntry.objects.filter(table="foundation_person").values_list("actor", flat=True)) == {ref}


def test_a_token_made_over_http_works_until_it_is_revoked() -> None:
    client = a_caller()
    made = send(client, "/api/v1/tokens", {"name": "till", "scopes": ["orders.view"]}).json()
    till = Client(headers={"Authorization": f"Bearer {made['text']}", "Host": "localhost"})
    assert till.get("/api/v1/me").json()["permissions"] == ["orders.view"]
    assert made["text"] not in client.get("/api/v1/tokens").content.decode()
    for _ in range(2):
        assert client.delete(f"/api/v1/tokens/{made['token']['id']}").json()["revoked_at"]
    unknown = send(client, "/api/v1/tokens", {"name": "t", "scopes": ["orders.fly"]})
    assert refused(unknown, 422)["params"]["scope"] == "orders.fly"


def test_the_docs_page_fetches_nothing_from_elsewhere() -> None:
    page = Client(headers={"Host": "localhost"}).get("/api/v1/docs")
    assert page.status_code == 200
    assert b"https://" not in page.content
    assert b"http://" not in page.content
