"""Kokoro's styles as mixtures of its stock voices.

`benchmarks/training/make_voices.py` makes the table of the voices.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloning.engines.base import Floats, Reals
from cloning.engines.preview.kokoro import MAX_TOKENS, STYLE_SIZE

TABLE = Path(__file__).parent / "data" / "voices.npz"
STOCK_COUNT = 54
TIMBRE = STYLE_SIZE // 2  # values of a style that are timbre; the rest is prosody


@lru_cache(maxsize=1)
def _stock() -> tuple[tuple[str, ...], NDArray[np.integer[Any]], Floats]:
    with np.load(TABLE) as table:
        return tuple(table["names"].tolist()), table["rows"], table["styles"].astype(np.float32)


def stock_names() -> tuple[str, ...]:
    """Kokoro's names of its voices: language, sex, "_", name; "af_heart" is American and female."""
    return _stock()[0]


def mix(weights: Reals) -> Floats:
    """Styles (MAX_TOKENS, STYLE_SIZE) of the mixture with `weights` (2, voices): of timbre and of prosody."""
    _, rows, styles = _stock()
    timbre = np.tensordot(weights[0], styles[:, :, :TIMBRE], 1)
    prosody = np.tensordot(weights[1], styles[:, :, TIMBRE:], 1)
    mixture = np.concatenate([timbre, prosody], axis=1)
    position = np.interp(np.arange(MAX_TOKENS), rows, np.arange(len(rows)))
    below = np.minimum(position.astype(int), len(rows) - 2)
    share = (position - below)[:, None]
    mixed: Reals = (1 - share) * mixture[below] + share * mixture[below + 1]
    return mixed.astype(np.float32)


def stock(name: str) -> Floats:
    return mix(stock_weights(name))


def stock_weights(name: str) -> Floats:
    """Of the mixture that is one voice alone."""
    weights = np.zeros((2, len(stock_names())), np.float32)
    weights[:, stock_names().index(name)] = 1
    return weights
