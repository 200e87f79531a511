"""Gift cards: issued with codes that are kept nowhere in the open, activated, topped up, blocked, extended, printed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from mekong.foundation.actor import SYSTEM
from mekong.foundation.errors import Invalid, MayNot
from mekong.foundation.models import AuditEntry
from mekong.pricing import commands, queries
from mekong.pricing.errors import (
    CardBatchNotFound,
    CardBlocked,
    CardExpired,
    CardInvalid,
    CardNotActivated,
    CardNotFound,
    CardReferenceTaken,
    CodesForgotten,
    CodesTaken,
)
from mekong.pricing.models import CardBatch, CardEntry, CardHold, CodeKey, GiftCard
from mekong.pricing.rules import codes
from tests.support.cards import a_card, held, kinds, seen, some_cards, wanting
from tests.support.people import NOON, an_actor

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)
NOBODY = UUID(int=7)


def ids(cards: Any) -> list[UUID]:
    return [each.id for each in cards]


def test_a_card_is_issued_with_its_value_and_worth_nothing_until_it_is_sold() -> None:
    lan = an_actor("vouchers.issue", "pricing.view")
    made = commands.issue_cards(
        actor=lan, name=" Quà cưới ", value_minor=500_000, expires_at=NOON + 365 * DAY, buyer="Cty An Bình",
        recipients=["Chị Mai"], now=NOON,
    )  # fmt: skip

    (card,) = made.cards
    assert (made.batch.name, made.batch.count, made.batch.issued_by) == ("Quà cưới", 1, "person:0")
    assert codes.written(str(codes.read(card.code, codes.GIFT_CARD)), codes.GIFT_CARD) == card.code
    view = queries.get_card(actor=lan, card_id=card.id, now=NOON)
    assert (view.state, view.balance_minor, view.available_minor, view.last4) == (
        "inactive",
        500_000,
        0,
        card.code[-4:],
    )
    assert (view.buyer, view.recipient, view.expires_at) == ("Cty An Bình", "Chị Mai", NOON + 365 * DAY)

    with pytest.raises(CardNotActivated):
        held(card.id, 1000)
    sold = commands.activate_card(actor=lan, card_id=card.id, reference="DH-9", now=NOON + DAY)
    assert (sold.state, sold.available_minor, sold.activated_at) == ("active", 500_000, NOON + DAY)
    assert commands.activate_card(actor=lan, card_id=card.id, now=NOON + 2 * DAY) == sold
    assert kinds(card.id) == ["issue", "activate"]


def test_ten_thousand_cards_are_one_command_of_few_statements() -> None:
    with CaptureQueriesContext(connection) as said:
        cards = some_cards(10_000, 50_000)

    assert len(said) < 20
    assert len({each.code for each in cards}) == GiftCard.objects.filter(state="active").count() == 10_000
    assert CardEntry.objects.count() == 20_000
    assert [(each.state, each.count, each.balance_minor) for each in queries.card_totals(actor=SYSTEM)] == [
        ("active", 10_000, 500_000_000)
    ]
    last = cards[-1]
    assert commands.check_card(actor=SYSTEM, code=last.code, who="", now=NOON).card == seen(last.id)


def test_a_stolen_database_gives_no_codes() -> None:
    card = a_card()
    bare = str(codes.read(card.code, codes.GIFT_CARD))
    with connection.cursor() as cursor:
        found = []
        for model in (GiftCard, CardBatch, CardEntry, CodeKey, AuditEntry):
            cursor.execute(f"select row_to_json(t)::text from {model._meta.db_table} t")
            found += [row[0] for row in cursor.fetchall()]
    assert found
    assert not [each for each in found if bare in each or card.code in each or bare[:-4] in each]


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("name", {"name": "  "}),
        ("name", {"name": "x" * 121}),
        ("value_minor", {"value_minor": 0}),
        ("value_minor", {"value_minor": 10**12 + 1}),
        ("count", {"count": 0}),
        ("count", {"count": 10_001}),
        ("currency", {"currency": "vnd"}),
        ("expires_at", {"expires_at": NOON}),
        ("expires_at", {"expires_at": NOON + 365 * 21 * DAY}),
        ("recipients", {"count": 2, "recipients": ["Mai"]}),
        ("recipients", {"recipients": ["x" * 201]}),
        ("buyer", {"buyer": "x" * 201}),
    ],
)
def test_an_issue_that_makes_no_sense_is_refused_by_field(field: str, given: dict[str, Any]) -> None:
    with pytest.raises(CardInvalid) as refused:
        commands.issue_cards(actor=SYSTEM, **{"name": "Tết", "value_minor": 1, "now": NOON, **given})
    assert refused.value.params["field"] == field
    assert not CardBatch.objects.exists()


def test_nobody_issues_or_looks_without_the_right() -> None:
    card = a_card()
    batch = seen(card.id).batch_id
    teller = an_actor("orders.place")
    for act in (
        lambda: commands.issue_cards(actor=teller, name="x", value_minor=1, now=NOON),
        lambda: commands.activate_card(actor=teller, card_id=card.id, now=NOON),
        lambda: commands.activate_batch(actor=teller, batch_id=batch, now=NOON),
        lambda: commands.top_up_card(actor=teller, card_id=card.id, amount_minor=1, reference="x", now=NOON),
        lambda: commands.block_card(actor=teller, card_id=card.id, reason="x", now=NOON),
        lambda: commands.unblock_card(actor=teller, card_id=card.id, now=NOON),
        lambda: commands.extend_card(actor=teller, card_id=card.id, expires_at=None, now=NOON),
        lambda: commands.reveal_codes(actor=teller, card_ids=[card.id], now=NOON),
        lambda: commands.take_codes(actor=teller, batch_id=batch, now=NOON),
        lambda: commands.forget_codes(actor=teller, batch_id=batch, now=NOON),
        lambda: queries.get_card(actor=teller, card_id=card.id, now=NOON),
        lambda: queries.list_cards(actor=teller, now=NOON),
        lambda: queries.list_card_entries(actor=teller, card_id=card.id),
        lambda: queries.card_totals(actor=teller),
    ):
        with pytest.raises(MayNot):
            act()  # type: ignore[no-untyped-call]  # a lambda of the list above
    assert kinds(card.id) == ["issue", "activate"]


def test_a_batch_is_activated_at_once_and_again_changes_nothing() -> None:
    cards = some_cards(3, is_active=False)
    commands.block_card(actor=SYSTEM, card_id=cards[0].id, reason="lost in the post", now=NOON)
    batch = seen(cards[0].id).batch_id
    assert commands.activate_batch(actor=SYSTEM, batch_id=batch, reference="DH-1", now=NOON) == 2
    assert commands.activate_batch(actor=SYSTEM, batch_id=batch, reference="DH-1", now=NOON) == 0
    assert [seen(each).state for each in ids(cards)] == ["blocked", "active", "active"]
    assert kinds(cards[1].id) == ["issue", "activate"]
    with pytest.raises(CardBatchNotFound):
        commands.activate_batch(actor=SYSTEM, batch_id=NOBODY, now=NOON)


def test_a_top_up_counts_once_by_its_reference() -> None:
    card = a_card(100_000)
    for _ in range(2):
        view = commands.top_up_card(actor=SYSTEM, card_id=card.id, amount_minor=50_000, reference="PT-1", now=NOON)
    assert view.balance_minor == 150_000
    with pytest.raises(CardReferenceTaken):
        commands.top_up_card(actor=SYSTEM, card_id=card.id, amount_minor=60_000, reference="PT-1", now=NOON)
    with pytest.raises(CardInvalid):
        commands.top_up_card(actor=SYSTEM, card_id=card.id, amount_minor=0, reference="PT-2", now=NOON)
    with pytest.raises(CardInvalid):
        commands.top_up_card(actor=SYSTEM, card_id=card.id, amount_minor=10**12, reference="PT-2", now=NOON)
    with pytest.raises(CardInvalid):
        commands.top_up_card(actor=SYSTEM, card_id=card.id, amount_minor=1, reference=" ", now=NOON)
    with pytest.raises(CardNotFound):
        commands.top_up_card(actor=SYSTEM, card_id=NOBODY, amount_minor=1, reference="PT-2", now=NOON)
    assert seen(card.id).balance_minor == 150_000


def test_a_blocked_card_buys_nothing_and_comes_back_as_it_was() -> None:
    card = a_card()
    hold = held(card.id, 200_000)
    with pytest.raises(CardInvalid):
        commands.block_card(actor=SYSTEM, card_id=card.id, reason=" ", now=NOON)
    for _ in range(2):
        view = commands.block_card(actor=SYSTEM, card_id=card.id, reason="stolen", now=NOON)
    assert (view.state, view.balance_minor, view.held_minor, view.available_minor) == ("blocked", 500_000, 0, 0)
    assert CardHold.objects.get(uid=hold.id).state == "released"
    with pytest.raises(CardBlocked):
        held(card.id, 1, "cart-2")
    with pytest.raises(CardBlocked):
        commands.top_up_card(actor=SYSTEM, card_id=card.id, amount_minor=1, reference="PT-1", now=NOON)
    with pytest.raises(CardBlocked):
        commands.activate_card(actor=SYSTEM, card_id=card.id, now=NOON)
    for _ in range(2):
        view = commands.unblock_card(actor=SYSTEM, card_id=card.id, now=NOON)
    assert (view.state, view.available_minor, view.blocked_for) == ("active", 500_000, "")
    assert kinds(card.id) == ["issue", "activate", "hold", "release", "block", "unblock"]


def test_a_card_buys_nothing_from_its_end_on_and_an_extension_gives_back_what_it_lost() -> None:
    end = NOON + 30 * DAY
    card = a_card(expires_at=end)
    held(card.id, 100_000, "before", ttl_s=1, now=end - timedelta(seconds=2))
    with pytest.raises(CardExpired):
        held(card.id, 1, "after", now=end)
    assert seen(card.id, end).available_minor == 0
    assert commands.expire_cards(now=end - timedelta(seconds=1)) == 0
    assert commands.expire_cards(now=end) == 1
    assert commands.expire_cards(now=end) == 0
    gone = seen(card.id, end)
    assert (gone.state, gone.balance_minor, gone.held_minor) == ("expired", 0, 0)
    for refuse in (
        lambda: commands.activate_card(actor=SYSTEM, card_id=card.id, now=end),
        lambda: commands.block_card(actor=SYSTEM, card_id=card.id, reason="x", now=end),
        lambda: commands.top_up_card(actor=SYSTEM, card_id=card.id, amount_minor=1, reference="P", now=end),
    ):
        with pytest.raises(CardExpired):
            refuse()  # type: ignore[no-untyped-call]  # a lambda of the list above

    for _ in range(2):
        back = commands.extend_card(actor=SYSTEM, card_id=card.id, expires_at=end + DAY, now=end)
    assert (back.state, back.available_minor) == ("active", 500_000)
    assert kinds(card.id)[-4:] == ["hold", "release", "expire", "extend"]
    with pytest.raises(CardInvalid):
        commands.extend_card(actor=SYSTEM, card_id=card.id, expires_at=NOON, now=end)
    assert commands.extend_card(actor=SYSTEM, card_id=card.id, expires_at=None, now=end).expires_at is None


def test_a_card_with_an_amount_held_waits_for_its_order() -> None:
    end = NOON + DAY
    card = a_card(expires_at=end)
    hold = held(card.id, 100_000, ttl_s=3600, now=end - timedelta(minutes=30))
    assert commands.expire_cards(now=end) == 0
    commands.claim_card_holds(actor=SYSTEM, hold_ids=[hold.id], used_by="DH-1", now=end)
    assert commands.expire_cards(now=end) == 1
    assert seen(card.id, end).state == "expired"
    assert -CardEntry.objects.get(kind="expire").balance_change == 400_000


# --- codes ------------------------------------------------------------------------------------------------------------


def test_codes_are_shown_again_under_the_eye_of_the_trail() -> None:
    lan = an_actor("vouchers.issue")
    cards = some_cards(3)
    shown = commands.reveal_codes(actor=lan, card_ids=[cards[2].id, cards[0].id], now=NOON)
    assert shown == [cards[2], cards[0]]
    read = AuditEntry.objects.filter(table="pricing_giftcard", action="read", actor="person:0")
    assert read.count() == 2
    for wrong in ([], [cards[0].id] * 2001):
        with pytest.raises(CardInvalid):
            commands.reveal_codes(actor=lan, card_ids=wrong, now=NOON)
    with pytest.raises(CardNotFound):
        commands.reveal_codes(actor=lan, card_ids=[NOBODY], now=NOON)


def test_codes_of_an_issue_are_taken_out_once() -> None:
    cards = some_cards(3)
    batch = seen(cards[0].id).batch_id
    taken = commands.take_codes(actor=an_actor("vouchers.issue"), batch_id=batch, now=NOON)
    assert list(taken.cards) == cards
    assert taken.batch.taken_at == NOON
    with pytest.raises(CodesTaken) as refused:
        commands.take_codes(actor=SYSTEM, batch_id=batch, now=NOON + DAY)
    assert "22/11/2026" in str(refused.value)


def test_codes_that_were_handed_out_can_be_forgotten_and_still_pay() -> None:
    cards = some_cards(2)
    batch = seen(cards[0].id).batch_id
    for _ in range(2):
        assert commands.forget_codes(actor=SYSTEM, batch_id=batch, now=NOON).forgotten_at == NOON
    assert not seen(cards[0].id).is_printable
    with pytest.raises(CodesForgotten):
        commands.reveal_codes(actor=SYSTEM, card_ids=[cards[0].id], now=NOON)
    with pytest.raises(CodesForgotten):
        commands.take_codes(actor=SYSTEM, batch_id=batch, now=NOON)
    assert commands.check_card(actor=SYSTEM, code=cards[1].code, who="", now=NOON).card == seen(cards[1].id)


# --- looking ----------------------------------------------------------------------------------------------------------


def test_cards_are_found_by_their_last_letters_note_state_and_issue() -> None:
    first = some_cards(3, buyer="Công ty An Bình")
    (other,) = some_cards(1, 20_000, is_active=False, recipients=["Chị Mai"])
    lan = an_actor("pricing.view")

    def found(**asked: Any) -> set[UUID]:
        return {each.id for each in queries.list_cards(actor=lan, now=NOON, **asked).items}

    assert found() == {*ids(first), other.id}
    assert found(q=first[1].code[-4:].lower()) == {first[1].id}
    assert found(q="bình") == set(ids(first))
    assert found(q="mai tết") == {other.id}
    assert found(state="inactive") == {other.id}
    assert found(batch_id=seen(other.id).batch_id) == {other.id}
    page = queries.list_cards(actor=lan, now=NOON, limit=3)
    rest = queries.list_cards(actor=lan, now=NOON, limit=3, cursor=page.next_cursor)
    assert [each.id for each in (*page.items, *rest.items)] == [other.id, *reversed(ids(first))]
    assert rest.next_cursor is None
    with pytest.raises(Invalid):
        found(state="lost")
    assert [each.count for each in queries.list_batches(actor=lan)] == [1, 3]
    with pytest.raises(CardNotFound):
        seen(NOBODY)


# --- what stands behind the code --------------------------------------------------------------------------------------


def test_the_database_refuses_what_the_code_would_not_do() -> None:
    card = a_card(1000)
    for change in (
        {"balance_minor": -1}, {"held_minor": 1001}, {"held_minor": -1}, {"state": "lost"}, {"state": "used_up"},
        {"activated_at": None},
    ):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            GiftCard.objects.filter(uid=card.id).update(**change)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        CardEntry.objects.all().update(balance_change=5)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        CardEntry.objects.all().delete()


def test_the_doctor_sees_a_balance_that_was_written_by_hand() -> None:
    from mekong.pricing import checks

    card = a_card(1000)
    GiftCard.objects.filter(uid=card.id).update(balance_minor=999)
    found = checks.cards_add_up(NOON)
    assert not found.ok
    assert card.code[-4:] in found.found
    GiftCard.objects.filter(uid=card.id).update(balance_minor=1000)


def test_one_card_twice_in_a_basket_is_refused() -> None:
    card = a_card(1000)
    with pytest.raises(CardInvalid):
        commands.hold_cards(
            actor=SYSTEM, wanted=[wanting(card.id, 1), wanting(card.id, 2)], reference="c", ttl_s=5, now=NOON
        )
