"""Which columns of the table of variants somebody looks at."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0005_catalogue_desk")]

    operations = [
        migrations.CreateModel(
            name="GridLayout",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("owner", models.CharField(max_length=80, unique=True)),
                ("columns", models.JSONField(default=list)),
                ("updated_at", models.DateTimeField()),
            ],
        ),
    ]
