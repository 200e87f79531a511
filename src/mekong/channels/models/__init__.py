"""Tables of channels: where orders come from, what is listed there, what was said to and by the platform.

What people set (`Channel`, `Listing`) is audited; what the machine notes many times a second (`ListingSync`) stands in
a table of its own, so that an acknowledgement rewrites a narrow row and leaves no trail.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from mekong.channels.models.consistency import Checked as Checked
from mekong.channels.models.consistency import Difference as Difference
from mekong.channels.models.consistency import ItemLooks as ItemLooks
from mekong.channels.models.publishing import CategoryMapping as CategoryMapping
from mekong.channels.models.publishing import PictureCopy as PictureCopy
from mekong.channels.models.publishing import PlatformCategory as PlatformCategory
from mekong.channels.models.publishing import Publication as Publication
from mekong.channels.socket.earnings import EarningKind
from mekong.channels.socket.returns import ReturnState
from mekong.foundation.ids import new_id

GIVE_UP_AFTER_MIN = 60
"""How long an order that a platform sold beyond our stock waits for goods before it is cancelled there, unless the
retailer says otherwise: time to find a unit in another place, and not so long that the buyer buys it twice."""


class ChannelState(models.TextChoices):
    CONNECTED = "connected"
    PAUSED = "paused"
    NEEDS_RECONNECT = "needs_reconnect"
    FAILING = "failing"
    NEW = "new"


class Channel(models.Model):
    """One place orders come from: an account on a marketplace, the web shop, the tills, the telephone.

    `kind` is a connector's name, or web, store, phone, … for channels of our own. `revision` grows with every change
    that a worker must hear of. Listings and orders are synchronised with the platform while `is_active`.
    """

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=30)
    letters = models.CharField(max_length=4)
    shop_id = models.CharField(max_length=60, blank=True, default="")
    currency = models.CharField(max_length=3, default="VND")
    is_active = models.BooleanField(default=True)
    state = models.CharField(max_length=16, choices=ChannelState.choices, default=ChannelState.NEW)
    api_url = models.CharField(max_length=300, blank=True, default="", help_text="Empty: the platform's own host.")
    auth_url = models.CharField(max_length=300, blank=True, default="")
    notice_url = models.CharField(max_length=300, blank=True, default="", help_text="As registered with the platform.")
    test_purchase_url = models.CharField(max_length=300, blank=True, default="")
    sealed_secrets = models.TextField(blank=True, default="", help_text="Fernet token of the account's secrets.")
    access_expires_at = models.DateTimeField(null=True)
    authorised_until = models.DateTimeField(
        null=True, help_text="When the merchant must say yes again, where the platform says so; renewals may move it."
    )
    price_sync = models.BooleanField(default=False)
    give_up_after_min = models.PositiveIntegerField(
        null=True, default=GIVE_UP_AFTER_MIN, help_text="Orders beyond stock are cancelled then; null: never."
    )
    limits = models.JSONField(default=dict, help_text="Lane to {per_second, burst}; overrides the connector's.")
    order_file = models.JSONField(
        default=dict, help_text="What people said of its order exports: columns {field: header}, states {text: step}."
    )
    revision = models.BigIntegerField(default=1)
    created_at = models.DateTimeField()
    # Kept by the worker; not worth an audit entry.
    order_cursor = models.DateTimeField(null=True, help_text="Every order that changed before it is stored.")
    problem = models.JSONField(default=dict, help_text="What keeps the channel from working: code, params, at.")
    health = models.JSONField(default=dict)
    last_push_at = models.DateTimeField(null=True)
    last_pull_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True, help_text="When a worker last had this channel in its care.")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(state__in=ChannelState.values), name="channel_state_known"),
            models.CheckConstraint(condition=Q(currency__regex="^[A-Z]{3}$"), name="channel_currency_code"),
            models.CheckConstraint(condition=Q(code__regex="^[a-z0-9][a-z0-9-]*$"), name="channel_code_plain"),
        ]

    def __str__(self) -> str:
        return self.code


class MatchState(models.TextChoices):
    UNMATCHED = "unmatched"
    MATCHED = "matched"
    IGNORED = "ignored"


class Listing(models.Model):
    """One sellable thing as a channel shows it, and the variant of ours that it is."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="listings")
    item_id = models.CharField(max_length=60)
    model_id = models.CharField(max_length=60, blank=True, default="")
    remote_sku = models.CharField(max_length=120, blank=True, default="")
    name = models.CharField(max_length=500, blank=True, default="")
    barcode = models.CharField(max_length=64, blank=True, default="")
    url = models.CharField(max_length=500, blank=True, default="")
    image_url = models.CharField(max_length=500, blank=True, default="")
    is_live = models.BooleanField(default=True, help_text="On sale there; False: paused, banned or deleted.")
    variant = models.ForeignKey("catalog.Variant", null=True, on_delete=models.PROTECT, related_name="+")
    match_state = models.CharField(max_length=10, choices=MatchState.choices, default=MatchState.UNMATCHED)
    match_how = models.CharField(max_length=10, blank=True, default="", help_text="sku, barcode or hand.")
    match_reason = models.CharField(max_length=40, blank=True, default="", help_text="Why it is not matched.")
    is_synced = models.BooleanField(default=True)
    own_price_minor = models.BigIntegerField(
        null=True, help_text="In the channel's currency; null: the catalogue's price."
    )
    pulled_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["channel", "item_id", "model_id"], name="listing_once_per_channel"),
            models.CheckConstraint(
                condition=Q(match_state="matched", variant__isnull=False)
                | (~Q(match_state="matched") & Q(variant__isnull=True)),
                name="listing_matched_has_variant",
            ),
            models.CheckConstraint(
                condition=Q(own_price_minor__isnull=True) | Q(own_price_minor__gt=0), name="listing_own_price_above_0"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["channel", "variant"], name="listing_by_variant", condition=Q(variant__isnull=False)),
            models.Index(fields=["channel", "match_state", "id"], name="listing_by_match"),
            models.Index(fields=["channel", "remote_sku"], name="listing_by_remote_sku"),
        ]

    def __str__(self) -> str:
        return f"{self.item_id}:{self.model_id}"


class ListingSync(models.Model):
    """What the platform last acknowledged for a listing, and what stands between.

    A stock figure carries (`turn`, `version`): the turn grows when the platform's own figure may have moved by itself
    (an order there, a new match, a drift seen), the version when our stock moved. A listing is dirty while either is
    ahead of what was acknowledged. `is_parked`: the platform refuses for good; tried again when the figure is another.
    """

    listing = models.OneToOneField(Listing, on_delete=models.CASCADE, primary_key=True, related_name="sync")
    turn = models.BigIntegerField(default=1)
    acked_turn = models.BigIntegerField(default=0)
    acked_version = models.BigIntegerField(default=-1)
    acked_quantity = models.BigIntegerField(null=True)
    acked_at = models.DateTimeField(null=True)
    acked_price_version = models.BigIntegerField(default=0)
    acked_price_minor = models.BigIntegerField(null=True)
    acked_sale = models.JSONField(null=True, help_text="[price, from, to] of the sale that was acknowledged with it.")
    acked_price_at = models.DateTimeField(null=True)
    price_error_code = models.CharField(max_length=80, blank=True, default="", db_default="")
    price_error_params = models.JSONField(default=dict, db_default={})
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    is_parked = models.BooleanField(default=False)
    failed_quantity = models.BigIntegerField(null=True)
    error_code = models.CharField(max_length=80, blank=True, default="")
    error_params = models.JSONField(default=dict)
    remote_quantity = models.BigIntegerField(null=True)
    remote_price_minor = models.BigIntegerField(null=True)
    remote_sale_minor = models.BigIntegerField(null=True)
    remote_sale_ends_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(acked_turn__lte=F("turn")), name="listing_ack_not_ahead"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["listing"], name="listing_parked", condition=Q(is_parked=True)),
        ]

    def __str__(self) -> str:
        return str(self.listing_id)


class NoticeInbox(models.Model):
    """A notice as received, until the order it points at was fetched. A repeat finds its row and adds nothing."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+", db_index=False)
    dedupe = models.CharField(max_length=200)
    kind = models.CharField(max_length=16)
    reference = models.CharField(max_length=120, blank=True, default="")
    received_at = models.DateTimeField()
    next_at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["channel", "dedupe"], name="notice_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["channel", "next_at"], name="notice_waiting", condition=Q(handled_at__isnull=True)),
            models.Index(fields=["handled_at"], name="notice_old", condition=Q(handled_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"


class ParkedOrder(models.Model):
    """An order of a platform that cannot be booked. It is tried again now and then, and stands in no other's way."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+", db_index=False)
    external_id = models.CharField(max_length=80)
    error_code = models.CharField(max_length=80)
    error = models.TextField()
    attempts = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    next_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["channel", "external_id"], name="parked_order_once"),
        ]

    def __str__(self) -> str:
        return self.external_id


class OutboundState(models.TextChoices):
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class Outbound(models.Model):
    """Something the platform is to be told about one of its orders: pack, ship, cancel, answer_cancellation."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+", db_index=False)
    external_id = models.CharField(max_length=80)
    action = models.CharField(max_length=20)
    params = models.JSONField(default=dict)
    key = models.CharField(max_length=120, unique=True, help_text="The same intent twice is one row.")
    state = models.CharField(max_length=8, choices=OutboundState.choices, default=OutboundState.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField()
    error_code = models.CharField(max_length=80, blank=True, default="")
    error_params = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["channel", "next_at", "id"], name="outbound_waiting", condition=Q(state="waiting")),
            models.Index(fields=["channel", "external_id"], name="outbound_by_order"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.external_id}"


class ReturnMark(models.Model):
    """How far a channel's returns were read. A row of its own: what people set of a channel is audited, this is not."""

    channel = models.OneToOneField(Channel, on_delete=models.CASCADE, primary_key=True, related_name="+")
    read_to = models.DateTimeField(help_text="Every return that moved before it is stored.")

    def __str__(self) -> str:
        return str(self.channel_id)


class ChannelReturn(models.Model):
    """A return that a buyer asked a platform for, as the platform last said, and our answer.

    `state`: of `socket.returns.ReturnState`. `lines`: [{item_id, model_id, line_ids, sku, name, quantity}]. `answer` is
    being given since `asked_at` and is given at `answered_at`. `is_order_moved`: its order was moved for it, once.
    """

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+", db_index=False)
    external_id = models.CharField(max_length=80)
    order_external_id = models.CharField(max_length=80)
    state = models.CharField(max_length=16)
    raw_state = models.CharField(max_length=120, blank=True, default="")
    reason_code = models.CharField(max_length=120, blank=True, default="")
    reason = models.TextField(blank=True, default="")
    refund_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    is_goods_coming_back = models.BooleanField()
    lines = models.JSONField(default=list)
    tracking_no = models.CharField(max_length=80, blank=True, default="")
    requested_at = models.DateTimeField()
    answer_by = models.DateTimeField(null=True)
    remote_updated_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField()
    answer = models.CharField(max_length=6, blank=True, default="")
    answer_reason = models.CharField(max_length=300, blank=True, default="")
    answered_by = models.CharField(max_length=80, blank=True, default="")
    asked_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    is_order_moved = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["channel", "external_id"], name="return_once_per_channel"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in ReturnState]), name="return_state_known"
            ),
            models.CheckConstraint(condition=Q(answer__in=["", "accept", "refuse"]), name="return_answer_known"),
            models.CheckConstraint(condition=Q(refund_minor__gte=0), name="return_money_not_negative"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["channel", "order_external_id"], name="return_by_order"),
            models.Index(
                F("answer_by").asc(nulls_last=True),
                "id",
                name="return_waiting",
                condition=Q(state="requested", answered_at__isnull=True),
            ),
            models.Index(fields=["-requested_at", "-id"], name="return_by_time"),
            models.Index(
                fields=["channel"],
                name="return_to_move",
                condition=Q(is_order_moved=False, is_goods_coming_back=True)
                & Q(state__in=["accepted", "shipping_back", "received"]),
            ),
        ]

    def __str__(self) -> str:
        return self.external_id


class OrderEarnings(models.Model):
    """What one order earns on its platform, as the platform last said, and when to ask again.

    `state`: the step of the order that made the asking due, last `since`. `next_at` null: not asked any more, because it
    is final or too old. `read_at` null: the platform told nothing yet. `error_*`: what the last asking ran into.
    """

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+", db_index=False)
    order_external_id = models.CharField(max_length=80)
    state = models.CharField(max_length=20, blank=True, default="")
    since = models.DateTimeField()
    next_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    net_minor = models.BigIntegerField(null=True, help_text="The platform's own sum; null: it says none.")
    is_final = models.BooleanField(default=False)
    error_code = models.CharField(max_length=80, blank=True, default="")
    error_params = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["channel", "order_external_id"], name="earnings_once_per_order"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["channel", "next_at"], name="earnings_due", condition=Q(next_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.order_external_id


class ChannelEarning(models.Model):
    """One amount of an order's earnings: what the seller gets is positive. `kind`: of `socket.earnings.EarningKind`.

    Platform money is a fact of the channel: it moves nothing in the order's own sums.
    """

    earnings = models.ForeignKey(OrderEarnings, on_delete=models.CASCADE, related_name="lines", db_index=False)
    place = models.PositiveIntegerField(help_text="Among the lines of the order, as the platform gives them.")
    kind = models.CharField(max_length=12)
    name = models.CharField(max_length=200, blank=True, default="")
    amount_minor = models.BigIntegerField()
    at = models.DateTimeField(null=True)
    statement = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["earnings", "place"], name="earning_once_per_place"),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in EarningKind]), name="earning_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_minor}"


class SyncMinute(models.Model):
    """Delays of one minute, from the stock's change to the platform's acknowledgement, as a histogram.

    `buckets` counts by `channels.figures.bucket_of`; minutes older than two days are swept away.
    """

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+", db_index=False)
    minute = models.DateTimeField()
    acked = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    calls = models.PositiveIntegerField(default=0)
    buckets = ArrayField(models.PositiveIntegerField(), default=list)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["channel", "minute"], name="sync_minute_once"),
        ]

    def __str__(self) -> str:
        return f"{self.channel_id} {self.minute:%H:%M}"


class SyncHour(models.Model):
    """The minutes of an hour added up, kept for a month: what a week was like is told from these."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+", db_index=False)
    hour = models.DateTimeField()
    acked = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    calls = models.PositiveIntegerField(default=0)
    buckets = ArrayField(models.PositiveIntegerField(), default=list)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["channel", "hour"], name="sync_hour_once"),
        ]

    def __str__(self) -> str:
        return f"{self.channel_id} {self.hour:%d/%m %H}"


class AuditRun(models.Model):
    """All listings of a channel read back once: how many were asked for, read, gone there, and differed.

    `ended_at` null: under way, or cut off by a crash. `error_code`: what ended it before the last listing.
    """

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+", db_index=False)
    asked_by = models.CharField(max_length=80)
    asked = models.PositiveIntegerField(default=0)
    read = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)
    differed = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=80, blank=True, default="")
    error_params = models.JSONField(default=dict)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["channel", "-id"], name="audit_run_by_channel")]

    def __str__(self) -> str:
        return f"{self.channel_id} {self.started_at:%d/%m %H:%M}"


class AuditDifference(models.Model):
    """A listing that showed another figure than acknowledged. Repaired once its sync has acknowledged `turn`."""

    run = models.ForeignKey(AuditRun, on_delete=models.CASCADE, related_name="+")
    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="+", db_index=False)
    acknowledged = models.BigIntegerField()
    shown = models.BigIntegerField()
    turn = models.BigIntegerField()
    read_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.listing_id}: {self.acknowledged} ≠ {self.shown}"


class IncidentKind(models.TextChoices):
    OUTAGE = "outage"
    ACCESS = "access"
    SILENCE = "silence"


class Incident(models.Model):
    """A time in which a channel did not work as it should: the platform away or refusing, the access lost, no orders
    where there usually are some. One of a kind at a time; what happened meanwhile are its steps."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=8, choices=IncidentKind.choices)
    problem = models.JSONField(default=dict, help_text="What was wrong at first: code and params.")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    hushed_at = models.DateTimeField(null=True, help_text="Somebody knows of it: no alarm any more.")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(kind__in=IncidentKind.values), name="incident_kind_known"),
            models.UniqueConstraint(
                fields=["channel", "kind"], condition=Q(ended_at__isnull=True), name="incident_one_open"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["channel", "-id"], name="incident_by_channel")]

    def __str__(self) -> str:
        return f"{self.kind} {self.began_at:%d/%m %H:%M}"


class IncidentStep(models.Model):
    """What happened in an incident: began, tried, held_back, again, acted, ended, caught_up. `at` to `last_at` where it
    happened `count` times."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="steps")
    what = models.CharField(max_length=12)
    params = models.JSONField(default=dict)
    count = models.PositiveIntegerField(default=1)
    at = models.DateTimeField()
    last_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.what} ×{self.count}"


class Habit(models.Model):
    """How long a channel is usually silent between two orders, learned from its history.

    `gaps`: by slot (`2-9` Tuesday at nine, `9` nine on any day, `` any time) the number of gaps seen, and the seconds
    that half and 99 of 100 of them stayed under.
    """

    channel = models.OneToOneField(Channel, on_delete=models.CASCADE, primary_key=True, related_name="+")
    gaps = models.JSONField(default=dict)
    since = models.DateTimeField()
    learnt_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.channel_id)


class Authorisation(models.Model):
    """A walk to the platform's consent page that has begun: its nonce is good once."""

    nonce = models.CharField(max_length=40, primary_key=True)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    begun_by = models.CharField(max_length=80)
    redirect_url = models.TextField(default="", help_text="Where the platform sends the merchant back.")
    begun_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.nonce
