"""One generation, top to bottom: normalise, condition, split, speak, verify, mark, encode, store."""

import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.numpy
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import Error as DatabaseError
from django.db.models.fields.files import FieldFile
from safetensors import SafetensorError

from cloning import audio, text
from cloning.engines.base import Conditioning, Engine, EngineError, SynthesisOptions, Waveform
from cloning.engines.registry import get_engine
from cloning.errors import ErrorCode, GenerationError
from cloning.formats import AudioFormat
from cloning.jobs import state
from cloning.jobs.conditioning import find_conditioning, store_conditioning
from cloning.jobs.state import Progress
from cloning.models import Generation, Reference, Stage
from cloning.storage.local import is_disk_full
from cloning.storage.temporary import temporary_folder
from cloning.text import UnspeakableText

logger = logging.getLogger(__name__)

PEAK_COUNT = 120
REPORT_SECONDS = 1.0

_one_voice_at_a_time = threading.Lock()

Report = Callable[[Progress], None]
"""Raises to end the work."""


class ClaimLostError(Exception):
    """The generation was cancelled or taken by another worker: drop the work."""


class StoppingError(Exception):
    """The worker was asked to stop: give the claim back."""


def reporter(generation: Generation, is_stopping: Callable[[], bool] = lambda: False) -> Report:
    """Writes progress to the row; raises StoppingError or ClaimLostError when the work is no longer wanted here."""

    def report(progress: Progress) -> None:
        if is_stopping():
            raise StoppingError
        if not state.report(generation, progress):
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

    Raises only what `report` raises.
    """
    try:
        with synthesize(generation, report) as speech, speech.file.open("rb") as file:
            state.succeed(
                generation,
                File(file),
                sample_rate_hz=speech.sample_rate_hz,
                duration_seconds=speech.duration_seconds,
                peaks=speech.peaks,
            )
    except (ClaimLostError, StoppingError):
        raise
    except GenerationError as error:
        state.fail(generation, ErrorCode(error.code), str(error))
    except UnspeakableText as error:
        state.fail(generation, ErrorCode.TEXT_UNSPEAKABLE, str(error))
    except EngineError as error:
        state.fail(generation, ErrorCode.SYNTHESIS_FAILED, str(error))
    except OSError as error:
        logger.exception("Generation %s", generation.pk)
        if is_disk_full(error):
            state.fail(
                generation,
                ErrorCode.STORAGE_FULL,
                "The server's disk is full. Nothing was kept; try again later.",
            )
        else:
            state.fail(generation, ErrorCode.STORAGE_FAILED, "The server could not read or write a file.")
    except DatabaseError:
        raise  # nothing can be recorded: the lease runs out and the row is taken up again
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

        waveforms = spoken_segments(engine, segments, conditioning, generation, report)
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


def spoken_segments(
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


def condition(engine: Engine, references: list[Reference], folder: Path, report: Report) -> Conditioning:
    """The voice of the references, from storage when this engine derived it before."""
    if not references:
        raise GenerationError(ErrorCode.REFERENCE_MISSING, "The reference of this generation was deleted.")
    with _one_voice_at_a_time:  # whoever waits for the same voice finds it stored then
        return stored_conditioning(engine, references) or derived_conditioning(
            engine, references, folder, report
        )


def derived_conditioning(
    engine: Engine, references: list[Reference], folder: Path, report: Report
) -> Conditioning:
    report(Progress(Stage.PREPARING))
    clips = [normalised_clip(reference, folder) for reference in references]
    report(Progress(Stage.CONDITIONING))
    try:
        conditioning = engine.condition(clips, lambda: report(Progress(Stage.CONDITIONING)))
    except EngineError as error:
        raise GenerationError(ErrorCode.REFERENCE_UNUSABLE, str(error)) from error
    arrays = {key: np.ascontiguousarray(array) for key, array in conditioning.arrays.items()}
    store_conditioning(references, engine.conditioning_key, safetensors.numpy.save(arrays))
    return conditioning


def stored_conditioning(engine: Engine, references: list[Reference]) -> Conditioning | None:
    if (found := find_conditioning(references, engine.conditioning_key)) is None:
        return None
    try:
        with found.file.open() as file:
            return Conditioning(safetensors.numpy.load(file.read()))
    except (
        FileNotFoundError,
        SafetensorError,
    ):  # lost, or half written when the machine went down: derive it again
        found.delete()
        return None


def normalised_clip(reference: Reference, folder: Path) -> Path:
    """A local copy of the normalised clip, normalised now if it has not been before."""
    local = folder / f"{reference.sha256}.wav"
    if reference.normalized.name and default_storage.exists(reference.normalized.name):
        copy_from_storage(reference.normalized, local)
        return local
    upload = folder / reference.sha256
    try:
        copy_from_storage(reference.file, upload)
    except FileNotFoundError as error:
        raise GenerationError(
            ErrorCode.REFERENCE_MISSING, "The reference's file is gone from the storage."
        ) from error
    audio.normalize(upload, local, max_seconds=settings.MAX_REFERENCE_SECONDS)
    with local.open("rb") as normalised:
        reference.keep_normalized(File(normalised))
    return local


def copy_from_storage(stored: FieldFile, target: Path) -> None:
    with stored.open("rb") as source, target.open("wb") as copy:
        shutil.copyfileobj(source, copy)


def verify(waveform: Waveform, segment: str) -> None:
    """Refuses what no one would call speech. -60 dBFS is far below the quietest word and far above dither."""
    if not waveform.size or not np.isfinite(waveform).all() or np.abs(waveform).max() < 1e-3:
        raise GenerationError(
            ErrorCode.SYNTHESIS_FAILED, f"The engine made no sound for “{segment[:60]}”. Try other words."
        )
