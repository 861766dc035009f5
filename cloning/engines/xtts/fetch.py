"""Brings XTTS v2's weights into a folder, from the hub or another folder, verified before they are in place.

Files are staged beside their final place (`model.pth.c7ea2000.part`) and renamed together once all are
verified, so that a worker never meets half a model, and a download that broke off goes on where it stopped.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cloning.engines.xtts import weights
from cloning.engines.xtts.weights import ModelFile

Say = Callable[[str], None]


class FetchError(Exception):
    """The weights did not arrive; the message is written for the person who asked for them."""


def download(folder: Path, files: Sequence[ModelFile], *, endpoint: str | None, say: Say) -> None:
    """Downloads what `folder` lacks at the pinned revision, with a progress bar on stderr.

    `endpoint` is a mirror of the hub, or None for the hub itself. Raises FetchError; what has arrived by then
    is kept and the next call goes on from it, unless it was wrong.
    """

    def fetch(file: ModelFile, part: Path) -> None:
        _download_rest(file, part, endpoint)

    _bring(folder, files, fetch, say)


def copy(source: Path, folder: Path, files: Sequence[ModelFile], *, say: Say) -> None:
    """Copies the official files from another folder, e.g. where there is no internet. Raises FetchError."""

    def fetch(file: ModelFile, part: Path) -> None:
        part.unlink(missing_ok=True)
        _copy_file(source / file.name, part)

    _bring(folder, files, fetch, say)


def copy_unverified(source: Path, folder: Path, *, say: Say) -> None:
    """Copies a checkpoint of one's own, of any size: only its completeness is checked. Raises FetchError."""
    if reason := weights.problem(source):
        raise FetchError(reason)
    names = [file.name for file in weights.OFFICIAL_FILES if (source / file.name).is_file()]
    with _only_one(folder):
        for name in names:
            say(f"Copying {name}, unverified")
            _copy_file(source / name, folder / f"{name}.part")
        for name in names:
            (folder / f"{name}.part").replace(folder / name)


def _bring(
    folder: Path, files: Sequence[ModelFile], fetch: Callable[[ModelFile, Path], None], say: Say
) -> None:
    with _only_one(folder):
        lacking = [file for file in files if not _matches(folder / file.name, file)]
        for file in files:
            if file not in lacking:
                say(f"{file.name} is there already and right")
        _require_space(folder, lacking)
        for file in lacking:
            part = _part_path(folder, file)
            fetch(file, part)
            say(f"Verifying {file.name}")
            _verify(part, file)
        for file in lacking:
            _part_path(folder, file).replace(folder / file.name)


def _part_path(folder: Path, file: ModelFile) -> Path:
    return folder / f"{file.name}.{file.sha256[:8]}.part"


def _download_rest(file: ModelFile, part: Path, endpoint: str | None) -> None:
    # Here, so that the command can say in a sentence that these are not installed.
    import httpx2
    from huggingface_hub import hf_hub_url
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # not in its __all__

    if part.is_file() and part.stat().st_size >= file.size_bytes:
        return
    url = hf_hub_url(weights.REPOSITORY, file.name, revision=weights.REVISION, endpoint=endpoint)
    headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
    try:
        with part.open("ab") as staged:
            # hf_hub_download forgets what it has when a run breaks off; the function beneath it goes on.
            http_get(url, staged, resume_size=staged.tell(), headers=headers, displayed_filename=file.name)
    except (httpx2.HTTPError, OSError) as error:
        if isinstance(error, HfHubHTTPError) and error.response.status_code == 416:
            part.unlink()  # longer than what the server has: of no use
        kept_bytes = part.stat().st_size if part.is_file() else 0
        reason = str(error).strip().partition("\n")[0]
        raise FetchError(
            f"{file.name} did not arrive from {url}: {reason} "
            f"({kept_bytes:,} of {file.size_bytes:,} bytes are here; run the command again to go on.)"
        ) from error


def _copy_file(source: Path, part: Path) -> None:
    try:
        shutil.copyfile(source, part)
    except FileNotFoundError as error:
        raise FetchError(f"{source.name} is missing in {source.parent}.") from error
    except OSError as error:
        part.unlink(missing_ok=True)
        raise FetchError(f"{source.name} could not be copied: {error.strerror}.") from error


def _verify(part: Path, file: ModelFile) -> None:
    """Removes the staged file and raises FetchError when it isn't byte for byte what was asked for."""
    if _matches(part, file):
        return
    size_bytes = part.stat().st_size
    part.unlink()
    reason = (
        f"has {size_bytes:,} bytes, not {file.size_bytes:,}"
        if size_bytes != file.size_bytes
        else "has the wrong SHA-256"
    )
    raise FetchError(f"{file.name} {reason}: it is damaged or another version. It was not installed.")


def _matches(path: Path, file: ModelFile) -> bool:
    if not path.is_file() or path.stat().st_size != file.size_bytes:
        return False
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest() == file.sha256


def _require_space(folder: Path, lacking: Sequence[ModelFile]) -> None:
    parts = [_part_path(folder, file) for file in lacking]
    staged_bytes = sum(part.stat().st_size for part in parts if part.is_file())
    needed_bytes = sum(file.size_bytes for file in lacking) - staged_bytes
    free_bytes = shutil.disk_usage(folder).free
    if needed_bytes > free_bytes:
        raise FetchError(
            f"{folder} has {free_bytes / 1e9:.1f} GB of free space; {needed_bytes / 1e9:.1f} GB are needed."
        )


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Two downloads at once would write into the same staged files."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise FetchError(f"{folder} can't be used: {error.strerror}.") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FetchError("Another fetch_model is at work in this folder.") from error
        yield
    finally:
        os.close(descriptor)
