"""Who is a member, whose points they share, and what became of them."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from mekong.foundation.ids import new_id
from mekong.loyalty.models.programme import Tier


class AccountKind(models.TextChoices):
    PERSONAL = "personal"
    FAMILY = "family"
    COMPANY = "company"


class Account(models.Model):
    """Points belong to an account; the members in it spend the same points.

    `balance`: points in its lots, those set aside (`held`) too. `owed`: points that were taken back after they had been
    spent; what comes in next pays them first, so the balance is never negative.
    """

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    kind = models.CharField(max_length=8, choices=AccountKind.choices, default=AccountKind.PERSONAL)
    name = models.CharField(max_length=120, blank=True, default="")
    owner = models.ForeignKey("loyalty.Member", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    balance = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    owed = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(kind__in=AccountKind.values), name="points_account_kind_known"),
            models.CheckConstraint(
                condition=Q(balance__gte=0) & Q(held__gte=0) & Q(held__lte=F("balance")) & Q(owed__gte=0),
                name="points_account_never_negative",
            ),
        ]

    def __str__(self) -> str:
        return self.name or str(self.uid)


class MemberStatus(models.TextChoices):
    ACTIVE = "active"
    MERGED = "merged"
    CLOSED = "closed"


class Member(models.Model):
    """One person. A phone is one person's, also of a merged membership: who asks by it is led to the one that goes on.

    `name_key`: the folded name, for search. `card_token`: whoever has it may look at the card, nothing else.
    """

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    number = models.CharField(max_length=30, unique=True)
    status = models.CharField(max_length=6, choices=MemberStatus.choices, default=MemberStatus.ACTIVE)
    phone = models.CharField(max_length=20, blank=True, default="", help_text="E.164; empty when closed.")
    name = models.CharField(max_length=120, blank=True, default="")
    name_key = models.CharField(max_length=240, blank=True, default="")
    email = models.CharField(max_length=254, blank=True, default="")
    birth_day = models.PositiveSmallIntegerField(null=True, blank=True)
    birth_month = models.PositiveSmallIntegerField(null=True, blank=True)
    birth_year = models.PositiveSmallIntegerField(null=True, blank=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="members")
    monthly_limit = models.BigIntegerField(null=True, blank=True, help_text="Points of a shared account, a month.")
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    tier_since = models.DateTimeField(null=True, blank=True)
    tier_until = models.DateTimeField(null=True, blank=True)
    groups = ArrayField(
        models.CharField(max_length=40), default=list, blank=True, help_text="Codes of customer groups, sorted."
    )
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    card_token = models.CharField(max_length=43, unique=True)
    joined_channel = models.CharField(max_length=40)
    joined_by = models.CharField(max_length=80)
    joined_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["phone"], condition=~Q(status="closed"), name="member_once_per_phone"),
            models.CheckConstraint(condition=Q(status__in=MemberStatus.values), name="member_status_known"),
            models.CheckConstraint(condition=Q(status="closed") | ~Q(phone=""), name="member_has_a_phone"),
            models.CheckConstraint(
                condition=Q(status="merged", merged_into__isnull=False)
                | (~Q(status="merged") & Q(merged_into__isnull=True)),
                name="member_merged_into_someone",
            ),
            models.CheckConstraint(
                condition=Q(birth_day__isnull=True, birth_month__isnull=True, birth_year__isnull=True)
                | Q(birth_day__range=(1, 31), birth_month__range=(1, 12)),
                name="member_birthday_is_a_day",
            ),
            models.CheckConstraint(
                condition=Q(monthly_limit__isnull=True) | Q(monthly_limit__gte=0), name="member_limit_not_negative"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tier_until"], condition=Q(status="active"), name="member_tier_due"),
        ]

    def __str__(self) -> str:
        return self.number


class Consent(models.Model):
    """What somebody agreed to, and took back: append-only evidence. `place`: the till, page or thread it was said in."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="consents")
    purpose = models.CharField(max_length=40)
    is_given = models.BooleanField()
    channel = models.CharField(max_length=40)
    place = models.CharField(max_length=120, blank=True, default="")
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.purpose


class TierChange(models.Model):
    """Why a member has the tier they have: append-only. `figure`: what they were judged by."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="tier_changes")
    before = models.CharField(max_length=30, blank=True, default="")
    after = models.CharField(max_length=30, blank=True, default="")
    reason = models.CharField(max_length=10)
    figure = models.BigIntegerField()
    until = models.DateTimeField(null=True)
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"


class Merge(models.Model):
    """Two memberships that were one person's. `moved`: everything that went along, so that it can be undone."""

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    survivor = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    merged = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    source = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    moved = models.JSONField()
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()
    undone_by = models.CharField(max_length=80, blank=True, default="")
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(survivor=F("merged")), name="member_merge_of_two"),
            models.UniqueConstraint(fields=["merged"], condition=Q(undone_at__isnull=True), name="member_merged_once"),
        ]

    def __str__(self) -> str:
        return str(self.uid)


class JoinRate(models.Model):
    """Tries to join by oneself in one hour, by phone and by address."""

    who = models.CharField(max_length=120)
    hour = models.DateTimeField()
    tries = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["who", "hour"], name="join_rate_once_an_hour")
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["hour"], name="join_rate_by_hour")]

    def __str__(self) -> str:
        return self.who
