"""Takes joined into the file of a generation, without being measured again."""

import contextlib
import math
import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from cloning.audio.layout import Layout, PlacedPiece
from cloning.audio.levelling import no_sound
from cloning.audio.levels import Samples, measure_peak
from cloning.audio.limiting import Limiter
from cloning.audio.loudness import SPEECH_LOUDNESS_LUFS, TRUE_PEAK_DBTP, Stretch, integrate_loudness
from cloning.audio.wav import decode_pcm, encode_pcm, open_for_writing, replace_whole
from cloning.errors import ErrorCode, GenerationError

MAX_CORRECTION_DB = 0.9
"""How far the file may be from what was heard while it was made: with all rounding, 1 LU."""
NO_CORRECTION_DB = 0.05
KEPT_CORRECTION_DB = 0.3
"""How far the file may be from its loudness so that the takes of an earlier one stay as they are in it."""
METERS_DIFFER_DB = 0.2
PEAK_COUNT = 120
CHUNK_SECONDS = 2


@dataclass(frozen=True)
class Piece:
    """A take as `write_take` wrote it, what that said of it, and the silence after it."""

    source: Path | Callable[[], IO[bytes]]  # where the file is, or what opens it, when its turn comes
    duration_seconds: float
    loudness_blocks: Sequence[int]
    true_peak_dbtp: float
    pause_seconds: float = 0.0
    key: str = ""  # `PlacedPiece.key`


@dataclass(frozen=True)
class JoinedSpeech:
    duration_seconds: float
    peaks: list[float]  # PEAK_COUNT of them; 1 is the loudest of the file
    layout: Layout


def join(
    pieces: Sequence[Piece],
    sample_rate_hz: int,
    target: Path,
    *,
    lead_seconds: float = 0.0,
    earlier: Layout | None = None,
    packet_size: int = 1,
) -> JoinedSpeech:
    """Writes the pieces one after another as WAV, mono, 16-bit, at −19 LUFS, with true peaks below −1 dBTP.

    The gain is one for all and within MAX_CORRECTION_DB, so that the file is as loud as the takes were. Only takes
    whose peaks stand in its way are limited. The last piece's pause is not spoken; `lead_seconds` of silence come
    before the first. What lay in an `earlier` file comes a multiple of `packet_size` samples before or after its place
    there, for which pauses differ by half of that, and changes by the same gain, within KEPT_CORRECTION_DB.
    Pieces are opened one after another, and a chunk is in memory at a time. `target` appears whole or not at all.
    Raises GenerationError: SPEECH_SILENT without pieces, ENCODING_FAILED where a piece is no such WAV, STORAGE_FULL.
    """
    if not pieces:
        raise no_sound()
    layout = lay_out(pieces, sample_rate_hz, lead_seconds, earlier, packet_size)
    outline = Outline(layout.size)
    are_rows_true = True  # what rows say of the pieces' durations
    with replace_whole(target) as temporary, open_for_writing(temporary, sample_rate_hz) as output:
        for piece, placed in zip(pieces, layout.pieces, strict=True):
            for part in split_pause(placed.start - outline.position, sample_rate_hz):
                output.writeframesraw(bytes(2 * part))
                outline.position += part
            for samples in change_level(piece, layout.gain_db, sample_rate_hz):
                output.writeframesraw(encode_pcm(samples))
                outline.add(samples)
            are_rows_true &= outline.position == placed.end
    if not are_rows_true:
        layout = Layout(layout.gain_db, outline.position, ())
    return JoinedSpeech(outline.position / sample_rate_hz, outline.draw(), layout)


def lay_out(
    pieces: Sequence[Piece],
    sample_rate_hz: int,
    lead_seconds: float,
    earlier: Layout | None,
    packet_size: int,
) -> Layout:
    earlier_starts = earlier.find_starts() if earlier else {}
    placed: list[PlacedPiece] = []
    position = round(lead_seconds * sample_rate_hz)  # without what pauses differ by
    end = 0
    for piece in pieces:
        start = position
        if piece.key in earlier_starts:
            offset = earlier_starts[piece.key] % packet_size
            start = round((position - offset) / packet_size) * packet_size + offset
            start += max(0, math.ceil((end - start) / packet_size)) * packet_size
        start = max(start, end)
        placed.append(PlacedPiece(piece.key, start, round(piece.duration_seconds * sample_rate_hz)))
        end = placed[-1].end
        position += placed[-1].size + round(max(0.0, piece.pause_seconds) * sample_rate_hz)
    gain_db = find_correction(pieces, placed, sample_rate_hz, earlier)
    return Layout(gain_db, end, tuple(placed))


def find_correction(
    pieces: Sequence[Piece], placed: Sequence[PlacedPiece], sample_rate_hz: int, earlier: Layout | None
) -> float:
    """The gain in dB; 0 where it would not be heard, so that the takes stay as they are."""
    ends = [following.start for following in placed[1:]] + [placed[-1].end]
    loudness_lufs = integrate_loudness(
        Stretch(piece.loudness_blocks, piece.duration_seconds, (end - place.end) / sample_rate_hz)
        for piece, place, end in zip(pieces, placed, ends, strict=True)
    )
    wanted_db = SPEECH_LOUDNESS_LUFS - loudness_lufs
    correction_db = max(-MAX_CORRECTION_DB, min(wanted_db, MAX_CORRECTION_DB))
    if earlier and abs(correction_db - earlier.gain_db) <= KEPT_CORRECTION_DB:
        return earlier.gain_db
    return 0.0 if abs(wanted_db) < NO_CORRECTION_DB else correction_db


def change_level(piece: Piece, gain_db: float, sample_rate_hz: int) -> Iterator[Samples]:
    """The piece's samples, chunk by chunk."""
    factor = np.float32(10 ** (gain_db / 20))
    chunks = (samples * factor for samples in read_samples(piece.source, sample_rate_hz))
    if piece.true_peak_dbtp + gain_db <= TRUE_PEAK_DBTP - METERS_DIFFER_DB:
        yield from chunks
        return
    limiter = Limiter(sample_rate_hz)
    for samples in chunks:
        yield limiter.process(samples)
    yield limiter.flush()


def read_samples(source: Path | Callable[[], IO[bytes]], sample_rate_hz: int) -> Iterator[Samples]:
    opened = source.open("rb") if isinstance(source, Path) else source()
    try:
        with contextlib.closing(opened), wave.open(opened, "rb") as take:
            if (take.getnchannels(), take.getsampwidth(), take.getframerate()) != (1, 2, sample_rate_hz):
                raise damaged()
            size = 0
            while frames := take.readframes(CHUNK_SECONDS * sample_rate_hz):
                yield decode_pcm(frames)
                size += len(frames) // 2
            if size != take.getnframes():
                raise damaged()
    except (wave.Error, EOFError) as error:
        raise damaged() from error


def damaged() -> GenerationError:
    return GenerationError(ErrorCode.ENCODING_FAILED, "A part of the speech could not be read.")


def split_pause(sample_count: int, sample_rate_hz: int) -> Iterator[int]:
    while sample_count > 0:
        part = min(sample_count, CHUNK_SECONDS * sample_rate_hz)
        yield part
        sample_count -= part


class Outline:
    """The loudest sample in each of PEAK_COUNT equal stretches of sound that comes in chunks."""

    def __init__(self, expected_size: int) -> None:
        self.position = 0
        self._size = max(1, expected_size)
        self._loudest = np.zeros(PEAK_COUNT, np.float32)

    def add(self, samples: Samples) -> None:
        if not samples.size:
            return
        end = self.position + samples.size
        edges = np.arange(PEAK_COUNT) * self._size // PEAK_COUNT
        first = min(int(np.searchsorted(edges, self.position, "right")) - 1, PEAK_COUNT - 1)
        last = int(np.searchsorted(edges, end, "left"))
        cuts = np.maximum(edges[first:last] - self.position, 0)
        loudest = np.maximum.reduceat(np.abs(samples), cuts)
        self._loudest[first:last] = np.maximum(self._loudest[first:last], loudest)
        self.position = end

    def draw(self) -> list[float]:
        loudest = max(measure_peak(self._loudest), 1e-4)
        return [round(float(peak) / loudest, 3) for peak in self._loudest]
