"""A text as people write it, with what it says besides the words, made into segments."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from cloning.text.normalising import READINGS
from cloning.text.pauses import MAX_PAUSE_SECONDS, find_passages
from cloning.text.pronouncing import Spellings
from cloning.text.speakable import UnspeakableText
from cloning.text.splitting import Segment, find_segments

NO_SPELLINGS: Mapping[str, str] = MappingProxyType({})


def split_script(
    text: str,
    language: str,
    max_chars: int,
    first_chars: int | None = None,
    spellings: Mapping[str, str] = NO_SPELLINGS,
) -> list[Segment]:
    """As `split`, with the pauses that the text asks for. What stands between two is spoken by itself, however short.

    `spellings` are what is read in place of words. Raises UnspeakableText, as WrongPause too.
    """
    segments: list[Segment] = []
    spoken_chars = 0
    spelled = Spellings(spellings, is_spaced=READINGS[language].is_spaced)
    for passage in find_passages(text):
        room = first_chars + spoken_chars if first_chars else None
        found = find_segments(spelled.apply(passage.text), language, max_chars, room)
        spoken_chars += sum(len(each.text) for each in found)
        pause_seconds = passage.pause_seconds or 0.0
        if found:
            segments += [*found[:-1], replace(found[-1], pause_seconds=pause_seconds)]
        elif segments:
            longer = min(MAX_PAUSE_SECONDS, segments[-1].pause_seconds + pause_seconds)
            segments[-1] = replace(segments[-1], pause_seconds=longer)
    if not segments:
        raise UnspeakableText
    segments[-1] = replace(segments[-1], pause_seconds=0.0)
    return segments
