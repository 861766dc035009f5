"""`fit` of `make_library`: the networks and regressions that predict what `measure` heard."""

from multiprocessing import Pool
from pathlib import Path

import numpy as np
import torch

from benchmarks.training.speaking import SENTENCES, SPECTRUM_AXES, TARGET
from cloning.engines.preview import search, styles
from cloning.engines.preview.measure import BAND_COUNT

TIMBRE_AXES, PROSODY_AXES = 28, 14
NETWORKS = 3
HIDDEN = 192
EPOCHS = 150
LEARNING_RATE, WEIGHT_DECAY = 2e-3, 1e-2
RIDGE = 30.0


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
    """(utterances, variants, inputs of `search._inputs`)."""
    coordinates = measured["weights"].reshape(len(measured["weights"]), -1) @ table["axes"].astype(np.float32)
    return np.concatenate(
        [
            np.repeat(coordinates[:, None], measured["scale"].shape[1], 1),
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
