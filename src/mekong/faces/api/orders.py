"""Orders. Placing one is the express lane's work."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from mekong.faces.api.auth import authenticate, moment
from mekong.faces.api.shapes import Body, Cursor, Limit, Moment, Note, Number, PageOf, Sku
from mekong.faces.api.stock_shapes import Address, LocationCode, Units
from mekong.foundation import audit, ids, masking
from mekong.foundation.actor import Actor
from mekong.foundation.queries import names_of
from mekong.orders import commands, queries
from mekong.orders.contracts import GradedReturn, OrderFilter, OrderSummary, OrderView

router = Router(tags=["orders"])
State = Literal[
    "pending_confirmation", "awaiting_stock", "confirmed", "allocated", "picking", "packed", "ready_to_ship",
    "ready_for_pickup", "shipped", "delivery_failed", "delivered", "completed", "returning", "returned", "cancelled",
]  # fmt: skip
Word = Annotated[str, Field(max_length=120)]


class OrderRowOut(Schema):
    """One order in a list. Phones are masked here, names for those without `customers.reveal`."""

    id: str
    code: str
    channel: str
    external_id: str
    state: str
    payment_state: str
    currency: str
    total_minor: int
    customer_name: str
    customer_phone: str
    units: int
    line_count: int
    first_line: str
    issues: list[str]
    tags: list[str]
    duplicate_of: str
    ship_by: Moment | None
    placed_at: Moment
    tracking_no: str


class LineOut(Schema):
    """As sold. `discount_minor`: its share of what was taken off; `tax_minor` is inside what is left to pay."""

    line: int
    sku: str
    name: str
    quantity: int
    returned: int
    unit_price_minor: int
    total_minor: int
    tax_rate_bp: int
    tax_minor: int
    discount_minor: int
    paid_minor: int
    is_matched: bool


class OfferOut(Schema):
    code: str
    name: str
    benefit_minor: int


class TenderOut(Schema):
    """Paid with points or a gift card. `label`: the member's number, or the card's last four."""

    kind: Literal["points", "gift_card"]
    amount_minor: int
    label: str
    points: int


class RefundOut(Schema):
    """What came back with one return: `money_minor` in money, the rest to points and gift cards."""

    part: str
    amount_minor: int
    money_minor: int


class TimelineOut(Schema):
    kind: str
    data: dict[str, Any]
    actor: str
    actor_name: str
    at: Moment


class HoldOut(Schema):
    """A hold that people set. `tries`: calls that nobody answered."""

    reason: str
    call_at: Moment | None
    tries: int
    by: str
    at: Moment


class OrderOut(Schema):
    """`note`: the buyer's words; `staff_note`: ours, for who packs. `issues`: what holds it back; `holds`: what was said
    of those that people set. `split_from`, `merged_into`, `packed_with`: codes of other orders.
    """

    id: str
    code: str
    channel: str
    external_id: str
    state: str
    remote_state: str
    payment_state: str
    is_cod: bool
    currency: str
    subtotal_minor: int
    discount_minor: int
    shipping_fee_minor: int
    tax_minor: int
    total_minor: int
    due_minor: int
    offers: list[OfferOut]
    tenders: list[TenderOut]
    refunds: list[RefundOut]
    customer_name: str
    customer_phone: str
    shipping_address: dict[str, str]
    note: str
    staff_note: str
    tags: list[str]
    issues: list[str]
    holds: dict[str, HoldOut]
    duplicate_of: str
    split_from: str
    merged_into: str
    packed_with: str
    tracking_no: str
    cancel_reason: str
    ship_by: Moment | None
    placed_at: Moment
    confirmed_at: Moment | None
    shipped_at: Moment | None
    delivered_at: Moment | None
    cancelled_at: Moment | None
    lines: list[LineOut]
    timeline: list[TimelineOut]


class CancelIn(Body):
    reason: Annotated[str, Field(max_length=200)] = ""


class ShipIn(Body):
    tracking_no: Annotated[str, Field(max_length=80)] = ""


class MoveIn(Body):
    to: Literal["picking", "packed", "ready_to_ship", "ready_for_pickup"]


class NoteIn(Body):
    text: Note


class TagsIn(Body):
    tags: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=20)]


class TagChangeIn(Body):
    """Tags are told apart by their letters without tone marks and case."""

    add: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=20)] = Field(default_factory=list)
    remove: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=20)] = Field(default_factory=list)


class AddressIn(Body):
    """`address`: line, ward, province; district for the form before July 2025; or full, as the buyer wrote it. `name`
    and `phone` of who gets it: as they are when left out.
    """

    address: Address
    name: Annotated[str, Field(max_length=160)] | None = None
    phone: Annotated[str, Field(max_length=40)] | None = None


class MatchIn(Body):
    sku: Sku


class ReturnRequestIn(Body):
    reason: Annotated[str, Field(max_length=200)] = ""


class ReturnedIn(Body):
    line: Number
    quantity: Units
    grade: Literal["resellable", "damaged", "missing"]


class ReturnIn(Body):
    location: LocationCode
    lines: Annotated[list[ReturnedIn], Field(min_length=1, max_length=1_000)]


_ROW_PLAIN = frozenset(OrderRowOut.model_fields) - {"id", "customer_name", "customer_phone", "issues", "tags"}
_ORDER_PLAIN = frozenset(OrderOut.model_fields) - {
    "id", "customer_name", "customer_phone", "shipping_address", "tags", "issues", "holds", "lines", "timeline", "offers",
    "tenders", "refunds", "due_minor",
}  # fmt: skip


def masked(phone: str) -> str:
    """`+84901234567` as `•••567`: enough to tell two apart on the telephone."""
    return f"•••{phone[-3:]}" if phone else ""


def row_out(row: OrderSummary, actor: Actor) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in _ROW_PLAIN},
        "id": ids.public("ord", row.id),
        "customer_name": row.customer_name if actor.may("customers.reveal") else masking.name(row.customer_name),
        "customer_phone": masked(row.customer_phone),
        "issues": list(row.issues),
        "tags": list(row.tags),
    }


def order_out(order: OrderView, actor: Actor) -> dict[str, Any]:
    """An order as the caller may see it. That they were shown personal data in full is booked."""
    names = names_of(each.actor for each in order.timeline)
    reveals = actor.may("customers.reveal")
    if reveals and (order.customer_phone or order.shipping_address):
        fields = ["customer_phone", "shipping_address"]
        audit.record_read(actor, table="orders_salesorder", row_id=order.id, fields=fields, now=timezone.now())
    return {
        **{name: getattr(order, name) for name in _ORDER_PLAIN},
        "id": ids.public("ord", order.id),
        "customer_name": order.customer_name if reveals else masking.name(order.customer_name),
        "customer_phone": order.customer_phone if reveals else masked(order.customer_phone),
        "shipping_address": {name: str(part) for name, part in order.shipping_address.items()} if reveals else {},
        "due_minor": order.due_minor,
        "offers": [
            {"code": each[1], "name": each[2], "benefit_minor": each[3]} for each in order.priced.get("offers", ())
        ],
        "tenders": [
            {
                "kind": each["kind"],
                "amount_minor": each["amount_minor"],
                "label": each["label"],
                "points": each["points"],
            }
            for each in order.tenders
        ],
        "refunds": [
            {"part": each["part"], "amount_minor": each["amount_minor"], "money_minor": each["money_minor"]}
            for each in order.refunds
        ],
        "tags": list(order.tags),
        "issues": list(order.issues),
        "holds": {name: asdict(said) for name, said in order.holds.items()},
        "lines": [
            {**asdict(each), "paid_minor": each.paid_minor, "is_matched": each.variant_id is not None}
            for each in order.lines
        ],
        "timeline": [
            {
                "kind": each.kind,
                "data": dict(each.data),
                "actor": each.actor,
                "actor_name": names.get(each.actor, each.actor),
                "at": each.at,
            }
            for each in order.timeline
        ],
    }


@router.get("/orders", response=PageOf[OrderRowOut])
def list_orders(
    request: HttpRequest,
    channel: Annotated[str, Field(max_length=40)] = "",
    state: Annotated[list[State], Query(max_length=20)] = [],  # noqa: B006 - Ninja copies a query's default
    issue: Annotated[str, Field(max_length=40)] = "",
    tag: Annotated[str, Field(max_length=40)] = "",
    q: Word = "",
    placed_from: Moment | None = None,
    placed_to: Moment | None = None,
    location: Annotated[str, Field(max_length=40)] = "",
    due_before: Moment | None = None,
    is_cod: bool | None = None,
    total_from_minor: Annotated[int, Field(ge=0, le=10**15)] | None = None,
    total_to_minor: Annotated[int, Field(ge=0, le=10**15)] | None = None,
    order: Literal["newest", "deadline"] = "newest",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Any:
    """Orders of all channels, newest first; open ones also nearest deadline first (`order`).

    `q`: an order code or its tail, a channel's number, a tracking number, a phone by its beginning or last digits, a SKU,
    the beginnings of the words of a name. A page may hold fewer than `limit`, or none, and still have a `next_cursor`.
    """
    wanted = OrderFilter(
        channel, tuple(state), issue, q, tag, placed_from, placed_to, location=location, due_before=due_before,
        is_cod=is_cod, money_from_minor=total_from_minor, money_to_minor=total_to_minor, order=order,
    )  # fmt: skip
    actor = authenticate(request)
    found = queries.list_orders(actor=actor, wanted=wanted, cursor=cursor, limit=limit)
    return {"items": [row_out(each, actor) for each in found.orders], "next_cursor": found.next_cursor}


@router.get("/orders/{code}", response=OrderOut)
def get_order(request: HttpRequest, code: str) -> Any:
    """One order: lines, money, timeline. Phone and address need `customers.reveal`, and the reading is in the trail."""
    actor = authenticate(request)
    order = queries.get_order(actor=actor, code=code)
    return order_out(order, actor)


@router.post("/orders/{code}/confirm", response=OrderOut)
def confirm_order(request: HttpRequest, code: str) -> Any:
    """Accept an order. A repeat changes nothing."""
    actor = authenticate(request)
    return order_out(commands.confirm_order(actor=actor, code=code, now=moment(request)), actor)


@router.post("/orders/{code}/cancel", response=OrderOut)
def cancel_order(request: HttpRequest, code: str, body: CancelIn | None = None) -> Any:
    """Cancel an order that has not left, and give its goods back. A repeat changes nothing."""
    actor = authenticate(request)
    reason = body.reason if body else ""
    return order_out(commands.cancel_order(actor=actor, code=code, reason=reason, now=moment(request)), actor)


@router.post("/orders/{code}/move", response=OrderOut)
def move_order(request: HttpRequest, code: str, body: MoveIn) -> Any:
    """Move it on in the warehouse: picking, packed, ready to ship or to be picked up. A repeat changes nothing."""
    actor = authenticate(request)
    return order_out(commands.move_order(actor=actor, code=code, to=body.to, now=moment(request)), actor)


@router.post("/orders/{code}/ship", response=OrderOut)
def ship_order(request: HttpRequest, code: str, body: ShipIn | None = None) -> Any:
    """Hand it to the carrier: its goods leave the shelf. A repeat changes nothing."""
    actor = authenticate(request)
    number = body.tracking_no if body else ""
    return order_out(commands.ship_order(actor=actor, code=code, tracking_no=number, now=moment(request)), actor)


@router.post("/orders/{code}/deliver", response=OrderOut)
def deliver_order(request: HttpRequest, code: str) -> Any:
    """The buyer has the goods. A repeat changes nothing."""
    actor = authenticate(request)
    return order_out(commands.deliver_order(actor=actor, code=code, now=moment(request)), actor)


@router.post("/orders/{code}/complete", response=OrderOut)
def complete_order(request: HttpRequest, code: str) -> Any:
    """Close it. A repeat changes nothing."""
    actor = authenticate(request)
    return order_out(commands.complete_order(actor=actor, code=code, now=moment(request)), actor)


@router.post("/orders/{code}/return-requests", response=OrderOut)
def request_return(request: HttpRequest, code: str, body: ReturnRequestIn | None = None) -> Any:
    """Its goods are on their way back; stock changes when they are received and graded. A repeat changes nothing."""
    actor = authenticate(request)
    reason = body.reason if body else ""
    return order_out(commands.request_return(actor=actor, code=code, reason=reason, now=moment(request)), actor)


@router.post("/orders/{code}/returns", response=OrderOut)
def receive_return(request: HttpRequest, code: str, body: ReturnIn) -> Any:
    """Take returned goods in, graded: resellable units go on the shelf, the others are written off."""
    actor = authenticate(request)
    lines = [GradedReturn(each.line, each.quantity, each.grade) for each in body.lines]
    back = commands.receive_return(actor=actor, code=code, location=body.location, lines=lines, now=moment(request))
    return order_out(back, actor)


@router.post("/orders/{code}/notes", response=OrderOut)
def add_note(request: HttpRequest, code: str, body: NoteIn) -> Any:
    """Write a note for who packs, onto the order and into its timeline."""
    actor = authenticate(request)
    return order_out(commands.add_note(actor=actor, code=code, text=body.text, now=moment(request)), actor)


@router.put("/orders/{code}/tags", response=OrderOut)
def set_tags(request: HttpRequest, code: str, body: TagsIn) -> Any:
    """Replace its tags."""
    actor = authenticate(request)
    return order_out(commands.set_tags(actor=actor, code=code, tags=body.tags, now=moment(request)), actor)


@router.post("/orders/{code}/tags", response=OrderOut)
def change_tags(request: HttpRequest, code: str, body: TagChangeIn) -> Any:
    """Put tags on and take tags off; the others stay. A repeat changes nothing."""
    actor = authenticate(request)
    changed = commands.change_tags(actor=actor, code=code, add=body.add, remove=body.remove, now=moment(request))
    return order_out(changed, actor)


@router.put("/orders/{code}/address", response=OrderOut)
def edit_address(request: HttpRequest, code: str, body: AddressIn) -> Any:
    """Correct who gets it and where, before it leaves; what stood there is kept, and the address hold is lifted."""
    actor = authenticate(request)
    edited = commands.edit_address(
        actor=actor, code=code, address=body.address, name=body.name, phone=body.phone, now=moment(request)
    )
    return order_out(edited, actor)


@router.post("/orders/{code}/lines/{line}/match", response=OrderOut)
def match_line(request: HttpRequest, code: str, line: Annotated[int, Field(ge=0, le=1_000_000)], body: MatchIn) -> Any:
    """Say which SKU an unmatched line is; when the last is matched, its goods are reserved and it goes on."""
    actor = authenticate(request)
    actor.require("orders.edit")
    return order_out(commands.match_line(actor=actor, code=code, line=line, sku=body.sku, now=moment(request)), actor)
