"""The only place that deletes files."""

import logging
from collections.abc import Sequence

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.signals import post_delete, pre_delete
from django.dispatch import receiver

from cloning.models import Generation, Reference, Voice, conditioning_folder

logger = logging.getLogger(__name__)


def forget_unused(references: Sequence[Reference]) -> None:
    """Deletes the references that no generation and no voice uses any more, and what was derived from the set."""
    unused = [reference for reference in references if not reference.is_used()]
    if unused:
        delete_stored_folder_on_commit(conditioning_folder(references))
    for reference in unused:
        reference.delete()


def delete_stored(name: str) -> None:
    """Deletes a file that is not needed any more. A storage that fails is a warning: the sweep finds the file again."""
    try:
        default_storage.delete(name)
    except OSError as error:
        logger.warning("%s could not be deleted: %s", name, error)


def delete_stored_on_commit(name: str) -> None:
    transaction.on_commit(lambda: default_storage.delete(name))


def delete_stored_folder_on_commit(folder: str) -> None:
    def delete() -> None:
        try:
            _, files = default_storage.listdir(folder)
        except FileNotFoundError:  # never conditioned
            return
        for file in files:
            default_storage.delete(f"{folder}/{file}")
        default_storage.delete(folder)

    transaction.on_commit(delete)


@receiver(pre_delete, sender=Generation)
@receiver(pre_delete, sender=Voice)
def remember_references(instance: Generation | Voice, **_: object) -> None:
    # Read before the rows that tie them together are gone.
    instance.deleted_references = list(instance.references.all())  # type: ignore[union-attr]


@receiver(post_delete, sender=Generation)
def delete_generated_file(instance: Generation, **_: object) -> None:
    if instance.audio.name:
        delete_stored_on_commit(instance.audio.name)


@receiver(post_delete, sender=Generation)
@receiver(post_delete, sender=Voice)
def delete_unused_references(instance: Generation | Voice, **_: object) -> None:
    forget_unused(instance.deleted_references)  # type: ignore[union-attr]


@receiver(post_delete, sender=Reference)
def delete_reference_files(instance: Reference, **_: object) -> None:
    for file in (instance.file, instance.normalized):
        if file.name:
            delete_stored_on_commit(file.name)
