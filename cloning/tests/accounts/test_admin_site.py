"""Signing in to the admin, and guessing at it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from cloning.accounts import sign_in as signing_in
from cloning.accounts.sign_in import BURST, COOKIE, USER_BURST
from cloning.throttling import Throttle

LOGIN = "/admin/login/"
STRANGER, OPERATOR = "203.0.113.1", "198.51.100.2"


@pytest.fixture(autouse=True)
def forgotten_tries(monkeypatch) -> None:
    monkeypatch.setattr(signing_in, "tries", Throttle(BURST, 3600.0))
    monkeypatch.setattr(signing_in, "tries_of_user", Throttle(USER_BURST, 3600.0))


@pytest.fixture
def sign_in(admin_user) -> Callable[..., Any]:
    def post(password: str = "password", client: Client | None = None, address: str = STRANGER) -> Any:
        data = {"username": "admin", "password": password}
        return (client or Client()).post(LOGIN, data, REMOTE_ADDR=address)

    return post


def test_guesses_are_refused_after_some_unhashed_and_logged(sign_in, monkeypatch, caplog) -> None:
    for _ in range(BURST):
        response = sign_in("wrong")
        assert response.status_code == 200
        assert "Please enter the correct username and password" in response.content.decode()
    assert f"Sign-in failed as 'admin' from {STRANGER}" in caplog.text
    monkeypatch.delattr("django.contrib.auth.forms.authenticate")
    for password in ("wrong", "password"):
        response = sign_in(password)
        assert response.status_code == 429
        assert 3500 < int(response["Retry-After"]) <= 3600
        assert "Too many tries. Try again in 3" in response.content.decode()
    assert f"too many tries from {STRANGER}, last as 'admin'" in caplog.text
    assert "password" not in caplog.text


def test_other_addresses_are_not_refused(sign_in) -> None:
    for _ in range(BURST + 1):
        sign_in("wrong")
    assert sign_in(address=OPERATOR).status_code == 302


def test_a_stranger_can_not_shut_the_operator_out(sign_in) -> None:
    """Not even from the same address, as all have behind a proxy that does not pass it on."""
    browser = Client()
    assert sign_in(client=browser).status_code == 302
    browser.post("/admin/logout/")
    for _ in range(BURST + 1):
        refused = sign_in("wrong")
    assert refused.status_code == 429
    assert sign_in("mistyped", client=browser).status_code == 200
    assert sign_in(client=browser).status_code == 302


def test_the_cookie_is_worth_tries_of_its_user_alone(sign_in, django_user_model) -> None:
    django_user_model.objects.create_user("eve", password="eve", is_staff=True)
    browser = Client()
    browser.post(LOGIN, {"username": "eve", "password": "eve"}, REMOTE_ADDR=OPERATOR)
    assert browser.cookies[COOKIE]["path"] == "/", "on the page it is worth as much"
    assert browser.cookies[COOKIE]["httponly"]
    browser.post("/admin/logout/")
    for _ in range(BURST + 1):
        refused = sign_in("wrong", client=browser)
    assert refused.status_code == 429
    browser.cookies[COOKIE] = browser.cookies[COOKIE].value.replace("eve", "admin")
    assert sign_in("wrong", client=browser).status_code == 429, "the signature is wrong"


def test_a_known_browser_may_not_guess_either(sign_in) -> None:
    browser = Client()
    sign_in(client=browser)
    browser.post("/admin/logout/")
    for _ in range(BURST + 1):
        refused = sign_in("wrong", client=browser, address=OPERATOR)
    assert refused.status_code == 429


def test_one_user_is_not_guessed_at_from_many_addresses(sign_in, caplog) -> None:
    browser = Client()
    assert sign_in(client=browser).status_code == 302
    browser.post("/admin/logout/")
    for number in range(USER_BURST - 1):
        assert sign_in("wrong", address=f"203.0.113.{number}").status_code == 200
    assert sign_in(address=OPERATOR).status_code == 429
    assert sign_in(client=browser, address=OPERATOR).status_code == 302, "whose device is known"


def test_who_knows_the_password_uses_up_no_tries_of_an_address(sign_in) -> None:
    for _ in range(BURST + 1):
        assert sign_in().status_code == 302
    for _ in range(BURST):
        assert sign_in("wrong").status_code == 200
    assert sign_in().status_code == 429


def test_failed_sign_in_leaves_no_cookie(sign_in) -> None:
    assert COOKIE not in sign_in("wrong").cookies
