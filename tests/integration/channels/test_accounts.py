"""Channels, their keys and their state."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from mekong.channels import commands, queries, vault
from mekong.channels.commands.accounts import use_state
from mekong.channels.errors import ChannelInvalid, ChannelNotFound, ChannelTaken, KindUnknown, StateInvalid
from mekong.channels.models import Channel
from mekong.channels.socket import Secrets, Tokens
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.errors import MayNot

NOON = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
NOBODY = Actor(kind="person", ref="person:9", name="Lan", permissions=frozenset())
BACK = "https://mekong.example/back"
KEYS = Secrets("1000", "very-secret")

pytestmark = pytest.mark.django_db


def a_shop(code: str = "shopee-moc-lan", **more: object) -> None:
    commands.create_channel(
        actor=SYSTEM, code=code, name="Mộc Lan", kind="shopee", shop_id="226581234", now=NOON, **more
    )


def test_the_web_shop_the_tills_and_the_telephone_are_there_from_the_start():
    assert {view.code for view in queries.list_channels(actor=SYSTEM)} >= {"web", "store", "phone"}
    web = queries.get_channel(actor=SYSTEM, code="web")
    assert (web.is_remote, web.state, web.letters) == (False, "connected", "WB")


def test_a_new_account_waits_for_its_keys_then_for_consent():
    a_shop()
    assert queries.get_channel(actor=SYSTEM, code="shopee-moc-lan").state == "new"

    commands.connect(actor=SYSTEM, code="shopee-moc-lan", secrets=KEYS, now=NOON)
    assert queries.get_channel(actor=SYSTEM, code="shopee-moc-lan").state == "new"

    tokens = Tokens("at", "rt", NOON + timedelta(hours=4))
    view = commands.adopt_tokens(actor=SYSTEM, code="shopee-moc-lan", tokens=tokens, now=NOON)
    assert (view.state, view.is_authorised, view.letters) == ("connected", True, "SP")


def test_secrets_are_sealed_and_the_trail_does_not_tell_them():
    a_shop()
    commands.connect(actor=SYSTEM, code="shopee-moc-lan", secrets=KEYS, now=NOON)
    row = Channel.objects.get(code="shopee-moc-lan")
    assert "very-secret" not in row.sealed_secrets
    assert vault.unseal(row.sealed_secrets) == KEYS
    assert "very-secret" not in repr(KEYS)
    with connection.cursor() as cursor:
        cursor.execute("select after::text from foundation_auditentry where table_name = 'channels_channel'")
        trail = " ".join(entry[0] for entry in cursor.fetchall())
    assert row.sealed_secrets not in trail
    assert "•••" in trail


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"code": "Shop ee"}, ChannelInvalid),
        ({"kind": "ebay"}, KindUnknown),
        ({"currency": "đồng"}, ChannelInvalid),
        ({"shop_id": " "}, ChannelInvalid),
        ({"api_url": "ftp://x"}, ChannelInvalid),
        ({"limits": {"default": {"per_second": 0, "burst": 1}}}, ChannelInvalid),
    ],
)
def test_a_wrong_field_is_named(wrong, error):
    given = {"code": "s1", "name": "S", "kind": "shopee", "shop_id": "1", **wrong}
    with pytest.raises(error):
        commands.create_channel(actor=SYSTEM, now=NOON, **given)
    assert not Channel.objects.filter(code="s1").exists()


def test_a_code_is_given_once():
    a_shop()
    with pytest.raises(ChannelTaken):
        a_shop()


def test_who_may_not_may_not():
    with pytest.raises(MayNot):
        commands.create_channel(actor=NOBODY, code="s1", name="S", kind="shopee", shop_id="1", now=NOON)
    with pytest.raises(MayNot):
        queries.list_channels(actor=NOBODY)
    with pytest.raises(ChannelNotFound):
        queries.get_channel(actor=SYSTEM, code="nowhere")


def test_the_consent_link_carries_a_state_that_is_good_once():
    a_shop()
    commands.connect(actor=SYSTEM, code="shopee-moc-lan", secrets=KEYS, now=NOON)
    url = commands.begin_authorisation(actor=SYSTEM, code="shopee-moc-lan", redirect_url=BACK, now=NOON)
    from urllib.parse import parse_qs, urlsplit

    redirect = parse_qs(urlsplit(url).query)["redirect"][0]
    state = parse_qs(urlsplit(redirect).query)["state"][0]
    assert use_state(actor=SYSTEM, state=state, now=NOON) == ("shopee-moc-lan", BACK)
    with pytest.raises(StateInvalid):
        use_state(actor=SYSTEM, state=state, now=NOON)
    with pytest.raises(StateInvalid):
        use_state(actor=SYSTEM, state=state[:-2] + "xx", now=NOON)


def test_a_paused_channel_says_so_and_goes_on():
    a_shop()
    assert commands.pause_channel(actor=SYSTEM, code="shopee-moc-lan").state == "paused"
    assert commands.resume_channel(actor=SYSTEM, code="shopee-moc-lan").state == "new"
