"""What a subscription reads from."""

from typing import Protocol


class Source(Protocol):
    """Open from the start; whatever goes wrong is an OSError."""

    def fileno(self) -> int:
        """Readable when something came, or when the source is lost."""

    def read(self) -> set[str]:
        """The topics that came, none if so; never waits."""

    def is_reachable(self) -> bool:
        """Whether anybody could still send something here."""

    def close(self) -> None: ...

    def abandon(self) -> None:
        """Lets go of what a forked child has inherited; the parent's stays as it is."""
