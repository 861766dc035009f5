"""Voices: their names and what else is known of them, and their clips."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cloning.errors import ErrorCode
from cloning.forms.agreements import AgreementForm, ConsentField
from cloning.forms.askers import WithUser
from cloning.forms.clips import ReferencesField, describe_widget
from cloning.forms.messages import in_page_language, unknown_language
from cloning.forms.parts import PartsForm
from cloning.forms.texts import JOINERS, PlainTextField
from cloning.jobs.clips import MAX_REFERENCES
from cloning.jobs.voices import NAME_TAKEN
from cloning.models import (
    MAX_NAME_CHARS,
    MAX_NOTES_CHARS,
    STATED_FOR_ONCE,
    Voice,
    choose_owner,
    fold_name,
)
from cloning.storage.space import require_free_space
from cloning.storage.uploads import TemporaryUpload
from cloning.text import OWN_NAMES, resolve_language

if TYPE_CHECKING:  # Django's forms are generic to mypy alone
    VoiceModelForm = forms.ModelForm[Voice]
else:
    VoiceModelForm = forms.ModelForm


class VoiceForm(WithUser, VoiceModelForm):
    """Name, language and notes of a voice, and whether it is shared, whose instance is what `jobs.voices` takes."""

    name = PlainTextField(
        label=gettext_lazy("Name"),
        required=False,
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"}),
    )
    language = forms.CharField(
        label=gettext_lazy("Language"),
        required=False,
        widget=forms.Select(choices=[("", gettext_lazy("Not set")), *OWN_NAMES.items()]),
        help_text=gettext_lazy("Its sample is spoken in it."),
    )
    notes = PlainTextField(
        label=gettext_lazy("Notes"), required=False, widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"})
    )

    is_shared = forms.BooleanField(
        label=gettext_lazy("Shared"),
        required=False,
        help_text=gettext_lazy("Everybody with an account here may speak with it. Its clips stay yours."),
    )

    class Meta:
        model = Voice
        fields = ["name", "language", "notes", "is_shared"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["maxlength"] = MAX_NAME_CHARS
        if not settings.REQUIRE_LOGIN:
            del self.fields["is_shared"]
        if self.instance._state.adding:
            self.instance.owner = choose_owner(self.user)

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if not name.strip(JOINERS):
            raise ValidationError(_("Give the voice a name."), code="name_missing")
        if len(name) > MAX_NAME_CHARS:
            raise ValidationError(
                _("At most %(most)d characters.") % {"most": MAX_NAME_CHARS}, code="name_too_long"
            )
        others = Voice.objects.kept().filter(owner=self.instance.owner).exclude(pk=self.instance.pk)
        if others.filter(name_key=fold_name(name)).exists():
            raise ValidationError(in_page_language(NAME_TAKEN), code="name_taken")
        return name

    def clean_language(self) -> str:
        value = self.cleaned_data["language"]
        try:
            return resolve_language(value) if value else ""
        except ValueError as error:
            message = unknown_language(value)
            raise ValidationError(message, code="language_unsupported") from error

    def clean_notes(self) -> str:
        notes: str = self.cleaned_data["notes"]
        if len(notes) > MAX_NOTES_CHARS:
            raise ValidationError(
                _("At most %(most)d characters.") % {"most": MAX_NOTES_CHARS}, code="notes_too_long"
            )
        return notes


class ClipsForm(PartsForm):
    """Clips for a voice. Once valid, `uploads` are what `jobs.voices` takes.

    `is_valid` raises GenerationError where nothing can be stored now.
    """

    reference = ReferencesField(
        label=gettext_lazy("Clips"),
        required=False,
        help_text=format_lazy(
            gettext_lazy("Up to {most} clips of one voice, without music. Half a minute together is plenty."),
            most=MAX_REFERENCES,
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        describe_widget(self.fields["reference"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        uploads: list[TemporaryUpload] = cleaned.get("reference", [])
        if "reference" in cleaned and not uploads:
            self.add_error(
                "reference", ValidationError(_("Choose a clip."), code=ErrorCode.REFERENCE_MISSING)
            )
        if not self.errors:
            require_free_space()
            self.find_uploads(uploads)
        return cleaned


class VoiceDetailsForm(AgreementForm, VoiceForm):
    """What can be changed of a voice but its clips."""


class NewVoiceForm(ClipsForm, AgreementForm, VoiceForm):
    """A voice with its clips."""

    field_order = ["name", "reference", "consent", "speaker", "language", "notes", "is_shared"]


class KeptVoiceForm(VoiceForm):
    """A voice of the clips that a generation was spoken with."""

    consent = ConsentField(STATED_FOR_ONCE)
