"""Platforms that follow OAuth2 want the redirect's address again with the code."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("channels", "0004_order_file")]

    operations = [
        migrations.AddField(
            "authorisation",
            "redirect_url",
            models.TextField(default="", help_text="Where the platform sends the merchant back."),
        ),
    ]
