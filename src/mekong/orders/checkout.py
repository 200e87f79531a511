"""What an order costs: its basket, priced by the one price function, and what it takes of limited offers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mekong.catalog.contracts import VariantView
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.queries import roles_of
from mekong.inventory import commands as inventory
from mekong.inventory.errors import BadQuantity
from mekong.loyalty.contracts import MemberView
from mekong.loyalty.errors import MemberNotFound
from mekong.loyalty.queries import member_by
from mekong.orders.contracts import DraftLine
from mekong.orders.errors import BadLine, UnknownSku
from mekong.orders.models import SalesOrder
from mekong.orders.rules import LOCAL, OrderState, days_to_birthday
from mekong.pricing import commands as vouchers
from mekong.pricing import queries as pricing
from mekong.pricing.contracts.basket import Basket, BasketLine, Shopper
from mekong.pricing.contracts.lists import FoundCode
from mekong.pricing.contracts.quote import Quote
from mekong.pricing.contracts.redeeming import Want
from mekong.pricing.errors import BelowFloor, HandLimitPassed
from mekong.pricing.shelf import Prices

MAX_PRICE = 10**13
"""Minor units of one unit; above this somebody typed a barcode into the price."""
MAX_TOTAL = 10**17
"""Minor units of an order; a 64-bit column holds ninety times as much."""
MOST_CODES = 10


@dataclass(frozen=True, slots=True)
class AskedLine:
    """`unit_price_minor` None: what it costs. Setting a price of one's own needs the right to (`orders.edit`); offers leave
    such a line alone."""

    sku: str
    quantity: int
    unit_price_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """An order as a channel of our own asks for it (web shop, till, phone).

    `shipping_fee_minor`: before offers. `discount_minor`: taken off by hand, after offers. `codes`: vouchers shown.
    `checkout`: under which a quote took limited offers for it. `expected_total_minor`: what the buyer was told.
    `allows_below_floor`: a manager lets it go below the price floor. `member`: a member's number, phone or card; without it
    the buyer's phone tells. `visitor`: for whom a shop that serves many asks; wrong codes are counted for each. `points`: to
    pay with. `gift_cards`: (code, amount or None for what is left to pay).
    """

    channel: str
    lines: Sequence[AskedLine]
    customer_name: str = ""
    customer_phone: str = ""
    shipping_address: Mapping[str, str] | None = None
    external_id: str = ""
    idempotency_key: str | None = None
    reservation_id: str | None = None
    note: str = ""
    is_cod: bool = False
    is_paid: bool = False
    is_confirmed: bool = False
    placed_at: datetime | None = None
    location_ids: tuple[int, ...] | None = None
    location: str = ""
    shipping_fee_minor: int = 0
    discount_minor: int = 0
    currency: str | None = None
    codes: tuple[str, ...] = ()
    payment: str = ""
    delivery: str = ""
    checkout: str = ""
    expected_total_minor: int | None = None
    allows_below_floor: bool = False
    member: str = ""
    points: int = 0
    gift_cards: tuple[tuple[str, int | None], ...] = ()
    visitor: str = ""


@dataclass(frozen=True, slots=True)
class Bill:
    """A priced order. `codes`: the vouchers shown; `wants`: what it takes of its offers."""

    quote: Quote
    lines: tuple[DraftLine, ...]
    currency: str
    codes: tuple[FoundCode, ...] = ()
    wants: tuple[Want, ...] = ()
    person: str = ""
    gifts: Mapping[int, VariantView] = field(default_factory=dict)


def prices_at_hand(asked: Asked, variants: Collection[VariantView]) -> Prices | None:
    """What `make_bill` needs of pricing to ask the database nothing; None where it has to, so that an event loop leaves it
    to a thread."""
    found = pricing.prices_at_hand(variants)
    if found is None:
        return None
    book = found.book
    is_asking = (
        asked.codes
        or asked.discount_minor
        or book.has_gifts
        or any(line.unit_price_minor is not None for line in asked.lines)
        or asked.member
        or (book.asks_who and asked.customer_phone)
    )
    return None if is_asking else found


def make_bill(
    *,
    actor: Actor,
    asked: Asked,
    variants: Mapping[str, VariantView],
    phone: str,
    now: datetime,
    without: Collection[int] = (),
    prices: Prices | None = None,
) -> Bill:
    """What an order costs now, and why. `variants` by SKU, read with costs (by the system); `phone` in E.164; `prices`: of
    `prices_at_hand`.

    Raises: MayNot, UnknownSku, BadLine, BadQuantity, HandLimitPassed, BelowFloor, each naming the field.
    """
    views, currency = _views(asked, variants)
    prices = prices or pricing.prices({view.id: view for view in views}.values())
    lines = []
    for position, (line, view) in enumerate(zip(asked.lines, views, strict=True)):
        hand = _hand_price(actor, line, view, position)
        unit = view.price_minor if hand is None else hand
        if not 1 <= line.quantity <= inventory.MAX_QUANTITY or line.quantity * unit > MAX_TOTAL:
            raise BadQuantity(field=f"lines[{position}].quantity", quantity=line.quantity, range="from 1 up")
        lines.append(BasketLine(prices.articles[view.id], line.quantity, hand))
    if len(asked.codes) > MOST_CODES:
        raise BadLine(field="codes", problem="At most {most} vouchers. Leave some out.", most=MOST_CODES)
    codes: tuple[FoundCode, ...] = ()
    if asked.codes:
        codes = tuple(
            vouchers.show_codes(
                actor=actor,
                typed=asked.codes,
                who=asked.visitor or phone,
                person=phone,
                checkout=asked.checkout,
                now=now,
            )
        )
    if asked.discount_minor:
        actor.require("pricing.discount")
    if asked.allows_below_floor:
        actor.require("pricing.below_guard")
    basket = Basket(
        tuple(lines), asked.channel, now, asked.location, shopper_of(phone, asked.member, prices, now), currency,
        tuple((code.code, code.offer_id) for code in codes), asked.payment or ("cod" if asked.is_cod else ""),
        asked.delivery, asked.shipping_fee_minor, asked.discount_minor, asked.allows_below_floor,
    )  # fmt: skip
    quote = pricing.quote(basket, prices, without=without)
    if quote.subtotal_minor > MAX_TOTAL:
        raise BadLine(field="lines", problem="The total is too high. Check prices and quantities.")
    _check_hands(actor, asked, quote)
    drafts = [
        DraftLine(view.id, view.sku, view.full_name, line.units, line.unit_minor, line.tax_rate_bp,
                  discount_minor=line.discount_minor)
        for view, line in zip(views, quote.lines, strict=True)
    ]  # fmt: skip
    gifts = pricing.gift_variants(quote) if quote.gifts else {}
    drafts += [
        DraftLine(gift.variant_id, gifts[gift.variant_id].sku, gifts[gift.variant_id].full_name, gift.units, 0)
        for gift in quote.gifts
        if gift.variant_id in gifts
    ]
    of_offer = {code.offer_id: code.voucher_id for code in codes if code.offer_id}
    wants = tuple(Want(used.offer_id, of_offer.get(used.offer_id, 0), used.benefit_minor) for used in quote.used)
    return Bill(quote, tuple(drafts), currency, codes, wants, basket.shopper.key, gifts)


def shopper_of(phone: str, member: str, prices: Prices, now: datetime) -> Shopper:
    """What lists and offers may ask of a buyer. Looked up only where one in force asks it.

    Raises: MemberNotFound: the member named is none.
    """
    book = prices.book
    if not member and (not phone or not book.asks_who):
        return Shopper(key=phone)
    found = _member(phone, member, now)
    is_first = None
    if book.asks_first_order and phone:
        is_first = not SalesOrder.objects.filter(customer_phone=phone).exclude(state=OrderState.CANCELLED).exists()
    if found is None:
        return Shopper(key=phone, is_first_order=is_first)
    days = None
    if found.birthday is not None:
        days = days_to_birthday(found.birthday.day, found.birthday.month, now.astimezone(LOCAL).date())
    tier = found.tier
    return Shopper(
        key=phone or found.phone,
        groups=frozenset(code.casefold() for code in (found.price_group, *found.groups) if code),
        segments=frozenset(found.groups),
        tier=tier.code if tier else "",
        is_first_order=is_first,
        days_to_birthday=days,
    )


def _member(phone: str, member: str, now: datetime) -> MemberView | None:
    if member:
        return member_by(actor=SYSTEM, key=member, now=now)
    try:
        return member_by(actor=SYSTEM, key=phone, now=now)
    except MemberNotFound:
        return None


def _views(asked: Asked, variants: Mapping[str, VariantView]) -> tuple[list[VariantView], str]:
    """The variant of each line, and the one currency they are in."""
    found: list[VariantView] = []
    currency = asked.currency
    for position, line in enumerate(asked.lines):
        view = variants.get(line.sku.casefold()) or variants.get(line.sku)
        if view is None or not view.is_sellable:
            raise UnknownSku(field=f"lines[{position}].sku", sku=line.sku)
        currency = currency or view.currency
        if line.unit_price_minor is None and view.currency != currency:
            raise BadLine(
                field=f"lines[{position}].sku",
                problem="{sku} is priced in {its}, the order is in {currency}. Order them apart.",
                sku=line.sku,
                its=view.currency,
                currency=currency,
            )
        found.append(view)
    return found, currency or "VND"


def _hand_price(actor: Actor, line: AskedLine, view: VariantView, position: int) -> int | None:
    """A price of somebody who may set one; None where it is the retail price, or none was named."""
    unit = line.unit_price_minor
    if unit is None or unit == view.price_minor:
        return None
    if not 0 <= unit <= MAX_PRICE:
        raise BadLine(
            field=f"lines[{position}].unit_price_minor",
            problem="{price} is not a price. Send 0 or more, in minor units.",
            price=unit,
        )
    actor.require("orders.edit")
    return unit


def _check_hands(actor: Actor, asked: Asked, quote: Quote) -> None:
    """Whether this person may take off as much as they do. Raises: HandLimitPassed, BelowFloor."""
    lowered = sum(
        -reason.amount_minor for reason in quote.reasons if reason.kind == "hand_price" and reason.amount_minor < 0
    )
    if not asked.discount_minor and not lowered:
        return
    if actor.kind == "person":
        most = pricing.hand_limit_of(roles=roles_of(ref=actor.ref))
        whole = quote.subtotal_minor + lowered
        if most is not None and (asked.discount_minor + lowered) * 10_000 > whole * most:
            raise HandLimitPassed(field="discount_minor", most=f"{most / 100:g}")
    if asked.allows_below_floor:
        return
    given = sum(-reason.amount_minor for reason in quote.reasons if reason.kind == "hand")
    for position, (wish, line) in enumerate(zip(asked.lines, quote.lines, strict=True)):
        is_low = wish.unit_price_minor is not None and line.total_minor < line.floor_minor
        is_cut = asked.discount_minor > given and 0 < line.floor_minor == line.paid_minor
        if is_low or is_cut:
            raise BelowFloor(
                field=f"lines[{position}].unit_price_minor" if is_low else "discount_minor",
                sku=line.sku, floor=line.floor_minor // line.units,
            )  # fmt: skip
