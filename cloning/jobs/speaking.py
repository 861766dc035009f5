"""What speaks: not what lies on the disk of this machine, but what the workers have loaded."""

from cloning.engines import registry
from cloning.engines.base import EngineEntry
from cloning.models import Worker


def find_engine() -> EngineEntry:
    """Of several engines the first of `registry.ENGINES`; without a worker, what this machine's settings select."""
    loaded = set(Worker.alive().order_by().values_list("engine", flat=True).distinct())
    return next((entry for name, entry in registry.ENGINES.items() if name in loaded), registry.selected())
