"""Price lists, the policy of prices, and the number that tells readers when something changed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from mekong.foundation.ids import new_id


class PriceList(models.Model):
    """Prices of some goods under some conditions (`contracts.offers.PriceList`). `audience`: as `rules.forms` writes it."""

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    currency = models.CharField(max_length=3, default="VND")
    priority = models.IntegerField(default=0)
    is_sale = models.BooleanField(default=False)
    is_net = models.BooleanField(default=False)
    adjust_bp = models.PositiveIntegerField(null=True, blank=True)
    audience = models.JSONField(default=dict)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(code="") & ~Q(name=""), name="price_list_named"),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True) | Q(ends_at__isnull=True) | Q(starts_at__lt=F("ends_at")),
                name="price_list_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class PriceEntry(models.Model):
    """From so many units on, a unit of the variant costs this."""

    pk = models.CompositePrimaryKey("variant_id", "price_list_id", "from_units")
    price_list = models.ForeignKey(PriceList, on_delete=models.PROTECT, related_name="+")
    variant = models.ForeignKey("catalog.Variant", on_delete=models.PROTECT, related_name="+", db_index=False)
    from_units = models.PositiveIntegerField(default=1)
    price_minor = models.BigIntegerField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(price_minor__gte=0) & Q(from_units__gte=1), name="price_entry_sane"),
        ]


class PricePolicy(models.Model):
    """One row: the price floor in basis points above cost (None: no floor)."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    guard_bp = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(id=1), name="one_price_policy")
        ]


class HandLimit(models.Model):
    """How much people of a role may take off by hand, in basis points of what is left to pay."""

    role = models.CharField(primary_key=True, max_length=40)
    most_bp = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(most_bp__lte=10_000), name="hand_limit_at_most_all")
        ]


class Edition(models.Model):
    """One row, counted up by triggers with every change of a list, an offer or the policy: what was read before is old."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    number = models.BigIntegerField(default=1)
