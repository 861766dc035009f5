"""/api/v1/webhooks and the page of webhooks."""

import pytest
from django.contrib.auth.models import User

from cloning.jobs import departures
from cloning.jobs.webhooks.changes import MAX_WEBHOOKS
from cloning.models import AuditEntry, Delivery, Webhook
from cloning.tests.people import sign_in_as

URL = "/api/v1/webhooks"
GOOD = {"url": "https://example.org/told", "events": ["generation.completed", "generation.failed"]}


@pytest.fixture
def post(api, settings, db):
    settings.WEBHOOKS = True

    def send(members=GOOD, url=URL):
        return api.post(url, members, content_type="application/json")

    return send


def test_secret_is_told_once(post, api) -> None:
    made = post()
    assert made.status_code == 201
    secret = made.json()["secret"]
    assert secret.startswith("whsec_")
    found = api.get(f"{URL}/{made.json()['id']}")
    assert found.json()["events"] == GOOD["events"]
    assert secret not in found.content.decode() + api.get(URL).content.decode()
    assert AuditEntry.objects.get().deed == "webhook_added"


def test_test_is_sent_and_stands_with_it(post, api) -> None:
    pk = post().json()["id"]
    sent = post({}, f"{URL}/{pk}/ping")
    assert (sent.status_code, sent.json()["status"]) == (202, "waiting")
    assert [each["id"] for each in api.get(f"{URL}/{pk}").json()["deliveries"]] == [sent.json()["id"]]
    assert api.delete(f"{URL}/{pk}").status_code == 204
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    "members, status, code",
    [
        ({}, 422, "events_invalid"),
        ({**GOOD, "events": []}, 422, "events_invalid"),
        ({**GOOD, "events": ["ping"]}, 422, "events_invalid"),
        ({**GOOD, "url": ""}, 422, "url_invalid"),
        ({**GOOD, "url": 7}, 400, "request_unreadable"),
        ({**GOOD, "url": "ftp://example.org/"}, 422, "url_invalid"),
        ({**GOOD, "url": "https://"}, 422, "url_invalid"),
        ({**GOOD, "url": "https://me:secret@example.org/"}, 422, "url_invalid"),
        ({**GOOD, "url": "https://example.org:0/"}, 422, "url_invalid"),
        ({**GOOD, "url": "https://example.org:x/"}, 422, "url_invalid"),
        ({**GOOD, "url": "https://exa mple.org/"}, 422, "url_invalid"),
        ({**GOOD, "url": "https://example.org/" + "a" * 2000}, 422, "url_invalid"),
        ({**GOOD, "url": "http://127.0.0.1:8000/"}, 422, "url_invalid"),
        ({**GOOD, "url": "http://[::ffff:10.0.0.1]/"}, 422, "url_invalid"),
        ({**GOOD, "url": "http://169.254.169.254/latest/meta-data"}, 422, "url_invalid"),
    ],
)
def test_what_is_refused(members, status, code, post) -> None:
    answer = post(members)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert not Webhook.objects.exists()


def test_there_are_so_many_and_no_more(post) -> None:
    for _ in range(MAX_WEBHOOKS):
        assert post().status_code == 201
    assert (post().status_code, post().json()["error"]["code"]) == (409, "too_many_webhooks")


def test_without_the_setting_there_are_none(post, api, settings) -> None:
    settings.WEBHOOKS = False
    for answer in (post(), api.get(URL), api.get("/webhooks/")):
        assert answer.status_code == 404


def test_page_makes_tries_and_deletes(post, api) -> None:
    form = {"url": GOOD["url"], "events": GOOD["events"]}
    page = api.post("/webhooks/", form).content.decode()
    webhook = Webhook.objects.get()
    assert webhook.secret in page
    assert webhook.secret not in api.get("/webhooks/").content.decode()
    for _ in range(4):
        page = api.post(f"/webhooks/{webhook.pk}/ping/", follow=True).content.decode()
    assert "Tests are waiting" in page
    assert Delivery.objects.count() == 3
    assert api.post("/webhooks/", {**form, "url": "http://localhost:x/"}).status_code == 422
    api.post(f"/webhooks/{webhook.pk}/delete/")
    assert not Webhook.objects.exists()


def test_account_that_goes_is_told_nothing(post, accounts) -> None:
    ann = User.objects.create_user("ann")
    sign_in_as(ann).post("/webhooks/", {"url": GOOD["url"], "events": GOOD["events"]})
    assert Webhook.objects.get().owner == ann
    departures.begin(ann)
    assert not Webhook.objects.exists()
    assert departures.finish(ann)
