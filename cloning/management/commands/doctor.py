"""What an operator asks first when something is odd."""

import io
import shutil
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, SystemCheckError
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from cloning import audio
from cloning.accounts.invitations import is_first_account_due
from cloning.engines import registry
from cloning.errors import GenerationError
from cloning.jobs import signing
from cloning.jobs.inspecting import find_manifest
from cloning.jobs.leases import read_claimed
from cloning.jobs.sweeping import find_all
from cloning.jobs.work import release_abandoned
from cloning.models import Generation, Worker
from cloning.provenance.findings import ManifestState
from cloning.storage.local import check_storage
from cloning.storage.space import free_bytes
from cloning.storage.temporary import temporary_folder

SIGNED_RESULTS = 5


@dataclass(frozen=True)
class Fault:
    sentence: str
    is_mended: bool = False


Check = Callable[[], Iterator[Fault]]


class Command(BaseCommand):
    help = (
        "Looks at settings, database, storage, FFmpeg, signatures, engine, workers, claims, accounts, and at files "
        "and rows that do not fit together, and says what is wrong; ends with 1 where something is. "
        "--mend does what can be done about it."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--mend",
            action="store_true",
            help="apply migrations, give abandoned claims back, do what `sweep` does",
        )

    def handle(self, *args: Any, mend: bool, **options: Any) -> None:
        self.wrong_count = 0
        self.run_check("Settings", check_settings)
        if self.run_check("Database", check_database):
            if mend:
                call_command("migrate", interactive=False, verbosity=0)
            if self.run_check("Migrations", check_migrations):
                self.run_check("Workers", check_workers)
                self.run_check("Claims", lambda: check_claims(mend))
                self.run_check("Files and rows", lambda: check_files(mend))
                self.run_check("Accounts", check_accounts)
                self.run_check("Signed results", check_signed_results)
        if settings.CELERY_BROKER_URL:
            self.run_check("Broker", check_broker)
        self.run_check("Storage", check_files_can_be_kept)
        self.run_check("FFmpeg", check_ffmpeg)
        self.run_check("Signatures", check_signatures)
        self.run_check("Engine", check_engine)
        if self.wrong_count:
            raise CommandError(f"{self.wrong_count} found.")

    def run_check(self, name: str, check: Check) -> bool:
        """Whether nothing is wrong. What was mended is said, and is not wrong any more."""
        is_well = True
        try:
            for fault in check():
                is_well &= fault.is_mended
                self.wrong_count += not fault.is_mended
                self.stdout.write(f"{name}: {'mended, ' if fault.is_mended else ''}{fault.sentence}")
        except (OSError, DatabaseError) as error:
            is_well = False
            self.wrong_count += 1
            self.stdout.write(f"{name}: {error}")
        if is_well:
            self.stdout.write(f"{name}: well.")
        return is_well


def check_settings() -> Iterator[Fault]:
    """Those that are read at all are of their type and in their range: the start sees to that."""
    found = io.StringIO()
    try:
        call_command(
            "check",
            deploy=settings.BASE_URL.startswith("https://"),
            fail_level="WARNING",
            stdout=found,
            stderr=found,
        )
    except SystemCheckError as error:
        yield Fault(str(error).strip())
    if settings.DEBUG and settings.HOST not in ("127.0.0.1", "localhost", "::1"):
        yield Fault("DEBUG shows stack traces to everybody who reaches the server: set DEBUG=false.")


def check_database() -> Iterator[Fault]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA quick_check(5)")
            yield from (Fault(f"SQLite: {row[0]}") for row in cursor.fetchall() if row[0] != "ok")


def check_accounts() -> Iterator[Fault]:
    if not settings.REQUIRE_LOGIN:
        if settings.SIGN_UP or settings.SENDS_MAIL:
            yield Fault("SIGN_UP and EMAIL_URL are for accounts: set REQUIRE_LOGIN=true.")
        return
    if is_first_account_due():
        yield Fault("There is none yet: `manage.py invite NAME --operator` makes the first.")
    if settings.HOST not in ("127.0.0.1", "localhost", "::1") and not settings.BASE_URL.startswith(
        "https://"
    ):
        yield Fault(
            "Passwords cross the network as they are: put a proxy with TLS in front, and set BASE_URL."
        )


def check_broker() -> Iterator[Fault]:
    from cloning.jobs.fleet.messages import find_obstacle

    if obstacle := find_obstacle():
        yield Fault(f"CELERY_BROKER_URL: {obstacle} Until it answers, nothing new is begun.")


def check_migrations() -> Iterator[Fault]:
    executor = MigrationExecutor(connection)
    for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes()):
        yield Fault(f"{migration} is not applied: `manage.py migrate`, or the next start, does it.")


def check_workers() -> Iterator[Fault]:
    workers = list(Worker.alive())
    waiting = Generation.objects.active().count()
    if not workers and waiting:
        yield Fault(
            f"None was seen in the last {settings.LEASE_SECONDS:.0f} s, and {waiting} generations wait."
        )
    selected = registry.selected().name
    for worker in workers:
        if worker.engine != selected:
            yield Fault(
                f"{worker} speaks {registry.label(worker.engine)}; by the settings of this machine it would be "
                f"{registry.label(selected)}."
            )


def check_claims(mend: bool) -> Iterator[Fault]:
    """By this machine's clock; workers, who take over by themselves, go by how long a lease stays as it is."""
    for row in read_claimed():
        if row.lease_expires_at and row.lease_expires_at >= timezone.now() - patience():
            continue
        kind, since = type(row).__name__, row.lease_expires_at
        what = f"{kind} {row.pk} is in the hand of a worker that was not seen since {since}"
        if mend and release_abandoned(row):
            yield Fault(f"{what}: given back", is_mended=True)
        else:
            yield Fault(f"{what}: a worker that runs takes it up.")


def patience() -> timedelta:
    return timedelta(seconds=settings.LEASE_SECONDS)


def check_files(mend: bool) -> Iterator[Fault]:
    for finding in find_all():
        if mend:
            finding.mend()
        yield Fault(finding.describe(is_mended=mend), is_mended=mend and bool(finding.remedy))


def check_files_can_be_kept() -> Iterator[Fault]:
    check_storage()
    free_mb = free_bytes() // 1024**2
    if free_mb < settings.MIN_FREE_MB:
        yield Fault(
            f"{free_mb} MB are free in STORAGE_ROOT; below MIN_FREE_MB, {settings.MIN_FREE_MB}, nothing new is taken."
        )


def check_ffmpeg() -> Iterator[Fault]:
    try:
        audio.find_ffmpeg()
    except GenerationError as error:
        yield Fault(str(error))


def check_signatures() -> Iterator[Fault]:
    try:
        signing.check_signing()
        left = signing.days_left(signing.read_credentials()) if settings.C2PA else signing.RENEW_DAYS
    except GenerationError as error:
        yield Fault(str(error))
        return
    if left < signing.RENEW_DAYS:
        yield Fault(f"The certificate in {settings.C2PA_CERTIFICATE} expires in {left} days: replace it.")


def check_signed_results() -> Iterator[Fault]:
    """Each machine that signs has to have the same certificate."""
    if not settings.C2PA:
        return
    newest = Generation.objects.kept().filter(is_signed=True).exclude(audio="").order_by("-finished_at")
    for generation in newest[:SIGNED_RESULTS]:
        with temporary_folder() as folder, suppress(FileNotFoundError):
            copy = folder / f"copy.{generation.audio_format}"
            with generation.audio.open("rb") as stored, copy.open("wb") as target:
                shutil.copyfileobj(stored, target)
            if find_manifest(copy).state == ManifestState.VALID:
                yield Fault(
                    f"Result {generation.pk} was signed with another certificate than this machine's: all need "
                    f"the same {Path(settings.C2PA_CERTIFICATE).name}."
                )


def check_engine() -> Iterator[Fault]:
    for obstacle in registry.obstacles():
        yield Fault(f"{obstacle} Until then speaks: {registry.selected().label}.")
