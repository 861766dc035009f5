"""What was spoken of a generation, sentence by sentence, and when it is heard in the joined file."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Prefetch

from cloning.models import Generation, Segment, Speaker, Status, Take


@dataclass(frozen=True)
class TimedSegment:
    segment: Segment
    takes: Sequence[Take]
    start_seconds: float | None
    """In the joined file, or in the stream; None while something before it is not spoken yet."""

    @property
    def chosen_take(self) -> Take | None:
        return next((take for take in self.takes if take.pk == self.segment.chosen_take_id), None)

    @property
    def newest_take(self) -> Take:
        return self.takes[-1]

    @property
    def is_choice_open(self) -> bool:
        """Whether it was spoken once more since it was chosen."""
        return self.chosen_take is not None and self.newest_take.pk != self.chosen_take.pk

    @property
    def status(self) -> Status:
        """Of the sentence: another take in progress leaves one that is spoken as it is."""
        return Status((self.chosen_take or self.newest_take).status)

    @property
    def end_seconds(self) -> float | None:
        take = self.chosen_take
        if self.start_seconds is None or take is None:
            return None
        return self.start_seconds + (take.duration_seconds or 0.0)


def read_timeline(generation: Generation) -> list[TimedSegment]:
    """In reading order. Two queries."""
    timed: list[TimedSegment] = []
    start_seconds: float | None = 0.0
    takes_without_levels = Take.objects.defer("loudness_blocks").order_by("number")
    segments = generation.segments.order_by("index")
    if generation.is_dialogue:
        segments = segments.select_related("speaker")
    for segment in segments.prefetch_related(Prefetch("takes", takes_without_levels)):
        if not timed:
            start_seconds = segment.due_seconds or 0.0
        timed.append(TimedSegment(segment, list(segment.takes.all()), start_seconds))
        end_seconds = timed[-1].end_seconds
        start_seconds = None if end_seconds is None else end_seconds + segment.pause_seconds
    return timed


def read_cast(generation: Generation) -> list[Speaker]:
    """Of a dialogue, in the order of the text. A query, unless `cast` was read with the generation."""
    return list(generation.cast.all()) if generation.is_dialogue else []
