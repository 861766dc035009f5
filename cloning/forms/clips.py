"""Uploaded clips: how many, how large, and what is in them."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from cloning import audio
from cloning.coach.measures import Part
from cloning.errors import ErrorCode
from cloning.jobs.clips import MAX_REFERENCES, ReferenceUpload
from cloning.models import Reference
from cloning.storage.uploads import TemporaryUpload

if TYPE_CHECKING:
    from cloning.models.ownership import AnyUser

MIN_REFERENCE_SECONDS = 1.0
MAX_RECORDING_MB = 10

SUFFIXES = {
    "wav": ".wav",
    "mp3": ".mp3",
    "flac": ".flac",
    "ogg": ".ogg",
    "aiff": ".aiff",
    "amr": ".amr",
    "aac": ".aac",
}


def probe_upload(upload: TemporaryUpload, sha256: str, user: "AnyUser | None") -> ReferenceUpload:
    """What the upload holds: decoded, unless the same person's clip was before. Raises GenerationError.

    That somebody else has sent it is not to be told by the time that this takes.
    """
    known = Reference.objects.owned_by(user).filter(sha256=sha256).first()
    if known and known.duration_seconds <= settings.MAX_REFERENCE_SECONDS:
        return ReferenceUpload(upload, sha256, known.suffix, known.format_name, known.duration_seconds)
    return probe_clip(upload, sha256)


def probe_clip(upload: TemporaryUpload, sha256: str) -> ReferenceUpload:
    """What the upload holds: decoded. Raises GenerationError."""
    clip = audio.probe(
        upload.path, min_seconds=MIN_REFERENCE_SECONDS, max_seconds=settings.MAX_REFERENCE_SECONDS
    )
    suffix = SUFFIXES.get(clip.format_name, ".bin")
    return ReferenceUpload(upload, sha256, suffix, clip.format_name, clip.duration_seconds)


def probe_distinct(
    uploads: list[TemporaryUpload],
    user: "AnyUser | None",
    find_part: Callable[[int, float], Part | None] = lambda *_: None,
) -> list[ReferenceUpload]:
    """Each clip once, however often it was sent. `find_part` is told its place and its seconds."""
    distinct: dict[str, ReferenceUpload] = {}
    for index, upload in enumerate(uploads):
        sha256 = compute_sha256(upload)
        if sha256 not in distinct:
            found = probe_upload(upload, sha256, user)
            distinct[sha256] = replace(found, part=find_part(index, found.duration_seconds))
    return list(distinct.values())


def compute_sha256(upload: TemporaryUpload) -> str:
    with upload.path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class MultipleFileInput(forms.FileInput):
    allow_multiple_selected = True


class ReferencesField(forms.FileField):
    """One to `MAX_REFERENCES` files of an allowed size; what is in them the form looks at last."""

    widget = MultipleFileInput

    def clean(self, data: Any, initial: Any = None) -> list[TemporaryUpload]:
        uploads: list[TemporaryUpload] = data or []
        if len(uploads) > MAX_REFERENCES:
            raise ValidationError(
                _("%(count)d clips were sent; at most %(most)d are allowed.")
                % {"count": len(uploads), "most": MAX_REFERENCES},
                code=ErrorCode.REFERENCE_TOO_MANY,
            )
        for upload in uploads:
            check_size(upload.size or 0)
        return uploads


class RecordingField(forms.FileField):
    """A recorded statement, of an allowed size; what is in it the form looks at last."""

    def clean(self, data: Any, initial: Any = None) -> TemporaryUpload | None:
        upload: TemporaryUpload | None = data
        if upload is not None:
            check_size(upload.size or 0, min(MAX_RECORDING_MB, settings.MAX_REFERENCE_MB))
        return upload


def check_size(size_bytes: int, max_mb: int | None = None) -> None:
    """`max_mb` is `MAX_REFERENCE_MB` where it is left out. Raises ValidationError."""
    max_mb = max_mb or settings.MAX_REFERENCE_MB
    if size_bytes > max_mb * 1024**2:
        raise ValidationError(
            _("The file has %(size)s MB; at most %(most)d MB are allowed.")
            % {"size": number_format(size_bytes / 1024**2, 1), "most": max_mb},
            code=ErrorCode.REFERENCE_TOO_LARGE,
        )
    if not size_bytes:
        raise ValidationError(_("The file is empty."), code=ErrorCode.REFERENCE_UNREADABLE)


def describe_widget(field: forms.Field) -> None:
    """Of references: what a browser offers, and what it reads out."""
    described = "id_reference_helptext id_reference_error"
    field.widget.attrs.update({"accept": "audio/*,video/*", "aria-describedby": described})
