"""Audio of which somebody asks whether it was made here."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from cloning.errors import GenerationError
from cloning.forms.clips import check_size
from cloning.forms.messages import in_page_language
from cloning.jobs.verifying import Verification, verify
from cloning.storage.uploads import TemporaryUpload


class VerifyForm(forms.Form):
    """Nothing of what is sent is kept. Once valid, `verification` is there."""

    audio = forms.FileField(
        label=gettext_lazy("Audio file"),
        error_messages={"required": gettext_lazy("Choose an audio file.")},
        widget=forms.FileInput(attrs={"accept": "audio/*,video/*"}),
        allow_empty_file=True,  # `check_size` says it in our words
    )
    verification: Verification | None = None

    def clean_audio(self) -> TemporaryUpload:
        upload: TemporaryUpload = self.cleaned_data["audio"]
        check_size(upload.size or 0)
        return upload

    def clean(self) -> dict[str, Any]:
        """Last, as it is the dear part. Raises GenerationError where it can't be done now."""
        if not self.errors:
            try:
                self.verification = verify(self.cleaned_data["audio"].path)
            except GenerationError as error:
                if not error.code.is_users_fault or error.code.field is None:
                    raise
                self.add_error("audio", ValidationError(in_page_language(str(error)), code=error.code))
        return self.cleaned_data
