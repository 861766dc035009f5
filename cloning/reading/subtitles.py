"""SubRip: cues with times, in the order of their beginnings."""

import pysubs2

from cloning.errors import ErrorCode, GenerationError
from cloning.reading.document import Chapter, Cue, Document
from cloning.reading.plain import decode

MAX_CUES = 20_000
MAX_HOURS = 4
"""Each hour before a cue is an hour of silence to be stored."""


def read_subtitles(content: bytes, max_chars: int) -> Document:
    try:
        events = pysubs2.SSAFile.from_string(decode(content).replace("\r\n", "\n"), format_="srt").events
    except (pysubs2.exceptions.Pysubs2Error, ValueError, OverflowError) as error:
        raise GenerationError(
            ErrorCode.BOOK_UNREADABLE, "The file is damaged, or has no subtitles."
        ) from error
    cues = [Cue(each.start / 1000, each.end / 1000, " ".join(each.plaintext.split())) for each in events]
    spoken = sorted(
        (each for each in cues if any(map(str.isalnum, each.text)) and each.start_seconds >= 0),
        key=lambda each: each.start_seconds,
    )
    if spoken and spoken[-1].start_seconds > 3600 * MAX_HOURS:
        raise GenerationError(
            ErrorCode.BOOK_TOO_LONG, f"The subtitles are longer than the {MAX_HOURS} hours that are allowed."
        )
    text = "\n\n".join(each.text for each in spoken)
    if len(text) > max_chars or len(spoken) > MAX_CUES:
        raise GenerationError(
            ErrorCode.BOOK_TOO_LONG, f"The text is longer than the {max_chars:,} characters that are allowed."
        )
    return Document([Chapter("", text, spoken)] if spoken else [])
