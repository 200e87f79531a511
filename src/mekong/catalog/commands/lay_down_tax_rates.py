"""Value added tax of Vietnam, as far as this release knows it."""

from __future__ import annotations

from datetime import date

from mekong.catalog.models import TaxClass, TaxRate
from mekong.foundation.actor import Actor
from mekong.foundation.command import command

_START = date(1999, 1, 1)
_VAT_LAW = "Law 48/2024/QH15 on VAT"

_CLASSES = (
    ("standard", "VAT 10 %", False),
    ("reduced", "VAT 10 %, reduced to 8 % until the end of 2026", False),
    ("vat5", "VAT 5 %", False),
    ("vat0", "VAT 0 %", False),
    ("exempt", "Not subject to VAT", True),
)

# The 8 % rate is 10 % less two points, for most goods; telecoms, banking, property, metals, mining and goods under
# excise are not in it. It has been granted for a time, six times; what is not extended ends by itself.
_RATES = (
    ("standard", _START, 1000, f"Article 9(3), {_VAT_LAW}"),
    ("reduced", _START, 1000, f"Article 9(3), {_VAT_LAW}"),
    ("reduced", date(2022, 2, 1), 800, "Resolution 43/2022/QH15, Decree 15/2022/NĐ-CP"),
    ("reduced", date(2023, 1, 1), 1000, "End of Decree 15/2022/NĐ-CP"),
    ("reduced", date(2023, 7, 1), 800, "Decree 44/2023/NĐ-CP; prolonged by Decrees 94/2023, 72/2024, 180/2024/NĐ-CP"),
    ("reduced", date(2025, 7, 1), 800, "Resolution 204/2025/QH15, Decree 174/2025/NĐ-CP, to 31 December 2026"),
    ("reduced", date(2027, 1, 1), 1000, "End of Resolution 204/2025/QH15"),
    ("vat5", _START, 500, f"Article 9(2), {_VAT_LAW}"),
    ("vat0", _START, 0, f"Article 9(1), {_VAT_LAW}"),
    ("exempt", _START, 0, f"Article 5, {_VAT_LAW}"),
)


@command
def lay_down_tax_rates(*, actor: Actor) -> None:
    """Put the tax classes and rates this release knows of into the database. Safe to repeat: rows there are kept.

    Raises: MayNot.
    """
    actor.require("catalog.edit")
    TaxClass.objects.bulk_create(
        [TaxClass(code=code, name=name, is_exempt=exempt) for code, name, exempt in _CLASSES], ignore_conflicts=True
    )
    TaxRate.objects.bulk_create(
        [TaxRate(tax_class_id=code, valid_from=day, rate_bp=rate, source=source) for code, day, rate, source in _RATES],
        ignore_conflicts=True,
    )
