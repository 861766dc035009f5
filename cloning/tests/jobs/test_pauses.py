"""Pauses that a text asks for, in the joined file, the subtitles and the stream."""

import itertools

import numpy as np
import pytest
import soundfile

from cloning.jobs.stream import Position, read_on
from cloning.jobs.timeline import read_timeline
from cloning.tests.performing import perform

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = "Good morning. [pause 2.5s] How are you? [pause 300ms] Fine, thanks."


def test_the_file_the_subtitles_and_the_stream_have_them_to_the_sample(make_generation, client) -> None:
    generation = perform(make_generation(text=TEXT, is_streamed=True))
    with generation.audio.open() as file:
        samples, rate_hz = soundfile.read(file)
    timeline = read_timeline(generation)
    assert [timed.segment.pause_seconds for timed in timeline] == [2.5, 0.3, 0.0]
    for timed, following in itertools.pairwise(timeline):
        end, start = round(timed.end_seconds * rate_hz), round(following.start_seconds * rate_hz)
        assert start - end == round(timed.segment.pause_seconds * rate_hz)
        assert not samples[end:start].any()
        assert np.abs(samples[end - rate_hz // 2 : end]).max() > 0.01 < np.abs(samples[start:]).max()
    assert len(samples) == round(timeline[-1].end_seconds * rate_hz)
    assert heard(generation.pk) == 2 * len(samples)
    subtitles = client.get(f"/api/v1/files/{generation.pk}.vtt").content.decode()
    assert "[" not in subtitles
    assert len(subtitles.split("-->")) == 4


def heard(pk) -> int:
    position, size = Position(), 0
    while stretch := read_on(pk, position):
        size, position = size + len(stretch.pcm), stretch.end
        if stretch.is_last:
            break
    return size
