"""A worker process that shows it is alive."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone


class Worker(models.Model):
    """A worker process that shows it is alive. What it has loaded is what the next generation is spoken by."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField("process id")
    engine = models.CharField(max_length=16, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-seen_at"]

    def __str__(self) -> str:
        return f"{self.host} {self.pid}"

    def beat(self) -> None:
        """Says "alive"; a row that an operator deleted comes back."""
        self.seen_at = timezone.now()
        self.save()

    @classmethod
    def alive(cls) -> models.QuerySet["Worker"]:
        return cls.objects.filter(seen_at__gte=timezone.now() - timedelta(seconds=settings.LEASE_SECONDS))
