"""Every change of the pronunciations, and what of them a text is spoken with."""

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from cloning.errors import ErrorCode, GenerationError
from cloning.jobs.cleanup import with_reserve
from cloning.models import Pronunciation
from cloning.storage.space import require_free_space

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MAX_PRONUNCIATIONS = 1_000
"""Of one owner."""


def read_spellings(language: str, owner: "User | None") -> dict[str, str]:
    """By word. What is spoken already keeps what it was spoken with."""
    found = Pronunciation.objects.filter(owner=owner, language=language)
    return dict(found.values_list("word", "spelling"))


def save(pronunciation: Pronunciation) -> Pronunciation:
    """Raises GenerationError (WORD_TAKEN, TOO_MANY_PRONUNCIATIONS, PRONUNCIATION_UNKNOWN)."""
    require_free_space()
    is_new = pronunciation._state.adding
    if is_new and Pronunciation.objects.filter(owner=pronunciation.owner).count() >= MAX_PRONUNCIATIONS:
        raise GenerationError(
            ErrorCode.TOO_MANY_PRONUNCIATIONS,
            f"There are {MAX_PRONUNCIATIONS} pronunciations already: delete one first.",
        )
    try:
        with transaction.atomic():
            if is_new:
                pronunciation.save(force_insert=True)
            elif not Pronunciation.objects.filter(pk=pronunciation.pk).select_for_update().exists():
                raise GenerationError(ErrorCode.PRONUNCIATION_UNKNOWN, "It was deleted in this moment.")
            else:
                pronunciation.save(update_fields=["language", "word", "word_key", "spelling"])
    except IntegrityError as error:  # another request took the word in this moment
        raise GenerationError(
            ErrorCode.WORD_TAKEN, "There is a pronunciation of this word already."
        ) from error
    return pronunciation


def delete(pronunciation: Pronunciation) -> bool:
    """Whether it was still there."""
    rows = Pronunciation.objects.filter(pk=pronunciation.pk)
    return bool(with_reserve(lambda: rows.delete()[0]))
