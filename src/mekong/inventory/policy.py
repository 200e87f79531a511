"""Which places serve a channel and which controls shape what it may sell: read once, kept until the version moves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from django.db import connection

from mekong.catalog import queries as catalog
from mekong.inventory import rules
from mekong.inventory.rules import Control

_SUPPLY = """
    select s.channel, s.location_id from inventory_channelsupply s
      join inventory_location l on l.id = s.location_id and l.is_active
     order by s.channel, s.priority, s.location_id
"""
_DEFAULT = """
    select id from inventory_location where is_active and kind in ('warehouse', 'store') order by priority, id
"""
_CONTROLS = """
    select id, channel, scope, target, kind, amount from inventory_stockcontrol
     where (starts_at is null or starts_at <= now()) and (ends_at is null or ends_at > now())
     order by array_position(%s::text[], scope::text), position, id
"""
_NEXT_TURN = """
    select min(turn) from (
        select starts_at as turn from inventory_stockcontrol where starts_at > now()
        union all select ends_at from inventory_stockcontrol where ends_at > now()) turns
"""
_CAMPAIGNS = """
    select c.channel, l.variant_id, l.id, l.listing from inventory_stockcampaign c
      join inventory_campaignline l on l.campaign_id = c.id and l.state = 'aside'
     where c.state = 'running' order by c.ends_at, l.id
"""


KEPT_S = 30.0
"""What controls go by (SKUs, categories, matches of listings) may change without the policy's version, so a snapshot is
not used for longer."""

Listed = Callable[[Collection[tuple[str, str]]], Mapping[tuple[str, str], int]]
"""Which variant is listed as (channel, `item:model`), of those that are matched."""

_listed: Listed | None = None


def know_listings(listed: Listed) -> None:
    """Told once, by the module that keeps listings: what stands on one is a fact of channels, not of stock."""
    global _listed
    _listed = listed


def listed(named: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], int]:
    """The variants that are listed as (channel, `item:model`); none while nobody has said how to know."""
    return _listed(named) if _listed is not None and named else {}


class Policy:
    """A snapshot of supply and controls at one version. Controls with a start or an end make it stale at that moment."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("select version from inventory_stockpolicy where id = 1")
            row = cursor.fetchone()
            self.version: int = row[0] if row else 0
            cursor.execute(_DEFAULT)
            self._default = tuple(found[0] for found in cursor.fetchall())
            self._supply: dict[str, tuple[int, ...]] = {}
            cursor.execute(_SUPPLY)
            for channel, location in cursor.fetchall():
                self._supply[channel] = (*self._supply.get(channel, ()), location)
            self._controls: dict[str, list[Control]] = {}
            cursor.execute(_CONTROLS, [list(rules.SCOPES)])
            for row in cursor.fetchall():
                control = Control(*row)
                self._controls.setdefault(control.channel, []).append(control)
            cursor.execute(_NEXT_TURN)
            turn = cursor.fetchone()
            self.stale_at: datetime | None = turn[0] if turn else None
            self._campaigns: dict[tuple[str, int], tuple[tuple[int, str], ...]] = {}
            cursor.execute(_CAMPAIGNS)
            for channel, variant, line, listing in cursor.fetchall():
                known = self._campaigns.get((channel, variant), ())
                self._campaigns[channel, variant] = (*known, (line, listing))
        self.has_controls = bool(self._controls)
        self.has_campaigns = bool(self._campaigns)
        self._by_listing = self._slices_of_listings()
        self._names: dict[int, tuple[str, tuple[str, ...]]] = {}
        self._has_slices = any(each.kind == "slice" for controls in self._controls.values() for each in controls)
        self._bundles: dict[int, tuple[tuple[int, int], ...]] = {}
        """By part: (bundle, units of the part in one)."""
        self._slices: dict[int, tuple[tuple[Control, int], ...]] = {}
        self._counted: dict[int, tuple[int, ...]] = {}

    def _slices_of_listings(self) -> dict[int, tuple[Control, ...]]:
        """Slices set on a listing, by the variant that is listed there."""
        slices = {
            (control.channel, control.target): control
            for controls in self._controls.values()
            for control in controls
            if control.scope == "listing" and control.kind == "slice"
        }
        found: dict[int, tuple[Control, ...]] = {}
        if slices and _listed is not None:
            for named, variant in _listed(slices).items():
                found[variant] = (*found.get(variant, ()), slices[named])
        return found

    def locations(self, channel: str) -> tuple[int, ...]:
        """Ids of the places that serve a channel, first asked first."""
        return self._supply.get(channel, self._default)

    def know(self, variant_ids: Collection[int]) -> None:
        """Read what controls may name of these variants (SKU, categories), with one statement.

        Where slices are set, also the bundles that these variants are parts of: what is set aside of a bundle, is of them.
        """
        unknown = {variant for variant in variant_ids if variant not in self._names}
        if not unknown or not self.has_controls:
            return
        around: set[int] = set()
        if self._has_slices:
            around = catalog.bundles_with(part_ids=unknown)
            for bundle, facts in catalog.stock_facts(variant_ids=around).items() if around else ():
                for part, each in facts.parts:
                    if part in unknown:
                        self._bundles[part] = (*self._bundles.get(part, ()), (bundle, each))
        self._names.update(catalog.control_names(variant_ids=unknown | around))

    def control(self, channel: str, variant_id: int, listing: str = "") -> Control | None:
        """The control that applies, or None for the pool. Call `know` first."""
        controls = self._controls.get(channel)
        if not controls:
            return None
        sku, categories = self._names.get(variant_id, ("", ()))
        return rules.first_match(controls, sku=sku, categories=categories, listing=listing)

    def meets(self, control: Control, variant_id: int) -> bool:
        """Whether a control matches a variant at all, be it first or not. Call `know` first."""
        sku, categories = self._names.get(variant_id, ("", ()))
        return rules.first_match([control], sku=sku, categories=categories) is not None

    def slices(self, variant_id: int) -> tuple[tuple[Control, int], ...]:
        """Every channel's slice of this variant, and how many units of it each unit sets aside.

        More than one where the slice is of a bundle that this variant is a part of. Slices set on a listing are among them.
        """
        known = self._slices.get(variant_id)
        if known is None:
            units = dict.fromkeys(self._own_slices(variant_id), 1)
            of_bundles: dict[Control, int] = {}
            for bundle, each in self._bundles.get(variant_id, ()):
                for control in self._own_slices(bundle):
                    # One that meets the part as well sets the part itself aside already.
                    if control not in units and not self.meets(control, variant_id):
                        of_bundles[control] = max(each, of_bundles.get(control, 0))
            known = self._slices[variant_id] = (*units.items(), *of_bundles.items())
        return known

    def _own_slices(self, variant_id: int) -> tuple[Control, ...]:
        found = [self.control(channel, variant_id) for channel in self._controls]
        sliced = [control for control in found if control is not None and control.kind == "slice"]
        return (*sliced, *self._by_listing.get(variant_id, ()))

    def counted(self, variant_id: int) -> tuple[int, ...]:
        """Ids of every channel's cap or slice of this variant, but caps of listings, which only their orders touch.

        Those slices too that set it aside as a part of a bundle.
        """
        known = self._counted.get(variant_id)
        if known is None:
            found = [self.control(channel, variant_id) for channel in self._controls]
            counted = [each.id for each in found if each is not None and each.kind in rules.COUNTED_KINDS]
            known = (*counted, *(control.id for control, _ in self.slices(variant_id)))
            self._counted[variant_id] = known
        return known

    def campaign_lines(self, channel: str, variant_id: int, listing: str = "") -> tuple[int, ...]:
        """Lines of running campaigns that an order of this channel may be served from, the first to end first.

        Whether their time is up, the holds themselves say.
        """
        known = self._campaigns.get((channel, variant_id), ())
        return tuple(line for line, named in known if not named or named == listing)

    def every_campaign_line(self, variant_ids: Collection[int]) -> tuple[int, ...]:
        """Lines of running campaigns of these variants, whatever the channel and listing."""
        wanted = set(variant_ids)
        return tuple(
            line for (_, variant), lines in self._campaigns.items() if variant in wanted for line, _ in lines
        )  # fmt: skip
