"""Signing in and out on the page, and what strangers get instead of pages."""

import pytest
from django.contrib.auth.models import User
from django.db import InterfaceError
from django.test import Client

from cloning.accounts.sign_in import BURST, COOKIE, USER_BURST
from cloning.tests.pages import HTMX, Page
from cloning.tests.people import PASSWORD, sign_in_as

SIGN_IN = "/account/sign-in/"


@pytest.fixture
def sign_in(ann, browser):
    def post(password: str = PASSWORD, name: str = "ann", client: Client = browser, **more: str):
        address = more.pop("address", "203.0.113.1")
        data = {"username": name, "password": password, **more}
        return client.post(SIGN_IN, data, REMOTE_ADDR=address)

    return post


def test_without_the_setting_there_are_no_accounts(browser, db):
    for path in (SIGN_IN, "/account/", "/account/sign-up/", "/account/reset/", "/account/password/"):
        assert browser.get(path).status_code == 404, path
    assert browser.get("/").status_code == 200


def test_signing_in_and_out(sign_in, browser):
    asked = browser.get("/history/?q=train")
    assert asked["Location"] == f"{SIGN_IN}?next=/history/%3Fq%3Dtrain"
    page = browser.get(asked["Location"])
    assert Page(page).controls[0]["autocomplete"] == "username"
    assert 'class="tabs"' not in page.content.decode(), "nothing there is for strangers"
    assert sign_in(next="/history/?q=train")["Location"] == "/history/?q=train"
    assert browser.cookies[COOKIE]["httponly"]
    studio = browser.get("/").content.decode()
    assert "Signed in as ann" in studio and 'class="tabs"' in studio
    assert browser.get(SIGN_IN)["Location"] == "/"
    assert browser.get("/account/sign-out/").status_code == 405
    assert "You are signed out." in browser.post("/account/sign-out/", follow=True).content.decode()
    assert "You are signed out." not in browser.get(SIGN_IN).content.decode()
    assert browser.get("/")["Location"].startswith(SIGN_IN)


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/", "//evil.example", "\\\\evil.example", "http:///evil.example", "javascript:alert(1)",
        "https:evil.example", SIGN_IN, "\x00", "",
    ],
)  # fmt: skip
def test_nobody_is_led_elsewhere(address, sign_in, browser):
    assert "evil" not in Page(browser.get(SIGN_IN, {"next": address})).texts.get("main", "")
    assert sign_in(next=address)["Location"] == "/"
    assert browser.get(SIGN_IN, {"next": address})["Location"] == "/", "signed in already"


def test_expired_session_of_parts_and_of_forms(browser, ann):
    """HTMX would show the page to sign in on in the place of the part that it asked for."""
    page = {"HX-Current-URL": "http://testserver/history/?q=a"}
    part = browser.get("/history/", {"q": "ab"}, headers={**HTMX, **page})
    assert (part.status_code, part["HX-Redirect"]) == (200, f"{SIGN_IN}?next=/history/%3Fq%3Da")
    elsewhere = {"HX-Current-URL": "https://evil.example/history/"}
    assert browser.post("/", headers={**HTMX, **elsewhere})["HX-Redirect"] == f"{SIGN_IN}?next="
    sent = browser.post("/history/delete/", headers={"Referer": "http://testserver/history/"})
    assert sent["Location"] == f"{SIGN_IN}?next=/history/"
    sent = browser.post("/history/delete/", headers={"Referer": "https://evil.example/x"})
    assert sent["Location"] == f"{SIGN_IN}?next="
    assert browser.get(f"/history/?q={'a' * 5000}")["Location"] == f"{SIGN_IN}?next=/"


def test_message_is_the_same_whether_or_not_there_is_such_an_account(sign_in):
    User.objects.create_user("off", password=PASSWORD, is_active=False)
    User.objects.create_user("invited")
    known, *others = [sign_in("wrong", address=f"203.0.113.{n}", name=name) for n, name in enumerate(
        ("ann", "nobody", "off", "invited")
    )]  # fmt: skip
    others.append(sign_in(name="off", address="203.0.113.9"))
    said = Page(known).texts["main"]
    assert known.status_code == 422 and "Please enter a correct username and password" in said
    assert {Page(each).texts["main"] for each in others} == {said}


def test_guesses_are_refused_after_some(sign_in, browser):
    for _ in range(BURST):
        assert sign_in("wrong").status_code == 422
    refused = sign_in()
    assert refused.status_code == 429 and 3500 < int(refused["Retry-After"]) <= 3600
    assert "Too many tries. Try again in 3" in refused.content.decode()
    assert "_auth_user_id" not in browser.session
    assert sign_in(address="198.51.100.2").status_code == 302, "from elsewhere"


def test_strangers_do_not_lock_an_owner_out(sign_in):
    home = Client()
    sign_in(client=home, address="198.51.100.2")
    home.post("/account/sign-out/")
    for number in range(USER_BURST + 1):
        refused = sign_in("wrong", client=Client(), address=f"203.0.113.{number}")
    assert refused.status_code == 429, "of this user, from wherever"
    assert sign_in(client=home, address="203.0.113.1").status_code == 302
    assert sign_in(name="bob", client=Client(), address="203.0.113.200").status_code == 422, (
        "others are not meant"
    )


def test_first_account(browser, accounts, db):
    assert "manage.py invite NAME --operator" in browser.get(SIGN_IN).content.decode()
    User.objects.create_user("ann")
    assert "manage.py" not in browser.get(SIGN_IN).content.decode()


def test_admin_and_page_are_one_session(ann, admin_user, accounts, sign_in):
    staff = Client()
    assert staff.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    assert sign_in("password", name="admin", client=staff).status_code == 302
    assert staff.get("/admin/").status_code == 200
    assert 'href="/admin/"' in staff.get("/").content.decode()
    added = {"username": "bob", "password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    assert staff.post("/admin/auth/user/add/", added).status_code == 302
    assert sign_in(name="bob", client=Client(), address="203.0.113.7").status_code == 302
    staff.post("/admin/logout/")
    assert staff.get("/")["Location"].startswith(SIGN_IN)
    assert sign_in_as(ann).get("/admin/")["Location"].startswith("/admin/login/"), "no staff"


def test_database_that_is_gone_is_said_to_who_is_signed_in(ann, monkeypatch):
    browser = sign_in_as(ann)

    def fail(*_arguments):
        raise InterfaceError("the connection is closed")

    monkeypatch.setattr("django.contrib.auth.middleware.auth.get_user", fail)
    response = browser.get("/history/")
    assert response.status_code == 503 and "Not now" in response.content.decode()
