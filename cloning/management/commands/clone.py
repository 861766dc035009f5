import shutil
import sys
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils.datastructures import MultiValueDict
from tqdm import tqdm

from cloning.engines import registry
from cloning.errors import GenerationError
from cloning.formats import AudioFormat
from cloning.forms import GenerationForm
from cloning.jobs import state
from cloning.jobs.heartbeat import Heartbeat
from cloning.jobs.pipeline import ClaimLostError, perform, reporter
from cloning.jobs.state import Progress
from cloning.jobs.submission import submit
from cloning.models import Channel, Generation, Status
from cloning.storage.uploads import TemporaryUpload

OPTIONS = ("voice", "language", "speed", "temperature", "seed")


def copy_upload(path: Path) -> TemporaryUpload:
    with path.open("rb") as source:
        return TemporaryUpload.copy(source, path.name)


class Command(BaseCommand):
    help = "Speaks a text in the voice of a reference, here and now, and writes the audio to a file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--reference", type=Path, action="append", default=[], help="a clip; may be repeated"
        )
        parser.add_argument("--voice", help="the id of a saved voice instead")
        parser.add_argument("--text", required=True, help="what to say; - reads it from standard input")
        parser.add_argument(
            "--out", type=Path, required=True, help=f"where to; ends in {', '.join(AudioFormat)}"
        )
        for name in ("language", "speed", "temperature", "seed"):
            parser.add_argument(f"--{name}")

    def handle(self, *args: Any, **options: Any) -> None:
        out: Path = options["out"]
        if not out.parent.is_dir():
            raise CommandError(f"The folder {out.parent} does not exist.")
        call_command(
            "migrate", interactive=False, verbosity=0
        )  # this may be the first command of a fresh machine
        generation = self.submit_claimed(options)
        self.speak(generation)
        if generation.status != Status.SUCCEEDED:
            raise CommandError(generation.error_message or "The generation was cancelled.")
        with generation.audio.open() as stored, out.open("wb") as target:
            shutil.copyfileobj(stored, target)
        self.stdout.write(
            f"{out}: {generation.duration_seconds:.1f} s by {registry.label(generation.engine)}, seed {generation.seed}"
        )

    def submit_claimed(self, options: dict[str, Any]) -> Generation:
        """The generation, claimed in the transaction that makes it, so that no worker takes it first."""
        data = {name: options[name] for name in OPTIONS if options[name] is not None}
        data["text"] = sys.stdin.read() if options["text"] == "-" else options["text"]
        data["format"] = options["out"].suffix.lstrip(".").lower()
        with ExitStack() as closing_uploads:
            try:
                uploads = [closing_uploads.enter_context(copy_upload(path)) for path in options["reference"]]
            except OSError as error:
                raise CommandError(f"{error.filename}: {error.strerror}") from error
            form = GenerationForm(data, MultiValueDict({"reference": uploads}))
            try:
                if not form.is_valid():
                    raise CommandError(
                        "\n".join(f"{name}: {errors[0]}" for name, errors in form.errors.items())
                    )
                generation = form.build_generation(Channel.COMMAND, AnonymousUser())
                submit(generation, form.uploads, is_claimed=True)
            except GenerationError as error:
                raise CommandError(f"{error} Try again later.") from error
        return generation

    def speak(self, generation: Generation) -> None:
        write = reporter(generation)
        heartbeat = Heartbeat()
        heartbeat.start()
        try:
            with (
                heartbeat.watching(generation),
                tqdm(
                    total=1, bar_format="{desc} {percentage:3.0f} % {bar} {elapsed}", dynamic_ncols=True
                ) as bar,
            ):

                def report(progress: Progress) -> None:
                    bar.set_description_str(progress.stage.label, refresh=False)
                    bar.n = progress.spoken_share
                    bar.refresh()
                    write(progress)

                perform(generation, report)
        except KeyboardInterrupt as error:
            state.cancel(generation)
            raise CommandError("Cancelled.") from error
        except ClaimLostError:
            if not state.reload(generation):
                raise CommandError("The generation was deleted.") from None
        finally:
            heartbeat.stop()
