"""The only place that deletes files.

A file is deleted once the deletion of its row is committed; `sweeping.py` finds what a crash in between leaves. The
functions here are tied to the rows' own deletion, so that it makes no difference who deletes a row, or how.

Who deletes, and who adds a use, has the references locked: of two deletions at the same time the second sees that
nobody is left, and what is being used is not deleted.
"""

import logging
import uuid
from collections.abc import Callable, Collection
from typing import TypeVar

from django.core.files.storage import default_storage
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models.signals import m2m_changed, post_delete, pre_delete
from django.dispatch import receiver

from cloning.jobs.audit import record
from cloning.models import (
    Book,
    Deed,
    Encoding,
    Generation,
    Reference,
    StoredConditioning,
    Take,
    Voice,
    VoiceConsent,
)
from cloning.storage.local import is_disk_full
from cloning.storage.space import release_reserve

logger = logging.getLogger(__name__)

Result = TypeVar("Result")


def delete_stored(name: str) -> None:
    """Deletes a file that is not needed any more. A storage that fails is a warning: the sweep finds the file again."""
    try:
        default_storage.delete(name)
    except OSError as error:
        logger.warning("%s could not be deleted: %s", name, error)


def delete_stored_on_commit(name: str | None) -> None:
    if name:
        transaction.on_commit(lambda: delete_stored(name), robust=True)


def delete_generation(pk: uuid.UUID) -> bool:
    """Whether there was one to delete."""
    return bool(with_reserve(lambda: Generation.objects.filter(pk=pk).delete()[0]))


def delete_voice(pk: uuid.UUID) -> bool:
    """With its sample, all that was derived from it, and clips that nothing else uses. Whether there was one."""

    def delete() -> int:
        voice = Voice.objects.filter(pk=pk).first()
        count = Voice.objects.filter(pk=pk).delete()[0]
        if voice and count:
            record(Deed.DELETED, voice, about="for good")
        return count

    return bool(with_reserve(delete))


def delete_reference(pk: uuid.UUID) -> bool:
    """With what was derived from it. Whatever speaks with it goes on without."""
    return bool(with_reserve(lambda: Reference.objects.filter(pk=pk).delete()[0]))


def with_reserve(change: Callable[[], Result]) -> Result:
    """What `change` returns, in a transaction. On a full disk the reserve makes it possible."""
    try:
        with transaction.atomic():
            return change()
    except DatabaseError as error:
        if is_disk_full(error) and release_reserve():
            return with_reserve(change)
        raise


def release_references(reference_ids: Collection[uuid.UUID]) -> None:
    """Deletes those that nothing uses any more, and what was derived from sets that nothing uses.

    The caller has them locked.
    """
    for conditioning in StoredConditioning.objects.filter(references__in=reference_ids).distinct():
        if not conditioning.is_used():
            conditioning.delete()
    Reference.objects.filter(pk__in=reference_ids).unused().delete()


@receiver(pre_delete, sender=Generation)
def lock_generation(instance: Generation, **_: object) -> None:
    """Read again: it, or a take of it, may have succeeded since the caller read it, and has a file then."""
    row = Generation.objects.filter(pk=instance.pk).select_for_update()
    instance.audio = row.values_list("audio", flat=True).first()
    spoken = Take.objects.filter(segment__generation=instance.pk).exclude(audio="")
    for name in spoken.order_by().values_list("audio", flat=True):
        delete_stored_on_commit(name)


@receiver(pre_delete, sender=Generation)
@receiver(pre_delete, sender=Voice)
def lock_references(instance: Generation | Voice, **_: object) -> None:
    """Before the rows that tie them to the instance are gone."""
    used = Reference.objects.filter(pk__in=instance.references.values("pk")).lock()
    instance.released_ids = [reference.pk for reference in used]  # type: ignore[union-attr]


@receiver(post_delete, sender=Generation)
@receiver(post_delete, sender=Voice)
def delete_what_is_left(instance: Generation | Voice, **_: object) -> None:
    if isinstance(instance, Generation):
        delete_stored_on_commit(instance.audio.name)
        if instance.chapter_id:
            forget_book_file(instance.chapter_id)
    release_references(instance.released_ids)  # type: ignore[union-attr]


def forget_book_file(chapter_id: int) -> None:
    """The one that a chapter was in which is deleted."""
    for book in Book.objects.filter(chapters=chapter_id).exclude(audio="").only("audio"):
        Book.objects.filter(pk=book.pk, audio=book.audio.name).update(audio="", audio_source="")
        delete_stored_on_commit(book.audio.name)


@receiver(post_delete, sender=Book)
def delete_book_files(instance: Book, **_: object) -> None:
    delete_stored_on_commit(instance.audio.name)
    delete_stored_on_commit(instance.cover.name)


@receiver(post_delete, sender=Take)
@receiver(post_delete, sender=Encoding)
def delete_audio(instance: Take | Encoding, **_: object) -> None:
    delete_stored_on_commit(instance.audio.name)


@receiver(m2m_changed, sender=Generation.references.through)
@receiver(m2m_changed, sender=Voice.references.through)
def follow_change(
    instance: Generation | Voice, action: str, reverse: bool, pk_set: set[uuid.UUID] | None, **_: object
) -> None:
    """Of the references of a voice, in the admin say. Raises IntegrityError where one that is added was deleted."""
    if reverse:  # `reference.voices.add(voice)`, which nothing here does; to the sweep it makes no difference
        return
    if action.startswith("pre_"):
        if isinstance(instance, Voice):  # its sample was spoken with the clips of before
            Generation.objects.filter(sample_of=instance).delete()
        known_ids = {reference.pk for reference in instance.references.all()}
        added_ids = (pk_set or set()) if action == "pre_add" else set()
        locked_ids = {each.pk for each in Reference.objects.filter(pk__in=known_ids | added_ids).lock()}
        if not added_ids <= locked_ids:
            raise IntegrityError("A reference was deleted in this moment.")
        instance.released_ids = known_ids  # type: ignore[union-attr]
    elif instance.released_ids:  # type: ignore[union-attr]
        release_references(instance.released_ids)  # type: ignore[union-attr]


@receiver(pre_delete, sender=Reference)
def delete_what_is_derived(instance: Reference, **_: object) -> None:
    row = Reference.objects.filter(pk=instance.pk).select_for_update()
    instance.normalized = row.values_list("normalized", flat=True).first()  # a worker may have added it
    for conditioning in StoredConditioning.objects.filter(references=instance):
        conditioning.delete()


@receiver(post_delete, sender=Reference)
def delete_reference_files(instance: Reference, **_: object) -> None:
    """Another part of the clip may have the file; of two that go at once, the one that is committed last sees none."""
    name = instance.file.name or ""

    def delete_unshared() -> None:
        if not Reference.objects.filter(sha256=instance.sha256, file=name).exists():  # by the index
            delete_stored(name)

    transaction.on_commit(delete_unshared, robust=True)
    delete_stored_on_commit(instance.normalized.name)


@receiver(post_delete, sender=VoiceConsent)
def delete_recording(instance: VoiceConsent, **_: object) -> None:
    delete_stored_on_commit(instance.recording.name)


@receiver(pre_delete, sender=StoredConditioning)
def lock_conditioning(instance: StoredConditioning, **_: object) -> None:
    """A gain that a worker stores in this moment is then found and deleted, or not stored."""
    StoredConditioning.objects.select_for_update().filter(pk=instance.pk).first()


@receiver(post_delete, sender=StoredConditioning)
def delete_conditioning_file(instance: StoredConditioning, **_: object) -> None:
    delete_stored_on_commit(instance.file.name)
