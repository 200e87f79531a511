"""How the facts of a variant stand in the cells of a table."""

from __future__ import annotations

from mekong.foundation.money import to_decimal

STATES = ("active", "draft", "archived")


def state(product_status: str, variant_status: str) -> str:
    """active, draft or archived: what is true of a variant, its product considered."""
    if "archived" in (product_status, variant_status):
        return "archived"
    return "draft" if product_status == "draft" else "active"


def money(amount_minor: int, currency: str) -> str:
    """An amount in major units, without grouping: 890000 VND is `890000`, 1250 GBP minor units are `12.50`."""
    return f"{to_decimal(amount_minor, currency):f}"
