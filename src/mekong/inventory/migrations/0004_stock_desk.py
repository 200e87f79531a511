"""Transfers step by step, adjustments that wait for approval, and the limits above which they do."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models
from django.db.models import F, Q

import mekong.foundation.ids
from mekong.foundation.audit import append_only, audited

# Transfers that are there already were made when they were shipped.
_MADE_WHEN_SHIPPED = "update inventory_transfer set created_at = shipped_at where shipped_at is not null"
# Which transfers bring a SKU: contained in the lines.
_BY_VARIANT = "create index transfer_by_variant on inventory_transfer using gin (lines jsonb_path_ops)"


class Migration(migrations.Migration):
    dependencies = [("catalog", "0004_audit"), ("inventory", "0003_holds_due"), ("foundation", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="ApprovalLimits",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("transfer_units", models.PositiveBigIntegerField(null=True)),
                ("transfer_value_minor", models.PositiveBigIntegerField(null=True)),
                ("adjustment_units", models.PositiveBigIntegerField(null=True)),
                ("adjustment_value_minor", models.PositiveBigIntegerField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Adjustment",
            fields=[
                (
                    "id",
                    models.UUIDField(default=mekong.foundation.ids.new_id, primary_key=True, serialize=False),
                ),
                ("code", models.CharField(max_length=20, unique=True)),
                ("reason", models.CharField(max_length=100)),
                ("note", models.CharField(blank=True, default="", max_length=300)),
                (
                    "lines",
                    models.JSONField(help_text="[{variant_id, quantity, lot, expires_on, unit_cost_minor, on_hand}]"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("booked", "Booked"),
                            ("rejected", "Rejected"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="waiting",
                        max_length=9,
                    ),
                ),
                ("asked_by", models.CharField(max_length=80)),
                ("asked_at", models.DateTimeField()),
                ("decided_by", models.CharField(blank=True, default="", max_length=80)),
                ("decided_at", models.DateTimeField(null=True)),
                ("decision", models.CharField(blank=True, default="", max_length=300)),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="inventory.location"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["state", "id"], name="adjustment_by_state")],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(("state", "waiting"), ("decided_at__isnull", False), _connector="OR"),
                        name="adjustment_decided_by_somebody",
                    )
                ],
            },
        ),
        migrations.AddField(
            "transfer", "created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())
        ),
        migrations.AddField(
            "transfer", "drafted_by", models.CharField(blank=True, db_default="", default="", max_length=80)
        ),
        migrations.AddField(
            "transfer", "note", models.CharField(blank=True, db_default="", default="", max_length=300)
        ),
        migrations.AddField(
            "transfer", "requested_by", models.CharField(blank=True, db_default="", default="", max_length=80)
        ),
        migrations.AlterField(
            "transfer",
            "lines",
            models.JSONField(
                help_text="[{variant_id, asked, quantity, received, cause, booked: [{cause, units, instead}]}]"
            ),
        ),
        migrations.AlterField("transfer", "shipped_at", models.DateTimeField(null=True)),
        migrations.AlterField(
            "transfer",
            "state",
            models.CharField(
                choices=[
                    ("draft", "Draft"),
                    ("requested", "Requested"),
                    ("ready", "Ready"),
                    ("in_transit", "In Transit"),
                    ("received", "Received"),
                    ("differs", "Differs"),
                    ("settled", "Settled"),
                    ("cancelled", "Cancelled"),
                ],
                default="in_transit",
                max_length=10,
            ),
        ),
        migrations.RunSQL(_MADE_WHEN_SHIPPED, migrations.RunSQL.noop),
        migrations.AddIndex("transfer", models.Index(fields=["state", "id"], name="transfer_by_state")),
        migrations.RunSQL(_BY_VARIANT, "drop index transfer_by_variant"),
        migrations.AddConstraint(
            "transfer",
            models.CheckConstraint(
                condition=Q(("from_location", F("to_location")), _negated=True), name="transfer_between_two_places"
            ),
        ),
        migrations.CreateModel(
            name="TransferStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("step", models.CharField(max_length=12)),
                ("actor", models.CharField(max_length=80)),
                ("note", models.CharField(blank=True, default="", max_length=300)),
                ("at", models.DateTimeField()),
                (
                    "transfer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="inventory.transfer"
                    ),
                ),
            ],
        ),
        append_only("inventory_transferstep"),
        audited("inventory_transfer"),
        audited("inventory_adjustment"),
        audited("inventory_approvallimits"),
    ]
