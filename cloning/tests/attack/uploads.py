"""Real clips, and what is left of them when bytes are flipped, cut, doubled and moved."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from cloning.tests.clips import FEMALE_CLIP, MALE_CLIP

ENCODERS = {
    "wav": ["-c:a", "pcm_s16le"],
    "mp3": ["-b:a", "32k"],
    "flac": [],
    "ogg": ["-c:a", "libvorbis"],
    "opus": ["-b:a", "24k"],
    "m4a": ["-b:a", "32k"],
    "webm": ["-c:a", "libopus", "-b:a", "24k"],
    "aiff": [],
}


def make_clips(folder: Path) -> dict[str, bytes]:
    """Two seconds of speech in each container."""
    clips: dict[str, bytes] = {}
    for suffix, encoder in ENCODERS.items():
        source = MALE_CLIP if suffix in ("wav", "mp3", "flac") else FEMALE_CLIP
        target = folder / f"clip.{suffix}"
        command = [
            "ffmpeg",
            "-y",
            "-loglevel",
            "error",
            "-ss",
            "1",
            "-t",
            "2",
            "-i",
            str(source),
            "-ar",
            "16000",
        ]
        subprocess.run([*command, "-bitexact", "-map_metadata", "-1", *encoder, str(target)], check=True)
        clips[suffix] = target.read_bytes()
    return clips


@dataclass(frozen=True)
class Mutation:
    """How a clip is to be changed: small, so that hypothesis can hold many."""

    base: str
    edits: tuple[tuple[str, int, int], ...]  # what, where and how much, as parts of 65536 of the file

    def apply(self, clips: dict[str, bytes]) -> bytes:
        content = bytearray(clips[self.base])
        for what, where, amount in self.edits:
            at = where * len(content) // 65536
            size = 1 + amount * len(content) // 65536 // 4
            piece = content[at : at + size]
            if what == "flip":
                for position in range(at, min(at + 1 + amount % 8, len(content))):
                    content[position] ^= 1 << amount % 8
            elif what == "header":
                content[where % 64 : where % 64 + 1] = bytes([amount & 0xFF])
            elif what == "cut":
                del content[at : at + size]
            elif what == "end":
                del content[at:]
            elif what == "double":
                content[at:at] = piece
            elif what == "ones":
                content[at : at + 4] = b"\xff" * len(content[at : at + 4])
            elif what == "zeros":
                content[at : at + size] = bytes(len(piece))
            else:
                other = clips[sorted(clips)[amount % len(clips)]]
                content[at : at + size] = other[: len(piece)]
        return bytes(content)


@st.composite
def mutations(draw: DrawFn) -> Mutation:
    part = st.integers(0, 65535)
    what = st.sampled_from(
        ["flip", "flip", "header", "header", "cut", "end", "double", "ones", "zeros", "splice"]
    )
    edits = draw(st.lists(st.tuples(what, part, part), min_size=1, max_size=6))
    return Mutation(draw(st.sampled_from(sorted(ENCODERS))), tuple(edits))
