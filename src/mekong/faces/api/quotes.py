"""What a basket costs, and why: for tills, web shops and apps, by the function that prices their orders."""

from __future__ import annotations

from typing import Annotated, Literal

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from mekong.channels.queries import open_channels
from mekong.faces.api.auth import authenticate, moment
from mekong.faces.api.shapes import Body, Flag, Minor, Moment, Sku
from mekong.faces.api.stock_shapes import LocationCode, Units
from mekong.faces.price_words import idle_words, reason_words
from mekong.foundation.actor import Actor
from mekong.inventory.queries import get_location
from mekong.orders import commands
from mekong.orders.errors import UnknownChannel

router = Router(tags=["prices"])
Word = Annotated[str, Field(max_length=30)]
OPENS_AS = {"pos": "store", "till": "store", "shop": "web", "online": "web", "call": "phone"}


class QuoteLineIn(Body):
    """`unit_price_minor`: a price set by hand; left out, it costs what it costs."""

    sku: Sku
    quantity: Units
    unit_price_minor: Minor | None = None


class BuyerIn(Body):
    """`member`: a member's number, phone or card; without it the phone tells."""

    phone: Word = ""
    member: Annotated[str, Field(max_length=60)] = ""


class QuoteIn(Body):
    """A basket. `shipping_fee_minor`: before offers. `discount_minor`: by hand, after them. `codes`: vouchers shown.

    `visitor`: for whom a shop that serves many asks (a session): wrong vouchers are counted for each.

    `hold_seconds`: keep limited offers for this checkout so long; name the answer's `checkout_id` when the order is
    placed, and when the basket is priced again.
    """

    channel: Annotated[str, Field(min_length=1, max_length=40)]
    lines: Annotated[list[QuoteLineIn], Field(min_length=1, max_length=2000)]
    customer: BuyerIn | None = None
    location: LocationCode | Literal[""] = ""
    shipping_fee_minor: Minor = 0
    discount_minor: Minor = 0
    codes: Annotated[list[Annotated[str, Field(min_length=1, max_length=60)]], Field(max_length=10)] = Field(
        default_factory=list
    )
    payment_method: Word = ""
    delivery_method: Word = ""
    checkout_id: Annotated[str, Field(max_length=60)] = ""
    visitor: Annotated[str, Field(max_length=60)] = ""
    hold_seconds: Annotated[int, Field(strict=True, ge=0, le=3600)] = 0
    allow_below_floor: Flag = False


class QuoteLineOut(Schema):
    """`total_minor` = quantity × `unit_price_minor`, `paid_minor` = it − `discount_minor`; `tax_minor` is inside what is paid."""

    sku: str
    quantity: int
    unit_price_minor: int
    compare_at_minor: int | None
    total_minor: int
    discount_minor: int
    paid_minor: int
    tax_rate_bp: int
    tax_minor: int


class GiftOut(Schema):
    sku: str
    quantity: int
    worth_minor: int
    offer: str


class OfferOut(Schema):
    code: str
    name: str
    benefit_minor: int


class ReasonOut(Schema):
    """One step on the way to the price. `line`: position in the basket, null for the whole. `text`: for people."""

    kind: Literal["list", "sale", "hand_price", "offer", "hand", "guard"]
    line: int | None
    amount_minor: int
    name: str
    text: str


class IdleCodeOut(Schema):
    """A voucher that changes nothing here, and why."""

    code: str
    reason: Literal["unknown", "conditions", "better", "gone"]
    text: str


class QuoteOut(Schema):
    """`total_minor` = `subtotal_minor` − `discount_minor` + `shipping_fee_minor`, to the smallest unit."""

    currency: str
    lines: list[QuoteLineOut]
    gifts: list[GiftOut]
    subtotal_minor: int
    discount_minor: int
    shipping_fee_minor: int
    tax_minor: int
    total_minor: int
    points_times_bp: int
    offers: list[OfferOut]
    reasons: list[ReasonOut]
    idle_codes: list[IdleCodeOut]
    checkout_id: str | None
    expires_at: Moment | None


@router.post("/quotes", response=QuoteOut)
def make_quote(request: HttpRequest, body: QuoteIn) -> QuoteOut:
    """Price a basket: what its order would cost at this moment, and every step on the way."""
    actor = authenticate(request)
    asked = _asked(actor, body)
    quoted = commands.quote_order(actor=actor, asked=asked, hold_s=body.hold_seconds, now=moment(request))
    return _out(quoted)


@router.delete("/checkouts/{checkout_id}", response={204: None})
def end_checkout(request: HttpRequest, checkout_id: str) -> tuple[int, None]:
    """Give free what was kept for a checkout that was left."""
    commands.end_checkout(actor=authenticate(request), checkout=checkout_id)
    return 204, None


def _asked(actor: Actor, body: QuoteIn) -> commands.Asked:
    known = open_channels()
    wanted = body.channel.strip().lower()
    channel = wanted if wanted in known else OPENS_AS.get(wanted, wanted)
    if channel not in known:
        raise UnknownChannel(field="channel", channel=body.channel, known=", ".join(sorted(known)))
    if body.location:
        place = get_location(actor=actor, code=body.location)
        actor.require_location(place.id, place.code, "orders.place")
    return commands.Asked(
        channel=channel,
        lines=[commands.AskedLine(line.sku, line.quantity, line.unit_price_minor) for line in body.lines],
        customer_phone=body.customer.phone if body.customer else "",
        member=body.customer.member if body.customer else "",
        location=body.location,
        shipping_fee_minor=body.shipping_fee_minor,
        discount_minor=body.discount_minor,
        codes=tuple(body.codes),
        payment=body.payment_method.strip().lower(),
        delivery=body.delivery_method.strip().lower(),
        checkout=body.checkout_id,
        visitor=body.visitor,
        allows_below_floor=body.allow_below_floor,
        is_cod=body.payment_method.strip().lower() == "cod",
    )


def _out(quoted: commands.QuotedOrder) -> QuoteOut:
    quote, gifts = quoted.bill.quote, quoted.bill.gifts
    gone = {refused.promotion_id for refused in quoted.gone}
    idle = dict(quote.idle_codes)
    idle |= {code.code: "gone" for code in quoted.bill.codes if code.offer_id in gone}
    return QuoteOut(
        currency=quote.currency,
        lines=[
            QuoteLineOut(
                sku=line.sku, quantity=line.units, unit_price_minor=line.unit_minor,
                compare_at_minor=line.compare_at_minor or None, total_minor=line.total_minor,
                discount_minor=line.discount_minor, paid_minor=line.paid_minor, tax_rate_bp=line.tax_rate_bp,
                tax_minor=line.tax_minor,
            )
            for line in quote.lines
        ],
        gifts=[
            GiftOut(sku=gifts[gift.variant_id].sku, quantity=gift.units, worth_minor=gift.worth_minor, offer=gift.name)
            for gift in quote.gifts
            if gift.variant_id in gifts
        ],
        subtotal_minor=quote.subtotal_minor, discount_minor=quote.discount_minor,
        shipping_fee_minor=quote.delivery_minor, tax_minor=quote.tax_minor, total_minor=quote.total_minor,
        points_times_bp=quote.points_times_bp,
        offers=[OfferOut(code=used.code, name=used.name, benefit_minor=used.benefit_minor) for used in quote.used],
        reasons=[
            ReasonOut(
                kind=reason.kind, line=reason.line, amount_minor=reason.amount_minor, name=reason.name,
                text=reason_words(reason, quote.currency),
            )
            for reason in quote.reasons
        ],
        idle_codes=[
            IdleCodeOut(code=code, reason=reason, text=idle_words(reason))  # type: ignore[arg-type]  # the four reasons
            for code, reason in sorted(idle.items())
        ],
        checkout_id=quoted.checkout or None,
        expires_at=quoted.expires_at,
    )  # fmt: skip
