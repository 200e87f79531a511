"""What membership is worth: tiers, and the rules by which points are earned and spent."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from mekong.foundation.ids import new_id


class Programme(models.Model):
    """One row. `basis`: what tiers are reached by, over the last `window_months`. `downgrade`: where a tier that was not
    reached again falls to: one level down, or to what was earned."""

    currency = models.CharField(max_length=3, default="VND")
    basis = models.CharField(max_length=6, default="spend")
    window_months = models.PositiveSmallIntegerField(default=12)
    downgrade = models.CharField(max_length=6, default="one")
    grace_days = models.PositiveSmallIntegerField(default=30)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(pk=1), name="programme_is_one"),
            models.CheckConstraint(condition=Q(basis__in=("spend", "points")), name="programme_basis_known"),
            models.CheckConstraint(condition=Q(downgrade__in=("one", "earned")), name="programme_downgrade_known"),
            models.CheckConstraint(condition=Q(window_months__range=(1, 120)), name="programme_window_sane"),
        ]

    def __str__(self) -> str:
        return self.basis


class Tier(models.Model):
    """A level. `price_group`: a code that price lists and offers ask for."""

    code = models.CharField(max_length=30, unique=True)
    name = models.CharField(max_length=60)
    rank = models.PositiveSmallIntegerField(unique=True)
    threshold = models.BigIntegerField(help_text="Minor units of spend, or points.")
    multiplier_bp = models.PositiveIntegerField(default=10_000)
    price_group = models.CharField(max_length=40, blank=True, default="")
    validity_months = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(threshold__gte=0) & Q(multiplier_bp__gte=1), name="tier_sane"),
        ]

    def __str__(self) -> str:
        return self.name


class EarnRule(models.Model):
    """`points` for every `spend_minor` paid. `channel` "": every channel that has no rule of its own.

    That two rules of one channel never hold on one day is an exclusion constraint of the migration.
    """

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    channel = models.CharField(max_length=40, blank=True, default="")
    spend_minor = models.BigIntegerField()
    points = models.BigIntegerField()
    validity_months = models.PositiveSmallIntegerField(null=True, blank=True)
    counts_shipping = models.BooleanField(default=False)
    counts_tax = models.BooleanField(default=True)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(spend_minor__gte=1) & Q(points__gte=1), name="earn_rule_gives"),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")), name="earn_rule_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return self.channel


class BurnRule(models.Model):
    """What a point pays, and how many may be spent at once. `channel` as above."""

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    channel = models.CharField(max_length=40, blank=True, default="")
    point_value_minor = models.BigIntegerField()
    min_points = models.BigIntegerField(default=1)
    step = models.BigIntegerField(default=1)
    max_share_bp = models.PositiveIntegerField(default=10_000)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(point_value_minor__gte=1) & Q(min_points__gte=1) & Q(step__gte=1), name="burn_rule_pays"
            ),
            models.CheckConstraint(condition=Q(max_share_bp__range=(1, 10_000)), name="burn_rule_share_of_a_whole"),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")), name="burn_rule_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return self.channel
