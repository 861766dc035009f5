"""manage.py fetch_model: XTTS v2's weights, after its licence was agreed to."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cloning.engines.xtts import fetch, weights

SIZE_GB = sum(file.size_bytes for file in weights.OFFICIAL_FILES) / 1e9
LICENCE_NOTICE = f"""XTTS v2's weights ({SIZE_GB:.1f} GB) are not part of this project.
They come under the {weights.LICENCE_NAME}: non-commercial use only.
Read it at {weights.LICENCE_URL}
"""


class Command(BaseCommand):
    help = "Brings the weights of XTTS v2 into MODEL_CACHE, verified, after you agreed to their licence."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--from",
            dest="source",
            type=Path,
            metavar="FOLDER",
            help="copy from this folder instead of downloading",
        )
        parser.add_argument(
            "--unverified",
            action="store_true",
            help="with --from: accept a checkpoint of your own, e.g. a fine-tuned one",
        )
        parser.add_argument(
            "--only-ask", action="store_true", help="ask for agreement to the licence, and fetch nothing"
        )

    def handle(
        self, *args: Any, source: Path | None, unverified: bool, only_ask: bool, **options: Any
    ) -> None:
        if unverified and source is None:
            raise CommandError("--unverified needs --from FOLDER: what is downloaded is always verified.")
        if not only_ask and (missing := weights.missing_packages()):
            raise CommandError(missing)
        self._require_agreement()
        if only_ask:
            return
        folder = Path(settings.MODEL_CACHE) / weights.FOLDER_NAME
        try:
            self._fetch(folder, source, unverified)
        except fetch.FetchError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt as error:
            raise CommandError("Interrupted. Run the command again to go on where it stopped.") from error
        self.stdout.write(self.style.SUCCESS(f"XTTS v2 is ready in {folder}"))

    def _fetch(self, folder: Path, source: Path | None, unverified: bool) -> None:
        if source is None:
            endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or None
            fetch.download(folder, weights.OFFICIAL_FILES, endpoint=endpoint, say=self.stdout.write)
        elif unverified:
            fetch.copy_unverified(source, folder, say=self.stdout.write)
        else:
            fetch.copy(source, folder, weights.OFFICIAL_FILES, say=self.stdout.write)

    def _require_agreement(self) -> None:
        self.stdout.write(LICENCE_NOTICE)
        if os.environ.get("COQUI_TOS_AGREED") == "1":
            self.stdout.write("Agreed to by COQUI_TOS_AGREED=1.")
            return
        if not sys.stdin.isatty():
            raise CommandError(
                "Nobody is here to be asked. If you have read the licence and agree, set COQUI_TOS_AGREED=1."
            )
        if input("Do you agree to this licence? [y/N] ").strip().lower() not in ("y", "yes"):
            raise CommandError("Nothing was fetched: the licence was not agreed to.")
