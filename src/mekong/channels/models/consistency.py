"""Tables of the consistency check: what products were seen to look like, and where channels differ."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from mekong.channels.contracts.consistency import FACTS, REASONS


class ItemLooks(models.Model):
    """What a product on a platform was last seen to be called and described as. Null: the platform was not asked.

    A row for a whole product there; the listings of its variants share it.
    """

    channel = models.ForeignKey("channels.Channel", on_delete=models.CASCADE, related_name="+", db_index=False)
    item_id = models.CharField(max_length=60)
    name = models.CharField(max_length=500)
    description = models.TextField(null=True)  # noqa: DJ001 - not told and empty are two things
    pictures = models.PositiveIntegerField(null=True)
    seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["channel", "item_id"], name="looks_once_per_item"),
        ]
        verbose_name_plural = "item looks"

    def __str__(self) -> str:
        return f"{self.item_id}: {self.name}"


class Difference(models.Model):
    """A fact that a listing shows otherwise than it should, when it was last compared; derived, and never the truth.

    What is the product's (name, description, pictures) stands with the first of its listings there. `is_fault`: somebody
    or something is to set it right; others are as people wished, and say so.
    """

    listing = models.ForeignKey("channels.Listing", on_delete=models.CASCADE, related_name="+", db_index=False)
    channel = models.ForeignKey("channels.Channel", on_delete=models.CASCADE, related_name="+", db_index=False)
    product = models.ForeignKey("catalog.Product", on_delete=models.PROTECT, related_name="+", db_index=False)
    fact = models.CharField(max_length=11)
    reason = models.CharField(max_length=12)
    is_fault = models.BooleanField()
    since = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["listing", "fact"], name="difference_once_per_fact"),
            models.CheckConstraint(condition=Q(fact__in=FACTS), name="difference_fact_known"),
            models.CheckConstraint(condition=Q(reason__in=REASONS), name="difference_reason_known"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["product"], name="difference_by_product"),
            models.Index(fields=["channel", "fact", "reason"], name="difference_by_channel"),
        ]

    def __str__(self) -> str:
        return f"{self.listing_id} {self.fact}: {self.reason}"


class Checked(models.Model):
    """When all of a channel's listings were last compared with what they should show."""

    channel = models.OneToOneField("channels.Channel", on_delete=models.CASCADE, primary_key=True, related_name="+")
    checked_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "checked"

    def __str__(self) -> str:
        return str(self.channel_id)
