"""People with accounts, and tries that are counted by the test's own throttles."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from cloning.accounts import forms, sign_in
from cloning.accounts.sign_in import BURST, USER_BURST
from cloning.jobs.tries import Throttle

PASSWORD = "correct horse battery"
HOUR = 3600.0


@pytest.fixture
def forgotten_tries(monkeypatch) -> None:
    """None were made before; and within the test none comes back."""
    monkeypatch.setattr(sign_in, "tries", Throttle("sign_in", BURST, HOUR))
    monkeypatch.setattr(sign_in, "tries_of_user", Throttle("sign_in_as", USER_BURST, HOUR))
    for name, burst in (("accounts_made", BURST), ("resets", BURST), ("passwords_asked", BURST)):
        monkeypatch.setattr(forms, name, Throttle(name, burst, HOUR))
    monkeypatch.setattr(forms, "mails", Throttle("mail", forms.MAIL_BURST, HOUR))


@pytest.fixture
def accounts(settings, forgotten_tries) -> Any:
    """The settings of a site on which one has to sign in."""
    settings.REQUIRE_LOGIN = True
    return settings


@pytest.fixture
def ann(db, accounts) -> User:
    return User.objects.create_user("ann", "ann@example.org", PASSWORD)


def sign_in_as(user: User) -> Client:
    """A browser in which they are signed in."""
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client
