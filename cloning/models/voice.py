"""A named set of references."""

import uuid
from typing import Any

from django.db import models
from django.utils import timezone

from cloning.models.reference import Reference, ReferencingQuerySet


class VoiceQuerySet(ReferencingQuerySet["Voice"]):
    pass


class Voice(models.Model):
    """A named set of references. Several clips of one speaker make a steadier voice than one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80)
    references = models.ManyToManyField(Reference, related_name="voices")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = VoiceQuerySet.as_manager()

    class Meta:
        ordering = ["name", "created_at"]

    def __str__(self) -> str:
        return self.name

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Locked before Django looks for the generations that name it: none is added between that and the end."""
        return Voice.objects.filter(pk=self.pk).delete()
