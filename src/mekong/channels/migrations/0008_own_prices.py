"""A listing may have a price of its own, and what the platform says of a price is kept."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("channels", "0007_returns")]

    operations = [
        migrations.AddField(
            model_name="listing",
            name="own_price_minor",
            field=models.BigIntegerField(
                help_text="In the channel's currency; null: the catalogue's price.", null=True
            ),
        ),
        migrations.AddField(
            model_name="listingsync",
            name="price_error_code",
            field=models.CharField(blank=True, db_default="", default="", max_length=80),
        ),
        migrations.AddField(
            model_name="listingsync",
            name="price_error_params",
            field=models.JSONField(db_default={}, default=dict),
        ),
        migrations.AddConstraint(
            model_name="listing",
            constraint=models.CheckConstraint(
                condition=Q(own_price_minor__isnull=True) | Q(own_price_minor__gt=0), name="listing_own_price_above_0"
            ),
        ),
    ]
