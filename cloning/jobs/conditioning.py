"""The conditioning of a set of references, kept for as long as a generation, a voice or a speaker has that set."""

from collections.abc import Sequence

from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction

from cloning.jobs.cleanup import delete_stored
from cloning.models import Reference, StoredConditioning, VoiceGain, identify_set, is_set_used


def find_conditioning(references: Sequence[Reference], engine_key: str) -> StoredConditioning | None:
    return StoredConditioning.objects.filter(set_id=identify_set(references), engine_key=engine_key).first()


def store_conditioning(
    references: Sequence[Reference], engine_key: str, content: bytes, learning_seconds: float
) -> StoredConditioning | None:
    """Keeps it, unless it is known already, or nothing has just these references any more: None then."""
    stored = StoredConditioning(
        set_id=identify_set(references), engine_key=engine_key, learning_seconds=learning_seconds
    )
    stored.file.save("", ContentFile(content), save=False)
    kept = False
    try:
        kept = insert_if_used(stored, references)
    except IntegrityError:  # another worker derived it at the same time
        pass
    finally:
        if not kept:
            delete_stored(stored.file.name or "")
    return stored if kept else None


def insert_if_used(stored: StoredConditioning, references: Sequence[Reference]) -> bool:
    with transaction.atomic():
        locked = Reference.objects.filter(pk__in=[reference.pk for reference in references]).lock()
        if len(locked) < len(references) or not is_set_used(references):
            return False
        stored.save(force_insert=True)
        stored.references.set(references)
    return True


def store_gain(gain: VoiceGain) -> None:
    """Keeps it, unless another worker was quicker, or its conditioning is gone."""
    with transaction.atomic():
        if StoredConditioning.objects.select_for_update().filter(pk=gain.conditioning_id).first():
            measured = {"gain_db": gain.gain_db, "measured_seconds": gain.measured_seconds}
            VoiceGain.objects.get_or_create(
                conditioning_id=gain.conditioning_id, language=gain.language, defaults=measured
            )
