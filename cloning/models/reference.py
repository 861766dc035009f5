"""An uploaded clip or a part of one, and what the rows have in common that use some.

Names of stored files, here and of all other rows, are used once: who deletes a file late, after a pause of any length,
can't take one that was stored meanwhile.
"""

import uuid
from collections.abc import Collection
from typing import Any, Self, cast

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from cloning.models.ownership import OWNER, OwnedQuerySet, Row, owner_field


def reference_file(reference: "Reference", _filename: str) -> str:
    return f"incoming/{reference.pk}{reference.suffix}"


def normalized_file(reference: "Reference", _filename: str) -> str:
    return f"normalized/{reference.pk}-{uuid.uuid4().hex}.wav"


class ReferenceQuerySet(OwnedQuerySet["Reference"]):
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
    """An uploaded clip, known by its SHA-256, or a part of one: of an owner the same part twice is one row.

    The rows of the parts of a clip have one file, whoever owns them; it goes with the last. What is derived, each
    row has alone.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = owner_field()
    sha256 = models.CharField("SHA-256", max_length=64, db_index=True, editable=False)
    start_seconds = models.FloatField(
        null=True, blank=True, editable=False, help_text="Of the part that is used; none is all of the clip."
    )
    end_seconds = models.FloatField(null=True, blank=True, editable=False)
    original_name = models.CharField(
        max_length=255, blank=True, help_text="What the uploader called it; never used as a path."
    )
    file = models.FileField(upload_to=reference_file, editable=False)
    normalized = models.FileField(upload_to=normalized_file, blank=True, editable=False)
    suffix = models.CharField(max_length=8, blank=True, editable=False)
    format_name = models.CharField("container", max_length=64, editable=False)
    duration_seconds = models.FloatField(editable=False)
    size_bytes = models.PositiveBigIntegerField(editable=False)
    report = models.JSONField(
        null=True,
        blank=True,
        editable=False,
        help_text="What was measured of it; empty where nothing can be.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                "sha256", OWNER, condition=models.Q(start_seconds=None), name="one_whole_clip_an_owner"
            ),
            models.UniqueConstraint(
                "sha256", "start_seconds", "end_seconds", OWNER, name="one_row_a_part_an_owner"
            ),
            models.CheckConstraint(
                condition=models.Q(start_seconds=None, end_seconds=None)
                | models.Q(
                    start_seconds__isnull=False,
                    end_seconds__isnull=False,
                    start_seconds__lt=models.F("end_seconds"),
                ),
                name="part_has_two_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.original_name or self.sha256[:12]} ({self.duration_seconds:.1f} s)"

    @property
    def ends(self) -> tuple[float, float] | None:
        """Of the part that is used, in seconds; None for all of the clip."""
        if self.start_seconds is None or self.end_seconds is None:
            return None
        return self.start_seconds, self.end_seconds

    def make_part(self, ends: tuple[float, float] | None) -> "Reference":
        """An unsaved row of another part of the same clip."""
        start_seconds, end_seconds = ends or (None, None)
        return Reference(
            owner=self.owner,
            sha256=self.sha256,
            start_seconds=start_seconds,
            end_seconds=end_seconds,
            original_name=self.original_name,
            file=self.file.name,
            suffix=self.suffix,
            format_name=self.format_name,
            duration_seconds=self.duration_seconds,
            size_bytes=self.size_bytes,
            created_at=self.created_at,  # it stands where the other did
        )

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
