"""Products for benchmarks."""

from __future__ import annotations

from benchmarks.installation import Installation


def plain(installation: Installation, count: int, *, prefix: str = "BN", price_minor: int = 120_000) -> list[str]:
    """So many products of one variant each; their SKUs."""
    from mekong.catalog.contracts import NewProduct, NewVariant

    skus = [f"{prefix}-{number:06d}" for number in range(count)]
    installation.load(
        [
            NewProduct(name=f"Hàng đo {sku}", variants=(NewVariant(sku, price_minor + 1_000 * (number % 50)),))
            for number, sku in enumerate(skus)
        ]
    )
    return skus
