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
            name="Game",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(default=mekong.foundation.ids.new_id, editable=False, unique=True)),
                ("slug", models.SlugField(max_length=60, unique=True)),
                ("name", models.CharField(max_length=120)),
                (
                    "kind",
                    models.CharField(
                        choices=[("spin", "Spin"), ("scratch", "Scratch"), ("check_in", "Check In")], max_length=10
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "Draft"), ("running", "Running"), ("ended", "Ended")],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("members_only", models.BooleanField(default=False)),
                ("per_day", models.PositiveSmallIntegerField(default=1)),
                ("currency", models.CharField(default="VND", max_length=3)),
                ("budget_minor", models.BigIntegerField(null=True)),
                ("spent_minor", models.BigIntegerField(default=0)),
                ("plays", models.BigIntegerField(default=0)),
                ("sealed_seed", models.TextField(blank=True, default="")),
                ("commitment", models.CharField(blank=True, default="", max_length=64)),
                ("table_digest", models.CharField(blank=True, default="", max_length=64)),
                ("seed", models.CharField(blank=True, default="", max_length=64)),
                ("created_by", models.CharField(max_length=80)),
                ("created_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["state", "ends_at"], name="game_by_state")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="game_ends_after_it_starts"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["spin", "scratch", "check_in"])), name="game_kind_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("spent_minor__gte", 0),
                            models.Q(
                                ("budget_minor", None), ("spent_minor__lte", models.F("budget_minor")), _connector="OR"
                            ),
                        ),
                        name="game_within_budget",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", "draft"), models.Q(("commitment", ""), _negated=True), _connector="OR"
                        ),
                        name="game_commits_before_it_runs",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state", "ended"), ("seed", ""), _connector="OR"),
                        name="game_seed_secret_until_its_end",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "check_in"), _negated=True), ("per_day", 1), _connector="OR"
                        ),
                        name="game_check_in_once_a_day",
                    ),
                ],
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
        migrations.CreateModel(
            name="Player",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(default=mekong.foundation.ids.new_id, editable=False, unique=True)),
                ("phone", models.CharField(max_length=40)),
                ("created_at", models.DateTimeField()),
                (
                    "game",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="players", to="pricing.game"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PlayerDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("plays", models.PositiveIntegerField()),
                ("cap", models.PositiveIntegerField()),
                (
                    "player",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="pricing.player"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PlayRate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("who", models.CharField(max_length=120)),
                ("minute", models.DateTimeField()),
                ("calls", models.PositiveIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["minute"], name="play_rate_by_minute")],
                "constraints": [models.UniqueConstraint(fields=("who", "minute"), name="play_rate_once_a_minute")],
            },
        ),
        migrations.CreateModel(
            name="Prize",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=60)),
                (
                    "kind",
                    models.CharField(
                        choices=[("voucher", "Voucher"), ("points", "Points"), ("none", "None")], max_length=10
                    ),
                ),
                ("weight", models.PositiveIntegerField()),
                ("stock", models.PositiveIntegerField(null=True)),
                ("daily_cap", models.PositiveIntegerField(null=True)),
                ("promotion_code", models.CharField(blank=True, default="", max_length=60)),
                ("points", models.PositiveIntegerField(default=0)),
                ("cost_minor", models.BigIntegerField(default=0)),
                ("colour", models.CharField(default="#2f6f5e", max_length=7)),
                ("day", models.PositiveSmallIntegerField(default=0)),
                ("given", models.PositiveIntegerField(default=0)),
                (
                    "game",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="prizes", to="pricing.game"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Play",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(default=mekong.foundation.ids.new_id, editable=False, unique=True)),
                ("number", models.BigIntegerField()),
                ("request_id", models.CharField(max_length=64)),
                ("client_seed", models.CharField(max_length=64)),
                ("day", models.DateField()),
                ("streak", models.PositiveIntegerField(default=0)),
                ("fell_for", models.CharField(blank=True, default="", max_length=10)),
                ("cost_minor", models.BigIntegerField(default=0)),
                ("sealed_code", models.TextField(blank=True, default="")),
                ("at", models.DateTimeField()),
                (
                    "game",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="pricing.game"),
                ),
                (
                    "player",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="plays", to="pricing.player"
                    ),
                ),
                (
                    "drawn",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="pricing.prize"
                    ),
                ),
                (
                    "given",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="pricing.prize"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PrizeDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("given", models.PositiveIntegerField()),
                ("cap", models.PositiveIntegerField()),
                (
                    "prize",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="pricing.prize"
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
        migrations.AddConstraint(
            model_name="player",
            constraint=models.UniqueConstraint(fields=("game", "phone"), name="player_once_in_a_game"),
        ),
        migrations.AddConstraint(
            model_name="playerday",
            constraint=models.UniqueConstraint(fields=("player", "day"), name="player_day_once"),
        ),
        migrations.AddConstraint(
            model_name="playerday",
            constraint=models.CheckConstraint(
                condition=models.Q(("plays__lte", models.F("cap"))), name="player_within_day"
            ),
        ),
        migrations.AddConstraint(
            model_name="prize",
            constraint=models.UniqueConstraint(fields=("game", "position"), name="prize_place_once"),
        ),
        migrations.AddConstraint(
            model_name="prize",
            constraint=models.CheckConstraint(
                condition=models.Q(("stock", None), ("given__lte", models.F("stock")), _connector="OR"),
                name="prize_within_stock",
            ),
        ),
        migrations.AddConstraint(
            model_name="prize",
            constraint=models.CheckConstraint(
                condition=models.Q(("weight__gt", 0), ("cost_minor__gte", 0)), name="prize_has_weight"
            ),
        ),
        migrations.AddConstraint(
            model_name="prize",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["voucher", "points", "none"])), name="prize_kind_known"
            ),
        ),
        migrations.AddIndex(
            model_name="play",
            index=models.Index(fields=["player", "-number"], name="play_of_player"),
        ),
        migrations.AddConstraint(
            model_name="play",
            constraint=models.UniqueConstraint(fields=("game", "number"), name="play_number_once"),
        ),
        migrations.AddConstraint(
            model_name="play",
            constraint=models.UniqueConstraint(fields=("player", "request_id"), name="play_once_by_request"),
        ),
        migrations.AddConstraint(
            model_name="play",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("drawn__isnull", False),
                        ("fell_for", ""),
                        ("given", models.F("drawn")),
                        ("given__isnull", False),
                    ),
                    models.Q(models.Q(("fell_for", ""), _negated=True), ("given__isnull", True)),
                    _connector="OR",
                ),
                name="play_gives_what_it_drew",
            ),
        ),
        migrations.AddConstraint(
            model_name="prizeday",
            constraint=models.UniqueConstraint(fields=("prize", "day"), name="prize_day_once"),
        ),
        migrations.AddConstraint(
            model_name="prizeday",
            constraint=models.CheckConstraint(
                condition=models.Q(("given__lte", models.F("cap"))), name="prize_within_day"
            ),
        ),
        append_only("pricing_cardentry"),
        audited("pricing_cardbatch"),
        append_only("pricing_play"),
        audited("pricing_game", redact=["sealed_seed"], ignore=["plays", "spent_minor"]),
        audited("pricing_prize", ignore=["given"]),
    ]
