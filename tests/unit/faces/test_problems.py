"""Errors as problem documents: one pure function, two languages."""

from __future__ import annotations

import string
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import msgspec
import pytest
from django.utils.translation import trans_real

from mekong.faces.api import app, problems  # noqa: F401 - every module and its errors are loaded
from mekong.faces.api.problems import TITLES, field_path, from_msgspec, negotiate, problem, say
from mekong.foundation.errors import Invalid, MayNot, MekongError, NotFound, RateLimited


def kinds(kind: type[MekongError] = MekongError) -> Iterator[type[MekongError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from kinds(each)


OURS = sorted({each for each in kinds() if each.__module__.startswith("mekong.")}, key=lambda each: each.__qualname__)


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("kind", OURS)
def test_every_error_is_said_in_vietnamese_with_the_same_facts(kind: type[MekongError]) -> None:
    said = trans_real.translation("vi").gettext(kind.template)
    assert said != kind.template or kind.template == "{field}: {problem}"
    assert fields(said) == fields(kind.template)


@pytest.mark.parametrize(
    "sentence", sorted({text for pair in problems._SAYS.values() for text in pair} | {*TITLES.values()})
)
def test_every_sentence_of_a_validator_and_every_title_is_said_in_vietnamese(sentence: str) -> None:
    said = trans_real.translation("vi").gettext(sentence)
    assert said != sentence
    assert fields(said) == fields(sentence)


def test_codes_are_their_own() -> None:
    codes = [each.code for each in OURS if "code" in vars(each)]
    assert sorted(codes) == sorted(set(codes))


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "vi"), ("", "vi"), ("en", "en"), ("en-GB", "en"), ("EN", "en"), ("fr", "vi"), ("*", "vi"),
        ("fr,en;q=0.1", "en"), ("vi;q=0.3,en;q=0.8", "en"), ("vi,en", "vi"), ("en;q=0", "vi"), ("en;q=x", "vi"),
        (",;,", "vi"), ("x" * 10_000, "vi"),
    ],
)  # fmt: skip
def test_the_language_is_the_one_asked_for_and_vietnamese_otherwise(header: str | None, language: str) -> None:
    assert negotiate(header) == language


def test_a_problem_has_every_member_of_the_standard() -> None:
    made = problem(NotFound(kind="Person", key="per_1"), "en", "/api/v1/people/per_1")
    assert made.status == 404
    assert made.body == {
        "type": "urn:mekong:problem:not_found",
        "title": "Not found",
        "status": 404,
        "detail": "Person per_1 does not exist.",
        "code": "not_found",
        "instance": "/api/v1/people/per_1",
        "errors": [],
        "params": {"kind": "Person", "key": "per_1"},
    }
    assert made.headers == {"Content-Language": "en"}
    assert problem(NotFound(kind="Person", key="per_1"), "vi").body["detail"] == "Nhân viên per_1 không tồn tại."


def test_an_invalid_field_is_listed_with_problem_and_remedy() -> None:
    error = Invalid(field="lines[2].quantity", problem="This is not an e-mail address. Write it like lan@example.vn.")
    (field,) = problem(error, "vi").body["errors"]
    assert field["field"] == "lines[2].quantity"
    assert field["problem"] == "lines[2].quantity: Đây không phải địa chỉ e-mail."
    assert field["remedy"] == "Hãy viết như lan@example.vn."


def test_a_fact_that_is_missing_reads_as_its_name() -> None:
    assert "{permission}" in problem(MayNot(), "en").body["detail"]


def test_text_of_a_caller_is_text_and_no_template() -> None:
    made = problem(NotFound(kind="{key.__class__}", key="{0}"), "en")
    assert made.body["detail"] == "{key.__class__} {0} does not exist."


def test_facts_become_what_json_holds() -> None:
    facts = {
        "at": datetime(2026, 1, 2, tzinfo=UTC),
        "id": UUID(int=1),
        "sum": Decimal("1.50"),
        "all": {"x"},
        "b": b"\xff",
    }
    made = problem(NotFound(**facts), "en")
    assert made.body["params"] == {
        "at": "2026-01-02 00:00:00+00:00",
        "id": str(UUID(int=1)),
        "sum": "1.50",
        "all": ["x"],
        "b": "b'\\xff'",
    }
    assert msgspec.json.decode(made.encoded()) == made.body


def test_a_wait_is_in_the_headers() -> None:
    assert problem(RateLimited(retry_after_s=7), "vi").headers["Retry-After"] == "7"


def test_paths_are_written_as_people_write_them() -> None:
    assert field_path(("lines", 0, "parts", 12, "sku")) == "lines[0].parts[12].sku"
    assert field_path(()) == ""


def test_an_unknown_kind_of_validator_error_still_says_something() -> None:
    assert say("moon_phase") == say("other")
    assert say("datetime_from_date_parsing") == say("datetime_type")


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    sku: str
    quantity: int


class _Order(msgspec.Struct, forbid_unknown_fields=True):
    lines: list[_Line]


@pytest.mark.parametrize(
    ("body", "field", "kind"),
    [
        (b'{"lines": [{"sku": "A", "quantity": 1.5}]}', "lines[0].quantity", "int_type"),
        (b'{"lines": [{"sku": "A", "quantity": "1"}]}', "lines[0].quantity", "int_type"),
        (b'{"lines": [{"sku": "A", "quantity": 1}, {"sku": "B"}]}', "lines[1].quantity", "missing"),
        (b'{"lines": [{"sku": "A", "quantity": 1, "price": 1}]}', "lines[0].price", "extra_forbidden"),
        (b'{"lines": {}}', "lines", "list_type"),
        (b"{}", "lines", "missing"),
        (b"[]", "body", "dict_type"),
    ],
)
def test_both_lanes_name_the_field_alike(body: bytes, field: str, kind: str) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.json.decode(body, type=_Order)
    (wrong,) = from_msgspec(refused.value).fields
    assert (wrong.field, wrong.problem, wrong.remedy) == (field, *say(kind))
