"""Which of our variants the listings and order lines of a channel are. The one place here that asks the catalogue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from mekong.catalog import queries as catalog
from mekong.catalog.contracts import VariantView
from mekong.channels import rules
from mekong.channels.contracts import Suggestion
from mekong.channels.models import Listing, MatchState
from mekong.channels.rules import Match
from mekong.channels.socket import ListingKey, RemoteListing
from mekong.foundation.actor import SYSTEM


def match_all(listings: Collection[RemoteListing]) -> dict[ListingKey, Match]:
    """The variant of each listing, by the seller's SKU, then by barcode. Two statements."""
    by_sku = skus({listing.sku for listing in listings if listing.sku})
    barcodes = {listing.barcode for listing in listings if listing.barcode}
    found = catalog.variants_by_barcode(actor=SYSTEM, codes=barcodes) if barcodes else {}
    by_barcode = {code: view.id for code, view in found.items()}
    return {
        listing.key: rules.match(sku=listing.sku, barcode=listing.barcode, by_sku=by_sku, by_barcode=by_barcode)
        for listing in listings
    }


def suggestions(rows: Sequence[Listing]) -> dict[int, list[Suggestion]]:
    """What unmatched listings may be, the likeliest first, by listing id. A dozen statements for a page of them."""
    by_code = catalog.variants_by_barcode(actor=SYSTEM, codes={row.barcode for row in rows if row.barcode})
    near = catalog.variants_by_plain_sku(actor=SYSTEM, skus={row.remote_sku for row in rows if row.remote_sku})
    named = catalog.similar_variants(actor=SYSTEM, names=[row.name for row in rows])
    found: dict[int, dict[int, tuple[VariantView, str, float]]] = {}
    for row, alike in zip(rows, named, strict=True):
        made = found.setdefault(row.id, {})
        told = [(view, "sku", 0.95) for view in near.get(row.remote_sku, ())]
        if row.barcode in by_code:
            told.append((by_code[row.barcode], "barcode", 0.9))
        told += [(view, "name", round(score * 0.85, 2)) for view, score in alike if score >= _LIKE]
        for view, reason, confidence in told:
            if view.id not in made:
                made[view.id] = (view, reason, confidence)
    others = _matched_to({variant for made in found.values() for variant in made}, rows)
    return {
        listing: sorted(
            (
                Suggestion(view.id, view.sku, f"{view.product_name} · {view.title}".removesuffix(" · "), reason, confidence,
                           others.get(view.id, 0))
                for view, reason, confidence in made.values()
            ),
            key=lambda each: -each.confidence,
        )[:3]
        for listing, made in found.items()
    }  # fmt: skip


_LIKE = 0.35
"""Names less alike than that are no hint."""


def _matched_to(variant_ids: Collection[int], rows: Sequence[Listing]) -> dict[int, int]:
    """How many listings of the same channel are each of these variants already."""
    channels = {row.channel_id for row in rows}
    there = Listing.objects.filter(channel_id__in=channels, variant_id__in=variant_ids, match_state=MatchState.MATCHED)
    return Counter(there.values_list("variant_id", flat=True))


def skus(wanted: Collection[str]) -> dict[str, int]:
    """Variant ids by SKU, under the text asked for."""
    if not wanted:
        return {}
    return {sku: view.id for sku, view in catalog.variants_by_sku(actor=SYSTEM, skus=wanted).items()}


def variant_by_sku(sku: str) -> VariantView | None:
    return catalog.variants_by_sku(actor=SYSTEM, skus=[sku]).get(sku)


def variants(ids: Collection[int]) -> Mapping[int, VariantView]:
    return catalog.variants_by_id(actor=SYSTEM, ids=ids) if ids else {}


def by_listing(channel_id: int, keys: Iterable[ListingKey]) -> dict[ListingKey, int]:
    """The variants that these listings are matched to; others are left out. One statement."""
    wanted = set(keys)
    rows = Listing.objects.filter(
        channel_id=channel_id, item_id__in={key.item_id for key in wanted}, match_state=MatchState.MATCHED
    ).values_list("item_id", "model_id", "variant_id")
    found = {ListingKey(item, model): variant for item, model, variant in rows}
    return {key: found[key] for key in wanted if key in found}


def listed(named: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The variants that these (channel code, `item:model`) are matched to; others are left out. One statement."""
    keys = {(channel, *name.partition(":")[::2]): (channel, name) for channel, name in named}
    rows = Listing.objects.filter(
        channel__code__in={channel for channel, _ in named},
        item_id__in={item for _, item, _ in keys},
        match_state=MatchState.MATCHED,
    ).values_list("channel__code", "item_id", "model_id", "variant_id")
    return {
        keys[channel, item, model]: variant for channel, item, model, variant in rows if (channel, item, model) in keys
    }
