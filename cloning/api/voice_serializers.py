"""Voices as the API answers with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse

from cloning.api.clip_serializers import CLIP_CHECK
from cloning.api.serializers import (
    NUMBER,
    STRING,
    TIME,
    UUID,
    Field,
    Serializer,
    download_url,
    format_rfc3339,
    list_of,
    nullable,
    schema_named,
)
from cloning.engines.base import StockVoice
from cloning.forms.voice_choice import STOCK
from cloning.jobs.measuring import load_report
from cloning.models import STATED, Generation, Reference, Status, Voice, VoiceConsent, is_owner
from cloning.text import LANGUAGES
from cloning.text.statements import SCRIPTS, StatementScript

if TYPE_CHECKING:
    from cloning.models.ownership import AnyUser


@dataclass(frozen=True)
class ReferenceOf:
    voice: Voice
    reference: Reference


def reference_url(voice: Voice, reference: Reference) -> str:
    return reverse("api-voice-reference", args=[voice.pk, reference.pk])


REFERENCE = Serializer[ReferenceOf](
    Field("id", UUID, lambda of, _: str(of.reference.pk)),
    Field("name", STRING, lambda of, _: of.reference.original_name),
    Field("duration_seconds", NUMBER, lambda of, _: round(of.reference.duration_seconds, 3)),
    Field(
        "start_seconds",
        {**nullable(NUMBER), "description": "Of the part that somebody chose; null: nobody has"},
        lambda of, _: of.reference.start_seconds,
    ),
    Field("end_seconds", nullable(NUMBER), lambda of, _: of.reference.end_seconds),
    Field(
        "check",
        {
            "anyOf": [schema_named("ClipCheck"), {"type": "null"}],
            "description": "What is good and bad about it; null until it is measured, or where it can't be",
        },
        lambda of, request: (
            CLIP_CHECK.serialize(report, request) if (report := load_report(of.reference)) else None
        ),
    ),
    Field("container", STRING, lambda of, _: of.reference.format_name),
    Field("size_bytes", {"type": "integer"}, lambda of, _: of.reference.size_bytes),
    Field("sha256", STRING, lambda of, _: of.reference.sha256),
    Field("audio_url", STRING, lambda of, _: reference_url(of.voice, of.reference)),
)


def find_sample(voice: Voice) -> Generation | None:
    return getattr(voice, "sample", None)


def sample_url(voice: Voice) -> str | None:
    """Of the sample, once it is spoken."""
    sample = find_sample(voice)
    return download_url(sample) if sample and sample.status == Status.SUCCEEDED else None


@dataclass(frozen=True)
class ListedVoice:
    """A saved voice, or a stock voice, which has no more than a name and the language that it speaks best."""

    id: str
    name: str
    is_stock: bool
    language: str | None
    notes: str = ""
    references: Sequence[ReferenceOf] = ()
    sample_url: str | None = None
    created_at: datetime | None = None
    last_used_at: datetime | None = None
    is_shared: bool = False
    is_own: bool = False
    consent: str | None = None
    speaker: str = ""
    consent_note: str = ""
    statement: VoiceConsent | None = None
    speaker_similarity: float | None = None


def list_saved(voice: Voice, user: "AnyUser") -> ListedVoice:
    """Of a voice that was read `with_last_use`. Of one that somebody else shares, clips and notes are not told."""
    is_own = is_owner(user, voice)
    return ListedVoice(
        id=str(voice.pk),
        name=voice.name,
        is_stock=False,
        language=voice.language or None,
        notes=voice.notes if is_own else "",
        references=[ReferenceOf(voice, each) for each in voice.references.all()] if is_own else [],
        sample_url=sample_url(voice),
        created_at=voice.created_at,
        last_used_at=getattr(voice, "last_used_at", None),
        is_shared=voice.is_shared,
        is_own=is_own,
        consent=voice.agreement or None,
        speaker=voice.speaker_name if is_own else "",
        consent_note=voice.agreement_note if is_own else "",
        statement=voice.consent if is_own else None,
        speaker_similarity=voice.speaker_similarity if is_own else None,
    )


def list_stock(voice: StockVoice) -> ListedVoice:
    return ListedVoice(STOCK + voice.key, voice.name, is_stock=True, language=voice.own_language or None)


def statement_of(voice: ListedVoice) -> VoiceConsent:
    assert voice.statement
    return voice.statement


def round_share(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


STATEMENT = Serializer[ListedVoice](
    Field("id", UUID, lambda voice, _: str(statement_of(voice).pk)),
    Field("name", STRING, lambda voice, _: statement_of(voice).name),
    Field("language", STRING, lambda voice, _: statement_of(voice).language),
    Field("duration_seconds", NUMBER, lambda voice, _: round(statement_of(voice).duration_seconds, 3)),
    Field(
        "speaker_similarity",
        {
            **nullable(NUMBER),
            "description": "Of its speaker and the clip that is least like, 1 at most; null: they were not compared",
        },
        lambda voice, _: round_share(voice.speaker_similarity),
    ),
    Field(
        "words_understood",
        {
            **nullable(NUMBER),
            "description": "How much of the sentence a recogniser has heard, 0 to 1; null: it was not checked",
        },
        lambda voice, _: round_share(statement_of(voice).words_understood),
    ),
)

VOICE = Serializer[ListedVoice](
    Field(
        "id",
        {
            "type": "string",
            "description": "What `voice` of a generation takes: a UUID, or `stock:` and a name",
        },
        lambda voice, _: voice.id,
    ),
    Field("name", STRING, lambda voice, _: voice.name),
    Field(
        "is_stock",
        {"type": "boolean", "description": "It comes with the engine: nobody's clone, without references"},
        lambda voice, _: voice.is_stock,
    ),
    Field(
        "language",
        {"enum": [*LANGUAGES, None], "description": "That of its sample, or that it speaks best; null: none"},
        lambda voice, _: voice.language,
    ),
    Field(
        "is_shared",
        {"type": "boolean", "description": "Its owner lets everybody with an account speak with it"},
        lambda voice, _: voice.is_shared,
    ),
    Field(
        "is_own",
        {"type": "boolean", "description": "Whether you may change it, and see its clips and notes"},
        lambda voice, _: voice.is_own,
    ),
    Field("notes", STRING, lambda voice, _: voice.notes),
    Field(
        "consent",
        {
            "enum": [*STATED, None],
            "description": "How whoever is heard agreed, as its owner has stated; null: not stated, or a stock voice",
        },
        lambda voice, _: voice.consent,
    ),
    Field("speaker", {**STRING, "description": "Who is heard"}, lambda voice, _: voice.speaker),
    Field(
        "consent_note",
        {**STRING, "description": "When a permission was given, and where it can be found"},
        lambda voice, _: voice.consent_note,
    ),
    Field(
        "statement",
        {
            "anyOf": [schema_named("Statement"), {"type": "null"}],
            "description": "The recorded statement that it stands on",
        },
        lambda voice, request: STATEMENT.serialize(voice, request) if voice.statement else None,
    ),
    Field(
        "references",
        list_of(schema_named("Reference")),
        lambda voice, request: [REFERENCE.serialize(each, request) for each in voice.references],
    ),
    Field(
        "sample_url",
        {**nullable(STRING), "description": "A sentence that the voice speaks; null until it is spoken"},
        lambda voice, _: voice.sample_url,
    ),
    Field("created_at", nullable(TIME), lambda voice, _: format_rfc3339(voice.created_at)),
    Field("last_used_at", nullable(TIME), lambda voice, _: format_rfc3339(voice.last_used_at)),
)


@dataclass(frozen=True)
class VoicesPage:
    voices: Sequence[ListedVoice]
    next_url: str | None


VOICES = Serializer[VoicesPage](
    Field(
        "results",
        list_of(schema_named("Voice")),
        lambda page, request: [VOICE.serialize(voice, request) for voice in page.voices],
    ),
    Field("next", nullable(STRING), lambda page, _: page.next_url),
)

STATEMENT_SCRIPT = Serializer[StatementScript](
    Field("language", {"enum": [*SCRIPTS]}, lambda script, _: script.language),
    Field("name", {**STRING, "description": "Of the language, in itself"}, lambda script, _: script.name),
    Field(
        "sentence",
        {**STRING, "description": "What is to be read aloud; it names who runs this server"},
        lambda script, _: script.write(settings.OPERATOR),
    ),
)
STATEMENT_SCRIPTS = Serializer[Sequence[StatementScript]](
    Field(
        "results",
        list_of(STATEMENT_SCRIPT.schema()),
        lambda scripts, request: [STATEMENT_SCRIPT.serialize(script, request) for script in scripts],
    ),
)
