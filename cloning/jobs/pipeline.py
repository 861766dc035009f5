"""The work itself: a take, from its voice to its stored sound, and the takes of a generation joined to one file.

Whatever goes wrong becomes a reason on the row.
"""

import logging
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from django.core.files.base import File
from django.db import Error as DatabaseError

from cloning import audio, text
from cloning.audio.fingerprint import take_fingerprint
from cloning.engines import registry
from cloning.engines.base import Engine, EngineError, SynthesisOptions, Waveform
from cloning.errors import ErrorCode, GenerationError
from cloning.formats import AudioFormat
from cloning.jobs import checks, joins, signing, takes
from cloning.jobs.attempts import speak_best
from cloning.jobs.deriving import (
    Report,
    Voice,
    find_gain,
    learn_gain,
    learn_speaker,
    learn_stock_voice,
    learn_voice,
)
from cloning.jobs.dispatching import call_workers
from cloning.jobs.marking import key_of_new_speech
from cloning.jobs.stream import LiveTake
from cloning.jobs.takes import Progress, Sound
from cloning.models import Generation, Segment, Stage, Status, Take
from cloning.provenance import SigningError
from cloning.scoring import TakeScores
from cloning.storage.local import explain_unavailable, is_disk_full
from cloning.storage.temporary import temporary_folder
from cloning.text import UnspeakableText

logger = logging.getLogger(__name__)

REPORT_SECONDS = 1.0
MAX_HURRY = 1.5
"""Times as fast as was asked for."""
MAX_SPEED = 2.0

Fail = Callable[[ErrorCode, str], object]


class ClaimLostError(Exception):
    """It was cancelled, deleted or taken by another worker: drop the work."""


class StoppingError(Exception):
    """The worker was asked to stop: give the claim back."""


def reporter(take: Take, is_stopping: Callable[[], bool] = lambda: False) -> Report:
    """Writes progress to the rows; raises StoppingError or ClaimLostError when the work is no longer wanted here."""
    stage: Stage | None = None

    def report(progress: Progress) -> None:
        nonlocal stage
        if is_stopping():
            raise StoppingError
        try:
            is_mine = takes.report(take, progress)
            if progress.stage != stage:
                running = Generation.objects.filter(pk=take.segment.generation_id, status=Status.RUNNING)
                others = running.exclude(stage__in=[Stage.JOINING, progress.stage])
                if others.update(stage=progress.stage) and progress.stage == Stage.SPEAKING:
                    call_workers()  # its other sentences waited for the voice
                stage = progress.stage
        except DatabaseError as error:
            if explain_unavailable(error) is None:
                raise
            # What is shown of the work is no reason to give up the work.
            logger.warning("Progress of %s was not written: %s", take.pk, error)
            return
        if not is_mine:
            raise ClaimLostError

    return report


def perform_take(take: Take, report: Report) -> None:
    """Speaks a claimed take and records how it ended.

    Raises what `report` raises, ClaimLostError, and DatabaseError where nothing can be recorded: the lease runs out
    then, and the row is taken up again.
    """
    with failures_recorded(take.pk, lambda code, message: takes.fail(take, code, message)):
        if (engine := registry.loaded()) is None:
            report(Progress(Stage.LOADING))
            engine = registry.get_engine()
        if not takes.begin(take, engine):
            raise ClaimLostError
        with temporary_folder() as folder:
            sound = speak_take(engine, take, folder, report)
            with sound.path.open("rb") as file:
                if not takes.accept(take, File(file), sound):
                    raise ClaimLostError


@contextmanager
def failures_recorded(name: object, fail: Fail) -> Iterator[None]:
    try:
        yield
    except (ClaimLostError, StoppingError):
        raise
    except GenerationError as error:
        fail(ErrorCode(error.code), str(error))
    except UnspeakableText as error:
        fail(ErrorCode.TEXT_UNSPEAKABLE, str(error))
    except EngineError as error:
        fail(ErrorCode.SYNTHESIS_FAILED, str(error))
    except (OSError, DatabaseError) as error:
        logger.exception("%s", name)
        if is_disk_full(error):
            message = "The server's disk is full. What was spoken before is kept; try again later."
            fail(ErrorCode.STORAGE_FULL, message)
        elif isinstance(error, OSError):
            fail(ErrorCode.STORAGE_FAILED, "The server could not read or write a file.")
        else:
            raise
    except Exception:
        logger.exception("%s", name)
        fail(ErrorCode.INTERNAL_ERROR, "Something went wrong on the server; its log says what.")


def speak_take(engine: Engine, take: Take, folder: Path, report: Report) -> Sound:
    """The levelled sound of the take, in the folder."""
    voice = find_voice(engine, take.segment, folder, report)
    report(Progress(Stage.SPEAKING))
    started_at = time.monotonic()
    watermark_key = key_of_new_speech()
    language = take.segment.generation.language
    is_formant = engine.is_formant(language)

    def score(waveform: Waveform) -> TakeScores:
        return checks.score(take, engine, voice.speaker_embedding, waveform)

    if voice.gain and is_listened_to(take, engine):
        gain_db = voice.gain.gain_db
        finisher = audio.Finisher(engine.sample_rate_hz, gain_db, watermark_key, is_formant=is_formant)
        waveform, samples = speak_live(engine, take, voice, finisher, report)
        scores = score(waveform)  # what was heard is kept, whatever they say
    else:
        best = speak_best(
            synthesis_options(take),
            lambda options: speak_whole(engine, take, voice, options, report),
            score,
            is_sampled=registry.ENGINES[engine.name].is_sampled,
        )
        waveform, scores, take.seed = best.waveform, best.scores, best.options.seed
        gain_db = learn_gain(voice, language, waveform, engine.sample_rate_hz)
        waveform = hurry(waveform, take, engine.sample_rate_hz)  # before it is marked: a mark keeps time
        finisher = audio.Finisher(engine.sample_rate_hz, gain_db, watermark_key, is_formant=is_formant)
        samples = np.concatenate([finisher.process(waveform), finisher.flush()])
    spoken_seconds = time.monotonic() - started_at
    path = folder / "take.wav"
    measured = audio.write_take(samples, engine.sample_rate_hz, path)
    return Sound(
        path,
        engine.sample_rate_hz,
        measured,
        spoken_seconds,
        is_watermarked=watermark_key is not None,
        fingerprint=take_fingerprint(samples, engine.sample_rate_hz),
        scores=replace(scores, loudness_lufs=measured.loudness_lufs),
    )


def hurry(samples: Waveform, take: Take, sample_rate_hz: int) -> Waveform:
    """Of subtitles: faster, where it is longer than there is room, as far as it can still be understood."""
    room_seconds, seconds = take.segment.room_seconds, samples.size / sample_rate_hz
    if not room_seconds or seconds <= room_seconds:
        return samples
    most = min(MAX_HURRY, MAX_SPEED / take.segment.generation.speed)
    take.tempo = max(1.0, min(most, seconds / room_seconds))
    return audio.change_tempo(samples, take.tempo, sample_rate_hz)


def find_voice(engine: Engine, segment: Segment, folder: Path, report: Report) -> Voice:
    """That of its speaker; of what is no dialogue, the generation's."""
    speaks, language = segment.speaker or segment.generation, segment.generation.language
    if speaks.stock_voice:
        voice = learn_stock_voice(engine, speaks.stock_voice, language)
    else:
        references = list(speaks.references.order_by("sha256", "start_seconds"))
        voice = learn_voice(engine, references, folder, report)
        learn_speaker(voice, references, folder)
    voice.gain = find_gain(voice, language)
    return voice


def is_listened_to(take: Take, engine: Engine) -> bool:
    """Whether somebody waits for just this sentence, and the engine can give it out while it speaks."""
    generation = take.segment.generation
    if take.segment.room_seconds is not None:  # how fast it is is known at its end
        return False
    if not (registry.ENGINES[engine.name].can_stream and generation.is_streamed and generation.is_awaited):
        return False
    before = Segment.objects.filter(generation=generation, index__lt=take.segment.index, chosen_take=None)
    return take.segment.chosen_take_id is None and not before.exists()


def speak_whole(
    engine: Engine, take: Take, voice: Voice, options: SynthesisOptions, report: Report
) -> Waveform:
    parts = split_take(take, engine)
    reported_at = -REPORT_SECONDS
    waveforms: list[Waveform] = []

    def report_each_second(share: float) -> None:
        nonlocal reported_at
        if time.monotonic() >= reported_at + REPORT_SECONDS:
            reported_at = time.monotonic()
            report(Progress(Stage.SPEAKING, (len(waveforms) + share) / len(parts)))

    for part in parts:
        [(_, waveform)] = engine.synthesize_all(
            [part.text], take.segment.generation.language, voice.conditioning, [options], report_each_second
        )
        verify(waveform, part.text)
        waveforms += [waveform, silence(part.pause_seconds, engine)]
    return np.concatenate(waveforms)


def speak_live(
    engine: Engine, take: Take, voice: Voice, finisher: audio.Finisher, report: Report
) -> tuple[Waveform, Waveform]:
    """Gives the sound out while it is spoken. What the engine finds afterwards to be no speech is not kept.

    What the engine spoke, and what came of it.
    """
    language, options = take.segment.generation.language, synthesis_options(take)
    spoken: list[Waveform] = []
    finished: list[Waveform] = []
    tail_size = 0
    parts = split_take(take, engine)
    with LiveTake(take) as live:
        for number, part in enumerate(parts):
            size_before = count_samples(spoken)
            speech = engine.stream(part.text, language, voice.conditioning, options)
            with closing(speech):
                while isinstance(piece := next_piece(speech), np.ndarray):
                    report(Progress(Stage.SPEAKING, number / len(parts)))
                    spoken.append(piece)
                    finished.append(finisher.process(piece))
                    live.publish(finished[-1])
            tail_size = count_samples(spoken) - size_before - piece
            verify(np.concatenate([*spoken, silence(0, engine)]), part.text)
            pause = silence(part.pause_seconds, engine)
            spoken.append(pause)
            finished.append(finisher.process(pause))
            live.publish(finished[-1])
        finished.append(finisher.flush())
        live.publish(finished[-1])
    waveform, sound = np.concatenate(spoken), np.concatenate(finished)
    learn_gain(voice, language, waveform, engine.sample_rate_hz)
    return waveform[: waveform.size - tail_size], sound[: sound.size - tail_size]


def next_piece(speech: Generator[Waveform, None, int]) -> Waveform | int:
    """Of an engine's stream; at its end, how many samples were speech."""
    try:
        return next(speech)
    except StopIteration as end:
        return int(end.value)


def count_samples(pieces: Sequence[Waveform]) -> int:
    return sum(piece.size for piece in pieces)


def split_take(take: Take, engine: Engine) -> list[text.Segment]:
    """The take's text in one piece, or in several where it was split for an engine that takes longer ones."""
    language = take.segment.generation.language
    max_chars = engine.segment_limits[language]
    if len(take.text) <= max_chars:
        return [text.Segment(take.text, 0.0)]
    return text.split(take.text, language, max_chars)


def synthesis_options(take: Take) -> SynthesisOptions:
    generation = take.segment.generation
    return SynthesisOptions(generation.speed, generation.temperature, seed=take.seed)


def silence(duration_seconds: float, engine: Engine) -> Waveform:
    return np.zeros(round(duration_seconds * engine.sample_rate_hz), np.float32)


def verify(waveform: Waveform, segment: str) -> None:
    """Refuses what no one would call speech. -60 dBFS is far below the quietest word and far above dither."""
    if not waveform.size or not np.isfinite(waveform).all() or np.abs(waveform).max() < 1e-3:
        raise GenerationError(
            ErrorCode.SYNTHESIS_FAILED, f"The engine made no sound for “{segment[:60]}”. Try other words."
        )


def perform_join(generation: Generation) -> None:
    """Joins the chosen takes of a claimed generation, and records how it ended. Raises what can't be recorded."""
    with failures_recorded(generation.pk, lambda code, message: joins.fail(generation, code, message)):
        with temporary_folder() as folder:
            try:
                encoded, joined, is_signed = join_takes(generation, folder)
            except SigningError:
                if joins.try_again(generation):
                    return
                raise
            with encoded.open("rb") as file:
                accepted = joins.accept(generation, File(file), joined, is_signed=is_signed)
        if not accepted:
            raise ClaimLostError


def join_takes(generation: Generation, folder: Path) -> tuple[Path, audio.JoinedSpeech, bool]:
    """The file, what is in it, and whether it is signed."""
    audio_format = AudioFormat(generation.audio_format)
    earlier = joins.fetch_earlier(generation, folder)
    speech, encoded = folder / "speech.wav", folder / f"encoded{audio_format.suffix}"
    joined = joins.join_chosen(generation, speech, earlier.layout if earlier else None, audio_format)
    source = audio.PlacedFile(speech, joined.layout)
    is_signed = signing.encode(generation, source, encoded, audio_format, earlier=earlier)
    return encoded, joined, is_signed
