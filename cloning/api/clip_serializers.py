"""What the coach says of a clip, as the API answers with it."""

from cloning.api.serializers import NUMBER, STRING, Field, Schema, Serializer, list_of, schema_named
from cloning.coach import Check, ClipMeasures, ClipReport, Verdict, advise
from cloning.coach.verdicts import JUDGES

VERDICT: Schema = {
    "enum": list(Verdict),
    "description": "`refuse`: it will hardly give a voice; it is taken all the same",
}

CHECK = Serializer[Check](
    Field("name", {"enum": list(JUDGES)}, lambda check, _: check.name),
    Field("verdict", VERDICT, lambda check, _: check.verdict),
    Field("label", {**STRING, "description": "The measure in words"}, lambda check, _: check.label),
)


def measure(name: str, description: str) -> Field[ClipMeasures]:
    return Field(name, {**NUMBER, "description": description}, lambda of, _: getattr(of, name))


MEASURES = Serializer[ClipMeasures](
    measure("speech_seconds", "In which somebody speaks"),
    measure("silence_share", "The rest, 0 to 1"),
    measure("level_dbfs", "Of the speech"),
    measure("noise_db", "The speech above what is heard in its pauses"),
    measure(
        "clipped_share", "Samples of the speech that stand at its limit, 0 to 1: some in loud recordings"
    ),
    measure(
        "fall_db", "How far speech falls within 80 ms where a syllable ends: less than 14 where a room echoes"
    ),
    measure("bandwidth_hz", "Up to where there is sound, 8000 at most"),
    measure("steady_tones", "That sound on at a time: none in speech, one and more in music"),
    measure("voice_likeness", "Of the moments least alike, as a cosine; 1 is one voice"),
)

CLIP_CHECK = Serializer[ClipReport](
    Field("duration_seconds", NUMBER, lambda report, _: round(report.duration_seconds, 3)),
    Field(
        "start_seconds",
        {**NUMBER, "description": "Of the part that is used; of a long clip the best one"},
        lambda report, _: report.part.start_seconds,
    ),
    Field("end_seconds", NUMBER, lambda report, _: report.part.end_seconds),
    Field("verdict", VERDICT, lambda report, _: advise(report.measures).verdict),
    Field(
        "advice",
        {**STRING, "description": "What to do first, in a sentence"},
        lambda report, _: advise(report.measures).sentence,
    ),
    Field(
        "checks",
        list_of(schema_named("Check")),
        lambda report, request: [CHECK.serialize(each, request) for each in advise(report.measures).checks],
    ),
    Field(
        "measures",
        schema_named("Measures"),
        lambda report, request: MEASURES.serialize(report.measures, request),
    ),
)
