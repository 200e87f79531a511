"""How ready a product is for a platform: what is lacking, and the score."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mekong.catalog.contracts import ListingFacts
from mekong.channels import registry
from mekong.channels.rules import completeness
from mekong.channels.socket import listing_needs
from mekong.channels.socket.listing_needs import FACTS, Need

WHOLE = ListingFacts(
    product_id=1, name_length=60, description_length=800, has_category=True, has_brand=True, options=1,
    missing_attributes=(), pictures=4, smallest_picture_px=1200, variants=2, without_price=(), without_weight=(),
    without_size=(), without_gtin=(),
)  # fmt: skip
EMPTY = ListingFacts(
    product_id=2, name_length=3, description_length=0, has_category=False, has_brand=False, options=4,
    missing_attributes=(("men", "Men"),), pictures=0, smallest_picture_px=0, variants=2, without_price=(0,),
    without_weight=(0, 1), without_size=(0, 1), without_gtin=(0, 1),
)  # fmt: skip


@pytest.mark.parametrize("kind", sorted(registry.connectors()))
def test_every_platform_takes_a_whole_product_and_misses_something_of_an_empty_one(kind: str) -> None:
    needs = registry.plug(kind).needs

    assert needs
    assert completeness(WHOLE, needs).score == 100
    assert completeness(WHOLE, needs).lacking == ()
    poor = completeness(EMPTY, needs)
    assert poor.missing > 0
    assert 0 <= poor.score < 60


def test_what_is_lacking_is_named_with_its_bounds_and_its_variants() -> None:
    needs = (Need("name", 10, 120), Need("description", 100), Need("weight"), Need("pictures", 3, is_required=False))
    facts = replace(WHOLE, name_length=121, without_weight=(1,), pictures=2)

    found = completeness(facts, needs)

    assert [(each.fact, each.has, each.least, each.most) for each in found.lacking] == [
        ("name", 121, 10, 120), ("weight", 1, 2, None), ("pictures", 2, 3, None),
    ]  # fmt: skip
    assert found.lacking[1].places == (1,)
    assert found.missing == 2
    # Ten points in all, three lost twice and one once.
    assert found.score == 30


def test_a_brand_stands_for_a_gtin_where_one_of_the_two_will_do() -> None:
    needs = (Need("gtin_or_brand"),)

    assert completeness(replace(WHOLE, without_gtin=(0, 1)), needs).score == 100
    assert completeness(replace(WHOLE, has_brand=False), needs).score == 100
    assert completeness(replace(WHOLE, has_brand=False, without_gtin=(0,)), needs).missing == 1


def test_too_much_is_lacking_too() -> None:
    assert completeness(replace(WHOLE, options=3), (Need("options", None, 2),)).lacking[0].most == 2


def test_a_platform_that_asks_for_nothing_finds_everything_complete() -> None:
    assert completeness(EMPTY, ()).score == 100


_BOUNDS = st.none() | st.integers(min_value=0, max_value=200)
_NEEDS = st.lists(st.builds(Need, st.sampled_from(FACTS), _BOUNDS, _BOUNDS, st.booleans()), max_size=12)


@given(_NEEDS)
def test_a_hundred_means_that_nothing_is_lacking_and_nothing_else_does(needs: list[Need]) -> None:
    for facts in (WHOLE, EMPTY):
        found = completeness(facts, needs)
        assert 0 <= found.score <= 100
        assert (found.score == 100) == (not found.lacking)
        assert [each.is_required for each in found.lacking] == sorted(
            (each.is_required for each in found.lacking), reverse=True
        )


@pytest.mark.parametrize(
    ("text", "says"),
    [('needs = [{ fact = "colour" }]', "asks for “colour”"), ('needs = [{ fact = "Name" }]', "asks for “Name”")],
)
def test_a_need_that_nobody_knows_is_a_defect_of_the_connector(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, says: str
) -> None:
    (tmp_path / "listing_needs.toml").write_text(text)
    monkeypatch.setattr(listing_needs, "files", lambda package: tmp_path)
    with pytest.raises(ValueError, match=says):
        listing_needs.read_listing_needs("bazaar")


def test_a_bound_is_read_as_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing_needs, "files", lambda package: tmp_path)
    assert listing_needs.read_listing_needs("bazaar") == ()
    (tmp_path / "listing_needs.toml").write_text(
        'needs = [{ fact = "brand" }, { fact = "options", most = 2, required = false }]'
    )
    assert listing_needs.read_listing_needs("bazaar") == (
        Need("brand", 1, None, True), Need("options", None, 2, False),
    )  # fmt: skip
