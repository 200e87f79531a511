"""The part of the connector that publishes products, by requests that Tiki's people look at.

A variant is a product of its own there; those of one request are gathered by a product above them (`super_id`), which
may not be readable, so that the first of them stands for all. A request is followed by its track, and later by its own
number: a ticket is one or several of them, parted by commas, a request's own number behind an "r". No call adds a
variant to a product: the new ones are asked for by a request of their own. Prices, stock and whether it is on sale need
nobody's leave.

Until the platform has read a request, seconds to minutes, nobody tells what it is about. Those whose answer reached us
are remembered; while there are others, nothing is said to be missing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, TypeVar

import msgspec

from mekong.channels.socket import Account, RemoteListing, wire
from mekong.channels.socket.publishing import (
    Draft,
    DraftVariant,
    Picture,
    Published,
    PublishedState,
    RemoteAttribute,
    RemoteCategory,
)
from mekong.connectors.tiki.client import TITLE, Client, is_unknown
from mekong.connectors.tiki.mapping import drafts, inner, local, products, publishing
from mekong.foundation.errors import RemoteRefused, Unavailable

T = TypeVar("T")

_VIETNAMESE: Final = ("lang", "vi")
_INCLUDES: Final = ("includes", "inventory,attributes,images,categories")
_BRANDS: Final = "/v2/attributes/603/values"
"""Brands are the values of one attribute, the same in every category (seen in public clients)."""
_PAGE: Final = 50
_QUEUE: Final = timedelta(hours=1)
"""What was queued longer ago than this is stuck, and keeps nobody waiting."""
_DIGITS: Final = 19  # of the longest number that the platform gives
_VALUES: Final = 5
"""Pages of values read of one attribute: what has more of them takes other words as well."""
_REQUESTS: Final = 10
"""Pages of requests read, the newest first: a review takes days at most."""


@dataclass(frozen=True)
class Publishing:
    """The products of one seller, as they are asked for and changed."""

    account: Account
    client: Client
    warehouses: Callable[[], Awaitable[list[int]]] = field(repr=False)
    _asked: dict[str, _Asked] = field(default_factory=dict, init=False, repr=False)
    """What was asked for, by track."""

    # What it asks

    async def categories(self) -> list[RemoteCategory]:
        """The platform gives the whole tree or one storey of it, so what lies below is asked for where it is missing."""
        nodes: dict[str, publishing.Node] = {}
        asked: set[str] = set()
        waiting = [""]
        while waiting:
            for parent in waiting:
                asked.add(parent)
                params = [_VIETNAMESE, *([("parent", parent)] if parent else [])]
                for node in await self._all("/v2/categories", params, publishing.Node, 100):
                    nodes.setdefault(str(node.id), node)
            waiting = publishing.unasked(nodes, asked)
        return publishing.categories(nodes)

    async def attributes(self, category_id: str) -> list[RemoteAttribute]:
        _category(category_id)
        path = f"/v2/categories/{category_id}"
        found = publishing.options(await self._labels(f"{path}/optionLabels"))
        taken = {one.id for one in found}
        for row in await self._all(f"{path}/attributes", [_VIETNAMESE], publishing.AttributeRow, 1):
            if row.code in taken or not publishing.is_asked(row):
                continue
            values, is_whole = list(row.values), True
            if row.is_chosen and not values and row.id:
                values, is_whole = await self._values(f"/v2/attributes/{row.id}/values")
            found.append(publishing.attribute(row, values, is_whole=is_whole))
        return found

    async def _labels(self, path: str) -> list[publishing.OptionLabel | int | str]:
        try:
            said = await self.client.get(path, [_VIETNAMESE])
        except RemoteRefused as refused:
            if is_unknown(refused):
                return []
            raise
        with wire.readable(TITLE):
            return list(
                msgspec.convert(publishing.rows(said), tuple[publishing.OptionLabel | int | str, ...], strict=False)
            )

    async def _values(self, path: str) -> tuple[list[publishing.Choice | int | str], bool]:
        """The values of an attribute, and whether these are all of them."""
        found: list[publishing.Choice | int | str] = []
        try:
            for page in range(1, _VALUES + 1):
                said = await self.client.get(path, [("page", str(page)), ("limit", "100")])
                with wire.readable(TITLE):
                    got = publishing.rows(said)
                    found += msgspec.convert(got, tuple[publishing.Choice | int | str, ...], strict=False)
                    if not got or page >= publishing.last_page(said):
                        return found, True
        except RemoteRefused as refused:
            if not is_unknown(refused):
                raise
        return found, False

    async def upload(self, picture: Picture) -> str:
        """Tiki fetches pictures: it is told where they lie."""
        if not picture.url.startswith(("https://", "http://")):
            raise _refusal("picture_url_needed", "Tiki fetches pictures from a public address; this one has none.")
        return picture.url

    # Found

    async def find(self, draft: Draft) -> Published | None:
        """Read in the order in which a request moves on, from the queue over the review to what is sold, so that what moves
        on between two of the calls is met by the later one."""
        ours = {variant.sku for variant in draft.variants if variant.sku}
        way = await self._under_way(ours)
        there = await self._by_skus(draft)
        tickets = [
            f"r{row.request_id}"
            for row in way.waiting
            if ours & {str(product.original_sku) for product in row.products}
        ] or list(dict.fromkeys(way.queued.values()))
        if not there and not tickets:
            way.all_read()
            return None
        return _published(list(there.values()), tickets)

    async def _under_way(self, skus: Collection[str]) -> _Way:
        tracks = await self._tracks()
        waiting = await self._waiting()
        return _Way(waiting, await self._queued(skus), publishing.unread(waiting, tracks) - self._asked.keys())

    async def _queued(self, skus: Collection[str]) -> dict[str, str]:
        """The newest track, of those that reached us, in which each of these SKUs waits to be decided."""
        found: dict[str, str] = {}
        for track, asked in reversed(self._asked.items()):
            if not (asked.skus & set(skus)) - found.keys():
                continue
            row = await self._request(track)
            if row is not None and row.is_waiting:
                found |= dict.fromkeys(asked.skus - found.keys(), track)
        return found

    async def _tracks(self) -> tuple[publishing.Queued, ...]:
        """What was asked for lately, ours or not."""
        since = local(self.client.clock() - _QUEUE)
        try:
            said = await self.client.get("/v2/tracking", [("limit", str(_PAGE)), ("created_at_min", since)])
        except RemoteRefused as refused:
            if not is_unknown(refused):
                raise
            said = []
        with wire.readable(TITLE):
            return msgspec.convert(publishing.rows(said), tuple[publishing.Queued, ...], strict=False)

    async def check(self, item_id: str, ticket: str) -> Published | None:
        """By its tickets first, which name every variant; then by what gathers them, or the product alone."""
        waiting: list[str] = []
        why: list[str] = []
        numbers: list[str] = []
        is_any_known = False
        for part in [one for one in ticket.split(",") if one]:
            row = await self._request(part)
            if row is None or row.state.endswith("deleted"):
                continue
            is_any_known = True
            if row.is_waiting:
                waiting.append(part)
            elif row.state.endswith("rejected"):
                why += publishing.reasons(row.reasons, row.reason) or ["rejected"]
            else:
                numbers += [product.number for product in row.products if product.number]
        there: dict[str, _Product] = {}
        for number in dict.fromkeys([*numbers, *([item_id] if item_id else [])]):
            if number not in there:
                there |= {one.said.number: one for one in await self._gathered(number)}
        if not there and not is_any_known:
            return None
        if not there and not waiting and not why:
            waiting = [one for one in ticket.split(",") if one]  # approved a moment ago, and not to be seen yet
        return _published(list(there.values()), waiting, why, item_id)

    # Made

    async def create(self, draft: Draft) -> Published:
        return Published(PublishedState.REVIEWING, ticket=await self._ask_for(draft, draft.variants))

    async def _ask_for(self, draft: Draft, variants: Sequence[DraftVariant]) -> str:
        """Request these variants; the track of the request."""
        _options_fit(draft)
        _category(draft.category_id)
        homes = await self.warehouses()
        if not homes:
            raise _refusal("no_warehouse", "The seller has no warehouse on Tiki. Add one in the seller centre.")
        body = drafts.creation(draft, variants, await self._brand(draft), homes[0])
        return await self._queue("/v2.1/requests", body, frozenset(variant.sku for variant in variants))

    async def _queue(self, path: str, body: Mapping[str, Any], skus: frozenset[str]) -> str:
        said = await self.client.post(path, body)
        with wire.readable(TITLE):
            queued = msgspec.convert(inner(said), publishing.Queued, strict=False)
            if not queued.track_id:
                raise ValueError("a request without its track")
            track = str(queued.track_id)
        self._asked[track] = _Asked(skus, body)
        return track

    async def _brand(self, draft: Draft) -> str:
        """The brand as Tiki writes it, "" for one it does not know; as we write it where it lists none."""
        name = draft.brand.strip()
        if not name:
            return ""
        try:
            said = await self.client.get(_BRANDS, [("q", name), ("page", "1"), ("limit", str(_PAGE))])
        except RemoteRefused as refused:
            if is_unknown(refused):
                return name
            raise
        with wire.readable(TITLE):
            known = msgspec.convert(publishing.rows(said), tuple[publishing.Choice, ...], strict=False)
        return next((str(one.value) for one in known if str(one.value).casefold() == name.casefold()), "")

    # Changed

    async def update(self, item_id: str, draft: Draft) -> Published:
        """What a request under way says already is not asked for again."""
        _options_fit(draft)
        way = await self._under_way({variant.sku for variant in draft.variants if variant.sku})
        gathered = await self._gathered(item_id)
        there = await self._by_skus(draft)
        if not there and not gathered:
            raise _refusal("unknown_product", "no such product")
        brand = await self._brand(draft)
        tickets: list[str] = []
        missing: list[DraftVariant] = []
        for variant in draft.variants:
            product = there.get(variant.sku)
            said = [(row, one) for row in way.waiting for one in row.products if _is_same(one, product, variant)]
            if product is None and said:
                tickets.append(f"r{said[0][0].request_id}")
            elif product is None and variant.sku in way.queued:
                tickets.append(way.queued[variant.sku])
            elif product is None:
                missing.append(variant)
            elif not drafts.stands(draft, variant, product.said, brand):
                tickets.append(await self._change(draft, variant, product.said, brand, said))
        if missing:
            way.all_read()
            tickets.append(await self._ask_for(draft, missing))
        numbers = {one.said.number for one in there.values()}
        gone = [one for one in gathered if one.said.number not in numbers]
        switched = [await self._switch(one.said, is_on=draft.is_shown) for one in there.values()]
        switched += [await self._switch(one.said, is_on=False) for one in gone]
        now = [*there.values(), *gone]
        if any(switched):
            read = [await self._product(one.said.number) for one in now]
            now = [one for one in read if one is not None]
        return _published(now, list(dict.fromkeys(tickets)), (), item_id)

    async def _change(
        self,
        draft: Draft,
        variant: DraftVariant,
        product: publishing.Standing,
        brand: str,
        waiting: Sequence[tuple[publishing.RequestRow, publishing.Standing]],
    ) -> str:
        for row, said in waiting:
            if said.name and drafts.stands(draft, variant, said, brand):
                return f"r{row.request_id}"
        body = drafts.change(draft, variant, brand, product.number)
        for track, asked in self._asked.items():
            if asked.body == body and (still := await self._request(track)) is not None and still.is_waiting:
                return track
        return await self._queue("/v2/requests/updateProductInfo", body, frozenset())

    async def _switch(self, product: publishing.Standing, *, is_on: bool) -> bool:
        """Whether it had to be switched."""
        if product.is_on is is_on:
            return False
        body = {"product_id": int(product.number), "active": int(is_on)}
        said = await self.client.put("/v2.1/products/updateSku", body)
        with wire.readable(TITLE):
            written = msgspec.convert(said, products.Written, strict=False)
        if written.state == "rejected":
            raise _refusal("rejected", "the change was not approved")
        return True

    # Read

    async def _by_skus(self, draft: Draft) -> dict[str, _Product]:
        """The products that carry the draft's SKUs, by SKU. One or two calls a variant."""
        found: dict[str, _Product] = {}
        for sku in dict.fromkeys(variant.sku for variant in draft.variants if variant.sku):
            try:
                said = await self.client.get("/v2/products/findBy", [("original_sku", sku)])
            except RemoteRefused as refused:
                if is_unknown(refused):
                    continue
                raise
            with wire.readable(TITLE):
                got = msgspec.convert(publishing.rows(said), tuple[publishing.Standing, ...], strict=False)
            same = (one.number for one in got if str(one.original_sku) == sku and one.is_sold and one.number)
            number = next(same, "")
            if number and (product := await self._product(number)) is not None:
                found[sku] = product
        return found

    async def _product(self, number: str) -> _Product | None:
        """One product whole; None when it is unknown."""
        if not _is_number(number):
            return None
        try:
            said = inner(await self.client.get(f"/v2.1/products/{number}", [_INCLUDES]))
        except RemoteRefused as refused:
            if is_unknown(refused):
                return None
            raise
        return self._read(said) if said else None

    def _read(self, said: Any) -> _Product:
        with wire.readable(TITLE):
            standing = msgspec.convert(said, publishing.Standing, strict=False)
            listings = products.listings([msgspec.convert(said, products.Product, strict=False)], self.account.currency)
            if not _is_number(standing.number):
                raise ValueError("a product without its number")
        return _Product(standing, tuple(listings))

    async def _gathered(self, number: str) -> list[_Product]:
        """What is sold with a product: itself and its fellows, or what it gathers.

        No call gives the variants of a product, so they are looked for among those of its name, which stands before the
        values that tell them apart.
        """
        product = await self._product(number)
        if product is None:
            return []
        alone = [product] if product.said.is_sold else []
        above = product.said.gathered_by if alone else number
        name = str(product.said.name).split(" - ")[0].strip()
        if not above or not name:
            return alone
        params = [("name", name), ("limit", str(_PAGE)), ("include", "inventory")]
        rows = await self._all("/v2.1/products", params, dict[str, Any], _REQUESTS)
        found = [one for one in map(self._read, rows) if one.said.is_sold and one.said.gathered_by == above]
        return found or alone

    async def _waiting(self) -> list[publishing.RequestRow]:
        """Requests under way, with the products they are about."""
        try:
            rows = await self._all(
                "/v2/requests",
                [("limit", str(_PAGE)), ("include", "products")],
                publishing.RequestRow,
                _REQUESTS,
            )
        except RemoteRefused as refused:
            if is_unknown(refused):
                return []
            raise
        return [row for row in rows if row.is_waiting and row.request_id]

    async def _request(self, part: str) -> publishing.RequestRow | None:
        """A request by its track or its number, as one part of a ticket names it; None when it is unknown."""
        state, reason, number = "", None, part.removeprefix("r") if part.startswith("r") else ""
        if not number:
            said = await self._known(f"/v2/tracking/{part}") if part.isalnum() else None
            if said is None:
                return None
            with wire.readable(TITLE):
                queued = msgspec.convert(said, publishing.Queued, strict=False)
            state, reason, number = queued.state, queued.reason, str(queued.request_id)
        got = await self._known(f"/v2/requests/{number}") if _is_number(number) else None
        if got is None:
            return publishing.RequestRow(state=state, reason=reason) if state else None
        with wire.readable(TITLE):
            row = msgspec.convert(got, publishing.RequestRow, strict=False)
        return msgspec.structs.replace(row, state=state or row.state, reason=row.reason or reason)

    async def _known(self, path: str) -> Any:
        try:
            return inner(await self.client.get(path, [("include", "products")] if "/requests/" in path else []))
        except RemoteRefused as refused:
            if is_unknown(refused):
                return None
            raise

    async def _all(self, path: str, params: Sequence[tuple[str, str]], row: type[T], most: int) -> list[T]:
        """The rows of all pages, up to `most` of them."""
        found: list[T] = []
        for page in range(1, most + 1):
            said = await self.client.get(path, [*params, *([("page", str(page))] if most > 1 else [])])
            with wire.readable(TITLE):
                got = publishing.rows(said)
                found += [msgspec.convert(each, row, strict=False) for each in got]
                if not got or page >= publishing.last_page(said):
                    break
        return found


@dataclass(frozen=True)
class _Asked:
    """A request of ours: the SKUs it would make, and what it said."""

    skus: frozenset[str]
    body: Mapping[str, Any]


@dataclass(frozen=True)
class _Way:
    """What is on its way: requests that wait to be decided, our tracks by SKU, and tracks that may be about anything."""

    waiting: Sequence[publishing.RequestRow]
    queued: Mapping[str, str]
    unread: Collection[str]

    def all_read(self) -> None:
        """Raises: Unavailable while a request waits to be read that may be about anything."""
        if self.unread:
            raise Unavailable(remote=TITLE, reason="requests are still being read")


@dataclass(frozen=True)
class _Product:
    """A product as it stands: what a change is compared with, and the listing that it is."""

    said: publishing.Standing
    listings: tuple[RemoteListing, ...]


def _published(
    there: Sequence[_Product], tickets: Sequence[str], why: Sequence[str] = (), item_id: str = ""
) -> Published:
    sold = sorted((one for one in there if one.said.is_sold), key=lambda one: (len(one.said.number), one.said.number))
    state = PublishedState.LIVE if any(one.said.is_on for one in sold) else PublishedState.HIDDEN
    if why or tickets:
        state = PublishedState.REFUSED if why else PublishedState.REVIEWING
    listings = {listing.key: listing for one in sold for listing in one.listings}
    return Published(
        state=state,
        item_id=item_id or (sold[0].said.number if sold else ""),
        ticket=",".join(tickets),
        listings=tuple(listings.values()),
        reasons=tuple(why),
    )


def _is_same(said: publishing.Standing, product: _Product | None, variant: DraftVariant) -> bool:
    """Whether a request speaks of this variant."""
    is_number = product is not None and said.number == product.said.number
    return is_number or bool(variant.sku and str(said.original_sku) == variant.sku)


def _options_fit(draft: Draft) -> None:
    if len(draft.options) > drafts.MOST_OPTIONS:
        raise _refusal(
            "too_many_options",
            f"Tiki tells variants apart by at most {drafts.MOST_OPTIONS} options; this product has"
            f" {len(draft.options)}. Split the product, or merge options.",
        )


def _category(category_id: str) -> None:
    if not _is_number(category_id):
        raise _refusal("unknown_category", "no such category")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS


def _refusal(code: str, message: str) -> RemoteRefused:
    return RemoteRefused(remote=TITLE, remote_code=code, remote_message=message)
