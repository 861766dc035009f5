"""What is derived from references: normalized clips, and the conditioning that an engine makes of them.

Both are kept in the storage, checked when they are read, and made again when they are lost or damaged.
"""

import hashlib
import io
import logging
import threading
import time
import wave
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.numpy
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from numpy.typing import NDArray

from cloning import audio
from cloning.engines import registry
from cloning.engines.base import Conditioning, Engine, EngineError, Floats, Waveform
from cloning.errors import ErrorCode, GenerationError
from cloning.jobs.cleanup import delete_stored
from cloning.jobs.conditioning import find_conditioning, store_conditioning, store_gain
from cloning.jobs.measuring import find_ends
from cloning.jobs.takes import Progress
from cloning.models import (
    Reference,
    Stage,
    StoredConditioning,
    VoiceGain,
    identify_set,
    identify_stock_voice,
)
from cloning.scoring.measuring import embed_clips

logger = logging.getLogger(__name__)

WAIT_SECONDS = 1.0  # between two reports of who waits for a voice
NORMALIZED_FORMAT = (1, 2, 16_000)  # channels, bytes of a sample, Hz
DIGEST = "sha256"
GAIN_SECONDS = 20.0  # of speech, from which the gain of a voice is known

Report = Callable[[Progress], None]
"""Raises to end the work."""


class KeyedLocks:
    """A lock for each key that somebody holds or waits for."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._users: Counter[str] = Counter()

    @contextmanager
    def hold(self, key: str, while_waiting: Callable[[], None]) -> Iterator[None]:
        """`while_waiting` is called each WAIT_SECONDS, and ends the wait by raising."""
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
            self._users[key] += 1
        try:
            while not lock.acquire(timeout=WAIT_SECONDS):
                while_waiting()
            try:
                yield
            finally:
                lock.release()
        finally:
            with self._guard:
                self._users[key] -= 1
                if not self._users[key]:
                    del self._users[key], self._locks[key]


_voices_being_learnt = KeyedLocks()


@dataclass
class Voice:
    """What an engine speaks with."""

    conditioning: Conditioning
    stored: StoredConditioning | None  # none where nothing but this work has its references
    gain: VoiceGain | None = None  # known once it has spoken the language
    speaker_embedding: Floats | None = None  # of its references; None of a stock voice


def learn_voice(engine: Engine, references: Sequence[Reference], folder: Path, report: Report) -> Voice:
    """The voice of the references, from storage when this engine derived it before.

    Who wants a voice that another thread derives waits for it; nobody waits for another voice.
    """
    if not references:
        raise GenerationError(ErrorCode.REFERENCE_MISSING, "The reference of this generation was deleted.")
    if known := load_voice(engine, references):
        return known
    key = f"{identify_set(references)} {engine.conditioning_key}"
    with _voices_being_learnt.hold(key, lambda: report(Progress(Stage.PREPARING))):
        return load_voice(engine, references) or derive_voice(engine, references, folder, report)


def learn_stock_voice(engine: Engine, key: str, language: str) -> Voice:
    """A voice of the engine's own: nothing is learnt but how loud it speaks. Raises GenerationError."""
    try:
        conditioning = engine.stock_conditioning(key, language)
    except EngineError as error:
        raise GenerationError(
            ErrorCode.VOICE_UNKNOWN,
            f"The stock voice “{registry.stock_voice_name(key)}” is not one of {engine.label}, which speaks now. "
            "Choose another voice.",
        ) from error
    stored, _ = StoredConditioning.objects.get_or_create(
        set_id=identify_stock_voice(key), engine_key=engine.conditioning_key
    )
    return Voice(conditioning, stored)


def load_voice(engine: Engine, references: Sequence[Reference]) -> Voice | None:
    """None where there is none that is whole."""
    if (found := find_conditioning(references, engine.conditioning_key)) is None:
        return None
    try:
        with found.file.open() as stored:
            arrays = safetensors.numpy.load(stored.read())
        digest = arrays.pop(DIGEST).tobytes()
        conditioning = Conditioning(arrays)
        if digest == compute_digest(arrays) and engine.is_valid(conditioning):
            return Voice(conditioning, found)
    except Exception as error:  # there is no end to what can be raised by a damaged file
        logger.warning("%s can't be read: %r", found.file.name, error)
    logger.warning("%s is lost or damaged and made again", found.file.name)
    found.delete()
    return None


def derive_voice(engine: Engine, references: Sequence[Reference], folder: Path, report: Report) -> Voice:
    report(Progress(Stage.PREPARING))
    started_at = time.monotonic()
    clips = [fetch_normalized(reference, folder) for reference in references]
    report(Progress(Stage.CONDITIONING))
    try:
        conditioning = engine.condition(clips, lambda: report(Progress(Stage.CONDITIONING)))
    except EngineError as error:
        raise GenerationError(ErrorCode.REFERENCE_UNUSABLE, str(error)) from error
    stored = store_conditioning(
        references,
        engine.conditioning_key,
        serialize_conditioning(conditioning),
        time.monotonic() - started_at,
    )
    return Voice(conditioning, stored)


def learn_speaker(voice: Voice, references: Sequence[Reference], folder: Path) -> None:
    """Who speaks in the references, once; takes are compared with it. Without it they are spoken all the same."""
    if voice.stored and voice.stored.speaker_embedding:
        voice.speaker_embedding = np.frombuffer(voice.stored.speaker_embedding, np.float32)
        return
    try:
        embedding = embed_clips([fetch_normalized(reference, folder) for reference in references])
    except (GenerationError, OSError) as error:  # deleted since the voice was learnt
        logger.warning("Takes can't be compared with their reference: %s", error)
        return
    if not np.isfinite(embedding).all():
        return
    voice.speaker_embedding = embedding
    if voice.stored:
        rows = StoredConditioning.objects.filter(pk=voice.stored.pk)
        rows.update(speaker_embedding=embedding.astype(np.float32).tobytes())


def find_gain(voice: Voice, language: str) -> VoiceGain | None:
    """None until it has spoken this language."""
    return VoiceGain.objects.filter(conditioning=voice.stored, language=language).first()


def learn_gain(voice: Voice, language: str, waveform: Waveform, sample_rate_hz: int) -> float:
    """In dB: from what was spoken, until enough of it was measured."""
    known = voice.gain
    if known and known.measured_seconds >= GAIN_SECONDS:
        return known.gain_db
    gain_db, seconds = audio.measure_gain(waveform, sample_rate_hz), waveform.size / sample_rate_hz
    if known is None:
        voice.gain = VoiceGain(language=language, gain_db=gain_db, measured_seconds=seconds)
        if voice.stored:
            voice.gain.conditioning = voice.stored
            store_gain(voice.gain)
        return gain_db
    rows = VoiceGain.objects.filter(pk=known.pk, measured_seconds=known.measured_seconds)
    total_seconds = known.measured_seconds + seconds
    known.gain_db = (known.gain_db * known.measured_seconds + gain_db * seconds) / total_seconds
    known.measured_seconds = total_seconds
    rows.update(gain_db=known.gain_db, measured_seconds=total_seconds)
    return known.gain_db


def serialize_conditioning(conditioning: Conditioning) -> bytes:
    arrays = {key: np.ascontiguousarray(array) for key, array in conditioning.arrays.items()}
    digest = np.frombuffer(compute_digest(arrays), np.uint8)
    return safetensors.numpy.save({**arrays, DIGEST: digest})


def compute_digest(arrays: Mapping[str, NDArray[np.float32]]) -> bytes:
    digest = hashlib.sha256()
    for key in sorted(arrays):
        digest.update(key.encode())
        digest.update(arrays[key].tobytes())
    return digest.digest()


def fetch_normalized(reference: Reference, folder: Path) -> Path:
    """A local copy of the normalized clip, normalized now if there is none that is whole."""
    local = folder / f"{reference.pk}.wav"
    if local.is_file():  # fetched for this work already
        return local
    if content := load_normalized(reference):
        local.write_bytes(content)
        return local
    upload = folder / str(reference.pk)
    try:
        with reference.file.open("rb") as source:
            upload.write_bytes(source.read())
    except FileNotFoundError as error:
        raise GenerationError(
            ErrorCode.REFERENCE_MISSING, "The reference's file is gone from the storage."
        ) from error
    audio.normalize(
        upload, local, max_seconds=settings.MAX_REFERENCE_SECONDS, ends=find_ends(reference, upload)
    )
    reference.keep_normalized(ContentFile(local.read_bytes()))
    return local


def load_normalized(reference: Reference) -> bytes | None:
    """None where there is none that is whole."""
    name = reference.normalized.name
    if not name:
        return None
    try:
        with default_storage.open(name) as stored:
            content: bytes = stored.read()
        if is_normalized(content):
            return content
    except FileNotFoundError:
        return None
    except OSError as error:
        logger.warning("%s can't be read: %s", name, error)
    logger.warning("%s is damaged and made again", name)
    delete_stored(name)
    return None


def is_normalized(content: bytes) -> bool:
    """Whether this is a whole file as `audio.normalize` writes it."""
    try:
        with wave.open(io.BytesIO(content)) as clip:
            clip_format = (clip.getnchannels(), clip.getsampwidth(), clip.getframerate())
            expected_bytes = clip.getnframes() * clip.getsampwidth()
            samples = clip.readframes(clip.getnframes())
    except Exception:  # there is no end to what can be raised by a damaged file
        return False
    return clip_format == NORMALIZED_FORMAT and len(samples) == expected_bytes and any(samples)
