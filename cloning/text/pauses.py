"""Pauses that a text asks for: [pause 1s], [pause 0.5s], [pause 500ms]; [pause] alone is a second."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from cloning.text.dialogue import Turn
from cloning.text.speakable import UnspeakableText, may_have_sound

MIN_PAUSE_SECONDS = 0.05
MAX_PAUSE_SECONDS = 10.0
"""Of one, and of several in a row, which are one."""
MAX_ALL_PAUSES_SECONDS = 300.0
USUAL_PAUSE_SECONDS = 1.0

TAG = re.compile(r"\[pause((?:[ :=]{0,3}[-+.,0-9][^\[\]\n]{0,24})?)\]", re.IGNORECASE)
"""[pause for applause] is text: only what holds a number was meant to be a tag."""
LENGTH = re.compile(
    r"[ :=]{0,3}([0-9]{1,6}(?:[.,][0-9]{1,6})?|[.,][0-9]{1,6}) ?(ms|s|sec|seconds?)", re.IGNORECASE
)


def gettext_noop(message: str) -> str:
    """Marks what is translated where it is shown: this room knows no Django."""
    return message


class WrongPause(UnspeakableText):
    """A pause that can't be made; the message, with its values filled in, is for the person who wrote it."""

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(message % values)
        self.message, self.values = message, values


@dataclass(frozen=True)
class Passage:
    """A stretch of what one speaker says without a pause that was asked for."""

    text: str
    pause_seconds: float | None = None
    """After it, where one was asked for."""
    speaker: str = ""


def find_passages(turns: Iterable[Turn]) -> list[Passage]:
    """What stands between the pauses of a text. Before the first word and after the last there is none.

    Raises WrongPause.
    """
    passages: list[Passage] = []
    for turn in turns:
        parts = TAG.split(turn.text)
        lengths = [*map(read_length, parts[1::2]), None]
        for words, pause_seconds in zip(parts[::2], lengths, strict=True):
            if any(map(may_have_sound, set(words))):
                passages.append(Passage(words, pause_seconds, turn.speaker))
            elif passages and pause_seconds is not None:
                pause_seconds += passages[-1].pause_seconds or 0.0
                passages[-1] = replace(passages[-1], pause_seconds=pause_seconds)
    if passages:
        passages[-1] = replace(passages[-1], pause_seconds=None)
    check_lengths([passage.pause_seconds or 0.0 for passage in passages])
    return passages


def read_length(written: str) -> float:
    """In seconds, of what stands in a tag after its name. Raises WrongPause."""
    if not written:
        return USUAL_PAUSE_SECONDS
    if (match := LENGTH.fullmatch(written)) is None:
        message = gettext_noop(
            "“%(tag)s” is no length of a pause: write [pause 1s], [pause 0.5s] or [pause 500ms]."
        )
        raise WrongPause(message, tag=f"[pause{written}]")
    seconds = float(match[1].replace(",", ".")) / (1000 if match[2].lower() == "ms" else 1)
    if not MIN_PAUSE_SECONDS <= seconds <= MAX_PAUSE_SECONDS:
        message = gettext_noop("“%(tag)s” can't be made: a pause is %(least)s to %(most)s seconds long.")
        least, most = f"{MIN_PAUSE_SECONDS:g}", f"{MAX_PAUSE_SECONDS:g}"
        raise WrongPause(message, tag=f"[pause{written}]", least=least, most=most)
    return seconds


def check_lengths(lengths: list[float]) -> None:
    """Raises WrongPause."""
    if max(lengths, default=0.0) > MAX_PAUSE_SECONDS:
        message = gettext_noop("Pauses in a row are one pause: together %(most)s seconds at most.")
        raise WrongPause(message, most=f"{MAX_PAUSE_SECONDS:g}")
    if sum(lengths) > MAX_ALL_PAUSES_SECONDS:
        message = gettext_noop(
            "The pauses of a text may be %(most)s seconds long together; these are %(sum)s."
        )
        raise WrongPause(message, most=f"{MAX_ALL_PAUSES_SECONDS:g}", sum=f"{sum(lengths):g}")


def without_pauses(text: str) -> str:
    return TAG.sub(" ", text)


def has_pauses(text: str) -> bool:
    return TAG.search(text) is not None
