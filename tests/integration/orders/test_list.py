"""The order list: what is found, in which order, and that no page loses or repeats an order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.errors import BadCursor, MayNot
from mekong.foundation.text import fold
from mekong.inventory.errors import LocationNotFound
from mekong.orders import commands, queries
from mekong.orders.contracts import OrderCount, OrderFilter
from mekong.orders.models import OrderSearch, SalesOrder, Tally
from mekong.orders.queries import counting, listing
from tests.support.orders import a_draft, accept, an_order
from tests.support.people import NOON, an_actor
from tests.support.stock import a_location, a_variant, stock

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)
OPEN = tuple(sorted(queries.OPEN))


def codes(actor: Actor = SYSTEM, *, limit: int = 50, **wanted: object) -> list[str]:
    """Every order of a list, page by page."""
    asked = OrderFilter(**wanted)  # type: ignore[arg-type]  # fields by name
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = queries.list_orders(actor=actor, wanted=asked, cursor=cursor, limit=limit)
        found += [order.code for order in page.orders]
        cursor = page.next_cursor
    return found


def count(actor: Actor = SYSTEM, **wanted: object) -> OrderCount:
    return queries.count_orders(actor=actor, wanted=OrderFilter(**wanted))  # type: ignore[arg-type]  # as above


@pytest.fixture
def variant() -> int:
    a_location("HN")
    made = a_variant("AO-THUN", price=100)
    stock(made, "HN", 100)
    return made


# --- search ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def bought(variant: int) -> dict[str, str]:
    """Codes of four orders by who bought."""
    made = {
        "Nhung": an_order(
            ("AO-THUN", 1), customer_name="Nguyễn Thị Hồng Nhung", customer_phone="0903123218", external_id="W-0007"
        ),
        "Đạt": an_order(("AO-THUN", 1), customer_name="Trần Văn Đạt", customer_phone="+84912345111"),
    }
    [placed] = accept(
        a_draft((variant, 2), external_id="2611030K7P4QX2", customer_name="O'Neil \\ Đặng", tracking_no="SPXVN0611",
                customer_phone="+6591234567")
    )  # fmt: skip
    made["O'Neil"] = placed.code
    [placed] = accept(a_draft((None, 1)))
    made["nobody"] = placed.code
    return made


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("0903 218", ""),
        ("0903 123", "Nhung"),
        ("0903123218", "Nhung"),
        ("+84903123218", "Nhung"),
        ("+84 903 123", "Nhung"),
        ("84903123218", "Nhung"),
        ("3218", "Nhung"),
        ("123.218", "Nhung"),
        ("5111", "Đạt"),
        ("111", ""),
        ("91234567", "O'Neil"),
        ("nguyen nhung", "Nhung"),
        ("NHUNG hong", "Nhung"),
        ("Hồng", "Nhung"),
        ("dat", "Đạt"),
        ("đạt trần", "Đạt"),
        ("van nhung", ""),
        ("o'neil", "O'Neil"),
        ("2611030k7p4qx2", "O'Neil"),
        ("2611030K7", "O'Neil"),
        ("w-0007", "Nhung"),
        ("spxvn0611", "O'Neil"),
        ("!!!", ""),
        ("' | 'x", ""),
        ("\x00", "all"),
    ],
)
def test_an_order_is_found_by_what_people_type(bought: dict[str, str], text: str, who: str) -> None:
    expected = set(bought.values()) if who == "all" else {bought[who]} if who else set()
    assert set(codes(text=text)) == expected
    assert count(text=text) == OrderCount(len(expected))


def test_a_code_is_found_whole_or_by_its_tail(bought: dict[str, str]) -> None:
    code = bought["Nhung"]
    for text in (code, code.lower(), code.partition("-")[2], code.rpartition("-")[2], code[:-1]):
        assert code in codes(text=text), text


def test_a_sku_finds_its_orders_in_any_case_and_a_channels_own_finds_the_unmatched(bought: dict[str, str]) -> None:
    assert set(codes(text="ao-thun")) == {bought["Nhung"], bought["Đạt"], bought["O'Neil"]}
    assert codes(text="SKUNone") == [bought["nobody"]]
    assert codes(text="AO-THU") == []


def test_what_is_rare_is_found_behind_the_many_that_are_read_through(
    bought: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "SAMPLED", 1)
    monkeypatch.setattr(listing, "READ_THROUGH", 1)
    assert codes(text="nguyen nhung") == [bought["Nhung"]]
    assert codes(text="ao-thun", limit=1) == codes(text="ao-thun")


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
@pytest.mark.parametrize("named", [0, 3_000])
@pytest.mark.parametrize(
    ("sampled", "looked_at", "read_through"), [(1, 2, 1), (1, 3, 2), (2, 4, 2), (2, 2, 2), (3, 6, 3)]
)
def test_however_far_is_read_a_text_finds_the_same_orders_in_the_same_order(
    bought: dict[str, str], monkeypatch: pytest.MonkeyPatch, sampled: int, looked_at: int, read_through: int, named: int,
    limit: int,
) -> None:  # fmt: skip
    texts = ("ao-thun", "nguyen", "dat", "skunone", "SKUNone", "no such name")
    every = {text: codes(text=text) for text in texts}
    monkeypatch.setattr(listing, "SAMPLED", sampled)
    monkeypatch.setattr(listing, "LOOKED_AT", looked_at)
    monkeypatch.setattr(listing, "READ_THROUGH", read_through)
    monkeypatch.setattr(listing, "NAMED", named)
    assert {text: codes(text=text, limit=limit) for text in texts} == every
    assert {text: codes(text=text, states=OPEN, order="deadline", limit=limit) for text in texts}.keys() == every.keys()


def test_what_is_common_is_read_and_not_asked_of_the_index_of_words(
    bought: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "SAMPLED", 2)
    asked: list[str] = []

    def noted(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        asked.append(sql)
        return execute(sql, params, many, context)

    for text, is_named in (("ao-thun", False), ("o'neil", False), ("nhung", True)):
        asked.clear()
        with connection.execute_wrapper(noted):
            queries.list_orders(actor=SYSTEM, wanted=OrderFilter(text=text), limit=1)
        assert any("mekong_orders_named" in sql for sql in asked) is is_named, text


def test_an_order_is_found_by_what_was_corrected(bought: dict[str, str]) -> None:
    SalesOrder.objects.filter(code=bought["Đạt"]).update(customer_name="Lê Thịnh", customer_phone="")
    assert codes(text="thinh") == [bought["Đạt"]]
    assert codes(text="5111") == codes(text="tran van dat") == []


def test_postgres_folds_as_python_does() -> None:
    for text in ("Áo thun Đà Nẵng, size M", "ƯỚC  gì—được!", "Đỗ Khánh Vy", "ÀẢÃÁẠĂẰẲẴẮẶÂẦẨẪẤẬ", "l'été 3×4", "", "ẦẪ"):
        with connection.cursor() as cursor:
            cursor.execute("select mekong_fold(%s)", [text])
            assert cursor.fetchone() == (fold(text),)


# --- order and pages -------------------------------------------------------------------------------------------------


@pytest.fixture
def dated(variant: int) -> list[str]:
    """Seven open orders, by hand-over: two without a time, two at the same; placed in another order."""
    hours = (5, None, 1, 3, 3, None, 2)
    made = []
    for place, due in enumerate(hours):
        code = an_order(("AO-THUN", 1), customer_name="Mai")
        SalesOrder.objects.filter(code=code).update(
            ship_by=None if due is None else NOON + due * HOUR, placed_at=NOON - place % 3 * HOUR
        )
        made.append(code)
    return made


def test_open_orders_come_by_their_deadline_and_those_without_last(dated: list[str]) -> None:
    due = dict(SalesOrder.objects.values_list("code", "ship_by"))
    found = codes(states=OPEN, order="deadline")
    times = [due[code] for code in found]
    assert times == [NOON + HOUR, NOON + 2 * HOUR, *[NOON + 3 * HOUR] * 2, NOON + 5 * HOUR, None, None]


@pytest.mark.parametrize("order", ["deadline", "newest"])
@pytest.mark.parametrize("text", ["", "mai"])
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_no_page_loses_or_repeats_an_order(dated: list[str], order: str, text: str, limit: int) -> None:
    whole = codes(states=OPEN, order=order, text=text)
    assert sorted(whole) == sorted(dated)
    assert codes(states=OPEN, order=order, text=text, limit=limit) == whole


def test_other_lists_are_newest_first_whatever_is_asked(dated: list[str]) -> None:
    assert codes(order="deadline") == codes(order="newest")
    assert codes(states=("shipped", "confirmed"), order="deadline") == codes(states=("shipped", "confirmed"))


def test_a_cursor_of_one_order_is_refused_by_the_other(dated: list[str]) -> None:
    cursors = {}
    for order in ("deadline", "newest"):
        asked = OrderFilter(states=OPEN, order=order)  # type: ignore[arg-type]  # one of the two
        cursors[order] = queries.list_orders(actor=SYSTEM, wanted=asked, limit=2).next_cursor or ""
    for order, other in (("deadline", "newest"), ("newest", "deadline")):
        with pytest.raises(BadCursor):
            queries.list_orders(
                actor=SYSTEM,
                wanted=OrderFilter(states=OPEN, order=order),
                cursor=cursors[other],  # type: ignore[arg-type]  # as above
            )


def test_a_page_that_looked_at_enough_says_so_and_goes_on(dated: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "LOOKED_AT", 2)
    monkeypatch.setattr(counting, "LOOKED_AT", 2)
    oldest = codes()[-1]
    SalesOrder.objects.filter(code=oldest).update(total_minor=900, subtotal_minor=900)
    first = queries.list_orders(actor=SYSTEM, wanted=OrderFilter(money_from_minor=500))
    assert (first.orders, first.is_partial) == ([], True)
    assert codes(money_from_minor=500) == [oldest]
    assert count(money_from_minor=500) == OrderCount(0, is_more=True)
    assert count(money_from_minor=500, states=OPEN) == OrderCount(1)


@pytest.mark.parametrize("looked_at", [1, 2, 3, 50])
@pytest.mark.parametrize("limit", [1, 2, 50])
def test_a_tag_is_found_among_the_newest_or_by_its_index(
    dated: list[str], monkeypatch: pytest.MonkeyPatch, looked_at: int, limit: int
) -> None:
    monkeypatch.setattr(listing, "LOOKED_AT", looked_at)
    newest_first = codes()
    tagged = [newest_first[1], newest_first[2], newest_first[-1]]
    for code in tagged:
        commands.set_tags(actor=SYSTEM, code=code, tags=["VIP", "quà"], now=NOON)
    SalesOrder.objects.filter(code=tagged[1]).update(is_cod=True)
    assert codes(tag="VIP", limit=limit) == tagged
    assert codes(tag="VIP", is_cod=True, limit=limit) == [tagged[1]]
    assert codes(tag="VIP", location="HN", limit=limit) == tagged
    assert codes(tag="vip", limit=limit) == []
    assert set(codes(tag="quà", states=OPEN, limit=limit)) == set(tagged)


# --- conditions ------------------------------------------------------------------------------------------------------


def test_each_condition_narrows_the_list_and_its_count_alike(dated: list[str]) -> None:
    here = dated[0]
    commands.set_tags(actor=SYSTEM, code=here, tags=["VIP"], now=NOON)
    SalesOrder.objects.filter(code=here).update(is_cod=True, total_minor=700, subtotal_minor=700, channel="shopee-1")
    for states in ((), OPEN):
        for wanted in (
            {"tag": "VIP"}, {"is_cod": True}, {"money_from_minor": 600}, {"channels": ("shopee-1", "tiki-1")},
            {"money_from_minor": 600, "money_to_minor": 700}, {"due_before": NOON + 6 * HOUR, "is_cod": True},
            {"placed_from": NOON - HOUR, "tag": "VIP"}, {"location": "HN", "is_cod": True},
        ):  # fmt: skip
            assert codes(states=states, **wanted) == [here], (states, wanted)
            assert count(states=states, **wanted) == OrderCount(1), (states, wanted)
        for none in ({"tag": "vip"}, {"money_to_minor": 50}, {"money_from_minor": 701}, {"due_before": NOON}):
            assert codes(states=states, **none) == [], (states, none)
            assert count(states=states, **none) == OrderCount(0), (states, none)
    with pytest.raises(LocationNotFound):
        codes(location="NO-SUCH")


def test_several_issues_are_any_of_them_and_a_duplicate_is_one_until_confirmed(variant: int) -> None:
    first = an_order(("AO-THUN", 1), customer_name="Mai", customer_phone="0903123218")
    again = an_order(("AO-THUN", 1), customer_name="Mai", customer_phone="0903123218")
    [unmatched] = accept(a_draft((None, 1)))
    assert codes(issues=("duplicate",)) == [again]
    assert set(codes(issues=("duplicate", "unmatched_line"))) == {again, unmatched.code}
    commands.confirm_order(actor=SYSTEM, code=again, now=NOON)
    assert codes(issues=("duplicate",)) == []
    assert first not in codes(issues=("unmatched_line",))


def test_who_works_at_one_place_finds_that_places_orders(variant: int) -> None:
    there = a_location("SG")
    stock(variant, "SG", 5)
    ours = an_order(("AO-THUN", 1), customer_name="Mai")
    theirs = an_order(("AO-THUN", 1), location_ids=(there,), customer_name="Mai")
    [nowhere] = accept(a_draft((None, 1)))
    seller = an_actor("orders.view", locations=[there])
    for wanted in ({}, {"states": OPEN}, {"text": "mai"}):
        found = codes(seller, **wanted)
        assert theirs in found
        assert ours not in found
        assert count(seller, **wanted).n == len(found)
    assert nowhere.code in codes(seller)
    assert codes(seller, location="HN") == []
    assert codes(seller, location="SG") == [theirs]
    assert count(seller, location="HN") == OrderCount(0)
    assert queries.codes_that_fit(actor=seller, wanted=OrderFilter(), codes=[ours, theirs]) == {theirs}
    assert [each.code for each in queries.orders_on_screen(actor=seller, codes=[ours, theirs])] == [theirs]
    with pytest.raises(MayNot):
        codes(an_actor("inventory.view"))


def test_the_index_of_words_names_an_order_where_its_goods_stand_and_not_where_they_stood(
    variant: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanoi, there = a_location("HN-2"), a_location("SG")
    stock(variant, "HN-2", 5)
    moved, split, stays = (
        an_order(("AO-THUN", 1), location_ids=(hanoi,), customer_name="Mai Thảo") for _ in range(3)
    )  # fmt: skip
    SalesOrder.objects.filter(code=moved).update(allocation=[[variant, there, 1]])
    SalesOrder.objects.filter(code=split).update(allocation=[[variant, hanoi, 1], [variant, there, 1]])
    monkeypatch.setattr(listing, "SAMPLED", 1)
    monkeypatch.setattr(listing, "READ_AT_PLACES", 0)
    monkeypatch.setattr(listing, "LOOKED_AT", 50)
    monkeypatch.setattr(listing, "READ_THROUGH", 0)  # what the index does not name is not found
    monkeypatch.setattr(listing, "NAMED", 2)  # and with another place's it would name too many
    found = {place: set(codes(an_actor("orders.view", locations=[place]), text="mai th")) for place in (hanoi, there)}
    assert found == {hanoi: {split, stays}, there: {moved, split}}
    assert set(codes(text="mai th", location="SG")) == {moved, split}


@pytest.mark.parametrize("read_at_places", [0, 2, 3_000])
def test_however_far_is_read_one_place_finds_its_orders(
    variant: int, monkeypatch: pytest.MonkeyPatch, read_at_places: int
) -> None:
    there = a_location("SG")
    stock(variant, "SG", 9)
    names = ("Mai", "Hoa", "Mai", "Mai", "Hoa", "Mai")
    placed = [an_order(("AO-THUN", 1), location_ids=(there,), customer_name=name) for name in names]
    an_order(("AO-THUN", 1), customer_name="Mai")
    seller = an_actor("orders.view", locations=[there])
    monkeypatch.setattr(listing, "SAMPLED", 2)
    monkeypatch.setattr(listing, "READ_AT_PLACES", read_at_places)
    expected = [code for code, name in zip(placed, names, strict=True) if name == "Mai"][::-1]
    assert codes(seller, text="mai", limit=1) == codes(seller, text="mai", limit=3) == expected


def test_counting_by_walking_stops_at_many(dated: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    long_ago = NOON - 9 * HOUR
    monkeypatch.setattr(counting, "MANY", 3)
    assert count(placed_from=long_ago) == OrderCount(3, is_more=True)
    assert count(text="mai") == OrderCount(3, is_more=True)
    assert count() == OrderCount(7), "by state, channel and place it is exact at any size"
    monkeypatch.setattr(counting, "MANY", 7)
    assert count(placed_from=long_ago) == OrderCount(7)


def told() -> bool:
    """Whether the doctor finds that the tally and the words are those of the orders."""
    from mekong.orders.checks import orders_are_counted

    return orders_are_counted(NOON).ok


def test_the_tally_follows_every_step_and_folding_changes_no_sum(variant: int) -> None:
    there = a_location("SG")
    stock(variant, "SG", 2)
    an_order(("AO-THUN", 1), state="shipped")
    several = an_order(("AO-THUN", 101), customer_name="Mai")
    [unmatched] = accept(a_draft((None, 1)))
    before = queries.count_by_state_and_channel(actor=SYSTEM)
    assert before[("shipped", "web")] == 1
    assert told()
    for seller in (an_actor("orders.view", locations=[there]), an_actor("orders.view", locations=[])):
        assert count(seller).n == len(codes(seller))
    assert several in codes(an_actor("orders.view", locations=[there]))
    assert commands.fold_tally(actor=SYSTEM, beyond=0) > 0
    assert commands.fold_tally(actor=SYSTEM, beyond=0) == 0
    assert queries.count_by_state_and_channel(actor=SYSTEM) == before
    assert told()
    Tally.objects.create(state="shipped", channel="web", place=there, n=1)
    assert not told()
    assert unmatched.code in codes()


def test_folding_loses_nothing_of_orders_that_move_meanwhile(variant: int) -> None:
    made = [an_order(("AO-THUN", 1)) for _ in range(12)]

    def work(number: int) -> None:
        if number % 2:
            commands.fold_tally(actor=SYSTEM, beyond=0)
        else:
            commands.confirm_order(actor=SYSTEM, code=made[number // 2], now=NOON)
        connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(24)))
    assert queries.count_by_state(actor=SYSTEM) == {"confirmed": 12}
    assert told()


def test_every_order_has_its_words(dated: list[str]) -> None:
    assert OrderSearch.objects.count() == SalesOrder.objects.count() == 7


@pytest.mark.parametrize(
    "wanted",
    [
        {}, {"states": OPEN, "order": "deadline"}, {"states": ("packed",), "order": "deadline"}, {"states": ("shipped",)},
        {"states": ("cancelled", "returned"), "channels": ("web",)}, {"states": OPEN, "issues": ("stock",)},
        {"states": ("pending_confirmation",), "issues": ("duplicate",)}, {"tag": "VIP"}, {"text": "mai"},
        {"text": "ao-thun"}, {"is_cod": True, "money_from_minor": 5}, {"location": "HN"},
        {"states": OPEN, "is_cod": True, "due_before": NOON}, {"placed_from": NOON}, {"channel": "web"},
    ],
)  # fmt: skip
def test_no_list_and_no_count_reads_the_whole_book(dated: list[str], wanted: dict[str, object]) -> None:
    """With whole reads forbidden where another way is there, none is left: each list has an index to walk.

    The tally is a few rows for each state, channel and place, and read whole.
    """
    asked = OrderFilter(**wanted)  # type: ignore[arg-type]  # fields by name
    for actor in (SYSTEM, an_actor("orders.view", locations=[1])):
        said: list[str] = []

        def explained(execute, sql, params, many, context, said=said):  # type: ignore[no-untyped-def]
            if sql.lstrip().startswith(("select", "with", "SELECT")):
                with connection.cursor() as cursor:
                    cursor.cursor.execute(f"explain {sql}", params)
                    said.extend(row[0] for row in cursor.cursor.fetchall())
            return execute(sql, params, many, context)

        with connection.cursor() as cursor:
            cursor.execute("set enable_seqscan = off")
        try:
            with connection.execute_wrapper(explained):
                queries.list_orders(actor=actor, wanted=asked)
                queries.count_orders(actor=actor, wanted=asked)
                queries.count_by_state(actor=actor)
                queries.count_by_channel(actor=actor, states=asked.states)
                queries.count_by_issue(actor=actor)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("set enable_seqscan = on")
        assert said
        assert [line for line in said if "Seq Scan on orders_" in line and "orders_tally" not in line] == []
