"""API keys: made, shown once, sent, refused, revoked."""

import json
import logging
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from cloning.jobs import keys as changes
from cloning.models import ApiKey, Generation, Scope
from cloning.tests.api_client import GENERATE, DocumentedClient

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/keys"
LISTING = "/api/v1/generations"


@pytest.fixture
def people(settings) -> None:
    settings.REQUIRE_LOGIN = True


@pytest.fixture
def ada(people) -> User:
    return User.objects.create_user("ada", password="secret-of-ada")


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def make(owner: User, *scopes: Scope, **fields) -> tuple[ApiKey, str]:
    return changes.make(owner, "laptop", scopes or list(Scope), **fields)


def post(api: Client, secret: str, **members):
    return api.post(ADDRESS, json.dumps(members), content_type="application/json", headers=bearer(secret))


def test_made_over_the_api_it_is_told_once_stored_hashed_and_revoked(api, ada) -> None:
    _, first = make(ada)
    made = post(api, first, name=" podcast ", scopes=["speak", "read"], expires_in_days=30)
    assert (made.status_code, made["Cache-Control"]) == (201, "no-store")
    secret = made.json()["key"]
    assert secret.startswith("vc_") and len(secret) == 46
    assert made.json()["prefix"] == secret[:11]
    assert timedelta(days=29) < ApiKey.objects.first().expires_at - timezone.now() <= timedelta(days=30)
    stored = [str(value) for row in ApiKey.objects.values() for value in row.values()]
    assert not any(secret[12:] in value for value in stored)
    listing = api.get(ADDRESS, headers=bearer(first))
    assert [each["name"] for each in listing.json()["results"]] == ["podcast", "laptop"]
    assert secret not in listing.content.decode() and "key" not in listing.json()["results"][0]
    assert api.get(LISTING, headers=bearer(secret)).status_code == 200
    address = f"{ADDRESS}/{made.json()['id']}"
    assert api.delete(address, headers=bearer(first)).status_code == 204
    refused = api.get(LISTING, headers=bearer(secret))
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "key_invalid")
    assert refused["WWW-Authenticate"].startswith('Bearer realm="api", error="invalid_token"')
    assert api.delete(address, headers=bearer(first)).json()["error"]["code"] == "key_unknown"


def test_what_is_no_good_key_is_refused(api, ada) -> None:
    key, secret = make(ada)
    other_case = secret.swapcase().replace("VC_", "vc_")
    for wrong in ("", "vc_", secret[:-1], f"{secret}x", other_case, "vc_" + "é" * 9, "vc_" + "x" * 9000):
        assert api.get(LISTING, headers=bearer(wrong)).json()["error"]["code"] == "key_invalid", wrong
    assert api.get(LISTING, headers={"Authorization": f"bearer  {secret}"}).status_code == 200
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now())
    assert api.get(LISTING, headers=bearer(secret)).status_code == 401
    ApiKey.objects.filter(pk=key.pk).update(expires_at=None)
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert api.get(LISTING, headers=bearer(secret)).status_code == 401


def test_without_one_a_call_is_asked_for_it(api, people, client) -> None:
    for method, path in (
        ("get", LISTING),
        ("post", "/api/v1/voice-clone/generate"),
        ("delete", ADDRESS + f"/{ApiKey().pk}"),
    ):
        response = getattr(api, method)(path)
        assert (response.status_code, response.json()["error"]["code"]) == (401, "login_required")
        assert response["WWW-Authenticate"].startswith('Bearer realm="api"')
        assert "error=" not in response["WWW-Authenticate"]
    for path in ("/api/v1/health/live", "/api/v1/languages", "/api/v1/openapi.json"):
        assert api.get(path).status_code == 200


def test_without_accounts_no_key_is_looked_at_nor_made(api, client) -> None:
    owner = User.objects.create_user("ada")
    assert api.get(LISTING, headers=bearer("sk-anything")).status_code == 200
    assert post(api, "sk-anything", name="a", scopes=["read"]).status_code == 404
    client.force_login(owner)
    assert client.get("/account/keys/").status_code == 404


def test_a_key_makes_none_that_may_do_more(api, ada) -> None:
    _, secret = make(ada, Scope.ADMIN, Scope.READ)
    refused = post(api, secret, name="more", scopes=["read", "voices"])
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "scope_missing")
    assert post(api, secret, name="same", scopes=["read", "admin"]).status_code == 201
    assert ApiKey.objects.count() == 2


@pytest.mark.parametrize(
    ("members", "status", "code", "field"),
    [
        ({"name": " "}, 422, "name_missing", "name"),
        ({"name": "a" * 81}, 422, "name_too_long", "name"),
        ({"name": 5}, 400, "request_unreadable", None),
        ({"scopes": []}, 422, "scopes_invalid", "scopes"),
        ({"scopes": ["all"]}, 422, "scopes_invalid", "scopes"),
        ({"scopes": "read"}, 422, "scopes_invalid", "scopes"),
        ({"scopes": [{}]}, 422, "scopes_invalid", "scopes"),
        ({"expires_in_days": 0}, 422, "out_of_range", "expires_in_days"),
        ({"expires_in_days": 10**20}, 422, "out_of_range", "expires_in_days"),
    ],
)
def test_what_is_wrong_is_said(api, ada, members, status, code, field) -> None:
    _, secret = make(ada)
    answer = post(api, secret, **{"name": "a", "scopes": ["read"], **members})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["field"]) == (status, code, field)
    assert ApiKey.objects.count() == 1


def test_there_is_an_end_to_them_and_revoking_makes_room(api, ada, monkeypatch) -> None:
    monkeypatch.setattr(changes, "MAX_KEYS", 2)
    (key, _), (_, secret) = make(ada), make(ada)
    answer = post(api, secret, name="third", scopes=["read"])
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "too_many_keys")
    changes.revoke(ada, key.pk)
    assert post(api, secret, name="third", scopes=["read"]).status_code == 201


def test_keys_of_others_are_not_there(api, ada, client) -> None:
    bob = User.objects.create_user("bob")
    key, _ = make(ada)
    _, secret = make(bob)
    assert [each["name"] for each in api.get(ADDRESS, headers=bearer(secret)).json()["results"]] == ["laptop"]
    assert api.delete(f"{ADDRESS}/{key.pk}", headers=bearer(secret)).status_code == 404
    client.force_login(bob)
    assert client.post(f"/account/keys/{key.pk}/revoke/").status_code == 404
    assert ApiKey.objects.kept().count() == 2


def test_the_last_use_is_noted_once_a_minute(api, ada, django_assert_num_queries) -> None:
    key, secret = make(ada)

    def call_and_read():
        assert api.get(ADDRESS, headers=bearer(secret)).status_code == 200
        return ApiKey.objects.get(pk=key.pk).last_used_at

    first = call_and_read()
    assert timezone.now() - first < timedelta(minutes=1)
    assert call_and_read() == first
    with django_assert_num_queries(
        3
    ):  # the key with its owner, limits of the owner's groups, what is asked for
        api.get(ADDRESS, headers=bearer(secret))
    earlier = first - timedelta(minutes=2)
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=earlier)
    assert call_and_read() > first


def test_pages_of_other_origins_may_call_with_a_key(ada, api, settings) -> None:
    settings.CORS_ALLOW_ALL_ORIGINS = True  # as REQUIRE_LOGIN has it where CORS_ORIGINS is not set
    _, secret = make(ada)
    elsewhere = {"Origin": "https://elsewhere.example"}
    assert api.get(LISTING, headers={**elsewhere, **bearer(secret)})["Access-Control-Allow-Origin"] == "*"
    address = f"{LISTING}/{ApiKey().pk}"
    assert api.delete(address, headers={**elsewhere, **bearer(secret)}).status_code == 404
    refused = api.delete(address, headers=elsewhere)
    assert refused.json()["error"]["code"] == "origin_not_allowed"
    asked = {"Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": "authorization"}
    preflight = api.options(address, headers={**elsewhere, **asked})
    assert "authorization" in preflight["Access-Control-Allow-Headers"]
    assert not preflight.has_header("Access-Control-Allow-Credentials")


def test_a_cookie_changes_nothing_without_the_token(ada, make_generation) -> None:
    mine = make_generation(owner=ada)
    browser = DocumentedClient(enforce_csrf_checks=True)
    browser.force_login(ada)
    address = f"{LISTING}/{mine.pk}"
    assert browser.get(address).status_code == 200
    refused = browser.post(f"{address}/cancel")
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "login_required")
    assert browser.delete(address).status_code == 401
    browser.get("/account/keys/")
    token = {"X-CSRFToken": browser.cookies["csrftoken"].value}
    elsewhere = {"Origin": "https://elsewhere.example"}
    assert browser.delete(address, headers={**token, **elsewhere}).status_code == 403
    assert browser.delete(address, headers=token).status_code == 204


def test_without_accounts_a_cookie_alone_names_nobody(admin_user, monkeypatch) -> None:
    asking = []
    monkeypatch.setattr(
        "cloning.api.v1.generate.require_multipart", lambda request: asking.append(request.user.pk)
    )
    browser = DocumentedClient(enforce_csrf_checks=True)
    browser.force_login(admin_user)
    browser.get("/")
    browser.post(GENERATE, {"text": ""})
    browser.post(GENERATE, {"text": ""}, headers={"X-CSRFToken": browser.cookies["csrftoken"].value})
    assert asking == [None, admin_user.pk]


def test_the_page_makes_shows_once_and_revokes(ada, client) -> None:
    client.force_login(ada)
    page = "/account/keys/"
    assert "None yet" in client.get(page).content.decode()
    wrong = client.post(page, {"name": "", "scopes": []})
    assert wrong.status_code == 422
    assert "Give the key a name." in wrong.content.decode()
    assert "Choose what may be done with it." in wrong.content.decode()
    made = client.post(page, {"name": "<b>nightly", "scopes": ["read"], "expires_in_days": "30"})
    key = ApiKey.objects.get()
    assert key.scopes == ["read"]
    body = made.content.decode()
    assert "&lt;b&gt;nightly" in body and "no-store" in made["Cache-Control"]
    secret = body.split('value="vc_')[1].split('"')[0]
    again = client.get(page).content.decode()
    assert key.prefix in again and secret not in again
    revoked = client.post(f"{page}{key.pk}/revoke/", follow=True).content.decode()
    assert "The key is revoked." in revoked and key.prefix not in revoked


def test_no_key_is_in_the_log(api, ada, caplog) -> None:
    with caplog.at_level(logging.DEBUG):
        key, secret = make(ada, Scope.READ)
        api.get(LISTING, headers=bearer(secret))
        api.delete(f"{LISTING}/{key.pk}", headers=bearer(secret))
        changes.revoke(ada, key.pk)
        api.get(LISTING, headers=bearer(secret))
    assert secret not in caplog.text


def test_the_admin_shows_no_secret_and_revokes(admin_client, ada) -> None:
    key, secret = make(ada)
    listing = admin_client.get("/admin/cloning/apikey/").content.decode()
    assert key.prefix in listing
    one = admin_client.get(f"/admin/cloning/apikey/{key.pk}/change/")
    assert one.status_code == 200
    for text in (listing, one.content.decode()):
        assert secret not in text and key.sha256 not in text
    assert admin_client.get("/admin/cloning/apikey/add/").status_code == 403
    admin_client.post("/admin/cloning/apikey/", {"action": "revoke", "_selected_action": [key.pk]})
    assert not ApiKey.objects.kept().exists()


def test_what_a_key_posts_belongs_to_its_owner(api, ada, settings) -> None:
    settings.PREVIEW_VOICE = "kokoro"  # which has stock voices
    _, secret = make(ada, Scope.SPEAK)
    data = {"text": "Good morning.", "voice": "stock:af_heart"}
    headers = {"Prefer": "respond-async", **bearer(secret)}
    response = api.post(GENERATE, data, headers=headers)
    assert response.status_code == 202, response.content
    assert Generation.objects.get().owner == ada
