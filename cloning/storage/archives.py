"""Files as one ZIP, sent while it is made: a piece of one file is in memory, however large the whole is."""

import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, Protocol

CHUNK_BYTES = 64 * 1024
EARLIEST_YEAR = 1980  # that a ZIP can tell


class Readable(AbstractContextManager[Any], Protocol):
    """As Django's files are."""

    @property
    def size(self) -> int: ...

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Entry:
    name: str
    made_at: datetime
    open: Callable[[], Readable]
    """Raises FileNotFoundError where the storage has lost it."""


class Sink:
    """What was written since it was taken last."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        self._written += data
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def take(self) -> bytes:
        taken = bytes(self._written)
        self._written.clear()
        return taken


def zip_files(entries: Iterable[Entry]) -> Iterator[bytes]:
    """Files that the storage has lost are left out. Names that are there already get a number."""
    sink, names = Sink(), set[str]()
    # Sound does not get smaller. "Deflated" by nothing, as not every program takes what is stored without a length.
    with zipfile.ZipFile(sink, "w") as archive:
        for entry in entries:
            try:
                file = entry.open()
            except FileNotFoundError:
                continue
            with file:
                yield from add_file(archive, describe(entry, file.size, names), file, sink)
    yield sink.take()


def add_file(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, file: Readable | IO[bytes], sink: Sink
) -> Iterator[bytes]:
    """Writes a file into the archive, and gives out what came of it in `sink`, which the archive is written to."""
    with archive.open(info, "w") as target:
        while chunk := file.read(CHUNK_BYTES):
            target.write(chunk)
            if piece := sink.take():  # an empty one would say that this is the end
                yield piece


def describe(entry: Entry, size_bytes: int, names: set[str]) -> zipfile.ZipInfo:
    made_at = max(entry.made_at, entry.made_at.replace(year=EARLIEST_YEAR, month=1, day=1))
    info = zipfile.ZipInfo(number(entry.name, names), made_at.timetuple()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    info._compresslevel = 0  # type: ignore[attr-defined]  # the archive's own is for entries by name alone
    info.file_size = size_bytes  # so that large ones are written as such
    info.external_attr = 0o644 << 16
    return info


def number(name: str, names: set[str]) -> str:
    """The name, or with a number where it is taken; capitals make no difference on some disks."""
    stem, _, suffix = name.rpartition(".")
    free, count = name, 1
    while free.lower() in names:
        count += 1
        free = f"{stem}-{count}.{suffix}"
    names.add(free.lower())
    return free
