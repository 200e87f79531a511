"""Tables of publishing: a platform's categories, our mapping to them, and products that are listed from here."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from mekong.channels.contracts.publishing import PUBLICATION_STATES


class PlatformCategory(models.Model):
    """A node of a platform's tree, as one account was told. `attributes`: what it asks of products in this leaf, as
    `socket.publishing.RemoteAttribute`; null until it was asked."""

    channel = models.ForeignKey("channels.Channel", on_delete=models.CASCADE, related_name="+", db_index=False)
    external_id = models.CharField(max_length=120)
    parent_external_id = models.CharField(max_length=120, blank=True, default="")
    path = models.JSONField(default=list, help_text="Names from the top to this one.")
    found_by = models.CharField(max_length=1200, help_text="Folded words of its path.")
    is_leaf = models.BooleanField()
    position = models.PositiveIntegerField()
    attributes = models.JSONField(null=True)
    attributes_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["channel", "external_id"], name="platform_category_once"),
        ]

    def __str__(self) -> str:
        return " › ".join(self.path)


class CategoryMapping(models.Model):
    """Which category of a platform ours is, and how what it asks is answered; those below go along.

    `rules`: `contracts.publishing.AttributeRule` by the platform's attribute id.
    """

    channel = models.ForeignKey("channels.Channel", on_delete=models.CASCADE, related_name="+", db_index=False)
    category = models.CharField(
        max_length=60, help_text="Its code: a category that is removed takes its mapping along."
    )
    external_id = models.CharField(max_length=120)
    rules = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["channel", "category"], name="category_mapped_once"),
        ]

    def __str__(self) -> str:
        return f"{self.category} → {self.external_id}"


class Publication(models.Model):
    """A product that is listed on a channel from here.

    As a listing's stock, it is level-triggered: `turn` grows when the product, the mapping or the wish changed, and
    there is something to do while it is ahead of `done_turn`. `sent`: digest of the draft the platform last took, so
    that a turn without a difference costs no call. `begun_at`: a product may have been made there since, whose name we
    were not told.
    """

    channel = models.ForeignKey("channels.Channel", on_delete=models.CASCADE, related_name="+", db_index=False)
    product = models.ForeignKey("catalog.Product", on_delete=models.PROTECT, related_name="+")
    is_shown = models.BooleanField(default=True)
    follows = models.BooleanField(default=True)
    takes_over = models.BooleanField(default=False, help_text="What was listed there by hand may be replaced.")
    state = models.CharField(max_length=10, default="waiting")
    turn = models.BigIntegerField(default=1)
    done_turn = models.BigIntegerField(default=0)
    sent = models.CharField(max_length=64, blank=True, default="")
    item_id = models.CharField(max_length=60, blank=True, default="")
    ticket = models.TextField(blank=True, default="")
    url = models.CharField(max_length=500, blank=True, default="")
    gaps = models.JSONField(default=list)
    reasons = models.JSONField(default=list)
    problem = models.JSONField(default=dict)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True, help_text="When there is something to do; null: nothing.")
    asked_by = models.CharField(max_length=80)
    asked_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    live_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["channel", "product"], name="published_once_per_channel"),
            models.CheckConstraint(condition=Q(state__in=PUBLICATION_STATES), name="publication_state_known"),
            models.CheckConstraint(condition=Q(done_turn__lte=F("turn")), name="publication_done_not_ahead"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["channel", "next_at"], name="publication_due", condition=Q(next_at__isnull=False)),
            models.Index(fields=["channel", "state", "-id"], name="publication_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} on {self.channel_id}"


class PictureCopy(models.Model):
    """A picture that a platform was given: what it calls it."""

    channel = models.ForeignKey("channels.Channel", on_delete=models.CASCADE, related_name="+", db_index=False)
    sha256 = models.CharField(max_length=64)
    reference = models.CharField(max_length=1000)
    given_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["channel", "sha256"], name="picture_given_once"),
        ]
        verbose_name_plural = "picture copies"

    def __str__(self) -> str:
        return self.reference
