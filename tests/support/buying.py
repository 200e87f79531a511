"""Buyers in a process of their own: nothing here imports Django before it is set up."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def _connect(settings: dict[str, Any]) -> None:
    import django

    django.setup()
    from django.db import connections

    connections.settings["default"].update(settings)
    connections["default"].settings_dict.update(settings)


def _reserve(settings: dict[str, Any], work: Sequence[Any], out: Any) -> None:
    _connect(settings)
    from mekong.inventory.engine import engine

    with ThreadPoolExecutor(16) as pool:
        out.put([getattr(answer, "hold_id", "") for answer in pool.map(engine().call, work)])


def _order(settings: dict[str, Any], work: Sequence[tuple[str, Any, Any]], out: Any) -> None:
    _connect(settings)
    from mekong.foundation.actor import SYSTEM
    from mekong.foundation.errors import MekongError
    from mekong.orders import commands as orders

    def place(each: tuple[str, Any, Any]) -> str:
        sku, external_id, now = each
        asked = orders.Asked(channel="web", lines=[orders.AskedLine(sku, 1)], external_id=external_id)
        try:
            return orders.place_order(actor=SYSTEM, asked=asked, now=now).code
        except MekongError as refused:
            return refused.code

    with ThreadPoolExecutor(8) as pool:
        out.put(list(pool.map(place, work)))


def _in_processes(task: Any, work: Sequence[Sequence[Any]]) -> list[list[str]]:
    from django.db import connection

    context = multiprocessing.get_context("spawn")
    there = {name: connection.settings_dict[name] for name in ("NAME", "HOST", "PORT", "USER", "PASSWORD")}
    out = context.Queue()
    crew = [context.Process(target=task, args=(there, each, out)) for each in work]
    for each in crew:
        each.start()
    answers = [out.get(timeout=300) for _ in crew]
    for each in crew:
        each.join(30)
    return answers


def reserve_in_processes(*work: Sequence[Any]) -> list[list[str]]:
    """Hold ids ("" when short) that engines of different processes answer these requests with."""
    return _in_processes(_reserve, work)


def order_in_processes(*work: Sequence[tuple[str, str, Any]]) -> list[list[str]]:
    """Order codes, or codes of refusals, for (SKU, external id, now) placed by different processes."""
    return _in_processes(_order, work)
