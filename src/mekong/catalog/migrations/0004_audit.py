from django.db import migrations


class Migration(migrations.Migration):
    """Changes of products, variants and taxes are in the audit trail; what creates them is told by its event."""

    dependencies = [("catalog", "0003_tell_changes"), ("foundation", "0001_initial")]

    operations = [
        migrations.RunSQL(
            f"""create trigger mekong_audit after update or delete on {table}
                for each row execute function mekong_audit('id', '{{}}', '{{{ignored}}}')""",
            f"drop trigger mekong_audit on {table}",
        )
        for table, ignored in (
            ("catalog_product", "name_folded,updated_at"),
            ("catalog_variant", "search_text,search_length,search,popularity,price_version"),
            ("catalog_taxclass", ""),
            ("catalog_taxrate", ""),
        )
    ]
