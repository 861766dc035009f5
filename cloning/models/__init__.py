"""The rows. What happens to them is in `cloning.jobs`."""

from cloning.models.generation import (
    MAX_ATTEMPTS,
    Channel,
    Generation,
    Stage,
    Status,
    generated_file,
    random_seed,
)
from cloning.models.reference import Reference, normalized_file, reference_file
from cloning.models.voice import Voice, conditioning_folder
from cloning.models.worker import Worker

__all__ = [
    "MAX_ATTEMPTS",
    "Channel",
    "Generation",
    "Reference",
    "Stage",
    "Status",
    "Voice",
    "Worker",
    "conditioning_folder",
    "generated_file",
    "normalized_file",
    "random_seed",
    "reference_file",
]
