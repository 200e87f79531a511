import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0006_grid_layout"),
        ("channels", "0012_acked_sale"),
    ]

    operations = [
        migrations.CreateModel(
            name="Checked",
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
                ("checked_at", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "checked",
            },
        ),
        migrations.CreateModel(
            name="Difference",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("fact", models.CharField(max_length=11)),
                ("reason", models.CharField(max_length=12)),
                ("is_fault", models.BooleanField()),
                ("since", models.DateTimeField()),
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
                    "listing",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="channels.listing",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.product",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["product"], name="difference_by_product"),
                    models.Index(fields=["channel", "fact", "reason"], name="difference_by_channel"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("listing", "fact"), name="difference_once_per_fact"),
                    models.CheckConstraint(
                        condition=models.Q(("fact__in", ("price", "sale", "name", "description", "pictures"))),
                        name="difference_fact_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "reason__in",
                                (
                                    "changed",
                                    "refused",
                                    "incomplete",
                                    "pending",
                                    "own_price",
                                    "prices_off",
                                    "not_synced",
                                    "not_followed",
                                    "by_hand",
                                    "currency",
                                    "reviewing",
                                    "unread",
                                ),
                            )
                        ),
                        name="difference_reason_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ItemLooks",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("item_id", models.CharField(max_length=60)),
                ("name", models.CharField(max_length=500)),
                ("description", models.TextField(null=True)),
                ("pictures", models.PositiveIntegerField(null=True)),
                ("seen_at", models.DateTimeField()),
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
                "verbose_name_plural": "item looks",
                "constraints": [models.UniqueConstraint(fields=("channel", "item_id"), name="looks_once_per_item")],
            },
        ),
    ]
