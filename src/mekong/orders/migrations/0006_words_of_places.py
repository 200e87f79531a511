"""What an order is found by says where its goods stand, so that one store's orders are named without the others'."""

from django.db import migrations

_WORDS = r"""
create function mekong_order_words(
    customer_name text, customer_ref text, customer_phone text, code text, external_id text, tracking_no text,
    place bigint, places jsonb
) returns tsvector language sql immutable parallel safe as $body$
    select array_to_tsvector(
        tsvector_to_array(mekong_order_words(customer_name, customer_ref, customer_phone, code, external_id, tracking_no))
        || case when places is null then array['L' || place]
                else array(select 'L' || each from jsonb_array_elements_text(places) each) end)
$body$;

create or replace function mekong_orders_added() returns trigger language plpgsql as $body$
begin
    insert into orders_ordersearch (order_id, words)
    select id, mekong_order_words(customer_name, customer_ref, customer_phone, code, external_id, tracking_no, place, places)
      from added;
    insert into orders_tally (state, channel, place, places, n)
    select state, channel, place, places, count(*) from added group by 1, 2, 3, 4;
    return null;
end $body$;

create or replace function mekong_order_changed() returns trigger language plpgsql as $body$
begin
    insert into orders_ordersearch (order_id, words)
    values (new.id, mekong_order_words(new.customer_name, new.customer_ref, new.customer_phone, new.code,
                                       new.external_id, new.tracking_no, new.place, new.places))
    on conflict (order_id) do update set words = excluded.words;
    return null;
end $body$;

create or replace trigger mekong_words_changed after update on orders_salesorder for each row
    when ((old.customer_name, old.customer_ref, old.customer_phone, old.code, old.external_id, old.tracking_no,
           old.place, old.places)
          is distinct from
          (new.customer_name, new.customer_ref, new.customer_phone, new.code, new.external_id, new.tracking_no,
           new.place, new.places))
    execute function mekong_order_changed();

-- Written at once, with the index made anew: a million entries one by one take many times as long.
drop index order_by_words;
update orders_ordersearch s
   set words = mekong_order_words(o.customer_name, o.customer_ref, o.customer_phone, o.code, o.external_id, o.tracking_no,
                                  o.place, o.places)
  from orders_salesorder o where o.id = s.order_id;
create index order_by_words on orders_ordersearch using gin (words);
alter index order_by_words set (gin_pending_list_limit = 512);
"""
_BACK = r"""
create or replace function mekong_orders_added() returns trigger language plpgsql as $body$
begin
    insert into orders_ordersearch (order_id, words)
    select id, mekong_order_words(customer_name, customer_ref, customer_phone, code, external_id, tracking_no) from added;
    insert into orders_tally (state, channel, place, places, n)
    select state, channel, place, places, count(*) from added group by 1, 2, 3, 4;
    return null;
end $body$;

create or replace function mekong_order_changed() returns trigger language plpgsql as $body$
begin
    insert into orders_ordersearch (order_id, words)
    values (new.id, mekong_order_words(new.customer_name, new.customer_ref, new.customer_phone, new.code,
                                       new.external_id, new.tracking_no))
    on conflict (order_id) do update set words = excluded.words;
    return null;
end $body$;

create or replace trigger mekong_words_changed after update on orders_salesorder for each row
    when ((old.customer_name, old.customer_ref, old.customer_phone, old.code, old.external_id, old.tracking_no)
          is distinct from
          (new.customer_name, new.customer_ref, new.customer_phone, new.code, new.external_id, new.tracking_no))
    execute function mekong_order_changed();

drop function mekong_order_words(text, text, text, text, text, text, bigint, jsonb);
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0005_owed")]

    operations = [migrations.RunSQL(_WORDS, _BACK)]
