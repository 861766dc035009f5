"""All rows and files of a site in one tar file, and back into an empty site, on whichever database and storage.

    manifest.json      format, when, and the migrations that the rows fit
    rows/<model>.jsonl one row a line, as Django serializes it; before the files, so that a restore can stream
    files/<name>       each file of a row

Left out is what belongs to processes: workers, sound on its way, sessions. The secret key stays with the machine.
"""

import json
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from django.apps import apps
from django.core import serializers
from django.core.exceptions import FieldDoesNotExist
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.core.management.color import no_style
from django.core.serializers.base import DeserializationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import Error as DatabaseError
from django.db import connection, models, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from cloning.jobs.cleanup import delete_stored
from cloning.models import SoundChunk, Usage, Worker
from cloning.storage.temporary import temporary_folder

FORMAT = 1
MANIFEST, ROWS, FILES = "manifest.json", "rows/", "files/"
MAX_MANIFEST_BYTES = 1024**2
LEFT_OUT: set[type[models.Model]] = {Worker, SoundChunk, Usage}


class BackupError(Exception):
    """Why a file is no backup for this site, in a sentence."""


@dataclass(frozen=True)
class Backup:
    """What was written or read."""

    row_count: int
    file_count: int
    missing: list[str]  # files of rows that were not there


def kept_models() -> list[type[models.Model]]:
    """Each after those that its rows point to."""
    own = [model for model in apps.get_app_config("cloning").get_models() if model not in LEFT_OUT]
    users = [apps.get_model("auth", name) for name in ("Group", "User")]
    return serializers.sort_dependencies(
        [(apps.get_app_config("auth"), users), (apps.get_app_config("cloning"), own)]
    )


def read_migrations() -> list[str]:
    """The applied ones of what is kept."""
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied if app in ("auth", "cloning"))


def write_backup(target: Path) -> Backup:
    """Of one moment: what is written meanwhile is not in it, and nobody has to wait. `target` appears whole or not.

    Raises OSError and DatabaseError.
    """
    beside = target.with_name(f".{target.name}.part")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)  # it holds voices
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w") as archive:
                backup = fill(archive)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return backup


def fill(archive: tarfile.TarFile) -> Backup:
    row_count, names = 0, set[str]()
    with temporary_folder() as folder:
        with snapshot():
            manifest = {
                "format": FORMAT,
                "created_at": timezone.now().isoformat(),
                "migrations": read_migrations(),
            }
            for model in kept_models():
                with (folder / model._meta.label_lower).open("w") as lines:
                    for row in model._base_manager.order_by("pk").iterator(chunk_size=1000):
                        write_row(row, lines)
                        row_count += 1
                        names.update(file_names(row))
        add(archive, MANIFEST, json.dumps(manifest, indent=1).encode())
        for model in kept_models():
            archive.add(folder / model._meta.label_lower, f"{ROWS}{model._meta.label_lower}.jsonl")
    missing = [name for name in sorted(names) if not add_file(archive, name)]
    return Backup(row_count, len(names) - len(missing), missing)


class ExactEncoder(DjangoJSONEncoder):
    """Django's cuts moments to milliseconds."""

    def default(self, value: Any) -> Any:
        return value.isoformat() if isinstance(value, datetime) else super().default(value)


def write_row(row: models.Model, lines: IO[str]) -> None:
    # Groups name their permissions, whose numbers differ from site to site.
    serializers.serialize("jsonl", [row], stream=lines, use_natural_foreign_keys=True, cls=ExactEncoder)


@contextmanager
def snapshot() -> Iterator[None]:
    """All queries see the rows as they are now. On SQLite without the lock that Django's transactions take."""
    isolation = " ISOLATION LEVEL REPEATABLE READ READ ONLY" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"BEGIN{isolation}")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def file_names(row: models.Model) -> Iterator[str]:
    for field in row._meta.concrete_fields:
        if isinstance(field, models.FileField) and (name := getattr(row, field.attname).name):
            yield name


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, BytesIO(content))


def add_file(archive: tarfile.TarFile, name: str) -> bool:
    """False where it is not there: lost before, or deleted since the rows were read."""
    try:
        opened = default_storage.open(name)
    except FileNotFoundError:
        return False
    with opened:
        member = tarfile.TarInfo(FILES + name)
        member.size = opened.size
        archive.addfile(member, opened)
    return True


def restore_backup(source: Path) -> Backup:
    """Into a site without any of these rows, whose migrations are those of the backup: all of it or nothing.

    For files that one has made oneself: rows are taken as they are. Raises BackupError, OSError and DatabaseError.
    """
    if filled := [model._meta.verbose_name_plural for model in kept_models() if model._base_manager.exists()]:
        raise BackupError(f"This site is not empty: it has {', '.join(map(str, filled))}.")
    stored: list[str] = []
    try:
        with temporary_folder() as folder, tarfile.open(source, "r|*") as archive:
            return read(archive, folder, stored)
    except (
        tarfile.TarError,
        EOFError,
        KeyError,
        ValueError,
        DeserializationError,
        FieldDoesNotExist,
    ) as error:
        delete_all(stored)
        raise BackupError(f"{source.name} is no whole backup: {error}") from error
    except BaseException:
        delete_all(stored)
        raise


def read(archive: tarfile.TarFile, folder: Path, stored: list[str]) -> Backup:
    """The members in their order; rows are written last. The names of files that were stored go into `stored`."""
    members = iter(archive)
    check_manifest(archive, next(members, None))
    row_files: list[Path] = []
    wanted: set[str] | None = None
    for member in members:
        content = open_member(archive, member)
        if member.name.startswith(ROWS) and wanted is None:
            row_files.append(folder / str(len(row_files)))
            with row_files[-1].open("wb") as copy:
                while chunk := content.read(1024**2):
                    copy.write(chunk)
            continue
        if wanted is None:
            wanted = {
                name for path in row_files for each in read_rows(path) for name in file_names(each.object)
            }
        name = member.name.removeprefix(FILES)
        if name not in wanted:
            raise BackupError(f"{member.name[:100]} belongs to no row.")
        wanted.discard(name)
        store(name, content, stored)
    return write_rows(row_files, stored)


def check_manifest(archive: tarfile.TarFile, member: tarfile.TarInfo | None) -> None:
    if member is None or member.name != MANIFEST or member.size > MAX_MANIFEST_BYTES:
        raise BackupError("This is no backup: it does not begin with a manifest.")
    manifest = json.loads(open_member(archive, member).read())
    if manifest["format"] != FORMAT or manifest["migrations"] != read_migrations():
        raise BackupError(
            "The backup is of another version of this program. Restore it with the version that made it, then update."
        )


def open_member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    if (content := archive.extractfile(member)) is None:
        raise BackupError(f"{member.name[:100]} is not a plain file.")
    return content


def read_rows(path: Path) -> Iterator[Any]:
    with path.open() as lines:
        yield from serializers.deserialize("jsonl", lines, handle_forward_references=True)


def store(name: str, content: IO[bytes], stored: list[str]) -> None:
    saved = default_storage.save(name, File(content))
    stored.append(saved)
    if saved != name:
        raise BackupError(f"There is a file {name} already: the storage is not empty.")


def write_rows(row_files: list[Path], stored: list[str]) -> Backup:
    row_count = 0
    missing: set[str] = set()
    with transaction.atomic():
        deferred = []
        for path in row_files:
            for row in read_rows(path):
                row.save()
                row_count += 1
                missing.update(file_names(row.object))
                if row.deferred_fields:
                    deferred.append(row)
        for row in deferred:
            row.save_deferred_fields()
        reset_sequences()
    return Backup(row_count, len(stored), sorted(missing.difference(stored)))


def reset_sequences() -> None:
    """PostgreSQL counts on from what it gave out, not from what was inserted."""
    statements = connection.ops.sequence_reset_sql(no_style(), kept_models())
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def delete_all(names: list[str]) -> None:
    for name in names:
        try:
            delete_stored(name)
        except (OSError, DatabaseError):  # the sweep finds it
            continue
