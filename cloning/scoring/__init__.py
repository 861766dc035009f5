"""How good a take is: measured, judged, and told in a word. docs/trust.md has what the limits were found by.

Knows no Django. `measuring.py` alone brings onnxruntime, and is the worker's. The sound is an engine's, before it is
marked and levelled: what is judged is what the engine did.
"""

from cloning.scoring.judging import Fault, Likeness, find_faults, find_likeness, rank
from cloning.scoring.scores import (
    GenerationScores,
    Heard,
    TakeScores,
    Unheard,
    sum_up,
)

__all__ = [
    "Fault",
    "GenerationScores",
    "Heard",
    "Likeness",
    "TakeScores",
    "Unheard",
    "find_faults",
    "find_likeness",
    "rank",
    "sum_up",
]
