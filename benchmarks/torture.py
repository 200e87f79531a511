"""Random work on one stock and one order book from many threads of several processes, some of which are killed; then
every invariant is proven.

A worker writes down each order before it places it and after it was acknowledged. A worker that was killed (SIGKILL) is
started again and repeats what it had not heard the end of, with the same keys. Scarce variants are never restocked, so
at the end, when buyers have taken what is left, exactly as many units must have been sold as there were.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.installation import Installation
    from benchmarks.result import Result

_COUNTER = 8  # bytes of a worker's count of operations
_CHANNELS = ("web", "till", "shopee-1", "lazada-1", "live")


@dataclass(frozen=True)
class Plan:
    """How much of it. `kills`: workers killed, evenly spread over the run."""

    operations: int = 1_000_000
    processes: int = 4
    threads: int = 64
    kills: int = 50
    seed: int = 20261122
    patience_s: float = 6 * 3600.0


@dataclass(frozen=True)
class Scene:
    """What there is to trade with: variant ids, SKUs, codes of places."""

    places: tuple[str, ...]
    plain: tuple[int, ...]
    lots: tuple[int, ...]
    bundles: tuple[int, ...]
    backorders: tuple[int, ...]
    scarce: tuple[int, ...]
    scarce_units: int
    skus: Mapping[str, str]


@dataclass
class Outcome:
    """What happened, and what is wrong with it: `broken` is empty when every invariant held."""

    operations: int = 0
    seconds: float = 0.0
    kills: int = 0
    deadlocks: int = 0
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)


def measure(installation: Installation) -> Result:
    """The scenario of `mekong bench torture`. TORTURE_OPERATIONS and TORTURE_KILLS set other counts."""
    from benchmarks.result import Result

    plan = Plan(
        operations=int(os.environ.get("TORTURE_OPERATIONS", Plan.operations)),
        kills=int(os.environ.get("TORTURE_KILLS", Plan.kills)),
    )
    outcome = run(plan, installation.database_url, installation.data)
    notes = [
        f"{outcome.operations:,} operations in {outcome.seconds:,.0f} s, {plan.processes} processes, {plan.threads} threads",
        f"{outcome.kills} workers killed, {outcome.deadlocks} deadlocks",
        "done " + ", ".join(f"{name} {count:,}" for name, count in outcome.done.most_common()),
        "refused " + ", ".join(f"{name} {count:,}" for name, count in outcome.refused.most_common()),
        *(outcome.broken[:20] or ["every invariant held"]),
    ]
    return Result(
        value=float(len(outcome.broken)), unit="invariants broken", limit=0.0, notes=notes, passed=not outcome.broken,
        figures={"operations": outcome.operations, "per_second": outcome.operations / max(outcome.seconds, 0.001),
                 "kills": outcome.kills, "deadlocks": outcome.deadlocks},
    )  # fmt: skip


def run(plan: Plan, database_url: str, data: Path) -> Outcome:
    """Set the scene, let the workers loose, kill some, and prove what is left. Django is set up on that database."""
    scene = set_scene()
    outcome = Outcome()
    before = _deadlocks()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        here = Path(folder)
        (here / "scene.json").write_text(json.dumps(asdict(scene)))
        crew = _Crew(plan, here, database_url, data)
        crew.work(outcome)
        outcome.seconds = time.monotonic() - began
        acknowledged = crew.tally(outcome)
    outcome.deadlocks = _deadlocks() - before
    if outcome.deadlocks:
        outcome.broken.append(f"{outcome.deadlocks} deadlocks")
    prove(scene, acknowledged, outcome)
    return outcome


# --- the crew -----------------------------------------------------------------------------------------------------------


class _Crew:
    """Worker processes, by slot; a slot outlives the processes killed in it."""

    def __init__(self, plan: Plan, folder: Path, database_url: str, data: Path) -> None:
        self.plan = plan
        self.folder = folder
        self.environment = {
            **{name: text for name, text in os.environ.items() if not name.startswith("PYTEST")},
            "DATABASE_URL": database_url, "MEKONG_DATA": str(data), "MEKONG_PROCESS": "torture",
            "DJANGO_SETTINGS_MODULE": "mekong.settings", "PYTHONPATH": os.pathsep.join(["src", ".", *sys.path]),
        }  # fmt: skip
        self.generation: Counter[int] = Counter()
        self.workers: dict[int, subprocess.Popen[bytes]] = {}

    def work(self, outcome: Outcome) -> None:
        share = -(-self.plan.operations // self.plan.processes)
        for slot in range(self.plan.processes):
            (self.folder / f"{slot}.count").write_bytes(bytes(_COUNTER))
            self._start(slot, share)
        between = self.plan.operations / (self.plan.kills + 1)
        dice = random.Random(self.plan.seed)
        deadline = time.monotonic() + self.plan.patience_s
        try:
            while any(worker.poll() is None for worker in self.workers.values()):
                if time.monotonic() > deadline:
                    outcome.broken.append("the workers did not finish in time")
                    return
                time.sleep(0.05)
                self._look_after(outcome, share)
                if outcome.kills < self.plan.kills and self._done() > between * (outcome.kills + 1):
                    alive = [slot for slot, worker in self.workers.items() if worker.poll() is None]
                    if alive:
                        self.workers[dice.choice(alive)].kill()
                        outcome.kills += 1
        finally:
            for worker in self.workers.values():
                if worker.poll() is None:
                    worker.kill()
                worker.wait()

    def _start(self, slot: int, share: int) -> None:
        self.generation[slot] += 1
        threads = max(1, self.plan.threads // self.plan.processes)
        errors = (self.folder / f"{slot}.errors").open("ab")
        self.workers[slot] = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.torture", "--slot", str(slot), "--folder", str(self.folder), "--until",
             str(share), "--threads", str(threads), "--seed", str(self.plan.seed + 1000 * slot + self.generation[slot])],
            env=self.environment, stdout=errors, stderr=errors,
        )  # fmt: skip
        errors.close()

    def _look_after(self, outcome: Outcome, share: int) -> None:
        for slot, worker in self.workers.items():
            ended = worker.poll()
            if ended == -signal.SIGKILL and self._count(slot) < share:
                self._start(slot, share)
            elif ended not in (None, 0, -signal.SIGKILL) and f"worker {slot} ended" not in " ".join(outcome.broken):
                said = (self.folder / f"{slot}.errors").read_text(errors="replace")[-1500:]
                outcome.broken.append(f"worker {slot} ended with {ended}: {said}")

    def _count(self, slot: int) -> int:
        return int.from_bytes((self.folder / f"{slot}.count").read_bytes()[:_COUNTER], "little")

    def _done(self) -> int:
        return sum(self._count(slot) for slot in self.workers)

    def tally(self, outcome: Outcome) -> dict[str, str]:
        """Orders acknowledged, code by external id; counts and defects that the workers wrote down."""
        outcome.operations = self._done()
        acknowledged: dict[str, str] = {}
        for journal in self.folder.glob("*.journal"):
            for line in journal.read_text(errors="replace").splitlines():
                kind, _, rest = line.partition(" ")
                if kind == "ack":
                    external_id, code = rest.split(" ")
                    if acknowledged.setdefault(external_id, code) != code:
                        outcome.broken.append(
                            f"order {external_id} was acknowledged as {acknowledged[external_id]} and {code}"
                        )
                elif kind == "done":
                    outcome.done.update(json.loads(rest))
                elif kind == "refused":
                    outcome.refused.update(json.loads(rest))
                elif kind == "defect":
                    outcome.broken.append(json.loads(rest))
        return acknowledged


def _deadlocks() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select pg_stat_clear_snapshot()")
        cursor.execute("select deadlocks from pg_stat_database where datname = current_database()")
        return int(cursor.fetchone()[0])


# --- the scene ----------------------------------------------------------------------------------------------------------


def set_scene() -> Scene:
    """Places, variants of every kind, stock, and controls of every kind."""
    from mekong.catalog import commands as catalog
    from mekong.catalog import queries
    from mekong.catalog.contracts import NewPart, NewProduct, NewVariant
    from mekong.foundation.actor import SYSTEM
    from mekong.inventory import commands as inventory
    from mekong.inventory.contracts import AdjustmentLine

    now = datetime.now(UTC)
    mark = f"T{now:%H%M%S%f}"
    places = [f"{mark}-{name}" for name in ("A", "B", "S")]
    for place, kind in zip(places, ("warehouse", "warehouse", "store"), strict=True):
        inventory.create_location(actor=SYSTEM, code=place, name=place, kind=kind)
    kinds = {"plain": 30, "lots": 4, "backorders": 2, "scarce": 10}
    skus: dict[str, list[str]] = {kind: [f"{mark}-{kind}-{n}" for n in range(count)] for kind, count in kinds.items()}
    skus["bundles"] = [f"{mark}-bundle-{n}" for n in range(4)]
    for kind in kinds:
        for sku in skus[kind]:
            variant = NewVariant(sku, 100_000, tracks_lots=kind == "lots", allow_backorder=kind == "backorders")
            catalog.create_product(actor=SYSTEM, product=NewProduct(sku, (variant,)), now=now)
    for place, sku in enumerate(skus["bundles"]):
        parts = (
            NewPart(skus["plain"][place], 2),
            NewPart(skus["plain"][place + 1], 1),
            NewPart(skus["lots"][place], 1),
        )
        catalog.create_product(actor=SYSTEM, product=NewProduct(sku, (NewVariant(sku, 1, parts=parts),)), now=now)
    everything = [sku for each in skus.values() for sku in each]
    ids = {sku: view.id for sku, view in queries.variants_by_sku(actor=SYSTEM, skus=everything).items()}
    for place in places:
        lines = [AdjustmentLine(ids[sku], 400) for sku in (*skus["plain"], *skus["backorders"])]
        lines += [
            AdjustmentLine(ids[sku], 100, f"L{n}", date(2027 + n, 1, 1)) for sku in skus["lots"] for n in range(3)
        ]
        inventory.adjust_stock(actor=SYSTEM, location=place, reason="opening", lines=lines, now=now)
    scarce_units = 300
    inventory.adjust_stock(
        actor=SYSTEM, location=places[0], reason="opening", now=now,
        lines=[AdjustmentLine(ids[sku], scarce_units) for sku in skus["scarce"]],
    )  # fmt: skip
    for channel, scope, kind, target, amount in (
        ("live", "sku", "slice", skus["plain"][0], 50), ("web", "sku", "cap", skus["plain"][1], 5_000),
        ("till", "sku", "cap", skus["plain"][2], 5_000), ("live", "sku", "cap", skus["plain"][2], 5_000),
        ("web", "sku", "buffer", skus["plain"][3], 3), ("till", "sku", "share", skus["plain"][4], 5_000),
        ("till", "sku", "floor", skus["plain"][5], 2), ("till", "exclusion", "exclude", skus["plain"][6], 0),
    ):  # fmt: skip
        inventory.set_control(
            actor=SYSTEM, channel=f"{mark}-{channel}", scope=scope, kind=kind, target=target, amount=amount
        )

    def of(kind: str) -> tuple[int, ...]:
        return tuple(ids[sku] for sku in skus[kind])

    return Scene(
        tuple(places), of("plain"), of("lots"), of("bundles"), of("backorders"), of("scarce"), scarce_units,
        {str(number): sku for sku, number in ids.items()},
    )  # fmt: skip


# --- one worker ---------------------------------------------------------------------------------------------------------


class _Journal:
    """What this slot's workers set out to do and heard of. A killed process loses nothing it has written."""

    def __init__(self, path: Path) -> None:
        self.asked: dict[str, list[tuple[str, int]]] = {}
        self.channels: dict[str, str] = {}
        if path.exists():
            for line in path.read_text(errors="replace").splitlines():
                kind, _, rest = line.partition(" ")
                if kind == "ask":
                    external_id, channel, lines = rest.split(" ", 2)
                    self.asked[external_id], self.channels[external_id] = json.loads(lines), channel
                elif kind in ("ack", "no"):
                    self.asked.pop(rest.split(" ")[0], None)
        self._file: IO[bytes] = path.open("ab", buffering=0)

    def write(self, kind: str, text: str) -> None:
        self._file.write(f"{kind} {text}\n".encode())


class _Worker:
    """One process: threads that draw random operations until the slot's count is reached."""

    def __init__(self, slot: int, folder: Path, until: int, seed: int) -> None:
        raw = json.loads((folder / "scene.json").read_text())
        self.scene = Scene(**{name: tuple(each) if isinstance(each, list) else each for name, each in raw.items()})
        self.slot = slot
        self.until = until
        self.seed = seed
        self.journal = _Journal(folder / f"{slot}.journal")
        with (folder / f"{slot}.count").open("r+b") as counting:
            self._count = mmap.mmap(counting.fileno(), _COUNTER)
        self._lock = threading.Lock()
        self.orders: deque[str] = deque(maxlen=400)
        self.carts: deque[tuple[str, str, list[tuple[int, int]]]] = deque(maxlen=200)
        self.transfers: deque[Any] = deque(maxlen=50)
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def take_turn(self) -> bool:
        with self._lock:
            count = int.from_bytes(self._count[:_COUNTER], "little")
            if count >= self.until:
                return False
            self._count[:_COUNTER] = (count + 1).to_bytes(_COUNTER, "little")
            return True

    def work(self, threads: int) -> int:
        for external_id, lines in list(self.journal.asked.items()):
            self._try("again", lambda each=external_id, wanted=lines: self._place(each, wanted))  # type: ignore[misc]  # bound now
        crew = [threading.Thread(target=self._loop, args=(number,)) for number in range(threads)]
        for each in crew:
            each.start()
        for each in crew:
            each.join()
        self.journal.write("done", json.dumps(self.done))
        self.journal.write("refused", json.dumps(self.refused))
        return 0

    def _loop(self, number: int) -> None:
        from django.db import connection

        dice = random.Random(self.seed * 1009 + number)
        hand = _Hand(self, dice)
        names, weights = zip(*hand.deck.items(), strict=True)
        while self.take_turn():
            name = dice.choices(names, weights)[0]
            self._try(name, getattr(hand, name))
        connection.close()

    def _try(self, name: str, act: Callable[[], object]) -> None:
        from mekong.foundation.errors import MekongError

        try:
            act()
            self.done[name] += 1
        except MekongError as refused:
            self.refused[refused.code] += 1
            if refused.status == 503:
                self.journal.write("defect", json.dumps(f"{name}: {traceback.format_exc()[-1500:]}"))
        except Exception:  # noqa: BLE001 - whatever else is raised is the finding
            self.journal.write("defect", json.dumps(f"{name}: {traceback.format_exc()[-1500:]}"))

    def _place(self, external_id: str, lines: Sequence[tuple[str, int]]) -> None:
        from mekong.foundation.actor import SYSTEM
        from mekong.foundation.errors import Rejected
        from mekong.orders import commands as orders

        asked = orders.Asked(
            channel=self.journal.channels.get(external_id, "web"),
            lines=[orders.AskedLine(sku, units) for sku, units in lines], external_id=external_id,
        )  # fmt: skip
        try:
            placed = orders.place_order(actor=SYSTEM, asked=asked, now=datetime.now(UTC))
        except Rejected:
            self.journal.write("no", external_id)
            raise
        self.journal.write("ack", f"{external_id} {placed.code}")
        self.orders.append(placed.code)


class _Hand:
    """The operations a thread draws from, with their weights."""

    deck: Mapping[str, int] = {
        "reserve": 22, "let_go": 6, "buy": 26, "check_out": 6, "sell_on_channel": 6, "confirm": 12, "cancel": 7, "ship": 9,
        "deliver": 5, "take_back": 4, "follow_channel": 4, "send": 2, "receive": 2, "adjust": 4, "sweep": 1, "look": 3,
        "expire_lots": 1, "retry_waiting": 1, "turn_policy": 1,
    }  # fmt: skip

    def __init__(self, worker: _Worker, dice: random.Random) -> None:
        from mekong.foundation.actor import SYSTEM
        from mekong.inventory import commands as inventory
        from mekong.inventory import queries
        from mekong.orders import commands as orders

        self.worker, self.dice, self.scene, self.actor = worker, dice, worker.scene, SYSTEM
        self.inventory, self.queries, self.orders = inventory, queries, orders
        self.mark = self.scene.places[0][:-2]

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def _channel(self) -> str:
        return f"{self.mark}-{self.dice.choice(_CHANNELS)}"

    def _lines(self) -> list[tuple[int, int]]:
        pools = (
            self.scene.plain,
            self.scene.plain,
            self.scene.scarce,
            self.scene.bundles,
            self.scene.lots,
            self.scene.backorders,
        )
        chosen = {
            self.dice.choice(self.dice.choice(pools)): self.dice.choice((1, 1, 1, 2, 3))
            for _ in range(self.dice.choice((1, 1, 2, 3)))
        }
        return list(chosen.items())

    def _order(self) -> str:
        if not self.worker.orders:
            self.buy()
        return self.dice.choice(list(self.worker.orders) or ["DH-NONE"])

    def reserve(self) -> None:
        lines, channel = self._lines(), self._channel()
        key = f"{self.mark}:{self.dice.getrandbits(64):x}" if self.dice.random() < 0.4 else None
        arguments: dict[str, Any] = {"actor": self.actor, "channel": channel, "owner": "cart", "lines": lines,
                                     "ttl_s": self.dice.choice((1, 1, 2, 5)), "key": key}  # fmt: skip
        held = self.inventory.reserve(**arguments, now=self.now)
        hold = getattr(held, "hold_id", None)
        if key and hold and self.dice.random() < 0.5:
            again = self.inventory.reserve(**arguments, now=self.now)
            if getattr(again, "is_repeat", False) and again.hold_id != hold:  # type: ignore[union-attr]  # a repeat is held
                raise AssertionError(f"key {key} holds {hold} and {again}")
        if hold:
            self.worker.carts.append((hold, channel, lines))

    def _cart(self) -> tuple[str, str, list[tuple[int, int]]] | None:
        try:
            return self.worker.carts.popleft()
        except IndexError:
            return None

    def let_go(self) -> None:
        from uuid import UUID

        if cart := self._cart():
            self.inventory.release_hold(actor=self.actor, hold_id=UUID(cart[0]), now=self.now)

    def buy(self) -> None:
        external_id = f"{self.dice.getrandbits(80):x}"
        lines = [(self.scene.skus[str(variant)], units) for variant, units in self._lines()]
        channel = self._channel()
        self.worker.journal.channels[external_id] = channel
        self.worker.journal.write("ask", f"{external_id} {channel} {json.dumps(lines)}")
        self.worker._place(external_id, lines)
        if self.dice.random() < 0.15:
            self.worker._place(external_id, lines)

    def check_out(self) -> None:
        if cart := self._cart():
            hold, channel, lines = cart
            asked = self.orders.Asked(
                channel=channel, lines=[self.orders.AskedLine(self.scene.skus[str(v)], units) for v, units in lines],
                reservation_id=hold, idempotency_key=f"cart:{hold}",
            )  # fmt: skip
            self.worker.orders.append(self.orders.place_order(actor=self.actor, asked=asked, now=self.now).code)

    def sell_on_channel(self) -> None:
        from mekong.orders.contracts import DraftLine, OrderDraft

        drafts = [
            OrderDraft(
                channel=f"{self.mark}-shopee-1", currency="VND", placed_at=self.now, state="confirmed",
                external_id=f"S{self.dice.randrange(2000)}", remote_updated_at=self.now,
                lines=tuple(DraftLine(v, self.scene.skus[str(v)], "", units, 5) for v, units in self._lines()),
            )
            for _ in range(self.dice.choice((1, 1, 3)))
        ]  # fmt: skip
        for placed in self.orders.accept_channel_orders(actor=self.actor, drafts=drafts, now=self.now):
            self.worker.orders.append(placed.code)

    def follow_channel(self) -> None:
        word = self.dice.choice(("packed", "shipped", "shipped", "delivered", "cancelled", "returning", "confirmed"))
        self.orders.advance_channel_order(
            actor=self.actor, channel=f"{self.mark}-shopee-1", external_id=f"S{self.dice.randrange(2000)}", state=word,
            remote_state=word, remote_updated_at=self.now - timedelta(milliseconds=self.dice.randrange(50)), now=self.now,
        )  # fmt: skip

    def confirm(self) -> None:
        self.orders.confirm_order(actor=self.actor, code=self._order(), now=self.now)

    def cancel(self) -> None:
        self.orders.cancel_order(actor=self.actor, code=self._order(), reason="torture", now=self.now)

    def ship(self) -> None:
        self.orders.ship_order(actor=self.actor, code=self._order(), now=self.now)

    def deliver(self) -> None:
        self.orders.deliver_order(actor=self.actor, code=self._order(), now=self.now)

    def take_back(self) -> None:
        from mekong.orders.contracts import GradedReturn

        order = self.orders.request_return(actor=self.actor, code=self._order(), reason="torture", now=self.now)
        grades = [
            GradedReturn(
                line.line, line.quantity - line.returned, self.dice.choice(("resellable", "damaged", "missing"))
            )
            for line in order.lines
            if line.quantity > line.returned
        ]
        place = self.scene.places[0]
        self.orders.receive_return(actor=self.actor, code=order.code, location=place, lines=grades, now=self.now)

    def send(self) -> None:
        source, target = self.dice.sample(self.scene.places, 2)
        variants = self.dice.sample(self.scene.plain + self.scene.lots, 3)
        sent = self.inventory.ship_transfer(
            actor=self.actor, from_code=source, to_code=target, lines=[(each, 1) for each in variants], now=self.now
        )
        self.worker.transfers.append(sent[0])

    def receive(self) -> None:
        if self.worker.transfers:
            transfer = self.dice.choice(list(self.worker.transfers))
            self.inventory.receive_transfer(actor=self.actor, transfer_id=transfer, now=self.now)

    def adjust(self) -> None:
        from mekong.inventory.contracts import AdjustmentLine

        lines = []
        for variant in self.dice.sample(self.scene.plain + self.scene.lots, 3):
            lot = f"L{self.dice.randrange(3)}" if variant in self.scene.lots else ""
            lines.append(AdjustmentLine(variant, self.dice.choice((-3, -1, 2, 5, 9)), lot))
        place = self.dice.choice(self.scene.places)
        self.inventory.adjust_stock(actor=self.actor, location=place, reason="count", lines=lines, now=self.now)

    def sweep(self) -> None:
        self.inventory.release_expired(now=self.now, limit=self.dice.choice((5, 100)))

    def expire_lots(self) -> None:
        self.inventory.expire_lots(actor=self.actor, now=self.now)

    def retry_waiting(self) -> None:
        self.orders.retry_awaiting_stock(now=self.now, limit=5)

    def turn_policy(self) -> None:
        if self.dice.random() < 0.1:
            made = self.inventory.set_control(
                actor=self.actor, channel=self._channel(), scope="sku", kind=self.dice.choice(("cap", "slice", "buffer")),
                target=self.scene.skus[str(self.dice.choice(self.scene.plain[7:]))], amount=self.dice.randrange(20),
            )  # fmt: skip
            self.inventory.remove_control(actor=self.actor, control_id=made.uid)

    def look(self) -> None:
        channel = self._channel()
        wanted = (*self.scene.plain, *self.scene.bundles, *self.scene.scarce)
        for each in self.queries.availability(channel=channel, variant_ids=wanted).values():
            if each.quantity < 0 or each.quantity > max(0, each.on_hand - each.reserved):
                raise AssertionError(f"promises more than is free: {each}")


# --- the proof ----------------------------------------------------------------------------------------------------------


def prove(scene: Scene, acknowledged: Mapping[str, str], outcome: Outcome) -> None:
    """Sell what is left of the scarce variants to the last unit, then ask every invariant."""
    from django.db import connection

    from mekong.foundation import health
    from mekong.inventory.models import StockLevel
    from mekong.orders.models import SalesOrder

    later = datetime.now(UTC) + timedelta(hours=2)
    bought = {variant: _buy_out(scene, variant, later) for variant in scene.scarce}
    for name, finding in health.run_all(later):
        if name.split(".")[0] in {"inventory", "orders"} and not finding.ok:
            outcome.broken.append(f"{name}: {finding.found}")
    there = dict(SalesOrder.objects.filter(external_id__in=list(acknowledged)).values_list("external_id", "code"))
    lost = [external_id for external_id, code in acknowledged.items() if there.get(external_id) != code]
    if lost:
        outcome.broken.append(f"{len(lost)} acknowledged orders are not in the book: {lost[:5]}")
    with connection.cursor() as cursor:
        for variant in scene.scarce:
            cursor.execute(_SOLD, {"variant": variant})
            waiting, left, back, lost_units = cursor.fetchone()
            on_hand = sum(StockLevel.objects.filter(variant_id=variant).values_list("on_hand", flat=True))
            if on_hand != waiting or left - back + on_hand != scene.scarce_units:
                outcome.broken.append(
                    f"variant {variant}: {scene.scarce_units} units, {on_hand} on the shelf, {waiting} promised to orders, "
                    f"{left} left, {back} back, {lost_units} written off, {bought[variant]} bought at the end"
                )


_SOLD = """
    select coalesce((select sum(l.quantity) from inventory_holdline l join inventory_hold h on h.id = l.hold_id
                      where l.variant_id = %(variant)s and h.state = 'claimed'), 0),
           coalesce(sum(m.quantity) filter (where m.reason = 'shipment'), 0),
           coalesce(sum(m.quantity) filter (where m.reason = 'return' and t.kind in ('warehouse', 'store')), 0),
           coalesce(sum(m.quantity) filter (where m.reason = 'return' and t.kind = 'loss'), 0)
      from inventory_stockmovement m join inventory_location t on t.id = m.to_location_id
     where m.variant_id = %(variant)s
"""


def _buy_out(scene: Scene, variant: int, now: datetime) -> int:
    from mekong.foundation.actor import SYSTEM
    from mekong.inventory.errors import ShortStock
    from mekong.orders import commands as orders

    bought = 0
    while True:
        asked = orders.Asked(
            channel="web", lines=[orders.AskedLine(scene.skus[str(variant)], 1)], external_id=f"last-{variant}-{bought}"
        )
        try:
            orders.place_order(actor=SYSTEM, asked=asked, now=now)
        except ShortStock:
            return bought
        bought += 1


def main() -> int:
    """One worker."""
    parser = argparse.ArgumentParser(prog="benchmarks.torture")
    for name in ("--slot", "--until", "--threads", "--seed"):
        parser.add_argument(name, type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    import django

    django.setup()
    return _Worker(options.slot, options.folder, options.until, options.seed).work(options.threads)


if __name__ == "__main__":
    sys.exit(main())
