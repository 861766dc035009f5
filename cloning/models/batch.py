"""Many texts that were handed in together. Each is a generation, which points here."""

import uuid

from django.db import models
from django.utils import timezone

from cloning.models.api_key import ApiKey
from cloning.models.ownership import OwnedQuerySet, owner_field

MAX_BATCH_NAME_CHARS = 80


class Batch(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = owner_field()
    name = models.CharField(max_length=MAX_BATCH_NAME_CHARS, blank=True)
    total = models.PositiveIntegerField(help_text="Rows that were handed in.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    completed_at = models.DateTimeField(null=True, blank=True, editable=False)
    key = models.ForeignKey(
        ApiKey,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        help_text="It was handed in with.",
    )
    address = models.CharField(
        max_length=45,
        blank=True,
        editable=False,
        help_text="Whose limits count; forgotten when it is completed.",
    )

    objects = OwnedQuerySet["Batch"].as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "batches"
        indexes = [
            models.Index(
                fields=["created_at"], condition=models.Q(completed_at__isnull=True), name="batches_in_work"
            ),
            models.Index(fields=["owner", "-created_at"], name="batches_of_an_owner"),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.total} texts of {self.created_at:%Y-%m-%d %H:%M}"
