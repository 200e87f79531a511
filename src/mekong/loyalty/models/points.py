"""Points: lots with their ends, the ledger, what is set aside, and the documents they came from and went to."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from mekong.foundation.ids import new_id
from mekong.loyalty.models.members import Account, Member


class Lot(models.Model):
    """Points that came in together and end together. `left`: not spent and not ended, `held` of them set aside.

    `lapsed`: ended unspent; a return of what earned them does not ask for these again. `expires_at` null: never.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="lots")
    points = models.BigIntegerField()
    left = models.BigIntegerField()
    held = models.BigIntegerField(default=0)
    lapsed = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField(null=True)
    earned_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(points__gte=1) & Q(left__gte=0) & Q(left__lte=F("points")), name="lot_never_negative"
            ),
            models.CheckConstraint(condition=Q(held__gte=0) & Q(held__lte=F("left")), name="lot_holds_what_it_has"),
            models.CheckConstraint(condition=Q(lapsed__gte=0), name="lot_lapsed_not_negative"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["account", "expires_at"], condition=Q(left__gt=0), name="lot_to_spend"),
            models.Index(fields=["expires_at"], condition=Q(left__gt=0), name="lot_due"),
        ]

    def __str__(self) -> str:
        return f"{self.left} of {self.points}"


class EntryKind(models.TextChoices):
    EARN = "earn"
    BURN = "burn"
    EXPIRE = "expire"
    TAKE_BACK = "take_back"
    GIVE_BACK = "give_back"
    REPAY = "repay"
    ADJUST = "adjust"
    TRANSFER = "transfer"
    MERGE = "merge"
    UNDO_MERGE = "undo_merge"


class Entry(models.Model):
    """A line of the ledger of one account; append-only. `points` and `owed` change the account's; what they then are
    stands beside them."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    kind = models.CharField(max_length=10, choices=EntryKind.choices)
    points = models.BigIntegerField()
    owed = models.BigIntegerField(default=0)
    balance_after = models.BigIntegerField()
    owed_after = models.BigIntegerField()
    channel = models.CharField(max_length=40, blank=True, default="")
    reference = models.CharField(max_length=120, blank=True, default="")
    note = models.CharField(max_length=200, blank=True, default="")
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(kind__in=EntryKind.values), name="points_entry_kind_known"),
            models.CheckConstraint(
                condition=Q(balance_after__gte=0) & Q(owed_after__gte=0), name="points_entry_never_negative"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["account", "-id"], name="points_entry_of_account")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.points:+}"


class EntryLot(models.Model):
    """Which lots an entry changed, and by how much; append-only."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="lots")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="+")
    points = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.points:+}"


class Earning(models.Model):
    """What one document (an order, a receipt) earned; its money counts for the member's tier."""

    reference = models.CharField(max_length=120, unique=True)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, null=True, related_name="+")
    channel = models.CharField(max_length=40)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    points = models.BigIntegerField()
    returned_minor = models.BigIntegerField(default=0)
    taken_back = models.BigIntegerField(default=0)
    facts = models.JSONField(default=dict, help_text="The rule and multipliers it was reckoned by.")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(returned_minor__gte=0) & Q(returned_minor__lte=F("amount_minor")),
                name="earning_returns_what_was_bought",
            ),
            models.CheckConstraint(
                condition=Q(taken_back__gte=0) & Q(taken_back__lte=F("points")), name="earning_takes_what_was_earned"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["member", "at"], name="earning_of_member")]

    def __str__(self) -> str:
        return self.reference


class TakeBack(models.Model):
    """One return of what earned points. `part`: the return's own reference."""

    earning = models.ForeignKey(Earning, on_delete=models.PROTECT, related_name="+")
    part = models.CharField(max_length=120)
    part_minor = models.BigIntegerField()
    points = models.BigIntegerField()
    owed = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["earning", "part"], name="points_taken_back_once")
        ]

    def __str__(self) -> str:
        return self.part


class HoldState(models.TextChoices):
    HELD = "held"
    CLAIMED = "claimed"
    RELEASED = "released"


class Hold(models.Model):
    """Points set aside to pay with, until `expires_at`, or spent by the document that claimed them."""

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+", db_index=False)
    reference = models.CharField(max_length=120, unique=True)
    channel = models.CharField(max_length=40)
    points = models.BigIntegerField()
    value_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=8, choices=HoldState.choices, default=HoldState.HELD)
    claimed_by = models.CharField(max_length=120, null=True)  # noqa: DJ001 - NULLs may repeat, "" may not
    given_back = models.BigIntegerField(default=0)
    given_back_minor = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["claimed_by"], name="points_claimed_once"),
            models.CheckConstraint(condition=Q(points__gte=1), name="points_hold_holds_something"),
            models.CheckConstraint(
                condition=Q(given_back__gte=0)
                & Q(given_back__lte=F("points"))
                & Q(given_back_minor__gte=0)
                & Q(given_back_minor__lte=F("value_minor")),
                name="points_given_back_what_was_spent",
            ),
            models.CheckConstraint(condition=Q(state__in=HoldState.values), name="points_hold_state_known"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["account", "expires_at"], condition=Q(state="held"), name="points_hold_open"),
            models.Index(fields=["expires_at"], condition=Q(state="held"), name="points_hold_due"),
            models.Index(fields=["member", "created_at"], name="points_hold_of_member"),
        ]

    def __str__(self) -> str:
        return self.reference


class HoldLine(models.Model):
    """Points of one lot in a hold; `given_back` of them have returned."""

    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, related_name="lines")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="+")
    points = models.BigIntegerField()
    given_back = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(points__gte=1) & Q(given_back__gte=0) & Q(given_back__lte=F("points")),
                name="points_hold_line_sane",
            ),
        ]

    def __str__(self) -> str:
        return str(self.points)


class GiveBack(models.Model):
    """One return of what points had paid. `part`: the return's own reference."""

    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, related_name="+")
    part = models.CharField(max_length=120)
    part_minor = models.BigIntegerField()
    points = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["hold", "part"], name="points_given_back_once")
        ]

    def __str__(self) -> str:
        return self.part
