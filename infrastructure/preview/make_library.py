"""Makes cloning/engines/preview/data/library.npz: mixtures of Kokoro's voices and how a speaker encoder hears them.

    python infrastructure/preview/make_library.py speak FOLDER COUNT [SEED]   # an hour for each core: run several
    python infrastructure/preview/make_library.py fit FOLDER

`speak` lets Kokoro say sentences with random mixtures of its voices, seed 0 with its own voices first. `fit` embeds
them, each at several scales and with several long-term spectra, and trains small networks that foretell the embedding
of a mixture at a scale, equalised to a spectrum. No recording of a person goes in: the library is Kokoro's speech
(weights and voices Apache-2.0), embedded by Resemblyzer's encoder (Apache-2.0). Needs torch.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))
from cloning.engines.preview import kokoro, phonemes, search, speaker, styles
from cloning.engines.preview.equaliser import equalise, gains_db
from cloning.engines.preview.measure import ANALYSIS_RATE_HZ, NoVoiceError, measure, synthetic_f0

TARGET = Path(__file__).parents[2] / "cloning/engines/preview/data/library.npz"
# Spoken in turns: what the network learns of a voice must not be what one sentence sounds like.
SENTENCES = (
    "The boat left the harbour early that day.",
    "She sold fresh bread and yellow cheese.",
    "My brother thinks it might rain tonight.",
    "You should have asked before you moved it.",
    "A pair of old shoes stood by the fire.",
    "Could the young judge hear every voice?",
)
VARIANTS = 6  # of each utterance; the first is as it was spoken
TIMBRE_AXES, PROSODY_AXES, SPECTRUM_AXES = 28, 14, 10
NETWORKS = 3
HIDDEN = 192
EPOCHS = 150
LEARNING_RATE, WEIGHT_DECAY = 2e-3, 1e-2


@dataclass(frozen=True)
class Utterance:
    weights: np.ndarray  # (2, voices)
    samples: np.ndarray  # int16, as Kokoro gave them

    def at_scale(self, scale: float) -> np.ndarray:
        samples = self.samples.astype(np.float32) / 32768
        return kokoro.scaled(samples, scale, ANALYSIS_RATE_HZ)


@dataclass(frozen=True)
class Variant:
    scale: float
    spectrum_db: np.ndarray
    embedding: np.ndarray
    log_f0: float


def speak(folder: Path, count: int, seed: int) -> None:
    kokoro.THREADS = 1
    model = kokoro.Kokoro()
    rng = np.random.default_rng(seed)
    spelt = [phonemes.phonemes(sentence, "en") for sentence in SENTENCES]
    weights, speech = [], []
    for number in range(count):
        weights.append(_mixture(rng, number // len(SENTENCES) if seed == 0 else None))
        samples = model.speak(spelt[(number + seed) % len(spelt)], styles.mixed(weights[-1]))
        speech.append((np.clip(samples, -1, 1) * 32767).astype(np.int16))
        if number % 50 == 49 or number == count - 1:
            lengths = np.array([len(samples) for samples in speech])
            np.savez(
                folder / f"speech-{seed}.npz", W=np.array(weights), lens=lengths, audio=np.concatenate(speech)
            )
            print(f"{number + 1} of {count}", flush=True)


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


def fit(folder: Path) -> None:
    spoken = list(_spoken(folder))
    with Pool() as pool:
        spectra = [spectrum for spectrum in pool.map(_spectrum, spoken, chunksize=16) if spectrum is not None]
        tasks = [(utterance, np.array(spectra), seed) for seed, utterance in enumerate(spoken)]
        variants = pool.starmap(_variants, tasks, chunksize=16)
    known = [(utterance.weights, found) for utterance, found in zip(spoken, variants, strict=True) if found]
    weights = np.array([each for each, _ in known])
    rows = [found for _, found in known]
    wanted, embeddings, log_f0, scales = (
        np.array([[getattr(variant, name) for variant in row] for row in rows], np.float32)
        for name in ("spectrum_db", "embedding", "log_f0", "scale")
    )
    axes = _axes()
    spectrum_mean, spectrum_axes = _spectrum_axes(wanted.reshape(-1, wanted.shape[-1]))
    coordinates = weights.reshape(len(weights), -1) @ axes
    inputs = np.concatenate(
        [
            np.repeat(coordinates[:, None], VARIANTS, 1),
            np.log(scales)[..., None] / search.LOG_SCALE_SPREAD,
            (wanted - spectrum_mean) @ spectrum_axes,
        ],
        axis=2,
    )
    _print_errors_on_unheard_voices(inputs, embeddings, log_f0)
    np.savez_compressed(
        TARGET,
        weights=np.unique(weights, axis=0).astype(np.float16),
        stock_embeddings=_stock_embeddings(weights, embeddings[:, 0]).astype(np.float32),
        axes=axes.astype(np.float32),
        spectrum_mean=spectrum_mean.astype(np.float32),
        spectrum_axes=spectrum_axes.astype(np.float32),
        **_stacked([_trained(inputs, embeddings, log_f0, seed) for seed in range(NETWORKS)]),  # type: ignore[arg-type]
    )
    print(f"{len(weights)} utterances, {TARGET.stat().st_size / 1e6:.1f} MB")


def _spoken(folder: Path) -> Iterator[Utterance]:
    for file in sorted(folder.glob("speech-*.npz")):
        with np.load(file) as stored:
            parts = np.split(stored["audio"], np.cumsum(stored["lens"])[:-1])
            yield from map(Utterance, stored["W"].astype(np.float32), parts)


def _spectrum(utterance: Utterance) -> np.ndarray | None:
    try:
        return measure(utterance.at_scale(1.0), synthetic_f0).spectrum_db
    except NoVoiceError:
        return None


def _variants(utterance: Utterance, spectra: np.ndarray, seed: int) -> list[Variant]:
    """At random scales, with spectra of other voices, coloured as rooms and microphones do. [] where no voice is."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(VARIANTS):
        scale = (
            float(np.exp(rng.uniform(*np.log([search.LEAST_SCALE, search.MOST_SCALE])))) if number else 1.0
        )
        samples = utterance.at_scale(scale)
        try:
            voice = measure(samples, synthetic_f0)
        except NoVoiceError:
            return []
        wanted = voice.spectrum_db
        if number:
            colour = np.cumsum(rng.normal(0, 1.2, wanted.shape)) * rng.uniform(0, 1)
            wanted = spectra[rng.integers(len(spectra))] + colour
            wanted -= wanted.mean()
            samples = equalise(samples, gains_db(voice.spectrum_db, wanted), ANALYSIS_RATE_HZ)
        found.append(Variant(scale, wanted, speaker.embed(samples), float(np.log(voice.median_f0_hz))))
    return found


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


def _print_errors_on_unheard_voices(inputs: np.ndarray, embeddings: np.ndarray, log_f0: np.ndarray) -> None:
    test = np.arange(len(inputs)) % 12 == 11
    network = _trained(inputs[~test], embeddings[~test], log_f0[~test], 0)
    with torch.no_grad():
        out = network(torch.tensor(inputs[test], dtype=torch.float32)).numpy()
    norms = np.linalg.norm(out[..., :-1], axis=-1)
    cosine = ((out[..., :-1] * embeddings[test]).sum(axis=-1) / norms).mean()
    error = np.abs(out[..., -1] * search.F0_SCALE + search.F0_CENTRE - log_f0[test]).mean()
    print(f"unheard voices: cosine {cosine:.3f}, error of ln F0 {error:.3f}", flush=True)


def _trained(
    inputs: np.ndarray, embeddings: np.ndarray, log_f0: np.ndarray, seed: int
) -> torch.nn.Sequential:
    """A network of `search._foretold_scores`. Least squares: its vectors are expectations, of no fixed length."""
    torch.manual_seed(seed)
    x = torch.tensor(inputs, dtype=torch.float32)
    f0 = (log_f0 - search.F0_CENTRE) / search.F0_SCALE
    y = torch.tensor(np.concatenate([embeddings, f0[..., None]], axis=-1), dtype=torch.float32)
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
        for batch in torch.randperm(len(x)).split(64):
            loss = (weight * (network(x[batch]) - y[batch]).square()).sum(dim=-1).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        schedule.step()
    return network.eval()


def _stacked(networks: list[torch.nn.Sequential]) -> dict[str, np.ndarray]:
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


if __name__ == "__main__":
    if sys.argv[1] == "speak":
        speak(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else 0)
    else:
        fit(Path(sys.argv[2]))
