"""What the API answers with: each member once, with its schema for the OpenAPI document and its value."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from cloning.api import scores
from cloning.engines import registry
from cloning.errors import ErrorCode
from cloning.formats import AudioFormat
from cloning.forms.voice_choice import STOCK
from cloning.jobs.estimates import estimate_seconds_left, find_position
from cloning.jobs.speaking import find_engine
from cloning.jobs.timeline import TimedSegment, read_cast, read_timeline
from cloning.models import STATED, Generation, NoticePlace, Segment, Speaker, Status, Take
from cloning.text import LANGUAGES
from cloning.text.naming import name_download

Instance = TypeVar("Instance")
Schema = Mapping[str, Any]

UUID = {"type": "string", "format": "uuid"}
ENGINE = {"enum": list(registry.ENGINES), "description": "What speaks: `preview` is not a clone"}
STRING = {"type": "string"}
NUMBER = {"type": "number"}
TIME = {"type": "string", "format": "date-time"}


def nullable(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def schema_named(name: str) -> Schema:
    """A pointer to what the OpenAPI document has under this name."""
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


@dataclass(frozen=True)
class Field(Generic[Instance]):
    name: str
    schema: Schema
    value: Callable[[Instance, HttpRequest], Any]


class Serializer(Generic[Instance]):
    """An object that always has exactly these members."""

    def __init__(self, *fields: Field[Instance]) -> None:
        self.fields = fields

    def serialize(self, instance: Instance, request: HttpRequest) -> dict[str, Any]:
        return {field.name: field.value(instance, request) for field in self.fields}

    def schema(self) -> Schema:
        return {
            "type": "object",
            "required": [field.name for field in self.fields],
            "properties": {field.name: field.schema for field in self.fields},
            "additionalProperties": False,
        }


def find_engine_name(request: HttpRequest) -> str:
    """What speaks now: asked once for a request, however many generations wait."""
    if (name := getattr(request, "engine_name", None)) is None:
        name = find_engine().name
        setattr(request, "engine_name", name)  # noqa: B010  # which HttpRequest does not declare
    return str(name)


def status_url(generation: Generation) -> str:
    return reverse("api-generation", args=[generation.pk])


def download_url(generation: Generation) -> str:
    return reverse("api-file", args=[generation.pk, generation.audio_format])


def download_name(generation: Generation) -> str:
    """Of its file, without the ending: as `cloning.text.naming` makes it of voice and text.

    A dialogue has no voice of its own, and begins with a name.
    """
    voice = generation.voice.name if generation.voice else registry.stock_voice_name(generation.stock_voice)
    return name_download(voice, generation.text) or f"speech-{str(generation.pk)[:8]}"


def offered_url(generation: Generation) -> str | None:
    """Of the joined file: all of it, what was spoken before it was stopped, or that of before a change."""
    return download_url(generation) if generation.has_file else None


def segment_url(segment: Segment, suffix: str = "wav") -> str:
    return reverse("api-segment-audio", args=[segment.generation_id, segment.index, suffix])


def take_url(take: Take, segment: Segment) -> str | None:
    return f"{segment_url(segment)}?take={take.number}" if take.audio else None


def absolute_url(path: str | None, request: HttpRequest) -> str | None:
    if path is None:
        return None
    return settings.BASE_URL + path if settings.BASE_URL else request.build_absolute_uri(path)


def format_rfc3339(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None


@dataclass(frozen=True)
class ErrorDetail:
    code: ErrorCode
    message: str
    field: str | None = None


def ended_by(generation: Generation) -> ErrorDetail | None:
    """What ended a generation that brought nothing; None for one that succeeded or goes on."""
    if generation.status == Status.CANCELLED:
        return ErrorDetail(
            ErrorCode.CANCELLED,
            f"Stopped at {generation.segments_done} of {generation.segments_total} sentences.",
        )
    if generation.status != Status.FAILED:
        return None
    code = ErrorCode(generation.error_code)
    return ErrorDetail(code, generation.error_message, code.field)


ERROR_DETAIL = Serializer[ErrorDetail](
    Field("code", {"enum": list(ErrorCode)}, lambda error, _: error.code),
    Field("message", STRING, lambda error, _: error.message),
    Field("field", nullable(STRING), lambda error, _: error.field),
)


@dataclass(frozen=True)
class TakeOf:
    segment: Segment
    take: Take


TAKE = Serializer[TakeOf](
    Field(
        "take",
        {"type": "integer", "description": "Its number within the segment"},
        lambda of, _: of.take.number,
    ),
    Field("status", {"enum": Status.values}, lambda of, _: of.take.status),
    Field("text", STRING, lambda of, _: of.take.text),
    Field("seed", {"type": "integer"}, lambda of, _: of.take.seed),
    Field("duration_seconds", nullable(NUMBER), lambda of, _: of.take.duration_seconds),
    Field(
        "tempo",
        {**NUMBER, "description": "Of subtitles: how many times as fast as asked for it is, to be in time"},
        lambda of, _: round(of.take.tempo, 3),
    ),
    Field("audio_url", nullable(STRING), lambda of, _: take_url(of.take, of.segment)),
    Field(
        "scores",
        {"oneOf": [{"type": "null"}, schema_named("TakeScores")]},
        lambda of, _: scores.describe_take(of.take.scores),
    ),
    Field(
        "error",
        {"oneOf": [{"type": "null"}, schema_named("ErrorDetail")]},
        lambda of, request: (error := take_error(of.take)) and ERROR_DETAIL.serialize(error, request),
    ),
)


def take_error(take: Take) -> ErrorDetail | None:
    if not take.error_code:
        return None
    return ErrorDetail(ErrorCode(take.error_code), take.error_message)


SEGMENT = Serializer[TimedSegment](
    Field("index", {"type": "integer", "minimum": 0}, lambda timed, _: timed.segment.index),
    Field("text", STRING, lambda timed, _: timed.segment.text),
    Field("status", {"enum": Status.values}, lambda timed, _: timed.status),
    Field(
        "speaker",
        {**nullable(STRING), "description": "Of a dialogue: who says it, of `cast`"},
        lambda timed, _: timed.segment.speaker and timed.segment.speaker.name,
    ),
    Field(
        "due_seconds",
        {
            **nullable(NUMBER),
            "description": "Of subtitles: when it is to be heard; `start_seconds` is when it is",
        },
        lambda timed, _: timed.segment.due_seconds,
    ),
    Field("pause_seconds", NUMBER, lambda timed, _: timed.segment.pause_seconds),
    Field(
        "duration_seconds",
        nullable(NUMBER),
        lambda timed, _: timed.chosen_take and timed.chosen_take.duration_seconds,
    ),
    Field("start_seconds", nullable(NUMBER), lambda timed, _: round_to_ms(timed.start_seconds)),
    Field(
        "audio_url",
        nullable(STRING),
        lambda timed, _: segment_url(timed.segment) if timed.chosen_take else None,
    ),
    Field(
        "take",
        {"type": ["integer", "null"], "description": "The number of the chosen one"},
        lambda timed, _: timed.chosen_take and timed.chosen_take.number,
    ),
    Field(
        "scores",
        {"oneOf": [{"type": "null"}, schema_named("TakeScores")]},
        lambda timed, _: timed.chosen_take and scores.describe_take(timed.chosen_take.scores),
    ),
    Field(
        "takes",
        list_of(schema_named("Take")),
        lambda timed, request: [TAKE.serialize(TakeOf(timed.segment, take), request) for take in timed.takes],
    ),
)


def round_to_ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


SUMMARY = Serializer[Generation](
    Field("id", UUID, lambda generation, _: str(generation.pk)),
    Field("status", {"enum": Status.values}, lambda generation, _: generation.status),
    Field(
        "progress",
        {**NUMBER, "minimum": 0, "maximum": 1},
        lambda generation, _: round(generation.progress, 4),
    ),
    Field("text", STRING, lambda generation, _: generation.text),
    Field(
        "dialogue",
        {"type": "boolean", "description": "Whether each of its sentences has a speaker of `cast`"},
        lambda generation, _: generation.is_dialogue,
    ),
    Field("language", {"enum": list(LANGUAGES)}, lambda generation, _: generation.language),
    Field("speed", NUMBER, lambda generation, _: generation.speed),
    Field("temperature", NUMBER, lambda generation, _: generation.temperature),
    Field("seed", {"type": "integer"}, lambda generation, _: generation.seed),
    Field(
        "notice",
        {"enum": ["", *NoticePlace.values], "description": "Where it is said that a computer speaks"},
        lambda generation, _: generation.notice,
    ),
    Field("engine", ENGINE, lambda generation, request: generation.engine or find_engine_name(request)),
    Field("synthetic", {"const": True}, lambda _generation, _: True),
    Field(
        "watermarked",
        {
            "type": ["boolean", "null"],
            "description": "Whether the file can be found to be ours; null until it is there",
        },
        lambda generation, _: generation.is_watermarked,
    ),
    Field(
        "signed",
        {
            "type": ["boolean", "null"],
            "description": "Whether the file has a C2PA manifest of this server; null until it is there",
        },
        lambda generation, _: generation.is_signed,
    ),
    Field(
        "consent",
        {
            "enum": [*STATED, None],
            "description": "How whoever is heard in the clips agreed, as it was stated; null: it was not",
        },
        lambda generation, _: generation.agreement or None,
    ),
    Field(
        "scores",
        {"oneOf": [{"type": "null"}, schema_named("GenerationScores")]},
        lambda generation, _: scores.describe_generation(generation.scores),
    ),
    Field("download_url", nullable(STRING), lambda generation, _: offered_url(generation)),
    Field(
        "absolute_download_url",
        nullable(STRING),
        lambda generation, request: absolute_url(offered_url(generation), request),
    ),
    Field("status_url", STRING, lambda generation, _: status_url(generation)),
    Field("starred", {"type": "boolean"}, lambda generation, _: generation.is_starred),
    Field("format", {"enum": list(AudioFormat)}, lambda generation, _: generation.audio_format),
    Field("sample_rate_hz", {"type": ["integer", "null"]}, lambda generation, _: generation.sample_rate_hz),
    Field("duration_seconds", nullable(NUMBER), lambda generation, _: generation.duration_seconds),
    Field("created_at", TIME, lambda generation, _: format_rfc3339(generation.created_at)),
    Field("started_at", nullable(TIME), lambda generation, _: format_rfc3339(generation.started_at)),
    Field("finished_at", nullable(TIME), lambda generation, _: format_rfc3339(generation.finished_at)),
    Field(
        "error",
        {"oneOf": [{"type": "null"}, schema_named("ErrorDetail")]},
        lambda generation, request: (
            (error := ended_by(generation)) and ERROR_DETAIL.serialize(error, request)
        ),
    ),
)


SPEAKER = Serializer[Speaker](
    Field("name", STRING, lambda speaker, _: speaker.name),
    Field(
        "voice",
        {**nullable(STRING), "description": "The id of its voice; null where that was deleted since"},
        lambda speaker, _: speaker_voice(speaker) or None,
    ),
)


def speaker_voice(speaker: Speaker) -> str:
    """As `cast` takes it."""
    return STOCK + speaker.stock_voice if speaker.stock_voice else str(speaker.voice_id or "")


GENERATION = Serializer[Generation](
    *SUMMARY.fields,
    Field(
        "cast",
        {**list_of(schema_named("Speaker")), "description": "Of a dialogue: who speaks; else empty"},
        lambda generation, request: [
            SPEAKER.serialize(speaker, request) for speaker in read_cast(generation)
        ],
    ),
    Field(
        "position_in_queue",
        {"type": ["integer", "null"], "description": "1 is next"},
        lambda generation, _: find_position(generation),
    ),
    Field(
        "estimated_seconds_left",
        {**nullable(NUMBER), "description": "By what this machine took before; null while that is not known"},
        lambda generation, _: estimate_seconds_left(generation),
    ),
    Field(
        "segments",
        list_of(schema_named("Segment")),
        lambda generation, request: [
            SEGMENT.serialize(timed, request) for timed in read_timeline(generation)
        ],
    ),
)


@dataclass(frozen=True)
class NumberedPage:
    """Of the list of generations."""

    rows: Sequence[Generation]
    next_number: int | None


GENERATIONS = Serializer[NumberedPage](
    Field(
        "results",
        list_of(schema_named("GenerationSummary")),
        lambda page, request: [SUMMARY.serialize(generation, request) for generation in page.rows],
    ),
    Field("next", nullable(STRING), lambda page, _: next_page_url(page)),
)


def next_page_url(page: NumberedPage) -> str | None:
    return f"{reverse('api-generations')}?page={page.next_number}" if page.next_number else None


LANGUAGE = Serializer[tuple[str, str]](
    Field("code", {"enum": list(LANGUAGES)}, lambda language, _: language[0]),
    Field("name", STRING, lambda language, _: language[1]),
)

ALL_LANGUAGES = Serializer[None](
    Field(
        "results",
        list_of(LANGUAGE.schema()),
        lambda _none, request: [LANGUAGE.serialize(item, request) for item in LANGUAGES.items()],
    ),
)
