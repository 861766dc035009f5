from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection


@pytest.fixture
def after_statement():
    """Does something right after the first statement that begins so."""

    @contextmanager
    def arrange(beginning: str, action: Callable[[], object]) -> Iterator[None]:
        actions = [action]

        def execute_and_act(execute, sql, params, many, context):
            result = execute(sql, params, many, context)
            if sql.startswith(beginning) and actions:
                actions.pop()()
            return result

        with connection.execute_wrapper(execute_and_act):
            yield

    return arrange


@pytest.fixture
def break_after_commit(monkeypatch) -> Callable[[], None]:
    """Has the connection break once, when the database has committed and before it could say so."""

    def arrange() -> None:
        commit, breaks = connection.commit, [True]

        def commit_and_break() -> None:
            commit()
            if breaks:
                breaks.pop()
                raise OperationalError("server closed the connection unexpectedly")

        monkeypatch.setattr(connection, "commit", commit_and_break)

    return arrange
