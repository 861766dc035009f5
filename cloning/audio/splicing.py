"""A joined file encoded again after some of its takes changed: of an earlier one what sounds the same is kept.

MP3 and Opus are packets of equal duration, each of which needs little more than the one before it. So one file can go
over into another where both are silent for some packets, between two takes, and only what is new is encoded. A take
that was in the earlier file has to lie a whole number of packets away from where it lay there: of this
`Framing.packet_size` tells `join`.
"""

import logging
import math
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from cloning.audio.layout import Layout, PlacedPiece
from cloning.audio.mastering import encode
from cloning.audio.packets import (
    DECODER_DELAY,
    ENCODER_DELAY,
    DamagedFileError,
    Packets,
    read_mp3,
    read_opus,
    write_mp3,
    write_opus,
)
from cloning.audio.wav import open_for_writing, replace_whole
from cloning.formats import AudioFormat

logger = logging.getLogger(__name__)

MARGIN = 2
"""Packets of silence that are taken along with a take, at both ends: of the earlier file on both sides of a seam."""
MAX_GAPS = 4
"""With more there is little to be gained: each is a process."""
MAX_EARLIER_BYTES = 32 * 1024**2
"""An hour of speech. Its packets are in memory, maybe of the web process; what is longer is encoded whole."""
OPUS_DELAY_SECONDS = 0.0065
MP3_PACKET_SIZES = {16_000: 576, 22_050: 576, 24_000: 576, 32_000: 1152, 44_100: 1152, 48_000: 1152}
OPUS_RATES_HZ = (8_000, 12_000, 16_000, 24_000, 48_000)
OPUS_PACKETS_PER_SECOND = 50


@dataclass(frozen=True)
class Framing:
    packet_size: int  # samples
    delay: int  # samples; what goes in comes out so much later

    def opens_at(self, piece: PlacedPiece) -> int:
        """The first packet that has anything to do with it."""
        return piece.start // self.packet_size - MARGIN

    def closes_at(self, piece: PlacedPiece) -> int:
        """The first packet after it that has nothing to do with it."""
        return math.ceil((piece.end + self.delay) / self.packet_size) + MARGIN


def find_framing(audio_format: AudioFormat, sample_rate_hz: int) -> Framing | None:
    """None where nothing can be kept of such files."""
    if audio_format == AudioFormat.MP3 and (size := MP3_PACKET_SIZES.get(sample_rate_hz)):
        return Framing(size, ENCODER_DELAY + DECODER_DELAY)
    if audio_format == AudioFormat.OPUS and sample_rate_hz in OPUS_RATES_HZ:
        return Framing(sample_rate_hz // OPUS_PACKETS_PER_SECOND, round(OPUS_DELAY_SECONDS * sample_rate_hz))
    return None


@dataclass(frozen=True)
class PlacedFile:
    path: Path
    layout: Layout | None = None  # where takes lie in it, if that is known


@dataclass(frozen=True)
class Kept:
    """Packets of the earlier file that are used again."""

    first: int  # in the new file
    end: int | None  # exclusive; None where the rest of the file is kept
    shift: int  # packets; by so much later are they in the new file


Gap = tuple[int, int | None]
"""The first packet that is encoded, and the first that is not; None where it is the rest of the file."""


def encode_joined(
    joined: PlacedFile,
    target: Path,
    audio_format: AudioFormat,
    *,
    tags: Mapping[str, str],
    earlier: PlacedFile | None = None,
    timeout_seconds: float = 300,
) -> None:
    """Writes `joined`, a WAV, in `audio_format`, with what an `earlier` file in this format has of it already.

    `target` appears whole or not at all. Raises GenerationError: ENCODING_FAILED, STORAGE_FULL.
    """
    if not earlier or not encode_again(joined, earlier, target, audio_format, tags, timeout_seconds):
        encode(joined.path, target, audio_format, tags=tags, timeout_seconds=timeout_seconds)


def encode_again(
    joined: PlacedFile,
    earlier: PlacedFile,
    target: Path,
    audio_format: AudioFormat,
    tags: Mapping[str, str],
    timeout_seconds: float,
) -> bool:
    """False where nothing can be kept; `target` is not there then."""
    if joined.layout is None or earlier.layout is None or earlier.path.stat().st_size > MAX_EARLIER_BYTES:
        return False
    with wave.open(str(joined.path), "rb") as file:
        rate_hz = file.getframerate()
    framing = find_framing(audio_format, rate_hz)
    kept = find_kept(earlier.layout, joined.layout, framing) if framing else []
    gaps = list_gaps(kept)
    if not framing or not kept or len(gaps) > MAX_GAPS:
        return False
    try:
        head, packets = read_packets(earlier.path, audio_format)
        parts = {run.first: take_kept(packets, run) for run in kept}
        for gap in gaps:
            head, parts[gap[0]] = encode_gap(
                joined.path, gap, framing, target, audio_format, tags, timeout_seconds
            )
        together = [packet for first in sorted(parts) for packet in parts[first]]
        with replace_whole(target) as temporary:
            size = joined.layout.size
            if audio_format == AudioFormat.OPUS:
                write_opus(head, together, temporary, sample_count=size, rate_hz=rate_hz)
            else:
                write_mp3(
                    together, temporary, frame_size=framing.packet_size, sample_count=size, tags=tags,
                    timeout_seconds=timeout_seconds,
                )  # fmt: skip
    except DamagedFileError:
        logger.warning("Nothing could be kept of an earlier %s file", audio_format)
        return False
    return True


def find_kept(earlier: Layout, layout: Layout, framing: Framing) -> list[Kept]:
    """In the order of the file."""
    if earlier.gain_db != layout.gain_db:
        return []
    found = (trim(run, earlier, layout, framing) for run in find_runs(earlier, layout, framing))
    return [kept for kept in found if kept]


@dataclass
class Run:
    """Pieces that follow one another in both files, equally far apart."""

    new: int  # the index of the first
    old: int
    count: int
    shift: int  # samples


def find_runs(earlier: Layout, layout: Layout, framing: Framing) -> list[Run]:
    indexes = {piece.key: index for index, piece in enumerate(earlier.pieces) if piece.key}
    runs: list[Run] = []
    for new, piece in enumerate(layout.pieces):
        old = indexes.get(piece.key)
        if old is None or piece.size != earlier.pieces[old].size:
            continue
        shift = piece.start - earlier.pieces[old].start
        if shift % framing.packet_size:
            continue
        last = runs[-1] if runs else None
        if last and (last.new + last.count, last.old + last.count, last.shift) == (new, old, shift):
            last.count += 1
        else:
            runs.append(Run(new, old, 1, shift))
    return runs


def trim(run: Run, earlier: Layout, layout: Layout, framing: Framing) -> Kept | None:
    """Less the pieces at its ends that lie too near to another one for a seam between them."""
    shift = run.shift // framing.packet_size
    pairs = range(run.count)
    opening = next((at for at in pairs if is_open(run, at, earlier, layout, framing)), None)
    closing = next((at for at in reversed(pairs) if is_closed(run, at, earlier, layout, framing)), None)
    if opening is None or closing is None or closing < opening:
        return None
    is_beginning = run.new + opening == run.old + opening == shift == 0
    last = run.new + closing
    is_rest = last == len(layout.pieces) - 1 and run.old + closing == len(earlier.pieces) - 1
    return Kept(
        first=0 if is_beginning else framing.opens_at(layout.pieces[run.new + opening]),
        end=None if is_rest else framing.closes_at(layout.pieces[last]),
        shift=shift,
    )


def is_open(run: Run, at: int, earlier: Layout, layout: Layout, framing: Framing) -> bool:
    """Whether there is silence enough before it, in both files."""
    new, old = run.new + at, run.old + at
    if new == old == run.shift == 0:
        return True
    return all(
        framing.opens_at(pieces[index]) >= (framing.closes_at(pieces[index - 1]) if index else 0)
        for pieces, index in ((layout.pieces, new), (earlier.pieces, old))
    )


def is_closed(run: Run, at: int, earlier: Layout, layout: Layout, framing: Framing) -> bool:
    """Whether there is silence enough after it, in both files."""
    places = ((layout.pieces, run.new + at), (earlier.pieces, run.old + at))
    lasts = [index == len(pieces) - 1 for pieces, index in places]
    if any(lasts):  # what one file ends with the other can only end with
        return all(lasts)
    return all(
        framing.opens_at(pieces[index + 1]) >= framing.closes_at(pieces[index]) for pieces, index in places
    )


def list_gaps(kept: list[Kept]) -> list[Gap]:
    """What lies between, before and after."""
    edges = [Kept(0, 0, 0), *kept]
    gaps: list[Gap] = [
        (before.end, after.first)
        for before, after in pairwise(edges)
        if before.end is not None and before.end < after.first
    ]
    return [*gaps, (edges[-1].end, None)] if edges[-1].end is not None else gaps


def take_kept(packets: Packets, kept: Kept) -> Packets:
    end = None if kept.end is None else kept.end - kept.shift
    found = packets[kept.first - kept.shift : end]
    if kept.end is not None and len(found) != kept.end - kept.first:
        raise DamagedFileError
    return found


def encode_gap(
    joined: Path,
    gap: Gap,
    framing: Framing,
    target: Path,
    audio_format: AudioFormat,
    tags: Mapping[str, str],
    timeout_seconds: float,
) -> tuple[Packets, Packets]:
    """The head of what was encoded, and the packets of the gap."""
    first, end = gap
    part, encoded = target.with_name("part.wav"), target.with_name(f"part{target.suffix}")
    with wave.open(str(joined), "rb") as whole, open_for_writing(part, whole.getframerate()) as written:
        whole.setpos(min(first * framing.packet_size, whole.getnframes()))
        count = whole.getnframes() if end is None else (end - first) * framing.packet_size
        written.writeframes(whole.readframes(count))
    encode(part, encoded, audio_format, tags=tags, timeout_seconds=timeout_seconds)
    head, packets = read_packets(encoded, audio_format)
    part.unlink()
    encoded.unlink()
    found = packets[: None if end is None else end - first]
    if end is not None and len(found) != end - first:
        raise DamagedFileError
    return head, found


def read_packets(path: Path, audio_format: AudioFormat) -> tuple[Packets, Packets]:
    """Those of the head, where there are some, and those of the sound. Raises DamagedFileError."""
    return read_opus(path) if audio_format == AudioFormat.OPUS else ([], read_mp3(path))
