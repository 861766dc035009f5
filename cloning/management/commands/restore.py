from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError

from cloning.jobs.backups import BackupError, restore_backup


class Command(BaseCommand):
    help = (
        "Reads what `backup` wrote into an empty site, whose web server and workers are stopped: "
        "all of it or nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            call_command("migrate", interactive=False, verbosity=0)
            backup = restore_backup(file)
        except BackupError as error:
            raise CommandError(str(error)) from error
        except (OSError, DatabaseError) as error:
            raise CommandError(f"The backup could not be restored. {error}") from error
        for name in backup.missing:
            self.stderr.write(f"{name} was gone when the backup was made.")
        self.stdout.write(f"{backup.row_count} rows and {backup.file_count} files restored.")
