"""A pipeline is one transaction: all of it or nothing, whatever fails, and the next one is not hurt."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection, transaction

from mekong.foundation.models import DocumentCounter
from mekong.foundation.pipeline import piped

pytestmark = pytest.mark.django_db(transaction=True)


def write(series: str) -> None:
    with piped() as raw, psycopg.Cursor(raw) as cursor:
        cursor.execute("insert into foundation_documentcounter (series, next) values (%s, 1)", (series,), prepare=True)
        cursor.execute("select count(*) from foundation_documentcounter where series = %s", (series,), prepare=True)
        assert cursor.fetchone() == (1,)


def written() -> set[str]:
    return set(DocumentCounter.objects.values_list("series", flat=True))


def test_what_was_written_is_there_for_others() -> None:
    write("A")
    write("B")
    assert written() == {"A", "B"}


def test_an_error_of_ours_between_two_statements_leaves_nothing() -> None:
    with pytest.raises(ZeroDivisionError), piped() as raw, psycopg.Cursor(raw) as cursor:
        cursor.execute("insert into foundation_documentcounter (series, next) values ('A', 1) returning next")
        cursor.fetchone()
        _ = 1 // 0
    assert written() == set()
    write("B")
    assert written() == {"B"}


@pytest.mark.parametrize("failing", ["select 1 / 0", "insert into foundation_documentcounter values ('OLD', 1)"])
def test_a_statement_that_fails_undoes_those_around_it(failing: str) -> None:
    write("OLD")
    with pytest.raises(psycopg.Error), piped() as raw:
        for sql in ("insert into foundation_documentcounter values ('A', 1)", failing, "select 'never prepared'"):
            psycopg.Cursor(raw).execute(sql.encode(), prepare=True)
    assert written() == {"OLD"}
    with piped() as raw, psycopg.Cursor(raw) as cursor:
        cursor.execute(b"select 'never prepared'", prepare=True)
        assert cursor.fetchone() == ("never prepared",)
    write("B")
    assert written() == {"OLD", "B"}


def test_within_a_callers_transaction_it_ends_with_that() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        write("A")
        _ = 1 // 0
    assert written() == set()
    assert not connection.in_atomic_block
