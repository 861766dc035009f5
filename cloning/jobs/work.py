"""What can become of whatever a worker has in hand: a take, or a generation whose takes it joins."""

from types import ModuleType

from cloning.errors import ErrorCode
from cloning.jobs import joins, takes
from cloning.models import Leased, Take


def changes_of(row: Leased) -> ModuleType:
    return takes if isinstance(row, Take) else joins


def fail(row: Leased, code: ErrorCode, message: str) -> bool:
    return bool(changes_of(row).fail(row, code, message))


def release(row: Leased) -> bool:
    """Gives it back unharmed."""
    return bool(changes_of(row).release(row))


def release_abandoned(row: Leased) -> bool:
    """Gives it back for a worker that died."""
    return bool(changes_of(row).release_abandoned(row))
