"""What people said of a channel's order exports is remembered."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("channels", "0003_give_up")]

    operations = [
        migrations.AddField(
            "channel",
            "order_file",
            models.JSONField(
                default=dict,
                help_text="What people said of its order exports: columns {field: header}, states {text: step}.",
            ),
        ),
    ]
