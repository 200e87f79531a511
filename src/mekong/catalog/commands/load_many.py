from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from itertools import islice

from mekong.catalog.commands.search_index import recount_lexemes
from mekong.catalog.commands.writing import execute, insert_products
from mekong.catalog.contracts import Loaded, NewProduct
from mekong.catalog.events import CatalogLoaded
from mekong.catalog.rules import products as rules
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.events import emit

_CHUNK = 2_000


def _at(start: int, place: int) -> str:
    return f"products[{start + place}]."


@command
def load_many(
    *,
    actor: Actor,
    products: Iterable[NewProduct],
    now: datetime,
    progress: Callable[[int], None] | None = None,
) -> Loaded:
    """Create many new products in one transaction: a demo's, a benchmark's, a first load.

    Every rule of `create_product` holds, and one product refused refuses all. Parts of bundles must stand in the same
    load before their bundle, or be there already. One `CatalogLoaded` is published, not a fact for each product.

    Args:
        products: read once, 2,000 at a time.
        progress: told the number of variants written so far, after each chunk.

    Raises: as `create_product`; fields begin with `products[n].`
    """
    actor.require("catalog.edit")
    # Words wait for the search index in larger heaps, each of which is sorted in at once.
    execute("set local gin_pending_list_limit = '64MB'", [])
    execute("set local maintenance_work_mem = '128MB'", [])
    read = variants = 0
    source = iter(products)
    while chunk := list(islice(source, _CHUNK)):
        checked = [rules.check_product(each) for each in chunk]
        written = insert_products(checked, now=now, at=partial(_at, read), learn=False)
        read += len(written)
        variants += sum(len(each.variant_ids) for each in written)
        if progress is not None:
            progress(variants)
    if read:
        recount_lexemes()
        emit(actor, CatalogLoaded(read, variants), key="catalog", now=now)
    return Loaded(read, variants)
