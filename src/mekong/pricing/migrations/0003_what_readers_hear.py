"""What was read of prices and offers is old when this number moves; who waits hears it (NOTIFY `mekong_pricing`)."""

from django.db import migrations

from mekong.foundation.audit import audited

_TABLES = ("pricing_pricelist", "pricing_priceentry", "pricing_promotion", "pricing_pricepolicy")
_FUNCTION = """
create function pricing_changed() returns trigger language plpgsql as $$
begin
    update pricing_edition set number = number + 1;
    perform pg_notify('mekong_pricing', '');
    return null;
end $$;
"""
_TRIGGERS = "".join(
    f"create trigger pricing_changed after insert or update or delete on {table} "
    "for each statement execute function pricing_changed();\n"
    for table in _TABLES
)
_SILENCE = "".join(f"drop trigger pricing_changed on {table};\n" for table in _TABLES)


class Migration(migrations.Migration):
    dependencies = [("pricing", "0002_prices"), ("foundation", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "insert into pricing_edition (id, number) values (1, 1); insert into pricing_pricepolicy (id) values (1)",
            "delete from pricing_edition; delete from pricing_pricepolicy",
        ),
        migrations.RunSQL(_FUNCTION + _TRIGGERS, _SILENCE + "drop function pricing_changed();"),
        audited("pricing_pricelist"),
        audited("pricing_promotion"),
        audited("pricing_pricepolicy"),
        audited("pricing_handlimit", key="role"),
        audited("pricing_codebatch"),
    ]
