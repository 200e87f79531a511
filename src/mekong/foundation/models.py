"""Tables of the ground floor: people and their rights, tokens, events on their way, document numbers, audit."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone

from mekong.foundation.ids import new_id


class PersonManager(BaseUserManager["Person"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Person:
        person = self.model(email=self.normalize_email(email).lower(), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> Person:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class Person(AbstractBaseUser, PermissionsMixin):
    """Someone who works here and signs in. What they may do comes from their role assignments."""

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    phone = models.CharField(max_length=20, blank=True)
    language = models.CharField(max_length=5, default="vi")
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    must_change_password = models.BooleanField(default=False, help_text="Signed in with a one-time password.")
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[PersonManager] = PersonManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name or self.email


class RoleAssignment(models.Model):
    """A role of a person, at every location (`location_ids` empty) or at some. Ids of `inventory.Location`."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(max_length=30)
    location_ids = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["person", "role"], name="role_once_per_person")
        ]


class ApiToken(models.Model):
    """A bearer token. Only its SHA-256 is kept; the text is shown once, when it is made."""

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    name = models.CharField(max_length=120)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=12, help_text="First letters, to recognise it in a list.")
    scopes = models.JSONField(default=list, help_text='Permissions, or ["all"].')
    location_ids = models.JSONField(default=list)
    created_by = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    is_personal = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Acts for the person who made it: never more, nor elsewhere, than they may.",
    )


class SecondFactor(models.Model):
    """What a person proves beside the password: codes of an app, and recovery codes.

    `totp_last_step`: the time step of the last code taken; it and those before it are refused.
    """

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="second_factor")
    totp_secret = models.CharField(max_length=255, blank=True, help_text="Sealed.")
    totp_confirmed_at = models.DateTimeField(null=True, blank=True)
    totp_last_step = models.BigIntegerField(default=0)
    recovery_salt = models.CharField(max_length=32, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)
    failed_at = models.DateTimeField(null=True, blank=True)


class RecoveryCode(models.Model):
    """A code that opens once, for a lost phone. Only its scrypt digest is kept."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["person", "digest"], name="recovery_code_once")
        ]


class Passkey(models.Model):
    """A WebAuthn credential. `credential`: the attested credential data, public key included, as the device sent it."""

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="passkeys")
    name = models.CharField(max_length=60)
    credential_id = models.BinaryField(unique=True)
    credential = models.BinaryField()
    sign_count = models.BigIntegerField(default=0)
    transports = models.JSONField(default=list)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)


class BrowserSession(models.Model):
    """A browser where somebody is signed in; its uid lies in Django's session. `ended_for` says why it ended."""

    uid = models.UUIDField(primary_key=True, default=new_id)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="sessions")
    way = models.CharField(max_length=20, help_text="password, totp, recovery, passkey, demo")
    address = models.CharField(max_length=45, blank=True)
    agent = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(help_text="When the person last proved who they are.")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_for = models.CharField(max_length=20, blank=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["person", "-last_seen_at"], name="sessions_of_person")
        ]


class ActiveDay(models.Model):
    """A day, in the company's time zone, on which a person used Mekong."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="active_days")
    day = models.DateField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["person", "day"], name="active_day_once")
        ]


class SeatPeriod(models.Model):
    """A time in which a person could sign in: an active account with a role. Written by triggers (migration 0002)."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="seats")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    opened_by = models.CharField(max_length=80, blank=True)
    closed_by = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["person"], condition=models.Q(until=None), name="seat_once_per_person")
        ]


class SecurityPolicy(models.Model):
    """The company's one row (id 1) of rules for sessions and second factors; without it the defaults hold."""

    idle_minutes = models.PositiveIntegerField()
    absolute_hours = models.PositiveIntegerField()
    confirm_minutes = models.PositiveIntegerField()
    grace_days = models.PositiveIntegerField()
    second_factor = models.JSONField(default=dict, help_text="By role: off, recommended or required.")
    required_since = models.JSONField(default=dict, help_text="By role: when it became required.")
    break_glass = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")


class AccessRule(models.Model):
    """From where and when a role opens. Empty networks: from anywhere; no hours: at any time."""

    role = models.CharField(max_length=30, unique=True)
    networks = models.JSONField(default=list)
    days = models.JSONField(default=list, help_text="0 Monday to 6 Sunday; empty: every day.")
    opens_minute = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Of the day, in the company's time zone."
    )
    closes_minute = models.PositiveSmallIntegerField(null=True, blank=True)


class OutboxEvent(models.Model):
    """A published fact. Kept for history and replay; the payload never changes."""

    id = models.UUIDField(primary_key=True, default=new_id)
    name = models.CharField(max_length=100)
    version = models.PositiveSmallIntegerField(default=1)
    key = models.CharField(max_length=100)
    payload = models.JSONField()
    actor = models.CharField(max_length=80)
    occurred_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["key", "occurred_at"], name="outbox_by_key")]


class Delivery(models.Model):
    """An event a subscriber has not heard yet. Deleted when it has."""

    event = models.ForeignKey(OutboxEvent, on_delete=models.CASCADE, related_name="+")
    subscriber = models.CharField(max_length=100)
    key = models.CharField(max_length=100)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField()
    error = models.TextField(blank=True, default="")

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["subscriber", "next_at"], name="delivery_due"),
            models.Index(fields=["subscriber", "key", "id"], name="delivery_by_key"),
        ]


class DocumentCounter(models.Model):
    """The next number of a document series, e.g. DH of 22/11/2026. Numbers are given in blocks and never reused."""

    series = models.CharField(max_length=20, primary_key=True)
    next = models.BigIntegerField(default=1)


class IdempotencyRecord(models.Model):
    """The answer already given to a write that carried this Idempotency-Key."""

    actor = models.CharField(max_length=80)
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, path and body.")
    status = models.PositiveSmallIntegerField(null=True)
    body = models.BinaryField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["actor", "key"], name="idempotency_key_once_per_actor")
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["created_at"], name="idempotency_by_age")]


class AuditEntry(models.Model):
    """One change of one audited row, written by a trigger. Nothing may change or remove an entry."""

    table = models.CharField(max_length=63, db_column="table_name")
    row_id = models.CharField(max_length=64)
    action = models.CharField(max_length=10, help_text="insert, update, delete, read, sign_in…")
    actor = models.CharField(max_length=80, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["table", "row_id", "at"], name="audit_by_row"),
            models.Index(fields=["at"], name="audit_by_time"),
        ]


class Company(models.Model):
    """Who runs this installation: one row, as its documents name it. `setup_left_at`: the first steps were put aside."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    name = models.CharField(max_length=160, blank=True, default="")
    tax_code = models.CharField(max_length=14, blank=True, default="")
    phone = models.CharField(max_length=20, blank=True, default="", help_text="E.164.")
    email = models.EmailField(blank=True, default="")
    address = models.CharField(max_length=300, blank=True, default="")
    setup_left_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(id=1), name="company_is_one")
        ]
