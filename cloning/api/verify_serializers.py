"""Whether audio was made here, as the API says it."""

from cloning.api.serializers import NUMBER, STRING, Field, Serializer, nullable, schema_named
from cloning.audio.watermark import Finding
from cloning.jobs import fingerprints
from cloning.jobs.verifying import Verification
from cloning.provenance.findings import MAX_ISSUER_CHARS, ManifestFinding, ManifestState

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
FINGERPRINT = Serializer[fingerprints.Match | None](
    Field(
        "match",
        {
            "type": "boolean",
            "description": "Whether it is a file of this server, bit for bit, or speech of it is heard in it; "
            "false once that was deleted",
        },
        lambda match, _: match is not None,
    ),
    Field(
        "created_at",
        {**nullable(STRING), "format": "date", "description": "The day (UTC) on which it was made"},
        lambda match, _: match.created_on.isoformat() if match else None,
    ),
)
MANIFEST = Serializer[ManifestFinding](
    Field(
        "state",
        {
            "enum": list(ManifestState),
            "description": "trusted: of this server and intact; valid: somebody else's and intact; "
            "invalid: changed or forged; none: there is none",
        },
        lambda finding, _: finding.state,
    ),
    Field(
        "issuer",
        {
            "type": ["string", "null"],
            "maxLength": MAX_ISSUER_CHARS,
            "description": "Of an intact one, whose it is by its certificate, which anybody can make",
        },
        lambda finding, _: finding.issuer or None,
    ),
)
VERIFICATION = Serializer[Verification](
    Field(
        "made_here",
        {"type": "boolean", "description": "Whether one of the signs says so; false proves nothing"},
        lambda verification, _: verification.is_made_here,
    ),
    Field(
        "watermark",
        schema_named("Watermark"),
        lambda verification, request: WATERMARK.serialize(verification.mark, request),
    ),
    Field(
        "manifest",
        schema_named("Manifest"),
        lambda verification, request: MANIFEST.serialize(verification.manifest, request),
    ),
    Field(
        "fingerprint",
        schema_named("Fingerprint"),
        lambda verification, request: FINGERPRINT.serialize(verification.match, request),
    ),
)
