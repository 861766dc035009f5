"""What a name that programs ask for means to somebody."""

import uuid
from typing import Any

from django.db import models

from cloning.models.ownership import OWNER, OwnedQuerySet, owner_field
from cloning.models.voice import MAX_NAME_CHARS, Voice, fold_name


class VoiceAlias(models.Model):
    """Of one owner; without accounts of the server. It means a saved voice or a stock voice."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = owner_field()
    name = models.CharField(max_length=MAX_NAME_CHARS)
    name_key = models.TextField(editable=False)  # `fold_name` of the name
    voice = models.ForeignKey(Voice, null=True, blank=True, on_delete=models.CASCADE, related_name="aliases")
    stock_voice = models.CharField(max_length=64, blank=True)

    objects = OwnedQuerySet["VoiceAlias"].as_manager()

    class Meta:
        ordering = ["name_key"]
        verbose_name_plural = "voice aliases"
        constraints = [
            models.UniqueConstraint("name_key", OWNER, name="one_meaning_a_name_and_owner"),
            models.CheckConstraint(
                condition=models.Q(voice__isnull=False, stock_voice="")
                | (models.Q(voice=None) & ~models.Q(stock_voice="")),
                name="alias_means_one_voice",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} → {self.voice or self.stock_voice}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.name_key = fold_name(self.name)
        super().save(*args, **kwargs)
