"""Loading the demo, step by step. Every step may be repeated: what is there already stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connections

from mekong.catalog import commands as catalog
from mekong.catalog import queries as catalogue
from mekong.channels import remote
from mekong.channels.queries import get_channel
from mekong.faces.demo import orders, shop
from mekong.faces.demo.listings import offers_of
from mekong.faces.demo.markets import MARKETS, Market, Offer, Sandbox, connect_market
from mekong.faces.demo.offers import enrol, open_offers
from mekong.faces.demo.past import place_past
from mekong.faces.demo.people import PEOPLE
from mekong.faces.demo.pictures import picture
from mekong.faces.replay.plan import Plan
from mekong.faces.replay.running import SHIPPED, get_ready
from mekong.foundation import commands as people
from mekong.foundation import company
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.errors import EmailTaken
from mekong.insights.commands import count_sales
from mekong.inventory import commands as inventory
from mekong.inventory import queries as stock
from mekong.inventory.contracts import AdjustmentLine
from mekong.inventory.errors import LocationTaken

Report = Callable[[int, int, str], None]
"""Told steps done, steps in all, and the name of the next."""

WAREHOUSE, STORES = "KHO", ("CH1", "CH2")
_PLACES = (
    (WAREHOUSE, "Kho Long Biên", "warehouse", 10),
    ("CH1", "Mộc Lan Hàng Gai, Hà Nội", "store", 50),
    ("CH2", "Mộc Lan Nguyễn Huệ, TP. Hồ Chí Minh", "store", 60),
)
_COMPANY = {
    "name": "Công ty TNHH Mộc Lan", "phone": "024 3825 1234", "email": "xinchao@moclan.local",
    "address": "12 Hàng Gai, Phường Hoàn Kiếm, Thành phố Hà Nội",
}  # fmt: skip
_FOREIGN = (
    Offer("Lọ gốm men xanh (tin cũ)", [("ML-CU-2019-07", (), 245_000, 3, "")]),
    Offer("Combo nến thơm 3 hũ, bộ quà", [("COMBO-NEN-3", (), 540_000, 5, "")]),
    Offer("Khăn lụa in hoạ tiết Đông Sơn", [("KHAN-DONGSON", (), 465_000, 8, "")]),
)
"""Listings that fit nothing in the catalogue: somebody has to say what they are."""


@dataclass(frozen=True)
class Account:
    email: str
    name: str
    role: str
    password: str


@dataclass
class Loaded:
    """What loading did. `accounts`: those that are new, with their one-time passwords."""

    accounts: list[Account] = field(default_factory=list)
    products: int = 0
    listings: int = 0
    unmatched: int = 0
    orders: int = 0


def load(*, actor: Actor, sandbox_url: str, base_url: str, now: datetime, report: Report) -> Loaded:
    """Load the demo into an installation, with its shops on the sandbox at `sandbox_url`.

    Raises: Unavailable (the sandbox does not answer), and what the commands it calls raise.
    """
    done = Loaded()
    sandbox = Sandbox(sandbox_url)
    beside, pictures = ThreadPoolExecutor(1), []
    try:
        total = 9
        report(0, total, "places")
        open_places(actor=actor)
        report(1, total, "history")
        # Before the shop's own goods, which are then the newest: lists begin with them.
        plan = get_ready(actor=actor, file=SHIPPED, names=[], location=WAREHOUSE, now=now).plan
        report(2, total, "catalogue")
        done.products = lay_in(actor=actor, now=now)
        # Drawn while others are waited for: they keep one core busy, and nothing that follows needs them.
        pictures = hang_pictures(actor=actor, now=now, beside=beside)
        report(3, total, "offers")
        open_offers(actor=actor, now=now)
        enrol(actor=actor, now=now)
        report(4, total, "past")
        done.orders = place_past(actor=actor, plan=plan, location=WAREHOUSE, now=now)
        report(5, total, "channels")
        numbers = {
            market: connect_market(actor=actor, sandbox=sandbox, market=market, base_url=base_url, now=now)[0]
            for market in MARKETS
        }
        report(6, total, "listings")
        for market, number in numbers.items():
            sandbox.offer(market, number, offers(actor=actor, market=market, plan=plan))
        report(7, total, "matching")
        for market in numbers:
            _pull(actor, market, done)
        report(8, total, "orders")
        done.orders += orders.place_own(actor=actor, now=now)
        for market, number in numbers.items():
            if not sandbox.has_orders(market, number):
                done.orders += orders.buy(sandbox, market, number)
        count_sales(actor=actor, now=now)
        for each in pictures:
            each.result()
        # Last, because their passwords are shown once: a load that fails before has made none.
        done.accounts = hire(actor=actor, now=now)
        report(9, total, "")
    finally:
        for each in pictures:
            each.cancel()
        beside.submit(connections.close_all)
        beside.shutdown()
        sandbox.close()
    return done


def open_places(*, actor: Actor) -> None:
    """The company, its warehouse and its two stores."""
    if not company.get_company().name:
        company.set_company(actor=actor, **_COMPANY)
    for code, name, kind, priority in _PLACES:
        try:
            inventory.create_location(actor=actor, code=code, name=name, kind=kind, priority=priority)
        except LocationTaken:
            inventory.update_location(actor=actor, code=code, name=name, priority=priority)


def hire(*, actor: Actor, now: datetime) -> list[Account]:
    """One person for each role; the new ones. Nobody is asked to change theirs: it is a demo."""
    made: list[Account] = []
    places = {place.code: place.id for place in stock.list_locations(actor=actor)}
    for each in PEOPLE:
        try:
            # A visitor of the demo is not asked for a password of their own.
            new = people.create_person(actor=actor, email=each.email, name=each.name, keeps_password=True, now=now)
        except EmailTaken:
            continue
        ids = [places[code] for code in each.places]
        people.assign_role(actor=actor, person_id=new.person.id, role=each.role, location_ids=ids)
        made.append(Account(each.email, each.name, each.role, new.password))
    return made


@command
def lay_in(*, actor: Actor, now: datetime) -> int:
    """The catalogue and its opening stock, in one transaction; how many products are new."""
    if shop.UNIQUE in catalogue.variants_by_sku(actor=actor, skus=[shop.UNIQUE]):
        return 0
    items = shop.items()
    there = {each.code for each in catalogue.list_categories(actor=actor)}
    for position, category in enumerate(shop.categories()):
        if category.code not in there:
            catalog.create_category(actor=actor, name=category.name, code=category.code, position=position)
    catalog.load_many(actor=actor, products=[item.product for item in items], now=now)
    skus = [each.sku for item in items for each in item.product.variants if not each.parts and each.sku != shop.UNIQUE]
    variants = catalogue.variants_by_sku(actor=actor, skus=[shop.UNIQUE, *skus])
    for seed, place in enumerate((WAREHOUSE, *STORES)):
        units = shop.opening(skus, seed)
        lines = [
            AdjustmentLine(variants[sku].id, count, unit_cost_minor=variants[sku].cost_minor)
            for sku, count in units.items()
            if count
        ]
        if place == WAREHOUSE:
            lines.append(AdjustmentLine(variants[shop.UNIQUE].id, 1, unit_cost_minor=variants[shop.UNIQUE].cost_minor))
        inventory.adjust_stock(actor=actor, location=place, reason="opening", lines=lines, reference="opening", now=now)
    for sku in skus[::3]:
        inventory.set_reorder_level(actor=actor, variant_id=variants[sku].id, location=WAREHOUSE, min_qty=6, max_qty=40)
    return len(items)


def hang_pictures(*, actor: Actor, now: datetime, beside: Executor) -> list[Future[Any]]:
    """A drawn picture for every product that has none; each a step of its own that `beside` takes."""
    items = {item.product.variants[0].sku: item for item in shop.items()}
    variants = catalogue.variants_by_sku(actor=actor, skus=list(items))
    bare = [(items[sku], variant.product_id) for sku, variant in variants.items() if not variant.thumbnail_url]

    def hang(item: shop.Item, product_id: int) -> None:
        content = picture(item.shape, item.colour)
        catalog.add_media(actor=actor, content=content, product_id=product_id, alt_text=item.product.name, now=now)

    return [beside.submit(hang, item, product_id) for item, product_id in bare]


def offers(*, actor: Actor, market: Market, plan: Plan) -> list[Offer]:
    """What a market's shop lists: the shop's own products; where it keeps the history also its things, and some that
    fit nothing."""
    items = shop.items()
    skus = [each.sku for item in items for each in item.product.variants]
    variants = catalogue.variants_by_sku(actor=actor, skus=skus)
    shown = stock.availability(channel=market.kind, variant_ids=[each.id for each in variants.values()])
    made = [
        Offer(
            item.product.name,
            [
                (
                    each.sku,
                    each.option_values,
                    each.price_minor,
                    shown[variants[each.sku].id].quantity,
                    each.barcodes[0],
                )
                for each in item.product.variants
            ],
            item.product.options,
        )
        for item in items
    ]
    if not market.keeps_history:
        return made
    return [*_FOREIGN, *made, *offers_of(actor=actor, channel=market.kind, skus=list(plan.names))]


def _pull(actor: Actor, market: Market, done: Loaded) -> None:
    counts = get_channel(actor=actor, code=market.kind).listings
    if not counts.matched:
        found = remote.pull_listings(actor=actor, channel=market.kind)
        done.listings += found.seen
        done.unmatched += found.unmatched
