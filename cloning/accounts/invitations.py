"""Accounts as an operator makes them, and links by which one sets a password, once."""

from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode


def find_account(name: str) -> User | None:
    """By the name as it is written, or else in other capitals."""
    name = User.normalize_username(name)
    return User.objects.filter(username=name).first() or User.objects.filter(username__iexact=name).first()


def make_account(name: str, *, email: str = "") -> User:
    """Without a password: nobody can sign in to it before one is set. Raises ValidationError."""
    user = User(username=User.normalize_username(name), email=User.objects.normalize_email(email))
    user.set_unusable_password()
    user.full_clean()
    user.save(force_insert=True)
    return user


def find_link(user: User) -> str:
    """The path of the page on which they set a password; good once, for as long as PASSWORD_RESET_TIMEOUT."""
    return reverse(
        "set-password",
        args=[urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user)],
    )


def is_first_account_due() -> bool:
    """Whether there is nobody yet who could sign in."""
    return not User.objects.filter(is_active=True).exists()
