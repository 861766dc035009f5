from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError

from cloning.jobs.backups import write_backup


class Command(BaseCommand):
    help = (
        "Writes all rows and files into one tar file, while the site goes on. It holds people's voices: keep it as "
        "safe as the site itself. `restore` reads it, on whichever database and storage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        if file.exists():
            raise CommandError(f"{file} is there already.")
        try:
            backup = write_backup(file)
        except (OSError, DatabaseError) as error:
            raise CommandError(f"The backup could not be written. {error}") from error
        for name in backup.missing:
            self.stderr.write(f"{name} is gone from the storage; `manage.py doctor` says more.")
        self.stdout.write(f"{file}: {backup.row_count} rows, {backup.file_count} files.")
