"""What the API says of how good a take is, and all that are in a file."""

from typing import Any

from cloning.scoring import Fault, GenerationScores, Likeness, TakeScores, Unheard, find_likeness

SHARE = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
COMMON = {
    "similarity": {
        **SHARE,
        "description": "Of the speaker to that of the reference; null without one, as of stock voices",
    },
    "likeness": {"enum": [*Likeness, None], "description": "`similarity` in a word"},
    "understood": {
        **SHARE,
        "description": "Of the text's letters, how many a recogniser heard in their places; null where none was asked",
    },
    "not_checked": {
        "enum": [*Unheard, None],
        "description": "Why `understood` is null, or leaves something out: `off` is CHECK_SPEECH",
    },
}
OF_TAKE = {
    **COMMON,
    "heard": {"type": ["string", "null"], "description": "What the recogniser wrote"},
    "clipped_share": {"type": "number", "description": "Of the samples, how many stand at the peak"},
    "longest_silence_seconds": {"type": "number"},
    "pace": {"type": "number", "description": "Times as fast as is usual in the language"},
    "loudness_lufs": {"type": ["number", "null"]},
    "attempts": {"type": "integer", "minimum": 1, "description": "That were spoken, of which it is the best"},
    "faults": {"type": "array", "items": {"enum": list(Fault)}, "description": "What is below the bar"},
}
OF_GENERATION = {
    **COMMON,
    "bad_takes": {"type": "integer", "minimum": 0, "description": "Sentences with something below the bar"},
}


def schemas() -> dict[str, Any]:
    return {"TakeScores": object_of(OF_TAKE), "GenerationScores": object_of(OF_GENERATION)}


def object_of(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }


def describe_take(values: dict[str, Any] | None) -> dict[str, Any] | None:
    """Of the row's `scores`. None of what was spoken before there were any, and of what is not spoken yet."""
    scores = TakeScores.load(values) if values else None
    if scores is None:
        return None
    heard = scores.heard
    return {
        **describe(scores.similarity, heard.understood if heard else None, scores.unheard),
        "heard": heard.text if heard else None,
        "clipped_share": scores.clipped_share,
        "longest_silence_seconds": scores.longest_silence_seconds,
        "pace": scores.pace,
        "loudness_lufs": scores.loudness_lufs,
        "attempts": scores.attempts,
        "faults": list(scores.faults),
    }


def describe_generation(values: dict[str, Any] | None) -> dict[str, Any] | None:
    """Of the row's `scores`. None until there is a file."""
    scores = GenerationScores.load(values) if values else None
    if scores is None:
        return None
    common = describe(scores.similarity, scores.understood, scores.unheard)
    return {**common, "bad_takes": scores.bad_takes}


def describe(similarity: float | None, understood: float | None, unheard: Unheard | None) -> dict[str, Any]:
    return {
        "similarity": similarity,
        "likeness": None if similarity is None else find_likeness(similarity),
        "understood": understood,
        "not_checked": unheard,
    }
