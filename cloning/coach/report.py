"""All that is measured of one clip, from its samples."""

from dataclasses import replace

import numpy as np

from cloning.audio.levels import Samples
from cloning.coach.measures import MAX_PART_SECONDS, ClipMeasures, ClipReport, Part
from cloning.coach.measuring import (
    FRAME_SECONDS,
    Frames,
    cut_frames,
    decibels,
    measure_bandwidth,
    measure_clipping,
    measure_fall,
    measure_level,
    measure_noise,
    measure_steady_tones,
)
from cloning.coach.parts import choose_parts, in_seconds
from cloning.coach.speakers import measure_likeness
from cloning.coach.vad import SAMPLE_RATE_HZ, find_speech
from cloning.coach.verdicts import count_faults

PEAK_COUNT = 160
LONGEST_WHOLE_SECONDS = MAX_PART_SECONDS + 0.5


def report(samples: Samples, part: Part | None = None) -> ClipReport:
    """Of `part`; where none is given of the whole clip, or of the best part of one that is too long."""
    duration_seconds = samples.size / SAMPLE_RATE_HZ
    peak = float(np.abs(samples).max(initial=1e-6))
    samples = samples / np.float32(peak)  # a network hears quiet speech badly
    if part is None and duration_seconds <= LONGEST_WHOLE_SECONDS:
        part = Part(0.0, round(duration_seconds, 2))
    if part:
        part = Part(part.start_seconds, min(part.end_seconds, round(duration_seconds, 2)))
        frames = find_frames(samples, part)
        measures = measure(frames, peak)
    else:
        part, measures = choose(find_frames(samples, Part(0.0, duration_seconds)), peak)
    return ClipReport(duration_seconds, part, measures, outline(samples))


def find_frames(samples: Samples, part: Part) -> Frames:
    first, last = (round(each * SAMPLE_RATE_HZ) for each in (part.start_seconds, part.end_seconds))
    used = samples[first:last]
    return cut_frames(used, find_speech(used))


def choose(frames: Frames, peak: float) -> tuple[Part, ClipMeasures]:
    """The best part by what is cheap to tell, or the next where the dear measures find music or another voice in it."""
    found: list[tuple[Part, ClipMeasures]] = []
    for candidate in choose_parts(frames):
        found.append((in_seconds(candidate), measure(frames.cut(candidate.first, candidate.last), peak)))
        if not count_faults(found[-1][1]):
            break
    if not found:
        last = int(MAX_PART_SECONDS / FRAME_SECONDS)
        return Part(0.0, MAX_PART_SECONDS), measure(frames.cut(0, last), peak)
    return min(found, key=lambda each: count_faults(each[1]))  # the first of those that are as good


def measure(frames: Frames, peak: float) -> ClipMeasures:
    """`peak` is what the samples were divided by."""
    speech = frames.samples[frames.is_speech].reshape(-1)
    measures = ClipMeasures(
        speech_seconds=speech.size / SAMPLE_RATE_HZ,
        silence_share=1 - float(frames.is_speech.mean()) if frames.is_speech.size else 1.0,
        level_dbfs=measure_level(frames) + decibels(peak**2),
        noise_db=measure_noise(frames),
        fall_db=measure_fall(frames.samples.reshape(-1)),
        clipped_share=measure_clipping(frames),
        bandwidth_hz=measure_bandwidth(frames),
        steady_tones=measure_steady_tones(frames.samples.reshape(-1)),
        voice_likeness=measure_likeness(speech) if speech.size else 1.0,
    )
    return replace(measures, **{name: round(value, 4) for name, value in vars(measures).items()})


def outline(samples: Samples) -> list[float]:
    """The height of the waveform at PEAK_COUNT places."""
    if samples.size < PEAK_COUNT:
        return [0.0] * PEAK_COUNT
    edges = np.linspace(0, samples.size, PEAK_COUNT + 1).astype(int)[:-1]
    return [round(float(each), 3) for each in np.maximum.reduceat(np.abs(samples), edges)]
