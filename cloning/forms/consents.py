"""A recorded consent: what it is called, in which language it is said, and the recording."""

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from cloning.errors import ErrorCode, GenerationError
from cloning.forms.askers import WithUser
from cloning.forms.clips import RecordingField, compute_sha256, probe_clip
from cloning.forms.messages import in_page_language
from cloning.forms.texts import JOINERS, PlainTextField
from cloning.jobs.clips import ReferenceUpload
from cloning.models import MAX_CONSENT_NAME_CHARS, MAX_TAG_CHARS, VoiceConsent, choose_owner
from cloning.storage.space import require_free_space
from cloning.storage.uploads import TemporaryUpload

if TYPE_CHECKING:  # Django's forms are generic to mypy alone
    ConsentModelForm = forms.ModelForm[VoiceConsent]
else:
    ConsentModelForm = forms.ModelForm

TAG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8})*", re.ASCII | re.IGNORECASE)


class ConsentNameForm(WithUser, ConsentModelForm):
    """What a consent is called."""

    name = PlainTextField(required=False)

    class Meta:
        model = VoiceConsent
        fields = ["name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.instance.owner = choose_owner(self.user)

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if not name.strip(JOINERS):
            raise ValidationError(_("Give it a name."), code=ErrorCode.NAME_MISSING)
        if len(name) > MAX_CONSENT_NAME_CHARS:
            raise ValidationError(
                _("At most %(most)d characters.") % {"most": MAX_CONSENT_NAME_CHARS},
                code=ErrorCode.NAME_TOO_LONG,
            )
        return name


class ConsentForm(ConsentNameForm):
    """Whose instance is what `jobs.consents` saves, with `recording_upload`.

    `is_valid` raises GenerationError where nothing can be stored now.
    """

    language = forms.CharField(required=False)
    recording = RecordingField(required=False)
    recording_upload: ReferenceUpload | None = None

    class Meta(ConsentNameForm.Meta):
        fields = ["name", "language"]

    def clean_language(self) -> str:
        tag: str = self.cleaned_data["language"]
        if len(tag) > MAX_TAG_CHARS or not TAG.fullmatch(tag):
            message = _("Give the language of the statement as a tag such as en-US.")
            raise ValidationError(message, code=ErrorCode.LANGUAGE_UNSUPPORTED)
        return tag

    def clean_recording(self) -> TemporaryUpload:
        upload: TemporaryUpload | None = self.cleaned_data["recording"]
        if upload is None:
            raise ValidationError(_("Choose a clip."), code=ErrorCode.REFERENCE_MISSING)
        return upload

    def clean(self) -> dict[str, Any]:
        """Last, as decoding is the dear part of a request."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            require_free_space()
            upload: TemporaryUpload = cleaned["recording"]
            try:
                self.recording_upload = probe_clip(upload, compute_sha256(upload))
            except GenerationError as error:
                if error.code.field != "reference":
                    raise
                self.add_error("recording", ValidationError(in_page_language(str(error)), code=error.code))
        return cleaned
