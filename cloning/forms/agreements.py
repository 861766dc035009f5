"""How whoever is heard in a voice agreed to it: what is stated, and the recorded statement where there is one."""

import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from cloning.errors import ErrorCode, GenerationError
from cloning.forms.askers import WithUser
from cloning.forms.clips import RecordingField, compute_sha256, probe_clip
from cloning.forms.messages import in_page_language
from cloning.forms.texts import PlainTextField
from cloning.jobs.consents import UNKNOWN, Statement
from cloning.models import (
    MAX_AGREEMENT_NOTE_CHARS,
    MAX_CONSENT_NAME_CHARS,
    MAX_SPEAKER_NAME_CHARS,
    STATED,
    Agreement,
    Voice,
    VoiceConsent,
)
from cloning.storage.space import require_free_space
from cloning.storage.uploads import TemporaryUpload
from cloning.text.statements import LANGUAGE_NAMES, SCRIPTS

CONSENT_PREFIX = "cons_"
"""Before the id of a consent, as OpenAI's dialect gives it."""


class ConsentField(forms.ChoiceField):
    """Cleaned, an `Agreement`."""

    def __init__(self, offered: tuple[Agreement, ...] = STATED, **kwargs: Any) -> None:
        choices = [(each.value, each.label) for each in (Agreement.NOT_STATED, *offered)]
        super().__init__(
            label=gettext_lazy("Consent of whoever is heard"), required=False, choices=choices, **kwargs
        )
        self.offered = offered

    def clean(self, value: Any) -> Agreement:
        if value in self.empty_values:
            return Agreement.NOT_STATED
        if value not in self.offered:
            offered = ", ".join(self.offered)
            message = _("State how whoever is heard agreed: one of %(offered)s.") % {"offered": offered}
            raise ValidationError(message, code=ErrorCode.CONSENT_INVALID)
        return Agreement(value)


class AgreementForm(WithUser, forms.Form):
    """Before a form of a voice. Once valid, the voice has what was stated, and `new_statement` is for `jobs.voices`,
    which compares it with the clips.
    """

    instance: Voice

    consent = ConsentField(
        help_text=gettext_lazy("Clone only a voice that is yours, or whose owner has agreed."),
    )
    speaker = PlainTextField(
        label=gettext_lazy("Who is heard"),
        required=False,
        widget=forms.TextInput(
            attrs={"dir": "auto", "autocomplete": "off", "maxlength": MAX_SPEAKER_NAME_CHARS}
        ),
    )
    consent_note = PlainTextField(
        label=gettext_lazy("Where the permission is"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto", "maxlength": MAX_AGREEMENT_NOTE_CHARS}),
        help_text=gettext_lazy("When it was given, and where it can be found."),
    )
    statement = RecordingField(
        label=gettext_lazy("Recorded statement"),
        required=False,
        widget=forms.FileInput(attrs={"accept": "audio/*,video/*"}),
        help_text=gettext_lazy(
            "Whoever is heard in the clips reads the sentence aloud. It is compared with them."
        ),
    )
    statement_language = forms.ChoiceField(
        label=gettext_lazy("Language of the statement"), required=False, choices=list(LANGUAGE_NAMES.items())
    )
    statement_id = forms.CharField(required=False, max_length=64)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.new_statement: Statement | None = None
        voice = self.instance
        given = {
            "consent": voice.agreement,
            "speaker": voice.speaker_name,
            "consent_note": voice.agreement_note,
            "statement_language": find_script_language(voice.language),
        }
        self.initial = {**given, **self.initial}

    @property
    def sentence(self) -> dict[str, str]:
        """What is to be read aloud, in the language that is chosen."""
        return write_sentence(str(self["statement_language"].value() or ""))

    @property
    def sentences(self) -> list[dict[str, str]]:
        return [write_sentence(language) for language in SCRIPTS]

    def clean_speaker(self) -> str:
        value = " ".join(self.cleaned_data["speaker"].split())
        return require_length(value, MAX_SPEAKER_NAME_CHARS)

    def clean_consent_note(self) -> str:
        return require_length(self.cleaned_data["consent_note"], MAX_AGREEMENT_NOTE_CHARS)

    def clean_statement(self) -> TemporaryUpload | None:
        upload: TemporaryUpload | None = self.cleaned_data["statement"]
        return upload

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        voice = self.instance
        voice.agreement = cleaned["consent"]
        voice.speaker_name, voice.agreement_note = cleaned["speaker"], cleaned["consent_note"]
        if voice.agreement == Agreement.RECORDED:
            try:
                self.new_statement = self.find_statement(cleaned)
            except GenerationError as error:
                if error.code.field != "reference":
                    raise
                message = in_page_language(str(error))
                self.add_error("statement", ValidationError(message, code=error.code))
            except ValidationError as error:
                self.add_error("statement", error)
        return cleaned

    def find_statement(self, cleaned: dict[str, Any]) -> Statement | None:
        """None where it stands already. Raises ValidationError; GenerationError where nothing can be stored now."""
        if upload := cleaned["statement"]:
            require_free_space()
            name = (cleaned["speaker"] or cleaned.get("name") or self.instance.name)[:MAX_CONSENT_NAME_CHARS]
            language = cleaned["statement_language"] or find_script_language(self.instance.language)
            consent = VoiceConsent(owner=self.instance.owner, name=name, language=language)
            return Statement(consent, probe_clip(upload, compute_sha256(upload)))
        if cleaned["statement_id"]:
            return Statement(find_consent(cleaned["statement_id"], self.instance))
        if self.instance.consent_id is None:
            message = _("Record the statement, or choose its file.")
            raise ValidationError(message, code=ErrorCode.CONSENT_REQUIRED)
        return None


def find_consent(value: str, voice: Voice) -> VoiceConsent:
    """One that the owner of the voice has kept. Raises ValidationError."""
    try:
        pk = uuid.UUID(value.removeprefix(CONSENT_PREFIX))
    except ValueError:
        pk = None
    found = VoiceConsent.objects.filter(pk=pk, owner=voice.owner).first() if pk else None
    if found is None:
        raise ValidationError(in_page_language(UNKNOWN), code=ErrorCode.CONSENT_REQUIRED)
    return found


def find_script_language(language: str) -> str:
    """That of the voice, else that of the page, else English: of those that there is a sentence in."""
    candidates = (language, (get_language() or "")[:2])
    return next((each for each in candidates if each in SCRIPTS), "en")


def write_sentence(language: str) -> dict[str, str]:
    language = find_script_language(language)
    return {"language": language, "text": SCRIPTS[language].write(settings.OPERATOR)}


def require_length(value: str, most: int) -> str:
    if len(value) > most:
        message = _("At most %(most)d characters.") % {"most": most}
        raise ValidationError(message, code=ErrorCode.CONSENT_INVALID)
    return value
