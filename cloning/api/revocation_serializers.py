"""What a revocation has deleted, as the API answers with it."""

from cloning.api.serializers import NUMBER, UUID, Field, Serializer, list_of
from cloning.jobs.revoking import Revocation

COUNT = {"type": "integer"}
REVOCATION = Serializer[Revocation](
    Field(
        "voices",
        {**list_of(UUID), "description": "With others of yours that had the same recording"},
        lambda revoked, _: list(map(str, revoked.voices)),
    ),
    Field(
        "generations",
        {
            **COUNT,
            "description": "That were spoken with them, by whomever: alone, in dialogues, books, batches",
        },
        lambda revoked, _: revoked.generations,
    ),
    Field("takes", COUNT, lambda revoked, _: revoked.takes),
    Field("clips", COUNT, lambda revoked, _: revoked.clips),
    Field("consents", COUNT, lambda revoked, _: revoked.consents),
    Field("speech_seconds", NUMBER, lambda revoked, _: round(revoked.speech_seconds, 3)),
    Field(
        "is_finished",
        {
            "type": "boolean",
            "description": "false: nothing of it can be had any more, and a worker still deletes rows and files",
        },
        lambda revoked, _: revoked.is_finished,
    ),
)
