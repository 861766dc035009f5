"""`speak` and `evolve` of `make_library`: mixtures of Kokoro's voices, and sentences spoken with them."""

from pathlib import Path

import numpy as np

from cloning.engines.preview import kokoro, phonemes, search, styles

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
SPECTRUM_AXES = 10


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
