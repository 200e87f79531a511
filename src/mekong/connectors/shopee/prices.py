"""Prices of Shopee: the original price of an item or model, and the discounts that carry its sale price.

A sale is kept by discounts of the shop's own that bear our name (`mapping.discounts.name`), one for each run of dates,
shared by all listings on sale at that time; what a merchant or the platform made is never touched. A discount must
begin an hour ahead and lasts less than 180 days: a sale wanted at once begins in about an hour, unless there is a
discount of ours with the same end under way, which takes listings at once; a longer one is cut into several. A discount
that the last listing has left stays, empty, and is used again for the same dates.

An item is in one discount at a time, whichever of its models: variants on sale at times that overlap must have the same
times. The original price of a model in a discount may be refused. It is then taken out of ours, priced, and put back, which
under way is a matter of seconds. Between any two of these calls the process may die: the next push reads what stands.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from mekong.channels.socket import Account, ListingKey, PricePush, PushResult, RemoteListing, StockPush, wire
from mekong.channels.socket.sales import Part, Plan, Promotion, plan
from mekong.connectors.shopee.client import TITLE, Client, is_account_wide, is_unknown
from mekong.connectors.shopee.mapping import discounts, products
from mekong.foundation.errors import NeedsReconnect, RemoteRefused
from mekong.foundation.money import to_decimal

_FRESH: Final = timedelta(seconds=30)
"""How long a list of the shop's discounts is believed: all listings of one round of pushes share it."""
_PAGE: Final = 100
_PAGES: Final = 20
_MODELS: Final = 50
_TOO_LATE: Final = (
    "Shopee takes a discount an hour before it begins and for an hour at least: no time is left for this one."
)
_DATES_DIFFER: Final = "Shopee has a product in one discount at a time: give its variants the same sale dates."

Reads = Callable[[Sequence[str]], Awaitable[list[RemoteListing]]]
Standing = Mapping[ListingKey, Mapping[str, int]]


@dataclass
class Prices:
    """Pushes the prices of one shop. `read`: what the platform shows for these items."""

    account: Account
    client: Client
    clock: Callable[[], datetime] = field(repr=False)
    read: Reads = field(repr=False)

    def __post_init__(self) -> None:
        self._list: tuple[datetime, tuple[discounts.Discount, ...]] | None = None
        self._full: set[str] = set()

    async def ends(self) -> Mapping[str, datetime]:
        """When each discount ends, by its number. An app that may not ask knows of none."""
        try:
            return {each.promotion.id: each.promotion.ends_at for each in await self._discounts()}
        except NeedsReconnect:
            raise
        except RemoteRefused:
            return {}

    async def push(self, batch: Sequence[PricePush]) -> list[PushResult]:
        if not batch:
            return []
        item_id = item_of(batch)
        now = self.clock()
        wanted = [replace(push, sale=push.sale_at(now)) for push in batch]
        barred: RemoteRefused | None = None
        try:
            ours = await self._ours()
        except NeedsReconnect:
            raise
        except RemoteRefused as refused:
            ours, barred = (), refused  # an app without leave for discounts has prices all the same
        standing = await self._standing(item_id, ours)
        plans = self._plans(wanted, standing, ours, now)
        said = await self._leave({key: each.leave for key, each in plans.items()})
        standing = _without(standing, plans)
        prices = await self._set(wanted)
        if locked := {key for key, result in prices.items() if result.error and _is_locked(result)}:
            shown = {each.key: each.price_minor for each in await self.read([item_id])}
            same = {push.key for push in wanted if push.key in locked and shown.get(push.key) == push.price_minor}
            prices |= {key: PushResult(key) for key in same}
            held = {key: tuple(standing[key]) for key in locked - same if key in standing}
            said |= await self._leave(held)
            if free := [push for push in wanted if push.key in held and push.key not in said]:
                prices |= await self._set(free)
                rest = {key: each for key, each in standing.items() if key not in held}
                plans |= self._plans(free, rest, ours, now)
        said |= {key: result for key, result in prices.items() if result.error}
        good = [push for push in wanted if push.key not in said]
        said |= _impossible(good, plans, barred)
        good = [push for push in good if push.key not in said]
        said |= await self._reprice(good, plans)
        said |= await self._enter([push for push in good if push.key not in said], plans)
        return [said.get(push.key, PushResult(push.key)) for push in batch]

    # what stands

    async def _ours(self) -> tuple[Promotion, ...]:
        now = self.clock()
        found = [each.promotion for each in await self._discounts() if each.is_ours]
        return tuple(each for each in found if each.ends_at > now)

    async def _discounts(self) -> tuple[discounts.Discount, ...]:
        now = self.clock()
        if self._list is None or not now - _FRESH <= self._list[0] <= now:
            rows = [*await self._listed("ongoing"), *await self._listed("upcoming")]
            unique = {str(row.discount_id): row for row in rows}
            self._list = (now, tuple(unique.values()))
        return self._list[1]

    async def _listed(self, status: str) -> list[discounts.Discount]:
        rows: list[discounts.Discount] = []
        for page_no in range(1, _PAGES + 1):
            params = [("discount_status", status), ("page_no", str(page_no)), ("page_size", str(_PAGE))]
            said = await self.client.get("/discount/get_discount_list", params)
            with wire.readable(TITLE):
                page = msgspec.convert(said, discounts.DiscountPage, strict=False)
            rows += page.discount_list
            if not page.more:
                break
        return rows

    async def _standing(self, item_id: str, ours: Sequence[Promotion]) -> Standing:
        if not ours:
            return {}
        try:
            said = await self.client.get("/product/get_item_promotion", [("item_id_list", item_id)])
        except RemoteRefused as refused:
            if not is_unknown(refused):
                raise
            return {}
        with wire.readable(TITLE):
            items = msgspec.convert(said, discounts.PromotedItems, strict=False)
            found = discounts.standing(items, item_id, [each.id for each in ours], self.account.currency)
        return {ListingKey(item_id, str(model) if model else ""): each for model, each in found.items()}

    def _plans(
        self, wanted: Sequence[PricePush], standing: Standing, ours: Sequence[Promotion], now: datetime
    ) -> dict[ListingKey, Plan]:
        """A plan for each listing of an item, which is in one discount at a time, whichever of its models. What does
        not go together with the discounts its other models are in is left out of a plan."""
        known = {each.id: Part(each.starts_at, each.ends_at, each.id) for each in ours}

        def planned(push: PricePush, open_ones: Sequence[Promotion], full: Collection[str]) -> Plan:
            return plan(push.sale, standing.get(push.key, {}), open_ones, discounts.TERMS, now, full=full)

        leaving = {push.key: planned(push, ours, ()).leave for push in wanted}
        taken = [known[each] for key, there in standing.items() for each in there if each not in leaving.get(key, ())]
        plans: dict[ListingKey, Plan] = {}
        for push in wanted:
            mine = standing.get(push.key, {})
            open_ones = [each for each in ours if each.id in mine or _goes_with(known[each.id], taken)]
            open_ones += [Promotion("", each.starts_at, each.ends_at) for each in taken if not each.promotion_id]
            each = planned(push, open_ones, self._full - {part.promotion_id for part in taken})
            plans[push.key] = replace(each, enter=tuple(part for part in each.enter if _goes_with(part, taken)))
            if len(plans[push.key].enter) < len(each.enter):
                plans[push.key] = replace(plans[push.key], is_barred=True)
            taken += plans[push.key].enter
        return plans

    # writes

    async def _set(self, pushes: Sequence[PricePush]) -> dict[ListingKey, PushResult]:
        """One call for the original prices."""
        rows = [
            {"model_id": products.model_id(push.key), "original_price": to_decimal(push.price_minor, push.currency)}
            for push in pushes
        ]
        body = {"item_id": int(pushes[0].key.item_id), "price_list": rows}
        reply = await self.client.ask("POST", "/product/update_price", body=body)
        if is_account_wide(reply.error):
            raise reply.refusal()
        with wire.readable(TITLE):
            lists = msgspec.convert(reply.response, products.PushReply, strict=False)
            return {each.key: each for each in products.results(pushes, lists, reply.error, reply.message)}

    async def _leave(self, promotions: Mapping[ListingKey, Sequence[str]]) -> dict[ListingKey, PushResult]:
        """Take listings out of discounts; what could not be is tried again by the next push."""
        said: dict[ListingKey, PushResult] = {}
        for key, numbers in promotions.items():
            model = products.model_id(key)
            for number in numbers:
                body = {
                    "discount_id": int(number),
                    "item_id": int(key.item_id),
                    **({"model_id": model} if model else {}),
                }
                for each in (await self._write("/discount/delete_discount_item", body, [key])).values():
                    if not discounts.is_gone(each.error):
                        said[key] = replace(each, is_final=False)
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
            body = {"discount_id": int(number), "item_list": [discounts.item_row(rows)]}
            said |= await self._write("/discount/update_discount_item", body, [push.key for push in rows])
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
            keys = [push.key for push in rows]
            try:
                number = part.promotion_id or await self._made(part)
            except RemoteRefused as refused:
                if is_account_wide(str(refused.params["remote_code"])):
                    raise
                code, message = str(refused.params["remote_code"]), str(refused.params["remote_message"])
                said |= {key: discounts.refused(key, code, message) for key in keys}
                continue
            row = {**discounts.item_row(rows), "purchase_limit": 0}
            wrong = await self._write(
                "/discount/add_discount_item", {"discount_id": int(number), "item_list": [row]}, keys
            )
            if discounts.is_full(wrong):
                self._full.add(number)  # the next push makes another one of the same dates
                wrong = {key: replace(each, is_final=False) for key, each in wrong.items()}
            said |= wrong
        return said

    async def _made(self, part: Part) -> str:
        name, times = discounts.name(part.starts_at, part.ends_at), (part.starts_at, part.ends_at)
        start, end = (int(when.timestamp()) for when in times)
        body = {"discount_name": name, "start_time": start, "end_time": end}
        known, self._list = self._list, None  # until it is answered its effect is unknown
        said = await self.client.post("/discount/add_discount", body)
        with wire.readable(TITLE):
            made = msgspec.convert(said, discounts.Made, strict=False)
        if known is not None:
            row = discounts.Discount(made.discount_id, name, "upcoming", start, end)
            self._list = (known[0], (*known[1], row))
        return str(made.discount_id)

    async def _write(
        self, path: str, body: Mapping[str, Any], keys: Sequence[ListingKey]
    ) -> dict[ListingKey, PushResult]:
        """One write about one item in one discount; what was wrong, and with which of its listings."""
        known, self._list = self._list, None  # until it is answered its effect is unknown
        reply = await self.client.ask("POST", path, body=body)
        if is_account_wide(reply.error):
            raise reply.refusal()
        with wire.readable(TITLE):
            wrong = discounts.troubles(keys, msgspec.convert(reply.response, discounts.Written, strict=False))
        if reply.error:
            wrong = {key: discounts.refused(key, reply.error, reply.message) for key in keys} | wrong
        if not wrong:
            self._list = known
        return wrong


def _impossible(
    pushes: Sequence[PricePush], plans: Mapping[ListingKey, Plan], barred: RemoteRefused | None
) -> dict[ListingKey, PushResult]:
    """Sales that cannot be had: the app may not make discounts, or the platform's terms leave no time."""
    said: dict[ListingKey, PushResult] = {}
    for push in pushes:
        if push.sale is not None and barred is not None:
            code, message = str(barred.params["remote_code"]), str(barred.params["remote_message"])
            said[push.key] = PushResult(push.key, code, message, is_final=True)
        elif plans[push.key].is_barred:
            said[push.key] = PushResult(push.key, "sale_dates_differ", _DATES_DIFFER, is_final=True)
        elif plans[push.key].is_too_late:
            said[push.key] = PushResult(push.key, "sale_too_late", _TOO_LATE, is_final=True)
    return said


def _is_locked(result: PushResult) -> bool:
    return "promotion" in f"{result.error} {result.message}".lower()


def _without(standing: Standing, plans: Mapping[ListingKey, Plan]) -> Standing:
    """What stands when the plans' discounts have been left."""
    left = {key: plans[key].leave if key in plans else () for key in standing}
    rest = {
        key: {each: price for each, price in there.items() if each not in left[key]} for key, there in standing.items()
    }
    return {key: there for key, there in rest.items() if there}


def _goes_with(part: Part, others: Sequence[Part]) -> bool:
    return all(part == each or part.ends_at <= each.starts_at or each.ends_at <= part.starts_at for each in others)


def item_of(batch: Sequence[PricePush] | Sequence[StockPush]) -> str:
    """The item that a batch is about. Raises: ValueError for none that one call takes."""
    items = {push.key.item_id for push in batch}
    if len(items) > 1 or len(batch) > _MODELS:
        raise ValueError("a batch is at most 50 models of one item: group pushes with price_batches()")
    return items.pop()
