"""The timeline is append-only; order tables are vacuumed early because their rows are read while fresh."""

from django.db import migrations

from mekong.foundation.audit import append_only

_TABLES = """
alter table orders_salesorder set (fillfactor = 85, autovacuum_vacuum_insert_scale_factor = 0.1);
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial"), ("foundation", "0001_initial")]

    operations = [append_only("orders_timelineentry"), migrations.RunSQL(_TABLES, migrations.RunSQL.noop)]
