"""What has been played back: so that nothing is booked twice, and what was stopped goes on where it stood."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from mekong.foundation.ids import new_id


class RunState(models.TextChoices):
    ASKED = "asked"
    RUNNING = "running"
    STOPPED = "stopped"
    FINISHED = "finished"
    FAILED = "failed"


class Run(models.Model):
    """One playing of a file. `speed`: times as fast as it happened, 0 as fast as it goes. `by_worker`: a worker plays
    it, and takes it up again after a restart; otherwise the command that made it does."""

    id = models.UUIDField(primary_key=True, default=new_id)
    file = models.CharField(max_length=1000)
    ways = models.JSONField(default=list)
    speed = models.FloatField(default=0)
    by_worker = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.ASKED)
    is_stop_asked = models.BooleanField(default=False)
    progress = models.JSONField(default=dict)
    error = models.JSONField(default=dict)
    actor = models.CharField(max_length=80)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["-started_at"], name="replay_run_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.file} {self.state}"


class StepState(models.TextChoices):
    PLANNED = "planned"
    SENT = "sent"
    BOOKED = "booked"
    REFUSED = "refused"


class PlayedStep(models.Model):
    """One step of a plan: a sale, a cancellation or an adjustment of one invoice.

    `planned`: its goods were received. `sent`: bought on the platform, or about to be; `external_id` is the platform's
    once it answered. `digest`: of what the file said, so that another file's invoice of the same number is seen.
    `parts`: of a cancellation, the sales whose goods are back.
    """

    key = models.CharField(max_length=80, primary_key=True)
    digest = models.CharField(max_length=32)
    way = models.CharField(max_length=40, blank=True, default="")
    state = models.CharField(max_length=8, choices=StepState.choices, default=StepState.PLANNED)
    external_id = models.CharField(max_length=80, blank=True, default="")
    reason = models.CharField(max_length=500, blank=True, default="")
    parts = models.JSONField(default=list)
    sent_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.key
