"""Who speaks in a dialogue."""

import uuid

from django.db import models

from cloning.models.generation import Generation
from cloning.models.reference import Reference, ReferencingQuerySet
from cloning.models.voice import Voice

MAX_SPEAKER_CHARS = 40


class Speaker(models.Model):
    """A name of a dialogue and its voice: a saved one, whose references it keeps, or the engine's own.

    Its references are the generation's, too, which has those of all its speakers, and hold as long as that.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="cast")
    index = models.PositiveSmallIntegerField(help_text="In the order of the text.")
    name = models.CharField(max_length=MAX_SPEAKER_CHARS)
    voice = models.ForeignKey(Voice, null=True, blank=True, on_delete=models.SET_NULL, related_name="roles")
    stock_voice = models.CharField(
        max_length=64, blank=True, help_text="The key of a voice of the engine's own."
    )
    references = models.ManyToManyField(Reference, related_name="speakers")

    objects = ReferencingQuerySet["Speaker"].as_manager()

    class Meta:
        ordering = ["generation", "index"]
        indexes = [models.Index(fields=["stock_voice"])]
        constraints = [models.UniqueConstraint(fields=["generation", "index"], name="one_speaker_an_index")]

    def __str__(self) -> str:
        return self.name
