"""Words for products on their way to a platform: where each stands, and what is missing with the way to mend it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import ProductRow
from mekong.channels.contracts import Problem, Shortfall
from mekong.channels.contracts.publishing import CategoryMappingView, Gap
from mekong.channels.errors import ListedByHand
from mekong.channels.queries import publishing as channels
from mekong.faces.backoffice import problems, readiness
from mekong.faces.backoffice.attribute_fields import anchor
from mekong.faces.backoffice.visit import Visit
from mekong.faces.backoffice.words import Shape
from mekong.foundation.errors import MekongError
from mekong.foundation.text import fold

Word = str | Promise

STATES: Mapping[str, Shape] = {
    "waiting": Shape(pgettext_lazy("a publication", "Being sent"), fill=25),
    "incomplete": Shape(pgettext_lazy("a publication", "Lacks something"), "risk"),
    "reviewing": Shape(pgettext_lazy("a publication", "Under review there"), fill=75),
    "live": Shape(pgettext_lazy("a publication", "On sale"), "done"),
    "hidden": Shape(pgettext_lazy("a publication", "Hidden"), "off"),
    "refused": Shape(pgettext_lazy("a publication", "Refused"), "fail"),
    "gone": Shape(pgettext_lazy("a publication", "Gone there"), "off"),
}
"""Of `channels.contracts.publishing.PUBLICATION_STATES`, in the order of the tabs."""

KINDS: Mapping[str, Word] = {
    "text": pgettext_lazy("kind of an attribute", "words"),
    "number": pgettext_lazy("kind of an attribute", "a number"),
    "choice": pgettext_lazy("kind of an attribute", "one of its choices"),
    "choices": pgettext_lazy("kind of an attribute", "some of its choices"),
    "bool": pgettext_lazy("kind of an attribute", "yes or no"),
    "date": pgettext_lazy("kind of an attribute", "a day"),
}

BY_HAND = ListedByHand.code
"""A product of the same SKUs was there before it was published from here."""


@dataclass(frozen=True)
class Lack:
    """Something that keeps a product back. `href`: where it is mended, "" when no page of ours mends it."""

    text: str
    href: str


@dataclass
class Mender:
    """Puts gaps of one channel's products into words. What it has looked up it keeps, for the rows of a page."""

    visit: Visit
    channel: str
    name: str
    _codes: Mapping[int, str] | None = None
    _mappings: dict[str, CategoryMappingView | None] = field(default_factory=dict)

    def lacks(self, gaps: tuple[Gap, ...] | list[Gap], product: ProductRow) -> list[Lack]:
        return [self._lack(each, product) for each in gaps]

    def _lack(self, gap: Gap, product: ProductRow) -> Lack:
        said = _SAID.get(gap.what)
        if said is not None:
            return said(self, gap, product)
        has, least, most = (gap.params.get(name) for name in ("has", "least", "most"))
        short = Shortfall(
            gap.what,
            has if isinstance(has, int) else 0,
            least if isinstance(least, int) else None,
            most if isinstance(most, int) else None,
            is_required=True,
        )
        told = readiness.gap_of(short, sku=product.sku, variants=product.variant_count)
        return Lack(told.text, told.href)

    # --- where things are mended --------------------------------------------------------------------------------------

    def product(self, product: ProductRow, at: str = "") -> str:
        return f"/products/{quote(product.sku, safe='')}/{at}"

    def mapping(self, product: ProductRow, attribute: str = "") -> str:
        """The page of what the platform asks in the product's category; the product's own where it is in none."""
        code = self.category(product)
        if not code:
            return self.product(product, "edit/#category")
        at = f"#{asked_anchor(attribute)}" if attribute else ""
        return f"/channels/{self.channel}/categories/{quote(code, safe='')}/{at}"

    def category(self, product: ProductRow) -> str:
        if self._codes is None:
            self._codes = {each.id: each.code for each in catalog.list_categories(actor=self.visit.actor)}
        return self._codes.get(product.category_id or 0, "")

    def answered_by(self, product: ProductRow, attribute: str) -> str:
        """Code of our attribute that answers what the platform asks by this name; "" for none."""
        code = self.category(product)
        if code and code not in self._mappings:
            try:
                self._mappings[code] = channels.get_mapping(actor=self.visit.actor, channel=self.channel, category=code)
            except MekongError:  # its sentence then leads to the mapping, which says what is wrong with it
                self._mappings[code] = None
        known = self._mappings.get(code) if code else None
        for each in known.attributes if known else ():
            if each.name == attribute and each.rule is not None and each.rule.source == "attribute":
                return each.rule.key
        return ""


def asked_anchor(name: str) -> str:
    """The id of what a platform asks on the page of a mapping, to be linked to."""
    return "ask-" + fold(name).replace(" ", "-")


def problem(said: Problem | None, channel: str) -> tuple[str, str]:
    """What the last try ran into, and what to do; both "" when it ran into nothing."""
    if said is None:
        return "", ""
    if said.code == BY_HAND:
        what = gettext("It is on {channel} already as item {item}, listed by hand. Nothing was changed there.")
        mends = gettext("Send it again, and its words and pictures there become those of the catalogue.")
        return what.format(channel=channel, item=said.params.get("item_id", "–")), mends
    if said.code == "error":
        what = gettext("Something went wrong here.")
        return what, gettext("Mekong tries again by itself. If this stays, tell whoever runs it.")
    return problems.sentence(said), problems.remedy(said)


def _param(gap: Gap, name: str) -> str:
    return str(gap.params.get(name, "") or "–")


def _not_mapped(mender: Mender, gap: Gap, product: ProductRow) -> Lack:
    if not gap.params.get("category"):
        return Lack(gettext("The product is in no category"), mender.product(product, "edit/#category"))
    text = gettext("“{category}” has no category of {channel} yet")
    return Lack(text.format(category=_param(gap, "category"), channel=mender.name), mender.mapping(product))


def _not_leaf(mender: Mender, gap: Gap, product: ProductRow) -> Lack:  # noqa: ARG001 - the form of all of them
    text = gettext("{channel} takes products only in a category without others below it. Choose one")
    return Lack(text.format(channel=mender.name), mender.mapping(product))


def _attribute_missing(mender: Mender, gap: Gap, product: ProductRow) -> Lack:
    name = _param(gap, "attribute")
    text = gettext("{channel} asks for “{attribute}”").format(channel=mender.name, attribute=name)
    own = mender.answered_by(product, name)
    return Lack(text, mender.product(product, f"edit/#{anchor(own)}") if own else mender.mapping(product, name))


def _choice_unknown(mender: Mender, gap: Gap, product: ProductRow) -> Lack:
    name = _param(gap, "attribute")
    text = gettext("“{value}” is none of {channel}'s choices for “{attribute}”")
    text = text.format(value=_param(gap, "value"), channel=mender.name, attribute=name)
    return Lack(text, mender.mapping(product, name))


def _option_unmapped(mender: Mender, gap: Gap, product: ProductRow) -> Lack:
    text = gettext("{channel} knows no option “{option}”; it takes {known}")
    text = text.format(channel=mender.name, option=_param(gap, "option"), known=_param(gap, "known"))
    return Lack(text, mender.mapping(product))


def _currency(mender: Mender, gap: Gap, product: ProductRow) -> Lack:
    text = gettext("{sku} has no price in {currency}")
    return Lack(text.format(sku=_param(gap, "sku"), currency=_param(gap, "currency")), mender.product(product, "edit/"))


def _too_many_options(mender: Mender, gap: Gap, product: ProductRow) -> Lack:
    text = gettext("{channel} takes at most {most} options")
    return Lack(text.format(channel=mender.name, most=_param(gap, "most")), mender.product(product, "edit/"))


def _no_variant(mender: Mender, gap: Gap, product: ProductRow) -> Lack:  # noqa: ARG001 - the form of all of them
    return Lack(gettext("No variant is on sale"), mender.product(product))


def _listed_apart(mender: Mender, gap: Gap, product: ProductRow) -> Lack:
    text = gettext("Its variants are spread over {items} listings there. Join them on the platform first")
    return Lack(text.format(items=_param(gap, "items")), mender.product(product, "#listings"))


def _duplicate_options(mender: Mender, gap: Gap, product: ProductRow) -> Lack:  # noqa: ARG001 - as above
    return Lack(gettext("Two variants say the same of their options"), mender.product(product, "edit/"))


def _picture_unreadable(mender: Mender, gap: Gap, product: ProductRow) -> Lack:
    name = _param(gap, "file").rpartition("/")[2]
    return Lack(gettext("A picture cannot be read: {file}").format(file=name), mender.product(product, "#pictures"))


_SAID: Mapping[str, Callable[[Mender, Gap, ProductRow], Lack]] = {
    "not_mapped": _not_mapped,
    "not_leaf": _not_leaf,
    "attribute_missing": _attribute_missing,
    "choice_unknown": _choice_unknown,
    "option_unmapped": _option_unmapped,
    "currency": _currency,
    "too_many_options": _too_many_options,
    "no_variant": _no_variant,
    "listed_apart": _listed_apart,
    "duplicate_options": _duplicate_options,
    "picture_unreadable": _picture_unreadable,
}
