"""Matching of listings, states of orders, words for where a sync stands, and figures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mekong.channels import rules
from mekong.channels.figures import BUCKETS, bucket_of, percentile_ms, summed, upper_ms
from mekong.channels.rules import Match
from mekong.channels.socket import RemoteState
from mekong.orders.rules import OrderState, is_further

BY_SKU = {"AO-1": 1, "AO-2": 2}
BY_BARCODE = {"893": 1, "894": 2}


@pytest.mark.parametrize(
    ("sku", "barcode", "expected"),
    [
        ("AO-1", "", Match(1, "sku")),
        ("AO-1", "893", Match(1, "sku")),
        ("AO-9", "894", Match(2, "barcode")),
        ("", "893", Match(1, "barcode")),
        ("AO-1", "894", Match(None, reason="ambiguous")),
        ("AO-9", "899", Match(None, reason="not_found")),
        ("", "", Match(None, reason="no_code")),
    ],
)
def test_a_listing_is_matched_by_sku_then_by_barcode(sku, barcode, expected):
    assert rules.match(sku=sku, barcode=barcode, by_sku=BY_SKU, by_barcode=BY_BARCODE) == expected


def test_every_remote_state_has_a_place_in_the_order_book():
    assert set(rules.ORDER_STATE) == set(RemoteState)
    assert {OrderState(state) for state in rules.ORDER_STATE.values()}


@pytest.mark.parametrize("state", RemoteState)
def test_what_an_order_has_reached_lies_ahead_of_where_it_is_booked(state):
    first, reached = OrderState(rules.first_state(state)), OrderState(rules.ORDER_STATE[state])
    assert first == reached or is_further(first, reached)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"match_state": "unmatched"}, "unmatched"),
        ({"is_synced": False}, "off"),
        ({"is_parked": True, "is_dirty": True}, "parked"),
        ({"is_dirty": True}, "queued"),
        ({"is_dirty": True, "attempts": 3}, "retrying"),
        ({}, "converged"),
    ],
)
def test_a_listing_says_where_its_sync_stands(facts, expected):
    given_ = {"match_state": "matched", "is_synced": True, "is_parked": False, "is_dirty": False, "attempts": 0} | facts
    assert rules.listing_state(**given_) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Hết hàng", "out_of_stock"),
        ("out_of_stock", "out_of_stock"),
        ("khách đổi ý", "customer_request"),
        ("other", "other"),
        ("", "other"),
    ],
)
def test_a_reason_in_words_becomes_the_platforms_kind(words, expected):
    assert rules.cancel_reason(words) == expected


@given(st.lists(st.floats(0.1, 60_000), min_size=1, max_size=300), st.sampled_from([0.5, 0.95, 0.99]))
def test_percentiles_of_the_histogram_are_within_a_fifth(delays, part):
    histogram = [0] * BUCKETS
    for delay in delays:
        histogram[bucket_of(delay)] += 1
    exact = sorted(delays)[max(0, -(-len(delays) * int(part * 100) // 100) - 1)]
    told = percentile_ms(histogram, part)
    assert told is not None
    assert max(exact, 1.0) <= told + 0.1
    assert told <= max(exact, 1.0) * 1.2 + 0.1
    assert upper_ms(bucket_of(exact)) >= exact or bucket_of(exact) == BUCKETS - 1


def test_no_delays_have_no_percentile():
    assert percentile_ms([0] * BUCKETS, 0.5) is None
    assert summed([[1, 2], [3]])[:2] == [4, 2]


@pytest.mark.parametrize(
    ("state", "is_cod", "paid"),
    [
        (RemoteState.UNPAID, False, False),
        (RemoteState.PLACED, False, True),
        (RemoteState.CANCELLED, False, False),
        (RemoteState.SHIPPED, True, False),
        (RemoteState.DELIVERED, True, True),
        (RemoteState.CANCELLED, True, False),
    ],
)
def test_a_buyer_has_paid_before_the_goods_leave_or_when_the_carrier_brought_them(
    state: RemoteState, is_cod: bool, paid: bool
) -> None:
    assert rules.is_paid(state, is_cod=is_cod) is paid
