"""An account and everything that belongs to it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cloning.jobs import departures
from cloning.management.accounts import find_account


class Command(BaseCommand):
    help = (
        "Deletes an account for good: its voices, generations, pronunciations and keys, "
        "and what others have spoken with its voices."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="what it signs in with")
        parser.add_argument("--no-input", action="store_true", help="don't ask")

    def handle(self, *args: Any, name: str, no_input: bool, **options: Any) -> None:
        user = find_account(name)
        self.stdout.write(f"With {user} go {departures.count_belongings(user)}.")
        if not no_input and input("That can't be undone. Type the name to go on: ") != user.get_username():
            raise CommandError("Nothing was deleted.")
        departures.begin(user)
        if not departures.finish(user):
            raise CommandError(
                f"{user} is closed, but something was added in this moment: call this once more."
            )
        self.stdout.write("Deleted.")
