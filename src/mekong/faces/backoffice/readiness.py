"""How ready products are for the platforms they go to, in words that lead to the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import ProductView
from mekong.channels import queries as channels
from mekong.channels.contracts import Completeness, Shortfall
from mekong.faces.backoffice.attribute_fields import anchor
from mekong.faces.backoffice.marks import NAMES, Mark
from mekong.faces.backoffice.visit import Visit

_WITHOUT: Mapping[str, tuple[str | Promise, str]] = {
    "category": (_("Category"), "category"),
    "brand": (_("Brand"), "brand"),
    "price": (_("Price above 0"), "price-{place}"),
    "weight": (_("Weight"), "weight-{place}"),
    "size": (_("Length, width, height"), "size-{place}"),
    "gtin": (_("Barcode of the maker (GTIN)"), "barcode-{place}"),
    "gtin_or_brand": (_("Brand, or the maker's barcode (GTIN)"), "brand"),
}
"""What is there or not: its name, and the field of the form that holds it."""


@dataclass(frozen=True)
class Gap:
    """Something lacking. `href`: where it is mended, "" when the pages have no field for it."""

    text: str
    href: str
    is_required: bool


@dataclass(frozen=True)
class Readiness:
    """One kind of platform's view of one product."""

    mark: Mark
    score: int
    gaps: tuple[Gap, ...]

    @property
    def missing(self) -> int:
        return sum(gap.is_required for gap in self.gaps)

    @property
    def sentence(self) -> str:
        if not self.missing:
            return gettext("{channel}: nothing required is missing, {score} of 100").format(
                channel=self.mark.name, score=self.score
            )
        return ngettext(
            "{channel} lacks {n} thing, {score} of 100", "{channel} lacks {n} things, {score} of 100", self.missing
        ).format(channel=self.mark.name, n=self.missing, score=self.score)


def kinds(marks: Sequence[Mark]) -> dict[str, Mark]:
    """One mark for each kind of platform: two shops on one of them ask for the same."""
    found: dict[str, Mark] = {}
    for mark in marks:
        found.setdefault(mark.kind, replace(mark, name=str(NAMES.get(mark.kind, mark.name))))
    return found


def of_products(visit: Visit, product_ids: Sequence[int], marks: Sequence[Mark]) -> dict[int, dict[str, Completeness]]:
    """By product and kind. Two statements."""
    facts = catalog.listing_facts(actor=visit.actor, product_ids=product_ids)
    return channels.completeness(facts=facts.values(), kinds=kinds(marks))


def of_product(visit: Visit, product: ProductView, marks: Sequence[Mark]) -> list[Readiness]:
    """Every platform's view of a product, with what is missing."""
    found = of_products(visit, [product.id], marks).get(product.id, {})
    return [
        Readiness(mark, found[kind].score, _gaps(found[kind], product))
        for kind, mark in kinds(marks).items()
        if kind in found
    ]


def _gaps(found: Completeness, product: ProductView) -> tuple[Gap, ...]:
    """Without advice on what is required anyhow: once there are pictures, it is time to ask for more of them."""
    required = {each.fact for each in found.lacking if each.is_required}
    told = [each for each in found.lacking if each.is_required or each.fact not in required]
    return tuple(gap(each, product) for each in told)


def gap(lack: Shortfall, product: ProductView) -> Gap:
    """A shortfall in words, with the way to its field."""
    return gap_of(lack, sku=product.variants[0].sku, variants=len(product.variants))


def gap_of(lack: Shortfall, *, sku: str, variants: int) -> Gap:
    """The same of a product known by a SKU of it and how many variants it has."""
    page = f"/products/{quote(sku, safe='')}/"
    if lack.fact in _WITHOUT:
        name, field = _WITHOUT[lack.fact]
        place = lack.places[0] if lack.places else 0
        text = str(name)
        if lack.places and variants > 1:
            of = ngettext("of {n} variant", "of {n} variants", len(lack.places)).format(n=len(lack.places))
            text = f"{text} {of}"
        return Gap(text, f"{page}edit/#{field.format(place=place)}", lack.is_required)
    if lack.fact == "attributes":
        names = ", ".join(name for _code, name in lack.attributes)
        return Gap(names, f"{page}edit/#{anchor(lack.attributes[0][0])}", lack.is_required)
    return Gap(_measured(lack), _measured_at(lack, page), lack.is_required)


def _measured(lack: Shortfall) -> str:
    is_short = lack.least is not None and lack.has < lack.least
    if is_short and lack.least == 1:
        return {
            "name": gettext("A name"),
            "description": gettext("A description"),
            "pictures": gettext("A picture"),
        }.get(lack.fact, lack.fact)
    bound = {"has": lack.has, "bound": lack.least if is_short else lack.most}
    texts: Mapping[tuple[str, bool], str] = {
        ("name", True): gettext("Name of at least {bound} characters (has {has})"),
        ("name", False): gettext("Name of at most {bound} characters (has {has})"),
        ("description", True): gettext("Description of at least {bound} characters (has {has})"),
        ("description", False): gettext("Description of at most {bound} characters (has {has})"),
        ("pictures", True): gettext("At least {bound} pictures (has {has})"),
        ("pictures", False): gettext("At most {bound} pictures (has {has})"),
        ("picture_px", True): gettext("Pictures of at least {bound} pixels at the shorter side (one has {has})"),
        ("picture_px", False): gettext("Pictures of at most {bound} pixels at the shorter side (one has {has})"),
        ("options", False): gettext("At most {bound} options (has {has})"),
        ("variants", True): gettext("At least {bound} variants (has {has})"),
        ("variants", False): gettext("At most {bound} variants (has {has})"),
    }
    return texts.get((lack.fact, is_short), lack.fact).format(**bound)


def _measured_at(lack: Shortfall, page: str) -> str:
    if lack.fact in ("name", "description"):
        return f"{page}edit/#{lack.fact}"
    return f"{page}#pictures" if lack.fact.startswith("picture") else ""
