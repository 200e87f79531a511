"""Tables of partners: apps with their keys, webhooks with their messages, feeds.

What people set is audited; what the machine notes (messages, tries, counts) is not, it is a trail of its own.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from mekong.foundation.ids import new_id


class App(models.Model):
    """A program of somebody else's. Its keys have no more rights than its scopes."""

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    name = models.CharField(max_length=80)
    contact = models.CharField(max_length=200, blank=True, default="", help_text="Who answers for it.")
    scopes = models.JSONField(default=list)
    per_minute = models.PositiveIntegerField(default=600)
    burst = models.PositiveIntegerField(default=100)
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(per_minute__gte=1) & Q(burst__gte=1), name="app_may_call"),
        ]

    def __str__(self) -> str:
        return self.name


class AppKey(models.Model):
    """A token of an app. What it is worth stands in the token."""

    app = models.ForeignKey(App, on_delete=models.PROTECT, related_name="keys")
    token = models.OneToOneField("foundation.ApiToken", on_delete=models.PROTECT, related_name="+")
    label = models.CharField(max_length=30)

    def __str__(self) -> str:
        return self.label


class AppBucket(models.Model):
    """How many calls an app may make now. Unlogged: after a crash of the server it is full again."""

    app = models.OneToOneField(App, on_delete=models.CASCADE, primary_key=True, related_name="+")
    milli = models.BigIntegerField(help_text="Thousandths of a call.")
    filled_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.milli)


class AppDay(models.Model):
    """Calls of one app on one day of Vietnam."""

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    calls = models.BigIntegerField(default=0)
    errors = models.BigIntegerField(default=0)
    limited = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["app", "day"], name="app_day_once")
        ]

    def __str__(self) -> str:
        return str(self.day)


class DisabledReason(models.TextChoices):
    NONE = ""
    GONE = "gone"
    FAILING = "failing"
    APP = "app"


class Webhook(models.Model):
    """Where facts are sent. `sealed_secrets`: JSON of [{secret, until}], newest first, sealed."""

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    app = models.ForeignKey(App, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=80, blank=True, default="")
    url = models.CharField(max_length=500)
    event_types = models.JSONField(default=list)
    with_person = models.BooleanField(default=False, help_text="Buyers' names, phones and addresses are sent along.")
    sealed_secrets = models.TextField()
    is_active = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=10, choices=DisabledReason.choices, blank=True, default="")
    failing_since = models.DateTimeField(null=True, blank=True)
    last_delivered_at = models.DateTimeField(null=True, blank=True)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(is_active=False) | Q(disabled_reason=""), name="webhook_off_if_disabled"
            ),
        ]

    def __str__(self) -> str:
        return self.url


class MessageState(models.TextChoices):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class Message(models.Model):
    """One fact for one webhook. `data` holds ids and facts, nothing about persons: that is read when it is sent.

    `claimed_until`: a worker has it in hand; whoever finds that past sends it again.
    """

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="messages")
    event_id = models.UUIDField(null=True)
    event_type = models.CharField(max_length=100)
    version = models.PositiveSmallIntegerField(default=1)
    data = models.JSONField()
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=MessageState.choices, default=MessageState.WAITING)
    tries = models.PositiveIntegerField(default=0, help_text="Since it was last asked for.")
    next_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["webhook", "event_id"], name="message_once_per_webhook"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["webhook", "next_at"], condition=Q(state="waiting"), name="message_due"),
            models.Index(fields=["webhook", "state", "-id"], name="message_by_state"),
            models.Index(fields=["webhook", "-id"], name="message_by_webhook"),
            models.Index(fields=["created_at"], name="message_by_age"),
        ]

    def __str__(self) -> str:
        return self.event_type


class Attempt(models.Model):
    """One try to deliver a message. `excerpt`: the beginning of what the receiver answered."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attempts")
    at = models.DateTimeField()
    took_ms = models.PositiveIntegerField()
    status = models.PositiveSmallIntegerField(null=True)
    problem = models.CharField(max_length=40, blank=True, default="")
    excerpt = models.CharField(max_length=500, blank=True, default="")

    def __str__(self) -> str:
        return str(self.status or self.problem)


class Feed(models.Model):
    """A file of what is sold, for a platform to fetch. Who knows `key` can read it; it is sealed, and found by digest."""

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    kind = models.CharField(max_length=10)
    name = models.CharField(max_length=80)
    channel = models.CharField(max_length=40, help_text="Whose figures it shows.")
    link_template = models.CharField(max_length=300)
    brand = models.CharField(max_length=70, blank=True, default="", help_text="Of goods that name none.")
    is_active = models.BooleanField(default=True)
    sealed_key = models.TextField()
    key_digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(kind__in=("google", "meta")), name="feed_kind_known")
        ]

    def __str__(self) -> str:
        return self.name


class FeedBuild(models.Model):
    """The file of a feed as it is now. `wanted_at`: something changed then that it does not show yet."""

    feed = models.OneToOneField(Feed, on_delete=models.CASCADE, primary_key=True, related_name="build")
    stem = models.CharField(max_length=120, blank=True, default="")
    etag = models.CharField(max_length=64, blank=True, default="")
    size = models.BigIntegerField(default=0)
    built_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField(null=True)
    wanted_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)
    problem = models.CharField(max_length=200, blank=True, default="")
    report = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.stem
