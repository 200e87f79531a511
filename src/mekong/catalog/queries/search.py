"""Search while typing: fast at hundreds of thousands of variants, with or without tone marks, forgiving of slips.

How a search stays fast whatever is typed: `Lexeme` tells about how many variants hold each word. A rare word leads to
all its variants through the GIN index, and those are ranked exactly. When every word is common ("a", "áo"), the table is
walked best first (active, best-selling, short names) until enough variants match; no more than `_WALK` rows are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from mekong.catalog.contracts import VariantsFound
from mekong.catalog.queries.variants import SELECT_VARIANTS, fetch, variant_view
from mekong.catalog.rules import search as rules
from mekong.catalog.rules.barcodes import is_ascii_digits, lookup_key
from mekong.catalog.rules.words import key
from mekong.foundation.actor import Actor

_COMMON = 5_000
_WALK = 6_000
_CANDIDATES = 250
_ENOUGH = 60
_MOST = 100
_END = "\U0010ffff"

_CODES = """
    (select 0 as sort, v.id as id, '' as code from catalog_variant v where v.sku_key = %(key)s)
    union all
    (select 0, b.variant_id, '' from catalog_barcode b where b.key = %(barcode)s)
    union all
    (select 1, v.id, v.sku_key from catalog_variant v
      where %(by_code)s and v.sku_key >= %(key)s and v.sku_key < %(key_end)s
      order by v.status, v.sku_key limit %(limit)s)
    union all
    (select 2, b.variant_id, b.code from catalog_barcode b
      where %(by_digits)s and b.code >= %(digits)s and b.code < %(digits_end)s order by b.code limit %(limit)s)
    union all
    (select 3, coalesce(sum(l.count), 0), asked.word
       from unnest(%(words)s::text[]) asked(word)
       left join catalog_lexeme l on l.word >= asked.word collate "C" and l.word < (asked.word || '{') collate "C"
      group by asked.word)
    order by 1, 3, 2
"""

_WALKED = """
    select id, search_text, status, popularity
      from (select id, search_text, status, popularity, search from catalog_variant
             order by status, popularity desc, search_length, id limit %(walk)s) best
     where search @@ %(query)s::tsquery limit %(candidates)s
"""

_MATCHED = """
    with hit as materialized (
        select id, search_text, search_length, status, popularity
          from catalog_variant where search @@ %(query)s::tsquery limit %(walk)s
    )
    select id, search_text, status, popularity from hit
     order by status, starts_with(search_text, %(phrase)s) desc, popularity desc, search_length limit %(candidates)s
"""


def search_variants(*, actor: Actor, text: str, limit: int = 20, on: date | None = None) -> VariantsFound:
    """Variants for what somebody is typing: best first, at most `limit` (itself at most 100).

    A SKU or barcode typed whole comes first, then those that begin so, then names, brands and options that have every
    word as the beginning of a word, in any order. When nothing does, one slip a word is mended, or one word is left
    out, and `read_as` says what was looked for. Drafts and archived variants are found too, archived ones last.

    Three SQL statements, at most six when words have to be mended; each reads a bounded number of rows.
    Raises: MayNot.
    """
    actor.require("catalog.view")
    limit = max(1, min(limit, _MOST))
    typed = text.replace("\0", "").strip()[:400]
    words = rules.query_words(typed)
    by_code, counts = _codes(typed, words, limit)
    read_as = ""
    named: list[int] = []
    if words:
        hits = _candidates(words, counts)
        if not hits and not by_code:
            words, hits = _mended(words, counts)
            read_as = " ".join(words) if hits else ""
        named = [hit.variant_id for hit in rules.order(hits, words)[:limit]]
    ids = list(dict.fromkeys([*by_code, *named]))[:limit]
    if not ids:
        return VariantsFound((), "")
    rows = fetch(f"{SELECT_VARIANTS} where v.id = any(%(ids)s)", {"ids": ids, "on_day": on})
    views = {row[0]: variant_view(row, actor) for row in rows}
    return VariantsFound(tuple(views[each] for each in ids if each in views), read_as)


def _codes(typed: str, words: Sequence[str], limit: int) -> tuple[list[int], dict[str, int]]:
    """Variants by SKU and barcode, and about how many variants hold each word."""
    sku = key(typed)
    digits = "".join(typed.split())
    looks_like_code = any(letter.isdigit() for letter in sku)
    rows = fetch(
        _CODES,
        {
            "key": sku,
            "key_end": sku + _END,
            "barcode": lookup_key(typed),
            "by_code": len(sku) > 1,
            "by_digits": len(digits) > 2 and is_ascii_digits(digits),
            "digits": digits,
            "digits_end": digits + _END,
            # Letters alone are more often a name than a SKU: leave most of the list to names.
            "limit": limit if looks_like_code else max(1, limit // 4),
            "words": list(words),
        },
    )
    return [int(row[1]) for row in rows if row[0] < 3], {row[2]: int(row[1]) for row in rows if row[0] == 3}


def _candidates(words: Sequence[str], counts: dict[str, int]) -> list[rules.Candidate]:
    rarest = min(counts.get(word, 0) for word in words)
    if rarest == 0:
        return []
    parameters = {
        "query": rules.tsquery(words),
        "phrase": " ".join(words),
        "walk": _WALK,
        "candidates": _CANDIDATES,
    }
    if rarest > _COMMON:
        hits = fetch(_WALKED, parameters)
        if len(hits) >= _ENOUGH:
            return _read(hits)
    return _read(fetch(_MATCHED, parameters))


def _read(rows: Sequence[tuple[Any, ...]]) -> list[rules.Candidate]:
    return [rules.Candidate(row[0], row[1], row[2] == "archived", row[3]) for row in rows]


def _mended(words: list[str], counts: dict[str, int]) -> tuple[list[str], list[rules.Candidate]]:
    """Other words for these, and what they find: unknown words replaced by near ones, or left out."""
    near = {word: _near(word) for word in words if counts.get(word, 0) == 0}
    mended = list(dict.fromkeys(near.get(word, word) or "" for word in words))
    mended = [word for word in mended if word]
    if not mended:
        return words, []
    known = {word: max(counts.get(word, 0), 1) for word in mended}
    hits = _candidates(mended, known) if mended != words else []
    if not hits and len(mended) > 1:
        parameters = {"query": rules.tsquery_but_one(mended), "phrase": "", "walk": _WALK, "candidates": _CANDIDATES}
        hits = _read(fetch(_MATCHED, parameters))
    return mended, hits


def _near(word: str) -> str | None:
    """The likeliest known word: one slip away, else two slips away among the commonest with the same two first letters."""
    if len(word) < 3:
        return None
    rows = fetch(
        "select word, count from catalog_lexeme where word = any(%(near)s) order by count desc limit 20",
        {"near": sorted(rules.one_error_away(word))},
    )
    if not rows and len(word) > 4:
        rows = fetch(
            """select word, count from catalog_lexeme
                where word >= %(start)s and word < %(end)s and length(word) between %(least)s and %(most)s
                order by count desc limit 300""",
            {"start": word[:2], "end": word[:2] + "{", "least": len(word) - 2, "most": len(word) + 2},
        )
    return rules.nearest(word, [(row[0], row[1]) for row in rows])
