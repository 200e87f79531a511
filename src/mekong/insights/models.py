"""What orders took from the shelves, counted by day: sums that a page cannot make anew from a million orders."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class UnitsDay(models.Model):
    """Units of a variant that the orders placed on one day took from one place. Cancelled orders take nothing."""

    pk = models.CompositePrimaryKey("day", "location_id", "variant_id")
    day = models.DateField()
    location = models.ForeignKey(
        "inventory.Location", on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    variant = models.ForeignKey(
        "catalog.Variant", on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    units = models.BigIntegerField()


class CountedDay(models.Model):
    """A day that has been counted, and when last."""

    day = models.DateField(primary_key=True)
    counted_at = models.DateTimeField()


class SalesPace(models.Model):
    """How fast a variant leaves a place: units in the days up to and with `through`, summed from `UnitsDay`."""

    pk = models.CompositePrimaryKey("location_id", "variant_id")
    location = models.ForeignKey(
        "inventory.Location", on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    variant = models.ForeignKey(
        "catalog.Variant", on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    last_7 = models.BigIntegerField()
    before_7 = models.BigIntegerField()
    last_28 = models.BigIntegerField()
    through = models.DateField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["variant"], name="sales_pace_by_variant")]
