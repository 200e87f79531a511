"""What Django cannot say: an append-only ledger, rules that never overlap, search by name and by the end of a phone, audit
of what people set, and the one row of the programme."""

from django.db import migrations

from mekong.foundation.audit import append_only, audited

# Ranges have an operator class for gist of their own, texts have none without an extension: a channel is its hash.
_ONE_RULE = """
alter table loyalty_{table} add constraint {table}_one_a_day exclude using gist (
    int8range(hashtextextended(channel, 0), hashtextextended(channel, 0), '[]') with &&,
    daterange(starts_on, ends_on, '[]') with &&)
"""
_SEARCH = """
create index member_by_name on loyalty_member using gin (to_tsvector('simple', name_key));
create index member_by_phone on loyalty_member (phone varchar_pattern_ops);
create index member_by_phone_end on loyalty_member (reverse(phone) text_pattern_ops);
create index member_by_number on loyalty_member (number varchar_pattern_ops);
"""
_NO_SEARCH = "drop index member_by_name, member_by_phone, member_by_phone_end, member_by_number"
_PROGRAMME = """
insert into loyalty_programme (id, currency, basis, window_months, downgrade, grace_days)
values (1, 'VND', 'spend', 12, 'one', 30)
"""


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0001_initial"), ("foundation", "0001_initial")]

    operations = [
        *(append_only(f"loyalty_{each}") for each in ("entry", "entrylot", "consent", "tierchange")),
        *(
            migrations.RunSQL(_ONE_RULE.format(table=each), f"alter table loyalty_{each} drop constraint {each}_one_a_day")
            for each in ("earnrule", "burnrule")
        ),
        migrations.RunSQL(_SEARCH, _NO_SEARCH),
        migrations.RunSQL(_PROGRAMME, "delete from loyalty_programme"),
        *(audited(f"loyalty_{each}") for each in ("programme", "tier", "earnrule", "burnrule")),
        audited("loyalty_account", ignore=["balance", "held", "owed"]),
        # A membership can be closed and the person forgotten: the trail says that something changed, not what it was.
        audited(
            "loyalty_member",
            redact=[
                "phone", "name", "name_key", "email", "birth_day", "birth_month", "birth_year", "card_token",
            ],
        ),
    ]  # fmt: skip
