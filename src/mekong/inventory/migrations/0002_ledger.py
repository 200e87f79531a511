"""What Django cannot say: an append-only ledger, room for hot rows, audit of what shapes selling."""

from django.db import migrations

from mekong.foundation.audit import append_only, audited

# Half-empty pages let a hot stock row be updated in place, and vacuum often enough that its chain of versions stays short.
_HOT = """
alter table inventory_stocklevel
  set (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
alter table inventory_hold
  set (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.2);
alter table inventory_holdline
  set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.2);
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0001_initial"), ("foundation", "0001_initial")]

    operations = [
        append_only("inventory_stockmovement"),
        migrations.RunSQL(_HOT, migrations.RunSQL.noop),
        audited("inventory_location"),
        audited("inventory_stockcontrol", ignore=["used"]),
        audited("inventory_channelsupply"),
        audited("inventory_reorderlevel"),
    ]
