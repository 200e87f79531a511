"""Whoever keeps variants at hand hears that something in the catalogue changed (NOTIFY `mekong_catalog`).

One hint a statement, and one a transaction at most: PostgreSQL folds equal ones.
"""

from django.db import migrations

_TABLES = ("catalog_product", "catalog_variant", "catalog_bundlepart", "catalog_taxrate")
_TELL = """
create function catalog_changed() returns trigger language plpgsql as $$
begin
    perform pg_notify('mekong_catalog', '');
    return null;
end $$;
""" + "".join(
    f"create trigger catalog_changed after insert or update or delete on {table} "
    "for each statement execute function catalog_changed();\n"
    for table in _TABLES
)
_SILENCE = (
    "".join(f"drop trigger catalog_changed on {table};\n" for table in _TABLES) + "drop function catalog_changed();"
)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0002_names_by_beginning")]

    operations = [migrations.RunSQL(_TELL, _SILENCE)]
