import shutil
import sys
import time
from argparse import ArgumentParser
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils.datastructures import MultiValueDict
from tqdm import tqdm

from cloning.engines import registry
from cloning.errors import GenerationError
from cloning.formats import AudioFormat
from cloning.forms import GenerationForm
from cloning.jobs import joins, scheduling, state
from cloning.jobs.deriving import Report
from cloning.jobs.heartbeat import Heartbeat
from cloning.jobs.pipeline import ClaimLostError, perform_join, perform_take, reporter
from cloning.jobs.submission import submit
from cloning.jobs.takes import Progress
from cloning.management.accounts import find_account
from cloning.models import STATED_FOR_ONCE, Channel, Generation, Status, Take
from cloning.storage.uploads import TemporaryUpload

POLL_SECONDS = 0.2
OPTIONS = ("voice", "consent", "language", "speed", "temperature", "seed")


def copy_upload(path: Path) -> TemporaryUpload:
    with path.open("rb") as source:
        return TemporaryUpload.copy(source, path.name)


class Command(BaseCommand):
    help = "Speaks a text in the voice of a reference, here and now, and writes the audio to a file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--reference", type=Path, action="append", default=[], help="a clip; may be repeated"
        )
        parser.add_argument(
            "--voice", help="the id of a saved voice instead, or stock: and the key of a stock voice"
        )
        parser.add_argument(
            "--consent",
            help=f"how whoever is heard in the clips agreed: {', '.join(STATED_FOR_ONCE)}",
        )
        parser.add_argument("--text", required=True, help="what to say; - reads it from standard input")
        parser.add_argument(
            "--out", type=Path, required=True, help=f"where to; ends in {', '.join(AudioFormat)}"
        )
        parser.add_argument("--owner", help="the account whose it is to be, and whose voices it may use")
        for name in ("language", "speed", "temperature", "seed"):
            parser.add_argument(f"--{name}")

    def handle(self, *args: Any, **options: Any) -> None:
        out: Path = options["out"]
        if not out.parent.is_dir():
            raise CommandError(f"The folder {out.parent} does not exist.")
        call_command(
            "migrate", interactive=False, verbosity=0
        )  # this may be the first command of a fresh machine
        generation = self.submit(options)
        self.speak(generation)
        if generation.status != Status.SUCCEEDED:
            raise CommandError(generation.error_message or "The generation was cancelled.")
        with generation.audio.open() as stored, out.open("wb") as target:
            shutil.copyfileobj(stored, target)
        self.stdout.write(
            f"{out}: {generation.duration_seconds:.1f} s by {registry.label(generation.engine)}, seed {generation.seed}"
        )

    def submit(self, options: dict[str, Any]) -> Generation:
        data = {name: options[name] for name in OPTIONS if options[name] is not None}
        owner = find_account(options["owner"]) if options["owner"] else None
        data["text"] = sys.stdin.read() if options["text"] == "-" else options["text"]
        data["format"] = options["out"].suffix.lstrip(".").lower()
        with ExitStack() as closing_uploads:
            try:
                uploads = [closing_uploads.enter_context(copy_upload(path)) for path in options["reference"]]
            except OSError as error:
                raise CommandError(f"{error.filename}: {error.strerror}") from error
            form = GenerationForm(data, MultiValueDict({"reference": uploads}), user=owner)
            try:
                if not form.is_valid():
                    raise CommandError(
                        "\n".join(f"{name}: {errors[0]}" for name, errors in form.errors.items())
                    )
                generation = form.build_generation(Channel.COMMAND)
                submit(generation, form.uploads)
            except GenerationError as error:
                raise CommandError(f"{error} Try again later.") from error
        return generation

    def speak(self, generation: Generation) -> None:
        """Until it has ended. A server's worker, if there is one, may speak some of it."""
        heartbeat = Heartbeat()
        heartbeat.start()
        try:
            with tqdm(
                total=1, bar_format="{desc} {percentage:3.0f} % {bar} {elapsed}", dynamic_ncols=True
            ) as bar:
                while generation.is_active:
                    if not self.work(generation, heartbeat, bar):
                        time.sleep(POLL_SECONDS)
                    generation.refresh_from_db()
                bar.n = generation.progress
        except KeyboardInterrupt as error:
            state.cancel(generation)
            raise CommandError("Cancelled.") from error
        except Generation.DoesNotExist as error:
            raise CommandError("The generation was deleted.") from error
        finally:
            heartbeat.stop()

    def work(self, generation: Generation, heartbeat: Heartbeat, bar: "tqdm[Any]") -> bool:
        """Whether there was something to do."""
        with suppress(ClaimLostError):
            if take := scheduling.claim_next(only=generation.pk):
                with heartbeat.watching(take):
                    perform_take(take, show_progress(generation, take, bar))
                return True
            if joins.claim(generation):
                with heartbeat.watching(generation):
                    perform_join(generation)
                return True
        return False


def show_progress(generation: Generation, take: Take, bar: "tqdm[Any]") -> Report:
    write = reporter(take)

    def report(progress: Progress) -> None:
        bar.set_description_str(progress.stage.label, refresh=False)
        bar.n = (generation.segments_done + progress.spoken_share) / generation.segments_total
        bar.refresh()
        write(progress)

    return report
