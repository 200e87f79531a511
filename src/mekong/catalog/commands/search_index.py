"""What search goes by beside the texts: how common words are, and what sells."""

from __future__ import annotations

from collections.abc import Mapping

from mekong.catalog.commands.writing import execute
from mekong.foundation.actor import Actor
from mekong.foundation.command import command


@command
def refresh_lexemes(*, actor: Actor) -> None:
    """Count anew in how many variants each word occurs. For a nightly job; reads every search text.

    Raises: MayNot.
    """
    actor.require("catalog.edit")
    recount_lexemes()


def recount_lexemes() -> None:
    """As `refresh_lexemes`, and tell the planner of the new rows. Words that ceased to occur stay as they were."""
    execute(
        """insert into catalog_lexeme as known (word, count)
           select word, ndoc from ts_stat('select search from catalog_variant') order by word
           on conflict (word) do update set count = excluded.count where known.count <> excluded.count""",
        [],
    )
    # Entries waiting in the GIN index's pending list are read one by one at every search.
    execute("select gin_clean_pending_list('variant_search')", [])
    execute("analyze catalog_variant, catalog_product, catalog_lexeme", [])


@command
def set_popularity(*, actor: Actor, popularity: Mapping[int, int]) -> None:
    """Say how well variants sell (by id, units of late; any scale), which orders search results. Safe to repeat.

    Raises: MayNot.
    """
    actor.require("catalog.edit")
    ids = sorted(popularity)
    execute(
        """update catalog_variant v set popularity = n.popularity from unnest(%s::bigint[], %s::int[]) n(id, popularity)
            where v.id = n.id and v.popularity <> n.popularity""",
        [ids, [popularity[each] for each in ids]],
    )
