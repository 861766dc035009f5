"""A voice from clips, as coqui-tts derives it."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
import torch
import torchaudio

from cloning.engines.base import Conditioning, EngineError
from cloning.engines.xtts import engine as xtts_engine
from cloning.engines.xtts.engine import XttsEngine

if TYPE_CHECKING:
    from TTS.tts.models.xtts import Xtts


def load_with_soundfile(path: str) -> tuple[torch.Tensor, int]:
    """What torchaudio.load returns, without its need for shared FFmpeg libraries."""
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    return torch.from_numpy(samples.T), rate_hz


@pytest.mark.parametrize("count", [1, 2])
def test_conditioning_equals_coquis(
    engine: XttsEngine, coqui: "Xtts", references: list[Path], count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torchaudio, "load", load_with_soundfile)
    latent, embedding = coqui.get_conditioning_latents(
        [str(clip) for clip in references[:count]], max_ref_length=30, gpt_cond_len=30, gpt_cond_chunk_len=4
    )
    arrays = engine.condition(references[:count]).arrays
    assert arrays.keys() == {"gpt_cond_latent", "speaker_embedding"}
    assert all(array.dtype == np.float32 for array in arrays.values())
    np.testing.assert_array_equal(arrays["gpt_cond_latent"], latent.numpy())
    np.testing.assert_array_equal(arrays["speaker_embedding"], embedding.numpy())


def test_its_own_conditioning_is_valid(engine: XttsEngine, conditioning: Conditioning) -> None:
    assert engine.is_valid(conditioning)
    for name, array in conditioning.arrays.items():
        assert not engine.is_valid(Conditioning({**conditioning.arrays, name: array[:, 1:]}))


def test_voices_differ(engine: XttsEngine, references: list[Path]) -> None:
    first, second = (engine.condition([clip]).arrays for clip in references)
    for name in first:
        assert np.abs(first[name] - second[name]).max() > 1e-4


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(16_000, np.int16), "silent"),
        (np.ones(3_000, np.int16), "shorter"),
        (np.ones((16_000, 2), np.int16), "mono"),
    ],
)
def test_useless_clips(engine: XttsEngine, tmp_path: Path, samples: np.ndarray, reason: str) -> None:
    soundfile.write(tmp_path / "clip.wav", samples, 16_000)
    with pytest.raises(EngineError, match=reason):
        engine.condition([tmp_path / "clip.wav"])


def test_no_clip_and_no_wav(engine: XttsEngine, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="at least one"):
        engine.condition([])
    (tmp_path / "clip.wav").write_text("not audio")
    with pytest.raises(EngineError, match="can't be read"):
        engine.condition([tmp_path / "clip.wav"])


def test_a_voice_is_kept_and_old_ones_are_forgotten(
    engine: XttsEngine, conditioning: Conditioning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xtts_engine, "VOICES_KEPT", 2)
    first = engine._voice_prefix(conditioning)
    assert engine._voice_prefix(conditioning) is first
    for number in range(2):
        latent = conditioning.arrays["gpt_cond_latent"] + number + 1
        engine._voice_prefix(Conditioning({"gpt_cond_latent": latent}))
    assert engine._voice_prefix(conditioning) is not first
    torch.testing.assert_close(engine._voice_prefix(conditioning), first)
