"""The web process's ear: it hears each hint in order, and finds its way back when its session is ended."""

from __future__ import annotations

import asyncio
import time

import pytest
from django.db import connection
from psycopg.conninfo import make_conninfo

from mekong.faces.express.listening import CATALOG, CHANNELS, TOPICS, Ear

pytestmark = pytest.mark.django_db(transaction=True)

_NOTIFY = "select pg_notify(%s, x::text) from generate_series(1, %s) x"
_END = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'mekong-web-ear'"


def _run(sql: str, *parameters: object) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
    finally:
        connection.close()


class _Heard(list[tuple[str, str]]):
    """Hints in order, and the wait for one."""

    def __init__(self) -> None:
        super().__init__()
        self._more = asyncio.Event()

    def hear(self, topic: str, payload: str) -> None:
        self.append((topic, payload))
        self._more.set()

    async def until(self, last: tuple[str, str]) -> None:
        async with asyncio.timeout(15):
            while not self or self[-1] != last:
                self._more.clear()
                await self._more.wait()


def test_hints_arrive_in_order_and_after_a_break_everything_may_have_moved() -> None:
    heard = _Heard()

    async def listen() -> None:
        ear = Ear(_address())
        ear.add(heard.hear)
        ear.start()
        try:
            await heard.until(("*", ""))
            assert ear.hears
            began = time.time()
            assert ear.heard_since(began) == set()
            await asyncio.to_thread(_run, _NOTIFY, CATALOG, 500)
            await heard.until((CATALOG, "500"))
            assert (CATALOG in ear.heard_since(began), ear.heard_since(time.time() + 1)) == (True, set())
            lost = time.time()
            assert CHANNELS not in ear.heard_since(lost)
            await asyncio.to_thread(_run, _END)
            await heard.until(("*", ""))
            assert ear.heard_since(lost) == set(TOPICS), "whatever happened meanwhile was missed"
            await asyncio.to_thread(_run, _NOTIFY, CHANNELS, 1)
            await heard.until((CHANNELS, "1"))
        finally:
            await ear.stop()
        assert not ear.hears

    asyncio.run(listen())
    assert heard == [
        ("*", ""), *((CATALOG, str(number)) for number in range(1, 501)), ("*", ""), (CHANNELS, "1"),
    ]  # fmt: skip


def _address() -> str:
    there = connection.settings_dict
    names = {"dbname": "NAME", "host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    return make_conninfo(**{name: there[key] for name, key in names.items() if there[key]})
