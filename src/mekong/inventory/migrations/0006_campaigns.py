"""Units set aside on one channel for a time: campaigns of marketplaces, livestreams."""

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

from mekong.foundation.audit import audited


class Migration(migrations.Migration):
    dependencies = [
        ("foundation", "0001_initial"),
        ("catalog", "0004_audit"),
        ("inventory", "0005_movement_search"),
    ]

    operations = [
        migrations.AddField(
            model_name="holdline",
            name="campaign_stock_id",
            field=models.BigIntegerField(help_text="What was set aside that they were taken from.", null=True),
        ),
        migrations.CreateModel(
            name="StockCampaign",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=20, unique=True)),
                ("name", models.CharField(max_length=120)),
                (
                    "kind",
                    models.CharField(
                        choices=[("campaign", "Campaign"), ("livestream", "Livestream")],
                        default="campaign",
                        max_length=10,
                    ),
                ),
                ("channel", models.CharField(max_length=40)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("running", "Running"),
                            ("ended", "Ended"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="planned",
                        max_length=9,
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.CharField(max_length=80)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["planned", "running"])),
                        fields=["state", "starts_at"],
                        name="stock_campaign_open",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["campaign", "livestream"])), name="stock_campaign_kind_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["planned", "running", "ended", "cancelled"])),
                        name="stock_campaign_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                        name="stock_campaign_ends_after_start",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CampaignStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("what", models.CharField(max_length=10)),
                ("params", models.JSONField(default=dict)),
                ("actor", models.CharField(max_length=80)),
                ("at", models.DateTimeField()),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="steps", to="inventory.stockcampaign"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CampaignLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                ("listing", models.CharField(blank=True, default="", max_length=120)),
                ("quantity", models.BigIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("aside", "Aside"), ("short", "Short")],
                        default="waiting",
                        max_length=7,
                    ),
                ),
                ("free_seen", models.BigIntegerField(null=True)),
                (
                    "variant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.variant"
                    ),
                ),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="inventory.stockcampaign"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CampaignStock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hold_id", models.UUIDField(unique=True)),
                ("set_aside", models.BigIntegerField()),
                ("sold", models.BigIntegerField(default=0)),
                ("returned", models.BigIntegerField(help_text="Null while the campaign runs.", null=True)),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="stocks", to="inventory.campaignline"
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="inventory.location",
                    ),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.variant",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("set_aside__gt", 0), ("sold__gte", 0), ("sold__lte", models.F("set_aside"))
                        ),
                        name="campaign_stock_sells_what_it_has",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("returned__isnull", True),
                            (
                                "returned",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("set_aside"), "-", models.F("sold")
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="campaign_stock_adds_up",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="campaignline",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity__gt", 0)), name="campaign_line_wants_something"
            ),
        ),
        migrations.AddConstraint(
            model_name="campaignline",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["waiting", "aside", "short"])), name="campaign_line_state_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="campaignline",
            constraint=models.UniqueConstraint(fields=("campaign", "variant", "listing"), name="campaign_line_once"),
        ),
        audited("inventory_stockcampaign"),
        audited("inventory_campaignline", ignore=["free_seen"]),
    ]
