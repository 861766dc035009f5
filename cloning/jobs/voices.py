"""Every change of a voice, and its sample: a sentence that it speaks to be heard by.

Who changes a voice locks first the voice, then its sample, then references. A sample that was spoken with other clips,
or in another language, goes with the change.
"""

import logging
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from cloning.engines import registry
from cloning.engines.base import StockVoice
from cloning.errors import ErrorCode, GenerationError
from cloning.jobs import consents, idempotency, limits, statements
from cloning.jobs.audit import record
from cloning.jobs.cleanup import delete_voice, with_reserve
from cloning.jobs.clips import MAX_REFERENCES, ReferenceUpload, use_clips
from cloning.jobs.consents import Statement
from cloning.jobs.submission import lock_queue, lock_voice, submit
from cloning.models import (
    MAX_NAME_CHARS,
    REVOKED_AT,
    Agreement,
    Channel,
    Deed,
    Generation,
    Reference,
    Voice,
    fold_name,
    random_seed,
)
from cloning.storage.space import require_free_space
from cloning.text.samples import SAMPLES

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from cloning.models.ownership import AnyUser

logger = logging.getLogger(__name__)

UNDO = timedelta(minutes=10)
"""For how long a voice that was deleted on the page can be brought back."""
DETAILS = (
    *("name", "language", "notes", "is_shared"),
    *("agreement", "speaker_name", "agreement_note", "consent", "speaker_similarity"),
)
LABELS = {
    **{"name": "name", "language": "language", "notes": "notes"},
    **{
        "agreement": "consent",
        "consent_id": "consent",
        "speaker_name": "speaker",
        "agreement_note": "consent note",
    },
}
"""What is recorded of a change of each."""
CONSENT_CHANGED = "The consent of this voice was changed in this moment."
OTHER_CLIP = "This clip is not in the voice of the recorded statement that this voice stands on."
NAME_TAKEN = "There is a voice of this name already. Choose another."


def create(
    voice: Voice,
    uploads: Sequence[ReferenceUpload],
    channel: Channel,
    statement: Statement | None = None,
) -> None:
    """Saves a new voice with its clips and what it stands on, and has it speak its sample.

    Raises GenerationError (NAME_TAKEN, CONSENT_REQUIRED, CONSENT_MISMATCH, CONSENT_SILENT and others).
    """
    require_free_space()
    limits.require_storage()
    if statement:
        voice.consent = statement.consent
        voice.speaker_similarity = statements.match(statement, uploads)
    consents.require_of_new_voice(voice)

    def save(references: Sequence[Reference]) -> None:
        insert(voice)
        voice.references.set(references)
        record(Deed.VOICE_CREATED, voice, about=describe_agreement(voice))
        idempotency.complete(voice)

    with consents.stored(statement):
        use_clips(uploads, voice.owner, save, prepare=lambda: consents.bind(voice, statement))
    speak_sample(voice, channel)


def describe_agreement(voice: Voice) -> str:
    if not voice.agreement:
        return ""
    recorded = f" {voice.consent_id}" if voice.consent_id else ""
    return f"consent: {voice.agreement}{recorded}"


def create_from(generation: Generation, name: str, agreement: Agreement = Agreement.NOT_STATED) -> Voice:
    """A voice of this name with the references of a generation, unless they are of somebody else's shared voice."""
    voice = Voice(owner=generation.owner, name=name, language=generation.language, agreement=agreement)
    consents.require_of_new_voice(voice)
    with transaction.atomic():
        references = Reference.objects.filter(generations=generation).lock()
        is_own = all(reference.owner_id == generation.owner_id for reference in references)
        if not references or not is_own or generation.is_dialogue:
            raise GenerationError(
                ErrorCode.REFERENCE_MISSING, "This generation has no clip that could be kept."
            )
        insert(voice)
        voice.references.set(references)
        record(Deed.VOICE_CREATED, voice, generation=generation, about=describe_agreement(voice))
    return voice


def insert(voice: Voice) -> None:
    with name_guarded():
        voice.save(force_insert=True)


@contextmanager
def name_guarded() -> Iterator[None]:
    """Two may take a name in the same moment: the database decides."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise GenerationError(ErrorCode.NAME_TAKEN, NAME_TAKEN) from error


def find_stock_voices(query: str = "", language: str = "") -> list[StockVoice]:
    """Of the engine that speaks now, as saved voices are searched for."""
    return [each for each in registry.stock_voices(language) if fold_name(query) in fold_name(each.name)]


def find_free_name(name: str, owner: "User | None") -> str:
    """The name, or the name with a number that no voice of the owner has."""
    free, number = name, 1
    while Voice.objects.kept().filter(owner=owner, name_key=fold_name(free)).exists():
        number += 1
        ending = f" {number}"
        free = name[: MAX_NAME_CHARS - len(ending)] + ending
    return free


def save_details(voice: Voice, channel: Channel, statement: Statement | None = None) -> None:
    """Writes name, language, notes, whether it is shared, and how whoever is heard agreed.

    Raises GenerationError (NAME_TAKEN, VOICE_UNKNOWN, CONSENT_REQUIRED, CONSENT_MISMATCH and others).
    """
    compared: list[Reference] = []
    if statement:
        compared = list(voice.references.all())
        voice.consent = statement.consent
        voice.speaker_similarity = statements.match(statement, compared)
    with consents.stored(statement), transaction.atomic():
        before = lock(voice)
        if statement:
            require_same_clips(voice, compared)
        elif before.consent_id == voice.consent_id:
            # Clips may have been added since it was read.
            voice.speaker_similarity = before.speaker_similarity
        elif voice.agreement == Agreement.RECORDED:
            raise GenerationError(ErrorCode.DATABASE_BUSY, CONSENT_CHANGED)
        consents.bind(voice, statement)
        if (before.agreement, before.consent_id) != (voice.agreement, voice.consent_id):
            consents.require_of_new_voice(voice)
        is_other_language = before.language != voice.language
        if is_other_language:
            drop_sample(voice)
        with name_guarded():
            voice.save(update_fields=["name_key", *DETAILS])
        record_change(before, voice)
    if is_other_language:
        speak_sample(voice, channel)


def record_change(before: Voice, voice: Voice) -> None:
    if voice.is_shared != before.is_shared:
        record(Deed.SHARED if voice.is_shared else Deed.UNSHARED, voice)
    if changed := [label for name, label in LABELS.items() if getattr(voice, name) != getattr(before, name)]:
        was = f", before: {before.name}" if "name" in changed else ""
        agreed = f", {describe_agreement(voice) or 'consent: not stated'}" if "consent" in changed else ""
        record(Deed.VOICE_CHANGED, voice, about=", ".join(dict.fromkeys(changed)) + was + agreed)


def require_same_clips(voice: Voice, compared: Sequence[Reference]) -> None:
    """As those that a statement was compared with. Raises GenerationError (DATABASE_BUSY)."""
    if {each.pk for each in voice.references.all()} != {each.pk for each in compared}:
        raise GenerationError(ErrorCode.DATABASE_BUSY, "The clips of this voice were changed in this moment.")


def compare_clips(voice: Voice, clips: Sequence[ReferenceUpload | Reference]) -> float | None:
    """Clips that are to be added, with the statement that the voice stands on; None where it stands on none.

    Raises GenerationError (CONSENT_MISMATCH and others).
    """
    if voice.consent is None:
        return None
    try:
        return statements.match(Statement(voice.consent), clips)
    except GenerationError as error:
        if error.code == ErrorCode.CONSENT_MISMATCH:
            raise GenerationError(error.code, OTHER_CLIP, field="reference") from error
        raise


def keep_similarity(voice: Voice, row: Voice, similarity: float | None) -> None:
    """Of clips that are added to a locked row, compared with the statement that `voice` had. Raises GenerationError."""
    if row.consent_id != voice.consent_id:
        raise GenerationError(ErrorCode.DATABASE_BUSY, CONSENT_CHANGED)
    if similarity is not None and row.speaker_similarity is not None:
        Voice.objects.filter(pk=row.pk).update(speaker_similarity=min(similarity, row.speaker_similarity))


def add_references(voice: Voice, uploads: Sequence[ReferenceUpload], channel: Channel) -> None:
    """Raises GenerationError (REFERENCE_TOO_MANY, VOICE_UNKNOWN, CONSENT_MISMATCH and others)."""
    require_free_space()
    consents.require_of_voice(voice, "reference")
    similarity = compare_clips(voice, uploads)

    def add(references: Sequence[Reference]) -> None:
        voice.references.add(*references)
        for reference in references:
            record(Deed.CLIP_ADDED, voice, about=f"clip {reference.pk}")
        if voice.references.count() > MAX_REFERENCES:
            raise GenerationError(
                ErrorCode.REFERENCE_TOO_MANY, f"A voice has at most {MAX_REFERENCES} clips: remove one first."
            )

    use_clips(
        uploads, voice.owner, add, prepare=lambda: keep_similarity(voice, begin_change(voice), similarity)
    )
    speak_sample(voice, channel)


def remove_reference(voice: Voice, reference_id: uuid.UUID, channel: Channel) -> None:
    """Raises GenerationError (REFERENCE_UNKNOWN, LAST_REFERENCE, VOICE_UNKNOWN)."""
    with transaction.atomic():
        begin_change(voice)
        reference = find_reference(voice, reference_id)
        if voice.references.count() == 1:
            raise GenerationError(
                ErrorCode.LAST_REFERENCE, "A voice needs a clip: add another first, or delete the voice."
            )
        voice.references.remove(reference)
        record(Deed.CLIP_REMOVED, voice, about=f"clip {reference.pk}")
    speak_sample(voice, channel)


def trim_reference(
    voice: Voice, reference_id: uuid.UUID, ends: tuple[float, float] | None, channel: Channel
) -> None:
    """Has the voice use another part of a clip; None is all of it.

    What was derived of the part of before goes, unless something else uses it. Raises GenerationError
    (REFERENCE_UNKNOWN, VOICE_UNKNOWN, CONSENT_MISMATCH and others).
    """
    if find_reference(voice, reference_id).ends == ends:
        return
    similarity = compare_clips(voice, [find_reference(voice, reference_id).make_part(ends)])
    with transaction.atomic():
        keep_similarity(voice, lock(voice), similarity)
        before = find_reference(voice, reference_id)
        drop_sample(voice)
        ours = Q(pk__in=voice.references.values("pk"))
        of_clip = Q(sha256=before.sha256, owner=before.owner)
        rows = Reference.objects.filter(of_clip | ours).lock()
        same_clip = (row for row in rows if row.sha256 == before.sha256)
        after = next((row for row in same_clip if row.ends == ends), None) or before.make_part(ends)
        if after._state.adding:
            after.save(force_insert=True)
        voice.references.add(after)
        voice.references.remove(before)
        record(Deed.CLIP_TRIMMED, voice, about=f"clip {before.pk}, from now on {after.pk}")
    speak_sample(voice, channel)


def find_reference(voice: Voice, reference_id: uuid.UUID) -> Reference:
    """Raises GenerationError (REFERENCE_UNKNOWN)."""
    if found := voice.references.filter(pk=reference_id).first():
        return found
    raise GenerationError(ErrorCode.REFERENCE_UNKNOWN, "This voice has no such clip, or not any more.")


def begin_change(voice: Voice) -> Voice:
    """Of its clips. The row as it is now."""
    row = lock(voice)
    drop_sample(voice)
    return row


def lock(voice: Voice) -> Voice:
    """As it is now, until the end of the transaction. Raises GenerationError."""
    row = Voice.objects.kept().select_for_update(of=("self",)).filter(pk=voice.pk).first()
    if row is None:
        raise GenerationError(ErrorCode.VOICE_GONE, "There is no such voice; it may have been deleted.")
    return row


def drop_sample(voice: Voice) -> None:
    Generation.objects.filter(sample_of=voice).delete()


def speak_sample(voice: Voice, channel: Channel) -> bool:
    """Has the voice speak a sentence, in place of the sample that it has. False when that can't be queued now."""
    language = voice.language or "en"
    sample = Generation(
        owner=voice.owner,
        voice=voice,
        sample_of=voice,
        requested_via=channel,
        text=SAMPLES[language],
        language=language,
        seed=random_seed(),
    )
    try:
        with transaction.atomic():
            lock_queue()
            lock_voice(voice, voice.owner)
            drop_sample(voice)
            submit(sample)
    except (GenerationError, DatabaseError) as error:
        logger.warning("The voice %s speaks no sample now: %s", voice.pk, error)
        return False
    return True


def delete_with_undo(voice: Voice) -> bool:
    """Hides the voice; the sweep deletes it for good once `UNDO` has passed."""
    kept = Voice.objects.kept().filter(pk=voice.pk)

    def hide() -> int:
        count = kept.update(deleted_at=timezone.now())
        if count:
            record(Deed.DELETED, voice)
        return count

    return bool(with_reserve(hide))


def restore(voice_id: uuid.UUID, user: "AnyUser | None") -> Voice | None:
    """Brings back what was deleted with undo, under another name where its own is taken; None if too late."""
    with transaction.atomic():
        owned = Voice.objects.owned_by(user).exclude(deleted_at=REVOKED_AT)
        row = owned.select_for_update(of=("self",)).filter(pk=voice_id).first()
        if row and row.deleted_at:
            row.name, row.deleted_at = find_free_name(row.name, row.owner), None
            with name_guarded():
                row.save(update_fields=["name", "name_key", "deleted_at"])
            record(Deed.RESTORED, row)
    return row


def find_restorable(user: "AnyUser | None") -> QuerySet[Voice]:
    """What was deleted, not revoked, and is still there."""
    return Voice.objects.owned_by(user).filter(deleted_at__gt=REVOKED_AT)


def find_deleted() -> QuerySet[Voice]:
    """What was deleted with undo and can't be brought back any more."""
    return Voice.objects.filter(deleted_at__lt=timezone.now() - UNDO, deleted_at__gt=REVOKED_AT)


def purge_deleted() -> None:
    """Cheap where there is nothing."""
    for voice in find_deleted():
        delete_voice(voice.pk)
