"""Tables of gift cards: batches, cards with their balance, their ledger, holds, and wrong codes by the minute.

A card's code is kept twice and never in the open: `code_hash` finds it (HMAC-SHA256 under a key that is itself sealed),
`sealed_code` prints it (sealed with the installation's keys, which no database holds). A stolen database gives no codes.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from mekong.foundation.ids import new_id


class CodeKey(models.Model):
    """The key under which codes are hashed: one row, made with the first code and kept for ever, sealed."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    sealed = models.TextField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(id=1), name="code_key_is_one")
        ]

    def __str__(self) -> str:
        return "code key"


class CardBatch(models.Model):
    """Cards issued together. `taken_at`: their codes were taken out as a file, which can be done once."""

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    name = models.CharField(max_length=120)
    value_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    count = models.PositiveIntegerField()
    expires_at = models.DateTimeField(null=True)
    issued_by = models.CharField(max_length=80)
    issued_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    taken_by = models.CharField(max_length=80, blank=True, default="")
    forgotten_at = models.DateTimeField(null=True, help_text="Since then no code of it can be printed here.")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(value_minor__gt=0) & Q(count__gt=0), name="card_batch_has_value"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["-issued_at", "-id"], name="card_batch_latest")]

    def __str__(self) -> str:
        return self.name


class CardState(models.TextChoices):
    INACTIVE = "inactive"
    ACTIVE = "active"
    USED_UP = "used_up"
    BLOCKED = "blocked"
    EXPIRED = "expired"


class GiftCard(models.Model):
    """A card and its balance. What may be spent is `balance_minor` less `held_minor`.

    `sealed_code` "": the code was handed out and is forgotten here. `expires_at`: the first moment at which it no longer
    buys anything; None for a card without end.
    """

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    batch = models.ForeignKey(CardBatch, on_delete=models.PROTECT, related_name="cards")
    code_hash = models.CharField(max_length=64, unique=True)
    sealed_code = models.TextField(blank=True, default="")
    last4 = models.CharField(max_length=4)
    currency = models.CharField(max_length=3)
    value_minor = models.BigIntegerField()
    balance_minor = models.BigIntegerField()
    held_minor = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=CardState.choices, default=CardState.INACTIVE)
    expires_at = models.DateTimeField(null=True)
    buyer = models.CharField(max_length=200, blank=True, default="")
    recipient = models.CharField(max_length=200, blank=True, default="")
    blocked_for = models.CharField(max_length=200, blank=True, default="")
    issued_at = models.DateTimeField()
    activated_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(held_minor__gte=0) & Q(held_minor__lte=F("balance_minor")), name="card_never_below_zero"
            ),
            models.CheckConstraint(condition=Q(state__in=CardState.values), name="card_state_known"),
            models.CheckConstraint(condition=~Q(state="used_up") | Q(balance_minor=0), name="card_used_up_is_empty"),
            models.CheckConstraint(
                condition=~Q(state__in=("active", "used_up")) | Q(activated_at__isnull=False), name="card_active_since"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["last4", "-id"], name="card_by_last4"),
            models.Index(fields=["state", "-id"], name="card_by_state"),
            models.Index(fields=["batch", "id"], name="card_by_batch"),
            models.Index(fields=["expires_at"], condition=Q(state__in=("inactive", "active")), name="card_ending"),
        ]

    def __str__(self) -> str:
        return f"…{self.last4}"


class EntryKind(models.TextChoices):
    ISSUE = "issue"
    ACTIVATE = "activate"
    TOP_UP = "top_up"
    HOLD = "hold"
    RELEASE = "release"
    USE = "use"
    GIVE_BACK = "give_back"
    EXPIRE = "expire"
    EXTEND = "extend"
    BLOCK = "block"
    UNBLOCK = "unblock"


class CardEntry(models.Model):
    """One line of a card's ledger, never changed: what it did to the balance and to what is held, and where they stood."""

    card = models.ForeignKey(GiftCard, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=10, choices=EntryKind.choices)
    balance_change = models.BigIntegerField(default=0)
    held_change = models.BigIntegerField(default=0)
    balance_after = models.BigIntegerField()
    held_after = models.BigIntegerField()
    reference = models.CharField(max_length=80, blank=True, default="")
    note = models.CharField(max_length=200, blank=True, default="")
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["card", "kind", "reference"],
                condition=Q(kind__in=("top_up", "give_back")),
                name="card_entry_once_by_reference",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["card", "-id"], name="card_entry_latest")]

    def __str__(self) -> str:
        return self.kind


class CardHoldState(models.TextChoices):
    HELD = "held"
    CLAIMED = "claimed"
    RELEASED = "released"


class CardHold(models.Model):
    """An amount of a card promised to a basket (`reference`) until `expires_at`, then used by an order or given free.

    `used_minor`: what the order took of it; `given_back_minor`: what of that came back by refunds.
    """

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    card = models.ForeignKey(GiftCard, on_delete=models.PROTECT, related_name="holds")
    reference = models.CharField(max_length=80)
    amount_minor = models.BigIntegerField()
    asked_minor = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=CardHoldState.choices, default=CardHoldState.HELD)
    expires_at = models.DateTimeField()
    used_minor = models.BigIntegerField(default=0)
    used_by = models.CharField(max_length=80, blank=True, default="")
    given_back_minor = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["card", "reference"], condition=~Q(state="released"), name="card_hold_once_by_reference"
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0)
                & Q(used_minor__lte=F("amount_minor"))
                & Q(given_back_minor__gte=0)
                & Q(given_back_minor__lte=F("used_minor")),
                name="card_hold_adds_up",
            ),
            models.CheckConstraint(condition=Q(state__in=CardHoldState.values), name="card_hold_state_known"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["expires_at"], condition=Q(state="held"), name="card_hold_due"),
            models.Index(fields=["card", "state"], name="card_hold_of_card"),
            models.Index(fields=["used_by"], condition=Q(state="claimed"), name="card_hold_by_order"),
        ]

    def __str__(self) -> str:
        return self.reference


class CodeTry(models.Model):
    """How often a caller gave a code that nobody has, in one minute."""

    who = models.CharField(max_length=200)
    minute = models.DateTimeField()
    failures = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["who", "minute"], name="code_try_once_a_minute")
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["minute"], name="code_try_by_minute")]

    def __str__(self) -> str:
        return self.who
