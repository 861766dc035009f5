"""One generation, top to bottom: normalize, condition, split, speak, verify, mark, encode, store."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.core.files.base import File
from django.db import Error as DatabaseError

from cloning import audio, text
from cloning.engines.base import Conditioning, Engine, EngineError, SynthesisOptions, Waveform
from cloning.engines.registry import get_engine
from cloning.errors import ErrorCode, GenerationError
from cloning.formats import AudioFormat
from cloning.jobs import state
from cloning.jobs.deriving import Report, condition
from cloning.jobs.state import Progress
from cloning.models import Generation, Stage
from cloning.storage.local import explain_unavailable, is_disk_full
from cloning.storage.temporary import temporary_folder
from cloning.text import UnspeakableText

logger = logging.getLogger(__name__)

PEAK_COUNT = 120
REPORT_SECONDS = 1.0


class ClaimLostError(Exception):
    """The generation was cancelled or taken by another worker: drop the work."""


class StoppingError(Exception):
    """The worker was asked to stop: give the claim back."""


def reporter(generation: Generation, is_stopping: Callable[[], bool] = lambda: False) -> Report:
    """Writes progress to the row; raises StoppingError or ClaimLostError when the work is no longer wanted here."""

    def report(progress: Progress) -> None:
        if is_stopping():
            raise StoppingError
        try:
            is_mine = state.report(generation, progress)
        except DatabaseError as error:
            if explain_unavailable(error) is None:
                raise
            # What is shown of the work is no reason to give up the work.
            logger.warning("Progress of %s was not written: %s", generation.pk, error)
            return
        if not is_mine:
            raise ClaimLostError

    return report


@dataclass(frozen=True)
class Speech:
    file: Path
    sample_rate_hz: int
    duration_seconds: float
    peaks: list[float]


def perform(generation: Generation, report: Report) -> None:
    """Speaks a claimed generation and records how it ended: any failure becomes a reason on the row.

    Raises what `report` raises, ClaimLostError, and DatabaseError where nothing can be recorded: the lease runs out
    then, and the row is taken up again.
    """
    try:
        with synthesize(generation, report) as speech, speech.file.open("rb") as file:
            accepted = state.succeed(
                generation,
                File(file),
                sample_rate_hz=speech.sample_rate_hz,
                duration_seconds=speech.duration_seconds,
                peaks=speech.peaks,
            )
        if not accepted:
            raise ClaimLostError
    except (ClaimLostError, StoppingError):
        raise
    except GenerationError as error:
        state.fail(generation, ErrorCode(error.code), str(error))
    except UnspeakableText as error:
        state.fail(generation, ErrorCode.TEXT_UNSPEAKABLE, str(error))
    except EngineError as error:
        state.fail(generation, ErrorCode.SYNTHESIS_FAILED, str(error))
    except (OSError, DatabaseError) as error:
        logger.exception("Generation %s", generation.pk)
        if is_disk_full(error):
            state.fail(
                generation,
                ErrorCode.STORAGE_FULL,
                "The server's disk is full. Nothing was kept; try again later.",
            )
        elif isinstance(error, OSError):
            state.fail(generation, ErrorCode.STORAGE_FAILED, "The server could not read or write a file.")
        else:
            raise
    except Exception:
        logger.exception("Generation %s", generation.pk)
        state.fail(
            generation, ErrorCode.INTERNAL_ERROR, "Something went wrong on the server; its log says what."
        )


@contextmanager
def synthesize(generation: Generation, report: Report) -> Iterator[Speech]:
    """Speaks a claimed generation; the file lives as long as the context.

    Raises GenerationError, text.UnspeakableText, EngineError, or what `report` raises.
    """
    report(Progress(Stage.LOADING))
    engine = get_engine()
    state.record_engine(generation, engine.name, engine.precision)
    segments = text.split(generation.text, generation.language, engine.segment_limits[generation.language])
    with temporary_folder() as folder:
        conditioning = condition(engine, list(generation.references.order_by("sha256")), folder, report)

        waveforms = speak_segments(engine, segments, conditioning, generation, report)
        pieces = [
            (waveform, segment.pause_seconds) for waveform, segment in zip(waveforms, segments, strict=True)
        ]

        report(Progress(Stage.ENCODING, len(segments), len(segments), spoken_share=1.0))
        spoken = folder / "speech.wav"
        duration_seconds = audio.write_speech(pieces, engine.sample_rate_hz, spoken)
        encoded = folder / f"encoded.{generation.audio_format}"
        audio.encode(
            spoken,
            encoded,
            AudioFormat(generation.audio_format),
            comment=f"Synthetic speech, made by {engine.label}",
        )
        yield Speech(
            encoded, engine.sample_rate_hz, duration_seconds, audio.compute_peaks(spoken, PEAK_COUNT)
        )


def speak_segments(
    engine: Engine,
    segments: list[text.Segment],
    conditioning: Conditioning,
    generation: Generation,
    report: Report,
) -> list[Waveform]:
    waveforms: dict[int, Waveform] = {}
    spoken_share = reported_at = 0.0

    def report_each_second(share: float) -> None:
        nonlocal spoken_share, reported_at
        spoken_share = max(spoken_share, share)
        if time.monotonic() >= reported_at + REPORT_SECONDS:
            report(Progress(Stage.SPEAKING, len(waveforms), len(segments), spoken_share))
            reported_at = time.monotonic()

    report_each_second(0.0)
    options = [
        SynthesisOptions(generation.speed, generation.temperature, seed=(generation.seed + index) % 2**32)
        for index in range(len(segments))
    ]
    spoken = engine.synthesize_all(
        [segment.text for segment in segments], generation.language, conditioning, options, report_each_second
    )
    with closing(spoken):
        for index, waveform in spoken:
            verify(waveform, segments[index].text)
            waveforms[index] = waveform
            spoken_share = max(spoken_share, len(waveforms) / len(segments))
            report(Progress(Stage.SPEAKING, len(waveforms), len(segments), spoken_share))
    return [waveforms[index] for index in range(len(segments))]


def verify(waveform: Waveform, segment: str) -> None:
    """Refuses what no one would call speech. -60 dBFS is far below the quietest word and far above dither."""
    if not waveform.size or not np.isfinite(waveform).all() or np.abs(waveform).max() < 1e-3:
        raise GenerationError(
            ErrorCode.SYNTHESIS_FAILED, f"The engine made no sound for “{segment[:60]}”. Try other words."
        )
