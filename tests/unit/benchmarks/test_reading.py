"""What the load generator and pgbench's report are read as."""

from __future__ import annotations

import pytest

from benchmarks import goods, load, pgbench
from benchmarks.installation import CannotRun, clean_environment

WHOLE = b"HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    ("got", "whole"),
    [
        (WHOLE, True),
        (WHOLE[:-1], False),
        (WHOLE[:30], False),
        (WHOLE.replace(b"content-length", b"Content-Length"), True),
        (WHOLE.replace(b"content-length", b"Content-Length")[:-1], False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", True),
        (b"", False),
    ],
)
def test_an_answer_is_whole_when_its_length_says_so(got, whole):
    assert load.is_whole(got) is whole


def test_a_request_says_how_long_it_is():
    made = load.request("POST", "/api/v1/orders", "đỏ".encode(), {"Authorization": "Bearer x"})

    head, _, body = made.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/v1/orders HTTP/1.1\r\n")
    assert b"Content-Length: 5" in head
    assert b"Authorization: Bearer x" in head
    assert body.decode() == "đỏ"


def test_the_rate_of_a_run_counts_answers():
    assert load.Load(2.0, {201: 4, 0: 1}, [1.0, 1.0, 2.0, 9.0]).rate == 2.0


SAID = """
number of transactions actually processed: 8000
number of failed transactions: 0 (0.000%)
latency average = 8.100 ms
initial connection time = 20.1 ms
tps = 1975.250000 (without initial connection time)
"""


def test_pgbench_is_read():
    assert pgbench.read(SAID) == pgbench.Told(1975.25, 8.1)


@pytest.mark.parametrize("said", ["", SAID.replace("transactions: 0", "transactions: 3"), SAID.replace("tps", "tpm")])
def test_a_report_of_pgbench_without_a_clean_figure_is_none(said):
    with pytest.raises(CannotRun):
        pgbench.read(said)


def test_pgbench_reserves_in_one_guarded_statement():
    lines = pgbench.script().splitlines()

    assert len(lines) == 2
    assert lines[0].startswith("\\set variant ")
    assert "on_hand - reserved >= 1" in lines[1]
    assert lines[1].endswith(";")


def test_a_shop_has_as_many_variants_as_asked_for_each_with_its_own_sku():
    made = list(goods.shop(5_000))

    skus = [variant.sku for product in made for variant in product.variants]
    assert len(skus) == len(set(skus)) == 5_000
    assert [product.name for product in made] == [product.name for product in goods.shop(5_000)]


def test_a_run_never_works_on_a_database_of_ones_own(monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", "postgresql://shop@db/shop")
    monkeypatch.setenv("PGHOST", "db")
    monkeypatch.setenv("MEKONG_DATA", "/srv/mekong")

    environment = clean_environment(tmp_path)

    assert "DATABASE_URL" not in environment
    assert "PGHOST" not in environment
    assert environment["MEKONG_DATA"] == str(tmp_path)
