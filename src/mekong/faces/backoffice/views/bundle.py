"""What a bundle is made of, on the page of its product: parts, what they cost alone, how many can be built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.http import HttpResponse
from django.utils.translation import gettext

from mekong.catalog import queries
from mekong.catalog.contracts import NewPart, ProductView, VariantView
from mekong.faces import bundling
from mekong.faces.backoffice.fields import Errors, read_number, whole_number
from mekong.faces.backoffice.visit import Visit, page

MOST_PARTS = 100


@dataclass
class Line:
    """A part as it was typed; `variant` once its SKU is known. `free`: None for who does not see stock."""

    sku: str = ""
    quantity: str = "1"
    variant: VariantView | None = None
    free: int | None = None

    @property
    def units(self) -> int:
        return max(whole_number(self.quantity) or 0, 0)

    @property
    def total_minor(self) -> int | None:
        return None if self.variant is None else self.variant.price_minor * self.units


@dataclass
class Bundle:
    """One variant's bundle. `sees_stock`: whether `built` may be told."""

    variant: VariantView
    lines: list[Line]
    sees_stock: bool = False
    errors: Errors = field(default_factory=Errors)

    @property
    def sum_minor(self) -> int:
        return sum(line.total_minor or 0 for line in self.lines)

    @property
    def saves_minor(self) -> int:
        """What a buyer saves against buying the parts; negative when the bundle is dearer."""
        return self.sum_minor - self.variant.price_minor

    @property
    def built(self) -> int:
        known = [line for line in self.lines if line.variant is not None and line.units]
        return bundling.buildable(
            {line.variant.id: line.units for line in known if line.variant is not None},
            {line.variant.id: line.free or 0 for line in known if line.variant is not None},
        )


def of_product(visit: Visit, product: ProductView, typed: Bundle | None = None) -> list[Bundle]:
    """The bundles among a product's variants; the one that was typed and refused as it was typed."""
    found = [
        Bundle(
            each,
            [Line(part.sku, str(part.quantity)) for part in product.parts if part.bundle_id == each.id],
            visit.actor.may("inventory.view"),
        )
        for each in product.variants
        if each.is_bundle and not (typed and typed.variant.id == each.id)
    ]
    return _known(visit, [*found, *([typed] if typed else [])])


def _known(visit: Visit, bundles: Sequence[Bundle]) -> list[Bundle]:
    """The same, with names, prices and stock of the parts. Two statements."""
    lines = [line for bundle in bundles for line in bundle.lines]
    variants = queries.variants_by_sku(actor=visit.actor, skus={line.sku for line in lines if line.sku})
    sees = visit.actor.may("inventory.view")
    free = bundling.free_units(visit.actor, [each.id for each in variants.values()]) if sees else {}
    for line in lines:
        line.variant = variants.get(line.sku)
        if line.variant is not None and sees:
            line.free = free.get(line.variant.id, 0)
    return list(bundles)


def typed(visit: Visit, product: ProductView) -> Bundle:
    """The bundle of the form."""
    chosen = visit.posted("bundle", longest=64)
    variant = next((each for each in product.variants if each.sku == chosen), product.variants[0])
    skus, quantities = (visit.request.POST.getlist(name)[:MOST_PARTS] for name in ("sku", "quantity"))
    lines = [
        Line(sku.strip()[:64].replace("\x00", ""), quantity.strip()[:20])
        for sku, quantity in zip(skus, quantities, strict=False)
        if sku.strip()
    ]
    return Bundle(variant, lines or [Line()], visit.actor.may("inventory.view"))


def read(bundle: Bundle) -> list[NewPart]:
    """Its parts; what cannot be read is said in its errors."""
    parts = []
    for at, line in enumerate(bundle.lines):
        if not line.sku:
            bundle.errors.add(f"sku-{at}", gettext("Choose a part."))
            continue
        parts.append(
            NewPart(line.sku, read_number(bundle.errors, f"quantity-{at}", line.quantity, least=1, most=10**6))
        )
    return parts


@page("catalog.edit", methods=("POST",))
def figures(visit: Visit, sku: str) -> HttpResponse:
    """Sum, saving and how many can be built of what is being typed."""
    bundle = _known(visit, [typed(visit, queries.get_product(actor=visit.actor, sku=sku))])[0]
    return visit.render("products/bundle_figures.html", {"bundle": bundle})
