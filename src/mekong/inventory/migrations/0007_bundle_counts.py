"""Caps and slices count bundles, and what left with a hold is written down, so that the doctor can add it all up."""

import django.db.models.deletion
from django.db import migrations, models

# What was counted and is held no more has been sold.
_SOLD_BEFORE = """
insert into inventory_controlsale (control_id, units)
select c.id, c.used - coalesce(held.units, 0)
  from inventory_stockcontrol c
  left join (select control_id, sum(quantity)::bigint as units from inventory_holdline
              where control_id is not null group by 1) held on held.control_id = c.id
 where c.used > coalesce(held.units, 0)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0004_audit"),
        ("inventory", "0006_campaigns"),
    ]

    operations = [
        migrations.CreateModel(
            name="HoldBundle",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "hold",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="inventory.hold",
                    ),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.variant",
                    ),
                ),
                ("control_id", models.BigIntegerField(help_text="The slice or cap that counts them.")),
                ("quantity", models.BigIntegerField(help_text="Bundles, not parts.")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("quantity__gt", 0)), name="hold_bundle_holds_something"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ControlSale",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "hold_id",
                    models.UUIDField(help_text="Null: sold before sales were written down one by one.", null=True),
                ),
                ("control_id", models.BigIntegerField(db_index=True)),
                ("units", models.BigIntegerField()),
            ],
        ),
        migrations.RunSQL(_SOLD_BEFORE, migrations.RunSQL.noop),
    ]
