"""Which part of a clip is to be used: a start and an end in seconds."""

import math
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from cloning.audio.probing import LENGTH_TOLERANCE_SECONDS, explain_too_long
from cloning.coach import ClipReport, Part, check_clip
from cloning.coach.measures import MIN_PART_SECONDS
from cloning.errors import ErrorCode, GenerationError
from cloning.forms.askers import WithUser
from cloning.forms.clips import ReferencesField, probe_distinct
from cloning.forms.messages import in_page_language
from cloning.jobs.clips import ReferenceUpload
from cloning.storage.uploads import TemporaryUpload

END_TOLERANCE_SECONDS = 0.1  # what people type is rounded
DECIMALS = 2

Ends = tuple[float | None, float | None]
"""Start and end as asked for; None is that of the clip."""


class NumbersField(forms.Field):
    """A number for each clip, in the order of the clips; an empty one is None."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: Any) -> list[float | None]:
        texts = [value] if isinstance(value, str) else value or []
        return [self.read(str(text)) for text in texts]

    def read(self, text: str) -> float | None:
        if not text.strip():
            return None
        try:
            number = float(text.replace(",", "."))
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise ValidationError(_("This has to be a number."), code=ErrorCode.OUT_OF_RANGE)
        return number


def pair(starts: list[float | None], ends: list[float | None], count: int) -> list[Ends]:
    """Of each clip. Raises ValidationError."""
    for name, numbers in (("start_seconds", starts), ("end_seconds", ends)):
        if numbers and len(numbers) != count:
            raise refuse(name, _("Send one for each clip, in their order, or none."))
    return list(zip(starts or [None] * count, ends or [None] * count, strict=True))


def resolve(ends: Ends, duration_seconds: float) -> Part | None:
    """None where that is all of the clip. Raises ValidationError."""
    whole_end = round(duration_seconds, DECIMALS)
    start = round(ends[0] or 0.0, DECIMALS)
    end = whole_end if ends[1] is None else round(ends[1], DECIMALS)
    if not 0 <= start < max(whole_end, 0.01):
        raise refuse("start_seconds", _("This lies outside of the clip."))
    if end > whole_end + END_TOLERANCE_SECONDS:
        raise refuse("end_seconds", _("This lies outside of the clip."))
    end = min(end, whole_end)
    if end - start < min(MIN_PART_SECONDS, whole_end):
        raise refuse(
            "end_seconds", _("Use at least %(seconds)g s of the clip.") % {"seconds": MIN_PART_SECONDS}
        )
    return None if start == 0 and end == whole_end else Part(start, end)


def refuse(field: str, message: str) -> ValidationError:
    return ValidationError({field: ValidationError(message, code=ErrorCode.OUT_OF_RANGE)})


class PartsForm(WithUser, forms.Form):
    """A form with clips: which part of each is to be used. `uploads` are set by `find_uploads`."""

    start_seconds = NumbersField(required=False)
    end_seconds = NumbersField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.uploads: list[ReferenceUpload] = []

    def find_uploads(self, clips: list[TemporaryUpload]) -> None:
        """Last of all that is checked, as decoding is the dear part of a request."""
        starts, ends = (self.cleaned_data.get(name, []) for name in ("start_seconds", "end_seconds"))
        try:
            asked = pair(starts, ends, len(clips)) if clips else []
            self.uploads = probe_distinct(
                clips, self.user, lambda index, seconds: resolve(asked[index], seconds)
            )
        except ValidationError as error:
            self.add_error(None, error)
        except GenerationError as error:
            self.add_error("reference", ValidationError(in_page_language(str(error)), code=error.code))


class CheckForm(PartsForm):
    """A clip that somebody wants to hear an opinion of. Nothing of it is kept. Once valid, `report` is there."""

    reference = ReferencesField(required=False)
    report: ClipReport | None = None

    def clean_reference(self) -> TemporaryUpload:
        clips: list[TemporaryUpload] = self.cleaned_data["reference"]
        if len(clips) != 1:
            raise ValidationError(_("Choose a clip."), code=ErrorCode.REFERENCE_MISSING)
        return clips[0]

    def clean(self) -> dict[str, Any]:
        """Last, as it is the dear part. Raises GenerationError where it can't be done now."""
        if not self.errors:
            try:
                self.report = self.check(self.cleaned_data["reference"].path)
            except ValidationError as error:
                self.add_error(None, error)
            except GenerationError as error:
                if error.code.field != "reference":
                    raise
                self.add_error("reference", ValidationError(in_page_language(str(error)), code=error.code))
        return self.cleaned_data

    def check(self, path: Path) -> ClipReport:
        starts, ends = self.cleaned_data["start_seconds"], self.cleaned_data["end_seconds"]
        [(start, end)] = pair(starts, ends, 1)
        max_seconds = float(settings.MAX_REFERENCE_SECONDS)
        is_part = not (start is None and end is None)
        part = Part(start or 0.0, max_seconds if end is None else end) if is_part else None
        report = check_clip(path, max_seconds=max_seconds + 1, part=part)
        if report.duration_seconds > max_seconds + LENGTH_TOLERANCE_SECONDS:
            raise GenerationError(ErrorCode.REFERENCE_TOO_LONG, explain_too_long(None, max_seconds))
        if is_part:
            resolve((start, end), report.duration_seconds)
        return report


class TrimForm(forms.Form):
    """The part of a clip of a voice. Once valid, `ends` are what `jobs.voices` takes."""

    start_seconds = forms.FloatField(required=False, min_value=0)
    end_seconds = forms.FloatField(required=False, min_value=0)

    def __init__(self, data: Any, *, duration_seconds: float) -> None:
        super().__init__(data)
        self.duration_seconds = duration_seconds
        self.ends: tuple[float, float] | None = None
        for field in self.fields.values():
            field.error_messages["invalid"] = _("This has to be a number.")

    def clean(self) -> dict[str, Any]:
        if not self.errors:
            asked = (self.cleaned_data.get("start_seconds"), self.cleaned_data.get("end_seconds"))
            part = resolve(asked, self.duration_seconds)
            self.ends = (part.start_seconds, part.end_seconds) if part else None
        return self.cleaned_data
