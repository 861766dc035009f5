"""Engines turn references into conditioning, and text into sound. `registry` lists them."""

from cloning.engines.registry import ENGINES, get_engine, selected
from cloning.engines.xtts.weights import FOLDER_NAME

# The former names, until no branch uses them.
LABELS = {name: entry.label for name, entry in ENGINES.items()}


def engine_name() -> str:
    return selected().name


__all__ = ["FOLDER_NAME", "LABELS", "engine_name", "get_engine"]
