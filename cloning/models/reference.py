"""An uploaded clip."""

import uuid

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import models
from django.utils import timezone


def reference_file(reference: "Reference", _filename: str) -> str:
    return f"incoming/{reference.sha256}{reference.suffix}"


def normalized_file(reference: "Reference", _filename: str) -> str:
    return f"normalized/{reference.sha256}.wav"


class Reference(models.Model):
    """An uploaded clip, known by the SHA-256 of its bytes: the same clip twice is one row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sha256 = models.CharField("SHA-256", max_length=64, unique=True, editable=False)
    original_name = models.CharField(
        max_length=255, blank=True, help_text="What the uploader called it; never used as a path."
    )
    file = models.FileField(upload_to=reference_file, editable=False)
    normalized = models.FileField(upload_to=normalized_file, blank=True, editable=False)
    suffix = models.CharField(max_length=8, blank=True, editable=False)
    format_name = models.CharField("container", max_length=64, editable=False)
    duration_seconds = models.FloatField(editable=False)
    size_bytes = models.PositiveBigIntegerField(editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.original_name or self.sha256[:12]} ({self.duration_seconds:.1f} s)"

    def keep_normalized(self, file: File) -> None:
        """Stores the normalised clip; this file is dropped when another worker was first or the reference is gone."""
        name = default_storage.save(normalized_file(self, ""), file)
        known = self.normalized.name or ""
        if not Reference.objects.filter(pk=self.pk, normalized=known).update(normalized=name):
            default_storage.delete(name)

    def is_used(self) -> bool:
        return self.generations.exists() or self.voices.exists()
