import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from cloning.models import Book


def test_operator_gives_an_account_what_was_there_before(db, settings, make_generation) -> None:
    settings.REQUIRE_LOGIN = True
    other = User.objects.create_user("other")
    generation, book = make_generation(), Book.objects.create(title="A book")
    call_command("assign_owner", "other")
    for row in (generation, book):
        row.refresh_from_db()
        assert row.owner == other
    with pytest.raises(CommandError, match="no account"):
        call_command("assign_owner", "nobody")
