"""Holds whose time is up are found by one index, the released ones that still keep lines among them."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("inventory", "0002_ledger")]

    operations = [
        migrations.AddIndex(
            "hold",
            models.Index(
                fields=["expires_at"],
                condition=Q(("state__in", ["held", "released"]), ("expires_at__isnull", False)),
                name="hold_due",
            ),
        ),
        migrations.RemoveIndex("hold", "hold_expiring"),
    ]
