"""Search while typing: fast at hundreds of thousands of variants, with or without tone marks, forgiving of slips.

How a search stays fast whatever is typed. Names that begin with the text come from a B-tree; when they fill the list,
that is all, for nothing ranks above them. Otherwise `Lexeme` tells about how many variants hold each word. When every
word is common ("a", "áo"), the table is walked best first (active, best-selling, short names) until enough variants
match. Else the GIN index finds the rarer words and the common ones are tested on what it brings. Each of these reads a
bounded number of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from mekong.catalog.contracts import VariantsFound, VariantView
from mekong.catalog.queries.variants import SELECT_VARIANTS, fetch, variant_view
from mekong.catalog.rules import likeness
from mekong.catalog.rules import search as rules
from mekong.catalog.rules.barcodes import is_ascii_digits, lookup_key
from mekong.catalog.rules.words import key
from mekong.foundation.actor import Actor

_WALK = 4_000
_HITS = 3_000
_CANDIDATES = 150
_WORDS_READ = 2_000
_ENOUGH = 40
_MOST = 100
_END = "\U0010ffff"

_FIRST = """
    (select 0 as sort, v.id as id, '' as code, '' as status, 0 as n, 0 as m
       from catalog_variant v where v.sku_key = %(key)s)
    union all
    (select 0, b.variant_id, '', '', 0, 0 from catalog_barcode b where b.key = %(barcode)s)
    union all
    (select 1, v.id, v.sku_key, '', 0, 0 from catalog_variant v
      where %(by_code)s and v.sku_key >= %(key)s and v.sku_key < %(key_end)s
      order by v.sku_key limit %(limit)s)
    union all
    (select 2, b.variant_id, b.code, '', 0, 0 from catalog_barcode b
      where %(by_digits)s and b.code >= %(digits)s and b.code < %(digits_end)s order by b.code limit %(limit)s)
    union all
    (select 3, 0, asked.word, '', known.beginning, known.whole
       from unnest(%(words)s::text[]) asked(word)
      cross join lateral (
          -- A beginning that thousands of words share (the letters SKUs start with) is common, whatever the sum.
          select coalesce(sum(count), 0) + (count(*) = %(words_read)s)::int * 1000000 as beginning,
                 coalesce(sum(count) filter (where word = asked.word), 0) as whole
            from (select word, count from catalog_lexeme l
                   where l.word >= asked.word collate "C" and l.word < (asked.word || '{') collate "C"
                   order by l.word limit %(words_read)s) near) known)
    union all
    (select 4, v.id, v.search_text, v.status, v.popularity, 0 from catalog_variant v
      where %(phrase)s <> '' and left(v.search_text, 100) collate "C" >= %(phrase)s
        and left(v.search_text, 100) collate "C" < %(phrase_end)s
      order by left(v.search_text, 100) collate "C" limit %(candidates)s)
    order by 1, 3, 2
"""

_WALKED = """
    select id, search_text, status, popularity
      from (select id, search_text, status, popularity, search from catalog_variant
             order by status, popularity desc, search_length, id limit %(walk)s) best
     where search @@ %(query)s::tsquery limit %(candidates)s
"""

_MATCHED = """
    with found as materialized (
        select id, search_text, search_length, status, popularity, search
          from catalog_variant where search @@ %(query)s::tsquery limit %(hits)s
    )
    select id, search_text, status, popularity from found
     where search @@ %(tested)s::tsquery
     order by status, popularity desc, search_length limit %(candidates)s
"""


@dataclass(frozen=True)
class _First:
    """What the first statement tells: variants by SKU or barcode, names that begin so, how common the words are."""

    by_code: list[int]
    beginning: list[rules.Candidate]
    spreads: dict[str, rules.Spread]


def search_variants(*, actor: Actor, text: str, limit: int = 20, on: date | None = None) -> VariantsFound:
    """Variants for what somebody is typing: best first, at most `limit` (itself at most 100).

    A SKU or barcode typed whole comes first, then those that begin so, then names, brands and options that have every
    word as the beginning of a word, in any order. When nothing does, one slip a word is mended, or one word is left
    out, and `read_as` says what was looked for. Drafts and archived variants are found too, archived ones last.

    Three SQL statements, at most a dozen when words have to be mended; each reads a bounded number of rows.
    Raises: MayNot.
    """
    actor.require("catalog.view")
    limit = max(1, min(limit, _MOST))
    typed = text.replace("\0", "").strip()[:400]
    words = rules.query_words(typed)
    first = _first(typed, words, limit)
    read_as = ""
    named: list[int] = []
    if words:
        hits = _candidates(words, first, limit)
        if not hits and not first.by_code:
            words, hits = _mended(words, first.spreads, limit)
            read_as = " ".join(words) if hits else ""
        named = [hit.variant_id for hit in rules.order(hits, words)[:limit]]
    ids = list(dict.fromkeys([*first.by_code, *named]))[:limit]
    if not ids:
        return VariantsFound((), "")
    rows = fetch(_VIEWS, {"ids": ids, "on_day": on})
    views = {row[0]: variant_view(row, actor) for row in rows}
    return VariantsFound(tuple(views[each] for each in ids if each in views), read_as)


def similar_variants(*, actor: Actor, names: Sequence[str], limit: int = 3) -> list[list[tuple[VariantView, float]]]:
    """For each name that others gave to a thing, the active variants whose names are most like it, with their likeness.

    At most `limit` each, the most alike first; see `rules.likeness`. A statement for the words of all names, one for
    each name of a bounded number of rows, and one for the variants found. Raises: MayNot.
    """
    actor.require("catalog.view")
    asked = [list(dict.fromkeys(rules.words(name[:400])))[:_NAME_WORDS] for name in names]
    counts = dict(fetch(_COUNTS, {"words": sorted({word for words in asked for word in words})}))
    scored: list[list[tuple[int, float]]] = []
    for words in asked:
        named = likeness.rarest(words, counts)
        rows = fetch(_ALIKE, {"query": " | ".join(named), "hits": _NAMES_READ}) if named else []
        of_rows = [
            (variant, likeness.likeness(words, rules.words(f"{name} {title}"), counts)) for variant, name, title in rows
        ]
        scored.append(sorted(of_rows, key=lambda each: (-each[1], each[0]))[:limit])
    ids = {found for each in scored for found, _ in each}
    views = (
        {row[0]: variant_view(row, actor) for row in fetch(_VIEWS, {"ids": list(ids), "on_day": None})} if ids else {}
    )
    return [[(views[found], score) for found, score in each if found in views] for each in scored]


_NAME_WORDS = 24
_NAMES_READ = 400
_COUNTS = "select word, count from catalog_lexeme where word = any(%(words)s)"
_ALIKE = """
    select v.id, p.name, v.title from catalog_variant v join catalog_product p on p.id = v.product_id
     where v.search @@ %(query)s::tsquery and v.status = 'active' and p.status = 'active' limit %(hits)s
"""

_VIEWS = f"{SELECT_VARIANTS} where v.id = any(%(ids)s)"


def _first(typed: str, words: Sequence[str], limit: int) -> _First:
    sku = key(typed)
    digits = "".join(typed.split())
    phrase = " ".join(words)[:100]
    rows = fetch(
        _FIRST,
        {
            "key": sku,
            "key_end": sku + _END,
            "barcode": lookup_key(typed),
            "by_code": len(sku) > 1,
            "by_digits": len(digits) > 2 and is_ascii_digits(digits),
            "digits": digits,
            "digits_end": digits + _END,
            # Letters alone are more often a name than a SKU: leave most of the list to names.
            "limit": limit if any(letter.isdigit() for letter in sku) else max(1, limit // 4),
            "words": list(words),
            "words_read": _WORDS_READ,
            "phrase": phrase,
            "phrase_end": phrase + "{",
            "candidates": _CANDIDATES,
        },
    )
    return _First(
        by_code=[int(row[1]) for row in rows if row[0] < 3],
        beginning=[_candidate((row[1], row[2], row[3], int(row[4]))) for row in rows if row[0] == 4],
        spreads={row[2]: rules.Spread(whole=int(row[5]), beginning=int(row[4])) for row in rows if row[0] == 3},
    )


def _candidates(words: Sequence[str], first: _First, limit: int) -> list[rules.Candidate]:
    """Variants with all of these words; those that rank first are surely among them, as far as the bounds allow."""
    beginning = [hit for hit in first.beginning if not hit.is_archived]
    if limit <= len(beginning) < _CANDIDATES and len(first.beginning) < _CANDIDATES:
        return first.beginning
    rarest = min(first.spreads[word].beginning for word in words)
    if rarest == 0:
        return []
    found = {hit.variant_id: hit for hit in first.beginning}
    if rarest > rules.COMMON or len(first.beginning) == _CANDIDATES:
        query = rules.tsquery(rules.beginnings(words))
        found |= _by_id(fetch(_WALKED, {"query": query, "walk": _WALK, "candidates": _CANDIDATES}))
        if len(found) >= max(_ENOUGH, limit):
            return list(found.values())
    looked_up, tested = rules.split_terms(words, first.spreads)
    found |= _by_id(_matched(rules.tsquery(looked_up), rules.tsquery(tested or looked_up[:1])))
    if not found and any(":" not in term for term in looked_up):
        # A word typed to its end is, after all, the beginning of another.
        found = _by_id(_matched(rules.tsquery(rules.beginnings(words)), f"{words[0]}:*"))
    return list(found.values())


def _matched(query: str, tested: str) -> list[tuple[Any, ...]]:
    return fetch(_MATCHED, {"query": query, "tested": tested, "hits": _HITS, "candidates": _CANDIDATES})


def _by_id(rows: Sequence[tuple[Any, ...]]) -> dict[int, rules.Candidate]:
    return {row[0]: _candidate(row) for row in rows}


def _candidate(row: tuple[Any, ...]) -> rules.Candidate:
    return rules.Candidate(row[0], row[1], row[2] == "archived", row[3])


def _mended(words: list[str], spreads: dict[str, rules.Spread], limit: int) -> tuple[list[str], list[rules.Candidate]]:
    """Other words for these, and what they find: unknown words replaced by near ones, or left out."""
    near = {word: _near(word) for word in words if not spreads[word].beginning}
    mended = [word for word in dict.fromkeys(near.get(word, word) or "" for word in words) if word]
    if not mended:
        return words, []
    hits: list[rules.Candidate] = []
    if near:
        hits = _candidates(mended, _first(" ".join(mended), mended, limit), limit)
    if not hits and len(mended) > 1:
        hits = list(_by_id(_matched(rules.tsquery_but_one(mended), rules.tsquery_but_one(mended))).values())
    return mended, hits


def _near(word: str) -> str | None:
    """The likeliest known word: one slip away, else two, among the commonest with the same two first letters."""
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
