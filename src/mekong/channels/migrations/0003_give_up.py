"""How long a channel's orders beyond stock wait for goods."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("channels", "0002_audit")]

    operations = [
        migrations.AddField(
            "channel",
            "give_up_after_min",
            models.PositiveIntegerField(
                default=60, help_text="Orders beyond stock are cancelled then; null: never.", null=True
            ),
        ),
    ]
