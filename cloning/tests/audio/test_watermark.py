"""The mark: not in the way of the sound, found by who has its key, and by nobody else."""

import numpy as np
import pytest

from cloning.audio.finishing import Finisher
from cloning.audio.watermark import SEARCH_RATE_HZ, Search, Watermarker, mark
from cloning.tests.clips import FEMALE_CLIP, MALE_CLIP
from cloning.tests.transcoding import read_mono, transcode

RATE_HZ = SEARCH_RATE_HZ
KEY, OTHER_KEY = b"ours", b"another server's"


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    return read_mono(MALE_CLIP, RATE_HZ)


@pytest.fixture(scope="module")
def marked(speech) -> np.ndarray:
    return mark(speech, RATE_HZ, KEY)


def test_it_is_in_any_piece_and_for_its_key_alone(speech, marked) -> None:
    assert Search(marked).find(KEY).is_found
    assert not Search(marked).find(OTHER_KEY).is_found
    assert not Search(speech).find(KEY).is_found
    for start in (0.7, 2.3, 4.1):
        piece = marked[round(start * RATE_HZ) :][: 2 * RATE_HZ]
        assert Search(piece).find(KEY).is_found


def test_real_voices_have_no_mark() -> None:
    findings = [
        Search(piece).find(b"%d" % number)
        for clip in (MALE_CLIP, FEMALE_CLIP)
        for piece in np.array_split(read_mono(clip, RATE_HZ), 3)
        for number in range(20)
    ]
    assert not any(finding.is_found for finding in findings)
    # As the bell curve has it, from which false alarms are computed: of 120 searches of some 300 places each.
    assert 2.0 < max(finding.score for finding in findings) < 4.8


@pytest.mark.parametrize(
    "changes",
    [
        ("mp3", "-c:a", "libmp3lame", "-b:a", "64k"),
        ("ogg", "-c:a", "libopus", "-b:a", "24k"),
        ("wav", "-ar", "16000"),
        ("wav", "-af", "volume=-6dB"),
        ("wav", "-filter_complex", "anoisesrc=a=0.006:r=24000[n];[0][n]amix=duration=shortest:normalize=0"),
    ],
    ids=["MP3", "Opus", "16 kHz", "quieter", "noise"],
)
def test_it_survives(changes, marked, tmp_path) -> None:
    suffix, *arguments = changes
    assert Search(transcode(marked, RATE_HZ, tmp_path / f"changed.{suffix}", arguments)).find(KEY).is_found


def test_sound_is_changed_little_and_silence_not_at_all(speech, marked) -> None:
    assert marked.size == speech.size
    noise_db = 10 * np.log10(np.mean((marked - speech) ** 2) / np.mean(speech**2))
    assert -24 < noise_db < -18
    assert not mark(np.zeros(RATE_HZ, np.float32), RATE_HZ, KEY).any()


def test_without_strength_it_is_the_same_sound(speech) -> None:
    assert np.abs(mark(speech, RATE_HZ, KEY, 0.0) - speech).max() < 1e-6


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 48_000])
def test_other_rates_are_found_too(rate_hz, tmp_path) -> None:
    marked = mark(read_mono(FEMALE_CLIP, rate_hz), rate_hz, KEY)
    assert (
        Search(transcode(marked, rate_hz, tmp_path / "other.wav", ["-ar", str(RATE_HZ)])).find(KEY).is_found
    )


def test_it_does_not_depend_on_the_chunks(speech, marked) -> None:
    marker = Watermarker(RATE_HZ, KEY)
    chunks = np.split(speech, [0, 1, 100, 383, 385, 20_000, 20_001])
    pieces = [*(marker.process(chunk) for chunk in chunks), marker.flush()]
    assert np.array_equal(np.concatenate(pieces), marked)


@pytest.mark.parametrize("size", [0, 1, 383, 384, 769])
def test_the_shortest_sounds_keep_their_length(size) -> None:
    sound = np.full(size, 0.1, np.float32)
    assert mark(sound, RATE_HZ, KEY).size == size
    assert Search(sound).find(KEY).false_alarm == 1.0


def test_two_marks_are_both_found(marked) -> None:
    twice = mark(marked, RATE_HZ, OTHER_KEY)
    assert Search(twice).find(KEY).is_found
    assert Search(twice).find(OTHER_KEY).is_found


def test_the_same_mark_twice_is_found(marked) -> None:
    assert Search(mark(marked, RATE_HZ, KEY)).find(KEY).is_found


def test_speech_leaves_marked_or_as_it_was(speech) -> None:
    def finish(key: bytes | None) -> np.ndarray:
        finisher = Finisher(RATE_HZ, 3.0, key)
        pieces = [finisher.process(chunk) for chunk in np.array_split(speech, 9)]
        return np.concatenate([*pieces, finisher.flush()])

    assert Search(finish(KEY)).find(KEY).is_found
    assert not Search(finish(None)).find(KEY).is_found
    assert abs(finish(KEY).size - finish(None).size) <= RATE_HZ // 100  # where the silence before it was cut


def test_formant_synthesis_is_marked_more(speech) -> None:
    def finish(**kind: bool) -> np.ndarray:
        finisher = Finisher(RATE_HZ, 0.0, KEY, **kind)
        return np.concatenate([finisher.process(speech), finisher.flush()])

    assert Search(finish(is_formant=True)).find(KEY).score > 1.1 * Search(finish()).find(KEY).score
