"""How far an installation has come."""

from __future__ import annotations

from django.db import connection

from mekong.foundation.actor import Actor
from mekong.insights.contracts import Begun

# The first place is there from the start, under this name; once people have touched it, it is theirs.
_BEGUN = """
    select exists (select 1 from foundation_company where name <> ''),
           exists (select 1 from inventory_location where kind in ('warehouse', 'store')
                      and (code <> 'CH1' or name <> 'Cửa hàng' or address <> '{}')),
           exists (select 1 from catalog_product),
           exists (select 1 from inventory_stockmovement),
           exists (select 1 from channels_channel where sealed_secrets <> '' and state <> 'new')
               or exists (select 1 from channels_channel c where c.kind <> all(%s::text[])
                             and exists (select 1 from orders_salesorder o where o.channel = c.code)),
           exists (select 1 from orders_salesorder)
"""
OWN_KINDS = ("store", "web", "phone")


def begun(*, actor: Actor) -> Begun:
    """What is there already: a company's name, a place of its own, goods, stock, a platform's channel, an order.

    A channel counts once it is connected, or once it has orders that came from a file. One statement; each part of it
    stops at the first row. Raises: MayNot.
    """
    actor.require("catalog.view")
    with connection.cursor() as cursor:
        cursor.execute(_BEGUN, [list(OWN_KINDS)])
        return Begun(*cursor.fetchone())
