"""API keys as the API answers with them."""

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
from cloning.models import ApiKey, Scope

FIELDS: list[Field[ApiKey]] = [
    Field("id", UUID, lambda key, _: str(key.pk)),
    Field("name", STRING, lambda key, _: key.name),
    Field("prefix", {**STRING, "description": "How the key begins"}, lambda key, _: key.prefix),
    Field("scopes", list_of({"enum": list(Scope)}), lambda key, _: key.scopes),
    Field("created_at", TIME, lambda key, _: format_rfc3339(key.created_at)),
    Field("expires_at", nullable(TIME), lambda key, _: format_rfc3339(key.expires_at)),
    Field("last_used_at", nullable(TIME), lambda key, _: format_rfc3339(key.last_used_at)),
]
KEY = Serializer[ApiKey](*FIELDS)


@dataclass(frozen=True)
class MadeKey:
    key: ApiKey
    secret: str


def of_made(field: Field[ApiKey]) -> Field[MadeKey]:
    return Field(field.name, field.schema, lambda made, request: field.value(made.key, request))


MADE_KEY = Serializer[MadeKey](
    *map(of_made, FIELDS),
    Field(
        "key", {**STRING, "description": "The key itself: it is told only now"}, lambda made, _: made.secret
    ),
)

KEYS = Serializer[Sequence[ApiKey]](
    Field(
        "results",
        list_of(schema_named("Key")),
        lambda keys, request: [KEY.serialize(key, request) for key in keys],
    ),
)
