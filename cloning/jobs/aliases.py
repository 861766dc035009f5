"""What the names that programs ask for mean to somebody, before `VOICE_ALIASES` says what they mean to everybody."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from cloning.engines.base import StockVoice
from cloning.errors import ErrorCode, GenerationError
from cloning.jobs.cleanup import with_reserve
from cloning.models import Voice, VoiceAlias, choose_owner, fold_name
from cloning.storage.space import require_free_space

if TYPE_CHECKING:
    from cloning.models.ownership import AnyUser

NAMES = (
    *("alloy", "ash", "ballad", "coral", "echo", "fable", "onyx"),
    *("nova", "sage", "shimmer", "verse", "marin", "cedar"),
)
"""Of OpenAI's voices. Programs offer no others at times."""
MAX_ALIASES = 100
"""Of one owner."""


def find_aliases(user: "AnyUser | None") -> QuerySet[VoiceAlias]:
    """Their own; without accounts the server's."""
    return VoiceAlias.objects.owned_by(user).filter(owner=choose_owner(user)).select_related("voice")


def find_alias(name: str, user: "AnyUser | None") -> VoiceAlias | None:
    return find_aliases(user).filter(name_key=fold_name(name)).first()


def save(meanings: Mapping[str, Voice | StockVoice | None], user: "AnyUser | None") -> None:
    """By name; None is no meaning. Other names keep theirs. Raises GenerationError (VOICE_UNKNOWN and others)."""
    require_free_space()
    try:  # another request may give the same name a meaning in this moment
        with_reserve(lambda: write(meanings, user))
    except IntegrityError as error:
        raise GenerationError(ErrorCode.DATABASE_BUSY, "The server's database is busy.") from error


def write(meanings: Mapping[str, Voice | StockVoice | None], user: "AnyUser | None") -> int:
    owner = choose_owner(user)
    lock_voices(meanings, user)
    found = find_aliases(user)
    found.filter(name_key__in=[fold_name(name) for name in meanings]).delete()
    rows = [make(name, voice) for name, voice in meanings.items() if voice is not None]
    if found.count() + len(rows) > MAX_ALIASES:
        raise GenerationError(
            ErrorCode.TOO_MANY_ALIASES, f"There are {MAX_ALIASES} names already: remove one first."
        )
    for row in rows:
        row.owner = owner
        row.save(force_insert=True)
    return len(rows)


def lock_voices(meanings: Mapping[str, Voice | StockVoice | None], user: "AnyUser | None") -> None:
    """Until the end of the transaction none of them is deleted."""
    wanted = {voice.pk for voice in meanings.values() if isinstance(voice, Voice)}
    rows = Voice.objects.kept().visible_to(user).filter(pk__in=wanted).order_by("pk")
    with transaction.atomic():
        if wanted != {row.pk for row in rows.select_for_update(of=("self",)).only("pk")}:
            raise GenerationError(
                ErrorCode.VOICE_UNKNOWN, "There is no such voice; it may have been deleted in this moment."
            )


def make(name: str, voice: Voice | StockVoice) -> VoiceAlias:
    if isinstance(voice, Voice):
        return VoiceAlias(name=name, voice=voice)
    return VoiceAlias(name=name, stock_voice=voice.key)
