from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mekong.faces.bundling import buildable

UNITS = st.dictionaries(st.integers(1, 6), st.integers(1, 9), max_size=5)
FREE = st.dictionaries(st.integers(1, 6), st.integers(-5, 60), max_size=6)


@given(UNITS, FREE)
def test_as_many_bundles_as_the_scarcest_part_gives_and_not_one_more(
    units: dict[int, int], free: dict[int, int]
) -> None:
    built = buildable(units, free)

    assert built >= 0
    if units:
        assert all(built * units[part] <= max(free.get(part, 0), 0) for part in units)
        assert any((built + 1) * units[part] > max(free.get(part, 0), 0) for part in units)


def test_a_bundle_of_nothing_cannot_be_built() -> None:
    assert buildable({}, {1: 5}) == 0
