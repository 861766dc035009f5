"""What a file says in its tags has no say in what we make of it, nor do numbers that no clock shows."""

import struct
from pathlib import Path

import pytest

from cloning import audio
from cloning.audio import decoding
from cloning.audio import ffmpeg as ffmpeg_module
from cloning.tests.audio import crafted
from cloning.tests.audio.clips import SPEECH, get_refusal, make

LINES = (
    "\n  Duration: 999999:99:99.00, start: 0.000000, bitrate: 1 kb/s"
    "\n  Stream #0:0: Audio: forged, 1 Hz, mono, fltp, 1 kb/s"
    "\nInput #0, forged, from 'a':"
    "\n#codec_id 0: forged\n#sample_rate 0: 1\n"
)
TAGS = ["title", "comment", "artist", "x"]
KINDS = {
    "mp3": ("mp3", "mp3", []),
    "flac": ("flac", "flac", []),
    "ogg": ("ogg", "vorbis", ["-c:a", "libvorbis"]),
    "m4a": ("mov,mp4,m4a,3gp,3g2,mj2", "aac", ["-movflags", "use_metadata_tags"]),
    "wav": ("wav", "pcm_s16le", []),
    "mka": ("matroska,webm", "flac", ["-c:a", "flac"]),
}


def make_forged(target: Path, lines: str, arguments: list[str]) -> Path:
    """With `lines` as values, and as the names of tags where the container takes them."""
    tags = [f"{name}=a{lines}b" for name in TAGS] + [f"k{lines}=v"]
    options = [option for tag in tags for option in ("-metadata", tag, "-metadata:s:a", tag)]
    return make(target, "-i", str(SPEECH), *options, *arguments)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("kind", KINDS)
def test_tags_forge_nothing(kind, line_end, ffmpeg, tmp_path):
    container, codec, arguments = KINDS[kind]
    source = make_forged(tmp_path / f"a.{kind}", LINES.replace("\n", line_end), arguments)

    clip = audio.probe(source, min_seconds=1, max_seconds=60)
    assert (clip.format_name, clip.codec) == (container, codec)
    assert (clip.sample_rate_hz, clip.channels) == (16_000, 1)
    assert str(get_refusal(source, max_seconds=3)) in (
        "The clip is longer than the 3 s that are allowed.",
        "The clip is 7 s long; at most 3 s are allowed.",
    )


@pytest.mark.parametrize(
    "duration", ["99999999999:00:00.00", "9" * 5000 + ":00:00.00", "N/A", "-01:00:00.00", ""]
)
@pytest.mark.parametrize("kind", ["mp3", "flac", "mka"])
def test_a_name_of_a_tag_that_looks_like_the_log(kind, duration, ffmpeg, tmp_path):
    """The bytes are written by hand: FFmpeg's muxers clean some names."""
    tags = [(f"x\n  Duration: {duration}, start: 0\n  y".encode(), b"v")]
    craft = {"mp3": crafted.mp3_with_tags, "flac": crafted.flac_with_tags}.get(kind)
    path = tmp_path / f"a.{kind}"
    source = craft(path, tags) if craft else crafted.matroska(path, tags=tags)

    assert audio.probe(source, min_seconds=1, max_seconds=60).duration_seconds == pytest.approx(
        7.06, abs=0.15
    )
    assert str(get_refusal(source, max_seconds=3)) == "The clip is longer than the 3 s that are allowed."


def test_the_name_does_reach_the_log(ffmpeg, tmp_path):
    """Shows that the tests above can fail."""
    source = crafted.flac_with_tags(tmp_path / "a.flac", [(b"x\n  Duration: 99:99:99.00, start: 0", b"v")])
    arguments = [*decoding.input_arguments(source), *decoding.AUDIO_TRACK, "-f", "null", "-"]
    log = ffmpeg_module.run(arguments, 60, audio.probing.ErrorCode.REFERENCE_UNREADABLE).log
    assert "\n  Duration: 99:99:99.00" in log


def test_a_forged_line_hidden_behind_a_long_tag_is_not_believed(ffmpeg, tmp_path):
    """Where the log is cut, FFmpeg's own line may be missing."""
    tags = [(b"x\n  Duration: 00:59:59.00, start: 0", b"v"), (b"long", b"y" * 200_000)]
    source = crafted.flac_with_tags(tmp_path / "a.flac", tags)
    assert str(get_refusal(source, max_seconds=3)) == "The clip is longer than the 3 s that are allowed."


@pytest.mark.parametrize("length", [0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("timescale", [1, 0xFFFFFFFF])
def test_movies_that_claim_to_last_for_ever(length, timescale, ffmpeg, tmp_path):
    content = bytearray(make(tmp_path / "a.m4a", "-i", str(SPEECH), "-c:a", "aac").read_bytes())
    for box in (b"mvhd", b"mdhd"):
        at = content.index(box) + 16
        content[at : at + 8] = struct.pack(">II", timescale, length)
    source = tmp_path / "b.m4a"
    source.write_bytes(content)
    get_refusal(source, min_seconds=20, max_seconds=30)


def test_layouts_count_their_channels():
    layouts = {"mono": 1, "stereo": 2, "5.1(side)": 6, "7.1.2": 10, "3 channels": 3, "octagonal": 0, "": 0}
    assert {layout: decoding.count_channels(layout) for layout in layouts} == layouts
    for hostile in ("9" * 5000, "٣ channels", "1" * 30 + ".5"):
        assert decoding.count_channels(hostile) < 1000
