"""Finding a variant while its name is being typed: words, order of hits, typing errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mekong.catalog.rules.words import WORD_LIMIT
from mekong.foundation.text import fold

MOST_WORDS = 8
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def words(text: str) -> list[str]:
    """The folded words of a text, each cut to what is stored."""
    return [word[:WORD_LIMIT] for word in fold(text).split()]


def query_words(text: str) -> list[str]:
    """What to look for: distinct folded words in the order typed, at most eight."""
    return list(dict.fromkeys(words(text[:400])))[:MOST_WORDS]


def document(product_name: str, title: str, brand: str, sku: str) -> str:
    """The text a variant is found by. The product's name stands first: ranking counts on it."""
    return " ".join((*_known(product_name), *words(title), *_known(brand), *words(sku)))


@lru_cache(maxsize=4096)
def _known(text: str) -> tuple[str, ...]:
    """Words of a text that many variants share."""
    return tuple(words(text))


def tsquery(terms: Sequence[str]) -> str:
    """All of these terms: folded words, which need no quoting, or `word:*` for beginnings of words."""
    return " & ".join(terms)


def beginnings(query: Sequence[str]) -> list[str]:
    return [f"{word}:*" for word in query]


def tsquery_but_one(query: Sequence[str]) -> str:
    """All of these words but any one, each as the beginning of a word."""
    terms = beginnings(query)
    return " | ".join(f"({tsquery(terms[:at] + terms[at + 1 :])})" for at in range(len(terms)) if len(terms) > 1)


@dataclass(frozen=True)
class Spread:
    """About how many variants hold a word itself, and how many hold a word that begins so."""

    whole: int
    beginning: int


COMMON = 15_000


def split_terms(query: Sequence[str], spreads: Mapping[str, Spread]) -> tuple[list[str], list[str]]:
    """Terms to look up in the index, and terms to test on what the index brings.

    A word that another follows has been typed to its end: where the catalog knows it, it is looked up as it is, which
    is far cheaper than all words that begin so. A beginning shared by very many variants is left to the test, unless
    there is nothing else to go by.
    """
    looked_up: list[str] = []
    tested: list[str] = []
    for place, word in enumerate(query):
        spread = spreads.get(word, Spread(0, 0))
        if spread.whole and place < len(query) - 1:
            looked_up.append(word)
        elif spread.beginning > COMMON:
            tested.append(f"{word}:*")
        else:
            looked_up.append(f"{word}:*")
    return (looked_up, tested) if looked_up else (tested, [])


@dataclass(frozen=True)
class Candidate:
    variant_id: int
    text: str
    is_archived: bool
    popularity: int


def order(candidates: Iterable[Candidate], query: Sequence[str]) -> list[Candidate]:
    """Candidates, best first: active before archived; more of the words found; names that begin with what was typed;
    whole words before beginnings of words; words in the order typed; what sells; shorter names."""
    phrase = " ".join(query)

    def badness(candidate: Candidate) -> tuple[object, ...]:
        text = f" {candidate.text} "
        found = [word for word in query if f" {word}" in text]
        return (
            candidate.is_archived,
            -len(found),
            not candidate.text.startswith(phrase),
            -sum(f" {word} " in text for word in found),
            not _in_order(text, found),
            -candidate.popularity,
            len(text),
            candidate.text,
            candidate.variant_id,
        )

    return sorted(candidates, key=badness)


def _in_order(text: str, query: Sequence[str]) -> bool:
    at = 0
    for word in query:
        at = text.find(f" {word}", at)
        if at < 0:
            return False
        at += len(word) + 1
    return True


def one_error_away(word: str) -> set[str]:
    """Every word that one wrong, missing, surplus or swapped letter turns into this one (about 70 per letter)."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    near = {left + right[1:] for left, right in cuts if right}
    near |= {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    near |= {left + letter + right[1:] for left, right in cuts if right for letter in _LETTERS}
    near |= {left + letter + right for left, right in cuts for letter in _LETTERS}
    return near - {word, ""}


def distance(one: str, other: str, most: int) -> int:
    """Letters to change, drop, add or swap with a neighbour to turn one word into the other; `most + 1` if more.

    Source: optimal string alignment distance (restricted Damerau–Levenshtein).
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)


def nearest(word: str, known: Iterable[tuple[str, int]], most: int = 2) -> str | None:
    """The nearest of the known words (word, how often it occurs) within `most` errors; the commoner one of equals."""
    best: tuple[int, int, str] | None = None
    for candidate, count in known:
        away = distance(word, candidate, most)
        if away <= most and (best is None or (away, -count, candidate) < best):
            best = (away, -count, candidate)
    return best[2] if best else None
