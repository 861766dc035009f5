from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError, models, transaction

from cloning.management.accounts import find_account
from cloning.models import Book, Generation, Pronunciation, Reference, Voice, VoiceAlias, VoiceConsent

OWNED: tuple[type[models.Model], ...] = (
    Reference,
    VoiceConsent,
    Voice,
    VoiceAlias,
    Generation,
    Book,
    Pronunciation,
)


class Command(BaseCommand):
    help = "Gives an account all that has no owner: what was made before REQUIRE_LOGIN was set."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="of the account")

    def handle(self, *args: Any, **options: Any) -> None:
        owner = find_account(options["name"])
        try:
            with transaction.atomic():
                counts = {model: assign(model, owner) for model in OWNED}
        except IntegrityError as error:
            raise CommandError(
                f"{owner} has a voice, a clip, an alias or a pronunciation already that another of them equals."
            ) from error
        for model, count in counts.items():
            self.stdout.write(f"{count} {model._meta.verbose_name_plural}")


def assign(model: type[models.Model], owner: User) -> int:
    return model._default_manager.filter(owner=None).update(owner=owner)
