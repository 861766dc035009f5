"""A voice that somebody does not agree to any more, and everything that stands on it."""

import uuid
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cloning.jobs import revoking
from cloning.models import Voice


class Command(BaseCommand):
    help = (
        "Revokes a voice: it stops at once, and its clips, what was learnt from them and whatever was spoken with "
        "it, by whomever, are deleted. An entry of the audit stays, without its name."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", type=uuid.UUID, help="of the voice, as in its address")
        parser.add_argument(
            "--everywhere",
            action="store_true",
            help="voices of other accounts that were made of the same recordings, too",
        )
        parser.add_argument("--no-input", action="store_true", help="don't ask")

    def handle(self, *args: Any, id: uuid.UUID, everywhere: bool, no_input: bool, **options: Any) -> None:
        voice = Voice.objects.filter(revoking.is_not_revoked(), pk=id).first()
        if voice is None:
            raise CommandError(f"There is no voice {id}, or not any more.")
        same = list(revoking.find_same_recordings(voice))
        for each in (voice, *(same if everywhere else ())):
            self.describe(each)
        if same and not everywhere:
            self.stdout.write(f"{len(same)} voices of other accounts have the same recording (--everywhere).")
        if not no_input and input("That can't be undone. Type “revoke” to go on: ") != "revoke":
            raise CommandError("Nothing was revoked.")
        for each in (voice, *(same if everywhere else ())):
            revoking.revoke(each)
        self.stdout.write("Revoked.")

    def describe(self, voice: Voice) -> None:
        goes = revoking.foresee(voice)
        others = "".join(f", the voice {other} ({other.pk})" for other in goes.other_voices)
        self.stdout.write(
            f"With {voice} of {voice.owner or 'everybody'} go {goes.clips} clips, "
            f"{goes.generations + goes.generations_of_others} generations ({goes.generations_of_others} of others, "
            f"{goes.speech_seconds / 60:.0f} min of speech in all), {goes.consents} consents{others}."
        )
