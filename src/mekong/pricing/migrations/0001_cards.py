import django.db.models.deletion
from django.db import migrations, models

import mekong.foundation.ids
from mekong.foundation.audit import append_only, audited


class Migration(migrations.Migration):
    initial = True

    dependencies = [("foundation", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="CardBatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(default=mekong.foundation.ids.new_id, editable=False, unique=True)),
                ("name", models.CharField(max_length=120)),
                ("value_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("count", models.PositiveIntegerField()),
                ("expires_at", models.DateTimeField(null=True)),
                ("issued_by", models.CharField(max_length=80)),
                ("issued_at", models.DateTimeField()),
                ("taken_at", models.DateTimeField(null=True)),
                ("taken_by", models.CharField(blank=True, default="", max_length=80)),
                (
                    "forgotten_at",
                    models.DateTimeField(help_text="Since then no code of it can be printed here.", null=True),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["-issued_at", "-id"], name="card_batch_latest")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("value_minor__gt", 0), ("count__gt", 0)), name="card_batch_has_value"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CodeKey",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("sealed", models.TextField()),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="code_key_is_one")],
            },
        ),
        migrations.CreateModel(
            name="CodeTry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("who", models.CharField(max_length=200)),
                ("minute", models.DateTimeField()),
                ("failures", models.PositiveIntegerField(default=0)),
            ],
            options={
                "indexes": [models.Index(fields=["minute"], name="code_try_by_minute")],
                "constraints": [models.UniqueConstraint(fields=("who", "minute"), name="code_try_once_a_minute")],
            },
        ),
        migrations.CreateModel(
            name="GiftCard",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(default=mekong.foundation.ids.new_id, editable=False, unique=True)),
                ("code_hash", models.CharField(max_length=64, unique=True)),
                ("sealed_code", models.TextField(blank=True, default="")),
                ("last4", models.CharField(max_length=4)),
                ("currency", models.CharField(max_length=3)),
                ("value_minor", models.BigIntegerField()),
                ("balance_minor", models.BigIntegerField()),
                ("held_minor", models.BigIntegerField(default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("inactive", "Inactive"),
                            ("active", "Active"),
                            ("used_up", "Used Up"),
                            ("blocked", "Blocked"),
                            ("expired", "Expired"),
                        ],
                        default="inactive",
                        max_length=10,
                    ),
                ),
                ("expires_at", models.DateTimeField(null=True)),
                ("buyer", models.CharField(blank=True, default="", max_length=200)),
                ("recipient", models.CharField(blank=True, default="", max_length=200)),
                ("blocked_for", models.CharField(blank=True, default="", max_length=200)),
                ("issued_at", models.DateTimeField()),
                ("activated_at", models.DateTimeField(null=True)),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="cards", to="pricing.cardbatch"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CardHold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(default=mekong.foundation.ids.new_id, editable=False, unique=True)),
                ("reference", models.CharField(max_length=80)),
                ("amount_minor", models.BigIntegerField()),
                ("asked_minor", models.BigIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[("held", "Held"), ("claimed", "Claimed"), ("released", "Released")],
                        default="held",
                        max_length=10,
                    ),
                ),
                ("expires_at", models.DateTimeField()),
                ("used_minor", models.BigIntegerField(default=0)),
                ("used_by", models.CharField(blank=True, default="", max_length=80)),
                ("given_back_minor", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                (
                    "card",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="holds", to="pricing.giftcard"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CardEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("issue", "Issue"),
                            ("activate", "Activate"),
                            ("top_up", "Top Up"),
                            ("hold", "Hold"),
                            ("release", "Release"),
                            ("use", "Use"),
                            ("give_back", "Give Back"),
                            ("expire", "Expire"),
                            ("extend", "Extend"),
                            ("block", "Block"),
                            ("unblock", "Unblock"),
                        ],
                        max_length=10,
                    ),
                ),
                ("balance_change", models.BigIntegerField(default=0)),
                ("held_change", models.BigIntegerField(default=0)),
                ("balance_after", models.BigIntegerField()),
                ("held_after", models.BigIntegerField()),
                ("reference", models.CharField(blank=True, default="", max_length=80)),
                ("note", models.CharField(blank=True, default="", max_length=200)),
                ("actor", models.CharField(max_length=80)),
                ("at", models.DateTimeField()),
                (
                    "card",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="entries", to="pricing.giftcard"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="giftcard",
            index=models.Index(fields=["last4", "-id"], name="card_by_last4"),
        ),
        migrations.AddIndex(
            model_name="giftcard",
            index=models.Index(fields=["state", "-id"], name="card_by_state"),
        ),
        migrations.AddIndex(
            model_name="giftcard",
            index=models.Index(fields=["batch", "id"], name="card_by_batch"),
        ),
        migrations.AddIndex(
            model_name="giftcard",
            index=models.Index(
                condition=models.Q(("state__in", ("inactive", "active"))), fields=["expires_at"], name="card_ending"
            ),
        ),
        migrations.AddConstraint(
            model_name="giftcard",
            constraint=models.CheckConstraint(
                condition=models.Q(("held_minor__gte", 0), ("held_minor__lte", models.F("balance_minor"))),
                name="card_never_below_zero",
            ),
        ),
        migrations.AddConstraint(
            model_name="giftcard",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["inactive", "active", "used_up", "blocked", "expired"])),
                name="card_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="giftcard",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "used_up"), _negated=True), ("balance_minor", 0), _connector="OR"
                ),
                name="card_used_up_is_empty",
            ),
        ),
        migrations.AddConstraint(
            model_name="giftcard",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ("active", "used_up")), _negated=True),
                    ("activated_at__isnull", False),
                    _connector="OR",
                ),
                name="card_active_since",
            ),
        ),
        migrations.AddIndex(
            model_name="cardhold",
            index=models.Index(condition=models.Q(("state", "held")), fields=["expires_at"], name="card_hold_due"),
        ),
        migrations.AddIndex(
            model_name="cardhold",
            index=models.Index(fields=["card", "state"], name="card_hold_of_card"),
        ),
        migrations.AddIndex(
            model_name="cardhold",
            index=models.Index(condition=models.Q(("state", "claimed")), fields=["used_by"], name="card_hold_by_order"),
        ),
        migrations.AddConstraint(
            model_name="cardhold",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "released"), _negated=True),
                fields=("card", "reference"),
                name="card_hold_once_by_reference",
            ),
        ),
        migrations.AddConstraint(
            model_name="cardhold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount_minor__gt", 0),
                    ("used_minor__lte", models.F("amount_minor")),
                    ("given_back_minor__gte", 0),
                    ("given_back_minor__lte", models.F("used_minor")),
                ),
                name="card_hold_adds_up",
            ),
        ),
        migrations.AddConstraint(
            model_name="cardhold",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["held", "claimed", "released"])), name="card_hold_state_known"
            ),
        ),
        migrations.AddIndex(
            model_name="cardentry",
            index=models.Index(fields=["card", "-id"], name="card_entry_latest"),
        ),
        migrations.AddConstraint(
            model_name="cardentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind__in", ("top_up", "give_back"))),
                fields=("card", "kind", "reference"),
                name="card_entry_once_by_reference",
            ),
        ),
        append_only("pricing_cardentry"),
        audited("pricing_cardbatch"),
    ]
