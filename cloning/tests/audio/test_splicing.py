"""A joined file encoded again: what is kept of the one before is kept as it was, and nothing is heard of the seams."""

import itertools
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cloning import audio
from cloning.audio import Layout, Piece, PlacedFile, splicing
from cloning.audio.layout import PlacedPiece
from cloning.audio.packets import read_mp3, read_opus
from cloning.audio.splicing import Framing, encode_again, find_framing, find_kept, list_gaps
from cloning.formats import AudioFormat
from cloning.tests.audio.clips import OTHER_SPEECH, SPEECH, decode, read_wav, speech_samples

RATE_HZ = 24_000
SPOKEN = np.concatenate([speech_samples(clip, RATE_HZ) for clip in (SPEECH, OTHER_SPEECH)])
LOSSY = [AudioFormat.MP3, AudioFormat.OPUS]
PAUSE_SECONDS = 0.35


def speak(
    folder: Path, name: str, start: float, seconds: float, pause_seconds: float = PAUSE_SECONDS
) -> Piece:
    """A take of its own sound, cut from clips."""
    samples = SPOKEN[round(start * RATE_HZ) : round((start + seconds) * RATE_HZ)].copy()
    leveller = audio.Leveller(RATE_HZ, audio.measure_gain(samples, RATE_HZ))
    path = folder / f"{name}.wav"
    sound = audio.write_take(np.concatenate([leveller.process(samples), leveller.flush()]), RATE_HZ, path)
    return Piece(
        path, sound.duration_seconds, sound.loudness_blocks, sound.true_peak_dbtp, pause_seconds, key=name
    )


@pytest.fixture(scope="module")
def takes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Piece]:
    folder = tmp_path_factory.mktemp("takes")
    parts = {
        "a": (0.0, 1.7),
        "b": (1.8, 2.1),
        "c": (4.0, 1.33),
        "d": (5.5, 1.9),
        "e": (7.6, 2.2),
        "longer": (3.1, 2.9),
        "shorter": (6.4, 0.81),
    }
    return {name: speak(folder, name, *part) for name, part in parts.items()}


def join(
    pieces: list[Piece], folder: Path, name: str, audio_format: AudioFormat, earlier: Layout | None = None
) -> PlacedFile:
    path = folder / f"{name}.wav"
    framing = find_framing(audio_format, RATE_HZ)
    assert framing
    joined = audio.join(pieces, RATE_HZ, path, earlier=earlier, packet_size=framing.packet_size)
    return PlacedFile(path, joined.layout)


def encode_first(pieces: list[Piece], folder: Path, audio_format: AudioFormat) -> PlacedFile:
    joined = join(pieces, folder, "first", audio_format)
    path = folder / f"first{audio_format.suffix}"
    audio.encode_joined(joined, path, audio_format, tags={"title": "A title"})
    return PlacedFile(path, joined.layout)


def read_packets(path: Path) -> list[bytes]:
    return read_opus(path)[1] if path.suffix == ".opus" else read_mp3(path)


def measure_distance_db(encoded: np.ndarray, original: np.ndarray) -> float:
    """How loud what differs is, beside what it differs from."""
    return 10 * np.log10(np.mean((encoded - original) ** 2) / np.mean(original**2))


CHANGES = {
    "one in the middle": ("abcde", ["a", "b", "longer", "d", "e"]),
    "the first": ("abcde", ["shorter", "b", "c", "d", "e"]),
    "the last": ("abcde", ["a", "b", "c", "d", "longer"]),
    "two": ("abcde", ["a", "longer", "c", "shorter", "e"]),
    "neighbours": ("abcde", ["a", "longer", "shorter", "d", "e"]),
    "more at the end": ("abc", ["a", "b", "c", "d", "e"]),
    "less at the end": ("abcde", ["a", "b", "c"]),
    "nothing": ("abcde", ["a", "b", "c", "d", "e"]),
}


@pytest.mark.parametrize("audio_format", LOSSY)
@pytest.mark.parametrize("change", CHANGES)
def test_sounds_like_the_whole_encoded_anew(change, audio_format, takes, tmp_path) -> None:
    before, after = CHANGES[change]
    earlier = encode_first([takes[name] for name in before], tmp_path, audio_format)
    joined = join([takes[name] for name in after], tmp_path, "joined", audio_format, earlier.layout)
    again, whole = (tmp_path / f"{name}{audio_format.suffix}" for name in ("again", "whole"))
    assert encode_again(joined, earlier, again, audio_format, {"title": "A title"}, 60)
    audio.encode(joined.path, whole, audio_format, tags={"title": "A title"})
    original, _ = read_wav(joined.path)
    heard, anew = decode(again.read_bytes()), decode(whole.read_bytes())
    assert heard.size == original.size == anew.size
    assert len(read_packets(again)) == len(read_packets(whole))
    assert measure_distance_db(heard, original) == pytest.approx(measure_distance_db(anew, original), abs=0.2)
    for piece, following in itertools.pairwise(joined.layout.pieces):
        pause = slice(piece.end + 2_400, following.start - 1_200)
        assert np.abs(heard[pause]).max() <= np.abs(anew[pause]).max() + 10 ** (-70 / 20)
    assert not list(tmp_path.glob("part*")) and not list(tmp_path.glob("packets*"))


@pytest.mark.parametrize("audio_format", LOSSY)
def test_what_is_kept_is_kept_as_it_was(audio_format, takes, tmp_path) -> None:
    earlier = encode_first([takes[name] for name in "abcde"], tmp_path, audio_format)
    after = [takes[name] for name in ("a", "b", "longer", "d", "e")]
    joined = join(after, tmp_path, "joined", audio_format, earlier.layout)
    again = tmp_path / f"again{audio_format.suffix}"
    assert encode_again(joined, earlier, again, audio_format, {}, 60)
    kept = set(read_packets(earlier.path)) & set(read_packets(again))
    assert len(kept) > 0.6 * len(set(read_packets(earlier.path)))
    heard_before, heard = decode(earlier.path.read_bytes()), decode(again.read_bytes())
    places = {piece.key: piece for piece in earlier.layout.pieces}
    for piece in joined.layout.pieces:
        if piece.key == "longer":
            continue
        old = places[piece.key]
        same = np.abs(heard[piece.start : piece.end] - heard_before[old.start : old.start + piece.size]).max()
        assert same < 1 / 32768, piece.key


def test_pauses_differ_by_half_a_packet_at_most(takes, tmp_path) -> None:
    earlier = encode_first([takes[name] for name in "abcde"], tmp_path, AudioFormat.MP3)
    after = [takes[name] for name in ("a", "longer", "c", "shorter", "e")]
    placed = join(after, tmp_path, "placed", AudioFormat.MP3, earlier.layout).layout.pieces
    free = audio.join(after, RATE_HZ, tmp_path / "free.wav").layout.pieces
    offsets = [piece.start - place.start for piece, place in zip(placed, free, strict=True)]
    assert max(map(abs, offsets)) <= 288
    starts = {piece.key: piece.start for piece in earlier.layout.pieces}
    assert all((piece.start - starts[piece.key]) % 576 == 0 for piece in placed if piece.key in starts)


def test_takes_without_a_pause_never_overlap(takes, tmp_path) -> None:
    close = [replace(takes[name], pause_seconds=0.0) for name in "abcde"]
    earlier = encode_first(close, tmp_path, AudioFormat.OPUS)
    after = [close[0], replace(takes["longer"], pause_seconds=0.0), *close[2:]]
    joined = join(after, tmp_path, "joined", AudioFormat.OPUS, earlier.layout)
    assert all(before.end <= piece.start for before, piece in itertools.pairwise(joined.layout.pieces))
    # There is no silence for a seam anywhere.
    assert not encode_again(joined, earlier, tmp_path / "again.opus", AudioFormat.OPUS, {}, 60)
    audio.encode_joined(joined, tmp_path / "again.opus", AudioFormat.OPUS, tags={}, earlier=earlier)
    assert decode((tmp_path / "again.opus").read_bytes()).size == joined.layout.size


def test_the_gain_stays_as_long_as_the_file_is_about_as_loud(takes, tmp_path) -> None:
    pieces = [takes[name] for name in "abcde"]
    first = audio.join(pieces, RATE_HZ, tmp_path / "first.wav").layout
    for gain_db, kept in ((first.gain_db + 0.25, True), (first.gain_db + 0.4, False)):
        earlier = replace(first, gain_db=gain_db)
        found = audio.join(pieces, RATE_HZ, tmp_path / "again.wav", earlier=earlier).layout
        assert found.gain_db == (gain_db if kept else first.gain_db)
        assert bool(find_kept(earlier, found, Framing(576, 1105))) == kept


@pytest.mark.parametrize("audio_format", LOSSY)
def test_of_a_damaged_file_nothing_is_kept(audio_format, takes, tmp_path) -> None:
    earlier = encode_first([takes[name] for name in "abcde"], tmp_path, audio_format)
    earlier.path.write_bytes(earlier.path.read_bytes()[:-300])
    after = [takes[name] for name in ("a", "b", "longer", "d", "e")]
    joined = join(after, tmp_path, "joined", audio_format, earlier.layout)
    target = tmp_path / f"again{audio_format.suffix}"
    assert not encode_again(joined, earlier, target, audio_format, {}, 60)
    assert not target.exists()
    audio.encode_joined(joined, target, audio_format, tags={}, earlier=earlier)
    assert decode(target.read_bytes()).size == joined.layout.size


@pytest.mark.parametrize("limit", ["MAX_GAPS", "MAX_EARLIER_BYTES"])
def test_of_many_changes_or_long_files_the_whole_is_encoded(limit, takes, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(splicing, limit, 1)
    earlier = encode_first([takes[name] for name in "abcde"], tmp_path, AudioFormat.OPUS)
    after = [takes[name] for name in ("a", "longer", "c", "shorter", "e")]
    joined = join(after, tmp_path, "joined", AudioFormat.OPUS, earlier.layout)
    assert not encode_again(joined, earlier, tmp_path / "again.opus", AudioFormat.OPUS, {}, 60)


def test_files_whose_layout_is_not_known_are_encoded_whole(takes, tmp_path) -> None:
    earlier = encode_first([takes["a"]], tmp_path, AudioFormat.MP3)
    joined = join([takes["a"]], tmp_path, "joined", AudioFormat.MP3, earlier.layout)
    for known, unknown in ((replace(joined, layout=None), earlier), (joined, replace(earlier, layout=None))):
        assert not encode_again(known, unknown, tmp_path / "again.mp3", AudioFormat.MP3, {}, 60)


@pytest.mark.parametrize(
    ("audio_format", "rate_hz", "size"),
    [
        (AudioFormat.MP3, 24_000, 576),
        (AudioFormat.MP3, 48_000, 1152),
        (AudioFormat.OPUS, 24_000, 480),
        (AudioFormat.OPUS, 22_050, None),  # FFmpeg would change the rate
        (AudioFormat.MP3, 12_345, None),
        (AudioFormat.WAV, 24_000, None),
        (AudioFormat.FLAC, 24_000, None),
    ],
)
def test_framing(audio_format, rate_hz, size) -> None:
    framing = find_framing(audio_format, rate_hz)
    assert (framing.packet_size if framing else None) == size


def test_a_row_that_says_something_else_than_its_file_has_no_layout(takes, tmp_path) -> None:
    wrong = replace(takes["a"], duration_seconds=takes["a"].duration_seconds - 0.1)
    joined = audio.join([wrong, takes["b"]], RATE_HZ, tmp_path / "joined.wav")
    samples, _ = read_wav(tmp_path / "joined.wav")
    assert joined.layout == Layout(joined.layout.gain_db, samples.size, ())
    assert joined.duration_seconds == samples.size / RATE_HZ


def test_a_layout_survives_json() -> None:
    layout = Layout(0.25, 500, (PlacedPiece("0:ab", 0, 100), PlacedPiece("", 200, 300)))
    assert Layout.load(layout.dump()) == layout
    assert layout.find_starts() == {"0:ab": 0}


def test_any_layouts_fit_together() -> None:
    """Whatever changes: every packet of the new file comes from one place, and no take is cut by a seam."""
    framing, source = Framing(480, 156), random.Random(5)
    for _ in range(500):
        earlier = lay_out([f"{index}:1" for index in range(source.randint(1, 8))], source)
        keys = [source.choice([piece.key, f"{index}:2"]) for index, piece in enumerate(earlier.pieces)]
        layout = lay_out(keys[: source.randint(1, 8)], source, earlier)
        kept = find_kept(earlier, layout, framing)
        check(kept, list_gaps(kept), earlier, layout, framing)


def lay_out(keys: list[str], source: random.Random, earlier: Layout | None = None) -> Layout:
    known = {piece.key: piece for piece in earlier.pieces} if earlier else {}
    pieces: list[PlacedPiece] = []
    end = source.choice([0, 0, 5_000])
    for key in keys:
        start = end + source.choice([0, 1_200, 8_400, 8_400, 24_000])
        if old := known.get(key):
            start += (old.start - start) % 480
        pieces.append(PlacedPiece(key, start, old.size if old else source.randint(200, 60_000)))
        end = pieces[-1].end
    return Layout(0.0, end, tuple(pieces))


def check(kept, gaps, earlier: Layout, layout: Layout, framing: Framing) -> None:
    spans = sorted([(run.first, run.end) for run in kept] + gaps, key=lambda span: span[0])
    assert spans[0][0] == 0 and spans[-1][1] is None
    assert all(before[1] == following[0] for before, following in itertools.pairwise(spans))
    old_starts = earlier.find_starts()
    for run in kept:
        end = float("inf") if run.end is None else run.end
        for piece in layout.pieces:
            first = piece.start // framing.packet_size
            last = (piece.end + framing.delay) // framing.packet_size
            assert last < run.first or first >= end or (run.first <= first and last < end)
            if run.first <= first and last < end:
                assert old_starts[piece.key] == piece.start - run.shift * framing.packet_size
