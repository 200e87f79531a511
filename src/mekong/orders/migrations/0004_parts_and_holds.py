"""Orders that were split, merged or packed together; holds that people set; notes for who packs; addresses before."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0003_holds_due"),
        ("orders", "0003_order_list"),
    ]

    operations = [
        migrations.AddField(
            model_name="salesorder",
            name="earlier_addresses",
            field=models.JSONField(
                db_default=[], default=list, help_text="[{name, phone, address, by, at}] before corrections."
            ),
        ),
        migrations.AddField(
            model_name="salesorder",
            name="holds",
            field=models.JSONField(db_default={}, default=dict),
        ),
        migrations.AddField(
            model_name="salesorder",
            name="merged_into",
            field=models.CharField(blank=True, db_default="", default="", max_length=24),
        ),
        migrations.AddField(
            model_name="salesorder",
            name="packed_with",
            field=models.CharField(blank=True, db_default="", default="", max_length=24),
        ),
        migrations.AddField(
            model_name="salesorder",
            name="split_from",
            field=models.CharField(blank=True, db_default="", default="", max_length=24),
        ),
        migrations.AddField(
            model_name="salesorder",
            name="staff_note",
            field=models.TextField(blank=True, db_default="", default="", help_text="For who packs."),
        ),
        migrations.AlterField(
            model_name="salesorder",
            name="note",
            field=models.TextField(blank=True, default="", help_text="The buyer's words."),
        ),
        migrations.AddIndex(
            model_name="salesorder",
            index=models.Index(
                condition=models.Q(("customer_ref", ""), _negated=True),
                fields=["channel", "customer_ref"],
                name="order_by_buyer",
            ),
        ),
        migrations.AddIndex(
            model_name="salesorder",
            index=models.Index(
                condition=models.Q(("packed_with", ""), _negated=True), fields=["packed_with"], name="order_by_parcel"
            ),
        ),
    ]
