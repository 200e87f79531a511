"""What the server reads of a column that was encoded here."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mekong.foundation.arrays import Column, bigints, floats, texts, uuids
from mekong.foundation.pipeline import server_cursor

pytestmark = pytest.mark.django_db


def read(column: Column, kind: str) -> list[object]:
    with server_cursor() as cursor:
        cursor.execute(f"select %s::{kind}[]".encode(), (column,))
        row = cursor.fetchone()
        assert row is not None
        return list(row[0])


@settings(max_examples=30)
@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_whole_numbers(values: list[int]) -> None:
    assert read(bigints(values), "bigint") == values


@settings(max_examples=30)
@given(st.lists(st.floats(allow_nan=False)))
def test_numbers(values: list[float]) -> None:
    assert read(floats(values), "float8") == values


@settings(max_examples=30)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))))
def test_texts(values: list[str]) -> None:
    assert read(texts(values), "text") == values


def test_a_text_longer_than_one_byte_can_count() -> None:
    long = ["ắ" * 200, "x" * 70_000]
    assert read(texts(long), "text") == long


@settings(max_examples=30)
@given(st.lists(st.uuids()))
def test_ids(values: list[object]) -> None:
    assert read(uuids([str(each) for each in values]), "uuid") == values


def test_what_is_no_id_is_refused() -> None:
    with pytest.raises(ValueError, match="UUID"):
        uuids(["0192a4c0-0000-7000-8000"])


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(Exception, match=r"int too large|argument out of range"):
        bigints([2**63])
