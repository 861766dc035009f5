"""Makes cloning/engines/preview/data/library.npz: mixtures of Kokoro's voices and how a speaker encoder hears them.

    python infrastructure/preview/make_library.py speak FOLDER COUNT [SEED]   # hours of speech: run several at once
    python infrastructure/preview/make_library.py fit FOLDER

`speak` lets Kokoro say one sentence with random mixtures of its voices. `fit` embeds them, each with several long-term
spectra, and trains a small network that foretells the embedding of a mixture equalised to a spectrum. No recording of
a person goes in: the library is Kokoro's speech (weights and voices Apache-2.0), embedded by Resemblyzer's encoder
(Apache-2.0). Needs torch.
"""

import sys
from pathlib import Path

import numpy as np
import soxr
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))
from cloning.engines.preview import kokoro, phonemes, search, speaker, styles
from cloning.engines.preview.equaliser import equalise, gains_db
from cloning.engines.preview.measure import ANALYSIS_RATE_HZ, NoVoiceError, measure, synthetic_f0

TARGET = Path(__file__).parents[2] / "cloning/engines/preview/data/library.npz"
SENTENCE = "The boat left the harbour early, and we watched it until it was far away."
SPECTRA_PER_VOICE = 4
TIMBRE_AXES, PROSODY_AXES, SPECTRUM_AXES = 28, 14, 10
HIDDEN = 160
EPOCHS = 400


def speak(folder: Path, count: int, seed: int) -> None:
    model = kokoro.Kokoro()
    rng = np.random.default_rng(seed)
    spelt = phonemes.phonemes(SENTENCE, "en")
    weights, speech = [], []
    for number in range(count):
        weights.append(_mixture(rng, number if seed == 0 else None))
        samples = model.speak(spelt, styles.mixed(weights[-1]))
        samples = soxr.resample(samples, kokoro.SAMPLE_RATE_HZ, ANALYSIS_RATE_HZ)
        speech.append((np.clip(samples, -1, 1) * 32767).astype(np.int16))
        if number % 25 == 24 or number == count - 1:
            lengths = np.array([len(samples) for samples in speech])
            np.savez(
                folder / f"speech-{seed}.npz", W=np.array(weights), lens=lengths, audio=np.concatenate(speech)
            )
            print(f"{number + 1} of {count}", flush=True)


def _mixture(rng: np.random.Generator, stock: int | None) -> np.ndarray:
    """Weights (2, voices): the stock voices first, then sparse mixtures moved away from the voices' mean."""
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
    weights, speech, statistics = _spoken(folder)
    rng = np.random.default_rng(0)
    spectra = np.array([voice.spectrum_db for voice in statistics])
    wanted = np.stack(
        [spectra] + [_random_spectra(rng, spectra) for _ in range(SPECTRA_PER_VOICE - 1)], axis=1
    )
    embeddings = np.stack(
        [_embedded(samples, spectra[row], wanted[row]) for row, samples in enumerate(speech)]
    )
    log_f0 = np.log([voice.median_f0_hz for voice in statistics])
    axes = _axes()
    spectrum_mean, spectrum_axes = _spectrum_axes(wanted.reshape(-1, wanted.shape[-1]))
    coordinates = weights.reshape(len(weights), -1) @ axes
    inputs = np.concatenate(
        [np.repeat(coordinates[:, None], SPECTRA_PER_VOICE, 1), (wanted - spectrum_mean) @ spectrum_axes],
        axis=2,
    )
    network = _trained(inputs, embeddings, log_f0)
    np.savez_compressed(
        TARGET,
        weights=weights.astype(np.float16),
        embeddings=embeddings[:, 0].astype(np.float16),
        log_f0=log_f0.astype(np.float32),
        axes=axes.astype(np.float32),
        spectrum_mean=spectrum_mean.astype(np.float32),
        spectrum_axes=spectrum_axes.astype(np.float32),
        **network,  # type: ignore[arg-type]  # the stubs take it for allow_pickle
    )
    print(f"{len(weights)} mixtures, {TARGET.stat().st_size / 1e6:.1f} MB")


def _spoken(folder: Path):
    """Weights, samples and statistics of all speech in the folder that holds a measurable voice."""
    weights, speech, statistics = [], [], []
    for file in sorted(folder.glob("speech-*.npz")):
        with np.load(file) as stored:
            parts = np.split(stored["audio"], np.cumsum(stored["lens"])[:-1])
            mixtures = stored["W"].reshape(len(parts), 2, -1)
        for mixture, part in zip(mixtures, parts, strict=True):
            try:
                statistics.append(measure(part / 32768, synthetic_f0))
            except NoVoiceError:
                continue
            weights.append(mixture)
            speech.append(part / 32768)
    return np.array(weights), speech, statistics


def _random_spectra(rng: np.random.Generator, spectra: np.ndarray) -> np.ndarray:
    """For each voice another one's spectrum, coloured as rooms and microphones do."""
    steps = rng.normal(0, 1.2, spectra.shape)
    colour = np.cumsum(steps, axis=1)
    wanted = spectra[rng.permutation(len(spectra))] + colour
    return wanted - wanted.mean(axis=1, keepdims=True)


def _embedded(samples: np.ndarray, spectrum_db: np.ndarray, wanted_db: np.ndarray) -> np.ndarray:
    """Embeddings (spectra, 256) of samples equalised to each of the wanted spectra; the first is as it is."""
    equalised = [samples] + [
        equalise(samples, gains_db(spectrum_db, wanted), ANALYSIS_RATE_HZ) for wanted in wanted_db[1:]
    ]
    pieces = [speaker.pieces(each) for each in equalised]
    encoded = np.split(
        speaker.encoded(np.concatenate(pieces)), np.cumsum([len(each) for each in pieces])[:-1]
    )
    means = np.stack([each.mean(axis=0) for each in encoded])
    return means / np.linalg.norm(means, axis=1, keepdims=True)


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


def _trained(inputs: np.ndarray, embeddings: np.ndarray, log_f0: np.ndarray) -> dict[str, np.ndarray]:
    """The network of `search._foretold`. Every tenth voice only tests it; the result is printed."""
    torch.manual_seed(0)
    x = torch.tensor(inputs, dtype=torch.float32)
    y = torch.tensor(embeddings, dtype=torch.float32)
    f0 = torch.tensor((log_f0 - search.F0_CENTRE) / search.F0_SCALE, dtype=torch.float32)
    network = torch.nn.Sequential(
        torch.nn.Linear(x.shape[-1], HIDDEN), torch.nn.Tanh(), torch.nn.Dropout(0.1),
        torch.nn.Linear(HIDDEN, HIDDEN), torch.nn.Tanh(), torch.nn.Linear(HIDDEN, y.shape[-1] + 1),
    )  # fmt: skip
    test = torch.arange(len(x)) % 10 == 9
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, EPOCHS)
    train = torch.nonzero(~test).ravel()
    for epoch in range(EPOCHS):
        network.train()
        for batch in train[torch.randperm(len(train))].split(64):
            loss = _loss(network(x[batch]), y[batch], f0[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        schedule.step()
        if epoch % 50 == 49:
            network.eval()
            with torch.no_grad():
                out = network(x[test])
            cosine = torch.cosine_similarity(out[..., :-1], y[test], dim=-1).mean()
            print(f"epoch {epoch + 1}: cosine {cosine:.3f} on voices not trained on", flush=True)
    return {
        f"network_{name.replace('.', '_')}": value.numpy().astype(np.float16)
        for name, value in network.state_dict().items()
    }


def _loss(out: torch.Tensor, embeddings: torch.Tensor, f0: torch.Tensor) -> torch.Tensor:
    cosine = torch.cosine_similarity(out[..., :-1], embeddings, dim=-1)
    return (1 - cosine).mean() + 0.05 * (out[..., -1] - f0[:, None]).square().mean()


if __name__ == "__main__":
    if sys.argv[1] == "speak":
        speak(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else 0)
    else:
        fit(Path(sys.argv[2]))
