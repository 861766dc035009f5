"""The spoken notice that tells listeners what they hear: a segment of its own, before or after the text (ADR 52)."""

from dataclasses import replace

from django.conf import settings

from cloning import text
from cloning.jobs.speaking import find_engine
from cloning.models import Generation, NoticePlace
from cloning.text.notices import NOTICES

GAP_SECONDS = 0.6
"""Between notice and text."""


def settle(generation: Generation) -> None:
    """What the operator has set holds; else what the caller asked for. A voice's sample needs none: it is no result."""
    if generation.sample_of_id:
        generation.notice = ""
    elif settings.SPOKEN_NOTICE != "off":
        generation.notice = settings.SPOKEN_NOTICE


def add_notice(
    generation: Generation, pieces: list[text.Segment], *, is_first: bool = True, is_last: bool = True
) -> list[text.Segment]:
    """With the notice of an unsaved generation. Of a book, `is_first` and `is_last` say where it is in it."""
    settle(generation)
    if generation.notice == NoticePlace.BEFORE and is_first:
        notice = make_notice(generation, beside=pieces[0], is_timed=pieces[0].due_seconds is not None)
        return [*notice[:-1], replace(notice[-1], pause_seconds=GAP_SECONDS), *pieces]
    if generation.notice == NoticePlace.AFTER and is_last:
        return [
            *pieces[:-1],
            replace(pieces[-1], pause_seconds=GAP_SECONDS),
            *make_notice(generation, pieces[-1]),
        ]
    return pieces


def make_notice(generation: Generation, beside: text.Segment, is_timed: bool = False) -> list[text.Segment]:
    """In the voice that speaks beside it. Pronunciations don't change it."""
    language = generation.language
    found = text.split_script(
        text.Script(NOTICES[language], language), find_engine().segment_limits[language]
    )
    found = [replace(each, speaker=beside.speaker, is_notice=True) for each in found]
    return [replace(found[0], due_seconds=0.0 if is_timed else None), *found[1:]]
