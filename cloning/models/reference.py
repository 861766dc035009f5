"""An uploaded clip, and what the rows have in common that use some.

Names of stored files, here and of all other rows, are used once: who deletes a file late, after a pause of any length,
can't take one that was stored meanwhile.
"""

import uuid
from collections.abc import Collection
from typing import Any, Self, TypeVar, cast

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

Row = TypeVar("Row", bound=models.Model, covariant=True)


def reference_file(reference: "Reference", _filename: str) -> str:
    return f"incoming/{reference.pk}{reference.suffix}"


def normalized_file(reference: "Reference", _filename: str) -> str:
    return f"normalized/{reference.pk}-{uuid.uuid4().hex}.wav"


class ReferenceQuerySet(models.QuerySet["Reference"]):
    def lock(self) -> list["Reference"]:
        """Read for update, always in the same order, so that no two transactions wait for each other.

        Held by whatever links a reference to something and by whatever deletes it because nothing does.
        """
        return list(self.order_by("pk").select_for_update(of=("self",)))

    def unused(self) -> "ReferenceQuerySet":
        """What no generation and no voice uses."""
        links = (Reference.generations.through, Reference.voices.through)
        return self.filter(*(~Exists(link.objects.filter(reference=OuterRef("pk"))) for link in links))


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

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.original_name or self.sha256[:12]} ({self.duration_seconds:.1f} s)"

    def keep_normalized(self, file: "File[bytes]") -> None:
        """Stores the normalised clip; this file is dropped when another worker was first or the reference is gone."""
        name = default_storage.save(normalized_file(self, ""), file)
        known = self.normalized.name or ""
        if not Reference.objects.filter(pk=self.pk, normalized=known).update(normalized=name):
            default_storage.delete(name)


class ReferencingQuerySet(models.QuerySet[Row]):
    """Of rows with `references`."""

    @property
    def _links(self) -> models.QuerySet[Any]:
        links: models.QuerySet[Any] = cast(Any, self.model).references.through.objects.all()
        return links

    @property
    def _own_key(self) -> str:
        return self.model._meta.model_name or ""

    def having_exactly(self, reference_ids: Collection[uuid.UUID]) -> Self:
        """Those that use these references and no other."""
        others = self._links.exclude(reference__in=reference_ids)
        found = self.filter(~Exists(others.filter(**{self._own_key: OuterRef("pk")})))
        for reference_id in reference_ids:
            found = found.filter(pk__in=self._links.filter(reference=reference_id).values(self._own_key))
        return found

    def delete(self) -> tuple[int, dict[str, int]]:
        """With all locks taken beforehand and in order, where row by row would be the order of the rows."""
        with transaction.atomic():
            rows = self.model._default_manager.filter(pk__in=self.values("pk")).order_by("pk")
            ids = [row.pk for row in rows.select_for_update(of=("self",)).only("pk")]
            links = self._links.filter(**{f"{self._own_key}__in": ids})
            Reference.objects.filter(pk__in=links.values("reference")).lock()
            return super().delete()
