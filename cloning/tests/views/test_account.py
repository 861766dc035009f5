"""The page of the account."""

from cloning.accounts.sign_in import BURST
from cloning.tests.pages import Page
from cloning.tests.people import PASSWORD, sign_in_as

PAGE, EMAIL = "/account/", "/account/email/"


def test_page(ann, accounts):
    browser = sign_in_as(ann)
    response = browser.get(PAGE)
    assert "Account of ann" in Page(response).texts["main"]
    assert 'action="/account/sign-out/"' in response.content.decode()
    assert EMAIL not in response.content.decode(), "no mail is sent"
    accounts.SENDS_MAIL = True
    page = Page(browser.get(PAGE))
    assert page.control_of_value("ann@example.org")["name"] == "email"
    assert {"email_email", "email_password"} <= page.label_targets
    assert len(page.ids) == len(set(page.ids))


def test_address_is_changed_with_the_password_alone(ann, accounts):
    accounts.SENDS_MAIL = True
    browser = sign_in_as(ann)
    assert browser.post(EMAIL, {"email": "eve", "password": PASSWORD}).status_code == 422
    for _ in range(BURST - 1):
        refused = browser.post(EMAIL, {"email": "eve@example.org", "password": "wrong"})
        assert refused.status_code == 422 and "This is not your password." in refused.content.decode()
    assert browser.post(EMAIL, {"email": "eve@example.org", "password": PASSWORD}).status_code == 429
    ann.refresh_from_db()
    assert ann.email == "ann@example.org"


def test_address_is_changed(ann):
    browser = sign_in_as(ann)
    assert browser.post(EMAIL, {"email": "new@example.org", "password": PASSWORD})["Location"] == PAGE
    ann.refresh_from_db()
    assert ann.email == "new@example.org"
