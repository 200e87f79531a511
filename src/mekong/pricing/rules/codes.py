"""Codes that people read out and type: of vouchers and of gift cards.

A code is random letters and, last, a check letter. The alphabet leaves out what is mistaken for something else (0 and O,
1, I and L), which leaves 31 letters. 31 is a prime, so a weighted sum over it (as in ISBN-10) notices *every* single
wrong letter and *every* two letters that changed places; of other mistakes it lets one in 31 through. A mistyped code is
so told apart from an unknown one without asking the database.

Guessing. A gift card's code has 17 random letters, 31^17 or 84 bits; a voucher's has 11, 54 bits. With `live` codes of a
shape in circulation a guess hits one of them with a chance of `live / 31^letters` (`chance_of_guess`). A caller is let try
5 wrong codes in 15 minutes, and each of them but one once many fail (`rules.cards`): ten thousand callers together, who try
40,000 codes an hour at a million live ones, hit their first gift card after 6 × 10^10 years, their first voucher after 72.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from math import log2
from typing import Literal

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_VALUE = {letter: value for value, letter in enumerate(ALPHABET)}
_BASE = len(ALPHABET)
RANDOM_BYTES = 32
"""How many random bytes make a code: 256 bits folded into at most 31^17 codes, so that no code is likelier than another by
more than one part in 2^171."""

Problem = Literal["empty", "accented", "letters", "length", "mistyped"]


@dataclass(frozen=True)
class Shape:
    """`letters`: random ones; a check letter follows them. `group`: how many stand together when it is written."""

    name: str
    letters: int
    group: int

    @property
    def length(self) -> int:
        return self.letters + 1

    @property
    def bits(self) -> float:
        """Entropy of a code."""
        return self.letters * log2(_BASE)


GIFT_CARD = Shape("gift_card", letters=17, group=6)
VOUCHER = Shape("voucher", letters=11, group=4)
SHAPES = (GIFT_CARD, VOUCHER)


@dataclass(frozen=True)
class Misread:
    """Why a text is no code of its shape."""

    problem: Problem


def normalise(typed: str) -> str:
    """What was typed, as codes are kept: capitals, no blanks, dashes, dots or invisible letters, no full-width forms."""
    flat = unicodedata.normalize("NFKC", typed).upper()
    return "".join(letter for letter in flat if unicodedata.category(letter)[0] in "LNM" or letter in "+/$%&@#")


def read(typed: str, shape: Shape) -> str | Misread:
    """The code inside what was typed, or what is wrong with it. Reads no database.

    `accented`: a Vietnamese keyboard was on and made one letter of several (AA is Â, DD is Đ), which cannot be undone.
    `letters`: one is not of the alphabet (0, O, 1, I, L: no code has them). `mistyped`: the check letter does not fit.
    """
    code = normalise(typed)
    if not code:
        return Misread("empty")
    if any(letter.isalpha() and not letter.isascii() for letter in code):
        return Misread("accented")
    if any(letter not in _VALUE for letter in code):
        return Misread("letters")
    if len(code) != shape.length:
        return Misread("length")
    if _sum(code):
        return Misread("mistyped")
    return code


def shape_of(typed: str) -> Shape | None:
    """Of which kind a typed code can be, by its length."""
    length = len(normalise(typed))
    return next((shape for shape in SHAPES if shape.length == length), None)


def draw(random: bytes, shape: Shape) -> str:
    """The code that `RANDOM_BYTES` random bytes make; the caller brings them (`secrets.token_bytes`).

    Raises: ValueError, for another number of bytes (the caller's defect).
    """
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"{RANDOM_BYTES} random bytes make a code, not {len(random)}")
    number = int.from_bytes(random)
    letters = []
    for _ in range(shape.letters):
        number, value = divmod(number, _BASE)
        letters.append(ALPHABET[value])
    return with_check("".join(letters))


def with_check(letters: str) -> str:
    """Letters of the alphabet with their check letter."""
    # The check letter's own weight is 1: it is what the weighted sum of the others lacks to a multiple of 31.
    return letters + ALPHABET[-_sum(letters + ALPHABET[0]) % _BASE]


def written(code: str, shape: Shape) -> str:
    """A code as it is printed: in groups, with dashes."""
    return "-".join(code[at : at + shape.group] for at in range(0, len(code), shape.group))


def chance_of_guess(shape: Shape, *, live: int, tries: int = 1) -> Fraction:
    """The chance, at most, that one of so many tries hits one of the codes in circulation."""
    return min(Fraction(live * tries, _BASE**shape.letters), Fraction(1))


def _sum(code: str) -> int:
    """The weighted sum that is a multiple of 31 in every code. The last letter weighs 1, the one before it 2, and so on."""
    return sum(weight * _VALUE[letter] for weight, letter in enumerate(reversed(code), start=1)) % _BASE
