"""Whether audio was made here, as the API says it."""

from cloning.api.serializers import NUMBER, Field, Serializer, schema_named
from cloning.audio.watermark import Finding
from cloning.jobs.verifying import Verification

WATERMARK = Serializer[Finding](
    Field("found", {"type": "boolean"}, lambda finding, _: finding.is_found),
    Field(
        "confidence",
        {
            **NUMBER,
            "minimum": 0,
            "maximum": 1,
            "description": "1 less the probability of finding as much in audio that was not made here",
        },
        lambda finding, _: round(1 - finding.false_alarm, 6),
    ),
)
VERIFICATION = Serializer[Verification](
    Field(
        "made_here",
        {"type": "boolean", "description": "false: not found; it may have been made here without a mark"},
        lambda verification, _: verification.is_made_here,
    ),
    Field(
        "watermark",
        schema_named("Watermark"),
        lambda verification, request: WATERMARK.serialize(verification.mark, request),
    ),
)
