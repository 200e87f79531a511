"""Tables of the voucher game: games with their sealed seeds, prizes, players and every play.

All counts of a game change under the lock of its row; the constraints below stand behind that lock.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from mekong.foundation.ids import new_id


class GameKind(models.TextChoices):
    SPIN = "spin"
    SCRATCH = "scratch"
    CHECK_IN = "check_in"


class GameState(models.TextChoices):
    DRAFT = "draft"
    RUNNING = "running"
    ENDED = "ended"


class Game(models.Model):
    """`commitment`: the hash of the seed, public from the start on. `seed`: the seed itself, from the end on.

    `plays`: how many there were, and so the number of the last one. `slug`: its address for players.
    """

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=GameKind.choices)
    state = models.CharField(max_length=10, choices=GameState.choices, default=GameState.DRAFT)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    members_only = models.BooleanField(default=False)
    per_day = models.PositiveSmallIntegerField(default=1)
    currency = models.CharField(max_length=3, default="VND")
    budget_minor = models.BigIntegerField(null=True)
    spent_minor = models.BigIntegerField(default=0)
    plays = models.BigIntegerField(default=0)
    sealed_seed = models.TextField(blank=True, default="")
    commitment = models.CharField(max_length=64, blank=True, default="")
    table_digest = models.CharField(max_length=64, blank=True, default="")
    seed = models.CharField(max_length=64, blank=True, default="")
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="game_ends_after_it_starts"),
            models.CheckConstraint(condition=Q(kind__in=GameKind.values), name="game_kind_known"),
            models.CheckConstraint(
                condition=Q(spent_minor__gte=0) & (Q(budget_minor=None) | Q(spent_minor__lte=F("budget_minor"))),
                name="game_within_budget",
            ),
            models.CheckConstraint(condition=Q(state="draft") | ~Q(commitment=""), name="game_commits_before_it_runs"),
            models.CheckConstraint(condition=Q(state="ended") | Q(seed=""), name="game_seed_secret_until_its_end"),
            models.CheckConstraint(condition=~Q(kind="check_in") | Q(per_day=1), name="game_check_in_once_a_day"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["state", "ends_at"], name="game_by_state")]

    def __str__(self) -> str:
        return self.name


class PrizeKind(models.TextChoices):
    VOUCHER = "voucher"
    POINTS = "points"
    NONE = "none"


class Prize(models.Model):
    """`cost_minor`: what one of it takes from the game's budget. `day`: of a check-in's streak; 0 for other games."""

    game = models.ForeignKey(Game, on_delete=models.CASCADE, related_name="prizes")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=10, choices=PrizeKind.choices)
    weight = models.PositiveIntegerField()
    stock = models.PositiveIntegerField(null=True)
    daily_cap = models.PositiveIntegerField(null=True)
    promotion_code = models.CharField(max_length=60, blank=True, default="")
    points = models.PositiveIntegerField(default=0)
    cost_minor = models.BigIntegerField(default=0)
    colour = models.CharField(max_length=7, default="#2f6f5e")
    day = models.PositiveSmallIntegerField(default=0)
    given = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["game", "position"], name="prize_place_once"),
            models.CheckConstraint(condition=Q(stock=None) | Q(given__lte=F("stock")), name="prize_within_stock"),
            models.CheckConstraint(condition=Q(weight__gt=0) & Q(cost_minor__gte=0), name="prize_has_weight"),
            models.CheckConstraint(condition=Q(kind__in=PrizeKind.values), name="prize_kind_known"),
        ]

    def __str__(self) -> str:
        return self.name


class PrizeDay(models.Model):
    """How many of a prize were given on one day of Vietnam; `cap` as it was set."""

    prize = models.ForeignKey(Prize, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    given = models.PositiveIntegerField()
    cap = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["prize", "day"], name="prize_day_once"),
            models.CheckConstraint(condition=Q(given__lte=F("cap")), name="prize_within_day"),
        ]

    def __str__(self) -> str:
        return str(self.day)


class Player(models.Model):
    """Somebody in a game, by phone (E.164). Plays name the player, so that the phone can be blanked on request."""

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    game = models.ForeignKey(Game, on_delete=models.PROTECT, related_name="players")
    phone = models.CharField(max_length=40)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["game", "phone"], name="player_once_in_a_game")
        ]

    def __str__(self) -> str:
        return str(self.uid)


class PlayerDay(models.Model):
    """How often somebody played on one day of Vietnam; `cap` as the game says."""

    player = models.ForeignKey(Player, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    plays = models.PositiveIntegerField()
    cap = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["player", "day"], name="player_day_once"),
            models.CheckConstraint(condition=Q(plays__lte=F("cap")), name="player_within_day"),
        ]

    def __str__(self) -> str:
        return str(self.day)


class Play(models.Model):
    """One play, never changed. `drawn`: what the draw said; `given`: what the player got, None where it fell.

    `sealed_code`: the voucher's code, for whoever repeats the request.
    """

    uid = models.UUIDField(default=new_id, unique=True, editable=False)
    game = models.ForeignKey(Game, on_delete=models.PROTECT, related_name="+")
    number = models.BigIntegerField()
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="plays")
    request_id = models.CharField(max_length=64)
    client_seed = models.CharField(max_length=64)
    day = models.DateField()
    streak = models.PositiveIntegerField(default=0)
    drawn = models.ForeignKey(Prize, on_delete=models.PROTECT, null=True, related_name="+")
    given = models.ForeignKey(Prize, on_delete=models.PROTECT, null=True, related_name="+")
    fell_for = models.CharField(max_length=10, blank=True, default="")
    cost_minor = models.BigIntegerField(default=0)
    sealed_code = models.TextField(blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["game", "number"], name="play_number_once"),
            models.UniqueConstraint(fields=["player", "request_id"], name="play_once_by_request"),
            models.CheckConstraint(
                condition=Q(fell_for="", drawn__isnull=False, given__isnull=False, given=F("drawn"))
                | (~Q(fell_for="") & Q(given__isnull=True)),
                name="play_gives_what_it_drew",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["player", "-number"], name="play_of_player")]

    def __str__(self) -> str:
        return str(self.number)


class PlayRate(models.Model):
    """Calls of players in one minute, by phone and by address."""

    who = models.CharField(max_length=120)
    minute = models.DateTimeField()
    calls = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["who", "minute"], name="play_rate_once_a_minute")
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["minute"], name="play_rate_by_minute")]

    def __str__(self) -> str:
        return self.who
