"""What was spoken of a batch, as entries of an archive."""

import csv
import io
import re
from collections.abc import Iterator
from functools import partial

from django.core.files.base import ContentFile
from django.utils import timezone

from cloning.jobs.batches.changes import rows_of
from cloning.models import Batch, Generation
from cloning.storage.archives import Entry
from cloning.text.naming import name_download


def list_entries(batch: Batch) -> tuple[Iterator[Entry], str]:
    """In the order of the rows, each called by its number and name, and a table of all; and what the archive is called.

    What is not spoken has no file. The rows are read once, before it is sent.
    """
    rows = list(rows_of(batch).defer("text", "peaks"))
    name = name_download(batch.name, "") or "batch"
    return generate_entries(rows), f"{name}-{batch.created_at:%Y-%m-%d}.zip"


def generate_entries(rows: list[Generation]) -> Iterator[Entry]:
    yield Entry("rows.csv", timezone.now(), partial(ContentFile, write_table(rows)))
    for row in rows:
        if row.has_file:
            yield Entry(file_name(row), row.created_at, partial(row.audio.open, "rb"))


def write_table(rows: list[Generation]) -> bytes:
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["row", "name", "status", "file", "generation_id", "error"])
    for row in rows:
        file = file_name(row) if row.has_file else ""
        cells = [row.batch_row, row.batch_name, row.status, file, row.pk, row.error_code]
        writer.writerow([defuse(str(cell)) for cell in cells])
    return table.getvalue().encode()


def defuse(cell: str) -> str:
    """What a program for tables would take for a formula."""
    return f"'{cell}" if re.match(r"[=+@\t\r-]", cell) else cell


def file_name(row: Generation) -> str:
    name = name_download(row.batch_name, "")
    return f"{row.batch_row:04d}{f'-{name}' if name else ''}.{row.audio_format}"
