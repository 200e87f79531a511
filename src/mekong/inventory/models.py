"""Tables of stock: where goods are, how they moved, who holds what.

The ledger (`StockMovement`) is the truth; `StockLevel` is its running sum, kept in the same transaction; `HoldLine` rows
are the live reservations, so `reserved` of a level is the sum of its hold lines. `mekong doctor` proves both.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from mekong.foundation.ids import new_id


class LocationKind(models.TextChoices):
    WAREHOUSE = "warehouse"
    STORE = "store"
    TRANSIT = "transit"
    # Virtual places: where goods come from and go to. They have a ledger but no level.
    SUPPLIER = "supplier"
    CUSTOMER = "customer"
    DELIVERY = "delivery"
    LOSS = "loss"


KEPT_KINDS = (LocationKind.WAREHOUSE, LocationKind.STORE, LocationKind.TRANSIT)
"""Kinds whose stock is counted: they have levels."""


SELLING_KINDS = (LocationKind.WAREHOUSE, LocationKind.STORE)
"""Kinds whose stock is sold from."""


class Location(models.Model):
    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    code = models.CharField(max_length=30, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=12, choices=LocationKind.choices)
    priority = models.PositiveSmallIntegerField(default=100, help_text="Lower is asked first when goods are reserved.")
    address = models.JSONField(default=dict)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(kind__in=LocationKind.values), name="location_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class StockLevel(models.Model):
    """What stands on the shelf and what of it is promised. `version` grows with every change of either."""

    pk = models.CompositePrimaryKey("variant_id", "location_id")
    variant = models.ForeignKey("catalog.Variant", on_delete=models.PROTECT, related_name="+")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    on_hand = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(default=0)
    version = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(reserved__gte=0) & Q(on_hand__gte=F("reserved")),
                name="stock_level_promises_only_what_stands",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["location"], name="stock_level_by_location")]


class MovementReason(models.TextChoices):
    OPENING = "opening"
    RECEIPT = "receipt"
    ADJUSTMENT = "adjustment"
    COUNT = "count"
    SCRAP = "scrap"
    INTERNAL_USE = "internal_use"
    TRANSFER = "transfer"
    SHIPMENT = "shipment"
    DELIVERY = "delivery"
    RETURN = "return"
    EXPIRY = "expiry"


class StockMovement(models.Model):
    """One line of the double-entry ledger: `quantity` units went from one place to another. Never changed or removed."""

    # No index of their own: those below begin with them.
    variant = models.ForeignKey("catalog.Variant", on_delete=models.PROTECT, related_name="+", db_index=False)
    from_location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+", db_index=False)
    to_location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+", db_index=False)
    quantity = models.BigIntegerField()
    reason = models.CharField(max_length=12, choices=MovementReason.choices)
    reference = models.CharField(max_length=80, blank=True, default="")
    note = models.CharField(max_length=300, blank=True, default="")
    lot = models.ForeignKey("StockLot", null=True, on_delete=models.PROTECT, related_name="+")
    unit_cost_minor = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=80)
    occurred_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="stock_movement_moves_something"),
            models.CheckConstraint(
                condition=~Q(from_location=F("to_location")), name="stock_movement_between_two_places"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["variant", "id"], name="stock_movement_by_variant"),
            models.Index(fields=["reference"], name="stock_movement_by_reference"),
            # What is looked for is read newest first from one of these, page by page.
            models.Index(fields=["occurred_at", "id"], name="stock_movement_by_time"),
            models.Index(fields=["variant", "occurred_at", "id"], name="stock_movement_of_variant"),
            models.Index(fields=["from_location", "occurred_at", "id"], name="stock_movement_from"),
            models.Index(fields=["to_location", "occurred_at", "id"], name="stock_movement_to"),
            models.Index(fields=["actor", "occurred_at", "id"], name="stock_movement_by_actor"),
            # Shipments and deliveries are most of the ledger: those the index by time finds at once.
            models.Index(
                fields=["reason", "occurred_at", "id"],
                condition=~Q(reason__in=["shipment", "delivery"]),
                name="stock_movement_by_reason",
            ),
        ]


class StockLot(models.Model):
    """A batch of a variant at a place. For variants that track lots, lots of a level add up to its on_hand."""

    variant = models.ForeignKey("catalog.Variant", on_delete=models.PROTECT, related_name="+")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=60)
    expires_on = models.DateField(null=True)
    on_hand = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["variant", "location", "code"], name="stock_lot_once_per_place"),
            models.CheckConstraint(condition=Q(on_hand__gte=0), name="stock_lot_not_negative"),
        ]


class HoldState(models.TextChoices):
    HELD = "held"
    CLAIMED = "claimed"
    CONSUMED = "consumed"
    RELEASED = "released"


class Hold(models.Model):
    """A reservation: units set aside for an owner (a cart, a basket) until it expires, or for the order that claimed it.

    A released hold loses its expiry with its last line, so that what is still to be swept is found by the index.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    channel = models.CharField(max_length=40)
    owner = models.CharField(max_length=120)
    state = models.CharField(max_length=8, choices=HoldState.choices, default=HoldState.HELD)
    expires_at = models.DateTimeField(null=True)
    claimed_by = models.CharField(max_length=80, blank=True, default="")
    idempotency_key = models.CharField(max_length=250, null=True)  # noqa: DJ001 - NULLs may repeat, "" may not
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["idempotency_key"], condition=Q(idempotency_key__isnull=False), name="hold_once_per_key"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["expires_at"],
                condition=Q(state__in=["held", "released"]) & Q(expires_at__isnull=False),
                name="hold_due",
            ),
        ]


class HoldLine(models.Model):
    """Units of one variant reserved at one place. The row lives exactly as long as the units are reserved.

    Its foreign keys are not checked by the database: a line is only written in the statement that makes its hold and
    updates its stock level, whose keys are checked, and the checks would lock the hot variant's row once a line. Nor is
    there an index by variant: expired holds are found by their time.
    """

    pk = models.CompositePrimaryKey("hold_id", "line")
    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    line = models.PositiveSmallIntegerField()
    variant = models.ForeignKey(
        "catalog.Variant", on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    quantity = models.BigIntegerField()
    control_id = models.BigIntegerField(null=True, help_text="The slice or cap these units were taken from.")
    campaign_stock_id = models.BigIntegerField(null=True, help_text="What was set aside that they were taken from.")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="hold_line_holds_something"),
        ]


class HoldBundle(models.Model):
    """Bundles in a hold that a cap or slice counts. Its lines are the parts; the row lives as long as the hold does.

    Not checked by the database, and for the same reasons as a line.
    """

    id = models.BigAutoField(primary_key=True)
    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    variant = models.ForeignKey(
        "catalog.Variant", on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    control_id = models.BigIntegerField(help_text="The slice or cap that counts them.")
    quantity = models.BigIntegerField(help_text="Bundles, not parts.")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="hold_bundle_holds_something"),
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} × {self.quantity}"


class ControlSale(models.Model):
    """Units of a cap or slice that left with a hold: they stay counted. So `used` is these and what live holds count."""

    id = models.BigAutoField(primary_key=True)
    hold_id = models.UUIDField(null=True, help_text="Null: sold before sales were written down one by one.")
    control_id = models.BigIntegerField(db_index=True)
    units = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.control_id}: {self.units}"


class ChannelSupply(models.Model):
    """A location that serves a channel. A channel without rows is served by every active warehouse and store."""

    channel = models.CharField(max_length=40)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    priority = models.PositiveSmallIntegerField(default=100)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["channel", "location"], name="channel_supply_once")
        ]


class ControlScope(models.TextChoices):
    """What a control applies to, in the order in which controls are asked: the first match wins."""

    EXCLUSION = "exclusion"
    LISTING = "listing"
    SKU = "sku"
    CATEGORY = "category"
    CHANNEL = "channel"


class ControlKind(models.TextChoices):
    EXCLUDE = "exclude"
    POOL = "pool"
    SHARE = "share"
    CAP = "cap"
    SLICE = "slice"
    FLOOR = "floor"
    BUFFER = "buffer"


class StockControl(models.Model):
    """How much of the stock one channel may show and sell. `amount` is units, or basis points for a share.

    `target` names the listing (`item:model`), SKU or category code of the scope; "" for a whole channel. `used` counts
    the units sold from a cap or slice since the control was set; a bundle is one unit.
    """

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    channel = models.CharField(max_length=40)
    scope = models.CharField(max_length=10, choices=ControlScope.choices)
    target = models.CharField(max_length=120, blank=True, default="")
    kind = models.CharField(max_length=8, choices=ControlKind.choices)
    amount = models.BigIntegerField(default=0)
    used = models.BigIntegerField(default=0)
    position = models.PositiveIntegerField(default=100)
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(amount__gte=0) & Q(used__gte=0), name="stock_control_not_negative"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["channel", "scope"], name="stock_control_by_channel")
        ]


class StockPolicy(models.Model):
    """One row. `version` grows with every change of controls or supply, so that engines notice at their next batch."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    version = models.BigIntegerField(default=1)


class ReorderLevel(models.Model):
    """When stock of a variant at a place counts as low (`min_qty`) and what to fill it up to (`max_qty`)."""

    variant = models.ForeignKey("catalog.Variant", on_delete=models.PROTECT, related_name="+")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    min_qty = models.PositiveBigIntegerField()
    max_qty = models.PositiveBigIntegerField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["variant", "location"], name="reorder_level_once_per_place"),
        ]


class TransferState(models.TextChoices):
    DRAFT = "draft"
    REQUESTED = "requested"
    READY = "ready"
    IN_TRANSIT = "in_transit"
    RECEIVED = "received"
    DIFFERS = "differs"
    SETTLED = "settled"
    CANCELLED = "cancelled"


class Transfer(models.Model):
    """Goods from one of our places to another: asked for, approved, shipped in one step, received in another.

    A line keeps what was asked for, what left (`quantity`; until then what is to leave), what arrived and, where less
    did, why and how the rest was booked. What has left and is not booked yet stands in transit.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    code = models.CharField(max_length=20, unique=True)
    from_location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    to_location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=TransferState.choices, default=TransferState.IN_TRANSIT)
    lines = models.JSONField(
        help_text="[{variant_id, asked, quantity, received, cause, booked: [{cause, units, instead}]}]"
    )
    note = models.CharField(max_length=300, blank=True, default="", db_default="")
    drafted_by = models.CharField(max_length=80, blank=True, default="", db_default="")
    requested_by = models.CharField(max_length=80, blank=True, default="", db_default="")
    created_at = models.DateTimeField(db_default=Now())
    shipped_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["state", "id"], name="transfer_by_state")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(from_location=F("to_location")), name="transfer_between_two_places"),
        ]


class TransferStep(models.Model):
    """Who took a transfer a step further, when, and what they said."""

    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="+")
    step = models.CharField(max_length=12)
    actor = models.CharField(max_length=80)
    note = models.CharField(max_length=300, blank=True, default="")
    at = models.DateTimeField()


class AdjustmentState(models.TextChoices):
    WAITING = "waiting"
    BOOKED = "booked"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Adjustment(models.Model):
    """A change of stock that is above the limit of whoever asked for it: nothing moves until somebody else approves.

    A line keeps what stood there when it was asked for, so that the approver sees what has moved since.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    code = models.CharField(max_length=20, unique=True)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=100)
    note = models.CharField(max_length=300, blank=True, default="")
    lines = models.JSONField(help_text="[{variant_id, quantity, lot, expires_on, unit_cost_minor, on_hand}]")
    state = models.CharField(max_length=9, choices=AdjustmentState.choices, default=AdjustmentState.WAITING)
    asked_by = models.CharField(max_length=80)
    asked_at = models.DateTimeField()
    decided_by = models.CharField(max_length=80, blank=True, default="")
    decided_at = models.DateTimeField(null=True)
    decision = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["state", "id"], name="adjustment_by_state")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(state="waiting") | Q(decided_at__isnull=False), name="adjustment_decided_by_somebody"
            ),
        ]


class ApprovalLimits(models.Model):
    """One row. Above a limit somebody else has to approve; NULL: no limit. Money in đồng."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    transfer_units = models.PositiveBigIntegerField(null=True)
    transfer_value_minor = models.PositiveBigIntegerField(null=True)
    adjustment_units = models.PositiveBigIntegerField(null=True)
    adjustment_value_minor = models.PositiveBigIntegerField(null=True)


class OversellEntry(models.Model):
    """A sale of goods the system did not know of, allowed by someone with the right. The list to look into."""

    variant = models.ForeignKey("catalog.Variant", on_delete=models.PROTECT, related_name="+")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveBigIntegerField()
    reference = models.CharField(max_length=80)
    channel = models.CharField(max_length=40)
    actor = models.CharField(max_length=80)
    occurred_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)


class CampaignKind(models.TextChoices):
    CAMPAIGN = "campaign"
    LIVESTREAM = "livestream"


class CampaignState(models.TextChoices):
    PLANNED = "planned"
    RUNNING = "running"
    ENDED = "ended"
    CANCELLED = "cancelled"


class StockCampaign(models.Model):
    """A time in which units are sold on one channel alone: a campaign of a marketplace, a livestream."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=CampaignKind.choices, default=CampaignKind.CAMPAIGN)
    channel = models.CharField(max_length=40)
    state = models.CharField(max_length=9, choices=CampaignState.choices, default=CampaignState.PLANNED)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=80)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(kind__in=CampaignKind.values), name="stock_campaign_kind_known"),
            models.CheckConstraint(condition=Q(state__in=CampaignState.values), name="stock_campaign_state_known"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="stock_campaign_ends_after_start"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["state", "starts_at"], name="stock_campaign_open", condition=Q(state__in=["planned", "running"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class CampaignLineState(models.TextChoices):
    WAITING = "waiting"
    ASIDE = "aside"
    SHORT = "short"


class CampaignLine(models.Model):
    """`quantity` units of a variant for a campaign, all or none of them. `listing` (`item:model`): for its orders alone.

    `free_seen`: how many could have been set aside when it was last tried and fell short.
    """

    campaign = models.ForeignKey(StockCampaign, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField()
    variant = models.ForeignKey("catalog.Variant", on_delete=models.PROTECT, related_name="+")
    listing = models.CharField(max_length=120, blank=True, default="")
    quantity = models.BigIntegerField()
    state = models.CharField(max_length=7, choices=CampaignLineState.choices, default=CampaignLineState.WAITING)
    free_seen = models.BigIntegerField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="campaign_line_wants_something"),
            models.CheckConstraint(condition=Q(state__in=CampaignLineState.values), name="campaign_line_state_known"),
            models.UniqueConstraint(fields=["campaign", "variant", "listing"], name="campaign_line_once"),
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} × {self.quantity}"


class CampaignStock(models.Model):
    """Units set aside for a line at one place, by a hold of their own that ends with the campaign.

    What is left of them are the units of the hold's only line, and only who has locked the level may touch either. So
    while the hold lives, `set_aside` is `sold` and what it holds; afterwards, `sold` and `returned`.
    """

    line = models.ForeignKey(CampaignLine, on_delete=models.CASCADE, related_name="stocks")
    variant = models.ForeignKey("catalog.Variant", on_delete=models.PROTECT, related_name="+", db_index=False)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+", db_index=False)
    hold_id = models.UUIDField(unique=True)
    set_aside = models.BigIntegerField()
    sold = models.BigIntegerField(default=0)
    returned = models.BigIntegerField(null=True, help_text="Null while the campaign runs.")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(set_aside__gt=0) & Q(sold__gte=0) & Q(sold__lte=F("set_aside")),
                name="campaign_stock_sells_what_it_has",
            ),
            models.CheckConstraint(
                condition=Q(returned__isnull=True) | Q(returned=F("set_aside") - F("sold")),
                name="campaign_stock_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.variant_id}@{self.location_id}: {self.sold}/{self.set_aside}"


class CampaignStep(models.Model):
    """What happened to a campaign: planned, started, tried, extended, ended, cancelled."""

    campaign = models.ForeignKey(StockCampaign, on_delete=models.CASCADE, related_name="steps")
    what = models.CharField(max_length=10)
    params = models.JSONField(default=dict)
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.what
