"""`manage.py audit`: who did what to which voice, as JSON lines, the oldest first."""

import uuid
from argparse import ArgumentParser
from datetime import UTC, datetime

from django.core.management.base import BaseCommand

from cloning.jobs.audit import write_line
from cloning.models import AuditEntry


def moment(value: str) -> datetime:
    """`2026-01-31` or `2026-01-31T12:00:00Z`; without a zone it is UTC."""
    parsed = datetime.fromisoformat(value)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


class Command(BaseCommand):
    help = "Write who did what to which voice, as JSON lines, the oldest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since", type=moment, metavar="TIME", help="a date, or a time as in 2026-01-31T12:00Z"
        )
        parser.add_argument("--until", type=moment, metavar="TIME")
        parser.add_argument("--user", metavar="NAME")
        parser.add_argument("--voice", type=uuid.UUID, metavar="ID")

    def handle(self, **options: object) -> None:
        found = AuditEntry.objects.order_by("happened_at", "pk")
        conditions = {
            "happened_at__gte": options["since"],
            "happened_at__lt": options["until"],
            "username": options["user"],
            "voice_id": options["voice"],
        }
        chosen = {name: value for name, value in conditions.items() if value is not None}
        for entry in found.filter(**chosen).iterator():
            self.stdout.write(write_line(entry), ending="")
