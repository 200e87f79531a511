"""A pipeline is one transaction: all of it or nothing, whatever fails, and the next one is not hurt."""

from __future__ import annotations

import threading

import psycopg
import pytest
from django.db import connection, transaction

from mekong.foundation import pipeline
from mekong.foundation.arrays import bigints
from mekong.foundation.models import DocumentCounter
from mekong.foundation.pipeline import piped
from tests.support.people import NOON

pytestmark = pytest.mark.django_db(transaction=True)


def write(series: str) -> None:
    with piped() as pipe:
        cursor = pipe.cursor()
        cursor.execute("insert into foundation_documentcounter (series, next) values (%s, 1)", (series,))
        cursor.execute("select count(*) from foundation_documentcounter where series = %s", (series,))
        assert cursor.fetchone() == (1,)


def written() -> set[str]:
    return set(DocumentCounter.objects.values_list("series", flat=True))


def test_what_was_written_is_there_for_others() -> None:
    write("A")
    write("B")
    assert written() == {"A", "B"}


def test_an_error_of_ours_between_two_statements_leaves_nothing() -> None:
    with pytest.raises(ZeroDivisionError), piped() as pipe:
        cursor = pipe.cursor()
        cursor.execute("insert into foundation_documentcounter (series, next) values ('A', 1) returning next")
        cursor.fetchone()
        _ = 1 // 0
    assert written() == set()
    write("B")
    assert written() == {"B"}


@pytest.mark.parametrize("failing", ["select 1 / 0", "insert into foundation_documentcounter values ('OLD', 1)"])
def test_a_statement_that_fails_undoes_those_around_it(failing: str) -> None:
    write("OLD")
    with pytest.raises(psycopg.Error), piped() as pipe:
        for sql in ("insert into foundation_documentcounter values ('A', 1)", failing, "select 'never prepared'"):
            pipe.cursor().execute(sql.encode())
    assert written() == {"OLD"}
    with piped() as pipe:
        cursor = pipe.cursor()
        cursor.execute(b"select 'never prepared'")
        assert cursor.fetchone() == ("never prepared",)
    write("B")
    assert written() == {"OLD", "B"}


def test_several_statements_share_a_trip_and_keep_their_own_answers() -> None:
    with piped() as pipe:
        one, two, three = pipe.cursor(), pipe.cursor(), pipe.cursor()
        one.execute("select %s::bigint, %s::text", (7, "đỏ"))
        two.execute("select %(b)s::timestamptz = %(a)s::timestamptz, %(b)s::timestamptz", {"a": NOON, "b": NOON})
        three.execute("select unnest(%s::bigint[]), %s::text", (bigints([1, 2]), None))
        assert three.fetchall() == [(1, None), (2, None)]
        assert one.fetchone() == (7, "đỏ")
        assert two.fetchone() == (True, NOON)
        one.execute("select 1 where false")
        assert one.fetchone() is None
        assert two.fetchall() == [(True, NOON)]


def test_more_than_the_sockets_can_hold_at_once_goes_through_both_ways() -> None:
    many = list(range(2_000_000))
    with piped() as pipe:
        back, count = pipe.cursor(), pipe.cursor()
        back.execute("select x from unnest(%s::bigint[]) x", (bigints(many),))
        count.execute("select cardinality(%s::bigint[])", (bigints(many),))
        assert count.fetchone() == (len(many),)
        assert back.fetchall() == [(each,) for each in many]


def test_what_the_database_cannot_take_is_refused_before_it_is_sent() -> None:
    for value, error in (("a\0b", psycopg.DataError), ([1], TypeError)):
        with pytest.raises(error), piped() as pipe:
            pipe.cursor().execute("select %s::text", (value,))
    write("A")
    assert written() == {"A"}


def test_a_server_that_ends_the_session_is_an_error_and_the_next_pipeline_works() -> None:
    with pytest.raises(psycopg.OperationalError), piped() as pipe:
        pipe.cursor().execute("insert into foundation_documentcounter (series, next) values ('A', 1)")
        pipe.cursor().execute("select pg_terminate_backend(pg_backend_pid())")
    assert written() == set()
    write("B")
    assert written() == {"B"}


def test_within_a_callers_transaction_it_ends_with_that() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        write("A")
        _ = 1 // 0
    assert written() == set()
    assert not connection.in_atomic_block


def test_a_batch_whose_process_froze_does_not_keep_its_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.ensure_connection()
    if connection.connection.info.server_version < 170_000:
        pytest.skip("transaction_timeout came with PostgreSQL 17")
    connection.close()
    monkeypatch.setattr(pipeline, "LONGEST_S", 1)
    write("HOT")
    locked, over = threading.Event(), threading.Event()
    ended: list[BaseException] = []

    def freezes() -> None:
        pipeline.limit_batches()
        try:
            with piped() as pipe:
                cursor = pipe.cursor()
                cursor.execute("update foundation_documentcounter set next = 99 where series = 'HOT' returning next")
                cursor.fetchone()
                locked.set()
                over.wait(90)
        except psycopg.OperationalError as error:
            ended.append(error)
        finally:
            connection.close()

    frozen = threading.Thread(target=freezes)
    frozen.start()
    assert locked.wait(60)
    # Waits for the lock of the frozen one, and gets it when the server has ended that session.
    with connection.cursor() as cursor:
        cursor.execute("update foundation_documentcounter set next = 2 where series = 'HOT'")
    over.set()
    frozen.join()
    assert ended, "the frozen one learns that nothing of its batch was written"
    assert DocumentCounter.objects.get(series="HOT").next == 2


def test_what_is_no_thread_of_batches_may_take_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "LONGEST_S", 1)
    write("A")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_sleep(1.2)")
    assert written() == {"A"}
