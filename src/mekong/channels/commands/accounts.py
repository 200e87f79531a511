"""Channels and their connection to a platform."""

from __future__ import annotations

import re
import secrets as random_secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.core import signing
from django.db import IntegrityError, transaction
from django.utils import timezone

from mekong.channels import hints, registry, vault
from mekong.channels.accounts import account_of
from mekong.channels.commands.incidents import note_act
from mekong.channels.contracts import ChannelView
from mekong.channels.errors import CannotDo, ChannelInvalid, ChannelNotFound, ChannelTaken, NotConnected, StateInvalid
from mekong.channels.events import ChannelConnected, ChannelNeedsReconnect
from mekong.channels.models import Authorisation, Channel, ChannelState
from mekong.channels.queries import channel_view
from mekong.channels.rules import LETTERS
from mekong.channels.socket import Authorises, Secrets, Tokens
from mekong.channels.transport import Unreachable
from mekong.foundation.actor import SYSTEM, Actor
from mekong.foundation.command import command
from mekong.foundation.events import emit

_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_URLS = ("api_url", "auth_url", "notice_url", "test_purchase_url")
_TAKEN_BY_PAGES = ("new", "health")
"""Words that stand in an address where a channel's code may stand."""
_SALT = "mekong.channels.authorisation"
_WALK = timedelta(minutes=30)
"""How long the walk to a platform's consent page may take."""
OWN = (("web", "Web shop", "web"), ("store", "Store tills", "store"), ("phone", "Telephone", "phone"))


def lock(code: str) -> Channel:
    """Raises: ChannelNotFound."""
    row = Channel.objects.select_for_update().filter(code=code.strip().lower()).first()
    if row is None:
        raise ChannelNotFound(key=code)
    return row


def moved(row: Channel, fields: list[str]) -> None:
    """Save what changed, and let workers take the channel up anew."""
    row.revision += 1
    row.save(update_fields=[*fields, "revision"])
    hints.send(hints.CHANNELS, row.code)


@command
def create_channel(
    *,
    actor: Actor,
    code: str,
    name: str,
    kind: str,
    now: datetime,
    shop_id: str = "",
    currency: str = "VND",
    api_url: str = "",
    auth_url: str = "",
    notice_url: str = "",
    test_purchase_url: str = "",
    price_sync: bool = False,
    limits: Mapping[str, Mapping[str, float]] | None = None,
    orders_from: datetime | None = None,
) -> ChannelView:
    """Add a place orders come from. `kind`: a connector's name, or web, store, phone, social.

    `orders_from`: orders that changed on the platform before this moment are not taken over (default: `now`), because
    their goods have left, or stand on the shelf, by the opening count already. An `api_url` names another host than
    the platform's own, and only then may it be plain http.

    Raises: MayNot, ChannelInvalid naming the field, KindUnknown, ChannelTaken.
    """
    actor.require("channels.manage")
    code = code.strip().lower()
    if not _CODE.fullmatch(code):
        raise ChannelInvalid(field="code", problem="Use small letters, digits and hyphens, at most 40.")
    if code in _TAKEN_BY_PAGES:
        raise ChannelTaken(code=code)
    if not name.strip():
        raise ChannelInvalid(field="name", problem="Give the channel a name.")
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise ChannelInvalid(field="currency", problem="Use a currency code of three capitals, such as VND.")
    letters = LETTERS.get(kind) or registry.plug(kind).manifest.letters
    is_remote = registry.is_remote(kind)
    if is_remote and not shop_id.strip():
        raise ChannelInvalid(field="shop_id", problem="Give the shop's number on the platform.")
    row = Channel(
        code=code, name=name.strip()[:120], kind=kind, letters=letters, shop_id=shop_id.strip(), currency=currency,
        state=ChannelState.NEW if is_remote else ChannelState.CONNECTED, price_sync=price_sync,
        limits=_limits(limits or {}), created_at=now, order_cursor=(orders_from or now) if is_remote else None,
    )  # fmt: skip
    urls = {"api_url": api_url, "auth_url": auth_url, "notice_url": notice_url, "test_purchase_url": test_purchase_url}
    _set_urls(row, urls)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as taken:
        raise ChannelTaken(code=code) from taken
    hints.send(hints.CHANNELS, code)
    return channel_view(row)


def _set_urls(row: Channel, urls: Mapping[str, str | None]) -> None:
    for field, value in urls.items():
        if value is None:
            continue
        url = value.strip()
        if url and not re.match(r"https?://[^\s]+$", url):
            raise ChannelInvalid(field=field, problem="Give a whole address that begins with https://.")
        setattr(row, field, url if field == "notice_url" else url.rstrip("/"))


def _limits(limits: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    checked: dict[str, dict[str, float]] = {}
    for lane, limit in limits.items():
        per_second, burst = limit.get("per_second", 0), limit.get("burst", 0)
        if not 0 < per_second <= 100_000 or not 1 <= burst <= 100_000:
            raise ChannelInvalid(field=f"limits.{lane}", problem="Give per_second above 0 and burst from 1.")
        checked[lane] = {"per_second": float(per_second), "burst": int(burst)}
    return checked


@command
def update_channel(*, actor: Actor, code: str, name: str | None = None, **urls: str | None) -> ChannelView:
    """Rename a channel or change its addresses (api_url, auth_url, notice_url, test_purchase_url)."""
    actor.require("channels.manage")
    row = lock(code)
    unknown = set(urls) - set(_URLS)
    if unknown:
        raise ChannelInvalid(field=min(unknown), problem="There is no such setting.")
    if name is not None and name.strip():
        row.name = name.strip()[:120]
    _set_urls(row, urls)
    moved(row, ["name", *_URLS])
    return channel_view(row)


@command
def connect(*, actor: Actor, code: str, secrets: Secrets, now: datetime) -> ChannelView:
    """Store an account's keys and, where there are some already, its tokens; the channel begins to work.

    Without tokens the merchant says yes first (`begin_authorisation`). Raises: MayNot, ChannelNotFound, ChannelInvalid.
    """
    actor.require("channels.manage")
    row = lock(code)
    plug = registry.plug(row.kind)
    if not secrets.app_key or not secrets.app_secret:
        raise ChannelInvalid(field="app_key", problem="Enter the app's key and secret from the developer console.")
    _seal(row, secrets)
    note_act(row, actor, "connect")
    row.problem = {}
    if secrets.access_token or secrets.refresh_token or "Authorises" not in plug.manifest.capabilities:
        row.state = ChannelState.CONNECTED
        emit(actor, ChannelConnected(row.code), key=f"channel:{row.code}", now=now)
    moved(row, ["sealed_secrets", "access_expires_at", "authorised_until", "problem", "state"])
    return channel_view(row)


def _seal(row: Channel, secrets: Secrets) -> None:
    row.sealed_secrets = vault.seal(secrets)
    row.access_expires_at, row.authorised_until = secrets.access_expires_at, authorised_until(secrets)


def authorised_until(secrets: Secrets) -> datetime | None:
    """When the merchant must say yes again: with the refresh token's end, or the access's where none renews it.

    None where the platform does not say.
    """
    return secrets.refresh_expires_at if secrets.refresh_token else secrets.access_expires_at


def begin_authorisation(*, actor: Actor, code: str, redirect_url: str, now: datetime) -> str:
    """The address at which the merchant says yes to this account. Its state is signed, good once and for half an hour.

    Raises: MayNot, ChannelNotFound, NotConnected (no app key yet), CannotDo.
    """
    return _begin(actor=actor, code=code, redirect_url=redirect_url, now=now)


@command
def _begin(*, actor: Actor, code: str, redirect_url: str, now: datetime) -> str:
    actor.require("channels.manage")
    row = lock(code)
    plug = registry.plug(row.kind)
    account = account_of(row)
    if not account.secrets.app_key:
        raise NotConnected(channel=row.code)
    connector = plug.factory(account, Unreachable())
    if not isinstance(connector, Authorises):
        raise CannotDo(channel=row.code, capability="Authorises")
    nonce = random_secrets.token_urlsafe(24)
    Authorisation.objects.filter(begun_at__lt=now - _WALK).delete()
    Authorisation.objects.create(nonce=nonce, channel=row, begun_by=actor.ref, redirect_url=redirect_url, begun_at=now)
    state = signing.dumps([row.code, nonce], salt=_SALT)
    return connector.authorisation_url(redirect_url=redirect_url, state=state, now=now)


@command
def use_state(*, actor: Actor, state: str, now: datetime, channel: str = "") -> tuple[str, str]:
    """The channel a redirect came back for, and the address it came to; its state is used up.

    `channel`: the only one it may be for, when given.

    Raises: MayNot, StateInvalid.
    """
    actor.require("channels.manage")
    try:
        code, nonce = signing.loads(state, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError) as forged:
        raise StateInvalid from forged
    if channel and code != channel.strip().lower():
        raise StateInvalid
    begun = Authorisation.objects.filter(
        nonce=nonce, channel__code=code, used_at=None, begun_at__gt=now - _WALK, begun_by=actor.ref
    )
    if not begun.update(used_at=now):
        raise StateInvalid
    return str(code), Authorisation.objects.get(nonce=nonce).redirect_url


@command
def adopt_tokens(*, actor: Actor, code: str, tokens: Tokens, now: datetime) -> ChannelView:
    """Keep the tokens the platform gave for an account; it works from now on."""
    actor.require("channels.manage")
    row = lock(code)
    secrets = with_tokens(vault.unseal(row.sealed_secrets), tokens)
    _seal(row, secrets)
    note_act(row, actor, "connect")
    row.shop_id = tokens.shop_id or row.shop_id
    row.state, row.problem = ChannelState.CONNECTED, {}
    emit(actor, ChannelConnected(row.code), key=f"channel:{row.code}", now=now)
    moved(row, ["sealed_secrets", "access_expires_at", "authorised_until", "shop_id", "problem", "state"])
    return channel_view(row)


def with_tokens(secrets: Secrets, tokens: Tokens) -> Secrets:
    return replace(
        secrets,
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        access_expires_at=tokens.access_expires_at,
        refresh_expires_at=tokens.refresh_expires_at,
    )


@command
def pause_channel(*, actor: Actor, code: str) -> ChannelView:
    """Stop synchronising a channel. Its orders and stock there stay as they are until it is resumed."""
    actor.require("channels.manage")
    row = lock(code)
    if row.is_active:
        note_act(row, actor, "pause", is_over=True)
    row.is_active = False
    moved(row, ["is_active"])
    return channel_view(row)


@command
def resume_channel(*, actor: Actor, code: str) -> ChannelView:
    """Go on with a paused channel: missed orders are pulled first, then every listing's figure is set right."""
    actor.require("channels.manage")
    row = lock(code)
    row.is_active = True
    moved(row, ["is_active"])
    return channel_view(row)


@command
def set_price_sync(*, actor: Actor, code: str, on: bool) -> ChannelView:
    """Let the catalogue's prices be pushed to this channel, or leave its prices alone."""
    actor.require("channels.manage")
    row = lock(code)
    row.price_sync = on
    moved(row, ["price_sync"])
    return channel_view(row)


@command
def set_give_up(*, actor: Actor, code: str, after_min: int | None) -> ChannelView:
    """How many minutes this channel's orders beyond stock wait for goods before they are cancelled; None: for ever."""
    actor.require("channels.manage")
    if after_min is not None and not 0 <= after_min <= _LONGEST_WAIT_MIN:
        raise ChannelInvalid(field="give_up_after_min", problem="Give minutes from 0 to 43200 (30 days), or nothing.")
    row = lock(code)
    row.give_up_after_min = after_min
    moved(row, ["give_up_after_min"])
    return channel_view(row)


_LONGEST_WAIT_MIN = 30 * 24 * 60


@command
def set_limits(*, actor: Actor, code: str, limits: Mapping[str, Mapping[str, float]]) -> ChannelView:
    """Use other rate limits than the connector's: lane to per_second and burst. An empty mapping returns to its own."""
    actor.require("channels.manage")
    row = lock(code)
    row.limits = _limits(limits)
    moved(row, ["limits"])
    return channel_view(row)


@command
def note_problem(*, actor: Actor, code: str, state: str, problem: Mapping[str, Any], now: datetime) -> None:
    """What a worker met on a channel: `state` connected with no problem, failing, or needs_reconnect."""
    row = Channel.objects.select_for_update().filter(code=code).first()
    if row is None or (row.state == state and row.problem.get("code") == problem.get("code")):
        return
    was, row.state = row.state, state
    row.problem = {**problem, "at": now.isoformat()} if problem else {}
    row.save(update_fields=["state", "problem"])
    if state == ChannelState.NEEDS_RECONNECT and was != state:
        said = problem.get("params", {})
        fact = ChannelNeedsReconnect(code, str(said.get("remote_code", "")), str(said.get("remote_message", "")))
        emit(actor, fact, key=f"channel:{code}", now=now)


@command
def ensure_own_channels(*, actor: Actor, now: datetime) -> None:  # noqa: ARG001 - named for the audit trail
    """The channels of our own are there: web shop, tills, telephone. Those that are there already stay as they are."""
    for code, name, kind in OWN:
        Channel.objects.get_or_create(
            code=code,
            defaults={
                "name": name, "kind": kind, "letters": LETTERS[kind], "state": ChannelState.CONNECTED,
                "created_at": now,
            },
        )  # fmt: skip


def furnish() -> None:
    ensure_own_channels(actor=SYSTEM, now=timezone.now())
