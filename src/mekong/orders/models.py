"""The order book: every order of every channel, once, with its lines and its timeline."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Func, Q

from mekong.foundation.ids import new_id
from mekong.orders.rules import OPEN, OrderState, PaymentState

_OPEN = Q(state__in=sorted(state.value for state in OPEN))


class SalesOrder(models.Model):
    """One wish to buy. Money is in minor units of `currency`, tax included, as sold.

    `issues`: what holds the order back (`rules.HOLDING_ISSUES`). `holds`: what people said of those they set: {hold:
    {reason, call_at, tries, by, at}}. `allocation`: [[variant id, location id, units], …] as reserved. `split_from`,
    `merged_into`, `duplicate_of`, `packed_with`: codes of other orders; of those packed together, the first one's.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    code = models.CharField(max_length=24, unique=True)
    channel = models.CharField(max_length=40)
    external_id = models.CharField(max_length=80, blank=True, default="")
    idempotency_key = models.CharField(max_length=250, null=True)  # noqa: DJ001 - NULLs may repeat, "" may not
    state = models.CharField(max_length=24, choices=[(state.value, state.value) for state in OrderState])
    remote_state = models.CharField(max_length=40, blank=True, default="")
    remote_updated_at = models.DateTimeField(null=True)
    payment_state = models.CharField(max_length=16, choices=[(state.value, state.value) for state in PaymentState])
    is_cod = models.BooleanField(default=False)
    currency = models.CharField(max_length=3)
    subtotal_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField(default=0)
    shipping_fee_minor = models.BigIntegerField(default=0)
    tax_minor = models.BigIntegerField(help_text="Tax contained in the total.")
    total_minor = models.BigIntegerField()
    priced = models.JSONField(default=dict, db_default={}, help_text="How the price came about: offers and reasons.")
    member = models.CharField(
        max_length=40, blank=True, default="", db_default="", help_text="The member's number, where one was named."
    )
    tenders = models.JSONField(default=list, db_default=[], help_text="Points and gift cards it was paid with.")
    refunds = models.JSONField(default=list, db_default=[], help_text="What came back to the buyer, return by return.")
    customer_name = models.CharField(max_length=160, blank=True, default="")
    customer_phone = models.CharField(max_length=20, blank=True, default="", help_text="E.164; empty when masked.")
    customer_ref = models.CharField(
        max_length=120, blank=True, default="", help_text="The buyer's name on the channel."
    )
    shipping_address = models.JSONField(default=dict)
    earlier_addresses = models.JSONField(
        default=list, db_default=[], help_text="[{name, phone, address, by, at}] before corrections."
    )
    note = models.TextField(blank=True, default="", help_text="The buyer's words.")
    staff_note = models.TextField(blank=True, default="", db_default="", help_text="For who packs.")
    tags = models.JSONField(default=list)
    issues = models.JSONField(default=list)
    holds = models.JSONField(default=dict, db_default={})
    duplicate_of = models.CharField(max_length=24, blank=True, default="")
    split_from = models.CharField(max_length=24, blank=True, default="", db_default="")
    merged_into = models.CharField(max_length=24, blank=True, default="", db_default="")
    packed_with = models.CharField(max_length=24, blank=True, default="", db_default="")
    basket = models.CharField(max_length=32, blank=True, default="", help_text="Digest of SKUs and quantities.")
    hold = models.ForeignKey(
        "inventory.Hold", null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    allocation = models.JSONField(default=list)
    place = models.GeneratedField(
        expression=Func(
            F("allocation"),
            template="case when %(expressions)s = '[]' then 0"
            " when jsonb_path_exists(%(expressions)s, '$[*][1] ? (@ != $[0][1])') then -1"
            " else (%(expressions)s -> 0 ->> 1)::bigint end",
            function="none",
        ),
        output_field=models.BigIntegerField(),
        db_persist=True,
        help_text="The location all its goods stand at; 0 while none is known, -1 when there are several.",
    )
    places = models.GeneratedField(
        expression=Func(
            F("allocation"),
            template="case when jsonb_path_exists(%(expressions)s, '$[*][1] ? (@ != $[0][1])')"
            " then jsonb_path_query_array(%(expressions)s, '$[*][1]') end",
            function="none",
        ),
        output_field=models.JSONField(null=True),
        null=True,
        db_persist=True,
        help_text="The locations, when there are several.",
    )
    tracking_no = models.CharField(max_length=80, blank=True, default="")
    cancel_reason = models.CharField(max_length=200, blank=True, default="")
    ship_by = models.DateTimeField(null=True)
    placed_at = models.DateTimeField()
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    shipped_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    actor = models.CharField(max_length=80)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["channel", "external_id"], condition=~Q(external_id=""), name="order_once_per_channel"
            ),
            models.UniqueConstraint(fields=["idempotency_key"], name="order_once_per_key"),
            models.CheckConstraint(
                condition=Q(subtotal_minor__gte=0) & Q(total_minor__gte=0) & Q(discount_minor__gte=0),
                name="order_money_not_negative",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["-placed_at", "-id"], name="order_by_time"),
            models.Index(fields=["state", "-placed_at", "-id"], name="order_by_state"),
            models.Index(fields=["place", "-placed_at", "-id"], name="order_by_place"),
            # The queue of work, nearest deadline first. It holds all that open orders are narrowed by, so that walking
            # and counting it never reads the orders themselves.
            models.Index(
                fields=["ship_by", "id"],
                name="order_queue",
                condition=_OPEN,
                include=["state", "channel", "place", "places", "placed_at", "total_minor", "is_cod"],
            ),
            models.Index(
                fields=["ship_by", "id"],
                name="order_held",
                condition=_OPEN & ~Q(issues=[]),
                include=["issues", "channel", "place", "places"],
            ),
            models.Index(
                fields=["ship_by", "id"],
                name="order_alike",
                include=["channel", "place", "places"],
                condition=Q(state=OrderState.PENDING_CONFIRMATION.value) & ~Q(duplicate_of=""),
            ),
            models.Index(fields=["channel", "-placed_at", "-id"], name="order_by_channel"),
            models.Index(
                fields=["customer_phone", "-placed_at"], name="order_by_phone", condition=~Q(customer_phone="")
            ),
            models.Index(fields=["channel", "customer_ref"], name="order_by_buyer", condition=~Q(customer_ref="")),
            models.Index(fields=["packed_with"], name="order_by_parcel", condition=~Q(packed_with="")),
            models.Index(fields=["external_id"], name="order_by_external", condition=~Q(external_id="")),
            GinIndex(fields=["issues"], name="order_by_issue", condition=~Q(issues=[])),
            GinIndex(fields=["tags"], name="order_by_tag", opclasses=["jsonb_path_ops"], condition=~Q(tags=[])),
            # What is owed to us, and by us: few among many, found without reading the others.
            models.Index(
                fields=["placed_at"], name="order_owing", condition=Q(payment_state__in=["unpaid", "partly_paid"])
            ),
            models.Index(
                fields=["placed_at"],
                name="order_to_refund",
                condition=Q(state__in=["cancelled", "returned"], payment_state__in=["paid", "partly_paid"]),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class OrderLine(models.Model):
    """One variant of an order, as sold. `variant` is empty while a marketplace's line is not matched to a SKU."""

    pk = models.CompositePrimaryKey("order_id", "line")
    order = models.ForeignKey(SalesOrder, on_delete=models.PROTECT, related_name="+", db_index=False)
    line = models.PositiveSmallIntegerField()
    variant = models.ForeignKey(
        "catalog.Variant", null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    sku = models.CharField(max_length=120, blank=True)
    name = models.CharField(max_length=500)
    quantity = models.BigIntegerField()
    unit_price_minor = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    tax_rate_bp = models.PositiveIntegerField()
    tax_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField(
        default=0, db_default=0, help_text="Its share of what was taken off the order."
    )
    external_ids = models.JSONField(default=list)
    listing = models.CharField(max_length=100, blank=True, default="", help_text="item:model on the channel.")
    returned = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(quantity__gt=0) & Q(unit_price_minor__gte=0), name="order_line_sane"),
            models.CheckConstraint(
                condition=Q(returned__gte=0) & Q(returned__lte=models.F("quantity")),
                name="order_line_returns_what_was_sold",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["sku"], name="line_by_unmatched_sku", condition=Q(variant__isnull=True)),
        ]


class OrderSearch(models.Model):
    """What an order is found by: words of the buyer's names, and its numbers. Triggers keep it.

    Apart from the order, whose row is written at every step of its life, and this only when what it is found by changes.
    Lexemes of numbers begin with a capital that says which: C code, T the code's tail, P phone, R phone from behind,
    X the channel's number, K tracking number, L the id of a location where its goods stand (0: none is known). Words of
    names have none.
    """

    order = models.OneToOneField(
        SalesOrder, primary_key=True, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    words = SearchVectorField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [GinIndex(fields=["words"], name="order_by_words")]


class Tally(models.Model):
    """How many orders stand in each state, of each channel and place: the sum of these rows. Triggers add them.

    A change adds rows and touches none, so nobody waits for a counter; `fold_tally` makes few rows of many.
    """

    state = models.CharField(max_length=24)
    channel = models.CharField(max_length=40)
    place = models.BigIntegerField()
    places = models.JSONField(null=True)
    n = models.BigIntegerField()


class SavedFilter(models.Model):
    """A list of orders that somebody comes back to. `conditions`: the fields of `contracts.Conditions` that are set."""

    id = models.UUIDField(primary_key=True, default=new_id)
    owner = models.CharField(max_length=80)
    name = models.CharField(max_length=60)
    is_shared = models.BooleanField(default=False)
    position = models.IntegerField(default=0)
    conditions = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["owner", "name"], name="saved_filter_named_once"),
            models.CheckConstraint(condition=~Q(name=""), name="saved_filter_named"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["owner"], name="saved_filter_shared", condition=Q(is_shared=True)),
        ]

    def __str__(self) -> str:
        return self.name


class Presence(models.Model):
    """Who looks at an order: a lease that a page renews while it is seen. It forbids nothing."""

    pk = models.CompositePrimaryKey("order_id", "actor")
    order = models.ForeignKey(SalesOrder, on_delete=models.CASCADE, related_name="+", db_index=False)
    actor = models.CharField(max_length=80)
    since = models.DateTimeField()
    until = models.DateTimeField()


class TimelineEntry(models.Model):
    """One thing that happened to an order. Never changed or removed."""

    order = models.ForeignKey(SalesOrder, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=30)
    data = models.JSONField(default=dict)
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["order", "id"], name="timeline_by_order")]
