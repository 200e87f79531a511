"""Facts about prices and offers. Ids and figures of that moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class PricesMoved:
    """What something costs may be another from now on. `kind`: list, promotion or policy."""

    name: ClassVar[str] = "pricing.prices_moved"
    version: ClassVar[int] = 1
    kind: str
    code: str
