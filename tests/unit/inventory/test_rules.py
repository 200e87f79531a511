"""Decisions about stock, without a database."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mekong.inventory import notices
from mekong.inventory.rules import SCOPES, Control, first_match, place, shaped, take_lots

KINDS = ("exclude", "pool", "share", "cap", "slice", "floor", "buffer")


def a_control(
    kind: str = "pool", amount: int = 0, scope: str = "channel", target: str = "", number: int = 1
) -> Control:
    return Control(number, "web", scope, target, kind, amount)


@pytest.mark.parametrize(
    ("kind", "amount", "free", "sliced", "used", "units"),
    [
        ("pool", 0, 10, 3, 0, 7), ("pool", 0, 2, 3, 0, 0),
        ("exclude", 0, 10, 0, 0, 0),
        ("share", 5000, 10, 3, 0, 3), ("share", 0, 10, 0, 0, 0), ("share", 10_000, 10, 0, 0, 10),
        ("cap", 4, 10, 0, 0, 4), ("cap", 4, 10, 0, 3, 1), ("cap", 4, 10, 0, 9, 0), ("cap", 40, 10, 3, 0, 7),
        ("slice", 5, 10, 0, 2, 3), ("slice", 5, 2, 0, 0, 2), ("slice", 5, 10, 8, 0, 5), ("slice", 5, 10, 0, 7, 0),
        ("floor", 6, 10, 3, 0, 7), ("floor", 7, 10, 3, 0, 0), ("floor", 8, 10, 3, 0, 0),
        ("buffer", 2, 10, 3, 0, 5), ("buffer", 20, 10, 3, 0, 0),
    ],
)  # fmt: skip
def test_a_control_shapes_what_a_channel_may_sell(
    kind: str, amount: int, free: int, sliced: int, used: int, units: int
) -> None:
    assert shaped(a_control(kind, amount), free=free, sliced_to_others=sliced, used=used) == units


def test_without_a_control_the_pool_is_sold() -> None:
    assert shaped(None, free=5, sliced_to_others=2, used=0) == 3


def test_an_unknown_kind_is_a_defect() -> None:
    with pytest.raises(ValueError, match="no-such"):
        shaped(a_control("no-such"), free=1, sliced_to_others=0, used=0)


@given(st.sampled_from(KINDS), st.integers(0, 12_000), st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_nothing_is_promised_that_is_not_free(kind: str, amount: int, free: int, sliced: int, used: int) -> None:
    amount = min(amount, 10_000) if kind == "share" else amount
    units = shaped(a_control(kind, amount), free=free, sliced_to_others=sliced, used=used)
    assert 0 <= units <= free
    if kind != "slice":
        assert units <= max(0, free - sliced)


def test_scopes_are_asked_in_their_order_and_the_first_match_wins() -> None:
    by_scope = {
        "exclusion": a_control("exclude", scope="exclusion", target="ao-1", number=1),
        "listing": a_control("cap", 1, "listing", "9:1", 2),
        "sku": a_control("cap", 2, "sku", "AO-1", 3),
        "category": a_control("cap", 3, "category", "ao", 4),
        "channel": a_control("cap", 4, "channel", "", 5),
    }
    ordered = [by_scope[scope] for scope in SCOPES]
    for skipped in range(5):
        found = first_match(ordered[skipped:], sku="AO-1", categories=("ao", "quan-ao"), listing="9:1")
        assert found is ordered[skipped]


@pytest.mark.parametrize("target", ["", "ao-1", "AO-1", "quan-ao"])
def test_an_exclusion_names_a_sku_a_category_or_the_whole_channel(target: str) -> None:
    control = a_control("exclude", scope="exclusion", target=target)
    assert first_match([control], sku="Ao-1", categories=("ao", "quan-ao")) is control


@pytest.mark.parametrize(
    "control",
    [
        a_control("cap", 1, "sku", "OTHER"), a_control("cap", 1, "category", "AO-1"), a_control("cap", 1, "category", "giay"),
        a_control("cap", 1, "listing", "8:1"), a_control("exclude", 0, "exclusion", "other"), a_control("cap", 1, "sku", "ao"),
    ],
)  # fmt: skip
def test_what_does_not_match_does_not_apply(control: Control) -> None:
    assert first_match([control], sku="AO-1", categories=("ao",), listing="9:1") is None


def test_a_listing_control_does_not_apply_where_no_listing_is_named() -> None:
    assert first_match([a_control("cap", 1, "listing", "")], sku="AO-1", categories=()) is None


def test_one_place_for_all_lines_is_preferred_in_order() -> None:
    free = {(1, 10): 5, (2, 10): 0, (1, 20): 5, (2, 20): 5, (1, 30): 9, (2, 30): 9}
    assert place([(1, 2), (2, 3)], [10, 20, 30], free) == [(1, 20, 2), (2, 20, 3)]


def test_else_each_line_whole_from_the_first_place_that_has_it() -> None:
    assert place([(1, 2), (2, 3)], [10, 20], {(1, 20): 2, (2, 10): 3}) == [(1, 20, 2), (2, 10, 3)]


def test_else_the_line_is_split_over_places() -> None:
    assert place([(1, 5)], [10, 20, 30], {(1, 10): 2, (1, 20): 0, (1, 30): 4}) == [(1, 10, 2), (1, 30, 3)]


def test_a_line_that_cannot_be_filled_refuses_all() -> None:
    assert place([(1, 1), (2, 9)], [10, 20], {(1, 10): 1, (2, 10): 4, (2, 20): 4}) is None
    assert place([(1, 1)], [], {(1, 10): 1}) is None


@given(
    st.dictionaries(st.integers(1, 4), st.integers(1, 9), min_size=1),
    st.dictionaries(st.tuples(st.integers(1, 4), st.integers(1, 3)), st.integers(0, 6)),
)
def test_a_placement_takes_exactly_what_is_asked_and_never_more_than_is_free(
    lines: dict[int, int], free: dict[tuple[int, int], int]
) -> None:
    chosen = place(list(lines.items()), [1, 2, 3], free)
    enough = all(sum(free.get((variant, spot), 0) for spot in (1, 2, 3)) >= units for variant, units in lines.items())
    assert (chosen is not None) == enough
    if chosen is not None:
        for variant, units in lines.items():
            assert sum(count for each, _, count in chosen if each == variant) == units
        assert all(0 < count <= free[variant, spot] for variant, spot, count in chosen)
        assert len({(variant, spot) for variant, spot, _ in chosen}) == len(chosen)


def test_lots_are_taken_in_the_order_given() -> None:
    assert take_lots(5, [(1, 3), (2, 0), (3, 9)]) == [(1, 3), (3, 2)]
    assert take_lots(0, [(1, 3)]) == []
    assert take_lots(13, [(1, 3), (3, 9)]) is None


@given(st.integers(0, 40), st.lists(st.integers(0, 10), max_size=6))
def test_lots_give_what_is_wanted_or_nothing(wanted: int, counts: list[int]) -> None:
    lots = list(enumerate(counts))
    taken = take_lots(wanted, lots)
    if taken is None:
        assert sum(counts) < wanted
        return
    assert sum(units for _, units in taken) == wanted
    assert all(0 < units <= counts[lot] for lot, units in taken)
    for lot, units in taken[:-1]:
        assert units == counts[lot]
    assert [lot for lot, _ in taken] == sorted(lot for lot, _ in taken)


def test_a_hint_names_its_variants_or_any() -> None:
    assert notices.read(notices.payload({3, 7})) == {3, 7}
    assert notices.read(notices.payload(set())) == set()
    many = range(10**6, 10**6 + 2000)
    assert notices.payload(many) == notices.EVERYTHING
    assert notices.read("*") is None


def test_a_hint_fits_into_a_notification() -> None:
    for count, start in itertools.product((900, 970, 980, 1500), (1, 10**6)):
        assert len(notices.payload(range(start, start + count)).encode()) < 8000
