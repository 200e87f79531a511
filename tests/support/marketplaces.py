"""A whole small business for tests of channels: sandbox process, shops on it, a door for notices, a worker."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from django.db import connection, connections

from benchmarks.marketplaces import STALLS
from mekong.catalog import commands as catalog
from mekong.catalog.contracts import NewProduct, NewVariant
from mekong.channels import commands, queries, remote
from mekong.channels.pacing import Pace
from mekong.faces.worker import run_worker
from mekong.foundation.actor import SYSTEM
from mekong.inventory import commands as inventory
from mekong.inventory.contracts import AdjustmentLine
from mekong.orders.models import OrderLine, SalesOrder

SRC = Path(__file__).parents[2] / "src"
HURRY = Pace(
    poll_s=1.0,
    poll_overlap_s=10.0,
    returns_s=1.0,
    earnings_s=1.0,
    earnings_again_s=2.0,
    publish_s=1.0,
    review_s=0.5,
    compare_s=1.0,
    price_compare_s=1.0,
    gate_s=1.0,
    gate_rest_s=1.0,
    verify_after_s=0.5,
    check_s=0.5,
    check_rest_s=1.0,
    figures_s=0.5,
    start_wait_s=5.0,
    longest_retry_s=1.0,
    parked_retry_s=1.0,
)
"""A pace for tests: what takes minutes in life takes a second."""


class Sandbox:
    """One sandbox process and its control."""

    def __init__(self, data: Path) -> None:
        command = [sys.executable, "-m", "mekong_sandbox", "--port", "0", "--data", str(data)]
        self.process = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": str(SRC)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, f"the sandbox said {line!r}"
        self.url = found[0]
        self.http = httpx.Client(base_url=self.url, timeout=60, trust_env=False)

    def stop(self) -> None:
        self.http.close()
        self.process.terminate()
        self.process.wait(timeout=60)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def get(self, path: str, **params: Any) -> Any:
        answer = self.http.get(f"/control/{path}", params=params)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: Any) -> Any:
        answer = self.http.post(f"/control/{path}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def break_things(self, rules: Sequence[Mapping[str, Any]], seed: int = 7) -> None:
        self.post("faults", {"rules": list(rules), "seed": seed})

    def mend(self) -> None:
        self.http.delete("/control/faults").raise_for_status()

    def reset(self) -> None:
        self.post("reset", {})
        self.post("settings", {"shopee_stock_includes_reserved": False, "lazada_stop_rule": False})


class Door:
    """Takes notices in as the web process does."""

    def __init__(self) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                channel = self.path.rsplit("/", 1)[-1]
                try:
                    status = commands.receive_notice(channel=channel, headers=headers, body=body, now=datetime.now(UTC))
                finally:
                    connection.close()
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hooks"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Worker:
    """A worker of this process, in a loop and a thread of its own."""

    def __init__(self, pace: Pace = HURRY) -> None:
        self.loop = asyncio.new_event_loop()
        self.stopping = asyncio.Event()
        self.failure: BaseException | None = None
        self.pace = pace
        self.thread = threading.Thread(target=self._run, name="test-worker")
        self.thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_until_complete(run_worker(self.stopping, pace=self.pace, with_jobs=False))
        except BaseException as failure:  # noqa: BLE001 - raised again by `stop`, in the test's thread
            self.failure = failure
        finally:
            self.loop.close()

    def stop(self) -> None:
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(self.stopping.set)
            self.thread.join(60)
        assert not self.thread.is_alive(), "the worker does not end"
        if self.failure is not None:
            raise self.failure


@dataclass
class Shop:
    """One account on the sandbox, and the channel it is connected to."""

    market: str
    channel: str
    shop_id: str
    sandbox: Sandbox
    token_life_s: float = 0.0

    @property
    def key(self) -> dict[str, Any]:
        return STALLS[self.market].key(self.shop_id)

    def buy(self, *lines: tuple[str, int], **more: Any) -> str | None:
        """Buy as a shopper; the order's number, or None when it is sold out there or the platform fails."""
        body = {**self.key, "lines": [{"sku": sku, "quantity": units} for sku, units in lines], **more}
        try:
            answer = self.sandbox.http.post(f"/{self.market}/buy", json=body)
            said = answer.json()
        except (httpx.HTTPError, ValueError):
            return None  # a fault struck the shopper; whether there is an order now, the platform's list tells
        return str(said["order_id"]) if answer.status_code == 201 else None

    def advance(self, order: str, to: str, **more: Any) -> bool:
        answer = self.sandbox.http.post(f"/control/{self.market}/orders/{order}/advance", json={"to": to, **more})
        return answer.status_code == 200

    def shown(self) -> dict[str, int]:
        """What shoppers may buy now, by SKU."""
        said = self.sandbox.get(f"{self.market}/stock", **self.key)
        columns = said["columns"]
        sku, available = columns.index("sku"), columns.index("available")
        return {row[sku]: row[available] for row in said["rows"]}

    def orders(self) -> dict[str, tuple[bool, dict[str, int]]]:
        """Every order: whether it is cancelled, and units by SKU."""
        said = self.sandbox.get(f"{self.market}/orders", **self.key)
        columns = said["columns"]
        found: dict[str, tuple[bool, dict[str, int]]] = {}
        for row in said["rows"]:
            units: dict[str, int] = {}
            for line in row[columns.index("lines")]:
                units[line[2]] = units.get(line[2], 0) + line[3]
            if "cancelled" in columns:
                is_cancelled = bool(row[columns.index("cancelled")])
            else:
                states = {row[1]} if isinstance(row[1], str) else set(row[1])
                is_cancelled = {state.upper() for state in states} <= {"CANCELLED", "CANCELED"}
            found[str(row[0])] = (is_cancelled, units)
        return found

    def booked(self) -> dict[str, tuple[bool, dict[str, int]]]:
        """The same, as Mekong has it."""
        found: dict[str, tuple[bool, dict[str, int]]] = {}
        for order in SalesOrder.objects.filter(channel=self.channel):
            units: dict[str, int] = {}
            for sku, count in OrderLine.objects.filter(order=order).values_list("sku", "quantity"):
                units[sku] = units.get(sku, 0) + count
            found[order.external_id] = (order.state == "cancelled", units)
        return found

    def desired(self) -> dict[str, int]:
        """What shoppers should be able to buy, as Mekong computes it now."""
        page = queries.list_listings(actor=SYSTEM, channel=self.channel, limit=200)
        return {view.sku: view.desired for view in page.listings if view.desired is not None}

    def differences(self) -> list[str]:
        """In what the platform and Mekong disagree, in words."""
        found = []
        there, here = self.orders(), self.booked()
        for order in there.keys() ^ here.keys():
            found.append(f"order {order} is only {'there' if order in there else 'here'}")
        for order in there.keys() & here.keys():
            if there[order] != here[order]:
                found.append(f"order {order}: there {there[order]}, here {here[order]}")
        shown, desired = self.shown(), self.desired()
        found += [
            f"{sku}: shown {shown.get(sku)}, desired {desired[sku]}"
            for sku in desired
            if shown.get(sku) != desired[sku]
        ]
        return found


def a_catalogue(skus: Sequence[str], units: int, *, price_minor: int = 100_000) -> None:
    """A warehouse and products of one variant each, with stock."""
    now = datetime.now(UTC)
    inventory.create_location(actor=SYSTEM, code="KHO", name="Kho chính")
    catalog.load_many(
        actor=SYSTEM,
        products=[
            NewProduct(name=f"Áo {sku}", variants=(NewVariant(sku=sku, price_minor=price_minor),)) for sku in skus
        ],
        now=now,
    )
    stock(dict.fromkeys(skus, units))


def stock(units: Mapping[str, int], reason: str = "opening") -> None:
    from mekong.channels.matching import skus as ids_of

    ids = ids_of(list(units))
    lines = [AdjustmentLine(ids[sku], count) for sku, count in units.items() if count]
    if lines:
        inventory.adjust_stock(actor=SYSTEM, location="KHO", reason=reason, lines=lines, now=datetime.now(UTC))


def a_shop(
    sandbox: Sandbox,
    market: str,
    code: str,
    skus: Sequence[str],
    *,
    door: Door | None = None,
    models: int = 1,
    rate: float = 0,
    limits: Mapping[str, Mapping[str, float]] | None = None,
    price_sync: bool = False,
) -> Shop:
    """A connected account that lists these SKUs with no stock. `models`: how many of them share an item.

    `rate`: calls a second that the platform takes, 0 for any number.
    """
    notice_url = f"{door.url}/{code}" if door else ""
    body = {"callback_url": notice_url, "rate": rate, "burst": rate}
    stall = STALLS[market]
    made = sandbox.post(f"{market}/{stall.shops}", body)
    shop_id = str(made[stall.number])
    base_url = sandbox.url + made.get("base_path", "")
    shop = Shop(market, code, shop_id, sandbox)
    groups = [skus[start : start + models] for start in range(0, len(skus), models)]
    listings = [
        {"name": f"Áo {group[0]}", "models": [{"sku": sku, "name": sku} for sku in group]}
        if len(group) > 1
        else {"name": f"Áo {group[0]}", "sku": group[0]}
        for group in groups
    ]
    sandbox.post(f"{market}/listings", {**shop.key, "listings": listings})
    now = datetime.now(UTC)
    if limits is None:
        lanes = ("default", "stock", "auth", "taxonomy")
        limits = {} if rate else {lane: {"per_second": 2000, "burst": 200} for lane in lanes}
    commands.create_channel(
        actor=SYSTEM, code=code, name=code, kind=market, shop_id=shop_id, api_url=base_url,
        auth_url=base_url if stall.has_auth_host else "", notice_url=notice_url, now=now, limits=limits,
        test_purchase_url=f"{sandbox.url}/{market}/buy", price_sync=price_sync,
    )  # fmt: skip
    shop.token_life_s = made.get("expire_in") or made.get("expires_in") or 0.0
    commands.connect(actor=SYSTEM, code=code, secrets=stall.secrets(made, now), now=now)
    remote.pull_listings(actor=SYSTEM, channel=code)
    return shop


@contextlib.contextmanager
def a_worker(pace: Pace = HURRY) -> Iterator[Worker]:
    worker = Worker(pace)
    try:
        yield worker
    finally:
        worker.stop()


def eventually(holds: Callable[[], bool], within_s: float = 60.0, every_s: float = 0.05) -> bool:
    """Whether it comes true in time."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(every_s)
    return holds()


def close_all() -> None:
    from mekong.channels.commands import notices
    from mekong.inventory.engine import engine
    from mekong.orders.book import book

    for combiner in (notices._inbox, engine(), book()):
        combiner.stop()
    connections.close_all()
