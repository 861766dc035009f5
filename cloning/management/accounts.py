"""Accounts as operators name them on the command line."""

from django.contrib.auth.models import User
from django.core.management.base import CommandError


def find_account(name: str) -> User:
    """Raises CommandError."""
    try:
        return User.objects.get(username=name)
    except User.DoesNotExist as error:
        raise CommandError(f"There is no account “{name}”.") from error
