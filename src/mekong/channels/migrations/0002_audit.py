"""What Django cannot say: audit of what people set, and room for rows that every acknowledgement rewrites."""

from django.db import migrations

from mekong.foundation.audit import audited

_HOT = """
alter table channels_listingsync
  set (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
alter table channels_noticeinbox set (autovacuum_vacuum_scale_factor = 0.05);
"""


class Migration(migrations.Migration):
    dependencies = [("channels", "0001_initial"), ("foundation", "0001_initial")]

    operations = [
        migrations.RunSQL(_HOT, migrations.RunSQL.noop),
        audited(
            "channels_channel",
            redact=["sealed_secrets"],
            ignore=["health", "order_cursor", "last_push_at", "last_pull_at", "seen_at", "revision"],
        ),
        audited("channels_listing", ignore=["pulled_at"]),
        audited("channels_outbound", ignore=["attempts", "next_at"]),
    ]
