"""Returns that buyers ask platforms for, and how far they were read."""

import django.db.models.deletion
from django.db import migrations, models

import mekong.foundation.ids
from mekong.foundation.audit import audited


class Migration(migrations.Migration):
    dependencies = [
        ("channels", "0006_health"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReturnMark",
            fields=[
                (
                    "channel",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="channels.channel",
                    ),
                ),
                ("read_to", models.DateTimeField(help_text="Every return that moved before it is stored.")),
            ],
        ),
        migrations.CreateModel(
            name="ChannelReturn",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(default=mekong.foundation.ids.new_id, editable=False, unique=True)),
                ("external_id", models.CharField(max_length=80)),
                ("order_external_id", models.CharField(max_length=80)),
                ("state", models.CharField(max_length=16)),
                ("raw_state", models.CharField(blank=True, default="", max_length=120)),
                ("reason_code", models.CharField(blank=True, default="", max_length=120)),
                ("reason", models.TextField(blank=True, default="")),
                ("refund_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("is_goods_coming_back", models.BooleanField()),
                ("lines", models.JSONField(default=list)),
                ("tracking_no", models.CharField(blank=True, default="", max_length=80)),
                ("requested_at", models.DateTimeField()),
                ("answer_by", models.DateTimeField(null=True)),
                ("remote_updated_at", models.DateTimeField(null=True)),
                ("seen_at", models.DateTimeField()),
                ("answer", models.CharField(blank=True, default="", max_length=6)),
                ("answer_reason", models.CharField(blank=True, default="", max_length=300)),
                ("answered_by", models.CharField(blank=True, default="", max_length=80)),
                ("asked_at", models.DateTimeField(null=True)),
                ("answered_at", models.DateTimeField(null=True)),
                ("is_order_moved", models.BooleanField(default=False)),
                (
                    "channel",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="channels.channel",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["channel", "order_external_id"], name="return_by_order"),
                    models.Index(
                        models.OrderBy(models.F("answer_by"), nulls_last=True),
                        models.F("id"),
                        condition=models.Q(("answered_at__isnull", True), ("state", "requested")),
                        name="return_waiting",
                    ),
                    models.Index(fields=["-requested_at", "-id"], name="return_by_time"),
                    models.Index(
                        condition=models.Q(
                            ("is_goods_coming_back", True),
                            ("is_order_moved", False),
                            ("state__in", ["accepted", "shipping_back", "received"]),
                        ),
                        fields=["channel"],
                        name="return_to_move",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("channel", "external_id"), name="return_once_per_channel"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "requested",
                                    "accepted",
                                    "shipping_back",
                                    "received",
                                    "disputed",
                                    "refunded",
                                    "closed",
                                ],
                            )
                        ),
                        name="return_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("answer__in", ["", "accept", "refuse"])), name="return_answer_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("refund_minor__gte", 0)), name="return_money_not_negative"
                    ),
                ],
            },
        ),
        audited(
            "channels_channelreturn",
            ignore=["remote_updated_at", "seen_at", "raw_state", "tracking_no", "lines", "answer_by"],
        ),
    ]
