"""Prices of TikTok Shop: the list price of a SKU, and the activities that carry its sale price.

A sale is kept by activities of the shop's own at fixed prices, by SKU, that bear our title (`mapping.promotions.title`),
one for each run of dates, shared by all SKUs on sale at that time; what a merchant or the platform made is never touched.
An activity must begin in the future: a sale wanted at once begins in some minutes, unless there is an activity of ours
under way, which takes SKUs at once. An activity that the last SKU has left stays, empty, and is used again.

The list price of a SKU in an activity may be refused. It is then taken out of ours, priced, and put back. Between any
two of these calls the process may die: the next push reads what stands.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import msgspec

from mekong.channels.socket import Account, ListingKey, PricePush, PushResult, RemoteListing, SalePrice, wire
from mekong.channels.socket.sales import Part, Plan, Promotion, plan
from mekong.connectors.tiktok import paths
from mekong.connectors.tiktok.client import TITLE, Client, Reply, is_account_wide, is_unknown
from mekong.connectors.tiktok.mapping import following, listed, products, promotions
from mekong.foundation.errors import NeedsReconnect, RemoteRefused

_FRESH: Final = timedelta(seconds=30)
"""How long what the activities hold is believed: all listings of one round of pushes share it."""
_PAGE: Final = 100
_SKUS: Final = 50
_TOO_LATE: Final = "TikTok Shop takes an activity some minutes before it begins: no time is left for this one."


class Reads(Protocol):
    def __call__(self, *, keys: Sequence[ListingKey]) -> Awaitable[list[RemoteListing]]: ...


@dataclass
class _Open:
    """Activities that are not over, as read at `at`, and what each asks for each SKU."""

    at: datetime
    activities: dict[str, promotions.Activity]
    prices: dict[str, dict[str, int]]


@dataclass
class Prices:
    """Pushes the prices of one shop. `read`: what the platform shows. `singly`: products that go SKU by SKU."""

    account: Account
    client: Client
    clock: Callable[[], datetime] = field(repr=False)
    read: Reads = field(repr=False)
    singly: set[str] = field(repr=False)

    def __post_init__(self) -> None:
        self._open: _Open | None = None

    async def sales(self) -> Mapping[str, SalePrice]:
        """What activities under way ask, by SKU id or product id. An app that may not ask knows of none."""
        try:
            there = await self._there()
        except NeedsReconnect:
            raise
        except RemoteRefused:
            return {}
        return promotions.sales(there.activities.values(), self.account.currency, self.clock())

    async def push(self, batch: Sequence[PricePush]) -> list[PushResult]:
        if not batch:
            return []
        if len({push.key.item_id for push in batch}) > 1 or len(batch) > _SKUS:
            raise ValueError("a batch is at most 50 SKUs of one product: group pushes with price_batches()")
        now = self.clock()
        wanted = [replace(push, sale=push.sale_at(now)) for push in batch]
        barred: RemoteRefused | None = None
        ours: Sequence[Promotion] = ()
        standing: Mapping[ListingKey, Mapping[str, int]] = {}
        try:
            there = await self._there()
        except NeedsReconnect:
            raise
        except RemoteRefused as refused:
            barred = refused  # an app without leave for promotions has prices all the same
        else:
            mine = [each for each in there.activities.values() if each.is_ours and each.promotion.ends_at > now]
            ours = [each.promotion for each in mine]
            held = {each.number: there.prices[each.number] for each in mine}
            standing = promotions.standing([push.key for push in wanted], held)
        plans = {push.key: _plan(push, standing, ours, now) for push in wanted}
        said = await self._leave({key: each.leave for key, each in plans.items()})
        prices = await self._set(wanted)
        if locked := {
            key for key, each in prices.items() if each.error and products.may_pass(each.error, each.message)
        }:
            shown = {each.key: each.price_minor for each in await self.read(keys=list(locked))}
            same = {push.key for push in wanted if push.key in locked and shown.get(push.key) == push.price_minor}
            prices |= {key: PushResult(key) for key in same}
            left = {key: tuple(standing[key]) for key in locked - same if key in standing}
            said |= await self._leave(left)
            if free := [push for push in wanted if push.key in left and push.key not in said]:
                prices |= await self._set(free)
                plans |= {push.key: _plan(push, {}, ours, now) for push in free}
        said |= {key: result for key, result in prices.items() if result.error}
        good = [push for push in wanted if push.key not in said]
        said |= _impossible(good, plans, barred)
        good = [push for push in good if push.key not in said]
        said |= await self._reprice(good, plans)
        said |= await self._enter([push for push in good if push.key not in said], plans)
        return [said.get(push.key, PushResult(push.key)) for push in batch]

    # what stands

    async def _there(self) -> _Open:
        """Every activity at fixed prices that is not over, with what is in it: one call each, and two for their list."""
        now = self.clock()
        if self._open is None or not now - _FRESH <= self._open.at <= now:
            rows = {row.number: row for status in promotions.OPEN for row in await self._listed(status)}
            activities: dict[str, promotions.Activity] = {}
            for number, row in rows.items():
                try:
                    said = await self.client.get(paths.ACTIVITY.format(activity_id=number))
                except RemoteRefused as refused:
                    if not is_unknown(refused):
                        raise
                    continue
                with wire.readable(TITLE):
                    whole = msgspec.convert(said, promotions.Activity, strict=False)
                    activities[number] = msgspec.structs.replace(row, products=whole.products)
            currency = self.account.currency
            with wire.readable(TITLE):
                prices = {number: each.prices(currency) for number, each in activities.items()}
            self._open = _Open(now, activities, prices)
        return self._open

    async def _listed(self, status: str) -> list[promotions.Activity]:
        found: list[promotions.Activity] = []
        token = ""
        while True:
            body = {"status": status, "activity_type": promotions.KIND, "page_size": _PAGE, "page_token": token}
            said = await self.client.post(paths.ACTIVITY_SEARCH, body)
            with wire.readable(TITLE):
                page = msgspec.convert(said, promotions.ActivityPage, strict=False)
                rows = listed(page.activities, page.total_count or 0)
                token = following(page.next_page_token, token) if rows else ""
            found += rows
            if not token:
                return found

    # writes

    async def _set(self, pushes: Sequence[PricePush]) -> dict[ListingKey, PushResult]:
        """One call for the list prices."""
        item_id = pushes[0].key.item_id
        path = paths.PRICES_UPDATE.format(product_id=item_id)
        reply = await self.client.ask("POST", path, (), {"skus": products.price_rows(pushes)})
        if is_account_wide(reply.code):
            raise reply.refusal()
        self._doubt(item_id, reply, len(pushes))
        with wire.readable(TITLE):
            said = msgspec.convert(reply.body.get("data", {}), products.Pushed, strict=False)
            return {each.key: each for each in products.results(pushes, said.errors, reply.code, reply.message)}

    async def _leave(self, activities: Mapping[ListingKey, Sequence[str]]) -> dict[ListingKey, PushResult]:
        """Take SKUs out of activities; what could not be is tried again by the next push."""
        by_number: dict[str, list[ListingKey]] = {}
        for key, numbers in activities.items():
            for number in numbers:
                by_number.setdefault(number, []).append(key)
        said: dict[ListingKey, PushResult] = {}
        for number, keys in by_number.items():
            body = {"sku_ids": [key.model_id for key in keys]}
            wrong = await self._write("DELETE", number, body, keys, dict.fromkeys(body["sku_ids"]))
            said |= {key: replace(each, is_final=False) for key, each in wrong.items()}
        return said

    async def _reprice(
        self, pushes: Sequence[PricePush], plans: Mapping[ListingKey, Plan]
    ) -> dict[ListingKey, PushResult]:
        said: dict[ListingKey, PushResult] = {}
        by_number: dict[str, list[PricePush]] = {}
        for push in pushes:
            for number in plans[push.key].reprice:
                by_number.setdefault(number, []).append(push)
        for number, rows in by_number.items():
            said |= await self._put(number, rows)
        return said

    async def _enter(
        self, pushes: Sequence[PricePush], plans: Mapping[ListingKey, Plan]
    ) -> dict[ListingKey, PushResult]:
        said: dict[ListingKey, PushResult] = {}
        by_part: dict[Part, list[PricePush]] = {}
        for push in pushes:
            for part in plans[push.key].enter:
                by_part.setdefault(part, []).append(push)
        for part, rows in by_part.items():
            try:
                number = part.promotion_id or await self._made(part)
            except RemoteRefused as refused:
                code, message = str(refused.params["remote_code"]), str(refused.params["remote_message"])
                if isinstance(refused, NeedsReconnect) or is_account_wide(code):
                    raise
                said |= promotions.refused([push.key for push in rows], code, message)
                continue
            said |= await self._put(number, rows)
        return said

    async def _made(self, part: Part) -> str:
        title = promotions.title(part.starts_at, part.ends_at, self.clock())
        begins, ends = int(part.starts_at.timestamp()), int(part.ends_at.timestamp())
        body = {
            "activity_type": promotions.KIND,
            "product_level": "VARIATION",
            "title": title,
            "begin_time": begins,
            "end_time": ends,
        }
        known, self._open = self._open, None  # until it is answered its effect is unknown
        said = await self.client.post(paths.ACTIVITIES, body)
        with wire.readable(TITLE):
            number = str(msgspec.convert(said, promotions.Made, strict=False).activity_id)
        if known is not None:
            row = promotions.Activity(id=number, title=title, status="NOT_START", begin_time=begins, end_time=ends)
            known.activities[number], known.prices[number], self._open = row, {}, known
        return number

    async def _put(self, number: str, pushes: Sequence[PricePush]) -> dict[ListingKey, PushResult]:
        """Put SKUs into an activity, or change what it asks for them."""
        body = {"activity_id": number, "products": promotions.product_rows(pushes)}
        prices = {push.key.model_id: push.sale.price_minor for push in pushes if push.sale is not None}
        return await self._write("PUT", number, body, [push.key for push in pushes], prices)

    async def _write(
        self,
        method: str,
        number: str,
        body: Mapping[str, Any],
        keys: Sequence[ListingKey],
        then: Mapping[str, int | None],
    ) -> dict[ListingKey, PushResult]:
        """One write about one product in one activity; what was wrong. `then`: what it asks for each SKU afterwards."""
        known, self._open = self._open, None  # until it is answered its effect is unknown
        path = paths.ACTIVITY_PRODUCTS.format(activity_id=number)
        reply = await self.client.ask(method, path, (), body)
        if is_account_wide(reply.code):
            raise reply.refusal()
        if reply.is_refused:
            self._doubt(keys[0].item_id, reply, len(keys))
            return promotions.refused(keys, reply.code, reply.message)
        if known is not None:
            left = {sku: price for sku, price in known.prices.get(number, {}).items() if sku not in then}
            known.prices[number] = left | {sku: price for sku, price in then.items() if price is not None}
            self._open = known
        return {}

    def _doubt(self, item_id: str, reply: Reply, count: int) -> None:
        if reply.is_refused and count > 1 and not products.may_pass(reply.code, reply.message):
            self.singly.add(item_id)


def _plan(
    push: PricePush,
    standing: Mapping[ListingKey, Mapping[str, int]],
    ours: Sequence[Promotion],
    now: datetime,
) -> Plan:
    return plan(push.sale, standing.get(push.key, {}), ours, promotions.TERMS, now)


def _impossible(
    pushes: Sequence[PricePush], plans: Mapping[ListingKey, Plan], barred: RemoteRefused | None
) -> dict[ListingKey, PushResult]:
    """Sales that cannot be had: the app may not make activities, or the platform's terms leave no time."""
    said: dict[ListingKey, PushResult] = {}
    for push in pushes:
        if push.sale is not None and barred is not None:
            code, message = str(barred.params["remote_code"]), str(barred.params["remote_message"])
            said[push.key] = PushResult(push.key, code, message, is_final=True)
        elif plans[push.key].is_too_late:
            said[push.key] = PushResult(push.key, "sale_too_late", _TOO_LATE, is_final=True)
    return said
