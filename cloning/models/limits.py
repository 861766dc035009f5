"""What limits are counted with, and what roles have instead of the settings'."""

from django.contrib.auth.models import Group
from django.db import models

from cloning.models.generation import Generation
from cloning.quantities import Quantity

MAX_SUBJECT_CHARS = 64


def limit_field(words: str) -> "models.PositiveBigIntegerField[int | None, int | None]":
    return models.PositiveBigIntegerField(
        words, null=True, blank=True, help_text="Empty: as LIMITS_USER has it. 0: no limit."
    )


class RoleLimits(models.Model):
    """Of each user of a group, in place of LIMITS_USER. Of several groups the most generous counts."""

    group = models.OneToOneField(Group, on_delete=models.CASCADE, related_name="limits")
    requests = limit_field("requests a minute")
    characters = limit_field("characters a day")
    speech_seconds = limit_field("seconds of speech a day")
    waiting = limit_field("generations waiting")
    stored_mb = limit_field("MB stored")
    listeners = limit_field("listeners")

    class Meta:
        verbose_name = verbose_name_plural = "limits of a group"

    def __str__(self) -> str:
        return f"Limits of {self.group}"


class Usage(models.Model):
    """How much somebody has used in a minute or a day. Counted by guarded UPDATEs, swept when it is over."""

    subject = models.CharField(max_length=MAX_SUBJECT_CHARS)
    quantity = models.CharField(max_length=16, choices=[(each.value, each.value) for each in Quantity])
    window_start = models.DateTimeField(db_index=True)
    used = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "quantity", "window_start"], name="one_usage_a_window")
        ]

    def __str__(self) -> str:
        return f"{self.subject}: {self.used} {self.quantity} since {self.window_start}"


class Charge(models.Model):
    """Whose limits a generation counts for while it waits or is spoken. There is none where nothing is limited."""

    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="charges")
    subject = models.CharField(max_length=MAX_SUBJECT_CHARS, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["generation", "subject"], name="one_charge_a_subject")]

    def __str__(self) -> str:
        return f"{self.generation_id} for {self.subject}"


class ListeningPlace(models.Model):
    """A place of those that a limit allows, for one who listens. Free again when its lease has run out."""

    subject = models.CharField(max_length=MAX_SUBJECT_CHARS)
    number = models.PositiveIntegerField(help_text="From 0, below the limit.")
    hold = models.UUIDField(
        db_index=True, help_text="Of one listener, in all the limits that they count for."
    )
    lease_expires_at = models.DateTimeField(db_index=True, help_text="By the clock of the database.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject", "number"], name="one_listener_a_place")]

    def __str__(self) -> str:
        return f"{self.subject}: {self.number + 1}"


class Tried(models.Model):
    """How often something was tried: when a key will be as one never seen (the generic cell rate algorithm)."""

    key = models.CharField(max_length=64, primary_key=True, help_text="A hash: whose it is can't be read.")
    due_at = models.DateTimeField(db_index=True, help_text="By the clock of the database.")

    class Meta:
        verbose_name_plural = "tried"

    def __str__(self) -> str:
        return f"{self.key[:8]}, until {self.due_at}"
