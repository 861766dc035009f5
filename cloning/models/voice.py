"""A named set of references."""

import hashlib
import uuid
from collections.abc import Iterable

from django.db import models
from django.utils import timezone

from cloning.models.reference import Reference


class Voice(models.Model):
    """A named set of references. Several clips of one speaker make a steadier voice than one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80)
    references = models.ManyToManyField(Reference, related_name="voices")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name", "created_at"]

    def __str__(self) -> str:
        return self.name


def conditioning_folder(references: Iterable[Reference]) -> str:
    """Where the conditioning of a set of references is stored, whatever their order: a file per engine."""
    return (
        "conditioning/" + hashlib.sha256("".join(sorted(r.sha256 for r in references)).encode()).hexdigest()
    )
