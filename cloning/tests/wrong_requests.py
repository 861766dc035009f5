"""Requests that are wrong in one field, and how that is said: by the API and by the page."""

from dataclasses import dataclass, field
from typing import Any

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Wrong:
    """What is wrong with a request that is good otherwise, and how that is said."""

    code: str
    field: str
    says: str
    reference: tuple[str, ...] = ("speech",)
    fields: dict[str, Any] = field(default_factory=dict)
    status: int = 422


def text(value: str | None, code: str, says: str) -> Wrong:
    return Wrong(code, "text", says, fields={"text": value})


def clip(name: str, code: str, says: str, status: int = 422) -> Wrong:
    return Wrong(code, "reference", says, reference=(name,), status=status)


def option(name: str, value: str, says: str = "", code: str = "out_of_range") -> Wrong:
    return Wrong(code, name, says, fields={name: value})


WRONG = {
    "no file": Wrong("reference_missing", "reference", "Choose a clip", reference=()),
    "empty file": clip("empty", "reference_unreadable", "empty"),
    "text file named .wav": clip("text", "reference_unreadable", "No audio was found"),
    "mp3 cut to 0.3 s": clip("start_of_an_mp3", "reference_too_short", "at least 1 s"),
    "m4a cut before its index": clip("truncated_m4a", "reference_unreadable", "No audio was found"),
    "video without sound": clip("silent_video", "reference_unreadable", "video without sound"),
    "0.2 s": clip("fifth_of_a_second", "reference_too_short", "0.2 s long; at least 1 s"),
    "10 minutes": clip("ten_minutes", "reference_too_long", "600 s long; at most 300 s"),
    "silence": clip("silence", "reference_silent", "silent"),
    "26 MB": clip("26_mb", "reference_too_large", "26.0 MB; at most 25 MB", status=413),
    "HLS playlist": clip("hls_playlist", "reference_unreadable", "No audio was found"),
    "concat list": clip("concat_list", "reference_unreadable", "No audio was found"),
    "six clips": Wrong(
        "reference_too_many", "reference", "6 clips were sent; at most 5", reference=("speech",) * 6
    ),
    "second of two clips bad": Wrong(
        "reference_unreadable", "reference", "No audio", reference=("speech", "text")
    ),
    "no text": text(None, "text_missing", "Write what the voice should say"),
    "empty text": text("", "text_missing", "Write what the voice should say"),
    "blank text": text(" \r\n\t ", "text_missing", "Write what the voice should say"),
    "20 001 characters": text("a" * 20_001, "text_too_long", "20 001 characters; at most 20 000"),
    "emoji only": text("😀🎉👍🏽", "text_unspeakable", ""),
    "text with NUL": text("Good\0morning", "text_unspeakable", "Null characters"),
    "pause of a minute": text("Hi. [pause 60s] Bye.", "pause_invalid", "0.05 to 10 seconds long"),
    "pause without a unit": text("Hi. [pause 1] Bye.", "pause_invalid", "write [pause 1s]"),
    "pauses alone": text("[pause 1s] [pause 2s]", "text_unspeakable", "nothing to speak"),
    "unknown language": option(
        "language", "tlh", "“tlh” is not one of the languages: en, es", "language_unsupported"
    ),
    "language with NUL": option("language", "e\0n", "", "language_unsupported"),
    "markup as language": option("language", "<script>alert(1)</script>", "", "language_unsupported"),
    "speed 99": option("speed", "99", "between 0.5 and 2"),
    "speed 0.49": option("speed", "0.49", "between 0.5 and 2"),
    "speed NaN": option("speed", "nan", "has to be a number"),
    "speed infinite": option("speed", "inf", "has to be a number"),
    "speed -infinite": option("speed", "-inf", "has to be a number"),
    "speed a word": option("speed", "fast", "has to be a number"),
    "temperature 0": option("temperature", "0", "between 0.05 and 1.5"),
    "temperature NaN": option("temperature", "NaN", "has to be a number"),
    "negative seed": option("seed", "-1", "between 0 and 4294967295"),
    "seed 2**32": option("seed", str(2**32), "between 0 and 4294967295"),
    "seed a fraction": option("seed", "1.5", "has to be a number"),
    "seed of 5000 digits": option("seed", "9" * 5000, "has to be a number"),
    "unknown format": option("format", "aac", "not one of the available choices"),
    "voice that does not exist": Wrong("voice_unknown", "voice", "no such voice", (), {"voice": UNKNOWN_ID}),
    "voice is no UUID": Wrong("voice_unknown", "voice", "no such voice", (), {"voice": "not-a-uuid"}),
    "voice with NUL": Wrong("voice_unknown", "voice", "no such voice", (), {"voice": "\0"}),
}
