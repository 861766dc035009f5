"""An account, and the link by which whoever it is for sets its password."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from cloning.accounts.invitations import find_account, find_link, make_account
from cloning.management.commands.healthcheck import address


class Command(BaseCommand):
    help = (
        "Makes an account and prints a link, good once, on which its owner sets a password. "
        "For an account that is there already, the link sets a new one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="what they sign in with")
        parser.add_argument(
            "--email", default="", help="where a link may be sent when the password is forgotten"
        )
        parser.add_argument(
            "--operator", action="store_true", help="may use the admin, and do everything there"
        )

    def handle(self, *args: Any, name: str, email: str, operator: bool, **options: Any) -> None:
        if not settings.REQUIRE_LOGIN:
            raise CommandError("Accounts are switched off: set REQUIRE_LOGIN=true first.")
        try:
            user = find_account(name)
            is_new = user is None
            user = user or make_account(name)
            user.email = email or user.email
            user.is_staff, user.is_superuser = user.is_staff or operator, user.is_superuser or operator
            user.full_clean(exclude=["password"])
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        if not user.is_active:
            raise CommandError(f"The account of {user} is switched off; the admin can switch it on.")
        user.save()
        days = timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT).days
        self.stdout.write(
            f"{'Made an account for' if is_new else 'There is an account for'} {user}. "
            f"The link is good once, for {days} days:"
        )
        self.stdout.write(
            (settings.BASE_URL or f"http://{address(settings.HOST)}:{settings.PORT}") + find_link(user)
        )
