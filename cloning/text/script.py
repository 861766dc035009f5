"""A text as people write it, with what it says besides the words, made into segments."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from cloning.text.dialogue import Turn, find_turns
from cloning.text.normalising import READINGS
from cloning.text.pauses import MAX_PAUSE_SECONDS, Passage, find_passages
from cloning.text.pronouncing import Spellings
from cloning.text.speakable import UnspeakableText
from cloning.text.splitting import Segment, find_segments

TURN_GAP_SECONDS = 0.5
"""Before another speaks."""


@dataclass(frozen=True)
class Script:
    text: str
    language: str
    spellings: Mapping[str, str] = field(default_factory=dict)
    """What is read in place of words."""
    speakers: Collection[str] = ()
    """Of a dialogue: the folded names that are no part of the text."""


def split_script(script: Script, max_chars: int, first_chars: int | None = None) -> list[Segment]:
    """As `split`, with the pauses that the text asks for. What stands between two is spoken by itself, however short;
    so is each turn of a dialogue.

    Raises UnspeakableText, as WrongPause too.
    """
    turns = find_turns(script.text, script.speakers) if script.speakers else [Turn(script.text)]
    segments: list[Segment] = []
    for passage, found in split_passages(find_passages(turns), script, max_chars, first_chars):
        gap_seconds = TURN_GAP_SECONDS if passage.pause_seconds is None else passage.pause_seconds
        if found:
            segments += [*found[:-1], replace(found[-1], pause_seconds=gap_seconds)]
        elif segments and passage.pause_seconds:
            longer = min(MAX_PAUSE_SECONDS, segments[-1].pause_seconds + passage.pause_seconds)
            segments[-1] = replace(segments[-1], pause_seconds=longer)
    if not segments:
        raise UnspeakableText
    segments[-1] = replace(segments[-1], pause_seconds=0.0)
    return segments


def split_passages(
    passages: Iterable[Passage], script: Script, max_chars: int, first_chars: int | None
) -> Iterator[tuple[Passage, list[Segment]]]:
    """None of a passage with nothing to say."""
    spelled = Spellings(script.spellings, is_spaced=READINGS[script.language].is_spaced)
    spoken_chars = 0
    for passage in passages:
        room = first_chars + spoken_chars if first_chars else None
        found = find_segments(spelled.apply(passage.text), script.language, max_chars, room)
        spoken_chars += sum(len(each.text) for each in found)
        yield passage, [replace(each, speaker=passage.speaker) for each in found]
