"""What all engines hear."""

from pathlib import Path

import pytest
import soundfile

from cloning.tests.clips import FEMALE_CLIP, MALE_CLIP


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The two real clips by name, normalised: WAV, 16 kHz, mono, 16-bit."""
    folder = tmp_path_factory.mktemp("recordings")
    written = {}
    for clip in (MALE_CLIP, FEMALE_CLIP):
        samples, rate_hz = soundfile.read(clip, dtype="int16")
        assert rate_hz == 16_000
        written[clip.stem] = folder / f"{clip.stem}.wav"
        soundfile.write(written[clip.stem], samples, rate_hz, subtype="PCM_16")
    return written
