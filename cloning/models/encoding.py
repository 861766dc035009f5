"""The joined file of a generation in another format."""

import uuid

from django.db import models
from django.utils import timezone

from cloning.formats import AUDIO_FORMAT_CHOICES
from cloning.models.generation import Generation


def encoding_file(encoding: "Encoding", _filename: str) -> str:
    return f"generated/{encoding.generation_id}-{encoding.pk}.{encoding.audio_format}"


class Encoding(models.Model):
    """Made when somebody first asks for the format. Once another file is joined, only the next encoding uses it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="encodings")
    audio_format = models.CharField("format", max_length=4, choices=AUDIO_FORMAT_CHOICES)
    source = models.CharField(max_length=100, help_text="The joined file that it was made of.")
    audio = models.FileField(upload_to=encoding_file)
    audio_sha256 = models.CharField(max_length=64, blank=True, default="", editable=False)
    layout = models.JSONField(
        null=True, editable=False, help_text="`audio.Layout`, where the next encoding can keep some of it."
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["audio_sha256"], name="encodings_by_content")]
        constraints = [
            models.UniqueConstraint(fields=["generation", "audio_format"], name="one_encoding_a_format")
        ]

    def __str__(self) -> str:
        return f"{self.generation_id} as {self.get_audio_format_display()}"
