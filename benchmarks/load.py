"""Many rows: `python -m benchmarks.load --rows 1000000 --database-url postgresql:///load`."""

import argparse
import os
import tempfile

from benchmarks import rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--database-url", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(
            DATABASE_URL=options.database_url,
            STORAGE_ROOT=folder,
            ENGINE="preview",
            LOG_LEVEL="WARNING",
            MAX_QUEUED="1000",
            KEEP_GENERATIONS_DAYS="36500",
            KEEP_REFERENCES_DAYS="30",
            DJANGO_SETTINGS_MODULE="voiceclone_site.settings",
        )
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        rows.print_table(options.rows)


if __name__ == "__main__":
    main()
