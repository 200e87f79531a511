"""Indexes of what is owed: orders not paid, and orders to be refunded."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("orders", "0004_parts_and_holds")]

    operations = [
        migrations.AddIndex(
            "salesorder",
            models.Index(
                fields=["placed_at"],
                condition=Q(("payment_state__in", ["unpaid", "partly_paid"])),
                name="order_owing",
            ),
        ),
        migrations.AddIndex(
            "salesorder",
            models.Index(
                fields=["placed_at"],
                condition=Q(("payment_state__in", ["paid", "partly_paid"]), ("state__in", ["cancelled", "returned"])),
                name="order_to_refund",
            ),
        ),
    ]
