from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError

from cloning.jobs.sweeping import find_all


class Command(BaseCommand):
    help = (
        "Looks for files that belong to nothing, rows that nothing uses and rows whose file is gone, mends what it "
        "finds and says so. Workers do the same each hour. Files of the last hour and references of the last day are "
        "left alone: somebody may be working with them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what is found and change nothing")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        count = 0
        try:
            for finding in find_all():
                count += 1
                if not dry_run:
                    finding.mend()
                self.stdout.write(finding.describe(is_mended=not dry_run))
        except (OSError, DatabaseError) as error:
            raise CommandError(f"The sweep did not come to its end. {error}") from error
        self.stdout.write(f"{count} found." if count else "Nothing found.")
