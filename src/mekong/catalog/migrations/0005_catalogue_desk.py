import django.core.serializers.json
import django.db.models.deletion
from django.db import migrations, models

_AUDITED = ("catalog_category", "catalog_attribute")


class Migration(migrations.Migration):
    """Pictures taken away can come back, attributes of a category have an order, the shop has barcodes of its own."""

    dependencies = [("catalog", "0004_audit")]

    operations = [
        migrations.AddField(
            model_name="categoryattribute",
            name="position",
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.CreateModel(
            name="RemovedMedia",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.UUIDField(editable=False, unique=True)),
                (
                    "picture",
                    models.JSONField(
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        help_text="Its columns in `Media`, by name.",
                    ),
                ),
                ("removed_at", models.DateTimeField(db_index=True)),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.product"
                    ),
                ),
            ],
            options={"verbose_name_plural": "removed media"},
        ),
        migrations.RunSQL(
            "create sequence catalog_internal_barcode minvalue 0 start 1", "drop sequence catalog_internal_barcode"
        ),
        *(
            migrations.RunSQL(
                f"""create trigger mekong_audit after update or delete on {table}
                    for each row execute function mekong_audit('id', '{{}}', '{{}}')""",
                f"drop trigger mekong_audit on {table}",
            )
            for table in _AUDITED
        ),
    ]
