"""The second step of signing in: codes of an app (TOTP, RFC 6238) and recovery codes."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

import pyotp

from mekong.foundation import sealing
from mekong.foundation.actor import Actor
from mekong.foundation.command import command
from mekong.foundation.errors import Conflict, LockedOut, NotFound, SecondFactorStays, WrongCode
from mekong.foundation.models import Passkey, Person, RecoveryCode, RoleAssignment, SecondFactor
from mekong.foundation.security import sessions
from mekong.foundation.security.contracts import FactorsView, PasskeyView
from mekong.foundation.security.policy import get_policy

STEP_S = 30
DRIFT = 1
"""Steps before and after now whose codes are taken too: clocks of phones go wrong by half a minute."""
CODES = 10
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
"""Without those that look alike: ten of them carry 49 bits, hence the slow digest."""
MOST_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
ISSUER = "Mekong"
_LONGEST_PASSWORD = 1024


class NoAppToConfirm(Conflict):
    code = "staff.no_app_to_confirm"
    template = "There is no app waiting to be confirmed. Begin again and scan the new code."


def of(person: Person) -> FactorsView:
    """What a person has set up. Three statements."""
    row = SecondFactor.objects.filter(person=person).first()
    app_since = row.totp_confirmed_at if row else None
    keys = Passkey.objects.filter(person=person).order_by("pk")
    return FactorsView(
        app_since is not None,
        app_since,
        RecoveryCode.objects.filter(person=person, used_at=None).count(),
        tuple(PasskeyView(key.uid, key.name, key.created_at, key.last_used_at) for key in keys),
    )


def with_factors(people: list[Person]) -> set[int]:
    """The keys of those of these people who have a second factor. Two statements."""
    apps = SecondFactor.objects.filter(person__in=people, totp_confirmed_at__isnull=False)
    keys = Passkey.objects.filter(person__in=people)
    return set(apps.values_list("person_id", flat=True)) | set(keys.values_list("person_id", flat=True))


def _own(actor: Actor, person: Person) -> None:
    if actor.ref != f"person:{person.pk}":
        raise NotFound(kind="Person", key=str(person.uid))


def locked(person: Person) -> SecondFactor:
    """The person's row, locked: whoever else types a code waits."""
    SecondFactor.objects.get_or_create(person=person)
    return SecondFactor.objects.select_for_update().get(person=person)


# --- codes of an app --------------------------------------------------------------------------------------------------


@command
def begin_app(*, actor: Actor, person: Person) -> str:
    """A fresh secret for an app, which counts once a code of it was given; its otpauth:// address.

    An app that is set up already stays until then. Raises: NotFound.
    """
    _own(actor, person)
    row = locked(person)
    secret = pyotp.random_base32()
    if row.totp_confirmed_at is not None:
        raise Conflict
    row.totp_secret = sealing.seal(secret)
    row.save(update_fields=["totp_secret"])
    return address_of(secret, person)


def waiting_app(person: Person) -> str | None:
    """The otpauth:// address of the secret that waits for its first code."""
    row = SecondFactor.objects.filter(person=person, totp_confirmed_at=None).exclude(totp_secret="").first()
    secret = sealing.unseal(row.totp_secret) if row else ""
    return address_of(secret, person) if secret else None


def address_of(secret: str, person: Person) -> str:
    return pyotp.TOTP(secret).provisioning_uri(name=person.email, issuer_name=ISSUER)


@command
def confirm_app(*, actor: Actor, person: Person, code: str, now: datetime) -> bool:
    """Take the first code of the app: from now on sign-in asks for one. False: the code is wrong, nothing changed.

    Raises: NotFound, NoAppToConfirm, LockedOut.
    """
    _own(actor, person)
    row = locked(person)
    if not row.totp_secret or row.totp_confirmed_at is not None:
        raise NoAppToConfirm
    if not _take_step(row, code, now):
        return False
    row.totp_confirmed_at = now
    row.save(update_fields=["totp_confirmed_at"])
    return True


@command
def remove_app(*, actor: Actor, person: Person) -> None:
    """Do without the app. Safe to repeat. Raises: NotFound, SecondFactorStays: it is the last, and the role needs one."""
    _own(actor, person)
    row = locked(person)
    if row.totp_confirmed_at is not None:
        require_another(person, without="app")
    row.totp_secret, row.totp_confirmed_at, row.totp_last_step = "", None, 0
    row.save(update_fields=["totp_secret", "totp_confirmed_at", "totp_last_step"])
    drop_codes_if_last(person)


def require_another(person: Person, *, without: str) -> None:
    """Before a factor goes (`app`, or a passkey's uid). Raises: SecondFactorStays."""
    keys = Passkey.objects.filter(person=person)
    if without != "app":
        keys = keys.exclude(uid=without)
    has_app = without != "app" and SecondFactor.objects.filter(person=person, totp_confirmed_at__isnull=False).exists()
    if has_app or keys.exists():
        return
    roles = RoleAssignment.objects.filter(person=person).values_list("role", flat=True)
    if get_policy().level(roles) == "required":
        raise SecondFactorStays


def drop_codes_if_last(person: Person) -> None:
    """Recovery codes recover from the loss of a factor; without one they are only another password."""
    if not of(person).any:
        RecoveryCode.objects.filter(person=person).delete()


def _take_step(row: SecondFactor, code: str, now: datetime) -> bool:
    """Take a code: one of the steps around now, later than the last that was taken. Counts what is wrong."""
    _require_calm(row, now)
    secret = sealing.unseal(row.totp_secret)
    digits = "".join(code.split())
    here = int(now.timestamp()) // STEP_S
    found = None
    if secret and len(digits) == 6 and digits.isascii() and digits.isdecimal():
        app = pyotp.TOTP(secret)
        for step in range(here - DRIFT, here + DRIFT + 1):
            # Every step is looked at, so that the time it takes tells nothing.
            if hmac.compare_digest(app.generate_otp(step), digits) and step > row.totp_last_step:
                found = step
    if found is None:
        _count(row, now)
        return False
    row.totp_last_step, row.failures = found, 0
    row.save(update_fields=["totp_last_step", "failures"])
    return True


def _require_calm(row: SecondFactor, now: datetime) -> None:
    """Raises: LockedOut."""
    if row.failures >= MOST_FAILURES and row.failed_at is not None and now - row.failed_at < LOCKED_FOR:
        left = row.failed_at + LOCKED_FOR - now
        raise LockedOut(minutes=int(left.total_seconds() // 60) + 1)


def _count(row: SecondFactor, now: datetime) -> None:
    old = row.failed_at is None or now - row.failed_at >= LOCKED_FOR
    row.failures, row.failed_at = (1 if old else row.failures + 1), now
    row.save(update_fields=["failures", "failed_at"])


# --- recovery codes ---------------------------------------------------------------------------------------------------


@command
def make_codes(*, actor: Actor, person: Person, now: datetime) -> list[str]:
    """Ten fresh recovery codes, in place of those there were. They are shown here and nowhere else.

    Raises: NotFound, Conflict: there is no second factor to recover from.
    """
    _own(actor, person)
    row = locked(person)
    if not of(person).any:
        raise Conflict
    RecoveryCode.objects.filter(person=person).delete()
    row.recovery_salt = secrets.token_hex(16)
    row.save(update_fields=["recovery_salt"])
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(10)) for _ in range(CODES)]
    RecoveryCode.objects.bulk_create(
        [RecoveryCode(person=person, digest=_digest(code, row.recovery_salt), made_at=now) for code in codes]
    )
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def _digest(code: str, salt: str) -> str:
    """scrypt with one salt for the set, so that a code is found by one digest.

    A twentieth of a second each: 49 bits of chance behind it need no more.
    """
    return hashlib.scrypt(code.encode(), salt=bytes.fromhex(salt), n=2**14, r=8, p=1, dklen=32).hex()


def _take_recovery(row: SecondFactor, code: str, now: datetime) -> bool:
    _require_calm(row, now)
    bare = "".join(letter for letter in code.lower() if letter in _LETTERS)
    if len(bare) != 10 or not row.recovery_salt:
        _count(row, now)
        return False
    found = RecoveryCode.objects.filter(
        person_id=row.person_id, used_at=None, digest=_digest(bare, row.recovery_salt)
    ).first()
    if found is None:
        _count(row, now)
        return False
    found.used_at, row.failures = now, 0
    found.save(update_fields=["used_at"])
    row.save(update_fields=["failures"])
    return True


# --- at the door ------------------------------------------------------------------------------------------------------


@command
def take_code(*, actor: Actor, person: Person, code: str, now: datetime) -> str | None:
    """Take a code of the app, or a recovery code: `totp`, `recovery`, or None when it is neither. A code counts once.

    Wrong ones are counted; after five every code is refused for a quarter of an hour. Raises: LockedOut.
    """
    _own(actor, person)
    row = locked(person)
    if row.totp_confirmed_at is not None and len(digits := "".join(code.split())) == 6 and digits.isdecimal():
        return "totp" if _take_step(row, code, now) else None
    return "recovery" if _take_recovery(row, code, now) else None


@command
def password_is_right(*, actor: Actor, person: Person, password: str, now: datetime) -> bool:
    """Whether this is the person's password, for those without a second factor. Wrong ones are counted as codes are.

    Raises: NotFound, LockedOut.
    """
    _own(actor, person)
    row = locked(person)
    _require_calm(row, now)
    if len(password) > _LONGEST_PASSWORD or not person.check_password(password):
        _count(row, now)
        return False
    return True


@command
def reset(*, actor: Actor, person: Person, now: datetime) -> None:
    """Take every second factor from somebody who lost theirs; their open sessions end. Safe to repeat.

    Raises: MayNot, MayNotGrant.
    """
    from mekong.foundation.commands import require_over

    actor.require("staff.manage")
    require_over(actor, person)
    locked(person)
    Passkey.objects.filter(person=person).delete()
    RecoveryCode.objects.filter(person=person).delete()
    SecondFactor.objects.filter(person=person).delete()
    sessions.end_all(person.pk, why="ended", now=now)


def require_right(taken: str | None) -> str:
    """Raises: WrongCode."""
    if taken is None:
        raise WrongCode(field="code")
    return taken
