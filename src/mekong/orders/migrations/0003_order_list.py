"""What the list of orders is found, ordered and counted by; saved filters; who is on an order.

Beside it the previous release goes on: it names the columns it writes, and triggers keep what orders are found by.
"""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

import mekong.foundation.ids
from mekong.foundation.audit import audited

_SEARCH = r"""
create function mekong_fold(said text) returns text language sql immutable parallel safe as $body$
-- As foundation.text.fold: small letters without marks, đ as d, one blank for whatever else stands between.
    select btrim(regexp_replace(
        regexp_replace(lower(normalize(translate(said, 'đĐ', 'dd'), nfd)), '[\u0300-\u036f]', '', 'g'),
        '[^0-9a-z]+', ' ', 'g'))
$body$;

create function mekong_order_words(
    customer_name text, customer_ref text, customer_phone text, code text, external_id text, tracking_no text
) returns tsvector language plpgsql immutable parallel safe as $body$
declare
    phone text := case when customer_phone like '+84%' then '0' || substr(customer_phone, 4)
                       else ltrim(customer_phone, '+') end;
begin
    return array_to_tsvector(
        array_remove(string_to_array(mekong_fold(left(customer_name || ' ' || customer_ref, 300)), ' '), '')
        || array['C' || upper(code), 'T' || upper(regexp_replace(code, '^[^-]*-', '')),
                 'T' || upper(regexp_replace(code, '^.*-', ''))]
        || case when phone = '' then '{}'::text[] else array['P' || phone, 'R' || reverse(phone)] end
        || case when external_id = '' then '{}'::text[] else array['X' || lower(external_id)] end
        || case when tracking_no = '' then '{}'::text[] else array['K' || lower(tracking_no)] end);
end $body$;

create function mekong_orders_named(query tsquery, most int) returns setof uuid language sql stable rows 500
set enable_seqscan = off as $body$
-- The planner cannot tell how many words begin so, and guesses that reading everything is cheaper. It never is.
    select order_id from orders_ordersearch where words @@ query limit most
$body$;

create function mekong_orders_added() returns trigger language plpgsql as $body$
begin
    insert into orders_ordersearch (order_id, words)
    select id, mekong_order_words(customer_name, customer_ref, customer_phone, code, external_id, tracking_no) from added;
    insert into orders_tally (state, channel, place, places, n)
    select state, channel, place, places, count(*) from added group by 1, 2, 3, 4;
    return null;
end $body$;

create function mekong_order_changed() returns trigger language plpgsql as $body$
begin
    insert into orders_ordersearch (order_id, words)
    values (new.id, mekong_order_words(new.customer_name, new.customer_ref, new.customer_phone, new.code,
                                       new.external_id, new.tracking_no))
    on conflict (order_id) do update set words = excluded.words;
    return null;
end $body$;

create function mekong_order_moved() returns trigger language plpgsql as $body$
begin
    insert into orders_tally (state, channel, place, places, n) values (old.state, old.channel, old.place, old.places, -1);
    if tg_op = 'UPDATE' then
        insert into orders_tally (state, channel, place, places, n)
        values (new.state, new.channel, new.place, new.places, 1);
    end if;
    return null;
end $body$;

create trigger mekong_orders_added after insert on orders_salesorder referencing new table as added
    for each statement execute function mekong_orders_added();
create trigger mekong_order_moved after update on orders_salesorder for each row
    when ((old.state, old.channel, old.place, old.places) is distinct from (new.state, new.channel, new.place, new.places))
    execute function mekong_order_moved();
create trigger mekong_order_gone after delete on orders_salesorder for each row execute function mekong_order_moved();
create trigger mekong_words_changed after update on orders_salesorder for each row
    when ((old.customer_name, old.customer_ref, old.customer_phone, old.code, old.external_id, old.tracking_no)
          is distinct from
          (new.customer_name, new.customer_ref, new.customer_phone, new.code, new.external_id, new.tracking_no))
    execute function mekong_order_changed();

insert into orders_ordersearch (order_id, words)
select id, mekong_order_words(customer_name, customer_ref, customer_phone, code, external_id, tracking_no)
  from orders_salesorder;
insert into orders_tally (state, channel, place, places, n)
select state, channel, place, places, count(*) from orders_salesorder group by 1, 2, 3, 4;

-- A search reads what waits to be put into the index as well: little may wait.
alter index order_by_words set (gin_pending_list_limit = 512);
alter table orders_tally set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
"""
_BACK = """
drop trigger mekong_words_changed on orders_salesorder;
drop trigger mekong_order_gone on orders_salesorder;
drop trigger mekong_order_moved on orders_salesorder;
drop trigger mekong_orders_added on orders_salesorder;
drop function mekong_order_moved();
drop function mekong_order_changed();
drop function mekong_orders_named(tsquery, int);
drop function mekong_orders_added();
drop function mekong_order_words(text, text, text, text, text, text);
drop function mekong_fold(text);
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_timeline"), ("foundation", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="OrderSearch",
            fields=[
                (
                    "order",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="orders.salesorder",
                    ),
                ),
                ("words", django.contrib.postgres.search.SearchVectorField()),
            ],
        ),
        migrations.CreateModel(
            name="Presence",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "order_id", "actor", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("actor", models.CharField(max_length=80)),
                (
                    "order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="orders.salesorder",
                    ),
                ),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="SavedFilter",
            fields=[
                ("id", models.UUIDField(default=mekong.foundation.ids.new_id, primary_key=True, serialize=False)),
                ("owner", models.CharField(max_length=80)),
                ("name", models.CharField(max_length=60)),
                ("is_shared", models.BooleanField(default=False)),
                ("position", models.IntegerField(default=0)),
                ("conditions", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Tally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("state", models.CharField(max_length=24)),
                ("channel", models.CharField(max_length=40)),
                ("place", models.BigIntegerField()),
                ("places", models.JSONField(null=True)),
                ("n", models.BigIntegerField()),
            ],
        ),
        migrations.AddField(
            model_name="salesorder",
            name="place",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Func(
                    models.F("allocation"),
                    function="none",
                    template="case when %(expressions)s = '[]' then 0 when jsonb_path_exists(%(expressions)s, '$[*][1] ? (@ != $[0][1])') then -1 else (%(expressions)s -> 0 ->> 1)::bigint end",
                ),
                help_text="The location all its goods stand at; 0 while none is known, -1 when there are several.",
                output_field=models.BigIntegerField(),
            ),
        ),
        migrations.AddField(
            model_name="salesorder",
            name="places",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Func(
                    models.F("allocation"),
                    function="none",
                    template="case when jsonb_path_exists(%(expressions)s, '$[*][1] ? (@ != $[0][1])') then jsonb_path_query_array(%(expressions)s, '$[*][1]') end",
                ),
                help_text="The locations, when there are several.",
                null=True,
                output_field=models.JSONField(null=True),
            ),
        ),
        migrations.AddIndex(
            model_name="orderline",
            index=models.Index(
                condition=models.Q(("variant__isnull", True)), fields=["sku"], name="line_by_unmatched_sku"
            ),
        ),
        migrations.AddIndex(
            model_name="salesorder",
            index=models.Index(fields=["place", "-placed_at", "-id"], name="order_by_place"),
        ),
        migrations.AddIndex(
            model_name="salesorder",
            index=models.Index(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "allocated",
                            "awaiting_stock",
                            "confirmed",
                            "packed",
                            "pending_confirmation",
                            "picking",
                            "ready_for_pickup",
                            "ready_to_ship",
                        ],
                    )
                ),
                fields=["ship_by", "id"],
                include=("state", "channel", "place", "places", "placed_at", "total_minor", "is_cod"),
                name="order_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="salesorder",
            index=models.Index(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "allocated",
                            "awaiting_stock",
                            "confirmed",
                            "packed",
                            "pending_confirmation",
                            "picking",
                            "ready_for_pickup",
                            "ready_to_ship",
                        ],
                    ),
                    models.Q(("issues", []), _negated=True),
                ),
                fields=["ship_by", "id"],
                include=("issues", "channel", "place", "places"),
                name="order_held",
            ),
        ),
        migrations.AddIndex(
            model_name="salesorder",
            index=models.Index(
                condition=models.Q(("state", "pending_confirmation"), models.Q(("duplicate_of", ""), _negated=True)),
                fields=["ship_by", "id"],
                include=("channel", "place", "places"),
                name="order_alike",
            ),
        ),
        migrations.AddIndex(
            model_name="salesorder",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("tags", []), _negated=True),
                fields=["tags"],
                name="order_by_tag",
                opclasses=["jsonb_path_ops"],
            ),
        ),
        migrations.AddIndex(
            model_name="ordersearch",
            index=django.contrib.postgres.indexes.GinIndex(fields=["words"], name="order_by_words"),
        ),
        migrations.AddIndex(
            model_name="savedfilter",
            index=models.Index(condition=models.Q(("is_shared", True)), fields=["owner"], name="saved_filter_shared"),
        ),
        migrations.AddConstraint(
            model_name="savedfilter",
            constraint=models.UniqueConstraint(fields=("owner", "name"), name="saved_filter_named_once"),
        ),
        migrations.AddConstraint(
            model_name="savedfilter",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True), name="saved_filter_named"
            ),
        ),
        migrations.RunSQL(_SEARCH, _BACK),
        audited("orders_savedfilter", ignore=["position"]),
    ]
