"""Files made to cost much: small ones that take gigabytes or minutes to read. The bytes are written by hand."""

import random
import struct
from pathlib import Path

from cloning.tests.audio.clips import SPEECH, make


def mov_with_long_tracks(target: Path, tracks: int, samples: int = 10_000_000) -> Path:
    """Each track claims `samples` of one byte, 24 to 32 bytes of index each."""
    tone = ("-f", "lavfi", "-i", "sine=220:duration=2:sample_rate=16000")
    make(target, *tone, *("-map", "0:a") * tracks, "-c:a", "aac")
    content = bytearray(target.read_bytes())
    tables = {
        b"stts": struct.pack(">III", 1, samples, 1024),  # time to sample
        b"stsz": struct.pack(">II", 1, samples),  # sample sizes
        b"stsc": struct.pack(">IIII", 1, 1, samples, 1),  # sample to chunk
    }
    for name, claim in tables.items():
        at = 0
        while (at := content.find(name, at) + 8) >= 8:
            content[at : at + len(claim)] = claim
    target.write_bytes(content)
    return target


def flac_with_tags(target: Path, tags: list[tuple[bytes, bytes]]) -> Path:
    content = SPEECH.read_bytes()
    at = 4
    while not content[at] & 0x80:  # the flag of the last block of metadata
        at += 4 + int.from_bytes(content[at + 1 : at + 4], "big")
    sound = content[at + 4 + int.from_bytes(content[at + 1 : at + 4], "big") :]
    comment = struct.pack("<II", 0, len(tags))
    comment += b"".join(struct.pack("<I", len(key + value) + 1) + key + b"=" + value for key, value in tags)
    stream_info = b"\0" + content[5:42]
    target.write_bytes(b"fLaC" + stream_info + b"\x84" + len(comment).to_bytes(3, "big") + comment + sound)
    return target


def mp3_with_tags(target: Path, tags: list[tuple[bytes, bytes]]) -> Path:
    """User-defined text frames (TXXX) of ID3v2.3, keys and values in Latin-1."""
    sound = make(target, "-i", str(SPEECH), "-id3v2_version", "0").read_bytes()
    frames = b"".join(
        b"TXXX" + struct.pack(">IH", len(key + value) + 2, 0) + b"\0" + key + b"\0" + value
        for key, value in tags
    )
    size = bytes(len(frames) >> shift & 127 for shift in (21, 14, 7, 0))
    target.write_bytes(b"ID3\x03\0\0" + size + frames + sound)
    return target


def wav_with_tags(target: Path, tags: list[tuple[bytes, bytes]]) -> Path:
    """A LIST chunk of INFO, whose keys have four characters."""
    content = make(target, "-i", str(SPEECH), "-bitexact").read_bytes()
    entries = b"".join(
        key + struct.pack("<I", len(value)) + value + b"\0" * (len(value) % 2) for key, value in tags
    )
    chunk = struct.pack("<4sI4s", b"LIST", len(entries) + 4, b"INFO") + entries
    target.write_bytes(
        b"RIFF" + struct.pack("<I", len(content) - 8 + len(chunk)) + content[8:36] + chunk + content[36:]
    )
    return target


def adts_of_empty_frames(target: Path, frames: int, frame_bytes: int = 7) -> Path:
    """AAC frames that hold nothing, or noise."""
    header = bytes([0xFF, 0xF1, 0x50, 0x80 | frame_bytes >> 11, frame_bytes >> 3 & 255])
    header += bytes([(frame_bytes & 7) << 5 | 0x1F, 0xFC])
    target.write_bytes((header + random.Random(1).randbytes(frame_bytes - 7)) * frames)
    return target


def element(identifier: str, content: bytes) -> bytes:
    """Of EBML, its size in eight bytes."""
    return bytes.fromhex(identifier) + (len(content) | 1 << 56).to_bytes(8, "big") + content


def matroska(
    target: Path, *, tracks: int = 1, tags: list[tuple[bytes, bytes]] | None = None, chapters: int = 0
) -> Path:
    """PCM in Matroska; the first track has the sound."""
    track = element("83", b"\2") + element("86", b"A_PCM/INT/LIT")
    track += element(
        "E1", element("B5", struct.pack(">d", 16_000)) + element("9F", b"\1") + element("6264", b"\x10")
    )
    numbers = [number.to_bytes(4, "big") for number in range(1, tracks + 1)]
    body = element("1549A966", element("2AD7B1", (1_000_000).to_bytes(4, "big")))
    body += element(
        "1654AE6B", b"".join(element("AE", element("D7", n) + element("73C5", n) + track) for n in numbers)
    )
    named = (element("67C8", element("45A3", key) + element("4487", value)) for key, value in tags or [])
    body += element("1254C367", element("7373", element("63C0", b"") + b"".join(named)))
    atoms = (
        element("73C4", n.to_bytes(4, "big")) + element("91", (n * 1000).to_bytes(6, "big"))
        for n in range(1, chapters)
    )
    body += element("1043A770", element("45B9", b"".join(element("B6", atom) for atom in atoms)))
    samples = make(target.with_suffix(".s16"), "-i", str(SPEECH), "-f", "s16le").read_bytes()
    blocks = (
        element("A3", b"\x81" + struct.pack(">h", at // 32) + b"\x80" + samples[at : at + 3200])
        for at in range(0, len(samples), 3200)
    )
    body += element("1F43B675", element("E7", b"\0") + b"".join(blocks))
    head = element("4282", b"matroska") + element("4287", b"\4") + element("4285", b"\2")
    target.write_bytes(element("1A45DFA3", head) + element("18538067", body))
    return target
