"""Revocation: somebody takes back that a voice was made of theirs, and everything that stands on it goes for good.

In one transaction the voice is hidden and empty, its clips are deleted with all that was derived from them, and what
was spoken with it, by whomever, is stopped and hidden: from then on nothing of it is spoken, heard or fetched. Rows and
files go after that, by whoever revokes as long as that takes no time, and else by a worker within a second or two. What
stays is an entry of the audit, which names ids and numbers alone (ADR 48).
"""

import logging
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.contrib.admin.models import LogEntry
from django.db import connection
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from cloning.errors import ErrorCode, GenerationError
from cloning.jobs.audit import forget_names, record
from cloning.jobs.batches.ending import announce_end, complete
from cloning.jobs.cleanup import delete_stored_on_commit, with_reserve
from cloning.jobs.notifications import notify
from cloning.jobs.webhooks.outbox import forget_failures
from cloning.models import (
    REVOKED_AT,
    Book,
    BookStatus,
    Deed,
    Generation,
    Reference,
    SoundChunk,
    Speaker,
    Status,
    Take,
    Voice,
    VoiceAlias,
    VoiceConsent,
)

logger = logging.getLogger(__name__)

AT_ONCE = 50
MAX_TRIES = 5
REQUEST_SECONDS = 3.0
"""For which whoever asks waits for rows and files to be deleted."""
CHECKPOINT_MS = 500
REVOKED = "The voice was revoked."


@dataclass(frozen=True)
class Standing:
    """What stands on some voices: the keys of its rows.

    A recording is its owner's: other voices of the same owner that hold it, or another part of it, go with it, and so
    does what anybody spoke with these. Who has sent the same recording by themselves keeps it, or else a copy of a clip
    would be enough to take a voice away from somebody.
    """

    voices: frozenset[uuid.UUID]
    references: frozenset[uuid.UUID]
    generations: frozenset[uuid.UUID]
    consents: frozenset[uuid.UUID]


@dataclass(frozen=True)
class Revocation:
    """What was deleted, or is deleted in this moment where it `is_finished` not."""

    voices: list[uuid.UUID]
    generations: int
    takes: int
    clips: int
    consents: int
    speech_seconds: float
    is_finished: bool


def find_standing(voice_ids: Collection[uuid.UUID]) -> Standing:
    recordings = Q(pk__in=[])
    clips = Reference.objects.filter(voices__in=voice_ids).order_by()
    for sha256, owner in set(clips.values_list("sha256", "owner")):
        recordings |= Q(sha256=sha256, owner=owner)
    references = frozenset(Reference.objects.filter(recordings).values_list("pk", flat=True))
    holding = Voice.references.through.objects.filter(reference__in=references)
    voices = frozenset(voice_ids) | frozenset(holding.values_list("voice", flat=True))
    others = Voice.objects.exclude(pk__in=voices).exclude(consent=None)
    consents = VoiceConsent.objects.filter(voices__in=voices).exclude(pk__in=others.values("consent"))
    return Standing(
        voices=voices,
        references=references,
        generations=find_spoken(voices, references),
        consents=frozenset(consents.values_list("pk", flat=True)),
    )


def find_spoken(voices: Collection[uuid.UUID], references: Collection[uuid.UUID]) -> frozenset[uuid.UUID]:
    """Alone, in dialogues, in books, in batches, as a sample; by whomever."""
    links = Generation.references.through.objects.filter(reference__in=references)
    cast = Speaker.objects.filter(voice__in=voices)
    found: tuple[QuerySet[Any, uuid.UUID], ...] = (
        Generation.objects.filter(voice__in=voices).order_by().values_list("pk", flat=True),
        Generation.objects.filter(sample_of__in=voices).order_by().values_list("pk", flat=True),
        cast.order_by().values_list("generation", flat=True),
        links.values_list("generation", flat=True),
    )
    return frozenset(pk for keys in found for pk in keys)


@dataclass(frozen=True)
class Outlook:
    """What goes, for who is asked whether it is to go."""

    generations: int
    generations_of_others: int
    speech_seconds: float
    clips: int
    consents: int
    books: int
    other_voices: list[Voice]


def foresee(voice: Voice) -> Outlook:
    standing = find_standing([voice.pk])
    spoken = Generation.objects.kept().filter(pk__in=standing.generations, sample_of=None)
    return Outlook(
        generations=spoken.filter(owner=voice.owner).count(),
        generations_of_others=spoken.exclude(owner=voice.owner).count() if voice.owner_id else 0,
        speech_seconds=spoken.aggregate(speech=Sum("duration_seconds"))["speech"] or 0.0,
        clips=len(standing.references),
        consents=len(standing.consents),
        books=Book.objects.kept().filter(chapters__generation__in=standing.generations).distinct().count(),
        other_voices=list(Voice.objects.kept().filter(pk__in=standing.voices - {voice.pk})),
    )


def find_same_recordings(voice: Voice) -> QuerySet[Voice]:
    """Voices of others that hold a recording of this one's, which its revocation leaves: for operators."""
    recordings = voice.references.values("sha256")
    return Voice.objects.filter(references__sha256__in=recordings).exclude(owner=voice.owner).distinct()


def revoke(voice: Voice, seconds: float | None = None) -> Revocation | None:
    """None where there is no such voice any more; for `seconds` rows and files may be deleted, or until all are gone.

    Raises GenerationError (DATABASE_BUSY).
    """
    return revoke_all(Voice.objects.filter(pk=voice.pk), (), seconds)


def revoke_consent(consent: VoiceConsent, seconds: float | None = None) -> Revocation | None:
    """As `revoke`, of all voices that stand on it and of itself. None where there is no such consent any more."""
    given = VoiceConsent.objects.filter(pk=consent.pk)
    return revoke_all(Voice.objects.filter(consent=consent), given, seconds)


def revoke_all(
    voices: QuerySet[Voice], consents: QuerySet[VoiceConsent] | tuple[()], seconds: float | None
) -> Revocation | None:
    give_up_at = None if seconds is None else time.monotonic() + seconds
    for _ in range(MAX_TRIES):
        with suppress(AddedMeanwhileError):
            revoked = with_reserve(partial(revoke_now, voices, consents))
            break
    else:
        raise GenerationError(ErrorCode.DATABASE_BUSY, "Much is being spoken with it: try again.")
    if revoked is None:
        return None
    logger.info("Voices revoked: %s", ", ".join(map(str, revoked.voices)))
    return replace(revoked, is_finished=finish_all(give_up_at))


class AddedMeanwhileError(Exception):
    """Somebody added to what goes before it was locked: try again."""


def revoke_now(voices: QuerySet[Voice], given: QuerySet[VoiceConsent] | tuple[()]) -> Revocation | None:
    """In a transaction. Raises AddedMeanwhileError."""
    ids = set(voices.filter(is_not_revoked()).values_list("pk", flat=True))
    standing = find_standing(ids)
    lock(standing)
    still_there = Voice.objects.filter(is_not_revoked(), pk__in=ids).count()
    if find_standing(ids) != standing or still_there < len(ids):
        raise AddedMeanwhileError
    consents = standing.consents | {consent.pk for consent in given}
    if not (ids or consents):
        return None
    revoked = count(standing, consents)
    stop(standing.generations)
    hide(standing.voices)
    forget_names(standing.voices, consents)
    for some in in_parts(standing.voices | standing.references | standing.generations | consents):
        LogEntry.objects.filter(object_id__in=map(str, some)).update(object_repr="", change_message="")
    VoiceConsent.objects.filter(pk__in=consents).delete()
    Reference.objects.filter(pk__in=standing.references).delete()
    leave_tombstones(revoked, consents)
    return revoked


def is_not_revoked() -> Q:
    return Q(deleted_at=None) | Q(deleted_at__gt=REVOKED_AT)


def lock(standing: Standing) -> None:
    """In the order of everybody else: voices, generations, references."""
    rows: tuple[tuple[QuerySet[Any], frozenset[uuid.UUID]], ...] = (
        (Voice.objects.all(), standing.voices),
        (Generation.objects.all(), standing.generations),
    )
    for found, ids in rows:
        for some in in_parts(ids):
            list(found.filter(pk__in=some).order_by("pk").select_for_update(of=("self",)).only("pk"))
    Reference.objects.filter(pk__in=standing.references).lock()


def count(standing: Standing, consents: Collection[uuid.UUID]) -> Revocation:
    generations, takes, speech_seconds = 0, 0, 0.0
    for some in in_parts(standing.generations):
        takes += Take.objects.filter(segment__generation__in=some).exclude(audio="").count()
        asked_for = Generation.objects.filter(pk__in=some, sample_of=None)
        generations += asked_for.count()
        speech_seconds += asked_for.aggregate(speech=Sum("duration_seconds"))["speech"] or 0.0
    return Revocation(
        voices=sorted(standing.voices),
        generations=generations,
        takes=takes,
        clips=len(standing.references),
        consents=len(consents),
        speech_seconds=speech_seconds,
        is_finished=False,
    )


def stop(ids: Collection[uuid.UUID]) -> None:
    """Whatever runs, and whatever a worker has in hand: what comes of it is thrown away. All of it is hidden."""
    now, batches = timezone.now(), set[uuid.UUID]()
    forget_failures(ids)
    for some in in_parts(ids):
        free_books(some)
        rows = Generation.objects.filter(pk__in=some)
        active = rows.active()
        waiting = list(active.filter(is_held=False, sample_of=None).only("pk", "batch"))
        batches.update(rows.exclude(batch=None).values_list("batch", flat=True))
        takes = Take.objects.filter(segment__generation__in=some)
        takes.filter(status__in=[Status.QUEUED, Status.RUNNING]).update(
            status=Status.CANCELLED, claim_token=None
        )
        SoundChunk.objects.filter(take__segment__generation__in=some).delete()
        active.update(
            status=Status.CANCELLED,
            stage="",
            finished_at=now,
            error_code=ErrorCode.VOICE_GONE,
            error_message=REVOKED,
        )
        rows.update(
            deleted_at=REVOKED_AT,
            chapter=None,
            is_held=False,
            is_join_due=False,
            claim_token=None,
            awaited_until=None,
        )
        for generation in waiting:
            announce_end(generation)
            notify(str(generation.pk))
    for pk in batches:
        complete(pk)


def free_books(ids: Collection[uuid.UUID]) -> None:
    """A book that it read is a draft again: its text is of whoever brought it, and another voice may read it."""
    books = Book.objects.filter(chapters__generation__in=ids).distinct()
    for book in books.exclude(audio="").only("audio"):
        delete_stored_on_commit(book.audio.name)
    Book.objects.filter(pk__in=list(books.values_list("pk", flat=True))).update(
        status=BookStatus.DRAFT,
        created_at=timezone.now(),
        audio="",
        audio_source="",
        error_code="",
        error_message="",
        charged=[],
    )


def hide(ids: Collection[uuid.UUID]) -> None:
    """For good: nothing can be brought back that was deleted so long ago."""
    VoiceAlias.objects.filter(voice__in=ids).delete()
    emptied = {"name": "", "name_key": "", "notes": "", "language": "", "is_shared": False, "consent": None}
    emptied |= {"agreement": "", "speaker_name": "", "agreement_note": "", "speaker_similarity": None}
    Voice.objects.filter(pk__in=ids).update(deleted_at=REVOKED_AT, **emptied)


def leave_tombstones(revocation: Revocation, consents: Collection[uuid.UUID]) -> None:
    about = (
        f"{revocation.generations} generations, {revocation.takes} takes, {revocation.clips} clips, "
        f"{revocation.consents} consents deleted"
    )
    for pk in revocation.voices:
        record(Deed.VOICE_REVOKED, Voice(pk=pk), about=about)
    for pk in sorted(consents):
        record(Deed.CONSENT_REVOKED, about=f"consent {pk}")


def finish_all(give_up_at: float | None = None) -> bool:
    """Deletes what was revoked, whoever did that. Whether all of it is gone. Cheap where there is nothing.

    `give_up_at` is of the monotonic clock.
    """
    is_begun = False
    for delete in list_deletions():
        if give_up_at is not None and time.monotonic() >= give_up_at:
            return False
        delete()
        is_begun = True
    if is_begun:
        forget_freed_pages()
    return True


def list_deletions() -> Iterator[Callable[[], object]]:
    """Each is to be called before the next is asked for."""
    rows: tuple[QuerySet[Any], ...] = (
        Generation.objects.filter(deleted_at=REVOKED_AT),
        Voice.objects.filter(deleted_at=REVOKED_AT),
    )
    for revoked in rows:
        while ids := list(revoked.order_by().values_list("pk", flat=True)[:AT_ONCE]):
            yield partial(with_reserve, revoked.filter(pk__in=ids).delete)


def forget_freed_pages() -> None:
    """SQLite's log of what it wrote has the pages as they were: it is emptied, if nobody reads in this moment."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        [patience_ms] = cursor.execute("PRAGMA busy_timeout").fetchone()
        cursor.execute(f"PRAGMA busy_timeout = {CHECKPOINT_MS}")
        try:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {patience_ms:d}")


def in_parts(ids: Collection[uuid.UUID]) -> Iterator[list[uuid.UUID]]:
    """In one order, and so many as a statement takes."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), AT_ONCE):
        yield ordered[start : start + AT_ONCE]
