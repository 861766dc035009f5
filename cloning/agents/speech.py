"""What the tools do, in threads: with whom it is done stands in `acting`."""

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings

from cloning.agents.results import Speech, VoiceItem, VoiceList
from cloning.api.scores import describe_generation
from cloning.api.serializers import download_url
from cloning.engines import registry
from cloning.engines.base import StockVoice
from cloning.errors import ErrorCode, GenerationError
from cloning.formats import AudioFormat
from cloning.forms import GenerationForm, form_errors
from cloning.forms.cast import find_cast_voice
from cloning.forms.voice_choice import STOCK
from cloning.jobs import encodings, state
from cloning.jobs.speaking import find_engine
from cloning.jobs.submission import submit
from cloning.models import Channel, Generation, Voice, Worker
from cloning.text.scripts import guess_language

if TYPE_CHECKING:
    from cloning.models.ownership import AnyUser

MAX_VOICES = 200
MAX_AUDIO_BYTES = 20 * 1024**2
"""Of a file that is given out in an answer, where it grows by a third."""


def list_voices(user: "AnyUser | None", query: str, language: str) -> VoiceList:
    engine = find_engine()
    saved = Voice.objects.speakable().visible_to(user).named_like(query).in_language(language)
    items = [
        VoiceItem(id=str(voice.pk), name=voice.name, language=voice.language, is_stock=False)
        for voice in saved[: MAX_VOICES + 1]
    ]
    items += [
        VoiceItem(id=STOCK + voice.key, name=voice.name, language=voice.own_language, is_stock=True)
        for voice in registry.stock_voices(language)
        if query.casefold() in voice.name.casefold()
    ]
    return VoiceList(
        engine=engine.label,
        is_clone=engine.is_clone,
        voices=items[:MAX_VOICES],
        is_complete=len(items) <= MAX_VOICES,
    )


def queue(user: "AnyUser | None", asked: dict[str, Any]) -> uuid.UUID:
    """`asked` are the fields of the form, but that the voice may be a name. Raises GenerationError."""
    found = find_cast_voice(asked["voice"], user) if asked["voice"] else None
    if found is None:
        raise GenerationError(
            ErrorCode.VOICE_UNKNOWN, "There is no such voice; list_voices tells those there are."
        )
    is_stock = isinstance(found, StockVoice)
    own_language = found.own_language if isinstance(found, StockVoice) else found.language
    fields = {name: value for name, value in asked.items() if value is not None}
    fields["voice"] = STOCK + cast(StockVoice, found).key if is_stock else str(cast(Voice, found).pk)
    fields["language"] = asked["language"] or own_language or guess_language(asked["text"])
    form = GenerationForm(fields, user=user)
    if not form.is_valid():
        error = form_errors(form)[0]
        raise GenerationError(error.code, f"{error.field}: {error.message}", field=error.field)
    generation = form.build_generation(Channel.API)
    generation.awaited_until = state.awaited_from_now()
    submit(generation, form.uploads, form.roles)
    return generation.pk


@dataclass(frozen=True)
class Viewer:
    user: "AnyUser | None"
    is_local: bool
    """Whether it runs the command itself, and so may be told of files on this machine."""


def describe(viewer: Viewer, generation_id: str | uuid.UUID) -> Speech:
    """Raises GenerationError (GENERATION_UNKNOWN)."""
    generation = find(Generation.objects.kept().visible_to(viewer.user), generation_id)
    speech = Speech(
        id=str(generation.pk),
        status=cast(Any, generation.status),
        progress=round(generation.progress, 3),
        text=generation.text,
        language=generation.language,
        format=generation.audio_format,
        duration_seconds=generation.duration_seconds,
        error=generation.error_message or None,
    )
    if generation.has_file:
        scores = describe_generation(generation.scores) or {}
        likeness = scores.get("likeness")
        speech.likeness, speech.understood = likeness and likeness.value, scores.get("understood")
        base_url = settings.BASE_URL or f"http://localhost:{settings.PORT}"
        speech.audio_url = base_url + download_url(generation)
        speech.resource_uri = f"speech://{generation.pk}/audio.{generation.audio_format}"
        speech.path = find_path(generation) if viewer.is_local else None
    if generation.is_active:
        speech.hint = "Ask check_generation with this id for the rest."
        if not Worker.alive().exists():
            speech.hint = "No worker is running: it is spoken once the site is started (make run)."
    return speech


def find_path(generation: Generation) -> str | None:
    try:
        return generation.audio.path
    except NotImplementedError:  # in a bucket
        return None


def find(generations: Any, generation_id: str | uuid.UUID) -> Generation:
    try:
        found: Generation | None = generations.filter(pk=uuid.UUID(str(generation_id))).first()
    except ValueError:
        found = None
    if found is None:
        raise GenerationError(ErrorCode.GENERATION_UNKNOWN, "There is no such generation.")
    return found


def cancel(user: "AnyUser | None", generation_id: str) -> None:
    """What is over stays as it is."""
    state.cancel(find(Generation.objects.kept().owned_by(user), generation_id))


def read_audio(user: "AnyUser | None", generation_id: str, audio_format: AudioFormat) -> bytes:
    """Raises GenerationError (GENERATION_UNKNOWN, FILE_UNKNOWN, REQUEST_TOO_LARGE)."""
    generation = find(Generation.objects.kept().visible_to(user), generation_id)
    file = encodings.find(generation, audio_format) if generation.has_file else None
    if not file:
        raise GenerationError(ErrorCode.FILE_UNKNOWN, f"There is no {audio_format} of it, or not yet.")
    try:
        with file.open("rb") as stored:
            content: bytes = stored.read(MAX_AUDIO_BYTES + 1)
    except FileNotFoundError as error:
        raise GenerationError(ErrorCode.FILE_UNKNOWN, "The file is gone from the storage.") from error
    if len(content) > MAX_AUDIO_BYTES:
        raise GenerationError(ErrorCode.REQUEST_TOO_LARGE, "It is too large for an answer: use audio_url.")
    return content
