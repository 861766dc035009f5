"""What an engine derived from a set of references, kept so that each voice is learnt once."""

import hashlib
import uuid
from collections.abc import Iterable

from django.db import models
from django.utils import timezone

from cloning.models.generation import Generation
from cloning.models.reference import Reference
from cloning.models.speaker import Speaker
from cloning.models.voice import Voice

STOCK = "stock:"


def conditioning_file(conditioning: "StoredConditioning", _filename: str) -> str:
    return f"conditioning/{conditioning.pk}.safetensors"


def identify_set(references: Iterable[Reference]) -> str:
    """The same for the same references in any order."""
    return hashlib.sha256(
        " ".join(sorted(str(reference.pk) for reference in references)).encode()
    ).hexdigest()


def identify_stock_voice(key: str) -> str:
    """In place of a set's, for what is known of a voice of the engine's own: no digest has a colon."""
    return f"{STOCK}{key}"


def is_set_used(references: Iterable[Reference]) -> bool:
    """Whether a generation, a voice or a speaker of a dialogue has just these references."""
    ids = [reference.pk for reference in references]
    users = (Generation.objects, Voice.objects, Speaker.objects)
    return any(rows.having_exactly(ids).exists() for rows in users)


class StoredConditioning(models.Model):
    """Of a set of references and an engine. It lives as long as a generation, a voice or a speaker has just these.

    Of a stock voice it has no file, only gains.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    references = models.ManyToManyField(Reference, related_name="conditionings")
    set_id = models.CharField(max_length=64)  # `identify_set` of the references
    engine_key = models.CharField(max_length=64)  # the engine's `conditioning_key`
    file = models.FileField(upload_to=conditioning_file, blank=True)
    speaker_embedding = models.BinaryField(
        null=True, help_text="Who speaks in the references, as float32: what takes are compared with."
    )
    learning_seconds = models.FloatField(null=True, blank=True, help_text="How long it took to derive.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["-created_at"])]
        constraints = [
            models.UniqueConstraint(fields=["set_id", "engine_key"], name="one_conditioning_a_set")
        ]

    def __str__(self) -> str:
        return f"{self.set_id[:12]} by {self.engine_key}"

    def is_used(self) -> bool:
        if self.set_id.startswith(STOCK):
            return True
        references = list(self.references.all())
        return identify_set(references) == self.set_id and is_set_used(references)  # else one of them is gone


class VoiceGain(models.Model):
    """What brings a voice to the usual loudness in one language: an engine may speak another one more loudly."""

    conditioning = models.ForeignKey(StoredConditioning, models.CASCADE)
    language = models.CharField(max_length=5)
    gain_db = models.FloatField()
    measured_seconds = models.FloatField(help_text="Of speech from which the gain is known.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conditioning", "language"], name="one_gain_a_language")
        ]

    def __str__(self) -> str:
        return f"{self.gain_db:+.1f} dB in {self.language}"
