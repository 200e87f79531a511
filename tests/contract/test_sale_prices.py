"""List prices and sale prices of every connector against its sandbox: set, changed, repeated, ended, broken off half way.

What is pushed is a state, not a change. So the platform shows it after one push, nothing moves when it is pushed again,
and whatever was left half done by a push that died is mended by the next.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from mekong.channels.registry import connectors
from mekong.channels.socket import (
    Account,
    ListingKey,
    PricePush,
    PushResult,
    RemoteListing,
    Request,
    Response,
    SalePrice,
)
from mekong.foundation.errors import NeedsRefresh, Unavailable

if TYPE_CHECKING:  # Django is set up after the tests are collected
    from tests.support.marketplaces import Sandbox

LISTINGS = [
    {"sku": "TU-VAI", "name": "Túi vải", "price": 120_000, "stock": 7},
    {
        "sku": "AO",
        "name": "Áo thun",
        "models": [
            {"sku": "AO-M", "name": "M", "price": 120_000, "stock": 5},
            {"sku": "AO-L", "name": "L", "price": 120_000, "stock": 9},
        ],
    },
]
SKUS = ("TU-VAI", "AO-M", "AO-L")
DAY, TWO_HOURS = timedelta(days=1), timedelta(hours=2)
KINDS = sorted(connectors())
SELLING_DATED = sorted(kind for kind, plug in connectors().items() if plug.manifest.sale_dates)


@dataclass
class Wire:
    """Each request once, over HTTP. `breaks_at`: the write, counted from 0, whose answer never comes, and all after it.

    `is_done`: whether that write reached the platform.
    """

    http: httpx.AsyncClient
    breaks_at: int | None = None
    is_done: bool = False
    writes: list[Request] = field(default_factory=list)

    async def send(self, request: Request) -> Response:
        is_write = request.method != "GET" and not any(
            word in request.url for word in ("/search", "/token", "/auth/") if "graphql" not in request.url
        )
        is_write = is_write and b"query " not in request.body[:40]
        if is_write:
            self.writes.append(request)
        is_broken = self.breaks_at is not None and len(self.writes) > self.breaks_at
        if is_broken and not (is_write and self.is_done and len(self.writes) == self.breaks_at + 1):  # type: ignore[operator]
            raise Unavailable(reason="the connection broke")
        try:
            got = await self.http.request(
                request.method, request.url, params=list(request.params) or None, headers=dict(request.headers),
                content=request.body,
            )  # fmt: skip
        except httpx.HTTPError as failed:
            raise Unavailable(reason=str(failed)) from failed
        if is_broken:
            raise Unavailable(reason="the connection broke")
        return Response(got.status_code, got.content, dict(got.headers))


@dataclass
class Plug:
    """What a connector holds: the wire behind it may change."""

    wire: Wire

    async def send(self, request: Request) -> Response:
        return await self.wire.send(request)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    from tests.support.marketplaces import Sandbox

    box = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield box
    box.stop()


@dataclass
class Stand:
    """A shop of one kind on the sandbox, and its connector: made anew for every push as after a restart, or a lasting one.

    Only its tokens make a lasting connector anew, as in the worker.
    """

    kind: str
    box: Sandbox
    account: Account
    owner: Mapping[str, Any]
    keys: dict[str, ListingKey] = field(default_factory=dict)
    is_lasting: bool = False
    lasting: Any = None

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.box.get("clock")["now"], UTC)

    def skip(self, by: timedelta) -> None:
        self.lasting = None  # its clock would stand still
        self.box.post("clock", {"advance_s": by.total_seconds()})

    def shown(self) -> dict[str, tuple[Any, ...]]:
        """What the platform has of each SKU: list price, what a unit costs now, the sale and its end."""
        found: dict[str, tuple[Any, ...]] = {}
        for sku in SKUS:
            row = self.box.get(f"{self.kind}/listing", **self.owner, sku=sku)
            sale = row["sale"] or {}
            found[sku] = (row["list_price"], row["selling_price"], sale.get("price"), sale.get("to"))
        return found

    def do(
        self, work: Callable[[Any], Awaitable[Any]], breaks_at: int | None = None, *, is_done: bool = False
    ) -> tuple[Any, list[Request]]:
        """Work with a connector of its own; what it made of it, and the writes it sent."""

        async def done() -> tuple[Any, list[Request]]:
            async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
                wire = Wire(http, breaks_at, is_done)
                try:
                    return await work(self._speaking(wire)), wire.writes
                except NeedsRefresh:
                    tokens = await self._speaking(Wire(http)).refresh(now=self.now())
                    secrets = replace(
                        self.account.secrets, access_token=tokens.access_token, refresh_token=tokens.refresh_token
                    )
                    self.account, self.lasting = replace(self.account, secrets=secrets), None
                    wire.writes.clear()
                    return await work(self._speaking(wire)), wire.writes

        return asyncio.run(done())

    def _speaking(self, wire: Wire) -> Any:
        """The connector by the sandbox's clock; what it signs is compared with the wall clock."""
        if self.is_lasting and self.lasting is not None:
            self.lasting.transport.wire = wire
            return self.lasting
        made: Any = type(connectors()[self.kind].factory(self.account, wire))
        ahead = self.now() - datetime.now(UTC)
        self.lasting = made(self.account, Plug(wire), clock=lambda: datetime.now(UTC) + ahead)
        object.__setattr__(self.lasting.client, "clock", lambda: datetime.now(UTC))
        return self.lasting

    def push(
        self,
        price: int,
        sale: SalePrice | None = None,
        breaks_at: int | None = None,
        *,
        is_done: bool = False,
        skus: Sequence[str] = SKUS,
    ) -> tuple[list[PushResult], list[Request]]:
        async def pushed(connector: Any) -> list[PushResult]:
            pushes = [PricePush(self.keys[sku], sku, price, "VND", sale) for sku in skus]
            return [result for batch in connector.price_batches(pushes) for result in await connector.push_price(batch)]

        return self.do(pushed, breaks_at, is_done=is_done)

    def read(self) -> dict[str, RemoteListing]:
        found, _ = self.do(lambda connector: connector.read_listings(keys=list(self.keys.values())))
        return {listing.sku: listing for listing in found}

    def pull(self) -> dict[str, RemoteListing]:
        page, _ = self.do(lambda connector: connector.pull_listings(cursor=None))
        return {listing.sku: listing for listing in page.listings}


def a_stand(sandbox: Sandbox, kind: str) -> Stand:
    from benchmarks.marketplaces import STALLS

    sandbox.reset()
    stall = STALLS[kind]
    made = sandbox.post(f"{kind}/{stall.shops}", {"rate": 0, "burst": 0})
    owner, url = stall.key(str(made[stall.number])), sandbox.url + made.get("base_path", "")
    sandbox.post(f"{kind}/listings", {**owner, "listings": LISTINGS})
    secrets = stall.secrets(made, datetime.now(UTC))
    account = Account(kind, str(made[stall.number]), secrets, api_url=url, auth_url=url if stall.has_auth_host else "")
    stand = Stand(kind, sandbox, account, owner)
    stand.keys = {sku: listing.key for sku, listing in stand.pull().items() if sku in SKUS}
    assert stand.keys.keys() == set(SKUS)
    return stand


def a_sale(stand: Stand, price: int, days: int = 10) -> SalePrice:
    return SalePrice(price, None, (stand.now() + days * DAY).replace(second=0, microsecond=0))


def told(sale: SalePrice | None) -> float | None:
    return sale.ends_at.timestamp() if sale is not None and sale.ends_at is not None else None


@pytest.mark.parametrize("kind", KINDS)
def test_both_prices_are_set_repeated_changed_ended_and_read_back(kind: str, sandbox: Sandbox) -> None:
    stand, manifest = a_stand(sandbox, kind), connectors()[kind].manifest
    keeps_list = manifest.sale_prices

    def holds(price: int, sale: SalePrice | None) -> None:
        """The platform, its own control and both ways of reading agree on what was pushed; a repeat moves nothing."""
        before = stand.shown()
        for sku, (listed, sells, low, ends) in before.items():
            assert sells == (sale.price_minor if sale else price), sku
            if keeps_list:
                assert (listed, low) == (price, sale.price_minor if sale else None), sku
                assert ends == (told(sale) if manifest.sale_dates else None), sku
        for rows in (stand.read(), stand.pull()):
            for sku in SKUS:
                row = rows[sku]
                if keeps_list:
                    assert (row.price_minor, row.sale_minor) == (price, sale.price_minor if sale else None), sku
                    assert row.sale_ends_at == (sale.ends_at if sale and manifest.sale_dates else None), sku
                else:
                    assert (row.price_minor, row.sale_minor) == (sale.price_minor if sale else price, None), sku
        assert [result.error for result in stand.push(price, sale)[0]] == [""] * 3
        assert stand.shown() == before

    def pushed(price: int, sale: SalePrice | None) -> None:
        results, _ = stand.push(price, sale)
        assert {result.key: result.error for result in results} == dict.fromkeys(stand.keys.values(), "")

    pushed(130_000, None)
    holds(130_000, None)

    sale = a_sale(stand, 99_000)
    pushed(130_000, sale)
    stand.skip(TWO_HOURS)  # the longest that a platform makes a sale wait
    holds(130_000, sale)

    pushed(130_000, sale := replace(sale, price_minor=89_000))
    holds(130_000, sale)

    pushed(130_000, sale := replace(sale, ends_at=sale.ends_at and sale.ends_at + 3 * DAY))
    if kind in ("shopee", "tiktok"):  # what goes on is not interrupted: another promotion follows
        assert {row[1] for row in stand.shown().values()} == {89_000}
        sale = replace(sale, ends_at=sale.ends_at and sale.ends_at - 3 * DAY)
        pushed(130_000, sale)
    holds(130_000, sale)

    pushed(140_000, sale)
    holds(140_000, sale)

    pushed(140_000, None)
    holds(140_000, None)


@pytest.mark.parametrize("kind", SELLING_DATED)
def test_a_platform_that_knows_dates_begins_and_ends_a_sale_by_itself(kind: str, sandbox: Sandbox) -> None:
    stand = a_stand(sandbox, kind)
    begins = (stand.now() + 2 * DAY).replace(second=0, microsecond=0)
    sale = SalePrice(99_000, begins, begins + DAY)
    assert [result.error for result in stand.push(120_000, sale)[0]] == [""] * 3
    assert {row[1] for row in stand.shown().values()} == {120_000}
    assert {row.sale_minor for row in stand.read().values()} == {None}
    stand.skip(2 * DAY + timedelta(minutes=2))
    assert {row[1] for row in stand.shown().values()} == {99_000}
    assert {(row.sale_minor, row.sale_ends_at) for row in stand.read().values()} == {(99_000, sale.ends_at)}
    stand.skip(DAY)
    assert {row[1] for row in stand.shown().values()} == {120_000}
    assert {row.sale_minor for row in stand.read().values()} == {None}


@pytest.mark.parametrize("kind", SELLING_DATED)
def test_a_sale_as_long_as_no_platform_allows_and_one_without_an_end_go_on(kind: str, sandbox: Sandbox) -> None:
    stand = a_stand(sandbox, kind)
    long, endless = a_sale(stand, 99_000, days=200), SalePrice(99_000)
    for sale, skus in ((long, ("AO-M", "AO-L")), (endless, ("TU-VAI",))):
        for _ in range(2):
            assert {result.error for result in stand.push(120_000, sale, skus=skus)[0]} == {""}
    stand.skip(TWO_HOURS)
    rows = stand.read()
    assert {row.sale_minor for row in rows.values()} == {99_000}
    for days in (60, 60, 79):  # on day 199 only the one with an end is certain
        stand.skip(days * DAY)
        shown = stand.shown()
        assert {shown["AO-M"][1], shown["AO-L"][1]} == {99_000}
    stand.skip(DAY)
    shown = stand.shown()
    assert {shown["AO-M"][1], shown["AO-L"][1]} == {120_000}


@pytest.mark.parametrize("is_done", [False, True], ids=["unsent", "sent"])
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_a_push_left_half_done_is_mended_by_the_next(kind: str, is_done: bool, sandbox: Sandbox) -> None:
    steps: list[tuple[int, int | None]] = [(120_000, 99_000), (120_000, 89_000), (130_000, 89_000), (130_000, None)]
    stand, broken = a_stand(sandbox, kind), 0
    ends = a_sale(stand, 1).ends_at
    for price, low in steps:
        sale = None if low is None else SalePrice(low, None, ends)
        for breaks_at in range(20):
            before = broken
            try:
                stand.push(price, sale, breaks_at, is_done=is_done)
            except Unavailable:
                broken += 1
            if broken == before:
                break
            back = steps[max(0, steps.index((price, low)) - 1)]
            if breaks_at % 2:  # from where the last step left it, or from where the break did
                stand.push(back[0], None if back[1] is None else SalePrice(back[1], None, ends))
        results, _ = stand.push(price, sale)
        assert [result.error for result in results] == [""] * 3
        stand.skip(TWO_HOURS)
        assert {row[1] for row in stand.shown().values()} == {price if low is None else low}
        if connectors()[kind].manifest.sale_prices:
            assert {(row.price_minor, row.sale_minor) for row in stand.read().values()} == {(price, low)}
    assert broken >= len(steps)


@pytest.mark.parametrize("kind", ["shopee", "tiktok"])
def test_a_sale_already_as_wanted_asks_for_no_write_to_its_promotion(kind: str, sandbox: Sandbox) -> None:
    stand = a_stand(sandbox, kind)
    sale = a_sale(stand, 99_000)
    _, first = stand.push(120_000, sale)
    assert any("discount" in request.url or "/activities" in request.url for request in first)
    _, again = stand.push(120_000, sale)
    assert not [request.url for request in again if "discount" in request.url or "/activities" in request.url]


@pytest.mark.parametrize("kind", ["shopee", "tiktok"])
def test_listings_on_sale_at_the_same_time_share_a_promotion_and_a_later_one_joins_it(
    kind: str, sandbox: Sandbox
) -> None:
    stand = a_stand(sandbox, kind)
    sale = a_sale(stand, 99_000)
    stand.push(120_000, sale, skus=("TU-VAI", "AO-M"))
    stand.skip(TWO_HOURS)
    assert stand.shown()["AO-L"][1] == 120_000
    stand.push(120_000, sale, skus=("AO-L",))
    assert {row[1] for row in stand.shown().values()} == {99_000}, "one under way takes a listing at once"
    ids = {sandbox.get(f"{kind}/listing", **stand.owner, sku=sku)["sale"]["id"] for sku in SKUS}
    assert len(ids) == 1


STORM: Sequence[Mapping[str, Any]] = [
    {"kind": "http_5xx", "probability": 0.1},
    {"kind": "http_429", "probability": 0.05},
    {"kind": "timeout_after_effect", "ms": 30, "probability": 0.1},
    {"kind": "drop", "probability": 0.05},
    {"kind": "malformed_json", "probability": 0.1},
    {"kind": "stale_reads", "ms": 1500, "probability": 0.3},
]


@pytest.mark.slow
@pytest.mark.parametrize("is_lasting", [False, True], ids=["restarted", "lasting"])
@pytest.mark.parametrize("kind", KINDS)
def test_after_a_storm_of_faults_the_last_wish_stands(kind: str, is_lasting: bool, sandbox: Sandbox) -> None:
    stand, chance = a_stand(sandbox, kind), random.Random(7)
    stand.is_lasting = is_lasting
    ends = a_sale(stand, 1).ends_at
    assert ends is not None
    pushed = failed = 0
    for seed in range(4):
        price = 120_000 + 1_000 * seed
        wishes = [None if chance.random() < 0.3 else chance.randrange(80_000, 100_000, 1_000) for _ in range(6)]
        sales = [None if low is None else SalePrice(low, None, ends + chance.randrange(3) * DAY) for low in wishes]
        sandbox.break_things([{"market": kind, **rule} for rule in STORM], seed)
        for sale in sales:
            try:
                results, _ = stand.push(price, sale, skus=chance.sample(SKUS, chance.randint(1, 3)))
                pushed += not any(result.error for result in results)
            except Unavailable:
                failed += 1
        sandbox.mend()
        for _ in range(3):
            results, _ = stand.push(price, sales[-1])
            if not any(result.error for result in results):
                break
        assert [result.error for result in results] == [""] * 3
        stand.skip(TWO_HOURS)
        low = wishes[-1]
        assert {row[1] for row in stand.shown().values()} == {price if low is None else low}
        if connectors()[kind].manifest.sale_prices:
            assert {(row.price_minor, row.sale_minor) for row in stand.read().values()} == {(price, low)}
    assert pushed
    assert failed
