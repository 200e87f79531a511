"""Health: hours of delays, what audits found, incidents and their steps, how a channel usually talks."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

_HOURS = """
insert into channels_synchour (channel_id, hour, acked, failed, calls, buckets)
select t.channel_id, t.hour, t.acked, t.failed, t.calls, b.buckets
  from (select channel_id, date_trunc('hour', minute) as hour, sum(acked) acked, sum(failed) failed, sum(calls) calls
          from channels_syncminute group by 1, 2) t
  join (select channel_id, hour, array_agg(units order by bucket) as buckets
          from (select m.channel_id, date_trunc('hour', m.minute) as hour, u.bucket, sum(u.units) as units
                  from channels_syncminute m, unnest(m.buckets) with ordinality u(units, bucket)
                 group by 1, 2, 3) each
         group by 1, 2) b on b.channel_id = t.channel_id and b.hour = t.hour;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("channels", "0005_redirect_url"),
    ]

    operations = [
        migrations.CreateModel(
            name="Habit",
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
                ("gaps", models.JSONField(default=dict)),
                ("since", models.DateTimeField()),
                ("learnt_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="channel",
            name="authorised_until",
            field=models.DateTimeField(
                help_text="When the merchant must say yes again, where the platform says so; renewals may move it.",
                null=True,
            ),
        ),
        migrations.CreateModel(
            name="AuditRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("asked_by", models.CharField(max_length=80)),
                ("asked", models.PositiveIntegerField(default=0)),
                ("read", models.PositiveIntegerField(default=0)),
                ("missing", models.PositiveIntegerField(default=0)),
                ("differed", models.PositiveIntegerField(default=0)),
                ("error_code", models.CharField(blank=True, default="", max_length=80)),
                ("error_params", models.JSONField(default=dict)),
                ("started_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
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
        ),
        migrations.CreateModel(
            name="AuditDifference",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("acknowledged", models.BigIntegerField()),
                ("shown", models.BigIntegerField()),
                ("turn", models.BigIntegerField()),
                ("read_at", models.DateTimeField()),
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
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="channels.auditrun"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Incident",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("outage", "Outage"), ("access", "Access"), ("silence", "Silence")], max_length=8
                    ),
                ),
                ("problem", models.JSONField(default=dict, help_text="What was wrong at first: code and params.")),
                ("began_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("hushed_at", models.DateTimeField(help_text="Somebody knows of it: no alarm any more.", null=True)),
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
        ),
        migrations.CreateModel(
            name="IncidentStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("what", models.CharField(max_length=12)),
                ("params", models.JSONField(default=dict)),
                ("count", models.PositiveIntegerField(default=1)),
                ("at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="steps", to="channels.incident"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SyncHour",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hour", models.DateTimeField()),
                ("acked", models.PositiveIntegerField(default=0)),
                ("failed", models.PositiveIntegerField(default=0)),
                ("calls", models.PositiveIntegerField(default=0)),
                (
                    "buckets",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveIntegerField(), default=list, size=None
                    ),
                ),
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
        ),
        migrations.AddIndex(
            model_name="auditrun",
            index=models.Index(fields=["channel", "-id"], name="audit_run_by_channel"),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(fields=["channel", "-id"], name="incident_by_channel"),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["outage", "access", "silence"])), name="incident_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)), fields=("channel", "kind"), name="incident_one_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="synchour",
            constraint=models.UniqueConstraint(fields=("channel", "hour"), name="sync_hour_once"),
        ),
        migrations.RunSQL(_HOURS, migrations.RunSQL.noop),
    ]
