"""Barcodes: GTIN check digits, and codes of one's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mekong.catalog.errors import BadBarcode, BarcodeNotOfKind
from mekong.catalog.rules.words import clean, key

GTIN_LENGTHS = (8, 12, 13, 14)


@dataclass(frozen=True)
class Code:
    """`key`: a GTIN as 14 digits, so that a UPC-A and the EAN-13 scanners make of it are one; other codes caseless."""

    code: str
    key: str
    kind: Literal["gtin", "internal"]


def check_digit(body: str) -> int:
    """The digit that completes a GTIN.

    Args:
        body: the digits before the check digit, any length.

    Source: GS1 General Specifications §7.9: weights 3, 1, 3, … from the right; what is missing to the next ten.
    """
    total = sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(body)))
    return -total % 10


def is_ascii_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def gtin_key(code: str) -> str:
    return code.zfill(14)


IN_STORE_PREFIX = "299"
"""Numbers we give ourselves begin so. GS1 leaves 200-299 to each shop; scales use the lower ones for weighed goods."""


def in_store_number(number: int) -> str:
    """The EAN-13 of a number from 0 to 999,999,999. Raises: ValueError (a defect in the caller)."""
    if not 0 <= number < 10**9:
        raise ValueError(f"{number} has more than nine digits")
    body = f"{IN_STORE_PREFIX}{number:09d}"
    return f"{body}{check_digit(body)}"


def is_global(code: str) -> bool:
    """Whether a GTIN is one the world knows: it checks, and is not of the numbers that GS1 leaves to each shop.

    Source: GS1 General Specifications §1.4.6: prefixes 02, 04 and 20-29 are for restricted circulation, GTIN-8
    beginning with 0 or 2 too.
    """
    if not is_ascii_digits(code) or len(code) not in GTIN_LENGTHS or check_digit(code[:-1]) != int(code[-1]):
        return False
    if len(code) == 8:
        return code[0] not in "02"
    prefix = gtin_key(code)[1:3]
    return prefix not in {"02", "04"} and prefix[0] != "2"


def read_barcode(text: str, field: str, kind: str = "") -> Code:
    """Tell a GTIN from a code of one's own, and check it.

    Digits of length 8, 12, 13 or 14 are a GTIN, and their check digit must fit; that includes in-store numbers
    (prefixes 20–29) as scales print them. Everything else is internal. Blanks between digits are dropped.

    Raises: Missing, TooLong, UnstorableText, BadBarcode, BarcodeNotOfKind (kind "gtin" asked for something else).
    """
    code = clean(text, field, 64, required=True)
    together = "".join(code.split())
    if is_ascii_digits(together):
        code = together
        if len(code) in GTIN_LENGTHS:
            expected = check_digit(code[:-1])
            if expected != int(code[-1]):
                raise BadBarcode(field=field, value=code, expected=expected)
            return Code(code, gtin_key(code), "gtin")
    if kind == "gtin":
        raise BarcodeNotOfKind(field=field, value=code)
    return Code(code, key(code)[:128], "internal")


def lookup_key(text: str) -> str:
    """The key to look a scanned or typed code up by, without judging it."""
    together = "".join(text.split())
    if is_ascii_digits(together):
        return gtin_key(together) if len(together) in GTIN_LENGTHS else together
    return key(text)[:128]
