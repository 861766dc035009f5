"""Changing a password, and setting one by a link."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from cloning.accounts.forms import MAIL_BURST
from cloning.accounts.invitations import find_link, make_account
from cloning.accounts.sign_in import BURST, COOKIE
from cloning.models import AuditEntry, Deed
from cloning.tests.pages import Page
from cloning.tests.people import PASSWORD, sign_in_as
from cloning.tests.waiting import wait_until

CHANGE, RESET, SENT = "/account/password/", "/account/reset/", "/account/reset/sent/"
OTHER = "another good password"


def change(browser: Client, old: str = PASSWORD, new: str = OTHER):
    return browser.post(CHANGE, {"old_password": old, "new_password1": new, "new_password2": new})


def set_by(link: str, new: str = OTHER, browser: Client | None = None):
    """What comes of following the link and sending the form of the page."""
    browser = browser or Client(raise_request_exception=False)
    page = browser.get(link, follow=True)
    if page.status_code != 200:
        return page
    return browser.post(page.request["PATH_INFO"], {"new_password1": new, "new_password2": new})


def test_change_signs_other_browsers_out(ann):
    here, elsewhere = sign_in_as(ann), sign_in_as(ann)
    assert change(here)["Location"] == "/account/"
    assert "Other browsers are signed out" in here.get("/account/").content.decode()
    assert elsewhere.get("/").status_code == 302
    ann.refresh_from_db()
    assert ann.check_password(OTHER)


def test_change_needs_the_present_password(ann):
    browser = sign_in_as(ann)
    for _ in range(BURST):
        response = change(browser, old="wrong")
        assert response.status_code == 422 and "entered incorrectly" in Page(response).texts["main"]
    assert change(browser).status_code == 429, "nor may it be guessed by who finds the browser open"
    ann.refresh_from_db()
    assert ann.check_password(PASSWORD)


def test_link_of_an_invitation_is_good_once(accounts, db):
    bob = make_account("bob", email="")
    assert not bob.has_usable_password()
    link, other_link = find_link(bob), find_link(bob)
    browser = Client()
    page = browser.get(link, follow=True)
    assert "bob" in Page(page).texts["main"]
    token = link.rstrip("/").split("/")[-1]
    assert token not in page.request["PATH_INFO"], "the address says it to nobody"
    assert set_by(link, "short").status_code == 422
    response = set_by(link, browser=browser)
    assert response["Location"] == "/" and COOKIE in response.cookies
    assert AuditEntry.objects.get(deed=Deed.SIGNED_IN).username == "bob"
    assert "Signed in as bob" in browser.get("/").content.decode()
    for used in (link, other_link):
        again = set_by(used, "a third good password")
        assert again.status_code == 404
        assert "not good any more" in again.content.decode()
    bob.refresh_from_db()
    assert bob.check_password(OTHER)


@pytest.mark.parametrize("uid", ["MQ", "x", "%00", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "é", "a" * 3000])
def test_made_up_links(uid, browser, ann):
    assert browser.get(f"/account/set/{uid}/set-password/").status_code == 404
    assert browser.get(f"/account/set/{uid}/abc-def/").status_code == 404
    assert browser.post(f"/account/set/{uid}/set-password/", {"new_password1": OTHER}).status_code == 404


def test_without_mail_the_operator_is_asked(browser, ann, mailoutbox):
    assert "Ask whoever runs this server" in browser.get(RESET).content.decode()
    assert browser.post(RESET, {"email": ann.email}).status_code == 422
    assert not mailoutbox


def test_link_by_mail(browser, ann, accounts, mailoutbox):
    accounts.SENDS_MAIL = True
    response = browser.post(RESET, {"email": "Ann@example.org"}, headers={"Accept-Language": "de"})
    assert response["Location"] == SENT
    (mail,) = wait_until(lambda: list(mailoutbox))
    assert mail.to == ["ann@example.org"] and "Passwort" in mail.subject
    link = re.findall(r"http://testserver(/account/set/\S+)", mail.body)[0]
    assert set_by(link)["Location"] == "/"
    ann.refresh_from_db()
    assert ann.check_password(OTHER)
    accounts.BASE_URL = "https://voice.example"
    browser.post(RESET, {"email": ann.email})
    assert "https://voice.example/account/set/" in wait_until(lambda: mailoutbox[1:])[0].body


def test_nobody_learns_who_has_an_account(browser, ann, accounts, mailoutbox):
    accounts.SENDS_MAIL = True
    User.objects.create_user("off", "off@example.org", PASSWORD, is_active=False)
    asked = [browser.post(RESET, {"email": each}) for each in ("nobody@example.org", "off@example.org")]
    asked.append(browser.post(RESET, {"email": ann.email}))
    assert {(each.status_code, each["Location"], each.content) for each in asked} == {(302, SENT, b"")}
    assert [mail.to for mail in wait_until(lambda: list(mailoutbox))] == [["ann@example.org"]]


def test_mailboxes_are_not_flooded(ann, accounts, mailoutbox):
    accounts.SENDS_MAIL = True
    statuses = [
        Client().post(RESET, {"email": email}, REMOTE_ADDR=f"203.0.113.{number}").status_code
        for number, email in enumerate([ann.email] * MAIL_BURST + ["ANN@example.org", "eve@example.org"])
    ]
    assert statuses == [302] * MAIL_BURST + [429, 302]
    assert len(wait_until(lambda: mailoutbox[MAIL_BURST - 1 :] and list(mailoutbox))) == MAIL_BURST


def test_mail_server_that_fails_is_logged_without_the_link(browser, ann, accounts, monkeypatch, caplog):
    accounts.SENDS_MAIL = True

    def fail(_mail):
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", fail)
    assert browser.post(RESET, {"email": ann.email}).status_code == 302
    wait_until(lambda: "The link for 'ann' was not sent" in caplog.text)
    assert "/account/set/" not in caplog.text
