"""Passkeys (WebAuthn Level 2) by the fido2 library: registering, and proving oneself with one."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from mekong.foundation import audit
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.errors import Invalid, NotFound, PasskeyRefused, PasskeyTaken
from mekong.foundation.models import Passkey, Person
from mekong.foundation.security import factors
from mekong.foundation.security.contracts import PasskeyView

MOST = 20
"""Passkeys of one person."""


@dataclass(frozen=True)
class Site:
    """Where the browser believes it is. `origin`: scheme, host and port; the id of the relying party is the host alone."""

    origin: str

    @property
    def host(self) -> str:
        rest = self.origin.partition("://")[2]
        return rest if rest.endswith("]") else rest.rpartition(":")[0] or rest

    @property
    def can(self) -> bool:
        """Whether browsers offer passkeys there: by name, and over https unless it is this very machine."""
        host = self.host
        try:
            ipaddress.ip_address(host.strip("[]"))
        except ValueError:
            return self.origin.startswith("https://") or host == "localhost" or host.endswith(".localhost")
        return False


def _server(site: Site) -> Fido2Server:
    entity = PublicKeyCredentialRpEntity(id=site.host, name=factors.ISSUER)
    return Fido2Server(entity, verify_origin=lambda origin: origin == site.origin)


def _descriptors(person: Person) -> list[PublicKeyCredentialDescriptor]:
    keys = Passkey.objects.filter(person=person).order_by("pk")
    return [
        PublicKeyCredentialDescriptor(
            type=PublicKeyCredentialType.PUBLIC_KEY, id=bytes(key.credential_id), transports=key.transports or None
        )
        for key in keys
    ]


def begin_registration(*, person: Person, site: Site) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the browser is asked to make, and what to remember until it answers."""
    user = PublicKeyCredentialUserEntity(id=person.uid.bytes, name=person.email, display_name=person.name)
    options, state = _server(site).register_begin(
        user,
        _descriptors(person),
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return dict(options), dict(state)


@command
def register(
    *,
    actor: Actor,
    person: Person,
    site: Site,
    state: Mapping[str, Any],
    answer: Mapping[str, Any],
    name: str,
    now: datetime,
) -> PasskeyView:
    """Keep the passkey that the browser has made.

    Raises: NotFound, Invalid, PasskeyRefused, PasskeyTaken.
    """
    if actor.ref != f"person:{person.pk}":
        raise NotFound(kind="Person", key=str(person.uid))
    name = _name(name)
    factors.locked(person)
    if Passkey.objects.filter(person=person).count() >= MOST:
        raise Invalid(field="name", problem="{most} passkeys are the most. Remove one first.", most=MOST)
    try:
        made = _server(site).register_complete(dict(state), RegistrationResponse.from_dict(dict(answer)))
        data = made.credential_data
    except (ValueError, TypeError, KeyError, AssertionError) as wrong:
        raise PasskeyRefused(field="passkey", reason=str(wrong)[:120]) from wrong
    if data is None:
        raise PasskeyRefused(field="passkey", reason="no credential")
    transports = [
        str(each)[:20] for each in (answer.get("response") or {}).get("transports", ()) if isinstance(each, str)
    ]
    try:
        with transaction.atomic():
            key = Passkey.objects.create(
                person=person, name=name, credential_id=data.credential_id, credential=bytes(data),
                sign_count=made.counter, transports=transports[:8], created_at=now,
            )  # fmt: skip
    except IntegrityError as taken:
        raise PasskeyTaken from taken
    return PasskeyView(key.uid, key.name, key.created_at, None)


def _name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > 60 or "\x00" in name:
        raise Invalid(field="name", problem="1 to {most} characters are needed.", most=60)
    return name


@command
def rename(*, actor: Actor, person: Person, key_id: UUID, name: str) -> None:
    """Raises: NotFound, Invalid."""
    key = _own_key(actor, person, key_id)
    key.name = _name(name)
    key.save(update_fields=["name"])


@command
def remove(*, actor: Actor, person: Person, key_id: UUID) -> None:
    """Raises: NotFound, SecondFactorStays: it is the last factor, and the role needs one."""
    factors.locked(person)
    key = _own_key(actor, person, key_id)
    factors.require_another(person, without=str(key_id))
    key.delete()
    factors.drop_codes_if_last(person)


def _own_key(actor: Actor, person: Person, key_id: UUID) -> Passkey:
    key = Passkey.objects.filter(person=person, uid=key_id).first()
    if key is None or actor.ref != f"person:{person.pk}":
        raise NotFound(kind="Passkey", key=str(key_id))
    return key


def begin_proof(*, site: Site, person: Person | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the browser is asked to sign, and what to remember until it answers.

    For a person: one of their passkeys, as a second step. Without: any that the device holds for us, and the device has
    to know its owner, by PIN or finger, because no password was given.
    """
    verify = UserVerificationRequirement.PREFERRED if person else UserVerificationRequirement.REQUIRED
    options, state = _server(site).authenticate_begin(
        _descriptors(person) if person else None, user_verification=verify
    )
    return dict(options), dict(state)


@command
def prove(
    *, actor: Actor, site: Site, state: Mapping[str, Any], answer: Mapping[str, Any], person: Person | None = None,
    now: datetime,
) -> Person | None:  # fmt: skip
    """Whose passkey signed; None when the signature counter says that the passkey was copied, which is booked.

    Args:
        person: whom it must belong to; None: whoever it belongs to.

    Raises: PasskeyRefused.
    """
    try:
        given = AuthenticationResponse.from_dict(dict(answer))
        key = Passkey.objects.select_for_update().select_related("person").filter(credential_id=given.raw_id).first()
        if key is None or (person is not None and key.person_id != person.pk):
            raise ValueError("unknown passkey")
        if (handle := given.response.user_handle) is not None and handle != key.person.uid.bytes:
            raise ValueError("another person's passkey")
        _server(site).authenticate_complete(dict(state), [AttestedCredentialData(bytes(key.credential))], given)
    except (ValueError, TypeError, KeyError, AssertionError) as wrong:
        raise PasskeyRefused(field="passkey", reason=str(wrong)[:120]) from wrong
    if not key.person.is_active:
        raise PasskeyRefused(field="passkey", reason="account closed")
    count = given.response.authenticator_data.counter
    # Level 2, §6.1.1: a counter that does not grow means two devices share one key.
    if (count or key.sign_count) and count <= key.sign_count:
        facts = {"counter": count, "last": key.sign_count}
        audit.record(actor, action="refused", table="foundation_passkey", row_id=key.uid, now=now, facts=facts)
        return None
    key.sign_count, key.last_used_at = count, now
    key.save(update_fields=["sign_count", "last_used_at"])
    return key.person


def read(body: bytes) -> dict[str, Any]:
    """What a browser's script sent. Raises: PasskeyRefused."""
    try:
        value = json.loads(body)
    except ValueError as wrong:
        raise PasskeyRefused(field="passkey", reason="not JSON") from wrong
    if not isinstance(value, dict):
        raise PasskeyRefused(field="passkey", reason="not an object")
    return value
