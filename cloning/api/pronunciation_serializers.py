"""Pronunciations as the API answers with them."""

from collections.abc import Sequence
from dataclasses import dataclass

from cloning.api.serializers import (
    STRING,
    TIME,
    UUID,
    Field,
    Serializer,
    format_rfc3339,
    list_of,
    nullable,
    schema_named,
)
from cloning.models import Pronunciation
from cloning.text import LANGUAGES

PRONUNCIATION = Serializer[Pronunciation](
    Field("id", UUID, lambda each, _: str(each.pk)),
    Field("language", {"enum": list(LANGUAGES)}, lambda each, _: each.language),
    Field("word", STRING, lambda each, _: each.word),
    Field("spelling", STRING, lambda each, _: each.spelling),
    Field("created_at", TIME, lambda each, _: format_rfc3339(each.created_at)),
)


@dataclass(frozen=True)
class PronunciationsPage:
    pronunciations: Sequence[Pronunciation]
    next_url: str | None


PRONUNCIATIONS = Serializer[PronunciationsPage](
    Field(
        "results",
        list_of(schema_named("Pronunciation")),
        lambda page, request: [PRONUNCIATION.serialize(each, request) for each in page.pronunciations],
    ),
    Field("next", nullable(STRING), lambda page, _: page.next_url),
)
