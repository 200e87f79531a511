"""Units set aside on one channel for a time: nobody else is promised them, and what is left comes back and is seen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MayNot
from mekong.inventory import commands as inventory
from mekong.inventory import engine, policy, queries
from mekong.inventory.contracts import AdjustmentLine, CampaignView, Held, Short, WantedLine
from mekong.inventory.errors import (
    BadQuantity,
    BundleHasNoStock,
    CampaignInvalid,
    CampaignNotFound,
    CampaignOver,
    NothingSetAside,
    ShortStock,
)
from mekong.inventory.models import CampaignStock, Hold, HoldLine, StockCampaign
from tests.support.people import NOON, an_actor
from tests.support.stock import a_location, a_variant, asking, assert_sound, held, level, short, stock

pytestmark = pytest.mark.django_db(transaction=True)

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _sound_and_free_of_deadlocks() -> Iterator[None]:
    before = _deadlocks()
    yield
    assert _deadlocks() == before
    assert_sound(besides=["orders.hold_their_goods"])  # claimed here without an order


def _deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
        cursor.execute("select deadlocks from pg_stat_database where datname = current_database()")
        return int(cursor.fetchone()[0])


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        try:
            gate.wait(30)
            return act()
        except Exception as raised:  # noqa: BLE001 - what is raised is the answer
            return raised
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [each.result(60) for each in [pool.submit(run, act) for act in acts]]


def plan(*lines: tuple[int, int], channel: str = "shopee-1", now: datetime = NOON, **more: Any) -> CampaignView:
    asked = {"name": "11.11", "ends_at": now + HOUR, **more}
    wanted = [WantedLine(variant, units) for variant, units in lines]
    return inventory.plan_campaign(actor=SYSTEM, channel=channel, lines=wanted, now=now, **asked)


def seen(code: str) -> CampaignView:
    return queries.get_campaign(actor=SYSTEM, code=code)


def ask(*lines: tuple[int, int], channel: str, now: datetime = NOON + MINUTE, **more: Any) -> Held | Short:
    answer = engine.engine().call(asking(*lines, channel=channel, now=now, **more))
    assert isinstance(answer, Held | Short)
    return answer


def figures(code: str) -> tuple[int, int, int, int]:
    """(set aside, sold, left, returned)"""
    view = seen(code)
    return view.set_aside, view.sold, view.left, view.returned


@pytest.fixture
def ao() -> int:
    """Ten shirts in one warehouse."""
    a_location("KHO", priority=10)
    variant = a_variant("AO")
    stock(variant, "KHO", 10)
    return variant


# --- setting aside ----------------------------------------------------------------------------------------------------


def test_what_is_set_aside_is_sold_on_that_channel_alone(ao: int) -> None:
    view = plan((ao, 6))
    assert (view.state, view.lines[0].state, view.set_aside) == ("running", "aside", 6)

    assert short(ask((ao, 5), channel="web")).lines == ((ao, 5, 4),)
    assert short(ask((ao, 5), channel="lazada-1", is_sold=True)).lines == ((ao, 5, 4),), "not even what is sold already"
    held(ask((ao, 4), channel="web"))
    short(ask((ao, 1), channel="web"))
    held(ask((ao, 6), channel="shopee-1", is_sold=True))
    short(ask((ao, 1), channel="shopee-1"))
    assert figures(view.code) == (6, 6, 0, 0)


def test_the_channels_orders_take_from_the_campaign_first_then_from_the_pool(ao: int) -> None:
    view = plan((ao, 3))
    got = held(ask((ao, 5), channel="shopee-1"))
    assert got.lines == ((ao, level_place(ao), 5),)
    assert figures(view.code) == (3, 3, 0, 0)
    assert level(ao, level_place(ao)) == (10, 5)
    assert short(ask((ao, 6), channel="shopee-1")).lines == ((ao, 6, 5),)


def level_place(variant: int) -> int:
    (found,) = queries.levels(actor=SYSTEM, variant_ids=[variant])
    return found.location_id


def test_a_refusal_counts_what_the_campaign_could_give(ao: int) -> None:
    plan((ao, 6))
    assert short(ask((ao, 11), channel="shopee-1")).lines == ((ao, 11, 10),)
    assert figures(StockCampaign.objects.get().code)[1] == 0


def test_no_more_is_set_aside_than_is_free_whole_lines_or_none_with_the_reason(ao: int) -> None:
    scarf = a_variant("KHAN")
    stock(scarf, "KHO", 2)
    view = plan((ao, 10), (scarf, 3))
    assert [(line.state, line.free_seen) for line in view.lines] == [("aside", None), ("short", 2)]
    assert level(scarf, level_place(scarf)) == (2, 0)

    with pytest.raises(NothingSetAside) as refused:
        plan((ao, 1), (scarf, 3))
    assert refused.value.params["lines"] == [
        {"sku": "AO", "requested": 1, "available": 0}, {"sku": "KHAN", "requested": 3, "available": 2},
    ]  # fmt: skip
    assert StockCampaign.objects.count() == 1


def test_a_line_that_fell_short_is_tried_again_and_once_aside_stays_as_it_is(ao: int) -> None:
    scarf = a_variant("KHAN")
    stock(scarf, "KHO", 2)
    view = plan((ao, 1), (scarf, 3))
    again = {"actor": SYSTEM, "code": view.code, "position": 1, "now": NOON}
    with pytest.raises(NothingSetAside):
        inventory.try_campaign_line(**again)
    with pytest.raises(CampaignInvalid):
        inventory.try_campaign_line(**{**again, "position": 9})
    with pytest.raises(BadQuantity):
        inventory.try_campaign_line(**again, quantity=0)
    assert inventory.try_campaign_line(**again, quantity=2).lines[1].set_aside == 2
    stock(scarf, "KHO", 5)
    assert inventory.try_campaign_line(**again, quantity=4).lines[1].set_aside == 2, "a repeat changes nothing"


def test_units_of_other_channels_slices_are_not_free_and_ones_own_buffer_is_no_obstacle(ao: int) -> None:
    inventory.set_control(actor=SYSTEM, channel="web", scope="sku", target="AO", kind="slice", amount=4)
    inventory.set_control(actor=SYSTEM, channel="shopee-1", scope="channel", kind="buffer", amount=5)
    with pytest.raises(NothingSetAside):
        plan((ao, 7))
    view = plan((ao, 6))
    held(ask((ao, 6), channel="shopee-1"))
    assert figures(view.code)[1] == 6
    held(ask((ao, 4), channel="web"))


def test_a_cap_counts_what_is_sold_from_the_pool_only(ao: int) -> None:
    inventory.set_control(actor=SYSTEM, channel="shopee-1", scope="sku", target="AO", kind="cap", amount=2)
    plan((ao, 3))
    held(ask((ao, 5), channel="shopee-1"))
    assert queries.list_controls(actor=SYSTEM)[0].used == 2
    assert short(ask((ao, 1), channel="shopee-1")).lines == ((ao, 1, 0),)


def test_expired_carts_do_not_stand_in_the_way_of_setting_aside(ao: int) -> None:
    held(ask((ao, 10), channel="web", now=NOON, ttl_s=60))
    view = plan((ao, 10), now=NOON + HOUR, ends_at=NOON + 2 * HOUR)
    assert view.set_aside == 10


def test_a_line_over_two_places_is_held_at_each_and_sold_from_each() -> None:
    a, b = a_location("A", priority=1), a_location("B", priority=2)
    ao = a_variant("AO")
    stock(ao, "A", 4)
    stock(ao, "B", 4)
    view = plan((ao, 6))
    assert [(place, aside) for place, aside, _ in view.lines[0].places] == [("A", 4), ("B", 2)]
    assert CampaignStock.objects.values("hold_id").distinct().count() == 2
    assert set(held(ask((ao, 5), channel="shopee-1")).lines) == {(ao, a, 4), (ao, b, 1)}
    assert figures(view.code) == (6, 5, 1, 0)
    ended = inventory.end_campaign(actor=SYSTEM, code=view.code, now=NOON + 2 * MINUTE)
    assert (ended.sold, ended.returned) == (5, 1)


def test_a_listings_units_are_for_its_own_orders(ao: int, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = {("shopee-1", "55:1"): ao}
    monkeypatch.setattr(policy, "_listed", lambda named: {each: listed[each] for each in named if each in listed})
    with pytest.raises(CampaignInvalid) as refused:
        inventory.plan_campaign(
            actor=SYSTEM, channel="shopee-1", name="x", ends_at=NOON + HOUR, now=NOON,
            lines=[WantedLine(ao, 4, "99:9")],
        )  # fmt: skip
    assert refused.value.params["field"] == "lines[0].listing"
    view = inventory.plan_campaign(
        actor=SYSTEM, channel="shopee-1", name="x", ends_at=NOON + HOUR, now=NOON, lines=[WantedLine(ao, 4, "55:1")]
    )
    held(ask((ao, 6), channel="shopee-1", listings={ao: "77:7"}))
    assert figures(view.code)[1] == 0
    short(ask((ao, 1), channel="shopee-1", listings={ao: "77:7"}))
    held(ask((ao, 4), channel="shopee-1", listings={ao: "55:1"}))
    assert figures(view.code)[1] == 4


def test_what_cannot_be_planned_is_said_by_field_and_changes_nothing(ao: int) -> None:
    bundle = a_variant("BO", parts={"AO": 2})
    wrong: list[tuple[type[Exception], str, dict[str, Any]]] = [
        (CampaignInvalid, "name", {"name": " "}),
        (CampaignInvalid, "channel", {"channel": ""}),
        (CampaignInvalid, "kind", {"kind": "party"}),
        (CampaignInvalid, "ends_at", {"ends_at": NOON}),
        (CampaignInvalid, "ends_at", {"ends_at": NOON + timedelta(days=93)}),
        (CampaignInvalid, "ends_at", {"starts_at": NOON + 2 * HOUR}),
        (CampaignInvalid, "lines", {"lines": []}),
        (CampaignInvalid, "lines[1]", {"lines": [WantedLine(ao, 1), WantedLine(ao, 2)]}),
        (BadQuantity, "lines[0].quantity", {"lines": [WantedLine(ao, 0)]}),
        (BundleHasNoStock, "lines[0]", {"lines": [WantedLine(bundle, 1)]}),
    ]
    good: dict[str, Any] = {
        "actor": SYSTEM, "channel": "web", "name": "x", "lines": [WantedLine(ao, 1)], "ends_at": NOON + HOUR, "now": NOON,
    }  # fmt: skip
    for kind, field, change in wrong:
        with pytest.raises(kind) as refused:
            inventory.plan_campaign(**{**good, **change})
        assert refused.value.params["field"] == field  # type: ignore[attr-defined]  # each of them says it
    assert not StockCampaign.objects.exists()
    assert not Hold.objects.exists()


def test_only_who_sets_controls_everywhere_sets_aside(ao: int) -> None:
    view = plan((ao, 2))
    nobody = an_actor("inventory.view", "inventory.adjust")
    with pytest.raises(MayNot):
        inventory.plan_campaign(
            actor=nobody, channel="web", name="x", lines=[WantedLine(ao, 1)], ends_at=NOON + HOUR, now=NOON
        )
    with pytest.raises(MayNot):
        inventory.end_campaign(actor=nobody, code=view.code, now=NOON)
    with pytest.raises(MayNot):
        inventory.extend_campaign(actor=nobody, code=view.code, ends_at=NOON + 2 * HOUR, now=NOON)
    with pytest.raises(MayNot):
        inventory.try_campaign_line(actor=nobody, code=view.code, position=0, now=NOON)
    assert figures(view.code) == (2, 0, 2, 0)


def test_what_is_set_aside_cannot_leave_the_shelf_otherwise(ao: int) -> None:
    plan((ao, 8))
    with pytest.raises(ShortStock):
        inventory.adjust_stock(actor=SYSTEM, location="KHO", reason="scrap", lines=[AdjustmentLine(ao, -3)], now=NOON)


# --- while it runs ----------------------------------------------------------------------------------------------------


def test_a_cancelled_order_gives_its_units_back_to_the_campaign_while_it_runs(ao: int) -> None:
    view = plan((ao, 6))
    order = held(ask((ao, 7), channel="shopee-1")).hold_id
    with transaction.atomic():
        inventory.claim({order: "order"})
    with transaction.atomic():
        inventory.give_back(hold_ids=[order], actor=SYSTEM, now=NOON + 2 * MINUTE)
    assert figures(view.code) == (6, 0, 6, 0)
    assert short(ask((ao, 5), channel="web")).lines == ((ao, 5, 4),)
    held(ask((ao, 6), channel="shopee-1"))


def test_a_cart_that_expires_gives_its_units_back_to_the_campaign_by_whichever_way(ao: int) -> None:
    view = plan((ao, 6))
    held(ask((ao, 6), channel="shopee-1", ttl_s=60))
    assert figures(view.code)[1] == 6
    later = NOON + 10 * MINUTE
    # The engine itself, before it refuses a sale elsewhere: the units are the campaign's, not that buyer's.
    assert short(ask((ao, 5), channel="web", now=later)).lines == ((ao, 5, 4),)
    assert figures(view.code) == (6, 0, 6, 0)
    held(ask((ao, 6), channel="shopee-1", now=later, ttl_s=60))
    inventory.release_expired(now=later + 10 * MINUTE)
    assert figures(view.code) == (6, 0, 6, 0)
    # And in the very batch that asks for them.
    held(ask((ao, 6), channel="shopee-1", now=later + 11 * MINUTE, ttl_s=60))
    held(ask((ao, 6), channel="shopee-1", now=later + 20 * MINUTE))
    assert figures(view.code)[1] == 6


def test_what_ships_stays_sold(ao: int) -> None:
    view = plan((ao, 6))
    order = held(ask((ao, 2), channel="shopee-1")).hold_id
    with transaction.atomic():
        inventory.claim({order: "order"})
        inventory.ship_holds(holds={order: "DH-1"}, actor=SYSTEM, now=NOON)
    assert figures(view.code) == (6, 2, 4, 0)
    assert level(ao, level_place(ao)) == (8, 4)


def test_availability_tells_each_channel_what_it_may_sell(ao: int) -> None:
    now = datetime.now(UTC)
    before = queries.availability(channel="shopee-1", variant_ids=[ao])[ao].version
    view = plan((ao, 6), now=now, ends_at=now + HOUR)
    own = queries.availability(channel="shopee-1", variant_ids=[ao])[ao]
    other = queries.availability(channel="web", variant_ids=[ao])[ao]
    assert (own.quantity, own.aside, other.quantity, other.aside) == (10, 6, 4, 0)
    assert own.version > before

    held(ask((ao, 2), channel="shopee-1", now=now))
    after = queries.availability(channel="shopee-1", variant_ids=[ao])[ao]
    assert (after.quantity, after.aside) == (8, 4)
    assert after.version > own.version, "no unit was reserved anew, and yet the figure fell"
    assert queries.moved_since(channel="shopee-1", versions={ao: own.version}) == {ao}

    inventory.end_campaign(actor=SYSTEM, code=view.code, now=now + MINUTE)
    assert queries.availability(channel="web", variant_ids=[ao])[ao].quantity == 8


def test_bundles_sell_from_what_their_parts_have_set_aside(ao: int) -> None:
    now = datetime.now(UTC)
    bundle = a_variant("BO", parts={"AO": 2})
    plan((ao, 6), now=now, ends_at=now + HOUR)
    assert queries.availability(channel="shopee-1", variant_ids=[bundle])[bundle].quantity == 5
    assert queries.availability(channel="web", variant_ids=[bundle])[bundle].quantity == 2
    held(ask((bundle, 5), channel="shopee-1", now=now))
    short(ask((bundle, 1), channel="shopee-1", now=now))


# --- start and end ----------------------------------------------------------------------------------------------------


def test_a_planned_campaign_begins_on_time_and_what_is_left_comes_back_and_is_seen(ao: int) -> None:
    view = plan((ao, 6), starts_at=NOON + HOUR, ends_at=NOON + 2 * HOUR)
    assert (view.state, figures(view.code)) == ("planned", (0, 0, 0, 0))
    assert inventory.turn_campaigns(now=NOON) == NOON + HOUR
    held(ask((ao, 3), channel="web", now=NOON))

    assert inventory.turn_campaigns(now=NOON + HOUR) == NOON + 2 * HOUR
    assert seen(view.code).state == "running"
    held(ask((ao, 4), channel="shopee-1", now=NOON + HOUR))

    assert inventory.turn_campaigns(now=NOON + 3 * HOUR) is None
    ended = seen(view.code)
    assert (ended.state, ended.sold, ended.returned, ended.left) == ("ended", 4, 2, 0)
    assert ended.ended_at == NOON + 2 * HOUR
    assert [step.what for step in ended.steps] == ["planned", "started", "ended"]
    assert ended.steps[-1].params == {"sold": 4, "returned": 2, "is_early": False}


def test_without_a_worker_the_units_are_free_for_all_from_the_end_on(ao: int) -> None:
    view = plan((ao, 6))
    after = NOON + HOUR
    held(ask((ao, 10), channel="web", now=after))
    assert seen(view.code).state == "running", "nobody has written the end down yet"
    inventory.turn_campaigns(now=after + MINUTE)
    assert figures(view.code) == (6, 0, 0, 6)


def test_an_order_of_the_channel_takes_nothing_from_a_campaign_whose_time_is_up(ao: int) -> None:
    view = plan((ao, 6))
    held(ask((ao, 2), channel="shopee-1", now=NOON + HOUR))
    inventory.turn_campaigns(now=NOON + HOUR)
    assert figures(view.code) == (6, 0, 0, 6)


def test_units_cancelled_after_the_end_go_to_the_pool_and_stay_sold_in_the_report(ao: int) -> None:
    view = plan((ao, 6))
    order = held(ask((ao, 6), channel="shopee-1")).hold_id
    inventory.end_campaign(actor=SYSTEM, code=view.code, now=NOON + 2 * MINUTE)
    inventory.release_hold(actor=SYSTEM, hold_id=UUID(order), now=NOON + 3 * MINUTE)
    assert figures(view.code) == (6, 6, 0, 0)
    held(ask((ao, 10), channel="web", now=NOON + 3 * MINUTE))


def test_ending_early_extending_and_cancelling(ao: int) -> None:
    view = plan((ao, 6))
    longer = inventory.extend_campaign(actor=SYSTEM, code=view.code, ends_at=NOON + 3 * HOUR, now=NOON + MINUTE)
    assert longer.ends_at == NOON + 3 * HOUR
    inventory.extend_campaign(actor=SYSTEM, code=view.code, ends_at=NOON + 3 * HOUR, now=NOON + MINUTE)
    assert [step.what for step in seen(view.code).steps].count("extended") == 1
    inventory.turn_campaigns(now=NOON + 2 * HOUR)
    assert short(ask((ao, 5), channel="web", now=NOON + 2 * HOUR)).lines == ((ao, 5, 4),)
    with pytest.raises(CampaignInvalid):
        inventory.extend_campaign(actor=SYSTEM, code=view.code, ends_at=NOON, now=NOON + MINUTE)

    ended = inventory.end_campaign(actor=SYSTEM, code=view.code, now=NOON + 2 * HOUR)
    assert (ended.state, ended.returned, ended.ended_at) == ("ended", 6, NOON + 2 * HOUR)
    assert inventory.end_campaign(actor=SYSTEM, code=view.code, now=NOON + 2 * HOUR) == ended
    for act in (
        lambda: inventory.extend_campaign(actor=SYSTEM, code=view.code, ends_at=NOON + 9 * HOUR, now=NOON + 2 * HOUR),
        lambda: inventory.try_campaign_line(actor=SYSTEM, code=view.code, position=0, now=NOON + 2 * HOUR),
    ):
        with pytest.raises(CampaignOver):
            act()
    with pytest.raises(CampaignNotFound):
        inventory.end_campaign(actor=SYSTEM, code="CT-NONE", now=NOON)

    later = plan((ao, 6), starts_at=NOON + HOUR, ends_at=NOON + 2 * HOUR)
    assert inventory.end_campaign(actor=SYSTEM, code=later.code, now=NOON).state == "cancelled"
    inventory.turn_campaigns(now=NOON + HOUR)
    assert seen(later.code).state == "cancelled"


def test_a_campaign_nobody_began_in_time_is_cancelled_and_one_that_finds_nothing_runs_empty(ao: int) -> None:
    missed = plan((ao, 6), starts_at=NOON + HOUR, ends_at=NOON + 2 * HOUR)
    inventory.turn_campaigns(now=NOON + 5 * HOUR)
    assert seen(missed.code).state == "cancelled"
    empty = plan((ao, 6), starts_at=NOON + 6 * HOUR, ends_at=NOON + 7 * HOUR, now=NOON + 5 * HOUR)
    held(ask((ao, 9), channel="web", now=NOON + 5 * HOUR, ttl_s=36_000))
    inventory.turn_campaigns(now=NOON + 6 * HOUR)
    view = seen(empty.code)
    assert (view.state, view.short, view.lines[0].free_seen) == ("running", 1, 1)


def test_a_campaign_of_one_channel_does_not_touch_anothers(ao: int) -> None:
    one = plan((ao, 4), channel="shopee-1")
    two = plan((ao, 5), channel="lazada-1", kind="livestream")
    held(ask((ao, 5), channel="shopee-1"))
    assert figures(one.code)[1] == 4
    held(ask((ao, 5), channel="lazada-1"))
    assert figures(two.code)[1] == 5
    short(ask((ao, 1), channel="web"))


# --- races ------------------------------------------------------------------------------------------------------------


def test_two_campaigns_that_want_the_last_units_at_once_get_them_once(ao: int) -> None:
    answers = at_once(*(lambda: plan((ao, 7)) for _ in range(4)))
    assert sum(isinstance(each, CampaignView) for each in answers) == 1
    assert sum(isinstance(each, NothingSetAside) for each in answers) == 3
    assert level(ao, level_place(ao)) == (10, 7)


def test_sales_race_with_start_and_end_and_nothing_is_promised_twice(ao: int) -> None:
    stock(ao, "KHO", 90)
    for round_ in range(6):
        view = plan((ao, 40), starts_at=NOON + HOUR, ends_at=NOON + 2 * HOUR)
        now = NOON + HOUR

        def buy(channel: str, now: datetime = now) -> Held | Short:
            return ask((ao, 1), channel=channel, now=now, ttl_s=30)

        answers = at_once(
            lambda: inventory.turn_campaigns(now=NOON + HOUR),
            *(lambda: buy("shopee-1") for _ in range(10)),
            *(lambda: buy("web") for _ in range(10)),
        )
        assert not [each for each in answers if isinstance(each, Exception)], answers
        code = view.code
        answers = at_once(
            lambda code=code: inventory.end_campaign(actor=SYSTEM, code=code, now=NOON + HOUR + MINUTE),
            *(lambda: buy("shopee-1") for _ in range(10)),
            *(
                lambda each=each: inventory.release_hold(actor=SYSTEM, hold_id=UUID(each.hold_id), now=NOON + HOUR)
                for each in answers
                if isinstance(each, Held)
            ),
        )
        assert not [each for each in answers if isinstance(each, Exception)], (round_, answers)
        view = seen(code)
        assert view.set_aside == view.sold + view.returned == 40
        assert not HoldLine.objects.filter(hold_id__in=CampaignStock.objects.values("hold_id")).exists()
        inventory.release_expired(now=NOON + 3 * HOUR)
        assert level(ao, level_place(ao)) == (100, 0)


def test_two_who_end_a_campaign_at_once_and_one_who_extends_it_agree(ao: int) -> None:
    view = plan((ao, 6))
    answers = at_once(
        *(lambda: inventory.end_campaign(actor=SYSTEM, code=view.code, now=NOON + MINUTE) for _ in range(3)),
        lambda: inventory.extend_campaign(actor=SYSTEM, code=view.code, ends_at=NOON + 2 * HOUR, now=NOON + MINUTE),
    )
    assert not [each for each in answers if isinstance(each, Exception) and not isinstance(each, CampaignOver)]
    assert figures(view.code) == (6, 0, 0, 6)
    assert level(ao, level_place(ao)) == (10, 0)
