"""The ledger is looked through newest first by place, SKU, person and reason; built while the shop goes on selling.

An index that a broken-off run left behind is unusable and in the way: each is dropped before it is made.
"""

from django.db import migrations, models
from django.db.models import Q

_TABLE = "inventory_stockmovement"
_INDEXES = (
    (models.Index(fields=["occurred_at", "id"], name="stock_movement_by_time"), "(occurred_at, id)"),
    (
        models.Index(fields=["variant", "occurred_at", "id"], name="stock_movement_of_variant"),
        "(variant_id, occurred_at, id)",
    ),
    (
        models.Index(fields=["from_location", "occurred_at", "id"], name="stock_movement_from"),
        "(from_location_id, occurred_at, id)",
    ),
    (
        models.Index(fields=["to_location", "occurred_at", "id"], name="stock_movement_to"),
        "(to_location_id, occurred_at, id)",
    ),
    (models.Index(fields=["actor", "occurred_at", "id"], name="stock_movement_by_actor"), "(actor, occurred_at, id)"),
    (
        models.Index(
            condition=Q(("reason__in", ["shipment", "delivery"]), _negated=True),
            fields=["reason", "occurred_at", "id"],
            name="stock_movement_by_reason",
        ),
        "(reason, occurred_at, id) where not (reason in ('shipment', 'delivery'))",
    ),
)


def _built(index: models.Index, columns: str) -> list[migrations.RunSQL]:
    drop = f"drop index concurrently if exists {index.name}"
    make = f"create index concurrently {index.name} on {_TABLE} {columns}"
    return [
        migrations.RunSQL(drop, migrations.RunSQL.noop),
        migrations.RunSQL(make, drop, state_operations=[migrations.AddIndex("stockmovement", index)]),
    ]


def _key(name: str, to: str) -> migrations.AlterField:
    """The index that came with the foreign key goes: one of the new ones begins with the same column."""
    field = models.ForeignKey(db_index=False, on_delete=models.PROTECT, related_name="+", to=to)
    return migrations.AlterField("stockmovement", name, field)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("inventory", "0004_stock_desk")]

    operations = [
        migrations.AlterField(
            "stockmovement",
            "reason",
            models.CharField(
                choices=[
                    ("opening", "Opening"),
                    ("receipt", "Receipt"),
                    ("adjustment", "Adjustment"),
                    ("count", "Count"),
                    ("scrap", "Scrap"),
                    ("internal_use", "Internal Use"),
                    ("transfer", "Transfer"),
                    ("shipment", "Shipment"),
                    ("delivery", "Delivery"),
                    ("return", "Return"),
                    ("expiry", "Expiry"),
                ],
                max_length=12,
            ),
        ),
        *(operation for index, columns in _INDEXES for operation in _built(index, columns)),
        _key("variant", "catalog.variant"),
        _key("from_location", "inventory.location"),
        _key("to_location", "inventory.location"),
    ]
