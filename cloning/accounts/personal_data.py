"""All that is somebody's, as entries of an archive: what was spoken, clips, voices, consents, and
what the site knows besides.

Read a few rows at a time, while it is sent. An archive keeps a list of its entries until it ends, so that whoever has
very many generations gets several.
"""

import json
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Self

from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone

from cloning.engines import registry
from cloning.jobs.audit import write_line
from cloning.models import (
    ApiKey,
    AuditEntry,
    Batch,
    Book,
    Generation,
    Pronunciation,
    Reference,
    Voice,
    VoiceAlias,
    VoiceConsent,
    Webhook,
    XttsSettings,
)
from cloning.storage.archives import Entry
from cloning.storage.voice_archives import VoiceArchive
from cloning.text.naming import name_download

GENERATIONS_A_PART = 5_000
AT_ONCE = 50
LINES_AT_ONCE = 500
MAX_LINE_BYTES = 4 * 1024
"""Of the log of deeds; at most."""


def count_parts(user: User) -> int:
    return max(1, -(-Generation.objects.listed().filter(owner=user).count() // GENERATIONS_A_PART))


def list_entries(user: User, part: int = 1) -> Iterator[Entry]:
    """Of one of the parts; what is not a generation's is in the first."""
    start = (part - 1) * GENERATIONS_A_PART
    own = Generation.objects.listed().filter(owner=user).order_by("created_at", "pk")
    ids = list(own.values_list("pk", flat=True)[start : start + GENERATIONS_A_PART])
    voices = list(Voice.objects.kept().filter(owner=user).values_list("pk", flat=True)) if part == 1 else []
    unused = Reference.objects.filter(owner=user, generations=None).values_list("pk", flat=True)
    return generate_entries(user, part, ids, voices, list(unused) if part == 1 else [])


def generate_entries(
    user: User,
    part: int,
    generation_ids: Sequence[uuid.UUID],
    voice_ids: Sequence[uuid.UUID],
    unused_ids: Sequence[uuid.UUID],
) -> Iterator[Entry]:
    """Each step may be in another thread, and leaves no connection behind there."""
    if part == 1:
        yield describe("account", describe_account(user))
        yield describe("pronunciations", describe_pronunciations(user))
        yield describe("keys", describe_keys(user))
        yield describe("aliases", describe_aliases(user))
        yield from describe_consents(user)
        yield describe("webhooks", describe_webhooks(user))
        yield describe("batches", describe_batches(user))
        yield Entry("audit.jsonl", timezone.now(), partial(AuditLines, user))
        leave_no_connection()
    for pk in voice_ids:
        if voice := Voice.objects.prefetch_related("references").filter(pk=pk).first():
            name = f"voices/{name_download(voice.name, '') or voice.pk}.zip"
            archive = partial(VoiceArchive, voice, list(voice.references.all()))
            leave_no_connection()
            yield Entry(name, voice.created_at, archive)
    if part == 1:
        yield from describe_books(user)
    clips = set[str]()
    for ids in batches(generation_ids):
        rows = list(
            Generation.objects.filter(pk__in=ids)
            .select_related("voice")
            .prefetch_related("references", "cast__voice")
            .defer("peaks", "text")
            .order_by("created_at", "pk")
        )
        # Rows refer to themselves, by their files, and stay in memory for a while: their texts are not to.
        texts = dict(Generation.objects.filter(pk__in=ids).values_list("pk", "text"))
        leave_no_connection()
        for row in rows:
            yield from describe_generation(row, texts.get(row.pk, ""))
            own = [each for each in row.references.all() if each.owner_id == user.pk]
            yield from take_clips(own, clips)
    for ids in batches(unused_ids):
        found = list(Reference.objects.filter(pk__in=ids))
        leave_no_connection()
        yield from take_clips(found, clips)


def describe_books(user: User) -> Iterator[Entry]:
    """Chapter by chapter, as the history does not show them."""
    for pk in list(Book.objects.kept().filter(owner=user).values_list("pk", flat=True)):
        if (book := Book.objects.filter(pk=pk).first()) is None:
            continue
        folder = f"books/{book.created_at:%Y-%m-%d}-{name_download('', book.title) or 'book'}-{pk}"
        chapters = list(book.chapters.values("index", "title", "text"))
        rows = list(
            Generation.objects.filter(chapter__book=pk).select_related("chapter").defer("peaks", "text")
        )
        content = {"title": book.title, "author": book.author, "status": book.status, "chapters": chapters}
        leave_no_connection()
        yield describe(f"{folder}/book", content, book.created_at)
        if book.cover:
            yield Entry(f"{folder}/cover.jpg", book.created_at, partial(book.cover.open, "rb"))
        for row in rows:
            if row.has_file and row.chapter:
                name = f"{folder}/{row.chapter.index + 1:03d}.{row.audio_format}"
                yield Entry(name, row.created_at, partial(row.audio.open, "rb"))


def leave_no_connection() -> None:
    """In this thread, which nobody comes back to; unless a transaction goes on in it."""
    if not connection.in_atomic_block:
        connection.close()


def batches(ids: Sequence[uuid.UUID]) -> Iterator[Sequence[uuid.UUID]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))


def describe(name: str, content: Any, made_at: datetime | None = None) -> Entry:
    """As JSON."""
    data = json.dumps(content, ensure_ascii=False, indent=2, default=write_time).encode()
    return Entry(f"{name}.json", made_at or timezone.now(), lambda: ContentFile(data))


def write_time(value: Any) -> str:
    return str(value.isoformat() if isinstance(value, datetime) else value)


def describe_account(user: User) -> dict[str, Any]:
    return {
        "name": user.get_username(),
        "email": user.email,
        "made_at": user.date_joined,
        "last_sign_in_at": user.last_login,
        "is_operator": user.is_staff,
    }


def describe_pronunciations(user: User) -> list[Any]:
    names = ("language", "word", "spelling", "created_at")
    return list(Pronunciation.objects.filter(owner=user).values(*names))


def describe_keys(user: User) -> list[Any]:
    """What they are called: nobody has the keys themselves."""
    names = ("name", "prefix", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at")
    return [
        {name: getattr(key, name) for name in names} | {"xtts_settings": describe_xtts_settings(key)}
        for key in ApiKey.objects.filter(owner=user).select_related("xtts_settings")
    ]


def describe_xtts_settings(key: ApiKey) -> dict[str, Any] | None:
    settings: XttsSettings | None = getattr(key, "xtts_settings", None)
    return settings.values if settings else None


def describe_aliases(user: User) -> dict[str, str]:
    """What names mean, by name."""
    rows = VoiceAlias.objects.filter(owner=user).select_related("voice")
    return {row.name: row.voice.name if row.voice else row.stock_voice for row in rows}


def describe_consents(user: User) -> Iterator[Entry]:
    """A list of them, and the recordings."""
    rows = list(VoiceConsent.objects.filter(owner=user).prefetch_related("voices"))
    names = {row.pk: f"consents/{row.pk}{row.suffix}" for row in rows}
    listed = [
        {
            "file": names[row.pk],
            "name": row.name,
            "language": row.language,
            "created_at": row.created_at,
            "voices": [voice.name for voice in row.voices.all() if voice.deleted_at is None],
        }
        for row in rows
    ]
    yield describe("consents", listed)
    for row in rows:
        yield Entry(names[row.pk], row.created_at, partial(row.recording.open, "rb"))


def describe_webhooks(user: User) -> list[Any]:
    """Without what they are signed with, which is a program's."""
    names = ("url", "events", "created_at", "disabled_at")
    return list(Webhook.objects.filter(owner=user).values(*names))


def describe_batches(user: User) -> list[Any]:
    """Their rows are generations."""
    return list(Batch.objects.filter(owner=user).values("id", "name", "total", "created_at", "completed_at"))


class AuditLines:
    """What stands in the log of deeds of what they did, as a file of which some lines are in memory."""

    def __init__(self, user: User) -> None:
        self._rows = AuditEntry.objects.filter(user=user).order_by("pk")
        self._last = 0
        self.size = self._rows.count() * MAX_LINE_BYTES
        leave_no_connection()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def read(self, _size: int) -> bytes:
        """The next lines, of whatever length; empty at the end."""
        found = list(self._rows.filter(pk__gt=self._last)[:LINES_AT_ONCE])
        leave_no_connection()
        self._last = found[-1].pk if found else self._last
        return "".join(map(write_line, found)).encode()


def describe_generation(row: Generation, text: str) -> Iterator[Entry]:
    """What was asked, and the sound that came of it, beside each other."""
    voice = row.voice.name if row.voice else registry.stock_voice_name(row.stock_voice)
    name = f"generations/{row.created_at:%Y-%m-%d}-{name_download(voice, text) or 'speech'}-{row.pk}"
    audio = f"{name}.{row.audio_format}" if row.has_file else None
    content = {
        "id": row.pk,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
        "status": row.status,
        "text": text,
        "language": row.language,
        "speed": row.speed,
        "temperature": row.temperature,
        "seed": row.seed,
        "engine": row.engine,
        "voice": voice or None,
        "consent": row.agreement or None,
        "batch": row.batch_id,
        "batch_row": row.batch_row or None,
        "cast": {each.name: each.voice.name if each.voice else each.stock_voice for each in row.cast.all()},
        "clips": [describe_clip(reference) for reference in row.references.all()],
        "duration_seconds": row.duration_seconds,
        "starred": row.is_starred,
        "error": row.error_message or None,
        "audio": audio,
    }
    yield describe(name, content, row.created_at)
    if audio:
        yield Entry(audio, row.created_at, partial(row.audio.open, "rb"))


def describe_clip(reference: Reference) -> dict[str, Any]:
    return {
        "file": clip_name(reference),
        "name": reference.original_name,
        "start_seconds": reference.start_seconds,
        "end_seconds": reference.end_seconds,
    }


def clip_name(reference: Reference) -> str:
    """The parts of a clip have one file."""
    return f"clips/{reference.sha256}{reference.suffix}"


def take_clips(references: Sequence[Reference], taken: set[str]) -> Iterator[Entry]:
    for reference in references:
        if (name := clip_name(reference)) not in taken:
            taken.add(name)
            yield Entry(name, reference.created_at, partial(reference.file.open, "rb"))
