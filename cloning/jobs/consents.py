"""Recorded consents: kept, bound to the voices that are made with them, deleted once none stands on them.

That a recording says what it has to, in the voice that it is for, is not looked at: whoever does is to do it in `bind`.
"""

from django.core.files.base import File
from django.db import transaction

from cloning.errors import ErrorCode, GenerationError
from cloning.jobs import idempotency, limits
from cloning.jobs.audit import record
from cloning.jobs.cleanup import delete_stored, delete_voice, with_reserve
from cloning.jobs.clips import ReferenceUpload
from cloning.models import Deed, Voice, VoiceConsent
from cloning.storage.space import require_free_space

UNKNOWN = "There is no such consent; it may have been deleted."


def create(consent: VoiceConsent, recording: ReferenceUpload) -> None:
    """Saves an unsaved row with its recording, or keeps nothing. Raises GenerationError, OSError and DatabaseError."""
    require_free_space()
    limits.require_storage()
    consent.suffix, consent.format_name = recording.suffix, recording.format_name[:64]
    consent.sha256, consent.duration_seconds = recording.sha256, recording.duration_seconds
    consent.size_bytes = recording.upload.size or 0
    recording.upload.seek(0)
    consent.recording.save("", File(recording.upload), save=False)
    try:
        with transaction.atomic():
            consent.save(force_insert=True)
            idempotency.complete(consent)
            record(Deed.CONSENT_GIVEN, about=describe(consent))
    except BaseException:
        delete_stored(consent.recording.name or "")
        raise


def rename(consent: VoiceConsent) -> None:
    """Raises GenerationError (CONSENT_UNKNOWN)."""
    if not VoiceConsent.objects.filter(pk=consent.pk).update(name=consent.name):
        raise GenerationError(ErrorCode.CONSENT_UNKNOWN, UNKNOWN)


def bind(voice: Voice) -> None:
    """Whether a voice may stand on its consent, in the transaction that saves it. Raises GenerationError."""
    if voice.consent_id is None:
        return
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
