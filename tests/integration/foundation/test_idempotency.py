"""The record of answers given."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from mekong.foundation import idempotency
from mekong.foundation.errors import IdempotencyMismatch
from mekong.foundation.models import IdempotencyRecord
from tests.support.people import NOON

pytestmark = pytest.mark.django_db
MARK = idempotency.fingerprint("POST", "/api/v1/orders", b"{}")


def test_an_answer_is_given_again_to_the_same_actor_alone() -> None:
    assert idempotency.claim(actor="token:1", key="k", fingerprint=MARK, now=NOON) is None
    idempotency.keep(actor="token:1", key="k", status=201, body=b"done")
    assert idempotency.claim(actor="token:1", key="k", fingerprint=MARK, now=NOON) == idempotency.Stored(201, b"done")
    assert idempotency.claim(actor="token:2", key="k", fingerprint=MARK, now=NOON) is None


def test_another_request_cannot_use_the_key() -> None:
    idempotency.claim(actor="token:1", key="k", fingerprint=MARK, now=NOON)
    idempotency.keep(actor="token:1", key="k", status=201, body=b"")
    other = idempotency.fingerprint("POST", "/api/v1/orders", b"{ }")
    with pytest.raises(IdempotencyMismatch):
        idempotency.claim(actor="token:1", key="k", fingerprint=other, now=NOON)


def test_a_key_without_an_answer_is_busy() -> None:
    idempotency.claim(actor="token:1", key="k", fingerprint=MARK, now=NOON)
    with pytest.raises(idempotency.IdempotencyBusy):
        idempotency.claim(actor="token:1", key="k", fingerprint=MARK, now=NOON)


def test_a_write_that_rolls_back_gives_its_key_back() -> None:
    with transaction.atomic():
        idempotency.claim(actor="token:1", key="k", fingerprint=MARK, now=NOON)
        transaction.set_rollback(True)
    assert idempotency.claim(actor="token:1", key="k", fingerprint=MARK, now=NOON) is None


def test_answers_are_dropped_after_48_hours() -> None:
    for hours in (0, 47, 49, 100):
        idempotency.claim(actor="token:1", key=str(hours), fingerprint=MARK, now=NOON - timedelta(hours=hours))
    assert idempotency.purge(now=NOON) == 2
    assert set(IdempotencyRecord.objects.values_list("key", flat=True)) == {"0", "47"}
    assert idempotency.purge(now=NOON) == 0
