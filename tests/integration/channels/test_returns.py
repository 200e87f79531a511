"""Returns that buyers ask a platform for: read once, answered once, and the order follows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from mekong.channels import commands, queries, registry
from mekong.channels.calling import calls
from mekong.channels.errors import (
    CannotDo,
    ChannelInvalid,
    NotConnected,
    ReturnAnswered,
    ReturnBeingAnswered,
    ReturnNotFound,
)
from mekong.channels.models import Channel, ChannelReturn, ReturnMark
from mekong.channels.socket import RemoteState, Secrets
from mekong.channels.socket.returns import ReturnState
from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import MayNot, NeedsReconnect, RemoteRefused, Unavailable
from mekong.foundation.models import AuditEntry, OutboxEvent
from mekong.inventory.models import StockMovement
from mekong.orders import commands as orders
from mekong.orders.contracts import GradedReturn
from mekong.orders.models import SalesOrder, TimelineEntry
from tests.support.bazaar import Platform, plug
from tests.support.marketplaces import a_worker, close_all, eventually
from tests.support.people import a_person, acting, an_actor
from tests.support.returning import a_platform, answer, asked, events, follow, keep, now, row, sold, state_of
from tests.support.stock import a_location


@pytest.fixture
def platform(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    yield a_platform(monkeypatch)
    close_all()


# --- read ------------------------------------------------------------------------------------------------------------


def test_a_worker_reads_returns_and_the_order_comes_back_once_the_platform_agreed(platform: Platform) -> None:
    order = sold(platform)
    number = platform.ask_back(order)
    others = [platform.ask_back(sold(platform, ("AO-2", 1))) for _ in range(2)]
    with a_worker():
        assert eventually(lambda: ChannelReturn.objects.count() == 3), "every page is turned"
        kept = ChannelReturn.objects.get(external_id=number)
        assert (kept.state, kept.reason, kept.refund_minor, kept.currency) == ("requested", "Rách tay", 200_000, "VND")
        assert kept.lines[0]["quantity"] == 2
        assert state_of(order) == "delivered", "a wish moves nothing"
        moved = StockMovement.objects.count()

        platform.move_return(number, ReturnState.ACCEPTED)
        platform.move_return(others[0], ReturnState.CLOSED)

        assert eventually(lambda: state_of(order) == "returning")
        assert eventually(lambda: ChannelReturn.objects.get(external_id=others[0]).state == "closed")
    assert StockMovement.objects.count() == moved, "goods are counted in by people"
    assert ReturnMark.objects.get(channel__code="bz").read_to > now() - timedelta(minutes=1)
    assert [each["external_id"] for each in events("channels.return_asked")] == [number, *others]
    entry = TimelineEntry.objects.get(order__external_id=order, kind="returning")
    assert (entry.actor, entry.data["reason"]) == ("channel:bz", "Rách tay")


def test_an_app_without_the_right_to_returns_keeps_its_orders(platform: Platform) -> None:
    platform.return_trouble = NeedsReconnect(remote="Bazaar", remote_code="scope", remote_message="no returns")
    with a_worker():
        bought = platform.buy(("AO-1", 1))
        assert eventually(lambda: SalesOrder.objects.filter(external_id=bought).exists())
        platform.ask_back(bought)
        platform.return_trouble = None
        assert eventually(ChannelReturn.objects.exists), "it is asked again"
    assert Channel.objects.get(code="bz").state != "needs_reconnect"


def test_the_same_words_again_and_older_ones_change_nothing(platform: Platform) -> None:
    order = sold(platform)
    number = platform.ask_back(order)
    early = platform.returns[number]
    platform.move_return(number, ReturnState.ACCEPTED)
    assert keep(platform) == commands.returns.Kept(added=1)
    before = list(ChannelReturn.objects.values()), OutboxEvent.objects.count(), TimelineEntry.objects.count()

    for said in ([platform.returns[number]], [early], [early, platform.returns[number]], []):
        at = before[0][0]["seen_at"]
        assert commands.keep_returns(actor=SYSTEM, channel="bz", returns=said, now=at) == commands.returns.Kept()

    after = list(ChannelReturn.objects.values()), OutboxEvent.objects.count(), TimelineEntry.objects.count()
    assert after == before
    assert state_of(order) == "returning"


def test_a_return_that_stands_elsewhere_is_told(platform: Platform) -> None:
    return_id = asked(platform)
    platform.move_return(row().external_id, ReturnState.SHIPPING_BACK, tracking_no="VN9")
    assert keep(platform).moved == 1
    view = queries.get_return(actor=SYSTEM, return_id=return_id)
    assert (view.state, view.tracking_no, view.is_waiting) == ("shipping_back", "VN9", False)
    (fact,) = events("channels.return_moved")
    assert (fact["was"], fact["state"]) == ("requested", "shipping_back")


def test_money_without_goods_leaves_the_order_as_it_is(platform: Platform) -> None:
    order = sold(platform)
    asked(platform, order, is_goods_coming_back=False)
    platform.move_return(row().external_id, ReturnState.ACCEPTED)
    keep(platform)
    assert (row().state, state_of(order)) == ("accepted", "delivered")


def test_a_return_read_before_its_order_moves_it_when_that_is_there(platform: Platform) -> None:
    order = sold(platform, state=RemoteState.PLACED)
    asked(platform, order, state=ReturnState.ACCEPTED)
    assert (state_of(order), row().is_order_moved) == ("confirmed", False)
    platform.move(order, RemoteState.DELIVERED)
    follow(platform, order)

    commands.keep_returns(actor=SYSTEM, channel="bz", returns=[], now=now())

    assert (state_of(order), row().is_order_moved) == ("returning", True)


def test_a_platform_that_goes_on_calling_it_delivered_does_not_turn_the_order_back(platform: Platform) -> None:
    order = sold(platform)
    asked(platform, order, state=ReturnState.ACCEPTED)
    platform.move(order, RemoteState.COMPLETED)
    follow(platform, order)
    assert state_of(order) == "returning"

    # The buyer has the money, and one of two units is here: the other is still on its way.
    platform.move_return(row().external_id, ReturnState.REFUNDED)
    keep(platform)
    code, line = SalesOrder.objects.get(external_id=order).code, 0
    orders.receive_return(
        actor=SYSTEM, code=code, location=_place(), lines=[GradedReturn(line, 1, "resellable")], now=now()
    )
    platform.move(order, RemoteState.COMPLETED)
    follow(platform, order)
    assert state_of(order) == "returning"


def test_a_return_that_is_off_lets_the_order_turn_back(platform: Platform) -> None:
    order = sold(platform)
    asked(platform, order, state=ReturnState.ACCEPTED)
    platform.move_return(row().external_id, ReturnState.CLOSED)
    keep(platform)
    platform.move(order, RemoteState.COMPLETED)
    follow(platform, order)
    assert state_of(order) == "completed"


def _place() -> str:
    from mekong.inventory import queries as inventory

    return next(place.code for place in inventory.list_locations(actor=SYSTEM))


# --- answered --------------------------------------------------------------------------------------------------------


def test_agreeing_tells_the_platform_once_and_opens_the_return(platform: Platform) -> None:
    order = sold(platform)
    return_id = asked(platform, order)
    before = StockMovement.objects.count()
    lan = acting(a_person("online_orders"))

    view = answer(return_id, True, actor=lan)
    again = answer(return_id, True, actor=lan)

    assert platform.told == [("agree", row().external_id)]
    assert view == again
    assert (view.state, view.answer, view.answered_by, view.is_waiting) == ("accepted", "accept", lan.ref, False)
    assert view.order_code == SalesOrder.objects.get().code
    assert (state_of(order), StockMovement.objects.count()) == ("returning", before)
    assert [each["is_accepted"] for each in events("channels.return_answer_given")] == [True]
    assert AuditEntry.objects.filter(table="channels_channelreturn", actor=lan.ref).exists()
    with pytest.raises(ReturnAnswered) as refused:
        answer(return_id, False, "thôi", actor=lan)
    assert refused.value.params == {"number": row().external_id, "platform": "Bazaar", "state": "accepted"}
    assert len(platform.told) == 1


def test_refusing_says_why_and_leaves_the_order(platform: Platform) -> None:
    order = sold(platform)
    return_id = asked(platform, order)
    lan = acting(a_person("online_orders", email="lan@example.vn"))

    view = answer(return_id, False, "  Ảnh không khớp ", actor=lan)

    assert platform.told == [("refuse Ảnh không khớp lan@example.vn", row().external_id)]
    assert (view.state, view.answer, view.answer_reason) == ("disputed", "refuse", "Ảnh không khớp")
    assert state_of(order) == "delivered"
    assert [each["is_accepted"] for each in events("channels.return_answer_given")] == [False]


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301])
def test_a_refusal_needs_a_reason_of_bearable_length(platform: Platform, reason: str) -> None:
    return_id = asked(platform)
    with pytest.raises(ChannelInvalid) as refused:
        answer(return_id, False, reason)
    assert refused.value.params["field"] == "reason"
    assert (platform.told, row().answer) == ([], "")


def test_what_was_answered_on_the_platform_is_told_and_kept(platform: Platform) -> None:
    order = sold(platform)
    return_id = asked(platform, order)
    platform.move_return(row().external_id, ReturnState.ACCEPTED)

    with pytest.raises(ReturnAnswered) as refused:
        answer(return_id, False, "thôi")

    assert refused.value.params["state"] == "accepted"
    assert (row().state, row().answer, row().answered_at) == ("accepted", "", None)
    assert state_of(order) == "returning"
    assert events("channels.return_answer_given") == []


def test_the_same_answer_given_on_the_platform_is_no_quarrel(platform: Platform) -> None:
    return_id = asked(platform)
    platform.move_return(row().external_id, ReturnState.SHIPPING_BACK)
    assert answer(return_id, True).state == "shipping_back"
    assert row().answered_at is not None


@pytest.mark.parametrize(
    "trouble",
    [RemoteRefused(remote="Bazaar", remote_code="x", remote_message="no"), Unavailable(remote="Bazaar", reason="away")],
)
def test_an_answer_that_the_platform_does_not_take_can_be_given_again(platform: Platform, trouble: Exception) -> None:
    order = sold(platform)
    return_id = asked(platform, order)
    platform.troubles = [trouble] * 4
    with pytest.raises(type(trouble)):
        answer(return_id, True)
    assert (row().answer, row().asked_at, row().state, state_of(order)) == ("", None, "requested", "delivered")
    platform.troubles.clear()
    assert answer(return_id, False, "Hàng đã dùng").state == "disputed"


def test_an_answer_lost_on_its_way_back_is_found_by_giving_it_again(platform: Platform) -> None:
    return_id = asked(platform)
    # It was begun and taken, and the process ended before that was written down.
    commands.begin_answer(actor=SYSTEM, return_id=return_id, accept=True, reason="", now=now())
    platform.move_return(row().external_id, ReturnState.ACCEPTED)
    assert answer(return_id, True).state == "accepted"
    assert row().answered_at is not None


def test_two_people_with_two_minds_do_not_tell_the_platform_two_things(platform: Platform) -> None:
    return_id = asked(platform)
    commands.begin_answer(actor=SYSTEM, return_id=return_id, accept=True, reason="", now=now())
    with pytest.raises(ReturnBeingAnswered):
        answer(return_id, False, "thôi")
    assert platform.told == []
    # One that was cut off on its way does not stand in the way for ever.
    ChannelReturn.objects.update(asked_at=now() - timedelta(minutes=3))
    assert answer(return_id, False, "thôi").state == "disputed"


def test_of_many_answers_at_once_one_is_given(platform: Platform) -> None:
    return_id = asked(platform)
    ready, outcomes = threading.Barrier(6), []

    def work(accept: bool) -> None:
        try:
            ready.wait(10)
            outcomes.append((accept, answer(return_id, accept, "thôi").answer))
        except (ReturnAnswered, ReturnBeingAnswered) as lost:
            outcomes.append((accept, lost.code))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(place % 2 == 0,)) for place in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)

    assert len(outcomes) == 6
    given = row().answer
    assert given in ("accept", "refuse")
    assert {said for accept, said in outcomes if accept is (given == "accept")} == {given}
    assert {said for accept, said in outcomes if accept is not (given == "accept")} <= {
        "channels.return_answered", "channels.return_being_answered",
    }  # fmt: skip
    assert len(events("channels.return_answer_given")) == 1
    assert row().state == ("accepted" if given == "accept" else "disputed")


def test_who_may_not_take_returns_back_answers_none(platform: Platform) -> None:
    return_id = asked(platform)
    with pytest.raises(MayNot):
        answer(return_id, True, actor=an_actor("orders.view"))
    with pytest.raises(MayNot):
        queries.list_returns(actor=an_actor("channels.view"))
    assert platform.told == []


def test_returns_follow_their_orders_places(platform: Platform) -> None:
    return_id = asked(platform)
    lost = platform.ask_back(sold(platform, ("AO-2", 1)))
    platform.returns[lost] = replace(platform.returns[lost], order_external_id="NOT-HERE")
    keep(platform, lost)
    elsewhere = an_actor("orders.view", "orders.return", locations=[a_location("XA")])
    with pytest.raises(ReturnNotFound):
        answer(return_id, True, actor=elsewhere)
    with pytest.raises(ReturnNotFound):
        queries.get_return(actor=elsewhere, return_id=return_id)
    assert [each.external_id for each in queries.list_returns(actor=elsewhere).returns] == [lost]
    assert (queries.count_waiting(actor=elsewhere), queries.count_waiting(actor=SYSTEM)) == (1, 2)
    assert platform.told == []


@pytest.mark.parametrize("unknown", ["", "ret_", "ret_018f0000000070008000000000000000", "x" * 400])
def test_an_unknown_return_is_not_found(platform: Platform, unknown: str) -> None:
    with pytest.raises(ReturnNotFound):
        answer(unknown, True)


def test_a_channel_that_cannot_be_asked_says_so_and_keeps_nothing(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    return_id = asked(platform)
    Channel.objects.update(sealed_secrets="")
    with pytest.raises(NotConnected):
        answer(return_id, True)
    assert row().answer == ""
    commands.connect(actor=SYSTEM, code="bz", secrets=Secrets("k", "s", "t", "r"), now=now())
    whole = plug(platform)

    def without(account: Any, transport: Any) -> Any:
        made: Any = whole.factory(account, transport)
        return type("Mute", (), {"manifest": made.manifest, "account": account})()

    monkeypatch.setattr(registry, "connectors", lambda: {"bazaar": replace(whole, factory=without)})
    calls.forget()
    with pytest.raises(CannotDo):
        answer(return_id, True)
    assert row().answer == ""


# --- listed ----------------------------------------------------------------------------------------------------------


def test_what_waits_is_listed_nearest_deadline_first_page_by_page(platform: Platform) -> None:
    order = sold(platform)
    day = timedelta(days=1)
    due = [now() + 3 * day, None, now() + day, now() + 2 * day, None]
    numbers = [platform.ask_back(order, answer_by=each) for each in due]
    done = platform.ask_back(order, state=ReturnState.REFUNDED)
    keep(platform)
    seen, cursor = [], ""
    while True:
        page = queries.list_returns(actor=SYSTEM, is_waiting=True, cursor=cursor, limit=2)
        seen += [each.external_id for each in page.returns]
        if page.next_cursor is None:
            break
        cursor = page.next_cursor
    assert seen == [numbers[2], numbers[3], numbers[0], numbers[1], numbers[4]]
    assert [each.external_id for each in queries.list_returns(actor=SYSTEM, is_waiting=False).returns] == [done]
    newest = queries.list_returns(actor=SYSTEM, limit=4)
    rest = queries.list_returns(actor=SYSTEM, limit=4, cursor=newest.next_cursor or "")
    assert [each.external_id for each in (*newest.returns, *rest.returns)] == [done, *reversed(numbers)]
    assert [each.external_id for each in queries.list_returns(actor=SYSTEM, state="refunded").returns] == [done]
    assert not queries.list_returns(actor=SYSTEM, channel="web").returns
    of_order = queries.returns_of(actor=SYSTEM, channel="bz", external_id=order)
    assert len(of_order) == 6
    assert queries.returns_of(actor=SYSTEM, channel="bz", external_id="") == []


def test_goods_named_by_number_alone_are_called_as_their_listing(platform: Platform) -> None:
    number = platform.ask_back(sold(platform))
    (line,) = platform.returns[number].lines
    platform.returns[number] = replace(platform.returns[number], lines=[replace(line, name="", sku="")])
    keep(platform)
    assert row().lines[0]["name"] == "Áo AO-1"
