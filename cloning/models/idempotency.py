"""Requests that may be sent twice and are to be done once."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class IdempotencyKey(models.Model):
    """That a caller sent with a request. While it is worked on it is claimed; then it has what came of it."""

    digest = models.CharField(
        max_length=64,
        primary_key=True,
        help_text="SHA-256 of caller and key, which may say something of them.",
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of what was asked.")
    claim_token = models.UUIDField()
    claimed_until = models.DateTimeField(help_text="After that whoever claimed it is taken for dead.")
    result_id = models.CharField(max_length=36, blank=True, help_text="Of the row that was made.")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"{self.digest[:8]}…: {self.result_id or 'in work'}"
