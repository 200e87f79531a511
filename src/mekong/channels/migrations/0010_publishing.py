"""Categories of platforms, what ours are there, and products published from here."""

import django.db.models.deletion
from django.db import migrations, models

from mekong.foundation.audit import audited


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0006_grid_layout"),
        ("channels", "0009_earnings"),
    ]

    operations = [
        migrations.CreateModel(
            name="CategoryMapping",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "category",
                    models.CharField(
                        help_text="Its code: a category that is removed takes its mapping along.", max_length=60
                    ),
                ),
                ("external_id", models.CharField(max_length=120)),
                ("rules", models.JSONField(default=dict)),
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
                "constraints": [models.UniqueConstraint(fields=("channel", "category"), name="category_mapped_once")],
            },
        ),
        migrations.CreateModel(
            name="PictureCopy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sha256", models.CharField(max_length=64)),
                ("reference", models.CharField(max_length=1000)),
                ("given_at", models.DateTimeField()),
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
                "verbose_name_plural": "picture copies",
                "constraints": [models.UniqueConstraint(fields=("channel", "sha256"), name="picture_given_once")],
            },
        ),
        migrations.CreateModel(
            name="PlatformCategory",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("external_id", models.CharField(max_length=120)),
                ("parent_external_id", models.CharField(blank=True, default="", max_length=120)),
                ("path", models.JSONField(default=list, help_text="Names from the top to this one.")),
                ("found_by", models.CharField(help_text="Folded words of its path.", max_length=1200)),
                ("is_leaf", models.BooleanField()),
                ("position", models.PositiveIntegerField()),
                ("attributes", models.JSONField(null=True)),
                ("attributes_at", models.DateTimeField(null=True)),
                ("read_at", models.DateTimeField()),
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
                "constraints": [
                    models.UniqueConstraint(fields=("channel", "external_id"), name="platform_category_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Publication",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_shown", models.BooleanField(default=True)),
                ("follows", models.BooleanField(default=True)),
                (
                    "takes_over",
                    models.BooleanField(default=False, help_text="What was listed there by hand may be replaced."),
                ),
                ("state", models.CharField(default="waiting", max_length=10)),
                ("turn", models.BigIntegerField(default=1)),
                ("done_turn", models.BigIntegerField(default=0)),
                ("sent", models.CharField(blank=True, default="", max_length=64)),
                ("item_id", models.CharField(blank=True, default="", max_length=60)),
                ("ticket", models.TextField(blank=True, default="")),
                ("url", models.CharField(blank=True, default="", max_length=500)),
                ("gaps", models.JSONField(default=list)),
                ("reasons", models.JSONField(default=list)),
                ("problem", models.JSONField(default=dict)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("next_at", models.DateTimeField(help_text="When there is something to do; null: nothing.", null=True)),
                ("asked_by", models.CharField(max_length=80)),
                ("asked_at", models.DateTimeField()),
                ("begun_at", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("live_at", models.DateTimeField(null=True)),
                (
                    "channel",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="channels.channel",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.product"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("next_at__isnull", False)),
                        fields=["channel", "next_at"],
                        name="publication_due",
                    ),
                    models.Index(fields=["channel", "state", "-id"], name="publication_by_state"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("channel", "product"), name="published_once_per_channel"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ("waiting", "incomplete", "reviewing", "live", "hidden", "refused", "gone"))
                        ),
                        name="publication_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("done_turn__lte", models.F("turn"))), name="publication_done_not_ahead"
                    ),
                ],
            },
        ),
        audited("channels_categorymapping"),
        audited(
            "channels_publication",
            ignore=[
                "turn",
                "done_turn",
                "sent",
                "ticket",
                "gaps",
                "reasons",
                "problem",
                "attempts",
                "next_at",
                "begun_at",
                "sent_at",
            ],
        ),
    ]
