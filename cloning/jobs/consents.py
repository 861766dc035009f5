"""Consent: what has to be stated before a voice is made or spoken with, and recorded statements.

Whatever speaks with clips or a voice asks here, whoever sent it and by which way. A recorded statement is kept, bound
to the voices that are made with it, and deleted once none stands on it; `statements.py` compares it with the clips.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.core.files.base import File
from django.db import transaction

from cloning.errors import ErrorCode, GenerationError
from cloning.jobs import idempotency, limits
from cloning.jobs.audit import record
from cloning.jobs.cleanup import delete_stored, delete_voice, with_reserve
from cloning.jobs.clips import ReferenceUpload
from cloning.models import Agreement, Deed, Generation, Voice, VoiceConsent
from cloning.storage.space import require_free_space

UNKNOWN = "There is no such consent; it may have been deleted."
STATE_IT = "State how whoever is heard agreed: own, written or public_domain."
ONLY_RECORDED = (
    "This server speaks only with voices that have a recorded statement: make one on the page “Voices”."
)


@dataclass(frozen=True)
class Statement:
    """What a voice is to stand on: a saved consent, or an unsaved one with its recording."""

    consent: VoiceConsent
    recording: ReferenceUpload | None = None


def require_of_clips(agreement: str) -> None:
    """Of clips that are sent with a text. Raises GenerationError (CONSENT_REQUIRED)."""
    if settings.REQUIRE_CONSENT == "recorded":
        raise GenerationError(ErrorCode.CONSENT_REQUIRED, ONLY_RECORDED)
    if settings.REQUIRE_CONSENT == "stated" and not agreement:
        raise GenerationError(ErrorCode.CONSENT_REQUIRED, STATE_IT)


def require_of_voice(voice: Voice, field: str = "voice") -> None:
    """Raises GenerationError (CONSENT_REQUIRED, of the field that was to name it)."""
    if settings.REQUIRE_CONSENT == "recorded" and not is_matched(voice):
        message = (
            f"The voice “{voice}” has no recorded statement that was compared with its clips, as this server requires: "
            "add one on the page of the voice."
        )
        raise GenerationError(ErrorCode.CONSENT_REQUIRED, message, field=field)
    if settings.REQUIRE_CONSENT == "stated" and not voice.agreement:
        message = (
            f"Whoever is heard in the voice “{voice}” has to have agreed: state how on the page of the voice."
        )
        raise GenerationError(ErrorCode.CONSENT_REQUIRED, message, field=field)


def require_of_new_voice(voice: Voice) -> None:
    """Raises GenerationError (CONSENT_REQUIRED)."""
    if settings.REQUIRE_CONSENT == "recorded" and not is_matched(voice):
        message = (
            "This server requires a recorded statement of whoever is heard: record it, or choose its file."
        )
        raise GenerationError(ErrorCode.CONSENT_REQUIRED, message)
    if settings.REQUIRE_CONSENT == "stated" and not voice.agreement:
        raise GenerationError(ErrorCode.CONSENT_REQUIRED, STATE_IT)


def require_to_go_on(generation: Generation) -> None:
    """Of what was queued before, perhaps when less was required. Raises GenerationError (CONSENT_REQUIRED)."""
    if settings.REQUIRE_CONSENT == "off":
        return
    if generation.is_dialogue:
        for speaker in generation.cast.exclude(references=None).select_related("voice").distinct():
            if speaker.voice is None:
                require_of_clips(Agreement.NOT_STATED)
            else:
                require_of_voice(speaker.voice)
    elif generation.voice:
        require_of_voice(generation.voice)
    elif generation.references.exists():
        require_of_clips(generation.agreement)


def is_matched(voice: Voice) -> bool:
    """Whether it stands on a recorded statement that was compared with its clips."""
    is_recorded = voice.agreement == Agreement.RECORDED and voice.consent_id is not None
    return is_recorded and voice.speaker_similarity is not None


@contextmanager
def stored(statement: Statement | None) -> Iterator[None]:
    """Stores the recording of one that is unsaved; it goes again where what follows fails."""
    if statement is None or statement.recording is None:
        yield
        return
    consent, recording = statement.consent, statement.recording
    consent.suffix, consent.format_name = recording.suffix, recording.format_name[:64]
    consent.sha256, consent.duration_seconds = recording.sha256, recording.duration_seconds
    consent.size_bytes = recording.upload.size or 0
    recording.upload.seek(0)
    consent.recording.save("", File(recording.upload), save=False)
    try:
        yield
    except BaseException:
        delete_stored(consent.recording.name or "")
        raise


def insert(consent: VoiceConsent) -> None:
    """Of a stored statement, in a transaction."""
    consent.save(force_insert=True)
    record(Deed.CONSENT_GIVEN, about=describe(consent))


def create(consent: VoiceConsent, recording: ReferenceUpload) -> None:
    """Saves an unsaved row with its recording, or keeps nothing. Raises GenerationError, OSError and DatabaseError."""
    require_free_space()
    limits.require_storage()
    with stored(Statement(consent, recording)), transaction.atomic():
        insert(consent)
        idempotency.complete(consent)


def rename(consent: VoiceConsent) -> None:
    """Raises GenerationError (CONSENT_UNKNOWN)."""
    if not VoiceConsent.objects.filter(pk=consent.pk).update(name=consent.name):
        raise GenerationError(ErrorCode.CONSENT_UNKNOWN, UNKNOWN)


def bind(voice: Voice, statement: Statement | None = None) -> None:
    """What a voice stands on, in the transaction that saves it. Raises GenerationError."""
    if statement:
        if statement.recording:
            insert(statement.consent)
        voice.consent = statement.consent
    if voice.agreement != Agreement.RECORDED:
        voice.consent, voice.speaker_similarity = None, None
    elif voice.consent_id is None:
        raise GenerationError(
            ErrorCode.CONSENT_REQUIRED, "Record the statement, or choose its file.", field="statement"
        )
    else:
        kept = VoiceConsent.objects.filter(pk=voice.consent_id, owner=voice.owner)
        if not kept.select_for_update(of=("self",)).exists():
            raise GenerationError(ErrorCode.CONSENT_REQUIRED, UNKNOWN)


def delete(consent: VoiceConsent) -> bool:
    """Whether it was still there. Raises GenerationError (CONSENT_IN_USE) while a voice stands on it.

    A voice that is deleted and could be brought back is so no more.
    """
    return bool(with_reserve(lambda: delete_unused(consent)))


def delete_unused(consent: VoiceConsent) -> int:
    if not VoiceConsent.objects.select_for_update(of=("self",)).filter(pk=consent.pk).exists():
        return 0
    voices = list(Voice.objects.filter(consent=consent).order_by("pk").select_for_update(of=("self",)))
    if voice := next((voice for voice in voices if voice.deleted_at is None), None):
        raise GenerationError(
            ErrorCode.CONSENT_IN_USE, f"The voice “{voice}” stands on this consent: delete the voice first."
        )
    for voice in voices:
        delete_voice(voice.pk)
    record(Deed.CONSENT_DELETED, about=describe(consent))
    return VoiceConsent.objects.filter(pk=consent.pk).delete()[0]


def describe(consent: VoiceConsent) -> str:
    return f"consent {consent.pk}, {consent.name}"
