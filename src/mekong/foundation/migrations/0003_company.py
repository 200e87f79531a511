"""Who runs this installation, as documents name it."""

from django.db import migrations, models

from mekong.foundation import audit


class Migration(migrations.Migration):
    dependencies = [("foundation", "0002_security")]

    operations = [
        migrations.CreateModel(
            name="Company",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("name", models.CharField(blank=True, default="", max_length=160)),
                ("tax_code", models.CharField(blank=True, default="", max_length=14)),
                ("phone", models.CharField(blank=True, default="", help_text="E.164.", max_length=20)),
                ("email", models.EmailField(blank=True, default="", max_length=254)),
                ("address", models.CharField(blank=True, default="", max_length=300)),
                ("setup_left_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="company_is_one")],
            },
        ),
        audit.audited("foundation_company"),
    ]
