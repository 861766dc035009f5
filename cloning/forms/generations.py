"""A generation, and one sentence of it spoken once more."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cloning.engines.base import StockVoice
from cloning.formats import AUDIO_FORMAT_CHOICES, AudioFormat, StreamFormat
from cloning.forms.agreements import ConsentField
from cloning.forms.cast import (
    AS_TEXT,
    MAX_SPEAKERS,
    CastField,
    Casting,
    CastRow,
    cast_text,
    check_dialogue,
    list_rows,
)
from cloning.forms.clips import ReferencesField, describe_widget
from cloning.forms.messages import in_page_language, unknown_language
from cloning.forms.parts import PartsForm
from cloning.forms.voice_choice import VoiceField, find_voice, list_voices
from cloning.jobs.speaking import find_engine
from cloning.jobs.submission import Role, require_room
from cloning.models import (
    STATED_FOR_ONCE,
    Agreement,
    Channel,
    Generation,
    NoticePlace,
    Segment,
    Voice,
    choose_owner,
    random_seed,
)
from cloning.text import (
    OWN_NAMES,
    UnspeakableText,
    WrongPause,
    check_speakable,
    resolve_language,
    split,
)
from cloning.text.dialogue import Turn, fold_speaker, list_speakers
from cloning.text.pauses import find_passages, has_pauses, without_pauses

Value = TypeVar("Value", int, float)

SPEED_RANGE = (0.5, 2.0)
TEMPERATURE_RANGE = (0.05, 1.5)
SEED_RANGE = (0, 2**32 - 1)

INITIAL = {"language": "en", "speed": 1.0, "temperature": 0.75, "format": "wav", "listen": True}

BUILT = ("text", "language", "speed", "temperature", "seed")

CONTINUE, CANCEL = "continue", "cancel"
"""What becomes of a generation whose caller leaves while it is streamed to them."""


def in_range(bounds: tuple[float, float]) -> list[Callable[[float], None]]:
    low, high = bounds

    def check(value: float) -> None:
        if not low <= value <= high:
            values = {"low": number_format(f"{low:.10g}"), "high": number_format(f"{high:.10g}")}
            message = _("This has to be between %(low)s and %(high)s.")
            raise ValidationError(message, code="out_of_range", params=values)

    return [check]


class GenerationForm(PartsForm):
    """What a generation is made of. Once valid, `build_generation` and `uploads` are what `submit` takes.

    `is_valid` raises GenerationError where nothing can be queued now.
    """

    reference = ReferencesField(
        label=gettext_lazy("Reference"),
        required=False,
        help_text=gettext_lazy(
            "A few seconds of one voice, without music. Longer is better, up to half a minute."
        ),
    )
    voice = VoiceField(label=gettext_lazy("Voice"), required=False, widget=forms.RadioSelect)
    dialogue = forms.ChoiceField(required=False, choices=[("true", "true"), ("false", "false")])
    text = forms.CharField(
        label=gettext_lazy("Text"),
        required=False,
        widget=forms.Textarea(
            attrs={
                "rows": 6,
                "dir": "auto",
                "placeholder": gettext_lazy("Write or paste what the voice should say…"),
            }
        ),
    )
    cast = CastField(required=False)
    consent = ConsentField(STATED_FOR_ONCE, help_text=gettext_lazy("Of whoever is heard in the clip."))
    language = forms.CharField(
        label=gettext_lazy("Language"), required=False, widget=forms.Select(choices=list(OWN_NAMES.items()))
    )
    stream = forms.ChoiceField(required=False, choices=[("true", "true"), ("false", "false")])
    on_disconnect = forms.ChoiceField(required=False, choices=[(CONTINUE, CONTINUE), (CANCEL, CANCEL)])
    format = forms.ChoiceField(label=gettext_lazy("Format"), required=False, choices=AUDIO_FORMAT_CHOICES)
    speed = forms.FloatField(
        label=gettext_lazy("Speed"),
        required=False,
        validators=in_range(SPEED_RANGE),
        help_text=gettext_lazy("0.5 is half as fast, 2 twice."),
    )
    temperature = forms.FloatField(
        label=gettext_lazy("Liveliness"),
        required=False,
        validators=in_range(TEMPERATURE_RANGE),
        help_text=gettext_lazy("Higher is livelier and less certain. The preview engine ignores it."),
    )
    seed = forms.IntegerField(
        label=gettext_lazy("Seed"),
        required=False,
        validators=in_range(SEED_RANGE),
        help_text=gettext_lazy("The same seed gives the same audio."),
    )

    notice = forms.ChoiceField(
        label=gettext_lazy("Spoken notice"),
        required=False,
        choices=[("", gettext_lazy("None")), *NoticePlace.choices],
        help_text=gettext_lazy("Says that a computer speaks."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", INITIAL)
        super().__init__(*args, **kwargs)
        self.casting = Casting()
        cast(VoiceField, self.fields["voice"]).offer_to(self.user)
        if self.data.get("stream") == "true":
            choices = [(each.value, each.value) for each in StreamFormat]
            self.fields["format"] = forms.ChoiceField(required=False, choices=choices)
        for name, bounds in (("speed", SPEED_RANGE), ("temperature", TEMPERATURE_RANGE)):
            self.fields[name].widget.attrs.update(min=bounds[0], max=bounds[1], step=0.05)
        for name in ("speed", "temperature", "seed"):
            self.fields[name].error_messages["invalid"] = _("This has to be a number.")
        self.fields["text"].widget.attrs["data-max-chars"] = settings.MAX_TEXT_CHARS
        self.fields["text"].help_text = _("At most %(most)s characters.") % {
            "most": thousands(settings.MAX_TEXT_CHARS)
        }
        describe_widget(self.fields["reference"])
        if settings.SPOKEN_NOTICE != "off":  # which nobody who asks can change
            del self.fields["notice"]

    def choose_voice(self, value: str) -> None:
        """Before anything is filled in: the voice, and the language that goes with it."""
        voice = find_voice(value, self.user)
        language = voice.own_language if isinstance(voice, StockVoice) else voice.language if voice else ""
        self.initial = {**self.initial, "voice": value} | ({"language": language} if language else {})

    def clean_text(self) -> str:
        value: str = self.cleaned_data["text"].replace("\r\n", "\n")
        if not value:
            raise ValidationError(_("Write what the voice should say."), code="text_missing")
        if len(value) > settings.MAX_TEXT_CHARS:
            raise ValidationError(
                _("The text has %(count)s characters; at most %(most)s are allowed.")
                % {"count": thousands(len(value)), "most": thousands(settings.MAX_TEXT_CHARS)},
                code="text_too_long",
            )
        check_pauses(value)
        return value

    def clean_language(self) -> str:
        value = self.cleaned_data["language"] or "en"
        try:
            return resolve_language(value)
        except ValueError as error:
            raise ValidationError(unknown_language(value), code="language_unsupported") from error

    def clean_dialogue(self) -> bool:
        return bool(self.cleaned_data["dialogue"] == "true")

    def clean_stream(self) -> bool:
        return bool(self.cleaned_data["stream"] == "true")

    def clean_format(self) -> AudioFormat | StreamFormat:
        if self.cleaned_data.get("stream"):
            return StreamFormat(self.cleaned_data["format"] or StreamFormat.MP3)
        return AudioFormat(self.cleaned_data["format"] or AudioFormat.WAV)

    def clean_speed(self) -> float:
        return self.value_or("speed", 1.0)

    def clean_temperature(self) -> float:
        return self.value_or("temperature", 0.75)

    def clean_seed(self) -> int:
        return self.value_or("seed", random_seed())

    def value_or(self, name: str, default: Value) -> Value:
        value: Value | None = self.cleaned_data[name]
        return default if value is None else value

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        if "text" in cleaned and "language" in cleaned:
            try:
                check_speakable(without_pauses(cleaned["text"]), cleaned["language"])
            except UnspeakableText as error:
                self.add_error("text", ValidationError(in_page_language(str(error)), code="text_unspeakable"))
        if cleaned.get("dialogue"):
            self.cast_speakers(cleaned)
        else:
            self.check_one_voice(cleaned)
        if not self.errors:
            self.require_room()
            self.find_uploads([] if cleaned["dialogue"] else cleaned["reference"])
        return cleaned

    def require_room(self) -> None:
        """Raises GenerationError."""
        require_room()

    def cast_speakers(self, cleaned: dict[str, Any]) -> None:
        """Of a dialogue, where voice and reference of the form are not looked at."""
        for name in ("reference", "start_seconds", "end_seconds", "voice", "consent"):
            self.errors.pop(name, None)
        if "text" not in cleaned or "cast" not in cleaned:
            return
        self.casting = cast_text(cleaned["text"], cleaned["cast"], self.user)
        try:
            check_dialogue(cleaned["text"], self.casting)
        except ValidationError as error:
            self.add_error("text", error)
        for wrong in self.casting.wrong.values():
            self.add_error("cast", wrong)

    def check_one_voice(self, cleaned: dict[str, Any]) -> None:
        if "reference" in cleaned and "voice" in cleaned and not (cleaned["reference"] or cleaned["voice"]):
            self.add_error(
                "reference", ValidationError(_("Choose a clip of the voice."), code="reference_missing")
            )
        if cleaned.get("reference") and cleaned.get("voice"):
            self.add_error(
                "voice",
                ValidationError(_("Send a reference or choose a voice, not both."), code="voice_ambiguous"),
            )

    def build_generation(self, channel: Channel) -> Generation:
        """Unsaved, for `submit`, as are the form's `uploads` and `roles`."""
        cleaned = self.cleaned_data
        voice = None if cleaned["dialogue"] else cleaned["voice"]
        return Generation(
            requested_via=channel,
            owner=choose_owner(self.user),
            voice=voice if isinstance(voice, Voice) else None,
            agreement=cleaned["consent"] if self.uploads else Agreement.NOT_STATED,
            stock_voice=voice.key if isinstance(voice, StockVoice) else "",
            is_streamed=cleaned["stream"],
            audio_format=file_format(cleaned["format"]),
            **{name: cleaned[name] for name in BUILT},
            notice=cleaned.get("notice", ""),
        )

    @property
    def roles(self) -> list[Role]:
        return self.casting.roles


def file_format(asked: AudioFormat | StreamFormat) -> AudioFormat:
    """Of the joined file: that of the stream, or WAV where there are no files of it."""
    return AudioFormat(asked) if asked in list(AudioFormat) else AudioFormat.WAV


def check_pauses(text: str) -> None:
    try:
        find_passages([Turn(text)])
    except WrongPause as error:
        raise ValidationError(_(error.message) % error.values, code="pause_invalid") from error


def thousands(count: int) -> str:
    return f"{count:,}".replace(",", " ")


class StudioForm(GenerationForm):
    """With what only the page asks."""

    listen = forms.BooleanField(
        label=gettext_lazy("Play while it is made"),
        required=False,
        widget=forms.CheckboxInput({"data-listen": True}),
    )

    @property
    def is_dialogue(self) -> bool:
        return bool(self["dialogue"].value() == "true")

    @property
    def cast_rows(self) -> Sequence[CastRow]:
        """The names of the text, each with what was chosen, or is likely, for it."""
        return list_rows(str(self["text"].value() or ""), self.chosen_cast, self.casting.wrong, self.user)

    @property
    def other_roles(self) -> list[tuple[str, str]]:
        """What was chosen for names that the text does not have, or not yet."""
        names = set(map(fold_speaker, list_speakers(str(self["text"].value() or ""))))
        return [role for role in self.chosen_cast.items() if role[0] not in names][:MAX_SPEAKERS]

    @property
    def chosen_cast(self) -> dict[str, str]:
        chosen = self["cast"].value() if not self.errors.get("cast") or self.casting.wrong else None
        return CastField().clean(chosen)

    @property
    def cast_choices(self) -> list[tuple[str, str]]:
        return [*list_voices(self.user)[1:], (AS_TEXT, _("No name: read as it stands"))]


class TakeForm(forms.Form):
    """One sentence spoken once more: with a new seed where none is given, its text corrected first where one is."""

    text = forms.CharField(
        label=gettext_lazy("Text"), required=False, strip=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    seed = forms.IntegerField(label=gettext_lazy("Seed"), required=False, validators=in_range(SEED_RANGE))

    def __init__(self, data: Any, *, segment: Segment) -> None:
        super().__init__(data)
        self.segment = segment
        self.fields["seed"].error_messages["invalid"] = _("This has to be a number.")

    def clean_text(self) -> str:
        """As it is read out, in one piece."""
        if "text" not in self.data:
            return self.segment.text
        language = self.segment.generation.language
        max_chars = find_engine().segment_limits[language]
        written = " ".join(self.cleaned_data["text"].split())  # paragraphs are no reason for two pieces
        if written == self.segment.text:
            return written
        if has_pauses(written):
            raise ValidationError(_("There can be no pause within a sentence."), code="pause_invalid")
        if not written:
            raise ValidationError(_("Write what the voice should say."), code="text_missing")
        try:
            pieces = split(written[: 2 * max_chars], language, max_chars)
        except UnspeakableText as error:
            raise ValidationError(in_page_language(str(error)), code="text_unspeakable") from error
        if len(pieces) > 1 or len(written) > 2 * max_chars:
            raise ValidationError(
                _("That is too long for one sentence: some %(most)d characters can be spoken in one go.")
                % {"most": max_chars},
                code="text_too_long",
            )
        return pieces[0].text

    def clean_seed(self) -> int:
        seed: int | None = self.cleaned_data["seed"]
        return random_seed() if seed is None else seed
