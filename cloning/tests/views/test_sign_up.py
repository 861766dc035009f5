"""Making an account, where strangers may."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from cloning.accounts.forms import SignUpForm
from cloning.accounts.sign_in import BURST
from cloning.models import AuditEntry, Deed
from cloning.tests.pages import Page
from cloning.tests.people import PASSWORD

SIGN_UP = "/account/sign-up/"


@pytest.fixture
def sign_up(accounts, db):
    accounts.SIGN_UP = True

    def post(name: str = "bob", password: str = PASSWORD, **more: str):
        client = Client(raise_request_exception=False)
        data = {"username": name, "password1": password, "password2": password, **more}
        return client.post(SIGN_UP, data)

    return post


def test_only_where_a_setting_allows_it(browser, accounts, db):
    assert browser.get(SIGN_UP).status_code == 404
    assert SIGN_UP not in browser.get("/account/sign-in/").content.decode()


def test_account_is_made_and_signed_in(sign_up, browser, accounts):
    link = f'href="{SIGN_UP}?next=/voices/"'
    assert link in browser.get("/account/sign-in/?next=/voices/").content.decode()
    names = {control.get("name") for control in Page(browser.get(SIGN_UP)).controls}
    assert {"username", "password1", "password2"} <= names
    assert "email" not in names, "no mail is sent"
    response = sign_up(next="/voices/")
    assert response["Location"] == "/voices/"
    assert "Signed in as bob" in response.client.get("/").content.decode()
    bob = User.objects.get()
    assert not (bob.is_staff or bob.is_superuser)
    assert AuditEntry.objects.get(deed=Deed.SIGNED_IN).user == bob
    assert sign_up("eve", next="//evil.example")["Location"] == "/"
    accounts.SENDS_MAIL = True
    sign_up("cleo", email="cleo@example.org", is_staff="on")
    assert User.objects.filter(username="cleo", email="cleo@example.org", is_staff=False).exists()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"name": "ANN"}, "already exists"),
        ({"name": "a b"}, "Enter a valid username"),
        ({"name": "x\x00"}, "Null characters are not allowed"),
        ({"name": "x" * 151}, "at most 150 characters"),
        ({"password": "short"}, "at least 10 characters"),
        ({"password": "1234567890"}, "too common"),
        ({"name": "annabella", "password": "annabella1"}, "too similar to the username"),
        ({"password2": "another password"}, "didn’t match"),
        ({"password2": ""}, "This field is required"),
    ],
)
def test_what_is_wrong_stands_beside_the_field(wrong, says, sign_up, ann):
    response = sign_up(**wrong)
    assert response.status_code == 422
    assert says in Page(response).texts["main"]
    assert PASSWORD not in response.content.decode()
    assert User.objects.count() == 1


def test_name_that_somebody_takes_in_this_moment(sign_up, ann, monkeypatch):
    monkeypatch.setattr(SignUpForm, "clean_username", lambda form: form.cleaned_data["username"])
    monkeypatch.setattr(SignUpForm, "validate_unique", lambda form: None)
    response = sign_up("ann")
    assert response.status_code == 422 and "already exists" in response.content.decode()


def test_many_are_not_made_at_once(sign_up):
    for number in range(BURST):
        assert sign_up(f"bob{number}").status_code == 302
    refused = sign_up("bob-again")
    assert refused.status_code == 429 and refused["Retry-After"]
    assert User.objects.count() == BURST
