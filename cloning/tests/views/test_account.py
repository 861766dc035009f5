"""The page of the account, and taking along or deleting what is in it."""

import io
import zipfile

import pytest
from django.contrib.auth.models import User

from cloning.accounts.sign_in import BURST
from cloning.models import Generation, Reference, Voice
from cloning.tests.clips import MALE_CLIP
from cloning.tests.jobs.recording import finish
from cloning.tests.pages import Page
from cloning.tests.people import PASSWORD, sign_in_as
from cloning.views import account, archives

PAGE, EMAIL, EXPORT, DELETE = "/account/", "/account/email/", "/account/export/", "/account/delete/"


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


def test_export(ann, make_generation, make_reference):
    make_reference(MALE_CLIP)
    Reference.objects.update(owner=ann)
    finish(make_generation(owner=ann))
    browser = sign_in_as(ann)
    assert "Download all" in browser.get(PAGE).content.decode()
    response = browser.post(EXPORT, {"part": "1"})
    assert response["Content-Disposition"].startswith('attachment; filename="ann-20')
    archive = zipfile.ZipFile(io.BytesIO(response.getvalue()))
    assert archive.testzip() is None
    assert {name.partition("/")[0] for name in archive.namelist()} == {
        "account.json", "pronunciations.json", "keys.json", "audit.jsonl", "generations", "clips",
        "aliases.json", "consents.json", "webhooks.json", "batches.json",
    }  # fmt: skip
    assert browser.get(EXPORT).status_code == 405


@pytest.mark.parametrize("part", ["0", "2", "-1", "x", "\u0663", "9" * 5000])
def test_parts_that_are_not_there(part, ann):
    assert sign_in_as(ann).post(EXPORT, {"part": part}).status_code == 404


def test_some_exports_at_once_and_no_more(ann):
    browser = sign_in_as(ann)
    on_their_way = [browser.post(EXPORT) for _ in range(archives.MAX_AT_ONCE)]
    assert browser.post(EXPORT).status_code == 503
    for response in on_their_way:
        assert response.getvalue()
    assert browser.post(EXPORT).getvalue()


@pytest.fixture
def spoken_by_bob(ann, make_generation, make_reference) -> Generation:
    """With a voice that Ann shares; Ann has spoken once, too."""
    make_reference(MALE_CLIP)
    Reference.objects.update(owner=ann)
    voice = Voice.objects.create(owner=ann, name="Ann", is_shared=True)
    voice.references.set(Reference.objects.all())
    finish(make_generation(owner=ann))
    bob = User.objects.create_user("bob")
    return finish(make_generation(list(voice.references.all()), owner=bob, voice=voice))


@pytest.mark.django_db(transaction=True)
def test_deleting_the_account(ann, spoken_by_bob, stored_files):
    browser, elsewhere = sign_in_as(ann), sign_in_as(ann)
    page = browser.get(DELETE).content.decode()
    for said in ("1 generation, 0:04 of speech", "1 voice, with its clips", "1 generation of others"):
        assert said in page
    refused = browser.post(DELETE, {"password": "wrong"})
    assert refused.status_code == 422 and "This is not your password." in refused.content.decode()
    assert User.objects.filter(username="ann", is_active=True).exists() and stored_files()
    response = browser.post(DELETE, {"password": PASSWORD}, follow=True)
    assert "The account is deleted" in response.content.decode()
    assert not User.objects.filter(username="ann").exists()
    assert not (Generation.objects.exists() or Voice.objects.exists() or stored_files())
    assert elsewhere.get("/").status_code == 302


@pytest.mark.django_db(transaction=True)
def test_deleting_very_much(ann, spoken_by_bob, monkeypatch):
    monkeypatch.setattr(account, "MAX_DELETING_SECONDS", 0.0)
    browser, elsewhere = sign_in_as(ann), sign_in_as(ann)
    response = browser.post(DELETE, {"password": PASSWORD}, follow=True)
    assert "The account is closed." in response.content.decode()
    assert elsewhere.get("/").status_code == 302, "nobody is in it any more"
    assert not Voice.objects.kept().exists()
