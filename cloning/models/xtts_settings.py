"""What a program of xtts-api-server's dialect has set for what it speaks from then on."""

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from cloning.models.api_key import ApiKey

SETTINGS = (
    *("temperature", "speed", "length_penalty", "repetition_penalty", "top_p", "top_k"),
    *("enable_text_splitting", "stream_chunk_size"),
)
"""By their names there."""


def within(low: float, high: float) -> list[Any]:
    return [MinValueValidator(low), MaxValueValidator(high)]


class XttsSettings(models.Model):
    """Of one key, with which it goes; without accounts of one address. The ranges are those of that server."""

    api_key = models.OneToOneField(
        ApiKey, null=True, editable=False, on_delete=models.CASCADE, related_name="xtts_settings"
    )
    address = models.CharField(max_length=45, blank=True, editable=False)
    temperature = models.FloatField(default=0.75, validators=within(0.01, 1))
    speed = models.FloatField(default=1.0, validators=within(0.2, 2))
    length_penalty = models.FloatField(default=1.0, validators=within(0.5, 2))
    repetition_penalty = models.FloatField(default=5.0, validators=within(0.1, 10))
    top_p = models.FloatField(default=0.85, validators=within(0, 1))
    top_k = models.IntegerField(default=50, validators=within(0, 100))
    enable_text_splitting = models.BooleanField(default=True)
    stream_chunk_size = models.IntegerField(default=100, validators=within(20, 400))
    changed_at = models.DateTimeField(default=timezone.now, editable=False, db_index=True)

    class Meta:
        verbose_name = verbose_name_plural = "settings of xtts-api-server's dialect"
        constraints = [
            models.UniqueConstraint(
                "address", condition=models.Q(api_key=None), name="one_xtts_settings_an_address"
            )
        ]

    def __str__(self) -> str:
        return f"Settings of {self.api_key or self.address}"

    @property
    def values(self) -> dict[str, float | bool]:
        return {name: getattr(self, name) for name in SETTINGS}
