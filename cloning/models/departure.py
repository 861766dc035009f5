"""Accounts that are being deleted."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class Departure(models.Model):
    """Nobody signs in to the account any more. It goes after the last that belongs to it, and this with it."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="departure")
    asked_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.user}, since {self.asked_at:%Y-%m-%d %H:%M}"
