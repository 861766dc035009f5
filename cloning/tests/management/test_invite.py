"""Accounts that an operator makes at the command line."""

from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client


def invite(*arguments: str) -> str:
    output = StringIO()
    call_command("invite", *arguments, stdout=output)
    return output.getvalue()


@pytest.mark.django_db
def test_account_and_link(accounts):
    accounts.PORT = 8123
    said = invite("bob", "--email", "bob@example.org")
    assert "Made an account for bob. The link is good once, for 3 days:" in said
    link = said.strip().rpartition("http://localhost:8123")[2]
    bob = User.objects.get(username="bob", email="bob@example.org", is_staff=False)
    assert not bob.has_usable_password()
    assert "bob" in Client().get(link, follow=True).content.decode()
    accounts.BASE_URL = "https://voice.example"
    said = invite("Bob", "--operator")
    assert "There is an account for bob." in said
    assert "https://voice.example/account/set/" in said
    bob.refresh_from_db()
    assert (bob.is_staff, bob.is_superuser, bob.email) == (True, True, "bob@example.org")
    assert User.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["a b"], "Enter a valid username"),
        (["ann", "--email", "nowhere"], "Enter a valid email address"),
        (["off"], "switched off"),
    ],
)
def test_what_can_not_be_done_is_said(arguments, says, ann):
    User.objects.create_user("off", is_active=False)
    with pytest.raises(CommandError, match=says):
        invite(*arguments)
    assert User.objects.count() == 2 and User.objects.get(username="ann").email == "ann@example.org"


@pytest.mark.django_db
def test_there_are_no_accounts_without_the_setting():
    with pytest.raises(CommandError, match="set REQUIRE_LOGIN=true first"):
        invite("bob")
    assert not User.objects.exists()
