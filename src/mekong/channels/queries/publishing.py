"""What stands of publishing: categories of platforms, our mapping to them, products on their way."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.db.models import Count

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import CategoryView, ListingMaterial
from mekong.channels import registry, rules
from mekong.channels.contracts import Problem
from mekong.channels.contracts.publishing import (
    AttributeRule,
    CategoryMappingView,
    Gap,
    MappedCategory,
    PlatformAttributeView,
    PlatformCategoryView,
    PlatformChoiceView,
    PreviewVariant,
    PublicationPage,
    PublicationPreview,
    PublicationView,
)
from mekong.channels.errors import CannotDo, ChannelInvalid, PublicationNotFound
from mekong.channels.models import (
    CategoryMapping,
    Channel,
    Listing,
    MatchState,
    PictureCopy,
    PlatformCategory,
    Publication,
)
from mekong.channels.queries import find_channel
from mekong.channels.rules import drafting
from mekong.channels.rules.drafting import Drafted, Wanted
from mekong.channels.socket.publishing import RemoteAttribute
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.paging import decode_cursor, encode_cursor
from mekong.foundation.text import fold
from mekong.pricing import queries as pricing
from mekong.pricing.queries import Shown

CAPABILITY = "PublishesProducts"


def find_publisher(code: str) -> Channel:
    """A channel whose platform takes products. Raises: ChannelNotFound, CannotDo."""
    row = find_channel(code)
    if not registry.is_remote(row.kind) or CAPABILITY not in registry.plug(row.kind).manifest.capabilities:
        raise CannotDo(channel=row.name, capability=CAPABILITY)
    return row


# --- categories -------------------------------------------------------------------------------------------------------


def search_platform_categories(
    *, actor: Actor, channel: str, text: str = "", limit: int = 20
) -> list[PlatformCategoryView]:
    """Leaves of a platform's tree whose path has every one of these words, shortest path first.

    Raises: MayNot, ChannelNotFound, CannotDo.
    """
    actor.require("channels.view")
    rows = PlatformCategory.objects.filter(channel=find_publisher(channel), is_leaf=True)
    for word in fold(text).split()[:8]:
        rows = rows.filter(found_by__contains=word)
    return [_category(row) for row in rows.order_by("position")[: max(1, min(limit, 100))]]


def categories_read(*, actor: Actor, channel: str) -> int:
    """How many categories of a platform are known. Raises: MayNot, ChannelNotFound, CannotDo."""
    actor.require("channels.view")
    return PlatformCategory.objects.filter(channel=find_publisher(channel)).count()


def list_mappings(*, actor: Actor, channel: str) -> list[MappedCategory]:
    """Our category tree, parents first, with what each is on a platform. Raises: MayNot, ChannelNotFound, CannotDo."""
    actor.require("channels.view")
    row = find_publisher(channel)
    tree = catalog.list_categories(actor=SYSTEM)
    counts = catalog.category_counts(actor=SYSTEM)
    own = {each.category: each for each in CategoryMapping.objects.filter(channel=row)}
    known = _platform_rows(row, {each.external_id for each in own.values()})
    names = {each.id: each for each in tree}
    answered = {each.id: _unanswered(known.get(each.external_id), each) for each in own.values()}
    found = []
    for each in tree:
        mapping = _nearest(each.id, names, own)
        platform = known.get(mapping.external_id) if mapping else None
        found.append(
            MappedCategory(
                code=each.code, name=each.name, depth=len(each.path) - 1, products=counts[each.id].own,
                platform=_category(platform) if platform else None,
                inherited_from=mapping.category if mapping and mapping.category != each.code else "",
                unanswered=answered[mapping.id] if mapping else 0,
            )
        )  # fmt: skip
    return found


def get_mapping(*, actor: Actor, channel: str, category: str) -> CategoryMappingView:
    """How one of our categories is mapped, and what the platform asks there.

    Raises: MayNot, ChannelNotFound, CannotDo, ChannelInvalid (no such category).
    """
    actor.require("channels.view")
    row = find_publisher(channel)
    ours = find_category(category)
    mapping = mapping_of(row, ours.id)
    platform = _platform_rows(row, {mapping.external_id}).get(mapping.external_id) if mapping else None
    own = {each.code: each for each in catalog.list_attributes(actor=SYSTEM)}
    options = catalog.options_used(actor=SYSTEM, category_id=ours.id)
    said = rules_of(mapping)
    return CategoryMappingView(
        category_code=ours.code,
        category_name=ours.name,
        platform=_category(platform) if platform else None,
        inherited_from=mapping.category if mapping and mapping.category != ours.code else "",
        attributes=[_attribute(each, said, own, options) for each in asked_of(platform)],
        read_at=platform.attributes_at if platform else None,
    )


def find_category(code: str) -> CategoryView:
    """One of our categories. Raises: ChannelInvalid."""
    found = next((each for each in catalog.list_categories(actor=SYSTEM) if each.code == code), None)
    if found is None:
        problem = "There is no category “{category}”. Choose one of the catalogue's."
        raise ChannelInvalid(field="category", problem=problem, category=code)
    return found


def mapping_of(row: Channel, category_id: int | None) -> CategoryMapping | None:
    """The mapping that holds for one of our categories: its own, or that of the nearest above."""
    if category_id is None:
        return None
    tree = {each.id: each for each in catalog.list_categories(actor=SYSTEM)}
    return _nearest(category_id, tree, {each.category: each for each in CategoryMapping.objects.filter(channel=row)})


def _nearest(
    category_id: int, tree: Mapping[int, CategoryView], own: Mapping[str, CategoryMapping]
) -> CategoryMapping | None:
    here: int | None = category_id
    while here is not None and here in tree:
        if tree[here].code in own:
            return own[tree[here].code]
        here = tree[here].parent_id
    return None


def asked_of(platform: PlatformCategory | None) -> list[RemoteAttribute]:
    """What a platform asks of products in a leaf, as it was last told; none while it was not asked."""
    if platform is None or platform.attributes is None:
        return []
    return msgspec.convert(platform.attributes, list[RemoteAttribute])


def rules_of(mapping: CategoryMapping | None) -> dict[str, AttributeRule]:
    return msgspec.convert(mapping.rules, dict[str, AttributeRule]) if mapping else {}


def platform_category(row: Channel, external_id: str) -> PlatformCategory | None:
    return PlatformCategory.objects.filter(channel=row, external_id=external_id).first()


def _platform_rows(row: Channel, ids: Collection[str]) -> dict[str, PlatformCategory]:
    return {each.external_id: each for each in PlatformCategory.objects.filter(channel=row, external_id__in=ids)}


def _category(row: PlatformCategory) -> PlatformCategoryView:
    return PlatformCategoryView(row.external_id, tuple(row.path), row.is_leaf)


def _attribute(
    asked: RemoteAttribute, said: Mapping[str, AttributeRule], own: Mapping[str, Any], options: Sequence[str]
) -> PlatformAttributeView:
    rule = said.get(asked.id)
    found = drafting.found_rule(asked, own, options) if rule is None else None
    return PlatformAttributeView(
        id=asked.id, name=asked.name, kind=asked.kind.value, is_required=asked.is_required, is_option=asked.is_option,
        choices=[PlatformChoiceView(each.id, each.name) for each in asked.choices],
        takes_own_words=asked.takes_own_words, units=list(asked.units), rule=rule or found, is_found=found is not None,
    )  # fmt: skip


def _unanswered(platform: PlatformCategory | None, mapping: CategoryMapping) -> int:
    own = {each.code: each for each in catalog.list_attributes(actor=SYSTEM)} if platform else {}
    said = rules_of(mapping)
    return sum(
        each.is_required and not each.is_option and each.id not in said and drafting.found_rule(each, own, ()) is None
        for each in asked_of(platform)
    )


# --- what is sent -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Prepared:
    """A product on its way to a channel. `item_id`: the one its variants are listed under there; "" for none."""

    material: ListingMaterial
    drafted: Drafted
    item_id: str
    platform: PlatformCategory | None


def _shown(shown: Mapping[int, Shown], variant_id: int) -> int | None:
    return shown[variant_id].price_minor if variant_id in shown else None


def prepare(*, row: Channel, product_id: int, is_shown: bool = True, item_id: str = "") -> Prepared:
    """What would be sent of a product now, and what is missing for it. Pictures are those the platform was given.

    `item_id`: under which it was published; else it is looked for among the listings. Raises: ProductNotFound.
    """
    material = catalog.listing_material(actor=SYSTEM, product_id=product_id)
    product = material.product
    listed = list(
        Listing.objects.filter(
            channel=row, variant_id__in=[each.id for each in product.variants], match_state=MatchState.MATCHED
        ).order_by("id")
    )
    items = {each.item_id for each in listed}
    item = item_id or (items.pop() if len(items) == 1 else "")
    mapping = mapping_of(row, product.category_id)
    platform = platform_category(row, mapping.external_id) if mapping else None
    own_prices = {each.variant_id: each.own_price_minor for each in listed}
    given = dict(
        PictureCopy.objects.filter(channel=row, sha256__in=[each.sha256 for each in material.pictures]).values_list(
            "sha256", "reference"
        )
    )
    needs = registry.plug(row.kind).needs
    views = list(catalog.variants_by_id(actor=SYSTEM, ids=[each.id for each in product.variants]).values())
    shown = pricing.shown_prices(views=views, channel=row.code, currency=row.currency, now=datetime.now(UTC))
    made = drafting.draft(
        Wanted(
            product=product,
            currency=row.currency,
            category_id=mapping.external_id if mapping else None,
            needs_category=any(need.fact == "category" and need.is_required for need in needs),
            asked=asked_of(platform),
            rules=rules_of(mapping),
            own={each.code: each for each in catalog.list_attributes(actor=SYSTEM)},
            prices={each.id: own_prices.get(each.id) or _shown(shown, each.id) for each in product.variants},
            barcodes=material.gtins,
            is_shown=is_shown and product.status == "active",
            model_ids={each.variant_id: each.model_id for each in listed if each.variant_id and each.item_id == item},
            pictures=[given.get(each.sha256, "") for each in material.pictures if each.variant_id is None],
            picture_of={
                each.variant_id: given.get(each.sha256, "")
                for each in reversed(material.pictures)
                if each.variant_id is not None
            },
        )
    )
    facts = catalog.listing_facts(actor=SYSTEM, product_ids=[product_id])
    gaps = [*made.gaps, *drafting.gaps_of(rules.completeness(facts[product_id], needs))]
    if not item and len(items) > 1:
        gaps.append(Gap("listed_apart", {"items": len(items)}))
    return Prepared(material, replace(made, gaps=tuple(gaps)), item, platform)


def is_ours(row: Publication) -> bool:
    """Whether what is found on the platform under its SKUs was made from here, or may be replaced as a person said."""
    return bool(row.item_id) or row.begun_at is not None or row.takes_over


def preview_publication(*, actor: Actor, channel: str, product_id: int) -> PublicationPreview:
    """What would be sent of a product now, and what is missing.

    Raises: MayNot, ChannelNotFound, CannotDo, ProductNotFound.
    """
    actor.require("channels.view")
    row = find_publisher(channel)
    known = Publication.objects.filter(channel=row, product_id=product_id).first()
    made = prepare(row=row, product_id=product_id, item_id=known.item_id if known else "")
    sent = made.drafted.draft
    asked = {each.id: each.name for each in asked_of(made.platform)}
    return PublicationPreview(
        channel=row.code,
        product_id=product_id,
        item_id=made.item_id,
        is_ours=known is not None and is_ours(known),
        platform=_category(made.platform) if made.platform else None,
        name=sent.name,
        description=sent.description,
        brand=sent.brand,
        pictures=sum(each.variant_id is None for each in made.material.pictures),
        options=tuple(each.name for each in sent.options),
        variants=[
            PreviewVariant(each.sku, tuple(value.text for value in each.values), each.price_minor, sent.currency)
            for each in sent.variants
        ],
        attributes=[
            (asked.get(name, name), ", ".join(f"{each.text} {each.unit}".strip() for each in values))
            for name, values in sent.attributes.items()
        ],
        gaps=made.drafted.gaps,
    )


# --- publications -----------------------------------------------------------------------------------------------------


def list_publications(
    *, actor: Actor, channel: str, state: str = "", cursor: str = "", limit: int = 50
) -> PublicationPage:
    """A page of a channel's publications, newest first. Raises: MayNot, ChannelNotFound, CannotDo, BadCursor."""
    actor.require("channels.view")
    before = decode_cursor(cursor, tuple[int])[0] if cursor else None
    row = find_publisher(channel)
    everything = Publication.objects.filter(channel=row)
    counts = dict(everything.order_by().values_list("state").annotate(Count("id")))
    rows = everything.filter(state=state) if state else everything
    if before is not None:
        rows = rows.filter(id__lt=before)
    limit = max(1, min(limit, 200))
    found = list(rows.select_related("channel").order_by("-id")[: limit + 1])
    page = found[:limit]
    return PublicationPage(publication_views(page), counts, encode_cursor(page[-1].id) if len(found) > limit else None)


def get_publication(*, actor: Actor, channel: str, product_id: int) -> PublicationView:
    """How a product stands on a channel. Raises: MayNot, ChannelNotFound, CannotDo, PublicationNotFound."""
    actor.require("channels.view")
    row = find_publisher(channel)
    rows = Publication.objects.select_related("channel").filter(channel=row, product_id=product_id)
    found = publication_views(list(rows))
    if not found:
        raise PublicationNotFound(channel=row.name)
    return found[0]


def publications_of(*, actor: Actor, product_id: int) -> list[PublicationView]:
    """Where a product is published, by channel. Raises: MayNot."""
    actor.require("channels.view")
    rows = Publication.objects.select_related("channel").filter(product_id=product_id).order_by("channel__code")
    return publication_views(list(rows))


def publication_views(rows: Sequence[Publication]) -> list[PublicationView]:
    products = catalog.products_by_id(actor=SYSTEM, ids={row.product_id for row in rows})
    return [
        PublicationView(
            id=row.id, channel=row.channel.code, product_id=row.product_id,
            product_code=products[row.product_id].code, product_name=products[row.product_id].name,
            thumbnail_url=products[row.product_id].thumbnail_url, state=row.state, is_shown=row.is_shown,
            follows=row.follows, is_behind=row.turn > row.done_turn, item_id=row.item_id, url=row.url,
            gaps=[Gap(each["what"], each["params"]) for each in row.gaps], reasons=list(row.reasons),
            problem=Problem(row.problem["code"], row.problem.get("params", {})) if row.problem else None,
            attempts=row.attempts, asked_by=row.asked_by, asked_at=row.asked_at, sent_at=row.sent_at,
            live_at=row.live_at, next_at=row.next_at,
        )
        for row in rows
        if row.product_id in products
    ]  # fmt: skip


def publishing_channels(*, actor: Actor) -> list[tuple[str, str]]:
    """Code and name of every active channel whose platform takes products. Raises: MayNot."""
    actor.require("channels.view")
    return [
        (row.code, row.name)
        for row in Channel.objects.filter(is_active=True).order_by("code")
        if registry.is_remote(row.kind) and CAPABILITY in registry.plug(row.kind).manifest.capabilities
    ]
