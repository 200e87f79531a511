"""Promotions, what is left of them, and who had what."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from mekong.foundation.ids import new_id


class PromotionState(models.TextChoices):
    DRAFT = "draft"
    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


class Promotion(models.Model):
    """An offer as the retailer set it (`contracts.offers.Offer`). `effect`, `goods`, `audience`: as `rules.forms` writes them.

    Limits that are None limit nothing. `budget_minor`: the most it may save buyers altogether.
    """

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    note = models.TextField(blank=True, default="")
    state = models.CharField(max_length=10, choices=PromotionState.choices, default=PromotionState.DRAFT)
    effect = models.JSONField()
    goods = models.JSONField(default=dict)
    audience = models.JSONField(default=dict)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    needs_code = models.BooleanField(default=False)
    layer = models.PositiveSmallIntegerField(default=1)
    priority = models.IntegerField(default=0)
    is_exclusive = models.BooleanField(default=False)
    least_units = models.PositiveIntegerField(default=0)
    least_minor = models.BigIntegerField(default=0)
    most_uses = models.PositiveIntegerField(null=True, blank=True)
    most_per_person = models.PositiveIntegerField(null=True, blank=True)
    budget_minor = models.BigIntegerField(null=True, blank=True)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(state__in=PromotionState.values), name="promotion_state_known"),
            models.CheckConstraint(condition=~Q(code="") & ~Q(name=""), name="promotion_named"),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True) | Q(ends_at__isnull=True) | Q(starts_at__lt=F("ends_at")),
                name="promotion_ends_after_start",
            ),
            models.CheckConstraint(condition=Q(layer__gte=1) & Q(layer__lte=9), name="promotion_layer_1_to_9"),
            models.CheckConstraint(
                condition=(Q(most_uses__isnull=True) | Q(most_uses__gte=1))
                & (Q(most_per_person__isnull=True) | Q(most_per_person__gte=1))
                & (Q(budget_minor__isnull=True) | Q(budget_minor__gte=1)),
                name="promotion_limits_not_nothing",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["state", "-id"], name="promotion_by_state")]

    def __str__(self) -> str:
        return self.code


class Allowance(models.Model):
    """What has been taken of a promotion: by checkouts that are open and by orders. Beside it, because it is hot."""

    promotion = models.OneToOneField(Promotion, primary_key=True, on_delete=models.CASCADE, related_name="allowance")
    uses = models.BigIntegerField(default=0)
    spent_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(uses__gte=0) & Q(spent_minor__gte=0), name="allowance_not_negative")
        ]


class CodeBatch(models.Model):
    """Vouchers that were made together."""

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    count = models.PositiveIntegerField()
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()


class Voucher(models.Model):
    """A code that opens a promotion. `code`: normalised. `most_uses` None: as often as the promotion lets.

    `person`: the only one who may use it (E.164 phone), where it was given to somebody.
    """

    code = models.CharField(max_length=40, db_collation="C")
    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="+")
    batch = models.ForeignKey(CodeBatch, null=True, on_delete=models.PROTECT, related_name="+")
    person = models.CharField(max_length=80, blank=True, default="")
    reference = models.CharField(max_length=120, blank=True, default="", help_text="What it was given for, once.")
    most_uses = models.PositiveIntegerField(null=True, blank=True)
    uses = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField(null=True, blank=True)
    is_blocked = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["code"], name="voucher_code_once"),
            models.UniqueConstraint(
                fields=["promotion", "reference"], condition=~Q(reference=""), name="voucher_given_once"
            ),
            models.CheckConstraint(
                condition=Q(uses__gte=0) & (Q(most_uses__isnull=True) | Q(uses__lte=F("most_uses"))),
                name="voucher_not_overused",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["person"], name="voucher_by_person", condition=~Q(person="")),
        ]

    def __str__(self) -> str:
        return self.code


class RedemptionState(models.TextChoices):
    HELD = "held"
    USED = "used"
    RELEASED = "released"


class Redemption(models.Model):
    """One use of an offer: held for an open checkout, then used by an order, or released.

    `reference`: the checkout, then the order it became is in `order`. Counted against the limits unless released.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    reference = models.CharField(max_length=120)
    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="+", db_index=False)
    voucher = models.ForeignKey(Voucher, null=True, on_delete=models.PROTECT, related_name="+")
    person = models.CharField(max_length=80, blank=True, default="")
    benefit_minor = models.BigIntegerField()
    state = models.CharField(max_length=8, choices=RedemptionState.choices)
    order = models.CharField(max_length=80, blank=True, default="")
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["reference", "promotion"], condition=~Q(state="released"), name="redeemed_once_per_reference"
            ),
            models.CheckConstraint(condition=Q(state__in=RedemptionState.values), name="redemption_state_known"),
            models.CheckConstraint(condition=Q(benefit_minor__gte=0), name="redemption_not_negative"),
            models.CheckConstraint(
                condition=Q(state="held", expires_at__isnull=False) | ~Q(state="held"), name="held_redemption_expires"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["promotion", "person"], name="redemption_by_person", condition=~Q(state="released")),
            models.Index(fields=["promotion", "expires_at"], name="redemption_due", condition=Q(state="held")),
            models.Index(fields=["order"], name="redemption_by_order", condition=~Q(order="")),
        ]
