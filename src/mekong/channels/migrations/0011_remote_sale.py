"""The sale price that a platform shows beside the list price."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("channels", "0010_publishing"),
    ]

    operations = [
        migrations.AddField("listingsync", "remote_sale_minor", models.BigIntegerField(null=True)),
        migrations.AddField("listingsync", "remote_sale_ends_at", models.DateTimeField(null=True)),
    ]
